/** The operations on abstract tensors that front ends call: see tensor.ts for what a tensor holds. */
import { axesIn, binary, childrenOf, TooManyParts, choose, coordinate, isWhole, boundsOf, numeral, substitute, unary, valueAt } from "./expressions"; // prettier-ignore
import type { BinaryOperation, IndexExpression, UnaryOperation } from "./indexExpression";
import { contract, pairedIndex, projectTokens } from "./contract";
import { EvaluationError, RowEvaluator } from "./evaluate";
import { axisAt, axisOf, broadcast, broadcastElement, distinct, isBatch, isPlain, isToken, one, onlyPlain, regroup, regroupElement, reflowed, resolveSizes, sameRoles } from "./layout"; // prettier-ignore
import type { MaskSource, Place, StreamNode } from "./nodes";
import { activated, freeAtoms, maskOf, masked, normalisedBySoftmax, recall, reheaded, sideOf, withConstant, withLookup } from "./pairs"; // prettier-ignore
import * as streams from "./streams";
import { isLearned, sizeOf, sizesOf, type AttentionCall, type Axis, type Content, type LinearLayer, type Pairs, type Tensor, type TensorIndex, type TensorOperations } from "./tensor"; // prettier-ignore

const other: MaskSource = { kind: "other" };
const nowhere: Place = { from: 0, to: 0 };

function make(axes: readonly Axis[], content: Content, dtype: Tensor["dtype"], place: Place): Tensor {
  return { axes, content, dtype, place };
}

const opaque = (reason: string, place: Place): Tensor => make([], { kind: "opaque", opaque: { reason, place } }, "float", place); // prettier-ignore

/** The first of the tensors that is not understood, if one is. */
const firstOpaque = (...tensors: readonly Tensor[]): Tensor | undefined =>
  tensors.find(({ content }) => content.kind === "opaque");

/** A constant; coordinates along axes of size 1 are 0, so that copies along them need no care. */
function known(
  axes: readonly Axis[],
  element: IndexExpression,
  dtype: Tensor["dtype"],
  place: Place,
  source: MaskSource = other,
): Tensor {
  // prettier-ignore
  const single = (axis: number) => sizeOf(axes[axis]) === 1;
  const narrow = axes.some((_, axis) => single(axis)) && [...axesIn(element)].some(single);
  const made = narrow ? substitute(element, (axis) => (single(axis) ? numeral(0) : coordinate(axis)), axes.map(sizeOf)) : element; // prettier-ignore
  return make(axes, { kind: "constant", element: made, source }, dtype, place);
}

const streamed = (axes: readonly Axis[], node: StreamNode, place: Place): Tensor =>
  make(axes, { kind: "stream", node }, "float", place);

/** What an operation comes to, or why it does not. */
const settled = (result: { axes: readonly Axis[]; content: Content } | string, place: Place): Tensor =>
  typeof result === "string" ? opaque(result, place) : make(result.axes, result.content, "float", place);

const scalar = (value: Tensor | number): Tensor =>
  typeof value === "number" ? known([], numeral(value), Number.isInteger(value) ? "int" : "float", nowhere) : value;

const smooth: readonly UnaryOperation[] = ["exp", "log", "log2", "sqrt", "sin", "cos", "tanh"];
const comparisons: readonly BinaryOperation[] = ["<", "<=", ">", ">=", "==", "!=", "and", "or", "xor"];

/** The type of numbers of several types together. */
const promoted = (...types: readonly Tensor["dtype"][]): Tensor["dtype"] =>
  types.includes("float") ? "float" : types.includes("int") ? "int" : "bool";

// --------------------------------------------------------------------------------------------------------- elementwise

/** The axes of tensors broadcast to each other: atoms are those of scores and sums over tokens, then of streams, whose identity says what they are. */
function together(...all: readonly Tensor[]): Axis[] | string {
  const kinds: Content["kind"][] = ["pairs", "memory", "stream", "pooled"];
  const rank = ({ content }: Tensor) => (kinds.indexOf(content.kind) + kinds.length + 1) % (kinds.length + 1);
  return broadcast(...[...all].sort((a, b) => rank(a) - rank(b)).map(({ axes }) => axes));
}

const someMasked = "learned numbers of which some are masked";

function combine(op: BinaryOperation, left: Tensor | number, right: Tensor | number, place: Place): Tensor {
  const [a, b] = [scalar(left), scalar(right)];
  const lost = firstOpaque(a, b);
  if (lost) return lost;
  const axes = together(a, b);
  if (typeof axes === "string") return opaque(axes, place);
  const [x, y] = [a.content, b.content];
  if (x.kind === "constant" && y.kind === "constant") return ofConstants(op, a, b, x, y, axes, place);
  const kinds = [x.kind, y.kind];
  if (kinds.includes("pairs")) return ofPairs(op, a, b, axes, place);
  if (kinds.includes("masked")) return opaque(someMasked, place);
  if (kinds.includes("memory")) return ofMemory(op, a, b, axes, place);
  if (kinds.includes("pooled")) {
    if (kinds.includes("stream")) return opaque("a summary of the tokens is given back to every token", place);
    return make(axes, x.kind === "pooled" ? x : y, "float", place);
  }
  if (kinds.includes("stream")) return ofStreams(op, a, b, axes, place);
  return ofLearned(op, a, b, axes, place);
}

function ofConstants(
  op: BinaryOperation,
  a: Tensor,
  b: Tensor,
  x: Constant,
  y: Constant,
  axes: readonly Axis[],
  place: Place,
): Tensor {
  // prettier-ignore
  const [left, right] = [broadcastElement(x.element, a.axes, axes), broadcastElement(y.element, b.axes, axes)];
  const bools = a.dtype === "bool" && b.dtype === "bool";
  // On conditions `*` and `+` are what they are on 0 and 1, and stay conditions.
  const operation = (bools && onConditions[op]) || op;
  const element = binary(operation, left, right, axes.map(sizeOf));
  const numbers = promoted("int", a.dtype, b.dtype, op === "/" ? "float" : "int");
  const dtype = comparisons.includes(operation) ? "bool" : numbers;
  // `mask == 0` is about the mask, not a mask of its own.
  const plain = (tensor: Tensor, content: Constant) => tensor.axes.length === 0 && content.element.kind === "number";
  const about =
    plain(b, y) && (op === "==" || op === "!=" || op === "*") ? a : plain(a, x) && op === "-" ? b : undefined;
  const content = about === a ? x : about === b ? y : undefined;
  return known(axes, element, dtype, about && about.axes.length > 1 ? about.place : place, content?.source ?? other);
}

const onConditions: Partial<Record<BinaryOperation, BinaryOperation>> = {
  "*": "and",
  min: "and",
  "+": "or",
  max: "or",
};

type Constant = Extract<Content, { kind: "constant" }>;

function ofPairs(op: BinaryOperation, a: Tensor, b: Tensor, axes: readonly Axis[], place: Place): Tensor {
  const [x, y] = [a.content, b.content];
  if (x.kind === "pairs" && y.kind === "pairs") {
    const [l, r] = [x.pairs, y.pairs];
    if (!standsIn(b.axes, a.axes)) return opaque("scores are combined with those of other pairs", place);
    if (
      op === "-" &&
      l.stage === "scores" &&
      r.stage === "greatest" &&
      (l.keys === undefined || l.keys === r.keys) &&
      sameScores(l, r)
    )
      return make(axes, { kind: "pairs", pairs: { ...l, keys: r.keys } }, "float", place);
    if (op === "/" && l.stage === "weights" && r.stage === "total" && r.weights === l)
      return make(axes, { kind: "pairs", pairs: { ...l, normalized: true, keys: r.keys } }, "float", place);
    return opaque(`\`${op}\` of two matrices of scores is not understood`, place);
  }
  const reflected = x.kind !== "pairs";
  const [whole, tensor] = reflected ? [b, a] : [a, b];
  if (whole.content.kind !== "pairs") return opaque("no scores", place);
  const { pairs } = whole.content;
  // The other operand may not add axes to the scores.
  if (axes.some((axis, i) => axis.length > 0 && (whole.axes[i - axes.length + whole.axes.length] ?? one).length === 0 && !axis.every(isPlain))) return opaque("scores are broadcast over tokens", place); // prettier-ignore
  if (tensor.content.kind === "constant") {
    const element = broadcastElement(tensor.content.element, tensor.axes, axes);
    const { source } = tensor.content;
    return pairsTensor(axes, withConstant(pairs, op, axes, element, reflected, place, { place: tensor.place, source }), place); // prettier-ignore
  }
  if (isLearned(tensor.content)) {
    const index = tensor.content.kind === "lookup" ? broadcastElement(tensor.content.index, tensor.axes, axes) : numeral(0); // prettier-ignore
    const free = freeAtoms(tensor, axes);
    const pairDependent = free.has(pairs.leftAtom) || free.has(pairs.rightAtom) || axesIn(index).size > 0;
    if ([...free].some(isBatch)) return opaque("learned numbers that depend on the element of the batch", place);
    if (tensor.content.kind === "lookup" && tensor.content.dependent) return opaque("learned numbers of pairs that are made of fewer", place); // prettier-ignore
    if (op === "+" || (op === "-" && !reflected)) return pairsTensor(axes, withLookup(pairs, axes, index, free, tensor.place), place); // prettier-ignore
    const fixed = pairs.masks.length > 0 || pairs.biases.some(({ kind }) => kind === "fixed");
    if ((op === "*" || (op === "/" && !reflected)) && !pairDependent && pairs.stage === "scores" && !fixed) return make(axes, { kind: "pairs", pairs }, "float", place); // prettier-ignore
    return opaque("the weights or scores are combined with learned numbers", place);
  }
  if (tensor.content.kind === "masked" && op === "+") {
    const { of, mask, value } = tensor.content;
    return combine(op, fill(whole, mask, value, axes, place), of, place);
  }
  return opaque(`scores are combined with what depends on the data`, place);
}

/** Whether axes stand where the same axes of `whole` do, for broadcasting. */
function standsIn(axes: readonly Axis[], whole: readonly Axis[]): boolean {
  const shift = whole.length - axes.length;
  return axes.every((axis, i) =>
    axis.every(
      (atom, k) => atom === whole[i + shift]?.[k] || (isBatch(atom) && whole[i + shift]?.[k]?.role === atom.role),
    ),
  );
}

/** Whether two are scores of the same pairs, whatever was added since. */
const sameScores = (a: Pairs, b: Pairs): boolean => a.leftAtom === b.leftAtom && a.rightAtom === b.rightAtom;

const pairsTensor = (axes: readonly Axis[], pairs: Pairs | string, place: Place): Tensor =>
  typeof pairs === "string" ? opaque(pairs, place) : make(axes, { kind: "pairs", pairs }, "float", place);

/** Queries times a sum of keys, to be summed over the features; and small numbers added to divisors. */
function ofMemory(op: BinaryOperation, a: Tensor, b: Tensor, axes: readonly Axis[], place: Place): Tensor {
  const [x, y] = [a.content, b.content];
  const memory = x.kind === "memory" ? x.memory : y.kind === "memory" ? y.memory : undefined;
  const rest = x.kind === "memory" ? y : x;
  if (memory && rest.kind === "stream" && op === "*" && !memory.query && !memory.value)
    return make(axes, { kind: "memory", memory: { ...memory, query: rest.node } }, "float", place);
  if (memory && rest.kind === "constant" && rest.element.kind === "number") {
    const { value } = rest.element;
    const reflected = y.kind === "memory";
    const small = op === "+" && Math.abs(value) <= 1e-2;
    const scaled = Number.isFinite(value) && value !== 0 && (op === "*" || (op === "/" && !reflected));
    if (small || scaled) return make(axes, { kind: "memory", memory }, "float", place);
  }
  return opaque("a sum over tokens is used in a way that is not understood", place);
}

/** An element in coordinates 0 (token), 1 (batch) and, of atoms of features in their order, 2 and more. */
function byToken(element: IndexExpression, axes: readonly Axis[]): IndexExpression {
  const atoms = axes.flat().filter(isPlain);
  const size = (has: (atom: Axis[number]) => boolean) => sizeOf(axes.flat().filter(has));
  const sizes = [size(isToken), size(isBatch), ...atoms.map((atom) => atom.size)];
  let batch = sizes[1];
  const places = new Map(axes.flat().map((atom): [Axis[number], IndexExpression] => {
    if (isToken(atom)) return [atom, coordinate(0)];
    if (isPlain(atom)) return [atom, coordinate(atoms.indexOf(atom) + 2)];
    batch /= atom.size;
    return [atom, binary("%", binary("//", coordinate(1), numeral(batch), sizes), numeral(atom.size), sizes)];
  })); // prettier-ignore
  const old = axes.map((axis) =>
    axis.reduce<IndexExpression>(
      (sum, atom) => binary("+", binary("*", sum, numeral(atom.size), sizes), places.get(atom)!, sizes),
      numeral(0),
    ),
  );
  return substitute(element, (axis) => old[axis], sizes);
}

function ofStreams(op: BinaryOperation, a: Tensor, b: Tensor, axes: readonly Axis[], place: Place): Tensor {
  const [x, y] = [a.content, b.content];
  if (x.kind === "stream" && y.kind === "stream") return ofTwoStreams(op, a, b, x.node, y.node, axes, place);
  const reflected = y.kind === "stream";
  const [whole, tensor] = reflected ? [b, a] : [a, b];
  const node = streamNode(whole);
  if (axes.flat().filter(isToken).length !== 1 || tokenCount(whole) !== 1) return opaque("tokens are broadcast", place);
  const { content } = tensor;
  if (content.kind === "constant") {
    const element = byToken(broadcastElement(content.element, tensor.axes, axes), axes);
    const depends = axesIn(element);
    if (depends.has(1)) return opaque("numbers that depend on the element of the batch", place);
    return streamAndNumbers(op, node, element, reflected, axes, place);
  }
  if (!isLearned(content)) return opaque("a combination of tokens and what is not understood", place); // prettier-ignore
  const free = freeAtoms(tensor, axes);
  const index = content.kind === "lookup" ? byToken(broadcastElement(content.index, tensor.axes, axes), axes) : numeral(0); // prettier-ignore
  const depends = axesIn(index);
  if (depends.has(1) || [...free].some(isBatch)) return opaque("learned numbers that depend on the element of the batch", place); // prettier-ignore
  const token = [...free].some(isToken) || depends.has(0);
  if (op === "+" || op === "-") {
    const signed = op === "-" && reflected ? streams.negate(node, place) : node;
    if (!token) {
      const full = content.kind === "parameter" && axes.flat().every((atom) => !isPlain(atom) || free.has(atom));
      return streamed(axes, streams.addVector(signed, content.trainable, full, tensor.place), place);
    }
    const classes = [...free].some(isToken) ? undefined : classesOf(index, axes);
    if (classes === "unknown") return opaque("position codes of which some may be equal", place);
    return streamed(axes, streams.add(signed, position("learned", node, classes, tensor.place), place), place);
  }
  if ((op === "*" || (op === "/" && !reflected)) && !token) return streamed(axes, streams.scale(node, place), place);
  return opaque("tokens are multiplied with learned numbers that differ from token to token", place);
}

const streamNode = ({ content }: Tensor): StreamNode => {
  if (content.kind !== "stream") throw new Error("no stream");
  return content.node;
};

const tokenCount = (tensor: Tensor): number => tensor.axes.flat().filter(isToken).length;

const position = (code: "learned" | "sinusoidal", of: StreamNode, classes: number[] | undefined, place: Place): StreamNode => ({ op: "position", code, classes, place, sequence: of.sequence }); // prettier-ignore

/** Feature coordinates at which position codes are compared, and numbers that are worked out for it. */
const comparedFeatures = 64;
const comparedNumbers = 2 ** 19;

/**
 * The class of every token by numbers given by an expression in a token (coordinate 0) and features (2 and more): undefined where all
 * differ, "unknown" where it is not decided.
 */
function classesOf(element: IndexExpression, axes: readonly Axis[]): number[] | undefined | "unknown" {
  const tokens = sizeOf(axes.flat().filter(isToken));
  const sizes = axes.flat().filter(isPlain).map(({ size }) => size); // prettier-ignore
  const features = sizeOf(axes.flat().filter(isPlain));
  const byFeature = [...axesIn(element)].some((axis) => axis >= 2);
  const probes = Math.min(byFeature ? features : 1, comparedFeatures, Math.max(1, Math.floor(comparedNumbers / tokens))); // prettier-ignore
  // Spread over the features, neighbours among them: codes differ in some by parity.
  const places = Array.from({ length: probes }, (_, i) => {
    let at = probes === features ? i : (Math.floor((i * features) / probes) + (i % 2)) % features;
    return sizes.map((size) => [at % size, (at = Math.floor(at / size))][0]);
  });
  const apart = new Classes();
  const seen = Array.from({ length: tokens }, (_, token) =>
    apart.of(places.map((place) => valueAt(element, [token, 0, ...place])).join()),
  );
  if (apart.count === tokens) return undefined;
  // Equal at the probes; equal everywhere if all that the element knows of the token is.
  if (probes === features || !byFeature) return seen;
  const known = ofTokenAlone(element);
  const together = new Classes();
  for (let token = 0; token < tokens; token++) together.of(known.map((part) => valueAt(part, [token])).join());
  return together.count === apart.count ? seen : "unknown";
}

class Classes {
  private readonly known = new Map<string, number>();

  of(key: string): number {
    let number = this.known.get(key);
    if (number === undefined) this.known.set(key, (number = this.known.size));
    return number;
  }

  get count(): number {
    return this.known.size;
  }
}

/** The largest parts of an expression that depend on the token (coordinate 0) alone. */
function ofTokenAlone(element: IndexExpression): IndexExpression[] {
  const found = new Set<IndexExpression>();
  const seen = new Set<IndexExpression>();
  const visit = (part: IndexExpression): void => {
    if (seen.has(part)) return;
    seen.add(part);
    const axes = axesIn(part);
    if (!axes.has(0)) return;
    if (axes.size === 1) found.add(part);
    else childrenOf(part).forEach(visit);
  };
  visit(element);
  return [...found];
}

/** Whether numbers given in a token and features are all finite and, where asked, none of them 0; where there are too many, they are taken not to be. */
function areUsable(element: IndexExpression, axes: readonly Axis[], nonzero: boolean): boolean {
  const sizes = [
    sizeOf(axes.flat().filter(isToken)),
    1,
    ...axes
      .flat()
      .filter(isPlain)
      .map(({ size }) => size),
  ];
  const [low, high] = boundsOf(element, sizes);
  if (Number.isFinite(low) && Number.isFinite(high) && (!nonzero || low > 0 || high < 0)) return true;
  const depends = axesIn(element);
  const varied = sizes.map((size, axis) => (depends.has(axis) ? size : 1));
  if (varied.reduce((a, b) => a * b, 1) > comparedNumbers / 8) return false;
  return tuples(varied).every((place) => {
    const value = valueAt(element, place);
    return Number.isFinite(value) && !(nonzero && value === 0);
  });
}

function streamAndNumbers(
  op: BinaryOperation,
  node: StreamNode,
  element: IndexExpression,
  reflected: boolean,
  axes: readonly Axis[],
  place: Place,
): Tensor {
  // prettier-ignore
  const result = (made: StreamNode) => streamed(axes, made, place);
  const value = element.kind === "number" ? element.value : undefined;
  const perToken = axesIn(element).has(0);
  if (node.op === "input" && node.discrete && !axes.flat().some(isPlain) && !comparisons.includes(op)) return opaque("arithmetic with the indices of the vocabulary", place); // prettier-ignore
  switch (op) {
    case "+":
    case "-": {
      if (op === "+" && value === 1 && node.op === "activation" && node.name === "elu")
        return result({ ...node, name: "elu-plus-one" });
      const signed = op === "-" && reflected ? streams.negate(node, place) : node;
      if (value === 0 || (value !== undefined && Math.abs(value) <= 1e-2 && streams.staysNearby(node)))
        return result(signed);
      if (!perToken) return value !== undefined && !Number.isFinite(value) ? opaque(`${value} is added to tokens`, place) : result(streams.add(signed, streams.constant(node.sequence, place), place)); // prettier-ignore
      const classes = classesOf(element, axes);
      if (classes === "unknown") return opaque("position codes of which some may be equal", place);
      if (!areUsable(element, axes, false)) return opaque("tokens to which infinite numbers are added", place);
      return result(streams.add(signed, position("sinusoidal", node, classes, place), place));
    }
    case "*":
      if (perToken) {
        if (!areUsable(element, axes, false)) return opaque("tokens are multiplied by infinite numbers", place);
        return result(streams.turn(node, position("sinusoidal", node, undefined, place), factorOf(element, axes), place)); // prettier-ignore
      }
      return scaledBy(element, node, axes, place);
    case "/":
      if (perToken) return opaque("tokens are divided by numbers that differ from token to token", place);
      if (!areUsable(element, axes, true)) return opaque("tokens are divided by 0 or by what is not finite", place);
      return reflected ? result(streams.tokenwise("reciprocal", [node], place)) : scaledBy(element, node, axes, place);
    case "**":
      if (perToken) return opaque("powers of tokens that differ from token to token", place);
      if (reflected || value === undefined) return result(streams.tokenwise("a power", [node], place));
      if (value === 1) return result(node);
      if (value === 2) return result(streams.multiply(node, node, place));
      if (value === 0.5) return result(streams.tokenwise("root", [node], place));
      if (value === -0.5) return result(streams.tokenwise("reciprocal root", [node], place));
      if (value === -1) return result(streams.tokenwise("reciprocal", [node], place));
      return result(streams.tokenwise("a power", [node], place));
    default:
      if (op === "max" && value === 0) return activation(streamed(axes, node, place), "relu", place);
      return perToken
        ? opaque(`\`${op}\` with numbers that differ from token to token`, place)
        : result(streams.tokenwise(`\`${op}\``, [node], place));
  }
}

/** Times numbers that are the same for all tokens. */
function scaledBy(element: IndexExpression, node: StreamNode, axes: readonly Axis[], place: Place): Tensor {
  if (!areUsable(element, axes, true)) return opaque("tokens are multiplied by 0, or by numbers that may be 0", place);
  if (element.kind !== "number") return streamed(axes, streams.scale(node, place), place);
  return streamed(axes, element.value < 0 ? streams.negate(node, place) : node, place);
}

/** Fixed numbers of tokens and features, features in the order of their atoms. */
function factorOf(element: IndexExpression, axes: readonly Axis[]): streams.Factor {
  const sizes = axes.flat().filter(isPlain).map(({ size }) => size); // prettier-ignore
  const place = (feature: number): number[] => sizes.reduceRight<number[]>((all, size) => [feature % size, ...((feature = Math.floor(feature / size)), all)], []); // prettier-ignore
  return {
    tokens: sizeOf(axes.flat().filter(isToken)),
    features: sizes.reduce((a, b) => a * b, 1),
    at: (token, feature) => valueAt(element, [token, 0, ...place(feature)]),
  };
}

function ofTwoStreams(
  op: BinaryOperation,
  a: Tensor,
  b: Tensor,
  x: StreamNode,
  y: StreamNode,
  axes: readonly Axis[],
  place: Place,
): Tensor {
  // prettier-ignore
  if (x.sequence !== y.sequence) return opaque("tokens of two sequences are combined one by one", place);
  if (tokenCount(a) !== 1 || tokenCount(b) !== 1 || axes.flat().filter(isToken).length !== 1)
    return opaque("tokens are combined with others by broadcasting", place);
  const [left, right] = [
    { node: x, axes: a.axes },
    { node: y, axes: b.axes },
  ];
  if (x === y && op !== "*" && !streams.sameLayout(left, right)) return streamed(axes, streams.tokenwise("features in two orders", [x], place), place); // prettier-ignore
  switch (op) {
    case "+":
      return streamed(axes, streams.add(x, y, place), place);
    case "-":
      return x === y ? opaque("tokens are subtracted from themselves", place) : streamed(axes, streams.subtract(x, y, place), place); // prettier-ignore
    case "*":
      return streamed(axes, streams.product(left, right, place), place);
    case "/":
      return streamed(axes, streams.divide(x, y, place), place);
    default:
      return streamed(axes, streams.tokenwise(`\`${op}\``, [x, y], place), place);
  }
}

/** Learned numbers with learned or fixed ones: what differs stays different. */
function ofLearned(op: BinaryOperation, a: Tensor, b: Tensor, axes: readonly Axis[], place: Place): Tensor {
  const [x, y] = [lookupOf(a, axes), lookupOf(b, axes)];
  if (x && y) {
    if (op !== "+" && op !== "-" && op !== "*") return opaque("learned numbers are combined in a way that is not understood", place); // prettier-ignore
    // Numbers of the same table, along different axes, may be equal in pairs that are not.
    const [mine, theirs] = [x, y].map(({ free, index }) => [...new Set([...free, ...axesIn(index)])].sort().join());
    if (mine !== theirs && a.place.from === b.place.from)
      return opaque("learned numbers of one table are combined", place);
    const free = [...new Set([...x.free, ...y.free])];
    // A generic sum of two learned numbers is a number for the pair of both indices.
    const index = pairedIndex(x.index, y.index, axes.map(sizeOf));
    if (!index) return opaque("two learned tables are combined", place);
    return make(axes, { kind: "lookup", index, free, trainable: x.trainable || y.trainable, dependent: true }, "float", place); // prettier-ignore
  }
  const learned = x ?? y!;
  const [tensor, constant] = x ? [a, b.content] : [b, a.content];
  if (constant.kind !== "constant") return opaque("learned numbers are combined with what is not understood", place);
  const value = constant.element.kind === "number" ? constant.element.value : NaN;
  if (!Number.isFinite(value)) return opaque("learned numbers are combined with fixed ones that differ", place);
  const monotone = op === "+" || op === "-" || (value !== 0 && (op === "*" || op === "/")) || (op === "**" && (x ? value > 0 : value > 0 && value !== 1)); // prettier-ignore
  if (!monotone) return opaque("learned numbers are combined in a way that is not understood", place);
  return make(axes, { kind: "lookup", ...learned }, "float", tensor.place);
}

interface Lookup {
  index: IndexExpression;
  free: readonly number[];
  trainable: boolean;
  dependent?: boolean;
}

/** Learned numbers as a table that is looked up, in the coordinates of axes that they are broadcast to. */
function lookupOf(tensor: Tensor, axes: readonly Axis[]): Lookup | undefined {
  const { content } = tensor;
  const shift = axes.length - tensor.axes.length;
  if (content.kind === "lookup") {
    const index = broadcastElement(content.index, tensor.axes, axes);
    return { ...content, index, free: content.free.map((axis) => axis + shift) };
  }
  if (content.kind !== "parameter") return undefined;
  const free = tensor.axes.flatMap((axis, i) => (axis.length > 0 ? [i + shift] : []));
  return { index: numeral(0), free, trainable: content.trainable };
}

function where(condition: Tensor, yes: Tensor | number, no: Tensor | number, place: Place): Tensor {
  const [a, b] = [scalar(yes), scalar(no)];
  const lost = firstOpaque(condition, a, b);
  if (lost) return lost;
  if (condition.content.kind !== "constant") return opaque("a choice that depends on the data", condition.place);
  const axes = together(condition, a, b);
  if (typeof axes === "string") return opaque(axes, place);
  if (a.content.kind === "constant" && b.content.kind === "constant") {
    const [c, x, y] = [condition, a, b].map(({ content, axes: from }) => broadcastElement((content as Constant).element, from, axes)); // prettier-ignore
    return known(axes, choose(c, x, y), promoted(a.dtype, b.dtype), place, condition.content.source);
  }
  if (a.content.kind === "pairs" && b.content.kind === "constant") return fill(a, not(condition), b, axes, place);
  if (b.content.kind === "pairs" && a.content.kind === "constant") return fill(b, condition, a, axes, place);
  if (isLearned(a.content) && b.content.kind === "constant") return maskedNumbers(a, not(condition), b, axes, place);
  if (isLearned(b.content) && a.content.kind === "constant") return maskedNumbers(b, condition, a, axes, place);
  return opaque("a choice between tokens is not understood", place);
}

function maskedNumbers(of: Tensor, mask: Tensor, value: Tensor, axes: readonly Axis[], place: Place): Tensor {
  const [numbers, where, instead] = [of, mask, value].map((part) => relaidByBroadcast(part, axes));
  return make(axes, { kind: "masked", of: numbers, mask: where, value: instead }, "float", place);
}

function not(of: Tensor): Tensor {
  return of.content.kind === "constant"
    ? known(of.axes, unary("not", of.content.element), "bool", of.place, of.content.source)
    : of;
}

/** Scores at which `mask` holds become the number. */
function fill(of: Tensor, mask: Tensor, value: Tensor, axes: readonly Axis[], place: Place): Tensor {
  if (of.content.kind !== "pairs" || mask.content.kind !== "constant" || value.content.kind !== "constant") return opaque("a mask that depends on the data", place); // prettier-ignore
  const pairs = reheaded(of.content.pairs, axes);
  if (typeof pairs === "string") return opaque(pairs, place);
  const number = value.content.element.kind === "number" ? value.content.element.value : NaN;
  const cuts = pairs.stage === "scores" ? number <= -1e4 : pairs.stage === "weights" && !pairs.normalized && number === 0; // prettier-ignore
  if (!cuts) return opaque(pairs.normalized ? "the weights are masked after they are normalised" : `scores are filled with ${number}`, place); // prettier-ignore
  const keeps = unary("not", broadcastElement(mask.content.element, mask.axes, axes));
  const made = maskOf(pairs, axes, keeps, mask.place, mask.content.source);
  return typeof made === "string" ? opaque(made, place) : make(axes, { kind: "pairs", pairs: masked(pairs, made) }, "float", place); // prettier-ignore
}

function maskedFill(of: Tensor, mask: Tensor, value: number, place: Place): Tensor {
  const lost = firstOpaque(of, mask);
  if (lost) return lost;
  const axes = together(of, mask);
  if (typeof axes === "string") return opaque(axes, place);
  if (mask.content.kind !== "constant") return opaque("a mask that depends on the data", mask.place);
  if (of.content.kind === "pairs") return fill(of, mask, scalar(value), axes, place);
  if (of.content.kind === "constant")
    return convert(where(mask, convert(scalar(value), of.dtype), of, place), of.dtype);
  if (isLearned(of.content)) return maskedNumbers(of, mask, scalar(value), axes, place);
  return opaque("masked tokens are not understood", place);
}

// ---------------------------------------------------------------------------------------------------------------- shape

/** The same content in other axes; a constant's element is given in the new coordinates. */
function relaid(
  of: Tensor,
  axes: readonly Axis[],
  element: (of: IndexExpression) => IndexExpression,
  axisTo: (old: number) => number | undefined,
): Tensor {
  // prettier-ignore
  const { content } = of;
  if (content.kind === "constant") return { ...of, axes, content: { ...content, element: element(content.element) } };
  if (content.kind === "lookup") {
    const free = content.free.flatMap((axis) => axisTo(axis) ?? []);
    return { ...of, axes, content: { ...content, index: element(content.index), free } };
  }
  return { ...of, axes };
}

function reshape(of: Tensor, sizes: readonly number[], place: Place): Tensor {
  if (of.content.kind === "opaque") return of;
  const resolved = resolveSizes(of, sizes);
  if (!resolved) return opaque("a reshape to sizes that do not agree", place);
  const groups = regroup(of.axes, resolved);
  if (typeof groups === "string") {
    const total = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
    if (of.content.kind !== "constant" || total(resolved) !== total(sizesOf(of))) return opaque(groups, place);
    const element = reflowed(of.content.element, sizesOf(of), resolved);
    return { ...of, axes: resolved.map((size) => axisOf(size)), content: { ...of.content, element } };
  }
  const { from, to } = groups;
  const free = of.content.kind === "lookup" ? new Set(of.content.free.flatMap((axis) => from[axis])) : undefined;
  const made = relaid(of, to, (element) => regroupElement(element, from, to), () => undefined); // prettier-ignore
  if (!free || made.content.kind !== "lookup") return made;
  if (to.some((axis) => axis.some((atom) => free.has(atom)) && !axis.every((atom) => free.has(atom)))) return opaque("learned numbers of a table share an axis with others", place); // prettier-ignore
  const axes = to.flatMap((axis, i) => (axis.some((atom) => free.has(atom)) ? [i] : []));
  return { ...made, content: { ...made.content, free: axes } };
}

function permute(of: Tensor, order: readonly number[], place: Place): Tensor {
  if (of.content.kind === "opaque") return of;
  const from = order.map((axis) => axisAt(of.axes, axis) ?? -1);
  if (from.length !== of.axes.length || new Set(from).size !== from.length || from.includes(-1))
    return opaque("a permutation of other axes", place);
  const axes = from.map((axis) => of.axes[axis]);
  const sizes = axes.map(sizeOf);
  const to = (axis: number) => from.indexOf(axis);
  return relaid(of, axes, (element) => substitute(element, (axis) => coordinate(to(axis)), sizes), to);
}

/** Axes inserted (`undefined`) among the old ones. */
function spread(of: Tensor, from: readonly (number | undefined)[]): Tensor {
  const axes = from.map((axis) => (axis === undefined ? one : of.axes[axis]));
  const to = (axis: number) => from.indexOf(axis);
  const sizes = axes.map(sizeOf);
  const place = (axis: number) => (to(axis) < 0 ? numeral(0) : coordinate(to(axis)));
  return relaid(of, axes, (element) => substitute(element, place, sizes), (axis) => (to(axis) < 0 ? undefined : to(axis))); // prettier-ignore
}

function unsqueeze(of: Tensor, axis: number): Tensor {
  if (of.content.kind === "opaque") return of;
  const rank = of.axes.length + 1;
  const at = axis < 0 ? axis + rank : axis;
  const from: (number | undefined)[] = of.axes.map((_, i) => i);
  from.splice(at, 0, undefined);
  return spread(of, from);
}

function squeeze(of: Tensor, axis: number | undefined): Tensor {
  if (of.content.kind === "opaque") return of;
  const at = axis === undefined ? undefined : axisAt(of.axes, axis);
  const kept = of.axes.flatMap((each, i) => ((at === undefined || i === at) && each.length === 0 ? [] : [i]));
  return spread(of, kept);
}

function expand(of: Tensor, sizes: readonly number[], place: Place): Tensor {
  if (of.content.kind === "opaque") return of;
  const shift = sizes.length - of.axes.length;
  if (shift < 0) return opaque("an expansion to fewer axes", place);
  const axes: Axis[] = [];
  for (const [i, size] of sizes.entries()) {
    const axis = of.axes[i - shift] ?? one;
    if (size === -1 || size === sizeOf(axis)) axes.push(axis);
    else if (axis.length === 0) axes.push(axisOf(size));
    else return opaque("an expansion to sizes that do not agree", place);
  }
  return relaidByBroadcast(of, axes);
}

/** Copies along new or widened axes. */
function relaidByBroadcast(of: Tensor, axes: readonly Axis[]): Tensor {
  const { content } = of;
  const shift = axes.length - of.axes.length;
  if (content.kind === "constant")
    return { ...of, axes, content: { ...content, element: broadcastElement(content.element, of.axes, axes) } };
  const lookup = lookupOf(of, axes);
  if (!lookup) return { ...of, axes };
  const free = lookup.free.filter((axis) => (of.axes[axis - shift] ?? one).length > 0);
  return { ...of, axes, content: { kind: "lookup", ...lookup, free } };
}

/** Entries of a list of indices that are compared one by one; longer ones become a table. */
const comparedIndices = 8;

function index(of: Tensor, indices: readonly TensorIndex[], place: Place): Tensor {
  if (of.content.kind === "opaque") return of;
  const lost = firstOpaque(...indices.flatMap((each) => (each.kind === "tensor" ? [each.tensor] : [])));
  if (lost) return lost;
  const steps = spelledOut(of, indices);
  if (!steps) return opaque("an index into more axes than there are", place);
  const advanced = steps.flatMap((step) => (step.kind === "tensor" ? [step.tensor] : []));
  if (advanced.some(({ content }) => content.kind !== "constant"))
    return of.content.kind === "constant" || of.content.kind === "parameter"
      ? lookUp(of, steps, place)
      : opaque("a choice of tokens that depends on the data", place);
  const shared = broadcast(...advanced.map(({ axes }) => axes));
  if (typeof shared === "string") return opaque(shared, place);
  if (advanced.some(({ dtype }) => dtype === "bool")) return opaque("a selection by conditions", place);

  // The new axes, and the old coordinates in them. Axes of index tensors stand where the first of them stands.
  const axes: Axis[] = [];
  const old: (IndexExpression | undefined)[] = of.axes.map(() => undefined);
  const kept: (number | undefined)[] = of.axes.map(() => undefined);
  const pending: (() => void)[] = [];
  let node = of.content.kind === "stream" ? of.content.node : undefined;
  let pooled = of.content.kind === "pooled";
  let sharedAt: number | undefined;
  let at = 0;
  const where = advancedPlace(steps);
  if (where === undefined) return opaque("indices and lists of indices apart from each other", place);
  if (where === "first") axes.push(...shared);
  if (where === "first") sharedAt = 0;
  const stride = (axis: number) => sizeOf(of.axes.slice(axis + 1).flat().filter(isPlain)); // prettier-ignore
  for (const step of steps) {
    if (step.kind === "new-axis") {
      axes.push(one);
      continue;
    }
    const axis = at++;
    const size = sizeOf(of.axes[axis]);
    if (step.kind === "at") {
      const chosen = step.index < 0 ? step.index + size : step.index;
      if (!(chosen >= 0 && chosen < size)) return opaque("an index outside its axis", place);
      old[axis] = numeral(chosen);
      const atoms = of.axes[axis];
      if (atoms.some(isBatch)) return opaque("an element of the batch is taken", place);
      if (atoms.some(isToken)) pooled = true;
      else if (node) node = streams.part(node, { from: chosen, to: chosen + 1, step: 1, size, stride: stride(axis) }, place); // prettier-ignore
    } else if (step.kind === "slice") {
      const range = sliced(step, size);
      if (!range) return opaque("an empty slice", place);
      const { start, count, step: by } = range;
      const whole = start === 0 && count === size && by === 1;
      const atoms = of.axes[axis];
      if (!whole && atoms.some(isBatch)) return opaque("elements of the batch are taken", place);
      if (!whole && atoms.some(isToken)) pooled = true;
      if (!whole && node && onlyPlain(atoms)) node = streams.part(node, { from: start, to: start + count, step: by, size, stride: stride(axis) }, place); // prettier-ignore
      const made = axes.length;
      const length = axes.push(whole ? atoms : axisOf(count)) - 1;
      pending.push(() => {
        const scaled = binary("*", coordinate(length), numeral(by), newSizes());
        old[axis] = count === 1 ? numeral(start) : binary("+", scaled, numeral(start), newSizes());
      });
      kept[axis] = made;
    } else if (step.kind === "tensor") {
      if (of.content.kind !== "constant" && !isLearned(of.content)) return opaque("tokens or features are taken by a list of indices", place); // prettier-ignore
      if (sharedAt === undefined) {
        sharedAt = axes.length;
        axes.push(...shared);
      }
      const first = sharedAt;
      pending.push(() => {
        const element = (step.tensor.content as Constant).element;
        const broadcasted = broadcastElement(element, step.tensor.axes, shared);
        const placed = substitute(broadcasted, (i) => coordinate(i + first), newSizes());
        const [low] = boundsOf(placed, newSizes());
        const wrapped = choose(binary("<", placed, numeral(0), newSizes()), binary("+", placed, numeral(size), newSizes()), placed); // prettier-ignore
        old[axis] = low < 0 ? wrapped : placed;
      });
    }
  }
  const newSizes = () => axes.map(sizeOf);
  for (const each of pending) each();
  if (pooled) {
    const inner = of.content.kind === "pooled" ? of.content.node : node;
    if (!inner) return opaque("a part of the scores is taken", place);
    return make(axes, { kind: "pooled", node: inner }, "float", place);
  }
  if (node) return streamed(axes, node, place);
  if (of.content.kind === "pairs" || of.content.kind === "memory") {
    const whole = axes.filter((axis) => axis.length > 0).length === of.axes.filter((axis) => axis.length > 0).length;
    return whole && sameAtoms(axes, of.axes) ? { ...of, axes } : opaque("a part of the scores is taken", place);
  }
  if (of.content.kind === "parameter" && !advanced.length) return { ...of, axes };
  const element = (expression: IndexExpression) =>
    substitute(expression, (axis) => old[axis] ?? numeral(0), newSizes());
  if (of.content.kind === "constant")
    return { ...of, axes: distinct(axes), content: { ...of.content, element: element(of.content.element) } };
  const lookup = lookupOf(of, of.axes)!;
  // Free axes that are looked up: their index joins the index of the table.
  let joined = element(lookup.index);
  for (const axis of lookup.free) {
    if (kept[axis] !== undefined) continue;
    const scaled = binary("*", joined, numeral(sizeOf(of.axes[axis])), newSizes());
    joined = binary("+", scaled, old[axis] ?? numeral(0), newSizes());
  }
  const free = lookup.free.flatMap((axis) => kept[axis] ?? []);
  return make(distinct(axes), { ...lookup, kind: "lookup", index: joined, free }, "float", of.place);
}

/**
 * Where the axes of index tensors stand: at the first of them, or before all others where they are apart; undefined where frameworks
 * differ, as NumPy takes integers for index tensors.
 */
function advancedPlace(steps: readonly TensorIndex[]): "first" | "in place" | undefined {
  const places = (has: (step: TensorIndex) => boolean) => steps.flatMap((step, i) => (has(step) ? [i] : []));
  const together = (all: readonly number[]) => all.length === 0 || all[all.length - 1] - all[0] === all.length - 1;
  const tensors = places(({ kind }) => kind === "tensor");
  if (tensors.length === 0) return "in place";
  const advanced = places(({ kind }) => kind === "tensor" || kind === "at");
  if (advanced.length > tensors.length && !together(advanced)) return undefined;
  return together(advanced) ? "in place" : "first";
}

const sameAtoms = (a: readonly Axis[], b: readonly Axis[]): boolean => {
  const [x, y] = [a.flat(), b.flat()];
  return x.length === y.length && x.every((atom, i) => atom === y[i]);
};

/** A table looked up at the model's input: an embedding. */
function lookUp(of: Tensor, steps: readonly TensorIndex[], place: Place): Tensor {
  const [first, ...rest] = steps;
  const whole = rest.every((step) => step.kind === "slice" && step.start === undefined && step.stop === undefined);
  if (first?.kind !== "tensor" || !whole || of.content.kind === "constant") return opaque("a lookup that depends on the data", place); // prettier-ignore
  const trainable = of.content.kind !== "opaque" && "trainable" in of.content && of.content.trainable;
  const width = of.axes.slice(1).reduce((product, axis) => product * sizeOf(axis), 1);
  return embedding({ rows: sizeOf(of.axes[0]), width, trainable, widthLiteral: undefined }, first.tensor, place);
}

/** One step for every axis and new axis; the rest are whole. */
function spelledOut(of: Tensor, indices: readonly TensorIndex[]): TensorIndex[] | undefined {
  const taken = indices.filter(({ kind }) => kind !== "new-axis" && kind !== "rest").length;
  const missing = of.axes.length - taken;
  if (missing < 0 || indices.filter(({ kind }) => kind === "rest").length > 1) return undefined;
  const whole = Array.from({ length: missing }, (): TensorIndex => ({ kind: "slice", start: undefined, stop: undefined, step: 1 })); // prettier-ignore
  const rest = indices.findIndex(({ kind }) => kind === "rest");
  if (rest < 0) return [...indices, ...whole];
  return [...indices.slice(0, rest), ...whole, ...indices.slice(rest + 1)];
}

function sliced(
  { start, stop, step }: Extract<TensorIndex, { kind: "slice" }>,
  size: number,
): { start: number; count: number; step: number } | undefined {
  // prettier-ignore
  const clipped = (value: number) => Math.max(0, Math.min(size, value < 0 ? value + size : value));
  if (step < 0) {
    // Only the whole axis backwards, as JAX and NumPy write it.
    return start === undefined && stop === undefined && step === -1
      ? { start: size - 1, count: size, step }
      : undefined;
  }
  const from = start === undefined ? 0 : clipped(start);
  const to = stop === undefined ? size : clipped(stop);
  const count = Math.ceil((to - from) / step);
  return count >= 1 ? { start: from, count, step } : undefined;
}

function assign(of: Tensor, indices: readonly TensorIndex[], value: Tensor | number, place: Place): Tensor {
  const given = scalar(value);
  const lost = firstOpaque(of, given);
  if (lost) return lost;
  const steps = spelledOut(of, indices);
  if (!steps) return opaque("an index into more axes than there are", place);
  if (of.content.kind !== "constant" || given.content.kind !== "constant") {
    const whole = steps.every((step) => step.kind === "slice" && sliced(step, Infinity)?.start === 0 && step.stop === undefined); // prettier-ignore
    const same = sizesOf(given).join() === sizesOf(of).join();
    if (whole && same && of.content.kind === "constant") return given;
    return opaque("tokens are assigned one by one", place);
  }
  const sizes = sizesOf(of);
  const entered = enteredInTable(of, steps, convert(given, of.dtype));
  if (entered) return known(of.axes, entered, of.dtype, place, of.content.source);
  let inside: IndexExpression = numeral(1);
  /** The coordinates of the value, from the first axis that the index keeps. */
  const inner: IndexExpression[] = [];
  const and = (condition: IndexExpression) => (inside = binary("and", inside, condition, sizes));
  const rank = of.axes.length;
  const [selection] = indices;
  const listed = steps.flatMap((step, axis) => (step.kind === "tensor" ? [{ axis, tensor: step.tensor }] : []));
  if (indices.length === 1 && selection.kind === "tensor" && selection.tensor.dtype === "bool") {
    const { content, axes } = selection.tensor;
    if (content.kind !== "constant" || axes.length > rank) return opaque("a selection that depends on the data", place);
    if (given.axes.length > 0) return opaque("values assigned to a selection", place);
    and(substitute(content.element, coordinate, sizes));
  } else if (steps.some(({ kind }) => kind === "new-axis")) return opaque("an assignment to a new axis", place);
  else {
    if (listed.length > 0) {
      const chosen = amongListed(listed, sizes);
      if (!chosen || given.axes.length > 0) return opaque("an assignment to a list of indices", place);
      and(chosen);
    }
    for (const [axis, step] of steps.entries()) {
      const here = coordinate(axis);
      if (step.kind === "at")
        and(binary("==", here, numeral(step.index < 0 ? step.index + sizes[axis] : step.index), sizes)); // prettier-ignore
      else if (step.kind === "slice") {
        const range = sliced(step, sizes[axis]);
        if (!range || range.step < 0) return range ? opaque("a slice backwards", place) : of;
        const { start, count, step: by } = range;
        if (start > 0) and(binary(">=", here, numeral(start), sizes));
        if (start + (count - 1) * by < sizes[axis] - 1)
          and(binary("<=", here, numeral(start + (count - 1) * by), sizes));
        const offset = binary("-", here, numeral(start), sizes);
        if (by > 1) and(binary("==", binary("%", offset, numeral(by), sizes), numeral(0), sizes));
        inner.push(binary("//", offset, numeral(by), sizes));
      }
    }
  }
  if (given.axes.length > inner.length) return opaque("an assignment of more axes than there are", place);
  const shift = inner.length - given.axes.length;
  const converted = convert(given, of.dtype).content;
  if (converted.kind !== "constant") return opaque("tokens are assigned one by one", place);
  const element = substitute(converted.element, (axis) => inner[axis + shift], sizes);
  const made = choose(inside, element, of.content.element);
  const count = (assignments.get(of.content.element) ?? 0) + 1;
  const written = count > mostAssignments ? writtenOut(made, sizes) : undefined;
  if (!written) assignments.set(made, count);
  return known(of.axes, written ?? made, of.dtype, place, of.content.source);
}

/** After so many assignments, as in loops, a constant of not more entries is written out as a table. */
const mostAssignments = 16;
const mostEntries = 2 ** 16;
const assignments = new WeakMap<IndexExpression, number>();
const writtenTables = new WeakSet<IndexExpression>();

const entries = (values: readonly number[], sizes: readonly number[]): IndexExpression => {
  const indices = sizes.map((size, axis) => (size === 1 ? numeral(0) : coordinate(axis)));
  const table: IndexExpression = { kind: "table", values, sizes, indices };
  writtenTables.add(table);
  return table;
};

function writtenOut(element: IndexExpression, sizes: readonly number[]): IndexExpression | undefined {
  if (sizes.length === 0 || sizes.reduce((a, b) => a * b, 1) > mostEntries) return undefined;
  const values: number[] = [];
  try {
    for (const place of tuples(sizes.slice(0, -2)))
      for (const row of rowsAt(element, sizes, place)) for (const value of row) values.push(value);
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
  return values.some(Number.isNaN) ? undefined : entries(values, sizes);
}

/** A written table with other entries, where these are chosen by integers and slices. */
function enteredInTable(of: Tensor, steps: readonly TensorIndex[], given: Tensor): IndexExpression | undefined {
  if (of.content.kind !== "constant" || given.content.kind !== "constant") return undefined;
  const { element } = of.content;
  if (element.kind !== "table" || !writtenTables.has(element)) return undefined;
  const { sizes } = element;
  if (steps.length !== sizes.length) return undefined;
  const kept: number[] = [];
  const places: number[][] = [];
  for (const [axis, step] of steps.entries()) {
    if (step.kind === "at") places.push([step.index < 0 ? step.index + sizes[axis] : step.index]);
    else if (step.kind === "slice") {
      const range = sliced(step, sizes[axis]);
      if (!range) return element;
      kept.push(axis);
      places.push(Array.from({ length: range.count }, (_, i) => range.start + i * range.step));
    } else return undefined;
  }
  const shift = kept.length - given.axes.length;
  if (shift < 0) return undefined;
  const values = [...element.values];
  for (const where of tuples(places.map(({ length }) => length))) {
    const value = valueAt(given.content.element, given.axes.map((_, axis) => where[kept[axis + shift]])); // prettier-ignore
    if (Number.isNaN(value)) return undefined;
    values[where.reduce((sum, i, axis) => sum * sizes[axis] + places[axis][i], 0)] = value;
  }
  return entries(values, sizes);
}

/** Whether the coordinates are among those that lists of indices name, taken together one by one. */
function amongListed(
  listed: readonly { axis: number; tensor: Tensor }[],
  sizes: readonly number[],
): IndexExpression | undefined {
  // prettier-ignore
  const lists = listed.map(({ axis, tensor }) => ({ axis, values: listedIndices(tensor, sizes[axis]) }));
  if (lists.length === 1) {
    const [{ axis, values }] = lists;
    return values && oneOf(coordinate(axis), values, sizes[axis], sizes);
  }
  const shape = broadcast(...listed.map(({ tensor }) => tensor.axes));
  if (typeof shape === "string" || sizeOf(shape.flat()) > comparedIndices ** 2) return undefined;
  let any: IndexExpression = numeral(0);
  for (const place of tuples(shape.map(sizeOf))) {
    let all: IndexExpression = numeral(1);
    for (const { axis, tensor } of listed) {
      if (tensor.content.kind !== "constant" || tensor.dtype !== "int") return undefined;
      const index = valueAt(broadcastElement(tensor.content.element, tensor.axes, shape), place);
      all = binary("and", all, binary("==", coordinate(axis), numeral(index < 0 ? index + sizes[axis] : index), sizes), sizes); // prettier-ignore
    }
    any = binary("or", any, all, sizes);
  }
  return any;
}

/** The numbers that a list of indices holds. */
function listedIndices({ axes, content, dtype }: Tensor, size: number): number[] | undefined {
  const length = sizeOf(axes.flat());
  if (content.kind !== "constant" || length > comparedNumbers || dtype === "float") return undefined;
  if (dtype === "bool") {
    if (axes.length !== 1 || length !== size) return undefined;
    return Array.from({ length }, (_, i) => i).filter((i) => valueAt(content.element, [i]) !== 0);
  }
  return tuples(axes.map(sizeOf)).map((place) => valueAt(content.element, place)).map((i) => (i < 0 ? i + size : i)); // prettier-ignore
}

function oneOf(here: IndexExpression, listed: number[], size: number, sizes: readonly number[]): IndexExpression {
  if (listed.length <= comparedIndices)
    return listed.reduce<IndexExpression>(
      (any, i) => binary("or", any, binary("==", here, numeral(i), sizes), sizes),
      numeral(0),
    );
  const values = new Array<number>(size).fill(0);
  for (const i of listed) values[i] = 1;
  return { kind: "table", values, sizes: [size], indices: [here] };
}

function split(of: Tensor, sizes: readonly number[], axis: number, place: Place): Tensor[] {
  const at = axisAt(of.axes, axis);
  if (of.content.kind === "opaque" || at === undefined) return sizes.map(() => of.content.kind === "opaque" ? of : opaque("a split of an axis that is not there", place)); // prettier-ignore
  let start = 0;
  return sizes.map((size) => {
    const steps: TensorIndex[] = of.axes.map(() => ({ kind: "slice", start: undefined, stop: undefined, step: 1 }));
    steps[at] = { kind: "slice", start, stop: start + size, step: 1 };
    start += size;
    return index(of, steps, place);
  });
}

function concatenate(parts: readonly Tensor[], axis: number, place: Place): Tensor {
  const lost = firstOpaque(...parts);
  if (lost) return lost;
  const [first] = parts;
  const at = axisAt(first.axes, axis);
  if (at === undefined || parts.some(({ axes }) => axes.length !== first.axes.length))
    return opaque("a concatenation of tensors with different axes", place);
  if (parts.length === 1) return first;
  const alike = ({ axes }: Tensor) => axes.every((axis, i) => i === at || (sizeOf(axis) === sizeOf(first.axes[i]) && (onlyPlain(axis) || onlyPlain(first.axes[i]) || sameRoles(axis, first.axes[i])))); // prettier-ignore
  if (!parts.every(alike)) return opaque("a concatenation of tensors with different axes", place);
  const contents = parts.map(({ content }) => content);
  const joined = axisOf(parts.reduce((sum, { axes }) => sum + sizeOf(axes[at]), 0));
  if (contents.every((content) => content.kind === "constant")) {
    const axes = first.axes.map((each, i) => (i === at ? joined : each));
    const sizes = axes.map(sizeOf);
    let start = parts.reduce((sum, part) => sum + sizeOf(part.axes[at]), 0);
    const element = [...parts].reverse().reduce<IndexExpression | undefined>((rest, part) => {
      start -= sizeOf(part.axes[at]);
      const from = start;
      const inner = substitute((part.content as Constant).element, (i) => (i === at ? binary("-", coordinate(at), numeral(from), sizes) : coordinate(i)), sizes); // prettier-ignore
      return rest === undefined ? inner : choose(binary("<", coordinate(at), numeral(from + sizeOf(part.axes[at])), sizes), inner, rest); // prettier-ignore
    }, undefined)!;
    return known(axes, element, promoted(...parts.map(({ dtype }) => dtype)), place);
  }
  if (
    contents.every((content) => content.kind === "stream") &&
    parts.every((part) => part.axes.every((axis, i) => i === at || axis.length === first.axes[i].length)) &&
    parts.every(({ axes }) => onlyPlain(axes[at]))
  ) {
    const nodes = contents.flatMap((content) => (content.kind === "stream" ? [content.node] : []));
    if (nodes.some(({ sequence }) => sequence !== nodes[0].sequence)) return opaque("tokens of two sequences are joined", place); // prettier-ignore
    const axes = first.axes.map((each, i) => (i === at ? joined : each));
    return streamed(axes, streams.join(nodes, place), place);
  }
  const stream = parts.find(({ content }) => content.kind === "stream");
  if (stream && stream.axes[at].length === 1 && isToken(stream.axes[at][0])) return extended(parts, stream, at, place);
  if (contents.every(isLearned)) return learnedTogether(parts, at, first.axes.map((each, i) => (i === at ? joined : each)), place); // prettier-ignore
  if (contents.some(({ kind }) => kind === "pooled") && !stream)
    return make(first.axes.map((each, i) => (i === at ? joined : each)), contents.find(({ kind }) => kind === "pooled")!, "float", place); // prettier-ignore
  return opaque("a concatenation that is not understood", place);
}

/** Learned tables one after the other: the index says which, and where in it. */
function learnedTogether(parts: readonly Tensor[], at: number, axes: readonly Axis[], place: Place): Tensor {
  const sizes = axes.map(sizeOf);
  const frees = new Set<string>();
  const places = new Set<number>();
  let index: IndexExpression | undefined;
  let [start, next] = [0, 0];
  let trainable = true;
  let dependent = false;
  for (const part of parts) {
    const lookup = lookupOf(part, axes)!;
    const length = sizeOf(part.axes[at]);
    const along = binary("-", coordinate(at), numeral(start), sizes);
    const moved = substitute(lookup.index, (axis) => (axis === at ? along : coordinate(axis)), sizes);
    const own = lookup.free.includes(at) ? binary("+", binary("*", moved, numeral(length), sizes), along, sizes) : moved; // prettier-ignore
    const [low, high] = boundsOf(substitute(lookup.index, coordinate, sizesOf(part)), sizesOf(part));
    if (!Number.isFinite(high - low) || !isWhole(lookup.index) || places.has(part.place.from)) return opaque("learned numbers of one table are joined", place); // prettier-ignore
    places.add(part.place.from);
    frees.add(lookup.free.filter((axis) => axis !== at).sort().join()); // prettier-ignore
    const first = next - (lookup.free.includes(at) ? low * length : low);
    next += lookup.free.includes(at) ? (high - low + 1) * length : high - low + 1;
    const shifted = binary("+", own, numeral(first), sizes);
    index = index ? choose(binary("<", coordinate(at), numeral(start), sizes), index, shifted) : shifted;
    start += length;
    trainable &&= lookup.trainable;
    dependent ||= lookup.dependent ?? false;
  }
  if (frees.size !== 1) return opaque("learned numbers of different axes are joined", place);
  const free = lookupOf(parts[0], axes)!.free.filter((axis) => axis !== at);
  return make(axes, { kind: "lookup", index: index!, free, trainable, dependent }, "float", place);
}

/** Learned tokens before or after those of a stream. */
function extended(parts: readonly Tensor[], stream: Tensor, at: number, place: Place): Tensor {
  const others = parts.filter((part) => part !== stream);
  if (others.length !== 1 || !isLearned(others[0].content))
    return opaque("tokens are concatenated along the sequence", place);
  const [learned] = others;
  const lookup = lookupOf(learned, learned.axes)!;
  const differ = [...lookup.free, ...axesIn(lookup.index)];
  if (differ.some((axis) => stream.axes[axis].some(isBatch))) return opaque("learned tokens that differ over the batch", place); // prettier-ignore
  if ([...axesIn(lookup.index)].some((axis) => axis !== at)) return opaque("learned tokens whose features are looked up one by one", place); // prettier-ignore
  const node = streamNode(stream);
  const vectorAt = (i: number) =>
    lookup.free.includes(at) ? i : valueAt(lookup.index, learned.axes.map((_, axis) => (axis === at ? i : 0))); // prettier-ignore
  const vectors = Array.from({ length: sizeOf(learned.axes[at]) }, (_, i) => vectorAt(i));
  const sequence = { name: node.sequence.name, tokens: node.sequence.tokens + vectors.length, projected: undefined };
  const axes = stream.axes.map((axis, i): Axis => (i === at ? [{ size: sequence.tokens, role: sequence }] : axis));
  return streamed(
    axes,
    { op: "extend", of: node, vectors, learned: learned.place, before: parts[0] === learned, place, sequence },
    place,
  );
}

function stack(parts: readonly Tensor[], axis: number, place: Place): Tensor {
  const at = axis < 0 ? axis + (parts[0]?.axes.length ?? 0) + 1 : axis;
  return concatenate(parts.map((part) => unsqueeze(part, at)), at, place); // prettier-ignore
}

function repeat(of: Tensor, times: readonly number[], place: Place): Tensor {
  if (of.content.kind === "opaque") return of;
  const shift = times.length - of.axes.length;
  if (shift < 0) return opaque("a repetition of fewer axes", place);
  const wide = relaidByBroadcast(of, [...Array.from({ length: shift }, () => one), ...of.axes]);
  if (wide.axes.every((axis, i) => times[i] === 1 || axis.length === 0))
    return relaidByBroadcast(wide, wide.axes.map((axis, i) => (times[i] === 1 ? axis : axisOf(times[i])))); // prettier-ignore
  // Along an axis that is longer: a new axis before it, then both as one.
  const at = times.findIndex((count, i) => count !== 1 && wide.axes[i].length > 0);
  const before = unsqueeze(wide, at);
  const copied = relaidByBroadcast(
    before,
    before.axes.map((axis, i) => (i === at ? axisOf(times[at]) : axis)),
  );
  const sizes = sizesOf(copied);
  sizes.splice(at, 2, sizes[at] * sizes[at + 1]);
  return repeat(reshape(copied, sizes, place), times.map((count, i) => (i === at ? 1 : count)), place); // prettier-ignore
}

function repeatEach(of: Tensor, times: number, axis: number, place: Place): Tensor {
  const at = axisAt(of.axes, axis);
  if (of.content.kind === "opaque" || times === 1) return of;
  if (at === undefined) return opaque("a repetition along an axis that is not there", place);
  const wide = unsqueeze(of, at + 1);
  const copied = relaidByBroadcast(
    wide,
    wide.axes.map((each, i) => (i === at + 1 ? axisOf(times) : each)),
  );
  const sizes = sizesOf(copied);
  sizes.splice(at, 2, sizes[at] * sizes[at + 1]);
  return reshape(copied, sizes, place);
}

function roll(of: Tensor, shift: number, axis: number, place: Place): Tensor {
  const at = axisAt(of.axes, axis);
  if (of.content.kind === "opaque") return of;
  if (of.content.kind !== "constant" || at === undefined) return opaque("the tokens are rolled", place);
  const sizes = sizesOf(of);
  const moved = binary("%", binary("-", coordinate(at), numeral(shift), sizes), numeral(sizes[at]), sizes);
  const element = substitute(of.content.element, (i) => (i === at ? moved : coordinate(i)), sizes);
  return known(of.axes, element, of.dtype, place, of.content.source);
}

// --------------------------------------------------------------------------------------------------------- contractions

function product(
  left: Tensor,
  leftLabels: readonly string[],
  right: Tensor,
  rightLabels: readonly string[],
  out: readonly string[],
  place: Place,
): Tensor {
  // prettier-ignore
  const lost = firstOpaque(left, right);
  if (lost) return lost;
  if (left.content.kind === "constant" && right.content.kind === "constant") {
    const size = (tensor: Tensor, labels: readonly string[], label: string) => labels.includes(label) ? sizeOf(tensor.axes[labels.indexOf(label)]) : 1; // prettier-ignore
    const summed = [...leftLabels, ...rightLabels].filter((label) => !out.includes(label));
    if (summed.some((label) => size(left, leftLabels, label) * size(right, rightLabels, label) !== 1))
      return opaque("a matrix product of fixed numbers", place);
    const arranged = (tensor: Tensor, labels: readonly string[]) =>
      spread(tensor, out.map((label) => (labels.includes(label) ? labels.indexOf(label) : undefined))); // prettier-ignore
    return combine("*", arranged(left, leftLabels), arranged(right, rightLabels), place);
  }
  return settled(contract({ tensor: left, labels: leftLabels }, { tensor: right, labels: rightLabels }, out, place), place); // prettier-ignore
}

function matmul(left: Tensor, right: Tensor, place: Place): Tensor {
  const lost = firstOpaque(left, right);
  if (lost) return lost;
  const [a, b] = [left.axes.length, right.axes.length];
  if (a === 0 || b === 0) return opaque("a matrix product with a number", place);
  const batch = (rank: number) => Array.from({ length: Math.max(0, rank - 2) }, (_, i) => `b${rank - 3 - i}`);
  const leftLabels = a === 1 ? ["k"] : [...batch(a), "i", "k"];
  const rightLabels = b === 1 ? ["k"] : [...batch(b), "k", "j"];
  const outer = a >= b ? batch(a) : batch(b);
  return product(left, leftLabels, right, rightLabels, [...outer, ...(a === 1 ? [] : ["i"]), ...(b === 1 ? [] : ["j"])], place); // prettier-ignore
}

function einsum(equation: string, parts: readonly Tensor[], place: Place): Tensor {
  const lost = firstOpaque(...parts);
  if (lost) return lost;
  const [inputs, written] = equation.replaceAll(/\s/g, "").split("->");
  const terms = inputs.split(",");
  if (terms.length !== parts.length) return opaque("an einsum of other operands", place);
  const rank = Math.max(0, ...terms.map((term, i) => (term.includes("...") ? parts[i].axes.length - (term.length - 3) : 0))); // prettier-ignore
  const dots = (count: number) => Array.from({ length: count }, (_, i) => `.${rank - count + i}`);
  const labelled = (term: string, axes: number) => {
    const [before, after] = term.split("...");
    return after === undefined ? [...before] : [...before, ...dots(axes - before.length - after.length), ...after];
  };
  const labels = terms.map((term, i) => labelled(term, parts[i].axes.length));
  if (labels.some((each, i) => each.length !== parts[i].axes.length || new Set(each).size !== each.length))
    return opaque("an einsum of other axes", place);
  const all = labels.flat();
  const once = [...new Set(all)].filter((label) => !label.startsWith(".") && all.filter((each) => each === label).length === 1); // prettier-ignore
  const out = written === undefined ? [...dots(rank), ...once.sort()] : labelled(written, written.replace("...", "").length + (written.includes("...") ? rank : 0)); // prettier-ignore
  if (out.some((label) => !all.includes(label)) || new Set(out).size !== out.length) return opaque("an einsum of other axes", place); // prettier-ignore
  if (parts.length === 1) {
    const summed = labels[0].flatMap((label, i) => (out.includes(label) ? [] : [i]));
    const kept = labels[0].filter((label) => out.includes(label));
    const total = summed.length > 0 ? sum(parts[0], summed, false, place) : parts[0];
    return permute(total, out.map((label) => kept.indexOf(label)), place); // prettier-ignore
  }
  let [tensor, names] = [parts[0], labels[0]];
  for (let i = 1; i < parts.length; i++) {
    const later = new Set([...labels.slice(i + 1).flat(), ...out]);
    const next = i === parts.length - 1 ? out : [...new Set([...names, ...labels[i]])].filter((label) => later.has(label)); // prettier-ignore
    tensor = product(tensor, names, parts[i], labels[i], next, place);
    names = next;
  }
  return tensor;
}

/** Fixed numbers that are added up one by one. */
const summedNumbers = 64;

function reduce(
  of: Tensor,
  axes: readonly number[] | undefined,
  keep: boolean,
  what: "mean" | "sum" | "variance",
  place: Place,
): Tensor {
  // prettier-ignore
  if (of.content.kind === "opaque") return of;
  const over = (axes ?? of.axes.map((_, i) => i)).map((axis) => axisAt(of.axes, axis) ?? -1);
  if (over.includes(-1)) return opaque("a sum over an axis that is not there", place);
  const left = of.axes.flatMap((axis, i) => (over.includes(i) ? (keep ? [one] : []) : [axis]));
  const atoms = over.flatMap((axis) => of.axes[axis]);
  const { content } = of;
  switch (content.kind) {
    case "stream": {
      if (atoms.every(isPlain)) return streamed(left, streams.summary(content.node, what, place), place);
      if (what === "variance" || atoms.length !== 1 || !isToken(atoms[0])) break;
      if (what === "mean") return make(left, { kind: "pooled", node: content.node }, "float", place);
      return summedUp(of, left, false, place);
    }
    case "pooled":
      return make(left, content, "float", place);
    case "pairs": {
      const { pairs } = content;
      const keys = atoms.length === 1 ? sideOf(pairs, atoms[0]) : undefined;
      if (what !== "sum" || pairs.stage !== "weights" || pairs.normalized || !keys) break;
      if (pairs.keys !== undefined && pairs.keys !== keys) return opaque("weights are summed along the queries", place);
      return make(left, { kind: "pairs", pairs: { ...pairs, stage: "total", keys, weights: pairs } }, "float", place);
    }
    case "memory": {
      const { memory } = content;
      const heads = left.flat().filter(isPlain).reduce((size, atom) => size * atom.size, 1); // prettier-ignore
      const overKeys = atoms.length === memory.keyAtoms.length && atoms.every((atom) => memory.keyAtoms.includes(atom));
      if (what !== "sum" || !memory.query || !overKeys || left.flat().filter(isToken).length !== 1) break;
      return settledNode(left, recall(memory.query, memory, heads, place), place);
    }
    case "constant": {
      if (what !== "sum" && what !== "mean") break;
      const count = over.reduce((size, axis) => size * sizeOf(of.axes[axis]), 1);
      const free = [...axesIn(content.element)].every((axis) => !over.includes(axis));
      if (!free && count > summedNumbers) break;
      const sizes = left.map(sizeOf);
      const to = (axis: number) => (keep ? axis : axis - over.filter((o) => o < axis).length);
      const at = (values: readonly number[]) =>
        substitute(content.element, (axis) => (over.includes(axis) ? numeral(values[over.indexOf(axis)]) : coordinate(to(axis))), sizes); // prettier-ignore
      const total = free
        ? binary("*", at(over.map(() => 0)), numeral(count), sizes)
        : tuples(over.map((axis) => sizeOf(of.axes[axis]))).reduce<IndexExpression>((sum, values) => binary("+", sum, at(values), sizes), numeral(0)); // prettier-ignore
      return known(left, what === "sum" ? total : binary("/", total, numeral(count), sizes), what === "sum" && of.dtype !== "float" ? "int" : "float", place); // prettier-ignore
    }
    default:
      break;
  }
  return opaque(`a ${what} that is not understood`, place);
}

const settledNode = (axes: readonly Axis[], node: StreamNode | string, place: Place): Tensor =>
  typeof node === "string" ? opaque(node, place) : streamed(axes, node, place);

function tuples(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>((all, size) => all.flatMap((tuple) => Array.from({ length: size }, (_, i) => [...tuple, i])), [[]]); // prettier-ignore
}

const sum = (of: Tensor, axes: readonly number[] | undefined, keep: boolean, place: Place): Tensor =>
  reduce(of, axes, keep, "sum", place);

function greatest(of: Tensor, axis: number, keep: boolean, place: Place): Tensor {
  const at = axisAt(of.axes, axis);
  if (of.content.kind === "opaque" || at === undefined) return of.content.kind === "opaque" ? of : opaque("the greatest along an axis that is not there", place); // prettier-ignore
  const axes = of.axes.flatMap((each, i) => (i === at ? (keep ? [one] : []) : [each]));
  const { content } = of;
  const atoms = of.axes[at];
  if (
    content.kind === "pairs" &&
    content.pairs.stage === "scores" &&
    atoms.length === 1 &&
    sideOf(content.pairs, atoms[0])
  )
    // prettier-ignore
    return make(axes, { kind: "pairs", pairs: { ...content.pairs, stage: "greatest", keys: sideOf(content.pairs, atoms[0]) } }, "float", place);
  if (content.kind === "stream" && onlyPlain(atoms))
    return streamed(axes, streams.tokenwise("the greatest feature", [content.node], place), place);
  if (content.kind === "pooled" || (content.kind === "stream" && atoms.every(isToken)))
    return make(axes, { kind: "pooled", node: content.node }, "float", place);
  return opaque("the greatest of what is not understood", place);
}

function cumulativeSum(of: Tensor, axis: number, place: Place): Tensor {
  const at = axisAt(of.axes, axis);
  if (of.content.kind === "opaque") return of;
  if (at === undefined) return opaque("a sum along an axis that is not there", place);
  if (of.content.kind === "constant" && !axesIn(of.content.element).has(at)) {
    const sizes = sizesOf(of);
    const next = binary("+", coordinate(at), numeral(1), sizes);
    return known(of.axes, binary("*", of.content.element, next, sizes), of.dtype === "bool" ? "int" : of.dtype, place);
  }
  if (of.content.kind === "constant" && sizeOf(of.axes[at]) <= summedNumbers) {
    const { element } = of.content;
    const sizes = sizesOf(of);
    const term = (i: number) => substitute(element, (axis) => (axis === at ? numeral(i) : coordinate(axis)), sizes);
    const total = Array.from({ length: sizes[at] }, (_, i) => choose(binary(">=", coordinate(at), numeral(i), sizes), term(i), numeral(0))).reduce((sum, next) => binary("+", sum, next, sizes)); // prettier-ignore
    return known(of.axes, total, of.dtype === "bool" ? "int" : of.dtype, place);
  }
  if (of.content.kind === "stream" && of.axes[at].length === 1 && isToken(of.axes[at][0])) {
    return summedUp(of, of.axes, true, place);
  }
  return opaque("a running sum that is not understood", place);
}

/** Sums over tokens: of keys times values, every feature by every other, or of keys alone. */
function summedUp(of: Tensor, axes: readonly Axis[], causal: boolean, place: Place): Tensor {
  const node = streamNode(of);
  const plain = axes.flat().filter(isPlain);
  const both = streams.outerProduct(node);
  if (both && node.op === "multiply") {
    if (![...both.left, ...both.right].every((atom) => plain.includes(atom))) return opaque("products of features are summed over the tokens", place); // prettier-ignore
    const memory = { key: node.left, value: node.right, keyAtoms: both.left, causal, query: undefined, place };
    return make(axes, { kind: "memory", memory }, "float", place);
  }
  const last = [...axes].reverse().find((axis) => axis.length > 0 && onlyPlain(axis)) ?? [];
  const memory = { key: node, value: undefined, keyAtoms: last, causal, query: undefined, place };
  return make(axes, { kind: "memory", memory }, "float", place);
}

function softmax(of: Tensor, axis: number, place: Place): Tensor {
  if (of.content.kind === "opaque") return of;
  const at = axisAt(of.axes, axis);
  if (at === undefined) return opaque("softmax along an axis that is not there", place);
  const { content } = of;
  if (content.kind === "pairs") {
    const atom = of.axes[at].length === 1 ? of.axes[at][0] : undefined;
    return pairsTensor(of.axes, normalisedBySoftmax(content.pairs, atom, place), place);
  }
  if (content.kind === "stream" && onlyPlain(of.axes[at])) return streamed(of.axes, streams.tokenwise("softmax of the features", [content.node], place), place); // prettier-ignore
  if (content.kind === "pooled") return of;
  return opaque("softmax of what are not scores", place);
}

// --------------------------------------------------------------------------------------------------------------- layers

function linear(of: Tensor, layer: LinearLayer, place: Place): Tensor {
  const { content, axes } = of;
  if (content.kind === "opaque") return of;
  const last = axes.length - 1;
  if (last < 0) return opaque("a linear map of a number", place);
  const made = [...axes.slice(0, last), axisOf(layer.width)];
  switch (content.kind) {
    case "stream": {
      const { node } = content;
      if (node.op === "input" && node.discrete && of.dtype !== "float") break;
      if (axes[last].length === 1 && isToken(axes[last][0]) && node.sequence === axes[last][0].role) {
        if (tokenCount(of) !== 1) break;
        const projected = settled(projectTokens(axes, last, node, layer.width, !layer.frozen, place), place);
        if (!layer.bias || projected.content.kind !== "stream") return projected;
        // A number for every new token.
        const { node: tokens } = projected.content;
        return streamed(
          projected.axes,
          streams.add(tokens, position("learned", tokens, undefined, place), place),
          place,
        );
      }
      if (!onlyPlain(axes[last])) break;
      return streamed(made, { op: "linear", of: node, ...layer, place, sequence: node.sequence }, place);
    }
    case "pooled":
      return make(made, content, "float", place);
    case "parameter":
      return make(made, content, "float", place);
    case "lookup": {
      if (axesIn(content.index).has(last)) break;
      return make(
        made,
        { ...content, free: [...new Set([...content.free, last])], dependent: true },
        "float",
        of.place,
      );
    }
    case "constant":
      return learnedFunction(of, made, last, !layer.frozen, place);
    default:
      break;
  }
  return opaque("a linear map of what are not features", place);
}

/** A learned function of known numbers: a table by their values. */
function learnedFunction(of: Tensor, axes: readonly Axis[], last: number, trainable: boolean, place: Place): Tensor {
  const { content } = of;
  if (content.kind !== "constant") return opaque("a learned function of what is not known", place);
  const width = sizeOf(of.axes[last]);
  const sizes = of.axes.map(sizeOf);
  const features = Array.from({ length: width }, (_, i) =>
    substitute(content.element, (axis) => (axis === last ? numeral(i) : coordinate(axis)), sizes),
  );
  if (width > 4 || !features.every(isWhole)) return opaque("a learned function of fixed numbers", place);
  let index: IndexExpression = numeral(0);
  for (const feature of features) {
    const [low, high] = boundsOf(feature, sizes);
    if (!Number.isFinite(high - low)) return opaque("a learned function of fixed numbers", place);
    const scaled = binary("*", index, numeral(high - low + 1), sizes);
    index = binary("+", scaled, binary("-", feature, numeral(low), sizes), sizes);
  }
  return make(axes, { kind: "lookup", index, free: [last], trainable }, "float", of.place);
}

/**
 * The values of an expression at the places of the last two axes, row by row, where the axes before them are at `place`; each row is overwritten by the next.
 * @throws EvaluationError where one has no value, or all together would take too long.
 */
function* rowsAt(element: IndexExpression, sizes: readonly number[], place: readonly number[]): Iterable<Float64Array> {
  const rank = sizes.length;
  const [height, width] = [sizes.at(-2) ?? 1, sizes.at(-1) ?? 1];
  const placed = substitute(element, (axis) => (axis < rank - 2 ? numeral(place[axis]) : coordinate(axis - rank + 3)), [1, height, width]); // prettier-ignore
  const evaluator = new RowEvaluator(placed, width, height);
  for (let row = 0; row < height; row++) yield evaluator.row(row);
}

/** Whether all values of an expression are indices of so many rows: worked out one by one, where its bounds leave it open. */
function areIndices(element: IndexExpression, sizes: readonly number[], rows: number): boolean {
  const leading = tuples(sizes.slice(0, -2).map((size, axis) => (axesIn(element).has(axis) ? size : 1)));
  const isIndex = (value: number) => Number.isInteger(value) && value >= 0 && value < rows;
  try {
    for (const place of leading) for (const row of rowsAt(element, sizes, place)) if (!row.every(isIndex)) return false;
    return true;
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}

function embedding(
  table: { rows: number; width: number; trainable: boolean; widthLiteral: Place | undefined },
  indices: Tensor,
  place: Place,
): Tensor {
  // prettier-ignore
  const { content } = indices;
  if (content.kind === "opaque") return indices;
  const axes = [...indices.axes, axisOf(table.width)];
  if (content.kind === "constant") {
    const [low, high] = boundsOf(content.element, sizesOf(indices));
    if (!(low >= 0 && high < table.rows) && !areIndices(content.element, sizesOf(indices), table.rows)) return opaque("an index outside its axis", place); // prettier-ignore
    return make(axes, { kind: "lookup", index: content.element, free: [axes.length - 1], trainable: table.trainable }, "float", place); // prettier-ignore
  }
  if (content.kind === "stream" && content.node.op === "input" && content.node.discrete && indices.dtype !== "float")
    return streamed(axes, { ...content.node, place }, place);
  return opaque("an embedding of what depends on the data", place);
}

function attention(query: Tensor, key: Tensor, value: Tensor, how: AttentionCall, place: Place): Tensor {
  const lost = firstOpaque(query, key, value);
  if (lost) return lost;
  let [q, k, v] = [query, key, value];
  if (how.heads) {
    const divided = [q, k, v].map((tensor) => headsApart(tensor, how.heads!.count, place));
    [q, k, v] = divided;
  }
  const grouped = headAxis(q);
  const fewer = headAxis(k);
  if (grouped !== undefined && fewer !== undefined && sizeOf(q.axes[grouped]) !== sizeOf(k.axes[fewer])) {
    const times = sizeOf(q.axes[grouped]) / sizeOf(k.axes[fewer]);
    if (!Number.isInteger(times)) return opaque("heads of queries and keys that do not agree", place);
    [k, v] = [k, v].map((tensor) => repeatEach(tensor, times, fewer, place));
  }
  let scores = matmul(q, swapped(k), place);
  if (how.notes && scores.content.kind === "pairs") {
    const { pairs } = scores.content;
    scores = { ...scores, content: { kind: "pairs", pairs: { ...pairs, notes: [...pairs.notes, ...how.notes] } } };
  }
  if (how.causal && scores.content.kind === "pairs") {
    const [rows, columns] = [scores.axes.length - 2, scores.axes.length - 1];
    const sizes = sizesOf(scores);
    const element = binary("<=", coordinate(1), coordinate(0), [sizes[rows], sizes[columns]]);
    const axes = [axisOf(sizes[rows]), axisOf(sizes[columns])];
    const { argument } = how.causal;
    const mask = known(axes, unary("not", element), "bool", argument, { kind: "flag", argument });
    scores = maskedFill(scores, mask, -Infinity, place);
  }
  if (how.mask) {
    const { mask } = how;
    scores = mask.dtype === "bool" && mask.content.kind === "constant" ? maskedFill(scores, not(mask), -Infinity, place) : combine("+", scores, mask, place); // prettier-ignore
  }
  if (scores.content.kind === "opaque") return scores;
  const weights = how.kernel === "softmax" ? softmax(scores, -1, place) : withKernel(scores, how.kernel, place);
  const read = matmul(weights, v, place);
  if (!how.heads || read.content.kind !== "stream") return read;
  const { node } = read.content;
  if (node.op !== "attend") return headsTogether(read, place);
  const written = { ...node, attention: { ...node.attention, headsPlace: how.heads.place } };
  return headsTogether(streamed(read.axes, written, place), place);
}

function withKernel(scores: Tensor, kernel: AttentionCall["kernel"], place: Place): Tensor {
  return kernel === "sigmoid"
    ? activation(scores, "sigmoid", place)
    : opaque(`the kernel ${kernel} in one call`, place);
}

/** The axis before the tokens, where it is of heads. */
function headAxis({ axes }: Tensor): number | undefined {
  const at = axes.length - 3;
  return at >= 0 && axes[at].length > 0 && onlyPlain(axes[at]) ? at : undefined;
}

const swapped = (of: Tensor): Tensor => permute(of, [...of.axes.keys()].slice(0, -2).concat(of.axes.length - 1, of.axes.length - 2), of.place); // prettier-ignore

/** (..., token, features) as (..., head, token, features of the head). */
function headsApart(of: Tensor, heads: number, place: Place): Tensor {
  if (of.content.kind === "opaque") return of;
  const sizes = sizesOf(of);
  const width = sizes.pop()!;
  if (width % heads !== 0) return opaque(`${width} features do not divide into ${heads} heads`, place);
  const split = reshape(of, [...sizes, heads, width / heads], place);
  const rank = sizes.length + 2;
  return permute(split, [...Array.from({ length: rank - 3 }, (_, i) => i), rank - 2, rank - 3, rank - 1], place);
}

function headsTogether(of: Tensor, place: Place): Tensor {
  const rank = of.axes.length;
  const moved = permute(of, [...Array.from({ length: rank - 3 }, (_, i) => i), rank - 2, rank - 3, rank - 1], place);
  const sizes = sizesOf(moved);
  return reshape(moved, [...sizes.slice(0, -2), sizes[rank - 2] * sizes[rank - 1]], place);
}

function activation(of: Tensor, name: Parameters<TensorOperations["activation"]>[1], place: Place): Tensor {
  const { content } = of;
  switch (content.kind) {
    case "opaque":
      return of;
    case "stream":
      if (name === "linear") return of;
      return streamed(of.axes, { op: "activation", of: content.node, name, place, sequence: content.node.sequence }, place); // prettier-ignore
    case "pairs":
      return name === "linear" ? of : pairsTensor(of.axes, activated(content.pairs, name, place), place);
    case "pooled":
      return of;
    case "parameter":
    case "lookup":
      return dependent(of);
    case "constant":
      if (name === "exp" || name === "tanh") return known(of.axes, unary(name, content.element), "float", place);
      if (name === "relu") return combine("max", of, 0, place);
      if (name === "square") return combine("*", of, of, place);
      return opaque(`${name} of fixed numbers`, place);
    case "memory":
      return opaque(`${name} of sums over tokens`, place);
    case "masked":
      return opaque(someMasked, place);
  }
}

/** Learned numbers after a function of them: different still, whatever they are. */
function dependent(of: Tensor): Tensor {
  const lookup = lookupOf(of, of.axes);
  return lookup ? { ...of, content: { ...lookup, kind: "lookup", dependent: true } } : of;
}

function norm(of: Tensor, kind: "layer" | "rms", place: Place): Tensor {
  const { content } = of;
  if (content.kind === "stream" && of.axes.length > 0 && onlyPlain(of.axes[of.axes.length - 1]))
    return streamed(of.axes, { op: "norm", of: content.node, kind, place, sequence: content.node.sequence }, place);
  if (content.kind === "opaque" || content.kind === "pooled") return of;
  if (isLearned(content)) return dependent(of);
  return opaque("normalisation of what are not features", place);
}

function convert(of: Tensor, dtype: Tensor["dtype"]): Tensor {
  const { content, place } = of;
  if (dtype === of.dtype || content.kind === "opaque") return { ...of, dtype };
  if (content.kind === "constant") {
    const { element } = content;
    const nonzero = () => binary("!=", element, numeral(0), sizesOf(of));
    const made = dtype === "bool" ? nonzero() : dtype === "int" && !isWhole(element) ? unary("trunc", element) : element; // prettier-ignore
    return { ...of, dtype, content: { ...content, element: made } };
  }
  if (content.kind === "pooled") return { ...of, dtype };
  if (content.kind === "stream" && dtype !== of.dtype)
    return { ...streamed(of.axes, streams.tokenwise("a conversion of numbers", [content.node], place), place), dtype };
  return opaque("scores or learned numbers are converted to other ones", place);
}

const operations: TensorOperations = {
  literal(data, dtype, place) {
    if (typeof data === "number" || typeof data === "boolean") return known([], numeral(Number(data)), dtype, place);
    const sizes: number[] = [];
    for (let inner: unknown = data; Array.isArray(inner); inner = inner[0]) sizes.push(inner.length);
    const values = data.flat(Infinity).map(Number);
    if (values.length !== sizes.reduce((a, b) => a * b, 1) || values.length === 0)
      return opaque("a list whose rows are not of one length", place);
    const axes = sizes.map((size) => axisOf(size));
    const indices = sizes.map((size, i) => (size === 1 ? numeral(0) : coordinate(i)));
    const table: IndexExpression = { kind: "table", values, sizes, indices };
    return known(axes, values.length === 1 ? numeral(values[0]) : table, dtype, place);
  },
  full: (sizes, value, dtype, place) => known(sizes.map((size) => axisOf(size)), numeral(value), dtype, place), // prettier-ignore
  arange(start, stop, step, place) {
    const count = Math.ceil((stop - start) / step);
    if (!(count >= 1)) return opaque("an empty range", place);
    const dtype = [start, stop, step].every(Number.isInteger) ? "int" : "float";
    if (count === 1) return known([one], numeral(start), dtype, place);
    const scaled = binary("*", coordinate(0), numeral(step), [count]);
    return known([axisOf(count)], binary("+", scaled, numeral(start), [count]), dtype, place);
  },
  eye: (rows, columns, place) =>
    known([axisOf(rows), axisOf(columns)], binary("==", coordinate(0), coordinate(1), [rows, columns]), "float", place),
  constant: (sizes, element, dtype, place, source) => known(sizes.map((size) => axisOf(size)), element, dtype, place, source), // prettier-ignore
  parameter: (sizes, trainable, place) => make(sizes.map((size) => axisOf(size)), { kind: "parameter", trainable }, "float", place), // prettier-ignore
  input(sequence, batch, width, order, place) {
    const axes: Axis[] = [[{ size: batch, role: "batch" }], [{ size: sequence.tokens, role: sequence }]];
    if (order === "token-first") axes.reverse();
    const node: StreamNode = { op: "input", discrete: width === undefined, place, sequence };
    const whole = width === undefined ? axes : [...axes, axisOf(width)];
    return make(whole, { kind: "stream", node }, width === undefined ? "int" : "float", place);
  },
  image(sequence, batch, place) {
    const axes = [
      [{ size: batch, role: "batch" as const }],
      axisOf(3),
      [{ size: sequence.tokens, role: sequence }],
      one,
    ];
    return streamed(axes, { op: "input", discrete: false, place, sequence }, place);
  },
  opaque,
  binary: combine,
  unary(op, of, place) {
    const { content } = of;
    if (content.kind === "opaque") return of;
    if (content.kind === "constant") {
      const kept = op === "not";
      const dtype = op === "not" ? "bool" : ["-", "abs", "sign"].includes(op) ? of.dtype : "float";
      return known(of.axes, unary(op, content.element), dtype, kept ? of.place : place, kept ? content.source : other);
    }
    if (op === "exp" || op === "tanh") return activation(of, op, place);
    if (content.kind === "stream") {
      const { node } = content;
      if (op === "-") return streamed(of.axes, streams.negate(node, place), place);
      if (op === "sqrt") return streamed(of.axes, streams.tokenwise("root", [node], place), place);
      return streamed(of.axes, streams.tokenwise(op, [node], place), place);
    }
    if (content.kind === "pooled") return of;
    if (isLearned(content)) {
      if (op === "-") return of;
      return smooth.includes(op) ? dependent(of) : opaque(`\`${op}\` of learned numbers`, place);
    }
    return opaque(`\`${op}\` of scores or sums is not understood`, place);
  },
  where,
  maskedFill,
  triangle(of, part, diagonal, place) {
    if (of.content.kind === "opaque") return of;
    const rank = of.axes.length;
    if (rank < 2) return opaque("a triangle of a vector", place);
    const sizes = sizesOf(of);
    const [row, column] = [coordinate(rank - 2), coordinate(rank - 1)];
    const difference = binary("-", column, row, sizes);
    const inside =
      diagonal === 0
        ? binary(part === "lower" ? "<=" : ">=", column, row, sizes)
        : binary(part === "lower" ? "<=" : ">=", difference, numeral(diagonal), sizes);
    const axes = of.axes.map((axis, i) => (i >= rank - 2 ? axisOf(sizeOf(axis)) : one));
    const mask = known(axes, inside, "bool", place);
    if (of.content.kind !== "constant") return combine("*", of, mask, place);
    const element = choose(broadcastElement(inside, of.axes, of.axes), of.content.element, numeral(0));
    const condition = of.content.element.kind === "number" && of.content.element.value === 1;
    return known(of.axes, condition ? inside : element, of.dtype, place);
  },
  clamp(of, low, high, place) {
    let made = of;
    if (of.content.kind === "memory" || of.content.kind === "pairs") {
      const divisor = of.content.kind === "memory" ? !of.content.memory.value : of.content.pairs.stage === "total";
      const keeps = divisor && high === undefined && low !== undefined && Math.abs(low) <= 1e-2;
      return keeps ? of : opaque("scores or sums over tokens are clamped", place);
    }
    if (of.content.kind === "stream" && streams.staysNearby(of.content.node) && high === undefined && low !== undefined && Math.abs(low) <= 1e-2) return of; // prettier-ignore
    if (low !== undefined) made = combine("max", made, low, place);
    if (high !== undefined) made = combine("min", made, high, place);
    return { ...made, dtype: of.dtype };
  },
  activation,
  convert,
  norm,
  unit(of, axis, place) {
    const at = axisAt(of.axes, axis);
    if (of.content.kind === "stream" && at !== undefined && onlyPlain(of.axes[at])) {
      const { node } = of.content;
      return streamed(of.axes, { op: "unit", of: node, place, sequence: node.sequence }, place);
    }
    return ["opaque", "pooled", "parameter", "lookup"].includes(of.content.kind) ? of : opaque("vectors of what are not features are normalised", place); // prettier-ignore
  },
  reshape,
  permute,
  unsqueeze,
  squeeze,
  expand,
  index,
  assign,
  split,
  concatenate,
  stack,
  repeat,
  repeatEach,
  roll,
  matmul,
  einsum,
  sum,
  mean: (of, axes, keep, place) => reduce(of, axes, keep, "mean", place),
  variance: (of, axes, keep, place) => reduce(of, axes, keep, "variance", place),
  greatest,
  cumulativeSum,
  softmax,
  linear,
  embedding,
  attention,
};

const isPlace = (value: unknown): value is Place =>
  typeof value === "object" && value !== null && Object.keys(value).join() === "from,to";

const isMasked = (value: unknown): value is Tensor & { content: Extract<Content, { kind: "masked" }> } =>
  typeof value === "object" && value !== null && "content" in value && (value as Tensor).content.kind === "masked";

/** Operations on the layout, which masked numbers go through part by part. */
const layouts = new Set(["reshape", "permute", "unsqueeze", "squeeze", "expand", "index"]);

/** The same operations, which give an opaque tensor where the numbers would take too many operations to follow, and of masked numbers but where these are understood. */
function bounded(all: TensorOperations): TensorOperations {
  const guarded = Object.entries(all).map(([name, operation]: [string, (...given: unknown[]) => unknown]) => {
    const lost = (reason: string, given: readonly unknown[]): unknown => {
      const tensor = opaque(reason, given.find(isPlace) ?? nowhere);
      return name === "split" ? (given[1] as readonly number[]).map(() => tensor) : tensor;
    };
    const run = (...given: unknown[]): unknown => {
      const [first, ...others] = given;
      if (isMasked(first) && layouts.has(name)) {
        const [of, mask, value] = [first.content.of, first.content.mask, first.content.value].map((part) => run(part, ...others) as Tensor); // prettier-ignore
        return firstOpaque(of, mask, value) ?? { ...first, axes: of.axes, content: { kind: "masked", of, mask, value } }; // prettier-ignore
      }
      const some = given.some((each) => isMasked(each) || (Array.isArray(each) && each.some(isMasked)));
      if (some && name !== "binary" && name !== "convert") return lost(someMasked, given);
      try {
        return operation(...given);
      } catch (error) {
        // Deep chains exhaust the stack.
        if (!(error instanceof TooManyParts || error instanceof RangeError)) throw error;
        return lost("numbers that take too many operations", given);
      }
    };
    return [name, run];
  });
  const made: unknown = Object.fromEntries(guarded);
  return made as TensorOperations;
}

export const tensors: TensorOperations = bounded(operations);
