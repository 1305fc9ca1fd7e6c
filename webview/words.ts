/** Numbers and permutations as all pages write them. */

export const number = (value: number): string => value.toLocaleString("en");
export const count = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

/** A permutation in cycle notation. */
export const cycles = (permutation: readonly (readonly number[])[]): string =>
  permutation.length === 0 ? "identity" : permutation.map((cycle) => `(${cycle.join(" ")})`).join("");
