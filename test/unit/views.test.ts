import assert from "node:assert/strict";
import fc from "fast-check";
import {
  architectureSchema,
  kernelNames,
  type Architecture,
  type ArchitectureInput,
} from "../../extension/theory/architecture/schema";
import { analyse } from "../../extension/theory/verdict/analyse";
import { decide, type Decision } from "../../extension/theory/views/decide";
import { ViewTable } from "../../extension/theory/views/table";

const parse = (input: ArchitectureInput): Architecture => architectureSchema.parse(input);

function* permutations(n: number): Generator<number[]> {
  const items = Array.from({ length: n }, (_, i) => i);
  function* from(prefix: number[], rest: number[]): Generator<number[]> {
    if (rest.length === 0) yield prefix;
    for (const item of rest)
      yield* from(
        [...prefix, item],
        rest.filter((other) => other !== item),
      );
  }
  yield* from([], items);
}

/** The criterion of theory, section 4, by looking at every permutation in the view table. */
function byAllPermutations(decision: Decision): { order: bigint; forcedOnly: boolean } {
  const { stack, depth } = decision;
  const tokens = Array.from({ length: stack.tokens }, (_, t) => t);
  const table = new ViewTable(stack);
  const views = table.view(tokens, depth)[depth];
  const seenBy = tokens.map((t) => tokens.filter((r) => decision.sees(t, r)));
  const all = [...permutations(stack.tokens)].map((p) => {
    const moved = new Int32Array(stack.tokens);
    tokens.forEach((t) => (moved[p[t]] = t));
    return { p, views: table.view(moved, depth)[depth] };
  });
  const group = all.filter(({ p, views: moved }) => tokens.every((s) => views[s] === moved[p[s]]));
  const forcedOnly = all.every(({ p, views: moved }) =>
    tokens.every((s) =>
      tokens.every(
        (t) => views[s] !== moved[t] || group.some(({ p: g }) => g[s] === t && seenBy[s].every((r) => g[r] === p[r])),
      ),
    ),
  );
  return { order: BigInt(group.length), forcedOnly };
}

/** @param size tokens and registers: edges speak of both. */
const pattern = (size: number) =>
  fc.oneof(
    fc.constant("full" as const),
    fc.constant("causal" as const),
    fc.record({ window: fc.nat(2) }),
    fc.record({ window: fc.record({ left: fc.nat(1), right: fc.nat(1), circular: fc.boolean() }) }),
    fc.record({
      edges: fc.uniqueArray(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), {
        minLength: size,
        maxLength: size * size,
        selector: String,
      }),
    }),
  );

/** All offsets of one side but 0 in one bucket, or but the nearest. */
const buckets = fc.constantFrom(2, 3).map((count) => ({ "log-buckets": { buckets: count, maxDistance: 4 } }));

const bias = (n: number) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant("none" as const) },
    buckets,
    fc.constant("alibi" as const),
    fc.record({ relative: fc.constantFrom("signed" as const, "unsigned" as const) }),
    fc.record({ pairs: fc.array(fc.array(fc.nat(1), { minLength: n, maxLength: n }), { minLength: n, maxLength: n }) }),
  );

/** Rotary positions are not defined for kernels that ignore the inner product of query and key. */
const withRotary = (input: ArchitectureInput): ArchitectureInput =>
  input.position === "none" &&
  input.registers === 0 &&
  input.layers.every((layer) => ["softmax", "sigmoid", "hard"].includes(layer.attention!.kernel!))
    ? { ...input, position: "rotary" }
    : input;

/** Logarithmic buckets are not defined for kernels without scores. */
const withScores = (input: ArchitectureInput): ArchitectureInput => ({
  ...input,
  layers: input.layers.map((layer) =>
    layer.attention!.kernel === "uniform" && JSON.stringify([input.position, layer]).includes("log-buckets")
      ? { ...layer, attention: { ...layer.attention, kernel: "exponential-additive" } }
      : layer,
  ),
});

const architecture = (most: number): fc.Arbitrary<ArchitectureInput> =>
  fc
    .record({
      tokens: fc.integer({ min: 2, max: most }),
      registers: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constant(1)),
    })
    .chain(({ tokens, registers }) =>
      fc.record({
        tokens: fc.constant(tokens),
        registers: fc.constant(registers),
        width: fc.constant(4),
        position: fc.oneof(
          { weight: 4, arbitrary: fc.constant("none" as const) },
          fc.constant("absolute" as const),
          fc.record({ classes: fc.array(fc.nat(1), { minLength: tokens, maxLength: tokens }) }),
          buckets,
        ),
        layers: fc.array(
          fc.record({
            repeat: fc.integer({ min: 1, max: 2 }),
            attention: fc.record({
              heads: fc.array(fc.record({ pattern: pattern(tokens + registers), bias: bias(tokens) }), {
                minLength: 1,
                maxLength: 2,
              }),
              kernel: fc.oneof(
                { weight: 3, arbitrary: fc.constant("softmax" as const) },
                fc.constantFrom(
                  "uniform" as const,
                  "exponential-additive" as const,
                  "sigmoid" as const,
                  "hard" as const,
                ),
              ),
              normalized: fc.boolean(),
              residual: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
            }),
          }),
          { minLength: 1, maxLength: 3 },
        ),
      }),
    )
    .chain((input) => fc.boolean().map((rotary) => withScores(rotary ? withRotary(input) : input)));

describe("the decision procedure", () => {
  it("agrees with looking at every permutation in the view table (n <= 5)", () => {
    fc.assert(
      fc.property(architecture(5), (input) => {
        const decision = decide(parse(input), { lemmas: false });
        const { order, forcedOnly } = byAllPermutations(decision);
        assert.ok("group" in decision.symmetry);
        assert.equal(decision.symmetry.group.automorphisms.order.toBigInt(), order, "order of G");
        assert.equal(decision.rearrangements.status, forcedOnly ? "forced-only" : "beyond");
        if (decision.rearrangements.status === "beyond") {
          const { s, t, permutation } = decision.rearrangements.coincidence;
          assert.ok(decision.coincides(s, t, permutation), "the witness is a coincidence");
        }
      }),
      { numRuns: 600, seed: 20260101 },
    );
  });

  it("gives the same answers with its lemmas as with the exact engine (n <= 9)", () => {
    let settled = 0;
    fc.assert(
      fc.property(architecture(9), (input) => {
        const byLemma = decide(parse(input));
        const byEngine = decide(parse(input), { lemmas: false });
        assert.equal(byLemma.rearrangements.status, byEngine.rearrangements.status);
        assert.equal(byLemma.needed, byEngine.needed);
        assert.ok("group" in byLemma.symmetry && "group" in byEngine.symmetry);
        assert.equal(
          String(byLemma.symmetry.group.automorphisms.order),
          String(byEngine.symmetry.group.automorphisms.order),
        );
        if (
          byLemma.rearrangements.status === "forced-only" &&
          byEngine.rearrangements.status === "forced-only" &&
          byLemma.rearrangements.reason !== byEngine.rearrangements.reason
        )
          settled++;
      }),
      { numRuns: 600, seed: 20260102 },
    );
    assert.ok(settled > 50, `lemmas settled ${settled} of 600 architectures`);
  });

  it("leaves open what the specification does not define, and says where", () => {
    const buckets = { "log-buckets": {} };
    for (const kernel of kernelNames) {
      const scored = !["performer", "linear-elu", "linear-relu", "uniform"].includes(kernel);
      const reason = new RegExp(`^logarithmic buckets together with the ${kernel} kernel: `);
      const spec = (position: typeof buckets | "none", bias: typeof buckets | "none") =>
        parse({ tokens: 5, width: 4, position, layers: [{ attention: {} }, { attention: { kernel, bias } }] });
      for (const architecture of [spec(buckets, "none"), spec("none", buckets)]) {
        if (scored) assert.ok("group" in decide(architecture).symmetry, kernel);
        else assert.throws(() => decide(architecture), { name: "Undecided", message: reason });
      }
      if (scored) continue;
      const { report, findings } = analyse(spec("none", buckets));
      assert.equal(report.verdict, "unknown");
      assert.ok(findings.some(({ code, path }) => code === "UAP002" && String(path) === "layers,1,attention,heads,0")); // prettier-ignore
    }
  });

  it("signed relative positions leave the tokens that only a register sees interchangeable", () => {
    // Token t sees itself, the next one and the register, which sees all.
    const edges = [0, 1, 2, 3, 4, 5].flatMap(
      (t): [number, number][] =>
      t === 5 ? [[5, 5]] : [[t, t], [t, (t + 1) % 5], [t, 5], [5, t]], // prettier-ignore
    );
    const decision = decide(parse({ tokens: 5, width: 4, registers: 1, position: { relative: "signed" }, layers: [{ repeat: 2, attention: { pattern: { edges } } }] })); // prettier-ignore
    assert.ok(decision.coincides(0, 0, Int32Array.of(0, 1, 2, 4, 3)));
    assert.equal(decision.rearrangements.status, "beyond");
  });

  it("refutes a layer whose outputs do not carry their own token", () => {
    const decision = decide(
      parse({ tokens: 6, width: 4, layers: [{ attention: { residual: false, kernel: "uniform" } }] }),
    );
    assert.equal(decision.rearrangements.status, "beyond");
    assert.equal(decision.needed, "unknown");
    // With softmax the output feels its own token through the query.
    const softmax = decide(parse({ tokens: 6, width: 4, layers: [{ attention: { residual: false } }] }));
    assert.equal(softmax.rearrangements.status, "forced-only");
  });

  it("of two codes whose biases add, each drops out by itself where a whole row shares it", () => {
    const swap = Int32Array.of(1, 0, 2);
    const rows = (classes: number[][]) =>
      decide(parse({ tokens: 3, width: 4, position: { classes: [0, 0, 1] }, layers: [{ attention: { bias: { pairs: classes }, pattern: { edges: [[0, 0], [0, 1], [1, 0], [1, 1], [2, 2]] } } }] })); // prettier-ignore
    assert.ok(rows([[0, 1, 0], [1, 0, 0], [0, 0, 0]]).coincides(0, 1, swap)); // prettier-ignore
    assert.ok(!rows([[0, 1, 0], [2, 0, 0], [0, 0, 0]]).coincides(0, 1, swap)); // prettier-ignore
    const added = (position: number[][]) =>
      decide(parse({ tokens: 3, width: 4, position: { pairs: position }, layers: [{ attention: { bias: { relative: "unsigned" }, pattern: { edges: [[0, 0], [0, 1], [1, 0], [1, 1], [2, 2]] } } }] })); // prettier-ignore
    // Row 0 has the position class 1 throughout, row 1 the class 0: the distances alone are left.
    assert.ok(added([[1, 1, 1], [0, 0, 0], [2, 0, 1]]).coincides(0, 1, swap)); // prettier-ignore
    assert.ok(!added([[1, 2, 1], [0, 0, 0], [2, 0, 1]]).coincides(0, 1, swap)); // prettier-ignore
    // Beside rotary positions, which act inside the kernel, a bias drops out likewise; the rotation does not.
    const rotary = (bias: number[][]) =>
      decide(parse({ tokens: 4, width: 4, position: "rotary", layers: [{ attention: { bias: { pairs: bias }, pattern: { window: { right: 1, circular: true } } } }] })); // prettier-ignore
    const shift = Int32Array.of(1, 2, 0, 3);
    assert.ok(rotary([[1, 1, 2, 1], [0, 0, 0, 1], [1, 0, 2, 0], [2, 1, 0, 0]]).coincides(0, 1, shift)); // prettier-ignore
    assert.ok(!rotary([[1, 1, 2, 1], [0, 0, 1, 1], [1, 0, 2, 0], [2, 1, 0, 0]]).coincides(0, 1, shift)); // prettier-ignore
  });

  it("Nystrom landmarks: normalised weights over one landmark do not read the query, unnormalised ones do", () => {
    const outputsAgree = (kernel: "softmax" | "uniform", normalized: boolean, landmarks: number) =>
      decide(parse({ tokens: 3, width: 3, layers: [{ attention: { kernel, normalized, residual: false, projection: { nystrom: { landmarks } } } }] })).coincides(0, 1, [0, 1, 2]); // prettier-ignore
    assert.equal(outputsAgree("softmax", true, 1), true);
    assert.equal(outputsAgree("softmax", false, 1), false);
    assert.equal(outputsAgree("softmax", true, 2), false);
    // Uniform weights read neither query nor landmarks.
    for (const normalized of [true, false])
      for (const landmarks of [1, 2]) assert.equal(outputsAgree("uniform", normalized, landmarks), true);
  });
});
