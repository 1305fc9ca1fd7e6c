/** The corpus of groups and their designs, and how symmetric an architecture is, by trying all permutations in float64. */
import { readFileSync } from "node:fs";
import { design, type DesignOutcome } from "../../extension/theory/design/design";
import { groupOf, type SymmetryRequest } from "../../extension/theory/design/groups";
import type { Architecture } from "../../extension/theory/architecture/schema";
import { permutations, permuted } from "./coincidences";
import { drawParameters, evaluate } from "./float64";
import { Random } from "./random";

export interface CorpusGroup {
  id: string;
  request: SymmetryRequest;
  /** Decimal, from the literature or by hand. */
  order: string;
  source: string;
}

const corpus = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../corpus/designs/${file}`, import.meta.url), "utf8"));

export const corpusGroups = (): CorpusGroup[] => corpus("groups.json") as CorpusGroup[];

/** What is kept of a design. */
export interface Summary {
  title: string;
  pairsPerLayer: number;
  layers: number;
  parameters: number;
  registers: number;
  verdict: string;
}

export const summariesOf = ({ designs }: DesignOutcome): Summary[] =>
  designs.map(({ title, cost, parameters, architecture, report }) => ({
    title,
    pairsPerLayer: cost.pairsPerLayer,
    layers: cost.layers,
    parameters,
    registers: architecture.registers,
    verdict: report.verdict,
  }));

export const designsOf = ({ request }: CorpusGroup): DesignOutcome => design(groupOf(request), { width: 16 });

/** The designs of the corpus as checked in, by group. */
export const knownDesigns = (): Record<string, Summary[]> => corpus("designs.json") as Record<string, Summary[]>;

export interface Measured {
  title: string;
  permutations: number;
  symmetries: number;
  /** Relative to the largest output: the largest error of a permutation counted as a symmetry, and the smallest of the others; null where there are none. */
  largestOfSymmetries: number;
  smallestOfOthers: number | null;
}

export const knownMeasurements = (): Record<string, Measured[]> => corpus("measured.json") as Record<string, Measured[]>; // prettier-ignore

/** Small weights keep softmax away from saturation, the larger ones show what is faint in small ones. */
const scales = [0.3, 1, 0.5, 2];
/** Permutations with errors above this in one draw are none; the others are tried in the further draws. */
const told = 1e-9;

/**
 * Tries all n! permutations pi of the tokens on a model of the architecture with width 4 and random parameters: |F(pi X) - pi F(X)|, the largest of all draws.
 * @throws RangeError where the errors leave no gap between symmetries and others.
 */
export function measureDesign(architecture: Architecture, title: string, seed: number): Measured {
  const small: Architecture = { ...architecture, width: 4 };
  const { tokens } = small;
  const random = new Random(seed);
  const all = permutations(tokens);
  let open = all;
  const errors = new Map<number[], number>();
  for (const scale of scales) {
    const { parameters, X, output } = finiteDraw(small, random, scale);
    const size = Math.max(...output.flatMap((token) => [...token].map(Math.abs)));
    for (const pi of open) {
      const moved = evaluate(small, parameters, permuted(pi, X));
      const expected = permuted(pi, output);
      let error = 0;
      moved.forEach((token, t) => token.forEach((x, i) => (error = Math.max(error, Math.abs(x - expected[t][i])))));
      // A sample rearranged may leave the range that the sample itself keeps to.
      if (!Number.isFinite(error)) error = 0;
      errors.set(pi, Math.max(errors.get(pi) ?? 0, error / size));
    }
    open = open.filter((pi) => errors.get(pi)! < told);
  }
  const sizes = (pis: readonly number[][]) => pis.map((pi) => errors.get(pi)!);
  const others = all.filter((pi) => !open.includes(pi));
  const largest = Math.max(...sizes(open));
  if (largest > 1e-12) throw new RangeError(`${title}: an error of ${largest} is neither rounding nor a difference`);
  return {
    title,
    permutations: all.length,
    symmetries: open.length,
    largestOfSymmetries: Number(largest.toPrecision(2)),
    smallestOfOthers: others.length === 0 ? null : Number(Math.min(...sizes(others)).toPrecision(2)),
  };
}

/** Scores can leave float64's range in deep models; such a draw says nothing, and one of half the scale takes its place. */
function finiteDraw(architecture: Architecture, random: Random, scale: number) {
  for (let attempt = 0; attempt < 8; attempt++) {
    const parameters = drawParameters(architecture, random, scale / 2 ** attempt);
    const X = random.matrix(architecture.tokens, architecture.width, 1);
    const output = evaluate(architecture, parameters, X);
    if (output.every((token) => token.every(Number.isFinite))) return { parameters, X, output };
  }
  throw new RangeError("no draw stays finite");
}
