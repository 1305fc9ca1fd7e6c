/** Flax: Linen's modules, and NNX's. */
import { tensors } from "../../graph/operations";
import { sizesOf, type Tensor } from "../../graph/tensor";
import { bool, nativeFunction, none, unknown, type Arguments, type At, type Library, type Native, type NativeType, type PythonClass, type PythonInstance, type Value } from "../values"; // prettier-ignore
import { operation, type Call, type Result } from "./call";
import { inert } from "./dtypes";
import {
  attended,
  attentionFunction,
  general,
  maskFunctions,
  neutral,
  neutralInputs,
  norm,
  projection,
} from "./flaxLayers";
import { freshKey, initializers, jax, nnOperations } from "./jax";
import { patchesOf } from "./images";
import { lostName, layerFramework, literal, type LayerFramework, type LayerSpec } from "./layers";
import { linear } from "./multiHead";
import { classValue } from "./objects";
import { sharedFunctions } from "./tensorFunctions";
import { asTensor, isTensor, TensorState } from "./tensorState";
import { opaqueOr } from "./tensorValue";
import { transparent } from "./torch";

const parameterOf = (start: Tensor, trainable: boolean, at: At): Native => ({
  kind: "native",
  type: jax.type,
  data: TensorState.parameter(start, trainable, at.place),
});

// --------------------------------------------------------------------------------------------------------------- linen

/** Its fields are those of the class body that have annotations, as a dataclass's; `parent` and `name` are always there. */
function dataclass(type: PythonClass, at: At): void {
  if (type.fields) return;
  const fields = new Map<string, Value | undefined>();
  for (const base of [...type.mro].reverse()) {
    if (base.kind !== "class") continue;
    for (const [name, written] of base.annotations) {
      if (!at.interpreter.textOf({ from: written.from, to: written.to }).includes("ClassVar")) fields.set(name, base.attributes.get(name)); // prettier-ignore
    }
    for (const name of fields.keys()) if (base.attributes.has(name)) fields.set(name, base.attributes.get(name));
  }
  for (const name of ["parent", "name"]) if (!fields.has(name)) fields.set(name, none);
  type.fields = fields;
}

/** Modules whose `setup` has begun. */
const setUp = new WeakSet<PythonInstance>();

/** Runs `setup` when something that it may set is asked for. */
function afterSetup(self: PythonInstance, name: string, at: At): Value | undefined {
  if (setUp.has(self) || (name.startsWith("__") && name !== "__call__")) return undefined;
  const own = self.type.mro.flatMap((base) => (base.kind === "class" ? (base.attributes.get("setup") ?? []) : []))[0];
  if (!own || name === "setup") return undefined;
  setUp.add(self);
  const result = at.interpreter.callWith({ kind: "bound", self, callee: own }, [], at.place);
  if (result.kind === "unknown" && !self.attributes.has(name)) return result;
  return self.attributes.get(name);
}

/** `self.param(name, init, *args)`: a learned array of the shape that the initializer gives. */
function param(args: Arguments, at: At, trainable: boolean): Value {
  const init = args.positional[1] ?? args.named.get("init_fn");
  if (!init) return unknown("a parameter without its initializer", at.place);
  const start = at.interpreter.callWith(init, [inert, ...args.positional.slice(2)], at.place);
  const tensor = asTensor(start, at.place);
  if (!tensor || tensor.content.kind === "opaque")
    return jax.wrap(tensor ?? tensors.opaque("a parameter whose initializer is not understood", at.place));
  return parameterOf(trainable ? tensors.parameter(sizesOf(tensor), true, at.place) : tensor, trainable, at);
}

/** `self.variable(collection, name, init, *args)`: what it holds at first. */
function variable(args: Arguments, at: At): Value {
  const [, , init, ...rest] = args.positional;
  if (!init) return unknown("a variable without its initializer", at.place);
  const type: NativeType = {
    name: "a variable",
    attribute: ({ data }, name) => (name === "value" ? (data as Value) : undefined),
  };
  return { kind: "native", type, data: at.interpreter.callWith(init, rest, at.place) };
}

function linenAttribute(self: PythonInstance | Native, name: string, at: At): Value | undefined {
  const found = self.kind === "instance" ? afterSetup(self, name, at) : undefined;
  if (found) return found;
  switch (name) {
    case "param":
      return nativeFunction("self.param", (args, here) => param(args, here, true));
    case "variable":
      return nativeFunction("self.variable", variable);
    case "make_rng":
      return nativeFunction("self.make_rng", () => freshKey);
    case "has_variable":
    case "is_initializing":
    case "is_mutable_collection":
      return nativeFunction(`self.${name}`, () => bool(false));
    case "sow":
    case "perturb":
      return nativeFunction(`self.${name}`, (args) => (name === "sow" ? bool(false) : (args.positional[1] ?? none)));
    case "clone":
      return nativeFunction("self.clone", () => self);
    case "init":
    case "apply":
    case "tabulate":
    case "lazy_init":
    case "init_with_output":
      return nativeFunction(`self.${name}`, (_args, { place }) => unknown(`the result of \`${name}\``, place));
    default:
      return undefined;
  }
}

export const linen: LayerFramework = layerFramework({
  family: jax,
  method: "__call__",
  neutral,
  neutralInputs,
  kept: [],
  derived: dataclass,
  attribute: linenAttribute,
});

// ----------------------------------------------------------------------------------------------------------------- nnx

/** `nnx.Rngs` and its streams: keys of the parameters while a module is made, others whenever it is called. */
const rngsType: NativeType = {
  name: "`nnx.Rngs`",
  attribute: (self, name) => (name === "dropout" ? freshRngs : self),
  call: (self) => (self === freshRngs ? freshKey : inert),
};
const rngs: Native = { kind: "native", type: rngsType, data: undefined };
const freshRngs: Native = { kind: "native", type: rngsType, data: undefined };

export const nnx: LayerFramework = layerFramework({
  family: jax,
  method: "__call__",
  neutral,
  neutralInputs,
  kept: [],
  attribute: (_self, name) => {
    if (["train", "eval", "set_attributes", "sow"].includes(name)) return nativeFunction(`self.${name}`, () => none);
    return name === "__init__" ? nativeFunction("nnx.Module.__init__", () => none) : undefined;
  },
});

// -------------------------------------------------------------------------------------------------------- their layers

const linenValues = new Map<string, Value>();
const nnxValues = new Map<string, Value>();

function define(of: "linen" | "nnx", name: string, spec: Omit<LayerSpec, "name">): void {
  const [framework, values, prefix] = of === "linen" ? ([linen, linenValues, "nn"] as const) : ([nnx, nnxValues, "nnx"] as const); // prettier-ignore
  values.set(name, framework.define({ name: `${prefix}.${name}`, ...spec }).value);
}

const both = ["linen", "nnx"] as const;
for (const of of both) {
  define(of, "Module", {
    signature: "*rest",
    base: true,
    input: "*rest",
    forward: (call) => {
      throw call.not("without `__call__`");
    },
  });
  for (const [name, kind, linenNames, nnxNames] of [
    ["LayerNorm", "layer", "epsilon use_bias use_scale reduction_axes feature_axes", "num_features epsilon use_bias use_scale reduction_axes feature_axes"], // prettier-ignore
    ["RMSNorm", "rms", "epsilon use_scale reduction_axes feature_axes", "num_features epsilon use_scale reduction_axes feature_axes"], // prettier-ignore
  ] as const)
    define(of, name, {
      signature: of === "linen" ? linenNames : nnxNames,
      input: "inputs mask",
      forward: (call, layer) => norm(call, layer, kind),
    });
  define(of, "Dropout", {
    signature: "rate broadcast_dims",
    input: "inputs deterministic rng",
    forward: (call) => call.needed("inputs"),
  });
  define(of, "Embed", {
    signature: "num_embeddings features",
    make: (call, layer) => {
      const sizes = [call.int("num_embeddings"), call.int("features")];
      for (const name of ["num_embeddings", "features"]) layer.attributes.set(name, call.needed(name));
      layer.attributes.set("embedding", parameterOf(tensors.parameter(sizes, true, call.place), true, call.at));
    },
    input: "inputs",
    forward: (call, { made }) =>
      tensors.embedding({ rows: made.int("num_embeddings"), width: made.int("features"), trainable: true, widthLiteral: literal(made, "features") }, call.tensor("inputs"), call.place), // prettier-ignore
    methods: {
      attend: (layer, args, at) =>
        jax.run("Embed.attend", operation("query", (call) => linear(call.tensor("query"), layer.made.int("num_embeddings"), { bias: false, biasPlace: call.place, frozen: false }, call.place)), args, at), // prettier-ignore
    },
  });
  define(of, "BatchNorm", {
    signature: "num_features use_running_average axis momentum epsilon use_bias use_scale axis_name axis_index_groups",
    input: "inputs use_running_average mask",
    forward: (call, { made }) => batchNorm(call, made),
  });
  define(of, "Sequential", {
    signature: of === "linen" ? "layers" : "*layers",
    container: "list",
    make: (call, layer) => {
      const items = of === "linen" ? call.items(call.needed("layers")) : call.rest;
      for (const [i, item] of items.entries()) layer.attributes.set(String(i), item);
    },
    input: "inputs *rest",
    forward: (call, layer) => [...layer.attributes.values()].reduce((value, item) => call.at.interpreter.callWith(item, [value], call.place), call.needed("inputs")), // prettier-ignore
  });
}

/** With the statistics of the training: a scale and a bias for each feature. */
function batchNorm(call: Call, made: Call): Tensor {
  const tensor = call.tensor("inputs");
  if (tensor.content.kind === "opaque") return tensor;
  if (made.has("axis") && made.int("axis") !== -1) throw made.not("over another axis");
  const vector = (): Tensor => tensors.parameter([sizesOf(tensor).at(-1) ?? 1], true, call.place);
  return tensors.binary("+", tensors.binary("*", tensor, vector(), call.place), vector(), call.place);
}

define("linen", "Dense", {
  signature: "features use_bias",
  make: (call, layer) => layer.attributes.set("features", call.needed("features")),
  input: "inputs",
  forward: (call, layer) => linear(call.tensor("inputs"), layer.made.int("features"), projection(layer), call.place, literal(layer.made, "features")), // prettier-ignore
});
define("linen", "DenseGeneral", {
  signature: "features axis batch_dims use_bias",
  make: (call) => void call.needed("features"),
  input: "inputs",
  forward: (call, layer) => general(call, layer, "features"),
});
define("nnx", "Linear", {
  signature: "in_features out_features use_bias",
  make: (call, layer) => {
    for (const name of ["in_features", "out_features"]) layer.attributes.set(name, call.needed(name));
    const sizes = [call.int("in_features"), call.int("out_features")];
    layer.attributes.set("kernel", parameterOf(tensors.parameter(sizes, true, call.place), true, call.at));
  },
  input: "inputs",
  forward: (call, layer) => linear(call.tensor("inputs"), layer.made.int("out_features"), projection(layer), call.place, literal(layer.made, "out_features")), // prettier-ignore
});
define("nnx", "LinearGeneral", {
  signature: "in_features out_features axis batch_axis use_bias",
  make: (call) => void call.needed("out_features"),
  input: "inputs",
  forward: (call, layer) => general(call, layer, "out_features"),
});
for (const of of both)
  define(of, "Conv", {
    signature: `${of === "nnx" ? "in_features out_features" : "features"} kernel_size strides padding input_dilation kernel_dilation feature_group_count use_bias mask`, // prettier-ignore
    input: "inputs",
    forward: (call, layer) => {
      const { made } = layer;
      const tensor = call.tensor("inputs");
      const single = made.ints("kernel_size");
      const strides = made.has("strides") ? made.ints("strides") : [1];
      const features = of === "nnx" ? "out_features" : "features";
      const patches = patchesOf(tensor, single, strides, call.place);
      if (patches) return linear(patches, made.int(features), projection(layer), call.place, literal(made, features));
      const pointwise = single.length === 1 && single[0] === 1 && (!made.has("strides") || made.ints("strides").every((each) => each === 1)) && made.int("feature_group_count", 1) === 1; // prettier-ignore
      if (!pointwise || made.has("mask")) return opaqueOr(tensor, `\`${made.name}\` with this kernel is not understood`, call.place); // prettier-ignore
      return linear(tensor, made.int(of === "nnx" ? "out_features" : "features"), projection(layer), call.place);
    },
  });

const attentionArguments = "qkv_features out_features use_bias attention_fn decode normalize_qk";
const attentionInputs = "inputs_q inputs_k inputs_v inputs_kv mask";
for (const [name, input] of [
  ["MultiHeadDotProductAttention", attentionInputs],
  ["MultiHeadAttention", attentionInputs],
  // Its second argument by position is the mask.
  ["SelfAttention", "inputs_q mask"],
] as const)
  define("linen", name, {
    signature: `num_heads ${attentionArguments}`,
    make: (call) => void call.int("num_heads"),
    input,
    forward: attended,
  });
define("nnx", "MultiHeadAttention", {
  signature: "num_heads in_features qkv_features out_features num_kv_heads in_kv_features use_bias attention_fn decode normalize_qk", // prettier-ignore
  make: (call, layer) => {
    for (const name of ["num_heads", "in_features"]) layer.attributes.set(name, call.needed(name));
    void call.int("num_heads");
  },
  input: `${attentionInputs} decode is_causal`,
  forward: attended,
});

/** Lists and dicts of modules. */
for (const [name, kind] of [
  ["List", "list"],
  ["Dict", "dict"],
] as const)
  // prettier-ignore
  define("nnx", name, {
    signature: "items *rest",
    container: kind,
    make: (call, layer) => {
      const items = call.value("items");
      if (items?.kind === "dict") {
        for (const [key, value] of items.entries) if (typeof key === "string") layer.attributes.set(key, value);
      } else if (items) {
        for (const [i, value] of call.items(items).entries()) layer.attributes.set(String(i), value);
      }
    },
    input: "*rest",
    forward: (call) => {
      throw call.not("called");
    },
    methods: {
      append: (layer, args) => {
        if (args.positional[0]) layer.attributes.set(String(layer.attributes.size), args.positional[0]);
        return none;
      },
    },
  });

/** `nnx.Param(array)`: learned; `nnx.Variable` and its like hold what they are given. */
const learned = (name: string, trainable: boolean): Native =>
  classValue(
    `nnx.${name}`,
    (args, at) =>
      jax.run(
        `nnx.${name}`,
        operation("input", (call): Result => {
          const start = call.tensor("input");
          if (start.content.kind === "opaque") return start;
          return parameterOf(trainable ? tensors.parameter(sizesOf(start), true, at.place) : start, trainable, at);
        }),
        { ...args, named: new Map() },
        at,
      ),
    (value) => (value.kind === "unknown" ? undefined : isTensor(value) && value.data.isParameter),
  );

const decorators = ["compact", "nowrap", "jit", "remat", "checkpoint", "named_call", "pure", "custom_vjp", "module_init_context"]; // prettier-ignore
/** Functions that activations and masks are, under the names of both interfaces. */
const functions: [string, Value][] = [
  ...[...nnOperations, ...maskFunctions].map(([name, of]): [string, Value] => [name, jax.function(`nn.${name}`, of)]),
  ["dot_product_attention", attentionFunction],
  ["exp", jax.function("nn.exp", sharedFunctions.get("exp")!)],
];
for (const [name, value] of functions) {
  linenValues.set(name, value);
  nnxValues.set(name, value);
}
for (const name of decorators) {
  linenValues.set(name, transparent(`nn.${name}`));
  nnxValues.set(name, transparent(`nnx.${name}`));
}
linenValues.set("with_logical_constraint", nativeFunction("nn.with_logical_constraint", (args) => args.positional[0] ?? none)); // prettier-ignore
linenValues.set(
  "with_partitioning",
  nativeFunction("nn.with_partitioning", (args) => args.positional[0] ?? none),
);
linenValues.set("with_logical_partitioning", nativeFunction("nn.with_logical_partitioning", (args) => args.positional[0] ?? none)); // prettier-ignore
linenValues.set("merge_param", nativeFunction("nn.merge_param", (args) => args.positional.slice(1).find(({ kind }) => kind !== "none") ?? none)); // prettier-ignore
nnxValues.set(
  "Rngs",
  nativeFunction("nnx.Rngs", () => rngs),
);
nnxValues.set("Param", learned("Param", true));
for (const name of ["Variable", "BatchStat", "Cache", "Intermediate"]) nnxValues.set(name, learned(name, false));
for (const name of ["Optimizer", "Metric", "metrics", "state", "split", "merge"]) nnxValues.set(name, inert);
nnxValues.set(
  "data",
  nativeFunction("nnx.data", (args) => args.positional[0] ?? none),
);

const named =
  (values: ReadonlyMap<string, Value>, prefix: string): Library =>
  (name) =>
    name === "initializers" || name === "nn" ? undefined : (values.get(name) ?? lostName(`${prefix}.${name}`, jax));

export const flaxLibraries: readonly [string, Library][] = [
  ["flax", () => undefined],
  ["flax.linen", named(linenValues, "nn")],
  ["flax.linen.initializers", initializers],
  ["flax.linen.attention", named(linenValues, "nn")],
  ["flax.nnx", named(nnxValues, "nnx")],
  ["flax.nnx.nn", named(nnxValues, "nnx")],
  ["flax.nnx.initializers", initializers],
  ["flax.nnx.nn.initializers", initializers],
  ["flax.typing", () => inert],
  ["flax.core", () => undefined],
  ["flax.struct", (name) => (name === "dataclass" ? undefined : inert)],
  ["flax.training", () => undefined],
];
