/** Circular convolution along the sequence with one scalar tap per offset. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor3D } from "@tensorflow/tfjs-core";
import type { Architecture, Convolution } from "../../theory/architecture/schema";
import type { Declarations, Read } from "./declare";
import { differentiable } from "./ops";

/** Token t of the result is token (t + offset) mod n of x [samples, n, width]. */
function roll(x: Tensor3D, offset: number): Tensor3D {
  const n = x.shape[1];
  const from = ((offset % n) + n) % n;
  if (from === 0) return x;
  return tf.concat([tf.slice(x, [0, from, 0], [-1, n - from, -1]), tf.slice(x, [0, 0, 0], [-1, from, -1])], 1);
}

/** x [samples, tokens + registers, width] -> the same shape; registers are not on the circle and get zeros. */
export function convolution(
  { offsets }: Convolution,
  { tokens, registers }: Architecture,
  name: string,
  declarations: Declarations,
): (x: Tensor3D, read: Read) => Tensor3D {
  const parameter = `${name}.taps`;
  declarations.parameter(parameter, [offsets.length], declarations.choose(1 / Math.sqrt(offsets.length), 1));
  /** sum_i taps[i] roll(x, sign * offsets[i]) */
  const combine = (x: Tensor3D, taps: Tensor, sign: 1 | -1): Tensor3D =>
    offsets.reduce<Tensor3D | null>(
      (sum, offset, i) =>
        tf.tidy(() => {
          const term = tf.mul<Tensor3D>(roll(x, sign * offset), tf.slice(taps as Tensor1D, [i], [1]));
          return sum === null ? term : tf.add(sum, term);
        }),
      null,
    )!;
  return (x, read) => {
    const sequence = registers === 0 ? x : tf.slice(x, [0, 0, 0], [-1, tokens, -1]);
    const mixed = differentiable<Tensor3D>([sequence, read(parameter)], () => ({
      value: combine(sequence, read(parameter), 1),
      saved: [],
      gradient: (dy, [input, taps]) => [
        combine(dy, taps, -1),
        tf.stack(offsets.map((offset) => tf.tidy(() => tf.sum(tf.mul(dy, roll(input as Tensor3D, offset)))))),
      ],
    }));
    return registers === 0
      ? mixed
      : tf.pad(mixed, [
          [0, 0],
          [0, registers],
          [0, 0],
        ]);
  };
}
