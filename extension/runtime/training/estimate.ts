/** Means of independent draws with their confidence intervals. */

/** A number with its 95 % confidence interval: two-sided, by the normal approximation over independent samples. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** The quantile of the normal distribution that leaves 2.5 % above it. */
const quantile = 1.959964;

/** Mean and variance of numbers that come one by one (Welford 1962). */
export class Moments {
  #count = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.#count++;
    const before = value - this.#mean;
    this.#mean += before / this.#count;
    this.#squares += before * (value - this.#mean);
  }

  get mean(): number {
    return this.#mean;
  }

  /** Of one draw, without bias. */
  get variance(): number {
    return this.#squares / (this.#count - 1);
  }

  /** Of the confidence interval of the mean. */
  get halfWidth(): number {
    return quantile * Math.sqrt(this.variance / this.#count);
  }

  get estimate(): Estimate {
    return { value: this.mean, low: this.mean - this.halfWidth, high: this.mean + this.halfWidth };
  }
}
