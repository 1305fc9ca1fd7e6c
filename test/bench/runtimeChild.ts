/** A runtime process that measures forward passes and training steps. */
import * as tf from "@tensorflow/tfjs-core";
import { build } from "../../extension/runtime/builders";
import type { Context, Handler } from "../../extension/runtime/process/protocol";
import { serve } from "../../extension/runtime/process/serve";
import { handlers } from "../../extension/runtime/process/handlers";
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
  const variables = Object.values(model.variables);
  const names = Object.keys(model.variables);
  const gradients = tf.valueAndGrads((...parameters: tf.Tensor[]) => {
    const output = model.forward(samples, Object.fromEntries(names.map((name, index) => [name, parameters[index]])));
    return tf.mean(tf.square(tf.sub(output, targets)));
  });
  const adam = flatAdam(variables);
  const forward = async () => {
    const output = model.forward(samples);
    await finished(output);
    output.dispose();
  };
  const step = async () => {
    const { value, grads } = gradients(variables);
    adam.update(grads);
    await finished(variables[0]);
    tf.dispose([value, ...grads]);
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

/** Adam (1412.6980) on all parameters as one vector. */
function flatAdam(variables: tf.Variable[]) {
  const [rate, first, second, epsilon] = [1e-3, 0.9, 0.999, 1e-8];
  const sizes = variables.map(({ size }) => size);
  const size = sizes.reduce((sum, part) => sum + part, 0);
  const [momentum, scale] = [tf.variable(tf.zeros([size])), tf.variable(tf.zeros([size]))];
  let count = 0;
  return {
    update(gradients: tf.Tensor[]) {
      count++;
      tf.tidy(() => {
        const flat = (tensors: tf.Tensor[]) => tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1])));
        const gradient = flat(gradients);
        momentum.assign(tf.add(tf.mul(momentum, first), tf.mul(gradient, 1 - first)));
        scale.assign(tf.add(tf.mul(scale, second), tf.mul(tf.square(gradient), 1 - second)));
        const change = tf.div(
          tf.mul(momentum, rate / (1 - first ** count)),
          tf.add(tf.sqrt(tf.div(scale, 1 - second ** count)), epsilon),
        );
        const parts = tf.split(tf.sub(flat(variables), change), sizes);
        variables.forEach((variable, index) => variable.assign(tf.reshape(parts[index], variable.shape)));
      });
    },
    dispose: () => tf.dispose([momentum, scale]),
  };
}

const measuring = { ...handlers, measure };
export type Measuring = typeof measuring;

serve(measuring, Number(process.argv[2]));
