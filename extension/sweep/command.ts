/** `uap-lens sweep`: a grid of architectures as a table, whole or in shards, and the shards as one table. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { version } from "../../package.json";
import { decode } from "../models";
import { limits } from "../theory/architecture/limits";
import { type BackendName, backendNames } from "../runtime/backends/backend";
import { RuntimeClient } from "../runtime/process/client";
import { complain, Misuse, parse, print, read, reasonOf, replaceFile, showProgress } from "../terminal";
import { type Grid, readGrid } from "./grid";
import { merged, MergeError } from "./merge";
import { OutputError, SweepFile } from "./output";
import { decidePoint } from "./point";
import { formatOf, type Origin, type SweepRow } from "./row";
import { backendOfRows, runtimeOptions, sweep } from "./run";
import { indexVariables, pointsOf, type Shard, shardOf } from "./shards";

export const sweepUsage = `Usage: uap-lens sweep GRID --output FILE [--shard [i/]N] [--resume] [--backend NAME]
       uap-lens sweep merge FILE... --output FILE

Evaluates every architecture of a grid (docs/sweep.md): verdict, symmetry, cost, margin and a short training run. Or puts the shards of a sweep together.

  GRID               *.sweep.yaml or *.sweep.json
  --output FILE      a .csv or .jsonl file, one line for every architecture
  --shard i/N        of N shards only the shard i, counted from 0; N alone takes i from ${indexVariables.join(" or ")}
  --resume           goes on with an output that is there, from the rows that it has
  --backend NAME     in place of the grid's: ${backendNames.join(", ")}

Exit code: 0 every architecture has its row, 1 some could not be evaluated, 2 it could not run or was interrupted.
`;

export async function sweepCommand(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    output: { type: "string" },
    shard: { type: "string" },
    resume: { type: "boolean" },
    backend: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) return print(sweepUsage, 0);
  const { output } = values;
  const [first, ...others] = positionals;
  if (first === undefined) throw new Misuse("no grid given");
  if (output === undefined) throw new Misuse("no --output given");
  if (formatOf(output) === undefined) throw new Misuse("--output takes a .csv or .jsonl file");
  if (first === "merge") {
    for (const option of ["shard", "resume", "backend"] as const)
      if (values[option] !== undefined) throw new Misuse(`--${option} does not go with merge`);
    return merge(others, output);
  }
  if (others.length > 0) throw new Misuse("more than one grid given");
  const backend = backendNames.find((name) => name === values.backend);
  if (values.backend !== undefined && backend === undefined) throw new Misuse(`there is no backend ${values.backend}; a sweep names one of ${backendNames.join(", ")}`); // prettier-ignore
  let shard: Shard = { index: 0, count: 1 };
  try {
    if (values.shard !== undefined) shard = shardOf(values.shard, process.env);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Misuse(error.message);
  }
  const grid = await gridOf(first);
  if (typeof grid === "string") return failed(grid);
  return run(grid, shard, output, values.resume ?? false, backend ?? grid.backend);
}

async function run(grid: Grid, shard: Shard, output: string, resume: boolean, backend: BackendName): Promise<number> {
  const origin: Origin = {
    grid: grid.hash,
    points: grid.points,
    version,
    backend: backendOfRows({ ...grid, backend }),
  };
  const points = pointsOf(grid.points, shard);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  // Slurm and Kubernetes announce the end with SIGTERM.
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, interrupt);
  const client = origin.backend === "none" ? null : new RuntimeClient({ ...runtimeOptions, backend });
  let file: SweepFile | undefined;
  try {
    file = await SweepFile.open(output, grid.axes.map(({ name }) => name), origin, new Set(points), resume); // prettier-ignore
    const { known } = file;
    const counts = new Map<string, number>();
    const say = ({ verdict, status }: Pick<SweepRow, "verdict" | "status">) => {
      const word = verdict ?? status;
      counts.set(word, (counts.get(word) ?? 0) + 1);
      showProgress(progressText(known.size, points.length, counts));
    };
    for (const row of known.values()) say(row);
    const rows = sweep({
      points: points.filter((point) => !known.has(point)),
      origin,
      settings: grid,
      // Signals come in between two points.
      decide: (point) => setImmediate(decidePoint(grid, point)),
      client,
      signal: stop.signal,
    });
    const broken: string[] = [];
    for await (const row of rows) {
      await file.append(row);
      say(row);
      if (row.status === "failed") broken.push(`point ${row.point}: ${row.notes ?? ""}`);
    }
    await file.finish();
    showProgress("");
    for (const message of broken.slice(0, 3)) complain(message);
    if (broken.length > 0) complain(`${broken.length} of ${points.length} points failed; --resume tries them again`);
    return broken.length > 0 ? 1 : 0;
  } catch (error) {
    if (stop.signal.aborted) return failed(`interrupted after ${file?.known.size ?? 0} of ${points.length} points; --resume goes on`); // prettier-ignore
    return failed(error instanceof OutputError ? `${output}: ${error.message}` : (error as Error).message);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    await file?.close();
    await client?.dispose();
  }
}

/** "17 of 125 points, 12 certified, 5 refuted". */
export const progressText = (done: number, points: number, counts: ReadonlyMap<string, number>): string =>
  [`${done} of ${points} points`, ...[...counts].map(([word, count]) => `${count} ${word}`)].join(", ");

async function merge(files: readonly string[], output: string): Promise<number> {
  if (files.length === 0) throw new Misuse("no file given to merge");
  const format = formatOf(output);
  const texts: { file: string; text: string }[] = [];
  for (const file of files) {
    if (path.resolve(file) === path.resolve(output)) throw new Misuse(`${file} is given as the output too`);
    if (formatOf(file) !== format) throw new Misuse(`${file}: shards are merged to a file of their own format, .${format}`); // prettier-ignore
    try {
      texts.push({ file, text: await readFile(file, "utf8") });
    } catch (error) {
      return failed(`${file}: ${reasonOf(error)}`);
    }
  }
  try {
    const { text, rows } = merged(texts);
    await replaceFile(output, text);
    const broken = rows.filter(({ status }) => status === "failed").length;
    if (broken > 0) complain(`${broken} of ${rows.length} points failed; run their shards again with --resume`);
    return broken > 0 ? 1 : 0;
  } catch (error) {
    if (error instanceof MergeError) return failed(error.message);
    return failed(`${output}: ${reasonOf(error)}`);
  }
}

function failed(message: string): number {
  complain(message);
  return 2;
}

/** The grid of a file; a string says why there is none. */
async function gridOf(file: string): Promise<Grid | string> {
  let bytes: Buffer;
  try {
    bytes = await read(file, limits.fileBytes);
  } catch (error) {
    return `${file}: ${reasonOf(error)}`;
  }
  const decoded = decode(bytes, file);
  const found = "error" in decoded ? { errors: [decoded.error] } : readGrid(file, decoded.text);
  if ("grid" in found) return found.grid;
  return found.errors
    .map(({ message, range: { start } }) => `${file}:${start.line + 1}:${start.character + 1}: ${message}`)
    .join("\n");
}
