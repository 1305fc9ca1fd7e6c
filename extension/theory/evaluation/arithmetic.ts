/** What an evaluation of a model needs of its numbers. */
export interface Arithmetic<N> {
  /** A number that is given exactly. */
  of(x: number): N;
  add(a: N, b: N): N;
  sub(a: N, b: N): N;
  mul(a: N, b: N): N;
  div(a: N, b: N): N;
  exp(x: N): N;
  /** Of positive numbers. */
  log(x: N): N;
  /** Of numbers that are not negative. */
  sqrt(x: N): N;
  sin(x: N): N;
  cos(x: N): N;
  /** -1, 0 or 1. An arithmetic of enclosures throws where the sign is not decided. */
  sign(x: N): number;
  /** A number near x. */
  near(x: N): number;
}

export const float64: Arithmetic<number> = {
  of: (x) => x,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  sign: Math.sign,
  near: (x) => x,
};
