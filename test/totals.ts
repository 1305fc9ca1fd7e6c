/**
 * A root hook for Mocha that writes totals into the folder that UAP_LENS_TOTALS names, so that they can be summed over
 * processes: Mocha runs it once, or once per test file when it runs files in parallel. A test that a broken hook kept from
 * running counts as failed.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

export const mochaHooks = {
  afterAll(this: Mocha.Context) {
    const folder = process.env.UAP_LENS_TOTALS;
    if (!folder) return;
    const totals = { passed: 0, failed: 0, skipped: 0 };
    this.test?.parent?.eachTest((test) => {
      totals[test.isPending() ? "skipped" : test.isPassed() ? "passed" : "failed"]++;
    });
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `${randomUUID()}.json`), JSON.stringify(totals));
  },
};
