/** Seeded normal draws, the same on every machine and backend. */

/** Integer arithmetic modulo 2^32 (a Weyl sequence through the 32-bit finaliser of MurmurHash3), then Box and Muller's transform in float64. */
export class Draws {
  private state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed | 0, 0x2c1b3c6d) ^ 0x297a2d39;
  }

  /** Uniform in (0, 1). */
  private uniform(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32 + 2 ** -33;
  }

  /** `count` independent normals of the given mean and standard deviation. */
  normal(count: number, deviation: number, mean = 0): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const radius = deviation * Math.sqrt(-2 * Math.log(this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      values[i] = mean + radius * Math.cos(angle);
      if (i + 1 < count) values[i + 1] = mean + radius * Math.sin(angle);
    }
    return values;
  }
}
