/**
 * Kernels of the WASM backend in place of those that TensorFlow.js 4.22 registers there. Of the library's own:
 *
 * - Products are fast of two plain matrices only; a batch or a transposed operand takes some ten times longer.
 * - They keep what they have prepared of a right operand by the operand's buffer alone, so one buffer used under two shapes gives wrong numbers.
 * - Sums over rows, which are the gradient of every bias, go through a transposed copy.
 * - A tensor is copied for every gradient that needs it, and read as a whole for every piece that it is split into.
 * - All run on one thread. Products and the commonest elementwise operations, nine tenths of a training step, run on several here.
 */
import {
  _FusedMatMul,
  Add,
  backend_util,
  BatchMatMul,
  broadcast_util,
  Elu,
  getKernel,
  Identity,
  LeakyRelu,
  Multiply,
  Prelu,
  registerKernel,
  Relu,
  Relu6,
  Sigmoid,
  SplitV,
  Square,
  Sub,
  Sum,
  unregisterKernel,
  util,
} from "@tensorflow/tfjs-core";
import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { Kernels, WasmMemory } from "./kernels";

/** What the compiled module of TensorFlow.js exports, as far as it is used here. Addresses are bytes from the start of its memory. */
export interface WasmModule {
  HEAPU8: Uint8Array;
  asm: { memory: WasmMemory };
  _malloc: (bytes: number) => number;
  _free: (address: number) => void;
}

const bytesPerElement = 4;

/** Replaces kernels of a WASM backend that has been brought up. */
export function registerKernels(backend: BackendWasm, kernels: Kernels): void {
  const module = backend.wasm as unknown as WasmModule;
  const multiply = multiplier(backend, kernels);
  replace(BatchMatMul, ({ inputs, attrs }) => multiply(required(inputs.a), required(inputs.b), attrs));
  replace(_FusedMatMul, ({ inputs, attrs }) => {
    const product = multiply(required(inputs.a), required(inputs.b), attrs);
    const { bias, preluActivationWeights } = inputs;
    const sum = bias ? then(backend, product, Add, { a: product, b: bias }) : product;
    switch (attrs?.activation) {
      case "relu":
        return then(backend, sum, Relu, { x: sum });
      case "relu6":
        return then(backend, sum, Relu6, { x: sum });
      case "elu":
        return then(backend, sum, Elu, { x: sum });
      case "sigmoid":
        return then(backend, sum, Sigmoid, { x: sum });
      case "leakyrelu":
        return then(backend, sum, LeakyRelu, { x: sum }, { alpha: attrs.leakyreluAlpha });
      case "prelu":
        return then(backend, sum, Prelu, { x: sum, alpha: preluActivationWeights });
      default:
        return sum;
    }
  });

  for (const [kernelName, operation] of Object.entries({ [Add]: 1, [Sub]: 2, [Multiply]: 3, [Square]: 3 })) {
    const stock = getKernel(kernelName, "wasm").kernelFunc;
    replace(kernelName, (parameters) => {
      const a = required(parameters.inputs.a ?? parameters.inputs.x);
      const b = required(parameters.inputs.b ?? parameters.inputs.x);
      const shape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
      const common = asMatrices(a.shape, b.shape, shape);
      if (a.dtype !== "float32" || b.dtype !== "float32" || common === undefined) return stock(parameters);
      const out = backend.makeOutput(shape, "float32");
      const [aAt, bAt, outAt] = [a, b, out].map(({ dataId }) => backend.getMemoryOffset(dataId));
      const { rows, columns, operands } = common;
      const [[nextA, stepA], [nextB, stepB]] = operands;
      kernels.combine(operation, aAt, nextA, stepA, bAt, nextB, stepB, outAt, rows, columns);
      return out;
    });
  }

  replace(Identity, ({ inputs }) => {
    const { dataId, shape, dtype } = required(inputs.x);
    backend.incRef(dataId);
    return { dataId, shape, dtype };
  });

  const split = getKernel(SplitV, "wasm").kernelFunc;
  replace(SplitV, (parameters) => {
    const x = required(parameters.inputs.x);
    const { numOrSizeSplits, axis } = parameters.attrs as { numOrSizeSplits: number | number[]; axis: number };
    if (axis !== 0 || x.dtype !== "float32") return split(parameters);
    let from = backend.getMemoryOffset(x.dataId);
    return backend_util.prepareSplitSize(x, numOrSizeSplits, axis).map((rows) => {
      const piece = backend.makeOutput([rows, ...x.shape.slice(1)], "float32");
      const to = from + util.sizeFromShape(piece.shape) * bytesPerElement;
      module.HEAPU8.copyWithin(backend.getMemoryOffset(piece.dataId), from, to);
      from = to;
      return piece;
    });
  });

  const sum = getKernel(Sum, "wasm").kernelFunc;
  replace(Sum, (parameters) => {
    const x = required(parameters.inputs.x);
    const { axis, keepDims } = parameters.attrs as { axis: number | number[]; keepDims: boolean };
    const axes = util.parseAxisParam(axis, x.shape);
    const overRows = axes.length < x.shape.length && axes.every((at, index) => at === index);
    const rows = util.sizeFromShape(x.shape.slice(0, axes.length));
    const columns = util.sizeFromShape(x.shape.slice(axes.length));
    if (!overRows || x.dtype !== "float32" || rows * columns === 0) return sum(parameters);
    const shape = [...(keepDims ? axes.map(() => 1) : []), ...x.shape.slice(axes.length)];
    const out = backend.makeOutput(shape, "float32");
    kernels.sumRows(backend.getMemoryOffset(x.dataId), rows, columns, backend.getMemoryOffset(out.dataId));
    return out;
  });
}

function replace(kernelName: string, kernelFunc: KernelFunc): void {
  unregisterKernel(kernelName, "wasm");
  registerKernel({ kernelName, backendName: "wasm", kernelFunc });
}

function required(tensor: TensorInfo | undefined): TensorInfo {
  if (tensor === undefined) throw new Error("A kernel lacks an operand.");
  return tensor;
}

/** Runs a kernel on a tensor that nothing else needs, and disposes of that tensor. */
function then(
  backend: BackendWasm,
  consumed: TensorInfo,
  kernelName: string,
  inputs: NamedTensorInfoMap,
  attrs?: NamedAttrMap,
): TensorInfo {
  const result = getKernel(kernelName, "wasm").kernelFunc({ inputs, backend, attrs }) as TensorInfo;
  backend.disposeData(consumed.dataId);
  return result;
}

function multiplier(backend: BackendWasm, kernels: Kernels) {
  return (a: TensorInfo, b: TensorInfo, attrs: NamedAttrMap | undefined): TensorInfo => {
    if (a.dtype !== "float32" || b.dtype !== "float32")
      throw new Error(`A matrix product on WASM takes float32, not ${a.dtype} and ${b.dtype}.`);
    const transposeA = attrs?.transposeA === true;
    const transposeB = attrs?.transposeB === true;
    const [m, k] = matrix(a, transposeA);
    const [rows, n] = matrix(b, transposeB);
    if (k !== rows)
      throw new Error(
        `A matrix product of shapes [${a.shape.join()}]${transposeA ? " transposed" : ""} and [${b.shape.join()}]${transposeB ? " transposed" : ""}: ` +
          `${k} columns meet ${rows} rows.`,
      );
    const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const outer = broadcast_util.assertAndGetBroadcastShape(outerA, outerB);
    const shape = [...outer, m, n];
    const size = util.sizeFromShape(shape);
    if (size === 0) return backend.makeOutput(shape, "float32");
    if (k === 0) return backend.makeOutput(shape, "float32", undefined, new Float32Array(size));

    const out = backend.makeOutput(shape, "float32");
    const [aAt, bAt, outAt] = [a, b, out].map(({ dataId }) => backend.getMemoryOffset(dataId));
    const [countA, countB, count] = [outerA, outerB, outer].map((dimensions) => util.sizeFromShape(dimensions));
    const whole = (countOf: number) => countOf === count || countOf === 1;
    if (countB === 1 && countA === count && !transposeA) {
      // All slices meet the same right operand: they are one matrix.
      kernels.multiply(aAt, bAt, outAt, count * m, k, n, false, transposeB, 1, 0, 0);
    } else if (whole(countA) && whole(countB)) {
      const [nextA, nextB] = [countA === 1 ? 0 : m * k, countB === 1 ? 0 : k * n];
      kernels.multiply(aAt, bAt, outAt, m, k, n, transposeA, transposeB, count, nextA, nextB);
    } else {
      let to = outAt;
      for (const [sliceA, sliceB] of slicePairs(outerA, outerB, outer)) {
        const [fromA, fromB] = [aAt + sliceA * m * k * bytesPerElement, bAt + sliceB * k * n * bytesPerElement];
        kernels.multiply(fromA, fromB, to, m, k, n, transposeA, transposeB, 1, 0, 0);
        to += m * n * bytesPerElement;
      }
    }
    return out;
  };
}

/** Rows too short to be worth a loop each. */
const shortest = 16;

/**
 * Operands that broadcast to `out` as matrices of its size: one of them is the whole of it, and the other too, or a value, a row or a column that repeats. For
 * each, the elements from a row to the next and from a column to the next. Undefined where it is otherwise, or nothing is gained.
 */
function asMatrices(a: number[], b: number[], out: number[]) {
  const [sizeA, sizeB, size] = [a, b, out].map((shape) => util.sizeFromShape(shape));
  if (size === 0 || (sizeA !== size && sizeB !== size)) return undefined;
  const [other, own] = sizeA === size ? [b, sizeB] : [a, sizeA];
  const aligned = [...new Array<number>(out.length - other.length).fill(1), ...other];
  const first = aligned.findIndex((length) => length !== 1);
  const last = aligned.findLastIndex((length) => length !== 1);
  let [columns, steps] = [own, [0, 1]];
  if (!aligned.every((length, axis) => axis < first || length === out[axis])) {
    if (!aligned.every((length, axis) => axis > last || length === out[axis])) return undefined;
    [columns, steps] = [size / own, [1, 0]];
  }
  const rows = size / columns;
  if (rows > 1 && columns < shortest) return undefined;
  const whole = [columns, 1];
  return { rows, columns, operands: other === b ? [whole, steps] : [steps, whole] };
}

function matrix({ shape }: TensorInfo, transpose: boolean): readonly [number, number] {
  const [rows, columns] = shape.slice(-2);
  return transpose ? [columns, rows] : [rows, columns];
}

/** For each slice of the result in turn, the slices of the two operands, whose outer dimensions broadcast. */
function* slicePairs(
  a: readonly number[],
  b: readonly number[],
  out: readonly number[],
): Generator<readonly [number, number]> {
  const strides = (shape: readonly number[]) => {
    const result = new Array<number>(out.length).fill(0);
    let stride = 1;
    for (let axis = shape.length - 1, to = out.length - 1; axis >= 0; axis--, to--) {
      result[to] = shape[axis] === 1 ? 0 : stride;
      stride *= shape[axis];
    }
    return result;
  };
  const [stridesA, stridesB] = [strides(a), strides(b)];
  const count = util.sizeFromShape([...out]);
  for (let slice = 0; slice < count; slice++) {
    let [rest, sliceA, sliceB] = [slice, 0, 0];
    for (let axis = out.length - 1; axis >= 0; axis--) {
      const index = rest % out[axis];
      rest = (rest - index) / out[axis];
      sliceA += index * stridesA[axis];
      sliceB += index * stridesB[axis];
    }
    yield [sliceA, sliceB];
  }
}
