/** What is wrong with the open grids of sweeps, as squiggles and entries of the Problems panel. */
import * as vscode from "vscode";
import { isGrid } from "../models/fileNames";
import type { ReadError } from "../models/modelFile";
import type { Finding } from "../theory/verdict/report";
import type { Checker } from "./checker";
import type { Diagnostics } from "./diagnostics";
import { debounce, nameInReport, type Outcome } from "./reports";
import { isEditable, placementIn } from "./subjects";

export class GridCheck implements vscode.Disposable {
  private readonly waiting = new Map<string, NodeJS.Timeout>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly checker: Checker,
    private readonly diagnostics: Diagnostics,
  ) {
    this.subscriptions = [
      vscode.workspace.onDidOpenTextDocument((document) => this.schedule(document, 0)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.schedule(document, debounce)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.forget(uri)),
    ];
    for (const document of vscode.workspace.textDocuments) this.schedule(document, 0);
  }

  dispose(): void {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private schedule(document: vscode.TextDocument, delay: number): void {
    const { uri } = document;
    if (!isGrid(uri.path) || !isEditable(uri)) return;
    this.stop(uri);
    this.waiting.set(
      uri.toString(),
      setTimeout(() => void this.check(document), delay),
    );
  }

  private async check(document: vscode.TextDocument): Promise<void> {
    const { uri } = document;
    const file = nameInReport(uri);
    const outcome = await this.checker.ask(keyOf(uri), { kind: "grid", fileName: file, text: document.getText() });
    if (outcome.kind === "superseded") return;
    this.diagnostics.show(
      uri,
      outcome.kind === "failed" ? outcome : found(file, "errors" in outcome.answer ? outcome.answer.errors : []),
      placementIn(uri),
    );
  }

  private stop(uri: vscode.Uri): void {
    clearTimeout(this.waiting.get(uri.toString()));
    this.waiting.delete(uri.toString());
    this.checker.cancel(keyOf(uri));
  }

  private forget(uri: vscode.Uri): void {
    if (!isGrid(uri.path)) return;
    this.stop(uri);
    this.diagnostics.clear(uri);
  }
}

const keyOf = (uri: vscode.Uri): string => `grid:${uri.toString()}`;

function found(file: string, errors: readonly ReadError[]): Outcome {
  const findings = errors.map((error): Finding => ({ ...error, code: "UAP001", severity: "error", fixes: [] }));
  return { kind: "report", report: { file, format: "spec", architectures: [], findings } };
}
