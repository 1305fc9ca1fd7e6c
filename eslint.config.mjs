import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** The arrows of the layout: editor, panels, cli -> models, runtime -> theory; `vscode` only where it is the host. */
const forbid = (files, ignores, group, message) => ({
  files,
  ignores,
  rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns: [{ group, message }] }] },
});

export default tseslint.config(
  // *.assembly.ts is AssemblyScript, which has types of its own.
  { ignores: ["dist/", "node_modules/", ".rig/", "test-results/", "test/corpus/", "**/*.assembly.ts"] },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      "no-eval": "error",
      "no-new-func": "error",
      "prefer-const": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    files: ["**/*.mjs"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: { process: "readonly", console: "readonly", URL: "readonly", fetch: "readonly", setTimeout: "readonly" },
    },
  },
  forbid(
    ["extension/theory/**/*.ts"],
    [],
    [
      "vscode",
      "node:*",
      "fs",
      "path",
      "os",
      "child_process",
      "worker_threads",
      "@tensorflow/*",
      "**/models/**",
      "**/editor/**",
      "**/panels/**",
      "**/runtime/**",
    ],
    "theory/ is pure mathematics: no editor, no I/O, nothing of ours but itself",
  ),
  forbid(
    ["extension/theory/certificate/{format,statement,reading,verify}.ts"],
    [],
    [
      "node:*",
      "**/views/**",
      "**/symmetry/**",
      "**/verdict/**",
      "**/evaluation/**",
      "./issue",
      "**/models/**",
      "**/editor/**",
      "**/panels/**",
      "**/runtime/**",
    ],
    "the verifier shares nothing with the search but the specification's parser and the interval library",
  ),
  forbid(
    ["extension/models/**/*.ts", "extension/runtime/**/*.ts"],
    [],
    ["vscode", "**/editor/**", "**/panels/**"],
    "models/ and runtime/ know the theory, not the editor",
  ),
  forbid(
    ["extension/*.ts"],
    ["extension/main.ts"],
    ["vscode", "**/editor/**", "**/panels/**"],
    "only main.ts, editor/ and panels/ import vscode",
  ),
);
