/** Patterns as Python expressions in q (query) and k (key): tensors or arrays of indices, which broadcast, or single indices. */
import type { Architecture, Pattern } from "../../theory/architecture/schema";
import { type Condition, parseExpression } from "../../theory/patterns/expression";
import { keysOf } from "../expected";
import { ExportError } from "../exportError";
import { list } from "../layout";
import type { Dialect } from "./dialect";
import { numbers, type Program } from "./program";

/** A condition; true and false where it always is. The kind says how tightly it binds. */
type Expression = boolean | { kind: "atom" | "compare" | "and" | "or"; text: string };

const compare = (text: string): Expression => ({ kind: "compare", text });
const inBrackets = ({ kind, text }: Exclude<Expression, boolean>): string => (kind === "atom" ? text : `(${text})`);

function and(...conditions: Expression[]): Expression {
  if (conditions.includes(false)) return false;
  const open = conditions.filter((one) => typeof one === "object");
  if (open.length < 2) return open[0] ?? true;
  return { kind: "and", text: open.map((one) => (one.kind === "and" ? one.text : inBrackets(one))).join(" & ") };
}

function or(...conditions: Expression[]): Expression {
  if (conditions.includes(true)) return true;
  const open = conditions.filter((one) => typeof one === "object");
  if (open.length < 2) return open[0] ?? false;
  return { kind: "or", text: open.map((one) => (one.kind === "or" ? one.text : inBrackets(one))).join(" | ") };
}

const not = (condition: Expression): Expression =>
  typeof condition === "boolean" ? !condition : { kind: "atom", text: `~${inBrackets(condition)}` };

/** Most runs of tokens that are written as comparisons, most pairs that are listed, and most tokens whose pairs make a table. */
const comparisons = 6;
const listed = 50_000;
const tabled = 32_768;

/** Most characters of a line of a condition. */
const lineLength = 76;

const names: Record<Pattern["kind"], string> = {
  full: "full",
  causal: "causal",
  window: "window",
  block: "same_block",
  strided: "strided",
  fixed: "fixed",
  star: "star",
  axial: "axial",
  global: "global_tokens",
  random: "random_keys",
  bigbird: "bigbird",
  longformer: "longformer",
  edges: "edges",
  expression: "pattern",
  any: "pattern",
  all: "pattern",
  not: "pattern",
};

export class Patterns {
  constructor(
    private readonly architecture: Pick<Architecture, "tokens" | "registers">,
    private readonly program: Program,
    private readonly dialect: Dialect,
  ) {}

  /** The name of a function of (q, k) that says whether q attends to k; null where all do. @throws ExportError */
  functionOf(pattern: Pattern): string | null {
    const condition = this.condition(pattern);
    if (condition === true) return null;
    const { tokens, registers } = this.architecture;
    if (tokens + registers > tabled)
      throw new ExportError(`A mask of ${tokens + registers} by ${tokens + registers} tokens takes more memory than it is worth; the export is for at most ${tabled} tokens, except where every query attends to every key.`); // prettier-ignore
    const text = condition === false ? "(q < 0) & (k < 0)" : condition.text;
    const lines = text.length <= lineLength ? [`return ${text}`] : ["return (", ...wrapped(text).map((line) => `    ${line}`), ")"]; // prettier-ignore
    return this.program.define("functions", names[pattern.kind], (name) =>
      [`def ${name}(q, k):`, ...lines.map((line) => `    ${line}`)].join("\n"),
    );
  }

  private condition(pattern: Pattern): Expression {
    switch (pattern.kind) {
      case "full":
        return true;
      case "global":
        return or(this.member("q", pattern.tokens), this.member("k", pattern.tokens));
      case "any":
        return or(...pattern.patterns.map((part) => this.condition(part)));
      case "all":
        return and(...pattern.patterns.map((part) => this.condition(part)));
      case "not":
        return not(this.condition(pattern.pattern));
      case "edges":
      case "random":
        return this.table(pattern);
      case "expression":
        return this.expression(pattern);
      case "longformer": {
        const { window, globals, dilation } = pattern;
        const near = this.inSequence({ kind: "window", left: window, right: window, circular: false, dilation });
        return or(near, this.member("q", globals), this.member("k", globals));
      }
      default:
        return this.inSequence(pattern);
    }
  }

  private inSequence(
    pattern: Exclude<Pattern, { kind: "full" | "global" | "any" | "all" | "not" | "edges" | "random" | "expression" | "longformer" }>, // prettier-ignore
  ): Expression {
    const { tokens, registers } = this.architecture;
    const guarded = (condition: Expression) => (registers === 0 ? condition : and(between, condition));
    switch (pattern.kind) {
      case "causal":
        return guarded(compare("k <= q"));
      case "window":
        return guarded(pattern.circular ? circular(pattern, tokens) : window(pattern));
      case "block": {
        const shift = pattern.shift % pattern.size;
        const block = (token: string) => (shift === 0 ? `${token} // ${pattern.size}` : `(${token} - ${shift}) // ${pattern.size}`); // prettier-ignore
        return guarded(compare(`${block("q")} == ${block("k")}`));
      }
      case "strided":
        return guarded(or(compare(`abs(q - k) < ${pattern.stride}`), compare(`(q - k) % ${pattern.stride} == 0`)));
      case "fixed": {
        const { stride, summary } = pattern;
        return guarded(
          or(compare(`q // ${stride} == k // ${stride}`), compare(`k % ${stride} >= ${stride - summary}`)),
        );
      }
      case "star":
        return guarded(or(compare(`q == ${pattern.centre}`), compare(`k == ${pattern.centre}`)));
      case "axial": {
        const { columns } = pattern;
        return guarded(or(compare(`q // ${columns} == k // ${columns}`), compare(`q % ${columns} == k % ${columns}`)));
      }
      case "bigbird": {
        if (pattern.random > 0) return this.table(pattern);
        const { block, window: blocks } = pattern;
        const count = Math.ceil(tokens / block);
        const globals = pattern.globals.map((own) => (own < 0 ? own + count : own));
        const [q, k] = [`q // ${block}`, `k // ${block}`];
        return guarded(
          or(compare(`abs(${q} - ${k}) <= ${(blocks - 1) / 2}`), this.member(q, globals), this.member(k, globals)),
        );
      }
    }
  }

  /** Whether an index is one of a list. */
  private member(index: string, members: readonly number[]): Expression {
    const sorted = [...new Set(members)].sort((a, b) => a - b);
    const runs: [number, number][] = [];
    for (const token of sorted) {
      const last = runs.at(-1);
      if (last !== undefined && last[1] === token - 1) last[1] = token;
      else runs.push([token, token]);
    }
    if (runs.length <= comparisons)
      return or(
        ...runs.map(([from, to]) => {
          if (from === to) return compare(`${index} == ${from}`);
          return from === 0 ? compare(`${index} <= ${to}`) : and(compare(`${index} >= ${from}`), compare(`${index} <= ${to}`)); // prettier-ignore
        }),
      );
    const tokens = this.program.constant("GLOBALS", numbers(sorted));
    const table = this.table1(`[token in ${tokens} for token in range(SIZE)]`, "IS_GLOBAL");
    return { kind: "atom", text: `${table}[${index}]` };
  }

  private table1(items: string, name: string): string {
    return this.program.define("constants", name, (own) => `${own} = ${this.dialect.table(items)}`);
  }

  /** What no condition says, as lists of keys. */
  private table(pattern: Pattern): Expression {
    const { tokens, registers } = this.architecture;
    const rows = keysOf(pattern, tokens, registers);
    const pairs = rows.reduce((sum, keys) => sum + keys.length, 0);
    if (pairs > listed)
      throw new ExportError(`The pattern is a list of ${pairs} pairs of tokens; at most ${listed} are written into a file.`); // prettier-ignore
    const keys = this.program.constant("KEYS", list(rows.map(numbers)));
    const table = this.table1(`[[k in keys for k in range(SIZE)] for keys in ${keys}]`, "ATTENDS");
    return { kind: "atom", text: `${table}[q, k]` };
  }

  private expression(pattern: Extract<Pattern, { kind: "expression" }>): Expression {
    // What Python's operators on arrays do not say in the same way is listed.
    return conditionOf(parseExpression(pattern.expression)) ?? this.table(pattern);
  }
}

const between = and(compare("q < TOKENS"), compare("k < TOKENS"));

function window({ left, right, dilation }: Extract<Pattern, { kind: "window" }>): Expression {
  const near =
    left === right
      ? compare(`abs(q - k) <= ${left * dilation}`)
      : and(
          compare(left === 0 ? "k >= q" : `k >= q - ${left * dilation}`),
          compare(right === 0 ? "k <= q" : `k <= q + ${right * dilation}`),
        );
  return dilation === 1 ? near : and(near, compare(`(q - k) % ${dilation} == 0`));
}

function circular({ left, right, dilation }: Extract<Pattern, { kind: "window" }>, tokens: number): Expression {
  if (dilation === 1) {
    if (left + right + 1 >= tokens) return true;
    return compare(`(k - q${left === 0 ? "" : ` + ${left}`}) % TOKENS <= ${left + right}`);
  }
  const offsets = Array.from({ length: left + right + 1 }, (_, i) => ((((i - left) * dilation) % tokens) + tokens) % tokens); // prettier-ignore
  const distinct = [...new Set(offsets)].sort((a, b) => a - b);
  return distinct.length === tokens ? true : or(...distinct.map((offset) => compare(`(k - q) % TOKENS == ${offset}`)));
}

/** A long condition in lines that end where an operator follows. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let depth = 0;
  let current = "";
  for (const part of text.split(/(?= [&|] )/)) {
    const operator = depth === 0 && current !== "";
    if (operator) {
      lines.push(current);
      current = part.trimStart();
    } else current += part;
    for (const letter of part) depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
  }
  return [...lines, current];
}

type Integer = Extract<Condition, { kind: "compare" }>["left"];

function conditionOf(node: Condition): Expression | null {
  switch (node.kind) {
    case "not": {
      const value = conditionOf(node.value);
      return value === null ? null : not(value);
    }
    case "and":
    case "or": {
      const [left, right] = [conditionOf(node.left), conditionOf(node.right)];
      if (left === null || right === null) return null;
      return node.kind === "and" ? and(left, right) : or(left, right);
    }
    case "compare": {
      const [left, right] = [integer(node.left), integer(node.right)];
      // Of two numbers Python's answer is no array.
      const varies = left !== null && right !== null && /[qk]/.test(left.text + right.text);
      return varies ? compare(`${left.text} ${node.op} ${right.text}`) : null;
    }
    default:
      return null;
  }
}

/** `binds`: 3 a number or a call, 2 a product, 1 a sum. */
function integer(node: Integer): { text: string; binds: 1 | 2 | 3 } | null {
  switch (node.kind) {
    case "literal":
      return { text: String(node.value), binds: node.value < 0 ? 1 : 3 };
    case "variable":
      return { text: node.name === "n" ? "TOKENS" : node.name, binds: 3 };
    case "abs": {
      const value = integer(node.value);
      return value && { text: `abs(${value.text})`, binds: 3 };
    }
    case "arithmetic": {
      const [left, right] = [integer(node.left), integer(node.right)];
      if (left === null || right === null || node.op === "min" || node.op === "max") return null;
      const divides = node.op === "/" || node.op === "%";
      // Anything else may be 0 somewhere.
      if (divides && !(node.right.kind === "literal" && node.right.value > 0)) return null;
      const binds = node.op === "+" || node.op === "-" ? 1 : 2;
      const op = node.op === "/" ? "//" : node.op;
      const text = `${bracketed(left, binds)} ${op} ${bracketed(right, binds + 1)}`;
      return { text, binds };
    }
    case "choose":
      return null;
  }
}

const bracketed = ({ text, binds }: { text: string; binds: number }, least: number): string =>
  binds < least ? `(${text})` : text;
