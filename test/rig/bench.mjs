/** `npm run bench`: sets up what the benchmarks compare with, and runs them. */
import { installPackages, installPrograms, run } from "./setup.mjs";

installPackages();
installPrograms();
process.exitCode = run("tsx test/bench/main.ts");
