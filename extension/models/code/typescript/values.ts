/**
 * What a JavaScript expression evaluates to, as far as reading a model needs it. Nothing is ever executed. Values remember where they
 * are written, so that what is said of them can be put there.
 */
import type { Place } from "../graph/nodes";
import type { Syntax } from "../syntax";

export type Value = Primitive | ObjectValue | ArrayValue | FunctionValue | ClassValue | Native | Unknown;

/** `literal` is the expression in the source that this value has unchanged. */
export type Primitive =
  | { kind: "undefined" }
  | { kind: "null"; literal?: Place }
  | { kind: "boolean"; value: boolean; literal?: Place }
  | { kind: "number"; value: number; literal?: Place }
  | { kind: "string"; value: string; literal?: Place };

/** A value that cannot be told, and why; everything computed from it is unknown for the same reason. */
export interface Unknown {
  kind: "unknown";
  /** A noun phrase: "the argument `n` of `make`". */
  reason: string;
  place: Place;
}

/** How a collection is written, where it is written as one expression. */
export type Form =
  /** An object or array literal. */
  | { kind: "literal"; node: Syntax }
  /** A call whose argument is the one entry: `window(4)` for `{ window: 4 }`. */
  | { kind: "call"; node: Syntax }
  /** A list written as the arguments of a call, which is `arguments`. */
  | { kind: "arguments"; node: Syntax }
  /** A chain of calls, one for each entry: `attention({}).repeat(2)`. */
  | { kind: "chain"; node: Syntax };

/** Where an entry of a collection is written. */
export interface Written {
  /** The literal or the call that it is part of. */
  in: Syntax;
  /** All of it: the pair, the element, the argument. */
  entry: Place;
  /** Undefined in a list. */
  key: Place | undefined;
  /** The expression of its value; empty between the parentheses where an argument is left out. */
  value: Place;
  /** `{ tokens }`, which is key and value at once. */
  shorthand?: true;
}

export interface Slot {
  value: Value;
  written: Written | undefined;
}

export interface ObjectValue {
  kind: "object";
  entries: Map<string, Slot>;
  form: Form | undefined;
  /** The class that it is an instance of. */
  type: ClassValue | undefined;
  /** By the interpreter's clock: what is older than a branch that may not run is not changed by it, but unknown after it. */
  birth: number;
  /** Nothing changes it: `as const`, Object.freeze. */
  frozen?: true;
  /** Its content is unknown. */
  lost?: Unknown;
  /** What a library keeps of it. */
  data?: unknown;
}

export interface ArrayValue {
  kind: "array";
  items: Slot[];
  form: Form | undefined;
  birth: number;
  frozen?: true;
  lost?: Unknown;
}

export interface FunctionValue {
  kind: "function";
  name: string;
  node: Syntax;
  scope: Scope;
  /** `this`, where it is bound. */
  self: Value | undefined;
  /** The class that it is a method of. */
  home: ClassValue | undefined;
}

export interface ClassValue {
  kind: "class";
  name: string;
  node: Syntax;
  scope: Scope;
  base: Value | undefined;
  methods: Map<string, FunctionValue>;
  getters: Map<string, FunctionValue>;
  statics: Map<string, Slot>;
  /** Instance fields, initialised in order. */
  fields: { name: string; value: Syntax | undefined }[];
}

/** A library's object. */
export interface Native {
  kind: "native";
  type: NativeType;
  data: unknown;
}

/** What a library's objects can do; what is missing gives an unknown value that says so. */
export interface NativeType {
  /** As in messages: "tf.layers.dense". */
  name: string;
  get?(self: Native, name: string, at: At): Value | undefined;
  call?(self: Native, args: Arguments, at: At): Value;
  construct?(self: Native, args: Arguments, at: At): Value;
  iterate?(self: Native, at: At): readonly Slot[] | undefined;
  /** For classes that derive from it: what `super(...)` does, and the members that an instance inherits. */
  initialise?(self: Native, instance: ObjectValue, args: Arguments, at: At): void;
  member?(self: Native, instance: ObjectValue, name: string, at: At): Value | undefined;
}

export interface Arguments {
  values: readonly Value[];
  /** Of each argument, where it is written at the call. */
  places: readonly (Place | undefined)[];
  /** The call, and its list of arguments; undefined where the call is not written. */
  node: Syntax | undefined;
  list: Syntax | undefined;
  /** The name that is called. */
  callee: Place;
}

/** Where and by whom an operation is asked for. */
export interface At {
  place: Place;
  interpreter: Interpreter;
}

/** What libraries ask of the interpreter. */
export interface Interpreter {
  readonly text: string;
  /** A call that is not written as one. */
  callWith(callee: Value, values: readonly Value[], place: Place): Value;
  member(value: Value, name: string, place: Place): Value;
  /** The items of an array or another iterable; undefined where they are not known. */
  iterate(value: Value, place: Place): readonly Slot[] | undefined;
  /** A new object or array with these entries. */
  object(entries: Iterable<readonly [string, Slot]>, form?: Form): ObjectValue;
  array(items: Slot[], form?: Form): ArrayValue;
  /** Sets an entry, or makes it unknown where the code may not run. */
  put(object: ObjectValue, name: string, slot: Slot): void;
  /** Before an array is changed in place: false where its content is unknown from now on. */
  changes(array: ArrayValue): boolean;
  /** The value has been given to code that is not read: what it may change is unknown, what it may call has been called. */
  escape(value: Value, reason: string, place: Place): void;
  /** Runs what may throw as the code would; undefined where it does. */
  quietly<T>(run: () => T): T | undefined;
  /** Counts towards the bound of the work, and throws beyond it. */
  work(amount: number): void;
  /** What a person calls the value of an expression: the variable that it is assigned to, the function that returns it. */
  nameOf(node: Syntax): string | undefined;
}

export interface Binding {
  value: Value;
  constant: boolean;
  birth: number;
  /** Offset of the declaration. */
  declared: number;
}

export interface Scope {
  names: Map<string, Binding>;
  parent: Scope | undefined;
  /** Whether `var` is declared here. */
  isFunction: boolean;
}

export const undefinedValue: Value = { kind: "undefined" };
export const number = (value: number, literal?: Place): Value => ({ kind: "number", value, literal });
export const string = (value: string, literal?: Place): Value => ({ kind: "string", value, literal });
export const boolean = (value: boolean, literal?: Place): Value => ({ kind: "boolean", value, literal });
export const unknown = (reason: string, place: Place): Unknown => ({ kind: "unknown", reason, place });
export const placeOf = ({ from, to }: Place): Place => ({ from, to });

/** A function of a library. */
export function native(name: string, call: (args: Arguments, at: At) => Value): Native {
  return { kind: "native", type: { name, call: (_, args, at) => call(args, at) }, data: undefined };
}

/** Something of a library with names: a namespace. */
export function namespace(name: string, get: (name: string, at: At) => Value | undefined): Native {
  return { kind: "native", type: { name, get: (_, member, at) => get(member, at) }, data: undefined };
}

/** The JavaScript value of a primitive; undefined where it is none. */
export function primitive(value: Value): { value: string | number | boolean | null | undefined } | undefined {
  switch (value.kind) {
    case "undefined":
      return { value: undefined };
    case "null":
      return { value: null };
    case "boolean":
    case "number":
    case "string":
      return { value: value.value };
    default:
      return undefined;
  }
}

export function fromPrimitive(value: string | number | boolean | null | undefined): Value {
  if (value === undefined) return undefinedValue;
  if (value === null) return { kind: "null" };
  if (typeof value === "string") return string(value);
  return typeof value === "number" ? number(value) : boolean(value);
}

export function truth(value: Value): boolean | undefined {
  const known = primitive(value);
  if (known) return Boolean(known.value);
  return value.kind === "unknown" ? undefined : true;
}
