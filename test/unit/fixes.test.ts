/** Every fix that is offered for an example or a corpus file edits the text so that its finding is gone and no other error has come. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { globSync } from "tinyglobby";
import { checkText } from "../../extension/check";
import { LineMap } from "../../extension/models/ranges";
import type { Position, TextEdit } from "../../extension/theory/verdict/report";

const root = path.resolve(__dirname, "../..");

function applied(text: string, edits: readonly TextEdit[]): string {
  const lines = new LineMap(text);
  const offset = ({ line, character }: Position): number => {
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const at = lines.position(middle);
      if (at.line < line || (at.line === line && at.character <= character)) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return [...edits]
    .sort((a, b) => offset(b.range.start) - offset(a.range.start))
    .reduce(
      (result, { range, newText }) => result.slice(0, offset(range.start)) + newText + result.slice(offset(range.end)),
      text,
    );
}

const errorCodes = (file: string, text: string) =>
  new Set(checkText(file, text).findings.flatMap(({ code, severity }) => (severity === "error" ? [code] : [])));

describe("quick fixes", () => {
  const sources = globSync(
    ["examples/**/*.uap.*", "examples/**/config.json", "test/corpus/huggingface/*.config.json"],
    { cwd: root },
  ).sort();
  let offered = 0;
  for (const source of sources) {
    it(source, () => {
      const text = readFileSync(path.join(root, source), "utf8");
      const before = errorCodes(source, text);
      for (const { code, message, fixes } of checkText(source, text).findings) {
        for (const { title, edits } of fixes) {
          offered++;
          const mended = applied(text, edits);
          const after = checkText(source, mended).findings;
          assert.ok(
            !after.some((finding) => finding.code === code && finding.message === message),
            `${title}: ${code} is still there`,
          );
          for (const finding of after)
            if (finding.severity === "error")
              assert.ok(before.has(finding.code), `${title} brings ${finding.code}: ${finding.message}`);
        }
      }
    });
  }

  it("are offered", () => assert.ok(offered > 25, `${offered} fixes were tried`));

  it("one global token mends Longformer-base", () => {
    const source = "test/corpus/huggingface/longformer-base-4096.config.json";
    const text = readFileSync(path.join(root, source), "utf8");
    const { architectures, findings } = checkText(source, text);
    assert.equal(architectures[0].verdict, "refuted");
    assert.equal(architectures[0].family.attentionLayersNeeded, 16);
    const finding = findings.find(({ code }) => code === "UAP101");
    assert.match(finding?.message ?? "", /Token 0 cannot influence token 4095 in 12 attention layers: it takes 16/);
    const fix = finding?.fixes.find(({ title }) => title === "Make token 0 global");
    const mended = checkText(source, applied(text, fix?.edits ?? [])).architectures[0];
    assert.equal(mended.class.visibility, "full");
    assert.equal(mended.family.attentionLayersNeeded, 2);
  });
});
