/** Making index expressions: what follows from the numbers alone is worked out at once, so that expressions stay as short as what they mean. */
import type { BinaryOperation, IndexExpression, UnaryOperation } from "./indexExpression";
import type { Place } from "./nodes";

export function numeral(value: number, literal?: Place): IndexExpression {
  return { kind: "number", value, literal };
}

export function coordinate(axis: number): IndexExpression {
  return { kind: "coordinate", axis };
}

/** The sizes of the axes whose coordinates an expression may hold: they bound it. */
export type Sizes = readonly number[];

export function unary(op: UnaryOperation, value: IndexExpression): IndexExpression {
  if (value.kind === "number") return numeral(applyUnary(op, value.value));
  if (op === "not" && value.kind === "unary" && value.op === "not" && isCondition(value.value)) return value.value;
  return { kind: "unary", op, value };
}

export function binary(
  op: BinaryOperation,
  left: IndexExpression,
  right: IndexExpression,
  sizes: Sizes,
): IndexExpression {
  // prettier-ignore
  if (left.kind === "number" && right.kind === "number") return numeral(applyBinary(op, left.value, right.value));
  const [a, b] = [valueOf(left), valueOf(right)];
  switch (op) {
    case "+":
      if (a === 0) return right;
      if (b === 0) return left;
      break;
    case "-":
      if (b === 0) return left;
      break;
    case "*":
      if (a === 1) return right;
      if (b === 1) return left;
      break;
    case "//":
      if (b === 1 && isWhole(left)) return left;
      if (b !== undefined && b > 0 && within(left, sizes, 0, b - 1)) return numeral(0);
      break;
    case "/":
      if (b === 1) return left;
      break;
    case "%":
      if (b === 1 && isWhole(left)) return numeral(0);
      if (b !== undefined && b > 0 && isWhole(left) && within(left, sizes, 0, b - 1)) return left;
      break;
    case "and":
      if (a === 0 || b === 0) return numeral(0);
      if (a !== undefined && isCondition(right)) return right;
      if (b !== undefined && isCondition(left)) return left;
      break;
    case "or":
      if ((a !== undefined && a !== 0) || (b !== undefined && b !== 0)) return numeral(1);
      if (a === 0 && isCondition(right)) return right;
      if (b === 0 && isCondition(left)) return left;
      break;
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "==":
    case "!=": {
      const decided = compared(op, boundsOf(left, sizes), boundsOf(right, sizes));
      if (decided !== undefined) return numeral(Number(decided));
      break;
    }
    default:
      break;
  }
  return { kind: "binary", op, left, right };
}

export function choose(condition: IndexExpression, yes: IndexExpression, no: IndexExpression): IndexExpression {
  if (condition.kind === "number") return condition.value === 0 ? no : yes;
  return { kind: "choose", condition, yes, no };
}

const valueOf = (expression: IndexExpression): number | undefined =>
  expression.kind === "number" ? expression.value : undefined;

const within = (expression: IndexExpression, sizes: Sizes, low: number, high: number): boolean => {
  const bounds = boundsOf(expression, sizes);
  return bounds[0] >= low && bounds[1] <= high;
};

function compared(op: BinaryOperation, [a, b]: Bounds, [c, d]: Bounds): boolean | undefined {
  // What may be infinite either way may be no number at all, which compares with nothing.
  if ((a === -Infinity && b === Infinity) || (c === -Infinity && d === Infinity)) return undefined;
  switch (op) {
    case "<":
      return b < c ? true : a >= d ? false : undefined;
    case "<=":
      return b <= c ? true : a > d ? false : undefined;
    case ">":
      return a > d ? true : b <= c ? false : undefined;
    case ">=":
      return a >= d ? true : b < c ? false : undefined;
    case "==":
      return b < c || a > d ? false : a === b && c === d ? true : undefined;
    case "!=":
      return b < c || a > d ? true : a === b && c === d ? false : undefined;
    default:
      return undefined;
  }
}

export function applyUnary(op: UnaryOperation, value: number): number {
  switch (op) {
    case "-":
      return -value;
    case "not":
      return Number(value === 0);
    case "round": {
      // To even, as Python and NumPy round.
      const floor = Math.floor(value);
      const rest = value - floor;
      return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
    }
    default:
      return Math[op](value);
  }
}

export function applyBinary(op: BinaryOperation, left: number, right: number): number {
  switch (op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "//":
      return floorDivided(left, right);
    case "%": {
      const remainder = left % right;
      return remainder !== 0 && remainder < 0 !== right < 0 ? remainder + right : remainder;
    }
    case "**":
      return left ** right;
    case "min":
      return Math.min(left, right);
    case "max":
      return Math.max(left, right);
    case "<":
      return Number(left < right);
    case "<=":
      return Number(left <= right);
    case ">":
      return Number(left > right);
    case ">=":
      return Number(left >= right);
    case "==":
      return Number(left === right);
    case "!=":
      return Number(left !== right);
    case "and":
      return Number(left !== 0 && right !== 0);
    case "or":
      return Number(left !== 0 || right !== 0);
    case "xor":
      return Number((left !== 0) !== (right !== 0));
    case "<<":
      return left * 2 ** right;
    case ">>":
      return Math.floor(left / 2 ** right);
  }
}

/** floor(a / b), exact for safe integers: a rounded quotient can be one off. */
function floorDivided(a: number, b: number): number {
  const remainder = a % b;
  if (!Number.isFinite(remainder)) return Math.floor(a / b);
  const towardsZero = (a - remainder) / b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? Math.round(towardsZero) - 1 : Math.round(towardsZero);
}

/** Whether the value is 0 or 1 wherever it has one. */
export const isCondition = remembered((expression: IndexExpression): boolean => {
  switch (expression.kind) {
    case "number":
      return expression.value === 0 || expression.value === 1;
    case "coordinate":
      return false;
    case "unary":
      return expression.op === "not";
    case "binary":
      if (expression.op === "*" || expression.op === "min" || expression.op === "max")
        return isCondition(expression.left) && isCondition(expression.right);
      return conditions.has(expression.op);
    case "choose":
      return isCondition(expression.yes) && isCondition(expression.no);
    case "table":
      return expression.values.every((entry) => entry === 0 || entry === 1);
  }
});

const conditions: ReadonlySet<BinaryOperation> = new Set(["<", "<=", ">", ">=", "==", "!=", "and", "or", "xor"]);

/** A property of an expression that is worked out once: parts are shared, and chains are long. */
function remembered(property: (expression: IndexExpression) => boolean): (expression: IndexExpression) => boolean {
  const known = new WeakMap<IndexExpression, boolean>();
  return (expression) => {
    let value = known.get(expression);
    if (value === undefined) known.set(expression, (value = property(expression)));
    return value;
  };
}

/** Whether the value is an integer wherever it has one. */
export const isWhole = remembered((expression: IndexExpression): boolean => {
  switch (expression.kind) {
    case "number":
      return Number.isInteger(expression.value);
    case "coordinate":
      return true;
    case "unary":
      if (["not", "floor", "ceil", "trunc", "round", "sign"].includes(expression.op)) return true;
      return ["-", "abs"].includes(expression.op) && isWhole(expression.value);
    case "binary":
      if (conditions.has(expression.op)) return true;
      return !["/", "**", ">>", "<<"].includes(expression.op) && isWhole(expression.left) && isWhole(expression.right);
    case "choose":
      return isWhole(expression.yes) && isWhole(expression.no);
    case "table":
      return expression.values.every(Number.isInteger);
  }
});

type Bounds = readonly [number, number];
const unbounded: Bounds = [-Infinity, Infinity];
const condition: Bounds = [0, 1];

/** The bounds last asked for: what is asked for next has mostly the same parts, and coordinates of the same sizes. */
const knownBounds = new WeakMap<IndexExpression, { sizes: Sizes; bounds: Bounds }>();

/** The least and the greatest value that the expression may have; not always attained. */
export function boundsOf(expression: IndexExpression, sizes: Sizes): Bounds {
  if (expression.kind === "number" || expression.kind === "coordinate") return boundsAt(expression, sizes);
  const known = knownBounds.get(expression);
  if (known && sameSizes(known.sizes, sizes)) return known.bounds;
  const bounds = boundsAt(expression, sizes);
  knownBounds.set(expression, { sizes: [...sizes], bounds });
  return bounds;
}

const sameSizes = (a: Sizes, b: Sizes): boolean => a.length === b.length && a.every((size, i) => size === b[i]);

function boundsAt(expression: IndexExpression, sizes: Sizes): Bounds {
  switch (expression.kind) {
    case "number":
      return Number.isNaN(expression.value) ? unbounded : [expression.value, expression.value];
    case "coordinate":
      return expression.axis in sizes ? [0, sizes[expression.axis] - 1] : unbounded;
    case "unary":
      return unaryBounds(expression.op, boundsOf(expression.value, sizes));
    case "binary":
      return finite(binaryBounds(expression.op, boundsOf(expression.left, sizes), boundsOf(expression.right, sizes)));
    case "choose": {
      const [a, b] = boundsOf(expression.yes, sizes);
      const [c, d] = boundsOf(expression.no, sizes);
      return [Math.min(a, c), Math.max(b, d)];
    }
    case "table": {
      let [low, high] = [Infinity, -Infinity];
      for (const value of expression.values) {
        if (Number.isNaN(value)) return unbounded;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      return low <= high ? [low, high] : unbounded;
    }
  }
}

const finite = ([low, high]: Bounds): Bounds => [
  Number.isNaN(low) ? -Infinity : low,
  Number.isNaN(high) ? Infinity : high,
];

function unaryBounds(op: UnaryOperation, [low, high]: Bounds): Bounds {
  switch (op) {
    case "-":
      return [-high, -low];
    case "not":
      return condition;
    case "abs":
      return [low > 0 ? low : high < 0 ? -high : 0, Math.max(-low, high)];
    case "floor":
    case "ceil":
    case "trunc":
    case "round":
      return [applyUnary(op, low), applyUnary(op, high)];
    case "exp":
      return [Math.exp(low), Math.exp(high)];
    case "sqrt":
    case "log":
    case "log2":
      return low > 0 ? [Math[op](low), Math[op](high)] : unbounded;
    case "sin":
    case "cos":
    case "tanh":
    case "sign":
      return [-1, 1];
    default:
      return unbounded;
  }
}

function binaryBounds(op: BinaryOperation, [a, b]: Bounds, [c, d]: Bounds): Bounds {
  switch (op) {
    case "+":
      return [a + c, b + d];
    case "-":
      return [a - d, b - c];
    case "*": {
      const corners = [a * c, a * d, b * c, b * d];
      return [Math.min(...corners), Math.max(...corners)];
    }
    case "//":
      if (c <= 0 && d >= 0) return unbounded;
      {
        const corners = [floorDivided(a, c), floorDivided(a, d), floorDivided(b, c), floorDivided(b, d)];
        return [Math.min(...corners), Math.max(...corners)];
      }
    case "%":
      return c > 0 ? [0, d] : unbounded;
    case "min":
      return [Math.min(a, c), Math.min(b, d)];
    case "max":
      return [Math.max(a, c), Math.max(b, d)];
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "==":
    case "!=":
    case "and":
    case "or":
    case "xor":
      return condition;
    default:
      return unbounded;
  }
}

/** An expression of more parts than are worth following, as repeated shifts of sums of shifts have. */
export class TooManyParts extends Error {
  override name = "TooManyParts";
}

const mostParts = 2 ** 14;

/** The expression with every coordinate replaced; parts that occur several times are replaced once. @throws TooManyParts */
export function substitute(
  expression: IndexExpression,
  replacement: (axis: number) => IndexExpression,
  sizes: Sizes,
): IndexExpression {
  const done = new Map<IndexExpression, IndexExpression>();
  const visit = (part: IndexExpression): IndexExpression => {
    const known = done.get(part);
    if (known) return known;
    const made = part.kind === "coordinate" ? replacement(part.axis) : rebuilt(part, visit, sizes);
    if (done.size >= mostParts) throw new TooManyParts("an expression of too many parts");
    done.set(part, made);
    return made;
  };
  return visit(expression);
}

/** An expression of other parts. */
function rebuilt(
  part: IndexExpression,
  visit: (part: IndexExpression) => IndexExpression,
  sizes: Sizes,
): IndexExpression {
  // prettier-ignore
  switch (part.kind) {
    case "number":
    case "coordinate":
      return part;
    case "unary": {
      const value = visit(part.value);
      return value === part.value ? part : unary(part.op, value);
    }
    case "binary": {
      const [left, right] = [visit(part.left), visit(part.right)];
      return left === part.left && right === part.right ? part : binary(part.op, left, right, sizes);
    }
    case "choose": {
      const [condition, yes, no] = [visit(part.condition), visit(part.yes), visit(part.no)];
      return condition === part.condition && yes === part.yes && no === part.no ? part : choose(condition, yes, no);
    }
    case "table": {
      const indices = part.indices.map(visit);
      if (indices.every((index, i) => index === part.indices[i])) return part;
      const entry = indices.every((index) => index.kind === "number") && entryOf(part, indices.map((index) => index.kind === "number" ? index.value : NaN)); // prettier-ignore
      return typeof entry === "number" ? numeral(entry) : { ...part, indices };
    }
  }
}

/** The expression with a part of it, however often it occurs, replaced by a number. */
export function replaced(expression: IndexExpression, part: IndexExpression, by: IndexExpression): IndexExpression {
  const done = new Map<IndexExpression, IndexExpression>();
  const visit = (at: IndexExpression): IndexExpression => {
    let made = done.get(at);
    if (!made) done.set(at, (made = sameExpression(at, part) ? by : rebuilt(at, visit, [])));
    return made;
  };
  return visit(expression);
}

/** The entry of a table; negative indices count from the end. */
function entryOf(
  { values, sizes }: Extract<IndexExpression, { kind: "table" }>,
  indices: readonly number[],
): number | undefined {
  // prettier-ignore
  let at = 0;
  for (const [i, index] of indices.entries()) {
    const place = index < 0 ? index + sizes[i] : index;
    if (!(Number.isInteger(place) && place >= 0 && place < sizes[i])) return undefined;
    at = at * sizes[i] + place;
  }
  return values[at];
}

/** The parts of an expression that it is made of. */
export function childrenOf(expression: IndexExpression): readonly IndexExpression[] {
  switch (expression.kind) {
    case "number":
    case "coordinate":
      return [];
    case "unary":
      return [expression.value];
    case "binary":
      return [expression.left, expression.right];
    case "choose":
      return [expression.condition, expression.yes, expression.no];
    case "table":
      return expression.indices;
  }
}

/** The axes whose coordinates occur. */
export function axesIn(expression: IndexExpression): Set<number> {
  const axes = new Set<number>();
  const seen = new Set<IndexExpression>();
  const visit = (part: IndexExpression): void => {
    if (seen.has(part)) return;
    seen.add(part);
    if (part.kind === "coordinate") axes.add(part.axis);
    else childrenOf(part).forEach(visit);
  };
  visit(expression);
  return axes;
}

/** The value at coordinates; NaN where a table has no such entry. Parts that occur several times are worked out once. */
export function valueAt(expression: IndexExpression, coordinates: readonly number[]): number {
  const done = new Map<IndexExpression, number>();
  const visit = (part: IndexExpression): number => {
    if (part.kind === "number") return part.value;
    if (part.kind === "coordinate") return coordinates[part.axis];
    let value = done.get(part);
    if (value === undefined) done.set(part, (value = worked(part)));
    return value;
  };
  const worked = (part: IndexExpression): number => {
    switch (part.kind) {
      case "number":
        return part.value;
      case "coordinate":
        return coordinates[part.axis];
      case "unary":
        return applyUnary(part.op, visit(part.value));
      case "binary": {
        const left = visit(part.left);
        if (part.op === "and" && left === 0) return 0;
        if (part.op === "or" && left !== 0) return 1;
        return applyBinary(part.op, left, visit(part.right));
      }
      case "choose":
        return visit(visit(part.condition) === 0 ? part.no : part.yes);
      case "table":
        return entryOf(part, part.indices.map(visit)) ?? NaN;
    }
  };
  return visit(expression);
}

/** Whether two expressions are written in the same way. */
export function sameExpression(a: IndexExpression, b: IndexExpression): boolean {
  const same = new WeakMap<IndexExpression, IndexExpression>();
  const visit = (x: IndexExpression, y: IndexExpression): boolean => {
    if (x === y || same.get(x) === y) return true;
    if (!alike(x, y)) return false;
    same.set(x, y);
    return true;
  };
  const alike = (x: IndexExpression, y: IndexExpression): boolean => {
    switch (x.kind) {
      case "number":
        return y.kind === "number" && Object.is(x.value, y.value);
      case "coordinate":
        return y.kind === "coordinate" && x.axis === y.axis;
      case "unary":
        return y.kind === "unary" && x.op === y.op && visit(x.value, y.value);
      case "binary":
        return y.kind === "binary" && x.op === y.op && visit(x.left, y.left) && visit(x.right, y.right);
      case "choose":
        return y.kind === "choose" && visit(x.condition, y.condition) && visit(x.yes, y.yes) && visit(x.no, y.no);
      case "table":
        return y.kind === "table" && sameSizes(x.sizes, y.sizes) && sameSizes(x.values, y.values) && x.indices.every((index, i) => visit(index, y.indices[i])); // prettier-ignore
    }
  };
  return visit(a, b);
}
