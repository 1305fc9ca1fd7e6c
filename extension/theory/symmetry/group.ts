/**
 * Permutation groups by Schreier-Sims (Sims 1970; Seress, "Permutation Group Algorithms", 2003, chapter 4): a base and, level by level, the orbit of its
 * next point under the stabiliser of the points before it. Group elements drawn from a seeded source make the chain, a proof that it is complete
 * follows: its order reaches an upper bound, or every Schreier generator is in it.
 */
import { Budget } from "./isomorphic";
import { factorial } from "./order";
import { blockSystems, compose, identity, invert, isEven, isIdentity, isPermutation, orbitsOf } from "./permutation";
import type { Permutation } from "./structure";

/** Elementary steps (points moved) allowed to one group. */
const allowed = 6e8;
/** Number of generators up to which an orbit's tree is grown anew as they double. */
const grownWith = 16;
/** So many drawn elements in a row that the chain knows end the drawing, and so many where the order is known not to be reached. */
const drawnInVain = 12;
const drawnInVainBelow = 60;
/** Products made before elements are drawn, for every element of the pool. */
const mixing = 10;
/** Steps below which all Schreier generators are tried at once. */
const quicklyTried = 3e7;
/** Elements that are multiplied with each other; few would make elements that are far from uniform. */
const pool = 8;

/** A generator with its inverse, shared by the levels that have it. */
interface Step {
  forward: Permutation;
  back: Permutation;
}

/** One level of the chain: the orbit of `point` under the generators that fix all base points before it. */
class Level {
  readonly steps: Step[] = [];
  orbit: number[];
  /** The generator by which the orbit's tree reached a point; -1 at the root, -2 outside. */
  private readonly reachedBy: Int16Array;

  constructor(
    readonly point: number,
    degree: number,
    /** Points that the orbit can have at most. */
    private readonly most: number,
  ) {
    this.orbit = [point];
    this.reachedBy = new Int16Array(degree).fill(-2);
    this.reachedBy[point] = -1;
  }

  add(step: Step): void {
    const count = this.steps.push(step);
    // Now and then the tree is grown anew, breadth first over all generators, which keeps it shallow.
    const anew = count <= grownWith && (count & (count - 1)) === 0;
    if (!anew && this.orbit.length === this.most) return;
    if (anew) {
      for (const point of this.orbit) this.reachedBy[point] = -2;
      this.reachedBy[this.point] = -1;
      this.orbit = [this.point];
    }
    const known = anew ? 0 : this.orbit.length;
    for (let i = 0; i < this.orbit.length; i++)
      for (let by = i < known ? count - 1 : 0; by < count; by++) {
        const image = this.steps[by].forward[this.orbit[i]];
        if (this.reachedBy[image] !== -2) continue;
        this.reachedBy[image] = by;
        this.orbit.push(image);
      }
  }

  /** Multiplies p so that it fixes the point; false where p takes the point out of the orbit. */
  strip(p: Permutation, budget: Budget): boolean {
    for (let image = p[this.point]; image !== this.point; image = p[this.point]) {
      const by = this.reachedBy[image];
      if (by === -2) return false;
      const { back } = this.steps[by];
      for (let i = 0; i < p.length; i++) p[i] = back[p[i]];
      budget.spend(p.length);
    }
    return true;
  }

  /** The element of the tree that takes the point to `image`. */
  transversal(image: number): Permutation {
    let p = identity(this.reachedBy.length);
    for (let at = image; at !== this.point;) {
      const { forward, back } = this.steps[this.reachedBy[at]];
      p = compose(p, forward);
      at = back[at];
    }
    return p;
  }
}

/** A group of permutations of 0..degree-1. */
export class PermutationGroup {
  readonly order: bigint;

  private constructor(
    readonly degree: number,
    /** As given, without the identity. */
    readonly generators: readonly Permutation[],
    private readonly levels: readonly Level[],
  ) {
    this.order = levels.reduce((order, level) => order * BigInt(level.orbit.length), 1n);
  }

  /**
   * The group that the permutations generate.
   * @param firstBase a point to stabilise first, so that `stabiliser(firstBase)` costs nothing.
   * @param atMost an upper bound of the order that another route has proved; where it is met, that spares the proof.
   * @throws RangeError where one of them is no permutation of 0..degree-1.
   * @throws BeyondReach where the chain would take more steps than allowed.
   */
  static generate(
    degree: number,
    generators: readonly Permutation[],
    firstBase?: number,
    atMost?: bigint,
  ): PermutationGroup {
    if (generators.some((p) => p.length !== degree || !isPermutation(p)))
      throw new RangeError(`a generator is no permutation of ${degree} points`);
    const moving = generators.filter((p) => !isIdentity(p));
    const { levels } = new Chain(degree, moving, firstBase === undefined ? [] : [firstBase], atMost);
    return new PermutationGroup(degree, moving, levels);
  }

  get isTrivial(): boolean {
    return this.order === 1n;
  }

  contains(p: Permutation): boolean {
    if (p.length !== this.degree || !isPermutation(p)) return false;
    const rest = p.slice();
    const budget = new Budget(Infinity);
    return this.levels.every((level) => level.strip(rest, budget)) && isIdentity(rest);
  }

  equals(other: PermutationGroup): boolean {
    return (
      this.degree === other.degree && this.order === other.order && this.generators.every((p) => other.contains(p))
    );
  }

  /** The smallest point of every point's orbit. */
  get orbitOf(): Int32Array {
    return orbitsOf(this.degree, this.generators);
  }

  /** The orbits, each ascending, by their smallest points. */
  orbits(): number[][] {
    const orbits = new Map<number, number[]>();
    this.orbitOf.forEach((root, point) => {
      const orbit = orbits.get(root);
      if (orbit) orbit.push(point);
      else orbits.set(root, [point]);
    });
    return [...orbits.values()];
  }

  /** The elements that fix the point. */
  stabiliser(point: number): PermutationGroup {
    if (this.generators.every((p) => p[point] === point)) return this;
    const levels = this.levelsFrom(point);
    return new PermutationGroup(this.degree, levels[1]?.steps.map((step) => step.forward) ?? [], levels.slice(1));
  }

  /** Generators of the elements that keep a block as a set: those that fix one of its points, and one that takes that point to each of the others. */
  keepingBlock(block: readonly number[]): Permutation[] {
    const levels = this.levelsFrom(block[0]);
    return [
      ...(levels[1]?.steps.map((step) => step.forward) ?? []),
      ...block.map((point) => levels[0].transversal(point)),
    ];
  }

  /** A chain whose first base point is the one given, which some generator moves. */
  private levelsFrom(point: number): readonly Level[] {
    return this.levels[0].point === point
      ? this.levels
      : new Chain(this.degree, this.generators, [point], this.order).levels;
  }

  /** The action on a union of orbits, the identity on all other points. */
  restrictedTo(points: Iterable<number>): PermutationGroup {
    const inside = new Set(points);
    // With these points at the head of the base, their levels are a chain of the restriction.
    const { levels } = new Chain(this.degree, this.generators, [...inside], this.order);
    const order = levels.reduce(
      (product, level) => (inside.has(level.point) ? product * BigInt(level.orbit.length) : product),
      1n,
    );
    const restricted = this.generators.map((p) => p.map((image, point) => (inside.has(point) ? image : point)));
    return PermutationGroup.generate(this.degree, restricted, undefined, order);
  }

  /**
   * An element drawn uniformly: one representative of every level's cosets, independently.
   * @param below uniform among 0..count-1.
   */
  uniform(below: (count: number) => number): Permutation {
    return this.levels.reduce(
      (product, level) => compose(product, level.transversal(level.orbit[below(level.orbit.length)])),
      identity(this.degree),
    );
  }

  /** All elements, the identity first. Lazily: there are `order` of them. */
  *elements(): Generator<Permutation> {
    const { levels, degree } = this;
    function* below(level: number): Generator<Permutation> {
      if (level === levels.length) {
        yield identity(degree);
        return;
      }
      for (const image of levels[level].orbit) {
        const representative = levels[level].transversal(image);
        for (const rest of below(level + 1)) yield compose(representative, rest);
      }
    }
    yield* below(0);
  }
}

/** The making of a base and strong generating set. */
class Chain {
  readonly levels: Level[] = [];
  private readonly budget: Budget;

  constructor(
    private readonly degree: number,
    private readonly generators: readonly Permutation[],
    base: readonly number[],
    atMost?: bigint,
  ) {
    this.budget = new Budget(allowed);
    if (generators.length === 0) return;
    const points = base.length > 0 ? base : [generators[0].findIndex((image, point) => image !== point)];
    for (const point of points) this.levels.push(new Level(point, degree, degree - this.levels.length));
    for (const forward of generators) this.levels[0].add({ forward, back: invert(forward) });
    this.draw(atMost);
    // Three proofs: the bound given is met, all Schreier generators are in the chain (at once where they are few), another bound is met.
    for (let bound: bigint | undefined; this.order !== atMost; this.draw(bound)) {
      if (this.schreierSteps() >= quicklyTried) bound ??= orderBound(degree, generators);
      if (this.order === bound || this.close()) break;
    }
    this.dropTail();
  }

  private get order(): bigint {
    return this.levels.reduce((order, level) => order * BigInt(level.orbit.length), 1n);
  }

  private dropTail(): void {
    while (this.levels.length > 0 && this.levels[this.levels.length - 1].orbit.length === 1) this.levels.pop();
  }

  /** Strips p, which fixes the base points before level `from`. What is left becomes a generator; whether anything was. */
  private insert(p: Permutation, from = 0): boolean {
    const { levels, budget } = this;
    const forward = p.slice();
    let at = from;
    while (at < levels.length && levels[at].strip(forward, budget)) at++;
    if (at === levels.length) {
      const moved = forward.findIndex((image, point) => image !== point);
      if (moved < 0) return false;
      levels.push(new Level(moved, this.degree, this.degree - levels.length));
    }
    // It fixes all base points before level `at`; level 0 has the generators as given, whose group it is in.
    const step = { forward, back: invert(forward) };
    for (let level = 1; level <= at; level++) levels[level].add(step);
    budget.spend((at + 1) * this.degree);
    return true;
  }

  /** Inserts elements drawn by product replacement until the bound is reached or several in a row bring nothing new. */
  private draw(bound: bigint | undefined): void {
    if (this.order === bound) return;
    const { degree, generators, budget } = this;
    const random = source(degree);
    const elements = Array.from(
      { length: Math.max(pool, generators.length) },
      (_, i) => generators[i % generators.length],
    );
    let accumulated = identity(degree);
    const next = () => {
      const i = random(elements.length);
      const j = (i + 1 + random(elements.length - 1)) % elements.length;
      const factor = random(2) ? elements[j] : invert(elements[j]);
      elements[i] = random(2) ? compose(elements[i], factor) : compose(factor, elements[i]);
      accumulated = compose(accumulated, elements[i]);
      budget.spend(4 * degree);
      return accumulated;
    };
    for (let i = 0; i < mixing * elements.length; i++) next();
    // A few of them keep the first orbit's tree shallow.
    for (let i = 0; i < pool; i++) {
      const forward = next();
      this.levels[0].add({ forward, back: invert(forward) });
    }
    const most = bound === undefined ? drawnInVain : drawnInVainBelow;
    for (let vain = 0; vain < most && this.order !== bound;) vain = this.insert(next()) ? 0 : vain + 1;
  }

  /** What generates the group of a level; the drawn elements of the first one are products of the generators as given. */
  private generatorsOf(at: number): readonly Step[] {
    const { steps } = this.levels[at];
    return at === 0 ? steps.slice(0, this.generators.length) : steps;
  }

  /** About how many steps it takes to strip all Schreier generators. */
  private schreierSteps(): number {
    const { levels, degree } = this;
    return levels.reduce(
      (sum, { orbit }, at) => sum + orbit.length * this.generatorsOf(at).length * degree * (levels.length - at),
      0,
    );
  }

  /** Strips all Schreier generators, from the deepest level up; whether the chain knew them all (Schreier's lemma: then it is complete). */
  private close(): boolean {
    const { levels, budget } = this;
    for (let at = levels.length - 1; at >= 0; at--) {
      const level = levels[at];
      const steps = this.generatorsOf(at).slice();
      for (const start of level.orbit.slice()) {
        const representative = level.transversal(start);
        for (const { forward } of steps) {
          budget.spend(2 * this.degree);
          const p = compose(forward, representative);
          level.strip(p, budget);
          if (this.insert(p, at + 1)) return false;
        }
      }
    }
    return true;
  }
}

/** Numbers that only depend on the seed: linear congruences modulo 2^32, the high bits used. */
export function source(seed: number): (below: number) => number {
  let state = (seed * 2654435761) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * An upper bound of the order of the group that the permutations generate, met by symmetric and alternating groups, their direct products and wreath
 * products: the product over orbits, on an orbit with blocks (all of b points, m of them) b!^m times the bound for the action on the blocks.
 */
function orderBound(degree: number, generators: readonly Permutation[]): bigint {
  const orbits = new Map<number, number[]>();
  orbitsOf(degree, generators).forEach((root, point) => orbits.set(root, [...(orbits.get(root) ?? []), point]));
  let bound = 1n;
  for (const orbit of orbits.values()) {
    if (orbit.length === 1) continue;
    const place = new Map(orbit.map((point, i) => [point, i]));
    bound *= transitiveBound(generators.map((p) => Int32Array.from(orbit, (point) => place.get(p[point])!)));
  }
  return bound;
}

function transitiveBound(generators: readonly Permutation[]): bigint {
  const degree = generators[0].length;
  if (degree === 1) return 1n;
  const [blocks] = blockSystems(degree, generators);
  if (blocks === undefined) return generators.every(isEven) ? factorial(degree) / 2n : factorial(degree);
  const roots = [...new Set(blocks)];
  const onBlocks = generators.map((p) => Int32Array.from(roots, (root) => roots.indexOf(blocks[p[root]])));
  return factorial(degree / roots.length) ** BigInt(roots.length) * transitiveBound(onBlocks);
}
