/** Automorphisms and isomorphisms of coloured structures, exact and of any size: twins collapsed first, the rest by a search tree. */
import { Budget, isIsomorphism } from "./isomorphic";
import { GroupOrder } from "./order";
import { identity, orbitsOf } from "./permutation";
import { searchAutomorphisms, searchIsomorphism } from "./search";
import type { Permutation, Structure } from "./structure";
import { collapseTwins, HashClash, Interner, lift, type Collapse } from "./twins";
import { BeyondReach } from "../patterns/rows";

export { isAutomorphism, isIsomorphism } from "./isomorphic";

/** Elementary steps allowed to one search if nothing else is said: under two seconds. */
const defaultBudget = 3e8;
/** Most 32-bit numbers that a list of generators may take. */
const listedNumbers = 1 << 27;

export interface SearchOptions {
  /** Elementary steps (runs, vertices) that the search may take. */
  budget?: number;
}

/**
 * The automorphisms of a structure: the group of the quotient by twins, extended by the symmetric groups of the twin classes.
 * Groups with huge orders and degrees are held in this form and never multiplied out.
 */
export class AutomorphismGroup {
  readonly order: GroupOrder;
  /** The smallest vertex of every vertex's orbit. */
  readonly orbitOf: Int32Array;
  #generators: Permutation[] | null = null;

  private constructor(
    readonly degree: number,
    /** The twin classes, and the group of the quotient that permutes them; null where there are no twins. */
    readonly twins: { readonly collapse: Collapse; readonly quotient: AutomorphismGroup } | null,
    generators: Permutation[] | null,
    order: GroupOrder,
  ) {
    this.#generators = generators;
    this.order = order;
    if (twins === null) this.orbitOf = orbitsOf(degree, generators ?? []);
    else {
      const { classOf, members, first } = twins.collapse;
      this.orbitOf = classOf.map((c) => members[first[twins.quotient.orbitOf[c]]]);
    }
  }

  /** The group that the permutations generate, its order known. */
  static of(degree: number, generators: Permutation[], order: GroupOrder): AutomorphismGroup {
    return new AutomorphismGroup(degree, null, generators, order);
  }

  static withTwins(collapse: Collapse, quotient: AutomorphismGroup): AutomorphismGroup {
    const { first } = collapse;
    const sizes = new Map<number, number>();
    for (let c = 0; c < quotient.degree; c++)
      sizes.set(first[c + 1] - first[c], (sizes.get(first[c + 1] - first[c]) ?? 0) + 1);
    const order = quotient.order.times(new GroupOrder(1n, sizes));
    return new AutomorphismGroup(collapse.classOf.length, { collapse, quotient }, null, order);
  }

  get isTrivial(): boolean {
    return this.order.isOne;
  }

  /**
   * Generators: those of the quotient, and for one twin class of every orbit of classes (k >= 2 vertices) a transposition and, from k = 3, a k-cycle.
   * @throws BeyondReach where there are more than can be listed.
   */
  get generators(): Permutation[] {
    return (this.#generators ??= this.listGenerators());
  }

  private listGenerators(): Permutation[] {
    const { collapse, quotient } = this.twins!;
    const { first, members } = collapse;
    const classes: number[] = [];
    for (let c = 0; c < quotient.degree; c++)
      if (quotient.orbitOf[c] === c && first[c + 1] - first[c] > 1) classes.push(c);
    const lifted = quotient.isTrivial ? [] : quotient.generators;
    if ((2 * classes.length + lifted.length) * this.degree > listedNumbers)
      throw new BeyondReach(
        `the symmetry has too many generators to list: ${classes.length} sets of interchangeable tokens`,
      );
    const generators = lifted.map((p) => lift(p, collapse));
    for (const c of classes) {
      const twins = members.subarray(first[c], first[c + 1]);
      const swap = identity(this.degree);
      swap[twins[0]] = twins[1];
      swap[twins[1]] = twins[0];
      generators.push(swap);
      if (twins.length === 2) continue;
      const cycle = identity(this.degree);
      twins.forEach((v, i) => (cycle[v] = twins[(i + 1) % twins.length]));
      generators.push(cycle);
    }
    return generators;
  }
}

/**
 * All automorphisms of the structure.
 * @throws BeyondReach where the search would take more steps than the budget.
 */
export function automorphisms(structure: Structure, options: SearchOptions = {}): AutomorphismGroup {
  const budget = new Budget(options.budget ?? defaultBudget);
  const [{ collapses, core }] = reduce([structure], budget);
  const { generators, orbitLengths } = searchAutomorphisms(core, budget);
  const order = new GroupOrder(orbitLengths.reduce((product, length) => product * BigInt(length), 1n));
  return collapses.reduceRight(
    (quotient, collapse) => AutomorphismGroup.withTwins(collapse, quotient),
    AutomorphismGroup.of(core.size, generators, order),
  );
}

/**
 * An isomorphism from a to b, or null where there is none.
 * @throws BeyondReach where the search would take more steps than the budget.
 */
export function isomorphism(a: Structure, b: Structure, options: SearchOptions = {}): Permutation | null {
  if (a.size !== b.size || a.relations.length !== b.relations.length) return null;
  const budget = new Budget(options.budget ?? defaultBudget);
  const [fromA, fromB] = reduce([a, b], budget);
  if (fromA.collapses.length !== fromB.collapses.length || fromA.core.size !== fromB.core.size) return null;
  const onCores = searchIsomorphism(fromA.core, fromB.core, budget);
  if (onCores === null) return null;
  const found = fromA.collapses.reduceRight((p, collapse, i) => lift(p, collapse, fromB.collapses[i]), onCores);
  if (!isIsomorphism(a, b, found, budget)) throw new Error("an isomorphism of quotients by twins does not lift");
  return found;
}

interface Reduced {
  /** The collapses of twins one after the other, each on the quotient of the one before. */
  collapses: Collapse[];
  /** What is left: a structure without twins. */
  core: Structure;
}

function reduce(structures: Structure[], budget: Budget): Reduced[] {
  const merged = structures.map(mergeRuns);
  try {
    const interner = new Interner();
    return merged.map((structure) => {
      const collapses: Collapse[] = [];
      let core = structure;
      for (;;) {
        budget.spend(core.relations.reduce((sum, { classes }) => sum + 8 * (core.size + classes.length), 0));
        const collapse = collapseTwins(core, interner);
        if (collapse === null) return { collapses, core };
        collapses.push(collapse);
        core = collapse.quotient;
      }
    });
  } catch (error) {
    if (!(error instanceof HashClash)) throw error;
    return merged.map((core) => ({ collapses: [], core }));
  }
}

/** The same structure with touching runs of one class joined, so that equal rows have equal runs. */
function mergeRuns(structure: Structure): Structure {
  const relations = structure.relations.map((relation) => {
    const { rowOf, first, bounds, classes } = relation;
    let joined = 0;
    for (let row = 0; row + 1 < first.length; row++)
      for (let run = first[row] + 1; run < first[row + 1]; run++)
        if (bounds[2 * run] === bounds[2 * run - 1] && classes[run] === classes[run - 1]) joined++;
    if (joined === 0) return relation;
    const count = classes.length - joined;
    const merged = { rowOf, first: first.slice(), bounds: new Int32Array(2 * count), classes: new Int32Array(count) };
    let next = 0;
    for (let row = 0; row + 1 < first.length; row++) {
      merged.first[row] = next;
      for (let run = first[row]; run < first[row + 1]; run++) {
        const touches =
          run > first[row] && bounds[2 * run] === bounds[2 * run - 1] && classes[run] === classes[run - 1];
        if (!touches) {
          merged.bounds[2 * next] = bounds[2 * run];
          merged.classes[next++] = classes[run];
        }
        merged.bounds[2 * next - 1] = bounds[2 * run + 1];
      }
    }
    merged.first[first.length - 1] = next;
    return merged;
  });
  return { ...structure, relations };
}
