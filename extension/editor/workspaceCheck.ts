/** "Check the Workspace": every model file there is, open or not. What it reports stays up to date until the window closes. */
import * as vscode from "vscode";
import { isModelFile, modelFileGlob } from "../models/fileNames";
import type { Checker } from "./checker";
import type { Diagnostics } from "./diagnostics";
import { isModelDocument, nameInReport, type Outcome, outcomeOf, type Reports } from "./reports";

export class WorkspaceCheck implements vscode.Disposable {
  /** Files whose findings stay in the Problems panel while they are closed. */
  private readonly kept = new Map<string, vscode.Uri>();
  private readonly subscriptions: vscode.Disposable[] = [];

  constructor(
    private readonly checker: Checker,
    private readonly reports: Reports,
    private readonly diagnostics: Diagnostics,
  ) {}

  /** Checks all model files with progress that can be cancelled, then shows what was found. */
  async run(): Promise<void> {
    this.watch();
    const outcomes = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "UAP Lens: checking the workspace", cancellable: true },
      (progress, token) => this.checkAll(progress, token),
    );
    if (outcomes.length === 0) {
      void vscode.window.showInformationMessage(
        "UAP Lens found no model file in this workspace. It reads *.uap.json, *.uap.yaml and config.json with a model_type.",
      );
      return;
    }
    const withErrors = outcomes.filter(
      (outcome) => outcome.kind === "failed" || outcome.report.findings.some((finding) => finding.severity === "error"),
    ).length;
    vscode.window.setStatusBarMessage(
      `UAP Lens: ${outcomes.length} model files checked, ${withErrors} with errors`,
      10_000,
    );
    if (withErrors > 0) await vscode.commands.executeCommand("workbench.actions.view.problems");
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async checkAll(
    progress: vscode.Progress<{ message?: string; increment?: number }>,
    token: vscode.CancellationToken,
  ): Promise<Outcome[]> {
    const uris = await vscode.workspace.findFiles(modelFileGlob, "**/node_modules/**", undefined, token);
    const outcomes: Outcome[] = [];
    for (const uri of uris) {
      if (token.isCancellationRequested) break;
      progress.report({ message: nameInReport(uri), increment: 100 / uris.length });
      const cancelled = token.onCancellationRequested(() => this.checker.cancel(backgroundKey(uri)));
      const outcome = await this.checkOne(uri);
      cancelled.dispose();
      if (outcome !== undefined) outcomes.push(outcome);
    }
    return outcomes;
  }

  private async checkOne(uri: vscode.Uri): Promise<Outcome | undefined> {
    const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
    if (open !== undefined && isModelDocument(open)) {
      this.kept.set(uri.toString(), uri);
      return (await this.reports.current(open))?.outcome;
    }
    return this.checkClosed(uri);
  }

  private async checkClosed(uri: vscode.Uri): Promise<Outcome | undefined> {
    const text = await readText(uri);
    if (text === undefined || !isModelFile(uri.path, () => text)) {
      this.drop(uri);
      return undefined;
    }
    const question = { kind: "check", fileName: nameInReport(uri), text } as const;
    const outcome = outcomeOf(await this.checker.ask(backgroundKey(uri), question, true));
    if (outcome === undefined) return undefined;
    this.kept.set(uri.toString(), uri);
    // A file opened in the meantime is the open file's business.
    if (!isOpen(uri)) this.diagnostics.show(uri, outcome);
    return outcome;
  }

  private drop(uri: vscode.Uri): void {
    this.kept.delete(uri.toString());
    this.diagnostics.clear(uri);
  }

  /** From the first run on: closed files are checked again when they change on disk or are closed. */
  private watch(): void {
    if (this.subscriptions.length > 0) return;
    const watcher = vscode.workspace.createFileSystemWatcher(modelFileGlob);
    const again = (uri: vscode.Uri) => {
      if (this.kept.has(uri.toString()) && !isOpen(uri)) void this.checkClosed(uri);
    };
    this.subscriptions.push(
      watcher,
      watcher.onDidChange(again),
      watcher.onDidDelete((uri) => this.kept.has(uri.toString()) && !isOpen(uri) && this.drop(uri)),
      this.reports.onDidChange((uri) => {
        if (this.reports.get(uri) === undefined && !this.reports.isChecking(uri)) again(uri);
      }),
    );
  }
}

/** Checks of closed files have a key of their own, so that opening the file does not cancel them half way. */
function backgroundKey(uri: vscode.Uri): string {
  return `closed:${uri.toString()}`;
}

function isOpen(uri: vscode.Uri): boolean {
  return vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
}

async function readText(uri: vscode.Uri): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return undefined; // Deleted since it was found.
  }
}
