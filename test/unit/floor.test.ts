/**
 * The error floor by Monte Carlo against closed forms, and against an exact sum over all permutations that the labelled views, one comparison at a time, say
 * are forced.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { attainable } from "../../extension/runtime/training/attainable";
import { type Estimate, Moments } from "../../extension/runtime/training/estimate";
import { estimateFloor, finish, type Floor, floorOf, isPositive } from "../../extension/runtime/training/floor";
import { Random } from "../../extension/runtime/random";
import { libraryTarget, type TargetFunction } from "../../extension/runtime/training/targets";
import {
  type Architecture,
  type ArchitectureInput,
  architectureSchema,
} from "../../extension/theory/architecture/schema";
import { BeyondReach } from "../../extension/theory/patterns/rows";
import { PermutationGroup } from "../../extension/theory/symmetry/group";
import { decide } from "../../extension/theory/views/decide";
import { Undecided } from "../../extension/theory/views/stack";
import { architectures } from "../reference/architectures";
import { permutations } from "../reference/coincidences";

const parse = (input: ArchitectureInput) => architectureSchema.parse(input);

const floorFor = (architecture: Architecture, target: string): Floor => {
  const floor = estimateFloor(architecture, libraryTarget(target, architecture));
  assert.ok(typeof floor !== "string");
  return floor;
};

/** Within two half-widths, which a right estimator leaves once in 10,000 times. */
function near({ value, low, high }: Estimate, exact: number): void {
  const tolerance = Math.max(high - low, 1e-12);
  assert.ok(Math.abs(value - exact) <= tolerance, `${value} (${low} to ${high}) should be ${exact}`);
}

const n = 6;
const layers = (attention: object, repeat = 1) => parse({ tokens: n, width: 2, layers: [{ repeat, attention }] });
const full = layers({});
const causal = layers({ pattern: "causal" });
const ring = layers({ pattern: { window: { left: 1, right: 1, circular: true } } });

/** Closed forms: normal tokens are independent with variance 1, so a coefficient's square counts. Parts and whole, per coordinate. */
const closed: [string, Architecture, string, { symmetry: number; visibility: number; both: number }][] = [
  ["a copy of token 0 becomes the mean of all", full, "copy-first", { symmetry: 1 - 1 / n, visibility: 0, both: 1 - 1 / n }],
  ["a reversal becomes the mean of the others", full, "reverse", { symmetry: 1 - 1 / (n - 1), visibility: 0, both: 1 - 1 / (n - 1) }],
  ["a mean is symmetric", full, "mean-broadcast", { symmetry: 0, visibility: 0, both: 0 }],
  ["the nearest token is symmetric", full, "copy-nearest", { symmetry: 0, visibility: 0, both: 0 }],
  ["a prefix sum is causal", causal, "prefix-sum", { symmetry: 0, visibility: 0, both: 0 }],
  // Output t loses n - 1 - t of n terms of weight 1 / n.
  ["a mean seen causally", causal, "mean-broadcast", { symmetry: 0, visibility: 15 / n ** 3, both: 15 / n ** 3 }],
  // One causal layer is blind to the order of what came before: token t - 1 becomes the mean of 0..t-1.
  ["the token before, one causal layer", causal, "shift", { symmetry: 0, visibility: 0, both: (0 + 1 / 2 + 2 / 3 + 3 / 4 + 4 / 5) / n }],
  ["the token before, two causal layers", layers({ pattern: "causal" }, 2), "shift", { symmetry: 0, visibility: 0, both: 0 }],
  ["a turn of the ring with reflections", ring, "circular-shift", { symmetry: 1 / 2, visibility: 0, both: 1 / 2 }],
  // Two places away: nothing of it is seen. The reflections alone would leave a half.
  ["a turn by two out of sight", ring, "circular-shift-2", { symmetry: 1 / 2, visibility: 1, both: 1 }],
  // Inner outputs cannot tell left from right nor themselves from one another; the two ends agree, and one of them has to be zero.
  ["the token before in a window on a line", layers({ pattern: { window: 1 } }), "shift", {
    symmetry: 5 / 12, visibility: 0, both: (4 / 2 + 2 / 4) / n }],
  ["a prefix sum in blocks of three", layers({ pattern: { block: 3 } }), "prefix-sum", {
    // The other two of a block come in half of its prefix sums, the other block in half of them; and it is not seen.
    symmetry: 2 / 4 + 3 / 4, visibility: 9 / n, both: 2 / 4 + 9 / n }],
]; // prettier-ignore

describe("error floor", () => {
  for (const [name, architecture, target, exact] of closed)
    it(`closed form: ${name}`, () => {
      const floor = floorFor(architecture, target);
      assert.equal(floor.incomplete, null);
      for (const part of ["symmetry", "visibility", "both"] as const) near(floor[part], exact[part]);
      assert.equal(isPositive(floor), exact.both > 0);
      assert.ok(floor.both.high >= Math.max(floor.symmetry.low, floor.visibility.low));
    });

  it("knows the targets' variances", () => {
    assert.ok(Math.abs(floorFor(full, "identity").variance - 1) < 0.1);
    assert.ok(Math.abs(floorFor(full, "sign-parity").variance - 1) < 0.1);
    assert.ok(Math.abs(floorFor(full, "mean-broadcast").variance - 1 / n) < 0.02);
  });

  it("stops at the precision asked for, and is the same again", () => {
    const target = libraryTarget("reverse", full);
    const options = { precision: 0.02 };
    const floor = estimateFloor(full, target, options);
    assert.ok(typeof floor !== "string");
    assert.ok(floor.both.high - floor.both.low <= 2 * 0.02 * floor.variance);
    assert.deepEqual(estimateFloor(full, target, options), floor);
  });

  it("covers its true value about 95 times in 100", () => {
    const target = libraryTarget("copy-first", full);
    let covered = 0;
    for (let seed = 0; seed < 400; seed++) {
      const floor = estimateFloor(full, target, { seed, precision: 0.05 });
      assert.ok(typeof floor !== "string");
      if (floor.both.low <= 1 - 1 / n && floor.both.high >= 1 - 1 / n) covered++;
    }
    console.log(`      covered ${covered} of 400 times`);
    assert.ok(covered >= 362 && covered <= 396); // four standard deviations of a binomial of 0.95
  });

  it("says when a target is not finite, and when an architecture is not decided", () => {
    const target = libraryTarget("identity", full);
    const broken = { ...target, apply: (_: Float64Array, y: Float64Array) => void y.fill(NaN) };
    assert.throws(() => estimateFloor(full, broken), /not finite/);
    const frozen = layers({ projection: { linformer: { rank: 2, trainable: false } } });
    assert.match(estimateFloor(frozen, target) as string, /frozen/i);
  });

  it("handles a thousand interchangeable tokens", () => {
    const large = parse({ tokens: 1000, width: 2, layers: [{ attention: {} }] });
    const floor = estimateFloor(large, libraryTarget("copy-first", large), { budget: 2e6 });
    assert.ok(typeof floor !== "string");
    near(floor.both, 1 - 1 / 1000);
  });

  it("looks at some of many outputs at a time", () => {
    const tokens = 40;
    const large = parse({ tokens, width: 2, layers: [{ attention: { pattern: "causal" } }] });
    // Output t loses n - 1 - t of n terms of weight 1 / n.
    const floor = estimateFloor(large, libraryTarget("mean-broadcast", large), { precision: 0.02 });
    assert.ok(typeof floor !== "string");
    near(floor.both, (tokens * (tokens - 1)) / 2 / tokens ** 3);
  });

  it("uniform elements of a group come up equally often", () => {
    const group = PermutationGroup.generate(5, [Int32Array.of(1, 2, 0, 3, 4), Int32Array.of(0, 1, 3, 4, 2)]);
    assert.equal(group.order, 60n);
    const random = new Random(1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 60_000; i++) {
      const key = group.uniform((count) => random.below(count)).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    assert.equal(counts.size, 60);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    assert.ok(chiSquare < 59 + 4 * Math.sqrt(2 * 59), `chi square ${chiSquare}`);
  });

  // Products of coordinates of two tokens are orthonormal, and what is unseen averages to zero: the projection is a finite sum.
  const quadratic = (tokens: number, seed: number) => {
    const random = new Random(seed, tokens);
    const weights = random.normals(new Float64Array(tokens ** 3));
    const at = (s: number, i: number, j: number) => weights[(s * tokens + i) * tokens + j];
    const target: TargetFunction = {
      name: "quadratic",
      description: "",
      shape: { tokens, width: 2 },
      symmetry: null,
      visible: null,
      apply: (x, y) => {
        for (let s = 0; s < tokens; s++)
          for (let i = 0; i < tokens; i++)
            for (let j = 0; j < tokens; j++) y[2 * s] += at(s, i, j) * x[2 * i] * x[2 * j + 1];
      },
    };
    return { target, at };
  };

  /** Sum over outputs of the squared distance of their coefficients to the average over all forced coincidences, by looking at all of S_n. */
  function exactFloor(architecture: Architecture, at: (s: number, i: number, j: number) => number): number | null {
    const { tokens } = architecture;
    try {
      const decision = decide(architecture);
      const all = Array.from({ length: tokens }, (_, t) => t);
      let sum = 0;
      for (const s of all) {
        const sees = all.map((r) => decision.sees(s, r));
        const arrows = all.flatMap((t) =>
          permutations(tokens).flatMap((pi) => (decision.coincides(s, t, pi) ? [{ t, pi }] : [])),
        );
        assert.ok(arrows.length > 0);
        for (const i of all)
          for (const j of all) {
            const image = arrows.reduce((mean, { t, pi }) => mean + at(t, pi[i], pi[j]) / arrows.length, 0);
            sum += (at(s, i, j) - (sees[i] && sees[j] ? image : 0)) ** 2;
          }
      }
      return sum / tokens / 2;
    } catch (error) {
      if (error instanceof Undecided || error instanceof BeyondReach) return null;
      throw error;
    }
  }

  for (const route of ["auto", "outputs"] as const)
    it(`random architectures of up to 5 tokens: the exact projection, by way of ${route === "auto" ? "the group where it will do" : "single outputs"}`, function () {
      this.timeout(600_000);
      const seed = 20_261_124;
      let [compared, positive, partial, beyond, undecided] = [0, 0, 0, 0, 0];
      const deviations = new Moments();
      fc.assert(
        fc.property(architectures(2, 5), (architecture) => {
          const { target, at } = quadratic(architecture.tokens, 7);
          const known = attainable(architecture, route);
          const exact = exactFloor(architecture, at);
          if (typeof known === "string" || exact === null) {
            undecided++;
            return;
          }
          const floor = finish(floorOf(known, target, { seed: 3, precision: 0.02, budget: 3e5 }));
          compared++;
          if (exact > 1e-9) positive++;
          if (floor.visibility.value > 0) partial++;
          if (!known.byGroup) beyond++;
          if (known.incomplete !== null) {
            assert.ok(floor.both.low <= exact + 1e-9, `a lower bound: ${floor.both.low} for ${exact}`);
            return;
          }
          const { value, low, high } = floor.both;
          if (exact < 1e-9) assert.ok(value < 1e-20, `${value} should be zero`);
          else {
            const deviation = (value - exact) / ((high - low) / 2 / 1.96);
            deviations.add(deviation);
            // Normal deviates of 150 comparisons; squares of squares have heavy tails, hence some room.
            assert.ok(Math.abs(deviation) < 6, `${value} (${low} to ${high}) should be ${exact}`);
          }
        }),
        { seed, numRuns: 150 },
      );
      console.log(
        `      ${compared} compared, ${positive} positive, ${partial} with unseen tokens, ${beyond} beyond the group, ${undecided} undecided; deviations in standard errors: mean ${deviations.mean.toFixed(2)}, variance ${deviations.variance.toFixed(2)}`,
      );
      assert.ok(compared > 120 && positive > 50 && partial > 20 && beyond > 15);
      assert.ok(Math.abs(deviations.mean) < 0.5 && deviations.variance < 2);
    });
});
