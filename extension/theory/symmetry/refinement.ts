/**
 * Refinement of a coloured structure: vertices of one cell are split while the classes of their rows and columns, counted cell by
 * cell, tell them apart (one-dimensional Weisfeiler-Leman). Counts are compared as sums of hashes, so that a row costs its runs and
 * not its keys; a clash of hashes only ever leaves a cell unsplit, and everything that a search concludes from here it checks exactly.
 *
 * All of it depends on nothing but the structure up to isomorphism: isomorphic structures, refined alike, give equal traces.
 */
import { runAt, type Budget } from "./isomorphic";
import type { Relation, Structure } from "./structure";

/** Transposing a relation is worth it while it has at most this many times as many runs as the relation has runs and vertices. */
const transposeLimit = 8;
/** Above one event per so many vertices a sweep scans all of them instead of sorting the events. */
const eventsWorthScanning = 16;

const mix = (x: number): number => {
  x = Math.imul(x ^ (x >>> 16), 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 13), 0x5bd1e995);
  return x ^ (x >>> 15);
};
/** A number of 32 bits for three. */
export const hash = (a: number, b = 0, c = 0): number =>
  mix(Math.imul(mix(Math.imul(mix(a + 0x2545f491), 31) + b), 31) + c);

/** Sorts the first `count` numbers. */
function sortFirst(list: Int32Array, count: number): void {
  if (count > 24) {
    list.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const value = list[i];
    let j = i;
    for (; j > 0 && list[j - 1] > value; j--) list[j] = list[j - 1];
    list[j] = value;
  }
}

/** Runs with a hash weight each: what a vertex adds to the vertices of its runs, per unit of its own cell's hash. */
interface Links {
  rowOf: Int32Array;
  first: Int32Array;
  bounds: Int32Array;
  weights: Int32Array;
}

/** The splits of one refinement, as numbers: recorded once, then compared. */
export class Trace {
  private data = new Int32Array(16);
  private length = 0;
  private at = 0;
  private recording = true;

  /** From now on `add` compares with what was recorded. */
  replay(): void {
    this.recording = false;
    this.at = 0;
  }

  /** Whether the numbers agree with the recorded ones (always while recording). */
  add(a: number, b: number, c: number): boolean {
    if (!this.recording) {
      const { data, at } = this;
      this.at += 3;
      return at < this.length && data[at] === a && data[at + 1] === b && data[at + 2] === c;
    }
    if (this.length + 3 > this.data.length) {
      const grown = new Int32Array(2 * this.data.length);
      grown.set(this.data);
      this.data = grown;
    }
    this.data[this.length++] = a;
    this.data[this.length++] = b;
    this.data[this.length++] = c;
    return true;
  }

  /** Whether as much was added as was recorded. */
  get complete(): boolean {
    return this.recording || this.at === this.length;
  }
}

/** The ordered partition of the vertices into cells. Cells are numbered in the order of their making. */
export class Cells {
  /** The vertices, cell by cell. */
  readonly members: Int32Array;
  readonly placeOf: Int32Array;
  readonly cellOf: Int32Array;
  readonly start: Int32Array;
  readonly length: Int32Array;
  /** The sum of hashes at each vertex, and the sum that all vertices of a cell share between two rounds. */
  readonly sums: Int32Array;
  readonly sumOf: Int32Array;
  count = 0;

  constructor(readonly size: number) {
    const fresh = () => new Int32Array(size);
    this.members = fresh();
    this.placeOf = fresh();
    this.cellOf = fresh();
    this.start = fresh();
    this.length = fresh();
    this.sums = fresh();
    this.sumOf = fresh();
  }

  copyFrom(other: Cells): void {
    this.members.set(other.members);
    this.placeOf.set(other.placeOf);
    this.cellOf.set(other.cellOf);
    this.start.set(other.start.subarray(0, other.count));
    this.length.set(other.length.subarray(0, other.count));
    this.sums.set(other.sums);
    this.sumOf.set(other.sumOf.subarray(0, other.count));
    this.count = other.count;
  }

  get isDiscrete(): boolean {
    return this.count === this.size;
  }

  of(cell: number): Int32Array {
    return this.members.subarray(this.start[cell], this.start[cell] + this.length[cell]);
  }

  /** The vertices cell by cell, ascending in each. */
  ascending(): Int32Array {
    const next = this.start.slice(0, this.count);
    const order = new Int32Array(this.size);
    for (let v = 0; v < this.size; v++) order[next[this.cellOf[v]]++] = v;
    return order;
  }

  /** The smallest cell of two vertices or more, the first made among equals; -1 where there is none. */
  smallest(): number {
    let best = -1;
    for (let cell = 0; cell < this.count; cell++) {
      const length = this.length[cell];
      if (length > 1 && (best < 0 || length < this.length[best])) best = cell;
      if (length === 2) break;
    }
    return best;
  }
}

export class Refiner {
  readonly size: number;
  readonly cells: Cells;
  /** The relations transposed, null where that takes too many runs. */
  readonly columns: (Relation | null)[] = [];
  private readonly links: Links[] = [];
  /** Relations whose transpose would be too long: their out-rows are summed in full passes. */
  private readonly full: Links[] = [];

  private readonly cellHash: Int32Array;
  private readonly initial: Int32Array;
  private readonly events: Int32Array;
  private readonly eventAt: Int32Array;
  private readonly isEvent: Uint8Array;
  private eventCount = 0;
  private readonly touched: Int32Array;
  private readonly isTouched: Uint8Array;
  private touchedCount = 0;
  private readonly movedOf: Int32Array;
  private readonly changed: Int32Array;
  private readonly sortKeys: Float64Array;
  private readonly rows: Int32Array;
  private readonly rowDelta: Int32Array;
  /** Cells made since the last distribution, and the cells they were split from (-1: from nothing). */
  private fresh: number[] = [];
  private origin: number[] = [];

  constructor(
    structure: Structure,
    private readonly budget: Budget,
  ) {
    const { size, relations } = structure;
    this.size = size;
    this.cells = new Cells(size);
    this.cellHash = new Int32Array(size);
    for (let cell = 0; cell < size; cell++) this.cellHash[cell] = mix(cell + 0x3c6ef372);
    this.events = new Int32Array(size + 1);
    this.eventAt = new Int32Array(size + 1);
    this.isEvent = new Uint8Array(size + 1);
    this.touched = new Int32Array(size);
    this.isTouched = new Uint8Array(size);
    this.movedOf = new Int32Array(size);
    this.changed = new Int32Array(size);
    this.rows = new Int32Array(size);
    this.sortKeys = new Float64Array(size);
    let rows = 0;
    for (const [index, relation] of relations.entries()) {
      const weightsOf = (classes: Int32Array, direction: number) => {
        const known = new Map<number, number>();
        return classes.map((label) => {
          let weight = known.get(label);
          if (weight === undefined) known.set(label, (weight = hash(index, label, direction)));
          return weight;
        });
      };
      const { rowOf, first, bounds } = relation;
      this.links.push({ rowOf, first, bounds, weights: weightsOf(relation.classes, 0) });
      const transposed = transpose(relation, size);
      this.columns.push(transposed);
      if (transposed === null) this.full.push({ rowOf, first, bounds, weights: weightsOf(relation.classes, 1) });
      else this.links.push({ ...transposed, weights: weightsOf(transposed.classes, 1) });
      rows = Math.max(rows, first.length - 1, size);
      budget.spend(3 * (bounds.length + size));
    }
    this.rowDelta = new Int32Array(rows + 1);
    this.initial = initialColours(structure);
  }

  /** The coarsest refinement. False where it departs from the trace. */
  start(trace: Trace): boolean {
    const { cells, size, initial, sortKeys } = this;
    cells.sums.fill(0);
    for (let v = 0; v < size; v++) sortKeys[v] = (initial[v] >>> 0) * 2 ** 21 + v;
    sortKeys.sort();
    cells.count = 0;
    for (let i = 0; i < size;) {
      const cell = cells.count++;
      const colour = Math.floor(sortKeys[i] / 2 ** 21);
      cells.start[cell] = i;
      for (; i < size && Math.floor(sortKeys[i] / 2 ** 21) === colour; i++) {
        const v = sortKeys[i] % 2 ** 21;
        cells.members[i] = v;
        cells.placeOf[v] = i;
        cells.cellOf[v] = cell;
      }
      cells.length[cell] = i - cells.start[cell];
      cells.sumOf[cell] = 0;
      this.fresh.push(cell);
      this.origin.push(-1);
      if (!trace.add(cell, colour | 0, cells.length[cell])) return this.forget();
    }
    return this.refine(trace);
  }

  /** Gives v, of a cell of at least two, a cell of its own and refines. False where that departs from the trace. */
  individualise(v: number, trace: Trace): boolean {
    const { cells } = this;
    const cell = cells.cellOf[v];
    const last = cells.start[cell] + cells.length[cell] - 1;
    this.swap(cells.placeOf[v], last);
    cells.length[cell]--;
    this.makeCell(cell, last, 1, cells.sumOf[cell]);
    return this.refine(trace);
  }

  private refine(trace: Trace): boolean {
    while (this.fresh.length > 0) {
      if (this.cells.isDiscrete) {
        // Nothing is left to split; the sums are not needed any more.
        this.forget();
        break;
      }
      this.distribute();
      if (!this.split(trace)) return this.forget();
    }
    return trace.complete;
  }

  private forget(): false {
    this.fresh = [];
    this.origin = [];
    return false;
  }

  /** Adds the change of the fresh cells' hashes to the sums of all vertices that they are linked with. */
  private distribute(): void {
    const { cells, rowDelta, rows } = this;
    const { fresh, origin } = this;
    this.fresh = [];
    this.origin = [];
    let steps = 0;
    for (const { rowOf, first, bounds, weights } of this.links) {
      // Vertices that share a row add to it together.
      let count = 0;
      for (let i = 0; i < fresh.length; i++) {
        const delta = this.change(fresh[i], origin[i]);
        const from = cells.start[fresh[i]];
        const to = from + cells.length[fresh[i]];
        for (let place = from; place < to; place++) {
          const row = rowOf[cells.members[place]];
          if (row < 0) continue;
          rows[count++] = row;
          rowDelta[row] = (rowDelta[row] + delta) | 0;
        }
      }
      steps += count;
      for (let i = 0; i < count; i++) {
        const row = rows[i];
        const delta = rowDelta[row];
        if (delta === 0) continue;
        rowDelta[row] = 0;
        steps += first[row + 1] - first[row];
        for (let run = first[row]; run < first[row + 1]; run++) {
          const change = Math.imul(delta, weights[run]);
          this.addEvent(bounds[2 * run], change);
          this.addEvent(bounds[2 * run + 1], -change);
        }
      }
    }
    this.sweep();
    if (this.full.length > 0) this.distributeInFull(fresh, origin);
    this.budget.spend(steps + this.touchedCount);
  }

  private change(cell: number, origin: number): number {
    return (this.cellHash[cell] - (origin < 0 ? 0 : this.cellHash[origin])) | 0;
  }

  private addEvent(place: number, change: number): void {
    if (!this.isEvent[place]) {
      this.isEvent[place] = 1;
      this.eventAt[this.eventCount++] = place;
    }
    this.events[place] = (this.events[place] + change) | 0;
  }

  /** Sums up the events from left to right. */
  private sweep(): void {
    const { events, eventAt, isEvent, size } = this;
    const count = this.eventCount;
    this.eventCount = 0;
    let running = 0;
    if (count * eventsWorthScanning > size) {
      for (let v = 0; v < size; v++) {
        if (isEvent[v]) {
          running = (running + events[v]) | 0;
          events[v] = 0;
          isEvent[v] = 0;
        }
        if (running !== 0) this.touch(v, v + 1, running);
      }
      events[size] = 0;
      isEvent[size] = 0;
      this.budget.spend(size);
    } else {
      sortFirst(eventAt, count);
      for (let i = 0; i < count; i++) {
        const place = eventAt[i];
        running = (running + events[place]) | 0;
        events[place] = 0;
        isEvent[place] = 0;
        if (running !== 0) this.touch(place, eventAt[i + 1], running);
      }
      this.budget.spend(4 * count);
    }
  }

  private touch(from: number, to: number, change: number): void {
    const { touched, isTouched } = this;
    const { sums } = this.cells;
    for (let v = from; v < to; v++) {
      sums[v] = (sums[v] + change) | 0;
      isTouched[v] = 1;
      touched[this.touchedCount++] = v;
    }
  }

  /** Out-rows of the relations that have no transpose: prefix sums of the changes over all keys. */
  private distributeInFull(fresh: number[], origin: number[]): void {
    const { cells, size, isTouched } = this;
    const prefix = new Int32Array(size + 1);
    for (let i = 0; i < fresh.length; i++)
      for (const v of cells.of(fresh[i])) prefix[v + 1] = this.change(fresh[i], origin[i]);
    for (let v = 0; v < size; v++) prefix[v + 1] = (prefix[v + 1] + prefix[v]) | 0;
    for (const { rowOf, first, bounds, weights } of this.full) {
      const rowSum = new Int32Array(first.length - 1);
      for (let row = 0; row < rowSum.length; row++) {
        let sum = 0;
        for (let run = first[row]; run < first[row + 1]; run++)
          sum = (sum + Math.imul(weights[run], prefix[bounds[2 * run + 1]] - prefix[bounds[2 * run]])) | 0;
        rowSum[row] = sum;
      }
      for (let v = 0; v < size; v++) {
        const change = rowOf[v] < 0 ? 0 : rowSum[rowOf[v]];
        if (change === 0) continue;
        cells.sums[v] = (cells.sums[v] + change) | 0;
        if (!isTouched[v]) {
          isTouched[v] = 1;
          this.touched[this.touchedCount++] = v;
        }
      }
      this.budget.spend(size + bounds.length);
    }
  }

  /** Splits the cells whose vertices' sums have come to differ. */
  private split(trace: Trace): boolean {
    const { cells, movedOf, touched, isTouched, changed } = this;
    const { cellOf, start, length, sums, sumOf, placeOf } = cells;
    let count = 0;
    for (let i = 0; i < this.touchedCount; i++) {
      const v = touched[i];
      isTouched[v] = 0;
      const cell = cellOf[v];
      if (sums[v] === sumOf[cell]) continue;
      if (movedOf[cell]++ === 0) changed[count++] = cell;
      this.swap(placeOf[v], start[cell] + length[cell] - movedOf[cell]);
    }
    this.touchedCount = 0;
    sortFirst(changed, count);
    let agrees = true;
    for (let i = 0; i < count; i++) {
      const cell = changed[i];
      const moved = movedOf[cell];
      movedOf[cell] = 0;
      agrees &&= this.splitCell(cell, moved, trace);
    }
    return agrees;
  }

  /** The last `moved` vertices of the cell have left its common sum. The largest part stays the cell, the others become cells. */
  private splitCell(cell: number, moved: number, trace: Trace): boolean {
    const { cells } = this;
    const { members, start, length, sums, sumOf } = cells;
    const end = start[cell] + length[cell];
    const from = end - moved;
    this.sortBySum(from, end);
    if (sums[members[from]] === sums[members[end - 1]] && moved === length[cell]) {
      sumOf[cell] = sums[members[from]];
      return trace.add(cell, sumOf[cell], -1);
    }
    const places: number[] = moved < length[cell] ? [start[cell]] : [];
    for (let place = from; place < end; place++)
      if (place === from || sums[members[place]] !== sums[members[place - 1]]) places.push(place);
    places.push(end);
    let largest = 0;
    for (let i = 1; i + 1 < places.length; i++)
      if (places[i + 1] - places[i] > places[largest + 1] - places[largest]) largest = i;
    for (let i = 0; i + 1 < places.length; i++) {
      const count = places[i + 1] - places[i];
      const sum = sums[members[places[i]]];
      if (!trace.add(cell, sum, count)) return false;
      if (i !== largest) this.makeCell(cell, places[i], count, sum);
    }
    start[cell] = places[largest];
    length[cell] = places[largest + 1] - places[largest];
    sumOf[cell] = sums[members[places[largest]]];
    return true;
  }

  private makeCell(parent: number, start: number, length: number, sum: number): void {
    const { cells } = this;
    const cell = cells.count++;
    cells.start[cell] = start;
    cells.length[cell] = length;
    cells.sumOf[cell] = sum;
    for (let place = start; place < start + length; place++) cells.cellOf[cells.members[place]] = cell;
    this.fresh.push(cell);
    this.origin.push(parent);
  }

  private sortBySum(from: number, to: number): void {
    const { members, placeOf, sums } = this.cells;
    let apart = false;
    for (let place = from + 1; place < to && !apart; place++) apart = sums[members[place]] !== sums[members[from]];
    if (!apart) return;
    const keys = this.sortKeys.subarray(0, to - from);
    for (let i = 0; i < keys.length; i++) keys[i] = (sums[members[from + i]] >>> 0) * 2 ** 21 + members[from + i];
    keys.sort();
    for (let i = 0; i < keys.length; i++) {
      const v = keys[i] % 2 ** 21;
      members[from + i] = v;
      placeOf[v] = from + i;
    }
    this.budget.spend(8 * keys.length);
  }

  private swap(a: number, b: number): void {
    const { members, placeOf } = this.cells;
    const v = members[a];
    const w = members[b];
    members[a] = w;
    members[b] = v;
    placeOf[w] = a;
    placeOf[v] = b;
  }
}

/** What a vertex shows by itself: its colour, which rows are probed, the classes of its pairs with itself. Hashed. */
function initialColours(structure: Structure): Int32Array {
  const colours = structure.colours.map((colour) => hash(colour));
  for (const [index, relation] of structure.relations.entries()) {
    for (let v = 0; v < structure.size; v++) {
      const label = classAt(relation, v, v);
      const seen = label === undefined ? hash(index, relation.rowOf[v] < 0 ? 1 : 2) : hash(index, 3, label);
      colours[v] = (colours[v] + Math.imul(seen, 0x9e3779b1)) | 0;
    }
  }
  return colours;
}

/** The class of the pair (vertex, key); undefined where the row does not hold the key or is not probed. */
export function classAt(relation: Relation, vertex: number, key: number): number | undefined {
  const row = relation.rowOf[vertex];
  if (row < 0) return undefined;
  const run = runAt(relation, row, key);
  return run < relation.first[row + 1] && relation.bounds[2 * run] <= key ? relation.classes[run] : undefined;
}

/** The relation with rows and columns exchanged (columns of unprobed rows stay empty), or null where that takes too many runs. */
export function transpose(relation: Relation, size: number): Relation | null {
  const { rowOf, first, bounds, classes } = relation;
  const most = transposeLimit * (classes.length + size);
  let steps = 0;
  // Runs of the columns in the order in which they end: key, from, to, run of the original that gives the class.
  const keys: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  const labels: number[] = [];
  const open = new Int32Array(size).fill(-1);
  const since = new Int32Array(size);
  const counts = new Int32Array(size + 1);
  const close = (key: number, vertex: number) => {
    keys.push(key);
    from.push(since[key]);
    to.push(vertex);
    labels.push(classes[open[key]]);
    counts[key + 1]++;
  };
  for (let v = 0; v <= size; v++) {
    const before = v === 0 ? -1 : rowOf[v - 1];
    const row = v === size ? -1 : rowOf[v];
    if (row === before) continue;
    let i = before < 0 ? 0 : first[before];
    const lastBefore = before < 0 ? 0 : first[before + 1];
    let j = row < 0 ? 0 : first[row];
    const last = row < 0 ? 0 : first[row + 1];
    // Walk both rows at once, from one change to the next.
    for (let key = 0; i < lastBefore || j < last;) {
      const inBefore = i < lastBefore && bounds[2 * i] <= key;
      const inRow = j < last && bounds[2 * j] <= key;
      let end = size;
      if (i < lastBefore) end = Math.min(end, bounds[2 * i + (inBefore ? 1 : 0)]);
      if (j < last) end = Math.min(end, bounds[2 * j + (inRow ? 1 : 0)]);
      const same = inBefore === inRow && (!inRow || classes[i] === classes[j]);
      if (!same) {
        for (; key < end; key++) {
          if (inBefore) close(key, v);
          open[key] = inRow ? j : -1;
          since[key] = v;
        }
      }
      if (++steps + keys.length > most) return null;
      key = end;
      if (i < lastBefore && bounds[2 * i + 1] <= key) i++;
      if (j < last && bounds[2 * j + 1] <= key) j++;
    }
  }
  for (let key = 0; key < size; key++) counts[key + 1] += counts[key];
  const next = counts.slice();
  const transposed: Relation = {
    rowOf: new Int32Array(size).map((_, v) => v),
    first: counts,
    bounds: new Int32Array(2 * keys.length),
    classes: new Int32Array(keys.length),
  };
  for (let i = 0; i < keys.length; i++) {
    const run = next[keys[i]]++;
    transposed.bounds[2 * run] = from[i];
    transposed.bounds[2 * run + 1] = to[i];
    transposed.classes[run] = labels[i];
  }
  return transposed;
}
