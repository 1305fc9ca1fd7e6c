/** The parts of Python's standard library that model code uses. */
import { argparse } from "./argparse";
import { cachedProperty, decorator, builtins } from "./builtins";
import { dataclassesModule, makeNamedTuple, namedTuple } from "./dataclasses";
import { enumModule } from "./enumerations";
import { raise } from "./exceptions";
import { endless, iterator, iteratorOf } from "./iterators";
import { updated } from "./methods";
import { isNumeric } from "./numbers";
import { plainOf } from "./operators";
import { bool, byName, float, int, list, nativeFunction, none, tuple, unknown, type Arguments, type At, type Key, type Library, type Native, type NativeType, type PythonClass, type Value } from "./values"; // prettier-ignore

type Names = Readonly<Record<string, Value>>;
type Run = (args: Arguments, at: At) => Value;

const notKnown = (args: Arguments, what: string, at: At): Value =>
  args.positional.find(({ kind }) => kind === "unknown") ?? unknown(what, at.place);
const functions = (module: string, runs: Readonly<Record<string, Run>>): Names =>
  Object.fromEntries(Object.entries(runs).map(([name, run]) => [name, nativeFunction(`${module}.${name}`, run)]));
/** The items of each iterable; undefined where they are not known. */
const itemsOf = (iterables: readonly Value[], at: At): (readonly Value[])[] | undefined => {
  const known = iterables.map((of) => at.interpreter.iterate(of, at.place));
  return known.every((items) => items !== undefined) ? known : undefined;
};

// ------------------------------------------------------------------------------------------------------------- math

/** A function of numbers: a float, or an integer where `whole`; undefined where Python raises a ValueError. */
const numeric =
  (name: string, run: (...numbers: number[]) => number | undefined, whole = false): Run =>
  (args, at) => {
    const numbers = args.positional.map(plainOf);
    if (!numbers.every(isNumeric)) return notKnown(args, `the result of \`math.${name}\``, at);
    const value = run(...numbers.map(({ value }) => +value));
    if (value === undefined) return raise("ValueError", `\`math.${name}\``, at.place);
    if (!whole && !Number.isFinite(value) && numbers.every((number) => Number.isFinite(+number.value))) return raise("OverflowError", `\`math.${name}\``, at.place); // prettier-ignore
    const made = whole ? int(value, at.place) : float(value);
    const assumed = numbers.find((number) => number.kind !== "bool" && number.assumed !== undefined);
    return made.kind === "unknown" || assumed?.kind === "bool" || assumed?.assumed === undefined ? made : ({ ...made, assumed: assumed.assumed } as Value); // prettier-ignore
  };
const positive = (run: (x: number) => number) => (x: number) => (x > 0 ? run(x) : undefined);
const gcd = (a: number, b: number): number => {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
};
const product = (from: number, to: number): number => {
  let value = 1;
  for (let i = from; i <= to && value < Number.MAX_SAFE_INTEGER; i++) value *= i;
  return value;
};
function choose(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= Math.min(k, n - k) && value <= Number.MAX_SAFE_INTEGER; i++) value = (value * (n - i + 1)) / i;
  return k > n ? 0 : value;
}
function isqrt(x: number): number | undefined {
  if (x < 0) return undefined;
  let root = Math.floor(Math.sqrt(x));
  while (root * root > x) root--;
  while ((root + 1) * (root + 1) <= x) root++;
  return root;
}
/** log2 of a power of two is whole. */
const log2 = (x: number): number => {
  const rounded = Math.round(Math.log2(x));
  return 2 ** rounded === x ? rounded : Math.log2(x);
};
const log10 = (x: number): number => {
  const rounded = Math.round(Math.log10(x));
  return rounded >= 0 && rounded <= 22 && 10 ** rounded === x ? rounded : Math.log10(x);
};

const math: Names = {
  pi: float(Math.PI),
  e: float(Math.E),
  tau: float(2 * Math.PI),
  inf: float(Infinity),
  nan: float(NaN),
  ...functions("math", {
    sqrt: numeric("sqrt", (x) => (x < 0 ? undefined : Math.sqrt(x))),
    exp: numeric("exp", Math.exp),
    expm1: numeric("expm1", Math.expm1),
    log: numeric("log", (x, base) => (x > 0 && (base === undefined || base > 0) ? (base === undefined ? Math.log(x) : Math.log(x) / Math.log(base)) : undefined)), // prettier-ignore
    log2: numeric("log2", positive(log2)),
    log10: numeric("log10", positive(log10)),
    log1p: numeric("log1p", (x) => (x > -1 ? Math.log1p(x) : undefined)),
    sin: numeric("sin", Math.sin),
    cos: numeric("cos", Math.cos),
    tan: numeric("tan", Math.tan),
    tanh: numeric("tanh", Math.tanh),
    atan: numeric("atan", Math.atan),
    atan2: numeric("atan2", Math.atan2),
    hypot: numeric("hypot", Math.hypot),
    fabs: numeric("fabs", Math.abs),
    pow: numeric("pow", (x, y) => x ** y),
    fmod: numeric("fmod", (x, y) => (y === 0 ? undefined : x % y)),
    copysign: numeric("copysign", (x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x))),
    degrees: numeric("degrees", (x) => x * (180 / Math.PI)),
    radians: numeric("radians", (x) => x * (Math.PI / 180)),
    floor: numeric("floor", (x) => (Number.isFinite(x) ? Math.floor(x) : undefined), true),
    ceil: numeric("ceil", (x) => (Number.isFinite(x) ? Math.ceil(x) : undefined), true),
    trunc: numeric("trunc", (x) => (Number.isFinite(x) ? Math.trunc(x) : undefined), true),
    isqrt: numeric("isqrt", isqrt, true),
    gcd: numeric("gcd", (...numbers) => numbers.reduce(gcd, 0), true),
    lcm: numeric("lcm", (...numbers) => numbers.reduce((a, b) => (a === 0 || b === 0 ? 0 : Math.abs(a * b) / gcd(a, b)), 1), true), // prettier-ignore
    factorial: numeric("factorial", (n) => (n < 0 ? undefined : product(1, n)), true),
    comb: numeric("comb", (n, k) => (n < 0 || k < 0 ? undefined : choose(n, k)), true),
    isnan: (args, at) => test(args, Number.isNaN, at),
    isinf: (args, at) => test(args, (x) => Math.abs(x) === Infinity, at),
    isfinite: (args, at) => test(args, Number.isFinite, at),
    isclose: (args, at) => {
      const { a, b, rel_tol, abs_tol } = byName(args, ["a", "b", "*", "rel_tol", "abs_tol"]);
      const [left, right, relative, absolute] = [a, b, rel_tol ?? float(1e-9), abs_tol ?? float(0)].map((value) => (value && isNumeric(value) ? +value.value : NaN)); // prettier-ignore
      if ([left, right, relative, absolute].some(Number.isNaN)) return notKnown(args, "a comparison", at);
      return bool(Math.abs(left - right) <= Math.max(relative * Math.max(Math.abs(left), Math.abs(right)), absolute));
    },
    prod: (args, at) => {
      const [of] = args.positional;
      const items = of && at.interpreter.iterate(of, at.place);
      if (!items) return notKnown(args, "a product", at);
      let value: Value = args.named.get("start") ?? { kind: "int", value: 1 };
      for (const item of items) value = at.interpreter.binary("*", value, item, at.place);
      return value;
    },
    fsum: (args, at) => notKnown(args, "a sum", at),
    erf: (args, at) => notKnown(args, "the result of `math.erf`", at),
  }),
};
function test(args: Arguments, holds: (x: number) => boolean, at: At): Value {
  const of = plainOf(args.positional[0] ?? none);
  return isNumeric(of) ? bool(holds(+of.value)) : notKnown(args, "the kind of a number", at);
}

// -------------------------------------------------------------------------------------------------------- functools

interface Partial {
  callee: Value;
  args: Arguments;
}
const partialType: NativeType = {
  name: "`functools.partial`",
  truth: () => true,
  call: (self, args, at) => {
    const { callee, args: before } = self.data as Partial;
    return at.interpreter.call(
      callee,
      {
        positional: [...before.positional, ...args.positional],
        named: new Map([...before.named, ...args.named]),
        place: args.place,
        places: {
          positional: [...before.positional.map((_, i) => before.places.positional[i]), ...args.places.positional],
          named: new Map([...before.places.named, ...args.places.named]),
        },
      },
      at.place,
    );
  },
  decorate: (self, target, at) => {
    const { callee } = self.data as Partial;
    // A library's decorator with its options, as `partial(jax.jit, static_argnums=0)`.
    return callee.kind === "native" ? (callee.type.decorate?.(callee, target, at) ?? target) : partialType.call!(self, { positional: [target], named: new Map(), place: at.place, places: { positional: [], named: new Map() } }, at); // prettier-ignore
  },
  attribute: (self, name) => {
    const { callee, args } = self.data as Partial;
    if (name === "func") return callee;
    if (name === "args") return tuple(args.positional);
    return name === "keywords" ? { kind: "dict", entries: new Map(args.named) } : undefined;
  },
};
const same: Run = ({ positional: [value] }) => value ?? none;
/** A decorator that leaves a function as it is, with options or without. */
const unchanged = (name: string): Native => {
  const self: Native = decorator(name, (target) => target);
  self.type.call = (_, { positional: [target] }) => (target?.kind === "function" || target?.kind === "class" || target?.kind === "bound" ? target : self); // prettier-ignore
  return self;
};
const functools: Names = {
  lru_cache: unchanged("functools.lru_cache"),
  cache: unchanged("functools.cache"),
  total_ordering: unchanged("functools.total_ordering"),
  wraps: nativeFunction("functools.wraps", () => unchanged("functools.wraps")),
  cached_property: cachedProperty,
  ...functions("functools", {
    update_wrapper: same,
    partial: (args, at) => {
      const [callee, ...positional] = args.positional;
      if (!callee) return unknown("`partial`", at.place);
      const data: Partial = { callee, args: { ...args, positional, places: { ...args.places, positional: args.places.positional.slice(1) } } }; // prettier-ignore
      return { kind: "native", type: partialType, data };
    },
    reduce: (args, at) => {
      const [call, of, initial] = args.positional;
      const items = of && at.interpreter.iterate(of, at.place);
      if (!call || !items) return notKnown(args, "the items of a value", at);
      const given = initial ? [initial, ...items] : items;
      if (given.length === 0) return raise("TypeError", "no items", at.place);
      return given.slice(1).reduce((left, right) => at.interpreter.callWith(call, [left, right], at.place), given[0]);
    },
  }),
};

// -------------------------------------------------------------------------------------------------------- itertools

const iterated =
  (what: (items: (readonly Value[])[], args: Arguments, at: At) => Value[] | undefined): Run =>
  (args, at) => {
    const items = itemsOf(args.positional, at);
    const made = items && what(items, args, at);
    if (!made) return notKnown(args, "the items of a value", at);
    at.interpreter.spend(made.length);
    return iterator(made);
  };

/** All ways to take one of each. */
function products(lists: readonly (readonly Value[])[], at: At): Value[][] {
  let rows: Value[][] = [[]];
  for (const items of lists) {
    at.interpreter.spend(rows.length * items.length);
    rows = rows.flatMap((row) => items.map((item) => [...row, item]));
  }
  return rows;
}

/** Ordered or unordered choices of `count` positions. */
function choices(
  items: readonly Value[],
  count: number,
  kind: "combinations" | "permutations" | "repeated",
  at: At,
): Value[] {
  const made: Value[] = [];
  const extend = (chosen: number[]): void => {
    at.interpreter.spend(1);
    if (chosen.length === count) {
      made.push(tuple(chosen.map((i) => items[i])));
      return;
    }
    const last = chosen.at(-1);
    const from = kind === "permutations" || last === undefined ? 0 : kind === "repeated" ? last : last + 1;
    for (let i = from; i < items.length; i++)
      if (kind !== "permutations" || !chosen.includes(i)) extend([...chosen, i]);
  };
  extend([]);
  return made;
}
const chosen =
  (kind: "combinations" | "permutations" | "repeated"): Run =>
  (args, at) => {
    const { iterable, r } = byName(args, ["iterable", "r"]);
    const items = iterable && at.interpreter.iterate(iterable, at.place);
    const count = r && r.kind !== "none" ? r : items && int(items.length, at.place);
    if (!items || count?.kind !== "int" || count.value > 20) return notKnown(args, "the items of a value", at);
    return iterator(choices(items, count.value, kind, at));
  };

const chain: Native = {
  kind: "native",
  type: {
    name: "`itertools.chain`",
    truth: () => true,
    call: (_, args, at) => iterated((lists) => lists.flat())(args, at),
    attribute: (_, name) =>
      name === "from_iterable"
        ? nativeFunction("itertools.chain.from_iterable", (args, at) => {
            const outer = args.positional[0] && at.interpreter.iterate(args.positional[0], at.place);
            const inner = outer && itemsOf(outer, at);
            return inner ? iterator(inner.flat()) : notKnown(args, "the items of a value", at);
          })
        : undefined,
  },
  data: undefined,
};

const itertools: Names = {
  chain,
  ...functions("itertools", {
    product: (args, at) => {
      const lists = itemsOf(args.positional, at);
      const repeat = args.named.get("repeat");
      if (!lists || (repeat && repeat.kind !== "int")) return notKnown(args, "the items of a value", at);
      const times = repeat?.kind === "int" ? repeat.value : 1;
      if (times > 20) return unknown("the items of a value", at.place);
      return iterator(products(Array.from({ length: times }, () => lists).flat(), at).map(tuple));
    },
    combinations: chosen("combinations"),
    combinations_with_replacement: chosen("repeated"),
    permutations: chosen("permutations"),
    repeat: (args, at) => {
      const { object, times } = byName(args, ["object", "times"]);
      if (!object || (times && times.kind !== "int")) return notKnown(args, "the items of a value", at);
      if (times?.kind !== "int") return endless(() => object);
      at.interpreter.spend(Math.max(0, times.value));
      return iterator(Array.from({ length: Math.max(0, times.value) }, () => object));
    },
    count: (args, at) => {
      const { start, step } = byName(args, ["start", "step"]);
      let next: Value = start ?? { kind: "int", value: 0 };
      return endless(() => {
        const now = next;
        next = at.interpreter.binary("+", next, step ?? { kind: "int", value: 1 }, at.place);
        return now;
      });
    },
    cycle: (args, at) => {
      const [items] = itemsOf(args.positional, at) ?? [];
      if (!items || items.length === 0) return notKnown(args, "the items of a value", at);
      const all = [...items];
      let index = 0;
      return endless(() => all[index++ % all.length]);
    },
    islice: (args, at) => {
      const [of, ...bounds] = args.positional;
      const numbers = bounds.map((bound) => (bound.kind === "int" ? bound.value : undefined));
      const [start, stop] = bounds.length === 1 ? [0, numbers[0]] : [numbers[0] ?? 0, numbers[1]];
      const step = numbers[2] ?? 1;
      const endlessly = of && iteratorOf(of);
      if (endlessly?.endless && stop !== undefined) {
        at.interpreter.spend(stop);
        return iterator(Array.from({ length: stop }, () => endlessly.next()!).filter((_, i) => i >= start && (i - start) % step === 0)); // prettier-ignore
      }
      const items = of && at.interpreter.iterate(of, at.place);
      if (!items || bounds.some(({ kind }) => kind !== "int" && kind !== "none")) return notKnown(args, "the items of a value", at); // prettier-ignore
      return iterator(items.slice(start, stop).filter((_, i) => i % step === 0));
    },
    accumulate: (args, at) => {
      const { iterable, func, initial } = byName(args, ["iterable", "func", "*", "initial"]);
      const items = iterable && at.interpreter.iterate(iterable, at.place);
      if (!items) return notKnown(args, "the items of a value", at);
      const made: Value[] = initial && initial.kind !== "none" ? [initial] : [];
      for (const item of items) {
        const before = made.at(-1);
        made.push(!before ? item : func && func.kind !== "none" ? at.interpreter.callWith(func, [before, item], at.place) : at.interpreter.binary("+", before, item, at.place)); // prettier-ignore
      }
      return iterator(made);
    },
    pairwise: iterated(([items]) => items?.slice(1).map((item, i) => tuple([items[i], item]))),
    zip_longest: iterated((lists, args) => {
      const fill = args.named.get("fillvalue") ?? none;
      const length = Math.max(0, ...lists.map((items) => items.length));
      return Array.from({ length }, (_, i) => tuple(lists.map((items) => items[i] ?? fill)));
    }),
    starmap: (args, at) => {
      const [call, of] = args.positional;
      const rows = of && at.interpreter.iterate(of, at.place);
      const inner = rows && itemsOf(rows, at);
      if (!call || !inner) return notKnown(args, "the items of a value", at);
      return iterator(inner.map((row) => at.interpreter.callWith(call, row, at.place)));
    },
  }),
};

// ------------------------------------------------------------------------------------------------------ collections

const dict = builtins.get("dict")!;
const collections: Names = {
  OrderedDict: dict,
  UserDict: dict,
  namedtuple: makeNamedTuple,
  ...functions("collections", {
    defaultdict: (args, at) => {
      const [factory, ...rest] = args.positional;
      const entries = new Map<Key, Value>();
      if (!updated(entries, { ...args, positional: rest }, at)) return notKnown(args, "a dict", at);
      return { kind: "dict", entries, ...(factory && factory.kind !== "none" ? { factory } : {}) };
    },
    Counter: (args, at) => {
      const items = args.positional[0] ? at.interpreter.iterate(args.positional[0], at.place) : [];
      const entries = new Map<Key, Value>();
      for (const item of items ?? []) {
        const key = at.interpreter.keyOf(item);
        if (key === undefined) return notKnown(args, "a count", at);
        const before = entries.get(key);
        entries.set(key, { kind: "int", value: before?.kind === "int" ? before.value + 1 : 1 });
      }
      if (!items || args.positional[0]?.kind === "dict") return notKnown(args, "a count", at);
      return { kind: "dict", entries, factory: nativeFunction("zero", () => ({ kind: "int", value: 0 })) };
    },
    deque: (args, at) => {
      const { iterable, maxlen } = byName(args, ["iterable", "maxlen"]);
      const items = iterable ? at.interpreter.iterate(iterable, at.place) : [];
      return items && (!maxlen || maxlen.kind === "none") ? list([...items]) : notKnown(args, "a deque", at);
    },
  }),
};

// ------------------------------------------------------------------------------------------------------ copy, types

/** A copy of all that a value holds; what occurs twice is copied once. */
function deepCopy(value: Value, at: At, copies: Map<Value, Value>, depth: number): Value {
  const known = copies.get(value);
  if (known) return known;
  if (depth > 100) return unknown("a copy", at.place);
  at.interpreter.spend(1);
  const copied = (inner: Value) => deepCopy(inner, at, copies, depth + 1);
  switch (value.kind) {
    case "list": {
      const made: Value = list([]);
      copies.set(value, made);
      if (made.kind === "list") for (const item of value.items) made.items.push(copied(item));
      return made;
    }
    case "tuple":
      return tuple(value.items.map(copied));
    case "dict": {
      const entries = new Map<Key, Value>();
      const made: Value = { ...value, entries };
      copies.set(value, made);
      for (const [key, item] of value.entries) entries.set(key, copied(item));
      return made;
    }
    case "instance": {
      const made: Value = { kind: "instance", type: value.type, attributes: new Map() };
      copies.set(value, made);
      for (const [name, item] of value.attributes) made.attributes.set(name, copied(item));
      if (value.data !== undefined) made.data = isValue(value.data) ? copied(value.data) : value.data;
      return made;
    }
    case "bound":
      return { ...value, self: copied(value.self) };
    case "native": {
      if (value.type.isClass || (value.type.call && !value.type.copy && value.data === undefined)) return value;
      const made = value.type.copy?.(value, copied) ?? { ...value };
      copies.set(value, made);
      return made;
    }
    default:
      return value;
  }
}
const isValue = (data: unknown): data is Value => typeof data === "object" && data !== null && "kind" in data;

const copy: Names = functions("copy", {
  deepcopy: ({ positional: [of] }, at) => deepCopy(of ?? none, at, new Map(), 0),
  copy: ({ positional: [of] }) => {
    switch (of?.kind) {
      case "list":
        return list([...of.items]);
      case "dict":
        return { ...of, entries: new Map(of.entries) };
      case "instance":
        return { ...of, attributes: new Map(of.attributes) };
      case "native":
        return of.type.isClass ? of : (of.type.copy?.(of, (value) => value) ?? { ...of });
      default:
        return of ?? none;
    }
  },
});

const namespaceType: NativeType = {
  name: "types.SimpleNamespace",
  isClass: true,
  truth: () => true,
  instanceInit: (self, args, at) => {
    const entries = new Map<Key, Value>();
    updated(entries, args, at);
    for (const [name, value] of entries) if (typeof name === "string") self.attributes.set(name, value);
  },
};
const namespace: PythonClass = {
  kind: "class",
  name: "SimpleNamespace",
  node: { type: "class_definition", from: 0, to: 0, children: [], fields: {}, text: "" },
  bases: [{ kind: "native", type: namespaceType, data: undefined }],
  mro: [],
  attributes: new Map(),
  annotations: new Map(),
  fields: undefined,
};
namespace.mro = [namespace, ...namespace.bases];

const types: Names = {
  SimpleNamespace: namespace,
  MethodType: nativeFunction("types.MethodType", ({ positional: [callee, self] }, { place }) => (callee && self ? { kind: "bound", self, callee } : unknown("a method", place))), // prettier-ignore
};

// --------------------------------------------------------------------------------------------------------- operator

const operators: Readonly<Record<string, string>> = { add: "+", sub: "-", mul: "*", truediv: "/", floordiv: "//", mod: "%", pow: "**", matmul: "@", and_: "&", or_: "|", xor: "^", lshift: "<<", rshift: ">>", eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=", is_: "is", is_not: "is not" }; // prettier-ignore
const operator: Names = functions("operator", {
  ...Object.fromEntries(
    Object.entries(operators).map(([name, op]): [string, Run] => [
      name,
      ({ positional: [left, right] }, at) => (left && right ? at.interpreter.binary(op, left, right, at.place) : none),
    ]),
  ),
  itemgetter: ({ positional: keys }) =>
    nativeFunction("operator.itemgetter", ({ positional: [of] }, at) => {
      const items = keys.map((key) => at.interpreter.item(of ?? none, key, at.place));
      return items.length === 1 ? items[0] : tuple(items);
    }),
  attrgetter: ({ positional: [name] }) =>
    nativeFunction(
      "operator.attrgetter",
      ({ positional: [of] }, at) =>
      name?.kind === "string" && of ? name.value.split(".").reduce((value, part) => at.interpreter.attribute(value, part, at.place), of) : unknown("an attribute", at.place), // prettier-ignore
    ),
});

// ----------------------------------------------------------------------------------------------------------- typing

/** What has no meaning when code runs: annotations, abstract bases. */
const neutralType: NativeType = {
  name: "a type of `typing`",
  isClass: true,
  truth: () => true,
  hasInstance: () => undefined,
  attribute: (self) => self,
  item: (self) => self,
  call: (self, { positional: [target] }) => (target?.kind === "function" || target?.kind === "class" ? target : self),
  binary: (self, op) => (op === "|" ? self : undefined),
};
const neutral: Native = { kind: "native", type: neutralType, data: undefined };

const typing: Library = (name) => {
  if (name === "NamedTuple") return namedTuple;
  if (name === "TYPE_CHECKING") return bool(false);
  if (name === "cast") return nativeFunction("typing.cast", ({ positional: [, value] }) => value ?? none);
  if (name === "Dict" || name === "List" || name === "Tuple" || name === "Set") return builtins.get(name.toLowerCase());
  return name === "get_type_hints" || name === "get_args" || name === "get_origin" ? undefined : neutral;
};

const abc: Library = (name) => (name === "abstractproperty" ? builtins.get("property") : neutral);
const contextlib: Library = (name) =>
  name === "nullcontext" ? nativeFunction("contextlib.nullcontext", same) : neutral;

// -------------------------------------------------------------------------------------- what only tells or only asks

/** Of logging and the like: whatever is called changes nothing that is read. */
const silentType: NativeType = {
  name: "an object that only tells",
  attribute: (self) => self,
  item: (self) => self,
  call: (self) => self,
};
const silent: Native = { kind: "native", type: silentType, data: undefined };

/** Modules whose results depend on where and when the code runs. */
const outside = "os os.path sys random time json re pathlib platform subprocess glob pickle csv datetime string struct threading uuid hashlib tempfile shutil urllib requests io multiprocessing inspect importlib traceback signal socket statistics numbers weakref contextvars heapq bisect textwrap fnmatch secrets atexit"; // prettier-ignore
const results = (module: string): Library => (name) =>
  nativeFunction(`${module}.${name}`, (_, { place }) => unknown(`the result of \`${module}.${name}\``, place)); // prettier-ignore

const named = (names: Names): Library => (name) => (Object.hasOwn(names, name) ? names[name] : undefined); // prettier-ignore
const modules = new Map<string, Library>([
  ...outside.split(" ").map((name): [string, Library] => [name, results(name)]),
  ["argparse", argparse],
  ["math", named(math)],
  ["functools", named(functools)],
  ["itertools", named(itertools)],
  ["collections", named(collections)],
  ["collections.abc", () => neutral],
  ["dataclasses", (name) => dataclassesModule[name]],
  ["typing", typing],
  ["typing_extensions", typing],
  ["abc", abc],
  ["enum", (name) => enumModule[name] ?? (name === "unique" ? unchanged("enum.unique") : undefined)],
  ["copy", named(copy)],
  ["operator", named(operator)],
  ["types", (name) => (Object.hasOwn(types, name) ? types[name] : neutral)],
  ["contextlib", contextlib],
  ["logging", () => silent],
  ["warnings", () => silent],
  ["gc", () => silent],
  ["__future__", () => neutral],
]);

/** A module of the standard library; undefined where it is not known. */
export const standardLibrary = (name: string): Library | undefined => modules.get(name);
