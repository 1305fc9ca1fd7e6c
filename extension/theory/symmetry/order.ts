/** Orders of permutation groups, which may be as large as 1048576!: kept as a product of factorials and one other factor. */

/** Decimal digits beyond which an order is written as a formula. */
const decimalDigits = 1000;

export class GroupOrder {
  /** Distinct arguments (>= 2) of the factorials, largest first, with their exponents. */
  readonly factorials: readonly (readonly [argument: number, exponent: number])[];

  /** cofactor * product of argument!^exponent. */
  constructor(
    readonly cofactor: bigint,
    factorials: Iterable<readonly [argument: number, exponent: number]> = [],
  ) {
    const exponents = new Map<number, number>();
    for (const [argument, exponent] of factorials)
      if (argument > 1 && exponent > 0) exponents.set(argument, (exponents.get(argument) ?? 0) + exponent);
    this.factorials = [...exponents].sort((a, b) => b[0] - a[0]);
  }

  times(other: GroupOrder): GroupOrder {
    return new GroupOrder(this.cofactor * other.cofactor, [...this.factorials, ...other.factorials]);
  }

  get isOne(): boolean {
    return this.cofactor === 1n && this.factorials.length === 0;
  }

  /** Exact: primes are cancelled by Legendre's formula, nothing is multiplied out. */
  equals(other: GroupOrder): boolean {
    const exponents = new Map<number, number>();
    for (const [argument, exponent] of this.factorials) exponents.set(argument, exponent);
    for (const [argument, exponent] of other.factorials)
      exponents.set(argument, (exponents.get(argument) ?? 0) - exponent);
    const differing = [...exponents].filter(([, exponent]) => exponent !== 0);
    let left = this.cofactor;
    let right = other.cofactor;
    for (const prime of primesUpTo(Math.max(1, ...differing.map(([argument]) => argument)))) {
      let exponent = 0;
      for (const [argument, times] of differing) exponent += times * legendre(argument, prime);
      if (exponent === 0) continue;
      const divisor = BigInt(prime);
      const reduced = divideOut(exponent > 0 ? right : left, divisor, Math.abs(exponent));
      if (reduced === null) return false;
      if (exponent > 0) right = reduced;
      else left = reduced;
    }
    return left === right;
  }

  /** The number itself: for orders that are known to be small. */
  toBigInt(): bigint {
    return this.factorials.reduce(
      (product, [argument, exponent]) => product * factorial(argument) ** BigInt(exponent),
      this.cofactor,
    );
  }

  /** The number if it has no more than `most` decimal digits, otherwise null. Cheap in both cases. */
  upToDigits(most: number): bigint | null {
    let digits = bitLength(this.cofactor) * Math.log10(2);
    for (const [argument, exponent] of this.factorials) digits += exponent * logFactorial(argument);
    if (digits > most + 2) return null;
    const value = this.toBigInt();
    return value < 10n ** BigInt(most) ? value : null;
  }

  /** Decimal digits, or beyond 1,000 of them a formula such as "2 * 4096! * 12!^3". */
  toString(): string {
    const value = this.upToDigits(decimalDigits);
    if (value !== null) return value.toString();
    const power = (base: string, exponent: number) => (exponent === 1 ? base : `${base}^${exponent}`);
    return [
      ...(this.cofactor === 1n ? [] : factored(this.cofactor)),
      ...this.factorials.map(([argument, exponent]) => power(`${argument}!`, exponent)),
    ].join(" * ");
  }
}

/** The number in decimal, or where that is too long its prime powers. The primes of an order are at most the degree, so trial division ends soon. */
function factored(value: bigint): string[] {
  if (bitLength(value) < decimalDigits) return [value.toString()];
  const parts: string[] = [];
  for (let prime = 2n; value !== 1n; prime++) {
    let exponent = 0;
    for (; value % prime === 0n; value /= prime) exponent++;
    if (exponent > 0) parts.push(exponent === 1 ? String(prime) : `${prime}^${exponent}`);
  }
  return parts;
}

export function factorial(n: number): bigint {
  // Balanced products keep the factors of a multiplication alike in length.
  const product = (from: number, to: number): bigint => {
    if (from >= to) return BigInt(Math.max(1, from));
    const middle = (from + to) >> 1;
    return product(from, middle) * product(middle + 1, to);
  };
  return product(1, n);
}

/** log10(n!) by Stirling's series; its error is below 1e-3 from n = 2. */
const logFactorial = (n: number): number =>
  (n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n)) / Math.LN10;

const bitLength = (value: bigint): number => value.toString(16).length * 4;

/** The exponent of a prime in n! (Legendre). */
function legendre(n: number, prime: number): number {
  let exponent = 0;
  for (let rest = Math.floor(n / prime); rest > 0; rest = Math.floor(rest / prime)) exponent += rest;
  return exponent;
}

function divideOut(value: bigint, divisor: bigint, exponent: number): bigint | null {
  for (; exponent > 0; exponent--) {
    if (value % divisor !== 0n) return null;
    value /= divisor;
  }
  return value;
}

function primesUpTo(limit: number): number[] {
  const composite = new Uint8Array(limit + 1);
  const primes: number[] = [];
  for (let i = 2; i <= limit; i++) {
    if (composite[i]) continue;
    primes.push(i);
    for (let j = i * i; j <= limit; j += i) composite[j] = 1;
  }
  return primes;
}
