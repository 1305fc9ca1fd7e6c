/** What repairs would make of files, beside the files as they are. */
import * as vscode from "vscode";
import { isNotebook } from "../models/fileNames";

const scheme = "uap-lens-repair";

export class RepairedTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor() {
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => uri.scheme === scheme && this.texts.delete(uri.toString())),
    ];
  }

  /** Opens both side by side. @param written what the file's text is */
  async compare(
    model: vscode.Uri,
    title: string,
    written: string,
    repaired: string,
    column: vscode.ViewColumn,
  ): Promise<void> {
    // Of a notebook the cells are compared, joined to one text.
    const before = isNotebook(model.path) ? this.keep(model, "as written", written) : model;
    const after = this.keep(model, title, repaired);
    const name = model.path.split("/").at(-1) ?? "";
    const options: vscode.TextDocumentShowOptions = { viewColumn: column, preview: true };
    await vscode.commands.executeCommand("vscode.diff", before, after, `${name}: ${title}`, options);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "The repair is not at hand any more. The repair panel shows it anew.\n";
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private keep(model: vscode.Uri, title: string, text: string): vscode.Uri {
    const path = isNotebook(model.path) ? `${model.path}.py` : model.path;
    const uri = vscode.Uri.from({ scheme, path, query: `${title} of ${model.toString()}` });
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
    return uri;
  }
}
