/** Everything that the runtime can be asked. */
import * as tf from "@tensorflow/tfjs-core";
import type { BackendName } from "../backends/backend";
import { stepsPerSecond } from "../backends/speed";
import { distinguish, initialMargins, maximise, measure, symmetry } from "../measuring/handler";
import { train } from "../training/handler";
import { targetSymmetry } from "../training/targetSymmetry";
import type { Handler } from "./protocol";

export interface Memory {
  /** Bytes that the backend holds, where it can tell. */
  backend: number | null;
  /** Tensors that nobody has disposed of. */
  tensors: number;
}

const memory: Handler<null, Memory> = (_, { backend }) =>
  Promise.resolve({
    backend: backend.memory?.() ?? null,
    tensors: tf.memory().numTensors,
  });

/** Steps a second of the small training step by which `auto` compares backends. */
const benchmark: Handler<{ milliseconds: number }, { backend: BackendName; stepsPerSecond: number }> = async (
  { milliseconds },
  { backend },
) => ({ backend: backend.name, stepsPerSecond: await stepsPerSecond(milliseconds) });

export const handlers = {
  memory,
  benchmark,
  measure,
  distinguish,
  initialMargins,
  maximise,
  symmetry,
  targetSymmetry,
  train,
};
export type Handlers = typeof handlers;
