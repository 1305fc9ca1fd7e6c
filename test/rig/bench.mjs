/** `npm run bench`: sets up what the benchmarks compare with, and runs them all, or those named: verdicts, certificates, training, panels, runtime. */
import { findChromium, installPackages, installPrograms, run } from "./setup.mjs";

const benches = {
  verdicts: "tsx test/bench/verdicts.ts",
  certificates: "tsx test/bench/certificates.ts",
  training: "tsx test/bench/training.ts",
  panels: "npm run --silent package && tsx test/bench/panels.ts",
  runtime: "node test/rig/setupTensorflow.mjs; node esbuild.mjs && tsx test/bench/runtime.ts",
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benches);
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`No such bench: ${unknown.join(", ")}. There are: ${Object.keys(benches).join(", ")}.`);
  process.exit(2);
}
await Promise.all([installPackages(), installPrograms()]);
const env = { PLAYWRIGHT_CHROMIUM: findChromium() };
for (const name of names) if ((await run(benches[name], { env })) !== 0) process.exitCode = 1;
