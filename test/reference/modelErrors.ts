/** How far a built model is from the float64 reference at the model's own parameters, forward and gradient. */
import * as tf from "@tensorflow/tfjs-core";
import type { Architecture } from "../../extension/theory/architecture/schema";
import type { Initialisation, Model } from "../../extension/runtime/builders/model";
import { derivative, evaluateModel, type Values } from "./modelParameters";
import { Random } from "./random";

export interface Errors {
  /** The largest difference of two outputs, relative to the largest output and at least to 1. */
  forward: number;
  /**
   * The largest error of a derivative of a random projection of the outputs, along a random direction of each parameter and of the samples, relative to
   * the length of that parameter's gradient, and at least to a hundredth of the whole gradient's.
   */
  gradient: number;
  /** The parameter of that derivative. */
  worst: string;
}

async function values(tensor: tf.Tensor): Promise<Values> {
  return { shape: tensor.shape, data: Float64Array.from(await tensor.data()) };
}

const length = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

/** A number that is not finite counts as a large error. */
const finite = (error: number): number => (Number.isFinite(error) ? error : Number.MAX_VALUE);

/**
 * Disposes of everything that it makes, the model included.
 * @returns null where the reference itself has no finite value (a normalised row of zero weights).
 */
export async function modelErrors(
  build: (architecture: Architecture, initialisation: Initialisation) => Model,
  architecture: Architecture,
  initialisation: Initialisation,
): Promise<Errors | null> {
  const { tokens, width } = architecture;
  const random = new Random(initialisation.seed);
  const batch = 2;
  const model = build(architecture, initialisation);
  // float32 numbers, so that both routes start from the same ones.
  const inputs = Float32Array.from({ length: batch * tokens * width }, () => random.normal());
  const projection = Float32Array.from(inputs, () => random.normal());
  const samples = tf.tensor3d(inputs, [batch, tokens, width]);
  const weights = tf.tensor3d(projection, [batch, tokens, width]);
  const names = Object.keys(model.variables);
  const named: Record<string, Values> = {};
  for (const [name, tensor] of Object.entries({ ...model.variables, ...model.constants }))
    named[name] = await values(tensor);
  const sampled = await values(samples);

  const forward = model.forward(samples);
  const found = await forward.data();
  const expected = evaluateModel(architecture, named, sampled);
  const scale = Math.max(1, ...expected.map(Math.abs));
  const forwardError = Math.max(...expected.map((value, i) => finite(Math.abs(value - found[i])))) / scale;
  if (!expected.every(Number.isFinite)) {
    tf.dispose([samples, weights, forward]);
    model.dispose();
    return null;
  }

  const loss = (x: tf.Tensor, ...parameters: tf.Tensor[]): tf.Tensor => {
    const byName = Object.fromEntries(names.map((name, i) => [name, parameters[i]]));
    return tf.sum(tf.mul(model.forward(x as tf.Tensor3D, byName), weights));
  };
  const gradients = tf.grads(loss)([samples, ...names.map((name) => model.variables[name])]);
  const all = new Map<string, Values>();
  for (const [i, name] of ["samples", ...names].entries()) all.set(name, await values(gradients[i]));
  const whole = Math.sqrt([...all.values()].reduce((sum, { data }) => sum + length(data) ** 2, 0));
  let gradientError = 0;
  let worst = "";
  for (const [name, { data }] of all) {
    const direction = random.vector(data.length, 1);
    const exact = derivative(architecture, named, sampled, Float64Array.from(projection), name, direction);
    const own = data.reduce((sum, slope, i) => sum + slope * direction[i], 0);
    const error = finite(Math.abs(exact - own) / Math.max(length(data), whole / 100, 1e-6));
    if (error > gradientError) [gradientError, worst] = [error, name];
  }
  tf.dispose([samples, weights, forward, ...gradients]);
  model.dispose();
  return { forward: forwardError, gradient: gradientError, worst };
}
