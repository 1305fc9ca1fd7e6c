/** `uap-lens train` as its users run it: the built file and its runtime process, interrupted in every way. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const cli = path.join(root, "dist/cli.js");
const model = `{
  "tokens": 5,
  "width": 4,
  "layers": [{ "attention": { "residual": false }, "feedForward": { "hidden": 16 } }],
  "target": { "function": "copy-first" }
}
`;

interface Run {
  floor: { both: { low: number; value: number } };
  loss: { value: number; high: number };
  variance: number;
  metrics: { step: number; loss: { value: number } }[];
}

describe("uap-lens train", () => {
  let folder: string;

  before(() => {
    assert.ok(existsSync(cli), "dist/cli.js is missing: `npm run build` makes it");
    folder = mkdtempSync(path.join(tmpdir(), "uap-lens-"));
    writeFileSync(path.join(folder, "model.uap.json"), model);
    writeFileSync(path.join(folder, "aimless.uap.json"), model.replace(/,\s*"target.*\}/, ""));
    writeFileSync(path.join(folder, "broken.uap.json"), model.replace("5", "five"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const uap = (...args: string[]) =>
    spawnSync(process.execPath, [cli, "train", ...args], { cwd: folder, encoding: "utf8" });
  const json = (stdout: string) => JSON.parse(stdout) as Run;
  const small = ["model.uap.json", "--backend", "wasm", "--steps", "600", "--json"];

  /** Starts a run and calls `act` with it once it has written its second checkpoint. */
  function interrupted(
    checkpoint: string,
    act: (pid: number) => void,
  ): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [cli, "train", ...small, "--checkpoint", checkpoint], { cwd: folder });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    let acted = false;
    const watch = setInterval(() => {
      if (acted || !existsSync(path.join(folder, checkpoint))) return;
      acted = true;
      act(child.pid!);
    }, 5);
    return new Promise((resolve) =>
      child.once("close", (status) => {
        clearInterval(watch);
        assert.ok(acted, `the run was over before it could be interrupted: ${stderr}`);
        resolve({ status, stdout, stderr });
      }),
    );
  }

  it("prints the loss against the floor", () => {
    const { status, stdout, stderr } = uap("model.uap.json", "--backend", "wasm", "--steps", "200");
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(
      stdout,
      /^wasm \(.*\), target copy-first\nerror floor 0\.[78]\d* \[.*\] \(symmetry 0\.[78].*visibility 0\.000\)/,
    );
    assert.match(
      stdout,
      /\n +100 .*\n +200 .*\nAfter 200 steps the loss is .* no run of this architecture goes below it\.\n$/,
    );
  });

  it("goes on where it was when its runtime process is killed, and says so once", async function () {
    if (!existsSync("/proc/self/task")) {
      console.log("      skipped: without /proc the runtime process is not found");
      this.skip();
    }
    const whole = json(uap(...small).stdout);
    const { status, stdout, stderr } = await interrupted("killed", (pid) => {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
      assert.equal(children.length, 1);
      process.kill(Number(children[0]), "SIGKILL");
    });
    assert.equal(status, 0);
    assert.equal(
      stderr,
      "uap-lens: The runtime process was ended by SIGKILL. The run goes on from its last checkpoint.\n",
    );
    const { loss, floor, metrics } = json(stdout);
    assert.deepEqual([loss, floor], [whole.loss, whole.floor]);
    assert.deepEqual(metrics.at(-1)?.loss, whole.metrics.at(-1)?.loss);
    assert.ok(loss.high >= floor.both.low);
  });

  it("stops at Ctrl-C, and a later run goes on from its checkpoint", async () => {
    const whole = json(uap(...small).stdout);
    const stopped = await interrupted("stopped", (pid) => process.kill(pid, "SIGINT"));
    assert.equal(stopped.status, 2);
    assert.match(stopped.stderr, /^uap-lens: interrupted after step \d+\n$/);
    const { loss, metrics } = json(uap(...small, "--checkpoint", "stopped").stdout);
    assert.deepEqual(loss, whole.loss);
    assert.ok(metrics[0].step > 100);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith(".tmp")),
      [],
    );
  });

  it("says in one line what it cannot do, with exit code 2", () => {
    for (const [args, message] of [
      [[], /no file given/],
      [["missing.uap.json"], /missing\.uap\.json: there is no such file/],
      [["broken.uap.json"], /broken\.uap\.json:2:\d+: /],
      [["aimless.uap.json"], /the file names no target; choose one with --target\. There are identity, /],
      [["model.uap.json", "--target", "nonsense"], /there is no target nonsense/],
      [["model.uap.json", "--steps", "many"], /--steps takes a number/],
      [["model.uap.json", "--backend", "abacus"], /there is no backend abacus/],
      [["model.uap.json", "--backend", "cuda"], /The backend cuda cannot be had/],
      [["model.uap.json", "--checkpoint", "model.uap.json"], /model\.uap\.json: not a checkpoint/],
    ] as const) {
      const { status, stdout, stderr } = uap(...args);
      assert.deepEqual([status, stdout], [2, ""], args.join(" "));
      assert.match(stderr, message);
    }
  });

  it("refuses the checkpoint of another run", () => {
    assert.equal(uap(...small.slice(0, 3), "--steps", "100", "--checkpoint", "own").status, 0);
    const { status, stderr } = uap(...small.slice(0, 3), "--steps", "100", "--seed", "2", "--checkpoint", "own");
    assert.equal(status, 2);
    assert.match(stderr, /own: the checkpoint of another run/);
  });

  it("goes on without checkpoints where they cannot be written, and says so", () => {
    const { status, stderr } = uap(...small.slice(0, 3), "--steps", "100", "--checkpoint", "/proc/no-such-place/run");
    assert.equal(status, 0);
    assert.match(stderr, /the checkpoint .* is not written: there is no such file/);
  });
});
