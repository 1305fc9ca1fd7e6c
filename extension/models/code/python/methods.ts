/** Methods of the language's own values: strings, lists, tuples, dicts, numbers. */
import { forgetValue } from "./effects";
import { raise } from "./exceptions";
import { isInteger, isNumeric } from "./numbers";
import { plainOf, presentKey } from "./operators";
import { formatted, repr, text } from "./text";
import { bool, byName, float, int, keyValue, list, nativeFunction, none, string, tuple, unknown, type Arguments, type At, type Interpreter, type Key, type Value } from "./values"; // prettier-ignore

type Of<Kind extends Value["kind"]> = Extract<Value, { kind: Kind }>;
type Method<Self> = (self: Self, args: Arguments, at: At) => Value;
type Methods<Self> = Readonly<Record<string, Method<Self>>>;

const notKnown = (args: Arguments, what: string, at: At): Value =>
  args.positional.find(({ kind }) => kind === "unknown") ?? [...args.named.values()].find(({ kind }) => kind === "unknown") ?? unknown(what, at.place); // prettier-ignore

const ofString =
  (run: (self: string, args: readonly (string | number | undefined)[]) => Value | string | boolean | undefined): Method<Of<"string">> =>
  ({ value }, args, at) => {
    const plain = args.positional.map((arg) => (arg.kind === "string" || arg.kind === "int" ? arg.value : arg.kind === "none" ? undefined : null)); // prettier-ignore
    at.interpreter.spend(value.length / 16);
    if (plain.includes(null) || args.named.size > 0) return notKnown(args, "a string", at);
    const made = run(value, plain as (string | number | undefined)[]);
    if (made === undefined) return unknown("a string", at.place);
    return typeof made === "string" ? string(made) : typeof made === "boolean" ? bool(made) : made;
  }; // prettier-ignore

const stripped = (value: string, chars: string | number | undefined, left: boolean, right: boolean): string => {
  const drop = (char: string) => (typeof chars === "string" ? chars.includes(char) : /\s/.test(char));
  let from = 0;
  let to = value.length;
  while (left && from < to && drop(value[from])) from++;
  while (right && to > from && drop(value[to - 1])) to--;
  return value.slice(from, to);
};
/** `startsWith` a string or one of a tuple of strings. */
const affix =
  (test: (value: string, part: string) => boolean): Method<Of<"string">> =>
  ({ value }, args, at) => {
    const [part, more] = args.positional;
    const options = part?.kind === "tuple" ? part.items : part ? [part] : [];
    if (more || options.some(({ kind }) => kind !== "string")) return notKnown(args, "a comparison of strings", at);
    return bool(options.some((option) => test(value, (option as Of<"string">).value)));
  };
const words = (value: string): string[] => value.split(/\s+/).filter((word) => word !== "");

const stringMethods: Methods<Of<"string">> = {
  lower: ofString((self) => self.toLowerCase()),
  upper: ofString((self) => self.toUpperCase()),
  casefold: ofString((self) => self.toLowerCase()),
  capitalize: ofString((self) => self.slice(0, 1).toUpperCase() + self.slice(1).toLowerCase()),
  title: ofString((self) => self.toLowerCase().replace(/[a-z]+/g, (word) => word[0].toUpperCase() + word.slice(1))),
  strip: ofString((self, [chars]) => stripped(self, chars, true, true)),
  lstrip: ofString((self, [chars]) => stripped(self, chars, true, false)),
  rstrip: ofString((self, [chars]) => stripped(self, chars, false, true)),
  replace: ofString((self, [from, to, count]) =>
    typeof from === "string" && typeof to === "string" && count === undefined
      ? self.replaceAll(from, () => to)
      : undefined,
  ),
  removeprefix: ofString((self, [part]) =>
    typeof part === "string" ? (self.startsWith(part) ? self.slice(part.length) : self) : undefined,
  ),
  removesuffix: ofString((self, [part]) =>
    typeof part === "string" ? (part !== "" && self.endsWith(part) ? self.slice(0, -part.length) : self) : undefined,
  ),
  split: ofString((self, [by, most]) => {
    if (most !== undefined && most !== -1) {
      if (typeof by !== "string" || typeof most !== "number") return undefined;
      const pieces = self.split(by);
      const rest = pieces.slice(most).join(by);
      return list([...pieces.slice(0, most), ...(pieces.length > most ? [rest] : [])].map(string));
    }
    if (by === "" || typeof by === "number") return undefined;
    return list((by === undefined ? words(self) : self.split(by)).map(string));
  }),
  rsplit: ofString((self, [by, most]) => {
    if (typeof by !== "string" || by === "") return undefined;
    const pieces = self.split(by);
    const cut = typeof most === "number" && most >= 0 ? Math.max(1, pieces.length - most) : 1;
    if (most === undefined) return list(pieces.map(string));
    return list([pieces.slice(0, cut).join(by), ...pieces.slice(cut)].map(string));
  }),
  splitlines: ofString((self) => list((self === "" ? [] : self.replace(/\r?\n$/, "").split(/\r?\n/)).map(string))),
  partition: ofString((self, [by]) => {
    if (typeof by !== "string" || by === "") return undefined;
    const at = self.indexOf(by);
    return tuple((at < 0 ? [self, "", ""] : [self.slice(0, at), by, self.slice(at + by.length)]).map(string));
  }),
  rpartition: ofString((self, [by]) => {
    if (typeof by !== "string" || by === "") return undefined;
    const at = self.lastIndexOf(by);
    return tuple((at < 0 ? ["", "", self] : [self.slice(0, at), by, self.slice(at + by.length)]).map(string));
  }),
  find: ofString((self, [part, from]) =>
    typeof part === "string" && from === undefined ? { kind: "int", value: self.indexOf(part) } : undefined,
  ),
  rfind: ofString((self, [part, from]) =>
    typeof part === "string" && from === undefined ? { kind: "int", value: self.lastIndexOf(part) } : undefined,
  ),
  count: ofString((self, [part]) =>
    typeof part === "string" && part !== "" ? { kind: "int", value: self.split(part).length - 1 } : undefined,
  ),
  zfill: ofString((self, [width]) => formatted({ kind: "string", value: self }, `0>${width}`)),
  ljust: ofString((self, [width, fill]) => formatted({ kind: "string", value: self }, `${fill ?? " "}<${width}`)),
  rjust: ofString((self, [width, fill]) => formatted({ kind: "string", value: self }, `${fill ?? " "}>${width}`)),
  isdigit: ofString((self) => /^\d+$/.test(self)),
  isdecimal: ofString((self) => /^\d+$/.test(self)),
  isnumeric: ofString((self) => (/^[\x20-\x7e]*$/.test(self) ? /^\d+$/.test(self) : undefined)),
  isalpha: ofString((self) => /^\p{L}+$/u.test(self)),
  isalnum: ofString((self) => /^[\p{L}\p{N}]+$/u.test(self)),
  isupper: ofString((self) => self !== self.toLowerCase() && self === self.toUpperCase()),
  islower: ofString((self) => self !== self.toUpperCase() && self === self.toLowerCase()),
  isspace: ofString((self) => /^\s+$/.test(self)),
  startswith: affix((value, part) => value.startsWith(part)),
  endswith: affix((value, part) => value.endsWith(part)),
  join: ({ value }, args, at) => {
    const [of] = args.positional;
    const items = of && at.interpreter.iterate(of, at.place);
    if (!items || items.some(({ kind }) => kind !== "string")) return items?.find(({ kind }) => kind === "unknown") ?? notKnown(args, "a string", at); // prettier-ignore
    const made = items.map((item) => (item as Of<"string">).value).join(value);
    at.interpreter.spend(made.length / 16);
    return string(made);
  },
  index: ({ value }, args, at) => {
    const [part, from] = args.positional;
    if (part?.kind !== "string" || from) return notKnown(args, "an index", at);
    const found = value.indexOf(part.value);
    return found < 0 ? raise("ValueError", "substring not found", at.place) : int(found, at.place);
  },
  format: ({ value }, args, at) => {
    let automatic = 0;
    let failed = false;
    const made = value.replace(
      /\{\{|\}\}|\{(\w*)(?:!([rs]))?(?::([^{}]*))?\}|[{}]/g,
      (whole, name?: string, conversion?: string, spec?: string) => {
        // prettier-ignore
        if (whole === "{{" || whole === "}}") return whole[0];
        const given = name === undefined ? undefined : name === "" ? args.positional[automatic++] : /^\d+$/.test(name) ? args.positional[Number(name)] : args.named.get(name); // prettier-ignore
        const shown = given && (conversion === "r" ? repr(given) : conversion === "s" ? text(given) : undefined);
        const part = given && formatted(shown === undefined ? given : string(shown), spec ?? "");
        if (part === undefined) failed = true;
        return part ?? "";
      },
    );
    return failed ? notKnown(args, "how a value is written", at) : string(made);
  },
};

/** The position of an item, or -1; undefined where it is not known. */
function position(items: readonly Value[], item: Value, at: At): number | undefined {
  at.interpreter.spend(items.length);
  for (const [i, each] of items.entries()) {
    const same = each === item && each.kind !== "unknown" ? true : at.interpreter.equal(each, item, at.place);
    if (same === undefined) return undefined;
    if (same) return i;
  }
  return -1;
}

const sequenceMethods: Methods<Of<"list"> | Of<"tuple">> = {
  index: (self, args, at) => {
    const [item, from] = args.positional;
    const found = item && !from ? position(self.items, item, at) : undefined;
    if (found === undefined) return notKnown(args, "an index", at);
    return found < 0 ? raise("ValueError", "an item that is not there", at.place) : int(found, at.place);
  },
  count: (self, args, at) => {
    let count = 0;
    for (const item of self.items) {
      const same = at.interpreter.equal(item, args.positional[0] ?? none, at.place);
      if (same === undefined) return notKnown(args, "a count", at);
      if (same) count++;
    }
    return int(count, at.place);
  },
};

const forgotten = (self: Value, args: Arguments, at: At): Value => {
  const why = notKnown(args, "a change of a list or dict", at);
  if (why.kind === "unknown") forgetValue(self, why);
  return why;
};

const listMethods: Methods<Of<"list">> = {
  ...(sequenceMethods as Methods<Of<"list">>),
  append: ({ items }, { positional: [item] }) => {
    if (item) items.push(item);
    return none;
  },
  appendleft: ({ items }, { positional: [item] }) => {
    if (item) items.unshift(item);
    return none;
  },
  extend: (self, args, at) => {
    const given = args.positional[0] && at.interpreter.iterate(args.positional[0], at.place);
    if (!given) {
      forgotten(self, args, at);
      return none;
    }
    at.interpreter.spend(given.length);
    for (const item of [...given]) self.items.push(item);
    return none;
  },
  insert: (self, args, at) => {
    const [index, item] = args.positional;
    if (!index || !isInteger(index) || !item) forgotten(self, args, at);
    else self.items.splice(+index.value, 0, item);
    return none;
  },
  pop: (self, args, at) => {
    const index = args.positional[0] ?? { kind: "int", value: -1 };
    if (!isInteger(index)) return forgotten(self, args, at);
    const from = +index.value < 0 ? +index.value + self.items.length : +index.value;
    const [item] = from < 0 ? [] : self.items.splice(from, 1);
    return item ?? raise("IndexError", "pop of an item that is not there", at.place);
  },
  popleft: (self, _, at) => self.items.shift() ?? raise("IndexError", "pop of an empty deque", at.place),
  remove: (self, args, at) => {
    const found = position(self.items, args.positional[0] ?? none, at);
    if (found === undefined) forgotten(self, args, at);
    else if (found < 0) raise("ValueError", "an item that is not there", at.place);
    else self.items.splice(found, 1);
    return none;
  },
  clear: ({ items }) => {
    items.length = 0;
    return none;
  },
  reverse: ({ items }) => {
    items.reverse();
    return none;
  },
  copy: ({ items }) => list([...items]),
  sort: (self, args, at) => {
    const made = sorted(self.items, args, at);
    if (made) self.items.splice(0, self.items.length, ...made);
    else forgotten(self, args, at);
    return none;
  },
};

class NotOrdered extends Error {}

/** As `sorted`, with its `key` and `reverse`; undefined where the order is not known. */
export function sorted(items: readonly Value[], args: Arguments, at: At): Value[] | undefined {
  const { key, reverse } = byName(args, ["*", "key", "reverse"]);
  const turned = reverse ? at.interpreter.truth(reverse) : false;
  if (turned === undefined) return undefined;
  const keyed = items.map((item) => ({ item, key: key && key.kind !== "none" ? at.interpreter.callWith(key, [item], at.place) : item })); // prettier-ignore
  const less = (left: Value, right: Value): boolean => {
    const truth = at.interpreter.truth(at.interpreter.binary("<", left, right, at.place));
    if (truth === undefined) throw new NotOrdered();
    return truth;
  };
  try {
    keyed.sort(
      (left, right) => (less(left.key, right.key) ? -1 : less(right.key, left.key) ? 1 : 0) * (turned ? -1 : 1),
    );
  } catch (error) {
    if (error instanceof NotOrdered) return undefined;
    throw error;
  }
  return keyed.map(({ item }) => item);
}

/** Puts the items of a dict, of pairs, and of named arguments into a dict; false where they are not known. */
export function updated(entries: Map<Key, Value>, args: Arguments, at: At): boolean {
  const [given] = args.positional;
  const from = given && plainOf(given);
  if (from?.kind === "dict") {
    at.interpreter.spend(from.entries.size);
    for (const [key, value] of from.entries) entries.set(presentKey(entries, key), value);
  } else if (from) {
    const pairs = at.interpreter.iterate(from, at.place);
    if (!pairs) return false;
    for (const pair of pairs) {
      const [left, right] = at.interpreter.iterate(pair, at.place) ?? [];
      const key = left && at.interpreter.keyOf(left);
      if (key === undefined || !right) return false;
      entries.set(presentKey(entries, key), right);
    }
  }
  for (const [name, value] of args.named) entries.set(name, value);
  return true;
}

const dictMethods: Methods<Of<"dict">> = {
  keys: ({ entries }) => list([...entries.keys()].map(keyValue)),
  values: ({ entries }) => list([...entries.values()]),
  items: ({ entries }) => list([...entries].map(([key, value]) => tuple([keyValue(key), value]))),
  copy: (self) => ({ ...self, entries: new Map(self.entries) }),
  clear: ({ entries }) => {
    entries.clear();
    return none;
  },
  get: ({ entries }, args, at) => {
    const { key, default: otherwise } = byName(args, ["key", "default"]);
    const as = key && at.interpreter.keyOf(key);
    if (as === undefined) return notKnown(args, "a key of a dict", at);
    return entries.get(presentKey(entries, as)) ?? otherwise ?? none;
  },
  setdefault: (self, args, at) => {
    const { key, default: otherwise } = byName(args, ["key", "default"]);
    const as = key && at.interpreter.keyOf(key);
    if (as === undefined) return forgotten(self, args, at);
    const found = self.entries.get(presentKey(self.entries, as));
    if (!found) self.entries.set(as, otherwise ?? none);
    return found ?? otherwise ?? none;
  },
  pop: (self, args, at) => {
    const [key, otherwise] = args.positional;
    const as = key && at.interpreter.keyOf(key);
    if (as === undefined) return forgotten(self, args, at);
    const present = presentKey(self.entries, as);
    const found = self.entries.get(present);
    self.entries.delete(present);
    return found ?? otherwise ?? raise("KeyError", typeof as === "object" ? "a key" : String(as), at.place);
  },
  popitem: (self, _, at) => {
    const [key, value] = [...self.entries].at(-1) ?? raise("KeyError", "an empty dict", at.place);
    self.entries.delete(key);
    return tuple([keyValue(key), value]);
  },
  update: (self, args, at) => {
    if (!updated(self.entries, args, at)) forgotten(self, args, at);
    return none;
  },
  move_to_end: (self, args, at) => {
    const [key, last] = args.positional;
    const as = key && at.interpreter.keyOf(key);
    const found = as === undefined || last ? undefined : self.entries.get(presentKey(self.entries, as));
    if (!found || as === undefined) return forgotten(self, args, at);
    const present = presentKey(self.entries, as);
    self.entries.delete(present);
    self.entries.set(present, found);
    return none;
  },
};

const numberMethods: Methods<Of<"int"> | Of<"float"> | Of<"bool">> = {
  is_integer: ({ value }) => bool(Number.isInteger(+value)),
  bit_length: ({ value }, _, at) => int(+value === 0 ? 0 : Math.abs(+value).toString(2).length, at.place),
  item: (self) => self,
  conjugate: (self) => self,
};

/** Methods of Python's that are not read. */
const others: Readonly<Record<string, string>> = {
  string:
    "encode translate maketrans expandtabs swapcase center format_map isascii isidentifier isprintable istitle rindex",
  list: "extendleft rotate maxlen",
  dict: "fromkeys most_common elements subtract total default_factory",
  int: "to_bytes from_bytes as_integer_ratio bit_count",
  float: "as_integer_ratio hex fromhex",
};
const containers = "__iter__ __len__ __getitem__ __contains__";

/** An attribute of a value of the language's own; undefined where it has none of that name. */
export function methodOfPlain(value: Value, name: string, host: Interpreter): Value | undefined {
  const table = tableOf(value);
  const method = table && Object.hasOwn(table, name) ? (table[name] as Method<Value>) : undefined;
  if (method) return nativeFunction(name, (args, at) => method(value, args, at));
  if (isNumeric(value)) {
    if (name === "real" || name === "numerator")
      return value.kind === "bool" ? { kind: "int", value: +value.value } : value;
    if (name === "imag") return value.kind === "float" ? float(0) : { kind: "int", value: 0 };
  }
  if (value.kind === "slice" && (name === "start" || name === "stop" || name === "step")) return value[name];
  const isContainer =
    value.kind === "list" || value.kind === "tuple" || value.kind === "dict" || value.kind === "string";
  if (isContainer && name === "__len__") return nativeFunction(name, (_, { place }) => host.length(value, place));
  if (isContainer && name === "__getitem__") return nativeFunction(name, ({ positional: [index] }, { place }) => host.item(value, index ?? none, place)); // prettier-ignore
  const known = [others[value.kind] ?? "", isContainer ? containers : ""].join(" ");
  if (known.split(" ").includes(name) || (name.startsWith("__") && !/^__(iter|len|getitem|call|next)__$/.test(name))) {
    return unknown(`the attribute \`${name}\` of a value`, { from: 0, to: 0 });
  }
  return undefined;
}

function tableOf(value: Value): Methods<never> | undefined {
  switch (value.kind) {
    case "string":
      return stringMethods;
    case "list":
      return listMethods;
    case "tuple":
      return sequenceMethods;
    case "dict":
      return dictMethods;
    case "int":
    case "float":
    case "bool":
      return numberMethods;
    default:
      return undefined;
  }
}
