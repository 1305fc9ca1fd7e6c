/** The report of a file as a read-only JSON document: exactly what the command line prints with --json. */
import * as vscode from "vscode";
import type { Report } from "../theory/verdict/report";
import type { Reports } from "./reports";
import { openSubject } from "./subjects";

const scheme = "uap-lens-report";

export class ReportDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly reports: Reports) {
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      reports.onDidChange((uri) => {
        if (reports.get(uri) !== undefined && !reports.isChecking(uri)) this.changed.fire(uriOfReport(uri));
      }),
    ];
  }

  async open(model: vscode.Uri): Promise<void> {
    await vscode.window.showTextDocument(uriOfReport(model), { preview: true, viewColumn: vscode.ViewColumn.Beside });
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string | undefined> {
    const checked = await this.reports.current(await openSubject(vscode.Uri.parse(uri.query, true)), token);
    if (checked?.outcome.kind !== "report") return undefined;
    const report: Report = { version: 1, results: [checked.outcome.report] };
    return `${JSON.stringify(report, null, 2)}\n`;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function uriOfReport(model: vscode.Uri): vscode.Uri {
  return vscode.Uri.from({ scheme, path: `${model.path}.report.json`, query: model.toString() });
}
