/** Built models against the float64 reference, sparse against dense computation, and what the public functions promise. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import * as tf from "@tensorflow/tfjs-core";
import esbuild from "esbuild";
import fc from "fast-check";
import { before, beforeEach, describe, it } from "mocha";
import { type BackendName, BackendUnavailable } from "../../extension/runtime/backends/backend";
import { start } from "../../extension/runtime/backends/start";
import { build } from "../../extension/runtime/builders/build";
import {
  any,
  attention,
  axial,
  bigbird,
  block,
  causal,
  convolution,
  edges,
  fixed,
  full,
  globalTokens,
  longformer,
  not,
  random,
  star,
  strided,
  transformer,
  where,
  window,
  type AttentionInput,
  type PatternInput,
  type TransformerInput,
} from "../../extension/runtime/builders/index";
import { lookup } from "../../extension/runtime/builders/lookup";
import type { Model } from "../../extension/runtime/builders/model";
import { Planner, type Paths } from "../../extension/runtime/builders/plan";
import {
  architectureSchema,
  kernelNames,
  patternSchema,
  type Pattern,
} from "../../extension/theory/architecture/schema";
import { buildRows } from "../../extension/theory/patterns/build";
import { undefinedBeside } from "../../extension/theory/views/labels";
import { modelErrors } from "../reference/modelErrors";
import { softwareVulkan, softwareVulkanSupported } from "../rig/vulkan";
import { randomModels, type Measured } from "./buildersErrors";
import { assertBounded, processorTime } from "../time";

/**
 * What float32 may differ from float64 by. Forward, each of a few dozen roundings of 6e-8 may be magnified by a power of degree 4 or a small normalising
 * sum; gradients are measured relative to each parameter's own, which may be a hundredth of the whole.
 */
const tolerance = { forward: 5e-5, gradient: 5e-3 };

function assertClose(measured: readonly Measured[]): void {
  const largest = (kind: "forward" | "gradient") =>
    measured.reduce((worst, errors) => (errors[kind] <= worst[kind] ? worst : errors));
  const median = (kind: "forward" | "gradient") =>
    measured.map((errors) => errors[kind]).sort((a, b) => a - b)[measured.length >> 1];
  for (const kind of ["forward", "gradient"] as const) {
    const worst = largest(kind);
    console.log(
      `      ${kind} error: median ${median(kind).toExponential(1)}, largest ${worst[kind].toExponential(1)} of ${measured.length}`,
    );
    const where = `${worst.worst} of ${JSON.stringify(worst.architecture)}`;
    assert.ok(worst[kind] <= tolerance[kind], `${kind} error ${worst[kind]}, ${where}`);
  }
}

/** The value of a loss and all gradients. */
async function valueAndGradients(model: Model, samples: tf.Tensor3D): Promise<Map<string, Float32Array>> {
  const names = Object.keys(model.variables);
  const loss = (x: tf.Tensor, ...parameters: tf.Tensor[]): tf.Tensor => {
    const byName = Object.fromEntries(names.map((name, i) => [name, parameters[i]]));
    return tf.sum(tf.sin(model.forward(x as tf.Tensor3D, byName)));
  };
  const { value, grads } = tf.valueAndGrads(loss)([samples, ...names.map((name) => model.variables[name])]);
  const results = new Map<string, Float32Array>();
  for (const [i, name] of ["value", "samples", ...names].entries())
    results.set(name, (await [value, ...grads][i].data()) as Float32Array);
  tf.dispose([value, ...grads]);
  return results;
}

describe("built models", () => {
  describe("against the float64 reference", () => {
    const runs: [BackendName, number][] = [
      ["cpu", 150],
      ["wasm", 150],
      ["tensorflow", 60],
    ];
    for (const [backend, count] of runs)
      for (const paths of ["auto", "blocked"] as const)
        it(`${backend}, ${paths === "auto" ? "all pairs" : "blocks"}: random architectures of every mechanism`, async function () {
          try {
            const before = (await start(backend), tf.memory().numTensors);
            assertClose(await randomModels(backend, count, paths, paths === "auto" ? 1 : 2));
            assert.equal(tf.memory().numTensors, before, "no tensor is left");
          } catch (failure) {
            if (backend !== "tensorflow" || !(failure instanceof BackendUnavailable)) throw failure;
            console.log(`      skipped: ${failure.message}`);
            this.skip();
          }
        });

    for (const paths of ["dense", "blocked"] as const)
      it(`logarithmic buckets, exponential-additive, no residual path: ${paths === "dense" ? "all pairs" : "blocks"}`, async () => {
        await start("wasm");
        const buckets = { "log-buckets": { buckets: 4, maxDistance: 9 } };
        const given: [TransformerInput["position"], AttentionInput["bias"]][] = [[buckets, "none"], ["none", buckets], [buckets, buckets], ["alibi", buckets]]; // prettier-ignore
        const pattern = any(window({ left: 1, right: 1, dilation: 5 }), globalTokens([7]), window(0));
        for (const [position, bias] of given) {
          const layers = [attention({ kernel: "exponential-additive", residual: false, heads: [{ count: 2, pattern, bias }, { pattern: causal, bias }] })]; // prettier-ignore
          const { spec } = transformer({ tokens: 24, width: 6, registers: 1, position, layers });
          const errors = await modelErrors((own, initialisation) => build(own, initialisation, { paths }), spec, { seed: 1, regime: "small" }); // prettier-ignore
          assertClose([{ ...errors!, architecture: spec, device: "" }]);
        }
      });

    it("webgpu: random architectures of every mechanism", async function () {
      if (!softwareVulkanSupported) {
        console.log(`      skipped: no software Vulkan driver for ${process.platform}-${process.arch}`);
        this.skip();
      }
      // Dawn wants a process of its own.
      const script = require.resolve("./buildersErrors.ts");
      const child = spawn(process.execPath, ["--import=tsx", script, "webgpu", "8", "3"], {
        env: { ...process.env, ...softwareVulkan() },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
      assert.match(output, /^\[.*\]$/m, complaints);
      const measured = JSON.parse(/^\[.*\]$/m.exec(output)![0]) as Measured[];
      console.log(`      on ${measured[0].device}`);
      assertClose(measured);
    });
  });

  describe("sparse and dense computation agree", () => {
    const n = 120;
    const patterns: Record<string, PatternInput> = {
      window: window(5),
      "one-sided circular window": window({ left: 3, right: 0, circular: true }),
      "dilated window": window({ left: 4, right: 4, dilation: 3 }),
      "dilated circular window": window({ left: 2, right: 2, dilation: 7, circular: true }),
      blocks: block(16),
      "shifted blocks": block({ size: 20, shift: 7 }),
      strided: strided(11),
      fixed: fixed({ stride: 12, summary: 2 }),
      star: star(3),
      axial: axial({ rows: 8, columns: 15 }),
      global: globalTokens([0, 50]),
      random: random({ degree: 3, seed: 2 }),
      bigbird: bigbird({ block: 8, random: 2 }),
      longformer: longformer({ window: 4, globals: [0, 7], dilation: 2 }),
      causal,
      full,
      expression: any(window(2), where("k % 25 == 0")),
      complement: not(window(40)),
      edges: edges([
        [0, 119],
        [119, 0],
      ]),
    };
    const agree = async (input: TransformerInput, most: number) => {
      const spec = transformer(input).spec;
      const results = new Map<Paths, Map<string, Float32Array>>();
      const samples = tf.randomNormal<tf.Rank.R3>([2, spec.tokens, spec.width], 0, 1, "float32", 5);
      for (const paths of ["dense", "blocked"] as const) {
        const model = build(spec, { seed: 3, regime: "small" }, { paths });
        results.set(paths, await valueAndGradients(model, samples));
        model.dispose();
      }
      samples.dispose();
      let worst = 0;
      const largest = Math.max(...[...results.get("dense")!.values()].flatMap((dense) => [...dense.map(Math.abs)]));
      for (const [name, dense] of results.get("dense")!) {
        const blocked = results.get("blocked")!.get(name)!;
        // Some gradients are 0 but for rounding: those of queries that a normalised kernel does not feel.
        const scale = Math.max(largest / 100, ...dense.map(Math.abs));
        assert.equal(blocked.length, dense.length);
        dense.forEach((value, i) => {
          const error = Math.abs(value - blocked[i]) / scale;
          assert.ok(error <= most, `${name}[${i}]: ${value} densely, ${blocked[i]} in blocks`);
          worst = Math.max(worst, error);
        });
      }
      return worst;
    };
    beforeEach(async () => void (await start("wasm")));

    for (const [name, pattern] of Object.entries(patterns))
      it(`${name}, with relative biases, ALiBi and registers`, async () => {
        const selves = any(pattern, window(0), globalTokens([n]));
        const worst = await agree(
          {
            tokens: n,
            width: 6,
            registers: 2,
            position: { relative: { offsets: "signed", clip: 9 } },
            layers: [attention({ pattern: selves, heads: 2, bias: "alibi" })],
          },
          2e-5,
        );
        console.log(`      largest difference ${worst.toExponential(1)}`);
      });

    for (const kernel of kernelNames)
      it(`${kernel}, in two groups of heads and rows without keys`, async () => {
        for (const normalized of [true, false])
          await agree(
            {
              tokens: n,
              width: 6,
              layers: [
                attention({
                  kernel,
                  normalized,
                  heads: [
                    {
                      count: 2,
                      pattern: where("k % 2 == 1 && abs(q - k) <= 3 && q % 20 != 0"),
                      bias: { relative: "unsigned" },
                    },
                    { pattern: longformer({ window: 4, globals: [1] }) },
                  ],
                }),
              ],
            },
            5e-5,
          );
      });

    const logBuckets = { "log-buckets": { buckets: 8, maxDistance: 40 } };
    for (const [name, position, bias] of [
      ["position", logBuckets, "none"],
      ["bias", "none", logBuckets],
      ["position and bias", { "log-buckets": { buckets: 3, maxDistance: 7 } }, logBuckets],
      ["bias beside rotary positions", "rotary", logBuckets],
      ["bias beside relative biases", { relative: "unsigned" }, logBuckets],
    ] as const)
      it(`logarithmic buckets as ${name}, in two groups of heads, with every kernel that has scores`, async () => {
        for (const kernel of kernelNames.filter(
          (kernel) => undefinedBeside({ kind: "log-buckets", buckets: 8, maxDistance: 40 }, kernel) === null,
        ))
          // prettier-ignore
          for (const normalized of [true, false])
            await agree(
              {
                tokens: n,
                width: 6,
                registers: 1,
                position,
                layers: [
                  attention({
                    kernel,
                    normalized,
                    residual: false,
                    heads: [
                      { count: 2, pattern: any(random({ degree: 3, seed: 4 }), window(2), globalTokens([n])), bias },
                      { pattern: longformer({ window: 4, globals: [1] }), bias: "alibi" },
                    ],
                  }),
                ],
              },
              5e-5,
            );
      });

    for (const kernel of ["performer", "linear-elu", "linear-relu", "uniform"] as const)
      it(`${kernel} over all tokens, without their pairs`, async () => {
        for (const normalized of [true, false])
          await agree(
            { tokens: n, width: 6, registers: 1, layers: [attention({ kernel, normalized, heads: 2 })] },
            2e-5,
          );
      });
  });

  describe("plans", () => {
    /** Random pairs, and random pairs of blocks, on up to 40 tokens. */
    const pairs = fc.integer({ min: 1, max: 40 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 200 }),
        band: fc.option(fc.nat(size)),
        column: fc.option(fc.nat(size - 1)),
        stride: fc.integer({ min: 1, max: 9 }),
      }),
    );

    it("hold every pair of the pattern once, and no row twice in one selection", () => {
      fc.assert(
        fc.property(
          pairs,
          fc.constantFrom("dense" as const, "blocked" as const),
          ({ size, edges: list, band, column, stride }, paths) => {
            const parts: Pattern[] = [{ kind: "edges", edges: list }];
            if (band !== null) parts.push({ kind: "window", left: band, right: 1, circular: true, dilation: stride });
            if (column !== null) parts.push({ kind: "global", tokens: [column] });
            const pattern: Pattern = { kind: "any", patterns: parts };
            const plan = new Planner(size, 0, paths).of(pattern);
            const rows = buildRows(pattern, size, 0);
            const expected = new Set<number>();
            for (let q = 0; q < size; q++)
              for (let run = rows.first[rows.rowOf[q]]; run < rows.first[rows.rowOf[q] + 1]; run++)
                for (let k = rows.bounds[2 * run]; k < rows.bounds[2 * run + 1]; k++) expected.add(q * size + k);
            for (const part of plan.parts) {
              const perBlock = part.queries.length / part.blocks;
              const keysPerBlock = part.keys.reduce((sum, piece) => sum + piece.length, 0) / part.blocks;
              assert.equal(part.products, part.queries.length * keysPerBlock);
              for (const selection of [part.queries, ...part.keys]) {
                const present = [...selection].filter((row) => row >= 0);
                assert.equal(new Set(present).size, present.length, "a row is in two slots");
              }
              part.pairs.at.forEach((at, i) => {
                // The pair's place says which query and which key meet there.
                const slot = Math.floor(at / keysPerBlock);
                const b = Math.floor(slot / perBlock);
                let column = at % keysPerBlock;
                let piece = 0;
                while (column >= part.keys[piece].length / part.blocks)
                  column -= part.keys[piece++].length / part.blocks;
                const key = part.keys[piece][(b * part.keys[piece].length) / part.blocks + column];
                assert.equal(part.queries[slot], part.pairs.query[i]);
                assert.equal(key, part.pairs.key[i]);
                assert.ok(
                  expected.delete(part.pairs.query[i] * size + key),
                  "a pair is held twice, or not in the pattern",
                );
              });
            }
            assert.equal(expected.size, 0, "a pair is not held");
          },
        ),
        { numRuns: 300, seed: 1 },
      );
    });

    it("compute a small multiple of the pairs of sparse patterns", () => {
      const n = 1024;
      const most: [PatternInput, number][] = [
        [window(16), 2],
        [window({ left: 16, right: 0, circular: true }), 2.5],
        [window({ left: 8, right: 8, dilation: 4 }), 2],
        [block(32), 1.01],
        [block({ size: 32, shift: 5 }), 1.1],
        [strided(32), 2],
        [fixed(32), 1.1],
        [axial({ rows: 32, columns: 32 }), 1.1],
        [longformer({ window: 16, globals: [0] }), 2],
        [bigbird({ block: 16 }), 1.7],
        [star(), 3.1],
      ];
      for (const [pattern, factor] of most) {
        const plan = new Planner(n, 0, "auto").of(patternSchema.parse(pattern));
        const sum = (count: (part: (typeof plan.parts)[number]) => number) =>
          plan.parts.reduce((total, part) => total + count(part), 0);
        const ratio = sum((part) => part.products) / sum((part) => part.pairs.at.length);
        console.log(`      ${JSON.stringify(pattern)}: ${ratio.toFixed(2)} products a pair`);
        assert.ok(ratio <= factor, `${JSON.stringify(pattern)}: ${ratio}`);
      }
    });
  });

  it("sum gradients by class, however many places a class has", async () => {
    await start("wasm");
    const classes = 5;
    const places = 5000;
    // Class 0 has half of all places, class 4 none, and some places none of them.
    const classOf = Int32Array.from({ length: places }, (_, i) => (i % 2 === 0 ? 0 : (i % 5) - 1));
    const reader = lookup(classOf, classes, false);
    const table = tf.randomNormal<tf.Rank.R2>([2, classes], 0, 1, "float32", 1);
    const weights = tf.randomNormal<tf.Rank.R2>([2, places], 0, 1, "float32", 2);
    const gradient = tf.grad((x) => tf.sum(tf.mul(reader.read(x as tf.Tensor2D), weights)))(table);
    const expected = new Float64Array(2 * classes);
    const weightOf = weights.dataSync();
    classOf.forEach((label, place) => {
      if (label >= 0) for (const head of [0, 1]) expected[head * classes + label] += weightOf[head * places + place];
    });
    gradient
      .dataSync()
      .forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-3, `${i}: ${value} ${expected[i]}`));
    reader.dispose();
    tf.dispose([table, weights, gradient]);
  });

  describe("memory", () => {
    before(async () => void (await start("wasm")));

    for (const bias of ["none", { "log-buckets": {} }] as const)
      it(`holds no n x n tensor for a window over 4096 tokens${bias === "none" ? "" : " with logarithmic buckets"}`, () => {
        const n = 4096;
        const model = transformer({ tokens: n, width: 8, layers: [attention({ pattern: window(8), bias })] }).build();
        const samples = tf.randomNormal<tf.Rank.R3>([1, n, 8]);
        const start = tf.memory().numBytes;
        let largest = 0;
        const names = Object.keys(model.variables);
        const { value, grads } = tf.valueAndGrads((...parameters: tf.Tensor[]) => {
          const output = model.forward(samples, Object.fromEntries(names.map((name, i) => [name, parameters[i]])));
          // Everything that the gradient needs is alive here.
          largest = Math.max(largest, tf.memory().numBytes - start);
          return tf.sum(tf.square(output));
        })(names.map((name) => model.variables[name]));
        tf.dispose([value, ...grads, samples]);
        model.dispose();
        console.log(`      ${(largest / 2 ** 20).toFixed(1)} MiB; n x n floats are ${(4 * n * n) / 2 ** 20} MiB`);
        assert.ok(largest > 0 && largest < (4 * n * n) / 4);
      });

    it("leaves no tensor behind over 100 steps", async () => {
      const model = transformer({
        tokens: 12,
        width: 8,
        registers: 1,
        position: "learned",
        layers: [
          attention({ heads: [{ pattern: window(1), bias: "alibi" }, { bias: { relative: "signed" } }] }).norm("pre"),
          attention({ kernel: "gaussian", projection: { linformer: { rank: 3 } } }).feedForward({
            activation: "swiglu",
          }),
          attention({ projection: { nystrom: { landmarks: 2 } } }).norm({ placement: "post", kind: "rms" }),
          convolution({ taps: 3 }),
        ],
      }).build({ seed: 1 });
      const samples = tf.randomNormal<tf.Rank.R3>([2, 12, 8]);
      await valueAndGradients(model, samples);
      const count = tf.memory().numTensors;
      for (let step = 0; step < 100; step++) {
        await valueAndGradients(model, samples);
        model.forward(samples).dispose();
        tf.dispose(model.layers(samples));
      }
      assert.equal(tf.memory().numTensors, count);
      model.dispose();
      samples.dispose();
    });

    it("refuses what would not fit, at once and with everything given back", () => {
      const before = tf.memory().numTensors;
      const refused: [TransformerInput, RegExp][] = [
        [{ tokens: 100_000, width: 64, layers: [attention()] }, /attend to most of each other/],
        [{ tokens: 2048, width: 64, layers: [attention({ heads: 16 }).repeat(24)] }, /would take \d+\.\d GiB or more/],
        [{ tokens: 16, width: 100_000, layers: [attention()] }, /would take/],
        [{ tokens: 1_000_000, width: 64, layers: [attention({ pattern: window(2) })] }, /would take/],
        [{ tokens: 100_000, width: 8, layers: [attention({ pattern: window(1000) })] }, /pairs/],
        [
          { tokens: 4, width: 4, layers: [attention({ pattern: causal, projection: { linformer: { rank: 2 } } })] },
          /projection along the sequence/,
        ],
        [
          { tokens: 4, width: 4, layers: [attention({ kernel: "performer", bias: { "log-buckets": {} } })] },
          /logarithmic buckets together with the performer kernel/,
        ],
        [
          { tokens: 4, width: 4, position: { "log-buckets": {} }, layers: [attention({ kernel: "uniform" })] },
          /logarithmic buckets together with the uniform kernel/,
        ],
        [
          {
            tokens: 4,
            width: 4,
            position: "alibi",
            layers: [attention({ projection: { nystrom: { landmarks: 2 } } })],
          },
          /projection along the sequence/,
        ],
      ];
      for (const [input, message] of refused) {
        const spent = processorTime(() => assert.throws(() => transformer(input).build(), { name: "RangeError", message })); // prettier-ignore
        assertBounded(spent, 5000, JSON.stringify(input));
      }
      assert.equal(tf.memory().numTensors, before);
    });
  });

  it("run as docs/builders.md shows, in a plain Node script that imports the built package", async () => {
    const root = path.join(__dirname, "..", "..");
    const folder = path.join(root, "dist", "test", "unit", String(process.pid));
    mkdirSync(folder, { recursive: true });
    const page = readFileSync(path.join(root, "docs", "builders.md"), "utf8");
    const example = /^```ts\n([^]*?)^```$/m.exec(page)![1];
    try {
      const file = path.join(folder, "example.mjs");
      // The package finds itself by its own name. Types go, the rest stays as it is.
      writeFileSync(file, (await esbuild.transform(example, { loader: "ts", format: "esm" })).code);
      const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
      const ended = new Promise<number | null>((resolve) => void child.on("close", resolve));
      const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
      assert.equal(await ended, 0, complaints);
      const specification: unknown = JSON.parse(output);
      assert.deepEqual(
        architectureSchema.parse(specification).layers.map(({ repeat }) => repeat),
        [8],
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  describe("functions of the package", () => {
    before(async () => void (await start("cpu")));

    it("say what a specification file says", () => {
      const ring = transformer({
        name: "ring",
        tokens: 16,
        width: 32,
        layers: [
          attention({ pattern: window({ left: 2, right: 2, circular: true }), heads: 4 })
            .feedForward({ hidden: 64 })
            .norm("pre")
            .repeat(8),
          convolution({ taps: [0, 1] }).feedForward("none"),
          { attention: { kernel: "uniform" } },
        ],
        target: { symmetry: "D_n" },
      });
      const written = {
        name: "ring",
        tokens: 16,
        width: 32,
        layers: [
          {
            repeat: 8,
            attention: { pattern: { window: { left: 2, right: 2, circular: true } }, heads: 4 },
            feedForward: { hidden: 64 },
            norm: "pre" as const,
          },
          { convolution: { taps: [0, 1] }, feedForward: "none" as const },
          { attention: { kernel: "uniform" as const } },
        ],
        target: { symmetry: "D_n" },
      };
      assert.deepEqual(ring.spec, architectureSchema.parse(written));
      assert.deepEqual(JSON.parse(JSON.stringify(ring.input)), written);
    });

    it("name what is wrong and where", () => {
      assert.throws(() => transformer({ tokens: 4, width: 8, layers: [attention({ pattern: star(9) })] }), {
        name: "TypeError",
        message: /layers\.0\.attention\.pattern.*9/,
      });
    });

    it("draw equal parameters from equal seeds, whatever computes, and others from others", async () => {
      const spec = transformer({
        tokens: 5,
        width: 4,
        position: "learned",
        layers: [attention({ bias: { relative: "signed" } })],
      });
      const draw = async (backend: BackendName, seed: number) => {
        await start(backend);
        const model = spec.build({ seed });
        const values = Object.entries(model.variables).map(([name, variable]) => [name, [...variable.dataSync()]]);
        model.dispose();
        return JSON.stringify(values);
      };
      const first = await draw("cpu", 1);
      assert.equal(await draw("wasm", 1), first);
      assert.notEqual(await draw("cpu", 2), first);
    });

    it("give every state: the input, then every layer, the last of which is the output", () => {
      const model = transformer({ tokens: 5, width: 4, registers: 2, layers: [attention().repeat(3)] }).build();
      const samples = tf.randomNormal<tf.Rank.R3>([2, 5, 4]);
      const states = model.layers(samples);
      const output = model.forward(samples);
      assert.deepEqual(
        states.map((state) => state.shape),
        Array.from({ length: 4 }, () => [2, 7, 4]),
      );
      const last = tf.slice(states[3], [0, 0, 0], [2, 5, 4]);
      assert.deepEqual([...last.dataSync()], [...output.dataSync()]);
      tf.dispose([samples, output, last, ...states]);
      model.dispose();
    });

    it("give zeros for a row without keys, normalised or not", () => {
      for (const normalized of [true, false])
        for (const kernel of kernelNames) {
          const empty = attention({ kernel, normalized, pattern: where("k < q"), residual: false }).feedForward("none");
          const model = transformer({ tokens: 3, width: 4, layers: [empty] }).build();
          const samples = tf.randomNormal<tf.Rank.R3>([1, 3, 4]);
          const output = model.forward(samples);
          const values = [...output.dataSync()];
          assert.deepEqual(values.slice(0, 4).map(Math.abs), [0, 0, 0, 0], kernel);
          assert.ok(values.every(Number.isFinite) && values.slice(4).some((x) => x !== 0), kernel);
          tf.dispose([samples, output]);
          model.dispose();
        }
    });
  });
});
