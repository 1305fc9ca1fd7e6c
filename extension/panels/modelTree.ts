/** The tree of the side panel: what is said of the active model file, and where it is written. */
import * as vscode from "vscode";
import type { ActiveModel } from "../editor/activeModel";
import { commandIds } from "../editor/commandIds";
import type { Checked, Reports } from "../editor/reports";
import { conditionOf, isRepairable, mapsOfClass, verdictMarks } from "../editor/words";
import { architectureOf } from "../models/ranges";
import type {
  ArchitectureReport,
  Condition,
  FileReport,
  Finding,
  Range,
  Severity,
  Verdict,
} from "../theory/verdict/report";

/** A line of the tree. */
interface Node {
  label: string;
  description?: string;
  tooltip?: string;
  icon?: vscode.ThemeIcon;
  command?: vscode.Command;
  children?: Node[];
  /** Open at first. */
  open?: boolean;
}

const icon = (name: string, colour?: string) =>
  new vscode.ThemeIcon(name, colour === undefined ? undefined : new vscode.ThemeColor(colour));

const verdictIcons: Record<Verdict, vscode.ThemeIcon> = {
  certified: icon("pass-filled", "charts.green"),
  refuted: icon("error", "editorError.foreground"),
  supported: icon("pass", "charts.blue"),
  unknown: icon("question", "editorWarning.foreground"),
};
const conditionIcons: Record<Condition["status"], vscode.ThemeIcon> = {
  holds: icon("check", "charts.green"),
  fails: icon("close", "editorError.foreground"),
  "not-covered": icon("question", "editorWarning.foreground"),
};
const severityIcons: Record<Severity, vscode.ThemeIcon> = {
  error: icon("error", "editorError.foreground"),
  warning: icon("warning", "editorWarning.foreground"),
  info: icon("info", "editorInfo.foreground"),
};

export class ModelTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];
  private readonly view: vscode.TreeView<Node>;

  constructor(
    private readonly model: ActiveModel,
    private readonly reports: Reports,
  ) {
    this.view = vscode.window.createTreeView("uapLens.model", { treeDataProvider: this });
    this.subscriptions = [
      this.changed,
      this.view,
      model.onDidChange(() => this.update()),
      reports.onDidChange((uri) => {
        if (uri.toString() === model.uri?.toString()) this.update();
      }),
    ];
    this.update();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  getTreeItem({ label, description, tooltip, icon, command, children, open }: Node): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(label, children === undefined ? None : open === true ? Expanded : Collapsed);
    // A property that is set to undefined is set.
    if (description !== undefined) item.description = description;
    if (icon !== undefined) item.iconPath = icon;
    if (command !== undefined) item.command = command;
    item.tooltip = tooltip ?? [label, description].filter(Boolean).join(": ");
    return item;
  }

  getChildren(node?: Node): Node[] {
    if (node !== undefined) return node.children ?? [];
    const { uri } = this.model;
    const checked = uri && this.reports.get(uri);
    if (checked === undefined || checked.outcome.kind === "none") return [];
    const { outcome } = checked;
    if (outcome.kind === "failed") return [{ label: "The file could not be checked", description: outcome.message, icon: severityIcons.error }]; // prettier-ignore
    const { report } = outcome;
    const loose = report.findings.filter((finding) => architectureOf(report, finding) === undefined);
    return [
      ...report.architectures.map((architecture, index) => architectureNode(checked, report, architecture, index)),
      ...loose.map((finding) => findingNode(checked, finding)),
    ];
  }

  private update(): void {
    const { uri } = this.model;
    this.view.description = uri?.path.split("/").at(-1);
    this.view.message =
      uri !== undefined && this.reports.isChecking(uri)
        ? this.reports.get(uri) === undefined
          ? "Reading the file and deciding what it can express ..."
          : "The file has changed; a new check is under way."
        : undefined;
    this.changed.fire();
  }
}

function goTo({ placement }: Checked, range: Range): vscode.Command {
  const { uri, range: selection } = placement.locate(range);
  const options: vscode.TextDocumentShowOptions = { selection };
  return { title: "Go to", command: "vscode.open", arguments: [uri, options] };
}

const open = (panel: "distinguishability" | "symmetry" | "repair", uri: vscode.Uri, index: number): vscode.Command => ({
  title: "Show",
  command: commandIds[panel],
  arguments: [uri, index],
});

function architectureNode(checked: Checked, report: FileReport, architecture: ArchitectureReport, index: number): Node {
  const { uri } = checked;
  const { verdict, statement, conditions, witness, symmetry, repeatedTokens, errorFloor, range } = architecture;
  const findings = report.findings.filter((finding) => architectureOf(report, finding) === architecture);
  const here = goTo(checked, range);
  const verdictNode: Node = {
    label: `${verdictMarks[verdict]} ${verdict}`,
    description: statement,
    icon: verdictIcons[verdict],
    command: here,
    open: true,
    children: [
      { label: `for ${mapsOfClass(architecture)}`, description: architecture.class.verdict, icon: verdictIcons[architecture.class.verdict], command: here },
      { label: "with the blocks stacked deeper", description: deeper(architecture), icon: verdictIcons[architecture.family.verdict], command: here },
      { label: "where tokens repeat", description: repeatedTokens.verdict, tooltip: repeatedTokens.witness?.statement, icon: verdictIcons[repeatedTokens.verdict], command: here },
    ],
  }; // prettier-ignore
  return {
    label: architecture.name,
    description: verdict,
    tooltip: statement,
    icon: verdictIcons[verdict],
    command: here,
    open: true,
    children: [
      verdictNode,
      ...(findings.length === 0
        ? []
        : [
            {
              label: "Findings",
              description: String(findings.length),
              open: true,
              children: findings.map((one) => findingNode(checked, one)),
            },
          ]),
      {
        label: "Conditions",
        description: summaryOf(conditions),
        children: conditions.map((condition) => conditionNode(checked, condition, findings, range)),
      },
      ...(witness === null
        ? []
        : [
            {
              label: "Witness",
              description: witness.statement,
              icon: icon("eye"),
              command: open("distinguishability", uri, index),
              children: [
                { label: "What needs them apart", description: witness.target },
                ...(errorFloor === null ? [] : [{ label: "Error floor", description: errorFloor }]),
              ],
            },
          ]),
      ...(isRepairable(report, architecture)
        ? [
            {
              label: "Repairs",
              description: "the smallest changes that certify it",
              icon: icon("wrench"),
              command: open("repair", uri, index),
            },
          ]
        : []),
      {
        label: "Symmetry",
        description: symmetry === null ? "not decided" : symmetry.name,
        icon: icon("symbol-misc"),
        command: open("symmetry", uri, index),
      },
    ],
  };
}

function deeper({ family }: ArchitectureReport): string {
  const needed = family.attentionLayersNeeded;
  return needed === null ? family.verdict : `${family.verdict}, ${needed} layers needed`;
}

function summaryOf(conditions: readonly Condition[]): string {
  const count = (status: Condition["status"]) => conditions.filter((condition) => condition.status === status).length;
  return [
    `${count("holds")} hold`,
    ...(count("fails") > 0 ? [`${count("fails")} fail`] : []),
    ...(count("not-covered") > 0 ? [`${count("not-covered")} not covered`] : []),
  ].join(", ");
}

/** A condition with its evidence, which leads to the finding that is about it, or else to the architecture. */
function conditionNode(
  checked: Checked,
  { id, status, reason, source }: Condition,
  findings: readonly Finding[],
  range: Range,
): Node {
  const finding = findings.find(({ code }) => conditionOf(code) === id);
  const command = goTo(checked, finding?.range ?? range);
  return {
    label: id,
    description: status === "not-covered" ? "not covered" : status,
    icon: conditionIcons[status],
    command,
    children: [
      { label: reason, icon: icon("note"), command },
      { label: source, icon: icon("book"), tooltip: `Where the theory asks for it: ${source}` },
    ],
  };
}

const findingNode = (checked: Checked, { code, message, severity, range }: Finding): Node => ({
  label: code,
  description: message,
  icon: severityIcons[severity],
  command: goTo(checked, range),
});
