import assert from "node:assert/strict";
import { fork, spawnSync } from "node:child_process";
import { on, once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { RuntimeClient, RuntimeFailure, type RuntimeOptions } from "../../extension/runtime/process/client";
import type { FromRuntime } from "../../extension/runtime/process/protocol";
import { softwareVulkan, softwareVulkanSupported } from "../rig/vulkan";
import { assertWithin } from "../time";
import { bundleRuntime } from "./runtimeBundle";
import type { Misbehaving } from "./runtimeChild";

const root = path.join(__dirname, "..", "..");
const mebibyte = 2 ** 20;

/** Every runtime process that this process has started and that still runs. */
function childProcesses(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return status.includes(`PPid:\t${process.pid}\n`) && /runtime(Child|\.js)/.test(line)
          ? [`${pid}: ${line}`]
          : [];
      } catch {
        return []; // it has just ended
      }
    });
}

describe("the runtime process", () => {
  const clients: RuntimeClient<Misbehaving>[] = [];
  let bundle: Awaited<ReturnType<typeof bundleRuntime>>;
  const start = (options: RuntimeOptions = {}) => {
    const client = new RuntimeClient<Misbehaving>({ backend: "cpu", entry: bundle.file, ...options });
    clients.push(client);
    return client;
  };

  before(async () => {
    bundle = await bundleRuntime("runtimeChild.ts");
  });
  after(() => bundle.remove());
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.dispose()));
    if (existsSync("/proc")) assert.deepEqual(childProcesses(), [], "processes are left over");
  });

  it("answers requests, several at once, and passes on what a handler throws", async () => {
    const client = start();
    const progress: number[] = [];
    const [counted, memory, failure] = await Promise.all([
      client.request("count", { from: 0, to: 5, deadly: [] }, { onProgress: (value) => progress.push(value) }),
      client.request("memory", null),
      client.request("fail", { message: "no such target" }).catch((error: unknown) => error),
    ]);
    assert.deepEqual(progress, [0, 1, 2, 3, 4]);
    assert.ok(counted.weights instanceof Float32Array);
    assert.deepEqual([...counted.weights], [5]);
    assert.equal(memory.tensors, 0);
    assert.ok(failure instanceof Error && failure.message === "no such target", String(failure));
    assert.deepEqual((await client.describe()).backend.name, "cpu");
  });

  it("chooses a backend and says why not the others", async () => {
    const { backend, refused } = await start({ backend: "auto" }).describe();
    assert.notEqual(backend.name, "cpu");
    assert.deepEqual([backend.name, ...refused.map((refusal) => refusal.backend)].toSorted(), [
      "cpu",
      "cuda",
      "tensorflow",
      "wasm",
      "webgpu",
    ]);
    for (const { backend: name, reason } of refused) {
      console.log(`      not ${name}: ${reason}`);
      assert.ok(reason.length > 10);
    }
  });

  it("says clearly that a backend cannot be had", async () => {
    const client = start({ backend: "cuda" });
    await assert.rejects(client.request("memory", null), (error) => {
      assert.ok(error instanceof RuntimeFailure);
      assert.equal(error.kind, "backend");
      assert.match(error.message, /^The backend cuda cannot be had: .*@tensorflow\/tfjs-node-gpu.*\.$/);
      return true;
    });
  });

  it("cancels within 200 ms, whether the handler listens or not", async () => {
    const client = start();
    const processNow = async () => (await client.request("count", { from: 0, to: 1, deadly: [] })).process;
    for (const name of ["patient", "deaf"] as const) {
      const took = await assertWithin(200, name, async () => {
        const before = await processNow();
        const controller = new AbortController();
        let abortedAt = 0;
        const request = client.request(name, null, {
          signal: controller.signal,
          onProgress: () => {
            abortedAt ||= performance.now();
            controller.abort();
          },
        });
        await assert.rejects(request, { name: "AbortError" });
        const at = performance.now();
        // Only the handler that does not listen costs the process.
        assert.equal((await processNow()) === before, name === "patient");
        return at - abortedAt;
      });
      console.log(`      ${name}: ${took.toFixed(0)} ms`);
    }
  });

  it("pauses a request when it next listens, and keeps what it hands over then", async () => {
    const client = start();
    const before = await client.request("count", { from: 0, to: 1, deadly: [] });
    const controller = new AbortController();
    let [step, handed] = [0, 0];
    const request = client.request("deliberate", null, {
      pause: controller.signal,
      // Steps take longer than a cancelled request has.
      onProgress: (value) => {
        step = value;
        if (step === 2) void setTimeout(50).then(() => controller.abort());
      },
      onCheckpoint: (value) => (handed = value),
    });
    await assert.rejects(request, { name: "AbortError" });
    assert.deepEqual([step, handed], [3, 3]);
    const after = await client.request("count", { from: 0, to: 1, deadly: [] });
    assert.equal(after.process, before.process);
    await assert.rejects(client.request("deliberate", null, { pause: controller.signal }), { name: "AbortError" });
  });

  it("cancels what has not begun", async () => {
    const client = start();
    const controller = new AbortController();
    const request = client.request("patient", null, { signal: controller.signal });
    controller.abort(new Error("changed my mind"));
    await assert.rejects(request, { message: "changed my mind" });
    await assert.rejects(client.request("patient", null, { signal: controller.signal }), {
      message: "changed my mind",
    });
  });

  it("starts other requests anew when one has to be ended with the process", async () => {
    const told: string[] = [];
    const client = start({ onRestart: (message) => told.push(message) });
    const controller = new AbortController();
    const deaf = client.request("deaf", null, { signal: controller.signal, onProgress: () => controller.abort() });
    const counted = client.request("count", { from: 0, to: 3, deadly: [] });
    await assert.rejects(deaf, { name: "AbortError" });
    assert.deepEqual([...(await counted).weights], [3]);
    assert.deepEqual(told, []);
  });

  it("goes on from the last checkpoint when the process is killed, and tells it once", async () => {
    const told: string[] = [];
    const client = start({ onRestart: (message) => told.push(message) });
    const progress: number[] = [];
    const { weights } = await client.request(
      "count",
      { from: 0, to: 6, deadly: [3] },
      {
        onProgress: (value) => progress.push(value),
        resume: (params, { at, weights }) => {
          assert.deepEqual([...weights], [at]);
          return { ...params, from: at, deadly: [] };
        },
      },
    );
    assert.deepEqual(progress, [0, 1, 2, 3, 4, 5]);
    assert.deepEqual([...weights], [6]);
    assert.equal(told.length, 1);
    assert.match(told[0], /SIGKILL.*checkpoint/);
  });

  it("gives up a request that kills every process, with one message", async () => {
    const told: string[] = [];
    const client = start({ onRestart: (message) => told.push(message) });
    const request = client.request(
      "count",
      { from: 0, to: 6, deadly: [3] },
      { resume: (params, { at }) => ({ ...params, from: at }) },
    );
    await assert.rejects(request, (error) => error instanceof RuntimeFailure && error.kind === "crash");
    assert.equal(told.length, 2); // it was started anew twice
    assert.deepEqual([...(await client.request("count", { from: 0, to: 2, deadly: [] })).weights], [2]);
  });

  it("ends a request that cannot be resumed with one clear message, and serves the next", async () => {
    const client = start();
    await assert.rejects(client.request("count", { from: 0, to: 6, deadly: [3] }), (error) => {
      assert.ok(error instanceof RuntimeFailure);
      assert.equal(error.message, "The runtime process was ended by SIGKILL.");
      return true;
    });
    await client.request("memory", null);
  });

  for (const [what, backend] of [
    ["buffers", "cpu"],
    ["heap", "cpu"],
    ["tensors", "wasm"],
  ] as const)
    it(`bounds its memory (${what} on ${backend})`, async () => {
      const client = start({ backend, memoryLimit: 300 * mebibyte });
      await assert.rejects(client.request("hoard", { what }), (error) => {
        assert.ok(error instanceof RuntimeFailure);
        assert.equal(error.kind, "memory", error.message);
        assert.match(error.message, /^The runtime process needed more memory than it may use/);
        return true;
      });
      await client.request("memory", null);
    });

  it("ends with the process that started it", async function () {
    if (!existsSync("/proc")) {
      console.log("      skipped: it looks into /proc, which this system lacks");
      this.skip();
    }
    const script = `
      const { RuntimeClient } = require(${JSON.stringify(path.join(root, "extension/runtime/process/client.ts"))});
      const client = new RuntimeClient(${JSON.stringify({
        backend: "cpu",
        entry: bundle.file,
      })});
      client.request("count", { from: 0, to: 1, deadly: [] }).then(({ process: pid }) => {
        client.request("deaf", null, { onProgress: () => { console.log(pid); process.kill(process.pid, "SIGKILL"); } });
      });`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--import=tsx", "-e", script], {
      cwd: root,
      encoding: "utf8",
    });
    const pid = Number(stdout);
    assert.ok(pid > 0, stderr);
    // It is deaf, so it has to notice by itself.
    for (let waited = 0; existsSync(`/proc/${pid}`) && waited < 3000; waited += 50) await setTimeout(50);
    assert.ok(!existsSync(`/proc/${pid}`), `${pid} is left over`);
  });

  it("ends with all threads of WASM, cancelled in the middle of a computation or left alone", async () => {
    const env = { UAP_LENS_THREADS: "3" };
    const client = start({ backend: "wasm", env });
    assert.match((await client.describe()).backend.device, /, 3 threads$/);
    const controller = new AbortController();
    const request = client.request("benchmark", { milliseconds: 60_000 }, { signal: controller.signal });
    await setTimeout(100);
    controller.abort();
    await assert.rejects(request, { name: "AbortError" });
    assert.ok((await client.request("benchmark", { milliseconds: 10 })).stepsPerSecond > 0, "another one computes");

    const child = fork(bundle.file, [String(2 ** 32)], { env: { ...process.env, ...env }, serialization: "advanced" });
    const exited = once(child, "exit");
    const messages = on(child, "message");
    child.send({ kind: "start", backend: "wasm", refused: [] });
    for await (const [message] of messages) if ((message as FromRuntime).kind === "ready") break;
    child.disconnect();
    assert.deepEqual(await exited, [0, null]);
  });

  describe("on WebGPU with a software driver", () => {
    before(function () {
      if (softwareVulkanSupported) return;
      console.log("      skipped: the driver is for Linux on x64");
      this.skip();
    });

    it("takes it when asked to, and never by itself", async () => {
      const env = softwareVulkan();
      const [forced, chosen] = await Promise.all([
        start({ backend: "webgpu", env }).describe(),
        start({ backend: "auto", env }).describe(),
      ]);
      assert.equal(forced.backend.name, "webgpu");
      assert.equal(forced.backend.software, true);
      console.log(`      ${forced.backend.device}, ${forced.backend.version}`);
      const reason = chosen.refused.find(({ backend }) => backend === "webgpu")?.reason;
      assert.match(reason ?? "", /computes on the processor/);
    });

    it("ends with one clear message when the device is lost, and starts anew", async () => {
      const client = start({ backend: "webgpu", env: softwareVulkan() });
      await assert.rejects(client.request("loseDevice", null), (error) => {
        assert.ok(error instanceof RuntimeFailure);
        assert.equal(error.kind, "device", error.message);
        assert.match(error.message, /graphics device .* was lost/);
        return true;
      });
      assert.equal((await client.request("memory", null)).tensors, 0);
    });
  });
});
