/** What is in the bundles: the editor and its panels start fast because they hold no TensorFlow.js. */
import assert from "node:assert/strict";
import path from "node:path";
import esbuild from "esbuild";

const root = path.join(__dirname, "..", "..");

/** The packages in the bundle of `entry`, sorted. */
async function packagesIn(entry: string, platform: "node" | "browser"): Promise<string[]> {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    outdir: "unused", // esbuild asks for one where styles are imported
    write: false,
    metafile: true,
    platform,
    format: platform === "node" ? "cjs" : "iife",
    mainFields: ["module", "main"],
    external: platform === "node" ? ["vscode"] : ["./transpile.js"],
    logLevel: "warning",
  });
  const names = Object.keys(metafile.inputs).map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

describe("Bundles", () => {
  it("the extension's entry holds no library, TensorFlow.js least of all", async () => {
    assert.deepEqual(await packagesIn("extension/main.ts", "node"), []);
  });

  for (const page of ["report", "training", "distinguishability", "symmetry", "sweep", "live"])
    it(`the page ${page} holds no TensorFlow.js`, async () => {
      const packages = await packagesIn(`webview/${page}/main.ts`, "browser");
      assert.deepEqual(
        packages.filter((name) => name.startsWith("@tensorflow")),
        [],
      );
    });

  it("finds it where it is", async () => {
    assert.ok((await packagesIn("webview/runtime/main.ts", "browser")).includes("@tensorflow/tfjs-core"));
  });
});
