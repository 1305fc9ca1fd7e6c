/** Nodes of the stream, made so that the same computation is the same node however it is written: norms, rotations, biases, divisors. */
import type { Place, Sequence, StreamNode } from "./nodes";

type Op<Name extends StreamNode["op"]> = Extract<StreamNode, { op: Name }>;

export const tokenwise = (name: string, parts: StreamNode[], place: Place): StreamNode => ({
  op: "tokenwise",
  name,
  parts,
  place,
  sequence: parts[0].sequence,
});

/** The node whose features these are, rearranged, chosen or negated; undefined where they come from several. */
function origin(node: StreamNode): StreamNode | undefined {
  if (node.op === "part") return origin(node.of);
  if (node.op === "scale") return origin(node.of);
  if (node.op !== "join") return node;
  const [first, ...others] = node.parts.map(origin);
  return others.every((other) => other === first) ? first : undefined;
}

/** What is rotated, where the node is a rotation of it or of a part, or a rearrangement of such. */
function rotated(node: StreamNode): StreamNode | undefined {
  if (node.op === "rotate") return origin(node.of);
  if (node.op === "part") return rotated(node.of);
  if (node.op !== "join" || !node.parts.some((part) => rotated(part) !== undefined)) return undefined;
  const [first, ...others] = node.parts.map((part) => rotated(part) ?? origin(part));
  return first !== undefined && others.every((other) => other === first) ? first : undefined;
}

export function rotate(of: StreamNode, place: Place): StreamNode {
  return { op: "rotate", of, place, sequence: of.sequence };
}

export function add(left: StreamNode, right: StreamNode, place: Place): StreamNode {
  if (left === right) return left;
  // cos(t) x + sin(t) x', where x' are the same features in another order: a rotation of x.
  const [a, b] = [rotated(left), rotated(right)];
  if (a !== undefined && a === b) return rotate(a, place);
  if (left.op === "input" && right.op === "input" && left.discrete && right.discrete) return left;
  return { op: "add", left, right, place, sequence: left.sequence };
}

/** `left - right`; minus the mean of the features centres them. */
export function subtract(left: StreamNode, right: StreamNode, place: Place): StreamNode {
  if (right.op === "tokenwise" && right.name === "mean" && right.parts[0] === left)
    return tokenwise("centred", [left], place);
  const [a, b] = [rotated(left), rotated(right)];
  if (a !== undefined && a === b) return rotate(a, place);
  return add(left, { op: "scale", of: right, place, sequence: right.sequence }, place);
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
  const same = a.query === b.query && a.key === b.key && a.kernel === b.kernel && a.degree === b.degree && sameMask(a, b); // prettier-ignore
  if (!same || a.normalized) return undefined;
  return { op: "attend", attention: { ...a, normalized: true }, place, sequence: of.sequence };
}

const sameMask = (a: Op<"attend">["attention"], b: Op<"attend">["attention"]): boolean =>
  JSON.stringify(a.mask?.condition) === JSON.stringify(b.mask?.condition);

/** A mean, sum or variance over all features. */
export function summary(of: StreamNode, what: "mean" | "sum" | "variance", place: Place): StreamNode {
  if (what === "variance") return tokenwise("variance", [of], place);
  if (of.op === "activation" && of.name === "square")
    return tokenwise(what === "mean" ? "mean square" : "sum of squares", [of.of], place);
  if (of.op === "tokenwise" && of.name === "squared magnitude")
    return tokenwise(what === "mean" ? "mean square" : "sum of squares", of.parts, place);
  return tokenwise(what, [of], place);
}

/** A learned vector added: the bias of a linear map that has none yet. */
export function addVector(of: StreamNode, trainable: boolean, place: Place): StreamNode {
  if (of.op === "linear" && !of.bias && trainable) return { ...of, bias: true, biasPlace: place };
  return add(of, constant(of.sequence, place), place);
}

export const constant = (sequence: Sequence, place: Place): StreamNode => ({ op: "constant", place, sequence });

/** Some of the features, [from, to) of `size`. */
export function part(of: StreamNode, from: number, to: number, size: number, place: Place): StreamNode {
  if (from === 0 && to === size) return of;
  return { op: "part", of, key: `${from}:${to}`, place, sequence: of.sequence };
}

export function join(parts: StreamNode[], place: Place): StreamNode {
  const node: StreamNode = { op: "join", parts, place, sequence: parts[0].sequence };
  const turned = rotated(node);
  return turned ? rotate(turned, place) : node;
}
