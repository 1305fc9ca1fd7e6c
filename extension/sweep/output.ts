/** The file that a sweep writes its rows to, and goes on from. */
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { reasonOf, replaceFile } from "../terminal";
import { formatOf, mismatch, type Origin, readRows, type RowFormat, rowFormat, type SweepRow } from "./row";

/** Why a file is not written, in a sentence without its name. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

const outputError = (error: unknown): OutputError =>
  error instanceof OutputError ? error : new OutputError(reasonOf(error));

/** Milliseconds after which rows are brought to the disk; a process that is killed loses none that it has written, a machine that stops those since. */
const betweenSyncs = 250;

/**
 * One line for every row, appended as it is made. Whatever ends the writing, at most the row under way is lost: a torn last line is left out by the next one to
 * go on, and a failed row is made again.
 */
export class SweepFile {
  /** The points whose rows are there, and what became of them. */
  readonly known = new Map<number, Pick<SweepRow, "status" | "verdict">>();
  #handle: FileHandle | undefined;
  /** Bytes that were there, and were written since. */
  #length = 0;
  #synced = performance.now();
  /** The point of the last row, and whether all are in the order of their points. */
  #last = -1;
  #ordered = true;

  private constructor(
    readonly file: string,
    private readonly format: RowFormat,
  ) {}

  /**
   * @param axes the names of the grid's axes
   * @param points those that may be in the file
   * @param resume goes on with a file that is there, which is an error otherwise
   * @throws OutputError
   */
  static async open(
    file: string,
    axes: readonly string[],
    origin: Origin,
    points: ReadonlySet<number>,
    resume: boolean,
  ): Promise<SweepFile> {
    const format = formatOf(file);
    if (format === undefined) throw new OutputError("the output is a .csv or a .jsonl file");
    const made = new SweepFile(file, rowFormat(format, axes));
    try {
      const there = await stat(file).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      if (there?.isDirectory()) throw new OutputError("this is a directory");
      if (there && !resume) throw new OutputError("the file is there already; --resume goes on with it");
      // What is not a regular file, such as a pipe, holds nothing to go on with.
      if (there?.isFile()) await made.goOn(await readFile(file, "utf8"), origin, points);
      made.#handle = await open(file, "a");
      if (made.#length === 0) await made.write(made.format.head);
    } catch (error) {
      await made.close();
      throw outputError(error);
    }
    return made;
  }

  /** @throws OutputError where the row cannot be written. */
  async append(row: SweepRow): Promise<void> {
    try {
      await this.write(this.format.write(row));
    } catch (error) {
      throw outputError(error);
    }
    this.note(row);
  }

  /** Brings the rows into the order of their points, where they are in another. @throws OutputError */
  async finish(): Promise<void> {
    try {
      await this.checkAlone();
      await this.#handle?.sync().catch(ignoreUnsupported);
      if (this.#ordered) return;
      const found = readRows(this.file, await readFile(this.file, "utf8"));
      if ("problem" in found) throw new OutputError(`the file has changed: ${found.problem}`);
      await replaceFile(this.file, textOf(this.format, found.rows));
    } catch (error) {
      throw outputError(error);
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.sync().catch(() => undefined);
    await handle?.close().catch(() => undefined);
  }

  private async goOn(text: string, origin: Origin, points: ReadonlySet<number>): Promise<void> {
    const found = readRows(this.file, text);
    if ("problem" in found) throw new OutputError(`nothing goes on from it: ${found.problem}`);
    const kept: SweepRow[] = [];
    for (const row of found.rows) {
      const other = mismatch(row, origin);
      if (other !== null) throw new OutputError(`nothing goes on from it: it is ${other}`);
      if (!points.has(row.point))
        throw new OutputError(`nothing goes on from it: the point ${row.point} is of another shard`);
      if (this.known.has(row.point))
        throw new OutputError(`nothing goes on from it: the point ${row.point} is in it twice`);
      if (row.status === "failed") continue;
      this.note(row);
      kept.push(row);
    }
    const whole = this.format.head + kept.map((row) => this.format.write(row)).join("");
    if (whole !== text) await replaceFile(this.file, whole);
    this.#length = Buffer.byteLength(whole);
  }

  private note({ point, status, verdict }: SweepRow): void {
    if (point < this.#last) this.#ordered = false;
    this.#last = point;
    this.known.set(point, { status, verdict });
  }

  /** @throws OutputError where another process has appended to the file, or put another in its place, as a second --resume does. */
  private async checkAlone(): Promise<void> {
    const now = await this.#handle!.stat();
    if (now.isFile() && (now.size > this.#length || now.nlink === 0))
      throw new OutputError("another process writes to the file as well; --resume goes on when it has ended");
  }

  private async write(text: string): Promise<void> {
    await this.checkAlone();
    await this.#handle!.appendFile(text);
    this.#length += Buffer.byteLength(text);
    if (performance.now() - this.#synced < betweenSyncs) return;
    await this.#handle!.datasync().catch(ignoreUnsupported);
    this.#synced = performance.now();
  }
}

/** A pipe or a device cannot be brought to a disk. */
function ignoreUnsupported(error: NodeJS.ErrnoException): void {
  if (error.code !== "EINVAL" && error.code !== "ENOTSUP") throw error;
}

/** A file of rows, in the order of their points. */
export const textOf = (format: RowFormat, rows: Iterable<SweepRow>): string =>
  format.head +
  [...rows]
    .sort((a, b) => a.point - b.point)
    .map((row) => format.write(row))
    .join("");
