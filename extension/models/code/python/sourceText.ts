/** Python as it is written: what stands where in a text, and small edits of it in the text's style. */
import type { Splice } from "../../spec/edit";
import type { Place } from "../graph/nodes";
import type { Syntax } from "../syntax";
import { dottedText, importsOf, one, parametersOf, parts } from "./trees";

/** Lines are not made longer than this, or than the longest of the text. */
const widest = 88;

/** A number that is written, and what it is called there. */
export interface WrittenNumber {
  node: Syntax;
  value: number;
  /** Of the argument, parameter, field, key or variable that it is the value of; the function's where it is an unnamed argument. */
  name: string;
  isArgument: boolean;
}

export class SourceText {
  readonly newline: string;
  readonly longestLine: number;
  private readonly parents = new Map<Syntax, Syntax>();

  constructor(
    readonly text: string,
    readonly root: Syntax,
  ) {
    this.newline = text.includes("\r\n") ? "\r\n" : "\n";
    this.longestLine = Math.max(widest, ...text.split(/\r?\n/).map((line) => line.length));
    const visit = (node: Syntax) => {
      for (const child of node.children) {
        this.parents.set(child, node);
        visit(child);
      }
    };
    visit(root);
  }

  // ------------------------------------------------------------------------------------------------------------ finding

  code({ from, to }: Place): string {
    return this.text.slice(from, to);
  }

  parent(node: Syntax): Syntax | undefined {
    return this.parents.get(node);
  }

  /** The smallest node that a place is in; the largest of those that are exactly there. */
  at(place: Place): Syntax {
    let at = this.root;
    for (;;) {
      if (at.from === place.from && at.to === place.to) return at;
      const inner = at.children.find(({ from, to }) => from <= place.from && place.to <= to);
      if (!inner) return at;
      at = inner;
    }
  }

  *all(node: Syntax = this.root): Iterable<Syntax> {
    yield node;
    for (const child of node.children) yield* this.all(child);
  }

  /** The nodes around one, the nearest first. */
  *around(node: Syntax): Iterable<Syntax> {
    for (let at = this.parent(node); at; at = this.parent(at)) yield at;
  }

  enclosing(node: Syntax, type: string): Syntax | undefined {
    for (const each of this.around(node)) if (each.type === type) return each;
    return undefined;
  }

  /** The statement of a block or of the module that a node is in, or is. */
  statement(node: Syntax): Syntax | undefined {
    for (let at: Syntax | undefined = node; at; at = this.parent(at)) {
      const parent = this.parent(at);
      if (parent?.type === "block" || parent?.type === "module") return at;
    }
    return undefined;
  }

  /** The method of a class, or the class that a function is in. */
  method(type: Syntax, name: string): Syntax | undefined {
    const body = one(type, "body");
    for (const child of body?.children ?? []) {
      const definition = child.type === "decorated_definition" ? one(child, "definition") : child;
      if (definition?.type === "function_definition" && one(definition, "name")?.text === name) return definition;
    }
    return undefined;
  }

  /** The statements of a function that do something. */
  body(definition: Syntax): readonly Syntax[] {
    const body = one(definition, "body");
    return body ? parts(body).filter((each, i) => i > 0 || each.children[0]?.type !== "string") : [];
  }

  /** All whole numbers. */
  numbers(): WrittenNumber[] {
    const found: WrittenNumber[] = [];
    for (const node of this.all()) {
      if (node.type !== "integer" || !/^[\d_]+$/.test(node.text)) continue;
      found.push({ node, value: Number(node.text.replaceAll("_", "")), ...this.nameOf(node) });
    }
    return found;
  }

  private nameOf(node: Syntax): { name: string; isArgument: boolean } {
    let inner = node;
    for (const at of this.around(node)) {
      switch (at.type) {
        case "keyword_argument": {
          const name = one(at, "name")?.text ?? "";
          const call = this.parent(this.parent(at) ?? at);
          const [flag] = (call && one(call, "arguments")?.children) ?? [];
          // argparse: `add_argument("--depth", default=6)`.
          return { name: name === "default" && flag?.type === "string" ? this.code(flag) : name, isArgument: false };
        }
        case "default_parameter":
        case "typed_default_parameter":
          return { name: one(at, "name")?.text ?? "", isArgument: false };
        case "pair":
          return { name: this.code(one(at, "key") ?? at).replace(/["']/g, ""), isArgument: false };
        case "assignment": {
          const left = one(at, "left");
          const names = left && /pattern_list|tuple_pattern/.test(left.type) ? parts(left) : undefined;
          const index = names ? parts(one(at, "right") ?? at).indexOf(inner) : -1;
          const named = names?.[index] ?? left;
          return { name: named ? this.code(named).replace(/^.*\./, "") : "", isArgument: false };
        }
        case "argument_list": {
          const call = this.parent(at);
          const callee = call && one(call, "function");
          return { name: callee ? this.code(callee).replace(/^.*\./s, "") : "", isArgument: true };
        }
        case "block":
        case "module":
          return { name: "", isArgument: false };
        default:
          inner = at;
      }
    }
    return { name: "", isArgument: false };
  }

  /** What a name of the module is imported as, as `torch` of `import torch as th` is `th`; undefined where it is not. */
  imported(whole: string): string | undefined {
    const dot = whole.lastIndexOf(".");
    let found: string | undefined;
    for (const node of this.root.children) {
      if (node.type === "import_statement")
        for (const { name, binds } of importsOf(node)) {
          if (name === whole) found ??= binds === name.split(".")[0] ? name : binds;
          // `import torch.nn` binds `torch` too.
          else if (name.startsWith(`${whole}.`) && binds === whole) found ??= whole;
        }
      if (node.type !== "import_from_statement" || dot < 0) continue;
      const from = one(node, "module_name");
      if (!from || dottedText(from) !== whole.slice(0, dot)) continue;
      for (const { name, binds } of importsOf(node)) if (name === whole.slice(dot + 1)) return binds;
    }
    return found;
  }

  /** How to write a name of a package: itself where it is imported, or behind what of it is. */
  written(whole: string): string | undefined {
    const own = this.imported(whole);
    if (own !== undefined) return own;
    const dot = whole.lastIndexOf(".");
    const outer = dot < 0 ? undefined : this.written(whole.slice(0, dot));
    return outer === undefined ? undefined : `${outer}.${whole.slice(dot + 1)}`;
  }

  /** How often a variable occurs; names of arguments are none. */
  uses(name: string, inside: Place = this.root): number {
    return this.code(inside).match(new RegExp(`(?<![\\w.])${name}\\b(?!=[^=])`, "g"))?.length ?? 0;
  }

  /** The variables of a piece of code: its identifiers, attributes and names of arguments apart. */
  variables(scope: Syntax): Set<string> {
    const found = new Set<string>();
    for (const node of this.all(scope)) {
      const parent = this.parent(node);
      const isName = parent && ((parent.type === "keyword_argument" && one(parent, "name") === node) || (parent.type === "attribute" && one(parent, "attribute") === node)); // prettier-ignore
      if (node.type === "identifier" && !isName) found.add(node.text);
    }
    return found;
  }

  // ------------------------------------------------------------------------------------------------------------- editing

  private lineStart(offset: number): number {
    return this.text.lastIndexOf("\n", offset - 1) + 1;
  }

  private lineEnd(offset: number): number {
    const at = this.text.slice(offset).search(/\r?\n/);
    return at < 0 ? this.text.length : offset + at;
  }

  /** The white space before a statement; undefined where something else stands before or after it on its lines. */
  indent({ from, to }: Place): string | undefined {
    const before = this.text.slice(this.lineStart(from), from);
    const after = this.text.slice(to, this.lineEnd(to));
    return before.trim() === "" && /^\s*(#.*)?$/.test(after) ? before : undefined;
  }

  /** Lines after a statement, as far in as it is. */
  after(statement: Syntax, lines: readonly string[]): Splice[] | undefined {
    const indent = this.indent(statement);
    if (indent === undefined) return undefined;
    const at = this.lineEnd(statement.to);
    return [{ from: at, to: at, newText: lines.map((line) => this.newline + indent + line).join("") }];
  }

  before(statement: Syntax, lines: readonly string[]): Splice[] | undefined {
    const indent = this.indent(statement);
    if (indent === undefined) return undefined;
    const at = statement.from;
    return [{ from: at, to: at, newText: lines.map((line) => line + this.newline + indent).join("") }];
  }

  /** Without the statement and its lines; `pass` where a block would be empty. */
  without(statement: Syntax): Splice[] | undefined {
    const indent = this.indent(statement);
    const block = this.parent(statement);
    if (indent === undefined || !block) return undefined;
    if (parts(block).length === 1) return [{ from: statement.from, to: statement.to, newText: "pass" }];
    const end = this.lineEnd(statement.to);
    const next = this.text.startsWith(this.newline, end) ? end + this.newline.length : end;
    return [{ from: this.lineStart(statement.from), to: next, newText: "" }];
  }

  /** Without an argument of a call, or an item of a list. */
  withoutItem(node: Syntax): Splice {
    const siblings = parts(this.parent(node) ?? node);
    const at = siblings.indexOf(node);
    if (at > 0) return { from: siblings[at - 1].to, to: node.to, newText: "" };
    const next = siblings.at(1);
    return { from: node.from, to: next ? next.from : node.to, newText: "" };
  }

  replace(node: Place, newText: string): Splice {
    return { from: node.from, to: node.to, newText };
  }

  /** Whether a text put in place of a node leaves its line as short as lines are here. */
  fits(node: Place, newText: string): boolean {
    const before = this.text.slice(this.lineStart(node.from), node.from);
    const after = this.text.slice(node.to, this.lineEnd(node.to));
    return (before + newText + after).split(/\r?\n/).every((line) => line.length <= this.longestLine);
  }

  /** An import of a module at the place where imports of its kind are. */
  importing(line: string): Splice[] {
    const [, module = ""] = /^(?:import|from) (\w+)/.exec(line) ?? [];
    const imports = this.root.children.filter(({ type }) => /^import/.test(type));
    const related = imports.find((node) => new RegExp(`^(import|from) ${module}\\b`).test(this.code(node)));
    const at = related ?? imports.at(-1);
    if (!at) {
      const first = this.body({ ...this.root, fields: { body: [this.root] } })[0] ?? this.root;
      return [{ from: first.from, to: first.from, newText: line + this.newline }];
    }
    return (related ? this.before(related, [line]) : this.after(at, [line])) ?? [];
  }

  /** A name that nothing has yet, of those that would do. */
  freeName(candidates: readonly string[], prefix = ""): string | undefined {
    return candidates.find((name) => !new RegExp(`${prefix.replace(".", "\\.")}\\b${name}\\b`).test(this.text));
  }
}

/** An operand of `|`, `&` or `+`: in brackets where it binds less tightly. */
export function operand(source: SourceText, node: Syntax, operator: string): string {
  const code = source.code(node);
  const loose = /^(comparison_operator|boolean_operator|not_operator|conditional_expression|lambda|named_expression)$/;
  const isOther = node.type === "binary_operator" && one(node, "operator")?.text !== operator;
  const binds = operator === "+" ? /^[*/@%]|^-$/ : /^$/;
  const needs = loose.test(node.type) || (isOther && !binds.test(one(node, "operator")?.text ?? ""));
  return needs ? `(${code})` : code;
}

/** The arguments of a call: those with a name by it, the others in order. */
export function argumentsOf(call: Syntax): { positional: Syntax[]; named: Map<string, Syntax> } {
  const positional: Syntax[] = [];
  const named = new Map<string, Syntax>();
  for (const each of parts(one(call, "arguments") ?? call)) {
    if (each.type === "keyword_argument") named.set(one(each, "name")?.text ?? "", each);
    else positional.push(each);
  }
  return { positional, named };
}

/** The last name of what is called. */
export function calleeName(source: SourceText, call: Syntax): string {
  const callee = one(call, "function");
  if (!callee) return "";
  return callee.type === "attribute" ? (one(callee, "attribute")?.text ?? "") : source.code(callee);
}

/** The names of a function's parameters. */
export const parameterNames = (definition: Syntax): string[] => parametersOf(definition)?.named.map(({ name }) => name) ?? []; // prettier-ignore
