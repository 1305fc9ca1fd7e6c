/** Python's sets. */
import type { Place } from "../graph/nodes";
import { forgetValue } from "./effects";
import { raise } from "./exceptions";
import { presentKey } from "./operators";
import { writers } from "./text";
import { bool, int, keyValue, nativeFunction, none, unknown, type At, type Key, type Native, type NativeType, type Value } from "./values"; // prettier-ignore

type Entries = Map<Key, Value>;
const entriesOf = (self: Native): Entries => self.data as Entries;

/** A set of the items; unknown where an item's equality is not known. */
export function setOf(items: readonly Value[], at: At): Value {
  const entries: Entries = new Map();
  at.interpreter.spend(items.length);
  for (const item of items) {
    const key = at.interpreter.keyOf(item);
    if (key === undefined) return item.kind === "unknown" ? item : unknown("an item of a set", at.place);
    if (!entries.has(presentKey(entries, key))) entries.set(key, keyValue(key));
  }
  return made(entries);
}

const made = (entries: Entries): Native => ({ kind: "native", type: setType, data: entries });

/** The items of any iterable as a set's. */
function otherEntries(value: Value | undefined, at: At): Entries | undefined {
  if (!value) return undefined;
  if (value.kind === "native" && value.type === setType) return entriesOf(value);
  const items = at.interpreter.iterate(value, at.place);
  const set = items && setOf(items, at);
  return set?.kind === "native" ? entriesOf(set) : undefined;
}

const has = (entries: Entries, key: Key): boolean => entries.has(presentKey(entries, key));
const operations: Readonly<Record<string, (left: Entries, right: Entries) => Entries>> = {
  "|": (left, right) => new Map([...left, ...[...right].filter(([key]) => !has(left, key))]),
  "&": (left, right) => new Map([...left].filter(([key]) => has(right, key))),
  "-": (left, right) => new Map([...left].filter(([key]) => !has(right, key))),
  "^": (left, right) =>
    new Map([...[...left].filter(([key]) => !has(right, key)), ...[...right].filter(([key]) => !has(left, key))]),
};
const named: Readonly<Record<string, string>> = { union: "|", intersection: "&", difference: "-", symmetric_difference: "^" }; // prettier-ignore
const updates: Readonly<Record<string, string>> = { update: "|", intersection_update: "&", difference_update: "-", symmetric_difference_update: "^" }; // prettier-ignore

const includes = (outer: Entries, inner: Entries): boolean => [...inner.keys()].every((key) => has(outer, key));
const comparisons: Readonly<Record<string, (left: Entries, right: Entries) => boolean>> = {
  "==": (left, right) => left.size === right.size && includes(left, right),
  "!=": (left, right) => left.size !== right.size || !includes(left, right),
  "<=": (left, right) => includes(right, left),
  ">=": (left, right) => includes(left, right),
  "<": (left, right) => left.size < right.size && includes(right, left),
  ">": (left, right) => left.size > right.size && includes(left, right),
};

function changed(self: Native, entries: Entries | undefined, place: Place): Value {
  if (entries) self.data = entries;
  else forgetValue(self, unknown("a set changed by what is not known", place));
  return none;
}

export const setType: NativeType = {
  name: "a set",
  truth: (self) => entriesOf(self).size > 0,
  iterate: (self) => [...entriesOf(self).values()],
  length: (self, { place }) => int(entriesOf(self).size, place),
  copy: (self) => made(new Map(entriesOf(self))),
  binary: (self, op, other, reflected, at) => {
    const own = entriesOf(self);
    if (op === "in") {
      const key = at.interpreter.keyOf(other);
      return key === undefined ? undefined : bool(has(own, key));
    }
    if (other.kind !== "native" || other.type !== setType) return op === "==" && other.kind !== "unknown" && other.kind !== "native" ? bool(false) : undefined; // prettier-ignore
    const [left, right] = reflected ? [entriesOf(other), own] : [own, entriesOf(other)];
    at.interpreter.spend((left.size + right.size) / 8);
    if (op in comparisons) return bool(comparisons[op](left, right));
    return op in operations ? made(operations[op](left, right)) : undefined;
  },
  attribute: (self, name) => {
    if (name in named || name in updates) {
      return nativeFunction(`set.${name}`, (args, at) => {
        const operation = operations[named[name] ?? updates[name]];
        let result: Entries | undefined = entriesOf(self);
        for (const other of args.positional) {
          const entries = otherEntries(other, at);
          at.interpreter.spend(((result?.size ?? 0) + (entries?.size ?? 0)) / 8);
          result = result && entries && operation(result, entries);
        }
        if (name in updates) return changed(self, result, at.place);
        return result ? made(new Map(result)) : unknown("a set", at.place);
      });
    }
    const method = methods[name];
    return method && nativeFunction(`set.${name}`, (args, at) => method(self, args.positional[0] ?? none, at));
  },
};

const methods: Readonly<Record<string, (self: Native, item: Value, at: At) => Value>> = {
  add: (self, item, at) => {
    const key = at.interpreter.keyOf(item);
    const entries = entriesOf(self);
    if (key === undefined) return changed(self, undefined, at.place);
    if (!has(entries, key)) entries.set(key, keyValue(key));
    return none;
  },
  discard: (self, item, at) => {
    const key = at.interpreter.keyOf(item);
    if (key === undefined) return changed(self, undefined, at.place);
    entriesOf(self).delete(presentKey(entriesOf(self), key));
    return none;
  },
  remove: (self, item, at) => {
    const key = at.interpreter.keyOf(item);
    if (key === undefined) return changed(self, undefined, at.place);
    return entriesOf(self).delete(presentKey(entriesOf(self), key)) ? none : raise("KeyError", "an item", at.place);
  },
  clear: (self, _, at) => changed(self, new Map(), at.place),
  copy: (self) => made(new Map(entriesOf(self))),
  pop: (self, _, at) => changed(self, undefined, at.place) && unknown("an item of a set", at.place),
  issubset: (self, other, at) => compared("<=", self, other, at),
  issuperset: (self, other, at) => compared(">=", self, other, at),
  isdisjoint: (self, other, at) => {
    const entries = otherEntries(other, at);
    return entries
      ? bool(operations["&"](entriesOf(self), entries).size === 0)
      : unknown("a comparison of sets", at.place);
  },
};

function compared(op: "<=" | ">=", self: Native, other: Value, at: At): Value {
  const entries = otherEntries(other, at);
  return entries ? bool(comparisons[op](entriesOf(self), entries)) : unknown("a comparison of sets", at.place);
}

writers.set(setType, (self, repr) => {
  const texts = [...entriesOf(self).values()].map(repr);
  if (texts.includes(undefined)) return undefined;
  return texts.length === 0 ? "set()" : `{${texts.join(", ")}}`;
});
