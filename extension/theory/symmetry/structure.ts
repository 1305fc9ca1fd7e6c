/**
 * Coloured structures: what the symmetry engine works on. A structure has coloured vertices and a list of relations; a relation gives
 * every vertex either a row of coloured runs or nothing ("not probed", which differs from an empty row).
 *
 * An isomorphism A -> B is a bijection of the vertices that keeps vertex colours and, relation by relation, carries the row of v onto the row
 * of its image, class by class, probed onto probed. Colours and classes are compared as the integers they are.
 */
export interface Relation {
  /** For each vertex the index of its row, or -1 where the row is not probed. Vertices may share a row. Length `size`. */
  readonly rowOf: Int32Array;
  /** First run of each row; length (number of rows) + 1. */
  readonly first: Int32Array;
  /** from, to, from, to, ... sorted and disjoint within a row; neighbouring runs of one class may touch. */
  readonly bounds: Int32Array;
  /** The class of every run; length bounds.length / 2. */
  readonly classes: Int32Array;
}

export interface Structure {
  readonly size: number;
  /** Vertex colours; length `size`. */
  readonly colours: Int32Array;
  readonly relations: readonly Relation[];
}

/** The structure of vertices of one colour whose ordered pairs (q, k) have the class classes[q * size + k]. */
export const pairStructure = (size: number, classes: Int32Array): Structure => ({
  size,
  colours: new Int32Array(size),
  relations: [
    {
      rowOf: Int32Array.from({ length: size }, (_, q) => q),
      first: Int32Array.from({ length: size + 1 }, (_, q) => q * size),
      bounds: Int32Array.from({ length: 2 * size * size }, (_, i) => ((i >> 1) % size) + (i & 1)),
      classes,
    },
  ],
});

/** A permutation p of 0..size-1: the vertex v goes to p[v]. */
export type Permutation = Int32Array;
