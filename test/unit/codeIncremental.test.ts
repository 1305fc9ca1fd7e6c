/** Reading again after an edit: the same as reading afresh, whatever was read before, and only what the edit touches is read. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { checkModel } from "../../extension/check";
import { prepareReading } from "../../extension/models/code";
import { parse, plain, syntaxOf, type Syntax } from "../../extension/models/code/syntax";
import type { FileReport } from "../../extension/theory/verdict/report";
import { processorTime } from "../time";

const corpus = path.join(__dirname, "..", "corpus", "code");
const read = (name: string): string => readFileSync(path.join(corpus, name), "utf8");

const insertions = ["x", "\n", "    ", "(", ")", '"', "é", "def f(a):\n    return a\n", "class A:\n    pass\n", "# a comment\n", "# uap: tokens=3\n", "1"]; // prettier-ignore
const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), deleted: fc.integer({ min: 0, max: 30 }), inserted: fc.constantFrom(...insertions) }); // prettier-ignore

function edited(text: string, { at, deleted, inserted }: { at: number; deleted: number; inserted: string }): string {
  const from = Math.floor(at * text.length);
  return text.slice(0, from) + inserted + text.slice(from + (deleted > 20 ? deleted : 0));
}

/** Whether two nodes are alike, what is below them aside. */
const alike = (a: Syntax, b: Syntax): boolean => a.type === b.type && a.from === b.from && a.to === b.to && a.text === b.text; // prettier-ignore

const same = (a: Syntax, b: Syntax): boolean =>
  alike(a, b) &&
  a.children.length === b.children.length &&
  a.children.every((child, i) => same(child, b.children[i])) &&
  Object.keys(a.fields).join() === Object.keys(b.fields).join() &&
  Object.keys(a.fields).every((name) => a.fields[name]!.every((child, i) => alike(child, b.fields[name]![i])));

/** The report without what was kept: a comment that is about nothing makes every reading a new one. */
function afresh(text: string, run: number): FileReport | undefined {
  const marked = `${text}\n# uap: fresh${run}=1\n`;
  const report = checkModel("model.py", marked);
  if (!report) return undefined;
  return {
    ...report,
    findings: report.findings.filter(({ message }) => !message.includes("is about nothing that was read")),
  };
}

describe("reading code again", () => {
  before(() => prepareReading("model.py"));

  it("gives the syntax that reading it afresh gives", () => {
    const texts = ["t5_buckets.py", "handwritten_tril_buffer.py", "flex_and_or.py"].map(read);
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 6 }), (text, edits) => {
        let current = text;
        syntaxOf("python", current);
        for (const each of edits) {
          current = edited(current, each);
          const again = syntaxOf("python", current);
          const { tree } = parse("python", current);
          assert.ok(same(again!, plain(tree.rootNode, current)!));
          tree.delete();
        }
      }),
      { numRuns: 60 },
    );
  });

  it("gives the report that reading it afresh gives", () => {
    const text = `${read("handwritten_tril_buffer.py")}\n\n${read("flex_and_or.py")}`;
    let run = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let current = text;
        for (const each of edits) {
          checkModel("model.py", current);
          current = edited(current, each);
          const again = checkModel("model.py", current);
          const fresh = afresh(current, run++);
          const others = (report: FileReport | undefined) =>
            report && { ...report, findings: report.findings.filter(({ message }) => !message.includes("is about nothing that was read")) }; // prettier-ignore
          if (fresh && again) assert.deepEqual(others(again), fresh);
          else assert.equal(again?.architectures.length ?? 0, fresh?.architectures.length ?? 0);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("takes over what an edit elsewhere in a long file does not touch", () => {
    // 5,000 lines: a model, and much that has nothing to do with it.
    const others = Array.from({ length: 900 }, (_, i) => `def helper_${i}(a, b):\n    total = a + b * ${i}\n    for k in range(3):\n        total += k\n    return total\n\n`); // prettier-ignore
    const model = read("mha_window_bool.py");
    const text = (value: number) => `${others.slice(0, 450).join("\n")}\nSOMETHING = ${value}\n${model}\n${others.slice(450).join("\n")}`; // prettier-ignore
    assert.ok(text(1).split("\n").length > 4_500);
    const [first, second] = [text(1), text(1_000)].map((each) => checkModel("model.py", each)!);
    assert.equal(first.architectures.length, 1);
    const before = first.findings.map(({ code, message, range }) => [code, message, range.start.line]);
    assert.deepEqual(second.findings.map(({ code, message, range }) => [code, message, range.start.line]), before); // prettier-ignore
    // Side by side: an edit beside the model costs less than a half of the first reading of another such file.
    const ratios = Array.from({ length: 3 }, (_, i) => {
      const again = processorTime(() => void checkModel("model.py", text(2_000 + i)));
      const whole = processorTime(() => void checkModel("model.py", text(3_000 + i).replaceAll("helper_", `other_${i}_`).replaceAll("self", `this${i}`))); // prettier-ignore
      return again / whole;
    });
    assert.ok(Math.min(...ratios) < 0.5, ratios.join(", "));
  });
});
