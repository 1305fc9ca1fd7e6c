/**
 * Pair labels: what a head knows of a pair (query, key) besides the two tokens. A label has a learned part (a class, whose bias is a free
 * parameter) and a fixed part (a distance, from ALiBi, whose bias is a fixed multiple of it). Theory, section 4: "edge class".
 */
import type { Bias, KernelName, PairCode, Position } from "../architecture/schema";

export interface PairLabels {
  /** The learned class of the pair: any integer; only equality matters. */
  learned(query: number, key: number): number;
  /** The fixed distance of the pair (ALiBi), 0 where there is none. */
  fixed(query: number, key: number): number;
  /** First key after `key` and below `limit` whose label may differ from that of `key`, in the row of `query`. */
  runEnd(query: number, key: number, limit: number): number;
  /** What is known of the labels as a function of the offset key - query. */
  readonly shape: "constant" | "signed" | "unsigned" | "buckets" | "keys" | "other";
  /** Where two learned codes act together, whose biases add. */
  readonly sum?: {
    /** The classes of the two codes in a learned class. */
    parts(learned: number): readonly [number, number];
    /** The learned class with the class of one code forgotten. */
    without(learned: number, part: 0 | 1): number;
    /** The codes whose biases add to the scores; the others act inside the kernel. */
    readonly additive: readonly (0 | 1)[];
  };
}

/** The label of one pair. */
export interface Label {
  learned: number;
  fixed: number;
}

/**
 * The labels of a row modulo one common shift of the scores: a class of an additive code that the whole row shares drops out, each code's by itself where two add,
 * and so does the smallest fixed distance where distances add.
 * @param inside whether a label acts inside the kernel; of two codes those listed as additive still add
 * @param row the labels of all keys of the row
 */
export function modShift({ sum }: PairLabels, inside: boolean, row: readonly Label[]): (label: Label) => Label {
  const additive = sum?.additive ?? [];
  if (inside && additive.length === 0) return (label) => label;
  const nearest = row.reduce((least, { fixed }) => Math.min(least, fixed), Infinity);
  if (!inside && row.every(({ learned }) => learned === row[0].learned))
    return ({ fixed }) => ({ learned: 0, fixed: fixed - nearest });
  const shared = additive.filter((part) =>
    row.every(({ learned }) => sum!.parts(learned)[part] === sum!.parts(row[0].learned)[part]),
  );
  return ({ learned, fixed }) => ({
    learned: shared.reduce((label, part) => sum!.without(label, part), learned),
    fixed: fixed - nearest,
  });
}

/** Kernels without scores that products of queries and keys with vectors of the pair's class could add to. */
const unscored = new Set<KernelName>(["performer", "linear-elu", "linear-relu", "uniform"]);

/** Why a code has no meaning beside a kernel, as a noun phrase and a reason; null where it has one. */
export const undefinedBeside = (code: Bias | Position, kernel: KernelName): string | null =>
  code.kind === "log-buckets" && unscored.has(kernel)
    ? `logarithmic buckets together with the ${kernel} kernel: what their products with queries and keys do to its weights is not defined by the specification`
    : null;

const constant: PairLabels = {
  learned: () => 0,
  fixed: () => 0,
  runEnd: (_query, _key, limit) => limit,
  shape: "constant",
};

/** The class of a pair with a register under a code that only speaks of offsets between sequence tokens. */
const registerClass = -1_000_000_000;

/** T5's bucket of an offset key - query (1910.10683, section 2.1; the released implementation's formula). */
export function t5Bucket(offset: number, buckets: number, maxDistance: number, bidirectional: boolean): number {
  const half = bidirectional ? Math.floor(buckets / 2) : buckets;
  const base = bidirectional && offset > 0 ? half : 0;
  const distance = bidirectional ? Math.abs(offset) : Math.max(0, -offset);
  const exact = Math.floor(half / 2);
  if (distance < exact) return base + distance;
  if (exact === 0 || maxDistance <= exact) return base + half - 1;
  const position = (Math.log(distance / exact) / Math.log(maxDistance / exact)) * (half - exact);
  // The tolerance keeps exact powers, such as 16 / 8 in 128 / 8, on their mathematical side of the boundary.
  return base + Math.min(half - 1, exact + Math.floor(position + 1e-9));
}

/**
 * DeBERTa-v2's signed logarithmic bucket of an offset (2006.03654; the released implementation's formula). The tables of keys and of queries end at
 * -buckets and at buckets - 1, one for the offset and one for its negative, so that what a pair knows of both ends at -buckets and buckets.
 */
export function logBucket(offset: number, buckets: number, maxDistance: number): number {
  const clamped = (bucket: number) => Math.max(-buckets, Math.min(buckets, bucket));
  const middle = Math.floor(buckets / 2);
  const distance = Math.abs(offset);
  if (distance <= middle || middle < 1 || maxDistance - 1 <= middle) return clamped(offset);
  const position = (Math.log(distance / middle) / Math.log((maxDistance - 1) / middle)) * (middle - 1);
  return clamped(Math.sign(offset) * (middle + Math.ceil(position - 1e-9)));
}

function fromOffsets(
  tokens: number,
  shape: PairLabels["shape"],
  learned: (offset: number) => number,
  fixed: (offset: number) => number,
  withRegister = registerClass,
): PairLabels {
  const zero = tokens - 1;
  const classes = new Int32Array(2 * tokens - 1);
  const distances = new Int32Array(2 * tokens - 1);
  const next = new Int32Array(2 * tokens - 1);
  for (let i = 2 * tokens - 2; i >= 0; i--) {
    classes[i] = learned(i - zero);
    distances[i] = fixed(i - zero);
    const same = i + 1 < 2 * tokens - 1 && classes[i] === classes[i + 1] && distances[i] === distances[i + 1];
    next[i] = same ? next[i + 1] : i + 1;
  }
  return {
    learned: (query, key) => (query < tokens && key < tokens ? classes[zero + key - query] : withRegister),
    fixed: (query, key) => (query < tokens && key < tokens ? distances[zero + key - query] : 0),
    runEnd: (query, key, limit) => {
      if (query >= tokens || key >= tokens) return limit;
      return Math.min(limit, tokens, next[zero + key - query] - zero + query);
    },
    shape,
  };
}

/** Labels of one code. Offsets are between sequence tokens; pairs with a register share one class. */
export function codeLabels(code: PairCode | Bias | Position, tokens: number): PairLabels {
  switch (code.kind) {
    case "alibi":
      // A register is at distance 0: its pairs have no bias, as that of a token with itself.
      return fromOffsets(tokens, "unsigned", () => 0, Math.abs, 0);
    case "rotary":
      return fromOffsets(
        tokens,
        "signed",
        (offset) => offset,
        () => 0,
      );
    case "relative": {
      const clip = code.clip ?? tokens;
      const clipped = (offset: number) => Math.max(-clip, Math.min(clip, offset));
      const injective = clip >= tokens - 1;
      return code.offsets === "signed"
        ? fromOffsets(tokens, injective ? "signed" : "buckets", clipped, () => 0)
        : fromOffsets(
            tokens,
            injective ? "unsigned" : "other",
            (offset) => Math.abs(clipped(offset)),
            () => 0,
          );
    }
    case "t5-buckets":
      return fromOffsets(
        tokens,
        "buckets",
        (offset) => t5Bucket(offset, code.buckets, code.maxDistance, code.bidirectional),
        () => 0,
      );
    case "log-buckets":
      return fromOffsets(
        tokens,
        "buckets",
        (offset) => logBucket(offset, code.buckets, code.maxDistance),
        () => 0,
      );
    case "pairs": {
      const side = code.classes.length;
      const learned = (query: number, key: number) =>
        query < side && key < side ? code.classes[query][key] : registerClass;
      return {
        learned,
        fixed: () => 0,
        runEnd: (query, key, limit) => {
          const label = learned(query, key);
          let end = key + 1;
          while (end < limit && learned(query, end) === label) end++;
          return end;
        },
        shape: "other",
      };
    }
    case "none":
    case "absolute":
    case "classes":
      return constant;
  }
}

/**
 * The labels of two codes that act together: a pair's label is the pair of labels.
 * @param additive which of them add to the scores
 */
export function joinLabels(a: PairLabels, b: PairLabels, additive: readonly (0 | 1)[]): PairLabels {
  if (a.shape === "constant") return b;
  if (b.shape === "constant") return a;
  const ids = new Map<string, number>();
  /** Null where a class is forgotten. */
  const pairs: [number | null, number | null][] = [];
  const idOf = (first: number | null, second: number | null) => {
    const name = `${first},${second}`;
    let id = ids.get(name);
    if (id === undefined) ids.set(name, (id = pairs.push([first, second]) - 1));
    return id;
  };
  return {
    learned: (query, key) => idOf(a.learned(query, key), b.learned(query, key)),
    fixed: (query, key) => a.fixed(query, key) + b.fixed(query, key),
    runEnd: (query, key, limit) => Math.min(a.runEnd(query, key, limit), b.runEnd(query, key, limit)),
    shape: a.shape === "signed" || b.shape === "signed" ? "signed" : "other",
    sum: {
      parts: (learned) => pairs[learned] as [number, number],
      without: (learned, part) => (part === 0 ? idOf(null, pairs[learned][1]) : idOf(pairs[learned][0], null)),
      additive,
    },
  };
}

/** Every key is its own class: Linformer's projections have one learned coefficient vector per position of the sequence. */
export const keyLabels: PairLabels = {
  learned: (_query, key) => key,
  fixed: () => 0,
  runEnd: (_query, key) => key + 1,
  shape: "keys",
};

/** One class per offset modulo n: the taps of a circular convolution. Offsets that agree modulo n read the same key together. */
export function tapLabels(tokens: number): PairLabels {
  return {
    learned: (query, key) => (((key - query) % tokens) + tokens) % tokens,
    fixed: () => 0,
    runEnd: (_query, key) => key + 1,
    shape: "other",
  };
}
