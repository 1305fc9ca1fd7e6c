/** A layer of attention with several heads. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor3D, Tensor4D } from "@tensorflow/tfjs-core";
import type { Architecture, Attention } from "../../theory/architecture/schema";
import { headWidth } from "../../theory/architecture/sizes";
import { undefinedBeside } from "../../theory/views/labels";
import { attend, type Geometry } from "./attend";
import type { Declarations, Read } from "./declare";
import { kernel, type Kernel } from "./kernels";
import { affine, rotate } from "./ops";
import { codesOf, pairBiases, type PlacedGroup } from "./pairBias";
import { pairProducts } from "./pairProducts";
import { type Plan, type Planner } from "./plan";
import { projectedAttention } from "./projection";
import { selection } from "./selection";

/** The order of the scores q.k of tokens with entries of order 1; there is no division by the square root of the head's width elsewhere. */
const scoreScale = (declarations: Declarations): number => declarations.choose(1, 0.3);

/** Gives rows [samples * heads, tokens, head width] what they know of their token's place. */
type Place = (x: Tensor3D) => Tensor3D;

/** Heads that are computed together: they share the blocks of their patterns. */
interface HeadBatch {
  first: number;
  count: number;
  /** [samples * count, tokens, head width] each -> the same shape as the values */
  mix(queries: Tensor3D, keys: Tensor3D, values: Tensor3D, read: Read): Tensor3D;
}

/**
 * x [samples, tokens + registers, width] -> the same shape.
 * @throws RangeError where the specification leaves the mechanism undefined (a projection along the sequence with a pattern or a bias, logarithmic buckets with
 * kernels that have no scores).
 */
export function attention(
  spec: Attention,
  architecture: Architecture,
  name: string,
  declarations: Declarations,
  plans: Planner,
): (x: Tensor3D, read: Read) => Tensor3D {
  const { width } = architecture;
  const size = architecture.tokens + architecture.registers;
  for (const code of [architecture.position, ...spec.heads.map((group) => group.bias)]) {
    const reason = undefinedBeside(code, spec.kernel.name);
    if (reason !== null) throw new RangeError(reason);
  }
  const heads = spec.heads.reduce((sum, group) => sum + group.count, 0);
  const columns = headWidth(width, heads);
  const deviation = Math.sqrt(scoreScale(declarations) / (width * Math.sqrt(columns)));
  const kernels = kernel(spec, heads, columns, name, declarations);
  if (kernels.reads) {
    declarations.parameter(`${name}.query`, [width, heads * columns], deviation);
    declarations.parameter(`${name}.key`, [width, heads * columns], deviation);
  }
  // Without normalisation a row sums over all its keys.
  const values = 1 / Math.sqrt(width) / (spec.normalized ? 1 : size);
  declarations.parameter(`${name}.value`, [width, heads * columns], values);
  declarations.parameter(`${name}.output`, [heads * columns, width], 1 / Math.sqrt(heads * columns));
  const turns = architecture.position.kind === "rotary" && kernels.reads;
  const place: Place = turns ? rotary(size, columns, declarations) : (x) => x;
  const batches = headBatches(spec, architecture, heads, kernels, place, name, declarations, plans);

  return (x, read) => {
    const samples = x.shape[0];
    const split = (part: string): Tensor4D => {
      const rows = tf.reshape(affine(x, read(`${name}.${part}`)), [samples, size, heads, columns]);
      return tf.transpose(rows as Tensor4D, [0, 2, 1, 3]);
    };
    const allValues = split("value");
    const [queries, keys] = kernels.reads ? [split("query"), split("key")] : [allValues, allValues];
    const ofBatch = (tensor: Tensor4D, { first, count }: HeadBatch): Tensor3D =>
      tf.reshape(count === heads ? tensor : tf.slice(tensor, [0, first, 0, 0], [-1, count, -1, -1]), [
        samples * count,
        size,
        columns,
      ]);
    const outputs = batches.map((batch) => {
      const [q, k, v] = [queries, keys, allValues].map((tensor) => ofBatch(tensor, batch));
      return tf.reshape<tf.Rank.R4>(batch.mix(q, k, v, read), [samples, batch.count, size, columns]);
    });
    const joined = outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1);
    const tokens = tf.reshape<tf.Rank.R3>(tf.transpose(joined, [0, 2, 1, 3]), [samples, size, heads * columns]);
    return affine(tokens, read(`${name}.output`));
  };
}

/** Turns the pairs of coordinates of [samples * heads, tokens, columns] by the angle t * 10000^(-2i / columns) of token t. */
function rotary(size: number, columns: number, declarations: Declarations): Place {
  const angles = (f: (angle: number) => number) =>
    Float32Array.from({ length: size * columns }, (_, i) => {
      const [token, column] = [Math.floor(i / columns), i % columns];
      return f(token / 10_000 ** ((column - (column % 2)) / columns));
    });
  const quarter = new Float32Array(columns * columns);
  for (let i = 0; i < columns; i += 2) {
    quarter[(i + 1) * columns + i] = -1;
    quarter[i * columns + i + 1] = 1;
  }
  const cosines = declarations.structure(tf.tensor2d(angles(Math.cos), [size, columns]));
  const sines = declarations.structure(tf.tensor2d(angles(Math.sin), [size, columns]));
  const swap = declarations.structure(tf.tensor2d(quarter, [columns, columns]));
  return (x) => rotate(x, cosines, sines, swap);
}

function refuseProjection(spec: Attention, architecture: Architecture): void {
  const plain = spec.heads.every((group) => group.pattern.kind === "full" && codesOf(architecture, group).length === 0);
  if (!plain)
    throw new RangeError("a projection along the sequence is defined for the full pattern without a bias only");
}

function headBatches(
  spec: Attention,
  architecture: Architecture,
  heads: number,
  kernels: Kernel,
  place: Place,
  name: string,
  declarations: Declarations,
  plans: Planner,
): HeadBatch[] {
  const { tokens, registers, width } = architecture;
  let first = 0;
  const placed = spec.heads.map((group, index): PlacedGroup => {
    const own = { group, index, first };
    first += group.count;
    return own;
  });
  if (spec.projection.kind !== "none") {
    refuseProjection(spec, architecture);
    const size = tokens + registers;
    const mix = projectedAttention(spec.projection, spec, size, heads, kernels, name, declarations);
    return [{ first: 0, count: heads, mix: (q, k, v, read) => mix(place(q), place(k), v, read) }];
  }
  const { form, degree, normalized } = kernels.weighting;
  const unbiased = spec.heads.every(
    (group) => group.pattern.kind === "full" && codesOf(architecture, group).length === 0,
  );
  if (form === "product" && degree === 1 && unbiased && plans.sparse(tokens + registers)) {
    const range = { first: 0, count: heads };
    const mix: HeadBatch["mix"] = (q, k, v, read) =>
      linearAttention(...kernels.features(place(q), place(k), range, read), v, normalized);
    return [{ ...range, mix }];
  }
  const planOfGroup = placed.map(({ group }) => plans.of(group.pattern));
  // Neighbouring groups that are computed in the same blocks are computed together.
  const runs: { groups: PlacedGroup[]; plans: Plan[] }[] = [];
  placed.forEach((own, g) => {
    const last = runs.at(-1);
    if (last !== undefined && sameBlocks(last.plans[0], planOfGroup[g])) {
      last.groups.push(own);
      last.plans.push(planOfGroup[g]);
    } else runs.push({ groups: [own], plans: [planOfGroup[g]] });
  });
  return runs.map(({ groups, plans: own }): HeadBatch => {
    const counts = groups.map(({ group }) => group.count);
    const range = { first: groups[0].first, count: counts.reduce((sum, count) => sum + count) };
    // Scores, weights and their gradients of every head, and the mask.
    const products = own[0].parts.reduce((sum, part) => sum + part.products, 0);
    declarations.reserve(products * (3 * range.count + 1));
    const geometry = geometryOf(own, counts, declarations);
    const biases = pairBiases(architecture, groups, own, heads, name, declarations);
    // Entries of queries and keys have the variance scale / sqrt(columns), so that q.R + k.S is as large as another code's bias.
    const columns = headWidth(width, heads);
    const deviation = declarations.choose(0.1, 0.3) / Math.sqrt(2 * scoreScale(declarations) * Math.sqrt(columns));
    const terms = pairProducts(architecture, groups, own, columns, deviation, name, declarations);
    return {
      ...range,
      mix: (q, k, v, read) => {
        const [queries, keys] = kernels.features(place(q), place(k), range, read);
        // The vectors of a bucket say all there is of the offset: queries and keys meet them as they are, not turned.
        return attend(kernels.weighting, geometry, queries, keys, v, biases(read), terms(q, k, read));
      },
    };
  });
}

/**
 * Every query against every key with weights q.k, in time and memory that grow with the tokens and not with their square (2006.16236, equation 5).
 * The arguments are those of `attend`.
 */
function linearAttention(queries: Tensor3D, keys: Tensor3D, values: Tensor3D, normalized: boolean): Tensor3D {
  const summaries = tf.matMul(keys, values, true, false);
  const sums: Tensor3D = tf.matMul(queries, summaries);
  if (!normalized) return sums;
  return tf.div(sums, tf.sum(tf.mul(queries, tf.sum(keys, 1, true)), 2, true));
}

const isDense = ({ parts, size }: Plan): boolean =>
  parts.length === 1 && parts[0].products === size * size && parts[0].blocks === 1;
const sameBlocks = (a: Plan, b: Plan): boolean => a === b || (isDense(a) && isDense(b));

/** The tensors of plans that share their blocks. */
function geometryOf(plans: readonly Plan[], counts: readonly number[], declarations: Declarations): Geometry {
  const [{ size, parts }] = plans;
  const shared = plans.every((plan) => plan === plans[0]);
  const perQuery = (flags: Float32Array): Tensor3D => declarations.structure(tf.tensor3d(flags, [1, flags.length, 1]));
  const occupied = Float32Array.from(
    (shared ? plans.slice(0, 1) : plans).flatMap((plan, p) =>
      Array.from({ length: shared ? 1 : counts[p] }, () => [...plan.occupied]).flat(),
    ),
  );
  return {
    occupied: occupied.every((flag) => flag === 1) ? null : perQuery(occupied),
    parts: parts.map(({ blocks, queries, keys, stride }) => {
      const present = new Uint8Array(size);
      for (const q of queries) if (q >= 0) present[q] = 1;
      return {
        blocks,
        queries: selection(size, queries, stride, declarations),
        keys: keys.map((piece) => selection(size, piece, stride, declarations)),
        absent: present.every((flag) => flag === 1)
          ? null
          : perQuery(Float32Array.from(present, (flag) => (flag === 1 ? 0 : -1e9))),
      };
    }),
  };
}
