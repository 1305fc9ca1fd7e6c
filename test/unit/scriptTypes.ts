/** The type checker on scripts that use the package by its name. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const root = path.join(__dirname, "..", "..");

/** What is wrong with the types of modules, a sentence for each problem of each. */
export function typeProblems(...texts: string[]): string[][] {
  const folder = path.join(root, "dist", "test", "unit", `types-${process.pid}`);
  const sources = texts.map((_, index) => path.join(folder, `script${index}.mts`));
  mkdirSync(folder, { recursive: true });
  try {
    texts.forEach((text, index) => writeFileSync(sources[index], text));
    const program = ts.createProgram(sources, {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: ["node"],
      paths: { "uap-lens": [path.join(root, "extension/runtime/library.ts")] },
    });
    // Of the modules alone: what they import is checked with everything else.
    return sources.map((source) => {
      const file = program.getSourceFile(source);
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
        ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"),
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
