/** PyTorch: `torch.nn.functional`. */
import { tensors } from "../../graph/operations";
import type { Place } from "../../graph/nodes";
import { sizesOf, type AttentionCall, type Tensor } from "../../graph/tensor";
import type { ActivationName } from "../../../../theory/architecture/schema";
import type { Value } from "../values";
import { operation, type Call, type Operation } from "./call";
import { inert } from "./dtypes";
import { isTensor, numbersOf, tabulated } from "./tensorState";
import { activated, sharedFunctions, sigmoid } from "./tensorFunctions";
import { fromFront, opaqueOr } from "./tensorValue";
import { torch, torchNames } from "./torch";

// --------------------------------------------------------------------------------------------------------- attention

/** The causal mask of as many queries as keys; of others the upper left, as PyTorch has it. */
export function scaledDotProduct(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  how: Partial<AttentionCall>,
  place: Place,
): Tensor {
  return tensors.attention(
    query,
    key,
    value,
    { mask: how.mask, causal: how.causal, kernel: "softmax", notes: how.notes, heads: how.heads },
    place,
  );
}

/** Keys and values repeated until they have as many heads as the queries. */
export function groupedHeads(query: Tensor, part: Tensor, place: Place): Tensor {
  const [queries, parts] = [sizesOf(query), sizesOf(part)];
  const axis = parts.length - 3;
  if (axis < 0 || queries.length < 3) return part;
  const times = queries[queries.length - 3] / parts[axis];
  return Number.isInteger(times) && times > 1 ? tensors.repeatEach(part, times, axis, place) : part;
}

const attention = operation("query key value attn_mask dropout_p is_causal scale enable_gqa", (call) => {
  const query = call.tensor("query");
  let [key, value] = [call.tensor("key"), call.tensor("value")];
  if (call.boolean("enable_gqa", false)) {
    key = groupedHeads(query, key, call.place);
    value = groupedHeads(query, value, call.place);
  }
  // An object of torch.nn.attention.bias stands for its mask.
  const mask = call.value("attn_mask");
  const causal = call.boolean("is_causal", false) ? { argument: call.placeOf("is_causal") } : undefined;
  if (mask && isBias(mask)) return scaledDotProduct(query, key, value, { mask: mask.data.mask(call.place), causal }, call.place); // prettier-ignore
  return scaledDotProduct(query, key, value, { mask: call.optionalTensor("attn_mask"), causal }, call.place);
});

/** `causal_upper_left` and `causal_lower_right` of torch.nn.attention.bias: a mask that is made when it is needed. */
export class AttentionBias {
  constructor(readonly mask: (place: Place) => Tensor) {}
}
const isBias = (value: Value): value is Value & { kind: "native"; data: AttentionBias } =>
  value.kind === "native" && value.data instanceof AttentionBias;

// ------------------------------------------------------------------------------------------------------- activations

/** Known values of activations, for constants. */
const known: Partial<Record<ActivationName, (value: number) => number>> = {
  relu: (value) => Math.max(0, value),
  sigmoid,
  tanh: Math.tanh,
  softplus: (value) => Math.log1p(Math.exp(-Math.abs(value))) + Math.max(0, value),
  silu: (value) => value * sigmoid(value),
};

/** The activations of torch by the names of their functions; some are another one but for factors, which the layers around take in. */
export const activations: ReadonlyMap<string, ActivationName> = new Map<string, ActivationName>([
  ["relu", "relu"],
  ["gelu", "gelu"],
  ["silu", "silu"],
  ["swish", "silu"],
  ["tanh", "tanh"],
  ["sigmoid", "sigmoid"],
  ["softplus", "softplus"],
  ["elu", "elu"],
  ["leaky_relu", "leaky-relu"],
  ["selu", "elu"],
  ["celu", "elu"],
]);

export const activate = (tensor: Tensor, name: ActivationName, place: Place): Tensor =>
  activated(tensor, name, known[name], place);

const activationFunction = (name: ActivationName): Operation =>
  operation("input alpha beta threshold negative_slope approximate", (call) =>
    activate(call.tensor("input"), name, call.place),
  );

// ------------------------------------------------------------------------------------------------------ other layers

/** The tensor itself: what dropout is when the model is used. */
const identity = operation("input p training", (call) => call.needed("input"));

function linear(call: Call): Tensor {
  const [tensor, weight] = [call.tensor("input"), call.tensor("weight")];
  if (weight.content.kind !== "parameter")
    return tensors.matmul(tensor, tensors.permute(weight, [1, 0], call.place), call.place);
  const bias = call.optionalTensor("bias");
  return tensors.linear(
    tensor,
    {
      width: sizesOf(weight)[0],
      widthLiteral: undefined,
      bias: bias !== undefined,
      biasPlace: call.placeOf("bias"),
      frozen: !weight.content.trainable,
    },
    call.place,
  );
}

/** Whether a normalisation is over the last axis alone, which is of features. */
export function normalisesFeatures(tensor: Tensor, shape: readonly number[]): boolean {
  return tensor.content.kind === "opaque" || (shape.length === 1 && sizesOf(tensor).at(-1) === shape[0]);
}

function norm(call: Call, kind: "layer" | "rms"): Tensor {
  const tensor = call.tensor("input");
  if (!normalisesFeatures(tensor, call.ints("normalized_shape")))
    return tensors.opaque("a normalisation over several axes", call.place);
  return tensors.norm(tensor, kind, call.place);
}

function embedding(call: Call): Tensor {
  const [indices, weight] = [call.tensor("input"), call.tensor("weight")];
  const [rows, width] = sizesOf(weight);
  if (weight.content.kind === "parameter" && width !== undefined)
    return tensors.embedding({ rows, width, trainable: weight.content.trainable, widthLiteral: undefined }, indices, call.place); // prettier-ignore
  return tensors.index(weight, [{ kind: "tensor", tensor: indices }], call.place);
}

/** Constants with a border of a number; a stream's tokens are not shifted so. */
function pad(call: Call): Tensor {
  const tensor = call.tensor("input");
  const amounts = call.ints("pad");
  if (amounts.every((amount) => amount === 0)) return tensor;
  const numbers = numbersOf(tensor);
  if (!numbers || call.string("mode", "constant") !== "constant" || amounts.some((amount) => amount < 0))
    return opaqueOr(tensor, `\`${call.name}\` is not understood`, call.place);
  const fill = call.number("value", 0);
  const sizes = sizesOf(tensor);
  let padded = tensor;
  for (let i = 0; i * 2 < amounts.length; i++) {
    const axis = sizes.length - 1 - i;
    const border = (size: number): Tensor[] =>
      size > 0 ? [tensors.full(sizesOf(padded).with(axis, size), fill, padded.dtype, call.place)] : [];
    const parts = [...border(amounts[2 * i]), padded, ...border(amounts[2 * i + 1] ?? 0)];
    padded = tensors.concatenate(parts, axis, call.place);
  }
  return padded;
}

function oneHot(call: Call): Tensor {
  const tensor = call.tensor("tensor");
  const numbers = numbersOf(tensor);
  if (!numbers) return opaqueOr(tensor, `\`${call.name}\` depends on the data`, call.place);
  const classes = call.int("num_classes", -1);
  const count = classes >= 0 ? classes : numbers.reduce((most, value) => Math.max(most, value + 1), 0);
  const values = numbers.flatMap((value) => Array.from({ length: count }, (_, i) => Number(i === value)));
  return tabulated(values, [...sizesOf(tensor), count], "int", call.place);
}

const notUnderstoodOf = (signature: string): Operation =>
  operation(signature, (call) => {
    const [first] = call.args.positional;
    const tensor = first && isTensor(first) ? call.toTensor(first) : undefined;
    const reason = `\`${call.name}\` is not understood`;
    return tensor ? opaqueOr(tensor, reason, call.place) : tensors.opaque(reason, call.place);
  });

const operations = new Map<string, Operation>([
  ["scaled_dot_product_attention", attention],
  ["softmax", operation("input dim _stacklevel dtype", (call) => tensors.softmax(call.tensor("input"), softmaxAxis(call), call.place))], // prettier-ignore
  ["linear", operation("input weight bias", linear)],
  ["layer_norm", operation("input normalized_shape weight bias eps", (call) => norm(call, "layer"))],
  ["rms_norm", operation("input normalized_shape weight eps", (call) => norm(call, "rms"))],
  [
    "normalize",
    operation("input p dim", (call) => {
      if (call.number("p", 2) !== 2) throw call.not("with another norm");
      const tensor = call.tensor("input");
      return tensors.unit(tensor, fromFront(call.int("dim", 1), tensor.axes.length), call.place);
    }),
  ],
  ["embedding", operation("input weight padding_idx", embedding)],
  ["pad", operation("input pad mode value", pad)],
  ["one_hot", operation("tensor num_classes", oneHot)],
  ...[...activations].map(([name, of]): [string, Operation] => [name, activationFunction(of)]),
  ["relu6", operation("input", (call) => tensors.clamp(activate(call.tensor("input"), "relu", call.place), undefined, 6, call.place))], // prettier-ignore
  ["logsigmoid", notUnderstoodOf("input")],
  ["glu", operation("input dim", (call) => gated(call.tensor("input"), call.int("dim", -1), call))],
  ...["dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_alpha_dropout"].map(
    (name): [string, Operation] => [name, identity],
  ),
]);

function softmaxAxis(call: Call): number {
  if (!call.has("dim")) throw call.not("without `dim`");
  return call.int("dim");
}

/** Half of the features gated by the sigmoid of the others. */
export function gated(tensor: Tensor, dim: number, call: Call): Tensor {
  if (tensor.content.kind === "opaque") return tensor;
  const axis = fromFront(dim, tensor.axes.length);
  const half = sizesOf(tensor)[axis] / 2;
  if (!Number.isInteger(half)) throw call.not("of an odd number of features");
  const [left, right] = tensors.split(tensor, [half, half], axis, call.place);
  return tensors.binary("*", left, activate(right, "sigmoid", call.place), call.place);
}

const names = new Map<string, Value>([...operations].map(([name, of]) => [name, torch.function(`F.${name}`, of)]));

/** The names of `torch.nn.functional`. */
export const functionalNames = (name: string): Value | undefined =>
  names.get(name) ?? (sharedFunctions.has(name) ? torchNames(name) : name === "has_torch_function" ? inert : undefined);
