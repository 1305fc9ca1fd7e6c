/** What the panels show of designs, and of architectures written out for other tools. Made on the checking thread. */
import { exportArchitecture, type Exported, ExportError, type ExportFormat } from "./exports";
import type { Architecture } from "./theory/architecture/schema";
import { design, type DesignOutcome } from "./theory/design/design";
import { GroupError, groupOf, type SymmetryRequest } from "./theory/design/groups";
import { pairClasses, type PairClasses } from "./theory/design/pairClasses";
import { BeyondReach } from "./theory/patterns/rows";
import { capital } from "./theory/verdict/words";
import { withinReach } from "./theory/views/stack";

/** What was asked for, or why it cannot be had, in a sentence. */
export type Designed = { outcome: DesignOutcome } | { problem: string };
export type Written = { exported: Exported } | { problem: string };

export function designsFor(request: SymmetryRequest, width: number): Designed {
  try {
    return { outcome: design(groupOf(request), { width }) };
  } catch (error) {
    if (error instanceof GroupError) return { problem: error.message };
    if (error instanceof BeyondReach) return { problem: `${capital(error.message)}.` };
    throw error;
  }
}

/** Null where there is no picture of them. */
export const pictureOfPairs = (architecture: Architecture): PairClasses[] | null =>
  withinReach(() => pairClasses(architecture));

export function writtenAs(architecture: Architecture, format: ExportFormat): Written {
  try {
    return { exported: exportArchitecture(architecture, format) };
  } catch (error) {
    if (error instanceof ExportError) return { problem: error.message };
    throw error;
  }
}
