/** Random targets have exactly the symmetry that is declared: among all permutations of few tokens, and by the floors of architectures with the same and with more. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Random } from "../../extension/runtime/random";
import { estimateFloor, isPositive } from "../../extension/runtime/training/floor";
import { applyTarget, libraryTarget, TargetError } from "../../extension/runtime/training/targets";
import {
  type ArchitectureInput,
  architectureSchema,
  type SymmetrySpec,
} from "../../extension/theory/architecture/schema";
import { groupOf } from "../../extension/theory/design/groups";
import { isTwoClosed, pairOrbits } from "../../extension/theory/symmetry/closure";
import type { PermutationGroup } from "../../extension/theory/symmetry/group";
import { declaredGroup } from "../../extension/theory/symmetry/naming";
import { cycles } from "../../extension/theory/symmetry/permutation";
import { corpusGroups } from "../reference/designs";

const corpus = corpusGroups();

const specOf = (group: PermutationGroup): SymmetrySpec => ({ generators: group.generators.map(cycles) });
const named = (name: string): PermutationGroup => groupOf({ kind: "name", name, tokens: null }).group;
const random = (symmetry: SymmetrySpec, tokens: number, width: number, name = "random") =>
  libraryTarget(name, { tokens, width, target: { symmetry } });
const normals = (seed: number, count: number) => new Random(seed).normals(new Float64Array(count));

/** (pi X)_{pi(t)} = X_t. */
function move(permutation: ArrayLike<number>, x: Float64Array, width: number): Float64Array {
  const moved = new Float64Array(x.length);
  for (let t = 0; t < permutation.length; t++)
    moved.set(x.subarray(t * width, (t + 1) * width), permutation[t] * width);
  return moved;
}

describe("training: random targets", () => {
  for (const [width, most] of [
    [3, 5],
    [8, 6],
  ])
    it(`commute with a group's elements and clearly with no others: the corpus's groups of up to ${most} tokens, width ${width}`, () => {
      let groups = 0;
      let open = 0;
      for (const { id, request } of corpus) {
        const { group, degree } = groupOf(request);
        if (degree < 2 || degree > most || (degree === 6 && !/^6T\d+$/.test(id))) continue;
        groups++;
        if (!isTwoClosed(group)) open++;
        const target = random(specOf(group), degree, width);
        const samples = [1, 2, 3].map((seed) => normals(seed, degree * width));
        const outputs = samples.map((x) => applyTarget(target, x));
        for (const permutation of named(`S_${degree}`).elements()) {
          const errors = samples.map((x, i) => {
            const [a, b] = [applyTarget(target, move(permutation, x, width)), move(permutation, outputs[i], width)];
            return a.reduce((sum, value, at) => sum + (value - b[at]) ** 2, 0) / a.length;
          });
          const inside = group.contains(permutation);
          const error = Math.max(...errors);
          assert.ok(inside ? error < 1e-20 : error > 1e-3, `${id}, ${[...permutation].join(" ")}: ${error}`);
        }
      }
      assert.deepEqual([groups, open], most === 5 ? [41, 5] : [57, 13]);
    });

  it("commute with generators, and break with others, for products, wreath products and graphs of up to 64 tokens", () => {
    for (const name of ["S_5 x S_4", "S_4 wr S_3", "S_8 wr S_8", "S_64", "D_64", "grid 4x6", "benzene"]) {
      const group = named(name);
      const width = 4;
      const target = random(specOf(group), group.degree, width);
      const x = normals(1, group.degree * width);
      const y = applyTarget(target, x);
      const error = (permutation: ArrayLike<number>) => {
        const b = move(permutation, y, width);
        const a = applyTarget(target, move(permutation, x, width));
        return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at])), 0);
      };
      for (const generator of group.generators) assert.ok(error(generator) < 1e-9, name);
      // Every second of them, and pairs far from each other, move tokens out of their orbits on pairs.
      for (let trial = 0; trial < 20; trial++) {
        const draw = new Random(trial, 5);
        const swapped = Int32Array.from({ length: group.degree }, (_, t) => t);
        for (let i = swapped.length - 1; i > 0; i--) {
          const j = draw.below(i + 1);
          [swapped[i], swapped[j]] = [swapped[j], swapped[i]];
        }
        if (!group.contains(swapped)) assert.ok(error(swapped) > 1e-2, name);
      }
    }
  });

  it("have mean 0 and variance about 1, and every output depends on every token", () => {
    for (const name of ["trivial", "D_6", "A_5", "S_3 x S_3"]) {
      const group = name === "trivial" ? named("S_1 x S_1 x S_1 x S_1") : named(name);
      const [n, width] = [group.degree, 8];
      const target = random(specOf(group), n, width);
      const values = applyTarget(target, normals(2, 4000 * n * width));
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
      assert.ok(Math.abs(mean) < 0.05 && variance > 0.85 && variance < 1.15, `${name}: ${mean}, ${variance}`);
      const x = normals(3, n * width);
      const y = applyTarget(target, x);
      for (let r = 0; r < n; r++) {
        const changed = x.slice();
        changed.set(normals(4, width), r * width);
        const other = applyTarget(target, changed);
        for (let t = 0; t < n; t++)
          assert.ok(y.subarray(t * width, (t + 1) * width).some((v, c) => Math.abs(v - other[t * width + c]) > 1e-3));
      }
    }
  });

  it("have the floor 0 where the architecture has the symmetry, and a positive one where it has more", () => {
    const bias = (group: PermutationGroup): ArchitectureInput["position"] => ({
      pairs: pairOrbits(group).map((row) => [...row]),
    });
    const cases: [string, string][] = [
      ["C_6", "D_6"],
      ["D_6", "S_6"],
      ["S_3 wr S_2", "S_6"],
      ["S_3 x S_3", "S_3 wr S_2"],
      ["A_4", "S_4"],
    ];
    for (const [less, more] of cases) {
      const tokens = named(less).degree;
      const floorOn = (name: string) => {
        const layers = [{ repeat: 2, attention: {} }];
        const architecture = architectureSchema.parse({ tokens, width: 8, position: bias(named(name)), layers });
        return estimateFloor(architecture, random(specOf(named(less)), tokens, 8), { precision: 0.05 });
      };
      const [own, larger] = [floorOn(less), floorOn(more)];
      assert.ok(typeof own !== "string" && typeof larger !== "string");
      // Pair classes give A_4 the symmetry S_4.
      assert.equal(isPositive(own), less === "A_4", less);
      assert.ok(larger.both.low > 0.03 * larger.variance, `${less} under ${more}: ${larger.both.value}`);
    }
  });

  it("are decided by the seed, the group and the shape", () => {
    const x = normals(1, 24);
    const values = (name: string) => [...applyTarget(random("D_n", 6, 4, name), x)];
    assert.deepEqual(values("random"), values("random-1"));
    assert.notDeepEqual(values("random"), values("random-2"));
    assert.equal(declaredGroup(random("D_n", 6, 4).symmetry!, 6).name, "D_6");
    assert.equal(libraryTarget("random", { tokens: 6, width: 4 }).symmetry, "trivial");
  });

  it("are refused, with the reason, where the group is neither 2-closed nor small, and on too many tokens", () => {
    assert.throws(() => random("A_n", 8, 4), { name: TargetError.name, message: /2-closed .* 5040 .* 20160/ });
    assert.throws(() => random("D_n", 65, 4), { name: TargetError.name, message: /64 tokens/ });
    assert.doesNotThrow(() => random("A_n", 7, 4));
  });
});
