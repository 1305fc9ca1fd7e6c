import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { PythonInterpreter } from "../../extension/models/code/python/interpreter";
import { pythonLibraries } from "../../extension/models/code/python/libraries";
import { isTensor, numbersOf, tensorOf } from "../../extension/models/code/python/libraries/tensorState";
import { int, type Value } from "../../extension/models/code/python/values";
import { loadGrammar, parse, plain } from "../../extension/models/code/syntax";
import { sizesOf, type Tensor } from "../../extension/models/code/graph/tensor";

/** The module of a source, run. */
function run(text: string): PythonInterpreter {
  const source = parse("python", text);
  const root = plain(source.tree.rootNode, text);
  source.tree.delete();
  assert.ok(root);
  const interpreter = new PythonInterpreter(text, pythonLibraries, 1_000_000);
  interpreter.runModule(root.children);
  return interpreter;
}

const nowhere = { from: 0, to: 0 };

function tensorFrom(value: Value | undefined): Tensor {
  assert.ok(value && isTensor(value), value?.kind === "unknown" ? value.reason : value?.kind);
  const tensor = tensorOf(value);
  assert.notEqual(tensor.content.kind, "opaque", tensor.content.kind === "opaque" ? tensor.content.opaque.reason : "");
  return tensor;
}

interface Spelling {
  name: string;
  source: string;
  results: { n: number; shape: number[]; bool: boolean; values: (number | string)[] }[];
}
const spellings = JSON.parse(readFileSync(path.join(__dirname, "fixtures", "torchMasks.json"), "utf8")) as Spelling[];

describe("PyTorch's tensors of known numbers", () => {
  before(() => loadGrammar("python"));

  for (const { name, source, results } of spellings)
    it(name, () => {
      const interpreter = run(source);
      for (const { n, shape, bool, values } of results) {
        const made = interpreter.callWith(interpreter.module.names.get("made")!, [int(n, nowhere)], nowhere);
        const tensor = tensorFrom(made);
        assert.deepEqual(sizesOf(tensor), shape);
        assert.equal(tensor.dtype === "bool", bool);
        const numbers = numbersOf(tensor) ?? [];
        assert.equal(numbers.length, values.length);
        for (const [i, value] of values.entries()) {
          const expected = Number(typeof value === "string" ? value.replace("inf", "Infinity") : value);
          const tolerance = Number.isFinite(expected) ? 1e-5 * Math.max(1, Math.abs(expected)) : 0;
          assert.ok(
            numbers[i] === expected || Math.abs(numbers[i] - expected) <= tolerance,
            `element ${i} is ${numbers[i]}, not ${expected}`,
          );
        }
      }
    });
});
