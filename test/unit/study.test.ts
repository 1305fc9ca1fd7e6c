/** What the panels show beyond the report: variants, small analogues, pictures, and the actions on the symmetry. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { checkText } from "../../extension/check";
import { portraitOf, type Study, studyOf, type Variant } from "../../extension/study";
import { checkConsistency } from "../../extension/theory/architecture/consistency";
import type { Architecture, ArchitectureInput } from "../../extension/theory/architecture/schema";
import { architectureSchema } from "../../extension/theory/architecture/schema";
import { patternInput } from "../../extension/theory/architecture/input";
import { reachMarks } from "../../extension/theory/patterns/pictures";
import { examine } from "../../extension/theory/verdict/analyse";
import { analogueOf, isSmall, type Purpose } from "../../extension/theory/verdict/analogue";
import type { TextEdit } from "../../extension/theory/verdict/report";
import { architectures } from "../reference/architectures";
import { attends, unrolled } from "../reference/float64";

const root = path.join(__dirname, "..", "..");

function study(file: string, text = readFileSync(path.join(root, file), "utf8")): Study {
  const found = studyOf(file, text, checkText(file, text), 0);
  assert.ok(found, file);
  return found;
}

/** Small analogues that a person has looked at: what of the original they keep. */
const expected: Record<string, string> = {
  "examples/longformer.uap.json": "16 of 4,096 tokens, width 8 of 768 and 3 of 12 layers; window 4",
  "examples/longformer-global.uap.yaml": "16 of 4,096 tokens, width 8 of 768 and 3 of 12 layers; longformer 4",
  "examples/dilated-window.uap.json": "16 of 1,024 tokens, width 8 of 64 and 3 of 24 layers; window 4",
  "examples/disjoint-blocks.uap.yaml": "16 of 256 tokens, width 8 of 64 and 3 of 12 layers; block 4, block 4",
  "examples/mistral-7b/config.json": "16 of 32,768 tokens, width 8 of 4,096 and 3 of 32 layers; window 16",
};

function described({ architecture, standsFor }: Variant): string {
  const patterns = architecture.layers.map(({ mixer }) => {
    assert.equal(mixer.kind, "attention");
    const { pattern } = mixer.heads[0];
    const size = "window" in pattern ? pattern.window : "left" in pattern ? pattern.left : "size" in pattern && pattern.size; // prettier-ignore
    return `${pattern.kind} ${String(size)}`;
  });
  return `${standsFor}; ${patterns.join(", ")}`;
}

describe("variants of a model file", () => {
  it("have small analogues of the same verdict", () => {
    for (const [file, text] of Object.entries(expected)) {
      const small = study(file).variants.find(({ id }) => id === "written/analogue");
      assert.ok(small, file);
      assert.equal(described(small), text);
      assert.equal(examine(small.architecture).report.verdict, checkText(file, readFileSync(path.join(root, file), "utf8")).architectures[0].verdict); // prettier-ignore
    }
  });

  it("are what the quick fixes make of the file", () => {
    const { variants, noAnalogue } = study("examples/longformer.uap.json");
    assert.deepEqual(
      variants.map(({ id, small }) => `${id}${small ? " *" : ""}`),
      [
        "written",
        "written/analogue *",
        "written/smallest *",
        "fix:Use 16 layers",
        "fix:Use 16 layers/analogue *",
        "fix:Use 16 layers/smallest *",
        "fix:Make token 0 global",
        "fix:Make token 0 global/analogue *",
        "fix:Make token 0 global/smallest *",
        "fix:Widen the window to 342",
        "fix:Widen the window to 342/analogue *",
        "fix:Widen the window to 342/smallest *",
      ],
    );
    assert.equal(noAnalogue, null);
    for (const { id, architecture } of variants) {
      if (architecture.tokens > 64) continue;
      assert.equal(examine(architecture).report.verdict, id.startsWith("fix") ? "certified" : "refuted", id);
      // Their losses are compared on one chart.
      assert.deepEqual([architecture.tokens, architecture.width], [id.endsWith("smallest") ? 8 : 16, 8]);
    }
  });

  it("are studied for every example and every configuration of the corpus", () => {
    const files = [
      ...readdirSync(path.join(root, "examples")).flatMap((name) => (/\.(json|yaml)$/.test(name) ? [`examples/${name}`] : [])),
      ...readdirSync(path.join(root, "test/corpus/huggingface")).flatMap((name) => (name.endsWith("config.json") ? [`test/corpus/huggingface/${name}`] : [])),
    ]; // prettier-ignore
    let analogues = 0;
    for (const file of files) {
      const text = readFileSync(path.join(root, file), "utf8");
      const report = checkText(file, text);
      for (const [index, { verdict }] of report.architectures.entries()) {
        const { variants } = studyOf(file, text, report, index)!;
        const small = variants.find(({ id }) => id === "written/analogue");
        if (small === undefined) continue;
        analogues++;
        if (verdict === "unknown") continue; // for a part of the file that is not in the architecture
        assert.ok(isSmall(small.architecture), file);
        assert.equal(examine(small.architecture).report.verdict, verdict, file);
      }
    }
    assert.ok(analogues > 50, `${analogues} analogues`);
    assert.equal(studyOf("a.uap.json", "{", checkText("a.uap.json", "{"), 0), undefined);
  });

  it("random large architectures: a small copy is valid, and has their verdict, errors and kind of symmetry", () => {
    const scaled = fc.tuple(fc.integer({ min: 40, max: 400 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom<unknown>("absolute", "none", "rotary", { relative: "signed" }), fc.constantFrom<(w: number) => unknown>((w) => ({ window: w }), (w) => ({ window: { left: w, right: 0 } }), (w) => ({ window: { left: w, right: w, circular: true } }), (w) => ({ block: w }), (w) => ({ strided: w }), () => "full", () => "causal", (w) => ({ any: [{ window: w }, { global: [0] }] }), (w) => ({ longformer: { window: w, dilation: 2 } }))); // prettier-ignore
    let found = 0;
    fc.assert(
      fc.property(
        scaled,
        fc.constantFrom<Purpose>("look", "train"),
        ([tokens, reach, repeat, position, pattern], purpose) => {
          const input = { tokens, width: 16, position, layers: [{ repeat, attention: { pattern: pattern(reach) } }] };
          const architecture = architectureSchema.parse(input);
          const { report, findings } = examine(architecture);
          const errors = findings.filter(({ severity }) => severity === "error").map(({ code }) => code);
          const small = analogueOf(architecture, { report, errors }, purpose);
          if (typeof small === "string") return;
          found++;
          const again = examine(small.architecture);
          const own = again.findings.filter(({ severity }) => severity === "error").map(({ code }) => code);
          assert.equal(again.report.verdict, report.verdict);
          assert.deepEqual([...new Set(own)].sort(), [...new Set(errors)].sort());
          assert.ok(isSmall(small.architecture) && small.architecture.tokens < tokens);
          assert.deepEqual(checkConsistency(small.architecture, inputOf(small.architecture)), []);
        },
      ),
      { seed: 1, numRuns: 60 },
    );
    console.log(`      ${found} of 60 have one`);
    assert.ok(found > 40);
  });
});

/** The fields of the input syntax that consistency checks look at. */
const inputOf = ({ tokens, width, layers }: Architecture): ArchitectureInput => ({
  tokens,
  width,
  layers: layers.map(({ mixer }) => ({
    attention: {
      pattern: mixer.kind === "attention" ? (patternInput(mixer.heads[0].pattern) as "full") : "full",
    },
  })),
});

describe("pictures", () => {
  it("show the pattern and the reach of random architectures as the definitions have them", () => {
    fc.assert(
      fc.property(architectures(3, 6), (architecture) => {
        const { pictures } = portraitOf(architecture);
        if (pictures === null) return;
        const { tokens, registers } = architecture;
        const size = tokens + registers;
        const layers = unrolled(architecture);
        assert.equal(pictures.layers.length, layers.length);
        // What output t depends on after each layer, as sets, from the definitions alone.
        let depends = Array.from({ length: size }, (_, t) => new Set(t < tokens ? [t] : []));
        const first = new Map<string, number>(Array.from({ length: tokens }, (_, t) => [`${t},${t}`, 0]));
        layers.forEach(({ mixer }, l) => {
          const keys = Array.from({ length: size }, () => new Set<number>());
          if (mixer.kind === "convolution")
            for (let q = 0; q < tokens; q++)
              for (const offset of mixer.offsets) keys[q].add((((q + offset) % tokens) + tokens) % tokens);
          else
            mixer.heads.forEach(({ pattern }, h) => {
              if (pattern.kind === "random" || pattern.kind === "bigbird") return;
              const cells = pictures.patterns[pictures.layers[l][h]];
              for (let q = 0; q < size; q++)
                for (let k = 0; k < size; k++) {
                  const on = attends(pattern, q, k, tokens, size);
                  assert.equal(cells[q * size + k] === 1, on, `head ${h}, [${q}, ${k}]`);
                  if (on) keys[q].add(k);
                }
            });
          if (!mixer.residual) return; // what a token keeps of itself then is the theory's to say
          depends = depends.map((own, q) => new Set([...own, ...[...keys[q]].flatMap((k) => [...depends[k]])]));
          depends.slice(0, tokens).forEach((sources, t) =>
            sources.forEach((r) => {
              if (!first.has(`${t},${r}`)) first.set(`${t},${r}`, l + 1);
            }),
          );
        });
        const projected = layers.some(({ mixer }) => mixer.kind === "attention" && mixer.projection.kind !== "none");
        if (projected || layers.some(({ mixer }) => !mixer.residual)) return;
        for (let t = 0; t < tokens; t++)
          for (let r = 0; r < tokens; r++)
            assert.equal(pictures.reach[t * tokens + r], first.get(`${t},${r}`) ?? reachMarks.never, `${t} of ${r}`);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("mark what is seen and lost again", () => {
    // Without residual and with uniform weights, token 1 reads token 0 in the first layer and only token 2 in the second.
    const layer = (edges: [number, number][]) => ({
      attention: { pattern: { edges }, kernel: "uniform" as const, residual: false },
      feedForward: "none" as const,
    });
    const architecture = architectureSchema.parse({
      tokens: 3,
      width: 2,
      layers: [layer([[0, 0], [1, 0], [2, 2]]), layer([[0, 0], [1, 2], [2, 2]])], // prettier-ignore
    });
    const { reach } = portraitOf(architecture).pictures!;
    assert.deepEqual([...reach], [0, 255, 255, 254, 254, 2, 255, 255, 0]);
  });

  it("are left out where cells would be too small to see", () => {
    const architecture = architectureSchema.parse({ tokens: 1025, width: 4, layers: [{ attention: {} }] });
    assert.equal(portraitOf(architecture).pictures, null);
  });
});

describe("actions on the symmetry", () => {
  const after = (file: string, text: string, edits: readonly TextEdit[]) => {
    const lines = text.split("\n");
    const offset = ({ line, character }: { line: number; character: number }) =>
      lines.slice(0, line).reduce((sum, { length }) => sum + length + 1, 0) + character;
    const changed = [...edits]
      .sort((a, b) => offset(b.range.start) - offset(a.range.start))
      .reduce((t, { range, newText }) => t.slice(0, offset(range.start)) + newText + t.slice(offset(range.end)), text);
    return { changed, report: checkText(file, changed) };
  };
  const text = (body: string) => `tokens: 8\nwidth: 8\n${body}`;
  const window = (circular: boolean) => `layers:\n  - repeat: 4\n    attention: { pattern: { window: { left: 1, right: 1, circular: ${circular} } } }\n`; // prettier-ignore

  it("break it: positions leave nothing but the identity", () => {
    const own = text(window(true));
    const { symmetry } = study("a.uap.yaml", own);
    assert.deepEqual(symmetry.break.map(({ title }) => title), ["Add absolute positions"]); // prettier-ignore
    const { report } = after("a.uap.yaml", own, symmetry.break[0].edits);
    assert.equal(report.architectures[0].symmetry?.name, "trivial");
  });

  it("keep it: what is declared is exactly the group, and breaking it becomes an error", () => {
    for (const [body, name] of [
      [window(true), "D_8"],
      ["layers: [{ attention: { pattern: { block: 4 } } }]\n", "S_4 wr S_2"],
      ["layers: [{ attention: {} }]\n", "S_8"],
    ]) {
      const own = text(body);
      const { symmetry } = study("a.uap.yaml", own);
      assert.equal(symmetry.declared, null);
      assert.equal(symmetry.keep.length, 1, body);
      const { changed, report } = after("a.uap.yaml", own, symmetry.keep[0].edits);
      assert.equal(report.architectures[0].symmetry?.name, name);
      const declared = study("a.uap.yaml", changed).symmetry.declared;
      assert.deepEqual([declared?.name, declared?.relation], [name, "equal"]);
      const broken = checkText("a.uap.yaml", changed.replace("width: 8", "width: 8\nposition: absolute"));
      assert.ok(broken.findings.some(({ code }) => code === "UAP202"), broken.findings.map(({ code }) => code).join()); // prettier-ignore
    }
  });

  it("say how the declared symmetry relates to the model's", () => {
    const relation = (symmetry: string, body = window(true)) =>
      study("a.uap.yaml", text(`${body}target: { symmetry: ${symmetry} }\n`)).symmetry.declared?.relation;
    assert.equal(relation("D_8"), "equal");
    assert.equal(relation("trivial"), "model has more");
    assert.equal(relation("C_n"), "model has more");
    assert.equal(relation("S_n"), "model lacks some");
    assert.equal(relation("{ generators: [[[0, 1]]] }"), "neither contains the other");
    // The reflection of the line alone.
    assert.equal(relation("D_n", window(false)), "model lacks some");
    const mending = study("examples/broken-ring.uap.yaml").symmetry;
    assert.deepEqual(mending.keep.map(({ title }) => title), ["Make the windows circular"]); // prettier-ignore
    const excess = study("examples/stuck-symmetry.uap.yaml").symmetry;
    assert.deepEqual(excess.break.map(({ title }) => title), ["Add absolute positions"]); // prettier-ignore
  });
});
