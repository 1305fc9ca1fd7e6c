/** The host of the report panel: one panel that follows the open model file and survives a reload of the window. */
import * as vscode from "vscode";
import type { Finding, Range } from "../theory/verdict/report";
import { isPageState, type Snapshot, type ToHost, type ToPage } from "../../webview/protocol";
import { commandIds } from "../editor/commandIds";
import type { FindingPages } from "../editor/convert";
import { nameInReport, type Checked, type Reports } from "../editor/reports";
import { activeSubject, openSubject, placementIn, reveal } from "../editor/subjects";
import { columnOf } from "./modelPanel";
import { PanelPage } from "./page";

const viewType = "uapLens.report";
const title = "UAP Lens Report";

export class ReportPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private panel: ReportPanel | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly reports: Reports,
    private readonly pages: FindingPages,
  ) {
    this.subscriptions = [
      vscode.window.registerWebviewPanelSerializer(viewType, this),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor !== undefined) this.followActive();
      }),
      // Code turns out to be a model file when it has been checked.
      reports.onDidChange((uri) => {
        if (uri.toString() === activeSubject()?.uri.toString()) this.followActive();
      }),
    ];
  }

  /** The file that the panel shows, if there is a panel. */
  get shown(): vscode.Uri | undefined {
    return this.panel?.uri;
  }

  /** Opens the panel, or reveals it, at an architecture of a file. */
  explain(uri: vscode.Uri | undefined, architecture: number): void {
    if (this.panel === undefined) {
      const options = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      this.adopt(vscode.window.createWebviewPanel(viewType, title, options));
    } else {
      this.panel.reveal();
    }
    if (uri !== undefined) this.panel?.show(uri, architecture);
  }

  async deserializeWebviewPanel(webviewPanel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const panel = this.adopt(webviewPanel);
    if (!isPageState(state)) return;
    const uri = vscode.Uri.parse(state.uri, true);
    panel.show(uri, state.architecture);
    try {
      await openSubject(uri);
    } catch {
      panel.showNothing();
    }
  }

  dispose(): void {
    this.panel?.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private followActive(): void {
    const subject = activeSubject();
    if (this.reports.isModel(subject)) this.panel?.follow(subject.uri);
  }

  private adopt(webviewPanel: vscode.WebviewPanel): ReportPanel {
    const panel = new ReportPanel(webviewPanel, this.extensionUri, this.reports, this.pages);
    webviewPanel.onDidDispose(() => {
      panel.dispose();
      if (this.panel === panel) this.panel = undefined;
    });
    this.panel = panel;
    return panel;
  }
}

class ReportPanel implements vscode.Disposable {
  uri: vscode.Uri | undefined;
  private architecture = 0;
  /** The last report of `uri`: it stays on view while a new one is made and after the file is closed. */
  private last: Checked | undefined;
  private readonly page: PanelPage<ToPage, ToHost>;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly panel: vscode.WebviewPanel,
    extensionUri: vscode.Uri,
    private readonly reports: Reports,
    private readonly pages: FindingPages,
  ) {
    this.page = new PanelPage(panel, extensionUri, "report", {
      listening: () => this.update(),
      receive: (message) => this.receive(message),
      post: () => this.page.send({ kind: "snapshot", snapshot: this.snapshot() }),
    });
    this.subscriptions = [
      this.page,
      reports.onDidChange((uri) => {
        if (uri.toString() === this.uri?.toString()) this.update();
      }),
    ];
  }

  reveal(): void {
    this.panel.reveal(undefined, true);
  }

  /** Shows an architecture of a file. */
  show(uri: vscode.Uri, architecture: number): void {
    if (uri.toString() !== this.uri?.toString()) this.last = undefined;
    this.uri = uri;
    this.architecture = architecture;
    this.update();
  }

  /** Shows another file, or leaves everything as it is where the file is the same. */
  follow(uri: vscode.Uri): void {
    if (uri.toString() !== this.uri?.toString()) this.show(uri, 0);
  }

  showNothing(): void {
    this.uri = undefined;
    this.last = undefined;
    this.update();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private update(): void {
    if (this.uri !== undefined) this.last = this.reports.get(this.uri) ?? this.last;
    this.panel.title = this.uri === undefined ? title : `UAP Lens: ${this.uri.path.split("/").at(-1) ?? ""}`;
    this.page.update();
  }

  private snapshot(): Snapshot {
    if (this.uri === undefined) return { kind: "empty" };
    const uri = this.uri.toString();
    const file = nameInReport(this.uri);
    const checking = this.reports.isChecking(this.uri);
    if (this.last === undefined) return checking ? { kind: "checking", uri, file } : { kind: "empty" };
    const { outcome } = this.last;
    if (outcome.kind === "failed") return { kind: "failed", uri, file, message: outcome.message };
    if (outcome.kind === "none") return { kind: "empty" };
    const { report } = outcome;
    const freshness = checking ? "checking" : this.reports.get(this.uri) === undefined ? "closed" : "current";
    const architecture = Math.min(this.architecture, Math.max(0, report.architectures.length - 1));
    return { kind: "report", uri, freshness, report, architecture };
  }

  private async receive(message: Exclude<ToHost, { kind: "ready" }>): Promise<void> {
    switch (message.kind) {
      case "select-architecture":
        this.architecture = message.architecture;
        return this.update();
      case "go-to":
        return this.goTo(message.range);
      case "apply-fix":
        return this.applyFix(message.finding, message.fix);
      case "open-page":
        await vscode.commands.executeCommand("vscode.open", this.pages.page(message.code));
        return;
      case "open-panel":
        await vscode.commands.executeCommand(commandIds[message.panel], this.uri, this.architecture);
        return;
      case "design":
        await vscode.commands.executeCommand(commandIds.design, this.uri, this.architecture);
        return;
      case "open-json":
        await vscode.commands.executeCommand(commandIds.openJson, this.uri);
        return;
      case "check-again":
        if (this.uri !== undefined) this.reports.recheck(await openSubject(this.uri));
        return;
    }
  }

  private async goTo(range: Range): Promise<void> {
    if (this.uri === undefined) return;
    const placement = this.last?.placement ?? placementIn(this.uri);
    await reveal(placement.locate(range), columnOf(this.uri, this.panel));
  }

  /** Applies a fix of the report on view, unless the text has moved on and no longer has that finding with that fix. */
  private async applyFix(findingIndex: number, fixIndex: number): Promise<void> {
    if (this.uri === undefined || this.last?.outcome.kind !== "report") return;
    const wanted = this.last.outcome.report.findings[findingIndex];
    const title = wanted?.fixes[fixIndex]?.title;
    const subject = await openSubject(this.uri);
    const current = await this.reports.current(subject);
    if (current?.outcome.kind !== "report") return;
    const fix = current.outcome.report.findings
      .find((finding) => sameFinding(finding, wanted))
      ?.fixes.find((candidate) => candidate.title === title);
    const edit = fix && current.placement.edit(fix.edits);
    if (edit === undefined || current.version !== subject.version) return this.update();
    await vscode.workspace.applyEdit(edit);
  }
}

function sameFinding(one: Finding, other: Finding | undefined): boolean {
  return one.code === other?.code && one.message === other.message;
}
