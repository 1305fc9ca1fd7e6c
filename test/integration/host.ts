/** What the tests ask of the editor, and waiting for it. */
import assert from "node:assert/strict";
import type { Worker } from "node:worker_threads";
import * as vscode from "vscode";

export const extensionId = "uap-lens.uap-lens";

/** The threads started in this extension host since the tests began, the checking thread among them. */
export const threads: Worker[] = [];
process.on("worker", (worker) => threads.push(worker));

/** Waits until `value` is what `enough` wants, and returns it. Fails with the last value after a minute. */
export async function until<T>(value: () => T | PromiseLike<T>, enough: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const last = await value();
    if (enough(last)) return last;
    if (Date.now() > deadline) assert.fail(`waited in vain; the last value was ${JSON.stringify(last, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function example(name: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, "the examples are open as the workspace");
  return vscode.Uri.joinPath(folder.uri, name);
}

/** Opens a file as a person does. (openTextDocument would keep it open for minutes after its editor is closed.) */
export async function open(uri: vscode.Uri): Promise<vscode.TextDocument> {
  await vscode.commands.executeCommand("vscode.open", uri);
  const document = vscode.window.activeTextEditor?.document;
  assert.equal(document?.uri.toString(), uri.toString());
  return document;
}

/** A new file of the workspace with this text. */
export async function write(name: string, text: string): Promise<vscode.Uri> {
  const uri = example(name);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  return uri;
}

export function codeOf(diagnostic: vscode.Diagnostic): string {
  const { code } = diagnostic;
  return String(typeof code === "object" ? code.value : code);
}

/** Our diagnostics of a file, as they are at this moment. */
export function diagnosticsNow(uri: vscode.Uri): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "UAP Lens");
}

/** Our diagnostics for the document's present text: a CodeLens is answered only when its check has ended. */
export async function diagnosticsOf(document: vscode.TextDocument): Promise<vscode.Diagnostic[]> {
  await lensesOf(document);
  return diagnosticsNow(document.uri);
}

export async function lensesOf(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
  return vscode.commands.executeCommand("vscode.executeCodeLensProvider", document.uri);
}

/** The lenses that say the verdict of an architecture. */
export async function verdictsOf(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
  return (await lensesOf(document)).filter(({ command }) => command?.command === "uapLens.explainVerdict");
}

export async function quickFixesOf(document: vscode.TextDocument, range: vscode.Range): Promise<vscode.CodeAction[]> {
  const kind = vscode.CodeActionKind.QuickFix.value;
  return vscode.commands.executeCommand("vscode.executeCodeActionProvider", document.uri, range, kind);
}

/** Replaces the whole text. */
export async function replace(document: vscode.TextDocument, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  const all = new vscode.Range(new vscode.Position(0, 0), document.positionAt(document.getText().length));
  edit.replace(document.uri, all, text);
  assert.ok(await vscode.workspace.applyEdit(edit), "the edit was applied");
}

/** Closes every editor, whatever was changed in it. */
export async function closeAll(): Promise<void> {
  while (vscode.window.tabGroups.all.some(({ tabs }) => tabs.length > 0))
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
}
