/** UAP601 in a check: the floor of the target that a file declares. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { checkText } from "../../extension/check";
import { type ArchitectureInput } from "../../extension/theory/architecture/schema";

const findings = (input: ArchitectureInput) =>
  checkText("model.uap.json", JSON.stringify(input)).findings.filter(({ code }) => /UAP(002|601)/.test(code));

const model = (attention: object, target: string, more: Partial<ArchitectureInput> = {}): ArchitectureInput => ({
  tokens: 6,
  width: 4,
  layers: [{ attention }],
  target: { function: target },
  ...more,
});

describe("UAP601", () => {
  it("names the floor, its interval, its share of the variance and the cause", () => {
    const [finding, ...others] = findings(model({}, "copy-first"));
    assert.deepEqual(others, []);
    assert.equal(finding.code, "UAP601");
    assert.equal(finding.severity, "error");
    const numbers = /below (\S+) per coordinate \(95 % interval (\S+) to (\S+); (\d+) %/.exec(finding.message);
    const [value, low, high, share] = numbers!.slice(1).map(Number);
    assert.ok(low < value && value < high && low < 5 / 6 && 5 / 6 < high, finding.message);
    assert.ok(Math.abs(share - 83) <= 1);
    assert.match(finding.message, /because the model has a symmetry that it does not have/);
  });

  it("names what is not seen, and what is confused", () => {
    const [unseen] = findings(model({ pattern: { block: 3 } }, "mean-broadcast"));
    assert.match(unseen.message, /because outputs do not see tokens/);
    const [confused] = findings(model({ pattern: "causal" }, "shift"));
    assert.match(confused.message, /because outputs cannot tell rearrangements apart/);
  });

  it("offers what brings the floor to zero, and only that", () => {
    const titles = (input: ArchitectureInput) => findings(input)[0].fixes.map(({ title }) => title);
    assert.deepEqual(titles(model({}, "reverse")), ["Add absolute positions"]);
    assert.deepEqual(titles(model({ pattern: "causal" }, "shift")), ["Add absolute positions", "Use 2 layers"]);
    assert.deepEqual(titles(model({ pattern: { block: 3 } }, "mean-broadcast")), ["Attend to every token"]);
    assert.deepEqual(titles(model({ pattern: { window: 1 } }, "copy-first", { position: "absolute" })), [
      "Use 5 layers",
      "Make token 0 global",
      "Attend to every token",
    ]);
  });

  it("is silent where the floor is zero, where the target is a module, and where samples are large", () => {
    assert.deepEqual(findings(model({}, "mean-broadcast")), []);
    assert.deepEqual(findings(model({}, "./own.ts")), []);
    assert.deepEqual(findings(model({}, "reverse", { tokens: 300 })), []);
    assert.deepEqual(findings(model({}, "reverse", { tokens: 200, width: 64 })), []);
  });

  it("says that there is no such target, or none at that many tokens", () => {
    const [unknown] = findings(model({}, "revers"));
    assert.equal(unknown.code, "UAP002");
    assert.match(unknown.message, /no target "revers"/);
    const [short] = findings(model({}, "associative-recall", { tokens: 4 }));
    assert.match(short.message, /at least 5 tokens/);
  });
});
