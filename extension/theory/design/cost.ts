/** What an architecture costs, so that designs and repairs can be ranked. */
import type { Architecture } from "../architecture/schema";
import type { Rows } from "../patterns/rows";
import { compileStack } from "../views/stack";

export interface AttentionCost {
  /** Mixing layers, repetitions unrolled. */
  layers: number;
  /** Pairs (query, key) that some head attends to, in the layer that has the most of them; registers included. */
  pairsPerLayer: number;
  /** The same, summed over all layers and heads: the attention scores that a forward pass computes for one sample. */
  scores: number;
  /** The scores of the same layers and heads where every token attends to every token (registers left out). */
  fullScores: number;
}

/**
 * @throws BeyondReach where a pattern is too large.
 * @throws Undecided where the specification's meaning is outside what the theory covers.
 */
export function attentionCost(architecture: Architecture): AttentionCost {
  const { layers, tokens } = compileStack(architecture);
  const headCounts = architecture.layers.map(({ mixer }) =>
    mixer.kind === "attention" ? mixer.heads.map(({ count }) => count) : [1],
  );
  const cost: AttentionCost = { layers: layers.length, pairsPerLayer: 0, scores: 0, fullScores: 0 };
  const known = new Map<Rows, number>();
  const pairsOf = (rows: Rows): number => {
    const before = known.get(rows);
    if (before !== undefined) return before;
    const pairs = pairCount(rows);
    known.set(rows, pairs);
    return pairs;
  };
  for (const { heads, block } of layers) {
    const pairs = heads.map(({ rows }) => pairsOf(rows));
    cost.pairsPerLayer = Math.max(cost.pairsPerLayer, ...pairs);
    heads.forEach((_, group) => {
      const count = headCounts[block][group];
      cost.scores += count * pairs[group];
      cost.fullScores += count * tokens ** 2;
    });
  }
  return cost;
}

/** The number of pairs (query, key). */
export function pairCount({ rowOf, first, bounds }: Rows): number {
  const keys = Array.from({ length: first.length - 1 }, (_, row) => {
    let sum = 0;
    for (let run = first[row]; run < first[row + 1]; run++) sum += bounds[2 * run + 1] - bounds[2 * run];
    return sum;
  });
  return rowOf.reduce((sum, row) => sum + keys[row], 0);
}
