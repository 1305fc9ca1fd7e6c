/** Attention patterns and what comes of them layer by layer, cell by cell: for showing, at sizes where a person can look at the cells. */
import { Dependence } from "./dependence";
import type { Rows } from "./rows";

/** Most tokens and registers of a picture. */
export const picturedTokens = 1024;

/** The patterns of a stack, and what comes of them. */
export interface Pictures {
  /** Tokens and registers: the side of a pattern. */
  size: number;
  /** The distinct patterns, `cellsOf` each. */
  patterns: Uint8Array[];
  /** For every layer, repetitions unrolled, for every head group: which of the patterns. */
  layers: number[][];
  /** `reachMap` of the stack. */
  reach: Uint8Array;
}

/** cells[q * size + k] is 1 where query q attends to key k. */
export function cellsOf(rows: Rows): Uint8Array {
  const { size, rowOf, first, bounds } = rows;
  const cells = new Uint8Array(size * size);
  for (let q = 0; q < size; q++)
    for (let run = first[rowOf[q]]; run < first[rowOf[q] + 1]; run++)
      cells.fill(1, q * size + bounds[2 * run], q * size + bounds[2 * run + 1]);
  return cells;
}

/** Marks of a reach map beside numbers of layers. */
export const reachMarks = {
  /** No layer of the stack connects the two. */
  never: 255,
  /** Connected at some depth and not at the last: a layer dropped it again. */
  lost: 254,
} as const;
/** Layers that a reach map tells apart; beyond, all count as the last. */
const mostLayers = 253;

/**
 * cells[t * tokens + r] is the number of layers after which output t first depends on input token r, at most 253, or one of `reachMarks`.
 * @param layers the rows of every layer from the input up: what each output of the layer depends on
 */
export function reachMap(layers: readonly Rows[], tokens: number): Uint8Array {
  const cells = new Uint8Array(tokens * tokens).fill(reachMarks.never);
  const size = layers[0]?.size ?? tokens;
  let dependence = Dependence.none(size, tokens);
  for (let depth = 0; depth <= layers.length; depth++) {
    if (depth > 0) dependence = dependence.through(layers[depth - 1]);
    const last = depth === layers.length;
    for (let t = 0; t < tokens; t++)
      for (let r = 0; r < tokens; r++) {
        const at = t * tokens + r;
        if (dependence.has(t, r)) cells[at] = Math.min(cells[at], depth, mostLayers);
        else if (last && cells[at] !== reachMarks.never) cells[at] = reachMarks.lost;
      }
  }
  return cells;
}
