/** The thread that reads and decides model files, so that typing never waits for the theory. */
import { parentPort } from "node:worker_threads";
import { checkText } from "./check";
import type { FileReport } from "./theory/verdict/report";

export interface CheckRequest {
  kind: "check";
  job: number;
  /** The name the report gives the file; it also decides the reader. */
  fileName: string;
  text: string;
}

export interface CheckResponse {
  kind: "report";
  job: number;
  report: FileReport;
}

parentPort?.on("message", ({ job, fileName, text }: CheckRequest) => {
  const response: CheckResponse = { kind: "report", job, report: checkText(fileName, text) };
  parentPort?.postMessage(response);
});
