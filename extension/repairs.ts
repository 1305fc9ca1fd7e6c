/** Repairs of a refuted architecture of a file, with the edits that make them. Made on the checking thread. */
import { readModelFile } from "./models";
import { repair, type RepairOutcome } from "./theory/design/repair";
import type { TextEdit } from "./theory/verdict/report";

export interface Repairs {
  outcome: RepairOutcome;
  /** The edits of the text for each repair; null where the reader cannot make them in this file. */
  edits: (TextEdit[] | null)[];
}

/**
 * The repairs of an architecture of a file (docs/designer.md): plain values, the least attention first.
 * @param fileName decides the reader; model code needs `prepareReading` first
 * @returns undefined where the text has no such architecture
 */
export function repairsOf(fileName: string, text: string, architecture: number): Repairs | undefined {
  const read = readModelFile(fileName, text)?.architectures[architecture];
  if (read === undefined) return undefined;
  const outcome = repair(read.architecture, read.skipped);
  const edits = outcome.repairs.map(({ changes }) => {
    const made = read.edit(changes);
    return made === undefined || made.length === 0 ? null : made;
  });
  return { outcome, edits };
}
