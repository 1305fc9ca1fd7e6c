/** Seeded random numbers, the same on every machine and backend. */

/** What is drawn from one seed. The second word of a stream's key: draws of one kind never repeat those of another. */
export const streams = {
  training: 0,
  evaluation: 1,
  floor: 2,
  parameters: 3,
  letters: 4,
  samples: 5,
  rounding: 6,
  permutations: 7,
  trial: 8,
  target: 9,
  symmetry: 10,
} as const;

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021): a period of 2^128 - 1, so that streams of different
 * keys do not meet. A stream is named by numbers, for example (seed, streams.training, step): to go on with a run, its step is all there is to know.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  /** The second of two normals that were made together. */
  #spare: number | undefined;

  /** @param key 32-bit integers. */
  constructor(...key: number[]) {
    [this.#a, this.#b, this.#c, this.#d] = [1, 2, 3, 4].map((part) =>
      key.reduce((hash, word) => mix(Math.imul(hash ^ word, 0x9e3779b1) + part), mix(part)),
    );
    if ((this.#a | this.#b | this.#c | this.#d) === 0) this.#a = 1; // the one state that it never leaves
  }

  #bits(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  /** Uniform in the open interval (0, 1). */
  uniform(): number {
    return (this.#bits() + 0.5) / 2 ** 32;
  }

  /** Uniform among 0..count-1, for counts far below 2^32. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Standard normal, by the polar method (Marsaglia and Bray 1964). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const square = u * u + v * v;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = v * scale;
      return u * scale;
    }
  }

  /** Fills the array with independent normals, standard ones by default. */
  normals<Values extends Float32Array | Float64Array>(values: Values, deviation = 1, mean = 0): Values {
    for (let i = 0; i < values.length; i++) values[i] = mean + deviation * this.normal();
    return values;
  }
}

/** The 32-bit finaliser of MurmurHash3. */
function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
