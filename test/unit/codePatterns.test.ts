/** Masks of model code: conditions on query and key become exactly the patterns that they are. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { evaluate, EvaluationError } from "../../extension/models/code/graph/evaluate";
import type { BinaryOperation, IndexExpression } from "../../extension/models/code/graph/indexExpression";
import { maskPattern, rowsOf, splitAdditive } from "../../extension/models/code/graph/patterns";
import { pairCode } from "../../extension/models/code/graph/pairCodes";
import { expressionText, simplify } from "../../extension/models/code/graph/simplify";
import { codeInput, patternInput } from "../../extension/theory/architecture/input";
import { limits } from "../../extension/theory/architecture/limits";
import { contains } from "../../extension/theory/patterns/algebra";
import { buildRows } from "../../extension/theory/patterns/build";
import { expressionRows, parseExpression } from "../../extension/theory/patterns/expression";
import type { Pattern } from "../../extension/theory/architecture/schema";
import { assertBounded, processorTime } from "../time";

const seed = 20_261_125;

const h: IndexExpression = { kind: "coordinate", axis: 0 };
const q: IndexExpression = { kind: "coordinate", axis: 1 };
const k: IndexExpression = { kind: "coordinate", axis: 2 };
type Part = IndexExpression | number;
const expression = (part: Part): IndexExpression =>
  typeof part === "number" ? { kind: "number", value: part, literal: undefined } : part;
const on = (left: Part, op: BinaryOperation, right: Part): IndexExpression => ({
  kind: "binary",
  op,
  left: expression(left),
  right: expression(right),
});
const all = (...parts: IndexExpression[]) => parts.reduce((left, right) => on(left, "and", right));
const any = (...parts: IndexExpression[]) => parts.reduce((left, right) => on(left, "or", right));
const not = (value: IndexExpression): IndexExpression => ({ kind: "unary", op: "not", value });
const abs = (value: IndexExpression): IndexExpression => ({ kind: "unary", op: "abs", value });
const choose = (condition: IndexExpression, yes: Part, no: Part): IndexExpression => ({
  kind: "choose",
  condition,
  yes: expression(yes),
  no: expression(no),
});
const table = (values: readonly number[], ...indices: Part[]): IndexExpression => ({
  kind: "table",
  values,
  sizes: [values.length],
  indices: indices.map(expression),
});

function patterns(condition: IndexExpression, tokens: number, heads = 1) {
  const result = maskPattern(condition, heads, tokens);
  if ("undecided" in result) return result.undecided;
  return result.map(({ pattern, count }) => [count, patternInput(pattern)]);
}

/** The one pattern of all heads. */
function pattern(condition: IndexExpression, tokens: number): unknown {
  const found = patterns(condition, tokens);
  return typeof found === "string" ? found : found[0][1];
}

const causal = on(q, ">=", k);
const distance = abs(on(q, "-", k));

describe("masks of model code", () => {
  describe("names", () => {
    const spellings: [string, IndexExpression, number, unknown][] = [
      ["full", on(q, ">=", 0), 16, "full"],
      ["causal", causal, 16, "causal"],
      ["causal, from the key", on(k, "<=", q), 16, "causal"],
      ["causal, by the difference", on(on(q, "-", k), ">=", 0), 16, "causal"],
      ["causal, strictly and itself", any(on(k, "<", q), on(q, "==", k)), 16, "causal"],
      ["causal, negated", not(on(k, ">", q)), 16, "causal"],
      ["causal, as the numbers of a triangle", on(choose(on(on(k, "-", q), "<=", 0), 1, 0), "==", 1), 16, "causal"],
      ["causal, shifted", on(on(q, "+", 1), ">", k), 16, "causal"],
      ["a window", on(distance, "<=", 3), 16, { window: 3 }],
      ["a window, strictly", on(distance, "<", 4), 16, { window: 3 }],
      ["a window, from both sides", all(on(on(q, "-", k), "<=", 3), on(on(k, "-", q), "<=", 3)), 16, { window: 3 }],
      ["a causal window", all(causal, on(on(q, "-", k), "<", 4)), 16, { window: { left: 3, right: 0 } }],
      ["a causal window, multiplied", on(choose(causal, 1, 0), "*", on(k, ">", on(q, "-", 4))), 16, { window: { left: 3, right: 0 } }], // prettier-ignore
      ["a dilated window", all(on(distance, "<=", 6), on(on(on(q, "-", k), "%", 2), "==", 0)), 20, { window: { left: 3, right: 3, dilation: 2 } }], // prettier-ignore
      ["a circular window", on(on(on(on(q, "-", k), "+", 2), "%", 16), "<=", 4), 16, { window: { left: 2, right: 2, circular: true } }], // prettier-ignore
      ["blocks", on(on(q, "//", 4), "==", on(k, "//", 4)), 18, { block: 4 }],
      ["shifted blocks", on(on(on(q, "+", 2), "//", 4), "==", on(on(k, "+", 2), "//", 4)), 18, { block: { size: 4, shift: 2 } }], // prettier-ignore
      ["blocks by a table", on(table([0, 0, 0, 1, 1, 1, 2, 2], q), "==", table([0, 0, 0, 1, 1, 1, 2, 2], k)), 8, { block: 3 }], // prettier-ignore
      ["blocks, by the floor of a quotient", on({ kind: "unary", op: "floor", value: on(q, "/", 4) }, "==", on(k, "//", 4)), 18, { block: 4 }], // prettier-ignore
      ["strided", any(on(distance, "<", 4), on(on(distance, "%", 4), "==", 0)), 18, { strided: 4 }],
      ["fixed", any(on(on(q, "//", 4), "==", on(k, "//", 4)), on(on(k, "%", 4), ">=", 3)), 18, { fixed: { stride: 4, summary: 1 } }], // prettier-ignore
      ["a star", any(on(q, "==", 3), on(k, "==", 3)), 9, { star: 3 }],
      ["global tokens", any(on(q, "<", 2), on(k, "<", 2)), 9, { global: [0, 1] }],
      ["axial", any(on(on(q, "//", 4), "==", on(k, "//", 4)), on(on(q, "%", 4), "==", on(k, "%", 4))), 12, { axial: { rows: 3, columns: 4 } }], // prettier-ignore
      ["Longformer", any(on(distance, "<=", 2), on(q, "==", 0), on(k, "==", 0)), 16, { longformer: { window: 2, globals: [0] } }], // prettier-ignore
      ["Longformer, with globals inside", any(on(distance, "<=", 1), on(on(q, "%", 8), "==", 5), on(on(k, "%", 8), "==", 5)), 16, { longformer: { window: 1, globals: [5, 13] } }], // prettier-ignore
      ["a one-sided window and a global token", any(all(causal, on(on(q, "-", k), "<", 3)), on(q, "==", 0), on(k, "==", 0)), 16, { any: [{ window: { left: 2, right: 0 } }, { star: 0 }] }], // prettier-ignore
      ["causal blocks", all(causal, on(on(q, "//", 4), "==", on(k, "//", 4))), 16, { all: ["causal", { block: 4 }] }],
      ["causal blocks, with a choice", choose(causal, on(on(q, "//", 4), "==", on(k, "//", 4)), 0), 16, { all: ["causal", { block: 4 }] }], // prettier-ignore
      ["strided behind the mask", all(causal, any(on(on(q, "-", k), "<", 4), on(on(on(q, "-", k), "%", 4), "==", 0))), 18, { all: ["causal", { strided: 4 }] }], // prettier-ignore
      ["fixed behind the mask", all(causal, any(on(on(q, "//", 4), "==", on(k, "//", 4)), on(on(k, "%", 4), ">=", 2))), 18, { all: ["causal", { fixed: { stride: 4, summary: 2 } }] }], // prettier-ignore
      ["sinks and a causal window", all(causal, any(on(on(q, "-", k), "<", 4), on(k, "<", 2))), 16, { all: ["causal", { longformer: { window: 3, globals: [0, 1] } }] }], // prettier-ignore
      ["blocks or a window", any(on(on(q, "//", 4), "==", on(k, "//", 4)), on(distance, "<=", 1)), 16, { any: [{ block: 4 }, { window: 1 }] }], // prettier-ignore
      ["a prefix", any(on(k, "<", 5), causal), 16, { expression: "k < 5 or q >= k" }],
      ["a prefix as long as half", any(causal, on(k, "<", on(16, "//", 2))), 16, { expression: "q >= k or k < 8" }],
      ["all but itself", on(q, "!=", k), 8, { expression: "q != k" }],
      ["looking ahead by two", on(k, "<=", on(q, "+", 2)), 16, { expression: "k <= q + 2" }],
      ["nothing", on(q, "<", 0), 4, { edges: [] }],
      ["documents", on(table([0, 1, 0, 1, 2, 0], q), "==", table([0, 1, 0, 1, 2, 0], k)), 6, { expression: "q == 0 and (k == 0 or k == 2 or k == 5) or q == 1 and (k == 1 or k == 3) or q == 2 and (k == 0 or k == 2 or k == 5) or q == 3 and (k == 1 or k == 3) or q == 4 and k == 4 or q == 5 and (k == 0 or k == 2 or k == 5)" }], // prettier-ignore
    ];
    for (const [name, condition, tokens, expected] of spellings)
      it(name, () => assert.deepEqual(pattern(condition, tokens), expected));
  });

  it("groups the heads that read the same pairs", () => {
    const condition = choose(on(h, "<", 3), on(distance, "<=", on(h, "//", 2)), causal);
    assert.deepEqual(patterns(condition, 12, 6), [
      [2, { window: 0 }],
      [1, { window: 1 }],
      [3, "causal"],
    ]);
    const windows = on(distance, "<", table([2, 2, 4, 4], h));
    assert.deepEqual(patterns(windows, 12, 4), [
      [2, { window: 1 }],
      [2, { window: 3 }],
    ]);
  });

  it("says why a mask is undecided", () => {
    assert.match(String(patterns(on(on(q, "//", k), "==", 0), 4)), /division by zero, at query 0 and key 0/);
    assert.match(String(patterns(on(table([1, 2], q), "==", 1), 4)), /index outside a table of 2/);
    const hash = on({ kind: "unary", op: "sin", value: on(q, "*", k) }, ">", 0);
    assert.match(String(patterns(hash, 8192)), /pairs/);
    assert.match(String(patterns(hash, 2000)), /neither a pattern, nor an expression, nor a list/);
  });

  it("evaluates only what is needed", () => {
    const guarded = all(on(k, ">", 0), on(on(q, "//", k), "==", 1));
    assert.equal(evaluate(guarded, [0, 3, 0]), 0);
    assert.equal(evaluate(guarded, [0, 3, 2]), 1);
    assert.deepEqual(pattern(guarded, 5), { expression: "k > 0 and q // k == 1" });
    assert.throws(() => evaluate(on(q, "%", 0), [0, 1, 1]), EvaluationError);
    assert.equal(evaluate(table([5, 6, 7], on(q, "-", 3)), [0, 1, 0]), 6);
  });

  describe("long sequences", () => {
    const long: [string, IndexExpression, number, unknown][] = [
      ["causal", causal, 1_048_576, "causal"],
      ["a causal window", all(causal, on(on(q, "-", k), "<", 4096)), 131_072, { window: { left: 4095, right: 0 } }],
      ["blocks", on(on(q, "//", 512), "==", on(k, "//", 512)), 65_536, { block: 512 }],
      ["Longformer", any(on(distance, "<=", 256), on(q, "==", 0), on(k, "==", 0)), 16_384, { longformer: { window: 256, globals: [0] } }], // prettier-ignore
      ["a window in floats", on(on(distance, "/", 64), "<", 1.5), 65_536, { window: 95 }],
      ["a parity", on(on(on(q, "+", k), "%", 2), "==", 0), 2500, { expression: "(q + k) % 2 == 0" }],
    ];
    for (const [name, condition, tokens, expected] of long)
      it(`${name} of ${tokens}`, () => {
        const spent = processorTime(() => assert.deepEqual(pattern(condition, tokens), expected));
        assertBounded(spent, 15_000, name);
      });
  });

  // -------------------------------------------------------------------------------------------------------- properties

  const integer: fc.Arbitrary<IndexExpression> = fc.letrec<{ integer: IndexExpression }>((tie) => ({
    integer: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom(q, k),
      fc.integer({ min: -3, max: 8 }).map(expression),
      fc
        .tuple(tie("integer"), fc.constantFrom<BinaryOperation>("+", "-", "*", "min", "max"), tie("integer"))
        .map(([a, op, b]) => on(a, op, b)),
      fc
        .tuple(tie("integer"), fc.constantFrom<BinaryOperation>("//", "%"), fc.integer({ min: 1, max: 5 }))
        .map(([a, op, b]) => on(a, op, b)),
      tie("integer").map(abs),
      tie("integer").map((value): IndexExpression => ({ kind: "unary", op: "-", value })),
      fc.tuple(tie("integer"), fc.integer({ min: 1, max: 4 })).map(([a, b]): IndexExpression => ({ kind: "unary", op: "trunc", value: on(a, "/", b) })), // prettier-ignore
    ),
  })).integer;
  const condition: fc.Arbitrary<IndexExpression> = fc.letrec<{ condition: IndexExpression }>((tie) => ({
    condition: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc
        .tuple(integer, fc.constantFrom<BinaryOperation>("<", "<=", ">", ">=", "==", "!="), integer)
        .map(([a, op, b]) => on(a, op, b)),
      fc
        .tuple(
          tie("condition"),
          fc.constantFrom<BinaryOperation>("and", "or", "xor", "==", "*", "max"),
          tie("condition"),
        )
        .map(([a, op, b]) => on(a, op, b)),
      tie("condition").map(not),
      fc.tuple(tie("condition"), tie("condition"), tie("condition")).map(([a, b, c]) => choose(a, b, c)),
      tie("condition").map((a) => on(on(1, "-", a), "==", 1)),
    ),
  })).condition;

  /** The mask over all pairs, by the definition. */
  const direct = (mask: IndexExpression, tokens: number) =>
    Array.from({ length: tokens }, (_, query) =>
      Array.from({ length: tokens }, (_, key) => evaluate(mask, [0, query, key]) !== 0),
    );
  const matrix = (found: Pattern, tokens: number) => {
    const rows = buildRows(found, tokens, 0);
    return Array.from({ length: tokens }, (_, query) =>
      Array.from({ length: tokens }, (_, key) => contains(rows, query, key)),
    );
  };

  it("any condition is exactly its pattern", () => {
    fc.assert(
      fc.property(condition, fc.constantFrom(1, 2, 5, 8, 13), (mask, tokens) => {
        const found = maskPattern(mask, 1, tokens);
        assert.ok(!("undecided" in found), JSON.stringify(found));
        assert.deepEqual(matrix(found[0].pattern, tokens), direct(mask, tokens));
      }),
      { seed, numRuns: 1500 },
    );
  });

  it("simplifying and writing out change no value", () => {
    fc.assert(
      fc.property(condition, fc.constantFrom(3, 7), (mask, tokens) => {
        const simple = simplify(mask);
        assert.deepEqual(direct(simple, tokens), direct(mask, tokens));
        const text = expressionText(simple);
        if (text === undefined || text.length > limits.expressionLength) return;
        let rows;
        try {
          rows = expressionRows(parseExpression(text), tokens, tokens);
        } catch (error) {
          assert.match(String(error), /nested deeper/);
          return;
        }
        const found = Array.from({ length: tokens }, (_, query) =>
          Array.from({ length: tokens }, (_, key) => contains(rows, query, key)),
        );
        assert.deepEqual(found, direct(mask, tokens));
      }),
      { seed, numRuns: 1500 },
    );
  });

  it("every named kind is found again from its pairs", () => {
    const kinds: fc.Arbitrary<Pattern> = fc.oneof(
      fc.record({ kind: fc.constant("window" as const), left: fc.nat(5), right: fc.nat(5), circular: fc.boolean(), dilation: fc.integer({ min: 1, max: 3 }) }), // prettier-ignore
      fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(8)).map(([size, shift]): Pattern => ({ kind: "block", size, shift: shift % size })), // prettier-ignore
      fc.integer({ min: 1, max: 6 }).map((stride): Pattern => ({ kind: "strided", stride })),
      fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat(5)).map(([stride, summary]): Pattern => ({ kind: "fixed", stride, summary: (summary % stride) + 1 })), // prettier-ignore
      fc.record({ kind: fc.constant("longformer" as const), window: fc.nat(3), globals: fc.uniqueArray(fc.nat(11), { maxLength: 3 }), dilation: fc.integer({ min: 1, max: 3 }) }), // prettier-ignore
    );
    fc.assert(
      fc.property(kinds, fc.boolean(), (kind, behind) => {
        const tokens = 12;
        const built = matrix(behind ? { kind: "all", patterns: [{ kind: "causal" }, kind] } : kind, tokens);
        const values = built.flat().map(Number);
        const mask: IndexExpression = { kind: "table", values, sizes: [tokens, tokens], indices: [q, k] };
        const found = maskPattern(mask, 1, tokens);
        assert.ok(!("undecided" in found));
        assert.deepEqual(matrix(found[0].pattern, tokens), built);
        const unnamed = ["expression", "edges"].includes(found[0].pattern.kind);
        // Half planes and windows that wrap onto themselves are said by an expression.
        const isWindow = kind.kind === "window" || kind.kind === "longformer";
        if (unnamed && !isWindow) assert.fail(JSON.stringify([kind, found[0].pattern]));
      }),
      { seed, numRuns: 600 },
    );
  });

  it("rows of long sequences are those of the definition", () => {
    fc.assert(
      fc.property(condition, (mask) => {
        // Past the size up to which pairs are evaluated one by one.
        const tokens = 2049;
        let rows;
        try {
          rows = rowsOf(simplify(mask), tokens);
        } catch (error) {
          assert.ok(error instanceof EvaluationError || String(error).includes("operations"), String(error));
          return;
        }
        for (let i = 0; i < 200; i++) {
          const [query, key] = [(i * 7919) % tokens, (i * i * 31 + i) % tokens];
          assert.equal(contains(rows, query, key), evaluate(mask, [0, query, key]) !== 0);
        }
      }),
      { seed, numRuns: 20 },
    );
  });

  // ----------------------------------------------------------------------------------------------------- additive masks

  describe("additive masks", () => {
    const split = (value: IndexExpression, tokens = 8) => {
      const { condition: kept, bias } = splitAdditive(value);
      return { mask: kept && pattern(kept, tokens), bias: bias !== undefined };
    };
    it("0 and minus infinity", () =>
      assert.deepEqual(split(choose(on(k, ">", q), -Infinity, 0)), { mask: "causal", bias: false }));
    it("large negative numbers", () =>
      assert.deepEqual(split(on(on(1, "-", choose(causal, 1, 0)), "*", -10000)), { mask: "causal", bias: false }));
    it("a logarithm", () =>
      assert.deepEqual(split({ kind: "unary", op: "log", value: causal }), { mask: "causal", bias: false }));
    it("a bias and a mask", () =>
      assert.deepEqual(split(on(choose(causal, 0, -Infinity), "+", on(distance, "*", -0.5))), {
        mask: "causal",
        bias: true,
      }));
    it("a bias alone", () => assert.deepEqual(split(on(distance, "*", -0.5)), { mask: undefined, bias: true }));
    it("a table", () => {
      const values = Array.from({ length: 64 }, (_, i) => (i % 8 > Math.floor(i / 8) ? -1e9 : 0));
      const mask: IndexExpression = { kind: "table", values, sizes: [8, 8], indices: [q, k] };
      assert.equal(split(mask).mask, "causal");
    });
  });
});

describe("biases of model code", () => {
  const code = (bias: Parameters<typeof pairCode>[0], tokens: number, mask = on(q, ">=", 0), heads = 2) => {
    const masks = maskPattern(mask, heads, tokens);
    assert.ok(!("undecided" in masks));
    const found = pairCode(bias, tokens, masks, true, false);
    return "undecided" in found ? found.undecided : found.map(({ bias: one, count }) => [count, codeInput(one)]);
  };
  const place = { from: 0, to: 1 };
  const learned = (index: IndexExpression) => ({ kind: "table" as const, index, place });
  const fixed = (value: IndexExpression) => ({ kind: "fixed" as const, value, place });
  const offset = on(k, "-", q);
  const clamp = (value: IndexExpression, low: number, high: number) => on(on(value, "max", low), "min", high);
  /** T5's own code, with the logarithm of a constant worked out. */
  const t5 = (bidirectional: boolean, buckets: number, maxDistance: number): IndexExpression => {
    const half = bidirectional ? buckets / 2 : buckets;
    const exact = half / 2;
    const distance = bidirectional ? abs(offset) : on(0, "-", on(offset, "min", 0));
    const log: IndexExpression = { kind: "unary", op: "log", value: on(distance, "/", exact) };
    const far = on({ kind: "unary", op: "trunc", value: on(on(log, "/", Math.log(maxDistance / exact)), "*", half - exact) }, "+", exact); // prettier-ignore
    const within = choose(on(distance, "<", exact), distance, on(far, "min", half - 1));
    return bidirectional ? on(on(choose(on(offset, ">", 0), 1, 0), "*", half), "+", within) : within;
  };

  it("relative positions", () => {
    assert.deepEqual(code(learned(on(offset, "+", 15)), 16), [[2, { relative: "signed" }]]);
    assert.deepEqual(code(learned(distance), 16), [[2, { relative: "unsigned" }]]);
    assert.deepEqual(code(learned(on(clamp(offset, -4, 4), "+", 4)), 16), [[2, { relative: { offsets: "signed", clip: 4 } }]]); // prettier-ignore
    assert.deepEqual(code(learned(on(distance, "min", 4)), 16), [[2, { relative: { offsets: "unsigned", clip: 4 } }]]);
    assert.deepEqual(code(learned(distance), 16, causal), [[2, { relative: "signed" }]]);
    assert.deepEqual(code(learned(on(clamp(offset, -256, 256), "+", 256)), 100_000), [[2, { relative: { offsets: "signed", clip: 256 } }]]); // prettier-ignore
  });

  it("T5's buckets", () => {
    for (const [bidirectional, buckets, maxDistance, tokens] of [
      [true, 32, 128, 512],
      [false, 32, 128, 512],
      [true, 16, 64, 100],
      [true, 32, 128, 40],
      [false, 8, 20, 64],
    ] as const) {
      // prettier-ignore
      const found = code(learned(t5(bidirectional, buckets, maxDistance)), tokens, bidirectional ? undefined : causal);
      assert.ok(Array.isArray(found), String(found));
      const [[, bias]] = found as [[number, { "t5-buckets": { buckets: number; maxDistance: number } }]];
      assert.equal(bias["t5-buckets"].buckets, buckets);
      if (tokens > maxDistance) assert.equal(bias["t5-buckets"].maxDistance, maxDistance);
    }
  });

  it("classes of pairs", () => {
    const grid = on(on(on(on(q, "//", 3), "-", on(k, "//", 3)), "*", 5), "+", on(on(q, "%", 3), "-", on(k, "%", 3)));
    const found = code(learned(grid), 9);
    assert.ok(Array.isArray(found));
    const classes = (found[0][1] as { pairs: number[][] }).pairs;
    assert.equal(classes.length, 9);
    assert.equal(new Set(classes.flat()).size, 25);
    assert.equal(classes[0][0], classes[4][4]);
    assert.match(String(code(learned(on(on(q, "*", 1024), "+", on(k, "//", 2))), 1024)), /more than 512 tokens/);
    assert.deepEqual(code({ kind: "free", place }, 2), [
      [
        2,
        {
          pairs: [
            [0, 1],
            [2, 3],
          ],
        },
      ],
    ]);
  });

  it("ALiBi, and what a row shares", () => {
    const slope = on(2, "**", on(on(on(h, "+", 1), "*", -4), "/", 1));
    assert.deepEqual(code(fixed(on(on(0, "-", slope), "*", distance)), 16), [[2, "alibi"]]);
    assert.deepEqual(code(fixed(on(slope, "*", offset)), 16, causal), [[2, "alibi"]]);
    assert.deepEqual(code(fixed(on(slope, "*", k)), 16, causal), [[2, "alibi"]]);
    assert.match(String(code(fixed(on(slope, "*", offset)), 16)), /not a slope/);
    assert.deepEqual(code(fixed(on(0.5, "*", q)), 16), [[2, "none"]]);
    assert.deepEqual(code(fixed(choose(on(h, "==", 0), on(distance, "*", -0.25), 0)), 16), [
      [1, "alibi"],
      [1, "none"],
    ]);
    assert.match(String(code(fixed(on(distance, "*", 0.25)), 16)), /grows/);
    assert.match(String(code(fixed({ kind: "unary", op: "sqrt", value: distance }), 16)), /not a slope/);
    assert.deepEqual(code(fixed(on(distance, "*", -0.5)), 200_000, causal), [[2, "alibi"]]);
  });
});
