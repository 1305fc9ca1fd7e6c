/** The latest report of every open model file: the one source of diagnostics, lenses, hovers, the status item and the panel. */
import * as vscode from "vscode";
import { isCodeFile, mayBeModelFile } from "../models/fileNames";
import type { FileReport } from "../theory/verdict/report";
import type { Checker, CheckOutcome } from "./checker";
import { isRead, type Placement, type Subject, subjectOf, subjectOfNotebook } from "./subjects";

/** Milliseconds of quiet after the last keystroke before a check starts. */
export const debounce = 250;
/** Of code, so that its findings are there within 300 milliseconds. */
const debounceOfCode = 120;

export type Outcome =
  | { kind: "report"; report: FileReport }
  | { kind: "failed"; message: string }
  /** Code without a model in it. */
  | { kind: "none" };

/** What a check has come to; undefined where its answer is not wanted any more. */
export function outcomeOf(outcome: CheckOutcome): Outcome | undefined {
  if (outcome.kind === "superseded") return undefined;
  if (outcome.kind === "failed") return outcome;
  return outcome.answer === undefined ? { kind: "none" } : { kind: "report", report: outcome.answer };
}

/** The outcome for one version of a subject. */
export interface Checked {
  uri: vscode.Uri;
  version: number;
  outcome: Outcome;
  /** Where the ranges of the report are. */
  placement: Placement;
}

interface Waiting {
  version: number;
  timer: NodeJS.Timeout | undefined;
}

/** The name of the file in reports: as in a terminal at the workspace's root. */
export function nameInReport(uri: vscode.Uri): string {
  return vscode.workspace.asRelativePath(uri, (vscode.workspace.workspaceFolders?.length ?? 0) > 1);
}

export class Reports implements vscode.Disposable {
  private readonly checked = new Map<string, Checked>();
  private readonly waiting = new Map<string, Waiting>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  /** A check of this file has started, ended, or is not wanted any more. */
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly checker: Checker) {
    this.subscriptions = [
      this.changed,
      vscode.workspace.onDidOpenTextDocument((document) => this.schedule(subjectOf(document), 0)),
      vscode.workspace.onDidOpenNotebookDocument((notebook) => this.schedule(subjectOfNotebook(notebook), 0)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.changedText(subjectOf(document))),
      vscode.workspace.onDidChangeNotebookDocument(({ notebook, contentChanges }) => {
        if (contentChanges.length > 0) this.changedText(subjectOfNotebook(notebook));
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => uri.scheme !== "vscode-notebook-cell" && this.forget(uri)),
      vscode.workspace.onDidCloseNotebookDocument(({ uri }) => this.forget(uri)),
    ];
    for (const document of vscode.workspace.textDocuments) this.schedule(subjectOf(document), 0);
  }

  /** The latest report of an open model file, perhaps of an older version. */
  get(uri: vscode.Uri): Checked | undefined {
    return this.checked.get(uri.toString());
  }

  isChecking(uri: vscode.Uri): boolean {
    return this.waiting.has(uri.toString());
  }

  /** Whether something is a model file. Of code that is known only after a check. */
  isModel(subject: Subject | undefined): subject is Subject {
    if (subject === undefined) return false;
    if (!isCodeFile(subject.uri.path)) return isRead(subject);
    const outcome = this.get(subject.uri)?.outcome;
    return outcome !== undefined && outcome.kind !== "none";
  }

  /** Checks a subject at once, even if its text has not changed. */
  recheck(subject: Subject): void {
    this.schedule(subject, 0);
  }

  /**
   * The report of the subject's present version, once there is one.
   * Undefined if it is no model file, is closed, or the token is cancelled first.
   */
  async current(subject: Subject | undefined, token?: vscode.CancellationToken): Promise<Checked | undefined> {
    if (subject === undefined) return undefined;
    const { uri } = subject;
    const stopped = () => token?.isCancellationRequested === true || subject.isClosed || !isRead(subject);
    while (!stopped()) {
      const checked = this.get(uri);
      if (!this.isChecking(uri)) {
        if (checked?.version === subject.version) return checked;
        this.schedule(subject, 0);
      }
      await this.nextChange(uri, token);
    }
    return undefined;
  }

  dispose(): void {
    for (const { timer } of this.waiting.values()) clearTimeout(timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private nextChange(uri: vscode.Uri, token: vscode.CancellationToken | undefined): Promise<void> {
    return new Promise((resolve) => {
      const subscriptions: vscode.Disposable[] = [];
      const done = () => {
        for (const subscription of subscriptions) subscription.dispose();
        resolve();
      };
      subscriptions.push(this.onDidChange((other) => other.toString() === uri.toString() && done()));
      if (token !== undefined) subscriptions.push(token.onCancellationRequested(done));
    });
  }

  private changedText(subject: Subject | undefined): void {
    if (subject === undefined || this.get(subject.uri)?.version === subject.version) return;
    this.schedule(subject, isCodeFile(subject.uri.path) ? debounceOfCode : debounce);
  }

  private schedule(subject: Subject | undefined, delay: number): void {
    if (subject === undefined || !mayBeModelFile(subject.uri.path)) return;
    const { uri } = subject;
    const key = uri.toString();
    clearTimeout(this.waiting.get(key)?.timer);
    this.checker.cancel(key);
    const waiting: Waiting = { version: subject.version, timer: undefined };
    waiting.timer = setTimeout(() => void this.check(subject, waiting), delay);
    this.waiting.set(key, waiting);
    // Code in which no model is known is nobody's business before its check has ended.
    if (this.isModel(subject)) this.changed.fire(uri);
  }

  private async check(subject: Subject, waiting: Waiting): Promise<void> {
    const { uri } = subject;
    const key = uri.toString();
    if (!isRead(subject)) {
      this.forget(uri);
      return;
    }
    const placement = subject.placement();
    const question = { kind: "check", fileName: nameInReport(uri), text: subject.text() } as const;
    const known = this.isModel(subject);
    let outcome = outcomeOf(await this.checker.ask(key, question));
    if (outcome === undefined || this.waiting.get(key) !== waiting) return;
    // Of code in which there may be no model the log says enough.
    if (outcome.kind === "failed" && !known) outcome = { kind: "none" };
    this.waiting.delete(key);
    this.checked.set(key, { uri, version: waiting.version, outcome, placement });
    this.changed.fire(uri);
  }

  private forget(uri: vscode.Uri): void {
    const key = uri.toString();
    clearTimeout(this.waiting.get(key)?.timer);
    this.checker.cancel(key);
    const known = this.waiting.delete(key);
    if (this.checked.delete(key) || known) this.changed.fire(uri);
  }
}
