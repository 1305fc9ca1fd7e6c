/** What code gave when it was run: kept for the text that was run, and for no other. Light: the extension host needs it without the reader. */
import type { Evaluation } from "../../../runtime/evaluation/evaluate";

/** Texts past this many are forgotten, the oldest first. */
const most = 16;
const kept = new Map<string, Evaluation>();
const keyOf = (fileName: string, text: string) => `${fileName}\0${text}`;

export function keepEvaluation(fileName: string, text: string, evaluation: Evaluation): void {
  const key = keyOf(fileName, text);
  kept.delete(key);
  kept.set(key, evaluation);
  if (kept.size > most) kept.delete(kept.keys().next().value!);
}

export const evaluationOf = (fileName: string, text: string): Evaluation | undefined => kept.get(keyOf(fileName, text));

/** How what is said of an architecture begins that only running the code tells. */
export const notRead = "The architecture given to ";
