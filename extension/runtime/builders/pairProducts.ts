/** Logarithmic buckets (2006.03654): products of the query and of the key with vectors of their pair's class. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import type { Architecture } from "../../theory/architecture/schema";
import type { Declarations, Read } from "./declare";
import { lookup, type Lookup } from "./lookup";
import { differentiable } from "./ops";
import { codesOf, pairClasses, type PlacedGroup } from "./pairBias";
import type { PartPlan, Plan } from "./plan";
import { selection, type Selection } from "./selection";

/** One end of a part's pairs: the tokens that take part, and where each product is in the table of these tokens and the part's classes. */
interface Side {
  tokens: Selection;
  places: Lookup;
}

interface Part {
  /** The classes that occur, among those of the code. */
  classes: Selection;
  sides: readonly [Side, Side];
}

/** A code of a group of heads: the names of its vectors, and its pairs in each part, null where there are none. */
interface Code {
  vectors: readonly [string, string];
  parts: readonly (Part | null)[];
}

/**
 * Declares the vectors R and S of head groups that share a plan, and gives for each part what they add to the scores, [samples * heads, products]: q.R_c + k.S_c
 * for a pair (q, k) of class c, 0 for one that the code does not speak of, null where no pair has a class.
 * @param columns the width of a head
 * @param deviation of the entries of R and S
 */
export function pairProducts(
  architecture: Architecture,
  groups: readonly PlacedGroup[],
  plans: readonly Plan[],
  columns: number,
  deviation: number,
  name: string,
  declarations: Declarations,
): (queries: Tensor3D, keys: Tensor3D, read: Read) => (Tensor2D | null)[] {
  const codes = groups.map(({ group, index }, g) =>
    codesOf(architecture, group).flatMap(([role, code]): Code[] => {
      if (code.kind !== "log-buckets") return [];
      const { count, ranks } = pairClasses(code, architecture.tokens, plans[g]);
      if (count === 0) return [];
      const vectors = [`${name}.heads.${index}.${role}Query`, `${name}.heads.${index}.${role}Key`] as const;
      for (const parameter of vectors) declarations.parameter(parameter, [group.count, count, columns], deviation);
      const { size, parts } = plans[g];
      return [
        { vectors, parts: parts.map((part, p) => partOf(part, ranks[p], size, count, group.count, declarations)) },
      ];
    }),
  );
  const heads = groups.reduce((sum, { group }) => sum + group.count, 0);
  return (queries, keys, read) => {
    const samples = queries.shape[0] / heads;
    let first = 0;
    /** By group and part, [samples, heads of the group, products]. */
    const terms = groups.map(({ group: { count } }, g): (Tensor3D | null)[] => {
      const from = first;
      first += count;
      if (codes[g].length === 0) return plans[g].parts.map(() => null);
      const [q, k] = [queries, keys].map((x): Tensor3D => {
        if (count === heads) return x;
        const [, size, width] = x.shape;
        const byHead = tf.reshape<tf.Rank.R4>(x, [samples, heads, size, width]);
        return tf.reshape(tf.slice(byHead, [0, from, 0, 0], [-1, count, -1, -1]), [samples * count, size, width]);
      });
      return plans[g].parts.map(({ products }, p) => {
        const own = codes[g].flatMap(({ vectors: [R, S], parts }) => {
          const part = parts[p];
          return part === null ? [] : [termOf(part, q, k, read(R) as Tensor3D, read(S) as Tensor3D)];
        });
        return own.length === 0 ? null : tf.reshape(own.reduce((a, b) => tf.add(a, b)), [samples, count, products]); // prettier-ignore
      });
    });
    return plans[0].parts.map(({ products }, p) => {
      if (terms.every((own) => own[p] === null)) return null;
      const all = groups.map(({ group }, g) => terms[g][p] ?? tf.zeros<tf.Rank.R3>([samples, group.count, products]));
      return tf.reshape(all.length === 1 ? all[0] : tf.concat(all, 1), [samples * heads, products]);
    });
  };
}

/** @param ranks the class of each pair of the part, -1 for none. */
function partOf(
  { pairs, products }: PartPlan,
  ranks: Int32Array,
  size: number,
  count: number,
  heads: number,
  declarations: Declarations,
): Part | null {
  const present = (flags: Uint8Array): Int32Array => Int32Array.from(flags.keys()).filter((i) => flags[i] === 1);
  const inverse = (list: Int32Array, length: number): Int32Array => {
    const places = new Int32Array(length);
    list.forEach((value, i) => (places[value] = i));
    return places;
  };
  const occurs = new Uint8Array(count);
  for (const rank of ranks) if (rank >= 0) occurs[rank] = 1;
  const classes = present(occurs);
  if (classes.length === 0) return null;
  const columnOf = inverse(classes, count);
  const silent = ranks.includes(-1);
  const side = (ends: Int32Array): Side => {
    const takesPart = new Uint8Array(size);
    ranks.forEach((rank, i) => {
      if (rank >= 0) takesPart[ends[i]] = 1;
    });
    const tokens = present(takesPart);
    const rowOf = inverse(tokens, size);
    const places = new Int32Array(products).fill(-1);
    ranks.forEach((rank, i) => {
      if (rank >= 0) places[pairs.at[i]] = rowOf[ends[i]] * classes.length + columnOf[rank];
    });
    const entries = tokens.length * classes.length;
    // The places of the products and the products of the places, and for a while the table of every head, the sums behind its gradient among it.
    declarations.reserve(3 * products + entries + heads * (products + entries));
    return {
      tokens: selection(size, tokens, 1, declarations),
      places: declarations.own(lookup(places, entries, silent)),
    };
  };
  return { classes: selection(count, classes, 1, declarations), sides: [side(pairs.query), side(pairs.key)] };
}

/**
 * q.R_c + k.S_c, [samples * heads, products], without keeping the tables that it is read from.
 * @param queries [samples * heads, tokens, columns], as the keys
 * @param R [heads, classes, columns], as S
 */
function termOf({ classes, sides }: Part, queries: Tensor3D, keys: Tensor3D, R: Tensor3D, S: Tensor3D): Tensor2D {
  const heads = R.shape[0];
  const samples = queries.shape[0] / heads;
  /** [samples * heads, rows, width] -> [heads, samples * rows, width], so that every head's matrix meets all its rows at once. */
  const byHead = (x: Tensor3D): Tensor3D => {
    const [, rows, width] = x.shape;
    const swapped = tf.transpose(tf.reshape<tf.Rank.R4>(x, [samples, heads, rows, width]), [1, 0, 2, 3]);
    return tf.reshape(swapped, [heads, samples * rows, width]);
  };
  const bySample = (x: Tensor3D): Tensor3D => {
    const [, all, width] = x.shape;
    const rows = all / samples;
    const swapped = tf.transpose(tf.reshape<tf.Rank.R4>(x, [heads, samples, rows, width]), [1, 0, 2, 3]);
    return tf.reshape(swapped, [samples * heads, rows, width]);
  };
  const scores = (x: Tensor3D, vectors: Tensor3D, { tokens, places }: Side): Tensor2D => {
    const table = tf.matMul<Tensor3D>(byHead(tokens.take(x)), classes.take(vectors), false, true);
    return places.take(tf.reshape(bySample(table), [samples * heads, -1]));
  };
  const slopes = (dy: Tensor2D, x: Tensor3D, vectors: Tensor3D, { tokens, places }: Side): [Tensor3D, Tensor3D] => {
    const own = classes.take(vectors);
    const table = byHead(tf.reshape(places.put(dy), [samples * heads, -1, own.shape[1]]));
    return [
      tokens.put(bySample(tf.matMul(table, own))),
      classes.put(tf.matMul(table, byHead(tokens.take(x)), true, false)),
    ];
  };
  const [query, key] = sides;
  return differentiable<Tensor2D>([queries, keys, R, S], () => ({
    value: tf.add(scores(queries, R, query), scores(keys, S, key)),
    saved: [],
    gradient: (dy, [q, k, ofQueries, ofKeys]) => {
      const [dQueries, dR] = slopes(dy, q as Tensor3D, ofQueries as Tensor3D, query);
      const [dKeys, dS] = slopes(dy, k as Tensor3D, ofKeys as Tensor3D, key);
      return [dQueries, dKeys, dR, dS];
    },
  }));
}
