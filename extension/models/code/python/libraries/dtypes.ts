/** Types of elements, devices, and other objects of frameworks that change nothing of what a model computes. */
import type { Tensor } from "../../graph/tensor";
import { bool, float, int, nameOf, nativeFunction, string, type Native, type NativeType, type Value } from "../values";

interface Dtype {
  name: string;
  kind: Tensor["dtype"];
}

const dtypeType: NativeType = {
  name: "a type of elements",
  attribute: ({ data }, name) => {
    const { kind } = data as Dtype;
    if (name === "is_floating_point") return bool(kind === "float");
    if (name === "is_complex") return bool(false);
    return name === "name" ? string((data as Dtype).name) : undefined;
  },
  // Which float a tensor holds is not followed: two kinds of floats are never said to be the same, or not to be.
  binary: ({ data }, op, other) => {
    if (op !== "==" && op !== "!=") return undefined;
    const [left, right] = [data as Dtype, dtypeOf(other)];
    if (right === undefined) return undefined;
    const same = left.kind === right ? (left.kind === "bool" ? true : undefined) : false;
    return same === undefined ? undefined : bool(same === (op === "=="));
  },
  // `np.float32(6)`
  call: ({ data }, { positional: [value] }, { place }) => {
    const { kind } = data as Dtype;
    if (value?.kind !== "int" && value?.kind !== "float" && value?.kind !== "bool") return value ?? int(0, place);
    const number = Number(value.value);
    return kind === "bool" ? bool(number !== 0) : kind === "int" ? int(Math.trunc(number), place) : float(number);
  },
  // Shared by all code.
  isClass: true,
};

const kinds: Record<string, Tensor["dtype"]> = { bool: "bool", bool_: "bool" };
for (const name of ["uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "long", "int", "short"])
  kinds[name] = "int";
for (const name of ["float16", "float32", "float64", "bfloat16", "float", "double", "half", "float8_e4m3fn", "single"])
  kinds[name] = "float";

/** A framework's name of a type of elements as a value. */
export function dtype(name: string): Native | undefined {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  return kind && { kind: "native", type: dtypeType, data: { name, kind } satisfies Dtype };
}
export const dtypeValue = (kind: Tensor["dtype"]): Native =>
  dtype(kind === "bool" ? "bool" : kind === "int" ? "int64" : "float32")!;

/** The type of elements that a value names: a framework's, Python's own, or a string. */
export function dtypeOf(value: Value): Tensor["dtype"] | undefined {
  if (value.kind === "string") return Object.hasOwn(kinds, value.value) ? kinds[value.value] : undefined;
  if (value.kind !== "native") return undefined;
  if (value.type === dtypeType) return (value.data as Dtype).kind;
  const name = nameOf(value).replaceAll("`", "");
  return name === "bool" || name === "int" || name === "float" ? name : undefined;
}

const limitsType: NativeType = {
  name: "limits of a type of elements",
  attribute: ({ data }, name, at) => {
    const limits = data as Record<string, number>;
    if (!Object.hasOwn(limits, name)) return undefined;
    return data === integers ? int(limits[name], at.place) : float(limits[name]);
  },
};
const largest = 3.4028234663852886e38;
const floats = { max: largest, min: -largest, eps: 1.1920928955078125e-7, tiny: 1.1754943508222875e-38 };
const integers = { max: 2 ** 31 - 1, min: -(2 ** 31) };
/** `finfo` and `iinfo`: those of 32 bits. */
export const finfo = (): Value => nativeFunction("finfo", () => ({ kind: "native", type: limitsType, data: floats }));
export const iinfo = (): Value => nativeFunction("iinfo", () => ({ kind: "native", type: limitsType, data: integers }));

/**
 * A device, a generator, a context such as `no_grad()`: whatever is asked of it is another such object, and a function or class that
 * it decorates or is called with stays as it is.
 */
const inertType: NativeType = {
  name: "an object without effect",
  attribute: (self, name) => (name === "type" ? string("cpu") : name === "index" ? { kind: "none" } : self),
  setAttribute: () => true,
  call: (self, args) => {
    const [first] = args.positional;
    const callable = first && ["function", "class", "instance", "bound"].includes(first.kind);
    return callable && args.positional.length === 1 ? first : self;
  },
  isClass: true,
};
export const inert: Native = { kind: "native", type: inertType, data: undefined };
