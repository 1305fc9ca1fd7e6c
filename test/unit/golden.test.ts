/** Golden reports: every example and corpus file has its expected report under review. UPDATE_GOLDEN=1 writes them anew. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { globSync } from "tinyglobby";
import { checkText } from "../../extension/check";

const root = path.resolve(__dirname, "../..");
const golden = path.join(root, "test/corpus/golden");
const update = process.env.UPDATE_GOLDEN === "1";

const sources = globSync(
  [
    "examples/**/*.uap.json",
    "examples/**/*.uap.yaml",
    "examples/**/config.json",
    "test/corpus/huggingface/*.config.json",
  ],
  { cwd: root },
).sort();
const expectedFile = (source: string) => path.join(golden, `${source.replaceAll("/", "__")}.report.json`);

describe("golden reports", () => {
  for (const source of sources) {
    it(source, () => {
      const report = checkText(source, readFileSync(path.join(root, source), "utf8"));
      assert.ok(report, "recognised as a model file");
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
