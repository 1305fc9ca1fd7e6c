/** The host of the symmetry panel of one model file. */
import * as vscode from "vscode";
import type {
  NothingYet,
  Subject,
  SymmetryMeasurement,
  SymmetrySnapshot,
  SymmetryView,
  ToModelPanel,
  ToSymmetryHost,
  ToSymmetryPage,
} from "../../webview/protocol";
import { commandIds } from "../editor/commandIds";
import { backendTitles } from "../editor/runtime";
import type { SymmetryProgress } from "../runtime/measuring/symmetry";
import type { Study, Variant } from "../study";
import type { TheoryReport } from "../theory/verdict/report";
import { MeasuringPanel } from "./measuringPanel";
import type { PanelServices } from "./modelPanel";

export const symmetryViewType = "uapLens.symmetry";

const phases: Record<SymmetryProgress["phase"], string> = {
  float32: "Measuring equivariance errors in float32",
  float64: "Measuring equivariance errors in float64",
  group: "Trying permutations",
};

export class SymmetryPanel extends MeasuringPanel<ToSymmetryPage, ToSymmetryHost> {
  private view: SymmetryView = { variant: "", parameters: "initialisation", seed: 1 };
  private decided: { variant: Variant; report: TheoryReport } | undefined;
  private measured: { about: SymmetryMeasurement; variant: Variant } | undefined;

  constructor(panel: vscode.WebviewPanel, services: PanelServices, uri: vscode.Uri, architecture: number) {
    super(panel, "symmetry", "Symmetry", services, uri, architecture);
    this.subscriptions.push(
      services.runs.onDidChange(({ uri: changed }) => changed === uri.toString() && this.update()),
    );
    void services.runs.load(uri);
  }

  protected override wrap(snapshot: NothingYet): ToSymmetryPage {
    return { kind: "snapshot", snapshot };
  }

  protected override snapshot(subject: Subject, { noAnalogue, symmetry }: Study): ToSymmetryPage {
    const variant = this.variant(this.view.variant)!;
    const decided = this.decided?.variant.architecture === variant.architecture ? this.decided.report : undefined;
    const measured = this.measured?.variant.id === variant.id ? this.measured : undefined;
    const written = variant.id.startsWith("written");
    const snapshot: SymmetrySnapshot = {
      kind: "symmetry",
      subject,
      variants: this.variants,
      noAnalogue,
      view: { ...this.view, variant: variant.id },
      parameters: this.parametersOf(variant.architecture),
      tokens: variant.architecture.tokens,
      symmetry: decided === undefined ? this.reported(variant) : decided.symmetry,
      declared: written ? symmetry.declared : null,
      actions: {
        break: written ? symmetry.break.map(({ title }) => title) : [],
        keep: written ? symmetry.keep.map(({ title }) => title) : [],
      },
      progress: this.task.progress,
      measured: measured === undefined ? null : { ...measured.about, outdated: JSON.stringify(measured.variant.architecture) !== JSON.stringify(variant.architecture) }, // prettier-ignore
    };
    return { kind: "snapshot", snapshot };
  }

  protected override studied(): void {
    const now = this.variant(this.view.variant);
    if (JSON.stringify(this.measured?.variant) !== JSON.stringify(now) && this.view.parameters === "initialisation")
      void this.measure();
  }

  protected override listening(): void {
    // All of it is in the snapshot.
  }

  protected override async receive(message: Exclude<ToSymmetryHost, ToModelPanel>): Promise<void> {
    switch (message.kind) {
      case "view":
        Object.assign(this.view, message.view);
        return this.measure();
      case "measure":
        return this.measure();
      case "act": {
        const action = this.study?.symmetry[message.action].at(message.index);
        return action && this.act(action);
      }
      case "design":
        await vscode.commands.executeCommand(commandIds.design, this.uri, this.architecture);
        return;
      case "go-to-position":
        return this.study && this.goTo(this.study.places.position);
    }
  }

  /** Of the variant as written the report has it already. */
  private reported(variant: Variant): TheoryReport["symmetry"] {
    const outcome = this.checked?.outcome;
    if (variant.id !== "written" || outcome?.kind !== "report") return null;
    return outcome.report.architectures.at(this.architecture)?.symmetry ?? null;
  }

  private async measure(): Promise<void> {
    const variant = this.variant(this.view.variant);
    if (variant === undefined) return;
    const { architecture } = variant;
    const { seed, parameters: choice } = this.view;
    await this.task.run("Deciding the symmetry of the variant", async (signal, say) => {
      const portrait = await this.services.studies.portrait(architecture, signal);
      if (portrait === undefined || signal.aborted) return;
      this.decided = { variant, report: portrait.report };
      say("Starting the runtime");
      const client = await this.services.runtime.client();
      const parameters = await this.parameters(client, architecture, seed, choice, signal, say);
      const found = await client.request(
        "symmetry",
        { architecture, seed, parameters },
        { signal, onProgress: ({ phase }) => say(phases[phase]) },
      );
      if ("unavailable" in found) throw new Error(found.unavailable);
      const { backend } = await client.describe();
      if (signal.aborted) return;
      const { generators, group, notes, disagreements } = found;
      const defects = disagreements.map((statement) => `A defect of UAP Lens: ${statement}`);
      const about = { generators, group, notes: [...defects, ...notes], backend: backendTitles[backend.name], outdated: false }; // prettier-ignore
      this.measured = { about, variant };
    });
  }
}
