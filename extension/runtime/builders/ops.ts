/**
 * Operations with gradients of our own, for speed: TensorFlow.js would keep every intermediate result for the gradient, and some of its functions
 * (tanh) cost many times what they could on WebAssembly. Second derivatives are not available through them.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";

/** What a differentiable operation computes: its value, and from the gradient of the value the gradients of its inputs, in their order. */
export interface Differentiated<Output extends Tensor> {
  value: Output;
  /** What `gradient` needs besides the inputs. */
  saved: Tensor[];
  gradient: (dy: Output, inputs: Tensor[], saved: Tensor[]) => Tensor[];
}

/** An operation with a gradient of its own, at the given inputs. What it does not save is disposed of. */
export function differentiable<Output extends Tensor>(inputs: Tensor[], compute: () => Differentiated<Output>): Output {
  const operation = tf.customGrad<Output>((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    const { value, saved, gradient } = compute();
    save([...inputs, ...saved]);
    return {
      value,
      gradFunc: (dy: Output, kept: Tensor[]) =>
        tf.tidy(() => gradient(dy, kept.slice(0, inputs.length), kept.slice(inputs.length))),
    };
  });
  return operation(...inputs);
}

/** x W + b for x [..., inputs], W [inputs, outputs] and b [outputs] or none. */
export function affine<T extends Tensor>(x: T, weight: Tensor, bias?: Tensor): T {
  const [inputs, outputs] = weight.shape;
  const shape = [...x.shape.slice(0, -1), outputs];
  const rows = (tensor: Tensor): Tensor2D => tf.reshape(tensor, [-1, tensor.shape[tensor.shape.length - 1]]);
  const product = (): T => {
    const flat = tf.matMul(rows(x), weight);
    return tf.reshape(bias === undefined ? flat : tf.add(flat, bias), shape) as T;
  };
  return differentiable<T>(bias === undefined ? [x, weight] : [x, weight, bias], () => ({
    value: product(),
    saved: [],
    gradient: (dy, [input, w]) => {
      const flat = rows(dy);
      const gradients = [
        tf.reshape(tf.matMul(flat, w as Tensor2D, false, true), input.shape),
        tf.matMul(tf.reshape(input, [-1, inputs]), flat, true, false),
      ];
      return bias === undefined ? gradients : [...gradients, tf.sum(flat, 0)];
    },
  }));
}

const pointwise = (
  x: Tensor,
  compute: () => { value: Tensor; slope: (x: Tensor, saved: Tensor[]) => Tensor; saved: Tensor[] },
) =>
  differentiable([x], () => {
    const { value, slope, saved } = compute();
    return { value, saved, gradient: (dy, [input], kept) => [tf.mul(dy, slope(input, kept))] };
  });

const geluScale = 2 * Math.sqrt(2 / Math.PI);
const geluCubic = geluScale * 0.044715;

/** The tanh form of GELU (1606.08415, section 2): x sigma(2u) with u = sqrt(2 / pi) (x + 0.044715 x^3). */
export const gelu = (x: Tensor): Tensor =>
  pointwise(x, () => {
    const gate = tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), geluCubic), geluScale)));
    return {
      value: tf.mul(x, gate),
      saved: [gate],
      // sigma + x sigma (1 - sigma) (2u)'
      slope: (input, [g]) =>
        tf.mul(
          g,
          tf.add(1, tf.mul(tf.mul(input, tf.sub(1, g)), tf.add(tf.mul(tf.square(input), 3 * geluCubic), geluScale))),
        ),
    };
  });

export const silu = (x: Tensor): Tensor =>
  pointwise(x, () => {
    const gate = tf.sigmoid(x);
    return {
      value: tf.mul(x, gate),
      saved: [gate],
      slope: (input, [g]) => tf.mul(g, tf.add(1, tf.mul(input, tf.sub(1, g)))),
    };
  });

/** As 2 sigma(2x) - 1, which WASM computes ten times faster than tanh. */
export const tanh = (x: Tensor): Tensor =>
  pointwise(x, () => {
    const value = tf.sub(tf.mul(tf.sigmoid(tf.mul(x, 2)), 2), 1);
    return { value, saved: [value], slope: (_, [y]) => tf.sub(1, tf.square(y)) };
  });

export const leakyRelu = (x: Tensor): Tensor =>
  pointwise(x, () => ({
    value: tf.leakyRelu(x, 0.01),
    saved: [],
    slope: (input) => tf.add(tf.mul(tf.step(input), 0.99), 0.01),
  }));

/**
 * Layer normalisation (1607.06450) or RMS normalisation (1910.07467) of the last axis, with epsilon 1e-5.
 * @param shift the learned shift of layer normalisation; RMS normalisation has none, and does not subtract the mean.
 */
export function normalise(x: Tensor3D, gain: Tensor, shift?: Tensor): Tensor3D {
  const width = x.shape[2];
  const flat = (tensor: Tensor): Tensor2D => tf.reshape(tensor, [-1, width]);
  const centred = shift !== undefined;
  return differentiable<Tensor3D>(centred ? [x, gain, shift] : [x, gain], () => {
    const rows = flat(x);
    const deviations = centred ? tf.sub(rows, tf.mean(rows, 1, true)) : rows;
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(deviations), 1, true), 1e-5));
    const unit = tf.mul(deviations, inverse);
    const scaled = tf.mul(unit, gain);
    return {
      value: tf.reshape(centred ? tf.add(scaled, shift) : scaled, x.shape),
      saved: [unit, inverse],
      gradient: (dy, [, g], [u, scale]) => {
        const dFlat = flat(dy);
        const dUnit = tf.mul(dFlat, g);
        const along = tf.mul(u, tf.mean(tf.mul(dUnit, u), 1, true));
        const across = centred ? tf.sub(dUnit, tf.mean(dUnit, 1, true)) : dUnit;
        const dx = tf.reshape(tf.mul(tf.sub(across, along), scale), x.shape);
        const dGain = tf.sum(tf.mul(dFlat, u), 0);
        return centred ? [dx, dGain, tf.sum(dFlat, 0)] : [dx, dGain];
      },
    };
  });
}

/**
 * Rotary positions (2104.09864): the coordinates 2i and 2i + 1 of x [rows.., tokens, width] turn by the angle of their token.
 * @param cosines [tokens, width], each angle's cosine twice
 * @param sines [tokens, width], likewise
 * @param swap [width, width], the quarter turn of every pair: (a, b) swap = (-b, a)
 */
export function rotate<T extends Tensor>(x: T, cosines: Tensor, sines: Tensor, swap: Tensor): T {
  const width = x.shape[x.shape.length - 1];
  const turn = (tensor: T, sine: Tensor): T => {
    const quarter = tf.reshape(tf.matMul(tf.reshape(tensor, [-1, width]), swap), tensor.shape);
    return tf.add<T>(tf.mul(tensor, cosines), tf.mul(quarter, sine));
  };
  return differentiable<T>([x], () => ({
    value: turn(x, sines),
    saved: [],
    gradient: (dy) => [turn(dy, tf.neg(sines))],
  }));
}
