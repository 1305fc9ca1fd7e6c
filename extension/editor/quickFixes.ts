/** The fixes of findings as quick fixes, and the way to what a finding is about. Edits belong to one version of the text and are offered for no other. */
import * as vscode from "vscode";
import type { PanelName } from "../../webview/protocol";
import { notRead } from "../models/code/typescript/evaluated";
import { architectureOf } from "../models/ranges";
import type { FindingCode } from "../theory/verdict/report";
import { commandIds } from "./commandIds";
import { source } from "./convert";
import { mayRun, runTitle } from "./evaluation";
import type { Reports } from "./reports";
import { rangeIn, subjectOf } from "./subjects";

/** The panel that shows what a finding is about, if one does. */
function panelOf(code: FindingCode): { name: PanelName; title: string } | undefined {
  if (/^UAP(10[124]|501|502)$/.test(code)) return { name: "distinguishability", title: "Show the Tokens That It Cannot Tell Apart" }; // prettier-ignore
  if (/^UAP20/.test(code)) return { name: "symmetry", title: "Show the Symmetry" };
  if (code === "UAP601") return { name: "training", title: "Train It Against the Floor" };
  return undefined;
}

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
    const checked = await this.reports.current(subjectOf(document), token);
    if (checked?.outcome.kind !== "report") return [];
    const { uri, placement } = checked;
    const { report } = checked.outcome;
    return report.findings
      .filter((finding) => rangeIn(document, placement, finding.range)?.intersection(range) !== undefined)
      .flatMap((finding) => {
        const diagnostics = context.diagnostics.filter(
          (diagnostic) => diagnostic.source === source && diagnostic.message === finding.message,
        );
        const offered = (title: string) => {
          const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
          action.diagnostics = diagnostics;
          return action;
        };
        const fixes = finding.fixes.flatMap(({ title, edits }, index) => {
          const action = offered(title);
          action.edit = placement.edit(edits);
          action.isPreferred = index === 0;
          return action.edit ? [action] : [];
        });
        if (report.format === "typescript" && finding.message.startsWith(notRead) && mayRun(uri)) {
          const run = offered(runTitle);
          run.command = { title: runTitle, command: commandIds.runToRead, arguments: [uri] };
          return [...fixes, run];
        }
        const panel = panelOf(finding.code);
        if (panel === undefined) return fixes;
        const architecture = architectureOf(report, finding);
        const shown = offered(panel.title);
        const index = architecture === undefined ? 0 : report.architectures.indexOf(architecture);
        shown.command = { title: panel.title, command: commandIds[panel.name], arguments: [uri, index] };
        return [...fixes, shown];
      });
  }
}
