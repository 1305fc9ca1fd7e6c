/** Keras: the layers of `keras.layers`. */
import { tensors } from "../../graph/operations";
import type { Place } from "../../graph/nodes";
import { sizesOf, type Tensor } from "../../graph/tensor";
import { int, tuple, type Arguments, type Library, type Value } from "../values";
import { activations, activationOf } from "./activations";
import { Call, type Result } from "./call";
import { kerasFramework, parameterOf } from "./kerasBase";
import { keras } from "./kerasOps";
import { patchesOf } from "./images";
import { applied, isLayerNative, literal, written, type Layer, type LayerClass, type LayerSpec } from "./layers";
import { bothMasks, keptPairs, linear, multiHead, windowMask, type Projection } from "./multiHead";
import { notUnderstood } from "./objects";
import { flattened } from "./tensorFunctions";
import { asTensor, isTensor, tensorOf } from "./tensorState";
import { fromFront, opaqueOr } from "./tensorValue";

export const layerClasses = new Map<string, LayerClass>();

function define(name: string, spec: Omit<LayerSpec, "name">): void {
  layerClasses.set(name, kerasFramework.define({ name: `keras.layers.${name}`, ...spec }));
}

const value = (call: Call, name: string, fallback: number): Value => call.value(name) ?? int(fallback, call.place);

/** The bias of linear maps as `use_bias` says, and whether they are trained. */
const projection = ({ made, frozen }: Layer, name = "use_bias"): Projection => ({
  bias: made.boolean(name, true),
  biasPlace: written(made, name),
  frozen,
});

define("Layer", {
  signature: "*rest",
  base: true,
  input: "*rest",
  forward: (call) => {
    throw call.not("without `call`");
  },
});

// -------------------------------------------------------------------------------------------------------- linear maps

define("Dense", {
  signature: "units activation use_bias",
  make: (call, layer) => layer.attributes.set("units", call.needed("units")),
  input: "inputs",
  forward: (call, layer) => {
    const { made } = layer;
    const mapped = linear(call.tensor("inputs"), made.int("units"), projection(layer), call.place, literal(made, "units")); // prettier-ignore
    return activationOf(made, "activation", keras)(mapped);
  },
});

/** A linear map of the last axes to new last axes: "abc,cde->abde" and its like. */
function einsumDense(call: Call, layer: Layer): Tensor {
  const { made } = layer;
  const tensor = call.tensor("inputs");
  if (tensor.content.kind === "opaque") return tensor;
  const [inputs, output] = made.string("equation").replaceAll(/\s/g, "").split("->");
  const [own, kernel] = (inputs ?? "").split(",");
  if (!own || !kernel || output === undefined) throw made.not("with this `equation`");
  const plain = own.replace("...", "");
  const summed = [...plain].filter((label) => kernel.includes(label));
  const kept = own.slice(0, own.length - summed.length);
  const made_ = [...kernel].filter((label) => !summed.includes(label));
  const regular = plain.endsWith(summed.join("")) && output === kept + made_.join("") && summed.length > 0;
  if (!regular)
    return tensors.opaque(`\`EinsumDense\` with "${made.string("equation")}" is not understood`, call.place);
  const sizes = sizesOf(tensor);
  const front = sizes.slice(0, sizes.length - summed.length);
  const shape = made.items(made.needed("output_shape")).map((item) => (item.kind === "none" ? -1 : made.toInt(item)));
  const widths = shape.slice(-made_.length);
  const width = widths.reduce((product, size) => product * size, 1);
  const biased = made.has("bias_axes");
  if (biased && [...made.string("bias_axes")].some((label) => !made_.includes(label))) throw made.not("with these `bias_axes`"); // prettier-ignore
  const merged = tensors.reshape(tensor, [...front, -1], call.place);
  const how = { bias: biased, biasPlace: written(made, "bias_axes"), frozen: layer.frozen };
  const mapped = linear(merged, width, how, call.place);
  const result = mapped.content.kind === "opaque" ? mapped : tensors.reshape(mapped, [...front, ...widths], call.place);
  return activationOf(made, "activation", keras)(result);
}

define("EinsumDense", {
  signature: "equation output_shape activation bias_axes",
  make: (call) => void call.needed("equation"),
  input: "inputs",
  forward: (call, layer) => {
    const { made } = layer;
    // One size alone stands for the last axis.
    const shape = made.needed("output_shape");
    return shape.kind === "int" ? einsumDense(call, withShape(layer, shape)) : einsumDense(call, layer);
  },
});

function withShape(layer: Layer, size: Value): Layer {
  const { made } = layer;
  const named = new Map([...made.args.named, ["output_shape", tuple([size])] as const]);
  const args: Arguments = { ...made.args, positional: made.args.positional.slice(0, 1), named };
  const call = new Call(made.name, layer.spec.signature, args, made.at);
  return Object.assign(Object.create(Object.getPrototypeOf(layer) as object) as Layer, layer, { made: call });
}

/** Sizes of a window, and the steps by which it moves. */
const stepsOf = (made: Call): number[] => (made.has("strides") ? made.ints("strides") : [1]);

/** What a convolution is a linear map of: each token by itself, or the patches of an image; undefined where it is none. */
const convolved = {
  Conv1D: (tensor: Tensor, made: Call) =>
    [...made.ints("kernel_size"), ...stepsOf(made)].every((size) => size === 1) ? tensor : undefined,
  Conv2D: (tensor: Tensor, made: Call, place: Place) =>
    patchesOf(tensor, made.ints("kernel_size"), stepsOf(made), place),
};

for (const kind of ["Conv1D", "Conv2D"] as const)
  for (const name of [kind, kind.replace("Conv", "Convolution")])
    define(name, {
      signature: "filters kernel_size strides padding data_format dilation_rate groups activation use_bias",
      input: "inputs",
      forward: (call, layer) => {
        const { made } = layer;
        const tensor = call.tensor("inputs");
        const parts = convolved[kind](tensor, made, call.place);
        if (!parts || made.int("groups", 1) !== 1 || made.string("data_format", "channels_last") !== "channels_last")
          return opaqueOr(tensor, `\`${kind}\` with this kernel is not understood`, call.place);
        const mapped = linear(parts, made.int("filters"), projection(layer), call.place, literal(made, "filters"));
        return activationOf(made, "activation", keras)(mapped);
      },
    });

// --------------------------------------------------------------------------------------------------------- embeddings

function embedded(call: Call, layer: Layer): Result {
  const { made } = layer;
  const indices = call.tensor("inputs");
  const table = layer.get("embeddings");
  if (isTensor(table) && tensorOf(table).content.kind !== "parameter")
    return tensors.index(tensorOf(table), [{ kind: "tensor", tensor: tensors.convert(indices, "int") }], call.place);
  const [rows, width] = [made.int("input_dim"), made.int("output_dim")];
  return tensors.embedding({ rows, width, trainable: !layer.frozen, widthLiteral: literal(made, "output_dim") }, indices, call.place); // prettier-ignore
}

function makeEmbedding(call: Call, layer: Layer): void {
  const sizes = [call.int("input_dim"), call.int("output_dim")];
  for (const name of ["input_dim", "output_dim"]) layer.attributes.set(name, call.needed(name));
  const [given] = call.has("weights") ? call.items(call.needed("weights")) : [];
  const first = given && asTensor(given, call.place);
  layer.attributes.set("embeddings", parameterOf(first ?? tensors.parameter(sizes, !layer.frozen, call.place), !layer.frozen, call.at)); // prettier-ignore
}

define("Embedding", {
  signature: "input_dim output_dim mask_zero weights input_length",
  make: makeEmbedding,
  input: "inputs",
  forward: embedded,
});

/** The table for the input, and for the output where `reverse`. */
define("ReversibleEmbedding", {
  signature: "input_dim output_dim tie_weights mask_zero reverse_dtype logit_soft_cap",
  make: makeEmbedding,
  input: "inputs reverse",
  forward: (call, layer) =>
    call.boolean("reverse", false)
      ? linear(call.tensor("inputs"), layer.made.int("input_dim"), { bias: false, biasPlace: call.place, frozen: layer.frozen }, call.place) // prettier-ignore
      : embedded(call, layer),
});

// -------------------------------------------------------------------------------------------------------------- norms

function normalisation(name: string, kind: "layer" | "rms", signature: string): void {
  define(name, {
    signature,
    make: (call, layer) => layer.attributes.set("axis", value(call, "axis", -1)),
    input: "inputs",
    forward: (call, { made }) => {
      const tensor = call.tensor("inputs");
      if (made.has("rms_scaling") && made.boolean("rms_scaling", false)) throw made.not("with `rms_scaling`");
      const axes = made.has("axis") ? made.ints("axis").map((axis) => fromFront(axis, tensor.axes.length)) : [tensor.axes.length - 1]; // prettier-ignore
      if (tensor.content.kind !== "opaque" && (axes.length !== 1 || axes[0] !== tensor.axes.length - 1))
        return tensors.opaque("a normalisation over other axes than the features", call.place);
      return tensors.norm(tensor, kind, call.place);
    },
  });
}
normalisation("LayerNormalization", "layer", "axis epsilon center scale rms_scaling");
normalisation("RMSNormalization", "rms", "axis epsilon");

define("UnitNormalization", {
  signature: "axis",
  input: "inputs",
  forward: (call, { made }) => {
    const tensor = call.tensor("inputs");
    return tensors.unit(tensor, fromFront(made.int("axis", -1), tensor.axes.length), call.place);
  },
});

/** With the statistics of the training: a scale and a bias for each feature. */
define("BatchNormalization", {
  signature: "axis momentum epsilon center scale",
  input: "inputs",
  forward: (call, layer) => {
    const tensor = call.tensor("inputs");
    if (tensor.content.kind === "opaque") return tensor;
    if (fromFront(layer.made.int("axis", -1), tensor.axes.length) !== tensor.axes.length - 1) throw call.not("over other axes"); // prettier-ignore
    const width = sizesOf(tensor).at(-1) ?? 1;
    const vector = (): Tensor => tensors.parameter([width], !layer.frozen, call.place);
    return tensors.binary("+", tensors.binary("*", tensor, vector(), call.place), vector(), call.place);
  },
});

// ---------------------------------------------------------------------------------------- of each element by itself

for (const name of [
  "Dropout",
  "SpatialDropout1D",
  "AlphaDropout",
  "GaussianDropout",
  "GaussianNoise",
  "ActivityRegularization",
  "Identity",
  "Masking",
])
  // prettier-ignore
  define(name, {
    signature: "rate noise_shape mask_value l1 l2 stddev",
    input: "inputs mask",
    forward: (call) => call.needed("inputs"),
  });

define("Activation", {
  signature: "activation",
  make: (call) => void call.needed("activation"),
  input: "inputs",
  forward: (call, { made }) => activationOf(made, "activation", keras)(call.tensor("inputs")),
});

for (const [name, of, signature] of [
  ["ReLU", "relu", "max_value negative_slope threshold"],
  ["LeakyReLU", "leaky_relu", "negative_slope alpha"],
  ["ELU", "elu", "alpha"],
] as const)
  define(name, {
    signature,
    input: "inputs",
    forward: (call, { made }) => {
      if (name === "ReLU" && ["max_value", "negative_slope", "threshold"].some((each) => made.has(each))) throw made.not("with these arguments"); // prettier-ignore
      return activations.get(of)!(call.tensor("inputs"), call.place);
    },
  });

define("Softmax", {
  signature: "axis",
  input: "inputs mask",
  forward: (call, { made }) => {
    const scores = call.tensor("inputs");
    const mask = call.optionalTensor("mask");
    const kept = mask && keptPairs(mask, call.place);
    if (kept && kept.content.kind === "opaque") return kept;
    const masked = kept ? tensors.maskedFill(scores, tensors.unary("not", kept, kept.place), -Infinity, call.place) : scores; // prettier-ignore
    return tensors.softmax(masked, made.int("axis", -1), call.place);
  },
});

define("Lambda", {
  signature: "function output_shape mask arguments",
  make: (call) => void call.needed("function"),
  input: "inputs mask",
  forward: (call, { made }) =>
    call.at.interpreter.callWith(made.needed("function"), [call.needed("inputs")], call.place),
});

define("Rescaling", {
  signature: "scale offset",
  input: "inputs",
  forward: (call, { made }) => tensors.binary("+", tensors.binary("*", call.tensor("inputs"), made.number("scale"), call.place), made.number("offset", 0), call.place), // prettier-ignore
});

/** The same layer for every token; for layers that treat each token by itself anyway. */
const tokenwise = new Set(["Dense", "LayerNormalization", "RMSNormalization", "Dropout", "Activation", "ReLU", "LeakyReLU", "ELU"]); // prettier-ignore
define("TimeDistributed", {
  signature: "layer",
  make: (call) => void call.needed("layer"),
  input: "inputs mask",
  forward: (call, { made }) => {
    const inner = made.needed("layer");
    const name = isLayerNative(inner) ? inner.data.spec.name.replace("keras.layers.", "") : "";
    if (!tokenwise.has(name)) return opaqueOr(call.tensor("inputs"), "`TimeDistributed` of this layer is not understood", call.place); // prettier-ignore
    return applied(inner, [call.needed("inputs")], call.at, call.place);
  },
});

// ----------------------------------------------------------------------------------------------------------- merging

const merge = (run: (parts: readonly Tensor[], made: Call, place: Place) => Tensor) => (call: Call, made: Call): Tensor => run(call.tensors("inputs"), made, call.place); // prettier-ignore

const folded = (op: "+" | "-" | "*" | "max" | "min") =>
  merge((parts, _made, place) => parts.slice(1).reduce((all, part) => tensors.binary(op, all, part, place), parts[0]));

const merging: Record<string, (call: Call, made: Call) => Tensor> = {
  Add: folded("+"),
  Subtract: folded("-"),
  Multiply: folded("*"),
  Maximum: folded("max"),
  Minimum: folded("min"),
  Average: merge((parts, _made, place) => tensors.binary("/", parts.slice(1).reduce((all, part) => tensors.binary("+", all, part, place), parts[0]), parts.length, place)), // prettier-ignore
  Concatenate: merge((parts, made, place) => parts.find(({ content }) => content.kind === "opaque") ?? tensors.concatenate(parts, fromFront(made.int("axis", -1), parts[0].axes.length), place)), // prettier-ignore
};
for (const [name, run] of Object.entries(merging))
  define(name, { signature: "axis", input: "inputs", forward: (call, { made }) => run(call, made) });

/** `layers.add([a, b])` and its like. */
const mergeFunctions = new Map<string, Value>(
  Object.entries(merging).map(([name, run]): [string, Value] => [
    name.toLowerCase(),
    keras.function(`keras.layers.${name.toLowerCase()}`, { signature: "inputs axis", view: false, run: (call) => run(call, call) }), // prettier-ignore
  ]),
);

// ------------------------------------------------------------------------------------------------------------- shapes

define("Reshape", {
  signature: "target_shape",
  make: (call) => void call.ints("target_shape"),
  input: "inputs",
  forward: (call, { made }) => {
    const tensor = call.tensor("inputs");
    if (tensor.content.kind === "opaque") return tensor;
    return tensors.reshape(tensor, [sizesOf(tensor)[0] ?? 1, ...made.ints("target_shape")], call.place);
  },
});

define("Permute", {
  signature: "dims",
  make: (call) => void call.ints("dims"),
  input: "inputs",
  forward: (call, { made }) => tensors.permute(call.tensor("inputs"), [0, ...made.ints("dims")], call.place),
});

define("Flatten", {
  signature: "data_format",
  input: "inputs",
  forward: (call) => flattened(call.tensor("inputs"), 1, -1, call.place),
});

for (const name of ["GlobalAveragePooling1D", "GlobalAvgPool1D", "GlobalMaxPooling1D", "GlobalMaxPool1D"])
  define(name, {
    signature: "data_format keepdims",
    input: "inputs mask",
    forward: (call, { made }) => {
      const axis = made.string("data_format", "channels_last") === "channels_first" ? 2 : 1;
      return tensors.mean(call.tensor("inputs"), [axis], made.boolean("keepdims", false), call.place);
    },
  });

// ---------------------------------------------------------------------------------------------------------- attention

/** The masks of a call of an attention layer together; padding that Keras finds itself is no part of the sequence. */
function pairsMask(call: Call, made: Call): Tensor | undefined {
  const kept = (name: string, axis: number): Tensor | undefined => {
    const mask = call.optionalTensor(name);
    return mask && keptPairs(mask.content.kind === "opaque" ? mask : tensors.unsqueeze(mask, axis), call.place);
  };
  const given = call.optionalTensor("attention_mask");
  let mask = given && keptPairs(given, call.place);
  for (const [name, axis] of [
    ["query_mask", 2],
    ["value_mask", 1],
    ["key_mask", 1],
  ] as const)
    // prettier-ignore
    mask = bothMasks(mask, kept(name, axis), call.place);
  if (!made.has("sliding_window")) return mask;
  const [queries, keys] = [call.tensor("query"), call.tensor("value")].map((tensor) => sizesOf(tensor)[1] ?? 1);
  const reach = made.int("sliding_window") - 1;
  return bothMasks(mask, windowMask(queries, keys, reach, reach, written(made, "sliding_window")), call.place);
}

const attentionInputs = "query value key query_mask value_mask key_mask attention_mask return_attention_scores use_causal_mask"; // prettier-ignore

interface Sizes {
  heads: number;
  headsName: string;
  keyHeads: number;
  keyWidth: number;
  valueWidth: number;
}

export function attended(call: Call, layer: Layer, sizes: Sizes): Result {
  const { made } = layer;
  const query = call.tensor("query");
  const val = call.tensor("value");
  const key = call.optionalTensor("key") ?? val;
  const width = sizesOf(query).at(-1) ?? 1;
  const outWidth = made.has("output_shape") ? made.ints("output_shape") : [width];
  if (outWidth.length !== 1 || made.has("attention_axes")) throw made.not("with these axes");
  const causal = call.boolean("use_causal_mask", false) ? { argument: call.placeOf("use_causal_mask") } : undefined;
  const read = multiHead(
    { query, key, value: val },
    {
      ...projection(layer),
      ...sizes,
      headsPlace: written(made, sizes.headsName),
      outWidth: outWidth[0],
      widthLiteral: literal(made, "output_shape"),
      normalised: false,
      gated: made.boolean("use_gate", false),
    },
    { mask: pairsMask(call, made), causal },
    call.place,
  );
  if (!call.boolean("return_attention_scores", false)) return read;
  return tuple([keras.wrap(read), keras.wrap(tensors.opaque("the weights of attention", call.place))]);
}

define("MultiHeadAttention", {
  signature: "num_heads key_dim value_dim dropout use_bias output_shape attention_axes sliding_window use_gate",
  make: (call, layer) => {
    for (const name of ["num_heads", "key_dim"]) layer.attributes.set(name, call.needed(name));
    layer.attributes.set("value_dim", call.value("value_dim") ?? call.needed("key_dim"));
    void [call.int("num_heads"), call.int("key_dim")];
  },
  input: attentionInputs,
  forward: (call, layer) => {
    const { made } = layer;
    const [heads, keyWidth] = [made.int("num_heads"), made.int("key_dim")];
    const valueWidth = made.int("value_dim", keyWidth);
    return attended(call, layer, { heads, headsName: "num_heads", keyHeads: heads, keyWidth, valueWidth });
  },
});

for (const name of ["GroupQueryAttention", "GroupedQueryAttention"])
  define(name, {
    signature: "head_dim num_query_heads num_key_value_heads dropout use_bias sliding_window use_gate",
    make: (call, layer) => {
      for (const size of ["head_dim", "num_query_heads", "num_key_value_heads"]) layer.attributes.set(size, call.needed(size)); // prettier-ignore
      if (call.int("num_query_heads") % call.int("num_key_value_heads") !== 0) throw call.not("with these heads");
      void call.int("head_dim");
    },
    input: attentionInputs,
    forward: (call, layer) => {
      const { made } = layer;
      const width = made.int("head_dim");
      return attended(call, layer, {
        heads: made.int("num_query_heads"),
        headsName: "num_query_heads",
        keyHeads: made.int("num_key_value_heads"),
        keyWidth: width,
        valueWidth: width,
      });
    },
  });

/** Attention without projections and heads: softmax(query key^T) value. */
define("Attention", {
  signature: "use_scale score_mode dropout",
  input: "inputs mask return_attention_scores use_causal_mask",
  forward: (call, { made }) => {
    if (made.string("score_mode", "dot") !== "dot") throw made.not("with this `score_mode`");
    const [query, val, key = val] = call.tensors("inputs");
    if (!val) throw call.not("of one tensor");
    const masks = call.has("mask") ? call.items(call.needed("mask")) : [];
    if (masks.some((mask) => mask.kind !== "none")) throw call.not("with `mask`");
    const causal = call.boolean("use_causal_mask", false) ? { argument: call.placeOf("use_causal_mask") } : undefined;
    const read = tensors.attention(query, key, val, { mask: undefined, causal, kernel: "softmax", heads: undefined }, call.place); // prettier-ignore
    if (!call.boolean("return_attention_scores", false)) return read;
    return tuple([keras.wrap(read), keras.wrap(tensors.opaque("the weights of attention", call.place))]);
  },
});

/** The names of `keras.layers`; those that are not understood give what is not understood. */
export const layerNames: Library = (name) =>
  layerClasses.get(name)?.value ?? mergeFunctions.get(name) ?? (/^[A-Z]/.test(name) ? notUnderstood(`keras.layers.${name}`, keras) : undefined); // prettier-ignore
