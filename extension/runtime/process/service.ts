/** The runtime's side of the protocol, wherever the runtime lives: in a process of its own or in a webview. */
import {
  type Backend,
  type BackendName,
  BackendUnavailable,
  type Choice,
  OutOfMemory,
  type Refusal,
} from "../backends/backend";
import type { Context, FailureKind, FromRuntime, HandlerTable, ToRuntime } from "./protocol";

/** What the service needs of the place where it runs. */
export interface Surroundings {
  post(message: FromRuntime): void;
  /** Posts the message that the runtime ends, and ends it. */
  leave(message: FromRuntime): void;
  /** Lets messages in. */
  breathe(): Promise<void>;
  /**
   * Brings up the backend that is wanted.
   * @throws BackendUnavailable
   */
  bringUp(wanted: BackendName | "auto", refused: readonly Refusal[]): Promise<Choice>;
}

export interface Service {
  receive(message: ToRuntime): void;
  /** The runtime cannot go on. */
  end(failure: FailureKind, message: string): void;
}

export function createService(handlers: HandlerTable, surroundings: Surroundings): Service {
  const running = new Map<number, AbortController>();
  let backend: Backend | undefined;
  let ending = false;
  const send = (message: FromRuntime) => surroundings.post(message);
  const end = (failure: FailureKind, message: string) => {
    ending = true;
    surroundings.leave({ kind: "ending", failure, message });
  };

  async function bringUp(wanted: Extract<ToRuntime, { kind: "start" }>): Promise<void> {
    try {
      const choice = await surroundings.bringUp(wanted.backend, wanted.refused);
      backend = choice.backend;
      const { name, device, version, software, lost } = backend;
      void lost?.then((reason) => end("device", `The graphics device (${device}) was lost: ${reason}`));
      send({ kind: "ready", description: { backend: { name, device, version, software }, refused: choice.refused } });
    } catch (error) {
      if (!(error instanceof BackendUnavailable)) throw error;
      send({ kind: "unavailable", backend: error.backend, reason: error.reason });
    }
  }

  async function answer({ id, name, params }: Extract<ToRuntime, { kind: "request" }>): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      if (backend === undefined) throw new Error("No backend has been started.");
      if (!Object.hasOwn(handlers, name)) throw new Error(`There is no request "${name}".`);
      const context: Context<unknown, unknown> = {
        signal: controller.signal,
        backend,
        progress: (value) => send({ kind: "progress", id, value }),
        checkpoint: (value) => send({ kind: "checkpoint", id, value }),
        pause: async () => {
          await surroundings.breathe();
          controller.signal.throwIfAborted();
        },
      };
      const value = await handlers[name](params as never, context);
      send({ kind: "result", id, value });
    } catch (error) {
      // What a lost device breaks may be heard of before its loss.
      if (backend?.lost) await Promise.race([backend.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
      if (ending) return;
      if (
        error instanceof OutOfMemory ||
        (error instanceof RangeError && /allocation|array length/i.test(error.message))
      )
        end("memory", error.message);
      else send({ kind: "failed", id, message: error instanceof Error ? error.message : String(error) });
    } finally {
      running.delete(id);
    }
  }

  return {
    receive: (message) => {
      switch (message.kind) {
        case "start":
          void bringUp(message);
          break;
        case "request":
          void answer(message);
          break;
        case "cancel":
          running.get(message.id)?.abort();
          break;
      }
    },
    end,
  };
}
