/** What a tensor of Python code keeps: an abstract tensor that operations in place replace, and of what it is a view. */
import { axesIn, coordinate, valueAt } from "../../graph/expressions";
import { tensors } from "../../graph/operations";
import type { IndexExpression } from "../../graph/indexExpression";
import type { MaskSource, Place } from "../../graph/nodes";
import { sizesOf, type Tensor, type TensorIndex } from "../../graph/tensor";
import type { Native, Value } from "../values";

/** Shares the memory of another tensor: made again where that has changed, and changed with it. */
export interface View {
  of: TensorState;
  make: () => Tensor;
  /** The other tensor after this one became `value`; undefined where that cannot be told. */
  write: ((value: Tensor) => Tensor) | undefined;
  /** The indices of the other tensor at which this one is, where it is a part of it. */
  indices?: readonly TensorIndex[];
}

/** So many changes of entries are kept as such; after them the numbers are written out, as loops over entries need. */
const keptChanges = 8;

export class TensorState {
  /** Counts the changes in place. */
  private version = 0;
  private seen: number;
  /** Numbers that a parameter starts with where they are known; they count once it is not trained. */
  private initial: Tensor | undefined;
  private entriesWritten = 0;
  /** The numbers, where entries of them were written since the tensor was read. */
  private numbers: { values: number[]; place: Place } | undefined;

  constructor(
    /** Undefined for a view that nobody has read. */
    private tensor: Tensor | undefined,
    private readonly view?: View,
    /** Whether a module that has this tensor has it among its parameters. */
    readonly isParameter = false,
  ) {
    this.seen = view?.of.changes ?? 0;
    if (isParameter && tensor?.content.kind === "constant") this.initial = tensor;
  }

  /** A parameter that starts as a tensor. */
  static parameter(start: Tensor, trainable: boolean, place: Place): TensorState {
    const state = new TensorState(start, undefined, true);
    state.train(trainable, place);
    return state;
  }

  private get changes(): number {
    return this.version + (this.view?.of.changes ?? 0);
  }

  get value(): Tensor {
    const changes = this.view?.of.changes ?? 0;
    if (this.view && (changes !== this.seen || !this.tensor)) {
      this.tensor = this.view.make();
      this.seen = changes;
    }
    const { numbers } = this;
    const tensor = this.tensor!;
    if (!numbers) return tensor;
    this.numbers = undefined;
    return (this.tensor = tabulated(numbers.values, sizesOf(tensor), tensor.dtype, numbers.place));
  }

  /** Writes a number at indices, one by one of many; false where that has to be done as any other change. */
  writesEntry(indices: readonly TensorIndex[], value: number, place: Place): boolean {
    if (this.view) {
      const { of, indices: own } = this.view;
      return own?.every(({ kind }) => kind === "at") === true && of.writesEntry([...own, ...indices], value, place);
    }
    if (this.isParameter || ++this.entriesWritten <= keptChanges) return false;
    const tensor = this.numbers ? this.tensor! : this.value;
    const sizes = sizesOf(tensor);
    if (tensor.content.kind !== "constant" || indices.length !== sizes.length) return false;
    let at = 0;
    for (const [axis, index] of indices.entries()) {
      if (index.kind !== "at" || index.index < -sizes[axis] || index.index >= sizes[axis]) return false;
      at = at * sizes[axis] + (index.index < 0 ? index.index + sizes[axis] : index.index);
    }
    const values = this.numbers?.values ?? numbersOf(tensor);
    if (!values) return false;
    values[at] = tensor.dtype === "bool" ? Number(value !== 0) : tensor.dtype === "int" ? Math.trunc(value) : value;
    this.numbers = { values, place };
    this.version++;
    return true;
  }

  /** Changes the tensor in place. What a trained parameter starts with does not matter. */
  replace(tensor: Tensor, place: Place): void {
    if (this.view) {
      const { of, write } = this.view;
      of.replace(write?.(tensor) ?? tensors.opaque("a tensor changed in place through a view of it", place), place);
      if (write) return;
    }
    this.version++;
    this.numbers = undefined;
    if (this.isParameter) {
      this.initial = tensor;
      if (this.isTrainable) return;
    }
    this.tensor = tensor;
  }

  get isTrainable(): boolean {
    const { content } = this.value;
    return content.kind === "parameter" && content.trainable;
  }

  /** Begins or ends training of a parameter. */
  train(trainable: boolean, place: Place): void {
    if (!this.isParameter) return;
    const { value } = this;
    const sizes = sizesOf(value);
    this.version++;
    this.tensor =
      value.content.kind === "opaque"
        ? value
        : trainable
          ? tensors.parameter(sizes, true, place)
          : (this.initial ?? tensors.parameter(sizes, false, place));
  }

  copy(): TensorState {
    const state = new TensorState(this.value, undefined, this.isParameter);
    state.initial = this.initial;
    return state;
  }

  /** The numbers it starts with are random ones. */
  randomise(place: Place): void {
    this.replace(tensors.parameter(sizesOf(this.value), false, place), place);
  }
}

export type TensorNative = Native & { data: TensorState };
export const isTensor = (value: Value): value is TensorNative =>
  value.kind === "native" && value.data instanceof TensorState;
export const tensorOf = (native: TensorNative): Tensor => native.data.value;

/** Numbers, nested lists of them and tensors as a tensor; what is unknown is an opaque one; undefined for anything else. */
export function asTensor(value: Value, place: Place): Tensor | undefined {
  switch (value.kind) {
    case "native":
      return isTensor(value) ? tensorOf(value) : undefined;
    case "unknown":
      return tensors.opaque(value.reason, value.place);
    case "bool":
      return tensors.literal(value.value, "bool", place);
    case "int":
      return tensors.literal(value.value, "int", place);
    case "float":
      return tensors.literal(value.value, "float", place);
    case "list":
    case "tuple": {
      if (isLarge(value)) return undefined;
      const data = numbersIn(value);
      if (data) return tensors.literal(data.data, data.dtype, place);
      const parts = value.items.map((item) => asTensor(item, place));
      return parts.every((part) => part !== undefined) ? tensors.stack(parts, 0, place) : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether nested lists, which may hold one another many times over, come to more than is written out. */
function isLarge(value: Value): boolean {
  let left = written;
  const visit = (item: Value, depth: number): boolean =>
    --left < 0 || depth > mostAxes || ((item.kind === "list" || item.kind === "tuple") && item.items.some((part) => visit(part, depth + 1))); // prettier-ignore
  return visit(value, 0);
}
/** More than any tensor has. */
const mostAxes = 32;

type Nested = number | Nested[];
const ranks = { bool: 0, int: 1, float: 2 };

/** Nested lists of Python's numbers as such, and the type that holds them all. */
function numbersIn(value: Value & { kind: "list" | "tuple" }): { data: Nested[]; dtype: Tensor["dtype"] } | undefined {
  let dtype: Tensor["dtype"] | undefined;
  const visit = (item: Value): Nested | undefined => {
    if (item.kind === "list" || item.kind === "tuple") {
      const items = item.items.map(visit);
      return items.every((part) => part !== undefined) ? items : undefined;
    }
    if (item.kind !== "bool" && item.kind !== "int" && item.kind !== "float") return undefined;
    if (dtype === undefined || ranks[item.kind] > ranks[dtype]) dtype = item.kind;
    return Number(item.value);
  };
  const data = visit(value);
  return Array.isArray(data) ? { data, dtype: dtype ?? "float" } : undefined;
}

/** More numbers than this are not written out. */
const written = 1 << 20;

let work = 0;
/** An operation on tensors is as much work as so many steps of Python. */
const operationSteps = 30;

/** Steps for an operation, and for the numbers that were written out since it was last asked. */
export function stepsTaken(): number {
  const steps = operationSteps + Math.floor(work / 10);
  work = 0;
  return steps;
}

/** All numbers of a constant, row by row; undefined where they are not known or too many. */
export function numbersOf(tensor: Tensor): number[] | undefined {
  const sizes = sizesOf(tensor);
  return tensor.content.kind === "constant" ? numbers(tensor.content.element, sizes) : undefined;
}

function numbers(element: IndexExpression, sizes: readonly number[]): number[] | undefined {
  const count = sizes.reduce((product, size) => product * size, 1);
  if (count > written) return undefined;
  work += count;
  const values = new Array<number>(count);
  const at = sizes.map(() => 0);
  for (let i = 0; i < count; i++) {
    values[i] = valueAt(element, at);
    for (let axis = sizes.length - 1; axis >= 0 && ++at[axis] === sizes[axis]; axis--) at[axis] = 0;
  }
  return values;
}

export const other: MaskSource = { kind: "other" };

/** A constant of these numbers, row by row. */
export function tabulated(
  values: readonly number[],
  sizes: readonly number[],
  dtype: Tensor["dtype"],
  place: Place,
  source: MaskSource = other,
): Tensor {
  const [value] = values;
  const element: IndexExpression =
    values.length === 1
      ? { kind: "number", value, literal: undefined }
      : { kind: "table", values, sizes, indices: sizes.map((_, axis) => coordinate(axis)) };
  return tensors.constant(sizes, element, dtype, place, source);
}

/**
 * A constant whose elements are a function of another's elements, or of several's that are laid out alike: worked out only along the
 * axes on which they depend. Undefined where they are not known, or too many.
 */
export function elementwise(
  parts: readonly Tensor[],
  run: (...values: number[]) => number,
  dtype: Tensor["dtype"],
  place: Place,
): Tensor | undefined {
  const sizes = parts.reduce<readonly number[]>((most, part) => broadcast(most, sizesOf(part)), []);
  const axes = new Set<number>();
  const elements: IndexExpression[] = [];
  for (const part of parts) {
    if (part.content.kind !== "constant") return undefined;
    const own = sizesOf(part);
    const shift = sizes.length - own.length;
    for (const axis of axesIn(part.content.element)) if (own[axis] > 1) axes.add(axis + shift);
    elements.push(part.content.element);
  }
  const kept = [...axes].sort((a, b) => a - b);
  const count = kept.reduce((product, axis) => product * sizes[axis], 1);
  if (count > written) return undefined;
  work += count;
  const values = new Array<number>(count);
  const at = sizes.map(() => 0);
  for (let i = 0; i < count; i++) {
    values[i] = run(
      ...elements.map((element, part) => {
        const own = sizesOf(parts[part]);
        return valueAt(element, own.map((size, axis) => (size === 1 ? 0 : at[axis + sizes.length - own.length]))); // prettier-ignore
      }),
    );
    for (let k = kept.length - 1; k >= 0 && ++at[kept[k]] === sizes[kept[k]]; k--) at[kept[k]] = 0;
  }
  const element: IndexExpression =
    kept.length === 0
      ? { kind: "number", value: values[0], literal: undefined }
      : { kind: "table", values, sizes: kept.map((axis) => sizes[axis]), indices: kept.map(coordinate) };
  return tensors.constant(sizes, element, dtype, place, other);
}

/** The sizes of two tensors together, aligned at the end; the larger where they do not agree. */
function broadcast(left: readonly number[], right: readonly number[]): number[] {
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(left[axis - rank + left.length] ?? 1, right[axis - rank + right.length] ?? 1),
  );
}
