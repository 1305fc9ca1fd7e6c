/** Numbers and permutations as all pages write them. */

export const number = (value: number): string => value.toLocaleString("en");
export const count = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

/** A permutation in cycle notation. */
export const cycles = (permutation: readonly (readonly number[])[]): string =>
  permutation.length === 0 ? "identity" : permutation.map((cycle) => `(${cycle.join(" ")})`).join("");

/** The order of a group, which may have hundreds of digits or be a formula. */
export const orderText = (order: string): string =>
  order.length > 40
    ? `${order.slice(0, 20)}… (${order.length} digits)`
    : /^\d+$/.test(order)
      ? BigInt(order).toLocaleString("en")
      : order;
