/** How a run is asked for; without TensorFlow.js, for the runtime's clients. */
import type { Checkpoint } from "./train";
import type { TrainParams } from "./handler";

export interface TrainingOptions {
  steps: number;
  /** Samples of a step. */
  batch: number;
  /** The highest learning rate: it rises over `warmUp` steps, and falls to zero at the last one along half a cosine. */
  rate: number;
  warmUp: number;
  /** Decides the start and the samples, and so, on a backend, the run. */
  seed: number;
  /** Steps between two evaluations; each is followed by a checkpoint. */
  every: number;
  /** Samples of an evaluation: the same ones each time, and none that the run trains on. */
  evaluation: number;
}

export const defaults: TrainingOptions = {
  steps: 2000,
  batch: 32,
  rate: 3e-3,
  warmUp: 100,
  seed: 1,
  every: 100,
  evaluation: 512,
};

/** How a run goes on in a new process. */
export const resumeTraining = (params: TrainParams, from: Checkpoint): TrainParams => ({ ...params, from });
