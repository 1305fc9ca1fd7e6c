/**
 * How one aspect of an architecture is read from a configuration: a rule reads it, says which keys decide it, and, where the
 * file can express a change, says which keys to write. A model type is a table of rules (modelTypes.ts).
 */
import { isDeepStrictEqual } from "node:util";
import type { JSONPath } from "jsonc-parser";
import { limits } from "../../theory/architecture/limits";
import type {
  ActivationName,
  Bias,
  KernelName,
  Norm,
  Pattern,
  Position,
  Projection,
} from "../../theory/architecture/schema";
import type { Skipped } from "../modelFile";
import type { Config } from "./document";

/** A key and the value it takes. */
export interface Write {
  path: JSONPath;
  value: unknown;
}

export interface Rule<T> {
  read(config: Config): T;
  /** The keys that decide it, the most telling first. */
  places: readonly JSONPath[];
  /** The keys that give it a value; absent where no key does. */
  write?(value: T, config: Config): Write[];
}

/** What attention does in one layer, and the keys that decide it. */
export interface LayerAttention {
  pattern: Pattern;
  bias: Bias;
  /** Whether global tokens (`uap.globals`) join the pattern. */
  local: boolean;
  places: readonly JSONPath[];
}

export interface Shape {
  depth: number;
  tokens: number;
  causal: boolean;
}

export interface AttentionRule {
  read(config: Config, shape: Shape): LayerAttention[];
  /** The keys that give the layers these patterns, as far as keys can. */
  write?(patterns: Pattern[], config: Config, causal: boolean): Write[];
}

/** Something of the model type that the specification does not express. */
export interface Note {
  when: (config: Config) => boolean;
  affects: Skipped["affects"];
  message: string;
  places: readonly JSONPath[];
}

/** One stack of layers: a model, or the encoder or decoder of one. */
export interface Stack {
  /** null: the model's own name. */
  name: "encoder" | "decoder" | null;
  tokens: Rule<number>;
  width: Rule<number>;
  depth: Rule<number>;
  heads: Rule<number>;
  /** null: four times the width. */
  hidden: Rule<number | null>;
  activation: Rule<ActivationName>;
  bias: Rule<boolean>;
  norm: Rule<Norm>;
  position: Rule<Position>;
  causal: Rule<boolean>;
  attention: AttentionRule;
  kernel: KernelName;
  normalized: boolean;
  projection: Rule<Projection>;
  notes: readonly Note[];
}

// ---------------------------------------------------------------------------------------------------- simple rules

const paths = (names: readonly string[]): JSONPath[] => names.map((name) => [name]);

export function constant<T>(value: T, ...names: string[]): Rule<T> {
  return { read: () => value, places: paths(names) };
}

/** A whole number under one of several names, the first written one counting. */
export function count(names: string | readonly string[], fallback: number, maximum: number): Rule<number> {
  const all = typeof names === "string" ? [names] : names;
  return {
    read: (config) => config.count(all, fallback, 1, maximum),
    places: paths(all),
    write: (value, config) => [{ path: [config.written(all) ?? all[0]], value }],
  };
}

export const sequence = (names: string | readonly string[], fallback: number) => count(names, fallback, limits.tokens);
export const width = (names: string | readonly string[], fallback: number) => count(names, fallback, limits.width);
export const depth = (names: string | readonly string[], fallback: number) => count(names, fallback, limits.layers);
export const heads = (names: string | readonly string[], fallback: number) => count(names, fallback, limits.heads);

export function hiddenOrNull(name: string): Rule<number | null> {
  return { read: (config) => config.countOrNull(name, null, 1, limits.width), places: [[name]] };
}

/** A rule that a flag decides. */
export function flagged<T>(name: string, fallback: boolean, yes: T, no: T): Rule<T> {
  return {
    read: (config) => (config.flag(name, fallback) ? yes : no),
    places: [[name]],
    write: (value) => [{ path: [name], value: isDeepStrictEqual(value, yes) }],
  };
}

export const flag = (name: string, fallback: boolean) => flagged(name, fallback, true, false);

/** A rule that one of several words decides. */
export function worded<T>(name: string, fallback: string, meanings: Readonly<Record<string, T>>): Rule<T> {
  return {
    read: (config) => {
      const word = config.text([name], fallback);
      if (Object.hasOwn(meanings, word)) return meanings[word];
      config.fail(
        [name],
        `expected ${Object.keys(meanings)
          .map((known) => `"${known}"`)
          .join(" or ")}`,
      );
      return meanings[fallback];
    },
    places: [[name]],
    write: (value) => {
      const word = Object.keys(meanings).find((known) => isDeepStrictEqual(meanings[known], value));
      return word === undefined ? [] : [{ path: [name], value: word }];
    },
  };
}

export function norm(placement: Norm["placement"], kind: Norm["kind"], ...names: string[]): Rule<Norm> {
  return constant({ placement, kind }, ...names);
}

export function note(
  affects: Skipped["affects"],
  message: string,
  places: readonly JSONPath[] = [],
  when: (config: Config) => boolean = () => true,
): Note {
  return { affects, message, places, when };
}

// ----------------------------------------------------------------------------------------------------------- tokens

/** Position 0 is the first after the padding index, so the table holds that many rows fewer (RoBERTa and its kin). */
export function afterPadding(rows: Rule<number>, padding: Rule<number>): Rule<number> {
  return {
    read: (config) => {
      const tokens = rows.read(config) - padding.read(config) - 1;
      if (tokens >= 1) return tokens;
      config.fail(rows.places[0], `expected more than ${padding.read(config) + 1}, the rows before position 0`);
      return 1;
    },
    places: rows.places,
  };
}

/** `pad_token_id`, the padding index 1 where it is not set; a negative one, as some files have, leaves no rows out. */
export const paddingIndex: Rule<number> = {
  read: (config) => config.countOrNull("pad_token_id", 1, -1, limits.tokens) ?? 1,
  places: [["pad_token_id"]],
};

/** A model whose positions have no end: the length it was trained on, said. */
export function unbounded(names: readonly string[], fallback: number): Rule<number> {
  const rule = sequence(names, fallback);
  return {
    ...rule,
    read: (config) => {
      if (config.written(names) === undefined) {
        const advice = `the verdict is for ${fallback} tokens; \`"uap": { "tokens": N }\` sets another length`;
        config.skip("nothing", `the file does not limit the sequence: ${advice}`, []);
      }
      return rule.read(config);
    },
  };
}

/** Patches of an image, and the tokens added to them. */
export function patches(added: number): Rule<number> {
  const sides = (config: Config, name: string, fallback: number): [number, number] => {
    const read = config.counts(name, fallback, 1, limits.tokens);
    if (typeof read === "number") return [read, read];
    if (read.length === 2) return [read[0], read[1]];
    config.fail([name], "expected a number or a list of two");
    return [fallback, fallback];
  };
  return {
    read: (config) => {
      const image = sides(config, "image_size", 224);
      const patch = sides(config, "patch_size", 16);
      const inside = Math.floor(image[0] / patch[0]) * Math.floor(image[1] / patch[1]);
      if (inside >= 1 && inside + added <= limits.tokens) return inside + added;
      config.fail(["image_size"], `${inside} patches; from 1 to ${limits.tokens - added} are expected`);
      return 1 + added;
    },
    places: [["image_size"], ["patch_size"]],
  };
}

// ------------------------------------------------------------------------------------------------------ activations

/** transformers' names for the activations of the specification; approximations of gelu are gelu to the theory. */
const activations: ReadonlyMap<string, ActivationName> = new Map<string, ActivationName>([
  ["relu", "relu"],
  ["gelu", "gelu"],
  ["gelu_new", "gelu"],
  ["gelu_fast", "gelu"],
  ["gelu_python", "gelu"],
  ["gelu_python_tanh", "gelu"],
  ["gelu_pytorch_tanh", "gelu"],
  ["gelu_accurate", "gelu"],
  ["quick_gelu", "gelu"],
  ["silu", "silu"],
  ["swish", "silu"],
  ["tanh", "tanh"],
  ["sigmoid", "sigmoid"],
  ["leaky_relu", "leaky-relu"],
  ["relu2", "relu-squared"],
  ["linear", "linear"],
]);

function activationOf(config: Config, word: string, isGated: boolean, names: readonly string[]): ActivationName {
  const known = activations.get(word);
  if (!isGated && known) return known;
  if (isGated && known === "silu") return "swiglu";
  if (isGated && known === "gelu") return "geglu";
  const read = isGated ? "geglu" : "gelu";
  const message =
    `the activation \`${word}\`${isGated ? " of a gated network" : ""} is read as ${read}: ` +
    "whether it is affine, as it must not be, is undecided";
  config.skip("certificate", message, paths(names));
  return read;
}

function activationWord(name: ActivationName, isGated: boolean): string | undefined {
  if (isGated) return name === "swiglu" ? "silu" : name === "geglu" ? "gelu" : undefined;
  for (const [word, known] of activations) if (known === name) return word;
  return undefined;
}

function activationRule(names: readonly string[], fallback: string, isGated: boolean): Rule<ActivationName> {
  return {
    read: (config) => activationOf(config, config.text(names, fallback), isGated, names),
    places: paths(names),
    write: (value, config) => {
      const word = activationWord(value, isGated);
      return word === undefined ? [] : [{ path: [config.written(names) ?? names[0]], value: word }];
    },
  };
}

export const plain = (name: string, fallback: string) => activationRule([name], fallback, false);
export const gated = (names: readonly string[], fallback: string) => activationRule(names, fallback, true);

/** T5's `feed_forward_proj`: an activation, or `gated-` and an activation. */
export const t5Activation: Rule<ActivationName> = {
  read: (config) => {
    const [, gate, word] = /^(gated-)?(.*)$/s.exec(config.text(["feed_forward_proj"], "relu")) ?? [];
    return activationOf(config, word, gate !== undefined, ["feed_forward_proj"]);
  },
  places: [["feed_forward_proj"]],
  write: (value) => {
    const word = activationWord(value, false);
    const gatedWord = activationWord(value, true);
    if (word !== undefined) return [{ path: ["feed_forward_proj"], value: word }];
    return gatedWord === undefined ? [] : [{ path: ["feed_forward_proj"], value: `gated-${gatedWord}` }];
  },
};
