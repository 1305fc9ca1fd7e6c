/**
 * Abstract tensors: how a value of the model is laid out in axes, and what it holds. Frameworks' operations are these few; every
 * operation that is not understood gives an `opaque` tensor that says which and where, never an exception.
 *
 * An axis is a list of atoms, because `view` merges and splits axes: (batch, token, features) viewed as (batch, token, head,
 * features) splits an atom, `flatten` merges two. Sizes are concrete.
 */
import type { ActivationName, KernelName } from "../../../theory/architecture/schema";
import type { BinaryOperation, IndexExpression, UnaryOperation } from "./indexExpression";
import type { Mask, MaskSource, Opaque, PairBias, Place, Sequence, StreamNode } from "./nodes";

export interface Atom {
  size: number;
  /** Undefined for an axis that is neither batch, nor tokens: features, heads, or an axis of a constant. */
  role: "batch" | Sequence | undefined;
}
export type Axis = readonly Atom[];

export interface Tensor {
  axes: readonly Axis[];
  dtype: "bool" | "int" | "float";
  content: Content;
  /** What made it: for a constant the expression that a person would point at. */
  place: Place;
}

export type Content =
  /** Known numbers: `element` in the coordinates of the axes. */
  | { kind: "constant"; element: IndexExpression; source: MaskSource }
  /** Learned numbers, all different: a parameter, a table. */
  | { kind: "parameter"; trainable: boolean }
  /** A learned table looked up at known indices: equal where the index is (in the coordinates of the axes; `free` axes hold different numbers anyway, such as heads). */
  | { kind: "lookup"; index: IndexExpression; free: readonly number[]; trainable: boolean; /** Made of fewer learned numbers: different, but not independent. */ dependent?: boolean } // prettier-ignore
  /** Learned numbers with another in their place where the mask holds, to be added to scores; all have the axes of this tensor. */
  | { kind: "masked"; of: Tensor; mask: Tensor; value: Tensor }
  | { kind: "stream"; node: StreamNode }
  /** What is left of a stream after a choice or a mean of its tokens, as classifiers take: no token of its own any more. */
  | { kind: "pooled"; node: StreamNode }
  | { kind: "pairs"; pairs: Pairs }
  | { kind: "memory"; memory: Memory }
  | { kind: "opaque"; opaque: Opaque };

/** Whether the numbers are learned ones, to be used as they are. */
export const isLearned = (content: Content): content is Extract<Content, { kind: "parameter" | "lookup" }> =>
  content.kind === "parameter" || content.kind === "lookup";

/** Scores or weights of pairs of tokens; the tensor's axes hold the two atoms. */
export interface Pairs {
  /** scores: before softmax or another kernel; weights: after it; total: their sums over the keys, divisors; greatest: the largest score, which softmax does not see. */
  stage: "scores" | "weights" | "total" | "greatest";
  left: StreamNode;
  right: StreamNode;
  leftAtom: Atom;
  rightAtom: Atom;
  /** Which of the two are the keys; undefined until something is summed over them. */
  keys: "left" | "right" | undefined;
  kernel: KernelName;
  degree: number;
  kernelPlace: Place;
  normalized: boolean;
  /** The atoms of the heads in the order in which coordinate 0 counts them. */
  heads: readonly Atom[];
  /** Masks and biases, in coordinates 0 (head), 1 (left) and 2 (right). */
  masks: Mask[];
  /** By which the scores or the weights were multiplied: right where no softmax follows. */
  cut: Mask | undefined;
  biases: PairBias[];
  notes: string[];
  /** Weights from which totals were made are recognised by this. */
  weights: Pairs | undefined;
}

/** What linear attention sums over the tokens: keys times values, or keys alone (`value` undefined), as divisors are made of. */
export interface Memory {
  key: StreamNode;
  value: StreamNode | undefined;
  /** The atoms of the keys' features, which the queries are multiplied with. */
  keyAtoms: readonly Atom[];
  /** Summed up to every token instead of over all. */
  causal: boolean;
  /** The queries already multiplied with it, before the sum over the features. */
  query: StreamNode | undefined;
  place: Place;
}

/** The operations that front ends call. `place` is where the operation is written. */
export interface TensorOperations {
  // ------------------------------------------------------------------------------------------------------ making
  /** A tensor of known numbers; `data` nested lists. */
  literal(data: readonly unknown[] | number | boolean, dtype: Tensor["dtype"], place: Place): Tensor;
  full(sizes: readonly number[], value: number, dtype: Tensor["dtype"], place: Place): Tensor;
  arange(start: number, stop: number, step: number, place: Place): Tensor;
  eye(rows: number, columns: number, place: Place): Tensor;
  /** One with elements given by an expression in the coordinates of the axes. */
  constant(sizes: readonly number[], element: IndexExpression, dtype: Tensor["dtype"], place: Place, source: MaskSource): Tensor; // prettier-ignore
  parameter(sizes: readonly number[], trainable: boolean, place: Place): Tensor;
  /** The model's input: indices into a vocabulary (batch, token), or vectors (batch, token, features). `order` of the axes. */
  input(sequence: Sequence, batch: number, width: number | undefined, order: "batch-first" | "token-first", place: Place): Tensor; // prettier-ignore
  /**
   * An image whose patches become the tokens: (batch, channels, tokens, 1). How the tokens are laid out in rows is left open; a convolution
   * whose kernel is as large as its stride is a linear map of each.
   */
  image(sequence: Sequence, batch: number, place: Place): Tensor;
  opaque(reason: string, place: Place): Tensor;

  // ------------------------------------------------------------------------------------------------- elementwise
  binary(op: BinaryOperation, left: Tensor | number, right: Tensor | number, place: Place): Tensor;
  unary(op: UnaryOperation, of: Tensor, place: Place): Tensor;
  where(condition: Tensor, yes: Tensor | number, no: Tensor | number, place: Place): Tensor;
  maskedFill(of: Tensor, mask: Tensor, value: number, place: Place): Tensor;
  /** Keeps the elements with column - row <= diagonal ("lower") or >= diagonal ("upper") of the last two axes, others 0. */
  triangle(of: Tensor, part: "lower" | "upper", diagonal: number, place: Place): Tensor;
  clamp(of: Tensor, low: number | undefined, high: number | undefined, place: Place): Tensor;
  activation(of: Tensor, name: ActivationName | "exp" | "elu-plus-one" | "square", place: Place): Tensor;
  convert(of: Tensor, dtype: Tensor["dtype"]): Tensor;
  norm(of: Tensor, kind: "layer" | "rms", place: Place): Tensor;
  /** Divided by its Euclidean norm along an axis. */
  unit(of: Tensor, axis: number, place: Place): Tensor;

  // ----------------------------------------------------------------------------------------------------- shape
  /** -1 for one size that follows from the others. */
  reshape(of: Tensor, sizes: readonly number[], place: Place): Tensor;
  permute(of: Tensor, order: readonly number[], place: Place): Tensor;
  unsqueeze(of: Tensor, axis: number): Tensor;
  /** All axes of size 1 where `axis` is undefined. */
  squeeze(of: Tensor, axis: number | undefined): Tensor;
  /** -1 keeps a size. */
  expand(of: Tensor, sizes: readonly number[], place: Place): Tensor;
  /** Indices as in NumPy: integers, slices, new axes, an ellipsis, tensors of indices. */
  index(of: Tensor, indices: readonly TensorIndex[], place: Place): Tensor;
  /** `of[indices] = value`, as a new tensor. */
  assign(of: Tensor, indices: readonly TensorIndex[], value: Tensor | number, place: Place): Tensor;
  split(of: Tensor, sizes: readonly number[], axis: number, place: Place): Tensor[];
  concatenate(parts: readonly Tensor[], axis: number, place: Place): Tensor;
  stack(parts: readonly Tensor[], axis: number, place: Place): Tensor;
  repeat(of: Tensor, times: readonly number[], place: Place): Tensor;
  /** Each element of an axis `times` times in a row, as grouped queries need. */
  repeatEach(of: Tensor, times: number, axis: number, place: Place): Tensor;
  roll(of: Tensor, shift: number, axis: number, place: Place): Tensor;

  // ------------------------------------------------------------------------------------------------ contractions
  matmul(left: Tensor, right: Tensor, place: Place): Tensor;
  /** Letters, commas and `->`, with `...`. */
  einsum(equation: string, parts: readonly Tensor[], place: Place): Tensor;
  sum(of: Tensor, axes: readonly number[] | undefined, keep: boolean, place: Place): Tensor;
  mean(of: Tensor, axes: readonly number[] | undefined, keep: boolean, place: Place): Tensor;
  variance(of: Tensor, axes: readonly number[] | undefined, keep: boolean, place: Place): Tensor;
  greatest(of: Tensor, axis: number, keep: boolean, place: Place): Tensor;
  cumulativeSum(of: Tensor, axis: number, place: Place): Tensor;
  softmax(of: Tensor, axis: number, place: Place): Tensor;

  // ------------------------------------------------------------------------------------------------------ layers
  /** A linear map of the last axis. */
  linear(of: Tensor, layer: LinearLayer, place: Place): Tensor;
  embedding(table: { rows: number; width: number; trainable: boolean; widthLiteral: Place | undefined }, indices: Tensor, place: Place): Tensor; // prettier-ignore
  /** Attention in one call: queries, keys and values as (..., heads, token, features), or without a head axis. */
  attention(query: Tensor, key: Tensor, value: Tensor, how: AttentionCall, place: Place): Tensor;
}

export interface LinearLayer {
  width: number;
  widthLiteral: Place | undefined;
  bias: boolean;
  biasPlace: Place;
  frozen: boolean;
  /** The same object where layers share their parameters. */
  weights?: object;
}

export type TensorIndex =
  | { kind: "at"; index: number }
  | { kind: "slice"; start: number | undefined; stop: number | undefined; step: number }
  | { kind: "new-axis" }
  | { kind: "rest" }
  | { kind: "tensor"; tensor: Tensor };

export interface AttentionCall {
  /** Where true (or 0, for floats, added to the scores) the pair is read; broadcast to (..., head, query, key). */
  mask: Tensor | undefined;
  causal: { argument: Place } | undefined;
  kernel: KernelName;
  /** Said of the attention without changing what is decided. */
  notes?: readonly string[];
  /** Where the head axis is merged into the features: how many heads. */
  heads: { count: number; place: Place | undefined } | undefined;
}

/** The size of an axis. */
export const sizeOf = (axis: Axis): number => axis.reduce((product, atom) => product * atom.size, 1);
export const sizesOf = ({ axes }: Tensor): number[] => axes.map(sizeOf);
