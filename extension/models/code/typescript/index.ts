/**
 * Reader of JavaScript and TypeScript: the architectures that code gives to this package's `transformer`. The code is read, not run; what it
 * gave when the user had it run (runtime/evaluation) is taken where reading does not tell.
 */
import { isDeepStrictEqual } from "node:util";
import path from "node:path";
import type { Evaluable, Evaluation } from "../../../runtime/evaluation/evaluate";
import { limits } from "../../../theory/architecture/limits";
import { parseArchitecture } from "../../../theory/architecture/validate";
import type { SpecChange, SpecPath, TextEdit } from "../../../theory/verdict/report";
import type { ModelFile, ReadError } from "../../modelFile";
import { LineMap } from "../../ranges";
import { changeValue, Patch, splice, type Splice } from "../../spec/edit";
import { spanAt, spanOf } from "../../spec/places";
import { childrenAlong, toValue, type SourceNode, type Span } from "../../spec/source";
import { parse, plain, type SourceLanguage, type Syntax } from "../syntax";
import { CodeEditor, type Strategy, type Style } from "./edit";
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

/** Architectures past this many are left out, and errors. */
const most = 100;

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
  const file: ModelFile = { format: "typescript", architectures: [], errors: [], notes: reading.notes };
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
    const message = `The architecture given to \`${text.slice(callee.from, callee.to)}\` was not read: it depends on ${open.reason}${why}.`;
    reading.notes.push({ message, range: rangeOf(callee) });
  }
  file.errors = distinct(file.errors).slice(0, most);
  const isEmpty = file.architectures.length + file.errors.length + reading.notes.length === 0;
  return isEmpty ? undefined : file;
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
  notes: ReadError[];
  style: Style;
  isModule: boolean;
}

function read(text: string, fileName: string): Reading | undefined {
  if (!text.includes(packageName) || text.length > limits.fileBytes) return undefined;
  const source = parse(languageOf(fileName), text);
  const program = plain(source.tree.rootNode, text);
  source.tree.delete();
  if (!program) return undefined;
  const all: Recorded[] = [];
  const module = lensModule((one) => void all.push(one));
  const interpreter = new Interpreter(text, program, {
    module: (specifier) => (specifier === packageName ? module : undefined),
    global: () => undefined,
    told: () => undefined,
  });
  const notes: ReadError[] = [];
  try {
    interpreter.run();
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    const message = "This code takes too long to follow: not all of its architectures were read.";
    notes.push({ message, range: new LineMap(text).range(0, 1) });
  }
  const known = all.filter(({ open }) => !open);
  const unique = known.filter(
    ({ call, root }, i) =>
      known.findIndex((one) => one.call === call && isDeepStrictEqual(toValue(one.root), toValue(root))) === i,
  );
  const isKnown = new Set(known.map(({ call }) => call));
  const open = all.filter(({ call }, i) => !isKnown.has(call) && all.findIndex((one) => one.call === call) === i);
  return {
    recorded: [...unique, ...open].slice(0, most),
    notes,
    style: styleOf(text, interpreter, module),
    isModule: isModule(program, fileName),
  };
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

/** Each value once. */
const distinct = <T>(values: readonly T[]): T[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];
