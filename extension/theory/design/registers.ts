/**
 * Registers for a group that pairs of tokens do not determine (theory, section 5): any set R on which the group acts such that the orbits on ordered pairs of
 * tokens and registers have no automorphism that acts on the tokens as anything but an element of the group. One register per element always does.
 */
import { limits } from "../architecture/limits";
import { compose } from "../symmetry/permutation";
import { PermutationGroup, source } from "../symmetry/group";
import type { Permutation } from "../symmetry/structure";
import { Ground } from "./ground";

/** A set on which the group acts. */
export interface ActedSet {
  count: number;
  /** What the registers stand for, such as "the 6 unordered pairs of tokens". */
  words: string;
  /** The generators of the group as permutations of the set. */
  generators: Permutation[];
}

/** Groups up to this order are taken apart into cosets of subgroups. */
const enumerated = 2520n;
/** Subgroups drawn at random, by two elements each, and how many of one size are kept. */
const drawn = 400;
const keptAlike = 3;
/** Tuples and subsets from which orbits start. */
const starts = 4000;
/** Sets tried by themselves, and those that are joined two by two. */
const triedSets = 80;
const joined = 14;
/** Elementary steps of all trials. */
const steps = 4e7;

/**
 * The smallest sets found that do, the smaller first; none where none fits beside the tokens into a matrix of pair classes.
 * @returns up to `most` grounds of tokens and registers.
 */
export function registerGrounds(group: PermutationGroup, most: number): { set: ActedSet; ground: Ground }[] {
  const room = limits.pairClasses - group.degree;
  const sets = actedSets(group, room);
  const found: { set: ActedSet; ground: Ground }[] = [];
  let spent = 0;
  const suffices = (set: ActedSet): boolean => {
    if (spent > steps) return false;
    const ground = new Ground(group, set);
    spent += 8 * ground.size ** 2;
    const all = new Array<boolean>(ground.orbits).fill(true);
    const own = all.map((_, orbit) => orbit);
    if (!ground.isExact(all, own, ground.tokenOrbits > 1)) return false;
    found.push({ set, ground });
    return true;
  };
  for (const set of sets.slice(0, triedSets)) {
    if (found.length > 0 && set.count > found[0].set.count) break;
    if (suffices(set) && found.length >= most) break;
  }
  const smallest = found[0]?.set.count ?? room + 1;
  const pairs = sets
    .slice(0, joined)
    .flatMap((a, i) => sets.slice(i + 1, joined).map((b) => union(a, b)))
    .filter(({ count }) => count < smallest)
    .sort((a, b) => a.count - b.count);
  const before = found.length;
  for (const set of pairs) if (suffices(set)) break;
  // A smaller union comes before the single sets.
  return [...found.slice(before), ...found.slice(0, before)].slice(0, most);
}

const union = (a: ActedSet, b: ActedSet): ActedSet => ({
  count: a.count + b.count,
  words: `${a.words} and ${b.words}`,
  generators: a.generators.map((p, g) =>
    Int32Array.from({ length: a.count + b.count }, (_, i) => (i < a.count ? p[i] : a.count + b.generators[g][i - a.count])),
  ),
}); // prettier-ignore

/** Sets of at most `room` elements, the smallest first, no two on which the group acts in the same way as far as that is seen at once. */
function actedSets(group: PermutationGroup, room: number): ActedSet[] {
  const sets = [...subsetOrbits(group, room), ...tupleOrbits(group, room)];
  if (group.order <= enumerated) sets.push(...cosetSets(group, room));
  return sets.filter(({ count }) => count > 1).sort((a, b) => a.count - b.count);
}

const subsetWords = ["", "tokens", "unordered pairs of tokens", "sets of three tokens"];
const tupleWords = ["", "tokens", "ordered pairs of tokens", "ordered triples of tokens"];
const ofSize = (words: readonly string[], size: number, other: string): string => words[size] ?? `${other} ${size} tokens`; // prettier-ignore

function* subsetOrbits(group: PermutationGroup, room: number): Iterable<ActedSet> {
  const { degree } = group;
  for (let size = 2; size <= Math.floor(degree / 2) + 1 && size <= 6; size++) {
    const subsets = combinations(degree, size);
    if (subsets === null) return;
    yield* orbitSets(group, subsets, room, (image) => image.sort((a, b) => a - b), (count) => `${count} ${ofSize(subsetWords, size, "sets of")}`); // prettier-ignore
  }
}

function* tupleOrbits(group: PermutationGroup, room: number): Iterable<ActedSet> {
  const { degree } = group;
  for (let size = 2; size <= Math.min(5, degree); size++) {
    const tuples = arrangements(degree, size);
    if (tuples === null) return;
    yield* orbitSets(group, tuples, room, (image) => image, (count) => `${count} ${ofSize(tupleWords, size, "sequences of")}`); // prettier-ignore
  }
}

/** The orbits of the group on lists of tokens. */
function* orbitSets(
  group: PermutationGroup,
  lists: readonly (readonly number[])[],
  room: number,
  canonical: (image: number[]) => number[],
  words: (count: number) => string,
): Iterable<ActedSet> {
  const seen = new Set<string>();
  const perSize = new Map<number, number>();
  for (const start of lists) {
    if (seen.has(start.join())) continue;
    const index = new Map<string, number>([[start.join(), 0]]);
    const members = [start];
    const images = group.generators.map((): number[] => []);
    for (let i = 0; i < members.length && members.length <= room; i++)
      group.generators.forEach((p, g) => {
        const image = canonical(members[i].map((t) => p[t]));
        const key = image.join();
        let at = index.get(key);
        if (at === undefined) {
          index.set(key, (at = members.length));
          members.push(image);
        }
        images[g].push(at);
      });
    for (const key of index.keys()) seen.add(key);
    const alike = perSize.get(members.length) ?? 0;
    perSize.set(members.length, alike + 1);
    if (members.length > room || alike >= 2 * keptAlike) continue;
    yield {
      count: members.length,
      words: words(members.length),
      generators: images.map((list) => Int32Array.from(list)),
    };
  }
}

/** All k-subsets of 0..n-1; null where there are too many. */
function combinations(n: number, k: number): number[][] | null {
  let lists: number[][] = [[]];
  for (let i = 0; i < k; i++) {
    lists = lists.flatMap((list) => Array.from({ length: n - 1 - (list.at(-1) ?? -1) }, (_, j) => [...list, (list.at(-1) ?? -1) + 1 + j])); // prettier-ignore
    if (lists.length > starts) return null;
  }
  return lists;
}

/** All sequences of k different tokens; null where there are too many. */
function arrangements(n: number, k: number): number[][] | null {
  let lists: number[][] = [[]];
  for (let i = 0; i < k; i++) {
    if (lists.length * n > 2 * starts) return null;
    lists = lists.flatMap((list) => Array.from({ length: n }, (_, t) => t).filter((t) => !list.includes(t)).map((t) => [...list, t])); // prettier-ignore
  }
  return lists;
}

/** The elements of the group, on which it acts by multiplication from the left: the registers of theory, section 5. */
export const elementSet = (group: PermutationGroup): ActedSet =>
  cosetSet(group, [...group.elements()], PermutationGroup.generate(group.degree, []));

/** Cosets of subgroups that one or two elements generate, the trivial one among them. */
function cosetSets(group: PermutationGroup, room: number): ActedSet[] {
  const elements = [...group.elements()];
  const random = source(Number(group.order) + group.degree);
  const subgroups = new Map<string, PermutationGroup>();
  const add = (generators: readonly Permutation[]) => {
    const subgroup = PermutationGroup.generate(group.degree, generators);
    if (group.order / subgroup.order > BigInt(room) || subgroup.order === group.order) return;
    // Subgroups with the same order and the same orbit lengths are often conjugate; a few of them are enough.
    const kind = `${subgroup.order} ${subgroup.orbits().map(({ length }) => length).sort().join()}`; // prettier-ignore
    for (let i = 0; i < keptAlike; i++)
      if (!subgroups.has(`${kind} ${i}`)) {
        subgroups.set(`${kind} ${i}`, subgroup);
        return;
      } else if (subgroups.get(`${kind} ${i}`)!.equals(subgroup)) return;
  };
  add([]);
  for (let i = 0; i < drawn; i++) add([elements[random(elements.length)]]);
  for (let i = 0; i < drawn; i++) add([elements[random(elements.length)], elements[random(elements.length)]]);
  return [...subgroups.values()].map((subgroup) => cosetSet(group, elements, subgroup));
}

/** The cosets of a subgroup, on which the group acts from the left. */
function cosetSet(group: PermutationGroup, elements: readonly Permutation[], subgroup: PermutationGroup): ActedSet {
  const members = [...subgroup.elements()];
  const cosetOf = new Map<string, number>();
  const representatives: Permutation[] = [];
  for (const element of elements) {
    if (cosetOf.has(element.join())) continue;
    for (const member of members) cosetOf.set(compose(element, member).join(), representatives.length);
    representatives.push(element);
  }
  const count = representatives.length;
  return {
    count,
    words: members.length === 1 ? `the ${count} elements of the group` : `the ${count} cosets of a subgroup of order ${members.length}`,
    generators: group.generators.map((g) => Int32Array.from(representatives, (r) => cosetOf.get(compose(g, r).join())!)),
  };
} // prettier-ignore
