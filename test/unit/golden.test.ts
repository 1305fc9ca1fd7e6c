/** Golden reports: every example and corpus file has its expected report under review. UPDATE_GOLDEN=1 writes them anew. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { globSync } from "tinyglobby";
import { checkModel } from "../../extension/check";
import { prepareReading } from "../../extension/models/code";
import { isCodeFile } from "../../extension/models/fileNames";

const root = path.resolve(__dirname, "../..");
const golden = path.join(root, "test/corpus/golden");
const update = process.env.UPDATE_GOLDEN === "1";

const sources = globSync(
  [
    "examples/**/*.uap.json",
    "examples/**/*.uap.yaml",
    "examples/**/config.json",
    "examples/*.{py,ipynb}",
    "test/corpus/huggingface/*.config.json",
    "test/corpus/code/*.{py,ipynb,ts,mts,js}",
  ],
  { cwd: root },
).sort();
const expectedFile = (source: string) => path.join(golden, `${source.replaceAll("/", "__")}.report.json`);

describe("golden reports", () => {
  for (const source of sources) {
    it(source, async () => {
      await prepareReading(source);
      // Null where there is no model in the code.
      const report = checkModel(source, readFileSync(path.join(root, source), "utf8")) ?? null;
      assert.ok(report ?? isCodeFile(source), "recognised as a model file");
      const actual = `${JSON.stringify(report, null, 1)}\n`;
      if (update) {
        mkdirSync(golden, { recursive: true });
        writeFileSync(expectedFile(source), actual);
      }
      assert.ok(existsSync(expectedFile(source)), "no golden report: run with UPDATE_GOLDEN=1 and review it");
      assert.equal(actual, readFileSync(expectedFile(source), "utf8"));
    });
  }

  it("every golden report belongs to a file", () => {
    const expected = new Set(sources.map((source) => path.basename(expectedFile(source))));
    const stale = existsSync(golden) ? readdirSync(golden).filter((file) => !expected.has(file)) : [];
    assert.deepEqual(stale, []);
  });
});
