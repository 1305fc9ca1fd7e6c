/**
 * The element of a tensor as an expression in its coordinates: what `arange(n)[:, None] >= arange(n)` is before it is a matrix. Exact:
 * integers, conditions, and the numbers that masks and position codes are made of. Nothing is ever materialised.
 */
import type { Place } from "./nodes";

export type BinaryOperation =
  | "+" | "-" | "*" | "/" | "//" | "%" | "**" | "min" | "max"
  | "<" | "<=" | ">" | ">=" | "==" | "!="
  | "and" | "or" | "xor"
  | "<<" | ">>"; // prettier-ignore
export type UnaryOperation =
  | "-" | "not" | "abs" | "floor" | "ceil" | "trunc" | "round" | "sign"
  | "exp" | "log" | "log2" | "sqrt" | "sin" | "cos" | "tanh"; // prettier-ignore

/** Conditions are 0 and 1. `//` and `%` round down, as in Python. */
export type IndexExpression =
  | { kind: "number"; value: number; /** The literal in the source that this number is. */ literal: Place | undefined }
  /** The coordinate along an axis, from 0. */
  | { kind: "coordinate"; axis: number }
  | { kind: "unary"; op: UnaryOperation; value: IndexExpression }
  | { kind: "binary"; op: BinaryOperation; left: IndexExpression; right: IndexExpression }
  | { kind: "choose"; condition: IndexExpression; yes: IndexExpression; no: IndexExpression }
  /** A row-major table of numbers; an index outside it (after Python's negative indices) is an error. */
  | { kind: "table"; values: readonly number[]; sizes: readonly number[]; indices: readonly IndexExpression[] };
