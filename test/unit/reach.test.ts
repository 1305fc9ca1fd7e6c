/** Hop counts and reachability against products of boolean matrices. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Pattern } from "../../extension/theory/architecture/schema";
import { equalRows, intersection, runsOf, transpose, union, withSelf } from "../../extension/theory/patterns/algebra";
import { buildRows } from "../../extension/theory/patterns/build";
import {
  hopsBetween,
  hopsNeeded,
  probed,
  seen,
  visibility,
  type Goal,
  type Pair,
} from "../../extension/theory/patterns/reach";
import { BeyondReach, type Rows } from "../../extension/theory/patterns/rows";

const seed = 20_260_701;

type Matrix = boolean[][];

const matrixOf = (rows: Rows): Matrix =>
  Array.from({ length: rows.size }, (_, q) => {
    const row = new Array<boolean>(rows.size).fill(false);
    const runs = runsOf(rows, q);
    for (let i = 0; i < runs.length; i += 2) row.fill(true, runs[i], runs[i + 1]);
    return row;
  });

const identity = (size: number): Matrix =>
  Array.from({ length: size }, (_, q) => Array.from({ length: size }, (_, k) => q === k));

const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b.map((_, k) => row.some((entry, j) => entry && b[j][k])));

const tokensOf = (runs: Int32Array): number[] => {
  const tokens: number[] = [];
  for (let i = 0; i < runs.length; i += 2) for (let k = runs[i]; k < runs[i + 1]; k++) tokens.push(k);
  return tokens;
};

const wanted = (goal: Goal, tokens: number): Pair[] => {
  const pairs: Pair[] = [];
  for (let to = 0; to < tokens; to++)
    for (let from = 0; from < (goal === "causal" ? to + 1 : tokens); from++) pairs.push({ from, to });
  return pairs;
};

/** The dependences at depths 0, 1, ... until they repeat: row t of entry L is V_t at depth L. */
function dependences(period: Matrix[]): Matrix[] {
  const depths = [identity(period[0].length)];
  const known = new Set<string>();
  for (let depth = 1; ; depth++) {
    depths.push(product(period[(depth - 1) % period.length], depths[depth - 1]));
    const state = `${depth % period.length} ${JSON.stringify(depths[depth])}`;
    if (known.has(state)) return depths;
    known.add(state);
  }
}

function hopsByProducts(depths: Matrix[], tokens: number, goal: Goal): number | null {
  const depth = depths.findIndex((seen, at) => at > 0 && wanted(goal, tokens).every(({ from, to }) => seen[to][from]));
  return depth < 0 ? null : depth;
}

/** The same for layers that keep every token, at larger sizes: V_t as a bit mask, and the masks just before the goal is met, or for good. */
function hopsByMasks(layers: Rows[], tokens: number, goal: Goal): { hops: number | null; last: bigint[] } {
  const keys = layers.map((rows) => Array.from({ length: rows.size }, (_, q) => tokensOf(runsOf(rows, q))));
  const goals = Array.from({ length: tokens }, (_, t) => (1n << BigInt(goal === "full" ? tokens : t + 1)) - 1n);
  let last = Array.from({ length: layers[0].size }, (_, t) => 1n << BigInt(t));
  for (let depth = 1, idle = 0; ; depth++) {
    const now = keys[(depth - 1) % layers.length].map((row) => row.reduce((mask, k) => mask | last[k], 0n));
    if (goals.every((mask, t) => (now[t] & mask) === mask)) return { hops: depth, last };
    idle = now.every((mask, t) => mask === last[t]) ? idle + 1 : 0;
    if (idle === layers.length) return { hops: null, last };
    last = now;
  }
}

/** Patterns that fit `tokens` tokens and `registers` registers. */
function anyPattern(tokens: number, registers: number): fc.Arbitrary<Pattern> {
  const size = tokens + registers;
  const token = fc.nat(tokens - 1);
  const width = fc.nat(tokens);
  const natural = fc.integer({ min: 1, max: tokens });
  const simple: fc.Arbitrary<Pattern>[] = [
    fc.constant({ kind: "full" }),
    fc.constant({ kind: "causal" }),
    fc.record({ kind: fc.constant("window"), left: width, right: width, circular: fc.boolean(), dilation: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant("window"), left: fc.nat(2), right: fc.nat(2), circular: fc.boolean(), dilation: fc.constant(1) }),
    natural.chain((block) => fc.record({ kind: fc.constant("block"), size: fc.constant(block), shift: fc.nat(block - 1) })),
    fc.record({ kind: fc.constant("strided"), stride: natural }),
    fc.record({ kind: fc.constant("fixed"), stride: natural, summary: fc.constant(1) }),
    fc.record({ kind: fc.constant("star"), centre: token }),
    fc.record({ kind: fc.constant("global"), tokens: fc.array(fc.nat(size - 1), { minLength: 1, maxLength: 2 }) }),
    fc.record({ kind: fc.constant("random"), degree: fc.integer({ min: 1, max: Math.min(3, tokens) }), seed: fc.nat() }),
    fc.record({ kind: fc.constant("longformer"), window: fc.nat(2), globals: fc.array(fc.nat(size - 1), { maxLength: 2 }), dilation: fc.integer({ min: 1, max: 2 }) }),
    fc.integer({ min: 1, max: 3 }).chain((block) =>
      fc.record({ kind: fc.constant("bigbird"), block: fc.constant(block), window: fc.constantFrom(1, 3), globals: fc.constantFrom([], [0], [-1]), random: fc.nat(1), seed: fc.nat() }),
    ),
    fc.record({ kind: fc.constant("edges"), edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 3 * size }) }),
  ] as fc.Arbitrary<Pattern>[]; // prettier-ignore
  const one = fc.oneof(...simple);
  return fc.oneof(
    { weight: 6, arbitrary: one },
    { weight: 1, arbitrary: fc.tuple(one, one).map((patterns): Pattern => ({ kind: "any", patterns })) },
    { weight: 1, arbitrary: one.map((part): Pattern => ({ kind: "all", patterns: [{ kind: "causal" }, part] })) },
    { weight: 1, arbitrary: one.map((pattern): Pattern => ({ kind: "not", pattern })) },
  );
}

interface Case {
  tokens: number;
  registers: number;
  patterns: Pattern[];
  residual: boolean[];
}

/** Mostly stacks that keep every token, as residual paths do. */
const anyCase: fc.Arbitrary<Case> = fc
  .tuple(fc.integer({ min: 1, max: 10 }), fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat(2)))
  .chain(([tokens, registers]) =>
    fc
      .tuple(
        fc.array(anyPattern(tokens, registers), { minLength: 1, maxLength: 4 }),
        fc.oneof({ weight: 3, arbitrary: fc.constant<boolean[]>([true, true, true, true]) }, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })),
      )
      .map(([patterns, residual]) => ({ tokens, registers, patterns, residual })),
  ); // prettier-ignore

function layersOf({ tokens, registers, patterns, residual }: Case): Rows[] {
  return patterns.map((pattern, i) => {
    const rows = buildRows(pattern, tokens, registers);
    return residual[i] ? withSelf(rows) : rows;
  });
}

const window = (w: number, more: Partial<Extract<Pattern, { kind: "window" }>> = {}): Pattern => ({
  kind: "window",
  left: w,
  right: w,
  circular: false,
  dilation: 1,
  ...more,
});

const layer = (pattern: Pattern, tokens: number): Rows => withSelf(buildRows(pattern, tokens, 0));

describe("hops and reachability", () => {
  it("agree with products of boolean matrices on random patterns and periods", () => {
    let unconnected = 0;
    let connected = 0;
    let forgetful = 0;
    fc.assert(
      fc.property(anyCase, (drawn) => {
        const { tokens } = drawn;
        const layers = layersOf(drawn);
        const depths = dependences(layers.map(matrixOf));
        for (const goal of ["full", "causal"] as const) {
          const expected = hopsByProducts(depths, tokens, goal);
          const found = hopsNeeded(layers, tokens, goal);
          assert.equal(found.hops, expected, goal);
          if (found.hops !== null) {
            connected++;
            const { from, to } = found.worst;
            assert.ok(goal === "full" || from <= to);
            assert.ok(from < tokens && to < tokens);
            if (found.hops > 1) assert.equal(depths[found.hops - 1][to][from], false, "the worst pair needs the depth");
          } else {
            unconnected++;
            const { from, to } = found.unconnected;
            assert.ok(goal === "full" || from <= to);
            const never = wanted(goal, tokens).some((pair) =>
              depths.slice(1).every((seen) => !seen[pair.to][pair.from]),
            );
            const times = depths.slice(1).filter((seen) => seen[to][from]).length;
            assert.ok(times < depths.length - 1 && (!never || times === 0), "the unconnected pair is not connected");
          }
        }
        for (let depth = 0; depth <= Math.min(5, depths.length - 1); depth++) {
          const now = depths[depth];
          const result = visibility(layers, depth, tokens);
          const full = wanted("full", tokens).every(({ from, to }) => now[to][from]);
          const forward = wanted("full", tokens).some(({ from, to }) => from > to && now[to][from]);
          const causal = !forward && wanted("causal", tokens).every(({ from, to }) => now[to][from]);
          assert.equal(result.kind, full ? "full" : causal ? "causal" : "partial");
          assert.equal(result.goal, forward || full || tokens === 1 ? "full" : "causal");
          assert.equal(result.unreachable.length === 0, result.kind !== "partial");
          for (const { from, to } of result.unreachable) {
            assert.equal(now[to][from], false);
            assert.ok(result.goal === "full" || from <= to);
          }
        }
        if (drawn.residual.some((keeps, i) => i < layers.length && !keeps)) forgetful++;
      }),
      { numRuns: 4000, seed },
    );
    assert.ok(connected > 1000 && unconnected > 1000 && forgetful > 300, `${connected}, ${unconnected}, ${forgetful}`);
  });

  it("for one output and for one pair agree with products of boolean matrices", () => {
    fc.assert(
      fc.property(anyCase, fc.nat(4), fc.nat(), fc.nat(), (drawn, depth, a, b) => {
        const layers = layersOf(drawn);
        const period = layers.map(matrixOf);
        const depths = dependences(period);
        const t = a % drawn.tokens;
        const from = b % drawn.tokens;
        const first = depths.findIndex((seen, at) => at > 0 && seen[t][from]);
        assert.equal(hopsBetween(layers, from, t), first < 0 ? null : first);

        const probes = probed(layers, depth, t);
        assert.equal(probes.length, depth);
        // R_r(t) is row t of the product of the layers above r.
        let above = identity(layers[0].size);
        for (let r = depth; r >= 1; r--) {
          assert.deepEqual(
            tokensOf(probes[r - 1]),
            above[t].flatMap((probed, q) => (probed ? [q] : [])),
            `layer ${r}`,
          );
          above = product(above, period[(r - 1) % period.length]);
        }
        assert.deepEqual(
          tokensOf(seen(layers, depth, t)),
          above[t].flatMap((saw, k) => (saw ? [k] : [])),
        );
      }),
      { numRuns: 2000, seed },
    );
  });

  it("of a Longformer window of 256 a side over 4,096 tokens are 16, between the end tokens", () => {
    const layers = [layer({ kind: "longformer", window: 256, globals: [], dilation: 1 }, 4096)];
    assert.deepEqual(hopsNeeded(layers, 4096, "full"), { hops: Math.ceil(4095 / 256), worst: { from: 0, to: 4095 } });
    assert.equal(hopsBetween(layers, 0, 4095), 16);
    assert.deepEqual(visibility(layers, 12, 4096), {
      kind: "partial",
      goal: "full",
      unreachable: [
        { from: 0, to: 4095 },
        { from: 4095, to: 0 },
      ],
    });
    assert.equal(visibility(layers, 16, 4096).kind, "full");
  });

  it("are 2 with one global token", () => {
    const layers = [layer({ kind: "longformer", window: 256, globals: [7], dilation: 1 }, 4096)];
    assert.equal(hopsNeeded(layers, 4096, "full").hops, 2);
    assert.equal(visibility(layers, 1, 4096).kind, "partial");
    assert.equal(visibility(layers, 2, 4096).kind, "full");
  });

  it("do not exist where the dilation leaves residue classes apart", () => {
    const layers = [layer({ kind: "longformer", window: 64, globals: [], dilation: 2 }, 4096)];
    const result = hopsNeeded(layers, 4096, "full");
    assert.ok(result.hops === null && Math.abs(result.unconnected.from - result.unconnected.to) % 2 === 1);
    // A layer without gaps joins them.
    assert.notEqual(hopsNeeded([layers[0], layer(window(1), 256 * 16)], 4096, "full").hops, null);
  });

  it("of causal sliding windows are ceil((n - 1) / w), of local and global layers one more than the local ones below", () => {
    const local = layer(window(128, { right: 0 }), 5000);
    const global = layer({ kind: "causal" }, 5000);
    assert.deepEqual(hopsNeeded([local], 5000, "causal"), {
      hops: Math.ceil(4999 / 128),
      worst: { from: 0, to: 4999 },
    });
    assert.equal(hopsNeeded([local], 5000, "full").hops, null);
    assert.equal(hopsNeeded([local, local, local, global], 5000, "causal").hops, 4);
    assert.equal(visibility([local, local, local, global], 3, 5000).kind, "partial");
    assert.equal(visibility([local, local, local, global], 4, 5000).kind, "causal");
  });

  it("of a causal window with the first tokens always in sight are counted from the first token out of sight", () => {
    const sinks: Pattern = {
      kind: "any",
      patterns: [window(100, { right: 0 }), { kind: "global", tokens: [0, 1, 2, 3] }],
    };
    const layers = [layer({ kind: "all", patterns: [{ kind: "causal" }, sinks] }, 6005)];
    // 4 -> 6004 takes 60 layers of 100, 3 -> 6004 one.
    assert.deepEqual(hopsNeeded(layers, 6005, "causal"), { hops: 60, worst: { from: 4, to: 6004 } });
  });

  it("of a star are 2, of blocks none, of shifted blocks in turn the blocks to cross", () => {
    assert.equal(hopsNeeded([layer({ kind: "star", centre: 5 }, 1000)], 1000, "full").hops, 2);
    const blocks = layer({ kind: "block", size: 64, shift: 0 }, 1024);
    const shifted = layer({ kind: "block", size: 64, shift: 32 }, 1024);
    const apart = hopsNeeded([blocks], 1024, "full");
    assert.equal(apart.hops, null);
    assert.equal(hopsNeeded([blocks, shifted], 1024, "full").hops, 31);
  });

  it("of circular windows are those of the farthest token", () => {
    const n = 1000;
    assert.equal(hopsNeeded([layer(window(3, { circular: true }), n)], n, "full").hops, Math.ceil(500 / 3));
    const oneSided = layer(window(0, { right: 4, circular: true }), n);
    assert.equal(hopsNeeded([oneSided], n, "full").hops, Math.ceil(999 / 4));
  });

  it("agree with single searches at sizes where shortcuts act", () => {
    const n = 300;
    const expression: Pattern = { kind: "expression", expression: "abs(q - k) % 7 == 0 || abs(q - k) == 1" };
    const dilated = layer(window(4, { dilation: 3 }), n);
    const stacks: Record<string, Rows[]> = {
      bigbird: [layer({ kind: "bigbird", block: 8, window: 3, globals: [], random: 1, seed: 3 }, n)],
      bigbirdGlobal: [layer({ kind: "bigbird", block: 8, window: 3, globals: [0, -1], random: 1, seed: 3 }, n)],
      random: [layer({ kind: "random", degree: 2, seed: 9 }, n), layer(window(1), n)],
      strided: [layer({ kind: "strided", stride: 17 }, n)],
      fixed: [layer({ kind: "fixed", stride: 17, summary: 2 }, n)],
      axial: [layer({ kind: "axial", rows: 15, columns: 20 }, n)],
      expression: [layer(expression, n)],
      dilated: [dilated, layer(window(5), n), dilated],
      together: [union(dilated, layer(window(2), n))],
      causal: [intersection(layer({ kind: "causal" }, n), layer({ kind: "strided", stride: 17 }, n))],
    };
    for (const [name, layers] of Object.entries(stacks)) {
      for (const goal of ["full", "causal"] as const) {
        const { hops, last } = hopsByMasks(layers, n, goal);
        const found = hopsNeeded(layers, n, goal);
        assert.equal(found.hops, hops, `${name}, ${goal}`);
        const { from, to } = found.hops === null ? found.unconnected : found.worst;
        assert.equal((last[to] >> BigInt(from)) & 1n, 0n, `${name}, ${goal}: ${from} -> ${to}`);
      }
    }
  });

  it("of sparse graphs and of windows of several dilations in turn agree with products of boolean matrices", () => {
    const windows = (n: number): fc.Arbitrary<Pattern> =>
      fc.record({
        kind: fc.constant("window" as const),
        left: fc.nat(3),
        right: fc.nat(3),
        circular: fc.constant(false),
        dilation: fc.integer({ min: 1, max: n >> 2 }),
      });
    const graphs = (n: number): fc.Arbitrary<Pattern> =>
      fc.integer({ min: 1, max: 2 * n }).chain((count) =>
        fc.record({
          kind: fc.constant("edges" as const),
          edges: fc.array(fc.tuple(fc.nat(n - 1), fc.nat(n - 1)), { minLength: count, maxLength: count }),
        }),
      );
    const stacks = fc
      .integer({ min: 6, max: 16 })
      .chain((n) =>
        fc.tuple(
          fc.constant(n),
          fc.oneof(
            { weight: 1, arbitrary: fc.array(windows(n), { minLength: 1, maxLength: 4 }) },
            { weight: 3, arbitrary: fc.array(graphs(n), { minLength: 2, maxLength: 4, size: "max" }) },
          ),
        ),
      );
    fc.assert(
      fc.property(fc.noBias(stacks), ([n, patterns]) => {
        const layers = patterns.map((pattern) => layer(pattern, n));
        for (const goal of ["full", "causal"] as const)
          assert.equal(hopsNeeded(layers, n, goal).hops, hopsByMasks(layers, n, goal).hops, goal);
      }),
      { numRuns: 4000, seed },
    );
  });

  it("count the layers above the middle token from the layer it has everything at", () => {
    // Counted from the first layer of the period, the way through the middle token would seem to take 7 layers.
    const edges: [number, number][][] = [
      [[4, 1], [4, 2], [3, 4], [2, 1], [2, 4]],
      [[3, 0], [1, 5]],
      [[4, 2], [4, 3], [4, 1], [3, 2], [2, 4], [3, 1], [1, 3], [2, 3], [0, 3]],
      [[5, 1], [1, 4], [2, 1], [1, 3], [1, 5]],
    ]; // prettier-ignore
    const layers = edges.map((list) => layer({ kind: "edges", edges: list }, 6));
    assert.equal(hopsByMasks(layers, 6, "full").hops, 8);
    assert.equal(hopsNeeded(layers, 6, "full").hops, 8);
  });

  it("are found for a million tokens in O(n)", () => {
    const n = 1 << 20;
    assert.deepEqual(hopsNeeded([layer(window(1), n)], n, "full"), { hops: n - 1, worst: { from: 0, to: n - 1 } });
    const blocks = [0, 32].map((shift) => layer({ kind: "block", size: 64, shift }, n));
    assert.equal(hopsNeeded(blocks, n, "full").hops, 2 * (n / 64) - 1);
  });

  it("that would take too long are refused", () => {
    const n = 1 << 15;
    const random: Pattern = { kind: "random", degree: 16, seed: 1 };
    const layers = [layer({ kind: "any", patterns: [random, window(1)] }, n)];
    assert.throws(() => hopsNeeded(layers, n, "full"), BeyondReach);
  });

  it("do not change where a pattern is stored twice", () => {
    const rows = layer(window(3), 50);
    assert.ok(equalRows(transpose(transpose(rows)), rows));
    assert.deepEqual(hopsNeeded([rows, rows, rows], 50, "full"), hopsNeeded([rows], 50, "full"));
  });
});
