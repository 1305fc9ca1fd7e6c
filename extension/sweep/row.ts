/**
 * What a sweep says of a point, and how it is written: one line of CSV or JSON for each point. No libraries: the extension host needs it too.
 */
import type { BackendName } from "../runtime/backends/backend";
import type { Verdict } from "../theory/verdict/report";

/** Which rows belong together: those of one grid, by one version, on one backend. */
export interface Origin {
  /** The hash of the grid. */
  grid: string;
  /** The number of its points. */
  points: number;
  /** Of UAP Lens. */
  version: string;
  /** `none` where nothing is computed on any. */
  backend: BackendName | "none";
}

/** Docs/sweep.md explains every column. Null is what is not known, was not asked for, or does not exist. */
export interface SweepRow extends Origin {
  /** Its number in the order of the grid, from 0. */
  point: number;
  /** The value of each axis. */
  axes: Record<string, unknown>;
  /** `invalid`: no specification. `failed`: the runtime broke down; made again by `--resume`. */
  status: "ok" | "invalid" | "failed";
  verdict: Verdict | null;
  class: "full" | "causal" | "partial" | null;
  classVerdict: Verdict | null;
  symmetry: string | null;
  /** In decimal digits, or a formula. */
  order: string | null;
  layers: number | null;
  layersNeeded: number | null;
  pairsPerLayer: number | null;
  scores: number | null;
  fullScores: number | null;
  /** scores / fullScores. */
  share: number | null;
  /** After the last layer. */
  margin: number | null;
  /** Before the first layer and after every layer. */
  margins: (number | null)[] | null;
  loss: number | null;
  lossLow: number | null;
  lossHigh: number | null;
  floor: number | null;
  floorLow: number | null;
  floorHigh: number | null;
  variance: number | null;
  /** loss / variance. */
  varianceShare: number | null;
  /** The verdict in a sentence. */
  statement: string | null;
  /** Why something above is missing, in sentences. */
  notes: string | null;
  /** Of the point, in the input syntax; null where it is longer than `longestSpecification`. */
  specification: unknown;
}

/** Characters of JSON past which a row leaves its specification out. */
export const longestSpecification = 4096;

type Kind = "number" | "text" | "json";
type Field = Exclude<keyof SweepRow, "axes">;

/** The columns of a CSV file: those before the axes, and those after. */
const before: readonly (readonly [Field, string, Kind])[] = [
  ["grid", "grid", "text"],
  ["points", "points", "number"],
  ["version", "version", "text"],
  ["backend", "backend", "text"],
  ["point", "point", "number"],
];
const after: readonly (readonly [Field, string, Kind])[] = [
  ["status", "status", "text"],
  ["verdict", "verdict", "text"],
  ["class", "class", "text"],
  ["classVerdict", "class verdict", "text"],
  ["symmetry", "symmetry", "text"],
  ["order", "symmetry order", "text"],
  ["layers", "layers", "number"],
  ["layersNeeded", "layers needed", "number"],
  ["pairsPerLayer", "pairs per layer", "number"],
  ["scores", "scores", "number"],
  ["fullScores", "full scores", "number"],
  ["share", "share of full", "number"],
  ["margin", "margin", "number"],
  ["margins", "margin by layer", "json"],
  ["loss", "loss", "number"],
  ["lossLow", "loss low", "number"],
  ["lossHigh", "loss high", "number"],
  ["floor", "floor", "number"],
  ["floorLow", "floor low", "number"],
  ["floorHigh", "floor high", "number"],
  ["variance", "variance", "number"],
  ["varianceShare", "variance share", "number"],
  ["statement", "statement", "text"],
  ["notes", "notes", "text"],
  ["specification", "specification", "json"],
];
/** Before the name of an axis in the heading of its column. */
const axisMark = "axis ";

/** The headings of all columns but the axes', for the documentation's test. */
export const headings: readonly string[] = [...before, ...after].map(([, heading]) => heading);

/** Lines of text that are rows, and back. A row is one line. */
export interface RowFormat {
  /** What the file begins with, its line break included. */
  head: string;
  /** With its line break. */
  write(row: SweepRow): string;
  /** Undefined where the line is no such row. */
  read(line: string): SweepRow | undefined;
}

export type FormatName = "csv" | "jsonl";

/** The format of a file, by its name. */
export function formatOf(fileName: string): FormatName | undefined {
  const [, extension] = /\.(csv|jsonl)$/i.exec(fileName) ?? [];
  return extension?.toLowerCase() as FormatName | undefined;
}

/** @param axes the names of the axes, in the order of their columns */
export function rowFormat(format: FormatName, axes: readonly string[]): RowFormat {
  return format === "csv" ? csv(axes) : jsonLines(axes);
}

/** The format of a file that is there, from its first line with the line break. Undefined where it is no sweep's. */
export function formatOfText(format: FormatName, firstLine: string): RowFormat | undefined {
  if (format === "csv") {
    const cells = cellsOf(firstLine.replace(/\n$/, ""));
    const axes = cells?.filter((cell) => cell.startsWith(axisMark)).map((cell) => cell.slice(axisMark.length));
    const made = axes && csv(axes);
    return made?.head === firstLine ? made : undefined;
  }
  const row = jsonLines(null).read(firstLine.replace(/\n$/, ""));
  return row && jsonLines(Object.keys(row.axes));
}

// ---------------------------------------------------------------------------------------------------------------- CSV

function csv(axes: readonly string[]): RowFormat {
  const head = [...before.map(([, heading]) => heading), ...axes.map((name) => axisMark + name), ...after.map(([, heading]) => heading)]; // prettier-ignore
  return {
    head: `${head.map(cell).join(",")}\n`,
    write: (row) => {
      const cells = [
        ...before.map(([field, , kind]) => written(row[field], kind)),
        ...axes.map((name) => axisCell(row.axes[name])),
        ...after.map(([field, , kind]) => written(row[field], kind)),
      ];
      return `${cells.map(cell).join(",")}\n`;
    },
    read: (line) => {
      const cells = cellsOf(line);
      if (cells?.length !== head.length) return undefined;
      const row: Record<string, unknown> = {};
      try {
        before.forEach(([field, , kind], i) => (row[field] = readCell(cells[i], kind)));
        row.axes = Object.fromEntries(axes.map((name, i) => [name, axisValue(cells[before.length + i])]));
        const rest = cells.slice(before.length + axes.length);
        after.forEach(([field, , kind], i) => (row[field] = readCell(rest[i], kind)));
      } catch {
        return undefined;
      }
      return isRow(row) ? row : undefined;
    },
  };
}

/** A cell of CSV (RFC 4180). Line breaks do not get here: a row is one line. */
const cell = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The cells of a line; undefined where its quotes do not match. */
function cellsOf(line: string): string[] | undefined {
  const cells: string[] = [];
  for (let at = 0; ;) {
    let end: number;
    if (line[at] === '"') {
      end = at + 1;
      for (;;) {
        const quote = line.indexOf('"', end);
        if (quote < 0) return undefined;
        end = quote + 1;
        if (line[end] !== '"') break;
        end++;
      }
      cells.push(line.slice(at + 1, end - 1).replaceAll('""', '"'));
    } else {
      end = line.indexOf(",", at);
      if (end < 0) end = line.length;
      const text = line.slice(at, end);
      if (text.includes('"')) return undefined;
      cells.push(text);
    }
    if (end === line.length) return cells;
    if (line[end] !== ",") return undefined;
    at = end + 1;
  }
}

function written(value: unknown, kind: Kind): string {
  if (value === null) return "";
  return kind === "json" ? JSON.stringify(value) : oneLine(typeof value === "string" ? value : JSON.stringify(value));
}

function readCell(text: string, kind: Kind): unknown {
  if (text === "") return null;
  if (kind === "text") return text;
  if (kind === "json") return JSON.parse(text) as unknown;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new RangeError("not a number");
  return number;
}

const oneLine = (text: string): string => text.replaceAll(/\s*[\r\n]+\s*/g, " ");

/** Text as it is, unless it reads as another JSON value. */
function axisCell(value: unknown): string {
  if (typeof value !== "string" || /[\r\n]/.test(value) || value === "") return JSON.stringify(value);
  try {
    JSON.parse(value);
    return JSON.stringify(value);
  } catch {
    return value;
  }
}

function axisValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

// --------------------------------------------------------------------------------------------------------- JSON Lines

/** @param axes null for any */
function jsonLines(axes: readonly string[] | null): RowFormat {
  const fields: readonly (keyof SweepRow)[] = [...before.map(([field]) => field), "axes", ...after.map(([field]) => field)]; // prettier-ignore
  return {
    head: "",
    write: (row) => `${JSON.stringify(Object.fromEntries(fields.map((field) => [field, row[field]])))}\n`,
    read: (line) => {
      try {
        const row = JSON.parse(line) as Record<string, unknown>;
        if (!isRow(row)) return undefined;
        return axes === null || Object.keys(row.axes).join("\n") === axes.join("\n") ? row : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/** Enough to trust the rest, which was written by the same program. */
function isRow(value: unknown): value is SweepRow {
  const row = value as Partial<SweepRow> | null;
  return (
    typeof row === "object" &&
    row !== null &&
    typeof row.grid === "string" &&
    Number.isInteger(row.points) &&
    typeof row.version === "string" &&
    typeof row.backend === "string" &&
    Number.isInteger(row.point) &&
    row.point! >= 0 &&
    row.point! < row.points! &&
    typeof row.axes === "object" &&
    row.axes !== null &&
    ["ok", "invalid", "failed"].includes(row.status!)
  );
}

/** What differs between two origins, in words; null where nothing does. */
export function mismatch(one: Origin, other: Origin): string | null {
  if (one.grid !== other.grid || one.points !== other.points) return "of another grid";
  if (one.version !== other.version) return `by another version (${one.version}, not ${other.version})`;
  return one.backend === other.backend ? null : `computed on another backend (${one.backend}, not ${other.backend})`;
}

// ------------------------------------------------------------------------------------------------------- whole files

/** The rows of a whole file, or why it is none, in words. A last line without its line break is left out, and said to be torn. */
export function readRows(
  fileName: string,
  text: string,
): { format: RowFormat; rows: SweepRow[]; torn: boolean } | { problem: string } {
  const format = formatOf(fileName);
  if (format === undefined) return { problem: "neither a .csv nor a .jsonl file" };
  const firstEnd = text.indexOf("\n") + 1;
  const known = firstEnd === 0 ? undefined : formatOfText(format, text.slice(0, firstEnd));
  if (known === undefined) {
    // Nothing is written but a part of the first line.
    const begun = firstEnd === 0 && (text === "" || format === "jsonl" || csv([]).head.startsWith(text.slice(0, 4)));
    if (!begun) return { problem: "not the result of a sweep" };
    return { format: rowFormat(format, []), rows: [], torn: text !== "" };
  }
  const rows: SweepRow[] = [];
  const end = text.lastIndexOf("\n") + 1;
  for (let from = known.head.length, line = known.head === "" ? 1 : 2; from < end; line++) {
    const to = text.indexOf("\n", from);
    const row = known.read(text.slice(from, to));
    if (row === undefined) return { problem: `line ${line} is no row of a sweep` };
    rows.push(row);
    from = to + 1;
  }
  return { format: known, rows, torn: end < text.length };
}

/** Six digits: more would be noise. Null where it is no finite number. */
export const rounded = (x: number): number | null => (Number.isFinite(x) ? Number(x.toPrecision(6)) : null);
