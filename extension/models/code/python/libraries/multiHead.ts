/** Attention as the layers of Keras and Flax compute it: projections, heads, masks, and the projection of what is read. */
import { binary, coordinate, numeral } from "../../graph/expressions";
import { tensors } from "../../graph/operations";
import type { Place } from "../../graph/nodes";
import { sizesOf, type AttentionCall, type Tensor } from "../../graph/tensor";
import type { Call } from "./call";
import { other } from "./tensorState";

/** A linear map as layers have it. */
export interface Projection {
  bias: boolean;
  biasPlace: Place;
  frozen: boolean;
}

export interface MultiHead extends Projection {
  heads: number;
  headsPlace: Place | undefined;
  /** Heads of keys and values, where they are fewer. */
  keyHeads: number;
  /** Of each head. */
  keyWidth: number;
  valueWidth: number;
  outWidth: number;
  widthLiteral: Place | undefined;
  /** Whether queries and keys are normalised by a layer norm, head by head. */
  normalised: boolean;
  /** Whether what is read is multiplied with the sigmoid of a linear map of the queries' tokens. */
  gated: boolean;
}

export interface Reading {
  mask: Tensor | undefined;
  causal: AttentionCall["causal"];
}

export const linear = (tensor: Tensor, width: number, how: Projection, place: Place, widthLiteral?: Place): Tensor =>
  tensors.linear(tensor, { width, widthLiteral, bias: how.bias, biasPlace: how.biasPlace, frozen: how.frozen }, place);

/** The layer's result for tensors (batch, token, features). */
export function multiHead(
  inputs: { query: Tensor; key: Tensor; value: Tensor },
  how: MultiHead,
  { mask, causal }: Reading,
  place: Place,
): Tensor {
  const { query, key, value } = inputs;
  const lost = [query, key, value].find(({ content }) => content.kind === "opaque");
  if (lost) return lost;
  if ([query, key, value].some(({ axes }) => axes.length !== 3))
    return tensors.opaque("attention of tensors that are not (batch, token, features)", place);
  const { heads, keyHeads, keyWidth, valueWidth } = how;
  const q = linear(query, heads * keyWidth, how, place);
  const k = linear(key, keyHeads * keyWidth, how, place);
  const v = linear(value, keyHeads * valueWidth, how, place);
  const kept = mask && keptPairs(mask, place);
  const together = keyHeads === heads && !how.normalised;
  let read: Tensor;
  if (together) {
    const shared = { count: heads, place: how.headsPlace };
    read = tensors.attention(q, k, v, { mask: kept, causal, kernel: "softmax", heads: shared }, place);
  } else {
    const norm = (tensor: Tensor): Tensor => (how.normalised ? tensors.norm(tensor, "layer", place) : tensor);
    const [a, b, c] = [norm(apart(q, heads, place)), norm(apart(k, keyHeads, place)), apart(v, keyHeads, place)].map(
      (tensor) => swapped(tensor, place),
    );
    const result = tensors.attention(a, b, c, { mask: kept, causal, kernel: "softmax", heads: undefined }, place);
    read = result.content.kind === "opaque" ? result : merged(swapped(result, place), place);
  }
  if (how.gated) {
    const gate = tensors.activation(linear(query, heads * valueWidth, how, place), "sigmoid", place);
    read = tensors.binary("*", read, gate, place);
  }
  return linear(read, how.outWidth, how, place, how.widthLiteral);
}

/** (batch, token, heads x features) as (batch, token, head, features). */
function apart(tensor: Tensor, heads: number, place: Place): Tensor {
  if (tensor.content.kind === "opaque") return tensor;
  const [batch, tokens, width] = sizesOf(tensor);
  return tensors.reshape(tensor, [batch, tokens, heads, width / heads], place);
}

function merged(tensor: Tensor, place: Place): Tensor {
  const [batch, tokens, heads, width] = sizesOf(tensor);
  return tensors.reshape(tensor, [batch, tokens, heads * width], place);
}

/** The axes before the last two and before the last one exchanged: (..., token, head, features) and (..., head, token, features). */
export function swapped(tensor: Tensor, place: Place): Tensor {
  if (tensor.content.kind === "opaque") return tensor;
  const rank = tensor.axes.length;
  const order = tensor.axes.map((_, axis) => (axis === rank - 3 ? rank - 2 : axis === rank - 2 ? rank - 3 : axis));
  return tensors.permute(tensor, order, place);
}

/** Attention of (..., token, head, features), as functions of Keras and JAX have it. */
export function tokensFirst(
  inputs: { query: Tensor; key: Tensor; value: Tensor },
  how: Omit<AttentionCall, "kernel" | "heads">,
  place: Place,
): Tensor {
  const lost = [inputs.query, inputs.key, inputs.value].find(({ content }) => content.kind === "opaque");
  if (lost) return lost;
  if (Object.values(inputs).some(({ axes }) => axes.length < 3))
    return tensors.opaque("attention of tensors without an axis of heads", place);
  const [q, k, v] = [inputs.query, inputs.key, inputs.value].map((tensor) => swapped(tensor, place));
  return swapped(tensors.attention(q, k, v, { ...how, kernel: "softmax", heads: undefined }, place), place);
}

/** A mask that says which pairs are read, as conditions for (batch, head, query, key). */
export function keptPairs(mask: Tensor, place: Place): Tensor {
  if (mask.content.kind === "opaque") return mask;
  if (mask.content.kind !== "constant") return tensors.opaque("the mask depends on the data", mask.place);
  const kept = tensors.convert(mask, "bool");
  return mask.axes.length === 3 ? tensors.unsqueeze(kept, 1) : mask.axes.length > 4 ? tensors.opaque("a mask of more than four axes", place) : kept; // prettier-ignore
}

/** Both masks' pairs. */
export function bothMasks(a: Tensor | undefined, b: Tensor | undefined, place: Place): Tensor | undefined {
  if (!a || !b) return a ?? b;
  return tensors.binary("and", a, b, place);
}

/** The keys from `left` before the query to `right` after it. */
export function windowMask(queries: number, keys: number, left: number, right: number, place: Place): Tensor {
  const sizes = [queries, keys];
  const distance = binary("-", coordinate(1), coordinate(0), sizes);
  const inside = binary(
    "and",
    binary(">=", distance, numeral(-left), sizes),
    binary("<=", distance, numeral(right), sizes),
    sizes,
  );
  return tensors.constant(sizes, inside, "bool", place, other);
}

/** The query itself and the keys before it, where no argument of the source says so. */
export function causalMask(queries: number, keys: number, place: Place): Tensor {
  const sizes = [queries, keys];
  return tensors.constant(sizes, binary("<=", coordinate(1), coordinate(0), sizes), "bool", place, other);
}

/** Where the name of what is called is written: the call without its arguments. */
export function calleeOf({ place, at }: Call): Place {
  const end = at.interpreter.textOf(place).indexOf("(");
  return end > 0 ? { from: place.from, to: place.from + end } : place;
}
