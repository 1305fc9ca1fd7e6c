/** Python's built-in functions and types. */
import { exceptions, exceptionName, raise } from "./exceptions";
import { iterator, iteratorOf } from "./iterators";
import { sorted, updated } from "./methods";
import { isInteger, isNumeric, roundTo } from "./numbers";
import { plainOf, type OperatorHost } from "./operators";
import { setOf, setType } from "./sets";
import { formatted, repr, text, writers } from "./text";
import { bool, byName, float, int, list, nativeFunction, none, string, tuple, unknown, type Arguments, type At, type Native, type NativeType, type PythonClass, type Value } from "./values"; // prettier-ignore

type Run = (args: Arguments, at: At) => Value;

const firstUnknown = (args: Arguments): Value | undefined =>
  args.positional.find(({ kind }) => kind === "unknown") ??
  [...args.named.values()].find(({ kind }) => kind === "unknown");
const notKnown = (args: Arguments, what: string, at: At): Value => firstUnknown(args) ?? unknown(what, at.place);
/** The parameter that a number stands for, kept by what is computed from it. */
const like = (value: Value, from: Value): Value =>
  (value.kind === "int" || value.kind === "float") && (from.kind === "int" || from.kind === "float") && from.assumed !== undefined // prettier-ignore
    ? { ...value, assumed: from.assumed }
    : value;

// ----------------------------------------------------------------------------------------------------------- types

/** A type of the language: what makes it, and which values are of it. Objects of classes that derive from it hold such a value. */
function typeOf(
  name: string,
  make: Run,
  has: (value: Value) => boolean,
  more: NativeType["attribute"] = () => undefined,
): Native {
  // prettier-ignore
  const self: Native = { kind: "native", type: { name }, data: name };
  Object.assign(self.type, {
    isClass: true,
    truth: () => true,
    call: (_, args, at) => make(args, at),
    hasInstance: (_, value) => (value.kind === "unknown" ? undefined : has(plainOf(value))),
    attribute: (_, attribute, at) => (attribute === "__name__" ? string(name) : more(self, attribute, at)),
    instanceInit: (instance, args, at) => {
      instance.data = make(args, at);
    },
    instanceAttribute: (instance, attribute, at) => {
      const { data } = instance as { data?: Value };
      return data && at.interpreter.findAttribute(data, attribute, at.place);
    },
    instanceItem: (instance, index, at) => at.interpreter.item(instance.data as Value, index, at.place),
    instanceSetItem: (instance, index, value, at) => {
      if (plainOf(instance) === instance || !index) return false;
      const { data } = instance as { data: Value };
      const key = data.kind === "dict" ? at.interpreter.keyOf(index) : undefined;
      if (data.kind === "dict" && key !== undefined) data.entries.set(key, value);
      return key !== undefined;
    },
    instanceIterate: (instance, at) => at.interpreter.iterate(instance.data as Value, at.place),
  } satisfies Partial<NativeType>);
  writers.set(self.type, () => `<class '${name}'>`);
  return self;
}

const items = ({ positional: [of] }: Arguments, at: At): readonly Value[] | undefined => (of ? at.interpreter.iterate(of, at.place) : []); // prettier-ignore

const makeInt: Run = (args, at) => {
  const given = args.positional[0] ?? { kind: "int", value: 0 };
  const of = plainOf(given);
  const base = args.positional[1] ?? args.named.get("base");
  if (of.kind === "string") {
    const digits = of.value.trim().replaceAll("_", "");
    const radix = base?.kind === "int" ? base.value : 10;
    const plain = radix === 16 ? digits.replace(/^0x/i, "") : radix === 2 ? digits.replace(/^0b/i, "") : digits;
    if (radix < 2 || radix > 36) return unknown("an integer", at.place);
    const value = parseInt(plain, radix);
    const isWhole = [...plain.replace(/^[+-]/, "")].every((char) => !Number.isNaN(parseInt(char, radix)));
    return plain === "" || !isWhole ? raise("ValueError", "no integer", at.place) : int(value, at.place);
  }
  if (of.kind === "bool") return int(+of.value, at.place);
  if (of.kind === "int") return of;
  if (of.kind === "float") {
    if (!Number.isFinite(of.value))
      raise(Number.isNaN(of.value) ? "ValueError" : "OverflowError", "no integer", at.place);
    return like(int(Math.trunc(of.value), at.place), of);
  }
  return converted(of, "__int__", at) ?? notKnown(args, "an integer", at);
};

/** By a method of an object of the source, or a library's `int(x)`, asked as an attribute. */
function converted(of: Value, method: string, at: At): Value | undefined {
  if (of.kind !== "instance" && of.kind !== "native") return undefined;
  const own = at.interpreter.findAttribute(of, method, at.place);
  return own && own.kind !== "unknown" ? at.interpreter.callWith(own, [], at.place) : own;
}

const makeFloat: Run = (args, at) => {
  const of = plainOf(args.positional[0] ?? float(0));
  if (of.kind === "float") return of;
  if (isNumeric(of)) return like({ ...float(+of.value), ...(of.literal ? { literal: of.literal } : {}) }, of);
  if (of.kind === "string") {
    const written = of.value.trim().toLowerCase().replaceAll("_", "");
    const match = /^([+-]?)(?:(inf|infinity)|(nan)|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))$/.exec(written);
    if (!match) raise("ValueError", "no number", at.place);
    const size = match[2] ? Infinity : match[3] ? NaN : Number(match[4]);
    return float(match[1] === "-" ? -size : size);
  }
  return converted(of, "__float__", at) ?? notKnown(args, "a number", at);
};

const makeBool: Run = (args, at) => {
  const of = args.positional[0];
  const truth = of ? at.interpreter.truth(of) : false;
  if (truth === undefined) return notKnown(args, "the truth of a value", at);
  return of?.kind === "bool" ? of : bool(truth);
};

/** str or repr of a value; unknown where it is not known. */
export function write(value: Value, how: "str" | "repr", at: At): Value {
  if (value.kind === "string" && how === "str") return value;
  if (value.kind === "instance") {
    const host = at.interpreter as OperatorHost;
    const own = (how === "str" ? host.methodOf(value, "__str__") : undefined) ?? host.methodOf(value, "__repr__");
    if (own) return at.interpreter.callWith(own, [value], at.place);
    if (plainOf(value) !== value && !value.attributes.has("name")) return write(plainOf(value), how, at);
  }
  const made = how === "str" ? text(value) : repr(value);
  return made !== undefined
    ? string(made)
    : value.kind === "unknown"
      ? value
      : unknown("how a value is written", at.place);
}

const listType = typeOf("list", (args, at) => {
  const given = items(args, at);
  if (!given) return notKnown(args, "a list", at);
  at.interpreter.spend(given.length);
  return list([...given]);
}, ({ kind }) => kind === "list"); // prettier-ignore
const tupleType = typeOf("tuple", (args, at) => {
  const given = items(args, at);
  return given ? tuple([...given]) : notKnown(args, "a tuple", at);
}, (value) => value.kind === "tuple" || (value.kind === "instance" && value.type.mro.some((entry) => entry.kind === "native" && entry.type.name === "NamedTuple"))); // prettier-ignore
const dictType = typeOf("dict", (args, at) => {
  const entries: Extract<Value, { kind: "dict" }>["entries"] = new Map();
  return updated(entries, args, at) ? { kind: "dict", entries } : notKnown(args, "a dict", at);
}, ({ kind }) => kind === "dict", (_, name) => (name === "fromkeys" ? fromKeys : undefined)); // prettier-ignore
const fromKeys = nativeFunction("dict.fromkeys", (args, at) => {
  const given = items(args, at);
  const keys = given?.map((item) => at.interpreter.keyOf(item));
  if (!keys || keys.includes(undefined)) return notKnown(args, "a dict", at);
  return { kind: "dict", entries: new Map(keys.map((key) => [key!, args.positional[1] ?? none])) };
});
const isSet = (value: Value): boolean => value.kind === "native" && value.type === setType;
const makeSet: Run = (args, at) => {
  const given = items(args, at);
  return given ? setOf(given, at) : notKnown(args, "a set", at);
};

const intType = typeOf("int", makeInt, isInteger);
const floatType = typeOf("float", makeFloat, ({ kind }) => kind === "float");
const boolType = typeOf("bool", makeBool, ({ kind }) => kind === "bool");
const stringType = typeOf("str", (args, at) => (args.positional[0] ? write(args.positional[0], "str", at) : string("")), ({ kind }) => kind === "string", (_, name, at) => {
  // `str.lower` and the like, called with the string.
  return nativeFunction(`str.${name}`, ({ positional: [self, ...rest] }) => self ? at.interpreter.callWith(at.interpreter.attribute(self, name, at.place), rest, at.place) : none);
}); // prettier-ignore
const setTypeObject = typeOf("set", makeSet, isSet);

const objectType: Native = {
  kind: "native",
  type: {
    name: "object",
    isClass: true,
    truth: () => true,
    call: () => ({ kind: "native", type: { name: "an object", truth: () => true }, data: {} }),
    hasInstance: (_, value) => (value.kind === "unknown" ? undefined : true),
  },
  data: undefined,
}; // prettier-ignore

function typeOfValue(value: Value, at: At): Value {
  switch (value.kind) {
    case "int":
      return intType;
    case "float":
      return floatType;
    case "bool":
      return boolType;
    case "string":
      return stringType;
    case "list":
      return listType;
    case "tuple":
      return tupleType;
    case "dict":
      return dictType;
    case "instance":
      return value.type;
    case "native":
      if (value.type === setType) return setTypeObject;
      return exceptionName(value) === undefined ? unknown(`the type of ${value.type.name}`, at.place) : exceptions.get(exceptionName(value)!)!; // prettier-ignore
    case "unknown":
      return value;
    default:
      return unknown("the type of a value", at.place);
  }
}

// ------------------------------------------------------------------------------------------------------ class parts

export interface PropertyData {
  get: Value;
  set: Value | undefined;
  /** The name under which a cached property's value is kept. */
  cached: string | undefined;
}
const propertyType: NativeType = {
  name: "a property",
  truth: () => true,
  attribute: (self, name) => {
    const data = self.data as PropertyData;
    if (name === "fget") return data.get;
    if (name !== "setter" && name !== "getter" && name !== "deleter") return undefined;
    const change = (target: Value): Native => ({ kind: "native", type: propertyType, data: name === "setter" ? { ...data, set: target } : name === "getter" ? { ...data, get: target } : data }); // prettier-ignore
    return decorator(`property.${name}`, change);
  },
};
export const isProperty = (value: Value): value is Native & { data: PropertyData } => value.kind === "native" && value.type === propertyType; // prettier-ignore

/** A library's function that is a decorator: called on what it decorates either way. */
export function decorator(name: string, change: (target: Value, at: At) => Value): Native {
  const type: NativeType = {
    name: `\`${name}\``,
    truth: () => true,
    isClass: true,
    hasInstance: () => undefined,
    decorate: (_, target, at) => change(target, at),
    call: (_, { positional: [target] }, at) => (target ? change(target, at) : unknown(`\`${name}\``, at.place)),
  };
  return { kind: "native", type, data: undefined };
}

const called: NativeType["call"] = (self, args, at) => at.interpreter.call(self.data as Value, args, at.place);
export const staticMethod: NativeType = { name: "a static method", truth: () => true, call: called };
export const classMethod: NativeType = { name: "a class method", truth: () => true };
const property: Native = decorator("property", (get) => ({ kind: "native", type: propertyType, data: { get, set: undefined, cached: undefined } satisfies PropertyData })); // prettier-ignore
property.type.call = (_, { positional: [get, set] }) => (get ? { kind: "native", type: propertyType, data: { get, set, cached: undefined } satisfies PropertyData } : none); // prettier-ignore
export const cachedProperty = decorator("functools.cached_property", (get) => ({
  kind: "native",
  type: propertyType,
  data: { get, set: undefined, cached: get.kind === "function" ? get.name : undefined } satisfies PropertyData,
}));

export interface SuperData {
  start: PythonClass;
  self: Value;
}
/** The data are `SuperData`, or undefined for `super` itself. */
export const superType: NativeType = {
  name: "`super`",
  truth: () => true,
  call: (_, { positional: [start, self] }, { place }) =>
    start?.kind === "class" && self
      ? { kind: "native", type: superType, data: { start, self } satisfies SuperData }
      : unknown("`super`", place),
};

// -------------------------------------------------------------------------------------------------------- iterables

interface Range {
  start: number;
  stop: number;
  step: number;
  from: readonly (Value | undefined)[];
}
const lengthOfRange = ({ start, stop, step }: Range): number => Math.max(0, Math.ceil((stop - start) / step));
/** Longer ranges are loops over data, not over a model's parts. */
const longest = 1_000_000;

const rangeType: NativeType = {
  name: "a range",
  truth: ({ data }) => lengthOfRange(data as Range) > 0,
  length: ({ data }, { place }) => int(lengthOfRange(data as Range), place),
  iterate: ({ data }, at) => {
    const range = data as Range;
    const length = lengthOfRange(range);
    if (length > longest) return undefined;
    at.interpreter.spend(length / 8);
    return Array.from({ length }, (_, i): Value => ({ kind: "int", value: range.start + i * range.step }));
  },
  item: (self, index, at) => {
    const range = self.data as Range;
    const length = lengthOfRange(range);
    if (isInteger(index)) {
      const from = +index.value < 0 ? +index.value + length : +index.value;
      if (from < 0 || from >= length) raise("IndexError", "an index of a range", at.place);
      return int(range.start + from * range.step, at.place);
    }
    return at.interpreter.item(list([...(rangeType.iterate!(self, at) ?? [])]), index, at.place);
  },
  binary: ({ data }, op, other) => {
    if (op !== "in" || !isInteger(other)) return undefined;
    const { start, stop, step } = data as Range;
    const value = +other.value;
    return bool(
      (step > 0 ? value >= start && value < stop : value <= start && value > stop) && (value - start) % step === 0,
    );
  },
  attribute: ({ data }, name) => (name === "start" || name === "stop" || name === "step" ? { kind: "int", value: (data as Range)[name] } : undefined), // prettier-ignore
};
writers.set(rangeType, ({ data }) => {
  const { start, stop, step } = data as Range;
  return `range(${start}, ${stop}${step === 1 ? "" : `, ${step}`})`;
});

const range: Run = (args, at) => {
  const given = args.positional.map(plainOf);
  if (given.length < 1 || !given.every(isInteger)) return notKnown(args, "a range", at);
  const [first, second, third] = given.map((value) => +(value as { value: number | boolean }).value);
  const data: Range = {
    start: second === undefined ? 0 : first,
    stop: second ?? first,
    step: third ?? 1,
    from: given,
  };
  return data.step === 0 ? raise("ValueError", "a step of zero", at.place) : { kind: "native", type: rangeType, data };
};

/** The items of several iterables side by side, to the shortest; undefined where they are not known. */
function sideBySide(iterables: readonly Value[], at: At): Value[][] | undefined {
  const without = iterables.map((of) => iteratorOf(of)?.endless === true);
  const known = iterables.map((of, i) => (without[i] ? undefined : at.interpreter.iterate(of, at.place)));
  if (known.some((of, i) => !of && !without[i]) || without.every(Boolean)) return undefined;
  const length = Math.min(...known.map((of) => of?.length ?? Infinity));
  at.interpreter.spend(length * iterables.length);
  return Array.from({ length }, (_, row) =>
    iterables.map((of, i) => known[i]?.[row] ?? iteratorOf(of)!.next() ?? none),
  );
}

/** The smallest or largest. */
const extreme =
  (op: "<" | ">"): Run =>
  (args, at) => {
    const { key, default: otherwise } = byName(args, ["*", "key", "default"]);
    const given = args.positional.length === 1 ? items(args, at) : args.positional;
    if (!given) return notKnown(args, "the items of a value", at);
    let best: Value | undefined;
    let bestKey: Value | undefined;
    for (const item of given) {
      at.interpreter.spend(1);
      const own = key && key.kind !== "none" ? at.interpreter.callWith(key, [item], at.place) : item;
      if (own.kind === "unknown") return own;
      const better = bestKey ? at.interpreter.truth(at.interpreter.binary(op, own, bestKey, at.place)) : true;
      if (better === undefined) return unknown("a comparison", at.place);
      if (better) [best, bestKey] = [item, own];
    }
    if (!best) return otherwise ?? raise("ValueError", "no items", at.place);
    // Which one it is depends on all that were compared.
    const assumed = given.find((item) => (item.kind === "int" || item.kind === "float") && item.assumed !== undefined);
    return assumed && (best.kind === "int" || best.kind === "float") && best.assumed === undefined ? like({ kind: best.kind, value: best.value }, assumed) : best; // prettier-ignore
  };

/** `any` and `all`: the first item that decides. */
const quantifier =
  (decides: boolean): Run =>
  (args, at) => {
    const given = items(args, at);
    if (!given) return notKnown(args, "the items of a value", at);
    let why: Value | undefined;
    for (const item of given) {
      const truth = at.interpreter.truth(item);
      if (truth === decides) return bool(decides);
      if (truth === undefined) why ??= item.kind === "unknown" ? item : unknown("the truth of a value", at.place);
    }
    return why ?? bool(!decides);
  };

const functions: Readonly<Record<string, Run>> = {
  len: ({ positional: [of] }, at) => (of ? at.interpreter.length(of, at.place) : unknown("a length", at.place)),
  range,
  enumerate: (args, at) => {
    const { iterable, start } = byName(args, ["iterable", "start"]);
    const given = iterable && at.interpreter.iterate(iterable, at.place);
    if (!given || (start && !isInteger(start))) return notKnown(args, "the items of a value", at);
    const from = start ? +(start as { value: number | boolean }).value : 0;
    return iterator(given.map((item, i) => tuple([{ kind: "int", value: from + i }, item])));
  },
  zip: (args, at) => {
    if (args.positional.length === 0) return iterator([]);
    const rows = sideBySide(args.positional, at);
    return rows ? iterator(rows.map(tuple)) : notKnown(args, "the items of a value", at);
  },
  map: (args, at) => {
    const [call, ...iterables] = args.positional;
    const rows = call && iterables.length > 0 ? sideBySide(iterables, at) : undefined;
    if (!rows) return notKnown(args, "the items of a value", at);
    return iterator(rows.map((row) => at.interpreter.callWith(call, row, at.place)));
  },
  filter: (args, at) => {
    const [call, of] = args.positional;
    const given = of && at.interpreter.iterate(of, at.place);
    if (!call || !given) return notKnown(args, "the items of a value", at);
    const kept: Value[] = [];
    for (const item of given) {
      const result = call.kind === "none" ? item : at.interpreter.callWith(call, [item], at.place);
      const truth = at.interpreter.truth(result);
      if (truth === undefined) return result.kind === "unknown" ? result : unknown("the truth of a value", at.place);
      if (truth) kept.push(item);
    }
    return iterator(kept);
  },
  sum: (args, at) => {
    const given = items(args, at);
    if (!given) return notKnown(args, "the items of a value", at);
    let total: Value = args.positional[1] ?? args.named.get("start") ?? { kind: "int", value: 0 };
    for (const item of given) total = at.interpreter.binary("+", total, item, at.place);
    return total;
  },
  min: extreme("<"),
  max: extreme(">"),
  any: quantifier(true),
  all: quantifier(false),
  sorted: (args, at) => {
    const given = items(args, at);
    const made = given && sorted(given, args, at);
    return made ? list(made) : notKnown(args, "an order", at);
  },
  reversed: (args, at) => {
    const given = items(args, at);
    return given ? iterator([...given].reverse()) : notKnown(args, "the items of a value", at);
  },
  iter: (args, at) => {
    const [of] = args.positional;
    if (of && (iteratorOf(of) ?? (of.kind === "instance" && at.interpreter.findAttribute(of, "__next__", at.place))))
      return of;
    const given = args.positional.length === 1 ? items(args, at) : undefined;
    return given ? iterator(given) : notKnown(args, "an iterator", at);
  },
  next: (args, at) => {
    const [of, otherwise] = args.positional;
    const own = of && iteratorOf(of);
    if (own) return own.next() ?? otherwise ?? raise("StopIteration", "", at.place);
    const method = of?.kind === "instance" ? at.interpreter.findAttribute(of, "__next__", at.place) : undefined;
    return method ? at.interpreter.callWith(method, [], at.place) : notKnown(args, "the next item", at);
  },
  abs: (args, at) => {
    const of = plainOf(args.positional[0] ?? none);
    if (isNumeric(of)) return like({ kind: of.kind === "float" ? "float" : "int", value: Math.abs(+of.value) }, of);
    return converted(of, "__abs__", at) ?? notKnown(args, "an absolute value", at);
  },
  round: (args, at) => {
    const { number, ndigits } = byName(args, ["number", "ndigits"]);
    const of = plainOf(number ?? none);
    if (!isNumeric(of) || (ndigits && ndigits.kind !== "none" && !isInteger(ndigits)))
      return notKnown(args, "a rounded number", at);
    if (ndigits && isInteger(ndigits)) {
      const value = of.kind === "float" ? float(roundTo(of.value, +ndigits.value)) : +ndigits.value >= 0 ? int(+of.value, at.place) : int(roundTo(+of.value, +ndigits.value), at.place); // prettier-ignore
      return like(value, of);
    }
    if (!Number.isFinite(+of.value)) raise("OverflowError", "no integer", at.place);
    return like(int(roundTo(+of.value, 0), at.place), of);
  },
  pow: (args, at) => {
    const [base, exponent, modulus] = args.positional;
    return base && exponent && !modulus
      ? at.interpreter.binary("**", base, exponent, at.place)
      : notKnown(args, "a power", at);
  },
  divmod: (args, at) => {
    const [left, right] = args.positional;
    if (!left || !right) return notKnown(args, "a quotient", at);
    return tuple([
      at.interpreter.binary("//", left, right, at.place),
      at.interpreter.binary("%", left, right, at.place),
    ]);
  },
  print: () => none,
  breakpoint: () => none,
  isinstance: (args, at) => {
    const [value, type] = args.positional;
    const is = value && type ? at.interpreter.isInstance(value, type) : undefined;
    return is === undefined ? notKnown(args, "the type of a value", at) : bool(is);
  },
  issubclass: (args, at) => {
    const [type, of] = args.positional;
    const options = of?.kind === "tuple" ? of.items : of ? [of] : [];
    if (type?.kind !== "class") return notKnown(args, "the bases of a class", at);
    if (options.some((option) => type.mro.includes(option))) return bool(true);
    const isPlain = type.mro.every(({ kind }) => kind === "class") && options.every(({ kind }) => kind === "class");
    return isPlain ? bool(false) : notKnown(args, "the bases of a class", at);
  },
  callable: ({ positional: [of] }, at) => {
    if (!of || of.kind === "unknown") return of ?? none;
    if (of.kind === "function" || of.kind === "bound" || of.kind === "class") return bool(true);
    if (of.kind === "native") return of.type.call ? bool(true) : unknown("whether a value can be called", at.place);
    if (of.kind !== "instance") return bool(false);
    const calls = of.type.mro.map((entry) => entry.kind === "class" ? entry.attributes.has("__call__") : entry.kind === "native" ? entry.type.instanceCall !== undefined : undefined); // prettier-ignore
    return calls.includes(true) ? bool(true) : calls.includes(undefined) ? unknown("whether a value can be called", at.place) : bool(false); // prettier-ignore
  },
  hasattr: (args, at) => {
    const [of, name] = args.positional;
    if (!of || name?.kind !== "string") return notKnown(args, "whether there is an attribute", at);
    const found = at.interpreter.findAttribute(of, name.value, at.place);
    return found?.kind === "unknown" ? found : bool(found !== undefined);
  },
  getattr: (args, at) => {
    const [of, name, otherwise] = args.positional;
    if (!of || name?.kind !== "string") return notKnown(args, "an attribute", at);
    if (!otherwise) return at.interpreter.attribute(of, name.value, at.place);
    return at.interpreter.findAttribute(of, name.value, at.place) ?? otherwise;
  },
  setattr: (args, at) => {
    const [of, name, value] = args.positional;
    if (of && name?.kind === "string" && value) at.interpreter.setAttribute(of, name.value, value, at.place);
    else if (of?.kind === "instance" || of?.kind === "class") {
      const why = notKnown(args, "an attribute", at);
      if (why.kind === "unknown") Object.assign(of, why);
    }
    return none;
  },
  delattr: ({ positional: [of, name] }) => {
    if ((of?.kind === "instance" || of?.kind === "class") && name?.kind === "string") of.attributes.delete(name.value);
    return none;
  },
  vars: (args, at) => (args.positional[0] ? at.interpreter.attribute(args.positional[0], "__dict__", at.place) : unknown("`vars()`", at.place)), // prettier-ignore
  repr: ({ positional: [of] }, at) => write(of ?? none, "repr", at),
  format: (args, at) => {
    const [of, spec] = args.positional;
    const made = of && (!spec || spec.kind === "string") ? formatted(of, spec?.value ?? "") : undefined;
    return made === undefined ? notKnown(args, "how a value is written", at) : string(made);
  },
  ord: (args, at) => {
    const [of] = args.positional;
    return of?.kind === "string" && [...of.value].length === 1 ? int(of.value.codePointAt(0)!, at.place) : notKnown(args, "a character", at); // prettier-ignore
  },
  chr: (args, at) => {
    const [of] = args.positional;
    return of?.kind === "int" && of.value >= 0 && of.value < 0x110000 ? string(String.fromCodePoint(of.value)) : notKnown(args, "a character", at); // prettier-ignore
  },
  bin: (args, at) => written(args, "0b", "b", at),
  hex: (args, at) => written(args, "0x", "x", at),
  oct: (args, at) => written(args, "0o", "o", at),
  slice: ({ positional: [first, second, third] }) =>
    second ? { kind: "slice", start: first, stop: second, step: third ?? none } : { kind: "slice", start: none, stop: first ?? none, step: none }, // prettier-ignore
};

function written(args: Arguments, prefix: string, as: string, at: At): Value {
  const [of] = args.positional;
  if (!of || !isInteger(of)) return notKnown(args, "how a value is written", at);
  const digits = formatted({ kind: "int", value: Math.abs(+of.value) }, as);
  return digits === undefined ? unknown("how a value is written", at.place) : string(`${+of.value < 0 ? "-" : ""}${prefix}${digits}`); // prettier-ignore
}

const typeType: Native = {
  kind: "native",
  type: {
    name: "type",
    isClass: true,
    truth: () => true,
    call: (_, { positional }, at) => (positional.length === 1 ? typeOfValue(positional[0], at) : unknown("a class made by `type`", at.place)), // prettier-ignore
    hasInstance: (_, value) => (value.kind === "unknown" ? undefined : value.kind === "class" || (value.kind === "native" && value.type.isClass === true)), // prettier-ignore
  },
  data: undefined,
};

const unread = "open input exec eval compile locals globals dir hash id memoryview bytes bytearray complex __import__ __file__ __doc__ exit quit"; // prettier-ignore

export const builtins: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...[...exceptions],
  ...Object.entries(functions).map(([name, run]): [string, Value] => [name, nativeFunction(name, run)]),
  ...unread.split(" ").map((name): [string, Value] => [name, nativeFunction(name, (_, { place }) => unknown(`the result of \`${name}\``, place))]), // prettier-ignore
  ["int", intType],
  ["float", floatType],
  ["bool", boolType],
  ["str", stringType],
  ["list", listType],
  ["tuple", tupleType],
  ["dict", dictType],
  ["set", setTypeObject],
  ["frozenset", typeOf("frozenset", makeSet, isSet)],
  ["object", objectType],
  ["type", typeType],
  ["super", { kind: "native", type: superType, data: undefined }],
  ["property", property],
  ["staticmethod", decorator("staticmethod", (data) => ({ kind: "native", type: staticMethod, data }))],
  ["classmethod", decorator("classmethod", (data) => ({ kind: "native", type: classMethod, data }))],
  ["NotImplemented", { kind: "native", type: { name: "`NotImplemented`" }, data: undefined }],
  ["Ellipsis", { kind: "ellipsis" }],
  ["__name__", string("model")],
  ["__debug__", bool(true)],
]);
