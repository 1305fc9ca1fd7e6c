/** The panels of sweeps, one for each grid file or result: the table and the picture of the rows, and, of a grid, the running of it. */
import { appendFile, mkdir, readdir, readFile, rm, stat, truncate } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import type { SweepPoint, SweepSnapshot, SweepState, ToSweepHost, ToSweepPage } from "../../webview/protocol";
import type { Answers, Question } from "../checkWorker";
import type { Checker } from "../editor/checker";
import { commandIds } from "../editor/commandIds";
import { nameInReport } from "../editor/reports";
import { openUntitled } from "../editor/untitled";
import { isGrid } from "../models/fileNames";
import { RuntimeClient } from "../runtime/process/client";
import type { GridView } from "../sweep/asked";
import { formatOf, mismatch, type Origin, rowFormat, type SweepRow } from "../sweep/row";
import { backendOfRows, runtimeOptions, sweep } from "../sweep/run";
import { columnOf } from "./modelPanel";
import { PanelPage } from "./page";
import { Task } from "./task";

export const sweepViewType = "uapLens.sweep";

/** Most points of a grid that is run in the window, and most bytes of a result that is shown. */
const mostPoints = 10_000;
const mostBytes = 2 ** 24;
/** Grids whose rows are kept in the storage of the workspace. */
const kept = 20;
/** Milliseconds after which new rows are shown, and a changed file is read again. */
const patience = 250;
/** Rows in one message. */
const together = 500;

const titleOf = (uri: vscode.Uri): string => `Sweep: ${uri.path.split("/").at(-1) ?? ""}`;

export interface SweepServices {
  extensionUri: vscode.Uri;
  checker: Checker;
  /** The script that a runtime process runs. */
  entry: string;
  /** Of UAP Lens. */
  version: string;
  /** A folder of the disk, where rows are kept; undefined where the window has no place for that. */
  folder: string | undefined;
}

export class SweepPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly panels = new Map<string, SweepPanel>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly services: SweepServices) {
    this.subscriptions = [
      vscode.window.registerWebviewPanelSerializer(sweepViewType, this),
      vscode.commands.registerCommand(commandIds.sweep, (uri?: vscode.Uri) => this.open(uri)),
    ];
  }

  dispose(): void {
    for (const panel of this.panels.values()) panel.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const { sweep: text } = (state ?? {}) as Partial<SweepState>;
    if (typeof text !== "string" || this.panels.has(text)) panel.dispose();
    else this.adopt(panel, vscode.Uri.parse(text, true));
    return Promise.resolve();
  }

  private async open(wanted: vscode.Uri | undefined): Promise<void> {
    const uri = wanted ?? activeSweep() ?? (await chosen());
    if (uri === undefined) return;
    const known = this.panels.get(uri.toString());
    if (known !== undefined) return known.reveal();
    const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    this.adopt(vscode.window.createWebviewPanel(sweepViewType, titleOf(uri), column), uri);
  }

  private adopt(panel: vscode.WebviewPanel, uri: vscode.Uri): void {
    const made = new SweepPanel(panel, this.services, uri);
    this.panels.set(uri.toString(), made);
    panel.onDidDispose(() => {
      made.dispose();
      this.panels.delete(uri.toString());
    });
  }
}

/** The file in the editor, if by its name it may be a grid or a result. */
function activeSweep(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri = input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom ? input.uri : undefined;
  return uri && (isGrid(uri.path) || formatOf(uri.path) !== undefined) ? uri : undefined;
}

async function chosen(): Promise<vscode.Uri | undefined> {
  const filters = { "Grids and results of sweeps": ["yaml", "yml", "json", "csv", "jsonl"] };
  return (
    await vscode.window.showOpenDialog({ title: "UAP Lens: Choose a Grid or the Result of a Sweep", filters })
  )?.[0];
}

class SweepPanel implements vscode.Disposable {
  private readonly isGrid: boolean;
  private state: { kind: "reading" } | { kind: "unread"; problems: string[] } | { kind: "grid"; grid: GridView; text: string } | { kind: "result" } = { kind: "reading" }; // prettier-ignore
  private rows: SweepRow[] = [];
  /** How many of them the page has been sent. */
  private sent = 0;
  private notice: string | null = null;
  /** Reading the file; a newer reading makes an older one void. */
  private readings = 0;
  private readonly page: PanelPage<ToSweepPage, ToSweepHost>;
  private rereading: NodeJS.Timeout | undefined;
  private readonly task = new Task(() => this.update());
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly panel: vscode.WebviewPanel,
    private readonly services: SweepServices,
    readonly uri: vscode.Uri,
  ) {
    this.isGrid = isGrid(uri.path);
    panel.title = titleOf(uri);
    this.page = new PanelPage(panel, services.extensionUri, "sweep", {
      listening: () => {
        this.sent = 0;
        this.page.send({ kind: "rows", first: 0, rows: [] });
        this.update();
      },
      receive: (message) => this.receive(message),
      post: () => this.post(),
    }, patience); // prettier-ignore
    const folder = vscode.Uri.joinPath(uri, "..");
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, path.posix.basename(uri.path))); // prettier-ignore
    const again = () => {
      clearTimeout(this.rereading);
      this.rereading = setTimeout(() => void this.read(), patience);
    };
    this.subscriptions = [
      this.page,
      watcher,
      watcher.onDidChange(again),
      watcher.onDidCreate(again),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (this.isGrid && document.uri.toString() === uri.toString()) again();
      }),
    ];
    void this.read();
  }

  reveal(): void {
    this.panel.reveal(undefined, true);
  }

  dispose(): void {
    clearTimeout(this.rereading);
    this.readings++;
    this.task.end();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  // -------------------------------------------------------------------------------------------------------- the file

  private async read(): Promise<void> {
    const reading = ++this.readings;
    const isNew = () => reading === this.readings;
    const unread = (...problems: string[]) => {
      if (!isNew()) return;
      this.task.end();
      this.state = { kind: "unread", problems };
      this.show([]);
    };
    try {
      const text = await this.text();
      if (!isNew()) return;
      if (typeof text !== "string") return unread(text.problem);
      if (!this.isGrid) {
        const found = await this.ask({ kind: "rows", fileName: this.uri.path, text }, "file");
        if (found === undefined || !isNew()) return;
        if ("problem" in found) return unread(`This is no result of a sweep: ${found.problem}.`);
        this.state = { kind: "result" };
        return this.show(found.rows);
      }
      const found = await this.ask({ kind: "grid", fileName: this.uri.path, text }, "file");
      if (found === undefined || !isNew()) return;
      if ("errors" in found)
        return unread(...found.errors.map(({ message, range }) => `Line ${range.start.line + 1}: ${message}.`));
      const { grid } = found;
      const same = this.state.kind === "grid" && this.state.grid.hash === grid.hash && this.state.grid.backend === grid.backend; // prettier-ignore
      if (same) {
        this.state = { kind: "grid", grid, text };
        return this.update();
      }
      this.task.end();
      const rows = await this.storedRows(grid);
      if (!isNew()) return;
      this.state = { kind: "grid", grid, text };
      this.show(rows);
    } catch (error) {
      unread(`The file cannot be read: ${(error as Error).message}.`);
    }
  }

  private async text(): Promise<string | { problem: string }> {
    const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === this.uri.toString());
    if (document !== undefined && this.isGrid) return document.getText();
    const { size } = await vscode.workspace.fs.stat(this.uri);
    if (size > mostBytes) return { problem: `A file of more than ${mostBytes / 2 ** 20} MiB is not shown.` };
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(this.uri));
  }

  /** Undefined where the question is not wanted any more. @throws Error where the thread died of it. */
  private async ask<Kind extends "grid" | "rows" | "point">(
    question: Extract<Question, { kind: Kind }>,
    key: string,
  ): Promise<Answers[Kind] | undefined> {
    const outcome = await this.services.checker.ask(`sweep ${key} ${this.uri.toString()}`, question, true);
    if (outcome.kind === "failed") throw new Error(outcome.message);
    return outcome.kind === "answer" ? outcome.answer : undefined;
  }

  // --------------------------------------------------------------------------------------------------------- storage

  private originOf(grid: GridView): Origin {
    return { grid: grid.hash, points: grid.points, version: this.services.version, backend: backendOfRows(grid) };
  }

  /** Where the rows of a grid are kept. */
  private store(grid: GridView): string | undefined {
    const { folder, version } = this.services;
    return folder && path.join(folder, `${grid.hash}-${version}-${backendOfRows(grid)}.jsonl`);
  }

  /** The rows that an earlier run has made. What a run that was torn off has left of its last line is cut off. */
  private async storedRows(grid: GridView): Promise<SweepRow[]> {
    const store = this.store(grid);
    if (store === undefined) return [];
    let text: string;
    try {
      text = await readFile(store, "utf8");
    } catch {
      return [];
    }
    const found = await this.ask({ kind: "rows", fileName: store, text }, "store");
    const origin = this.originOf(grid);
    if (found === undefined || "problem" in found || found.rows.some((row) => mismatch(row, origin) !== null)) {
      await rm(store, { force: true });
      return [];
    }
    await truncate(store, found.whole);
    return found.rows;
  }

  /** Makes room for the rows of another grid: those of the oldest ones go. */
  private async makeRoom(): Promise<void> {
    const { folder } = this.services;
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true });
    const files = (await readdir(folder)).map((name) => path.join(folder, name));
    const dated = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).mtimeMs })));
    dated.sort((a, b) => b.at - a.at);
    await Promise.all(dated.slice(kept - 1).map(({ file }) => rm(file, { force: true })));
  }

  // ----------------------------------------------------------------------------------------------------------- a run

  private async run(): Promise<void> {
    const { state } = this;
    if (state.kind !== "grid" || state.grid.points > mostPoints) return;
    const { grid, text } = state;
    const store = this.store(grid);
    const origin = this.originOf(grid);
    const format = rowFormat("jsonl", grid.axes);
    // A failed row is made again.
    const done = new Set(this.rows.filter(({ status }) => status !== "failed").map(({ point }) => point));
    const points = Array.from({ length: grid.points }, (_, point) => point).filter((point) => !done.has(point));
    if (done.size < this.rows.length) await this.startAnew(this.rows.filter(({ point }) => done.has(point)));
    this.notice = null;
    let keeping = store !== undefined;
    await this.task.run(`Row ${done.size + 1} of ${grid.points}`, async (signal, say) => {
      const key = `point of ${grid.hash}`;
      const client = origin.backend === "none" ? null : new RuntimeClient({ ...runtimeOptions, backend: origin.backend, entry: this.services.entry }); // prettier-ignore
      const stop = () => this.services.checker.cancel(`sweep ${key} ${this.uri.toString()}`);
      signal.addEventListener("abort", stop);
      try {
        await this.makeRoom().catch(() => undefined); // appending says what is wrong
        const decide = async (point: number) => {
          const decided = await this.ask({ kind: "point", fileName: this.uri.path, text, point }, key);
          signal.throwIfAborted();
          if (decided === undefined) throw new Error("The sweep gave way to another one.");
          return decided;
        };
        for await (const row of sweep({ points, origin, settings: grid, decide, client, signal })) {
          if (keeping && store !== undefined)
            await appendFile(store, format.write(row)).catch((error: Error) => {
              keeping = false;
              this.notice = `The rows are not kept: ${error.message}`;
            });
          signal.throwIfAborted();
          this.rows.push(row);
          if (this.rows.length < grid.points) say(`Row ${this.rows.length + 1} of ${grid.points}`);
        }
      } finally {
        signal.removeEventListener("abort", stop);
        await client?.dispose();
      }
    });
  }

  /** Forgets the rows, all but some. */
  private async startAnew(rows: SweepRow[]): Promise<void> {
    if (this.state.kind !== "grid") return;
    this.task.end();
    const { grid } = this.state;
    const store = this.store(grid);
    if (store !== undefined) {
      await rm(store, { force: true });
      const format = rowFormat("jsonl", grid.axes);
      if (rows.length > 0) await appendFile(store, rows.map((row) => format.write(row)).join(""));
    }
    this.show(rows);
  }

  // -------------------------------------------------------------------------------------------------------- the page

  /** Shows other rows than before. */
  private show(rows: SweepRow[]): void {
    this.rows = rows;
    this.sent = 0;
    if (rows.length === 0) this.page.send({ kind: "rows", first: 0, rows: [] });
    this.update();
  }

  private update(): void {
    this.page.update();
  }

  private post(): void {
    while (this.sent < this.rows.length) {
      const rows = this.rows.slice(this.sent, this.sent + together);
      this.page.send({ kind: "rows", first: this.sent, rows: rows.map(pointOfRow) });
      this.sent += rows.length;
    }
    this.page.send({ kind: "snapshot", snapshot: this.snapshot() });
  }

  private snapshot(): SweepSnapshot {
    const { state, rows, task, notice } = this;
    const about = { uri: this.uri.toString(), file: nameInReport(this.uri) };
    if (state.kind === "reading" || state.kind === "unread") return { ...state, ...about };
    const first = rows.at(0);
    const common = { kind: "sweep" as const, ...about, isGrid: this.isGrid, done: rows.length, progress: task.progress, notice }; // prettier-ignore
    if (state.kind === "result")
      return {
        ...common,
        axes: Object.keys(first?.axes ?? {}),
        points: first?.points ?? 0,
        measures: "",
        backend: first?.backend ?? "none",
        tooLarge: null,
      };
    const { axes, points } = state.grid;
    return {
      ...common,
      axes,
      points,
      measures: measuresOf(state.grid),
      backend: backendOfRows(state.grid),
      tooLarge: points > mostPoints ? `The panel runs grids of up to ${mostPoints.toLocaleString("en")} points. Run this one with uap-lens sweep, and open its result here.` : null, // prettier-ignore
    };
  }

  private async receive(message: Exclude<ToSweepHost, { kind: "ready" }>): Promise<void> {
    switch (message.kind) {
      case "run":
        return this.run();
      case "cancel":
        return this.task.cancel();
      case "start-anew":
        return this.startAnew([]);
      case "save":
        return this.save();
      case "open-file":
        await vscode.window.showTextDocument(this.uri, { viewColumn: columnOf(this.uri, this.panel) });
        return;
      case "open": {
        const row = this.rows.find(({ point }) => point === message.point);
        if (row?.specification === undefined || row.specification === null) return;
        const text = `${JSON.stringify(row.specification, null, 2)}\n`;
        return openUntitled(`point-${row.point}.uap.json`, text, columnOf(this.uri, this.panel));
      }
    }
  }

  private async save(): Promise<void> {
    const name = this.uri.path.split("/").at(-1)?.replace(/(\.sweep)?\.\w+$/, "") ?? "result"; // prettier-ignore
    const place = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.joinPath(this.uri, "..", `${name}.sweep.csv`),
      filters: { CSV: ["csv"] },
    });
    if (place === undefined) return;
    const format = rowFormat("csv", Object.keys(this.rows.at(0)?.axes ?? {}));
    const rows = [...this.rows].sort((a, b) => a.point - b.point);
    try {
      const text = format.head + rows.map((row) => format.write(row)).join("");
      await vscode.workspace.fs.writeFile(place, new TextEncoder().encode(text));
      this.notice = null;
    } catch (error) {
      this.notice = `${place.fsPath} is not written: ${(error as Error).message}`;
    }
    this.update();
  }
}

function pointOfRow({ specification, ...row }: SweepRow): SweepPoint {
  return { ...row, opens: specification !== null };
}

function measuresOf({ margin, training }: GridView): string {
  const parts = [
    ...(margin === null ? [] : [margin.seeds === 1 ? "the margin at one initialisation" : `the margin at ${margin.seeds} initialisations`]), // prettier-ignore
    ...(training === null ? [] : [`${training.steps} training steps${training.target === null ? "" : ` on ${training.target}`}`]), // prettier-ignore
  ];
  return parts.join(" and ");
}
