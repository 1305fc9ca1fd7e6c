/** The model file that the side panel and the commands are about: the one in the active editor, or the last that was, as long as it is open. */
import * as vscode from "vscode";
import { isModelDocument } from "./reports";

export class ActiveModel implements vscode.Disposable {
  private current: vscode.Uri | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor() {
    this.subscriptions = [
      this.changed,
      vscode.window.onDidChangeActiveTextEditor((editor) => this.look(editor?.document)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.toString() !== this.current?.toString()) return;
        this.current = undefined;
        this.changed.fire();
      }),
    ];
    this.look(vscode.window.activeTextEditor?.document);
  }

  get uri(): vscode.Uri | undefined {
    return this.current;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** A panel that has the focus, or another kind of file, leaves the model as it is. */
  private look(document: vscode.TextDocument | undefined): void {
    if (document === undefined || !isModelDocument(document) || document.uri.toString() === this.current?.toString())
      return;
    this.current = document.uri;
    this.changed.fire();
  }
}
