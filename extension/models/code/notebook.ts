/** Jupyter notebooks as files: what is found in the joined text of their code cells brought back to the lines of the JSON. */
import { type Node, parseTree } from "jsonc-parser";
import type { Range, TextEdit } from "../../theory/verdict/report";
import type { ModelFile, ReadArchitecture } from "../modelFile";
import { LineMap } from "../ranges";
import { type CellRange, JoinedCells } from "./cells";

/** The source of a cell, and where each of its characters is in the JSON. */
interface WrittenCell {
  source: string;
  /** Where the character i begins, and where the one before it ends: an escape, or the next line's own text, may be between. */
  begins: number[];
  ends: number[];
}

/**
 * Reads the notebook whose text this is: JSON, or its code cells joined already. Of the JSON, ranges are in the texts in which the cells' lines are, and edits
 * are written with JSON's escapes.
 * @param read reads the Python
 */
export function readNotebook(text: string, read: (source: string) => ModelFile | undefined): ModelFile | undefined {
  const written = cellsOf(text);
  if (written === undefined) return read(text);
  if ("errors" in written) return written;
  const cells = written.map(({ source }) => source);
  const joined = new JoinedCells(cells);
  const model = read(joined.text);
  if (model === undefined) return undefined;
  const json = new LineMap(text);
  const cellLines = cells.map((source) => new LineMap(source));

  const inJson = ({ cell, range }: CellRange): Range => {
    const { begins, ends } = written[cell];
    const [from, to] = [range.start, range.end].map((position) => cellLines[cell].offset(position));
    const start = from < begins.length ? begins[from] : ends[from];
    return json.range(start, from === to ? start : Math.max(start, ends[to]));
  };
  const place = (range: Range): Range => {
    const placed = joined.inCell(range);
    return placed ? inJson(placed) : json.range(0, 1);
  };
  const placeEdits = (edits: TextEdit[]): TextEdit[] | undefined =>
    joined.edits(edits)?.map(({ cell, edit: { range, newText } }) => ({
      range: inJson({ cell, range }),
      newText: JSON.stringify(newText).slice(1, -1),
    }));
  const placeArchitecture = (inside: ReadArchitecture): ReadArchitecture => ({
    architecture: inside.architecture,
    range: place(inside.range),
    skipped: inside.skipped.map((skipped) => ({ ...skipped, range: place(skipped.range) })),
    locate: (path) => place(inside.locate(path)),
    edit: (changes) => {
      const edits = inside.edit(changes);
      return edits && placeEdits(edits);
    },
    related: (finding) => (inside.related?.(finding) ?? []).map((each) => ({ ...each, range: place(each.range) })),
  });
  return {
    format: model.format,
    architectures: model.architectures.map(placeArchitecture),
    errors: model.errors.map((error) => ({ ...error, range: place(error.range) })),
    notes: model.notes?.map((note) => ({ ...note, range: place(note.range) })),
    questions: model.questions?.flatMap((question) => {
      const edits = placeEdits([question.edit]);
      return edits ? [{ ...question, range: place(question.range), edit: edits[0] }] : [];
    }),
  };
}

/** The Python cells of a notebook's JSON; undefined where the text is something else. */
function cellsOf(text: string): WrittenCell[] | ModelFile | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    JSON.parse(text);
  } catch (error) {
    if (!/"nbformat"\s*:/.test(text)) return undefined;
    const message = `this is not a notebook: ${(error as Error).message}`;
    return { format: "pytorch", architectures: [], errors: [{ message, range: new LineMap(text).range(0, 1) }] };
  }
  const root = parseTree(text);
  const cells = valueOf(root, "cells");
  if (cells?.type !== "array") return undefined;
  const metadata = valueOf(root, "metadata");
  const language: unknown = (
    valueOf(valueOf(metadata, "language_info"), "name") ?? valueOf(valueOf(metadata, "kernelspec"), "language")
  )?.value;
  if (typeof language === "string" && !/python/i.test(language)) return [];
  return (cells.children ?? []).flatMap((cell) => {
    if (valueOf(cell, "cell_type")?.value !== "code") return [];
    const source = valueOf(cell, "source");
    const lines = source?.type === "array" ? (source.children ?? []) : source ? [source] : [];
    return lines.every(({ type }) => type === "string") ? [writtenCell(text, lines)] : [];
  });
}

function valueOf(object: Node | undefined, key: string): Node | undefined {
  if (object?.type !== "object") return undefined;
  return object.children?.find(({ children }) => children?.[0].value === key)?.children?.[1];
}

/** A cell of these JSON texts, one after the other. */
function writtenCell(text: string, lines: readonly Node[]): WrittenCell {
  let source = "";
  const begins: number[] = [];
  const ends: number[] = [lines.length > 0 ? lines[0].offset + 1 : 0];
  for (const { offset, length, value } of lines) {
    source += value as string;
    const end = offset + length - 1;
    for (let at = offset + 1; at < end;) {
      begins.push(at);
      at += text[at] !== "\\" ? 1 : text[at + 1] === "u" ? 6 : 2;
      ends.push(at);
    }
  }
  return { source, begins, ends };
}
