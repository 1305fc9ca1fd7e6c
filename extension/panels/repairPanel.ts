/** The host of the repair panel of one model file. */
import * as vscode from "vscode";
import type { NothingYet, RepairRow, ShownRepair, Subject, ToModelPanel, ToRepairHost, ToRepairPage } from "../../webview/protocol"; // prettier-ignore
import type { Checked } from "../editor/reports";
import { openSubject } from "../editor/subjects";
import { applied } from "../models/ranges";
import type { Repairs } from "../repairs";
import type { AttentionCost } from "../theory/design/cost";
import type { Repair, RepairOutcome } from "../theory/design/repair";
import type { TextEdit, TheoryReport } from "../theory/verdict/report";
import { columnOf, ModelPanel, type PanelServices } from "./modelPanel";
import { openAsModelFile } from "./openModel";
import { changeWords, noneWords } from "./repairWords";
import { Task } from "./task";

export const repairViewType = "uapLens.repair";

export class RepairPanel extends ModelPanel<ToRepairPage, ToRepairHost> {
  private readonly task = new Task(() => this.update());
  private found: { repairs: Repairs; checked: Checked; architecture: number } | undefined;
  /** As its row; the first is the file as it is written. */
  private selected = 1;

  constructor(panel: vscode.WebviewPanel, services: PanelServices, uri: vscode.Uri, architecture: number) {
    super(panel, "repair", "Repair", services, uri, architecture);
  }

  override dispose(): void {
    this.task.end();
    super.dispose();
  }

  protected override wrap(snapshot: NothingYet): ToRepairPage {
    return { kind: "snapshot", snapshot };
  }

  protected override snapshot(subject: Subject): ToRepairPage {
    const outcome = this.found?.repairs.outcome;
    return {
      kind: "snapshot",
      snapshot: {
        kind: "repair",
        subject,
        progress: this.task.progress,
        rows: outcome === undefined ? null : [
          asWritten(outcome.before),
          ...outcome.repairs.map(({ title, edits, report, cost, ofFull }) => rowOf(title, edits, report, cost, ofFull)),
        ],
        none: outcome === undefined || outcome.repairs.length > 0 ? null : (outcome.none ?? noneWords(outcome.before.report)),
        selected: this.selected,
        shown: this.shown(),
      },
    }; // prettier-ignore
  }

  protected override studied(): void {
    void this.search();
  }

  protected override cancel(): void {
    this.task.cancel();
  }

  protected override listening(): void {
    // All of it is in the snapshot.
  }

  protected override async receive(message: Exclude<ToRepairHost, ToModelPanel>): Promise<void> {
    switch (message.kind) {
      case "search":
        return this.search();
      case "select":
        this.selected = message.repair;
        return this.update();
      case "apply": {
        const { repair, edits } = this.repair ?? {};
        return edits ? this.act({ title: repair!.title, edits }) : undefined;
      }
      case "show-difference":
        return this.showDifference();
      case "open-model":
        return this.repair && openAsModelFile(this.services.studies, this.repair.repair.architecture, columnOf(this.uri, this.panel)); // prettier-ignore
    }
  }

  /** The repair on view and the edits that make it. */
  private get repair(): { repair: Repair; edits: TextEdit[] | null } | undefined {
    const repair = this.selected > 0 ? this.found?.repairs.outcome.repairs.at(this.selected - 1) : undefined;
    return repair && { repair, edits: this.found!.repairs.edits[this.selected - 1] };
  }

  private shown(): ShownRepair | null {
    if (this.repair === undefined) return null;
    const { repair, edits } = this.repair;
    return {
      title: repair.title,
      statement: repair.report.statement,
      changes: repair.changes.map(changeWords),
      warning: repair.warning,
      unwritable: edits === null ? unwritable : null,
    };
  }

  /** Searches for repairs of the text that was checked last, unless they are known. */
  private async search(): Promise<void> {
    const { checked, architecture } = this;
    if (checked === undefined || (this.found?.checked === checked && this.found.architecture === architecture)) return;
    await this.task.run("Searching for the smallest changes that certify it", async (signal) => {
      const repairs = await this.services.studies.repairs(checked, architecture, signal);
      if (repairs === undefined || signal.aborted) return;
      this.found = { repairs, checked, architecture };
      this.selected = Math.min(Math.max(1, this.selected), Math.max(1, repairs.outcome.repairs.length));
    });
  }

  private async showDifference(): Promise<void> {
    if (!this.repair?.edits) return;
    const { repair, edits } = this.repair;
    const subject = await openSubject(this.uri);
    if (subject.version !== this.found!.checked.version) return this.update();
    const text = subject.text();
    const column = columnOf(this.uri, this.panel);
    await this.services.repaired.compare(this.uri, repair.title, text, applied(text, edits), column);
  }
}

const unwritable =
  "This file cannot be changed so: what the change is about is not written in it as one value. The repaired architecture can be opened as a model file.";

const asWritten = ({ report, cost }: RepairOutcome["before"]): RepairRow =>
  rowOf("As written", null, report, cost, cost === null ? null : cost.scores / cost.fullScores);

const rowOf = (
  title: string,
  edits: number | null,
  report: TheoryReport,
  cost: AttentionCost | null,
  ofFull: number | null,
): RepairRow => ({
  title,
  edits,
  verdict: report.verdict,
  layers: report.attentionLayers,
  pairsPerLayer: cost?.pairsPerLayer ?? null,
  ofFull,
  symmetry: report.symmetry?.name ?? null,
});
