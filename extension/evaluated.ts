/** Running code to read it, as the command line is asked to. */
import path from "node:path";
import { decode } from "./models";
import { isCodeFile } from "./models/fileNames";
import { evaluableOf } from "./models/code/typescript";
import { keepEvaluation } from "./models/code/typescript/evaluated";
import { evaluateModule } from "./runtime/evaluation/evaluate";

/** Runs JavaScript or TypeScript where reading it does not tell an architecture; the next reading of these bytes knows what it gave. Its grammar is to be loaded before. */
export async function evaluateFile(file: string, bytes: Uint8Array): Promise<void> {
  if (!isCodeFile(file) || /\.(py|ipynb)$/i.test(file)) return;
  const decoded = decode(bytes, file);
  const evaluable = "text" in decoded ? evaluableOf(decoded.text, file) : undefined;
  if (evaluable === undefined) return;
  const request = { ...evaluable, file: path.resolve(file) };
  keepEvaluation(file, evaluable.text, await evaluateModule(request, { cwd: process.cwd() }));
}
