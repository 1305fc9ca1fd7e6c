/**
 * Builds everything into dist/. --watch rebuilds on change; --production minifies and leaves the tests out; --target=linux-arm64 takes the WebGPU library of that platform (this one's
 * if left out).
 */
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import esbuild from "esbuild";
import { globSync } from "tinyglobby";
import { tsImport } from "tsx/esm/api";

const production = process.argv.includes("--production");
const watch = process.argv.includes("--watch");
const target =
  process.argv.find((argument) => argument.startsWith("--target="))?.split("=")[1] ??
  `${process.platform}-${process.arch}`;

const common = {
  bundle: true,
  minify: production,
  sourcemap: !production,
  logLevel: "warning",
  // A library that ships both formats would otherwise be bundled twice.
  mainFields: ["module", "main"],
};
const node = {
  ...common,
  platform: "node",
  format: "cjs",
  target: "node20",
  // ES modules among the libraries ask where they are; in CommonJS the answer is made here.
  define: { "import.meta.url": "importMetaUrl" },
  banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
};

/** The TypeScript compiler is a bundle beside the others, wherever its source is. */
const compilerBeside = {
  name: "compiler-beside",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/transpile\.js$/ }, () => ({ path: "./transpile.js", external: true })),
};

const builds = [
  {
    ...node,
    entryPoints: [
      { in: "extension/main.ts", out: "extension" },
      { in: "extension/checkWorker.ts", out: "checkWorker" },
    ],
    outdir: "dist",
    external: ["vscode"],
  },
  {
    ...node,
    entryPoints: ["extension/cli.ts"],
    outdir: "dist",
    // A library under tinyglobby makes itself a `require` from its URL, which a CommonJS bundle does not have.
    define: { "import.meta.url": "bundleUrl" },
    banner: { js: '#!/usr/bin/env node\nconst bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
  },
  {
    ...node,
    entryPoints: [{ in: "extension/runtime/process/child.ts", out: "runtime" }],
    outdir: "dist",
    // Native, the copy beside the bundle is found first; and the TypeScript compiler, a bundle of its own that few runs load.
    external: ["webgpu", "./transpile.js"],
  },
  {
    // Code that calls the package's functions, run to see with what, and Node's hooks for it.
    ...node,
    entryPoints: [
      { in: "extension/runtime/evaluation/child.ts", out: "evaluation" },
      { in: "extension/runtime/evaluation/hooks.ts", out: "evaluationHooks" },
    ],
    outdir: "dist",
    plugins: [compilerBeside],
  },
  {
    ...node,
    entryPoints: [{ in: "extension/runtime/training/transpile.ts", out: "transpile" }],
    outdir: "dist",
  },
  {
    // What `import ... from "uap-lens"` gives a script.
    ...node,
    entryPoints: [{ in: "extension/runtime/library.ts", out: "library" }],
    outdir: "dist",
    external: ["webgpu", "./transpile.js"],
  },
  {
    ...common,
    entryPoints: [
      "report",
      "runtime",
      "training",
      "distinguishability",
      "symmetry",
      "repair",
      "design",
      "sweep",
      "live",
    ].map((page) => ({ in: `webview/${page}/main.ts`, out: page })),
    outdir: "dist/webview",
    external: ["./transpile.js"], // for targets that only the runtime process loads
    platform: "browser",
    format: "iife",
    target: "es2022",
  },
];
if (!production)
  builds.push({
    ...node,
    entryPoints: globSync("test/integration/*.ts"),
    outdir: "dist/test/integration",
    external: ["vscode", "mocha"], // Mocha loads its parts by name
  });

async function writeSchema() {
  const { architectureJsonSchema } = await tsImport("./extension/theory/architecture/jsonSchema.ts", import.meta.url);
  const { gridJsonSchema } = await tsImport("./extension/sweep/grid.ts", import.meta.url);
  mkdirSync("dist", { recursive: true });
  const write = (name, schema) =>
    writeFileSync(`dist/${name}.schema.json`, JSON.stringify(schema, null, production ? 0 : 2) + "\n");
  write("uap", architectureJsonSchema());
  write("sweep", gridJsonSchema());
}

/** What is loaded from beside the bundles: the parser of code and its grammars, the compiled WASM backend, and Dawn for the platform. */
function copyBinaries() {
  mkdirSync("dist", { recursive: true });
  for (const name of ["", "-python", "-javascript", "-typescript", "-tsx"])
    copyFileSync(`node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter${name}.wasm`, `dist/tree-sitter${name}.wasm`);
  copyFileSync(
    "node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    "dist/tfjs-backend-wasm-simd.wasm",
  );
  const platform = `dist/${target.replace(/^darwin-.*/, "darwin-universal")}`;
  if (!existsSync(`node_modules/webgpu/${platform}`)) return; // no Dawn for this platform: WebGPU says so
  for (const name of ["package.json", "index.js", "LICENSE.md", platform])
    cpSync(`node_modules/webgpu/${name}`, `dist/node_modules/webgpu/${name}`, { recursive: true });
}

if (watch) {
  await writeSchema();
  copyBinaries();
  for (const build of builds) await (await esbuild.context({ ...build, logLevel: "info" })).watch();
} else {
  rmSync("dist", { recursive: true, force: true });
  await writeSchema();
  copyBinaries();
  // esbuild has printed its errors by the time it throws.
  const results = await Promise.allSettled(builds.map((build) => esbuild.build(build)));
  if (results.some(({ status }) => status === "rejected")) process.exit(1);
  chmodSync("dist/cli.js", 0o755);
}
