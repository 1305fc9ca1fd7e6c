/** Where a runtime lives, as its client sees it: whatever carries the messages and can be ended. */
import type { FailureKind, FromRuntime, ToRuntime } from "./protocol";

/** Why a runtime is gone; the message is a sentence for people. */
export interface Death {
  kind: FailureKind;
  message: string;
}

export const deathByMemory: Death = {
  kind: "memory",
  message: "The runtime process needed more memory than it may use; a smaller model, batch or pattern needs less.",
};

/** A runtime that can be spoken to. */
export interface Connection {
  /** Messages to a runtime that is gone are lost. */
  post(message: ToRuntime): void;
  onMessage(listener: (message: FromRuntime) => void): void;
  /** Resolves once the runtime is gone, however it went. */
  closed: Promise<Death>;
  /** Ends the runtime at once, whatever it is doing. */
  end(): void;
}

/** Starts a runtime with no backend yet. */
export type RuntimeHost = () => Promise<Connection>;
