/** Measurement of built models: against the theory on random architectures, against itself, and against what is known of collapse. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { before, describe, it } from "mocha";
import type { BackendName } from "../../extension/runtime/backends/backend";
import { start } from "../../extension/runtime/backends/start";
import { build } from "../../extension/runtime/builders/build";
import { comparisonsFor, lettersOf } from "../../extension/runtime/measuring/comparisons";
import { equivarianceErrors } from "../../extension/runtime/measuring/equivariance";
import { marginFinding, resolutions } from "../../extension/runtime/measuring/finding";
import { valuesOf } from "../../extension/runtime/builders/flat";
import { alphabet, gapMatrices, NotFinite, tolerance, written } from "../../extension/runtime/measuring/gaps";
import { type Identities, measureIdentities } from "../../extension/runtime/measuring/identities";
import { maximisedMargin, measureMargins, normBound } from "../../extension/runtime/measuring/margins";
import { measure } from "../../extension/runtime/measuring/measure";
import { expected, type Prediction, predict } from "../../extension/runtime/measuring/predictions";
import type { Architecture, Attention } from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import type { NumericReport } from "../../extension/theory/verdict/report";
import { decide } from "../../extension/theory/views/decide";
import { compileStack } from "../../extension/theory/views/stack";
import { architectures } from "../reference/architectures";

const seed = 20_251_130;
const unhurried = () => Promise.resolve();

function parsed(value: object): Architecture {
  const result = parseArchitecture({ name: "test", ...value });
  assert.ok("architecture" in result, JSON.stringify(result));
  return result.architecture;
}

const depthOf = ({ layers }: Architecture): number => layers.reduce((sum, { repeat }) => sum + repeat, 0);
const small = (most: number) => architectures(3, most).filter((architecture) => depthOf(architecture) <= 3);
const predictionsOf = (architecture: Architecture): Prediction[] =>
  predict(compileStack(architecture), comparisonsFor(architecture, null, seed));

const show = (decades: readonly number[]) =>
  decades.flatMap((gaps, k) => (gaps > 0 ? [`${k === decades.length - 1 ? "below" : `1e-${k + 1}`}: ${gaps}`] : []));

/** Random architectures, every pair of tokens after every layer; prints how far equal and different ones are apart. */
async function agree(runs: number, offset: number, drawn = small(5)): Promise<void> {
  const all = { equal: new Array<number>(10).fill(0), different: new Array<number>(10).fill(0) };
  const seen = { rearranged: 0, symmetric: 0, blind: 0, redrawn: 0, unresolved: 0 };
  const add = ({ decades, draws, unresolved }: Identities) => {
    for (const side of ["equal", "different"] as const) decades[side].forEach((n, k) => (all[side][k] += n));
    if (draws > 2) seen.redrawn++;
    if (unresolved > 0) seen.unresolved++;
  };
  await fc.assert(
    fc.asyncProperty(drawn, async (architecture) => {
      const predictions = predictionsOf(architecture);
      const found = await measureIdentities(architecture, predictions, seed, unhurried);
      add(found);
      assert.ok(found.draws > 0, "no draw is finite");
      assert.equal(found.disagreed, 0, `${JSON.stringify(found.disagreements[0])}\n${JSON.stringify(architecture)}`);

      const outputs = predictions.map(({ layers }) => layers[layers.length - 1]);
      const moved = predictions.filter(({ comparison }) => comparison.kind === "rearrangement").slice(1);
      if (moved.some(({ layers }) => layers[layers.length - 1].includes(expected.equal))) seen.rearranged++;
      const n = architecture.tokens;
      if (predictions.some(({ comparison }, p) => comparison.kind === "replacement" && Array.from({ length: n }, (_, t) => outputs[p][t * n + t]).includes(expected.equal))) seen.blind++; // prettier-ignore
      const { symmetry } = decide(architecture);
      if ("unknown" in symmetry) return; // ALiBi on views that merge
      const measured = new Set(found.symmetries.map(String));
      if (measured.size > 1) seen.symmetric++;
      if (found.unresolved > 0) return;
      for (const { comparison } of predictions)
        if (comparison.kind === "rearrangement")
          assert.equal(
            measured.has(String(comparison.permutation)),
            symmetry.group.contains(comparison.permutation),
            `${String(comparison.permutation)} in G, ${JSON.stringify(architecture)}`,
          );
    }),
    { seed: seed + offset, numRuns: runs },
  );
  console.log(
    `${runs} architectures, tolerance ${tolerance}\nequal: ${show(all.equal).join(", ")}\ndifferent: ${show(all.different).join(", ")}\n${JSON.stringify(seen)}`,
  );
  for (const what of ["rearranged", "symmetric", "blind"] as const)
    assert.ok(seen[what] >= runs / 20, `hardly any architecture is ${what}: ${seen[what]} of ${runs}`);
  assert.ok(seen.unresolved <= runs / 100, `${seen.unresolved} of ${runs} are unresolved`);
}

describe("measured = symbolic", () => {
  it("300 random architectures on plain JavaScript: every coincidence after every layer, every permutation", async () => {
    await start("cpu");
    await agree(300, 0);
  });

  it("100 others on WASM", async () => {
    await start("wasm");
    await agree(100, 1);
  });

  it("100 random architectures with a position code and a bias, which add", async () => {
    await start("cpu");
    const codes = (architecture: Architecture) =>
      ["pairs", "relative", "t5-buckets", "log-buckets", "alibi", "rotary"].includes(architecture.position.kind) &&
      architecture.layers.some(({ mixer }) => mixer.kind === "attention" && mixer.heads.some((head) => head.bias.kind !== "none")); // prettier-ignore
    await agree(100, 2, small(4).filter(codes));
  });

  it("a model that is not the one decided is found out", async () => {
    await start("cpu");
    const onAttention = (change: (mixer: Attention) => Attention) => (architecture: Architecture) => ({
      ...architecture,
      layers: architecture.layers.map((block) =>
        block.mixer.kind === "attention" ? { ...block, mixer: change(block.mixer) } : block,
      ),
    });
    const inHeads = (change: (head: Attention["heads"][number]) => Attention["heads"][number]) =>
      onAttention((mixer) => (mixer.projection.kind === "none" ? { ...mixer, heads: mixer.heads.map(change) } : mixer));
    const mutations: Record<string, (architecture: Architecture) => Architecture> = {
      "biases left out": inHeads((head) => ({ ...head, bias: { kind: "none" } })),
      "position codes left out": (architecture) => ({ ...architecture, position: { kind: "none" } }),
      "full attention": inHeads((head) => ({ ...head, pattern: { kind: "full" } })),
      "no token sees token 0": inHeads((head) => ({
        ...head,
        pattern: { kind: "all", patterns: [head.pattern, { kind: "expression", expression: "k != 0 || q == 0" }] },
      })),
      "normalised": onAttention((mixer) => ({ ...mixer, normalized: true })),
    }; // prettier-ignore
    const found: Record<string, number> = {};
    for (const architecture of fc.sample(small(4), { seed, numRuns: 250 })) {
      const right = predictionsOf(architecture);
      for (const [name, mutate] of Object.entries(mutations)) {
        const wrong = mutate(architecture);
        const actual = predictionsOf(wrong);
        const differ = right.some(({ layers }, p) =>
          layers.some(
            (pairs, l) =>
            pairs.some((kind, i) => kind !== actual[p].layers[l][i] && kind !== expected.open && actual[p].layers[l][i] !== expected.open), // prettier-ignore
          ),
        );
        if (!differ || compileStack(wrong).layers.some(({ emptyRow }) => emptyRow !== null)) continue;
        if ((found[name] ?? 0) >= 8) continue;
        const { disagreed, unresolved } = await measureIdentities(wrong, right, seed, unhurried);
        assert.ok(disagreed + unresolved > 0, `${name}: ${JSON.stringify(architecture)}`);
        found[name] = (found[name] ?? 0) + 1;
      }
    }
    console.log(JSON.stringify(found));
    for (const name of Object.keys(mutations)) assert.ok((found[name] ?? 0) >= 3, `${name}: ${found[name] ?? 0}`);
  });
});

describe("predictions", () => {
  it("of sizes where views are out of reach are what the outputs see", () => {
    const tokens = 400;
    const architecture = parsed({ tokens, width: 4, layers: [{ repeat: 2, attention: { pattern: "causal" } }, { attention: { pattern: { window: 2 } } }] }); // prettier-ignore
    const predictions = predict(compileStack(architecture), comparisonsFor(architecture, null, seed));
    assert.ok(predictions.length >= 3);
    for (const { comparison, layers, count } of predictions) {
      assert.ok(comparison.kind === "replacement");
      assert.equal(count, 1);
      const { position } = comparison;
      for (let t = 0; t < tokens; t++) {
        assert.equal(layers[0][t] === expected.different, t === position);
        assert.equal(layers[2][t] === expected.different, t >= position);
        assert.equal(layers[3][t] === expected.different, t >= position - 2);
      }
    }
  });

  it("are left out where views may merge and are out of reach", () => {
    const architecture = parsed({ tokens: 400, width: 4, layers: [{ attention: { residual: false, kernel: "uniform" } }] }); // prettier-ignore
    assert.deepEqual(predict(compileStack(architecture), comparisonsFor(architecture, null, seed)), []);
  });
});

for (const backend of ["cpu", "wasm"] as const satisfies BackendName[])
  describe(`measuring on ${backend}`, () => {
    before(() => start(backend));

    const ring = parsed({ tokens: 8, width: 8, layers: [{ repeat: 4, attention: { pattern: { window: { left: 1, right: 1, circular: true } } } }] }); // prettier-ignore

    it("gap matrices are the distances of the tokens relative to their root mean square norm", async () => {
      // Standard weights may saturate: then a token that is seen changes nothing in float32.
      const model = build(ring, { seed, regime: "small" });
      const letters = alphabet(ring, seed);
      const X = letters.slice(0, 64);
      const Y = X.slice();
      Y.set(letters.subarray(64, 72), 24);
      const matrices = await gapMatrices(model, [X, Y], unhurried);
      assert.equal(matrices.length, 5);
      const states = tf.tidy(() => model.layers(tf.tensor3d([...X, ...Y], [2, 8, 8])).map((x) => x.arraySync()));
      states.forEach(([x, y], layer) => {
        const square = [...x, ...y].flat().reduce((sum, value) => sum + value ** 2, 0) / 16;
        for (let s = 0; s < 8; s++)
          for (let t = 0; t < 8; t++) {
            const gap = Math.hypot(...x[s].map((value, i) => value - y[t][i])) / Math.sqrt(square);
            assert.ok(Math.abs(matrices[layer][8 * s + t] - gap) <= 1e-6 * (1 + gap));
          }
      });
      // A circular window of one token a side: after l layers the tokens further than l away have not heard of it.
      for (let layer = 0; layer <= 4; layer++)
        for (let t = 0; t < 8; t++) {
          const distance = Math.min((t + 5) % 8, (11 - t) % 8);
          assert.equal(matrices[layer][9 * t] > 0, distance <= layer, `token ${t} after ${layer} layers`);
        }
      model.dispose();
    });

    it("equivariance: elements of G within rounding, others far off", async () => {
      const model = build(ring, { seed, regime: "standard" });
      const rotation = Int32Array.from({ length: 8 }, (_, t) => (t + 1) % 8);
      const reflection = Int32Array.from({ length: 8 }, (_, t) => 7 - t);
      const swap = Int32Array.of(1, 0, 2, 3, 4, 5, 6, 7);
      const errors = await equivarianceErrors(model, [rotation, reflection, swap], seed, unhurried);
      console.log(errors.map(({ max, rms, rounding }) => `max ${max.toPrecision(2)}, rms ${rms.toPrecision(2)}, rounding ${rounding.toPrecision(2)}`).join("; ")); // prettier-ignore
      assert.ok(errors.every(({ max, rms }) => rms <= max));
      assert.ok(errors[0].max <= errors[0].rounding && errors[1].max <= errors[1].rounding);
      assert.ok(errors[0].rounding < 1e-2 && errors[2].max > 0.1);
      model.dispose();
    });

    it("the margin's maximum is no less than at initialisation, within the norm bound", async () => {
      const architecture = parsed({ tokens: 6, width: 8, layers: [{ repeat: 2, attention: { pattern: { window: 2 } } }] }); // prettier-ignore
      const predictions = predictionsOf(architecture);
      const letters = alphabet(architecture, seed);
      const initial = build(architecture, { seed, regime: "standard" });
      const model = await maximisedMargin(initial, predictions, letters, seed, 1e6, unhurried);
      const [before, after] = await Promise.all([initial, model].map(async (one) => (await measureMargins(one, predictions, letters, unhurried)).at(-1)!.margin!.gap)); // prettier-ignore
      console.log(`margin ${before.toPrecision(2)} at initialisation, ${after.toPrecision(2)} maximised`);
      assert.ok(after > 1.5 * before);
      for (const [name, variable] of Object.entries(model.variables)) {
        const rms = (values: Float32Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
        const [now, was] = [rms(await variable.data<"float32">()), rms(await initial.variables[name].data<"float32">())]; // prettier-ignore
        assert.ok(now <= (was > 0 ? normBound * was : 1) * 1.0001, `${name}: ${now} of ${was}`);
      }
      initial.dispose();
      model.dispose();
    });

    it("attention alone collapses with depth, residual paths keep tokens apart", async () => {
      const alone = { attention: { residual: false }, feedForward: "none" };
      const spreads = async (block: object) => {
        const architecture = parsed({ tokens: 8, width: 8, layers: [{ repeat: 6, ...block }] });
        const model = build(architecture, { seed, regime: "standard" });
        const layers = await measureMargins(model, predictionsOf(architecture).slice(0, 1), alphabet(architecture, seed), unhurried); // prettier-ignore
        model.dispose();
        return layers.map(({ spread }) => spread);
      };
      const [collapsing, kept] = [await spreads(alone), await spreads({ attention: {} })];
      console.log(`spread alone ${collapsing.map((x) => x.toPrecision(2)).join(" ")}; with residual paths ${kept.map((x) => x.toPrecision(2)).join(" ")}`); // prettier-ignore
      assert.ok(collapsing[6] < 1e-3 && kept[6] > 0.1);
      // Doubly exponentially (2103.03404): the logarithm falls faster with every layer, until rounding is reached.
      assert.ok(Math.log(collapsing[4] / collapsing[3]) < Math.log(collapsing[2] / collapsing[1]));
    });

    it("UAP501 where a margin is below the resolution of a dtype, with layer and numbers", async () => {
      const collapsed = parsed({
        tokens: 6,
        width: 8,
        layers: [{ repeat: 8, attention: { residual: false }, feedForward: "none" }],
      });
      const report = await measured(collapsed);
      const finding = marginFinding(report);
      assert.ok(finding);
      console.log(finding.message);
      assert.match(
        finding.message,
        /after 8 layers.*at initialisation it is .* below the resolution of float32 \(6\.0e-8\)/,
      );
      const fine = parsed({ tokens: 4, width: 8, layers: [{ attention: {} }] });
      const numeric = await measured(fine);
      assert.equal(marginFinding(numeric), null);
      assert.ok(numeric.layers[1].maximised!.margin!.gap > resolutions.bfloat16);
    });

    it("a whole measurement agrees with the theory and leaves no tensor behind", async () => {
      const architecture = parsed({
        tokens: 5,
        width: 6,
        layers: [{ repeat: 2, attention: { pattern: { window: { left: 1, right: 1, circular: true } } } }],
        target: { symmetry: "S_n" },
      });
      const tensors = tf.memory().numTensors;
      const report = await measured(architecture);
      assert.equal(tf.memory().numTensors, tensors);
      assert.deepEqual(report.disagreements, []);
      assert.deepEqual(report.group, { tested: 120, measured: 10, theory: 10, exhaustive: true });
      assert.equal(report.layers.length, 3);
      assert.ok(report.coincidences!.equal > 0 && report.coincidences!.different > 0);
      // The declared S_5 has a transposition that the ring of five has not.
      const broken = report.equivariance.filter(({ symmetry }) => symmetry === false);
      assert.ok(broken.length > 0 && broken.every(({ max }) => max > 0.01));
      assert.deepEqual(await measured(architecture), report, "equal seeds give equal reports");
    });

    it("measures the parameters given", async () => {
      const architecture = parsed({ tokens: 4, width: 4, layers: [{ attention: {} }] });
      const model = build(architecture, { seed: 7, regime: "standard" });
      const trained = (await valuesOf(model)).fill(0);
      model.dispose();
      const tensors = tf.memory().numTensors;
      const report = await measured(architecture, trained);
      assert.equal(tf.memory().numTensors, tensors);
      // With all parameters zero every layer is the identity, and only the replaced token has changed.
      assert.equal(report.layers[1].trained!.margin!.gap, 0);
      assert.ok(report.layers[1].initialisation!.margin!.gap > 0);
      await assert.rejects(measured(architecture, new Float32Array(3)), /3 parameters/);
    });

    it("stops where it is cancelled, and leaves no tensor behind", async () => {
      const tensors = tf.memory().numTensors;
      let calls = 0;
      await measure({ architecture: ring, seed }, { backend, progress: () => undefined, pause: () => Promise.resolve(void calls++) }); // prettier-ignore
      assert.ok(calls > 20);
      for (const last of [0, 1, Math.floor(calls / 2), calls - 1]) {
        let left = last;
        const pause = () => (left-- > 0 ? Promise.resolve() : Promise.reject(new Error("cancelled")));
        await assert.rejects(measure({ architecture: ring, seed }, { backend, progress: () => undefined, pause }), /cancelled/); // prettier-ignore
        assert.equal(tf.memory().numTensors, tensors, `cancelled after ${last} of ${calls} steps`);
      }
    });

    it("a model that leaves float32's range is said to", async () => {
      const architecture = parsed({ tokens: 4, width: 8, layers: [{ repeat: 6, attention: { kernel: "polynomial", degree: 4, normalized: false }, feedForward: { activation: "relu-squared" } }] }); // prettier-ignore
      const model = build(architecture, { seed, regime: "standard" });
      const letters = alphabet(architecture, seed).map((x) => 100 * x);
      await assert.rejects(measureMargins(model, predictionsOf(architecture), letters, unhurried), NotFinite);
      model.dispose();
    });
  });

async function measured(architecture: Architecture, trained?: Float32Array): Promise<NumericReport> {
  const report = await measure({ architecture, seed, trained }, { backend: tf.getBackend(), progress: () => undefined, pause: unhurried }); // prettier-ignore
  assert.ok(!("unavailable" in report), JSON.stringify(report));
  return report;
}

describe("what is compared", () => {
  it("X' is X with the letters moved or replaced", async () => {
    await start("cpu");
    const letters = Float32Array.of(0, 10, 20, 30);
    const words = [
      lettersOf({ kind: "rearrangement", permutation: Int32Array.of(1, 2, 0) }, 3),
      lettersOf({ kind: "replacement", position: 1 }, 3),
    ];
    const samples = written(words, letters, 1);
    assert.deepEqual([...(await samples.data())], [20, 0, 10, 0, 30, 20]);
    samples.dispose();
  });

  it("large sequences are compared at the witness, generators of G and of the target, and a few others", () => {
    const architecture = parsed({
      tokens: 12,
      width: 4,
      layers: [{ attention: { pattern: { block: 4 } } }],
      target: { symmetry: "C_n" },
    });
    const decision = decide(architecture);
    const comparisons = comparisonsFor(architecture, decision, seed);
    const moved = comparisons.flatMap((c) => (c.kind === "rearrangement" ? [String(c.permutation)] : []));
    assert.equal(new Set(moved).size, moved.length);
    assert.ok("group" in decision.symmetry);
    for (const generator of decision.symmetry.group.automorphisms.generators) assert.ok(moved.includes(String(generator))); // prettier-ignore
    assert.ok(moved.includes("1,2,3,4,5,6,7,8,9,10,11,0"));
    const replaced = comparisons.flatMap((c) => (c.kind === "replacement" ? [c.position] : []));
    assert.ok(decision.visibility.unreachable.every(({ from }) => replaced.includes(from)));
  });

  it("sizes beyond reach are refused in a sentence", async () => {
    const architecture = parsed({ tokens: 4096, width: 4096, layers: [{ repeat: 32, attention: { heads: 32, pattern: "causal" } }] }); // prettier-ignore
    const report = await measure({ architecture, seed }, { backend: "cpu", progress: () => undefined, pause: unhurried }); // prettier-ignore
    assert.ok("unavailable" in report);
    assert.match(report.unavailable, /million parameters/);
  });
});
