/** A training run: the model of the moment learns a target function on random samples. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor3D } from "@tensorflow/tfjs-core";
import type { Model, Parameters } from "../builders/model";
import { Adam, type AdamState } from "./adam";
import { type Estimate, Moments } from "./estimate";
import type { TrainingOptions } from "./options";
import { Random, streams } from "../random";
import { applyTarget, type TargetFunction } from "./targets";

/** Losses are mean squared errors per coordinate of an output token. */
export interface Metrics {
  step: number;
  /** Mean over the steps since the last evaluation. */
  trainingLoss: number;
  loss: Estimate;
  /** The smallest gap between outputs that differ by theory, relative to their scale (docs/measuring.md); null where it is not measured. */
  margin: number | null;
  /** Null where no step was taken since the run went on from a checkpoint. */
  stepsPerSecond: number | null;
}

/** What a run tells the world as it goes. */
export type TrainingEvent =
  /** The training losses of the steps after the first `first` ones, some times a second. */
  | { kind: "losses"; first: number; losses: Float32Array }
  | { kind: "metrics"; metrics: Metrics }
  /** Target and output on the first sample of the evaluation, [tokens, width] row by row. */
  | { kind: "sample"; step: number; target: Float32Array; output: Float32Array };

/** All that is needed to go on in another process, bit by bit as the run would have. */
export interface Checkpoint {
  adam: AdamState;
  /** The steps since the last evaluation, and the sum of their losses. */
  unevaluated: { steps: number; losses: number };
}

export interface TrainingResult {
  steps: number;
  /** On the samples of the evaluation, after the last step; the interval is that of their number. */
  loss: Estimate;
  /** The target's variance on the same samples, per coordinate, about the mean of each output token: what a constant output would leave. */
  variance: number;
}

/** What a run tells the world and asks of it; all of it may be left out. */
export interface Surroundings {
  /** Awaited between steps; throws to end the run. A last checkpoint is handed over then. */
  pause(this: void): Promise<void>;
  progress(this: void, event: TrainingEvent): void;
  checkpoint(this: void, checkpoint: Checkpoint): void;
  /** The margin at these parameters; awaits `pause` as the run does. */
  margin(this: void, parameters: Parameters, pause: () => Promise<void>): Promise<number | null>;
}

/** Where a run starts and ends, if not at its first and last step. */
export interface Stretch {
  from?: Checkpoint;
  /** Ends it after this step, as if the rest were for later: with an evaluation and a checkpoint. */
  until?: number;
}

/** A run whose loss is no number any more. */
export class Diverged extends Error {
  override readonly name = "Diverged";
}

/** Samples that go through the model at a time in an evaluation. */
const chunk = 64;

/** The learning rate of a step, counted from 0. */
export function rateAt(step: number, { rate, warmUp, steps }: TrainingOptions): number {
  if (step < warmUp) return (rate * (step + 1)) / warmUp;
  return (rate * (1 + Math.cos((Math.PI * (step - warmUp)) / Math.max(1, steps - warmUp)))) / 2;
}

/**
 * Trains the model's variables. Samples are independent standard normal tokens.
 * @throws Diverged; RangeError where the checkpoint is of another model, or target and model differ in shape.
 */
export async function train(
  model: Model,
  target: TargetFunction,
  options: TrainingOptions,
  {
    pause = () => Promise.resolve(),
    progress = () => undefined,
    checkpoint = () => undefined,
    margin = () => Promise.resolve(null),
  }: Partial<Surroundings> = {},
  { from, until = options.steps }: Stretch = {},
): Promise<TrainingResult> {
  const { tokens, width } = model.architecture;
  if (target.shape.tokens !== tokens || target.shape.width !== width)
    throw new RangeError(`the target is of ${target.shape.tokens} tokens of width ${target.shape.width}`);
  const size = tokens * width;
  const shape = (samples: number): [number, number, number] => [samples, tokens, width];
  const draw = (count: number, ...key: number[]) =>
    new Random(options.seed, ...key).normals(new Float64Array(count * size));
  const evaluationSamples = draw(options.evaluation, streams.evaluation);
  const evaluationTargets = applyTarget(target, evaluationSamples);
  const last = Math.min(until, options.steps);

  const adam = new Adam(model.variables);
  try {
    if (from) adam.restore(from.adam);
    const unevaluated = from ? { ...from.unevaluated } : { steps: 0, losses: 0 };
    const stream = new LossStream(adam.taken, progress);
    const hand = async () => checkpoint({ adam: await adam.state(), unevaluated: { ...unevaluated } });
    const rest = async () => {
      try {
        await pause();
      } catch (ended) {
        stream.flush();
        await hand();
        throw ended;
      }
    };
    const evaluate = async (): Promise<Pick<Metrics, "loss" | "margin">> => {
      const parameters = adam.unflattened();
      const errors = new Moments();
      try {
        for (let first = 0; first < options.evaluation; first += chunk) {
          const count = Math.min(chunk, options.evaluation - first);
          const [at, end] = [first * size, (first + count) * size];
          const outputs = tf.tidy(() =>
            model.forward(
              tf.tensor3d(Float32Array.from(evaluationSamples.subarray(at, end)), shape(count)),
              parameters,
            ),
          );
          const values = await outputs.data<"float32">();
          outputs.dispose();
          if (first === 0)
            progress({
              kind: "sample",
              step: adam.taken,
              target: Float32Array.from(evaluationTargets.subarray(0, size)),
              output: values.slice(0, size),
            });
          for (let start = 0; start < values.length; start += size) {
            let sum = 0;
            for (let i = start; i < start + size; i++) sum += (values[i] - evaluationTargets[at + i]) ** 2;
            errors.add(sum / size);
          }
          await rest();
        }
        return { loss: errors.estimate, margin: await margin(parameters, rest) };
      } finally {
        tf.dispose(parameters);
      }
    };

    let evaluated: Estimate | undefined;
    let here = { steps: 0, since: performance.now() };
    for (;;) {
      if (unevaluated.steps > 0 && (adam.taken % options.every === 0 || adam.taken >= last)) {
        const rate = (1000 * here.steps) / (performance.now() - here.since);
        stream.flush();
        const { loss, margin: smallest } = await evaluate();
        evaluated = loss;
        const metrics = {
          step: adam.taken,
          trainingLoss: unevaluated.losses / unevaluated.steps,
          loss,
          margin: smallest,
          stepsPerSecond: here.steps === 0 ? null : rate,
        };
        progress({ kind: "metrics", metrics });
        Object.assign(unevaluated, { steps: 0, losses: 0 });
        await hand();
        here = { steps: 0, since: performance.now() };
      }
      if (adam.taken >= last) break;
      await rest();
      const step = adam.taken;
      const samples = draw(options.batch, streams.training, step);
      const loss = stepOn(
        adam,
        model,
        samples,
        applyTarget(target, samples),
        shape(options.batch),
        rateAt(step, options),
      );
      const [value] = await loss.data();
      loss.dispose();
      if (!Number.isFinite(value)) throw new Diverged(`The loss is no number any more at step ${step + 1}.`);
      unevaluated.losses += value;
      unevaluated.steps++;
      here.steps++;
      stream.add(value);
    }
    adam.write();
    return {
      steps: adam.taken,
      loss: evaluated ?? (await evaluate()).loss,
      variance: varianceOf(evaluationTargets, size),
    };
  } finally {
    adam.dispose();
  }
}

/** Milliseconds between two messages with losses. */
const betweenLosses = 100;

/** Losses step by step, handed over together. */
class LossStream {
  private losses: number[] = [];
  private sent = performance.now();

  constructor(
    private first: number,
    private readonly progress: Surroundings["progress"],
  ) {}

  add(loss: number): void {
    this.losses.push(loss);
    if (performance.now() - this.sent >= betweenLosses) this.flush();
  }

  flush(): void {
    if (this.losses.length === 0) return;
    this.progress({ kind: "losses", first: this.first, losses: Float32Array.from(this.losses) });
    this.first += this.losses.length;
    this.losses = [];
    this.sent = performance.now();
  }
}

function stepOn(
  adam: Adam,
  model: Model,
  samples: Float64Array,
  targets: Float64Array,
  shape: [number, number, number],
  rate: number,
): tf.Scalar {
  return tf.tidy(() => {
    const x = tf.tensor3d(Float32Array.from(samples), shape);
    const y = tf.tensor3d(Float32Array.from(targets), shape);
    const loss = (parameters: Parameters): tf.Scalar =>
      tf.mean<tf.Scalar>(tf.square(tf.sub<Tensor3D>(model.forward(x, parameters), y)));
    return adam.step(loss, rate);
  });
}

/** The mean over coordinates of their variance over samples; `size` coordinates a sample. */
function varianceOf(values: Float64Array, size: number): number {
  const samples = values.length / size;
  let sum = 0;
  for (let coordinate = 0; coordinate < size; coordinate++) {
    let [mean, squares] = [0, 0];
    for (let i = coordinate; i < values.length; i += size) mean += values[i] / samples;
    for (let i = coordinate; i < values.length; i += size) squares += (values[i] - mean) ** 2;
    sum += squares / samples;
  }
  return sum / size;
}
