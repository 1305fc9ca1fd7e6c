/**
 * Changes of a specification as text edits that keep the rest of the file: its comments, its indentation, its style. JSON is YAML's flow
 * style with stricter words, so one editor serves both.
 */
import { architectureJsonSchema, type SchemaNode } from "../../theory/architecture/jsonSchema";
import type { SpecChange, SpecPath } from "../../theory/verdict/report";
import { childOf, type Child, type Collection, type Parsed, type SourceNode, type Span } from "./source";

export type Language = "json" | "yaml";

/** `newText` in place of the characters from `from` to `to`. */
export interface Splice extends Span {
  newText: string;
}

/**
 * The splices of the text that make the changes, in order and disjoint; undefined where the file cannot express a change.
 * @param parse reads the text after a change, where there is another one to make.
 */
export function spliceChanges(
  text: string,
  root: SourceNode,
  changes: readonly SpecChange[],
  language: Language,
  parse: (text: string) => Parsed,
): Splice[] | undefined {
  const patch = new Patch(text);
  let current = root;
  for (const [i, change] of changes.entries()) {
    if (i > 0) {
      const parsed = parse(patch.text);
      if (!("root" in parsed)) return undefined;
      current = parsed.root;
    }
    const splices = new Editor(patch.text, language).change(current, change);
    if (!splices) return undefined;
    patch.apply(splices);
  }
  return patch.splices();
}

/** The text with the splices made; they are disjoint. */
export function splice(text: string, splices: readonly Splice[]): string {
  const patch = new Patch(text);
  patch.apply(splices);
  return patch.text;
}

/** A text and the splices that made it, expressed in the offsets of the original. */
export class Patch {
  /** Pieces of the original, and text that is new. */
  private pieces: (Span | string)[];

  constructor(private readonly original: string) {
    this.pieces = [{ from: 0, to: original.length }];
  }

  get text(): string {
    return this.pieces.map((piece) => this.textOf(piece)).join("");
  }

  private textOf(piece: Span | string): string {
    return typeof piece === "string" ? piece : this.original.slice(piece.from, piece.to);
  }

  /** @param splices in order and disjoint, in offsets of the present text. */
  apply(splices: readonly Splice[]): void {
    // From the last to the first, so that offsets stay what they are.
    for (const { from, to, newText } of [...splices].reverse()) {
      this.pieces = [...this.cut(0, from), newText, ...this.cut(to, Infinity)];
    }
  }

  private cut(from: number, to: number): (Span | string)[] {
    const kept: (Span | string)[] = [];
    let start = 0;
    for (const piece of this.pieces) {
      const length = typeof piece === "string" ? piece.length : piece.to - piece.from;
      const [low, high] = [Math.max(0, from - start), Math.min(length, to - start)];
      if (low < high) {
        kept.push(
          typeof piece === "string" ? piece.slice(low, high) : { from: piece.from + low, to: piece.from + high },
        );
      }
      start += length;
    }
    return kept;
  }

  splices(): Splice[] {
    const splices: Splice[] = [];
    let at = 0;
    let newText = "";
    const close = (to: number) => {
      if (to > at || newText !== "") splices.push({ from: at, to, newText });
      newText = "";
    };
    for (const piece of this.pieces) {
      if (typeof piece === "string") {
        newText += piece;
      } else {
        close(piece.from);
        at = piece.to;
      }
    }
    close(this.original.length);
    return splices;
  }
}

const widest = 110;

export class Editor {
  protected readonly newline: string;
  /** One step of indentation. */
  private readonly step: string;
  /** What follows the last entry of a collection that is written on several lines. */
  protected readonly lastComma: string = "";

  constructor(
    protected readonly text: string,
    private readonly language: Language,
  ) {
    this.newline = text.includes("\r\n") ? "\r\n" : "\n";
    this.step = (language === "json" && /\n([ \t]+)\S/.exec(text)?.[1]) || "  ";
  }

  /** The splices of one change, or undefined where the file cannot express it. */
  change(root: SourceNode, { path, value }: SpecChange): Splice[] | undefined {
    let node = root;
    let holder: Child | undefined;
    /** What stands for the rest of the path where nothing is written yet; a list starts with its first entry. */
    const below = (depth: number) =>
      path.slice(depth).some((key) => typeof key === "number" && key > 0) ? undefined : nest(path.slice(depth), value);
    for (const [depth, key] of path.entries()) {
      if (node.kind === "scalar" || node.aliased) return undefined;
      const child = childOf(node, key);
      if (!child) {
        if (value === undefined) return [];
        if (node.kind === "list" && key !== node.children.length) return undefined;
        const created = below(depth + 1);
        return created === undefined ? undefined : this.insert(node, key, created);
      }
      if (depth === path.length - 1 && value === undefined) return this.remove(node, holder, child);
      holder = child;
      node = child.value;
    }
    return value === undefined ? undefined : this.replace(node, holder, value);
  }

  private replace(node: SourceNode, holder: Child | undefined, value: unknown): Splice[] {
    let { from } = node;
    // A block collection starts on the line after its key; what replaces it goes next to the key.
    const gap = holder && this.text.slice(holder.keyTo, from);
    if (node.kind !== "scalar" && node.style === "block" && holder && /^\s*:?\s*$/.test(gap!)) {
      from = holder.keyTo + (gap!.includes(":") ? gap!.indexOf(":") + 1 : 0);
    }
    const space = this.language === "yaml" && /[:-]/.test(this.text.charAt(from - 1)) ? " " : "";
    const indent = this.language === "yaml" && holder ? " ".repeat(this.columnOf(holder.from)) : this.indentAt(from);
    return [{ from, to: node.to, newText: space + this.render(value, indent) }];
  }

  // --------------------------------------------------------------------------------------------------------- insertion

  /** @param at the number of children that come before it. */
  protected insert(
    node: Collection,
    key: string | number,
    value: unknown,
    at = typeof key === "number" ? node.children.length : insertionIndex(node.children, key),
  ): Splice[] {
    const { children } = node;
    const sibling = children[at > 0 ? at - 1 : 0];
    if (node.style === "block") {
      const indent = " ".repeat(this.columnOf(sibling.from));
      const written = this.entry(key, value, indent, "block");
      if (at === 0) return [{ from: sibling.from, to: sibling.from, newText: written + this.newline + indent }];
      const end = this.lineEnd(Math.max(sibling.keyTo, sibling.value.to));
      return [{ from: end, to: end, newText: this.newline + indent + written }];
    }
    if (children.length === 0) return this.fill(node, key, value);
    const indent = this.indentAt(sibling.from);
    const ownLine = this.startsLine(sibling.from);
    const separator = ownLine ? this.newline + indent : " ";
    const written = this.entry(key, value, indent, "flow");
    if (at === 0) return [{ from: sibling.from, to: sibling.from, newText: `${written},${separator}` }];
    const end = Math.max(sibling.keyTo, sibling.value.to);
    const comment = ownLine && this.restOfLine(end);
    if (!comment) return [{ from: end, to: end, newText: `,${separator}${written}` }];
    // The comment after the sibling stays with the sibling.
    const after = this.lineEnd(end);
    if (comment.comma) return [{ from: after, to: after, newText: `${separator}${written},` }];
    return [
      { from: end, to: end, newText: "," },
      { from: after, to: after, newText: separator + written },
    ];
  }

  private fill(node: Collection, key: string | number, value: unknown): Splice[] {
    const inside = this.text.slice(node.from + 1, node.to - 1);
    const written = this.entry(key, value, this.indentAt(node.from), "flow");
    const space = node.kind === "object" ? " " : "";
    // A comment inside stays, after the entry.
    const to = inside.trim() === "" ? node.to - 1 : node.from + 1;
    return [{ from: node.from + 1, to, newText: space + written + space }];
  }

  private entry(key: string | number, value: unknown, indent: string, style: "flow" | "block"): string {
    if (typeof key === "number") return (style === "block" ? "- " : "") + this.render(value, indent);
    return `${this.key(key)}: ${this.render(value, indent)}`;
  }

  // ----------------------------------------------------------------------------------------------------------- removal

  protected remove(node: Collection, holder: Child | undefined, child: Child): Splice[] {
    const { children } = node;
    const index = children.indexOf(child);
    const end = Math.max(child.keyTo, child.value.to);
    if (children.length === 1) {
      if (node.style === "block") return this.replace(node, holder, node.kind === "list" ? [] : {});
      const to = (this.commaAfter(end) ?? end - 1) + 1;
      const alone = (this.text.slice(node.from + 1, child.from) + this.text.slice(to, node.to - 1)).trim() === "";
      return alone ? [{ from: node.from + 1, to: node.to - 1, newText: "" }] : this.cut(child.from, to);
    }
    if (node.style === "block") {
      if (index > 0) {
        const before = children[index - 1];
        const start = this.lineEnd(Math.max(before.keyTo, before.value.to));
        return [{ from: start, to: this.lineEnd(end), newText: "" }];
      }
      const next = children[1].from;
      const between = this.text.slice(end, next);
      return [{ from: child.from, to: between.includes("#") ? this.lineEnd(end) : next, newText: "" }];
    }
    const comma = this.commaAfter(end);
    if (comma !== undefined) return this.cut(child.from, comma + 1);
    // The last one, without a comma of its own: the one before it goes too.
    const before = children[index - 1];
    const previous = this.commaAfter(Math.max(before.keyTo, before.value.to))!;
    if (/^\s*$/.test(this.text.slice(previous + 1, child.from))) return [{ from: previous, to: end, newText: "" }];
    return [{ from: previous, to: previous + 1, newText: "" }, ...this.cut(child.from, end)];
  }

  /** Cuts a span, with its lines and the comment after it where nothing else stands on them. */
  private cut(from: number, to: number): Splice[] {
    if (this.startsLine(from) && this.restOfLine(to)) {
      const start = this.lineStart(from);
      const newlineBefore = this.text.slice(0, start).endsWith("\r\n") ? 2 : 1;
      return [{ from: Math.max(0, start - newlineBefore), to: this.lineEnd(to), newText: "" }];
    }
    const space = /^[ \t]*/.exec(this.text.slice(to, to + widest))![0].length;
    return [{ from, to: to + space, newText: "" }];
  }

  // -------------------------------------------------------------------------------------------------------------- text

  protected lineStart(offset: number): number {
    return this.text.lastIndexOf("\n", offset - 1) + 1;
  }

  private columnOf(offset: number): number {
    return offset - this.lineStart(offset);
  }

  private lineEnd(offset: number): number {
    const at = this.text.slice(offset).search(/\r?\n/);
    return at < 0 ? this.text.length : offset + at;
  }

  private startsLine(offset: number): boolean {
    return this.text.slice(this.lineStart(offset), offset).trim() === "";
  }

  /** The white space that the line of the offset starts with. */
  protected indentAt(offset: number): string {
    return /^[ \t]*/.exec(this.text.slice(this.lineStart(offset), offset))![0];
  }

  /** Where nothing but a comma and a comment follows on the line: whether there is a comma. */
  private restOfLine(offset: number): { comma: boolean } | undefined {
    const comment = this.language === "json" ? /(\/\/.*|\/\*((?!\*\/).)*\*\/[ \t]*)?/ : /([ \t]#.*)?/;
    const rest = this.text.slice(offset, this.lineEnd(offset));
    const match = new RegExp(`^[ \\t]*(,?)[ \\t]*${comment.source}$`).exec(rest);
    return match ? { comma: match[1] === "," } : undefined;
  }

  /** The offset of the comma that follows, past white space and comments. */
  private commaAfter(offset: number): number | undefined {
    const trivia = this.language === "json" ? /(\s+|\/\/.*|\/\*[^]*?\*\/)*/y : /(\s+|(?<=\s)#.*)*/y;
    trivia.lastIndex = offset;
    const at = offset + trivia.exec(this.text)![0].length;
    return this.text.charAt(at) === "," ? at : undefined;
  }

  // ------------------------------------------------------------------------------------------------------------ values

  /** The value on one line where it fits, otherwise an entry a line, further in than `indent`. */
  protected render(value: unknown, indent: string): string {
    if (typeof value !== "object" || value === null) {
      return typeof value === "string" ? this.string(value) : JSON.stringify(value);
    }
    const flat = this.flat(value);
    if (indent.length + flat.length <= widest) return flat;
    // YAML wants the closing bracket further in than the key.
    const outer = this.language === "yaml" ? indent + this.step : indent;
    const deeper = outer + this.step;
    const entries = Array.isArray(value)
      ? value.map((item) => this.render(item, deeper))
      : Object.entries(value).map(([key, item]) => `${this.key(key)}: ${this.render(item, deeper)}`);
    const [open, close] = Array.isArray(value) ? "[]" : "{}";
    const lines = entries.map((entry) => this.newline + deeper + entry).join(",");
    return `${open}${lines}${this.lastComma}${this.newline}${outer}${close}`;
  }

  protected flat(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map((item) => this.flat(item)).join(", ")}]`;
    if (typeof value !== "object" || value === null) return this.render(value, "");
    const entries = Object.entries(value).map(([key, item]) => `${this.key(key)}: ${this.flat(item)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }

  protected key(text: string): string {
    return this.string(text);
  }

  /** Text without quotes where YAML reads it as that text. */
  protected string(text: string): string {
    const plain = /^[A-Za-z][\w-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
    return this.language === "yaml" && plain ? text : JSON.stringify(text);
  }
}

/** The value inside the objects and one-entry lists that the path asks for. */
export function nest(path: SpecPath, value: unknown): unknown {
  return path.reduceRight<unknown>((inner, key) => (typeof key === "number" ? [inner] : { [key]: inner }), value);
}

let keyOrder: Map<string, number> | undefined;

/** Where a new key belongs: after the last key that the specification names before it. */
function insertionIndex(children: readonly Pick<Child, "key">[], key: string): number {
  keyOrder ??= new Map([...keysOf(architectureJsonSchema())].map((name, i) => [name, i]));
  const rank = (name: string) => keyOrder!.get(name) ?? Infinity;
  let at = children.length;
  while (at > 0 && rank(String(children[at - 1].key)) > rank(key)) at--;
  return at;
}

function* keysOf(node: SchemaNode): Iterable<string> {
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    yield name;
    yield* keysOf(property);
  }
  for (const branch of node.anyOf ?? []) yield* keysOf(branch);
  if (node.items && !Array.isArray(node.items)) yield* keysOf(node.items);
}

/** The value with the changes made, as `spliceChanges` makes them in the text; undefined where it cannot. */
export function changeValue(value: unknown, changes: readonly SpecChange[]): unknown {
  return changes.reduce((current, { path, value: next }) => changeOne(current, path, next), value);
}

function changeOne(value: unknown, path: SpecPath, next: unknown): unknown {
  if (path.length === 0) return next;
  if (next === undefined && value === undefined) return undefined;
  const [key, ...rest] = path;
  if (typeof key === "number") {
    const items: unknown[] = [...((value ?? []) as unknown[])];
    const item = changeOne(items[key], rest, next);
    if (item === undefined) items.splice(key, 1);
    else items[key] = item;
    return items;
  }
  const entries = new Map(Object.entries((value ?? {}) as Record<string, unknown>));
  const entry = changeOne(entries.get(key), rest, next);
  if (entry === undefined) entries.delete(key);
  else entries.set(key, entry);
  return Object.fromEntries(entries);
}
