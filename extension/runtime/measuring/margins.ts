/** The margin: the smallest gap between tokens that differ by theory, per layer, and how large it can be made. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { identity } from "../../theory/symmetry/permutation";
import { build } from "../builders/build";
import type { Model, Parameters } from "../builders/model";
import type { Comparison } from "./comparisons";
import { NotFinite, type Pause, scan, written } from "./gaps";
import { type Ascent, keepWithin, limitsOf, maximise, sharpen, type TokenPair, usualRate } from "./maximise";
import { expected, type Prediction } from "./predictions";

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

/** Times its root mean square at initialisation that every parameter may reach. */
export const normBound = 2;
/**
 * Where the ascent may start: the small regime, its scores and biases multiplied by each of these. The softest attention passes differences through the
 * deepest stacks, the sharpest keeps those without residual paths from collapsing; where a gap has vanished in float32, there is no gradient to follow.
 */
const starts = [0.1, 0.3, 1, 3];
/** Rounds of ascent, each on the pairs of outputs that are then the closest. */
const rounds = 8;
const steps = 8;
const followedPairs = 64;
const followedSamples = 8;

/**
 * A model whose smallest gap between outputs is as large as gradient ascent makes it, every parameter within the norm bound. The best of all parameters met on
 * the way, those of `initial` among them. To be disposed of.
 * @param initial the model at initialisation, which sets the norm bound
 * @param evaluations how many samples may be evaluated on the way up, gradients counted as three; the ascent is shortened to keep to it
 * @throws NotFinite where no start is finite
 */
export async function maximisedMargin(
  initial: Model,
  predictions: readonly Prediction[],
  letters: Float32Array,
  seed: number,
  evaluations: number,
  pause: Pause,
): Promise<Model> {
  const { architecture } = initial;
  const limits = await limitsOf(initial, normBound);
  const model = build(architecture, { seed, regime: "small" });
  const variables = Object.values(model.variables);
  const valuesOf = (other: Model) => Object.values(other.variables).map((variable) => tf.clone(variable));
  const assign = (values: readonly Tensor[]) => values.forEach((value, v) => variables[v].assign(value));
  let best: { gap: number; closest: Place[]; values: Tensor[] } | undefined;
  let outside: NotFinite | undefined;
  /** Measures the model's parameters, and keeps them if they are the best so far. */
  const look = async (): Promise<void> => {
    try {
      const closest = await closestOutputs(model, predictions, letters, pause);
      const gap = closest[0]?.gap ?? 0;
      if (best !== undefined && gap <= best.gap) return;
      tf.dispose(best?.values);
      best = { gap, closest, values: valuesOf(model) };
    } catch (error) {
      if (!(error instanceof NotFinite)) throw error;
      outside = error;
    }
  };
  const first = valuesOf(model);
  try {
    const atStart = valuesOf(initial);
    assign(atStart);
    tf.dispose(atStart);
    await look();
    for (const gain of starts) {
      assign(first);
      sharpen(model, gain);
      variables.forEach((variable, v) => keepWithin(variable, limits[v]));
      await look();
    }
    if (best === undefined) throw outside!;
    const stepsPerRound = Math.min(steps, Math.floor(evaluations / (3 * rounds * (1 + followedSamples))));
    for (let round = 0, rate = usualRate(model); round < rounds && stepsPerRound > 0; round++) {
      assign(best.values);
      const reached = best.gap;
      if (best.closest.length === 0) break;
      await ascend(model, predictions, best.closest, letters, { steps: stepsPerRound, rate, limits }, pause);
      await look();
      if (best.gap === reached) rate /= 3;
    }
    assign(best.values);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  } finally {
    tf.dispose([first, best?.values ?? []]);
  }
}

/** A pair of outputs that differ by theory. */
interface Place {
  prediction: number;
  pair: number;
  gap: number;
}

/** The closest of them. */
async function closestOutputs(
  model: Model,
  predictions: readonly Prediction[],
  letters: Float32Array,
  pause: Pause,
): Promise<Place[]> {
  const found: Place[] = [];
  await scan(model, predictions, letters, pause, (layer, prediction, pair, gap) => {
    const { layers } = predictions[prediction];
    if (layer === layers.length - 1 && layers[layer][pair] === expected.different)
      found.push({ prediction, pair, gap });
  });
  return found.sort((a, b) => a.gap - b.gap).slice(0, followedPairs);
}

async function ascend(
  model: Model,
  predictions: readonly Prediction[],
  places: readonly Place[],
  letters: Float32Array,
  ascent: Ascent,
  pause: Pause,
): Promise<void> {
  const { tokens, width } = model.architecture;
  const used = [...new Set(places.map(({ prediction }) => prediction))].slice(0, followedSamples);
  const pairs = places.flatMap(({ prediction, pair }): TokenPair[] => {
    const { partners, count } = predictions[prediction];
    const sample = 1 + used.indexOf(prediction);
    return sample === 0 ? [] : [{ sample, s: Math.floor(pair / count), t: partners[pair] }];
  });
  const words = [identity(tokens), ...used.map((prediction) => predictions[prediction].letters)];
  const samples = written(words, letters, width);
  try {
    await maximise(model, samples, pairs, ascent, pause);
  } finally {
    samples.dispose();
  }
}
