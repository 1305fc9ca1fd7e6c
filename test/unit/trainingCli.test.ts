/** `uap-lens train` as its users run it: the built file, with a runtime process of its own. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { describe, it } from "mocha";
import type { Report } from "../../extension/theory/verdict/report";

const cli = path.resolve(__dirname, "../../dist/cli.js");

interface Output {
  target: string;
  steps: number;
  loss: { value: number; low: number; high: number };
  variance: number;
  floor: { both: { value: number; low: number; high: number } };
  metrics: { step: number; stepsPerSecond?: number }[];
}

describe("the command line trains", () => {
  let folder: string;

  before(() => {
    assert.ok(existsSync(cli), "dist/cli.js is missing: `npm run build` makes it");
    folder = mkdtempSync(path.join(tmpdir(), "uap-lens-train-"));
    const write = (file: string, content: string) => writeFileSync(path.join(folder, file), content);
    const model = (target: string) =>
      `tokens: 6\nwidth: 4\nlayers: [{ attention: { residual: false } }]\ntarget: { function: ${target} }\n`;
    write("first.uap.yaml", model("copy-first"));
    write("own.uap.yaml", model("./own.ts"));
    write("own.ts", "export default (X: number[][]): number[][] => X.map(() => X[0]);\n");
    write("broken.uap.yaml", "tokens: six\nwidth: 4\nlayers: [{ attention: {} }]\n");
    write("wrong.ts", "export default (X: number[][]) => X.slice(1);\n");
    write("other.uap.yaml", "tokens: 5\nwidth: 4\nlayers: [{ attention: {} }]\n");
    write("none.uap.yaml", "tokens: 6\nwidth: 4\nlayers: [{ attention: { residual: false } }]\n");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const command = (...args: string[]) => [cli, "train", "--backend", "wasm", ...args];
  function train(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, command(...args), { cwd: folder, encoding: "utf8" });
    return { status, stdout, stderr };
  }
  const json = (...args: string[]): Output => {
    const { status, stdout, stderr } = train("--json", ...args);
    assert.deepEqual([status, stderr], [0, ""]);
    return JSON.parse(stdout) as Output;
  };
  const withoutTimes = ({ metrics, ...rest }: Output) => ({
    ...rest,
    metrics: metrics.map((one) => ({ ...one, stepsPerSecond: undefined })),
  });

  it("prints the loss against the floor", () => {
    const { status, stdout, stderr } = train("first.uap.yaml", "--steps", "200");
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^wasm \(.*\), target copy-first\nerror floor 0\.8\d+ \[0\.8\d+, 0\.8\d+\]/);
    assert.match(stdout, /\n +100 .*\n +200 .*\nAfter 200 steps the loss is /);
    assert.match(stdout, /no run of this architecture goes below it\.\n$/);
  });

  it("on a target of one's own as on the library's, once the command names it", () => {
    const library = json("first.uap.yaml", "--steps", "100");
    assert.ok(library.floor.both.low < 5 / 6 && 5 / 6 < library.floor.both.high);
    assert.ok(library.loss.high > library.floor.both.low);
    assert.deepEqual(json("own.uap.yaml", "--target", "own.ts", "--steps", "100").loss, library.loss);
  });

  it("goes on from a checkpoint, after an interrupt, to the same end", async () => {
    const whole = json("first.uap.yaml", "--steps", "1500");
    const args = command("--json", "first.uap.yaml", "--steps", "1500", "--checkpoint", "run.checkpoint");
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => (stderr += part));
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const file = path.join(folder, "run.checkpoint");
    while (!existsSync(file) && child.exitCode === null) await setTimeout(10);
    child.kill("SIGINT");
    assert.equal(await ended, 2, stderr);
    assert.match(stderr, /interrupted after step \d+/);
    const rest = json("first.uap.yaml", "--steps", "1500", "--checkpoint", "run.checkpoint");
    assert.ok(rest.metrics.length < whole.metrics.length, "it does not start anew");
    const { metrics } = withoutTimes(whole);
    assert.deepEqual(withoutTimes(rest), { ...withoutTimes(whole), metrics: metrics.slice(-rest.metrics.length) });
    const other = train("first.uap.yaml", "--steps", "1499", "--checkpoint", "run.checkpoint");
    assert.equal(other.status, 2);
    assert.match(other.stderr, /the checkpoint of another run/);
  });

  it("leaves a checkpoint whose parameters can be measured", () => {
    assert.equal(train("first.uap.yaml", "--steps", "100", "--checkpoint", "trained.checkpoint").status, 0);
    const check = (...args: string[]) => spawnSync(process.execPath, [cli, "check", ...args], { cwd: folder, encoding: "utf8" }); // prettier-ignore
    const { stdout, stderr } = check("first.uap.yaml", "--numeric", "--json", "--trained", "trained.checkpoint");
    assert.equal(stderr, "");
    const [{ architectures }] = (JSON.parse(stdout) as Report).results;
    const { numeric } = architectures[0];
    assert.ok(numeric !== null && !("unavailable" in numeric));
    const { trained, initialisation } = numeric.layers.at(-1)!;
    assert.ok(trained !== null && trained.margin !== null && trained.margin.gap > 0);
    assert.notEqual(trained.margin.gap, initialisation!.margin!.gap);
    const other = check("other.uap.yaml", "--numeric", "--trained", "trained.checkpoint");
    assert.equal(other.status, 2);
    assert.match(other.stderr, /the checkpoint of another architecture/);
    assert.equal(check("first.uap.yaml", "--trained", "trained.checkpoint").status, 2);
  });

  it("goes on where it was when its runtime process is killed, and says so once", async function () {
    if (!existsSync("/proc/self/task")) {
      console.log("      skipped: without /proc the runtime process is not found");
      this.skip();
    }
    const whole = json("first.uap.yaml", "--steps", "600");
    const args = command("--json", "first.uap.yaml", "--steps", "600", "--checkpoint", "killed.checkpoint");
    const child = spawn(process.execPath, args, { cwd: folder });
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const file = path.join(folder, "killed.checkpoint");
    while (!existsSync(file) && child.exitCode === null) await setTimeout(5);
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
    assert.equal(children.length, 1);
    process.kill(Number(children[0]), "SIGKILL");
    assert.equal(await ended, 0);
    const [stdout, stderr] = await said;
    const message = "The runtime process was ended by SIGKILL. The run goes on from its last checkpoint.";
    assert.equal(stderr, `uap-lens: ${message}\n`);
    const { loss, floor } = JSON.parse(stdout) as Output;
    assert.deepEqual({ loss, floor }, { loss: whole.loss, floor: whole.floor });
    assert.ok(loss.high >= floor.both.low);
  });

  it("says that a checkpoint cannot be written, leaves the old one alone, and ends the run all the same", function () {
    if (process.platform === "win32") {
      console.log("      skipped: there is no limit on file sizes on Windows");
      this.skip();
    }
    // Files of at most one block, as on a full disk.
    const limited = ["-c", 'ulimit -f 1; exec "$0" "$@"', process.execPath];
    const args = [...limited, ...command("first.uap.yaml", "--steps", "200", "--checkpoint", "full.checkpoint")];
    const { status, stdout, stderr } = spawnSync("sh", args, { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /After 200 steps/);
    assert.match(stderr, /^uap-lens: the checkpoint full\.checkpoint is not written: .*\n$/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("full")),
      [],
    );
  });

  it("says what is missing or wrong", () => {
    const refused: [string[], RegExp][] = [
      [["none.uap.yaml"], /names no target.*There are identity, /],
      [["first.uap.yaml", "--target", "revers"], /there is no target revers/],
      [["own.uap.yaml"], /to run its code, name it: --target own\.ts/],
      [["first.uap.yaml", "--target", "wrong.ts"], /wrong\.ts: the target must give 6 tokens/],
      [["first.uap.yaml", "--target", "nosuch.ts"], /nosuch\.ts: the target's module cannot be read/],
      [["nosuch.uap.yaml"], /there is no such file/],
      [["first.uap.yaml", "--steps", "0"], /--steps takes a number/],
      [["first.uap.yaml", "--backend", "abacus"], /no backend abacus/],
      [["first.uap.yaml", "--backend", "cuda"], /The backend cuda cannot be had/],
      [["first.uap.yaml", "--checkpoint", "own.ts"], /own\.ts: not a checkpoint/],
      [["broken.uap.yaml"], /broken\.uap\.yaml:1:\d+: /],
      [[], /no file given/],
    ];
    for (const [args, message] of refused) {
      const { status, stdout, stderr } = train(...args);
      assert.equal(status, 2, args.join(" "));
      assert.match(stderr, message);
      if (!args.includes("wrong.ts")) assert.equal(stdout, "");
    }
  });
});
