/** The parts of architectures in code: blocks and patterns as a specification file says them, with types. Nothing here computes. */
import type { z } from "zod";
import type { ArchitectureInput, patternSchema } from "../../theory/architecture/schema";

export type BlockInput = ArchitectureInput["layers"][number];
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
