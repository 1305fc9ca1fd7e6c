/** What only reports of model code have, for a terminal. */
import assert from "node:assert/strict";
import { textReport } from "../../extension/formats/text";
import type { FileReport, Range } from "../../extension/theory/verdict/report";

const range = (line: number): Range => ({ start: { line, character: 2 }, end: { line, character: 5 } });
const report: FileReport = {
  file: "a.py",
  format: "pytorch",
  architectures: [],
  findings: [
    {
      code: "UAP101",
      severity: "error",
      message: "Too far.",
      range: range(3),
      fixes: [],
      related: [{ message: "The other token\u001b.", range: range(7) }],
    },
    { code: "UAP002", severity: "info", message: "Skipped.", range: range(1), fixes: [] },
  ],
  questions: [{ message: "How many tokens?", range: range(9), missing: ["tokens"], edits: [] }],
};

describe("reports of model code", () => {
  it("say in the text where else a finding comes from, and what is asked", () => {
    const lines = textReport([report], false).split("\n");
    assert.deepEqual(lines.slice(0, 4), [
      "  a.py:4:3: error UAP101 Too far.",
      "    a.py:8:3: The other token\\u001b.",
      "  a.py:2:3: info UAP002 Skipped.",
      "  a.py:10:3: question How many tokens?",
    ]);
  });
});
