/** The host of the distinguishability panel of one model file. */
import * as vscode from "vscode";
import type {
  DistinguishSnapshot,
  DistinguishView,
  GapMeasurement,
  NothingYet,
  Subject,
  ToDistinguishHost,
  ToDistinguishPage,
  ToModelPanel,
} from "../../webview/protocol";
import { backendTitles } from "../editor/runtime";
import type { Distinguished, PairChoice } from "../runtime/measuring/distinguish";
import type { Study, Variant } from "../study";
import type { Architecture } from "../theory/architecture/schema";
import type { Pictures } from "../theory/patterns/pictures";
import { MeasuringPanel } from "./measuringPanel";
import type { PanelServices } from "./modelPanel";
import { pairOf } from "./pairs";

export const distinguishabilityViewType = "uapLens.distinguishability";

export class DistinguishabilityPanel extends MeasuringPanel<ToDistinguishPage, ToDistinguishHost> {
  private view: DistinguishView = { variant: "", parameters: "initialisation", pair: "witness", custom: "", seed: 1 };
  private problem: string | undefined;
  private measured: { about: GapMeasurement; variant: Variant; gaps: Distinguished } | undefined;
  private pictures: { of: Architecture; pictures: Pictures | null } | undefined;
  /** Counts measurements. */
  private measurements = 0;

  constructor(panel: vscode.WebviewPanel, services: PanelServices, uri: vscode.Uri, architecture: number) {
    super(panel, "distinguishability", "Distinguishability", services, uri, architecture);
    this.subscriptions.push(
      services.runs.onDidChange(({ uri: changed }) => changed === uri.toString() && this.update()),
    );
    void services.runs.load(uri);
  }

  protected override wrap(snapshot: NothingYet): ToDistinguishPage {
    return { kind: "snapshot", snapshot };
  }

  protected override snapshot(subject: Subject, { noAnalogue }: Study): ToDistinguishPage {
    const variant = this.variant(this.view.variant)!;
    const snapshot: DistinguishSnapshot = {
      kind: "distinguishability",
      subject,
      variants: this.variants,
      noAnalogue,
      view: { ...this.view, variant: variant.id },
      problem: this.problem ?? null,
      parameters: this.parametersOf(variant.architecture),
      progress: this.task.progress,
      measured: this.measured === undefined ? null : { ...this.measured.about, outdated: this.isOutdated },
    };
    return { kind: "snapshot", snapshot };
  }

  protected override studied(): void {
    const now = this.variant(this.view.variant);
    const same = this.measured !== undefined && !this.isOutdated && this.measured.variant.id === now?.id;
    // What takes long is measured again when the person asks for it.
    if (!same && this.view.parameters === "initialisation") void this.measure();
  }

  protected override listening(): void {
    this.sendPictures();
  }

  protected override async receive(message: Exclude<ToDistinguishHost, ToModelPanel>): Promise<void> {
    switch (message.kind) {
      case "view":
        Object.assign(this.view, message.view);
        return this.measure();
      case "measure":
        return this.measure();
      case "layer": {
        const { measured } = this;
        if (measured?.about.id !== message.measurement) return;
        const { gaps, theory } = measured.gaps;
        const { layer } = message;
        this.send({ kind: "gaps", measurement: measured.about.id, layer, gaps: gaps[layer], theory: theory?.[layer] ?? null }); // prettier-ignore
        return;
      }
      case "go-to-cause": {
        const { study, measured } = this;
        if (study === undefined || measured === undefined) return;
        const { position, patterns } = study.places;
        // Small analogues have fewer layers than the file.
        const layer = Math.min(Math.max(message.layer, 1), patterns.length) - 1;
        return this.goTo(measured.gaps.comparison.kind === "replacement" ? patterns[layer] : position);
      }
    }
  }

  private get isOutdated(): boolean {
    const { measured, study } = this;
    if (measured === undefined || study === undefined) return false;
    const now = study.variants.find(({ id }) => id === measured.variant.id);
    return JSON.stringify(now?.architecture) !== JSON.stringify(measured.variant.architecture);
  }

  private sendPictures(): void {
    if (this.pictures !== undefined) this.send({ kind: "pictures", pictures: this.pictures.pictures });
  }

  /** Measures the variant on view, in place of what is being measured. */
  private async measure(): Promise<void> {
    const variant = this.variant(this.view.variant);
    if (variant === undefined) return;
    const { architecture } = variant;
    const { seed, parameters: choice } = this.view;
    const pair = pairOf(this.view, architecture.tokens);
    this.problem = typeof pair === "string" ? pair : undefined;
    if (typeof pair === "string") return this.update();
    await this.task.run("Deciding what the variant can tell apart", async (signal, say) => {
      await this.draw(architecture, signal);
      say("Starting the runtime");
      const client = await this.services.runtime.client();
      const parameters = await this.parameters(client, architecture, seed, choice, signal, say);
      say(said(pair));
      const gaps = await client.request("distinguish", { architecture, seed, parameters, pair }, { signal });
      if ("unavailable" in gaps) throw new Error(gaps.unavailable);
      const { backend } = await client.describe();
      if (signal.aborted) return;
      const { comparison, theory, tolerance, collapsed, collapses, closest } = gaps;
      const about: GapMeasurement = {
        id: ++this.measurements,
        tokens: architecture.tokens,
        layers: gaps.gaps.length - 1,
        comparison,
        theory: theory !== null,
        tolerance,
        collapsed,
        collapses,
        closest,
        backend: backendTitles[backend.name],
        outdated: false,
      };
      this.measured = { about, variant, gaps };
    });
  }

  private async draw(architecture: Architecture, signal: AbortSignal): Promise<void> {
    if (JSON.stringify(this.pictures?.of) === JSON.stringify(architecture)) return;
    const portrait = await this.services.studies.portrait(architecture, signal);
    if (portrait === undefined || signal.aborted) return;
    this.pictures = { of: architecture, pictures: portrait.pictures };
    this.sendPictures();
  }
}

function said(pair: PairChoice): string {
  switch (pair.kind) {
    case "worst":
      return `Searching for the worst ${pair.of} and measuring its gaps`;
    case "witness":
      return "Measuring the gaps of the theory's witness";
    default:
      return "Measuring the gaps";
  }
}
