/** The entry of the process that runs a user's module. Its one argument is the memory bound in bytes. */
import Module, { register } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { watch } from "../process/watch";
import type { EvaluationRequest, FromEvaluation } from "./evaluate";
import type { HookData } from "./hooks";
import { instrument, recordingLibrary } from "./recording";

export const libraryKey = "uap-lens recording";

const post = (message: FromEvaluation, sent?: () => void) => void process.send?.(message, undefined, undefined, sent);

/** What is not in Node's types. */
interface Loader {
  _load(this: void, request: string, ...rest: unknown[]): unknown;
  _nodeModulePaths(this: void, from: string): string[];
}

async function run({ file, text, sites, isModule }: EvaluationRequest): Promise<void> {
  const library = recordingLibrary((site, input) => {
    const json = JSON.stringify(input) as string | undefined;
    if (json !== undefined) post({ kind: "architecture", site, input: json });
  });
  (globalThis as Record<string, unknown>)[libraryKey] = library;
  const loader = Module as unknown as Loader;
  const load = loader._load;
  loader._load = (request, ...rest) => (request === "uap-lens" ? library : load(request, ...rest));

  const source = instrument(text, sites);
  const format = isModule ? "module" : "commonjs";
  const isTypeScript = /\.[cm]?tsx?$/i.test(file);
  const code = isTypeScript ? (await import("../training/transpile.js")).transpile(source, file, format) : source;
  if (!isModule) {
    const module = new Module(file) as Module & { _compile(code: string, file: string): void };
    module.filename = file;
    module.paths = loader._nodeModulePaths(path.dirname(file));
    module._compile(code, file);
    return;
  }
  const url = pathToFileURL(file).href;
  const data: HookData = { url, code, names: Object.keys(library), libraryKey };
  register(pathToFileURL(path.join(__dirname, "evaluationHooks.js")), { data });
  await import(url);
}

watch(Number(process.argv[2]));
process.on("disconnect", () => process.exit());
process.once("message", (request: EvaluationRequest) => {
  const end = (error: string | undefined) => post({ kind: "end", error }, () => process.exit());
  run(request).then(
    () => end(undefined),
    (error: unknown) => end(error instanceof Error ? error.message.split("\n", 1)[0] : String(error)),
  );
});
