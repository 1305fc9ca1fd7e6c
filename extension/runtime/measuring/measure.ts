/** Everything that is measured on an architecture, as the report has it. */
import * as tf from "@tensorflow/tfjs-core";
import type { Architecture } from "../../theory/architecture/schema";
import { BeyondReach } from "../../theory/patterns/rows";
import { cycles } from "../../theory/symmetry/permutation";
import type { NotMeasured, NumericMargin, NumericReport, ParametersKind } from "../../theory/verdict/report";
import { count, cycleText } from "../../theory/verdict/words";
import { decide, type Decision } from "../../theory/views/decide";
import { Undecided } from "../../theory/views/stack";
import { build } from "../builders/build";
import { parametersFrom } from "../builders/flat";
import type { Model, Parameters } from "../builders/model";
import { type Comparison, comparisonsFor, declaredGenerators, generatorsOf } from "./comparisons";
import { equivarianceErrors } from "./equivariance";
import { alphabet, NotFinite, type Pause, tolerance } from "./gaps";
import { type Disagreement, type Identities, measureIdentities } from "./identities";
import { maximisedMargin, measureMargins } from "./margins";
import { type Prediction, predict } from "./predictions";
import { reach } from "./reach";
import { compareGroups, isSymmetry } from "./symmetry";

export interface MeasureParams {
  architecture: Architecture;
  seed: number;
  /** Values of all variables of the model (`valuesOf`), for example after training. */
  trained?: Float32Array;
}

export interface MeasureProgress {
  phase: "coincidences" | "margins" | "maximising" | "equivariance";
  /** The part of the phase that is done, 0 to 1. */
  done: number;
}

export interface MeasureContext {
  /** The name of the backend, for the report. */
  backend: string;
  pause: Pause;
  progress: (value: MeasureProgress) => void;
}

/** What every step needs. */
interface Measuring {
  architecture: Architecture;
  decision: Decision | null;
  predictions: readonly Prediction[];
  seed: number;
  pause: Pause;
  progress: MeasureContext["progress"];
  report: NumericReport;
}

/**
 * Measures an architecture on the backend of the moment: margins per layer and equivariance errors at initialisation, as trained and after maximising, and the
 * theory's coincidences and symmetries on random draws. What is beyond reach is left out with a note.
 */
export async function measure(
  { architecture, seed, trained }: MeasureParams,
  { backend, pause, progress }: MeasureContext,
): Promise<NumericReport | NotMeasured> {
  const notes: string[] = [];
  const decision = attempt(notes, "The theory decides nothing of this model", () => decide(architecture));
  if (decision?.stack.layers.some(({ emptyRow }) => emptyRow !== null))
    return { unavailable: "Nothing is measured: a query attends to nothing, so its output is undefined." };
  const within = reach(architecture, decision?.stack ?? null);
  if ("beyond" in within) return { unavailable: within.beyond };

  const wanted = comparisonsFor(architecture, decision, seed);
  const predictions =
    decision === null
      ? []
      : (attempt(notes, "No samples are compared", () => predict(decision.stack, wanted)) ?? []).slice(
          0,
          within.samples,
        );
  if (decision !== null && predictions.length < wanted.length)
    notes.push(`At this size ${predictions.length} of ${wanted.length} samples are compared.`);
  const report: NumericReport = {
    backend,
    refused: [], // only whoever chose the backend knows
    dtype: "float32",
    seed,
    comparisons: predictions.length,
    notes,
    layers: [],
    coincidences: null,
    group: null,
    equivariance: [],
    disagreements: [],
  };
  const measuring: Measuring = { architecture, decision, predictions, seed, pause, progress, report };
  let model: Model;
  try {
    model = build(architecture, { seed, regime: "standard" });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { unavailable: `The model is not built: ${error.message.replace(/\.$/, "")}.` };
  }
  try {
    await finite(report, "at initialisation", () => measureAt("initialisation", model, measuring));
    if (trained !== undefined) {
      const parameters = parametersFrom(model, trained);
      try {
        await finite(report, "at the trained parameters", () => measureAt("trained", model, measuring, parameters));
      } finally {
        tf.dispose(parameters);
      }
    }
    if (predictions.length > 0) {
      await finite(report, "at maximised margins", async () => {
        progress({ phase: "maximising", done: 0 });
        const maximised = await maximisedMargin(
          model,
          predictions,
          alphabet(architecture, seed),
          seed,
          within.ascent,
          pause,
        );
        try {
          await measureAt("maximised", maximised, measuring);
        } finally {
          maximised.dispose();
        }
      });
    }
  } finally {
    model.dispose();
  }
  if (predictions.length > 0)
    compare(
      measuring,
      await measureIdentities(architecture, predictions, seed, pause, (done) =>
        progress({ phase: "coincidences", done }),
      ),
    );
  return report;
}

/** Margins and equivariance errors at one kind of parameters. */
async function measureAt(
  at: ParametersKind,
  model: Model,
  measuring: Measuring,
  parameters?: Parameters,
): Promise<void> {
  const { architecture, decision, predictions, seed, pause, progress, report } = measuring;
  progress({ phase: "margins", done: 0 });
  const margins = await measureMargins(model, predictions, alphabet(architecture, seed), pause, parameters);
  for (const [l, { margin, spread }] of margins.entries()) {
    report.layers[l] ??= { layers: l, initialisation: null, maximised: null, trained: null };
    report.layers[l][at] = {
      margin: margin && { gap: margin.gap, s: margin.s, t: margin.t, ...sampleOf(margin.comparison) },
      spread,
    };
  }
  progress({ phase: "equivariance", done: 0 });
  const members = generatorsOf(decision);
  const declared = declaredGenerators(architecture).filter((p) => members.every((q) => q.join() !== p.join()));
  const errors = await equivarianceErrors(model, [...members, ...declared], seed, pause, parameters);
  for (const { permutation, max, rms, rounding } of errors) {
    const symmetry = isSymmetry(decision, permutation);
    report.equivariance.push({ permutation: cycles(permutation), symmetry, at, max, rms, rounding });
    if (symmetry !== true || max <= rounding) continue;
    report.disagreements.push({
      kind: "equivariance",
      statement: `By theory the model commutes with ${cycleText(cycles(permutation))}; ${where[at]} its outputs miss that by ${digits(max)} of their scale, where rounding explains ${digits(rounding)}.`,
      gap: max,
    });
  }
}

const where: Record<ParametersKind, string> = {
  initialisation: "at initialisation",
  trained: "at the trained parameters",
  maximised: "at maximised margins",
};

/** The comparison of theory and measurement, for the report. */
function compare({ architecture, decision, predictions, report }: Measuring, found: Identities): void {
  const { equal, different, draws, largestEqual, smallestDifferent, unresolved } = found;
  if (draws === 0) {
    report.notes.push(
      "The coincidences are not measured: no draw of the parameters stays within the range of float32.",
    );
    return;
  }
  report.coincidences = { equal, different, draws, tolerance, largestEqual, smallestDifferent, unresolved };
  for (const one of found.disagreements)
    report.disagreements.push({ kind: "coincidence", statement: disagreementText(one), gap: one.gap });
  if (found.disagreed > found.disagreements.length)
    report.notes.push(`${found.disagreements.length} of ${found.disagreed} contradicted coincidences are listed.`);

  const compared = compareGroups(architecture, decision, predictions, found);
  if (compared === null) return;
  report.group = compared.group;
  for (const statement of compared.disagreements)
    report.disagreements.push({ kind: "symmetry", statement, gap: tolerance });
}

function disagreementText({ layers, s, t, comparison, theory, gap }: Disagreement): string {
  const when = layers === 0 ? "Before the first layer" : `After ${count(layers, "layer")}`;
  const other = comparison.kind === "replacement" ? `X with token ${comparison.position} replaced` : `X rearranged by ${cycleText(cycles(comparison.permutation)) || "nothing"}`; // prettier-ignore
  return theory === "equal"
    ? `${when} token ${s} of every sample X and token ${t} of ${other} are equal by theory; measured, they are ${digits(gap)} of the tokens' scale apart.`
    : `${when} token ${s} of a sample X and token ${t} of ${other} differ by theory; measured, they are never more than ${digits(gap)} of the tokens' scale apart.`;
}

const sampleOf = (comparison: Comparison): Pick<NonNullable<NumericMargin["margin"]>, "replaced" | "permutation"> =>
  comparison.kind === "replacement"
    ? { replaced: comparison.position, permutation: null }
    : { replaced: null, permutation: cycles(comparison.permutation) };

const digits = (x: number): string => x.toPrecision(2);

/** The result, or undefined with a note where the theory says that it is out of reach. */
function attempt<T>(notes: string[], what: string, work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BeyondReach) && !(error instanceof Undecided)) throw error;
    notes.push(`${what}: ${error.message}.`);
    return null;
  }
}

/** Runs a step that may leave float32's range, which a note then says. */
async function finite(report: NumericReport, at: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof NotFinite)) throw error;
    report.notes.push(`Nothing is measured ${at}: ${error.message}.`);
  }
}
