/** The thread that reads and decides model files, and issues and verifies their certificates, so that typing never waits for the theory. */
import { parentPort } from "node:worker_threads";
import { issuedAndShown, verifiedAndShown } from "./certificates";
import { checkModel } from "./check";
import { type Designed, designsFor, pictureOfPairs, type Written, writtenAs } from "./designs";
import type { ExportFormat } from "./exports";
import { readModelFile } from "./models";
import { prepareReading } from "./models/code";
import { evaluableOf } from "./models/code/typescript";
import { keepEvaluation } from "./models/code/typescript/evaluated";
import type { Evaluable, Evaluation } from "./runtime/evaluation/evaluate";
import { type Repairs, repairsOf } from "./repairs";
import { gridView, pointOfGrid, rowsIn } from "./sweep/asked";
import { type Portrait, portraitOf, type Study, studyOf } from "./study";
import type { Architecture } from "./theory/architecture/schema";
import type { SymmetryRequest } from "./theory/design/groups";
import type { PairClasses } from "./theory/design/pairClasses";
import type { FileReport } from "./theory/verdict/report";

/** What can be asked; the name the report gives the file also decides the reader. */
export type Question =
  | { kind: "check"; fileName: string; text: string }
  /** What is to be run where reading the code does not tell. */
  | { kind: "evaluable"; fileName: string; text: string }
  /** The report is that of the text. */
  | { kind: "study"; fileName: string; text: string; report: FileReport; architecture: number }
  | { kind: "portrait"; architecture: Architecture }
  | { kind: "repairs"; fileName: string; text: string; architecture: number }
  | { kind: "design"; request: SymmetryRequest; width: number }
  | { kind: "pairs"; architecture: Architecture }
  | { kind: "export"; architecture: Architecture; format: ExportFormat }
  | { kind: "exportFile"; fileName: string; text: string; architecture: number; format: ExportFormat }
  /** The text is that of a grid. */
  | { kind: "grid"; fileName: string; text: string }
  | { kind: "point"; fileName: string; text: string; point: number }
  /** The text is that of the result of a sweep. */
  | { kind: "rows"; fileName: string; text: string }
  | { kind: "certificate"; fileName: string; text: string; architecture: number }
  /** The text is that of a certificate. */
  | { kind: "verify"; text: string; model: { fileName: string; text: string } | undefined };

export interface Answers {
  /** Undefined where the text has no model. */
  check: FileReport | undefined;
  evaluable: Evaluable | undefined;
  /** Undefined where the text has no such architecture. */
  study: Study | undefined;
  portrait: Portrait;
  /** Undefined where the text has no such architecture. */
  repairs: Repairs | undefined;
  design: Designed;
  /** Null where there is no picture of them. */
  pairs: PairClasses[] | null;
  export: Written;
  /** Undefined where the text has no such architecture. */
  exportFile: Written | undefined;
  grid: ReturnType<typeof gridView>;
  point: ReturnType<typeof pointOfGrid>;
  rows: ReturnType<typeof rowsIn>;
  certificate: ReturnType<typeof issuedAndShown>;
  verify: ReturnType<typeof verifiedAndShown>;
}

export interface Request {
  job: number;
  question: Question;
  /** What the code in question gave when it was run, if it was. */
  evaluation?: Evaluation;
}

export interface Response {
  job: number;
  answer: Answers[Question["kind"]];
}

function answer(question: Question): Response["answer"] {
  switch (question.kind) {
    case "check":
      return checkModel(question.fileName, question.text);
    case "evaluable":
      return evaluableOf(question.text, question.fileName);
    case "study":
      return studyOf(question.fileName, question.text, question.report, question.architecture);
    case "portrait":
      return portraitOf(question.architecture);
    case "repairs":
      return repairsOf(question.fileName, question.text, question.architecture);
    case "design":
      return designsFor(question.request, question.width);
    case "pairs":
      return pictureOfPairs(question.architecture);
    case "export":
      return writtenAs(question.architecture, question.format);
    case "exportFile": {
      const read = readModelFile(question.fileName, question.text)?.architectures[question.architecture];
      return read && writtenAs(read.architecture, question.format);
    }
    case "grid":
      return gridView(question.fileName, question.text);
    case "point":
      return pointOfGrid(question.fileName, question.text, question.point);
    case "rows":
      return rowsIn(question.fileName, question.text);
    case "certificate":
      return issuedAndShown(question.fileName, question.text, question.architecture);
    case "verify":
      return verifiedAndShown(question.text, question.model);
  }
}

/** The file that a question is about, if it is about one. */
function fileOf(question: Question): string | undefined {
  if (question.kind === "verify") return question.model?.fileName;
  return "fileName" in question ? question.fileName : undefined;
}

let earlier = Promise.resolve();
parentPort?.on("message", ({ job, question, evaluation }: Request) => {
  // One after the other, also while a grammar is loaded.
  earlier = earlier.then(async () => {
    await prepareReading(fileOf(question) ?? "");
    if (evaluation && "fileName" in question) keepEvaluation(question.fileName, question.text, evaluation);
    const response: Response = { job, answer: answer(question) };
    parentPort?.postMessage(response);
  });
});
