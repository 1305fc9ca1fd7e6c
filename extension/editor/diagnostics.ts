/** Findings as squiggles and entries of the Problems panel. */
import * as vscode from "vscode";
import type { Finding } from "../theory/verdict/report";
import { source, type FindingPages } from "./convert";
import type { Outcome, Reports } from "./reports";
import type { Placement } from "./subjects";

export class Diagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection("uap-lens");
  /** By the file. */
  private readonly shown = new Map<string, { outcome: Outcome; placement: Placement }>();
  /** The file that a document is of. */
  private readonly files = new Map<string, string>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    reports: Reports,
    private readonly pages: FindingPages,
  ) {
    this.subscriptions = [
      this.collection,
      reports.onDidChange((uri) => {
        const checked = reports.get(uri);
        if (checked !== undefined) this.show(uri, checked.outcome, checked.placement);
        else if (!reports.isChecking(uri)) this.clear(uri);
      }),
      vscode.languages.onDidChangeDiagnostics(({ uris }) => uris.forEach((uri) => this.publish(uri))),
    ];
  }

  show(uri: vscode.Uri, outcome: Outcome, placement: Placement): void {
    const file = uri.toString();
    const known = this.shown.get(file);
    if (known?.outcome === outcome) return;
    this.shown.set(file, { outcome, placement });
    const documents = [...(known?.placement.documents ?? []), ...placement.documents];
    for (const document of documents) this.files.set(document.toString(), file);
    for (const document of documents) this.publish(document);
    for (const document of documents)
      if (!placement.documents.some((each) => each.toString() === document.toString())) this.remove(document);
  }

  clear(uri: vscode.Uri): void {
    const known = this.shown.get(uri.toString());
    this.shown.delete(uri.toString());
    known?.placement.documents.forEach((document) => this.remove(document));
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private remove(document: vscode.Uri): void {
    this.files.delete(document.toString());
    this.collection.delete(document);
  }

  private publish(uri: vscode.Uri): void {
    const shown = this.shown.get(this.files.get(uri.toString()) ?? "");
    if (shown === undefined) return;
    const diagnostics = this.diagnosticsOf(uri, shown.outcome, shown.placement);
    // Publishing raises the event that leads here, so it must stop at a fixed point.
    if (!sameDiagnostics(this.collection.get(uri) ?? [], diagnostics)) this.collection.set(uri, diagnostics);
  }

  private diagnosticsOf(uri: vscode.Uri, outcome: Outcome, placement: Placement): vscode.Diagnostic[] {
    if (outcome.kind === "none") return [];
    if (outcome.kind === "failed") {
      if (uri.toString() !== placement.documents[0].toString()) return [];
      const message = `This file could not be checked: ${outcome.message}. The log "UAP Lens" has the details.`;
      const diagnostic = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 1), message, vscode.DiagnosticSeverity.Error);
      diagnostic.source = source;
      return [diagnostic];
    }
    const others = vscode.languages.getDiagnostics(uri).filter((diagnostic) => diagnostic.source !== source);
    return outcome.report.findings.flatMap((finding) => {
      const place = placement.locate(finding.range);
      if (place.uri.toString() !== uri.toString() || saidAlready(finding, place.range, others)) return [];
      return [this.pages.toDiagnostic(finding, (range) => placement.locate(range))];
    });
  }
}

/** JSON and YAML support report broken syntax and schema violations themselves; the same place need not be marked twice. */
function saidAlready({ code }: Finding, range: vscode.Range, others: vscode.Diagnostic[]): boolean {
  if (code !== "UAP001") return false;
  return others.some((other) => other.range.intersection(range) !== undefined);
}

function sameDiagnostics(some: readonly vscode.Diagnostic[], others: readonly vscode.Diagnostic[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ range, message }, index) => range.isEqual(others[index].range) && message === others[index].message)
  );
}
