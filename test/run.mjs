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
const tensorflow = '(node test/rig/setupTensorflow.mjs || echo "The tests on native TensorFlow are skipped.")';
const checks = {
  types: "tsc -p . && tsc -p webview",
  lint: "eslint .",
  format: "prettier --check --log-level warn .",
};
const suites = {
  unit: `${tensorflow} && mocha --parallel --jobs ${os.availableParallelism()} ${totals} ${seed} "test/unit/**/*.test.ts"`,
  integration: "tsx test/rig/integration.ts",
  browser: `mocha ${totals} "test/browser/*.test.ts"`,
};
const commands = { ...checks, ...suites };
/**
 * Lanes run side by side, the parts of each one after the other. Editors mostly wait, and whether they answer in time is part of their tests: what computes
 * lets them go first.
 */
const lanes = [
  ["types", "lint", "format", "unit"],
  ["integration", "browser"],
];

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(commands);
const unknown = names.filter((name) => !(name in commands));
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(", ")}. There are: ${Object.keys(commands).join(", ")}.`);
  process.exit(2);
}

// The package is made first: it takes the place of what the other suites run.
const builds = [
  names.includes("browser") ? "npm run --silent package" : [],
  names.includes("unit") || names.includes("integration") ? "node esbuild.mjs" : [],
].flat();
const parts = [
  ...(builds.length > 0 ? ["build"] : []),
  ...Object.keys(commands).filter((name) => names.includes(name)),
];

/** Whether both lanes have something to do. */
const beside = lanes.every((lane) => lane.some((name) => names.includes(name)));

/** What the parts print is shown one part after another: the first that has not ended as it goes on, the others when their turn comes. */
const transcript = parts.map((name) => ({ name, kept: [], ended: false }));
function print(name, text, ended = false) {
  const part = transcript.find((one) => one.name === name);
  part.kept.push(text);
  part.ended = ended;
  while (transcript.length > 0) {
    for (const piece of transcript[0].kept.splice(0)) process.stdout.write(piece);
    if (!transcript[0].ended) return;
    transcript.shift();
  }
}

await Promise.all([installPackages(), installPrograms()]);
const env = { PLAYWRIGHT_CHROMIUM: findChromium() };
const sum = { passed: 0, failed: 0, skipped: 0 };

/** Runs a part, adds what it counted and says so; whether it did what it should. */
async function runPart(name, command, niceness) {
  print(name, `\n=== ${name}\n`);
  const written = path.join(root, "test-results", "totals", name);
  rmSync(written, { recursive: true, force: true });
  mkdirSync(written, { recursive: true });
  const started = Date.now();
  const output = beside ? (text) => print(name, text) : undefined;
  const exitCode = await run(command, { env: { ...env, UAP_LENS_TOTALS: written }, output, niceness });
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
  const said = name in suites ? counted : exitCode === 0 ? "clean" : "failed";
  print(name, `=== ${name}: ${said} (${seconds} s)\n`, true);
  return exitCode === 0;
}

const built = builds.length === 0 ? Promise.resolve(true) : runPart("build", builds.join(" && "), 0);
if (!beside) await built;
await Promise.all(
  lanes.map(async (lane, index) => {
    for (const name of lane.filter((name) => names.includes(name))) {
      if (name in checks || (await built)) await runPart(name, commands[name], beside && index === 0 ? 10 : 0);
      else {
        print(name, `\n=== ${name}: not run, for there is no build\n`, true);
        sum.failed++;
      }
    }
  }),
);

console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 ? 0 : 1;
