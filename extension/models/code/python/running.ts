/** Running a model of the text on abstract input: making it, giving it tokens, and finding what it gives back. */
import type { IndexExpression } from "../graph/indexExpression";
import { tensors } from "../graph/operations";
import type { Opaque, Place, Sequence, StreamNode } from "../graph/nodes";
import { sizesOf, type Tensor } from "../graph/tensor";
import { leaves, tokenwiseInputs } from "../graph/tokenwise";
import type { CommentEntry } from "../comments";
import type { Framework } from "./frameworks";
import { assumeTokens, functionalModel } from "./libraries/kerasModels";
import { isTensor, tensorOf } from "./libraries/tensorState";
import type { Program } from "./program";
import { one, parametersOf, type Parameter } from "./trees";
import { none, unknown, type Arguments, type PythonClass, type Value } from "./values";

/** How a model is given its input: indices into a vocabulary, or vectors, with the batch or the tokens as first axis; or an image. */
export type InputKind = "ids" | "vectors" | "vectors-token-first" | "ids-token-first" | "image";

/** A mask that a comment stands for is tried as each of these; which one the code means shows in what it makes of it. */
export const maskKinds = ["added", "kept", "removed"] as const;
export type MaskKind = (typeof maskKinds)[number];

export interface Trial {
  tokens: number;
  input: InputKind;
  mask: MaskKind;
  /** Whether a second sequence, where the model takes one, is vectors though the first is not: what another model computes. */
  memory: boolean;
  /** Which of the widths that its numbers suggest vectors have. */
  width: number;
}

/** What a run came to: the stream that the model gives back, or what was not understood. */
export type Run =
  { output: StreamNode; /** Where the model itself says how many. */ tokens?: number } | { lost: Opaque };

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
/** Arguments that are no sequence of tokens: what only the callers know. */
const data = /mask|bias$|padding|lengths?$|cache|past|positions?(_ids)?$|segment|token_type|document|doc_|labels|weights|training|rngs?$|(?<!tgt|target|src|source|input|decoder|encoder)_ids$/i; // prettier-ignore
const lengths = /block_size|context|max_len|seq|length|n_positions|n_ctx|num_patches/i;

/** Something that makes a model, and how the model is called. */
export abstract class Model {
  constructor(
    protected readonly program: Program,
    readonly framework: Framework,
    protected readonly said: ReadonlyMap<string, CommentEntry>,
    /** Where its name is. */
    readonly place: Place,
  ) {}

  /** What `make` gave for a few tokens, which has not run yet. */
  made: Value | undefined;

  /** A new instance; what no one knows of its arguments is unknown. */
  abstract make(trial: Trial): Value;

  /** The parameters of the constructor, without self. */
  abstract get parameters(): readonly Parameter[];

  /** The parameters of the method that computes, without self. */
  abstract get inputs(): readonly Parameter[];

  /**
   * Runs the model on so many tokens.
   * @param made what `make` gave for this trial, if it was not run before
   */
  run(trial: Trial, made?: Value): Run {
    const { interpreter } = this.program;
    assumeTokens(interpreter, trial.tokens);
    const model = made ?? this.make(trial);
    const functional = functionalModel(model, { interpreter, place: this.place });
    if (functional) {
      const run = runOf(functional.outputs.map((output) => this.framework.wrap(output)), this.place, undefined); // prettier-ignore
      if ("lost" in run) return run;
      const { tokens } = inputSequence(run.output);
      if (!functional.open) return { ...run, tokens };
      // Made once, at the top of the module, with another length.
      return tokens === trial.tokens ? run : { lost: { reason: "sizes of the input do not agree", place: this.place } };
    }
    if (model.kind === "unknown") return { lost: model };
    const width = widthsOf(numbersIn(model))[trial.width] ?? 64;
    const named = new Map<string, Value>();
    const places = new Map<string, Place>();
    const positional: Value[] = [];
    let streams = 0;
    for (const [i, { name, default: fallback, by }] of this.inputs.entries()) {
      // A comment's number is the constructor's where both take an argument of the name; an input that is called `tokens` is not the number of them.
      const entry = name === "tokens" || this.parameters.some((other) => other.name === name) ? undefined : this.said.get(name); // prettier-ignore
      const give = (value: Value) => (i === positional.length && by !== "name" ? positional.push(value) : named.set(name, value)); // prettier-ignore
      if (entry) {
        named.set(name, this.commented(entry, trial));
        places.set(name, entry.valuePlace);
      } else if (i === 0 || (fallback === undefined && streams < 2 && !data.test(name))) {
        give(this.input(streams === 0 ? "tokens" : name, trial, width));
        streams++;
      } else if (fallback === undefined) give(unknown(`the argument \`${name}\` of \`${this.framework.method}\``, this.place)); // prettier-ignore
    }
    if (this.inputs.length === 0) positional.push(this.input("tokens", trial, width));
    const args: Arguments = { positional, named, place: this.place, places: { positional: [], named: places } };
    return runOf([interpreter.call(model, args, this.place)], this.place, trial);
  }

  private input(name: string, { tokens, input, memory }: Trial, width: number): Value {
    const sequence: Sequence = { name, tokens, projected: undefined };
    const kind = memory && name !== "tokens" ? (input.endsWith("token-first") ? "vectors-token-first" : "vectors") : input; // prettier-ignore
    return this.framework.wrap(inputTensor(sequence, kind, width, this.place));
  }

  /** What a comment gives an argument. */
  protected commented(entry: CommentEntry, trial: Trial): Value {
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

/** A method of a class, and that of its nearest base class. */
function methodOf(type: PythonClass, name: string): Value | undefined {
  for (const base of type.mro) {
    const found = base.kind === "class" ? base.attributes.get(name) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** The parameters of a method without self; undefined where there is none. */
function parametersIn(type: PythonClass, name: string): readonly Parameter[] | undefined {
  const value = methodOf(type, name);
  return value?.kind === "function" ? parametersOf(value.node)?.named.slice(1) : undefined;
}

/** A model that the text makes by itself: at the top of a module, or by a function without arguments. */
export class MadeModel extends Model {
  constructor(
    program: Program,
    framework: Framework,
    said: ReadonlyMap<string, CommentEntry>,
    place: Place,
    override readonly parameters: readonly Parameter[],
    private readonly produce: (given: ReadonlyMap<string, Value>) => Value,
  ) {
    super(program, framework, said, place);
  }

  override make(trial: Trial): Value {
    const given = this.parameters.flatMap(({ name }): [string, Value][] => {
      const entry = this.said.get(name);
      return entry ? [[name, this.commented(entry, trial)]] : [];
    });
    return this.produce(new Map(given));
  }

  private known: readonly Parameter[] | undefined;
  override get inputs(): readonly Parameter[] {
    if (this.known) return this.known;
    const made = this.produce(new Map());
    return (this.known = made.kind === "instance" ? (parametersIn(made.type, this.framework.method) ?? []) : []);
  }
}

export class ModelClass extends Model {
  constructor(
    program: Program,
    readonly type: PythonClass,
    framework: Framework,
    said: ReadonlyMap<string, CommentEntry>,
  ) {
    super(program, framework, said, one(type.node, "name") ?? type.node);
  }

  override get parameters(): readonly Parameter[] {
    const written = parametersIn(this.type, "__init__");
    if (written || !this.type.fields) return written ?? [];
    return [...this.type.fields].map(([name, value]) => ({ name, default: value && this.type.node, by: "both" }));
  }

  override get inputs(): readonly Parameter[] {
    return parametersIn(this.type, this.framework.method) ?? [];
  }

  /** The class as it is written. */
  get text(): string {
    return this.program.interpreter.textOf(this.type.node);
  }

  /** Whether it has a method that computes. */
  get computes(): boolean {
    return methodOf(this.type, this.framework.method) !== undefined;
  }

  /** Whether it can be made without arguments, those that sizes stand for aside. */
  get standsAlone(): boolean {
    return this.parameters.every(({ default: fallback }) => fallback !== undefined);
  }

  override make(trial: Trial): Value {
    const { interpreter } = this.program;
    const before = this.program.made.find(({ type, args }) => type === this.type && isKnown(args));
    const named = new Map<string, Value>();
    const places = new Map<string, Place>();
    for (const [i, { name, default: fallback }] of this.parameters.entries()) {
      const written = before?.args.named.get(name) ?? before?.args.positional[i];
      const entry = this.said.get(name);
      if (entry) {
        named.set(name, this.commented(entry, trial));
        places.set(name, entry.valuePlace);
      } else if (written) {
        named.set(name, written);
        places.set(name, before?.args.places.named.get(name) ?? before?.args.places.positional[i] ?? this.place);
      } else if (fallback === undefined) named.set(name, this.missing(name, trial));
    }
    for (const [name, value] of before?.args.named ?? []) if (!named.has(name)) named.set(name, value);
    const args: Arguments = { positional: [], named, place: this.place, places: { positional: [], named: places } };
    return interpreter.newInstance(this.type, args, this.place);
  }

  /** What stands for an argument of the constructor that nothing gives. */
  private missing(name: string, { tokens }: Trial): Value {
    const config = this.configuration(name);
    if (config) return this.program.interpreter.callWith(config, [], this.place);
    const layers = this.said.get("layers");
    if (layers?.value.kind === "int" && isDepth(name))
      return { kind: "int", value: layers.value.value, literal: layers.valuePlace };
    if (this.said.has("tokens") && lengths.test(name)) return { kind: "int", value: tokens };
    if (rates.test(name)) return { kind: "float", value: 0 };
    const size = isDepth(name) || lengths.test(name) ? undefined : placeholders.find(([names]) => names.test(name));
    if (size) return { kind: "int", value: size[1], assumed: name };
    return unknown(`the argument \`${name}\` of \`${this.type.name}\``, this.place);
  }

  /** The class of the text whose instances an argument takes: by its annotation, or the one that is named as it is. */
  private configuration(name: string): PythonClass | undefined {
    const init = methodOf(this.type, "__init__");
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
}

export const isDepth = (name: string): boolean =>
  /layers?$|depth|blocks$|n_blocks|num_hidden_layers|^n$|^N$/i.test(name);

function isKnown({ positional, named }: Arguments): boolean {
  return [...positional, ...named.values()].every(({ kind }) => kind !== "unknown");
}

export function inputTensor(sequence: Sequence, input: InputKind, width: number, place: Place): Tensor {
  if (input === "image") return tensors.image(sequence, batch, place);
  const order = input.endsWith("token-first") ? "token-first" : "batch-first";
  return tensors.input(sequence, batch, input.startsWith("ids") ? undefined : width, order, place);
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
function runOf(values: readonly Value[], place: Place, trial: Trial | undefined): Run {
  for (const value of values) {
    const run = found(value, 0);
    if (run && "output" in run && trial && inputSequence(run.output).tokens !== trial.tokens)
      return { lost: { reason: "sizes of the input do not agree", place } };
    if (run) return run;
    if (value.kind === "unknown") return { lost: value };
  }
  return { lost: { reason: "the model gives back no tokens", place } };
}

/** The sequence that the model was given, where learned tokens were added to it. */
function inputSequence(output: StreamNode): Sequence {
  const seen = new Set<StreamNode>();
  const pending = [output];
  for (let at = pending.pop(); at; at = pending.pop()) {
    if (at.op === "input") return at.sequence;
    if (seen.has(at)) continue;
    seen.add(at);
    pending.push(...(at.op === "attend" ? [at.attention.query] : tokenwiseInputs(at).toReversed()));
  }
  return output.sequence;
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
          ? [...item.entries].map(([key, one]): [string, Value] => [typeof key === "string" ? key : name, one])
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

const widthNames = ["input_dim", "in_dim", "in_features", "input_size", "features", "d_model", "dim", "n_embd", "embed_dim", "hidden_size", "hidden_dim", "emb_dim", "width", "embedding_dim", "output_dim", "units"]; // prettier-ignore

/** How many features the vectors may have that a model is given, as far as its numbers tell, the likeliest first. */
export function widthsOf(numbers: ReadonlyMap<string, readonly number[]>): number[] {
  const named = widthNames.flatMap((name) => numbers.get(name) ?? []);
  return [...new Set([...named, ...[...numbers].flatMap(([name, sizes]) => (/weight/.test(name) ? sizes : []))])].slice(0, mostWidths); // prettier-ignore
}
export const mostWidths = 4;

/** Whether some token reads others. */
export const hasAttention = (output: StreamNode): boolean =>
  [...leaves(output, () => false)].some(({ op }) => op === "attend");
