import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { type BackendName, BackendUnavailable } from "../../extension/runtime/backends/backend";
import { smokeTest } from "../../extension/runtime/backends/smoke";
import { start } from "../../extension/runtime/backends/start";
import { compileKernels } from "../rig/compileKernels";

/** A product of batches by its definition, in double precision; operands [batch..., rows, columns] whose batches broadcast from the left. */
function product(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): number[] {
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [aValues, bValues] = [a.dataSync(), b.dataSync()];
  const at = (tensor: tf.Tensor, values: ArrayLike<number>, index: number[], row: number, column: number) => {
    let offset = 0;
    tensor.shape.slice(0, -2).forEach((size, axis) => {
      const aligned = index[index.length - (tensor.rank - 2) + axis];
      offset = offset * size + (size === 1 ? 0 : aligned);
    });
    const [rows, columns] = tensor.shape.slice(-2);
    return values[(offset * rows + row) * columns + column];
  };
  const [m, k] = transposeA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
  const n = transposeB ? b.shape[b.rank - 2] : b.shape[b.rank - 1];
  const result: number[] = [];
  const count = outer.reduce((total, size) => total * size, 1);
  for (let slice = 0; slice < count; slice++) {
    const index: number[] = [];
    for (let axis = outer.length - 1, rest = slice; axis >= 0; axis--) {
      index.unshift(rest % outer[axis]);
      rest = Math.floor(rest / outer[axis]);
    }
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++) {
        let sum = 0;
        for (let inner = 0; inner < k; inner++)
          sum +=
            at(a, aValues, index, transposeA ? inner : row, transposeA ? row : inner) *
            at(b, bValues, index, transposeB ? column : inner, transposeB ? inner : column);
        result.push(sum);
      }
  }
  return result;
}

function error(result: tf.Tensor, expected: readonly number[]): number {
  const values = result.dataSync();
  assert.equal(values.length, expected.length);
  return Math.max(0, ...expected.map((value, index) => Math.abs(value - values[index])));
}

describe("backends", () => {
  /** Tests of native TensorFlow run where it has been set up. */
  async function bringUp(this: Mocha.Context, name: BackendName): Promise<void> {
    try {
      await start(name);
    } catch (failure) {
      if (name !== "tensorflow" || !(failure instanceof BackendUnavailable)) throw failure;
      console.log(`      skipped: ${failure.message}`);
      this.skip();
    }
  }

  for (const name of ["cpu", "wasm", "tensorflow"] as const)
    describe(name, () => {
      before(async function () {
        await bringUp.call(this, name);
      });
      // Test files of other backends may have run in this process before.
      beforeEach(async () => void (await start(name)));

      it("describes itself", async () => {
        const backend = await start(name);
        assert.equal(backend.name, name);
        assert.equal(backend.software, false);
        assert.match(backend.version, /\d+\.\d+\.\d+/);
        console.log(`      ${backend.device}, ${backend.version}`);
      });

      it("multiplies batches, transposed or not, broadcast or not", () => {
        const shapes: [a: number[], b: number[], m: number, k: number, n: number][] = [
          [[], [], 1, 1, 1],
          [[], [], 3, 7, 5],
          [[1], [1], 8, 4, 8],
          [[6], [6], 5, 9, 2],
          [[6], [1], 5, 9, 2],
          [[1], [6], 5, 3, 2],
          [[2, 3], [2, 3], 4, 16, 4],
          [[2, 1], [1, 3], 2, 5, 3],
          [[3], [2, 3], 2, 4, 3],
          [[4], [4], 1, 64, 1],
          [[2], [2], 103, 300, 13], // more rows, terms and columns than are packed at a time
        ];
        let worst = 0;
        for (const [outerA, outerB, m, k, n] of shapes) {
          // Plain JavaScript repeats a whole operand, or none of it.
          if (name === "cpu" && outerA.length * outerB.length > 1 && outerA.join() !== outerB.join()) continue;
          for (const transposeA of [false, true])
            for (const transposeB of [false, true])
              tf.tidy(() => {
                const a = tf.randomNormal([...outerA, ...(transposeA ? [k, m] : [m, k])], 0, 1, "float32", 1);
                const b = tf.randomNormal([...outerB, ...(transposeB ? [n, k] : [k, n])], 0, 1, "float32", 2);
                const result = tf.matMul(a, b, transposeA, transposeB);
                const expected = product(a, b, transposeA, transposeB);
                assert.equal(result.size, expected.length);
                worst = Math.max(worst, error(result, expected) / Math.sqrt(k));
              });
        }
        console.log(`      greatest error ${worst.toExponential(1)} for a root of the number of terms`);
        assert.ok(worst < 1e-5, `${worst}`);
      });

      it("multiplies empty matrices", () =>
        tf.tidy(() => {
          assert.deepEqual(tf.matMul(tf.zeros([2, 0, 3]), tf.zeros([2, 3, 4])).shape, [2, 0, 4]);
          if (name === "tensorflow") return; // it sums over nothing as well, but TensorFlow.js gives it no such tensor
          const overNothing = tf.matMul(tf.zeros([2, 3, 0]), tf.zeros([2, 0, 2]));
          assert.deepEqual([...overNothing.dataSync()], new Array(12).fill(0));
        }));

      it("gives the gradients of a product", () => {
        const [m, k, n] = [6, 33, 5];
        let worst = 0;
        for (const outer of [[], [4]])
          for (const transposeA of [false, true])
            for (const transposeB of [false, true])
              tf.tidy(() => {
                const a = tf.randomNormal([...outer, ...(transposeA ? [k, m] : [m, k])], 0, 1, "float32", 1);
                const b = tf.randomNormal([...outer, ...(transposeB ? [n, k] : [k, n])], 0, 1, "float32", 2);
                const weight = tf.randomNormal([...outer, m, n], 0, 1, "float32", 3);
                const [da, db] = tf.grads((x: tf.Tensor, y: tf.Tensor) =>
                  tf.sum(tf.mul(tf.matMul(x, y, transposeA, transposeB), weight)),
                )([a, b]);
                // d sum(W (A B)) = W B' in A and A' W in B, in the operand's own layout.
                const expectedA = transposeA
                  ? product(b, weight, transposeB, true)
                  : product(weight, b, false, !transposeB);
                const expectedB = transposeB
                  ? product(weight, a, true, transposeA)
                  : product(a, weight, !transposeA, false);
                worst = Math.max(worst, error(da, expectedA), error(db, expectedB));
              });
        console.log(`      greatest error ${worst.toExponential(1)}`);
        assert.ok(worst < 1e-4, `${worst}`);
      });

      it("multiplies by one buffer under several shapes", () =>
        tf.tidy(() => {
          const right = tf.randomNormal([12, 10], 0, 1, "float32", 4);
          for (const shape of [
            [12, 10],
            [10, 12],
            [4, 30],
            [3, 4, 10],
            [2, 10, 6],
          ]) {
            const b = tf.reshape(right, shape);
            const left = tf.randomNormal([...shape.slice(0, -2), 7, shape[shape.length - 2]], 0, 1, "float32", 5);
            assert.ok(error(tf.matMul(left, b), product(left, b, false, false)) < 1e-5, shape.join());
            if (shape.length > 2) continue;
            const fused = tf.fused.matMul({ a: left, b: b });
            assert.ok(error(fused, product(left, b, false, false)) < 1e-5, `fused ${shape.join()}`);
          }
        }));

      it("sums over any axes", () =>
        tf.tidy(() => {
          const x = tf.randomNormal([7, 5, 9], 0, 1, "float32", 10);
          const values = x.dataSync();
          for (const axes of [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]])
            for (const keepDims of [false, true]) {
              const result = tf.sum(x, axes, keepDims);
              const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
              assert.deepEqual(result.shape, keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis)));
              const expected = new Array<number>(kept[0] * kept[1] * kept[2]).fill(0);
              values.forEach((value, at) => {
                const index = [Math.floor(at / 45), Math.floor(at / 9) % 5, at % 9].map((i, axis) => i % kept[axis]);
                expected[(index[0] * kept[1] + index[1]) * kept[2] + index[2]] += value;
              });
              assert.ok(error(result, expected) < 1e-5, axes.join());
            }
          assert.deepEqual([...tf.sum(tf.tensor2d([1, 0, 1, 1], [2, 2], "bool"), 0).dataSync()], [2, 1]);
        }));

      it("adds, subtracts and multiplies element by element, broadcast or not", () => {
        const operations = {
          add: (x: number, y: number) => x + y,
          sub: (x: number, y: number) => x - y,
          mul: (x: number, y: number) => x * y,
        };
        const shapes: [a: number[], b: number[]][] = [
          [[], []],
          [[7], []],
          [[], [3, 50]],
          [
            [3, 50],
            [3, 50],
          ],
          [[3, 50], [50]],
          [
            [3, 50],
            [1, 50],
          ],
          [
            [4, 3],
            [5, 4, 3],
          ],
          [
            [2, 5, 40],
            [2, 5, 1],
          ],
          [
            [2, 1, 1],
            [2, 5, 40],
          ],
          [
            [2, 5, 4],
            [1, 5, 1],
          ],
          [[6, 1], [40]],
          [[0, 3], [3]],
          [
            [64, 500],
            [64, 500],
          ],
        ];
        for (const [name, definition] of Object.entries(operations))
          for (const [shapeA, shapeB] of shapes)
            tf.tidy(() => {
              const [a, b] = [shapeA, shapeB].map((shape, index) => tf.randomNormal(shape, 0, 1, "float32", index));
              const shape = tf.broadcast_util.assertAndGetBroadcastShape(shapeA, shapeB);
              const result = tf[name as keyof typeof operations](a, b);
              assert.deepEqual(result.shape, shape);
              const [x, y] = [a, b].map((operand) => tf.broadcastTo(operand, shape).dataSync());
              const expected = Array.from(x, (value, at) => definition(value, y[at]));
              assert.ok(error(result, expected) < 1e-6, `${name} [${shapeA.join()}] [${shapeB.join()}]`);
            });
        tf.tidy(() => {
          assert.deepEqual([...tf.square(tf.tensor1d([1, -2, 3])).dataSync()], [1, 4, 9]);
          const integers = tf.add(tf.tensor1d([1, 2], "int32"), tf.tensor1d([3, 4], "int32"));
          assert.deepEqual([integers.dtype, ...integers.dataSync()], ["int32", 4, 6]);
        });
      });

      it("splits along any axis", () =>
        tf.tidy(() => {
          const x = tf.reshape(tf.range(0, 24), [4, 6]);
          const pieces = (axis: number) => tf.split(x, [1, 0, 3, ...(axis === 0 ? [] : [2])], axis);
          assert.deepEqual(
            pieces(0).map(({ shape }) => shape),
            [1, 0, 3].map((rows) => [rows, 6]),
          );
          assert.deepEqual([...pieces(0)[2].dataSync()], [...tf.range(6, 24).dataSync()]);
          assert.deepEqual([...pieces(1)[3].dataSync()], [4, 5, 10, 11, 16, 17, 22, 23]);
        }));

      it("keeps a copy when the original goes, and the original when the copy goes", () => {
        const x = tf.tensor1d([1, 2, 3]);
        const copies = [tf.clone(x), tf.clone(x)];
        copies[0].dispose();
        assert.deepEqual([...x.dataSync()], [1, 2, 3]);
        x.dispose();
        tf.zeros([3]).dispose();
        assert.deepEqual([...copies[1].dataSync()], [1, 2, 3]);
        copies[1].dispose();
      });

      it("fuses a bias and an activation", () => {
        const activations: Record<string, (value: number) => number> = {
          linear: (value) => value,
          relu: (value) => Math.max(value, 0),
          relu6: (value) => Math.min(Math.max(value, 0), 6),
          elu: (value) => (value > 0 ? value : Math.expm1(value)),
          sigmoid: (value) => 1 / (1 + Math.exp(-value)),
          leakyrelu: (value) => (value > 0 ? value : 0.3 * value),
        };
        for (const [activation, definition] of Object.entries(activations))
          tf.tidy(() => {
            const a = tf.randomNormal<tf.Rank.R2>([5, 4], 0, 3, "float32", 6);
            const b = tf.randomNormal<tf.Rank.R2>([4, 3], 0, 1, "float32", 7);
            const bias = tf.tensor1d([0.5, -1, 2]);
            const result = tf.fused.matMul({
              a,
              b,
              bias,
              activation: activation as "relu",
              leakyreluAlpha: 0.3,
            });
            const expected = product(a, b, false, false).map((value, at) => definition(value + [0.5, -1, 2][at % 3]));
            assert.ok(error(result, expected) < 1e-5, activation);
          });
      });

      it("leaks no tensor and no memory over a thousand steps", async () => {
        const a = tf.randomNormal([4, 8, 16], 0, 1, "float32", 8);
        const b = tf.randomNormal([4, 8, 16], 0, 1, "float32", 9);
        const step = () =>
          tf.tidy(() => {
            const gradients = tf.grads((x: tf.Tensor, y: tf.Tensor) =>
              tf.sum(tf.square(tf.softmax(tf.matMul(x, y, false, true)))),
            )([a, b]);
            return tf.sum(gradients[0]).dataSync()[0];
          });
        const { memory } = await start(name);
        for (let count = 0; count < 100; count++) step();
        const before = { tensors: tf.memory().numTensors, held: memory?.() };
        for (let count = 0; count < 1000; count++) step();
        assert.deepEqual({ tensors: tf.memory().numTensors, held: memory?.() }, before);
        tf.dispose([a, b]);
      });
    });

  it("keeps the compiled kernels in step with their source", async () => {
    const { kept, expected } = await compileKernels();
    assert.equal(kept, expected, "run `npm run build:kernels`");
  });

  it("fails the smoke test on a backend that computes wrongly", async () => {
    await start("cpu");
    const right = tf.getKernel(tf.Softmax, "cpu");
    try {
      tf.unregisterKernel(tf.Softmax, "cpu");
      tf.registerKernel({
        ...right,
        kernelFunc: (parameters) => {
          const result = right.kernelFunc(parameters) as tf.TensorInfo;
          const values = tf.backend().readSync(result.dataId) as Float32Array;
          values[0] += 0.01;
          return result;
        },
      });
      await assert.rejects(smokeTest(), /computes the gradient of a softmax wrongly/);
    } finally {
      tf.unregisterKernel(tf.Softmax, "cpu");
      tf.registerKernel(right);
    }
    await smokeTest();
  });

  it("refuses what cannot be had with a reason", async () => {
    await assert.rejects(start("cuda"), (failure) => {
      assert.ok(failure instanceof BackendUnavailable);
      assert.equal(failure.backend, "cuda");
      assert.match(failure.message, /^The backend cuda cannot be had: .*tfjs-node/);
      return true;
    });
  });
});
