/** Which tokens of two samples a model tells apart, all against all, layer by layer: what the distinguishability panel shows. */
import * as tf from "@tensorflow/tfjs-core";
import type { Architecture } from "../../theory/architecture/schema";
import { BeyondReach } from "../../theory/patterns/rows";
import type { NotMeasured } from "../../theory/verdict/report";
import { decide, type Decision } from "../../theory/views/decide";
import { Undecided } from "../../theory/views/stack";
import { build } from "../builders/build";
import { parametersFrom, valuesOf } from "../builders/flat";
import type { Model, Parameters } from "../builders/model";
import { type Comparison, comparisonsFor, lettersOf, witnessOf } from "./comparisons";
import { alphabet, gapMatrices, NotFinite, type Pause, tolerance } from "./gaps";
import { maximisedMargin, measureMargins } from "./margins";
import { expected, type Prediction, predict } from "./predictions";
import { reach } from "./reach";

/** Which sample X' the sample X is compared with. */
export type PairChoice =
  /** Of those that are compared, the one with the smallest gap between outputs that differ by theory. */
  | { kind: "worst"; of: Comparison["kind"] }
  /** What shows best what the architecture cannot do (`witnessOf`). */
  | { kind: "witness" }
  | Comparison;

export interface DistinguishParams {
  architecture: Architecture;
  seed: number;
  /** Values of all variables (`valuesOf`); those at initialisation if left out. */
  parameters?: Float32Array;
  pair: PairChoice;
}

export interface Distinguished {
  comparison: Comparison;
  /** Before the first layer and after every layer [tokens * tokens], row s: |F_s(X) - F_t(X')| relative to the tokens' scale. */
  gaps: Float32Array[];
  /** The same for the theory: one of `expected` each. Null where it is out of reach or decides nothing. */
  theory: Uint8Array[] | null;
  /** Gaps above it are differences; see docs/measuring.md. */
  tolerance: number;
  /** Tokens that are equal after the last layer, by theory or within the tolerance: those that are equal the longest first; some of many. */
  collapsed: TokenGap[];
  collapses: number;
  /** The closest of the others, closest first. */
  closest: TokenGap[];
}

/** A token s of X and a token t of X' after the last layer. */
export interface TokenGap {
  s: number;
  t: number;
  gap: number;
  /** From so many layers on they are within the tolerance; 0: at every depth, and null: they are not. */
  since: number | null;
  /** Whether they are equal by theory; null where it does not say. */
  equal: boolean | null;
}

/** Most pairs listed of either kind. */
const mostCollapsed = 2048;
const mostClosest = 20;

/** Most tokens of a gap matrix. */
export const mostTokens = 1024;

/** @throws NotFinite */
export async function distinguish(
  { architecture, seed, parameters, pair }: DistinguishParams,
  pause: Pause,
): Promise<Distinguished | NotMeasured> {
  const { tokens, width } = architecture;
  if (tokens > mostTokens) return { unavailable: `Gaps of all pairs are measured up to ${mostTokens.toLocaleString("en")} tokens.` }; // prettier-ignore
  const decision = decided(architecture);
  if (typeof decision === "string" && (pair.kind === "worst" || pair.kind === "witness"))
    return { unavailable: `The theory decides nothing of this model, so it names no pair: ${decision}.` };
  const known = typeof decision === "string" ? null : decision;
  if (known?.stack.layers.some(({ emptyRow }) => emptyRow !== null))
    return { unavailable: "Nothing is measured: a query attends to nothing, so its output is undefined." };
  const within = reach(architecture, known?.stack ?? null);
  if ("beyond" in within) return { unavailable: within.beyond };

  return withModel(architecture, seed, parameters, async (model, values) => {
    const letters = alphabet(architecture, seed);
    const comparison = await chosen(pair, architecture, known, within.samples, seed, model, letters, pause, values);
    if (typeof comparison === "string") return { unavailable: comparison };
    const word = lettersOf(comparison, tokens);
    const X = letters.slice(0, tokens * width);
    const other = new Float32Array(tokens * width);
    word.forEach((letter, t) => other.set(letters.subarray(letter * width, (letter + 1) * width), t * width));
    const gaps = await gapMatrices(model, [X, other], pause, values);
    const theory = known && theoryOf(known, comparison);
    return { comparison, gaps, theory, tolerance, ...summary(tokens, gaps, theory) };
  });
}

/** Parameters that make the margin as large as gradient ascent does under the norm bound; null where nothing can be compared. @throws NotFinite */
export async function maximise(
  { architecture, seed }: { architecture: Architecture; seed: number },
  pause: Pause,
): Promise<{ parameters: Float32Array } | NotMeasured> {
  const decision = decided(architecture);
  if (typeof decision === "string") return { unavailable: `The theory decides nothing of this model: ${decision}.` };
  const within = reach(architecture, decision.stack);
  if ("beyond" in within) return { unavailable: within.beyond };
  const predictions = predicted(decision, comparisonsFor(architecture, decision, seed)).slice(0, within.samples);
  if (predictions.length === 0) return { unavailable: "No samples can be compared at this size." };
  return withModel(architecture, seed, undefined, async (model) => {
    const best = await maximisedMargin(model, predictions, alphabet(architecture, seed), seed, within.ascent, pause);
    try {
      return { parameters: await valuesOf(best) };
    } finally {
      best.dispose();
    }
  });
}

/** Builds the model for the time of `work`; what cannot be built is not measured. */
export async function withModel<T>(
  architecture: Architecture,
  seed: number,
  parameters: Float32Array | undefined,
  work: (model: Model, values: Parameters | undefined) => Promise<T | NotMeasured>,
): Promise<T | NotMeasured> {
  let model: Model;
  try {
    model = build(architecture, { seed, regime: "standard" });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { unavailable: `The model is not built: ${error.message.replace(/\.$/, "")}.` };
  }
  let values: Parameters | undefined;
  try {
    values = parameters && parametersFrom(model, parameters);
    return await work(model, values);
  } catch (error) {
    if (!(error instanceof NotFinite)) throw error;
    return { unavailable: `Nothing is measured: ${error.message}.` };
  } finally {
    tf.dispose(values ?? {});
    model.dispose();
  }
}

/** The theory's decision; a string, a clause, says why there is none. */
export function decided(architecture: Architecture): Decision | string {
  try {
    return decide(architecture);
  } catch (error) {
    if (error instanceof BeyondReach || error instanceof Undecided) return error.message;
    throw error;
  }
}

function predicted({ stack }: Decision, comparisons: readonly Comparison[], every = false): Prediction[] {
  try {
    return predict(stack, comparisons, every);
  } catch (error) {
    if (error instanceof BeyondReach) return [];
    throw error;
  }
}

const theoryOf = (decision: Decision, comparison: Comparison): Uint8Array[] | null =>
  predicted(decision, [comparison], true).at(0)?.layers ?? null;

/** What a person would look for in the last matrix. */
function summary(
  tokens: number,
  gaps: readonly Float32Array[],
  theory: readonly Uint8Array[] | null,
): Pick<Distinguished, "collapsed" | "collapses" | "closest"> {
  const outputs = gaps[gaps.length - 1];
  const said = theory?.at(-1);
  const isEqual = (pair: number) =>
    said === undefined || said[pair] === expected.open ? null : said[pair] === expected.equal;
  const described = (pair: number, since: number | null): TokenGap => ({
    s: Math.floor(pair / tokens),
    t: pair % tokens,
    gap: outputs[pair],
    since,
    equal: isEqual(pair),
  });
  const collapsed: TokenGap[] = [];
  let collapses = 0;
  let closest: number[] = [];
  let bound = Infinity;
  outputs.forEach((gap, pair) => {
    if (gap <= tolerance || isEqual(pair) === true) {
      collapses++;
      let since = gaps.length - 1;
      while (since > 0 && gaps[since - 1][pair] <= tolerance) since--;
      if (collapsed.length < mostCollapsed) collapsed.push(described(pair, since));
    } else if (gap < bound) {
      closest.push(pair);
      if (closest.length < 4 * mostClosest) return;
      closest = smallest(closest, outputs);
      bound = outputs[closest[closest.length - 1]];
    }
  });
  collapsed.sort((a, b) => a.since! - b.since! || a.s - b.s || a.t - b.t);
  return { collapsed, collapses, closest: smallest(closest, outputs).map((pair) => described(pair, null)) };
}

const smallest = (pairs: readonly number[], gaps: Float32Array): number[] =>
  [...pairs].sort((a, b) => gaps[a] - gaps[b]).slice(0, mostClosest);

/** The sample that is meant; a string, a sentence, says why there is none. */
async function chosen(
  pair: PairChoice,
  architecture: Architecture,
  decision: Decision | null,
  samples: number,
  seed: number,
  model: Model,
  letters: Float32Array,
  pause: Pause,
  values: Parameters | undefined,
): Promise<Comparison | string> {
  if (pair.kind === "witness")
    return (
      (decision && witnessOf(decision, architecture)) ??
      "There is no witness: no output is blind to an input, to a rearrangement or to a symmetry."
    );
  if (pair.kind !== "worst") return pair;
  const wanted = comparisonsFor(architecture, decision, seed).filter(({ kind }) => kind === pair.of);
  const predictions = predicted(decision!, wanted).slice(0, samples);
  const margins = await measureMargins(model, predictions, letters, pause, values);
  return (
    margins.at(-1)?.margin?.comparison ??
    `There is no worst ${pair.of}: ${predictions.length === 0 ? "at this size none can be compared" : "no outputs differ by theory"}.`
  );
}
