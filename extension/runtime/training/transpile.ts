/** TypeScript to JavaScript. A bundle of its own: the compiler is larger than all the rest of the runtime, and few runs need it. */
import ts from "typescript";

/**
 * The JavaScript of a TypeScript module, its types left out and not checked.
 * @param format what Node takes the result for.
 * @throws SyntaxError with the line.
 */
export function transpile(source: string, fileName: string, format: "module" | "commonjs" = "module"): string {
  const { outputText, diagnostics = [] } = ts.transpileModule(source, {
    fileName,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: format === "module" ? ts.ModuleKind.ES2022 : ts.ModuleKind.CommonJS,
    },
  });
  const [first] = diagnostics;
  if (first === undefined) return outputText;
  const text = ts.flattenDiagnosticMessageText(first.messageText, " ");
  const line = first.file && first.start !== undefined ? first.file.getLineAndCharacterOfPosition(first.start).line : 0;
  throw new SyntaxError(`line ${line + 1}: ${text}`);
}
