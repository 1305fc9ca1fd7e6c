/** A process that is started by another ends with it, and before it takes too much memory. */
import { Worker } from "node:worker_threads";

/** How the watching thread marks its last words on the standard error stream. */
export const memoryMark = "uap-lens runtime: memory bound reached at ";

/**
 * A thread of its own, for a computation that does not return lets no message in. It ends the process when its memory passes the bound, or when
 * the process that started it is gone.
 */
export function watch(memoryLimit: number): void {
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
