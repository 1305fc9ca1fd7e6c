/** Training runs as the panel keeps them: on the disk, over a new window, a dead runtime and a folder that cannot be written. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as vscode from "vscode";
import { type TrainingRun, TrainingRuns } from "../../extension/panels/trainingRuns";
import { RuntimeClient } from "../../extension/runtime/process/client";
import type { Variant } from "../../extension/study";
import { architectureSchema } from "../../extension/theory/architecture/schema";
import type { TrainingSetup } from "../../webview/protocol";
import { example, extensionId, until } from "./host";

const uri = example("ring.uap.yaml");
const variant: Variant = {
  id: "written",
  title: "As written",
  small: true,
  standsFor: null,
  architecture: architectureSchema.parse({
    tokens: 4,
    width: 2,
    position: "absolute",
    layers: [{ attention: {}, feedForward: { hidden: 8 } }],
  }),
};
const setup = (steps: number): TrainingSetup => ({
  variant: "written",
  target: "identity",
  backend: "cpu",
  seed: 1,
  steps,
  batch: 4,
  rate: 0.01,
});

describe("Training runs", () => {
  let client: RuntimeClient;
  let folder: string;
  const log = vscode.window.createOutputChannel("UAP Lens training runs in tests", { log: true });
  const stores: TrainingRuns[] = [];
  /** What a new window begins with. */
  const open = (at: string) => {
    const runs = new TrainingRuns({ client: () => Promise.resolve(client) }, at, log);
    stores.push(runs);
    return runs;
  };
  const settled = (run: TrainingRun) => until(() => run.record.status, (status) => !["starting", "running", "pausing"].includes(status)); // prettier-ignore
  const kept = async (at: string, count: number) =>
    until(() => readdir(at).catch(() => []), (names) => names.filter((name) => name.endsWith(".run")).length === count); // prettier-ignore

  before(async () => {
    const { extensionPath } = vscode.extensions.getExtension(extensionId)!;
    client = new RuntimeClient({ backend: "cpu", entry: path.join(extensionPath, "dist", "runtime.js") });
    folder = await mkdtemp(path.join(tmpdir(), "uap-lens-runs-"));
  });
  afterEach(() => stores.splice(0).forEach((runs) => runs.dispose()));
  after(async () => {
    await client.dispose();
    log.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it("go on in a new window from where they stood, with all that was known of them", async () => {
    const at = path.join(folder, "window");
    const first = open(at);
    const run = first.start(uri, variant, setup(4000), "identity");
    await until(() => run.record.checkpoint !== null && run.losses.length > 300, Boolean);
    run.pause();
    await settled(run);
    const step = run.losses.length;
    assert.equal(run.record.status, "paused");
    assert.equal(run.record.checkpoint?.adam.steps, step, "no step that was computed is lost");
    // What an ended window leaves behind: the state on the disk, of a run that was under way.
    run.record.status = "running";
    run.show(true);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    first.dispose();

    const second = open(at);
    await second.load(uri);
    const [again] = second.of(uri);
    assert.equal(second.of(uri).length, 1);
    assert.notEqual(again, run);
    assert.deepEqual(again.losses.slice(0, step), run.losses.slice(0, step));
    assert.deepEqual(again.record.architecture, variant.architecture);
    assert.equal(await settled(again), "ended");
    assert.equal(again.losses.length, 4000);
    assert.deepEqual(
      again.record.evaluations.map((evaluation) => evaluation.step),
      [...new Set(again.record.evaluations.map((evaluation) => evaluation.step))].sort((a, b) => a - b),
    );

    // The same run without a break gives the same losses.
    const whole = open(path.join(folder, "whole")).start(uri, variant, setup(4000), "identity");
    assert.equal(await settled(whole), "ended");
    assert.deepEqual(whole.losses, again.losses);
    second.remove(uri, again);
    await kept(at, 0);
  });

  it("survive the end of the runtime", async () => {
    const run = open(path.join(folder, "crash")).start(uri, variant, setup(6000), "identity");
    await until(() => run.record.checkpoint !== null && run.record.status === "running", Boolean);
    await client.dispose();
    const { extensionPath } = vscode.extensions.getExtension(extensionId)!;
    client = new RuntimeClient({ backend: "cpu", entry: path.join(extensionPath, "dist", "runtime.js") });
    assert.equal(await settled(run), "failed");
    assert.ok(run.record.message, "it says why");
    assert.ok(run.losses.length > 0);
    void run.go(true);
    assert.equal(await settled(run), "ended");
    assert.equal(run.losses.length, 6000);
  });

  it("say that they cannot be kept, and run all the same", async () => {
    const file = path.join(folder, "a-file");
    await writeFile(file, "where the folder should be");
    const runs = open(path.join(file, "runs"));
    const notices: (string | null)[] = [];
    runs.onDidChange(() => notices.push(runs.notice));
    const run = runs.start(uri, variant, setup(200), "identity");
    assert.equal(await settled(run), "ended");
    await until(() => runs.notice, (notice) => notice !== null); // prettier-ignore
    assert.match(
      runs.notice!,
      /^The runs cannot be kept on the disk, so a reload of the window loses them: .*(ENOTDIR|EEXIST)/,
    );
    // Once there is room again it is taken back.
    await rm(file);
    run.show(false);
    await until(() => runs.notice, (notice) => notice === null); // prettier-ignore
    await kept(path.join(file, "runs"), 1);
  });

  it("pass over a file that is no run", async () => {
    const at = path.join(folder, "spoiled");
    const first = open(at);
    const run = first.start(uri, variant, setup(100), "identity");
    await settled(run);
    const [name] = await kept(at, 1);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await writeFile(path.join(at, name.replace(/\d+\.run$/, "77.run")), "half a file");
    const second = open(at);
    await second.load(uri);
    assert.deepEqual(second.of(uri).map(({ record }) => record.status), ["ended"]); // prettier-ignore
    // A new run does not take the number of any file.
    assert.equal(second.start(uri, variant, setup(20), "identity").record.id, 78);
  });

  it("do not run a target of the user's own where the workspace is not trusted", async () => {
    const runs = open(path.join(folder, "trust"));
    const target = { file: "target.ts", text: "export default (X: number[][]) => X;" };
    const run = runs.start(uri, variant, setup(20), target);
    assert.equal(await settled(run), "ended");
    run.reset();
    await run.go(false);
    assert.equal(run.record.status, "failed");
    assert.match(run.record.message!, /trusted/);
  });
});
