/** What is computed for each token by itself: walking the graph between two nodes of the stream, and feed-forward networks. */
import { activationNames, type ActivationName } from "../../../theory/architecture/schema";
import type { Place, StreamNode } from "./nodes";

type WithOp<Node, Name> = Node extends { op: infer Own } ? (Name extends Own ? Node : never) : never;
export type Op<Name extends StreamNode["op"]> = WithOp<StreamNode, Name>;
export type Linear = Op<"linear">;

/** The nodes that a node is computed from, token by token. */
export function tokenwiseInputs(node: StreamNode): readonly StreamNode[] {
  switch (node.op) {
    case "input":
    case "position":
    case "constant":
    case "attend":
      return [];
    case "add":
    case "multiply":
      return [node.left, node.right];
    case "join":
    case "tokenwise":
      return node.parts;
    default:
      return [node.of];
  }
}

/** As tokenwiseInputs, and through attention what is read. */
export const allInputs = (node: StreamNode): readonly StreamNode[] =>
  node.op === "attend" ? [node.attention.query, node.attention.key, node.attention.value] : tokenwiseInputs(node);

/** Whether the node takes in other tokens without attention: a projection along the sequence, or learned tokens beside it. */
export const changesSequence = (node: StreamNode): boolean =>
  node.op === "extend" || (node.op === "part" && node.sequence !== node.of.sequence);

/** The nodes that have no tokenwise inputs, and those of `stops`, that a node is computed from token by token, from left to right. */
export function leaves(node: StreamNode, stops: (node: StreamNode) => boolean): Set<StreamNode> {
  const found = new Set<StreamNode>();
  const seen = new Set<StreamNode>([node]);
  const pending = [node];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const inputs = stops(next) ? [] : tokenwiseInputs(next);
    if (inputs.length === 0) found.add(next);
    for (const input of inputs.toReversed()) {
      if (seen.has(input)) continue;
      seen.add(input);
      pending.push(input);
    }
  }
  return found;
}

// -------------------------------------------------------------------------------------------------------- feed-forward

/** A feed-forward network as it is written. */
export interface FeedForwardSource {
  place: Place;
  activation: ActivationName;
  activationPlace: Place;
  /** The linear maps whose results go through the activation or are gates. */
  inner: Linear[];
  /** All linear maps. */
  linears: Linear[];
  bias: boolean;
  /** Where the first missing bias would be. */
  biasPlace: Place;
  frozen: boolean;
  hidden: number | null;
  /** Normalisation of its input. */
  norm: Op<"norm"> | undefined;
  /** Normalisation of its output. */
  outerNorm: Op<"norm"> | undefined;
  /** Whether a linear map follows the last activation. */
  closed: boolean;
  /** What is in it that is not part of a plain network, as a noun phrase. */
  odd: string | undefined;
}

/** What stands between a node and the one below it. */
export type Tokenwise =
  /** At most one linear map after another: part of what is below it. */
  | { kind: "affine"; linears: Linear[]; norm: Op<"norm"> | undefined }
  | ({ kind: "feed-forward" } & FeedForwardSource)
  | {
      kind: "not understood";
      reason: string;
      place: Place;
      /** Whether it differs from token to token. */ positional: boolean;
    };

interface Walk {
  /** Linear maps one after the other. */
  depth: number;
  linears: Linear[];
  /** Those since the last activation. */
  tail: Linear[];
  inner: Linear[];
  activations: { name: Op<"activation">["name"]; place: Place }[];
  norm: Op<"norm"> | undefined;
  outerNorm: Op<"norm"> | undefined;
  odd: string | undefined;
  /** A multiplication by numbers that depend on the token's index. */
  rotated: Place | undefined;
}

const nothing: Walk = { depth: 0, linears: [], tail: [], inner: [], activations: [], norm: undefined, outerNorm: undefined, odd: undefined, rotated: undefined }; // prettier-ignore

const joined = (a: Walk, b: Walk): Walk => ({
  depth: Math.max(a.depth, b.depth),
  linears: union(a.linears, b.linears),
  tail: union(a.tail, b.tail),
  inner: union(a.inner, b.inner),
  activations: union(a.activations, b.activations),
  norm: a.norm ?? b.norm,
  outerNorm: a.outerNorm ?? b.outerNorm,
  odd: a.odd ?? b.odd,
  rotated: a.rotated ?? b.rotated,
});

const union = <T>(a: readonly T[], b: readonly T[]): T[] => [...new Set([...a, ...b])];

/**
 * Reads the tokenwise function that takes `below` to `node`. Every path from `node` down ends at `below` or at a constant.
 */
export function readTokenwise(node: StreamNode, below: StreamNode): Tokenwise {
  const walks = new Map<StreamNode, Walk>([[below, nothing]]);
  const walk = (at: StreamNode): Walk => {
    const known = walks.get(at);
    if (known) return known;
    const made = step(at);
    walks.set(at, made);
    return made;
  };
  const step = (at: StreamNode): Walk => {
    switch (at.op) {
      case "linear": {
        const before = walk(at.of);
        return { ...before, depth: before.depth + 1, linears: union(before.linears, [at]), tail: [at], outerNorm: undefined }; // prettier-ignore
      }
      case "norm": {
        const before = walk(at.of);
        return before.linears.length === 0 ? { ...before, norm: at } : { ...before, outerNorm: at };
      }
      case "activation": {
        const inside = at.of;
        if (at.name === "square" && inside.op === "activation" && inside.name === "relu") {
          const before = walk(inside);
          const squared = { name: "relu-squared" as const, place: at.place };
          return { ...before, activations: [...before.activations.slice(0, -1), squared] };
        }
        return activated(walk(at.of), at.name, at.place);
      }
      case "multiply":
        return product(at);
      case "rotate":
        return { ...walk(at.of), rotated: at.place };
      case "tokenwise": {
        const parts = at.parts.map(walk).reduce(joined);
        return { ...parts, odd: parts.odd ?? at.name };
      }
      default:
        return tokenwiseInputs(at).map(walk).reduce(joined, nothing);
    }
  };
  const product = (at: Op<"multiply">): Walk => {
    const elementwise = elementwiseActivation(at);
    if (elementwise) return activated(walk(elementwise.of), elementwise.name, at.place);
    const [left, right] = [walk(at.left), walk(at.right)];
    const both = joined(left, right);
    const gates = [left, right].filter(({ activations }) => activations.length === 0);
    if (gates.length === 0) return both;
    if (gates.length === 2) return { ...both, odd: both.odd ?? "a product of linear maps" };
    const gated = both.activations.map((activation) => ({ ...activation, name: gate(activation.name) }));
    return { ...both, activations: gated, inner: union(both.inner, gates[0].tail), tail: [] };
  };
  const { depth, linears, tail, inner, activations, norm, outerNorm, odd, rotated } = walk(node);
  const strange = (reason: string, place: Place, positional = false): Tokenwise => ({
    kind: "not understood",
    reason,
    place,
    positional,
  });
  if (rotated) return strange("tokens are multiplied by numbers that depend on the position", rotated, true);
  if (activations.length === 0) {
    if (odd !== undefined) return strange(`a tokenwise function (${odd})`, node.place);
    if (depth < 2) return { kind: "affine", linears, norm };
  }
  const [first = { name: "linear" as const, place: node.place }] = activations;
  const name = activationNames.find((known) => known === first.name);
  if (!name && first.name !== "elu-plus-one") return strange(`the activation ${first.name}`, first.place); // prettier-ignore
  const maps = activations.length === 0 ? linears : inner;
  const bare = maps.find(({ bias }) => !bias);
  return {
    kind: "feed-forward",
    place: node.place,
    activation: name ?? "elu",
    activationPlace: first.place,
    inner: maps,
    linears,
    bias: bare === undefined,
    biasPlace: (bare ?? maps.at(0))?.biasPlace ?? node.place,
    frozen: maps.some(({ frozen }) => frozen),
    hidden: maps.at(0)?.width ?? null,
    norm,
    outerNorm,
    closed: tail.length > 0,
    odd,
  };
}

function activated(before: Walk, name: Op<"activation">["name"], place: Place): Walk {
  return { ...before, inner: union(before.inner, before.tail), tail: [], activations: [...before.activations, { name, place }] }; // prettier-ignore
}

/** A gated unit with a constant gate is a plain one, so that other gated units are read as their activation (theory, section 1). */
const gate = (name: Op<"activation">["name"]) => (name === "silu" ? "swiglu" : name === "gelu" ? "geglu" : name);

/** x sigmoid(x), x sigmoid(1.7 x) and x (1 + tanh(...)) written out. */
function elementwiseActivation({ left, right }: Op<"multiply">): { of: StreamNode; name: ActivationName } | undefined {
  for (const [factor, other] of [
    [left, right],
    [right, left],
  ]) {
    // prettier-ignore
    const of = unscaled(factor);
    if (other.op === "activation" && other.name === "sigmoid") {
      if (other.of === of) return { of, name: "silu" };
      if (unscaled(other.of) === of) return { of, name: "gelu" };
    }
    const inside = unscaled(other);
    if (inside.op !== "add") continue;
    const squashed = [inside.left, inside.right].map(unscaled).find(isSquashing);
    if (squashed && [...leaves(squashed, (node) => node === of)].every((leaf) => leaf === of || leaf.op === "constant"))
      return { of, name: "gelu" };
  }
  return undefined;
}

const isSquashing = (node: StreamNode): boolean =>
  (node.op === "activation" && node.name === "tanh") || (node.op === "tokenwise" && /erf/.test(node.name));

function unscaled(node: StreamNode): StreamNode {
  let at = node;
  while (at.op === "scale") at = at.of;
  return at;
}

// ------------------------------------------------------------------------------------------------- queries, keys, values

/** How a query, a key or a value is made from the token. */
export interface Source {
  /** The first linear map below the attention. */
  linear: Linear | undefined;
  /** The node whose features these are, turned, normalised and chosen: equal where queries and keys share a projection. */
  features: string;
  rotated: Place | undefined;
  /** Normalisation of the features (QK-norm). */
  unit: Place | undefined;
  /** Normalisation of the token before the projection. */
  norm: Op<"norm"> | undefined;
  /** An activation or another function in between, as a noun phrase. */
  odd: string | undefined;
}

const ids = new WeakMap<StreamNode, number>();
let lastId = 0;
function idOf(node: StreamNode): number {
  const known = ids.get(node);
  if (known !== undefined) return known;
  ids.set(node, ++lastId);
  return lastId;
}

/** Reads how `node` is made from `below`; a string says why it is not made from it alone. */
export function readSource(node: StreamNode, below: StreamNode): Source | string {
  const plain: Source = { linear: undefined, features: String(idOf(node)), rotated: undefined, unit: undefined, norm: undefined, odd: undefined }; // prettier-ignore
  if (node === below) return plain;
  const merged = (parts: readonly StreamNode[]): Source | string => {
    let result: Source | undefined;
    for (const part of parts) {
      if (part.op === "constant") continue;
      const source = readSource(part, below);
      if (typeof source === "string") return source;
      result = result
        ? {
            linear: result.linear ?? source.linear,
            features: `${result.features},${source.features}`,
            rotated: result.rotated ?? source.rotated,
            unit: result.unit ?? source.unit,
            norm: result.norm ?? source.norm,
            odd: result.odd ?? source.odd,
          }
        : source;
    }
    return result ?? "a constant";
  };
  switch (node.op) {
    case "scale":
      return readSource(node.of, below);
    case "part": {
      const source = readSource(node.of, below);
      return typeof source === "string" ? source : { ...source, features: `${source.features}[${node.key}]` };
    }
    case "unit":
    case "norm": {
      const source = readSource(node.of, below);
      if (typeof source === "string") return source;
      if (source.linear) return { ...source, unit: node.place };
      return node.op === "norm" ? { ...source, norm: node } : { ...source, unit: node.place };
    }
    case "rotate": {
      const source = readSource(node.of, below);
      return typeof source === "string" ? source : { ...source, rotated: node.place };
    }
    case "linear": {
      const source = readSource(node.of, below);
      if (typeof source === "string") return source;
      const own = { ...source, linear: node, features: String(idOf(node)) };
      // What is normalised between two maps is no query or key yet.
      return source.unit ? { ...own, unit: undefined, odd: source.odd ?? "a normalisation" } : own;
    }
    case "join":
    case "add":
      return merged(tokenwiseInputs(node));
    case "activation":
    case "multiply":
    case "tokenwise": {
      const source = merged(tokenwiseInputs(node));
      const name = node.op === "activation" || node.op === "tokenwise" ? node.name : "a product";
      return typeof source === "string" ? source : { ...source, odd: source.odd ?? name, features: String(idOf(node)) };
    }
    case "position":
      return "positions are added to queries, keys or values by themselves";
    default:
      return "it is not made from the token that the attention belongs to";
  }
}
