/** The verdict in one line above each architecture, beside it its certificate and the panels, and above code what a comment could tell. */
import * as vscode from "vscode";
import { isNotebook } from "../models/fileNames";
import { commandIds } from "./commandIds";
import type { Range } from "../theory/verdict/report";
import type { Certificates } from "./certificates";
import type { Reports } from "./reports";
import { rangeIn, subjectOf } from "./subjects";
import { certificateLens, isRepairable, lensTitle, questionLens } from "./words";

export class Lenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly reports: Reports,
    private readonly certificates: Certificates,
  ) {
    this.subscriptions = [
      this.changed,
      certificates.onDidChangeFiles(() => this.changed.fire()),
      // The editor asks again where a person types; what that changes may be in another cell.
      reports.onDidChange((uri) => {
        if (isNotebook(uri.path) && !reports.isChecking(uri)) this.changed.fire();
      }),
    ];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  async provideCodeLenses(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.CodeLens[]> {
    const checked = await this.reports.current(subjectOf(document), token);
    if (checked?.outcome.kind !== "report") return [];
    const { uri, placement } = checked;
    const { report } = checked.outcome;
    const { architectures, questions = [] } = report;
    /** Makes the lenses above a range; undefined where it is in another document. */
    const above = (range: Range, index: number) => {
      const start = rangeIn(document, placement, range)?.start;
      return start && ((title: string, command: string, tooltip: string) =>
          new vscode.CodeLens(new vscode.Range(start, start), { title, tooltip, command, arguments: [uri, index] })); // prettier-ignore
    };
    const asked = questions.flatMap(({ message, range, missing }, index) => {
      const lens = above(range, index);
      return lens ? [lens(questionLens(missing), commandIds.answerQuestion, message)] : [];
    });
    const badges = await this.certificates.badges(uri, architectures);
    const decided = architectures.flatMap((architecture, index) => {
      const lens = above(architecture.range, index);
      if (lens === undefined) return [];
      const badge = badges[index];
      const { title, tooltip } = certificateLens[badge];
      const command =
        badge === "none" || badge === "stale" ? commandIds.issueCertificate : commandIds.verifyCertificate;
      const isDue = architecture.verdict === "certified" || architecture.verdict === "refuted";
      return [
        lens(lensTitle(architecture), commandIds.explain, architecture.statement),
        ...(isDue ? [lens(title, command, tooltip)] : []),
        ...(isRepairable(report, architecture)
          ? [lens("repair", commandIds.repair, "Compare the smallest changes that certify it")]
          : []),
        lens("distinguishability", commandIds.distinguishability, "Which tokens it tells apart, layer by layer"),
        lens("symmetry", commandIds.symmetry, "Which rearrangements it commutes with"),
        lens("train", commandIds.training, "Train it against the error floor"),
      ];
    });
    return [...decided, ...asked];
  }
}
