/** Source text to syntax trees: tree-sitter's, copied once into plain objects, which are read many times. */
import { existsSync } from "node:fs";
import path from "node:path";
import { Language, Parser, type Edit, type Node, type Tree } from "@vscode/tree-sitter-wasm";
import { limits } from "../../theory/architecture/limits";

/** A node of a syntax tree, with tree-sitter's names of types and fields; offsets in UTF-16 code units. */
export interface Syntax {
  readonly type: string;
  readonly from: number;
  readonly to: number;
  /** Named children, comments and those with a field among them. */
  readonly children: readonly Syntax[];
  /** Children by field, operators included; most fields have one. */
  readonly fields: Readonly<Record<string, readonly Syntax[] | undefined>>;
  /** Of a node without named children, its text; else empty. */
  readonly text: string;
}

export type SourceLanguage = "python" | "typescript" | "tsx" | "javascript";

/** A parsed text; `tree` may be parsed again after an edit, and is to be deleted. */
export interface ParsedSource {
  readonly text: string;
  readonly tree: Tree;
}

const parsers = new Map<SourceLanguage, Parser>();
let runtime: Promise<void> | undefined;

/** The compiled runtime and grammars are copied beside the bundle (esbuild.mjs); from source they are in the package. */
function binary(name: string): string {
  const beside = path.join(__dirname, name);
  return existsSync(beside) ? beside : require.resolve(`@vscode/tree-sitter-wasm/wasm/${name}`);
}

/** Loads a grammar; afterwards `parse` can be called for its language. Rejects where the compiled grammar is missing or damaged. */
export async function loadGrammar(language: SourceLanguage): Promise<void> {
  if (parsers.has(language)) return;
  runtime ??= Parser.init({ locateFile: binary });
  await runtime;
  const grammar = await Language.load(binary(`tree-sitter-${language}.wasm`));
  const parser = new Parser();
  parser.setLanguage(grammar);
  parsers.set(language, parser);
}

/**
 * Parses a text, again from `before` where that is given with the edits that made it this text.
 * @throws Error where the grammar is not loaded.
 */
export function parse(
  language: SourceLanguage,
  text: string,
  before?: { source: ParsedSource; edits: readonly Edit[] },
): ParsedSource {
  // prettier-ignore
  const parser = parsers.get(language);
  if (!parser) throw new Error(`the grammar of ${language} is not loaded`);
  for (const edit of before?.edits ?? []) before!.source.tree.edit(edit);
  const tree = parser.parse(text, before?.source.tree ?? null);
  if (!tree) throw new Error("the parser gave up");
  return { text, tree };
}

/** Nested deeper than any code that a person reads; copying recurses. */
const nesting = 1000;

/** The whole tree as plain objects; undefined where it is nested too deep. */
export function plain(node: Node, text: string): Syntax | undefined {
  const cursor = node.walk();
  try {
    return copy(cursor, text, 0, undefined);
  } catch (error) {
    if (error instanceof TooDeep) return undefined;
    throw error;
  } finally {
    cursor.delete();
  }
}

class TooDeep extends Error {}

function copy(cursor: ReturnType<Node["walk"]>, text: string, depth: number, known: Known | undefined): Syntax {
  if (depth > nesting) throw new TooDeep();
  const { nodeType: type, startIndex: from, endIndex: to } = cursor;
  const before = known?.(type, from, to);
  if (before) return before;
  const children: Syntax[] = [];
  const fields = Object.create(null) as Record<string, Syntax[] | undefined>;
  if (cursor.gotoFirstChild()) {
    do {
      const field = cursor.currentFieldName;
      if (!cursor.nodeIsNamed && !field) continue;
      const child = copy(cursor, text, depth + 1, depth === 0 ? known : undefined);
      if (cursor.nodeIsNamed) children.push(child);
      if (field) (fields[field] ??= []).push(child);
    } while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  return { type, from, to, children, fields, text: children.length === 0 ? text.slice(from, to) : "" };
}

/** A node that was copied before, where it is still what it was. */
type Known = (type: string, from: number, to: number) => Syntax | undefined;

/** What was read of a text, and its tree for when the next version of the text comes. */
interface Reading {
  source: ParsedSource;
  root: Syntax;
}

/** The latest texts of each language, the last one first. */
const latest = new Map<SourceLanguage, Reading[]>();
const remembered = 4;

/**
 * The syntax of a text. What has not changed since a text of the same language was read lately is neither parsed nor copied again. Undefined where it is nested
 * too deep.
 * @throws Error where the grammar is not loaded.
 */
export function syntaxOf(language: SourceLanguage, text: string): Syntax | undefined {
  const readings = latest.get(language) ?? [];
  const same = readings.find(({ source }) => source.text === text);
  if (same) return same.root;
  const [before, change] = nearest(readings, text) ?? [];
  const source = before
    ? parse(language, text, {
        source: { ...before.source, tree: before.source.tree.copy() },
        edits: [editOf(before.source.text, text, change!)],
      })
    : parse(language, text);
  const root = before ? plainAgain(source, before, change!) : plain(source.tree.rootNode, text);
  if (!root) {
    source.tree.delete();
    return undefined;
  }
  const kept = [{ source, root }, ...readings];
  for (const old of kept.splice(remembered)) old.source.tree.delete();
  latest.set(language, kept);
  return root;
}

/** How many characters two texts share at the start and at the end. */
interface Change {
  start: number;
  end: number;
}

function nearest(readings: readonly Reading[], text: string): [Reading, Change] | undefined {
  for (const reading of readings) {
    const before = reading.source.text;
    const most = Math.min(before.length, text.length);
    let start = 0;
    while (start < most && before.charCodeAt(start) === text.charCodeAt(start)) start++;
    let end = 0;
    while (end < most - start && before.charCodeAt(before.length - 1 - end) === text.charCodeAt(text.length - 1 - end)) end++; // prettier-ignore
    if (start + end >= text.length / 2) return [reading, { start, end }];
  }
  return undefined;
}

function editOf(before: string, text: string, { start, end }: Change): Edit {
  const [oldEnd, newEnd] = [before.length - end, text.length - end];
  const startPosition = pointAt(text, start, 0, { row: 0, column: 0 });
  return {
    startIndex: start,
    oldEndIndex: oldEnd,
    newEndIndex: newEnd,
    startPosition,
    oldEndPosition: pointAt(before, oldEnd, start, startPosition),
    newEndPosition: pointAt(text, newEnd, start, startPosition),
  };
}

/** The row and column of an offset, from those of an earlier one. */
function pointAt(text: string, offset: number, from: number, { row, column }: { row: number; column: number }) {
  let lineStart = from - column;
  for (let at = text.indexOf("\n", from); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) {
    row++;
    lineStart = at + 1;
  }
  return { row, column: offset - lineStart };
}

/** The tree as plain objects, statements outside of the change from the reading before. */
function plainAgain({ tree, text }: ParsedSource, before: Reading, { start, end }: Change): Syntax | undefined {
  const shift = text.length - before.source.text.length;
  const old = new Map(before.root.children.map((child) => [child.from, child]));
  const cursor = tree.rootNode.walk();
  try {
    return copy(cursor, text, 0, (type, from, to) => {
      // What touches the change may have changed with it.
      const by = to < start ? 0 : from > text.length - end ? shift : undefined;
      const known = by === undefined ? undefined : old.get(from - by);
      if (known?.type !== type || known.to !== to - by! || type === "ERROR") return undefined;
      return by === 0 ? known : shifted(known, by!);
    });
  } catch (error) {
    if (error instanceof TooDeep) return undefined;
    throw error;
  } finally {
    cursor.delete();
  }
}

function shifted(node: Syntax, by: number): Syntax {
  const made = new Map<Syntax, Syntax>();
  const children = node.children.map((child) => {
    const copied = shifted(child, by);
    made.set(child, copied);
    return copied;
  });
  const fields = Object.create(null) as Record<string, Syntax[] | undefined>;
  for (const name in node.fields)
    fields[name] = node.fields[name]?.map((child) => made.get(child) ?? shifted(child, by));
  return { ...node, from: node.from + by, to: node.to + by, children, fields };
}

/** Whether a text is short enough to be read as source. */
export const isReadable = (text: string): boolean => text.length <= limits.fileBytes;
