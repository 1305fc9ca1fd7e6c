/**
 * Which outputs coincide for all parameters, decided numerically: F_s(X) = F_t(X') is an analytic identity, so it either holds or fails
 * for almost every draw of parameters and letters (theory, section 4).
 */
import type { Architecture } from "../../extension/theory/architecture/schema";
import { drawParameters, evaluate, type Vector } from "./float64";
import { Random } from "./random";

/** All permutations p of 0..n-1 as lists (i goes to p[i]), the identity first. */
export function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((shorter) =>
    Array.from({ length: n }, (_, place) => {
      const longer = shorter.slice();
      longer.splice(n - 1 - place, 0, n - 1);
      return longer;
    }),
  );
}

/** pi X, defined by (pi X)_{pi(i)} = X_i. */
export function permuted<T>(pi: readonly number[], X: readonly T[]): T[] {
  const moved = X.slice();
  X.forEach((token, i) => (moved[pi[i]] = token));
  return moved;
}

/**
 * The largest relative gap over the draws decides: outputs that differ by more than `different` in one draw differ, outputs that stay closer than
 * `equal` coincide. Gaps between ask for more draws, and those left between `equal` and `distinct` at the end are undecided. `describeGaps` shows
 * how empty the band is.
 */
const different = 1e-8;
const distinct = 1e-10;
const equal = 1e-12;
/** Small scales keep softmax away from saturation, the larger ones keep deep stacks without residual paths from collapsing. */
const scales = [0.3, 1, 0.1, 2, 0.5, 4, 0.3, 1, 2, 4];
const usualDraws = 2;
export const allDraws = scales.length;

/** Distribution of the deciding gaps, in decades: same[k] counts gaps in [10^-(k+1), 10^-k), same[20] all below. */
export interface Gaps {
  same: number[];
  different: number[];
  /** Comparisons that took more than the usual draws, and those that stayed undecided. */
  redrawn: number;
  undecided: number;
}
export const noGaps = (): Gaps => ({ same: [], different: [], redrawn: 0, undecided: 0 });

/**
 * The architecture with a feed-forward network before the first mixer. The theory leaves the depth of the tokenwise part free, so that letters and
 * position codes may be mapped anywhere before they are mixed (section 4, reduction); without it, one layer of uniform attention would see no
 * more than the sum of letters and codes. The convolution with the single tap 0 is tokenwise.
 */
const quantising = (architecture: Architecture): Architecture => ({
  ...architecture,
  layers: [
    {
      repeat: 1,
      mixer: { kind: "convolution", offsets: [0], residual: true },
      feedForward: { hidden: null, activation: "tanh", bias: true, frozen: false, residual: true },
      norm: null,
    },
    ...architecture.layers,
  ],
});

/** A sample as letters: the token t carries letter sample[t] of the alphabet. */
export type Word = readonly number[];

/** Outputs of one architecture on many samples, over independent draws made when they are needed. */
/** The numbers can settle neither that two outputs agree nor that they differ (a badly conditioned pseudo-inverse, say). */
export class Unsettled extends Error {
  override name = "Unsettled";
}

export class Coincidences {
  readonly #architecture: Architecture;
  readonly #words: readonly Word[];
  readonly #random: Random;
  readonly #gaps: Gaps;
  /** #outputs[draw][word][token] in R^d. */
  readonly #outputs: Vector[][][] = [];

  constructor(architecture: Architecture, words: readonly Word[], seed: number, gaps: Gaps) {
    this.#architecture = quantising(architecture);
    this.#words = words;
    this.#random = new Random(seed);
    this.#gaps = gaps;
  }

  /**
   * Whether F_s(words[a]) = F_t(words[b]) for all parameters and alphabets.
   * @param draws how many draws without a difference make a coincidence
   * @throws Unsettled where the draws do not settle it
   */
  same(a: number, s: number, b: number, t: number, draws = usualDraws): boolean {
    let largest = 0;
    for (let draw = 0; draw < allDraws; draw++) {
      if (draw === usualDraws) this.#gaps.redrawn++;
      const outputs = this.#draw(draw);
      largest = Math.max(largest, relativeGap(outputs[a][s], outputs[b][t]));
      if (largest > different) return this.#settled(largest, false);
      if (largest < equal && draw + 1 >= draws) return this.#settled(largest, true);
    }
    if (largest > distinct) return this.#settled(largest, false);
    this.#gaps.undecided++;
    throw new Unsettled(`undecided after ${allDraws} draws: relative gap ${largest}`);
  }

  #settled(gap: number, same: boolean): boolean {
    count(same ? this.#gaps.same : this.#gaps.different, gap);
    return same;
  }

  /** The largest relative gap seen so far, for messages. */
  gap(a: number, s: number, b: number, t: number): number {
    return Math.max(...this.#outputs.map((outputs) => relativeGap(outputs[a][s], outputs[b][t])));
  }

  #draw(draw: number): Vector[][] {
    for (let attempt = 0; this.#outputs.length <= draw; attempt++) {
      const letters = 1 + Math.max(...this.#words.flat());
      const alphabet = this.#random.matrix(letters, this.#architecture.width, 1);
      const parameters = drawParameters(this.#architecture, this.#random, scales[draw] / 2 ** attempt);
      const outputs = this.#words.map((word) =>
        evaluate(
          this.#architecture,
          parameters,
          word.map((letter) => alphabet[letter]),
        ),
      );
      // Unnormalised attention can leave float64's range; such a draw says nothing.
      if (outputs.flat().every((output) => output.every(Number.isFinite))) this.#outputs.push(outputs);
      else if (attempt === 8) throw new RangeError("no draw stays finite");
    }
    return this.#outputs[draw];
  }
}

/** |x - y| / max(|x|, |y|) in the maximum norm; 0 for two equal vectors. */
function relativeGap(x: Vector, y: Vector): number {
  let gap = 0;
  let size = 0;
  for (let i = 0; i < x.length; i++) {
    gap = Math.max(gap, Math.abs(x[i] - y[i]));
    size = Math.max(size, Math.abs(x[i]), Math.abs(y[i]));
  }
  return gap === 0 ? 0 : gap / size;
}

function count(histogram: number[], gap: number): void {
  const decade = Math.min(20, Math.max(0, Math.floor(-Math.log10(gap))));
  histogram[decade] = (histogram[decade] ?? 0) + 1;
}

/** The distribution, a line per side: "1e-3: 512" counts the gaps in [1e-4, 1e-3). */
export function describeGaps(gaps: Gaps): string {
  const line = (name: string, histogram: number[]) =>
    `${name}: ` +
    Object.entries(histogram)
      .map(([decade, comparisons]) => `${decade === "20" ? "below" : `1e-${decade}`}: ${comparisons}`)
      .join(", ");
  return [
    line("different", gaps.different),
    line("equal", gaps.same),
    `redrawn: ${gaps.redrawn}, undecided: ${gaps.undecided}`,
  ].join("\n");
}
