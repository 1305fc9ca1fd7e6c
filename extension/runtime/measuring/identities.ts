/**
 * The theory's coincidences against the model: F_s(X) = F_t(X') is an analytic identity, so it holds for all parameters or fails for almost every draw
 * of parameters and letters (docs/theory.md, section 4). A difference that is seen disproves a coincidence; that none is seen proves nothing,
 * and is drawn again, then searched for by gradient ascent, before it counts.
 */
import type { Architecture, Block, FeedForward } from "../../theory/architecture/schema";
import { feedForwardFault } from "../../theory/verdict/conditions";
import { build } from "../builders/build";
import { identity } from "../../theory/symmetry/permutation";
import type { Model } from "../builders/model";
import type { Comparison } from "./comparisons";
import { alphabet, NotFinite, type Pause, scan, tolerance, trembled, written } from "./gaps";
import { limitsOf, maximise, sharpen, type TokenPair, usualRate } from "./maximise";
import { expected, type Prediction } from "./predictions";

/**
 * By what the scores and biases of the small regime are multiplied in each draw: sharper attention keeps stacks without residual paths from collapsing, softer
 * attention lets a difference pass through deep ones, whose tokens grow with depth.
 */
const gains = [1, 0.5, 2, 0.2, 3, 0.1, 4, 5];
/** Draws without a search for what is still unseen. */
const usualDraws = 2;
const ascents = 3;
const ascentSteps = 60;
const bound = 3;
/** Most pairs of one layer that an ascent follows. */
const followed = 64;
/** A difference crosses every layer diluted by about 1 / tokens; below this product over the layers, not to see one is no sign of a defect. */
const faintest = 1e-4;
/** Most disagreements listed. */
const listed = 20;

/** Token s of X and token t of X', whose equality theory and measurement see differently. */
export interface Disagreement {
  /** After so many layers; 0 are the tokens with their position codes. */
  layers: number;
  s: number;
  t: number;
  comparison: Comparison;
  /** What the theory says. */
  theory: "equal" | "different";
  /** The largest relative gap that was measured. */
  gap: number;
}

export interface Identities {
  /** Pairs of tokens compared, over all layers. */
  equal: number;
  different: number;
  /** Random draws of parameters and letters made. */
  draws: number;
  /** The largest gap between tokens that are equal by theory: what rounding leaves. */
  largestEqual: number;
  /** Of tokens that differ by theory, the smallest of their largest gaps; null where there are none. */
  smallestDifferent: number | null;
  /** Gaps by decade: decades[k] counts those in [10^-(k+1), 10^-k), the last one all below. */
  decades: { equal: number[]; different: number[] };
  /** Defects of ours. A list of some. */
  disagreements: Disagreement[];
  disagreed: number;
  /** Pairs different by theory that were not seen apart, where that is no sign of a defect: their gap may lie below float32's resolution. */
  unresolved: number;
  /** Permutations for which F(pi X) = pi F(X) was measured, among those compared. */
  symmetries: Int32Array[];
}

/**
 * The architecture with a feed-forward network before the first mixer, and one in place of each that does not move tokens freely: the theory leaves the tokenwise
 * part free, so that letters and position codes may be mapped anywhere before they are mixed (docs/theory.md, section 4, reduction). The
 * convolution with the single tap 0 is tokenwise.
 */
export function withFreeFeedForward(architecture: Architecture): Architecture {
  const free: FeedForward = { hidden: null, activation: "tanh", bias: true, frozen: false, residual: true };
  const quantising: Block = {
    repeat: 1,
    mixer: { kind: "convolution", offsets: [0], residual: true },
    feedForward: free,
    norm: null,
  };
  return {
    ...architecture,
    layers: [
      quantising,
      ...architecture.layers.map((block) =>
        feedForwardFault(block.feedForward) === null ? block : { ...block, feedForward: free },
      ),
    ],
  };
}

/**
 * Whether a difference that the theory claims would have to show: every layer passes its tokens on, is analytic and not normalised away, and gives no key a
 * vanishing weight, as powers of small scores do that are not normalised.
 */
function mustShow({ layers, tokens, registers }: Architecture): boolean {
  const depth = layers.reduce((sum, { repeat }) => sum + repeat, 0);
  const plain = layers.every(
    ({ mixer, norm }) =>
      mixer.residual &&
      norm === null &&
      (mixer.kind === "convolution" ||
        (mixer.kernel.name !== "hard" && (mixer.normalized || mixer.kernel.name !== "polynomial"))),
  );
  return plain && (tokens + registers) ** -depth >= faintest;
}

/**
 * Compares every pair of the predictions on draws of the small regime, in float32.
 * @param progress is told the part that is done, 0 to 1
 */
export async function measureIdentities(
  architecture: Architecture,
  predictions: readonly Prediction[],
  seed: number,
  pause: Pause,
  progress: (done: number) => void = () => undefined,
): Promise<Identities> {
  const free = withFreeFeedForward(architecture);
  /** The largest gap of every pair so far, by prediction and layer. */
  const largest = predictions.map(({ layers }) => layers.map((pairs) => new Float64Array(pairs.length)));
  const unseen = () =>
    pairsWhere(
      predictions,
      (kind, p, layer, pair) => kind === expected.different && largest[p][layer][pair] <= tolerance,
    );
  /** One draw, perhaps with an ascent; whether it stayed within float32's range. Unnormalised attention can leave it, and such a draw says nothing. */
  const draw = async (at: number, prepare: (model: Model, letters: Float32Array) => void | Promise<void>) => {
    const model = build(free, { seed: seed + at, regime: "small" });
    try {
      const letters = alphabet(architecture, seed + at);
      await prepare(model, letters);
      await measureGaps(model, predictions, letters, largest, seed + at, pause);
      return true;
    } catch (error) {
      if (!(error instanceof NotFinite)) throw error;
      return false;
    } finally {
      model.dispose();
    }
  };

  let draws = 0;
  for (const [at, gain] of gains.entries()) {
    if (draws >= usualDraws && unseen().length === 0) break;
    progress(at / (gains.length + ascents));
    if (await draw(at, (model) => sharpen(model, gain))) draws++;
  }
  const conclusive = draws > 0 && mustShow(architecture);
  for (let attempt = 0; conclusive && attempt < ascents; attempt++) {
    const left = unseen();
    if (left.length === 0) break;
    progress((gains.length + attempt) / (gains.length + ascents));
    for (const layer of new Set(left.map((pair) => pair.layer))) {
      const ofLayer = left.filter((pair) => pair.layer === layer);
      await draw(gains.length + attempt, (model, letters) => ascend(model, predictions, ofLayer, letters, pause));
    }
  }
  return summary(predictions, largest, draws, conclusive);
}

/** Raises `largest` to the gaps of the model, each divided by as much as rounding is magnified in its layer. */
async function measureGaps(
  model: Model,
  predictions: readonly Prediction[],
  letters: Float32Array,
  largest: readonly (readonly Float64Array[])[],
  seed: number,
  pause: Pause,
): Promise<void> {
  const { tokens, width } = model.architecture;
  // Each letter of X once more, changed in its last digits, and compared with itself before anything else is.
  const again = trembled(letters.subarray(0, tokens * width), seed);
  const all = new Float32Array(letters.length + again.length);
  all.set(letters);
  all.set(again, letters.length);
  const probe: Prediction = {
    comparison: { kind: "rearrangement", permutation: identity(tokens) },
    letters: identity(tokens).map((t) => tokens + 1 + t),
    partners: identity(tokens),
    count: 1,
    layers: [],
  };
  const magnified: number[] = [];
  const visit = (layer: number, p: number, pair: number, gap: number) => {
    if (p === 0) magnified[layer] = Math.max(magnified[layer] ?? 1, gap / tolerance);
    else largest[p - 1][layer][pair] = Math.max(largest[p - 1][layer][pair], gap / magnified[layer]);
  };
  await scan(model, [probe, ...predictions], all, pause, visit, { skip: 1 });
}

interface Place {
  prediction: number;
  layer: number;
  pair: number;
}

function pairsWhere(
  predictions: readonly Prediction[],
  wanted: (kind: number, prediction: number, layer: number, pair: number) => boolean,
): Place[] {
  const found: Place[] = [];
  predictions.forEach(({ layers }, prediction) =>
    layers.forEach((pairs, layer) =>
      pairs.forEach((kind, pair) => {
        if (wanted(kind, prediction, layer, pair)) found.push({ prediction, layer, pair });
      }),
    ),
  );
  return found;
}

/** Gradient ascent on the gaps of pairs of one layer. */
async function ascend(
  model: Model,
  predictions: readonly Prediction[],
  places: readonly Place[],
  letters: Float32Array,
  pause: Pause,
): Promise<void> {
  const chosen = places.slice(0, followed);
  const used = [...new Set(chosen.map(({ prediction }) => prediction))];
  const { tokens, width } = model.architecture;
  const words = [identity(tokens), ...used.map((p) => predictions[p].letters)];
  const samples = written(words, letters, width);
  const pairs = chosen.map(({ prediction, pair }): TokenPair => {
    const { partners, count } = predictions[prediction];
    return { sample: 1 + used.indexOf(prediction), s: Math.floor(pair / count), t: partners[pair] };
  });
  try {
    // The model has one layer more in front.
    const limits = await limitsOf(model, bound);
    await maximise(
      model,
      samples,
      pairs,
      { steps: ascentSteps, rate: usualRate(model), limits },
      pause,
      chosen[0].layer + 1,
    );
  } finally {
    samples.dispose();
  }
}

function summary(
  predictions: readonly Prediction[],
  largest: readonly (readonly Float64Array[])[],
  draws: number,
  conclusive: boolean,
): Identities {
  const found = { equal: 0, different: 0, largestEqual: 0, smallestDifferent: Infinity };
  const decades = { equal: new Array<number>(10).fill(0), different: new Array<number>(10).fill(0) };
  const wrong: Place[] = [];
  predictions.forEach(({ layers }, prediction) =>
    layers.forEach((pairs, layer) =>
      pairs.forEach((kind, pair) => {
        const gap = largest[prediction][layer][pair];
        const decade = Math.min(9, Math.max(0, Math.ceil(-Math.log10(gap)) - 1));
        if (kind === expected.equal) {
          found.equal++;
          found.largestEqual = Math.max(found.largestEqual, gap);
          decades.equal[decade]++;
          if (gap > tolerance) wrong.push({ prediction, layer, pair });
        } else if (kind === expected.different) {
          found.different++;
          found.smallestDifferent = Math.min(found.smallestDifferent, gap);
          decades.different[decade]++;
          if (gap <= tolerance) wrong.push({ prediction, layer, pair });
        }
      }),
    ),
  );
  const disagreement = ({ prediction, layer, pair }: Place): Disagreement => {
    const { comparison, layers, partners, count } = predictions[prediction];
    return {
      layers: layer,
      s: Math.floor(pair / count),
      t: partners[pair],
      comparison,
      theory: layers[layer][pair] === expected.equal ? "equal" : "different",
      gap: largest[prediction][layer][pair],
    };
  };
  const all = wrong.map(disagreement);
  const disagreements = all.filter(({ theory }) => theory === "equal" || conclusive);
  return {
    ...found,
    smallestDifferent: found.different === 0 ? null : found.smallestDifferent,
    draws,
    decades,
    disagreements: disagreements.slice(0, listed),
    disagreed: disagreements.length,
    unresolved: all.length - disagreements.length,
    symmetries: draws === 0 ? [] : symmetries(predictions, largest),
  };
}

/** The permutations compared for which every output s of X was seen equal to output pi(s) of pi X. */
function symmetries(predictions: readonly Prediction[], largest: readonly (readonly Float64Array[])[]): Int32Array[] {
  return predictions.flatMap(({ comparison, partners, count }, p) => {
    if (comparison.kind !== "rearrangement") return [];
    const { permutation } = comparison;
    const outputs = largest[p][largest[p].length - 1];
    const equal = outputs.every(
      (gap, pair) => partners[pair] !== permutation[Math.floor(pair / count)] || gap <= tolerance,
    );
    return equal ? [permutation] : [];
  });
}
