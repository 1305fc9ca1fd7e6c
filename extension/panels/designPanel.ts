/** The host of the designer: one panel, which survives a reload of the window with what was typed into it. */
import path from "node:path";
import * as vscode from "vscode";
import type {
  DesignInputs,
  DesignPageState,
  DesignProblems,
  DesignSnapshot,
  GivenSymmetry,
  ShownDesign,
  SymmetryKind,
  ToDesignHost,
  ToDesignPage,
} from "../../webview/protocol";
import { nameInReport } from "../editor/reports";
import { openSubject } from "../editor/subjects";
import { formatLabels } from "../editor/exports";
import { openUntitled } from "../editor/untitled";
import type { Exported, ExportFormat } from "../exports";
import { isTargetFile, targetNames, type TargetSource } from "../runtime/training/targets";
import type { DesignOutcome } from "../theory/design/design";
import type { SymmetryRequest } from "../theory/design/groups";
import type { PairClasses } from "../theory/design/pairClasses";
import { columnOf, type PanelServices } from "./modelPanel";
import { openAsModelFile } from "./openModel";
import { PanelPage } from "./page";
import { positionWords } from "./designWords";
import { type Requested, requestedOf } from "./symmetryInputs";
import { Task } from "./task";

const viewType = "uapLens.design";
const title = "UAP Lens Designer";

const formats = Object.entries(formatLabels).map(([value, label]) => ({ value, label }));

const cycles = (permutation: readonly (readonly number[])[]): string =>
  permutation.map((cycle) => `(${cycle.join(" ")})`).join("");

/** Characters of a text that the page shows; the document has all of it. */
const mostShown = 20_000;

const inputsAtFirst = (): DesignInputs => ({
  by: "name",
  given: {
    name: { text: "D_6", tokens: "" },
    generators: { text: "", tokens: "" },
    graph: { text: "", tokens: "" },
    points: { text: "", tokens: "" },
    target: { text: "copy-first", tokens: "6" },
  },
  directed: false,
  width: "16",
});

export type DesignServices = Pick<PanelServices, "extensionUri" | "reports" | "studies" | "runtime">;

export class DesignPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private panel: DesignPanel | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly services: DesignServices) {
    this.subscriptions = [vscode.window.registerWebviewPanelSerializer(viewType, this)];
  }

  /**
   * Opens the designer with the symmetry of an architecture of a file, or of nothing in particular.
   * @param anew whether a designer that is open already is to take that symmetry as well
   */
  async open(uri: vscode.Uri | undefined, architecture: number, anew: boolean): Promise<void> {
    const known = this.panel;
    if (known === undefined) {
      const options = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      this.adopt(vscode.window.createWebviewPanel(viewType, title, options), undefined);
    } else known.reveal();
    if (known === undefined || anew) await this.panel?.begin(uri, architecture);
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.panel?.dispose();
    this.adopt(panel, isDesignState(state) ? state : undefined);
    this.panel?.restart();
    return Promise.resolve();
  }

  dispose(): void {
    this.panel?.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private adopt(webviewPanel: vscode.WebviewPanel, state: DesignPageState | undefined): void {
    const panel = new DesignPanel(webviewPanel, this.services, state);
    webviewPanel.onDidDispose(() => {
      panel.dispose();
      if (this.panel === panel) this.panel = undefined;
    });
    this.panel = panel;
  }
}

function isDesignState(value: unknown): value is DesignPageState {
  const { inputs, selected, format } = (value ?? {}) as Partial<DesignPageState>;
  const isGiven = (given: GivenSymmetry | undefined) =>
    typeof given?.text === "string" && typeof given.tokens === "string";
  return (
    typeof selected === "number" &&
    formats.some(({ value }) => value === format) &&
    typeof inputs?.width === "string" &&
    typeof inputs.directed === "boolean" &&
    inputs.by in inputsAtFirst().given &&
    Object.keys(inputsAtFirst().given).every((by) => isGiven(inputs.given[by as SymmetryKind]))
  );
}

class DesignPanel implements vscode.Disposable {
  private inputs = inputsAtFirst();
  private origin: string | null = null;
  private problems: DesignProblems = {};
  /** What the outcome answers, or what is being searched for. */
  private asked: string | undefined;
  private refused: string | null = null;
  private outcome: DesignOutcome | undefined;
  private selected = 0;
  private format: ExportFormat = "yaml";
  /** Of the selected design. */
  private classes: PairClasses[] | null = null;
  private text: { exported: Exported } | { problem: string } | undefined;
  private notice: string | null = null;
  private readonly task = new Task(() => this.update());
  private showing: AbortController | undefined;
  private readonly page: PanelPage<ToDesignPage, ToDesignHost>;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly panel: vscode.WebviewPanel,
    private readonly services: DesignServices,
    state: DesignPageState | undefined,
  ) {
    if (state !== undefined) {
      this.inputs = state.inputs;
      this.selected = state.selected;
      this.format = state.format as ExportFormat;
    }
    this.page = new PanelPage(panel, services.extensionUri, "design", {
      listening: () => {
        this.page.send(this.snapshot());
        this.page.send({ kind: "classes", classes: this.classes });
      },
      receive: (message) => this.receive(message),
      post: () => this.page.send(this.snapshot()),
    });
    this.subscriptions = [this.page, vscode.workspace.onDidGrantWorkspaceTrust(() => this.update())];
  }

  reveal(): void {
    this.panel.reveal(undefined, true);
  }

  dispose(): void {
    this.task.end();
    this.showing?.abort();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** Takes the symmetry of an architecture of a file, where there is one, and designs for it. */
  async begin(uri: vscode.Uri | undefined, architecture: number): Promise<void> {
    if (uri !== undefined) {
      await this.task.run("Reading the symmetry of the model file", async (signal) => {
        const { reports, studies } = this.services;
        const checked = await reports.current(await openSubject(uri));
        const study = checked && (await studies.study(checked, architecture));
        if (signal.aborted) return;
        const request = study?.symmetry.request;
        if (request === undefined || request === null) return;
        this.origin = nameInReport(uri);
        this.take(request);
        this.inputs.width = String(study!.variants[0].architecture.width);
      });
    }
    this.design();
  }

  /** Designs again for what was typed before the window was reloaded. */
  restart(): void {
    this.design(this.selected);
  }

  private take(request: SymmetryRequest): void {
    const { given } = this.inputs;
    this.inputs.by = request.kind;
    if (request.kind === "name") given.name = { text: request.name, tokens: String(request.tokens ?? "") };
    if (request.kind === "generators") given.generators = { text: request.cycles, tokens: String(request.tokens ?? "") }; // prettier-ignore
  }

  private async receive(message: Exclude<ToDesignHost, { kind: "ready" }>): Promise<void> {
    switch (message.kind) {
      case "cancel":
        this.asked = undefined;
        return this.task.cancel();
      case "open-settings":
        await vscode.commands.executeCommand("workbench.action.openSettings", "uapLens");
        return;
      case "inputs": {
        const { text, tokens, ...others } = message.change;
        Object.assign(this.inputs, others);
        const given = this.inputs.given[this.inputs.by];
        if (text !== undefined) given.text = text;
        if (tokens !== undefined) given.tokens = tokens;
        this.origin = null;
        return this.design();
      }
      case "design":
        return this.design();
      case "choose-target":
        return this.chooseTarget();
      case "select":
        this.selected = message.design;
        return this.show();
      case "format":
        this.format = message.format as ExportFormat;
        return this.show();
      case "open-model": {
        const design = this.outcome?.designs[this.selected];
        return design && openAsModelFile(this.services.studies, design.architecture, columnOf(undefined, this.panel));
      }
      case "export":
        return this.withText(({ fileName, text }) => openUntitled(fileName, text, columnOf(undefined, this.panel)));
      case "copy":
        return this.withText(async ({ fileName, text }) => {
          await vscode.env.clipboard.writeText(text);
          vscode.window.setStatusBarMessage(`UAP Lens: ${fileName} is copied`, 10_000);
        });
    }
  }

  private async withText(use: (exported: Exported) => Promise<void>): Promise<void> {
    if (this.text !== undefined && "exported" in this.text) await use(this.text.exported);
  }

  // ---------------------------------------------------------------------------------------------------------- designs

  /**
   * Searches for what is asked for, unless that is what is being searched for or on view.
   * @param selected the design that is on view afterwards
   */
  private design(selected = 0): void {
    const wanted = requestedOf(this.inputs);
    this.problems = "problems" in wanted ? wanted.problems : {};
    const key = JSON.stringify(wanted);
    if (key === this.asked && this.task.progress.kind !== "failed") return this.update();
    this.asked = key;
    this.refused = null;
    this.outcome = undefined;
    this.text = undefined;
    this.setClasses(null);
    if ("problems" in wanted) {
      this.task.end();
      this.task.progress = { kind: "idle" };
      return this.update();
    }
    void this.task.run("Finding the group", async (signal, say) => {
      const found = "request" in wanted ? { request: wanted.request, note: null } : await this.symmetryOf(wanted, signal, say); // prettier-ignore
      if (signal.aborted) return;
      if (found.request === null) {
        this.refused = found.note;
        return;
      }
      say("Searching for architectures that have exactly this symmetry and are certified for it");
      const designed = await this.services.studies.designs(found.request, wanted.width, signal);
      if (designed === undefined || signal.aborted) return;
      if ("problem" in designed) {
        this.refused = designed.problem;
        return;
      }
      const { outcome } = designed;
      this.outcome = found.note === null ? outcome : { ...outcome, notes: [found.note, ...outcome.notes] };
      this.selected = Math.min(selected, Math.max(0, designed.outcome.designs.length - 1));
      void this.show();
    });
  }

  /**
   * The symmetry of a target, and how it is known; or why it is not. Measured by evaluating the target, which happens in the runtime process.
   * @throws Error where there is no such target
   */
  private async symmetryOf(
    { target, tokens, width }: Extract<Requested, { target: string }>,
    signal: AbortSignal,
    say: (what: string) => void,
  ): Promise<{ request: SymmetryRequest; note: string } | { request: null; note: string }> {
    say("Starting the runtime");
    const client = await this.services.runtime.client();
    say("Finding the permutations that the target commutes with");
    const { group, how } = await client.request(
      "targetSymmetry",
      { target: await this.sourceOf(target), shape: { tokens, width }, trusted: vscode.workspace.isTrusted },
      { signal },
    );
    if (group === null) return { request: null, note: how };
    const { name, generators } = group;
    const note = `The symmetry of ${target} on ${tokens} tokens is ${name}. ${how}`;
    if (generators.length === 0) return { request: { kind: "name", name: "trivial", tokens }, note };
    return { request: { kind: "generators", cycles: generators.map(cycles).join(", "), tokens }, note };
  }

  /** A target by its name, or with the text of its module. */
  private async sourceOf(target: string): Promise<string | TargetSource> {
    if (!isTargetFile(target)) return target;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file("/");
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, target));
    return { file: target, text: new TextDecoder().decode(bytes) };
  }

  /** Draws and writes the selected design. */
  private async show(): Promise<void> {
    this.showing?.abort();
    const { signal } = (this.showing = new AbortController());
    const { studies } = this.services;
    const architecture = this.outcome?.designs[this.selected]?.architecture;
    if (architecture === undefined) return this.update();
    this.text = undefined;
    this.update();
    const ask = async <T>(work: Promise<T | undefined>, take: (answer: T) => void): Promise<void> => {
      const answer = await work;
      if (answer === undefined || signal.aborted) return;
      take(answer);
      this.update();
    };
    try {
      await Promise.all([
        ask(studies.pairs(architecture, signal), (classes) => this.setClasses(classes)),
        ask(studies.written(architecture, this.format, signal), (text) => (this.text = text)),
      ]);
    } catch (error) {
      this.text = { problem: error instanceof Error ? error.message : String(error) };
      this.update();
    }
  }

  private setClasses(classes: PairClasses[] | null): void {
    if (classes === null && this.classes === null) return;
    this.classes = classes;
    this.page.send({ kind: "classes", classes });
  }

  // --------------------------------------------------------------------------------------------------------- snapshots

  private update(): void {
    this.page.update();
  }

  private snapshot(): ToDesignPage {
    const { origin, inputs, problems, refused, outcome, selected, format, notice } = this;
    const snapshot: DesignSnapshot = {
      origin,
      inputs,
      problems,
      targets: this.targets,
      trusted: vscode.workspace.isTrusted,
      progress: this.task.progress,
      refused,
      outcome: outcome === undefined ? null : {
        group: outcome.group,
        notes: outcome.notes,
        designs: outcome.designs.map(({ title, architecture, report, cost, parameters }) => ({
          title,
          pairsPerLayer: cost.pairsPerLayer,
          layers: cost.layers,
          parameters,
          registers: architecture.registers,
          verdict: report.verdict,
        })),
      },
      selected,
      formats,
      format,
      shown: this.shown(),
      notice,
    }; // prettier-ignore
    return { kind: "snapshot", snapshot };
  }

  private shown(): ShownDesign | null {
    const design = this.outcome?.designs[this.selected];
    if (design === undefined) return null;
    const { title, reason, architecture } = design;
    const { tokens, registers } = architecture;
    const text = (): ShownDesign["text"] => {
      if (this.text === undefined || "problem" in this.text) return this.text ?? null;
      const { fileName, text: content } = this.text.exported;
      return { fileName, content: content.slice(0, mostShown), cut: content.length > mostShown };
    };
    return { title, reason, tokens, registers, positions: positionWords(architecture), text: text() };
  }

  // ----------------------------------------------------------------------------------------------------------- targets

  private get targets(): { name: string; description: string }[] {
    const { text } = this.inputs.given.target;
    const known = targetNames.map(({ name, description }) => ({ name, description }));
    if (known.some(({ name }) => name === text)) return known;
    const description = isTargetFile(text) ? "A target of your own, from a module." : "A target of the library with a number of its own."; // prettier-ignore
    return [...known, { name: text, description }];
  }

  private async chooseTarget(): Promise<void> {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const [chosen] =
      (await vscode.window.showOpenDialog({
        title: "A module whose default export is the target",
        filters: { "TypeScript and JavaScript": ["ts", "mts", "js", "mjs"] },
        ...(folder && { defaultUri: folder }),
      })) ?? [];
    if (chosen === undefined) return;
    this.inputs.given.target.text = `./${path.posix.relative(folder?.path ?? "/", chosen.path)}`;
    this.design();
  }
}
