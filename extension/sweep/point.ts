/** What the theory says of one point of a grid. */
import { createHash } from "node:crypto";
import type { Architecture } from "../theory/architecture/schema";
import { parseArchitecture } from "../theory/architecture/validate";
import { attentionCost } from "../theory/design/cost";
import { BeyondReach } from "../theory/patterns/rows";
import { examine } from "../theory/verdict/analyse";
import { Undecided } from "../theory/views/stack";
import { type Floor, estimateFloor } from "../runtime/training/floor";
import { isTargetFile, libraryTarget, targetProblem } from "../runtime/training/targets";
import { type Grid, pointOf, type TrainingSettings } from "./grid";
import { NoPlace } from "./axes";
import { longestSpecification, type Origin, rounded, type SweepRow } from "./row";

/** What is to be measured of a point. */
export interface Wanted {
  architecture: Architecture;
  /** Of the initialisations; none where no margin is wanted. */
  seeds: number[];
  training: { target: string; floor: Floor | string; seed: number } | { untrained: string } | null;
}

export interface DecidedPoint {
  /** With nothing measured. */
  row: Omit<SweepRow, keyof Origin>;
  /** Null where there is nothing to measure. */
  wanted: Wanted | null;
}

const empty: Omit<DecidedPoint["row"], "point" | "axes" | "status"> = {
  verdict: null,
  class: null,
  classVerdict: null,
  symmetry: null,
  order: null,
  layers: null,
  layersNeeded: null,
  pairsPerLayer: null,
  scores: null,
  fullScores: null,
  share: null,
  margin: null,
  margins: null,
  loss: null,
  lossLow: null,
  lossHigh: null,
  floor: null,
  floorLow: null,
  floorHigh: null,
  variance: null,
  varianceShare: null,
  statement: null,
  notes: null,
  specification: null,
};

/** Decides a point. Depends on the grid and the point alone; never throws. */
export function decidePoint(grid: Grid, point: number): DecidedPoint {
  const { values: axes, specification } = pointOf(grid, point);
  const invalid = (notes: string, written: unknown = null): DecidedPoint => ({
    row: { ...empty, point, axes, status: "invalid", notes, specification: written },
    wanted: null,
  });
  let value: unknown;
  try {
    value = specification();
  } catch (error) {
    if (!(error instanceof NoPlace)) throw error;
    return invalid(`${error.message}.`);
  }
  const text = JSON.stringify(value);
  const written = text.length > longestSpecification ? null : value;
  const parsed = parseArchitecture(value);
  if ("problems" in parsed) {
    const [{ path, message }] = parsed.problems;
    return invalid(`${path.join(".")}: ${message}.`, written);
  }
  const { architecture } = parsed;
  try {
    return {
      row: { ...empty, point, axes, status: "ok", ...decided(architecture), specification: written },
      wanted: wantedOf(grid, architecture),
    };
  } catch (error) {
    const notes = `A defect of UAP Lens, not of the grid: the point could not be analysed (${(error as Error).message}).`;
    return { row: { ...empty, point, axes, status: "failed", notes, specification: written }, wanted: null };
  }
}

function decided(architecture: Architecture): Partial<SweepRow> {
  const { report } = examine(architecture);
  const { verdict, statement, symmetry, attentionLayers, family } = report;
  const decided = {
    verdict,
    statement,
    class: report.class.visibility,
    classVerdict: report.class.verdict,
    symmetry: symmetry?.name ?? null,
    order: symmetry?.order ?? null,
    layers: attentionLayers,
    layersNeeded: family.attentionLayersNeeded,
  };
  try {
    const { pairsPerLayer, scores, fullScores } = attentionCost(architecture);
    return { ...decided, pairsPerLayer, scores, fullScores, share: rounded(scores / fullScores) };
  } catch (error) {
    if (!(error instanceof BeyondReach) && !(error instanceof Undecided)) throw error;
    return { ...decided, notes: `The cost is not known: ${error.message}.` };
  }
}

function wantedOf({ margin, training }: Grid, architecture: Architecture): Wanted | null {
  if (margin === null && training === null) return null;
  // What the parameters of a model depend on: equal models start from equal parameters wherever in a grid they are.
  const model = JSON.stringify({ ...architecture, name: undefined, target: undefined });
  const seedOf = (...key: (string | number)[]): number =>
    createHash("sha256")
      .update(JSON.stringify([model, ...key]))
      .digest()
      .readUInt32BE();
  return {
    architecture,
    seeds: Array.from({ length: margin?.seeds ?? 0 }, (_, i) => seedOf("margin", i)),
    training: training === null ? null : trainingOf(training, architecture, seedOf("training", training.seed)),
  };
}

/** How wide the intervals of floors may be, relative to the target's variance, and the numbers that are drawn for one at most: a tenth of a second or so. */
const floorOptions = { precision: 0.01, budget: 1e6 };

/** The training run of a point, with the floor that it is compared with. */
function trainingOf(settings: TrainingSettings, architecture: Architecture, seed: number): Wanted["training"] {
  const name = settings.target ?? architecture.target.function;
  if (name === null) return { untrained: "neither the grid nor the specification names a target" };
  if (isTargetFile(name)) return { untrained: `${name} is code of your own, which a sweep does not run` };
  const problem = targetProblem(name, architecture);
  if (problem !== null) return { untrained: problem };
  const floor = estimateFloor(architecture, libraryTarget(name, architecture), floorOptions);
  return { target: name, floor, seed };
}
