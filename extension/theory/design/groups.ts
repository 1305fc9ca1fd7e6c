/** Permutation groups as a designer asks for them: by name, by generators, as the symmetry of a graph or of a set of points. */
import { BeyondReach } from "../patterns/rows";
import { automorphisms, AutomorphismGroup } from "../symmetry/automorphisms";
import { PermutationGroup } from "../symmetry/group";
import { nameGroup } from "../symmetry/naming";
import { GroupOrder } from "../symmetry/order";
import type { Permutation, Structure } from "../symmetry/structure";
import { parseCycles } from "./cycleNotation";
import { GroupError } from "./groupError";
import { parseName, type NamedGroup } from "./groupNames";

export { GroupError } from "./groupError";

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

/** Most tokens of a group without structure of its own: its elements are handled one by one (symmetry/naming.ts has the same limit). */
export const mostTokens = 64;
/** Most tokens of S_n, C_n, D_n and the trivial group: the side of a matrix of pair classes. */
export const mostNamedTokens = 512;
/** Most coordinates of a point, and most entries in a list of edges. */
const mostCoordinates = 64;
const mostEdges = 16_384;
/** Two squared distances are the same where they differ by less than this share of the largest one. */
export const distanceTolerance = 1e-3;

/**
 * What a person types in one line: cycles if it starts with a bracket around numbers, otherwise a name.
 */
export function requestOf(text: string, tokens: number | null): SymmetryRequest {
  const trimmed = text.trim();
  return /^\(\s*[\d)]/.test(trimmed)
    ? { kind: "generators", cycles: trimmed, tokens }
    : { kind: "name", name: trimmed, tokens };
}

/**
 * The group that is asked for.
 * @throws GroupError
 */
export function groupOf(request: SymmetryRequest): TokenGroup {
  try {
    switch (request.kind) {
      case "name":
        return fromName(request.name, request.tokens);
      case "generators":
        return fromGenerators(request.cycles, request.tokens);
      case "graph":
        return fromStructure(graphStructure(request));
      case "points":
        return fromStructure(pointStructure(request.points));
    }
  } catch (error) {
    if (error instanceof BeyondReach) throw new GroupError(`This group is out of reach: ${error.message}.`);
    throw error;
  }
}

// -------------------------------------------------------------------------------------------------------------- names

function fromName(text: string, tokens: number | null): TokenGroup {
  checkTokens(tokens);
  const named = parseName(text);
  const degree = degreeOf(named, text.trim(), tokens);
  const name = text.trim().replaceAll(/\s+/g, " ");
  if (degree > mostTokens && !(named.anySize && degree <= mostNamedTokens)) throw tooMany(named, degree);
  const { generators, order } = named.group(tokens ?? 0);
  return {
    name: named.isOpen ? named.nameAt(degree) : name,
    degree,
    group: PermutationGroup.generate(degree, generators, undefined, order ?? undefined),
  };
}

function tooMany(named: NamedGroup, degree: number): GroupError {
  const most = named.anySize ? mostNamedTokens : mostTokens;
  const what = named.anySize ? "Such a group" : "A group other than S_n, C_n, D_n and the trivial one";
  return new GroupError(`${what} is taken on at most ${most} tokens; this one acts on ${large(degree)}.`);
}

const large = (count: number): string => (count > Number.MAX_SAFE_INTEGER ? "far more" : count.toLocaleString("en"));

function degreeOf(named: NamedGroup, text: string, tokens: number | null): number {
  if (!named.isOpen) {
    const degree = named.degree(0);
    if (tokens !== null && degree !== tokens)
      throw new GroupError(`${text} acts on ${large(degree)} tokens, not on ${tokens.toLocaleString("en")}.`);
    return degree;
  }
  if (tokens === null) throw new GroupError(`${text} leaves the number of tokens open; say how many there are.`);
  return tokens;
}

function checkTokens(tokens: number | null): void {
  if (tokens !== null && (!Number.isSafeInteger(tokens) || tokens < 1))
    throw new GroupError(`The number of tokens must be a positive integer, not ${tokens}.`);
}

// --------------------------------------------------------------------------------------------------------- generators

function fromGenerators(cycles: string, tokens: number | null): TokenGroup {
  checkTokens(tokens);
  if (tokens !== null && tokens > mostTokens)
    throw new GroupError(
      `Generators are taken on at most ${mostTokens} tokens, not on ${tokens.toLocaleString("en")}.`,
    );
  const generators = parseCycles(cycles, tokens, mostTokens);
  return named(PermutationGroup.generate(generators[0].length, generators));
}

function named(group: PermutationGroup): TokenGroup {
  const { degree, generators, order } = group;
  const name = nameGroup(AutomorphismGroup.of(degree, [...generators], new GroupOrder(order)));
  return { name, degree, group };
}

// -------------------------------------------------------------------------------------------------- graphs and points

/** The automorphisms of a structure of at most `mostTokens` vertices. */
function fromStructure(structure: Structure): TokenGroup {
  const found = automorphisms(structure);
  const { degree, generators, order } = found;
  return { name: nameGroup(found), degree, group: PermutationGroup.generate(degree, generators, undefined, order.toBigInt()) }; // prettier-ignore
}

function graphStructure(graph: Extract<SymmetryRequest, { kind: "graph" }>): Structure {
  const { vertices, edges, directed, colours } = graph;
  if (!Number.isSafeInteger(vertices) || vertices < 1)
    throw new GroupError(`A graph has a positive number of vertices, not ${String(vertices)}.`);
  if (vertices > mostTokens)
    throw new GroupError(
      `A graph may have at most ${mostTokens} vertices; this one has ${vertices.toLocaleString("en")}.`,
    );
  if (edges.length > mostEdges) throw new GroupError(`A graph may list at most ${mostEdges.toLocaleString("en")} edges.`); // prettier-ignore
  if (colours !== null && colours.length !== vertices)
    throw new GroupError(`There are ${vertices} vertices and ${colours.length} colours of vertices.`);
  const classes = Array.from({ length: vertices }, () => new Int32Array(vertices).fill(-1));
  const colourOf = numbering();
  edges.forEach(([from, to, colour], i) => {
    for (const end of [from, to])
      if (!Number.isInteger(end) || end < 0 || end >= vertices)
        throw new GroupError(
          `Edge ${i} leads to ${String(end)}, which is none of the vertices 0 to ${vertices - 1}.`,
        );
    const id = colourOf(colour ?? null);
    for (const [a, b] of directed ? [[from, to]] : [[from, to], [to, from]]) {
      if (classes[a][b] >= 0 && classes[a][b] !== id)
        throw new GroupError(`The edge from ${a} to ${b} is listed with two colours.`);
      classes[a][b] = id;
    }
  }); // prettier-ignore
  const vertexColour = numbering();
  return completeStructure(vertices, (v) => vertexColour(colours?.[v] ?? null), (a, b) => classes[a][b]); // prettier-ignore
}

/** Values by the order in which they first came. */
function numbering(): (value: number | null) => number {
  const ids = new Map<number | null, number>();
  return (value) => {
    const id = ids.get(value) ?? ids.size;
    ids.set(value, id);
    return id;
  };
}

/** All ordered pairs coloured; a colour below 0 is no edge. */
export function completeStructure(
  size: number,
  colour: (vertex: number) => number,
  pair: (from: number, to: number) => number,
): Structure {
  const first = new Int32Array(size + 1);
  const bounds: number[] = [];
  const classes: number[] = [];
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < size; b++) {
      const label = pair(a, b);
      if (label < 0) continue;
      bounds.push(b, b + 1);
      classes.push(label);
    }
    first[a + 1] = classes.length;
  }
  return {
    size,
    colours: Int32Array.from({ length: size }, (_, v) => colour(v)),
    relations: [
      {
        rowOf: Int32Array.from({ length: size }, (_, v) => v),
        first,
        bounds: Int32Array.from(bounds),
        classes: Int32Array.from(classes),
      },
    ],
  };
}

function pointStructure(points: readonly (readonly number[])[]): Structure {
  const count = points.length;
  if (count === 0) throw new GroupError("There are no points.");
  if (count > mostTokens)
    throw new GroupError(`At most ${mostTokens} points are taken; there are ${count.toLocaleString("en")}.`);
  const dimensions = points[0].length;
  if (dimensions > mostCoordinates) throw new GroupError(`A point may have at most ${mostCoordinates} coordinates.`);
  points.forEach((point, i) => {
    if (point.length !== dimensions)
      throw new GroupError(`Point ${i} has ${point.length} coordinates, point 0 has ${dimensions}.`);
    const strange = point.find((x) => !Number.isFinite(x) || Math.abs(x) > 1e150);
    if (strange !== undefined) throw new GroupError(`Point ${i} has the coordinate ${strange}.`);
  });
  const squared = points.map((p) => points.map((q) => p.reduce((sum, x, i) => sum + (x - q[i]) ** 2, 0)));
  const classOf = distanceClasses(squared.flat());
  return completeStructure(count, () => 0, (a, b) => (a === b ? -1 : classOf(squared[a][b]))); // prettier-ignore
}

/** Squared distances in classes: neighbours in ascending order are one class where they differ by less than the tolerance. */
function distanceClasses(values: readonly number[]): (value: number) => number {
  const sorted = Float64Array.from(values).sort();
  const tolerance = distanceTolerance * sorted[sorted.length - 1];
  const starts: number[] = [];
  for (const [i, value] of sorted.entries()) {
    if (i === 0 || value - sorted[i - 1] > tolerance) starts.push(value);
    else if (value - starts[starts.length - 1] > 4 * tolerance)
      throw new GroupError(
        `The distances near ${Math.sqrt(value).toPrecision(6)} run into each other: squared distances count as equal within ${distanceTolerance} of the largest.`,
      );
  }
  return (value) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= value) low = middle;
      else high = middle;
    }
    return low;
  };
}

/** Generators of the group, each outside the group that those before it generate: few enough for a file. */
export function fewGenerators(group: PermutationGroup): Permutation[] {
  const few: Permutation[] = [];
  let known = PermutationGroup.generate(group.degree, few);
  for (const generator of group.generators) {
    if (known.order === group.order) break;
    if (known.contains(generator)) continue;
    few.push(generator);
    known = PermutationGroup.generate(group.degree, few);
  }
  return few;
}
