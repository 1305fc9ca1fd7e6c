/** Which keys the queries of each layer attend to, as the model types define it. Facts are those of transformers' modelling code. */
import type { JSONPath } from "jsonc-parser";
import { limits } from "../../theory/architecture/limits";
import type { Bias, Pattern } from "../../theory/architecture/schema";
import type { Config } from "./document";
import type { AttentionRule, LayerAttention, Shape, Write } from "./rules";

const none: Bias = { kind: "none" };

/** What a layer without a window attends to. */
const everything = (causal: boolean): Pattern => ({ kind: causal ? "causal" : "full" });

const layers = (depth: number, layer: (index: number) => LayerAttention): LayerAttention[] =>
  Array.from({ length: depth }, (_, index) => layer(index));

/** Whether a pattern of a model without globals is that of a layer without a window. */
const isGlobal = (pattern: Pattern): boolean => pattern.kind === "full" || pattern.kind === "causal";

/** A window with `left` keys before the query, and as many after it unless the future is masked. */
function reach(left: number, causal: boolean): Pattern {
  return { kind: "window", left, right: causal ? 0 : left, circular: false, dilation: 1 };
}

/** The window inside a pattern: keys before the query (and after it, unless the future is masked); undefined for none. */
export function windowOf(pattern: Pattern): number | undefined {
  switch (pattern.kind) {
    case "window":
      return pattern.left;
    case "longformer":
      return pattern.window;
    case "any":
    case "all":
      return pattern.patterns.map(windowOf).find((window) => window !== undefined);
    default:
      return undefined;
  }
}

/** Every token, or every token up to the query; with one relative code for all layers where the type has one besides `position`. */
export function unrestricted(
  bias: (config: Config, shape: Shape) => Bias = () => none,
  places: JSONPath[] = [],
): AttentionRule {
  return {
    read: (config, shape) => {
      const layer: LayerAttention = {
        pattern: everything(shape.causal),
        bias: bias(config, shape),
        local: false,
        places,
      };
      return layers(shape.depth, () => layer);
    },
  };
}

// -------------------------------------------------------------------------------------------------------- sliding windows

const slidingKey = "sliding_window";

/** The query and the `sliding_window` - 1 tokens before it, in every layer; null slides nowhere. */
export function slidingEverywhere(fallback: number | null): AttentionRule {
  return {
    read: (config, { depth, causal }) => {
      const window = config.countOrNull(slidingKey, fallback, 1, limits.tokens);
      const pattern = window === null ? everything(causal) : reach(window - 1, causal);
      const layer: LayerAttention = { pattern, bias: none, local: window !== null, places: [[slidingKey]] };
      return layers(depth, () => layer);
    },
    write: (patterns) => {
      const windows = new Set(patterns.map(windowOf));
      if (windows.size !== 1) return [];
      const [window] = windows;
      return [{ path: [slidingKey], value: window === undefined ? null : window + 1 }];
    },
  };
}

const layerTypes = ["sliding_attention", "full_attention"] as const;
type LayerType = (typeof layerTypes)[number];

/** How a type decides which layers slide where the file does not list `layer_types`. */
export interface Alternation {
  types(config: Config, depth: number): LayerType[];
  places: readonly JSONPath[];
  /** The keys that say it, where some do. */
  write?(types: LayerType[]): Write[];
}

export interface Mix {
  /** The key of the window, null for no window, and how many keys before the query it lets be read. */
  window: string;
  fallback: number;
  left: (size: number, causal: boolean) => number;
  size: (left: number, causal: boolean) => number;
  alternation: Alternation;
  /** The relative code of the layers that slide, where only these have one. */
  slidingBias?: Bias;
}

/** Layers that slide among layers that do not. */
export function mixed({ window, fallback, left, size, alternation, slidingBias = none }: Mix): AttentionRule {
  const typesOf = (config: Config, depth: number): LayerType[] =>
    config.words("layer_types", layerTypes, depth) ?? alternation.types(config, depth);
  return {
    read: (config, { depth, causal }) => {
      const types = typesOf(config, depth);
      const width = config.countOrNull(window, fallback, 1, limits.tokens);
      if (width === null && types.includes("sliding_attention")) {
        config.fail([window], "layers that slide need a window");
      }
      const full = everything(causal);
      const local = reach(left(width ?? fallback, causal), causal);
      return layers(depth, (index) =>
        types[index] === "full_attention"
          ? {
              pattern: full,
              bias: none,
              local: false,
              places: [["layer_types", index], ...alternation.places, [window]],
            }
          : {
              pattern: local,
              bias: slidingBias,
              local: true,
              places: [[window], ["layer_types", index], ...alternation.places],
            },
      );
    },
    write: (patterns, config, causal) => {
      const types = patterns.map((pattern): LayerType => (isGlobal(pattern) ? "full_attention" : "sliding_attention"));
      const windows = new Set(patterns.flatMap((pattern) => windowOf(pattern) ?? []));
      const writes: Write[] = [...windows].slice(0, 1).map((width) => ({ path: [window], value: size(width, causal) }));
      const listed = config.node(["layer_types"]) !== undefined;
      if (listed) writes.push({ path: ["layer_types"], value: types });
      else if (alternation.write) writes.push(...alternation.write(types));
      else if (alternation.types(config, types.length).some((type, i) => type !== types[i])) {
        writes.push({ path: ["layer_types"], value: types });
      }
      return writes;
    },
  };
}

/** `sliding_window` as a causal mask has it: the query and the keys before it, `sliding_window` in all. */
export const causalWindow = {
  window: slidingKey,
  left: (size: number) => size - 1,
  size: (left: number) => left + 1,
};

/** Every layer slides but each `every`-th, the last of its group (Gemma, Command R7B, gpt-oss). */
export function lastOfGroup(every: number, name: string | null): Alternation {
  const names = name === null ? [] : [name];
  return {
    types: (config, depth) => {
      const period = config.count(names, every, 1, limits.layers);
      return Array.from({ length: depth }, (_, i) => ((i + 1) % period === 0 ? "full_attention" : "sliding_attention"));
    },
    places: names.map((key) => [key]),
  };
}

/** Every layer slides but each `every`-th, the first of its group (ModernBERT). */
export function firstOfGroup(every: number, name: string): Alternation {
  return {
    types: (config, depth) => {
      const period = config.count([name], every, 1, limits.layers);
      return Array.from({ length: depth }, (_, i) => (i % period === 0 ? "full_attention" : "sliding_attention"));
    },
    places: [[name]],
  };
}

/** The layers from `max_window_layers` on slide, where `use_sliding_window` says that any do (Qwen). */
export const fromLayer: Alternation = {
  types: (config, depth) => {
    const first = config.count(["max_window_layers"], 28, 0, limits.tokens);
    const slides = config.flag("use_sliding_window", false) && config.node([slidingKey])?.type !== "null";
    return Array.from({ length: depth }, (_, i) => (slides && i >= first ? "sliding_attention" : "full_attention"));
  },
  places: [["max_window_layers"], ["use_sliding_window"]],
  write: (types) => {
    const first = types.indexOf("sliding_attention");
    return first < 0 ? [] : [{ path: ["max_window_layers"], value: first }];
  },
};

const gptNeoTypes = ["global", "local"] as const;
type GptNeoType = (typeof gptNeoTypes)[number];

/** GPT-Neo's `attention_types`: [[[types], times], ...]; a local query reads itself and `window_size` - 1 tokens before it. */
export const gptNeo: AttentionRule = {
  read: (config, { depth, causal }) => {
    const types = gptNeoLayers(config, depth);
    const full = everything(causal);
    const local = reach(config.count(["window_size"], 256, 1, limits.tokens) - 1, causal);
    return layers(depth, (index) =>
      types[index] === "local"
        ? { pattern: local, bias: none, local: true, places: [["window_size"], ["attention_types"]] }
        : { pattern: full, bias: none, local: false, places: [["attention_types"]] },
    );
  },
  write: (patterns) => {
    const types = patterns.map((pattern): GptNeoType => (isGlobal(pattern) ? "global" : "local"));
    const windows = new Set(patterns.flatMap((pattern) => windowOf(pattern) ?? []));
    let period = 1;
    while (types.length % period !== 0 || types.some((type, i) => type !== types[i % period])) period++;
    return [
      ...[...windows].slice(0, 1).map((window) => ({ path: ["window_size"], value: window + 1 })),
      { path: ["attention_types"], value: [[types.slice(0, period), types.length / period]] },
    ];
  },
};

function gptNeoLayers(config: Config, depth: number): GptNeoType[] {
  const written = config.node(["attention_types"]);
  const isDefault = written === undefined || written.type === "null";
  const isShort = (written?.children?.length ?? 0) <= limits.layers;
  const groups: unknown = isDefault ? [[["global", "local"], 12]] : isShort ? config.plain("attention_types") : null;
  const types: GptNeoType[] = [];
  const expected = 'expected groups such as [["global", "local"], 12]';
  const isGroup = (group: unknown): group is [GptNeoType[], number] =>
    Array.isArray(group) &&
    group.length === 2 &&
    Array.isArray(group[0]) &&
    group[0].length > 0 &&
    group[0].every((type: unknown) => gptNeoTypes.some((known) => known === type)) &&
    Number.isInteger(group[1]) &&
    group[1] >= 0;
  if (!Array.isArray(groups) || !groups.every(isGroup)) {
    config.fail(["attention_types"], expected);
    return Array<GptNeoType>(depth).fill("global");
  }
  const total = groups.reduce((sum, [group, times]) => sum + group.length * times, 0);
  if (total !== depth) {
    config.document.error(
      config.range([["attention_types"], ["num_layers"]]),
      `\`attention_types\` lists ${total} layers, but the model has ${depth}`,
    );
    return Array<GptNeoType>(depth).fill("global");
  }
  for (const [group, times] of groups) for (let i = 0; i < times; i++) types.push(...group);
  return types;
}

// ----------------------------------------------------------------------------------------- sparse patterns of their own

/**
 * Longformer: half of `attention_window` (a number, or one for each layer) on each side of the query. Global attention is an
 * argument of the call, so the file names no global token.
 */
export const longformer: AttentionRule = {
  read: (config, { depth }) => {
    const windows = config.counts("attention_window", 512, 1, limits.tokens);
    if (typeof windows !== "number" && windows.length !== depth) {
      config.document.error(
        config.range([["attention_window"]]),
        `\`attention_window\` lists ${windows.length} layers, but the model has ${depth}`,
      );
    }
    // Layers with one window share one pattern, however many global tokens join it.
    const patterns = new Map<number, Pattern>();
    return layers(depth, (index) => {
      const window = typeof windows === "number" ? windows : (windows[index] ?? 512);
      const path: JSONPath = typeof windows === "number" ? ["attention_window"] : ["attention_window", index];
      if (window % 2 !== 0) config.fail(path, "expected an even number: half of the window lies on each side");
      const side = Math.floor(window / 2);
      const pattern: Pattern = patterns.get(side) ?? { kind: "longformer", window: side, globals: [], dilation: 1 };
      patterns.set(side, pattern);
      return { pattern, bias: none, local: true, places: [path] };
    });
  },
  write: (patterns, config) => {
    const windows = patterns.map((pattern) => 2 * (windowOf(pattern) ?? 0));
    const listed = config.node(["attention_window"])?.type === "array";
    const value = listed || windows.some((window) => window !== windows[0]) ? windows : windows[0];
    return [{ path: ["attention_window"], value }];
  },
};

/**
 * BigBird: blocks of `block_size`, the first and the last global, a window of three and `num_random_blocks` further ones. A
 * sequence of at most (5 + 2 num_random_blocks) blocks is attended to in full.
 */
export const bigBird: AttentionRule = {
  read: (config, { depth, tokens, causal }) => {
    const type = config.text(["attention_type"], "block_sparse");
    const block = config.count(["block_size"], 64, 1, limits.tokens);
    const random = config.count(["num_random_blocks"], 3, 0, limits.tokens);
    if (type !== "block_sparse" && type !== "original_full") {
      config.fail(["attention_type"], 'expected "block_sparse" or "original_full"');
    }
    if (type === "original_full" || tokens <= (5 + 2 * random) * block) {
      const layer: LayerAttention = {
        pattern: everything(causal),
        bias: none,
        local: false,
        places: [["attention_type"]],
      };
      return layers(depth, () => layer);
    }
    if (causal)
      config.skip("everything", "block-sparse attention does not mask the future, as `is_decoder` asks", [
        ["is_decoder"],
      ]);
    if (random > 0) {
      const message =
        "the random blocks are drawn here once for all layers and heads, where transformers draws each layer's and head's own for " +
        "training and puts the first block in their place otherwise: the verdict is for this draw";
      config.skip("nothing", message, [["num_random_blocks"]]);
    }
    const pattern: Pattern = { kind: "bigbird", block, window: 3, globals: [0, -1], random, seed: 0 };
    const layer: LayerAttention = { pattern, bias: none, local: true, places: [["attention_type"], ["block_size"]] };
    return layers(depth, () => layer);
  },
  write: (patterns) => [
    { path: ["attention_type"], value: patterns.every(isGlobal) ? "original_full" : "block_sparse" },
  ],
};

const reformerTypes = ["local", "lsh"] as const;

/** The layers of a Reformer: its own `attn_layers`, which overrule any number of layers. */
export const reformerLayers = (config: Config) =>
  config.words("attn_layers", reformerTypes, null) ?? (["local", "lsh", "local", "lsh", "local", "lsh"] as const);

/** Reformer: a chunk attends to itself and to the chunks before and after it, the first and the last being neighbours. */
export const reformer: AttentionRule = {
  read: (config, { depth, tokens, causal }) => {
    const types = reformerLayers(config);
    const chunk = config.count(["local_attn_chunk_length"], 64, 1, limits.tokens);
    const before = config.count(["local_num_chunks_before"], 1, 0, limits.tokens);
    const after = config.count(["local_num_chunks_after"], 0, 0, limits.tokens);
    const full = everything(causal);
    const [query, key] = [`q // ${chunk}`, `k // ${chunk}`];
    const chunks = Math.ceil(tokens / chunk);
    const near: Pattern = {
      kind: "expression",
      expression: `(${query} - ${key}) % ${chunks} <= ${before} || (${key} - ${query}) % ${chunks} <= ${after}`,
    };
    const local: Pattern = tokens <= chunk ? full : causal ? { kind: "all", patterns: [full, near] } : near;
    if (tokens > chunk && before + after >= chunks) {
      const message =
        "there are fewer chunks than a query looks at, so that some count twice: they are read as counting once";
      config.skip("nothing", message, [["local_num_chunks_before"], ["local_num_chunks_after"]]);
    }
    const hashed = types.indexOf("lsh");
    if (hashed >= 0) {
      const message =
        "the layers of type `lsh` attend to the tokens that fall into the query's hash bucket, which depends on the input: " +
        "what they let be told apart is undecided (they are shown as attending to everything)";
      config.skip("everything", message, [["attn_layers", hashed]]);
    }
    return layers(depth, (index) => ({
      pattern: types[index] === "lsh" ? full : local,
      bias: none,
      local: types[index] === "local" && tokens > chunk,
      places: [["attn_layers", index], ["local_attn_chunk_length"]],
    }));
  },
};
