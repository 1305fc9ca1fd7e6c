/** What the theory says of an architecture, for a program that measures it on itself. */
import type { Architecture } from "../theory/architecture/schema";
import { runsOf } from "../theory/patterns/algebra";
import { buildRows } from "../theory/patterns/build";
import { seen } from "../theory/patterns/reach";
import { BeyondReach } from "../theory/patterns/rows";
import { PermutationGroup } from "../theory/symmetry/group";
import { fromCycles } from "../theory/symmetry/permutation";
import { examine } from "../theory/verdict/analyse";
import { compileStack, Undecided } from "../theory/views/stack";

export interface Expected {
  verdict: string;
  statement: string;
  symmetry: {
    name: string;
    order: string;
    /** Generators of the group, as cycles. */
    generators: number[][][];
    /** A transposition that is not in the group; null where there is none, the group being all permutations. */
    outside: number[] | null;
  } | null;
  /**
   * What is looked at, every `stride`-th output, and on which tokens each of these depends, as runs from, to, from, to, ...; "full" and "causal" where that
   * says it. Null where it is not decided.
   */
  visibility: "full" | "causal" | number[][] | null;
  stride: number;
}

/** At most so many outputs are looked at. */
const outputs = 64;

export function expected(architecture: Architecture): Expected {
  const { verdict, statement, symmetry } = examine(architecture).report;
  const { tokens } = architecture;
  const stride = Math.ceil(tokens / outputs);
  const generators = symmetry?.generators ?? null;
  return {
    verdict,
    statement,
    symmetry:
      symmetry === null || generators === null
        ? null
        : { name: symmetry.name, order: symmetry.order, generators, outside: outside(tokens, generators) },
    visibility: visibility(architecture, stride),
    stride,
  };
}

/** Transpositions generate all permutations, so that a smaller group lacks one, and one with token 0 or two tokens of one cycle. */
function outside(tokens: number, generators: readonly number[][][]): number[] | null {
  const group = PermutationGroup.generate(
    tokens,
    generators.map((cycles) => fromCycles(tokens, cycles)),
  );
  for (let a = 0; a + 1 < tokens; a++) if (!group.contains(fromCycles(tokens, [[a, a + 1]]))) return [a, a + 1];
  return null;
}

function visibility(architecture: Architecture, stride: number): Expected["visibility"] {
  const { tokens } = architecture;
  let rows: number[][];
  try {
    const layers = compileStack(architecture).layers.map(({ dependence }) => dependence);
    rows = Array.from({ length: Math.ceil(tokens / stride) }, (_, i) =>
      ofSequence(seen(layers, layers.length, i * stride), tokens),
    );
  } catch (error) {
    if (error instanceof Undecided || error instanceof BeyondReach) return null;
    throw error;
  }
  const all = (end: (t: number) => number) => rows.every((runs, i) => runs.length === 2 && runs[0] === 0 && runs[1] === end(i * stride)); // prettier-ignore
  if (all(() => tokens)) return "full";
  return all((t) => t + 1) ? "causal" : rows;
}

/** Runs without registers. */
function ofSequence(runs: Int32Array, tokens: number): number[] {
  const own: number[] = [];
  for (let i = 0; i < runs.length && runs[i] < tokens; i += 2) own.push(runs[i], Math.min(runs[i + 1], tokens));
  return own;
}

/** The pairs of a pattern, by query. */
export function keysOf(...[pattern, tokens, registers]: Parameters<typeof buildRows>): number[][] {
  const rows = buildRows(pattern, tokens, registers);
  return Array.from({ length: rows.size }, (_, q) => {
    const runs = runsOf(rows, q);
    const keys: number[] = [];
    for (let i = 0; i < runs.length; i += 2) for (let k = runs[i]; k < runs[i + 1]; k++) keys.push(k);
    return keys;
  });
}
