/** Generators in cycle notation: "(0 1 2)(3 4), (0 3)". */
import type { Permutation } from "../symmetry/structure";
import { identity } from "../symmetry/permutation";
import { GroupError } from "./groupError";

/** Longest text that is read, in UTF-16 code units, and most generators, which is what a specification's target takes. */
const longest = 65_536;
const mostGenerators = 64;

/**
 * Generators are separated by commas, semicolons or line ends outside brackets, the tokens of a cycle by spaces or commas; "()" is the identity. Tokens count
 * from 0. Each token goes to the next one of its cycle.
 * @param tokens n; null for as many as the cycles mention.
 * @param most tokens that there may be.
 * @throws GroupError with the place in the text, counted from 1.
 */
export function parseCycles(text: string, tokens: number | null, most: number): Permutation[] {
  if (text.length > longest) throw new GroupError(`Generators of more than ${longest.toLocaleString("en")} characters are not read.`); // prettier-ignore
  const fail = (at: number, what: string): never => {
    throw new GroupError(`At character ${at + 1}: ${what}.`);
  };
  const last = (tokens ?? most) - 1;
  const generators: number[][][] = [[]];
  const places = new Map<number, number>();
  let cycle: number[] | null = null;
  let opened = 0;
  let largest = 0;
  /** Whether the generator that is being read has a cycle. */
  let begun = false;
  for (let at = 0; at < text.length;) {
    const character = text[at];
    const number = /^\d+/.exec(text.slice(at, at + 20))?.[0];
    if (number !== undefined) {
      if (cycle === null) fail(at, `${number} stands outside a cycle; cycles are written in round brackets`);
      const token = Number(number);
      if (token > last)
        fail(at, tokens === null ? `token ${number} is past ${last}, the last that is taken` : `there is no token ${number} among ${tokens} tokens, which count from 0`); // prettier-ignore
      const before = places.get(token);
      if (before !== undefined) fail(at, `token ${token} stands in this generator already, at character ${before + 1}`);
      places.set(token, at);
      cycle!.push(token);
      largest = Math.max(largest, token);
      at += number.length;
      continue;
    }
    if (character === "(") {
      if (cycle !== null) fail(at, `a cycle inside the one opened at character ${opened + 1}`);
      cycle = [];
      opened = at;
      begun = true;
    } else if (character === ")") {
      if (cycle === null) fail(at, "a bracket is closed that was not opened");
      generators[generators.length - 1].push(cycle!);
      cycle = null;
    } else if (/[,;\n]/.test(character)) {
      if (cycle === null) {
        if (begun) {
          if (generators.length === mostGenerators && /\S/.test(text.slice(at + 1))) fail(at, `more than ${mostGenerators} generators`); // prettier-ignore
          generators.push([]);
          places.clear();
          begun = false;
        } else if (character !== "\n") fail(at, "a generator is missing here");
      } else if (character === ";") fail(at, "a semicolon inside a cycle");
    } else if (!/\s/.test(character)) {
      fail(
        at,
        `"${String.fromCodePoint(text.codePointAt(at)!)}" has no meaning in cycle notation, such as (0 1 2)(3 4)`,
      );
    }
    at++;
  }
  if (cycle !== null) fail(opened, "this bracket is not closed");
  if (!begun) generators.pop();
  if (generators.length === 0) fail(0, "there is no cycle; the identity is written ()");
  const degree = tokens ?? largest + 1;
  return generators.map((cycles) => {
    const p = identity(degree);
    for (const points of cycles) points.forEach((point, i) => (p[point] = points[(i + 1) % points.length]));
    return p;
  });
}
