/** The runtime as the editor and the command line see it. Nothing here loads TensorFlow.js. */
import type { BackendName, Refusal } from "../backends/backend";
import { type ForkOptions, forkRuntime } from "./fork";
import type { Handlers } from "./handlers";
import { type Connection, type Death, deathByMemory, type RuntimeHost } from "./host";
import type { CheckpointOf, FailureKind, ParamsOf, ProgressOf, ResultOf, RuntimeDescription } from "./protocol";

/** What went wrong with the runtime itself, in a sentence for people. */
export class RuntimeFailure extends Error {
  override readonly name = "RuntimeFailure";
  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
  }
}

/** The options of a fork are for a runtime that is one. */
export interface RuntimeOptions extends ForkOptions {
  /** A backend by name, or the fastest that works. */
  backend?: BackendName | "auto";
  /** Told once for every death of the runtime that some request outlives, in a sentence. */
  onRestart?: (message: string) => void;
  /** Where the runtime lives; in a process of its own unless told. */
  host?: RuntimeHost;
}

export interface RequestOptions<H> {
  signal?: AbortSignal;
  /** As `signal`, but the handler takes its time to hear of it, and hands over a last checkpoint if it makes any. */
  pause?: AbortSignal;
  onProgress?: (value: ProgressOf<H>) => void;
  onCheckpoint?: (value: CheckpointOf<H>) => void;
  /** The parameters with which the request goes on from a checkpoint in a new process. Without it a request ends with the process. */
  resume?: (params: ParamsOf<H>, checkpoint: CheckpointOf<H>) => ParamsOf<H>;
}

/** Milliseconds that a cancelled request has to end by itself; its process is ended after that. */
const patience = 120;
/** Times that a request starts anew without having got to another checkpoint. */
const attempts = 2;

interface Pending {
  id: number;
  name: string;
  params: unknown;
  options: RequestOptions<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  checkpoint: { value: unknown } | undefined;
  deaths: number;
  /** The process that works on it. */
  process: Runtime | undefined;
  /** The signal that has asked it to end. */
  cancelled: AbortSignal | undefined;
}

interface Runtime {
  connection: Connection;
  /** What it said of its end before it ended. */
  ending: Death | undefined;
  /** Resolves once it is gone. */
  exited: Promise<Death>;
  /** True once we have ended it ourselves. */
  ended: boolean;
}

/**
 * Starts a runtime process at the first request, and a new one at the next if it has died. Requests run side by side. `dispose` ends the process.
 */
export class RuntimeClient<Table = Handlers> {
  #started: Promise<{ runtime: Runtime; description: RuntimeDescription }> | undefined;
  readonly #alive = new Set<Runtime>();
  readonly #pending = new Map<number, Pending>();
  /** Backends that ended the process when they were tried. */
  readonly #refused: Refusal[] = [];
  #lastId = 0;
  #disposed = false;

  constructor(readonly options: RuntimeOptions = {}) {}

  /**
   * The backend in use; starts the process if there is none.
   * @throws RuntimeFailure
   */
  async describe(): Promise<RuntimeDescription> {
    return (await this.#start()).description;
  }

  /**
   * Asks the runtime. Rejects with the signal's reason (an AbortError, unless it was given another error) within 200 ms of its abort, or after a `pause` once the handler has heard of it; with a
   * RuntimeFailure if the runtime fails, with an Error of the handler's message if the handler does.
   */
  request<Name extends keyof Table & string>(
    name: Name,
    params: ParamsOf<Table[Name]>,
    options: RequestOptions<Table[Name]> = {},
  ): Promise<ResultOf<Table[Name]>> {
    const { signal, pause } = options;
    for (const aborted of [signal, pause]) if (aborted?.aborted) return Promise.reject(abortReason(aborted));
    return new Promise<ResultOf<Table[Name]>>((resolve, reject) => {
      const id = ++this.#lastId;
      const cancel = () => this.#cancel(pending, signal!, patience);
      const pauseIt = () => this.#cancel(pending, pause!, Infinity);
      const settled = () => {
        this.#pending.delete(id);
        signal?.removeEventListener("abort", cancel);
        pause?.removeEventListener("abort", pauseIt);
      };
      const pending: Pending = {
        id,
        name,
        params,
        options,
        resolve: (value) => {
          settled();
          resolve(value as ResultOf<Table[Name]>);
        },
        reject: (error) => {
          settled();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
        checkpoint: undefined,
        deaths: 0,
        process: undefined,
        cancelled: undefined,
      };
      this.#pending.set(id, pending);
      signal?.addEventListener("abort", cancel);
      pause?.addEventListener("abort", pauseIt);
      void this.#submit(pending);
    });
  }

  /** Ends the process, and with it every request. Resolves once it is gone. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const { reject } of [...this.#pending.values()])
      reject(new RuntimeFailure("crash", "The runtime has been shut down."));
    const alive = [...this.#alive];
    for (const runtime of alive) end(runtime);
    await Promise.all(alive.map(({ exited }) => exited));
  }

  async #submit(pending: Pending): Promise<void> {
    try {
      const { runtime } = await this.#start();
      if (!this.#pending.has(pending.id)) return;
      // It has died since: what its death decided for other requests came too early for this one.
      if (!this.#alive.has(runtime)) return await this.#submit(pending);
      pending.process = runtime;
      runtime.connection.post({ kind: "request", id: pending.id, name: pending.name, params: pending.params });
    } catch (error) {
      pending.reject(error);
    }
  }

  #cancel(pending: Pending, signal: AbortSignal, patience: number): void {
    const { process: runtime } = pending;
    const give = () => pending.reject(abortReason(signal));
    if (runtime === undefined) {
      give();
      return;
    }
    pending.cancelled = signal;
    runtime.connection.post({ kind: "cancel", id: pending.id });
    if (patience === Infinity) return;
    setTimeout(() => {
      if (!this.#pending.has(pending.id)) return;
      give();
      end(runtime);
    }, patience);
  }

  #start(): Promise<{ runtime: Runtime; description: RuntimeDescription }> {
    if (this.#disposed) return Promise.reject(new RuntimeFailure("crash", "The runtime has been shut down."));
    if (this.#started === undefined) {
      const started = this.#bringUp();
      this.#started = started;
      started.catch(() => {
        if (this.#started === started) this.#started = undefined;
      });
    }
    return this.#started;
  }

  /** Starts processes until one is ready: a backend that ends the process is not tried again. */
  async #bringUp(): Promise<{ runtime: Runtime; description: RuntimeDescription }> {
    const { backend = "auto" } = this.options;
    for (;;) {
      const runtime = await this.#connect();
      const outcome = await new Promise<
        | { kind: "ready"; description: RuntimeDescription }
        | { kind: "failed"; failure: RuntimeFailure }
        | { kind: "died"; death: Death; trying: BackendName | undefined }
      >((resolve) => {
        let trying: BackendName | undefined;
        runtime.connection.onMessage((message) => {
          if (message.kind === "trying") trying = message.backend;
          else if (message.kind === "ready") resolve(message);
          else if (message.kind === "unavailable") {
            const failure = new RuntimeFailure(
              "backend",
              `The backend ${message.backend} cannot be had: ${message.reason}.`,
            );
            resolve({ kind: "failed", failure });
          }
        });
        void runtime.exited.then((death) => resolve({ kind: "died", death, trying }));
        runtime.connection.post({ kind: "start", backend, refused: this.#refused });
      });
      if (outcome.kind === "ready") {
        this.#serve(runtime);
        return { runtime, description: outcome.description };
      }
      if (outcome.kind === "failed") {
        end(runtime);
        throw outcome.failure;
      }
      const { kind, message } = outcome.death;
      if (kind === "closed") throw new RuntimeFailure(kind, message);
      if (backend !== "auto")
        throw new RuntimeFailure(
          "backend",
          `The backend ${backend} cannot be had: it ended the runtime process. ${message}`,
        );
      if (outcome.trying === undefined || runtime.ended) throw new RuntimeFailure(kind, message);
      this.#refused.push({ backend: outcome.trying, reason: `it ended the runtime process (${message})` });
    }
  }

  async #connect(): Promise<Runtime> {
    const connection = await (this.options.host?.() ?? forkRuntime(this.options));
    const runtime: Runtime = {
      connection,
      ending: undefined,
      ended: false,
      exited: connection.closed.then((death) => runtime.ending ?? death),
    };
    this.#alive.add(runtime);
    void runtime.exited.then(() => this.#alive.delete(runtime));
    if (this.#disposed) end(runtime);
    return runtime;
  }

  #serve(runtime: Runtime): void {
    runtime.connection.onMessage((message) => {
      if (message.kind === "ending") {
        const { failure: kind } = message;
        runtime.ending = kind === "memory" ? deathByMemory : { kind, message: `${message.message}.` };
        return;
      }
      if (!("id" in message)) return;
      const pending = this.#pending.get(message.id);
      if (pending === undefined) return;
      switch (message.kind) {
        case "progress":
          // What a request that is paused still tells belongs to its last checkpoint.
          if (pending.cancelled === undefined || pending.cancelled === pending.options.pause)
            pending.options.onProgress?.(message.value as never);
          break;
        case "checkpoint":
          pending.checkpoint = { value: message.value };
          pending.deaths = 0;
          pending.options.onCheckpoint?.(message.value as never);
          break;
        case "result":
          if (pending.cancelled) pending.reject(abortReason(pending.cancelled));
          else pending.resolve(message.value);
          break;
        case "failed":
          pending.reject(pending.cancelled ? abortReason(pending.cancelled) : new Error(message.message));
          break;
      }
    });
    void runtime.exited.then((death) => this.#died(runtime, death));
  }

  #died(runtime: Runtime, { kind, message }: Death): void {
    this.#started = undefined;
    if (this.#disposed) return;
    let outlived = false;
    for (const pending of [...this.#pending.values()]) {
      if (pending.process !== runtime) continue;
      pending.process = undefined;
      const { resume } = pending.options;
      if (pending.cancelled) pending.reject(abortReason(pending.cancelled));
      else if (runtime.ended || (kind !== "closed" && resume && pending.checkpoint && pending.deaths < attempts)) {
        if (!runtime.ended) {
          pending.deaths++;
          outlived = true;
        }
        if (resume && pending.checkpoint)
          pending.params = resume(pending.params as never, pending.checkpoint.value as never);
        void this.#submit(pending);
      } else pending.reject(new RuntimeFailure(kind, message));
    }
    if (outlived) this.options.onRestart?.(`${message} The run goes on from its last checkpoint.`);
  }
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException("Cancelled.", "AbortError");
}

function end(runtime: Runtime): void {
  runtime.ended = true;
  runtime.connection.end();
}
