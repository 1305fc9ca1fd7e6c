/**
 * Which input token changes which output token of a model of TensorFlow.js: `tsx measure_code_tfjs.mts FILE BUILDER TOKENS WIDTH`
 * prints rows of 0 and 1. WIDTH is that of the input's vectors, 0 for indices.
 *
 * A token is replaced and the outputs are compared bit by bit, on the backend of plain JavaScript: what does not depend on it is computed
 * from the same numbers in the same order. Three draws of weights and inputs.
 */
import * as tf from "@tensorflow/tfjs";
import { pathToFileURL } from "node:url";

const [file, builder, tokensText, widthText] = process.argv.slice(2);
const tokens = Number(tokensText);
const width = Number(widthText);
await tf.setBackend("cpu");

const imported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
const make = (imported[builder] ?? (imported.default as Record<string, unknown>)[builder]) as (tokens?: number) => tf.LayersModel;

const seen = Array.from({ length: tokens }, () => new Array<boolean>(tokens).fill(false));
for (let draw = 0; draw < 3; draw++) {
  const model = width ? make(tokens) : make();
  const weights = model.getWeights().map((w, i) => tf.randomNormal(w.shape, 0, w.rank > 1 ? w.shape[0] ** -0.5 : 0.5, "float32", 31 * draw + i));
  model.setWeights(weights);
  const sample = width
    ? (tf.randomNormal([1, tokens, width], 0, 1, "float32", 7 + draw).arraySync() as number[][][])
    : (tf.randomUniform([1, tokens], 0, 29, "int32", 7 + draw).arraySync() as number[][]);
  const run = (x: unknown) => (model.predict(tf.tensor(x as number[][])) as tf.Tensor).arraySync() as number[][][];
  const before = run(sample)[0];
  for (let r = 0; r < tokens; r++) {
    const changed = structuredClone(sample) as unknown[][];
    changed[0][r] = width ? (changed[0][r] as number[]).map((v) => -0.7 * v + 0.1) : ((changed[0][r] as number) + 11) % 29;
    const after = run(changed)[0];
    for (let t = 0; t < tokens; t++) if (after[t].some((v, i) => v !== before[t][i])) seen[t][r] = true;
  }
}
console.log(JSON.stringify(seen.map((row) => row.map((bit) => (bit ? "1" : "0")).join(""))));
