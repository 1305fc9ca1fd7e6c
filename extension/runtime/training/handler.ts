/** Training as a request to the runtime process. */
import type { Architecture } from "../../theory/architecture/schema";
import { build } from "../builders/build";
import type { Handler } from "../process/protocol";
import { type Floor, floorSteps } from "./floor";
import { marginMeter } from "./margin";
import { libraryTarget, type TargetSource } from "./targets";
import type { TrainingOptions } from "./options";
import { userTarget } from "./userTarget";
import { type Checkpoint, type Stretch, train as trainModel, type TrainingEvent, type TrainingResult } from "./train";

export interface TrainParams extends Stretch {
  architecture: Architecture;
  /** The name of a target of the library, or the module of a user's own. */
  target: string | TargetSource;
  /** Whether a target of the user's own may run its code; it may not if left out. */
  trusted?: boolean;
  options: TrainingOptions;
  /** The floor, where it is known from an earlier part of the run; estimated if left out. */
  floor?: Floor | string;
}

export type TrainProgress =
  /** Comes first, unless it was known; a string says why there is none. */
  { kind: "floor"; floor: Floor | string } | TrainingEvent;

export interface TrainOutcome extends TrainingResult {
  floor: Floor | string;
}

export const train: Handler<TrainParams, TrainOutcome, TrainProgress, Checkpoint> = async (
  { architecture, target: wanted, trusted = false, options, floor: known, ...stretch },
  { pause, progress, checkpoint },
) => {
  const target =
    typeof wanted === "string" ? libraryTarget(wanted, architecture) : await userTarget(wanted, architecture, trusted);
  let floor = known;
  if (floor === undefined) {
    const steps = floorSteps(architecture, target);
    let next = steps.next();
    for (; next.done !== true; next = steps.next()) await pause();
    floor = next.value;
    progress({ kind: "floor", floor });
  }
  const meter = marginMeter(architecture, options.seed);
  await pause();
  const model = build(architecture, { seed: options.seed, regime: "standard" });
  try {
    const surroundings = { pause, checkpoint, progress, margin: meter(model) };
    return { ...(await trainModel(model, target, options, surroundings, stretch)), floor };
  } finally {
    model.dispose();
  }
};
