/** The runtime process of this window, and the status item that says what it computes on and why. */
import * as vscode from "vscode";
import type { BackendName } from "../runtime/backends/backend";
import { RuntimeClient } from "../runtime/process/client";
import type { RuntimeDescription } from "../runtime/process/protocol";
import { modelFileGlob } from "../models/fileNames";
import { commandIds } from "./commandIds";

type State =
  | { kind: "idle" }
  | { kind: "starting" }
  | { kind: "ready"; description: RuntimeDescription }
  | { kind: "failed"; message: string };

const titles: Record<BackendName, string> = {
  cuda: "CUDA",
  webgpu: "WebGPU",
  tensorflow: "native TensorFlow",
  wasm: "WASM",
  cpu: "plain JavaScript",
};

/** Starts nothing until something is asked of the runtime. A changed setting ends the process; the next request starts another. */
export class Runtime implements vscode.Disposable {
  private current: RuntimeClient | undefined;
  private state: State = { kind: "idle" };
  private readonly item = vscode.languages.createLanguageStatusItem("uapLens.runtime", { pattern: modelFileGlob });
  private readonly subscriptions: vscode.Disposable[];

  /** @param entry the script that the runtime process runs. */
  constructor(
    private readonly entry: string,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      this.item,
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("uapLens.backend")) this.end();
      }),
      vscode.commands.registerCommand(commandIds.showRuntime, () => this.show()),
    ];
    this.item.name = "UAP Lens runtime";
    this.item.command = { title: "Show", command: commandIds.showRuntime };
    this.update({ kind: "idle" });
  }

  /**
   * The runtime, started.
   * @throws RuntimeFailure where the backend that is set cannot be had.
   */
  async client(): Promise<RuntimeClient> {
    const client = (this.current ??= new RuntimeClient({
      backend: vscode.workspace.getConfiguration("uapLens").get<BackendName | "auto">("backend", "auto"),
      entry: this.entry,
      onRestart: (message) => {
        this.log.warn(message);
        void vscode.window.showWarningMessage(`UAP Lens: ${message}`);
      },
    }));
    if (this.state.kind !== "ready") this.update({ kind: "starting" });
    try {
      const description = await client.describe();
      if (client === this.current) this.update({ kind: "ready", description });
    } catch (error) {
      if (client === this.current) this.update({ kind: "failed", message: (error as Error).message });
      throw error;
    }
    return client;
  }

  dispose(): void {
    this.end();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private end(): void {
    void this.current?.dispose();
    this.current = undefined;
    this.update({ kind: "idle" });
  }

  private update(state: State): void {
    const { item } = this;
    this.state = state;
    item.busy = state.kind === "starting";
    item.severity =
      state.kind === "failed" ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    switch (state.kind) {
      case "idle":
        item.text = "UAP runtime: not started";
        item.detail = "it starts with the first measurement";
        break;
      case "starting":
        item.text = "UAP runtime: starting";
        item.detail = "trying the backends";
        break;
      case "ready":
        item.text = `UAP runtime: ${titles[state.description.backend.name]}`;
        item.detail = state.description.backend.device;
        this.log.info(describe(state.description).join("\n"));
        break;
      case "failed":
        item.text = "UAP runtime: none";
        item.detail = state.message;
        this.log.error(state.message);
    }
  }

  /** Which backend computes, and why the others do not. */
  private async show(): Promise<void> {
    try {
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: "Starting the UAP Lens runtime" },
        () => this.client(),
      );
    } catch (error) {
      const settings = "Open Settings";
      const chosen = await vscode.window.showErrorMessage(`UAP Lens: ${(error as Error).message}`, settings);
      if (chosen === settings) await vscode.commands.executeCommand("workbench.action.openSettings", "uapLens.backend");
      return;
    }
    if (this.state.kind !== "ready") return;
    const { backend, refused } = this.state.description;
    await vscode.window.showQuickPick(
      [
        {
          label: `$(check) ${titles[backend.name]}`,
          description: "in use",
          detail: `${backend.device}, ${backend.version}`,
        },
        ...refused.map(({ backend: name, reason }) => ({ label: `$(circle-slash) ${titles[name]}`, detail: reason })),
      ],
      { title: "UAP Lens Runtime", placeHolder: "What the runtime computes on, and why on nothing else" },
    );
  }
}

function describe({ backend, refused }: RuntimeDescription): string[] {
  return [
    `The runtime computes on ${titles[backend.name]}: ${backend.device}, ${backend.version}.`,
    ...refused.map(({ backend: name, reason }) => `Not on ${titles[name]}: ${reason}.`),
  ];
}
