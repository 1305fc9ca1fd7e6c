/** What the panels show of model files beyond their reports, made on a thread of its own so that no check waits for it. */
import type { Answers, Question } from "../checkWorker";
import type { Designed, Written } from "../designs";
import type { Checker } from "../editor/checker";
import { nameInReport, type Checked } from "../editor/reports";
import { subjectAt } from "../editor/subjects";
import type { Portrait, Study } from "../study";
import type { ExportFormat } from "../exports";
import type { Repairs } from "../repairs";
import type { Architecture } from "../theory/architecture/schema";
import type { SymmetryRequest } from "../theory/design/groups";
import type { PairClasses } from "../theory/design/pairClasses";

/** What is asked with a signal is undefined where it is not wanted any more, and throws an Error where the thread died of it. */
export class Studies {
  private asked = 0;

  /** @param searcher for what takes seconds, so that nothing else waits for it */
  constructor(
    private readonly checker: Checker,
    private readonly searcher: Checker,
  ) {}

  /**
   * The study of an architecture of a checked text. Undefined where the text has moved on, or has no such architecture.
   * @throws Error where the thread died of it
   */
  async study(checked: Checked, architecture: number): Promise<Study | undefined> {
    const text = textOf(checked);
    if (text === undefined || checked.outcome.kind !== "report") return undefined;
    const answer = await this.checker.ask(`study ${architecture} of ${checked.uri.toString()}`, {
      kind: "study",
      fileName: nameInReport(checked.uri),
      text,
      report: checked.outcome.report,
      architecture,
    });
    if (answer.kind === "failed") throw new Error(answer.message);
    return answer.kind === "answer" ? answer.answer : undefined;
  }

  /** An architecture decided and drawn. */
  portrait(architecture: Architecture, signal: AbortSignal): Promise<Portrait | undefined> {
    return this.ask(this.checker, { kind: "portrait", architecture }, signal);
  }

  /** What certifies an architecture of a checked text. Undefined also where the text has moved on. */
  async repairs(checked: Checked, architecture: number, signal: AbortSignal): Promise<Repairs | undefined> {
    const text = textOf(checked);
    if (text === undefined) return undefined;
    const fileName = nameInReport(checked.uri);
    return this.ask(this.searcher, { kind: "repairs", fileName, text, architecture }, signal);
  }

  /** Architectures that have exactly a symmetry. */
  designs(request: SymmetryRequest, width: number, signal: AbortSignal): Promise<Designed | undefined> {
    return this.ask(this.searcher, { kind: "design", request, width }, signal);
  }

  /** The classes of pairs that an architecture tells apart; null where there is no picture of them. */
  pairs(architecture: Architecture, signal: AbortSignal): Promise<PairClasses[] | null | undefined> {
    return this.ask(this.checker, { kind: "pairs", architecture }, signal);
  }

  /** An architecture written out for another tool. */
  written(architecture: Architecture, format: ExportFormat, signal: AbortSignal): Promise<Written | undefined> {
    return this.ask(this.checker, { kind: "export", architecture, format }, signal);
  }

  private async ask<Kind extends Question["kind"]>(
    checker: Checker,
    question: Extract<Question, { kind: Kind }>,
    signal: AbortSignal,
  ): Promise<Answers[Kind] | undefined> {
    const key = `${question.kind} ${++this.asked}`;
    const cancel = () => checker.cancel(key);
    signal.addEventListener("abort", cancel);
    try {
      const answer = await checker.ask<Kind>(key, question);
      if (answer.kind === "failed") throw new Error(answer.message);
      return answer.kind === "answer" ? answer.answer : undefined;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }
}

/** The text that was checked; undefined where it has moved on. */
function textOf({ uri, version }: Checked): string | undefined {
  const subject = subjectAt(uri);
  return subject?.version === version ? subject.text() : undefined;
}
