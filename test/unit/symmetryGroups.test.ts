import assert from "node:assert/strict";
import fc from "fast-check";
import { isTwoClosed, twoClosure } from "../../extension/theory/symmetry/closure";
import { PermutationGroup } from "../../extension/theory/symmetry/group";
import { factorial, GroupOrder } from "../../extension/theory/symmetry/order";
import {
  blockSystems,
  compose,
  cycles,
  fromCycles,
  identity,
  invert,
  isEven,
  orderOf,
  orbitsOf,
} from "../../extension/theory/symmetry/permutation";
import type { Permutation } from "../../extension/theory/symmetry/structure";
import { Random } from "../reference/random";
import { allPermutations, below, randomPermutation } from "./symmetryStructures";

const seed = 20250602;
const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => i + from);
const map = (degree: number, image: (i: number) => number): Permutation =>
  Int32Array.from({ length: degree }, (_, i) => image(i));
const group = (degree: number, ...generators: (number[][] | Permutation)[]) =>
  PermutationGroup.generate(
    degree,
    generators.map((p) => (p instanceof Int32Array ? p : fromCycles(degree, p))),
  );
const symmetric = (n: number) => group(n, [range(2)], [range(n)]);
const alternating = (n: number) => group(n, [range(3)], [n % 2 ? range(n) : range(n - 1, 1)]);
const cyclic = (n: number) => group(n, [range(n)]);
const dihedral = (n: number) =>
  group(
    n,
    [range(n)],
    map(n, (i) => n - 1 - i),
  );

const a11 = [range(11)];
const m11 = () => group(11, a11, [[2, 6, 10, 7], [3, 9, 4, 5]]); // prettier-ignore
const m12 = () => group(12, a11, [[2, 6, 10, 7], [3, 9, 4, 5]], [[0, 11], [1, 10], [2, 5], [3, 7], [4, 8], [6, 9]]); // prettier-ignore
const m24 = () => group(24, [range(23)],
  [[2, 16, 9, 6, 8], [3, 12, 13, 18, 4], [7, 17, 10, 11, 22], [14, 19, 21, 20, 15]],
  [[0, 23], [1, 22], [2, 11], [3, 15], [4, 17], [5, 9], [6, 19], [7, 13], [8, 20], [10, 16], [12, 21], [14, 18]]); // prettier-ignore
/** On the projective line over F_7, infinity being 7. */
const psl27 = () =>
  group(
    8,
    map(8, (x) => (x === 7 ? 7 : (x + 1) % 7)),
    map(8, (x) => (x === 7 ? 7 : (2 * x) % 7)),
    map(8, (x) => (x === 7 ? 0 : x === 0 ? 7 : (7 - [0, 1, 4, 5, 2, 3, 6][x]) % 7)),
  );

/** All products of the generators, by closure. */
function closure(degree: number, generators: readonly Permutation[]): Map<string, Permutation> {
  const one = identity(degree);
  const elements = new Map([[String(one), one]]);
  for (const element of elements.values())
    for (const p of generators) {
      const product = compose(p, element);
      if (!elements.has(String(product))) elements.set(String(product), product);
    }
  return elements;
}

describe("permutations", () => {
  it("compose, invert and go to cycles and back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (n, draw) => {
        const random = new Random(draw);
        const p = randomPermutation(random, n);
        const q = randomPermutation(random, n);
        assert.deepEqual(fromCycles(n, cycles(p)), p);
        assert.deepEqual(compose(p, invert(p)), identity(n));
        for (let i = 0; i < n; i++) assert.equal(compose(p, q)[i], p[q[i]]);
        assert.equal(isEven(compose(p, q)), isEven(p) === isEven(q));
        let power = p;
        let order = 1n;
        for (; power.some((image, i) => image !== i); order++) power = compose(p, power);
        assert.equal(orderOf(p), order);
      }),
      { seed },
    );
  });

  it("refuse cycles with points out of range, no integers, or twice", () => {
    assert.throws(() => fromCycles(3, [[0, 3]]), /3 is none of the points 0\.\.2/);
    assert.throws(() => fromCycles(3, [[0, -1]]), RangeError);
    assert.throws(() => fromCycles(3, [[0, 1.5]]), RangeError);
    assert.throws(() => fromCycles(3, [[0, 1], [1, 2]]), /the point 1 stands in the cycles twice/); // prettier-ignore
    assert.throws(() => fromCycles(3, [[2, 2]]), RangeError);
    assert.deepEqual([...fromCycles(3, [[], [1]])], [0, 1, 2]);
  });

  it("have the block systems that a search over all partitions finds", () => {
    const p = { twelve: map(12, (i) => (i + 1) % 12), mirror: map(12, (i) => (12 - i) % 12) };
    assert.deepEqual(
      blockSystems(12, [p.twelve, p.mirror]).map((blocks) => new Set(blocks).size),
      [6, 4, 3, 2],
    );
    assert.deepEqual(blockSystems(5, [fromCycles(5, [range(5)])]), []);
    const grid = [map(6, (i) => (i + 3) % 6), map(6, (i) => 3 * Math.floor(i / 3) + ((i + 1) % 3))];
    assert.deepEqual(blockSystems(6, grid).map((blocks) => [...blocks]), [[0, 1, 2, 0, 1, 2], [0, 0, 0, 3, 3, 3]]); // prettier-ignore
  });
});

describe("permutation groups", () => {
  it("agree with the closure of their generators", () => {
    let largest = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 3 }), fc.nat(), (n, count, draw) => {
        const random = new Random(draw);
        const generators = range(count).map(() => {
          const p = randomPermutation(random, n);
          return below(random, 3) ? p : compose(p, p);
        });
        const all = closure(n, generators);
        largest = Math.max(largest, all.size);
        const g = PermutationGroup.generate(n, generators);
        assert.equal(g.order, BigInt(all.size));
        const elements = [...g.elements()];
        assert.equal(elements.length, all.size);
        assert.deepEqual(new Set(elements.map(String)), new Set(all.keys()));
        assert.equal(String(elements[0]), String(identity(n)));
        for (let i = 0; i < 20; i++) {
          const p = randomPermutation(random, n);
          assert.equal(g.contains(p), all.has(String(p)));
        }
        const point = below(random, n);
        const fixing = [...all.values()].filter((p) => p[point] === point);
        const stabiliser = g.stabiliser(point);
        assert.equal(stabiliser.order, BigInt(fixing.length));
        for (const p of fixing) assert.ok(stabiliser.contains(p));
        assert.ok(stabiliser.generators.every((p) => p[point] === point && g.contains(p)));
        const [orbit] = g.orbits();
        assert.deepEqual(
          orbit,
          [...new Set([...all.values()].map((p) => p[orbit[0]]))].sort((a, b) => a - b),
        );
        const restricted = g.restrictedTo(orbit);
        assert.equal(
          restricted.order,
          BigInt(new Set([...all.values()].map((p) => String(orbit.map((v) => p[v])))).size),
        );
        assert.ok(restricted.generators.every((p) => p.every((image, v) => image === v || orbit.includes(v))));
        assert.ok(g.equals(PermutationGroup.generate(n, elements.slice(-40).concat(generators))));
      }),
      { seed, numRuns: 600 },
    );
    assert.equal(largest, 5040);
  });

  it("have the known orders", () => {
    for (const n of [3, 4, 5, 10, 40, 100]) {
      assert.equal(symmetric(n).order, factorial(n));
      assert.equal(alternating(n).order, factorial(n) / 2n);
      assert.equal(cyclic(n).order, BigInt(n));
      assert.equal(dihedral(n).order, 2n * BigInt(n));
    }
    assert.equal(m11().order, 7920n);
    assert.equal(m12().order, 95040n);
    assert.equal(m24().order, 244823040n);
    assert.equal(psl27().order, 168n);
    assert.equal(
      group(
        509,
        map(509, (i) => (i + 1) % 509),
        map(509, (i) => (2 * i) % 509),
      ).order,
      509n * 508n,
    );
    // S_3 wr S_4 imprimitive, S_4 x S_5, C_2 wr C_16: a symmetric, a product, and one that no upper bound settles.
    assert.equal(group(12, [[0, 1]], [[0, 1, 2]], map(12, (i) => (i + 3) % 12), [[0, 3], [1, 4], [2, 5]]).order, 6n ** 4n * 24n); // prettier-ignore
    assert.equal(group(9, [[0, 1]], [range(4)], [[4, 5]], [range(5, 4)]).order, 24n * 120n);
    assert.equal(
      group(
        32,
        [[0, 1]],
        map(32, (i) => (i + 2) % 32),
      ).order,
      2n ** 16n * 16n,
    );
    // The moves of Rubik's cube on the 48 stickers that move.
    const cube = [
      [[0, 2, 7, 5], [1, 4, 6, 3], [8, 32, 24, 16], [9, 33, 25, 17], [10, 34, 26, 18]],
      [[8, 10, 15, 13], [9, 12, 14, 11], [0, 16, 40, 39], [3, 19, 43, 36], [5, 21, 45, 34]],
      [[16, 18, 23, 21], [17, 20, 22, 19], [5, 24, 42, 15], [6, 27, 41, 12], [7, 29, 40, 10]],
      [[24, 26, 31, 29], [25, 28, 30, 27], [2, 37, 42, 18], [4, 35, 44, 20], [7, 32, 47, 23]],
      [[32, 34, 39, 37], [33, 36, 38, 35], [2, 8, 45, 31], [1, 11, 46, 28], [0, 13, 47, 26]],
      [[40, 42, 47, 45], [41, 44, 46, 43], [13, 21, 29, 37], [14, 22, 30, 38], [15, 23, 31, 39]],
    ]; // prettier-ignore
    assert.equal(group(48, ...cube).order, 43252003274489856000n);
  });

  it("test membership and stabilisers of large groups", () => {
    const mathieu = m24();
    assert.ok(!mathieu.contains(fromCycles(24, [[0, 1]])));
    assert.equal(mathieu.stabiliser(5).order, 10200960n);
    assert.equal(mathieu.stabiliser(5).stabiliser(7).order, 443520n);
    assert.ok(mathieu.stabiliser(5).generators.every((p) => mathieu.contains(p)));
    const even = alternating(64);
    const random = new Random(seed);
    for (let i = 0; i < 20; i++) {
      const p = randomPermutation(random, 64);
      assert.equal(even.contains(p), isEven(p));
    }
    assert.ok(!symmetric(5).equals(alternating(5)));
    assert.ok(!even.contains(identity(63)));
  });

  it("are cheap without generators, at any degree", () => {
    const trivial = PermutationGroup.generate(1 << 20, []);
    assert.equal(trivial.order, 1n);
    assert.ok(trivial.isTrivial);
    assert.ok(trivial.contains(identity(1 << 20)));
  });

  it("refuse what is no permutation", () => {
    assert.throws(() => PermutationGroup.generate(3, [Int32Array.of(0, 0, 1)]), RangeError);
    assert.throws(() => PermutationGroup.generate(3, [Int32Array.of(0, 1)]), RangeError);
  });
});

describe("2-closure", () => {
  /** By definition: all permutations that keep every orbit on ordered pairs. */
  const byDefinition = (g: PermutationGroup): number => {
    const n = g.degree;
    const pairs = orbitsOf(
      n * n,
      g.generators.map((p) => map(n * n, (i) => n * p[Math.floor(i / n)] + p[i % n])),
    );
    return [...allPermutations(n)].filter((p) =>
      pairs.every((orbit, i) => pairs[n * p[Math.floor(i / n)] + p[i % n]] === orbit),
    ).length;
  };

  it("is what the definition says, up to 6 points", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 2 }), fc.nat(), (n, count, draw) => {
        const random = new Random(draw);
        const g = PermutationGroup.generate(
          n,
          range(count).map(() => randomPermutation(random, n)),
        );
        const closed = twoClosure(g);
        assert.equal(closed.order, BigInt(byDefinition(g)));
        assert.ok(g.generators.every((p) => closed.contains(p)));
        assert.ok(isTwoClosed(closed));
        assert.equal(isTwoClosed(g), closed.order === g.order);
      }),
      { seed, numRuns: 150 },
    );
  });

  it("of A_n is S_n from n = 4; cyclic, dihedral and symmetric groups are closed; multiply transitive ones are not", () => {
    for (const n of [4, 5, 9]) assert.equal(twoClosure(alternating(n)).order, factorial(n));
    assert.ok(isTwoClosed(alternating(3)));
    for (const n of [3, 4, 7, 30]) for (const g of [symmetric(n), cyclic(n), dihedral(n)]) assert.ok(isTwoClosed(g));
    assert.equal(twoClosure(m11()).order, factorial(11));
    assert.equal(twoClosure(psl27()).order, factorial(8));
    assert.ok(isTwoClosed(dihedral(200)));
  });
});

describe("orders of groups", () => {
  it("are written as decimals up to 1,000 digits and as formulas beyond", () => {
    assert.equal(new GroupOrder(1n).toString(), "1");
    assert.equal(new GroupOrder(2n, [[5, 1], [3, 2]]).toString(), "8640"); // prettier-ignore
    assert.equal(new GroupOrder(1n, [[4096, 1]]).toString(), "4096!");
    assert.equal(new GroupOrder(2n, [[12, 3], [4096, 1]]).toString(), "2 * 4096! * 12!^3"); // prettier-ignore
    assert.equal(new GroupOrder(1n, [[449, 1]]).toString().length, 998);
    assert.equal(new GroupOrder(10n ** 1000n - 1n).toString().length, 1000);
    assert.equal(new GroupOrder(10n ** 1000n).toString(), "2^1000 * 5^1000");
    assert.equal(new GroupOrder(2n ** 65536n * 3n).toString(), "2^65536 * 3");
    assert.equal(new GroupOrder(12n, [[4096, 1]]).toString(), "12 * 4096!"); // prettier-ignore
  });

  it("are compared exactly", () => {
    const big = (cofactor: bigint, ...list: [number, number][]) => new GroupOrder(cofactor, list);
    assert.ok(big(1n, [720, 1]).equals(big(720n, [719, 1])));
    assert.ok(big(1n, [6, 1]).equals(big(1n, [5, 1], [3, 1])));
    assert.ok(big(1048576n, [1048575, 1]).equals(big(1n, [1048576, 1])));
    assert.ok(!big(1048575n, [1048575, 1]).equals(big(1n, [1048576, 1])));
    assert.ok(!big(1n, [4, 2]).equals(big(1n, [4, 1])));
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 }),
        (a, b) => {
          const x = new GroupOrder(6n, a.map((n) => [n, 1])); // prettier-ignore
          const y = new GroupOrder(6n, b.map((n) => [n, 1])); // prettier-ignore
          assert.equal(x.equals(y), x.toBigInt() === y.toBigInt());
          assert.equal(x.times(y).toBigInt(), x.toBigInt() * y.toBigInt());
        },
      ),
      { seed },
    );
  });
});
