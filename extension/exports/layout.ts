/** Laying out code: what fits in a line stays in it, what does not is broken at its brackets. */

export type Layout =
  | string
  /** Items in brackets, such as a list or the arguments of a call. */
  | { open: string; items: readonly Layout[]; close: string }
  /** One after the other, such as a call and the methods called on its result. */
  | { parts: readonly Layout[] };

export interface Style {
  /** Characters of a line. */
  width: number;
  /** Of one level of indentation. */
  indent: number;
  /** Between brackets and their items in one line: spaces inside braces, as Prettier has them. */
  spaced: (open: string) => boolean;
  /** After the last item of a broken list. */
  trailingComma: boolean;
}

export const list = (items: readonly Layout[]): Layout => ({ open: "[", items, close: "]" });

/** `name: value`, broken inside the value. */
export function named(name: string, value: Layout): Layout {
  if (typeof value === "string") return `${name}: ${value}`;
  if ("parts" in value) return { parts: [`${name}: `, ...value.parts] };
  return { ...value, open: `${name}: ${value.open}` };
}

/** In one line. */
function flat(layout: Layout, style: Style): string {
  if (typeof layout === "string") return layout;
  if ("parts" in layout) return layout.parts.map((part) => flat(part, style)).join("");
  const { open, items, close } = layout;
  const space = items.length > 0 && style.spaced(open) ? " " : "";
  return open + space + items.map((item) => flat(item, style)).join(", ") + space + close;
}

const isNumber = (layout: Layout): layout is string => typeof layout === "string" && /^-?\d+$/.test(layout);

/**
 * The text, without an end of line.
 * @param level of indentation
 * @param before characters in the line before it
 * @param after characters that have to fit behind it
 */
export function laidOut(layout: Layout, style: Style, level = 0, before = style.indent * level, after = 0): string {
  const whole = flat(layout, style);
  if (typeof layout === "string" || before + whole.length + after <= style.width) return whole;
  if ("parts" in layout) {
    // The longest part is broken; the others stay as they are.
    const lengths = layout.parts.map((part) => (typeof part === "string" ? -1 : flat(part, style).length));
    const broken = lengths.indexOf(Math.max(...lengths));
    return layout.parts.map((part, i) => (i === broken ? relaid(part, style, level) : flat(part, style))).join("");
  }
  return relaid(layout, style, level);
}

/** Broken at its brackets, whether or not it has to be. */
function relaid(layout: Layout, style: Style, level: number): string {
  if (typeof layout === "string" || "parts" in layout || layout.items.length === 0) return flat(layout, style);
  const { open, items, close } = layout;
  const margin = " ".repeat(style.indent * (level + 1));
  const lines = items.every(isNumber) ? filled(items, style.width - margin.length) : items.map((item) => laidOut(item, style, level + 1, margin.length, 1)); // prettier-ignore
  const end = style.trailingComma ? "," : "";
  return `${open}\n${lines.map((line) => margin + line).join(",\n")}${end}\n${" ".repeat(style.indent * level)}${close}`;
}

/** Numbers, as many in a line as fit. */
function filled(numbers: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const number of numbers) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + number.length + 3 <= width) lines[lines.length - 1] += `, ${number}`;
    else lines.push(number);
  }
  return lines;
}
