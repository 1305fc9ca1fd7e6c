/** The language status item: the verdict of the active file. */
import * as vscode from "vscode";
import { modelFileGlob } from "../models/fileNames";
import { commandIds } from "./commandIds";
import type { Checked, Reports } from "./reports";
import type { Runtime } from "./runtime";
import { activeSubject } from "./subjects";
import { summarize, type FileSummary } from "./words";

/** Milliseconds after which a check is worth showing; shorter ones would only flicker. */
const noticeable = 300;

const severities: Record<FileSummary["verdict"], vscode.LanguageStatusSeverity> = {
  certified: vscode.LanguageStatusSeverity.Information,
  supported: vscode.LanguageStatusSeverity.Information,
  unknown: vscode.LanguageStatusSeverity.Warning,
  refuted: vscode.LanguageStatusSeverity.Error,
  unreadable: vscode.LanguageStatusSeverity.Error,
  open: vscode.LanguageStatusSeverity.Information,
};

export class Status implements vscode.Disposable {
  private item: vscode.LanguageStatusItem | undefined;
  private busy: NodeJS.Timeout | undefined;
  /** Whether the active editor shows a model file. */
  private active: boolean | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly reports: Reports,
    private readonly runtime: Runtime,
  ) {
    this.subscriptions = [
      vscode.window.onDidChangeActiveTextEditor(() => this.update()),
      vscode.window.onDidChangeActiveNotebookEditor(() => this.update()),
      reports.onDidChange((uri) => {
        if (uri.toString() === activeSubject()?.uri.toString()) this.update();
      }),
    ];
    this.update();
  }

  dispose(): void {
    clearTimeout(this.busy);
    this.item?.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private update(): void {
    const subject = activeSubject();
    const active = this.reports.isModel(subject);
    if (active !== this.active) {
      this.active = active;
      this.runtime.showItem(active);
      void vscode.commands.executeCommand("setContext", "uapLens.modelFile", active);
    }
    clearTimeout(this.busy);
    if (!active) {
      // A panel that has the focus leaves the text editor visible; its item stays hidden with it.
      this.item?.dispose();
      this.item = undefined;
      return;
    }
    this.item ??= vscode.languages.createLanguageStatusItem("uapLens.verdict", { pattern: modelFileGlob });
    this.item.name = "UAP Lens verdict";
    this.item.busy = false;
    if (this.reports.isChecking(subject.uri)) {
      this.busy = setTimeout(() => this.item && (this.item.busy = true), noticeable);
    }
    this.show(this.item, subject.uri, this.reports.get(subject.uri));
  }

  private show(item: vscode.LanguageStatusItem, uri: vscode.Uri, checked: Checked | undefined): void {
    item.command = { title: "Explain", command: commandIds.explain, arguments: [uri] };
    if (checked === undefined) {
      item.text = "UAP Lens";
      item.detail = "reading and deciding";
      item.severity = vscode.LanguageStatusSeverity.Information;
    } else if (checked.outcome.kind === "failed") {
      item.text = "UAP: not checked";
      item.detail = checked.outcome.message;
      item.severity = vscode.LanguageStatusSeverity.Error;
    } else if (checked.outcome.kind === "report") {
      const { verdict, text, detail } = summarize(checked.outcome.report);
      item.text = `UAP: ${text}`;
      item.detail = detail;
      item.severity = severities[verdict];
    }
  }
}
