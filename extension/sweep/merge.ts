/** Shards put together: the file that one process would have written. */
import { mismatch, readRows, type RowFormat, type SweepRow } from "./row";
import { textOf } from "./output";

/** Why shards are not merged, in a sentence. */
export class MergeError extends Error {
  override readonly name = "MergeError";
}

/** Points that are named where some are missing. */
const named = 5;

/**
 * The bytes of an unsharded run.
 * @throws MergeError where the files are not all the shards of one sweep, each point once.
 */
export function merged(files: readonly { file: string; text: string }[]): { text: string; rows: SweepRow[] } {
  const from = new Map<number, { file: string; row: SweepRow }>();
  let first: { file: string; row: SweepRow; format: RowFormat } | undefined;
  for (const { file, text } of files) {
    const found = readRows(file, text);
    if ("problem" in found) throw new MergeError(`${file}: ${found.problem}`);
    if (found.torn)
      throw new MergeError(`${file}: its last line is torn; its process has not ended, or is to be resumed`);
    for (const row of found.rows) {
      first ??= { file, row, format: found.format };
      const other = mismatch(row, first.row);
      if (other !== null) throw new MergeError(`${file}: it is ${other} than ${first.file}`);
      if (found.format.head !== first.format.head)
        throw new MergeError(`${file}: it has other columns than ${first.file}`);
      const known = from.get(row.point);
      if (known !== undefined)
        throw new MergeError(
          `the point ${row.point} is in ${known.file === file ? `${file} twice` : `${known.file} and in ${file}`}`,
        );
      from.set(row.point, { file, row });
    }
  }
  if (first === undefined) throw new MergeError("there is no row in the files");
  const { points } = first.row;
  if (from.size < points) {
    const missing: number[] = [];
    for (let point = 0; missing.length < named; point++) {
      if (point === points) break;
      if (!from.has(point)) missing.push(point);
    }
    const count = points - from.size;
    throw new MergeError(
      `${count} of ${points} points are missing: ${missing.join(", ")}${count > named ? ", ..." : ""}`,
    );
  }
  const rows = [...from.values()].map(({ row }) => row).sort((a, b) => a.point - b.point);
  return { text: textOf(first.format, rows), rows };
}
