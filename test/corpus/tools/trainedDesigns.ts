/** How the designs of the corpus are trained: what train_designs.ts does for all of them, and a test for one. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../../extension/runtime/random";
import { build } from "../../../extension/runtime/builders";
import type { Model } from "../../../extension/runtime/builders/model";
import type { Estimate } from "../../../extension/runtime/training/estimate";
import { estimateFloor, isPositive } from "../../../extension/runtime/training/floor";
import { defaults, type TrainingOptions } from "../../../extension/runtime/training/options";
import { applyTarget, libraryTarget } from "../../../extension/runtime/training/targets";
import { type Checkpoint, train } from "../../../extension/runtime/training/train";
import type { Architecture, SymmetrySpec } from "../../../extension/theory/architecture/schema";
import { groupOf, type SymmetryRequest, type TokenGroup } from "../../../extension/theory/design/groups";
import { cycles } from "../../../extension/theory/symmetry/permutation";

const folder = path.join(__dirname, "../designs");
const file = path.join(folder, "trained.json");

export const corpusGroups = (): { id: string; request: SymmetryRequest }[] =>
  JSON.parse(readFileSync(path.join(folder, "groups.json"), "utf8"));

export interface TrainedDesign {
  title: string;
  /** Of the architecture as it was trained and of values of its target. */
  hash: string;
  seed: number;
  steps: number;
  batch: number;
  rate: number;
  loss: Estimate;
  variance: number;
  /** The loss by the variance. */
  share: number;
}

export interface TrainedFloor {
  title: string;
  hash: string;
  /** The symmetry of the target: less than the architecture's. */
  target: SymmetrySpec;
  steps: number;
  floor: Estimate;
  loss: Estimate;
  variance: number;
  /** The least that the upper end of the loss's interval was above the lower end of the floor's, at any evaluation. */
  clearance: number;
}

export interface Trained {
  designs: Record<string, TrainedDesign>;
  floors: Record<string, TrainedFloor>;
  /** Groups that have not been trained, or not to below 5 %. */
  open: string[];
}

export const readTrained = (): Trained =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Trained) : { designs: {}, floors: {}, open: [] };

/** Adds an entry to the file, read anew, so that parts may run at the same time. */
export function record<Kind extends "designs" | "floors">(kind: Kind, id: string, entry: Trained[Kind][string]): void {
  const trained = readTrained();
  trained[kind][id] = entry as never;
  const lines = (entries: object) =>
    Object.entries(entries)
      .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(",\n");
  const order = corpusGroups().map((group) => group.id);
  const open = corpusGroups()
    .filter(({ id, request }) => trained.designs[id] === undefined && groupOf(request).degree > 1)
    .map((group) => group.id);
  const sorted = (entries: object) =>
    Object.fromEntries(Object.entries(entries).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
  writeFileSync(
    `${file}.${process.pid}`,
    `{\n  "designs": {\n${lines(sorted(trained.designs))}\n  },\n  "floors": {\n${lines(sorted(trained.floors))}\n  },\n  "open": ${JSON.stringify(open)}\n}\n`,
  );
  renameSync(`${file}.${process.pid}`, file);
}

/** A design as it is trained: with four heads where it has one and 32 hidden units, which no hypothesis or symmetry depends on. */
export const trainedArchitecture = (architecture: Architecture): Architecture => ({
  ...architecture,
  layers: architecture.layers.map((block) => ({
    ...block,
    mixer:
      block.mixer.kind === "attention"
        ? { ...block.mixer, heads: block.mixer.heads.map((head) => ({ ...head, count: 4 })) }
        : block.mixer,
    feedForward: block.feedForward && { ...block.feedForward, hidden: 32 },
  })),
});

const targetOf = (architecture: Architecture, symmetry = architecture.target.symmetry) =>
  libraryTarget("random", {
    tokens: architecture.tokens,
    width: architecture.width,
    target: { symmetry },
  });

/** Of the architecture, and of values of its target that are the same on every machine. */
export function fingerprint(architecture: Architecture, symmetry?: SymmetrySpec): string {
  const target = targetOf(architecture, symmetry);
  const values = applyTarget(target, new Random(1).normals(new Float64Array(architecture.tokens * architecture.width)));
  return createHash("sha256")
    .update(JSON.stringify([architecture, [...values].map((value) => value.toFixed(6))]))
    .digest("hex")
    .slice(0, 16);
}

/** The model with what every block adds to its input made smaller, the more layers there are: without it a deep one starts in chaos. */
function start(architecture: Architecture, seed: number): Model {
  const model = build(architecture, { seed, regime: "standard" });
  const layers = architecture.layers.reduce((sum, { repeat }) => sum + repeat, 0);
  for (const [name, variable] of Object.entries(model.variables))
    if (/\.attention\.output$|\.feedForward\.outer$/.test(name))
      tf.tidy(() => variable.assign(tf.mul(variable, 0.7 / Math.sqrt(layers))));
  return model;
}

/** Attempts, each with another start and more steps than the one before. */
export const attempts: Pick<TrainingOptions, "steps" | "seed" | "rate">[] = [
  { steps: 1500, seed: 1, rate: 1e-2 },
  { steps: 4000, seed: 2, rate: 1e-2 },
  { steps: 10_000, seed: 3, rate: 7e-3 },
];
const common: Partial<TrainingOptions> = { batch: 32, every: 100, evaluation: 512 };
/** A run ends when its loss is below this share of the variance. */
const enough = 0.045;

/** Trains until the loss is below the share that is enough, or to the last step of the attempt: then with the lowest loss of any evaluation. */
export async function trainToShare(
  architecture: Architecture,
  attempt: (typeof attempts)[number],
): Promise<Omit<TrainedDesign, "title" | "hash">> {
  const target = targetOf(architecture);
  const options: TrainingOptions = { ...defaults, ...common, ...attempt };
  const { seed, batch, rate } = options;
  const model = start(architecture, seed);
  let best: Omit<TrainedDesign, "title" | "hash"> | undefined;
  try {
    let from: Checkpoint | undefined;
    for (let until = options.every; until <= options.steps; until += options.every) {
      const { steps, loss, variance } = await train(
        model,
        target,
        options,
        { checkpoint: (checkpoint) => (from = checkpoint) },
        { from, until },
      );
      const share = loss.value / variance;
      if (best === undefined || share < best.share) best = { seed, steps, batch, rate, loss, variance, share };
      if (share < enough) break;
    }
    return best!;
  } finally {
    model.dispose();
  }
}

/** Groups whose design is also trained on a target of a subgroup: the one that the first of their generators, so many of them, generate. */
export const floorCases: { id: string; generators: number }[] = [
  { id: "2T1", generators: 0 },
  { id: "3T1", generators: 0 },
  { id: "3T2", generators: 0 },
  { id: "4T1", generators: 0 },
  { id: "4T2", generators: 1 },
  { id: "4T3", generators: 1 },
  { id: "4T5", generators: 1 },
  { id: "5T1", generators: 0 },
  { id: "5T2", generators: 1 },
  { id: "5T5", generators: 1 },
  { id: "6T3", generators: 1 },
  { id: "6T6", generators: 1 },
  { id: "6T13", generators: 1 },
  { id: "6T16", generators: 1 },
  { id: "S_2 x S_2", generators: 1 },
];

export const subgroup = ({ group }: TokenGroup, generators: number): SymmetrySpec => ({
  generators: group.generators.slice(0, generators).map(cycles),
});

export async function trainFloor(
  architecture: Architecture,
  symmetry: SymmetrySpec,
  { steps: most, seed, rate }: (typeof attempts)[number],
): Promise<Omit<TrainedFloor, "title" | "hash" | "target"> & { kept: boolean }> {
  const target = targetOf(architecture, symmetry);
  const floor = estimateFloor(architecture, target);
  if (typeof floor === "string") throw new Error(floor);
  const options: TrainingOptions = { ...defaults, ...common, rate, seed, steps: most / 2, evaluation: 2048, every: 250 };
  const model = start(architecture, seed);
  try {
    let clearance = Infinity;
    const { steps, loss, variance } = await train(model, target, options, {
      progress: (event) => {
        if (event.kind === "metrics") clearance = Math.min(clearance, event.metrics.loss.high - floor.both.low);
      },
    });
    const kept = isPositive(floor) && clearance >= 0 && loss.value - floor.both.value < 0.05 * variance;
    return { steps, floor: floor.both, loss, variance, clearance, kept };
  } finally {
    model.dispose();
  }
}
