/** Products summed over axes: matmul and einsum. What they mean depends on what the two tensors hold and on which axes are summed. */
import { axesIn, binary, boundsOf, coordinate, isWhole, numeral, substitute } from "./expressions";
import type { IndexExpression } from "./indexExpression";
import { batchOf, distinct, isBatch, isPlain, isToken, onlyPlain, sameRoles } from "./layout";
import type { Place, StreamNode } from "./nodes";
import { attend, recall, scoresOf } from "./pairs";
import * as streams from "./streams";
import { isLearned, sizeOf, type Atom, type Axis, type Content, type Tensor } from "./tensor";

/** A tensor whose axes are named. Labels of axes of size 1 are broadcast. */
export interface Labelled {
  tensor: Tensor;
  labels: readonly string[];
}

type Result = { axes: readonly Axis[]; content: Content } | string;

/** The product of two labelled tensors, summed over the labels that `out` lacks. The tensors hold more than known numbers; a string says what is not understood. */
export function contract(left: Labelled, right: Labelled, out: readonly string[], place: Place): Result {
  const a = new Side(left);
  const b = new Side(right);
  const axes: Axis[] = [];
  for (const label of new Set([...left.labels, ...right.labels])) {
    const [one, other] = [a.axis(label), b.axis(label)];
    if (one?.length && other?.length && sizeOf(one) !== sizeOf(other)) return "the sizes of a product do not agree";
  }
  const shared = (label: string) => (a.axis(label)?.length ?? 0) > 0 && (b.axis(label)?.length ?? 0) > 0;
  const summed = [...new Set([...left.labels, ...right.labels])].filter((label) => !out.includes(label));
  if (summed.some((label) => !shared(label) && ((a.axis(label)?.length ?? 0) > 0 || (b.axis(label)?.length ?? 0) > 0)))
    return "one of the factors of a product is summed by itself";
  if (out.some((label) => a.axis(label) === undefined && b.axis(label) === undefined)) return "a product with an axis of its own"; // prettier-ignore
  const inner = summed.filter(shared);
  if (inner.some((label) => a.atoms(label).some(isBatch) || b.atoms(label).some(isBatch)))
    return "a sum over the batch";
  for (const label of out) {
    const [one, other] = [a.axis(label) ?? [], b.axis(label) ?? []];
    if (one.length > 0 && other.length > 0 && !onlyPlain(one) && !onlyPlain(other) && !sameRoles(one, other))
      return "an axis of tokens meets another axis in a product";
    const batches = one.some(isBatch) || other.some(isBatch);
    if (batches && one.length > 0 && other.length > 0 && !sameRoles(one, other)) return "a product with numbers that differ over the batch"; // prettier-ignore
    axes.push(one.length === 0 || (onlyPlain(one) && other.length > 0) ? other : one);
  }
  if (batchOf(axes) !== Math.max(batchOf(left.tensor.axes), batchOf(right.tensor.axes)))
    return "elements of the batch meet others";
  const product: Product = { a, b, out, axes: distinct(axes), inner, place };
  const kinds = `${a.kind} ${b.kind}`;
  switch (kinds) {
    case "stream stream":
      return ofStreams(product);
    case "stream learned":
    case "stream constant":
      return ofMatrix(product, a, b);
    case "learned stream":
    case "constant stream":
      return ofMatrix(product, b, a);
    case "pairs stream":
      return ofWeights(product, a, b);
    case "stream pairs":
      return ofWeights(product, b, a);
    case "stream memory":
      return ofMemory(product, a, b);
    case "memory stream":
      return ofMemory(product, b, a);
    case "learned learned":
      return ofLearned(product);
    case "pooled learned":
    case "pooled constant":
      return { axes, content: left.tensor.content };
    case "learned pooled":
    case "constant pooled":
      return { axes, content: right.tensor.content };
    default:
      return `a product of ${named[a.kind]} and ${named[b.kind]} is not understood`;
  }
}

interface Product {
  a: Side;
  b: Side;
  out: readonly string[];
  axes: readonly Axis[];
  /** The labels that are summed. */
  inner: readonly string[];
  place: Place;
}

type Kind = "stream" | "learned" | "constant" | "pairs" | "memory" | "pooled" | "masked";
const named: Record<Kind, string> = {
  stream: "the tokens' features",
  learned: "learned numbers",
  constant: "fixed numbers",
  pairs: "attention scores",
  memory: "sums over tokens",
  pooled: "a summary of the tokens",
  masked: "learned numbers of which some are masked",
};

class Side {
  readonly kind: Kind;

  constructor(readonly labelled: Labelled) {
    const { content } = labelled.tensor;
    this.kind = isLearned(content) ? "learned" : content.kind === "opaque" ? "constant" : content.kind;
  }

  axis(label: string): Axis | undefined {
    const at = this.labelled.labels.indexOf(label);
    return at < 0 ? undefined : this.labelled.tensor.axes[at];
  }

  atoms(label: string): readonly Atom[] {
    return this.axis(label) ?? [];
  }

  get content(): Content {
    return this.labelled.tensor.content;
  }

  get trainable(): boolean {
    const { content } = this;
    return isLearned(content) && content.trainable;
  }

  /** The node of a stream. @throws never: called for streams. */
  get node(): StreamNode {
    const { content } = this;
    if (content.kind !== "stream") throw new Error("no stream");
    return content.node;
  }

  /** The label of the axis that holds tokens. */
  get tokens(): string | undefined {
    const at = this.labelled.tensor.axes.findIndex((axis) => axis.some(isToken));
    return at < 0 ? undefined : this.labelled.labels[at];
  }
}

const stream = (axes: readonly Axis[], node: StreamNode): Result => ({ axes, content: { kind: "stream", node } });

function ofStreams({ a, b, out, axes, inner, place }: Product): Result {
  const [s, t] = [a.tokens, b.tokens];
  if (s === undefined || t === undefined) return "a product with a vector that is the same for all tokens";
  const overFeatures = inner.every((label) => a.atoms(label).every(isPlain) && b.atoms(label).every(isPlain));
  if (overFeatures && inner.length > 0 && s !== t && out.includes(s) && out.includes(t)) {
    const [leftAxis, rightAxis] = [a.axis(s)!, b.axis(t)!];
    if (leftAxis.length !== 1 || rightAxis.length !== 1) return "a product of tokens that share an axis with others";
    const left: Atom = { ...leftAxis[0] };
    const right: Atom = { ...rightAxis[0] };
    const made = axes.map((axis, i) => (out[i] === s ? [left] : out[i] === t ? [right] : axis));
    const extra = made.flat().some((atom) => isToken(atom) && atom !== left && atom !== right);
    if (extra) return "a product of more than two tokens";
    return { axes: made, content: { kind: "pairs", pairs: scoresOf(a.node, b.node, left, right, place) } };
  }
  if (s !== t) return "a product over several tokens";
  if (inner.length === 1 && inner[0] === s) {
    if (a.axis(s)!.length !== 1) return "a sum over tokens that share an axis with others";
    // The one whose features come first holds the keys, as in k^T v; queries choose by the atoms.
    const keyAtoms = out.flatMap((label) => (b.axis(label)?.length ? [] : a.atoms(label).filter(isPlain)));
    const memory = { key: a.node, value: b.node, keyAtoms, causal: false, query: undefined, place };
    return { axes, content: { kind: "memory", memory } };
  }
  if (!inner.every((label) => a.atoms(label).every(isPlain))) return "a sum over tokens and features at once";
  if (inner.length === 0) return stream(axes, streams.product(alongAxes(a, out), alongAxes(b, out), place));
  if (a.node === b.node) {
    const square = streams.product(alongAxes(a, inner), alongAxes(b, inner), place);
    if (square.op === "activation") return stream(axes, streams.summary(square, "sum", place));
  }
  return stream(axes, streams.tokenwise("a product of features", [a.node, b.node], place));
}

const alongAxes = (side: Side, labels: readonly string[]): streams.LaidOut => ({ node: side.node, axes: labels.map((label) => side.atoms(label)) }); // prettier-ignore

/** Whether learned numbers are all of their own, none equal to others. */
function isGeneric({ labelled: { tensor } }: Side): boolean {
  const { content } = tensor;
  if (content.kind !== "lookup") return content.kind === "parameter";
  if (content.dependent) return false;
  const rest = tensor.axes.flatMap((axis, i) => (axis.length > 0 && !content.free.includes(i) ? [i] : []));
  if (rest.length === 0) return true;
  return rest.length === 1 && content.index.kind === "coordinate" && content.index.axis === rest[0];
}

/** Learned numbers times others: different wherever one of them is. */
function ofLearned({ a, b, out, axes, inner }: Product): Result {
  const sizes = axes.map(sizeOf);
  const placed = ({ labelled: { tensor, labels } }: Side) => {
    const at = labels.map((label) => out.indexOf(label));
    const { content } = tensor;
    const free =
      content.kind === "lookup" ? content.free : tensor.axes.flatMap((axis, i) => (axis.length > 0 ? [i] : []));
    const index = content.kind === "lookup" ? content.index : numeral(0);
    if (inner.some((label) => axesIn(index).has(labels.indexOf(label)))) return undefined;
    return { index: substitute(index, (axis) => coordinate(at[axis]), sizes), free: free.flatMap((axis) => (at[axis] >= 0 ? [at[axis]] : [])) }; // prettier-ignore
  };
  const [x, y] = [placed(a), placed(b)];
  const index = x && y && pairedIndex(x.index, y.index, sizes);
  if (!index) return "a product of learned numbers";
  const free = [...new Set([...x.free, ...y.free])];
  return { axes, content: { kind: "lookup", index, free, trainable: a.trainable || b.trainable, dependent: true } };
}

/** An index that is equal where two others are. */
export function pairedIndex(
  x: IndexExpression,
  y: IndexExpression,
  sizes: readonly number[],
): IndexExpression | undefined {
  // prettier-ignore
  const [low, high] = boundsOf(y, sizes);
  if (!Number.isFinite(high - low) || !isWhole(x) || !isWhole(y)) return undefined;
  return binary("+", binary("*", x, numeral(high - low + 1), sizes), y, sizes);
}

/** A linear map of features, or a combination of tokens with learned coefficients. */
function ofMatrix({ out, axes, inner, place }: Product, of: Side, matrix: Side): Result {
  const tokens = of.tokens;
  if (tokens === undefined) return "a product with a vector that is the same for all tokens";
  const { node } = of;
  const acrossTokens = inner.includes(tokens);
  if (acrossTokens) {
    if (matrix.kind === "constant") return "tokens are mixed with fixed weights";
    if (!isGeneric(matrix)) return "tokens are mixed with weights of which some are equal";
    if (inner.length > 1) return "learned weights sum over tokens and features at once";
    const made = out.filter((label) => !of.axis(label)?.length && matrix.axis(label)?.length);
    if (made.length !== 1) return "tokens are mixed with learned weights";
    const [tokenAtom] = of.atoms(tokens);
    if (of.atoms(tokens).length !== 1 || node.sequence !== tokenAtom.role)
      return "tokens are mixed with learned weights";
    const size = sizeOf(matrix.axis(made[0])!);
    return projectTokens(axes, out.indexOf(made[0]), node, size, matrix.trainable, place);
  }
  const perToken = out.includes(tokens) && (matrix.axis(tokens)?.length ?? 0) > 0;
  if (inner.length === 0) {
    if (perToken) return "a product with numbers that differ from token to token";
    return stream(axes, matrix.kind === "learned" ? streams.scale(node, place) : streams.tokenwise("a product with fixed numbers", [node], place)); // prettier-ignore
  }
  const pairAxes = out.filter((label) => !of.axis(label)?.length && (matrix.axis(label)?.length ?? 0) > 0);
  if (perToken) {
    const relative = matrix.kind === "learned" ? relativeScores(out, axes, matrix, inner) : undefined;
    return relative ?? "each token has a linear map of its own";
  }
  if (matrix.kind === "constant") return stream(axes, streams.tokenwise("a product with fixed numbers", [node], place));
  if (!isGeneric(matrix)) return stream(axes, streams.tokenwise("a linear map of which some numbers are equal", [node], place)); // prettier-ignore
  const width = pairAxes.reduce((product, label) => product * sizeOf(matrix.axis(label)!), 1);
  const frozen = !matrix.trainable;
  return stream(axes, { op: "linear", of: node, bias: false, biasPlace: place, frozen, width, widthLiteral: undefined, place, sequence: node.sequence }); // prettier-ignore
}

/** Tokens as `size` learned combinations of them, in place of the axis at `at`. */
export function projectTokens(
  axes: readonly Axis[],
  at: number,
  node: StreamNode,
  size: number,
  trainable: boolean,
  place: Place,
): Result {
  // prettier-ignore
  const sequence = { name: node.sequence.name, tokens: size, projected: { of: node.sequence, trainable } };
  const made = axes.map((axis, i): Axis => (i === at ? [{ size, role: sequence }] : axis));
  return stream(made, { op: "part", of: node, key: "projected", place, sequence });
}

/** Queries or keys times a vector per pair of tokens: to the theory a number per class of the pair, whatever the query says to it. */
function relativeScores(
  out: readonly string[],
  axes: readonly Axis[],
  table: Side,
  inner: readonly string[],
): Result | undefined {
  // prettier-ignore
  const { content, labels } = { content: table.content, labels: table.labelled.labels };
  if (content.kind !== "lookup") return undefined;
  const innerAxes = inner.map((label) => labels.indexOf(label));
  if ([...axesIn(content.index)].some((axis) => innerAxes.includes(axis))) return undefined;
  const at = labels.map((label) => out.indexOf(label));
  const index = substitute(content.index, (axis) => coordinate(at[axis]), axes.map(sizeOf));
  const free = content.free.flatMap((axis) => (at[axis] >= 0 ? [at[axis]] : []));
  if (content.dependent) return undefined;
  const plain = axes.map((axis) =>
    axis.map((atom): Atom => (isBatch(atom) ? atom : { size: atom.size, role: undefined })),
  );
  return { axes: plain, content: { kind: "lookup", index, free, trainable: content.trainable } };
}

function ofWeights({ axes, inner, place }: Product, weights: Side, values: Side): Result {
  const { content } = weights;
  const tokens = values.tokens;
  if (content.kind !== "pairs") return "no weights";
  if (inner.length !== 1 || tokens !== inner[0]) return "weights are applied along an axis that is not the keys";
  const [atom] = weights.atoms(tokens);
  if (weights.atoms(tokens).length !== 1) return "weights of keys that share an axis with others";
  if (axes.flat().filter(isToken).length !== 1) return "weights are applied to values that keep their tokens";
  const node = attend(content.pairs, weights.labelled.tensor.axes, atom, values.node, place);
  if (typeof node === "string") return node;
  // From here on the queries are ordinary tokens.
  return stream(axes, node);
}

function ofMemory({ axes, inner, place, out }: Product, queries: Side, memory: Side): Result {
  const { content } = memory;
  if (content.kind !== "memory") return "no memory";
  const tokens = queries.tokens;
  const { keyAtoms, causal } = content.memory;
  const over = inner.flatMap((label) => memory.atoms(label));
  const left = memory.labelled.labels.filter((label) => out.includes(label) && !queries.axis(label)?.length);
  const met = over.filter((atom) => keyAtoms.includes(atom)).length;
  const { value } = content.memory;
  if (over.length === 0 || (met !== over.length && (met > 0 || !value)))
    return "sums over tokens are not multiplied with queries along the keys' features";
  // v^T k instead of k^T v: what the queries meet are the keys.
  const recalled = met > 0 || !value ? content.memory : { ...content.memory, key: value, value: content.memory.key };
  const rest = left.flatMap((label) => memory.atoms(label)).filter(isPlain);
  if (rest.some((atom) => keyAtoms.includes(atom) === met > 0)) return "keys of one feature by another";
  if (tokens === undefined || !out.includes(tokens) || causal !== (memory.tokens === tokens))
    return "sums over tokens meet queries in a way that is not understood";
  const heads = out
    .flatMap((label) => queries.atoms(label).filter(isPlain))
    .reduce((product, { size }) => product * size, 1);
  const node = recall(queries.node, recalled, heads, place);
  return typeof node === "string" ? node : stream(axes, node);
}
