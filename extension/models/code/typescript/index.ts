/**
 * Reader of JavaScript and TypeScript: the architectures that code gives to this package's `transformer`. The code is read, not run.
 */
import { isDeepStrictEqual } from "node:util";
import path from "node:path";
import { limits } from "../../../theory/architecture/limits";
import { parseArchitecture } from "../../../theory/architecture/validate";
import type { SpecChange, TextEdit } from "../../../theory/verdict/report";
import type { ModelFile, ReadArchitecture, ReadError } from "../../modelFile";
import { LineMap } from "../../ranges";
import { changeValue, Patch, splice, type Splice } from "../../spec/edit";
import { spanAt, spanOf } from "../../spec/places";
import { childrenAlong, toValue, type SourceNode } from "../../spec/source";
import { parse, plain, type SourceLanguage } from "../syntax";
import { CodeEditor, type Strategy, type Style } from "./edit";
import { Interpreter, TooMuchWork } from "./interpreter";
import { lensModule, packageName, type Recorded } from "./lens";
import type { Origins } from "./source";

/** Architectures past this many are left out, and errors. */
const most = 100;

type Known = Recorded & { input: { root: SourceNode; origins: Origins } };

const isKnown = (recorded: Recorded): recorded is Known => "root" in recorded.input;

/** The grammar that reads the file. */
export function languageOf(fileName: string): SourceLanguage {
  if (/\.[cm]?ts$/i.test(fileName)) return "typescript";
  return /\.tsx$/i.test(fileName) ? "tsx" : "javascript";
}

/**
 * Reads a JavaScript or TypeScript file. Undefined where there is no model in it; never throws.
 * The grammar of its language is to be loaded before.
 */
export function readTypeScript(text: string, fileName: string): ModelFile | undefined {
  const reading = read(text, fileName);
  if (!reading) return undefined;
  const { known, notes } = reading;
  const lines = new LineMap(text);
  const file: ModelFile = { format: "typescript", architectures: [], errors: [], notes };
  for (const [i, { name, call, callee, input }] of known.entries()) {
    const { root } = input;
    const parsed = parseArchitecture(toValue(root));
    const whole = lines.range(callee.from, callee.to);
    if ("problems" in parsed) {
      for (const problem of parsed.problems) {
        const { from, to } = childrenAlong(root, problem.path).length === 0 ? callee : spanOf(problem, root, text);
        file.errors.push({ message: problem.message, range: lines.range(from, to) });
      }
      continue;
    }
    const { architecture } = parsed;
    if (architecture.name === "") architecture.name = name ?? path.basename(fileName).replace(/\.\w+$/, "");
    file.architectures.push({
      architecture,
      range: lines.range(call.from, call.to),
      skipped: [],
      locate: (at) => {
        // What is not written is missing in the call.
        if (childrenAlong(root, at).length === 0) return whole;
        const { from, to } = spanAt(at, root, text);
        return lines.range(from, to);
      },
      edit: (changes) => editOf(text, fileName, i, changes)?.map(({ from, to, newText }): TextEdit => ({ range: lines.range(from, to), newText })), // prettier-ignore
    } satisfies ReadArchitecture);
  }
  file.errors = distinct(file.errors).slice(0, most);
  const isEmpty = file.architectures.length + file.errors.length + notes.length === 0;
  return isEmpty ? undefined : file;
}

interface Reading {
  known: Known[];
  notes: ReadError[];
  style: Style;
}

function read(text: string, fileName: string): Reading | undefined {
  if (!text.includes(packageName) || text.length > limits.fileBytes) return undefined;
  const source = parse(languageOf(fileName), text);
  const program = plain(source.tree.rootNode, text);
  source.tree.delete();
  if (!program) return undefined;
  const recorded: Recorded[] = [];
  const module = lensModule((one) => void recorded.push(one));
  const interpreter = new Interpreter(text, program, {
    module: (specifier) => (specifier === packageName ? module : undefined),
    global: () => undefined,
    told: () => undefined,
  });
  const lines = new LineMap(text);
  const notes: ReadError[] = [];
  try {
    interpreter.run();
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    notes.push({ message: "This code takes too long to follow: not all of its architectures were read.", range: lines.range(0, 1) }); // prettier-ignore
  }
  const seen = new Map<number, unknown[]>();
  const known = recorded.filter(isKnown).filter(({ call, input }) => {
    const before = seen.get(call.from) ?? [];
    const value = toValue(input.root);
    seen.set(call.from, [...before, value]);
    return before.length < most && !before.some((one) => isDeepStrictEqual(one, value));
  });
  for (const { call, callee, input } of recorded) {
    if ("root" in input || seen.has(call.from)) continue;
    seen.set(call.from, []);
    const message = `The architecture given to \`${text.slice(callee.from, callee.to)}\` was not read: it depends on ${input.reason}.`;
    notes.push({ message, range: lines.range(callee.from, callee.to) });
  }
  return { known: known.slice(0, most), notes, style: styleOf(text, interpreter, module) };
}

function styleOf(text: string, interpreter: Interpreter, module: ReturnType<typeof lensModule>): Style {
  const names = new Map<string, string>();
  const at = { place: { from: 0, to: 0 }, interpreter };
  const builders = ["window", "block", "strided", "fixed", "star", "axial", "globalTokens", "random", "bigbird", "longformer", "edges", "where", "not", "any", "all", "full", "causal"]; // prettier-ignore
  for (const [local, { value }] of interpreter.globals.names) {
    for (const name of builders) {
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
  const before = read(text, fileName)!.known.map(({ input }) => toValue(input.root));
  const wanted = before.map((value, i): unknown => JSON.parse(JSON.stringify(i === index ? changeValue(value, changes) : value))); // prettier-ignore
  for (const strategy of ["made", "used"] as const) {
    const splices = attempt(text, fileName, index, changes, strategy);
    const after = splices && read(splice(text, splices), fileName);
    if (after && isDeepStrictEqual(after.known.map(({ input }) => toValue(input.root)), wanted)) return splices; // prettier-ignore
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
  // prettier-ignore
  const patch = new Patch(text);
  for (const change of changes) {
    const reading = read(patch.text, fileName);
    const known = reading?.known[index];
    if (!known) return undefined;
    const value = toValue(known.input.root);
    // What an earlier change has brought with it.
    if (isDeepStrictEqual(changeValue(value, [change]), value)) continue;
    const splices = new CodeEditor(patch.text, known.input.root, known.input.origins, reading.style).changeCode(change, strategy); // prettier-ignore
    if (!splices) return undefined;
    patch.apply(splices);
  }
  return patch.splices();
}

/** Each error once, where several calls make the same. */
const distinct = (errors: readonly ReadError[]): ReadError[] => [
  ...new Map(errors.map((error) => [JSON.stringify(error), error])).values(),
];
