/** What goes under a squiggle: places of a specification's values. */
import type { Problem } from "../../theory/architecture/validate";
import type { SpecPath } from "../../theory/verdict/report";
import { childrenAlong, type SourceNode, type Span } from "./source";

/**
 * What a squiggle for the path goes under. The value where it is written on one line; otherwise the key, so that a finding about a whole
 * stack of layers does not underline all of it. Where nothing is written, the nearest thing around it.
 */
export function spanAt(path: SpecPath, root: SourceNode, text: string): Span {
  const along = childrenAlong(root, path);
  const last = along.at(-1);
  if (!last) return firstKey(root);
  const { from, to } = last.value;
  const written = along.length === path.length || last.value.kind === "scalar";
  if (written && from < to && !text.slice(from, to).includes("\n")) return { from, to };
  return typeof last.key === "string" ? { from: last.from, to: last.keyTo } : firstKey(last.value);
}

/** The first key of an object, `$schema` aside; the whole value where there is none. */
function firstKey(node: SourceNode): Span {
  const first = node.kind === "object" ? node.children.find((child) => child.key !== "$schema") : undefined;
  return first ? { from: first.from, to: first.keyTo } : { from: node.from, to: node.to };
}

/** Where a problem of the specification is written. */
export function spanOf({ path, atKey, within }: Problem, root: SourceNode, text: string): Span {
  const child = childrenAlong(root, path)[path.length - 1];
  if (child && atKey) return { from: child.from, to: child.keyTo };
  const span = spanAt(path, root, text);
  if (!child || !within || child.value.kind !== "scalar") return span;
  // Offsets in a text hold in the file where it is written without escapes.
  const at = text.slice(span.from, span.to).indexOf(String(child.value.value));
  return at < 0 ? span : { from: span.from + at + within.from, to: span.from + at + within.to };
}
