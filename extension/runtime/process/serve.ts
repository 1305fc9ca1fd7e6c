/** The runtime process's side of the protocol. */
import { writeSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { type Backend, BackendUnavailable, OutOfMemory } from "../backends/backend";
import { start, startFastest } from "../backends/start";
import type { Context, FailureKind, FromRuntime, HandlerTable, ToRuntime } from "./protocol";

/** How the watching thread marks its last words on the standard error stream. */
export const memoryMark = "uap-lens runtime: memory bound reached at ";

/**
 * A thread of its own, for a computation that does not return lets no message in. It ends the process when its memory passes the bound, or when
 * the process that started it is gone.
 */
function watch(memoryLimit: number): void {
  const source = `
    const { workerData } = require("node:worker_threads");
    const { writeSync } = require("node:fs");
    setInterval(() => {
      const resident = process.memoryUsage.rss();
      if (resident > workerData.memoryLimit) writeSync(2, "\\n" + workerData.mark + resident + "\\n");
      if (resident > workerData.memoryLimit || process.ppid !== workerData.parent) process.kill(process.pid, "SIGKILL");
    }, 100);`;
  const workerData = { memoryLimit, parent: process.ppid, mark: memoryMark };
  new Worker(source, { eval: true, workerData }).unref();
}

/** Serves requests until the client goes away. */
export function serve(handlers: HandlerTable, memoryLimit: number): void {
  const running = new Map<number, AbortController>();
  let backend: Backend | undefined;
  const send = (message: FromRuntime, sent?: () => void) => process.send?.(message, undefined, undefined, sent);
  let ending = false;
  const end = (failure: FailureKind, message: string) => {
    ending = true;
    send({ kind: "ending", failure, message }, () => process.exit(1));
  };

  watch(memoryLimit);
  process.on("disconnect", () => process.exit());
  process.on("message", (message: ToRuntime) => {
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
  });

  async function bringUp(wanted: Extract<ToRuntime, { kind: "start" }>): Promise<void> {
    try {
      const choice =
        wanted.backend === "auto"
          ? await startFastest(wanted.refused, (name) => send({ kind: "trying", backend: name }))
          : { backend: await start(wanted.backend), refused: [] };
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
          await setImmediate();
          controller.signal.throwIfAborted();
        },
      };
      const value = await handlers[name](params as never, context);
      send({ kind: "result", id, value });
    } catch (error) {
      // What a lost device breaks may be heard of before its loss.
      if (backend?.lost) await Promise.race([backend.lost, setTimeout(100)]);
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

  process.on("uncaughtException", (error) => {
    writeSync(2, `${error.stack ?? error.message}\n`);
    end("crash", error.message);
  });
}
