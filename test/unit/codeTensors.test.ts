/** Tensors of known numbers: random programs of their operations give, at every coordinate, what a dense implementation gives. */
import assert from "node:assert";
import fc from "fast-check";
import { boundsOf, valueAt } from "../../extension/models/code/graph/expressions";
import type { BinaryOperation } from "../../extension/models/code/graph/indexExpression";
import { tensors } from "../../extension/models/code/graph/operations";
import { sizesOf, type Tensor, type TensorIndex } from "../../extension/models/code/graph/tensor";

const place = { from: 0, to: 1 };

// ------------------------------------------------------------------------------------------------- dense tensors

interface Dense {
  sizes: number[];
  dtype: Tensor["dtype"];
  values: number[];
}

const count = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

function coordinates(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>((all, size) => all.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])), [[]]); // prettier-ignore
}

const at = ({ sizes, values }: Dense, where: readonly number[]): number =>
  values[where.reduce((sum, i, axis) => sum * sizes[axis] + i, 0)];

const dense = (sizes: number[], dtype: Dense["dtype"], value: (where: number[]) => number): Dense => ({
  sizes,
  dtype,
  values: coordinates(sizes).map(value),
});

function broadcastSizes(...all: readonly (readonly number[])[]): number[] | undefined {
  const rank = Math.max(...all.map((sizes) => sizes.length));
  const padded = all.map((sizes) => [...new Array<number>(rank - sizes.length).fill(1), ...sizes]);
  const result = Array.from({ length: rank }, (_, axis) => Math.max(...padded.map((sizes) => sizes[axis])));
  return padded.every((sizes) => sizes.every((size, axis) => size === 1 || size === result[axis])) ? result : undefined;
}

const broadcast = (of: Dense, sizes: number[]): Dense =>
  dense(sizes, of.dtype, (where) => at(of, where.slice(sizes.length - of.sizes.length).map((i, axis) => (of.sizes[axis] === 1 ? 0 : i)))); // prettier-ignore

const floorMod = (a: number, b: number) => a - b * Math.floor(a / b);
const number = (value: boolean) => (value ? 1 : 0);
const scalars: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "%": floorMod,
  min: Math.min,
  max: Math.max,
  "<": (a, b) => number(a < b),
  "<=": (a, b) => number(a <= b),
  ">": (a, b) => number(a > b),
  ">=": (a, b) => number(a >= b),
  "==": (a, b) => number(a === b),
  "!=": (a, b) => number(a !== b),
  and: (a, b) => number(a !== 0 && b !== 0),
  or: (a, b) => number(a !== 0 || b !== 0),
  xor: (a, b) => number((a !== 0) !== (b !== 0)),
};
const conditions = ["<", "<=", ">", ">=", "==", "!=", "and", "or", "xor"];

const promote = (...types: Dense["dtype"][]): Dense["dtype"] => types.includes("float") ? "float" : types.includes("int") ? "int" : "bool"; // prettier-ignore

function binary(op: string, a: Dense, b: Dense): Dense {
  const sizes = broadcastSizes(a.sizes, b.sizes)!;
  const [x, y] = [broadcast(a, sizes), broadcast(b, sizes)];
  const bools = a.dtype === "bool" && b.dtype === "bool";
  const stay = bools && ["+", "*", "min", "max"].includes(op);
  const dtype = conditions.includes(op) || stay ? "bool" : op === "/" ? "float" : promote("int", a.dtype, b.dtype);
  const clip = (value: number) => (stay ? Math.min(1, value) : value);
  return { sizes, dtype, values: x.values.map((value, i) => clip(scalars[op](value, y.values[i]))) };
}

function convert(of: Dense, dtype: Dense["dtype"]): Dense {
  const made = (value: number) => (dtype === "bool" ? number(value !== 0) : dtype === "int" ? Math.trunc(value) : value); // prettier-ignore
  return { ...of, dtype, values: of.values.map(made) };
}

/** The coordinates that a slice takes, as Python has them. */
function taken(step: Extract<TensorIndex, { kind: "slice" }>, size: number): number[] {
  const all = Array.from({ length: size }, (_, i) => i);
  if (step.step < 0) return all.reverse();
  const from = step.start === undefined ? 0 : step.start < 0 ? Math.max(0, step.start + size) : step.start;
  const to = step.stop === undefined ? size : step.stop < 0 ? step.stop + size : step.stop;
  return all.filter((i) => i >= from && i < to && (i - from) % step.step === 0);
}

/** Steps with one for each axis, and for index tensors their dense values. */
type Step = TensorIndex & { dense?: Dense };

function spelled(steps: readonly Step[], rank: number): Step[] {
  const used = steps.filter(({ kind }) => kind !== "new-axis" && kind !== "rest").length;
  const whole = Array.from({ length: rank - used }, (): Step => ({ kind: "slice", start: undefined, stop: undefined, step: 1 })); // prettier-ignore
  const rest = steps.findIndex(({ kind }) => kind === "rest");
  return rest < 0 ? [...steps, ...whole] : [...steps.slice(0, rest), ...whole, ...steps.slice(rest + 1)];
}

/** Which elements an index takes: the sizes of the result, and where in the tensor each of its elements is. */
function chosen(sizes: readonly number[], given: readonly Step[]): { sizes: number[]; from: number[][] } {
  const steps = spelled(given, sizes.length);
  const listed = steps.flatMap((step, i) => (step.kind === "tensor" ? [i] : []));
  const shared = broadcastSizes([], ...listed.map((i) => steps[i].dense!.sizes))!;
  const between = listed.length > 1 ? steps.slice(listed[0], listed[listed.length - 1]) : [];
  const apart = between.some(({ kind }) => kind !== "tensor" && kind !== "at");
  const made: number[] = apart ? [...shared] : [];
  let first = apart ? 0 : -1;
  let axis = 0;
  const readers: ((where: number[]) => number)[] = [];
  for (const step of steps) {
    if (step.kind === "new-axis") {
      made.push(1);
      continue;
    }
    const size = sizes[axis++];
    if (step.kind === "at") readers.push(() => (step.index < 0 ? step.index + size : step.index));
    else if (step.kind === "slice") {
      const places = taken(step, size);
      const mine = made.push(places.length) - 1;
      readers.push((where) => places[where[mine]]);
    } else {
      if (first < 0) {
        first = made.length;
        made.push(...shared);
      }
      const start = first;
      const list = broadcast(step.dense!, shared);
      readers.push((where) => floorMod(at(list, where.slice(start, start + shared.length)), size));
    }
  }
  return { sizes: made, from: coordinates(made).map((where) => readers.map((read) => read(where))) };
}

// ------------------------------------------------------------------------------------------------------ programs

interface Pair {
  symbolic: Tensor;
  dense: Dense;
}

/** Takes decisions from a list of numbers. */
class Choices {
  private at = 0;
  constructor(private readonly numbers: readonly number[]) {}
  below(limit: number): number {
    const value = this.numbers[this.at++ % this.numbers.length] + Math.floor(this.at / this.numbers.length);
    return value % limit;
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

function fresh(choices: Choices): Pair {
  const sizes = Array.from({ length: choices.below(4) }, () => 1 + choices.below(5));
  switch (choices.below(5)) {
    case 0: {
      const [start, step] = [choices.below(9) - 4, choices.of([1, 1, 2, 3, -1])];
      const length = 1 + choices.below(7);
      return {
        symbolic: tensors.arange(start, start + step * length, step, place),
        dense: dense([length], "int", ([i]) => start + step * i),
      };
    }
    case 1: {
      const [rows, columns] = [1 + choices.below(5), 1 + choices.below(5)];
      return {
        symbolic: tensors.eye(rows, columns, place),
        dense: dense([rows, columns], "float", ([i, j]) => number(i === j)),
      };
    }
    case 2: {
      const dtype = choices.of(["int", "float", "bool"] as const);
      const value = dtype === "bool" ? choices.below(2) : choices.below(7) - 3;
      return { symbolic: tensors.full(sizes, value, dtype, place), dense: dense(sizes, dtype, () => value) };
    }
    default: {
      const dtype = choices.of(["int", "float", "bool"] as const);
      const value = dense(sizes, dtype, () => dtype === "bool" ? choices.below(2) : dtype === "int" ? choices.below(9) - 4 : (choices.below(17) - 8) / 4); // prettier-ignore
      const nested = (from: readonly number[], values: readonly unknown[]): unknown => {
        if (from.length === 0) return values[0];
        const rest = from.slice(0, -1);
        const last = from[from.length - 1];
        const rows = Array.from({ length: values.length / last }, (_, i) => values.slice(i * last, (i + 1) * last));
        return nested(rest, rows);
      };
      const data = nested(sizes, value.values) as number | unknown[];
      return { symbolic: tensors.literal(data, dtype, place), dense: value };
    }
  }
}

const mostElements = 300;

function randomIndex(choices: Choices, sizes: readonly number[]): Step[] {
  const steps: Step[] = [];
  const kept = choices.below(sizes.length + 1);
  const shape = Array.from({ length: choices.below(3) }, () => 1 + choices.below(3));
  const rest = choices.below(4) === 0 ? choices.below(kept + 1) : undefined;
  const used =
    rest === undefined ? sizes.slice(0, kept) : [...sizes.slice(0, rest), ...sizes.slice(sizes.length - kept + rest)];
  for (const [i, size] of used.entries()) {
    if (i === rest) steps.push({ kind: "rest" });
    if (choices.below(6) === 0) steps.push({ kind: "new-axis" });
    switch (choices.below(5)) {
      case 0:
        steps.push({ kind: "at", index: choices.below(2 * size) - size });
        break;
      case 1: {
        const list = dense(shape.map((length) => (choices.below(3) === 0 ? 1 : length)), "int", () => choices.below(2 * size) - size); // prettier-ignore
        const flat = tensors.literal(list.sizes.length === 0 ? list.values[0] : list.values, "int", place);
        steps.push({ kind: "tensor", tensor: tensors.reshape(flat, list.sizes, place), dense: list });
        break;
      }
      case 2:
        steps.push({ kind: "slice", start: undefined, stop: undefined, step: choices.of([1, -1]) });
        break;
      default: {
        const start = choices.below(size);
        const stop = start + 1 + choices.below(size - start);
        const ends = { start: choices.of([start, start - size, start === 0 ? undefined : start]), stop: choices.of([stop, stop < size ? stop - size : undefined]) }; // prettier-ignore
        steps.push({ kind: "slice", ...ends, step: 1 + choices.below(3) });
      }
    }
  }
  if (rest === kept) steps.push({ kind: "rest" });
  return steps;
}

/** One more tensor from those there are; undefined where the choice makes no sense. */
function next(choices: Choices, all: readonly Pair[]): Pair | undefined {
  const a = choices.of(all);
  const b = choices.of(all);
  const { sizes } = a.dense;
  const rank = sizes.length;
  const axis = rank === 0 ? 0 : choices.below(rank);
  const signed = choices.below(2) === 0 ? axis : axis - rank;
  const kind = choices.below(22);
  switch (kind) {
    case 0:
    case 1: {
      const op = choices.of(["+", "-", "*", "min", "max", ...conditions]);
      if (!broadcastSizes(sizes, b.dense.sizes)) return undefined;
      if (op === "-" && a.dense.dtype === "bool" && b.dense.dtype === "bool") return undefined;
      return { symbolic: tensors.binary(op as BinaryOperation, a.symbolic, b.symbolic, place), dense: binary(op, a.dense, b.dense) }; // prettier-ignore
    }
    case 2: {
      const op = choices.of(["+", "*", "//", "%", "/", "min", "<=", "==", "-"]);
      const value = op === "/" ? choices.of([2, 4]) : choices.of([1, 2, 3, -2, 5]);
      const one = dense([], "int", () => value);
      const reflected = !["//", "%", "/"].includes(op) && choices.below(2) === 0;
      return reflected
        ? { symbolic: tensors.binary(op as BinaryOperation, value, a.symbolic, place), dense: binary(op, one, a.dense) }
        : { symbolic: tensors.binary(op as BinaryOperation, a.symbolic, value, place), dense: binary(op, a.dense, one) }; // prettier-ignore
    }
    case 3: {
      const op = choices.of(["-", "not", "abs", "floor", "ceil", "sign"] as const);
      const made = { "-": (x: number) => -x, not: (x: number) => number(x === 0), abs: Math.abs, floor: Math.floor, ceil: Math.ceil, sign: Math.sign }[op]; // prettier-ignore
      if (op !== "not" && a.dense.dtype === "bool") return undefined;
      const dtype = op === "not" ? "bool" : op === "floor" || op === "ceil" ? "float" : a.dense.dtype;
      return { symbolic: tensors.unary(op, a.symbolic, place), dense: { sizes, dtype, values: a.dense.values.map(made) } }; // prettier-ignore
    }
    case 4: {
      const c = choices.of(all);
      const whole = broadcastSizes(sizes, b.dense.sizes, c.dense.sizes);
      if (!whole || count(whole) > mostElements) return undefined;
      const [x, y, z] = [a, b, c].map((pair) => broadcast(pair.dense, whole).values);
      const values = x.map((value, i) => (value !== 0 ? y[i] : z[i]));
      return { symbolic: tensors.where(a.symbolic, b.symbolic, c.symbolic, place), dense: { sizes: whole, dtype: promote(b.dense.dtype, c.dense.dtype), values } }; // prettier-ignore
    }
    case 5: {
      const whole = broadcastSizes(sizes, b.dense.sizes);
      if (!whole || count(whole) > mostElements) return undefined;
      const value = choices.below(3);
      const [x, y] = [broadcast(a.dense, whole), broadcast(b.dense, whole)];
      const fill = convert(
        dense([], "int", () => value),
        a.dense.dtype,
      ).values[0];
      return { symbolic: tensors.maskedFill(a.symbolic, b.symbolic, value, place), dense: { ...x, values: x.values.map((own, i) => (y.values[i] !== 0 ? fill : own)) } }; // prettier-ignore
    }
    case 6: {
      if (rank < 2) return undefined;
      const [part, diagonal] = [choices.of(["lower", "upper"] as const), choices.below(5) - 2];
      const keeps = (where: number[]) => part === "lower" ? where[rank - 1] - where[rank - 2] <= diagonal : where[rank - 1] - where[rank - 2] >= diagonal; // prettier-ignore
      return { symbolic: tensors.triangle(a.symbolic, part, diagonal, place), dense: dense(sizes, a.dense.dtype, (where) => (keeps(where) ? at(a.dense, where) : 0)) }; // prettier-ignore
    }
    case 7:
    case 8: {
      const total = count(sizes);
      const made: number[] = [];
      for (let rest = total; rest > 1 || choices.below(3) === 0;) {
        const divisors = Array.from({ length: rest }, (_, i) => i + 1).filter((i) => rest % i === 0);
        const size = choices.of(divisors);
        if (made.length > 4) {
          made.push(rest);
          break;
        }
        made.push(size);
        rest /= size;
      }
      const asked = [...made];
      if (made.length > 0 && choices.below(3) === 0) asked[choices.below(made.length)] = -1;
      return { symbolic: tensors.reshape(a.symbolic, asked, place), dense: { ...a.dense, sizes: made } };
    }
    case 9: {
      const order = sizes.map((_, i) => i);
      for (let i = rank - 1; i > 0; i--) {
        const j = choices.below(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
      }
      const made = order.map((i) => sizes[i]);
      return { symbolic: tensors.permute(a.symbolic, order, place), dense: dense(made, a.dense.dtype, (where) => at(a.dense, sizes.map((_, i) => where[order.indexOf(i)]))) }; // prettier-ignore
    }
    case 10: {
      if (rank > 4) return undefined;
      const where = choices.below(rank + 1);
      const made = [...sizes.slice(0, where), 1, ...sizes.slice(where)];
      return { symbolic: tensors.unsqueeze(a.symbolic, choices.of([where, where - rank - 1])), dense: { ...a.dense, sizes: made } }; // prettier-ignore
    }
    case 11: {
      const all_ = choices.below(2) === 0;
      if (!all_ && rank === 0) return undefined;
      const made = sizes.filter((size, i) => size !== 1 || (!all_ && i !== axis));
      return { symbolic: tensors.squeeze(a.symbolic, all_ ? undefined : signed), dense: { ...a.dense, sizes: made } };
    }
    case 12: {
      const more = Array.from({ length: choices.below(2) }, () => 1 + choices.below(3));
      const made = [...more, ...sizes.map((size) => (size === 1 ? 1 + choices.below(4) : size))];
      const asked = made.map((size, i) => (i >= more.length && size === sizes[i - more.length] && choices.below(2) === 0 ? -1 : size)); // prettier-ignore
      return { symbolic: tensors.expand(a.symbolic, asked, place), dense: broadcast(a.dense, made) };
    }
    case 13:
    case 14: {
      const steps = randomIndex(choices, sizes);
      const { sizes: made, from } = chosen(sizes, steps);
      return { symbolic: tensors.index(a.symbolic, steps, place), dense: { sizes: made, dtype: a.dense.dtype, values: from.map((where) => at(a.dense, where)) } }; // prettier-ignore
    }
    case 15:
    case 16: {
      const steps = randomIndex(choices, sizes);
      const bool = choices.below(4) === 0;
      const value = choices.below(2) === 0 ? undefined : b;
      const given = convert(value?.dense ?? dense([], "int", () => 2), a.dense.dtype);
      const values = [...a.dense.values];
      if (bool) {
        if (value || b.dense.dtype !== "bool" || b.dense.sizes.length > rank || b.dense.sizes.some((size, i) => size !== sizes[i])) return undefined; // prettier-ignore
        coordinates(sizes).forEach((where, i) => {
          if (at(b.dense, where.slice(0, b.dense.sizes.length)) !== 0) values[i] = given.values[0];
        });
        return { symbolic: tensors.assign(a.symbolic, [{ kind: "tensor", tensor: b.symbolic }], 2, place), dense: { ...a.dense, values } }; // prettier-ignore
      }
      const { sizes: made, from } = chosen(sizes, steps);
      const fits = broadcastSizes(made, given.sizes);
      if (!fits || fits.join() !== made.join()) return undefined;
      const source = broadcast(given, made);
      from.forEach((where, i) => (values[where.reduce((sum, j, k) => sum * sizes[k] + j, 0)] = source.values[i]));
      return { symbolic: tensors.assign(a.symbolic, steps, value?.symbolic ?? 2, place), dense: { ...a.dense, values } }; // prettier-ignore
    }
    case 17: {
      const parts = all.filter(({ dense: other }) => other.sizes.length === rank && other.sizes.every((size, i) => i === axis || size === sizes[i])); // prettier-ignore
      if (rank === 0) return undefined;
      const used = [a, ...parts].slice(0, 3);
      const made = sizes.map((size, i) => (i === axis ? used.reduce((sum, { dense: other }) => sum + other.sizes[axis], 0) : size)); // prettier-ignore
      const joined = dense(made, promote(...used.map(({ dense: other }) => other.dtype)), (where) => {
        let along = where[axis];
        const part = used.find(({ dense: other }) => along < other.sizes[axis] || ((along -= other.sizes[axis]), false))!; // prettier-ignore
        return at(part.dense, where.map((i, k) => (k === axis ? along : i))); // prettier-ignore
      });
      return { symbolic: tensors.concatenate(used.map(({ symbolic }) => symbolic), signed, place), dense: joined }; // prettier-ignore
    }
    case 18: {
      const same = all.filter(({ dense: other }) => other.sizes.join() === sizes.join()).slice(0, 3);
      const where = choices.below(rank + 1);
      const made = [...sizes.slice(0, where), same.length, ...sizes.slice(where)];
      const stacked = dense(made, promote(...same.map(({ dense: other }) => other.dtype)), (place_) => at(same[place_[where]].dense, [...place_.slice(0, where), ...place_.slice(where + 1)])); // prettier-ignore
      return { symbolic: tensors.stack(same.map(({ symbolic }) => symbolic), choices.of([where, where - rank - 1]), place), dense: stacked }; // prettier-ignore
    }
    case 19: {
      if (choices.below(2) === 0) {
        const times = [...Array.from({ length: choices.below(2) }, () => 1 + choices.below(2)), ...sizes.map(() => 1 + choices.below(2))]; // prettier-ignore
        const padded = [...new Array<number>(times.length - rank).fill(1), ...sizes];
        const made = padded.map((size, i) => size * times[i]);
        return { symbolic: tensors.repeat(a.symbolic, times, place), dense: dense(made, a.dense.dtype, (where) => at({ ...a.dense, sizes: padded }, where.map((i, k) => i % padded[k]))) }; // prettier-ignore
      }
      if (rank === 0) return undefined;
      const times = 1 + choices.below(3);
      const made = sizes.map((size, i) => (i === axis ? size * times : size));
      return { symbolic: tensors.repeatEach(a.symbolic, times, signed, place), dense: dense(made, a.dense.dtype, (where) => at(a.dense, where.map((i, k) => (k === axis ? Math.floor(i / times) : i)))) }; // prettier-ignore
    }
    case 20: {
      if (rank === 0) return undefined;
      switch (choices.below(3)) {
        case 0: {
          const shift = choices.below(9) - 4;
          return { symbolic: tensors.roll(a.symbolic, shift, signed, place), dense: dense(sizes, a.dense.dtype, (where) => at(a.dense, where.map((i, k) => (k === axis ? floorMod(i - shift, sizes[k]) : i)))) }; // prettier-ignore
        }
        case 1: {
          const keep = choices.below(2) === 0;
          const made = keep ? sizes.map((size, i) => (i === axis ? 1 : size)) : sizes.filter((_, i) => i !== axis);
          const total = dense(made, promote("int", a.dense.dtype), (where) => {
            const whole = keep ? where : [...where.slice(0, axis), 0, ...where.slice(axis)];
            return Array.from({ length: sizes[axis] }, (_, i) => at(a.dense, whole.with(axis, i))).reduce((x, y) => x + y); // prettier-ignore
          });
          return { symbolic: tensors.sum(a.symbolic, [signed], keep, place), dense: total };
        }
        default:
          return {
            symbolic: tensors.cumulativeSum(a.symbolic, signed, place),
            dense: dense(
              sizes,
              promote("int", a.dense.dtype),
              (where) =>
              Array.from({ length: where[axis] + 1 }, (_, i) => at(a.dense, where.with(axis, i))).reduce((x, y) => x + y), // prettier-ignore
            ),
          };
      }
    }
    default: {
      if (choices.below(2) === 0) {
        const dtype = choices.of(["bool", "int", "float"] as const);
        return { symbolic: tensors.convert(a.symbolic, dtype), dense: convert(a.dense, dtype) };
      }
      const other = b.dense;
      if (rank + other.sizes.length > 4 || rank === 0 || other.sizes.length === 0) return undefined;
      // The first axis of both together where they agree, the others each for itself.
      const shared = sizes[0] === other.sizes[0] && choices.below(2) === 0;
      const left = "abcd".slice(0, rank);
      const right = (shared ? "a" : "p") + "qrst".slice(0, other.sizes.length - 1);
      const letters = [...new Set(right + left)];
      const size = (letter: string) => left.includes(letter) ? sizes[left.indexOf(letter)] : other.sizes[right.indexOf(letter)]; // prettier-ignore
      const made = letters.map(size);
      const pick = (term: string, where: number[]) => [...term].map((letter) => where[letters.indexOf(letter)]);
      const dtype = a.dense.dtype === "bool" && other.dtype === "bool" ? "bool" : promote("int", a.dense.dtype, other.dtype); // prettier-ignore
      return {
        symbolic: tensors.einsum(`${left},${right}->${letters.join("")}`, [a.symbolic, b.symbolic], place),
        dense: dense(made, dtype, (where) => at(a.dense, pick(left, where)) * at(other, pick(right, where))),
      };
    }
  }
}

const tally = { made: 0, opaque: 0 };

function compare({ symbolic, dense: expected }: Pair): boolean {
  const { content } = symbolic;
  if (content.kind === "opaque") {
    tally.opaque++;
    return false;
  }
  assert(content.kind === "constant", content.kind);
  tally.made++;
  assert.deepStrictEqual(sizesOf(symbolic), expected.sizes);
  assert.strictEqual(symbolic.dtype, expected.dtype);
  const [low, high] = boundsOf(content.element, expected.sizes);
  coordinates(expected.sizes).forEach((where, i) => {
    const value = valueAt(content.element, where);
    assert(
      value === expected.values[i],
      `${value} instead of ${expected.values[i]} at ${where.join()} of ${JSON.stringify(content.element, (key, part: unknown) => (key === "literal" ? undefined : part))}`,
    );
    assert(low <= value && value <= high, `${value} outside ${low} ... ${high}`);
  });
  return true;
}

describe("tensors of known numbers", () => {
  it("are what a dense implementation makes of the same program", function () {
    this.timeout(120_000);
    fc.assert(
      fc.property(fc.array(fc.nat(9999), { minLength: 40, maxLength: 160 }), (numbers) => {
        const choices = new Choices(numbers);
        const all = [fresh(choices), fresh(choices)];
        all.forEach(compare);
        for (let i = 0; i < 8; i++) {
          const made = choices.below(5) === 0 ? fresh(choices) : next(choices, all);
          if (!made || count(made.dense.sizes) > mostElements || made.dense.sizes.length > 5) continue;
          if (made.dense.values.some((value) => Math.abs(value) > 1e6)) continue;
          if (count(made.dense.sizes) > 0 && compare(made)) all.push(made);
        }
      }),
      { numRuns: 3000 },
    );
    assert(tally.opaque < tally.made / 50);
  });

  it("may be assigned entry by entry, as in loops", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9999), { minLength: 40, maxLength: 160 }), (numbers) => {
        const choices = new Choices(numbers);
        const sizes = [1 + choices.below(4), 1 + choices.below(5)];
        let symbolic = tensors.full(sizes, 0, "float", place);
        const expected = dense(sizes, "float", () => 0);
        for (let i = 0; i < 40; i++) {
          const steps = randomIndex(choices, sizes).filter(({ kind }) => kind !== "new-axis");
          if (steps.some((step) => step.kind === "slice" && step.step < 0)) continue;
          const value = choices.below(9);
          const made = tensors.assign(symbolic, steps, value, place);
          if (made.content.kind === "opaque") continue;
          symbolic = made;
          for (const where of chosen(sizes, steps).from) expected.values[where[0] * sizes[1] + where[1]] = value;
        }
        compare({ symbolic, dense: expected });
      }),
      { numRuns: 200 },
    );
  });
});
