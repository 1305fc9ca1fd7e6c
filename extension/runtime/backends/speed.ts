/** How fast the active backend takes the kind of step that training takes. */
import * as tf from "@tensorflow/tfjs-core";

const [batch, tokens, width] = [16, 32, 32];

/**
 * Steps a second at the median step, of at least three and `milliseconds` together: forward and gradient of one layer of softmax attention and
 * its feed-forward network.
 */
export async function stepsPerSecond(milliseconds = 60): Promise<number> {
  const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, width ** -0.5, "float32", seed);
  const samples = tf.randomNormal<tf.Rank.R3>([batch, tokens, width], 0, 1, "float32", 1);
  const weights = [
    normal([width, width], 2),
    normal([width, width], 3),
    normal([width, width], 4),
    normal([width, 4 * width], 5),
    normal([4 * width, width], 6),
  ] as tf.Tensor2D[];
  const dense = (x: tf.Tensor, weight: tf.Tensor2D) =>
    tf.reshape(tf.matMul(tf.reshape(x, [batch * tokens, weight.shape[0]]), weight), [batch, tokens, weight.shape[1]]);
  const loss = (query: tf.Tensor2D, key: tf.Tensor2D, value: tf.Tensor2D, up: tf.Tensor2D, down: tf.Tensor2D) => {
    const logits = tf.matMul(dense(samples, query), dense(samples, key), false, true);
    const mixed = tf.add(samples, tf.matMul(tf.softmax(logits), dense(samples, value)));
    const output = tf.add(mixed, dense(tf.sigmoid(dense(mixed, up)), down));
    return tf.mean<tf.Scalar>(tf.square(output));
  };
  const gradients = tf.grads(loss as (...parameters: tf.Tensor[]) => tf.Scalar);
  // Waits for one gradient: a graphics device computes behind our back.
  const step = async () => {
    const results = gradients(weights);
    await results[0].data();
    tf.dispose(results);
  };
  await step(); // shaders are compiled, buffers made
  const times: number[] = [];
  for (let total = 0; times.length < 3 || total < milliseconds;) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
    total += times[times.length - 1];
  }
  tf.dispose([samples, weights]);
  times.sort((a, b) => a - b);
  return 1000 / times[Math.floor(times.length / 2)];
}
