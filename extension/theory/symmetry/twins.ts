/**
 * Twins: vertices that a transposition exchanges, an automorphism by itself. Being twins is an equivalence; every class contributes its
 * whole symmetric group, and the classes themselves form a smaller structure, the quotient, with one vertex for each.
 */
import { runAt } from "./isomorphic";
import { DisjointSets } from "./permutation";
import { hash } from "./refinement";
import type { Permutation, Relation, Structure } from "./structure";

/** Rows with more classes than this are only tried with the class of their own diagonal pair and with none. */
const classesTried = 64;

/** Numbers for equal colourings, shared by the structures that are compared. */
export class Interner {
  private readonly ids = new Map<string, number>();

  id(key: string): number {
    let id = this.ids.get(key);
    if (id === undefined) this.ids.set(key, (id = this.ids.size));
    return id;
  }
}

/** The twin classes of a structure and the quotient by them. */
export interface Collapse {
  /** The class of every vertex; classes are numbered by their smallest vertices. */
  readonly classOf: Int32Array;
  /** The vertices class by class, ascending in each; class c is members[first[c]..first[c + 1]). */
  readonly members: Int32Array;
  readonly first: Int32Array;
  readonly quotient: Structure;
}

/** Thrown where a clash of hashes took vertices for twins that are none. */
export class HashClash extends Error {
  override name = "HashClash";
}

/** The collapse of a structure's twins; null where it has none. */
export function collapseTwins(structure: Structure, interner: Interner): Collapse | null {
  const { size } = structure;
  const rootOf = twinClasses(structure);
  if (rootOf === null) return null;
  const classOf = new Int32Array(size);
  let count = 0;
  for (let v = 0; v < size; v++) classOf[v] = rootOf[v] === v ? count++ : classOf[rootOf[v]];
  const first = new Int32Array(count + 1);
  for (const label of classOf) first[label + 1]++;
  for (let c = 0; c < count; c++) first[c + 1] += first[c];
  const next = first.slice();
  const members = new Int32Array(size);
  for (let v = 0; v < size; v++) members[next[classOf[v]]++] = v;
  const partition = { classOf, members, first };
  return { ...partition, quotient: quotientBy(structure, partition, interner) };
}

/** A permutation of the classes (of classes equal in size) as one of the vertices: the i-th of a class goes to the i-th of its image. */
export function lift(p: Permutation, from: Collapse, to: Collapse = from): Permutation {
  const lifted = new Int32Array(from.classOf.length);
  for (let c = 0; c < p.length; c++)
    for (let i = from.first[c]; i < from.first[c + 1]; i++)
      lifted[from.members[i]] = to.members[to.first[p[c]] + i - from.first[c]];
  return lifted;
}

// ----------------------------------------------------------------------------------------------------- finding twins

/**
 * The smallest vertex of every vertex's twin class, or null where no vertex has twins. Found by hashes: all true twins share a class; that no others do is
 * checked when the quotient is built.
 */
function twinClasses(structure: Structure): Int32Array | null {
  const { size, relations, colours } = structure;
  const firstWith = new Map<number, number>();
  let joint: Int32Array = colours.map((colour, v) => {
    const root = firstWith.get(colour);
    if (root === undefined) firstWith.set(colour, v);
    return root ?? v;
  });
  // Twins of the structure are twins of every relation.
  for (const relation of relations) {
    if (joint.every((root, v) => root === v)) return null;
    joint = intersection(joint, twinClassesOf(relation, size));
  }
  return joint.every((root, v) => root === v) ? null : joint;
}

/** The common refinement of two partitions, each given by the smallest member of every vertex's class. */
function intersection(a: Int32Array, b: Int32Array): Int32Array {
  const sizes = (roots: Int32Array) => {
    const counts = new Int32Array(roots.length);
    for (const root of roots) counts[root]++;
    return counts;
  };
  const sizesOfA = sizes(a);
  const sizesOfB = sizes(b);
  const firstWith = new Map<number, number>();
  return a.map((root, v) => {
    if (sizesOfA[root] === 1 || sizesOfB[b[v]] === 1) return v;
    const key = root * a.length + b[v];
    const first = firstWith.get(key);
    if (first === undefined) firstWith.set(key, v);
    return first ?? v;
  });
}

/**
 * Twins u, v of one relation: with a the class of (u, u) and (v, v), and b that of (u, v) and (v, u), rows and columns of u and v agree once
 * the diagonal class is replaced by b. So vertices are grouped by these replaced rows and columns, for every b that their row offers.
 */
function twinClassesOf(relation: Relation, size: number): Int32Array {
  const { rowOf, first, classes } = relation;
  const rows = first.length - 1;
  const labels = [...new Set(classes)];
  const idOf = new Map(labels.map((label, id) => [label, id]));
  const ids = classes.map((label) => idOf.get(label)!);
  const low = sumsOf(relation, ids, labels, size, 1);
  const high = sumsOf(relation, ids, labels, size, 2);

  // The distinct classes of every row, row after row; none where there are too many.
  const offeredFirst = new Int32Array(rows + 1);
  const offered: number[] = [];
  const lastRow = new Int32Array(labels.length).fill(-1);
  for (let row = 0; row < rows; row++) {
    for (let run = first[row]; run < first[row + 1]; run++) {
      if (lastRow[ids[run]] === row) continue;
      lastRow[ids[run]] = row;
      offered.push(ids[run]);
    }
    if (offered.length - offeredFirst[row] > classesTried) offered.length = offeredFirst[row];
    offeredFirst[row + 1] = offered.length;
  }

  const sets = new DisjointSets(size);
  const table = new FirstWith(2 * size);
  for (let v = 0; v < size; v++) {
    const row = rowOf[v];
    if (row < 0) {
      table.join(sets, v, hash(low.column[v]), hash(high.column[v]));
      continue;
    }
    const run = runAt(relation, row, v);
    const own = run < first[row + 1] && relation.bounds[2 * run] <= v ? ids[run] : -1;
    const from = offeredFirst[row];
    const to = offeredFirst[row + 1];
    // The offers of the row, after no class at all (-1); only the own class where there were too many.
    const last = from === to && own >= 0 ? to + 1 : to;
    for (let i = from - 1; i < last; i++) {
      const b = i < from ? -1 : i < to ? offered[i] : own;
      const salt = hash(own, b, 5);
      const lowChange = Math.imul((b < 0 ? 0 : low.weights[b]) - (own < 0 ? 0 : low.weights[own]), low.keys[v]);
      const highChange = Math.imul((b < 0 ? 0 : high.weights[b]) - (own < 0 ? 0 : high.weights[own]), high.keys[v]);
      table.join(
        sets,
        v,
        hash(low.rows[row] + lowChange, low.column[v] + lowChange, salt),
        hash(high.rows[row] + highChange, high.column[v] + highChange, salt),
      );
    }
  }
  return sets.roots();
}

/** Hashed sums of a relation: keys of a row, and queries of a column, times the class of the pair. */
interface Sums {
  keys: Int32Array;
  weights: number[];
  rows: Int32Array;
  column: Int32Array;
}

function sumsOf(relation: Relation, ids: Int32Array, labels: number[], size: number, lane: number): Sums {
  const { rowOf, first, bounds } = relation;
  const weights = labels.map((label) => hash(label, lane, 2));
  const keys = new Int32Array(size);
  const prefix = new Int32Array(size + 1);
  const count = first.length - 1;
  // The summed keys of the vertices that have a row.
  const queries = new Int32Array(count);
  for (let v = 0; v < size; v++) {
    keys[v] = hash(v, lane, 1);
    prefix[v + 1] = prefix[v] + keys[v];
    if (rowOf[v] >= 0) queries[rowOf[v]] += keys[v];
  }
  const rows = new Int32Array(count);
  const column = new Int32Array(size + 1);
  for (let row = 0; row < count; row++) {
    for (let run = first[row]; run < first[row + 1]; run++) {
      const from = bounds[2 * run];
      const to = bounds[2 * run + 1];
      const weight = weights[ids[run]];
      rows[row] += Math.imul(weight, prefix[to] - prefix[from]);
      column[from] += Math.imul(weight, queries[row]);
      column[to] -= Math.imul(weight, queries[row]);
    }
  }
  for (let v = 0; v < size; v++) column[v + 1] += column[v];
  return { keys, weights, rows, column };
}

/** Joins vertices that come with the same two numbers: open addressing. */
class FirstWith {
  private slots: Int32Array;
  private vertices: Int32Array;
  private low: Int32Array;
  private high: Int32Array;
  private count = 0;

  constructor(expected: number) {
    this.slots = new Int32Array(1 << (32 - Math.clz32(2 * expected + 4))).fill(-1);
    this.vertices = new Int32Array(expected + 1);
    this.low = new Int32Array(expected + 1);
    this.high = new Int32Array(expected + 1);
  }

  join(sets: DisjointSets, v: number, low: number, high: number): void {
    if (2 * this.count >= this.slots.length || this.count === this.vertices.length) this.grow();
    let slot = low & (this.slots.length - 1);
    for (; this.slots[slot] >= 0; slot = (slot + 1) & (this.slots.length - 1)) {
      const entry = this.slots[slot];
      if (this.low[entry] === low && this.high[entry] === high) {
        sets.join(this.vertices[entry], v);
        return;
      }
    }
    this.slots[slot] = this.count;
    this.vertices[this.count] = v;
    this.low[this.count] = low;
    this.high[this.count++] = high;
  }

  private grow(): void {
    const longer = (array: Int32Array) => {
      const grown = new Int32Array(2 * array.length);
      grown.set(array);
      return grown;
    };
    this.vertices = longer(this.vertices);
    this.low = longer(this.low);
    this.high = longer(this.high);
    this.slots = new Int32Array(
      4 * this.vertices.length < this.slots.length ? this.slots.length : 2 * this.slots.length,
    ).fill(-1);
    for (let entry = 0; entry < this.count; entry++) {
      let slot = this.low[entry] & (this.slots.length - 1);
      while (this.slots[slot] >= 0) slot = (slot + 1) & (this.slots.length - 1);
      this.slots[slot] = entry;
    }
  }
}

// ------------------------------------------------------------------------------------------------------ the quotient

type Partition = Pick<Collapse, "classOf" | "members" | "first">;

/**
 * The structure on the classes. A class has the colour of its vertices and their number, and for every relation the class of a vertex with itself
 * (as its own pair) and with a twin (as part of the colour).
 * @throws HashClash where the classes are not classes of twins: this is the exact check.
 */
function quotientBy(structure: Structure, partition: Partition, interner: Interner): Structure {
  const { colours } = structure;
  const { classOf, members, first } = partition;
  const count = first.length - 1;
  for (let v = 0; v < structure.size; v++)
    if (colours[v] !== colours[members[first[classOf[v]]]]) throw new HashClash();
  const kinds = Array.from({ length: count }, (_, c) => `${colours[members[first[c]]]} ${first[c + 1] - first[c]}`);
  const relations = structure.relations.map((relation) => quotientRelation(relation, partition, kinds));
  return { size: count, colours: Int32Array.from(kinds, (kind) => interner.id(kind)), relations };
}

/** A row on the places of `members`: sorted pieces from, to, from, to, ... with a label each; touching pieces differ in label. */
interface Pieces {
  bounds: number[];
  labels: number[];
}

function quotientRelation(relation: Relation, partition: Partition, kinds: string[]): Relation {
  const { rowOf } = relation;
  const { members, first } = partition;
  const rowAt = rowsOnPlaces(relation, partition);
  const firstOfRow = new Map<number, number>();
  const newRowOf = new Int32Array(kinds.length).fill(-1);
  const newFirst = [0];
  const bounds: number[] = [];
  const classes: number[] = [];
  for (let c = 0; c < kinds.length; c++) {
    const from = first[c];
    const to = first[c + 1];
    const head = rowOf[members[from]];
    for (let place = from + 1; place < to; place++) if (rowOf[members[place]] < 0 !== head < 0) throw new HashClash();
    if (head < 0) continue;
    const row = rowAt(head);
    const own = labelOn(row, from, from + 1);
    const other = labelOn(row, from + 1, to);
    const single = to - from === 1;
    if (other === "several") throw new HashClash();
    if (!single) kinds[c] += ` ${other}`;
    // A row that does not treat its own class apart serves all classes whose vertices share it.
    const plain = single || own === other;
    newRowOf[c] = plain ? (firstOfRow.get(head) ?? -1) : -1;
    let standing = newRowOf[c] < 0 ? null : row;
    for (let place = from; place < to; place++) {
      const vertexRow = rowOf[members[place]];
      if (plain && standing !== null && vertexRow === head) continue;
      const mine = rowAt(vertexRow);
      if (!single) {
        const agrees =
          labelOn(mine, place, place + 1) === own && (place === from || labelOn(mine, from, place) === other);
        if (!agrees || (place + 1 < to && labelOn(mine, place + 1, to) !== other)) throw new HashClash();
      }
      const whole = plain ? mine : replaced(mine, from, to, own);
      if (standing === null) {
        standing = whole;
        append(whole, partition, bounds, classes);
        newRowOf[c] = newFirst.length - 1;
        newFirst.push(classes.length);
        if (plain) firstOfRow.set(head, newRowOf[c]);
      } else if (!equal(whole, standing)) throw new HashClash();
    }
  }
  return {
    rowOf: newRowOf,
    first: Int32Array.from(newFirst),
    bounds: Int32Array.from(bounds),
    classes: Int32Array.from(classes),
  };
}

/** The rows of the relation on places, each computed once. A row is cut where its keys' places do not follow one another. */
function rowsOnPlaces(relation: Relation, { members }: Partition): (row: number) => Pieces {
  const size = members.length;
  const placeOf = new Int32Array(size);
  for (let place = 0; place < size; place++) placeOf[members[place]] = place;
  const pieceEnd = new Int32Array(size);
  for (let v = size - 1; v >= 0; v--)
    pieceEnd[v] = v + 1 < size && placeOf[v + 1] === placeOf[v] + 1 ? pieceEnd[v + 1] : v + 1;
  const known = new Map<number, Pieces>();
  return (row) => {
    let pieces = known.get(row);
    if (pieces) return pieces;
    const list: [from: number, to: number, label: number][] = [];
    for (let run = relation.first[row]; run < relation.first[row + 1]; run++) {
      const end = relation.bounds[2 * run + 1];
      for (let v = relation.bounds[2 * run]; v < end;) {
        const next = Math.min(end, pieceEnd[v]);
        list.push([placeOf[v], placeOf[v] + next - v, relation.classes[run]]);
        v = next;
      }
    }
    list.sort((a, b) => a[0] - b[0]);
    pieces = { bounds: [], labels: [] };
    for (const [from, to, label] of list) extend(pieces, from, to, label);
    known.set(row, pieces);
    return pieces;
  };
}

/** Adds a piece to the right end. */
function extend({ bounds, labels }: Pieces, from: number, to: number, label: number): void {
  if (bounds.length > 0 && bounds[bounds.length - 1] === from && labels[labels.length - 1] === label)
    bounds[bounds.length - 1] = to;
  else {
    bounds.push(from, to);
    labels.push(label);
  }
}

/** The label of all places from..to-1: null where they carry none, "several" where they differ. An empty range gives null. */
function labelOn({ bounds, labels }: Pieces, from: number, to: number): number | null | "several" {
  let low = 0;
  let high = labels.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[2 * middle + 1] <= from) low = middle + 1;
    else high = middle;
  }
  if (low === labels.length || bounds[2 * low] >= to) return null;
  return bounds[2 * low] <= from && bounds[2 * low + 1] >= to ? labels[low] : "several";
}

/** The row with the label on all places from..to-1. */
function replaced(row: Pieces, from: number, to: number, label: number | null | "several"): Pieces {
  const pieces: Pieces = { bounds: [], labels: [] };
  const { bounds, labels } = row;
  labels.forEach((other, i) => {
    if (bounds[2 * i] < from) extend(pieces, bounds[2 * i], Math.min(from, bounds[2 * i + 1]), other);
  });
  if (typeof label === "number") extend(pieces, from, to, label);
  labels.forEach((other, i) => {
    if (bounds[2 * i + 1] > to) extend(pieces, Math.max(to, bounds[2 * i]), bounds[2 * i + 1], other);
  });
  return pieces;
}

const equal = (a: Pieces, b: Pieces): boolean =>
  a.labels.length === b.labels.length &&
  a.labels.every((label, i) => label === b.labels[i]) &&
  a.bounds.every((bound, i) => bound === b.bounds[i]);

/** Writes a row that stands on whole classes as a row of classes. */
function append(row: Pieces, { classOf, members, first }: Partition, bounds: number[], classes: number[]): void {
  row.labels.forEach((label, i) => {
    const from = row.bounds[2 * i];
    const to = row.bounds[2 * i + 1];
    const low = classOf[members[from]];
    const high = classOf[members[to - 1]];
    if (first[low] !== from || first[high + 1] !== to) throw new HashClash();
    bounds.push(low, high + 1);
    classes.push(label);
  });
}
