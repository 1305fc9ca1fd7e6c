/**
 * Tensors of model code beside dense ones: every operation is done on both, and what the abstract one says of its numbers is held
 * against them.
 */
import assert from "node:assert";
import { valueAt } from "../../extension/models/code/graph/expressions";
import type { BinaryOperation, UnaryOperation } from "../../extension/models/code/graph/indexExpression";
import { isToken } from "../../extension/models/code/graph/layout";
import type { Sequence, StreamNode } from "../../extension/models/code/graph/nodes";
import { tensors } from "../../extension/models/code/graph/operations";
import { sizeOf, sizesOf, type Atom, type Pairs, type Tensor, type TensorIndex } from "../../extension/models/code/graph/tensor"; // prettier-ignore

export const place = { from: 0, to: 1 };

export interface Dense {
  sizes: number[];
  values: number[];
}

export interface Traced {
  symbolic: Tensor;
  dense: Dense;
}

/** A program that is not understood, and why. */
export class NotUnderstood extends Error {}

export const count = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

export function coordinates(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>((all, size) => all.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])), [[]]); // prettier-ignore
}

const at = ({ sizes, values }: Dense, where: readonly number[]): number =>
  values[where.reduce((sum, i, axis) => sum * sizes[axis] + i, 0)];

const dense = (sizes: readonly number[], value: (where: number[]) => number): Dense => ({ sizes: [...sizes], values: coordinates(sizes).map(value) }); // prettier-ignore

export function broadcastSizes(...all: readonly (readonly number[])[]): number[] | undefined {
  const rank = Math.max(0, ...all.map((sizes) => sizes.length));
  const padded = all.map((sizes) => [...new Array<number>(rank - sizes.length).fill(1), ...sizes]);
  const result = Array.from({ length: rank }, (_, axis) => Math.max(...padded.map((sizes) => sizes[axis])));
  return padded.every((sizes) => sizes.every((size, axis) => size === 1 || size === result[axis])) ? result : undefined;
}

const spread = (of: Dense, sizes: readonly number[]): Dense =>
  dense(sizes, (where) => at(of, where.slice(sizes.length - of.sizes.length).map((i, axis) => (of.sizes[axis] === 1 ? 0 : i)))); // prettier-ignore

const number = (value: boolean) => (value ? 1 : 0);
const binaries: Partial<Record<BinaryOperation, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "%": (a, b) => a - b * Math.floor(a / b),
  "**": (a, b) => a ** b,
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
};

const activations = {
  relu: (x: number) => Math.max(0, x),
  gelu: (x: number) => x / (1 + Math.exp(-1.702 * x)),
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  exp: Math.exp,
  elu: (x: number) => (x > 0 ? x : Math.expm1(x)),
  "elu-plus-one": (x: number) => (x > 0 ? x + 1 : Math.exp(x)),
  tanh: Math.tanh,
  square: (x: number) => x * x,
};

/** The tokens of a sequence that a token may depend on, and those that it does where its functions are not constant. */
export interface Reach {
  may: boolean[][];
  does: boolean[][];
}

/** Runs one program; the random numbers of its weights are the same in every run. */
export class Machine {
  private state = 1;
  readonly sequence: Sequence;
  /** Attention that was read: how often, and with what heads. */
  readonly heads: number[] = [];

  constructor(
    sequence: Sequence,
    seed: number,
    private readonly change: { token: number; by: number } | undefined = undefined,
  ) {
    this.sequence = sequence;
    this.state = seed * 7919 + 1;
  }

  private random(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return this.state / 2 ** 31 - 1;
  }

  private randoms = (sizes: readonly number[]): Dense => dense(sizes, () => this.random());

  /** Whether the run is one that compares: the others only compute. */
  get checks(): boolean {
    return this.change === undefined;
  }

  both(symbolic: Tensor, made: Dense): Traced {
    const { content } = symbolic;
    if (content.kind === "opaque") throw new NotUnderstood(content.opaque.reason);
    assert.deepStrictEqual(sizesOf(symbolic), made.sizes);
    if (!this.checks) return { symbolic, dense: made };
    if (content.kind === "constant")
      coordinates(made.sizes).forEach((where, i) => {
        const value = valueAt(content.element, where);
        assert(value === made.values[i] || Math.abs(value - made.values[i]) <= 1e-9 * Math.abs(value), `${value} instead of ${made.values[i]}`); // prettier-ignore
      });
    if (content.kind === "parameter" || content.kind === "lookup") {
      const free = content.kind === "lookup" ? content.free : made.sizes.map((_, axis) => axis);
      const byKey = new Map<string, number>();
      const byValue = new Map<number, string>();
      coordinates(made.sizes).forEach((where, i) => {
        const index = content.kind === "lookup" ? valueAt(content.index, where) : 0;
        const key = [index, ...free.map((axis) => where[axis])].join();
        const value = Math.round(made.values[i] * 1e10);
        assert((byKey.get(key) ?? value) === value, `different numbers at ${key}`);
        assert((byValue.get(value) ?? key) === key, `equal numbers at ${key} and ${byValue.get(value)}`);
        byKey.set(key, value);
        byValue.set(value, key);
      });
    }
    return { symbolic, dense: made };
  }

  // ------------------------------------------------------------------------------------------------------- making

  input(batch: number, width: number, order: "batch-first" | "token-first" = "batch-first"): Traced {
    const { tokens } = this.sequence;
    const made = this.randoms([batch, tokens, width]);
    const { change } = this;
    if (change)
      for (let i = 0; i < width; i++) made.values[change.token * width + i] += change.by * (1 + Math.sin(i + 1));
    const symbolic = tensors.input(this.sequence, batch, width, order, place);
    return this.both(symbolic, order === "batch-first" ? made : dense([tokens, batch, width], ([t, b, c]) => at(made, [b, t, c]))); // prettier-ignore
  }

  constant(symbolic: Tensor): Traced {
    const { content } = symbolic;
    if (content.kind !== "constant") throw new NotUnderstood("no constant");
    return { symbolic, dense: dense(sizesOf(symbolic), (where) => valueAt(content.element, where)) };
  }

  parameter(...sizes: number[]): Traced {
    return this.both(tensors.parameter(sizes, true, { from: (this.state % 1e6) + 2, to: 3 }), this.randoms(sizes));
  }

  /** A table looked up at fixed indices. */
  table(rows: number, width: number, indices: Traced): Traced {
    const values = this.randoms([rows, width]);
    const made = dense([...indices.dense.sizes, width], (where) => at(values, [at(indices.dense, where.slice(0, -1)), where[where.length - 1]])); // prettier-ignore
    return this.both(tensors.embedding({ rows, width, trainable: true, widthLiteral: undefined }, indices.symbolic, place), made); // prettier-ignore
  }

  // -------------------------------------------------------------------------------------------------- elementwise

  binary(op: BinaryOperation, a: Traced | number, b: Traced | number): Traced {
    const [x, y] = [a, b].map((each) => (typeof each === "number" ? { sizes: [], values: [each] } : each.dense));
    const sizes = broadcastSizes(x.sizes, y.sizes);
    assert(sizes);
    const [left, right] = [spread(x, sizes), spread(y, sizes)];
    const symbolic = [a, b].map((each) => (typeof each === "number" ? each : each.symbolic));
    const made = { sizes, values: left.values.map((value, i) => binaries[op]!(value, right.values[i])) };
    return this.both(tensors.binary(op, symbolic[0], symbolic[1], place), made);
  }

  unary(op: UnaryOperation & ("-" | "not" | "exp" | "sqrt" | "sin" | "cos" | "abs"), of: Traced): Traced {
    const made = (value: number) => (op === "-" ? -value : op === "not" ? number(value === 0) : Math[op](value));
    return this.both(tensors.unary(op, of.symbolic, place), { ...of.dense, values: of.dense.values.map(made) });
  }

  activation(of: Traced, name: keyof typeof activations): Traced {
    return this.both(tensors.activation(of.symbolic, name, place), { ...of.dense, values: of.dense.values.map(activations[name]) }); // prettier-ignore
  }

  where(condition: Traced, yes: Traced | number, no: Traced | number): Traced {
    const parts = [yes, no].map((each) => (typeof each === "number" ? { sizes: [], values: [each] } : each.dense));
    const sizes = broadcastSizes(condition.dense.sizes, ...parts.map((part) => part.sizes))!;
    const [c, x, y] = [condition.dense, ...parts].map((part) => spread(part, sizes).values);
    const symbolic = [yes, no].map((each) => (typeof each === "number" ? each : each.symbolic));
    return this.both(tensors.where(condition.symbolic, symbolic[0], symbolic[1], place), { sizes, values: c.map((on, i) => (on !== 0 ? x[i] : y[i])) }); // prettier-ignore
  }

  maskedFill(of: Traced, mask: Traced, value: number): Traced {
    const sizes = broadcastSizes(of.dense.sizes, mask.dense.sizes)!;
    const [x, m] = [spread(of.dense, sizes).values, spread(mask.dense, sizes).values];
    return this.both(tensors.maskedFill(of.symbolic, mask.symbolic, value, place), { sizes, values: x.map((own, i) => (m[i] !== 0 ? value : own)) }); // prettier-ignore
  }

  triangle(of: Traced, part: "lower" | "upper", diagonal: number): Traced {
    const keeps = (where: number[]) => {
      const difference = where[where.length - 1] - where[where.length - 2];
      return part === "lower" ? difference <= diagonal : difference >= diagonal;
    };
    return this.both(tensors.triangle(of.symbolic, part, diagonal, place), dense(of.dense.sizes, (where) => (keeps(where) ? at(of.dense, where) : 0))); // prettier-ignore
  }

  norm(of: Traced, kind: "layer" | "rms"): Traced {
    const width = of.dense.sizes[of.dense.sizes.length - 1];
    const values = [...of.dense.values];
    for (let start = 0; start < values.length; start += width) {
      const row = values.slice(start, start + width);
      const mean = kind === "layer" ? row.reduce((a, b) => a + b) / width : 0;
      const size = Math.sqrt(row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / width + 1e-5);
      row.forEach((x, i) => (values[start + i] = (x - mean) / size));
    }
    return this.both(tensors.norm(of.symbolic, kind, place), { ...of.dense, values });
  }

  // -------------------------------------------------------------------------------------------------------- shape

  reshape(of: Traced, ...sizes: number[]): Traced {
    const total = count(of.dense.sizes);
    const known = count(sizes.filter((size) => size !== -1));
    const made = sizes.map((size) => (size === -1 ? total / known : size));
    return this.both(tensors.reshape(of.symbolic, sizes, place), { sizes: made, values: of.dense.values });
  }

  permute(of: Traced, ...order: number[]): Traced {
    const made = order.map((axis) => of.dense.sizes[axis]);
    return this.both(tensors.permute(of.symbolic, order, place), dense(made, (where) => at(of.dense, order.map((_, axis) => where[order.indexOf(axis)])))); // prettier-ignore
  }

  swap(of: Traced, a: number, b: number): Traced {
    const order = of.dense.sizes.map((_, axis) => axis);
    const rank = order.length;
    const [i, j] = [(a + rank) % rank, (b + rank) % rank];
    [order[i], order[j]] = [j, i];
    return this.permute(of, ...order);
  }

  unsqueeze(of: Traced, axis: number): Traced {
    const where = axis < 0 ? axis + of.dense.sizes.length + 1 : axis;
    const sizes = [...of.dense.sizes.slice(0, where), 1, ...of.dense.sizes.slice(where)];
    return this.both(tensors.unsqueeze(of.symbolic, axis), { ...of.dense, sizes });
  }

  expand(of: Traced, ...sizes: number[]): Traced {
    const shift = sizes.length - of.dense.sizes.length;
    const made = sizes.map((size, axis) => (size === -1 ? of.dense.sizes[axis - shift] : size));
    return this.both(tensors.expand(of.symbolic, sizes, place), spread(of.dense, made));
  }

  repeatEach(of: Traced, times: number, axis: number): Traced {
    const sizes = of.dense.sizes.with(axis, of.dense.sizes[axis] * times);
    return this.both(tensors.repeatEach(of.symbolic, times, axis, place), dense(sizes, (where) => at(of.dense, where.with(axis, Math.floor(where[axis] / times))))); // prettier-ignore
  }

  /** `of[..., from:to, ...]` along an axis, or `of[..., from, ...]` without `to`. */
  slice(of: Traced, axis: number, from: number, to?: number): Traced {
    const { sizes } = of.dense;
    const steps = sizes.map((_, i): TensorIndex => {
      if (i !== axis) return { kind: "slice", start: undefined, stop: undefined, step: 1 };
      return to === undefined ? { kind: "at", index: from } : { kind: "slice", start: from, stop: to, step: 1 };
    });
    const made = to === undefined ? sizes.filter((_, i) => i !== axis) : sizes.with(axis, to - from);
    const source = (where: number[]) => to === undefined ? [...where.slice(0, axis), from, ...where.slice(axis)] : where.with(axis, where[axis] + from); // prettier-ignore
    return this.both(tensors.index(of.symbolic, steps, place), dense(made, (where) => at(of.dense, source(where)))); // prettier-ignore
  }

  concatenate(parts: Traced[], axis: number): Traced {
    const [first] = parts;
    const where = (axis + first.dense.sizes.length) % first.dense.sizes.length;
    const sizes = first.dense.sizes.with(where, parts.reduce((sum, part) => sum + part.dense.sizes[where], 0)); // prettier-ignore
    const value = (place_: number[]) => {
      let along = place_[where];
      const part = parts.find(({ dense: own }) => along < own.sizes[where] || ((along -= own.sizes[where]), false))!;
      return at(part.dense, place_.with(where, along));
    };
    return this.both(tensors.concatenate(parts.map(({ symbolic }) => symbolic), axis, place), dense(sizes, value)); // prettier-ignore
  }

  // ------------------------------------------------------------------------------------------------- contractions

  einsum(equation: string, a: Traced, b: Traced): Traced {
    const [inputs, out] = equation.split("->");
    const [left, right] = inputs.split(",");
    const made = contracted(a.dense, left, b.dense, right, out);
    return this.attended(tensors.einsum(equation, [a.symbolic, b.symbolic], place), made, a, b);
  }

  matmul(a: Traced, b: Traced): Traced {
    const [m, n] = [a.dense.sizes, b.dense.sizes];
    const leading = broadcastSizes(m.slice(0, -2), n.slice(0, -2))!;
    const letters = "abcdefg".slice(0, leading.length);
    const own = (sizes: readonly number[]) => letters.slice(letters.length - (sizes.length - 2));
    const squeezed = (of: Dense) => spread(of, [...leading.slice(leading.length - of.sizes.length + 2), ...of.sizes.slice(-2)]); // prettier-ignore
    const made = contracted(squeezed(a.dense), `${own(m)}ik`, squeezed(b.dense), `${own(n)}kj`, `${letters}ij`);
    return this.attended(tensors.matmul(a.symbolic, b.symbolic, place), made, a, b);
  }

  /** Where attention was read, its masks are held against the weights. */
  private attended(symbolic: Tensor, made: Dense, a: Traced, b: Traced): Traced {
    const result = this.both(symbolic, made);
    const [weights] = [a, b].filter((each) => each.symbolic.content.kind === "pairs");
    if (!weights || symbolic.content.kind !== "stream" || !this.checks) return result;
    const { node } = symbolic.content;
    const { content } = weights.symbolic;
    assert(node.op === "attend" && content.kind === "pairs");
    this.heads.push(node.attention.heads);
    const { pairs } = content;
    const { mask, biases, heads } = node.attention;
    const keyAtom = node.attention.key === pairs.right && pairs.keys !== "left" ? pairs.rightAtom : pairs.leftAtom;
    for (const where of coordinates(weights.dense.sizes)) {
      const { head, left, right } = placeOf(weights.symbolic, where, pairs);
      const [query, key] = keyAtom === pairs.rightAtom ? [left, right] : [right, left];
      assert(head < heads);
      const kept = !mask || valueAt(mask.condition, [head, query, key]) !== 0;
      const far = biases.some((bias) => bias.kind === "fixed" && valueAt(bias.value, [head, query, key]) <= -1e4);
      const weight = at(weights.dense, where);
      if (node.attention.kernel === "softmax" || node.attention.kernel === "sigmoid")
        assert((weight !== 0) === (kept && !far), `weight ${weight} of query ${query}, key ${key}, head ${head}`); // prettier-ignore
      else assert(kept || weight === 0);
    }
    return result;
  }

  private along(of: Traced, axis: number, keep: boolean, value: (row: number[]) => number): Dense {
    const { sizes } = of.dense;
    const where = (axis + sizes.length) % sizes.length;
    const reduced = dense(sizes.with(where, 1), (place_) => value(Array.from({ length: sizes[where] }, (_, i) => at(of.dense, place_.with(where, i))))); // prettier-ignore
    return keep ? reduced : { ...reduced, sizes: sizes.filter((_, i) => i !== where) };
  }

  sum(of: Traced, axis: number, keep = false): Traced {
    return this.both(tensors.sum(of.symbolic, [axis], keep, place), this.along(of, axis, keep, (row) => row.reduce((a, b) => a + b))); // prettier-ignore
  }

  mean(of: Traced, axis: number, keep = false): Traced {
    return this.both(tensors.mean(of.symbolic, [axis], keep, place), this.along(of, axis, keep, (row) => row.reduce((a, b) => a + b) / row.length)); // prettier-ignore
  }

  variance(of: Traced, axis: number, keep = false): Traced {
    const value = (row: number[]) => {
      const mean = row.reduce((a, b) => a + b) / row.length;
      return row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
    };
    return this.both(tensors.variance(of.symbolic, [axis], keep, place), this.along(of, axis, keep, value));
  }

  greatest(of: Traced, axis: number, keep = false): Traced {
    return this.both(tensors.greatest(of.symbolic, axis, keep, place), this.along(of, axis, keep, (row) => Math.max(...row))); // prettier-ignore
  }

  cumulativeSum(of: Traced, axis: number): Traced {
    const where = (axis + of.dense.sizes.length) % of.dense.sizes.length;
    const made = dense(of.dense.sizes, (place_) => Array.from({ length: place_[where] + 1 }, (_, i) => at(of.dense, place_.with(where, i))).reduce((a, b) => a + b)); // prettier-ignore
    return this.both(tensors.cumulativeSum(of.symbolic, axis, place), made);
  }

  softmax(of: Traced, axis: number): Traced {
    const where = (axis + of.dense.sizes.length) % of.dense.sizes.length;
    const made = dense(of.dense.sizes, (place_) => {
      const row = Array.from({ length: of.dense.sizes[where] }, (_, i) => at(of.dense, place_.with(where, i)));
      const top = Math.max(...row);
      return Math.exp(at(of.dense, place_) - top) / row.reduce((sum, x) => sum + Math.exp(x - top), 0);
    });
    return this.both(tensors.softmax(of.symbolic, axis, place), made);
  }

  linear(of: Traced, width: number, bias = true): Traced {
    const { sizes } = of.dense;
    const [weights, shift] = [this.randoms([sizes[sizes.length - 1], width]), this.randoms([width])];
    const made = contracted({ ...of.dense, sizes: [count(sizes.slice(0, -1)), sizes[sizes.length - 1]] }, "ni", weights, "io", "no"); // prettier-ignore
    const layer = { width, widthLiteral: undefined, bias, biasPlace: place, frozen: false };
    const values = bias ? made.values.map((value, i) => value + shift.values[i % width]) : made.values;
    return this.both(tensors.linear(of.symbolic, layer, place), { sizes: [...sizes.slice(0, -1), width], values });
  }
}

function contracted(a: Dense, left: string, b: Dense, right: string, out: string): Dense {
  const size = (letter: string) => Math.max(left.includes(letter) ? a.sizes[left.indexOf(letter)] : 1, right.includes(letter) ? b.sizes[right.indexOf(letter)] : 1); // prettier-ignore
  const inner = [...new Set(left + right)].filter((letter) => !out.includes(letter));
  const all = [...out, ...inner];
  const inners = coordinates(inner.map(size));
  const read = (of: Dense, term: string, where: number[]) => at(of, [...term].map((letter, axis) => (of.sizes[axis] === 1 ? 0 : where[all.indexOf(letter)]))); // prettier-ignore
  return dense([...out].map(size), (where) =>
    inners.reduce((sum, rest) => {
      const whole = [...where, ...rest];
      return sum + read(a, left, whole) * read(b, right, whole);
    }, 0),
  );
}

/** Head, left and right token of an element of scores or weights. */
function placeOf(
  tensor: Tensor,
  where: readonly number[],
  pairs: Pairs,
): { head: number; left: number; right: number } {
  const found = { head: 0, left: 0, right: 0 };
  tensor.axes.forEach((axis, i) => {
    let stride = sizeOf(axis);
    for (const atom of axis) {
      stride /= atom.size;
      const own = Math.floor(where[i] / stride) % atom.size;
      if (atom === pairs.leftAtom) found.left = own;
      else if (atom === pairs.rightAtom) found.right = own;
      else if (atom.role === undefined) found.head = found.head * atom.size + own;
    }
  });
  return found;
}

/** The token and the element of the batch of an element of a stream. */
export function tokenOf(tensor: Tensor, where: readonly number[]): { token: number; batch: number } {
  const found = { token: 0, batch: 0 };
  tensor.axes.forEach((axis, i) => {
    let stride = sizeOf(axis);
    for (const atom of axis as Atom[]) {
      stride /= atom.size;
      const own = Math.floor(where[i] / stride) % atom.size;
      if (isToken(atom)) found.token = own;
      if (atom.role === "batch") found.batch = found.batch * atom.size + own;
    }
  });
  return found;
}

/** What the graph says of which token depends on which of the input's. */
export function reachOf(node: StreamNode, tokens: number): Reach {
  const done = new Map<StreamNode, Reach>();
  const all = (value: (i: number, j: number) => boolean) => Array.from({ length: tokens }, (_, i) => Array.from({ length: tokens }, (__, j) => value(i, j))); // prettier-ignore
  const none = all(() => false);
  const union = (...parts: boolean[][][]) => all((i, j) => parts.some((part) => part[i][j]));
  const visit = (at_: StreamNode): Reach => {
    let made = done.get(at_);
    if (!made) done.set(at_, (made = worked(at_)));
    return made;
  };
  const worked = (at_: StreamNode): Reach => {
    switch (at_.op) {
      case "input":
        return { may: all((i, j) => i === j), does: all((i, j) => i === j) };
      case "position":
      case "constant":
        return { may: none, does: none };
      case "attend": {
        const { mask, biases, heads } = at_.attention;
        const [query, key, value] = [at_.attention.query, at_.attention.key, at_.attention.value].map(visit);
        const read = all((i, j) => Array.from({ length: heads }, (_, head) => head).some((head) => (!mask || valueAt(mask.condition, [head, i, j]) !== 0) && !biases.some((bias) => bias.kind === "fixed" && valueAt(bias.value, [head, i, j]) <= -1e4))); // prettier-ignore
        const through = (of: boolean[][]) => all((i, j) => read[i].some((on, k) => on && of[k][j]));
        return { may: union(query.may, through(key.may), through(value.may)), does: through(value.does) };
      }
      case "add":
      case "multiply": {
        const [a, b] = [visit(at_.left), visit(at_.right)];
        return { may: union(a.may, b.may), does: union(a.does, b.does) };
      }
      case "join": {
        const parts = at_.parts.map(visit);
        return { may: union(...parts.map(({ may }) => may)), does: union(...parts.map(({ does }) => does)) };
      }
      case "tokenwise":
        return { may: union(...at_.parts.map(visit).map(({ may }) => may)), does: none };
      case "part":
        return at_.sequence === at_.of.sequence ? visit(at_.of) : { may: all(() => true), does: none };
      default:
        return visit(at_.of);
    }
  };
  return visit(node);
}
