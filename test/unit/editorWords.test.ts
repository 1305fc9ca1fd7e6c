import assert from "node:assert/strict";
import { certificateName, certifiedName, isCertificate, isCodeFile, isModelFile, mayBeModelFile, pathAsName } from "../../extension/models/fileNames"; // prettier-ignore
import { findingBackground, lensTitle, mapsOfClass, questionLens, summarize } from "../../extension/editor/words";
import { architectureOf } from "../../extension/models/ranges";
import type { ArchitectureReport, Condition, FileReport, Finding, Range } from "../../extension/theory/verdict/report";

const range = (startLine: number, endLine: number): Range => ({
  start: { line: startLine, character: 0 },
  end: { line: endLine, character: 1 },
});

const condition = (id: string, status: Condition["status"]): Condition => ({
  id,
  status,
  reason: `${id} ${status}.`,
  source: `source of ${id}`,
});

const architecture = (changes: Partial<ArchitectureReport>): ArchitectureReport => ({
  name: "model",
  tokens: 16,
  width: 8,
  attentionLayers: 12,
  verdict: "certified",
  statement: "A sentence.",
  family: { verdict: "certified", attentionLayersNeeded: 12 },
  class: { visibility: "full", verdict: "certified" },
  symmetry: { name: "trivial", order: "1", generators: [], orbits: [] },
  visibility: { hops: 2, unreachable: [] },
  repeatedTokens: { verdict: "certified", witness: null },
  conditions: [condition("feed-forward", "holds"), condition("visibility", "holds")],
  errorFloor: null,
  witness: null,
  certificate: null,
  numeric: null,
  range: range(0, 9),
  sha256: "0".repeat(64),
  ...changes,
});

const symmetry = (name: string) => ({ name, order: "1", generators: null, orbits: null });

describe("the editor's words", () => {
  const titles: [string, Partial<ArchitectureReport>, string][] = [
    ["everything", {}, "✓ certified for all maps"],
    ["a symmetric model", { symmetry: symmetry("S_16") }, "✓ certified for all S_16-equivariant maps"],
    [
      "a group without a name",
      { symmetry: symmetry("group of order 24") },
      "✓ certified for all maps equivariant under a group of order 24",
    ],
    [
      "a causal target reached",
      { class: { visibility: "causal", verdict: "certified" } },
      "✓ certified for all causal maps",
    ],
    [
      "normalised full attention",
      { verdict: "supported", class: { visibility: "full", verdict: "supported" } },
      "≈ supported for all maps",
    ],
    [
      "too few layers",
      {
        verdict: "refuted",
        family: { verdict: "certified", attentionLayersNeeded: 16 },
        class: { visibility: "partial", verdict: "certified" },
        conditions: [condition("visibility", "fails")],
      },
      "✗ refuted: 12 layers, 16 needed · certified for maps of what each token sees",
    ],
    [
      "no depth at all",
      {
        verdict: "refuted",
        family: { verdict: "refuted", attentionLayersNeeded: null },
        class: { visibility: "partial", verdict: "refuted" },
        visibility: { hops: null, unreachable: [{ from: 0, to: 1 }] },
        conditions: [condition("visibility", "fails")],
      },
      "✗ refuted: no depth connects every pair · symmetry trivial",
    ],
    [
      "rearrangements that look alike",
      {
        verdict: "refuted",
        class: { visibility: "full", verdict: "refuted" },
        conditions: [condition("visibility", "holds"), condition("token-distinguishability", "fails")],
      },
      "✗ refuted: tokens it cannot tell apart · symmetry trivial",
    ],
    [
      "a decoder",
      {
        verdict: "refuted",
        family: { verdict: "refuted", attentionLayersNeeded: 1 },
        class: { visibility: "causal", verdict: "supported" },
      },
      "✗ refuted: causal maps only · supported for all causal maps",
    ],
    [
      "a declared target that is smaller",
      { verdict: "refuted", symmetry: symmetry("D_16") },
      "✗ refuted: symmetry beyond the target · certified for all D_16-equivariant maps",
    ],
    [
      "a network without bias",
      { verdict: "unknown", conditions: [condition("feed-forward", "fails")] },
      "? unknown: the feed-forward condition fails · symmetry trivial",
    ],
    [
      "something unread",
      { verdict: "unknown", symmetry: null, conditions: [condition("reading", "not-covered")] },
      "? unknown: a part could not be read or decided · symmetry not decided",
    ],
  ];
  for (const [what, changes, title] of titles) {
    it(`says of ${what}: ${title}`, () => assert.equal(lensTitle(architecture(changes)), title));
  }

  it("names the maps of a partial class by symmetry", () => {
    const partial = architecture({
      symmetry: symmetry("C_16"),
      class: { visibility: "partial", verdict: "certified" },
    });
    assert.equal(mapsOfClass(partial), "C_16-equivariant maps of what each token sees");
  });

  const finding: Finding = { code: "UAP101", severity: "error", message: "Too few.", range: range(3, 4), fixes: [] };
  const file = (architectures: ArchitectureReport[], findings: Finding[] = []): FileReport => ({
    file: "a.uap.json",
    format: "spec",
    architectures,
    findings,
  });

  it("summarises a file by the verdict that needs attention most", () => {
    const good = architecture({});
    const bad = architecture({ verdict: "refuted", statement: "It is too shallow." });
    assert.deepEqual(summarize(file([good])), { verdict: "certified", text: "certified", detail: "A sentence." });
    assert.deepEqual(summarize(file([good, bad])), {
      verdict: "refuted",
      text: "1 of 2 refuted",
      detail: "It is too shallow.",
    });
    assert.deepEqual(summarize(file([], [finding])), { verdict: "unreadable", text: "unreadable", detail: "Too few." });
  });

  it("summarises code that asks for something, or of which nothing was understood, without alarm", () => {
    const question = { message: "How many tokens?", range: range(0, 1), missing: ["tokens", "layers"], edits: [] };
    const asking = { ...file([]), questions: [question] };
    assert.deepEqual(summarize(asking), { verdict: "open", text: "tokens, layers?", detail: "How many tokens?" });
    const note: Finding = { ...finding, code: "UAP002", severity: "info", message: "Not understood." };
    assert.deepEqual(summarize(file([], [note])), { verdict: "open", text: "not read", detail: "Not understood." });
    assert.equal(summarize({ ...asking, findings: [note, finding] }).verdict, "unreadable");
    assert.equal(questionLens(["tokens", "layers"]), "UAP Lens: add tokens=… layers=…");
  });

  it("finds the architecture in which a finding is written", () => {
    const first = architecture({ range: range(0, 2) });
    const second = architecture({ range: range(3, 9) });
    assert.equal(architectureOf(file([first, second]), finding), second);
    assert.equal(architectureOf(file([first]), finding), undefined);
  });

  it("gives the background of a finding without repeating its message", () => {
    const witness = {
      kind: "replacement",
      s: 9,
      t: 9,
      replaced: 0,
      permutation: null,
      samples: null,
      statement: "token 0 cannot influence token 9.",
      target: "A map that copies token 0 needs them connected.",
    } as const;
    const report = file([
      architecture({
        witness,
        conditions: [condition("visibility", "fails"), condition("normalisation", "not-covered")],
      }),
    ]);
    assert.deepEqual(findingBackground(report, finding), [
      {
        label: "Theory:",
        text: "Every ordered pair of tokens must be linked by attention through the layers in order. (source of visibility)",
      },
      { label: "Out of reach:", text: witness.target },
      { label: "Also open:", text: "normalisation (not covered)" },
    ]);
    // The witness of the verdict says nothing about the feed-forward network.
    const labels = findingBackground(report, { ...finding, code: "UAP301" }).map(({ label }) => label);
    assert.deepEqual(labels, ["Theory:", "Also open:"]);
  });
});

describe("model files", () => {
  it("are recognised by their names", () => {
    for (const path of ["a.uap.json", "/x/b.uap.yaml", "c.uap.yml", "A.UAP.JSON"]) {
      assert.equal(
        isModelFile(path, () => ""),
        true,
        path,
      );
    }
    for (const path of ["uap.json", "package.json", "tsconfig.json", "a.uap.json.bak", "myconfig.json", "a.yaml"]) {
      assert.equal(mayBeModelFile(path), false, path);
    }
  });

  it("are code only if a word of it speaks of attention", () => {
    const is = (path: string, text: string) => isModelFile(path, () => text);
    for (const name of ["a.py", "b.ipynb", "c.ts", "d.mts", "e.cts", "f.tsx", "g.js", "h.mjs", "i.cjs", "j.jsx"]) {
      assert.ok(isCodeFile(name) && mayBeModelFile(name), name);
      assert.equal(is(name, "print(1)"), false, name);
      assert.equal(is(name, "// uap: tokens=4"), true, name);
    }
    for (const name of ["a.d.ts", "a.pyi", "a.pyc", "py", "a.tsv", "a.json"])
      assert.equal(isCodeFile(name), false, name);
    for (const text of [
      "nn.MultiheadAttention(8, 1)",
      "F.softmax(q @ k)",
      "def f(b, h, q_idx, kv_idx):",
      "self.attn = A()",
      "x_transformers",
    ]) {
      assert.equal(is("a.py", text), true, text);
      assert.equal(is("a.ts", text), false, text);
    }
    for (const text of ['from "uap-lens"', 'import * as tf from "@tensorflow/tfjs"', "tf.softmax(scores)"])
      assert.equal(is("a.ts", text), true, text);
  });

  it("have certificates whose names lead back to them", () => {
    assert.equal(certificateName("ring.uap.yaml", 0, 1), "ring.uap.yaml.certificate.json");
    assert.equal(certificateName("config.json", 1, 2), "config.json.1.certificate.json");
    for (const [name, architecture, architectures] of [
      ["ring.uap.yaml", 0, 1],
      ["config.json", 10, 12],
      ["v.2.uap.json", 0, 1],
    ] as const) {
      const certificate = certificateName(name, architecture, architectures);
      assert.ok(isCertificate(certificate) && !mayBeModelFile(certificate));
      assert.equal(certifiedName(certificate), name);
    }
    assert.equal(certifiedName("ring.uap.yaml"), undefined);
    assert.equal(pathAsName("C:\\models\\a/config.json"), "C__models__a__config.json");
  });

  it("are configurations only if they name a model type", () => {
    for (const path of ["config.json", "/m/config.json", "bert.config.json"]) {
      assert.equal(
        isModelFile(path, () => '{ "model_type" : "bert" }'),
        true,
        path,
      );
      assert.equal(
        isModelFile(path, () => '{ "compilerOptions": {} }'),
        false,
        path,
      );
    }
  });
});
