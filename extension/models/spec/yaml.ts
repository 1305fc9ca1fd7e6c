/** YAML 1.2 (core schema, one document, no tags of one's own), to a tree with places. */
import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Parser,
  type Alias,
  type CST,
  type Document,
  type Node,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { limits } from "../../theory/architecture/limits";
import { clip } from "../../theory/architecture/words";
import type { Child, Fault, Parsed, SourceNode, Span } from "./source";

/** Parses a YAML text. Never throws; the size, the depth and the number of values after aliases are bounded by `limits`. */
export function parseYaml(text: string): Parsed {
  if (text.length > limits.yamlCharacters) {
    const message = `a YAML file of more than ${limits.yamlCharacters} characters is not read; JSON may be larger`;
    return { faults: [{ message, from: 0, to: text.length }] };
  }
  const tokens = [...new Parser().parse(text)];
  const deep = tooDeep(tokens);
  if (deep !== undefined) {
    const message = `values are nested more than ${limits.nesting} deep`;
    return { faults: [{ message, from: deep, to: deep + 1 }] };
  }
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    // Compared pair by pair by the library, which takes minutes on a large map; checked below instead.
    uniqueKeys: false,
    prettyErrors: false,
    keepSourceTokens: true,
    logLevel: "silent",
  });
  const documents = withoutStacks(() => [...composer.compose(tokens, true, text.length)]);
  const faults: Fault[] = documents.flatMap(({ errors, warnings }) =>
    [...errors, ...warnings].map(({ message, pos: [from, to] }) => ({ message: `YAML: ${message}`, from, to })),
  );
  if (documents.length > 1) {
    const [from, to] = documents[1].range;
    faults.push({ message: "a model file holds one YAML document; this is a second one", from, to });
  }
  if (faults.length > 0) return { faults };
  return new TreeBuilder(text, documents[0]).parsed();
}

/** Runs what makes an error object for every fault of a file, of which there may be as many as characters: their stacks cost the most. */
function withoutStacks<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The offset of a token nested too deep, if there is one; found without recursion, since the composer recurses. */
function tooDeep(tokens: readonly CST.Token[]): number | undefined {
  const pending = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { token, depth } = next;
    if (depth > limits.nesting) return "offset" in token ? token.offset : 0;
    if (token.type === "document") {
      if (token.value) pending.push({ token: token.value, depth });
    } else if ("items" in token) {
      for (const { key, value } of token.items as CST.CollectionItem[]) {
        if (key) pending.push({ token: key, depth: depth + 1 });
        if (value) pending.push({ token: value, depth: depth + 1 });
      }
    }
  }
  return undefined;
}

class TreeBuilder {
  private readonly faults: Fault[] = [];
  /** Values that an anchored node stands for, so that aliases cannot multiply without bound. */
  private readonly sizes = new Map<SourceNode, number>();
  private readonly anchors = new Map<string, SourceNode>();
  private values = 0;

  constructor(
    private readonly text: string,
    private readonly document: Document.Parsed,
  ) {}

  parsed(): Parsed {
    const root = this.node(this.document.contents, 0);
    return this.faults.length > 0 ? { faults: this.faults } : { root };
  }

  /** @param at where an empty value would be written. */
  private node(node: Node | null, at: number): SourceNode {
    const before = this.values++;
    if (this.values > limits.values) return this.fault("the aliases of this file stand for too many values", node, at);
    const built = this.build(node, at);
    if (node && !isAlias(node) && node.anchor !== undefined) {
      this.anchors.set(node.anchor, built);
      this.sizes.set(built, this.values - before);
    }
    return built;
  }

  private build(node: Node | null, at: number): SourceNode {
    if (isAlias(node)) return this.alias(node);
    if (isMap(node)) return this.object(node);
    if (isSeq(node)) return this.list(node);
    if (isScalar(node)) return { kind: "scalar", value: node.value, ...this.span(node, at) };
    return { kind: "scalar", value: null, from: at, to: at };
  }

  private alias(alias: Alias): SourceNode {
    const span = this.span(alias, 0);
    const meant = this.anchors.get(alias.source);
    // An anchor is known once its node is complete, so an alias inside its own node is not.
    if (!meant) return this.fault(`the alias \`*${clip(alias.source)}\` has no anchor before it`, alias, span.from);
    this.values += this.sizes.get(meant)!;
    if (this.values > limits.values) return this.fault("the aliases of this file stand for too many values", alias, 0);
    return meant.kind === "scalar" ? { ...meant, ...span } : { ...meant, ...span, aliased: true };
  }

  private object(map: YAMLMap): SourceNode {
    const keys = new Set<string>();
    const children = map.items.map((pair): Child => {
      const key = pair.key as Node | null;
      const { from, to: keyTo } = this.span(key, this.span(map, 0).from);
      const name = isScalar(key) ? key.source : undefined;
      if (name === undefined) this.fault("a key must be plain text", key, from);
      else if (keys.has(name)) this.fault(`the key \`${clip(name)}\` is here twice`, key, from);
      keys.add(name ?? "");
      return { key: name ?? "", from, keyTo, value: this.node(pair.value as Node | null, keyTo) };
    });
    return { kind: "object", ...this.extent(map, children), children };
  }

  private list(seq: YAMLSeq): SourceNode {
    const source = seq.srcToken as CST.BlockSequence | CST.FlowCollection;
    const children = seq.items.map((item, index): Child => {
      const dash = source.items[index]?.start.find((token) => token.type === "seq-item-ind");
      const value = this.node(item as Node | null, dash ? dash.offset + 1 : source.offset);
      return dash
        ? { key: index, from: dash.offset, keyTo: dash.offset + 1, value }
        : { key: index, from: value.from, keyTo: value.from, value };
    });
    return { kind: "list", ...this.extent(seq, children), children };
  }

  private extent(node: YAMLMap | YAMLSeq, children: Child[]): Span & { style: "flow" | "block" } {
    const { from, to } = this.span(node, 0);
    if (node.flow) return { from, to, style: "flow" };
    // The library lets a block collection reach over the comments after it.
    const last = children.at(-1)!;
    return { from, to: Math.max(last.keyTo, last.value.to), style: "block" };
  }

  /** The place of a node, without the line breaks that end a block scalar. */
  private span(node: Node | null, at: number): Span {
    if (!node?.range) return { from: at, to: at };
    const [from, end] = node.range;
    return { from, to: from + this.text.slice(from, end).trimEnd().length };
  }

  private fault(message: string, node: Node | null, at: number): SourceNode {
    const { from, to } = this.span(node, at);
    this.faults.push({ message, from, to });
    return { kind: "scalar", value: null, from, to };
  }
}
