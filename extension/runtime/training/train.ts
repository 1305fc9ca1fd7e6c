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
  stepsPerSecond: number;
}

/** All that is needed to go on in another process, bit by bit as the run would have. */
export interface Checkpoint {
  adam: AdamState;
}

export interface TrainingResult {
  steps: number;
  /** On the samples of the evaluation, after the last step; the interval is that of their number. */
  loss: Estimate;
  /** The target's variance on the same samples, per coordinate, about the mean of each output token: what a constant output would leave. */
  variance: number;
}

/** What a run tells the world and asks of it. */
export interface Surroundings {
  /** Awaited between steps; throws to end the run. */
  pause(this: void): Promise<void>;
  progress(this: void, metrics: Metrics): void;
  checkpoint(this: void, checkpoint: Checkpoint): void;
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
 * @param from goes on from there instead of from the model's variables.
 * @throws Diverged; RangeError where the checkpoint is of another model, or target and model differ in shape.
 */
export async function train(
  model: Model,
  target: TargetFunction,
  options: TrainingOptions,
  { pause, progress, checkpoint }: Surroundings,
  from?: Checkpoint,
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

  const adam = new Adam(model.variables);
  try {
    if (from) adam.restore(from.adam);
    const evaluate = async (): Promise<Estimate> => {
      const parameters = adam.unflattened();
      const errors = new Moments();
      for (let first = 0; first < options.evaluation; first += chunk) {
        const count = Math.min(chunk, options.evaluation - first);
        const [at, end] = [first * size, (first + count) * size];
        const outputs = tf.tidy(() =>
          model.forward(tf.tensor3d(Float32Array.from(evaluationSamples.subarray(at, end)), shape(count)), parameters),
        );
        const values = await outputs.data();
        outputs.dispose();
        for (let start = 0; start < values.length; start += size) {
          let sum = 0;
          for (let i = start; i < start + size; i++) sum += (values[i] - evaluationTargets[at + i]) ** 2;
          errors.add(sum / size);
        }
        await pause();
      }
      tf.dispose(parameters);
      return errors.estimate;
    };

    let evaluated: Estimate | undefined;
    let [losses, since, started] = [0, 0, performance.now()];
    for (let step = adam.taken; step < options.steps; step++) {
      await pause();
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
      losses += value;
      since++;
      if ((step + 1) % options.every !== 0 && step + 1 !== options.steps) continue;
      const stepsPerSecond = (1000 * since) / (performance.now() - started);
      evaluated = await evaluate();
      progress({ step: step + 1, trainingLoss: losses / since, loss: evaluated, stepsPerSecond });
      checkpoint({ adam: await adam.state() });
      [losses, since, started] = [0, 0, performance.now()];
    }
    adam.write();
    return { steps: adam.taken, loss: evaluated ?? (await evaluate()), variance: varianceOf(evaluationTargets, size) };
  } finally {
    adam.dispose();
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
