/** "Export This Architecture": an architecture written out for another tool, in an unsaved document. */
import * as vscode from "vscode";
import type { ExportFormat } from "../exports";
import type { Checker } from "./checker";
import { nameInReport } from "./reports";
import { subjectAt } from "./subjects";
import { openUntitled } from "./untitled";

export const formatLabels: Record<ExportFormat, string> = {
  yaml: "specification, YAML",
  json: "specification, JSON",
  typescript: "TypeScript, the builders of UAP Lens",
  pytorch: "PyTorch, nn.Module",
  "flex-attention": "PyTorch, flex_attention",
  jax: "JAX",
};
/** Not from exports/ itself, which is the checking thread's to load. */
const formats = Object.keys(formatLabels) as ExportFormat[];

/**
 * Asks for a format, unless one is given, and opens the text. What the format cannot say is told in a message.
 * @param file the model file, and which architecture of it
 */
export async function openExported(
  checker: Checker,
  file: vscode.Uri,
  architecture: number,
  format?: ExportFormat,
): Promise<void> {
  const chosen = format ?? (await chosenFormat());
  const subject = subjectAt(file);
  if (chosen === undefined || subject === undefined) return;
  const answer = await checker.ask(`export of ${file.toString()}`, {
    kind: "exportFile",
    fileName: nameInReport(file),
    text: subject.text(),
    architecture,
    format: chosen,
  });
  if (answer.kind === "superseded") return;
  const problem =
    answer.kind === "failed"
      ? answer.message
      : answer.answer === undefined
        ? "There is no architecture in this file."
        : "problem" in answer.answer
          ? answer.answer.problem
          : undefined;
  if (problem !== undefined) void vscode.window.showErrorMessage(problem);
  else if (answer.kind === "answer" && answer.answer !== undefined && "exported" in answer.answer)
    await openUntitled(answer.answer.exported.fileName, answer.answer.exported.text);
}

async function chosenFormat(): Promise<ExportFormat | undefined> {
  const items = formats.map((format) => ({ label: formatLabels[format], format }));
  return (await vscode.window.showQuickPick(items, { title: "UAP Lens: Export This Architecture" }))?.format;
}
