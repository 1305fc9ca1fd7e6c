/** Every target's declared symmetry and visibility against the target itself, on random samples. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "mocha";
import { Random, streams } from "../../extension/runtime/random";
import { Moments } from "../../extension/runtime/training/estimate";
import {
  applyTarget,
  libraryTarget,
  TargetError,
  type TargetFunction,
  targetNames,
} from "../../extension/runtime/training/targets";
import { PermutationGroup } from "../../extension/theory/symmetry/group";
import { declaredGroup } from "../../extension/theory/symmetry/naming";

const names = targetNames.flatMap(({ name, numbered }) => (numbered ? [name, `${name}-2`, `${name}-3`] : [name]));

/** (pi X)_{pi(t)} = X_t. */
function move(permutation: ArrayLike<number>, x: Float64Array, width: number): Float64Array {
  const moved = new Float64Array(x.length);
  for (let t = 0; t < permutation.length; t++)
    moved.set(x.subarray(t * width, (t + 1) * width), permutation[t] * width);
  return moved;
}

function targetIfAny(name: string, tokens: number): TargetFunction | null {
  try {
    return libraryTarget(name, { tokens, width: 2 });
  } catch (error) {
    assert.ok(error instanceof TargetError && tokens < 5);
    return null;
  }
}

const distance = (a: Float64Array, b: Float64Array) => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);

const symmetricGroup = (n: number) => declaredGroup("S_n", n).permutationGroup();

describe("training: targets", () => {
  it("are at least 14, and unknown names or too few tokens are refused", () => {
    assert.ok(targetNames.length >= 14);
    assert.throws(() => libraryTarget("nosuch", { tokens: 4, width: 2 }), TargetError);
    assert.throws(() => libraryTarget("identity-2", { tokens: 4, width: 2 }), TargetError);
    assert.throws(() => libraryTarget("associative-recall", { tokens: 4, width: 2 }), /at least 5 tokens/);
  });

  for (const name of names)
    it(`${name}: the declared group is the whole symmetry, among all permutations of up to 6 tokens`, () => {
      for (const tokens of [3, 4, 5, 6]) {
        const target = targetIfAny(name, tokens);
        if (target === null) continue;
        const declared = declaredGroup(target.symmetry!, tokens).permutationGroup();
        // One sample may have a symmetry by chance (a target of signs); four hardly.
        const samples = [1, 2, 3, 4].map((seed) => new Random(seed, tokens).normals(new Float64Array(2 * tokens)));
        for (const permutation of symmetricGroup(tokens).elements()) {
          const errors = samples.map((x): number =>
            distance(applyTarget(target, move(permutation, x, 2)), move(permutation, applyTarget(target, x), 2)),
          );
          const commutes = errors.every((error: number) => error < 1e-9);
          assert.equal(commutes, declared.contains(permutation), `${tokens} tokens, ${[...permutation].join(" ")}`);
        }
      }
    });

  for (const name of names)
    it(`${name}: generators of the declared group at 9 and 12 tokens, and outputs depend on what they should`, () => {
      for (const tokens of [5, 9, 12]) {
        const width = 3;
        const target = libraryTarget(name, { tokens, width });
        const group = declaredGroup(target.symmetry!, tokens);
        assert.ok(PermutationGroup.generate(tokens, group.generators()).order >= 1n);
        const depends = Array.from({ length: tokens }, () => new Set<number>());
        for (let trial = 0; trial < 200; trial++) {
          const random = new Random(trial, tokens);
          const x = random.normals(new Float64Array(tokens * width));
          const y = applyTarget(target, x);
          assert.ok(y.every(Number.isFinite));
          for (const permutation of group.generators())
            assert.ok(distance(applyTarget(target, move(permutation, x, width)), move(permutation, y, width)) < 1e-9);
          for (let r = 0; r < tokens; r++) {
            const changed = x.slice();
            for (let c = 0; c < width; c++) changed[r * width + c] = random.normal();
            applyTarget(target, changed).forEach((value, i) => {
              if (value !== y[i]) depends[Math.floor(i / width)].add(r);
            });
          }
        }
        depends.forEach((found, t) =>
          assert.deepEqual(
            [...found].sort((a, b) => a - b),
            target.visible!(t),
            `${tokens} tokens, output ${t}`,
          ),
        );
      }
    });

  it("are all in the documentation, with their variances", () => {
    const page = readFileSync(path.join(__dirname, "../../docs/targets.md"), "utf8");
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    const documented = rows.map((row) => row.split("|").map((cell) => cell.trim()));
    assert.deepEqual(
      documented.map(([, name]) => name),
      targetNames.map(({ name, numbered }) => `\`${name}\`${numbered ? ", -k" : ""}`),
    );
    for (const [, name, , , , variance] of documented) {
      const target = libraryTarget(/`(.*)`/.exec(name)![1], { tokens: 8, width: 4 });
      const coordinates = Array.from({ length: 32 }, () => new Moments());
      const random = new Random(1);
      for (let i = 0; i < 20_000; i++)
        applyTarget(target, random.normals(new Float64Array(32))).forEach((value, c) => coordinates[c].add(value));
      const measured = coordinates.reduce((sum, moments) => sum + moments.variance, 0) / 32;
      assert.ok(Math.abs(measured / Number(variance) - 1) < 0.03, `${name}: ${measured}`);
    }
  });

  it("normal draws have the moments of the normal distribution, and streams differ", () => {
    const values = new Random(5).normals(new Float64Array(400_000));
    const moment = (power: number) => values.reduce((sum, v) => sum + v ** power, 0) / values.length;
    for (const [power, expected, error] of [
      [1, 0, 0.01],
      [2, 1, 0.015],
      [3, 0, 0.03],
      [4, 3, 0.1],
    ])
      // prettier-ignore
      assert.ok(Math.abs(moment(power) - expected) < error, `moment ${power}: ${moment(power)}`);
    assert.deepEqual(new Random(5, 1).normals(new Float64Array(3)), new Random(5, 1).normals(new Float64Array(3)));
    const firsts = new Set(Array.from({ length: 1000 }, (_, i) => new Random(i % 10, Math.floor(i / 10)).uniform()));
    assert.equal(firsts.size, 1000);
    // Of one seed, nothing drawn for one purpose is drawn for another.
    const keys = Object.values(streams);
    const drawn = keys.flatMap((stream) => [...new Random(5, stream).normals(new Float64Array(1000))]);
    assert.equal(new Set(drawn).size, 1000 * keys.length);
    const moved = new Random(5).normals(new Float64Array(100), 0.5, 2);
    assert.deepEqual(moved, values.slice(0, 100).map((v) => 2 + 0.5 * v)); // prettier-ignore
  });
});
