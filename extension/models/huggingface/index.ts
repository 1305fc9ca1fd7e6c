/**
 * Hugging Face `config.json`: the architecture that transformers builds from it.
 *
 * What the file cannot say, an object of our own in it can; transformers leaves it alone:
 *
 *   "uap": { "tokens": 4096, "globals": [0] }
 *
 * `tokens` is the length of the sequence, instead of the longest one. `globals` are tokens that every layer with a window or another
 * sparse pattern lets attend to everything and lets everything attend to (within the causal mask, where there is one); in
 * transformers these are an argument of the call.
 */
import { isDeepStrictEqual } from "node:util";
import { applyEdits, modify, type Edit, type JSONPath, type Node } from "jsonc-parser";
import { limits } from "../../theory/architecture/limits";
import type { Architecture, Block, Pattern } from "../../theory/architecture/schema";
import type { Range, SpecChange, SpecPath, TextEdit } from "../../theory/verdict/report";
import type { ModelFile, ReadArchitecture } from "../modelFile";
import { Config, Document } from "./document";
import { canonical, changed, withGlobals, writes } from "./edit";
import { modelTypes, type ModelType } from "./modelTypes";
import type { LayerAttention, Stack } from "./rules";

/**
 * Reads a configuration. Never throws: whatever is wrong is in `errors`, with its range, and then there is no architecture.
 * @param fileName names the architecture where `_name_or_path` does not.
 */
export function readHuggingFace(text: string, fileName: string): ModelFile {
  const document = new Document(text);
  const read = document.root ? readRoot(document, fileName) : [];
  const architectures = document.errors.length > 0 ? [] : read;
  return { format: "huggingface", architectures, errors: document.errors };
}

function readRoot(document: Document, fileName: string): ReadArchitecture[] {
  const top = new Config(document, []);
  const named = document.node(["model_type"]);
  if (typeof named?.value !== "string") {
    const message = named
      ? "`model_type` must be a string"
      : "`model_type` is missing: the configuration says of no model what it is";
    document.error(named ? document.rangeOf(named) : document.rangeAt([]), message);
    return [];
  }
  const type = modelTypes.get(named.value);
  if (!type) {
    document.error(document.rangeOf(named), unknownType(named.value, top));
    return [];
  }
  const scoped = document.node(type.scope);
  if (scoped && scoped.type !== "object") {
    document.error(document.rangeOf(scoped), `\`${type.scope.join(".")}\` must be an object`);
    return [];
  }
  const own = readOwn(document);
  const name = top.text(["_name_or_path"], "") || (fileName.split(/[\\/]/).pop() ?? "");
  return type.stacks.map((stack, index) => readStack({ document, type, stack, index, own, name, fileName }));
}

/** What can be told of a model that is not known, and what cannot. */
function unknownType(type: string, config: Config): string {
  const find = (names: string[]): unknown => {
    const name = config.written(names);
    return name === undefined ? undefined : config.node([name])?.value;
  };
  const figures: [unknown, string][] = [
    [find(["num_hidden_layers", "num_layers", "n_layer", "n_layers"]), "layers"],
    [find(["hidden_size", "d_model", "n_embd", "dim"]), "wide"],
    [find(["num_attention_heads", "num_heads", "n_head", "n_heads"]), "heads"],
    [find(["max_position_embeddings", "n_positions", "max_seq_len"]), "positions"],
  ];
  const understood = figures
    .filter(([value]) => typeof value === "number")
    .map(([value, what]) => `${String(value)} ${what}`);
  const known = understood.length > 0 ? `; it has ${understood.join(", ")}` : "";
  return (
    `model type \`${type.slice(0, 80)}\` is not known${known}; ` +
    "not understood: its attention pattern, its positions and its feed-forward network"
  );
}

// ------------------------------------------------------------------------------------------------------- our own object

interface Own {
  tokens: number | null;
  globals: number[];
}

/** Global tokens are few: each reads, and is read by, everything. */
const mostGlobals = 4096;

function readOwn(document: Document): Own {
  const own: Own = { tokens: null, globals: [] };
  const node = document.node(["uap"]);
  if (!node) return own;
  if (node.type !== "object") {
    document.error(document.rangeOf(node), "`uap` must be an object with `tokens` and `globals`");
    return own;
  }
  for (const [key, value] of document.propertiesOf(node)) {
    if (key === "tokens") own.tokens = wholeNumber(document, value, "uap.tokens", 1, limits.tokens);
    else if (key === "globals") own.globals = tokenList(document, value);
    else
      document.error(
        document.rangeOf(value),
        `\`uap.${key.slice(0, 80)}\` is not known: \`uap\` has \`tokens\` and \`globals\``,
      );
  }
  return own;
}

function wholeNumber(document: Document, node: Node, name: string, minimum: number, maximum: number): number {
  const value: unknown = node.value;
  if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  document.error(document.rangeOf(node), `\`${name}\` must be a whole number from ${minimum} to ${maximum}`);
  return minimum;
}

function tokenList(document: Document, node: Node): number[] {
  if (node.type !== "array" || (node.children ?? []).length > mostGlobals) {
    document.error(document.rangeOf(node), `\`uap.globals\` must be a list of at most ${mostGlobals} tokens`);
    return [];
  }
  const tokens = (node.children ?? []).map((item) => wholeNumber(document, item, "uap.globals", 0, limits.tokens - 1));
  return [...new Set(tokens)].sort((a, b) => a - b);
}

// ----------------------------------------------------------------------------------------------------------- one stack

interface Source {
  document: Document;
  type: ModelType;
  stack: Stack;
  /** Which of the type's stacks. */
  index: number;
  own: Own;
  name: string;
  fileName: string;
}

function readStack(source: Source): ReadArchitecture {
  const { document, type, stack, own, name } = source;
  const config = new Config(document, type.scope);
  const tokens = own.tokens ?? stack.tokens.read(config);
  const width = stack.width.read(config);
  const causal = stack.causal.read(config);
  const layers = stack.attention.read(config, { depth: stack.depth.read(config), tokens, causal });
  const block = {
    feedForward: {
      hidden: stack.hidden.read(config) ?? Math.min(4 * width, limits.width),
      activation: stack.activation.read(config),
      bias: stack.bias.read(config),
      frozen: false,
      residual: true,
    },
    norm: stack.norm.read(config),
  };
  const attention = {
    kind: "attention" as const,
    kernel: { name: stack.kernel, degree: 2 },
    normalized: stack.normalized,
    projection: stack.projection.read(config),
    residual: true,
  };
  const heads = stack.heads.read(config);
  checkGlobals(source, layers, tokens, config);

  const patterns = new Map<Pattern, Pattern>();
  const patternOf = ({ pattern, local }: LayerAttention): Pattern => {
    if (!local) return pattern;
    const joined = patterns.get(pattern) ?? withGlobals(pattern, own.globals, causal);
    patterns.set(pattern, joined);
    return joined;
  };
  const blocks: Block[] = [];
  const starts: number[] = [];
  let last: LayerAttention | undefined;
  layers.forEach((layer, index) => {
    if (last && sameAttention(layer, last)) blocks[blocks.length - 1].repeat++;
    else {
      const mixer = { ...attention, heads: [{ count: heads, pattern: patternOf(layer), bias: layer.bias }] };
      blocks.push({ repeat: 1, mixer, ...block });
      starts.push(index);
    }
    last = layer;
  });
  for (const { when, affects, message, places } of stack.notes) if (when(config)) config.skip(affects, message, places);

  const architecture: Architecture = {
    name: stack.name ?? name,
    tokens,
    width,
    registers: 0,
    position: stack.position.read(config),
    layers: blocks,
    target: { symmetry: null, visibility: causal ? "causal" : null, function: null },
  };
  const whole = document.node(type.scope) ?? document.root;
  return {
    architecture,
    range: whole ? document.rangeOf(whole) : document.lines.all,
    skipped: config.skipped,
    locate: (path) =>
      locate(
        path,
        source,
        config,
        starts.map((start) => layers[start]),
      ),
    edit: (changes) => edit(changes, source, config, architecture),
  };
}

function sameAttention(a: LayerAttention, b: LayerAttention): boolean {
  if (a === b || (a.pattern === b.pattern && a.bias === b.bias)) return a.local === b.local;
  return a.local === b.local && JSON.stringify([a.pattern, a.bias]) === JSON.stringify([b.pattern, b.bias]);
}

function checkGlobals(
  { document, own, index, type }: Source,
  layers: LayerAttention[],
  tokens: number,
  config: Config,
): void {
  const outside = own.globals.findIndex((token) => token >= tokens);
  const written: JSONPath = ["uap", "globals"];
  // A decoder may be shorter than the encoder that the tokens are meant for.
  if (outside >= 0 && index === 0) {
    document.error(
      document.rangeAt([written]),
      `\`uap.globals\` names token ${own.globals[outside]}, but there are ${tokens} tokens`,
    );
  }
  if (own.globals.length > 0 && type.stacks.length === 1 && layers.every(({ local }) => !local)) {
    config.skipped.push({
      message: "`uap.globals` changes nothing: no layer has a window",
      range: document.rangeAt([written]),
      affects: "nothing",
    });
  }
}

// -------------------------------------------------------------------------------------------------------------- places

/** The keys that decide the value at a path, the most telling first. */
function placesOf(path: SpecPath, stack: Stack, blocks: LayerAttention[]): readonly JSONPath[] {
  const [part, index, field, inner, , group] = path;
  switch (part) {
    case "name":
      return [["_name_or_path"]];
    case "tokens":
      return stack.tokens.places;
    case "width":
      return stack.width.places;
    case "position":
      return stack.position.places;
    case "target":
      return stack.causal.places;
    case "layers":
      break;
    default:
      return [];
  }
  if (typeof index !== "number" || !Object.hasOwn(blocks, index) || field === undefined || field === "repeat") {
    return stack.depth.places;
  }
  // Where every layer is alike, the list as a whole decides, not its first item.
  const pattern = blocks[index].places.map((place) =>
    blocks.length === 1 ? place.filter((step) => typeof step === "string") : place,
  );
  switch (field) {
    case "attention":
      if (inner === "heads" && group === undefined) return stack.heads.places;
      if (inner === "projection") return stack.projection.places;
      if (inner === "bias") return [...pattern, ...stack.position.places];
      return inner === "kernel" || inner === "normalized" || inner === "residual" ? [] : pattern;
    case "feedForward":
      if (inner === "hidden") return stack.hidden.places;
      if (inner === "bias") return [...stack.bias.places, ...stack.activation.places];
      return stack.activation.places;
    case "norm":
      return stack.norm.places;
    default:
      return [];
  }
}

function locate(path: SpecPath, { document, stack }: Source, config: Config, blocks: LayerAttention[]): Range {
  if (path.length === 0) return document.root ? document.rangeOf(document.root) : document.lines.all;
  if (path[0] === "tokens" && document.node(["uap", "tokens"])) return document.rangeAt([["uap", "tokens"]]);
  return config.range(placesOf(path, stack, blocks));
}

// --------------------------------------------------------------------------------------------------------------- edits

/** Writes the keys that may make the changes, reads the result, and offers it only if it is what was asked for and nothing else. */
function edit(
  changes: SpecChange[],
  source: Source,
  config: Config,
  architecture: Architecture,
): TextEdit[] | undefined {
  const { document, stack, index, fileName } = source;
  const target = changed(architecture, changes);
  if (!target) return undefined;
  const options = {
    formattingOptions: { tabSize: 2, insertSpaces: true, eol: document.text.includes("\r\n") ? "\r\n" : "\n" },
  };
  const edits: Edit[] = [];
  for (const { path, value } of writes(architecture, target, stack, config)) {
    edits.push(...modify(document.text, path, value, options));
  }
  const was = readHuggingFace(document.text, fileName).architectures;
  const is = readHuggingFace(applyEdits(document.text, edits), fileName).architectures;
  const expected = was.map((read, i) => canonical(i === index ? target : read.architecture));
  const reached = is.map((read) => canonical(read.architecture));
  if (!isDeepStrictEqual(reached, expected)) return undefined;
  return edits.map(({ offset, length, content }) => ({
    range: document.lines.range(offset, offset + length),
    newText: content,
  }));
}
