/** Groups, designs and their pair classes in words. */
import type { DesignOutcome } from "../../extension/theory/design/design";
import type { PairClasses } from "../../extension/theory/design/pairClasses";
import type { SymmetryKind } from "../protocol";
import { count, number, orderText } from "../words";

export const kindLabels: Record<SymmetryKind, string> = {
  name: "a name",
  generators: "generators in cycles",
  graph: "a graph",
  points: "points",
  target: "a target function",
};

export interface Example {
  label: string;
  text: string;
  tokens?: string;
}

/** Symmetries to begin with, for each way of giving one. */
export const examples: Record<Exclude<SymmetryKind, "target">, Example[]> = {
  name: [
    ...["D_6", "C_8", "S_3 x S_2", "S_2 wr C_3", "grid 3x4", "torus 3x4", "tree depth 2", "A_4", "benzene"].map(
      (text) => ({ label: text, text }),
    ),
    { label: "S_n on 10 tokens", text: "S_n", tokens: "10" },
  ],
  generators: [
    { label: "two triangles that turn together", text: "(0 1 2)(3 4 5)" },
    { label: "a square and its reflections", text: "(0 1 2 3), (0 3)(1 2)" },
    { label: "the group of order 21 on 7 tokens", text: "(0 1 2 3 4 5 6), (1 2 4)(3 6 5)" },
  ],
  graph: [
    { label: "a path of 5", text: "0 1\n1 2\n2 3\n3 4" },
    { label: "the prism on a triangle", text: "0 1\n1 2\n2 0\n3 4\n4 5\n5 3\n0 3\n1 4\n2 5" },
    { label: "a square with one coloured edge", text: "0 1 1\n1 2 0\n2 3 0\n3 0 0" },
  ],
  points: [
    { label: "the corners of a square", text: "0 0\n1 0\n1 1\n0 1" },
    { label: "a rectangle", text: "0 0\n3 0\n3 1\n0 1" },
    { label: "a tetrahedron", text: "1 1 1\n1 -1 -1\n-1 1 -1\n-1 -1 1" },
  ],
};

/** Facts of a group, term by term. */
export function groupFacts(group: DesignOutcome["group"]): [string, string][] {
  const { order, degree, orbits, pairOrbits, twoClosed, closure } = group;
  return [
    ["Order", orderText(order)],
    ["Tokens", number(degree)],
    ["Orbits on tokens", orbitWords(orbits)],
    ["Orbits on pairs", number(pairOrbits)],
    ["2-closed", twoClosed ? "yes" : `no: the 2-closure is ${closure}`],
  ];
}

/** Orbits that are listed one by one; of more the number is said. */
const listedOrbits = 6;

function orbitWords(orbits: readonly (readonly number[])[]): string {
  if (orbits.length === 1) return "1: any token goes to any other";
  const total = orbits.reduce((sum, orbit) => sum + orbit.length, 0);
  if (orbits.length > listedOrbits || total > 24) return number(orbits.length);
  return `${orbits.length}: ${orbits.map((orbit) => `{${orbit.join(", ")}}`).join(" ")}`;
}

/** What being 2-closed means; of a group that is not, the notes say what follows. */
export const closureSentence = ({ name, twoClosed }: DesignOutcome["group"]): string | null =>
  twoClosed
    ? `${name} is 2-closed: what attention can know of pairs of tokens is enough to have exactly this symmetry.`
    : null;

// --------------------------------------------------------------------------------------------------------------- classes

/** "every layer", "layers 1 to 3", "layer 2, head group 1": counted from 1, as people count layers. */
export function headsWords({ heads }: PairClasses, all: readonly PairClasses[]): string {
  if (all.length === 1) return "every layer and head";
  const groups = new Map<string, number[]>();
  for (const { layer, group } of heads) {
    const suffix = group === null ? "" : `, head group ${group + 1}`;
    groups.set(suffix, [...(groups.get(suffix) ?? []), layer + 1]);
  }
  return [...groups].map(([suffix, layers]) => `${layersWords(layers)}${suffix}`).join("; ");
}

function layersWords(layers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const layer of layers) {
    const last = runs.at(-1);
    if (last?.[1] === layer - 1) last[1] = layer;
    else runs.push([layer, layer]);
  }
  const words = runs.map(([from, to]) => (from === to ? `${from}` : `${from} ${to === from + 1 ? "and" : "to"} ${to}`));
  return `${layers.length === 1 ? "layer" : "layers"} ${words.join(", ")}`;
}

/** A token or register by its number in the sequence. */
export const place = (index: number, tokens: number): string =>
  index < tokens ? `token ${index}` : `register ${index - tokens}`;

/** What a cell is. */
export function cellWords({ size, cells }: PairClasses, row: number, column: number, tokens: number): string {
  const cell = cells[row * size + column];
  const query = place(row, tokens);
  const key = place(column, tokens);
  return cell === 0
    ? `${query} does not attend to ${key}`
    : `${query} attends to ${row === column ? "itself" : key}: class ${cell}`;
}

/** Classes that are written out. */
const listedClasses = 64;
const listedKeys = 8;

/** Each class in a row: its number, how many pairs it has, and what the first query that knows it attends to with it. */
export function classRows(
  { size, count: classes, cells }: PairClasses,
  tokens: number,
): { rows: [string, string, string][]; left: number } {
  const pairs = new Array<number>(classes + 1).fill(0);
  const firsts = new Map<number, number>();
  cells.forEach((cell, index) => {
    pairs[cell]++;
    if (!firsts.has(cell)) firsts.set(cell, Math.floor(index / size));
  });
  const shown = Math.min(classes, listedClasses);
  const rows = Array.from({ length: shown }, (_, i): [string, string, string] => {
    const query = firsts.get(i + 1)!;
    const keys: number[] = [];
    for (let key = 0; key < size; key++) if (cells[query * size + key] === i + 1) keys.push(key);
    const listed = keys.slice(0, listedKeys).map((key) => place(key, tokens));
    const more = keys.length > listedKeys ? ` and ${keys.length - listedKeys} more` : "";
    return [String(i + 1), number(pairs[i + 1]), `${place(query, tokens)} attends to ${listed.join(", ")}${more}`];
  });
  return { rows, left: classes - shown };
}

/** What the matrix shows, in a sentence. */
export function classesSentence({ size, count: classes, cells }: PairClasses, registers: number): string {
  const masked = cells.reduce((sum, cell) => sum + (cell === 0 ? 1 : 0), 0);
  const attended = size ** 2 - masked;
  return `${count(attended, "pair")} of ${number(size ** 2)} ${attended === 1 ? "is" : "are"} attended to, in ${number(classes)} ${classes === 1 ? "class" : "classes"}${registersWords(registers)}.`;
}

const registersWords = (registers: number): string =>
  registers === 0
    ? ""
    : registers === 1
      ? "; the last row and column are a register's"
      : `; the last ${number(registers)} rows and columns are registers'`;
