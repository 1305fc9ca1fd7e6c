/** The evaluation from definitions against the float64 reference, which shares nothing with it: at the parameters of built models, for every mechanism. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { start } from "../../extension/runtime/backends/start";
import { build } from "../../extension/runtime/builders/build";
import { float64 } from "../../extension/theory/evaluation/arithmetic";
import { evaluator, NotEvaluated, type Values } from "../../extension/theory/evaluation/evaluate";
import { architectureSchema } from "../../extension/theory/architecture/schema";
import type { Architecture } from "../../extension/theory/architecture/schema";
import { everyMechanism } from "../reference/architectures";
import { evaluateModel } from "../reference/modelParameters";
import { Random } from "../reference/random";

function modelValues(
  architecture: Architecture,
  seed: number,
): Record<string, Values<number> & { data: Float64Array }> {
  const model = build(architecture, { seed, regime: "small" });
  const named = Object.fromEntries(
    Object.entries({ ...model.variables, ...model.constants }).map(([name, tensor]) => [
      name,
      { shape: tensor.shape, data: Float64Array.from(tensor.dataSync()) },
    ]),
  );
  model.dispose();
  return named;
}

describe("the evaluation from definitions", () => {
  before(() => start("cpu"));

  it("agrees with the reference on random architectures of every mechanism", () => {
    let [largest, compared] = [0, 0];
    fc.assert(
      fc.property(everyMechanism(2, 6), fc.nat(1000), (architecture, seed) => {
        const named = modelValues(architecture, seed);
        const { tokens, width } = architecture;
        const random = new Random(seed);
        const data = Float64Array.from({ length: tokens * width }, () => random.normal());
        const wanted = evaluateModel(architecture, named, { shape: [1, tokens, width], data });
        const X = Array.from({ length: tokens }, (_, t) => [...data.subarray(t * width, (t + 1) * width)]);
        let found: number[];
        try {
          found = evaluator(architecture, named, float64)(X).flat();
        } catch (error) {
          assert.ok(error instanceof NotEvaluated);
          assert.ok(architecture.layers.some(({ mixer }) => mixer.kind === "attention" && mixer.projection.kind === "nystrom")); // prettier-ignore
          return;
        }
        if (!wanted.every(Number.isFinite)) return;
        compared++;
        const scale = Math.max(1, ...wanted.map(Math.abs));
        const error = Math.max(...found.map((x, i) => Math.abs(x - wanted[i]))) / scale;
        largest = Math.max(largest, error);
        assert.ok(error < 1e-11, `${error}`);
      }),
      { seed: 1, numRuns: 400 },
    );
    console.log(`      ${compared} architectures, largest relative error ${largest.toExponential(1)}`);
    assert.ok(compared > 330);
    assert.equal(tf.memory().numTensors, 0);
  });

  it("names a parameter that is missing", () => {
    const architecture = architectureSchema.parse({ tokens: 2, width: 2, layers: [{ attention: {} }] });
    const rest = modelValues(architecture, 1);
    delete rest["layers.0.attention.query"];
    const X = [[1, 2], [3, 4]]; // prettier-ignore
    assert.throws(() => evaluator(architecture, rest, float64)(X), /layers\.0\.attention\.query/);
  });
});
