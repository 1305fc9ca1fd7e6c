/**
 * Functions on tensors that PyTorch, NumPy, jax.numpy and keras.ops have alike, by the names that most of them use. Parameters have
 * PyTorch's names; a call may use the others' (call.ts).
 */
import { tensors } from "../../graph/operations";
import type { BinaryOperation, UnaryOperation } from "../../graph/indexExpression";
import type { Place } from "../../graph/nodes";
import { sizeOf, sizesOf, type Tensor } from "../../graph/tensor";
import type { ActivationName } from "../../../../theory/architecture/schema";
import { NotUnderstood, operation, view, type Call, type Operation } from "./call";
import { elementwise, numbersOf, tabulated } from "./tensorState";
import { binaryOperator, dtypeArgument, fromFront, inverted, moved, opaqueOr } from "./tensorValue";

// -------------------------------------------------------------------------------------------------------- elementwise

const unaryOperation = (op: UnaryOperation): Operation =>
  operation("input", (call) => tensors.unary(op, call.tensor("input"), call.place));

/** A function of each element: a known number for a constant, else an activation. */
export const activation = (name: ActivationName | "exp" | "square", known?: (value: number) => number): Operation =>
  operation("input", (call) => activated(call.tensor("input"), name, known, call.place));

export function activated(
  tensor: Tensor,
  name: ActivationName | "exp" | "square",
  known: ((value: number) => number) | undefined,
  place: Place,
): Tensor {
  if (tensor.content.kind !== "constant") return tensors.activation(tensor, name, place);
  if (name === "exp" || name === "tanh") return tensors.unary(name, tensor, place);
  const value = known && elementwise([tensor], known, "float", place);
  return value ?? tensors.opaque(`\`${name}\` of numbers`, place);
}

/** A function of each element that is known for constants only. */
const ofNumbers = (known: (value: number) => number, dtype: Tensor["dtype"] = "float"): Operation =>
  operation("input", (call) => {
    const tensor = call.tensor("input");
    const value = elementwise([tensor], known, dtype, call.place);
    return value ?? opaqueOr(tensor, `\`${call.name}\` is not understood`, call.place);
  });

const binaryOperation = (op: BinaryOperation): Operation =>
  operation("input other", (call) => tensors.binary(op, call.operand("input"), call.operand("other"), call.place));

/** An operator of Python as a function. */
export const operatorFunction = (op: string): Operation =>
  operation("input other", (call) => binaryOperator(op, call.operand("input"), call.operand("other"), call.place)!);

const logicalOperation = (op: "and" | "or" | "xor"): Operation =>
  operation("input other", (call) => {
    const [left, right] = [condition(call.tensor("input"), call), condition(call.tensor("other"), call)];
    return tensors.binary(op, left, right, call.place);
  });

/** A tensor of conditions: whether each element is other than 0. */
export const condition = (tensor: Tensor, call: Call): Tensor =>
  tensor.dtype === "bool" || tensor.content.kind === "opaque" ? tensor : tensors.binary("!=", tensor, 0, call.place);

export const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

// ---------------------------------------------------------------------------------------------------------- reductions

/** The axes of `dim`, counted from the front; undefined for all. */
export function axesOf(call: Call, tensor: Tensor, name = "dim"): number[] | undefined {
  return call.optionalInts(name)?.map((axis) => fromFront(axis, tensor.axes.length));
}

/** A reduction of known numbers; a stream's depends on the data. */
export function reduced(
  call: Call,
  tensor: Tensor,
  axes: readonly number[] | undefined,
  keep: boolean,
  run: (values: number[]) => number,
  dtype: Tensor["dtype"] = tensor.dtype,
): Tensor {
  const numbers = numbersOf(tensor);
  if (!numbers) return opaqueOr(tensor, `\`${call.name}\` depends on the data`, call.place);
  const sizes = sizesOf(tensor);
  const over = new Set(axes ?? sizes.map((_, axis) => axis));
  const groups = new Map<number, number[]>();
  const at = sizes.map(() => 0);
  const kept = sizes.map((size, axis) => (over.has(axis) ? 1 : size));
  for (const number of numbers) {
    const group = kept.reduce((sum, size, axis) => sum * size + (over.has(axis) ? 0 : at[axis]), 0);
    const values = groups.get(group);
    if (values) values.push(number);
    else groups.set(group, [number]);
    for (let axis = sizes.length - 1; axis >= 0 && ++at[axis] === sizes[axis]; axis--) at[axis] = 0;
  }
  const values = [...groups].sort(([a], [b]) => a - b).map(([, group]) => run(group));
  return tabulated(values, keep ? kept : sizes.filter((_, axis) => !over.has(axis)), dtype, call.place);
}

export const reduction = (run: (values: number[]) => number, dtype?: Tensor["dtype"]): Operation =>
  operation("input dim keepdim", (call) => {
    const tensor = call.tensor("input");
    return reduced(call, tensor, axesOf(call, tensor), call.boolean("keepdim", false), run, dtype);
  });

const greatest = (values: number[]): number => values.reduce((a, b) => (b > a ? b : a));
const least = (values: number[]): number => values.reduce((a, b) => (b < a ? b : a));
const product = (values: number[]): number => values.reduce((a, b) => a * b, 1);
const any = (values: number[]): number => Number(values.some((value) => value !== 0));
const all = (values: number[]): number => Number(values.every((value) => value !== 0));

/** The numbers of a constant arranged anew along an axis; a stream's tokens are not mixed so. */
export function rearranged(
  call: Call,
  tensor: Tensor,
  dim: number,
  run: (values: number[]) => number[],
  dtype: Tensor["dtype"] = tensor.dtype,
): Tensor {
  const numbers = numbersOf(tensor);
  if (!numbers) return opaqueOr(tensor, `\`${call.name}\` is not understood`, call.place);
  const sizes = sizesOf(tensor);
  const axis = fromFront(dim, sizes.length);
  const size = sizes[axis];
  const inner = product(sizes.slice(axis + 1));
  const rows: number[][] = [];
  for (let outer = 0; outer < numbers.length / (size * inner || 1); outer++)
    for (let i = 0; i < inner; i++)
      rows.push(run(Array.from({ length: size }, (_, j) => numbers[(outer * size + j) * inner + i])));
  const length = rows[0]?.length ?? 0;
  const values = new Array<number>(rows.length * length);
  for (const [row, items] of rows.entries()) {
    const [outer, i] = [Math.floor(row / inner), row % inner];
    for (const [j, item] of items.entries()) values[(outer * length + j) * inner + i] = item;
  }
  return tabulated(values, sizes.with(axis, length), dtype, call.place);
}

/** The order of the values from the smallest, equal ones as they come. */
export const sorting = (values: readonly number[], descending: boolean): number[] =>
  values.map((_, index) => index).sort((a, b) => (descending ? values[b] - values[a] : values[a] - values[b]) || a - b);

// ------------------------------------------------------------------------------------------------------------- shapes

/** Tensors expanded to the sizes that they have together. */
export function broadcastAll(parts: readonly Tensor[], place: Place): Tensor[] {
  const rank = Math.max(...parts.map((part) => part.axes.length));
  const sizes = Array.from({ length: rank }, (_, axis) =>
    Math.max(...parts.map((part) => sizesOf(part)[axis - rank + part.axes.length] ?? 1)),
  );
  return parts.map((part) => tensors.expand(part, sizes, place));
}

export function flattened(tensor: Tensor, start: number, end: number, place: Place): Tensor {
  if (tensor.content.kind === "opaque") return tensor;
  const sizes = sizesOf(tensor);
  if (sizes.length === 0) return tensors.reshape(tensor, [1], place);
  const [from, to] = [fromFront(start, sizes.length), fromFront(end, sizes.length)];
  const merged = product(sizes.slice(from, to + 1));
  return tensors.reshape(tensor, [...sizes.slice(0, from), merged, ...sizes.slice(to + 1)], place);
}

/** Taken along an axis at indices, which replace it. */
export function taken(tensor: Tensor, dim: number, index: Tensor, place: Place): Tensor {
  if (tensor.content.kind === "opaque") return tensor;
  const axis = fromFront(dim, tensor.axes.length);
  const before = Array.from(
    { length: axis },
    () => ({ kind: "slice", start: undefined, stop: undefined, step: 1 }) as const,
  );
  return tensors.index(tensor, [...before, { kind: "tensor", tensor: index }], place);
}

/** Coordinate grids of one-dimensional tensors. */
export function meshgrid(parts: readonly Tensor[], indexing: string, place: Place): Tensor[] {
  const sizes = parts.map((part) => part.axes.reduce((count, axis) => count * sizeOf(axis), 1));
  const grids = parts.map((part, i) => {
    const laid = tensors.reshape(part, sizes.map((size, axis) => (axis === i ? size : 1)), place); // prettier-ignore
    return tensors.expand(laid, sizes, place);
  });
  if (indexing !== "xy" || parts.length < 2) return grids;
  const order = parts.map((_, axis) => (axis < 2 ? 1 - axis : axis));
  return grids.map((grid) => tensors.permute(grid, order, place));
}

/** `count` numbers from `start` to `stop`, both among them where `endpoint`. */
export function linspace(start: number, stop: number, count: number, endpoint: boolean, place: Place): Tensor {
  const step = (stop - start) / Math.max(1, endpoint ? count - 1 : count);
  return tabulated(Array.from({ length: count }, (_, i) => start + i * step), [count], "float", place); // prettier-ignore
}

/** `arange(stop)`, `arange(start, stop)`, `arange(start, stop, step)`. */
export const arange = operation("start end step dtype", (call) => {
  const named = call.has("end");
  const start = named ? call.number("start", 0) : 0;
  const stop = named ? call.number("end") : call.number("start");
  const made = tensors.arange(start, stop, call.number("step", 1), call.place);
  const dtype = dtypeArgument(call);
  return dtype ? tensors.convert(made, dtype) : made;
});

/** A tensor filled with a number, by default of a type of elements. */
export const filled = (value: number, fallback: Tensor["dtype"]): Operation =>
  operation("*size dtype", (call) => tensors.full(call.restInts(), value, dtypeArgument(call) ?? fallback, call.place));
export const filledLike = (value: number): Operation =>
  operation("input dtype", (call) => {
    const like = call.tensor("input");
    if (like.content.kind === "opaque") return like;
    return tensors.full(sizesOf(like), value, dtypeArgument(call) ?? like.dtype, call.place);
  });

/** The type of elements of a Python number. */
export function fullOf(call: Call, sizes: readonly number[], name: string): Tensor {
  const value = call.needed(name);
  const kind = value.kind === "bool" || value.kind === "int" ? value.kind : "float";
  return tensors.full(sizes, call.toNumber(value), dtypeArgument(call) ?? kind, call.place);
}

/** By the names that most frameworks use. */
export const sharedFunctions: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["arange", arange],
  ["zeros", filled(0, "float")],
  ["ones", filled(1, "float")],
  ["empty", filled(0, "float")],
  ["zeros_like", filledLike(0)],
  ["ones_like", filledLike(1)],
  ["empty_like", filledLike(0)],
  ["full", operation("shape fill_value dtype", (call) => fullOf(call, call.ints("shape"), "fill_value"))],
  [
    "full_like",
    operation("input fill_value dtype", (call) => {
      const like = call.tensor("input");
      if (like.content.kind === "opaque") return like;
      return tensors.full(sizesOf(like), call.number("fill_value"), dtypeArgument(call) ?? like.dtype, call.place);
    }),
  ],
  [
    "eye",
    operation("n m dtype", (call) => {
      const made = tensors.eye(call.int("n"), call.optionalInt("m") ?? call.int("n"), call.place);
      return tensors.convert(made, dtypeArgument(call) ?? "float");
    }),
  ],

  ["abs", unaryOperation("abs")],
  ["absolute", unaryOperation("abs")],
  ["__abs__", unaryOperation("abs")],
  ["negative", unaryOperation("-")],
  ["floor", unaryOperation("floor")],
  ["ceil", unaryOperation("ceil")],
  ["trunc", unaryOperation("trunc")],
  ["round", unaryOperation("round")],
  ["sign", unaryOperation("sign")],
  ["log", unaryOperation("log")],
  ["log2", unaryOperation("log2")],
  ["sqrt", unaryOperation("sqrt")],
  ["sin", unaryOperation("sin")],
  ["cos", unaryOperation("cos")],
  ["exp", activation("exp")],
  ["tanh", activation("tanh")],
  ["sigmoid", activation("sigmoid", sigmoid)],
  ["relu", activation("relu", (value) => Math.max(0, value))],
  ["square", operation("input", (call) => squared(call.tensor("input"), call.place))],
  ["rsqrt", operation("input", (call) => tensors.binary("/", 1, tensors.unary("sqrt", call.tensor("input"), call.place), call.place))], // prettier-ignore
  ["reciprocal", operation("input", (call) => tensors.binary("/", 1, call.tensor("input"), call.place))],
  ["exp2", operation("input", (call) => tensors.binary("**", 2, call.tensor("input"), call.place))],
  ["log1p", ofNumbers(Math.log1p)],
  ["expm1", ofNumbers(Math.expm1)],
  ["log10", ofNumbers(Math.log10)],
  ["isnan", ofNumbers((value) => Number(Number.isNaN(value)), "bool")],
  ["isinf", ofNumbers((value) => Number(Math.abs(value) === Infinity), "bool")],
  ["isfinite", ofNumbers((value) => Number(Number.isFinite(value)), "bool")],

  ["add", operatorFunction("+")],
  ["subtract", operatorFunction("-")],
  ["multiply", operatorFunction("*")],
  ["divide", operatorFunction("/")],
  ["true_divide", operatorFunction("/")],
  ["floor_divide", operatorFunction("//")],
  ["mod", operatorFunction("%")],
  ["remainder", operatorFunction("%")],
  ["power", operatorFunction("**")],
  ["equal", operatorFunction("==")],
  ["not_equal", operatorFunction("!=")],
  ["less", operatorFunction("<")],
  ["less_equal", operatorFunction("<=")],
  ["greater", operatorFunction(">")],
  ["greater_equal", operatorFunction(">=")],
  ["bitwise_and", operatorFunction("&")],
  ["bitwise_or", operatorFunction("|")],
  ["bitwise_xor", operatorFunction("^")],
  ["bitwise_not", operation("input", (call) => inverted(call.tensor("input"), call.place))],
  ["bitwise_left_shift", operatorFunction("<<")],
  ["bitwise_right_shift", operatorFunction(">>")],
  ["left_shift", operatorFunction("<<")],
  ["right_shift", operatorFunction(">>")],
  ["maximum", binaryOperation("max")],
  ["minimum", binaryOperation("min")],
  ["logical_and", logicalOperation("and")],
  ["logical_or", logicalOperation("or")],
  ["logical_xor", logicalOperation("xor")],
  [
    "logical_not",
    operation("input", (call) => tensors.unary("not", condition(call.tensor("input"), call), call.place)),
  ],
  [
    "where",
    operation("condition input other", (call) => {
      if (!call.has("input")) throw call.not("of a condition alone");
      return tensors.where(condition(call.tensor("condition"), call), call.operand("input"), call.operand("other"), call.place); // prettier-ignore
    }),
  ],
  [
    "clip",
    operation("input min max", (call) =>
      tensors.clamp(
        call.tensor("input"),
        call.has("min") ? call.number("min") : undefined,
        call.has("max") ? call.number("max") : undefined,
        call.place,
      ),
    ),
  ],
  ["tril", operation("input diagonal", (call) => tensors.triangle(call.tensor("input"), "lower", call.int("diagonal", 0), call.place))], // prettier-ignore
  ["triu", operation("input diagonal", (call) => tensors.triangle(call.tensor("input"), "upper", call.int("diagonal", 0), call.place))], // prettier-ignore
  ["nan_to_num", operation("input nan posinf neginf", (call) => call.tensor("input"))],

  [
    "matmul",
    operation("input other", (call) => tensors.matmul(call.tensor("input"), call.tensor("other"), call.place)),
  ],
  ["einsum", operation("equation *operands", (call) => einsum(call))],
  ["outer", operation("input other", (call) => outer(call.tensor("input"), call.tensor("other"), call.place))],
  ["tensordot", operation("input other dims", (call) => tensordot(call))],
  ["softmax", operation("input dim dtype", (call) => tensors.softmax(call.tensor("input"), call.int("dim", -1), call.place))], // prettier-ignore

  ["sum", operation("input dim keepdim dtype", (call) => summed(call, "sum"))],
  ["mean", operation("input dim keepdim dtype", (call) => summed(call, "mean"))],
  ["prod", reduction(product)],
  ["any", reduction(any, "bool")],
  ["all", reduction(all, "bool")],
  ["amax", operation("input dim keepdim", (call) => extreme(call, "max"))],
  ["amin", operation("input dim keepdim", (call) => extreme(call, "min"))],
  [
    "std",
    operation("input dim keepdim unbiased correction ddof", (call) =>
      tensors.unary("sqrt", varianceOf(call), call.place),
    ),
  ],
  ["var", operation("input dim keepdim unbiased correction ddof", (call) => varianceOf(call))],
  [
    "cumsum",
    operation("input dim dtype", (call) => {
      const tensor = call.tensor("input");
      return tensors.cumulativeSum(tensor, fromFront(call.int("dim", 0), tensor.axes.length), call.place);
    }),
  ],
  [
    "cumprod",
    operation("input dim dtype", (call) =>
      rearranged(call, call.tensor("input"), call.int("dim", 0), (values) => {
        let running = 1;
        return values.map((value) => (running *= value));
      }),
    ),
  ],

  [
    "reshape",
    view(
      "input *shape",
      (call) => tensors.reshape(call.tensor("input"), call.restInts(), call.place),
      (call) => (value) => tensors.reshape(value, sizesOf(call.tensor("input")), call.place),
    ),
  ],
  ["squeeze", view("input dim", (call) => squeezed(call))],
  [
    "expand_dims",
    view(
      "input dim",
      (call) => unsqueezed(call),
      (call) => (value) => tensors.squeeze(value, fromFront(call.int("dim"), call.tensor("input").axes.length + 1)),
    ),
  ],
  ["broadcast_to", view("input *shape", (call) => tensors.expand(call.tensor("input"), call.restInts(), call.place))],
  ["moveaxis", view("input source destination", (call) => moved(call.tensor("input"), call.int("source"), call.int("destination"), call.place))], // prettier-ignore
  ["stack", operation("tensors dim", (call) => tensors.stack(call.tensors("tensors"), axisOfResult(call), call.place))],
  ["concatenate", operation("tensors dim", (call) => concatenated(call))],
  [
    "roll",
    operation("input shifts dims", (call) => {
      const shifts = call.ints("shifts");
      const tensor = call.tensor("input");
      const dims = call.has("dims") ? call.ints("dims") : call.has("dim") ? call.ints("dim") : undefined;
      if (!dims) {
        const flat = flattened(tensor, 0, -1, call.place);
        if (flat.content.kind === "opaque") return flat;
        return tensors.reshape(tensors.roll(flat, shifts[0], 0, call.place), sizesOf(tensor), call.place);
      }
      return dims.reduce(
        (rolled, dim, i) =>
          tensors.roll(rolled, shifts[Math.min(i, shifts.length - 1)], fromFront(dim, tensor.axes.length), call.place),
        tensor,
      );
    }),
  ],
  [
    "flip",
    operation("input dims", (call) => {
      const tensor = call.tensor("input");
      const dims = call.optionalInts("dims") ?? tensor.axes.map((_, axis) => axis);
      return dims.reduce((flipped, dim) => rearranged(call, flipped, dim, (values) => values.toReversed()), tensor);
    }),
  ],
  [
    "diff",
    operation("input", (call) =>
      rearranged(call, call.tensor("input"), -1, (values) => values.slice(1).map((value, i) => value - values[i])),
    ),
  ],
  ["diag", operation("input diagonal", (call) => diagonalOf(call, call.tensor("input"), call.int("diagonal", 0)))],
  [
    "kron",
    operation("input other", (call) => {
      const [left, right] = [call.tensor("input"), call.tensor("other")];
      const [a, b] = [sizesOf(left), sizesOf(right)];
      if (a.length !== b.length) throw call.not("of these arguments");
      const spread = (tensor: Tensor, odd: number): Tensor =>
        tensors.reshape(tensor, sizesOf(tensor).flatMap((size) => (odd === 0 ? [size, 1] : [1, size])), call.place); // prettier-ignore
      const joined = tensors.binary("*", spread(left, 0), spread(right, 1), call.place);
      return tensors.reshape(joined, a.map((size, axis) => size * b[axis]), call.place); // prettier-ignore
    }),
  ],
]);

/** The greatest or the least of known numbers, and the greatest score of a row. */
export function extreme(call: Call, which: "max" | "min"): Tensor {
  const tensor = call.tensor("input");
  const [axes, keep] = [axesOf(call, tensor), call.boolean("keepdim", false)];
  if (tensor.content.kind === "constant" || which === "min" || axes?.length !== 1)
    return reduced(call, tensor, axes, keep, which === "max" ? greatest : least);
  return tensors.greatest(tensor, axes[0], keep, call.place);
}

function varianceOf(call: Call): Tensor {
  const tensor = call.tensor("input");
  return tensors.variance(tensor, axesOf(call, tensor), call.boolean("keepdim", false), call.place);
}

export const squared = (tensor: Tensor, place: Place): Tensor =>
  tensor.content.kind === "constant"
    ? tensors.binary("*", tensor, tensor, place)
    : tensors.activation(tensor, "square", place);

function summed(call: Call, how: "sum" | "mean"): Tensor {
  const tensor = call.tensor("input");
  return tensors[how](tensor, axesOf(call, tensor), call.boolean("keepdim", false), call.place);
}

function einsum(call: Call): Tensor {
  const [first] = call.rest;
  const items = call.rest.length === 1 && (first.kind === "list" || first.kind === "tuple") ? first.items : call.rest;
  return tensors.einsum(
    call.string("equation").replace(/\s+/g, ""),
    items.map((item) => call.toTensor(item)),
    call.place,
  );
}

export function outer(left: Tensor, right: Tensor, place: Place): Tensor {
  const [column, row] = [flattened(left, 0, -1, place), flattened(right, 0, -1, place)];
  if (column.content.kind === "opaque") return column;
  return tensors.binary("*", tensors.unsqueeze(column, 1), row, place);
}

function tensordot(call: Call): Tensor {
  if (call.int("dims", 2) !== 1) throw call.not("over several axes");
  return tensors.matmul(call.tensor("input"), call.tensor("other"), call.place);
}

function squeezed(call: Call): Tensor {
  const tensor = call.tensor("input");
  const axes = axesOf(call, tensor);
  if (!axes) return tensors.squeeze(tensor, undefined);
  return axes.toSorted((a, b) => b - a).reduce((squeezed, axis) => tensors.squeeze(squeezed, axis), tensor);
}

export function unsqueezed(call: Call): Tensor {
  const tensor = call.tensor("input");
  return tensors.unsqueeze(tensor, fromFront(call.int("dim"), tensor.axes.length + 1));
}

function axisOfResult(call: Call): number {
  const [first] = call.tensors("tensors");
  return fromFront(call.int("dim", 0), (first?.axes.length ?? 0) + 1);
}

function concatenated(call: Call): Tensor {
  const parts = call.tensors("tensors");
  const opaque = parts.find((part) => part.content.kind === "opaque");
  if (opaque) return opaque;
  return tensors.concatenate(parts, fromFront(call.int("dim", 0), parts[0]?.axes.length ?? 0), call.place);
}

/** A vector's matrix, or a matrix's diagonal. */
function diagonalOf(call: Call, tensor: Tensor, offset: number): Tensor {
  const numbers = numbersOf(tensor);
  const sizes = sizesOf(tensor);
  if (!numbers || sizes.length > 2) return opaqueOr(tensor, `\`${call.name}\` is not understood`, call.place);
  const [down, across] = [Math.max(0, -offset), Math.max(0, offset)];
  if (sizes.length === 1) {
    const size = sizes[0] + Math.abs(offset);
    const values = new Array<number>(size * size).fill(0);
    for (const [i, value] of numbers.entries()) values[(i + down) * size + i + across] = value;
    return tabulated(values, [size, size], tensor.dtype, call.place);
  }
  const length = Math.max(0, Math.min(sizes[0] - down, sizes[1] - across));
  const values = Array.from({ length }, (_, i) => numbers[(i + down) * sizes[1] + i + across]);
  return tabulated(values, [length], tensor.dtype, call.place);
}

/** What random functions give: numbers that nobody knows. */
export const randomTensor = (sizes: readonly number[], place: Place): Tensor => tensors.parameter(sizes, false, place);

/** Runs what may not be understood; an opaque tensor where it is not. */
export function understood(run: () => Tensor): Tensor {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    return tensors.opaque(error.reason, error.place);
  }
}
