/** `npm run package:all [FOLDER]`: the extension's package for every platform that there is a WebGPU library for. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { root, run } from "./setup.mjs";

/** Platforms as vsce calls them. */
const targets = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64", "win32-arm64"];

const folder = path.resolve(process.argv[2] ?? root);
mkdirSync(folder, { recursive: true });
for (const target of targets) {
  const options = `--no-dependencies --allow-missing-repository --no-rewrite-relative-links --target ${target} --out "${folder}"`;
  const made = await run(`node esbuild.mjs --production --target=${target} && vsce package ${options}`);
  if (made !== 0) process.exit(1);
}
