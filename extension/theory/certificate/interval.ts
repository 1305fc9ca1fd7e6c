/**
 * Enclosures: closed intervals of float64 numbers that hold the exact real value. The `interval-arithmetic` library rounds every bound outward, to the next float64; its own interval objects are
 * several times as slow as the numbers below, and its cosine moves negative arguments by a rounded multiple of 2 pi and can miss the value. Assumed of the machine: +, -, *, / and square roots are
 * rounded to nearest (IEEE 754), and the four functions of `Math` below are off by less than 2^-50 of their value (they are off by less than 2^-52 in every engine known to us).
 */
import { round } from "interval-arithmetic";
import type { Arithmetic } from "../evaluation/arithmetic";

/** A number between `lo` and `hi`, both included; never empty. */
export interface Enclosure {
  readonly lo: number;
  readonly hi: number;
}

/** An operation has no enclosure here: its argument leaves the operation's domain, or a sign is not decided. */
export class NotEnclosed extends Error {
  override readonly name = "NotEnclosed";
}

const of = (x: number): Enclosure => ({ lo: x, hi: x });

/** Between 1 - 2^-50 and 1 + 2^-50: the relative error that the functions of `Math` may have beyond the library's own float64. */
const nearlyOne: Enclosure = { lo: 1 - 2 ** -50, hi: 1 + 2 ** -50 };

function bounded(x: Enclosure): Enclosure {
  if (!(x.lo <= x.hi) || !Number.isFinite(x.lo) || !Number.isFinite(x.hi))
    throw new NotEnclosed(`a value that float64 cannot bound: [${x.lo}, ${x.hi}]`);
  return x;
}

/** The least interval that holds numbers of which each was rounded once. */
const hull = (a: number, b: number, c: number, d: number): Enclosure =>
  bounded({ lo: round.prev(Math.min(a, b, c, d)), hi: round.next(Math.max(a, b, c, d)) });

/**
 * Sine or cosine, whose slopes are at most 1: the value at a point inside, give or take the distance to the ends.
 */
function oscillation(f: (x: number) => number, x: Enclosure): Enclosure {
  const inside = middle(x);
  const value = of(f(inside));
  const reach = Math.max(round.subHi(x.hi, inside), round.subHi(inside, x.lo));
  const error = round.addHi(reach, 2 ** -50);
  return enclosures.add(value, { lo: -error, hi: error });
}

const middle = ({ lo, hi }: Enclosure): number => lo + (hi - lo) / 2;

/** The arithmetic of enclosures. Every operation throws NotEnclosed where it has no finite bounds. */
export const enclosures: Arithmetic<Enclosure> = {
  of,
  add: (a, b) => bounded({ lo: round.addLo(a.lo, b.lo), hi: round.addHi(a.hi, b.hi) }),
  sub: (a, b) => bounded({ lo: round.subLo(a.lo, b.hi), hi: round.subHi(a.hi, b.lo) }),
  mul: (a, b) => hull(a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi),
  div(a, b) {
    if (b.lo <= 0 && b.hi >= 0) throw new NotEnclosed("a division by an interval that holds zero");
    return hull(a.lo / b.lo, a.lo / b.hi, a.hi / b.lo, a.hi / b.hi);
  },
  exp: (x) => enclosures.mul({ lo: round.expLo(x.lo), hi: round.expHi(x.hi) }, nearlyOne),
  log(x) {
    if (x.lo <= 0) throw new NotEnclosed("a logarithm of a number that may not be positive");
    return enclosures.mul({ lo: round.logLo(x.lo), hi: round.logHi(x.hi) }, nearlyOne);
  },
  sqrt(x) {
    // What is left of a sum of squares below zero is rounding.
    if (x.hi < 0) throw new NotEnclosed("a square root of a negative number");
    return bounded({ lo: round.sqrtLo(Math.max(0, x.lo)), hi: round.sqrtHi(x.hi) });
  },
  sin: (x) => oscillation(Math.sin, x),
  cos: (x) => oscillation(Math.cos, x),
  sign(x) {
    if (x.lo > 0) return 1;
    if (x.hi < 0) return -1;
    if (x.lo === 0 && x.hi === 0) return 0;
    throw new NotEnclosed(`the sign of a number between ${x.lo} and ${x.hi}`);
  },
  near: middle,
};

/** A lower bound of |a - b|; 0 where the enclosures overlap. */
export const apart = (a: Enclosure, b: Enclosure): number =>
  Math.min(Number.MAX_VALUE, Math.max(0, round.subLo(a.lo, b.hi), round.subLo(b.lo, a.hi)));
