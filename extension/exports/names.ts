/** Names of files and identifiers, whatever an architecture is called. */

/** Words of ASCII letters and digits; accents are left out. */
const wordsOf = (name: string): string[] =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .slice(0, 60)
    .match(/[A-Za-z0-9]+/g) ?? [];

/** Names that Windows keeps for devices. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/** Such as "ring-of-16"; "architecture" for a name without letters and digits. */
export function slugOf(name: string): string {
  const slug = wordsOf(name).join("-").toLowerCase();
  if (slug === "") return "architecture";
  return devices.test(slug) ? `${slug}-architecture` : slug;
}

const capital = (word: string): string => word[0].toUpperCase() + word.slice(1);

/**
 * Such as "RingOf16" or, with a small start, "ringOf16": an identifier of ASCII letters and digits.
 * @param taken names that it must not be
 */
export function identifierOf(name: string, start: "capital" | "small", taken: ReadonlySet<string>): string {
  const words = wordsOf(name);
  const joined = words.map((word, i) => (i === 0 && start === "small" ? word.toLowerCase() : capital(word))).join("");
  if (joined === "") return start === "small" ? "model" : "Model";
  const prefix = start === "small" ? "model" : "Model";
  if (/^\d/.test(joined)) return prefix + joined;
  return taken.has(joined) ? `${joined}Model` : joined;
}

/** A text in one line without control characters, and without those that change the direction of what follows. */
export const plainText = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ").trim();
