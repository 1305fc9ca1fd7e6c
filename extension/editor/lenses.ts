/** The verdict in one line above each architecture. */
import * as vscode from "vscode";
import { commandIds } from "./commandIds";
import { toRange } from "./convert";
import type { Reports } from "./reports";
import { lensTitle } from "./words";

export class Lenses implements vscode.CodeLensProvider {
  constructor(private readonly reports: Reports) {}

  async provideCodeLenses(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.CodeLens[]> {
    const checked = await this.reports.current(document, token);
    if (checked?.outcome.kind !== "report") return [];
    return checked.outcome.report.architectures.map((architecture, index) => {
      const { start } = toRange(architecture.range);
      return new vscode.CodeLens(new vscode.Range(start, start), {
        title: lensTitle(architecture),
        tooltip: architecture.statement,
        command: commandIds.explain,
        arguments: [document.uri, index],
      });
    });
  }
}
