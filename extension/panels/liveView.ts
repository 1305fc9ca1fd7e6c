/** The compact view under the tree: the verdict of the active model file, and its training runs as they go. */
import * as vscode from "vscode";
import type { LiveSnapshot, ToLiveHost, ToLivePage } from "../../webview/protocol";
import type { ActiveModel } from "../editor/activeModel";
import { commandIds } from "../editor/commandIds";
import { nameInReport, type Reports } from "../editor/reports";
import { lensTitle } from "../editor/words";
import { pageHtml, pagesFolder } from "./page";
import type { TrainingRuns } from "./trainingRuns";

export const liveViewType = "uapLens.live";

/** Milliseconds between two snapshots while a run goes on. */
const between = 250;
/** Runs listed. */
const listed = 4;

export class LiveView implements vscode.WebviewViewProvider, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private ready = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly model: ActiveModel,
    private readonly reports: Reports,
    private readonly runs: TrainingRuns,
  ) {
    const isShown = (uri: string) => uri === model.uri?.toString();
    this.subscriptions = [
      vscode.window.registerWebviewViewProvider(liveViewType, this),
      model.onDidChange(() => this.update()),
      reports.onDidChange((uri) => isShown(uri.toString()) && this.update()),
      runs.onDidChange(({ uri }) => {
        if (isShown(uri)) this.timer ??= setTimeout(() => this.update(), between);
      }),
    ];
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const { webview } = view;
    this.view = view;
    this.ready = false;
    webview.options = { enableScripts: true, localResourceRoots: [pagesFolder(this.extensionUri)] };
    webview.onDidReceiveMessage((message: ToLiveHost) => this.receive(message));
    view.onDidChangeVisibility(() => {
      if (!view.visible) this.ready = false;
    });
    view.onDidDispose(() => (this.view = undefined));
    webview.html = pageHtml(webview, this.extensionUri, "live", "UAP Lens");
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private update(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.ready) return;
    const message: ToLivePage = { kind: "snapshot", snapshot: this.snapshot() };
    void this.view?.webview.postMessage(message);
  }

  private snapshot(): LiveSnapshot {
    const { uri } = this.model;
    if (uri === undefined) return { kind: "empty" };
    const file = nameInReport(uri);
    const outcome = this.reports.get(uri)?.outcome;
    if (outcome === undefined) return { kind: "checking", file };
    if (outcome.kind === "none") return { kind: "empty" };
    if (outcome.kind === "failed") return { kind: "failed", file, message: outcome.message };
    return {
      kind: "live",
      file,
      freshness: this.reports.isChecking(uri) ? "checking" : "current",
      architectures: outcome.report.architectures.map((architecture) => ({
        name: architecture.name,
        verdict: architecture.verdict,
        lens: lensTitle(architecture),
        statement: architecture.statement,
        written: architecture.attentionLayers,
        needed: architecture.family.attentionLayersNeeded,
      })),
      runs: [...this.runs.of(uri)]
        .reverse()
        .slice(0, listed)
        .map(({ record, losses }) => ({
          title: record.title,
          status: record.status,
          step: losses.length,
          steps: record.setup.steps,
          loss: record.evaluations.at(-1)?.loss.value ?? losses.at(-1) ?? null,
          floor: record.floor === null || typeof record.floor === "string" ? null : record.floor.both.value,
        })),
    };
  }

  private async receive(message: ToLiveHost): Promise<void> {
    const { uri } = this.model;
    switch (message.kind) {
      case "ready":
        this.ready = true;
        return this.update();
      case "explain":
        await vscode.commands.executeCommand(commandIds.explain, uri, message.architecture);
        return;
      case "open-panel":
        await vscode.commands.executeCommand(commandIds[message.panel], uri);
        return;
    }
  }
}
