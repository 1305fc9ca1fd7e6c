/** Reads the models of a Python text: classes of a framework's modules, masks that stand alone, and functions that attend. */
import { limits } from "../../../theory/architecture/limits";
import { noTarget } from "../../../theory/architecture/schema";
import type { SpecPath } from "../../../theory/verdict/report";
import { Comments, type CommentEntry, type Said } from "../comments";
import { lower, type Lowered } from "../graph/lower";
import type { Opaque, Place } from "../graph/nodes";
import type { ModelFile, Question, ReadArchitecture, Skipped } from "../../modelFile";
import { LineMap } from "../../ranges";
import type { Syntax } from "../syntax";
import { relatedPlaces } from "./related";
import { targetOf } from "./target";
import { noArguments } from "./objects";
import { identifiers, isBrokenInside, one, parametersOf, type Parameter } from "./trees";
import { editPython, mostReadings, type EditedSubject, type FileEdits } from "./edit";
import { frameworks, type Framework } from "./frameworks";
import { functionalModel } from "./libraries/kerasModels";
import { readMasks } from "./masks";
import { nameOf, Program, steps } from "./program";
import { Reuse } from "./reuse";
import { classesIn, hasAttention, isDepth, MadeModel, maskKinds, Model, ModelClass, mostWidths, numbersIn, widthsOf, type InputKind, type Run, type Trial } from "./running"; // prettier-ignore
import { unknown, type PythonClass, type PythonFunction, type Value } from "./values";

/** What a model or mask of the text came to. */
export type Outcome =
  | { lowered: Lowered; known: Known; name: string; place: Place; statement: Syntax; said: Said; format: ModelFile["format"]; /** Where it was read from an earlier text. */ read?: readonly ReadArchitecture[] } // prettier-ignore
  | { lost: Opaque; name: string; statement: Syntax; said: Said }
  | { missing: readonly (readonly [key: string, example: string])[]; name: string; why: string; place: Place; statement: Syntax; said: Said }; // prettier-ignore

/** What was found out on reading a model or a mask: enough to read it again in a text that differs little. */
export interface Known {
  name: string;
  kind: "class" | "made" | "mask";
  /** Undefined for a mask. */
  trial: Trial | undefined;
  /** Whether its number of tokens is the most that it takes, and said nowhere else. */
  isLongest: boolean;
}

/** More models of a file than these that are asked about, or not understood, are a library's: they are told together. */
const mostApart = 4;

/** What is told together of models that no comment of their own is about: a sentence for the first, nothing for the others. */
function manyOf(outcomes: readonly Outcome[]): Map<Outcome, string | undefined> {
  const told = new Map<Outcome, string | undefined>();
  const without = outcomes.filter(({ said }) => said.own === undefined);
  const lost = without.filter((outcome) => "lost" in outcome);
  const open = without.filter((outcome) => "missing" in outcome);
  if (lost.length > mostApart) {
    const [{ name, lost: { reason } }] = lost; // prettier-ignore
    for (const outcome of lost) told.set(outcome, undefined);
    told.set(lost[0], `\`${name}\` and ${lost.length - 1} others were not understood, so nothing is said of them; of \`${name}\`: ${reason}.`); // prettier-ignore
  }
  if (open.length > mostApart) {
    const keys = [...new Set(open.flatMap(({ missing }) => missing.map(([key]) => `\`${key}\``)))].slice(0, 4);
    for (const outcome of open) told.set(outcome, undefined);
    told.set(open[0], `\`${open[0].name}\` and ${open.length - 1} others leave to their callers what decides what they can express (${keys.join(", ")}); a comment \`# uap:\` above one of them may say it.`); // prettier-ignore
  }
  return told;
}

/** Words without which no code attends. */
const attends = /attention|attn|softmax|transformer|multihead|encoder|decoder/i;

/** The grammar has to be loaded. Never throws. */
export function readPython(text: string): ModelFile {
  const file: ModelFile = { format: "pytorch", architectures: [], errors: [], notes: [], questions: [] };
  const program = Program.of(text);
  if (!program) return file;
  const lines = new LineMap(text);
  const range = ({ from, to }: Place) => lines.range(from, to);
  const comments = new Comments(program.root, text, lines);
  const reuse = new Reuse(program, lines);
  const outcomes = [...readModels(program, comments, reuse), ...readMasks(program, comments, { reuse })];
  const edits: FileEdits = { program, lines, left: mostReadings, subjects: [], found: new Map() };
  const several = manyOf(outcomes);
  for (const outcome of outcomes) {
    const { said, statement } = outcome;
    for (const { message, place } of said.problems) file.errors.push({ message, range: range(place) });
    if ("lowered" in outcome) {
      const read = outcome.read ?? [architectureOf(outcome, range, edits), ...encodersOf(outcome, range)];
      if (!outcome.read) reuse.keep(outcome, read);
      file.architectures.push(...read);
      file.format = outcome.format;
    } else if (several.has(outcome)) {
      const message = several.get(outcome);
      const place = "lost" in outcome ? outcome.lost.place : outcome.place;
      if (message !== undefined) file.notes!.push({ message, range: range(place) });
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
  { lowered, known, place, statement }: Extract<Outcome, { lowered: Lowered }>,
  range: (place: Place) => Skipped["range"],
  file: FileEdits,
): ReadArchitecture {
  const subject: EditedSubject = { lowered, known, place, statement };
  file.subjects.push(subject);
  return {
    ...placed(lowered, place, range),
    edit: (changes) => editPython(file, subject, changes),
    related: (finding) => relatedPlaces(file, subject, finding),
  };
}

const placed = (lowered: Lowered, place: Place, range: (place: Place) => Skipped["range"]) => ({
  architecture: lowered.architecture,
  range: range(place),
  skipped: lowered.skipped.map((one) => ({ message: one.message, range: range(one.place), affects: one.affects })),
  locate: (path: SpecPath) => range(lowered.locate(path)),
});

/** The models of other sequences that a model's tokens read, such as the encoder of a decoder: without fixes, which are the whole model's. */
function encodersOf(
  { lowered, name, place }: Extract<Outcome, { lowered: Lowered }>,
  range: (place: Place) => Skipped["range"],
): ReadArchitecture[] {
  return lowered.memories.filter(hasAttention).flatMap((memory) => {
    const encoder = lower(memory, { name: `${name} encoder`, place, target: noTarget });
    return "opaque" in encoder ? [] : [{ ...placed(encoder, place, range), edit: () => undefined }];
  });
}

/** One of the models or masks of another version of the text, in the way in which it was read before; undefined where it is not understood. */
export function readAgain(
  text: string,
  known: Known,
): { program: Program; lowered: Lowered; statement: Syntax } | undefined {
  // prettier-ignore
  const program = Program.of(text);
  if (!program) return undefined;
  const comments = new Comments(program.root, text, new LineMap(text));
  const outcome = known.kind === "mask" ? readMasks(program, comments, { only: known.name })[0] : modelAgain(program, comments, known); // prettier-ignore
  if (!outcome || !("lowered" in outcome)) return undefined;
  return { program, lowered: outcome.lowered, statement: outcome.statement };
}

function modelAgain(program: Program, comments: Comments, known: Known): Outcome | undefined {
  const { name } = known;
  if (known.kind === "made") {
    const made = madeModels(program).find((each) => each.name === name);
    if (!made) return undefined;
    const said = comments.about(made.statement);
    return readModel(program, new MadeModel(program, made.framework, said.values, made.place, made.parameters, made.produce), { name, statement: made.statement, said }, known); // prettier-ignore
  }
  const type = program.classes.find((each) => each.name === name);
  const framework = type && frameworks.find((each) => each.isModelClass(type));
  if (!framework) return undefined;
  const model = new ModelClass(program, type, framework, new Map());
  const takes = new Set([...model.parameters, ...model.inputs].map((parameter) => parameter.name));
  const said = saidOf(comments, type, framework, takes);
  return readModel(program, new ModelClass(program, type, framework, said.values), { name, statement: type.node, said }, known); // prettier-ignore
}

// ------------------------------------------------------------------------------------------------------------- classes

/** Models that the text makes, and model classes that no other model of the text is made of. */
function readModels(program: Program, comments: Comments, reuse: Reuse): Outcome[] {
  const classes = program.classes.flatMap((type) => {
    const framework = frameworks.find((each) => each.isModelClass(type));
    const model = framework && new ModelClass(program, type, framework, new Map());
    return framework && model?.computes ? [{ type, framework, model }] : [];
  });
  const inside = new Set(classes.flatMap(({ type, model }) => [...partsOf(program, type, model)]));
  const made = madeModels(program);
  // Classes whose instances another model is made of by a function.
  for (const { value, statement } of made)
    for (const { type } of classes)
      if (!(value.kind === "instance" && value.type === type) && identifiers(statement).includes(type.name))
        inside.add(type);
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
    const told = said.values.size === 0 ? model : new ModelClass(program, type, framework, said.values);
    const outcome = reuse.outcome("class", subject, () => readModel(program, told, subject));
    // A base class that cannot be understood by itself may not be meant to; and not everything that has to do with a transformer attends.
    if (asked || (outcome && "lowered" in outcome) || (!isBase && mayAttend(program, type))) outcomes.push(outcome);
  }
  for (const { name, value, statement, place, framework, parameters, produce } of made) {
    const computed = value.kind === "instance" ? new ModelClass(program, value.type, framework, new Map()).inputs : [];
    const said = comments.about(statement, new Set([...parameters, ...computed].map((each) => each.name)));
    const type = value.kind === "instance" ? classes.find((each) => each.type === value.type) : undefined;
    if (said.ignore || (type && (type.model.standsAlone || inside.has(type.type)) && !said.own)) continue;
    // A functional model's layers are in the statements before it; those that are parts of another are read with it.
    const functional = program.within(steps.model, () => functionalModel(value, { interpreter: program.interpreter, place })); // prettier-ignore
    if (functional?.isPart) continue;
    if (!attends.test(program.interpreter.textOf(statement)) && !type && !functional) continue;
    const model = new MadeModel(program, framework, said.values, place, parameters, produce);
    outcomes.push(reuse.outcome("made", { name, statement, said }, () => readModel(program, model, { name, statement, said }))); // prettier-ignore
  }
  return outcomes.filter((outcome) => outcome !== undefined);
}

interface MadeHere {
  name: string;
  value: Value;
  statement: Syntax;
  place: Place;
  framework: Framework;
  /** Of the function that makes it. */
  parameters: readonly Parameter[];
  produce: (given: ReadonlyMap<string, Value>) => Value;
}

/** Models at the top of the module and those that functions without arguments give. */
function madeModels(program: Program): MadeHere[] {
  const found: MadeHere[] = [];
  const { interpreter } = program;
  for (const [name, value] of interpreter.module.names) {
    const statement = program.assignment(name);
    const framework = statement && frameworks.find((each) => each.isModel(value));
    // What a function gives without arguments is read at the function.
    const called = statement && one(statement.children[0], "right");
    const isReturned = called?.type === "call" && program.returned.has(one(called, "function")?.text ?? "") && one(called, "arguments")?.children.length === 0; // prettier-ignore
    if (statement && framework && !isReturned && !found.some((other) => other.value === value))
      found.push({ name, value, statement, place: one(statement.children[0], "left")!, framework, parameters: [], produce: () => value }); // prettier-ignore
  }
  for (const [name, value] of program.returned) {
    const maker = program.value(name);
    const framework = frameworks.find((each) => each.isModel(value));
    if (!framework || maker?.kind !== "function") continue;
    // What functions make that only pass on what another makes is read once.
    if (found.some((other) => other.value === value)) continue;
    const place = nameOf(maker.node);
    const produce = (named: ReadonlyMap<string, Value>) => interpreter.call(maker, { ...noArguments(place, []), named }, place); // prettier-ignore
    const parameters = parametersOf(maker.node)?.named ?? [];
    found.push({ name, value, statement: maker.node, place, framework, parameters, produce });
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
  const made = (model.made =
    program.within(steps.model, () => model.make(sample)) ?? unknown(tooManySteps, model.place));
  for (const other of classesIn(made)) if (!isRelated(other)) parts.add(other);
  return parts;
}

/** The text of a class and of what it uses of the module, names aside. */
const reachableText = (program: Program, type: PythonClass): string =>
  reachable(program, type).map(({ node }) => program.interpreter.textOf(node)).join("\n"); // prettier-ignore

/** Whether something that a class uses is called as what attends is, or multiplies what softmax gives. */
function mayAttend(program: Program, type: PythonClass): boolean {
  const parts = reachable(program, type);
  const names = parts.flatMap((part) => program.names.get(part));
  if (names.some((name) => /attention|attn|multihead|transformer/i.test(name) && !/mask|scaling|drop|output|config/i.test(name))) return true; // prettier-ignore
  const multiplies = /@|matmul|bmm|einsum|\bdot/;
  return names.some((name) => /softmax/i.test(name)) && parts.some(({ node }) => multiplies.test(program.interpreter.textOf(node))); // prettier-ignore
}

/** A class, and the classes and functions of the module that it uses. */
function reachable(program: Program, type: PythonClass): (PythonClass | PythonFunction)[] {
  const seen = new Set<string>();
  const found: (PythonClass | PythonFunction)[] = [];
  const visit = (value: PythonClass | PythonFunction): void => {
    found.push(value);
    for (const name of program.names.get(value)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const next = program.value(name);
      if (next?.kind === "class" || next?.kind === "function") visit(next);
    }
  };
  visit(type);
  return found;
}

interface Common {
  name: string;
  statement: Syntax;
  said: Said;
}

const tooManySteps = "it takes too many steps to read";

/** A few tokens are enough to see which input a model takes. */
const sample: Trial = { tokens: 6, input: "ids", mask: "added", memory: false, width: 0 };

function readModel(program: Program, model: Model, common: Common, known?: Known): Outcome | undefined {
  const { said, name } = common;
  const { place } = model;
  const run = (trial: Trial, made?: Value): Run => program.within(steps.model, () => model.run(trial, made)) ?? { lost: { reason: tooManySteps, place } }; // prettier-ignore
  const given = tokensOf(said);
  const made = model.made ?? program.within(steps.model, () => model.make({ ...sample, tokens: given ?? sample.tokens })) ?? unknown(tooManySteps, place); // prettier-ignore
  const numbers = numbersIn(made);
  let unused = model instanceof ModelClass ? made : undefined;
  let lost: Opaque | undefined = made.kind === "unknown" ? made : undefined;
  const causes = new Map<string, InputKind>();
  for (const trial of known?.trial ? [known.trial] : lost ? [] : trials(model, numbers, said)) {
    const first = run({ ...trial, tokens: given ?? trial.tokens }, unused);
    unused = undefined;
    const told = given ?? ("lost" in first ? undefined : first.tokens);
    const found = told !== undefined ? { tokens: told, result: first } : known?.isLongest ? lengthAgain(run, trial, first) : longest(program, model, run, trial, first, numbers); // prettier-ignore
    const { tokens, result } = found;
    if ("lost" in result) {
      if (result.lost.reason === tooManySteps) return { ...common, lost: result.lost };
      // What another length came to says more than that this one does not fit.
      if (!lost || (isLength(lost) && !isLength(result.lost))) lost = result.lost;
      // What indices and vectors come to alike is no matter of the input.
      const cause = `${result.lost.reason} ${result.lost.place.from}`;
      const before = causes.get(cause) ?? trial.input;
      if (!isLength(result.lost) && before.split("-")[0] !== trial.input.split("-")[0]) break;
      causes.set(cause, before);
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
    else {
      const kind = model instanceof ModelClass ? "class" : "made";
      const read: Known = { name, kind, trial: { ...trial, tokens }, isLongest: told === undefined };
      return { ...common, place, lowered, known: read, format: model.framework.format };
    }
  }
  lost ??= { reason: "it takes no tokens", place };
  const argument = /^the argument `(\w+)` of /.exec(lost.reason)?.[1];
  if (argument === undefined) return { ...common, lost };
  const isInput = model.inputs.some((input) => input.name === argument);
  // A comment says numbers and masks, no configurations or modules.
  if (isInput ? /position|cache/i.test(argument) : noNumbers.test(argument)) return { ...common, lost };
  const why = `What \`${name}\` can express depends on its argument \`${argument}\`, which only its callers know.`;
  return { ...common, missing: [[argument, isInput ? "causal" : isDepth(argument) ? "12" : "64"]], why, place };
}

const noNumbers =
  /^(args|conf|cfg|hparams|params|hp|opt|options|settings|c)$|(config|cls|class|modules?|model|layers?|encoder|decoder|embeddings?|fn|func|factory|norm|act|activation)$/i;

/** The ways of calling a model that are tried, the likeliest first. */
function* trials(model: Model, numbers: ReadonlyMap<string, number[]>, said: Said): Iterable<Trial> {
  const masks = usesMask(said) ? maskKinds : maskKinds.slice(0, 1);
  const memories = model.inputs.length > 1 ? [false, true] : [false];
  const widths = Math.max(1, Math.min(mostWidths, widthsOf(numbers).length));
  for (const input of inputOrder(model))
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
const isLength = ({ reason }: Opaque): boolean =>
  /do not agree|outside its axis|which raises|more tokens than/.test(reason);

/** Whether a model does not take so many tokens. What is not understood for another reason tells nothing. */
const isEnd = (run: Run): boolean => "lost" in run && isLength(run.lost);

/** A number of tokens, and what the model gives back for it; or what it gives back for a few where its code does not tell. */
interface Length {
  tokens: number | undefined;
  result: Run;
}

/** Which inputs to try, the likeliest first. */
function inputOrder(model: Model): InputKind[] {
  const name = model.inputs[0]?.name ?? "";
  const text = model instanceof ModelClass ? model.text : "";
  const vectors: InputKind[] = ["vectors", "vectors-token-first"];
  const ids: InputKind[] = ["ids", "ids-token-first"];
  if (/image|img|pixel|^imgs?$/i.test(name) || /Conv2d|PatchEmbed/.test(text)) return ["image", ...vectors, ...ids];
  const isIds = /idx|ids|tokens|src|tgt|indices/i.test(name) || /Embedding|Embed\(/.test(text) || model instanceof MadeModel; // prettier-ignore
  return isIds ? [...ids, ...vectors] : [...vectors, ...ids];
}

/** The length that the model had, where it takes it still and no longer one. */
const lengthAgain = (run: (trial: Trial) => Run, trial: Trial, first: Run): Length => ({
  tokens: "output" in first && isEnd(run({ ...trial, tokens: trial.tokens + 1 })) ? trial.tokens : undefined,
  result: first,
});

const lengthNames = /block_size|context|ctx|max_len|maxlen|seq|length|n_positions|num_patches|pos|tokens|window/i;
const mostTries = 24;
/** So many lengths that fit though the rest is not understood are enough. */
const mostOthers = 3;

/** The longest input that the model takes, where it takes none that is one token longer; undefined where there is no such end. */
function longest(
  program: Program,
  model: Model,
  run: (trial: Trial) => Run,
  trial: Trial,
  first: Run,
  numbers: ReadonlyMap<string, readonly number[]>,
): Length {
  // prettier-ignore
  const byName = [...numbers].sort(([a], [b]) => Number(lengthNames.test(b)) - Number(lengthNames.test(a)));
  const candidates = new Set(byName.flatMap(([, each]) => each.flatMap((number) => [number, number - 1])));
  const lengths = [...candidates].filter((tokens) => 2 <= tokens && tokens <= limits.tokens);
  const known = new Map([[trial.tokens, first]]);
  const at = (tokens: number): Run => {
    let result = known.get(tokens);
    if (!result) known.set(tokens, (result = run({ ...trial, tokens })));
    return result;
  };
  // A model of blocks or of a grid need not take one more and has no end for that.
  const isLongest = (tokens: number) => "output" in at(tokens) && isEnd(at(tokens + 1)) && isEnd(at(4 * tokens));
  let fits: Length = { tokens: undefined, result: first };
  if ("output" in first) {
    // What takes more tokens than any number that it holds takes any number of them.
    const more = { ...trial, tokens: Math.max(0, ...lengths) + 1 };
    const probed = program.within(steps.probe, () => model.run(more));
    if (probed && "output" in probed) return fits;
    if (probed) known.set(more.tokens, probed);
    // The end is between the longest that it takes and the next.
    lengths.sort((a, b) => a - b);
    let [taken, not] = [-1, lengths.length];
    while (not - taken > 1) {
      const middle = (taken + not) >> 1;
      if ("output" in at(lengths[middle])) taken = middle;
      else not = middle;
    }
    const tokens = lengths[taken];
    return taken >= 0 && isLongest(tokens) ? { tokens, result: at(tokens) } : fits;
  }
  let others = 0;
  for (const tokens of lengths.slice(0, mostTries)) {
    const result = at(tokens);
    if (isLongest(tokens)) return { tokens, result };
    if ("output" in result) continue;
    // Sizes that are the same for another length are no matter of it.
    const { reason, place } = result.lost;
    if (/\d/.test(reason) && reason === first.lost.reason && place.from === first.lost.place.from) break;
    if (isLength(result.lost)) continue;
    if (result.lost.reason === tooManySteps) return { tokens, result };
    // A length that fits though the rest is not understood: what is not understood is what to say.
    if (others++ === 0) fits = { tokens, result };
    if (others === mostOthers) break;
  }
  return fits;
}

/** Whether some layer has the mask that a comment names, and no token is left without keys. */
function masksAreAsSaid({ architecture }: Lowered, said: Said): boolean {
  const kinds = [...said.values.values()].flatMap(({ value }: CommentEntry) => (value.kind === "mask" ? [value.value] : [])); // prettier-ignore
  const patterns = architecture.layers.flatMap(({ mixer }) => (mixer.kind === "attention" ? mixer.heads.map(({ pattern }) => pattern.kind) : [])); // prettier-ignore
  return kinds.every((kind) => patterns.includes(kind));
}
