/** Flax: what the layers of its two interfaces, Linen and NNX, have alike. */
import { tensors } from "../../graph/operations";
import { sizesOf, type Tensor } from "../../graph/tensor";
import type { Value } from "../values";
import { operation, type Call, type Operation } from "./call";
import { jax } from "./jax";
import { literal, written, type Layer } from "./layers";
import { bothMasks, keptPairs, linear, multiHead, tokensFirst, type Projection } from "./multiHead";
import { tensorOf, isTensor } from "./tensorState";
import { fromFront } from "./tensorValue";

/** Arguments of layers that are about how they start, in what precision they compute, and what they are called. */
export const neutral = new Set(
  "name parent dtype param_dtype precision kernel_init bias_init embedding_init scale_init out_kernel_init out_bias_init dot_general dot_general_cls qkv_dot_general out_dot_general qkv_dot_general_cls out_dot_general_cls promote_dtype qkv_promote_dtype out_promote_dtype ln_promote_dtype preferred_element_type rngs keep_rngs kernel_metadata bias_metadata embedding_metadata scale_metadata out_kernel_metadata out_bias_metadata query_ln_scale_metadata key_ln_scale_metadata use_fast_variance force_float32_reductions force_fp32_for_softmax broadcast_dropout deterministic dropout_rate rng_collection qk_attn_weights_einsum_cls attn_weights_value_einsum_cls".split(
    " ",
  ),
);
export const neutralInputs = new Set("deterministic dropout_rng rng rngs out_sharding qkv_sharding sow_weights".split(" ")); // prettier-ignore

export const projection = ({ made }: Layer): Projection => ({
  bias: made.boolean("use_bias", true),
  biasPlace: written(made, "use_bias"),
  frozen: false,
});

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** A linear map of the last axes to new last axes. */
export function general(call: Call, layer: Layer, features: string): Tensor {
  const { made } = layer;
  const tensor = call.tensor("inputs");
  if (tensor.content.kind === "opaque") return tensor;
  const rank = tensor.axes.length;
  const axes = (made.has("axis") ? made.ints("axis") : [-1]).map((axis) => fromFront(axis, rank));
  const isLast = axes.every((axis, i) => axis === rank - axes.length + i);
  if (!isLast || made.has("batch_dims") || made.has("batch_axis")) throw made.not("over other axes than the last");
  const front = sizesOf(tensor).slice(0, rank - axes.length);
  const widths = made.ints(features);
  const merged = axes.length === 1 ? tensor : tensors.reshape(tensor, [...front, -1], call.place);
  const mapped = linear(merged, product(widths), projection(layer), call.place, literal(made, features));
  return widths.length === 1 || mapped.content.kind === "opaque" ? mapped : tensors.reshape(mapped, [...front, ...widths], call.place); // prettier-ignore
}

/** A norm over the last axis, with numbers of its own or without. */
export function norm(call: Call, { made }: Layer, kind: "layer" | "rms"): Tensor {
  const tensor = call.tensor("inputs");
  for (const name of ["reduction_axes", "feature_axes"])
    if (made.has(name) && made.ints(name).some((axis) => axis !== -1)) throw made.not("over other axes than the features"); // prettier-ignore
  if (call.has("mask")) throw call.not("with `mask`");
  return tensors.norm(tensor, kind, call.place);
}

/** The layer's attention: `width` is that of the queries' features, where the constructor says nothing else. */
export function attended(call: Call, layer: Layer): Tensor {
  const { made } = layer;
  if (made.has("decode") && made.boolean("decode", false)) throw made.not("with `decode`");
  if (call.has("decode") && call.boolean("decode", false)) throw call.not("with `decode`");
  if (made.has("attention_fn") && !isPlainAttention(made.needed("attention_fn"))) throw made.not("with `attention_fn`");
  const query = call.tensor("inputs_q");
  if (query.content.kind === "opaque") return query;
  const both = call.optionalTensor("inputs_kv");
  const key = both ?? call.optionalTensor("inputs_k") ?? query;
  const value = both ?? call.optionalTensor("inputs_v") ?? key;
  const width = sizesOf(query).at(-1) ?? 1;
  const heads = made.int("num_heads");
  const inner = made.int("qkv_features", width);
  const keyHeads = made.int("num_kv_heads", heads);
  if (inner % heads !== 0 || heads % keyHeads !== 0) throw made.not("with these heads");
  const mask = call.optionalTensor("mask");
  const causal = call.boolean("is_causal", false) ? { argument: call.placeOf("is_causal") } : undefined;
  return multiHead(
    { query, key, value },
    {
      ...projection(layer),
      heads,
      headsPlace: written(made, "num_heads"),
      keyHeads,
      keyWidth: inner / heads,
      valueWidth: inner / heads,
      outWidth: made.int("out_features", width),
      widthLiteral: literal(made, "out_features"),
      normalised: made.boolean("normalize_qk", false),
      gated: false,
    },
    { mask, causal },
    call.place,
  );
}

// ---------------------------------------------------------------------------------------------------------- functions

const dotProduct = operation(
  "query key value bias mask broadcast_dropout dropout_rng dropout_rate deterministic dtype module promote_dtype is_causal force_fp32_for_softmax einsum_dot_general qk_attn_weights_einsum attn_weights_value_einsum", // prettier-ignore
  (call) => {
    const mask = call.optionalTensor("mask");
    const bias = call.optionalTensor("bias");
    if (mask && bias) throw call.not("with a mask and a bias");
    const causal = call.boolean("is_causal", false) ? { argument: call.placeOf("is_causal") } : undefined;
    const inputs = { query: call.tensor("query"), key: call.tensor("key"), value: call.tensor("value") };
    return tokensFirst(inputs, { mask: (mask && keptPairs(mask, call.place)) ?? bias, causal }, call.place);
  },
);
const dotProductAttention = jax.function("flax.dot_product_attention", dotProduct);
const isPlainAttention = (value: Value): boolean => value === dotProductAttention;

/** Pairs (..., 1, query, key) for which a function of both holds. */
function pairwise(left: Tensor, right: Tensor, run: (a: Tensor, b: Tensor) => Tensor): Tensor {
  for (const side of [left, right]) if (side.content.kind === "opaque") return side;
  const made = run(tensors.unsqueeze(left, left.axes.length), tensors.unsqueeze(right, right.axes.length - 1));
  if (made.content.kind === "opaque") return made;
  return tensors.convert(tensors.unsqueeze(made, made.axes.length - 2), "float");
}

function attentionMask(call: Call): Tensor {
  if (call.int("extra_batch_dims", 0) !== 0) throw call.not("with `extra_batch_dims`");
  const [query, key] = [call.tensor("query_input"), call.tensor("key_input")];
  const lost = [query, key].find(({ content }) => content.kind !== "constant");
  if (lost) return lost.content.kind === "opaque" ? lost : tensors.opaque("the mask depends on the data", call.place);
  const chosen = call.value("pairwise_fn");
  return pairwise(query, key, (a, b) => {
    if (!chosen) return tensors.binary("*", a, b, call.place);
    const result = call.at.interpreter.callWith(chosen, [jax.wrap(a), jax.wrap(b)], call.place);
    return isTensor(result) ? tensorOf(result) : tensors.opaque("a function of pairs that is not understood", call.place); // prettier-ignore
  });
}

/** The causal mask of as many tokens as the array's last axis has, whatever it holds. */
function causalMask(call: Call): Tensor {
  const like = call.tensor("x");
  if (like.content.kind === "opaque") return like;
  if (call.int("extra_batch_dims", 0) !== 0) throw call.not("with `extra_batch_dims`");
  const sizes = sizesOf(like);
  const tokens = sizes[sizes.length - 1];
  const line = tensors.expand(tensors.arange(0, tokens, 1, call.place), sizes, call.place);
  return pairwise(line, line, (a, b) => tensors.binary(">=", a, b, call.place));
}

/** Pairs that are in all masks; None where there is none. */
function combined(call: Call): Tensor | Value {
  const masks = call.rest.filter(({ kind }) => kind !== "none").map((value) => call.toTensor(value));
  const [first] = masks;
  if (!first) return { kind: "none" };
  const kept = masks.map((mask) => keptPairs(mask, call.place));
  return kept.slice(1).reduce((all, mask) => bothMasks(all, mask, call.place)!, kept[0]);
}

export const maskFunctions: readonly [string, Operation][] = [
  ["make_causal_mask", operation("x extra_batch_dims dtype", causalMask)],
  ["make_attention_mask", operation("query_input key_input pairwise_fn extra_batch_dims dtype", attentionMask)],
  ["combine_masks", operation("*masks dtype", combined)],
];
export const attentionFunction: Value = dotProductAttention;
