/** Every pattern of the specification as row runs. */
import { limits } from "../architecture/limits";
import type { Pattern } from "../architecture/schema";
import type { SpecPath } from "../verdict/report";
import { RowsBuilder, complement, differenceRuns, intersection, union, unionRuns, type Runs } from "./algebra";
import { ExpressionError, expressionRows, parseExpression } from "./expression";
import { Random } from "./random";
import { BeyondReach, type Rows } from "./rows";

/** A pattern that does not fit its sequence; `path` is the place inside the pattern, in the input syntax. */
export class PatternError extends Error {
  override name = "PatternError";

  /** @param span where in the string at `path`, for an expression. */
  constructor(
    message: string,
    readonly path: SpecPath,
    readonly span: { from: number; to: number } | null = null,
  ) {
    super(message);
  }
}

/** Rows and runs of all parts of one pattern together. */
const budget = limits.runs + 4 * limits.tokens;

/**
 * The rows of a pattern over N = tokens + registers; registers are the indices tokens..N-1. full, edges, global, expression and not (and
 * longformer's globals) range over all N; the other kinds speak of the sequence tokens only: registers have empty rows there and appear in none.
 * Time and memory are O(N + runs).
 * @throws PatternError where the pattern does not fit, BeyondReach where it would take more than `limits.runs` runs.
 */
export function buildRows(pattern: Pattern, tokens: number, registers: number): Rows {
  return new Patterns(tokens, tokens + registers).build(pattern, [], 0);
}

class Patterns {
  private written = 0;

  constructor(
    private readonly tokens: number,
    private readonly size: number,
  ) {}

  build(pattern: Pattern, path: SpecPath, depth: number): Rows {
    if (depth > limits.patternDepth)
      throw new PatternError(`patterns are nested more than ${limits.patternDepth} deep`, path);
    const rows = this.rows(pattern, path, depth);
    this.written += rows.size + rows.bounds.length / 2;
    if (this.written > budget)
      throw new BeyondReach(`the parts of the pattern have more than ${budget.toLocaleString("en")} rows and runs`);
    return rows;
  }

  private rows(pattern: Pattern, path: SpecPath, depth: number): Rows {
    switch (pattern.kind) {
      case "full":
        return this.everything(this.size);
      case "causal":
        return this.window(this.tokens, 0, 1);
      case "window":
        return pattern.circular
          ? this.circular(pattern.left, pattern.right, pattern.dilation)
          : this.window(pattern.left, pattern.right, pattern.dilation);
      case "block":
        return this.blocks(pattern.size, pattern.shift, path);
      case "strided":
        return this.strided(pattern.stride);
      case "fixed":
        return this.fixed(pattern.stride, pattern.summary, path);
      case "star": {
        const { centre } = pattern;
        if (centre >= this.tokens) throw outside(centre, this.tokens, [...path, "star", "centre"]);
        return this.globals(Int32Array.of(centre, centre + 1), this.tokens);
      }
      case "axial":
        return this.axial(pattern.rows, pattern.columns, path);
      case "global":
        return this.globals(this.set(pattern.tokens, this.size, [...path, "global"]), this.size);
      case "random":
        return this.random(pattern.degree, pattern.seed, path);
      case "bigbird":
        return this.bigbird(pattern, path);
      case "longformer": {
        const globals = this.set(pattern.globals, this.size, [...path, "longformer", "globals"]);
        const window = this.window(pattern.window, pattern.window, pattern.dilation);
        return union(window, this.globals(globals, this.size));
      }
      case "edges":
        return this.edges(pattern.edges, path);
      case "expression":
        return this.expression(pattern.expression, [...path, "expression"]);
      case "any":
      case "all": {
        const combine = pattern.kind === "any" ? union : intersection;
        const [first, ...others] = pattern.patterns;
        const part = (one: Pattern, i: number) => this.build(one, [...path, pattern.kind, i], depth + 1);
        return others.reduce((rows, one, i) => combine(rows, part(one, i + 1)), part(first, 0));
      }
      case "not":
        return complement(this.build(pattern.pattern, [...path, "not"], depth + 1));
    }
  }

  /** The first `count` tokens attend to all of themselves. */
  private everything(count: number): Rows {
    const builder = new RowsBuilder(this.size);
    builder.run(0, count);
    const row = builder.end();
    for (let q = 0; q < count; q++) builder.assign(q, row);
    return builder.finish();
  }

  private window(left: number, right: number, dilation: number): Rows {
    const builder = new RowsBuilder(this.size);
    for (let q = 0; q < this.tokens; q++) {
      if (dilation === 1) builder.run(Math.max(0, q - left), Math.min(this.tokens, q + right + 1));
      else {
        const from = q - dilation * Math.min(left, Math.floor(q / dilation));
        const last = q + dilation * Math.min(right, Math.floor((this.tokens - 1 - q) / dilation));
        for (let k = from; k <= last; k += dilation) builder.run(k, k + 1);
      }
      builder.assign(q, builder.end());
    }
    return builder.finish();
  }

  private circular(left: number, right: number, dilation: number): Rows {
    const { tokens } = this;
    const offsets = new Uint8Array(tokens);
    for (let i = -left; i <= right; i++) offsets[(((i * dilation) % tokens) + tokens) % tokens] = 1;
    const runs = runsWhere(offsets);
    if (runs.length === 2 && runs[1] - runs[0] === tokens) return this.everything(tokens);
    const builder = new RowsBuilder(this.size);
    for (let q = 0; q < tokens; q++) {
      // What wraps around the end comes first.
      for (let i = 0; i < runs.length; i += 2) builder.run(Math.max(0, runs[i] + q - tokens), runs[i + 1] + q - tokens);
      for (let i = 0; i < runs.length; i += 2) builder.run(runs[i] + q, Math.min(tokens, runs[i + 1] + q));
      builder.assign(q, builder.end());
    }
    return builder.finish();
  }

  private blocks(block: number, shift: number, path: SpecPath): Rows {
    if (shift >= block)
      throw new PatternError(`\`shift\` must be less than \`size\` (${block}), got ${shift}`, [
        ...path,
        "block",
        "shift",
      ]);
    const builder = new RowsBuilder(this.size);
    for (let from = 0, to = shift || block; from < this.tokens; from = to, to += block) {
      to = Math.min(to, this.tokens);
      builder.run(from, to);
      const row = builder.end();
      for (let q = from; q < to; q++) builder.assign(q, row);
    }
    return builder.finish();
  }

  private strided(stride: number): Rows {
    const { tokens } = this;
    if (stride === 1) return this.everything(tokens);
    const builder = new RowsBuilder(this.size);
    for (let q = 0; q < tokens; q++) {
      for (let k = q % stride; k < q; k += stride) builder.run(k, k + 1);
      builder.run(Math.max(0, q - stride + 1), Math.min(tokens, q + stride));
      for (let k = q + stride; k < tokens; k += stride) builder.run(k, k + 1);
      builder.assign(q, builder.end());
    }
    return builder.finish();
  }

  private fixed(stride: number, summary: number, path: SpecPath): Rows {
    const { tokens } = this;
    if (summary > stride)
      throw new PatternError(`\`summary\` must be at most \`stride\` (${stride}), got ${summary}`, [
        ...path,
        "fixed",
        "summary",
      ]);
    if (summary === stride) return this.everything(tokens);
    const builder = new RowsBuilder(this.size);
    for (let own = 0; own < tokens; own += stride) {
      for (let from = 0; from < tokens; from += stride) {
        const first = from === own ? from : from + stride - summary;
        builder.run(Math.min(first, tokens), Math.min(from + stride, tokens));
      }
      const row = builder.end();
      for (let q = own; q < Math.min(own + stride, tokens); q++) builder.assign(q, row);
    }
    return builder.finish();
  }

  private axial(rows: number, columns: number, path: SpecPath): Rows {
    const { tokens } = this;
    if (rows * columns !== tokens)
      throw new PatternError(`${rows} rows of ${columns} columns are ${rows * columns} tokens, not ${tokens}`, [
        ...path,
        "axial",
      ]);
    if (columns === 1) return this.everything(tokens);
    const builder = new RowsBuilder(this.size);
    for (let q = 0; q < tokens; q++) {
      const column = q % columns;
      for (let from = 0; from < tokens; from += columns) {
        if (from === q - column) builder.run(from, from + columns);
        else builder.run(from + column, from + column + 1);
      }
      builder.assign(q, builder.end());
    }
    return builder.finish();
  }

  /** Of the first `count` tokens, those in the set attend to all and all attend to them. */
  private globals(set: Runs, count: number): Rows {
    const builder = new RowsBuilder(this.size);
    for (let i = 0; i < set.length; i += 2) builder.run(set[i], set[i + 1]);
    const some = builder.end();
    builder.run(0, count);
    const all = builder.end();
    for (let q = 0; q < count; q++) builder.assign(q, some);
    for (let i = 0; i < set.length; i += 2) for (let q = set[i]; q < set[i + 1]; q++) builder.assign(q, all);
    return builder.finish();
  }

  /** A list of tokens as runs. */
  private set(list: readonly number[], count: number, path: SpecPath): Runs {
    const members = new Uint8Array(count);
    list.forEach((token, i) => {
      if (token >= count) throw outside(token, count, [...path, i]);
      members[token] = 1;
    });
    return runsWhere(members);
  }

  private random(degree: number, seed: number, path: SpecPath): Rows {
    const { tokens } = this;
    if (degree > tokens)
      throw new PatternError(`\`degree\` must be at most the ${tokens} tokens, got ${degree}`, [
        ...path,
        "random",
        "degree",
      ]);
    if (degree === tokens) return this.everything(tokens);
    this.checkDraws(tokens * degree);
    const builder = new RowsBuilder(this.size);
    const random = new Random(seed, tokens);
    for (let q = 0; q < tokens; q++) {
      for (const k of random.distinct(degree, tokens)) builder.run(k, k + 1);
      builder.assign(q, builder.end());
    }
    return builder.finish();
  }

  private bigbird(pattern: Extract<Pattern, { kind: "bigbird" }>, path: SpecPath): Rows {
    const { tokens } = this;
    const { block, window } = pattern;
    const count = Math.ceil(tokens / block);
    if (window % 2 === 0)
      throw new PatternError(`\`window\` must be an odd number of blocks, got ${window}`, [
        ...path,
        "bigbird",
        "window",
      ]);
    const isGlobal = new Uint8Array(count);
    pattern.globals.forEach((global, i) => {
      if (global < -count || global >= count)
        throw new PatternError(`\`globals[${i}]\` must be a block from ${-count} to ${count - 1}, got ${global}`, [
          ...path,
          "bigbird",
          "globals",
          i,
        ]);
      isGlobal[global < 0 ? global + count : global] = 1;
    });
    this.checkDraws(count * Math.min(pattern.random, count));
    const globals = runsWhere(isGlobal);
    const random = new Random(pattern.seed, count);
    const builder = new RowsBuilder(this.size);
    const side = (window - 1) / 2;
    for (let b = 0; b < count; b++) {
      const near = Int32Array.of(Math.max(0, b - side), Math.min(count, b + side + 1));
      const certain = isGlobal[b] ? Int32Array.of(0, count) : unionRuns(globals, near);
      const attended = unionRuns(certain, randomOutside(certain, count, pattern.random, random));
      for (let i = 0; i < attended.length; i += 2)
        builder.run(attended[i] * block, Math.min(attended[i + 1] * block, tokens));
      const row = builder.end();
      for (let q = b * block; q < Math.min((b + 1) * block, tokens); q++) builder.assign(q, row);
    }
    return builder.finish();
  }

  private checkDraws(draws: number): void {
    if (draws > limits.runs)
      throw new BeyondReach(
        `the pattern draws ${draws.toLocaleString("en")} random keys; at most ${limits.runs.toLocaleString("en")} are drawn`,
      );
  }

  private edges(edges: readonly [number, number][], path: SpecPath): Rows {
    const { size } = this;
    const start = new Int32Array(size + 1);
    edges.forEach((edge, i) => {
      const bad = edge.findIndex((token) => token >= size);
      if (bad >= 0) throw outside(edge[bad], size, [...path, "edges", i, bad]);
      start[edge[0] + 1]++;
    });
    for (let q = 0; q < size; q++) start[q + 1] += start[q];
    const keys = new Int32Array(edges.length);
    const end = start.slice();
    for (const [q, k] of edges) keys[end[q]++] = k;
    const builder = new RowsBuilder(size);
    for (let q = 0; q < size; q++) {
      for (const k of keys.subarray(start[q], start[q + 1]).sort()) builder.run(k, k + 1);
      builder.assign(q, builder.end());
    }
    return builder.finish();
  }

  private expression(source: string, path: SpecPath): Rows {
    try {
      return expressionRows(parseExpression(source), this.tokens, this.size);
    } catch (error) {
      if (error instanceof ExpressionError)
        throw new PatternError(error.message, path, { from: error.from, to: error.to });
      throw error;
    }
  }
}

const outside = (token: number, count: number, path: SpecPath) =>
  new PatternError(`token ${token} is past the last of ${count}`, path);

/** The marked indices as runs. */
function runsWhere(marked: Uint8Array): Runs {
  const runs: number[] = [];
  for (let i = 0; i < marked.length; i++) {
    if (marked[i] === 0) continue;
    if (runs.at(-1) === i) runs[runs.length - 1] = i + 1;
    else runs.push(i, i + 1);
  }
  return Int32Array.from(runs);
}

/** `draws` random members of 0..count-1 outside the set (all of them where there are fewer), one run each. */
function randomOutside(set: Runs, count: number, draws: number, random: Random): Runs {
  const free = differenceRuns(Int32Array.of(0, count), set);
  let freeCount = 0;
  for (let i = 0; i < free.length; i += 2) freeCount += free[i + 1] - free[i];
  const members: number[] = [];
  let i = 0;
  let before = 0;
  for (const index of random.distinct(Math.min(draws, freeCount), freeCount)) {
    while (index - before >= free[i + 1] - free[i]) {
      before += free[i + 1] - free[i];
      i += 2;
    }
    members.push(free[i] + index - before, free[i] + index - before + 1);
  }
  return Int32Array.from(members);
}
