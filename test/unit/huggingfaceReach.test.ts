/**
 * The readings against real models: which input token can change which output token of a small model of each type, and how long an
 * input it takes, both measured on transformers itself (test/corpus/tools/make_huggingface_reach.py).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Architecture, Pattern } from "../../extension/theory/architecture/schema";
import { readHuggingFace } from "../../extension/models/huggingface";

interface Measured {
  config: Record<string, unknown>;
  stack: string;
  reach: string[];
  longest: number | null;
}

const file = new URL("../corpus/huggingface/reach.json", import.meta.url);
const measured = JSON.parse(readFileSync(file, "utf8")) as Measured[];

/** Whether query q attends to key k, from the definitions alone; BigBird's random blocks exist in training only. */
function attends(pattern: Pattern, q: number, k: number, n: number): boolean {
  switch (pattern.kind) {
    case "full":
      return true;
    case "causal":
      return k <= q;
    case "window":
      return q - k <= pattern.left && k - q <= pattern.right;
    case "longformer":
      return Math.abs(q - k) <= pattern.window;
    case "bigbird": {
      const [a, b, last] = [q, k, n - 1].map((token) => Math.floor(token / pattern.block));
      return Math.abs(a - b) <= (pattern.window - 1) / 2 || [a, b].some((block) => block === 0 || block === last);
    }
    case "all":
      return pattern.patterns.every((part) => attends(part, q, k, n));
    case "expression": {
      const written = /^\(q \/\/ (\d+) - k \/\/ \1\) % (\d+) <= (\d+) \|\| \(k \/\/ \1 - q \/\/ \1\) % \2 <= (\d+)$/;
      const [chunk, chunks, before, after] = (written.exec(pattern.expression) ?? []).slice(1).map(Number);
      const apart = (((Math.floor(q / chunk) - Math.floor(k / chunk)) % chunks) + chunks) % chunks;
      return apart <= before || (chunks - apart) % chunks <= after;
    }
    default:
      return assert.fail(pattern.kind);
  }
}

/** Row t: the inputs that output t can depend on after all layers. */
function reachOf({ layers }: Architecture, n: number): string[] {
  let rows = Array.from({ length: n }, (_, t) => Array.from({ length: n }, (_, r) => r === t));
  for (const { repeat, mixer } of layers) {
    assert.equal(mixer.kind, "attention");
    const pattern = mixer.kind === "attention" ? mixer.heads[0].pattern : assert.fail();
    for (let i = 0; i < repeat; i++) {
      const before = rows;
      rows = before.map((row, q) =>
        row.map((seen, r) => seen || before.some((other, k) => other[r] && attends(pattern, q, k, n))),
      );
    }
  }
  return rows.map((row) => row.map((seen) => (seen ? "1" : "0")).join(""));
}

/** The types whose longest input no table of positions decides. */
const stretching = new Set(["longformer", "led", "big_bird", "reformer", "esm"]);

describe("Hugging Face readings against real models", () => {
  it("cover most types", () => {
    const types = new Set(measured.map(({ config }) => config.model_type));
    assert.ok(types.size >= 36, String(types.size));
    // Not everything reaches everything: the comparison can fail.
    assert.ok(
      measured.filter(({ reach }) => reach.some((row) => row.includes("0"))).length >= 25,
      "too few sparse cases",
    );
  });

  for (const { config, stack, reach, longest } of measured) {
    it(`${JSON.stringify(config)} ${stack}`, () => {
      const n = reach.length;
      const { architectures, errors } = readHuggingFace(
        JSON.stringify({ ...config, uap: { tokens: n } }),
        "config.json",
      );
      assert.deepEqual(errors, []);
      const index = stack === "decoder" ? 1 : 0;
      assert.deepEqual(reachOf(architectures[index].architecture, n), reach);
      if (longest === null || stretching.has(String(config.model_type))) return;
      const { architecture } = readHuggingFace(JSON.stringify(config), "config.json").architectures[index];
      assert.equal(architecture.tokens, longest);
    });
  }
});
