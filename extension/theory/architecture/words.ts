/** How a message about a specification names things. */
import type { SpecPath } from "../verdict/report";

/** `tokens`, `edges[3][1]`, `layers[0]`: the last name on the path and the indices after it. */
export function nameOf(path: SpecPath): string {
  let from = path.length;
  while (from > 0 && typeof path[from - 1] === "number") from--;
  if (from === 0) return path.length === 0 ? "the architecture" : `entry ${path.join(".")}`;
  const indices = path.slice(from).map((index) => `[${index}]`);
  return `\`${path[from - 1]}${indices.join("")}\``;
}

/** What was found in place of what was expected. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "string") return JSON.stringify(clip(value));
  if (typeof value === "object" && value !== null) {
    return Object.keys(value).length === 0 ? "an empty object" : "an object";
  }
  return String(value);
}

/** A word from a file, which may be of any length. */
export function clip(word: string): string {
  return word.length > 40 ? `${word.slice(0, 40)}...` : word;
}

/** "a", "a or b", "a, b or c". */
export function either(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words[words.length - 1]}`;
}

/** "; did you mean `softmax`?" where one of the candidates is close to the word, otherwise nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const plain = (text: string) => text.toLowerCase().replace(/[-_ ]/g, "");
  const typed = plain(word.slice(0, 64));
  let closest: string | undefined;
  let least = Math.floor(Math.max(3, typed.length) / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(typed, plain(candidate));
    if (distance < least) {
      least = distance;
      closest = candidate;
    }
  }
  return closest === undefined ? "" : `; did you mean \`${closest}\`?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment distance). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}
