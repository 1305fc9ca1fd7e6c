/** What is added to the scores of a pair, as a bias of the specification: found by comparing which pairs share a number, never by how it is written. */
import { limits } from "../../../theory/architecture/limits";
import type { Bias } from "../../../theory/architecture/schema";
import { runsOf } from "../../../theory/patterns/algebra";
import type { Rows } from "../../../theory/patterns/rows";
import { t5Bucket } from "../../../theory/views/labels";
import { EvaluationError, RowEvaluator, checkSize } from "./evaluate";
import { axesIn, childrenOf } from "./expressions";
import type { IndexExpression } from "./indexExpression";
import type { PairBias } from "./nodes";
import { looksBack, offsetValues, perHead, type HeadPattern, type Undecided } from "./patterns";

export interface HeadBias {
  bias: Bias;
  count: number;
}

const none: Bias = { kind: "none" };
const undecided = (reason: string): Undecided => ({ undecided: reason });

/**
 * The bias of each head, consecutive heads with the same one together. Only pairs that are read matter.
 * @param patterns the masks of the heads
 * @param shifts whether a number that a whole row shares changes nothing, as under softmax
 * @param listed whether learned biases are given pair by pair, as registers need it, which codes by offset leave out
 */
export function pairCode(
  bias: PairBias,
  tokens: number,
  patterns: readonly HeadPattern[],
  shifts: boolean,
  listed: boolean,
): HeadBias[] | Undecided {
  const heads = patterns.reduce((sum, { count }) => sum + count, 0);
  const back = patterns.every(({ rows }) => looksBack(rows));
  if (bias.kind === "free") {
    if (tokens > limits.pairClasses) return undecided(`one learned number for each pair of ${tokens.toLocaleString("en")} tokens: that many classes are not read`); // prettier-ignore
    const classes = Array.from({ length: tokens }, (_, q) => Array.from({ length: tokens }, (_, k) => q * tokens + k));
    return [{ bias: { kind: "pairs", classes }, count: heads }];
  }
  const expression = bias.kind === "table" ? bias.index : bias.value;
  try {
    checkSize(expression);
    const groups: HeadBias[] = [];
    const known = new Map<string, Bias>();
    let head = 0;
    for (const { condition: own, count } of perHead(expression, heads, tokens)) {
      // Heads whose masks differ are looked at one by one only where the number is fixed: what is learned is learned for all pairs.
      for (const { rows, count: part } of bias.kind === "fixed"
        ? masksFrom(patterns, head, count)
        : [{ rows: patterns[0].rows, count }]) {
        // prettier-ignore
        const found = bias.kind === "table" ? learned(own, tokens, back, shifts, listed) : fixed(own, tokens, rows, shifts);
        if ("undecided" in found) return found;
        const text = JSON.stringify(found);
        const code = known.get(text) ?? found;
        known.set(text, code);
        const last = groups.at(-1);
        if (last?.bias === code) last.count += part;
        else groups.push({ bias: code, count: part });
      }
      head += count;
    }
    return groups;
  } catch (error) {
    if (error instanceof EvaluationError) return undecided(`a bias with ${error.message}`);
    throw error;
  }
}

/** The masks of `count` heads from `head` on. */
function masksFrom(patterns: readonly HeadPattern[], head: number, count: number): { rows: Rows; count: number }[] {
  const result: { rows: Rows; count: number }[] = [];
  let at = 0;
  for (const { rows, count: own } of patterns) {
    const part = Math.min(at + own, head + count) - Math.max(at, head);
    if (part > 0) result.push({ rows, count: part });
    at += own;
  }
  return result;
}

// ------------------------------------------------------------------------------------------------------ learned biases

/** The most tokens for which every pair's class is looked at where only the pairs can show that offsets decide. */
const comparedTokens = 2048;

/** A learned number per value of the index. */
function learned(
  index: IndexExpression,
  tokens: number,
  back: boolean,
  shifts: boolean,
  listed: boolean,
): Bias | Undecided {
  const axes = axesIn(index);
  if (axes.size === 0 || tokens === 1) return none;
  if (!axes.has(2) && shifts) return none;
  const offsets = listed ? undefined : (offsetValues(index, tokens) ?? sharedByOffset(index, tokens, back));
  const named = offsets && offsetCode(offsets, tokens, back, index);
  if (named) return named;
  if (tokens <= limits.pairClasses) return pairs(index, tokens);
  return undecided(
    offsets
      ? `a learned bias whose classes of offsets are none that the specification names, of more than ${limits.pairClasses} tokens`
      : `a learned bias per class of pairs of more than ${limits.pairClasses} tokens`,
  );
}

function pairs(index: IndexExpression, tokens: number): Bias {
  const evaluator = new RowEvaluator(index, tokens);
  const names = new Map<number, number>();
  const classes = Array.from({ length: tokens }, (_, query) =>
    Array.from(evaluator.row(query), (value) => {
      if (!names.has(value)) names.set(value, names.size);
      return names.get(value)!;
    }),
  );
  return { kind: "pairs", classes };
}

/** As offsetValues, where every two pairs of one offset have one value. Offsets that are not read have none (NaN). */
function sharedByOffset(index: IndexExpression, tokens: number, back: boolean): Float64Array | undefined {
  if (tokens > comparedTokens) return undefined;
  const evaluator = new RowEvaluator(index, tokens);
  const values = new Float64Array(2 * tokens - 1).fill(NaN);
  for (let query = 0; query < tokens; query++) {
    const row = evaluator.row(query);
    for (let key = 0; key < (back ? query + 1 : tokens); key++) {
      const at = key - query + tokens - 1;
      if (Number.isNaN(values[at])) values[at] = row[key];
      else if (values[at] !== row[key]) return undefined;
    }
  }
  return values;
}

/** The code whose classes are those of the values, by offset; only offsets up to 0 where every head looks back. */
function offsetCode(values: Float64Array, tokens: number, back: boolean, index: IndexExpression): Bias | undefined {
  const zero = tokens - 1;
  const last = back ? zero : 2 * zero;
  const clip = clipOf(values, zero, last);
  const relative = (offsets: "signed" | "unsigned"): Bias => ({ kind: "relative", offsets, clip });
  const clipped = (offset: number) => (clip === null ? offset : Math.max(-clip, Math.min(clip, offset)));
  const same = (classOf: (offset: number) => number) => samePartition(values, last, (i) => classOf(i - zero));
  if (same(clipped)) return relative("signed");
  if (same((offset) => Math.abs(clipped(offset)))) return relative("unsigned");
  if (same(() => 0)) return none;
  for (const bidirectional of back ? [false, true] : [true, false]) {
    for (const buckets of bucketCounts(values, last, index, bidirectional)) {
      for (const maxDistance of distances(values, zero, buckets, bidirectional, index)) {
        if (same((offset) => t5Bucket(offset, buckets, maxDistance, bidirectional)))
          return { kind: "t5-buckets", buckets, maxDistance, bidirectional };
      }
    }
  }
  return undefined;
}

/** From which distance on offsets share one value; null for none. */
function clipOf(values: Float64Array, zero: number, last: number): number | null {
  const tail = (end: number, step: 1 | -1): number => {
    let at = end;
    while (at !== zero && values[at - step] === values[end]) at -= step;
    return Math.abs(at - zero);
  };
  const before = tail(0, -1);
  const clip = last === zero ? before : Math.min(before, tail(last, 1));
  return clip >= zero || clip === 0 ? null : clip;
}

/** Whether two values are equal exactly where two classes are. */
function samePartition(values: Float64Array, last: number, classOf: (index: number) => number): boolean {
  const classes = new Map<number, number>();
  const back = new Map<number, number>();
  for (let i = 0; i <= last; i++) {
    const [value, own] = [values[i], classOf(i)];
    const known = classes.get(value);
    if (known === undefined) {
      if (back.has(own)) return false;
      classes.set(value, own);
      back.set(own, value);
    } else if (known !== own) return false;
  }
  return true;
}

/** The numbers that occur in the expression. */
function numbersIn(expression: IndexExpression): Set<number> {
  const numbers = new Set<number>();
  const visit = (part: IndexExpression): void => {
    if (part.kind === "number") numbers.add(part.value);
    childrenOf(part).forEach(visit);
  };
  visit(expression);
  return numbers;
}

function bucketCounts(values: Float64Array, last: number, index: IndexExpression, bidirectional: boolean): Set<number> {
  const counts = new Set<number>();
  for (const number of numbersIn(index)) for (const count of [number, number + 1, 2 * number, 2 * number + 2]) counts.add(count); // prettier-ignore
  const used = new Set(values.subarray(0, last + 1)).size;
  for (const count of [used, used + 1, 32, 64, 16, 128]) counts.add(count);
  return new Set([...counts].filter((count) => Number.isInteger(count) && count >= (bidirectional ? 4 : 2) && count <= 4096)); // prettier-ignore
}

/** Distances that the last bucket may begin at: those that are written, the usual ones, and those that fit the first of the last bucket. */
function distances(
  values: Float64Array,
  zero: number,
  buckets: number,
  bidirectional: boolean,
  index: IndexExpression,
): number[] {
  const half = bidirectional ? Math.floor(buckets / 2) : buckets;
  const exact = Math.floor(half / 2);
  // The buckets of near offsets are exact: without them no distance fits.
  for (let d = 1; d < Math.min(exact, zero); d++) if (values[zero - d] === values[zero - d - 1]) return [];
  const found = new Set<number>();
  for (const number of numbersIn(index)) {
    found.add(number);
    // log(maxDistance / exact) is often a number already.
    found.add(Math.round(exact * Math.exp(number)));
  }
  for (const usual of [128, 256, 512, 1024, 2048, 4096, 64, 32]) found.add(usual);
  let first = zero;
  while (first > 0 && values[zero - first] === values[0]) first--;
  const from = Math.max(exact + 1, Math.floor(exact * (first / exact) ** ((half - exact) / Math.max(1, half - exact - 1)))); // prettier-ignore
  if (exact > 0 && Number.isFinite(from)) for (let i = -8; i < 64; i++) found.add(from + i);
  return [...found].filter((distance) => Number.isInteger(distance) && distance > exact && distance <= limits.tokens);
}

// -------------------------------------------------------------------------------------------------------- fixed biases

const grows = "a fixed bias that grows with the distance, which the specification has none for";
const other = "a fixed bias that is not a slope times the distance";

/** Numbers that the file contains: ALiBi's slopes, or what a whole row shares. */
function fixed(value: IndexExpression, tokens: number, rows: Rows, shifts: boolean): Bias | Undecided {
  const axes = axesIn(value);
  if (tokens === 1 || (!axes.has(2) && shifts)) return none;
  if (axes.size === 0 && !shifts)
    return undecided("a fixed number added to scores that are not divided by their row's sum");
  const slope = new Slope();
  if (axes.size > 0 && !axes.has(1)) {
    const row = new RowEvaluator(value, tokens, 1).row(0);
    slopeOfRows(rows, () => row, slope);
  } else {
    const offsets = offsetValues(value, tokens);
    if (offsets) {
      const back = looksBack(rows);
      for (let i = 0; i <= (back ? 1 : 2) * (tokens - 1); i++)
        slope.add(Math.abs(i - (tokens - 1)), offsets[i] - offsets[tokens - 1]);
    }
    if (!offsets || slope.bad) {
      slope.reset();
      const evaluator = new RowEvaluator(value, tokens);
      slopeOfRows(rows, (query) => evaluator.row(query), slope);
    }
  }
  if (slope.bad || !shifts) return undecided(other);
  if (slope.value === 0 || slope.value === undefined) return none;
  return slope.value > 0 ? { kind: "alibi" } : undecided(grows);
}

/** The slope of a value that falls in proportion to a distance. */
class Slope {
  value: number | undefined;
  bad = false;

  reset(): void {
    this.value = undefined;
    this.bad = false;
  }

  /** The value is greater by `rise` at a distance greater by `distance`. */
  add(distance: number, rise: number): void {
    if (distance === 0) {
      if (Math.abs(rise) > 1e-9) this.bad = true;
      return;
    }
    this.value ??= -rise / distance;
    if (!(Math.abs(rise + this.value * distance) <= 1e-6 * Math.max(Math.abs(rise), 1e-3))) this.bad = true;
  }
}

function slopeOfRows(rows: Rows, values: (query: number) => Float64Array, slope: Slope): void {
  let work = 0;
  for (let query = 0; query < rows.size && !slope.bad; query++) {
    const runs = runsOf(rows, query);
    if (runs.length === 0) continue;
    const row = values(query);
    const near = Math.abs(query - runs[0]);
    for (let i = 0; i < runs.length; i += 2) {
      work += runs[i + 1] - runs[i];
      for (let key = runs[i]; key < runs[i + 1] && !slope.bad; key++)
        slope.add(Math.abs(query - key) - near, row[key] - row[runs[0]]);
    }
    if (work > 2 ** 26) throw new EvaluationError("too many pairs to compare one by one");
  }
}
