/** Findings as squiggles and entries of the Problems panel. */
import * as vscode from "vscode";
import type { Finding } from "../theory/verdict/report";
import { source, toRange, type FindingPages } from "./convert";
import type { Outcome, Reports } from "./reports";

export class Diagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection("uap-lens");
  private readonly shown = new Map<string, { uri: vscode.Uri; outcome: Outcome }>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    reports: Reports,
    private readonly pages: FindingPages,
  ) {
    this.subscriptions = [
      this.collection,
      reports.onDidChange((uri) => {
        const checked = reports.get(uri);
        if (checked !== undefined) this.show(uri, checked.outcome);
        else if (!reports.isChecking(uri)) this.clear(uri);
      }),
      vscode.languages.onDidChangeDiagnostics(({ uris }) => uris.forEach((uri) => this.publish(uri))),
    ];
  }

  show(uri: vscode.Uri, outcome: Outcome): void {
    const known = this.shown.get(uri.toString());
    if (known?.outcome === outcome) return;
    this.shown.set(uri.toString(), { uri, outcome });
    this.publish(uri);
  }

  clear(uri: vscode.Uri): void {
    this.shown.delete(uri.toString());
    this.collection.delete(uri);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private publish(uri: vscode.Uri): void {
    const shown = this.shown.get(uri.toString());
    if (shown === undefined) return;
    const diagnostics = this.diagnosticsOf(uri, shown.outcome);
    // Publishing raises the event that leads here, so it must stop at a fixed point.
    if (!sameDiagnostics(this.collection.get(uri) ?? [], diagnostics)) this.collection.set(uri, diagnostics);
  }

  private diagnosticsOf(uri: vscode.Uri, outcome: Outcome): vscode.Diagnostic[] {
    if (outcome.kind === "failed") {
      const message = `This file could not be checked: ${outcome.message}. The log "UAP Lens" has the details.`;
      const diagnostic = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 1), message, vscode.DiagnosticSeverity.Error);
      diagnostic.source = source;
      return [diagnostic];
    }
    const others = vscode.languages.getDiagnostics(uri).filter((diagnostic) => diagnostic.source !== source);
    return outcome.report.findings
      .filter((finding) => !saidAlready(finding, others))
      .map((finding) => this.pages.toDiagnostic(finding));
  }
}

/** JSON and YAML support report broken syntax and schema violations themselves; the same place need not be marked twice. */
function saidAlready(finding: Finding, others: vscode.Diagnostic[]): boolean {
  if (finding.code !== "UAP001") return false;
  const range = toRange(finding.range);
  return others.some((other) => other.range.intersection(range) !== undefined);
}

function sameDiagnostics(some: readonly vscode.Diagnostic[], others: readonly vscode.Diagnostic[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ range, message }, index) => range.isEqual(others[index].range) && message === others[index].message)
  );
}
