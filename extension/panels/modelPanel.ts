/** What the panels have in common of which each model file has its own: they follow the file, say when they are stale, and survive a reload of the window. */
import * as vscode from "vscode";
import {
  isPageState,
  type NothingYet,
  type Subject,
  type ToModelPanel,
  type VariantChoice,
} from "../../webview/protocol";
import { commandIds } from "../editor/commandIds";
import { nameInReport, type Checked, type Reports } from "../editor/reports";
import type { Runtime } from "../editor/runtime";
import { openSubject, placementIn, reveal } from "../editor/subjects";
import type { Action, Study, Variant } from "../study";
import type { Range } from "../theory/verdict/report";
import { PanelPage, type PageName } from "./page";
import type { RepairedTexts } from "./repairedTexts";
import type { Studies } from "./studies";
import type { TrainingRuns } from "./trainingRuns";

/** What panels are made with. */
export interface PanelServices {
  extensionUri: vscode.Uri;
  reports: Reports;
  studies: Studies;
  runtime: Runtime;
  runs: TrainingRuns;
  repaired: RepairedTexts;
}

/** The column of a file that is on view, so that what is opened does not cover the panel beside it. */
export function columnOf(uri: vscode.Uri | undefined, panel: vscode.WebviewPanel): vscode.ViewColumn {
  const isOf = (other: vscode.Uri) => other.toString() === uri?.toString();
  const visible =
    vscode.window.visibleTextEditors.find(({ document }) => isOf(document.uri)) ??
    vscode.window.visibleNotebookEditors.find(({ notebook }) => isOf(notebook.uri));
  if (visible?.viewColumn !== undefined) return visible.viewColumn;
  return panel.viewColumn === vscode.ViewColumn.One ? vscode.ViewColumn.Two : vscode.ViewColumn.One;
}

/** `FromPage` has the messages of every such panel among its own. */
export abstract class ModelPanel<ToPage, FromPage extends { kind: string }> implements vscode.Disposable {
  /** Of the text that `checked` is about; undefined as long as there is none. */
  protected study: Study | undefined;
  /** The last report of the file that had one: what is on view belongs to it while a new check goes on, and after the file is closed. */
  protected checked: Checked | undefined;
  /** Why there is no study though there is a report. */
  private broken: string | undefined;
  private readonly page: PanelPage<ToPage, FromPage>;
  protected readonly subscriptions: vscode.Disposable[] = [];

  constructor(
    protected readonly panel: vscode.WebviewPanel,
    page: PageName,
    title: string,
    protected readonly services: PanelServices,
    readonly uri: vscode.Uri,
    protected architecture: number,
  ) {
    const { extensionUri, reports } = services;
    panel.title = `${title}: ${uri.path.split("/").at(-1) ?? ""}`;
    this.page = new PanelPage(panel, extensionUri, page, {
      listening: () => {
        this.send(this.current());
        this.listening();
      },
      receive: (message) => this.receiveAny(message),
      post: () => this.send(this.current()),
    });
    this.subscriptions.push(
      this.page,
      reports.onDidChange((changed) => {
        if (changed.toString() === uri.toString()) void this.follow();
      }),
    );
    void this.follow();
  }

  reveal(): void {
    this.panel.reveal(undefined, true);
  }

  select(architecture: number): void {
    if (architecture === this.architecture) return;
    this.architecture = architecture;
    this.study = undefined;
    void this.follow();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** What the page shows once there is a study. */
  protected abstract snapshot(subject: Subject, study: Study): ToPage;
  protected abstract wrap(nothing: NothingYet): ToPage;
  /** There is a new study. */
  protected abstract studied(study: Study): void;
  protected abstract receive(message: Exclude<FromPage, ToModelPanel>): void | Promise<void>;
  /** The person has pressed cancel. */
  protected abstract cancel(): void;
  /** The page listens anew: what is sent beside the snapshot is to be sent again. */
  protected abstract listening(): void;

  protected send(message: ToPage): void {
    this.page.send(message);
  }

  /** Sends a snapshot soon; several changes at once make one. */
  protected update(): void {
    this.page.update();
  }

  protected get variants(): VariantChoice[] {
    return (this.study?.variants ?? []).map(({ id, title, standsFor, small, architecture }) => ({
      id,
      title,
      standsFor,
      small,
      tokens: architecture.tokens,
      width: architecture.width,
      layers: architecture.layers.reduce((sum, { repeat }) => sum + repeat, 0),
    }));
  }

  /** The kind of analogue that the panel takes where the architecture itself is too large to be computed while one looks on. */
  protected readonly analogue: "/analogue" | "/smallest" = "/analogue";

  /** The variant of that name, or else the one that a person most likely wants. */
  protected variant(id: string): Variant | undefined {
    const variants = this.study?.variants;
    const small = (variant: Variant) => variant.id.startsWith("written") && variant.small;
    return (
      variants?.find((variant) => variant.id === id) ??
      variants?.find((variant) => small(variant) && variant.id.endsWith(this.analogue)) ??
      variants?.find(small) ??
      variants?.[0]
    );
  }

  protected async goTo(range: Range): Promise<void> {
    const placement = this.checked?.placement ?? placementIn(this.uri);
    await reveal(placement.locate(range), columnOf(this.uri, this.panel));
  }

  /** Makes a change of the text that the study is about, unless the text has moved on. */
  protected async act({ edits }: Action): Promise<void> {
    const { version } = await openSubject(this.uri);
    if (version !== this.checked?.version) return this.update();
    const edit = this.checked.placement.edit(edits);
    if (edit !== undefined) await vscode.workspace.applyEdit(edit);
  }

  private current(): ToPage {
    const { reports } = this.services;
    const checking = reports.isChecking(this.uri);
    const outcome = this.checked?.outcome;
    const names = outcome?.kind === "report" ? outcome.report.architectures.map(({ name }) => name) : [];
    const subject: Subject = {
      uri: this.uri.toString(),
      file: nameInReport(this.uri),
      freshness: checking ? "checking" : reports.get(this.uri) === undefined ? "closed" : "current",
      architectures: names,
      architecture: Math.min(this.architecture, Math.max(0, names.length - 1)),
    };
    if (this.study !== undefined) return this.snapshot(subject, this.study);
    if (checking || (outcome?.kind === "report" && names.length > 0 && this.broken === undefined))
      return this.wrap({ kind: "reading", subject });
    const message =
      this.broken ??
      (outcome === undefined
        ? "The file is not open. Open it, and this panel goes on."
        : outcome.kind === "failed"
          ? `The file could not be checked: ${outcome.message}.`
          : outcome.kind === "none"
            ? "There is no model in this code any more."
            : "No architecture could be read from this file. The Problems panel says what is in the way.");
    return this.wrap({ kind: "unread", subject, message });
  }

  /** Takes over the newest report, and has it studied. */
  private async follow(): Promise<void> {
    const checked = this.services.reports.get(this.uri);
    const known = this.checked;
    if (checked !== undefined && !this.services.reports.isChecking(this.uri)) this.checked = checked;
    this.update();
    if (this.checked === undefined || (this.checked === known && this.study !== undefined)) return;
    const wanted = this.checked;
    this.broken = undefined;
    if (wanted.outcome.kind !== "report" || wanted.outcome.report.architectures.length === 0) {
      this.study = undefined;
      return this.update();
    }
    try {
      const architecture = Math.min(this.architecture, wanted.outcome.report.architectures.length - 1);
      const study = await this.services.studies.study(wanted, architecture);
      if (study === undefined || this.checked !== wanted) return;
      this.study = study;
      this.studied(study);
    } catch (error) {
      this.study = undefined;
      this.broken = `The check broke down: ${(error as Error).message}. That is a defect of UAP Lens, not of the file.`;
    }
    this.update();
  }

  private async receiveAny(message: Exclude<FromPage, { kind: "ready" }>): Promise<void> {
    const common = message as unknown as Exclude<ToModelPanel, { kind: "ready" }>;
    switch (common.kind) {
      case "select-architecture":
        return this.select(common.architecture);
      case "cancel":
        return this.cancel();
      case "open-settings":
        await vscode.commands.executeCommand("workbench.action.openSettings", "uapLens");
        return;
      case "open-report":
        await vscode.commands.executeCommand(commandIds.explain, this.uri, this.architecture);
        return;
      default:
        return this.receive(message as unknown as Exclude<FromPage, ToModelPanel>);
    }
  }
}

/** A panel as the list of all of its kind sees it. */
interface OnePanel extends vscode.Disposable {
  reveal(): void;
  select(architecture: number): void;
}

/** All panels of one kind: one for each model file. */
export class ModelPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly panels = new Map<string, OnePanel>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly viewType: string,
    private readonly Panel: new (
      panel: vscode.WebviewPanel,
      services: PanelServices,
      uri: vscode.Uri,
      architecture: number,
    ) => OnePanel,
    private readonly services: PanelServices,
  ) {
    this.subscriptions = [vscode.window.registerWebviewPanelSerializer(viewType, this)];
  }

  /** Opens the panel of a file, or reveals it, at an architecture. */
  open(uri: vscode.Uri, architecture: number): void {
    const known = this.panels.get(uri.toString());
    if (known !== undefined) {
      known.reveal();
      known.select(architecture);
      return;
    }
    const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    this.adopt(vscode.window.createWebviewPanel(this.viewType, "UAP Lens", column), uri, architecture);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (!isPageState(state) || this.panels.has(state.uri)) {
      panel.dispose();
      return;
    }
    const uri = vscode.Uri.parse(state.uri, true);
    this.adopt(panel, uri, state.architecture);
    try {
      await openSubject(uri);
    } catch {
      // The panel says that the file is not open.
    }
  }

  dispose(): void {
    for (const panel of this.panels.values()) panel.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private adopt(panel: vscode.WebviewPanel, uri: vscode.Uri, architecture: number): void {
    const made = new this.Panel(panel, this.services, uri, architecture);
    this.panels.set(uri.toString(), made);
    panel.onDidDispose(() => {
      made.dispose();
      this.panels.delete(uri.toString());
    });
  }
}
