/** Learned numbers by class: reading them, and summing gradients by class without `unsortedSegmentSum`, which WASM lacks. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { differentiable } from "./ops";

/** Each place's class. */
export interface Lookup {
  /** table [rows, classes] -> [rows, places] */
  take(table: Tensor2D): Tensor2D;
  /** [rows, places] -> [rows, classes]: each class's sum over its places, the transpose of taking. */
  put(values: Tensor2D): Tensor2D;
  /** `take` with its gradient. */
  read(table: Tensor2D): Tensor2D;
  dispose(): void;
}

/** Addends of one sum in one pass: more would add up rounding. */
const fanIn = 32;

const withZero = (x: Tensor2D): Tensor2D =>
  tf.pad(x, [
    [0, 0],
    [0, 1],
  ]);

/**
 * @param classOf the class of every place, -1 for a place without
 * @param classes how many classes there are
 * @param zeros whether a place without a class must read 0; where not (it is masked), it reads anything
 */
export function lookup(classOf: Int32Array, classes: number, zeros: boolean): Lookup {
  const gap = zeros ? classes : 0;
  const indices = tf.keep(
    tf.tensor1d(
      classOf.map((label) => (label < 0 ? gap : label)),
      "int32",
    ),
  );
  const { groups, order } = summation(classOf, classes);
  const members = groups.map((group) => tf.keep(tf.tensor1d(group.members, "int32")));
  const places = order.every((place, label) => place === label) ? null : tf.keep(tf.tensor1d(order, "int32"));
  const take = (table: Tensor2D): Tensor2D => tf.gather(zeros ? withZero(table) : table, indices, 1);
  const put = (values: Tensor2D): Tensor2D => {
    // The last column is what padding reads.
    const padded = withZero(values);
    const sums = groups.map(({ width }, g) => {
      let addends = tf.gather(padded, members[g], 1);
      for (let left = width; left > 1; left /= Math.min(left, fanIn))
        addends = tf.sum(tf.reshape(addends, [values.shape[0], -1, Math.min(left, fanIn)]), 2);
      return addends;
    });
    const all = sums.length === 1 ? sums[0] : tf.concat(sums, 1);
    return places === null ? all : tf.gather(all, places, 1);
  };
  return {
    take,
    put,
    read: (table) =>
      differentiable<Tensor2D>([table], () => ({ value: take(table), saved: [], gradient: (dy) => [put(dy)] })),
    dispose: () => tf.dispose([indices, ...members, ...(places === null ? [] : [places])]),
  };
}

/**
 * The places of each class, padded to the next power of two with the number of places: the classes of one length together, and where in their order each
 * class is.
 */
function summation(
  classOf: Int32Array,
  classes: number,
): { groups: { width: number; members: Int32Array }[]; order: Int32Array } {
  const counts = new Int32Array(classes);
  for (const label of classOf) if (label >= 0) counts[label]++;
  const widths = counts.map((count) => (count < 2 ? 1 : 2 ** Math.ceil(Math.log2(count))));
  const order = new Int32Array(classes);
  const groups: { width: number; members: Int32Array }[] = [];
  /** Where the next place of each class goes, and in which group. */
  const next = new Int32Array(classes);
  const groupOf = new Int32Array(classes);
  let before = 0;
  for (const width of [...new Set(widths)].sort((a, b) => a - b)) {
    let own = 0;
    widths.forEach((other, label) => {
      if (other !== width) return;
      order[label] = before + own;
      groupOf[label] = groups.length;
      next[label] = width * own++;
    });
    groups.push({ width, members: new Int32Array(width * own).fill(classOf.length) });
    before += own;
  }
  classOf.forEach((label, place) => {
    if (label >= 0) groups[groupOf[label]].members[next[label]++] = place;
  });
  return { groups, order };
}
