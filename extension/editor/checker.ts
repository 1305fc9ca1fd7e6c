/** Runs checks on a worker thread: one at a time, the newest text of a file wins, a dead thread is replaced. */
import type { Worker } from "node:worker_threads";
import type { CheckRequest, CheckResponse } from "../checkWorker";
import type { FileReport } from "../theory/verdict/report";

export type CheckOutcome =
  | { kind: "report"; report: FileReport }
  /** A newer text of the same file took its place, or nobody wants the answer any more. */
  | { kind: "superseded" }
  /** The thread died of this text, twice. */
  | { kind: "failed"; message: string };

interface Job {
  id: number;
  key: string;
  fileName: string;
  text: string;
  background: boolean;
  attempts: number;
  startedAt: number;
  resolve: (outcome: CheckOutcome) => void;
}

const attemptsAllowed = 2;

export class Checker {
  private worker: Worker | undefined;
  private running: Job | undefined;
  private queue: Job[] = [];
  private deadline: NodeJS.Timeout | undefined;
  private nextId = 1;

  /**
   * @param startThread starts the thread of checkWorker.ts; called on the first check, not before.
   * @param log receives a line for everything that went wrong.
   * @param patience milliseconds that a check may have run when it is no longer wanted, before its thread is stopped; a new thread
   *   costs about as much as the default.
   */
  constructor(
    private readonly startThread: () => Worker,
    private readonly log: (line: string) => void,
    private readonly patience = 200,
  ) {}

  /**
   * Checks a text. A check of the same key that is still waiting or running resolves as superseded.
   * @param key identifies the file, whatever its text.
   * @param background such a check waits until no other is left.
   */
  check(key: string, fileName: string, text: string, background = false): Promise<CheckOutcome> {
    this.cancel(key);
    return new Promise((resolve) => {
      this.enqueue({ id: this.nextId++, key, fileName, text, background, attempts: 0, startedAt: 0, resolve });
      this.runNext();
    });
  }

  /** The answer for this key is not wanted any more. */
  cancel(key: string): void {
    for (const job of this.queue) if (job.key === key) job.resolve({ kind: "superseded" });
    this.queue = this.queue.filter((job) => job.key !== key);
    if (this.running?.key !== key) return;
    this.running.resolve({ kind: "superseded" });
    this.deadline ??= setTimeout(
      () => {
        this.stopThread();
        this.runNext();
      },
      Math.max(0, this.running.startedAt + this.patience - Date.now()),
    );
  }

  dispose(): void {
    for (const job of this.queue) job.resolve({ kind: "superseded" });
    this.queue = [];
    this.running?.resolve({ kind: "superseded" });
    this.stopThread();
  }

  private enqueue(job: Job): void {
    const firstBackground = job.background ? -1 : this.queue.findIndex((other) => other.background);
    this.queue.splice(firstBackground < 0 ? this.queue.length : firstBackground, 0, job);
  }

  private runNext(): void {
    if (this.running !== undefined) return;
    const job = this.queue.shift();
    if (job === undefined) return;
    this.running = job;
    job.attempts++;
    job.startedAt = Date.now();
    this.worker ??= this.newThread();
    const request: CheckRequest = { kind: "check", job: job.id, fileName: job.fileName, text: job.text };
    this.worker.postMessage(request);
  }

  private newThread(): Worker {
    const worker = this.startThread();
    let reason = "it ended";
    worker.on("message", (response: CheckResponse) => {
      if (this.worker === worker) this.finish(response);
    });
    worker.on("error", (error) => (reason = error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => {
      if (this.worker === worker) this.threadDied(reason);
    });
    return worker;
  }

  private finish(response: CheckResponse): void {
    const job = this.running;
    this.clearRunning();
    job?.resolve({ kind: "report", report: response.report });
    this.runNext();
  }

  private threadDied(reason: string): void {
    const job = this.running;
    const wanted = this.deadline === undefined;
    this.worker = undefined;
    this.clearRunning();
    if (job !== undefined && wanted) {
      this.log(`The checking thread stopped on ${job.fileName} (attempt ${job.attempts}): ${reason}`);
      if (job.attempts < attemptsAllowed) this.queue.unshift(job);
      else job.resolve({ kind: "failed", message: `the checking thread stopped twice on this file: ${reason}` });
    }
    this.runNext();
  }

  private stopThread(): void {
    const worker = this.worker;
    this.worker = undefined;
    this.clearRunning();
    void worker?.terminate();
  }

  private clearRunning(): void {
    clearTimeout(this.deadline);
    this.deadline = undefined;
    this.running = undefined;
  }
}
