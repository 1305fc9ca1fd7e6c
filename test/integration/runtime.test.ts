/** The runtime in a webview panel, asked from the extension host as the editor asks it. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { runtimePanelHost } from "../../extension/panels/runtimePanel";
import { RuntimeClient, RuntimeFailure } from "../../extension/runtime/process/client";
import type { TrainParams } from "../../extension/runtime/training/handler";
import { defaults, resumeTraining } from "../../extension/runtime/training/options";
import type { Checkpoint } from "../../extension/runtime/training/train";
import { architectureSchema } from "../../extension/theory/architecture/schema";
import { closeAll, example, extensionId } from "./host";
import { testOutput } from "./output";

const run = (steps: number, every: number): TrainParams => ({
  architecture: architectureSchema.parse({
    tokens: 4,
    width: 2,
    position: "absolute",
    layers: [{ attention: {}, feedForward: { hidden: 8 } }],
  }),
  target: "identity",
  options: { ...defaults, steps, every, warmUp: 1, batch: 2, evaluation: 4 },
});

const panels = () =>
  vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith("uapLens.runtime"));

describe("The runtime in a panel", () => {
  let client: RuntimeClient;
  const restarts: string[] = [];

  before(async function () {
    const extension = vscode.extensions.getExtension(extensionId);
    assert.ok(extension, "the extension is installed");
    const host = runtimePanelHost(extension.extensionUri);
    client = new RuntimeClient({ backend: "webgpu", host, onRestart: (message) => restarts.push(message) });
    try {
      const { backend } = await client.describe();
      console.log(`${testOutput}      ${backend.device}, ${backend.version}`);
    } catch (error) {
      // The rig's Chromium brings a software adapter; a desktop has what its machine has.
      if (!process.versions.electron || !(error instanceof RuntimeFailure) || error.kind !== "backend") throw error;
      console.log(`${testOutput}      skipped: ${error.message}`);
      this.skip();
    }
  });
  after(async () => {
    await client.dispose();
    await closeAll();
  });

  it("trains, and goes on from a checkpoint that went out and came back", async () => {
    const checkpoints: Checkpoint[] = [];
    const losses: number[] = [];
    const whole = await client.request("train", run(4, 2), {
      onCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
      onProgress: (progress) => progress.kind === "metrics" && losses.push(progress.metrics.loss.value),
    });
    assert.deepEqual(
      checkpoints.map(({ adam }) => adam.steps),
      [2, 4],
    );
    for (const { adam } of checkpoints)
      for (const numbers of [adam.parameters, adam.mean, adam.square]) assert.ok(numbers instanceof Float32Array);
    assert.equal(losses.at(-1), whole.loss.value);
    assert.notEqual(losses[0], losses[1]);
    // Behind another tab it computes as well.
    const [panel] = panels();
    await vscode.window.showTextDocument(example("ring.uap.yaml"), { viewColumn: panel.group.viewColumn });
    assert.equal(panels()[0].isActive, false);
    const half = await client.request("train", resumeTraining(run(4, 2), checkpoints[0]));
    assert.equal(half.steps, 4);
    assert.ok(Math.abs(half.loss.value - whole.loss.value) < 1e-6, `${half.loss.value}, not ${whole.loss.value}`);
  });

  it("does not run a target of the user's own", async () => {
    const target = { file: "target.js", text: "export default (X) => X;" };
    await assert.rejects(client.request("train", { ...run(4, 2), target, trusted: true }), {
      message: /^target\.js: a target of your own needs the runtime in a process of its own/,
    });
  });

  it("cancels within 200 ms", async () => {
    const controller = new AbortController();
    // Against a timer of this thread, which a busy machine delays as much as the answer.
    const outcome = await new Promise((resolve) => {
      const request = client.request("train", run(10_000, 1), {
        signal: controller.signal,
        onProgress: ({ kind }) => {
          if (kind === "floor" || controller.signal.aborted) return;
          setTimeout(() => resolve("too late"), 200);
          controller.abort();
        },
      });
      request.then(() => resolve("done"), resolve);
    });
    assert.ok(outcome instanceof Error && outcome.name === "AbortError", String(outcome));
    assert.equal((await client.request("memory", null)).tensors, 0);
  });

  it("ends what is running when its panel is closed, with one message, and opens again for the next request", async () => {
    await assert.rejects(
      client.request("train", run(10_000, 1), {
        onCheckpoint: () => void vscode.window.tabGroups.close(panels()),
        resume: resumeTraining,
      }),
      (error) => {
        assert.ok(error instanceof RuntimeFailure);
        assert.equal(error.kind, "closed");
        assert.match(error.message, /panel was closed/);
        return true;
      },
    );
    assert.deepEqual(panels(), []);
    assert.deepEqual(restarts, []);
    assert.equal((await client.request("memory", null)).tensors, 0);
    assert.equal(panels().length, 1);
  });
});
