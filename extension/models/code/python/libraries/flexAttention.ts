/**
 * PyTorch: `torch.nn.attention`. A mask_mod or score_mod is called once, with tensors that hold the coordinates of head, query and key: what
 * it gives is the mask or the scores of all pairs.
 */
import { axesIn, coordinate, numeral } from "../../graph/expressions";
import { tensors } from "../../graph/operations";
import type { MaskSource, Place } from "../../graph/nodes";
import { sizesOf, type Tensor } from "../../graph/tensor";
import type { Syntax } from "../../syntax";
import { int, nativeFunction, tuple, unknown, type At, type Library, type Native, type NativeType, type PythonFunction, type Value } from "../values"; // prettier-ignore
import { operation, type Call, type Result } from "./call";
import { inert } from "./dtypes";
import { isTensor, other, tensorOf } from "./tensorState";
import { torch } from "./torch";
import { AttentionBias, groupedHeads, scaledDotProduct } from "./torchFunctional";
import { condition, understood } from "./tensorFunctions";

/** What `create_block_mask` makes: a mask of pairs that is worked out when it is used. */
export class BlockMask {
  constructor(
    /** A function of (batch, head, query, key). */
    readonly mask: Value,
    /** 1 where the mask is the same for all. */
    readonly heads: number | undefined,
    readonly queries: number,
    readonly keys: number,
    /** Of the call that makes it, and of the argument that is the function. */
    readonly place: Place,
    readonly maskPlace: Place,
  ) {}
}
const blockMaskType: NativeType = {
  name: "a `BlockMask`",
  attribute: (self, name, { place }) => {
    const { queries, keys } = self.data as BlockMask;
    if (name === "to") return nativeFunction("BlockMask.to", () => self);
    if (name === "mask_mod") return (self.data as BlockMask).mask;
    if (name === "shape") return tuple([int(1, place), int(1, place), int(queries, place), int(keys, place)]);
    return name === "seq_lengths" ? tuple([int(queries, place), int(keys, place)]) : undefined;
  },
};
export const isBlockMask = (value: Value): value is Native & { data: BlockMask } =>
  value.kind === "native" && value.data instanceof BlockMask;

/** Sizes of the pairs that a mask is of. */
export interface PairSizes {
  heads: number;
  queries: number;
  keys: number;
}

const batchElement = "the mask depends on the element of the batch";

/** The arguments of a mask_mod: batch, head, query, key. */
function coordinates({ heads, queries, keys }: PairSizes, place: Place): Value[] {
  const along = (axis: number): Value => {
    const size = [heads, queries, keys][axis];
    const element = size === 1 ? numeral(0) : coordinate(axis);
    return torch.wrap(tensors.constant([heads, queries, keys], element, "int", place, other));
  };
  return [torch.wrap(tensors.opaque(batchElement, place)), along(0), along(1), along(2)];
}

/**
 * The condition of a function of (batch, head, query, key), laid out as (heads, queries, keys): true where the query reads the key. What
 * cannot be told is opaque.
 */
export function evaluateMask(mask: Value, sizes: PairSizes, at: At): Tensor {
  const source = sourceOf(mask);
  const place = source?.returned ?? at.place;
  const result = at.interpreter.callWith(mask, coordinates(sizes, place), at.place);
  const tensor = asCondition(result, at.place);
  if (tensor.content.kind !== "constant") return opaqueMask(tensor, place);
  const laid = tensors.expand(tensor, [sizes.heads, sizes.queries, sizes.keys], place);
  if (laid.content.kind !== "constant") return opaqueMask(laid, place);
  const { element } = laid.content;
  const written: MaskSource = source ? { kind: "function", ...source } : other;
  return tensors.constant(sizesOf(laid), element, "bool", place, written);
}

const opaqueMask = (tensor: Tensor, place: Place): Tensor =>
  tensor.content.kind === "opaque" ? tensor : tensors.opaque("the mask depends on the data", place);

function asCondition(value: Value, place: Place): Tensor {
  if (value.kind === "bool") return tensors.literal(value.value, "bool", place);
  if (isTensor(value)) return tensorOf(value);
  return value.kind === "unknown"
    ? tensors.opaque(value.reason, value.place)
    : tensors.opaque("the result of the mask's function", place);
}

/** How a mask_mod is written: the only expression that it returns, and its names of query and key. */
function sourceOf(mask: Value): { returned: Place; query: string; key: string } | undefined {
  const callee = functionOf(mask);
  if (!callee) return undefined;
  const names = parameterNames(callee.node);
  const [query, key] = names.slice(-2);
  const returned = returnedOf(callee.node);
  if (!returned || names.length < 4) return undefined;
  return { returned: { from: returned.from, to: returned.to }, query, key };
}

/** The function that a value is, or that its method is. */
function functionOf(value: Value): PythonFunction | undefined {
  if (value.kind === "function") return value;
  return value.kind === "bound" && value.callee.kind === "function" ? value.callee : undefined;
}

function parameterNames(node: Syntax): string[] {
  const [parameters] = node.fields.parameters ?? [];
  return (parameters?.children ?? []).flatMap((parameter) => {
    if (parameter.type === "identifier") return [parameter.text];
    const named = parameter.fields.name?.[0] ?? parameter.children.find(({ type }) => type === "identifier");
    return named ? [named.text] : [];
  });
}

/** The expression that a function returns where it has one `return`, which is no part of a branch. */
function returnedOf(node: Syntax): Syntax | undefined {
  const [body] = node.fields.body ?? [];
  if (!body || node.type === "lambda") return body;
  const last = body.children.findLast(({ type }) => type !== "comment");
  const isOnly = returnsIn(body) === 1 && last?.type === "return_statement";
  return isOnly ? last.children[0] : undefined;
}

const returnsIn = (node: Syntax): number =>
  node.type === "return_statement"
    ? 1
    : node.children.reduce((count, child) => count + (nested.has(child.type) ? 0 : returnsIn(child)), 0);
const nested = new Set(["function_definition", "lambda", "class_definition"]);

// ----------------------------------------------------------------------------------------------------------- functions

/** `and_masks` and `or_masks`: a function of the same arguments. */
const combination = (op: "and" | "or"): Value =>
  nativeFunction(`${op}_masks`, ({ positional: masks }, outerAt) =>
    nativeFunction(`the masks of \`${op}_masks\``, (args, at) => {
      const parts = masks.map((mask) =>
        asCondition(at.interpreter.callWith(mask, args.positional, at.place), at.place),
      );
      const [first, ...rest] = parts;
      if (!first) return unknown(`\`${op}_masks\` without masks`, outerAt.place);
      return torch.wrap(rest.reduce((left, right) => tensors.binary(op, left, right, outerAt.place), first));
    }),
  );

const createBlockMask = operation(
  "mask_mod B H Q_LEN KV_LEN device BLOCK_SIZE _compile separate_full_blocks",
  (call) => {
    const data = new BlockMask(
      call.needed("mask_mod"),
      call.optionalInt("H"),
      call.int("Q_LEN"),
      call.int("KV_LEN"),
      call.place,
      call.placeOf("mask_mod"),
    );
    return { kind: "native", type: blockMaskType, data };
  },
);

/** `create_mask`: the mask as a tensor of (batch, heads, queries, keys). */
const createMask = operation("mod_fn B H Q_LEN KV_LEN device", (call) => {
  const sizes = { heads: call.int("H", 1), queries: call.int("Q_LEN"), keys: call.int("KV_LEN") };
  const mask = evaluateMask(call.needed("mod_fn"), sizes, call.at);
  if (mask.content.kind !== "constant") return mask;
  return tensors.expand(tensors.unsqueeze(mask, 0), [call.int("B", 1), ...sizesOf(mask)], call.place);
});

const flexAttention = operation(
  "query key value score_mod block_mask scale enable_gqa return_lse kernel_options return_aux",
  (call): Result => {
    const output = understood(() => flex(call));
    const isTwo = call.boolean("return_lse", false) || call.has("return_aux");
    return isTwo ? tuple([torch.wrap(output), unknown("the log-sum-exp of attention", call.place)]) : output;
  },
);

function flex(call: Call): Tensor {
  const query = call.tensor("query");
  let [key, value] = [call.tensor("key"), call.tensor("value")];
  for (const part of [query, key, value]) if (part.content.kind === "opaque") return part;
  if (call.boolean("enable_gqa", false)) {
    key = groupedHeads(query, key, call.place);
    value = groupedHeads(query, value, call.place);
  }
  const rank = query.axes.length;
  if (rank < 3) throw call.not("of these arguments");
  const [heads, queries] = sizesOf(query).slice(-3);
  const sizes: PairSizes = { heads, queries, keys: sizesOf(key)[key.axes.length - 2] };
  const block = call.value("block_mask");
  let mask: Tensor | undefined;
  if (block && !isBlockMask(block)) {
    if (block.kind !== "unknown") throw call.not("with this `block_mask`");
    mask = tensors.opaque(block.reason, block.place);
  } else if (block)
    mask = withoutHeads(evaluateMask(block.data.mask, sizes, { ...call.at, place: block.data.maskPlace }));
  const scoreMod = call.value("score_mod");
  if (!scoreMod) return scaledDotProduct(query, key, value, { mask }, call.place);

  const order = key.axes.map((_, axis) => axis);
  order.push(...order.splice(-2).reverse());
  const scores = tensors.matmul(query, tensors.permute(key, order, call.place), call.place);
  const place = call.placeOf("score_mod");
  const indices = coordinates(sizes, place);
  let modified = asScores(call.at.interpreter.callWith(scoreMod, [torch.wrap(scores), ...indices], place), call);
  if (mask) modified = tensors.maskedFill(modified, tensors.unary("not", condition(mask, call), mask.place), -Infinity, call.place); // prettier-ignore
  return tensors.matmul(tensors.softmax(modified, modified.axes.length - 1, call.place), value, call.place);
}

/** A mask that is the same for all heads, without them. */
function withoutHeads(mask: Tensor): Tensor {
  const { content, dtype, place } = mask;
  if (content.kind !== "constant" || axesIn(content.element).has(0)) return mask;
  return tensors.constant([1, ...sizesOf(mask).slice(1)], content.element, dtype, place, content.source);
}

function asScores(value: Value, call: Call): Tensor {
  if (isTensor(value)) return tensorOf(value);
  if (value.kind === "unknown") return tensors.opaque(value.reason, value.place);
  throw call.not("with this `score_mod`");
}

const flexNames = new Map<string, Value>([
  ["flex_attention", torch.function("flex_attention", flexAttention)],
  ["create_block_mask", torch.function("create_block_mask", createBlockMask)],
  ["create_mask", torch.function("create_mask", createMask)],
  ["and_masks", combination("and")],
  ["or_masks", combination("or")],
  ["noop_mask", nativeFunction("noop_mask", (_args, { place }) => torch.wrap(tensors.literal(true, "bool", place)))],
  ["BlockMask", inert],
  ["AuxRequest", inert],
  ["_DEFAULT_SPARSE_BLOCK_SIZE", { kind: "int", value: 128 }],
  ["_mask_mod_signature", inert],
  ["_score_mod_signature", inert],
]);
/** `torch.nn.attention.flex_attention`. */
export const flexAttentionNames: Library = (name) => flexNames.get(name);

// ---------------------------------------------------------------------------------------------------------------- biases

/** Query i reads key j <= i + shift. */
function causalBias(name: string, shift: (queries: number, keys: number) => number): Value {
  return torch.function(
    name,
    operation("*size", (call) => {
      const [queries, keys] = call.restInts();
      const mask = (place: Place): Tensor =>
        tensors.triangle(tensors.full([queries, keys], 1, "bool", call.place), "lower", shift(queries, keys), place);
      return { kind: "native", type: biasType, data: new AttentionBias(() => mask(call.place)) };
    }),
  );
}
const biasType: NativeType = { name: "a causal bias" };

const biasNames = new Map<string, Value>([
  ["causal_upper_left", causalBias("causal_upper_left", () => 0)],
  ["causal_lower_right", causalBias("causal_lower_right", (queries, keys) => keys - queries)],
]);
/** `torch.nn.attention.bias`. */
export const biasLibrary: Library = (name) => biasNames.get(name);

/** `torch.nn.attention`: what chooses an implementation. */
export const attentionNames: Library = (name) => (name === "sdpa_kernel" || name === "SDPBackend" ? inert : undefined);
