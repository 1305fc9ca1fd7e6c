/** Which samples are compared with a sample X: the most coincident ones (docs/theory.md, section 4). */
import type { Architecture } from "../../theory/architecture/schema";
import { BeyondReach } from "../../theory/patterns/rows";
import { declaredGroup } from "../../theory/symmetry/naming";
import { identity, isIdentity } from "../../theory/symmetry/permutation";
import type { Permutation } from "../../theory/symmetry/structure";
import type { Decision } from "../../theory/views/decide";
import { Random, streams } from "../random";

/**
 * A sample X' made from X. replacement: the token at `position` is replaced by a new one. rearrangement: X' = pi X, the token i of X stands at
 * pi(i); the identity compares X with itself.
 */
export type Comparison =
  { kind: "replacement"; position: number } | { kind: "rearrangement"; permutation: Permutation };

/** Up to this many tokens every rearrangement and every replacement is compared: 6! + 6 samples. */
export const allUpTo = 6;
/** Positions replaced, and permutations drawn at random, where not all are compared. */
const replaced = 8;
const drawn = 4;
/** Most generators taken from one group. */
const listed = 8;

/** The letters of X': those of X are 0..n-1, the new one is n. */
export function lettersOf(comparison: Comparison, tokens: number): Int32Array {
  const letters = identity(tokens);
  if (comparison.kind === "replacement") letters[comparison.position] = tokens;
  else comparison.permutation.forEach((image, i) => (letters[image] = i));
  return letters;
}

/**
 * The comparisons of an architecture, the identity first. All of them up to `allUpTo` tokens; beyond, replacements at one position of
 * every orbit of G (some of many), and as rearrangements the coincidence that the theory names, generators of G and of the
 * declared symmetry, a rotation, the reflection, transpositions of neighbours and of the ends, and random ones.
 * @param decision null where the theory decides nothing of the architecture.
 * @param seed decides the random ones.
 */
export function comparisonsFor(architecture: Architecture, decision: Decision | null, seed: number): Comparison[] {
  const { tokens } = architecture;
  if (tokens <= allUpTo)
    return [
      ...permutations(tokens).map((permutation): Comparison => ({ kind: "rearrangement", permutation })),
      ...Array.from(identity(tokens), (position): Comparison => ({ kind: "replacement", position })),
    ];
  const group = decision !== null && "group" in decision.symmetry ? decision.symmetry.group.automorphisms : null;
  const representatives = Array.from(group?.orbitOf ?? identity(tokens)).filter((root, t) => root === t);
  const unseen = decision?.visibility.unreachable.map(({ from }) => from) ?? [];
  const positions = new Set([...unseen, ...spaced(representatives, replaced)]);
  const found = new Map<string, Permutation>();
  const add = (permutation: Permutation) => found.set(permutation.join(), permutation);
  add(identity(tokens));
  if (decision?.rearrangements.status === "beyond") add(decision.rearrangements.coincidence.permutation);
  for (const permutation of [...generatorsOf(decision), ...declaredGenerators(architecture)]) add(permutation);
  add(Int32Array.from({ length: tokens }, (_, t) => (t + 1) % tokens));
  add(Int32Array.from({ length: tokens }, (_, t) => tokens - 1 - t));
  for (const [a, b] of [[0, 1], [tokens - 2, tokens - 1], [0, tokens - 1]]) add(transposition(tokens, a, b)); // prettier-ignore
  const random = new Random(seed, streams.permutations);
  for (let i = 0; i < drawn; i++) {
    const keys = random.normals(new Float64Array(tokens));
    add(identity(tokens).sort((a, b) => keys[a] - keys[b]));
  }
  return [
    ...[...found.values()].map((permutation): Comparison => ({ kind: "rearrangement", permutation })),
    ...[...positions].map((position): Comparison => ({ kind: "replacement", position })),
  ];
}

/**
 * The comparison that shows best what the architecture cannot do: an input that some output never sees, else a rearrangement that some output does not feel, else a
 * symmetry that the declared target does not have, or any symmetry at all. Null where there is nothing of the kind.
 */
export function witnessOf(decision: Decision, architecture: Architecture): Comparison | null {
  const [unseen] = decision.visibility.unreachable;
  if (unseen !== undefined) return { kind: "replacement", position: unseen.from };
  if (decision.rearrangements.status === "beyond")
    return { kind: "rearrangement", permutation: decision.rearrangements.coincidence.permutation };
  const { symmetry } = architecture.target;
  const generators = generatorsOf(decision);
  const beyond =
    symmetry === null
      ? generators[0]
      : generators.find((generator) => !declaredGroup(symmetry, architecture.tokens).contains(generator));
  return beyond === undefined ? null : { kind: "rearrangement", permutation: beyond };
}

/** Generators of G other than the identity, some of many; none where G is unknown or too large to list. */
export function generatorsOf(decision: Decision | null): Permutation[] {
  if (decision === null || !("group" in decision.symmetry)) return [];
  const { group } = decision.symmetry;
  return reachable(() => group.automorphisms.generators)
    .filter((generator) => !isIdentity(generator))
    .slice(0, listed);
}

/** Generators of the symmetry that the architecture declares as its target. */
export function declaredGenerators({ target: { symmetry }, tokens }: Architecture): Permutation[] {
  return symmetry === null ? [] : reachable(() => declaredGroup(symmetry, tokens).generators()).slice(0, listed);
}

function reachable(generators: () => Permutation[]): Permutation[] {
  try {
    return generators();
  } catch (error) {
    if (error instanceof BeyondReach) return [];
    throw error;
  }
}

/** At most `most` of the items, the first and (of two or more) the last among them, evenly between. */
export function spaced<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / Math.max(1, most - 1))]);
}

function transposition(tokens: number, a: number, b: number): Permutation {
  const p = identity(tokens);
  [p[a], p[b]] = [b, a];
  return p;
}

/** All permutations of 0..n-1, the identity first. */
function permutations(n: number): Permutation[] {
  const all: Permutation[] = [];
  const p = identity(n);
  const place = (i: number) => {
    if (i === n) all.push(p.slice());
    for (let j = i; j < n; j++) {
      [p[i], p[j]] = [p[j], p[i]];
      place(i + 1);
      [p[i], p[j]] = [p[j], p[i]];
    }
  };
  place(0);
  return all;
}
