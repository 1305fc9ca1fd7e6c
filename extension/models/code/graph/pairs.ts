/** Scores and weights of pairs of tokens, and the memories of linear attention: from the product of queries and keys to what is read. */
import { applyBinary, axesIn, binary, boundsOf, coordinate, isCondition, numeral, replaced, substitute, unary, valueAt } from "./expressions"; // prettier-ignore
import type { BinaryOperation, IndexExpression } from "./indexExpression";
import { isBatch, isPlain } from "./layout";
import { isNegation } from "./streams";
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
    heads: [],
    masks: [],
    cut: undefined,
    biases: [],
    notes: [],
    weights: undefined,
  };
}

const isHead = (pairs: Pairs, atom: Atom): boolean => isPlain(atom) && atom !== pairs.leftAtom && atom !== pairs.rightAtom; // prettier-ignore

const headAtoms = (pairs: Pairs, axes: readonly Axis[]): Atom[] => axes.flat().filter((atom) => isHead(pairs, atom));

export const headsOf = (pairs: Pairs, axes: readonly Axis[]): number =>
  headAtoms(pairs, axes).reduce((product, atom) => product * atom.size, 1);

/** The same with the masks and biases in the order of the heads that these axes have. */
export function reheaded(pairs: Pairs, axes: readonly Axis[]): Result<Pairs> {
  const heads = headAtoms(pairs, axes);
  if (heads.length === pairs.heads.length && heads.every((atom, i) => atom === pairs.heads[i])) return pairs;
  const perHead = (expression: IndexExpression) => axesIn(expression).has(0);
  const biased = (bias: PairBias) => bias.kind !== "free" && perHead(bias.kind === "table" ? bias.index : bias.value);
  const conditions = [...pairs.masks, ...(pairs.cut ? [pairs.cut] : [])];
  if (!conditions.some(({ condition }) => perHead(condition)) && !pairs.biases.some(biased)) return { ...pairs, heads };
  if (!pairs.heads.every((atom) => heads.includes(atom))) return "heads are regrouped after a mask or a bias of single heads"; // prettier-ignore
  const sizes = [headsOf(pairs, axes), pairs.leftAtom.size, pairs.rightAtom.size];
  const places = placesIn(heads, sizes);
  const old = pairs.heads.reduce<IndexExpression>(
    (sum, atom) => binary("+", binary("*", sum, numeral(atom.size), sizes), places.get(atom)!, sizes),
    numeral(0),
  );
  const moved = (expression: IndexExpression) => substitute(expression, (axis) => (axis === 0 ? old : coordinate(axis)), sizes); // prettier-ignore
  const mask = (each: Mask): Mask => ({ ...each, condition: moved(each.condition) });
  return {
    ...pairs,
    heads,
    masks: pairs.masks.map(mask),
    cut: pairs.cut && mask(pairs.cut),
    biases: pairs.biases.map((bias) => withExpression(bias, moved)),
  };
}

function withExpression(bias: PairBias, made: (expression: IndexExpression) => IndexExpression): PairBias {
  if (bias.kind === "table") return { ...bias, index: made(bias.index) };
  return bias.kind === "fixed" ? { ...bias, value: made(bias.value) } : bias;
}

/** The coordinates of atoms of which coordinate 0 is the row-major index. */
function placesIn(atoms: readonly Atom[], sizes: readonly number[]): Map<Atom, IndexExpression> {
  let stride = atoms.reduce((product, atom) => product * atom.size, 1);
  return new Map(
    atoms.map((atom) => {
      stride /= atom.size;
      const part = binary("//", coordinate(0), numeral(stride), sizes);
      return [atom, binary("%", part, numeral(atom.size), sizes)];
    }),
  );
}

const batchCoordinate = 3;
const ofBatch = "depends on the element of the batch";

/** An element given in the coordinates of the tensor's axes, in those of (head, left, right). */
function inPairs(pairs: Pairs, axes: readonly Axis[], element: IndexExpression): Result<IndexExpression> {
  const sizes = [headsOf(pairs, axes), pairs.leftAtom.size, pairs.rightAtom.size, Infinity];
  const atoms = placesIn(headAtoms(pairs, axes), sizes);
  atoms.set(pairs.leftAtom, coordinate(1)).set(pairs.rightAtom, coordinate(2));
  for (const atom of axes.flat()) if (isBatch(atom)) atoms.set(atom, coordinate(batchCoordinate));
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

function dependsOnPair(element: IndexExpression): boolean {
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
  whole: Pairs,
  op: BinaryOperation,
  axes: readonly Axis[],
  element: IndexExpression,
  reflected: boolean,
  place: Place,
  constant: { place: Place; source: MaskSource },
): Result<Pairs> {
  // prettier-ignore
  const pairs = reheaded(whole, axes);
  if (typeof pairs === "string") return pairs;
  const value = inPairs(pairs, axes, element);
  if (typeof value === "string") return `a bias that ${value}`;
  const varies = dependsOnPair(value);
  switch (op) {
    case "+":
    case "-": {
      if (pairs.stage === "total" || pairs.stage === "greatest")
        return isSmall(value) && !(op === "-" && reflected) ? pairs : "numbers are added to sums of weights";
      if (pairs.stage !== "scores") return "numbers are added to the weights";
      if (op === "-" && reflected)
        return varies || pairs.cut || hasFixedNumbers(pairs) ? "the scores are subtracted" : pairs;
      if (value.kind === "number" && !(value.value < Infinity)) return `${value.value} is added to the scores`;
      // A row's or a head's own number is one that softmax does not see, but -inf in a whole row is.
      if (!varies && !mayMask(value)) return pairs;
      const bias = op === "-" ? unary("-", value) : value;
      return { ...pairs, biases: added(pairs.biases, { kind: "fixed", value: bias, place: constant.place }) };
    }
    case "*":
    case "/":
      if (op === "/" && reflected) return "the scores are inverted";
      if (!varies) return scaled(pairs, op, value, headsOf(pairs, axes));
      if (op === "/") return "the scores are divided by numbers that depend on the pair";
      if (!isCondition(value)) return "the scores are multiplied by numbers that depend on the pair";
      if (pairs.stage === "weights" && pairs.normalized) return "the weights are masked after they are normalised";
      {
        const mask: Mask = { condition: value, place: constant.place, source: constant.source };
        if (pairs.stage === "weights") return masked(pairs, mask);
        if (pairs.stage === "scores") {
          if (mayBeMasked(pairs)) return "the scores are multiplied by a mask after others";
          return { ...pairs, cut: both(pairs.cut, mask) };
        }
        return "sums of weights are masked";
      }
    case "**":
      if (pairs.stage !== "scores" || reflected || value.kind !== "number" || !Number.isInteger(value.value)) break;
      if (value.value < 1 || value.value > 64 || pairs.biases.length + pairs.masks.length > 0) break;
      return powers(pairs, value.value, place);
    default:
      break;
  }
  return `\`${op}\` of scores and numbers is not understood`;
}

/** Of divisors, what keeps them from 0. */
const isSmall = (value: IndexExpression): boolean => value.kind === "number" && Math.abs(value.value) <= 1e-2;

/** Whether masks, or numbers that may be meant as one, are in the scores. */
const hasFixedNumbers = ({ masks, biases }: Pairs): boolean =>
  masks.length > 0 || biases.some(({ kind }) => kind === "fixed");

/** Whether some scores are -inf already, which no multiplication by 0 makes 0. */
function mayBeMasked({ masks, biases, leftAtom, rightAtom, heads }: Pairs): boolean {
  const sizes = [heads.reduce((product, { size }) => product * size, 1), leftAtom.size, rightAtom.size];
  return masks.length > 0 || biases.some((bias) => bias.kind === "fixed" && !(boundsOf(bias.value, sizes)[0] > -1e4));
}

const mayMask = (value: IndexExpression): boolean => boundsOf(value, [])[0] <= -1e4 || axesIn(value).size > 0;

/** Powers of the scores: a pair with the score 0 has the weight 0. */
function powers(pairs: Pairs, degree: number, place: Place): Pairs {
  const masks = pairs.cut ? [pairs.cut] : [];
  return { ...pairs, stage: "weights", kernel: "polynomial", degree, kernelPlace: place, masks, cut: undefined };
}

/** Scores or weights times a number for each head. */
function scaled(pairs: Pairs, op: "*" | "/", value: IndexExpression, heads: number): Result<Pairs> {
  const each = axesIn(value).size === 0 ? 1 : heads;
  if (each > mostHeads) return "more heads than are looked at";
  const numbers = Array.from({ length: each }, (_, head) => applyBinary(op, 1, valueAt(value, [head])));
  if (!numbers.every((number) => Number.isFinite(number) && number !== 0)) return "the scores are multiplied by 0";
  if (pairs.stage !== "scores" || !hasFixedNumbers(pairs)) return pairs;
  // Masked scores have to stay far below the others.
  if (!numbers.every((number) => number >= 1e-3))
    return "masked scores are multiplied by a number that is not positive";
  const biases = pairs.biases.map((bias): PairBias => (bias.kind === "fixed" ? { ...bias, value: binary(op, bias.value, value, []) } : bias)); // prettier-ignore
  return { ...pairs, biases };
}

const mostHeads = 4096;

const both = (a: Mask | undefined, b: Mask): Mask =>
  a ? { ...b, condition: { kind: "binary", op: "and", left: a.condition, right: b.condition } } : b;

/** Scores to which learned numbers are added: one for every value of the index, and for every place along the free axes. */
export function withLookup(
  whole: Pairs,
  axes: readonly Axis[],
  index: IndexExpression,
  free: ReadonlySet<Atom>,
  place: Place,
): Result<Pairs> {
  // prettier-ignore
  const pairs = reheaded(whole, axes);
  if (typeof pairs === "string") return pairs;
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
export function normalisedBySoftmax(whole: Pairs, keyAtom: Atom | undefined, place: Place): Result<Pairs> {
  if (whole.stage !== "scores") return "softmax of what are weights already";
  const keys = sideOf(whole, keyAtom);
  if (!keys) return "softmax along an axis that is not the keys";
  if (whole.keys !== undefined && whole.keys !== keys) return "the greatest scores are those along the queries";
  const pairs = withoutCut(whole);
  return typeof pairs === "string"
    ? pairs
    : { ...pairs, stage: "weights", keys, kernel: "softmax", normalized: true, kernelPlace: place };
}

/** Scores that were multiplied by a mask, with a number added where it is 0: `w * b - 1e9 * (1 - b)`. */
function withoutCut(pairs: Pairs): Result<Pairs> {
  const { cut } = pairs;
  if (!cut) return pairs;
  const at = (value: IndexExpression, condition: number) => {
    const made = replaced(value, cut.condition, numeral(condition));
    return made.kind === "number" ? made.value : NaN;
  };
  const bias = pairs.biases.find((each) => each.kind === "fixed" && at(each.value, 0) <= -1e4 && Math.abs(at(each.value, 1)) < 1e3); // prettier-ignore
  if (!bias) return "the scores are multiplied by a mask, which leaves masked pairs the score 0, before the softmax";
  const biases = pairs.biases.filter((each) => each !== bias);
  return { ...pairs, cut: undefined, biases, masks: added(pairs.masks, cut) };
}

export function sideOf(pairs: Pairs, atom: Atom | undefined): "left" | "right" | undefined {
  return atom === pairs.leftAtom ? "left" : atom === pairs.rightAtom ? "right" : undefined;
}

/** Weights as functions of the scores one by one. */
export function activated(whole: Pairs, name: string, place: Place): Result<Pairs> {
  if (whole.stage !== "scores") return `${name} of attention weights`;
  if (name === "square") return hasFixedNumbers(whole) || whole.biases.length > 0 ? "the square of biased scores" : powers(whole, 2, place); // prettier-ignore
  const pairs = withoutCut(whole);
  if (typeof pairs === "string") return pairs;
  switch (name) {
    case "exp":
      return { ...pairs, stage: "weights", kernel: "softmax", kernelPlace: place };
    case "sigmoid":
      return { ...pairs, stage: "weights", kernel: "sigmoid", kernelPlace: place };
    case "tanh":
      return hasFixedNumbers(pairs) ? "tanh of masked scores" : { ...pairs, notes: added(pairs.notes, softcap) };
    default:
      return `${name} of the scores`;
  }
}

const softcap = "capping the scores with tanh bounds them: the kernel's limit, which some theorems ask for, is not that of plain softmax"; // prettier-ignore

/** Weights applied to the values of the tokens of one side. */
export function attend(
  whole: Pairs,
  axes: readonly Axis[],
  keyAtom: Atom,
  value: StreamNode,
  place: Place,
): Result<StreamNode> {
  // prettier-ignore
  const pairs = reheaded(whole, axes);
  if (typeof pairs === "string") return pairs;
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
  const biases = pairs.biases.map((bias) => withExpression(bias, turned));
  const [query, key] = keys === "right" ? [pairs.left, pairs.right] : [pairs.right, pairs.left];
  const projected = key.sequence.projected;
  if (key.sequence !== value.sequence) {
    if (!projected && !value.sequence.projected) return "keys and values are of different sequences";
    if (value.sequence.projected?.of !== projected?.of)
      return "keys and values are not projected along the same sequence";
  }
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
  const itself = { of: node, kernel: "polynomial" as const };
  switch (node.op) {
    case "part":
    case "scale": {
      const inner = featureMap(node.of);
      if (!inner || inner.kernel === "polynomial") return inner && itself;
      return node.op === "part" ? { ...inner, of: { ...node, of: inner.of } } : undefined;
    }
    case "activation":
      if (node.name === "elu-plus-one") return { of: node.of, kernel: "linear-elu" };
      if (node.name === "relu") return { of: node.of, kernel: "linear-relu" };
      return node.name === "exp" ? randomFeatures(node.of) : undefined;
    case "tokenwise":
    case "multiply":
      return undefined;
    default:
      return itself;
  }
}

/** exp(W x - |x|^2 / 2) with fixed random W: the positive random features of Performer (2009.14794). */
function randomFeatures(node: StreamNode): { of: StreamNode; kernel: AttentionNode["kernel"] } | undefined {
  if (node.op !== "add") return undefined;
  const sides = [node.left, node.right];
  const projection = sides.find((side) => side.op === "linear" && side.frozen && !side.bias);
  const subtracted = sides.find((side) => isNegation(side));
  const square = subtracted?.op === "scale" ? subtracted.of : undefined;
  if (
    projection?.op !== "linear" ||
    square?.op !== "tokenwise" ||
    square.name !== "sum of squares" ||
    square.parts[0] !== projection.of
  )
    return undefined;
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
