/** Runs checks on a worker thread: one at a time, the newest text of a file wins, a dead thread is replaced. */
import type { Worker } from "node:worker_threads";
import type { Answers, Question, Request, Response } from "../checkWorker";
import { evaluationOf } from "../models/code/typescript/evaluated";
import { isCodeFile } from "../models/fileNames";

export type CheckOutcome<Kind extends Question["kind"] = "check"> =
  | { kind: "answer"; answer: Answers[Kind] }
  /** A newer question with the same key took its place, or nobody wants the answer any more. */
  | { kind: "superseded" }
  /** The thread died of this question, twice. */
  | { kind: "failed"; message: string };

interface Job {
  id: number;
  key: string;
  question: Question;
  background: boolean;
  attempts: number;
  startedAt: number;
  resolve: (outcome: CheckOutcome<Question["kind"]>) => void;
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
   * @param patience milliseconds that a check may have run when it is no longer wanted, before its thread is stopped, four times as
   *   many on code; a new thread costs about as much as the default.
   */
  constructor(
    private readonly startThread: () => Worker,
    private readonly log: (line: string) => void,
    private readonly patience = 200,
  ) {}

  /**
   * Asks a question. One with the same key that is still waiting or running resolves as superseded.
   * @param key identifies what is asked about (a file, whatever its text).
   * @param background such a question waits until no other is left.
   */
  ask<Kind extends Question["kind"]>(
    key: string,
    question: Extract<Question, { kind: Kind }>,
    background = false,
  ): Promise<CheckOutcome<Kind>> {
    this.cancel(key);
    return new Promise((resolve) => {
      const answered = resolve as Job["resolve"]; // the thread answers in kind
      this.enqueue({ id: this.nextId++, key, question, background, attempts: 0, startedAt: 0, resolve: answered });
      this.runNext();
    });
  }

  /** The answer for this key is not wanted any more. */
  cancel(key: string): void {
    for (const job of this.queue) if (job.key === key) job.resolve({ kind: "superseded" });
    this.queue = this.queue.filter((job) => job.key !== key);
    if (this.running?.key !== key) return;
    const { question, startedAt, resolve } = this.running;
    resolve({ kind: "superseded" });
    // A thread that reads code has more to lose: a grammar, and what it knows of the text before.
    const isCode = "fileName" in question && isCodeFile(question.fileName);
    this.deadline ??= setTimeout(
      () => {
        this.stopThread();
        this.runNext();
      },
      Math.max(0, startedAt + (isCode ? 4 : 1) * this.patience - Date.now()),
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
    const { id, question } = job;
    const evaluation = "fileName" in question ? evaluationOf(question.fileName, question.text) : undefined;
    const request: Request = { job: id, question, ...(evaluation && { evaluation }) };
    this.worker.postMessage(request);
  }

  private newThread(): Worker {
    const worker = this.startThread();
    let reason = "it ended";
    worker.on("message", (response: Response) => {
      if (this.worker === worker) this.finish(response);
    });
    worker.on("error", (error) => (reason = error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => {
      if (this.worker === worker) this.threadDied(reason);
    });
    return worker;
  }

  private finish({ answer }: Response): void {
    const job = this.running;
    this.clearRunning();
    job?.resolve({ kind: "answer", answer });
    this.runNext();
  }

  private threadDied(reason: string): void {
    const job = this.running;
    const wanted = this.deadline === undefined;
    this.worker = undefined;
    this.clearRunning();
    if (job !== undefined && wanted) {
      this.log(`The checking thread stopped on ${job.key} (attempt ${job.attempts}): ${reason}`);
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
