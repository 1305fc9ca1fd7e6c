/** What the runtime computes on. Only this folder knows how each backend is brought up. */

/** Fastest first, as a rule; `auto` measures. `tensorflow` is native TensorFlow on the processor, `cpu` plain JavaScript. */
export const backendNames = ["cuda", "webgpu", "tensorflow", "wasm", "cpu"] as const;
export type BackendName = (typeof backendNames)[number];

/** A backend that is up: the active one of TensorFlow.js in this process. */
export interface Backend {
  name: BackendName;
  /** What it runs on, for people: a processor, a graphics card, a driver. */
  device: string;
  /** Of the library that computes. */
  version: string;
  /** True for WebGPU on a software driver, which is right but slow: never chosen unless it is asked for. */
  software: boolean;
  /** Bytes that it holds outside of JavaScript's heap, where it can tell. */
  memory?: () => number;
  /** Resolves, with the reason, if the device goes away; results are lost from then on. Absent where a device cannot be lost. */
  lost?: Promise<string>;
}

/** Why a backend was not taken. */
export interface Refusal {
  backend: BackendName;
  reason: string;
}

/** The backend that was taken. */
export interface Choice {
  backend: Backend;
  /** Every other backend and why it was not taken; empty if the backend was asked for by name. */
  refused: Refusal[];
}

/** A backend could not be brought up, or computes wrong results. The message is a sentence for people. */
export class BackendUnavailable extends Error {
  override readonly name = "BackendUnavailable";
  constructor(
    readonly backend: BackendName,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`The backend ${backend} cannot be had: ${reason}`, options);
  }
}

/** A backend could not get the memory for a tensor. Nothing more is to be computed in this process. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}
