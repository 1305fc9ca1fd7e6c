/** The verdict in one line above each architecture, and beside it the panels. */
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
    return checked.outcome.report.architectures.flatMap((architecture, index) => {
      const { start } = toRange(architecture.range);
      const lens = (title: string, command: string, tooltip: string) =>
        new vscode.CodeLens(new vscode.Range(start, start), {
          title,
          tooltip,
          command,
          arguments: [document.uri, index],
        });
      return [
        lens(lensTitle(architecture), commandIds.explain, architecture.statement),
        lens("distinguishability", commandIds.distinguishability, "Which tokens it tells apart, layer by layer"),
        lens("symmetry", commandIds.symmetry, "Which rearrangements it commutes with"),
        lens("train", commandIds.training, "Train it against the error floor"),
      ];
    });
  }
}
