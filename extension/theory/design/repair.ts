/** The smallest changes that certify a refuted architecture. */
import type { Architecture } from "../architecture/schema";
import type { SkippedPart } from "../verdict/analyse";
import type { SpecChange, TheoryReport } from "../verdict/report";
import type { AttentionCost } from "./cost";

export interface Repair {
  /** Such as "Use 8 layers" or "Make token 0 global and use 2 layers". */
  title: string;
  /** How many single edits it takes. */
  edits: number;
  changes: SpecChange[];
  architecture: Architecture;
  /** Certified; supported where what the theorem does not cover (normalisation) was there before. */
  report: TheoryReport;
  cost: AttentionCost;
  /** What it costs against full attention in the layers and heads that the architecture had (1 is as much). */
  ofFull: number;
  /** Said where `ofFull` is above 1. */
  warning: string | null;
}

export interface RepairOutcome {
  before: { report: TheoryReport; cost: AttentionCost | null };
  /** The least attention first. */
  repairs: Repair[];
  /** Why there are none, in a sentence; null where there are, or where nothing is refuted. */
  none: string | null;
}

/** Never throws on a parsed architecture. */
export function repair(architecture: Architecture, skipped: readonly SkippedPart[] = []): RepairOutcome {
  throw new Error(`not yet: ${architecture.name} ${skipped.length}`);
}
