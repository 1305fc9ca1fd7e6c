/**
 * `npm test`: sets up what the tests need, runs the checks and every suite, and ends with one line of totals.
 * `node test/run.mjs SUITE...` runs only these.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { findChromium, installPackages, installPrograms, root, run } from "./rig/setup.mjs";

const totals = "--require test/totals.ts";
const seed = "--require test/seed.ts";
const checks = {
  types: "tsc -p . && tsc -p webview",
  lint: "eslint .",
  format: "prettier --check --log-level warn .",
};
const suites = {
  unit: `node esbuild.mjs && mocha --parallel --jobs ${os.availableParallelism()} ${totals} ${seed} "test/unit/**/*.test.ts"`,
  integration: "node esbuild.mjs && tsx test/rig/integration.ts",
  browser: `npm run --silent package && mocha ${totals} --timeout 60000 "test/browser/*.test.ts"`,
};
const commands = { ...checks, ...suites };

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(commands);
const unknown = names.filter((name) => !(name in commands));
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(", ")}. There are: ${Object.keys(commands).join(", ")}.`);
  process.exit(2);
}

installPackages();
installPrograms();
if (names.includes("unit") && run("node test/rig/setupTensorflow.mjs") !== 0)
  console.log("The tests on native TensorFlow are skipped.");

const results = path.join(root, "test-results");
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const name of names) {
  console.log(`\n=== ${name}`);
  const written = path.join(results, "totals", name);
  rmSync(written, { recursive: true, force: true });
  mkdirSync(written, { recursive: true });
  const started = Date.now();
  const exitCode = run(commands[name], { PLAYWRIGHT_CHROMIUM: findChromium(), UAP_LENS_TOTALS: written });
  const seconds = ((Date.now() - started) / 1000).toFixed(0);

  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of readdirSync(written)) {
    const part = JSON.parse(readFileSync(path.join(written, file), "utf8"));
    for (const key of Object.keys(counts)) counts[key] += part[key];
  }
  const counted = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  // A command that fails without a failed test, or a suite in which no test ran, is itself a failure.
  if (counts.failed === 0 && (exitCode !== 0 || (name in suites && counts.passed === 0))) counts.failed = 1;
  for (const key of Object.keys(sum)) sum[key] += counts[key];
  console.log(`=== ${name}: ${name in suites ? counted : exitCode === 0 ? "clean" : "failed"} (${seconds} s)`);
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 ? 0 : 1;
