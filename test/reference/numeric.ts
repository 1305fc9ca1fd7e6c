/** The criterion of theory, section 4, from numerical comparisons over all permutations and replacements. */
import assert from "node:assert/strict";
import type { Architecture } from "../../extension/theory/architecture/schema";
import { allDraws, Coincidences, type Gaps, permutations, permuted } from "./coincidences";

/** Everything that the criterion of section 4 asks, from numerical comparisons alone. */
export class Numeric {
  readonly n: number;
  readonly all: number[][];
  readonly #words: number[][];
  readonly #coincidences: Coincidences;
  readonly #known = new Map<number, boolean>();

  constructor(
    readonly architecture: Architecture,
    seed: number,
    gaps: Gaps,
  ) {
    this.n = architecture.tokens;
    const letters = this.tokens();
    this.all = permutations(this.n);
    this.#words = [
      ...this.all.map((pi) => permuted(pi, letters)),
      ...letters.map((r) => letters.map((letter) => (letter === r ? this.n : letter))),
    ];
    this.#coincidences = new Coincidences(architecture, this.#words, seed, gaps);
  }

  tokens(): number[] {
    return Array.from({ length: this.n }, (_, t) => t);
  }

  /** The samples compared with X: pi X for every pi (the identity first), then X with a new letter at every position. */
  get words(): readonly number[][] {
    return this.#words;
  }

  /**
   * Whether F_s(X) = F_t(words[w]). All draws must fail to show a difference before it is denied, unless the other route claims a coincidence
   * too: a difference shown is a proof, a coincidence is not.
   */
  same(s: number, w: number, t: number, claimed = false): boolean {
    const comparison = (w * this.n + s) * this.n + t;
    let same = this.#known.get(comparison);
    if (same === undefined) {
      same = this.#coincidences.same(0, s, w, t) && (claimed || this.#coincidences.same(0, s, w, t, allDraws));
      this.#known.set(comparison, same);
    }
    return same;
  }

  gap(s: number, w: number, t: number): number {
    return this.#coincidences.gap(0, s, w, t);
  }

  sees(t: number, r: number): boolean {
    return !this.same(t, this.all.length + r, t);
  }

  /** G = {pi : F_pi(s)(pi X) = F_s(X) for all s}. */
  group(): number[][] {
    return this.all.filter((pi, w) => pi.every((image, s) => this.same(s, w, image)));
  }

  /** full, causal (output t sees exactly 0..t) or partial. */
  visibility(): "full" | "causal" | "partial" {
    const { n } = this;
    const pairs = this.tokens().flatMap((t) => this.tokens().map((r) => ({ t, r, sees: this.sees(t, r) })));
    if (pairs.every(({ sees }) => sees)) return "full";
    return n > 1 && pairs.every(({ t, r, sees }) => sees === r <= t) ? "causal" : "partial";
  }

  /** Whether some g in `group` takes s to t and agrees with pi on what s sees: then equivariance forces F_s(X) = F_t(pi X). */
  forced(group: readonly number[][], s: number, t: number, pi: ArrayLike<number>): boolean {
    const seen = this.tokens().filter((r) => this.sees(s, r));
    return group.some((g) => g[s] === t && seen.every((r) => g[r] === pi[r]));
  }

  /** Whether every coincidence F_s(X) = F_t(pi X) is forced by `group`. */
  onlyForced(group: readonly number[][]): boolean {
    return this.all.every((pi, w) =>
      this.tokens().every((s) => this.tokens().every((t) => !this.same(s, w, t) || this.forced(group, s, t, pi))),
    );
  }

  /** The index in `words` of pi X. */
  wordOf(pi: ArrayLike<number>): number {
    const w = this.all.findIndex((candidate) => candidate.every((image, i) => image === pi[i]));
    assert.ok(w >= 0, `not a permutation: ${Array.from(pi).join(",")}`);
    return w;
  }
}
