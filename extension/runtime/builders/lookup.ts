/** Learned numbers by class: reading them, and summing gradients by class without `unsortedSegmentSum`, which WASM lacks. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import { differentiable } from "./ops";

/** Each place's class. */
export interface Lookup {
  /** table [heads, classes] -> [heads, places] */
  read(table: Tensor2D): Tensor2D;
  dispose(): void;
}

/** Addends of one sum in one pass. */
const fanIn = 32;

/**
 * @param classOf the class of every place, or -1 for a place that reads class 0 and gives no gradient (it is masked).
 * @param classes how many classes there are
 */
export function lookup(classOf: Int32Array, classes: number): Lookup {
  const indices = tf.keep(
    tf.tensor1d(
      classOf.map((label) => Math.max(label, 0)),
      "int32",
    ),
  );
  const passes = summationPasses(classOf, classes).map((rows) => tf.keep(tf.tensor1d(rows.flat(), "int32")));
  const rowsOf = summationPasses(classOf, classes).map((rows) => rows.length);
  const sums = (dy: Tensor): Tensor =>
    passes.reduce<Tensor>((addends, index, pass) => {
      // The last column is what padding reads.
      const padded = tf.pad(addends as Tensor2D, [
        [0, 0],
        [0, 1],
      ]);
      const taken = tf.gather(padded, index, 1);
      return tf.sum(tf.reshape(taken, [dy.shape[0], rowsOf[pass], -1]), 2);
    }, dy);
  return {
    read: (table) =>
      differentiable<Tensor2D>([table], () => ({
        value: tf.gather(table, indices, 1),
        saved: [],
        gradient: (dy) => [sums(dy)],
      })),
    dispose: () => tf.dispose([indices, ...passes]),
  };
}

/** Passes of sums, each a list of equal-length rows of indices into what went before (its length where there is nothing), the last one row a class. */
function summationPasses(classOf: Int32Array, classes: number): number[][][] {
  let count = classOf.length;
  let members: number[][] = Array.from({ length: classes }, () => []);
  classOf.forEach((label, place) => {
    if (label >= 0) members[label].push(place);
  });
  const passes: number[][][] = [];
  for (;;) {
    const last = members.every((list) => list.length <= fanIn);
    const width = last ? Math.max(1, ...members.map((list) => list.length)) : fanIn;
    const rows: number[][] = [];
    members = members.map((list) => {
      const own: number[] = [];
      for (let from = 0; from < list.length || (last && from === 0); from += width) {
        const row = list.slice(from, from + width);
        while (row.length < width) row.push(count);
        own.push(rows.push(row) - 1);
      }
      return own;
    });
    passes.push(rows);
    if (last) return passes;
    count = rows.length;
  }
}
