/** Every pattern against a definition of its own, pair by pair. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { limits } from "../../extension/theory/architecture/limits";
import { patternSchema, type Pattern } from "../../extension/theory/architecture/schema";
import {
  complement,
  contains,
  countKeys,
  differenceRuns,
  equalRows,
  holds,
  image,
  intersection,
  runsOf,
  transpose,
  union,
  unionRuns,
  withSelf,
} from "../../extension/theory/patterns/algebra";
import { PatternError, buildRows } from "../../extension/theory/patterns/build";
import { BeyondReach, type Rows } from "../../extension/theory/patterns/rows";

const seed = 20_260_702;

type Kind = Pattern["kind"];
type Of<K extends Kind> = Extract<Pattern, { kind: K }>;

/** Whether query q attends to key k, for n tokens and N tokens and registers together: the words of the schema, pair by pair. */
function attends(pattern: Pattern, q: number, k: number, n: number, N: number): boolean {
  const inSequence = q < n && k < n;
  switch (pattern.kind) {
    case "full":
      return true;
    case "causal":
      return inSequence && k <= q;
    case "window": {
      if (!inSequence) return false;
      for (let step = -pattern.left; step <= pattern.right; step++) {
        const key = q + step * pattern.dilation;
        if (pattern.circular ? (key - k) % n === 0 : key === k) return true;
      }
      return false;
    }
    case "block": {
      // The block of a token is the number of boundaries at or before it.
      const blockOf = (t: number) => {
        let block = 0;
        for (let boundary = pattern.shift; boundary <= t; boundary += pattern.size) block++;
        return block;
      };
      return inSequence && blockOf(q) === blockOf(k);
    }
    case "strided":
      return inSequence && (Math.abs(q - k) < pattern.stride || (q - k) % pattern.stride === 0);
    case "fixed": {
      const place = k % pattern.stride;
      const sameBlock = q - (q % pattern.stride) === k - place;
      return inSequence && (sameBlock || place >= pattern.stride - pattern.summary);
    }
    case "star":
      return inSequence && (q === pattern.centre || k === pattern.centre);
    case "axial":
      return (
        inSequence &&
        (q % pattern.columns === k % pattern.columns ||
          Math.floor(q / pattern.columns) === Math.floor(k / pattern.columns))
      );
    case "global":
      return pattern.tokens.includes(q) || pattern.tokens.includes(k);
    case "longformer": {
      const offset = Math.abs(q - k);
      const near = inSequence && offset % pattern.dilation === 0 && offset / pattern.dilation <= pattern.window;
      return near || pattern.globals.includes(q) || pattern.globals.includes(k);
    }
    case "edges":
      return pattern.edges.some(([from, to]) => from === q && to === k);
    case "any":
      return pattern.patterns.some((part) => attends(part, q, k, n, N));
    case "all":
      return pattern.patterns.every((part) => attends(part, q, k, n, N));
    case "not":
      return !attends(pattern.pattern, q, k, n, N);
    case "bigbird":
    case "random":
    case "expression":
      throw new Error(`${pattern.kind} has tests of its own`);
  }
}

function pairsOf(rows: Rows): string[] {
  const pairs: string[] = [];
  for (let q = 0; q < rows.size; q++) {
    const runs = runsOf(rows, q);
    for (let i = 0; i < runs.length; i += 2) for (let k = runs[i]; k < runs[i + 1]; k++) pairs.push(`${q} ${k}`);
  }
  return pairs;
}

function pairsWhere(size: number, holds: (q: number, k: number) => boolean): string[] {
  const pairs: string[] = [];
  for (let q = 0; q < size; q++) for (let k = 0; k < size; k++) if (holds(q, k)) pairs.push(`${q} ${k}`);
  return pairs;
}

/** Runs are sorted, not empty, within 0..N-1, and as long as they can be; every row is a row. */
function checkForm(rows: Rows): void {
  assert.equal(rows.rowOf.length, rows.size);
  assert.equal(rows.first[0], 0);
  assert.equal(rows.first[rows.first.length - 1], rows.bounds.length / 2);
  for (const row of rows.rowOf) assert.ok(row >= 0 && row < rows.first.length - 1);
  for (let row = 0; row + 1 < rows.first.length; row++) {
    let end = -1;
    for (let i = 2 * rows.first[row]; i < 2 * rows.first[row + 1]; i += 2) {
      assert.ok(rows.bounds[i] > end && rows.bounds[i] < rows.bounds[i + 1] && rows.bounds[i + 1] <= rows.size);
      end = rows.bounds[i + 1];
    }
  }
}

const sizes = fc.tuple(fc.integer({ min: 1, max: 14 }), fc.nat(3));

/** One generator a kind, for n tokens and N tokens and registers. */
const generators: { [K in Exclude<Kind, "any" | "all" | "not" | "bigbird" | "random" | "expression">]: (n: number, N: number) => fc.Arbitrary<Of<K>> } = {
  full: () => fc.constant({ kind: "full" }),
  causal: () => fc.constant({ kind: "causal" }),
  window: (n) =>
    fc.record({
      kind: fc.constant("window" as const),
      left: fc.nat(n + 1),
      right: fc.nat(n + 1),
      circular: fc.boolean(),
      dilation: fc.integer({ min: 1, max: n + 1 }),
    }),
  block: (n) =>
    fc.integer({ min: 1, max: n + 1 }).chain((size) =>
      fc.record({ kind: fc.constant("block" as const), size: fc.constant(size), shift: fc.nat(size - 1) }),
    ),
  strided: (n) => fc.record({ kind: fc.constant("strided" as const), stride: fc.integer({ min: 1, max: n + 1 }) }),
  fixed: (n) =>
    fc.integer({ min: 1, max: n + 1 }).chain((stride) =>
      fc.record({
        kind: fc.constant("fixed" as const),
        stride: fc.constant(stride),
        summary: fc.integer({ min: 1, max: stride }),
      }),
    ),
  star: (n) => fc.record({ kind: fc.constant("star" as const), centre: fc.nat(n - 1) }),
  axial: (n) =>
    fc
      .constantFrom(...Array.from({ length: n }, (_, i) => i + 1).filter((rows) => n % rows === 0))
      .map((rows) => ({ kind: "axial" as const, rows, columns: n / rows })),
  global: (_, N) =>
    fc.record({ kind: fc.constant("global" as const), tokens: fc.array(fc.nat(N - 1), { minLength: 1, maxLength: 4 }) }),
  longformer: (n, N) =>
    fc.record({
      kind: fc.constant("longformer" as const),
      window: fc.nat(n + 1),
      globals: fc.array(fc.nat(N - 1), { maxLength: 3 }),
      dilation: fc.integer({ min: 1, max: n + 1 }),
    }),
  edges: (_, N) =>
    fc.record({
      kind: fc.constant("edges" as const),
      edges: fc.array(fc.tuple(fc.nat(N - 1), fc.nat(N - 1)), { maxLength: 40 }),
    }),
}; // prettier-ignore

const simple = (n: number, N: number): fc.Arbitrary<Pattern> =>
  fc.oneof(...Object.values(generators).map((generate): fc.Arbitrary<Pattern> => generate(n, N)));

function nested(n: number, N: number, depth: number): fc.Arbitrary<Pattern> {
  if (depth === 0) return simple(n, N);
  const parts = fc.array(nested(n, N, depth - 1), { minLength: 1, maxLength: 3 });
  return fc.oneof(
    simple(n, N),
    parts.map((patterns): Pattern => ({ kind: "any", patterns })),
    parts.map((patterns): Pattern => ({ kind: "all", patterns })),
    nested(n, N, depth - 1).map((pattern): Pattern => ({ kind: "not", pattern })),
  );
}

const window = (left: number, right: number): Pattern => ({
  kind: "window",
  left,
  right,
  circular: false,
  dilation: 1,
});

describe("patterns", () => {
  for (const kind of Object.keys(generators) as (keyof typeof generators)[]) {
    it(`${kind} attends to what its definition says`, () => {
      fc.assert(
        fc.property(
          sizes.chain(([n, r]) => fc.tuple(fc.constant(n), fc.constant(r), generators[kind](n, n + r) as fc.Arbitrary<Pattern>)),
          ([n, r, pattern]) => {
            const rows = buildRows(pattern, n, r);
            checkForm(rows);
            assert.deepEqual(pairsOf(rows), pairsWhere(n + r, (q, k) => attends(pattern, q, k, n, n + r)));
          },
        ),
        { numRuns: 300, seed },
      );
    }); // prettier-ignore
  }

  it("any, all and not combine pair by pair", () => {
    fc.assert(
      fc.property(
        sizes.chain(([n, r]) => fc.tuple(fc.constant(n), fc.constant(r), nested(n, n + r, 3))),
        ([n, r, pattern]) => {
          const rows = buildRows(pattern, n, r);
          checkForm(rows);
          assert.deepEqual(
            pairsOf(rows),
            pairsWhere(n + r, (q, k) => attends(pattern, q, k, n, n + r)),
          );
        },
      ),
      { numRuns: 1500, seed },
    );
  });

  it("random draws `degree` distinct keys, uniformly, the same on every machine", () => {
    const n = 50;
    const counts = new Array<number>(n).fill(0);
    for (let draw = 0; draw < 200; draw++) {
      const rows = buildRows({ kind: "random", degree: 7, seed: draw }, n, 2);
      checkForm(rows);
      for (let q = 0; q < n; q++) {
        const keys = pairsWhere(n + 2, (query, k) => query === q && contains(rows, q, k));
        assert.equal(keys.length, 7);
        for (const pair of keys) counts[Number(pair.split(" ")[1])]++;
      }
      assert.equal(runsOf(rows, n).length, 0);
    }
    // 10,000 rows: every key is expected 1,400 times with a standard deviation of 35.
    for (const count of counts) assert.ok(Math.abs(count - 1400) < 5 * 35, String(counts));
    const keys = (q: number) => [...runsOf(buildRows({ kind: "random", degree: 3, seed: 1 }, 100, 0), q)];
    assert.deepEqual([keys(0), keys(1)], [[31, 32, 33, 34, 64, 65], [17, 18, 77, 78, 93, 94]]); // prettier-ignore
    assert.ok(!equalRows(buildRows({ kind: "random", degree: 3, seed: 1 }, 100, 0), buildRows({ kind: "random", degree: 3, seed: 2 }, 100, 0))); // prettier-ignore
    assert.equal(countKeys(buildRows({ kind: "random", degree: 100, seed: 1 }, 100, 0)), 10_000);
  });

  it("bigbird attends to neighbouring, global and random blocks", () => {
    const bigbird = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(2)).chain(([n, r]) =>
      fc.integer({ min: 1, max: 4 }).chain((block) => {
        const count = Math.ceil(n / block);
        return fc.record({
          n: fc.constant(n),
          r: fc.constant(r),
          pattern: fc.record({
            kind: fc.constant("bigbird" as const),
            block: fc.constant(block),
            window: fc.constantFrom(1, 3, 5),
            globals: fc.array(fc.integer({ min: -count, max: count - 1 }), { maxLength: 2 }),
            random: fc.nat(4),
            seed: fc.nat(),
          }),
        });
      }),
    );
    fc.assert(
      fc.property(bigbird, ({ n, r, pattern }) => {
        const rows = buildRows(pattern, n, r);
        checkForm(rows);
        const count = Math.ceil(n / pattern.block);
        const blockOf = (t: number) => Math.floor(t / pattern.block);
        const globals = pattern.globals.map((block) => (block + count) % count);
        const certain = (b: number, c: number) =>
          Math.abs(b - c) <= (pattern.window - 1) / 2 || globals.includes(b) || globals.includes(c);
        for (let q = 0; q < n + r; q++) {
          const drawn = new Set<number>();
          for (let k = 0; k < n + r; k++) {
            const attended = contains(rows, q, k);
            if (q >= n || k >= n) assert.equal(attended, false);
            else if (certain(blockOf(q), blockOf(k))) assert.equal(attended, true);
            else if (attended) drawn.add(blockOf(k));
            // Blocks are attended to as wholes, by whole blocks.
            if (q < n && k < n)
              assert.equal(attended, contains(rows, blockOf(q) * pattern.block, blockOf(k) * pattern.block));
          }
          if (q >= n) continue;
          const others = Array.from({ length: count }, (_, c) => c).filter((c) => !certain(blockOf(q), c));
          assert.equal(drawn.size, Math.min(pattern.random, others.length));
        }
      }),
      { numRuns: 500, seed },
    );
  });

  it("share the rows that are equal", () => {
    const distinct = (pattern: Pattern, n: number) => buildRows(pattern, n, 0).first.length - 1;
    assert.equal(distinct({ kind: "full" }, 1000), 1);
    assert.equal(distinct({ kind: "block", size: 10, shift: 3 }, 1000), 101);
    assert.equal(distinct({ kind: "star", centre: 3 }, 1000), 2);
    assert.equal(distinct({ kind: "bigbird", block: 10, window: 3, globals: [0, -1], random: 3, seed: 0 }, 1000), 100);
    const blocks: Pattern = { kind: "block", size: 10, shift: 0 };
    assert.equal(distinct({ kind: "any", patterns: [blocks, { kind: "global", tokens: [5] }] }, 1000), 101);
  });

  it("of a million tokens take O(n + runs)", () => {
    const n = limits.tokens;
    assert.equal(countKeys(buildRows(window(256, 256), n, 0)), n * 513 - 256 * 257);
    assert.equal(countKeys(buildRows({ kind: "causal" }, n, 0)), (n * (n + 1)) / 2);
    assert.equal(countKeys(buildRows({ kind: "strided", stride: 1 }, n, 0)), n * n);
    assert.equal(countKeys(buildRows({ kind: "window", left: n, right: n, circular: true, dilation: 3 }, n, 0)), n * n);
  });

  it("of more runs than allowed are refused", () => {
    const n = limits.tokens;
    const tooLarge: Pattern[] = [
      { kind: "strided", stride: 1024 },
      { kind: "axial", rows: 1024, columns: 1024 },
      { kind: "window", left: 512, right: 512, circular: false, dilation: 2 },
      { kind: "window", left: 512, right: 512, circular: true, dilation: 2 },
      { kind: "random", degree: 1024, seed: 0 },
      { kind: "bigbird", block: 1, window: 3, globals: [], random: 1024, seed: 0 },
      { kind: "fixed", stride: 2, summary: 1 },
    ];
    for (const pattern of tooLarge) assert.throws(() => buildRows(pattern, n, 0), BeyondReach, pattern.kind);
    // Two alternating rows, but half a million runs in each column.
    const alternating: Pattern = { kind: "expression", expression: "q % 2 == 0" };
    assert.throws(() => transpose(buildRows(alternating, 8192, 0)), BeyondReach);
    // Many parts, none of which is too large.
    const many: Pattern = { kind: "any", patterns: Array.from({ length: 64 }, (_, i) => window(i, 0)) };
    assert.throws(() => buildRows(many, n, 0), BeyondReach);
  });

  it("that do not fit name the place", () => {
    const cases: [unknown, (string | number)[]][] = [
      [{ star: 8 }, ["star", "centre"]],
      [{ axial: { rows: 3, columns: 3 } }, ["axial"]],
      [{ global: [0, 10] }, ["global", 1]],
      [{ longformer: { window: 1, globals: [3, 10] } }, ["longformer", "globals", 1]],
      [{ edges: [[0, 1], [0, 10]] }, ["edges", 1, 1]],
      [{ random: { degree: 9, seed: 0 } }, ["random", "degree"]],
      [{ block: { size: 3, shift: 3 } }, ["block", "shift"]],
      [{ fixed: { stride: 3, summary: 4 } }, ["fixed", "summary"]],
      [{ bigbird: { block: 4, window: 2 } }, ["bigbird", "window"]],
      [{ bigbird: { block: 4, globals: [0, 2] } }, ["bigbird", "globals", 1]],
      [{ bigbird: { block: 4, globals: [-3] } }, ["bigbird", "globals", 0]],
      [{ any: ["full", { all: ["causal", { not: { star: 9 } }] }] }, ["any", 1, "all", 1, "not", "star", "centre"]],
    ]; // prettier-ignore
    for (const [input, path] of cases) {
      const pattern = patternSchema.parse(input);
      assert.throws(() => buildRows(pattern, 8, 2), (error) => error instanceof PatternError && (assert.deepEqual(error.path, path), true)); // prettier-ignore
    }
    assert.throws(
      () => buildRows({ kind: "not", pattern: { kind: "expression", expression: "q + * k" } }, 8, 0),
      (error) => {
        assert.ok(error instanceof PatternError);
        assert.deepEqual([error.path, error.span], [["not", "expression"], { from: 4, to: 5 }]);
        return true;
      },
    );
    let deep: Pattern = { kind: "full" };
    for (let i = 0; i <= limits.patternDepth; i++) deep = { kind: "not", pattern: deep };
    assert.throws(() => buildRows(deep, 4, 0), PatternError);
  });
});

describe("rows", () => {
  const twoRows = sizes.chain(([n, r]) =>
    fc.tuple(nested(n, n + r, 1), nested(n, n + r, 1)).map((both) => both.map((pattern) => buildRows(pattern, n, r))),
  );

  it("obey the algebra of relations", () => {
    fc.assert(
      fc.property(twoRows, ([a, b]) => {
        const { size } = a;
        const check = (rows: Rows, holds: (q: number, k: number) => boolean) => {
          checkForm(rows);
          assert.deepEqual(pairsOf(rows), pairsWhere(size, holds));
        };
        const inA = new Set(pairsOf(a));
        const inB = new Set(pairsOf(b));
        const has = (set: Set<string>, q: number, k: number) => set.has(`${q} ${k}`);
        check(union(a, b), (q, k) => has(inA, q, k) || has(inB, q, k));
        check(intersection(a, b), (q, k) => has(inA, q, k) && has(inB, q, k));
        check(complement(a), (q, k) => !has(inA, q, k));
        check(transpose(a), (q, k) => has(inA, k, q));
        check(withSelf(a), (q, k) => q === k || has(inA, q, k));
        for (let q = 0; q < size; q++) for (let k = 0; k < size; k++) assert.equal(contains(a, q, k), has(inA, q, k));
        assert.equal(countKeys(a), inA.size);
        assert.equal(equalRows(a, b), inA.size === inB.size && [...inA].every((pair) => inB.has(pair)));
        assert.ok(equalRows(a, complement(complement(a))));
      }),
      { numRuns: 1000, seed },
    );
  });

  it("give images of sets", () => {
    fc.assert(
      fc.property(twoRows, fc.array(fc.nat(13)), fc.array(fc.nat(13)), ([a], some, others) => {
        const setOf = (tokens: number[]) => new Set(tokens.map((token) => token % a.size));
        const runsOfSet = (set: Set<number>) =>
          [...set].reduce((runs: Int32Array, token) => unionRuns(runs, Int32Array.of(token, token + 1)), new Int32Array());
        const members = (runs: Int32Array) => Array.from({ length: a.size }, (_, k) => k).filter((k) => holds(runs, k));
        const all = Array.from({ length: a.size }, (_, k) => k);
        const [s, t] = [setOf(some), setOf(others)];
        assert.deepEqual(members(runsOfSet(s)), all.filter((k) => s.has(k)));
        assert.deepEqual(members(differenceRuns(runsOfSet(s), runsOfSet(t))), all.filter((k) => s.has(k) && !t.has(k)));
        const expected = all.filter((k) => [...s].some((q) => contains(a, q, k)));
        const found = image(a, runsOfSet(s));
        assert.deepEqual(members(found), expected);
        for (let i = 2; i < found.length; i += 2) assert.ok(found[i] > found[i - 1], "runs are as long as they can be");
      }),
      { numRuns: 1000, seed },
    ); // prettier-ignore
  });
});
