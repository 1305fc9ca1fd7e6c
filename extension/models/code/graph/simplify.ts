/** Index expressions in the form that a person would write, and as text of the specification's pattern expressions. */
import { limits } from "../../../theory/architecture/limits";
import { applyBinary, applyUnary, binary as folded, choose as chosen, isWhole, numeral, unary as foldedUnary } from "./expressions"; // prettier-ignore
import type { BinaryOperation, IndexExpression } from "./indexExpression";

const no = numeral(0);
const yes = numeral(1);

/** Nothing is known of the coordinates here; what follows from their bounds was worked out when the expression was made. */
const anywhere = [Infinity, Infinity, Infinity];

const negated: Partial<Record<BinaryOperation, BinaryOperation>> = {
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
  "==": "!=",
  "!=": "==",
};
const flipped: Partial<Record<BinaryOperation, BinaryOperation>> = {
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "==": "==",
  "!=": "!=",
};
const comparisons = new Set<BinaryOperation>(["<", "<=", ">", ">=", "==", "!="]);
const connectives = new Set<BinaryOperation>(["and", "or", "xor"]);

/** Whether the value is 0 or 1 wherever it has one. */
export function isCondition(expression: IndexExpression): boolean {
  switch (expression.kind) {
    case "number":
      return expression.value === 0 || expression.value === 1;
    case "unary":
      return expression.op === "not";
    case "binary":
      return comparisons.has(expression.op) || connectives.has(expression.op);
    case "choose":
      return isCondition(expression.yes) && isCondition(expression.no);
    default:
      return false;
  }
}

export const not = (condition: IndexExpression): IndexExpression => {
  if (condition.kind === "unary" && condition.op === "not") return asCondition(condition.value);
  if (condition.kind === "binary") {
    const { op, left, right } = condition;
    const opposite = negated[op];
    if (opposite) return { ...condition, op: opposite };
    if (op === "and") return or(not(left), not(right));
    if (op === "or") return and(not(left), not(right));
  }
  return foldedUnary("not", condition);
};
export const and = (left: IndexExpression, right: IndexExpression): IndexExpression => folded("and", asCondition(left), asCondition(right), anywhere); // prettier-ignore
export const or = (left: IndexExpression, right: IndexExpression): IndexExpression => folded("or", asCondition(left), asCondition(right), anywhere); // prettier-ignore

/** The condition that the value is not 0. */
export function asCondition(expression: IndexExpression): IndexExpression {
  if (expression.kind === "number") return expression.value === 0 ? no : yes;
  return isCondition(expression) ? expression : { kind: "binary", op: "!=", left: expression, right: no };
}

/** Equal wherever the expression has a value: conditions without detours through numbers, sums with one number, on the right. */
export function simplify(expression: IndexExpression): IndexExpression {
  const done = new Map<IndexExpression, IndexExpression>();
  const visit = (part: IndexExpression): IndexExpression => {
    const known = done.get(part);
    if (known) return known;
    const made = simplified(part, visit);
    done.set(part, made);
    return made;
  };
  return visit(expression);
}

function simplified(part: IndexExpression, visit: (part: IndexExpression) => IndexExpression): IndexExpression {
  switch (part.kind) {
    case "number":
    case "coordinate":
      return part;
    case "unary": {
      const value = visit(part.value);
      const { op } = part;
      if (op === "not") return not(asCondition(value));
      if (["floor", "ceil", "trunc", "round"].includes(op) && isWhole(value)) return value;
      if (op === "floor" && value.kind === "binary" && value.op === "/" && isWhole(value.left) && isWhole(value.right))
        return folded("//", value.left, value.right, anywhere);
      if (value.kind === "number") return numeral(applyUnary(op, value.value));
      return { kind: "unary", op, value };
    }
    case "binary":
      return simplifiedBinary(part.op, visit(part.left), visit(part.right));
    case "choose": {
      const condition = asCondition(visit(part.condition));
      const [a, b] = [visit(part.yes), visit(part.no)];
      if (isCondition(a) && isCondition(b) && condition.kind !== "number") {
        if (a.kind === "number") return a.value === 1 ? or(condition, b) : and(not(condition), b);
        if (b.kind === "number") return b.value === 1 ? or(not(condition), a) : and(condition, a);
      }
      if (a.kind === "number" && b.kind === "number" && a.value === b.value) return a;
      return chosen(condition, a, b);
    }
    case "table":
      return { ...part, indices: part.indices.map(visit) };
  }
}

function simplifiedBinary(op: BinaryOperation, left: IndexExpression, right: IndexExpression): IndexExpression {
  if (left.kind === "number" && right.kind === "number") {
    const dividing = op === "/" || op === "//" || op === "%";
    return dividing && right.value === 0 ? { kind: "binary", op, left, right } : numeral(applyBinary(op, left.value, right.value)); // prettier-ignore
  }
  const conditions = isCondition(left) && isCondition(right);
  switch (op) {
    case "and":
      return and(left, right);
    case "or":
      return or(left, right);
    case "xor":
      return { kind: "binary", op, left: asCondition(left), right: asCondition(right) };
    case "min":
    case "*":
      if (conditions) return and(left, right);
      if (op === "*" && isCondition(left) && isFinite(right)) return chosen(left, right, no);
      if (op === "*" && isCondition(right) && isFinite(left)) return chosen(right, left, no);
      break;
    case "max":
      if (conditions) return or(left, right);
      break;
    case "+":
      if (left.kind === "number") return simplifiedBinary("+", right, left);
      if (right.kind === "number") return shifted(left, right.value);
      break;
    case "-":
      if (left.kind === "number" && left.value === 1 && isCondition(right)) return not(right);
      if (right.kind === "number") return shifted(left, -right.value);
      break;
    default:
      if (comparisons.has(op)) return simplifiedComparison(op, left, right);
  }
  return folded(op, left, right, anywhere);
}

const isFinite = (expression: IndexExpression): boolean =>
  expression.kind === "number" && Number.isFinite(expression.value);

/** expression + by, with one number at most. */
function shifted(expression: IndexExpression, by: number): IndexExpression {
  const [base, before] = unshifted(expression);
  const sum = before + by;
  if (sum === 0) return base;
  if (sum < 0) return { kind: "binary", op: "-", left: base, right: numeral(-sum) };
  return { kind: "binary", op: "+", left: base, right: numeral(sum) };
}

/** An expression as another one plus an integer. */
function unshifted(expression: IndexExpression): [IndexExpression, number] {
  if (expression.kind === "binary" && expression.right.kind === "number" && Number.isInteger(expression.right.value)) {
    if (expression.op === "+") return [expression.left, expression.right.value];
    if (expression.op === "-") return [expression.left, -expression.right.value];
  }
  return [expression, 0];
}

function simplifiedComparison(op: BinaryOperation, left: IndexExpression, right: IndexExpression): IndexExpression {
  if (left.kind === "number") return simplifiedComparison(flipped[op]!, right, left);
  if (right.kind !== "number") return folded(op, left, right, anywhere);
  const { value } = right;
  if (isCondition(left)) {
    const [low, high] = [applyBinary(op, 0, value), applyBinary(op, 1, value)];
    return low === high ? numeral(low) : high === 1 ? left : not(left);
  }
  if (!isWhole(left)) return { kind: "binary", op, left, right };
  if (!Number.isInteger(value)) {
    // An integer is never between two.
    if (op === "==" || op === "!=" || !Number.isFinite(value)) return numeral(applyBinary(op, 0, value));
    const bound = op === "<" || op === "<=" ? Math.floor(value) : Math.ceil(value);
    return { kind: "binary", op: op === "<" ? "<=" : op === ">" ? ">=" : op, left, right: numeral(bound) };
  }
  const [base, by] = unshifted(left);
  const moved = by === 0 ? right : numeral(value - by);
  if (base.kind === "binary" && base.op === "-" && value - by === 0)
    return { kind: "binary", op, left: base.left, right: base.right };
  return { kind: "binary", op, left: base, right: moved };
}

// --------------------------------------------------------------------------------------------------------------- text

/** How tightly an operator binds, as the parser of pattern expressions has it. */
const level = { ternary: 0, or: 1, and: 2, not: 3, comparison: 4, sum: 5, product: 6, unary: 7, primary: 8 } as const;

interface Text {
  text: string;
  level: number;
}

/** What the specification's expressions cannot say. */
class Unspeakable extends Error {}

/**
 * A simplified condition on query (coordinate 1) and key (coordinate 2) in the words of the specification's pattern expressions, or
 * undefined where they have none for it.
 */
export function expressionText(condition: IndexExpression): string | undefined {
  try {
    return conditionText(condition).text;
  } catch (error) {
    if (error instanceof Unspeakable) return undefined;
    throw error;
  }
}

function bounded(text: string, at: number): Text {
  if (text.length > limits.expressionLength) throw new Unspeakable();
  return { text, level: at };
}

const within = ({ text, level: at }: Text, least: number): string => (at >= least ? text : `(${text})`);

function conditionText(expression: IndexExpression): Text {
  if (expression.kind === "number") return bounded(expression.value === 0 ? "0 == 1" : "0 == 0", level.comparison);
  if (!isCondition(expression)) return bounded(`${within(integerText(expression), level.sum)} != 0`, level.comparison);
  if (expression.kind === "unary")
    return bounded(`not ${within(conditionText(expression.value), level.primary)}`, level.not);
  if (expression.kind === "choose") return ternary(expression, conditionText);
  if (expression.kind !== "binary") throw new Unspeakable();
  const { op, left, right } = expression;
  switch (op) {
    case "and":
    case "or":
      return bounded(`${within(conditionText(left), level[op])} ${op} ${within(conditionText(right), level[op])}`, level[op]); // prettier-ignore
    case "xor":
      return bounded(`(${conditionText(left).text}) != (${conditionText(right).text})`, level.comparison);
    default: {
      const same = (op === "==" || op === "!=") && isCondition(left) && isCondition(right);
      const side = (part: IndexExpression) => (same ? `(${conditionText(part).text})` : within(integerText(part), level.sum)); // prettier-ignore
      return bounded(`${side(left)} ${op} ${side(right)}`, level.comparison);
    }
  }
}

function ternary(
  { condition, yes: a, no: b }: Extract<IndexExpression, { kind: "choose" }>,
  text: (part: IndexExpression) => Text,
): Text {
  const parts = [within(conditionText(condition), level.or), within(text(a), level.or), within(text(b), level.or)];
  return bounded(`${parts[0]} ? ${parts[1]} : ${parts[2]}`, level.ternary);
}

function integerText(expression: IndexExpression): Text {
  if (isCondition(expression) && expression.kind !== "number")
    return bounded(`${within(conditionText(expression), level.or)} ? 1 : 0`, level.ternary);
  switch (expression.kind) {
    case "number": {
      const { value } = expression;
      if (!Number.isSafeInteger(value)) throw new Unspeakable();
      return value < 0 ? bounded(`-${-value}`, level.unary) : bounded(String(value), level.primary);
    }
    case "coordinate":
      if (expression.axis !== 1 && expression.axis !== 2) throw new Unspeakable();
      return bounded(expression.axis === 1 ? "q" : "k", level.primary);
    case "unary": {
      const { op, value } = expression;
      if (op === "-") return bounded(`-${within(integerText(value), level.unary)}`, level.unary);
      if (op === "abs") return bounded(`abs(${integerText(value).text})`, level.primary);
      return roundedText(op, value);
    }
    case "choose":
      return ternary(expression, integerText);
    case "table":
      throw new Unspeakable();
    case "binary":
      return arithmeticText(expression.op, expression.left, expression.right);
  }
}

/** Quotients of integers, rounded. */
function roundedText(op: string, value: IndexExpression): Text {
  if (value.kind !== "binary" || value.op !== "/") throw new Unspeakable();
  const [a, b] = [within(integerText(value.left), level.product), within(integerText(value.right), level.unary)];
  switch (op) {
    case "floor":
      return bounded(`${a} // ${b}`, level.product);
    case "ceil":
      return bounded(`-(-(${a}) // ${b})`, level.unary);
    case "trunc":
      return bounded(`(${a} < 0) == (${b} < 0) ? abs(${a}) // abs(${b}) : -(abs(${a}) // abs(${b}))`, level.ternary);
    default:
      throw new Unspeakable();
  }
}

function arithmeticText(op: BinaryOperation, left: IndexExpression, right: IndexExpression): Text {
  const joined = (symbol: string, at: number) => bounded(`${within(integerText(left), at)} ${symbol} ${within(integerText(right), at + 1)}`, at); // prettier-ignore
  switch (op) {
    case "+":
    case "-":
      return joined(op, level.sum);
    case "*":
    case "//":
    case "%":
      return joined(op, level.product);
    case "min":
    case "max":
      return bounded(`${op}(${integerText(left).text}, ${integerText(right).text})`, level.primary);
    case "<<":
    case ">>":
      if (right.kind !== "number" || !(right.value >= 0 && right.value < 50)) throw new Unspeakable();
      return arithmeticText(op === "<<" ? "*" : "//", left, numeral(2 ** right.value));
    case "**":
      if (right.kind !== "number" || right.value !== 2) throw new Unspeakable();
      return arithmeticText("*", left, left);
    default:
      throw new Unspeakable();
  }
}
