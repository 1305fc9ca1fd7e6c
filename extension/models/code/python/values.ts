/** What a Python expression evaluates to, as far as reading a model needs it. Nothing is ever executed. */
import type { Syntax } from "../syntax";
import type { Place } from "../graph/nodes";

/**
 * A number remembers the literal it is written as while its value is unchanged (`literal`), and the parameter whose value nobody
 * knows and for which it stands (`assumed`); arithmetic keeps the second and loses the first.
 */
export type Value =
  | { kind: "none" }
  | { kind: "bool"; value: boolean; literal?: Place }
  | { kind: "int"; value: number; literal?: Place; assumed?: string }
  | { kind: "float"; value: number; literal?: Place; assumed?: string }
  | { kind: "string"; value: string }
  | { kind: "list"; items: Value[] }
  | { kind: "tuple"; items: readonly Value[] }
  | { kind: "dict"; entries: Map<string | number | boolean | null, Value> }
  | { kind: "slice"; start: Value; stop: Value; step: Value }
  | { kind: "ellipsis" }
  | PythonFunction
  | PythonClass
  | PythonInstance
  | { kind: "bound"; self: Value; callee: Value }
  | Native
  | Unknown;

/** A value that cannot be told, and why; everything computed from it is unknown for the same reason. */
export interface Unknown {
  kind: "unknown";
  /** A noun phrase: "the result of `foo`", "the argument `mask` of `forward`". */
  reason: string;
  place: Place;
}

export interface PythonFunction {
  kind: "function";
  name: string;
  /** A `function_definition` or a `lambda`. */
  node: Syntax;
  scope: Scope;
  /** Evaluated at definition, as Python does. */
  defaults: ReadonlyMap<string, Value>;
  decorators: readonly Value[];
}

export interface PythonClass {
  kind: "class";
  name: string;
  node: Syntax;
  bases: readonly Value[];
  /** What the class body binds, in order: methods, constants, a dataclass's fields with their defaults. */
  attributes: Map<string, Value>;
  /** A dataclass's fields in order, with the defaults that they have. */
  fields: ReadonlyMap<string, Value | undefined> | undefined;
}

export interface PythonInstance {
  kind: "instance";
  type: PythonClass;
  attributes: Map<string, Value>;
}

/** Names of a module, a function's call, or a comprehension. */
export interface Scope {
  names: Map<string, Value>;
  parent: Scope | undefined;
}

export interface Arguments {
  positional: readonly Value[];
  named: ReadonlyMap<string, Value>;
  /** Of the whole call. */
  place: Place;
  /** Of each argument's value as written, by position and name, where it is written at the call. */
  places: { positional: readonly (Place | undefined)[]; named: ReadonlyMap<string, Place> };
}

/** What a library's object can do; what is missing gives an unknown value that says so. Shared by all objects of one kind. */
export interface NativeType {
  /** As in messages: "nn.Linear", "a tensor". */
  name: string;
  attribute?(self: Native, name: string, at: At): Value | undefined;
  /** Returns false where the attribute cannot be set. */
  setAttribute?(self: Native, name: string, value: Value, at: At): boolean;
  call?(self: Native, args: Arguments, at: At): Value;
  item?(self: Native, index: Value, at: At): Value;
  setItem?(self: Native, index: Value, value: Value, at: At): boolean;
  /** `reflected`: self is the right operand. Undefined where the operator is not understood. */
  binary?(self: Native, op: string, other: Value, reflected: boolean, at: At): Value | undefined;
  unary?(self: Native, op: "-" | "+" | "~" | "not", at: At): Value | undefined;
  iterate?(self: Native, at: At): readonly Value[] | undefined;
  truth?(self: Native): boolean | undefined;
  /** For isinstance and for classes that derive from it. */
  isClass?: boolean;
}

export interface Native {
  kind: "native";
  type: NativeType;
  /** The library's own data. */
  data: unknown;
}

/** Where and by whom an operation is asked for. */
export interface At {
  place: Place;
  interpreter: Interpreter;
}

/** What libraries ask of the interpreter. */
export interface Interpreter {
  call(callee: Value, args: Arguments, place: Place): Value;
  /** A call without written arguments. */
  callWith(callee: Value, positional: readonly Value[], place: Place): Value;
  attribute(value: Value, name: string, place: Place): Value;
  item(value: Value, index: Value, place: Place): Value;
  binary(op: string, left: Value, right: Value, place: Place): Value;
  /** The items of a list, tuple, range, dict's keys, ...; undefined where it is no finite iterable that is known. */
  iterate(value: Value, place: Place): readonly Value[] | undefined;
  truth(value: Value): boolean | undefined;
  isInstance(value: Value, type: Value): boolean | undefined;
  textOf(place: Place): string;
}

/** A module that can be imported: its names, made when they are asked for. Undefined where the module has no such name that is known. */
export type Library = (name: string) => Value | undefined;
