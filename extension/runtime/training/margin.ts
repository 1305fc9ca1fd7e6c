/** The margin of a model as it is trained: the smallest gap between outputs that differ by theory (docs/measuring.md). */
import type { Architecture } from "../../theory/architecture/schema";
import { BeyondReach } from "../../theory/patterns/rows";
import { decide } from "../../theory/views/decide";
import { Undecided } from "../../theory/views/stack";
import type { Model } from "../builders/model";
import { comparisonsFor, spaced } from "../measuring/comparisons";
import { alphabet, NotFinite } from "../measuring/gaps";
import { measureMargins } from "../measuring/margins";
import { predict } from "../measuring/predictions";
import { reach } from "../measuring/reach";
import type { Surroundings } from "./train";

/** Samples that the sample X is compared with at every evaluation. */
const compared = 12;

/** What measures the margin of a model of the architecture; it gives null where nothing of it can be compared. */
export function marginMeter(architecture: Architecture, seed: number): (model: Model) => Surroundings["margin"] {
  const predictions = predictionsFor(architecture, seed);
  const letters = alphabet(architecture, seed);
  return (model) => async (parameters, pause) => {
    if (predictions.length === 0) return null;
    try {
      const margins = await measureMargins(model, predictions, letters, pause, parameters);
      return margins.at(-1)?.margin?.gap ?? null;
    } catch (error) {
      if (error instanceof NotFinite) return null;
      throw error;
    }
  };
}

function predictionsFor(architecture: Architecture, seed: number) {
  try {
    const decision = decide(architecture);
    const within = reach(architecture, decision.stack);
    if ("beyond" in within) return [];
    const wanted = comparisonsFor(architecture, decision, seed);
    return predict(decision.stack, spaced(wanted, Math.min(compared, within.samples)));
  } catch (error) {
    if (error instanceof BeyondReach || error instanceof Undecided) return [];
    throw error;
  }
}
