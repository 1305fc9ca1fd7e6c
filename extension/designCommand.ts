/** `uap-lens design`: architectures whose symmetry is exactly a group, certified universal for it. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { targetRequest } from "./targetRequest";
import { complain, Misuse, parse, print, read, reasonOf, replaceFile } from "./terminal";
import { architectureInput } from "./theory/architecture/input";
import { design, type DesignOutcome } from "./theory/design/design";
import { GroupError, groupOf, requestOf, type SymmetryRequest } from "./theory/design/groups";
import { BeyondReach } from "./theory/patterns/rows";

export const designUsage = `Usage: uap-lens design SYMMETRY [--tokens N] [--width D] [--json] [--write DIR]
       uap-lens design (--graph FILE | --points FILE | --target NAME --tokens N) [--width D] [--json] [--write DIR]

Finds architectures whose symmetry is exactly the given one and that are certified universal for it (docs/designer.md), the cheapest first.

  SYMMETRY       a name ("D_6", "S_3 x S_2", "S_2 wr C_3", "grid 3x4", "benzene") or generators ("(0 1 2)(3 4), (0 3)")
  --tokens N     the number of tokens, where the symmetry leaves it open
  --graph FILE   the automorphisms of a graph: {"vertices": 6, "edges": [[0, 1], ...], "directed": false, "colours": [...]}
  --points FILE  the permutations of points that keep their distances: a JSON list of lists of coordinates, or a line of them for every point
  --target NAME  the symmetry of a target function on N tokens: one of the library (docs/targets.md), or a module of your own, which is run
  --width D      the dimension of a token, 16 if left out
  --json         the group and its designs as JSON
  --write DIR    writes every design there as a *.uap.json file

Exit code: 0 there is a design, 1 there is none, 2 the symmetry cannot be had or the command was misused.
`;

export async function designCommand(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    tokens: { type: "string" },
    width: { type: "string" },
    graph: { type: "string" },
    points: { type: "string" },
    target: { type: "string" },
    json: { type: "boolean" },
    write: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) return print(designUsage, 0);
  const sources = [...positionals, ...(values.graph === undefined ? [] : ["--graph"]), ...(values.points === undefined ? [] : ["--points"]), ...(values.target === undefined ? [] : ["--target"])]; // prettier-ignore
  if (sources.length === 0) throw new Misuse("no symmetry given");
  if (sources.length > 1) throw new Misuse(`more than one symmetry given: ${sources.join(", ")}`);
  const tokens = values.tokens === undefined ? null : whole("tokens", values.tokens);
  const width = values.width === undefined ? 16 : whole("width", values.width);
  if (width < 2) throw new Misuse("--width takes a number from 2 on: the theorem asks for two dimensions");
  if (tokens !== null && (values.graph ?? values.points) !== undefined) throw new Misuse("--tokens goes with a symmetry by name or by generators, or with --target"); // prettier-ignore

  let outcome: DesignOutcome;
  const notes: string[] = [];
  try {
    const request =
      values.graph !== undefined
        ? await fromFile(values.graph, graphRequest)
        : values.points !== undefined
          ? await fromFile(values.points, pointsRequest)
          : values.target !== undefined
            ? await fromTarget(values.target, tokens, width, notes)
            : requestOf(positionals[0], tokens);
    if (typeof request === "string") return failed(request);
    outcome = design(groupOf(request), { width });
    outcome.notes.unshift(...notes);
  } catch (error) {
    if (error instanceof GroupError) return failed(error.message);
    if (error instanceof BeyondReach) return failed(`out of reach: ${error.message}`);
    throw error;
  }
  if (values.write !== undefined) {
    const problem = await writeAll(values.write, outcome);
    if (problem !== null) return failed(problem);
  }
  const code = outcome.designs.length === 0 ? 1 : 0;
  return print(values.json ? `${JSON.stringify({ version: 1, ...outcome }, null, 2)}\n` : textOf(outcome), code);
}

/** The symmetry of a target, with a note of how it is known. */
async function fromTarget(target: string, tokens: number | null, width: number, notes: string[]): Promise<SymmetryRequest | string> {
  if (tokens === null) throw new Misuse("--target needs --tokens");
  const found = await targetRequest(target, tokens, width);
  if (typeof found === "string") return found;
  notes.push(`the symmetry of ${target}: ${found.how}`);
  return found.request;
} // prettier-ignore

function whole(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Misuse(`--${name} takes a number from 1 to 9999999`);
  return Number(text);
}

function failed(message: string): number {
  complain(message);
  return 2;
}

// --------------------------------------------------------------------------------------------------------------- files

/** The request that a file makes; a string says why it makes none. */
async function fromFile(
  file: string,
  requestIn: (text: string) => SymmetryRequest | string,
): Promise<SymmetryRequest | string> {
  let text: string;
  try {
    text = (await read(file)).toString("utf8");
  } catch (error) {
    return `${file}: ${reasonOf(error)}`;
  }
  const request = requestIn(text);
  return typeof request === "string" ? `${file}: ${request}` : request;
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === "number");

function graphRequest(text: string): SymmetryRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `not JSON: ${(error as Error).message}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "a graph is a JSON object";
  const { vertices, edges, directed = false, colours = null } = value as Record<string, unknown>;
  if (typeof vertices !== "number") return "`vertices` must be their number";
  if (!Array.isArray(edges)) return "`edges` must be a list of pairs of vertices";
  const odd = edges.findIndex((edge) => !isNumbers(edge) || edge.length < 2 || edge.length > 3);
  if (odd >= 0) return `\`edges[${odd}]\` must be two vertices, and perhaps a colour, as numbers`;
  if (typeof directed !== "boolean") return "`directed` must be true or false";
  if (colours !== null && !isNumbers(colours)) return "`colours` must be a list of numbers, one for every vertex";
  return { kind: "graph", vertices, edges: edges as [number, number, number?][], directed, colours };
}

/** JSON, or comma-separated lines; a first line without numbers is a heading. */
function pointsRequest(text: string): SymmetryRequest | string {
  if (text.trimStart().startsWith("[")) {
    try {
      const points: unknown = JSON.parse(text);
      if (Array.isArray(points) && points.every(isNumbers)) return { kind: "points", points };
    } catch (error) {
      return `not JSON: ${(error as Error).message}`;
    }
    return "points are a list of lists of coordinates";
  }
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 })).filter(({ line }) => line !== ""); // prettier-ignore
  const rows = lines.map(({ line, number }) => ({ number, cells: line.split(/[,;\s]+/).map(Number) }));
  if (rows.length > 0 && rows[0].cells.every(Number.isNaN)) rows.shift();
  const odd = rows.find(({ cells }) => cells.some(Number.isNaN));
  if (odd !== undefined) return `line ${odd.number}: coordinates are numbers, with commas between them`;
  return { kind: "points", points: rows.map(({ cells }) => cells) };
}

/** Writes the designs into a folder, numbered from the cheapest on; says what went wrong, or null. */
async function writeAll(folder: string, { group, designs }: DesignOutcome): Promise<string | null> {
  const name = group.name.replaceAll(/[^\w]+/g, "-").replaceAll(/^-|-$/g, "").slice(0, 60) || "group"; // prettier-ignore
  try {
    await mkdir(folder, { recursive: true });
    for (const [i, { architecture }] of designs.entries()) {
      const file = path.join(folder, `${name}-${i + 1}.uap.json`);
      await replaceFile(file, `${JSON.stringify(architectureInput(architecture), null, 2)}\n`);
    }
    return null;
  } catch (error) {
    return `${folder}: ${reasonOf(error)}`;
  }
}

// ---------------------------------------------------------------------------------------------------------------- text

/** Most generators that are printed. */
const listedGenerators = 8;

function textOf({ group, designs, notes }: DesignOutcome): string {
  const { name, degree, order, generators, orbits, pairOrbits, twoClosed, closure } = group;
  const cycles = generators.slice(0, listedGenerators).map((list) => list.map((cycle) => `(${cycle.join(" ")})`).join("")); // prettier-ignore
  const lines = [
    `${name}: order ${order} on ${degree} ${degree === 1 ? "token" : "tokens"}, ${orbits.length} ${orbits.length === 1 ? "orbit" : "orbits"} on tokens and ${pairOrbits} on ordered pairs; ${twoClosed ? "2-closed" : `not 2-closed (its 2-closure is ${closure})`}`,
    `generators: ${cycles.length === 0 ? "none" : cycles.join(", ")}${generators.length > cycles.length ? ", ..." : ""}`,
    "",
  ];
  if (designs.length > 0) {
    const rows = designs.map(({ title, architecture, cost, parameters, report }) => [
      String(cost.pairsPerLayer), String(cost.layers), String(parameters), String(architecture.registers), report.verdict, title,
    ]); // prettier-ignore
    const table = [["pairs/layer", "layers", "parameters", "registers", "verdict", "design"], ...rows];
    const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
    for (const row of table) lines.push(row.map((cell, i) => (i < 4 ? cell.padStart(widths[i]) : i < 5 ? cell.padEnd(widths[i]) : cell)).join("  ")); // prettier-ignore
    lines.push("");
  }
  lines.push(...notes.map((note) => `note: ${note}`));
  return `${lines.join("\n").trimEnd()}\n`;
}
