/** Node's module hooks where a user's module runs: the package is the recording one, the module's text is the editor's, and TypeScript beside it loads too. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire, type LoadHook, type ResolveHook } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

export interface HookData {
  /** The module that is run, and its JavaScript. */
  url: string;
  code: string;
  /** What the recording package exports, and where it is found in the global object. */
  names: string[];
  libraryKey: string;
}

// Not imported: what is imported here goes through these hooks.
const compiler = () => createRequire(__filename)("./transpile.js") as typeof import("../training/transpile");
const packageUrl = "uap-lens:recording";
let data: HookData;

export function initialize(given: HookData): void {
  data = given;
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  if (specifier === "uap-lens") return { url: packageUrl, shortCircuit: true };
  if (specifier === data.url) return { url: data.url, format: "module", shortCircuit: true };
  try {
    return await next(specifier, context);
  } catch (error) {
    const url = context.parentURL?.startsWith("file:") && /^\.{0,2}\//.test(specifier) ? beside(specifier, context.parentURL) : undefined; // prettier-ignore
    if (url === undefined) throw error;
    return { url, shortCircuit: true };
  }
};

/** What bundlers and TypeScript take a path without an extension, or of what would be compiled, for. */
function beside(specifier: string, parent: string): string | undefined {
  const file = fileURLToPath(new URL(specifier, parent));
  const bare = file.replace(/\.([cm]?)js$/, ".$1ts");
  const candidates = [bare, ...[".ts", ".mts", ".js", ".mjs", "/index.ts", "/index.js"].map((end) => file + end)];
  const found = candidates.find((candidate) => /\.\w+$/.test(candidate) && existsSync(candidate));
  return found && pathToFileURL(found).href;
}

export const load: LoadHook = async (url, context, next) => {
  if (url === packageUrl) {
    const source = `const library = globalThis[${JSON.stringify(data.libraryKey)}];
export const { ${data.names.join(", ")} } = library;
export default library;`;
    return { format: "module", source, shortCircuit: true };
  }
  if (url === data.url) return { format: "module", source: data.code, shortCircuit: true };
  if (url.startsWith("file:") && !url.includes("/node_modules/")) {
    const file = fileURLToPath(url);
    if (/\.m?ts$/.test(file)) {
      const source = compiler().transpile(readFileSync(file, "utf8"), file);
      return { format: "module", source, shortCircuit: true };
    }
    if (/\.js$/.test(file)) {
      const source = readFileSync(file, "utf8");
      // Without a package.json that says so, Node would not take it for a module.
      if (/^\s*(import|export)\b/m.test(source)) return { format: "module", source, shortCircuit: true };
    }
  }
  return next(url, context);
};
