/**
 * The model types: what transformers (5.24) builds from a configuration of each, as a table of rules. Keys, default values and the
 * facts in the comments are those of its configuration classes and modelling code.
 */
import type { JSONPath } from "jsonc-parser";
import { limits } from "../../theory/architecture/limits";
import type { Bias, Position } from "../../theory/architecture/schema";
import {
  bigBird,
  causalWindow,
  firstOfGroup,
  fromLayer,
  gptNeo,
  lastOfGroup,
  longformer,
  mixed,
  reformer,
  reformerLayers,
  slidingEverywhere,
  unrestricted,
} from "./attention";
import type { Config } from "./document";
import {
  afterPadding,
  constant,
  depth,
  flag,
  flagged,
  gated,
  heads,
  hiddenOrNull,
  norm,
  note,
  paddingIndex,
  patches,
  plain,
  sequence,
  t5Activation,
  unbounded,
  width,
  worded,
  type Note,
  type Rule,
  type Shape,
  type Stack,
} from "./rules";

// -------------------------------------------------------------------------------------------------------- positions

const learned: Position = { kind: "absolute", code: "learned" };
const signed: Position = { kind: "relative", offsets: "signed", clip: null };
const rotary: Rule<Position> = constant<Position>(
  { kind: "rotary" },
  "rope_parameters",
  "rope_theta",
  "rope_scaling",
  "rotary_dim",
  "rotary_pct",
);

/** `position_embedding_type`; transformers before version 5 reads it in every BERT-like type, later ones take it for absolute (see `relativeKey`). */
const bertPosition = worded<Position>("position_embedding_type", "absolute", {
  absolute: learned,
  relative_key: signed,
  relative_key_query: signed,
});

/**
 * One table of bucket biases for all layers. An encoder has half of the buckets for either side, at least two, and half of these are
 * exact; the logarithmic ones lie between them and the longest distance.
 */
const t5Position = (bidirectional: boolean): Rule<Position> => ({
  read: (config) => {
    const buckets = config.count(["relative_attention_num_buckets"], 32, bidirectional ? 4 : 2, 4096);
    const exact = Math.floor((bidirectional ? Math.floor(buckets / 2) : buckets) / 2);
    const maxDistance = config.count(["relative_attention_max_distance"], 128, exact + 1, limits.tokens);
    return { kind: "t5-buckets", buckets, maxDistance, bidirectional };
  },
  places: [["relative_attention_num_buckets"], ["relative_attention_max_distance"]],
});

/** MPNet sorts offsets into 32 buckets, whatever its option says: that is how many rows the table has, and fewer are too few. */
function mpnetBias(config: Config): Bias {
  config.count(["relative_attention_num_buckets"], 32, 32, 4096);
  return { kind: "t5-buckets", buckets: 32, maxDistance: 128, bidirectional: true };
}

/**
 * DeBERTa's disentangled attention (2006.03654): the code of an offset enters through the content of the query, the key or both, which
 * to the theory is one class per offset, or per bucket of offsets.
 */
function deberta(config: Config, { tokens }: Shape): Bias {
  const asked = config.flag("relative_attention", false);
  const types = config.plain("pos_att_type");
  const named = typeof types === "string" ? types : Array.isArray(types) ? types.join("|") : "";
  if (!asked || !/c2p|p2c/i.test(named)) return { kind: "none" };
  const rows = config.count(["max_position_embeddings"], 512, 1, limits.tokens);
  const longest = config.countOrNull("max_relative_positions", -1, -1, limits.tokens) ?? -1;
  const maxDistance = longest < 1 ? rows : longest;
  const buckets = config.countOrNull("position_buckets", -1, -1, 4096) ?? -1;
  if (buckets >= 2) return { kind: "log-buckets", buckets, maxDistance };
  const signedTo: Bias = { kind: "relative", offsets: "signed", clip: maxDistance };
  if (tokens <= maxDistance) return signedTo;
  // The table has as many rows before offset 0 as from it on, so that back in the sequence one offset fewer has a code of its own.
  if (tokens <= limits.pairClasses) {
    const classOf = (offset: number) => Math.max(0, Math.min(2 * maxDistance - 1, offset + maxDistance - 1));
    const classes = Array.from({ length: tokens }, (_, q) => Array.from({ length: tokens }, (_, k) => classOf(k - q)));
    return { kind: "pairs", classes };
  }
  const message =
    "the longest offset back shares the code of the one before it, which is not expressed for this many tokens: the verdict is undecided";
  config.skip("everything", message, [["max_relative_positions"], ["max_position_embeddings"]]);
  return signedTo;
}

// ------------------------------------------------------------------------------------------------------------ notes

const crossAttention = (when: (config: Config) => boolean): Note =>
  note(
    "nothing",
    "cross-attention adds what each token reads from the encoder, but moves nothing between the decoder's own tokens: " +
      "the verdict is for a fixed encoder input",
    [["add_cross_attention"], ["is_encoder_decoder"]],
    when,
  );

const askedCrossAttention = crossAttention((config) => config.flag("add_cross_attention", false));

/** A relative code by name, which transformers 4 builds and later ones do not. */
const relativeKey = (affects: Note["affects"], instead: string): Note =>
  note(
    affects,
    `\`position_embedding_type\` is read as transformers 4 builds it: from version 5 on transformers ignores it and ${instead}`,
    [["position_embedding_type"]],
    (config) => /^relative_key/.test(config.text(["position_embedding_type"], "")),
  );
const relativeKeyInBert = relativeKey("nothing", "adds learned absolute positions");

/** Equal views give equal outputs here too, so refutations stand; what the sequential theorem certifies need not carry over. */
const parallel = (places: JSONPath[] = [], when: (config: Config) => boolean = () => true): Note =>
  note(
    "certificate",
    "attention and feed-forward network work side by side on the same input (x + attention(x) + ffn(x)); they are read as one " +
      "after the other, so refutations stand but nothing is certified",
    places,
    when,
  );

/** With equal experts a router changes nothing, so the family contains that of one network; and experts stay tokenwise. */
const experts = note(
  "nothing",
  "the experts are read as one feed-forward network: with equal experts they are one, and routing moves nothing between tokens",
  [["num_local_experts"]],
);

const softcap = (name: string): Note =>
  note(
    "nothing",
    "capping the scores with tanh bounds them: the kernel's limit, which some theorems ask for, is not that of plain softmax",
    [[name]],
    (config) => typeof config.node([name])?.value === "number",
  );

const branchNorm = note(
  "nothing",
  "the normalisation of each branch's output, inside the residual path, is read as normalisation after the block",
  [["rms_norm_eps"]],
);

// ---------------------------------------------------------------------------------------------------------- families

const bert: Stack = {
  name: null,
  tokens: sequence("max_position_embeddings", 512),
  width: width("hidden_size", 768),
  depth: depth("num_hidden_layers", 12),
  heads: heads("num_attention_heads", 12),
  hidden: width("intermediate_size", 3072),
  activation: plain("hidden_act", "gelu"),
  bias: constant(true),
  norm: norm("post", "layer", "layer_norm_eps"),
  position: constant(learned),
  causal: constant(false),
  attention: unrestricted(),
  kernel: "softmax",
  normalized: true,
  projection: constant({ kind: "none" }),
  notes: [],
};

/** BERT-like types that may also be built as a decoder. */
const eitherWay: Partial<Stack> = {
  position: bertPosition,
  causal: flag("is_decoder", false),
  notes: [askedCrossAttention, relativeKeyInBert],
};

const roberta: Stack = {
  ...bert,
  ...eitherWay,
  tokens: afterPadding(sequence("max_position_embeddings", 512), paddingIndex),
};

const llama: Stack = {
  ...bert,
  tokens: sequence("max_position_embeddings", 2048),
  width: width("hidden_size", 4096),
  depth: depth("num_hidden_layers", 32),
  heads: heads("num_attention_heads", 32),
  hidden: width("intermediate_size", 11008),
  activation: gated(["hidden_act"], "silu"),
  bias: flag("mlp_bias", false),
  norm: norm("pre", "rms", "rms_norm_eps"),
  position: rotary,
  causal: constant(true),
};

/** The decoders built like Llama whose feed-forward networks never have a bias. */
const unbiased: Stack = { ...llama, bias: constant(false) };

const mistral: Stack = {
  ...unbiased,
  tokens: sequence("max_position_embeddings", 131072),
  hidden: width("intermediate_size", 14336),
  attention: slidingEverywhere(4096),
};

const qwen: Stack = {
  ...unbiased,
  tokens: sequence("max_position_embeddings", 32768),
  hidden: width("intermediate_size", 22016),
  attention: mixed({ ...causalWindow, fallback: 4096, alternation: fromLayer }),
};

const gemma: Stack = {
  ...unbiased,
  tokens: sequence("max_position_embeddings", 8192),
  width: width("hidden_size", 3072),
  depth: depth("num_hidden_layers", 28),
  heads: heads("num_attention_heads", 16),
  hidden: width("intermediate_size", 24576),
  activation: gated(["hidden_activation", "hidden_act"], "gelu_pytorch_tanh"),
};

/** In Gemma and Gemma 2 the option reaches some of the attention implementations only. */
const halfBidirectional = note(
  "everything",
  "whether `use_bidirectional_attention` lifts the causal mask depends on the attention implementation that runs the model",
  [["use_bidirectional_attention"]],
  (config) => config.flag("use_bidirectional_attention", false),
);

const gemma2: Stack = {
  ...gemma,
  width: width("hidden_size", 2304),
  depth: depth("num_hidden_layers", 26),
  heads: heads("num_attention_heads", 8),
  hidden: width("intermediate_size", 9216),
  activation: gated(["hidden_activation"], "gelu_pytorch_tanh"),
  attention: mixed({ ...causalWindow, fallback: 4096, alternation: lastOfGroup(2, null) }),
  notes: [softcap("attn_logit_softcapping"), halfBidirectional],
};

const gemma3: Stack = {
  ...gemma2,
  tokens: sequence("max_position_embeddings", 131072),
  causal: flagged("use_bidirectional_attention", false, false, true),
  // Without the causal mask the window is centred: half of it on each side.
  attention: mixed({
    window: "sliding_window",
    fallback: 4096,
    left: (size, causal) => (causal ? size - 1 : Math.floor(size / 2)),
    size: (left, causal) => (causal ? left + 1 : 2 * left),
    alternation: lastOfGroup(6, "sliding_window_pattern"),
  }),
  kernel: "cosine",
  notes: [softcap("attn_logit_softcapping")],
};

const gpt2: Stack = {
  ...bert,
  tokens: sequence(["n_positions", "max_position_embeddings"], 1024),
  width: width(["n_embd", "hidden_size"], 768),
  depth: depth(["n_layer", "num_hidden_layers"], 12),
  heads: heads(["n_head", "num_attention_heads"], 12),
  hidden: hiddenOrNull("n_inner"),
  activation: plain("activation_function", "gelu_new"),
  norm: norm("pre", "layer", "layer_norm_epsilon"),
  causal: constant(true),
  notes: [askedCrossAttention],
};

const bloom: Stack = {
  ...gpt2,
  tokens: unbounded(["seq_length"], 2048),
  width: width(["n_embed", "hidden_size"], 64),
  depth: depth(["n_layer", "num_hidden_layers"], 2),
  heads: heads(["n_head", "num_attention_heads"], 8),
  hidden: constant(null),
  activation: constant("gelu"),
  position: constant({ kind: "alibi" }),
  notes: [],
};

// -------------------------------------------------------------------------------------------------- encoder-decoders

const t5Encoder: Stack = {
  ...bert,
  name: "encoder",
  tokens: unbounded(["n_positions", "max_position_embeddings"], 512),
  width: width(["d_model", "hidden_size"], 512),
  depth: depth(["num_layers", "num_hidden_layers"], 6),
  heads: heads(["num_heads", "num_attention_heads"], 8),
  hidden: width("d_ff", 2048),
  activation: t5Activation,
  bias: constant(false),
  norm: norm("pre", "rms", "layer_norm_epsilon"),
  position: t5Position(true),
};

const t5Decoder: Stack = {
  ...t5Encoder,
  name: "decoder",
  depth: depth(["num_decoder_layers", "num_layers", "num_hidden_layers"], 6),
  position: t5Position(false),
  causal: constant(true),
  notes: [crossAttention(() => true)],
};

/** BART's table of positions has two rows more than `max_position_embeddings` says. */
const bartEncoder: Stack = {
  ...bert,
  name: "encoder",
  tokens: sequence("max_position_embeddings", 1024),
  width: width(["d_model", "hidden_size"], 1024),
  depth: depth(["encoder_layers", "num_hidden_layers"], 12),
  heads: heads(["encoder_attention_heads", "num_attention_heads"], 16),
  hidden: width("encoder_ffn_dim", 4096),
  activation: plain("activation_function", "gelu"),
  norm: norm("post", "layer"),
};

const bartDecoder: Stack = {
  ...bartEncoder,
  name: "decoder",
  depth: depth("decoder_layers", 12),
  heads: heads("decoder_attention_heads", 16),
  hidden: width("decoder_ffn_dim", 4096),
  causal: constant(true),
  notes: [crossAttention(() => true)],
};

// ------------------------------------------------------------------------------------------------------------ table

export interface ModelType {
  stacks: readonly Stack[];
  /** Where the stacks' keys are, if not at the top. */
  scope: JSONPath;
}

const one = (stack: Stack): ModelType => ({ stacks: [stack], scope: [] });

const vit: Stack = {
  ...bert,
  tokens: patches(1),
  norm: norm("pre", "layer", "layer_norm_eps"),
};

/** ALBERT applies each group's layers several times; every group has `inner_group_num` of them. */
const albertDepth: Rule<number> = {
  read: (config) => {
    const total = config.count(["num_hidden_layers"], 12, 1, limits.layers) * albertInner(config);
    if (total <= limits.layers) return total;
    config.fail(["inner_group_num"], `${total} layers; at most ${limits.layers} are read`);
    return 1;
  },
  places: [["num_hidden_layers"], ["inner_group_num"]],
  write: (value, config) => [{ path: ["num_hidden_layers"], value: value / albertInner(config) }],
};
const albertInner = (config: Config) => config.count(["inner_group_num"], 1, 1, limits.layers);

const table: Readonly<Record<string, ModelType>> = {
  bert: one({ ...bert, ...eitherWay }),
  roberta: one(roberta),
  distilbert: one({
    ...bert,
    width: width(["dim", "hidden_size"], 768),
    depth: depth(["n_layers", "num_hidden_layers"], 6),
    heads: heads(["n_heads", "num_attention_heads"], 12),
    hidden: width("hidden_dim", 3072),
    activation: plain("activation", "gelu"),
    norm: norm("post", "layer"),
    position: flagged<Position>("sinusoidal_pos_embds", false, { kind: "absolute", code: "sinusoidal" }, learned),
  }),
  albert: one({
    ...bert,
    width: width("hidden_size", 4096),
    depth: albertDepth,
    heads: heads("num_attention_heads", 64),
    hidden: width("intermediate_size", 16384),
    activation: plain("hidden_act", "gelu_new"),
    position: bertPosition,
    notes: [
      relativeKeyInBert,
      note(
        "certificate",
        "layers share their parameters, which certificates take to be free: refutations stand, nothing is certified",
        [["num_hidden_groups"]],
        (config) =>
          config.count(["num_hidden_groups"], 1, 1, limits.layers) <
          config.count(["num_hidden_layers"], 12, 1, limits.layers),
      ),
    ],
  }),
  electra: one({
    ...bert,
    ...eitherWay,
    width: width("hidden_size", 256),
    heads: heads("num_attention_heads", 4),
    hidden: width("intermediate_size", 1024),
  }),
  "deberta-v2": one({
    ...bert,
    width: width("hidden_size", 1536),
    depth: depth("num_hidden_layers", 24),
    heads: heads("num_attention_heads", 24),
    hidden: width("intermediate_size", 6144),
    position: flagged<Position>("position_biased_input", true, learned, { kind: "none" }),
    attention: unrestricted(deberta, [["pos_att_type"], ["position_buckets"], ["relative_attention"]]),
    notes: [
      note(
        "everything",
        "a convolution along the sequence follows the first layer and moves information between neighbouring tokens",
        [["conv_kernel_size"]],
        (config) => (config.countOrNull("conv_kernel_size", 0, 0, limits.tokens) ?? 0) > 0,
      ),
    ],
  }),
  mpnet: one({
    ...bert,
    tokens: afterPadding(sequence("max_position_embeddings", 512), constant(1)),
    attention: unrestricted(mpnetBias, [["relative_attention_num_buckets"]]),
  }),
  t5: { stacks: [t5Encoder, t5Decoder], scope: [] },
  bart: { stacks: [bartEncoder, bartDecoder], scope: [] },
  gpt2: one(gpt2),
  gpt_neo: one({
    ...gpt2,
    tokens: sequence("max_position_embeddings", 2048),
    width: width("hidden_size", 2048),
    depth: depth(["num_layers", "num_hidden_layers"], 24),
    heads: heads(["num_heads", "num_attention_heads"], 16),
    hidden: hiddenOrNull("intermediate_size"),
    attention: gptNeo,
    notes: [],
  }),
  gptj: one({
    ...gpt2,
    tokens: sequence(["n_positions", "max_position_embeddings"], 2048),
    width: width(["n_embd", "hidden_size"], 4096),
    depth: depth(["n_layer", "num_hidden_layers"], 28),
    heads: heads(["n_head", "num_attention_heads"], 16),
    position: rotary,
    notes: [parallel()],
  }),
  gpt_neox: one({
    ...gpt2,
    tokens: sequence("max_position_embeddings", 2048),
    width: width("hidden_size", 6144),
    depth: depth("num_hidden_layers", 44),
    heads: heads("num_attention_heads", 64),
    hidden: width("intermediate_size", 24576),
    activation: plain("hidden_act", "gelu"),
    norm: norm("pre", "layer", "layer_norm_eps"),
    position: rotary,
    notes: [parallel([["use_parallel_residual"]], (config) => config.flag("use_parallel_residual", true))],
  }),
  // The table of positions has two rows more than `max_position_embeddings` says.
  opt: one({
    ...gpt2,
    tokens: sequence("max_position_embeddings", 2048),
    width: width("hidden_size", 768),
    depth: depth("num_hidden_layers", 12),
    heads: heads("num_attention_heads", 12),
    hidden: width("ffn_dim", 3072),
    activation: plain("activation_function", "relu"),
    bias: flag("enable_bias", true),
    norm: flagged(
      "do_layer_norm_before",
      true,
      { placement: "pre", kind: "layer" },
      { placement: "post", kind: "layer" },
    ),
    notes: [],
  }),
  bloom: one({
    ...bloom,
    notes: [
      note(
        "certificate",
        "the residual path starts after the normalisation, which is read as starting before it",
        [["apply_residual_connection_post_layernorm"]],
        (config) => config.flag("apply_residual_connection_post_layernorm", false),
      ),
    ],
  }),
  // transformers builds MPT without any bias and with ALiBi and four times the width, whatever the options for them say.
  mpt: one({
    ...bloom,
    tokens: sequence("max_seq_len", 2048),
    width: width(["d_model", "hidden_size"], 2048),
    depth: depth(["n_layers", "num_hidden_layers"], 24),
    heads: heads(["n_heads", "num_attention_heads"], 16),
    bias: constant(false, "no_bias"),
    position: { ...constant<Position>({ kind: "alibi" }), places: [["attn_config", "alibi"]] },
  }),
  falcon: one({
    ...bloom,
    tokens: sequence("max_position_embeddings", 2048),
    width: width(["n_embed", "hidden_size"], 4544),
    depth: depth("num_hidden_layers", 32),
    heads: heads("num_attention_heads", 71),
    hidden: hiddenOrNull("ffn_hidden_size"),
    activation: plain("activation", "gelu"),
    bias: flag("bias", false),
    position: flagged<Position>("alibi", false, { kind: "alibi" }, { kind: "rotary" }),
    notes: [
      parallel(
        [["parallel_attn"], ["new_decoder_architecture"]],
        (config) => config.flag("parallel_attn", true) || config.flag("new_decoder_architecture", false),
      ),
    ],
  }),
  llama: one(llama),
  mistral: one(mistral),
  mixtral: one({ ...mistral, attention: slidingEverywhere(null), notes: [experts] }),
  qwen2: one(qwen),
  qwen3: one({ ...qwen, kernel: "cosine" }),
  gemma: one({ ...gemma, notes: [halfBidirectional] }),
  gemma2: one(gemma2),
  gemma3_text: one(gemma3),
  gemma3: {
    stacks: [
      {
        ...gemma3,
        notes: [
          ...gemma3.notes,
          note(
            "nothing",
            "the verdict is for text: the vision tower is not read, and the tokens of one image also attend to those after them",
          ),
        ],
      },
    ],
    scope: ["text_config"],
  },
  phi3: one({
    ...unbiased,
    tokens: sequence("max_position_embeddings", 4096),
    width: width("hidden_size", 3072),
    hidden: width("intermediate_size", 8192),
    attention: slidingEverywhere(null),
  }),
  starcoder2: one({
    ...llama,
    tokens: sequence("max_position_embeddings", 4096),
    width: width("hidden_size", 3072),
    depth: depth("num_hidden_layers", 30),
    heads: heads("num_attention_heads", 24),
    hidden: width("intermediate_size", 12288),
    activation: plain("hidden_act", "gelu_pytorch_tanh"),
    bias: flag("use_bias", true),
    norm: norm("pre", "layer", "norm_epsilon"),
    attention: slidingEverywhere(null),
  }),
  gpt_oss: one({
    ...llama,
    tokens: sequence("max_position_embeddings", 131072),
    width: width("hidden_size", 2880),
    depth: depth("num_hidden_layers", 36),
    heads: heads("num_attention_heads", 64),
    hidden: width("intermediate_size", 2880),
    bias: constant(true),
    attention: mixed({ ...causalWindow, fallback: 128, alternation: lastOfGroup(2, null) }),
    // A learned sink joins the sum that each row's weights are divided by. What a query then sees is what it sees without the division:
    // how many keys there are of each class, and the biases themselves rather than their differences.
    normalized: false,
    notes: [
      note(
        "certificate",
        "the attention sinks are read as attention weights that are not divided by their sum: a query can count its keys, as with a sink",
      ),
      experts,
    ],
  }),
  cohere2: one({
    ...unbiased,
    tokens: sequence("max_position_embeddings", 8192),
    width: width("hidden_size", 8192),
    depth: depth("num_hidden_layers", 40),
    heads: heads("num_attention_heads", 64),
    hidden: width("intermediate_size", 22528),
    norm: norm("pre", "layer", "layer_norm_eps"),
    // Only the layers that slide are rotary, which to the theory is one class per offset.
    position: constant({ kind: "none" }),
    attention: mixed({
      ...causalWindow,
      fallback: 4096,
      alternation: lastOfGroup(4, "sliding_window_pattern"),
      slidingBias: { kind: "relative", offsets: "signed", clip: null },
    }),
    notes: [
      note(
        "nothing",
        "the layers that slide are rotary and the others have no positions: the rotary ones are read as one class per offset",
        [["rope_parameters"], ["rope_theta"]],
      ),
      parallel(),
    ],
  }),
  olmo2: one({ ...unbiased, norm: norm("post", "rms", "rms_norm_eps"), kernel: "cosine", notes: [branchNorm] }),
  modernbert: one({
    ...bert,
    tokens: sequence("max_position_embeddings", 8192),
    depth: depth("num_hidden_layers", 22),
    hidden: width("intermediate_size", 1152),
    activation: gated(["hidden_activation"], "gelu"),
    bias: flag("mlp_bias", false),
    norm: norm("pre", "layer", "norm_eps"),
    position: { ...rotary, places: [["rope_parameters"], ["global_rope_theta"], ["local_rope_theta"]] },
    // Half of `local_attention` on each side of the query.
    attention: mixed({
      window: "local_attention",
      fallback: 128,
      left: (size) => Math.floor(size / 2),
      size: (left) => 2 * left,
      alternation: firstOfGroup(3, "global_attn_every_n_layers"),
    }),
  }),
  longformer: one({
    ...bert,
    tokens: afterPadding(sequence("max_position_embeddings", 512), paddingIndex),
    attention: longformer,
  }),
  led: {
    stacks: [
      {
        ...bartEncoder,
        tokens: sequence("max_encoder_position_embeddings", 16384),
        attention: longformer,
      },
      { ...bartDecoder, tokens: sequence("max_decoder_position_embeddings", 1024) },
    ],
    scope: [],
  },
  big_bird: one({
    ...bert,
    ...eitherWay,
    tokens: sequence("max_position_embeddings", 4096),
    activation: plain("hidden_act", "gelu_new"),
    attention: bigBird,
  }),
  nystromformer: one({
    ...bert,
    tokens: sequence("max_position_embeddings", 510),
    activation: plain("hidden_act", "gelu_new"),
    // As many landmarks as tokens make the attention exact.
    projection: {
      read: (config) => {
        const landmarks = config.count(["num_landmarks"], 64, 1, limits.tokens);
        const segments = config.count(["segment_means_seq_len"], 64, 1, limits.tokens);
        return landmarks === segments ? { kind: "none" } : { kind: "nystrom", landmarks };
      },
      places: [["num_landmarks"], ["segment_means_seq_len"]],
    },
    notes: [
      note(
        "everything",
        "a convolution along the sequence is added to the attention and moves information between neighbouring tokens",
        [["conv_kernel_size"]],
        (config) => config.countOrNull("conv_kernel_size", 65, 1, limits.tokens) !== null,
      ),
    ],
  }),
  yoso: one({
    ...bert,
    tokens: sequence("max_position_embeddings", 4096),
    kernel: "cosine",
    notes: [
      note(
        "everything",
        "which tokens a query reads is drawn at random by hashing: the estimate is not a function of the tokens alone",
        [["use_expectation"]],
        (config) => !config.flag("use_expectation", true),
      ),
      note(
        "certificate",
        "the kernel of the expected hash collisions is read as a function of the cosine, and the scaled output as normalised attention",
        [["use_expectation"], ["hash_code_len"]],
        (config) => config.flag("use_expectation", true),
      ),
      note(
        "everything",
        "a convolution along the sequence is added to the attention and moves information between neighbouring tokens",
        [["conv_window"]],
        (config) => config.countOrNull("conv_window", null, 1, limits.tokens) !== null,
      ),
    ],
  }),
  reformer: one({
    ...bert,
    tokens: sequence("max_position_embeddings", 4096),
    width: width("hidden_size", 256),
    depth: {
      read: (config) => reformerLayers(config).length,
      places: [["attn_layers"], ["num_hidden_layers"]],
    },
    hidden: width("feed_forward_size", 512),
    activation: plain("hidden_act", "relu"),
    norm: norm("pre", "layer", "layer_norm_eps"),
    position: constant(learned, "axial_pos_embds"),
    causal: flag("is_decoder", false),
    attention: reformer,
    notes: [
      note(
        "certificate",
        "the layers are reversible (two streams, each updated from the other); they are read as one stream, so refutations stand but " +
          "nothing is certified",
      ),
    ],
  }),
  fnet: one({
    ...bert,
    heads: constant(1),
    activation: plain("hidden_act", "gelu_new"),
    kernel: "uniform",
    notes: [
      note(
        "everything",
        "a Fourier transform along the sequence and the width mixes the tokens in place of attention (it is shown as uniform attention)",
      ),
    ],
  }),
  vit: one(vit),
  deit: one({ ...vit, tokens: patches(2) }),
  esm: one({
    ...roberta,
    tokens: afterPadding(sequence("max_position_embeddings", 1026), paddingIndex),
    activation: constant("gelu"),
    norm: norm("pre", "layer", "layer_norm_eps"),
    position: worded<Position>("position_embedding_type", "absolute", {
      absolute: learned,
      rotary: { kind: "rotary" },
      relative_key: signed,
      relative_key_query: signed,
    }),
    notes: [askedCrossAttention, relativeKey("everything", "tells no token from another")],
  }),
};

export const modelTypes: ReadonlyMap<string, ModelType> = new Map(Object.entries(table));
