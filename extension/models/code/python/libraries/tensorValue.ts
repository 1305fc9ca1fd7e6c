/**
 * Tensors as Python values: operators, indices, shapes and changes in place, which frameworks share. What a framework calls its
 * operations it says itself (`tensorFamily`).
 */
import { tensors } from "../../graph/operations";
import type { BinaryOperation } from "../../graph/indexExpression";
import type { Place } from "../../graph/nodes";
import { sizesOf, type Tensor, type TensorIndex } from "../../graph/tensor";
import {
  bool,
  float,
  int,
  list,
  nativeFunction,
  tuple,
  unknown,
  type Arguments,
  type At,
  type Native,
  type NativeType,
  type Value,
} from "../values";
import { Call, NotUnderstood, withSelf, type Operation, type Result } from "./call";
import { dtypeOf, dtypeValue, inert } from "./dtypes";
import {
  asTensor,
  elementwise,
  isTensor,
  numbersOf,
  tabulated,
  stepsTaken,
  tensorOf,
  TensorState,
  type TensorNative,
} from "./tensorState";

/** A framework's tensors: how its operations give them, and its functions and methods. */
export interface TensorFamily {
  type: NativeType;
  wrap(tensor: Tensor): TensorNative;
  /** A function of the framework as a value; `name` as in messages: "torch.cat". */
  function(name: string, operation: Operation): Native;
  /** Runs an operation; what is not understood of it gives an opaque tensor. */
  run(name: string, operation: Operation, args: Arguments, at: At): Value;
}

export interface FamilySpec {
  /** As in messages: "a tensor". */
  name: string;
  /** What messages put before a method's name: "Tensor". */
  prefix: string;
  /** By name; the first argument is the tensor. */
  methods: ReadonlyMap<string, Operation>;
  attributes?: (self: TensorNative, name: string, at: At) => Value | undefined;
  setAttribute?: (self: TensorNative, name: string, value: Value, at: At) => boolean;
  /** Whether a name that ends in `_` is the operation without it, in place. */
  underscores: boolean;
  /** Whether tensors can be changed in place at all. */
  mutable: boolean;
}

/** No more items of a tensor are handed out by iterating over it. */
const iterated = 1024;

export function tensorFamily(spec: FamilySpec): TensorFamily {
  const wrap = (tensor: Tensor): TensorNative => ({ kind: "native", type, data: new TensorState(tensor) });

  const give = (result: Result, view: ((index: number | undefined) => TensorState) | undefined): Value => {
    if (Array.isArray(result)) {
      return tuple(
        (result as readonly Tensor[]).map((tensor, index) =>
          view ? { kind: "native", type, data: view(index) } : wrap(tensor),
        ),
      );
    }
    const single = result as Tensor | Value;
    if ("kind" in single) return single;
    return view ? { kind: "native", type, data: view(undefined) } : wrap(single);
  };

  const run = (name: string, operation: Operation, args: Arguments, at: At): Value => {
    try {
      const call = new Call(name, operation.signature, args, at);
      const result = operation.run(call);
      at.interpreter.spend(stepsTaken());
      const [base] = args.positional;
      if (!operation.view || !base || !isTensor(base)) return give(result, undefined);
      const again = (): Result => operation.run(call);
      return give(result, (index) => {
        const of = (from: Result): Tensor =>
          (index === undefined ? from : (from as readonly Tensor[])[index]) as Tensor;
        const write = operation.write && index === undefined ? operation.write(call) : undefined;
        return new TensorState(of(result), { of: base.data, make: () => of(again()), write });
      });
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      return wrap(tensors.opaque(error.reason, error.place));
    }
  };

  const inPlace = (self: TensorNative, value: Value, place: Place): Value => {
    const tensor = asTensor(value, place) ?? tensors.opaque("a tensor changed in place", place);
    self.data.replace(tensor, place);
    return self;
  };

  const method = (self: TensorNative, name: string): Value | undefined => {
    const label = `${spec.prefix}.${name}`;
    const operation = spec.methods.get(name);
    if (operation) return nativeFunction(label, (args, at) => run(label, operation, withSelf(self, args), at));
    const outOfPlace = spec.underscores && /[^_]_$/.test(name) ? spec.methods.get(name.slice(0, -1)) : undefined;
    return (
      outOfPlace &&
      nativeFunction(label, (args, at) => inPlace(self, run(label, outOfPlace, withSelf(self, args), at), at.place))
    );
  };

  const type: NativeType = {
    name: spec.name,
    attribute: (native, name, at) => {
      const self = native as TensorNative;
      const tensor = tensorOf(self);
      return (
        spec.attributes?.(self, name, at) ??
        attributeOf(tensor, name, wrap, at) ??
        method(self, name) ??
        nativeFunction(`${spec.prefix}.${name}`, (_args, { place }) =>
          wrap(opaqueOr(tensor, `\`${spec.prefix}.${name}\` is not understood`, place)),
        )
      );
    },
    setAttribute: (native, name, value, at) => spec.setAttribute?.(native as TensorNative, name, value, at) ?? false,
    item: (native, index, at) => {
      const self = native as TensorNative;
      try {
        const indices = toIndices(index, at.place);
        const taken = (): Tensor => tensors.index(tensorOf(self), indices, at.place);
        const write = (value: Tensor): Tensor => assigned(tensorOf(self), indices, value, at.place);
        // Indices that are tensors copy.
        if (!spec.mutable || indices.some(({ kind }) => kind === "tensor")) return wrap(taken());
        return {
          kind: "native",
          type,
          data: new TensorState(undefined, { of: self.data, make: taken, write, indices }),
        };
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error;
        return wrap(tensors.opaque(error.reason, error.place));
      }
    },
    setItem: (native, index, value, at) => {
      if (!spec.mutable) return false;
      const self = native as TensorNative;
      let after: Tensor;
      try {
        const indices = toIndices(index, at.place);
        const written = value.kind === "int" || value.kind === "float" ? value.value : asTensor(value, at.place);
        const number = typeof written === "number" ? written : written && scalarOf(written);
        if (number !== undefined && self.data.writesEntry(indices, number, at.place)) return true;
        after =
          written === undefined
            ? tensors.opaque("what is written into a tensor", at.place)
            : assigned(tensorOf(self), indices, written, at.place);
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error;
        after = tensors.opaque(error.reason, error.place);
      }
      self.data.replace(after, at.place);
      at.interpreter.spend(stepsTaken());
      return true;
    },
    binary: (self, op, other, reflected, at) => {
      const tensor = tensorOf(self as TensorNative);
      const operand = other.kind === "int" || other.kind === "float" ? other.value : asTensor(other, at.place);
      if (operand === undefined) return op === "==" ? bool(false) : op === "!=" ? bool(true) : undefined;
      const [left, right] = reflected ? [operand, tensor] : [tensor, operand];
      const result = binaryOperator(op, left, right, at.place);
      at.interpreter.spend(stepsTaken());
      return result && wrap(result);
    },
    ...(spec.mutable && {
      inPlace: (self: Native, result: Native, { place }: At) =>
        (self as TensorNative).data.replace(tensorOf(result as TensorNative), place),
    }),
    unary: (native, op, { place }) => {
      const tensor = tensorOf(native as TensorNative);
      switch (op) {
        case "-":
          return wrap(tensors.unary("-", tensor, place));
        case "+":
          return native;
        case "~":
          return wrap(inverted(tensor, place));
        case "not":
          return undefined;
      }
    },
    iterate: (native, at) => {
      const tensor = tensorOf(native as TensorNative);
      const [first] = sizesOf(tensor);
      if (tensor.content.kind === "opaque" || first === undefined || first > iterated) return undefined;
      return Array.from({ length: first }, (_, index) => type.item!(native, int(index, at.place), at));
    },
    copy: (native) => ({ ...native, data: (native as TensorNative).data.copy() }),
    problem: (native) => {
      const { content } = tensorOf(native as TensorNative);
      return content.kind === "opaque" ? unknown(content.opaque.reason, content.opaque.place) : undefined;
    },
    length: (native, { place }) => {
      const tensor = tensorOf(native as TensorNative);
      const [first] = sizesOf(tensor);
      return tensor.content.kind === "opaque" || first === undefined ? undefined : int(first, place);
    },
    truth: (native) => {
      const numbers = numbersOf(tensorOf(native as TensorNative));
      return numbers?.length === 1 ? numbers[0] !== 0 : undefined;
    },
  };

  return {
    type,
    wrap,
    function: (name, operation) => nativeFunction(name, (args, at) => run(name, operation, args, at)),
    run,
  };
}

/** Opaque for a reason of its own, or for the reason for which its argument is. */
export const opaqueOr = (tensor: Tensor, reason: string, place: Place): Tensor =>
  tensor.content.kind === "opaque" ? tensor : tensors.opaque(reason, place);

/** Attributes that all frameworks have. */
function attributeOf(tensor: Tensor, name: string, wrap: (tensor: Tensor) => Native, at: At): Value | undefined {
  const { place } = at;
  const { content } = tensor;
  switch (name) {
    case "shape":
      return content.kind === "opaque" ? unknown(content.opaque.reason, content.opaque.place) : shapeOf(tensor, place);
    case "ndim":
      return content.kind === "opaque"
        ? unknown(content.opaque.reason, content.opaque.place)
        : int(tensor.axes.length, place);
    case "T":
      return wrap(tensors.permute(tensor, reversed(tensor.axes.length), place));
    case "mT":
      return wrap(transposed(tensor, -2, -1, place));
    case "dtype":
      return content.kind === "opaque"
        ? unknown(content.opaque.reason, content.opaque.place)
        : dtypeValue(tensor.dtype);
    case "device":
      return inert;
    default:
      return undefined;
  }
}

export const shapeOf = (tensor: Tensor, place: Place): Value => tuple(sizesOf(tensor).map((size) => int(size, place)));

const reversed = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => rank - 1 - axis);

/** An axis counted from the front. */
export const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

export function transposed(tensor: Tensor, first: number, second: number, place: Place): Tensor {
  const rank = tensor.axes.length;
  if (tensor.content.kind === "opaque") return tensor;
  const [a, b] = [fromFront(first, rank), fromFront(second, rank)];
  if (!(a >= 0 && a < rank && b >= 0 && b < rank))
    return tensors.opaque("a transposition of axes that are not there", place);
  const order = tensor.axes.map((_, axis) => (axis === a ? b : axis === b ? a : axis));
  return tensors.permute(tensor, order, place);
}

/** Whether a tensor is an image as the model gets it, whose third axis is its patches (see `tensors.image`). */
export const isImage = ({ axes, content }: Tensor): boolean =>
  axes.length === 4 && axes[3].length === 0 && content.kind === "stream" && content.node.op === "input" && !content.node.discrete; // prettier-ignore

/** The axis `from` moved to `to`. */
export function moved(tensor: Tensor, from: number, to: number, place: Place): Tensor {
  const rank = tensor.axes.length;
  if (tensor.content.kind === "opaque") return tensor;
  const order = tensor.axes.map((_, axis) => axis);
  const [axis] = order.splice(fromFront(from, rank), 1);
  order.splice(fromFront(to, rank), 0, axis);
  return tensors.permute(tensor, order, place);
}

/** `~`: not, for conditions. */
export function inverted(tensor: Tensor, place: Place): Tensor {
  if (tensor.dtype !== "int") return tensors.unary("not", tensor, place);
  return tensors.binary("-", tensors.unary("-", tensor, place), 1, place);
}

/** Python's operators that are operations of the same name. */
const operators = new Set<string>(["+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=", "<<", ">>"]);
const logical = { "&": "and", "|": "or", "^": "xor" } as const;

/** An operator of Python on tensors; undefined where it is none. */
export function binaryOperator(
  op: string,
  left: Tensor | number,
  right: Tensor | number,
  place: Place,
): Tensor | undefined {
  // prettier-ignore
  if (op === "@") return product(toTensor(left, place), toTensor(right, place), place);
  if (operators.has(op)) return tensors.binary(op as BinaryOperation, left, right, place);
  if (op === "&" || op === "|" || op === "^") {
    const [a, b] = [toTensor(left, place), toTensor(right, place)];
    if (isCondition(a) && isCondition(b)) return tensors.binary(logical[op], a, b, place);
    return elementwise([a, b], bitwise[op], "int", place) ?? tensors.opaque(`\`${op}\` of numbers`, place);
  }
  return undefined;
}

/** A matrix product; of known numbers it is worked out. */
function product(left: Tensor, right: Tensor, place: Place): Tensor {
  const [a, b] = [numbersOf(left), numbersOf(right)];
  const [rows, inner = 0] = sizesOf(left);
  const [height, columns = 0] = sizesOf(right);
  if (
    !a ||
    !b ||
    left.axes.length !== 2 ||
    right.axes.length !== 2 ||
    inner !== height ||
    rows * inner * columns > 1 << 22
  )
    return tensors.matmul(left, right, place);
  const values = Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a[row * inner + k] * b[k * columns + column];
    return sum;
  });
  return tabulated(values, [rows, columns], left.dtype === "float" ? "float" : right.dtype, place);
}

const isCondition = (tensor: Tensor): boolean => tensor.dtype === "bool" || tensor.content.kind === "opaque";
const bitwise = {
  "&": (a: number, b: number) => Number(BigInt(a) & BigInt(b)),
  "|": (a: number, b: number) => Number(BigInt(a) | BigInt(b)),
  "^": (a: number, b: number) => Number(BigInt(a) ^ BigInt(b)),
};

export const toTensor = (operand: Tensor | number, place: Place): Tensor =>
  typeof operand === "number" ? tensors.literal(operand, Number.isInteger(operand) ? "int" : "float", place) : operand;

/** An index of Python as indices of the axes. */
export function toIndices(index: Value, place: Place): TensorIndex[] {
  return index.kind === "tuple" ? index.items.map((item) => toIndex(item, place)) : [toIndex(index, place)];
}

function toIndex(index: Value, place: Place): TensorIndex {
  switch (index.kind) {
    case "int":
      return { kind: "at", index: index.value };
    case "none":
      return { kind: "new-axis" };
    case "ellipsis":
      return { kind: "rest" };
    case "slice":
      return {
        kind: "slice",
        start: bound(index.start, place),
        stop: bound(index.stop, place),
        step: bound(index.step, place) ?? 1,
      };
    case "unknown":
      throw new NotUnderstood(index.reason, index.place);
    default: {
      const tensor = index.kind === "bool" ? undefined : asTensor(index, place);
      if (!tensor) throw new NotUnderstood("this index is not understood", place);
      return { kind: "tensor", tensor };
    }
  }
}

function bound(value: Value, place: Place): number | undefined {
  if (value.kind === "none") return undefined;
  if (value.kind === "int") return value.value;
  if (value.kind === "unknown") throw new NotUnderstood(value.reason, value.place);
  const numbers = isTensor(value) ? numbersOf(tensorOf(value)) : undefined;
  if (numbers?.length === 1 && Number.isInteger(numbers[0])) return numbers[0];
  throw new NotUnderstood("this slice is not understood", place);
}

/** The number of a constant without axes. */
const scalarOf = ({ axes, content }: Tensor): number | undefined =>
  axes.length === 0 && content.kind === "constant" && content.element.kind === "number" ? content.element.value : undefined; // prettier-ignore

/** `of[indices] = value`, conditions as indices among them. */
function assigned(of: Tensor, indices: readonly TensorIndex[], value: Tensor | number, place: Place): Tensor {
  const [first] = indices;
  if (indices.filter(({ kind }) => kind === "tensor").length > 1) return scattered(of, indices, value, place);
  if (indices.length !== 1 || first.kind !== "tensor" || first.tensor.dtype !== "bool")
    return tensors.assign(of, indices, value, place);
  let condition = first.tensor;
  while (condition.axes.length < of.axes.length) condition = tensors.unsqueeze(condition, condition.axes.length);
  if (typeof value !== "number" && value.axes.length > 0)
    return tensors.opaque("values written where a condition holds", place);
  return tensors.where(condition, value, of, place);
}

/** `of[rows, columns] = value`: entries of known numbers, one by one. */
function scattered(of: Tensor, indices: readonly TensorIndex[], value: Tensor | number, place: Place): Tensor {
  const numbers = numbersOf(of)?.slice();
  const sizes = sizesOf(of);
  const parts = indices.map((index) =>
    index.kind === "tensor" ? index.tensor : index.kind === "at" ? toTensor(index.index, place) : undefined,
  );
  const known = parts.every((part) => part?.content.kind === "constant" && part.dtype !== "bool");
  if (!numbers || !known || parts.length > sizes.length) return tensors.opaque("entries written one by one", place);
  const inner = sizes.slice(parts.length).reduce((count, size) => count * size, 1);
  const start = elementwise(
    parts as Tensor[],
    (...at) =>
      at.reduce((sum, index, axis) => sum * sizes[axis] + (index < 0 ? index + sizes[axis] : index), 0) * inner,
    "int",
    place,
  );
  const starts = start && numbersOf(start);
  const written =
    start &&
    numbersOf(tensors.expand(toTensor(value, place), [...sizesOf(start), ...sizes.slice(parts.length)], place));
  if (!starts || !written) return tensors.opaque("entries written one by one", place);
  for (const [i, from] of starts.entries()) for (let k = 0; k < inner; k++) numbers[from + k] = written[i * inner + k];
  return tabulated(numbers, sizes, of.dtype, place);
}

/** Elements as Python's numbers, nested by axis. */
export function toPython(tensor: Tensor, place: Place): Value {
  const numbers = numbersOf(tensor);
  if (!numbers) {
    const { content } = tensor;
    return content.kind === "opaque"
      ? unknown(content.opaque.reason, content.opaque.place)
      : unknown("a number that depends on the data", place);
  }
  const sizes = sizesOf(tensor);
  const scalar = (value: number): Value =>
    tensor.dtype === "bool" ? bool(value !== 0) : tensor.dtype === "int" ? int(value, place) : float(value);
  const nest = (axis: number, from: number, to: number): Value => {
    if (axis === sizes.length) return scalar(numbers[from]);
    const step = (to - from) / sizes[axis];
    return list(Array.from({ length: sizes[axis] }, (_, i) => nest(axis + 1, from + i * step, from + (i + 1) * step)));
  };
  return nest(0, 0, numbers.length);
}

/** The type of elements that an argument names, if it is there. */
export function dtypeArgument(call: Call, name = "dtype"): Tensor["dtype"] | undefined {
  const value = call.value(name);
  if (!value) return undefined;
  const dtype = dtypeOf(value);
  if (!dtype) throw call.not(`with this \`${name}\``);
  return dtype;
}
