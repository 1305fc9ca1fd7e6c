/** The exact test of an isomorphism between coloured structures, run by run. */
import { identity, isPermutation } from "./permutation";
import type { Permutation, Relation, Structure } from "./structure";
import { BeyondReach } from "../patterns/rows";

/** Elementary steps that a computation may still take. */
export class Budget {
  constructor(private left: number) {}

  /** @throws BeyondReach when the steps are used up. */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw new BeyondReach("the search for symmetries would take more steps than allowed");
  }
}

/** Whether v -> p[v] carries `a` onto `b` exactly (see structure.ts). Time: the runs, each cut where p does not go on by +1 or -1. */
export function isIsomorphism(a: Structure, b: Structure, p: Permutation, budget = new Budget(Infinity)): boolean {
  const { size } = a;
  if (b.size !== size || p.length !== size || a.relations.length !== b.relations.length || !isPermutation(p))
    return false;
  for (let v = 0; v < size; v++) if (a.colours[v] !== b.colours[p[v]]) return false;
  const ends = pieceEnds(p);
  const all = identity(size);
  return a.relations.every((relation, i) => carries(relation, b.relations[i], p, ends, all, budget));
}

/**
 * Whether the permutation is an automorphism, exactly, where the relations' columns are at hand (null: they are not): pairs of vertices that stay in
 * place stay as they are, so only the rows and the columns of the moved ones are compared.
 */
export function isAutomorphismByMoved(
  structure: Structure,
  columns: readonly (Relation | null)[],
  p: Permutation,
  budget: Budget,
): boolean {
  const moved = identity(structure.size).filter((v) => p[v] !== v);
  if (2 * moved.length > structure.size || columns.includes(null))
    return isIsomorphism(structure, structure, p, budget);
  if (moved.some((v) => structure.colours[v] !== structure.colours[p[v]])) return false;
  const ends = pieceEnds(p);
  budget.spend(2 * structure.size);
  return [...structure.relations, ...columns].every(
    (relation) => relation === null || carries(relation, relation, p, ends, moved, budget),
  );
}

/** Whether v -> p[v] is an automorphism of the structure, exactly. */
export const isAutomorphism = (structure: Structure, p: Permutation): boolean => isIsomorphism(structure, structure, p);

/** For each x the end of the longest piece from x on which p has slope +1 throughout or -1 throughout. */
function pieceEnds(p: Permutation): Int32Array {
  const { length } = p;
  const ends = new Int32Array(length);
  let end = length;
  for (let x = length - 1; x >= 0; x--) {
    const step = x + 1 < length ? p[x + 1] - p[x] : 0;
    if (step !== 1 && step !== -1) end = x + 1;
    else if (x + 2 < end && p[x + 2] - p[x + 1] !== step) end = x + 2;
    ends[x] = end;
  }
  return ends;
}

/** Whether p carries the rows of the vertices onto the rows of their images. */
function carries(
  a: Relation,
  b: Relation,
  p: Permutation,
  ends: Int32Array,
  vertices: Int32Array,
  budget: Budget,
): boolean {
  // Rows that vertices share are compared once for every partner.
  const partner = new Int32Array(a.first.length - 1).fill(-1);
  for (const v of vertices) {
    const row = a.rowOf[v];
    const target = b.rowOf[p[v]];
    if (row < 0 || target < 0) {
      if (row >= 0 || target >= 0) return false;
    } else if (partner[row] !== target) {
      if (!carriesRow(a, row, b, target, p, ends, budget)) return false;
      partner[row] = target;
    }
  }
  budget.spend(vertices.length);
  return true;
}

/** Every key of the row goes to a key of the same class in the target, and the rows hold equally many keys: so the rows agree. */
function carriesRow(
  a: Relation,
  row: number,
  b: Relation,
  target: number,
  p: Permutation,
  ends: Int32Array,
  budget: Budget,
): boolean {
  let steps = 1;
  let keys = 0;
  for (let run = b.first[target]; run < b.first[target + 1]; run++) keys += b.bounds[2 * run + 1] - b.bounds[2 * run];
  for (let run = a.first[row]; run < a.first[row + 1]; run++) {
    const to = a.bounds[2 * run + 1];
    keys -= to - a.bounds[2 * run];
    for (let x = a.bounds[2 * run]; x < to;) {
      const end = Math.min(ends[x], to);
      const low = Math.min(p[x], p[end - 1]);
      if (!holdsThroughout(b, target, low, low + end - x, a.classes[run])) return false;
      steps += 4;
      x = end;
    }
  }
  budget.spend(steps + b.first[target + 1] - b.first[target]);
  return keys === 0;
}

/** The run of the row that holds the key, or the first one after it. */
export function runAt(relation: Relation, row: number, key: number): number {
  let low = relation.first[row];
  let high = relation.first[row + 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (relation.bounds[2 * middle + 1] <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether the row's keys from..to-1 all have the class. */
function holdsThroughout(relation: Relation, row: number, from: number, to: number, label: number): boolean {
  const last = relation.first[row + 1];
  for (let run = runAt(relation, row, from); run < last; run++) {
    if (relation.bounds[2 * run] > from || relation.classes[run] !== label) return false;
    from = relation.bounds[2 * run + 1];
    if (from >= to) return true;
  }
  return false;
}
