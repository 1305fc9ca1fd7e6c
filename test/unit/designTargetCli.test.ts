/** `uap-lens design --target` as its users run it: the built file, with a runtime process of its own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "mocha";
import type { DesignOutcome } from "../../extension/theory/design/design";

const cli = path.resolve(__dirname, "../../dist/cli.js");

describe("the command line designs for the symmetry of a target", () => {
  let folder: string;
  before(() => {
    assert.ok(existsSync(cli), "dist/cli.js is missing: `npm run build` makes it");
    folder = mkdtempSync(path.join(tmpdir(), "uap-lens-design-"));
    writeFileSync(
      path.join(folder, "next.ts"),
      "export default (X: number[][]) => X.map((_, t) => X[(t + 1) % X.length]);\n",
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    spawnSync(process.execPath, [cli, "design", ...args], { cwd: folder, encoding: "utf8" });
  const outcome = (target: string): DesignOutcome => {
    const { status, stdout, stderr } = run("--target", target, "--tokens", "5", "--json");
    assert.deepEqual([status, stderr], [0, ""]);
    return JSON.parse(stdout) as DesignOutcome;
  };

  it("of the library, and of a module that the command names", () => {
    const known = outcome("moving-average");
    assert.equal(known.group.order, "10");
    assert.match(known.notes[0], /^the symmetry of moving-average: Known of the target/);
    const measured = outcome("next.ts");
    assert.equal(measured.group.order, "5");
    assert.match(measured.notes[0], /^the symmetry of next\.ts: Measured, not proved/);
    assert.ok(measured.designs.every(({ report }) => report.verdict === "certified") && measured.designs.length > 0);
  });

  it("refuses what has no symmetry to be found", () => {
    assert.match(run("--target", "moving-average").stderr, /--target needs --tokens/);
    assert.match(run("--target", "nosuch", "--tokens", "5").stderr, /There is no target "nosuch"/);
    assert.match(run("--target", "missing.ts", "--tokens", "5").stderr, /missing\.ts: .* cannot be read/);
    const { status, stderr } = run("--target", "identity", "--tokens", "80");
    assert.equal(status, 2);
    assert.match(stderr, /Not determined: .* up to 64 tokens/);
  });
});
