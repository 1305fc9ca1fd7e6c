/**
 * What a model computes, whatever language and framework it is written in: the graph that the readers of model code build by running
 * the code on abstract tensors (tensor.ts), and that lower.ts turns into an architecture.
 *
 * A node of the stream stands for one vector per token, computed from the nodes below it in the same way for every token; only
 * `attend` and `mix` move anything between tokens.
 */
import type { ActivationName, KernelName } from "../../../theory/architecture/schema";
import type { IndexExpression } from "./indexExpression";

/** A place in the source: offsets in UTF-16 code units, end exclusive. */
export interface Place {
  from: number;
  to: number;
}

/** A number of the source: its value, and the literal it comes from where it is one literal's value unchanged. */
export interface Written {
  value: number;
  literal: Place | undefined;
}

/** One sequence of tokens: the input's, or an encoder's memory. Compared by identity. */
export interface Sequence {
  name: string;
  tokens: number;
  /** A sequence of `tokens` learned combinations of the tokens of another one, as Linformer's keys and values are. */
  projected: { of: Sequence; trainable: boolean } | undefined;
}

export type StreamNode = { place: Place; sequence: Sequence } & (
  | { op: "input"; /** Whether the input is an index into a vocabulary. */ discrete: boolean }
  /**
   * Depends on the token's index alone: learned vectors, or fixed numbers (sinusoidal); different for all tokens unless `classes` gives
   * the class of every token.
   */
  | { op: "position"; code: "learned" | "sinusoidal"; classes: number[] | undefined }
  /** The same for all tokens: a learned vector, or a number. */
  | { op: "constant" }
  | { op: "linear"; of: StreamNode; bias: boolean; /** Where the absence of a bias is written. */ biasPlace: Place; frozen: boolean; width: number; /** The literal of the width. */ widthLiteral: Place | undefined; /** The same object where layers share their parameters. */ weights?: object } // prettier-ignore
  | { op: "activation"; of: StreamNode; name: ActivationName | "exp" | "elu-plus-one" | "square" }
  | { op: "norm"; of: StreamNode; kind: "layer" | "rms" }
  /** L2 normalisation of each head's features (QK-norm without learned scale or with one). */
  | { op: "unit"; of: StreamNode }
  | { op: "add" | "multiply"; left: StreamNode; right: StreamNode }
  /** Multiplied by numbers or learned parameters that are the same for all tokens. */
  | { op: "scale"; of: StreamNode }
  /** Multiplied by fixed numbers that depend on the token's index, as rotary positions do. */
  | { op: "rotate"; of: StreamNode }
  /** Some of the features; `key` is equal for equal parts. */
  | { op: "part"; of: StreamNode; key: string }
  | { op: "join"; parts: StreamNode[] }
  | { op: "attend"; attention: AttentionNode }
  /** Learned tokens put before or after those of the sequence: this node's sequence is that much longer. Those of one vector have one number. */
  | { op: "extend"; of: StreamNode; vectors: number[]; /** What they are learned as. */ learned: Place; before: boolean } // prettier-ignore
  /** Some other function of each token by itself; `name` as a person would call it. */
  | { op: "tokenwise"; name: string; parts: StreamNode[] }
); // prettier-ignore

/** Tokens of `query` read tokens of `key` and `value`. */
export interface AttentionNode {
  place: Place;
  query: StreamNode;
  key: StreamNode;
  value: StreamNode;
  heads: number;
  headsPlace: Place | undefined;
  kernel: KernelName;
  degree: number;
  kernelPlace: Place;
  normalized: boolean;
  /** Pairs (query, key) that are read, per head where `perHead`; undefined if all. */
  mask: Mask | undefined;
  biases: PairBias[];
  projection: { rank: number; trainable: boolean } | undefined;
  /** Said of the attention without changing what is decided, such as a cap on the scores. */
  notes: string[];
}

/** A condition on the coordinates 0 (head), 1 (query) and 2 (key): true where the query reads the key. */
export interface Mask {
  condition: IndexExpression;
  /** What a person would point at: the expression, or the call, that makes the mask. */
  place: Place;
  /** How it is written, for the edits. */
  source: MaskSource;
}

export type MaskSource =
  /** The body of a function of (batch, head, query, key): the returned expression, and the parameters' names. */
  | { kind: "function"; returned: Place; query: string; key: string }
  /** A statement that assigns a tensor of conditions to a name; `keeps` where true means that the pair is read. */
  | { kind: "tensor"; statement: Place; name: string; keeps: boolean }
  /** A flag or an argument that stands for the causal mask. */
  | { kind: "flag"; argument: Place }
  | { kind: "other" };

/** What is added to the scores of a pair. */
export type PairBias = { place: Place } &
  /** One learned number for every value of the index, which depends on query (coordinate 1) and key (coordinate 2). */
  (
    | { kind: "table"; index: IndexExpression }
    /** A fixed number: an expression in head (0), query (1) and key (2). */
    | { kind: "fixed"; value: IndexExpression }
    /** One learned number per pair. */
    | { kind: "free" }
  );

/** Something that was not understood, and where. */
export interface Opaque {
  reason: string;
  place: Place;
}
