/** The measured symmetry of targets, against what is known of the library, and against all permutations of up to 6 tokens. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Random } from "../../extension/runtime/random";
import { symmetryOfTarget, targetSymmetry } from "../../extension/runtime/training/targetSymmetry";
import { libraryTarget, targetNames, type TargetFunction, TargetError } from "../../extension/runtime/training/targets";
import { targetOf } from "../../extension/runtime/training/userTarget";
import { groupOf } from "../../extension/theory/design/groups";
import { PermutationGroup } from "../../extension/theory/symmetry/group";
import { declaredGroup } from "../../extension/theory/symmetry/naming";
import { cycles } from "../../extension/theory/symmetry/permutation";

const names = targetNames.flatMap(({ name, numbered }) =>
  name === "random" ? [] : numbered ? [name, `${name}-2`, `${name}-3`] : [name],
);

function assertMeasured(target: TargetFunction, expected: PermutationGroup, what: string): void {
  const { group, how } = symmetryOfTarget(target, "measure");
  assert.ok(group !== null, `${what}: ${how}`);
  assert.ok(group.group.equals(expected), `${what}: ${group.name} instead of order ${expected.order}`);
  assert.match(how, /^Measured, not proved: on 16 random samples/);
}

/** The group of the permutations that commute with the map on some samples, all of them tried. */
function bySearch(target: TargetFunction): PermutationGroup {
  const { tokens, width } = target.shape;
  const found = [];
  for (const permutation of declaredGroup("S_n", tokens).permutationGroup().elements()) {
    const commutes = Array.from({ length: 20 }, (_, seed) => seed).every((seed) => {
      const x = new Random(seed, 77).normals(new Float64Array(tokens * width));
      const moved = new Float64Array(x.length);
      permutation.forEach((to, t) => moved.set(x.subarray(t * width, (t + 1) * width), to * width));
      const [y, image] = [new Float64Array(x.length), new Float64Array(x.length)];
      target.apply(x, y);
      target.apply(moved, image);
      return y.every((v, i) => Math.abs(v - image[permutation[Math.floor(i / width)] * width + (i % width)]) < 1e-9);
    });
    if (commutes) found.push(permutation);
  }
  return PermutationGroup.generate(tokens, found);
}

describe("training: the symmetry of a target", () => {
  for (const name of names)
    it(`${name}: what is measured is what is known, and what a search through all permutations finds`, () => {
      for (const tokens of [6, 9, 12]) {
        const target = libraryTarget(name, { tokens, width: 3 });
        const known = declaredGroup(target.symmetry!, tokens).permutationGroup();
        assertMeasured(target, known, `${tokens} tokens`);
        if (tokens === 6) assert.ok(bySearch(target).equals(known));
      }
    });

  it("random targets: products, rings, groups that are not 2-closed, and all of S_n", () => {
    const requests = ["A_4", "A_5", "A_6", "D_6", "C_7", "S_3 x S_2", "S_2 wr C_3", "S_9", "D_12", "grid 3x4"];
    for (const name of requests) {
      const { group, degree } = groupOf({ kind: "name", name, tokens: null });
      const symmetry = { generators: group.generators.map(cycles) };
      const target = libraryTarget("random", { tokens: degree, width: 4, target: { symmetry } });
      assertMeasured(target, group, name);
      if (degree <= 5) assert.ok(bySearch(target).equals(group), name);
      const known = symmetryOfTarget(target);
      assert.ok(known.group!.group.equals(group));
      assert.match(known.how, /^Known of the target random/);
    }
  });

  it("targets of one's own: continuous, with jumps, and with a symmetry that pairs do not show", () => {
    const own = (map: (sample: number[][]) => number[][], tokens: number) =>
      targetOf("own.ts", map, { tokens, width: 2 });
    const turned = own((X) => X.map((_, t) => X[(t + 1) % X.length].map((v, c) => v * X[t][c])), 7);
    assertMeasured(turned, declaredGroup("C_n", 7).permutationGroup(), "a ring");
    // The sign of the area of tokens 0..2 turns with their order: A_3 on them, and the other two are alike.
    const area = own((X) => {
      const [[a, b], [c, d], [e, f]] = X;
      const sign = Math.sign((c - a) * (f - b) - (d - b) * (e - a));
      return X.map((token, t) => token.map((v) => (t < 3 ? v + sign : v)));
    }, 5);
    assert.ok(bySearch(area).equals(groupOf({ kind: "generators", cycles: "(0 1 2), (3 4)", tokens: 5 }).group));
    assertMeasured(area, bySearch(area), "orientation");
    // The largest token first: its place says nothing of where it came from, and outputs differ.
    const largest = own((X) => {
      const sorted = [...X].sort((a, b) => b[0] - a[0]);
      return X.map((_, t) => (t === 0 ? sorted[0] : [0, 0]));
    }, 8);
    const others = groupOf({ kind: "generators", cycles: "(1 2), (1 2 3 4 5 6 7)", tokens: 8 }).group;
    const { group } = symmetryOfTarget(largest);
    assert.ok(group!.group.equals(others), group!.name);
  });

  it("says where it is not determined", () => {
    const sign = targetOf("own.ts", (X) => X.map(() => {
      let product = 1;
      for (let i = 0; i < X.length; i++) for (let j = 0; j < i; j++) product *= Math.sign(X[i][0] - X[j][0]);
      return [product, product];
    }), { tokens: 9, width: 2 }); // prettier-ignore
    const { group, how } = symmetryOfTarget(sign);
    assert.equal(group, null);
    assert.match(how, /^Not determined: pairs of tokens leave 362880 permutations/);
    const large = symmetryOfTarget(libraryTarget("identity", { tokens: 65, width: 2 }));
    assert.equal(large.group, null);
    assert.match(large.how, /up to 64 tokens/);
  });

  it("is a request of the runtime, which runs code only if it is trusted", async () => {
    const context = { pause: () => Promise.resolve() } as Parameters<typeof targetSymmetry>[1];
    const source = { file: "own.mjs", text: "export default (X) => X.map((_, t) => X[(t + 1) % X.length]);" };
    const shape = { tokens: 5, width: 2 };
    const { group, how } = await targetSymmetry({ target: source, shape, trusted: true }, context);
    assert.deepEqual([group!.name, group!.tokens, group!.order], ["C_5", 5, "5"]);
    assert.match(how, /^Measured/);
    const untrusted = targetSymmetry({ target: source, shape, trusted: false }, context);
    await assert.rejects(
      untrusted,
      (error) => error instanceof TargetError && /trusted workspaces/.test(error.message),
    );
    const ofLibrary = await targetSymmetry({ target: "moving-average", shape, trusted: false }, context);
    assert.equal(ofLibrary.group!.name, "D_5");
  });
});
