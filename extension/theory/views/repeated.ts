/**
 * Repeated tokens (theory, section 4, "report separately"): the case of discrete vocabularies, where a sample may hold a letter several times. The views are run
 * with repeated letters; a coincidence is forced only if some g in G carries the one sample to the other.
 */
import { countKeys } from "../patterns/algebra";
import type { Permutation } from "../symmetry/structure";
import type { Decision, SymmetryGroup } from "./decide";
import type { Stack } from "./stack";
import { ViewTable } from "./table";

/** Sequences up to this length are compared over all letters, up to `twoLetterLength` over two. */
const allLettersLength = 4;
const twoLetterLength = 8;
/** Most keys, over all layers, of a constant sequence that is viewed token by token. */
const constantKeys = 2_000_000;

/** F_s(X) = F_t(X') for all parameters, though no g in G carries (X, s) to (X', t). Samples are letter numbers. */
export interface RepeatedCoincidence {
  s: number;
  t: number;
  samples: [number[], number[]] | "constant";
}

export type RepeatedDecision =
  | { status: "told-apart"; reason: string }
  | { status: "coincide"; coincidence: RepeatedCoincidence }
  | { status: "unknown"; reason: string };

/** Decides repeated letters for an architecture whose outputs see what its class asks for (`decision.visibility.kind === decision.goal`). */
export function decideRepeated(decision: Decision): RepeatedDecision {
  const { stack, goal, rearrangements, symmetry } = decision;
  if (decision.visibility.kind !== goal)
    return { status: "unknown", reason: "some outputs do not see all of the input" };
  if (!("group" in symmetry)) return { status: "unknown", reason: symmetry.unknown };
  if (rearrangements.status !== "forced-only")
    return { status: "unknown", reason: "already sequences of distinct tokens are not told apart" };
  const carriesOwn = stack.layers.every((layer) => layer.carriesOwn);
  const positions = stack.colours.subarray(0, stack.tokens);
  if (carriesOwn && new Set(positions).size === stack.tokens)
    return { status: "told-apart", reason: "every token carries a position of its own, so equal letters stay apart" };
  const { group } = symmetry;
  const counts = stack.layers.every((layer) => layer.heads.every((head) => head.semantics !== "support"));
  if (goal === "full" && carriesOwn && counts && stack.size === stack.tokens && isSymmetric(group, stack.tokens))
    return {
      status: "told-apart",
      reason: "the model sees the proportions of the letters, which over a fixed number of tokens are their numbers",
    };

  const constant = constantSequence(stack, goal, group);
  if (constant) return { status: "coincide", coincidence: constant };
  if (stack.tokens > twoLetterLength)
    return {
      status: "unknown",
      reason: `constant sequences are told apart; other repetitions were not examined beyond ${twoLetterLength} tokens`,
    };
  const letters = stack.tokens <= allLettersLength ? stack.tokens : 2;
  const table = new ViewTable(stack);
  const found = compareSequences(table, stack, decision.depth, goal, group, letters);
  if (found) return { status: "coincide", coincidence: found };
  if (letters < stack.tokens)
    return {
      status: "unknown",
      reason: `sequences over two letters are told apart; more letters were not examined beyond ${allLettersLength} tokens`,
    };
  if (table.mayOverSplit)
    return {
      status: "unknown",
      reason: "fixed distance biases (ALiBi), or two codes that add, together with repeated letters are not decided",
    };
  return { status: "told-apart", reason: `all sequences over ${letters} letters were compared` };
}

const isSymmetric = (group: SymmetryGroup, tokens: number): boolean => {
  if (tokens === 1) return true;
  const swap = Int32Array.from({ length: tokens }, (_, t) => t);
  swap[0] = 1;
  swap[1] = 0;
  const cycle = Int32Array.from({ length: tokens }, (_, t) => (t + 1) % tokens);
  return group.contains(swap) && group.contains(cycle);
};

function constantSequence(stack: Stack, goal: "full" | "causal", group: SymmetryGroup): RepeatedCoincidence | null {
  const { tokens } = stack;
  const orbitOf = group.automorphisms.orbitOf;
  const forced = (s: number, t: number) => goal === "full" && orbitOf[s] === orbitOf[t];
  const normalised = stack.layers.every((layer) => layer.heads.every((head) => head.semantics !== "counting"));
  let views: Int32Array;
  if (normalised && stack.size === tokens && new Set(stack.colours).size === 1) {
    // Every key of every row has the same view, layer after layer, so every token has.
    views = new Int32Array(tokens);
  } else {
    const keys = stack.layers.reduce((sum, layer) => sum + layer.heads.length * countKeys(layer.dependence), 0);
    if (keys > constantKeys) return null;
    const depth = stack.layers.length;
    views = new ViewTable(stack).view(new Int32Array(tokens), depth)[depth];
  }
  const firstWith = new Map<string, number>();
  for (let t = 0; t < tokens; t++) {
    const view = String(views[t]);
    const s = firstWith.get(view);
    if (s === undefined) firstWith.set(view, t);
    else if (!forced(s, t)) return { s, t, samples: "constant" };
  }
  return null;
}

function compareSequences(
  table: ViewTable,
  stack: Stack,
  depth: number,
  goal: "full" | "causal",
  group: SymmetryGroup,
  letters: number,
): RepeatedCoincidence | null {
  const { tokens } = stack;
  const elements = [...elementsOf(group, tokens)];
  const forced = (s: number, first: number[], t: number, second: number[]) =>
    goal === "causal"
      ? s === t && first.slice(0, s + 1).every((letter, i) => letter === second[i])
      : elements.some((g) => g[s] === t && first.every((letter, i) => second[g[i]] === letter));
  const firstWith = new Map<number, [number[], number]>();
  for (let code = 0; code < letters ** tokens; code++) {
    const sample = Array.from({ length: tokens }, (_, i) => Math.floor(code / letters ** i) % letters);
    const views = table.view(sample, depth)[depth];
    for (let t = 0; t < tokens; t++) {
      const known = firstWith.get(views[t]);
      if (!known) firstWith.set(views[t], [sample, t]);
      else {
        const [first, s] = known;
        if (!forced(s, first, t, sample)) return { s, t, samples: [first, sample] };
      }
    }
  }
  return null;
}

/** All elements of G, by closing its generators (few tokens only). */
function* elementsOf(group: SymmetryGroup, tokens: number): Generator<Permutation> {
  const identity = Int32Array.from({ length: tokens }, (_, t) => t);
  const known = new Map([[String(identity), identity]]);
  for (const element of known.values()) {
    yield element;
    for (const generator of group.automorphisms.generators) {
      const product = element.map((t) => generator[t]);
      if (!known.has(String(product))) known.set(String(product), product);
    }
  }
}
