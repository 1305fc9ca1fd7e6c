/** The runtime of this window, and the status item that says what it computes on and why. */
import * as vscode from "vscode";
import type { BackendName, Refusal } from "../runtime/backends/backend";
import { RuntimeClient, RuntimeFailure } from "../runtime/process/client";
import { systemNode } from "../runtime/process/fork";
import type { RuntimeHost } from "../runtime/process/host";
import type { RuntimeDescription } from "../runtime/process/protocol";
import { type Route, routesTo, type WebGpuPlace } from "../runtime/process/route";
import { modelFileGlob } from "../models/fileNames";
import { commandIds } from "./commandIds";

type State =
  | { kind: "idle" }
  | { kind: "starting" }
  | { kind: "ready"; description: RuntimeDescription }
  | { kind: "failed"; message: string };

export const backendTitles: Record<BackendName, string> = {
  cuda: "CUDA",
  webgpu: "WebGPU",
  tensorflow: "native TensorFlow",
  wasm: "WASM",
  cpu: "plain JavaScript",
};

/** The runtime that was chosen, and what the choice was between. */
interface Chosen {
  client: RuntimeClient;
  /** Set where a panel was compared with the process: the one not taken, and why. */
  comparison?: Refusal;
}

/** Starts nothing until something is asked of the runtime. A changed setting ends it; the next request starts another. */
export class Runtime implements vscode.Disposable {
  /** By the backend that is wanted. */
  private chosen = new Map<BackendName | "auto", Promise<Chosen>>();
  /** The clients of the choices. */
  private clients: RuntimeClient[] = [];
  private state: State = { kind: "idle" };
  private readonly item = vscode.languages.createLanguageStatusItem("uapLens.runtime", []);
  private readonly subscriptions: vscode.Disposable[];

  /**
   * @param entry the script that the runtime process runs.
   * @param panelHost opens a panel that computes.
   */
  constructor(
    private readonly entry: string,
    private readonly panelHost: RuntimeHost,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      this.item,
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (["uapLens.backend", "uapLens.webgpu"].some((name) => event.affectsConfiguration(name))) this.end();
      }),
      vscode.commands.registerCommand(commandIds.showRuntime, () => this.show()),
    ];
    this.item.name = "UAP Lens runtime";
    this.item.command = { title: "Show", command: commandIds.showRuntime };
    this.update({ kind: "idle" });
  }

  /** Shows the status item beside model files. */
  showItem(beside: boolean): void {
    this.item.selector = beside ? { pattern: modelFileGlob } : [];
  }

  /** The backend of the settings. */
  get setting(): BackendName | "auto" {
    return vscode.workspace.getConfiguration("uapLens").get<BackendName | "auto">("backend", "auto");
  }

  /**
   * A runtime, started: the one that the settings ask for, which the status item is about, or one on another backend beside it.
   * @throws RuntimeFailure where the backend cannot be had.
   */
  async client(wanted: BackendName | "auto" = this.setting): Promise<RuntimeClient> {
    const { chosen, setting } = this;
    const choice = chosen.get(wanted) ?? this.choose(wanted);
    chosen.set(wanted, choice);
    const say = (state: State) => {
      if (wanted === setting && chosen === this.chosen) this.update(state);
    };
    if (this.state.kind !== "ready") say({ kind: "starting" });
    try {
      const { client, comparison } = await choice;
      const { backend, refused } = await client.describe();
      const others = comparison
        ? [comparison, ...refused.filter((refusal) => refusal.backend !== comparison.backend)]
        : refused;
      say({ kind: "ready", description: { backend, refused: others } });
      return client;
    } catch (error) {
      if (chosen.get(wanted) === choice) chosen.delete(wanted);
      say({ kind: "failed", message: (error as Error).message });
      throw error;
    }
  }

  dispose(): void {
    this.end();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private end(): void {
    for (const client of this.clients) void client.dispose();
    this.clients = [];
    this.chosen = new Map();
    this.update({ kind: "idle" });
  }

  private async choose(backend: BackendName | "auto"): Promise<Chosen> {
    const { clients } = this;
    const open = (route: Route, on: BackendName | "auto") => {
      // Nobody would end it.
      if (clients !== this.clients) throw new RuntimeFailure("crash", "The runtime has been shut down.");
      const client = this.open(route, on);
      clients.push(client);
      return client;
    };
    const [route, other] = routesTo({
      electron: process.versions.electron !== undefined,
      systemNode: (await systemNode()) !== undefined,
      backend,
      webgpu: vscode.workspace.getConfiguration("uapLens").get<WebGpuPlace>("webgpu", "auto"),
    });
    const client = open(route, backend);
    if (other === undefined) return { client };
    const { backend: found } = await client.describe();
    if (found.name === "cuda" || found.name === "webgpu") return { client };
    return compare(client, open(other, "webgpu"));
  }

  private open(route: Route, backend: BackendName | "auto"): RuntimeClient {
    return new RuntimeClient({
      backend,
      ...(route === "panel" ? { host: this.panelHost } : { entry: this.entry }),
      onRestart: (message) => {
        this.log.warn(message);
        void vscode.window.showWarningMessage(`UAP Lens: ${message}`);
      },
    });
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
        item.detail = "it starts with the first measurement or training run";
        break;
      case "starting":
        item.text = "UAP runtime: starting";
        item.detail = "trying the backends";
        break;
      case "ready":
        item.text = `UAP runtime: ${backendTitles[state.description.backend.name]}`;
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
    let speed: number;
    try {
      ({ stepsPerSecond: speed } = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: "Starting the UAP Lens runtime and timing it" },
        async () => (await this.client()).request("benchmark", { milliseconds: 60 }),
      ));
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
          label: `$(check) ${backendTitles[backend.name]}`,
          description: `in use, ${speed.toPrecision(3)} small training steps a second`,
          detail: `${backend.device}, ${backend.version}`,
        },
        ...refused.map(({ backend: name, reason }) => ({
          label: `$(circle-slash) ${backendTitles[name]}`,
          detail: reason,
        })),
      ],
      { title: "UAP Lens Runtime", placeHolder: "What the runtime computes on, and why on nothing else" },
    );
  }
}

function describe({ backend, refused }: RuntimeDescription): string[] {
  return [
    `The runtime computes on ${backendTitles[backend.name]}: ${backend.device}, ${backend.version}.`,
    ...refused.map(({ backend: name, reason }) => `Not on ${backendTitles[name]}: ${reason}.`),
  ];
}

/** The panel is taken where its graphics card is real and faster than what the process has. */
async function compare(inProcess: RuntimeClient, inPanel: RuntimeClient): Promise<Chosen> {
  const rate = (client: RuntimeClient) => client.request("benchmark", { milliseconds: 60 });
  let reason: string;
  try {
    const { software, device } = (await inPanel.describe()).backend;
    if (software) reason = `${device} computes on the processor; set the backend to webgpu to use it all the same`;
    else {
      const [one, other] = [await rate(inProcess), await rate(inPanel)];
      const [faster, slower] = one.stepsPerSecond >= other.stepsPerSecond ? [one, other] : [other, one];
      reason = `${slower.stepsPerSecond.toPrecision(3)} steps a second against ${faster.stepsPerSecond.toPrecision(3)} on ${faster.backend}`;
      if (faster === other) {
        await inProcess.dispose();
        return { client: inPanel, comparison: { backend: one.backend, reason } };
      }
    }
  } catch (error) {
    reason = (error as Error).message.replace(/\.$/, "");
  }
  await inPanel.dispose();
  return { client: inProcess, comparison: { backend: "webgpu", reason } };
}
