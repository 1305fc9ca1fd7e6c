/**
 * What the runtime and its client say to each other. To and from a process values cross as structured clones; to and from a webview as JSON in which
 * typed arrays stay typed arrays. So `undefined` and numbers that are not finite mean nothing outside of typed arrays.
 */
import type { Backend, BackendName, Refusal } from "../backends/backend";

/** The backend that the runtime process computes on, and why it does. */
export interface RuntimeDescription {
  backend: Pick<Backend, "name" | "device" | "version" | "software">;
  /** The other backends and why each was not taken; empty if the backend was asked for by name. */
  refused: Refusal[];
}

export type ToRuntime =
  | { kind: "start"; backend: BackendName | "auto"; refused: Refusal[] }
  | { kind: "request"; id: number; name: string; params: unknown }
  | { kind: "cancel"; id: number };

export type FromRuntime =
  /** A backend is about to be touched; should the process die now, it was this one. */
  | { kind: "trying"; backend: BackendName }
  | { kind: "ready"; description: RuntimeDescription }
  | { kind: "unavailable"; backend: BackendName; reason: string }
  | { kind: "progress"; id: number; value: unknown }
  | { kind: "checkpoint"; id: number; value: unknown }
  | { kind: "result"; id: number; value: unknown }
  | { kind: "failed"; id: number; message: string }
  /** The process cannot go on and ends after this message. */
  | { kind: "ending"; failure: FailureKind; message: string };

/**
 * `backend`: it cannot be had. `memory`: the bound was reached. `crash`: the process died. `device`: the graphics device was lost. `closed`: the
 * person closed it, so nothing goes on by itself.
 */
export type FailureKind = "backend" | "memory" | "crash" | "device" | "closed";

/** What a handler has beside its parameters. */
export interface Context<Progress, Checkpoint> {
  /** Aborted when the caller cancels. */
  readonly signal: AbortSignal;
  readonly backend: Backend;
  progress(this: void, value: Progress): void;
  /** Hands over all that is needed to go on from here in another process. */
  checkpoint(this: void, value: Checkpoint): void;
  /**
   * To be awaited between steps, at least every 100 ms: lets messages in. Throws once the caller has cancelled. A handler that does not come
   * here in time is ended with its process.
   */
  pause(this: void): Promise<void>;
}

/** Serves one kind of request. Its parameters, result, progress and checkpoints are plain data and typed arrays. */
export type Handler<Params, Result, Progress = never, Checkpoint = never> = (
  params: Params,
  context: Context<Progress, Checkpoint>,
) => Promise<Result>;

export type HandlerTable = Readonly<Record<string, Handler<never, unknown>>>;

export type ParamsOf<H> = H extends (params: infer Params, ...rest: never) => unknown ? Params : never;
export type ResultOf<H> = H extends (...all: never) => Promise<infer Result> ? Result : never;
export type ProgressOf<H> = H extends (params: never, context: Context<infer Progress, never>) => unknown
  ? Progress
  : never;
export type CheckpointOf<H> = H extends (params: never, context: Context<never, infer Checkpoint>) => unknown
  ? Checkpoint
  : never;
