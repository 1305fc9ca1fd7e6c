/** The model file that the side panel and the commands are about: the one in the active editor, or the last that was, as long as it is open. */
import * as vscode from "vscode";
import type { Reports } from "./reports";
import { activeSubject } from "./subjects";

export class ActiveModel implements vscode.Disposable {
  private current: vscode.Uri | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly reports: Reports) {
    this.subscriptions = [
      this.changed,
      vscode.window.onDidChangeActiveTextEditor(() => this.look()),
      vscode.window.onDidChangeActiveNotebookEditor(() => this.look()),
      // Code turns out to be a model file when it has been checked.
      reports.onDidChange(() => this.look()),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.closed(uri)),
      vscode.workspace.onDidCloseNotebookDocument(({ uri }) => this.closed(uri)),
    ];
    this.look();
  }

  get uri(): vscode.Uri | undefined {
    return this.current;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** A panel that has the focus, or another kind of file, leaves the model as it is. */
  private look(): void {
    const subject = activeSubject();
    if (subject?.uri.toString() === this.current?.toString() || !this.reports.isModel(subject)) return;
    this.current = subject.uri;
    this.changed.fire();
  }

  private closed(uri: vscode.Uri): void {
    if (uri.toString() !== this.current?.toString()) return;
    this.current = undefined;
    this.changed.fire();
  }
}
