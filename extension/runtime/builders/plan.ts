/** How a pattern is computed: which blocks of queries meet which blocks of keys. Pure bookkeeping, no tensors. */
import type { Pattern } from "../../theory/architecture/schema";
import { buildRows } from "../../theory/patterns/build";
import type { Rows } from "../../theory/patterns/rows";

/** The pairs (query[i], key[i]) of the pattern that a part computes; pair i is number at[i] of the part's blocks * s * t products. */
export interface Pairs {
  query: Int32Array;
  key: Int32Array;
  at: Int32Array;
}

export interface PartPlan {
  blocks: number;
  /** The query in each slot, -1 in a slot without one. */
  queries: Int32Array;
  /** The keys of each piece, likewise (see `Part.keys`). */
  keys: Int32Array[];
  /** The order in which slots list tokens is nearly that of their residues modulo this: moving them is a transposition then. */
  stride: number;
  /** blocks * s * t */
  products: number;
  pairs: Pairs;
}

/** Parts that hold every pair of the pattern once. */
export interface Plan {
  size: number;
  parts: PartPlan[];
  /** Per query, whether it has a key. */
  occupied: Uint8Array;
}

const identity = (size: number): Int32Array => Int32Array.from({ length: size }, (_, i) => i);

const runsOf = ({ first, rowOf }: Rows, query: number): [number, number] => [
  first[rowOf[query]],
  first[rowOf[query] + 1],
];

function countPairs(rows: Rows): number {
  let count = 0;
  for (let q = 0; q < rows.size; q++) {
    const [from, to] = runsOf(rows, q);
    for (let run = from; run < to; run++) count += rows.bounds[2 * run + 1] - rows.bounds[2 * run];
  }
  return count;
}

/** Every pair of a pattern in the order of queries, then keys. */
function allPairs(rows: Rows): Pick<Pairs, "query" | "key"> {
  const count = countPairs(rows);
  const [query, key] = [new Int32Array(count), new Int32Array(count)];
  let i = 0;
  for (let q = 0; q < rows.size; q++) {
    const [from, to] = runsOf(rows, q);
    for (let run = from; run < to; run++)
      for (let k = rows.bounds[2 * run]; k < rows.bounds[2 * run + 1]; k++, i++) {
        query[i] = q;
        key[i] = k;
      }
  }
  return { query, key };
}

/** Which of two ways of computing a pattern to take: the cheaper one, or the one that a test asks for. */
export type Paths = "auto" | "dense" | "blocked";

/** Tokens up to which all pairs are computed: masks cost less than the bookkeeping of blocks. */
const denseTokens = 128;
/** Most tokens of which all pairs are computed. */
const mostDense = 2 ** 12;
/** Most pairs of one pattern: more do not fit a training step either. */
const mostPairs = 2 ** 25;
/**
 * What things cost, in products of a query and a key in a block (about 20 ns on WASM): a product whose key is fetched on its own, a row of keys that is
 * moved to its block, a block of keys that is put beside the others of its block of queries, and a slot.
 */
const cost = { fetching: 8, row: 2, piece: 40, slot: 300 };

/** The plans of one model: heads and layers with the same pattern share a plan. */
export class Planner {
  private readonly plans = new Map<string, Plan>();

  constructor(
    private readonly tokens: number,
    private readonly registers: number,
    private readonly paths: Paths,
  ) {}

  /** Whether so many tokens are worth a computation that avoids all their pairs. */
  sparse(size: number): boolean {
    return this.paths === "blocked" || (this.paths === "auto" && size > denseTokens);
  }

  /** @throws RangeError for more than 2^25 pairs, or 2^12 tokens that are computed densely. */
  of(pattern: Pattern): Plan {
    const key = JSON.stringify(pattern);
    let plan = this.plans.get(key);
    if (plan === undefined) this.plans.set(key, (plan = this.make(pattern)));
    return plan;
  }

  private make(pattern: Pattern): Plan {
    const rows = buildRows(pattern, this.tokens, this.registers);
    const { size } = rows;
    const pairs = countPairs(rows);
    if (this.paths === "dense" || (this.paths === "auto" && (!this.sparse(size) || 2 * pairs > size * size))) {
      if (size > mostDense) throw new RangeError(tooMany(`${size} tokens attend to most of each other`));
      return densePlan(rows);
    }
    if (pairs > mostPairs) throw new RangeError(tooMany(`the pattern has ${pairs.toLocaleString("en")} pairs`));
    const blocked = blockedPlan(rows, layoutsOf(pattern, size));
    const products = blocked.parts.reduce((sum, part) => sum + part.products, 0);
    return this.paths === "auto" && 2 * products > size * size && size <= mostDense ? densePlan(rows) : blocked;
  }
}

const tooMany = (what: string): string =>
  `${what}: more than a model here can compute. Fewer tokens or a sparser pattern would do.`;

/** The plan that computes all pairs of tokens and masks those outside the pattern. */
function densePlan(rows: Rows): Plan {
  const { size } = rows;
  const pairs = allPairs(rows);
  const at = pairs.query.map((q, i) => q * size + pairs.key[i]);
  return {
    size,
    parts: [
      {
        blocks: 1,
        queries: identity(size),
        keys: [identity(size)],
        stride: 1,
        products: size * size,
        pairs: { ...pairs, at },
      },
    ],
    occupied: occupiedBy(size, pairs),
  };
}

function occupiedBy(size: number, { query }: Pick<Pairs, "query">): Uint8Array {
  const occupied = new Uint8Array(size);
  for (const q of query) occupied[q] = 1;
  return occupied;
}

/** A way to lay tokens out in blocks: in the order of their residues modulo `stride`, then blocks of `block` of which the first is `offset` short. */
interface Layout {
  stride: number;
  block: number;
  offset: number;
}

/** Layouts worth trying for a pattern: blocks of several sizes, and what its own strides and blocks suggest. */
function layoutsOf(pattern: Pattern, size: number): Layout[] {
  const strides = new Set([1]);
  const layouts: Layout[] = [];
  const visit = (part: Pattern): void => {
    switch (part.kind) {
      case "window":
      case "longformer":
        strides.add(part.dilation);
        return;
      case "strided":
      case "fixed":
        strides.add(part.stride);
        layouts.push({ stride: 1, block: part.stride, offset: 0 });
        return;
      case "axial":
        strides.add(part.columns);
        layouts.push({ stride: 1, block: part.columns, offset: 0 });
        return;
      case "block":
        layouts.push({ stride: 1, block: part.size, offset: part.shift === 0 ? 0 : part.size - part.shift });
        return;
      case "bigbird":
        layouts.push({ stride: 1, block: part.block, offset: 0 });
        return;
      case "any":
      case "all":
        part.patterns.forEach(visit);
        return;
      case "not":
        visit(part.pattern);
        return;
      case "full":
      case "causal":
      case "star":
      case "global":
      case "random":
      case "edges":
      case "expression":
        return;
    }
  };
  visit(pattern);
  for (const stride of strides) {
    // In the order of residues, tokens of one residue are a block of their own.
    if (stride > 1) layouts.push({ stride, block: Math.ceil(size / stride), offset: 0 });
    for (const block of [1, 4, 8, 16, 32, 64, 128]) layouts.push({ stride, block, offset: 0 });
  }
  return layouts.filter(({ stride, block }) => (stride === 1 && block === 1) || (stride < size && block <= size / 2));
}

/**
 * Queries that attend to most tokens are a part of their own, so are keys that most queries attend to; what is left is cut into blocks, up to three
 * times in different layouts.
 */
function blockedPlan(rows: Rows, layouts: readonly Layout[]): Plan {
  const { size } = rows;
  const all = allPairs(rows);
  const parts: PartPlan[] = [];
  let rest: Pick<Pairs, "query" | "key"> = all;
  /** Moves the pairs that `take` says into a part. */
  const split = (take: (query: number, key: number) => boolean): Pick<Pairs, "query" | "key"> => {
    const { query, key } = rest;
    const taken = new Uint8Array(query.length);
    let count = 0;
    for (let i = 0; i < taken.length; i++) if (take(query[i], key[i])) count += taken[i] = 1;
    const part = (flag: number, length: number): Pick<Pairs, "query" | "key"> => {
      const [queries, keys] = [new Int32Array(length), new Int32Array(length)];
      for (let i = 0, to = 0; i < taken.length; i++) {
        if (taken[i] !== flag) continue;
        queries[to] = query[i];
        keys[to++] = key[i];
      }
      return { query: queries, key: keys };
    };
    rest = part(0, taken.length - count);
    return part(1, count);
  };
  if (all.query.length === 0) {
    const nothing = { ...all, at: new Int32Array(0) };
    parts.push({ blocks: 1, queries: identity(1), keys: [identity(1)], stride: 1, products: 1, pairs: nothing });
  }
  const frequent = (tokens: Int32Array, threshold: number): Int32Array => {
    const counts = new Int32Array(size);
    for (const token of tokens) counts[token]++;
    return identity(size).filter((token) => counts[token] > threshold);
  };
  /** A part of one block. */
  const oneBlock = (queries: Int32Array, keys: Int32Array, own: Pick<Pairs, "query" | "key">): void => {
    const [queryAt, keyAt] = [placesOf(queries, size), placesOf(keys, size)];
    const at = own.query.map((q, i) => queryAt[q] * keys.length + keyAt[own.key[i]]);
    const products = queries.length * keys.length;
    parts.push({ blocks: 1, queries, keys: [keys], stride: 1, products, pairs: { ...own, at } });
  };

  const wide = frequent(rest.query, size / 2);
  if (wide.length > 0) {
    const isWide = placesOf(wide, size);
    oneBlock(
      wide,
      identity(size),
      split((q) => isWide[q] >= 0),
    );
  }
  const common = frequent(rest.key, (size - wide.length) / 2);
  if (common.length > 0) {
    const isCommon = placesOf(common, size);
    oneBlock(
      identity(size),
      common,
      split((_, k) => isCommon[k] >= 0),
    );
  }
  for (let round = 0; rest.query.length > 0; round++) {
    const tried = layouts.map((layout) => blocksOf(rest, layout, size, round === 2));
    const best = tried.reduce((a, b) => (b.cost < a.cost ? b : a));
    const own = split((q, k) => best.holds(q, k));
    parts.push(blockPart(own, best, size));
  }
  return { size, parts, occupied: occupiedBy(size, all) };
}

/** Where each token is in a list, -1 where it is not. */
function placesOf(list: Int32Array, size: number): Int32Array {
  const places = new Int32Array(size).fill(-1);
  list.forEach((token, i) => {
    if (token >= 0) places[token] = i;
  });
  return places;
}

interface Blocks {
  layout: Layout;
  /** How many blocks there are. */
  count: number;
  /** Each token's place in the blocks in turn. */
  positionOf: Int32Array;
  /** For each block of queries the blocks of keys that it meets. */
  met: Map<number, number>[];
  holds: (query: number, key: number) => boolean;
  cost: number;
}

/** The blocks of a layout that hold enough pairs to be worth computing, or every one that holds any if `everything`. */
function blocksOf(
  { query, key }: Pick<Pairs, "query" | "key">,
  layout: Layout,
  size: number,
  everything: boolean,
): Blocks {
  const { stride, block, offset } = layout;
  const residueLength = Math.ceil(size / stride);
  const positionOf = Int32Array.from(
    { length: size },
    (_, token) => (token % stride) * residueLength + Math.floor(token / stride) + offset,
  );
  const blockOf = positionOf.map((position) => Math.floor(position / block));
  const count = Math.ceil((stride * residueLength + offset) / block);
  const met = Array.from({ length: count }, () => new Map<number, number>());
  // Pairs come in runs that lie in one block.
  for (let from = 0, to = 0; from < query.length; from = to) {
    const [own, other] = [blockOf[query[from]], blockOf[key[from]]];
    while (to < query.length && blockOf[query[to]] === own && blockOf[key[to]] === other) to++;
    met[own].set(other, (met[own].get(other) ?? 0) + to - from);
  }
  const least = everything || block === 1 ? 1 : (block * block) / 16;
  const filled = (row: Map<number, number>) => [...row.values()].filter((pairs) => pairs >= least).length;
  const most = met.reduce((largest, row) => Math.max(largest, filled(row)), 0);
  let left = 0;
  for (const row of met) {
    // A block of queries that meets fewer blocks than others is padded to as many: it may as well meet some that hold few pairs.
    const fewest = [...row].sort((a, b) => b[1] - a[1]).slice(most);
    for (const [other, pairs] of fewest) {
      row.delete(other);
      left += pairs;
    }
  }
  const rows = count * most * block;
  const fixed = count * most * cost.piece + most * cost.slot + rows * cost.row;
  return {
    layout,
    count,
    positionOf,
    met,
    holds: (q, k) => met[blockOf[q]].has(blockOf[k]),
    // A layout that holds nothing is no progress.
    cost: most === 0 ? Infinity : rows * block * (block === 1 ? cost.fetching : 1) + left * cost.fetching + fixed,
  };
}

function blockPart(
  own: Pick<Pairs, "query" | "key">,
  { layout, count, positionOf, met }: Blocks,
  size: number,
): PartPlan {
  const { stride, block } = layout;
  const tokenAt = new Int32Array(count * block).fill(-1);
  for (let token = 0; token < size; token++) tokenAt[positionOf[token]] = token;
  const slots = assignSlots(met);
  const slotOf = met.map((_, b) => new Map(slots.map((slot, s) => [slot[b], s])));
  const width = slots.length * block;
  const at = own.query.map((q, i) => {
    const [from, to] = [positionOf[q], positionOf[own.key[i]]];
    const slot = slotOf[Math.floor(from / block)].get(Math.floor(to / block))!;
    return from * width + slot * block + (to % block);
  });
  const keys = slots.map((slot) => {
    const piece = new Int32Array(count * block).fill(-1);
    slot.forEach((other, b) => {
      if (other >= 0) piece.set(tokenAt.subarray(other * block, (other + 1) * block), b * block);
    });
    return piece;
  });
  return { blocks: count, queries: tokenAt, keys, stride, products: count * block * width, pairs: { ...own, at } };
}

/**
 * Spreads the blocks of keys that each block of queries meets over slots, so that no slot has a block of keys twice. A slot has one block of keys (or
 * none, -1) per block of queries. Frequent distances get a slot of their own: shifts are cheap to move.
 */
function assignSlots(met: readonly Map<number, number>[]): Int32Array[] {
  const count = met.length;
  const distance = (b: number, other: number) => (((other - b) % count) + count) % count;
  const frequency = new Map<number, number>();
  met.forEach((row, b) => {
    for (const other of row.keys()) frequency.set(distance(b, other), (frequency.get(distance(b, other)) ?? 0) + 1);
  });
  const slots: Int32Array[] = [];
  const used: Uint8Array[] = [];
  const open = () => {
    used.push(new Uint8Array(count));
    return slots.push(new Int32Array(count).fill(-1)) - 1;
  };
  const own = new Map<number, number>();
  for (const [steps, times] of frequency) if (2 * times >= count) own.set(steps, open());
  const place = (slot: number, b: number, other: number) => {
    slots[slot][b] = other;
    used[slot][other] = 1;
  };
  met.forEach((row, b) => {
    for (const other of row.keys()) {
      const slot = own.get(distance(b, other));
      if (slot !== undefined) place(slot, b, other);
    }
  });
  met.forEach((row, b) => {
    for (const other of row.keys()) {
      if (own.has(distance(b, other))) continue;
      const free = slots.findIndex((slot, s) => slot[b] < 0 && used[s][other] === 0);
      place(free >= 0 ? free : open(), b, other);
    }
  });
  return slots;
}
