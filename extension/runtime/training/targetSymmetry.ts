/**
 * The symmetry of a target function: all permutations pi with F(pi X) = pi F(X). Known for a target of the library; of a user's own it is measured, by evaluating F
 * and never by reading its code.
 *
 * A candidate that contains the symmetry G comes first. For two vectors u and v, let all tokens be u but token j, which is v: what output i then is, is an
 * invariant of the pair (i, j) under G. Such values, and how often output i changes with token j, colour the pairs, and G is among the automorphisms of the
 * colours. (F may jump where tokens are equal, as a sort does. So the tokens are a little off u, and what depends on how they are off is left out.) If the
 * generators of the candidate commute with F on random samples, G is the candidate. Otherwise averages over random samples colour the pairs too, and what is left
 * is tested element by element. Frequencies and averages that differ by chance alone get one colour: fewer colours leave a larger candidate, never a smaller one.
 */
import { BeyondReach } from "../../theory/patterns/rows";
import type { TokenGroup } from "../../theory/design/groups";
import { AutomorphismGroup, automorphisms } from "../../theory/symmetry/automorphisms";
import { PermutationGroup } from "../../theory/symmetry/group";
import { declaredGroup, nameGroup } from "../../theory/symmetry/naming";
import { GroupOrder } from "../../theory/symmetry/order";
import { cycles } from "../../theory/symmetry/permutation";
import { pairStructure, type Permutation } from "../../theory/symmetry/structure";
import type { Handler } from "../process/protocol";
import { Random, streams } from "../random";
import { finish } from "./floor";
import { libraryTarget, type Shape, type TargetFunction, type TargetSource } from "./targets";
import { userTarget } from "./userTarget";

export interface TargetSymmetry {
  /** Null where it was not determined. */
  group: TokenGroup | null;
  /** How it is known, or why it is not, in a sentence or two. */
  how: string;
}

/** Most tokens. */
const mostTokens = 64;
/** Most elements of a candidate that are tested one by one. */
const mostElements = 50_000n;
/** Random samples that a permutation has to commute on, and the largest difference relative to the outputs there. */
const samples = 16;
const tolerance = 1e-6;

/** Pairs of vectors u and v. */
const vectors = 4;
/** How far tokens are off u and v, and by how much outputs may differ for it, relative to the largest. */
const offset = 1e-6;
const steady = 1e-4;
/** Samples in which every token is changed, and samples of averages: fewer where there are many tokens. */
const changes = (tokens: number): number => Math.max(200, Math.floor(10_000 / tokens));
const averaged = (tokens: number): number => Math.max(2000, Math.floor(2e6 / tokens ** 2));
/** Standard errors by which two of them differ if they are taken to differ. */
const errors = 7;
/** Evaluations between two yields. */
const piece = 64;

/**
 * The symmetry of a target, yielding between pieces of work.
 * @param route `measure` does not use what is known of a target of the library. Tests compare the two.
 * @throws what the target throws.
 */
export function* targetSymmetrySteps(
  target: TargetFunction,
  route: "known" | "measure" = "known",
): Generator<void, TargetSymmetry> {
  const { tokens } = target.shape;
  if (tokens > mostTokens)
    return { group: null, how: `Not determined: symmetries of targets are found for up to ${mostTokens} tokens.` };
  if (route === "known" && target.symmetry !== null) {
    const group = declaredGroup(target.symmetry, tokens).permutationGroup();
    return { group: named(group), how: `Known of the target ${target.name} (docs/targets.md).` };
  }
  return yield* new Measurement(target).run();
}

/** As `targetSymmetrySteps`, at once. */
export const symmetryOfTarget = (target: TargetFunction, route?: "known" | "measure"): TargetSymmetry =>
  finish(targetSymmetrySteps(target, route));

function named(group: PermutationGroup): TokenGroup {
  const { degree, generators, order } = group;
  const name = nameGroup(AutomorphismGroup.of(degree, [...generators], new GroupOrder(order)));
  return { name, degree, group };
}

class Measurement {
  private readonly tokens: number;
  private readonly width: number;
  private readonly random: Random;
  /** Random samples with their outputs. */
  private readonly tested: { x: Float64Array; y: Float64Array; scale: number }[] = [];

  constructor(private readonly target: TargetFunction) {
    this.tokens = target.shape.tokens;
    this.width = target.shape.width;
    this.random = new Random(1, streams.symmetry, this.tokens, this.width);
    for (let i = 0; i < samples; i++) {
      const x = this.sample();
      const y = this.apply(x);
      this.tested.push({ x, y, scale: largest(y) });
    }
  }

  *run(): Generator<void, TargetSymmetry> {
    const colours = [yield* this.dependence(), ...(yield* this.responses())];
    const measured = `Measured, not proved: on ${samples} random samples the target commutes with its elements to within ${tolerance} of the largest output`;
    let candidate: PermutationGroup;
    try {
      candidate = this.candidate(colours);
      if (yield* this.allHold(candidate.generators))
        return { group: named(candidate), how: `${measured}, and outputs tell all other permutations apart.` };
      colours.push(...(yield* this.averages()));
      candidate = this.candidate(colours);
      if (yield* this.allHold(candidate.generators))
        return { group: named(candidate), how: `${measured}, and outputs tell all other permutations apart.` };
    } catch (error) {
      if (!(error instanceof BeyondReach)) throw error;
      return { group: null, how: `Not determined: ${error.message}.` };
    }
    if (candidate.order > mostElements)
      return {
        group: null,
        how: `Not determined: pairs of tokens leave ${candidate.order} permutations, of which some commute with the target and some do not; up to ${mostElements} are tested one by one.`,
      };
    let found = PermutationGroup.generate(this.tokens, []);
    let yielded = 0;
    for (const element of candidate.elements()) {
      if (++yielded % piece === 0) yield;
      if (!found.contains(element) && this.holds(element))
        found = PermutationGroup.generate(this.tokens, [...found.generators, element]);
    }
    return {
      group: named(found),
      how: `${measured}; all ${candidate.order} permutations that pairs of tokens leave were tested.`,
    };
  }

  private sample(): Float64Array {
    return this.random.normals(new Float64Array(this.tokens * this.width));
  }

  private apply(x: Float64Array): Float64Array {
    const y = new Float64Array(x.length);
    this.target.apply(x, y);
    return y;
  }

  /** Colours of pairs (i, j) by how often output i changes with token j. */
  private *dependence(): Generator<void, Int32Array> {
    const { tokens, width } = this;
    const count = changes(tokens);
    const shares = new Float64Array(tokens * tokens);
    for (let trial = 0; trial < count; trial++) {
      yield;
      const x = this.sample();
      const y = this.apply(x);
      const rounding = 1e-9 * largest(y);
      for (let j = 0; j < tokens; j++) {
        const other = x.slice();
        other.set(this.random.normals(new Float64Array(width)), j * width);
        const image = this.apply(other);
        for (let i = 0; i < tokens; i++)
          if (
            y.subarray(i * width, (i + 1) * width).some((value, c) => Math.abs(value - image[i * width + c]) > rounding)
          )
            shares[i * tokens + j] += 1 / count;
      }
    }
    return clusters(shares, (share) => errors * Math.sqrt(Math.max(0, share * (1 - share)) / count));
  }

  /** Colours of pairs (i, j) by output i where all tokens are about u and token j is about v; one colouring for each coordinate. */
  private *responses(): Generator<void, Int32Array[]> {
    const { tokens, width } = this;
    const colours: Int32Array[] = [];
    for (let pair = 0; pair < vectors; pair++) {
      const [u, v] = [1, 2].map(() => this.random.normals(new Float64Array(width)));
      const values = Array.from({ length: width }, () => new Float64Array(tokens * tokens));
      let unsteady = 0;
      let scale = 0;
      for (let j = 0; j < tokens; j++) {
        yield;
        const outputs = [1, 2, 3].map(() => {
          const x = this.random.normals(new Float64Array(tokens * width), offset);
          for (let at = 0; at < x.length; at++) x[at] += (Math.floor(at / width) === j ? v : u)[at % width];
          return this.apply(x);
        });
        outputs[0].forEach((value, at) => {
          values[at % width][Math.floor(at / width) * tokens + j] = value;
          for (const other of outputs) unsteady = Math.max(unsteady, Math.abs(other[at] - value));
        });
        scale = Math.max(scale, largest(outputs[0]));
      }
      if (unsteady > steady * scale) continue;
      colours.push(...values.map((list) => clusters(list, () => 2 * steady * scale)));
    }
    return colours;
  }

  /** Colours of pairs (i, j) by averages over random samples of products of functions of output i and of token j. */
  private *averages(): Generator<void, Int32Array[]> {
    const { tokens, width } = this;
    const pairs = tokens * tokens;
    const count = averaged(tokens);
    const [a, b] = [1, 2].map(() => this.random.normals(new Float64Array(width)));
    const sums = [1, 2, 3].map(() => ({ sum: new Float64Array(pairs), squares: new Float64Array(pairs) }));
    const along = (direction: Float64Array, x: Float64Array, t: number) =>
      direction.reduce((sum, entry, c) => sum + entry * x[t * width + c], 0);
    for (let drawn = 0; drawn < count; drawn++) {
      if (drawn % piece === 0) yield;
      const x = this.sample();
      const y = this.apply(x);
      const of = Float64Array.from({ length: tokens }, (_, t) => along(b, x, t));
      for (let i = 0; i < tokens; i++) {
        const output = along(a, y, i);
        for (let j = 0; j < tokens; j++)
          [1, of[j], of[j] ** 2].forEach((factor, which) => {
            const { sum, squares } = sums[which];
            sum[i * tokens + j] += output * factor;
            squares[i * tokens + j] += (output * factor) ** 2;
          });
      }
    }
    return sums.map(({ sum, squares }) => {
      const means = sum.map((total) => total / count);
      const deviations = squares.map((total, at) => Math.sqrt(Math.max(0, total / count - means[at] ** 2) / count));
      return clusters(means, (_, at) => errors * deviations[at]);
    });
  }

  /** The automorphisms of the pairs with all their colours. @throws BeyondReach */
  private candidate(colours: readonly Int32Array[]): PermutationGroup {
    const { tokens: n } = this;
    const ids = new Map<string, number>();
    const classes = Int32Array.from({ length: n * n }, (_, at) => {
      const key = colours.map((list) => list[at]).join();
      let id = ids.get(key);
      if (id === undefined) ids.set(key, (id = ids.size));
      return id;
    });
    const { generators, order } = automorphisms(pairStructure(n, classes));
    return PermutationGroup.generate(n, generators, undefined, order.toBigInt());
  }

  private *allHold(permutations: readonly Permutation[]): Generator<void, boolean> {
    for (const permutation of permutations) {
      yield;
      if (!this.holds(permutation)) return false;
    }
    return true;
  }

  private holds(permutation: Permutation): boolean {
    const { width } = this;
    return this.tested.every(({ x, y, scale }) => {
      const moved = new Float64Array(x.length);
      permutation.forEach((to, t) => moved.set(x.subarray(t * width, (t + 1) * width), to * width));
      const image = this.apply(moved);
      return y.every(
        (value, at) =>
          Math.abs(image[permutation[Math.floor(at / width)] * width + (at % width)] - value) <= tolerance * scale,
      );
    });
  }
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The same number for values that a chain of values leads between, each within what one of it and the one before may be off. */
function clusters(values: Float64Array, slack: (value: number, at: number) => number): Int32Array {
  const colours = new Int32Array(values.length);
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  order.forEach((at, i) => {
    const before = i === 0 ? at : order[i - 1];
    const step = Math.max(slack(values[at], at), slack(values[before], before));
    colours[at] = colours[before] + (values[at] - values[before] > step ? 1 : 0);
  });
  return colours;
}

export interface TargetSymmetryParams {
  /** The name of a target of the library, or the module of a user's own. */
  target: string | TargetSource;
  shape: Shape;
  /** Whether a target of the user's own may run its code: only in a trusted workspace, or where the user named it. */
  trusted: boolean;
}

/** `TargetSymmetry` as it passes between processes. */
export interface TargetSymmetryOutcome {
  /** Null where it was not determined. Generators in cycles of tokens: `groupOf` makes the group of them, with `tokens`. */
  group: { name: string; tokens: number; order: string; generators: number[][][] } | null;
  how: string;
}

/** The request `targetSymmetry` of the runtime process, where code of the user's own runs. @throws TargetError where there is no such target. */
export const targetSymmetry: Handler<TargetSymmetryParams, TargetSymmetryOutcome> = async (
  { target: wanted, shape, trusted },
  { pause },
) => {
  const target = typeof wanted === "string" ? libraryTarget(wanted, shape) : await userTarget(wanted, shape, trusted);
  const steps = targetSymmetrySteps(target);
  let next = steps.next();
  for (; next.done !== true; next = steps.next()) await pause();
  const { group, how } = next.value;
  if (group === null) return { group, how };
  const { name, degree, group: permutations } = group;
  const generators = permutations.generators.map(cycles);
  return { group: { name, tokens: degree, order: String(permutations.order), generators }, how };
};
