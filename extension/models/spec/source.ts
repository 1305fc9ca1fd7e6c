/** A parsed specification whose values know where they are written: one form for JSON and YAML. */
import type { SpecPath } from "../../theory/verdict/report";

/** Offsets are UTF-16 code units, `to` excluded. */
export interface Span {
  from: number;
  to: number;
}

export interface Child {
  /** The key in an object, the index in a list. */
  key: string | number;
  /** Start of what belongs to the child: its key, its dash in a block list, or the value itself. */
  from: number;
  /** End of the key or dash; `from` where there is none. */
  keyTo: number;
  value: SourceNode;
}

export interface Scalar extends Span {
  kind: "scalar";
  value: unknown;
}

export interface Collection extends Span {
  kind: "object" | "list";
  /** flow: in brackets, as all of JSON is. block: by indentation. */
  style: "flow" | "block";
  children: Child[];
  /** Written elsewhere, under an anchor, and meant here by an alias. */
  aliased?: true;
}

export type SourceNode = Scalar | Collection;

/** What was wrong with a text, and where. */
export interface Fault extends Span {
  message: string;
}

export type Parsed = { root: SourceNode } | { faults: Fault[] };

/** The value without its places. Own properties only, also for a key named `__proto__`. */
export function toValue(node: SourceNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.children.map((child) => toValue(child.value));
  const object: Record<string, unknown> = {};
  for (const { key, value } of node.children) {
    if (key === "__proto__") Object.defineProperty(object, key, { value: toValue(value), enumerable: true });
    else object[key] = toValue(value);
  }
  return object;
}

export function childOf(node: SourceNode, key: string | number): Child | undefined {
  if (node.kind === "scalar") return undefined;
  return node.kind === "list" ? node.children[Number(key)] : node.children.find((child) => child.key === key);
}

/** The children on the way along the path, as far as it is written. */
export function childrenAlong(root: SourceNode, path: SpecPath): Child[] {
  const found: Child[] = [];
  let node = root;
  for (const key of path) {
    const child = childOf(node, key);
    if (!child) break;
    found.push(child);
    node = child.value;
  }
  return found;
}
