/** Dataclasses and named tuples. */
import type { Place } from "../graph/nodes";
import { bool, byName, fieldsOf, list, nativeFunction, none, string, tuple, unknown, type Arguments, type At, type Interpreter, type Native, type NativeType, type PythonClass, type PythonInstance, type Unknown, type Value } from "./values"; // prettier-ignore
import { parts } from "./trees";

interface Field {
  default: Value | undefined;
  factory: Value | undefined;
  init: boolean;
  named: boolean;
}

const fieldType: NativeType = { name: "a dataclass's field", truth: () => true };
const fieldOf = (value: Value | undefined): Field =>
  value?.kind === "native" && value.type === fieldType
    ? (value.data as Field)
    : { default: value, factory: undefined, init: true, named: false };

const field = nativeFunction("dataclasses.field", (args, { interpreter }) => {
  const given = byName(args, ["*", "default", "default_factory", "init", "kw_only"]);
  const data: Field = {
    default: given.default,
    factory: given.default_factory,
    init: given.init ? interpreter.truth(given.init) !== false : true,
    named: given.kw_only ? interpreter.truth(given.kw_only) === true : false,
  };
  return { kind: "native", type: fieldType, data };
});

/** Makes a class of the source a dataclass: its annotated names are fields. */
function makeDataclass(type: PythonClass): void {
  const fields = new Map<string, Value | undefined>();
  for (const base of [...type.mro].reverse()) {
    if (base.kind === "class" && base !== type) for (const [name, value] of base.fields ?? []) fields.set(name, value);
  }
  for (const [name, annotation] of type.annotations) {
    const first = parts(annotation)[0];
    const head = first && (first.text || parts(first)[0]?.text || parts(first).at(-1)?.text);
    if (head === "ClassVar") continue;
    const value = type.attributes.get(name);
    fields.set(name, value);
    const { default: own, factory } = fieldOf(value);
    if (own) type.attributes.set(name, own);
    else if (value || factory) type.attributes.delete(name);
  }
  type.fields = fields;
}

/** Sets the fields of a new object; why not, where the arguments do not fit. */
export function initialiseFields(
  self: PythonInstance,
  fields: ReadonlyMap<string, Value | undefined>,
  args: Arguments,
  place: Place,
  interpreter: Interpreter,
): Unknown | undefined {
  let index = 0;
  let used = 0;
  for (const [name, value] of fields) {
    const { default: otherwise, factory, init, named } = fieldOf(value);
    let given: Value | undefined;
    if (init) {
      given = !named && index < args.positional.length ? args.positional[index++] : args.named.get(name);
      if (args.named.has(name)) used++;
    }
    const set = given ?? otherwise ?? (factory ? interpreter.callWith(factory, [], place) : undefined);
    if (set) self.attributes.set(name, set);
    else if (init) return unknown(`a call of \`${self.type.name}\` without its argument \`${name}\``, place);
  }
  if (index < args.positional.length || used < args.named.size) {
    return unknown(`a call of \`${self.type.name}\` with arguments that it does not take`, place);
  }
  return undefined;
}

const dataclassType: NativeType = {
  name: "`dataclass`",
  truth: () => true,
  decorate: (_, target) => {
    if (target.kind === "class") makeDataclass(target);
    return target;
  },
  call: (self, args) => {
    const [target] = args.positional;
    if (target?.kind === "class") makeDataclass(target);
    return target ?? self;
  },
};

/** The fields of an object by name, what they hold made by `convert`. */
function fieldValues(self: Value | undefined, convert: (value: Value) => Value): Map<string, Value> | undefined {
  const fields = self?.kind === "instance" ? fieldsOf(self.type) : undefined;
  if (self?.kind !== "instance" || !fields) return undefined;
  return new Map([...fields.keys()].map((name) => [name, convert(self.attributes.get(name) ?? none)]));
}

function asDict(value: Value, depth = 0): Value {
  const fields = depth < 20 ? fieldValues(value, (item) => asDict(item, depth + 1)) : undefined;
  if (fields) return { kind: "dict", entries: fields };
  if (value.kind === "list") return list(value.items.map((item) => asDict(item, depth + 1)));
  if (value.kind === "tuple") return tuple(value.items.map((item) => asDict(item, depth + 1)));
  if (value.kind === "dict") return { kind: "dict", entries: new Map([...value.entries].map(([key, item]) => [key, asDict(item, depth + 1)])) }; // prettier-ignore
  return value;
}

/** A new object of the same class with some fields given anew. */
function replaced(self: Value | undefined, args: Arguments, at: At): Value {
  const fields = fieldValues(self, (value) => value);
  if (self?.kind !== "instance" || !fields) return unknown("a copy with changes", at.place);
  for (const [name, value] of fieldsOf(self.type) ?? []) if (!fieldOf(value).init) fields.delete(name);
  for (const [name, value] of args.named) fields.set(name, value);
  return at.interpreter.newInstance(self.type, { ...args, positional: [], named: fields }, at.place);
}

export const dataclassesModule: Readonly<Record<string, Value>> = {
  dataclass: { kind: "native", type: dataclassType, data: undefined },
  field,
  replace: nativeFunction("dataclasses.replace", (args, at) => replaced(args.positional[0], args, at)),
  asdict: nativeFunction("dataclasses.asdict", ({ positional: [self] }, { place }) => (self && fieldValues(self, (value) => value) ? asDict(self) : unknown("`asdict`", place))), // prettier-ignore
  astuple: nativeFunction("dataclasses.astuple", ({ positional: [self] }, { place }) => {
    const fields = fieldValues(self, (value) => value);
    return fields ? tuple([...fields.values()]) : unknown("`astuple`", place);
  }),
  is_dataclass: nativeFunction("dataclasses.is_dataclass", ({ positional: [of] }, { place }) => {
    const type = of?.kind === "instance" ? of.type : of;
    if (type?.kind === "class") return bool(fieldsOf(type) !== undefined);
    return !type || type.kind === "unknown" || type.kind === "native" ? unknown("`is_dataclass`", place) : bool(false);
  }),
  fields: nativeFunction("dataclasses.fields", ({ positional: [of] }, at) => {
    const type = of?.kind === "instance" ? of.type : of;
    const fields = type?.kind === "class" ? fieldsOf(type) : undefined;
    if (!fields) return unknown("`fields`", at.place);
    return tuple([...fields].map(([name, value]) => ({ kind: "native", type: describedType, data: { name, value } })));
  }),
};

const describedType: NativeType = {
  name: "a dataclass's field",
  truth: () => true,
  attribute: ({ data }, name) => {
    const { name: own, value } = data as { name: string; value: Value | undefined };
    return name === "name" ? string(own) : name === "default" ? fieldOf(value).default : undefined;
  },
};

const itemsOf = (self: PythonInstance): Value[] => [...(fieldsOf(self.type)?.keys() ?? [])].map((name) => self.attributes.get(name) ?? none); // prettier-ignore

const namedTupleType: NativeType = {
  name: "NamedTuple",
  isClass: true,
  truth: () => true,
  derived: (type) => makeDataclass(type),
  attribute: () => undefined,
  instanceIterate: (self) => itemsOf(self),
  instanceItem: (self, index, { interpreter, place }) => interpreter.item(tuple(itemsOf(self)), index, place),
  instanceAttribute: (self, name, at) => {
    switch (name) {
      case "_fields":
        return tuple([...(fieldsOf(self.type)?.keys() ?? [])].map(string));
      case "_asdict":
        return nativeFunction(name, () => ({ kind: "dict", entries: new Map(fieldValues(self, (value) => value)) }));
      case "_replace":
        return nativeFunction(name, (args, inner) => replaced(self, args, inner));
      case "index":
      case "count":
        return at.interpreter.attribute(tuple(itemsOf(self)), name, at.place);
      default:
        return undefined;
    }
  },
};
export const namedTuple: Native = { kind: "native", type: namedTupleType, data: undefined };

/** `collections.namedtuple(...)`. */
export const makeNamedTuple = nativeFunction("collections.namedtuple", (args, at) => {
  const { typename, field_names, defaults } = byName(args, ["typename", "field_names", "*", "rename", "defaults", "module"]); // prettier-ignore
  const names = field_names?.kind === "string" ? field_names.value.split(/[\s,]+/).filter((name) => name !== "").map(string) : field_names && at.interpreter.iterate(field_names, at.place); // prettier-ignore
  const given = defaults && defaults.kind !== "none" ? at.interpreter.iterate(defaults, at.place) : [];
  if (typename?.kind !== "string" || !names || !given) return unknown("a named tuple", at.place);
  const type: PythonClass = {
    kind: "class",
    name: typename.value,
    node: { type: "call", ...at.place, children: [], fields: {}, text: "" },
    bases: [namedTuple],
    mro: [],
    attributes: new Map(),
    annotations: new Map(),
    fields: new Map(
      names.map((name, i) => [name.kind === "string" ? name.value : "", given[i - (names.length - given.length)]]),
    ),
  };
  type.mro = [type, namedTuple];
  return type;
});
