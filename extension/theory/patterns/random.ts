/** Random numbers that are the same on every machine: integer arithmetic only. */

/**
 * A generator of 32-bit integers: a Weyl sequence of odd step 0x9e3779b9 through the 32-bit finaliser of MurmurHash3, so its period is 2^32 and
 * every seed starts the same cycle elsewhere.
 */
export class Random {
  private readonly drawn: Int32Array;
  private round = 0;

  /** @param population the most integers that `distinct` will be asked to draw from. */
  constructor(
    private state: number,
    population: number,
  ) {
    this.drawn = new Int32Array(population);
  }

  private next(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  /** An integer in 0..bound-1, each equally likely (values past the last multiple of the bound are drawn again). */
  private below(bound: number): number {
    const most = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const value = this.next();
      if (value < most) return value % bound;
    }
  }

  /** `count` distinct integers of 0..population-1 in ascending order, every set equally likely (Floyd's algorithm). */
  distinct(count: number, population: number): Int32Array {
    const chosen = new Int32Array(count);
    this.round++;
    for (let i = 0; i < count; i++) {
      const last = population - count + i;
      const value = this.below(last + 1);
      chosen[i] = this.drawn[value] === this.round ? last : value;
      this.drawn[chosen[i]] = this.round;
    }
    return chosen.sort();
  }
}
