/** Token gaps of a built model: how far token s of a sample X is from token t of a sample X', layer by layer. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor3D } from "@tensorflow/tfjs-core";
import { identity } from "../../theory/symmetry/permutation";
import type { Model, Parameters } from "../builders/model";
import { Random, streams } from "../random";
import type { Prediction } from "./predictions";

/** To be awaited between steps: lets messages in, and throws once the caller has cancelled. */
export type Pause = () => Promise<void>;

/** Values of the tokens of one chunk of samples: some megabytes. */
const chunkValues = 1 << 20;

/** A model left float32's range, so that nothing can be measured on it. */
export class NotFinite extends Error {
  override readonly name = "NotFinite";
  constructor(readonly layer: number) {
    super(`the tokens leave the range of float32 in layer ${layer - 1}`);
  }
}

/**
 * The vectors of the letters 0..tokens, [(tokens + 1) * width], independent standard normals: X has the first n, the last one replaces.
 */
export const alphabet = ({ tokens, width }: { tokens: number; width: number }, seed: number): Float32Array =>
  new Random(seed, streams.letters).normals(new Float32Array((tokens + 1) * width));

/**
 * Relative gaps above it are differences, those below are none. In the small regime rounding leaves equal tokens of float32 within about 1e-6 of each other (its
 * unit roundoff is 6e-8, and a few dozen roundings follow one another in a layer); tokens that differ are rarely closer than 1e-4. Where a draw magnifies
 * rounding more, its gaps are divided by as much as it does.
 */
export const tolerance = 1e-5;

/**
 * A relative change of samples that stands for rounding: some hundred unit roundoffs of float32. What it does to the tokens of a layer, rounding on the way there
 * may do; where that exceeds a tolerance, gaps are judged by it instead.
 */
const trembling = 2 ** -17;

/** Values changed in their last digits, by `trembling` of themselves on average. */
export function trembled(values: Float32Array, seed: number): Float32Array {
  const noise = new Random(seed, streams.rounding).normals(new Float32Array(values.length), trembling);
  return values.map((x, i) => x * (1 + noise[i]));
}

/** Samples written in an alphabet as one tensor [samples, tokens, width]. */
export function written(words: readonly Int32Array[], letters: Float32Array, width: number): Tensor3D {
  const tokens = words[0].length;
  const values = new Float32Array(words.length * tokens * width);
  words.forEach((word, w) =>
    word.forEach((letter, t) =>
      values.set(letters.subarray(letter * width, (letter + 1) * width), (w * tokens + t) * width),
    ),
  );
  return tf.tensor3d(values, [words.length, tokens, width]);
}

/**
 * The sequence tokens of one sample, before the first layer and after every layer: [tokens, width] each.
 * @throws NotFinite
 */
async function* states(
  model: Model,
  words: readonly Int32Array[],
  letters: Float32Array,
  pause: Pause,
  parameters?: Parameters,
): AsyncGenerator<Float32Array[]> {
  const { tokens, registers, width, layers } = model.architecture;
  const depth = layers.reduce((sum, { repeat }) => sum + repeat, 0);
  const together = Math.max(1, Math.floor(chunkValues / ((tokens + registers) * width * (depth + 1))));
  for (let from = 0; from < words.length; from += together) {
    await pause();
    const chunk = words.slice(from, from + together);
    const tensors = tf.tidy(() => {
      const all = model.layers(written(chunk, letters, width), parameters);
      return registers === 0 ? all : all.map((state) => tf.slice(state, [0, 0, 0], [-1, tokens, -1]));
    });
    try {
      const values = await Promise.all(tensors.map((state) => state.data<"float32">()));
      for (const [layer, state] of values.entries()) if (!state.every(Number.isFinite)) throw new NotFinite(layer);
      for (let w = 0; w < chunk.length; w++)
        yield values.map((state) => state.subarray(w * tokens * width, (w + 1) * tokens * width));
    } finally {
      tf.dispose(tensors);
    }
  }
}

/** The root mean square of the norms of the tokens of two samples: what gaps are relative to. */
export function scaleOf(x: ArrayLike<number>, y: ArrayLike<number>, width: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i] + y[i] * y[i];
  return Math.sqrt((sum * width) / (2 * x.length));
}

/** |x_s - y_t| in the Euclidean norm, in float64: an inner-product formula would lose half of float32's digits. */
function distance(x: Float32Array, s: number, y: Float32Array, t: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) {
    const difference = x[s * width + i] - y[t * width + i];
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}

/** Called with every gap: after `layer` layers, of the pair number `pair` of a prediction, relative to the tokens' scale. */
export type Visit = (layer: number, prediction: number, pair: number, gap: number) => void;

export interface Scan {
  /**
   * How far the tokens of X are from their mean, relative to their norm, before the first layer and after every layer: 0 where all are
   * equal (2103.03404, the relative norm of the residual, here in the Frobenius norm).
   */
  spread: number[];
}

/**
 * Evaluates X and every X' and visits the gaps of all predicted pairs.
 * @param skip states to leave out at the front (a layer that only prepares the letters).
 * @throws NotFinite
 */
export async function scan(
  model: Model,
  predictions: readonly Prediction[],
  letters: Float32Array,
  pause: Pause,
  visit: Visit,
  { parameters, skip = 0 }: { parameters?: Parameters; skip?: number } = {},
): Promise<Scan> {
  const { tokens, width } = model.architecture;
  const words = [identity(tokens), ...predictions.map((prediction) => prediction.letters)];
  let base: Float32Array[] | undefined;
  let p = 0;
  for await (const all of states(model, words, letters, pause, parameters)) {
    const layers = all.slice(skip);
    // A chunk's buffers live on as long as one view of them does.
    if (base === undefined) {
      base = layers.map((state) => state.slice());
      continue;
    }
    const { partners, count } = predictions[p];
    for (const [layer, y] of layers.entries()) {
      const scale = scaleOf(base[layer], y, width);
      for (let pair = 0; pair < partners.length; pair++)
        visit(layer, p, pair, distance(base[layer], Math.floor(pair / count), y, partners[pair], width) / (scale || 1));
    }
    p++;
  }
  return { spread: base!.map((state) => spreadOf(state, width)) };
}

function spreadOf(x: Float32Array, width: number): number {
  const tokens = x.length / width;
  let [total, apart] = [0, 0];
  for (let i = 0; i < width; i++) {
    let mean = 0;
    for (let t = 0; t < tokens; t++) mean += x[t * width + i] / tokens;
    for (let t = 0; t < tokens; t++) {
      total += x[t * width + i] ** 2;
      apart += (x[t * width + i] - mean) ** 2;
    }
  }
  return total === 0 ? 0 : Math.sqrt(apart / total);
}

/**
 * The gaps |F_s(X) - F_t(X')| between all tokens of two samples, relative to the tokens' scale: one matrix [tokens * tokens] (row s) before the first
 * layer and after every layer.
 * @param samples X and X' as [tokens * width] each
 * @throws NotFinite
 */
export async function gapMatrices(
  model: Model,
  samples: readonly [Float32Array, Float32Array],
  pause: Pause,
  parameters?: Parameters,
): Promise<Float32Array[]> {
  const { tokens, width } = model.architecture;
  const both = new Float32Array(2 * tokens * width);
  both.set(samples[0]);
  both.set(samples[1], tokens * width);
  const words = [0, 1].map((sample) => Int32Array.from({ length: tokens }, (_, t) => sample * tokens + t));
  const pair: Float32Array[][] = [];
  for await (const layers of states(model, words, both, pause, parameters)) pair.push(layers.map((x) => x.slice()));
  const [of, against] = pair;
  const matrices: Float32Array[] = [];
  for (const [layer, x] of of.entries()) {
    await pause();
    const scale = scaleOf(x, against[layer], width) || 1;
    const matrix = new Float32Array(tokens * tokens);
    for (let s = 0, at = 0; s < tokens; s++)
      for (let t = 0; t < tokens; t++) matrix[at++] = distance(x, s, against[layer], t, width) / scale;
    matrices.push(matrix);
  }
  return matrices;
}
