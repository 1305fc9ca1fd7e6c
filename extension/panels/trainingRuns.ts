/** The training runs of all model files: they go on while their panel is hidden, and survive a reload of the window. */
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { deserialize, serialize } from "node:v8";
import * as vscode from "vscode";
import type { RunStatus, RunView, TrainingSetup } from "../../webview/protocol";
import { backendTitles, type Runtime } from "../editor/runtime";
import type { BackendName } from "../runtime/backends/backend";
import type { TrainProgress } from "../runtime/training/handler";
import type { Floor } from "../runtime/training/floor";
import { defaults, resumeTraining, type TrainingOptions } from "../runtime/training/options";
import type { TargetSource } from "../runtime/training/targets";
import type { Checkpoint, Metrics } from "../runtime/training/train";
import type { Variant } from "../study";
import type { Architecture } from "../theory/architecture/schema";

/** Everything of a run that outlives the window. */
export interface RunRecord {
  version: 1;
  id: number;
  /** The model file. */
  uri: string;
  title: string;
  setup: TrainingSetup;
  architecture: Architecture;
  target: string | TargetSource;
  status: RunStatus;
  message: string | null;
  /** What it computes on, once that is known. */
  backend: { name: BackendName; device: string } | null;
  floor: Floor | string | null;
  variance: number | null;
  stepsPerSecond: number | null;
  /** The training loss of every step. */
  losses: Float32Array;
  evaluations: Metrics[];
  sample: { step: number; target: Float32Array; output: Float32Array } | null;
  checkpoint: Checkpoint | null;
  shown: boolean;
  colour: number;
}

/** A run of this window. */
export class TrainingRun {
  /** Losses, with room at the end. */
  private room: Float32Array;
  private count: number;
  private controllers: { cancel: AbortController; pause: AbortController } | undefined;
  /** Ends what a newer request has replaced. */
  private attempt = 0;

  constructor(
    readonly record: RunRecord,
    private readonly runtime: Pick<Runtime, "client">,
    /** The run is another; `saved` where its state on disk should be too. */
    private readonly changed: (run: TrainingRun, saved: boolean) => void,
  ) {
    this.room = record.losses;
    this.count = record.losses.length;
  }

  get losses(): Float32Array {
    return this.room.subarray(0, this.count);
  }

  get isComputing(): boolean {
    return this.controllers !== undefined;
  }

  get options(): TrainingOptions {
    const { steps, seed, batch, rate } = this.record.setup;
    return {
      ...defaults,
      ...{ steps, seed, batch, rate },
      warmUp: Math.ceil(steps / 20),
      // Some forty evaluations: enough for a curve, few enough not to slow the run down.
      every: Math.max(10, Math.round(steps / 40)),
    };
  }

  view(outdated: boolean): RunView {
    const { id, title, setup, status, message, backend, architecture, floor, variance, stepsPerSecond, shown, colour } =
      this.record;
    const last = this.record.evaluations.at(-1);
    return {
      id,
      title,
      setup,
      status,
      message,
      backend: backend && `${backendTitles[backend.name]} (${backend.device})`,
      tokens: architecture.tokens,
      width: architecture.width,
      step: this.count,
      floor,
      loss: last?.loss ?? null,
      variance,
      margin: last?.margin ?? null,
      stepsPerSecond,
      shown,
      outdated,
      colour,
    };
  }

  /** Trains from where the run stands, to the end or for so many steps. */
  async go(trusted: boolean, steps = Infinity): Promise<void> {
    if (this.isComputing) return;
    const { record } = this;
    const attempt = ++this.attempt;
    const controllers = { cancel: new AbortController(), pause: new AbortController() };
    this.controllers = controllers;
    const end = (status: RunStatus, message: string | null = null) => {
      if (attempt !== this.attempt) return;
      this.controllers = undefined;
      this.set(status, message);
    };
    this.set("starting", null);
    try {
      const client = await this.runtime.client(record.setup.backend);
      const { backend } = await client.describe();
      if (attempt !== this.attempt) return;
      record.backend = { name: backend.name, device: backend.device };
      const at = record.checkpoint?.adam.steps ?? 0;
      this.cutTo(at);
      const outcome = await client.request(
        "train",
        {
          architecture: record.architecture,
          target: record.target,
          trusted,
          options: this.options,
          from: record.checkpoint ?? undefined,
          floor: record.floor ?? undefined,
          until: Number.isFinite(steps) ? at + steps : undefined,
        },
        {
          signal: controllers.cancel.signal,
          pause: controllers.pause.signal,
          resume: resumeTraining,
          onProgress: (value) => attempt === this.attempt && this.hear(value),
          onCheckpoint: (checkpoint) => {
            if (attempt !== this.attempt) return;
            record.checkpoint = checkpoint;
            this.changed(this, true);
          },
        },
      );
      record.variance = outcome.variance;
      end(outcome.steps >= record.setup.steps ? "ended" : "paused");
    } catch (error) {
      if (controllers.cancel.signal.aborted) end("cancelled");
      else if (controllers.pause.signal.aborted) end("paused");
      else end("failed", (error as Error).message);
    }
  }

  /** Stops after the step under way, and keeps all that was computed. */
  pause(): void {
    if (this.controllers === undefined) return;
    this.controllers.pause.abort();
    this.set("pausing", null);
  }

  /** Ends at once; what was computed since the last checkpoint is lost. */
  cancel(): void {
    this.controllers?.cancel.abort();
    if (this.controllers === undefined) this.set("cancelled", null);
  }

  /** Back to the first step, standing still. */
  reset(): void {
    this.attempt++;
    this.controllers?.cancel.abort();
    this.controllers = undefined;
    Object.assign(this.record, { checkpoint: null, sample: null, stepsPerSecond: null });
    this.cutTo(0);
    this.set("paused", null);
  }

  /** Nobody wants to hear of it any more. */
  forget(): void {
    this.attempt++;
    this.controllers?.cancel.abort();
    this.controllers = undefined;
  }

  show(shown: boolean): void {
    this.record.shown = shown;
    this.changed(this, true);
  }

  /** What is to be written to the disk. */
  get saved(): RunRecord {
    return { ...this.record, losses: this.losses };
  }

  private hear(event: TrainProgress): void {
    const { record } = this;
    switch (event.kind) {
      case "floor":
        record.floor = event.floor;
        if (typeof event.floor !== "string") record.variance = event.floor.variance;
        if (record.status === "starting") record.status = "running";
        break;
      case "losses":
        this.cutTo(event.first);
        this.append(event.losses);
        if (record.status === "starting") record.status = "running";
        break;
      case "metrics":
        record.evaluations = record.evaluations.filter(({ step }) => step < event.metrics.step);
        record.evaluations.push(event.metrics);
        record.stepsPerSecond = event.metrics.stepsPerSecond ?? record.stepsPerSecond;
        break;
      case "sample":
        record.sample = { step: event.step, target: event.target, output: event.output };
        break;
    }
    this.changed(this, false);
  }

  private append(losses: Float32Array): void {
    if (this.count + losses.length > this.room.length) {
      const larger = new Float32Array(Math.max(1024, 2 * (this.count + losses.length)));
      larger.set(this.losses);
      this.room = larger;
    }
    this.room.set(losses, this.count);
    this.count += losses.length;
  }

  /** Leaves out what came after a step: a run that goes on from a checkpoint computes it again. */
  private cutTo(step: number): void {
    this.count = Math.min(this.count, step);
    this.record.evaluations = this.record.evaluations.filter((evaluation) => evaluation.step <= step);
  }

  private set(status: RunStatus, message: string | null): void {
    this.record.status = status;
    this.record.message = message;
    this.changed(this, true);
  }
}

/** Most runs that are kept of a file. */
export const mostRuns = 12;
/** Most parameters of a run that is kept on the disk: with Adam's two moments some 50 MB, which are copied in a few milliseconds. */
const mostKept = 4e6;
/** Milliseconds between two writes of a run that goes on. */
const betweenWrites = 1000;

export class TrainingRuns implements vscode.Disposable {
  private readonly runs = new Map<string, TrainingRun[]>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly changed = new vscode.EventEmitter<{ uri: string; run: TrainingRun | undefined }>();
  /** A run has changed, or, without one, the list of a file's runs. */
  readonly onDidChange = this.changed.event;
  private readonly writes = new Map<
    TrainingRun,
    { at: number; timer: NodeJS.Timeout | undefined; done: Promise<void> }
  >();
  private lastId = 0;
  private problem: string | undefined;

  /** @param folder of the disk, where runs are kept; none where the window has no place for that. */
  constructor(
    private readonly runtime: Pick<Runtime, "client">,
    private readonly folder: string | undefined,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Why the runs are not kept on the disk, in a sentence. */
  get notice(): string | null {
    return this.problem ?? null;
  }

  of(uri: vscode.Uri): readonly TrainingRun[] {
    return this.runs.get(uri.toString()) ?? [];
  }

  /** Brings back the runs of a file that an earlier window has kept; those that were computing go on. */
  load(uri: vscode.Uri): Promise<void> {
    const key = uri.toString();
    const loading = this.loading.get(key) ?? this.read(key);
    this.loading.set(key, loading);
    return loading;
  }

  start(uri: vscode.Uri, variant: Variant, setup: TrainingSetup, target: string | TargetSource): TrainingRun {
    const own = [...this.of(uri)];
    const colours = own.map(({ record }) => record.colour);
    let colour = 0;
    while (colours.includes(colour)) colour++;
    const record: RunRecord = {
      version: 1,
      id: ++this.lastId,
      uri: uri.toString(),
      title: `${variant.title}: ${setup.target}, seed ${setup.seed}`,
      setup: { ...setup, variant: variant.id },
      architecture: variant.architecture,
      target,
      status: "starting",
      message: null,
      backend: null,
      floor: null,
      variance: null,
      stepsPerSecond: null,
      losses: new Float32Array(0),
      evaluations: [],
      sample: null,
      checkpoint: null,
      shown: true,
      colour,
    };
    const run = this.adopt(record);
    this.runs.set(uri.toString(), [...own, run]);
    this.changed.fire({ uri: uri.toString(), run: undefined });
    void run.go(vscode.workspace.isTrusted);
    return run;
  }

  remove(uri: vscode.Uri, run: TrainingRun): void {
    run.forget();
    this.runs.set(
      uri.toString(),
      this.of(uri).filter((other) => other !== run),
    );
    clearTimeout(this.writes.get(run)?.timer);
    const written = this.writes.get(run)?.done;
    this.writes.delete(run);
    const file = this.fileOf(run.record);
    if (file !== undefined) void Promise.resolve(written).then(() => rm(file, { force: true }));
    this.changed.fire({ uri: uri.toString(), run: undefined });
  }

  /** What waits to be written is written at once: the window may be closing. */
  dispose(): void {
    for (const [run, { timer }] of this.writes) {
      if (timer === undefined) continue;
      clearTimeout(timer);
      const file = this.fileOf(run.record)!;
      try {
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(`${file}.last.tmp`, contentOf(run));
        renameSync(`${file}.last.tmp`, file);
      } catch (error) {
        this.log.error(`The run ${run.record.title} cannot be kept: ${(error as Error).message}`);
      }
    }
    this.changed.dispose();
  }

  private adopt(record: RunRecord): TrainingRun {
    return new TrainingRun(record, this.runtime, (run, saved) => {
      if (saved) this.save(run);
      this.changed.fire({ uri: record.uri, run });
    });
  }

  private fileOf({ uri, id }: RunRecord): string | undefined {
    return this.folder && path.join(this.folder, `${prefixOf(uri)}${id}.run`);
  }

  private async read(uri: string): Promise<void> {
    const { folder } = this;
    if (folder === undefined) return;
    const names = await readdir(folder).catch(() => []);
    const found: TrainingRun[] = [];
    for (const name of names) {
      this.lastId = Math.max(this.lastId, Number(/-(\d+)\.run$/.exec(name)?.[1] ?? 0));
      if (!name.startsWith(prefixOf(uri)) || !name.endsWith(".run")) continue;
      try {
        const record = deserialize(await readFile(path.join(folder, name))) as RunRecord;
        if (record.version === 1 && record.uri === uri) found.push(this.adopt(record));
      } catch (error) {
        this.log.warn(`The training run ${name} cannot be read: ${(error as Error).message}`);
      }
    }
    found.sort((a, b) => a.record.id - b.record.id);
    this.runs.set(uri, [...found, ...(this.runs.get(uri) ?? [])]);
    this.changed.fire({ uri, run: undefined });
    for (const run of found)
      if (["starting", "running", "pausing"].includes(run.record.status)) {
        if (run.record.status === "pausing") run.record.status = "paused";
        else void run.go(vscode.workspace.isTrusted);
      }
  }

  /** Writes a run soon: at once if it has not been written for a while, and only once for several changes. */
  private save(run: TrainingRun): void {
    const file = this.fileOf(run.record);
    if (file === undefined) return;
    const writing = this.writes.get(run) ?? { at: 0, timer: undefined, done: Promise.resolve() };
    this.writes.set(run, writing);
    if (writing.timer !== undefined) return;
    writing.timer = setTimeout(
      () => {
        writing.timer = undefined;
        writing.at = Date.now();
        writing.done = writing.done.then(() => this.write(file, run));
      },
      Math.max(0, writing.at + betweenWrites - Date.now()),
    );
  }

  /** Replaces the file in one piece. A problem is said once, where the runs are shown; they go on. */
  private async write(file: string, run: TrainingRun): Promise<void> {
    if (!this.of(vscode.Uri.parse(run.record.uri)).includes(run)) return;
    const beside = `${file}.tmp`;
    let problem: string | undefined;
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(beside, contentOf(run));
      await rename(beside, file);
    } catch (error) {
      await rm(beside, { force: true }).catch(() => undefined);
      problem = `The runs cannot be kept on the disk, so a reload of the window loses them: ${(error as Error).message}.`;
    }
    if (problem === this.problem) return;
    this.problem = problem;
    if (problem !== undefined) this.log.error(problem);
    this.changed.fire({ uri: run.record.uri, run: undefined });
  }
}

/** What is kept of a run. @throws Error where that is too much */
function contentOf(run: TrainingRun): Buffer {
  const parameters = run.record.checkpoint?.adam.parameters.length ?? 0;
  if (parameters > mostKept) throw new Error(`a model of ${parameters} parameters is too large`);
  return serialize(run.saved);
}

/** File names of a model file's runs begin with it. */
const prefixOf = (uri: string): string => `${createHash("sha256").update(uri).digest("hex").slice(0, 16)}-`;
