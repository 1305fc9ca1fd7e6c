/** Running a model of the text on abstract input: making it, giving it tokens, and finding what it gives back. */
import type { IndexExpression } from "../graph/indexExpression";
import { tensors } from "../graph/operations";
import type { Opaque, Place, Sequence, StreamNode } from "../graph/nodes";
import { sizesOf, type Tensor } from "../graph/tensor";
import type { CommentEntry } from "../comments";
import type { Framework } from "./frameworks";
import { isTensor, tensorOf } from "./libraries/tensorState";
import { steps, type Program } from "./program";
import { one, parametersOf, type Parameter } from "./trees";
import { none, unknown, type Arguments, type PythonClass, type Value } from "./values";

/** How a model is given its input: indices into a vocabulary, vectors with the batch or the tokens as first axis, or an image. */
export const inputKinds = ["ids", "vectors", "token-first", "image"] as const;
export type InputKind = (typeof inputKinds)[number];

/** A mask that a comment stands for is tried as each of these; which one the code means shows in what it makes of it. */
export const maskKinds = ["added", "kept", "removed"] as const;
export type MaskKind = (typeof maskKinds)[number];

export interface Trial {
  tokens: number;
  input: InputKind;
  mask: MaskKind;
}

/** What a run came to: the stream that the model gives back, or what was not understood. */
export type Run = { output: StreamNode } | { lost: Opaque };

/** An odd number of samples that no other axis is likely to have. */
const batch = 3;

/** What stands for a size that nothing depends on but sizes: numbers that divide as such sizes do. */
const placeholders: readonly [RegExp, number][] = [
  [/head/i, 4],
  [/vocab|classes|labels|num_tokens|n_tokens|ntoken|out(put)?_(dim|size|features)|n_out/i, 96],
  [
    /^(d|c|dim|width|channels)$|dim|hidden|width|embd|embed|d_model|d_ff|dff|ffn|features|channels|inner|units|size$/i,
    64,
  ],
];
const rates = /drop|^p$|eps|prob|rate|^lr$|std|init/i;
const masks = /mask|bias$|padding|lengths?$|cache|past|positions?(_ids)?$|segment|token_type|labels|targets?_?(ids)?$|weights|training/i; // prettier-ignore
const lengths = /block_size|context|max_len|seq|length|n_positions|n_ctx|num_patches/i;

export class ModelClass {
  /** Sizes that are not known and stand for any, by the names of arguments. */
  readonly assumed = new Set<string>();

  constructor(
    private readonly program: Program,
    readonly type: PythonClass,
    private readonly framework: Framework,
    private readonly said: ReadonlyMap<string, CommentEntry>,
  ) {}

  /** The parameters of the constructor, without self. */
  get parameters(): readonly Parameter[] {
    if (this.type.fields && !this.method("__init__"))
      return [...this.type.fields].map(([name, value]) => ({ name, default: value && this.type.node, by: "both" }));
    return this.method("__init__")?.named.slice(1) ?? [];
  }

  /** The parameters of the method that computes, without self. */
  get inputs(): readonly Parameter[] {
    return this.method(this.framework.method)?.named.slice(1) ?? [];
  }

  /** Where the method that computes is named. */
  get computes(): boolean {
    return this.methodValue(this.framework.method) !== undefined;
  }

  private methodValue(name: string): Value | undefined {
    for (const base of this.type.mro) {
      const found = base.kind === "class" ? base.attributes.get(name) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  private method(name: string) {
    const value = this.methodValue(name);
    return value?.kind === "function" ? parametersOf(value.node) : undefined;
  }

  /** A new instance; what no one knows of its arguments is unknown. */
  make(trial: Trial): Value {
    const { interpreter } = this.program;
    const place = one(this.type.node, "name") ?? this.type.node;
    const before = this.program.made.find(({ type, args }) => type === this.type && isKnown(args));
    const named = new Map<string, Value>();
    const places = new Map<string, Place>();
    for (const [i, parameter] of this.parameters.entries()) {
      const { name } = parameter;
      const written = before?.args.named.get(name) ?? before?.args.positional[i];
      const entry = this.said.get(name);
      if (entry) {
        named.set(name, this.commented(entry, trial));
        places.set(name, entry.valuePlace);
      } else if (written) {
        named.set(name, written);
        places.set(name, before?.args.places.named.get(name) ?? before?.args.places.positional[i] ?? place);
      } else if (parameter.default === undefined) named.set(name, this.missing(name, place, trial));
    }
    for (const [name, value] of before?.args.named ?? []) if (!named.has(name)) named.set(name, value);
    const args: Arguments = { positional: [], named, place, places: { positional: [], named: places } };
    return interpreter.newInstance(this.type, args, place);
  }

  /** What stands for an argument of the constructor that nothing gives. */
  private missing(name: string, place: Place, { tokens }: Trial): Value {
    const config = this.configuration(name);
    if (config) return this.program.interpreter.callWith(config, [], place);
    const layers = this.said.get("layers");
    if (layers && isDepth(name)) return { kind: "int", value: number(layers), literal: layers.valuePlace };
    if (this.said.has("tokens") && lengths.test(name)) return { kind: "int", value: tokens };
    if (rates.test(name)) return { kind: "float", value: 0 };
    if (isDepth(name) || lengths.test(name)) return unknown(`the argument \`${name}\` of \`${this.type.name}\``, place);
    const size = placeholders.find(([names]) => names.test(name));
    if (!size) return unknown(`the argument \`${name}\` of \`${this.type.name}\``, place);
    this.assumed.add(name);
    return { kind: "int", value: size[1], assumed: name };
  }

  /** The class of the text whose instances an argument takes: by its annotation, or the one that is named as it is. */
  private configuration(name: string): PythonClass | undefined {
    const init = this.methodValue("__init__");
    const parameters = init?.kind === "function" ? one(init.node, "parameters") : undefined;
    const parameter = parameters?.children.find((child) => (child.children[0]?.text ?? "") === name || one(child, "name")?.text === name); // prettier-ignore
    const annotation = parameter && one(parameter, "type");
    const annotated = annotation && this.program.interpreter.textOf(annotation).replace(/["' ]|\|None/g, "");
    const classes = this.program.classes.filter((type) => type !== this.type);
    const exact = classes.find((type) => type.name === annotated);
    if (exact) return exact;
    if (!/^(config|cfg|conf|args|hparams|params|hp|opt|c)$/i.test(name)) return undefined;
    const named = classes.filter((type) => /config|args|params|options|settings/i.test(type.name));
    return named.length === 1 ? named[0] : undefined;
  }

  /** Runs the model on so many tokens. */
  run(trial: Trial): Run {
    const { interpreter } = this.program;
    const place = one(this.type.node, "name") ?? this.type.node;
    const model = this.make(trial);
    if (model.kind === "unknown") return { lost: model };
    const inputs = this.inputs;
    const named = new Map<string, Value>();
    const places = new Map<string, Place>();
    const positional: Value[] = [];
    let streams = 0;
    for (const [i, { name, default: fallback, by }] of inputs.entries()) {
      const entry = this.said.get(name);
      const give = (value: Value) => (i === positional.length && by !== "name" ? positional.push(value) : named.set(name, value)); // prettier-ignore
      if (entry) {
        named.set(name, this.commented(entry, trial));
        places.set(name, entry.valuePlace);
      } else if (i === 0 || (fallback === undefined && streams < 2 && !masks.test(name))) {
        give(this.input(streams === 0 ? "tokens" : name, trial, widthOf(this.program, model)));
        streams++;
      } else if (fallback === undefined)
        give(unknown(`the argument \`${name}\` of \`${this.framework.method}\``, place));
    }
    if (inputs.length === 0) positional.push(this.input("tokens", trial, widthOf(this.program, model)));
    const args: Arguments = { positional, named, place, places: { positional: [], named: places } };
    return runOf(interpreter.call(model, args, place), place);
  }

  private input(name: string, { tokens, input }: Trial, width: number): Value {
    const place = one(this.type.node, "name") ?? this.type.node;
    const sequence: Sequence = { name, tokens, projected: undefined };
    return this.framework.wrap(inputTensor(sequence, input, width, place));
  }

  /** What a comment gives an argument. */
  private commented(entry: CommentEntry, trial: Trial): Value {
    const { value, valuePlace } = entry;
    switch (value.kind) {
      case "int":
      case "float":
        return { kind: value.kind, value: value.value, literal: valuePlace };
      case "bool":
        return { kind: "bool", value: value.value, literal: valuePlace };
      case "none":
        return none;
      case "string":
        return { kind: "string", value: value.value };
      case "mask":
        return this.framework.wrap(maskTensor(value.value, trial, valuePlace));
    }
  }
}

export const isDepth = (name: string): boolean =>
  /layers?$|depth|blocks$|n_blocks|num_hidden_layers|^n$|^N$/i.test(name);

const number = ({ value }: CommentEntry): number => (value.kind === "int" ? value.value : 0);

function isKnown({ positional, named }: Arguments): boolean {
  return [...positional, ...named.values()].every(({ kind }) => kind !== "unknown");
}

export function inputTensor(sequence: Sequence, input: InputKind, width: number, place: Place): Tensor {
  if (input === "image") return tensors.image(sequence, batch, place);
  return tensors.input(sequence, batch, input === "ids" ? undefined : width, input === "token-first" ? "token-first" : "batch-first", place); // prettier-ignore
}

/** The causal or the full mask in one of the ways in which code writes them. */
function maskTensor(what: "causal" | "full", { tokens, mask }: Trial, place: Place): Tensor {
  const numeral = (value: number): IndexExpression => ({ kind: "number", value, literal: undefined });
  const [query, key] = [0, 1].map((axis): IndexExpression => ({ kind: "coordinate", axis }));
  const reads: IndexExpression = {
    kind: "binary",
    op: "<=",
    left: key,
    right: what === "causal" ? query : numeral(tokens),
  };
  const constant = (element: IndexExpression, dtype: Tensor["dtype"]) =>
    tensors.constant([tokens, tokens], element, dtype, place, { kind: "other" });
  if (mask === "added") return constant({ kind: "choose", condition: reads, yes: numeral(0), no: numeral(-Infinity) }, "float"); // prettier-ignore
  return constant(mask === "kept" ? reads : { kind: "unary", op: "not", value: reads }, "bool");
}

/** The stream in what a model gives back: itself, or the first in a tuple, a dict or an object. */
export function runOf(value: Value, place: Place): Run {
  return found(value, 0) ?? { lost: { reason: value.kind === "unknown" ? value.reason : "the model gives back no tokens", place: value.kind === "unknown" ? value.place : place } }; // prettier-ignore
}

function found(value: Value, depth: number): Run | undefined {
  if (depth > 4) return undefined;
  if (isTensor(value)) {
    const { content } = tensorOf(value);
    if (content.kind === "stream" || content.kind === "pooled") return { output: content.node };
    return content.kind === "opaque" ? { lost: content.opaque } : undefined;
  }
  const items =
    value.kind === "tuple" || value.kind === "list"
      ? value.items
      : value.kind === "dict"
        ? [...value.entries.values()]
        : value.kind === "instance"
          ? [...value.attributes.values()]
          : value.kind === "native" && value.data instanceof Map
            ? ([...value.data.values()] as Value[])
            : [];
  let lost: Run | undefined;
  for (const item of items) {
    const run = found(item, depth + 1);
    if (run && "output" in run) return run;
    lost ??= run;
  }
  return lost;
}

/** Every value that a model holds, by the name of what holds it; a bounded number. */
function* held(value: Value): Iterable<[name: string, value: Value]> {
  const seen = new Set<Value>();
  const pending: [string, Value, number][] = [["", value, 0]];
  for (let next = pending.pop(); next && seen.size < mostHeld; next = pending.pop()) {
    const [name, item, depth] = next;
    yield [name, item];
    if (depth > deepestHeld || seen.has(item) || isTensor(item)) continue;
    seen.add(item);
    const below: Iterable<[string, Value]> =
      item.kind === "list" || item.kind === "tuple"
        ? item.items.map((one): [string, Value] => [name, one])
        : item.kind === "dict"
          ? [...item.entries].map(([key, one]): [string, Value] => [String(key), one])
          : item.kind === "instance"
            ? [...item.attributes, ...attributesOf(item)]
            : item.kind === "native"
              ? attributesOf(item)
              : [];
    for (const [key, one] of below) pending.push([key, one, depth + 1]);
  }
}
const mostHeld = 4000;
const deepestHeld = 8;

/** Numbers that a model holds by name: what its longest input might be. */
export function numbersIn(value: Value): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const [name, item] of held(value)) {
    const found = item.kind === "int" ? [item.value] : isTensor(item) ? sizesOf(tensorOf(item)) : [];
    for (const number of found) if (number >= 2) numbers.set(name, [...(numbers.get(name) ?? []), number]);
  }
  return numbers;
}

/** The classes of the source of which it holds instances. */
export function classesIn(value: Value): Set<PythonClass> {
  const classes = new Set<PythonClass>();
  for (const [, item] of held(value)) if (item.kind === "instance") classes.add(item.type);
  return classes;
}

/** What a library's object keeps by name. */
function attributesOf({ data }: { data?: unknown }): Iterable<[string, Value]> {
  if (data instanceof Map) return data as Map<string, Value>;
  const attributes = typeof data === "object" && data !== null && "attributes" in data ? data.attributes : undefined;
  return attributes instanceof Map ? (attributes as Map<string, Value>) : [];
}

const widthNames = ["input_dim", "in_dim", "in_features", "input_size", "features", "d_model", "dim", "n_embd", "embed_dim", "hidden_size", "hidden_dim", "emb_dim", "width", "embedding_dim"]; // prettier-ignore

/** How many features vectors have that the model is given, as far as its numbers tell. */
function widthOf(program: Program, model: Value): number {
  const numbers = program.within(steps.model, () => numbersIn(model)) ?? new Map<string, number[]>();
  for (const name of widthNames) {
    const [width] = numbers.get(name) ?? [];
    if (width !== undefined) return width;
  }
  return 64;
}

/** Whether some token reads others. */
export function hasAttention(output: StreamNode): boolean {
  const seen = new Set<StreamNode>();
  const visit = (node: StreamNode): boolean => {
    if (seen.has(node)) return false;
    seen.add(node);
    switch (node.op) {
      case "attend":
        return true;
      case "add":
      case "multiply":
        return visit(node.left) || visit(node.right);
      case "join":
      case "tokenwise":
        return node.parts.some(visit);
      case "input":
      case "position":
      case "constant":
        return false;
      default:
        return visit(node.of);
    }
  };
  return visit(output);
}
