/**
 * Matrix products on the WASM backend, in place of the ones that TensorFlow.js 4.22 registers there. Two reasons:
 *
 * - Its product of two plain matrices runs at the machine's speed (XNNPACK), every other one (a batch, a transposed operand) some ten times slower.
 *   Here each slice of a batch is a product of two plain matrices.
 * - It keeps what it has prepared of a right operand by the operand's buffer alone, so one buffer used under two shapes gives wrong numbers. Here
 *   nothing is kept from one product to the next.
 */
import {
  _FusedMatMul,
  Add,
  BatchMatMul,
  broadcast_util,
  Elu,
  getKernel,
  LeakyRelu,
  Prelu,
  registerKernel,
  Relu,
  Relu6,
  Sigmoid,
  Transpose,
  unregisterKernel,
  util,
} from "@tensorflow/tfjs-core";
import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";

/** What the compiled module exports, as far as it is called here. Addresses are bytes from the start of its memory. */
export interface WasmModule {
  HEAPU8: Uint8Array;
  _malloc: (bytes: number) => number;
  _free: (address: number) => void;
  _register_tensor(id: number, elements: number, address: number): void;
  _dispose_data(id: number): void;
  _BatchMatMul(
    a: number,
    aShape: number,
    aRank: number,
    b: number,
    bShape: number,
    bRank: number,
    transposeA: number,
    transposeB: number,
    out: number,
  ): void;
}

/** The backend's table of tensors; its numbering is private in the declarations only. */
interface Tensors {
  dataIdNextNumber: number;
}

const bytesPerElement = 4;

/** Nanoseconds an element, measured: XNNPACK's packing of a right operand, and a transposed copy. Only their ratios matter. */
const packing = 4;
/** The copy writes with a stride of `rows` elements; strides of whole pages fall on the same few cache lines. */
const transposing = (rows: number) => (rows % 1024 === 0 ? 6 : 1);

/** Replaces the matrix products of a WASM backend that has been brought up. */
export function registerMatMul(backend: BackendWasm): void {
  const multiply = multiplier(backend);
  const replace = (kernelName: string, kernelFunc: KernelFunc) => {
    unregisterKernel(kernelName, "wasm");
    registerKernel({ kernelName, backendName: "wasm", kernelFunc });
  };
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
}

function required(tensor: TensorInfo | undefined): TensorInfo {
  if (tensor === undefined) throw new Error("A matrix product needs two operands.");
  return tensor;
}

function runKernel(backend: BackendWasm, kernelName: string, inputs: NamedTensorInfoMap, attrs?: NamedAttrMap) {
  return getKernel(kernelName, "wasm").kernelFunc({ inputs, backend, attrs }) as TensorInfo;
}

/** Runs a kernel on a tensor that nothing else needs, and disposes of that tensor. */
function then(
  backend: BackendWasm,
  consumed: TensorInfo,
  kernelName: string,
  inputs: NamedTensorInfoMap,
  attrs?: NamedAttrMap,
): TensorInfo {
  const result = runKernel(backend, kernelName, inputs, attrs);
  backend.disposeData(consumed.dataId);
  return result;
}

function multiplier(backend: BackendWasm) {
  const module = backend.wasm as unknown as WasmModule;
  const tensors = backend as unknown as Tensors;
  // Three tensors of the module that stand for a slice each in turn, and the shapes of two of them.
  const [left, right, result] = [tensors.dataIdNextNumber++, tensors.dataIdNextNumber++, tensors.dataIdNextNumber++];
  const leftShape = module._malloc(6 * bytesPerElement);
  const rightShape = leftShape + 3 * bytesPerElement;
  const addressOf = (tensor: TensorInfo) => backend.getMemoryOffset(tensor.dataId);

  /** result[slice] = a[slice of a] b[slice of b], plain row-major matrices [m, k] and [k, n]. */
  function multiplySlices(
    a: TensorInfo,
    b: TensorInfo,
    out: TensorInfo,
    [m, k, n]: readonly [number, number, number],
    slices: Iterable<readonly [number, number]>,
  ): void {
    new Int32Array(module.HEAPU8.buffer, leftShape, 6).set([1, m, k, 1, k, n]);
    let outAddress = addressOf(out);
    const [aAddress, bAddress] = [addressOf(a), addressOf(b)];
    for (const [aSlice, bSlice] of slices) {
      module._register_tensor(left, m * k, aAddress + aSlice * m * k * bytesPerElement);
      module._register_tensor(right, k * n, bAddress + bSlice * k * n * bytesPerElement);
      module._register_tensor(result, m * n, outAddress);
      module._BatchMatMul(left, leftShape, 3, right, rightShape, 3, 0, 0, result);
      module._dispose_data(left);
      module._dispose_data(right); // and with it what was packed of it
      module._dispose_data(result);
      outAddress += m * n * bytesPerElement;
    }
  }

  return (a: TensorInfo, b: TensorInfo, attrs: NamedAttrMap | undefined): TensorInfo => {
    if (a.dtype !== "float32" || b.dtype !== "float32")
      throw new Error(`A matrix product on WASM takes float32, not ${a.dtype} and ${b.dtype}.`);
    const transposeA = attrs?.transposeA === true;
    const transposeB = attrs?.transposeB === true;
    const [aOuter, bOuter] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const [m, k] = matrix(a, transposeA);
    const [innerB, n] = matrix(b, transposeB);
    if (k !== innerB)
      throw new Error(
        `A matrix product of shapes [${a.shape.join()}]${transposeA ? " transposed" : ""} and [${b.shape.join()}]${transposeB ? " transposed" : ""}: ` +
          `${k} columns meet ${innerB} rows.`,
      );
    const outer = broadcast_util.assertAndGetBroadcastShape(aOuter, bOuter);
    const [aCount, bCount, count] = [aOuter, bOuter, outer].map((shape) => util.sizeFromShape(shape));
    const shape = [...outer, m, n];
    if (count * m * n === 0) return backend.makeOutput(shape, "float32");
    if (k === 0) return backend.makeOutput(shape, "float32", undefined, new Float32Array(count * m * n));

    const transposed = (tensor: TensorInfo, slices: number) => {
      const [rows, columns] = tensor.shape.slice(-2);
      const x = { ...tensor, shape: [slices, rows, columns] };
      return runKernel(backend, Transpose, { x }, { perm: [0, 2, 1] });
    };
    // Either the product itself, or (B' A')', whichever moves less.
    const [aElements, bElements, outElements] = [aCount * m * k, bCount * k * n, count * m * n];
    const shared = bCount === 1 && aCount === count;
    const packedB = shared ? bElements : count * k * n;
    const direct =
      (transposeA ? transposing(k) * aElements : 0) + (transposeB ? transposing(n) * bElements : 0) + packing * packedB;
    const packedA = count * m * k;
    const reversed =
      (transposeA ? 0 : transposing(m) * aElements) +
      (transposeB ? 0 : transposing(k) * bElements) +
      packing * packedA +
      transposing(n) * outElements;

    const temporary: TensorInfo[] = [];
    const plain = (tensor: TensorInfo, transpose: boolean, slices: number) => {
      if (!transpose) return tensor;
      const copy = transposed(tensor, slices);
      temporary.push(copy);
      return copy;
    };
    let out: TensorInfo;
    if (direct <= reversed) {
      const [left, right] = [plain(a, transposeA, aCount), plain(b, transposeB, bCount)];
      out = backend.makeOutput(shape, "float32");
      if (shared) multiplySlices(left, right, out, [count * m, k, n], [[0, 0]]);
      else multiplySlices(left, right, out, [m, k, n], slicePairs(aOuter, bOuter, outer));
    } else {
      const [left, right] = [plain(b, !transposeB, bCount), plain(a, !transposeA, aCount)];
      const turned = backend.makeOutput([count, n, m], "float32");
      temporary.push(turned);
      multiplySlices(left, right, turned, [n, k, m], slicePairs(bOuter, aOuter, outer));
      out = { ...transposed(turned, count), shape };
    }
    for (const tensor of temporary) backend.disposeData(tensor.dataId);
    return out;
  };
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
  const [aStrides, bStrides] = [strides(a), strides(b)];
  const count = out.reduce((product, size) => product * size, 1);
  for (let slice = 0; slice < count; slice++) {
    let [rest, aSlice, bSlice] = [slice, 0, 0];
    for (let axis = out.length - 1; axis >= 0; axis--) {
      const index = rest % out[axis];
      rest = (rest - index) / out[axis];
      aSlice += index * aStrides[axis];
      bSlice += index * bStrides[axis];
    }
    yield [aSlice, bSlice];
  }
}
