/** Permutations of 0..n-1 as Int32Arrays: p sends i to p[i]. */
import type { Permutation } from "./structure";

export function identity(degree: number): Permutation {
  const p = new Int32Array(degree);
  for (let i = 0; i < degree; i++) p[i] = i;
  return p;
}

export function isIdentity(p: Permutation): boolean {
  for (let i = 0; i < p.length; i++) if (p[i] !== i) return false;
  return true;
}

/** First `inner`, then `outer`: i goes to outer[inner[i]]. */
export function compose(outer: Permutation, inner: Permutation): Permutation {
  const product = new Int32Array(inner.length);
  for (let i = 0; i < inner.length; i++) product[i] = outer[inner[i]];
  return product;
}

export function invert(p: Permutation): Permutation {
  const inverse = new Int32Array(p.length);
  for (let i = 0; i < p.length; i++) inverse[p[i]] = i;
  return inverse;
}

export function isPermutation(p: Permutation): boolean {
  const seen = new Uint8Array(p.length);
  for (const image of p) {
    if (image < 0 || image >= p.length || seen[image]) return false;
    seen[image] = 1;
  }
  return true;
}

/** Cycles of length two and more, each from its smallest point, in the order of these points. */
export function cycles(p: Permutation): number[][] {
  const found: number[][] = [];
  const seen = new Uint8Array(p.length);
  for (let start = 0; start < p.length; start++) {
    if (seen[start] || p[start] === start) continue;
    const cycle: number[] = [];
    for (let i = start; !seen[i]; i = p[i]) {
      seen[i] = 1;
      cycle.push(i);
    }
    found.push(cycle);
  }
  return found;
}

/**
 * The permutation with the given cycles: each point goes to the next one of its cycle.
 * @throws RangeError where a point is no integer of 0..degree-1 or stands in the cycles twice.
 */
export function fromCycles(degree: number, list: readonly (readonly number[])[]): Permutation {
  const p = identity(degree);
  const seen = new Uint8Array(degree);
  for (const cycle of list) {
    for (const [i, point] of cycle.entries()) {
      if (!Number.isInteger(point) || point < 0 || point >= degree)
        throw new RangeError(`${point} is none of the points 0..${degree - 1}`);
      if (seen[point]) throw new RangeError(`the point ${point} stands in the cycles twice`);
      seen[point] = 1;
      p[point] = cycle[(i + 1) % cycle.length];
    }
  }
  return p;
}

/** The least m >= 1 with p^m = 1: the least common multiple of the cycle lengths. */
export function orderOf(p: Permutation): bigint {
  const lengths = new Set(cycles(p).map((cycle) => cycle.length));
  let order = 1n;
  for (const length of lengths) order = (order / gcd(order, BigInt(length))) * BigInt(length);
  return order;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b) [a, b] = [b, a % b];
  return a;
}

/** Whether p is a product of an even number of transpositions. */
export const isEven = (p: Permutation): boolean =>
  cycles(p).reduce((parity, cycle) => parity + cycle.length - 1, 0) % 2 === 0;

/** Disjoint sets of 0..size-1, merged pair by pair; the root of a set is its smallest member. */
export class DisjointSets {
  readonly #parent: Int32Array;
  readonly #size: Int32Array;

  constructor(size: number) {
    this.#parent = identity(size);
    this.#size = new Int32Array(size).fill(1);
  }

  find(i: number): number {
    const parent = this.#parent;
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]];
      i = parent[i];
    }
    return i;
  }

  /** Whether a and b were apart before. */
  join(a: number, b: number): boolean {
    const x = this.find(a);
    const y = this.find(b);
    const low = Math.min(x, y);
    const high = Math.max(x, y);
    if (low === high) return false;
    this.#parent[high] = low;
    this.#size[low] += this.#size[high];
    return true;
  }

  sizeOf(i: number): number {
    return this.#size[this.find(i)];
  }

  /** Joins every point with its image. */
  joinOrbits(p: Permutation): void {
    for (let i = 0; i < p.length; i++) if (p[i] !== i) this.join(i, p[i]);
  }

  /** The root of every point. */
  roots(): Int32Array {
    return this.#parent.map((_, i) => this.find(i));
  }
}

/** orbitOf[v]: the smallest point of v's orbit under the group that the permutations generate. */
export function orbitsOf(degree: number, generators: readonly Permutation[]): Int32Array {
  const sets = new DisjointSets(degree);
  for (const p of generators) sets.joinOrbits(p);
  return sets.roots();
}

/**
 * The block systems of a transitive group that 0 and one other point generate, each once, those of the smallest blocks first: for every point the
 * smallest one of its block (Atkinson 1975). None where the group is primitive; every minimal system is among them.
 */
export function blockSystems(degree: number, generators: readonly Permutation[]): Int32Array[] {
  const systems: { blocks: Int32Array; size: number }[] = [];
  for (let other = 1; other < degree; other++) {
    const sets = new DisjointSets(degree);
    sets.join(0, other);
    const queue = [0, other];
    // The images of every joined pair are in one block too.
    for (let i = 0; i < queue.length; i += 2) {
      for (const p of generators) {
        const a = p[queue[i]];
        const b = p[queue[i + 1]];
        if (sets.join(a, b)) queue.push(a, b);
      }
    }
    const size = sets.sizeOf(0);
    if (size === degree) continue;
    const blocks = sets.roots();
    if (systems.some((known) => known.size === size && known.blocks.every((root, point) => root === blocks[point])))
      continue;
    systems.push({ blocks, size });
  }
  return systems.sort((a, b) => a.size - b.size).map(({ blocks }) => blocks);
}
