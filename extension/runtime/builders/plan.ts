/** How a pattern is computed: which blocks of queries meet which blocks of keys. Pure bookkeeping, no tensors. */
import type { Rows } from "../../theory/patterns/rows";

/** The pairs (query[i], key[i]) of the pattern that a part computes; pair i is number at[i] of the part's blocks * s * t products. */
export interface Pairs {
  query: Int32Array;
  key: Int32Array;
  at: Int32Array;
}

export interface PartPlan {
  blocks: number;
  /** The query in each slot, -1 in a slot without one. */
  queries: Int32Array;
  /** The keys of each piece, likewise (see `Part.keys`). */
  keys: Int32Array[];
  /** blocks * s * t */
  products: number;
  pairs: Pairs;
}

/** Parts that hold every pair of the pattern once. */
export interface Plan {
  size: number;
  parts: PartPlan[];
  /** Per query, whether it has a key. */
  occupied: Uint8Array;
}

const identity = (size: number): Int32Array => Int32Array.from({ length: size }, (_, i) => i);

/** Every pair of a pattern in the order of queries, then keys. */
function allPairs(rows: Rows): { query: Int32Array; key: Int32Array } {
  let count = 0;
  const runs = (q: number) => [rows.first[rows.rowOf[q]], rows.first[rows.rowOf[q] + 1]];
  for (let q = 0; q < rows.size; q++) {
    const [from, to] = runs(q);
    for (let run = from; run < to; run++) count += rows.bounds[2 * run + 1] - rows.bounds[2 * run];
  }
  const [query, key] = [new Int32Array(count), new Int32Array(count)];
  let i = 0;
  for (let q = 0; q < rows.size; q++) {
    const [from, to] = runs(q);
    for (let run = from; run < to; run++)
      for (let k = rows.bounds[2 * run]; k < rows.bounds[2 * run + 1]; k++, i++) {
        query[i] = q;
        key[i] = k;
      }
  }
  return { query, key };
}

/** The plan that computes all pairs of tokens and masks those outside the pattern. */
export function densePlan(rows: Rows): Plan {
  const { size } = rows;
  const { query, key } = allPairs(rows);
  const occupied = new Uint8Array(size);
  for (const q of query) occupied[q] = 1;
  const pairs = { query, key, at: query.map((q, i) => q * size + key[i]) };
  const part = { blocks: 1, queries: identity(size), keys: [identity(size)], products: size * size, pairs };
  return { size, parts: [part], occupied };
}
