/** A Python file that is being written: its definitions, each once and under a name of its own. */
import { laidOut, type Layout, list } from "../layout";

const style = { width: 88, indent: 4, spaced: () => false, trailingComma: true };

/** Laid out as Black does it, in lines of 88 characters. */
export const python = (layout: Layout, before = 0, level = 0): string => laidOut(layout, style, level, before);

/** Python's keywords, its builtins that the files use, and the names that every file has or may have. */
export const reserved: ReadonlySet<string> = new Set(
  "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case type abs all any float int len list max min print range round str sum super zip SystemExit torch nn F jax jnp math partial flex_attention create_block_mask TOKENS REGISTERS SIZE WIDTH DEVICE QUERY KEY HEAD SYMMETRIES OUTSIDE VISIBLE OUTPUTS permutation check init apply block_mask".split(
    " ",
  ),
);

export type Section = "constants" | "functions" | "classes";

export class Program {
  private readonly used = new Set<string>(reserved);
  private readonly known = new Map<string, string>();
  private readonly sections: Record<Section, string[]> = { constants: [], functions: [], classes: [] };

  /**
   * The name under which the file defines this; what it has already is not defined again.
   * @param base the name if it is free, a number behind it if not
   */
  define(section: Section, base: string, write: (name: string) => string): string {
    const key = `${base}\0${write("\0")}`;
    const before = this.known.get(key);
    if (before !== undefined) return before;
    let name = base;
    for (let i = 2; this.used.has(name); i++) name = /^[A-Z][a-z]/.test(base) ? `${base}${i}` : `${base}_${i}`;
    this.used.add(name);
    this.known.set(key, name);
    this.sections[section].push(write(name));
    return name;
  }

  /** Whether a word is in what is defined so far. */
  uses(word: string): boolean {
    return new RegExp(`\\b${word}\\b`).test(this.constants + this.definitions);
  }

  /** A constant that is written as it is. */
  constant(base: string, value: Layout): string {
    return this.define("constants", base, (name) => {
      const text = `${name} = ${python(value, name.length + 3)}`;
      // Formatters would give every number a line of its own.
      return /^ +-?\d+, -?\d/m.test(text) ? `# fmt: off\n${text}\n# fmt: on` : text;
    });
  }

  get constants(): string {
    return this.sections.constants.map((text) => `${text}\n`).join("");
  }

  /** Functions, then classes, two empty lines before each. */
  get definitions(): string {
    return [...this.sections.functions, ...this.sections.classes].map((text) => `\n\n${text}\n`).join("");
  }
}

export const numbers = (values: readonly number[]): Layout => list(values.map(String));
export const matrix = (rows: readonly (readonly number[])[]): Layout => list(rows.map(numbers));
/** A tuple. */
export const tuple = (values: readonly number[]): Layout =>
  values.length === 1 ? `(${values[0]},)` : { open: "(", items: values.map(String), close: ")" };

/** Lines of a body, four spaces a level. */
export const indented = (lines: readonly string[], level = 1): string =>
  lines.map((line) => (line === "" ? "" : " ".repeat(4 * level) + line)).join("\n");

/** A text in the middle of a docstring, in lines of at most `width` characters. */
export function docstring(text: string, width = 84): string[] {
  const lines: string[] = [];
  for (const word of text.replaceAll("\\", "\\\\").replaceAll('"""', '\\"\\"\\"').split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The text with lines of more than 88 characters that end in a call broken at its brackets. */
export const withShortLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => (line.length > 88 ? broken(line) : line))
    .join("\n");

function broken(line: string): string {
  const [, body, end] = /^(.*)(\),?)$/.exec(line) ?? [];
  if (body === undefined || line.includes('"""')) return line;
  let depth = 1;
  let open = body.length;
  while (depth > 0 && open > 0) {
    open--;
    if (body[open] === ")") depth++;
    else if (body[open] === "(") depth--;
  }
  const margin = " ".repeat(line.length - line.trimStart().length);
  return depth > 0 ? line : `${body.slice(0, open + 1)}\n${margin}    ${body.slice(open + 1)}\n${margin}${end}`;
}
