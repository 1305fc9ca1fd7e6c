/** A seeded source of random numbers, so that every figure of the reference can be drawn again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in (0, 1): mulberry32 by Tommy Ettinger (public domain). */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (((bits ^ (bits >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  }

  /** Standard normal (Box-Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A vector of independent normals of standard deviation `deviation`. */
  vector(length: number, deviation: number): Float64Array {
    return Float64Array.from({ length }, () => deviation * this.normal());
  }

  /** A rows x columns matrix, as its rows, of independent normals of standard deviation `deviation`. */
  matrix(rows: number, columns: number, deviation: number): Float64Array[] {
    return Array.from({ length: rows }, () => this.vector(columns, deviation));
  }
}
