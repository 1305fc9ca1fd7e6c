/** Texts that a person may keep: unsaved documents. */
import * as vscode from "vscode";

/**
 * Opens an unsaved document that can be edited, checked and saved at once.
 * @param name such as "ring.uap.yaml", which also decides the language; a number is added where a file or another such document has it.
 */
export async function openUntitled(name: string, text: string, viewColumn?: vscode.ViewColumn): Promise<void> {
  const document = await vscode.workspace.openTextDocument(await untitledUri(name));
  const editor = await vscode.window.showTextDocument(document, { viewColumn });
  await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), text));
}

async function untitledUri(name: string): Promise<vscode.Uri> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const [, stem, extension] = /^([^.]*)(.*)$/s.exec(name)!;
  const open = new Set(vscode.workspace.textDocuments.map(({ uri }) => uri.path));
  const isFree = async (path: string) => {
    if (open.has(path)) return false;
    if (folder === undefined) return true;
    return vscode.workspace.fs.stat(folder.with({ path })).then(
      () => false,
      () => true,
    );
  };
  let path = `${folder?.path ?? ""}/${name}`;
  for (let number = 2; !(await isFree(path)); number++) path = `${folder?.path ?? ""}/${stem}-${number}${extension}`;
  return vscode.Uri.from({ scheme: "untitled", path });
}
