/**
 * Runs a user's module to see which architectures it gives to `transformer`, in a process of its own that ends with it. The package it imports is a
 * recording one: nothing is built, trained or computed. All else that the module does, it does: it is for code that the user has asked to run.
 */
import path from "node:path";
import { forkNode } from "../process/fork";

/** A file of code, and where it calls `transformer`. */
export interface Evaluable {
  text: string;
  /** Offsets at which each call's last argument ends: they name the call. */
  sites: number[];
  /** Whether it has imports, exports or awaits of a module; otherwise it is CommonJS. */
  isModule: boolean;
}

export interface EvaluationRequest extends Evaluable {
  /** The absolute path, whether or not it is saved there. */
  file: string;
}

export interface Evaluation {
  /** What the calls were given, in their order, as JSON. */
  architectures: { site: number; input: unknown }[];
  /** Why the run broke off, if it did. */
  error: string | undefined;
}

export interface EvaluationOptions {
  /** Milliseconds. */
  timeLimit?: number;
  signal?: AbortSignal;
  /** The directory that the code finds itself in; that of the file unless told. */
  cwd?: string;
  entry?: string;
}

export type FromEvaluation =
  { kind: "architecture"; site: number; input: string } | { kind: "end"; error: string | undefined };

const mebibyte = 2 ** 20;
/** Calls past this many are not kept. */
const most = 1000;

export async function evaluateModule(
  request: EvaluationRequest,
  { timeLimit = 10_000, signal, cwd = path.dirname(request.file), entry = path.join(__dirname, "evaluation.js") }: EvaluationOptions = {}, // prettier-ignore
): Promise<Evaluation> {
  signal?.throwIfAborted();
  const child = await forkNode({ entry, cwd, memoryLimit: 1024 * mebibyte, execArgv: [] });
  const architectures: Evaluation["architectures"] = [];
  return new Promise((resolve, reject) => {
    let words = "";
    const finish = (error: string | undefined) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      child.kill("SIGKILL");
      resolve({ architectures, error });
    };
    const abort = () => {
      reject(signal!.reason as Error);
      finish(undefined);
    };
    const timer = setTimeout(() => finish(`it was stopped after ${timeLimit / 1000} seconds`), timeLimit);
    signal?.addEventListener("abort", abort, { once: true });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-2000)));
    child.on("message", (message: FromEvaluation) => {
      if (message.kind === "end") finish(message.error);
      else if (architectures.length < most)
        architectures.push({ site: message.site, input: JSON.parse(message.input) });
    });
    child.once("error", (error) => finish(error.message));
    child.once("close", (code) => {
      const said = words.trim().split("\n").findLast((line) => /error/i.test(line)); // prettier-ignore
      finish(code === 0 ? undefined : (said ?? "its process ended"));
    });
    child.send(request, () => undefined);
  });
}
