/** The type checker on scripts that use the package by its name. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const root = path.join(__dirname, "..", "..");

/** What is wrong with the types of a module, a sentence for each problem. */
export function typeProblems(text: string): string[] {
  const folder = path.join(root, "dist", "test", "unit", `types-${process.pid}`);
  const source = path.join(folder, "script.mts");
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(source, text);
    const program = ts.createProgram([source], {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: ["node"],
      paths: { "uap-lens": [path.join(root, "extension/runtime/library.ts")] },
    });
    return ts
      .getPreEmitDiagnostics(program)
      .filter(({ file }) => file?.fileName === source)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
