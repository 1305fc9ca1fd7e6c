/** `torch.nn.Module`: what modules of the source and of the library have in common: parameters, buffers, submodules, calls. */
import { tensors } from "../../graph/operations";
import {
  bool,
  int,
  list,
  nativeFunction,
  none,
  string,
  tuple,
  unknown,
  type Arguments,
  type At,
  type Native,
  type NativeType,
  type PythonInstance,
  type Value,
} from "../values";
import { Call, NotUnderstood, type Result } from "./call";
import { isTensor, TensorState, type TensorNative } from "./tensorState";
import { whileCalled } from "./running";
import { torch } from "./torch";

/** A module of the library. */
export class Module {
  /** Parameters, submodules and options, in the order in which they are set. */
  readonly attributes = new Map<string, Value>();

  constructor(
    readonly spec: LayerSpec,
    /** The call of the constructor. */
    readonly made: Call,
    /** Why it is not understood, if it is not. */
    public problem?: NotUnderstood,
  ) {}

  get(name: string): Value {
    return this.attributes.get(name) ?? none;
  }
}

/** A class of the library. */
export interface LayerSpec {
  /** As in messages: "nn.Linear". */
  name: string;
  /** Of the constructor. */
  signature: string;
  make(call: Call, module: Module): void;
  /** Of the call. */
  input: string;
  forward(call: Call, module: Module): Result;
  /** Whether it is a list or a dict of modules or parameters; then its attributes are its items. */
  container?: "list" | "dict";
  /** Whether the constructor takes arguments that the signature does not name. */
  takesMore?: boolean;
  /** Methods of its own. */
  methods?: Readonly<Record<string, (self: Value, module: Module, args: Arguments, at: At) => Value>>;
  /** Names of the class. */
  static?: Readonly<Record<string, (args: Arguments, at: At) => Value>>;
}

/** The types of classes that are modules: instances of classes of the source that derive from one are modules too. */
const moduleClasses = new WeakSet<NativeType>();
/** Modules whose call a hook may change. */
const hooked = new WeakSet<object>();

export function isModule(value: Value): boolean {
  if (value.kind === "native") return value.data instanceof Module;
  return (
    value.kind === "instance" && value.type.mro.some((base) => base.kind === "native" && moduleClasses.has(base.type))
  );
}

/** What a module has of a class of the library: itself, or what its class derives from, which an instance keeps as a value. */
function nativePart(value: Value): Module | undefined {
  const part = value.kind === "instance" ? (value.data as Value | undefined) : value;
  return part?.kind === "native" && part.data instanceof Module ? part.data : undefined;
}

/** A module's attributes by name: its own, and those of the class of the library it derives from. */
function entriesOf(value: Value): [string, Value][] {
  return [
    ...(nativePart(value)?.attributes ?? []),
    ...(value.kind === "instance" && isModule(value) ? value.attributes : []),
  ];
}

type Named<Of> = [string, Of][];

const childrenOf = (value: Value): Named<Value> => entriesOf(value).filter(([, item]) => isModule(item));

/** The module and all below it, each once, with their dotted names. */
function modulesOf(value: Value, prefix = "", seen = new Set<Value>()): Named<Value> {
  if (seen.has(value)) return [];
  seen.add(value);
  const below = childrenOf(value).flatMap(([name, child]) => modulesOf(child, dotted(prefix, name), seen));
  return [[prefix, value], ...below];
}
const dotted = (prefix: string, name: string): string => (prefix === "" ? name : `${prefix}.${name}`);

function tensorsOf(value: Value, recurse: boolean, parameters: boolean): Named<TensorNative> {
  const seen = new Set<TensorState>();
  const modules = recurse ? modulesOf(value) : ([["", value]] satisfies Named<Value>);
  return modules.flatMap(([prefix, module]) =>
    entriesOf(module).flatMap(([name, item]): Named<TensorNative> => {
      if (!isTensor(item) || item.data.isParameter !== parameters || seen.has(item.data)) return [];
      seen.add(item.data);
      return [[dotted(prefix, name), item]];
    }),
  );
}

const pairs = (entries: Named<Value>): Value => list(entries.map(([name, value]) => tuple([string(name), value])));
const onlyValues = (entries: Named<Value>): Value => list(entries.map(([, value]) => value));

/** Methods of every module; `self` is a module of the library or of the source. */
const methods: Readonly<Record<string, (self: Value, call: (signature: string) => Call, at: At) => Value>> = {
  parameters: (self, call) => onlyValues(tensorsOf(self, call("recurse").boolean("recurse", true), true)),
  named_parameters: (self, call) =>
    pairs(tensorsOf(self, call("prefix recurse remove_duplicate").boolean("recurse", true), true)),
  buffers: (self, call) => onlyValues(tensorsOf(self, call("recurse").boolean("recurse", true), false)),
  named_buffers: (self, call) => pairs(tensorsOf(self, call("prefix recurse").boolean("recurse", true), false)),
  modules: (self) => onlyValues(modulesOf(self)),
  named_modules: (self) => pairs(modulesOf(self)),
  children: (self) => onlyValues(childrenOf(self)),
  named_children: (self) => pairs(childrenOf(self)),
  get_submodule: (self, call, at) => {
    const target = call("target").string("target");
    return target === "" ? self : target.split(".").reduce((value, name) => at.interpreter.attribute(value, name, at.place), self); // prettier-ignore
  },
  get_parameter: (self, call, at) =>
    call("target")
      .string("target")
      .split(".")
      .reduce((value, name) => at.interpreter.attribute(value, name, at.place), self),
  register_buffer: (self, call, at) => registered(self, call("name tensor persistent"), "tensor", at),
  register_parameter: (self, call, at) => registered(self, call("name param"), "param", at),
  add_module: (self, call, at) => registered(self, call("name module"), "module", at),
  register_module: (self, call, at) => registered(self, call("name module"), "module", at),
  requires_grad_: (self, call, at) => {
    const trainable = call("requires_grad").boolean("requires_grad", true);
    for (const [, parameter] of tensorsOf(self, true, true)) parameter.data.train(trainable, at.place);
    return self;
  },
  __init__: () => none,
};

/** Methods that give the module itself: they change no architecture. Initialisation by `apply` is not followed. */
const unchanging = [
  "train",
  "eval",
  "to",
  "cuda",
  "cpu",
  "half",
  "float",
  "double",
  "bfloat16",
  "type",
  "apply",
  "to_empty",
  "share_memory",
  "compile",
];
/** Methods without effect that give nothing. */
const silent = ["zero_grad", "load_state_dict", "register_load_state_dict_pre_hook", "register_full_backward_hook"];
const hooks = ["register_forward_hook", "register_forward_pre_hook"];

function registered(self: Value, call: Call, what: string, at: At): Value {
  const value = call.value(what) ?? none;
  const name = call.string("name");
  const module = nativePart(self);
  if (module && (module.spec.container || self.kind !== "instance")) module.attributes.set(name, value);
  else if (self.kind === "instance") self.attributes.set(name, value);
  else return unknown("a module", at.place);
  return none;
}

/** A method of a module, bound to it. */
function method(self: Value, name: string): Value | undefined {
  const run = Object.hasOwn(methods, name) ? methods[name] : undefined;
  const label = `nn.Module.${name}`;
  if (run)
    return nativeFunction(label, (args, at) => {
      try {
        return run(self, (signature) => new Call(label, signature, args, at), at);
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error;
        return unknown(error.reason, error.place);
      }
    });
  if (unchanging.includes(name)) return nativeFunction(label, () => self);
  if (silent.includes(name)) return nativeFunction(label, () => none);
  if (hooks.includes(name))
    return nativeFunction(label, () => {
      if (self.kind === "native" || self.kind === "instance") hooked.add(self);
      return none;
    });
  return name === "training" ? bool(false) : undefined;
}

// --------------------------------------------------------------------------------------------- modules of the library

/** An attribute of a module of the library, or of the part that an instance of the source has of it. */
function attribute(self: Value, module: Module, name: string): Value | undefined {
  const own = module.attributes.get(name);
  if (own) return own;
  const { methods: special, container } = module.spec;
  const run = special && Object.hasOwn(special, name) ? special[name] : undefined;
  if (run) return nativeFunction(`${module.spec.name}.${name}`, (args, at) => run(self, module, args, at));
  if (container) {
    const common = containerMethod(module, name);
    if (common) return common;
  }
  if (name === "forward" || name === "__call__")
    return nativeFunction(`${module.spec.name}.forward`, (args, at) => forward(module, args, at));
  return method(self, name);
}

function setAttribute(module: Module, name: string, value: Value): boolean {
  module.attributes.set(name, value);
  return true;
}

function forward(module: Module, args: Arguments, at: At): Value {
  if (module.problem) return torch.wrap(tensors.opaque(module.problem.reason, module.problem.place));
  const { name, input } = module.spec;
  return torch.run(name, { signature: input, view: false, run: (call) => module.spec.forward(call, module) }, args, at);
}

const hookedResult = ({ place }: At): Value => torch.wrap(tensors.opaque("a hook on a module's call", place));

/** A class of the library and the type of its instances. */
export interface LayerClass {
  value: Native;
  create(args: Arguments, at: At): Native;
}

export function layerClass(spec: LayerSpec): LayerClass {
  const build = (args: Arguments, at: At): Module => {
    const call = (signature: string, given: Arguments): Call =>
      new Call(spec.name, signature, given, at, spec.takesMore);
    try {
      const made = call(`${spec.signature} device dtype`, args);
      const module = new Module(spec, made);
      spec.make(made, module);
      return module;
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      const nothing: Arguments = { ...args, positional: [], named: new Map() };
      return new Module(spec, call("", nothing), error);
    }
  };
  const instanceType: NativeType = {
    name: `\`${spec.name}\``,
    attribute: (self, name) => attribute(self, self.data as Module, name),
    setAttribute: (self, name, value) => setAttribute(self.data as Module, name, value),
    call: (self, args, at) => (hooked.has(self) ? hookedResult(at) : forward(self.data as Module, args, at)),
    item: (self, index, at) => item(self.data as Module, index, at),
    setItem: (self, index, value) => setItem(self.data as Module, index, value),
    iterate: (self) => iterate(self.data as Module),
    copy: (self, copied) => {
      const { attributes, made, problem } = self.data as Module;
      const copy = new Module(spec, made, problem);
      for (const [name, item] of attributes) copy.attributes.set(name, copied(item));
      return { ...self, data: copy };
    },
    truth: (self) => ((self.data as Module).spec.container ? (self.data as Module).attributes.size > 0 : true),
    length: (self, { place }) =>
      (self.data as Module).spec.container ? int((self.data as Module).attributes.size, place) : undefined,
  };
  const create = (args: Arguments, at: At): Native => ({ kind: "native", type: instanceType, data: build(args, at) });
  const partOf = (self: PythonInstance): Module | undefined => nativePart(self);

  const type: NativeType = {
    name: `\`${spec.name}\``,
    isClass: true,
    call: (_self, args, at) => create(args, at),
    hasInstance: (_self, value) =>
      value.kind === "native" && value.data instanceof Module
        ? spec === baseSpec || value.type === instanceType
        : value.kind === "unknown" || value.kind === "instance"
          ? undefined
          : false,
    attribute: (_self, name) => {
      const run = spec.static && Object.hasOwn(spec.static, name) ? spec.static[name] : undefined;
      if (run) return nativeFunction(`${spec.name}.${name}`, run);
      return undefined;
    },
    instanceInit: (self, args, at) => {
      if (spec !== baseSpec) self.data = create(args, at);
    },
    instanceAttribute: (self, name) => {
      const part = partOf(self);
      return part ? attribute(self, part, name) : method(self, name);
    },
    instanceSetAttribute: (self, name, value) => {
      const part = partOf(self);
      const isPart = part && (part.attributes.has(name) || (part.spec.container !== undefined && isModule(value)));
      return isPart ? setAttribute(part, name, value) : false;
    },
    instanceCall: (self, args, at) => {
      if (hooked.has(self)) return hookedResult(at);
      return whileCalled(at, () => at.interpreter.call(at.interpreter.attribute(self, "forward", at.place), args, at.place)); // prettier-ignore
    },
    ...(spec.container && {
      instanceItem: (self: PythonInstance, index: Value, at: At) => {
        const part = partOf(self);
        return part ? item(part, index, at) : unknown("an item of a module", at.place);
      },
      instanceSetItem: (self: PythonInstance, index: Value, value: Value) => {
        const part = partOf(self);
        return part ? setItem(part, index, value) : false;
      },
      instanceIterate: (self: PythonInstance) => {
        const part = partOf(self);
        return part && iterate(part);
      },
    }),
  };
  moduleClasses.add(type);
  instanceTypes.set(spec, instanceType);
  return { value: { kind: "native", type, data: undefined }, create };
}

// ----------------------------------------------------------------------------------------------------------- containers

function iterate(module: Module): readonly Value[] | undefined {
  if (module.spec.container === "list") return [...module.attributes.values()];
  return module.spec.container === "dict" ? [...module.attributes.keys()].map(string) : undefined;
}

function item(module: Module, index: Value, at: At): Value {
  if (module.spec.container === "dict") {
    const found = index.kind === "string" ? module.attributes.get(index.value) : undefined;
    return found ?? unknown(`an item of \`${module.spec.name}\``, at.place);
  }
  if (module.spec.container !== "list") return unknown(`an item of \`${module.spec.name}\``, at.place);
  const items = [...module.attributes.values()];
  const found = at.interpreter.item(list(items), index, at.place);
  if (index.kind !== "slice" || found.kind !== "list") return found;
  const part = new Module(module.spec, module.made);
  for (const [i, value] of found.items.entries()) part.attributes.set(String(i), value);
  return { kind: "native", type: instanceTypes.get(module.spec)!, data: part };
}
const instanceTypes = new Map<LayerSpec, NativeType>();

function setItem(module: Module, index: Value, value: Value): boolean {
  if (module.spec.container === "dict" && index.kind === "string") module.attributes.set(index.value, value);
  else if (module.spec.container === "list" && index.kind === "int") {
    const place = index.value < 0 ? index.value + module.attributes.size : index.value;
    const key = [...module.attributes.keys()][place];
    if (key === undefined) return false;
    module.attributes.set(key, value);
  } else return false;
  return true;
}

function containerMethod(module: Module, name: string): Value | undefined {
  const { attributes, spec } = module;
  const make = (run: (args: Arguments, at: At) => Value): Value => nativeFunction(`${spec.name}.${name}`, run);
  if (spec.container === "list") {
    switch (name) {
      case "append":
        return make((args) => {
          for (const value of args.positional) attributes.set(String(attributes.size), value);
          return none;
        });
      case "extend":
        return make((args, at) => {
          const [items] = args.positional;
          for (const value of (items && at.interpreter.iterate(items, at.place)) ?? [])
            attributes.set(String(attributes.size), value);
          return none;
        });
      case "insert":
        return make(({ positional: [index, value] }) => {
          const items = [...attributes.values()];
          if (index?.kind === "int" && value) items.splice(index.value, 0, value);
          attributes.clear();
          for (const [i, one] of items.entries()) attributes.set(String(i), one);
          return none;
        });
      default:
        return undefined;
    }
  }
  switch (name) {
    case "keys":
      return make(() => list([...attributes.keys()].map(string)));
    case "values":
      return make(() => list([...attributes.values()]));
    case "items":
      return make(() => pairs([...attributes]));
    case "update":
      return make(({ positional: [other] }) => {
        if (other?.kind === "dict")
          for (const [key, value] of other.entries) if (typeof key === "string") attributes.set(key, value);
        return none;
      });
    default:
      return undefined;
  }
}

// --------------------------------------------------------------------------------------------------------------- copies

/** A copy with parameters of its own, as `copy.deepcopy` makes it. */
export function copyOf(value: Value, copies = new Map<object, Value>()): Value {
  const known = copies.get(value);
  if (known) return known;
  const keep = <Copy extends Value>(copy: Copy): Copy => {
    copies.set(value, copy);
    return copy;
  };
  if (isTensor(value)) return keep({ ...value, data: value.data.copy() });
  if (value.kind === "native" && value.data instanceof Module)
    return keep(value.type.copy!(value, (item) => copyOf(item, copies)));
  if (value.kind === "instance") {
    const copy = keep<PythonInstance>({ ...value, attributes: new Map() });
    if (nativePart(value)) copy.data = copyOf(value.data as Value, copies);
    for (const [name, item] of value.attributes) copy.attributes.set(name, copyOf(item, copies));
    return copy;
  }
  if (value.kind === "list") {
    const copy = keep(list([]));
    if (copy.kind === "list") copy.items.push(...value.items.map((item) => copyOf(item, copies)));
    return copy;
  }
  if (value.kind === "tuple") return keep(tuple(value.items.map((item) => copyOf(item, copies))));
  if (value.kind === "dict")
    return keep({
      kind: "dict",
      entries: new Map([...value.entries].map(([key, item]) => [key, copyOf(item, copies)])),
    });
  return value;
}

/** `nn.Module` itself. */
export const baseSpec: LayerSpec = {
  name: "nn.Module",
  signature: "*rest",
  make: () => undefined,
  input: "*rest",
  forward: (call) => {
    throw call.not("without `forward`");
  },
};
