/** How exactly a built model commutes with a permutation: |F(pi X) - pi F(X)|, in float32 on the backend and in float64 from the definitions. */
import * as tf from "@tensorflow/tfjs-core";
import { float64 } from "../../theory/evaluation/arithmetic";
import { evaluator, type Named } from "../../theory/evaluation/evaluate";
import type { Permutation } from "../../theory/symmetry/structure";
import type { Model, Parameters } from "../builders/model";
import { Random, streams } from "../random";
import { NotFinite, type Pause, scaleOf, tolerance, trembled } from "./gaps";

export interface EquivarianceError {
  permutation: Permutation;
  /** Over all samples and tokens, relative to the root mean square of the output tokens' norms. */
  max: number;
  rms: number;
  /** As much as rounding may amount to: what a change of the samples in their last digits does to the outputs, at least `tolerance`. */
  rounding: number;
}

/** Random samples, independent standard normal entries, each with its image. */
const samples = 4;
/** The samples of the evaluation in float64, which is slow. */
const samples64 = 1;

/** Outputs [tokens * width] of samples of the same shape. */
type Outputs = (X: readonly Float32Array[]) => Promise<(Float32Array | Float64Array)[]>;

const drawn = ({ architecture: { tokens, width } }: Model, seed: number, count: number): Float32Array[] => {
  const random = new Random(seed, streams.samples);
  return Array.from({ length: count }, () => random.normals(new Float32Array(tokens * width)));
};

/**
 * The error of every permutation, on the same random samples.
 * @throws NotFinite
 */
export async function equivarianceErrors(
  model: Model,
  permutations: readonly Permutation[],
  seed: number,
  pause: Pause,
  parameters?: Parameters,
): Promise<EquivarianceError[]> {
  const { tokens, width, layers } = model.architecture;
  const row = tokens * width;
  const outputOf: Outputs = async (X) => {
    await pause();
    const all = new Float32Array(X.length * row);
    X.forEach((sample, i) => all.set(sample, i * row));
    const output = tf.tidy(() => model.forward(tf.tensor3d(all, [X.length, tokens, width]), parameters));
    const values = await output.data<"float32">();
    output.dispose();
    if (!values.every(Number.isFinite)) throw new NotFinite(layers.reduce((sum, { repeat }) => sum + repeat, 0));
    return X.map((_, i) => values.slice(i * row, (i + 1) * row));
  };
  const inputs = drawn(model, seed, samples);
  const outputs = await outputOf(inputs);
  const response = compare(await outputOf(inputs.map((X, i) => trembled(X, seed + i))), outputs, width);
  const rounding = Math.max(tolerance, response.max);
  const errors = await errorsOf(outputOf, inputs, outputs, permutations, width);
  return permutations.map((permutation, i) => ({ permutation, ...errors[i], rounding }));
}

/**
 * The same in float64, evaluated from the definitions at the model's parameters or at those given.
 * @throws NotEvaluated for mechanisms that the evaluation lacks
 */
export async function equivarianceErrors64(
  model: Model,
  permutations: readonly Permutation[],
  seed: number,
  pause: Pause,
  parameters: Parameters = model.variables,
): Promise<{ max: number; rms: number }[]> {
  const { architecture } = model;
  const { tokens, width } = architecture;
  const named: Record<string, Named<number>[string]> = {};
  for (const [name, tensor] of Object.entries({ ...model.constants, ...parameters }))
    named[name] = { shape: tensor.shape, data: Float64Array.from(await tensor.data()) };
  const evaluate = evaluator(architecture, named, float64);
  const outputOf: Outputs = async (X) => {
    const outputs: Float64Array[] = [];
    for (const sample of X) {
      await pause();
      const rows = Array.from({ length: tokens }, (_, t) => [...sample.subarray(t * width, (t + 1) * width)]);
      outputs.push(Float64Array.from(evaluate(rows).flat()));
    }
    return outputs;
  };
  const inputs = drawn(model, seed, samples64);
  return errorsOf(outputOf, inputs, await outputOf(inputs), permutations, width);
}

async function errorsOf(
  outputOf: Outputs,
  inputs: readonly Float32Array[],
  outputs: readonly (Float32Array | Float64Array)[],
  permutations: readonly Permutation[],
  width: number,
): Promise<{ max: number; rms: number }[]> {
  /** pi X: token i of X stands at pi(i). */
  const moved = <Sample extends Float32Array | Float64Array>(X: Sample, permutation: Permutation): Sample => {
    const image = X.slice() as Sample;
    permutation.forEach((to, i) => image.set(X.subarray(i * width, (i + 1) * width), to * width));
    return image;
  };
  const errors: { max: number; rms: number }[] = [];
  for (const permutation of permutations) {
    const images = await outputOf(inputs.map((X) => moved(X, permutation)));
    errors.push(compare(images, outputs.map((X) => moved(X, permutation)), width)); // prettier-ignore
  }
  return errors;
}

/** The largest and the root mean square distance of tokens, relative to their scale. */
function compare(
  images: readonly (Float32Array | Float64Array)[],
  wanted: readonly (Float32Array | Float64Array)[],
  width: number,
): { max: number; rms: number } {
  let [max, sum, count] = [0, 0, 0];
  images.forEach((image, i) => {
    const scale = scaleOf(wanted[i], image, width) || 1;
    for (let at = 0; at < image.length; at += width) {
      let square = 0;
      for (let c = at; c < at + width; c++) square += (image[c] - wanted[i][c]) ** 2;
      max = Math.max(max, Math.sqrt(square) / scale);
      sum += square / scale ** 2;
      count++;
    }
  });
  return { max, rms: Math.sqrt(sum / count) };
}
