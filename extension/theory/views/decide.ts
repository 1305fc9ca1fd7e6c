/**
 * The decision procedure of theory, section 4: which inputs every output sees, the symmetry G, and whether the rearrangements that an output cannot tell apart
 * are exactly those that G forces, at the depth written and for the blocks stacked deeper.
 */
import type { Architecture } from "../architecture/schema";
import { hopsNeeded, visibility, type Goal, type Hops, type Visibility } from "../patterns/reach";
import { contains } from "../patterns/algebra";
import { BeyondReach, type Rows } from "../patterns/rows";
import { AutomorphismGroup, automorphisms, isAutomorphism, isomorphism } from "../symmetry/automorphisms";
import { PermutationGroup } from "../symmetry/group";
import { GroupOrder } from "../symmetry/order";
import type { Permutation } from "../symmetry/structure";
import { isPlain, structuresAt, type Rooted, type Structures } from "./structures";
import { compileStack, type MixLayer, type Stack } from "./stack";
import { ViewTable } from "./table";

/** Most tokens for which the elements of G are handled by Schreier-Sims. */
const groupDegree = 128;
/** Every output's probed structure is compared up to this many tokens and registers; beyond it, only where few outputs differ. */
const allRoots = 96;
const rootsAtScale = 64;
/** Most tokens and registers for which depths other than the one written are searched. */
const otherDepths = 8192;

/** Two outputs that agree though nothing forces them to: F_s(X) = F_t(pi X) for all X and all parameters. */
export interface Coincidence {
  s: number;
  t: number;
  /** pi on all n tokens; the identity outside what s sees. */
  permutation: Permutation;
}

export type Rearrangements =
  | { status: "forced-only"; reason: string }
  | { status: "beyond"; coincidence: Coincidence }
  | { status: "unknown"; reason: string };

export type SymmetryDecision = { group: SymmetryGroup } | { unknown: string };

/** G on the n sequence tokens. */
export interface SymmetryGroup {
  automorphisms: AutomorphismGroup;
  /** Exact test of membership in G. */
  contains(permutation: Permutation): boolean;
}

export interface Decision {
  stack: Stack;
  /** Attention and convolution layers as written. */
  depth: number;
  goal: Goal;
  /** What is seen at the depth written. */
  visibility: Visibility;
  /** The least depth of the repeated stack at which the goal is met, or a pair that no depth connects. */
  hops: Hops;
  symmetry: SymmetryDecision;
  /** At the depth written, relative to what each output sees. */
  rearrangements: Rearrangements;
  /** The least depth at which every pair the goal asks for is connected and only G's coincidences are left; null: no depth; unknown: not decided. */
  needed: number | null | "unknown";
  /**
   * Whether some depth reaches that: with its own token in every output, an output that sees everything at every depth below carries every token's view, so
   * that what it cannot tell apart is in the end what G cannot.
   */
  reachedInTheEnd: boolean | "unknown";
  /** Whether output t depends on the letter at r, at the depth written. */
  sees(t: number, r: number): boolean;
  /** Whether F_s(X) = F_t(pi X) for all X and all parameters, where (pi X) has the letter of token i at pi(i). */
  coincides(s: number, t: number, permutation: ArrayLike<number>): boolean;
}

export interface DecideOptions {
  /** Whether structural lemmas may answer before the exact engine (the default); tests compare the two routes. */
  lemmas?: boolean;
}

/**
 * Decides an architecture.
 * @throws Undecided and BeyondReach (see compileStack) where nothing can be said at all; questions that are out of reach one by one are `unknown` in the result.
 */
export function decide(architecture: Architecture, options: DecideOptions = {}): Decision {
  const stack = compileStack(architecture);
  return new Decider(stack, options.lemmas ?? true).run();
}

/** "causal" where every pattern looks back only: then output t can only ever see 0..t. */
export function goalOf({ size, tokens, layers }: Stack): Goal {
  const looksBack = size === tokens && tokens > 1 && [...new Set(layers)].every((layer) => isCausal(layer.dependence));
  return looksBack ? "causal" : "full";
}

/** Exact comparisons of single outputs, by viewing both samples in one table. Cost of one: all keys of all layers. */
function comparisons(stack: Stack) {
  const depth = stack.layers.length;
  let known: { table: ViewTable; letters: number[]; views: Int32Array } | null = null;
  const base = () => {
    if (!known) {
      const table = new ViewTable(stack);
      const letters = Array.from({ length: stack.tokens }, (_, t) => t);
      known = { table, letters, views: table.view(letters, depth)[depth] };
    }
    return known;
  };
  const rearranged = (permutation: ArrayLike<number>) => {
    const { table, letters } = base();
    const moved = new Int32Array(stack.tokens);
    for (const letter of letters) moved[permutation[letter]] = letter;
    return table.view(moved, depth)[depth];
  };
  return {
    sees: (t: number, r: number) => {
      const { table, letters, views } = base();
      return (
        table.view(
          letters.map((letter) => (letter === r ? stack.tokens : letter)),
          depth,
        )[depth][t] !== views[t]
      );
    },
    coincides: (s: number, t: number, permutation: ArrayLike<number>) => base().views[s] === rearranged(permutation)[t],
    /** Whether F(pi X) = pi F(X) for all X and all parameters. */
    isSymmetry: (permutation: Permutation) => {
      const moved = rearranged(permutation);
      return permutation.every((image, s) => base().views[s] === moved[image]);
    },
  };
}

class Decider {
  private readonly dependence: Rows[];
  private readonly layersUsed: MixLayer[];
  private readonly monotone: boolean;
  private readonly plain: boolean;
  private readonly tokensDistinct: boolean;
  private readonly goal: Goal;
  private readonly compare: ReturnType<typeof comparisons>;

  constructor(
    private readonly stack: Stack,
    private readonly lemmas: boolean,
  ) {
    this.compare = comparisons(stack);
    this.dependence = stack.layers.map((layer) => layer.dependence);
    this.layersUsed = [...new Set(stack.layers)];
    // With its own token in every output, a token that is told apart once stays told apart: deeper never decides less.
    this.monotone = this.layersUsed.every((layer) => layer.carriesOwn);
    this.plain = isPlain(stack);
    this.tokensDistinct = allDiffer(stack.colours.subarray(0, stack.tokens));
    this.goal = goalOf(stack);
  }

  run(): Decision {
    const { stack, goal } = this;
    const depth = stack.layers.length;
    const seenNow = this.seenAt(depth);
    const hops = hopsNeeded(this.dependence, stack.tokens, goal);
    const symmetry = this.symmetry();
    const group = "group" in symmetry ? symmetry.group : null;
    const rearrangements: Rearrangements = group
      ? this.rearrangements(depth, group, seenNow.kind)
      : { status: "unknown", reason: "unknown" in symmetry ? symmetry.unknown : "" };
    const needed = this.needed(depth, seenNow.kind, hops, group, rearrangements);
    const reachedInTheEnd = this.monotone ? hops.hops !== null : typeof needed === "number" || "unknown";
    return {
      stack,
      depth,
      goal,
      visibility: seenNow,
      hops,
      symmetry,
      rearrangements,
      needed,
      reachedInTheEnd,
      ...this.compare,
    };
  }

  /** What the outputs see. Where a layer drops a token's own view, views can merge, and the merged views are what is seen. */
  private seenAt(depth: number): Visibility {
    const { tokens } = this.stack;
    const onRows = visibility(this.dependence, depth, tokens);
    if (this.monotone || onRows.kind === "partial") return onRows;
    let structures: Structures;
    try {
      structures = this.structures(depth);
    } catch (error) {
      // Then the symmetry and the rearrangements are unknown for the same reason, and so is every verdict but a refutation on rows.
      reasonOf(error);
      return onRows;
    }
    const all = Array.from({ length: tokens }, (_, t) => t);
    const unreachable = all.flatMap((to) => {
      const { vertexOf } = structures.rooted(to);
      const from = all.find((r) => vertexOf[r] < 0 && (onRows.goal === "full" || r <= to));
      return from === undefined ? [] : [{ from, to }];
    });
    return unreachable.length === 0
      ? onRows
      : { kind: "partial", goal: onRows.goal, unreachable: unreachable.slice(0, 2) };
  }

  // ---------------------------------------------------------------------------------------------- the symmetry G

  private symmetry(): SymmetryDecision {
    const { stack } = this;
    try {
      if (this.lemmas && this.isRigid()) return { group: trivialGroup(stack.tokens) };
      const { structure, vertexOf } = this.structures(stack.layers.length).whole;
      const group = automorphisms(structure);
      if (structure.size === stack.tokens) {
        return { group: { automorphisms: group, contains: (permutation) => isAutomorphism(structure, permutation) } };
      }
      // An automorphism that fixes every token fixes every view, so the action on the tokens has the same order.
      const generators = restrict(group.generators, vertexOf, stack.tokens);
      return {
        group: {
          automorphisms: AutomorphismGroup.of(stack.tokens, generators, group.order),
          contains: (permutation) => this.compare.isSymmetry(permutation),
        },
      };
    } catch (error) {
      return { unknown: reasonOf(error) };
    }
  }

  /** Lemmas by which no permutation but the identity respects the structure. */
  private isRigid(): boolean {
    if (this.monotone && (this.tokensDistinct || this.layersUsed.some(hasKeyLabels))) return true;
    // A relation that looks back and holds every consecutive pair is ordered in one way only.
    if (
      this.plain &&
      this.layersUsed.some((layer) => isCausal(layer.dependence) && holdsSteps(layer.dependence, this.stack.tokens))
    )
      return true;
    // So is one with a label that marks exactly the consecutive pairs.
    return (
      this.plain && this.layersUsed.some((layer) => layer.heads.some((head) => marksSteps(head, this.stack.tokens)))
    );
  }

  // ------------------------------------------------------------------------------------------- rearrangements (b)

  private rearrangements(depth: number, group: SymmetryGroup, kind: Visibility["kind"]): Rearrangements {
    try {
      if (this.lemmas) {
        const lemma = this.lemma(depth, kind);
        if (lemma) return { status: "forced-only", reason: lemma };
      }
      if (kind !== this.goal && this.stack.size > allRoots)
        throw new BeyondReach(
          `what outputs confuse among the part of the input that they see is examined up to ${allRoots} tokens`,
        );
      return this.compareRoots(depth, group);
    } catch (error) {
      return { status: "unknown", reason: reasonOf(error) };
    }
  }

  /** Structural arguments that settle (b) without looking at single outputs; each names itself. */
  private lemma(depth: number, kind: Visibility["kind"]): string | null {
    const { stack, goal } = this;
    const { tokens } = stack;
    const used = Array.from({ length: depth }, (_, r) => stack.layers[r % stack.layers.length]);
    if (this.monotone && this.tokensDistinct) return "every token carries a position of its own";
    if (this.monotone && kind === "full" && used.some(hasKeyLabels))
      return "the projection has its own coefficients for every token";
    if (!this.plain) return null;
    const rowsAbove = (r: number) =>
      visibility(
        this.dependence.map((_, i) => this.dependence[(i + r + 1) % this.dependence.length]),
        depth - r - 1,
        stack.size,
      ).kind;
    if (goal === "causal" && kind === "causal") {
      const r = used.findIndex((layer) => holdsSteps(layer.dependence, tokens));
      if (r >= 0 && r < depth - 1 && rowsAbove(r) === "causal")
        return "consecutive tokens attend to one another, which fixes the order of everything before them";
      if (used.every((layer) => layer.heads.every((head) => rowsTellKeysApart(head, goal))))
        return "relative positions tell the keys of every row apart";
    }
    if (goal === "full" && kind === "full") {
      // A register's row tells nothing apart: all its pairs share one class.
      if (
        stack.size === tokens &&
        used.every((layer) =>
          layer.heads.every((head) => head.labels.shape === "signed" && rowsHoldTwo(head.rows, tokens)),
        )
      )
        return "signed relative positions tell the keys of every row apart";
      // Every output probes every row of every layer that differs: then what it cannot tell apart is what G cannot.
      const lowest = this.layersUsed.map((layer) => used.indexOf(layer));
      if (lowest.every((r) => r >= 0 && r < depth - 1 && rowsAbove(r) === "full"))
        return "every output probes every row of every layer";
    }
    return null;
  }

  /** E(s, s) against G_s, and E(s, t) for s, t of different orbits, one s per orbit. */
  private compareRoots(depth: number, group: SymmetryGroup): Rearrangements {
    const { tokens, size } = this.stack;
    const { orbitOf } = group.automorphisms;
    const representatives = Array.from({ length: tokens }, (_, t) => t).filter((t) => orbitOf[t] === t);
    if (size > allRoots && representatives.length > rootsAtScale)
      return this.searchRoots(depth, group, representatives);
    const structures = this.structures(depth);
    const rooted = new Map<number, Rooted>(representatives.map((s) => [s, structures.rooted(s)]));
    for (const s of representatives) {
      const found = this.stabiliserCoincidence(s, rooted.get(s)!, group);
      if (found) return { status: "beyond", coincidence: found };
    }
    for (const [i, s] of representatives.entries()) {
      for (const t of representatives.slice(i + 1)) {
        const map = isomorphism(rooted.get(s)!.structure, rooted.get(t)!.structure);
        if (map)
          return {
            status: "beyond",
            coincidence: { s, t, permutation: this.onTokens(map, rooted.get(s)!, rooted.get(t)!) },
          };
      }
    }
    return { status: "forced-only", reason: "the automorphisms of what each output probes are those of the whole" };
  }

  /** At large sizes: look at the outputs most likely to fail. Finding nothing decides nothing. */
  private searchRoots(depth: number, group: SymmetryGroup, representatives: number[]): Rearrangements {
    const structures = this.structures(depth);
    const last = representatives.length - 1;
    for (const s of new Set([representatives[last], representatives[0], representatives[last >> 1]])) {
      const found = this.stabiliserCoincidence(s, structures.rooted(s), group);
      if (found) return { status: "beyond", coincidence: found };
    }
    return {
      status: "unknown",
      reason: `${representatives.length} outputs differ in what they probe, more than are compared at this size`,
    };
  }

  private stabiliserCoincidence(s: number, rooted: Rooted, group: SymmetryGroup): Coincidence | null {
    const { tokens } = this.stack;
    const { generators } = automorphisms(rooted.structure);
    const sees = rooted.vertexOf.every((vertex) => vertex >= 0);
    const trivial = group.automorphisms.isTrivial;
    let stabiliser: PermutationGroup | null = null;
    for (const generator of generators) {
      const permutation = this.onTokens(generator, rooted, rooted);
      const moved = permutation.some((image, t) => image !== t);
      if (!moved) continue;
      let forced = false;
      // Without its own token in the output, an element of G that moves s is not forced on output s.
      if (!trivial && sees) forced = permutation[s] === s && group.contains(permutation);
      else if (!trivial) {
        if (tokens > groupDegree)
          throw new BeyondReach(`partly visible symmetric structures of more than ${groupDegree} tokens`);
        const visible = Array.from({ length: tokens }, (_, t) => t).filter((t) => rooted.vertexOf[t] >= 0);
        stabiliser ??= PermutationGroup.generate(tokens, group.automorphisms.generators, s)
          .stabiliser(s)
          .restrictedTo(visible);
        forced = stabiliser.contains(permutation);
      }
      if (!forced) return { s, t: s, permutation };
    }
    return null;
  }

  /** A map between rooted structures as a permutation of the n tokens: on the visible ones what it does, on the others any bijection (the identity where it can be). */
  private onTokens(map: Permutation, from: Rooted, to: Rooted): Permutation {
    const { tokens } = this.stack;
    const tokenAt = new Map<number, number>();
    to.vertexOf.forEach((vertex, t) => vertex >= 0 && tokenAt.set(vertex, t));
    const image = new Int32Array(tokens).fill(-1);
    const taken = new Uint8Array(tokens);
    from.vertexOf.forEach((vertex, t) => {
      if (vertex < 0) return;
      image[t] = tokenAt.get(map[vertex])!;
      taken[image[t]] = 1;
    });
    for (let t = 0; t < tokens; t++) {
      if (image[t] < 0 && !taken[t]) {
        image[t] = t;
        taken[t] = 1;
      }
    }
    let free = 0;
    for (let t = 0; t < tokens; t++) {
      if (image[t] >= 0) continue;
      while (taken[free]) free++;
      image[t] = free;
      taken[free] = 1;
    }
    return image;
  }

  // ----------------------------------------------------------------------------------------------- depth needed

  private needed(
    depth: number,
    kind: Visibility["kind"],
    hops: Hops,
    group: SymmetryGroup | null,
    atDepth: Rearrangements,
  ): number | null | "unknown" {
    const holdsAt = (m: number): boolean | "unknown" => {
      const seenThere = m === depth ? kind : this.seenAt(m).kind;
      if (seenThere !== this.goal) return false;
      if (!group) return "unknown";
      // Past a size a depth that is not the one written is worth a lemma, not a search.
      if (m !== depth && this.stack.size > otherDepths) return this.lemma(m, seenThere) !== null ? true : "unknown";
      const there = m === depth ? atDepth : this.rearrangements(m, group, seenThere);
      return there.status === "unknown" ? "unknown" : there.status === "forced-only";
    };
    if (this.monotone) {
      if (hops.hops === null) return null;
      // At one period past the hop count every output probes every row of every layer.
      for (let m = Math.max(1, hops.hops); m <= hops.hops + this.dependence.length + 1; m++) {
        const holds = holdsAt(m);
        if (holds === true) return m;
        if (holds === "unknown") return "unknown";
      }
      return "unknown";
    }
    // Without residual paths a deeper stack may know less; only the depths up to twice the one written are tried.
    for (let m = 1; m <= Math.min(2 * depth, depth + 8); m++) {
      const holds = holdsAt(m);
      if (holds === true) return m;
    }
    return "unknown";
  }

  private structures(depth: number): Structures {
    return structuresAt(this.stack, depth, this.plain);
  }
}

// ------------------------------------------------------------------------------------------------------------ helpers

function reasonOf(error: unknown): string {
  if (error instanceof BeyondReach) return error.message;
  throw error;
}

const allDiffer = (colours: Int32Array): boolean => {
  const sorted = colours.slice().sort();
  return sorted.every((colour, i) => i === 0 || colour !== sorted[i - 1]);
};

/** Automorphisms of a structure that holds the tokens among other vertices, as permutations of the n tokens. */
function restrict(generators: readonly Permutation[], vertexOf: Int32Array, tokens: number): Permutation[] {
  const tokenAt = new Map(Array.from(vertexOf, (vertex, t) => [vertex, t]));
  return generators.map((generator) =>
    Int32Array.from({ length: tokens }, (_, t) => tokenAt.get(generator[vertexOf[t]])!),
  );
}

function trivialGroup(degree: number): SymmetryGroup {
  return {
    automorphisms: AutomorphismGroup.of(degree, [], new GroupOrder(1n)),
    contains: (permutation) => permutation.every((image, t) => image === t),
  };
}

function isCausal(rows: Rows): boolean {
  for (let query = 0; query < rows.size; query++) {
    const row = rows.rowOf[query];
    const last = rows.first[row + 1] - 1;
    if (last >= rows.first[row] && rows.bounds[2 * last + 1] > query + 1) return false;
  }
  return true;
}

const holdsSteps = (rows: Rows, tokens: number): boolean => {
  for (let query = 1; query < tokens; query++) if (!contains(rows, query, query - 1)) return false;
  return true;
};

const hasKeyLabels = (layer: MixLayer): boolean => layer.heads.some((head) => head.labels.shape === "keys");

/** Whether one label stands on exactly the pairs (q, q + 1), or exactly the pairs (q, q - 1), of the head's rows. */
function marksSteps(head: MixLayer["heads"][number], tokens: number): boolean {
  if (head.labels.shape !== "signed" && head.labels.shape !== "buckets") return false;
  if (!rowsHoldTwo(head.rows, tokens)) return false;
  const at = (offset: number) => head.labels.learned(Math.max(0, -offset), Math.max(0, offset));
  return [1, -1].some((step) => {
    for (let offset = 1 - tokens; offset < tokens; offset++)
      if (offset !== step && at(offset) === at(step)) return false;
    for (let query = Math.max(0, -step); query < tokens - Math.max(0, step); query++)
      if (!contains(head.rows, query, query + step)) return false;
    return true;
  });
}

/** Whether the keys of every row carry different labels. */
function rowsTellKeysApart(head: MixLayer["heads"][number], goal: "full" | "causal"): boolean {
  const { shape } = head.labels;
  return shape === "signed" || (shape === "unsigned" && goal === "causal");
}

function rowsHoldTwo(rows: Rows, tokens: number): boolean {
  for (let query = 0; query < tokens; query++) {
    const row = rows.rowOf[query];
    let keys = 0;
    for (let run = rows.first[row]; run < rows.first[row + 1]; run++)
      keys += rows.bounds[2 * run + 1] - rows.bounds[2 * run];
    if (keys < 2) return false;
  }
  return true;
}
