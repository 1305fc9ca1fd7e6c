/** What JavaScript has built in, of which configurations are computed: Math, Array, Object, and the methods of arrays, texts and numbers. */
import type { Place } from "../graph/nodes";
import {
  boolean,
  fromPrimitive,
  namespace,
  native,
  number,
  primitive,
  string,
  truth,
  undefinedValue,
  unknown,
  type Arguments,
  type ArrayValue,
  type At,
  type Interpreter,
  type Native,
  type ObjectValue,
  type Slot,
  type Value,
} from "./values";

/** Longest text that is made. */
const longestText = 100_000;

const slot = (value: Value): Slot => ({ value, written: undefined });

/** The numbers of the arguments; undefined where one of them is none. */
function numbers(args: Arguments): number[] | undefined {
  const known = args.values.map(primitive);
  return known.every((one) => one !== undefined) ? known.map((one) => Number(one.value)) : undefined;
}

const lost = (args: Arguments, name: string, place: Place): Value =>
  args.values.find(({ kind }) => kind === "unknown") ?? unknown(`the result of \`${name}\``, place);

const mathConstants = new Set(["E", "PI", "LN2", "LN10", "LOG2E", "LOG10E", "SQRT2", "SQRT1_2"]);

const math = namespace("Math", (name) => {
  const known = Object.hasOwn(mathNames, name) ? mathNames[name] : undefined;
  if (known === undefined || name === "random") return undefined;
  if (typeof known === "number") return mathConstants.has(name) ? number(known) : undefined;
  return native(`Math.${name}`, (args, { place }) => {
    const values = numbers(args);
    return values ? number((known as (...all: number[]) => number)(...values)) : lost(args, `Math.${name}`, place);
  });
});
const mathNames = Object.fromEntries(
  Object.getOwnPropertyNames(Math).map((name) => [name, (Math as unknown as Record<string, unknown>)[name]]),
) as Record<string, unknown>;

/** A constructor of the language: callable, with names, and perhaps with `new`. */
function constructor(
  name: string,
  call: (args: Arguments, at: At) => Value,
  names: Record<string, (args: Arguments, at: At) => Value>,
  construct?: (args: Arguments, at: At) => Value,
): Native {
  return {
    kind: "native",
    type: {
      name,
      call: (_, args, at) => call(args, at),
      construct: construct && ((_, args, at) => construct(args, at)),
      get: (_, member) => (Object.hasOwn(names, member) ? native(`${name}.${member}`, names[member]) : undefined),
    },
    data: undefined,
  };
}

/** A list of so many holes. */
function sized(args: Arguments, at: At): Value {
  const [size] = args.values;
  if (args.values.length !== 1 || size.kind !== "number") {
    if (size?.kind === "unknown") return size;
    return at.interpreter.array(args.values.map(slot));
  }
  if (!Number.isInteger(size.value) || size.value < 0) return unknown("an array of no size", at.place);
  at.interpreter.work(size.value);
  return at.interpreter.array(Array.from({ length: size.value }, () => slot(undefinedValue)));
}

const array = constructor(
  "Array",
  sized,
  {
    from: (args, at) => {
      const [source, map] = args.values;
      if (!source) return lost(args, "Array.from", at.place);
      let items = at.interpreter.iterate(source, at.place);
      if (!items && source.kind === "object" && !source.lost) {
        const length = source.entries.get("length")?.value;
        if (length?.kind === "number" && length.value >= 0) {
          at.interpreter.work(length.value);
          items = Array.from({ length: Math.trunc(length.value) }, (_, i) => source.entries.get(String(i)) ?? slot(undefinedValue)); // prettier-ignore
        } else if (length?.kind === "unknown") return length;
      }
      if (!items) return lost(args, "Array.from", at.place);
      if (!map || map.kind === "undefined") return at.interpreter.array([...items]);
      return at.interpreter.array(items.map(({ value }, i) => slot(at.interpreter.callWith(map, [value, number(i)], at.place)))); // prettier-ignore
    },
    of: (args, at) => at.interpreter.array(args.values.map(slot)),
    isArray: (args, at) => {
      const [value] = args.values;
      return !value || value.kind === "unknown"
        ? lost(args, "Array.isArray", at.place)
        : boolean(value.kind === "array");
    },
  },
  sized,
);

/** The entries of an object or an array; undefined where they are not known. */
function entriesOf(value: Value | undefined): [string, Slot][] | undefined {
  if (value?.kind === "object" && !value.lost && !value.type) return [...value.entries];
  return value?.kind === "array" && !value.lost ? value.items.map((item, i) => [String(i), item]) : undefined;
}

const object = constructor("Object", (args, { place }) => lost(args, "Object", place), {
  keys: (args, at) => withEntries(args, at, "keys", ([key]) => slot(string(key))),
  values: (args, at) => withEntries(args, at, "values", ([, one]) => one),
  entries: (args, at) => withEntries(args, at, "entries", ([key, one]) => slot(at.interpreter.array([slot(string(key)), one]))), // prettier-ignore
  fromEntries: (args, at) => {
    const items = args.values[0] && at.interpreter.iterate(args.values[0], at.place);
    const entries = items?.map(({ value }): [string, Slot] | undefined => {
      if (value.kind !== "array" || value.lost) return undefined;
      const key = value.items[0] && primitive(value.items[0].value);
      return key && [String(key.value), value.items[1] ?? slot(undefinedValue)];
    });
    if (!entries?.every((entry) => entry !== undefined)) return lost(args, "Object.fromEntries", at.place);
    return at.interpreter.object(entries);
  },
  assign: (args, at) => {
    const [target, ...sources] = args.values;
    const all = sources.map(entriesOf);
    if (target?.kind !== "object" || !all.every((one) => one !== undefined)) {
      if (target) at.interpreter.escape(target, "what `Object.assign` gives", at.place);
      return lost(args, "Object.assign", at.place);
    }
    for (const [key, one] of all.flat()) at.interpreter.put(target, key, one);
    return target;
  },
  freeze: (args) => {
    const [value] = args.values;
    if (value?.kind === "object" || value?.kind === "array") value.frozen = true;
    return value ?? undefinedValue;
  },
});

function withEntries(args: Arguments, at: At, name: string, make: (entry: [string, Slot]) => Slot): Value {
  const entries = entriesOf(args.values[0]);
  return entries ? at.interpreter.array(entries.map(make)) : lost(args, `Object.${name}`, at.place);
}

/** A conversion of primitives. */
const converter = (
  name: string,
  arity: number,
  convert: (...all: never[]) => string | number | boolean,
  names: Record<string, (args: Arguments, at: At) => Value> = {},
): Native =>
  constructor(
    name,
    (args, at) => {
      const known = args.values.slice(0, arity).map(primitive);
      if (!known.every((one) => one !== undefined)) return lost(args, name, at.place);
      return fromPrimitive(convert(...known.map((one) => one.value as never)));
    },
    names,
  );

const numberTest = (name: string, test: (value: number) => boolean) => (args: Arguments, at: At) => {
  const [value] = args.values;
  return !value || value.kind === "unknown" ? lost(args, name, at.place) : boolean(value.kind === "number" && test(value.value)); // prettier-ignore
};

const console = namespace("console", (name) => native(`console.${name}`, () => undefinedValue));

const json = namespace("JSON", (name) => {
  if (name === "stringify") return native("JSON.stringify", (_, { place }) => unknown("a text of JSON", place));
  if (name !== "parse") return undefined;
  return native("JSON.parse", (args, at) => {
    const [text] = args.values;
    if (text?.kind !== "string") return lost(args, "JSON.parse", at.place);
    try {
      return fromPlain(JSON.parse(text.value), at);
    } catch {
      return unknown("a text that is not JSON", at.place);
    }
  });
});

/** A value of JSON. */
export function fromPlain(value: unknown, at: At): Value {
  at.interpreter.work(1);
  if (Array.isArray(value)) return at.interpreter.array(value.map((item) => slot(fromPlain(item, at))));
  if (typeof value !== "object" || value === null) return fromPrimitive(value as string | number | boolean | null);
  return at.interpreter.object(Object.entries(value).map(([key, item]) => [key, slot(fromPlain(item, at))]));
}

const promise = constructor("Promise", (args, { place }) => lost(args, "Promise", place), {
  all: (args, at) => {
    const items = args.values[0] && at.interpreter.iterate(args.values[0], at.place);
    return items ? at.interpreter.array([...items]) : lost(args, "Promise.all", at.place);
  },
  resolve: (args) => args.values[0] ?? undefinedValue,
});

const copy = native("structuredClone", (args, at) => copied(args.values[0] ?? undefinedValue, at));

function copied(value: Value, at: At): Value {
  if (value.kind === "array") return value.lost ?? at.interpreter.array(value.items.map((item) => ({ ...item, value: copied(item.value, at) }))); // prettier-ignore
  if (value.kind !== "object") return value;
  return value.lost ?? at.interpreter.object([...value.entries].map(([key, one]) => [key, { ...one, value: copied(one.value, at) }])); // prettier-ignore
}

const globals: Record<string, Value> = {
  Math: math,
  Array: array,
  Object: object,
  JSON: json,
  Promise: promise,
  console,
  structuredClone: copy,
  Number: converter("Number", 1, (value: unknown = 0) => Number(value), {
    isInteger: numberTest("Number.isInteger", Number.isInteger),
    isFinite: numberTest("Number.isFinite", Number.isFinite),
    isNaN: numberTest("Number.isNaN", Number.isNaN),
  }),
  String: converter("String", 1, (value: unknown = "") => String(value)),
  Boolean: converter("Boolean", 1, Boolean),
  parseInt: converter("parseInt", 2, parseInt),
  parseFloat: converter("parseFloat", 1, parseFloat),
  NaN: number(NaN),
  Infinity: number(Infinity),
};

export const globalValue = (name: string): Value | undefined =>
  Object.hasOwn(globals, name) ? globals[name] : undefined;

// -------------------------------------------------------------------------------------------------------------- methods

const textMethods = new Set([
  "at", "charAt", "charCodeAt", "codePointAt", "concat", "endsWith", "includes", "indexOf", "lastIndexOf", "padEnd", "padStart",
  "repeat", "replace", "replaceAll", "slice", "startsWith", "substring", "toLowerCase", "toString", "toUpperCase", "trim",
  "trimEnd", "trimStart", "toFixed", "toPrecision", "valueOf", "split",
]); // prettier-ignore

/** A method of a text, a number or a condition, on arguments that are primitives. */
export function textMember(self: string | number | boolean, name: string, interpreter: Interpreter): Value | undefined {
  if (!textMethods.has(name)) return undefined;
  return native(name, (args, at) => {
    const known = args.values.map(primitive);
    if (!known.every((one) => one !== undefined)) return lost(args, name, at.place);
    const given = known.map((one) => one.value);
    if (/^(repeat|pad)/.test(name) && !(Number(given[0]) * String(self).length < longestText)) return lost(args, name, at.place); // prettier-ignore
    try {
      const method = (Object(self) as Record<string, unknown>)[name] as (...all: unknown[]) => unknown;
      const result: unknown = method.apply(self, given);
      if (typeof result === "string") interpreter.work(result.length >> 4);
      if (Array.isArray(result)) return interpreter.array(result.map((item) => slot(string(String(item)))));
      return fromPrimitive(result as string | number | boolean | undefined);
    } catch {
      return lost(args, name, at.place);
    }
  });
}

export function objectMember(self: ObjectValue, name: string): Value | undefined {
  if (name !== "hasOwnProperty") return undefined;
  return native(name, (args, { place }) => {
    const [key] = args.values;
    return key?.kind === "string" ? boolean(self.entries.has(key.value)) : lost(args, name, place);
  });
}

type Method = (self: ArrayValue, args: Arguments, at: At) => Value;

/** The value of `f(item, index)` for all items. */
const mapped = (self: ArrayValue, args: Arguments, at: At): Value[] =>
  self.items.map(({ value }, i) => at.interpreter.callWith(args.values[0] ?? undefinedValue, [value, number(i), self], at.place)); // prettier-ignore

/** Items in the order of a test: undefined where the test is not known of one that matters. */
function search<T>(
  self: ArrayValue,
  args: Arguments,
  at: At,
  found: (value: Value, index: number) => T,
  none: T,
  wanted = true,
): T | Value {
  for (const [i, { value }] of self.items.entries()) {
    const result = at.interpreter.callWith(args.values[0] ?? undefinedValue, [value, number(i), self], at.place);
    const known = truth(result);
    if (known === undefined) return result;
    if (known === wanted) return found(value, i);
  }
  return none;
}

const index = (value: Value | undefined, otherwise: number): number | undefined =>
  value === undefined || value.kind === "undefined" ? otherwise : value.kind === "number" ? value.value : undefined;

const methods: Record<string, Method> = {
  map: (self, args, at) => at.interpreter.array(mapped(self, args, at).map(slot)),
  forEach: (self, args, at) => {
    mapped(self, args, at);
    return undefinedValue;
  },
  flatMap: (self, args, at) => {
    const items = mapped(self, args, at);
    return flattened(items.map(slot), 1, at);
  },
  flat: (self, args, at) => {
    const depth = index(args.values[0], 1);
    return depth === undefined ? lost(args, "flat", at.place) : flattened(self.items, depth, at);
  },
  filter: (self, args, at) => {
    const keeps = mapped(self, args, at);
    const open = keeps.find((one) => truth(one) === undefined);
    return open ?? at.interpreter.array(self.items.filter((_, i) => truth(keeps[i])));
  },
  reduce: (self, args, at) => {
    const items = self.items.map(({ value }) => value);
    const first = args.values[1] ?? items.shift();
    if (!first) return lost(args, "reduce", at.place);
    return items.reduce((sum, value, i) => at.interpreter.callWith(args.values[0], [sum, value, number(i)], at.place), first); // prettier-ignore
  },
  find: (self, args, at) => search(self, args, at, (value) => value, undefinedValue),
  findIndex: (self, args, at) => search(self, args, at, (_, i) => number(i), number(-1)),
  some: (self, args, at) => search(self, args, at, () => boolean(true), boolean(false)),
  every: (self, args, at) => search(self, args, at, () => boolean(false), boolean(true), false),
  concat: (self, args, at) => {
    const parts = args.values.map((value) => (value.kind === "array" ? (value.lost ?? value.items) : value.kind === "unknown" ? value : [slot(value)])); // prettier-ignore
    const open = parts.find((part) => !Array.isArray(part));
    return (open as Value | undefined) ?? at.interpreter.array([...self.items, ...(parts as Slot[][]).flat()]);
  },
  slice: (self, args, at) => {
    const [from, to] = [index(args.values[0], 0), index(args.values[1], self.items.length)];
    return from === undefined || to === undefined ? lost(args, "slice", at.place) : at.interpreter.array(self.items.slice(from, to)); // prettier-ignore
  },
  at: (self, args, at) => {
    const i = index(args.values[0], 0);
    return i === undefined ? lost(args, "at", at.place) : (self.items.at(i)?.value ?? undefinedValue);
  },
  with: (self, args, at) => {
    const i = index(args.values[0], 0);
    if (i === undefined || !(i >= -self.items.length && i < self.items.length)) return lost(args, "with", at.place);
    return at.interpreter.array(self.items.with(i, slot(args.values[1] ?? undefinedValue)));
  },
  toReversed: (self, _, at) => at.interpreter.array(self.items.toReversed()),
  keys: (self, _, at) => at.interpreter.array(self.items.map((_item, i) => slot(number(i)))),
  values: (self, _args, at) => at.interpreter.array([...self.items]),
  entries: (self, _, at) => at.interpreter.array(self.items.map((item, i) => slot(at.interpreter.array([slot(number(i)), item])))), // prettier-ignore
  join: (self, args, at) => {
    const known = self.items.map(({ value }) => primitive(value));
    const by = args.values[0] ? primitive(args.values[0]) : { value: "," };
    if (!by || !known.every((one) => one !== undefined)) return lost(args, "join", at.place);
    return string(known.map(({ value }) => (value ?? "") as string).join(String(by.value)));
  },
  includes: (self, args, at) => {
    const wanted = args.values[0] && primitive(args.values[0]);
    const known = self.items.map(({ value }) => primitive(value));
    if (!wanted || !known.every((one) => one !== undefined)) return lost(args, "includes", at.place);
    return boolean(known.some(({ value }) => Object.is(value, wanted.value)));
  },
  indexOf: (self, args, at) => {
    const wanted = args.values[0] && primitive(args.values[0]);
    const known = self.items.map(({ value }) => primitive(value));
    if (!wanted || !known.every((one) => one !== undefined)) return lost(args, "indexOf", at.place);
    return number(known.findIndex(({ value }) => value === wanted.value));
  },
};

/** Methods that change the array: not run where the code may not run, which makes its content unknown. */
const changing: Record<string, Method> = {
  push: (self, args) => {
    self.items.push(...args.values.map((value, i): Slot => ({ value, written: writtenAt(args, i) })));
    return number(self.items.length);
  },
  unshift: (self, args) => {
    self.items.unshift(...args.values.map((value, i): Slot => ({ value, written: writtenAt(args, i) })));
    return number(self.items.length);
  },
  pop: (self) => self.items.pop()?.value ?? undefinedValue,
  shift: (self) => self.items.shift()?.value ?? undefinedValue,
  reverse: (self) => {
    self.items.reverse();
    return self;
  },
  fill: (self, args, at) => {
    const [from, to] = [index(args.values[1], 0), index(args.values[2], self.items.length)];
    if (from === undefined || to === undefined) {
      at.interpreter.escape(self, "an array that is filled between indices that are not known", at.place);
      return self;
    }
    self.items.fill({ value: args.values[0] ?? undefinedValue, written: undefined }, from, to);
    return self;
  },
};

const writtenAt = ({ list, places }: Arguments, i: number): Slot["written"] => {
  const place = places[i];
  return list && place && { in: list, entry: place, key: undefined, value: place };
};

function flattened(items: readonly Slot[], depth: number, at: At): Value {
  const flat: Slot[] = [];
  for (const item of items) {
    const { value } = item;
    if (value.kind === "unknown") return value;
    if (value.kind !== "array" || depth < 1) flat.push(item);
    else {
      const inner = value.lost ?? flattened(value.items, depth - 1, at);
      if (inner.kind !== "array") return inner;
      flat.push(...inner.items);
    }
  }
  return at.interpreter.array(flat);
}

export function arrayMember(self: ArrayValue, name: string, interpreter: Interpreter): Value | undefined {
  if (Object.hasOwn(methods, name))
    return native(name, (args, at) => {
      interpreter.work(self.items.length);
      return self.lost ?? methods[name](self, args, at);
    });
  if (!Object.hasOwn(changing, name)) return undefined;
  return native(name, (args, at) => {
    if (self.lost) return self.lost;
    interpreter.work(self.items.length);
    return interpreter.changes(self) ? changing[name](self, args, at) : (self.lost ?? unknown(`an array that does not change`, at.place)); // prettier-ignore
  });
}
