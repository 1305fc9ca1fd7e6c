/** Symmetries as a person types them: names, cycles, graphs and points. */
import type { DesignInputs, DesignProblems } from "../../webview/protocol";
import { limits } from "../theory/architecture/limits";
import { requestOf, type SymmetryRequest } from "../theory/design/groups";

/** What is typed for a number that may be left open. */
const wholeNumber = /^\s*\d{1,9}\s*$/;
const widest = limits.width;

/** The symmetry that is asked for, or the function whose symmetry it is. */
export type Requested = { request: SymmetryRequest; width: number } | { target: string; tokens: number; width: number };

/** What is asked for; or what is wrong with what was typed, by its field: nothing where nothing has been typed. */
export function requestedOf({ by, given, directed, width }: DesignInputs): Requested | { problems: DesignProblems } {
  const { text, tokens: typed } = given[by];
  if (text.trim() === "") return { problems: {} };
  const { tokens, problem } = tokensOf(by === "points" ? "" : typed);
  if (by === "target") {
    const problems = { ...(tokens === null && { tokens: "a whole number from 1" }), ...problemOfWidth(width) };
    return Object.keys(problems).length > 0 ? { problems } : { target: text, tokens: tokens!, width: Number(width) };
  }
  const request = requestOfText(by, text, tokens, directed);
  const problems: DesignProblems = {
    ...(typeof request === "string" && { text: request }),
    ...(problem !== undefined && { tokens: problem }),
    ...problemOfWidth(width),
  };
  return typeof request === "string" || Object.keys(problems).length > 0
    ? { problems }
    : { request, width: Number(width) };
}

export function tokensOf(text: string): { tokens: number | null; problem?: string } {
  if (text.trim() === "") return { tokens: null };
  const tokens = wholeNumber.test(text) ? Number(text) : 0;
  return tokens > 0 ? { tokens } : { tokens: null, problem: "a whole number from 1, or nothing where the symmetry says it" }; // prettier-ignore
}

export function problemOfWidth(text: string): DesignProblems {
  const width = wholeNumber.test(text) ? Number(text) : 0;
  return width >= 1 && width <= widest ? {} : { width: `a whole number from 1 to ${widest.toLocaleString("en")}` };
}

function requestOfText(
  by: SymmetryRequest["kind"],
  text: string,
  tokens: number | null,
  directed: boolean,
): SymmetryRequest | string {
  switch (by) {
    case "name":
      // Cycles are understood here as well.
      return requestOf(text, tokens);
    case "generators":
      return { kind: "generators", cycles: text.trim(), tokens };
    case "graph": {
      const graph = graphOf(text);
      return typeof graph === "string" ? graph : { ...graph, vertices: tokens ?? graph.vertices, directed: graph.directed ?? directed }; // prettier-ignore
    }
    case "points": {
      const points = pointsOf(text);
      return typeof points === "string" ? points : { kind: "points", points };
    }
  }
}

// -------------------------------------------------------------------------------------------------- graphs and points

type Graph = Extract<SymmetryRequest, { kind: "graph" }>;
type Edge = Graph["edges"][number];
/** `directed` is null where the text does not say it. */
type TypedGraph = Omit<Graph, "directed"> & { directed: boolean | null };

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isEdge = (value: unknown): value is Edge =>
  Array.isArray(value) && (value.length === 2 || value.length === 3) && value.every(isWhole);

/** A graph as lines "0 1" (a third number is the colour of the edge) or as JSON; a string says what is needed. */
export function graphOf(text: string): TypedGraph | string {
  if (/^\s*[[{]/.test(text)) return graphOfJson(text);
  const edges: Edge[] = [];
  for (const { line, content } of linesOf(text)) {
    const numbers = content.split(/\s*(?:->|[-,\s])\s*/).map(numberOf);
    if (!isEdge(numbers)) return `an edge in line ${line}, such as "0 1", and not ${quoted(content)}`;
    edges.push(numbers);
  }
  if (edges.length === 0) return 'edges, one a line, such as "0 1"';
  return { kind: "graph", vertices: verticesOf(edges), edges, directed: null, colours: null };
}

function graphOfJson(text: string): TypedGraph | string {
  const value = parsed(text);
  if (value instanceof Error) return `JSON of a graph (${value.message})`;
  const { edges, vertices, directed, colours } = (Array.isArray(value) ? { edges: value } : value) as Record<string, unknown>; // prettier-ignore
  if (!Array.isArray(edges) || !edges.every(isEdge))
    return 'edges as a list, such as [[0, 1], [1, 2]] or {"edges": [[0, 1]], "vertices": 3}';
  if (vertices !== undefined && !isWhole(vertices)) return '"vertices" as a whole number';
  if (directed !== undefined && typeof directed !== "boolean") return '"directed" as true or false';
  if (colours !== undefined && !(Array.isArray(colours) && colours.every(isWhole)))
    return '"colours" as a list of whole numbers, one a vertex';
  return {
    kind: "graph",
    vertices: vertices ?? colours?.length ?? verticesOf(edges),
    edges,
    directed: directed ?? null,
    colours: colours ?? null,
  };
}

const verticesOf = (edges: readonly Edge[]): number =>
  edges.reduce((most, [from, to]) => Math.max(most, from + 1, to + 1), 0);

/** Points as lines of coordinates or as JSON; a string says what is needed. */
export function pointsOf(text: string): number[][] | string {
  const isPoint = (value: unknown): value is number[] =>
    Array.isArray(value) && value.length > 0 && value.every((x) => typeof x === "number" && Number.isFinite(x));
  if (/^\s*\[/.test(text)) {
    const value = parsed(text);
    if (value instanceof Error) return `JSON of points (${value.message})`;
    return Array.isArray(value) && value.length > 0 && value.every(isPoint)
      ? value
      : "points as a list, such as [[0, 0], [1, 0]]";
  }
  const points: number[][] = [];
  for (const { line, content } of linesOf(text)) {
    const point = content.split(/\s*[,;\s]\s*/).map(numberOf);
    if (!isPoint(point)) return `coordinates in line ${line}, such as "0 1.5", and not ${quoted(content)}`;
    points.push(point);
  }
  return points.length === 0 ? 'points, one a line, such as "0 1.5"' : points;
}

/** Lines that say something; what follows a # is for people. */
const linesOf = (text: string): { line: number; content: string }[] =>
  text
    .split("\n")
    .map((whole, index) => ({ line: index + 1, content: whole.replace(/#.*$/, "").trim() }))
    .filter(({ content }) => content !== "");

const numberOf = (word: string): number => (word === "" ? NaN : Number(word));

const quoted = (text: string): string => `"${text.length > 40 ? `${text.slice(0, 40)} …` : text}"`;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    return error;
  }
}
