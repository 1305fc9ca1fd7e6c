/** Attention through a projection along the sequence: Linformer and Nystrom. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from "@tensorflow/tfjs-core";
import type { Attention, Projection } from "../../theory/architecture/schema";
import { attend, type Geometry } from "./attend";
import type { Declarations, Read } from "./declare";
import type { Kernel } from "./kernels";
import { differentiable } from "./ops";
import { everyRow } from "./selection";

type Mix = (queries: Tensor3D, keys: Tensor3D, values: Tensor3D, read: Read) => Tensor3D;

/** Every query against every key. */
const full = (queries: number, keys: number): Geometry => ({
  parts: [{ blocks: 1, queries: everyRow(queries), keys: [everyRow(keys)], absent: null }],
  occupied: null,
});

/** The attention of all heads of a layer, on [samples * heads, size, head width], with keys and values projected along the sequence. */
export function projectedAttention(
  projection: Exclude<Projection, { kind: "none" }>,
  { normalized }: Attention,
  size: number,
  heads: number,
  kernel: Kernel,
  name: string,
  declarations: Declarations,
): Mix {
  const range = { first: 0, count: heads };
  const weigh = (queries: Tensor3D, keys: Tensor3D, values: Tensor3D, read: Read): Tensor3D => {
    const geometry = full(queries.shape[1], keys.shape[1]);
    return attend(kernel.weighting, geometry, ...kernel.features(queries, keys, range, read), values, [null]);
  };
  if (projection.kind === "linformer") {
    const { rank, trainable } = projection;
    const [ofKeys, ofValues] = [`${name}.mixKeys`, `${name}.mixValues`];
    for (const parameter of kernel.reads ? [ofKeys, ofValues] : [ofValues])
      declarations.parameter(parameter, [heads, rank, size], 1 / Math.sqrt(normalized ? size : 1), {
        frozen: !trainable,
      });
    return (queries, keys, values, read) => {
      const mixedValues = mixPerHead(values, read(ofValues) as Tensor3D);
      const mixedKeys = kernel.reads ? mixPerHead(keys, read(ofKeys) as Tensor3D) : mixedValues;
      return weigh(queries, mixedKeys, mixedValues, read);
    };
  }
  const landmarks = Math.min(projection.landmarks, size);
  const averages = declarations.structure(segmentMeans(landmarks, size));
  const identity = declarations.structure(
    tf.tidy(() => tf.reshape<tf.Rank.R3>(tf.eye(landmarks), [1, landmarks, landmarks])),
  );
  // Nystromformer (2102.03902, equation 13), with the kernel of the attention in place of softmax.
  return (queries, keys, values, read) => {
    const [queryMeans, keyMeans] = [mixAll(queries, averages), mixAll(keys, averages)];
    const unit = tf.mul<Tensor3D>(identity, tf.ones([queries.shape[0], 1, 1]));
    const inner = pseudoInverse(weigh(queryMeans, keyMeans, unit, read));
    return weigh(queries, keyMeans, tf.matMul(inner, weigh(queryMeans, keys, values, read)), read);
  };
}

/** [samples * heads, size, columns] -> [samples * heads, rank, columns], by each head's matrix [heads, rank, size]. */
function mixPerHead(x: Tensor3D, matrices: Tensor3D): Tensor3D {
  const [heads, rank, size] = matrices.shape;
  const columns = x.shape[2];
  const bySample = tf.reshape<tf.Rank.R4>(x, [-1, heads, size, columns]);
  const samples = bySample.shape[0];
  const sequences = tf.reshape<tf.Rank.R3>(tf.transpose(bySample, [1, 2, 0, 3]), [heads, size, samples * columns]);
  const mixed = tf.reshape<tf.Rank.R4>(tf.matMul(matrices, sequences), [heads, rank, samples, columns]);
  return tf.reshape(tf.transpose<Tensor4D>(mixed, [2, 0, 1, 3]), [samples * heads, rank, columns]);
}

/** [groups, size, columns] -> [groups, rank, columns], by one matrix [rank, size]. */
function mixAll(x: Tensor3D, matrix: Tensor2D): Tensor3D {
  const [groups, size, columns] = x.shape;
  const sequences = tf.reshape(tf.transpose(x, [1, 0, 2]), [size, groups * columns]);
  const mixed = tf.reshape<tf.Rank.R3>(tf.matMul(matrix, sequences), [matrix.shape[0], groups, columns]);
  return tf.transpose(mixed, [1, 0, 2]);
}

/** Row i averages the segment from i size / landmarks to (i + 1) size / landmarks, rounded down. */
function segmentMeans(landmarks: number, size: number): Tensor2D {
  const values = new Float32Array(landmarks * size);
  for (let i = 0; i < landmarks; i++) {
    const [from, to] = [Math.floor((i * size) / landmarks), Math.floor(((i + 1) * size) / landmarks)];
    values.fill(1 / (to - from), i * size + from, i * size + to);
  }
  return tf.tensor2d(values, [landmarks, size]);
}

/**
 * Steps of the iteration for the pseudo-inverse. In float32 they settle singular values above about 1e-3 of the largest; more would only magnify the
 * rounding error in the directions of the smaller ones, which doubles in each step.
 */
const steps = 24;

/** The Moore-Penrose inverses of square matrices [groups, m, m], by the iteration Z <- Z (2I - A Z) (Ben-Israel and Cohen, 1966). */
function pseudoInverse(matrices: Tensor3D): Tensor3D {
  const sums = (x: Tensor, axis: number) => tf.max(tf.sum(tf.abs(x), axis, true), axis === 2 ? 1 : 2, true);
  const product = (a: Tensor3D, b: Tensor3D, transposeA = false, transposeB = false): Tensor3D =>
    tf.matMul(a, b, transposeA, transposeB);
  return differentiable<Tensor3D>([matrices], () => {
    const scale = tf.mul(sums(matrices, 1), sums(matrices, 2));
    let inverse = tf.div<Tensor3D>(tf.transpose(matrices, [0, 2, 1]), scale);
    for (let step = 0; step < steps; step++)
      inverse = tf.tidy(() => tf.sub(tf.mul(inverse, 2), product(inverse, product(matrices, inverse))));
    return {
      value: inverse,
      saved: [inverse],
      // Golub and Pereyra (1973), for matrices of constant rank.
      gradient: (dy, [a], [z]) => {
        const [A, Z] = [a as Tensor3D, z as Tensor3D];
        const eye = tf.eye(A.shape[1]);
        const leftNull: Tensor3D = tf.sub(eye, product(A, Z));
        const rightNull: Tensor3D = tf.sub(eye, product(Z, A));
        const inside = tf.neg(product(product(Z, dy, true), Z, false, true));
        const left = product(product(leftNull, dy, false, true), product(Z, Z, false, true));
        const right = product(product(product(Z, Z, true), dy, false, true), rightNull);
        return [tf.add(inside, tf.add(left, right))];
      },
    };
  });
}
