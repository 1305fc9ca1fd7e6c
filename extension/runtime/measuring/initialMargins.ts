/** The margins of an architecture at initialisation, and nothing else: what a sweep measures of each of its points. */
import type { Architecture } from "../../theory/architecture/schema";
import { BeyondReach } from "../../theory/patterns/rows";
import type { NotMeasured } from "../../theory/verdict/report";
import { decide, type Decision } from "../../theory/views/decide";
import { Undecided } from "../../theory/views/stack";
import { build } from "../builders/build";
import type { Model } from "../builders/model";
import { comparisonsFor, spaced } from "./comparisons";
import { alphabet, NotFinite, type Pause } from "./gaps";
import { measureMargins } from "./margins";
import { type Prediction, predict } from "./predictions";
import { reach } from "./reach";

/** Most samples that X is compared with. */
const compared = 24;

export interface InitialMarginsParams {
  architecture: Architecture;
  /** One for each initialisation, with letters of its own; the first also decides which samples are compared. At least one. */
  seeds: readonly number[];
}

/**
 * Before the first layer and after every layer the smallest gap, over all initialisations, between tokens that differ by theory, relative to the tokens'
 * scale; null where no two that were compared do.
 */
export interface InitialMargins {
  margins: (number | null)[];
}

export async function initialMargins(
  { architecture, seeds }: InitialMarginsParams,
  pause: Pause,
): Promise<InitialMargins | NotMeasured> {
  const unavailable = (why: string): NotMeasured => ({ unavailable: `The margin is not measured: ${why.replace(/\.?$/, ".")}` }); // prettier-ignore
  let decision: Decision;
  let predictions: Prediction[];
  try {
    decision = decide(architecture);
    if (decision.stack.layers.some(({ emptyRow }) => emptyRow !== null))
      return unavailable("a query attends to nothing, so its output is undefined");
    const within = reach(architecture, decision.stack);
    if ("beyond" in within) return unavailable(within.beyond);
    const wanted = comparisonsFor(architecture, decision, seeds[0]);
    predictions = predict(decision.stack, spaced(wanted, Math.min(compared, within.samples)));
  } catch (error) {
    if (!(error instanceof BeyondReach) && !(error instanceof Undecided)) throw error;
    return unavailable(error.message);
  }
  const margins: (number | null)[] = [];
  for (const seed of seeds) {
    await pause();
    let model: Model;
    try {
      model = build(architecture, { seed, regime: "standard" });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return unavailable(`the model is not built: ${error.message}`);
    }
    try {
      const layers = await measureMargins(model, predictions, alphabet(architecture, seed), pause);
      layers.forEach(({ margin }, layer) => {
        const before = margins[layer] ?? Infinity;
        margins[layer] = margin === null ? (margins[layer] ?? null) : Math.min(before, margin.gap);
      });
    } catch (error) {
      if (!(error instanceof NotFinite)) throw error;
      return unavailable(error.message);
    } finally {
      model.dispose();
    }
  }
  return { margins };
}
