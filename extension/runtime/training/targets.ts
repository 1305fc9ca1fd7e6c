/**
 * The library of target functions: maps F of a sample X of n tokens in R^d to n tokens in R^d, with what is known of their symmetry and of what their
 * outputs depend on. Plain float64, without TensorFlow.js.
 */
import type { SymmetrySpec, Target } from "../../theory/architecture/schema";
import { BeyondReach } from "../../theory/patterns/rows";
import type { PermutationGroup } from "../../theory/symmetry/group";
import { declaredGroup } from "../../theory/symmetry/naming";
import { randomMap, randomProblem } from "./randomTarget";

export interface Shape {
  /** n. */
  tokens: number;
  /** d. */
  width: number;
  /** The symmetry that is declared, for targets that are drawn to have one; none is the trivial group. An architecture is a shape. */
  target?: Pick<Target, "symmetry">;
}

/** F on one sample: reads x and writes y, both [tokens, width] row by row; y comes filled with zeros. */
export type SampleMap = (x: Float64Array, y: Float64Array) => void;

/** What is known of a target: both null for a user's own. */
export interface Knowledge {
  /** All permutations pi with F(pi X) = pi F(X), where token t of X is token pi(t) of pi X. */
  symmetry: SymmetrySpec | null;
  /** The tokens that output t depends on, ascending. */
  visible: ((t: number) => number[]) | null;
}

export interface TargetFunction extends Knowledge {
  name: string;
  /** One sentence. */
  description: string;
  shape: Shape;
  apply: SampleMap;
}

interface Definition {
  name: string;
  description: string;
  /** Whether the name may end in "-k" with a number k, which is 1 if it does not. */
  numbered?: boolean;
  /** Fewest tokens for which it makes sense; 2 if left out. */
  fewest?: number;
  /** Why it does not exist at the shape, in a sentence; null where it does, and if left out. */
  problem?(shape: Shape): string | null;
  define(shape: Shape, k: number): { apply: SampleMap } & Knowledge;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

const everything = (n: number) => () => range(0, n);
const past = (t: number) => range(0, t + 1);

/** A target that gives every output a weighted sum of tokens: `weights(t)` lists [token, weight]. */
function linear({ tokens, width }: Shape, weights: (t: number) => (readonly [number, number])[]) {
  const terms = range(0, tokens).map(weights);
  const first = terms.reduce<number[]>((ends, term) => [...ends, ends[ends.length - 1] + term.length], [0]);
  const from = Int32Array.from(terms.flatMap((term) => term.map(([j]) => j)));
  const factor = Float64Array.from(terms.flatMap((term) => term.map(([, weight]) => weight)));
  return {
    apply: (x: Float64Array, y: Float64Array) => {
      for (let t = 0; t < tokens; t++)
        for (let i = first[t]; i < first[t + 1]; i++)
          for (let c = 0; c < width; c++) y[t * width + c] += factor[i] * x[from[i] * width + c];
    },
    visible: (t: number) => [...new Set(terms[t].map(([j]) => j))].sort((a, b) => a - b),
  };
}

function squaredDistance(x: Float64Array, i: number, j: number, width: number): number {
  let sum = 0;
  for (let c = 0; c < width; c++) sum += (x[i * width + c] - x[j * width + c]) ** 2;
  return sum;
}

/** The one among the tokens 0, step, 2 step, ... below `end`, token t left out, that is nearest to token t. */
function nearest(x: Float64Array, t: number, end: number, width: number, step = 1): number {
  let best = -1;
  let least = Infinity;
  for (let j = 0; j < end; j += step) {
    const distance = j === t ? Infinity : squaredDistance(x, t, j, width);
    if (distance < least) [best, least] = [j, distance];
  }
  return best;
}

function copy(x: Float64Array, from: number, y: Float64Array, to: number, width: number): void {
  for (let c = 0; c < width; c++) y[to * width + c] = x[from * width + c];
}

/** Exchanges of the members of neighbouring chains of equal length, as generators. */
function chainSwaps(chains: readonly number[][]): number[][][] {
  return chains.slice(1).flatMap((chain, i) => {
    const before = chains[i];
    return before.length === chain.length ? [chain.map((token, at) => [before[at], token])] : [];
  });
}

/** The chains t, t + k, t + 2k, ... */
const chainsOf = (n: number, k: number): number[][] =>
  range(0, Math.min(k, n)).map((start) => range(0, Math.ceil((n - start) / k)).map((step) => start + step * k));

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** Rows and columns of n tokens on the grid that is closest to a square, not more rows than columns. */
export function gridOf(n: number): { rows: number; columns: number } {
  let rows = Math.floor(Math.sqrt(n));
  while (n % rows !== 0) rows--;
  return { rows, columns: n / rows };
}

const symmetryOf = ({ target }: Shape): SymmetrySpec => target?.symmetry ?? "trivial";
const groupOf = (shape: Shape): PermutationGroup => declaredGroup(symmetryOf(shape), shape.tokens).permutationGroup();

const definitions: readonly Definition[] = [
  {
    name: "identity",
    description: "Output t is token t.",
    define: (shape) => ({ ...linear(shape, (t) => [[t, 1]]), symmetry: "S_n" }),
  },
  {
    name: "mean-broadcast",
    description: "Every output is the mean of all tokens.",
    define: (shape) => {
      const weights = range(0, shape.tokens).map((j) => [j, 1 / shape.tokens] as const);
      return { ...linear(shape, () => weights), symmetry: "S_n" };
    },
  },
  {
    name: "sort",
    description: "The tokens in the order of their first coordinates.",
    define: ({ tokens, width }) => ({
      apply: (x, y) => {
        const order = range(0, tokens).sort((i, j) => x[i * width] - x[j * width]);
        order.forEach((from, to) => copy(x, from, y, to, width));
      },
      symmetry: "trivial",
      visible: everything(tokens),
    }),
  },
  {
    name: "reverse",
    description: "The tokens in reverse order: output t is token n - 1 - t.",
    define: (shape) => {
      const n = shape.tokens;
      const pairs = range(0, Math.floor(n / 2)).map((t) => [t, n - 1 - t]);
      // What commutes with the reversal: turning single pairs round, and exchanging pairs.
      const generators = [...pairs.map((pair) => [pair]), ...chainSwaps(pairs)];
      return { ...linear(shape, (t) => [[n - 1 - t, 1]]), symmetry: { generators } };
    },
  },
  {
    name: "circular-shift",
    numbered: true,
    description: "Output t is the token k places before it on the ring of tokens.",
    define: (shape, k) => {
      const n = shape.tokens;
      const cycles = greatestCommonDivisor(n, k);
      const chains = chainsOf(n, cycles);
      // What commutes with the shift: turning one of its cycles, and exchanging cycles.
      const turn = chains[0].map((_, step) => (step * k) % n);
      const generators = [...(turn.length > 1 ? [[turn]] : []), ...chainSwaps(chains)];
      return { ...linear(shape, (t) => [[(((t - k) % n) + n) % n, 1]]), symmetry: { generators } };
    },
  },
  {
    name: "shift",
    numbered: true,
    description: "Output t is the token k places before it, and zero where there is none.",
    define: (shape, k) => ({
      ...linear(shape, (t) => (t < k ? [] : [[t - k, 1]])),
      symmetry: { generators: chainSwaps(chainsOf(shape.tokens, k)) },
    }),
  },
  {
    name: "prefix-sum",
    description: "Output t is the sum of the tokens 0..t.",
    define: ({ width }) => ({
      apply: (x, y) => {
        y.set(x);
        for (let i = width; i < y.length; i++) y[i] += y[i - width];
      },
      symmetry: "trivial",
      visible: past,
    }),
  },
  {
    name: "running-maximum",
    description: "Every coordinate of output t is its maximum over the tokens 0..t.",
    define: ({ width }) => ({
      apply: (x, y) => {
        y.set(x);
        for (let i = width; i < y.length; i++) y[i] = Math.max(y[i], y[i - width]);
      },
      symmetry: "trivial",
      visible: past,
    }),
  },
  {
    name: "copy-first",
    description: "Every output is token 0.",
    define: (shape) => {
      const rest = range(1, shape.tokens);
      const generators = rest.length < 2 ? [] : [[rest.slice(0, 2)], [rest]];
      return { ...linear(shape, () => [[0, 1]]), symmetry: { generators } };
    },
  },
  {
    name: "copy-nearest",
    description: "Output t is the token nearest to token t, itself left out.",
    fewest: 3,
    define: ({ tokens, width }) => ({
      apply: (x, y) => {
        for (let t = 0; t < tokens; t++) copy(x, nearest(x, t, tokens, width), y, t, width);
      },
      symmetry: "S_n",
      visible: everything(tokens),
    }),
  },
  {
    name: "associative-recall",
    description:
      "The last output is the value whose key is nearest to the last token: tokens 0, 2, 4, ... are keys, each followed by its value. The other outputs are zero.",
    fewest: 5,
    define: ({ tokens, width }) => {
      const query = tokens - 1;
      const keys = range(0, Math.floor(query / 2)).map((pair) => 2 * pair);
      return {
        apply: (x, y) => copy(x, nearest(x, query, 2 * keys.length, width, 2) + 1, y, query, width),
        symmetry: { generators: chainSwaps(keys.map((key) => [key, key + 1])) },
        visible: (t) => (t === query ? [...keys.flatMap((key) => [key, key + 1]), query] : []),
      };
    },
  },
  {
    name: "induction",
    description:
      "Output t is the token that followed the best match of token t so far: token j + 1 for the j <= t - 2 with token j nearest to token t. Outputs 0 and 1 are zero.",
    fewest: 4,
    define: ({ tokens, width }) => ({
      apply: (x, y) => {
        for (let t = 2; t < tokens; t++) copy(x, nearest(x, t, t - 1, width) + 1, y, t, width);
      },
      symmetry: "trivial",
      visible: (t) => (t < 2 ? [] : t === 2 ? [1] : past(t)),
    }),
  },
  {
    name: "pairwise-distances",
    description: "Every coordinate of output t is the sum of the distances from token t to all tokens.",
    define: ({ tokens, width }) => ({
      apply: (x, y) => {
        for (let t = 0; t < tokens; t++) {
          let sum = 0;
          for (let j = 0; j < tokens; j++) sum += Math.sqrt(squaredDistance(x, t, j, width));
          y.fill(sum, t * width, (t + 1) * width);
        }
      },
      symmetry: "S_n",
      visible: everything(tokens),
    }),
  },
  {
    name: "sign-parity",
    description: "Every coordinate of every output is the product of its signs over all tokens.",
    define: ({ tokens, width }) => ({
      apply: (x, y) => {
        for (let c = 0; c < width; c++) {
          let product = 1;
          for (let t = 0; t < tokens; t++) product *= x[t * width + c] < 0 ? -1 : 1;
          for (let t = 0; t < tokens; t++) y[t * width + c] = product;
        }
      },
      symmetry: "S_n",
      visible: everything(tokens),
    }),
  },
  {
    name: "moving-average",
    description: "Output t is the mean of token t and its two neighbours on the ring of tokens.",
    fewest: 3,
    define: (shape) => {
      const n = shape.tokens;
      return {
        ...linear(shape, (t) => [t, (t + 1) % n, (t + n - 1) % n].map((j) => [j, 1 / 3] as const)),
        symmetry: "D_n",
      };
    },
  },
  {
    name: "blur",
    description:
      "The tokens as the pixels of a grid, row by row and as square as can be: the binomial filter with weights 4, 2, 1 of a pixel and its neighbours, renormalised at the border.",
    define: (shape) => {
      const { rows, columns } = gridOf(shape.tokens);
      const at = (row: number, column: number) => row * columns + column;
      const weights = (t: number) => {
        const [row, column] = [Math.floor(t / columns), t % columns];
        const terms = range(Math.max(0, row - 1), Math.min(rows, row + 2)).flatMap((r) =>
          range(Math.max(0, column - 1), Math.min(columns, column + 2)).map(
            (c) => [at(r, c), 4 / 2 ** (Math.abs(r - row) + Math.abs(c - column))] as const,
          ),
        );
        const sum = terms.reduce((total, [, weight]) => total + weight, 0);
        return terms.map(([j, weight]) => [j, weight / sum] as const);
      };
      const reflection = (image: (row: number, column: number) => number) =>
        range(0, shape.tokens).flatMap((t) => {
          const to = image(Math.floor(t / columns), t % columns);
          return t < to ? [[t, to]] : [];
        });
      const generators = [
        reflection((row, column) => at(rows - 1 - row, column)),
        reflection((row, column) => at(row, columns - 1 - column)),
        ...(rows === columns ? [reflection((row, column) => at(column, row))] : []),
      ];
      return { ...linear(shape, weights), symmetry: { generators } };
    },
  },
  {
    name: "random",
    numbered: true,
    description:
      "A random smooth map with exactly the symmetry that the file declares, none if it declares none; k is the seed.",
    problem: (shape) => {
      try {
        return randomProblem(groupOf(shape));
      } catch (error) {
        if (error instanceof BeyondReach || error instanceof RangeError)
          return `There is no random target: ${error.message}.`;
        throw error;
      }
    },
    define: (shape, k) => ({
      apply: randomMap(groupOf(shape), shape.width, k),
      symmetry: symmetryOf(shape),
      visible: everything(shape.tokens),
    }),
  },
];

/** The names of the library, in the order of the documentation; a name with `k` stands for itself and for "name-k". */
export const targetNames: readonly { name: string; numbered: boolean; description: string }[] = definitions.map(
  ({ name, numbered = false, description }) => ({ name, numbered, description }),
);

/** A target that cannot be had. The message is a sentence for people. */
export class TargetError extends Error {
  override readonly name = "TargetError";
}

/** Whether the name is one of the library, at any shape. */
export const isTargetName = (name: string): boolean => find(name) !== undefined;

/** The module of a target of the user's own, as it was read. */
export interface TargetSource {
  /** For messages; its extension tells TypeScript from JavaScript. */
  file: string;
  text: string;
}

/** Whether the name of a target is that of a module of the user's own. */
export const isTargetFile = (name: string): boolean => /\.m?[jt]s$/.test(name);

function find(name: string): { definition: Definition; k: number } | undefined {
  const plain = definitions.find((definition) => definition.name === name);
  if (plain) return { definition: plain, k: 1 };
  const [, stem, digits] = /^(.+)-([1-9]\d{0,6})$/.exec(name) ?? [];
  const numbered = definitions.find((definition) => definition.numbered && definition.name === stem);
  return numbered && { definition: numbered, k: Number(digits) };
}

/** Why the library has no such target for samples of the shape, in a sentence; null where it has. */
export function targetProblem(name: string, shape: Shape): string | null {
  const { tokens } = shape;
  const found = find(name);
  if (found === undefined) {
    const names = targetNames.map((known) => (known.numbered ? `${known.name} (or ${known.name}-k)` : known.name));
    return `There is no target "${name}". There are ${names.join(", ")}.`;
  }
  const { definition } = found;
  const { fewest = 2 } = definition;
  if (tokens < fewest) return `The target ${name} needs at least ${fewest} tokens, and the model has ${tokens}.`;
  return definition.problem?.(shape) ?? null;
}

/**
 * A target of the library for samples of the shape.
 * @throws TargetError where there is none of that name, or it does not exist at the shape.
 */
export function libraryTarget(name: string, shape: Shape): TargetFunction {
  const problem = targetProblem(name, shape);
  if (problem !== null) throw new TargetError(problem);
  const { definition, k } = find(name)!;
  return { name, description: definition.description, shape, ...definition.define(shape, k) };
}

/** F on a batch of samples, [batch, tokens, width] row by row, in float64. */
export function applyTarget({ apply, shape }: TargetFunction, samples: ArrayLike<number>): Float64Array {
  const size = shape.tokens * shape.width;
  const x = Float64Array.from(samples);
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += size)
    apply(x.subarray(start, start + size), y.subarray(start, start + size));
  return y;
}
