/** The host of the training panel of one model file. */
import path from "node:path";
import * as vscode from "vscode";
import type {
  NothingYet,
  Subject,
  ToModelPanel,
  ToTrainingHost,
  ToTrainingPage,
  TrainingSetup,
  TrainingSnapshot,
  TypedField,
} from "../../webview/protocol";
import { backendTitles } from "../editor/runtime";
import { backendNames } from "../runtime/backends/backend";
import { defaults } from "../runtime/training/options";
import { isTargetFile, targetNames, targetProblem, type TargetSource } from "../runtime/training/targets";
import type { Study, Variant } from "../study";
import { runsAsCsv, scriptOf } from "./exports";
import { ModelPanel, type PanelServices } from "./modelPanel";
import { mostRuns, type TrainingRun } from "./trainingRuns";

export const trainingViewType = "uapLens.training";

const ranges: Record<TypedField, { least: number; most: number; whole: boolean }> = {
  seed: { least: 0, most: 0xffffffff, whole: true },
  steps: { least: 1, most: 1_000_000, whole: true },
  batch: { least: 1, most: 4096, whole: true },
  rate: { least: 1e-9, most: 10, whole: false },
};
/** Milliseconds between two messages with losses to the page. */
const betweenLosses = 50;

export class TrainingPanel extends ModelPanel<ToTrainingPage, ToTrainingHost> {
  protected override readonly analogue = "/smallest";
  private setup: TrainingSetup = {
    variant: "",
    target: "",
    backend: "auto",
    seed: 1,
    // What small models need to get to their floor: some ten seconds.
    steps: 6000,
    batch: defaults.batch,
    rate: 1e-2,
  };
  /** Numbers that could not be read, as they were typed, and what is needed in their place. */
  private readonly unreadable: Partial<Record<TypedField, { text: string; problem: string }>> = {};
  private selected: number | undefined;
  private notice: string | undefined;
  /** Losses and samples that the page has, by run. */
  private readonly sent = new Map<TrainingRun, { losses: number; evaluations: number; sample: number }>();
  private flushing: NodeJS.Timeout | undefined;
  private loaded = false;

  constructor(panel: vscode.WebviewPanel, services: PanelServices, uri: vscode.Uri, architecture: number) {
    super(panel, "training", "Training", services, uri, architecture);
    this.subscriptions.push(
      services.runs.onDidChange(({ uri: changed, run }) => {
        if (changed !== uri.toString()) return;
        if (run === undefined) for (const known of this.sent.keys()) if (!this.runs.includes(known)) this.sent.delete(known); // prettier-ignore
        this.update();
        this.flushing ??= setTimeout(() => {
          this.flushing = undefined;
          this.flush();
        }, betweenLosses);
      }),
      // Closed by a person: what was computed is kept, and nothing goes on unseen. A window that is shut down does not come here.
      panel.onDidDispose(() => this.runs.forEach((run) => run.pause())),
    );
    void services.runs.load(uri).then(() => {
      this.loaded = true;
      this.update();
      this.flush();
    });
  }

  override dispose(): void {
    clearTimeout(this.flushing);
    super.dispose();
  }

  protected override wrap(snapshot: NothingYet): ToTrainingPage {
    return { kind: "snapshot", snapshot };
  }

  protected override snapshot(subject: Subject, { noAnalogue }: Study): ToTrainingPage {
    const { runs, selected, setup } = this;
    const variant = this.variant(setup.variant);
    const snapshot: TrainingSnapshot = {
      kind: "training",
      subject,
      variants: this.variants,
      noAnalogue,
      targets: this.targets,
      backends: [
        { value: "auto", label: "as in the settings" },
        ...backendNames.map((value) => ({ value, label: backendTitles[value] })),
      ],
      setup: { ...setup, variant: variant?.id ?? "" },
      typed: {
        seed: this.typed("seed"),
        steps: this.typed("steps"),
        batch: this.typed("batch"),
        rate: this.typed("rate"),
      },
      problems: this.problems(variant),
      comparison: this.comparison(variant),
      runs: runs.map((run) => run.view(this.isOutdated(run))),
      selected: (runs.find(({ record }) => record.id === selected) ?? runs.at(-1))?.record.id ?? null,
      notice: this.notice ?? this.services.runs.notice,
    };
    return { kind: "snapshot", snapshot };
  }

  protected override studied({ variants }: Study): void {
    const [{ architecture }] = variants;
    // The target that the file names is what a person wants to see first.
    this.setup.target ||= architecture.target.function ?? "copy-first";
  }

  protected override listening(): void {
    this.sent.clear();
    this.flush();
  }

  protected override cancel(): void {
    // Runs have their own buttons.
  }

  protected override async receive(message: Exclude<ToTrainingHost, ToModelPanel>): Promise<void> {
    switch (message.kind) {
      case "setup":
        Object.assign(this.setup, message.setup);
        return this.update();
      case "type":
        this.take(message.field, message.text);
        return this.update();
      case "start":
        return this.start(this.variant(this.setup.variant));
      case "compare": {
        const halves = this.comparison(this.variant(this.setup.variant));
        if (halves === null) return;
        await this.start(this.variant(halves.written));
        return this.start(this.variant(halves.fixed));
      }
      case "choose-target":
        return this.chooseTarget();
      case "select":
        this.selected = message.run;
        this.sent.forEach((known) => (known.sample = -1));
        this.flush();
        return this.update();
      case "export-csv":
        return this.exportText("csv", "CSV", runsAsCsv(this.runs));
      case "export-picture":
        return this.exportBytes(message.format, message.format.toUpperCase(), message.content);
      case "export-script": {
        const run = this.run(message.run);
        return run && this.exportText("mts", "TypeScript", scriptOf(run));
      }
      case "pause":
        return this.run(message.run)?.pause();
      case "resume":
        return void this.run(message.run)?.go(vscode.workspace.isTrusted);
      case "step":
        return void this.run(message.run)?.go(vscode.workspace.isTrusted, 1);
      case "cancel-run":
        return this.run(message.run)?.cancel();
      case "reset":
        return this.run(message.run)?.reset();
      case "remove": {
        const run = this.run(message.run);
        if (run !== undefined) this.services.runs.remove(this.uri, run);
        return;
      }
      case "show":
        return this.run(message.run)?.show(message.shown);
    }
  }

  private get runs(): readonly TrainingRun[] {
    return this.services.runs.of(this.uri);
  }

  private run(id: number): TrainingRun | undefined {
    return this.runs.find(({ record }) => record.id === id);
  }

  private get targets(): { name: string; description: string }[] {
    const own = [this.setup.target, this.study?.variants[0].architecture.target.function ?? ""].filter(isTargetFile);
    const numbered = /-\d+$/.test(this.setup.target) && !isTargetFile(this.setup.target) ? [this.setup.target] : [];
    return [
      ...targetNames.map(({ name, description }) => ({ name, description })),
      ...numbered.map((name) => ({ name, description: "A target of the library with a number of its own." })),
      ...[...new Set(own)].map((name) => ({ name, description: "A target of your own, from a module." })),
    ];
  }

  /** The halves of "as written against with the quick fix", of one kind: both small analogues, or neither. */
  private comparison(variant: Variant | undefined): TrainingSnapshot["comparison"] {
    if (variant === undefined || this.study === undefined) return null;
    const { variants } = this.study;
    const small = /\/(analogue|smallest)$/.exec(variant.id)?.[0] ?? "";
    const chosen = variant.id.startsWith("fix:") ? variant : variants.find(({ id }) => id.startsWith("fix:") && id.endsWith(small)); // prettier-ignore
    const written = variants.find(({ id }) => id === `written${small}`);
    if (chosen === undefined || written === undefined || chosen.small !== written.small) return null;
    return { written: written.id, fixed: chosen.id, title: chosen.title };
  }

  private isOutdated(run: TrainingRun): boolean {
    const now = this.study?.variants.find(({ id }) => id === run.record.setup.variant);
    return JSON.stringify(now?.architecture) !== JSON.stringify(run.record.architecture);
  }

  // ----------------------------------------------------------------------------------------------------------- setup

  private typed(field: TypedField): string {
    return this.unreadable[field]?.text ?? String(this.setup[field]);
  }

  private take(field: TypedField, text: string): void {
    const { least, most, whole } = ranges[field];
    const value = text.trim() === "" ? NaN : Number(text);
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) {
      delete this.unreadable[field];
      this.setup[field] = value;
      return;
    }
    const kind = whole ? "a whole number" : "a number";
    this.unreadable[field] = { text, problem: `${kind} from ${least} to ${most.toLocaleString("en")}` };
  }

  private problems(variant: Variant | undefined): TrainingSnapshot["problems"] {
    const problems: TrainingSnapshot["problems"] = Object.fromEntries(
      Object.entries(this.unreadable).map(([field, { problem }]) => [field, problem]),
    );
    const { target } = this.setup;
    if (isTargetFile(target)) {
      if (!vscode.workspace.isTrusted) problems.target = "a target of your own is code, which runs in trusted workspaces only"; // prettier-ignore
    } else if (variant !== undefined) {
      const problem = targetProblem(target, variant.architecture);
      if (problem !== null) problems.target = problem;
    }
    return problems;
  }

  private async chooseTarget(): Promise<void> {
    const [chosen] =
      (await vscode.window.showOpenDialog({
        title: "A module whose default export is the target",
        filters: { "TypeScript and JavaScript": ["ts", "mts", "js", "mjs"] },
        defaultUri: vscode.Uri.joinPath(this.uri, ".."),
      })) ?? [];
    if (chosen === undefined) return;
    this.setup.target = path.posix.relative(path.posix.dirname(this.uri.path), chosen.path);
    this.update();
  }

  private async start(variant: Variant | undefined): Promise<void> {
    if (variant === undefined || !this.loaded || Object.keys(this.problems(variant)).length > 0) return;
    this.notice = undefined;
    if (this.runs.length >= mostRuns) {
      this.notice = `${mostRuns} runs are kept. Remove one to start another.`;
      return this.update();
    }
    const { target } = this.setup;
    let source: string | TargetSource = target;
    if (isTargetFile(target)) {
      try {
        const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(this.uri, "..", target));
        source = { file: target, text: new TextDecoder().decode(bytes) };
      } catch (error) {
        this.notice = `${target}: the target's module cannot be read (${(error as Error).message}).`;
        return this.update();
      }
    }
    const run = this.services.runs.start(this.uri, variant, { ...this.setup }, source);
    this.selected = run.record.id;
  }

  // ----------------------------------------------------------------------------------------------------- bulk numbers

  /** Sends what the page does not have yet. */
  private flush(): void {
    for (const run of this.runs) {
      const { record, losses } = run;
      const known = this.sent.get(run) ?? { losses: 0, evaluations: -1, sample: -1 };
      this.sent.set(run, known);
      if (losses.length < known.losses) known.losses = 0;
      if (losses.length > known.losses || known.evaluations < 0)
        this.send({ kind: "losses", run: record.id, first: known.losses, losses: losses.slice(known.losses) });
      known.losses = losses.length;
      const last = record.evaluations.at(-1)?.step ?? 0;
      if (known.evaluations !== last) {
        const column = (value: (metrics: (typeof record.evaluations)[number]) => number) => Float64Array.from(record.evaluations, value); // prettier-ignore
        this.send({
          kind: "evaluations",
          run: record.id,
          steps: column(({ step }) => step),
          loss: column(({ loss }) => loss.value),
          low: column(({ loss }) => loss.low),
          high: column(({ loss }) => loss.high),
          margin: column(({ margin }) => margin ?? NaN),
        });
        known.evaluations = last;
      }
      const selected = this.runs.find((one) => one.record.id === this.selected) ?? this.runs.at(-1);
      if (run === selected && record.sample !== null && known.sample !== record.sample.step) {
        const { tokens, width } = record.architecture;
        this.send({ kind: "sample", run: record.id, tokens, width, ...record.sample });
        known.sample = record.sample.step;
      }
    }
  }

  // ---------------------------------------------------------------------------------------------------------- exports

  private exportText(extension: string, kind: string, text: string): Promise<void> {
    return this.exportBytes(extension, kind, new TextEncoder().encode(text));
  }

  private async exportBytes(extension: string, kind: string, bytes: Uint8Array): Promise<void> {
    const name = `${this.uri.path
      .split("/")
      .at(-1)
      ?.replace(/(\.uap)?\.\w+$/, "")}-training.${extension}`;
    const place = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.joinPath(this.uri, "..", name),
      filters: { [kind]: [extension] },
    });
    if (place === undefined) return;
    try {
      await vscode.workspace.fs.writeFile(place, bytes);
      this.notice = undefined;
    } catch (error) {
      this.notice = `${place.fsPath} is not written: ${(error as Error).message}`;
    }
    this.update();
  }
}
