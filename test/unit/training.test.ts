/** Training on the backends that are always there: Adam against its definition, runs that are cut off and go on, leaks, ends. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { BackendUnavailable } from "../../extension/runtime/backends/backend";
import { start } from "../../extension/runtime/backends/start";
import { build } from "../../extension/runtime/builders";
import { RuntimeClient } from "../../extension/runtime/process/client";
import { Adam } from "../../extension/runtime/training/adam";
import { defaults, type TrainingOptions } from "../../extension/runtime/training/options";
import { libraryTarget } from "../../extension/runtime/training/targets";
import {
  type Checkpoint,
  Diverged,
  type Metrics,
  rateAt,
  type Stretch,
  train,
  type TrainingEvent,
} from "../../extension/runtime/training/train";
import { architectureSchema, type ArchitectureInput } from "../../extension/theory/architecture/schema";
import { pairings, trainPairing } from "../bench/training";
import { softwareVulkan, softwareVulkanSupported } from "../rig/vulkan";
import { bundleRuntime } from "./runtimeBundle";

const small: ArchitectureInput = {
  tokens: 4,
  width: 2,
  position: "absolute",
  layers: [{ attention: {}, feedForward: { hidden: 8 } }],
};
const shape = { tokens: 4, width: 2 };
const options = (more: Partial<TrainingOptions>): TrainingOptions => ({
  ...defaults,
  ...{ steps: 40, every: 10, warmUp: 5, batch: 8, evaluation: 70 },
  ...more,
});

function buildSmall(seed = 3) {
  return build(architectureSchema.parse(small), { seed, regime: "standard" });
}

describe("training", () => {
  for (const backend of ["cpu", "wasm", "tensorflow"] as const)
    describe(backend, () => {
      before(async function () {
        try {
          await start(backend);
        } catch (failure) {
          if (backend !== "tensorflow" || !(failure instanceof BackendUnavailable)) throw failure;
          console.log(`      skipped: ${failure.message}`);
          this.skip();
        }
      });
      // Test files of other backends may have run in this process before.
      beforeEach(async () => void (await start(backend)));

      it("steps as Adam's definition says", async () => {
        const [rate, steps] = [0.05, 6];
        const start = [0.5, -1, 2, 0.25];
        const [a, b] = [tf.variable(tf.tensor2d(start.slice(0, 2), [1, 2])), tf.variable(tf.tensor1d(start.slice(2)))];
        const adam = new Adam({ a, b });
        // The loss a1^2 + 3 a2^2 + (b1 - b2)^2.
        const loss = (p: Readonly<Record<string, tf.Tensor>>) =>
          tf.add<tf.Scalar>(tf.sum(tf.mul(tf.square(p.a), [[1, 3]])), tf.square(tf.sum(tf.mul(p.b, [1, -1]))));
        const gradient = ([x, y, u, v]: number[]) => [2 * x, 6 * y, 2 * (u - v), 2 * (v - u)];
        const [mean, square, expected] = [[0, 0, 0, 0], [0, 0, 0, 0], [...start]];
        for (let step = 1; step <= steps; step++) {
          adam.step(loss, rate).dispose();
          gradient(expected).forEach((g, i) => {
            mean[i] = 0.9 * mean[i] + 0.1 * g;
            square[i] = 0.999 * square[i] + 0.001 * g * g;
            const root = Math.sqrt(square[i] / (1 - 0.999 ** step));
            expected[i] -= (rate * (mean[i] / (1 - 0.9 ** step))) / (root + 1e-8);
          });
        }
        adam.write();
        const reached = [...(await a.data()), ...(await b.data())];
        const error = Math.max(...reached.map((value, i) => Math.abs(value - expected[i])));
        console.log(`      largest error after ${steps} steps: ${error.toExponential(1)}`);
        assert.ok(error < 2e-6);
        adam.dispose();
        tf.dispose([a, b]);
      });

      it("goes on from a checkpoint as if it had not been cut off, bit by bit", async () => {
        const target = libraryTarget("reverse", shape);
        const run = async (stretch: Stretch = {}, pause?: () => Promise<void>) => {
          const model = buildSmall(stretch.from ? 99 : 3);
          const metrics: Metrics[] = [];
          const losses: number[] = [];
          const checkpoints: Checkpoint[] = [];
          const surroundings = {
            pause,
            progress: (event: TrainingEvent) => {
              if (event.kind === "metrics") metrics.push({ ...event.metrics, stepsPerSecond: 0 });
              if (event.kind === "losses") event.losses.forEach((loss, i) => (losses[event.first + i] = loss));
            },
            checkpoint: (one: Checkpoint) => void checkpoints.push(one),
          };
          const result = await train(model, target, options({}), surroundings, stretch).catch(() => null);
          model.dispose();
          return { result, metrics, losses, checkpoints };
        };
        const whole = await run();
        assert.equal(whole.losses.length, 40);
        assert.deepEqual(
          whole.metrics.map(({ step }) => step),
          [10, 20, 30, 40],
        );
        // As it crosses between processes.
        const rest = await run({ from: structuredClone(whole.checkpoints[1]) });
        assert.deepEqual(rest.metrics, whole.metrics.slice(2));
        assert.deepEqual(rest.result, whole.result);
        assert.deepEqual(rest.checkpoints, whole.checkpoints.slice(2));
        // Paused between any two steps, and between a step and its evaluation: what it hands over then is where it goes on, and nothing is missing.
        for (const pauses of [1, 4, 9, 10, 11, 12, 17, 21, 22, 23]) {
          let left = pauses;
          const stop = () => (--left < 0 ? Promise.reject(new Error("paused")) : Promise.resolve());
          const first = await run({}, stop);
          assert.equal(first.result, null);
          const from = structuredClone(first.checkpoints.at(-1)!);
          assert.equal(first.losses.length, from.adam.steps);
          const second = await run({ from });
          assert.deepEqual([...first.losses, ...second.losses.slice(from.adam.steps)], whole.losses);
          assert.deepEqual([...first.metrics, ...second.metrics], whole.metrics, `paused at ${pauses}`);
          assert.deepEqual(second.result, whole.result);
        }
        // One step at a time.
        const part = await run({ from: whole.checkpoints[0], until: 11 });
        assert.equal(part.result?.steps, 11);
        assert.deepEqual(part.losses.slice(10), whole.losses.slice(10, 11));
        assert.deepEqual((await run({ from: part.checkpoints[0] })).result, whole.result);
      });

      it("repeats itself from its seeds, and differs with others", async () => {
        const target = libraryTarget("mean-broadcast", shape);
        const loss = async (seed: number, modelSeed: number) => {
          const model = buildSmall(modelSeed);
          const { loss } = await train(model, target, options({ seed, steps: 10 }));
          model.dispose();
          return loss.value;
        };
        const [one, again, otherData, otherModel] = [
          await loss(1, 1),
          await loss(1, 1),
          await loss(2, 1),
          await loss(1, 2),
        ];
        assert.equal(one, again);
        assert.notEqual(one, otherData);
        assert.notEqual(one, otherModel);
      });

      it("leaves no tensor behind in 1,000 steps, nor when it is ended or diverges", async () => {
        const target = libraryTarget("identity", shape);
        const before = tf.memory().numTensors;
        const model = buildSmall();
        const counts = new Set<number>();
        const watching = {
          progress: ({ kind }: TrainingEvent) => void (kind === "metrics" && counts.add(tf.memory().numTensors)),
        };
        await train(model, target, options({ steps: 1000, every: 50, evaluation: 4, batch: 2 }), watching);
        assert.equal(counts.size, 1, `${[...counts].join(", ")} tensors`);
        let pauses = 0;
        const ended = {
          pause: () => (++pauses > 30 ? Promise.reject(new Error("ended")) : Promise.resolve()),
        };
        await assert.rejects(train(model, target, options({}), ended), /ended/);
        await assert.rejects(train(model, target, options({ rate: 1e30, warmUp: 0 })), Diverged);
        model.dispose();
        assert.equal(tf.memory().numTensors, before);
      });

      it("learns the mean of the tokens", async () => {
        const attention = { attention: { residual: false }, feedForward: { hidden: 16 } };
        const architecture = architectureSchema.parse({ ...shape, layers: [attention] });
        const model = build(architecture, { seed: 3, regime: "standard" });
        const target = libraryTarget("mean-broadcast", shape);
        const { loss, variance } = await train(model, target, options({ steps: 400, rate: 1e-2, batch: 32 }));
        console.log(`      ${((100 * loss.value) / variance).toFixed(2)} % of the variance is left after 400 steps`);
        assert.ok(loss.value < 0.05 * variance);
        model.dispose();
      });
    });

  describe("webgpu", () => {
    // A software driver takes a tenth of a second for a step of the model above, so this one has no feed-forward network.
    it("leaves no tensor behind in 1,000 steps", async function () {
      if (!softwareVulkanSupported) {
        console.log("      skipped: there is no software Vulkan driver for this platform");
        this.skip();
      }
      const bundle = await bundleRuntime("../../extension/runtime/process/child.ts");
      const client = new RuntimeClient({ backend: "webgpu", entry: bundle.file, env: softwareVulkan() });
      try {
        const counts: Promise<number>[] = [];
        const count = async () => (await client.request("memory", null)).tensors;
        const before = await count();
        const run = {
          architecture: architectureSchema.parse({
            tokens: 2,
            width: 2,
            layers: [{ attention: {}, feedForward: "none" }],
          }),
          target: "identity",
          options: options({ steps: 1000, every: 50, evaluation: 2, batch: 2 }),
        };
        await client.request("train", run, { onProgress: ({ kind }) => kind === "metrics" && counts.push(count()) });
        const during = new Set(await Promise.all(counts));
        console.log(`      ${[...during].join(", ")} tensors during the run, ${before} before it`);
        assert.equal(await count(), before);
        // Those of the step under way when it is counted come and go; one left behind in every evaluation would make 20.
        assert.ok(Math.max(...during) - Math.min(...during) < 10, "the count grows");
      } finally {
        await client.dispose();
        bundle.remove();
      }
    });
  });

  it("refuses targets and checkpoints of another model", async () => {
    await start("cpu");
    const model = buildSmall();
    const other = libraryTarget("identity", { tokens: 5, width: 2 });
    await assert.rejects(train(model, other, options({})), /5 tokens of width 2/);
    const empty = new Float32Array(3);
    const adam = { steps: 1, parameters: empty, mean: empty, square: empty };
    await assert.rejects(
      train(
        model,
        libraryTarget("identity", shape),
        options({}),
        {},
        { from: { adam, unevaluated: { steps: 0, losses: 0 } } },
      ),
      /3 parameters/,
    );
    model.dispose();
  });

  it("warms up, then falls to zero", () => {
    const rates = Array.from({ length: 41 }, (_, step) => rateAt(step, options({ rate: 1 })));
    assert.deepEqual(rates.slice(0, 5), [0.2, 0.4, 0.6, 0.8, 1]);
    assert.ok(rates.slice(6).every((rate, i) => rate < rates[5 + i]));
    assert.ok(rates[40] < 1e-12);
  });
});

describe("theory meets training", () => {
  // The whole table is made by `npm run bench` (docs/training.md).
  const few = { steps: 1000, every: 200 };
  for (const { target, universal } of [
    { target: "circular-shift", universal: true },
    { target: "prefix-sum", universal: true },
    { target: "sort", universal: false },
    { target: "mean-broadcast", universal: false },
  ]) {
    const pairing = pairings.find((one) => one.target === target && one.universal === universal)!;
    it(`${pairing.what}: ${target}, ${universal ? "to be learned" : "out of reach"}`, async () => {
      await start("wasm");
      const { floor, loss, variance, clearance } = await trainPairing({
        ...pairing,
        options: { ...pairing.options, ...few },
      });
      console.log(
        `      floor ${floor.both.value.toFixed(4)}, loss ${loss.value.toFixed(4)}, variance ${variance.toFixed(4)}`,
      );
      if (universal) assert.ok(floor.both.value < 1e-9 && loss.value < 0.05 * variance);
      else assert.ok(floor.both.low > 0 && loss.value < 1.1 * floor.both.value && clearance >= 0);
    });
  }
});
