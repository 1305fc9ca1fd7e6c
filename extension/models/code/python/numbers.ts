/** Python's arithmetic and order of numbers, exact as Python has it, and how it writes them. */
import type { Place } from "../graph/nodes";
import { unknown, type Value } from "./values";

export type Numeric = Extract<Value, { kind: "int" | "float" | "bool" }>;

export const isNumeric = (value: Value): value is Numeric =>
  value.kind === "int" || value.kind === "float" || value.kind === "bool";
export const isInteger = (value: Value): value is Extract<Value, { kind: "int" | "bool" }> =>
  value.kind === "int" || value.kind === "bool";

/** The errors that Python raises. */
export type ArithmeticError = "ZeroDivisionError" | "OverflowError" | "ValueError";

const assumedOf = (value: Numeric): string | undefined => (value.kind === "bool" ? undefined : value.assumed);

/** `left op right`; undefined where Python has no such operator of numbers, a name where it raises. */
export function arithmetic(
  op: string,
  left: Numeric,
  right: Numeric,
  place: Place,
): Value | ArithmeticError | undefined {
  const assumed = assumedOf(left) ?? assumedOf(right);
  const made = left.kind === "float" || right.kind === "float" ? floats(op, +left.value, +right.value) : integers(op, left, right); // prettier-ignore
  if (made === undefined || typeof made === "string") return made;
  if (typeof made === "boolean") return { kind: "bool", value: made };
  if (made.kind === "unrepresentable") return unknown(made.reason, place);
  return assumed === undefined ? made : { ...made, assumed };
}

type Made = { kind: "int" | "float"; value: number } | { kind: "unrepresentable"; reason: string };
const beyond: Made = { kind: "unrepresentable", reason: "an integer beyond 2^53" };
const complex: Made = { kind: "unrepresentable", reason: "a complex number" };
const integer = (value: number): Made => (Number.isSafeInteger(value) ? { kind: "int", value: value + 0 } : beyond);
const real = (value: number): Made => ({ kind: "float", value });

function floats(op: string, left: number, right: number): Made | ArithmeticError | undefined {
  switch (op) {
    case "+":
      return real(left + right);
    case "-":
      return real(left - right);
    case "*":
      return real(left * right);
    case "/":
      return right === 0 ? "ZeroDivisionError" : real(left / right);
    case "//":
      return right === 0 ? "ZeroDivisionError" : real(floorDivide(left, right).quotient);
    case "%":
      return right === 0 ? "ZeroDivisionError" : real(floorDivide(left, right).remainder);
    case "**":
      return power(left, right);
    default:
      return undefined;
  }
}

/** As CPython's float_divmod. */
function floorDivide(left: number, right: number): { quotient: number; remainder: number } {
  let remainder = left % right;
  let exact = (left - remainder) / right;
  if (remainder === 0) remainder = right < 0 ? -0 : 0;
  else if (right < 0 !== remainder < 0) {
    remainder += right;
    exact -= 1;
  }
  if (exact === 0) return { quotient: left / right < 0 || Object.is(left / right, -0) ? -0 : 0, remainder };
  const floor = Math.floor(exact);
  return { quotient: exact - floor > 0.5 ? floor + 1 : floor, remainder };
}

function power(left: number, right: number): Made | ArithmeticError {
  // Python has 1 ** nan = 1 and (-1) ** inf = 1, JavaScript has NaN.
  if (left === 1 || (left === -1 && Math.abs(right) === Infinity)) return real(1);
  if (left === 0 && right < 0) return "ZeroDivisionError";
  if (left < 0 && Number.isFinite(left) && Number.isFinite(right) && !Number.isInteger(right)) return complex;
  const value = left ** right;
  return Number.isFinite(left) && Number.isFinite(right) && !Number.isFinite(value) ? "OverflowError" : real(value);
}

function integers(
  op: string,
  left: Extract<Numeric, { kind: "int" | "bool" }>,
  right: Extract<Numeric, { kind: "int" | "bool" }>,
): Made | boolean | ArithmeticError | undefined {
  const a = +left.value;
  const b = +right.value;
  switch (op) {
    case "+":
      return integer(a + b);
    case "-":
      return integer(a - b);
    case "*":
      return integer(a * b);
    case "/":
      return b === 0 ? "ZeroDivisionError" : real(a / b);
    case "//":
      return b === 0 ? "ZeroDivisionError" : integer((a - modulo(a, b)) / b);
    case "%":
      return b === 0 ? "ZeroDivisionError" : integer(modulo(a, b));
    case "**":
      return b < 0 ? power(a, b) : integer(integerPower(a, b));
    case "<<":
      return b < 0 ? "ValueError" : integer(b > 60 ? (a === 0 ? 0 : Infinity) : a * 2 ** b);
    case ">>":
      return b < 0 ? "ValueError" : integer(b > 60 ? (a < 0 ? -1 : 0) : Math.floor(a / 2 ** b));
    case "&":
    case "|":
    case "^": {
      const value = bits(op, a, b);
      return left.kind === "bool" && right.kind === "bool" ? value !== 0 : integer(value);
    }
    default:
      return undefined;
  }
}

function modulo(a: number, b: number): number {
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder + 0;
}

/** Exact where the result is at most 2^53, infinite where it is not. */
function integerPower(base: number, exponent: number): number {
  if (Math.abs(base) <= 1) return exponent === 0 ? 1 : exponent % 2 === 0 ? Math.abs(base) : base;
  if (exponent > 53) return Infinity;
  let value = 1;
  for (let i = 0; i < exponent; i++) value *= base;
  return value;
}

function bits(op: "&" | "|" | "^", a: number, b: number): number {
  if ((a | 0) === a && (b | 0) === b) return op === "&" ? a & b : op === "|" ? a | b : a ^ b;
  const [x, y] = [BigInt(a), BigInt(b)];
  return Number(op === "&" ? x & y : op === "|" ? x | y : x ^ y);
}

/** `op value`; undefined where Python has no such operator. */
export function negation(op: "-" | "+" | "~", value: Numeric, place: Place): Value | undefined {
  if (op === "~" && value.kind === "float") return undefined;
  const number = +value.value;
  const made = op === "-" ? -number : op === "+" ? number : -number - 1;
  const assumed = assumedOf(value);
  const kind = value.kind === "float" ? "float" : "int";
  if (kind === "int" && !Number.isSafeInteger(made)) return unknown("an integer beyond 2^53", place);
  if (op === "+" && value.kind !== "bool") return value;
  return { kind, value: kind === "int" ? made + 0 : made, ...(assumed === undefined ? {} : { assumed }) };
}

/** `left op right` for an operator of order. */
export function ordered<Item extends number | string>(op: string, left: Item, right: Item): boolean {
  return op === "<" ? left < right : op === "<=" ? left <= right : op === ">" ? left > right : left >= right;
}

/** Rounded half to even, to decimal places. */
export function roundTo(value: number, places: number): number {
  if (!Number.isFinite(value)) return value;
  if (places < 0) return roundTo(value / 10 ** -places, 0) * 10 ** -places;
  // Only a number with few binary digits lies exactly in the middle.
  const middle = Number.isInteger(value * 2 ** (places + 1)) && Math.abs(value * 10 ** places * 2) % 2 === 1;
  if (middle) {
    const below = Math.floor(value * 10 ** places);
    return (below % 2 === 0 ? below : below + 1) / 10 ** places;
  }
  if (places > 100 || Math.abs(value) >= 1e21) return value;
  const rounded = Number(value.toFixed(places));
  return rounded === 0 && value < 0 ? -0 : rounded;
}

/** As Python's repr. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [digits, exponent] = value.toExponential().split("e");
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}
