/** Grids, their points, rows, shards and their merging: `uap-lens sweep` without its processes. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import Ajv from "ajv";
import fc from "fast-check";
import { parse as parseYaml } from "yaml";
import { examine } from "../../extension/theory/verdict/analyse";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { RuntimeClient } from "../../extension/runtime/process/client";
import { specificationOf } from "../../extension/sweep/axes";
import { type Grid, gridJsonSchema, parseGrid, pointOf, readGrid } from "../../extension/sweep/grid";
import { merged, MergeError } from "../../extension/sweep/merge";
import { OutputError, SweepFile, textOf } from "../../extension/sweep/output";
import { paretoFront } from "../../extension/sweep/pareto";
import { decidePoint } from "../../extension/sweep/point";
import { type FormatName, type Origin, readRows, rowFormat, type SweepRow } from "../../extension/sweep/row";
import { sweep } from "../../extension/sweep/run";
import { pointsOf, shardOf } from "../../extension/sweep/shards";

const root = path.join(__dirname, "..", "..");

const base = { tokens: 8, width: 4, layers: [{ attention: { pattern: { window: 1 } } }] };
const gridOf = (value: object): Grid => {
  const parsed = parseGrid(value);
  assert.ok("grid" in parsed, JSON.stringify(parsed));
  return parsed.grid;
};
/** The specification with one value on each axis. */
const withAxes = (from: object, axes: Record<string, unknown>): unknown =>
  specificationOf(
    from,
    Object.entries(axes).map(([name, value]) => ({ name, values: [value] })),
    Object.keys(axes).map(() => 0),
  );
const attention = (parts: object) => ({ tokens: 8, width: 4, layers: [{ attention: parts }] });
const pattern = (value: unknown) => attention({ pattern: value });

describe("a grid", () => {
  it("numbers its points with the last axis changing fastest", () => {
    const grid = gridOf({ base, axes: { layers: [3, 1], window: [2, 1, 0], width: [4, 6] } });
    const points: unknown[] = [];
    for (const layers of [3, 1])
      for (const window of [2, 1, 0]) for (const width of [4, 6]) points.push({ layers, window, width });
    assert.equal(grid.points, points.length);
    assert.deepEqual(
      points.map((_, point) => pointOf(grid, point).values),
      points,
    );
  });

  it("without an axis has one point", () => {
    const grid = gridOf({ base, axes: {} });
    assert.equal(grid.points, 1);
    assert.deepEqual(pointOf(grid, 0).specification(), base);
  });

  const changes: [string, object, Record<string, unknown>, object][] = [
    ["a window", base, { window: 3 }, pattern({ window: 3 })],
    ["an attention without a pattern gets a window", attention({}), { window: 3 }, pattern({ window: 3 })],
    ["the sides that a window has", pattern({ window: { left: 1, circular: true } }), { window: 3 }, pattern({ window: { left: 3, circular: true } })], // prettier-ignore
    ["both sides where none is written", pattern({ window: { dilation: 2 } }), { window: 3 }, pattern({ window: { dilation: 2, left: 3, right: 3 } })], // prettier-ignore
    ["a whole window", base, { window: { left: 2 } }, pattern({ window: { left: 2 } })],
    ["Longformer's window and globals", pattern({ longformer: { window: 1, globals: [0] } }), { window: 2, globals: 2 }, pattern({ longformer: { window: 2, globals: [0, 1] } })], // prettier-ignore
    ["windows within", pattern({ all: [{ any: [{ window: 1 }, { star: 0 }] }, { not: { window: 0 } }] }), { window: 2 }, pattern({ all: [{ any: [{ window: 2 }, { star: 0 }] }, { not: { window: 2 } }] })], // prettier-ignore
    ["global tokens", base, { globals: [5, 7] }, pattern({ any: [{ window: 1 }, { global: [5, 7] }] })],
    ["no global token", base, { globals: 0 }, base],
    ["other global tokens", pattern({ any: [{ window: 1 }, { global: [3] }] }), { globals: 1 }, pattern({ any: [{ window: 1 }, { global: [0] }] })], // prettier-ignore
    ["no global token any more", pattern({ any: [{ window: 1 }, { global: [3] }] }), { globals: 0 }, pattern({ window: 1 })], // prettier-ignore
    ["full attention has no use for them", attention({}), { globals: 2 }, attention({})],
    ["the heads' own patterns", attention({ heads: [{ pattern: { window: 1 } }, { count: 2 }] }), { window: 2 }, attention({ heads: [{ pattern: { window: 2 } }, { count: 2 }], pattern: { window: 2 } })], // prettier-ignore
    ["a kernel", base, { kernel: "hard" }, attention({ pattern: { window: 1 }, kernel: "hard" })],
    ["a path", base, { "layers.0.attention.heads": 2 }, attention({ pattern: { window: 1 }, heads: 2 })],
    ["a path of every entry", base, { "layers.*.norm": "pre" }, { ...base, layers: [{ ...base.layers[0], norm: "pre" }] }], // prettier-ignore
    ["a path that is not written", base, { "layers.0.feedForward.hidden": 3 }, { ...base, layers: [{ ...base.layers[0], feedForward: { hidden: 3 } }] }], // prettier-ignore
    ["layers", base, { layers: 3 }, { ...base, layers: [{ ...base.layers[0], repeat: 3 }] }],
  ];
  for (const [what, from, axes, expected] of changes)
    it(`sets ${what}`, () => assert.deepEqual(withAxes(from, axes), expected));

  it("stacks blocks one after the other, again and again", () => {
    const [a, b] = [{ attention: { pattern: { window: 1 } }, repeat: 2 }, { attention: {} }];
    const stack = (layers: number) =>
      (withAxes({ ...base, layers: [a, b] }, { layers }) as { layers: object[] }).layers;
    assert.deepEqual(stack(1), [{ ...a, repeat: 1 }]);
    assert.deepEqual(stack(3), [
      { ...a, repeat: 2 },
      { ...b, repeat: 1 },
    ]);
    assert.deepEqual(stack(7), [a, { ...b, repeat: 1 }, a, { ...b, repeat: 1 }, { ...a, repeat: 1 }]);
  });

  it("leaves its base as it was", () => {
    const before = JSON.stringify(base);
    withAxes(base, { window: 3, globals: 2, layers: 4, kernel: "hard", "layers.0.norm": "pre" });
    assert.equal(JSON.stringify(base), before);
  });

  it("has a hash that comments and layout do not change, and what is swept does", () => {
    const one = readGrid("a.sweep.yaml", "base: {tokens: 8, width: 4, layers: [{attention: {}}]}\naxes: { width: [2, 3] }\n"); // prettier-ignore
    const same = readGrid("b.sweep.json", '{ "base": { "tokens": 8, "width": 4, "layers": [{ "attention": {} }] }, // it\n "axes": { "width": [2, 3] }, "margin": true, "backend": "cpu" }'); // prettier-ignore
    assert.ok("grid" in one && "grid" in same);
    assert.equal(one.grid.hash, same.grid.hash);
    const others = [{ axes: { width: [3, 2] } }, { axes: { width: [2, 4] } }, { margin: { seeds: 2 } }, { margin: false }, { training: {} }]; // prettier-ignore
    const hashes = others.map((other) => gridOf({ base: one.grid.base, axes: { width: [2, 3] }, ...other }).hash);
    assert.equal(new Set([one.grid.hash, ...hashes]).size, 1 + others.length);
  });

  it("says what is wrong with it, and where", () => {
    const cases: [string, string, RegExp][] = [
      ["base: {tokens: 8, widht: 4, layers: [{attention: {}}]}\naxes: {}\n", "widht", /no key `widht`; did you mean `width`/],
      ["axes: {}\n", "axes", /lacks `base`/],
      ["base: {tokens: 8, width: 4, layers: [{attention: {}}]}\n", "base", /lacks `axes`/],
      ["BASE\naxes: { kernel: [softmx] }\n", "softmx", /must be softmax, .*did you mean `softmax`/],
      ["BASE\naxes: { window: [1, 2, 1] }\n", "1", /on this axis twice/],
      ["BASE\naxes: { window: [] }\n", "[]", /has no values/],
      ["BASE\naxes: { globals: [-1] }\n", "-1", /must be at least 0, got -1/],
      ["BASE\naxes: { globals: [one] }\n", "one", /a number of tokens or a list of tokens/],
      ["BASE\naxes: { width: 3 }\n", "3", /must be a list of values, got 3/],
      ["BASE\naxes: { layers.1.norm: [pre] }\n", "layers.1.norm", /no entry `1` in a list of 1/],
      ["BASE\naxes: { name.first: [pre] }\n", "name.first", /a part of "one"/],
      ["BASE\naxes: { kernal: [hard] }\n", "kernal", /there is no axis `kernal`; did you mean `kernel`/],
      ["BASE\naxes: { layers.0.attention.heds: [2] }\n", "layers.0.attention.heds", /no key `heds`; did you mean `heads`/],
      ["BASE\naxes: {}\ntraining: { target: copy-frist }\n", "copy-frist", /no target .*did you mean `copy-first`/],
      ["BASE\naxes: {}\ntraining: { target: ./own.ts }\n", "./own.ts", /code of your own is not run/],
      ["BASE\naxes: {}\ntraining: { step: 3 }\n", "step", /no key `step`; did you mean `steps`/],
      ["BASE\naxes: {}\nbackend: auto\n", "auto", /must be cuda, webgpu, tensorflow, wasm or cpu/],
      ["BASE\naxes: {}\nmargin: { seeds: 99 }\n", "99", /at most 32/],
      [`BASE\naxes: { width: [${[...Array(400).keys()].map((i) => i + 1).join()}], tokens: [${[...Array(300).keys()].map((i) => i + 1).join()}] }\n`, "axes", /120,000 points; at most 100,000/], // prettier-ignore
      ["BASE\naxes: { window: [1 }\n", "}", /./],
    ]; // prettier-ignore
    for (const [written, at, message] of cases) {
      const text = written.replace("BASE", "base: {name: one, tokens: 8, width: 4, layers: [{attention: {}}]}");
      const found = readGrid("grid.sweep.yaml", text);
      assert.ok("errors" in found, text);
      const [{ message: said, range }] = found.errors;
      assert.match(said, message);
      const line = text.split("\n")[range.start.line];
      const end = range.end.line === range.start.line ? range.end.character : undefined;
      assert.ok(line.slice(range.start.character, end).startsWith(at), `${said}: ${line.slice(range.start.character)}`);
    }
    const full = readGrid("grid.sweep.json", JSON.stringify({ base: pattern("full"), axes: { window: [1] } }));
    assert.ok("errors" in full);
    assert.match(full.errors[0].message, /the base has no window/);
  });

  it("may be any value, or any text", () => {
    const name = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "layers.*.attention", "layers.9", "*", "base", "axes", "margin")); // prettier-ignore
    const value = fc.jsonValue({ maxDepth: 3 });
    const some = fc.record({ base: fc.oneof(value, fc.constant(base)), axes: fc.oneof(value, fc.dictionary(name, fc.oneof(value, fc.array(value)))), margin: value, training: value, backend: value }, { requiredKeys: [] }); // prettier-ignore
    fc.assert(
      fc.property(fc.oneof(value, some), (grid) => {
        for (const language of ["json", "yaml"]) {
          const read = readGrid(`grid.sweep.${language}`, JSON.stringify(grid));
          if ("errors" in read) assert.ok(read.errors.length > 0);
          else for (let point = 0; point < Math.min(3, read.grid.points); point++) decidePoint(read.grid, point);
        }
      }),
      { numRuns: 300 },
    );
    for (const text of ["", "\0", "a: &b *b", "[", "- 1\n- 2", "axes: 1\n---\nb: 2"]) assert.ok("errors" in readGrid("grid.sweep.yaml", text)); // prettier-ignore
  });

  it("is validated by its JSON Schema as by us", () => {
    const validate = new Ajv({ strict: false }).compile(gridJsonSchema());
    const example = parseYaml(readFileSync(path.join(root, "examples/sweep/windows.sweep.yaml"), "utf8")) as object;
    const grids: object[] = [example, { base, axes: {} }, { base, axes: { "layers.*.norm": ["pre"], window: [{ left: 1 }], globals: [[1], 2] }, margin: { seeds: 3 }, training: { steps: 4 }, backend: "cpu" }]; // prettier-ignore
    const wrong: object[] = [{ base }, { axes: {} }, { base, axes: { kernel: ["none"] } }, { base, axes: { window: [-1] } }, { base, axes: { width: 3 } }, { base, axes: {}, margin: 1 }, { base, axes: {}, more: 1 }, { base: { ...base, more: 1 }, axes: {} }, { base, axes: {}, training: { steps: 0 } }]; // prettier-ignore
    for (const grid of grids) assert.ok(validate(grid) && "grid" in parseGrid(grid), JSON.stringify(validate.errors));
    for (const grid of wrong) assert.ok(!validate(grid) && "problems" in parseGrid(grid), JSON.stringify(grid));
  });
});

const mixed = gridOf({
  base: { ...base, target: { function: "identity" } },
  axes: { window: [1, 3], layers: [1, 3], "layers.0.attention.pattern": ["full", { window: 1 }, { window: "one" }] },
  margin: false,
});
const origin: Origin = { grid: mixed.hash, points: mixed.points, version: "1.2.3", backend: "none" };
const rows: SweepRow[] = Array.from({ length: mixed.points }, (_, point) => ({ ...origin, ...decidePoint(mixed, point).row })); // prettier-ignore

describe("a point of a grid", () => {
  it("has what the report of its specification says", () => {
    const grid = gridOf({ base, axes: { window: [1, 3, 8], layers: [1, 2, 7], kernel: ["softmax", "hard"] } });
    for (let point = 0; point < grid.points; point++) {
      const { row } = decidePoint(grid, point);
      const parsed = parseArchitecture(row.specification);
      assert.ok("architecture" in parsed);
      const { report } = examine(parsed.architecture);
      assert.equal(row.status, "ok");
      assert.deepEqual(
        [row.verdict, row.class, row.classVerdict, row.symmetry, row.order, row.layers, row.layersNeeded, row.statement], // prettier-ignore
        [report.verdict, report.class.visibility, report.class.verdict, report.symmetry!.name, report.symmetry!.order, report.attentionLayers, report.family.attentionLayersNeeded, report.statement], // prettier-ignore
      );
      // The pairs of a window of w on a line of n tokens: n (2 w + 1) - w (w + 1), and never more than n^2.
      const { window: w, layers } = row.axes as Record<string, number>;
      const pairs = w < 8 ? 8 * (2 * w + 1) - w * (w + 1) : 64;
      assert.deepEqual([row.pairsPerLayer, row.scores, row.fullScores], [pairs, layers * pairs, layers * 64]);
      assert.equal(row.share, Number((pairs / 64).toPrecision(6)));
    }
  });

  it("that is no specification is a row with the reason", () => {
    const status = rows.map((row) => row.status);
    // The window axis comes after the path, so it mends "one" and has nothing to set in "full".
    assert.deepEqual(status, rows.map(({ axes }) => (axes["layers.0.attention.pattern"] === "full" ? "invalid" : "ok"))); // prettier-ignore
    assert.match(rows[0].notes!, /the base has no window/);
    const wrong = decidePoint(
      gridOf({ base, axes: { "layers.0.attention.pattern": [{ block: 2 }, { block: 0 }] } }),
      1,
    );
    assert.equal(wrong.row.status, "invalid");
    assert.match(wrong.row.notes!, /^layers\.0\.attention\.pattern\.block: /);
    assert.deepEqual(wrong.wanted, null);
  });

  it("has seeds that depend on the model alone", () => {
    const seedsOf = (axes: object, point: number) => decidePoint(gridOf({ base, axes, margin: { seeds: 2 } }), point).wanted!.seeds; // prettier-ignore
    const seeds = seedsOf({ window: [1, 2] }, 1);
    assert.equal(new Set(seeds).size, 2);
    assert.deepEqual(seedsOf({ name: ["a", "b"], window: [2] }, 1), seeds);
    assert.notDeepEqual(seedsOf({ window: [1, 2] }, 0), seeds);
  });
});

describe("rows", () => {
  const text = fc.string({ unit: fc.constantFrom("a", ",", '"', " ", "é", "{", "1", "=") });
  const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value);
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (x === 0 ? 0 : x));
  const arbitrary = fc
    .record({
      window: fc.oneof(fc.integer(), text, fc.boolean(), fc.constant(null), fc.record({ left: fc.integer() }, { noNullPrototype: true })),
      "a, \"b": fc.string(),
      margin: nullable(number),
      margins: nullable(fc.array(nullable(number))),
      notes: nullable(text.filter((t) => t !== "")),
      order: nullable(fc.bigInt({ min: 1n }).map(String)),
      specification: nullable(fc.record({ name: fc.string() }, { noNullPrototype: true })),
    })
    .map(({ window, "a, \"b": other, ...rest }): SweepRow => ({ ...rows[1], ...rest, axes: { window, 'a, "b': other } })); // prettier-ignore

  for (const name of ["csv", "jsonl"] as FormatName[])
    it(`are one line of ${name} each, and read back as they were`, () => {
      const format = rowFormat(name, ["window", 'a, "b']);
      fc.assert(
        fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 5 }), (some) => {
          const written = format.head + some.map((row) => format.write(row)).join("");
          assert.equal(written.split("\n").length, some.length + (name === "csv" ? 2 : 1));
          const read = readRows(`rows.${name}`, written);
          assert.deepEqual("rows" in read && read.rows, some);
        }),
        { numRuns: 200 },
      );
    });

  it("of a file that is cut off anywhere are those before the cut", () => {
    for (const name of ["csv", "jsonl"] as FormatName[]) {
      const format = rowFormat(name, mixed.axes.map((axis) => axis.name)); // prettier-ignore
      const whole = textOf(format, rows.slice(0, 3));
      for (let length = 0; length <= whole.length; length++) {
        const cut = whole.slice(0, length);
        const read = readRows(`rows.${name}`, cut);
        assert.ok("rows" in read, `${length}`);
        const lines = cut.split("\n").length - 1 - (format.head === "" ? 0 : 1);
        assert.deepEqual(read.rows, rows.slice(0, Math.max(0, lines)));
        assert.equal(read.torn, cut !== "" && !cut.endsWith("\n"));
      }
    }
  });

  it("are not found in another file", () => {
    for (const [name, content] of [
      ["a.csv", "x,y\n1,2\n"],
      ["a.csv", "step"],
      ["a.jsonl", "{}\n"],
      ["a.txt", ""],
    ])
      // prettier-ignore
      assert.ok("problem" in readRows(name, content), content);
    const format = rowFormat("csv", mixed.axes.map((axis) => axis.name)); // prettier-ignore
    const spoilt = textOf(format, rows).replace(",refuted,", ',"refuted,');
    assert.deepEqual("problem" in readRows("a.csv", spoilt), true);
  });
});

describe("shards", () => {
  it("have every point once, and about as many each", () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.integer({ min: 1, max: 300 }), (points, count) => {
        const shards = Array.from({ length: count }, (_, index) => pointsOf(points, { index, count }));
        const all = shards.flat().sort((a, b) => a - b);
        assert.deepEqual(all, [...Array(points).keys()]);
        const sizes = shards.map(({ length }) => length);
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      }),
    );
  });

  it("are named by the option, or by the scheduler", () => {
    assert.deepEqual(shardOf("2/4", {}), { index: 2, count: 4 });
    assert.deepEqual(shardOf("4", { SLURM_ARRAY_TASK_ID: "3" }), { index: 3, count: 4 });
    assert.deepEqual(shardOf("4", { JOB_COMPLETION_INDEX: "0" }), { index: 0, count: 4 });
    assert.deepEqual(shardOf("1/4", { SLURM_ARRAY_TASK_ID: "3" }), { index: 1, count: 4 }, "the option wins");
    const wrong: [string, Record<string, string>, RegExp][] = [
      ["4/4", {}, /counted from 0/],
      ["4", { SLURM_ARRAY_TASK_ID: "4" }, /counted from 0/],
      ["4", {}, /needs SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX/],
      ["4", { SLURM_ARRAY_TASK_ID: "1", JOB_COMPLETION_INDEX: "2" }, /differ/],
      ["4", { SLURM_ARRAY_TASK_ID: "one" }, /not a number/],
      ["0", {}, /takes i\/N/],
      ["-1/4", {}, /takes i\/N/],
      ["1/0", {}, /takes i\/N/],
    ];
    for (const [option, environment, message] of wrong) assert.throws(() => shardOf(option, environment), message);
  });

  const format = rowFormat("csv", mixed.axes.map((axis) => axis.name)); // prettier-ignore
  const whole = textOf(format, rows);
  const shard = (index: number, count: number) => ({
    file: `shard-${index}.csv`,
    text: textOf(
      format,
      pointsOf(rows.length, { index, count }).map((point) => rows[point]),
    ),
  });

  it("merge to the bytes of one run, in any order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.infiniteStream(fc.nat()), (count, keys) => {
        const files = Array.from({ length: count }, (_, index) => ({ key: keys.next().value as number, ...shard(index, count) })); // prettier-ignore
        assert.equal(merged(files.sort((a, b) => a.key - b.key)).text, whole);
      }),
      { numRuns: 50 },
    );
  });

  it("are not merged where one is missing, torn, doubled or of another sweep", () => {
    const [zero, one, two] = [0, 1, 2].map((index) => shard(index, 3));
    const edited = (from: string, to: string) => ({ file: "other.csv", text: one.text.replaceAll(from, to) });
    const wrong: [{ file: string; text: string }[], RegExp][] = [
      [[zero, two], /^4 of 12 points are missing: 1, 4, 7, 10$/],
      [[zero], /^8 of 12 points are missing: 1, 2, 4, 5, 7, \.\.\.$/],
      [[zero, one, two, one], /^the point 1 is in shard-1\.csv and in shard-1\.csv$|^the point 1 is in shard-1\.csv twice$/],
      [[zero, { ...one, text: one.text.slice(0, -5) }, two], /^shard-1\.csv: its last line is torn/],
      [[zero, edited(mixed.hash, "0123456789abcdef"), two], /^other\.csv: it is of another grid than shard-0\.csv$/],
      [[zero, edited(",1.2.3,none,", ",1.2.4,none,"), two], /^other\.csv: it is by another version/],
      [[zero, edited(",1.2.3,none,", ",1.2.3,wasm,"), two], /^other\.csv: it is computed on another backend/],
      [[zero, { file: "x.csv", text: "a,b\n" }, two], /^x\.csv: not the result of a sweep$/],
      [[{ file: "x.csv", text: format.head }], /no row/],
    ]; // prettier-ignore
    for (const [files, message] of wrong)
      assert.throws(() => merged(files), (error: unknown) => error instanceof MergeError && message.test(error.message)); // prettier-ignore
  });
});

describe("the file of a sweep", () => {
  let folder: string;
  before(() => (folder = mkdtempSync(path.join(tmpdir(), "uap-lens-sweep-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const axes = mixed.axes.map(({ name }) => name);
  const points = new Set(rows.keys());
  const whole = textOf(rowFormat("csv", axes), rows);
  const run = async (file: string): Promise<number> => {
    const output = await SweepFile.open(file, axes, origin, points, true);
    const missing = rows.filter(({ point }) => !output.known.has(point));
    for (const row of missing) await output.append(row);
    await output.finish();
    return missing.length;
  };

  it("goes on from wherever it was cut off to the same bytes", async () => {
    const file = path.join(folder, "cut.csv");
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), async (length) => {
        writeFileSync(file, whole.slice(0, length));
        const lines = whole.slice(0, length).split("\n").length - 1;
        assert.equal(await run(file), rows.length - Math.max(0, lines - 1));
        assert.equal(readFileSync(file, "utf8"), whole);
      }),
      { numRuns: 100 },
    );
  });

  it("makes failed rows again, in their place", async () => {
    const file = path.join(folder, "failed.csv");
    const some = rows.map((row, i): SweepRow => (i % 3 === 1 ? { ...row, status: "failed" } : row));
    writeFileSync(file, textOf(rowFormat("csv", axes), some));
    assert.equal(await run(file), 4);
    assert.equal(readFileSync(file, "utf8"), whole);
  });

  it("is left alone where it is another's", async () => {
    const file = path.join(folder, "others.csv");
    const open = (resume = true, of: Origin = origin, in_ = points) => SweepFile.open(file, axes, of, in_, resume);
    const refused = async (opening: Promise<SweepFile>, message: RegExp) =>
      assert.rejects(opening, (error: unknown) => error instanceof OutputError && message.test(error.message));
    writeFileSync(file, whole);
    await refused(open(false), /there already; --resume/);
    await refused(open(true, { ...origin, grid: "0" }), /of another grid/);
    await refused(open(true, { ...origin, backend: "cpu" }), /another backend/);
    await refused(open(true, origin, new Set([0])), /of another shard/);
    assert.equal(readFileSync(file, "utf8"), whole);
    writeFileSync(file, "step,loss\n1,2\n");
    await refused(open(), /not the result of a sweep/);
    assert.equal(readFileSync(file, "utf8"), "step,loss\n1,2\n");
    await refused(SweepFile.open(folder, axes, origin, points, true), /\.csv or a \.jsonl/);
  });

  it("is kept by one of two sweeps that write to it, and the other one ends", async () => {
    const open = (file: string) => SweepFile.open(path.join(folder, file), axes, origin, points, true);
    const another = (error: unknown) => error instanceof OutputError && error.message.startsWith("another process");
    const finish = async (sweep: SweepFile, from: number) => {
      for (const row of rows.slice(from)) await sweep.append(row);
      await sweep.finish();
    };

    const [first, second] = [await open("appended.csv"), await open("appended.csv")];
    await first.append(rows[0]);
    await assert.rejects(second.append(rows[0]), another);
    await second.close();
    await finish(first, 1);
    assert.equal(readFileSync(path.join(folder, "appended.csv"), "utf8"), whole);

    // What goes on with a torn file puts a whole one in its place.
    const torn = await open("replaced.csv");
    await torn.append(rows[0]);
    writeFileSync(path.join(folder, "replaced.csv"), whole.slice(0, -3));
    const next = await open("replaced.csv");
    await assert.rejects(torn.append(rows[1]), another);
    await assert.rejects(torn.finish(), another);
    await finish(next, rows.length - 1);
    assert.equal(readFileSync(path.join(folder, "replaced.csv"), "utf8"), whole);
  });
});

describe("the Pareto front", () => {
  it("has the points that no other one beats", () => {
    const coordinate = fc.integer({ min: 0, max: 6 });
    fc.assert(
      fc.property(fc.array(fc.record({ cost: coordinate, margin: coordinate }), { maxLength: 30 }), (points) => {
        const beaten = (one: { cost: number; margin: number }) =>
          points.some((other) => other.cost <= one.cost && other.margin >= one.margin && (other.cost < one.cost || other.margin > one.margin)); // prettier-ignore
        const front = new Set(paretoFront(points));
        for (const point of points) assert.equal(front.has(point), !beaten(point));
      }),
    );
  });
});

describe("a sweep whose runtime dies", () => {
  it("tries a point again, and then says what happened", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "uap-lens-sweep-"));
    try {
      // The real runtime, in a process that does not outlive a request.
      const entry = path.join(folder, "dying.js");
      writeFileSync(entry, `process.on("message", ({ kind }) => kind === "request" && process.kill(process.pid, "SIGKILL"));\nrequire(${JSON.stringify(path.join(root, "dist/runtime.js"))});\n`); // prettier-ignore
      const grid = gridOf({ base, axes: { window: [1, 2] } });
      const client = new RuntimeClient({ entry, backend: "wasm" });
      const made: SweepRow[] = [];
      for await (const row of sweep({ points: [0, 1], origin, settings: grid, decide: (point) => Promise.resolve(decidePoint(grid, point)), client, signal: new AbortController().signal })) made.push(row); // prettier-ignore
      await client.dispose();
      for (const { status, notes, verdict } of made)
        assert.deepEqual([status, notes, verdict], ["failed", "Not measured: The runtime process was ended by SIGKILL.", "refuted"]); // prettier-ignore
      assert.equal(made.length, 2);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
