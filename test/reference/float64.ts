/**
 * The independent numerical route: every mechanism of the architecture specification evaluated in plain float64, straight from its
 * definition. It shares nothing with the theory but the specification's types.
 *
 * A token is a vector of width d, a sample is n tokens, and registers follow the sequence as tokens n .. N - 1. Matrices are lists of
 * rows. `value` includes the output projection: only sums of heads occur. Random parameters have heads of full width (queries and keys in R^d); the
 * evaluation takes heads of any width.
 */
import { compileFunction } from "node:vm";
import type {
  ActivationName,
  Architecture,
  Attention,
  Block,
  FeedForward,
  KernelName,
  Norm,
  PairCode,
  Pattern,
} from "../../extension/theory/architecture/schema";
import type { Random } from "./random";

export type Vector = Float64Array;
export type Matrix = Float64Array[];

// ---------------------------------------------------------------------------------------------------------- patterns

type WithRegisters = "full" | "global" | "edges" | "expression" | "any" | "all" | "not";

/**
 * Whether query q attends to key k, 0 <= q, k < size = tokens + registers. Registers take part in full, edges, global and expression patterns
 * and wherever a complement or a global token of Longformer lets them; every other kind speaks of the sequence alone.
 * @throws RangeError for a pattern drawn at random: its pairs are defined by a drawing, not by a condition on q and k.
 */
export function attends(pattern: Pattern, q: number, k: number, tokens: number, size: number): boolean {
  switch (pattern.kind) {
    case "full":
      return true;
    case "global":
      return pattern.tokens.includes(q) || pattern.tokens.includes(k);
    case "edges":
      return pattern.edges.some(([query, key]) => query === q && key === k);
    case "expression":
      return condition(pattern.expression)(q, k, tokens);
    case "any":
      return pattern.patterns.some((part) => attends(part, q, k, tokens, size));
    case "all":
      return pattern.patterns.every((part) => attends(part, q, k, tokens, size));
    case "not":
      return !attends(pattern.pattern, q, k, tokens, size);
    case "longformer":
      if (pattern.globals.includes(q) || pattern.globals.includes(k)) return true;
      break;
    default:
  }
  return q < tokens && k < tokens && attendsInSequence(pattern, q, k, tokens);
}

const { abs, min, max, floor } = Math;
const conditions = new Map<string, (q: number, k: number, n: number) => boolean>();
/** The expression as JavaScript reads it. */
function condition(expression: string): (q: number, k: number, n: number) => boolean {
  let compiled = conditions.get(expression);
  if (compiled === undefined) {
    const body = compileFunction(`return (${expression})`, ["q", "k", "n", "abs", "min", "max", "floor"]) as (
      ...values: unknown[]
    ) => unknown;
    compiled = (q, k, n) => Boolean(body(q, k, n, abs, min, max, floor));
    conditions.set(expression, compiled);
  }
  return compiled;
}

function attendsInSequence(
  pattern: Exclude<Pattern, { kind: WithRegisters }>,
  q: number,
  k: number,
  n: number,
): boolean {
  const distance = Math.abs(q - k);
  switch (pattern.kind) {
    case "causal":
      return k <= q;
    case "window": {
      const { left, right, dilation } = pattern;
      const reaches = (offset: number) =>
        offset % dilation === 0 && offset >= -left * dilation && offset <= right * dilation;
      if (!pattern.circular) return reaches(k - q);
      const turns = 1 + Math.ceil((Math.max(left, right) * dilation) / n);
      for (let turn = -turns; turn <= turns; turn++) if (reaches(k - q + turn * n)) return true;
      return false;
    }
    case "block": {
      const block = (token: number) => Math.floor((token - (pattern.shift % pattern.size)) / pattern.size);
      return block(q) === block(k);
    }
    case "strided":
      return distance < pattern.stride || distance % pattern.stride === 0;
    case "fixed":
      return (
        Math.floor(q / pattern.stride) === Math.floor(k / pattern.stride) ||
        k % pattern.stride >= pattern.stride - pattern.summary
      );
    case "star":
      return q === pattern.centre || k === pattern.centre;
    case "axial":
      return Math.floor(q / pattern.columns) === Math.floor(k / pattern.columns) || distance % pattern.columns === 0;
    case "bigbird": {
      if (pattern.random > 0) throw new RangeError("random blocks have no pointwise definition");
      const blocks = Math.ceil(n / pattern.block);
      const [blockQ, blockK] = [Math.floor(q / pattern.block), Math.floor(k / pattern.block)];
      const globals = pattern.globals.map((block) => (block < 0 ? block + blocks : block));
      return (
        Math.abs(blockQ - blockK) <= (pattern.window - 1) / 2 || globals.includes(blockQ) || globals.includes(blockK)
      );
    }
    case "longformer":
      return distance % pattern.dilation === 0 && distance <= pattern.window * pattern.dilation;
    case "random":
      throw new RangeError("a random pattern has no pointwise definition");
  }
}

// ------------------------------------------------------------------------------------------------------------ biases

/** The class of the pair (q, k) under a code that learns something of each class: a bias, or of logarithmic buckets two vectors. */
export function pairClass(code: Exclude<PairCode, { kind: "alibi" }>, q: number, k: number): number {
  const offset = k - q;
  switch (code.kind) {
    case "relative": {
      const clip = code.clip ?? Infinity;
      const clipped = Math.max(-clip, Math.min(clip, offset));
      return code.offsets === "signed" ? clipped : Math.abs(clipped);
    }
    case "t5-buckets":
      return t5Bucket(code, offset);
    case "log-buckets":
      return logBucket(code, offset);
    case "pairs":
      return code.classes[q][k];
  }
}

/** T5's bucket of the offset k - q (1910.10683, the released code). */
function t5Bucket(code: Extract<PairCode, { kind: "t5-buckets" }>, offset: number): number {
  const buckets = code.bidirectional ? Math.floor(code.buckets / 2) : code.buckets;
  const side = code.bidirectional && offset > 0 ? buckets : 0;
  const distance = code.bidirectional ? Math.abs(offset) : Math.max(-offset, 0);
  const exact = Math.floor(buckets / 2);
  if (distance < exact) return side + distance;
  if (exact === 0 || code.maxDistance <= exact) return side + buckets - 1;
  const logarithmic = (Math.log(distance / exact) / Math.log(code.maxDistance / exact)) * (buckets - exact);
  return side + Math.min(buckets - 1, exact + Math.floor(logarithmic));
}

/** DeBERTa-v2's signed logarithmic bucket of the offset k - q (2006.03654, the released code). */
function logBucket(code: Extract<PairCode, { kind: "log-buckets" }>, offset: number): number {
  const middle = Math.floor(code.buckets / 2);
  const distance = Math.abs(offset);
  if (distance <= middle) return offset;
  // One end of the table more than each of the released tables has: the two are asked for an offset and for its negative.
  const scale = Math.log((code.maxDistance - 1) / middle);
  const bucket = middle + Math.ceil((Math.log(distance / middle) / scale) * (middle - 1));
  return Math.max(-code.buckets, Math.min(code.buckets, Math.sign(offset) * bucket));
}

// -------------------------------------------------------------------------------------------------------- parameters

/** The vectors R and S of a bucket: the score of a pair (q, k) in it has the terms q.R and k.S besides. */
export interface BucketVectors {
  ofQuery: Vector;
  ofKey: Vector;
}

/** One attention head. */
export interface Head {
  /** head width x d each. */
  query: Matrix;
  key: Matrix;
  /** d x d. */
  value: Matrix;
  /** For every query (N of them) the keys it attends to, and the bias of each of these pairs. */
  keys: number[][];
  biases: number[][];
  /** What the pair's logarithmic buckets multiply the query and the key with, head width each: nothing, or a pair of vectors from each code of this kind. */
  vectors: BucketVectors[][][];
  /** What the kernel needs beyond queries and keys: exponential-additive's w; cosine's scale; Performer's feature directions. */
  direction: Vector;
  sharpness: number;
  features: Matrix;
  /** Linformer: rank x N mixtures of keys and of values along the sequence. */
  mixKeys: Matrix;
  mixValues: Matrix;
}

/** `gate` is used by swiglu and geglu only. Shapes: hidden x d, hidden, d x hidden, d. */
export interface Tokenwise {
  inner: Matrix;
  innerBias: Vector;
  gate: Matrix;
  gateBias: Vector;
  outer: Matrix;
  outerBias: Vector;
}

export interface Affine {
  gain: Vector;
  shift: Vector;
}

/** One layer, after `repeat` is unrolled. */
export interface Layer {
  heads: Head[];
  taps: Vector;
  tokenwise: Tokenwise;
  /** The norm beside the mixer and the one beside the feed-forward network. */
  norms: [Affine, Affine];
}

export interface Parameters {
  /** What is added to each of the N tokens before the first layer; a register starts as `register` plus its code. */
  codes: Vector[];
  register: Vector;
  layers: Layer[];
}

/** The blocks of an architecture with `repeat` unrolled. */
export const unrolled = (architecture: Architecture): Block[] =>
  architecture.layers.flatMap((block) => Array.from({ length: block.repeat }, () => block));

/**
 * Independent random parameters for every layer and head. Attention logits have the order of `scale` for tokens with entries of order 1
 * (small, or softmax saturates and hides differences: theory, section 4); values and feed-forward networks keep the tokens' order.
 * @throws RangeError where the specification leaves a mechanism undefined (a projection along the sequence with a pattern or a bias, logarithmic buckets with a
 * kernel that has no score).
 */
export function drawParameters(architecture: Architecture, random: Random, scale: number): Parameters {
  const { tokens: n, width: d, registers, position } = architecture;
  const size = n + registers;
  const zero = (): Vector => new Float64Array(d);

  const codes = Array.from({ length: size }, zero);
  if (position.kind === "absolute") {
    for (let t = 0; t < n; t++) {
      codes[t] = position.code === "learned" ? random.vector(d, 1) : sinusoid(t, d);
    }
  } else if (position.kind === "classes") {
    const learned = new Map<number, Vector>();
    position.classes.forEach((label, t) => {
      if (!learned.has(label)) learned.set(label, random.vector(d, 1));
      codes[t] = learned.get(label)!;
    });
  }

  const drawLayer = (block: Block): Layer => {
    const ffn = block.feedForward;
    const hidden = ffn?.hidden ?? 2 * d;
    const biasScale = ffn?.bias ? 1 : 0;
    const affine = (): Affine => ({ gain: random.vector(d, 0.3).map((x) => 1 + x), shift: random.vector(d, 0.3) });
    return {
      heads: block.mixer.kind === "attention" ? drawHeads(architecture, block.mixer, random, scale) : [],
      taps: block.mixer.kind === "convolution" ? random.vector(block.mixer.offsets.length, 1) : new Float64Array(0),
      tokenwise: {
        inner: random.matrix(hidden, d, 1 / Math.sqrt(d)),
        innerBias: random.vector(hidden, 0.5 * biasScale),
        gate: random.matrix(hidden, d, 1 / Math.sqrt(d)),
        gateBias: random.vector(hidden, 0.5 * biasScale),
        outer: random.matrix(d, hidden, 1 / Math.sqrt(hidden)),
        outerBias: random.vector(d, 0.5 * biasScale),
      },
      norms: [affine(), affine()],
    };
  };
  return { codes, register: random.vector(d, 1), layers: unrolled(architecture).map(drawLayer) };
}

function drawHeads(architecture: Architecture, attention: Attention, random: Random, scale: number): Head[] {
  const { tokens: n, width: d, position } = architecture;
  const size = n + architecture.registers;
  const { projection } = attention;
  const allHeads = attention.heads.reduce((total, group) => total + group.count, 0);
  const shared = position.kind === "absolute" || position.kind === "classes" || position.kind === "rotary";
  const positionCode: PairCode | { kind: "none" } = shared ? { kind: "none" } : position;
  // Averages without a residual path collapse doubly exponentially with depth (2103.03404) unless attention is sharper.
  const logitScale = attention.normalized && !attention.residual ? 4 * scale : scale;
  /** A matrix entry's deviation for which x^T W_Q^T W_K y has deviation `logitScale` when |x|^2 = |y|^2 = d. */
  const deviation = Math.sqrt(logitScale / d ** 1.5);
  const valueDeviation = 1 / Math.sqrt(d) / (attention.normalized ? 1 : size);

  const drawHead = (group: Attention["heads"][number], index: number): Head => {
    const codes = [positionCode, group.bias].map((code) => ({ code, learned: new Map<number, number>() }));
    if (codes.some(({ code }) => code.kind === "log-buckets") && !scored.has(attention.kernel.name))
      throw new RangeError(`the ${attention.kernel.name} kernel has no score that logarithmic buckets add to`);
    /** Codes speak of the sequence; the bias of a pair with a register is 0 unless a matrix of classes lists the registers too. */
    const bias = (q: number, k: number): number => {
      let sum = 0;
      for (const { code, learned } of codes) {
        if (code.kind === "none" || (Math.max(q, k) >= n && !(code.kind === "pairs" && code.classes.length === size)))
          continue;
        if (code.kind === "log-buckets") continue;
        if (code.kind === "alibi") {
          sum -= 2 ** ((-8 * (index + 1)) / allHeads) * Math.abs(q - k);
          continue;
        }
        const label = pairClass(code, q, k);
        if (!learned.has(label)) learned.set(label, logitScale * random.normal());
        sum += learned.get(label)!;
      }
      return sum;
    };
    // Entries of queries and keys have variance logitScale / sqrt(d): q.R + k.S has deviation logitScale.
    const bucketDeviation = Math.sqrt(logitScale / (2 * Math.sqrt(d)));
    const buckets = [positionCode, group.bias].map(() => new Map<number, BucketVectors>());
    const vectors = (q: number, k: number): BucketVectors[] =>
      [positionCode, group.bias].flatMap((code, which) => {
        if (code.kind !== "log-buckets" || Math.max(q, k) >= n) return [];
        const label = pairClass(code, q, k);
        let known = buckets[which].get(label);
        if (known === undefined) {
          known = { ofQuery: random.vector(d, bucketDeviation), ofKey: random.vector(d, bucketDeviation) };
          buckets[which].set(label, known);
        }
        return [known];
      });
    const everyone = Array.from({ length: size }, (_, token) => token);
    const keys = everyone.map((q) => everyone.filter((k) => attends(group.pattern, q, k, n, size)));
    const biases = keys.map((row, q) => row.map((k) => bias(q, k)));
    if (
      projection.kind !== "none" &&
      (keys.some((row) => row.length < size) || codes.some((c) => c.code.kind !== "none"))
    )
      throw new RangeError("a projection along the sequence is defined for the full pattern without bias only");
    const rank = projection.kind === "linformer" ? projection.rank : 0;
    return {
      query: random.matrix(d, d, deviation),
      key: random.matrix(d, d, deviation),
      value: random.matrix(d, d, valueDeviation),
      keys,
      biases,
      vectors: keys.map((row, q) => row.map((k) => vectors(q, k))),
      direction: random.vector(d, Math.sqrt(logitScale)),
      sharpness: logitScale * random.normal(),
      features: random.matrix(attention.kernel.name === "performer" ? 8 : 0, d, 1),
      mixKeys: random.matrix(rank, size, 1 / Math.sqrt(size)),
      mixValues: random.matrix(rank, size, 1 / Math.sqrt(size)),
    };
  };
  return attention.heads.flatMap((group) => Array<typeof group>(group.count).fill(group)).map(drawHead);
}

/** The sinusoidal code of position t (1706.03762, section 3.5). */
export const sinusoid = (t: number, d: number): Vector =>
  Float64Array.from({ length: d }, (_, i) => {
    const angle = t / 10_000 ** ((i - (i % 2)) / d);
    return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });

// -------------------------------------------------------------------------------------------------------- evaluation

const dot = (x: Vector, y: Vector): number => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
};
const add = (x: Vector, y: Vector): Vector => x.map((value, i) => value + y[i]);
const times = (matrix: Matrix, x: Vector): Vector => {
  const result = new Float64Array(matrix.length);
  for (let row = 0; row < matrix.length; row++) result[row] = dot(matrix[row], x);
  return result;
};
/** sum_i weights[i] * vectors[i], in R^d. */
const combine = (weights: ArrayLike<number>, vectors: readonly Vector[], d: number): Vector => {
  const sum = new Float64Array(d);
  for (let j = 0; j < vectors.length; j++) for (let i = 0; i < d; i++) sum[i] += weights[j] * vectors[j][i];
  return sum;
};
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * The outputs F_0(X) .. F_{n-1}(X) of the sequence tokens.
 * @param X n tokens in R^d
 */
export function evaluate(architecture: Architecture, parameters: Parameters, X: readonly Vector[]): Vector[] {
  const { tokens: n, registers } = architecture;
  let state = parameters.codes.map((code, t) => add(code, t < n ? X[t] : parameters.register));
  const rotary = architecture.position.kind === "rotary";
  unrolled(architecture).forEach((block, index) => {
    const layer = parameters.layers[index];
    state = sublayer(state, block.norm, layer.norms[0], block.mixer.residual, (tokens) =>
      block.mixer.kind === "attention"
        ? attend(block.mixer, layer.heads, tokens, rotary)
        : convolve(block.mixer.offsets, layer.taps, tokens, registers),
    );
    const ffn = block.feedForward;
    if (ffn !== null)
      state = sublayer(state, block.norm, layer.norms[1], ffn.residual, (tokens) =>
        tokens.map((token) => feedForward(ffn, layer.tokenwise, token)),
      );
  });
  return state.slice(0, n);
}

function sublayer(
  state: Vector[],
  norm: Norm | null,
  affine: Affine,
  residual: boolean,
  map: (tokens: Vector[]) => Vector[],
): Vector[] {
  const normalise = (token: Vector) => (norm === null ? token : normalised(norm, affine, token));
  const images = map(norm?.placement === "pre" ? state.map(normalise) : state);
  const sum = residual ? images.map((image, t) => add(state[t], image)) : images;
  return norm?.placement === "post" ? sum.map(normalise) : sum;
}

function normalised({ kind }: Norm, { gain, shift }: Affine, token: Vector): Vector {
  const mean = kind === "layer" ? token.reduce((sum, x) => sum + x, 0) / token.length : 0;
  const variance = token.reduce((sum, x) => sum + (x - mean) ** 2, 0) / token.length;
  const deviation = Math.sqrt(variance + 1e-5);
  return token.map((x, i) => ((x - mean) / deviation) * gain[i] + (kind === "layer" ? shift[i] : 0));
}

/** Token t reads the tokens (t + offset) mod n of the sequence; registers are not on the circle and read nothing. */
function convolve(offsets: number[], taps: Vector, tokens: Vector[], registers: number): Vector[] {
  const n = tokens.length - registers;
  const d = tokens[0].length;
  return tokens.map((_, t) => {
    if (t >= n) return new Float64Array(d);
    const read = offsets.map((offset) => tokens[(((t + offset) % n) + n) % n]);
    return combine(taps, read, d);
  });
}

function attend(attention: Attention, heads: Head[], tokens: Vector[], rotary: boolean): Vector[] {
  const d = tokens[0].length;
  const outputs = heads.map((head) => {
    const place = (vector: Vector, t: number) => (rotary ? rotate(vector, t) : vector);
    const [queries, theirKeys] = [head.query, head.key].map((matrix) => tokens.map((token) => times(matrix, token)));
    const [Q, K] = [queries.map(place), theirKeys.map(place)];
    const V = tokens.map((token) => times(head.value, token));
    switch (attention.projection.kind) {
      case "none":
        return Q.map((q, t) => {
          const keys = head.keys[t];
          // Rotary positions turn what queries and keys are to each other, not what they are to a bucket.
          const terms = keys.map((k, j) =>
            head.vectors[t][j].reduce(
              (sum, { ofQuery, ofKey }) => sum + dot(queries[t], ofQuery) + dot(theirKeys[k], ofKey),
              0,
            ),
          );
          const weights = rowWeights(
            attention,
            head,
            q,
            keys.map((k) => K[k]),
            head.biases[t],
            terms,
          );
          return combine(
            weights,
            keys.map((k) => V[k]),
            d,
          );
        });
      case "linformer": {
        const mixedK = head.mixKeys.map((row) => combine(row, K, K[0].length));
        const mixedV = head.mixValues.map((row) => combine(row, V, d));
        const noBias = mixedK.map(() => 0);
        return Q.map((q) => combine(rowWeights(attention, head, q, mixedK, noBias), mixedV, d));
      }
      case "nystrom":
        return nystrom(attention, head, Q, K, V);
    }
  });
  return tokens.map((_, t) => outputs.map((output) => output[t]).reduce(add));
}

/**
 * The weights of one query over the given keys.
 * @param terms what is added to the score of each key (logarithmic buckets)
 */
function rowWeights(
  attention: Attention,
  head: Head,
  q: Vector,
  keys: Vector[],
  biases: number[],
  terms = keys.map(() => 0),
): number[] {
  const { name } = attention.kernel;
  if (name === "hard") {
    const scores = keys.map((k, j) => dot(q, k) + terms[j] + biases[j]);
    const best = Math.max(...scores);
    const ties = scores.filter((score) => score === best).length;
    return scores.map((score) => (score === best ? 1 / ties : 0));
  }
  const weights = keys.map((k, j) =>
    name === "sigmoid"
      ? sigmoid(dot(q, k) + terms[j] + biases[j])
      : kernelWeight(attention, head, q, k, terms[j]) * Math.exp(biases[j]),
  );
  if (!attention.normalized) return weights;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Kernels with a score that a term of the pair adds to: an exponent, what is raised to a power, or what is compared. */
const scored = new Set<KernelName>([
  "softmax",
  "gaussian",
  "exponential-additive",
  "cosine",
  "polynomial",
  "sigmoid",
  "hard",
]);

/** The weight of a query and a key without bias; `term` is part of the score. */
function kernelWeight({ kernel: { name, degree } }: Attention, head: Head, q: Vector, k: Vector, term: number): number {
  switch (name) {
    case "softmax":
      return Math.exp(dot(q, k) + term);
    case "gaussian":
      return Math.exp(-0.5 * q.reduce((sum, x, i) => sum + (x - k[i]) ** 2, 0) + term);
    case "performer":
      return dot(performerFeatures(head, q), performerFeatures(head, k));
    case "exponential-additive":
      return Math.exp(dot(head.direction, q) + dot(head.direction, k) + term);
    case "linear-elu":
      return q.reduce((sum, x, i) => sum + elu1(x) * elu1(k[i]), 0);
    case "linear-relu":
      return q.reduce((sum, x, i) => sum + relu1(x) * relu1(k[i]), 0);
    case "polynomial":
      return (dot(q, k) + term) ** degree;
    case "cosine":
      return Math.exp((head.sharpness * dot(q, k)) / Math.sqrt(dot(q, q) * dot(k, k)) + term);
    case "uniform":
      return 1;
    case "sigmoid":
    case "hard":
      throw new Error("not a product of a kernel and a bias");
  }
}

const elu1 = (x: number) => (x > 0 ? x + 1 : Math.exp(x));
/** The small constant keeps a row's total positive (2009.14794, generalised attention). */
const relu1 = (x: number) => Math.max(x, 0) + 1e-3;
/** Positive random features of the softmax kernel (2009.14794, Lemma 1). */
const performerFeatures = (head: Head, x: Vector): Vector =>
  times(head.features, x).map((projection) => Math.exp(projection - dot(x, x) / 2) / Math.sqrt(head.features.length));

/** Rotary position t (2104.09864): coordinates 2i and 2i + 1 turn by t * 10000^(-2i/d). */
function rotate(vector: Vector, t: number): Vector {
  const turned = vector.slice();
  for (let i = 0; i + 1 < vector.length; i += 2) {
    const angle = t / 10_000 ** (i / vector.length);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    turned[i] = cos * vector[i] - sin * vector[i + 1];
    turned[i + 1] = sin * vector[i] + cos * vector[i + 1];
  }
  return turned;
}

/** Nystromformer (2102.03902, equation 13): segment means as landmarks, with the kernel of the attention in place of softmax. */
function nystrom(attention: Attention, head: Head, Q: Vector[], K: Vector[], V: Vector[]): Vector[] {
  const size = Q.length;
  const landmarks = attention.projection.kind === "nystrom" ? Math.min(attention.projection.landmarks, size) : 0;
  const means = (vectors: Vector[]): Vector[] =>
    Array.from({ length: landmarks }, (_, i) => {
      const segment = vectors.slice(Math.floor((i * size) / landmarks), Math.floor(((i + 1) * size) / landmarks));
      return combine(new Float64Array(segment.length).fill(1 / segment.length), segment, segment[0].length);
    });
  const weights = (queries: Vector[], keys: Vector[]): Matrix => {
    const noBias = keys.map(() => 0);
    return queries.map((q) => Float64Array.from(rowWeights(attention, head, q, keys, noBias)));
  };
  const [queryMeans, keyMeans] = [means(Q), means(K)];
  const summaries = weights(queryMeans, K).map((row) => combine(row, V, V[0].length));
  const inner = pseudoInverse(weights(queryMeans, keyMeans)).map((row) => combine(row, summaries, V[0].length));
  return weights(Q, keyMeans).map((row) => combine(row, inner, V[0].length));
}

/** The Moore-Penrose inverse of a square matrix, by the iteration Z <- Z (2I - A Z) of Ben-Israel and Cohen (1966). */
function pseudoInverse(A: Matrix): Matrix {
  const m = A.length;
  const column = (matrix: Matrix, j: number): Vector => Float64Array.from(matrix, (row) => row[j]);
  const multiply = (left: Matrix, right: Matrix): Matrix => left.map((row) => combine(row, right, m));
  const norm = (rows: Matrix): number => Math.max(...rows.map((row) => row.reduce((sum, x) => sum + Math.abs(x), 0)));
  const transposed = A.map((_, j) => column(A, j));
  let Z: Matrix = transposed.map((row) => row.map((x) => x / (norm(A) * norm(transposed))));
  // Each step squares the residual, so 100 steps settle every singular value above 1e-15 of the largest.
  for (let step = 0; step < 100; step++) {
    const AZ = multiply(A, Z);
    const ZAZ = multiply(Z, AZ);
    Z = Z.map((row, i) => row.map((x, j) => 2 * x - ZAZ[i][j]));
  }
  return Z;
}

function feedForward({ activation }: FeedForward, weights: Tokenwise, token: Vector): Vector {
  const inner = add(times(weights.inner, token), weights.innerBias);
  let hidden: Vector;
  if (activation === "swiglu" || activation === "geglu") {
    const gate = add(times(weights.gate, token), weights.gateBias);
    const act = activations[activation === "swiglu" ? "silu" : "gelu"];
    hidden = inner.map((x, i) => act(x) * gate[i]);
  } else hidden = inner.map(activations[activation]);
  return add(times(weights.outer, hidden), weights.outerBias);
}

const activations: Record<Exclude<ActivationName, "swiglu" | "geglu">, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  gelu: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
  sigmoid,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  "leaky-relu": (x) => (x > 0 ? x : 0.01 * x),
  "relu-squared": (x) => Math.max(x, 0) ** 2,
  linear: (x) => x,
};
