/** One piece of work at a time that a person waits for: it says what it is doing, can be cancelled, and gives way to a newer one. */
import type { Progress } from "../../webview/protocol";

export class Task {
  progress: Progress = { kind: "idle" };
  private running: AbortController | undefined;

  /** @param changed is told whenever `progress` is another. */
  constructor(private readonly changed: () => void) {}

  /**
   * Starts work in place of what runs. What it throws becomes the progress `failed`, unless it was ended.
   * @param what says what is being done at first; `say` says what is being done from then on.
   */
  async run(what: string, work: (signal: AbortSignal, say: (what: string) => void) => Promise<void>): Promise<void> {
    this.running?.abort();
    const controller = new AbortController();
    this.running = controller;
    const show = (progress: Progress) => {
      if (this.running !== controller) return;
      this.progress = progress;
      this.changed();
    };
    show({ kind: "working", what });
    try {
      await work(controller.signal, (now) => show({ kind: "working", what: now }));
      show({ kind: "idle" });
    } catch (error) {
      show({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Ends what runs, by a person's wish. */
  cancel(): void {
    if (this.running === undefined || this.progress.kind !== "working") return;
    this.end();
    this.progress = { kind: "cancelled" };
    this.changed();
  }

  /** Ends what runs; nobody wants it any more. */
  end(): void {
    this.running?.abort();
    this.running = undefined;
  }
}
