/** How exactly a built model commutes with a permutation: |F(pi X) - pi F(X)| in float32. */
import * as tf from "@tensorflow/tfjs-core";
import type { Model, Parameters } from "../builders/model";
import type { Permutation } from "../../theory/symmetry/structure";
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
  const random = new Random(seed, streams.samples);
  const inputs = Array.from({ length: samples }, () => random.normals(new Float32Array(row)));
  const outputOf = async (X: readonly Float32Array[]): Promise<Float32Array[]> => {
    await pause();
    const all = new Float32Array(X.length * row);
    X.forEach((sample, i) => all.set(sample, i * row));
    const output = tf.tidy(() => model.forward(tf.tensor3d(all, [X.length, tokens, width]), parameters));
    const values = await output.data<"float32">();
    output.dispose();
    if (!values.every(Number.isFinite)) throw new NotFinite(layers.reduce((sum, { repeat }) => sum + repeat, 0));
    return X.map((_, i) => values.slice(i * row, (i + 1) * row));
  };
  /** pi X: token i of X stands at pi(i). */
  const moved = (X: Float32Array, permutation: Permutation): Float32Array => {
    const image = new Float32Array(row);
    permutation.forEach((to, i) => image.set(X.subarray(i * width, (i + 1) * width), to * width));
    return image;
  };
  const outputs = await outputOf(inputs);
  /** The largest and the mean square distance of tokens, relative to their scale. */
  const compare = (images: readonly Float32Array[], wanted: readonly Float32Array[]) => {
    let [max, sum] = [0, 0];
    images.forEach((image, i) => {
      const scale = scaleOf(wanted[i], image, width) || 1;
      for (let t = 0; t < tokens; t++) {
        let square = 0;
        for (let c = t * width; c < (t + 1) * width; c++) square += (image[c] - wanted[i][c]) ** 2;
        max = Math.max(max, Math.sqrt(square) / scale);
        sum += square / scale ** 2;
      }
    });
    return { max, rms: Math.sqrt(sum / (samples * tokens)) };
  };
  const response = compare(await outputOf(inputs.map((X, i) => trembled(X, seed + i))), outputs);
  const rounding = Math.max(tolerance, response.max);
  const errors: EquivarianceError[] = [];
  for (const permutation of permutations) {
    const images = await outputOf(inputs.map((X) => moved(X, permutation)));
    const { max, rms } = compare(images, outputs.map((X) => moved(X, permutation))); // prettier-ignore
    errors.push({ permutation, max, rms, rounding });
  }
  return errors;
}
