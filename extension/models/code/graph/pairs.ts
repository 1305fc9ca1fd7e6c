/** Scores and weights of pairs of tokens, and the memories of linear attention: from the product of queries and keys to what is read. */
import { axesIn, binary, boundsOf, coordinate, numeral, substitute, unary } from "./expressions";
import type { BinaryOperation, IndexExpression } from "./indexExpression";
import { isBatch, isPlain } from "./layout";
import type { AttentionNode, Mask, MaskSource, PairBias, Place, StreamNode } from "./nodes";
import { sizeOf, type Atom, type Axis, type Memory, type Pairs, type Tensor } from "./tensor";

/** A string says why there is no result. */
type Result<T> = T | string;

export function scoresOf(left: StreamNode, right: StreamNode, leftAtom: Atom, rightAtom: Atom, place: Place): Pairs {
  return {
    stage: "scores",
    left,
    right,
    leftAtom,
    rightAtom,
    keys: undefined,
    kernel: "softmax",
    degree: 1,
    kernelPlace: place,
    normalized: false,
    masks: [],
    cut: undefined,
    biases: [],
    notes: [],
    weights: undefined,
  };
}

const isHead = (pairs: Pairs, atom: Atom): boolean => isPlain(atom) && atom !== pairs.leftAtom && atom !== pairs.rightAtom; // prettier-ignore

export const headsOf = (pairs: Pairs, axes: readonly Axis[]): number =>
  axes.flat().reduce((product, atom) => (isHead(pairs, atom) ? product * atom.size : product), 1);

const batchCoordinate = 3;
const ofBatch = "depends on the element of the batch";

/** An element given in the coordinates of the tensor's axes, in those of (head, left, right). */
function inPairs(pairs: Pairs, axes: readonly Axis[], element: IndexExpression): Result<IndexExpression> {
  const heads = headsOf(pairs, axes);
  const sizes = [heads, pairs.leftAtom.size, pairs.rightAtom.size, Infinity];
  let headStride = heads;
  const atoms = new Map<Atom, IndexExpression>();
  for (const atom of axes.flat()) {
    if (atom === pairs.leftAtom) atoms.set(atom, coordinate(1));
    else if (atom === pairs.rightAtom) atoms.set(atom, coordinate(2));
    else if (isBatch(atom)) atoms.set(atom, coordinate(batchCoordinate));
    else {
      headStride /= atom.size;
      const part = binary("//", coordinate(0), numeral(headStride), sizes);
      atoms.set(atom, binary("%", part, numeral(atom.size), sizes));
    }
  }
  const axis = (p: number): IndexExpression => {
    let stride = sizeOf(axes[p]);
    return axes[p].reduce<IndexExpression>((sum, atom) => {
      stride /= atom.size;
      return binary("+", sum, binary("*", atoms.get(atom)!, numeral(stride), sizes), sizes);
    }, numeral(0));
  };
  const made = substitute(element, axis, sizes);
  return axesIn(made).has(batchCoordinate) ? ofBatch : made;
}

export function dependsOnPair(element: IndexExpression): boolean {
  const axes = axesIn(element);
  return axes.has(1) || axes.has(2);
}

/** A condition as a mask of these pairs; the element is in the coordinates of `axes`. */
export function maskOf(
  pairs: Pairs,
  axes: readonly Axis[],
  condition: IndexExpression,
  place: Place,
  source: MaskSource,
): Result<Mask> {
  // prettier-ignore
  const made = inPairs(pairs, axes, condition);
  return typeof made === "string" ? `a mask that ${made}` : { condition: made, place, source };
}

const added = <T>(list: readonly T[], item: T): T[] => [...list, item];

export function masked(pairs: Pairs, mask: Mask): Pairs {
  return mask.condition.kind === "number" && mask.condition.value !== 0
    ? pairs
    : { ...pairs, masks: added(pairs.masks, mask) };
}

/** Scores or weights combined with known numbers, whose element is in the coordinates of `axes`. */
export function withConstant(
  pairs: Pairs,
  op: BinaryOperation,
  axes: readonly Axis[],
  element: IndexExpression,
  reflected: boolean,
  place: Place,
  constant: { place: Place; source: MaskSource },
): Result<Pairs> {
  // prettier-ignore
  const value = inPairs(pairs, axes, element);
  if (typeof value === "string") return `a bias that ${value}`;
  const varies = dependsOnPair(value);
  switch (op) {
    case "+":
    case "-":
      if (pairs.stage === "total" || (pairs.stage === "greatest" && !varies)) return pairs;
      if (pairs.stage !== "scores") return "numbers are added to the weights";
      // A row's or a head's own number is one that softmax does not see, but -inf in a whole row is.
      if (!varies && !mayMask(value)) return pairs;
      if (op === "-" && reflected) return "the scores are subtracted";
      {
        const bias = op === "-" ? unary("-", value) : value;
        return { ...pairs, biases: added(pairs.biases, { kind: "fixed", value: bias, place: constant.place }) };
      }
    case "*":
    case "/":
      if (!varies) return op === "/" && reflected && pairs.stage !== "total" ? "the scores are inverted" : pairs;
      if (op === "/") return "the scores are divided by numbers that depend on the pair";
      if (!isCondition(value)) return "the scores are multiplied by numbers that depend on the pair";
      if (pairs.stage === "weights" && pairs.normalized) return "the weights are masked after they are normalised";
      {
        const mask: Mask = { condition: value, place: constant.place, source: constant.source };
        if (pairs.stage === "weights") return masked(pairs, mask);
        if (pairs.stage === "scores") return { ...pairs, cut: both(pairs.cut, mask) };
        return "sums of weights are masked";
      }
    case "**":
      if (pairs.stage !== "scores" || reflected || value.kind !== "number" || !Number.isInteger(value.value)) break;
      if (value.value < 1 || value.value > 64 || pairs.biases.length + pairs.masks.length > 0) break;
      return { ...pairs, stage: "weights", kernel: "polynomial", degree: value.value, kernelPlace: place };
    default:
      break;
  }
  return `\`${op}\` of scores and numbers is not understood`;
}

const mayMask = (value: IndexExpression): boolean => boundsOf(value, [])[0] <= -1e4 || axesIn(value).size > 0;

/** Whether an expression is 0 or 1 wherever it is defined. */
function isCondition(value: IndexExpression): boolean {
  switch (value.kind) {
    case "number":
      return value.value === 0 || value.value === 1;
    case "binary":
      if (value.op === "*") return isCondition(value.left) && isCondition(value.right);
      return ["<", "<=", ">", ">=", "==", "!=", "and", "or", "xor"].includes(value.op);
    case "unary":
      return value.op === "not";
    case "choose":
      return isCondition(value.yes) && isCondition(value.no);
    case "table":
      return value.values.every((entry) => entry === 0 || entry === 1);
    default:
      return false;
  }
}

const both = (a: Mask | undefined, b: Mask): Mask =>
  a ? { ...b, condition: { kind: "binary", op: "and", left: a.condition, right: b.condition } } : b;

/** Scores to which learned numbers are added: one for every value of the index, and for every place along the free axes. */
export function withLookup(
  pairs: Pairs,
  axes: readonly Axis[],
  index: IndexExpression,
  free: ReadonlySet<Atom>,
  place: Place,
): Result<Pairs> {
  // prettier-ignore
  if (pairs.stage !== "scores") return "learned numbers are added to the weights";
  const [left, right] = [free.has(pairs.leftAtom), free.has(pairs.rightAtom)];
  const value = inPairs(pairs, axes, index);
  if (typeof value === "string") return `a bias that ${value}`;
  if (axes.flat().some((atom) => isBatch(atom) && free.has(atom))) return `a bias that ${ofBatch}`;
  const looked = dependsOnPair(value);
  let bias: PairBias | undefined;
  if (left && right) bias = { kind: "free", place };
  else if (looked && (left || right)) {
    // A number per token and per value of the index: the pair of both.
    const side = coordinate(left ? 1 : 2);
    const size = left ? pairs.leftAtom.size : pairs.rightAtom.size;
    const scaled: IndexExpression = { kind: "binary", op: "*", left: value, right: numeral(size) };
    bias = { kind: "table", index: { kind: "binary", op: "+", left: scaled, right: side }, place };
  } else if (looked) bias = { kind: "table", index: value, place };
  else if (left || right) bias = { kind: "table", index: coordinate(left ? 1 : 2), place };
  return bias ? { ...pairs, biases: added(pairs.biases, bias) } : pairs;
}

/** Softmax of scores along an axis: the keys. */
export function normalisedBySoftmax(pairs: Pairs, keyAtom: Atom | undefined, place: Place): Result<Pairs> {
  if (pairs.stage !== "scores") return "softmax of what are weights already";
  const keys = sideOf(pairs, keyAtom);
  if (!keys) return "softmax along an axis that is not the keys";
  if (pairs.cut)
    return "the scores are multiplied by a mask, which leaves masked pairs the score 0, before the softmax";
  return { ...pairs, stage: "weights", keys, kernel: "softmax", normalized: true, kernelPlace: place };
}

export function sideOf(pairs: Pairs, atom: Atom | undefined): "left" | "right" | undefined {
  return atom === pairs.leftAtom ? "left" : atom === pairs.rightAtom ? "right" : undefined;
}

/** Weights as functions of the scores one by one. */
export function activated(pairs: Pairs, name: string, place: Place): Result<Pairs> {
  if (pairs.stage !== "scores") return `${name} of attention weights`;
  switch (name) {
    case "exp":
      return pairs.cut ? "exp of scores that are multiplied by a mask" : { ...pairs, stage: "weights", kernel: "softmax", kernelPlace: place }; // prettier-ignore
    case "sigmoid":
      return { ...pairs, stage: "weights", kernel: "sigmoid", kernelPlace: place };
    case "square":
      return pairs.biases.length + pairs.masks.length > 0
        ? "the square of biased scores"
        : { ...pairs, stage: "weights", kernel: "polynomial", degree: 2, kernelPlace: place };
    case "tanh":
      return pairs.masks.length > 0 ? "tanh of masked scores" : { ...pairs, notes: added(pairs.notes, softcap) };
    default:
      return `${name} of the scores`;
  }
}

const softcap = "capping the scores with tanh bounds them: the kernel's limit, which some theorems ask for, is not that of plain softmax"; // prettier-ignore

/** Weights applied to the values of the tokens of one side. */
export function attend(
  pairs: Pairs,
  axes: readonly Axis[],
  keyAtom: Atom,
  value: StreamNode,
  place: Place,
): Result<StreamNode> {
  // prettier-ignore
  const keys = sideOf(pairs, keyAtom);
  if (!keys || (pairs.keys !== undefined && pairs.keys !== keys)) return "weights are applied along the queries";
  if (pairs.stage === "total" || pairs.stage === "greatest") return "sums of weights are applied to values";
  let { kernel, degree, masks } = pairs;
  if (pairs.stage === "scores") {
    if (pairs.masks.length + pairs.biases.length > 0) return "masked or biased scores are applied without a softmax";
    kernel = "polynomial";
    degree = 1;
    if (pairs.cut) masks = [pairs.cut];
  }
  const turned = (expression: IndexExpression): IndexExpression =>
    keys === "right" ? expression : substitute(expression, (axis) => coordinate(axis === 1 ? 2 : axis === 2 ? 1 : axis), [headsOf(pairs, axes), pairs.rightAtom.size, pairs.leftAtom.size]); // prettier-ignore
  const mask = masks.reduce<Mask | undefined>((all, next) => {
    const condition = turned(next.condition);
    if (!all) return { ...next, condition };
    return { ...all, condition: { kind: "binary", op: "and", left: all.condition, right: condition } };
  }, undefined);
  const biases = pairs.biases.map((bias): PairBias => {
    if (bias.kind === "table") return { ...bias, index: turned(bias.index) };
    return bias.kind === "fixed" ? { ...bias, value: turned(bias.value) } : bias;
  });
  const [query, key] = keys === "right" ? [pairs.left, pairs.right] : [pairs.right, pairs.left];
  const projected = key.sequence.projected;
  if (projected && projected !== value.sequence.projected && value.sequence.projected?.of !== projected.of)
    return "keys are projected along the sequence and values are not";
  const attention: AttentionNode = {
    place,
    query,
    key,
    value,
    heads: headsOf(pairs, axes),
    headsPlace: undefined,
    kernel,
    degree,
    kernelPlace: pairs.kernelPlace,
    normalized: pairs.normalized,
    mask,
    biases,
    projection: projected && { rank: key.sequence.tokens, trainable: projected.trainable },
    notes: pairs.notes,
  };
  return { op: "attend", attention, place, sequence: query.sequence };
}

// --------------------------------------------------------------------------------------------------- linear attention

/** The kernel of a feature map: what it is applied to, and its name in the specification. */
function featureMap(node: StreamNode): { of: StreamNode; kernel: AttentionNode["kernel"] } | undefined {
  if (node.op === "part" || node.op === "scale") {
    const inner = featureMap(node.of);
    return inner && { ...inner, of: inner.of === node.of ? node : inner.of };
  }
  if (node.op === "activation") {
    if (node.name === "elu-plus-one") return { of: node.of, kernel: "linear-elu" };
    if (node.name === "relu") return { of: node.of, kernel: "linear-relu" };
    if (node.name === "exp") return randomFeatures(node.of);
    return undefined;
  }
  return node.op === "tokenwise" || node.op === "multiply" ? undefined : { of: node, kernel: "polynomial" };
}

/** exp(W x - |x|^2 / 2) with fixed random W: the positive random features of Performer (2009.14794). */
function randomFeatures(node: StreamNode): { of: StreamNode; kernel: AttentionNode["kernel"] } | undefined {
  if (node.op !== "add") return undefined;
  const sides = [node.left, node.right].map((side) => (side.op === "scale" ? side.of : side));
  const projection = sides.find((side) => side.op === "linear" && side.frozen && !side.bias);
  const square = sides.find((side) => side.op === "tokenwise" && side.name === "sum of squares");
  if (projection?.op !== "linear" || square?.op !== "tokenwise" || square.parts[0] !== projection.of) return undefined;
  return { of: projection.of, kernel: "performer" };
}

/** Queries applied to a memory. */
export function recall(query: StreamNode, memory: Memory, heads: number, place: Place): Result<StreamNode> {
  const [mine, theirs] = [featureMap(query), featureMap(memory.key)];
  if (!mine || !theirs || mine.kernel !== theirs.kernel)
    return "the feature maps of queries and keys are not those of a kernel that is known";
  const { sequence } = query;
  const source: MaskSource = { kind: "other" };
  const mask: Mask | undefined = memory.causal
    ? { condition: { kind: "binary", op: "<=", left: coordinate(2), right: coordinate(1) }, place: memory.place, source } // prettier-ignore
    : undefined;
  const attention: AttentionNode = {
    place,
    query: mine.of,
    key: theirs.of,
    value: memory.value ?? { op: "constant", place, sequence: memory.key.sequence },
    heads,
    headsPlace: undefined,
    kernel: mine.kernel,
    degree: 1,
    kernelPlace: query.place,
    normalized: false,
    mask,
    biases: [],
    projection: undefined,
    notes: [],
  };
  return { op: "attend", attention, place, sequence };
}

/** The free axes' atoms of a learned tensor. */
export function freeAtoms(tensor: Tensor, axes: readonly Axis[]): Set<Atom> {
  const { content } = tensor;
  const shift = axes.length - tensor.axes.length;
  const free =
    content.kind === "parameter"
      ? tensor.axes.map((_, i) => i).filter((i) => tensor.axes[i].length > 0)
      : content.kind === "lookup"
        ? content.free
        : [];
  return new Set(free.flatMap((i) => axes[i + shift]));
}
