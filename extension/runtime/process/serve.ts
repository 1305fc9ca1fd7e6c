/** The service in a process of its own, for the client that has forked it. */
import { writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { start, startFastest } from "../backends/start";
import type { FromRuntime, HandlerTable, ToRuntime } from "./protocol";
import { createService } from "./service";

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
  const post = (message: FromRuntime, sent?: () => void) => void process.send?.(message, undefined, undefined, sent);
  const service = createService(handlers, {
    post: (message) => post(message),
    leave: (message) => post(message, () => process.exit(1)),
    breathe: () => setImmediate(),
    bringUp: async (wanted, refused) =>
      wanted === "auto"
        ? startFastest(refused, (backend) => post({ kind: "trying", backend }))
        : { backend: await start(wanted), refused: [] },
  });
  watch(memoryLimit);
  process.on("disconnect", () => process.exit());
  process.on("message", (message: ToRuntime) => service.receive(message));
  process.on("uncaughtException", (error) => {
    writeSync(2, `${error.stack ?? error.message}\n`);
    service.end("crash", error.message);
  });
}
