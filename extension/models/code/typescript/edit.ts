/** Changes of an architecture that code makes, as edits of the literals and calls that it is made of, in the file's style. */
import type { SpecChange, SpecPath } from "../../../theory/verdict/report";
import { Editor, nest, type Splice } from "../../spec/edit";
import { childOf, type Child, type Collection, type SourceNode, type Span } from "../../spec/source";
import type { Syntax } from "../syntax";
import { field, withoutComments } from "./interpreter";
import { blockMethods, patternFunctions, patternLists, patternNames } from "./lens";
import type { Origins } from "./source";

/** How a file writes things. */
export interface Style {
  quote: '"' | "'";
  lastComma: "" | ",";
  /** How the file calls the package's functions, those that it imports. */
  names: ReadonlyMap<string, string>;
}

/** What a value is replaced at: where it is made, or where what is made elsewhere is used. */
export type Strategy = "made" | "used";

/** An expression of the package's functions. */
class Expression {
  constructor(readonly text: string) {}
}

export class CodeEditor extends Editor {
  protected override readonly lastComma: string;

  constructor(
    text: string,
    private readonly root: SourceNode,
    private readonly origins: Origins,
    private readonly style: Style,
  ) {
    super(text, "json");
    this.lastComma = style.lastComma;
  }

  /** The splices of one change, or undefined where the code cannot express it. The result is to be read again: other code may share what is changed. */
  changeCode({ path, value }: SpecChange, strategy: Strategy): Splice[] | undefined {
    let node = this.root;
    for (const [depth, key] of path.entries()) {
      if (node.kind === "scalar") return undefined;
      const child = childOf(node, key);
      if (!child) {
        if (value === undefined) return [];
        const rest = path.slice(depth + 1);
        if (rest.some((one) => typeof one === "number" && one > 0)) return undefined;
        return this.add(node, key, this.expressed(nest(rest, value), path.slice(0, depth + 1)));
      }
      if (depth === path.length - 1 && value === undefined) return this.take(node, child);
      node = child.value;
    }
    return this.put(node, path.at(-1), this.expressed(value, path), strategy);
  }

  private put(node: SourceNode, key: string | number | undefined, value: unknown, strategy: Strategy) {
    const { form, literal, written } = this.origins.get(node)!;
    const isMade = form !== undefined || literal !== undefined;
    if (isMade && (strategy === "made" || !written)) {
      if (form?.kind !== "arguments") return [this.spliceOf(node, value)];
      if (!Array.isArray(value)) return undefined;
      return [{ from: node.from, to: node.to, newText: value.map((item) => this.flat(item)).join(", ") }];
    }
    if (!written) return undefined;
    if (written.shorthand) {
      const indent = this.indentAt(written.entry.from);
      return [{ ...written.entry, newText: `${this.key(String(key))}: ${this.render(value, indent)}` }];
    }
    return [this.spliceOf(written.value, value)];
  }

  private spliceOf({ from, to }: Span, value: unknown): Splice {
    return { from, to, newText: this.render(value, this.indentAt(from)) };
  }

  private add(node: Collection, key: string | number, value: unknown): Splice[] | undefined {
    const { form, written } = this.origins.get(node)!;
    if (!form) {
      // An argument that is left out.
      const isAbsent = written && this.text.slice(written.value.from, written.value.to).trim() === "";
      return isAbsent ? [this.spliceOf(written.value, { [key]: value })] : undefined;
    }
    switch (form.kind) {
      case "literal":
      case "arguments": {
        if (typeof key === "number" && key !== node.children.length) return undefined;
        const written = this.collection(form.node, node.kind);
        // What is spread must not be spread over it.
        const spread = withoutComments(form.node).findLastIndex(({ type }) => type === "spread_element") + 1;
        if (typeof key === "number" || spread === 0) return this.insert(written, key, value);
        const after: Collection = { ...written, children: written.children.slice(spread) };
        if (after.children.length > 0) return this.insert(after, key, value);
        return this.insert(written, key, value, spread);
      }
      case "chain": {
        if (!(blockMethods as readonly unknown[]).includes(key)) return undefined;
        const { from, to } = form.node;
        // On a line of its own where the calls before it are.
        const [, line = ""] = /(\r?\n[ \t]*)\.\s*\w+\s*\((?:.(?!\n[ \t]*\.))*$/s.exec(this.text.slice(from, to)) ?? [];
        const indent = this.indentAt(line === "" ? from : to);
        return [{ from: to, to, newText: `${line}.${key}(${this.render(value, indent)})` }];
      }
      case "call":
        return undefined;
    }
  }

  private take(node: Collection, child: Child): Splice[] | undefined {
    const { form } = this.origins.get(node)!;
    const { written } = this.origins.get(child.value)!;
    if (!form || !written) return undefined;
    if (form.kind === "chain") {
      // `.repeat(2)` of the chain, or of a block that it starts from.
      const receiver = field(field(written.in, "function") ?? written.in, "object");
      return receiver && [{ from: receiver.to, to: written.in.to, newText: "" }];
    }
    if (form.kind === "call" || written.in !== form.node) return undefined;
    const collection = this.collection(form.node, node.kind);
    const entry = collection.children.find(({ from }) => from === written.entry.from);
    return entry && this.remove(collection, undefined, entry);
  }

  /** A literal, or a list of arguments, as the collection of what is written in it. */
  private collection(node: Syntax, kind: Collection["kind"]): Collection {
    const children = withoutComments(node).map((entry, i): Child => {
      const key = field(entry, "key") ?? field(entry, "name") ?? entry;
      const name = kind === "list" ? i : key.text || this.text.slice(key.from + 1, key.to - 1);
      return { key: name, from: entry.from, keyTo: entry.from, value: { kind: "scalar", value: null, from: entry.from, to: entry.to } }; // prettier-ignore
    });
    return { kind, style: "flow", from: node.from, to: node.to, children };
  }

  // ------------------------------------------------------------------------------------------------------------- values

  protected override key(text: string): string {
    return /^[A-Za-z_$][\w$]*$/.test(text) ? text : this.string(text);
  }

  protected override string(text: string): string {
    const double = JSON.stringify(text);
    if (this.style.quote === '"') return double;
    return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  }

  protected override render(value: unknown, indent: string): string {
    return value instanceof Expression ? value.text : super.render(value, indent);
  }

  protected override flat(value: unknown): string {
    return value instanceof Expression ? value.text : super.flat(value);
  }

  /** The value at a path, its patterns as calls of the functions that the file imports. */
  private expressed(value: unknown, path: SpecPath): unknown {
    if (isPatternPath(path)) return this.pattern(value);
    if (Array.isArray(value)) return value.map((item, i) => this.expressed(item, [...path, i]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.expressed(item, [...path, key])]));
  }

  private pattern(value: unknown): unknown {
    const { names } = this.style;
    if (typeof value === "string") {
      const name = (patternNames as readonly string[]).includes(value) ? names.get(value) : undefined;
      return name === undefined ? value : new Expression(name);
    }
    if (typeof value !== "object" || value === null) return value;
    const [[key, argument]] = Object.entries(value) as [string, unknown][];
    if ((patternLists as readonly string[]).includes(key)) {
      const items = (argument as unknown[]).map((item) => this.pattern(item));
      const name = names.get(key);
      if (name === undefined) return { [key]: items };
      return new Expression(`${name}(${items.map((item) => this.flat(item)).join(", ")})`);
    }
    const inner = key === "not" ? this.pattern(argument) : argument;
    const builder = Object.keys(patternFunctions).find((one) => patternFunctions[one] === key);
    const name = builder === undefined ? undefined : names.get(builder);
    return name === undefined ? { [key]: inner } : new Expression(`${name}(${this.flat(inner)})`);
  }
}

/** Whether a pattern is at the path: in a block's attention or a group of heads, or in another pattern. */
function isPatternPath(path: SpecPath): boolean {
  const at = path.lastIndexOf("pattern");
  if (at < 0) return false;
  return path.slice(at + 1).every((key) => typeof key === "number" || key === "any" || key === "all" || key === "not") && (path.length === at + 1 || typeof path.at(-1) === "number" || path.at(-1) === "not"); // prettier-ignore
}
