/**
 * Complex numbers of PyTorch, of which rotary positions are made: a tensor whose last axis holds the real and the imaginary part. The
 * features of a stream multiplied with known complex numbers are rotated by the token's index, which is all that is followed of them.
 */
import { tensors } from "../../graph/operations";
import { sizesOf, type Tensor } from "../../graph/tensor";
import {
  int,
  nativeFunction,
  tuple,
  type Arguments,
  type At,
  type Native,
  type NativeType,
  type Value,
} from "../values";
import { Call, NotUnderstood, withSelf, type Operation } from "./call";
import { fromFront, toIndices, transposed, type TensorFamily } from "./tensorValue";

class Complex {
  constructor(readonly parts: Tensor) {}
}
type ComplexNative = Native & { data: Complex };
const isComplex = (value: Value | undefined): value is ComplexNative =>
  value?.kind === "native" && value.data instanceof Complex;

/** What complex tensors can do, and `view_as_complex`, `view_as_real`, `polar`. */
export function complexTensors(family: TensorFamily) {
  const wrap = (parts: Tensor): Native =>
    parts.content.kind === "opaque" ? family.wrap(parts) : { kind: "native", type, data: new Complex(parts) };
  const opaque = (name: string, place: At["place"]): Native =>
    family.wrap(tensors.opaque(`\`${name}\` of complex numbers is not understood`, place));

  /** Methods on the parts; sizes are without the axis of the parts. */
  const methods: Record<string, { signature: string; run: (call: Call, parts: Tensor) => Tensor }> = {};
  const method = (names: string[], signature: string, run: (call: Call, parts: Tensor) => Tensor): void => {
    for (const name of names) methods[name] = { signature: `input ${signature}`, run };
  };
  method(["view", "reshape"], "*shape", (call, parts) => tensors.reshape(parts, [...call.restInts(), 2], call.place));
  method(["expand"], "*shape", (call, parts) => tensors.expand(parts, [...call.restInts(), 2], call.place));
  method(["unsqueeze"], "dim", (call, parts) =>
    tensors.unsqueeze(parts, fromFront(call.int("dim"), parts.axes.length)),
  );
  method(["squeeze"], "dim", (call, parts) =>
    tensors.squeeze(parts, fromFront(call.int("dim"), parts.axes.length - 1)),
  );
  method(["transpose"], "dim0 dim1", (call, parts) => {
    const rank = parts.axes.length - 1;
    return transposed(parts, fromFront(call.int("dim0"), rank), fromFront(call.int("dim1"), rank), call.place);
  });
  method(["permute"], "*dims", (call, parts) => {
    const rank = parts.axes.length - 1;
    return tensors.permute(parts, [...call.restInts().map((axis) => fromFront(axis, rank)), rank], call.place);
  });
  for (const name of ["to", "contiguous", "detach", "clone", "cuda", "cpu", "type_as"])
    method([name], "*rest", (_call, parts) => parts);

  const size = (parts: Tensor, at: At): Value =>
    tuple(sizesOf(parts).slice(0, -1).map((length) => int(length, at.place))); // prettier-ignore

  const type: NativeType = {
    name: "a tensor of complex numbers",
    attribute: (self, name, at) => {
      const { parts } = (self as ComplexNative).data;
      if (name === "shape") return size(parts, at);
      if (name === "ndim") return int(parts.axes.length - 1, at.place);
      if (name === "real" || name === "imag")
        return family.wrap(tensors.index(parts, [{ kind: "rest" }, { kind: "at", index: name === "real" ? 0 : 1 }], at.place)); // prettier-ignore
      if (name === "device" || name === "dtype") return undefined;
      const known = Object.hasOwn(methods, name) ? methods[name] : undefined;
      return nativeFunction(`Tensor.${name}`, (args, here) => {
        if (name === "size") return sized(self as ComplexNative, args, here);
        if (!known) return opaque(`Tensor.${name}`, here.place);
        const call = new Call(`Tensor.${name}`, known.signature, withSelf(self, args), here);
        return safely(() => wrap(known.run(call, parts)));
      });
    },
    item: (self, index, at) => {
      const { parts } = (self as ComplexNative).data;
      return safely(() => {
        const indices = toIndices(index, at.place);
        const all = { kind: "slice", start: undefined, stop: undefined, step: 1 } as const;
        const rest = indices.some(({ kind }) => kind === "rest") ? [...indices, all] : indices;
        return wrap(tensors.index(parts, rest, at.place));
      });
    },
    binary: (self, op, other, _reflected, at) => {
      if (op !== "*") return opaque(op, at.place);
      const { parts } = (self as ComplexNative).data;
      if (isComplex(other)) return wrap(product(parts, other.data.parts, at));
      if (other.kind === "int" || other.kind === "float")
        return wrap(tensors.binary("*", parts, other.value, at.place));
      return opaque(op, at.place);
    },
  };

  const sized = (self: ComplexNative, args: Arguments, at: At): Value => {
    const [dim] = args.positional;
    const sizes = size(self.data.parts, at);
    return dim ? at.interpreter.item(sizes, dim, at.place) : sizes;
  };

  const safely = (run: () => Value): Value => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      return family.wrap(tensors.opaque(error.reason, error.place));
    }
  };

  /** (a + ib)(c + id) = (ac - bd) + i(ad + bc). */
  const product = (left: Tensor, right: Tensor, { place }: At): Tensor => {
    const part = (of: Tensor, index: number): Tensor =>
      tensors.index(of, [{ kind: "rest" }, { kind: "at", index }], place);
    const [a, b, c, d] = [part(left, 0), part(left, 1), part(right, 0), part(right, 1)];
    const times = (x: Tensor, y: Tensor): Tensor => tensors.binary("*", x, y, place);
    const real = tensors.binary("-", times(a, c), times(b, d), place);
    const imaginary = tensors.binary("+", times(a, d), times(b, c), place);
    return real.content.kind === "opaque" ? real : tensors.stack([real, imaginary], real.axes.length, place);
  };

  const asParts = (call: Call, name: string): Tensor => {
    const value = call.needed(name);
    if (isComplex(value)) return value.data.parts;
    throw call.not("of real numbers");
  };

  const functions: ReadonlyMap<string, Operation> = new Map<string, Operation>([
    ["view_as_complex", { signature: "input", view: false, run: (call) => wrap(call.tensor("input")) }],
    ["view_as_real", { signature: "input", view: false, run: (call) => asParts(call, "input") }],
    [
      "polar",
      {
        signature: "abs angle",
        view: false,
        run: (call) => {
          const [abs, angle] = [call.tensor("abs"), call.tensor("angle")];
          const part = (of: "cos" | "sin"): Tensor =>
            tensors.binary("*", abs, tensors.unary(of, angle, call.place), call.place);
          const parts = [part("cos"), part("sin")];
          return wrap(tensors.stack(parts, parts[0].axes.length, call.place));
        },
      },
    ],
    [
      "complex",
      {
        signature: "real imag",
        view: false,
        run: (call) => {
          const parts = [call.tensor("real"), call.tensor("imag")];
          return wrap(tensors.stack(parts, parts[0].axes.length, call.place));
        },
      },
    ],
  ]);
  return { functions, type };
}
