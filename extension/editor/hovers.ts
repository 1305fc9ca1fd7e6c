/** What stands behind a finding: the hypothesis and its source, the witness, the page. The finding itself is in the diagnostic's own hover. */
import * as vscode from "vscode";
import type { Finding } from "../theory/verdict/report";
import type { FindingPages } from "./convert";
import type { Reports } from "./reports";
import { rangeIn, subjectOf } from "./subjects";
import { findingBackground } from "./words";

export class Hovers implements vscode.HoverProvider {
  constructor(
    private readonly reports: Reports,
    private readonly pages: FindingPages,
  ) {}

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
    const subject = subjectOf(document);
    const checked = subject && this.reports.get(subject.uri);
    if (checked?.version !== subject?.version || checked?.outcome.kind !== "report") return undefined;
    const { report } = checked.outcome;
    const rangeOf = ({ range }: Finding) => rangeIn(document, checked.placement, range);
    const findings = report.findings.filter((finding) => rangeOf(finding)?.contains(position));
    if (findings.length === 0) return undefined;
    // The smallest range under the pointer is what the person points at.
    const range = findings
      .map((finding) => rangeOf(finding)!)
      .reduce((best, each) => (best.contains(each) ? each : best));
    const contents = findings.map((finding) => {
      const markdown = new vscode.MarkdownString();
      for (const { label, text } of findingBackground(report, finding)) {
        markdown.appendMarkdown(`**${label}** ${plain(text)}\n\n`);
      }
      return markdown.appendMarkdown(
        `[${finding.code}: what it means and what to do](${this.pages.page(finding.code).toString()})`,
      );
    });
    return new vscode.Hover(contents, range);
  }
}

/** Text as Markdown that shows it unchanged. (`appendText` would make every space unbreakable.) */
function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()<>#+\-!|~&]/g, "\\$&");
}
