/**
 * Patterns written as a condition on the integers q (query), k or kv (key) and n (tokens): a parser, and rows by interval
 * arithmetic. Nothing is ever executed.
 *
 *   condition  or [ "?" condition ":" condition ]
 *   or, and    "||" or "or", "&&" or "and"; evaluated from the left, as far as needed
 *   not        "not" condition, "!" (condition)
 *   compare    < <= > >= == !=, chained as in 0 <= q - k < 8
 *   integers   + - * and / or // (rounded down), % (the sign of the divisor), abs(x), min(x, ...), max(x, ...)
 */
import { limits } from "../architecture/limits";
import { RowsBuilder, complement, intersection, union } from "./algebra";
import { BeyondReach, type Rows } from "./rows";

/** What is wrong with an expression, and where in the string: offsets from (inclusive) to `to` (exclusive). */
export class ExpressionError extends Error {
  override name = "ExpressionError";

  constructor(
    message: string,
    readonly from: number,
    readonly to: number,
  ) {
    super(message);
  }
}

type Arithmetic = "+" | "-" | "*" | "/" | "%" | "min" | "max";
type Comparison = "<" | "<=" | ">" | ">=" | "==" | "!=";
type Variable = "q" | "k" | "n";

interface Place {
  from: number;
  to: number;
}
type IntegerNode = Place &
  (
    | { kind: "literal"; value: number }
    | { kind: "variable"; name: Variable }
    | { kind: "abs"; value: IntegerNode }
    | { kind: "arithmetic"; op: Arithmetic; left: IntegerNode; right: IntegerNode }
    | { kind: "choose"; condition: ConditionNode; yes: IntegerNode; no: IntegerNode }
  );
type ConditionNode = Place &
  (
    | { kind: "not"; value: ConditionNode }
    | { kind: "and" | "or"; left: ConditionNode; right: ConditionNode }
    | { kind: "compare"; op: Comparison; left: IntegerNode; right: IntegerNode }
    | { kind: "same"; left: ConditionNode; right: ConditionNode }
    | { kind: "choose-condition"; condition: ConditionNode; yes: ConditionNode; no: ConditionNode }
  );
type Node = IntegerNode | ConditionNode;

export type Condition = ConditionNode;

// ------------------------------------------------------------------------------------------------------------ parsing

type Token = Place & { text: string };

const lexeme = /\s*(?:(\d+)|([A-Za-z_]\w*)|(\/\/|<=|>=|==|!=|&&|\|\||[-+*/%<>!()?:,]))/y;
const comparisons: readonly string[] = ["<", "<=", ">", ">=", "==", "!="];
const names: Record<string, Variable | undefined> = { q: "q", k: "k", kv: "k", n: "n" };
const end = "the end";

/** Parses a condition. @throws ExpressionError with the offsets of what is wrong. */
export function parseExpression(source: string): Condition {
  if (source.length > limits.expressionLength)
    throw new ExpressionError(`an expression has at most ${limits.expressionLength} characters`, 0, source.length);
  return new Parser(source).whole();
}

class Parser {
  private readonly tokens: Token[] = [];
  private at = 0;
  private depth = 0;

  constructor(source: string) {
    const last = source.trimEnd().length;
    for (let offset = 0; offset < last; offset = lexeme.lastIndex) {
      lexeme.lastIndex = offset;
      const match = lexeme.exec(source);
      if (match === null) {
        const from = offset + source.slice(offset).search(/\S/);
        const symbol = String.fromCodePoint(source.codePointAt(from)!);
        throw new ExpressionError(`\`${symbol}\` has no meaning here`, from, from + symbol.length);
      }
      const text = match[1] ?? match[2] ?? match[3];
      this.tokens.push({ text, from: lexeme.lastIndex - text.length, to: lexeme.lastIndex });
    }
    this.tokens.push({ text: end, from: last, to: source.length });
  }

  whole(): ConditionNode {
    const node = this.condition(this.ternary());
    if (this.peek().text !== end) throw this.unexpected("an operator or the end");
    return node;
  }

  private peek(): Token {
    return this.tokens[this.at];
  }

  private accept(...texts: string[]): Token | undefined {
    return texts.includes(this.peek().text) ? this.tokens[this.at++] : undefined;
  }

  private expect(text: string): Token {
    const token = this.accept(text);
    if (token === undefined) throw this.unexpected(`\`${text}\``);
    return token;
  }

  private unexpected(wanted: string): ExpressionError {
    const { text, from, to } = this.peek();
    return new ExpressionError(
      text === end ? `the expression ends where ${wanted} is expected` : `\`${text}\` where ${wanted} is expected`,
      from,
      to,
    );
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > limits.patternDepth) {
      const { from, to } = this.peek();
      throw new ExpressionError(`nested deeper than ${limits.patternDepth} levels`, from, to);
    }
    const result = parse();
    this.depth--;
    return result;
  }

  private integer(node: Node): IntegerNode {
    if (isCondition(node))
      throw new ExpressionError("an integer is expected here, not a condition", node.from, node.to);
    return node;
  }

  private condition(node: Node): ConditionNode {
    if (!isCondition(node))
      throw new ExpressionError("a condition is expected here, not an integer", node.from, node.to);
    return node;
  }

  private ternary(): Node {
    const head = this.or();
    if (this.accept("?") === undefined) return head;
    const condition = this.condition(head);
    const yes = this.nested(() => this.ternary());
    this.expect(":");
    const no = this.nested(() => this.ternary());
    const place = { from: head.from, to: no.to };
    return isCondition(yes)
      ? { kind: "choose-condition", condition, yes, no: this.condition(no), ...place }
      : { kind: "choose", condition, yes, no: this.integer(no), ...place };
  }

  private or(): Node {
    let left = this.and();
    while (this.accept("||", "or") !== undefined) left = this.both("or", left, this.and());
    return left;
  }

  private and(): Node {
    let left = this.not();
    while (this.accept("&&", "and") !== undefined) left = this.both("and", left, this.not());
    return left;
  }

  private both(kind: "and" | "or", left: Node, right: Node): ConditionNode {
    return { kind, left: this.condition(left), right: this.condition(right), from: left.from, to: right.to };
  }

  private not(): Node {
    const token = this.accept("not");
    if (token === undefined) return this.comparison();
    const value = this.condition(this.nested(() => this.not()));
    return { kind: "not", value, from: token.from, to: value.to };
  }

  private comparison(): Node {
    const first = this.sum();
    let result: ConditionNode | undefined;
    let left = first;
    for (let token = this.accept(...comparisons); token !== undefined; token = this.accept(...comparisons)) {
      const right = this.sum();
      const link = this.compare(token.text as Comparison, left, right);
      result = result === undefined ? link : this.both("and", result, link);
      left = right;
    }
    return result ?? first;
  }

  private compare(op: Comparison, left: Node, right: Node): ConditionNode {
    const place = { from: left.from, to: right.to };
    if (isCondition(left) && (op === "==" || op === "!=")) {
      const same: ConditionNode = { kind: "same", left, right: this.condition(right), ...place };
      return op === "==" ? same : { kind: "not", value: same, ...place };
    }
    return { kind: "compare", op, left: this.integer(left), right: this.integer(right), ...place };
  }

  private sum(): Node {
    let left = this.product();
    for (let token = this.accept("+", "-"); token !== undefined; token = this.accept("+", "-"))
      left = this.arithmetic(token.text as Arithmetic, left, this.product());
    return left;
  }

  private product(): Node {
    let left = this.unary();
    for (let token = this.accept("*", "/", "//", "%"); token !== undefined; token = this.accept("*", "/", "//", "%"))
      left = this.arithmetic(token.text === "//" ? "/" : (token.text as Arithmetic), left, this.unary());
    return left;
  }

  private arithmetic(op: Arithmetic, left: Node, right: Node): IntegerNode {
    const place = { from: left.from, to: right.to };
    return { kind: "arithmetic", op, left: this.integer(left), right: this.integer(right), ...place };
  }

  private unary(): Node {
    const token = this.accept("-", "+", "!");
    if (token === undefined) return this.primary();
    const value = this.nested(() => this.unary());
    const place = { from: token.from, to: value.to };
    if (token.text === "!") return { kind: "not", value: this.condition(value), ...place };
    const zero: IntegerNode = { kind: "literal", value: 0, ...place };
    return { kind: "arithmetic", op: token.text as "+" | "-", left: zero, right: this.integer(value), ...place };
  }

  private primary(): Node {
    const token = this.peek();
    if (/^\d/.test(token.text)) {
      this.at++;
      const value = Number(token.text);
      if (!Number.isSafeInteger(value)) throw new ExpressionError(tooLarge, token.from, token.to);
      return { kind: "literal", value, from: token.from, to: token.to };
    }
    if (this.accept("(") !== undefined) {
      const inner = this.nested(() => this.ternary());
      const close = this.expect(")");
      return { ...inner, from: token.from, to: close.to };
    }
    if (token.text !== end && /^[A-Za-z_]/.test(token.text)) return this.named(token);
    throw this.unexpected("a number, q, k, n or a parenthesis");
  }

  private named(token: Token): Node {
    const variable = Object.hasOwn(names, token.text) ? names[token.text] : undefined;
    const isFunction = token.text === "abs" || token.text === "min" || token.text === "max";
    if (variable === undefined && !isFunction) {
      if (["and", "or", "not"].includes(token.text)) throw this.unexpected("a number, q, k, n or a parenthesis");
      throw new ExpressionError(`\`${token.text}\` is none of q, k, kv, n, abs, min, max`, token.from, token.to);
    }
    this.at++;
    if (variable !== undefined) return { kind: "variable", name: variable, from: token.from, to: token.to };
    this.expect("(");
    const values = [this.nested(() => this.integer(this.ternary()))];
    while (token.text !== "abs" && this.accept(",") !== undefined)
      values.push(this.nested(() => this.integer(this.ternary())));
    const place = { from: token.from, to: this.expect(")").to };
    if (token.text === "abs") return { kind: "abs", value: values[0], ...place };
    return {
      ...values.reduce((left, right) => this.arithmetic(token.text as Arithmetic, left, right)),
      ...place,
    };
  }
}

function isCondition(node: Node): node is ConditionNode {
  switch (node.kind) {
    case "literal":
    case "variable":
    case "abs":
    case "arithmetic":
    case "choose":
      return false;
    default:
      return true;
  }
}

const tooLarge = "a number beyond 9,007,199,254,740,991, where integers are no longer exact";

// --------------------------------------------------------------------------------------------------------------- rows

/** Operations before an expression is given up: about a second. */
const budget = 100_000_000;

/**
 * The rows of a condition over queries and keys 0..size-1, with n = `tokens`: pair for pair what evaluating it everywhere gives. A row
 * costs about (runs) x log(size) evaluations where the condition is piecewise simple.
 * @throws ExpressionError where some pair divides by zero or leaves the exact integers.
 * @throws BeyondReach past the budget or `limits.runs`.
 */
export function expressionRows(condition: Condition, tokens: number, size: number): Rows {
  return new Evaluator(tokens, size).rows(condition);
}

/** A part of a condition as an operation that leaves its enclosure in the evaluator. */
type Operation = () => void;

type Cells = ReadonlyMap<Node, { value: number }>;
const noCells: Cells = new Map();

/**
 * Interval arithmetic over a rectangle of pairs: `low` and `high` enclose the value (0 and 1 for conditions), and `doubt` says that some pair of the
 * rectangle might have no value. On a single pair the enclosure is the value, and a pair without one throws.
 */
class Evaluator {
  private low = 0;
  private high = 0;
  private doubt = false;
  private operations = 0;
  private q0 = 0;
  private q1 = 0;
  private k0 = 0;
  private k1 = 0;

  constructor(
    private readonly tokens: number,
    private readonly size: number,
  ) {}

  rows(node: ConditionNode): Rows {
    const whole = this.compile(node, noCells);
    this.enclose(whole, 1, 0, this.size - 1, 0, this.size - 1);
    const certain = !this.doubt;
    // Where no pair can fail and either side may decide, the order of evaluation does not matter, and the parts are cheaper.
    if (certain && this.low < this.high) {
      if (node.kind === "or") return union(this.rows(node.left), this.rows(node.right));
      if (node.kind === "and") return intersection(this.rows(node.left), this.rows(node.right));
      if (node.kind === "not") return complement(this.rows(node.value));
    }
    // Queries for which the parts without k have the same values have the same row. A part that might fail stays where it is.
    const parts = certain ? keylessParts(node) : [];
    const alone = parts.map((part) => this.compile(part, noCells));
    const cells = parts.map(() => ({ value: 0 }));
    const condition = this.compile(node, new Map(parts.map((part, i) => [part, cells[i]])));
    const cost = countNodes(node);
    const shared = certain && !parts.some((part) => part.kind === "variable") && !mentions(node, "q", parts);
    const made = new Map<string, number>();
    const builder = new RowsBuilder(this.size);
    for (let q = 0; q < this.size; q++) {
      cells.forEach((cell, i) => {
        this.enclose(alone[i], 1, q, q, 0, 0);
        cell.value = this.low;
      });
      const key = shared ? cells.map((cell) => cell.value).join() : "";
      let row = shared ? made.get(key) : undefined;
      if (row === undefined) {
        this.bisect(condition, cost, builder, q, 0, this.size - 1);
        row = builder.end();
        if (shared) made.set(key, row);
      }
      builder.assign(q, row);
    }
    return builder.finish();
  }

  /** Writes the keys k0..k1 (inclusive) for which the condition holds of q. */
  private bisect(condition: Operation, cost: number, builder: RowsBuilder, q: number, k0: number, k1: number): void {
    this.enclose(condition, cost, q, q, k0, k1);
    if (this.low === this.high && !this.doubt) {
      if (this.low === 1) builder.run(k0, k1 + 1);
      return;
    }
    const middle = (k0 + k1) >> 1;
    this.bisect(condition, cost, builder, q, k0, middle);
    this.bisect(condition, cost, builder, q, middle + 1, k1);
  }

  private enclose(operation: Operation, cost: number, q0: number, q1: number, k0: number, k1: number): void {
    this.operations += cost;
    if (this.operations > budget)
      throw new BeyondReach(
        `the condition takes more than ${budget.toLocaleString("en")} operations on ${this.size.toLocaleString("en")} tokens`,
      );
    this.q0 = q0;
    this.q1 = q1;
    this.k0 = k0;
    this.k1 = k1;
    this.doubt = false;
    operation();
  }

  private set(low: number, high: number): void {
    this.low = low;
    this.high = high;
  }

  /** A pair without a value: an error on a single pair, a doubt on more. */
  private fail(message: string, place: Place): void {
    if (this.q0 === this.q1 && this.k0 === this.k1)
      throw new ExpressionError(`${message}, at q = ${this.q0}, k = ${this.k0}`, place.from, place.to);
    this.doubt = true;
  }

  /** @param cells of the parts whose values are not to be evaluated but read when the operation runs. */
  private compile(node: Node, cells: Cells): Operation {
    const cell = cells.get(node);
    if (cell !== undefined) return () => this.set(cell.value, cell.value);
    switch (node.kind) {
      case "literal":
        return () => this.set(node.value, node.value);
      case "variable":
        if (node.name === "q") return () => this.set(this.q0, this.q1);
        if (node.name === "k") return () => this.set(this.k0, this.k1);
        return () => this.set(this.tokens, this.tokens);
      case "abs": {
        const value = this.compile(node.value, cells);
        return () => {
          value();
          const { low, high } = this;
          this.set(low > 0 ? low : high < 0 ? -high : 0, Math.max(-low, high));
        };
      }
      case "arithmetic":
        return this.arithmetic(node, this.compile(node.left, cells), this.compile(node.right, cells));
      case "compare":
        return this.compare(node.op, this.compile(node.left, cells), this.compile(node.right, cells));
      case "not": {
        const value = this.compile(node.value, cells);
        return () => {
          value();
          this.set(1 - this.high, 1 - this.low);
        };
      }
      case "and":
        return this.choose(this.compile(node.left, cells), this.compile(node.right, cells), () => this.set(0, 0));
      case "or":
        return this.choose(this.compile(node.left, cells), () => this.set(1, 1), this.compile(node.right, cells));
      case "same":
        return this.compare("==", this.compile(node.left, cells), this.compile(node.right, cells));
      case "choose":
      case "choose-condition":
        return this.choose(
          this.compile(node.condition, cells),
          this.compile(node.yes, cells),
          this.compile(node.no, cells),
        );
    }
  }

  /** Evaluates the branches that the condition leaves open. */
  private choose(condition: Operation, yes: Operation, no: Operation): Operation {
    return () => {
      condition();
      if (this.low === 1) return yes();
      if (this.high === 0) return no();
      yes();
      const { low, high } = this;
      no();
      this.set(Math.min(low, this.low), Math.max(high, this.high));
    };
  }

  private compare(op: Comparison, left: Operation, right: Operation): Operation {
    const compared =
      (decide: (a: number, b: number, c: number, d: number) => void): Operation =>
      () => {
        left();
        const { low, high } = this;
        right();
        decide(low, high, this.low, this.high);
      };
    switch (op) {
      case "<":
        return compared((a, b, c, d) => this.set(Number(b < c), Number(a < d)));
      case "<=":
        return compared((a, b, c, d) => this.set(Number(b <= c), Number(a <= d)));
      case ">":
        return compared((a, b, c, d) => this.set(Number(a > d), Number(b > c)));
      case ">=":
        return compared((a, b, c, d) => this.set(Number(a >= d), Number(b >= c)));
      case "==":
        return compared((a, b, c, d) => this.set(Number(a === d && b === c), Number(a <= d && c <= b)));
      case "!=":
        return compared((a, b, c, d) => this.set(Number(a > d || c > b), Number(!(a === d && b === c))));
    }
  }

  private arithmetic(node: IntegerNode & { kind: "arithmetic" }, left: Operation, right: Operation): Operation {
    const combined =
      (combine: (a: number, b: number, c: number, d: number) => void): Operation =>
      () => {
        left();
        const { low, high } = this;
        right();
        combine(low, high, this.low, this.high);
      };
    switch (node.op) {
      case "+":
        return combined((a, b, c, d) => this.bounded(node, a + c, b + d));
      case "-":
        return combined((a, b, c, d) => this.bounded(node, a - d, b - c));
      case "*":
        return combined((a, b, c, d) =>
          this.bounded(node, Math.min(a * c, a * d, b * c, b * d), Math.max(a * c, a * d, b * c, b * d)),
        );
      case "min":
        return combined((a, b, c, d) => this.set(Math.min(a, c), Math.min(b, d)));
      case "max":
        return combined((a, b, c, d) => this.set(Math.max(a, c), Math.max(b, d)));
      case "/":
        return combined((a, b, c, d) => {
          if (c <= 0 && d >= 0) return this.dividedByZero(node.right);
          const [ac, ad, bc, bd] = [floorDivide(a, c), floorDivide(a, d), floorDivide(b, c), floorDivide(b, d)];
          this.set(Math.min(ac, ad, bc, bd), Math.max(ac, ad, bc, bd));
        });
      case "%":
        return combined((a, b, c, d) => {
          if (c <= 0 && d >= 0) return this.dividedByZero(node.right);
          if (c === d && floorDivide(a, c) === floorDivide(b, c)) return this.set(modulo(a, c), modulo(b, c));
          if (c > 0) this.set(0, d - 1);
          else this.set(c + 1, 0);
        });
    }
  }

  private dividedByZero(divisor: Place): void {
    this.fail("division by zero", divisor);
    this.set(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  }

  private bounded(place: Place, low: number, high: number): void {
    const most = Number.MAX_SAFE_INTEGER;
    if (low < -most || high > most) this.fail(tooLarge, place);
    this.set(Math.max(low, -most), Math.min(high, most));
  }
}

/** floor(a / b) exactly, for safe integers and b != 0 (a rounded quotient can be off by one). */
function floorDivide(a: number, b: number): number {
  const remainder = a % b;
  const towardsZero = (a - remainder) / b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? towardsZero - 1 : towardsZero;
}

/** The remainder with the sign of the divisor. `%` on doubles is exact. */
function modulo(a: number, b: number): number {
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
}

function childrenOf(node: Node): Node[] {
  switch (node.kind) {
    case "literal":
    case "variable":
      return [];
    case "abs":
    case "not":
      return [node.value];
    case "choose":
    case "choose-condition":
      return [node.condition, node.yes, node.no];
    default:
      return [node.left, node.right];
  }
}

const countNodes = (node: Node): number => childrenOf(node).reduce((sum, child) => sum + countNodes(child), 1);

/** Whether the variable occurs, other than in the parts left out. */
const mentions = (node: Node, name: Variable, except: readonly Node[] = []): boolean =>
  !except.includes(node) &&
  ((node.kind === "variable" && node.name === name) || childrenOf(node).some((child) => mentions(child, name, except)));

/** The largest parts that mention q and not k, among those that are evaluated for every pair. */
function keylessParts(node: Node): Node[] {
  if (!mentions(node, "q")) return [];
  if (!mentions(node, "k")) return [node];
  switch (node.kind) {
    case "and":
    case "or":
      return keylessParts(node.left);
    case "choose":
    case "choose-condition":
      return keylessParts(node.condition);
    default:
      return childrenOf(node).flatMap(keylessParts);
  }
}
