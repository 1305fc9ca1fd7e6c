/** What the designer and the repair panel read, say and draw. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { designsFor, pictureOfPairs, writtenAs } from "../../extension/designs";
import { checkText } from "../../extension/check";
import { exportFormats } from "../../extension/exports";
import { applied } from "../../extension/models/ranges";
import { positionWords } from "../../extension/panels/designWords";
import { changeWords, noneWords } from "../../extension/panels/repairWords";
import { graphOf, pointsOf, requestedOf } from "../../extension/panels/symmetryInputs";
import { studyOf } from "../../extension/study";
import { architectureSchema } from "../../extension/theory/architecture/schema";
import { groupOf, type SymmetryRequest } from "../../extension/theory/design/groups";
import { pairClasses } from "../../extension/theory/design/pairClasses";
import { declaredGroup } from "../../extension/theory/symmetry/naming";
import { cellWords, classesSentence, classRows, examples, groupFacts, headsWords } from "../../webview/design/words";
import type { DesignInputs, SymmetryKind } from "../../webview/protocol";
import { shareOfFull } from "../../webview/repair/words";

const inputs = (
  by: SymmetryKind,
  text: string,
  others: Partial<DesignInputs> & { tokens?: string } = {},
): DesignInputs => {
  const blank = { text: "", tokens: "" };
  const { tokens = "", ...rest } = others;
  const given = { name: blank, generators: blank, graph: blank, points: blank, target: blank, [by]: { text, tokens } };
  return { by, given, directed: false, width: "16", ...rest };
};

/** The request, or what is wrong. */
const read = (...input: Parameters<typeof inputs>) => {
  const found = requestedOf(inputs(...input));
  return "request" in found ? found.request : found;
};

describe("symmetries as they are typed", () => {
  it("are names, cycles, graphs, points and targets", () => {
    assert.deepEqual(read("name", " D_6 "), { kind: "name", name: "D_6", tokens: null });
    assert.deepEqual(read("name", "(0 1)(2 3)", { tokens: "6" }), { kind: "generators", cycles: "(0 1)(2 3)", tokens: 6 }); // prettier-ignore
    assert.deepEqual(read("generators", "(0 1 2)"), { kind: "generators", cycles: "(0 1 2)", tokens: null });
    const edges = [[0, 1], [1, 2, 7]]; // prettier-ignore
    const graph = { kind: "graph", vertices: 3, edges, directed: false, colours: null };
    for (const text of [
      "0 1\n1 2 7",
      "0-1 # an edge\n\n 1, 2, 7",
      "[[0, 1], [1, 2, 7]]",
      '{"edges": [[0, 1], [1, 2, 7]]}',
    ])
      assert.deepEqual(read("graph", text), graph, text);
    assert.deepEqual(read("graph", "0 1\n1 2 7", { tokens: "5", directed: true }), { ...graph, vertices: 5, directed: true }); // prettier-ignore
    assert.deepEqual(read("graph", '{"edges": [[0, 1], [1, 2, 7]], "directed": true, "colours": [1, 0, 1]}'), { ...graph, directed: true, colours: [1, 0, 1] }); // prettier-ignore
    for (const text of ["0 1.5\n-2 3e1", "0; 1.5\n-2, 3e1", "[[0, 1.5], [-2, 30]]"])
      assert.deepEqual(read("points", text), { kind: "points", points: [[0, 1.5], [-2, 30]] }, text); // prettier-ignore
    assert.deepEqual(read("target", "sort", { tokens: "5" }), { target: "sort", tokens: 5, width: 16 });
  });

  it("are refused with what is needed; what is empty is nothing yet", () => {
    for (const by of ["name", "generators", "graph", "points", "target"] as const)
      assert.deepEqual(read(by, " \n"), { problems: {} });
    const problem = (by: SymmetryKind, text: string) => (read(by, text) as { problems: { text?: string } }).problems.text ?? ""; // prettier-ignore
    assert.equal(problem("graph", "0 1\n2 x"), 'an edge in line 2, such as "0 1", and not "2 x"');
    for (const text of ["0 1 2 3", "0 1.5", "0"]) assert.match(problem("graph", text), /^an edge in line 1/, text);
    assert.match(problem("graph", "[[0, 1], [2]]"), /^edges as a list/);
    assert.match(problem("graph", "{"), /^JSON of a graph/);
    assert.match(problem("graph", '{"edges": [[0, 1]], "colours": "red"}'), /^"colours" as a list/);
    assert.match(problem("points", "0 1\n0 one"), /^coordinates in line 2/);
    assert.match(problem("points", "[[0], []]"), /^points as a list/);
    assert.deepEqual(read("name", "D_6", { tokens: "six", width: "0" }), {
      problems: {
        tokens: "a whole number from 1, or nothing where the symmetry says it",
        width: "a whole number from 1 to 1,048,576",
      },
    });
    assert.deepEqual(read("target", "sort"), { problems: { tokens: "a whole number from 1" } });
  });

  it("never throw, whatever is typed", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.stringMatching(/^[-[\]{}() 0-9,.;\n]*$/)), (text) => {
        graphOf(text);
        pointsOf(text);
        for (const by of ["name", "generators", "graph", "points", "target"] as const) read(by, text);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it("the examples are symmetries", () => {
    const orders = Object.entries(examples).flatMap(
      ([by, list]) =>
      list.map(({ text, tokens }) => String(groupOf(read(by as SymmetryKind, text, { tokens }) as SymmetryRequest).group.order)), // prettier-ignore
    );
    // D_6, C_8, S_3 x S_2, S_2 wr C_3, the grid, the torus and the binary tree of depth 2, A_4, benzene, S_10; the rest by hand.
    assert.deepEqual(orders.slice(0, 3), ["12", "8", "12"]);
    assert.deepEqual(orders.slice(3), ["24", "4", "48", "8", "12", "12", "3628800", "3", "8", "21", "2", "12", "2", "8", "4", "24"]); // prettier-ignore
  });
});

describe("what the designer shows", () => {
  const ring = architectureSchema.parse({
    tokens: 6,
    width: 4,
    layers: [
      { repeat: 2, attention: { pattern: { window: { left: 1, right: 1, circular: true } } } },
      { attention: { heads: [{ bias: { relative: "unsigned" } }, { pattern: { window: 1 } }] } },
    ],
  });

  it("are the classes of pairs of every head, and where they are the same", () => {
    const [circular, offsets, line] = pairClasses(ring)!;
    assert.deepEqual([...circular.cells.subarray(0, 6)], [1, 1, 0, 0, 0, 1]);
    assert.deepEqual([...offsets.cells.subarray(6, 12)], [2, 1, 2, 3, 4, 5]);
    assert.deepEqual([...line.cells.subarray(0, 6)], [1, 1, 0, 0, 0, 0]);
    assert.deepEqual([circular.count, offsets.count, line.count], [1, 6, 1]);
    const all = [circular, offsets, line];
    assert.deepEqual(
      all.map((one) => headsWords(one, all)),
      ["layers 1 and 2", "layer 3, head group 1", "layer 3, head group 2"],
    );
    assert.equal(headsWords(circular, [circular]), "every layer and head");
    assert.equal(classesSentence(line, 0), "16 pairs of 36 are attended to, in 1 class.");
    assert.equal(cellWords(circular, 0, 2, 6), "token 0 does not attend to token 2");
    assert.equal(cellWords(offsets, 1, 1, 5), "token 1 attends to itself: class 1");
    assert.equal(cellWords(offsets, 0, 5, 5), "token 0 attends to register 0: class 6");
    assert.deepEqual(classRows(offsets, 6).rows[1], ["2", "10", "token 0 attends to token 1"]);
    assert.equal(pairClasses({ ...ring, tokens: 2000 }), null);
  });

  it("are designs with classes that the group keeps, in every format or with the reason", () => {
    const designed = designsFor({ kind: "name", name: "D_5", tokens: null }, 4);
    assert.ok("outcome" in designed && designed.outcome.designs.length > 0);
    const { group, designs } = designed.outcome;
    assert.deepEqual(groupFacts(group).slice(0, 2), [["Order", "10"], ["Tokens", "5"]]); // prettier-ignore
    const { generators } = groupOf({ kind: "name", name: "D_5", tokens: null }).group;
    for (const { architecture } of designs) {
      assert.equal(architecture.registers, 0);
      for (const { cells, size } of pictureOfPairs(architecture)!)
        for (const move of generators)
          cells.forEach((cell, at) => {
            const [query, key] = [Math.floor(at / size), at % size];
            assert.equal(cells[move[query] * size + move[key]], cell);
          });
      const yaml = writtenAs(architecture, "yaml");
      assert.ok("exported" in yaml);
      const [again] = checkText(yaml.exported.fileName, yaml.exported.text).architectures;
      assert.equal(again.verdict, "certified");
      assert.equal(again.symmetry?.order, "10");
    }
    for (const format of exportFormats) {
      const written = writtenAs(designs[0].architecture, format);
      assert.ok("problem" in written ? /^[A-Z].*\.$/.test(written.problem) : written.exported.text.length > 50, format);
    }
  });

  it("are the classes of positions beside those of pairs", () => {
    const words = (position: unknown) => positionWords(architectureSchema.parse({ tokens: 3, registers: 1, width: 4, position, layers: [{ attention: {} }] })); // prettier-ignore
    assert.equal(words("none"), null);
    assert.equal(words({ relative: "signed" }), null);
    assert.match(words("absolute")!, /every token has a learned vector of its own/);
    assert.match(words({ classes: [0, 7, 0] })!, /: \{0, 2\} \{1\}\.$/);
    assert.match(words({ classes: [0, 7, 0, 7] })!, /: \{0, 2\} \{1, register 0\}\.$/);
  });

  it("is why a symmetry cannot be had", () => {
    const refusal = (name: string, tokens: number | null) => {
      const designed = designsFor({ kind: "name", name, tokens }, 4);
      return "problem" in designed ? designed.problem : "";
    };
    assert.match(refusal("nothing", null), /no group, graph or molecule of this name/);
    assert.match(refusal("S_n", null), /leaves the number of tokens open/);
    assert.match(refusal("D_6", 5), /acts on 6 tokens, not on 5/);
  });

  it("begins with the symmetry that a file declares, or else with that of its architecture", () => {
    const request = (target: string, pattern: string) => {
      const text = `tokens: 8\nwidth: 4\nlayers:\n  - attention: { pattern: ${pattern} }\n${target}`;
      return studyOf("a.uap.yaml", text, checkText("a.uap.yaml", text), 0)?.symmetry.request;
    };
    const circular = "{ window: { left: 1, right: 1, circular: true } }";
    assert.deepEqual(request("", circular), { kind: "name", name: "D_8", tokens: null });
    assert.deepEqual(request("target: { symmetry: C_n }\n", circular), { kind: "name", name: "C_8", tokens: null });
    assert.deepEqual(request("position: absolute\n", circular), { kind: "name", name: "trivial", tokens: 8 });
    const reflected = request("", "{ window: 2 }");
    assert.deepEqual(reflected, { kind: "generators", cycles: "(0 7)(1 6)(2 5)(3 4)", tokens: 8 });
    // What a name stands for is what the specification means by it.
    for (const letter of ["S", "A", "C", "D"]) {
      const own = groupOf({ kind: "name", name: `${letter}_7`, tokens: null }).group;
      const meant = declaredGroup(`${letter}_n`, 7);
      assert.equal(String(own.order), meant.order.toString());
      assert.ok(own.generators.every((generator) => meant.contains(generator)));
    }
  });
});

describe("repairs in words", () => {
  it("say changes by their places", () => {
    assert.deepEqual(changeWords({ path: ["layers", 0, "repeat"], value: 16 }), {
      place: "layers[0].repeat",
      value: "16",
    });
    assert.deepEqual(changeWords({ path: ["position"], value: undefined }), { place: "position", value: null });
    assert.deepEqual(changeWords({ path: ["layers", 1, "attention", "pattern"], value: { any: [{ window: 2 }, { global: [0] }] } }), {
      place: "layers[1].attention.pattern",
      value: '{"any": [{"window": 2}, {"global": [0]}]}',
    }); // prettier-ignore
    assert.match(changeWords({ path: ["a"], value: "x".repeat(1000) }).value!, /^"x{150,} …$/);
  });

  it("say costs as shares of full attention, and mark what is dearer", () => {
    assert.deepEqual(
      [null, 0, 0.00012, 0.0123, 0.05, 0.5, 1, 1.25, 12].map((share) => shareOfFull(share).replace("\u00a0", " ")),
      ["–", "0 %", "0.01 %", "1.2 %", "5 %", "50 %", "100 %", "125 % !", "1,200 % !"],
    ); // prettier-ignore
  });

  it("say why there is nothing to repair", () => {
    const [report] = checkText(
      "a.uap.json",
      '{ "tokens": 4, "width": 2, "layers": [{ "attention": {} }] }',
    ).architectures;
    assert.match(noneWords(report), /^There is nothing to repair: it is certified\. /);
    assert.match(noneWords({ ...report, verdict: "unknown" }), /^Nothing is refuted/);
  });

  it("are made in a text from its end to its beginning", () => {
    const at = (line: number, from: number, to: number) => ({ start: { line, character: from }, end: { line, character: to } }); // prettier-ignore
    const edits = [{ range: at(0, 0, 1), newText: "first" }, { range: at(1, 1, 3), newText: "" }]; // prettier-ignore
    assert.equal(applied("a\nbcde\n", edits), "first\nbe\n");
  });
});
