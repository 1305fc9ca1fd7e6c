/**
 * Random smooth maps whose symmetry is exactly a given permutation group G. On samples of independent standard normal tokens their outputs have mean 0 and
 * variance about 1, or 1/2 at tokens that no tuple below begins with.
 *
 * The pair part. With K and U random orthonormal directions of a token, a quarter and an eighth of its width,
 *   y_i = sum_j c_ij U x_j,    F_i = sin(P K x_i + Q y_i + b), every coordinate less its mean and over its deviation.
 * The weights c_ij are positive, one number for every orbit of G on ordered pairs, and then every row of c is divided by its sum. F commutes with a permutation if
 * it keeps these orbits, and generically only then: its symmetry is the 2-closure of G (Wielandt 1969; docs/theory.md, section 5). Half of the variance of the
 * argument is y's.
 *
 * The tuple part, for a group that is not 2-closed, with as much variance: for a tuple (t_0, .., t_k) of tokens whose orbit under G no other permutations keep,
 *   F_i = m * sum over the tuples (s_0, .., s_k) of the orbit with s_0 = i of phi_1(x_(s_1)) .. phi_k(x_(s_k)),    phi_r(x) = sin(e_r . x + b_r), standardised.
 * Products for different tuples are linearly independent, so it commutes with exactly the permutations that keep the orbit.
 */
import { isTwoClosed, pairOrbits, twoClosure } from "../../theory/symmetry/closure";
import { automorphisms } from "../../theory/symmetry/automorphisms";
import type { PermutationGroup } from "../../theory/symmetry/group";
import { pairStructure, type Structure } from "../../theory/symmetry/structure";
import { Random, streams } from "../random";
import type { SampleMap } from "./targets";

/** Most tokens: orbits on pairs are held pair by pair. */
const mostTokens = 64;
/** Most elements of a group that is not 2-closed: it may take a product for each. */
const mostElements = 5040n;

/** The logarithms of the weights c lie between plus and minus this. */
const spread = 1.5;
/** Tuples of one length that are tried. */
const triedTuples = 64;

/** Why there is no random map with that symmetry, in a sentence; null where there is. */
export function randomProblem(group: PermutationGroup): string | null {
  if (group.degree > mostTokens)
    return `A random target has at most ${mostTokens} tokens, and the model has ${group.degree}.`;
  if (group.order <= mostElements || isTwoClosed(group)) return null;
  return `A random target's symmetry is 2-closed or has at most ${mostElements} elements; this one has ${group.order}, and its orbits on pairs of tokens are those of a larger group.`;
}

/**
 * The random map of the seed with exactly the symmetry, for samples of `group.degree` tokens.
 * @param group one without a `randomProblem`
 */
export function randomMap(group: PermutationGroup, width: number, seed: number): SampleMap {
  const random = new Random(seed, streams.target, group.degree, width);
  const closure = twoClosure(group).order;
  const pairs = pairPart(pairOrbits(group), closure, width, random);
  if (closure === group.order) return pairs;
  const tuples = tuplePart(separatingOrbit(group), width, random);
  return (x, y) => {
    pairs(x, y);
    tuples(x, y);
    for (let i = 0; i < y.length; i++) y[i] *= Math.SQRT1_2;
  };
}

/** z -> sin(z + phase) for a standard normal z, made to have mean 0 and variance 1. */
function standardSine(phase: number): (z: number) => number {
  const mean = Math.exp(-1 / 2) * Math.sin(phase);
  const square = (1 - Math.exp(-2) * Math.cos(2 * phase)) / 2;
  const scale = 1 / Math.sqrt(square - mean ** 2);
  return (z) => (Math.sin(z + phase) - mean) * scale;
}

/** @param symmetries the number of permutations that keep the orbits. */
function pairPart(orbits: readonly Int32Array[], symmetries: bigint, width: number, random: Random): SampleMap {
  const n = orbits.length;
  const own = Math.ceil(width / 4);
  const mixed = Math.ceil(width / 8);
  const rows = weightsOf(orbits, symmetries, random);
  const deviation = Math.sqrt(rows.flat().reduce((sum, weight) => sum + weight ** 2, 0) / n);
  const directions = orthonormal(Math.min(own + mixed, width), width, random);
  const [k, u] = [directions.slice(0, own), directions.slice(-mixed)];
  const coordinates = Array.from({ length: width }, (_, c) => ({
    sine: standardSine((Math.PI * (c + random.uniform())) / width),
    p: unit(own, random).map((entry) => entry * Math.SQRT1_2),
    q: unit(mixed, random).map((entry) => (entry * Math.SQRT1_2) / deviation),
  }));
  const seen = new Float64Array(n * mixed);
  const kept = new Float64Array(own);
  const sums = new Float64Array(mixed);
  return (x, y) => {
    for (let j = 0; j < n; j++) for (let r = 0; r < mixed; r++) seen[j * mixed + r] = dot(u[r], x, j * width);
    for (let i = 0; i < n; i++) {
      sums.fill(0);
      for (let j = 0; j < n; j++) for (let r = 0; r < mixed; r++) sums[r] += rows[i][j] * seen[j * mixed + r];
      for (let r = 0; r < own; r++) kept[r] = dot(k[r], x, i * width);
      coordinates.forEach(({ sine, p, q }, c) => (y[i * width + c] += sine(dot(p, kept, 0) + dot(q, sums, 0))));
    }
  };
}

/** The weights c, drawn again until no permutations keep them but those that keep the orbits: rows may become alike when they are divided by their sums. */
function weightsOf(orbits: readonly Int32Array[], symmetries: bigint, random: Random): number[][] {
  const count = orbits.reduce((most, row) => Math.max(most, ...row), 0) + 1;
  // Spread evenly, so that orbits do not have almost the same weight by chance.
  const weights = Array.from({ length: count }, (_, orbit) => Math.exp(spread * ((2 * orbit + 1) / count - 1)));
  for (;;) {
    const dealt = shuffled(weights, random);
    const rows = orbits.map((row) => {
      const ofRow = Array.from(row, (orbit) => dealt[orbit]);
      const sum = ofRow.reduce((a, b) => a + b);
      return ofRow.map((weight) => weight / sum);
    });
    if (keepersOfWeights(rows, Math.min(0.1, spread / 4 / count)) === symmetries) return rows;
  }
}

/** The number of permutations that keep a matrix, where entries are the same that a chain of entries in steps of at most `step` of their logarithms leads between. */
function keepersOfWeights(rows: readonly (readonly number[])[], step: number): bigint {
  const n = rows.length;
  const entries = rows.flat().map(Math.log);
  const order = [...entries.keys()].sort((a, b) => entries[a] - entries[b]);
  const classes = new Int32Array(n * n);
  order.forEach((at, i) => {
    const before = i === 0 ? at : order[i - 1];
    classes[at] = classes[before] + (entries[at] - entries[before] > step ? 1 : 0);
  });
  return automorphisms(pairStructure(n, classes)).order.toBigInt();
}

function tuplePart(tuples: readonly (readonly number[])[], width: number, random: Random): SampleMap {
  const factors = tuples[0].length - 1;
  // Orthonormal as far as the width allows; the phases differ, so that the functions do as well where it does not.
  const directions = Array.from({ length: Math.ceil(factors / width) }, () =>
    orthonormal(Math.min(width, factors), width, random),
  ).flat();
  const functions = Array.from({ length: factors }, (_, r) => ({
    direction: directions[r],
    sine: standardSine((Math.PI / 2) * ((r + random.uniform()) / factors - 1 / 2)),
  }));
  const starts = new Set(tuples.map(([start]) => start)).size;
  const terms = functions.map((_, r) => {
    const beginnings = [
      ...new Map(tuples.map((tuple) => [tuple.slice(0, r + 2).join(), tuple.slice(0, r + 2)])).values(),
    ];
    const scale = Math.sqrt((width * starts) / beginnings.length / factors);
    return { beginnings, vector: unit(width, random).map((entry) => entry * scale) };
  });
  return (x, y) => {
    const n = x.length / width;
    const values = functions.map(({ direction: e, sine }) =>
      Float64Array.from({ length: n }, (_, j) => sine(dot(e, x, j * width))),
    );
    for (const { beginnings, vector } of terms)
      for (const beginning of beginnings) {
        let product = 1;
        for (let r = 1; r < beginning.length; r++) product *= values[r - 1][beginning[r]];
        for (let c = 0; c < width; c++) y[beginning[0] * width + c] += vector[c] * product;
      }
  };
}

/** The orbit of a shortest tuple of distinct tokens that is kept by the elements of the group and no other permutations. */
function separatingOrbit(group: PermutationGroup): number[][] {
  let level: { tuple: number[]; stabiliser: PermutationGroup }[] = [{ tuple: [], stabiliser: group }];
  for (;;) {
    // Up to the group: the next token is one of every orbit of what fixes those before it.
    level = level
      .flatMap(({ tuple, stabiliser }) =>
        stabiliser
          .orbits()
          .map(([token]) => token)
          .filter((token) => !tuple.includes(token))
          .map((token) => ({ tuple: [...tuple, token], stabiliser: stabiliser.stabiliser(token) })),
      )
      .slice(0, triedTuples);
    for (const { tuple } of level) {
      const orbit = orbitOf(tuple, group);
      if (keepers(orbit, group.degree) === group.order) return orbit;
    }
  }
}

function orbitOf(tuple: number[], { generators }: PermutationGroup): number[][] {
  const known = new Set([tuple.join()]);
  const orbit = [tuple];
  for (const member of orbit)
    for (const generator of generators) {
      const image = member.map((token) => generator[token]);
      if (known.has(image.join())) continue;
      known.add(image.join());
      orbit.push(image);
    }
  return orbit;
}

/** The number of permutations that keep a set of tuples: automorphisms of tokens and tuples, each tuple related to its tokens in their order. */
function keepers(tuples: readonly number[][], degree: number): bigint {
  const size = degree + tuples.length;
  const ofTuple = tuples.map((tuple) => [...tuple.entries()].sort(([, a], [, b]) => a - b));
  const first = new Int32Array(size + 1);
  for (let v = degree; v < size; v++) first[v + 1] = first[v] + tuples[v - degree].length;
  const entries = ofTuple.flat();
  const structure: Structure = {
    size,
    colours: Int32Array.from({ length: size }, (_, v) => (v < degree ? 0 : 1)),
    relations: [
      {
        rowOf: Int32Array.from({ length: size }, (_, v) => v),
        first,
        bounds: Int32Array.from(entries.flatMap(([, token]) => [token, token + 1])),
        classes: Int32Array.from(entries.map(([place]) => place)),
      },
    ],
  };
  return automorphisms(structure).order.toBigInt();
}

function shuffled(values: number[], random: Random): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [values[i], values[j]] = [values[j], values[i]];
  }
  return values;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>, from: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[from + i];
  return sum;
}

/** A random vector of length 1. */
const unit = (size: number, random: Random): Float64Array => orthonormal(1, size, random)[0];

/** Random orthonormal vectors, at most `size`, by Gram and Schmidt. */
function orthonormal(count: number, size: number, random: Random): Float64Array[] {
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = random.normals(new Float64Array(size));
    for (const other of vectors) {
      const along = dot(other, vector, 0);
      for (let i = 0; i < size; i++) vector[i] -= along * other[i];
    }
    const length = Math.sqrt(dot(vector, vector, 0));
    vectors.push(vector.map((entry) => entry / length));
  }
  return vectors;
}
