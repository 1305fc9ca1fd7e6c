/**
 * x-transformers: its `Encoder`, `Decoder` and `CrossAttender`, and the models around them. A keyword whose effect is not understood
 * makes the model opaque, by its name.
 */
import { binary, coordinate, numeral, unary } from "../../graph/expressions";
import type { IndexExpression } from "../../graph/indexExpression";
import { tensors } from "../../graph/operations";
import type { Place } from "../../graph/nodes";
import { sizesOf, type Tensor } from "../../graph/tensor";
import type { Arguments, Library, Value } from "../values";
import { NotUnderstood, type Call } from "./call";
import { calleeOf, causalMask, linear, windowMask } from "./multiHead";
import { notUnderstood } from "./objects";
import { isTensor, other } from "./tensorState";
import { parameterValue, torch } from "./torch";
import { isModule, layerClass, Module, type LayerClass, type LayerSpec } from "./torchModule";

const classes = new Map<string, LayerClass>();

function define(name: string, spec: Omit<LayerSpec, "name">): LayerClass {
  const made = layerClass({ name: `x_transformers.${name}`, ...spec });
  classes.set(name, made);
  return made;
}

/** A parameter that stands for all weights of a module, so that code can end their training. */
function own(call: Call, module: Module): void {
  module.attributes.set("weight", parameterValue(tensors.parameter([1], true, call.place), true, call.at));
}

function isFrozen(module: Module): boolean {
  const weight = module.get("weight");
  return isTensor(weight) && !weight.data.isTrainable;
}

/** Keywords that change how a model is trained or run, but not what it can compute. */
const neutral = [
  "layer_dropout",
  "cross_attn_tokens_dropout",
  "verbose",
  "zero_init_branch_output",
  "norm_add_unit_offset",
  "layerscale_init_value",
  "use_layerscale",
  "rotary_interpolation_factor",
  "rotary_base_rescale_factor",
  "rotary_xpos_scale_base",
  "attn_dropout",
  "attn_flash",
  "attn_onnxable",
  "attn_qk_norm_scale",
  "attn_qk_norm_dim_scale",
  "attn_head_scale",
  "attn_zero_init_output",
  "attn_sublayer_dropout",
  "cross_attn_dropout",
  "ff_dropout",
  "ff_sublayer_dropout",
  "ff_zero_init_output",
  "max_mem_len",
  "shift_mem_down",
  "emb_dropout",
  "emb_frac_gradient",
  "attn_z_loss_weight",
];

const understood = [
  "dim",
  "depth",
  "heads",
  "causal",
  "cross_attend",
  "only_cross",
  "use_scalenorm",
  "use_rmsnorm",
  "use_simple_rmsnorm",
  "alibi_pos_bias",
  "alibi_num_heads",
  "rel_pos_bias",
  "rel_pos_num_buckets",
  "rel_pos_max_distance",
  "dynamic_pos_bias",
  "dynamic_pos_bias_log_distance",
  "dynamic_pos_bias_mlp_depth",
  "dynamic_pos_bias_norm",
  "rotary_pos_emb",
  "rotary_emb_dim",
  "rotary_xpos",
  "macaron",
  "pre_norm",
  "pre_norm_has_final_norm",
  "pre_and_post_norm",
  "sandwich_norm",
  "sandwich_coef",
  "custom_layers",
  "weight_tie_layers",
  "disable_abs_pos_emb",
  "scale_residual",
  "scale_residual_constant",
  "attn_dim_head",
  "attn_value_dim_head",
  "attn_kv_heads",
  "attn_one_kv_head",
  "attn_qk_norm",
  "attn_qk_rmsnorm",
  "attn_max_attend_past",
  "attn_gate_values",
  "attn_sigmoid",
  "ff_mult",
  "ff_glu",
  "ff_swish",
  "ff_relu_squared",
  "ff_no_bias",
  "ff_post_act_ln",
];

/** Keywords that change nothing unless they are switched on; then what they do is not understood. */
const off =
  "residual_attn cross_residual_attn shift_tokens gate_residual resi_dual attn_num_mem_kv attn_sparse_topk attn_talking_heads attn_pre_talking_heads attn_post_talking_heads attn_on_attn attn_softclamp_logits attn_add_zero_kv attn_hard attn_l2_distance attn_selective attn_gate_value_heads attn_swiglu_values ff_glu_mult_bias ff_solu unet_skips integrate_layers add_value_residual reinject_input polar_pos_emb softclamp_output use_dynamic_tanh use_adaptive_layernorm use_adaptive_rmsnorm use_cope orthog_residual gated_multi_residual only_attn".split(
    " ",
  );

function checkOff(call: Call, names: readonly string[]): void {
  for (const name of names) {
    const value = call.value(name);
    const isOff = !value || (value.kind === "bool" && !value.value) || (value.kind === "int" && value.value === 0);
    if (!isOff) throw call.not(`with \`${name}\``);
  }
}

// ---------------------------------------------------------------------------------------------------- attention layers

type Kind = "Encoder" | "Decoder" | "CrossAttender" | "AttentionLayers";

/** The options of a stack of layers, read from its call. */
class Stack {
  readonly dim: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly valueWidth: number;
  readonly keyHeads: number;
  readonly causal: boolean;
  readonly crossAttends: boolean;
  readonly layers: readonly string[];

  constructor(
    readonly call: Call,
    readonly kind: Kind,
    readonly module: Module,
  ) {
    checkOff(call, off);
    this.dim = call.int("dim");
    this.heads = call.int("heads", 8);
    this.headWidth = call.int("attn_dim_head", 64);
    this.valueWidth = call.int("attn_value_dim_head", this.headWidth);
    this.keyHeads = call.boolean("attn_one_kv_head", false) ? 1 : call.int("attn_kv_heads", this.heads);
    if (this.heads % this.keyHeads !== 0) throw call.not("with these heads");
    this.causal = kind === "Decoder" || (kind === "AttentionLayers" && call.boolean("causal", false));
    const only = kind === "CrossAttender" || call.boolean("only_cross", false);
    this.crossAttends = only || call.boolean("cross_attend", false);
    this.layers = this.order(only);
  }

  flag(name: string, fallback = false): boolean {
    return this.call.boolean(name, fallback);
  }

  /** Where a keyword is written, or the call. */
  at(name: string): Place {
    return this.call.has(name) ? this.call.literalOf(name) : this.call.place;
  }

  get frozen(): boolean {
    return isFrozen(this.module);
  }

  get disablesPositions(): boolean {
    const rotary = this.flag("rotary_pos_emb") || this.flag("rotary_xpos");
    return this.call.has("disable_abs_pos_emb") ? this.flag("disable_abs_pos_emb") : this.flag("rel_pos_bias") || rotary; // prettier-ignore
  }

  private order(only: boolean): string[] {
    const block = [...(this.flag("macaron") ? ["f"] : []), ...(only ? [] : ["a"]), ...(this.crossAttends ? ["c"] : []), "f"]; // prettier-ignore
    const times = (count: number, of: readonly string[]): string[] => Array.from({ length: count }, () => of).flat();
    if (this.call.has("custom_layers")) {
      const items = this.call.items(this.call.needed("custom_layers"));
      return items.map((item) => (item.kind === "string" ? item.value : ""));
    }
    const depth = this.call.int("depth");
    if (!this.call.has("sandwich_coef")) return times(depth, block);
    const sandwich = this.call.int("sandwich_coef");
    return [...times(sandwich, ["a"]), ...times(depth - sandwich, block), ...times(sandwich, ["f"])];
  }

  norm(of: Tensor): Tensor {
    const rms = ["use_rmsnorm", "use_simple_rmsnorm", "use_scalenorm"].find((name) => this.flag(name));
    return tensors.norm(of, rms ? "rms" : "layer", this.at(rms ?? "dim"));
  }

  // ---- positions

  /** Keys and queries (batch, head, token, features) turned by their positions, the first features of each only. */
  rotated(of: Tensor): Tensor {
    if (!(this.flag("rotary_pos_emb") || this.flag("rotary_xpos"))) return of;
    const place = this.at("rotary_pos_emb");
    const sizes = sizesOf(of);
    const [tokens, width] = sizes.slice(-2);
    const turned = this.call.int("rotary_emb_dim", Math.floor(this.headWidth / 2));
    const shape = [tokens, turned];
    // Neighbouring features are the pairs.
    const pair = binary("//", coordinate(1), numeral(2), shape);
    const exponent = binary("/", binary("*", pair, numeral(-2), shape), numeral(turned), shape);
    const angle = binary("*", coordinate(0), binary("**", numeral(10000), exponent, shape), shape);
    const table = (op: "sin" | "cos"): Tensor => tensors.constant(shape, unary(op, angle), "float", place, other);
    const axis = sizes.length - 1;
    const [first, rest] = width > turned ? tensors.split(of, [turned, width - turned], axis, place) : [of, undefined];
    const halves = tensors.reshape(first, [...sizes.slice(0, -1), turned / 2, 2], place);
    const [even, odd] = tensors.split(halves, [1, 1], axis + 1, place);
    const swapped = tensors.concatenate([tensors.unary("-", odd, place), even], axis + 1, place);
    const exchanged = swapped.content.kind === "opaque" ? swapped : tensors.reshape(swapped, sizesOf(first), place);
    const cos = tensors.binary("*", first, table("cos"), place);
    const made = tensors.binary("+", cos, tensors.binary("*", exchanged, table("sin"), place), place);
    return rest ? tensors.concatenate([made, rest], axis, place) : made;
  }

  /** What is added to the scores (head, query, key). */
  bias(queries: number, keys: number): Tensor | undefined {
    const shape = [queries, keys];
    const span = queries + keys - 1;
    const distance = binary("+", binary("-", coordinate(0), coordinate(1), shape), numeral(keys - 1), shape);
    const table = (values: number[], rows: number, place: Place): Tensor => {
      const element: IndexExpression = { kind: "table", values, sizes: [values.length], indices: [distance] };
      const indices = tensors.constant(shape, element, "int", place, other);
      const looked = tensors.embedding({ rows, width: this.heads, trainable: !this.frozen, widthLiteral: undefined }, indices, place); // prettier-ignore
      return looked.content.kind === "opaque" ? looked : tensors.permute(looked, [2, 0, 1], place);
    };
    if (this.flag("rel_pos_bias")) {
      const count = this.call.int("rel_pos_num_buckets", 32);
      const furthest = this.call.int("rel_pos_max_distance", 128);
      const values = Array.from({ length: span }, (_, i) => bucket(i - (keys - 1), this.causal, count, furthest));
      return table(values, count, this.at("rel_pos_bias"));
    }
    // A learned function of the distance: one learned number for each.
    if (this.flag("dynamic_pos_bias")) return table(Array.from({ length: span }, (_, i) => i), span, this.at("dynamic_pos_bias")); // prettier-ignore
    if (!this.flag("alibi_pos_bias")) return undefined;
    const slopes = alibiSlopes(this.call.int("alibi_num_heads", this.heads));
    const values = Array.from({ length: this.heads }, (_, head) => slopes[head] ?? 0);
    const all = [this.heads, queries, keys];
    const gap = unary("abs", binary("-", coordinate(2), coordinate(1), all));
    const slope: IndexExpression = this.heads === 1 ? numeral(values[0]) : { kind: "table", values, sizes: [this.heads], indices: [coordinate(0)] }; // prettier-ignore
    return tensors.constant(all, binary("*", slope, unary("-", gap), all), "float", this.at("alibi_pos_bias"), other);
  }

  // ---- layers

  private projection(): { bias: boolean; biasPlace: Place; frozen: boolean } {
    return { bias: false, biasPlace: this.call.place, frozen: this.frozen };
  }

  attention(query: Tensor, memory: Tensor | undefined, mask: Tensor | undefined): Tensor {
    const { call, heads, keyHeads, headWidth, valueWidth } = this;
    const { place } = call;
    const source = memory ?? query;
    const lost = [query, source, mask].find((tensor) => tensor?.content.kind === "opaque");
    if (lost) return lost;
    const headed = (of: Tensor, count: number, width: number): Tensor => {
      const mapped = linear(of, count * width, this.projection(), place);
      if (mapped.content.kind === "opaque") return mapped;
      const [batch, tokens] = sizesOf(of);
      return tensors.permute(tensors.reshape(mapped, [batch, tokens, count, width], place), [0, 2, 1, 3], place);
    };
    const normed = (of: Tensor): Tensor => {
      if (this.flag("attn_qk_norm")) return tensors.unit(of, 3, this.at("attn_qk_norm"));
      return this.flag("attn_qk_rmsnorm") ? tensors.norm(of, "rms", this.at("attn_qk_rmsnorm")) : of;
    };
    const turned = (of: Tensor): Tensor => (memory ? of : this.rotated(of));
    const q = turned(normed(headed(query, heads, headWidth)));
    const k = turned(normed(headed(source, keyHeads, headWidth)));
    const v = headed(source, keyHeads, valueWidth);
    const [queries, keys] = [sizesOf(query)[1], sizesOf(source)[1]];
    let kept = mask;
    const and = (added: Tensor): void => void (kept = kept ? tensors.binary("and", kept, added, place) : added);
    if (this.causal && !memory) and(causalMask(queries, keys, calleeOf(call)));
    if (call.has("attn_max_attend_past")) and(windowMask(queries, keys, call.int("attn_max_attend_past"), keys, this.at("attn_max_attend_past"))); // prettier-ignore
    const bias = memory ? undefined : this.bias(queries, keys);
    const read = attend(q, k, v, kept, bias, this.flag("attn_sigmoid") ? "sigmoid" : "softmax", place);
    if (read.content.kind === "opaque") return read;
    const [batch] = sizesOf(query);
    let joined = tensors.reshape(tensors.permute(read, [0, 2, 1, 3], place), [batch, queries, heads * valueWidth], place); // prettier-ignore
    if (this.flag("attn_gate_values")) {
      const gate = linear(query, heads * valueWidth, this.projection(), this.at("attn_gate_values"));
      joined = tensors.binary("*", joined, tensors.activation(gate, "sigmoid", place), place);
    }
    return heads > 1 ? linear(joined, this.dim, this.projection(), place) : joined;
  }

  feedForward(of: Tensor): Tensor {
    const { call } = this;
    const { place } = call;
    const inner = Math.trunc(this.dim * call.number("ff_mult", 4));
    const biased = { bias: !this.flag("ff_no_bias"), biasPlace: this.at("ff_no_bias"), frozen: this.frozen };
    const activation = (tensor: Tensor): Tensor => {
      if (this.flag("ff_relu_squared")) return tensors.activation(tensors.activation(tensor, "relu", place), "square", this.at("ff_relu_squared")); // prettier-ignore
      return this.flag("ff_swish") ? tensors.activation(tensor, "silu", this.at("ff_swish")) : tensors.activation(tensor, "gelu", place); // prettier-ignore
    };
    let hidden: Tensor;
    if (this.flag("ff_glu")) {
      // The gate's projection has a bias whatever `ff_no_bias` says.
      const both = linear(of, 2 * inner, { ...biased, bias: true }, place);
      if (both.content.kind === "opaque") return both;
      const [value, gate] = tensors.split(both, [inner, inner], sizesOf(both).length - 1, place);
      hidden = tensors.binary("*", value, activation(gate), place);
    } else hidden = activation(linear(of, inner, biased, place));
    if (this.flag("ff_post_act_ln")) hidden = tensors.norm(hidden, "layer", this.at("ff_post_act_ln"));
    return linear(hidden, this.dim, biased, place);
  }

  run(input: Tensor, memory: Tensor | undefined, mask: Tensor | undefined): Tensor {
    const { call } = this;
    if (this.crossAttends !== (memory !== undefined)) return tensors.opaque(memory ? "a context without `cross_attend`" : "`cross_attend` without a context", call.place); // prettier-ignore
    const before = this.flag("pre_norm", true) || this.flag("pre_and_post_norm");
    const after = !before || this.flag("pre_and_post_norm");
    const constant = call.number("scale_residual_constant", 1);
    let x = input;
    for (const kind of this.layers) {
      const taken = before ? this.norm(x) : x;
      let out: Tensor;
      if (kind === "a") out = this.attention(taken, undefined, mask);
      else if (kind === "c") out = this.attention(taken, memory, undefined);
      else if (kind === "f") out = this.feedForward(taken);
      else return tensors.opaque("a layer of a kind that is not known", call.place);
      if (kind === "f" && this.flag("macaron")) out = tensors.binary("*", out, 0.5, call.place);
      if (this.flag("sandwich_norm")) out = this.norm(out);
      const residual = constant === 1 ? x : tensors.binary("*", x, constant, call.place);
      x = tensors.binary("+", out, residual, call.place);
      if (after) x = this.norm(x);
    }
    const last = this.flag("pre_norm", true) && this.flag("pre_norm_has_final_norm", true) && !this.flag("pre_and_post_norm"); // prettier-ignore
    return last ? this.norm(x) : x;
  }
}

/** Scores with what is added to them, the pairs that are kept, and the values that are read. */
function attend(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  kept: Tensor | undefined,
  bias: Tensor | undefined,
  kernel: "softmax" | "sigmoid",
  place: Place,
): Tensor {
  // prettier-ignore
  if (!bias || !kept) return tensors.attention(q, k, v, { mask: kept ?? bias, causal: undefined, kernel, heads: undefined }, place); // prettier-ignore
  const times = sizesOf(q)[1] / sizesOf(k)[1];
  const [keys, values] = [k, v].map((tensor) => (times > 1 ? tensors.repeatEach(tensor, times, 1, place) : tensor));
  const scores = tensors.binary("+", tensors.matmul(q, tensors.permute(keys, [0, 1, 3, 2], place), place), bias, place);
  const masked = tensors.maskedFill(scores, tensors.unary("not", kept, kept.place), -Infinity, place);
  const weights = kernel === "softmax" ? tensors.softmax(masked, -1, place) : tensors.activation(masked, "sigmoid", place); // prettier-ignore
  return tensors.matmul(weights, values, place);
}

/** The bucket of a query minus a key, as T5 has it. */
function bucket(distance: number, causal: boolean, buckets: number, furthest: number): number {
  let count = buckets;
  let first = 0;
  if (!causal) {
    count = Math.floor(buckets / 2);
    first = distance < 0 ? count : 0;
  }
  const size = causal ? Math.max(0, distance) : Math.abs(distance);
  const exact = Math.floor(count / 2);
  if (size < exact) return first + size;
  // As PyTorch computes it, in single precision throughout.
  const single = Math.fround;
  const share = single(single(Math.log(single(size / exact))) / single(Math.log(furthest / exact)));
  const large = exact + Math.trunc(single(share * (count - exact)));
  return first + Math.min(large, count - 1);
}

function alibiSlopes(heads: number): number[] {
  const power = (count: number): number[] => Array.from({ length: count }, (_, i) => (2 ** -(2 ** -(Math.log2(count) - 3))) ** (i + 1)); // prettier-ignore
  if (Number.isInteger(Math.log2(heads))) return power(heads);
  const below = 2 ** Math.floor(Math.log2(heads));
  return [...power(below), ...power(2 * below).filter((_, i) => i % 2 === 0).slice(0, heads - below)]; // prettier-ignore
}

const stacks = new WeakMap<Module, Stack>();

/** Pairs that the attention of a call leaves in. */
function maskOf(call: Call): Tensor | undefined {
  if (call.has("mask")) throw new NotUnderstood("the mask of padding depends on the data", call.placeOf("mask"));
  const mask = call.optionalTensor("attn_mask");
  if (!mask || mask.content.kind === "opaque") return mask;
  if (mask.content.kind !== "constant" || mask.dtype !== "bool") throw new NotUnderstood("the mask depends on the data", call.placeOf("attn_mask")); // prettier-ignore
  return mask.axes.length === 3 ? tensors.unsqueeze(mask, 0) : mask;
}

const memoryOf = (call: Call): Tensor | undefined => {
  if (call.has("context_mask")) throw new NotUnderstood("the mask of padding depends on the data", call.placeOf("context_mask")); // prettier-ignore
  return call.optionalTensor("context");
};

const layerKeywords = [...understood, ...neutral, ...off].join(" ");
for (const kind of ["Encoder", "Decoder", "CrossAttender", "AttentionLayers"] as const)
  define(kind, {
    signature: layerKeywords,
    make: (call, module) => {
      own(call, module);
      module.attributes.set("dim", call.needed("dim"));
      if (call.has("depth")) module.attributes.set("depth", call.needed("depth"));
      stacks.set(module, new Stack(call, kind, module));
    },
    input: "x context mask context_mask attn_mask return_hiddens",
    forward: (call, module) => {
      const stack = stacks.get(module);
      if (!stack) throw call.not("of these layers");
      if (call.boolean("return_hiddens", false)) throw call.not("with `return_hiddens`");
      return stack.run(call.tensor("x"), memoryOf(call), maskOf(call));
    },
  });

// -------------------------------------------------------------------------------------------------------------- models

/** The stack that an argument of a wrapper holds. */
function stackOf(call: Call): Stack {
  const value = call.needed("attn_layers");
  const module = value.kind === "native" && value.data instanceof Module ? value.data : undefined;
  if (module?.problem) throw module.problem;
  const stack = module && stacks.get(module);
  if (!stack) throw call.not("with these `attn_layers`");
  return stack;
}

/** Vectors of the positions, to be added to the tokens. */
function positions(call: Call, module: Module, stack: Stack, tokens: number, width: number): Tensor | undefined {
  const longest = call.has("max_seq_len") ? call.int("max_seq_len") : 0;
  if (longest === 0 || !call.boolean("use_abs_pos_emb", true) || stack.disablesPositions) return undefined;
  if (!call.boolean("scaled_sinu_pos_emb", false)) {
    const place = call.has("use_abs_pos_emb") ? call.literalOf("use_abs_pos_emb") : call.literalOf("max_seq_len");
    if (tokens > longest) throw call.not("of more tokens than it has positions for");
    const line = tensors.arange(0, tokens, 1, place);
    return tensors.embedding({ rows: longest, width, trainable: !isFrozen(module), widthLiteral: undefined }, line, place); // prettier-ignore
  }
  // Scaled by a learned number, which no one position sees.
  const place = call.literalOf("scaled_sinu_pos_emb");
  const shape = [tokens, width];
  const half = width / 2;
  const exponent = binary("/", binary("%", coordinate(1), numeral(half), shape), numeral(-half), shape);
  const angle = binary("*", coordinate(0), binary("**", numeral(10000), exponent, shape), shape);
  const condition = binary("<", coordinate(1), numeral(half), shape);
  const element: IndexExpression = { kind: "choose", condition, yes: unary("sin", angle), no: unary("cos", angle) };
  return tensors.constant(shape, element, "float", place, other);
}

/** Learned tokens before the others, which are taken away in the end. */
function withMemory(call: Call, module: Module, x: Tensor, run: (of: Tensor) => Tensor): Tensor {
  const count = call.int("num_memory_tokens", 0);
  if (count === 0 || x.content.kind === "opaque") return run(x);
  const place = call.literalOf("num_memory_tokens");
  const [batch, tokens, width] = sizesOf(x);
  const learned = tensors.parameter([1, count, width], !isFrozen(module), place);
  const memory = tensors.expand(learned, [batch, count, width], place);
  const result = run(tensors.concatenate([memory, x], 1, place));
  const whole = { kind: "slice", start: undefined, stop: undefined, step: 1 } as const;
  return tensors.index(result, [whole, { kind: "slice", start: count, stop: count + tokens, step: 1 }], place);
}

const unbiased = (call: Call, module: Module): { bias: boolean; biasPlace: Place; frozen: boolean } => ({
  bias: false,
  biasPlace: call.place,
  frozen: isFrozen(module),
});

const wrapperOff =
  "embed_num_tokens memory_tokens_interspersed_every recycling looped average_pool_embed use_cls_token attn_pool squeeze_out_last_dim token_emb mixture_of_softmax sigsoftmax_logits ff_deep_embed to_logits add_continuous_pred_head tie_embedding_scale".split(
    " ",
  );

const tokenWrapper = define("TransformerWrapper", {
  signature: `num_tokens max_seq_len attn_layers emb_dim post_emb_norm num_memory_tokens tie_embedding logits_dim return_only_embed num_output_heads use_abs_pos_emb scaled_sinu_pos_emb l2norm_embed ${[...neutral, ...wrapperOff].join(" ")}`,
  make: (call, module) => {
    checkOff(call, wrapperOff);
    own(call, module);
    void [call.int("num_tokens"), stackOf(call)];
    if (call.int("num_output_heads", 1) !== 1) throw call.not("with `num_output_heads`");
    module.attributes.set("attn_layers", call.needed("attn_layers"));
    module.attributes.set("num_tokens", call.needed("num_tokens"));
    module.attributes.set("max_seq_len", call.needed("max_seq_len"));
  },
  input: "x return_embeddings mask attn_mask context context_mask return_logits_and_embeddings",
  forward: (call, module) => {
    const { made } = module;
    const stack = stackOf(made);
    if (call.has("return_logits_and_embeddings")) throw call.not("with `return_logits_and_embeddings`");
    const [mask, memory] = [maskOf(call), memoryOf(call)];
    const indices = call.tensor("x");
    if (indices.content.kind === "opaque") return indices;
    const width = made.int("emb_dim", stack.dim);
    const { place } = call;
    const normed = (of: Tensor): Tensor => (made.boolean("l2norm_embed", false) ? tensors.unit(of, of.axes.length - 1, made.literalOf("l2norm_embed")) : of); // prettier-ignore
    const table = { rows: made.int("num_tokens"), width, trainable: !isFrozen(module), widthLiteral: undefined };
    let x = normed(tensors.embedding(table, indices, place));
    const codes = positions(made, module, stack, sizesOf(indices)[1], width);
    if (codes) x = tensors.binary("+", x, normed(codes), place);
    if (made.boolean("post_emb_norm", false)) x = tensors.norm(x, "layer", made.literalOf("post_emb_norm"));
    if (width !== stack.dim) x = linear(x, stack.dim, { ...unbiased(made, module), bias: true }, place);
    x = withMemory(made, module, x, (of) => stack.run(of, memory, mask));
    if (call.boolean("return_embeddings", false) || made.boolean("return_only_embed", false)) return x;
    return linear(x, made.int("logits_dim", made.int("num_tokens")), unbiased(made, module), place);
  },
});

define("ContinuousTransformerWrapper", {
  signature: `max_seq_len attn_layers dim_in dim_out num_memory_tokens post_emb_norm use_abs_pos_emb scaled_sinu_pos_emb use_identity_if_same_dim project_in project_out average_pool_embed probabilistic ${neutral.join(" ")}`, // prettier-ignore
  make: (call, module) => {
    checkOff(call, ["project_in", "project_out", "average_pool_embed", "probabilistic"]);
    own(call, module);
    void stackOf(call);
    module.attributes.set("attn_layers", call.needed("attn_layers"));
    for (const name of ["dim_in", "max_seq_len"]) if (call.has(name)) module.attributes.set(name, call.needed(name));
    if (!call.has("dim_in")) module.attributes.set("dim", stackOf(call).call.needed("dim"));
  },
  input: "x return_embeddings mask attn_mask context context_mask",
  forward: (call, module) => {
    const { made } = module;
    const stack = stackOf(made);
    const [mask, memory] = [maskOf(call), memoryOf(call)];
    const { place } = call;
    const same = made.boolean("use_identity_if_same_dim", false);
    const mapped = (of: Tensor, name: string, to: number): Tensor =>
      made.has(name) && !(same && made.int(name) === stack.dim) ? linear(of, to, unbiased(made, module), place) : of;
    let x = mapped(call.tensor("x"), "dim_in", stack.dim);
    if (x.content.kind === "opaque") return x;
    const codes = positions(made, module, stack, sizesOf(x)[1], stack.dim);
    if (codes) x = tensors.binary("+", x, codes, place);
    if (made.boolean("post_emb_norm", false)) x = tensors.norm(x, "layer", made.literalOf("post_emb_norm"));
    x = withMemory(made, module, x, (of) => stack.run(of, memory, mask));
    return call.boolean("return_embeddings", false) ? x : mapped(x, "dim_out", made.int("dim_out", stack.dim));
  },
});

/** What it trains is the model that it is given, on sequences shifted by one. */
define("AutoregressiveWrapper", {
  signature: "net ignore_index pad_value mask_prob add_attn_z_loss next_embed_loss_weight",
  make: (call, module) => {
    if (!isModule(call.needed("net"))) throw call.not("of what is no module");
    module.attributes.set("net", call.needed("net"));
  },
  input: "x return_outputs prepend_embeds context context_mask mask attn_mask",
  forward: (call, module) => call.at.interpreter.call(module.get("net"), { ...call.args, named: new Map(call.args.named) }, call.place), // prettier-ignore
});

/** Keywords of an encoder and a decoder, which have them with a prefix. */
const shared = [...understood, ...neutral, ...off, "num_tokens", "max_seq_len", "num_memory_tokens", "scaled_sinu_pos_emb", "use_abs_pos_emb"]; // prettier-ignore
const prefixed = (prefix: string): string[] => [...new Set(shared)].map((name) => prefix + name);

/** The keywords with a prefix, without it, as a call of another class. */
function part(call: Call, prefix: string, names: readonly string[], added: Record<string, Value>): Arguments {
  const named = new Map<string, Value>();
  const places = new Map<string, Place>();
  for (const name of names) {
    const value = call.value(prefix + name);
    if (!value) continue;
    named.set(name, value);
    places.set(name, call.placeOf(prefix + name));
  }
  for (const [name, value] of Object.entries(added)) {
    named.set(name, value);
    places.set(name, call.placeOf(name));
  }
  return { positional: [], named, place: call.place, places: { positional: [], named: places } };
}

define("XTransformer", {
  signature: `dim tie_token_emb ignore_index pad_value cross_attn_tokens_dropout ${[...prefixed("enc_"), ...prefixed("dec_")].join(" ")}`, // prettier-ignore
  make: (call, module) => {
    own(call, module);
    const at = { place: call.place, interpreter: call.at.interpreter };
    const outer = ["num_tokens", "max_seq_len", "num_memory_tokens", "scaled_sinu_pos_emb", "use_abs_pos_emb", "emb_dropout"]; // prettier-ignore
    const inner = shared.filter((name) => !outer.includes(name) && name !== "dim");
    for (const [name, prefix, kind] of [
      ["encoder", "enc_", "Encoder"],
      ["decoder", "dec_", "Decoder"],
    ] as const) {
      // prettier-ignore
      const more: Record<string, Value> = name === "decoder" ? { cross_attend: { kind: "bool", value: true } } : {};
      const layers = classes.get(kind)!.create(part(call, prefix, inner, { dim: call.needed("dim"), ...more }), at);
      const only: Record<string, Value> = name === "encoder" ? { return_only_embed: { kind: "bool", value: true } } : {}; // prettier-ignore
      module.attributes.set(name, tokenWrapper.create(part(call, prefix, outer, { attn_layers: layers, ...only }), at));
    }
  },
  input: "src tgt mask attn_mask",
  forward: (call, module) => {
    if (call.has("mask")) throw new NotUnderstood("the mask of padding depends on the data", call.placeOf("mask"));
    const { interpreter } = call.at;
    const named = (values: Record<string, Value | undefined>): Map<string, Value> => new Map(Object.entries(values).flatMap(([name, value]): [string, Value][] => (value ? [[name, value]] : []))); // prettier-ignore
    const run = (name: string, input: Value, values: Record<string, Value | undefined>): Value =>
      interpreter.call(module.get(name), { positional: [input], named: named(values), place: call.place, places: { positional: [], named: new Map() } }, call.place); // prettier-ignore
    const memory = run("encoder", call.needed("src"), { attn_mask: call.value("attn_mask") });
    return run("decoder", call.needed("tgt"), { context: memory });
  },
});

/** The names of `x_transformers`. */
const xTransformersNames: Library = (name) => {
  const found = classes.get(name)?.value;
  if (found) return found;
  return /^[A-Z]/.test(name) ? notUnderstood(`x_transformers.${name}`, torch) : undefined;
};

export const xTransformersLibraries: readonly [string, Library][] = [
  ["x_transformers", xTransformersNames],
  ["x_transformers.x_transformers", xTransformersNames],
  ["x_transformers.autoregressive_wrapper", xTransformersNames],
  ["x_transformers.continuous", xTransformersNames],
];
