/** What the panels show of model files beyond their reports, made on a thread of its own so that no check waits for it. */
import type { Checker } from "../editor/checker";
import { nameInReport, type Checked } from "../editor/reports";
import { subjectAt } from "../editor/subjects";
import type { Portrait, Study } from "../study";
import type { Architecture } from "../theory/architecture/schema";

export class Studies {
  private portraits = 0;

  constructor(private readonly checker: Checker) {}

  /**
   * The study of an architecture of a checked text. Undefined where the text has moved on, or has no such architecture.
   * @throws Error where the thread died of it
   */
  async study({ uri, version, outcome }: Checked, architecture: number): Promise<Study | undefined> {
    const subject = subjectAt(uri);
    if (subject?.version !== version || outcome.kind !== "report") return undefined;
    const answer = await this.checker.ask(`study ${architecture} of ${uri.toString()}`, {
      kind: "study",
      fileName: nameInReport(uri),
      text: subject.text(),
      report: outcome.report,
      architecture,
    });
    if (answer.kind === "failed") throw new Error(answer.message);
    return answer.kind === "answer" ? answer.answer : undefined;
  }

  /** An architecture decided and drawn. Undefined where it is not wanted any more. @throws Error where the thread died of it */
  async portrait(architecture: Architecture, signal: AbortSignal): Promise<Portrait | undefined> {
    const key = `portrait ${++this.portraits}`;
    const cancel = () => this.checker.cancel(key);
    signal.addEventListener("abort", cancel);
    try {
      const answer = await this.checker.ask(key, { kind: "portrait", architecture });
      if (answer.kind === "failed") throw new Error(answer.message);
      return answer.kind === "answer" ? answer.answer : undefined;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }
}
