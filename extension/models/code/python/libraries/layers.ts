/**
 * Layers of Keras and Flax: what classes of these libraries and classes of the source that derive from them have in common. (PyTorch's
 * modules, which keep their parameters by name, are torchModule.ts.)
 */
import { tensors } from "../../graph/operations";
import type { Place } from "../../graph/nodes";
import type { Tensor } from "../../graph/tensor";
import { nativeFunction, none, string, unknown, type Arguments, type At, type Native, type NativeType, type PythonClass, type PythonInstance, type Value } from "../values"; // prettier-ignore
import { Call, NotUnderstood, type Result } from "./call";
import { whileCalled } from "./running";
import { notUnderstood } from "./objects";
import { asTensor, isTensor } from "./tensorState";
import type { TensorFamily } from "./tensorValue";

/** A layer of the library. */
export class Layer {
  /** Options, parts and weights that code may ask for. */
  readonly attributes = new Map<string, Value>();

  constructor(
    readonly spec: LayerSpec,
    /** The call of the constructor. */
    readonly made: Call,
    /** Why it is not understood, if it is not. */
    readonly problem?: NotUnderstood,
  ) {}

  get(name: string): Value {
    return this.attributes.get(name) ?? none;
  }

  /** Whether its weights are not trained. */
  get frozen(): boolean {
    const trainable = this.attributes.get("trainable");
    return trainable?.kind === "bool" && !trainable.value;
  }
}

/** A class of the library. */
export interface LayerSpec {
  /** As in messages: "keras.layers.Dense". */
  name: string;
  /** Of the constructor. */
  signature: string;
  make?(call: Call, layer: Layer): void;
  /** Of the call. */
  input: string;
  forward(call: Call, layer: Layer): Result;
  /** Methods and attributes of its own. */
  methods?: Readonly<Record<string, (layer: Layer, args: Arguments, at: At) => Value>>;
  /** Whether it has items, which are its attributes. */
  container?: "list" | "dict";
  setAttribute?(layer: Layer, name: string, value: Value): void;
  /** Whether it is the class from which layers of the source derive, which adds nothing of its own. */
  base?: boolean;
}

export interface LayerFrameworkSpec {
  family: TensorFamily;
  /** The method that computes. */
  method: string;
  /** Arguments of constructors, and of calls, that change nothing of what a layer computes. */
  neutral: ReadonlySet<string>;
  neutralInputs: ReadonlySet<string>;
  /** Those of them that layers keep as attributes. */
  kept: readonly string[];
  /** A class of the source has been derived from one of the library. */
  derived?: (type: PythonClass, at: At) => void;
  /** An attribute of all layers, those of classes of the source among them. */
  attribute?(self: PythonInstance | Native, name: string, at: At): Value | undefined;
  /** How the call of an instance of a class of the source goes; without it, `method` is called. */
  call?(self: PythonInstance, args: Arguments, at: At): Value;
}

/** A class of the library and how its instances are made. */
export interface LayerClass {
  value: Native;
  spec: LayerSpec;
  create(args: Arguments, at: At): Native;
}

export type LayerNative = Native & { data: Layer };
export const isLayerNative = (value: Value): value is LayerNative =>
  value.kind === "native" && value.data instanceof Layer;

export interface LayerFramework {
  family: TensorFamily;
  define(spec: LayerSpec): LayerClass;
  /** A layer of the library or an object of a class of the source that derives from one. */
  isLayer(value: Value): boolean;
  isLayerClass(type: PythonClass): boolean;
}

export function without(args: Arguments, names: ReadonlySet<string>): Arguments {
  if (![...args.named.keys()].some((name) => names.has(name))) return args;
  return { ...args, named: new Map([...args.named].filter(([name]) => !names.has(name))) };
}

export function layerFramework(how: LayerFrameworkSpec): LayerFramework {
  const { family } = how;
  const classes = new WeakSet<NativeType>();

  const forward = (layer: Layer, args: Arguments, at: At): Value => {
    const { problem, spec } = layer;
    if (problem) return family.wrap(tensors.opaque(problem.reason, problem.place));
    const operation = { signature: spec.input, view: false, run: (call: Call) => spec.forward(call, layer) };
    return family.run(spec.name, operation, without(args, how.neutralInputs), at);
  };

  const own = (self: PythonInstance | Native, layer: Layer, name: string, at: At): Value | undefined => {
    const { methods, container, name: label } = layer.spec;
    if (container !== "dict" && layer.attributes.has(name)) return layer.attributes.get(name);
    const run = methods && Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (run) return nativeFunction(`${label}.${name}`, (args, here) => run(layer, args, here));
    if (container === "dict" && layer.attributes.has(name)) return layer.attributes.get(name);
    if (name === how.method || name === "__call__")
      return nativeFunction(`${label}.${name}`, (args, here) => forward(layer, args, here));
    return how.attribute?.(self, name, at);
  };

  const items = (layer: Layer): readonly Value[] | undefined =>
    layer.spec.container === "list"
      ? [...layer.attributes.values()]
      : layer.spec.container === "dict"
        ? [...layer.attributes.keys()].map(string)
        : undefined;

  const item = (layer: Layer, index: Value, at: At): Value => {
    const { container, name } = layer.spec;
    if (container === "list")
      return at.interpreter.item({ kind: "list", items: [...layer.attributes.values()] }, index, at.place);
    const found = container === "dict" && index.kind === "string" ? layer.attributes.get(index.value) : undefined;
    return found ?? unknown(`an item of \`${name}\``, at.place);
  };

  const define = (spec: LayerSpec): LayerClass => {
    const build = (args: Arguments, at: At): Layer => {
      const call = (signature: string, given: Arguments): Call => new Call(spec.name, signature, given, at);
      try {
        const made = call(spec.signature, without(args, how.neutral));
        const layer = new Layer(spec, made);
        for (const name of how.kept) {
          const value = args.named.get(name);
          if (value) layer.attributes.set(name, value);
        }
        spec.make?.(made, layer);
        return layer;
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error;
        const nothing: Arguments = { ...args, positional: [], named: new Map() };
        return new Layer(spec, call("", nothing), error);
      }
    };
    const setAttribute = (layer: Layer, name: string, value: Value): boolean => {
      layer.attributes.set(name, value);
      spec.setAttribute?.(layer, name, value);
      return true;
    };
    const instanceType: NativeType = {
      name: `\`${spec.name}\``,
      attribute: (self, name, at) => own(self, self.data as Layer, name, at),
      setAttribute: (self, name, value) => setAttribute(self.data as Layer, name, value),
      call: (self, args, at) => forward(self.data as Layer, args, at),
      item: (self, index, at) => item(self.data as Layer, index, at),
      iterate: (self) => items(self.data as Layer),
      truth: (self) => (spec.container ? (self.data as Layer).attributes.size > 0 : true),
    };
    const create = (args: Arguments, at: At): Native => ({ kind: "native", type: instanceType, data: build(args, at) });
    const type: NativeType = {
      name: `\`${spec.name}\``,
      isClass: true,
      call: (_self, args, at) => create(args, at),
      hasInstance: (_self, value) =>
        isLayerNative(value) ? spec.base === true || value.type === instanceType : value.kind === "unknown" || value.kind === "instance" ? undefined : false, // prettier-ignore
      derived: how.derived,
      instanceInit: (self, args, at) => {
        if (!spec.base) self.data = build(args, at);
      },
      instanceAttribute: (self, name, at) =>
        self.data instanceof Layer ? own(self, self.data, name, at) : how.attribute?.(self, name, at),
      instanceSetAttribute: (self, name, value) => {
        if (self.data instanceof Layer && self.data.attributes.has(name)) setAttribute(self.data, name, value);
        return false;
      },
      instanceCall: (self, args, at) =>
        whileCalled(at, () =>
          how.call
            ? how.call(self, args, at)
            : at.interpreter.call(at.interpreter.attribute(self, how.method, at.place), args, at.place),
        ),
      instanceItem: (self, index, at) =>
        self.data instanceof Layer ? item(self.data, index, at) : unknown("an item of a layer", at.place),
      instanceIterate: (self) => (self.data instanceof Layer ? items(self.data) : undefined),
    };
    classes.add(type);
    return { value: { kind: "native", type, data: undefined }, spec, create };
  };

  const isLayerClass = (type: PythonClass): boolean =>
    type.mro.some((base) => base.kind === "native" && classes.has(base.type));
  const specs = new WeakSet<LayerSpec>();
  return {
    family,
    define: (spec) => {
      specs.add(spec);
      return define(spec);
    },
    isLayer: (value) =>
      isLayerNative(value) ? specs.has(value.data.spec) : value.kind === "instance" && isLayerClass(value.type),
    isLayerClass,
  };
}

/** A layer made by the library itself, from a call of the source: `names` says which of its arguments are where. */
export function createLayer(
  type: LayerClass,
  given: Record<string, Value | undefined>,
  of: Call,
  names: Record<string, string> = {},
): Native {
  const named = new Map(Object.entries(given).flatMap(([key, value]): [string, Value][] => (value ? [[key, value]] : []))); // prettier-ignore
  const written = new Map([...named.keys()].map((key) => [key, of.placeOf(names[key] ?? key)]));
  const args: Arguments = { positional: [], named, place: of.place, places: { positional: [], named: written } };
  return type.create(args, { place: of.place, interpreter: of.at.interpreter });
}

/** Calls a layer or function of the source or the library; what gives no tensor is not understood. */
export function applied(callee: Value, given: readonly Value[], at: At, place: Place): Tensor {
  const result = at.interpreter.callWith(callee, given, place);
  return asTensor(result, place) ?? tensors.opaque("what a layer gives is no tensor", place);
}

/** The literal that an argument's value is written as, if there is one. */
export function literal(call: Call, name: string): Place | undefined {
  const value = call.value(name);
  return value && "literal" in value ? value.literal : undefined;
}

/** Where an argument's value is written, or the call. */
export const written = (call: Call, name: string): Place => (call.has(name) ? call.literalOf(name) : call.place);

/** A name of a library that is not understood: a class by its capital, else a function. */
export function lostName(name: string, family: TensorFamily): Native {
  if (/^[A-Z]/.test(name.slice(name.lastIndexOf(".") + 1))) return notUnderstood(name, family);
  const reason = `\`${name}\` is not understood`;
  return nativeFunction(
    name,
    (args, { place }) =>
    [...args.positional, ...args.named.values()].some(isTensor) ? family.wrap(tensors.opaque(reason, place)) : unknown(reason, place), // prettier-ignore
  );
}
