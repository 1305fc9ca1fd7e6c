/**
 * The corpus of model code: what the readers make of each file against what was written down beforehand, without them (expected.json), and against
 * what PyTorch, Keras and JAX compute from the same source (measured.json, made by tools/measure_code.py).
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { checkModel } from "../../extension/check";
import { readModelFile } from "../../extension/models";
import { prepareReading } from "../../extension/models/code";
import type { ModelFile } from "../../extension/models/modelFile";
import { LineMap } from "../../extension/models/ranges";
import { architectureInput } from "../../extension/theory/architecture/input";
import type { Architecture, ArchitectureInput } from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { equalRows } from "../../extension/theory/patterns/algebra";
import { buildRows } from "../../extension/theory/patterns/build";
import type { FileReport, Finding, Range } from "../../extension/theory/verdict/report";

interface ExpectedModel {
  name: string;
  /** Without its name. */
  spec: Omit<ArchitectureInput, "name">;
  /** Codes of findings that only inform. */
  info: string[];
  verdict: string;
}

interface Expected {
  idiom: string;
  models?: ExpectedModel[];
  /** `at`: texts, one of which the finding's range is, or has inside it, or is inside of. */
  findings: { code: string; severity: string; at: string[] }[];
  asks?: string[];
  /** Whether a question is no fault: the code can be understood in more than one way. */
  mayAsk?: boolean;
  /** Codes that are no mistake. */
  mayFind?: string[];
  understood?: boolean;
  silent?: boolean;
  /** A mask outside of a model: its width and the number of its equal heads mean nothing. */
  standalone?: boolean;
}

const folder = path.join(__dirname, "..", "corpus", "code");
const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
const expected = JSON.parse(read("expected.json")) as Record<string, Expected>;

/** Only what the architecture says, patterns by their rows. */
function sameArchitecture(actual: Architecture, wanted: ArchitectureInput, anyHeads: boolean): void {
  const parsed = parseArchitecture(wanted);
  assert.ok("architecture" in parsed, JSON.stringify(parsed));
  const { architecture } = parsed;
  const plain = (one: Architecture) => {
    const input = JSON.parse(JSON.stringify(architectureInput(one))) as ArchitectureInput;
    const layers = one.layers.flatMap(({ repeat, mixer, feedForward, norm }) =>
      Array.from({ length: repeat }, () => ({
        mixer:
          mixer.kind === "attention"
            ? { ...mixer, heads: anyHeads ? 1 : mixer.heads.reduce((sum, { count }) => sum + count, 0) }
            : mixer,
        biases: mixer.kind === "attention" ? mixer.heads.map(({ bias }) => bias) : [],
        feedForward: feedForward && { activation: feedForward.activation, bias: feedForward.bias, frozen: feedForward.frozen, residual: feedForward.residual }, // prettier-ignore
        norm: norm?.placement,
      })),
    );
    return { tokens: input.tokens, registers: input.registers, position: input.position, layers };
  };
  assert.deepEqual(plain(actual), plain(architecture));
  const patterns = (one: Architecture) =>
    one.layers.flatMap(({ repeat, mixer }) => {
      if (mixer.kind !== "attention") return [];
      const heads = mixer.heads.flatMap(({ count, pattern }) =>
        Array.from({ length: anyHeads ? 1 : count }, () => pattern),
      );
      return Array.from({ length: repeat }, () => heads).flat();
    });
  const [got, want] = [patterns(actual), patterns(architecture)];
  assert.equal(got.length, want.length, "heads of all layers");
  const { tokens, registers } = actual;
  const rows = new Map<unknown, ReturnType<typeof buildRows>>();
  const rowsOf = (pattern: (typeof got)[number]) => {
    const key = JSON.stringify(pattern);
    if (!rows.has(key)) rows.set(key, buildRows(pattern, tokens, registers));
    return rows.get(key)!;
  };
  got.forEach((pattern, i) =>
    assert.ok(
      equalRows(rowsOf(pattern), rowsOf(want[i])),
      `${JSON.stringify(pattern)} is not ${JSON.stringify(want[i])}`,
    ),
  );
}

/** Whether a range is about a snippet of the text: the same place, or one inside the other on a line. */
function isAt(text: string, lines: LineMap, range: Range, snippet: string): boolean {
  const [from, to] = [lines.offset(range.start), lines.offset(range.end)];
  for (let at = text.indexOf(snippet); at >= 0; at = text.indexOf(snippet, at + 1)) {
    const end = at + snippet.length;
    if ((at <= from && to <= end) || (from <= at && end <= to && to - from <= 4 * snippet.length + 40)) return true;
  }
  return false;
}

describe("the corpus of model code", () => {
  before(async () => {
    for (const name of ["a.py", "a.ts", "a.js", "a.tsx"]) await prepareReading(name);
  });

  it("is large, and every file of it has an expectation", () => {
    const files = readdirSync(folder).filter((name) => /\.(py|ipynb|m?[jt]s)$/.test(name));
    assert.deepEqual(files.sort(), Object.keys(expected).sort());
    assert.ok(files.length >= 80);
    const planted = Object.values(expected).filter(({ findings }) => findings.length > 0);
    assert.ok(planted.length >= 25);
  });

  for (const [name, wanted] of Object.entries(expected)) {
    describe(`${name} (${wanted.idiom})`, () => {
      let text: string;
      let lines: LineMap;
      let report: FileReport | undefined;
      let model: ModelFile | undefined;
      before(() => {
        text = read(name);
        lines = new LineMap(text);
        report = checkModel(name, text);
        model = readModelFile(name, text);
      });

      /** Asked about, or said not to be understood, where that is no fault. */
      const isLeft = (): boolean => wanted.mayAsk === true && (model?.architectures.length ?? 0) === 0;

      if (wanted.models && wanted.models.length > 0)
        it("is read as the architecture that it is", () => {
          if (isLeft()) return;
          for (const { name: title, spec, verdict } of wanted.models!) {
            const index = model?.architectures.findIndex(({ architecture }) => architecture.name === title) ?? -1;
            const found = model?.architectures.map(({ architecture }) => architecture.name).join(", ");
            const said = [...(model?.notes ?? []), ...(model?.errors ?? []), ...(model?.questions ?? [])].map(({ message }) => message); // prettier-ignore
            assert.ok(index >= 0, `${title} is not among [${found}]; ${said.join(" / ")}`);
            sameArchitecture(
              model!.architectures[index].architecture,
              { ...spec, name: title },
              wanted.standalone === true,
            );
            assert.equal(report!.architectures[index].verdict, verdict);
          }
        });

      it("has the findings that it should have, where their causes are, and no others", () => {
        const findings = report?.findings ?? [];
        if (isLeft()) {
          assert.deepEqual(
            findings.filter(({ severity }) => severity !== "info"),
            [],
          );
          return;
        }
        const matched = new Set<Finding>();
        for (const { code, severity, at } of wanted.findings) {
          const candidates = findings.filter((finding) => finding.code === code);
          const found = candidates.find(({ range }) => at.some((snippet) => isAt(text, lines, range, snippet)));
          const where = candidates.map(({ range }) => text.slice(lines.offset(range.start), lines.offset(range.end)));
          assert.ok(found, `${code} at ${at.join(" or ")}; it is at [${where.join(", ")}], of ${findings.map((one) => one.code).join(", ")}`); // prettier-ignore
          assert.equal(found.severity, severity, code);
          matched.add(found);
        }
        const may = new Set(wanted.mayFind);
        const rest = findings.filter((one) => !matched.has(one) && one.severity !== "info" && !may.has(one.code));
        assert.deepEqual(rest.map(({ code, message }) => `${code} ${message}`), []); // prettier-ignore
        const info = new Set((wanted.models ?? []).flatMap((one) => one.info));
        for (const code of info)
          assert.ok(
            findings.some((finding) => finding.code === code),
            code,
          );
      });

      it("asks what it should ask, and leaves alone what it does not understand", () => {
        const asked = (report?.questions ?? []).flatMap(({ missing }) => missing);
        if (wanted.asks) assert.deepEqual([...new Set(asked)].sort(), [...wanted.asks].sort());
        else if (!wanted.mayAsk) assert.deepEqual(asked, []);
        if (wanted.understood === false) assert.deepEqual(report?.architectures ?? [], []);
        if (wanted.silent) assert.equal(report, undefined);
      });
    });
  }
});

interface Measured {
  matrices: Record<string, unknown>;
  files: Record<string, { sha256: string }>;
}

describe("the measurements of the corpus", () => {
  const measured = JSON.parse(read("measured.json")) as Measured;

  it("are of the files as they are", () => {
    for (const [name, { sha256 }] of Object.entries(measured.files))
      assert.equal(
        createHash("sha256").update(read(name)).digest("hex"),
        sha256,
        `${name} has changed: measure it again (README.md)`,
      );
  });
});
