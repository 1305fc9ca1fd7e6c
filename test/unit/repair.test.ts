/**
 * Repairs: of every refuted example and corpus file, made in its text and checked again; of small and of random architectures, against the float64 reference over
 * all permutations and replacements.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import path from "node:path";
import { globSync } from "tinyglobby";
import { readModelFile } from "../../extension/models";
import { prepareReading } from "../../extension/models/code";
import { applied } from "../../extension/models/ranges";
import { repairsOf } from "../../extension/repairs";
import type { Architecture, ArchitectureInput, Pattern } from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { attentionCost } from "../../extension/theory/design/cost";
import { attentionInWords, repair, type Repair } from "../../extension/theory/design/repair";
import { buildRows } from "../../extension/theory/patterns/build";
import { contains } from "../../extension/theory/patterns/algebra";
import { declaredGroup } from "../../extension/theory/symmetry/naming";
import { examine, type Analysis, type SkippedPart } from "../../extension/theory/verdict/analyse";
import { architectures } from "../reference/architectures";
import { noGaps, Unsettled } from "../reference/coincidences";
import { Numeric } from "../reference/numeric";

const root = path.resolve(import.meta.dirname, "../..");

const hasError = ({ findings }: Analysis): boolean => findings.some(({ severity }) => severity === "error");
const isBroken = (analysis: Analysis): boolean => analysis.report.verdict === "refuted" || hasError(analysis);

/** What every repair has to be, whatever it was made of. */
function isSound(architecture: Architecture, skipped: readonly SkippedPart[], one: Repair): void {
  const after = examine(one.architecture, skipped);
  assert.equal(after.report.verdict, one.report.verdict, one.title);
  assert.ok(!hasError(after), `${one.title} leaves ${after.findings.map(({ code }) => code).join()}`);
  assert.deepEqual(one.architecture.target, architecture.target);
  // Normalisation, or what was not read, is no better covered than before.
  const outside = new Set(["feed-forward", "analytic", "normalisation", "projection", "reading"]);
  const isCovered = examine(architecture, skipped).report.conditions.every(
    ({ id, status }) => !(outside.has(id) && status === "not-covered"),
  );
  assert.equal(one.report.verdict, isCovered ? "certified" : "supported", one.title);
  const full = attentionCost(architecture).fullScores;
  assert.equal(one.ofFull, attentionCost(one.architecture).scores / full);
  assert.equal(one.warning !== null, one.ofFull > 1, one.title);
  assert.equal(attentionInWords(one.ofFull).includes("times"), one.ofFull > 1);
}

describe("repairs of the examples and of the corpus", () => {
  const sources = globSync(
    [
      "examples/**/*.uap.{json,yaml}",
      "examples/**/config.json",
      "examples/*.{py,ipynb}",
      "test/corpus/huggingface/*.config.json",
      "test/corpus/code/*.{py,ipynb,ts,mts,js}",
    ],
    { cwd: root },
  ).sort();
  let broken = 0;
  let made = 0;
  /** None of the repairs can be made in the text. */
  const uneditable: string[] = [];
  const unrepaired: string[] = [];

  for (const source of sources)
    it(source, async () => {
      await prepareReading(source);
      const text = readFileSync(path.join(root, source), "utf8");
      for (const [index, { architecture, skipped }] of (readModelFile(source, text)?.architectures ?? []).entries()) {
        const before = examine(architecture, skipped);
        if (!isBroken(before)) continue;
        broken++;
        const { outcome, edits } = repairsOf(source, text, index)!;
        assert.equal(outcome.none === null, outcome.repairs.length > 0);
        if (outcome.none !== null) {
          assert.notEqual(before.report.verdict, "refuted", outcome.none);
          unrepaired.push(`${path.basename(source)}: ${outcome.none}`);
          continue;
        }
        const scores = outcome.repairs.map(({ cost }) => cost.scores);
        assert.deepEqual(
          scores,
          scores.toSorted((a, b) => a - b),
          "the least attention first",
        );
        for (const one of outcome.repairs) isSound(architecture, skipped, one);
        const able = outcome.repairs.flatMap((one, i) => (edits[i] === null ? [] : [{ one, made: edits[i] }]));
        if (able.length === 0) uneditable.push(path.basename(source));
        // Reading long sequences again takes longest.
        for (const { one, made: changes } of able.slice(0, architecture.tokens > 4096 ? 1 : able.length)) {
          const again = readModelFile(source, applied(text, changes))?.architectures[index];
          assert.ok(again, `${one.title}: the architecture is still there`);
          const after = examine(again.architecture, again.skipped);
          assert.equal(after.report.verdict, one.report.verdict, one.title);
          assert.ok(!hasError(after), one.title);
          made++;
        }
      }
    });

  it("are there for all that is refuted, and can be made in all files but those whose code says it in a way that is not edited", () => {
    assert.ok(broken >= 60, `${broken} were broken`);
    assert.ok(made >= 100, `${made} repairs were made`);
    // Equivariance under all permutations and causality leave tokenwise maps only.
    assert.equal(unrepaired.length, 1, unrepaired.join("\n"));
    assert.match(unrepaired[0], /^causal_set_declared\.py: .*exclude each other/);
    assert.deepEqual(uneditable.sort(), [
      "alternating_group.py", // registers joined to the tokens by pair classes are another model
      "flex_document_table.py", // the mask is a table of documents: there is no window or token to change, and links are not written into code
      "keras_no_positions.py", // positions are not added to models of Keras
      "no_ffn.py", // a network that is not there is not written, but into x-transformers
      "ring_window_open.py", // the window's two sides are one number, its ends another
      "tfjs_no_activation.js", // activations of TensorFlow.js are not edited
    ]);
  });
});

// ---------------------------------------------------------------------------------------------------------- by numbers

/** Links drawn at random have no pointwise definition: as the pairs that they are. */
function withPairs(architecture: Architecture): Architecture {
  const { tokens, registers } = architecture;
  const size = tokens + registers;
  const all = Array.from({ length: size }, (_, i) => i);
  const listed = (pattern: Pattern): Pattern => {
    switch (pattern.kind) {
      case "random": {
        const rows = buildRows(pattern, tokens, registers);
        const edges = all.flatMap((q) => all.filter((k) => contains(rows, q, k)).map((k): [number, number] => [q, k]));
        return { kind: "edges", edges };
      }
      case "any":
      case "all":
        return { ...pattern, patterns: pattern.patterns.map(listed) };
      case "not":
        return { ...pattern, pattern: listed(pattern.pattern) };
      default:
        return pattern;
    }
  };
  const layers = architecture.layers.map((block) => {
    if (block.mixer.kind !== "attention") return block;
    const heads = block.mixer.heads.map((head) => ({ ...head, pattern: listed(head.pattern) }));
    return { ...block, mixer: { ...block.mixer, heads } };
  });
  return { ...architecture, layers };
}

const key = (permutation: ArrayLike<number>) => Array.from(permutation).join();

/** Holds a repair to float64 evaluation: what outputs see, the symmetry, and that nothing else coincides. */
function holdsByNumbers(architecture: Architecture, one: Repair, seed: number): void {
  const numeric = new Numeric(withPairs(one.architecture), seed, noGaps());
  const { symmetry, visibility } = architecture.target;
  assert.equal(numeric.visibility(), visibility === "causal" ? "causal" : "full", one.title);
  const group = numeric.group();
  assert.ok(numeric.onlyForced(group), `${one.title}: some outputs coincide that nothing forces to`);
  if (symmetry !== null) {
    const declared = declaredGroup(symmetry, architecture.tokens);
    assert.equal(String(group.length), declared.order.toString(), one.title);
    assert.ok(
      group.every((pi) => declared.contains(Int32Array.from(pi))),
      one.title,
    );
  } else if (examine(architecture).symmetry !== null) {
    const own = new Set(new Numeric(withPairs(architecture), seed, noGaps()).group().map(key));
    assert.ok(group.every((pi) => own.has(key(pi))), `${one.title}: more symmetry than there was`); // prettier-ignore
  }
}

describe("repairs of small architectures, by numbers", () => {
  type Layer = ArchitectureInput["layers"][number];
  const attention = (pattern: unknown, more: object = {}): Layer => ({ attention: { pattern, ...more } }) as Layer;
  const cases: { what: string; input: Omit<ArchitectureInput, "width">; offers: RegExp[] }[] = [
    {
      what: "a window that does not reach",
      input: { tokens: 5, layers: [{ repeat: 2, ...attention({ window: 1 }) }], position: "absolute" },
      offers: [/^Use 4 layers$/, /^Widen the window to 2$/, /^Make token 0 global$/, /random link/],
    },
    {
      what: "blocks apart",
      input: { tokens: 4, layers: [{ repeat: 3, ...attention({ block: 2 }) }], position: "absolute" },
      offers: [/shifted by half a block$/, /^Make token 0 global$/],
    },
    {
      what: "a dilated window",
      input: { tokens: 5, layers: [{ repeat: 4, ...attention({ window: { left: 2, right: 2, dilation: 2 } }) }] },
      offers: [/^Widen the window to 1/, /^Make token 0 global/],
    },
    {
      what: "a causal layer without positions",
      input: { tokens: 4, layers: [attention("causal")], target: { visibility: "causal" } },
      offers: [/^Use 2 layers$/, /^Add absolute positions$/],
    },
    {
      what: "tokens that see nothing",
      input: {
        tokens: 4,
        layers: [{ repeat: 2, ...attention({ expression: "k < q" }) }],
        target: { visibility: "causal" },
      },
      offers: [/^Let every token see itself$/, /^Attend to every earlier token$/],
    },
    {
      what: "no positions where a task has no symmetry",
      input: { tokens: 4, layers: [attention("full")], target: { symmetry: "trivial" } },
      offers: [/^Add absolute positions$/],
    },
    {
      what: "an open ring",
      input: { tokens: 5, layers: [{ repeat: 4, ...attention({ window: 1 }) }], target: { symmetry: "C_n" } },
      offers: [/one side only and make the windows circular$/],
    },
    {
      what: "positions that break a declared symmetry",
      input: { tokens: 4, layers: [attention("full")], position: "absolute", target: { symmetry: "S_n" } },
      offers: [/^Remove the positions$/],
    },
    {
      what: "a declared symmetry of pairs of tokens",
      input: {
        tokens: 4,
        layers: [{ repeat: 2, ...attention("full") }],
        target: { symmetry: { generators: [[[0, 1]], [[2, 3]]] } },
      },
      offers: [/^Give every orbit of C_2 x C_2 on pairs/],
    },
    {
      what: "even permutations",
      input: { tokens: 4, layers: [{ repeat: 2, ...attention("full") }], target: { symmetry: "A_n" } },
      offers: [/registers/],
    },
    {
      what: "layers without residual paths",
      input: { tokens: 3, layers: [{ repeat: 2, ...attention("full", { kernel: "uniform", residual: false }) }] },
      offers: [/^Add the residual paths that are missing$/],
    },
    {
      what: "a convolution that skips every other token",
      input: { tokens: 4, layers: [{ repeat: 3, convolution: { taps: [0, 2] } }] },
      offers: [/tap at the next token$/],
    },
  ];
  for (const { what, input, offers } of cases)
    it(what, () => {
      const parsed = parseArchitecture({ width: 4, ...input });
      assert.ok("architecture" in parsed, JSON.stringify(parsed));
      const { architecture } = parsed;
      const { repairs, none } = repair(architecture);
      for (const offer of offers)
        assert.ok(
          repairs.some(({ title }) => offer.test(title)),
          `${offer} is not among ${repairs.map(({ title }) => title).join("; ")}${none ?? ""}`,
        );
      for (const one of repairs) {
        isSound(architecture, [], one);
        holdsByNumbers(architecture, one, 20_261_126);
      }
    });

  it("take the least number that does", () => {
    const parsed = parseArchitecture({ tokens: 12, width: 2, position: "absolute", layers: [{ repeat: 2, attention: { pattern: { window: 2 } } }] }); // prettier-ignore
    assert.ok("architecture" in parsed);
    const { architecture } = parsed;
    // Eleven steps of two are six hops; eleven steps in two hops are windows of six.
    const titles = repair(architecture).repairs.map(({ title }) => title);
    assert.ok(titles.includes("Use 6 layers"), titles.join("; "));
    assert.ok(titles.includes("Widen the window to 6"), titles.join("; "));
  });

  it("say why there are none", () => {
    const wide = parseArchitecture({ tokens: 300_000, width: 2, layers: [{ attention: { pattern: { block: 2 } } }] });
    assert.ok("architecture" in wide);
    assert.match(repair(wide.architecture).none ?? "", /up to 262,144 tokens/);
    const narrow = parseArchitecture({ tokens: 4, width: 1, layers: [{ attention: { pattern: { block: 2 } } }] });
    assert.ok("architecture" in narrow);
    assert.match(repair(narrow.architecture).none ?? "", /width of at least 2/);
    const fine = parseArchitecture({ tokens: 4, width: 2, layers: [{ attention: {} }] });
    assert.ok("architecture" in fine);
    assert.deepEqual([repair(fine.architecture).repairs, repair(fine.architecture).none], [[], null]);
    const unread: SkippedPart = { message: "the mask was not read", affects: "everything" };
    const { architecture } = parseArchitecture({ tokens: 4, width: 2, layers: [{ attention: { pattern: { block: 2 } }, feedForward: "none" }] }) as { architecture: Architecture }; // prettier-ignore
    assert.match(repair(architecture, [unread]).none ?? "", /the mask was not read/);
  });
});

describe("repairs of random architectures", () => {
  it("are certified, and are what they are said to be by numbers too", () => {
    let repaired = 0;
    let settled = 0;
    const seen = new Set<string>();
    fc.assert(
      fc.property(architectures(2, 4), fc.nat(), (architecture, draws) => {
        if (!isBroken(examine(architecture))) return;
        const { repairs, none } = repair(architecture);
        assert.ok(repairs.length > 0, none ?? "");
        repaired++;
        for (const one of repairs) isSound(architecture, [], one);
        const one = repairs[draws % repairs.length];
        seen.add(one.title.replace(/\d+/g, "N"));
        try {
          holdsByNumbers(architecture, one, draws);
          settled++;
        } catch (error) {
          // Badly conditioned draws settle nothing, neither way.
          if (!(error instanceof Unsettled)) throw error;
        }
      }),
      { numRuns: 90, seed: 20_261_126 },
    );
    assert.ok(repaired >= 20, `${repaired} were repaired`);
    assert.ok(settled >= 0.9 * repaired, `${settled} of ${repaired} were settled`);
    assert.ok(seen.size >= 8, [...seen].join("; "));
  });
});
