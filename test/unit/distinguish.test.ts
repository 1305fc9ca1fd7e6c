/** Gap matrices of all tokens of two samples, as the panel asks for them. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { start } from "../../extension/runtime/backends/start";
import { comparisonsFor, type Comparison } from "../../extension/runtime/measuring/comparisons";
import {
  distinguish,
  type Distinguished,
  type DistinguishParams,
  maximise,
} from "../../extension/runtime/measuring/distinguish";
import { expected } from "../../extension/runtime/measuring/predictions";
import {
  type Architecture,
  type ArchitectureInput,
  architectureSchema,
} from "../../extension/theory/architecture/schema";
import type { NotMeasured } from "../../extension/theory/verdict/report";

const parsed = (input: ArchitectureInput) => architectureSchema.parse(input);
const unhurried = () => Promise.resolve();
const seed = 1;

async function asked(architecture: Architecture, pair: DistinguishParams["pair"], parameters?: Float32Array) {
  const found = await distinguish({ architecture, seed, pair, parameters }, unhurried);
  assert.ok(!("unavailable" in found), JSON.stringify(found));
  return found;
}

const reasonOf = (found: Distinguished | NotMeasured): string =>
  "unavailable" in found ? found.unavailable : assert.fail("it was measured");

/** A line of 6 tokens that takes 5 layers to cross, and has 3. */
const narrow = parsed({ tokens: 6, width: 4, position: "absolute", layers: [{ repeat: 3, attention: { pattern: { window: 1 } } }] }); // prettier-ignore
const ring = parsed({ tokens: 7, width: 4, layers: [{ repeat: 3, attention: { pattern: { window: { left: 1, right: 1, circular: true } } } }] }); // prettier-ignore

describe("distinguishing tokens", () => {
  before(() => start("wasm"));

  it("compares the sample with the theory's witness: what is out of reach is exactly equal, what is not is not", async () => {
    const { comparison, gaps, theory, tolerance } = await asked(narrow, { kind: "witness" });
    assert.equal(comparison.kind, "replacement");
    assert.equal(gaps.length, 4);
    assert.ok(theory);
    const { position } = comparison;
    gaps.forEach((matrix, layer) => {
      for (let t = 0; t < 6; t++) {
        const seen = Math.abs(t - position) <= layer;
        assert.equal(theory[layer][7 * t], seen ? expected.different : expected.equal);
        assert.equal(matrix[7 * t] > tolerance, seen, `output ${t} after ${layer} layers: ${matrix[7 * t]}`);
        if (!seen) assert.equal(matrix[7 * t], 0);
      }
    });
    // Symmetric models: a generator of the symmetry, which moves tokens onto equal ones.
    const { comparison: turned, gaps: moved, theory: said } = await asked(ring, { kind: "witness" });
    assert.equal(turned.kind, "rearrangement");
    const { permutation } = turned;
    for (let t = 0; t < 7; t++) {
      assert.equal(said!.at(-1)![7 * t + permutation[t]], expected.equal);
      assert.ok(moved.at(-1)![7 * t + permutation[t]] <= tolerance);
    }
  });

  it("finds the worst replacement and the worst rearrangement by trying all that are compared", async () => {
    for (const of of ["replacement", "rearrangement"] as const) {
      const { comparison, gaps, theory } = await asked(narrow, { kind: "worst", of });
      assert.equal(comparison.kind, of);
      const smallest = ({ gaps, theory }: Pick<Distinguished, "gaps" | "theory">) =>
        Math.min(...gaps.at(-1)!.filter((_, pair) => theory!.at(-1)![pair] === expected.different));
      const least = smallest({ gaps, theory });
      const others = comparisonsFor(narrow, null, seed).filter(({ kind }) => kind === of);
      for (const other of others.filter((_, i) => i % 23 === 0))
        assert.ok(smallest(await asked(narrow, other)) >= least - 1e-7, JSON.stringify(other));
    }
  });

  it("takes any pair, and any parameters", async () => {
    const swap: Comparison = { kind: "rearrangement", permutation: Int32Array.of(1, 0, 2, 3, 4, 5, 6) };
    const { comparison, gaps } = await asked(ring, swap);
    assert.deepEqual(comparison, swap);
    // Before the first layer token 0 of X is token 1 of X'.
    assert.equal(gaps[0][1], 0);
    assert.ok(gaps[0][0] > 0.1);
    const tensors = tf.memory().numTensors;
    const maximised = await maximise({ architecture: ring, seed }, unhurried);
    assert.ok("parameters" in maximised);
    assert.equal(tf.memory().numTensors, tensors);
    const worst = { kind: "worst", of: "replacement" } as const;
    const margin = ({ gaps, theory }: Distinguished) =>
      Math.min(...gaps.at(-1)!.filter((_, pair) => theory!.at(-1)![pair] === expected.different));
    const [before, after] = [await asked(ring, worst), await asked(ring, worst, maximised.parameters)].map(margin);
    console.log(`      margin ${before.toPrecision(2)} at initialisation, ${after.toPrecision(2)} maximised`);
    assert.ok(after > before);
    assert.equal(tf.memory().numTensors, tensors);
    await assert.rejects(asked(ring, swap, new Float32Array(5)), /5 parameters/);
  });

  it("says why nothing is measured", async () => {
    const ask = async (input: ArchitectureInput, pair: DistinguishParams["pair"] = { kind: "witness" }) =>
      reasonOf(await distinguish({ architecture: parsed(input), seed, pair }, unhurried));
    assert.match(await ask({ tokens: 1025, width: 2, layers: [{ attention: {} }] }), /up to 1,024 tokens/);
    assert.match(await ask({ tokens: 4, width: 2, position: "absolute", layers: [{ attention: {} }] }), /no witness/);
    assert.match(
      await ask({ tokens: 4, width: 2, layers: [{ attention: { pattern: { edges: [[0, 0], [1, 1]] } } }] }), // prettier-ignore
      /attends to nothing/,
    );
    const rotary: ArchitectureInput = { tokens: 4, width: 4, position: "rotary", layers: [{ attention: { kernel: "linear-elu" } }] }; // prettier-ignore
    assert.match(await ask(rotary), /decides nothing/);
    assert.match(
      await ask({ tokens: 64, width: 8192, layers: [{ repeat: 4, attention: {} }] }),
      /beyond what is measured/,
    );
    // What the theory does not decide can be measured all the same.
    const { theory } = await asked(parsed(rotary), { kind: "replacement", position: 0 });
    assert.equal(theory, null);
  });

  it("takes a sparse pattern of 1,024 tokens", async () => {
    const wide = parsed({ tokens: 1024, width: 8, position: "absolute", layers: [{ repeat: 3, attention: { pattern: { window: 64 } }, feedForward: { hidden: 8 } }] }); // prettier-ignore
    const { gaps, theory, comparison } = await asked(wide, { kind: "witness" });
    assert.deepEqual(comparison, { kind: "replacement", position: 0 });
    assert.equal(gaps[3].length, 1024 * 1024);
    for (const t of [0, 100, 192, 193, 500, 1023]) {
      assert.equal(theory![3][1025 * t], t <= 192 ? expected.different : expected.equal);
      assert.equal(gaps[3][1025 * t] > 0, t <= 192, `token ${t}`);
    }
  });
});
