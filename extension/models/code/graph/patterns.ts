/**
 * Masks as attention patterns: an index expression is evaluated exactly, and the pattern of the specification that reads the same pairs is
 * found by comparing rows, never by how the condition is written.
 */
import { limits } from "../../../theory/architecture/limits";
import type { Pattern } from "../../../theory/architecture/schema";
import { RowsBuilder, complement, countKeys, differenceRuns, equalRows, holds, intersection, runsOf, transpose, union, type Runs } from "../../../theory/patterns/algebra"; // prettier-ignore
import { buildRows } from "../../../theory/patterns/build";
import { ExpressionError, expressionRows, parseExpression } from "../../../theory/patterns/expression";
import { BeyondReach, type Rows } from "../../../theory/patterns/rows";
import { EvaluationError, RowEvaluator, checkSize, evaluate, mostPairs } from "./evaluate";
import { axesIn, childrenOf, coordinate, numeral, sameExpression, substitute } from "./expressions";
import type { IndexExpression } from "./indexExpression";
import { and, asCondition, expressionText, isCondition, not, or, simplify } from "./simplify";

export { EvaluationError, evaluate } from "./evaluate";

/** What could not be decided, and why, as a noun phrase or a clause. */
export interface Undecided {
  undecided: string;
}

export interface HeadPattern {
  pattern: Pattern;
  count: number;
  rows: Rows;
}

/** What may still be spent on the heads of one mask. */
class Allowance {
  /** Pairs that are evaluated one by one. */
  private pairs = 2 ** 27;
  /** Conditions on long sequences that are evaluated as an expression, which may take a second each. */
  private expressions = 6;
  /** Conditions whose rows are known, and the expressions that gave rows. */
  private readonly known: { condition: IndexExpression; rows: Rows }[] = [];
  readonly read = new Map<string, Rows>();

  rowsOf(condition: IndexExpression, tokens: number): Rows {
    const known = this.known.find((other) => sameExpression(other.condition, condition));
    if (known) return known.rows;
    const rows = rowsOf(condition, tokens, this);
    this.known.push({ condition, rows });
    return rows;
  }

  /** @throws EvaluationError where there is nothing left. */
  takePairs(pairs: number): void {
    this.pairs -= pairs;
    if (this.pairs < 0)
      throw new EvaluationError("more heads with a mask of their own than are evaluated pair by pair");
  }

  takeExpression(tokens: number): boolean {
    return tokens <= 1024 || --this.expressions >= 0;
  }
}

/** Up to this many tokens a condition is evaluated pair by pair at once. */
const fewTokens = 2048;

/**
 * The pattern of each head, consecutive heads that read the same pairs together.
 * @param condition on head (coordinate 0), query (1) and key (2)
 */
export function maskPattern(condition: IndexExpression, heads: number, tokens: number): HeadPattern[] | Undecided {
  try {
    checkSize(condition);
    const groups: HeadPattern[] = [];
    const allowance = new Allowance();
    let lastCondition: IndexExpression | undefined;
    for (const { condition: own, count } of perHead(condition, heads, tokens)) {
      const last = groups.at(-1);
      if (last && lastCondition && sameExpression(own, lastCondition)) {
        last.count += count;
        continue;
      }
      lastCondition = own;
      const rows = allowance.rowsOf(own, tokens);
      if (last && equalRows(last.rows, rows)) {
        last.count += count;
        continue;
      }
      const earlier = groups.find((group) => equalRows(group.rows, rows));
      const pattern = earlier?.pattern ?? patternOf(own, rows, allowance);
      if (!pattern) return { undecided: `which of ${tokens.toLocaleString("en")} tokens it lets read which is neither a pattern, nor an expression, nor a list of at most ${limits.edges.toLocaleString("en")} pairs` }; // prettier-ignore
      groups.push({ pattern, count, rows });
    }
    return groups;
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof BeyondReach) return { undecided: error.message };
    throw error;
  }
}

/** The condition of each head, simplified; of all heads at once where they do not differ. */
export function perHead(
  expression: IndexExpression,
  heads: number,
  tokens: number,
): { condition: IndexExpression; count: number }[] {
  const sizes = [heads, tokens, tokens];
  const ofHead = (head: number) =>
    simplify(substitute(expression, (axis) => (axis === 0 ? numeral(head) : coordinate(axis)), sizes));
  if (!axesIn(expression).has(0)) return [{ condition: ofHead(0), count: heads }];
  return Array.from({ length: heads }, (_, head) => ({ condition: ofHead(head), count: 1 }));
}

// --------------------------------------------------------------------------------------------------------------- rows

/**
 * The rows of a simplified condition on query and key.
 * @throws EvaluationError where some pair has no value, BeyondReach or EvaluationError where it would take too long.
 */
export function rowsOf(condition: IndexExpression, tokens: number, allowance = new Allowance()): Rows {
  if (tokens <= fewTokens) return pairByPair(condition, tokens, allowance);
  const rows = within(() => structured(condition, tokens));
  if (rows) return rows;
  const text = expressionText(asCondition(condition));
  if (text === undefined || !allowance.takeExpression(tokens)) return pairByPair(condition, tokens, allowance);
  try {
    const read = expressionRows(parseExpression(text), tokens, tokens);
    allowance.read.set(text, read);
    return read;
  } catch (error) {
    const beyond = error instanceof BeyondReach && tokens * tokens > mostPairs;
    if (beyond || !(error instanceof ExpressionError || error instanceof BeyondReach)) throw error;
    return pairByPair(condition, tokens, allowance);
  }
}

function pairByPair(condition: IndexExpression, tokens: number, allowance: Allowance): Rows {
  const builder = new RowsBuilder(tokens);
  const axes = axesIn(condition);
  const queries = axes.has(1) ? tokens : 1;
  const evaluator = new RowEvaluator(condition, tokens, queries);
  allowance.takePairs(queries * tokens);
  const write = (values: Float64Array): number => {
    for (let key = 0; key < tokens; key++) {
      if (values[key] === 0) continue;
      const from = key;
      while (key < tokens && values[key] !== 0) key++;
      builder.run(from, key);
    }
    return builder.end();
  };
  if (!axes.has(1)) {
    const row = write(evaluator.row(0));
    for (let query = 0; query < tokens; query++) builder.assign(query, row);
  } else {
    for (let query = 0; query < tokens; query++) builder.assign(query, write(evaluator.row(query)));
  }
  return builder.finish();
}

/** The rows of a condition made of parts that are each about the query, the key or their distance alone; undefined for others. */
function structured(condition: IndexExpression, tokens: number): Rows | undefined {
  const axes = axesIn(condition);
  if (!axes.has(1)) return pairByPair(condition, tokens, new Allowance());
  if (!axes.has(2)) {
    const builder = new RowsBuilder(tokens);
    builder.run(0, tokens);
    const all = builder.end();
    for (let query = 0; query < tokens; query++)
      if (evaluate(condition, [0, query, 0]) !== 0) builder.assign(query, all);
    return builder.finish();
  }
  const byOffset = offsetValues(condition, tokens);
  if (byOffset) return translated(byOffset, tokens);
  if (condition.kind === "unary" && condition.op === "not") {
    const rows = structured(condition.value, tokens);
    return rows && complement(rows);
  }
  if (condition.kind !== "binary" || (condition.op !== "and" && condition.op !== "or")) return undefined;
  const left = structured(condition.left, tokens);
  const right = left && structured(condition.right, tokens);
  return right && (condition.op === "and" ? intersection(left, right) : union(left, right));
}

/** Rows in which a pair's offset key - query decides: entry i of the values is that of offset i - (tokens - 1). */
function translated(values: Float64Array, tokens: number): Rows {
  const runs: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0) continue;
    const from = i;
    while (i < values.length && values[i] !== 0) i++;
    runs.push(from - (tokens - 1), i - (tokens - 1));
  }
  const builder = new RowsBuilder(tokens);
  for (let query = 0; query < tokens; query++) {
    for (let i = 0; i < runs.length; i += 2)
      builder.run(Math.max(0, runs[i] + query), Math.min(tokens, runs[i + 1] + query));
    builder.assign(query, builder.end());
  }
  return builder.finish();
}

// ------------------------------------------------------------------------------------------------------------ offsets

/** a * query + b * key + c. */
interface Affine {
  query: number;
  key: number;
  constant: number;
}

function affineOf(expression: IndexExpression): Affine | undefined {
  switch (expression.kind) {
    case "number":
      return { query: 0, key: 0, constant: expression.value };
    case "coordinate":
      return { query: Number(expression.axis === 1), key: Number(expression.axis === 2), constant: 0 };
    case "unary": {
      const value = expression.op === "-" ? affineOf(expression.value) : undefined;
      return value && scaled(value, -1);
    }
    case "binary": {
      if (!["+", "-", "*"].includes(expression.op)) return undefined;
      const left = affineOf(expression.left);
      const right = left && affineOf(expression.right);
      if (!right) return undefined;
      if (expression.op !== "*") {
        const sign = expression.op === "+" ? 1 : -1;
        return {
          query: left.query + sign * right.query,
          key: left.key + sign * right.key,
          constant: left.constant + sign * right.constant,
        };
      }
      if (right.query === 0 && right.key === 0) return scaled(left, right.constant);
      return left.query === 0 && left.key === 0 ? scaled(right, left.constant) : undefined;
    }
    default:
      return undefined;
  }
}

const scaled = ({ query, key, constant }: Affine, by: number): Affine => ({
  query: query * by,
  key: key * by,
  constant: constant * by,
});

/**
 * The values of an expression that depends on the offset key - query alone, as its parts show: entry i is that of offset
 * i - (tokens - 1). Undefined where they do not show it.
 */
export function offsetValues(expression: IndexExpression, tokens: number): Float64Array | undefined {
  const inOffset = byOffset(expression);
  if (!inOffset) return undefined;
  const values = new Float64Array(2 * tokens - 1);
  for (let i = 0; i < values.length; i++) {
    const offset = i - (tokens - 1);
    values[i] = evaluate(inOffset, [0, 0, offset]);
  }
  return values;
}

/** The expression with the offset as coordinate 2. */
function byOffset(expression: IndexExpression): IndexExpression | undefined {
  const axes = axesIn(expression);
  if (axes.size === 0) return expression;
  const affine = affineOf(expression);
  if (affine) {
    if (affine.query !== -affine.key) return undefined;
    const offset: IndexExpression = { kind: "binary", op: "*", left: coordinate(2), right: numeral(affine.key) };
    return { kind: "binary", op: "+", left: offset, right: numeral(affine.constant) };
  }
  switch (expression.kind) {
    case "unary": {
      const value = byOffset(expression.value);
      return value && { ...expression, value };
    }
    case "binary": {
      const left = byOffset(expression.left);
      const right = left && byOffset(expression.right);
      if (right) return { ...expression, left, right };
      // Comparisons of query and key, each plus something: of their offset with the rest.
      const difference = affineOf({ kind: "binary", op: "-", left: expression.left, right: expression.right });
      const compares = ["<", "<=", ">", ">=", "==", "!="].includes(expression.op);
      if (!compares || !difference || difference.query !== -difference.key) return undefined;
      const moved = byOffset({ kind: "binary", op: "-", left: expression.left, right: expression.right });
      return moved && { ...expression, left: moved, right: numeral(0) };
    }
    case "choose": {
      const condition = byOffset(expression.condition);
      const yes = condition && byOffset(expression.yes);
      const no = yes && byOffset(expression.no);
      return no && { kind: "choose", condition, yes, no };
    }
    case "table": {
      const indices = expression.indices.map(byOffset);
      return indices.every((index) => index !== undefined) ? { ...expression, indices } : undefined;
    }
    default:
      return undefined;
  }
}

// ----------------------------------------------------------------------------------------------------------- patterns

/** The most readable pattern with exactly these rows. */
function patternOf(condition: IndexExpression, rows: Rows, allowance: Allowance): Pattern | undefined {
  if (countKeys(rows) === 0) return { kind: "edges", edges: [] };
  const simple = named(rows) ?? namedBehind(rows) ?? decomposed(condition, rows, true, allowance);
  if (simple) return simple;
  return (
    written(condition, rows, allowance) ??
    decomposed(condition, rows, false, allowance) ??
    rectangles(rows, allowance) ??
    edges(rows)
  );
}

/** A kind of the specification that has a name. */
function named(rows: Rows): Pattern | undefined {
  const { size } = rows;
  const candidates = [
    (): Pattern => ({ kind: "full" }),
    (): Pattern => ({ kind: "causal" }),
    () => windowOf(rows),
    () => circularOf(rows),
    () => blockOf(rows),
    () => globalOf(rows),
    () => stridedOf(rows),
    () => axialOf(rows),
    () => fixedOf(rows),
    () => longformerOf(rows),
  ];
  for (const candidate of candidates) {
    const pattern = candidate();
    if (pattern && sameRows(pattern, rows, size)) return pattern;
  }
  return undefined;
}

function sameRows(pattern: Pattern, rows: Rows, tokens: number): boolean {
  const built = within(() => buildRows(pattern, tokens, 0));
  return built !== undefined && equalRows(built, rows);
}

function within<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof BeyondReach || error instanceof EvaluationError || error instanceof ExpressionError)
      return undefined;
    throw error;
  }
}

/** What a symmetric kind leaves behind the causal mask. */
function namedBehind(rows: Rows): Pattern | undefined {
  if (!looksBack(rows)) return undefined;
  const symmetric = within(() => union(rows, transpose(rows)));
  const pattern = (symmetric && named(symmetric)) ?? fixedOf(rows);
  if (!pattern) return undefined;
  const both: Pattern = { kind: "all", patterns: [{ kind: "causal" }, pattern] };
  return sameRows(both, rows, rows.size) ? both : undefined;
}

/** Whether no query reads a key after it. */
export function looksBack(rows: Rows): boolean {
  for (let query = 0; query < rows.size; query++) {
    const runs = runsOf(rows, query);
    if (runs.length > 0 && runs[runs.length - 1] > query + 1) return false;
  }
  return true;
}

/** Whether some query reads an earlier key. */
function readsEarlier(rows: Rows): boolean {
  for (let query = 0; query < rows.size; query++) if (runsOf(rows, query).at(0)! < query) return true;
  return false;
}

/** Whether a model with these masks is taken to be meant causal, as decoders' configurations are: all look back, and some reads what is earlier. */
export const isCausal = (masks: readonly Rows[]): boolean => masks.every(looksBack) && masks.some(readsEarlier);

const lengthOf = (runs: Runs): number => {
  let sum = 0;
  for (let i = 0; i < runs.length; i += 2) sum += runs[i + 1] - runs[i];
  return sum;
};

function windowOf(rows: Rows): Pattern | undefined {
  const { size } = rows;
  const first = runsOf(rows, 0);
  const last = runsOf(rows, size - 1);
  if (first.length === 0 || last.length === 0 || first[0] !== 0 || last[last.length - 1] !== size) return undefined;
  const steps: number[] = [];
  if (first[1] > 1 || last[last.length - 2] < size - 1) steps.push(1);
  if (first.length > 2) steps.push(first[2]);
  if (last.length > 2) steps.push(size - last[last.length - 3]);
  const dilation = Math.min(...steps);
  const [left, right] = [lengthOf(last) - 1, lengthOf(first) - 1];
  // A side without end is a half plane, which an expression says better.
  const endless = (side: number) => (side + 1) * (steps.length === 0 ? 1 : dilation) >= size && size > 1;
  if (endless(left) || endless(right)) return undefined;
  return { kind: "window", left, right, circular: false, dilation: steps.length === 0 ? 1 : dilation };
}

function circularOf(rows: Rows): Pattern | undefined {
  const { size } = rows;
  const runs = runsOf(rows, 0);
  if (runs.length < 2 || runs[0] !== 0) return undefined;
  const keys = new Uint8Array(size);
  for (let i = 0; i < runs.length; i += 2) keys.fill(1, runs[i], runs[i + 1]);
  let dilation = 1;
  while (dilation <= size / 2 && keys[dilation] === 0 && keys[size - dilation] === 0) dilation++;
  if (dilation > size / 2) return undefined;
  let right = 0;
  while ((right + 1) * dilation < size && keys[(right + 1) * dilation] === 1) right++;
  let left = 0;
  while ((left + 1) * dilation < size && keys[size - (left + 1) * dilation] === 1) left++;
  // One that goes all the way around is no window that a person would see.
  if ((left + right) * dilation >= size) return undefined;
  return { kind: "window", left, right, circular: true, dilation };
}

function blockOf(rows: Rows): Pattern | undefined {
  const first = runsOf(rows, 0);
  if (first.length !== 2 || first[0] !== 0 || first[1] >= rows.size) return undefined;
  const second = runsOf(rows, first[1]);
  if (second.length !== 2) return undefined;
  const size = Math.max(first[1], second[1] - second[0]);
  return { kind: "block", size, shift: first[1] === size ? 0 : first[1] };
}

function stridedOf(rows: Rows): Pattern | undefined {
  const first = runsOf(rows, 0);
  if (first.length === 0 || first[0] !== 0 || first[1] < 3) return undefined;
  return { kind: "strided", stride: first[1] - 1 };
}

function axialOf(rows: Rows): Pattern | undefined {
  const { size } = rows;
  const first = runsOf(rows, 0);
  if (first.length === 0 || first[0] !== 0) return undefined;
  const columns = first[1] - 1;
  if (columns < 2 || size % columns !== 0) return undefined;
  return { kind: "axial", rows: size / columns, columns };
}

/** Of all rows, or of their part behind the causal mask: the second stretch's queries are the first that do not read token 0. */
function fixedOf(rows: Rows): Pattern | undefined {
  for (let stride = 1; stride < rows.size; stride++) {
    const runs = runsOf(rows, stride);
    if (runs.length === 0) return undefined;
    if (runs[0] > 0) return runs[0] < stride ? { kind: "fixed", stride, summary: stride - runs[0] } : undefined;
  }
  return undefined;
}

/** The queries that read everything. */
function readers(rows: Rows): number[] {
  const tokens: number[] = [];
  for (let query = 0; query < rows.size; query++) {
    const runs = runsOf(rows, query);
    if (runs.length === 2 && runs[0] === 0 && runs[1] === rows.size) tokens.push(query);
  }
  return tokens;
}

/** More global tokens than these are no list that a person would read. */
const mostGlobals = 256;

function globalOf(rows: Rows): Pattern | undefined {
  const tokens = readers(rows);
  if (tokens.length === 0 || tokens.length > mostGlobals) return undefined;
  return tokens.length === 1 ? { kind: "star", centre: tokens[0] } : { kind: "global", tokens };
}

function longformerOf(rows: Rows): Pattern | undefined {
  const { size } = rows;
  // Near the ends of a short sequence the window alone may read everything: a global token is also read by all.
  const common = readByAll(rows);
  const globals = common.length === 0 ? [] : readers(rows).filter((token) => holds(common, token));
  if (globals.length === 0 || globals.length > mostGlobals || globals.length === size) return undefined;
  const isGlobal = new Uint8Array(size);
  for (const token of globals) isGlobal[token] = 1;
  /** The nearest key from `from` on, in the direction, that is not global; `end` where there is none before it. */
  const nearest = (from: number, end: number, direction: 1 | -1): number => {
    let key = from;
    while (key !== end && isGlobal[key]) key += direction;
    return key;
  };
  let [left, right, dilation] = [0, 0, Infinity];
  for (let query = 0; query < size; query++) {
    if (isGlobal[query]) continue;
    const runs = runsOf(rows, query);
    for (let i = 0; i < runs.length; i += 2) {
      const [from, to] = [runs[i], runs[i + 1]];
      const [first, last] = [nearest(from, to, 1), nearest(to - 1, from - 1, -1)];
      if (first === to) continue;
      left = Math.max(left, query - first);
      right = Math.max(right, last - query);
      const after = Math.max(from, query + 1) < to ? nearest(Math.max(from, query + 1), to, 1) : to;
      const before = Math.min(to, query) > from ? nearest(Math.min(to, query) - 1, from - 1, -1) : from - 1;
      if (after < to) dilation = Math.min(dilation, after - query);
      if (before >= from) dilation = Math.min(dilation, query - before);
    }
  }
  if (dilation === Infinity) dilation = 1;
  const [before, after] = [Math.floor(left / dilation), Math.floor(right / dilation)];
  if (before === after) return { kind: "longformer", window: before, globals, dilation };
  const window: Pattern = { kind: "window", left: before, right: after, circular: false, dilation };
  const global: Pattern = globals.length === 1 ? { kind: "star", centre: globals[0] } : { kind: "global", tokens: globals }; // prettier-ignore
  return { kind: "any", patterns: [window, global] };
}

/** The keys that every query reads. */
function readByAll(rows: Rows): Runs {
  let common: Runs = Int32Array.of(0, rows.size);
  for (let query = 0; query < rows.size && common.length > 0; query++) {
    if (query > 0 && rows.rowOf[query] === rows.rowOf[query - 1]) continue;
    common = differenceRuns(common, differenceRuns(common, runsOf(rows, query)));
  }
  return common;
}

// ----------------------------------------------------------------------------------------------------------- in parts

/** The parts of an `and` or `or`, nested ones of the same kind flattened. */
function partsOf(condition: IndexExpression, op: "and" | "or"): IndexExpression[] {
  if (condition.kind !== "binary" || condition.op !== op) return [condition];
  return [...partsOf(condition.left, op), ...partsOf(condition.right, op)];
}

/** A pattern per part of the condition as it is written; what is about offsets alone is one part. */
function decomposed(
  condition: IndexExpression,
  rows: Rows,
  onlyNamed: boolean,
  allowance: Allowance,
): Pattern | undefined {
  if (condition.kind !== "binary" || (condition.op !== "and" && condition.op !== "or")) return undefined;
  const { op } = condition;
  const join = op === "and" ? and : or;
  const parts = partsOf(condition, op);
  const [offsets, others] = [parts.filter((part) => byOffset(part)), parts.filter((part) => !byOffset(part))];
  const joined = offsets.length > 1 && others.length > 0 ? [offsets.reduce(join), ...others] : parts;
  if (joined.length > 64) return undefined;
  const patterns: Pattern[] = [];
  for (const part of joined) {
    const partRows = within(() => allowance.rowsOf(part, rows.size));
    if (!partRows) return undefined;
    const pattern = named(partRows) ?? namedBehind(partRows) ?? decomposed(part, partRows, onlyNamed, allowance);
    const other = pattern ?? (onlyNamed ? undefined : (written(part, partRows, allowance) ?? rectangles(partRows, allowance) ?? edges(partRows))); // prettier-ignore
    if (!other) return undefined;
    patterns.push(other);
  }
  const whole: Pattern = { kind: op === "and" ? "all" : "any", patterns: flattened(patterns, op) };
  return sameRows(whole, rows, rows.size) ? whole : undefined;
}

function flattened(patterns: readonly Pattern[], op: "and" | "or"): Pattern[] {
  const kind = op === "and" ? "all" : "any";
  return patterns.flatMap((pattern) => (pattern.kind === kind ? pattern.patterns : [pattern]));
}

// --------------------------------------------------------------------------------------------------------- written out

/** The condition in the words of the specification. */
function written(condition: IndexExpression, rows: Rows, allowance: Allowance): Pattern | undefined {
  const text = expressionText(asCondition(condition));
  return text === undefined ? undefined : expression(text, rows, allowance);
}

function expression(text: string, rows: Rows, allowance: Allowance): Pattern | undefined {
  const pattern: Pattern = { kind: "expression", expression: text };
  if (allowance.read.get(text) === rows) return pattern;
  const parsed = within(() => parseExpression(text));
  if (!parsed || !allowance.takeExpression(rows.size)) return parsed && pattern;
  const made = within(() => expressionRows(parsed, rows.size, rows.size));
  return made && equalRows(made, rows) ? pattern : undefined;
}

/** Queries from a to b read keys from c to d: as an expression, where that is short. */
function rectangles(rows: Rows, allowance: Allowance): Pattern | undefined {
  const { size } = rows;
  const stretch = (name: string, from: number, to: number): string =>
    from === 0 && to === size
      ? "0 == 0"
      : to === from + 1
        ? `${name} == ${from}`
        : from === 0
          ? `${name} < ${to}`
          : to === size
            ? `${name} >= ${from}`
            : `${from} <= ${name} < ${to}`;
  const parts: string[] = [];
  let length = 0;
  for (let query = 0; query < size;) {
    let end = query + 1;
    while (end < size && rows.rowOf[end] === rows.rowOf[query]) end++;
    const runs = runsOf(rows, query);
    const keys: string[] = [];
    for (let i = 0; i < runs.length && length <= limits.expressionLength; i += 2) {
      keys.push(stretch("k", runs[i], runs[i + 1]));
      length += keys[keys.length - 1].length;
    }
    if (keys.length > 0) parts.push(`${stretch("q", query, end)} and ${keys.length > 1 ? `(${keys.join(" or ")})` : keys[0]}`); // prettier-ignore
    if (length > limits.expressionLength) return undefined;
    query = end;
  }
  const text = parts.join(" or ");
  return text === "" || text.length > limits.expressionLength ? undefined : expression(text, rows, allowance);
}

function edges(rows: Rows): Extract<Pattern, { kind: "edges" }> | undefined {
  if (countKeys(rows) > limits.edges) return undefined;
  const list: [number, number][] = [];
  for (let query = 0; query < rows.size; query++) {
    const runs = runsOf(rows, query);
    for (let i = 0; i < runs.length; i += 2) for (let key = runs[i]; key < runs[i + 1]; key++) list.push([query, key]);
  }
  return { kind: "edges", edges: list };
}

// ----------------------------------------------------------------------------------------------------------- registers

/**
 * The pattern of an architecture in which registers follow the tokens, where the code has them in another order.
 * @param order for every place in the code's sequence the token or register there
 */
export function rearranged({ pattern, rows }: HeadPattern, order: readonly number[]): Pattern | undefined {
  if (pattern.kind === "full" || (hasRegisters(pattern) && order.every((own, place) => own === place))) return pattern;
  const listed = edges(rows);
  if (!listed) return undefined;
  const moved = listed.edges.map(([query, key]): [number, number] => [order[query], order[key]]);
  return { kind: "edges", edges: moved.sort(([a, b], [c, d]) => a - c || b - d) };
}

/** Whether a pattern is of tokens and registers alike; the others are of tokens alone. */
function hasRegisters(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case "edges":
    case "full":
    case "global":
    case "expression":
      return true;
    case "not":
      return hasRegisters(pattern.pattern);
    case "any":
    case "all":
      return pattern.patterns.every(hasRegisters);
    default:
      return false;
  }
}

// ------------------------------------------------------------------------------------------------------ additive masks

/** A number added to the scores that leaves nothing of a pair's weight. */
const masking = -1e4;

/**
 * Splits what is added to the scores of a pair into the condition that the pair is read at all and what else is added to it: pairs whose
 * score falls by 10,000 or more, as by -inf, are not read.
 */
export function splitAdditive(value: IndexExpression): {
  /** Undefined where every pair is read. */
  condition: IndexExpression | undefined;
  /** Undefined where nothing else is added, or the same to all pairs. */
  bias: IndexExpression | undefined;
} {
  checkSize(value);
  const { kept, rest } = split(simplify(value));
  const condition = simplify(kept);
  const bias = simplify(rest);
  return {
    condition: condition.kind === "number" && condition.value !== 0 ? undefined : condition,
    bias: bias.kind === "number" ? undefined : bias,
  };
}

interface Split {
  /** Where the pair is read. */
  kept: IndexExpression;
  /** The value there. */
  rest: IndexExpression;
}

const everywhere = numeral(1);

function split(value: IndexExpression): Split {
  switch (value.kind) {
    case "number":
      return value.value <= masking ? { kept: numeral(0), rest: numeral(0) } : { kept: everywhere, rest: value };
    case "choose": {
      const [a, b] = [split(value.yes), split(value.no)];
      const kept = simplify({ kind: "choose", condition: value.condition, yes: a.kept, no: b.kept });
      if (isNever(a.kept)) return { kept, rest: b.rest };
      if (isNever(b.kept)) return { kept, rest: a.rest };
      return { kept, rest: { kind: "choose", condition: value.condition, yes: a.rest, no: b.rest } };
    }
    case "unary":
      // log(0) is minus infinity.
      if (value.op === "log" && isCondition(value.value)) return { kept: value.value, rest: numeral(0) };
      break;
    case "binary":
      if (value.op === "+") {
        const [a, b] = [split(value.left), split(value.right)];
        return { kept: and(a.kept, b.kept), rest: { kind: "binary", op: "+", left: a.rest, right: b.rest } };
      }
      break;
    default:
      break;
  }
  if (!mentionsMasking(value)) return { kept: everywhere, rest: value };
  return { kept: { kind: "binary", op: ">", left: value, right: numeral(masking) }, rest: value };
}

const isNever = (condition: IndexExpression): boolean => condition.kind === "number" && condition.value === 0;

/** Whether a number as large as those that mask occurs, so that the value may mask. */
function mentionsMasking(value: IndexExpression): boolean {
  if (value.kind === "number") return Math.abs(value.value) >= -masking;
  if (value.kind === "table" && value.values.some((entry) => Math.abs(entry) >= -masking)) return true;
  return childrenOf(value).some(mentionsMasking);
}

/** The condition that a pair is not masked by a tensor of conditions in which true means that it is. */
export const unless = (condition: IndexExpression): IndexExpression => not(asCondition(simplify(condition)));
