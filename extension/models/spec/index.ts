/** Reader of specification files: `*.uap.json`, `*.uap.yaml`, `*.uap.yml`. */
import { isDeepStrictEqual } from "node:util";
import { limits } from "../../theory/architecture/limits";
import { parseArchitecture } from "../../theory/architecture/validate";
import type { Range, SpecPath, TextEdit } from "../../theory/verdict/report";
import type { ModelFile, ReadArchitecture, ReadError } from "../modelFile";
import { LineMap } from "../ranges";
import { changeValue, splice, spliceChanges, type Language } from "./edit";
import { parseJson } from "./json";
import { spanAt, spanOf } from "./places";
import { toValue, type Fault, type SourceNode } from "./source";
import { parseYaml } from "./yaml";

/** Errors past this many are left out. */
const mostErrors = 50;

/**
 * Reads a specification. Never throws: what cannot be read is an error with a range.
 * @param name what the architecture is called where the file gives it no name.
 */
export function readSpec(text: string, language: Language, name: string): ModelFile {
  const lines = new LineMap(text);
  const parse = language === "json" ? parseJson : parseYaml;
  const written = text.trimEnd().length;
  const failed = (faults: Fault[]): ModelFile => ({
    format: "spec",
    architectures: [],
    errors: faults.slice(0, mostErrors).map(({ message, from, to }): ReadError => {
      // What is missing at the end is missing after the last character; a range after it would not be seen.
      const range = from >= written ? lines.range(written - 1, written) : lines.range(from, to);
      return { message, range };
    }),
  });

  if (text.length > limits.fileBytes) {
    const message = `a model file of more than ${limits.fileBytes} bytes is not read`;
    return failed([{ message, from: 0, to: 1 }]);
  }
  const source = parse(text);
  if ("faults" in source) return failed(source.faults);
  const { root } = source;
  const parsed = parseArchitecture(toValue(root));
  if ("problems" in parsed) {
    return failed(parsed.problems.map((problem) => ({ message: problem.message, ...spanOf(problem, root, text) })));
  }
  const { architecture } = parsed;
  if (architecture.name === "") architecture.name = name;
  const read: ReadArchitecture = {
    architecture,
    range: lines.range(root.from, root.to),
    skipped: [],
    locate: (path) => rangeAt(path, root, text, lines),
    edit: (changes) => {
      const splices = spliceChanges(text, root, changes, language, parse);
      if (!splices) return undefined;
      // YAML has more corners (anchors, tags, block scalars) than the editor knows: what does not read as meant is not offered.
      if (language === "yaml") {
        const read = parse(splice(text, splices));
        const wanted: unknown = JSON.parse(JSON.stringify(changeValue(toValue(root), changes)));
        if (!("root" in read) || !isDeepStrictEqual(toValue(read.root), wanted)) return undefined;
      }
      return splices.map(({ from, to, newText }): TextEdit => ({ range: lines.range(from, to), newText }));
    },
  };
  return { format: "spec", architectures: [read], errors: [] };
}

function rangeAt(path: SpecPath, root: SourceNode, text: string, lines: LineMap): Range {
  const { from, to } = spanAt(path, root, text);
  return lines.range(from, to);
}
