/** Values that code makes, as a specification whose parts know where they are written. */
import { limits } from "../../../theory/architecture/limits";
import type { Child, SourceNode } from "../../spec/source";
import type { Place } from "../graph/nodes";
import type { Form, Slot, Unknown, Value, Written } from "./values";
import { placeOf } from "./values";

/** How a part is written: where its value is made, and where it is used. */
export interface Origin {
  form: Form | undefined;
  /** The literal that it is. */
  literal: Place | undefined;
  /** The entry of the collection that it is in. */
  written: Written | undefined;
}

export type Origins = ReadonlyMap<SourceNode, Origin>;

export class Writing {
  readonly origins = new Map<SourceNode, Origin>();
  /** The first part that is not known. */
  unknown: Unknown | undefined;

  /**
   * @param unwrap the value that stands in a specification for a library's object.
   * @param work counts values.
   */
  constructor(
    private readonly unwrap: (value: Value) => Value,
    private readonly work: (amount: number) => void,
  ) {}

  /** @param around the place of what the value is part of, where it has none of its own. */
  node(wrapped: Value, around: Place, written: Written | undefined, depth = 0): SourceNode {
    this.work(1);
    const value = this.unwrap(wrapped);
    const used = written?.value ?? around;
    const origin: Origin = { form: undefined, literal: undefined, written };
    const made = (node: SourceNode): SourceNode => {
      this.origins.set(node, origin);
      return node;
    };
    const missing = (reason: string, place: Place) => {
      this.unknown ??= { kind: "unknown", reason, place };
      return made({ kind: "scalar", value: null, ...used });
    };
    if (depth > limits.nesting) return missing("a value that is nested too deep", used);
    switch (value.kind) {
      case "object":
      case "array": {
        if (value.lost) return missing(value.lost.reason, value.lost.place);
        if (value.kind === "object" && value.type) return missing(`an instance of \`${value.type.name}\``, used);
        origin.form = value.form;
        const place = value.form ? extent(value.form) : used;
        const entries: [string | number, Slot][] =
          value.kind === "array" ? value.items.map((item, i) => [i, item]) : [...value.entries];
        const children = entries.flatMap(([key, slot]): Child[] => {
          // As in JSON, and as the schema reads it: a key without a value is none.
          if (slot.value.kind === "undefined" && typeof key === "string") return [];
          const inner = this.node(slot.value, place, slot.written, depth + 1);
          const { from, to } = slot.written?.key ?? { from: inner.from, to: inner.from };
          return [{ key, from, keyTo: to, value: inner }];
        });
        return made({ kind: value.kind === "array" ? "list" : "object", style: "flow", ...place, children });
      }
      case "undefined":
        return made({ kind: "scalar", value: null, ...used });
      case "null":
        origin.literal = value.literal;
        return made({ kind: "scalar", value: null, ...(value.literal ?? used) });
      case "boolean":
      case "number":
      case "string":
        origin.literal = value.literal;
        return made({ kind: "scalar", value: value.value, ...(value.literal ?? used) });
      case "unknown":
        return missing(value.reason, value.place);
      case "function":
      case "class":
        return missing(`the ${value.kind} \`${value.name}\``, used);
      case "native":
        return missing(value.type.name, used);
    }
  }
}

/**
 * A value that the code was seen to make when it ran, with the places that reading the code found for its parts.
 * @param read what reading found: null where it did not know.
 */
export function placed(value: unknown, read: SourceNode | undefined, around: Place): SourceNode {
  const { from, to } = read ?? around;
  if (typeof value !== "object" || value === null) return { kind: "scalar", value, from, to };
  const kind = Array.isArray(value) ? "list" : "object";
  const known = read?.kind === kind ? read.children : [];
  const children = Object.entries(value as Record<string, unknown>).map(([name, item]): Child => {
    const key = kind === "list" ? Number(name) : name;
    const found = known.find((child) => child.key === key);
    const inner = placed(item, found?.value, { from, to });
    return { key, from: found?.from ?? from, keyTo: found?.keyTo ?? to, value: inner };
  });
  return { kind, style: "flow", from, to, children };
}

function extent({ kind, node }: Form): Place {
  return kind === "arguments" ? { from: node.from + 1, to: node.to - 1 } : placeOf(node);
}
