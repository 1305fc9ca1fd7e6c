import assert from "node:assert/strict";
import { AutomorphismGroup, automorphisms } from "../../extension/theory/symmetry/automorphisms";
import { PermutationGroup } from "../../extension/theory/symmetry/group";
import { declaredGroup, nameGroup } from "../../extension/theory/symmetry/naming";
import { GroupOrder } from "../../extension/theory/symmetry/order";
import { compose, fromCycles, identity, isEven } from "../../extension/theory/symmetry/permutation";
import type { Permutation, Structure } from "../../extension/theory/symmetry/structure";
import { Random } from "../reference/random";
import { allPermutations, below, digraph, randomPermutation, structureOf, windows } from "./symmetryStructures";

const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => i + from);
const map = (degree: number, image: (i: number) => number): Permutation =>
  Int32Array.from({ length: degree }, (_, i) => image(i));

/** The name of the group that permutations generate, on points that are also shuffled. */
function name(degree: number, ...generators: (number[][] | Permutation)[]): string {
  const permutations = generators.map((p) => (p instanceof Int32Array ? p : fromCycles(degree, p)));
  const { order } = PermutationGroup.generate(degree, permutations);
  const nameOf = (list: Permutation[]) => nameGroup(AutomorphismGroup.of(degree, list, new GroupOrder(order)));
  const shuffle = randomPermutation(new Random(degree), degree);
  const found = nameOf(permutations);
  const renamed = permutations.map((p) => {
    const q = new Int32Array(degree);
    p.forEach((image, i) => (q[shuffle[i]] = shuffle[image]));
    return q;
  });
  assert.equal(nameOf(renamed), found, "a name must not depend on how the points are called");
  return found;
}

const nameOf = (structure: Structure): string => nameGroup(automorphisms(structure));

describe("names of groups", () => {
  it("trivial, symmetric, alternating, cyclic, dihedral", () => {
    assert.equal(name(5), "trivial");
    assert.equal(name(1), "trivial");
    assert.equal(name(2, [[0, 1]]), "S_2");
    assert.equal(name(3, [[0, 1]], [range(3)]), "S_3");
    assert.equal(name(3, [range(3)]), "C_3");
    assert.equal(name(4, [range(4)]), "C_4");
    assert.equal(name(4, [range(4)], [[0, 2]]), "D_4");
    assert.equal(name(4, [[0, 1, 2]], [[1, 2, 3]]), "A_4");
    assert.equal(name(9, [range(9)], [[0, 1]]), "S_9");
    assert.equal(name(9, [range(9)], [[0, 1, 2]]), "A_9");
    for (const n of [5, 6, 12, 31]) {
      assert.equal(name(n, [range(n)]), `C_${n}`);
      assert.equal(
        name(
          n,
          [range(n)],
          map(n, (i) => n - 1 - i),
        ),
        `D_${n}`,
      );
    }
  });

  it("by the group and not by its points", () => {
    assert.equal(name(6, [[0, 1], [2, 3], [4, 5]]), "C_2"); // prettier-ignore
    assert.equal(name(6, [[0, 1, 2], [3, 4, 5]]), "C_3"); // prettier-ignore
    assert.equal(name(6, [[0, 1, 2], [3, 4, 5]], [[0, 1], [3, 4]]), "S_3"); // prettier-ignore
    // S_3 on its own six elements.
    assert.equal(name(6, [[0, 1, 2], [3, 4, 5]], [[0, 3], [1, 5], [2, 4]]), "S_3"); // prettier-ignore
    assert.equal(name(4, [[0, 1], [2, 3]], [[0, 2], [1, 3]]), "C_2 x C_2"); // prettier-ignore
    // The quaternion group has order 8, is neither cyclic nor dihedral nor abelian.
    assert.equal(name(8, [[0, 1, 2, 3], [4, 5, 6, 7]], [[0, 4, 2, 6], [1, 7, 3, 5]]), "group of order 8"); // prettier-ignore
    // AGL(1, 5) is no name here.
    assert.equal(name(5, [range(5)], [[1, 2, 4, 3]]), "group of order 20");
    // C_6 on two and three points.
    assert.equal(name(5, [[0, 1], [2, 3, 4]]), "C_3 x C_2"); // prettier-ignore
  });

  it("direct products, over orbits and over rows and columns", () => {
    assert.equal(name(5, [[0, 1, 2]], [[0, 1]], [[3, 4]]), "S_3 x C_2");
    assert.equal(name(7, [[0, 1, 2]], [[3, 4, 5, 6]], [[3, 5]]), "D_4 x C_3");
    assert.equal(
      name(
        9,
        map(9, (i) => (i + 3) % 9),
        map(9, (i) => 3 * Math.floor(i / 3) + ((i + 1) % 3)),
      ),
      "C_3 x C_3",
    );
    assert.equal(nameOf(structureOf(digraph("cube", 8, (a, b) => [1, 2, 4].includes(a ^ b)))), "S_4 x C_2");
    const axial = digraph("axial", 15, (a, b) => Math.floor(a / 5) === Math.floor(b / 5) || a % 5 === b % 5);
    assert.equal(nameOf(structureOf(axial)), "S_5 x S_3");
    assert.equal(nameOf(structureOf(digraph("torus", 35, (a, b) => {
      const [row, column] = [(Math.floor(a / 7) - Math.floor(b / 7) + 5) % 5, ((a % 7) - (b % 7) + 7) % 7];
      return (row === 0 && [1, 6].includes(column)) || (column === 0 && [1, 4].includes(row));
    }))), "D_7 x D_5"); // prettier-ignore
  });

  it("wreath products", () => {
    assert.equal(nameOf(windows(6, 2, 2, true)), "S_2 wr S_3");
    assert.equal(name(6, [[0, 1]], [[0, 2], [1, 3]], [[0, 2, 4], [1, 3, 5]]), "S_2 wr S_3"); // prettier-ignore
    assert.equal(
      name(
        12,
        [[0, 1, 2]],
        map(12, (i) => (i + 3) % 12),
      ),
      "C_3 wr C_4",
    );
    assert.equal(
      name(
        8,
        [range(4)],
        [[0, 1]],
        map(8, (i) => (i + 4) % 8),
      ),
      "S_4 wr S_2",
    );
    assert.equal(name(20, [range(5)], [[1, 4], [2, 3]], map(20, (i) => (i + 5) % 20), [[0, 5], [1, 6], [2, 7], [3, 8], [4, 9]]), "D_5 wr S_4"); // prettier-ignore
    // Changing two blocks of the three at a time makes only half of S_2 wr C_3.
    assert.equal(name(6, [[0, 1], [2, 3]], [[0, 2, 4], [1, 3, 5]]), "group of order 12"); // prettier-ignore
  });

  it("windows and full masks", () => {
    assert.equal(nameOf(windows(30, 4, 4, false)), "C_2");
    assert.equal(nameOf(windows(30, 4, 0, false)), "trivial");
    assert.equal(nameOf(windows(16, 3, 3, true)), "D_16");
    assert.equal(nameOf(windows(16, 3, 0, true)), "C_16");
    assert.equal(nameOf(windows(7, 3, 3, true)), "S_7");
  });

  it("large groups: by twins, reflections, rotations", () => {
    const n = 20000;
    assert.equal(nameOf(windows(n, 0, 0, true)), `S_${n}`);
    assert.equal(nameOf(windows(n, 5, 5, false)), "C_2");
    assert.equal(nameOf(windows(n, 5, 5, true)), `D_${n}`);
    assert.equal(nameOf(windows(n, 5, 0, true)), `C_${n}`);
    const rowOf = Int32Array.from({ length: n }, (_, v) => (v < 12 ? 0 : 1));
    const bounds = Int32Array.of(0, n, 0, 12);
    const star: Structure = {
      size: n,
      colours: new Int32Array(n),
      relations: [{ rowOf, first: Int32Array.of(0, 1, 2), bounds, classes: new Int32Array(2) }],
    };
    assert.equal(nameOf(star), `S_${n - 12} x S_12`);
    const blocks: Structure = {
      size: n,
      colours: new Int32Array(n),
      relations: [
        {
          rowOf: Int32Array.from({ length: n }, (_, v) => Math.floor(v / 20)),
          first: Int32Array.from({ length: 1001 }, (_, row) => row),
          bounds: Int32Array.from({ length: 2000 }, (_, i) => ((i + 1) >> 1) * 20),
          classes: new Int32Array(1000),
        },
      ],
    };
    assert.equal(nameOf(blocks), "S_20 wr S_1000");
  });

  it("are never wrong: a name's order is the group's", () => {
    const factorial = (n: bigint): bigint => (n <= 1n ? 1n : n * factorial(n - 1n));
    /** The order and the number of points of a named group; points as acted on in wreath products. */
    const read = (text: string): { order: bigint; points: bigint } => {
      let depth = 0;
      const split = (separator: string) => {
        for (let i = 0; i < text.length; i++) {
          if (text[i] === "(") depth++;
          else if (text[i] === ")") depth--;
          else if (depth === 0 && text.startsWith(separator, i))
            return [text.slice(0, i), text.slice(i + separator.length)];
        }
        return null;
      };
      if (text.startsWith("(") && text.endsWith(")") && split(" x ") === null && split(" wr ") === null)
        return read(text.slice(1, -1));
      const product = split(" x ");
      if (product) {
        const [a, b] = product.map(read);
        return { order: a.order * b.order, points: a.points * b.points };
      }
      const wreath = split(" wr ");
      if (wreath) {
        const [a, b] = wreath.map(read);
        return { order: a.order ** b.points * b.order, points: a.points * b.points };
      }
      if (text === "trivial") return { order: 1n, points: 1n };
      const n = BigInt(text.slice(2));
      const orders: Record<string, bigint> = { S: factorial(n), A: factorial(n) / 2n, C: n, D: 2n * n };
      return { order: orders[text[0]], points: n };
    };
    const random = new Random(5);
    const kinds = new Map<string, number>();
    for (let i = 0; i < 1500; i++) {
      const n = 2 + below(random, 9);
      const generators = range(1 + below(random, 3)).map(() => {
        let p = randomPermutation(random, n);
        for (let power = below(random, 6); power > 0; power--) p = compose(p, p);
        return p;
      });
      const { order } = PermutationGroup.generate(n, generators);
      const text = nameGroup(AutomorphismGroup.of(n, generators, new GroupOrder(order)));
      const kind = text.startsWith("group")
        ? "unnamed"
        : text.includes("wr")
          ? "wreath"
          : text.includes("x")
            ? "product"
            : text[0];
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (kind === "unnamed") assert.equal(text, `group of order ${order}`);
      else assert.equal(read(text).order, order, `${text} for ${generators.map(String).join(" and ")}`);
    }
    for (const kind of ["S", "A", "C", "D", "t", "product", "unnamed"]) assert.ok(kinds.has(kind), kind);
  });
});

describe("declared groups", () => {
  it("by name hold what they say, element by element up to 6 tokens", () => {
    for (let n = 1; n <= 6; n++) {
      const orders: Record<string, number> = {
        trivial: 1,
        S_n: [1, 1, 2, 6, 24, 120, 720][n],
        A_n: [1, 1, 1, 3, 12, 60, 360][n],
        C_n: n,
        D_n: [1, 1, 2, 6, 8, 10, 12][n],
      };
      for (const [spec, order] of Object.entries(orders)) {
        const declared = declaredGroup(spec, n);
        const inside = [...allPermutations(n)].filter((p) => declared.contains(p));
        assert.equal(inside.length, order, `${spec}, n ${n}`);
        const generated = PermutationGroup.generate(n, declared.generators());
        assert.equal(generated.order, BigInt(order), `${spec}, n ${n}`);
        assert.equal(declared.order.toString(), String(order), `${spec}, n ${n}`);
        assert.ok(inside.every((p) => generated.contains(p)));
      }
    }
  });

  it("work at any size", () => {
    const n = 1 << 17;
    const rotation = map(n, (t) => (t + 77) % n);
    const swap = fromCycles(n, [[5, 9]]);
    assert.ok(declaredGroup("C_n", n).contains(rotation));
    assert.ok(!declaredGroup("C_n", n).contains(swap));
    assert.ok(declaredGroup("D_n", n).contains(map(n, (t) => n - 1 - t)));
    assert.ok(declaredGroup("S_n", n).contains(swap));
    assert.ok(!declaredGroup("A_n", n).contains(swap));
    assert.equal(isEven(rotation), declaredGroup("A_n", n).contains(rotation));
    assert.ok(declaredGroup("trivial", n).contains(identity(n)));
    assert.ok(!declaredGroup("trivial", n).contains(rotation));
    for (const p of declaredGroup("A_n", n).generators()) assert.ok(isEven(p));
  });

  it("by generators: membership, name, 2-closure", () => {
    const declared = declaredGroup({ generators: [[[0, 1, 2]], [[3, 4]]] }, 6);
    assert.equal(declared.name, "C_3 x C_2");
    assert.ok(declared.contains(fromCycles(6, [[0, 2, 1]])));
    assert.ok(!declared.contains(fromCycles(6, [[0, 1]])));
    assert.ok(declared.isTwoClosed());
    const even = declaredGroup({ generators: [[[0, 1, 2]], [[1, 2, 3]]] }, 4);
    assert.equal(even.name, "A_4");
    assert.ok(!even.isTwoClosed());
    assert.ok(!declaredGroup("A_n", 4).isTwoClosed());
    assert.ok(declaredGroup("A_n", 3).isTwoClosed());
    assert.throws(() => declaredGroup({ generators: [[[0, 6]]] }, 6), RangeError);
  });
});
