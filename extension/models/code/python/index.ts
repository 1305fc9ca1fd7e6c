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
import { isBrokenInside, one } from "./trees";
import { editPython } from "./edit";
import { frameworks, type Framework } from "./frameworks";
import { readMasks } from "./masks";
import { assigns, nameOf, Program, steps } from "./program";
import { classesIn, hasAttention, isDepth, MadeModel, maskKinds, Model, ModelClass, mostWidths, numbersIn, widthsOf, type InputKind, type Run, type Trial } from "./running"; // prettier-ignore
import type { PythonClass, Value } from "./values";

/** What a model or mask of the text came to. */
export type Outcome =
  | { lowered: Lowered; place: Place; statement: Syntax; said: Said; format: ModelFile["format"] }
  | { lost: Opaque; name: string; statement: Syntax; said: Said }
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
  const outcomes = [...readModels(program, comments), ...readMasks(program, comments)];
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

/** Models that the text makes, and model classes that no other model of the text is made of. */
function readModels(program: Program, comments: Comments): Outcome[] {
  const classes = program.classes.flatMap((type) => {
    const framework = frameworks.find((each) => each.isModelClass(type));
    const model = framework && new ModelClass(program, type, framework, new Map());
    return framework && model?.computes ? [{ type, framework, model }] : [];
  });
  const inside = new Set(classes.flatMap(({ type, model }) => [...partsOf(program, type, model)]));
  const made = madeModels(program);
  const makers = new Set(made.flatMap(({ value }) => (value.kind === "instance" ? [value.type] : [])));
  const outcomes: (Outcome | undefined)[] = [];
  for (const { type, framework, model } of classes) {
    const takes = new Set([...model.parameters, ...model.inputs].map(({ name }) => name));
    const said = saidOf(comments, type, framework, takes);
    if (said.ignore) continue;
    const asked = said.own !== undefined;
    const isRead = !inside.has(type) && attends.test(reachableText(program, type)) && (model.standsAlone || !makers.has(type)); // prettier-ignore
    if (!asked && !isRead) continue;
    const isBase = classes.some(({ type: other }) => other !== type && other.mro.includes(type));
    const subject = { name: type.name, statement: type.node, said };
    const outcome = readModel(program, new ModelClass(program, type, framework, said.values), subject);
    // A base class that cannot be understood by itself may not be meant to.
    if (asked || !isBase || (outcome && "lowered" in outcome)) outcomes.push(outcome);
  }
  for (const { name, value, statement, place, framework, produce } of made) {
    const said = comments.about(statement);
    const type = value.kind === "instance" ? classes.find((each) => each.type === value.type) : undefined;
    if (said.ignore || (type && (type.model.standsAlone || inside.has(type.type)) && !said.own)) continue;
    if (!attends.test(program.interpreter.textOf(statement)) && !type) continue;
    outcomes.push(readModel(program, new MadeModel(program, framework, said.values, place, produce), { name, statement, said })); // prettier-ignore
  }
  return outcomes.filter((outcome) => outcome !== undefined);
}

interface MadeHere {
  name: string;
  value: Value;
  statement: Syntax;
  place: Place;
  framework: Framework;
  produce: () => Value;
}

/** Models at the top of the module and those that functions without arguments give. */
function madeModels(program: Program): MadeHere[] {
  const found: MadeHere[] = [];
  const { interpreter } = program;
  for (const [name, value] of interpreter.module.names) {
    const statement = program.root.children.findLast((each) => assigns(each, name));
    const framework = statement && frameworks.find((each) => each.isModel(value));
    if (statement && framework && !found.some((other) => other.value === value))
      found.push({ name, value, statement, place: one(statement.children[0], "left")!, framework, produce: () => value }); // prettier-ignore
  }
  for (const [name, value] of program.returned) {
    const maker = program.value(name);
    const framework = frameworks.find((each) => each.isModel(value));
    if (!framework || maker?.kind !== "function") continue;
    // What functions make that only pass on what another makes is read once.
    if (found.some((other) => other.value === value)) continue;
    const produce = () => interpreter.callWith(maker, [], maker.node);
    found.push({ name, value, statement: maker.node, place: nameOf(maker.node), framework, produce });
  }
  return found;
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

/** The classes that a class's code names, and of which there are instances in the model that it makes. */
function partsOf(program: Program, type: PythonClass, model: ModelClass): Set<PythonClass> {
  const parts = new Set<PythonClass>();
  const names = program.names.get(type);
  const isRelated = (other: PythonClass) => other === type || other.mro.includes(type) || type.mro.includes(other);
  for (const other of program.classes) if (!isRelated(other) && names.includes(other.name)) parts.add(other);
  const made = program.within(steps.model, () => model.make(sample));
  if (made) for (const other of classesIn(made)) if (!isRelated(other)) parts.add(other);
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

interface Common {
  name: string;
  statement: Syntax;
  said: Said;
}

/** A few tokens are enough to see which input a model takes. */
const sample: Trial = { tokens: 6, input: "ids", mask: "added", memory: false, width: 0 };

function readModel(program: Program, model: Model, common: Common): Outcome | undefined {
  const { said, name } = common;
  const { place } = model;
  const run = (trial: Trial): Run => program.within(steps.model, () => model.run(trial)) ?? { lost: { reason: "it takes too many steps to read", place } }; // prettier-ignore
  const given = tokensOf(said);
  let lost: Opaque | undefined;
  for (const trial of trials(program, model, said)) {
    const first = run({ ...trial, tokens: given ?? trial.tokens });
    const tokens = given ?? ("lost" in first ? undefined : first.tokens) ?? longest(program, model, run, trial, "output" in first); // prettier-ignore
    const result = tokens === undefined || tokens === given || ("output" in first && first.tokens !== undefined) ? first : run({ ...trial, tokens }); // prettier-ignore
    if ("lost" in result) {
      // What another length came to says more than that this one does not fit.
      if (!lost || (isLength(lost) && !isLength(result.lost))) lost = result.lost;
      continue;
    }
    const { output } = result;
    if (!hasAttention(output)) return undefined;
    if (tokens === undefined) {
      const why = `How many tokens does \`${name}\` take? Its code does not say.`;
      return { ...common, missing: [["tokens", "128"]], why, place };
    }
    const lowered = lower(output, { name, place, ...targetOf(said) });
    if ("opaque" in lowered) lost ??= lowered.opaque;
    else if (usesMask(said) && !masksAreAsSaid(lowered, said))
      lost ??= { reason: "the mask that the comment names is not what the code makes of it", place };
    else return { ...common, place, lowered, format: model.framework.format };
  }
  lost ??= { reason: "it takes no tokens", place };
  const argument = /^the argument `(\w+)` of /.exec(lost.reason)?.[1];
  if (argument === undefined) return { ...common, lost };
  const isInput = model.inputs.some((input) => input.name === argument);
  const why = `What \`${name}\` can express depends on its argument \`${argument}\`, which only its callers know.`;
  return { ...common, missing: [[argument, isInput ? "causal" : isDepth(argument) ? "12" : "64"]], why, place };
}

/** The ways of calling a model that are tried, the likeliest first. */
function* trials(program: Program, model: Model, said: Said): Iterable<Trial> {
  const masks = usesMask(said) ? maskKinds : maskKinds.slice(0, 1);
  const memories = model.inputs.length > 1 ? [false, true] : [false];
  const made = program.within(steps.model, () => model.make(sample));
  const widths = Math.max(1, Math.min(mostWidths, made ? widthsOf(made).length : 1));
  for (const input of inputOrder(program, model))
    for (const memory of memories)
      for (const mask of masks)
        for (let width = 0; width < (input.startsWith("vectors") || memory ? widths : 1); width++)
          yield { ...sample, input, mask, memory, width };
}

const tokensOf = (said: Said): number | undefined => {
  const value = said.values.get("tokens")?.value;
  return value?.kind === "int" ? value.value : undefined;
};

const usesMask = (said: Said): boolean => [...said.values.values()].some(({ value }) => value.kind === "mask");

/** Whether what was not understood may be a matter of the input's length. */
const isLength = ({ reason }: Opaque): boolean => /do not agree|outside its axis/.test(reason);

/** Which inputs to try, the likeliest first. */
function inputOrder(program: Program, model: Model): InputKind[] {
  const name = model.inputs[0]?.name ?? "";
  const text = model instanceof ModelClass ? program.interpreter.textOf(model.type.node) : "";
  const vectors: InputKind[] = ["vectors", "vectors-token-first"];
  const ids: InputKind[] = ["ids", "ids-token-first"];
  if (/image|img|pixel|^imgs?$/i.test(name) || /Conv2d|PatchEmbed/.test(text)) return ["image", ...vectors, ...ids];
  const isIds = /idx|ids|tokens|src|tgt|indices/i.test(name) || /Embedding|Embed\(/.test(text) || model instanceof MadeModel; // prettier-ignore
  return isIds ? [...ids, ...vectors] : [...vectors, ...ids];
}

const lengthNames = /block_size|context|ctx|max_len|maxlen|seq|length|n_positions|num_patches|pos|tokens|window/i;
const mostTries = 24;

/** The longest input that the model takes, where it takes none that is one token longer; undefined where there is no such end. */
function longest(
  program: Program,
  model: Model,
  run: (trial: Trial) => Run,
  trial: Trial,
  takesFew: boolean,
): number | undefined {
  // prettier-ignore
  const made = program.within(steps.model, () => model.make(trial));
  if (!made) return undefined;
  const byName = [...numbersIn(made)].sort(([a], [b]) => Number(lengthNames.test(b)) - Number(lengthNames.test(a)));
  const candidates = new Set<number>();
  for (const [, numbers] of byName) for (const number of numbers) candidates.add(number).add(number - 1);
  let tries = 0;
  let fits: number | undefined;
  for (const tokens of candidates) {
    if (tokens < 2 || tokens > limits.tokens || ++tries > mostTries) continue;
    const result = run({ ...trial, tokens });
    if ("lost" in result) {
      if (!takesFew && !isLength(result.lost)) fits ??= tokens;
    } else if ("lost" in run({ ...trial, tokens: tokens + 1 })) return tokens;
  }
  // A length that fits though the rest is not understood: what is not understood is what to say.
  return fits;
}

/** Whether some layer has the mask that a comment names, and no token is left without keys. */
function masksAreAsSaid({ architecture }: Lowered, said: Said): boolean {
  const kinds = [...said.values.values()].flatMap(({ value }: CommentEntry) => (value.kind === "mask" ? [value.value] : [])); // prettier-ignore
  const patterns = architecture.layers.flatMap(({ mixer }) => (mixer.kind === "attention" ? mixer.heads.map(({ pattern }) => pattern.kind) : [])); // prettier-ignore
  return kinds.every((kind) => patterns.includes(kind));
}
