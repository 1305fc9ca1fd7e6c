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
import type { Design } from "../../../extension/theory/design/design";
import type { TokenGroup } from "../../../extension/theory/design/groups";
import { cycles } from "../../../extension/theory/symmetry/permutation";
import { corpusGroups } from "../../reference/designs";

const folder = path.join(__dirname, "../designs");
const file = path.join(folder, "trained.json");

/** How a model of a design was made. */
type Make = Pick<Attempt, "hidden" | "more" | "heads" | "biases">;

export interface TrainedDesign extends Make {
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

export interface TrainedFloor extends Make {
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
}

export const readTrained = (): Trained =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Trained) : { designs: {}, floors: {} };

/** Adds an entry to the file, read anew, so that parts may run at the same time. */
export function record<Kind extends "designs" | "floors">(kind: Kind, id: string, entry: Trained[Kind][string]): void {
  const trained = readTrained();
  trained[kind][id] = entry as never;
  const lines = (entries: object) =>
    Object.entries(entries)
      .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(",\n");
  const order = corpusGroups().map((group) => group.id);
  const sorted = (entries: object) =>
    Object.fromEntries(Object.entries(entries).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
  writeFileSync(
    `${file}.${process.pid}`,
    `{\n  "designs": {\n${lines(sorted(trained.designs))}\n  },\n  "floors": {\n${lines(sorted(trained.floors))}\n  }\n}\n`,
  );
  renameSync(`${file}.${process.pid}`, file);
}

/** A design as it is trained: with four or more heads where it has one, so many hidden units, and so many layers more than it needs. None of that changes its symmetry. */
export const trainedArchitecture = (architecture: Architecture, { hidden, more, heads = 4 }: Make): Architecture => ({
  ...architecture,
  layers: architecture.layers.map((block) => ({
    ...block,
    repeat: block.repeat + more,
    mixer:
      block.mixer.kind === "attention"
        ? { ...block.mixer, heads: block.mixer.heads.map((head) => ({ ...head, count: heads })) }
        : block.mixer,
    feedForward: block.feedForward && { ...block.feedForward, hidden },
  })),
});

const targetOf = (architecture: Architecture, symmetry = architecture.target.symmetry) =>
  libraryTarget("random", {
    tokens: architecture.tokens,
    width: architecture.width,
    target: { symmetry },
  });

/** Of the architecture, and of values of its target that are the same on every machine. */
function fingerprint(architecture: Architecture, symmetry?: SymmetrySpec): string {
  const target = targetOf(architecture, symmetry);
  const values = applyTarget(target, new Random(1).normals(new Float64Array(architecture.tokens * architecture.width)));
  return createHash("sha256")
    .update(JSON.stringify([architecture, [...values].map((value) => value.toFixed(6))]))
    .digest("hex")
    .slice(0, 16);
}

/** Whether an entry is of this design and this target as they are now. */
export const isOf = (
  entry: TrainedDesign | TrainedFloor | undefined,
  { title, architecture }: Pick<Design, "title" | "architecture">,
  symmetry?: SymmetrySpec,
): boolean =>
  entry !== undefined &&
  entry.title === title &&
  entry.hash === fingerprint(trainedArchitecture(architecture, entry), symmetry);

/**
 * The model with what every block adds to its input made smaller, the more layers there are: without it a deep one starts in chaos. With larger biases heads differ
 * from the start in what they read; small ones that many registers share take long to part.
 */
function start(architecture: Architecture, { seed, biases = 1 }: Pick<Attempt, "seed" | "biases">): Model {
  const model = build(architecture, { seed, regime: "standard" });
  const layers = architecture.layers.reduce((sum, { repeat }) => sum + repeat, 0);
  const scale = (pattern: RegExp, factor: number) => {
    for (const [name, variable] of Object.entries(model.variables))
      if (pattern.test(name)) tf.tidy(() => variable.assign(tf.mul(variable, factor)));
  };
  scale(/\.attention\.output$|\.feedForward\.outer$/, 0.7 / Math.sqrt(layers));
  scale(/\.heads\.\d+\.bias$/, biases);
  return model;
}

export interface Attempt extends Pick<TrainingOptions, "steps" | "seed" | "rate"> {
  /** Which of the group's designs, 0 the cheapest, -1 the one of the fewest layers. */
  design: number;
  /** Layers beyond those that the design needs. */
  more: number;
  hidden: number;
  /** In every layer, 4 if not given. */
  heads?: number;
  /** What the initial biases of pairs are multiplied by, 1 if not given. */
  biases?: number;
}

/** Attempts one after the other: the cheapest design, the one of the fewest layers with larger biases, more hidden units and more heads, the cheapest with more steps and hidden units, more layers, the second design, and at last many heads for many steps. */
export const attempts: Attempt[] = [
  { design: 0, more: 0, hidden: 32, steps: 1500, seed: 1, rate: 1e-2 },
  { design: -1, more: 0, hidden: 64, steps: 4000, seed: 1, rate: 1e-2, biases: 8 },
  { design: -1, more: 0, hidden: 128, heads: 8, steps: 4000, seed: 1, rate: 1e-2, biases: 16 },
  { design: 0, more: 0, hidden: 64, steps: 4000, seed: 1, rate: 1e-2 },
  { design: 0, more: 2, hidden: 64, steps: 4000, seed: 1, rate: 1e-2 },
  { design: 1, more: 2, hidden: 64, steps: 4000, seed: 1, rate: 1e-2 },
  { design: -1, more: 2, hidden: 64, steps: 4000, seed: 1, rate: 1e-2, biases: 8 },
  { design: 0, more: 3, hidden: 64, steps: 10_000, seed: 3, rate: 7e-3 },
  { design: -1, more: 0, hidden: 256, heads: 24, steps: 12_000, seed: 1, rate: 1e-2, biases: 32 },
];
const common: Partial<TrainingOptions> = { batch: 32, every: 100, evaluation: 512 };
/** A run ends when its loss is below this share of the variance. */
const enough = 0.045;

/** Trains until the loss is below the share that is enough, or to the last step of the attempt: then with the lowest loss of any evaluation. */
export async function trainToShare(
  design: Architecture,
  { hidden, more, heads, biases, steps: most, seed, rate }: Attempt,
): Promise<Omit<TrainedDesign, "title">> {
  const architecture = trainedArchitecture(design, { hidden, more, heads });
  const target = targetOf(architecture);
  const options: TrainingOptions = { ...defaults, ...common, steps: most, seed, rate };
  const { batch } = options;
  const hash = fingerprint(architecture);
  const model = start(architecture, { seed, biases });
  let best: Omit<TrainedDesign, "title"> | undefined;
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
      if (best === undefined || share < best.share) best = { hash, hidden, more, heads, biases, seed, steps, batch, rate, loss, variance, share };
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
  design: Architecture,
  symmetry: SymmetrySpec,
  { hidden, more, heads, biases, steps: most, seed, rate }: Attempt,
): Promise<Omit<TrainedFloor, "title" | "target"> & { kept: boolean }> {
  const architecture = trainedArchitecture(design, { hidden, more, heads });
  const hash = fingerprint(architecture, symmetry);
  const target = targetOf(architecture, symmetry);
  const floor = estimateFloor(architecture, target);
  if (typeof floor === "string") throw new Error(floor);
  const options: TrainingOptions = { ...defaults, ...common, rate, seed, steps: most / 2, evaluation: 2048, every: 250 };
  const model = start(architecture, { seed, biases });
  try {
    let clearance = Infinity;
    const { steps, loss, variance } = await train(model, target, options, {
      progress: (event) => {
        if (event.kind === "metrics") clearance = Math.min(clearance, event.metrics.loss.high - floor.both.low);
      },
    });
    const kept = isPositive(floor) && clearance >= 0 && loss.value - floor.both.value < 0.05 * variance;
    return { hash, hidden, more, heads, biases, steps, floor: floor.both, loss, variance, clearance, kept };
  } finally {
    model.dispose();
  }
}
