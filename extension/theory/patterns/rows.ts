/**
 * Row runs: the one representation of "who attends to whom". Never an n x n matrix.
 *
 * Row q (a query) is a sorted list of maximal half-open runs [from, to) of keys. Rows that are equal may share storage:
 * `rowOf[q]` names the distinct row of query q, whose runs are bounds[2 * first[row] .. 2 * first[row + 1]).
 */
export interface Rows {
  /** Tokens and registers together (N). */
  readonly size: number;
  /** For each query, the index of its distinct row. Length N. */
  readonly rowOf: Int32Array;
  /** First run of each distinct row; length (number of distinct rows) + 1. */
  readonly first: Int32Array;
  /** from, to, from, to, ... of all runs of all distinct rows. */
  readonly bounds: Int32Array;
}

/** Thrown where an exact answer would take more memory or time than allowed; `message` says what and how much. */
export class BeyondReach extends Error {
  override name = "BeyondReach";
}
