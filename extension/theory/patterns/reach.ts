/**
 * Which tokens an output depends on, and how many layers that takes, on row runs.
 *
 * A stack is a period of layers, repeated as often as needed; layer 1 is nearest the input. Row q of a layer lists everything that output q of the
 * layer depends on, q itself included where it does. At depth L output t depends on V_t = rows_1(rows_2(... rows_L(t))). Indices from `tokens` on
 * are registers: they pass information on and are neither inputs nor outputs. (2506.23551, section 3, sparse attention; theory, section 4.)
 */
import {
  RowsBuilder,
  contains,
  countKeys,
  differenceRuns,
  equalRuns,
  holds,
  image,
  runAt,
  runsOf,
  transpose,
  unionRuns,
  type Runs,
} from "./algebra";
import { Dependence } from "./dependence";
import { BeyondReach, type Rows } from "./rows";

/** `from` influences, `to` is influenced. */
export interface Pair {
  from: number;
  to: number;
}

/** full: every output depends on every token; causal: output t depends on the tokens 0..t. */
export type Goal = "full" | "causal";

/**
 * The least depth that connects every pair of the goal, and a pair that needs it. Or no depth does, and a pair that is never connected (where some
 * layer drops its own token it may also be one that is connected at some depths, while at every depth some pair is not).
 */
export type Hops = { hops: number; worst: Pair } | { hops: null; unconnected: Pair };

export interface Visibility {
  /** full: every V_t is everything; causal: every V_t is 0..t exactly; partial: anything else. */
  kind: "full" | "causal" | "partial";
  /** causal where no output depends on a later token: then only the pairs from <= to are looked at. */
  goal: Goal;
  /** Pairs of the goal that are not connected, the one that takes the most layers first; a few of them. Empty iff the kind is the goal. */
  unreachable: Pair[];
}

/** Steps before an answer is given up, a second or two: a word of a bit set is one, a run or a node of a search `visit` of them. */
const budget = 300_000_000;
const visit = 4;
/** Longest run that a search goes through one by one. */
const shortRun = 16;
const giveUp = (size: number) =>
  new BeyondReach(
    `which of ${size.toLocaleString("en")} tokens depend on which takes more than ${budget.toLocaleString("en")} steps to work out for this pattern`,
  );

/**
 * For the layers r = 1..depth, the set R_r(t) of queries of layer r on which output t depends: R_depth(t) = {t} and R_{r-1}(t) is the union of the
 * rows of layer r over R_r(t). Entry r - 1 is R_r(t).
 */
export function probed(layers: readonly Rows[], depth: number, t: number): Runs[] {
  const sets = new Array<Runs>(depth);
  const images = new Images();
  let set: Runs = Int32Array.of(t, t + 1);
  for (let r = depth; r >= 1; r--) {
    sets[r - 1] = set;
    if (r > 1) set = images.of(layers[(r - 1) % layers.length], set);
  }
  return sets;
}

/** V_t, with the registers whose initial vector output t depends on. */
export function seen(layers: readonly Rows[], depth: number, t: number): Runs {
  const images = new Images();
  let set: Runs = Int32Array.of(t, t + 1);
  for (let r = depth; r >= 1; r--) set = images.of(layers[(r - 1) % layers.length], set);
  return set;
}

/** Images of growing sets: only what was added since the last time goes through the rows again. */
class Images {
  private readonly last = new Map<Rows, { set: Runs; image: Runs }>();

  of(rows: Rows, set: Runs): Runs {
    const last = this.last.get(rows);
    if (last !== undefined && equalRuns(last.set, set)) return last.image;
    const grew = last !== undefined && differenceRuns(last.set, set).length === 0;
    const result = grew ? unionRuns(last.image, image(rows, differenceRuns(set, last.set))) : image(rows, set);
    this.last.set(rows, { set, image: result });
    return result;
  }
}

/** The least depth (from 1) at which `to` depends on `from`, or null. */
export function hopsBetween(layers: readonly Rows[], from: number, to: number): number | null {
  const period = shortestPeriod(layers);
  // What depends on `from` at a depth depends on nothing but the depth modulo the period and what did one layer below.
  const reached = period.map((): Runs => new Int32Array());
  let frontier: Runs = Int32Array.of(from, from + 1);
  for (let depth = 1; frontier.length > 0; depth++) {
    const phase = (depth - 1) % period.length;
    frontier = differenceRuns(image(transposeOf(period[phase]), frontier), reached[phase]);
    if (holds(frontier, to)) return depth;
    reached[phase] = unionRuns(reached[phase], frontier);
  }
  return null;
}

/**
 * The least depth of the repeated stack at which every pair of the goal is connected: all pairs (a token and itself included) for full, the pairs
 * from <= to for causal.
 * @throws BeyondReach where the pattern has no structure to use and is too large to search token by token.
 */
export function hopsNeeded(layers: readonly Rows[], tokens: number, goal: Goal): Hops {
  return reachOf(layers, tokens).hops(goal);
}

/** What the outputs depend on at a depth (from 0: then every output is its own token). @throws BeyondReach as hopsNeeded. */
export function visibility(layers: readonly Rows[], depth: number, tokens: number): Visibility {
  return reachOf(layers, tokens).visibility(depth);
}

/** A stack is asked about more than once: what was worked out for the last few periods that start with a layer lives as long as that layer. */
const known = new WeakMap<Rows, Reach[]>();
const mostKnown = 4;
const transposes = new WeakMap<Rows, Rows>();

function transposeOf(rows: Rows): Rows {
  let columns = transposes.get(rows);
  if (columns === undefined) transposes.set(rows, (columns = transpose(rows)));
  return columns;
}

function reachOf(layers: readonly Rows[], tokens: number): Reach {
  const period = shortestPeriod(layers);
  const list = known.get(period[0]) ?? [];
  known.set(period[0], list);
  let reach = list.find((one) => one.tokens === tokens && sameLayers(one.period, period));
  if (reach === undefined) {
    list.push((reach = new Reach(period, tokens)));
    if (list.length > mostKnown) list.shift();
  }
  return reach;
}

const sameLayers = (a: readonly Rows[], b: readonly Rows[]) =>
  a.length === b.length && a.every((rows, i) => rows === b[i]);

function shortestPeriod(layers: readonly Rows[]): readonly Rows[] {
  for (let length = 1; 2 * length <= layers.length; length++)
    if (layers.length % length === 0 && layers.every((rows, i) => rows === layers[i % length]))
      return layers.slice(0, length);
  return layers;
}

/** How far one token's information gets: how many layers until its last target has it and which that is, or a target that never does. */
interface Spread {
  hops: number;
  to: number;
  connected: boolean;
}

/**
 * One period of layers. Neighbouring tokens that every layer treats alike are merged into one node, so that blocks cost as much as their number; nodes keep
 * the order of the tokens, nodes from `tokenNodes` on are registers.
 *
 * Where every node keeps itself, what a token has reached only grows, and the least depth of a pair is a breadth-first search through the
 * transposed rows. Sources are left out where a bound shows that they need no more layers than one already searched.
 */
class Reach {
  private readonly layers: readonly Rows[];
  private readonly kinds: readonly Rows[];
  /** For each layer of the period its place in `kinds`. */
  private readonly order: readonly number[];
  /** Node a stands for the tokens starts[a]..starts[a + 1] - 1. */
  private readonly starts: Int32Array;
  private readonly size: number;
  private readonly tokenNodes: number;
  private readonly keepsItself: boolean;
  private readonly answers = new Map<Goal, Hops>();
  private steps = 0;
  /** Of a search: the nodes reached, in order; and for each node itself, or, once it is reached, one past it or further, never past an unreached one. */
  private readonly queue: Int32Array;
  private readonly next: Int32Array;
  private readonly identity: Int32Array;

  constructor(
    readonly period: readonly Rows[],
    readonly tokens: number,
  ) {
    const distinct = [...new Set(period)];
    this.order = period.map((rows) => distinct.indexOf(rows));
    this.starts = nodeStarts(distinct, tokens);
    this.size = this.starts.length - 1;
    this.tokenNodes = this.starts.indexOf(tokens);
    this.kinds = this.size === period[0].size ? distinct : distinct.map((rows) => merged(rows, this.starts));
    this.layers = this.order.map((kind) => this.kinds[kind]);
    this.keepsItself = this.everyNodeKeepsItself();
    this.queue = new Int32Array(this.size);
    this.identity = Int32Array.from({ length: this.size + 1 }, (_, node) => node);
    this.next = this.identity.slice();
  }

  hops(goal: Goal): Hops {
    let answer: Hops | undefined = this.answers.get(goal);
    if (answer === undefined) {
      this.steps = 0;
      answer = this.keepsItself ? this.search(goal) : this.simulate(goal);
      if (answer === undefined) throw giveUp(this.tokens);
      this.answers.set(goal, answer);
    }
    return answer;
  }

  visibility(depth: number): Visibility {
    this.steps = 0;
    if (depth === 0) return this.atTheInput();
    if (!this.keepsItself) return this.simulateTo(depth);
    const goal: Goal = this.tokens > 1 && this.looksBack(depth) ? "causal" : "full";
    const needed = this.hops(goal);
    if (needed.hops !== null && needed.hops <= depth) return { kind: goal, goal, unreachable: [] };
    const first = needed.hops === null ? needed.unconnected : needed.worst;
    const unreachable = [first];
    const back = { from: first.to, to: first.from };
    if (goal === "full" && !holds(seen(this.period, depth, back.to), back.from)) unreachable.push(back);
    return { kind: "partial", goal, unreachable };
  }

  private atTheInput(): Visibility {
    if (this.tokens === 1) return { kind: "full", goal: "full", unreachable: [] };
    return { kind: "partial", goal: "causal", unreachable: [{ from: 0, to: this.tokens - 1 }] };
  }

  // ------------------------------------------------------------------------------------- where every node keeps itself

  /** Registers without keys in any layer pass nothing on and need not keep anything. */
  private everyNodeKeepsItself(): boolean {
    for (let node = 0; node < this.size; node++) {
      const passive = node >= this.tokenNodes && this.kinds.every((rows) => runsOf(rows, node).length === 0);
      if (!passive && !this.kinds.every((rows) => contains(rows, node, node))) return false;
    }
    return true;
  }

  private get columns(): readonly Rows[] {
    return this.kinds.map(transposeOf);
  }

  private search(goal: Goal): Hops {
    const last = this.tokenNodes - 1;
    if (goal === "full") {
      // Token 0 has to get everything, and everything has to get token 0; then every pair is connected at some depth.
      const behind = this.spread(this.kinds, 0, 0);
      if (!behind.connected) return { hops: null, unconnected: this.pair(behind.to, 0) };
    }
    const ahead = this.spread(this.columns, 0, 0);
    if (!ahead.connected) return { hops: null, unconnected: this.pair(0, ahead.to) };
    if (this.isCirculant()) return { hops: ahead.hops, worst: this.pair(0, ahead.to) };

    let best = { hops: ahead.hops, from: 0, to: ahead.to };
    if (goal === "full") {
      const short = this.throughFullRows();
      if (short !== undefined) return short;
      const back = this.spread(this.columns, last, 0);
      if (back.hops > best.hops) best = { hops: back.hops, from: last, to: back.to };
    }
    const bestSoFar = (): Hops => ({ hops: best.hops, worst: this.pair(best.from, best.to) });
    // The sources that need more layers than the best so far to get to the last token are the first ones; those that need more to get to
    // token 0 are the last ones.
    const right = this.kinds.map((rows) => this.stepsRight(rows));
    const left = this.kinds.map((rows) => this.stepsLeft(rows));
    const consider = (source: number): boolean => {
      const spread = this.spread(this.columns, source, goal === "causal" ? source : 0);
      if (spread.connected && spread.hops <= best.hops) return true;
      best = { hops: spread.hops, from: source, to: spread.to };
      return spread.connected;
    };
    const rightDone = (source: number) => source > last || this.within(right, source, last, best.hops);
    const leftDone = (source: number) => goal === "causal" || source < 0 || this.within(left, source, 0, best.hops);
    if (!rightDone(1) || !leftDone(last - 1)) {
      if (goal === "full" && this.throughMiddle() === best.hops) return bestSoFar();
      const allPairs = this.simulateIfCheaper(goal);
      if (allPairs !== undefined) return allPairs;
    }
    let source = 1;
    for (; !rightDone(source); source++)
      if (!consider(source)) return { hops: null, unconnected: this.pair(source, best.to) };
    for (let s = last - 1; s >= source && !leftDone(s); s--) consider(s);
    return bestSoFar();
  }

  /**
   * Breadth-first search from one source through the layers. Each kind of layer takes each reached node once: what it passed on stays reached.
   * @param passes for each kind of layer, which nodes get what a node has
   * @param first the targets are the tokens from it on
   * @param below how many layers lie below the first one searched
   */
  private spread(passes: readonly Rows[], source: number, first: number, below = 0): Spread {
    const { queue, next, order } = this;
    next.set(this.identity);
    this.steps += this.size / 8;
    const taken = new Int32Array(passes.length);
    queue[0] = source;
    next[source] = source + 1;
    let reached = 1;
    let missing = this.tokenNodes - first - (source >= first && source < this.tokenNodes ? 1 : 0);
    let hops = 1;
    let to = source;
    for (let depth = 0, idle = 0; missing > 0 && idle < order.length; depth++) {
      const kind = order[(below + depth) % order.length];
      const { rowOf, first: firstRun, bounds } = passes[kind];
      const before = reached;
      for (let i = taken[kind]; i < before; i++) {
        const row = rowOf[queue[i]];
        this.steps += visit * (firstRun[row + 1] - firstRun[row] + 1);
        for (let run = 2 * firstRun[row]; run < 2 * firstRun[row + 1]; run += 2) {
          const end = bounds[run + 1];
          // Where few nodes can be new, looking at each is cheaper than following the pointers past long reached stretches.
          const short = end - bounds[run] <= shortRun;
          for (let node = bounds[run]; node < end; node++) {
            if (next[node] !== node) {
              if (short) continue;
              node = this.unreachedFrom(node);
              if (node >= end) break;
            }
            queue[reached++] = node;
            next[node] = end;
          }
        }
      }
      taken[kind] = before;
      idle = reached === before ? idle + 1 : 0;
      for (let i = before; i < reached; i++) {
        const node = queue[i];
        if (node < first || node >= this.tokenNodes) continue;
        missing--;
        if (hops <= depth || Math.abs(node - source) > Math.abs(to - source)) to = node;
        hops = depth + 1;
      }
      this.steps += visit * (reached - before);
      if (this.steps > budget) throw giveUp(this.tokens);
    }
    if (missing === 0) return { hops, to, connected: true };
    let low = first;
    while (next[low] !== low) low++;
    let high = this.tokenNodes - 1;
    while (next[high] !== high) high--;
    return { hops, to: Math.abs(low - source) > Math.abs(high - source) ? low : high, connected: false };
  }

  /** The first node from this one on that the search has not reached; `size` if there is none. */
  private unreachedFrom(node: number): number {
    const { next } = this;
    while (next[node] !== node) {
      next[node] = next[next[node]];
      node = next[node];
    }
    return node;
  }

  /**
   * A depth at which every pair is connected through the middle token: the least at which it depends on everything, and from there the layers it takes to
   * reach everything. Tight for patterns that look alike along the sequence.
   */
  private throughMiddle(): number {
    const middle = this.tokenNodes >> 1;
    const dependsOnAll = (depth: number) => {
      const set = seen(this.layers, depth, middle);
      return set[0] === 0 && set[1] >= this.tokenNodes;
    };
    let depth = 1;
    while (!dependsOnAll(depth)) depth *= 2;
    for (let low = depth / 2; depth - low > 1;) {
      const between = (low + depth) >> 1;
      if (dependsOnAll(between)) depth = between;
      else low = between;
    }
    return depth + this.spread(this.columns, middle, 0, depth).hops;
  }

  /**
   * Tokens that depend on everything, known from rows that hold everything: whoever attends to one of them does too, one layer later. Answers if all tokens
   * come to depend on everything that way and one is found that did not a layer before.
   */
  private throughFullRows(): Hops | undefined {
    const { tokenNodes, size } = this;
    let full = new Uint8Array(size);
    const before = new Int32Array(size + 1);
    let work = 0;
    for (let depth = 1, idle = 0; idle < this.layers.length && work < budget / 10; depth++) {
      const rows = this.layers[(depth - 1) % this.layers.length];
      for (let node = 0; node < size; node++) before[node + 1] = before[node] + full[node];
      const rowIsFull = new Uint8Array(rows.first.length - 1);
      for (let row = 0; row < rowIsFull.length; row++) {
        for (let i = 2 * rows.first[row]; i < 2 * rows.first[row + 1]; i += 2) {
          const [from, to] = [rows.bounds[i], rows.bounds[i + 1]];
          if ((from === 0 && to >= tokenNodes) || before[to] > before[from]) rowIsFull[row] = 1;
        }
      }
      const now = new Uint8Array(size);
      let changed = false;
      for (let node = 0; node < size; node++) {
        now[node] = full[node] | rowIsFull[rows.rowOf[node]];
        changed ||= now[node] !== full[node];
      }
      work += size + rows.bounds.length;
      if (now.subarray(0, tokenNodes).every((value) => value === 1)) return this.needsAll(depth, full);
      idle = changed ? 0 : idle + 1;
      full = now;
    }
    return undefined;
  }

  /** `depth` layers suffice for the goal full; answers if some token not in `full` shows that one layer less does not. */
  private needsAll(depth: number, full: Uint8Array): Hops | undefined {
    const last = this.tokenNodes - 1;
    if (depth === 1) return { hops: 1, worst: this.pair(0, last) };
    for (const to of [full.indexOf(0), full.subarray(0, last + 1).lastIndexOf(0)]) {
      const unseen = differenceRuns(Int32Array.of(0, last + 1), seen(this.layers, depth - 1, to));
      if (unseen.length === 0) continue;
      const [low, high] = [unseen[0], unseen[unseen.length - 1] - 1];
      return { hops: depth, worst: this.pair(Math.abs(low - to) > Math.abs(high - to) ? low : high, to) };
    }
    return undefined;
  }

  /** Whether turning the sequence by one token is a symmetry of every layer. Then all sources are alike. */
  private isCirculant(): boolean {
    const count = this.tokenNodes;
    return this.kinds.every((rows) => {
      const base = runsOf(rows, 0);
      if (base[base.length - 1] > count) return false;
      const turned = new Int32Array(base.length + 2);
      for (let q = 1; q < count; q++)
        if (!equalRuns(turned.subarray(0, turn(base, q, count, turned)), runsOf(rows, q))) return false;
      return true;
    });
  }

  /**
   * For each token b the last token to which one layer surely takes what the tokens up to b, from some token on, have: the tokens after b up to it all
   * attend to a run of keys that holds themselves and reaches down to b.
   */
  private stepsRight(rows: Rows): Int32Array {
    const count = this.tokenNodes;
    const steps = new Int32Array(count);
    let reach = 0;
    for (let b = 0; b < count; b++) {
      reach = Math.max(reach, b);
      while (reach + 1 < count && rows.bounds[runAt(rows, reach + 1, reach + 1)] <= b) reach++;
      steps[b] = reach;
    }
    return steps;
  }

  /** The mirror image of stepsRight. */
  private stepsLeft(rows: Rows): Int32Array {
    const count = this.tokenNodes;
    const steps = new Int32Array(count);
    let reach = count - 1;
    for (let b = count - 1; b >= 0; b--) {
      reach = Math.min(reach, b);
      while (reach > 0 && rows.bounds[runAt(rows, reach - 1, reach - 1) + 1] > b) reach--;
      steps[b] = reach;
    }
    return steps;
  }

  /** Whether sure steps take what `source` has to all tokens between it and `end` within that many layers. */
  private within(steps: readonly Int32Array[], source: number, end: number, layers: number): boolean {
    let at = source;
    for (let depth = 0; depth < layers && at !== end; depth++) at = steps[this.order[depth % this.order.length]][at];
    this.steps += layers;
    return at === end;
  }

  /** Whether no output depends on a later token at that depth. (Tokens keep themselves, so each row of each layer counts.) */
  private looksBack(depth: number): boolean {
    const { period, tokens } = this;
    const registers = period[0].size - tokens;
    // The last token that each register depends on, -1 for none.
    let tops = new Int32Array(registers).fill(-1);
    const topOf = (rows: Rows, q: number): number => {
      const runs = runsOf(rows, q);
      let top = -1;
      for (let i = runs.length - 2; i >= 0; i -= 2) {
        for (let k = Math.max(runs[i], tokens); k < runs[i + 1]; k++) top = Math.max(top, tops[k - tokens]);
        if (runs[i] < tokens) return Math.max(top, Math.min(runs[i + 1], tokens) - 1);
      }
      return top;
    };
    const looked = new Set<Rows>();
    for (let layer = 0, idle = 0; layer < depth && idle < period.length; layer++) {
      const rows = period[layer % period.length];
      // Without registers the rows alone decide, whatever lies below.
      if (registers === 0 && looked.has(rows)) continue;
      looked.add(rows);
      for (let q = 0; q < tokens; q++) if (topOf(rows, q) > q) return false;
      const above = Int32Array.from(tops, (top, register) => Math.max(top, topOf(rows, tokens + register)));
      idle = equalRuns(above, tops) ? idle + 1 : 0;
      tops = above;
      this.steps += rows.size;
      if (this.steps > budget) throw giveUp(tokens);
    }
    return true;
  }

  // --------------------------------------------------------------------------------------------- all pairs, bit by bit

  /** All pairs at once, if the first layers promise that to be cheaper than a search from every source. */
  private simulateIfCheaper(goal: Goal): Hops | undefined {
    const runs = this.kinds.reduce((sum, rows) => sum + rows.bounds.length / 2, 0);
    const keys = Math.max(...this.kinds.map(countKeys));
    const allowance = this.tokenNodes * (this.size + runs);
    const layer = (keys + this.size) * Math.ceil(this.tokenNodes / 32);
    return 2 * layer <= allowance && Dependence.fits(this.size, this.tokenNodes)
      ? this.simulate(goal, Math.min(this.steps + allowance, budget))
      : undefined;
  }

  /** Depth by depth, until the goal is met, the dependences repeat, or the steps allowed are used up. */
  private simulate(goal: Goal, allowed = budget): Hops | undefined {
    let now = Dependence.none(this.size, this.tokenNodes);
    let ever: Dependence | undefined;
    let marked = now;
    let nextMark = 1;
    for (let depth = 1; ; depth++) {
      const before = now;
      now = this.above(before, depth);
      if (this.steps > allowed) return undefined;
      const lacking = now.lacking(goal);
      if (lacking === null) {
        const worst = (depth > 1 && before.lacking(goal)) || [0, this.tokenNodes - 1];
        return { hops: depth, worst: this.pair(...worst) };
      }
      ever = ever?.or(now) ?? now;
      if (depth % this.layers.length !== 0) continue;
      // The dependences at a depth follow from those one period below: once they come back, nothing new comes.
      if (now.equals(marked)) return { hops: null, unconnected: this.pair(...(ever.lacking(goal) ?? lacking)) };
      if (depth / this.layers.length === nextMark) {
        marked = now;
        nextMark *= 2;
      }
    }
  }

  private simulateTo(depth: number): Visibility {
    let now = Dependence.none(this.size, this.tokenNodes);
    for (let layer = 1; layer <= depth; layer++) {
      now = this.above(now, layer);
      if (this.steps > budget) throw giveUp(this.tokens);
    }
    const goal: Goal = this.tokens > 1 && now.looksBack(this.starts) ? "causal" : "full";
    const lacking = now.lacking(goal);
    if (lacking === null) return { kind: goal, goal, unreachable: [] };
    const [from, to] = lacking;
    const unreachable = [this.pair(from, to)];
    if (goal === "full" && from !== to && !now.has(from, to)) unreachable.push(this.pair(to, from));
    return { kind: "partial", goal, unreachable };
  }

  private above(below: Dependence, depth: number): Dependence {
    const result = below.through(this.layers[(depth - 1) % this.layers.length]);
    this.steps += result.work;
    return result;
  }

  // ------------------------------------------------------------------------------------------------- nodes and tokens

  /** Tokens of two nodes, as far apart as they can be. */
  private pair(from: number, to: number): Pair {
    const { starts } = this;
    return from <= to ? { from: starts[from], to: starts[to + 1] - 1 } : { from: starts[from + 1] - 1, to: starts[to] };
  }
}

/** Where the nodes start: wherever a run of keys begins or ends, the row changes, or the registers begin; and the number of tokens and registers. */
function nodeStarts(layers: readonly Rows[], tokens: number): Int32Array {
  const { size } = layers[0];
  const isStart = new Uint8Array(size + 1);
  isStart[0] = isStart[tokens] = isStart[size] = 1;
  for (const rows of layers) {
    for (const bound of rows.bounds) isStart[bound] = 1;
    for (let q = 1; q < size; q++) if (rows.rowOf[q] !== rows.rowOf[q - 1]) isStart[q] = 1;
  }
  const starts: number[] = [];
  for (let at = 0; at <= size; at++) if (isStart[at] === 1) starts.push(at);
  return Int32Array.from(starts);
}

/** The rows between nodes. */
function merged(rows: Rows, starts: Int32Array): Rows {
  const nodeAt = new Int32Array(rows.size + 1);
  starts.forEach((start, node) => (nodeAt[start] = node));
  const builder = new RowsBuilder(starts.length - 1);
  const made = new Int32Array(rows.first.length - 1).fill(-1);
  for (let node = 0; node < builder.size; node++) {
    const row = rows.rowOf[starts[node]];
    if (made[row] < 0) {
      for (let i = 2 * rows.first[row]; i < 2 * rows.first[row + 1]; i += 2)
        builder.run(nodeAt[rows.bounds[i]], nodeAt[rows.bounds[i + 1]]);
      made[row] = builder.end();
    }
    builder.assign(node, made[row]);
  }
  return builder.finish();
}

/** Writes the set turned by q around a circle of `count` tokens, as runs, and returns how many bounds that takes. */
function turn(set: Runs, q: number, count: number, turned: Int32Array): number {
  let used = 0;
  const add = (from: number, to: number) => {
    if (from >= to) return;
    if (used > 0 && turned[used - 1] === from) turned[used - 1] = to;
    else {
      turned[used++] = from;
      turned[used++] = to;
    }
  };
  // What wraps around the end comes first.
  for (let i = 0; i < set.length; i += 2) add(Math.max(0, set[i] + q - count), set[i + 1] + q - count);
  for (let i = 0; i < set.length; i += 2) add(set[i] + q, Math.min(count, set[i + 1] + q));
  return used;
}
