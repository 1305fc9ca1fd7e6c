/** The attention kernels: how query and key vectors become weights. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor3D } from "@tensorflow/tfjs-core";
import type { Attention } from "../../theory/architecture/schema";
import type { Weighting } from "./attend";
import type { Declarations, Read } from "./declare";

/** Some of a layer's heads. */
export interface HeadRange {
  first: number;
  count: number;
}

export interface Kernel {
  /** Whether the weights depend on queries and keys at all. */
  reads: boolean;
  weighting: Weighting;
  /** What the scores are inner products of: queries and keys [samples * heads, rows, columns], each with columns of its own kind. */
  features(queries: Tensor3D, keys: Tensor3D, range: HeadRange, read: Read): [Tensor3D, Tensor3D];
}

/** Positive random features of Performer (2009.14794): twice the head's width, at least 8. */
const featureCount = (columns: number): number => Math.max(8, 2 * columns);

const lastSum = (x: Tensor3D): Tensor3D => tf.sum<Tensor3D>(x, 2, true);
const ones = (x: Tensor3D): Tensor3D => tf.ones([x.shape[0], x.shape[1], 1]);

/** Declares what the kernel learns or draws, for all heads of a layer. */
export function kernel(
  { kernel: { name: kind, degree }, normalized }: Attention,
  heads: number,
  columns: number,
  name: string,
  declarations: Declarations,
): Kernel {
  const of = (form: Weighting["form"], features: Kernel["features"], power = 1): Kernel => ({
    reads: true,
    weighting: { form, degree: power, normalized },
    features,
  });
  /** Multiplies each head's rows [samples * heads, rows, columns] by its own number(s) [heads, columns or 1]. */
  const perHead = (x: Tensor3D, table: Tensor, { first, count }: HeadRange): Tensor3D => {
    const own = tf.reshape(tf.slice(table, [first, 0], [count, -1]), [1, count, 1, -1]);
    return tf.reshape(tf.mul(tf.reshape(x, [-1, count, x.shape[1], x.shape[2]]), own), x.shape);
  };
  switch (kind) {
    case "softmax":
      return of("exponential", (q, k) => [q, k]);
    case "sigmoid":
    case "hard":
      return of(kind, (q, k) => [q, k]);
    case "polynomial":
      return of("product", (q, k) => [q, k], degree);
    case "uniform":
      return { ...of("product", (q, k) => [ones(q), ones(k)]), reads: false };
    case "gaussian":
      // -|q - k|^2 / 2 = q.k - |q|^2 / 2 - |k|^2 / 2
      return of("exponential", (q, k) => [
        tf.concat([q, tf.mul(lastSum(tf.square(q)), -0.5), ones(q)], 2),
        tf.concat([k, ones(k), tf.mul(lastSum(tf.square(k)), -0.5)], 2),
      ]);
    case "exponential-additive": {
      const direction = `${name}.direction`;
      declarations.parameter(direction, [heads, columns], Math.sqrt(declarations.choose(1, 0.3)) / columns ** 0.25);
      return of("exponential", (q, k, range, read) => {
        const along = (x: Tensor3D) => lastSum(perHead(x, read(direction), range));
        return [tf.concat([along(q), ones(q)], 2), tf.concat([ones(k), along(k)], 2)];
      });
    }
    case "cosine": {
      const sharpness = `${name}.sharpness`;
      const mean = declarations.choose(Math.sqrt(columns), 0);
      declarations.parameter(sharpness, [heads, 1], declarations.choose(0, 0.3), { mean });
      const unit = (x: Tensor3D): Tensor3D => tf.mul(x, tf.rsqrt(tf.add(lastSum(tf.square(x)), 1e-20)));
      return of("exponential", (q, k, range, read) => [perHead(unit(q), read(sharpness), range), unit(k)]);
    }
    case "linear-elu": {
      const phi = (x: Tensor3D): Tensor3D => tf.add(tf.elu(x), 1);
      return of("product", (q, k) => [phi(q), phi(k)]);
    }
    case "linear-relu": {
      // The constant keeps a row's total positive (2009.14794, generalised attention).
      const phi = (x: Tensor3D): Tensor3D => tf.add(tf.relu(x), 1e-3);
      return of("product", (q, k) => [phi(q), phi(k)]);
    }
    case "performer": {
      const directions = `${name}.features`;
      const count = featureCount(columns);
      declarations.parameter(directions, [columns, count], 1, { frozen: true });
      return of("product", (q, k, _range, read) => {
        const phi = (x: Tensor3D): Tensor3D => {
          const projections = tf.matMul(tf.reshape(x, [-1, columns]), read(directions));
          // 2009.14794, Lemma 1; divided by sqrt(count).
          const shift = tf.sub(tf.mul(lastSum(tf.square(x)), -0.5), Math.log(count) / 2);
          return tf.exp<Tensor3D>(tf.add(tf.reshape(projections, [x.shape[0], x.shape[1], count]), shift));
        };
        return [phi(q), phi(k)];
      });
    }
  }
}
