/**
 * Exports: specifications and builder code are read back, exported PyTorch is read by the reader of model code, and what the frameworks themselves say of
 * exported files was measured before (test/corpus/tools/measure_exports.py) and is held to the theory here.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { exportArchitecture, ExportError, exportFormats } from "../../extension/exports";
import { readModelFile } from "../../extension/models";
import { prepareReading } from "../../extension/models/code";
import type { Architecture, ArchitectureInput } from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { design } from "../../extension/theory/design/design";
import { groupOf } from "../../extension/theory/design/groups";
import { examine } from "../../extension/theory/verdict/analyse";
import { architectures, everyMechanism } from "../reference/architectures";
import { corpusGroups } from "../reference/designs";
import { exported, measuredExports, pythonFormats } from "../reference/exportedDesigns";

const parsed = (input: ArchitectureInput): Architecture => {
  const result = parseArchitecture(input);
  assert.ok("architecture" in result, JSON.stringify(result));
  return result.architecture;
};
/** Without prototypes, which random architectures differ in. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("exports", () => {
  before(() => Promise.all(["m.py", "m.ts"].map(prepareReading)));

  it("read back to the same architecture as JSON, YAML and builder code", () => {
    for (const arbitrary of [architectures(2, 6), everyMechanism(2, 6)])
      fc.assert(
        fc.property(arbitrary, (architecture) => {
          for (const format of ["json", "yaml", "typescript"] as const) {
            const { fileName, text } = exportArchitecture(architecture, format);
            const model = readModelFile(fileName, text);
            assert.deepEqual(model?.errors, [], text);
            assert.deepEqual(plain(model?.architectures[0]?.architecture), plain(architecture), text);
          }
        }),
        { numRuns: 60, seed: 7 },
      );
  });

  it("say no more than a person would", () => {
    const ring = parsed({
      name: "ring",
      tokens: 8,
      width: 4,
      layers: [{ repeat: 2, attention: { pattern: { window: { left: 1, right: 1, circular: true } } } }],
    });
    assert.equal(
      exportArchitecture(ring, "typescript").text,
      `import { attention, transformer, window } from "uap-lens";

/** ring */
export const ring = transformer({
  name: "ring",
  tokens: 8,
  width: 4,
  layers: [attention({ pattern: window({ left: 1, right: 1, circular: true }) }).repeat(2)],
});
`,
    );
    assert.match(exportArchitecture(ring, "pytorch").text, /return \(k - q \+ 1\) % TOKENS <= 2\n/);
    assert.match(exportArchitecture(ring, "flex-attention").text, /return \(k - q \+ 1\) % TOKENS <= 2\n/);
    assert.match(exportArchitecture(ring, "jax").text, /return \(k - q \+ 1\) % TOKENS <= 2\n/);
  });

  it("have valid names whatever the architecture is called", () => {
    const names = ["", "None", "class", "window", "3 tokens", 'a"""b', "a\\", "*/ alert(1) //", "é\u202e\n\ud800", "torch", "con", "Attention", "{x}", "`${x}`"]; // prettier-ignore
    for (const name of names) {
      const architecture = parsed({ name, tokens: 3, width: 2, layers: [{ attention: { pattern: { window: 1 } } }] });
      for (const format of exportFormats) {
        const { fileName, text } = exportArchitecture(architecture, format);
        assert.match(fileName, /^[\w-]+(\.uap)?\.(json|yaml|ts|py)$/, name);
        assert.doesNotMatch(text, /\p{Cs}|\u202e/u, name);
        const model = readModelFile(fileName, text);
        if (format === "jax") continue; // functions without modules are not read
        assert.deepEqual(model?.errors, [], `${name}: ${text}`);
        if (["json", "yaml", "typescript"].includes(format) && name !== "")
          assert.equal(model?.architectures[0]?.architecture.name, name, format);
        if (pythonFormats.some((own) => own === format)) {
          // The docstring is closed where it is meant to be, and the class has a name of its own.
          assert.equal(text.match(/(?<!\\)"""/g)!.length % 2, 0, text);
          assert.match(text, /^class (?!None|Attention\b.*nn\.Module\):\n {4}"""Maps)[A-Z]\w*\(nn\.Module\):$/m, name);
        }
      }
    }
  });

  it("use everything that they define", () => {
    let severalCounts = 0;
    for (const architecture of fc.sample(everyMechanism(2, 5), { numRuns: 150, seed: 3 }))
      for (const format of pythonFormats) {
        const text = exported(architecture, format);
        if (text === undefined) continue;
        // Layers with other numbers of heads have functions and tables of their own.
        severalCounts += Number(text.includes("HEADS_2"));
        for (const [, name] of text.matchAll(/^(?:def |class )?(\w+)(?= = |\()/gm)) {
          const isSize = ["TOKENS", "REGISTERS", "SIZE", "WIDTH"].includes(name);
          assert.ok(isSize || text.match(new RegExp(`\\b${name}\\b`, "g"))!.length > 1, `${name} in\n${text}`);
        }
      }
    assert.ok(severalCounts > 20);
  });

  it("refuse what a format cannot say, naming it", () => {
    const of = (attention: NonNullable<ArchitectureInput["layers"][number]["attention"]>) =>
      parsed({ tokens: 4, width: 2, layers: [{ attention }] });
    const cases: [Architecture, (typeof exportFormats)[number], RegExp][] = [
      [of({ kernel: "hard" }), "pytorch", /Hard attention/],
      [of({ kernel: "hard" }), "jax", /Hard attention/],
      [of({ projection: { linformer: { rank: 2 } } }), "flex-attention", /Linformer's projection/],
      [of({ projection: { nystrom: { landmarks: 2 } } }), "flex-attention", /Nystrom's landmarks/],
      [of({ kernel: "polynomial", degree: 3 }), "flex-attention", /odd powers/],
      [
        parsed({ tokens: 40_000, width: 2, layers: [{ attention: { pattern: "causal" } }] }),
        "pytorch",
        /mask of 40000/,
      ],
    ];
    for (const [architecture, format, message] of cases)
      assert.throws(() => exportArchitecture(architecture, format), (error) => error instanceof ExportError && message.test(error.message)); // prettier-ignore
  });

  it("are read, where the reader of PyTorch understands them, as what they were", () => {
    const counts = { same: 0, notUnderstood: 0 };
    const random = fc.sample(architectures(2, 5), { numRuns: 120, seed: 1 });
    for (const architecture of [...random, ...measuredExports().map((one) => one.architecture)])
      for (const format of ["pytorch", "flex-attention"] as const) {
        const text = exported(architecture, format);
        if (text === undefined) continue;
        const read = readModelFile("m.py", text)?.architectures[0];
        if (read === undefined || read.skipped.some(({ affects }) => affects === "everything")) {
          counts.notUnderstood++;
          continue;
        }
        const own = examine(architecture).report;
        const theirs = examine({ ...read.architecture, target: architecture.target }).report;
        assert.deepEqual(
          [theirs.verdict, theirs.symmetry, theirs.attentionLayers],
          [own.verdict, own.symmetry, own.attentionLayers],
          text,
        );
        counts.same++;
      }
    assert.ok(counts.same >= 40, JSON.stringify(counts));
  });

  it("of designs read back as certified for the same group, registers among them", () => {
    let registers = 0;
    for (const { id, request } of corpusGroups().filter((group) => /^[3-5]T\d+$/.test(group.id)))
      for (const { title, architecture } of design(groupOf(request), { width: 8 }).designs) {
        if (architecture.layers.some(({ mixer }) => mixer.kind === "convolution")) continue; // not read from code
        registers += architecture.registers;
        for (const format of ["pytorch", "flex-attention"] as const) {
          const read = readModelFile("m.py", exportArchitecture(architecture, format).text)?.architectures[0];
          assert.ok(read, `${id}, ${title}: ${format}`);
          assert.deepEqual(read.skipped, []);
          const own = examine(architecture).report;
          const theirs = examine({ ...read.architecture, target: architecture.target }).report;
          assert.equal(theirs.verdict, "certified", `${id}, ${title}: ${format}`);
          assert.deepEqual([theirs.symmetry, theirs.attentionLayers], [own.symmetry, own.attentionLayers]);
        }
      }
    assert.ok(registers > 0);
  });

  it("do in the frameworks what the theory says", function () {
    const file = path.join(__dirname, "..", "corpus", "designs", "exports.json");
    assert.ok(existsSync(file), "test/corpus/tools/measure_exports.py writes it");
    const { exports: measured } = JSON.parse(readFileSync(file, "utf8")) as {
      exports: Record<string, { order: string | null } & Partial<Record<string, Measured>>>;
    };
    const current = measuredExports();
    assert.deepEqual(Object.keys(measured), current.map(({ id }) => id)); // prettier-ignore
    for (const { id, architecture, order, texts } of current)
      for (const format of pythonFormats) {
        const text = texts[format];
        const found = measured[id][format];
        assert.equal(found === undefined, text === undefined, `${id} ${format}`);
        if (text === undefined || found === undefined) continue;
        const sha256 = createHash("sha256").update(text).digest("hex");
        assert.equal(found.sha256, sha256, `${id} as ${format} has changed: measure it again`);
        assert.ok(found.passes && found.visible, `${id} ${format}`);
        if (order !== null) assert.equal(String(found.symmetries), order, `${id} ${format}`);
        assert.ok(found.symmetric < 1e-11 && (found.other === null || found.other > 1e-9), `${id} ${format}`);
        assert.ok(found.agreement < 1e-9, `${id} ${format}`);
        assert.ok(architecture.tokens <= 6);
      }
  });
});

interface Measured {
  sha256: string;
  passes: boolean;
  symmetries: number;
  symmetric: number;
  other: number | null;
  visible: boolean;
  agreement: number;
}
