/** String literals and f-strings. */
import type { Syntax } from "../syntax";
import { formatted } from "./text";
import { one, parts } from "./trees";
import { string, unknown, type Value } from "./values";

const escape = /\\(?:\r?\n|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|N\{[^}]*\}|([\s\S]))/g;
const simple: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v", "\\": "\\", "'": "'", '"': '"' }; // prettier-ignore

const unescaped = (text: string): string =>
  text.includes("\\")
    ? text.replace(escape, (whole, x?: string, u?: string, long?: string, octal?: string, char?: string) => {
        const code = x ?? u ?? long;
        if (code !== undefined) return parseInt(code, 16) <= 0x10ffff ? String.fromCodePoint(parseInt(code, 16)) : whole;
        if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8));
        if (char !== undefined) return simple[char] ?? whole;
        return whole.startsWith("\\N") ? whole : "";
      }) // prettier-ignore
    : text;

const prefixOf = (node: Syntax): string => (node.children[0]?.type === "string_start" ? node.children[0].text.toLowerCase().replace(/["']+$/, "") : ""); // prettier-ignore

/** A literal without interpolations. */
export function decodeString(node: Syntax, text: string): Value {
  const prefix = prefixOf(node);
  if (prefix.includes("b")) return unknown("a literal of bytes", { from: node.from, to: node.to });
  let value = "";
  for (const child of node.children) {
    if (child.type === "string_content") value += contentOf(child, text, prefix);
  }
  return string(value);
}

function contentOf(node: Syntax, text: string, prefix: string): string {
  const written = text.slice(node.from, node.to);
  const plain = prefix.includes("r") ? written : unescaped(written);
  return prefix.includes("f") ? plain.replaceAll("{{", "{").replaceAll("}}", "}") : plain;
}

/** An f-string; `write` gives str or repr of a value, where it is known. */
export function fString(
  node: Syntax,
  text: string,
  evaluate: (node: Syntax) => Value,
  write: (value: Value, how: "str" | "repr") => Value,
): Value {
  const prefix = prefixOf(node);
  let made = "";
  let why: Value | undefined;
  for (const child of node.children) {
    if (child.type === "string_content") made += contentOf(child, text, prefix);
    if (child.type !== "interpolation") continue;
    const expression = one(child, "expression");
    if (!expression) continue;
    let value = evaluate(expression);
    const conversion = one(child, "type_conversion")?.text;
    const shows = /^\s*=\s*/.exec(text.slice(expression.to, child.to));
    const written = one(child, "format_specifier");
    if (shows) made += text.slice(child.from + 1, expression.to) + shows[0];
    if (conversion === "!r" || conversion === "!s" || (shows && !written))
      value = write(value, conversion === "!s" ? "str" : "repr");
    const spec = written ? specification(written, text, evaluate, write) : string("");
    if (spec.kind === "string" && spec.value === "" && value.kind !== "string") value = write(value, "str");
    if (value.kind === "unknown" || spec.kind !== "string") why ??= value.kind === "unknown" ? value : spec;
    else {
      const part = formatted(value, spec.value);
      if (part === undefined) why ??= unknown(`how a value is written`, { from: child.from, to: child.to });
      else made += part;
    }
  }
  return why ?? string(made);
}

function specification(
  node: Syntax,
  text: string,
  evaluate: (node: Syntax) => Value,
  write: (value: Value, how: "str" | "repr") => Value,
): Value {
  let made = "";
  let from = node.from + 1;
  for (const child of parts(node)) {
    const expression = one(child, "expression") ?? parts(child)[0];
    made += text.slice(from, child.from);
    from = child.to;
    const value = expression ? write(evaluate(expression), "str") : string("");
    if (value.kind !== "string") return value;
    made += value.value;
  }
  return string(made + text.slice(from, node.to));
}
