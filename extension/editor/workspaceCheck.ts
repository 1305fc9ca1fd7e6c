/** "Check the Workspace": every model file there is, open or not. What it reports stays up to date until the window closes. */
import * as vscode from "vscode";
import { isModelFile, modelFileGlob, mostBytes, searches } from "../models/fileNames";
import type { Checker } from "./checker";
import type { Diagnostics } from "./diagnostics";
import { nameInReport, type Outcome, outcomeOf, type Reports } from "./reports";
import { isRead, placementIn, subjectAt } from "./subjects";

/** Files of one kind past which a workspace is not searched. */
const most = 20_000;
/** Files read at once; most code has no model in it. */
const together = 16;

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
    const { outcomes, left } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "UAP Lens: checking the workspace", cancellable: true },
      (progress, token) => this.checkAll(progress, token),
    );
    if (outcomes.length === 0) {
      void vscode.window.showInformationMessage(
        "UAP Lens found no model file in this workspace. It reads *.uap.json, *.uap.yaml, config.json with a model_type, and model code in Python, JavaScript and TypeScript.",
      );
      return;
    }
    const withErrors = outcomes.filter(
      (outcome) =>
        outcome.kind === "failed" ||
        (outcome.kind === "report" && outcome.report.findings.some((finding) => finding.severity === "error")),
    ).length;
    vscode.window.setStatusBarMessage(
      `UAP Lens: ${outcomes.length} model files checked, ${withErrors} with errors${left}`,
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
  ): Promise<{ outcomes: Outcome[]; left: string }> {
    const found = await Promise.all(
      searches.map(({ glob, outside }) =>
        vscode.workspace.findFiles(glob, `{${outside.map((folder) => `**/${folder}/**`).join(",")}}`, most, token),
      ),
    );
    const uris = found.flat();
    const outcomes: Outcome[] = [];
    for (let from = 0; from < uris.length && !token.isCancellationRequested; from += together) {
      const some = uris.slice(from, from + together);
      progress.report({ message: nameInReport(some[0]), increment: (100 * some.length) / uris.length });
      const cancelled = token.onCancellationRequested(() =>
        some.forEach((uri) => this.checker.cancel(backgroundKey(uri))),
      );
      for (const outcome of await Promise.all(some.map((uri) => this.checkOne(uri))))
        if (outcome !== undefined && outcome.kind !== "none") outcomes.push(outcome);
      cancelled.dispose();
    }
    const left = found.some((some) => some.length === most) ? `; of one kind of file only ${most} were looked at` : "";
    return { outcomes, left };
  }

  private async checkOne(uri: vscode.Uri): Promise<Outcome | undefined> {
    const open = subjectAt(uri);
    if (open !== undefined && isRead(open)) {
      const outcome = (await this.reports.current(open))?.outcome;
      if (outcome !== undefined && outcome.kind !== "none") this.kept.set(uri.toString(), uri);
      return outcome;
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
    if (outcome.kind === "none") {
      this.drop(uri);
      return undefined;
    }
    this.kept.set(uri.toString(), uri);
    // A file opened in the meantime is the open file's business.
    if (!isOpen(uri)) this.diagnostics.show(uri, outcome, placementIn(uri));
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
  return subjectAt(uri) !== undefined;
}

/** Undefined where the file is too large to be read as a model. */
async function readText(uri: vscode.Uri): Promise<string | undefined> {
  try {
    const bytes = await vscode.workspace.fs.readFile(uri);
    return bytes.length <= mostBytes(uri.path) ? new TextDecoder().decode(bytes) : undefined;
  } catch {
    return undefined; // Deleted since it was found.
  }
}
