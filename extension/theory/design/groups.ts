/** Permutation groups as a designer asks for them: by name, by generators, as the symmetry of a graph or of a set of points. */
import type { PermutationGroup } from "../symmetry/group";

/** A symmetry that is asked for. */
export type SymmetryRequest =
  /** A name (docs/designer.md), such as "D_6", "S_3 x S_2", "S_2 wr C_3", "grid 3x4", "benzene". `tokens` decides where the name leaves it open. */
  | { kind: "name"; name: string; tokens: number | null }
  /** Generators in cycle notation, such as "(0 1 2)(3 4), (0 3)"; as many tokens as they mention if `tokens` is null. */
  | { kind: "generators"; cycles: string; tokens: number | null }
  /** The automorphisms of a graph. Colours of vertices and of edges (the third entry) are kept. */
  | { kind: "graph"; vertices: number; edges: [number, number, number?][]; directed: boolean; colours: number[] | null }
  /** The permutations of points that keep all distances. */
  | { kind: "points"; points: number[][] };

/** A permutation group on the tokens 0..degree-1. */
export interface TokenGroup {
  /** As nameGroup gives it, or as it was asked for. */
  name: string;
  degree: number;
  group: PermutationGroup;
}

/** A symmetry that cannot be had. The message is a sentence for people. */
export class GroupError extends Error {
  override readonly name = "GroupError";
}

/**
 * What a person types in one line: cycles if it starts with a bracket, otherwise a name.
 */
export function requestOf(text: string, tokens: number | null): SymmetryRequest {
  const trimmed = text.trim();
  return trimmed.startsWith("(")
    ? { kind: "generators", cycles: trimmed, tokens }
    : { kind: "name", name: trimmed, tokens };
}

/**
 * The group that is asked for.
 * @throws GroupError
 */
export function groupOf(request: SymmetryRequest): TokenGroup {
  throw new GroupError(`not yet: ${request.kind}`);
}
