/**
 * The search for sparse designs: subsets of the orbits on ordered pairs that still have exactly the group's symmetry and connect all tokens, one for every trade
 * between attended pairs and layers.
 */
import type { Choice } from "./architectures";
import type { Ground } from "./ground";

/** All subsets of so many orbits are looked at. */
const exhaustiveOrbits = 12;
/** Beyond it: all subsets of up to three orbits while they are at most so many, and what is left when orbits are taken away. */
const smallSubsets = 2500;
/** Elementary steps of the search on one ground, and subsets of it that are decided by the theory. */
const steps = 3e6;
const decided = 40;
/** With registers a decision takes ten times as long. */
const decidedWithRegisters = 14;

/** A choice with the layers that it needs, as the theory decides it. */
export interface Found extends Choice {
  layers: number;
}

export interface SearchOutcome {
  found: Found[];
  /** Whether every subset of the orbits was looked at. */
  complete: boolean;
}

/**
 * @param fixed orbits that are attended in any case.
 * @param layersOf the layers that a choice needs to be certified for exactly the group; null where it is not.
 */
export function searchOrbits(
  ground: Ground,
  fixed: ReadonlySet<number>,
  layersOf: (choice: Choice, hops: number) => number | null,
): SearchOutcome {
  const free = Array.from({ length: ground.orbits }, (_, orbit) => orbit).filter((orbit) => !fixed.has(orbit));
  const search = new Search(ground, fixed, free, layersOf);
  search.everything();
  const few = free.length <= exhaustiveOrbits;
  if (!few || ground.registers.count > 1) search.thinnedSubsets();
  const complete = few ? search.allSubsets() : search.smallSubsets();
  return { found: search.found, complete };
}

class Search {
  readonly found: Found[] = [];
  private readonly known = new Set<string>();
  /** Whether subsets with a class for every orbit and all positions are exact. */
  private readonly exact = new Map<string, boolean>();
  private decisions = 0;
  private readonly pairsOf = new Map<Found, number>();
  private readonly modes: { classes: boolean; positions: boolean }[];
  private readonly ownClasses: readonly number[];
  private readonly start: number;

  constructor(
    private readonly ground: Ground,
    private readonly fixed: ReadonlySet<number>,
    private readonly free: readonly number[],
    private readonly layersOf: (choice: Choice, hops: number) => number | null,
  ) {
    this.ownClasses = Array.from({ length: ground.orbits }, (_, orbit) => orbit);
    // The fewest parameters first: biases are single numbers, positions vectors.
    this.modes = [false, true].flatMap((positions) =>
      positions && ground.tokenOrbits === 1 ? [] : [false, true].map((classes) => ({ classes, positions })),
    );
    this.start = ground.spent;
  }

  private get exhausted(): boolean {
    return (
      this.ground.spent - this.start > steps ||
      this.decisions >= (this.ground.registers.count > 1 ? decidedWithRegisters : decided)
    );
  }

  /** All pairs with a class for every orbit: what the others are measured against. */
  everything(): void {
    this.try(this.attending(this.free), 1);
  }

  /** Returns whether nothing was left out. */
  allSubsets(): boolean {
    const { free } = this;
    const subsets = Array.from({ length: 1 << free.length }, (_, bits) => free.filter((_, i) => (bits >> i) & 1));
    return this.inOrder(subsets);
  }

  smallSubsets(): false {
    const { free } = this;
    let subsets: number[][] = [[]];
    const all: number[][] = [];
    for (let size = 1; size <= 3; size++) {
      subsets = subsets.flatMap((subset) => free.filter((orbit) => orbit > (subset.at(-1) ?? -1)).map((orbit) => [...subset, orbit])); // prettier-ignore
      if (all.length + subsets.length > smallSubsets) break;
      all.push(...subsets);
    }
    this.inOrder(all);
    return false;
  }

  thinnedSubsets(): void {
    const caps = [Infinity, 2, 4, 3, 1, 8, 6];
    this.inOrder(caps.flatMap((cap) => [false, true].flatMap((late) => this.thinned(cap, late))));
  }

  /** Takes orbits away, many at once while that goes well, as long as the symmetry stays exact and all tokens are seen within `cap` layers. */
  private thinned(cap: number, lateFirst: boolean): number[][] {
    const { ground } = this;
    const holds = (orbits: readonly number[]) => {
      if (this.exhausted) return false;
      const attended = this.attending(orbits);
      const hops = ground.hops(attended);
      if (hops === null || hops > cap) return false;
      const key = attended.map(Number).join("");
      const known = this.exact.get(key) ?? ground.isExact(attended, this.ownClasses, ground.tokenOrbits > 1);
      this.exact.set(key, known);
      return known;
    };
    let left = [...this.free].sort((a, b) => ground.pairs[b] - ground.pairs[a] || (lateFirst ? b - a : a - b));
    if (!holds(left)) return [];
    for (let chunk = left.length >> 1; chunk >= 1; chunk >>= 1)
      for (let at = 0; at < left.length;) {
        const fewer = left.toSpliced(at, chunk);
        if (holds(fewer)) left = fewer;
        else at += chunk;
      }
    return [left];
  }

  /** Looks at the subsets with the fewest pairs first. Returns whether nothing was left out. */
  private inOrder(subsets: readonly (readonly number[])[]): boolean {
    const { ground } = this;
    const sized = subsets
      .map((orbits) => ({ attended: this.attending(orbits), orbits }))
      .map((subset) => ({ ...subset, pairs: ground.count(subset.attended) }))
      .sort((a, b) => a.pairs - b.pairs);
    for (let at = 0; at < sized.length;) {
      let end = at;
      while (end < sized.length && sized[end].pairs === sized[at].pairs) end++;
      // Of subsets with equally many pairs those that connect the tokens fastest come first.
      const level = sized
        .slice(at, end)
        .map(({ attended }) => ({ attended, hops: ground.hops(attended) ?? Infinity }))
        .filter(({ hops }) => hops < Infinity)
        .sort((a, b) => a.hops - b.hops);
      for (const { attended, hops } of level) {
        if (this.isBeaten(sized[at].pairs, hops)) break;
        const key = attended.map(Number).join("");
        if (this.known.has(key)) continue;
        this.known.add(key);
        if (this.exhausted) return false;
        this.try(attended, hops);
      }
      at = end;
    }
    return true;
  }

  private attending(orbits: readonly number[]): boolean[] {
    const attended = new Array<boolean>(this.ground.orbits).fill(false);
    for (const orbit of this.fixed) attended[orbit] = true;
    for (const orbit of orbits) attended[orbit] = true;
    return attended;
  }

  /** Every mode that is exact and takes fewer layers than those before it. */
  private try(attended: readonly boolean[], hops: number): void {
    let best = Infinity;
    for (const { classes, positions } of this.modes) {
      const own = classes ? this.ownClasses : null;
      if (!this.ground.isExact(attended, own, positions)) continue;
      const choice: Choice = { attended, classes: own, positions };
      this.decisions++;
      const layers = this.layersOf(choice, hops);
      if (layers === null || layers >= best) continue;
      best = layers;
      const found = { ...choice, layers };
      this.found.push(found);
      this.pairsOf.set(found, this.ground.count(attended));
      if (layers <= hops) break;
    }
  }

  /** Whether something found needs no more pairs and no more layers than so many pairs with so many hops can do with. */
  private isBeaten(pairs: number, hops: number): boolean {
    return this.found.some((other) => other.layers <= hops && this.pairsOf.get(other)! <= pairs);
  }
}

/** The same choice with classes merged two by two, as long as it stays exact and needs no more layers. */
export function mergedClasses(
  ground: Ground,
  found: Found,
  layersOf: (choice: Choice, hops: number) => number | null,
): Found {
  if (found.classes === null) return found;
  let { classes } = found;
  const used = [...new Set(classes.filter((_, orbit) => found.attended[orbit]))];
  if (used.length > 8) return found;
  for (let i = 0; i < used.length; i++)
    for (let j = i + 1; j < used.length; j++) {
      const merged: readonly number[] = classes.map((c) => (c === used[j] ? used[i] : c));
      if (merged.every((c, orbit) => c === classes[orbit])) continue;
      if (!ground.isExact(found.attended, merged, found.positions)) continue;
      const layers = layersOf({ ...found, classes: merged }, found.layers);
      if (layers !== null && layers <= found.layers) classes = merged;
    }
  return { ...found, classes };
}
