/**
 * What an architecture means to the verifier: which keys a query attends to, what it knows of each, when two outputs are equal for all parameters, and
 * what the outputs are at given parameters. Written for reading, not for speed, and apart from the decision procedure and from the search: all that it shares
 * with them are the specification's parser (architecture/, patterns/) and the interval library.
 */
import type { Architecture, Attention, Block, Convolution, PairCode } from "../architecture/schema";
import { countKeys, runsOf } from "../patterns/algebra";
import { buildRows } from "../patterns/build";
import { enclosures as a, type Enclosure } from "./interval";

/** What a head knows of pairs by one code: of which pairs it speaks, the class that each has, and its distance. */
interface Code {
  speaks(q: number, k: number): boolean;
  class(q: number, k: number): number;
  distance(q: number, k: number): number;
  /** What becomes of the class: a bias of the scores, a product with query and key, a rotation, or (ALiBi) nothing. */
  use: "bias" | "products" | "rotation" | "distance";
  role: "bias" | "position";
}

interface Group {
  count: number;
  /** For each of the N queries the keys that it attends to, ascending. */
  keys: readonly (readonly number[])[];
  codes: readonly Code[];
}

export interface Mixer {
  block: Block;
  groups: readonly Group[];
}

export interface Reading {
  /** n tokens and N = n + registers. */
  tokens: number;
  size: number;
  architecture: Architecture;
  /** The mixing layers from the input up, `repeat` written out. */
  mixers: readonly Mixer[];
  /** The position class of every token and register; -1 where there is none. */
  positionClass: readonly number[];
}

/** Most tokens and registers, and most pairs of a query and a key over all layers, that are read. */
const mostRead = { tokens: 4096, pairs: 4_000_000 };

/** The architecture is larger than what is read. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** @throws TooLarge */
export function read(architecture: Architecture): Reading {
  const { tokens, registers, position } = architecture;
  const size = tokens + registers;
  if (size > mostRead.tokens)
    throw new TooLarge(
      `${size.toLocaleString("en")} tokens and registers; at most ${mostRead.tokens.toLocaleString("en")} are read`,
    );
  const indices = Array.from({ length: size }, (_, t) => t);
  let pairs = 0;
  const spend = (count: number) => {
    pairs += count;
    if (pairs > mostRead.pairs)
      throw new TooLarge(`more than ${mostRead.pairs.toLocaleString("en")} pairs of a query and a key over all layers`);
  };
  const groupsOf = (mixer: Attention, repeat: number): Group[] =>
    mixer.heads.map(({ count, pattern, bias }) => {
      const rows = buildRows(pattern, tokens, registers);
      spend(countKeys(rows) * repeat);
      const keys = indices.map((q) => {
        const runs = runsOf(rows, q);
        const row: number[] = [];
        for (let i = 0; i < runs.length; i += 2) for (let k = runs[i]; k < runs[i + 1]; k++) row.push(k);
        return row;
      });
      const codes = [codeOf("bias", bias, tokens), codeOf("position", position, tokens)];
      return { count, keys, codes: codes.filter((code) => code !== null) };
    });
  const mixers = architecture.layers.flatMap((block) => {
    const { mixer } = block;
    if (mixer.kind === "convolution") spend(tokens * mixer.offsets.length * block.repeat);
    const read = { block, groups: mixer.kind === "attention" ? groupsOf(mixer, block.repeat) : [] };
    return new Array<Mixer>(block.repeat).fill(read);
  });
  const positionClass = indices.map((t) =>
    position.kind === "absolute" && t < tokens ? t : position.kind === "classes" ? (position.classes[t] ?? -1) : -1,
  );
  return { tokens, size, architecture, mixers, positionClass };
}

/** A code's classes by their definitions (docs/specification.md); null for a code that says nothing of pairs. */
function codeOf(role: Code["role"], code: { kind: string } | PairCode, tokens: number): Code | null {
  const between = (q: number, k: number) => q < tokens && k < tokens;
  const byOffset = (use: Code["use"], classOf: (offset: number) => number): Code => ({
    role,
    use,
    speaks: between,
    class: (q, k) => classOf(k - q),
    distance: () => 0,
  });
  if (code.kind === "rotary") return byOffset("rotation", (offset) => offset);
  if (!isPairCode(code)) return null;
  switch (code.kind) {
    case "alibi":
      return { role, use: "distance", speaks: between, class: () => 0, distance: (q, k) => Math.abs(q - k) };
    case "relative":
      return byOffset("bias", (offset) => {
        const clipped = Math.sign(offset) * Math.min(Math.abs(offset), code.clip ?? Infinity);
        return code.offsets === "signed" ? clipped : Math.abs(clipped);
      });
    case "t5-buckets":
      return byOffset("bias", (offset) => {
        const side = code.bidirectional ? Math.floor(code.buckets / 2) : code.buckets;
        const distance = code.bidirectional ? Math.abs(offset) : Math.max(0, -offset);
        const exact = Math.floor(side / 2);
        const steps = logarithmic(distance, exact, code.maxDistance, side - exact, Math.floor, 1e-9);
        const last = exact === 0 || code.maxDistance <= exact;
        const bucket = distance < exact ? distance : last ? side - 1 : Math.min(side - 1, exact + steps);
        return code.bidirectional && offset > 0 ? side + bucket : bucket;
      });
    case "log-buckets":
      return byOffset("products", (offset) => {
        const middle = Math.floor(code.buckets / 2);
        const distance = Math.abs(offset);
        const near = distance <= middle || middle < 1 || code.maxDistance - 1 <= middle;
        const bucket = near
          ? distance
          : middle + logarithmic(distance, middle, code.maxDistance - 1, middle - 1, Math.ceil, -1e-9);
        return Math.sign(offset) * Math.min(bucket, code.buckets);
      });
    case "pairs": {
      const side = code.classes.length;
      return { role, use: "bias", speaks: (q, k) => q < side && k < side, class: (q, k) => code.classes[q][k], distance: () => 0 }; // prettier-ignore
    }
  }
}

const pairCodes = new Set(["alibi", "relative", "t5-buckets", "log-buckets", "pairs"]);
const isPairCode = (code: { kind: string }): code is PairCode => pairCodes.has(code.kind);

/** steps log(distance / from) / log(to / from) as a whole number; the tolerance keeps exact powers on their side. */
const logarithmic = (distance: number, from: number, to: number, steps: number, round: (x: number) => number, tolerance: number) => round((Math.log(distance / from) / Math.log(to / from)) * steps + tolerance); // prettier-ignore

// -------------------------------------------------------------------------------------- equality for all parameters

/** Whether a code's classes only shift the scores, so that in a normalised row what all keys share drops out. */
const shifts = ({ use }: Code, mixer: Attention): boolean =>
  mixer.kernel.name !== "sigmoid" && (use === "bias" || use === "distance");

/** Whether a query's weights are divided by their sum. */
export const normalises = (mixer: Attention): boolean => mixer.normalized || mixer.kernel.name === "hard";

/**
 * Numbers for tokens of samples such that tokens with equal numbers after the same layer are equal vectors for all parameters and letters (docs/theory.md, section 4). The
 * converse is not claimed: this is one half of the decision procedure, by an argument that a reader can check layer by layer.
 *
 * Two tokens get one number after a layer if they had one before it (needed where the layer has a residual path or its weights read the query) and if every
 * head mixes the same collection: of the keys' numbers with their classes, counted; where the weights are normalised, up to a common factor of the counts and up
 * to what shifts all scores of the row alike. A normalised row whose keys have one number is that value, whatever the weights.
 */
export class Numbering {
  private readonly ids = new Map<string, number>();

  constructor(private readonly reading: Reading) {}

  /** numbers[l][t] of all N tokens after l layers. @param letters equal numbers are equal letters. */
  of(letters: readonly number[]): number[][] {
    const { mixers, positionClass, tokens } = this.reading;
    const start = positionClass.map((position, t) => this.id(`${t < tokens ? `letter ${letters[t]}` : "register"} at ${position}`)); // prettier-ignore
    return mixers.reduce((levels, mixer) => [...levels, this.after(mixer, levels[levels.length - 1])], [start]);
  }

  private after({ block, groups }: Mixer, below: readonly number[]): number[] {
    const { tokens } = this.reading;
    const { mixer } = block;
    return below.map((own, q) => {
      let reads = false;
      let parts: string[];
      if (mixer.kind === "convolution")
        parts = [q < tokens ? mixer.offsets.map((offset) => below[modulo(q + offset, tokens)]).join() : ""];
      else if (mixer.projection.kind === "linformer") {
        // With one slot the weight is 1, whatever the query.
        reads = readsQuery(mixer, []) && (mixer.projection.rank > 1 || !normalises(mixer));
        parts = [below.join()];
      } else if (mixer.projection.kind === "nystrom") {
        // Uniform weights do not read the landmarks: through them they are uniform again.
        const marks = mixer.kernel.name === "uniform" ? [] : landmarks(below, mixer.projection.landmarks);
        reads = readsQuery(mixer, []) && (new Set(marks).size > 1 || !normalises(mixer));
        parts = [marks.join(";"), counted(below.map(String), normalises(mixer))];
      } else
        parts = groups.map((group) => {
          const found = collection(mixer, group, q, below);
          reads ||= found.readsQuery;
          return found.text;
        });
      return this.id([mixer.residual || reads ? own : "", ...parts].join("|"));
    });
  }

  private id(text: string): number {
    let id = this.ids.get(text);
    if (id === undefined) this.ids.set(text, (id = this.ids.size));
    return id;
  }
}

function collection(mixer: Attention, { keys, codes }: Group, q: number, below: readonly number[]) {
  const row = keys[q];
  const normalised = normalises(mixer);
  if (row.length === 0 || (normalised && row.every((k) => below[k] === below[row[0]])))
    return { text: row.length === 0 ? "" : String(below[row[0]]), readsQuery: false };
  const labels = row.map((k) => String(below[k]));
  for (const code of codes) {
    const told = row.map((k) => (code.speaks(q, k) ? `${code.class(q, k)}` : "-"));
    const nearest = Math.min(...row.map((k) => (code.speaks(q, k) ? code.distance(q, k) : 0)));
    const shift = normalised && shifts(code, mixer);
    const shared = shift && told.every((label) => label === told[0]) && code.use === "bias";
    row.forEach((k, i) => {
      if (code.use === "distance") labels[i] += `:${(code.speaks(q, k) ? code.distance(q, k) : 0) - (shift ? nearest : 0)}`;
      else if (!shared) labels[i] += `:${told[i]}`;
      else labels[i] += ":";
    }); // prettier-ignore
  }
  return { text: counted(labels, normalised), readsQuery: readsQuery(mixer, codes) };
}

/** A collection of labels: how often each occurs, or in which proportions. */
function counted(labels: readonly string[], proportions: boolean): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const common = proportions ? [...counts.values()].reduce(greatestCommonDivisor) : 1;
  return [...counts].map(([label, count]) => `${label}x${count / common}`).sort().join(); // prettier-ignore
}

/** Nystrom's landmarks, means of segments of all tokens, in no order: a permutation of the landmarks cancels in its inner matrix. */
function landmarks(below: readonly number[], most: number): string[] {
  const count = Math.min(most, below.length);
  const bound = (i: number) => Math.floor((i * below.length) / count);
  return Array.from({ length: count }, (_, i) => counted(below.slice(bound(i), bound(i + 1)).map(String), true)).sort();
}

/** Of exp(w.(q + k)) in a normalised row exp(w.q) cancels. */
const readsQuery = ({ kernel, normalized }: Attention, codes: readonly Code[]): boolean =>
  kernel.name !== "uniform" &&
  !(kernel.name === "exponential-additive" && normalized && codes.every(({ use }) => use !== "products"));

const greatestCommonDivisor = (x: number, y: number): number => (y === 0 ? x : greatestCommonDivisor(y, x % y));
export const modulo = (x: number, n: number): number => ((x % n) + n) % n;

// --------------------------------------------------------------------------------------- values at given parameters

type Vector = readonly Enclosure[];

/** A parameter in row-major order. */
export interface Parameter {
  shape: readonly number[];
  values: readonly Enclosure[];
}

/** Dimensions of the tokens, and columns of a head, in an evaluation: all others are zero (docs/certificates.md). */
export const evaluatedWidth = 2;
/** Features of the positive random features of an evaluation. */
export const evaluatedFeatures = 4;

/** What an evaluation needs: the shape of every parameter, and of which sign its entries must be. */
export interface Demand {
  shape: readonly number[];
  sign: "any" | "positive" | "negative";
}

/** The parameters of an evaluation by name: of mixer l and of the tokenwise map x -> outer sigmoid(inner x + innerBias) + outerBias before it. */
export function demands({ architecture, mixers, positionClass, size }: Reading): Map<string, Demand> {
  const w = evaluatedWidth;
  const found = new Map<string, Demand>();
  const add = (name: string, shape: number[], sign: Demand["sign"] = "any") => found.set(name, { shape, sign });
  const { position, registers } = architecture;
  const learned = (position.kind === "absolute" && position.code === "learned") || position.kind === "classes";
  if (learned) add("position", [new Set(positionClass.filter((one) => one >= 0)).size, w]);
  if (registers > 0) add("register", [1, w]);
  for (const [l, { block, groups }] of mixers.entries()) {
    add(`tokenwise.${l}.inner`, [w, w]);
    add(`tokenwise.${l}.innerBias`, [w]);
    add(`tokenwise.${l}.outer`, [w, w], "positive");
    add(`tokenwise.${l}.outerBias`, [w], "positive");
    const { mixer } = block;
    if (mixer.kind === "convolution") {
      add(`mixer.${l}.taps`, [mixer.offsets.length]);
      continue;
    }
    const { kernel, projection } = mixer;
    const heads = groups.reduce((sum, { count }) => sum + count, 0);
    if (kernel.name !== "uniform")
      for (const which of ["query", "key"]) add(`mixer.${l}.${which}`, [w, heads * w], kernel.name === "linear-elu" ? "negative" : "positive"); // prettier-ignore
    add(`mixer.${l}.value`, [w, heads * w]);
    add(`mixer.${l}.output`, [heads * w, w]);
    if (kernel.name === "performer") add(`mixer.${l}.features`, [w, evaluatedFeatures]);
    if (kernel.name === "exponential-additive") add(`mixer.${l}.direction`, [heads, w]);
    if (kernel.name === "cosine") add(`mixer.${l}.sharpness`, [heads]);
    if (projection.kind === "linformer")
      for (const which of kernel.name === "uniform" ? ["mixValues"] : ["mixKeys", "mixValues"])
        add(`mixer.${l}.${which}`, [heads * projection.rank, size], which === "mixKeys" ? "positive" : "any");
    else
      for (const [g, group] of groups.entries())
        for (const code of group.codes) {
          const { length } = classesOf(group, code);
          if (length === 0) continue;
          const own = `mixer.${l}.heads.${g}.${code.role}`;
          if (code.use === "bias") add(own, [group.count, length]);
          if (code.use === "products")
            for (const end of ["Query", "Key"]) add(own + end, [group.count * length, w], kernel.name === "polynomial" ? "positive" : "any"); // prettier-ignore
        }
  }
  return found;
}

/** The classes that the pairs of a group have, ascending. */
function classesOf({ keys }: Group, code: Code): number[] {
  const found = new Set<number>();
  keys.forEach((row, q) => row.forEach((k) => code.speaks(q, k) && found.add(code.class(q, k))));
  return [...found].sort((x, y) => x - y);
}

const zero = a.of(0);
const one = a.of(1);
const minus = (x: Enclosure): Enclosure => a.sub(zero, x);
const sum = (terms: Vector): Enclosure =>
  terms.length === 0 ? zero : terms.reduce((total, term) => a.add(total, term));
const dot = (x: Vector, y: Vector): Enclosure => sum(x.map((value, i) => a.mul(value, y[i])));
const plus = (x: Vector, y: Vector): Vector => x.map((value, i) => a.add(value, y[i]));
const scaled = (factor: Enclosure, x: Vector): Vector => x.map((value) => a.mul(factor, value));
const weighted = (weights: Vector, vectors: readonly Vector[]): Vector => vectors.length === 0 ? [zero, zero] : vectors.map((vector, j) => scaled(weights[j], vector)).reduce(plus); // prettier-ignore
const sigmoid = (x: Enclosure): Enclosure => a.div(one, a.add(one, a.exp(minus(x))));
const exponentials = (x: Vector): Vector => x.map((value) => a.exp(value));
const power = (base: number, exponent: Enclosure): Enclosure => a.exp(a.mul(exponent, a.log(a.of(base))));

/**
 * The model at given parameters: the position code, then for every layer the tokenwise map and the mixer, with its residual path if it has one.
 * @param parameters those of `demands`.
 */
export function evaluation(
  reading: Reading,
  parameters: ReadonlyMap<string, Parameter>,
): (X: readonly Vector[]) => readonly Vector[] {
  const { architecture, mixers, positionClass, tokens, size } = reading;
  const { position } = architecture;
  const parameter = (name: string) => parameters.get(name)!.values;
  const rowOf = (name: string, row: number): Vector => {
    const { shape, values } = parameters.get(name)!;
    const length = shape[shape.length - 1];
    return values.slice(row * length, (row + 1) * length);
  };
  /** The map x -> x W, where W are the two columns from `from` on. */
  const linear = (name: string, from = 0): ((x: Vector) => Vector) => {
    const rows = [0, 1].map((i) => rowOf(name, i).slice(from, from + evaluatedWidth));
    return (x) => weighted(x, rows);
  };
  const classes = [...new Set(positionClass.filter((one_) => one_ >= 0))].sort((x, y) => x - y);
  const codes = positionClass.map((own, t): Vector => {
    if (own < 0) return [zero, zero];
    if (position.kind === "absolute" && position.code === "sinusoidal") return [a.sin(a.of(t)), a.cos(a.of(t))];
    return rowOf("position", classes.indexOf(own));
  });

  const tokenwise = (l: number) => {
    const [inner, outer] = [linear(`tokenwise.${l}.inner`), linear(`tokenwise.${l}.outer`)];
    return (x: Vector) =>
      plus(outer(plus(inner(x), parameter(`tokenwise.${l}.innerBias`)).map(sigmoid)), parameter(`tokenwise.${l}.outerBias`)); // prettier-ignore
  };

  const convolution = ({ offsets }: Convolution, l: number, state: readonly Vector[]): Vector[] =>
    state.map(
      (_, t) =>
      t < tokens ? weighted(parameter(`mixer.${l}.taps`), offsets.map((offset) => state[modulo(t + offset, tokens)])) : [zero, zero], // prettier-ignore
    );

  const attention = (mixer: Attention, groups: readonly Group[], l: number, state: readonly Vector[]): Vector[] => {
    const name = `mixer.${l}`;
    const heads = groups.reduce((total, { count }) => total + count, 0);
    const reads = mixer.kernel.name !== "uniform";
    let mixed: Vector[] = state.map(() => [zero, zero]);
    let head = 0;
    for (const [g, group] of groups.entries())
      for (let inGroup = 0; inGroup < group.count; inGroup++, head++) {
        const part = (which: string) => state.map(linear(`${name}.${which}`, head * evaluatedWidth));
        const values = part("value");
        const plain = reads ? { queries: part("query"), keys: part("key") } : { queries: values, keys: values };
        const turn = (x: Vector, t: number) => (position.kind === "rotary" && reads ? rotated(x, t) : x);
        const queries = plain.queries.map(turn);
        const keys = plain.keys.map(turn);
        const kernel = kernelOf(mixer, name, head);
        const known = group.codes.map((code) => knowledge(code, group, g, inGroup, head, heads, name));
        const outputRows = [0, 1].map((i) => rowOf(`${name}.output`, head * evaluatedWidth + i));
        const outputs = queries.map((query, q): Vector => {
          if (mixer.projection.kind === "linformer") {
            const slots = Array.from({ length: mixer.projection.rank }, (_, r) => head * Number((mixer.projection as { rank: number }).rank) + r); // prettier-ignore
            const weights = kernel(query, slots.map((slot) => ({ key: reads ? weighted(rowOf(`${name}.mixKeys`, slot), keys) : query, bias: zero, term: zero }))); // prettier-ignore
            return weighted(weights, slots.map((slot) => weighted(rowOf(`${name}.mixValues`, slot), values))); // prettier-ignore
          }
          const row = group.keys[q];
          const pairs = row.map((k) => {
            const parts = known.map((of) => of(q, k, plain.queries[q], plain.keys[k]));
            return { key: keys[k], bias: sum(parts.map(({ bias }) => bias)), term: sum(parts.map(({ term }) => term)) };
          });
          return weighted(kernel(query, pairs), row.map((k) => values[k])); // prettier-ignore
        });
        mixed = mixed.map((x, q) => plus(x, weighted(outputs[q], outputRows)));
      }
    return mixed;
  };

  /** What a code adds to the bias and to the score of a pair. */
  const knowledge = (
    code: Code,
    group: Group,
    g: number,
    inGroup: number,
    head: number,
    heads: number,
    name: string,
  ) => {
    const own = `${name}.heads.${g}.${code.role}`;
    const among = code.use === "bias" || code.use === "products" ? classesOf(group, code) : [];
    // ALiBi's slopes: 2108.12409, section 3.
    const slope = code.use === "distance" ? power(2, a.div(a.of(-8 * (head + 1)), a.of(heads))) : zero;
    return (q: number, k: number, query: Vector, key: Vector): { bias: Enclosure; term: Enclosure } => {
      if (!code.speaks(q, k) || code.use === "rotation") return { bias: zero, term: zero };
      if (code.use === "distance") return { bias: minus(a.mul(slope, a.of(code.distance(q, k)))), term: zero };
      const place = inGroup * among.length + among.indexOf(code.class(q, k));
      if (code.use === "bias") return { bias: parameter(own)[place], term: zero };
      return { bias: zero, term: a.add(dot(query, rowOf(`${own}Query`, place)), dot(key, rowOf(`${own}Key`, place))) };
    };
  };

  /** Weights of keys for a query, as in docs/specification.md. */
  const kernelOf = ({ kernel, normalized }: Attention, name: string, head: number) => {
    interface Pair {
      key: Vector;
      bias: Enclosure;
      term: Enclosure;
    }
    const score = (query: Vector, { key, term }: Pair): Enclosure => {
      switch (kernel.name) {
        case "gaussian": {
          const difference = plus(query, key.map(minus));
          return a.add(a.mul(a.of(-0.5), dot(difference, difference)), term);
        }
        case "exponential-additive": {
          const direction = rowOf(`${name}.direction`, head);
          return a.add(a.add(dot(direction, query), dot(direction, key)), term);
        }
        case "cosine": {
          const lengths = a.mul(a.sqrt(dot(query, query)), a.sqrt(dot(key, key)));
          return a.add(a.div(a.mul(parameter(`${name}.sharpness`)[head], dot(query, key)), lengths), term);
        }
        default:
          return a.add(dot(query, key), term);
      }
    };
    /** Positive random features: 2009.14794, lemma 1. */
    const feature = (x: Vector): Vector => {
      const columns = Array.from({ length: evaluatedFeatures }, (_, f) => [0, 1].map((i) => rowOf(`${name}.features`, i)[f])); // prettier-ignore
      const half = a.mul(a.of(0.5), dot(x, x));
      return columns.map((column) => a.div(a.exp(a.sub(dot(column, x), half)), a.sqrt(a.of(evaluatedFeatures))));
    };
    const weight = (query: Vector, pair: Pair): Enclosure => {
      switch (kernel.name) {
        case "sigmoid":
          return sigmoid(a.add(score(query, pair), pair.bias));
        case "polynomial": {
          const factors = new Array<Enclosure>(kernel.degree).fill(score(query, pair));
          return a.mul(factors.reduce((x, y) => a.mul(x, y)), a.exp(pair.bias)); // prettier-ignore
        }
        // On the piece that the signs of `demands` select, elu(x) + 1 = exp(x) and relu(x) = x.
        case "linear-elu":
          return a.mul(dot(exponentials(query), exponentials(pair.key)), a.exp(pair.bias));
        case "linear-relu": {
          const lifted = (x: Vector) => x.map((value) => a.add(value, a.of(1e-3)));
          return a.mul(dot(lifted(query), lifted(pair.key)), a.exp(pair.bias));
        }
        case "performer":
          return a.mul(dot(feature(query), feature(pair.key)), a.exp(pair.bias));
        case "uniform":
          return a.exp(pair.bias);
        default:
          throw new RangeError(`the ${kernel.name} kernel is not evaluated`);
      }
    };
    /** The exponentials of the scores. In a normalised row a common factor cancels; it keeps them in range. */
    const exponentialsOf = (exponents: Vector): Vector => {
      const shift = normalized ? a.of(Math.max(...exponents.map((x) => a.near(x)))) : zero;
      return exponents.map((x) => a.exp(a.sub(x, shift)));
    };
    const exponential = ["softmax", "gaussian", "exponential-additive", "cosine"].includes(kernel.name);
    return (query: Vector, pairs: readonly Pair[]): Vector => {
      const weights = exponential
        ? exponentialsOf(pairs.map((pair) => a.add(score(query, pair), pair.bias)))
        : pairs.map((pair) => weight(query, pair));
      const total = sum(weights);
      return normalized ? weights.map((value) => a.div(value, total)) : weights;
    };
  };

  return (X) => {
    const register: Vector = size > tokens ? rowOf("register", 0) : [];
    let state = codes.map((code, t): Vector => plus(code, t < tokens ? X[t] : register));
    for (const [l, { block, groups }] of mixers.entries()) {
      const { mixer } = block;
      const before = state.map(tokenwise(l));
      const image = mixer.kind === "convolution" ? convolution(mixer, l, before) : attention(mixer, groups, l, before);
      state = mixer.residual ? before.map((x, t) => plus(x, image[t])) : image;
    }
    return state.slice(0, tokens);
  };
}

/** Rotary positions of two columns: a turn by the angle t (2104.09864). */
function rotated([x, y]: Vector, t: number): Vector {
  const [cos, sin] = [a.cos(a.of(t)), a.sin(a.of(t))];
  return [a.sub(a.mul(cos, x), a.mul(sin, y)), a.add(a.mul(sin, x), a.mul(cos, y))];
}
