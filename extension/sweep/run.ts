/** Evaluates points one after the other: the theory first, then what is measured in the runtime process. */
import { defaults } from "../runtime/training/options";
import { type RuntimeClient, RuntimeFailure, type RuntimeOptions } from "../runtime/process/client";
import type { Grid } from "./grid";
import type { DecidedPoint, Wanted } from "./point";
import { type Origin, rounded, type SweepRow } from "./row";

export interface SweepOptions {
  points: readonly number[];
  origin: Origin;
  settings: Pick<Grid, "training">;
  decide: (point: number) => Promise<DecidedPoint>;
  /** Null where nothing is measured. */
  client: RuntimeClient | null;
  signal: AbortSignal;
}

/** Where a runtime for a sweep is started: on one thread, for many processes share a machine, and sums have one order. */
export const runtimeOptions: Pick<RuntimeOptions, "env"> = { env: { UAP_LENS_THREADS: "1" } };

/** The backend of a grid's rows. */
export const backendOfRows = ({ margin, training, backend }: Pick<Grid, "margin" | "training" | "backend">) =>
  margin === null && training === null ? "none" : backend;

/**
 * The rows of the points, in their order.
 * @throws the signal's reason; RuntimeFailure where the backend cannot be had at all.
 */
export async function* sweep({
  points,
  origin,
  settings,
  decide,
  client,
  signal,
}: SweepOptions): AsyncGenerator<SweepRow> {
  for (const point of points) {
    signal.throwIfAborted();
    const { row, wanted } = await decide(point);
    signal.throwIfAborted();
    const measured = wanted && client ? await measuredOf(client, wanted, settings, signal) : {};
    const notes = [row.notes, measured.notes].filter((note) => note).join(" ");
    yield { ...origin, ...row, ...measured, notes: notes === "" ? null : notes };
  }
}

type Measured = Partial<Omit<SweepRow, "notes">> & { notes?: string };

/** Measures, once more if the runtime dies of it. */
async function measuredOf(
  client: RuntimeClient,
  wanted: Wanted,
  settings: SweepOptions["settings"],
  signal: AbortSignal,
): Promise<Measured> {
  for (let attempt = 1; ; attempt++) {
    try {
      const margins = await marginsOf(client, wanted, signal);
      const trained = await trainingOf(client, wanted, settings, signal);
      const notes = [margins.notes, trained.notes].filter((note) => note).join(" ");
      return { ...margins, ...trained, notes };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RuntimeFailure) || error.kind === "backend" || error.kind === "closed") throw error;
      if (attempt === 2) return { status: "failed", notes: `Not measured: ${error.message}` };
    }
  }
}

async function marginsOf(
  client: RuntimeClient,
  { architecture, seeds }: Wanted,
  signal: AbortSignal,
): Promise<Measured> {
  if (seeds.length === 0) return {};
  const found = await client.request("initialMargins", { architecture, seeds }, { signal });
  if ("unavailable" in found) return { notes: found.unavailable };
  const margins = found.margins.map((margin) => (margin === null ? null : rounded(margin)));
  return { margins, margin: margins.at(-1) ?? null };
}

/** Samples of the evaluation at the end of a run. */
const evaluation = 256;

async function trainingOf(
  client: RuntimeClient,
  { architecture, training }: Wanted,
  { training: settings }: SweepOptions["settings"],
  signal: AbortSignal,
): Promise<Measured> {
  if (training === null || settings === null) return {};
  if ("untrained" in training) return { notes: `Not trained: ${training.untrained.replace(/\.?$/, ".")}` };
  const { target, floor, seed } = training;
  const { steps, batch, rate } = settings;
  const options = { ...defaults, steps, batch, rate, seed, every: steps, evaluation, warmUp: Math.min(defaults.warmUp, Math.ceil(steps / 10)) }; // prettier-ignore
  try {
    const { loss, variance } = await client.request("train", { architecture, target, options, floor }, { signal });
    const trained = {
      loss: rounded(loss.value),
      lossLow: rounded(loss.low),
      lossHigh: rounded(loss.high),
      variance: rounded(variance),
      varianceShare: variance === 0 ? null : rounded(loss.value / variance),
    };
    if (typeof floor === "string") return { ...trained, notes: `No error floor is known: ${floor}.` };
    const { value, low, high } = floor.both;
    return { ...trained, floor: rounded(value), floorLow: rounded(low), floorHigh: rounded(high) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RuntimeFailure) throw error;
    // What the runtime says of the point itself: the same at every attempt.
    return { notes: `Not trained: ${(error as Error).message.replace(/\.?$/, ".")}` };
  }
}
