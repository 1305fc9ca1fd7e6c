import assert from "node:assert/strict";
import fc from "fast-check";
import {
  automorphisms,
  isAutomorphism,
  isIsomorphism,
  isomorphism,
} from "../../extension/theory/symmetry/automorphisms";
import { GroupOrder } from "../../extension/theory/symmetry/order";
import type { Structure } from "../../extension/theory/symmetry/structure";
import { BeyondReach } from "../../extension/theory/patterns/rows";
import { Random } from "../reference/random";
import { randomGraph, specialGraphs } from "./symmetryGraphs";
import {
  allPermutations,
  askNauty,
  below,
  digraph,
  isIsomorphismByDefinition,
  nautyVersion,
  randomPermutation,
  relationFrom,
  renamed,
  structureFrom,
  structureOf,
  windows,
  type Table,
} from "./symmetryStructures";

const seed = 20250601;

/** Orbits by a closure over the generators, apart from the engine's own bookkeeping. */
function orbitsUnder(size: number, generators: readonly Int32Array[]): number[] {
  const orbitOf = new Array<number>(size).fill(-1);
  for (let v = 0; v < size; v++) {
    if (orbitOf[v] >= 0) continue;
    const orbit = [v];
    orbitOf[v] = v;
    for (const u of orbit)
      for (const p of generators)
        if (orbitOf[p[u]] < 0) {
          orbitOf[p[u]] = v;
          orbit.push(p[u]);
        }
  }
  return orbitOf;
}

/** A structure with several relations, classes, colours and unprobed rows. */
const structures = (size: number): fc.Arbitrary<Structure> => {
  const label = fc.option(fc.integer({ min: 0, max: 2 }), { nil: null, freq: 2 });
  const row = fc.oneof(
    { weight: 5, arbitrary: fc.array(label, { minLength: size, maxLength: size }) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
  // Rows of few kinds, so that symmetric structures are not rare.
  const table: fc.Arbitrary<Table> = fc.oneof(
    fc.array(row, { minLength: size, maxLength: size }),
    fc
      .tuple(fc.array(label, { minLength: size, maxLength: size }), fc.boolean())
      .map(([offsets, both]) =>
        Array.from({ length: size }, (_, q) =>
          Array.from({ length: size }, (_, k) => offsets[both ? Math.abs(k - q) : (k - q + size) % size]),
        ),
      ),
    fc
      .tuple(label, label, fc.array(fc.integer({ min: 0, max: 2 }), { minLength: size, maxLength: size }))
      .map(([own, other, kind]) =>
        Array.from({ length: size }, (_, q) =>
          kind[q] === 2
            ? null
            : Array.from({ length: size }, (_, k) => (q === k ? own : kind[q] === kind[k] ? other : 1)),
        ),
      ),
  );
  return fc
    .tuple(
      fc.array(table, { minLength: 0, maxLength: 3 }),
      fc.array(fc.integer({ min: 0, max: 1 }), { minLength: size, maxLength: size }),
      fc.boolean(),
    )
    .map(([tables, colours, plain]) => structureFrom(tables, plain ? colours.map(() => 7) : colours));
};

describe("automorphisms of coloured structures", () => {
  it("agree with trying all permutations, up to 6 vertices, with classes, several relations and unprobed rows", () => {
    let groups = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }).chain(structures), (structure) => {
        const all = [...allPermutations(structure.size)].filter((p) =>
          isIsomorphismByDefinition(structure, structure, p),
        );
        const found = automorphisms(structure);
        assert.equal(found.order.toBigInt(), BigInt(all.length));
        assert.deepEqual([...found.orbitOf], orbitsUnder(structure.size, all));
        assert.deepEqual([...found.orbitOf], orbitsUnder(structure.size, found.generators));
        const members = new Set(all.map(String));
        for (const p of found.generators) assert.ok(members.has(String(p)));
        if (all.length > 1) groups++;
      }),
      { seed, numRuns: 3000 },
    );
    assert.ok(groups > 500, `only ${groups} structures had symmetries`);
  });

  it("are tested exactly: isIsomorphism agrees with the definition", () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((n) => fc.tuple(structures(n), structures(n), fc.nat())),
        ([a, other, draw]) => {
          const random = new Random(draw);
          const p = randomPermutation(random, a.size);
          const b = draw % 3 === 0 ? other : renamed(a, randomPermutation(random, a.size));
          for (const [x, y, q] of [
            [a, b, p],
            [a, renamed(a, p), p],
            [a, a, p],
          ] as const) {
            const expected = isIsomorphismByDefinition(x, y, q);
            assert.equal(isIsomorphism(x, y, q), expected);
            if (expected) accepted++;
          }
          assert.equal(isIsomorphism(a, a, new Int32Array(a.size).fill(0)), a.size === 1);
        },
      ),
      { seed, numRuns: 2000 },
    );
    assert.ok(accepted > 1500);
  });

  it("agree with nauty on orders and orbits of 2,400 graphs of up to 200 vertices", function () {
    const version = nautyVersion();
    if (version === null) {
      console.log(
        "      skipped: dreadnaut (Debian package nauty) is not installed, so there is nothing to compare with",
      );
      this.skip();
    }
    const random = new Random(seed);
    const graphs = specialGraphs();
    while (graphs.length < 2400) graphs.push(randomGraph(random));
    const answers = askNauty(graphs);
    let symmetric = 0;
    graphs.forEach((graph, i) => {
      const structure = structureOf(graph);
      const group = automorphisms(structure);
      assert.equal(group.order.toBigInt(), answers[i].order, `${graph.name}, graph ${i} of seed ${seed}`);
      assert.deepEqual([...group.orbitOf], answers[i].orbitOf, `${graph.name}, graph ${i} of seed ${seed}`);
      for (const p of group.generators) assert.ok(isAutomorphism(structure, p), graph.name);
      if (answers[i].order > 1n) symmetric++;
    });
    console.log(`      ${graphs.length} graphs, ${symmetric} of them symmetric, 0 disagreements with ${version}`);
  });

  it("count the orbits of S_6 on the labelled graphs: 156 graphs on 6 vertices", () => {
    const pairs = Array.from({ length: 6 }, (_, a) => Array.from({ length: a }, (_, b) => [a, b] as const)).flat();
    let sum = 0n;
    for (let code = 0; code < 1 << pairs.length; code++) {
      const table = Array.from({ length: 6 }, () => new Array<number | null>(6).fill(null));
      pairs.forEach(([a, b], i) => {
        if ((code >> i) & 1) table[a][b] = table[b][a] = 0;
      });
      sum += automorphisms({ size: 6, colours: new Int32Array(6), relations: [relationFrom(table)] }).order.toBigInt();
    }
    assert.equal(sum, 720n * 156n);
  });

  it("of a structure of no vertex are trivial", () => {
    const group = automorphisms({ size: 0, colours: new Int32Array(0), relations: [] });
    assert.ok(group.isTrivial);
    assert.deepEqual(group.generators, []);
  });
});

describe("automorphisms of windows", () => {
  const order = (structure: Structure) => automorphisms(structure).order.toString();

  it("circular: the figures of theory, section 5", () => {
    assert.equal(order(windows(6, 2, 2, true)), "48");
    assert.equal(order(windows(7, 3, 3, true)), "5040");
  });

  it("circular: D_n inside the bound, more outside; one-sided: C_n", () => {
    for (let n = 5; n <= 30; n++) {
      const bound = Math.floor((n - 1) / 2) - 1;
      for (let w = 1; w <= bound; w++) assert.equal(order(windows(n, w, w, true)), String(2 * n), `n ${n}, w ${w}`);
      for (let w = 1; w <= bound; w++)
        assert.equal(order(windows(n, w, 0, true)), String(n), `one-sided, n ${n}, w ${w}`);
      assert.ok(BigInt(order(windows(n, bound + 1, bound + 1, true))) > BigInt(2 * n));
    }
  });

  it("on a line: the reflection, and more for windows that let tokens see everything", () => {
    assert.equal(order(windows(30, 4, 4, false)), "2");
    assert.equal(order(windows(30, 4, 0, false)), "1");
    // Tokens 10..19 see everything and are seen by all: 10! and the reflection of the rest.
    assert.equal(order(windows(30, 19, 19, false)), String(2n * new GroupOrder(1n, [[10, 1]]).toBigInt()));
  });

  it("at their real sizes", () => {
    const n = 131072;
    assert.equal(order(windows(n, 32, 32, false)), "2");
    assert.equal(order(windows(n, 256, 256, true)), String(2 * n));
    assert.equal(order(windows(n, 64, 0, true)), String(n));
    for (const [structure, generators] of [
      [windows(n, 32, 32, false), 1],
      [windows(n, 4096, 4096, true), 2],
    ] as const) {
      const group = automorphisms(structure);
      assert.equal(group.generators.length, generators);
      for (const p of group.generators) assert.ok(isAutomorphism(structure, p));
      assert.ok(
        !isAutomorphism(
          structure,
          Int32Array.from({ length: n }, (_, v) => (v === 5 ? 6 : v === 6 ? 5 : v)),
        ),
      );
    }
    const blocks = { ...windows(n, 0, 0, false), relations: [blockRelation(n, 64)] };
    const group = automorphisms(blocks);
    assert.equal(group.order.toString(), "2048! * 64!^2048");
    assert.ok(
      group.order.equals(
        new GroupOrder(1n, [
          [64, 2048],
          [2048, 1],
        ]),
      ),
    );
    assert.equal(group.generators.length, 4);
    for (const p of group.generators) assert.ok(isAutomorphism(blocks, p));
  });

  it("full mask of 1,048,576 tokens: the whole symmetric group", () => {
    const n = 1048576;
    const full: Structure = {
      size: n,
      colours: new Int32Array(n),
      relations: [
        {
          rowOf: new Int32Array(n),
          first: Int32Array.of(0, 1),
          bounds: Int32Array.of(0, n),
          classes: new Int32Array(1),
        },
      ],
    };
    const group = automorphisms(full);
    assert.equal(group.order.toString(), "1048576!");
    assert.deepEqual(new Set(group.orbitOf), new Set([0]));
    assert.equal(group.generators.length, 2);
    for (const p of group.generators) assert.ok(isAutomorphism(full, p));
  });

  it("does not hold that many sets of twins, none exchangeable with another, have few generators", () => {
    // Blocks of two, each seeing the blocks before it: 2^n/2 symmetries that need n/2 generators.
    const n = 131072;
    const causal: Structure = {
      size: n,
      colours: new Int32Array(n),
      relations: [
        {
          rowOf: Int32Array.from({ length: n }, (_, v) => v >> 1),
          first: Int32Array.from({ length: n / 2 + 1 }, (_, row) => row),
          bounds: Int32Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 0 : i + 1)),
          classes: new Int32Array(n / 2),
        },
      ],
    };
    const group = automorphisms(causal);
    assert.equal(group.order.toString(), "2!^65536");
    assert.ok(group.order.equals(new GroupOrder(2n ** 65536n)));
    assert.equal(group.orbitOf[7], 6);
    assert.throws(() => group.generators, BeyondReach);
  });

  it("stop at the budget", () => {
    assert.throws(() => automorphisms(windows(4096, 8, 8, false), { budget: 10_000 }), BeyondReach);
  });
});

function blockRelation(n: number, block: number) {
  return {
    rowOf: Int32Array.from({ length: n }, (_, v) => Math.floor(v / block)),
    first: Int32Array.from({ length: n / block + 1 }, (_, row) => row),
    bounds: Int32Array.from({ length: (2 * n) / block }, (_, i) => ((i + 1) >> 1) * block),
    classes: new Int32Array(n / block),
  };
}

describe("isomorphism of coloured structures", () => {
  it("agrees with trying all permutations, up to 5 vertices", () => {
    let isomorphic = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((n) => fc.tuple(structures(n), structures(n), fc.nat())),
        ([a, other, draw]) => {
          const b = draw % 2 ? other : renamed(a, randomPermutation(new Random(draw), a.size));
          const expected = [...allPermutations(a.size)].some((p) => isIsomorphismByDefinition(a, b, p));
          const found = isomorphism(a, b);
          assert.equal(found !== null, expected);
          if (found) {
            assert.ok(isIsomorphismByDefinition(a, b, found));
            isomorphic++;
          }
        },
      ),
      { seed, numRuns: 3000 },
    );
    assert.ok(isomorphic > 1000);
  });

  it("finds relabellings of graphs of up to 200 vertices, and none after one arc has moved", () => {
    const random = new Random(seed + 1);
    const graphs = [...specialGraphs(), ...Array.from({ length: 150 }, () => randomGraph(random))];
    let moved = 0;
    for (const graph of graphs) {
      const structure = structureOf(graph);
      const other = renamed(structure, randomPermutation(random, graph.size));
      const found = isomorphism(structure, other);
      assert.ok(found && isIsomorphism(structure, other, found), graph.name);
      const q = below(random, graph.size);
      const free = Array.from({ length: graph.size }, (_, k) => k).filter((k) => !graph.arcs[q].includes(k));
      if (graph.arcs[q].length === 0 || free.length === 0) continue;
      const arcs = graph.arcs.map((keys, v) => (v === q ? [...keys.slice(1), free[below(random, free.length)]] : keys));
      const changed = { ...graph, arcs };
      const map = isomorphism(structure, renamed(structureOf(changed), randomPermutation(random, graph.size)));
      // Isomorphic graphs have equal groups: where the orders differ there must be no map, and a map must be one.
      if (!automorphisms(structure).order.equals(automorphisms(structureOf(changed)).order)) {
        assert.equal(map, null, graph.name);
        moved++;
      }
    }
    assert.ok(moved > 50);
  });

  it("tells strongly regular graphs of equal parameters and twisted pairs apart", () => {
    const graphs = new Map(specialGraphs().map((graph) => [graph.name, structureOf(graph)]));
    const differ = (a: string, b: string) => assert.equal(isomorphism(graphs.get(a)!, graphs.get(b)!), null);
    differ("Shrikhande", "rook 4 4");
    differ("Latin Klein 4", "Shrikhande");
    differ("CFI 6 false", "CFI 6 true");
  });

  it("compares colours and classes as the integers they are", () => {
    const with_ = (colour: number, label: number) => structureFrom([[[label]]], [colour]);
    assert.deepEqual([...isomorphism(with_(3, 4), with_(3, 4))!], [0]);
    assert.equal(isomorphism(with_(3, 4), with_(2, 4)), null);
    assert.equal(isomorphism(with_(3, 4), with_(3, 5)), null);
    assert.equal(isomorphism(structureFrom([[null]], [0]), structureFrom([[[null]]], [0])), null);
  });

  it("works at size: a line window onto its mirror image, not onto one with a gap", () => {
    const n = 131072;
    const right = windows(n, 0, 9, false);
    const left = windows(n, 9, 0, false);
    const found = isomorphism(right, left);
    assert.ok(found && found[0] === n - 1);
    assert.equal(isomorphism(right, windows(n, 0, 10, false)), null);
    const gap = windows(n, 0, 9, false);
    gap.relations[0].bounds[2 * 77_777 + 1]--;
    assert.equal(isomorphism(right, gap), null);
  });

  it("needs equal sizes", () => {
    assert.equal(isomorphism(structureOf(digraph("a", 2, () => true)), structureOf(digraph("b", 3, () => true))), null);
  });
});
