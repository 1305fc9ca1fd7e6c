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
  /** `factory`: of a defaultdict. */
  | { kind: "dict"; entries: Map<Key, Value>; factory?: Value }
  | { kind: "slice"; start: Value; stop: Value; step: Value }
  | { kind: "ellipsis" }
  | PythonFunction
  | PythonClass
  | PythonInstance
  | { kind: "bound"; self: Value; callee: Value }
  | Native
  | Unknown;

/**
 * A dict's key: a plain number is an integer or a float with a fraction; a tuple, class, function or object is itself, and equal
 * tuples are one object (the interpreter sees to that).
 */
export type Key = string | number | boolean | null | Value;

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
  /** The class itself, then its bases in the order in which attributes are looked up; native and unknown ones among them. */
  mro: readonly Value[];
  /** What the class body binds, in order: methods, constants, a dataclass's fields with their defaults. */
  attributes: Map<string, Value>;
  /** The annotations of names in the class body, in order. */
  annotations: ReadonlyMap<string, Syntax>;
  /** A dataclass's fields in order, inherited ones first, with the defaults that they have (`field(...)` as it is). */
  fields: ReadonlyMap<string, Value | undefined> | undefined;
}

export interface PythonInstance {
  kind: "instance";
  type: PythonClass;
  attributes: Map<string, Value>;
  /** What a native base class keeps of the instance. */
  data?: unknown;
}

/** Names of a module, a function's call, or a comprehension. */
export interface Scope {
  names: Map<string, Value>;
  parent: Scope | undefined;
  kind: "module" | "function" | "class" | "comprehension";
  /** Names declared global or nonlocal, and the scope that they are of. */
  elsewhere?: Map<string, Scope>;
  /** The first argument of the call, for `super()`. */
  self?: Value;
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
  /** Returns false where it has none of that name: the source's own attribute is kept beside it then. */
  setAttribute?(self: Native, name: string, value: Value, at: At): boolean;
  call?(self: Native, args: Arguments, at: At): Value;
  item?(self: Native, index: Value, at: At): Value;
  setItem?(self: Native, index: Value, value: Value, at: At): boolean;
  /** `reflected`: self is the right operand. Undefined where the operator is not understood. */
  binary?(self: Native, op: string, other: Value, reflected: boolean, at: At): Value | undefined;
  unary?(self: Native, op: "-" | "+" | "~" | "not", at: At): Value | undefined;
  iterate?(self: Native, at: At): readonly Value[] | undefined;
  /** Why nothing can be told of it, where that is so. */
  problem?(self: Native): Unknown | undefined;
  truth?(self: Native): boolean | undefined;
  /** Changes the object where it stands by `op=`, whose result is given; without it, the name stands for the result. */
  inPlace?(self: Native, result: Native, at: At): void;
  /** What `len` gives, where it is not the number of items that `iterate` gives. */
  length?(self: Native, at: At): Value | undefined;
  /** What `copy.deepcopy` gives; without it, an object with the same data. `copied` copies what it holds. */
  copy?(self: Native, copied: (value: Value) => Value): Native;
  /** As a decorator of a function or class; without it, what is decorated stays as it is. */
  decorate?(self: Native, target: Value, at: At): Value;

  /** For isinstance and for classes that derive from it. */
  isClass?: boolean;
  /** isinstance(value, self), for values that no class of the source is known to make an instance; undefined where not known. */
  hasInstance?(self: Native, value: Value): boolean | undefined;

  // What a class of the source that derives from this one gets from it. Each is asked in the order of the class's `mro`, so after
  // the instance's own attributes and those of the classes that derive from it.
  /** A class that derives from it has been defined. */
  derived?(type: PythonClass, at: At): void;
  /** Its `__init__`, by `super().__init__(...)` or because the class has none; without it, nothing happens. */
  instanceInit?(self: PythonInstance, args: Arguments, at: At): void;
  /** An attribute, methods among them (bound to self already); undefined where it has none of that name. */
  instanceAttribute?(self: PythonInstance, name: string, at: At): Value | undefined;
  /** Returns false where the instance's own attribute is to be set, as without it. */
  instanceSetAttribute?(self: PythonInstance, name: string, value: Value, at: At): boolean;
  /** Its `__call__`. */
  instanceCall?(self: PythonInstance, args: Arguments, at: At): Value;
  /** Its `__getitem__`. */
  instanceItem?(self: PythonInstance, index: Value, at: At): Value;
  /** Returns false where the item cannot be set. */
  instanceSetItem?(self: PythonInstance, index: Value, value: Value, at: At): boolean;
  /** Its `__iter__`, and `__len__` and `in`. */
  instanceIterate?(self: PythonInstance, at: At): readonly Value[] | undefined;
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
  /** An instance of a class of the source, initialised. */
  newInstance(type: PythonClass, args: Arguments, place: Place): Value;
  /** `a == b`; undefined where it is not known. */
  equal(left: Value, right: Value, place: Place): boolean | undefined;
  /** `len(value)`; unknown where it is not known. */
  length(value: Value, place: Place): Value;
  /** An attribute; undefined where the value has none of that name for certain, as `hasattr` and `getattr` ask. */
  findAttribute(value: Value, name: string, place: Place): Value | undefined;
  /** A value as a dict's key; undefined where it has no equality that is known. */
  keyOf(value: Value): Key | undefined;
  /** Counts steps of a library's own loops. Throws where too many have been taken. */
  spend(steps: number): void;
  /** Sets an attribute; what cannot be set is forgotten. */
  setAttribute(value: Value, name: string, to: Value, place: Place): void;
  textOf(place: Place): string;
}

/** A module that can be imported: its names, made when they are asked for. Undefined where the module has no such name that is known. */
export type Library = (name: string) => Value | undefined;

// --------------------------------------------------------------------------------------------------------- making values

export const none: Value = { kind: "none" };
export const unknown = (reason: string, place: Place): Unknown => ({ kind: "unknown", reason, place });
export const bool = (value: boolean): Value => ({ kind: "bool", value });
/** An integer, or unknown where it is beyond those that are exact. */
export const int = (value: number, place: Place): Value =>
  Number.isSafeInteger(value) ? { kind: "int", value: value + 0 } : unknown("an integer beyond 2^53", place);
export const float = (value: number): Value => ({ kind: "float", value });
export const string = (value: string): Value => ({ kind: "string", value });
export const list = (items: Value[]): Value => ({ kind: "list", items });
export const tuple = (items: readonly Value[]): Value => ({ kind: "tuple", items });

/** The fields of a dataclass, or of the dataclass that the class derives from. */
export function fieldsOf(type: PythonClass): ReadonlyMap<string, Value | undefined> | undefined {
  for (const entry of type.mro) if (entry.kind === "class" && entry.fields) return entry.fields;
  return undefined;
}

/** What a key of a dict is as a value. */
export function keyValue(key: Key): Value {
  if (key === null) return none;
  if (typeof key === "string") return string(key);
  if (typeof key === "boolean") return bool(key);
  if (typeof key === "number") return { kind: Number.isInteger(key) ? "int" : "float", value: key };
  return key;
}

interface NativeFunction {
  name: string;
  run: (args: Arguments, at: At) => Value;
}
const functionType: NativeType = {
  name: "a function",
  truth: () => true,
  call: ({ data }, args, at) => (data as NativeFunction).run(args, at),
};
/** A library's function; `name` as in messages: "torch.arange". */
export const nativeFunction = (name: string, run: NativeFunction["run"]): Native => ({
  kind: "native",
  type: functionType,
  data: { name, run } satisfies NativeFunction,
});
/** Whether it was made by `nativeFunction`. */
export const isFunction = (native: Native): boolean => native.type === functionType;
/** A library's object as messages call it. */
export const nameOf = (native: Native): string =>
  native.type === functionType ? `\`${(native.data as NativeFunction).name}\`` : native.type.name;

/** The arguments by the names of a signature; `*` in it begins those that are given by name only. */
export function byName<Name extends string>(
  args: Arguments,
  signature: readonly (Name | "*")[],
): { [name in Name]?: Value } {
  const found: { [name in Name]?: Value } = {};
  let index = 0;
  let positional = true;
  for (const name of signature) {
    if (name === "*") positional = false;
    else {
      const value = (positional ? args.positional[index++] : undefined) ?? args.named.get(name);
      if (value) (found as Record<string, Value>)[name] = value;
    }
  }
  return found;
}

/** Where an argument is written at the call, or else the call itself. */
export const placeOf = (args: Arguments, index: number, name?: string): Place =>
  args.places.positional[index] ?? (name === undefined ? undefined : args.places.named.get(name)) ?? args.place;
