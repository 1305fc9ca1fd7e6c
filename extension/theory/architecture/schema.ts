/**
 * The architecture specification: one source for the TypeScript types, the validation of model files and the JSON Schema
 * that VS Code completes from. Field names and defaults are a contract (see docs/specification.md).
 *
 * Inputs may use shorthands (`"window": 64`); the parsed value is always in the canonical form, a union tagged by `kind`.
 */
import { z } from "zod";
import { limits } from "./limits";

const count = (maximum: number) => z.int().min(1).max(maximum);
const tokenIndex = z
  .int()
  .min(0)
  .max(limits.tokens + limits.registers - 1);

// ---------------------------------------------------------------------------------------------------------- patterns

export type Pattern =
  | { kind: "full" }
  | { kind: "causal" }
  | { kind: "window"; left: number; right: number; circular: boolean; dilation: number }
  | { kind: "block"; size: number; shift: number }
  | { kind: "strided"; stride: number }
  | { kind: "fixed"; stride: number; summary: number }
  | { kind: "star"; centre: number }
  | { kind: "axial"; rows: number; columns: number }
  | { kind: "global"; tokens: number[] }
  | { kind: "random"; degree: number; seed: number }
  | { kind: "bigbird"; block: number; window: number; globals: number[]; random: number; seed: number }
  | { kind: "longformer"; window: number; globals: number[]; dilation: number }
  | { kind: "edges"; edges: [number, number][] }
  | { kind: "expression"; expression: string }
  | { kind: "any"; patterns: Pattern[] }
  | { kind: "all"; patterns: Pattern[] }
  | { kind: "not"; pattern: Pattern };

type PatternInput =
  | "full"
  | "causal"
  | { window: number | { left?: number; right?: number; circular?: boolean; dilation?: number } }
  | { block: number | { size: number; shift?: number } }
  | { strided: number | { stride: number } }
  | { fixed: number | { stride: number; summary?: number } }
  | { star: number | { centre?: number } }
  | { axial: { rows: number; columns: number } }
  | { global: number[] }
  | { random: { degree: number; seed: number } }
  | { bigbird: { block: number; window?: number; globals?: number[]; random?: number; seed?: number } }
  | { longformer: { window: number; globals?: number[]; dilation?: number } }
  | { edges: [number, number][] }
  | { expression: string }
  | { any: PatternInput[] }
  | { all: PatternInput[] }
  | { not: PatternInput };

const reach = z.int().min(0).max(limits.tokens);
const seed = z.int().min(0).max(0xffffffff);

export const patternSchema: z.ZodType<Pattern, PatternInput> = z
  .lazy(() => z.union(patternBranches))
  .meta({
    id: "pattern",
    description:
      "Which keys each query attends to. Nothing is added silently: a token sees itself only if the pattern says so.",
  });

const patternBranches = [
  z
    .literal("full")
    .transform((): Pattern => ({ kind: "full" }))
    .meta({ description: "Every query attends to every key." }),
  z
    .literal("causal")
    .transform((): Pattern => ({ kind: "causal" }))
    .meta({ description: "Query q attends to the keys 0..q." }),
  z
    .strictObject({
      window: z.union([
        reach,
        z.strictObject({
          left: reach.default(0).meta({ description: "Keys before the query." }),
          right: reach.default(0).meta({ description: "Keys after the query." }),
          circular: z.boolean().default(false).meta({ description: "Whether the window wraps around the sequence." }),
          dilation: count(limits.tokens).default(1).meta({ description: "Distance between neighbouring keys." }),
        }),
      ]),
    })
    .transform(({ window }): Pattern =>
      typeof window === "number"
        ? { kind: "window", left: window, right: window, circular: false, dilation: 1 }
        : { kind: "window", ...window },
    )
    .meta({
      description:
        "Query q attends to q itself and to `left` keys before and `right` keys after it, `dilation` apart. " +
        "A bare number is a window with that many keys on each side. A circular window wraps around the sequence.",
    }),
  z
    .strictObject({
      block: z.union([
        count(limits.tokens),
        z.strictObject({
          size: count(limits.tokens).meta({ description: "Tokens in a block." }),
          shift: reach.default(0).meta({ description: "Where the second block starts; less than the size." }),
        }),
      ]),
    })
    .transform(({ block }): Pattern =>
      typeof block === "number" ? { kind: "block", size: block, shift: 0 } : { kind: "block", ...block },
    )
    .meta({
      description:
        "Consecutive blocks of `size` tokens attend within themselves. `shift` moves the block boundaries to the right " +
        "(the first block then has `shift` tokens).",
    }),
  z
    .strictObject({
      strided: z.union([
        count(limits.tokens),
        z.strictObject({
          stride: count(limits.tokens).meta({
            description: "Distance between the far keys, and how many near keys there are.",
          }),
        }),
      ]),
    })
    .transform(({ strided }): Pattern => ({
      kind: "strided",
      stride: typeof strided === "number" ? strided : strided.stride,
    }))
    .meta({
      description: "Keys closer than `stride`, and keys a multiple of `stride` away (Sparse Transformer, 1904.10509).",
    }),
  z
    .strictObject({
      fixed: z.union([
        count(limits.tokens),
        z.strictObject({
          stride: count(limits.tokens).meta({ description: "Tokens in a block." }),
          summary: count(limits.tokens)
            .default(1)
            .meta({ description: "Last tokens of every block that all tokens read." }),
        }),
      ]),
    })
    .transform(({ fixed }): Pattern =>
      typeof fixed === "number" ? { kind: "fixed", stride: fixed, summary: 1 } : { kind: "fixed", ...fixed },
    )
    .meta({
      description:
        "Keys in the same block of `stride` tokens, and the last `summary` tokens of every block (Sparse Transformer, 1904.10509).",
    }),
  z
    .strictObject({
      star: z.union([
        tokenIndex,
        z.strictObject({ centre: tokenIndex.default(0).meta({ description: "The token in the middle." }) }),
      ]),
    })
    .transform(({ star }): Pattern => ({ kind: "star", centre: typeof star === "number" ? star : star.centre }))
    .meta({ description: "The centre attends to every token and every token attends to the centre." }),
  z
    .strictObject({
      axial: z.strictObject({
        rows: count(limits.tokens).meta({ description: "Rows of the grid." }),
        columns: count(limits.tokens).meta({
          description: "Columns of the grid; rows times columns is the number of tokens.",
        }),
      }),
    })
    .transform(({ axial }): Pattern => ({ kind: "axial", ...axial }))
    .meta({ description: "Tokens on a grid, row by row; a query attends to its row and its column." }),
  z
    .strictObject({ global: z.array(tokenIndex).min(1).max(limits.tokens) })
    .transform(({ global }): Pattern => ({ kind: "global", tokens: global }))
    .meta({ description: "The listed tokens attend to everything and everything attends to them; nothing else." }),
  z
    .strictObject({
      random: z.strictObject({
        degree: count(limits.tokens).meta({ description: "Keys per query." }),
        seed: seed.meta({ description: "Decides which keys." }),
      }),
    })
    .transform(({ random }): Pattern => ({ kind: "random", ...random }))
    .meta({ description: "`degree` distinct keys per query, drawn uniformly from the seed." }),
  z
    .strictObject({
      bigbird: z.strictObject({
        block: count(limits.tokens).meta({ description: "Tokens in a block." }),
        window: count(limits.tokens)
          .default(3)
          .meta({ description: "Neighbouring blocks that a block reads, itself included; odd." }),
        globals: z
          .array(z.int().min(-limits.tokens).max(limits.tokens))
          .max(limits.tokens)
          .default([0, -1])
          .meta({ description: "Blocks that read all and are read by all." }),
        random: z
          .int()
          .min(0)
          .max(limits.tokens)
          .default(3)
          .meta({ description: "Further blocks, drawn from the seed." }),
        seed: seed.default(0).meta({ description: "Decides which further blocks." }),
      }),
    })
    .transform(({ bigbird }): Pattern => ({ kind: "bigbird", ...bigbird }))
    .meta({
      description:
        "BigBird (2007.14062) on blocks of `block` tokens: `window` neighbouring blocks (an odd number, the query's own in the middle), " +
        "the blocks `globals` (negative counts from the end) and `random` further blocks per query block.",
    }),
  z
    .strictObject({
      longformer: z.strictObject({
        window: reach.meta({ description: "Keys on each side of the query." }),
        globals: z
          .array(tokenIndex)
          .max(limits.tokens)
          .default([])
          .meta({ description: "Tokens that read all and are read by all." }),
        dilation: count(limits.tokens)
          .default(1)
          .meta({ description: "Distance between neighbouring keys of the window." }),
      }),
    })
    .transform(({ longformer }): Pattern => ({ kind: "longformer", ...longformer }))
    .meta({ description: "Longformer (2004.05150): `window` keys on each side, and symmetric global tokens." }),
  z
    .strictObject({ edges: z.array(z.tuple([tokenIndex, tokenIndex])).max(limits.edges) })
    .transform(({ edges }): Pattern => ({ kind: "edges", edges }))
    .meta({ description: "Pairs [query, key]." }),
  z
    .strictObject({ expression: z.string().min(1).max(limits.expressionLength) })
    .transform(({ expression }): Pattern => ({ kind: "expression", expression }))
    .meta({
      description:
        "A condition on the integers q (query), k (key) and n (tokens), for example `abs(q - k) <= 8 || k % 16 == 0`.",
    }),
  z
    .strictObject({
      any: z
        .array(z.lazy(() => patternSchema))
        .min(1)
        .max(64),
    })
    .transform(({ any }): Pattern => ({ kind: "any", patterns: any }))
    .meta({ description: "Pairs that at least one of the patterns allows." }),
  z
    .strictObject({
      all: z
        .array(z.lazy(() => patternSchema))
        .min(1)
        .max(64),
    })
    .transform(({ all }): Pattern => ({ kind: "all", patterns: all }))
    .meta({ description: "Pairs that every one of the patterns allows." }),
  z
    .strictObject({ not: z.lazy(() => patternSchema) })
    .transform(({ not }): Pattern => ({ kind: "not", pattern: not }))
    .meta({ description: "Pairs that the pattern does not allow." }),
] as const;

// --------------------------------------------------------------------------------------------------- positions, biases

/** What attention knows of a pair (query, key) beyond the two tokens. Shared by `position` and by a head's `bias`. */
export type PairCode =
  | { kind: "alibi" }
  | { kind: "relative"; offsets: "signed" | "unsigned"; clip: number | null }
  | { kind: "t5-buckets"; buckets: number; maxDistance: number; bidirectional: boolean }
  | { kind: "log-buckets"; buckets: number; maxDistance: number }
  | { kind: "pairs"; classes: number[][] };

export type Bias = { kind: "none" } | PairCode;

export type Position =
  | { kind: "none" }
  | { kind: "absolute"; code: "learned" | "sinusoidal" }
  | { kind: "classes"; classes: number[] }
  | { kind: "rotary" }
  | PairCode;

const classIndex = z.int().min(0).max(limits.tokens);
const buckets = z.int().min(2).max(4096);

const pairCodeBranches = [
  z
    .literal("alibi")
    .transform((): PairCode => ({ kind: "alibi" }))
    .meta({ description: "Bias -slope * |q - k| with a fixed slope per head (2108.12409)." }),
  z
    .strictObject({
      relative: z.union([
        z.enum(["signed", "unsigned"]),
        z.strictObject({
          offsets: z
            .enum(["signed", "unsigned"])
            .default("signed")
            .meta({ description: "Whether before and after are told apart." }),
          clip: count(limits.tokens).meta({ description: "Offsets at least this far share one bias." }),
        }),
      ]),
    })
    .transform(({ relative }): PairCode =>
      typeof relative === "string"
        ? { kind: "relative", offsets: relative, clip: null }
        : { kind: "relative", ...relative },
    )
    .meta({
      description:
        "One learned bias per offset k - q (signed) or |k - q| (unsigned), offsets beyond `clip` sharing one.",
    }),
  z
    .strictObject({
      "t5-buckets": z.strictObject({
        buckets: buckets.default(32).meta({ description: "How many biases there are." }),
        maxDistance: count(limits.tokens)
          .default(128)
          .meta({ description: "Offsets from here on share the last bucket." }),
        bidirectional: z
          .boolean()
          .default(true)
          .meta({ description: "Whether before and after have buckets of their own; encoders have." }),
      }),
    })
    .transform((value): PairCode => ({ kind: "t5-buckets", ...value["t5-buckets"] }))
    .meta({
      description: "T5's relative buckets (1910.10683): exact for near offsets, logarithmic up to `maxDistance`.",
    }),
  z
    .strictObject({
      "log-buckets": z.strictObject({
        buckets: buckets.default(256).meta({ description: "How many classes there are on either side." }),
        maxDistance: count(limits.tokens)
          .default(512)
          .meta({ description: "Offsets from here on share the last bucket." }),
      }),
    })
    .transform((value): PairCode => ({ kind: "log-buckets", ...value["log-buckets"] }))
    .meta({
      description:
        "DeBERTa-v2's signed logarithmic buckets (2006.03654), multiplied with queries and keys: exact below half the buckets.",
    }),
  z
    .strictObject({ pairs: z.array(z.array(classIndex).max(limits.pairClasses)).max(limits.pairClasses) })
    .transform(({ pairs }): PairCode => ({ kind: "pairs", classes: pairs }))
    .meta({
      description: "A class for every pair [query][key], registers after the tokens: one learned bias per class.",
    }),
] as const;

const none = z.literal("none").transform(() => ({ kind: "none" as const }));

export const biasSchema = z
  .union([none, ...pairCodeBranches])
  .meta({ id: "bias", description: "A bias added to the attention scores of a pair." });

export const positionSchema = z
  .union([
    none,
    z.literal("absolute").transform((): Position => ({ kind: "absolute", code: "learned" })),
    z.literal("learned").transform((): Position => ({ kind: "absolute", code: "learned" })),
    z.literal("sinusoidal").transform((): Position => ({ kind: "absolute", code: "sinusoidal" })),
    z
      .strictObject({
        classes: z
          .array(classIndex)
          .min(1)
          .max(limits.tokens + limits.registers),
      })
      .transform(({ classes }): Position => ({ kind: "classes", classes }))
      .meta({
        description: "One learned vector per class: the class of every token (and, optionally, of every register).",
      }),
    z.literal("rotary").transform((): Position => ({ kind: "rotary" })),
    ...pairCodeBranches,
  ])
  .meta({ id: "position", description: "How the model knows where a token is." });

// ----------------------------------------------------------------------------------------------------------- layers

export const kernelNames = [
  "softmax",
  "gaussian",
  "performer",
  "exponential-additive",
  "linear-elu",
  "linear-relu",
  "polynomial",
  "cosine",
  "sigmoid",
  "uniform",
  "hard",
] as const;
export type KernelName = (typeof kernelNames)[number];

/** Heads that share a pattern and a bias. */
export interface HeadGroup {
  count: number;
  pattern: Pattern;
  bias: Bias;
}

export type Projection =
  { kind: "none" } | { kind: "linformer"; rank: number; trainable: boolean } | { kind: "nystrom"; landmarks: number };

export interface Attention {
  kind: "attention";
  heads: HeadGroup[];
  kernel: { name: KernelName; degree: number };
  normalized: boolean;
  projection: Projection;
  residual: boolean;
}

/** Circular convolution with one scalar tap per offset: token t reads token (t + offset) mod n. */
export interface Convolution {
  kind: "convolution";
  offsets: number[];
  residual: boolean;
}

export const activationNames = [
  "relu",
  "gelu",
  "silu",
  "tanh",
  "sigmoid",
  "softplus",
  "elu",
  "leaky-relu",
  "relu-squared",
  "swiglu",
  "geglu",
  "linear",
] as const;
export type ActivationName = (typeof activationNames)[number];

export interface FeedForward {
  hidden: number | null;
  activation: ActivationName;
  bias: boolean;
  frozen: boolean;
  residual: boolean;
}

export interface Norm {
  placement: "pre" | "post";
  kind: "layer" | "rms";
}

export interface Block {
  repeat: number;
  mixer: Attention | Convolution;
  feedForward: FeedForward | null;
  norm: Norm | null;
}

const projectionSchema = z
  .union([
    none,
    z
      .strictObject({
        linformer: z.strictObject({
          rank: count(limits.tokens).meta({ description: "Rows of the projections." }),
          trainable: z.boolean().default(true).meta({ description: "Whether the projections are trained." }),
        }),
      })
      .transform(({ linformer }): Projection => ({ kind: "linformer", ...linformer })),
    z
      .strictObject({
        nystrom: z.strictObject({
          landmarks: count(limits.tokens).meta({ description: "Segments whose means stand for the sequence." }),
        }),
      })
      .transform(({ nystrom }): Projection => ({ kind: "nystrom", ...nystrom })),
  ])
  .meta({
    description:
      "Linformer (2006.04768) projects keys and values along the sequence; Nystromformer (2102.03902) uses segment means as landmarks.",
  });

const headGroupSchema = z.strictObject({
  count: count(limits.heads).default(1).meta({ description: "How many heads share this pattern and this bias." }),
  pattern: patternSchema.optional().meta({ description: "The pattern of these heads; the attention's if left out." }),
  bias: biasSchema.optional().meta({ description: "The bias of these heads; the attention's if left out." }),
});

const attentionSchema = z
  .strictObject({
    heads: z
      .union([count(limits.heads), z.array(headGroupSchema).min(1).max(limits.heads)])
      .default(1)
      .meta({
        description:
          "How many heads, or a list of head groups, each with a `count`, a `pattern` and a `bias` of its own.",
      }),
    kernel: z.enum(kernelNames).default("softmax").meta({ description: "The attention weight of a query and a key." }),
    degree: z.int().min(1).max(64).default(2).meta({ description: "Degree of the polynomial kernel (q.k)^degree." }),
    normalized: z
      .boolean()
      .default(true)
      .meta({ description: "Whether the weights of a row are divided by their sum." }),
    pattern: patternSchema.prefault("full"),
    bias: biasSchema.prefault("none"),
    projection: projectionSchema.prefault("none"),
    residual: z
      .boolean()
      .default(true)
      .meta({ description: "Whether the block adds its input to the attention output." }),
  })
  .transform(({ heads, kernel, degree, normalized, pattern, bias, projection, residual }): Attention => ({
    kind: "attention",
    heads:
      typeof heads === "number"
        ? [{ count: heads, pattern, bias }]
        : heads.map((head) => ({ count: head.count, pattern: head.pattern ?? pattern, bias: head.bias ?? bias })),
    kernel: { name: kernel, degree },
    normalized,
    projection,
    residual,
  }));

const convolutionSchema = z
  .strictObject({
    taps: z
      .union([count(limits.tokens), z.array(z.int().min(-limits.tokens).max(limits.tokens)).min(1).max(4096)])
      .meta({ description: "Offsets of the taps; a number k means the offsets 0..k-1 (one-sided)." }),
    residual: z
      .boolean()
      .default(true)
      .meta({ description: "Whether the block adds its input to the convolution's output." }),
  })
  .transform(({ taps, residual }): Convolution => ({
    kind: "convolution",
    offsets: typeof taps === "number" ? Array.from({ length: taps }, (_, offset) => offset) : taps,
    residual,
  }))
  .meta({ description: "A circular convolution along the sequence with scalar taps, instead of attention." });

const feedForwardSchema = z
  .union([
    z.literal("none").transform(() => null),
    z
      .strictObject({
        hidden: count(limits.width)
          .nullable()
          .default(null)
          .meta({ description: "Hidden width; the theory leaves it free." }),
        activation: z
          .enum(activationNames)
          .default("gelu")
          .meta({ description: "The nonlinearity; `linear` is none, swiglu and geglu are gated." }),
        bias: z.boolean().default(true).meta({ description: "Whether the linear maps have a bias." }),
        frozen: z.boolean().default(false).meta({ description: "Weights that are not trained." }),
        residual: z
          .boolean()
          .default(true)
          .meta({ description: "Whether the block adds its input to the feed-forward output." }),
      })
      .transform((value): FeedForward => value),
  ])
  .meta({ description: "The tokenwise feed-forward network after the mixer." });

const normSchema = z
  .union([
    z.literal("none").transform(() => null),
    z.enum(["pre", "post"]).transform((placement): Norm => ({ placement, kind: "layer" })),
    z
      .strictObject({ placement: z.enum(["pre", "post"]), kind: z.enum(["layer", "rms"]).default("layer") })
      .transform((value): Norm => value),
  ])
  .meta({ description: "Normalisation layers of the block." });

const blockSchema = z
  .strictObject({
    repeat: count(limits.layers).default(1).meta({ description: "How many times this block is stacked." }),
    attention: attentionSchema.optional().meta({ description: "Attention: which tokens a token reads, and how." }),
    convolution: convolutionSchema.optional(),
    feedForward: feedForwardSchema.prefault({}),
    norm: normSchema.prefault("none"),
  })
  .refine((block) => (block.attention === undefined) !== (block.convolution === undefined), {
    message: "a block has exactly one of `attention` and `convolution`",
  })
  .transform(({ repeat, attention, convolution, feedForward, norm }): Block => ({
    repeat,
    mixer: (attention ?? convolution)!,
    feedForward,
    norm,
  }));

// ------------------------------------------------------------------------------------------------------ architecture

/** A permutation group on the tokens: by name, or by generators in cycle notation. */
export type SymmetrySpec = string | { generators: number[][][] };

/** The author's intent; findings are measured against it. */
export interface Target {
  symmetry: SymmetrySpec | null;
  visibility: "full" | "causal" | null;
  function: string | null;
}

export interface Architecture {
  name: string;
  /** n, the tokens of a sample. */
  tokens: number;
  /** d, the dimension of a token. */
  width: number;
  /** Auxiliary tokens n .. n + registers - 1, all starting from one learned vector unless `position` gives them classes. */
  registers: number;
  position: Position;
  layers: Block[];
  target: Target;
}

const targetSchema = z
  .strictObject({
    symmetry: z
      .union([
        z
          .string()
          .regex(/^(trivial|[SACD]_?(n|[1-9]\d{0,6}))$/)
          .meta({
            patternErrorMessage: "a group (trivial, S_n, A_n, C_n, D_n)",
          }),
        z.strictObject({
          generators: z.array(z.array(z.array(tokenIndex).max(limits.tokens)).max(limits.tokens)).max(64),
        }),
      ])
      .optional()
      .meta({
        description:
          "The permutations of the tokens that the task is symmetric under: trivial, S_n, A_n, C_n, D_n, or generators as cycles.",
      }),
    visibility: z
      .enum(["full", "causal"])
      .optional()
      .meta({ description: "Whether output t may depend on every token or on the tokens 0..t only." }),
    function: z.string().max(200).optional().meta({
      description: "The target function: a name of the library (docs/targets.md), or the path of a module of your own.",
    }),
  })
  .transform((value): Target => ({
    symmetry: value.symmetry ?? null,
    visibility: value.visibility ?? null,
    function: value.function ?? null,
  }));

export const noTarget: Target = { symmetry: null, visibility: null, function: null };

export const architectureSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z
      .string()
      .max(200)
      .default("")
      .meta({ description: "What the report calls this architecture; the file's name if left out." }),
    tokens: count(limits.tokens).meta({ description: "n, the number of tokens in a sample." }),
    width: count(limits.width).meta({ description: "d, the dimension of a token." }),
    registers: z.int().min(0).max(limits.registers).default(0).meta({
      description: "Auxiliary tokens, numbered after the sequence tokens. They take part where a pattern says so.",
    }),
    position: positionSchema.prefault("none"),
    layers: z
      .array(blockSchema)
      .min(1)
      .max(limits.layers)
      .meta({ description: "The blocks, from the input to the output." }),
    target: targetSchema
      .prefault({})
      .meta({ description: "What the task asks for; findings are measured against it." }),
  })
  .transform((value): Architecture => ({
    name: value.name,
    tokens: value.tokens,
    width: value.width,
    registers: value.registers,
    position: value.position,
    layers: value.layers,
    target: value.target,
  }));

/** An architecture as a person writes it: shorthands and defaults allowed. */
export type ArchitectureInput = z.input<typeof architectureSchema>;
