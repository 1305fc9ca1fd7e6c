/**
 * Reader of JavaScript and TypeScript: the architectures that code gives to this package's `transformer`, and models of TensorFlow.js. The code
 * is read, not run; what it gave to `transformer` when the user had it run (runtime/evaluation) is taken where reading does not tell.
 */
import { isDeepStrictEqual } from "node:util";
import path from "node:path";
import type { Evaluable, Evaluation } from "../../../runtime/evaluation/evaluate";
import { parseArchitecture } from "../../../theory/architecture/validate";
import type { SpecChange, SpecPath, TextEdit } from "../../../theory/verdict/report";
import type { ModelFile, Question, ReadError } from "../../modelFile";
import { LineMap } from "../../ranges";
import { changeValue, Patch, splice, type Splice } from "../../spec/edit";
import { spanAt, spanOf } from "../../spec/places";
import { childrenAlong, toValue, type SourceNode, type Span } from "../../spec/source";
import { architectureInput } from "../../../theory/architecture/input";
import { Comments, type CommentEntry, type Said } from "../comments";
import { lower, type Lowered } from "../graph/lower";
import type { Opaque, Place, StreamNode } from "../graph/nodes";
import { allInputs } from "../graph/tokenwise";
import { targetOf } from "../python/target";
import { syntaxOf, type SourceLanguage, type Syntax } from "../syntax";
import { CodeEditor, type Strategy, type Style } from "./edit";
import { notRead } from "./evaluated";
import { field, Interpreter, TooMuchWork, withoutComments } from "./interpreter";
import {
  blockMethods,
  lensModule,
  packageName,
  patternFunctions,
  patternLists,
  patternNames,
  type Recorded,
} from "./lens";
import { placed } from "./source";
import { isTensorFlow, TensorFlow, type TfModel } from "./tfjs";
import { boolean, number, string, unknown, type At, type Value } from "./values";

/** Architectures past this many are left out, and errors. */
const most = 100;
/** Files past so many characters, or with such lines, were built, not written, and are not read. */
const longest = 2 ** 19;
const isBuilt = (text: string): boolean =>
  text.length > longest || (text.length > 2 ** 14 && text.length > 300 * text.split("\n").length);

/** The grammar that reads the file. */
function languageOf(fileName: string): SourceLanguage {
  if (/\.[cm]?ts$/i.test(fileName)) return "typescript";
  return /\.tsx$/i.test(fileName) ? "tsx" : "javascript";
}

/**
 * Reads a JavaScript or TypeScript file. Undefined where there is no model in it; never throws.
 * The grammar of its language is to be loaded before.
 * @param evaluation what the code did when it was run, with this text.
 */
export function readTypeScript(text: string, fileName: string, evaluation?: Evaluation): ModelFile | undefined {
  const reading = read(text, fileName);
  if (!reading) return undefined;
  const lines = new LineMap(text);
  const rangeOf = ({ from, to }: Span) => lines.range(from, to);
  const { comments, notes, questions } = reading;
  const file: ModelFile = { format: "typescript", architectures: [], errors: [], notes, questions };
  const add = (recorded: Recorded, root: SourceNode, edit: (changes: SpecChange[]) => Splice[] | undefined) => {
    const { name, call, callee } = recorded;
    // What is not written is missing in the call.
    const isMissing = (at: SpecPath) => childrenAlong(root, at).length === 0;
    const parsed = parseArchitecture(toValue(root));
    if ("problems" in parsed) {
      for (const problem of parsed.problems) {
        const place = isMissing(problem.path) ? callee : spanOf(problem, root, text);
        file.errors.push({ message: problem.message, range: rangeOf(place) });
      }
      return;
    }
    const { architecture } = parsed;
    if (architecture.name === "") architecture.name = name ?? path.basename(fileName).replace(/\.\w+$/, "");
    file.architectures.push({
      architecture,
      range: rangeOf(call),
      skipped: [],
      locate: (at) => rangeOf(isMissing(at) ? callee : spanAt(at, root, text)),
      edit: (changes) =>
        edit(changes)?.map(({ from, to, newText }): TextEdit => ({ range: lines.range(from, to), newText })),
    });
  };
  for (const [i, recorded] of reading.recorded.entries()) {
    const { root, open, callee, call } = recorded;
    const edit = (changes: SpecChange[]) => editOf(text, fileName, i, changes);
    if (!open) {
      add(recorded, root, edit);
      continue;
    }
    const site = siteOf(call);
    const seen = distinct(evaluation?.architectures.filter((one) => one.site === site).map(({ input }) => input) ?? []);
    // Several architectures of one call are changed together or not at all.
    for (const input of seen.slice(0, most))
      add(recorded, placed(input, root, callee), seen.length === 1 ? edit : () => undefined);
    if (seen.length > 0) continue;
    const why = evaluation?.error === undefined ? "" : `; running the code did not tell: ${evaluation.error}`;
    const question = evaluation ? undefined : reading.questionOf(open.reason, open.place, rangeOf(callee));
    if (question) questions.push(question);
    else {
      const message = `${notRead}\`${text.slice(callee.from, callee.to)}\` was not read: it depends on ${open.reason}${why}.`;
      notes.push({ message, range: rangeOf(callee) });
    }
  }
  for (const [i, { lowered, model }] of reading.lowered.entries())
    file.architectures.push({
      architecture: lowered.architecture,
      range: rangeOf(model.node),
      skipped: lowered.skipped.map(({ message, place, affects }) => ({ message, range: rangeOf(place), affects })),
      locate: (at) => rangeOf(lowered.locate(at)),
      edit: (changes) =>
        editLayers(text, fileName, i, changes)?.map(({ from, to, newText }): TextEdit => ({ range: lines.range(from, to), newText })), // prettier-ignore
    });
  if (file.architectures.length + file.errors.length + notes.length + questions.length === 0) return undefined;
  for (const { message, place } of [...reading.problems, ...comments.rest()]) file.errors.push({ message, range: rangeOf(place) }); // prettier-ignore
  file.errors = distinct(file.errors).slice(0, most);
  return file;
}

/** What is to be run where reading does not tell an architecture; undefined where it tells them all. */
export function evaluableOf(text: string, fileName: string): Evaluable | undefined {
  const reading = read(text, fileName);
  const sites = reading?.recorded.filter(({ open }) => open).map(({ call }) => siteOf(call)) ?? [];
  if (!reading || sites.length === 0) return undefined;
  return { text, sites: [...new Set(sites)], isModule: reading.isModule };
}

/** Where the last argument of a call ends, which names the call. */
function siteOf(call: Syntax): number {
  const list = field(call, "arguments");
  return (list && withoutComments(list).at(-1)?.to) ?? call.to;
}

interface Reading {
  recorded: Recorded[];
  lowered: { lowered: Lowered; model: TfModel }[];
  notes: ReadError[];
  questions: Question[];
  comments: Comments;
  /** What is wrong with comments about what was read. */
  problems: Said["problems"][number][];
  style: Style;
  isModule: boolean;
  /** The question for an argument that nobody gives, where the reason is one. */
  questionOf(reason: string, place: Place, range: Question["range"]): Question | undefined;
}

const words = new RegExp(`${packageName}|@tensorflow/|\\btf\\.(layers|sequential|model|input|softmax|matMul)\\b`);
/** Values of arguments that a person then changes, by their names. */
const examples: readonly [RegExp, string][] = [
  [/token|seq|length|context|^n$/i, "128"],
  [/layers|depth|blocks/i, "12"],
];
/** Code in which a model may attend. */
const attends = /attention|attn|transformer|softmax\(/i;
const isStatement = ({ type }: Syntax): boolean => /(_declaration|_statement)$/.test(type) && type !== "export_statement"; // prettier-ignore

function read(text: string, fileName: string): Reading | undefined {
  if (!words.test(text) || isBuilt(text)) return undefined;
  const program = syntaxOf(languageOf(fileName), text);
  if (!program) return undefined;
  const lines = new LineMap(text);
  const rangeOf = ({ from, to }: Place) => lines.range(from, to);
  const comments = new Comments(program, text, lines);
  const problems = new Set<Said["problems"][number]>();
  const notes: ReadError[] = [];
  const questions: Question[] = [];
  /** What comments say of a node: those of the statements around it, the nearest first of all. */
  const saidOf = (node: Syntax): Said => {
    const all = [...interpreter.ancestors(node), node].filter(isStatement).map((one) => comments.about(one));
    for (const said of all) for (const problem of said.problems) problems.add(problem);
    return {
      ignore: all.some(({ ignore }) => ignore),
      values: new Map(all.flatMap(({ values }) => [...values])),
      problems: [],
      own: all.findLast(({ own }) => own)?.own,
    };
  };
  const all: Recorded[] = [];
  const module = lensModule((one) => void all.push(one));
  const tensorFlow = new TensorFlow((node) => {
    const entry = node && saidOf(node).values.get("tokens");
    return entry?.value.kind === "int" ? entry.value.value : undefined;
  });
  const interpreter = new Interpreter(text, program, {
    module: (specifier) =>
      specifier === packageName ? module : isTensorFlow(specifier) ? tensorFlow.module : undefined,
    // As a page has it that loads TensorFlow.js by itself.
    global: (name) => (name === "tf" ? tensorFlow.module : undefined),
    told: (name, node) => toldValue(saidOf(node).values.get(name)),
  });
  let models: TfModel[] = [];
  try {
    interpreter.run();
    const at: At = { place: { from: 0, to: 0 }, interpreter };
    models = tensorFlow.finish(at);
    for (const made of interpreter.unused) {
      const own = text.slice(made.node.from, made.node.to);
      if (!/softmax/.test(own) || !/matMul|einsum/i.test(own)) continue;
      const name = field(made.node, "name") ?? made.node;
      const model = interpreter.quietly(() => tensorFlow.alone(interpreter.instance(made), made.node, name, { ...at, place: name })); // prettier-ignore
      if (model) models.push(model);
    }
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    const message = "This code takes too long to follow: not all of its models were read.";
    if (all.length > 0 || attends.test(text)) notes.push({ message, range: lines.range(0, 1) });
  }
  const known = all.filter(({ open }) => !open);
  const unique = known.filter(
    ({ call, root }, i) =>
      known.findIndex((one) => one.call === call && isDeepStrictEqual(toValue(one.root), toValue(root))) === i,
  );
  const isKnown = new Set(known.map(({ call }) => call));
  const open = all.filter(({ call }, i) => !isKnown.has(call) && all.findIndex((one) => one.call === call) === i);
  const recorded = [...unique, ...open].filter(({ call }) => !saidOf(call).ignore).slice(0, most);

  const questionOf = (reason: string, place: Place, range: Question["range"]): Question | undefined => {
    const [, name, callee] = /^the argument `(\w+)` of `(.+)`$/.exec(reason) ?? [];
    const node = interpreter.asked.get(place.from);
    if (name === undefined || !node || /^(config|args|options|opts|params|props)$/i.test(name)) return undefined;
    const message = `What \`${callee}\` makes depends on its argument \`${name}\`, which only its callers know.`;
    const example = examples.find(([names]) => names.test(name))?.[1] ?? "64";
    const about = interpreter.ancestors(node).concat(node).findLast(isStatement) ?? node;
    return { message, range, missing: [name], edit: comments.add(about, [[name, example]], "//") };
  };
  const refrozen = /\.trainable\s*=(?!=|\s*true\b)/.exec(text);
  const lowered: Reading["lowered"] = [];
  for (const model of models.slice(0, most)) {
    const { node, callee } = model;
    const said = saidOf(node);
    if (said.ignore) continue;
    const name = interpreter.nameOf(node) ?? field(node, "name")?.text ?? path.basename(fileName).replace(/\.\w+$/, "");
    const output = model.outputs.flatMap(({ content }) => ("node" in content && hasAttention(content.node) ? [content.node] : []))[0] as StreamNode | undefined; // prettier-ignore
    let lost: Opaque | undefined;
    if (output && refrozen) {
      const place = { from: refrozen.index, to: refrozen.index + refrozen[0].length };
      notes.push({ message: `\`${name}\` was not understood, so nothing is said of it: layers that are frozen after they were made.`, range: rangeOf(place) }); // prettier-ignore
      continue;
    }
    if (output && tensorFlow.unsized.has(output.sequence)) {
      const [about = node] = interpreter.ancestors(node).concat(node).filter(isStatement);
      const message = `How many tokens does \`${name}\` take? Its code does not say.`;
      const edit = comments.add(about, [["tokens", "128"]], "//");
      questions.push({ message, range: rangeOf(callee), missing: ["tokens"], edit });
      continue;
    }
    if (output) {
      const { sizePlaces, widths } = tensorFlow;
      const sizes = { tokensPlace: sizePlaces.get(output.sequence), width: widths.get(output.sequence) };
      const result = lower(output, { name, place: callee, ...sizes, ...targetOf(said) });
      if ("architecture" in result) lowered.push({ lowered: result, model });
      else lost = result.opaque;
    } else if (attends.test(text)) {
      lost = model.outputs.flatMap(({ content }) => (content.kind === "opaque" ? [content.opaque] : []))[0];
    }
    if (!lost) continue;
    const question = questionOf(lost.reason, lost.place, rangeOf(callee));
    if (question) questions.push(question);
    else {
      const message = `\`${name}\` was not understood, so nothing is said of it: ${lost.reason}.`;
      notes.push({ message, range: rangeOf(lost.place) });
    }
  }
  return {
    recorded,
    lowered,
    notes: distinct(notes),
    questions: distinct(questions),
    comments,
    problems: [...problems],
    style: styleOf(text, interpreter, module),
    isModule: isModule(program, fileName),
    questionOf,
  };
}

/** The value that a comment gives an argument. */
function toldValue(entry: CommentEntry | undefined): Value | undefined {
  const value = entry?.value;
  switch (value?.kind) {
    case "int":
    case "float":
      return number(value.value, entry!.valuePlace);
    case "bool":
      return boolean(value.value, entry!.valuePlace);
    case "none":
      return { kind: "null", literal: entry!.valuePlace };
    case "string":
      return string(value.value);
    case "mask":
      return unknown("a mask that a comment names", entry!.valuePlace);
    case undefined:
      return undefined;
  }
}

/** Whether some token reads others. */
function hasAttention(output: StreamNode): boolean {
  const seen = new Set<StreamNode>([output]);
  for (const node of seen) {
    if (node.op === "attend") return true;
    for (const below of allInputs(node)) seen.add(below);
  }
  return false;
}

/** Whether Node takes the file for a module, by its ending or by what is in it. */
function isModule(program: Syntax, fileName: string): boolean {
  if (/\.[cm][jt]s$/i.test(fileName)) return /\.m[jt]s$/i.test(fileName);
  return program.children.some(
    (statement) =>
      (statement.type === "import_statement" &&
        !statement.children.some(({ type }) => type === "import_require_clause")) ||
      statement.type === "export_statement" ||
      awaits(statement),
  );
}

/** Whether there is an `await` outside of functions. */
function awaits({ type, children }: Syntax): boolean {
  if (type === "await_expression") return true;
  return !/function|method_definition/.test(type) && children.some(awaits);
}

function styleOf(text: string, interpreter: Interpreter, module: ReturnType<typeof lensModule>): Style {
  const names = new Map<string, string>();
  const at = { place: { from: 0, to: 0 }, interpreter };
  const parts = [...Object.keys(patternFunctions), ...patternLists, ...patternNames, ...blockMethods];
  for (const [local, { value }] of interpreter.globals.names) {
    for (const name of parts) {
      if (value === module) names.set(name, `${local}.${name}`);
      else if (value === module.type.get!(module, name, at)) names.set(name, local);
    }
  }
  const double = text.split('"').length;
  return {
    names,
    quote: text.split("'").length > double ? "'" : '"',
    lastComma: /,\s*[\]})]/.test(text) ? "," : "",
  };
}

/** The splices that make the changes in the architecture of this number, and change no other; undefined where there are none. */
function editOf(text: string, fileName: string, index: number, changes: readonly SpecChange[]): Splice[] | undefined {
  const valuesOf = (one: Reading) => one.recorded.map(({ root }) => toValue(root));
  const wanted = valuesOf(read(text, fileName)!).map((value, i): unknown =>
    JSON.parse(JSON.stringify(i === index ? changeValue(value, changes) : value)),
  );
  for (const strategy of ["made", "used"] as const) {
    const splices = attempt(text, fileName, index, changes, strategy);
    const after = splices && read(splice(text, splices), fileName);
    if (after && isDeepStrictEqual(valuesOf(after), wanted)) return splices;
  }
  return undefined;
}

function attempt(
  text: string,
  fileName: string,
  index: number,
  changes: readonly SpecChange[],
  strategy: Strategy,
): Splice[] | undefined {
  const patch = new Patch(text);
  for (const change of changes) {
    const reading = read(patch.text, fileName);
    const recorded = reading?.recorded[index];
    if (!recorded) return undefined;
    const { root, origins } = recorded;
    const value = toValue(root);
    // What an earlier change has brought with it.
    if (isDeepStrictEqual(changeValue(value, [change]), value)) continue;
    const splices = new CodeEditor(patch.text, root, origins, reading.style).changeCode(change, strategy);
    if (!splices) return undefined;
    patch.apply(splices);
  }
  return patch.splices();
}

/** The splices that make the changes in a model of TensorFlow.js: a bias that a layer is told not to have. */
function editLayers(
  text: string,
  fileName: string,
  index: number,
  changes: readonly SpecChange[],
): Splice[] | undefined {
  // prettier-ignore
  const before = read(text, fileName)!.lowered.map(({ lowered }) => lowered);
  const { blocks } = before[index];
  const places = new Map<number, Place>();
  for (const { path: at, value } of changes) {
    const [key, layer, ...rest] = at;
    if (key !== "layers" || rest.join() !== "feedForward,bias" || value !== true) return undefined;
    const linears = blocks[Number(layer)].flat().flatMap(({ feedForwards }) => feedForwards.flatMap(({ linears }) => linears)); // prettier-ignore
    for (const { bias, biasPlace } of linears) if (!bias) places.set(biasPlace.from, biasPlace);
  }
  if ([...places.values()].some(({ from, to }) => text.slice(from, to) !== "false")) return undefined;
  const splices = [...places.values()].sort((a, b) => a.from - b.from).map(({ from, to }): Splice => ({ from, to, newText: "true" })); // prettier-ignore
  const after = read(splice(text, splices), fileName)?.lowered.map(({ lowered }) => lowered.architecture);
  const wanted = before.map(({ architecture }, i) => {
    const parsed = i === index ? parseArchitecture(changeValue(architectureInput(architecture), changes)) : { architecture }; // prettier-ignore
    return "architecture" in parsed ? parsed.architecture : undefined;
  });
  return isDeepStrictEqual(after, wanted) ? splices : undefined;
}

/** Each value once. */
const distinct = <T>(values: readonly T[]): T[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];
