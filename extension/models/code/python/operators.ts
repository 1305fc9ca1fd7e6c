/** Python's operators on values of all kinds. What is not known is an unknown value, or undefined. */
import type { Place } from "../graph/nodes";
import { isEnum } from "./enumerations";
import { raise } from "./exceptions";
import { arithmetic, isInteger, isNumeric, negation, ordered } from "./numbers";
import { percent } from "./text";
import { bool, list, string, fieldsOf, tuple, unknown, type Interpreter, type Key, type PythonInstance, type Value } from "./values"; // prettier-ignore

const methods: Readonly<Record<string, string>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "truediv",
  "//": "floordiv",
  "%": "mod",
  "**": "pow",
  "@": "matmul",
  "&": "and",
  "|": "or",
  "^": "xor",
  "<<": "lshift",
  ">>": "rshift",
};
const comparisons: Readonly<Record<string, readonly [method: string, reflected: string]>> = {
  "==": ["__eq__", "__eq__"],
  "!=": ["__ne__", "__ne__"],
  "<": ["__lt__", "__gt__"],
  "<=": ["__le__", "__ge__"],
  ">": ["__gt__", "__lt__"],
  ">=": ["__ge__", "__le__"],
};

/** What operators ask of the interpreter beyond what libraries do. */
export interface OperatorHost extends Interpreter {
  /** A method of an instance's class that is written in the source. */
  methodOf(instance: PythonInstance, name: string): Value | undefined;
  /** The unknown class that the instance's class derives from. */
  unknownBase(instance: PythonInstance): Value | undefined;
}

const lettersOf = (value: string): number => Math.ceil(value.length / 8);

/** What an object of the source that derives from a type of the language's is. */
export const plainOf = (value: Value): Value => (value.kind === "instance" && isValue(value.data) ? value.data : value);
const isValue = (data: unknown): data is Value =>
  typeof data === "object" && data !== null && "kind" in data && typeof data.kind === "string" && plainKinds.has(data.kind); // prettier-ignore
const plainKinds = new Set(["int", "float", "bool", "string", "list", "tuple", "dict"]);

/** `left op right` of arithmetic, comparison, `in`, `not in`, `is`, `is not`. */
export function binary(op: string, left: Value, right: Value, place: Place, host: OperatorHost): Value {
  switch (op) {
    case "is":
    case "is not": {
      const same = identical(left, right);
      return same === undefined ? notKnown(left, right, op, place) : bool(same === (op === "is"));
    }
    case "in":
    case "not in": {
      const found = contains(right, left, place, host);
      return found === undefined ? notKnown(right, left, op, place) : bool(found === (op === "in"));
    }
  }
  if (isNumeric(left) && isNumeric(right)) {
    if (op in comparisons) return bool(op === "==" ? +left.value === +right.value : op === "!=" ? +left.value !== +right.value : ordered(op, +left.value, +right.value)); // prettier-ignore
    const made = arithmetic(op, left, right, place);
    if (typeof made === "string") raise(made, `\`${op}\``, place);
    return made ?? notKnown(left, right, op, place);
  }
  const own = ownOperator(op, left, right, place, host);
  if (own) return own;
  if (left.kind === "unknown") return left;
  if (right.kind === "unknown" && op !== "%" && op !== "==" && op !== "!=") return right;
  if (op === "==" || op === "!=") {
    const same = equal(left, right, place, host);
    return same === undefined ? notKnown(left, right, op, place) : bool(same === (op === "=="));
  }
  const [a, b] = [plainOf(left), plainOf(right)];
  if (a !== left || b !== right) return binary(op, a, b, place, host);
  if (op in comparisons) {
    const order = compare(op, left, right, place, host);
    return order === undefined ? notKnown(left, right, op, place) : bool(order);
  }
  return containers(op, left, right, host) ?? notKnown(left, right, op, place);
}

/** Of operators that are defined by libraries, or in the source. */
function ownOperator(op: string, left: Value, right: Value, place: Place, host: OperatorHost): Value | undefined {
  const at = { place, interpreter: host };
  if (left.kind === "native") {
    const made = left.type.binary?.(left, op, right, false, at);
    if (made) return made;
  }
  if (right.kind === "native") {
    const made = right.type.binary?.(right, op, left, true, at);
    if (made) return made;
  }
  if (left.kind === "instance") {
    const method = host.methodOf(left, comparisons[op]?.[0] ?? `__${methods[op]}__`);
    if (method) return host.callWith(method, [left, right], place);
    if (op === "!=" && host.methodOf(left, "__eq__"))
      return negated(binary("==", left, right, place, host), place, host);
    const base = left.data === undefined && op !== "==" && op !== "!=" ? host.unknownBase(left) : undefined;
    if (base) return base;
  }
  if (right.kind === "instance") {
    const method = host.methodOf(right, comparisons[op]?.[1] ?? `__r${methods[op]}__`);
    if (method) return host.callWith(method, [right, left], place);
  }
  return undefined;
}

function negated(value: Value, place: Place, host: OperatorHost): Value {
  const truth = host.truth(value);
  return truth === undefined ? (value.kind === "unknown" ? value : unknown("a comparison", place)) : bool(!truth);
}

function containers(op: string, left: Value, right: Value, host: OperatorHost): Value | undefined {
  if (op === "%" && left.kind === "string") {
    const made = percent(left.value, right);
    return made === undefined ? undefined : string(made);
  }
  if (op === "+") {
    if (left.kind === "string" && right.kind === "string") {
      host.spend(lettersOf(left.value) + lettersOf(right.value));
      return string(left.value + right.value);
    }
    if ((left.kind === "list" && right.kind === "list") || (left.kind === "tuple" && right.kind === "tuple")) {
      host.spend(left.items.length + right.items.length);
      const items = [...left.items, ...right.items];
      return left.kind === "list" ? list(items) : tuple(items);
    }
  }
  if (op === "*") {
    const [times, of] = isInteger(left) ? [left, right] : isInteger(right) ? [right, left] : [undefined, left];
    const count = Math.max(0, Number(times?.value));
    if (times && of.kind === "string") {
      host.spend(lettersOf(of.value) * count);
      return string(of.value.repeat(count));
    }
    if (times && (of.kind === "list" || of.kind === "tuple")) {
      host.spend(of.items.length * count);
      const items = Array.from({ length: count * of.items.length }, (_, i) => of.items[i % of.items.length]);
      return of.kind === "list" ? list(items) : tuple(items);
    }
  }
  if (op === "|") {
    if (left.kind === "dict" && right.kind === "dict") {
      host.spend(left.entries.size + right.entries.size);
      return { kind: "dict", entries: new Map([...left.entries, ...right.entries]) };
    }
    // A union of types.
    const isType = (value: Value) => value.kind === "class" || value.kind === "none" || (value.kind === "native" && value.type.isClass === true); // prettier-ignore
    const types = (value: Value) => (value.kind === "tuple" ? value.items : [value]);
    if ([...types(left), ...types(right)].every(isType)) return tuple([...types(left), ...types(right)]);
  }
  return undefined;
}

/** `left is right`. */
export function identical(left: Value, right: Value): boolean | undefined {
  if (left === right) return left.kind === "unknown" ? undefined : true;
  if (left.kind === "unknown" || right.kind === "unknown") return undefined;
  if (left.kind !== right.kind) return false;
  switch (left.kind) {
    case "none":
    case "ellipsis":
      return true;
    case "bool":
    case "int":
    case "string": {
      const same = left.value === (right as typeof left).value;
      // Small integers are one object each, and so are most names.
      if (!same || left.kind === "bool") return same;
      return left.kind === "int" && left.value >= -5 && left.value <= 256 ? true : undefined;
    }
    case "native": {
      const other = right as typeof left;
      if (left.type !== other.type) return false;
      return left.data === other.data && left.data !== undefined ? true : undefined;
    }
    case "float":
    case "tuple":
    case "bound":
      return undefined;
    default:
      return false;
  }
}

/** `left == right`; undefined where it is not known. */
export function equal(left: Value, right: Value, place: Place, host: OperatorHost, depth = 0): boolean | undefined {
  if (depth > 50) return undefined;
  if (isNumeric(left) && isNumeric(right)) return +left.value === +right.value;
  if (left.kind === "native" || right.kind === "native" || left.kind === "instance" || right.kind === "instance") {
    const own = ownOperator("==", left, right, place, host);
    if (own) return host.truth(own);
    const [a, b] = [plainOf(left), plainOf(right)];
    if (a !== left || b !== right) return equal(a, b, place, host, depth + 1);
    if (left.kind === "instance" && right.kind === "instance") return equalInstances(left, right, place, host, depth);
    if (left.kind === "instance" || right.kind === "instance") {
      const [instance, other] = left.kind === "instance" ? [left, right] : [right as PythonInstance, left];
      return other.kind === "unknown" || other.kind === "native" || host.unknownBase(instance) ? undefined : isTupleOf(instance) && other.kind === "tuple" ? undefined : false; // prettier-ignore
    }
    if (left.kind !== right.kind) return left.kind === "none" || right.kind === "none" ? false : undefined;
    return identical(left, right);
  }
  if (left.kind === "unknown" || right.kind === "unknown") return undefined;
  if (left.kind !== right.kind) return false;
  switch (left.kind) {
    case "string":
      return left.value === (right as typeof left).value;
    case "list":
    case "tuple": {
      const others = (right as typeof left).items;
      if (others.length !== left.items.length) return false;
      host.spend(others.length);
      return every(left.items, (item, i) => equal(item, others[i], place, host, depth + 1));
    }
    case "dict": {
      const others = (right as typeof left).entries;
      if (others.size !== left.entries.size) return false;
      host.spend(others.size);
      return every([...left.entries], ([key, item]) => {
        const other = others.get(presentKey(others, key));
        return other === undefined ? false : equal(item, other, place, host, depth + 1);
      });
    }
    case "slice": {
      const other = right as typeof left;
      return every(["start", "stop", "step"] as const, (part) =>
        equal(left[part], other[part], place, host, depth + 1),
      );
    }
    case "bound": {
      const other = right as typeof left;
      return left.callee === other.callee ? left.self === other.self : false;
    }
    default:
      return identical(left, right);
  }
}

const isTupleOf = (instance: PythonInstance): boolean =>
  instance.type.mro.some((entry) => entry.kind === "native" && entry.type.name === "NamedTuple");

function equalInstances(left: PythonInstance, right: PythonInstance, place: Place, host: OperatorHost, depth: number) {
  if (left === right) return true;
  if (isEnum(left.type) || isEnum(right.type)) return false;
  if (left.type !== right.type) return host.unknownBase(left) || host.unknownBase(right) || isTupleOf(left) ? undefined : false; // prettier-ignore
  const fields = fieldsOf(left.type);
  if (!fields) return host.unknownBase(left) || left.type.mro.some(({ kind }) => kind === "native") ? undefined : false; // prettier-ignore
  return every([...fields.keys()], (name) => {
    const [a, b] = [left.attributes.get(name), right.attributes.get(name)];
    return a && b ? equal(a, b, place, host, depth + 1) : undefined;
  });
}

/** False where one is false, however unknown others are. */
function every<Item>(items: readonly Item[], holds: (item: Item, index: number) => boolean | undefined) {
  let known: boolean | undefined = true;
  for (const [index, item] of items.entries()) {
    const result = holds(item, index);
    if (result === false) return false;
    if (result === undefined) known = undefined;
  }
  return known;
}

function compare(op: string, left: Value, right: Value, place: Place, host: OperatorHost): boolean | undefined {
  if (left.kind === "string" && right.kind === "string") return ordered(op, left.value, right.value);
  if ((left.kind === "list" && right.kind === "list") || (left.kind === "tuple" && right.kind === "tuple")) {
    host.spend(Math.min(left.items.length, right.items.length));
    for (const [i, item] of left.items.entries()) {
      const other = right.items[i];
      if (!other) break;
      const same = equal(item, other, place, host);
      if (same === undefined) return undefined;
      if (!same) return host.truth(binary(op, item, other, place, host));
    }
    return ordered(op, left.items.length, right.items.length);
  }
  return undefined;
}

/** `item in container`. */
export function contains(container: Value, item: Value, place: Place, host: OperatorHost): boolean | undefined {
  if (container.kind === "instance") {
    const method = host.methodOf(container, "__contains__");
    if (method) return host.truth(host.callWith(method, [container, item], place));
  }
  const of = plainOf(container);
  if (of.kind === "native") {
    const own = of.type.binary?.(of, "in", item, true, { place, interpreter: host });
    if (own) return host.truth(own);
  }
  if (of.kind === "string") return item.kind === "string" ? of.value.includes(item.value) : undefined;
  if (of.kind === "dict") {
    const key = host.keyOf(item);
    return key === undefined ? undefined : of.entries.has(presentKey(of.entries, key));
  }
  const items = host.iterate(of, place);
  if (!items) return undefined;
  host.spend(items.length);
  let known: boolean | undefined = false;
  for (const each of items) {
    const same = each === item && each.kind !== "unknown" ? true : equal(each, item, place, host);
    if (same) return true;
    if (same === undefined) known = undefined;
  }
  return known;
}

export function unary(op: "-" | "+" | "~" | "not", value: Value, place: Place, host: OperatorHost): Value {
  if (op === "not") {
    const own = value.kind === "native" ? value.type.unary?.(value, op, { place, interpreter: host }) : undefined;
    if (own) return own;
    const truth = host.truth(value);
    return truth === undefined ? (value.kind === "unknown" ? value : unknown(`the truth of \`${host.textOf(place)}\``, place)) : bool(!truth); // prettier-ignore
  }
  const of = plainOf(value);
  if (isNumeric(of)) return negation(op, of, place) ?? unknown(`\`${host.textOf(place)}\``, place);
  if (value.kind === "native") {
    const own = value.type.unary?.(value, op, { place, interpreter: host });
    if (own) return own;
  }
  if (value.kind === "instance") {
    const method = host.methodOf(value, op === "-" ? "__neg__" : op === "+" ? "__pos__" : "__invert__");
    if (method) return host.callWith(method, [value], place);
  }
  return value.kind === "unknown" ? value : unknown(`\`${host.textOf(place)}\``, place);
}

const notKnown = (left: Value, right: Value, op: string, place: Place): Value =>
  left.kind === "unknown" ? left : right.kind === "unknown" ? right : unknown(`the result of \`${op}\``, place);

/** The key that is in the dict already, where one is equal: True is 1. */
export function presentKey(entries: ReadonlyMap<Key, Value>, key: Key): Key {
  if (entries.has(key)) return key;
  if (typeof key === "boolean" && entries.has(+key)) return +key;
  return (key === 0 || key === 1) && entries.has(key === 1) ? key === 1 : key;
}

/** Indices of a slice of something `length` long; undefined where they are not known. */
export function sliceIndices(slice: Extract<Value, { kind: "slice" }>, length: number): number[] | undefined {
  const { start, stop, step } = slice;
  const numbers = [start, stop, step].map((part) => (part.kind === "none" ? null : isInteger(part) ? +part.value : undefined)); // prettier-ignore
  if (numbers.includes(undefined)) return undefined;
  const by = numbers[2] ?? 1;
  if (by === 0) return undefined;
  const clamp = (at: number | null | undefined, otherwise: number) => {
    if (at === null || at === undefined) return otherwise;
    const from = at < 0 ? at + length : at;
    return by > 0 ? Math.min(Math.max(from, 0), length) : Math.min(Math.max(from, -1), length - 1);
  };
  const [from, to] = [clamp(numbers[0], by > 0 ? 0 : length - 1), clamp(numbers[1], by > 0 ? length : -1)];
  const indices: number[] = [];
  for (let i = from; by > 0 ? i < to : i > to; i += by) indices.push(i);
  return indices;
}
