/** The thread that reads and decides model files, so that typing never waits for the theory. */
import { parentPort } from "node:worker_threads";
import { checkText } from "./check";
import { type Portrait, portraitOf, type Study, studyOf } from "./study";
import type { Architecture } from "./theory/architecture/schema";
import type { FileReport } from "./theory/verdict/report";

/** What can be asked; the name the report gives the file also decides the reader. */
export type Question =
  | { kind: "check"; fileName: string; text: string }
  /** The report is that of the text. */
  | { kind: "study"; fileName: string; text: string; report: FileReport; architecture: number }
  | { kind: "portrait"; architecture: Architecture };

export interface Answers {
  check: FileReport;
  /** Undefined where the text has no such architecture. */
  study: Study | undefined;
  portrait: Portrait;
}

export interface Request {
  job: number;
  question: Question;
}

export interface Response {
  job: number;
  answer: Answers[Question["kind"]];
}

function answer(question: Question): Response["answer"] {
  switch (question.kind) {
    case "check":
      return checkText(question.fileName, question.text);
    case "study":
      return studyOf(question.fileName, question.text, question.report, question.architecture);
    case "portrait":
      return portraitOf(question.architecture);
  }
}

parentPort?.on("message", ({ job, question }: Request) => {
  const response: Response = { job, answer: answer(question) };
  parentPort?.postMessage(response);
});
