/** Designs: certified for exactly the group, measured on models, and the numbers that they are ranked by. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { start } from "../../extension/runtime/backends/start";
import { build } from "../../extension/runtime/builders/build";
import { architectureInput } from "../../extension/theory/architecture/input";
import { architectureSchema } from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { attentionCost } from "../../extension/theory/design/cost";
import { design, type DesignOutcome } from "../../extension/theory/design/design";
import { groupOf, requestOf } from "../../extension/theory/design/groups";
import { parameterCount } from "../../extension/theory/design/parameters";
import { isTwoClosed } from "../../extension/theory/symmetry/closure";
import { PermutationGroup } from "../../extension/theory/symmetry/group";
import { fromCycles, isEven } from "../../extension/theory/symmetry/permutation";
import { examine } from "../../extension/theory/verdict/analyse";
import { attends } from "../reference/float64";
import {
  corpusGroups,
  designsOf,
  knownDesigns,
  knownMeasurements,
  measureDesign,
  summariesOf,
} from "../reference/designs";

/** What holds of every design, whatever the group. */
function check(outcome: DesignOutcome, group: PermutationGroup, name: string): void {
  const seen = new Set<string>();
  let before: number[] = [];
  for (const { title, reason, architecture, report, cost, parameters } of outcome.designs) {
    const at = `${name}: ${title}`;
    // As a file, read again and analysed anew: certified, with the group as its declared target and no finding against it.
    const parsed = parseArchitecture(JSON.parse(JSON.stringify(architectureInput(architecture))));
    assert.ok("architecture" in parsed, `${at}: ${JSON.stringify(parsed)}`);
    assert.deepEqual(parsed.architecture, architecture, at);
    const { report: again, findings } = examine(parsed.architecture);
    assert.deepEqual(again, report, at);
    assert.equal(report.verdict, "certified", at);
    assert.deepEqual(findings.filter(({ severity }) => severity === "error"), [], at); // prettier-ignore
    const { generators, order } = report.symmetry!;
    const found = PermutationGroup.generate(group.degree, generators!.map((list) => fromCycles(group.degree, list))); // prettier-ignore
    assert.ok(found.equals(group) && order === String(group.order), at);
    assert.deepEqual(cost, attentionCost(architecture), at);
    assert.equal(parameters, parameterCount(architecture), at);
    assert.ok(reason.includes(".") && architecture.name.includes(title.slice(0, 20)), at);
    const now = [cost.pairsPerLayer, cost.layers, parameters];
    const later = now.findIndex((value, i) => value !== (before[i] ?? value));
    assert.ok(later < 0 || now[later] > before[later], `${at} comes too late`);
    before = now;
    seen.add(JSON.stringify({ ...architecture, name: "" }));
  }
  assert.equal(seen.size, outcome.designs.length, `${name}: two designs are alike`);
  assert.ok(outcome.designs.length <= 10);
}

/** The groups whose designs are made anew here: all on up to four tokens and every ninth; the tool makes all of them. */
const sample = corpusGroups().filter(({ request, id }, i) => i % 9 === 0 || (request.kind === "generators" && (request.tokens ?? 9) <= 4) || id === "5T4"); // prettier-ignore

describe("designs", () => {
  it("are certified for exactly the group, cheapest first, and those that are checked in", () => {
    const known = knownDesigns();
    for (const entry of sample) {
      const outcome = designsOf(entry);
      check(outcome, groupOf(entry.request).group, entry.id);
      assert.ok(outcome.designs.length > 0, entry.id);
      assert.deepEqual(summariesOf(outcome), known[entry.id], entry.id);
    }
  });

  it("are there for every group of the corpus, with registers exactly where it is not 2-closed", () => {
    const known = knownDesigns();
    for (const { id, request } of corpusGroups()) {
      assert.ok(known[id].length > 0, id);
      assert.ok(known[id].every(({ verdict }) => verdict === "certified"), id); // prettier-ignore
      const closed = isTwoClosed(groupOf(request).group);
      // One register may be a hub; it tells nothing apart.
      for (const { registers } of known[id]) assert.ok(closed ? registers <= 1 : registers > 1, id);
    }
  });

  it("have the group's symmetries and no other, measured on models over all n! permutations", () => {
    const measured = knownMeasurements();
    const designs = knownDesigns();
    let count = 0;
    for (const { id, request, order } of corpusGroups()) {
      const { degree } = groupOf(request);
      if (degree > 7) continue;
      assert.deepEqual(measured[id].map(({ title }) => title), designs[id].map(({ title }) => title), id); // prettier-ignore
      const factorial = [1, 1, 2, 6, 24, 120, 720, 5040][degree];
      for (const { permutations, symmetries, largestOfSymmetries, smallestOfOthers } of measured[id]) {
        assert.deepEqual([permutations, String(symmetries)], [factorial, order], id);
        assert.ok(largestOfSymmetries < 1e-12 && (smallestOfOthers ?? 1) > 1e-9, id);
        count++;
      }
    }
    assert.ok(count > 150);
    for (const entry of sample.filter(({ request }) => groupOf(request).degree <= 5))
      designsOf(entry).designs.forEach(({ architecture, title }, i) => {
        const { permutations, symmetries } = measureDesign(architecture, title, 7);
        assert.deepEqual([permutations, symmetries], [measured[entry.id][i].permutations, measured[entry.id][i].symmetries], entry.id); // prettier-ignore
      });
  });

  it("are exact for random groups, with registers where pairs do not determine them", () => {
    // Every second group of even permutations only, since random pairs of permutations mostly generate everything.
    const random = fc.tuple(fc.integer({ min: 3, max: 5 }), fc.boolean()).chain(([n, even]) => fc.array(fc.shuffledSubarray(Array.from({ length: n }, (_, i) => i), { minLength: n }).map((image) => (even && !isEven(Int32Array.from(image)) ? [image[1], image[0], ...image.slice(2)] : image)), { minLength: 2, maxLength: 2 })); // prettier-ignore
    let open = 0;
    fc.assert(
      fc.property(random, (images) => {
        const generators = images.map((image) => Int32Array.from(image));
        const group = PermutationGroup.generate(images[0].length, generators);
        const outcome = design({ name: "random", degree: group.degree, group }, { width: 6 });
        const name = images.map((image) => image.join()).join(" ");
        check(outcome, group, name);
        assert.ok(outcome.designs.length > 0, name);
        assert.equal(outcome.group.twoClosed, isTwoClosed(group));
        if (!outcome.group.twoClosed) open++;
        assert.ok(outcome.designs.every(({ architecture }) => outcome.group.twoClosed === architecture.registers <= 1));
        const [{ architecture, title }] = outcome.designs;
        assert.equal(measureDesign(architecture, title, 3).symmetries, Number(group.order), name);
      }),
      { seed: 20260302, numRuns: 20 },
    );
    assert.ok(open > 0);
  });

  it("count what the built model learns", async () => {
    await start("cpu");
    for (const text of ["D_6", "C_5", "S_4", "trivial_4", "S_3 x S_2", "A_4", "(0 1)(2 3), (0 1)(4 5)"])
      for (const { architecture, parameters } of design(groupOf(requestOf(text, null)), { width: 8 }).designs) {
        const model = build(architecture, { seed: 1, regime: "small" });
        assert.equal(parameters, Object.values(model.variables).reduce((sum, { size }) => sum + size, 0), architecture.name); // prettier-ignore
        model.dispose();
      }
    // Beyond designs: every mechanism that has parameters.
    const attention = (more: object) =>
      architectureSchema.parse({ tokens: 6, width: 6, layers: [{ attention: more }] });
    const others = [
      attention({ heads: 4, kernel: "cosine" }),
      attention({ kernel: "exponential-additive", bias: { relative: "signed" }, pattern: { window: 1 } }),
      attention({ heads: 2, kernel: "uniform" }),
      attention({ projection: { linformer: { rank: 2 } } }),
      attention({ bias: { "t5-buckets": { buckets: 8, maxDistance: 16 } } }),
      attention({ bias: { "log-buckets": { buckets: 4, maxDistance: 8 } } }),
      architectureSchema.parse({ tokens: 6, width: 6, position: "absolute", layers: [{ attention: {}, norm: "pre", feedForward: { activation: "swiglu", hidden: 5 } }, { convolution: { taps: 2 }, norm: { placement: "post", kind: "rms" }, feedForward: "none" }] }),
      architectureSchema.parse({ tokens: 6, width: 6, registers: 2, position: { relative: "unsigned" }, layers: [{ attention: { heads: [{ pattern: "full" }, { pattern: { window: 1 }, count: 2 }] }, feedForward: { bias: false } }] }),
    ]; // prettier-ignore
    for (const architecture of others) {
      const model = build(architecture, { seed: 1, regime: "small" });
      const learned = Object.values(model.variables).reduce((sum, { size }) => sum + size, 0);
      assert.equal(parameterCount(architecture), learned, JSON.stringify(architecture.layers[0]));
      model.dispose();
    }
  });

  it("name patterns where they have a name, and the paper's own are among them at any size", () => {
    const titles = (text: string, tokens: number | null = null) =>
      design(groupOf(requestOf(text, tokens)), { width: 8 }).designs.map(({ title }) => title);
    assert.ok(titles("D_9").includes("A circular window of 1"));
    assert.ok(titles("C_9").includes("A one-sided circular window of 1"));
    assert.ok(titles("C_9").includes("A circular convolution with 2 taps"));
    assert.ok(titles("S_6").includes("Full attention"));
    assert.ok(titles("trivial_6").includes("Full attention with absolute positions"));
    assert.ok(titles("D_n", 200).includes("A circular window of 2"));
    const [blocks] = design(groupOf(requestOf("S_3 wr S_2", null)), { width: 8 }).designs;
    // The pattern that is written is the one that was found: pair by pair as the reference reads it.
    const { mixer } = blocks.architecture.layers[0];
    assert.ok(mixer.kind === "attention");
    const size = 6 + blocks.architecture.registers;
    let pairs = 0;
    for (let q = 0; q < size; q++) for (let k = 0; k < size; k++) if (attends(mixer.heads[0].pattern, q, k, 6, size)) pairs++; // prettier-ignore
    assert.equal(pairs, blocks.cost.pairsPerLayer);
  });

  it("of groups that take too many registers are refused, and what their 2-closure gives is said", () => {
    const { designs, notes, group } = design(groupOf(requestOf("A_12", null)), { width: 8 });
    assert.deepEqual([designs, group.twoClosed, group.closure], [[], false, "S_12"]);
    assert.match(notes.join(" "), /one register per element would take 239500800.*S_12, which is more symmetry/);
  });
});
