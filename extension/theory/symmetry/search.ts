/**
 * The search tree of individualisation and refinement (McKay and Piperno, "Practical graph isomorphism, II", 2014): the first path fixes a base, and
 * from its end upwards every other vertex of each target cell is tried as an image of the base point, found automorphisms pruning what is left.
 */
import { isAutomorphismByMoved, isIsomorphism, type Budget } from "./isomorphic";
import { DisjointSets, orbitsOf } from "./permutation";
import { Cells, Refiner, Trace } from "./refinement";
import type { Permutation, Structure } from "./structure";
import { BeyondReach } from "../patterns/rows";

/** Most 32-bit numbers that the saved partitions of a path may take. */
const savedNumbers = 1 << 27;

/** Generators of the automorphism group relative to a base, and the orbit lengths of its stabiliser chain, whose product is the order. */
export interface Found {
  generators: Permutation[];
  orbitLengths: number[];
}

/** The first path: what every other path is compared with. */
class FirstPath {
  readonly refiner: Refiner;
  readonly traces: Trace[] = [];
  /** The target cell and the base point of each level. */
  readonly targets: number[] = [];
  readonly base: number[] = [];
  /** The partition at each level, before its base point gets a cell of its own; the last is discrete. */
  readonly saved: Cells[] = [];
  /** The vertices at each level, cell by cell and ascending in each. */
  readonly ascending: Int32Array[] = [];

  constructor(
    readonly structure: Structure,
    readonly budget: Budget,
  ) {
    this.refiner = new Refiner(structure, budget);
    const { cells } = this.refiner;
    const trace = new Trace();
    this.refiner.start(trace);
    this.traces.push(trace);
    this.save(cells);
    while (!cells.isDiscrete) {
      const target = cells.smallest();
      const point = cells.of(target).reduce((least, v) => Math.min(least, v));
      this.targets.push(target);
      this.base.push(point);
      const next = new Trace();
      this.refiner.individualise(point, next);
      this.traces.push(next);
      this.save(cells);
    }
  }

  private save(cells: Cells): void {
    if ((this.saved.length + 1) * 8 * cells.size > savedNumbers)
      throw new BeyondReach("the search for symmetries would take more memory than allowed");
    const copy = new Cells(cells.size);
    copy.copyFrom(cells);
    this.saved.push(copy);
    this.ascending.push(cells.ascending());
    this.budget.spend(7 * cells.size);
  }
}

/** Follows the first path through a structure (its own, or another that may be isomorphic) with other images of the base points. */
class Matcher {
  private readonly scratch: Cells[] = [];

  constructor(
    private readonly path: FirstPath,
    private readonly structure: Structure,
    private readonly refiner: Refiner,
    private readonly budget: Budget,
    /** Automorphisms of `structure` known so far. */
    private readonly known: () => readonly Permutation[],
  ) {}

  /** Refines after the image of the base point of `level` got its own cell; false where the trace shows that nothing can match. */
  step(level: number, image: number): boolean {
    const trace = this.path.traces[level + 1];
    trace.replay();
    return this.refiner.individualise(image, trace);
  }

  start(): boolean {
    const [trace] = this.path.traces;
    trace.replay();
    return this.refiner.start(trace);
  }

  /** An isomorphism that continues the images chosen so far for the base points below `level`; null where there is none. */
  complete(level: number, images: number[]): Permutation | null {
    const { path, refiner, budget } = this;
    const { cells } = refiner;
    const candidate = this.candidate(level);
    if (this.isMatch(candidate)) return candidate;
    if (level === path.base.length) return null;
    const saved = (this.scratch[level] ??= new Cells(cells.size));
    saved.copyFrom(cells);
    budget.spend(7 * cells.size);
    const tried: number[] = [];
    let orbit: Int32Array | null = null;
    for (const image of this.imagesToTry(level)) {
      if (orbit !== null && tried.some((other) => orbit![other] === orbit![image])) continue;
      if (tried.length > 0) cells.copyFrom(saved);
      if (this.step(level, image)) {
        const found = this.complete(level + 1, [...images, image]);
        if (found) return found;
      }
      tried.push(image);
      // What failed for one image fails for all that an automorphism fixing the images so far exchanges with it.
      const fixing = this.known().filter((p) => images.every((v) => p[v] === v));
      budget.spend(cells.size * (1 + fixing.length));
      orbit = orbitsOf(cells.size, fixing);
    }
    return null;
  }

  private isMatch(candidate: Permutation): boolean {
    const { path, structure, refiner, budget } = this;
    return refiner === path.refiner
      ? isAutomorphismByMoved(structure, refiner.columns, candidate, budget)
      : isIsomorphism(path.structure, structure, candidate, budget);
  }

  /** The target cell's vertices, the base point itself first: it leads to automorphisms that move little. */
  private imagesToTry(level: number): number[] {
    const { cells } = this.refiner;
    const images = Array.from(cells.of(this.path.targets[level])).sort((a, b) => a - b);
    const place = this.refiner === this.path.refiner ? images.indexOf(this.path.base[level]) : -1;
    if (place > 0) images.unshift(...images.splice(place, 1));
    return images;
  }

  /** A guess at the isomorphism: cells onto each other, their vertices in ascending order. Cells that are the same set are fixed by it. */
  private candidate(level: number): Permutation {
    const { cells } = this.refiner;
    const from = this.path.ascending[level];
    const to = cells.ascending();
    const image = new Int32Array(cells.size);
    for (let place = 0; place < from.length; place++) image[from[place]] = to[place];
    this.budget.spend(3 * cells.size);
    return image;
  }
}

/** The automorphism group of the structure. */
export function searchAutomorphisms(structure: Structure, budget: Budget): Found {
  const path = new FirstPath(structure, budget);
  const generators: Permutation[] = [];
  const orbitLengths: number[] = [];
  const orbits = new DisjointSets(structure.size);
  const matcher = new Matcher(path, structure, path.refiner, budget, () => generators);
  const { cells } = path.refiner;
  for (let level = path.base.length - 1; level >= 0; level--) {
    const saved = path.saved[level];
    const point = path.base[level];
    const failed: number[] = [];
    // All generators found so far fix the base points above this level, so their orbits here are those of the stabiliser.
    for (const image of saved.of(path.targets[level]).slice().sort()) {
      const root = orbits.find(image);
      if (root === orbits.find(point) || failed.some((other) => orbits.find(other) === root)) continue;
      cells.copyFrom(saved);
      budget.spend(7 * cells.size + failed.length);
      const found = matcher.step(level, image)
        ? matcher.complete(level + 1, [...path.base.slice(0, level), image])
        : null;
      if (found === null) failed.push(image);
      else {
        generators.push(found);
        orbits.joinOrbits(found);
      }
    }
    orbitLengths.push(orbits.sizeOf(point));
  }
  return { generators, orbitLengths };
}

/** An isomorphism a -> b, or null where there is none. */
export function searchIsomorphism(a: Structure, b: Structure, budget: Budget): Permutation | null {
  const path = new FirstPath(a, budget);
  let known: Permutation[] | null = null;
  const automorphisms = () => (known ??= searchAutomorphisms(b, budget).generators);
  const matcher = new Matcher(path, b, new Refiner(b, budget), budget, automorphisms);
  return matcher.start() ? matcher.complete(0, []) : null;
}
