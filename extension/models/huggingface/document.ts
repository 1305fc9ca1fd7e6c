/** The JSON text of a configuration: values by path with their ranges, and what is wrong with them. Nothing here throws. */
import { getNodeValue, parseTree, printParseErrorCode, type JSONPath, type Node, type ParseError } from "jsonc-parser";
import { limits } from "../../theory/architecture/limits";
import type { Range } from "../../theory/verdict/report";
import type { ReadError, Skipped } from "../modelFile";
import { LineMap } from "../ranges";

/** Deeper than any configuration; the parser recurses, so the depth is bounded before it runs. */
const nesting = 64;

/** Errors past this many say nothing new. */
const listedErrors = 20;

export class Document {
  readonly errors: ReadError[] = [];
  readonly lines: LineMap;
  /** Undefined where the text is no JSON object; `errors` then says why. */
  readonly root: Node | undefined;
  private readonly properties = new Map<Node, Map<string, Node>>();

  constructor(readonly text: string) {
    this.lines = new LineMap(text);
    if (text.length > limits.fileBytes) {
      this.error(this.lines.range(0, 0), `the file is larger than ${limits.fileBytes} bytes`);
      return;
    }
    const deep = tooDeep(text);
    if (deep !== undefined) {
      this.error(this.lines.range(deep, deep + 1), `values are nested more than ${nesting} deep`);
      return;
    }
    const syntax: ParseError[] = [];
    const root = parseTree(text, syntax, { disallowComments: true });
    for (const { error, offset, length } of syntax.slice(0, listedErrors)) {
      this.error(this.lines.range(offset, offset + length), `not JSON: ${inWords(printParseErrorCode(error))}`);
    }
    if (syntax.length > 0) return;
    if (root?.type === "object") this.root = root;
    else this.error(root ? this.rangeOf(root) : this.lines.all, "a model configuration is a JSON object");
  }

  /** Two stacks may read one key; its error is said once. */
  error(range: Range, message: string): void {
    if (this.errors.length === listedErrors) return;
    const { line, character } = range.start;
    const known = (other: ReadError) =>
      other.message === message && other.range.start.line === line && other.range.start.character === character;
    if (!this.errors.some(known)) this.errors.push({ message, range });
  }

  /** The value at a path; the last of several equal keys counts, as in Python. */
  node(path: JSONPath): Node | undefined {
    let node = this.root;
    for (const step of path) {
      if (!node) return undefined;
      if (typeof step === "number") node = node.type === "array" ? node.children?.[step] : undefined;
      else node = this.propertiesOf(node).get(step);
    }
    return node;
  }

  /** The value at a path as plain data. */
  plainAt(path: JSONPath): unknown {
    const node = this.node(path);
    return node ? (getNodeValue(node) as unknown) : undefined;
  }

  rangeOf({ offset, length }: Node): Range {
    return this.lines.range(offset, offset + length);
  }

  /** The range of the first of the paths that is written, else of `model_type`, else of the file. */
  rangeAt(paths: readonly JSONPath[]): Range {
    for (const path of [...paths, ["model_type"]]) {
      const node = this.node(path);
      if (node) return this.rangeOf(node);
    }
    return this.root ? this.rangeOf(this.root) : this.lines.all;
  }

  propertiesOf(object: Node): ReadonlyMap<string, Node> {
    let map = this.properties.get(object);
    if (!map) {
      map = new Map();
      for (const property of object.type === "object" ? (object.children ?? []) : []) {
        const [key, value] = property.children ?? [];
        if (value) map.set(String(key.value), value);
      }
      this.properties.set(object, map);
    }
    return map;
  }
}

/** Where the brackets are open more than `nesting` deep, if anywhere. */
function tooDeep(text: string): number | undefined {
  let depth = 0;
  for (let at = 0, inString = false; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at++;
      // A string ends with its line, as it does for the parser.
      else if (character === '"' || character === "\n" || character === "\r") inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") {
      if (++depth > nesting) return at;
    } else if (character === "}" || character === "]") depth--;
  }
  return undefined;
}

/** "PropertyNameExpected" as "property name expected". */
function inWords(code: string): string {
  return code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

/** A value as an error message quotes it. */
function quoted(node: Node): string {
  if (node.type === "object") return "an object";
  if (node.type === "array") return "a list";
  const text = JSON.stringify(node.value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** One object of the file (the whole of it, or its `text_config`), read key by key; a value that cannot be used becomes an error. */
export class Config {
  readonly skipped: Skipped[] = [];

  constructor(
    readonly document: Document,
    readonly scope: JSONPath,
  ) {}

  node(path: JSONPath): Node | undefined {
    return this.document.node([...this.scope, ...path]);
  }

  range(paths: readonly JSONPath[]): Range {
    return this.document.rangeAt(paths.map((path) => [...this.scope, ...path]));
  }

  /** The first of the names that the file writes. */
  written(names: readonly string[]): string | undefined {
    return names.find((name) => this.node([name]) !== undefined);
  }

  skip(affects: Skipped["affects"], message: string, places: readonly JSONPath[]): void {
    this.skipped.push({ message, range: this.range(places), affects });
  }

  fail(path: JSONPath, expected: string): void {
    const node = this.node(path);
    const name = path.map((step, i) => (typeof step === "number" ? `[${step}]` : i > 0 ? `.${step}` : step)).join("");
    this.document.error(
      this.range([path]),
      node ? `\`${name}\` is ${quoted(node)}; ${expected}` : `\`${name}\`: ${expected}`,
    );
  }

  /** The whole number at a path, which is written. */
  private countAt(path: JSONPath, fallback: number, minimum: number, maximum: number): number {
    const value: unknown = this.node(path)?.value;
    if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    this.fail(path, `expected a whole number from ${minimum} to ${maximum}`);
    return fallback;
  }

  count(names: readonly string[], fallback: number, minimum: number, maximum: number): number {
    const name = this.written(names);
    return name === undefined ? fallback : this.countAt([name], fallback, minimum, maximum);
  }

  /** A count that the file may switch off with null. */
  countOrNull(name: string, fallback: number | null, minimum: number, maximum: number): number | null {
    const node = this.node([name]);
    if (!node) return fallback;
    return node.type === "null" ? null : this.countAt([name], minimum, minimum, maximum);
  }

  /** A count, or a list of counts, one for each layer or side at most. */
  counts(name: string, fallback: number, minimum: number, maximum: number): number | number[] {
    const node = this.node([name]);
    if (node?.type !== "array") return this.count([name], fallback, minimum, maximum);
    const { length } = node.children ?? [];
    if (length <= limits.layers) {
      return Array.from({ length }, (_, i) => this.countAt([name, i], fallback, minimum, maximum));
    }
    this.fail([name], `a list of at most ${limits.layers} numbers is expected`);
    return fallback;
  }

  /** null is what Python writes for an option that is not set. */
  flag(name: string, fallback: boolean): boolean {
    const node = this.node([name]);
    if (!node || node.type === "null") return fallback;
    if (node.type !== "boolean") this.fail([name], "expected true or false");
    return node.value === true;
  }

  text(names: readonly string[], fallback: string): string {
    for (const name of names) {
      const node = this.node([name]);
      if (!node || node.type === "null") continue;
      if (typeof node.value === "string") return node.value;
      this.fail([name], "expected a string");
    }
    return fallback;
  }

  /** A list of `length` of the given words; undefined where the file has none. */
  words<Word extends string>(name: string, allowed: readonly Word[], length: number | null): Word[] | undefined {
    const node = this.node([name]);
    if (!node || node.type === "null") return undefined;
    const expected = `expected a list of ${allowed.map((word) => `"${word}"`).join(" and ")}`;
    if (node.type !== "array" || !node.children || node.children.length === 0 || node.children.length > limits.layers) {
      this.fail([name], expected);
      return undefined;
    }
    const words: Word[] = [];
    node.children.forEach((child, i) => {
      const word = allowed.find((candidate) => candidate === child.value);
      if (word) words.push(word);
      else this.fail([name, i], `expected ${allowed.map((candidate) => `"${candidate}"`).join(" or ")}`);
    });
    if (words.length < node.children.length) return undefined;
    if (length !== null && words.length !== length) {
      this.document.error(
        this.range([[name]]),
        `\`${name}\` lists ${words.length} layers, but the model has ${length}`,
      );
      return undefined;
    }
    return words;
  }

  /** The value as plain data, for what has a shape of its own. */
  plain(name: string): unknown {
    return this.document.plainAt([...this.scope, name]);
  }
}
