/**
 * An architecture as the decision procedure sees it: unrolled mixing layers, each a list of heads with rows and pair labels. Tokenwise maps and
 * normalisation layers do not appear: they move nothing between tokens.
 */
import { limits } from "../architecture/limits";
import type { Architecture, Attention, Bias, Convolution, Position } from "../architecture/schema";
import { buildRows } from "../patterns/build";
import { RowsBuilder, contains, tooManyRuns, union, withSelf } from "../patterns/algebra";
import { BeyondReach, type Rows } from "../patterns/rows";
import type { SpecPath } from "../verdict/report";
import { codeLabels, joinLabels, keyLabels, tapLabels, undefinedBeside, type PairLabels } from "./labels";

/**
 * How a head's output depends on the labelled keys of a row (theory, section 4):
 * - normalized: labelled proportions up to one common factor;
 * - counting: not normalised: a labelled multiset;
 * - support: hard attention: a labelled set up to a common shift.
 */
export type Semantics = "normalized" | "counting" | "support";

export interface Head {
  rows: Rows;
  labels: PairLabels;
  semantics: Semantics;
  /**
   * Whether a label acts inside the kernel (rotary, logarithmic buckets, the bias of a sigmoid), so that it shows even where the whole row shares it. The
   * others multiply the weights, and what the whole row shares cancels.
   */
  inside: boolean;
  /** Whether the weights depend on the query token (softmax does, a convolution does not); labels where only the weights of different labels do. */
  queryDependent: boolean | PairLabels;
}

export interface MixLayer {
  heads: Head[];
  residual: boolean;
  /** Nystrom landmarks: segment boundaries 0 = b_0 < ... < b_m = N, or null. */
  landmarks: Int32Array | null;
  /** Row q lists everything that output q of this layer depends on, itself included where it does. */
  dependence: Rows;
  /** Whether every output carries its own token (residual path, or through the query). Then letters stay distinct. */
  carriesOwn: boolean;
  /** The first query whose normalised row is empty in some head (softmax of nothing), or null. */
  emptyRow: number | null;
  /** The block in the specification. */
  block: number;
}

export interface Stack {
  /** n, sequence tokens. */
  tokens: number;
  /** N = tokens + registers. */
  size: number;
  /** Position class of every token and register. */
  colours: Int32Array;
  /** One period: the layers as written, from the input up. Equal layers are the same object. */
  layers: MixLayer[];
}

/** Most rows and runs of all heads together. */
const mostRuns = limits.runs + 2 * limits.tokens;

/** Thrown where the specification's meaning leaves the mathematics undecided; `path` is the construct. */
export class Undecided extends Error {
  override name = "Undecided";
  constructor(
    message: string,
    readonly path: SpecPath,
  ) {
    super(message);
  }
}

/** The result; null where the theory says that it is out of reach or leaves it undecided. */
export function withinReach<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof BeyondReach || error instanceof Undecided) return null;
    throw error;
  }
}

function positionColours(architecture: Architecture): Int32Array {
  const { tokens, registers, position } = architecture;
  const colours = new Int32Array(tokens + registers);
  if (position.kind === "absolute") for (let t = 0; t < tokens; t++) colours[t] = t;
  if (position.kind === "classes") colours.set(position.classes);
  // Registers start from one learned vector of their own, unless the classes list them.
  if (position.kind !== "classes" || position.classes.length === tokens) colours.fill(-1, tokens);
  return colours;
}

/**
 * In a row of the normalised exponential-additive kernel, exp(w.q) cancels. Of exp(w.(q + k) + q.R + k.S), with R and S those of the pair's bucket, exp(q.R)
 * is left unless all keys are in one bucket.
 */
function queryDependent({ kernel, normalized }: Attention, codes: readonly [Bias, Position], tokens: number) {
  if (kernel.name === "uniform") return false;
  if (kernel.name !== "exponential-additive" || !normalized) return true;
  const [bias, position] = codes.map((code) => codeLabels(code.kind === "log-buckets" ? code : { kind: "none" }, tokens)); // prettier-ignore
  const buckets = joinLabels(bias, position, []);
  return buckets.shape === "constant" ? false : buckets;
}

/** Codes whose labels act inside the kernel, whatever it is. */
const insideCodes = new Set<(Bias | Position)["kind"]>(["rotary", "log-buckets"]);

/**
 * Kernels that see only the inner product (or distance) of query and key, so that rotations act as relative positions, and whose values at
 * different rotations are linearly independent functions (a polynomial's are not).
 */
const rotationKernels = new Set<string>(["softmax", "gaussian", "cosine", "sigmoid", "hard"]);

function attentionHeads(architecture: Architecture, attention: Attention, path: SpecPath): Head[] {
  const { tokens, registers, position } = architecture;
  const { kernel, normalized, projection } = attention;
  if (position.kind === "rotary") {
    if (!rotationKernels.has(kernel.name))
      throw new Undecided(
        `rotary positions together with the ${kernel.name} kernel: what the rotation does to its features is not defined by the specification`,
        path,
      );
    if (registers > 0)
      throw new Undecided("rotary positions together with registers: the angle of a register is not defined", path);
  }
  return attention.heads.map((group, index) => {
    const codes = [group.bias, position] as const;
    for (const code of codes) {
      const reason = undefinedBeside(code, kernel.name);
      if (reason !== null) throw new Undecided(reason, code === position ? path : [...path, "heads", index]);
    }
    const [bias, position_] = codes.map((code) => codeLabels(code, tokens));
    const depends = queryDependent(attention, codes, tokens);
    if (projection.kind === "linformer") {
      if (!projection.trainable)
        throw new Undecided(
          "frozen Linformer projections: their fixed numbers are not in the file, so which tokens they keep apart is not decided",
          [...path, "projection"],
        );
      if (group.pattern.kind !== "full" || bias.shape !== "constant" || position_.shape !== "constant")
        throw new Undecided(
          "a Linformer projection mixes all tokens before attention, so a pattern, a bias or relative positions have no meaning there",
          path,
        );
      const slots = projection.rank > 1;
      return {
        rows: buildRows(group.pattern, tokens, registers),
        labels: keyLabels,
        semantics: "counting",
        inside: false,
        queryDependent: depends !== false && (slots || !(normalized || kernel.name === "hard")),
      };
    }
    const rows = buildRows(group.pattern, tokens, registers);
    if (
      projection.kind === "nystrom" &&
      (group.pattern.kind !== "full" || bias.shape !== "constant" || position_.shape !== "constant")
    )
      throw new Undecided(
        "Nystrom landmarks are means over segments of all tokens, so a pattern, a bias or relative positions have no meaning there",
        [...path, "heads", index],
      );
    const additive = ([0, 1] as const).filter((i) => kernel.name !== "sigmoid" && !insideCodes.has(codes[i].kind));
    const labels = joinLabels(bias, position_, additive);
    const semantics: Semantics = kernel.name === "hard" ? "support" : normalized ? "normalized" : "counting";
    return { rows, labels, semantics, inside: additive.length < 2, queryDependent: depends };
  });
}

function convolutionHead(convolution: Convolution, tokens: number, registers: number): Head {
  const offsets = [...new Set(convolution.offsets.map((offset) => ((offset % tokens) + tokens) % tokens))];
  offsets.sort((a, b) => a - b);
  // Query q reads (q + offset) mod n: the offsets that wrap around come first, and neighbouring offsets make one run.
  const starts = offsets.flatMap((offset, i) => (i > 0 && offsets[i - 1] === offset - 1 ? [] : [offset]));
  const ends = offsets.flatMap((offset, i) => (offsets[i + 1] === offset + 1 ? [] : [offset + 1]));
  if (starts.length * tokens > limits.runs) throw tooManyRuns();
  const builder = new RowsBuilder(tokens + registers);
  for (let query = 0; query < tokens; query++) {
    for (const turn of [tokens, 0])
      for (const [run, start] of starts.entries()) {
        const from = Math.max(start + query - turn, 0);
        const to = Math.min(ends[run] + query - turn, tokens);
        if (from < to) builder.run(from, to);
      }
    builder.assign(query, builder.end());
  }
  const labels = tapLabels(tokens);
  return { rows: builder.finish(), labels, semantics: "counting", inside: false, queryDependent: false };
}

/** Rows that hold the query itself where `own` is set, and nothing else. */
function selfRows(own: Uint8Array): Rows {
  const builder = new RowsBuilder(own.length);
  for (let query = 0; query < own.length; query++) {
    if (own[query] === 0) continue;
    builder.run(query, query + 1);
    builder.assign(query, builder.end());
  }
  return builder.finish();
}

/** Number of keys of a query, up to 2. */
function keysUpToTwo(rows: Rows, query: number): number {
  const row = rows.rowOf[query];
  let keys = 0;
  for (let run = rows.first[row]; run < rows.first[row + 1] && keys < 2; run++)
    keys += rows.bounds[2 * run + 1] - rows.bounds[2 * run];
  return Math.min(keys, 2);
}

/** Whether output q of the head feels its own query token where its keys have so many different views (two stand for more). */
export function feelsQuery(head: Head, query: number, views: number): boolean {
  if (head.queryDependent === false || views < (head.semantics === "counting" ? 1 : 2)) return false;
  return head.queryDependent === true || hasTwoLabels(head.rows, head.queryDependent, query);
}

function hasTwoLabels(rows: Rows, labels: PairLabels, query: number): boolean {
  const row = rows.rowOf[query];
  let first: number | undefined;
  for (let run = rows.first[row]; run < rows.first[row + 1]; run++) {
    const end = rows.bounds[2 * run + 1];
    for (let key = rows.bounds[2 * run]; key < end; key = labels.runEnd(query, key, end)) {
      const label = labels.learned(query, key);
      if (label !== (first ??= label)) return true;
    }
  }
  return false;
}

/** The first normalised row without keys whose output counts: a sequence token's, or that of a register that some query attends to. */
function firstEmptyRow(heads: readonly Head[], attended: Rows, tokens: number): number | null {
  const normalised = heads.filter((head) => head.semantics !== "counting");
  const isEmpty = ({ rows }: Head, query: number) =>
    rows.first[rows.rowOf[query]] === rows.first[rows.rowOf[query] + 1];
  const matters = (query: number) => {
    if (query < tokens) return true;
    for (let other = 0; other < attended.size; other++)
      if (other !== query && contains(attended, other, query)) return true;
    return false;
  };
  for (let query = 0; query < attended.size; query++)
    if (normalised.some((head) => isEmpty(head, query)) && matters(query)) return query;
  return null;
}

function mixLayer(architecture: Architecture, block: number): MixLayer {
  const { tokens, registers } = architecture;
  const { mixer } = architecture.layers[block];
  const size = tokens + registers;
  const path = ["layers", block, mixer.kind];
  const heads =
    mixer.kind === "attention"
      ? attentionHeads(architecture, mixer, path)
      : [convolutionHead(mixer, tokens, registers)];
  let landmarks: Int32Array | null = null;
  // Uniform weights do not read the landmarks: through them they are uniform again.
  if (mixer.kind === "attention" && mixer.projection.kind === "nystrom" && mixer.kernel.name !== "uniform") {
    const count = Math.min(mixer.projection.landmarks, size);
    landmarks = Int32Array.from({ length: count + 1 }, (_, i) => Math.floor((i * size) / count));
  }
  let carriesOwn = mixer.residual;
  const own = new Uint8Array(size);
  if (mixer.residual) own.fill(1);
  else {
    // Registers may have one view among them, and then their rows do not feel the query: the views decide that.
    carriesOwn = registers === 0;
    for (let query = 0; query < size; query++) {
      own[query] = heads.some((head) => feelsQuery(head, query, keysUpToTwo(head.rows, query))) ? 1 : 0;
      if (own[query] === 0) carriesOwn = false;
    }
  }
  const attended = heads.map((head) => head.rows).reduce(union);
  const emptyRow = firstEmptyRow(heads, attended, tokens);
  const dependence = carriesOwn ? withSelf(attended) : union(attended, selfRows(own));
  return { heads, residual: mixer.residual, landmarks, dependence, carriesOwn, emptyRow, block };
}

/**
 * Compiles an architecture.
 * @throws Undecided where the specification's meaning is outside what the theory covers, BeyondReach where a pattern is too large, PatternError
 * where a pattern does not fit the tokens (a parsed architecture never has that).
 */
export function compileStack(architecture: Architecture): Stack {
  const colours = positionColours(architecture);
  const layers: MixLayer[] = [];
  const cache = new Map<string, MixLayer>();
  let runs = 0;
  architecture.layers.forEach((block, index) => {
    const key = JSON.stringify(block.mixer);
    let layer = cache.get(key);
    if (!layer) {
      cache.set(key, (layer = mixLayer(architecture, index)));
      for (const { rows } of layer.heads) runs += rows.size + rows.bounds.length / 2;
      if (runs > mostRuns)
        throw new BeyondReach(
          `the heads of this architecture have more than ${mostRuns.toLocaleString("en")} rows and runs of keys together`,
        );
    }
    for (let i = 0; i < block.repeat; i++) layers.push(layer);
  });
  return {
    tokens: architecture.tokens,
    size: architecture.tokens + architecture.registers,
    colours,
    layers,
  };
}
