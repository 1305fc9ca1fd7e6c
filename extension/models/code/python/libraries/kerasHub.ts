/** KerasHub, which was KerasNLP: its layers of transformers. */
import { tensors } from "../../graph/operations";
import { binary, coordinate, numeral } from "../../graph/expressions";
import type { IndexExpression } from "../../graph/indexExpression";
import { sizesOf, type Tensor } from "../../graph/tensor";
import { string, type Library, type Value } from "../values";
import { activationOf } from "./activations";
import type { Call } from "./call";
import { kerasFramework } from "./kerasBase";
import { attended, layerClasses } from "./kerasLayers";
import { keras } from "./kerasOps";
import { createLayer, literal, written, type Layer, type LayerClass, type LayerSpec } from "./layers";
import { bothMasks, calleeOf, causalMask, keptPairs, linear, multiHead } from "./multiHead";
import { notUnderstood } from "./objects";
import { other } from "./tensorState";
import { fromFront } from "./tensorValue";

const classes = new Map<string, LayerClass>();
function define(name: string, spec: Omit<LayerSpec, "name">): LayerClass {
  const made = kerasFramework.define({ name: `keras_hub.layers.${name}`, ...spec });
  classes.set(name, made);
  return made;
}

// -------------------------------------------------------------------------------------------------------- transformer

const common = "intermediate_dim num_heads dropout activation layer_norm_epsilon normalize_first";

/** A mask of padding is of the data and no part of the sequence, unless it is given. */
function given(call: Call, pairs: string, padding: string): Tensor | undefined {
  const mask = call.optionalTensor(pairs);
  const padded = call.optionalTensor(padding);
  const kept = padded && keptPairs(padded.content.kind === "opaque" ? padded : tensors.unsqueeze(padded, 1), call.place); // prettier-ignore
  return bothMasks(mask && keptPairs(mask, call.place), kept, call.place);
}

function attention(
  query: Tensor,
  memory: Tensor,
  mask: Tensor | undefined,
  causal: { argument: Call["place"] } | undefined,
  layer: Layer,
  call: Call,
): Tensor {
  // prettier-ignore
  const { made } = layer;
  const width = sizesOf(query).at(-1) ?? 1;
  const heads = made.int("num_heads");
  const keyWidth = Math.floor(width / heads);
  return multiHead(
    { query, key: memory, value: memory },
    {
      bias: true,
      biasPlace: made.place,
      frozen: layer.frozen,
      heads,
      headsPlace: written(made, "num_heads"),
      keyHeads: heads,
      keyWidth,
      valueWidth: keyWidth,
      outWidth: width,
      widthLiteral: undefined,
      normalised: false,
      gated: false,
    },
    { mask, causal },
    call.place,
  );
}

/** Sublayers one after the other, each with its residual connection and its norm, before or after. */
function run(input: Tensor, sublayers: readonly ((tensor: Tensor) => Tensor)[], layer: Layer, call: Call): Tensor {
  const first = layer.made.boolean("normalize_first", false);
  const { place } = call;
  return sublayers.reduce((value, sublayer) => {
    const norm = (tensor: Tensor): Tensor => tensors.norm(tensor, "layer", place);
    const added = (of: Tensor): Tensor => tensors.binary("+", of, value, place);
    return first ? added(sublayer(norm(value))) : norm(added(sublayer(value)));
  }, input);
}

function feedForward(layer: Layer, call: Call): (tensor: Tensor) => Tensor {
  const { made } = layer;
  const how = { bias: true, biasPlace: made.place, frozen: layer.frozen };
  const activation = made.has("activation") ? activationOf(made, "activation", keras) : (tensor: Tensor): Tensor => tensors.activation(tensor, "relu", made.place); // prettier-ignore
  return (tensor) => {
    const width = sizesOf(tensor).at(-1) ?? 1;
    const hidden = linear(tensor, made.int("intermediate_dim"), how, call.place, literal(made, "intermediate_dim"));
    return linear(activation(hidden), width, how, call.place);
  };
}

const make = (call: Call): void => void [call.int("intermediate_dim"), call.int("num_heads")];

define("TransformerEncoder", {
  signature: common,
  make,
  input: "inputs padding_mask attention_mask return_attention_scores",
  forward: (call, layer) => {
    const mask = given(call, "attention_mask", "padding_mask");
    return run(call.tensor("inputs"), [(tensor) => attention(tensor, tensor, mask, undefined, layer, call), feedForward(layer, call)], layer, call); // prettier-ignore
  },
});

define("TransformerDecoder", {
  signature: common,
  make,
  input:
    "decoder_sequence encoder_sequence decoder_padding_mask decoder_attention_mask encoder_padding_mask encoder_attention_mask self_attention_cache self_attention_cache_update_index cross_attention_cache cross_attention_cache_update_index use_causal_mask",
  forward: (call, layer) => {
    if (call.has("self_attention_cache") || call.has("cross_attention_cache")) throw call.not("with a cache");
    // Causal unless it is said not to be.
    const isCausal = call.boolean("use_causal_mask", true);
    const causal = isCausal && call.has("use_causal_mask") ? { argument: call.placeOf("use_causal_mask") } : undefined;
    const tokens = sizesOf(call.tensor("decoder_sequence"))[1] ?? 1;
    const always = isCausal && !causal ? causalMask(tokens, tokens, calleeOf(layer.made)) : undefined;
    const own = bothMasks(given(call, "decoder_attention_mask", "decoder_padding_mask"), always, call.place);
    const memory = call.optionalTensor("encoder_sequence");
    const cross = memory && given(call, "encoder_attention_mask", "encoder_padding_mask");
    return run(
      call.tensor("decoder_sequence"),
      [
        (tensor) => attention(tensor, tensor, own, causal, layer, call),
        ...(memory ? [(tensor: Tensor) => attention(tensor, memory, cross, undefined, layer, call)] : []),
        feedForward(layer, call),
      ],
      layer,
      call,
    );
  },
});

define("CachedMultiHeadAttention", {
  signature: "num_heads key_dim value_dim dropout use_bias output_shape attention_axes sliding_window use_gate",
  make: (call) => void [call.int("num_heads"), call.int("key_dim")],
  input: "query value key attention_mask cache cache_update_index query_mask value_mask key_mask return_attention_scores use_causal_mask", // prettier-ignore
  forward: (call, layer) => {
    if (call.has("cache")) throw call.not("with a cache");
    const { made } = layer;
    const [heads, keyWidth] = [made.int("num_heads"), made.int("key_dim")];
    return attended(call, layer, { heads, headsName: "num_heads", keyHeads: heads, keyWidth, valueWidth: made.int("value_dim", keyWidth) }); // prettier-ignore
  },
});

// ---------------------------------------------------------------------------------------------------------- positions

/** Numbers of tokens and features, for codes that are of the input's shape. */
function shapeOf(call: Call): { sizes: number[]; tokens: number; width: number } {
  if (call.has("start_index") && call.int("start_index") !== 0) throw call.not("with `start_index`");
  if (call.has("positions")) throw call.not("with `positions`");
  const sizes = sizesOf(call.tensor("inputs"));
  if (sizes.length < 2) throw call.not("of a tensor without tokens and features");
  return { sizes, tokens: sizes[sizes.length - 2], width: sizes[sizes.length - 1] };
}

/** Learned vectors, of the input's shape: not added to it. */
const positionEmbedding = define("PositionEmbedding", {
  signature: "sequence_length initializer",
  make: (call, layer) => layer.attributes.set("sequence_length", call.needed("sequence_length")),
  input: "inputs start_index positions",
  forward: (call, layer) => {
    const input = call.tensor("inputs");
    if (input.content.kind === "opaque") return input;
    const { sizes, tokens, width } = shapeOf(call);
    const rows = layer.made.int("sequence_length");
    if (rows < tokens) throw call.not("of more tokens than it has positions for");
    const table = tensors.parameter([rows, width], !layer.frozen, layer.made.place);
    const slice = tensors.index(table, [{ kind: "slice", start: 0, stop: tokens, step: 1 }], call.place);
    return tensors.expand(slice, sizes, call.place);
  },
});

/** sin and cos of the position, of the input's shape: not added to it. */
define("SinePositionEncoding", {
  signature: "max_wavelength",
  input: "inputs start_index positions",
  forward: (call, { made }) => {
    const input = call.tensor("inputs");
    if (input.content.kind === "opaque") return input;
    const { sizes, tokens, width } = shapeOf(call);
    const shape = [tokens, width];
    const pair = binary("//", coordinate(1), numeral(2), shape);
    const exponent = binary("/", binary("*", pair, numeral(2), shape), numeral(width), shape);
    const rate = binary("**", numeral(1 / made.number("max_wavelength", 10000)), exponent, shape);
    const angle = binary("*", coordinate(0), rate, shape);
    const odd = binary("==", binary("%", coordinate(1), numeral(2), shape), numeral(1), shape);
    const element: IndexExpression = { kind: "choose", condition: odd, yes: { kind: "unary", op: "cos", value: angle }, no: { kind: "unary", op: "sin", value: angle } }; // prettier-ignore
    return tensors.expand(tensors.constant(shape, element, "float", call.place, other), sizes, call.place);
  },
});

/** Features turned by angles that grow with the position. */
define("RotaryEmbedding", {
  signature: "max_wavelength scaling_factor sequence_axis feature_axis",
  input: "inputs start_index positions",
  forward: (call, { made }) => {
    const input = call.tensor("inputs");
    if (input.content.kind === "opaque") return input;
    if ((call.has("start_index") && call.int("start_index") !== 0) || call.has("positions")) throw call.not("with `start_index` or `positions`"); // prettier-ignore
    const sizes = sizesOf(input);
    const along = fromFront(made.int("sequence_axis", 1), sizes.length);
    const features = fromFront(made.int("feature_axis", -1), sizes.length);
    if (features !== sizes.length - 1) throw call.not("with another `feature_axis`");
    const half = sizes[features] / 2;
    if (!Number.isInteger(half)) throw call.not("of an odd number of features");
    const shape = sizes.map((size, axis) => (axis === along || axis === features ? size : 1));
    const frequency = binary("**", numeral(1 / made.number("max_wavelength", 10000)), binary("/", binary("%", coordinate(features), numeral(half), shape), numeral(half), shape), shape); // prettier-ignore
    const angle = binary("*", binary("/", coordinate(along), numeral(made.number("scaling_factor", 1)), shape), frequency, shape); // prettier-ignore
    const table = (op: "sin" | "cos"): Tensor => tensors.constant(shape, { kind: "unary", op, value: angle }, "float", call.place, other); // prettier-ignore
    const [first, second] = tensors.split(input, [half, half], features, call.place);
    const turned = tensors.concatenate([tensors.unary("-", second, call.place), first], features, call.place);
    const [cos, sin] = [tensors.binary("*", input, table("cos"), call.place), tensors.binary("*", turned, table("sin"), call.place)]; // prettier-ignore
    return tensors.binary("+", cos, sin, call.place);
  },
});

define("TokenAndPositionEmbedding", {
  signature: "vocabulary_size sequence_length embedding_dim tie_weights mask_zero",
  make: (call, layer) => {
    const embedding = createLayer(layerClasses.get("Embedding")!, { input_dim: call.needed("vocabulary_size"), output_dim: call.needed("embedding_dim") }, call, { output_dim: "embedding_dim" }); // prettier-ignore
    layer.attributes.set("token_embedding", embedding);
    layer.attributes.set("position_embedding", createLayer(positionEmbedding, { sequence_length: call.needed("sequence_length") }, call)); // prettier-ignore
  },
  input: "inputs start_index",
  forward: (call, layer) => {
    const through = (name: string, value: Value): Value => call.at.interpreter.callWith(layer.get(name), [value], call.place); // prettier-ignore
    const tokens = through("token_embedding", call.needed("inputs"));
    const positions = through("position_embedding", tokens);
    return call.at.interpreter.binary("+", tokens, positions, call.place);
  },
});

classes.set("ReversibleEmbedding", layerClasses.get("ReversibleEmbedding")!);

/** The names of `keras_hub.layers` and `keras_nlp.layers`. */
export const hubLayers: Library = (name) => {
  if (name === "__name__") return string("layers");
  return classes.get(name)?.value ?? layerClasses.get(name)?.value ?? (/^[A-Z]/.test(name) ? notUnderstood(`keras_hub.layers.${name}`, keras) : undefined); // prettier-ignore
};

export const hubNames: Library = (name) =>
  /^[A-Z]/.test(name) ? notUnderstood(`keras_hub.${name}`, keras) : undefined;
