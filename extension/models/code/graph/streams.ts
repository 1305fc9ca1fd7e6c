/** Nodes of the stream, made so that the same computation is the same node however it is written: norms, rotations, biases, divisors. */
import { sameExpression } from "./expressions";
import type { Atom, Axis } from "./tensor";
import type { Place, Sequence, StreamNode } from "./nodes";

type Op<Name extends StreamNode["op"]> = Extract<StreamNode, { op: Name }>;

export const tokenwise = (name: string, parts: StreamNode[], place: Place): StreamNode => ({
  op: "tokenwise",
  name,
  parts,
  place,
  sequence: parts[0].sequence,
});

// ------------------------------------------------------------------------------------------------------- rotations

/** Numbers that tokens are multiplied with: `at` a token and features, of so many. */
export interface Factor {
  tokens: number;
  features: number;
  at(token: number, feature: number): number;
}

/** The factors of products with fixed numbers that depend on the token, from which rotations are recognised. */
const factors = new WeakMap<StreamNode, Factor>();
/** Nodes that are another one times a negative number. */
const negations = new WeakSet<StreamNode>();

export const isNegation = (node: StreamNode): boolean => negations.has(node);

export function negate(of: StreamNode, place: Place): StreamNode {
  const node = scale(of, place);
  negations.add(node);
  return node;
}

export const scale = (of: StreamNode, place: Place): StreamNode => ({ op: "scale", of, place, sequence: of.sequence });

/** Multiplied by fixed numbers that differ from token to token; `numbers` is the node that stands for them. */
export function turn(of: StreamNode, numbers: StreamNode, factor: Factor, place: Place): StreamNode {
  const node: StreamNode = { op: "multiply", left: of, right: numbers, place, sequence: of.sequence };
  factors.set(node, factor);
  return node;
}

/** What a node's features are some of, rearranged or negated: the nodes one step below; undefined where it computes something. */
function rearranged(node: StreamNode): readonly StreamNode[] | undefined {
  if (node.op === "part") return node.sequence === node.of.sequence ? [node.of] : undefined;
  if (node.op === "scale") return negations.has(node) ? [node.of] : undefined;
  return node.op === "join" ? node.parts : undefined;
}

const isFrom = (node: StreamNode, origin: StreamNode): boolean =>
  node === origin || rearranged(node)?.every((below) => isFrom(below, origin)) === true;

/** The nearest node whose features, rearranged, chosen or negated, all of these are; undefined where they come from several. */
function origin(nodes: readonly StreamNode[]): StreamNode | undefined {
  for (let at: StreamNode | undefined = nodes[0]; at; at = rearranged(at)?.[0]) {
    const candidate = at;
    if (nodes.every((node) => isFrom(node, candidate))) return candidate;
  }
  return undefined;
}

interface Turned {
  of: StreamNode;
  factor: Factor;
  negated: boolean;
}

/** A feature times a fixed number, or that with the opposite sign. */
function turned(node: StreamNode, negated = false): Turned | undefined {
  if (node.op === "scale" && negations.has(node)) return turned(node.of, !negated);
  const factor = factors.get(node);
  return factor && node.op === "multiply" ? { of: node.left, factor, negated } : undefined;
}

/** cos(t) x + sin(t) x' where x' are other features of the same node: undefined where it is not that. */
function mixed(node: StreamNode): { of: StreamNode; signs: boolean; parts: [StreamNode, StreamNode] } | undefined {
  if (node.op !== "add") return undefined;
  const [a, b] = [turned(node.left), turned(node.right)];
  if (!a || !b || a.of === b.of) return undefined;
  const of = origin([a.of, b.of]);
  if (of === undefined || !onACircle(a.factor, b.factor)) return undefined;
  return { of, signs: a.negated !== b.negated, parts: [a.of, b.of] };
}

/** Tokens and features at which factors are compared. */
const compared = 24;

/** Whether two factors are the cosine and the sine of angles, times numbers that are the same for all tokens. */
function onACircle(a: Factor, b: Factor): boolean {
  if (a.tokens !== b.tokens || a.features !== b.features) return false;
  const some = (size: number) => Array.from({ length: Math.min(size, compared) }, (_, i) => Math.floor((i * size) / Math.min(size, compared))); // prettier-ignore
  return some(a.features).every((feature) => {
    const radii = some(a.tokens).map((token) => Math.hypot(a.at(token, feature), b.at(token, feature)));
    return radii[0] > 0 && radii.every((radius) => Math.abs(radius - radii[0]) <= 1e-6 * radii[0]);
  });
}

/** Whether features are rearranged so that some change their sign and others do not, as a quarter turn does. */
function isQuarterTurn(node: StreamNode): boolean {
  if (node.op === "part") return isQuarterTurn(node.of);
  if (node.op !== "join") return false;
  const negative = node.parts.filter((part) => part.op === "scale" && negations.has(part)).length;
  return negative > 0 && negative < node.parts.length;
}

/** What is rotated, where the node is a rotation of it or of some of its features beside others. */
function rotated(node: StreamNode): StreamNode | undefined {
  if (node.op === "rotate") return node.of;
  if (node.op === "part") return rotated(node.of);
  const whole = mixed(node);
  if (whole) return !whole.signs && whole.parts.some(isQuarterTurn) ? whole.of : undefined;
  if (node.op !== "join") return undefined;
  const halves = node.parts.map(mixed);
  const [first] = halves;
  if (first && halves.every((half) => half?.of === first.of)) {
    // (cos x - sin x', sin x + cos x'): one of the two is a difference.
    const differences = halves.filter((half) => half?.signs).length;
    return differences * 2 === halves.length ? first.of : undefined;
  }
  if (!node.parts.some((part) => rotated(part) !== undefined)) return undefined;
  return origin(node.parts.map((part) => rotated(part) ?? part));
}

export function rotate(of: StreamNode, place: Place): StreamNode {
  return { op: "rotate", of, place, sequence: of.sequence };
}

// ------------------------------------------------------------------------------------------------------- arithmetic

export function add(left: StreamNode, right: StreamNode, place: Place): StreamNode {
  if (left === right) return left;
  if (left.op === "input" && right.op === "input" && left.discrete && right.discrete) return left;
  const sum: StreamNode = { op: "add", left, right, place, sequence: left.sequence };
  const of = rotated(sum);
  return of ? rotate(of, place) : sum;
}

/** `left - right`; minus the mean of the features centres them. */
export function subtract(left: StreamNode, right: StreamNode, place: Place): StreamNode {
  if (right.op === "tokenwise" && right.name === "mean" && right.parts[0] === left)
    return tokenwise("centred", [left], place);
  return add(left, negate(right, place), place);
}

/** A node, and the axes in which its features are laid out. */
export interface LaidOut {
  node: StreamNode;
  axes: readonly Axis[];
}

/** Whether the features of the same node are laid out in the same way. */
export function sameLayout({ axes: a }: LaidOut, { axes: b }: LaidOut): boolean {
  const length = Math.max(a.length, b.length);
  const [x, y] = [a, b].map((axes) => [...Array.from({ length: length - axes.length }, (): Axis => []), ...axes]);
  const [all, others] = [x.flat(), y.flat()];
  return x.every(
    (axis, i) =>
      axis.length === y[i].length &&
      axis.every((atom, k) => {
        const other = y[i][k];
        return atom === other || (atom.size === other.size && atom.role === other.role && !all.includes(other) && !others.includes(atom)); // prettier-ignore
      }),
  );
}

/** What is known of products of every feature with every other: the atoms of the features of each. */
const outerProducts = new WeakMap<StreamNode, { left: readonly Atom[]; right: readonly Atom[] }>();
export const outerProduct = (node: StreamNode) => outerProducts.get(node);

/** The product of the tokens' features, broadcast; the axes are those of the product. */
export function product(left: LaidOut, right: LaidOut, place: Place): StreamNode {
  if (left.node === right.node && !sameLayout(left, right))
    return { op: "multiply", left: left.node, right: right.node, place, sequence: left.node.sequence };
  const made = multiply(left.node, right.node, place);
  const own = (mine: LaidOut, theirs: LaidOut) => {
    const shift = theirs.axes.length - mine.axes.length;
    return mine.axes.flatMap((axis, i) => ((theirs.axes[i + shift] ?? []).length === 0 ? axis : []));
  };
  const [a, b] = [own(left, right), own(right, left)];
  if (made.op === "multiply" && a.length > 0 && b.length > 0) outerProducts.set(made, { left: a, right: b });
  return made;
}

export function multiply(left: StreamNode, right: StreamNode, place: Place): StreamNode {
  if (left === right) return { op: "activation", of: left, name: "square", place, sequence: left.sequence };
  const divided = dividedBy(left, right, "inverse", place) ?? dividedBy(right, left, "inverse", place);
  return divided ?? { op: "multiply", left, right, place, sequence: left.sequence };
}

export function divide(left: StreamNode, right: StreamNode, place: Place): StreamNode {
  return dividedBy(left, right, "plain", place) ?? tokenwise("a quotient", [left, right], place);
}

/** A norm, or attention divided by the sum of its weights, where the divisor is one; `how` says whether it is already inverted. */
function dividedBy(of: StreamNode, by: StreamNode, how: "plain" | "inverse", place: Place): StreamNode | undefined {
  if (of.op === "scale" && !negations.has(of)) {
    const inner = dividedBy(of.of, by, how, place);
    return inner && { ...of, of: inner };
  }
  const divisor = how === "plain" ? by : inverted(by);
  if (!divisor) return undefined;
  const attention = normalised(of, divisor, place);
  if (attention) return attention;
  const measured = rootMeanSquare(divisor);
  if (!measured) return undefined;
  const { sequence } = of;
  if (measured.kind === "length") return measured.of === of ? { op: "unit", of, place, sequence } : undefined;
  const centred = of.op === "tokenwise" && of.name === "centred" ? of.parts[0] : undefined;
  if (centred && (measured.of === of || (measured.kind === "deviation" && measured.of === centred)))
    return { op: "norm", of: centred, kind: "layer", place, sequence };
  return measured.of === of && measured.kind === "square"
    ? { op: "norm", of, kind: "rms", place, sequence }
    : undefined;
}

/** x where the node is 1 / x. */
function inverted(node: StreamNode): StreamNode | undefined {
  if (node.op !== "tokenwise") return undefined;
  if (node.name === "reciprocal") return node.parts[0];
  if (node.name === "reciprocal root") return tokenwise("root", node.parts, node.place);
  if (node.name === "root") {
    const inner = inverted(node.parts[0]);
    return inner && tokenwise("root", [inner], node.place);
  }
  return undefined;
}

function rootMeanSquare(node: StreamNode): { of: StreamNode; kind: "square" | "deviation" | "length" } | undefined {
  if (node.op !== "tokenwise") return undefined;
  if (node.name === "length") return { of: node.parts[0], kind: "length" };
  if (node.name === "deviation") return { of: node.parts[0], kind: "deviation" };
  const [inner] = node.parts;
  if (node.name !== "root" || inner.op !== "tokenwise") return undefined;
  if (inner.name === "mean square") return { of: inner.parts[0], kind: "square" };
  if (inner.name === "sum of squares") return { of: inner.parts[0], kind: "length" };
  return inner.name === "variance" ? { of: inner.parts[0], kind: "deviation" } : undefined;
}

/** Attention whose rows are divided by the sums of their weights. */
function normalised(of: StreamNode, divisor: StreamNode, place: Place): StreamNode | undefined {
  if (of.op !== "attend" || divisor.op !== "attend" || divisor.attention.value.op !== "constant") return undefined;
  const [a, b] = [of.attention, divisor.attention];
  const same = a.query === b.query && a.key === b.key && a.heads === b.heads && a.kernel === b.kernel && a.degree === b.degree; // prettier-ignore
  if (!same || a.normalized || b.normalized || a.biases.length + b.biases.length > 0 || !sameMask(a, b))
    return undefined;
  return { op: "attend", attention: { ...a, normalized: true }, place, sequence: of.sequence };
}

const sameMask = ({ mask: a }: Op<"attend">["attention"], { mask: b }: Op<"attend">["attention"]): boolean =>
  a && b ? sameExpression(a.condition, b.condition) : a === b;

/** A mean, sum or variance over all features. */
export function summary(of: StreamNode, what: "mean" | "sum" | "variance", place: Place): StreamNode {
  if (what === "variance") return tokenwise("variance", [of], place);
  if (of.op === "activation" && of.name === "square")
    return tokenwise(what === "mean" ? "mean square" : "sum of squares", [of.of], place);
  if (of.op === "tokenwise" && of.name === "squared magnitude")
    return tokenwise(what === "mean" ? "mean square" : "sum of squares", of.parts, place);
  return tokenwise(what, [of], place);
}

/** A learned vector added, one number for every feature where it is `full`: the bias of a linear map that has none yet. */
export function addVector(of: StreamNode, trainable: boolean, full: boolean, place: Place): StreamNode {
  if (of.op === "linear" && !of.bias && trainable && full) return { ...of, bias: true, biasPlace: place };
  return add(of, constant(of.sequence, place), place);
}

/** Divisors of norms and of attention, and features of kernels, to which small numbers are added so that they are not 0. */
export function staysNearby(node: StreamNode): boolean {
  if (node.op === "activation") return node.name === "relu" || node.name === "exp" || node.name === "elu-plus-one";
  if (node.op === "attend") return node.attention.value.op === "constant";
  return node.op === "tokenwise" && ["root", "mean square", "sum of squares", "variance", "deviation", "length"].includes(node.name); // prettier-ignore
}

export const constant = (sequence: Sequence, place: Place): StreamNode => ({ op: "constant", place, sequence });

/** Some of the features: every `step`-th in [from, to) of an axis of `size`, with `stride` features for each place along it. */
export function part(
  of: StreamNode,
  { from, to, step, size, stride }: { from: number; to: number; step: number; size: number; stride: number },
  place: Place,
): StreamNode {
  // prettier-ignore
  if (from === 0 && to === size && step === 1) return of;
  return { op: "part", of, key: `${from}:${to}:${step} of ${size}x${stride}`, place, sequence: of.sequence };
}

export function join(parts: StreamNode[], place: Place): StreamNode {
  const node: StreamNode = { op: "join", parts, place, sequence: parts[0].sequence };
  const turned = rotated(node);
  return turned ? rotate(turned, place) : node;
}
