/** The exact values of index expressions: at single coordinates, and row by row over all pairs of tokens. */
import { applyBinary, applyUnary, childrenOf, isWhole } from "./expressions";
import type { BinaryOperation, IndexExpression, UnaryOperation } from "./indexExpression";

/** An expression that has no value at some coordinates, or that would take too long to evaluate; `message` says why. */
export class EvaluationError extends Error {
  override name = "EvaluationError";
}

/** Most operations of an expression, parts that occur several times counted each time. */
const mostOperations = 100_000;

/** Pairs times operations before an evaluation is given up: about half a second. */
const budget = 2 ** 28;

/** Most pairs that are evaluated one by one: 4096 tokens. */
export const mostPairs = 2 ** 24;

/** @throws EvaluationError where writing the expression out would take too many operations. */
export function checkSize(expression: IndexExpression): void {
  const sizes = new Map<IndexExpression, number>();
  const sizeOf = (part: IndexExpression): number => {
    let size = sizes.get(part);
    if (size === undefined) {
      size = childrenOf(part).reduce((sum, child) => sum + sizeOf(child), 1);
      sizes.set(part, size);
    }
    return size;
  };
  if (sizeOf(expression) > mostOperations)
    throw new EvaluationError(`an expression of more than ${mostOperations.toLocaleString("en")} operations`);
}

/**
 * The value at coordinates; conditions are 0 and 1. Branches that are not chosen, and what follows a deciding `and` or `or`, are not
 * evaluated.
 * @throws EvaluationError where there is no value: a division by zero, a table without the entry, what is not a number.
 */
export function evaluate(expression: IndexExpression, coordinates: readonly number[]): number {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "coordinate":
      return coordinates[expression.axis];
    case "unary":
      return rounded(expression.op, evaluate(expression.value, coordinates));
    case "binary": {
      const { op } = expression;
      const left = evaluate(expression.left, coordinates);
      if (op === "and" && left === 0) return 0;
      if (op === "or" && left !== 0) return 1;
      const right = evaluate(expression.right, coordinates);
      if (divides.has(op) && right === 0) throw new EvaluationError(`a division by zero${at(coordinates)}`);
      if (compares.has(op) && (Number.isNaN(left) || Number.isNaN(right)))
        throw new EvaluationError(`a comparison with what is not a number${at(coordinates)}`);
      return applyBinary(op, left, right);
    }
    case "choose":
      return evaluate(evaluate(expression.condition, coordinates) === 0 ? expression.no : expression.yes, coordinates);
    case "table": {
      let entry = 0;
      for (const [i, index] of expression.indices.entries()) {
        const size = expression.sizes[i];
        const place = placeIn(size, evaluate(index, coordinates));
        if (place < 0) throw new EvaluationError(`an index outside a table of ${size}${at(coordinates)}`);
        entry = entry * size + place;
      }
      return expression.values[entry];
    }
  }
}

const divides = new Set<BinaryOperation>(["/", "//", "%"]);
const compares = new Set<BinaryOperation>(["<", "<=", ">", ">=", "==", "!="]);

/** Below this the rounded quotient of two integers lies on the same side of every integer as the exact one. */
const exactQuotients = 2 ** 26;

/** Negative indices count from the end; -1 for an index that is none. */
function placeIn(size: number, index: number): number {
  const place = index < 0 ? index + size : index;
  return Number.isInteger(place) && place >= 0 && place < size ? place : -1;
}

const at = ([, query, key]: readonly number[]): string =>
  query === undefined || key === undefined ? "" : `, at query ${query} and key ${key}`;

/** Rounding takes what is within 1e-9 of an integer for that integer, so that exact powers stay on their side of a logarithm's boundary. */
function rounded(op: UnaryOperation, value: number): number {
  if (!roundings.has(op) || Number.isInteger(value)) return applyUnary(op, value);
  const near = Math.round(value);
  return Math.abs(value - near) < 1e-9 ? near : applyUnary(op, value);
}

const roundings = new Set<UnaryOperation>(["floor", "ceil", "trunc"]);

// --------------------------------------------------------------------------------------------------------- row by row

/** A part of an expression, with room for its values: one, or one for every key. */
interface Cell {
  values: Float64Array;
  /** 1 where there is a value for every key, else 0. */
  step: 0 | 1;
  /** Whether it changes with the query. */
  moves: boolean;
}

/**
 * The values of an expression in query (coordinate 1) and key (coordinate 2) for one query after the other. What depends on the key alone
 * is evaluated once, what depends on the query alone once a row.
 */
export class RowEvaluator {
  private readonly steps: (() => void)[] = [];
  private readonly cells = new Map<IndexExpression, Cell>();
  private readonly result: Cell;
  private query = 0;
  /** Whether some step had no value for some key, perhaps one that is not needed. */
  private doubt = false;

  /** @throws EvaluationError where all rows together would take too long. */
  constructor(
    private readonly expression: IndexExpression,
    private readonly tokens: number,
    rows = tokens,
  ) {
    checkSize(expression);
    const once: (() => void)[] = [];
    this.result = this.compile(expression, once);
    if (rows * tokens > mostPairs || rows * tokens * this.steps.length > budget)
      throw new EvaluationError(
        `more than ${mostPairs.toLocaleString("en")} pairs, which are not evaluated one by one`,
      );
    for (const step of once) step();
    this.constantDoubt = this.doubt;
  }

  private readonly constantDoubt: boolean;

  /** The values for all keys; overwritten by the next row. @throws EvaluationError where a key has none. */
  row(query: number): Float64Array {
    const { expression, tokens, result } = this;
    this.query = query;
    this.doubt = this.constantDoubt;
    for (const step of this.steps) step();
    const values = result.step === 1 ? result.values : new Float64Array(tokens).fill(result.values[0]);
    if (this.doubt) for (let key = 0; key < tokens; key++) values[key] = evaluate(expression, [0, query, key]);
    return values;
  }

  private compile(part: IndexExpression, once: (() => void)[]): Cell {
    const known = this.cells.get(part);
    if (known) return known;
    const inputs = childrenOf(part).map((child) => this.compile(child, once));
    const isKey = part.kind === "coordinate" && part.axis === 2;
    const isQuery = part.kind === "coordinate" && part.axis === 1;
    const step = isKey || inputs.some((input) => input.step === 1) ? 1 : 0;
    const moves = isQuery || inputs.some((input) => input.moves);
    const cell: Cell = { values: new Float64Array(step === 1 ? this.tokens : 1), step, moves };
    const run = this.operation(part, inputs, cell.values);
    // A doubtful result overwrites the last cell's values, which are then made anew in every row.
    (moves || (part === this.expression && step === 1) ? this.steps : once).push(run);
    this.cells.set(part, cell);
    return cell;
  }

  private operation(part: IndexExpression, inputs: readonly Cell[], out: Float64Array): () => void {
    switch (part.kind) {
      case "number":
        return () => out.fill(part.value);
      case "coordinate":
        if (part.axis === 2) return () => out.forEach((_, key) => (out[key] = key));
        if (part.axis === 1) return () => (out[0] = this.query);
        throw new EvaluationError("a value that differs between heads");
      case "unary": {
        const [{ values, step }] = inputs;
        switch (part.op) {
          case "-":
            return () => { for (let i = 0; i < out.length; i++) out[i] = -values[i * step]; }; // prettier-ignore
          case "abs":
            return () => { for (let i = 0; i < out.length; i++) out[i] = Math.abs(values[i * step]); }; // prettier-ignore
          case "not":
            return () => { for (let i = 0; i < out.length; i++) out[i] = values[i * step] === 0 ? 1 : 0; }; // prettier-ignore
          default: {
            const { op } = part;
            return () => { for (let i = 0; i < out.length; i++) out[i] = rounded(op, values[i * step]); }; // prettier-ignore
          }
        }
      }
      case "binary":
        return this.binary(part, inputs[0], inputs[1], out);
      case "choose": {
        const [condition, yes, no] = inputs;
        return () => {
          for (let i = 0; i < out.length; i++)
            out[i] = condition.values[i * condition.step] === 0 ? no.values[i * no.step] : yes.values[i * yes.step];
        };
      }
      case "table":
        return () => {
          for (let i = 0; i < out.length; i++) {
            let entry = 0;
            for (let axis = 0; axis < inputs.length && entry >= 0; axis++) {
              const place = placeIn(part.sizes[axis], inputs[axis].values[i * inputs[axis].step]);
              entry = place < 0 ? -1 : entry * part.sizes[axis] + place;
            }
            if (entry < 0) this.doubt = true;
            out[i] = entry < 0 ? NaN : part.values[entry];
          }
        };
    }
  }

  /** The common operations are loops of their own, which are several times faster than a call per element. */
  private binary(
    part: Extract<IndexExpression, { kind: "binary" }>,
    left: Cell,
    right: Cell,
    out: Float64Array,
  ): () => void {
    const { op } = part;
    const { values: a, step: s } = left;
    const { values: b, step: t } = right;
    // Integers are never "not a number".
    const checked = [part.left, part.right].flatMap((side, i) => (isWhole(side) ? [] : [[a, b][i]]));
    const compared =
      (compare: (out: Float64Array) => void): (() => void) =>
      () => {
        compare(out);
        for (const values of checked)
          for (let i = 0; i < values.length; i++) if (values[i] !== values[i]) this.doubt = true;
      };
    const divisor = part.right.kind === "number" ? part.right.value : 0;
    const quick = isWhole(part.left) && Number.isInteger(divisor) && divisor > 0 && divisor < exactQuotients;
    switch (op) {
      case "+":
        return () => { for (let i = 0; i < out.length; i++) out[i] = a[i * s] + b[i * t]; }; // prettier-ignore
      case "-":
        return () => { for (let i = 0; i < out.length; i++) out[i] = a[i * s] - b[i * t]; }; // prettier-ignore
      case "*":
        return () => { for (let i = 0; i < out.length; i++) out[i] = a[i * s] * b[i * t]; }; // prettier-ignore
      case "and":
        return () => { for (let i = 0; i < out.length; i++) out[i] = a[i * s] !== 0 && b[i * t] !== 0 ? 1 : 0; }; // prettier-ignore
      case "or":
        return () => { for (let i = 0; i < out.length; i++) out[i] = a[i * s] !== 0 || b[i * t] !== 0 ? 1 : 0; }; // prettier-ignore
      case "<":
        return compared((c) => { for (let i = 0; i < c.length; i++) c[i] = a[i * s] < b[i * t] ? 1 : 0; }); // prettier-ignore
      case "<=":
        return compared((c) => { for (let i = 0; i < c.length; i++) c[i] = a[i * s] <= b[i * t] ? 1 : 0; }); // prettier-ignore
      case ">":
        return compared((c) => { for (let i = 0; i < c.length; i++) c[i] = a[i * s] > b[i * t] ? 1 : 0; }); // prettier-ignore
      case ">=":
        return compared((c) => { for (let i = 0; i < c.length; i++) c[i] = a[i * s] >= b[i * t] ? 1 : 0; }); // prettier-ignore
      case "==":
        return compared((c) => { for (let i = 0; i < c.length; i++) c[i] = a[i * s] === b[i * t] ? 1 : 0; }); // prettier-ignore
      case "!=":
        return compared((c) => { for (let i = 0; i < c.length; i++) c[i] = a[i * s] !== b[i * t] ? 1 : 0; }); // prettier-ignore
      case "//":
        if (!quick) break;
        return () => {
          for (let i = 0; i < out.length; i++) {
            const x = a[i * s];
            out[i] = Math.abs(x) < exactQuotients ? Math.floor(x / divisor) : applyBinary("//", x, divisor);
          }
        };
      case "%":
        if (!quick) break;
        return () => {
          for (let i = 0; i < out.length; i++) {
            const x = a[i * s];
            out[i] =
              Math.abs(x) < exactQuotients ? x - divisor * Math.floor(x / divisor) : applyBinary("%", x, divisor);
          }
        };
      default:
        break;
    }
    const dividing = divides.has(op);
    return () => {
      for (let i = 0; i < out.length; i++) {
        if (dividing && b[i * t] === 0) this.doubt = true;
        out[i] = applyBinary(op, a[i * s], b[i * t]);
      }
    };
  }
}
