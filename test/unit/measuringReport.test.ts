/** Measured values in reports: through the runtime process and the command line, as its users run it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { backendNames } from "../../extension/runtime/backends/backend";
import { RuntimeClient, RuntimeFailure } from "../../extension/runtime/process/client";
import { textReport } from "../../extension/formats/text";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import type { FileReport, NumericReport, Report } from "../../extension/theory/verdict/report";
import { softwareVulkan, softwareVulkanSupported } from "../rig/vulkan";
import { assertWithin } from "../time";

const root = path.resolve(import.meta.dirname, "../..");
const cli = path.join(root, "dist/cli.js");
const page = readFileSync(path.join(root, "docs/findings/UAP501.md"), "utf8");

const architecture = (value: object) => {
  const result = parseArchitecture({ name: "test", ...value });
  assert.ok("architecture" in result);
  return result.architecture;
};

describe("measured values in reports", () => {
  let folder: string;
  before(() => {
    assert.ok(existsSync(cli), "dist/cli.js is missing: `npm run build` makes it");
    folder = mkdtempSync(path.join(tmpdir(), "uap-lens-"));
    writeFileSync(path.join(folder, "collapse.uap.yaml"), /```yaml\n([^]*?)```/.exec(page)![1]);
    writeFileSync(path.join(folder, "good.uap.json"), '{ "tokens": 4, "width": 4, "layers": [{ "attention": {} }] }\n');
    writeFileSync(path.join(folder, "large.uap.json"), '{ "tokens": 65536, "width": 4096, "layers": [{ "attention": { "pattern": { "window": 64 } } }] }\n'); // prettier-ignore
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const uap = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });

  it("check --numeric fills `numeric`, finds UAP501 on its page's example, and says what is beyond reach", () => {
    const { status, stdout, stderr } = uap("check", "collapse.uap.yaml", "good.uap.json", "large.uap.json", "--numeric", "--backend", "cpu", "--json"); // prettier-ignore
    assert.equal(stderr, "");
    const { results } = JSON.parse(stdout) as Report;
    const [collapse, good, large] = results;
    const found = collapse.findings.filter(({ code }) => code === "UAP501");
    assert.equal(found.length, 1);
    assert.equal(found[0].severity, "warning");
    assert.equal(found[0].range.start.line, 2, "at the layers");
    assert.match(found[0].message, /after 8 layers.*at initialisation it is less than 6\.0e-8.*float32.*maximised.*less than 6\.0e-8/); // prettier-ignore

    assert.deepEqual(good.findings, []);
    const numeric = good.architectures[0].numeric as NumericReport;
    assert.equal(numeric.backend, "cpu");
    assert.deepEqual(numeric.refused, []);
    assert.deepEqual(numeric.disagreements, []);
    assert.deepEqual(numeric.group, { tested: 24, measured: 24, theory: 24, exhaustive: true });
    assert.equal(numeric.comparisons, 28);
    assert.equal(numeric.layers.length, 2);
    assert.ok(numeric.layers[1].maximised!.margin!.gap >= numeric.layers[1].initialisation!.margin!.gap);

    const beyond = large.architectures[0].numeric;
    assert.ok(beyond && "unavailable" in beyond && /beyond what is measured/.test(beyond.unavailable));
    assert.equal(status, Math.max(...results.flatMap(({ findings }) => findings).map(({ severity }) => Number(severity === "error")))); // prettier-ignore
  });

  it("check --numeric on the backend of its choice says why it is not another", () => {
    const { stdout } = uap("check", "good.uap.json", "--numeric", "--json");
    const { backend, refused } = (JSON.parse(stdout) as Report).results[0].architectures[0].numeric as NumericReport;
    assert.deepEqual([backend, ...refused.map((one) => one.backend)].sort(), [...backendNames].sort());
    for (const { reason } of refused) assert.ok(reason.length > 10, reason);
  });

  for (const backend of ["wasm", "tensorflow", "webgpu"] as const)
    it(`${backend} measures what the theory says`, async function () {
      if (backend === "webgpu" && !softwareVulkanSupported) {
        console.log("      skipped: there is no software Vulkan driver for this platform");
        this.skip();
      }
      const env = backend === "webgpu" ? softwareVulkan() : {};
      const client = new RuntimeClient({ backend, env, entry: path.join(root, "dist/runtime.js") });
      try {
        // Small: a software driver takes its time.
        const model = {
          tokens: 3,
          width: 2,
          layers: [{ attention: { pattern: { window: 1 } }, feedForward: { hidden: 4 } }],
        };
        const numeric = await client.request("measure", { architecture: architecture(model), seed: 1 });
        assert.ok(!("unavailable" in numeric));
        const { coincidences, group, disagreements } = numeric;
        console.log(`      ${JSON.stringify(coincidences)}`);
        assert.deepEqual(disagreements, []);
        assert.deepEqual(group, { tested: 6, measured: 2, theory: 2, exhaustive: true });
        assert.ok(coincidences !== null && coincidences.equal > 0 && coincidences.unresolved === 0);
      } catch (failure) {
        if (backend !== "tensorflow" || !(failure instanceof RuntimeFailure)) throw failure;
        console.log(`      skipped: ${failure.message}`);
        this.skip();
      } finally {
        await client.dispose();
      }
    });

  it("without --numeric nothing is measured, and --backend alone is a misuse", () => {
    const plain = uap("check", "good.uap.json", "--json");
    assert.equal((JSON.parse(plain.stdout) as Report).results[0].architectures[0].numeric, null);
    const misused = uap("check", "good.uap.json", "--backend", "cpu");
    assert.equal(misused.status, 2);
    assert.match(misused.stderr, /--backend goes with --numeric/);
    const unknown = uap("check", "good.uap.json", "--numeric", "--backend", "abacus");
    assert.match(unknown.stderr, /there is no backend abacus/);
  });

  it("the text names margins, equivariance and every disagreement as a defect", () => {
    const { stdout } = uap("check", "good.uap.json", "--numeric", "--backend", "cpu");
    assert.match(stdout, /Measured in float32 on cpu: margin \S+ \(initialisation\), \S+ \(maximised\); equivariance error at most/); // prettier-ignore
    const { results } = JSON.parse(uap("check", "good.uap.json", "--numeric", "--backend", "cpu", "--json").stdout) as Report; // prettier-ignore
    const report: FileReport = results[0];
    const numeric = report.architectures[0].numeric as NumericReport;
    numeric.disagreements.push({ kind: "symmetry", statement: "It is none.", gap: 1 });
    assert.match(textReport([report], false), /A defect of UAP Lens: It is none\./);
  });

  it("the runtime process measures, reports progress, and stops within 200 ms of a cancellation", async () => {
    const client = new RuntimeClient({ backend: "cpu", entry: path.join(root, "dist/runtime.js") });
    try {
      await client.describe();
      const phases = new Set<string>();
      const quick = { architecture: architecture({ tokens: 4, width: 4, layers: [{ attention: {} }] }), seed: 3 };
      const report = await client.request("measure", quick, { onProgress: ({ phase }) => phases.add(phase) });
      assert.ok(!("unavailable" in report) && report.disagreements.length === 0);
      assert.deepEqual([...phases].sort(), ["coincidences", "equivariance", "margins", "maximising"]);

      const slow = { architecture: architecture({ tokens: 48, width: 32, layers: [{ repeat: 4, attention: {} }] }), seed: 3 }; // prettier-ignore
      const took = await assertWithin(200, "a cancellation", async () => {
        const stop = new AbortController();
        const running = client.request("measure", slow, { signal: stop.signal });
        running.catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 700));
        const at = performance.now();
        stop.abort();
        await assert.rejects(running, { name: "AbortError" });
        return performance.now() - at;
      });
      console.log(`cancelled after ${took.toFixed(0)} ms`);
      const memory = await client.request("memory", null);
      assert.equal(memory.tensors, 0);
    } finally {
      await client.dispose();
    }
  });
});
