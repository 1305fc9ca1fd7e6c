/** The margin: the smallest gap between tokens that differ by theory, per layer, against the resolution of floating-point formats. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { identity } from "../../theory/symmetry/permutation";
import type { Model, Parameters } from "../builders/model";
import type { Comparison } from "./comparisons";
import { NotFinite, type Pause, scan, written } from "./gaps";
import { limitsOf, maximise, type TokenPair } from "./maximise";
import { expected, type Prediction } from "./predictions";

/**
 * Half the distance from 1 to the next number: the relative error of one rounding. Two numbers closer than that may be stored as one
 * (IEEE 754-2019, table 3.5: 24 and 11 significant bits; bfloat16 has 8).
 */
export const resolutions = { float32: 2 ** -24, float16: 2 ** -11, bfloat16: 2 ** -9 } as const;
export type Dtype = keyof typeof resolutions;

/** A gap between token s of X and token t of X', relative to the tokens' scale. */
export interface Gap {
  gap: number;
  s: number;
  t: number;
  comparison: Comparison;
}

export interface LayerMargin {
  /** After so many layers; 0 are the tokens with their position codes. */
  layers: number;
  /** The smallest gap between tokens that differ by theory; null where no two compared do. */
  margin: Gap | null;
  /** How far the tokens of X are from their mean, relative to their norm; 0 where all are equal (rank collapse, 2103.03404). */
  spread: number;
}

/** The margins of a model at its parameters, or at those given. @throws NotFinite */
export async function measureMargins(
  model: Model,
  predictions: readonly Prediction[],
  letters: Float32Array,
  pause: Pause,
  parameters?: Parameters,
): Promise<LayerMargin[]> {
  const margins: (Gap | null)[] = [];
  const visit = (layer: number, p: number, pair: number, gap: number) => {
    const { layers, partners, count, comparison } = predictions[p];
    const known = margins[layer];
    if (layers[layer][pair] !== expected.different || (known && known.gap <= gap)) return;
    margins[layer] = { gap, s: Math.floor(pair / count), t: partners[pair], comparison };
  };
  const { spread } = await scan(model, predictions, letters, pause, visit, { parameters });
  return spread.map((value, layers) => ({ layers, margin: margins[layers] ?? null, spread: value }));
}

/** Rounds of ascent, each on the pairs of outputs that are then the closest. */
const rounds = 4;
const steps = 15;
const followedPairs = 64;
const followedSamples = 8;
/** Times its root mean square at the start that every parameter may reach. */
export const normBound = 2;

/**
 * Moves the model's variables by gradient ascent to a larger smallest gap between outputs, within the norm bound. Ends at the best parameters found,
 * which may be those it began with.
 * @throws NotFinite where the model is not finite at the start
 */
export async function maximiseMargin(
  model: Model,
  predictions: readonly Prediction[],
  letters: Float32Array,
  pause: Pause,
): Promise<void> {
  const { tokens, width } = model.architecture;
  const variables = Object.values(model.variables);
  const limits = await limitsOf(model, normBound);
  const closest = async () => {
    const found: { p: number; pair: number; gap: number }[] = [];
    await scan(model, predictions, letters, pause, (layer, p, pair, gap) => {
      const { layers } = predictions[p];
      if (layer === layers.length - 1 && layers[layer][pair] === expected.different) found.push({ p, pair, gap });
    });
    return found.sort((a, b) => a.gap - b.gap).slice(0, followedPairs);
  };
  let best: { gap: number; values: Tensor[] } | undefined;
  try {
    for (let round = 0; round <= rounds; round++) {
      const gaps = await closest();
      if (gaps.length === 0) return;
      if (best === undefined || gaps[0].gap > best.gap) {
        tf.dispose(best?.values);
        best = { gap: gaps[0].gap, values: variables.map((variable) => tf.clone(variable)) };
      }
      if (round === rounds) break;
      const used = [...new Set(gaps.map(({ p }) => p))].slice(0, followedSamples);
      const pairs = gaps.flatMap(({ p, pair }): TokenPair[] => {
        const { partners, count } = predictions[p];
        return used.includes(p)
          ? [{ sample: 1 + used.indexOf(p), s: Math.floor(pair / count), t: partners[pair] }]
          : [];
      });
      const words = [identity(tokens), ...used.map((p) => predictions[p].letters)];
      const samples = written(words, letters, width);
      try {
        await maximise(model, samples, pairs, steps, limits, pause);
      } finally {
        samples.dispose();
      }
    }
  } catch (error) {
    // An ascent may leave float32's range; what was reached before counts.
    if (!(error instanceof NotFinite) || best === undefined) throw error;
  } finally {
    best?.values.forEach((value, v) => variables[v].assign(value));
    tf.dispose(best?.values);
  }
}
