/** What `import ... from "uap-lens"` gives a script: architectures and models, and their training against the error floor. */
export * from "./builders";
export type { Estimate } from "./training/estimate";
export { estimateFloor, type Floor, type FloorOptions } from "./training/floor";
export { defaults as trainingDefaults, type TrainingOptions } from "./training/options";
export { libraryTarget, type Shape, TargetError, type TargetFunction, targetNames } from "./training/targets";
export { targetOf } from "./training/userTarget";
export {
  type Checkpoint,
  Diverged,
  type Metrics,
  type Stretch,
  type Surroundings,
  train,
  type TrainingEvent,
  type TrainingResult,
} from "./training/train";
