/** What a design is made of: tokens, perhaps registers, and the orbits of the group on ordered pairs of them. */
import { automorphisms } from "../symmetry/automorphisms";
import { pairOrbits } from "../symmetry/closure";
import { PermutationGroup } from "../symmetry/group";
import { GroupOrder } from "../symmetry/order";
import type { Permutation, Structure } from "../symmetry/structure";
import { BeyondReach } from "../patterns/rows";

/** Elementary steps of one search for automorphisms: a few milliseconds. */
const stepsEach = 5e6;

/** The orbits of a group on the ordered pairs of n tokens and registers after them. */
export class Ground {
  readonly size: number;
  /** orbitAt[q * size + k]: the orbit of the pair, numbered row by row from 0. */
  readonly orbitAt: Int32Array;
  /** Pairs in each orbit. */
  readonly pairs: readonly number[];
  /** The orbit of every token and register, the tokens' first, numbered from 0. */
  readonly classOf: readonly number[];
  /** Orbits of tokens and, apart, of registers. */
  readonly tokenOrbits: number;
  readonly registerOrbits: number;
  /** A token of every orbit. */
  private readonly representatives: readonly number[];
  /** Elementary steps taken so far. */
  spent = 0;

  /**
   * @param group G on the tokens.
   * @param registers the generators of G as permutations of the registers 0..count-1, in the order of the group's generators.
   */
  constructor(
    readonly group: PermutationGroup,
    readonly registers: { count: number; generators: readonly Permutation[] } = { count: 0, generators: [] },
  ) {
    const { degree } = group;
    this.size = degree + registers.count;
    const generators = group.generators.map((p, g) =>
      Int32Array.from({ length: this.size }, (_, v) =>
        v < degree ? p[v] : degree + (registers.generators[g]?.[v - degree] ?? v - degree),
      ),
    );
    const whole = PermutationGroup.generate(this.size, generators, undefined, group.order);
    const orbits = pairOrbits(whole);
    this.orbitAt = new Int32Array(this.size * this.size);
    orbits.forEach((row, q) => this.orbitAt.set(row, q * this.size));
    const pairs: number[] = [];
    for (const orbit of this.orbitAt) pairs[orbit] = (pairs[orbit] ?? 0) + 1;
    this.pairs = pairs;
    const roots = whole.orbitOf;
    const ids = new Map<number, number>();
    this.classOf = Array.from(roots, (root) => ids.get(root) ?? ids.set(root, ids.size).size - 1);
    this.representatives = [...new Set(roots.subarray(0, degree))];
    this.tokenOrbits = this.representatives.length;
    this.registerOrbits = ids.size - this.tokenOrbits;
  }

  get tokens(): number {
    return this.group.degree;
  }

  get orbits(): number {
    return this.pairs.length;
  }

  /** Pairs in the orbits that are attended. */
  count(attended: readonly boolean[]): number {
    return this.pairs.reduce((sum, pairs, orbit) => (attended[orbit] ? sum + pairs : sum), 0);
  }

  /** The keys of a query. */
  private keys(attended: readonly boolean[], query: number): number[] {
    const keys: number[] = [];
    for (let k = 0, at = query * this.size; k < this.size; k++, at++) if (attended[this.orbitAt[at]]) keys.push(k);
    return keys;
  }

  /**
   * The layers that it takes until every token sees every token, with residual paths; null where none do, where a softmax would be over no keys, or where no
   * token comes to read some register.
   */
  hops(attended: readonly boolean[]): number | null {
    let most = 1;
    const rows = new Map<number, number[]>();
    const row = (query: number): number[] => {
      const known = rows.get(query);
      if (known !== undefined) return known;
      const keys = this.keys(attended, query);
      rows.set(query, keys);
      this.spent += this.size;
      return keys;
    };
    for (const start of this.representatives) {
      const distance = new Int32Array(this.size).fill(-1);
      distance[start] = 0;
      const reached = [start];
      for (const v of reached) {
        const keys = row(v);
        if (keys.length === 0) return null;
        for (const k of keys) {
          if (distance[k] >= 0) continue;
          distance[k] = distance[v] + 1;
          reached.push(k);
        }
      }
      if (reached.length < this.size) return null;
      for (let t = 0; t < this.tokens; t++) most = Math.max(most, distance[t]);
    }
    return most;
  }

  /**
   * Whether the automorphisms of the attended pairs, restricted to the tokens, are G and nothing else. G is always among them. It is the symmetry of the model only
   * where tokens come to read everything (`hops`).
   * @param classes the bias class of every orbit; null where there is no bias. A class that all keys of a row share is not seen (softmax's shift).
   * @param positions whether every orbit of tokens (and of registers) has a position vector of its own.
   */
  isExact(attended: readonly boolean[], classes: readonly number[] | null, positions: boolean): boolean {
    this.spent += 4 * this.size * this.size;
    const structure = this.structure(attended, classes, positions);
    if (!this.tellsRegistersApart(structure)) return false;
    try {
      const { generators, order } = automorphisms(structure, { budget: stepsEach });
      if (this.registers.count < 2) return order.equals(new GroupOrder(this.group.order));
      const { degree } = this.group;
      const restricted = generators.map((p) => p.slice(0, degree));
      return PermutationGroup.generate(degree, restricted).order === this.group.order;
    } catch (error) {
      if (error instanceof BeyondReach) return false;
      throw error;
    }
  }

  /**
   * Whether registers, which start alike, come to differ by what they read of tokens that all differ (the views of theory, section 4, do not merge for good): only
   * then are the automorphisms of the structure those of the model.
   */
  private tellsRegistersApart({ colours, relations: [{ first, bounds, classes }] }: Structure): boolean {
    const { size, tokens } = this;
    let views = Array.from({ length: size }, (_, v) => (v < tokens ? v : tokens + 1 + colours[v]));
    for (let kinds = new Set(views).size; kinds < size;) {
      const ids = new Map<string, number>();
      views = views.map((view, v) => {
        if (v < tokens) return v;
        const read: string[] = [];
        for (let run = first[v]; run < first[v + 1]; run++) read.push(`${classes[run]}:${views[bounds[2 * run]]}`);
        const key = `${view} ${read.sort().join()}`;
        return tokens + (ids.get(key) ?? ids.set(key, ids.size).size - 1);
      });
      const now = new Set(views).size;
      if (now === kinds) return false;
      kinds = now;
    }
    return true;
  }

  private structure(attended: readonly boolean[], classes: readonly number[] | null, positions: boolean): Structure {
    const { size, orbitAt, tokens } = this;
    const first = new Int32Array(size + 1);
    const bounds: number[] = [];
    const labels: number[] = [];
    for (let q = 0; q < size; q++) {
      const keys = this.keys(attended, q);
      const own = keys.map((k) => (classes === null ? 0 : classes[orbitAt[q * size + k]]));
      const shared = own.every((label) => label === own[0]);
      keys.forEach((k, i) => {
        bounds.push(k, k + 1);
        labels.push(shared ? 0 : own[i]);
      });
      first[q + 1] = labels.length;
    }
    const several = this.registerOrbits > 1;
    return {
      size,
      colours: Int32Array.from({ length: size }, (_, v) =>
        v < tokens ? (positions ? this.classOf[v] : 0) : several ? this.classOf[v] + 1 : -1,
      ),
      relations: [
        {
          rowOf: Int32Array.from({ length: size }, (_, v) => v),
          first,
          bounds: Int32Array.from(bounds),
          classes: Int32Array.from(labels),
        },
      ],
    };
  }
}
