/** Code that is run to be read: what it gives to transformer(), in a process of its own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { evaluableOf, readTypeScript } from "../../extension/models/code/typescript";
import { loadGrammar } from "../../extension/models/code/syntax";
import { evaluateModule, type EvaluationOptions } from "../../extension/runtime/evaluation/evaluate";
import { computing } from "../../extension/runtime/evaluation/recording";
import type { Report } from "../../extension/theory/verdict/report";
import * as library from "../../extension/runtime/library";
import * as parts from "../../extension/runtime/builders/parts";

const entry = path.join(import.meta.dirname, "../../dist/evaluation.js");

describe("code that is run to be read", function () {
  this.timeout(60_000);
  let folder: string;

  before(async () => {
    for (const language of ["typescript", "javascript"] as const) await loadGrammar(language);
    folder = mkdtempSync(path.join(os.tmpdir(), "uap-lens-evaluation-"));
    mkdirSync(path.join(folder, "node_modules/sized"), { recursive: true });
    writeFileSync(path.join(folder, "node_modules/sized/package.json"), `{ "name": "sized", "main": "index.js" }`);
    writeFileSync(path.join(folder, "node_modules/sized/index.js"), `exports.width = 6;`);
    writeFileSync(path.join(folder, "sizes.ts"), `export const tokens: number = 9; export enum Depth { deep = 3 }`);
    writeFileSync(path.join(folder, "plain.js"), `export const tokens = 10;`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the text as if the editor had it, and reads it. */
  async function run(text: string, name = "model.ts", options: EvaluationOptions = {}) {
    const file = path.join(folder, name);
    const evaluable = evaluableOf(text, file);
    assert.ok(evaluable, "there is something to run for");
    const evaluation = await evaluateModule({ ...evaluable, file }, { entry, ...options });
    return { evaluation, model: readTypeScript(text, file, evaluation)! };
  }

  const all = `import { attention, startFastest, tf, train, transformer, window } from "uap-lens";\n`;

  it("stands in for everything that the package exports", () => {
    const names = [...Object.keys(parts), ...computing, "transformer"];
    assert.deepEqual(names.sort(), Object.keys(library).sort());
  });

  it("tells what depends on other modules", async () => {
    const text = `${all}import { tokens, Depth } from "./sizes"; import { tokens as ten } from "./plain.js"; import { width } from "sized";
const near = window(2);
export const m = transformer({
  tokens,
  width,
  layers: [attention({ pattern: near }).repeat(Depth.deep)],
});
const other: unknown = transformer({ tokens: ten, width: 4, layers: [attention()] });`;
    const { model } = await run(text);
    assert.deepEqual([model.errors, model.notes], [[], []]);
    const [m, other] = model.architectures;
    assert.deepEqual([m.architecture.name, m.architecture.tokens, m.architecture.width, m.architecture.layers[0].repeat], ["m", 9, 6, 3]); // prettier-ignore
    assert.deepEqual([other.architecture.name, other.architecture.tokens], ["other", 10]);
    assert.deepEqual(m.locate(["tokens"]).start, { line: 4, character: 2 });
    assert.deepEqual(m.locate(["layers", 0, "attention", "pattern"]).start, { line: 2, character: 13 });
    const [edit] = m.edit([{ path: ["layers", 0, "attention", "pattern"], value: { window: 5 } }])!;
    assert.deepEqual([edit.newText, edit.range.start.line], ["window(5)", 2]);
    assert.equal(m.edit([{ path: ["layers", 0, "attention", "pattern", "window"], value: { left: 5 } }])!.length, 1);
  });

  it("computes and trains nothing, and goes on to the end", async () => {
    const text = `${all}await startFastest();
const width = Number(process.env.UAP_NO_SUCH_VARIABLE ?? 8);
const first = transformer({ tokens: 8, width, layers: [attention()] });
const model = first.build({ seed: 1 });
const { loss } = await train(model, {} as never, {} as never, {} as never);
for (const x of tf.range(0, 3) as never) console.log(x);
while ((loss as never) > 0.1) ;
export const again = transformer({ tokens: first.spec.tokens, width: width + 1, layers: [attention()] });`;
    const { evaluation, model } = await run(text);
    assert.equal(evaluation.error, undefined);
    assert.deepEqual(model.architectures.map(({ architecture }) => architecture.width), [8, 9]); // prettier-ignore
  });

  it("runs CommonJS, loops and functions", async () => {
    const text = `const { transformer, attention } = require("uap-lens");
const { width } = require("sized");
const make = (tokens) => transformer({ tokens, width, layers: [attention()] });
module.exports = [2, 3, 2].map((n) => make(n));`;
    const { model } = await run(text, "model.js");
    assert.deepEqual(model.architectures.map(({ architecture }) => architecture.tokens), [2, 3]); // prettier-ignore
  });

  it("says what the code throws, and takes what it had given before", async () => {
    const width = "Number(process.env.UAP_NO_SUCH_VARIABLE ?? 8)";
    const text = `${all}const width = ${width};
transformer({ tokens: 8, width, layers: [attention()] });
if (width > 7) throw new Error("no luck");
transformer({ tokens: 9, width, layers: [attention()] });`;
    const { evaluation, model } = await run(text);
    assert.equal(evaluation.error, "no luck");
    assert.equal(model.architectures.length, 1);
    assert.match(model.notes![0].message, /; running the code did not tell: no luck\.$/);
    const wrong = await run(`${all}transformer({ tokens: 0, width: ${width}, layers: [attention()] });`);
    assert.match(wrong.model.errors[0].message, /`tokens` must/);
    const broken = await run(`${all}import "./nowhere"; transformer({ tokens: 8, width: ${width}, layers: [] });`);
    assert.match(broken.evaluation.error!, /Cannot find module/);
  });

  it("ends what does not end, and what ends itself", async () => {
    const call = "transformer({ tokens: 8, width: Number(process.env.UAP_NO_SUCH_VARIABLE ?? 8), layers: [attention()] });"; // prettier-ignore
    const endless = await run(`${all}${call} for (;;) ;`, "model.ts", { timeLimit: 20_000 });
    assert.match(endless.evaluation.error!, /stopped after 20 seconds/);
    assert.equal(endless.model.architectures.length, 1);
    const left = await run(`${all}${call} process.exit(0);`);
    assert.deepEqual([left.evaluation.error, left.model.architectures.length], [undefined, 1]);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 300);
    await assert.rejects(run(`${all}${call} for (;;) ;`, "model.ts", { signal: controller.signal }), /abort/i);
  });

  it("runs on the command line where it is asked to, and only files that are named", () => {
    const cli = path.join(import.meta.dirname, "../../dist/cli.js");
    const file = path.join(folder, "asked.ts");
    writeFileSync(
      file,
      `${all}import { tokens } from "./sizes";\ntransformer({ tokens, width: 8, layers: [attention()] });`,
    );
    const check = (...args: string[]) => {
      const { stdout } = spawnSync(process.execPath, [cli, "check", "--json", ...args], { encoding: "utf8" });
      const { results } = JSON.parse(stdout) as Report;
      return results.flatMap(({ architectures }) => architectures.map(({ tokens }) => tokens));
    };
    assert.deepEqual(check(file), []);
    assert.deepEqual(check("--evaluate", file), [9]);
    assert.deepEqual(check("--evaluate", folder), []);
  });

  it("is asked for nothing that reading tells", () => {
    const text = `${all}transformer({ tokens: 8, width: 8, layers: [attention()] });`;
    assert.equal(evaluableOf(text, "model.ts"), undefined);
  });
});
