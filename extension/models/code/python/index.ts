/** Reads the models of a Python text: classes of a framework's modules, masks that stand alone, and functions that attend. */
import { limits } from "../../../theory/architecture/limits";
import type { SpecPath } from "../../../theory/verdict/report";
import { Comments, type CommentEntry, type Said } from "../comments";
import { lower, type Lowered } from "../graph/lower";
import type { Opaque, Place } from "../graph/nodes";
import type { ModelFile, Question, ReadArchitecture, Skipped } from "../../modelFile";
import { LineMap } from "../../ranges";
import type { Syntax } from "../syntax";
import { targetOf } from "./target";
import { isBrokenInside } from "./trees";
import { editPython } from "./edit";
import { frameworks, type Framework } from "./frameworks";
import { readMasks } from "./masks";
import { nameOf, Program, steps } from "./program";
import { classesIn, hasAttention, isDepth, maskKinds, ModelClass, numbersIn, type InputKind, type Trial } from "./running"; // prettier-ignore
import type { PythonClass } from "./values";

/** What a model or mask of the text came to. */
export type Outcome =
  | { lowered: Lowered; place: Place; statement: Syntax; said: Said; format: ModelFile["format"] }
  | { lost: Opaque; name: string; statement: Syntax; said: Said; inputs: ReadonlySet<string> }
  | { missing: readonly (readonly [key: string, example: string])[]; name: string; why: string; place: Place; statement: Syntax; said: Said }; // prettier-ignore

/** Words without which no code attends. */
const attends = /attention|attn|softmax|transformer|multihead|encoder|decoder/i;

/** The grammar has to be loaded. Never throws. */
export function readPython(text: string, fileName: string): ModelFile {
  const file: ModelFile = { format: "pytorch", architectures: [], errors: [], notes: [], questions: [] };
  const program = Program.of(text);
  if (!program) return file;
  const lines = new LineMap(text);
  const range = ({ from, to }: Place) => lines.range(from, to);
  const comments = new Comments(program.root, text, lines);
  const outcomes = [...readClasses(program, comments), ...readMasks(program, comments)];
  for (const outcome of outcomes) {
    const { said, statement } = outcome;
    for (const { message, place } of said.problems) file.errors.push({ message, range: range(place) });
    if ("lowered" in outcome) {
      file.architectures.push(
        architectureOf(outcome.lowered, outcome.place, range, text, fileName, file.architectures.length),
      );
      file.format = outcome.format;
    } else if ("missing" in outcome) {
      const { missing, why, place } = outcome;
      const question: Question = {
        message: why,
        range: range(place),
        missing: missing.map(([key]) => key),
        edit: comments.add(statement, missing, "#"),
      };
      file.questions!.push(question);
    } else {
      const { reason, place } = outcome.lost;
      file.notes!.push({ message: `\`${outcome.name}\` was not understood, so nothing is said of it: ${reason}.`, range: range(place) }); // prettier-ignore
    }
  }
  // Half-typed code leaves comments alone that are about what is being typed.
  if (!isBrokenInside(program.root))
    for (const { message, place } of comments.rest()) file.errors.push({ message, range: range(place) });
  return file;
}

function architectureOf(
  lowered: Lowered,
  place: Place,
  range: (place: Place) => Skipped["range"],
  text: string,
  fileName: string,
  index: number,
): ReadArchitecture {
  // prettier-ignore
  return {
    architecture: lowered.architecture,
    range: range(place),
    skipped: lowered.skipped.map(({ message, place, affects }) => ({ message, range: range(place), affects })),
    locate: (path: SpecPath) => range(lowered.locate(path)),
    edit: (changes) => editPython(text, fileName, index, lowered, changes),
  };
}

// ------------------------------------------------------------------------------------------------------------- classes

/** Model classes that no other model of the text is made of. */
function readClasses(program: Program, comments: Comments): Outcome[] {
  const models = program.classes.flatMap((type) => {
    const framework = frameworks.find((each) => each.isModelClass(type));
    const model = framework && new ModelClass(program, type, framework, new Map());
    return framework && model?.computes ? [{ type, framework, model }] : [];
  });
  const inside = new Set(models.flatMap(({ type, model }) => [...partsOf(program, type, model)]));
  return models.flatMap(({ type, framework, model }): Outcome[] => {
    const takes = new Set([...model.parameters, ...model.inputs].map(({ name }) => name));
    const said = saidOf(comments, type, framework, takes);
    const asked = said.own !== undefined && !said.own.ignore;
    if (said.ignore) return [];
    if (!asked && (inside.has(type) || !attends.test(reachableText(program, type)))) return [];
    const outcome = readClass(program, type, framework, said);
    return outcome ? [outcome] : [];
  });
}

/** What comments say of a class: above it, at the start of its body, and at its constructor and the method that computes. */
function saidOf(comments: Comments, type: PythonClass, { method }: Framework, takes: ReadonlySet<string>): Said {
  const own = comments.about(type.node, takes);
  const methods = ["__init__", method].flatMap((name) => {
    const value = type.attributes.get(name);
    return value?.kind === "function" ? [comments.about(value.node, takes)] : [];
  });
  return methods.reduce<Said>(
    (all, said) => ({
      ignore: all.ignore || said.ignore,
      values: said.own ? new Map([...all.values, ...said.values]) : all.values,
      problems: [...all.problems, ...said.problems],
      own: all.own ?? said.own,
    }),
    own,
  );
}

/** The classes that a class derives from, that its code names, and of which there are instances in the model that it makes. */
function partsOf(program: Program, type: PythonClass, model: ModelClass): Set<PythonClass> {
  const parts = new Set<PythonClass>();
  const names = program.names.get(type);
  for (const other of program.classes)
    if (other !== type && (type.mro.includes(other) || (names.includes(other.name) && !other.mro.includes(type)))) parts.add(other); // prettier-ignore
  const made = program.within(steps.model, () => model.make({ tokens: 6, input: "ids", mask: "added" }));
  if (made) for (const other of classesIn(made)) if (other !== type) parts.add(other);
  return parts;
}

/** The text of a class and of what it uses of the module, names aside. */
function reachableText(program: Program, type: PythonClass): string {
  const seen = new Set<string>();
  const texts: string[] = [];
  const visit = (value: PythonClass | Extract<ReturnType<Program["value"]>, { kind: "function" }>): void => {
    texts.push(program.interpreter.textOf(value.node));
    for (const name of program.names.get(value)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const next = program.value(name);
      if (next?.kind === "class" || next?.kind === "function") visit(next);
    }
  };
  visit(type);
  return texts.join("\n");
}

function readClass(program: Program, type: PythonClass, framework: Framework, said: Said): Outcome | undefined {
  const statement = type.node;
  const place = nameOf(statement);
  const model = new ModelClass(program, type, framework, said.values);
  const inputs = new Set(model.inputs.map(({ name }) => name));
  const common = { name: type.name, statement, said };
  const run = (trial: Trial) => program.within(steps.model, () => model.run(trial)) ?? { lost: { reason: "it takes too many steps to read", place } }; // prettier-ignore

  // Which input the model takes shows in what it makes of it; a few tokens are enough to see.
  const few = 6;
  const order = inputOrder(program, model);
  const given = tokensOf(said);
  let first: Opaque | undefined;
  for (const input of order) {
    for (const mask of usesMask(said) ? maskKinds : maskKinds.slice(0, 1)) {
      const trial: Trial = { tokens: given?.value ?? few, input, mask };
      const sample = run(trial);
      const tokens = given?.value ?? ("output" in sample || isLength(sample.lost) ? longest(program, model, run, trial) : undefined); // prettier-ignore
      const result = tokens === undefined || tokens === trial.tokens ? sample : run({ ...trial, tokens });
      if ("lost" in result && !("output" in sample && tokens === undefined)) {
        first ??= result.lost;
        continue;
      }
      const output = "output" in result ? result.output : "output" in sample ? sample.output : undefined;
      if (!output || !hasAttention(output)) return undefined;
      if (tokens === undefined) {
        const why = `How many tokens does \`${type.name}\` take? Its code does not say.`;
        return { ...common, missing: [["tokens", "128"]], why, place };
      }
      const lowered = lower(output, { name: type.name, place, ...targetOf(said) });
      if ("opaque" in lowered) {
        first ??= lowered.opaque;
        continue;
      }
      if (usesMask(said) && !masksAreAsSaid(lowered, said)) {
        first ??= { reason: "the mask that the comment names is not what the code makes of it", place };
        continue;
      }
      return { ...common, place, lowered, format: framework.format };
    }
  }
  const lost = first ?? { reason: "it takes no tokens", place };
  const argument = /^the argument `(\w+)` of /.exec(lost.reason)?.[1];
  if (argument !== undefined) {
    const key = isDepth(argument) ? argument : argument;
    const example = inputs.has(argument) ? "causal" : isDepth(argument) ? "12" : "64";
    const why = `What \`${type.name}\` can express depends on its argument \`${argument}\`, which only its callers know.`;
    return { ...common, missing: [[key, example]], why, place };
  }
  return { ...common, lost, inputs };
}

const tokensOf = (said: Said): { value: number; place: Place } | undefined => {
  const entry = said.values.get("tokens");
  return entry?.value.kind === "int" ? { value: entry.value.value, place: entry.valuePlace } : undefined;
};

const usesMask = (said: Said): boolean => [...said.values.values()].some(({ value }) => value.kind === "mask");

/** Whether what was not understood may be a matter of the input's length. */
const isLength = ({ reason }: Opaque): boolean => /do not agree|outside its axis/.test(reason);

/** Which inputs to try, the likeliest first. */
function inputOrder(program: Program, model: ModelClass): InputKind[] {
  const [first] = model.inputs;
  const text = program.interpreter.textOf(model.type.node);
  if (/image|img|pixel|^imgs?$/i.test(first?.name ?? "") || /Conv2d|PatchEmbed/.test(text)) return ["image", "vectors", "ids"]; // prettier-ignore
  if (/idx|ids|tokens|src|tgt|input_ids|indices/i.test(first?.name ?? "")) return ["ids", "vectors", "token-first"];
  return /Embedding|Embed\(/.test(text) ? ["ids", "vectors", "token-first"] : ["vectors", "token-first", "ids"];
}

const lengthNames = /block_size|context|ctx|max_len|maxlen|seq|length|n_positions|num_patches|pos|tokens|window/i;

/** The longest input that the model takes, where it takes none that is one token longer; undefined where there is no such end. */
function longest(
  program: Program,
  model: ModelClass,
  run: (trial: Trial) => ReturnType<ModelClass["run"]>,
  trial: Trial,
): number | undefined {
  // prettier-ignore
  const made = program.within(steps.model, () => model.make(trial));
  if (!made) return undefined;
  const byName = [...numbersIn(made)].sort(([a], [b]) => Number(lengthNames.test(b)) - Number(lengthNames.test(a)));
  const candidates = new Set<number>();
  for (const [, numbers] of byName) for (const number of numbers) candidates.add(number).add(number - 1);
  const takes = (tokens: number) => tokens >= 2 && tokens <= limits.tokens && "output" in run({ ...trial, tokens });
  let tries = 0;
  for (const tokens of candidates) {
    if (tokens < 2 || tokens > limits.tokens) continue;
    if (++tries > 24) return undefined;
    if (takes(tokens) && !takes(tokens + 1)) return tokens;
  }
  return undefined;
}

/** Whether some layer has the mask that a comment names, and no token is left without keys. */
function masksAreAsSaid({ architecture }: Lowered, said: Said): boolean {
  const kinds = [...said.values.values()].flatMap(({ value }: CommentEntry) => (value.kind === "mask" ? [value.value] : [])); // prettier-ignore
  const patterns = architecture.layers.flatMap(({ mixer }) => (mixer.kind === "attention" ? mixer.heads.map(({ pattern }) => pattern.kind) : [])); // prettier-ignore
  return kinds.every((kind) => patterns.includes(kind));
}
