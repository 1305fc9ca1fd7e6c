/** Model code: which reader reads it, and what that reader needs to be loaded. */
import { isCodeFile, isNotebook } from "../fileNames";
import type { ModelFile } from "../modelFile";
import { LineMap } from "../ranges";
import { readNotebook } from "./notebook";
import { readPython } from "./python";
import { isReadable, loadGrammar, type SourceLanguage } from "./syntax";
import { readTypeScript } from "./typescript";
import { evaluationOf } from "./typescript/evaluated";

/** Why a grammar could not be loaded. */
const missing = new Map<SourceLanguage, string>();
const titles: Record<SourceLanguage, string> = {
  python: "Python",
  typescript: "TypeScript",
  tsx: "TypeScript with JSX",
  javascript: "JavaScript",
};

function languageOf(fileName: string): SourceLanguage | undefined {
  if (!isCodeFile(fileName)) return undefined;
  if (/\.(py|ipynb)$/i.test(fileName)) return "python";
  if (/\.tsx$/i.test(fileName)) return "tsx";
  return /\.[cm]?ts$/i.test(fileName) ? "typescript" : "javascript";
}

/** Loads what the file's reader needs; afterwards readModelFile is synchronous. Never rejects: what cannot be loaded, the reading says. */
export async function prepareReading(fileName: string): Promise<void> {
  const language = languageOf(fileName);
  if (language === undefined) return;
  try {
    await loadGrammar(language);
    missing.delete(language);
  } catch (error) {
    missing.set(language, (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]);
  }
}

/**
 * Reads model code by its name, after `prepareReading`. Undefined where there is no model in it.
 * @param text of a notebook: its JSON, or the joined text of its code cells as the editor has it
 */
export function readCode(fileName: string, text: string): ModelFile | undefined {
  const language = languageOf(fileName);
  if (language === undefined) return undefined;
  const format = language === "python" ? "pytorch" : "typescript";
  const reason = missing.get(language);
  if (reason !== undefined) {
    const message = `${titles[language]} cannot be read here: its grammar is missing from the installation of UAP Lens, or damaged (${reason})`;
    return { format, architectures: [], errors: [{ message, range: new LineMap(text).range(0, 1) }] };
  }
  const read = (source: string): ModelFile | undefined => {
    if (!isReadable(source)) return undefined;
    const model: ModelFile | undefined =
      language === "python" ? readPython(source) : readTypeScript(source, fileName, evaluationOf(fileName, source));
    if (model === undefined) return undefined;
    const { architectures, errors, notes = [], questions = [] } = model;
    return [architectures, errors, notes, questions].some((found) => found.length > 0) ? model : undefined;
  };
  return isNotebook(fileName) ? readNotebook(text, read) : read(text);
}
