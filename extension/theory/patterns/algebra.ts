/** Sets of tokens as runs, and the algebra of Rows. Every function costs time in the runs it reads and writes, never in pairs. */
import { limits } from "../architecture/limits";
import { BeyondReach, type Rows } from "./rows";

/** A set of tokens: sorted maximal half-open runs as from, to, from, to, ... */
export type Runs = Int32Array;

/** The runs of query q (a view of the shared storage: do not write to it). */
export function runsOf(rows: Rows, q: number): Runs {
  const row = rows.rowOf[q];
  return rows.bounds.subarray(2 * rows.first[row], 2 * rows.first[row + 1]);
}

/** Whether query q attends to key k. */
export function contains(rows: Rows, q: number, k: number): boolean {
  return runAt(rows, q, k) >= 0;
}

/** Where in `bounds` the run of query q that holds key k starts, or -1. */
export function runAt(rows: Rows, q: number, k: number): number {
  const row = rows.rowOf[q];
  let low = rows.first[row];
  let high = rows.first[row + 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows.bounds[2 * middle + 1] <= k) low = middle + 1;
    else high = middle;
  }
  return low < rows.first[row + 1] && rows.bounds[2 * low] <= k ? 2 * low : -1;
}

/** How many keys each different row has; that of query q is rowOf[q]. */
export function keyCounts(rows: Rows): Float64Array {
  const counts = new Float64Array(rows.first.length - 1);
  for (let row = 0; row < counts.length; row++) {
    for (let i = 2 * rows.first[row]; i < 2 * rows.first[row + 1]; i += 2)
      counts[row] += rows.bounds[i + 1] - rows.bounds[i];
  }
  return counts;
}

/** How many pairs (query, key) the rows hold. */
export function countKeys(rows: Rows): number {
  const counts = keyCounts(rows);
  let count = 0;
  for (const row of rows.rowOf) count += counts[row];
  return count;
}

/** Writes rows run by run. A row equal to the one written before it takes its storage; queries never assigned have no key. */
export class RowsBuilder {
  private readonly rowOf: Int32Array;
  private first = new Int32Array(64);
  private bounds = new Int32Array(128);
  private rows = 0;
  private used = 0;

  constructor(readonly size: number) {
    this.rowOf = new Int32Array(size).fill(-1);
  }

  /**
   * Adds the keys [from, to) to the row being written; runs come in ascending order of `from` and may overlap or touch.
   * @throws BeyondReach past `limits.runs`.
   */
  run(from: number, to: number): void {
    if (from >= to) return;
    if (this.used > 2 * this.first[this.rows] && from <= this.bounds[this.used - 1]) {
      if (to > this.bounds[this.used - 1]) this.bounds[this.used - 1] = to;
      return;
    }
    if (this.used === 2 * limits.runs) throw tooManyRuns();
    if (this.used === this.bounds.length) this.bounds = grown(this.bounds);
    this.bounds[this.used++] = from;
    this.bounds[this.used++] = to;
  }

  /** Ends the row being written and returns its index. */
  end(): number {
    const from = 2 * this.first[this.rows];
    if (this.rows > 0) {
      const before = 2 * this.first[this.rows - 1];
      let same = from - before === this.used - from;
      for (let i = from; same && i < this.used; i++) same = this.bounds[i] === this.bounds[before + i - from];
      if (same) {
        this.used = from;
        return this.rows - 1;
      }
    }
    if (this.rows + 1 === this.first.length) this.first = grown(this.first);
    this.first[++this.rows] = this.used / 2;
    return this.rows - 1;
  }

  /** Gives query q the row of that index. */
  assign(q: number, row: number): void {
    this.rowOf[q] = row;
  }

  finish(): Rows {
    let empty = -1;
    for (let q = 0; q < this.size; q++) {
      if (this.rowOf[q] >= 0) continue;
      if (empty < 0) empty = this.end();
      this.rowOf[q] = empty;
    }
    return {
      size: this.size,
      rowOf: this.rowOf,
      first: this.first.slice(0, this.rows + 1),
      bounds: this.bounds.slice(0, this.used),
    };
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}

export const tooManyRuns = (): BeyondReach =>
  new BeyondReach(`the pattern has more than ${limits.runs.toLocaleString("en")} runs of consecutive keys`);

/** Pairs in a or in b. Queries that share both their rows share the result. @throws BeyondReach past `limits.runs`. */
export function union(a: Rows, b: Rows): Rows {
  return combine(a, b, (builder, i, iEnd, j, jEnd) => {
    while (i < iEnd || j < jEnd) {
      if (j === jEnd || (i < iEnd && a.bounds[i] <= b.bounds[j])) {
        builder.run(a.bounds[i], a.bounds[i + 1]);
        i += 2;
      } else {
        builder.run(b.bounds[j], b.bounds[j + 1]);
        j += 2;
      }
    }
  });
}

/** Pairs in a and in b. Queries that share both their rows share the result. @throws BeyondReach past `limits.runs`. */
export function intersection(a: Rows, b: Rows): Rows {
  return combine(a, b, (builder, i, iEnd, j, jEnd) => {
    while (i < iEnd && j < jEnd) {
      builder.run(Math.max(a.bounds[i], b.bounds[j]), Math.min(a.bounds[i + 1], b.bounds[j + 1]));
      if (a.bounds[i + 1] < b.bounds[j + 1]) i += 2;
      else j += 2;
    }
  });
}

type Merge = (builder: RowsBuilder, i: number, iEnd: number, j: number, jEnd: number) => void;

function combine(a: Rows, b: Rows, merge: Merge): Rows {
  const builder = new RowsBuilder(a.size);
  // The queries of each row of a, as linked lists: every pair of rows is then merged once.
  const head = new Int32Array(a.first.length - 1).fill(-1);
  const next = new Int32Array(a.size);
  for (let q = a.size - 1; q >= 0; q--) {
    next[q] = head[a.rowOf[q]];
    head[a.rowOf[q]] = q;
  }
  const mergedWith = new Int32Array(b.first.length - 1).fill(-1);
  const merged = new Int32Array(b.first.length - 1);
  for (let row = 0; row < head.length; row++) {
    for (let q = head[row]; q >= 0; q = next[q]) {
      const other = b.rowOf[q];
      if (mergedWith[other] !== row) {
        mergedWith[other] = row;
        merge(builder, 2 * a.first[row], 2 * a.first[row + 1], 2 * b.first[other], 2 * b.first[other + 1]);
        merged[other] = builder.end();
      }
      builder.assign(q, merged[other]);
    }
  }
  return builder.finish();
}

/** Pairs not in the rows. @throws BeyondReach past `limits.runs`. */
export function complement(rows: Rows): Rows {
  const builder = new RowsBuilder(rows.size);
  const made = new Int32Array(rows.first.length - 1);
  for (let row = 0; row < made.length; row++) {
    let from = 0;
    for (let i = 2 * rows.first[row]; i < 2 * rows.first[row + 1]; i += 2) {
      builder.run(from, rows.bounds[i]);
      from = rows.bounds[i + 1];
    }
    builder.run(from, rows.size);
    made[row] = builder.end();
  }
  for (let q = 0; q < rows.size; q++) builder.assign(q, made[rows.rowOf[q]]);
  return builder.finish();
}

/**
 * Pairs (k, q) for every (q, k): row k of the result lists the queries that attend to k.
 * @throws BeyondReach where that takes more than `limits.runs` runs.
 */
export function transpose(rows: Rows): Rows {
  // Going down the queries, a key's membership flips now and then; the queries where it flips are its runs.
  const start = new Int32Array(rows.size + 1);
  let flips = 0;
  eachFlip(rows, (k) => {
    start[k + 1]++;
    if (++flips > 2 * limits.runs) throw tooManyRuns();
  });
  for (let k = 0; k < rows.size; k++) start[k + 1] += start[k];
  const flipped = new Int32Array(flips);
  const end = start.slice();
  eachFlip(rows, (k, q) => {
    flipped[end[k]++] = q;
  });
  const builder = new RowsBuilder(rows.size);
  for (let k = 0; k < rows.size; k++) {
    for (let i = start[k]; i < start[k + 1]; i += 2) builder.run(flipped[i], flipped[i + 1]);
    builder.assign(k, builder.end());
  }
  return builder.finish();
}

/** Calls `flip(k, q)` where exactly one of the rows q - 1 and q holds key k, in ascending q; rows -1 and N are empty. */
function eachFlip(rows: Rows, flip: (k: number, q: number) => void): void {
  const { first, bounds, rowOf, size } = rows;
  for (let q = 0; q <= size; q++) {
    const above = q > 0 ? rowOf[q - 1] : -1;
    const here = q < size ? rowOf[q] : -1;
    if (above === here) continue;
    let i = above < 0 ? 0 : 2 * first[above];
    const iEnd = above < 0 ? 0 : 2 * first[above + 1];
    let j = here < 0 ? 0 : 2 * first[here];
    const jEnd = here < 0 ? 0 : 2 * first[here + 1];
    // The bounds of both rows in order: between two of them membership in each row is constant.
    let at = 0;
    while (i < iEnd || j < jEnd) {
      const to = Math.min(i < iEnd ? bounds[i] : size, j < jEnd ? bounds[j] : size);
      if (((i ^ j) & 1) === 1) for (let k = at; k < to; k++) flip(k, q);
      if (i < iEnd && bounds[i] === to) i++;
      if (j < jEnd && bounds[j] === to) j++;
      at = to;
    }
  }
}

/** The rows with every token's own key added: what a residual path lets an output depend on. */
export function withSelf(rows: Rows): Rows {
  const builder = new RowsBuilder(rows.size);
  const kept = new Int32Array(rows.first.length - 1).fill(-1);
  for (let q = 0; q < rows.size; q++) {
    const row = rows.rowOf[q];
    const self = contains(rows, q, q);
    if (!self || kept[row] < 0) {
      let added = self;
      for (let i = 2 * rows.first[row]; i < 2 * rows.first[row + 1]; i += 2) {
        if (!added && rows.bounds[i] > q) {
          builder.run(q, q + 1);
          added = true;
        }
        builder.run(rows.bounds[i], rows.bounds[i + 1]);
      }
      if (!added) builder.run(q, q + 1);
      const made = builder.end();
      if (self) kept[row] = made;
      builder.assign(q, made);
    } else {
      builder.assign(q, kept[row]);
    }
  }
  return builder.finish();
}

/** Whether a and b hold the same pairs, however they are stored. */
export function equalRows(a: Rows, b: Rows): boolean {
  if (a.size !== b.size) return false;
  const equalTo = new Int32Array(a.first.length - 1).fill(-1);
  for (let q = 0; q < a.size; q++) {
    if (equalTo[a.rowOf[q]] === b.rowOf[q]) continue;
    if (!equalRuns(runsOf(a, q), runsOf(b, q))) return false;
    equalTo[a.rowOf[q]] = b.rowOf[q];
  }
  return true;
}

export function equalRuns(a: Runs, b: Runs): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

/** Whether the set holds the token. */
export function holds(set: Runs, token: number): boolean {
  let low = 0;
  let high = set.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (set[2 * middle + 1] <= token) low = middle + 1;
    else high = middle;
  }
  return 2 * low < set.length && set[2 * low] <= token;
}

/** Tokens in a or in b. */
export function unionRuns(a: Runs, b: Runs): Runs {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const result = new Int32Array(a.length + b.length);
  let used = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const takeA = j === b.length || (i < a.length && a[i] <= b[j]);
    const from = takeA ? a[i] : b[j];
    const to = takeA ? a[i + 1] : b[j + 1];
    if (takeA) i += 2;
    else j += 2;
    if (used > 0 && from <= result[used - 1]) result[used - 1] = Math.max(result[used - 1], to);
    else {
      result[used++] = from;
      result[used++] = to;
    }
  }
  return result.slice(0, used);
}

/** Tokens in a and not in b. */
export function differenceRuns(a: Runs, b: Runs): Runs {
  const result: number[] = [];
  for (let i = 0, j = 0; i < a.length; i += 2) {
    let from = a[i];
    while (j < b.length && b[j + 1] <= from) j += 2;
    for (let hole = j; hole < b.length && b[hole] < a[i + 1]; hole += 2) {
      if (from < b[hole]) result.push(from, b[hole]);
      from = b[hole + 1];
    }
    if (from < a[i + 1]) result.push(from, a[i + 1]);
  }
  return Int32Array.from(result);
}

/** The keys that the queries of the set attend to: the union of their rows. */
export function image(rows: Rows, set: Runs): Runs {
  const parts: [number, number][] = [];
  const shared = rows.first.length - 1 < rows.size;
  const seen = new Set<number>();
  let sorted = true;
  for (let s = 0; s < set.length; s += 2) {
    for (let q = set[s]; q < set[s + 1]; q++) {
      const row = rows.rowOf[q];
      if ((q > set[s] && rows.rowOf[q - 1] === row) || seen.has(row)) continue;
      if (shared) seen.add(row);
      for (let i = 2 * rows.first[row]; i < 2 * rows.first[row + 1]; i += 2) {
        const last = parts.at(-1);
        if (last !== undefined && rows.bounds[i] >= last[0] && rows.bounds[i] <= last[1])
          last[1] = Math.max(last[1], rows.bounds[i + 1]);
        else {
          sorted &&= last === undefined || rows.bounds[i] > last[1];
          parts.push([rows.bounds[i], rows.bounds[i + 1]]);
        }
      }
    }
  }
  if (!sorted) parts.sort((a, b) => a[0] - b[0]);
  const result: number[] = [];
  for (const [from, to] of parts) {
    const end = result.length - 1;
    if (end > 0 && from <= result[end]) result[end] = Math.max(result[end], to);
    else result.push(from, to);
  }
  return Int32Array.from(result);
}
