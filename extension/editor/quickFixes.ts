/** The fixes of findings as quick fixes. Their edits belong to one version of the text and are offered for no other. */
import * as vscode from "vscode";
import { source, toEdit, toRange } from "./convert";
import type { Reports } from "./reports";

export class QuickFixes implements vscode.CodeActionProvider {
  static readonly metadata: vscode.CodeActionProviderMetadata = {
    providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
  };

  constructor(private readonly reports: Reports) {}

  async provideCodeActions(
    document: vscode.TextDocument,
    range: vscode.Range,
    context: vscode.CodeActionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.CodeAction[]> {
    const checked = await this.reports.current(document, token);
    if (checked?.outcome.kind !== "report") return [];
    return checked.outcome.report.findings
      .filter((finding) => toRange(finding.range).intersection(range) !== undefined)
      .flatMap((finding) =>
        finding.fixes.map(({ title, edits }, index) => {
          const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
          action.edit = toEdit(document.uri, edits);
          action.isPreferred = index === 0;
          action.diagnostics = context.diagnostics.filter(
            (diagnostic) => diagnostic.source === source && diagnostic.message === finding.message,
          );
          return action;
        }),
      );
  }
}
