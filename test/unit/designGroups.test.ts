/** Groups as they are asked for: names, generators, graphs, points, molecules, and what is refused. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { GroupError, groupOf, requestOf, type SymmetryRequest } from "../../extension/theory/design/groups";
import { moleculeOf } from "../../extension/theory/design/namedGraphs";
import { PermutationGroup } from "../../extension/theory/symmetry/group";
import { cycles } from "../../extension/theory/symmetry/permutation";
import { corpusGroups } from "../reference/designs";
import { permutations } from "../reference/coincidences";
import { askNauty, digraph, nautyVersion } from "./symmetryStructures";

const asked = (text: string, tokens: number | null = null) => groupOf(requestOf(text, tokens));
const refused = (request: SymmetryRequest | string, message: RegExp, tokens: number | null = null) =>
  assert.throws(
    () => groupOf(typeof request === "string" ? requestOf(request, tokens) : request),
    (error) => error instanceof GroupError && message.test(error.message),
  );

describe("groups as they are asked for", () => {
  it("have the orders of the literature, for the whole corpus: every transitive group of degree up to 6 and 134 more", () => {
    const groups = corpusGroups();
    assert.equal(new Set(groups.map(({ id }) => id)).size, groups.length);
    for (const { id, request, order } of groups) assert.equal(String(groupOf(request).group.order), order, id);
    const transitive = [1, 1, 2, 5, 5, 16].flatMap((count, i) => Array.from({ length: count }, (_, k) => `${i + 1}T${k + 1}`)); // prettier-ignore
    const known = new Map(groups.map((group) => [group.id, group]));
    const invariants = new Set<string>();
    for (const id of transitive) {
      const { group, degree } = groupOf(known.get(id)!.request);
      assert.equal(group.orbits().length, 1, id);
      // The order, the parity and the numbers of elements of every cycle type tell the transitive groups of degree up to 6 apart.
      const types = [...group.elements()].map((p) => cycles(p).map(({ length }) => length).sort().join()); // prettier-ignore
      invariants.add(`${degree} ${types.sort().join(" ")}`);
    }
    assert.equal(invariants.size, transitive.length);
    assert.ok(groups.length - transitive.length >= 60);
  });

  it("are, for graphs and points on up to 7 tokens, all permutations that keep them", () => {
    let tried = 0;
    for (const { id, request } of corpusGroups()) {
      if (request.kind === "graph" && request.vertices <= 7) {
        const { vertices, edges, directed, colours } = request;
        const colour = new Map(edges.flatMap(([a, b, c]) => [[`${a} ${b}`, c ?? 0] as const, ...(directed ? [] : [[`${b} ${a}`, c ?? 0] as const])])); // prettier-ignore
        const keeps = (p: readonly number[]) =>
          p.every((image, v) => colours === null || colours[image] === colours[v]) &&
          p.every((_, a) => p.every((__, b) => colour.get(`${a} ${b}`) === colour.get(`${p[a]} ${p[b]}`)));
        check(request, vertices, keeps, id);
      } else if (request.kind === "points" && request.points.length <= 7) {
        const { points } = request;
        const distance = (a: number, b: number) => Math.hypot(...points[a].map((x, i) => x - points[b][i]));
        const keeps = (p: readonly number[]) =>
          p.every((_, a) => p.every((__, b) => Math.abs(distance(a, b) - distance(p[a], p[b])) < 1e-3));
        check(request, points.length, keeps, id);
      }
    }
    function check(request: SymmetryRequest, n: number, keeps: (p: readonly number[]) => boolean, id: string): void {
      const { group } = groupOf(request);
      for (const p of permutations(n)) assert.equal(group.contains(Int32Array.from(p)), keeps(p), `${id} ${p.join()}`);
      tried++;
    }
    assert.ok(tried >= 10);
  });

  it("are those of nauty for molecules and named graphs", function () {
    if (nautyVersion() === null) return this.skip();
    const names = ["methane", "water", "ammonia", "ethane", "benzene", "naphthalene", "cyclohexane", "cubane", "neopentane", "adamantane", "buckminsterfullerene"]; // prettier-ignore
    // Bonds become vertices of their own, with a colour for their order.
    const graphs = names.map((name) => {
      const { vertices, edges, colours } = moleculeOf(name);
      const bond = (v: number) => edges[v - vertices];
      const colour = [...(colours ?? new Array<number>(vertices).fill(0)), ...edges.map(([, , order]) => 10 + (order ?? 0))]; // prettier-ignore
      return digraph(name, vertices + edges.length, (a, b) => (a < vertices && b >= vertices ? bond(b).slice(0, 2).includes(a) : b < vertices && a >= vertices && bond(a).slice(0, 2).includes(b)), colour); // prettier-ignore
    });
    const answers = askNauty(graphs);
    names.forEach((name, i) => assert.equal(String(asked(name).group.order), String(answers[i].order), name));
  });

  it("act as docs/designer.md says", () => {
    const orbitsOf = (text: string, tokens: number | null = null) => asked(text, tokens).group.orbits();
    assert.deepEqual(orbitsOf("S_3 x S_2"), [[0, 1, 2], [3, 4]]); // prettier-ignore
    assert.deepEqual(orbitsOf("S_2 wr trivial_2"), [[0, 1], [2, 3]]); // prettier-ignore
    assert.deepEqual(orbitsOf("S_3 by trivial_2"), [[0, 2, 4], [1, 3, 5]]); // prettier-ignore
    assert.deepEqual(orbitsOf("grid 2x3"), [[0, 2, 3, 5], [1, 4]]); // prettier-ignore
    assert.deepEqual(orbitsOf("cylinder 3x4"), [[0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7]]); // prettier-ignore
    assert.deepEqual(orbitsOf("tree depth 2"), [[0], [1, 2], [3, 4, 5, 6]]);
    assert.deepEqual(orbitsOf("tree (()(()))"), [[0], [1], [2], [3]]);
    assert.deepEqual(orbitsOf("star 4"), [[0], [1, 2, 3]]);
    assert.deepEqual(orbitsOf("water"), [[0], [1, 2]]);
    assert.deepEqual(orbitsOf("molecule CCO"), [[0], [1], [2], [3, 4, 5], [6, 7], [8]]);
    assert.deepEqual(orbitsOf("D_n x S_2", 8), [[0, 1, 2, 3, 4, 5], [6, 7]]); // prettier-ignore
    assert.equal(asked("D_n x S_2", 8).name, "D_6 x S_2");
    assert.equal(asked("D", 5).name, "D_5");
    assert.equal(asked("grid nxn", 9).name, "grid 3x3");
    assert.equal(asked("(S_2 x S_2) wr C_2").group.order, 32n);
    assert.equal(asked("S_n", 400).degree, 400);
    assert.deepEqual(requestOf(" (S_2 x S_2) wr C_2", null).kind, "name");
    assert.deepEqual(requestOf("(0 1)", 4), { kind: "generators", cycles: "(0 1)", tokens: 4 });
    assert.deepEqual(asked("(0,1,2); (3 4)\n", 7).group.orbits(), [[0, 1, 2], [3, 4], [5], [6]]); // prettier-ignore
  });

  it("are refused with a sentence that says why and where", () => {
    refused("(0 1 2", /character 1: this bracket is not closed/);
    refused("(0 1 1)", /character 6: token 1 stands in this generator already, at character 4/);
    refused("(0 1)(2 (3))", /character 9: a cycle inside the one opened at character 6/);
    refused("(0 70)", /token 70 is past 63/);
    refused("(0 5)", /no token 5 among 4 tokens/, 4);
    refused("(0 a)", /character 4: "a" has no meaning/);
    refused("(0 1), , (2 3)", /a generator is missing/);
    refused("", /a group is expected/);
    refused("S_3 x", /the end: a group is expected/);
    refused("S_3 y S_2", /character 5, "y S_2": this is not understood/);
    refused("constructor", /no group, graph or molecule of this name/);
    refused("D_n", /leaves the number of tokens open/);
    refused("D_6", /acts on 6 tokens, not on 5/, 5);
    refused("D_n x D_n", /No n makes/, 7);
    refused("S_0", /at least one token/);
    refused("molecule C1CC", /the ring 1 is not closed/);
    refused("molecule CXC", /Character 2/);
    refused("tree [0 3]", /token 2 of a tree needs a parent/);
    refused("C_3", /positive integer/, 0);
    refused({ kind: "graph", vertices: 3, edges: [[0, 3]], directed: false, colours: null }, /none of the vertices 0 to 2/); // prettier-ignore
    refused({ kind: "graph", vertices: 3, edges: [[0, 1, 1], [1, 0, 2]], directed: false, colours: null }, /two colours/); // prettier-ignore
    refused({ kind: "graph", vertices: 3, edges: [], directed: false, colours: [0] }, /1 colours/);
    refused({ kind: "points", points: [] }, /no points/);
    refused({ kind: "points", points: [[0, 0], [1]] }, /Point 1 has 1 coordinates/); // prettier-ignore
    refused({ kind: "points", points: [[0], [Number.NaN]] }, /Point 1 has the coordinate NaN/);
  });

  it("of any size are refused before anything large is made", () => {
    for (const text of ["S_9 wr S_9 wr S_9 wr S_9", "hypercube 3000", "tree depth 900", "path 100000000", "S_99999999999", "S_2^999999999", "A_600", "grid 999999x999999x9", "complete 123456789"]) refused(text, /at most/); // prettier-ignore
    refused("(".repeat(1900), /nested more than 64/);
    refused("x".repeat(1e6), /more than 2000 characters/);
    refused({ kind: "generators", cycles: "(0 1)".repeat(1e5), tokens: null }, /not read/);
    refused({ kind: "graph", vertices: 1_000_000, edges: [], directed: false, colours: null }, /at most 64 vertices/);
    refused({ kind: "points", points: Array.from({ length: 1e5 }, (_, i) => [i]) }, /At most 64 points/);
  });

  it("read back what cycle notation writes, on random groups", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }).chain((n) => fc.array(fc.shuffledSubarray(Array.from({ length: n }, (_, i) => i), { minLength: n }), { minLength: 1, maxLength: 4 })), // prettier-ignore
        (images) => {
          const generators = images.map((image) => Int32Array.from(image));
          const text = generators.map((p) => cycles(p).map((cycle) => `(${cycle.join(" ")})`).join("") || "()").join(", "); // prettier-ignore
          const { group } = groupOf({ kind: "generators", cycles: text, tokens: images[0].length });
          assert.ok(group.equals(PermutationGroup.generate(images[0].length, generators)), text);
        },
      ),
      { seed: 20260301, numRuns: 150 },
    );
  });
});
