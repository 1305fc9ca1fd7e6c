/**
 * Attention over blocks of queries and keys: the one operation that every kernel, pattern, bias and projection along the sequence is computed by.
 *
 * A *part* is a list of equal-shaped blocks: s queries against t keys each. Every pair (query, key) of the pattern lies in one part. What is computed
 * there and does not belong to the pattern is masked by a bias of -10^9. The dense computation is one part of one block.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import { differentiable } from "./ops";
import type { Selection } from "./selection";

/** The bias of a pair that is not in the pattern: exp and sigma of it are 0 in float32. */
export const masked = -1e9;

/** How a score u, q.k and a term of the pair where there is one, and a bias b make the weight w of a key. */
export interface Weighting {
  /** exponential: exp(u + b); sigmoid: 1 / (1 + exp(-(u + b))); product: u^degree exp(b); hard: 1 where u + b is the row's largest, shared by ties. */
  form: "exponential" | "sigmoid" | "product" | "hard";
  degree: number;
  /** Whether the weights of a row are divided by their sum. Hard weights always are. */
  normalized: boolean;
}

export interface Part {
  blocks: number;
  /** The queries of all blocks in turn, s each. */
  queries: Selection;
  /** The keys, t each, as pieces: those of block b are piece 0's, then piece 1's, ... */
  keys: readonly Selection[];
  /** Per query, 0 where the part has it and -10^9 where not, [1, queries, 1]; null where it has all. */
  absent: Tensor3D | null;
}

/** What is added to the scores of a part's pairs, [heads or 1, blocks * s * t]: `masked` where a pair is not in the pattern. */
export interface PairBias {
  value: Tensor2D;
  /** Whether it depends on parameters, so that it has a gradient. */
  learned: boolean;
}

export interface Geometry {
  parts: readonly Part[];
  /** Per query, 1 where it has a key in the pattern and else 0, [1, (heads or 1) * queries, 1]; null where all have. */
  occupied: Tensor3D | null;
}

const maximum = <T extends Tensor>(tensors: T[]): T =>
  tensors.slice(1).reduce<T>((a, b) => tf.maximum(a, b), tensors[0]);
const total = <T extends Tensor>(tensors: T[]): T => tensors.slice(1).reduce<T>((a, b) => tf.add(a, b), tensors[0]);

/**
 * The weighted sums of values, [groups, queries, columns]; a query without a key gets zeros, normalised or not.
 * @param queries [groups, queries, c]
 * @param keys [groups, keys, c]
 * @param values [groups, keys, columns]
 * @param biases one a part, null where all its pairs are in the pattern and none has a bias. `groups` are samples times heads, samples outermost.
 * @param terms what is added to the scores of each part's pairs before anything else, [groups, blocks * s * t] or null
 */
export function attend(
  { form, degree, normalized }: Weighting,
  { parts, occupied }: Geometry,
  queries: Tensor3D,
  keys: Tensor3D,
  values: Tensor3D,
  biases: readonly (PairBias | null)[],
  terms: readonly (Tensor2D | null)[] = parts.map(() => null),
): Tensor3D {
  const divided = normalized || form === "hard";
  const added = terms.filter((term) => term !== null);
  const learned = biases.filter((bias) => bias?.learned === true).map((bias) => bias!.value);

  const queryBlocks = (part: Part, x: Tensor3D): Tensor3D => {
    const taken = part.queries.take(x);
    return tf.reshape(taken, [-1, taken.shape[1] / part.blocks, taken.shape[2]]);
  };
  const keyBlocks = (part: Part, x: Tensor3D): Tensor3D => {
    const pieces = part.keys.map((piece) => {
      const taken = piece.take(x);
      return tf.reshape<tf.Rank.R3>(taken, [-1, taken.shape[1] / part.blocks, taken.shape[2]]);
    });
    return pieces.length === 1 ? pieces[0] : tf.concat(pieces, 1);
  };
  const fromQueryBlocks = (part: Part, x: Tensor): Tensor3D =>
    part.queries.put(tf.reshape(x, [-1, part.queries.slots, x.shape[2]!]));
  const fromKeyBlocks = (part: Part, x: Tensor3D): Tensor3D => {
    let from = 0;
    const pieces = part.keys.map((piece) => {
      const length = piece.slots / part.blocks;
      const own = part.keys.length === 1 ? x : tf.slice(x, [0, from, 0], [-1, length, -1]);
      from += length;
      return piece.put(tf.reshape(own, [-1, piece.slots, x.shape[2]]));
    });
    return total(pieces);
  };
  /** Applies `f` to scores and a bias that repeats over samples (and over heads where it has one row). */
  const withBias = (scores: Tensor3D, bias: Tensor2D, f: (a: Tensor, b: Tensor) => Tensor): Tensor3D => {
    const flat = tf.reshape(scores, [-1, bias.size]);
    return tf.reshape(f(flat, tf.reshape(bias, [1, bias.size])), scores.shape);
  };
  const power = (x: Tensor, exponent: number): Tensor => {
    // Repeated squaring: pow is slow on WASM, and not defined for negative numbers everywhere.
    if (exponent === 1) return x;
    const half = power(x, exponent >> 1);
    const square = tf.mul(half, half);
    return exponent % 2 === 0 ? square : tf.mul(square, x);
  };
  /** Applies `f` to a tensor [groups, queries, ..] and `occupied`. */
  const withOccupied = (x: Tensor3D, rows: Tensor3D, f: (a: Tensor3D, b: Tensor3D) => Tensor3D): Tensor3D =>
    tf.reshape(f(tf.reshape(x, [-1, rows.shape[1], x.shape[2]]), rows), x.shape);
  /** What multiplies u^degree: exp(bias). */
  const factor = ({ value }: PairBias): Tensor2D => tf.exp(value);

  const forward = () => {
    const scores = parts.map((part, p): Tensor3D => {
      const products = tf.matMul<Tensor3D>(queryBlocks(part, queries), keyBlocks(part, keys), false, true);
      const term = terms[p];
      return term === null ? products : tf.add(products, tf.reshape(term, products.shape));
    });
    const logits = scores.map((u, p) => {
      const bias = biases[p];
      return bias === null || form === "product" ? u : withBias(u, bias.value, tf.add);
    });
    let weights: Tensor[];
    let summed = divided;
    if (form === "exponential" && divided && parts.length === 1) {
      weights = [tf.softmax(logits[0])];
      summed = false;
    } else if (form === "hard" || (form === "exponential" && divided)) {
      const largest = maximum<Tensor3D>(
        parts.map((part, p) => {
          const rows = fromQueryBlocks(part, tf.max(logits[p], 2, true));
          return part.absent === null ? rows : tf.add(rows, part.absent);
        }),
      );
      weights = parts.map((part, p) => {
        const own = queryBlocks(part, largest);
        return form === "hard" ? tf.cast(tf.equal(logits[p], own), "float32") : tf.exp(tf.sub(logits[p], own));
      });
    } else if (form === "exponential") weights = logits.map((x) => tf.exp(x));
    else if (form === "sigmoid") weights = logits.map((x) => tf.sigmoid(x));
    else
      weights = scores.map((u, p) => {
        const bias = biases[p];
        const powers = power(u, degree) as Tensor3D;
        return bias === null ? powers : withBias(powers, factor(bias), tf.mul);
      });

    let value = total<Tensor3D>(
      parts.map((part, p) => fromQueryBlocks(part, tf.matMul(weights[p] as Tensor3D, keyBlocks(part, values)))),
    );
    let inverse: Tensor3D | null = null;
    if (summed) {
      let sums: Tensor3D = total(parts.map((part, p) => fromQueryBlocks(part, tf.sum<Tensor3D>(weights[p], 2, true))));
      if (occupied !== null) sums = withOccupied(sums, occupied, (a, b) => tf.add(a, tf.sub(1, b)));
      inverse = tf.reciprocal(sums);
      value = tf.mul(value, inverse);
    }
    if (occupied !== null) value = withOccupied(value, occupied, tf.mul);
    return { value, weights, scores, inverse };
  };

  return differentiable<Tensor3D>([queries, keys, values, ...learned, ...added], () => {
    const { value, weights, scores, inverse } = forward();
    // Of a product, the weights are quickly had from the scores; of the others, the scores are not needed any more.
    const saved = [value, ...weights, ...(form === "product" ? scores : []), ...(inverse === null ? [] : [inverse])];
    return {
      value,
      saved,
      gradient: (dy, inputs, kept) => {
        const [q, k, v] = inputs as [Tensor3D, Tensor3D, Tensor3D];
        const output = kept[0] as Tensor3D;
        // With value = sum_j w_j v_j / sum_j w_j: dw_j = (dy.v_j - dy.value) / sum_j w_j.
        let scaled = occupied === null ? dy : withOccupied(dy, occupied, tf.mul);
        if (inverse !== null) scaled = tf.mul(scaled, kept[kept.length - 1]);
        const mean = divided ? tf.sum<Tensor3D>(tf.mul(scaled, output), 2, true) : null;
        const dQueries: Tensor[] = [];
        const dKeys: Tensor[] = [];
        const dValues: Tensor[] = [];
        const dBiases: Tensor[] = [];
        const dTerms: Tensor[] = [];
        /** Each part's bias; a learned one as it was kept, for by now its own tensor is gone. */
        let next = 3;
        const keptBiases = biases.map((bias) =>
          bias?.learned ? { ...bias, value: inputs[next++] as Tensor2D } : bias,
        );
        parts.forEach((part, p) => {
          const w = kept[1 + p] as Tensor3D;
          const own = queryBlocks(part, scaled);
          dValues.push(fromKeyBlocks(part, tf.matMul(w, own, true, false)));
          if (form === "hard") return;
          const products = tf.matMul(own, keyBlocks(part, v), false, true);
          const dWeights = mean === null ? products : tf.sub(products, queryBlocks(part, mean));
          const bias = keptBiases[p];
          let dScores: Tensor3D;
          if (form === "product") {
            const u = kept[1 + parts.length + p];
            dScores = (degree === 1 ? dWeights : tf.mul(dWeights, tf.mul(power(u, degree - 1), degree))) as Tensor3D;
            if (bias !== null) dScores = withBias(dScores, factor(bias), tf.mul);
          } else {
            const slope = form === "sigmoid" ? tf.mul(w, tf.sub(1, w)) : w;
            dScores = tf.mul(slope, dWeights);
          }
          dQueries.push(fromQueryBlocks(part, tf.matMul(dScores, keyBlocks(part, k))));
          dKeys.push(fromKeyBlocks(part, tf.matMul(dScores, queryBlocks(part, q), true, false)));
          const term = terms[p];
          if (term !== null) dTerms.push(tf.reshape(dScores, term.shape));
          if (bias?.learned) {
            const dLogits = form === "product" ? tf.mul(w, dWeights) : dScores;
            const { size, shape } = bias.value;
            dBiases.push(tf.reshape(tf.sum(tf.reshape(dLogits, [-1, size]), 0), shape));
          }
        });
        if (form === "hard")
          return [tf.zerosLike(q), tf.zerosLike(k), total(dValues), ...inputs.slice(3).map((x) => tf.zerosLike(x))];
        return [total(dQueries), total(dKeys), total(dValues), ...dBiases, ...dTerms];
      },
    };
  });
}
