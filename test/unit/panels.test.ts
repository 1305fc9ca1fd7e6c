/** What panels say and export, and how they read what a person types. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import esbuild from "esbuild";
import fc from "fast-check";
import { typeProblems } from "./scriptTypes";
import { runsAsCsv, scriptOf } from "../../extension/panels/exports";
import { pairOf } from "../../extension/panels/pairs";
import { Task } from "../../extension/panels/task";
import { start } from "../../extension/runtime/backends/start";
import { build } from "../../extension/runtime/builders/build";
import type { TokenGap } from "../../extension/runtime/measuring/distinguish";
import { expected } from "../../extension/runtime/measuring/predictions";
import { estimateFloor, type Floor } from "../../extension/runtime/training/floor";
import { defaults } from "../../extension/runtime/training/options";
import { libraryTarget } from "../../extension/runtime/training/targets";
import { type Metrics, train } from "../../extension/runtime/training/train";
import { architectureSchema } from "../../extension/theory/architecture/schema";
import { collapseSentences, gapWords, otherSample } from "../../webview/distinguishability/words";
import type { GapMeasurement, Progress, RunView } from "../../webview/protocol";
import { chartSvg } from "../../webview/training/svg";
import { logTicks, thinned } from "../../webview/drawing/ticks";
import { floorWords, lossWords, shareWords, statusWords, timeLeft } from "../../webview/training/words";

const root = path.join(__dirname, "..", "..");

describe("pairs of samples as they are typed", () => {
  const read = (pair: "replacement" | "rearrangement", custom: string) => pairOf({ pair, custom }, 6);

  it("are tokens and cycles", () => {
    assert.deepEqual(read("replacement", " 5 "), { kind: "replacement", position: 5 });
    assert.deepEqual(read("rearrangement", "(0 1 2)"), { kind: "rearrangement", permutation: Int32Array.of(1, 2, 0, 3, 4, 5) }); // prettier-ignore
    assert.deepEqual(read("rearrangement", " ( 0,5 ) (1 2)"), { kind: "rearrangement", permutation: Int32Array.of(5, 2, 1, 3, 4, 0) }); // prettier-ignore
    assert.deepEqual(pairOf({ pair: "worst-replacement", custom: "" }, 6), { kind: "worst", of: "replacement" });
    assert.deepEqual(pairOf({ pair: "witness", custom: "nonsense" }, 6), { kind: "witness" });
  });

  it("are refused with what is needed", () => {
    for (const text of ["", "6", "-1", "1.5", "two"]) assert.equal(read("replacement", text), "a token from 0 to 5");
    for (const text of ["", "0 1", "(0 1", "(0 1))", "(a b)", "()"])
      assert.equal(read("rearrangement", text), 'cycles such as "(0 1 2)(3 4)"');
    assert.equal(read("rearrangement", "(0 6)"), "tokens from 0 to 5, and not 6");
    assert.equal(read("rearrangement", "(0 1)(1 2)"), "each token at most once, and not 1 twice");
  });

  it("never throw, whatever is typed", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[() 0-9,]*$/)), fc.constantFrom("replacement" as const, "rearrangement" as const), (custom, pair) => {
        pairOf({ pair, custom }, 6);
      }),
      { seed: 1, numRuns: 2000 },
    ); // prettier-ignore
  });
});

describe("collapsed pairs in words", () => {
  const about = (collapsed: Partial<TokenGap>[], comparison: GapMeasurement["comparison"]): GapMeasurement => ({
    id: 1,
    tokens: 8,
    layers: 3,
    comparison,
    theory: true,
    tolerance: 1e-5,
    collapsed: collapsed.map((pair) => ({ s: 0, t: 0, gap: 0, since: 0, equal: true, ...pair })),
    collapses: collapsed.length,
    closest: [],
    backend: "WASM",
    outdated: false,
  });
  const replacement = { kind: "replacement", position: 0 } as const;

  it("say which tokens, from which layer on, and whether for all parameters", () => {
    const pairs = [{ s: 3, t: 3 }, { s: 4, t: 4 }, { s: 6, t: 6 }, { s: 1, t: 7, since: 2 }, { s: 2, t: 5, since: 3, equal: false }]; // prettier-ignore
    assert.deepEqual(collapseSentences(about(pairs, replacement)), [
      "Tokens 3 to 4 and 6 of X and the same tokens of X' are identical, each with its own, at every depth, for all parameters: token 0 has no influence on them.",
      "Token 1 of X and token 7 of X' are identical from layer 2 on, for all parameters.",
      "Token 2 of X and token 5 of X' are within 0.00001 of each other from layer 3 on, though they differ for almost all parameters.",
    ]);
    assert.deepEqual(collapseSentences(about([{ s: 3, t: 7 }], { kind: "rearrangement", permutation: Int32Array.of(1, 0) })), [
      "Token 3 of X and token 7 of X' are identical at every depth, for all parameters.",
    ]); // prettier-ignore
  });

  it("stay few for many pairs", () => {
    const many = Array.from({ length: 1024 }, (_, i) => ({ s: i, t: 1023 - i, equal: null }));
    const sentences = collapseSentences(about(many, replacement));
    assert.equal(sentences.length, 41);
    assert.equal(sentences.at(-1), "And 984 more pairs of different places.");
  });

  it("name the other sample and a gap", () => {
    assert.equal(otherSample(replacement), "X with token 0 replaced by a new one");
    assert.equal(otherSample({ kind: "rearrangement", permutation: Int32Array.of(0, 1) }), "X itself");
    assert.match(otherSample({ kind: "rearrangement", permutation: Int32Array.of(1, 2, 0) }), /^X rearranged by \(0 1 2\):/); // prettier-ignore
    assert.ok(otherSample({ kind: "rearrangement", permutation: Int32Array.from({ length: 500 }, (_, i) => (i + 1) % 500) }).length < 200); // prettier-ignore
    assert.equal(gapWords(0, expected.equal, "float32"), "no gap, equal by theory");
    assert.equal(gapWords(1e-4, expected.different, "float16"), "gap 0.00010, below the resolution of float16, different by theory"); // prettier-ignore
    assert.equal(gapWords(0.5, null, "bfloat16"), "gap 0.50");
  });
});

const floor = (value: number, variance = 1): Floor => ({
  variance,
  symmetry: { value: 0, low: 0, high: 0 },
  visibility: { value, low: value, high: value },
  both: { value, low: 0.9 * value, high: 1.1 * value },
  incomplete: null,
  samples: 256,
});

const view = (more: Partial<RunView>): RunView => ({
  id: 1,
  title: "as written",
  setup: { variant: "written", target: "copy-first", backend: "auto", seed: 1, steps: 1000, batch: 32, rate: 0.01 },
  status: "running",
  message: null,
  backend: null,
  tokens: 8,
  width: 8,
  step: 0,
  floor: null,
  loss: null,
  variance: null,
  margin: null,
  stepsPerSecond: null,
  shown: true,
  outdated: false,
  colour: 0,
  ...more,
});

describe("a run in words", () => {
  const loss = (value: number) => ({ value, low: 0.98 * value, high: 1.02 * value });

  it("says where it ended, against its floor", () => {
    const ended = (value: number, bound: Floor | string | null) =>
      statusWords(view({ status: "ended", step: 1000, loss: loss(value), floor: bound }));
    assert.equal(ended(0.25, floor(0.2)), "ended 25 % above the floor");
    assert.equal(ended(1, floor(0.2)), "ended at 5.0 times the floor");
    assert.equal(ended(0.205, floor(0.2)), "ended on the floor");
    assert.equal(ended(0.01, floor(0)), "ended");
    assert.equal(ended(0.01, "nothing is known"), "ended");
    assert.equal(statusWords(view({ status: "paused" })), "ready");
    assert.equal(statusWords(view({ status: "paused", step: 7 })), "paused at step 7");
    assert.equal(statusWords(view({ step: 3 })), "step 3 of 1000");
  });

  it("says the floor, the loss, its share and the time left", () => {
    assert.equal(floorWords(null), "being estimated");
    assert.equal(floorWords(floor(0)), "0: the target is within reach");
    assert.equal(floorWords(floor(0.2)), "0.200 [0.180, 0.220]");
    assert.equal(floorWords({ ...floor(0.2), incomplete: "too large" }), "0.200 [0.180, 0.220], perhaps more");
    assert.equal(floorWords("it is not decided"), "not known: it is not decided");
    assert.equal(lossWords(view({ loss: loss(0.5) })), "0.500 [0.490, 0.510]");
    assert.equal(shareWords(view({ loss: loss(0.5), variance: 2 })), "25.0 %");
    assert.equal(shareWords(view({})), "–");
    assert.equal(timeLeft(view({ step: 500, stepsPerSecond: 100 })), "5 s");
    assert.equal(timeLeft(view({ step: 0, stepsPerSecond: 1 })), "17 min");
    assert.equal(timeLeft(view({ step: 0, stepsPerSecond: 0.1 })), "2.8 h");
    assert.equal(timeLeft(view({ status: "paused", stepsPerSecond: 1 })), "–");
  });
});

describe("charts", () => {
  it("have ticks on any scale, few and inside", () => {
    fc.assert(
      fc.property(fc.double({ min: -14, max: 4, noNaN: true }), fc.double({ min: 0.3, max: 16, noNaN: true }), (from, decades) => {
        const [least, most] = [10 ** from, 10 ** (from + decades)];
        const ticks = logTicks(least, most);
        assert.ok(ticks.length >= 1 || decades < 0.5, `${least} to ${most}`);
        assert.ok(ticks.length <= 10 && ticks.every((x, i) => x >= least && x <= most && (i === 0 || x > ticks[i - 1])));
      }),
      { seed: 1, numRuns: 1000 },
    ); // prettier-ignore
  });

  it("draw a long curve as few points that go through its means", () => {
    const y = Float32Array.from({ length: 100_000 }, (_, i) => 1 / (1 + i / 1000));
    const { x, y: drawn } = thinned({ x: null, y });
    assert.ok(x.length <= 2000 && x.at(-1) === 100_000);
    drawn.forEach((value, i) => assert.ok(Math.abs(value / y[x[i] - 25] - 1) < 0.03, `${i}`));
    assert.deepEqual(thinned({ x: null, y: [1, 0, NaN, 4] }), { x: [1, 4], y: [1, 4] });
  });

  it("export as SVG that is well-formed, with the floor and every curve, whatever runs are called", () => {
    const label = `<&"run">`;
    const svg = chartSvg(
      {
        curves: [{ label, colour: 0, kind: "line", x: [1, 2, 3], y: [1, 0.5, 0.25] }],
        bands: [{ label: "floor", colour: 0, value: 0.2, low: 0.18, high: 0.22 }],
      },
      "loss",
    );
    assert.ok(svg.includes("&lt;&amp;&quot;run&quot;&gt;") && !svg.includes(label));
    const open = [...svg.matchAll(/<(\w+)[^>]*?(\/?)>/g)].filter(([, , closed]) => closed === "").map(([, tag]) => tag);
    const closed = [...svg.matchAll(/<\/(\w+)>/g)].map(([, tag]) => tag);
    assert.deepEqual(open.sort(), closed.sort());
    assert.match(svg, /<polyline[^>]*points="[\d., ]+"/);
    assert.match(chartSvg({ curves: [], bands: [] }, "loss"), /^<svg/);
  });
});

describe("exports of a training run", () => {
  const architecture = architectureSchema.parse({
    name: "Small",
    tokens: 4,
    width: 2,
    position: "absolute",
    layers: [{ attention: {}, feedForward: { hidden: 8 } }],
  });
  const options = { ...defaults, steps: 40, every: 10, warmUp: 5, batch: 8, rate: 0.01, seed: 3 };
  const record = { id: 1, title: 'as "written", with a comma', architecture, target: "reverse", backend: { name: "wasm", device: "processor" } }; // prettier-ignore

  it("as CSV: every step once, numbers that read back, titles quoted", async () => {
    await start("wasm");
    const target = libraryTarget("reverse", architecture);
    const model = build(architecture, { seed: 3, regime: "standard" });
    const evaluations: Metrics[] = [];
    const losses: number[] = [];
    await train(model, target, options, {
      progress: (event) => {
        if (event.kind === "metrics") evaluations.push(event.metrics);
        if (event.kind === "losses") losses.push(...event.losses);
      },
    });
    model.dispose();
    const bound = estimateFloor(architecture, target) as Floor;
    const run = { record: { ...record, evaluations, floor: bound }, losses: Float32Array.from(losses) };
    const [head, ...rows] = runsAsCsv([run as never])
      .trimEnd()
      .split("\n");
    assert.equal(rows.length, 40);
    const columns = head.split(",");
    rows.forEach((row, i) => {
      assert.ok(row.startsWith('1,"as ""written"", with a comma",'));
      const cells = row.replace(/^1,"(?:[^"]|"")*",/, "").split(",");
      assert.equal(cells.length, columns.length - 2);
      assert.equal(Number(cells[0]), i + 1);
      assert.equal(Number(cells[1]), losses[i]);
      if ((i + 1) % 10 === 0) assert.equal(Number(cells[2]), evaluations[(i + 1) / 10 - 1].loss.value);
      else assert.equal(cells[2], "");
      assert.equal(Number(cells[6]), bound.both.value);
    });
  });

  it("as a script that has the right types, runs on the built package alone, and repeats the run to the same losses", async function () {
    this.timeout(120_000);
    await start("wasm");
    const model = build(architecture, { seed: 3, regime: "standard" });
    const wanted: string[] = [];
    const { loss } = await train(model, libraryTarget("reverse", architecture), options, {
      progress: (event) => {
        if (event.kind === "metrics") wanted.push(`${event.metrics.step} ${event.metrics.trainingLoss} ${event.metrics.loss.value}`); // prettier-ignore
      },
    });
    model.dispose();
    const script = scriptOf({ record, options } as never);
    assert.deepEqual(typeProblems(script), [[]]);
    const folder = path.join(root, "dist", "test", "unit", `script-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    try {
      const file = path.join(folder, "run.mjs");
      // The package finds itself by its own name.
      writeFileSync(file, (await esbuild.transform(script, { loader: "ts", format: "esm" })).code);
      const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      for (const line of wanted) assert.ok(stdout.split("\n").includes(line), `${line}\n\n${stdout}`);
      assert.match(stdout, new RegExp(`after 40 steps the loss is ${loss.value} `));
      assert.match(stdout, /no run ends below/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("as a script with a target of one's own beside it", () => {
    const own = { ...record, target: { file: "targets/mine.ts", text: "" } };
    const script = scriptOf({ record: own, options } as never);
    assert.match(script, /import map from "\.\/targets\/mine\.ts";/);
    assert.match(script, /targetOf\("targets\/mine\.ts", map, architecture\)/);
  });
});

describe("work that a person waits for", () => {
  it("says what it does, and how it ended", async () => {
    const seen: Progress[] = [];
    const task: Task = new Task(() => seen.push(task.progress));
    await task.run("first", (_, say) => {
      say("second");
      return Promise.resolve();
    });
    await task.run("third", () => Promise.reject(new Error("it broke")));
    assert.deepEqual(seen, [
      { kind: "working", what: "first" },
      { kind: "working", what: "second" },
      { kind: "idle" },
      { kind: "working", what: "third" },
      { kind: "failed", message: "it broke" },
    ]);
  });

  it("gives way to newer work, and can be cancelled", async () => {
    const task = new Task(() => undefined);
    const signals: AbortSignal[] = [];
    const waiting = (signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(new Error("ended"))));
    };
    const first = task.run("first", waiting);
    const second = task.run("second", waiting);
    await first;
    assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false]); // prettier-ignore
    assert.deepEqual(task.progress, { kind: "working", what: "second" });
    task.cancel();
    await second;
    assert.deepEqual(task.progress, { kind: "cancelled" });
    task.cancel();
    assert.deepEqual(task.progress, { kind: "cancelled" });
  });
});

it("no page of a panel contains TensorFlow.js, but the runtime's", () => {
  for (const page of ["report", "training", "distinguishability", "symmetry", "live"])
    assert.doesNotMatch(readFileSync(path.join(root, "dist", "webview", `${page}.js`), "utf8"), /tfjs-core/, page);
  assert.match(readFileSync(path.join(root, "dist", "webview", "runtime.js"), "utf8"), /tfjs-core/);
  for (const bundle of ["extension", "checkWorker"])
    assert.doesNotMatch(readFileSync(path.join(root, "dist", `${bundle}.js`), "utf8"), /tfjs-core/, bundle);
});
