/** What the editor asks of the checking thread: grids, points and results as plain values. */
import type { ReadError } from "../models/modelFile";
import { type Grid, readGrid } from "./grid";
import { type DecidedPoint, decidePoint } from "./point";
import { readRows, type SweepRow } from "./row";

/** A grid without what only its points need. */
export interface GridView extends Pick<Grid, "hash" | "points" | "margin" | "training" | "backend"> {
  axes: string[];
}

/** The last grid that was read: its points are asked for one by one. */
let last: { fileName: string; text: string; read: ReturnType<typeof readGrid> } | undefined;

function known(fileName: string, text: string): ReturnType<typeof readGrid> {
  if (last?.fileName !== fileName || last.text !== text) last = { fileName, text, read: readGrid(fileName, text) };
  return last.read;
}

/** A grid, or what is wrong with it. */
export function gridView(fileName: string, text: string): { grid: GridView } | { errors: ReadError[] } {
  const read = known(fileName, text);
  if ("errors" in read) return read;
  const { hash, points, margin, training, backend, axes } = read.grid;
  return { grid: { hash, points, margin, training, backend, axes: axes.map(({ name }) => name) } };
}

/** Undefined where the text is no grid. */
export function pointOfGrid(fileName: string, text: string, point: number): DecidedPoint | undefined {
  const read = known(fileName, text);
  return "grid" in read ? decidePoint(read.grid, point) : undefined;
}

/** The rows of a file and the length of the whole lines that they are in, or what is wrong with it. */
export function rowsIn(fileName: string, text: string): { rows: SweepRow[]; whole: number } | { problem: string } {
  const read = readRows(fileName, text);
  if ("problem" in read) return read;
  return { rows: read.rows, whole: Buffer.byteLength(text.slice(0, text.lastIndexOf("\n") + 1)) };
}
