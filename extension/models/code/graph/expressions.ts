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
  if (op === "not" && value.kind === "unary" && value.op === "not") return value.value;
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
      if (a !== undefined) return a === 0 ? numeral(0) : right;
      if (b !== undefined) return b === 0 ? numeral(0) : left;
      break;
    case "or":
      if (a !== undefined) return a === 0 ? right : numeral(1);
      if (b !== undefined) return b === 0 ? left : numeral(1);
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
      return b < c || a > d ? false : undefined;
    case "!=":
      return b < c || a > d ? true : undefined;
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

/** Whether the value is an integer wherever it has one. */
export function isWhole(expression: IndexExpression): boolean {
  switch (expression.kind) {
    case "number":
      return Number.isInteger(expression.value);
    case "coordinate":
      return true;
    case "unary":
      if (["not", "floor", "ceil", "trunc", "round", "sign"].includes(expression.op)) return true;
      return ["-", "abs"].includes(expression.op) && isWhole(expression.value);
    case "binary":
      if (["<", "<=", ">", ">=", "==", "!=", "and", "or", "xor"].includes(expression.op)) return true;
      return !["/", "**"].includes(expression.op) && isWhole(expression.left) && isWhole(expression.right);
    case "choose":
      return isWhole(expression.yes) && isWhole(expression.no);
    case "table":
      return expression.values.every(Number.isInteger);
  }
}

type Bounds = readonly [number, number];
const unbounded: Bounds = [-Infinity, Infinity];
const condition: Bounds = [0, 1];

/** The least and the greatest value that the expression may have; not always attained. */
export function boundsOf(expression: IndexExpression, sizes: Sizes): Bounds {
  switch (expression.kind) {
    case "number":
      return Number.isNaN(expression.value) ? unbounded : [expression.value, expression.value];
    case "coordinate":
      return [0, sizes[expression.axis] - 1];
    case "unary":
      return unaryBounds(expression.op, boundsOf(expression.value, sizes));
    case "binary": {
      const [a, b] = boundsOf(expression.left, sizes);
      const [c, d] = boundsOf(expression.right, sizes);
      return finite(binaryBounds(expression.op, [a, b], [c, d]));
    }
    case "choose": {
      const [a, b] = boundsOf(expression.yes, sizes);
      const [c, d] = boundsOf(expression.no, sizes);
      return [Math.min(a, c), Math.max(b, d)];
    }
    case "table": {
      let [low, high] = [Infinity, -Infinity];
      for (const value of expression.values) {
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
      return c > 0 ? [0, d - 0] : unbounded;
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

/** The expression with every coordinate replaced; parts that occur several times are replaced once. */
export function substitute(
  expression: IndexExpression,
  replacement: (axis: number) => IndexExpression,
  sizes: Sizes,
): IndexExpression {
  const done = new Map<IndexExpression, IndexExpression>();
  const visit = (part: IndexExpression): IndexExpression => {
    const known = done.get(part);
    if (known) return known;
    const made = replaced(part);
    done.set(part, made);
    return made;
  };
  const replaced = (part: IndexExpression): IndexExpression => {
    switch (part.kind) {
      case "number":
        return part;
      case "coordinate":
        return replacement(part.axis);
      case "unary": {
        const value = visit(part.value);
        return value === part.value ? part : unary(part.op, value);
      }
      case "binary": {
        const [left, right] = [visit(part.left), visit(part.right)];
        return left === part.left && right === part.right ? part : binary(part.op, left, right, sizes);
      }
      case "choose":
        return choose(visit(part.condition), visit(part.yes), visit(part.no));
      case "table": {
        const indices = part.indices.map(visit);
        if (!indices.every((index) => index.kind === "number")) return { ...part, indices };
        const at = indices.reduce((sum, index, i) => sum * part.sizes[i] + (index.kind === "number" ? index.value : 0), 0); // prettier-ignore
        return at in part.values ? numeral(part.values[at]) : { ...part, indices };
      }
    }
  };
  return visit(expression);
}

/** The axes whose coordinates occur. */
export function axesIn(expression: IndexExpression): Set<number> {
  const axes = new Set<number>();
  const seen = new Set<IndexExpression>();
  const visit = (part: IndexExpression): void => {
    if (seen.has(part)) return;
    seen.add(part);
    switch (part.kind) {
      case "number":
        return;
      case "coordinate":
        axes.add(part.axis);
        return;
      case "unary":
        return visit(part.value);
      case "binary":
        visit(part.left);
        return visit(part.right);
      case "choose":
        visit(part.condition);
        visit(part.yes);
        return visit(part.no);
      case "table":
        return part.indices.forEach(visit);
    }
  };
  visit(expression);
  return axes;
}

/** The value at coordinates; NaN where a table has no such entry. */
export function valueAt(expression: IndexExpression, coordinates: readonly number[]): number {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "coordinate":
      return coordinates[expression.axis];
    case "unary":
      return applyUnary(expression.op, valueAt(expression.value, coordinates));
    case "binary": {
      const left = valueAt(expression.left, coordinates);
      if (expression.op === "and" && left === 0) return 0;
      if (expression.op === "or" && left !== 0) return 1;
      return applyBinary(expression.op, left, valueAt(expression.right, coordinates));
    }
    case "choose":
      return valueAt(valueAt(expression.condition, coordinates) === 0 ? expression.no : expression.yes, coordinates);
    case "table": {
      let at = 0;
      for (const [i, index] of expression.indices.entries()) {
        const place = valueAt(index, coordinates);
        if (!(place >= 0 && place < expression.sizes[i])) return NaN;
        at = at * expression.sizes[i] + place;
      }
      return expression.values[at];
    }
  }
}
