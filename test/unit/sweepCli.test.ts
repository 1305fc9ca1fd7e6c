/** `uap-lens sweep` as its users run it: the built file, with runtime processes of its own, in shards, killed and resumed. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { version } from "../../package.json";
import { sweepUsage } from "../../extension/sweep/command";
import { readGrid } from "../../extension/sweep/grid";
import { readRows, type SweepRow } from "../../extension/sweep/row";

const root = path.join(__dirname, "..", "..");
const cli = path.join(root, "dist/cli.js");

/** 24 architectures, with all that a sweep measures. */
const grid = `
base:
  tokens: 6
  width: 4
  layers: [{ attention: { pattern: { window: 1 } }, feedForward: { hidden: 8 } }]
axes:
  window: [1, 2]
  layers: [1, 3]
  globals: [0, [2], [9]]
  kernel: [softmax, hard]
margin: { seeds: 2 }
`;
const training = "training: { target: copy-first, steps: 4, batch: 8 }\n";

describe("the command line sweeps", () => {
  let folder: string;
  const at = (file: string) => path.join(folder, file);
  const bytes = (file: string) => readFileSync(at(file), "utf8");
  const rowsOf = (file: string): SweepRow[] => {
    const read = readRows(file, bytes(file));
    assert.ok("rows" in read && !read.torn, JSON.stringify(read));
    return read.rows;
  };
  function sweep(args: string[], env: NodeJS.ProcessEnv = {}) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "sweep", ...args], { cwd: folder, encoding: "utf8", env: { ...process.env, ...env } }); // prettier-ignore
    return { status, stdout, stderr };
  }
  const silent = { status: 0, stdout: "", stderr: "" };
  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [cli, "sweep", ...args], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => (stderr += part));
    const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => child.once("close", (code) => resolve({ code, stderr }))); // prettier-ignore
    return { child, ended };
  };
  /** Waits until a file has some lines. */
  const lines = async (file: string, count: number) => {
    while (!existsSync(at(file)) || bytes(file).split("\n").length <= count) await setTimeout(5);
  };

  before(() => {
    assert.ok(existsSync(cli), "dist/cli.js is missing: `npm run build` makes it");
    folder = mkdtempSync(path.join(tmpdir(), "uap-lens-sweep-"));
    writeFileSync(at("small.sweep.yaml"), grid + training);
    writeFileSync(at("quick.sweep.yaml"), grid);
    assert.deepEqual(sweep(["small.sweep.yaml", "--output", "whole.csv"]), silent);
    assert.deepEqual(sweep(["quick.sweep.yaml", "--output", "quick.csv"]), silent);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("every architecture of a grid, with verdict, cost, margin and loss", () => {
    const rows = rowsOf("whole.csv");
    assert.deepEqual(
      rows.map(({ point }) => point),
      [...Array(24).keys()],
    );
    for (const row of rows) {
      const { globals, layers, kernel } = row.axes as { globals: unknown; layers: number; kernel: string };
      if (JSON.stringify(globals) === "[9]") {
        assert.equal(row.status, "invalid");
        assert.match(row.notes!, /9, past the last of 6 tokens/);
        continue;
      }
      assert.equal(row.status, "ok", row.notes ?? "");
      assert.equal(row.layers, layers);
      assert.equal(row.margins!.length, layers + 1);
      assert.equal(row.margin, row.margins!.at(-1));
      assert.ok(row.margins![0]! > 0 && row.lossLow! < row.loss! && row.floorLow! <= row.floorHigh!);
      assert.ok(Math.abs(row.varianceShare! - row.loss! / row.variance!) < 1e-4);
      if (kernel === "hard") assert.notEqual(row.verdict, "certified");
    }
    const verdict = (point: number) => [rows[point].verdict, rows[point].layersNeeded];
    // A window of 1 on 6 tokens connects the ends in 5 layers; with a global token in 2, and one more for rearrangements.
    assert.deepEqual([verdict(0), verdict(8)], [["refuted", 5], ["certified", 3]]); // prettier-ignore
  });

  it("to the same bytes in 4 shards, whatever names the shard", () => {
    for (const index of [3, 1]) assert.deepEqual(sweep(["small.sweep.yaml", "--shard", `${index}/4`, "--output", `${index}.csv`]), silent); // prettier-ignore
    assert.deepEqual(sweep(["small.sweep.yaml", "--shard", "4", "--output", "0.csv"], { SLURM_ARRAY_TASK_ID: "0" }), silent); // prettier-ignore
    const missing = sweep(["merge", "0.csv", "3.csv", "1.csv", "--output", "merged.csv"]);
    assert.deepEqual(missing, { ...silent, status: 2, stderr: "uap-lens: 6 of 24 points are missing: 2, 6, 10, 14, 18, ...\n" }); // prettier-ignore
    assert.deepEqual(sweep(["small.sweep.yaml", "--shard", "4", "--output", "2.csv"], { JOB_COMPLETION_INDEX: "2" }), silent); // prettier-ignore
    assert.deepEqual(sweep(["merge", "0.csv", "3.csv", "1.csv", "2.csv", "--output", "merged.csv"]), silent);
    assert.equal(bytes("merged.csv"), bytes("whole.csv"));
    assert.equal(sweep(["merge", "0.csv", "3.csv", "1.csv", "2.csv", "2.csv", "--output", "twice.csv"]).status, 2);
    assert.ok(!existsSync(at("twice.csv")));
  });

  it("to the same bytes after it was killed at any byte, and its last lines were lost", async () => {
    const { child, ended } = start("quick.sweep.yaml", "--output", "killed.csv");
    await lines("killed.csv", 3);
    child.kill("SIGKILL");
    await ended;
    // A machine that stops may lose more than a process that is killed.
    truncateSync(at("killed.csv"), fc.sample(fc.nat(statSync(at("killed.csv")).size), 1)[0]);
    assert.match(
      sweep(["quick.sweep.yaml", "--output", "killed.csv"]).stderr,
      /there already; --resume goes on with it/,
    );
    assert.deepEqual(sweep(["quick.sweep.yaml", "--output", "killed.csv", "--resume"]), silent);
    assert.equal(bytes("killed.csv"), bytes("quick.csv"));
    const other = sweep(["quick.sweep.yaml", "--output", "killed.csv", "--resume", "--backend", "cpu"]);
    assert.deepEqual(other, { ...silent, status: 2, stderr: "uap-lens: killed.csv: nothing goes on from it: it is computed on another backend (wasm, not cpu)\n" }); // prettier-ignore
  });

  it("and ends at once when it is told to, with all rows that it has made", async () => {
    const { child, ended } = start("quick.sweep.yaml", "--output", "told.csv");
    await lines("told.csv", 2);
    child.kill("SIGTERM");
    const { code, stderr } = await ended;
    assert.equal(code, 2);
    const rows = rowsOf("told.csv");
    assert.equal(stderr, `uap-lens: interrupted after ${rows.length} of 24 points; --resume goes on\n`);
    assert.ok(bytes("quick.csv").startsWith(bytes("told.csv")));
  });

  it("on where it was when its runtime process is killed", async function () {
    if (!existsSync("/proc/self/task")) {
      console.log("      skipped: without /proc the runtime process is not found");
      this.skip();
    }
    const { child, ended } = start("quick.sweep.yaml", "--output", "survived.csv");
    await lines("survived.csv", 2);
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
    assert.equal(children.length, 1);
    process.kill(Number(children[0]), "SIGKILL");
    assert.deepEqual(await ended, { code: 0, stderr: "" });
    assert.equal(bytes("survived.csv"), bytes("quick.csv"));
  });

  it("and says that there is no room, and goes on when there is", function () {
    if (process.platform === "win32") {
      console.log("      skipped: there is no limit on file sizes on Windows");
      this.skip();
    }
    // Files of at most four blocks, as on a full disk.
    const args = ["-c", 'ulimit -f 4; exec "$0" "$@"', process.execPath, cli, "sweep", "quick.sweep.yaml", "--output", "full.csv"]; // prettier-ignore
    const { status, stderr } = spawnSync("sh", args, { cwd: folder, encoding: "utf8" });
    assert.equal(status, 2);
    assert.match(stderr, /^uap-lens: full\.csv: the file would be too large\n$/);
    assert.deepEqual(sweep(["quick.sweep.yaml", "--output", "full.csv", "--resume"]), silent);
    assert.equal(bytes("full.csv"), bytes("quick.csv"));
  });

  it("and says what is wrong", () => {
    writeFileSync(at("wrong.sweep.yaml"), grid.replace("kernel:", "kernal:"));
    const refused: [string[], RegExp][] = [
      [["small.sweep.yaml", "--output", "x.txt"], /takes a \.csv or \.jsonl file/],
      [["small.sweep.yaml", "--output", "x.csv", "--shard", "4/4"], /counted from 0/],
      [["small.sweep.yaml", "--output", "x.csv", "--backend", "cuda"], /The backend cuda cannot be had/],
      [["small.sweep.yaml", "--output", "nosuch/x.csv"], /nosuch\/x\.csv: there is no such file/],
      [["nosuch.sweep.yaml", "--output", "x.csv"], /nosuch\.sweep\.yaml: there is no such file/],
      [["merge", "whole.csv", "--output", "whole.csv"], /given as the output too/],
    ];
    for (const [args, message] of refused) {
      const { status, stdout, stderr } = sweep(args);
      assert.deepEqual([status, stdout], [2, ""], args.join(" "));
      assert.match(stderr, message);
    }
    assert.deepEqual(sweep(["wrong.sweep.yaml", "--output", "x.csv"]), { ...silent, status: 2, stderr: "uap-lens: wrong.sweep.yaml:10:3: there is no axis `kernal`; did you mean `kernel`?\n" }); // prettier-ignore
  });

  it("as the templates for Slurm, Kubernetes and Ray call it", function () {
    const template = (file: string) => readFileSync(path.join(root, "examples/sweep", file), "utf8");
    const known = new Set(sweepUsage.match(/--[a-z]+/g));
    const jobs = [
      ...parseAllDocuments(template("kubernetes.yaml")),
      ...parseAllDocuments(template("kubernetes-merge.yaml")),
    ]
      .map((document) => document.toJS() as Manifest)
      .filter(({ kind }) => kind === "Job");
    const calls = [
      ...template("slurm.sh").matchAll(/^ *exec \$UAP_LENS (sweep .*)$/gm),
      ...jobs.flatMap(({ spec }) => spec.template.spec.containers[0].args).map((line) => /^exec uap-lens (sweep .*)$/.exec(line)!), // prettier-ignore
      ...template("ray_sweep.py").matchAll(/("sweep", .*)\]/g),
    ].map(([, call]) => call);
    assert.equal(calls.length, 6);
    for (const call of calls) {
      const options = call.match(/--[a-z]+/g)!;
      assert.deepEqual(options.filter((option) => !known.has(option)), [], call); // prettier-ignore
      assert.deepEqual(options.includes("--resume"), !call.includes("merge"), call);
    }
    const [indexed] = jobs;
    const shards = Number(/--shard (\d+)/.exec(indexed.spec.template.spec.containers[0].args[0])![1]);
    assert.deepEqual([indexed.spec.completionMode, indexed.spec.completions, shards], ["Indexed", 4, 4]);

    if (process.platform === "win32") {
      console.log("      skipped: there is no bash on Windows");
      this.skip();
    }
    // What Slurm runs, task after task.
    writeFileSync(at("theory.sweep.yaml"), `${grid.replace(/margin.*\n/, "margin: false\n")}`);
    assert.deepEqual(sweep(["theory.sweep.yaml", "--output", "theory.csv"]), silent);
    mkdirSync(at("results"));
    const bash = (env: NodeJS.ProcessEnv, ...args: string[]) => spawnSync("bash", [path.join(root, "examples/sweep/slurm.sh"), ...args], { cwd: folder, encoding: "utf8", env: { ...process.env, UAP_LENS: `${process.execPath} ${cli}`, ...env } }); // prettier-ignore
    for (const index of ["0", "1"]) assert.equal(bash({ SLURM_ARRAY_TASK_ID: index }, "task", "theory.sweep.yaml", "results", "2").stderr, ""); // prettier-ignore
    assert.equal(bash({}, "merge", "theory.sweep.yaml", "results").stderr, "");
    assert.equal(bytes("results/theory.sweep.csv"), bytes("theory.csv"));
  });

  it("500 architectures to the bytes that were merged from 4 shards; some of them are made again", () => {
    const example = path.join(root, "examples/sweep/windows.sweep.yaml");
    const read = readGrid(example, readFileSync(example, "utf8"));
    assert.ok("grid" in read && read.grid.points === 500);
    const expected = readRows("windows.csv", readFileSync(path.join(root, "test/corpus/sweep/windows.sweep.csv"), "utf8")); // prettier-ignore
    assert.ok("rows" in expected && expected.rows.length === 500);
    assert.deepEqual(sweep([example, "--shard", "7/100", "--output", "part.csv"]), silent);
    const made = rowsOf("part.csv");
    assert.equal(made.length, 5);
    for (const row of made) assert.deepEqual(row, { ...expected.rows[row.point], version });
  });
});

interface Manifest {
  kind: string;
  spec: {
    completionMode?: string;
    completions?: number;
    template: { spec: { containers: { args: string[] }[] } };
  };
}
