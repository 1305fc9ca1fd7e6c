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

/** The node and everything under it as plain objects; undefined where it is nested too deep. */
export function plain(node: Node, text: string): Syntax | undefined {
  const cursor = node.walk();
  try {
    return copy(cursor, text, 0);
  } catch (error) {
    if (error instanceof TooDeep) return undefined;
    throw error;
  } finally {
    cursor.delete();
  }
}

class TooDeep extends Error {}

function copy(cursor: ReturnType<Node["walk"]>, text: string, depth: number): Syntax {
  if (depth > nesting) throw new TooDeep();
  const { nodeType: type, startIndex: from, endIndex: to } = cursor;
  const children: Syntax[] = [];
  // A field of JavaScript is called `constructor`.
  const fields = Object.create(null) as Record<string, Syntax[] | undefined>;
  if (cursor.gotoFirstChild()) {
    do {
      const field = cursor.currentFieldName;
      if (!cursor.nodeIsNamed && !field) continue;
      const child = copy(cursor, text, depth + 1);
      if (cursor.nodeIsNamed) children.push(child);
      if (field) (fields[field] ??= []).push(child);
    } while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  return { type, from, to, children, fields, text: children.length === 0 ? text.slice(from, to) : "" };
}

/** Whether a text is short enough to be read as source. */
export const isReadable = (text: string): boolean => text.length <= limits.fileBytes;
