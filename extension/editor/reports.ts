/** The latest report of every open model file: the one source of diagnostics, lenses, hovers, the status item and the panel. */
import * as vscode from "vscode";
import { isModelFile, mayBeModelFile } from "../models/fileNames";
import type { FileReport } from "../theory/verdict/report";
import type { Checker, CheckOutcome } from "./checker";

/** Milliseconds of quiet after the last keystroke before a check starts. */
const debounce = 250;

export type Outcome = { kind: "report"; report: FileReport } | { kind: "failed"; message: string };

/** What a check has come to; undefined where its answer is not wanted any more. */
export function outcomeOf(outcome: CheckOutcome): Outcome | undefined {
  if (outcome.kind === "superseded") return undefined;
  return outcome.kind === "failed" ? outcome : { kind: "report", report: outcome.answer };
}

/** The outcome for one version of a document. */
export interface Checked {
  uri: vscode.Uri;
  version: number;
  outcome: Outcome;
}

interface Waiting {
  version: number;
  timer: NodeJS.Timeout | undefined;
}

/** The name of the file in reports: as in a terminal at the workspace's root. */
export function nameInReport(uri: vscode.Uri): string {
  return vscode.workspace.asRelativePath(uri, (vscode.workspace.workspaceFolders?.length ?? 0) > 1);
}

/** A document that is a model file and that a person can edit (the old side of a diff is none). */
export function isModelDocument(document: vscode.TextDocument): boolean {
  const { uri } = document;
  const editable = uri.scheme === "untitled" || vscode.workspace.fs.isWritableFileSystem(uri.scheme) === true;
  return editable && isModelFile(uri.path, () => document.getText());
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
      vscode.workspace.onDidOpenTextDocument((document) => this.schedule(document, 0)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (this.get(document.uri)?.version !== document.version) this.schedule(document, debounce);
      }),
      vscode.workspace.onDidCloseTextDocument((document) => this.forget(document.uri)),
    ];
    for (const document of vscode.workspace.textDocuments) this.schedule(document, 0);
  }

  /** The latest report of an open model file, perhaps of an older version. */
  get(uri: vscode.Uri): Checked | undefined {
    return this.checked.get(uri.toString());
  }

  isChecking(uri: vscode.Uri): boolean {
    return this.waiting.has(uri.toString());
  }

  /** Checks a document at once, even if its text has not changed. */
  recheck(document: vscode.TextDocument): void {
    this.schedule(document, 0);
  }

  /**
   * The report of the document's present version, once there is one.
   * Undefined if it is no model file, is closed, or the token is cancelled first.
   */
  async current(document: vscode.TextDocument, token?: vscode.CancellationToken): Promise<Checked | undefined> {
    const stopped = () => token?.isCancellationRequested === true || document.isClosed || !isModelDocument(document);
    while (!stopped()) {
      const checked = this.get(document.uri);
      if (!this.isChecking(document.uri)) {
        if (checked?.version === document.version) return checked;
        this.schedule(document, 0);
      }
      await this.nextChange(document.uri, token);
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

  private schedule(document: vscode.TextDocument, delay: number): void {
    if (!mayBeModelFile(document.uri.path)) return;
    const key = document.uri.toString();
    clearTimeout(this.waiting.get(key)?.timer);
    this.checker.cancel(key);
    const waiting: Waiting = { version: document.version, timer: undefined };
    waiting.timer = setTimeout(() => void this.check(document, waiting), delay);
    this.waiting.set(key, waiting);
    this.changed.fire(document.uri);
  }

  private async check(document: vscode.TextDocument, waiting: Waiting): Promise<void> {
    const { uri } = document;
    const key = uri.toString();
    if (!isModelDocument(document)) {
      this.forget(uri);
      return;
    }
    const question = { kind: "check", fileName: nameInReport(uri), text: document.getText() } as const;
    const outcome = outcomeOf(await this.checker.ask(key, question));
    if (outcome === undefined || this.waiting.get(key) !== waiting) return;
    this.waiting.delete(key);
    this.checked.set(key, { uri, version: waiting.version, outcome });
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
