/** Moving rows of a tensor along its second axis, both ways: taking rows into slots, and putting slots back (the transpose of taking). */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor3D } from "@tensorflow/tfjs-core";
import type { Declarations } from "./declare";

export interface Selection {
  /** How many slots there are. */
  readonly slots: number;
  /** [groups, rows, columns] -> [groups, slots, columns]: each slot's row, zeros in a slot without one. */
  take(x: Tensor3D): Tensor3D;
  /** [groups, slots, columns] -> [groups, rows, columns]: each row from its slot, zeros where no slot has it. */
  put(y: Tensor3D): Tensor3D;
}

/** Every row in its own slot. */
export const everyRow = (rows: number): Selection => ({ slots: rows, take: (x) => x, put: (y) => y });

/**
 * @param slots the row of each slot, -1 for none; no row is in two slots.
 * @param stride see `PartPlan.stride`
 */
export function selection(rows: number, slots: Int32Array, stride: number, declarations: Declarations): Selection {
  if (slots.length === rows && slots.every((row, slot) => row === slot)) return everyRow(rows);
  if (stride > 1) return byResidue(rows, slots, stride, declarations);
  const back = new Int32Array(rows).fill(-1);
  slots.forEach((row, slot) => {
    if (row >= 0) back[row] = slot;
  });
  return { slots: slots.length, take: mover(rows, slots, declarations), put: mover(slots.length, back, declarations) };
}

/** First all rows in the order of their residues modulo `stride`, a transposition, and of these the slots. */
function byResidue(rows: number, slots: Int32Array, stride: number, declarations: Declarations): Selection {
  const length = Math.ceil(rows / stride);
  const ordered = slots.map((row) => (row < 0 ? -1 : (row % stride) * length + Math.floor(row / stride)));
  const inner = selection(stride * length, ordered, 1, declarations);
  const missing = stride * length - rows;
  return {
    slots: slots.length,
    take: (x) => {
      const [groups, , columns] = x.shape;
      const padded =
        missing === 0
          ? x
          : tf.pad(x, [
              [0, 0],
              [0, missing],
              [0, 0],
            ]);
      const grid = tf.reshape<tf.Rank.R4>(padded, [groups, length, stride, columns]);
      return inner.take(tf.reshape(tf.transpose(grid, [0, 2, 1, 3]), [groups, stride * length, columns]));
    },
    put: (y) => {
      const placed = inner.put(y);
      const [groups, , columns] = placed.shape;
      const grid = tf.reshape<tf.Rank.R4>(placed, [groups, stride, length, columns]);
      const all = tf.reshape<tf.Rank.R3>(tf.transpose(grid, [0, 2, 1, 3]), [groups, stride * length, columns]);
      return missing === 0 ? all : tf.slice(all, [0, 0, 0], [-1, rows, -1]);
    },
  };
}

/** Rows copied one by one take long; above so many runs of them `gather` is faster. */
const mostRuns = 8;

/** Moves row `source[i]` of [groups, rows, columns] to place i, zeros where the source is -1. */
function mover(rows: number, source: Int32Array, declarations: Declarations): (x: Tensor3D) => Tensor3D {
  const runs: { from: number; length: number }[] = [];
  source.forEach((row, i) => {
    const last = runs.at(-1);
    const continues = last !== undefined && (row < 0 ? last.from < 0 : last.from >= 0 && row === source[i - 1] + 1);
    if (continues) last.length++;
    else runs.push({ from: row, length: 1 });
  });
  if (runs.length <= mostRuns)
    return (x) => {
      const pieces = runs.map(({ from, length }): Tensor3D =>
        from < 0 ? tf.zeros([x.shape[0], length, x.shape[2]]) : tf.slice(x, [0, from, 0], [-1, length, -1]),
      );
      return pieces.length === 1 ? pieces[0] : tf.concat(pieces, 1);
    };
  const holes = source.some((row) => row < 0);
  const index = declarations.structure(
    tf.tensor1d(
      source.map((row) => (row < 0 ? rows : row)),
      "int32",
    ),
  );
  return (x) => {
    const padded = holes
      ? tf.pad(x, [
          [0, 0],
          [0, 1],
          [0, 0],
        ])
      : x;
    return tf.gather(padded, index, 1);
  };
}
