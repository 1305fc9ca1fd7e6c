/** The verdict in one line above each architecture, and beside it its certificate and the panels. */
import * as vscode from "vscode";
import { commandIds } from "./commandIds";
import { toRange } from "./convert";
import type { Certificates } from "./certificates";
import type { Reports } from "./reports";
import { certificateLens, lensTitle } from "./words";

export class Lenses implements vscode.CodeLensProvider {
  readonly onDidChangeCodeLenses: vscode.Event<void>;

  constructor(
    private readonly reports: Reports,
    private readonly certificates: Certificates,
  ) {
    this.onDidChangeCodeLenses = certificates.onDidChangeFiles;
  }

  async provideCodeLenses(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.CodeLens[]> {
    const checked = await this.reports.current(document, token);
    if (checked?.outcome.kind !== "report") return [];
    const { architectures } = checked.outcome.report;
    const badges = await this.certificates.badges(document.uri, architectures);
    return architectures.flatMap((architecture, index) => {
      const { start } = toRange(architecture.range);
      const lens = (title: string, command: string, tooltip: string) =>
        new vscode.CodeLens(new vscode.Range(start, start), {
          title,
          tooltip,
          command,
          arguments: [document.uri, index],
        });
      const badge = badges[index];
      const { title, tooltip } = certificateLens[badge];
      const command =
        badge === "none" || badge === "stale" ? commandIds.issueCertificate : commandIds.verifyCertificate;
      const isDue = architecture.verdict === "certified" || architecture.verdict === "refuted";
      return [
        lens(lensTitle(architecture), commandIds.explain, architecture.statement),
        ...(isDue ? [lens(title, command, tooltip)] : []),
        lens("distinguishability", commandIds.distinguishability, "Which tokens it tells apart, layer by layer"),
        lens("symmetry", commandIds.symmetry, "Which rearrangements it commutes with"),
        lens("train", commandIds.training, "Train it against the error floor"),
      ];
    });
  }
}
