/** The fixes of findings as quick fixes, and the way to what a finding is about. Edits belong to one version of the text and are offered for no other. */
import * as vscode from "vscode";
import type { PanelName } from "../../webview/protocol";
import { notRead } from "../models/code/typescript/evaluated";
import { architectureOf } from "../models/ranges";
import { attentionInWords } from "../theory/design/repair";
import type { FileReport, Finding, FindingCode } from "../theory/verdict/report";
import { uncapital } from "../theory/verdict/words";
import { commandIds } from "./commandIds";
import { source } from "./convert";
import { mayRun, runTitle } from "./evaluation";
import type { RepairFix, RepairFixes } from "./repairFixes";
import type { Reports } from "./reports";
import { rangeIn, subjectOf } from "./subjects";

/** The panel that shows what a finding is about, if one does. */
function panelOf(code: FindingCode): { name: PanelName; title: string } | undefined {
  if (/^UAP(10[124]|501|502)$/.test(code)) return { name: "distinguishability", title: "Show the Tokens That It Cannot Tell Apart" }; // prettier-ignore
  if (/^UAP20/.test(code)) return { name: "symmetry", title: "Show the Symmetry" };
  if (code === "UAP601") return { name: "training", title: "Train It Against the Floor" };
  return undefined;
}

/** Most repairs that are offered for one finding; all of them are compared in the panel. */
const mostRepairs = 5;
const compareTitle = "Compare Repairs...";

/** Findings that repairs answer: errors of the theory. Those from 500 on are measured or estimated. */
const isRepairable = ({ code, severity }: Finding): boolean =>
  severity === "error" && code > "UAP100" && code < "UAP500";

/** The architecture that a finding is about; undefined where that is not clear. */
function indexOf(report: FileReport, finding: Finding): number | undefined {
  const { architectures } = report;
  const inside = architectureOf(report, finding);
  // In code a mask may be written elsewhere than the model that it is for.
  const index = inside ? architectures.indexOf(inside) : architectures.findIndex(({ name }) => finding.message.startsWith(`${name}: `)); // prettier-ignore
  if (index >= 0) return index;
  return architectures.length === 1 ? 0 : undefined;
}

export class QuickFixes implements vscode.CodeActionProvider {
  static readonly metadata: vscode.CodeActionProviderMetadata = {
    providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
  };

  constructor(
    private readonly reports: Reports,
    private readonly repairs: RepairFixes,
  ) {}

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
    const found = report.findings.filter(
      (finding) => rangeIn(document, placement, finding.range)?.intersection(range) !== undefined,
    );
    const broken = new Set(found.filter(isRepairable).flatMap((finding) => indexOf(report, finding) ?? []));
    const repairs = new Map<number, RepairFix[]>();
    for (const index of broken) repairs.set(index, await this.repairs.of(checked, index, context.triggerKind, token));
    if (token.isCancellationRequested) return [];
    return found.flatMap((finding) => {
      const diagnostics = context.diagnostics.filter(
        (diagnostic) => diagnostic.source === source && diagnostic.message === finding.message,
      );
      const offered = (title: string) => {
        const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
        action.diagnostics = diagnostics;
        return action;
      };
      const index = indexOf(report, finding);
      const ofFinding = isRepairable(finding) && index !== undefined ? (repairs.get(index) ?? []) : [];
      const edited = [...finding.fixes, ...repairFixes(finding, ofFinding)];
      const fixes = edited.flatMap(({ title, edits }, i) => {
        const action = offered(title);
        action.edit = placement.edit(edits);
        action.isPreferred = i === 0;
        return action.edit ? [action] : [];
      });
      if (report.format === "typescript" && finding.message.startsWith(notRead) && mayRun(uri)) {
        const run = offered(runTitle);
        run.command = { title: runTitle, command: commandIds.runToRead, arguments: [uri] };
        return [...fixes, run];
      }
      const commands: [title: string, command: string][] = [];
      if (isRepairable(finding)) commands.push([compareTitle, commandIds.repair]);
      const panel = panelOf(finding.code);
      if (panel !== undefined) commands.push([panel.title, commandIds[panel.name]]);
      return [
        ...fixes,
        ...commands.map(([title, command]) => {
          const shown = offered(title);
          shown.command = { title, command, arguments: [uri, index ?? 0] };
          return shown;
        }),
      ];
    });
  }
}

/** The repairs that are not among the finding's own fixes, with what they cost. */
function repairFixes({ fixes }: Finding, repairs: readonly RepairFix[]): Finding["fixes"] {
  const known = new Set(fixes.map(({ edits }) => JSON.stringify(edits)));
  return repairs
    .filter(({ edits }) => !known.has(JSON.stringify(edits)))
    .slice(0, mostRepairs)
    .map(({ repair: { title, ofFull }, edits }) => ({
      title: `Repair: ${uncapital(title)} (${attentionInWords(ofFull)})`,
      edits,
    }));
}
