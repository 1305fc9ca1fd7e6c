/** From symmetry to architecture: architectures whose symmetry is exactly a group, certified universal for it. */
import type { Architecture } from "../architecture/schema";
import type { TheoryReport } from "../verdict/report";
import type { AttentionCost } from "./cost";
import type { TokenGroup } from "./groups";

export interface Design {
  /** Such as "Circular window of 2", "2 of 5 orbits on pairs", "6 registers". */
  title: string;
  /** Why its symmetry is the group, with the source, in a sentence or two. */
  reason: string;
  /** `target.symmetry` is the group; the verdict is certified. */
  architecture: Architecture;
  report: TheoryReport;
  cost: AttentionCost;
  /** Numbers that are learned: of all layers with their feed-forward networks, position codes and registers. */
  parameters: number;
}

export interface DesignOutcome {
  group: {
    name: string;
    degree: number;
    order: string;
    generators: number[][][];
    orbits: number[][];
    pairOrbits: number;
    twoClosed: boolean;
    closure: string;
  };
  /** The cheapest first: pairs per layer, then layers, then parameters. */
  designs: Design[];
  /** What a person should know, in sentences: that registers were needed, what the search left out. */
  notes: string[];
}

export interface DesignOptions {
  /** d. */
  width: number;
}

/** @throws BeyondReach where the group is too large to be searched, with the limit in its message. */
export function design(group: TokenGroup, options: DesignOptions): DesignOutcome {
  throw new Error(`not yet: ${group.name} ${options.width}`);
}
