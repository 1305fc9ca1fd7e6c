/** What every backend has to get right before anything is computed on it. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { type Backend, type BackendName, BackendUnavailable } from "./backend";

const tolerance = 1e-4;

/**
 * Brings a backend up and tries it.
 * @throws BackendUnavailable if it does not come up or computes wrong results.
 */
export async function tested(name: BackendName, bringUp: () => Promise<Backend>): Promise<Backend> {
  try {
    const backend = await bringUp();
    await smokeTest();
    return backend;
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "");
    throw new BackendUnavailable(name, reason, { cause });
  }
}

/** Throws, with what went wrong, if the active backend computes wrong results. */
export async function smokeTest(): Promise<void> {
  await oneBufferTwoShapes();
  await batchedProducts();
  await gradient();
}

/** One buffer as the right operand under two shapes: a cache of prepared operands that ignores shapes gives wrong numbers. */
async function oneBufferTwoShapes(): Promise<void> {
  const results = tf.tidy(() => {
    const right = tf.tensor2d([5, 6, 7, 8], [2, 2]);
    const first = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), right);
    const second = tf.matMul(tf.tensor2d([4], [1, 1]), tf.reshape(right, [1, 4]));
    return [first, second];
  });
  await expect("a product", results[0], [19, 22, 43, 50]);
  await expect("a product whose right operand was used in another shape before", results[1], [20, 24, 28, 32]);
}

/** Products of a batch, each operand plain and transposed, against the definition. */
async function batchedProducts(): Promise<void> {
  const [batch, m, k, n] = [3, 5, 4, 6];
  const a = Array.from({ length: batch * m * k }, (_, index) => Math.sin(index));
  const b = Array.from({ length: batch * k * n }, (_, index) => Math.cos(3 * index));
  for (const transposeA of [false, true])
    for (const transposeB of [false, true]) {
      const expected: number[] = [];
      for (let slice = 0; slice < batch; slice++)
        for (let row = 0; row < m; row++)
          for (let column = 0; column < n; column++) {
            let sum = 0;
            for (let inner = 0; inner < k; inner++) {
              const left = a[slice * m * k + (transposeA ? inner * m + row : row * k + inner)];
              const right = b[slice * k * n + (transposeB ? column * k + inner : inner * n + column)];
              sum += left * right;
            }
            expected.push(sum);
          }
      const result = tf.tidy(() =>
        tf.matMul(
          tf.tensor3d(a, transposeA ? [batch, k, m] : [batch, m, k]),
          tf.tensor3d(b, transposeB ? [batch, n, k] : [batch, k, n]),
          transposeA,
          transposeB,
        ),
      );
      await expect(`a batched product (transposed: ${transposeA}, ${transposeB})`, result, expected);
    }
}

/** The gradient of |softmax(x)|^2 in x, which is 2 s (s - |s|^2) with s = softmax(x). */
async function gradient(): Promise<void> {
  const logits = [0.5, -1, 2, 0.25];
  const exponentials = logits.map(Math.exp);
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  const softmax = exponentials.map((value) => value / total);
  const norm = softmax.reduce((sum, value) => sum + value * value, 0);
  const result = tf.tidy(() => tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.softmax(x))))(tf.tensor1d(logits)));
  await expect(
    "the gradient of a softmax",
    result,
    softmax.map((value) => 2 * value * (value - norm)),
  );
}

async function expect(what: string, result: tf.Tensor, expected: readonly number[]): Promise<void> {
  const values = await result.data();
  result.dispose();
  const error = Math.max(...expected.map((value, index) => Math.abs(value - values[index])));
  // A comparison that NaN fails.
  if (!(error <= tolerance))
    throw new Error(`it computes ${what} wrongly: [${Array.from(values).join(", ")}] for [${expected.join(", ")}]`);
}
