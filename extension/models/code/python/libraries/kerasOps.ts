/** Keras: tensors, and the functions of `keras.ops`. */
import { tensors } from "../../graph/operations";
import type { Place } from "../../graph/nodes";
import { sizesOf, type Tensor } from "../../graph/tensor";
import { float, int, none, tuple, unknown, type Library, type Value } from "../values";
import { activationFunctions } from "./activations";
import { operation, view, type Call, type Operation } from "./call";
import { dtype } from "./dtypes";
import { registerFamily } from "./einops";
import { patchesOf, sizesOfImage } from "./images";
import { keptPairs, tokensFirst } from "./multiHead";
import { numpyFunctions } from "./numpy";
import { axesOf, flattened, fullOf, linspace, sharedFunctions, taken } from "./tensorFunctions";
import { numbersOf, tabulated, tensorOf } from "./tensorState";
import { dtypeArgument, fromFront, opaqueOr, shapeOf, tensorFamily, toPython, transposed } from "./tensorValue";

/** A conversion to a type of elements; numbers stay the tensor that they are. */
export const cast = operation("input dtype", (call) => {
  const tensor = call.tensor("input");
  const kind = dtypeArgument(call);
  return kind ? tensors.convert(tensor, kind) : tensor;
});

const same = operation("input *rest", (call) => call.tensor("input"));

export const dataDependent = (signature: string): Operation =>
  operation(signature, (call) => opaqueOr(call.tensor("input"), `\`${call.name}\` depends on the data`, call.place));

/** The sizes as Python's integers, which is what all that is done with them needs. */
export const shape = operation("input *rest", (call): Value => {
  const tensor = call.tensor("input");
  const { content } = tensor;
  const image = sizesOfImage(tensor);
  if (image) return shapeValue(image, call.place);
  return content.kind === "opaque" ? unknown(content.opaque.reason, content.opaque.place) : shapeOf(tensor, call.place);
});

/** Pieces of equal length by their number. */
export function pieces(tensor: Tensor, count: number, dim: number, place: Place): Tensor[] {
  if (tensor.content.kind === "opaque") return Array.from({ length: count }, () => tensor);
  const axis = fromFront(dim, tensor.axes.length);
  const size = sizesOf(tensor)[axis] / count;
  if (!Number.isInteger(size)) return Array.from({ length: count }, () => tensors.opaque("a split into unequal parts", place)); // prettier-ignore
  return tensors.split(tensor, Array.from({ length: count }, () => size), axis, place); // prettier-ignore
}

/** The tensors along an axis, without it. */
export function unstacked(call: Call): Tensor[] {
  const tensor = call.tensor("input");
  if (tensor.content.kind === "opaque") throw call.not("of what is not understood");
  const axis = fromFront(call.int("dim", 0), tensor.axes.length);
  const whole = tensor.axes.slice(0, axis).map(() => ({ kind: "slice", start: undefined, stop: undefined, step: 1 }) as const); // prettier-ignore
  return Array.from({ length: sizesOf(tensor)[axis] }, (_, index) => tensors.index(tensor, [...whole, { kind: "at", index }], call.place)); // prettier-ignore
}

function split(call: Call): Tensor[] {
  const how = call.needed("indices_or_sections");
  const tensor = call.tensor("input");
  if (how.kind === "int") return pieces(tensor, how.value, call.int("dim", 0), call.place);
  if (tensor.content.kind === "opaque") throw call.not("of what is not understood");
  const axis = fromFront(call.int("dim", 0), tensor.axes.length);
  const ends = [0, ...call.ints("indices_or_sections"), sizesOf(tensor)[axis]];
  return tensors.split(tensor, ends.slice(1).map((end, i) => end - ends[i]), axis, call.place); // prettier-ignore
}

/** The axes in a new order, by default reversed. */
export function permuted(call: Call, name: string): Tensor {
  const tensor = call.tensor("input");
  const rank = tensor.axes.length;
  const order = call.optionalInts(name)?.map((axis) => fromFront(axis, rank));
  return tensors.permute(tensor, order ?? tensor.axes.map((_, axis) => rank - 1 - axis), call.place);
}

/** Vectors with a single 1. */
export function oneHot(call: Call, count: number): Tensor {
  const tensor = call.tensor("input");
  const numbers = numbersOf(tensor);
  if (!numbers) return opaqueOr(tensor, `\`${call.name}\` depends on the data`, call.place);
  const values = numbers.flatMap((value) => Array.from({ length: count }, (_, i) => Number(i === value)));
  return tabulated(values, [...sizesOf(tensor), count], "float", call.place);
}

/** Normalisation of the features, over the last axis alone. */
export function normalised(call: Call, kind: "layer" | "rms"): Tensor {
  const tensor = call.tensor("input");
  const axes = axesOf(call, tensor) ?? [tensor.axes.length - 1];
  if (axes.length !== 1 || axes[0] !== tensor.axes.length - 1) throw call.not("over other axes");
  return tensors.norm(tensor, kind, call.place);
}

/** (batch, token, head, features). */
function dotProductAttention(call: Call): Tensor {
  if (call.has("attn_logits_soft_cap")) throw call.not("with `attn_logits_soft_cap`");
  const inputs = { query: call.tensor("query"), key: call.tensor("key"), value: call.tensor("value") };
  const mask = call.optionalTensor("mask");
  const bias = call.optionalTensor("bias");
  if (mask && bias) throw call.not("with a mask and a bias");
  const causal = call.boolean("is_causal", false) ? { argument: call.placeOf("is_causal") } : undefined;
  return tokensFirst(inputs, { mask: (mask && keptPairs(mask, call.place)) ?? bias, causal }, call.place);
}

/** Known numbers with a border. */
const pad = operation("input pad_width mode constant_values", (call) => {
  const tensor = call.tensor("input");
  const numbers = numbersOf(tensor);
  if (!numbers || call.string("mode", "constant") !== "constant")
    return opaqueOr(tensor, `\`${call.name}\` is not understood`, call.place);
  const rows = call.items(call.needed("pad_width")).map((row) => (row.kind === "int" ? [row.value, row.value] : call.items(row).map((item) => call.toInt(item)))); // prettier-ignore
  return rows.reduce((padded, [before = 0, after = 0], axis) => {
    const border = (size: number): Tensor[] =>
      size > 0 ? [tensors.full(sizesOf(padded).with(axis, size), call.number("constant_values", 0), padded.dtype, call.place)] : []; // prettier-ignore
    return tensors.concatenate([...border(before), padded, ...border(after)], axis, call.place);
  }, tensor);
});

const shared = (name: string): Operation => sharedFunctions.get(name)!;

const operations = new Map<string, Operation>([
  ...numpyFunctions,
  ...activationFunctions(),
  ["cast", cast],
  ["convert_to_tensor", cast],
  ["array", cast],
  ["convert_to_numpy", same],
  ["stop_gradient", same],
  ["copy", same],
  ["shape", shape],
  [
    "size",
    operation("input", (call) =>
      int(
        sizesOf(call.tensor("input")).reduce((a, b) => a * b, 1),
        call.place,
      ),
    ),
  ],
  ["ndim", operation("input", (call) => int(call.tensor("input").axes.length, call.place))],
  ["transpose", view("input dims", (call) => permuted(call, "dims"))],
  ["swapaxes", view("input axis1 axis2", (call) => transposed(call.tensor("input"), call.int("axis1"), call.int("axis2"), call.place))], // prettier-ignore
  ["split", operation("input indices_or_sections dim", split)],
  ["unstack", operation("input num dim", unstacked)],
  ["take", operation("input indices dim", (call) => taken(call.has("dim") ? call.tensor("input") : flattened(call.tensor("input"), 0, -1, call.place), call.int("dim", 0), call.tensor("indices"), call.place))], // prettier-ignore
  ["one_hot", operation("input num_classes dim dtype", (call) => oneHot(call, call.int("num_classes")))],
  ["reshape", operation("input shape", (call) => tensors.reshape(call.tensor("input"), call.ints("shape"), call.place))], // prettier-ignore
  ["broadcast_to", operation("input shape", (call) => tensors.expand(call.tensor("input"), call.ints("shape"), call.place))], // prettier-ignore
  ["tile", operation("input repeats", (call) => tensors.repeat(call.tensor("input"), call.ints("repeats"), call.place))], // prettier-ignore
  ["full", operation("shape fill_value dtype", (call) => fullOf(call, call.ints("shape"), "fill_value"))],
  ["linspace", operation("start end num endpoint dtype", (call) => linspace(call.number("start"), call.number("end"), call.int("num", 50), call.boolean("endpoint", true), call.place))], // prettier-ignore
  ["max", shared("amax")],
  ["min", shared("amin")],
  ["cumulative_sum", shared("cumsum")],
  ["normalize", operation("input dim order", (call) => unit(call, call.number("order", 2)))],
  ["layer_normalization", operation("input gamma beta dim epsilon", (call) => normalised(call, "layer"))],
  ["rms_normalization", operation("input scale dim epsilon", (call) => normalised(call, "rms"))],
  ["dot_product_attention", operation("query key value bias mask scale is_causal flash_attention attn_logits_soft_cap", dotProductAttention)], // prettier-ignore
  ["pad", pad],
  ["dot", shared("matmul")],
  ["norm", dataDependent("input ord dim keepdims")],
  ["top_k", dataDependent("input k sorted")],
]);

/** Divided by the Euclidean norm. */
export function unit(call: Call, order: number): Tensor {
  if (order !== 2) throw call.not("with another norm");
  const tensor = call.tensor("input");
  return tensors.unit(tensor, fromFront(call.int("dim", -1), tensor.axes.length), call.place);
}

export const keras = tensorFamily({
  name: "a tensor",
  prefix: "Tensor",
  methods: new Map<string, Operation>([
    ["astype", cast],
    ["numpy", same],
    ["assign", operation("input value", (call) => opaqueOr(call.tensor("input"), "a variable that is assigned", call.place))], // prettier-ignore
    ["set_shape", operation("input shape", () => none)],
    ["get_shape", shape],
    ["item", operation("input", (call) => toPython(call.tensor("input"), call.place))],
  ]),
  underscores: false,
  mutable: false,
  attributes: (self, name, { place }) => {
    if (name === "value" || name === "_value") return self;
    const image = name === "shape" ? sizesOfImage(tensorOf(self)) : undefined;
    if (image) return shapeValue(image, place);
    if (name === "rank") return int(tensorOf(self).axes.length, place);
    return undefined;
  },
});
registerFamily(keras);

const names = new Map<string, Value>([
  ...[...operations].map(([name, of]): [string, Value] => [name, keras.function(`keras.ops.${name}`, of)]),
  ["newaxis", none],
  ["pi", float(Math.PI)],
]);

/** The names of `keras.ops` that are no modules. */
export const opsNames: Library = (name) => names.get(name) ?? dtype(name);

export const shapeValue = (sizes: readonly number[], place: Place): Value =>
  tuple(sizes.map((size) => int(size, place)));

const patches = operation("images size strides dilation_rate padding data_format", (call) => {
  const tensor = call.tensor("images");
  const size = call.ints("size");
  return patchesOf(tensor, size, call.has("strides") ? call.ints("strides") : size, call.place) ?? opaqueOr(tensor, "patches of what is no image", call.place); // prettier-ignore
});

/** `keras.ops.image`. */
export const imageNames: Library = (name) =>
  name === "extract_patches" ? keras.function("keras.ops.image.extract_patches", patches) : undefined;
