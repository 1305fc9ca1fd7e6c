/** The error floor of a target (docs/theory.md, section 6), by Monte Carlo in float64. */
import type { Architecture } from "../../theory/architecture/schema";
import { type Agreement, attainable, type Attainable, bySight } from "./attainable";
import { type Estimate, Moments } from "./estimate";
import { Random, streams } from "../random";
import type { TargetFunction } from "./targets";

/**
 * What no member of the family can be better than, as the mean squared error per coordinate: E|f(X) - F(X)|^2 / (n d) for X with independent standard normal
 * tokens.
 */
export interface Floor {
  /** E|F(X) - E F(X)|^2 / (n d): the error of the best constant. */
  variance: number;
  /** E|F - P_G F|^2 / (n d) with P_G the average over the symmetry G. */
  symmetry: Estimate;
  /** The variance of every output given the tokens that it sees. */
  visibility: Estimate;
  /** The distance to all maps that respect everything at once; what a training run is compared with. At least as large as both parts. */
  both: Estimate;
  /** Null if `both` is the exact distance, up to its interval. Otherwise why it may be too low; it is a lower bound all the same. */
  incomplete: string | null;
  /** Samples drawn. */
  samples: number;
}

export interface FloorOptions {
  seed?: number;
  /** Half the width of the intervals, relative to the target's variance, at which to stop. */
  precision?: number;
  /** Numbers that may be drawn or moved; past them the intervals are as wide as they are. */
  budget?: number;
}

/** The floor is positive beyond its interval and beyond rounding errors. */
export const isPositive = ({ both, variance }: Floor): boolean => both.low > 1e-9 * variance;

/**
 * Estimates the floor of a target for an architecture. With f_s(X) = f_t(pi X') for the coincidences (t, pi) that the architecture forces on output s, and X' being
 * X with the tokens that s does not see drawn anew, the floor is the sum over s of E|F_s(X) - F_t(pi X')|^2 / 2, (t, pi) uniform: the orthogonal projection on the maps
 * that respect the coincidences is the average over them. X must be exchangeable, which independent tokens are.
 *
 * Yields between pieces of work. Returns a string, the reason, where the architecture is not decided.
 * @throws RangeError if the target gives a value that is not finite.
 */
export function* floorSteps(
  architecture: Architecture,
  target: TargetFunction,
  { seed = 0, precision = 0.005, budget = 1e7 }: FloorOptions = {},
): Generator<void, Floor | string> {
  const known = attainable(architecture);
  if (typeof known === "string") return known;
  return yield* floorOf(known, target, { seed, precision, budget });
}

/** As `floorSteps`, at once. */
export function estimateFloor(
  architecture: Architecture,
  target: TargetFunction,
  options?: FloorOptions,
): Floor | string {
  return finish(floorSteps(architecture, target, options));
}

export function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const fewestSamples = 256;
/** Samples between two looks at the intervals. */
const round = 64;
/** Numbers drawn or moved between two yields. */
const piece = 20_000;
/** A sample is moved so many times for each part, every time for other outputs: 16 times, but less often where it is large, and 4 times at least. */
const mostMoves = (size: number): number => Math.min(16, Math.max(4, Math.floor(piece / size)));

/** As `floorSteps`, from what is known of the family. */
export function* floorOf(
  known: Attainable,
  target: TargetFunction,
  { seed, precision, budget }: Required<FloorOptions>,
): Generator<void, Floor> {
  const { tokens, width } = target.shape;
  const size = tokens * width;
  const random = new Random(seed, streams.floor);
  const { sees } = known;
  const everything = Int32Array.from(sees.keys());
  const symmetry = bySight(new Array<Int32Array>(tokens).fill(everything), known.symmetry);
  const visibility = bySight(sees, null);
  // Where one part is all there is, it is not drawn twice.
  const onePart = known.byGroup && (symmetry.length === 0 || visibility.length === 0);
  const both = onePart ? [] : known.agreements;
  const sums = { symmetry: new Moments(), visibility: new Moments(), both: new Moments() };
  const coordinates = Array.from({ length: size }, () => new Moments());
  const moves = (agreements: readonly Agreement[]) => Math.min(agreements.length, mostMoves(size));
  const cost = size * (1 + moves(symmetry) + moves(visibility) + moves(both));

  const x = new Float64Array(size);
  const y = new Float64Array(size);
  const moved = new Float64Array(size);
  const image = new Float64Array(size);
  const apply = (from: Float64Array, to: Float64Array) => {
    target.apply(from, to.fill(0));
    let sum = 0;
    for (let i = 0; i < size; i++) sum += to[i];
    if (!Number.isFinite(sum)) throw new RangeError(`The target ${target.name} gave a value that is not finite.`);
  };
  const error = (agreements: readonly Agreement[]): number => {
    let sum = 0;
    // Where there are more than are looked at, every so many of them from a random start stand for all.
    const count = moves(agreements);
    const start = count < agreements.length ? random.uniform() : 0;
    for (let move = 0; move < count; move++) {
      const { outputs, sees: seen, draw } = agreements[Math.floor(((move + start) * agreements.length) / count)];
      const { to, permutation } = draw(random);
      if (seen.length < tokens) random.normals(moved);
      for (const r of seen) for (let c = 0; c < width; c++) moved[permutation[r] * width + c] = x[r * width + c];
      apply(moved, image);
      for (let i = 0; i < outputs.length; i++)
        for (let c = 0; c < width; c++) sum += (y[outputs[i] * width + c] - image[to[i] * width + c]) ** 2;
    }
    return count === 0 ? 0 : (sum * agreements.length) / count / 2 / size;
  };

  const total = () => coordinates.reduce((sum, moments) => sum + moments.variance, 0) / size;
  const precise = () => Object.values(sums).every((moments) => moments.halfWidth <= precision * total());
  let samples = 0;
  for (let spent = 0, yielded = 0; ;) {
    apply(random.normals(x), y);
    for (let at = 0; at < size; at++) coordinates[at].add(y[at]);
    const [bySymmetry, byVisibility] = [error(symmetry), error(visibility)];
    sums.symmetry.add(bySymmetry);
    sums.visibility.add(byVisibility);
    sums.both.add(onePart ? bySymmetry + byVisibility : error(both));
    samples++;
    spent += cost;
    if (samples % round === 0 && ((samples >= fewestSamples && precise()) || spent >= budget)) break;
    if (spent - yielded < piece) continue;
    yielded = spent;
    yield;
  }
  return {
    variance: total(),
    symmetry: sums.symmetry.estimate,
    visibility: sums.visibility.estimate,
    both: sums.both.estimate,
    incomplete: known.incomplete,
    samples,
  };
}
