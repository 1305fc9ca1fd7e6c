/**
 * The table of docs/theory.md, section 3, row by row, with the two statements that a careful tool must not repeat.
 * Expected values come from the paper and from hand computation, not from the program.
 */
import assert from "node:assert/strict";
import { architectureSchema, type ArchitectureInput } from "../../extension/theory/architecture/schema";
import { analyse } from "../../extension/theory/verdict/analyse";
import type { TheoryReport } from "../../extension/theory/verdict/report";

const report = (input: Omit<ArchitectureInput, "width"> & { width?: number }): TheoryReport =>
  analyse(architectureSchema.parse({ width: 8, ...input })).report;

const factorial = (n: number): string => {
  let product = 1n;
  for (let i = 2n; i <= BigInt(n); i++) product *= i;
  return String(product);
};

function expectUniversal(result: TheoryReport, order: string, layersNeeded: number) {
  assert.equal(result.verdict, "certified", result.statement);
  assert.equal(result.symmetry?.order, order);
  assert.equal(result.family.attentionLayersNeeded, layersNeeded);
}

describe("the paper's table", () => {
  for (const kernel of ["softmax", "gaussian", "performer", "exponential-additive"] as const) {
    it(`${kernel}: S_n-universal with one attention layer`, () => {
      for (const tokens of [2, 3, 8, 40]) {
        const result = report({ tokens, layers: [{ attention: { kernel } }] });
        expectUniversal(result, factorial(tokens), 1);
        assert.equal(result.symmetry?.name, `S_${tokens}`);
        assert.equal(result.conditions.find(({ id }) => id === "kernel-limit")?.status, "holds");
      }
    });
  }

  for (const kernel of ["linear-elu", "linear-relu", "polynomial", "cosine", "sigmoid"] as const) {
    it(`${kernel}: the kernel limit is silent, the views decide`, () => {
      const result = report({ tokens: 6, layers: [{ attention: { kernel } }] });
      expectUniversal(result, factorial(6), 1);
      assert.equal(result.conditions.find(({ id }) => id === "kernel-limit")?.status, "not-covered");
    });
  }

  it("sparse attention: G is the automorphism group, a static pattern must be strongly connected", () => {
    const edges = (pairs: [number, number][]) => ({ any: [{ window: 0 }, { edges: pairs }] });
    // A directed 5-cycle: C_5, 4 hops (every output then probes all rows but one, which changes nothing).
    const cycle: [number, number][] = [0, 1, 2, 3, 4].map((i) => [i, (i + 1) % 5]);
    const connected = report({ tokens: 5, layers: [{ repeat: 6, attention: { pattern: edges(cycle) } }] });
    assert.equal(connected.verdict, "certified", connected.statement);
    assert.equal(connected.symmetry?.name, "C_5");
    assert.equal(connected.visibility.hops, 4);
    const broken = report({ tokens: 5, layers: [{ repeat: 6, attention: { pattern: edges(cycle.slice(1)) } }] });
    assert.equal(broken.verdict, "refuted");
    assert.equal(broken.visibility.hops, null);
    assert.equal(broken.family.verdict, "refuted");
  });

  it("patterns that differ by layer: the symmetry is the intersection, an increasing product of layers connects", () => {
    const ring = { window: { left: 1, right: 1, circular: true } };
    const layers = [
      { attention: { pattern: ring } },
      { attention: { pattern: { any: [{ window: 0 }, { global: [0] }] } } },
    ];
    const result = report({ tokens: 6, layers: [...layers, ...layers] });
    assert.equal(result.symmetry?.order, "2");
    assert.equal(result.verdict, "certified", result.statement);
  });

  for (const [name, pattern] of [
    ["BigBird", { bigbird: { block: 8 } }],
    ["Longformer with a global token", { longformer: { window: 4, globals: [0] } }],
    ["Longformer without", { longformer: { window: 16 } }],
    ["strided", { strided: 8 }],
    ["fixed", { fixed: 8 }],
    ["star", { any: [{ star: 0 }, { window: 0 }] }],
  ] as const) {
    it(`${name}: universal at hop count + 1 layers, refuted one layer short of the hops`, () => {
      const at = (repeat: number) =>
        report({ tokens: 64, layers: [{ repeat, attention: { pattern: pattern as never } }] });
      const { hops } = at(1).visibility;
      assert.ok(hops !== null && hops >= 1);
      assert.equal(at(hops + 1).verdict, "certified", at(hops + 1).statement);
      if (hops > 1) assert.equal(at(hops - 1).verdict, "refuted");
    });
  }

  it("Linformer with trainable projections: no symmetry, one layer; frozen: not covered", () => {
    const linformer = (trainable: boolean) =>
      report({ tokens: 12, layers: [{ attention: { projection: { linformer: { rank: 4, trainable } } } }] });
    expectUniversal(linformer(true), "1", 1);
    assert.equal(linformer(false).verdict, "unknown");
  });

  it("Skyformer's kernelised Gaussian attention as the Gaussian kernel; Nystrom is not covered", () => {
    expectUniversal(report({ tokens: 9, layers: [{ attention: { kernel: "gaussian" } }] }), factorial(9), 1);
    const nystrom = report({
      tokens: 9,
      layers: [{ attention: { kernel: "gaussian", projection: { nystrom: { landmarks: 3 } } } }],
    });
    assert.notEqual(nystrom.verdict, "certified");
    // Three segments of three: S_3 wr S_3.
    assert.equal(nystrom.symmetry?.order, String(6 ** 3 * 6));
  });

  it("circular windows: the dihedral group inside w <= floor((n-1)/2) - 1", () => {
    for (let tokens = 5; tokens <= 20; tokens++) {
      for (let w = 1; w <= Math.floor((tokens - 1) / 2) - 1; w++) {
        const result = report({
          tokens,
          layers: [{ repeat: 12, attention: { pattern: { window: { left: w, right: w, circular: true } } } }],
        });
        expectUniversal(result, String(2 * tokens), result.family.attentionLayersNeeded ?? -1);
        assert.equal(result.symmetry?.name, `D_${tokens}`);
      }
    }
  });

  it("one-sided circular windows and circular convolutions: the cyclic group", () => {
    for (let tokens = 5; tokens <= 16; tokens++) {
      for (let w = 1; w <= Math.floor((tokens - 1) / 2) - 1; w++) {
        for (const mixer of [
          { attention: { pattern: { window: { left: 0, right: w, circular: true } } } },
          { convolution: { taps: w + 1 } },
        ]) {
          const result = report({ tokens, layers: [{ repeat: 16, ...mixer }] });
          assert.equal(result.verdict, "certified", result.statement);
          assert.equal(result.symmetry?.name, `C_${tokens}`);
        }
      }
    }
  });

  it("a fixed additive position code removes the symmetry", () => {
    for (const position of ["absolute", "sinusoidal"] as const) {
      expectUniversal(report({ tokens: 16, position, layers: [{ attention: {} }] }), "1", 1);
      const ring = report({
        tokens: 16,
        position,
        layers: [{ repeat: 8, attention: { pattern: { window: { left: 2, right: 2, circular: true } } } }],
      });
      expectUniversal(ring, "1", 4);
    }
  });
});

describe("statements that a careful tool must not repeat", () => {
  it("hop count layers do not suffice for every sparse pattern", () => {
    const edges: [number, number][] = [[0, 1], [1, 2], [1, 3], [1, 4], [1, 5], [2, 3], [3, 4]]; // prettier-ignore
    const both = edges.flatMap(([a, b]): [number, number][] => [[a, b], [b, a]]); // prettier-ignore
    const at = (repeat: number) =>
      analyse(
        architectureSchema.parse({
          tokens: 6,
          width: 8,
          layers: [{ repeat, attention: { pattern: { any: [{ window: 0 }, { edges: both }] } } }],
        }),
      );
    const two = at(2);
    assert.equal(two.report.visibility.hops, 2);
    assert.equal(two.report.class.visibility, "full");
    assert.equal(two.report.verdict, "refuted");
    assert.equal(two.report.family.attentionLayersNeeded, 3);
    assert.equal(two.report.witness?.kind, "rearrangement");
    assert.ok(two.findings.some(({ code }) => code === "UAP104"));
    // p1 <-> p2 is the witness of theory, section 3: no automorphism, yet output r does not change.
    assert.equal(at(3).report.verdict, "certified");
  });

  it("an end token of Longformer's window needs ceil((n-1)/w) hops, not ceil(n/2w)", () => {
    for (const [tokens, window] of [
      [64, 8],
      [65, 8],
      [100, 7],
      [4096, 256],
    ] as const) {
      // prettier-ignore
      const result = report({ tokens, position: "absolute", layers: [{ attention: { pattern: { window } } }] });
      assert.equal(result.visibility.hops, Math.ceil((tokens - 1) / window));
    }
  });
});

describe("symmetries named in theory, section 5", () => {
  const order = (
    tokens: number,
    pattern: ArchitectureInput["layers"][0]["attention"],
    position: ArchitectureInput["position"] = "none",
  ) => report({ tokens, position, layers: [{ repeat: 8, attention: pattern }] }).symmetry?.order;

  it("48 and 5040 outside the dihedral bound", () => {
    assert.equal(order(6, { pattern: { window: { left: 2, right: 2, circular: true } } }), "48");
    assert.equal(order(7, { pattern: { window: { left: 3, right: 3, circular: true } } }), "5040");
  });

  it("windows on a line: reflection, larger when tokens see everything", () => {
    assert.equal(order(12, { pattern: { window: 2 } }), "2");
    // Tokens 3..6 of 10 see everything with w = 6: S_4, times the reflection.
    assert.equal(order(10, { pattern: { window: 6 } }), String(24 * 2));
  });

  it("signed relative classes on a line: trivial; unsigned: reflection; no code and full mask: S_n", () => {
    assert.equal(order(7, {}, { relative: "signed" }), "1");
    assert.equal(order(7, {}, { relative: "unsigned" }), "2");
    assert.equal(order(7, {}), "5040");
  });

  it("A_4 is out of reach of plain attention and exact with registers", () => {
    const even: number[][] = [];
    for (const a of [0, 1, 2, 3])
      for (const b of [0, 1, 2, 3])
        for (const c of [0, 1, 2, 3])
          for (const d of [0, 1, 2, 3]) {
            // prettier-ignore
            const p = [a, b, c, d];
            if (new Set(p).size < 4) continue;
            let inversions = 0;
            for (let i = 0; i < 4; i++) for (let j = i + 1; j < 4; j++) if (p[i] > p[j]) inversions++;
            if (inversions % 2 === 0) even.push(p);
          }
    const side = 4 + even.length;
    const pairs = Array.from({ length: side }, (_, q) =>
      Array.from({ length: side }, (_, k) =>
        q < 4 === k < 4 ? (q < 4 ? 0 : 1) : 2 + even[Math.max(q, k) - 4].indexOf(Math.min(q, k)),
      ),
    );
    const result = report({
      tokens: 4,
      registers: even.length,
      layers: [{ repeat: 3, attention: { bias: { pairs } } }],
    });
    assert.equal(result.symmetry?.order, "12");
    assert.equal(result.symmetry?.name, "A_4");
    assert.equal(result.verdict, "certified", result.statement);
  });
});

describe("causal masks", () => {
  it("one layer without positions is blind to the order of what came before; two are not", () => {
    const at = (repeat: number) => report({ tokens: 8, layers: [{ repeat, attention: { pattern: "causal" } }] });
    assert.deepEqual(
      [at(1).class, at(1).verdict, at(1).family.attentionLayersNeeded],
      [{ visibility: "causal", verdict: "refuted" }, "refuted", 2],
    );
    assert.deepEqual([at(2).class, at(2).verdict], [{ visibility: "causal", verdict: "certified" }, "refuted"]);
    const declared = report({
      tokens: 8,
      layers: [{ repeat: 2, attention: { pattern: "causal" } }],
      target: { visibility: "causal" },
    });
    assert.equal(declared.verdict, "certified", declared.statement);
  });
});
