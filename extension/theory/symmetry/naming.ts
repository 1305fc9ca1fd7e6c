/** Names of groups, and groups by name. A name is given only where order and structure prove it; otherwise "group of order N". */
import type { SymmetrySpec } from "../architecture/schema";
import { BeyondReach } from "../patterns/rows";
import { AutomorphismGroup } from "./automorphisms";
import { isTwoClosed } from "./closure";
import { PermutationGroup } from "./group";
import { GroupOrder, factorial } from "./order";
import {
  blockSystems,
  compose,
  cycles,
  DisjointSets,
  fromCycles,
  identity,
  invert,
  isEven,
  isIdentity,
  orderOf,
} from "./permutation";
import type { Permutation } from "./structure";

/** Most points on which a group is taken apart, and most orbits looked at for them. */
const smallDegree = 512;
const triedOrbits = 64;
/** Most tokens for a symmetry declared by generators. */
const declaredDegree = 64;
const enumerated = 2_000n;
/** Most orbits that are compared two by two. */
const comparedOrbits = 24;

/** The name of a group acting on 0..degree-1: trivial, S_n, A_n, C_n, D_n (2n elements), direct products "S_3 x C_2", wreath products "S_2 wr C_3", or "group of order N". */
export function nameGroup(group: AutomorphismGroup): string {
  try {
    return product(factors(group)) ?? unnamed(group);
  } catch (error) {
    if (error instanceof BeyondReach) return unnamed(group);
    throw error;
  }
}

const unnamed = (group: AutomorphismGroup): string => `group of order ${group.order.toString()}`;

/** "S_3 x C_2"; three and more equal factors as a power. */
function product(names: string[] | null): string | null {
  if (names === null) return null;
  const counts = new Map<string, number>();
  for (const name of [...names].sort(bySize)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const parts = [...counts].flatMap(([name, count]) =>
    count < 3 ? new Array<string>(count).fill(name) : [`${inBrackets(name)}^${count}`],
  );
  return parts.length === 0 ? "trivial" : parts.join(" x ");
}

const bySize = (a: string, b: string): number => b.length - a.length || (a < b ? 1 : -1);

const inBrackets = (name: string): string => (name.includes(" ") ? `(${name})` : name);

/** The direct factors of a group by name, or null where some part has no name. */
function factors(group: AutomorphismGroup): string[] | null {
  if (group.isTrivial) return [];
  const symmetric = symmetricFactors(group);
  if (symmetric !== null) return symmetric;
  if (group.twins === null) {
    const action = faithfulAction(group);
    return action === null ? largeFactors(group) : smallFactors(action);
  }
  const { collapse, quotient } = group.twins;
  const sizeOf = (c: number) => collapse.first[c + 1] - collapse.first[c];
  // Twin classes that the quotient leaves in place are symmetric groups of their own.
  const names: string[] = [];
  let moved: number | null = null;
  for (let c = 0; c < quotient.degree; c++) {
    const inPlace = quotient.orbitOf[c] === c && isOnlyOne(quotient.orbitOf, c);
    if (!inPlace) {
      if (moved !== null && sizeOf(c) !== moved) return null;
      moved = sizeOf(c);
    } else if (sizeOf(c) > 1) names.push(sizeOf(c) === 2 && group.degree > 2 ? "C_2" : `S_${sizeOf(c)}`);
  }
  const outer = factors(quotient);
  if (outer === null) return null;
  if (moved === null || moved === 1) return [...names, ...outer];
  // Equal classes moved among themselves: a wreath product if the quotient is one named group moving all of them.
  const name = outer.length === 1 ? outer[0] : null;
  const classes = Array.from({ length: quotient.degree }, (_, c) => c).filter((c) => !isOnlyOne(quotient.orbitOf, c));
  if (name === null || new Set(classes.map((c) => quotient.orbitOf[c])).size > 1) return null;
  return [...names, `S_${moved} wr ${inBrackets(onTwo(name, classes.length))}`];
}

/** A product of the full symmetric groups on its orbits, if that is what the order says. */
function symmetricFactors(group: AutomorphismGroup): string[] | null {
  const sizes = [...countOf(group.orbitOf).values()].filter((size) => size > 1);
  if (
    !group.order.equals(
      new GroupOrder(
        1n,
        sizes.map((size) => [size, 1]),
      ),
    )
  )
    return null;
  return sizes.map((size) => (size === 2 && group.degree > 2 ? "C_2" : `S_${size}`));
}

/** In wreath products the group of two points is S_2 rather than C_2. */
const onTwo = (name: string, points: number): string => (name === "C_2" && points === 2 ? "S_2" : name);

const countOf = (orbitOf: Int32Array): Map<number, number> => {
  const counts = new Map<number, number>();
  for (const orbit of orbitOf) counts.set(orbit, (counts.get(orbit) ?? 0) + 1);
  return counts;
};
const orbitCounts = new WeakMap<Int32Array, Map<number, number>>();
function isOnlyOne(orbitOf: Int32Array, point: number): boolean {
  let counts = orbitCounts.get(orbitOf);
  if (counts === undefined) orbitCounts.set(orbitOf, (counts = countOf(orbitOf)));
  return counts.get(orbitOf[point]) === 1;
}

/** The action on some orbits, the largest that are small enough first, that shows the whole group; null where there is none on few points. */
function faithfulAction(group: AutomorphismGroup): PermutationGroup | null {
  const orbits = new Map<number, number[]>();
  group.orbitOf.forEach((root, point) => {
    const orbit = orbits.get(root);
    if (orbit) orbit.push(point);
    else orbits.set(root, [point]);
  });
  const order = group.order.upToDigits(1000);
  const bySizeOfOrbit = [...orbits.values()]
    .filter(({ length }) => length > 1 && length <= smallDegree)
    .sort((a, b) => b.length - a.length);
  if (order === null) return null;
  let points: number[] = [];
  let action: PermutationGroup | null = null;
  for (const orbit of bySizeOfOrbit.slice(0, triedOrbits)) {
    if (points.length + orbit.length > smallDegree) continue;
    const more = onPoints(group, [...points, ...orbit], order);
    if (action !== null && more.order === action.order) continue;
    points = [...points, ...orbit];
    action = more;
    if (more.order === order) return more;
  }
  return null;
}

/** Direct factors over sets of orbits that move independently. */
function smallFactors(group: PermutationGroup): string[] | null {
  const orbits = group.orbits().filter((orbit) => orbit.length > 1);
  const single = orbits.map((orbit) => onPoints(group, orbit, group.order));
  const productOf = (groups: readonly PermutationGroup[]) => groups.reduce((all, { order }) => all * order, 1n);
  let parts = single;
  if (productOf(parts) !== group.order && orbits.length <= comparedOrbits) {
    // Orbits that do not move independently, two by two, belong to one factor.
    const joint = new DisjointSets(orbits.length);
    for (let i = 0; i < orbits.length; i++) {
      for (let j = 0; j < i; j++) {
        const apart = single[i].order * single[j].order;
        if (joint.find(i) !== joint.find(j) && onPoints(group, [...orbits[i], ...orbits[j]], apart).order !== apart)
          joint.join(i, j);
      }
    }
    const roots = joint.roots();
    parts = [...new Set(roots)].map((root) =>
      onPoints(
        group,
        orbits.flatMap((orbit, i) => (roots[i] === root ? orbit : [])),
        group.order,
      ),
    );
  }
  if (productOf(parts) !== group.order) parts = [group];
  const names = parts.map(partName);
  return names.every((name) => name !== null) ? names : null;
}

/** The action on a union of orbits: points[i] becomes i. */
function onPoints(
  group: { readonly generators: readonly Permutation[] },
  points: readonly number[],
  atMost: bigint,
): PermutationGroup {
  const place = new Map(points.map((point, i) => [point, i]));
  const generators = group.generators.map((p) => Int32Array.from(points, (point) => place.get(p[point])!));
  return PermutationGroup.generate(points.length, generators, undefined, atMost);
}

/** A group that is no product over its orbits: named by a faithful orbit, or else by its elements. */
function partName(group: PermutationGroup): string | null {
  for (const orbit of group.orbits()) {
    if (orbit.length < 2) continue;
    const action = onPoints(group, orbit, group.order);
    const name = action.order === group.order ? transitiveName(action) : null;
    if (name !== null) return name;
  }
  return cyclicOrDihedral(group);
}

/** The name of a transitive group: by its order, by an element that makes it cyclic or dihedral, or by its block systems. */
function transitiveName(group: PermutationGroup): string | null {
  const { degree: n, order } = group;
  if (n === 2) return "C_2";
  if (order === factorial(n)) return `S_${n}`;
  const simple = cyclicOrDihedral(group);
  if (simple !== null) return simple;
  if (2n * order === factorial(n)) return `A_${n}`;
  const systems = blockSystems(n, group.generators);
  return gridName(group, systems) ?? wreathName(group, systems);
}

function cyclicOrDihedral(group: PermutationGroup): string | null {
  const { order } = group;
  if (order > enumerated) return null;
  let turn: Permutation | null = null;
  for (const element of group.elements()) {
    const elementOrder = orderOf(element);
    if (elementOrder === order) return `C_${order}`;
    if (2n * elementOrder === order) turn ??= element;
  }
  if (turn === null) return null;
  const back = invert(turn);
  const powers = PermutationGroup.generate(group.degree, [turn]);
  for (const flip of group.elements()) {
    // An involution outside the turns that inverts them makes the group dihedral.
    const inverts = compose(flip, compose(turn, flip)).every((image, point) => image === back[point]);
    if (inverts && !isIdentity(flip) && isIdentity(compose(flip, flip)) && !powers.contains(flip))
      return order === 4n ? "C_2 x C_2" : order === 6n ? "S_3" : `D_${order / 2n}`;
  }
  return null;
}

/** The action on the blocks of a system. */
function onBlocks(group: PermutationGroup, blocks: Int32Array): PermutationGroup {
  const roots = [...new Set(blocks)];
  const index = new Map(roots.map((root, i) => [root, i]));
  return PermutationGroup.generate(
    roots.length,
    group.generators.map((p) => Int32Array.from(roots, (root) => index.get(blocks[p[root]])!)),
    undefined,
    group.order,
  );
}

/** Rows and columns moved independently: two block systems whose blocks meet in single points, and as many elements as pairs of their actions' elements. */
function gridName(group: PermutationGroup, systems: readonly Int32Array[]): string | null {
  for (const [i, rows] of systems.entries()) {
    for (const columns of systems.slice(i + 1)) {
      if (new Set(rows.map((root, point) => root * group.degree + columns[point])).size < group.degree) continue;
      const [a, b] = [onBlocks(group, rows), onBlocks(group, columns)];
      if (a.order * b.order !== group.order) continue;
      const names = [transitiveName(a), transitiveName(b)];
      if (names[0] !== null && names[1] !== null) return [names[0], names[1]].map(inBrackets).sort(bySize).join(" x ");
    }
  }
  return null;
}

/** m blocks whose points move independently: the group is a subgroup of H wr K, H acting on a block and K on the blocks, and as large. */
function wreathName(group: PermutationGroup, systems: readonly Int32Array[]): string | null {
  const { order } = group;
  for (const blocks of systems) {
    const outer = onBlocks(group, blocks);
    const block = [...blocks.keys()].filter((point) => blocks[point] === 0);
    const inner = onPoints({ generators: group.keepingBlock(block) }, block, order);
    if (inner.order ** BigInt(outer.degree) * outer.order !== order) continue;
    const [below, above] = [transitiveName(inner), transitiveName(outer)];
    if (below === null || above === null) continue;
    return `${inBrackets(onTwo(below, inner.degree))} wr ${inBrackets(onTwo(above, outer.degree))}`;
  }
  return null;
}

/** Twin-free groups of many points: reflections, rotations and both. */
function largeFactors(group: AutomorphismGroup): string[] | null {
  if (group.order.equals(new GroupOrder(2n))) return ["C_2"];
  const counts = countOf(group.orbitOf);
  if (counts.size !== 1) return null;
  const n = group.degree;
  const { generators } = group;
  const candidates = [...generators, ...generators.flatMap((a) => generators.map((b) => compose(a, b)))];
  const rotation = candidates.find((p) => cycles(p)[0]?.length === n);
  if (rotation === undefined) return null;
  if (group.order.equals(new GroupOrder(BigInt(n)))) return [`C_${n}`];
  if (!group.order.equals(new GroupOrder(2n * BigInt(n)))) return null;
  const back = invert(rotation);
  const reflects = candidates.some(
    (p) =>
      !isIdentity(p) && isIdentity(compose(p, p)) && compose(p, compose(rotation, p)).every((to, v) => to === back[v]),
  );
  return reflects ? [`D_${n}`] : null;
}

// ------------------------------------------------------------------------------------------------------ groups by name

/** A symmetry as an author declares it, at any number of tokens. */
export interface DeclaredGroup {
  name: string;
  order: GroupOrder;
  generators(): Permutation[];
  contains(permutation: Permutation): boolean;
  /** Whether pair labels can have exactly this symmetry (theory, section 5). */
  isTwoClosed(): boolean;
  /** The group itself. @throws BeyondReach on more than 64 tokens. */
  permutationGroup(): PermutationGroup;
}

const tooManyTokens = () =>
  new BeyondReach(`a declared symmetry on more than ${declaredDegree} tokens, element by element`);

const rotation = (n: number): Permutation => Int32Array.from({ length: n }, (_, t) => (t + 1) % n);
const reflection = (n: number): Permutation => Int32Array.from({ length: n }, (_, t) => n - 1 - t);

/** C_n and D_n act on 0..n-1 in order, the reflection as t -> n - 1 - t. @throws BeyondReach for generators on too many tokens. */
export function declaredGroup(spec: SymmetrySpec, tokens: number): DeclaredGroup {
  const declare = (
    name: string,
    order: GroupOrder,
    generators: Permutation[],
    contains: (p: Permutation) => boolean,
  ): DeclaredGroup => ({
    name,
    order,
    generators: () => generators.filter((generator) => !isIdentity(generator)),
    contains,
    // Regular groups, dihedral groups on their polygon and symmetric groups are 2-closed; the orbits of A_n on pairs are those of S_n.
    isTwoClosed: () => name[0] !== "A" || tokens < 4,
    permutationGroup: () => {
      if (tokens > declaredDegree) throw tooManyTokens();
      return PermutationGroup.generate(tokens, generators);
    },
  });
  if (typeof spec !== "string") {
    const generators = spec.generators.map((cycleList) => fromCycles(tokens, cycleList));
    if (tokens > declaredDegree) throw tooManyTokens();
    const group = PermutationGroup.generate(tokens, generators);
    const order = new GroupOrder(group.order);
    const name = nameGroup(AutomorphismGroup.of(tokens, generators, order));
    return {
      ...declare(name, order, generators, (p) => group.contains(p)),
      isTwoClosed: () => isTwoClosed(group),
      permutationGroup: () => group,
    };
  }
  const swap = tokens > 1 ? fromCycles(tokens, [[0, 1]]) : identity(tokens);
  const rotates = (p: Permutation) => p.every((to, t) => to === (p[0] + t) % tokens);
  const reflects = (p: Permutation) => p.every((to, t) => to === (p[0] - t + tokens) % tokens);
  switch (spec[0]) {
    case "t":
      return declare("trivial", new GroupOrder(1n), [], isIdentity);
    case "S":
      return declare(`S_${tokens}`, new GroupOrder(1n, [[tokens, 1]]), [swap, rotation(tokens)], () => true);
    case "A": {
      const long = Array.from({ length: tokens }, (_, t) => t).slice(tokens % 2 === 0 ? 1 : 0);
      // n! / 2
      const order = new GroupOrder((BigInt(tokens) * BigInt(tokens - 1)) / 2n, [[tokens - 2, 1]]);
      return declare(
        `A_${tokens}`,
        tokens < 3 ? new GroupOrder(1n) : order,
        tokens < 3 ? [] : [fromCycles(tokens, [[0, 1, 2]]), fromCycles(tokens, [long])],
        isEven,
      );
    }
    case "C":
      return declare(`C_${tokens}`, new GroupOrder(BigInt(tokens)), [rotation(tokens)], rotates);
    default: {
      const order = new GroupOrder(BigInt(tokens < 3 ? tokens : 2 * tokens));
      return declare(`D_${tokens}`, order, [rotation(tokens), reflection(tokens)], (p) => rotates(p) || reflects(p));
    }
  }
}
