/** The symmetry as it is measured: generators in two precisions, and the group by trying permutations. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { start } from "../../extension/runtime/backends/start";
import { build } from "../../extension/runtime/builders/build";
import { valuesOf } from "../../extension/runtime/builders/flat";
import {
  measureSymmetry,
  type MeasuredSymmetry,
  type SymmetryParams,
} from "../../extension/runtime/measuring/symmetry";
import { type ArchitectureInput, architectureSchema } from "../../extension/theory/architecture/schema";

const unhurried = () => Promise.resolve();

async function measured(input: ArchitectureInput, more: Partial<SymmetryParams> = {}): Promise<MeasuredSymmetry> {
  const phases = new Set<string>();
  const found = await measureSymmetry(
    { architecture: architectureSchema.parse(input), seed: 1, ...more },
    unhurried,
    ({ phase }) => void phases.add(phase),
  );
  assert.ok(!("unavailable" in found), JSON.stringify(found));
  assert.ok(phases.has("float32") && phases.has("float64"));
  assert.deepEqual(found.disagreements, []);
  return found;
}

const window = { left: 1, right: 1, circular: true };
const ring: ArchitectureInput = { tokens: 6, width: 8, layers: [{ repeat: 3, attention: { pattern: { window } } }] };

describe("the measured symmetry", () => {
  before(() => start("wasm"));

  it("is the dihedral group of a ring: errors of its generators are rounding in both precisions, and all 720 permutations agree", async () => {
    const tensors = tf.memory().numTensors;
    const { generators, group, notes } = await measured(ring);
    assert.deepEqual(group, { tested: 720, measured: 12, theory: 12, exhaustive: true });
    assert.deepEqual(notes, []);
    for (const { symmetry, declared, float32, float64 } of generators) {
      assert.deepEqual([symmetry, declared], [true, false]);
      assert.ok(float32.max <= float32.rounding && float32.max < 1e-4);
      // The same model in double precision misses by as much less as its numbers are finer.
      assert.ok(float64!.max < 1e-13, `${float64!.max}`);
    }
    assert.equal(tf.memory().numTensors, tensors);
  });

  it("shows what the declared target asks for and the model lacks: errors of order 1, the same in both precisions", async () => {
    const { generators } = await measured({ ...ring, target: { symmetry: "S_n" } });
    const lacking = generators.filter(({ declared }) => declared);
    assert.ok(lacking.length > 0);
    for (const { symmetry, float32, float64 } of lacking) {
      assert.equal(symmetry, false);
      assert.ok(float32.max > 0.01 && float64!.max > 0.01);
    }
  });

  it("is measured at given parameters", async () => {
    const model = build(architectureSchema.parse({ ...ring, target: { symmetry: "S_n" } }), { seed: 1, regime: "standard" }); // prettier-ignore
    const parameters = (await valuesOf(model)).fill(0);
    model.dispose();
    const { generators } = await measured({ ...ring, target: { symmetry: "S_n" } }, { parameters });
    // With all parameters zero every layer is the identity, which commutes with everything.
    for (const { float32, float64 } of generators) assert.deepEqual([float32.max, float64!.max], [0, 0]);
  });

  it("leaves out, with a note, what is beyond reach", async () => {
    const nystrom = await measured({ tokens: 6, width: 4, layers: [{ attention: { projection: { nystrom: { landmarks: 2 } } } }] }); // prettier-ignore
    assert.match(nystrom.notes.join(" "), /float64: a Nystrom projection is not/);
    const large = await measured({ ...ring, tokens: 128, width: 128 });
    assert.ok(large.generators.every(({ float64 }) => float64 === null));
    assert.match(large.notes.join(" "), /too large for the evaluation in float64/);
    assert.ok(large.group !== null && !large.group.exhaustive);
    const undecided = await measured({ tokens: 4, width: 4, position: "rotary", layers: [{ attention: { kernel: "linear-elu" } }], target: { symmetry: "C_n" } }); // prettier-ignore
    assert.equal(undecided.group, null);
    assert.match(undecided.notes[0], /decides nothing/);
    assert.equal(undecided.generators[0].symmetry, null);
  });
});
