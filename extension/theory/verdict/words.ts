/** Numbers, tokens and groups as sentences say them. */

export const count = (n: number, noun: string): string => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

/** "token 0 cannot influence token 9" needs plain numbers: tokens are names, not quantities. */
export const token = (t: number): string => `token ${t}`;

export const list = (items: readonly string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;

export const capital = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);

export const uncapital = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1);

/** A permutation in cycle notation for a sentence, abridged. */
export function cycleText(cycles: readonly (readonly number[])[], limit = 6): string {
  const text = cycles
    .slice(0, limit)
    .map((cycle) => `(${cycle.slice(0, 12).join(" ")}${cycle.length > 12 ? " ..." : ""})`);
  return text.join("") + (cycles.length > limit ? "..." : "");
}
