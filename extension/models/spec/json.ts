/** JSON with comments and trailing commas, to a tree with places. */
import { printParseErrorCode, visit } from "jsonc-parser";
import { limits } from "../../theory/architecture/limits";
import { clip } from "../../theory/architecture/words";
import type { Child, Collection, Fault, Parsed, SourceNode } from "./source";

/** By the library's name of the error. */
const messages: Record<string, string> = {
  InvalidSymbol: "this is not a JSON value; text stands in double quotes",
  InvalidNumberFormat: "this is not a JSON number",
  PropertyNameExpected: "a key in double quotes is expected here",
  ValueExpected: "a value is expected here",
  ColonExpected: "a colon is expected here",
  CommaExpected: "a comma is expected here",
  CloseBraceExpected: "a closing brace is expected here",
  CloseBracketExpected: "a closing bracket is expected here",
  EndOfFileExpected: "the file should end here",
  InvalidCommentToken: "this is not a comment",
  UnexpectedEndOfComment: "this comment does not end",
  UnexpectedEndOfString: "this text has no closing quote",
  UnexpectedEndOfNumber: "this number is not finished",
  InvalidUnicode: "this is not a Unicode escape",
  InvalidEscapeCharacter: "this is not an escape that JSON knows",
  InvalidCharacter: "this character must be escaped",
};

/** Stops the parser, which has no other way to be stopped. */
class Stop extends Error {}

/** Parses a JSON text. Never throws; the depth and the number of values are bounded by `limits`. */
export function parseJson(text: string): Parsed {
  const faults: Fault[] = [];
  /** The parser complains again where it goes on after a fault: about one place, the first word is enough. */
  const complain = (message: string, from: number, length: number) => {
    const last = faults.at(-1);
    if (!last || from > last.to) faults.push({ message, from, to: from + length });
  };
  const open: { node: Collection; keys: Set<string>; pending?: Omit<Child, "value"> }[] = [];
  let root: SourceNode | undefined;
  let values = 0;

  const stop = (message: string, from: number): never => {
    faults.push({ message, from, to: from + 1 });
    throw new Stop();
  };
  const attach = (value: SourceNode) => {
    if (++values > limits.values) stop(`a model file of more than ${limits.values} values is not read`, value.from);
    const parent = open.at(-1);
    if (!parent) {
      root = value;
    } else if (parent.node.kind === "list") {
      parent.node.children.push({ key: parent.node.children.length, from: value.from, keyTo: value.from, value });
    } else if (parent.pending) {
      parent.node.children.push({ ...parent.pending, value });
      parent.pending = undefined;
    }
  };
  const begin = (kind: Collection["kind"]) => (from: number) => {
    if (open.length >= limits.nesting) stop(`values are nested more than ${limits.nesting} deep`, from);
    const node: Collection = { kind, style: "flow", from, to: from + 1, children: [] };
    attach(node);
    open.push({ node, keys: new Set() });
  };
  const end = (from: number, length: number) => {
    const closed = open.pop();
    if (closed) closed.node.to = from + length;
  };

  try {
    visit(
      text,
      {
        onObjectBegin: begin("object"),
        onObjectEnd: end,
        onArrayBegin: begin("list"),
        onArrayEnd: end,
        onObjectProperty: (key, from, length) => {
          const parent = open[open.length - 1];
          if (parent.keys.has(key)) complain(`the key \`${clip(key)}\` is here twice`, from, length);
          parent.keys.add(key);
          parent.pending = { key, from, keyTo: from + length };
        },
        onLiteralValue: (value: unknown, from, length) => attach({ kind: "scalar", value, from, to: from + length }),
        onError: (code, from, length) =>
          complain(messages[printParseErrorCode(code)] ?? "this is not JSON", from, length),
      },
      { allowTrailingComma: true },
    );
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  if (faults.length > 0 || !root) return { faults };
  return { root };
}
