/** What tests ask of the graph of a model's code: a stream as a term, its attentions, and which pairs they read. */
import { valueAt } from "../../extension/models/code/graph/expressions";
import type { AttentionNode, StreamNode } from "../../extension/models/code/graph/nodes";
import { allInputs } from "../../extension/models/code/graph/tokenwise";

/**
 * A stream as a term: what is computed from what.
 * @param attended how an attention is written
 * @param prefix of position codes
 */
export function termOf(
  node: StreamNode,
  attended: (attention: AttentionNode, term: (node: StreamNode) => string) => string,
  prefix = "",
): string {
  // prettier-ignore
  const term = (part: StreamNode): string => termOf(part, attended, prefix);
  switch (node.op) {
    case "input":
      return node.sequence.name === "tokens" ? "x" : node.sequence.name;
    case "position":
      return `${prefix}${node.code}`;
    case "constant":
      return "constant";
    case "linear":
      return `${node.frozen ? "frozen" : "linear"}${node.bias ? "" : "-no-bias"}:${node.width}(${term(node.of)})`;
    case "activation":
      return `${node.name}(${term(node.of)})`;
    case "norm":
      return `${node.kind}-norm(${term(node.of)})`;
    case "add":
      return `${term(node.left)} + ${term(node.right)}`;
    case "multiply":
      return `(${term(node.left)}) * (${term(node.right)})`;
    case "attend":
      return attended(node.attention, term);
    case "join":
    case "tokenwise":
      return `${node.op}(${node.parts.map(term).join("; ")})`;
    default:
      return `${node.op}(${term(node.of)})`;
  }
}

/** All attentions that a stream comes from, those below first. */
export function attentions(node: StreamNode, seen = new Set<StreamNode>()): AttentionNode[] {
  if (seen.has(node)) return [];
  seen.add(node);
  const below = allInputs(node).flatMap((part) => attentions(part, seen));
  return node.op === "attend" ? [...below, node.attention] : below;
}

/** Whether a head's query reads a key: by the mask, and by added numbers that remove pairs. */
export const readsPair = ({ mask, biases }: AttentionNode, headQueryKey: readonly number[]): boolean =>
  (!mask || valueAt(mask.condition, headQueryKey) !== 0) &&
  biases.every((bias) => bias.kind !== "fixed" || valueAt(bias.value, headQueryKey) > -1e4);

/** The pairs of tokens that are read, a row of 0 and 1 for each query. */
export const rowsOf = (tokens: number, reads: (query: number, key: number) => boolean): string[] =>
  Array.from({ length: tokens }, (_, query) =>
    Array.from({ length: tokens }, (_, key) => Number(reads(query, key))).join(""),
  );
