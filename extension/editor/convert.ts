/** Between the report's plain values and the editor's. */
import * as vscode from "vscode";
import type { Finding, FindingCode, Position, Range, Severity } from "../theory/verdict/report";

export const source = "UAP Lens";

const severities: Record<Severity, vscode.DiagnosticSeverity> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};

export function toPosition({ line, character }: Position): vscode.Position {
  return new vscode.Position(line, character);
}

export function toRange({ start, end }: Range): vscode.Range {
  return new vscode.Range(toPosition(start), toPosition(end));
}

/** Where the page of a finding code is: a file of the extension, which the editor shows as a Markdown preview. */
export class FindingPages {
  constructor(private readonly extensionUri: vscode.Uri) {}

  page(code: FindingCode): vscode.Uri {
    return vscode.Uri.joinPath(this.extensionUri, "docs", "findings", `${code}.md`);
  }

  /** @param locate where a range of the report is */
  toDiagnostic(finding: Finding, locate: (range: Range) => vscode.Location): vscode.Diagnostic {
    const { range } = locate(finding.range);
    const diagnostic = new vscode.Diagnostic(range, finding.message, severities[finding.severity]);
    diagnostic.source = source;
    diagnostic.code = { value: finding.code, target: this.page(finding.code) };
    if (finding.related)
      diagnostic.relatedInformation = finding.related.map(
        ({ message, range }) => new vscode.DiagnosticRelatedInformation(locate(range), message),
      );
    return diagnostic;
  }
}
