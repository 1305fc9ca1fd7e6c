/** Gradient ascent on the smallest token gap over bounded parameters (docs/theory.md, section 8). */
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Tensor3D, Variable } from "@tensorflow/tfjs-core";
import type { Model } from "../builders/model";
import type { Pause } from "./gaps";

/** Token s of the first sample and token t of sample number `sample`. */
export interface TokenPair {
  sample: number;
  s: number;
  t: number;
}

export interface Ascent {
  steps: number;
  /** Adam's step. */
  rate: number;
  /** The largest root mean square that the entries of each variable may have (`limitsOf`). */
  limits: readonly number[];
}

/** A step of a tenth of the usual entries of a matrix. */
export const usualRate = ({ architecture: { width } }: Model): number => 0.1 / Math.sqrt(width);

/** Sharpness of the soft minimum: the mean of (gap^2)^-1 follows the smallest gaps. Gaps below the square root of the floor count as that. */
const floor = 1e-14;

/**
 * Moves the model's variables so that the soft minimum of the pairs' gaps grows: -log of the mean of 1 / gap^2, gaps relative to the
 * root mean square of the token norms.
 * @param samples [samples, tokens, width], the first one X
 * @param layer after how many layers the tokens are compared; the outputs by default
 */
export async function maximise(
  model: Model,
  samples: Tensor3D,
  pairs: readonly TokenPair[],
  { steps, rate, limits }: Ascent,
  pause: Pause,
  layer?: number,
): Promise<void> {
  const variables = Object.values(model.variables);
  const { tokens, registers } = model.architecture;
  const [batch] = samples.shape;
  const rows = layer === undefined ? tokens : tokens + registers;
  // One product takes all differences: a gather has no gradient on WASM.
  const differences = new Float32Array(pairs.length * batch * rows);
  pairs.forEach(({ sample, s, t }, p) => {
    differences[p * batch * rows + s] += 1;
    differences[(p * batch + sample) * rows + t] -= 1;
  });
  const matrix = tf.tensor2d(differences, [pairs.length, batch * rows]);
  const optimizer = tf.train.adam(rate);
  try {
    for (let step = 0; step < steps; step++) {
      await pause();
      const { value, grads } = tf.variableGrads(() => crowding(model, samples, matrix, layer), variables);
      tf.dispose(value);
      // A variable that the objective does not reach has no gradient.
      const reached = Object.entries(grads).flatMap(([name, tensor]) =>
        (tensor as Tensor | null) === null ? [] : [{ name, tensor }],
      );
      optimizer.applyGradients(reached);
      tf.dispose(grads);
      variables.forEach((variable, v) => keepWithin(variable, limits[v]));
    }
  } finally {
    optimizer.dispose();
    matrix.dispose();
  }
}

/** log of the mean of 1 / gap^2 over the pairs. */
function crowding(model: Model, samples: Tensor3D, matrix: Tensor, layer: number | undefined): Scalar {
  const output = layer === undefined ? model.forward(samples) : model.layers(samples)[layer];
  const [batch, rows, width] = output.shape;
  const flat = tf.reshape(output, [batch * rows, width]);
  const scale = tf.mul(tf.mean(tf.square(flat)), width);
  const squares = tf.sum(tf.square(tf.matMul(matrix as tf.Tensor2D, flat as tf.Tensor2D)), 1);
  const gaps = tf.add(tf.div(squares, scale), floor);
  return tf.log(tf.mean(tf.reciprocal(gaps)));
}

/** The norm bound: for each variable of the model `bound` times its root mean square now, and 1 where it is zero. */
export function limitsOf(model: Model, bound: number): Promise<number[]> {
  return Promise.all(
    Object.values(model.variables).map(async (variable) => {
      const size = tf.tidy(() => rootMeanSquare(variable));
      const [now] = await size.data<"float32">();
      size.dispose();
      return now > 0 ? bound * now : 1;
    }),
  );
}

const rootMeanSquare = (x: Tensor): Tensor => tf.sqrt(tf.mean(tf.square(x)));

/** Scales the variable down to the largest root mean square allowed. */
export function keepWithin(variable: Variable, limit: number): void {
  tf.tidy(() => {
    variable.assign(tf.div(variable, tf.maximum(tf.div(rootMeanSquare(variable), limit), 1)));
  });
}

/** Multiplies what makes attention sharp: scores, biases and kernels' own parameters, not values. */
export function sharpen(model: Model, gain: number): void {
  if (gain === 1) return;
  for (const [name, variable] of Object.entries(model.variables)) {
    if (!name.includes(".attention.") || /\.(value|output)$/.test(name)) continue;
    const scaled = tf.mul(variable, gain);
    variable.assign(scaled);
    scaled.dispose();
  }
}
