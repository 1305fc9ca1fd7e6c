/** Training as a request to the runtime process. */
import type { Architecture } from "../../theory/architecture/schema";
import { build } from "../builders/build";
import type { Handler } from "../process/protocol";
import { type Floor, floorSteps } from "./floor";
import { libraryTarget, type TargetSource } from "./targets";
import type { TrainingOptions } from "./options";
import { userTarget } from "./userTarget";
import { type Checkpoint, type Metrics, train as trainModel, type TrainingResult } from "./train";

export interface TrainParams {
  architecture: Architecture;
  /** The name of a target of the library, or the module of a user's own. */
  target: string | TargetSource;
  /** Whether a target of the user's own may run its code; it may not if left out. */
  trusted?: boolean;
  options: TrainingOptions;
  from?: Checkpoint;
}

export type TrainProgress =
  /** Comes first; a string says why there is none. */
  { kind: "floor"; floor: Floor | string } | { kind: "metrics"; metrics: Metrics };

export interface TrainOutcome extends TrainingResult {
  floor: Floor | string;
}

export const train: Handler<TrainParams, TrainOutcome, TrainProgress, Checkpoint> = async (
  { architecture, target: wanted, trusted = false, options, from },
  { pause, progress, checkpoint },
) => {
  const target =
    typeof wanted === "string" ? libraryTarget(wanted, architecture) : await userTarget(wanted, architecture, trusted);
  const steps = floorSteps(architecture, target);
  let next = steps.next();
  for (; next.done !== true; next = steps.next()) await pause();
  const floor = next.value;
  progress({ kind: "floor", floor });

  const model = build(architecture, { seed: options.seed, regime: "standard" });
  try {
    const surroundings = { pause, checkpoint, progress: (metrics: Metrics) => progress({ kind: "metrics", metrics }) };
    return { ...(await trainModel(model, target, options, surroundings, from)), floor };
  } finally {
    model.dispose();
  }
};
