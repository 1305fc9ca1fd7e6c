/** A runtime process that measures forward passes and training steps. */
import * as tf from "@tensorflow/tfjs-core";
import { build } from "../../extension/runtime/builders";
import type { Context, Handler } from "../../extension/runtime/process/protocol";
import { serve } from "../../extension/runtime/process/serve";
import { handlers } from "../../extension/runtime/process/handlers";
import { Adam } from "../../extension/runtime/training/adam";
import { architectureSchema, type ArchitectureInput } from "../../extension/theory/architecture/schema";

export interface Times {
  /** Median milliseconds. */
  forward: number;
  step: number;
  /** Bytes: the process in memory, and what the backend holds. */
  resident: number;
  held: number | null;
}

const measure: Handler<{ architecture: ArchitectureInput; batch: number; seconds: number }, Times> = async (
  { architecture: input, batch, seconds },
  context,
) => {
  const architecture = architectureSchema.parse(input);
  const { tokens, width } = architecture;
  const model = build(architecture, { seed: 1, regime: "standard" });
  const [samples, targets] = [1, 2].map((seed) =>
    tf.randomNormal<tf.Rank.R3>([batch, tokens, width], 0, 1, "float32", seed),
  );
  const adam = new Adam(model.variables);
  const forward = async () => {
    const output = model.forward(samples);
    await finished(output);
    output.dispose();
  };
  const step = async () => {
    const loss = adam.step(
      (parameters) => tf.mean(tf.square(tf.sub(model.forward(samples, parameters), targets))),
      1e-3,
    );
    await loss.data();
    loss.dispose();
    // The loss is known before the gradient is.
    const parameters = adam.unflattened();
    await finished(Object.values(parameters)[0]);
    tf.dispose(parameters);
  };
  const times = { forward: await median(forward, seconds, context), step: await median(step, seconds, context) };
  const memory = { resident: process.memoryUsage.rss(), held: context.backend.memory?.() ?? null };
  adam.dispose();
  tf.dispose([samples, targets]);
  model.dispose();
  return { ...times, ...memory };
};

/** A graphics device has finished once a part of the result is here. */
async function finished(tensor: tf.Tensor): Promise<void> {
  const first = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), [0], [1]));
  await first.data();
  first.dispose();
}

async function median(run: () => Promise<void>, seconds: number, { pause }: Context<never, never>): Promise<number> {
  for (let warmUp = 0; warmUp < 2; warmUp++) await run();
  const times: number[] = [];
  for (let total = 0; times.length < 3 || (total < 1000 * seconds && times.length < 200);) {
    await pause();
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
    total += times[times.length - 1];
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}

const measuring = { ...handlers, measure };
export type Measuring = typeof measuring;

serve(measuring, Number(process.argv[2]));
