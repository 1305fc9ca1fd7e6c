/**
 * Transformers in code: what a specification file says, with types, and the model that it describes.
 *
 *     import { attention, startFastest, transformer, window } from "uap-lens";
 *     await startFastest();
 *     const ring = transformer({
 *       tokens: 16,
 *       width: 32,
 *       layers: [attention({ pattern: window({ left: 2, right: 2, circular: true }), heads: 4 }).repeat(8)],
 *     });
 *     const model = ring.build({ seed: 1 });
 */
import type { z } from "zod";
import { parseArchitecture } from "../../theory/architecture/validate";
import type { Architecture, ArchitectureInput, patternSchema } from "../../theory/architecture/schema";
import { build } from "./build";
import type { Initialisation, Model } from "./model";

export { build };
export type { BuildOptions } from "./build";
export type { Initialisation, Model, Parameters } from "./model";
export type { Architecture, ArchitectureInput };
export { start, startFastest } from "../backends/start";
/** The TensorFlow.js that models compute with; tensors of another copy of it would be strangers to them. */
export * as tf from "@tensorflow/tfjs-core";

type BlockInput = ArchitectureInput["layers"][number];
export type AttentionInput = NonNullable<BlockInput["attention"]>;
export type ConvolutionInput = NonNullable<BlockInput["convolution"]>;
export type FeedForwardInput = NonNullable<BlockInput["feedForward"]>;
export type NormInput = NonNullable<BlockInput["norm"]>;
export type PatternInput = z.input<typeof patternSchema>;

/** A block: its mixer, then a feed-forward network. Every method gives a new block. */
export class Block {
  /** @param spec as in a specification file */
  constructor(readonly spec: BlockInput) {}

  /** The network after the mixer; one with all defaults unless this is called. */
  feedForward(feedForward: FeedForwardInput): Block {
    return new Block({ ...this.spec, feedForward });
  }

  norm(norm: NormInput): Block {
    return new Block({ ...this.spec, norm });
  }

  /** How many times the block is stacked. */
  repeat(times: number): Block {
    return new Block({ ...this.spec, repeat: times });
  }
}

/** A block with attention. */
export const attention = (options: AttentionInput = {}): Block => new Block({ attention: options });

/** A block with a circular convolution instead of attention. */
export const convolution = (options: ConvolutionInput): Block => new Block({ convolution: options });

export interface TransformerInput extends Omit<ArchitectureInput, "$schema" | "layers"> {
  layers: (Block | BlockInput)[];
}

export interface Transformer {
  /** As in a specification file: `JSON.stringify` of it is one. */
  readonly input: ArchitectureInput;
  /** With all defaults filled in. */
  readonly spec: Architecture;
  /**
   * The trainable model, on the backend that is active (`start`, `startFastest`). Dispose of it after use.
   * @throws RangeError where the specification leaves a mechanism undefined, or the model would not fit in memory.
   */
  build(initialisation?: Partial<Initialisation>): Model;
}

/**
 * An architecture, checked as a specification file is.
 * @throws TypeError that names every problem and its place.
 */
export function transformer({ layers, ...rest }: TransformerInput): Transformer {
  const input = { ...rest, layers: layers.map((layer) => (layer instanceof Block ? layer.spec : layer)) };
  const parsed = parseArchitecture(input);
  if ("problems" in parsed) {
    const problems = parsed.problems.map(({ path, message }) => `${path.join(".") || "transformer"}: ${message}`);
    throw new TypeError(problems.join("\n"));
  }
  const spec = parsed.architecture;
  return {
    input,
    spec,
    build: ({ seed = 0, regime = "standard" } = {}) => build(spec, { seed, regime }),
  };
}

// ---------------------------------------------------------------------------------------------------------- patterns

type Options<Kind extends string> = Extract<Exclude<PatternInput, string>, Record<Kind, unknown>>[Kind];

/** Every query attends to every key. */
export const full: PatternInput = "full";
/** Query q attends to the keys 0..q. */
export const causal: PatternInput = "causal";
/** Keys near the query: so many on each side, or `left` and `right`, `circular`, `dilation`. */
export const window = (reach: Options<"window">): PatternInput => ({ window: reach });
/** Consecutive blocks that attend within themselves. */
export const block = (size: Options<"block">): PatternInput => ({ block: size });
/** Keys closer than the stride, and keys a multiple of it away. */
export const strided = (stride: Options<"strided">): PatternInput => ({ strided: stride });
/** Keys of the same stretch, and the last tokens of every stretch. */
export const fixed = (stride: Options<"fixed">): PatternInput => ({ fixed: stride });
/** The centre attends to all and all attend to the centre. */
export const star = (centre: Options<"star"> = 0): PatternInput => ({ star: centre });
/** The row and the column of a grid. */
export const axial = (grid: Options<"axial">): PatternInput => ({ axial: grid });
/** The listed tokens attend to all and all attend to them. */
export const globalTokens = (tokens: Options<"global">): PatternInput => ({ global: tokens });
/** So many keys per query, drawn from a seed. */
export const random = (options: Options<"random">): PatternInput => ({ random: options });
export const bigbird = (options: Options<"bigbird">): PatternInput => ({ bigbird: options });
export const longformer = (options: Options<"longformer">): PatternInput => ({ longformer: options });
/** Pairs [query, key]. */
export const edges = (pairs: Options<"edges">): PatternInput => ({ edges: pairs });
/** The pairs for which a condition on q, k and n holds, such as `abs(q - k) <= 8`. */
export const where = (expression: Options<"expression">): PatternInput => ({ expression });
export const any = (...patterns: PatternInput[]): PatternInput => ({ any: patterns });
export const all = (...patterns: PatternInput[]): PatternInput => ({ all: patterns });
export const not = (pattern: PatternInput): PatternInput => ({ not: pattern });
