/** Bundles a runtime process of the tests as `npm run build` does the real one: it starts several times faster than from TypeScript. */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import esbuild from "esbuild";

/** The bundle of `entry`, a file of this folder. It lies in the repository, for it looks for native packages from where it is. */
export async function bundleRuntime(entry: string): Promise<{ file: string; remove: () => void }> {
  const folder = path.join(__dirname, "..", "..", "dist", "test", "unit", String(process.pid));
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, entry.replace(/\.ts$/, ".js"));
  await esbuild.build({
    entryPoints: [path.join(__dirname, entry)],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    mainFields: ["module", "main"],
    external: ["webgpu", "./transpile.js"],
    logLevel: "warning",
  });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
