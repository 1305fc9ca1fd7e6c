/** `npm run bench`: sets up what the benchmarks compare with, and runs them all, or those named: verdicts, training, runtime. */
import { installPackages, installPrograms, run } from "./setup.mjs";

const benches = {
  verdicts: "tsx test/bench/verdicts.ts",
  training: "tsx test/bench/training.ts",
  runtime: "node test/rig/setupTensorflow.mjs; node esbuild.mjs && tsx test/bench/runtime.ts",
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benches);
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`No such bench: ${unknown.join(", ")}. There are: ${Object.keys(benches).join(", ")}.`);
  process.exit(2);
}
installPackages();
installPrograms();
for (const name of names) if (run(benches[name]) !== 0) process.exitCode = 1;
