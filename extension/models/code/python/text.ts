/** Values as Python writes them: repr, str, format, the % operator. */
import { floatText, isNumeric } from "./numbers";
import { fieldsOf, keyValue, type Native, type Value } from "./values";

/** A native object that can be written. */
export interface Writable {
  /** As repr; undefined where it is not known. */
  text(self: Native, repr: (value: Value) => string | undefined): string | undefined;
}
/** By kind of native object, set where the kind is defined. */
export const writers = new WeakMap<Native["type"], Writable["text"]>();

const quoted = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (char === quote || char === "\\") out += `\\${char}`;
    else if (char === "\n") out += "\\n";
    else if (char === "\r") out += "\\r";
    else if (char === "\t") out += "\\t";
    else if (code < 32 || code === 127) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else out += char;
  }
  return out + quote;
};

/** repr(value); undefined where it is not known, nested deeper than `depth`, or of more than so many values: lists may hold one another many times over. */
export function repr(value: Value, depth = 50, budget = { values: 100_000 }): string | undefined {
  if (depth === 0 || --budget.values < 0) return undefined;
  const inner = (of: Value) => repr(of, depth - 1, budget);
  const all = (items: readonly Value[], open: string, close: string) => {
    const texts: string[] = [];
    for (const item of items) {
      const text = inner(item);
      if (text === undefined) return undefined;
      texts.push(text);
    }
    return open + texts.join(", ") + close;
  };
  switch (value.kind) {
    case "none":
      return "None";
    case "bool":
      return value.value ? "True" : "False";
    case "int":
      return String(value.value);
    case "float":
      return floatText(value.value);
    case "string":
      return quoted(value.value);
    case "ellipsis":
      return "Ellipsis";
    case "list":
      return all(value.items, "[", "]");
    case "tuple":
      return all(value.items, "(", value.items.length === 1 ? ",)" : ")");
    case "dict": {
      const texts: string[] = [];
      for (const [key, item] of value.entries) {
        const [left, right] = [inner(keyValue(key)), inner(item)];
        if (left === undefined || right === undefined) return undefined;
        texts.push(`${left}: ${right}`);
      }
      return value.factory ? undefined : `{${texts.join(", ")}}`;
    }
    case "slice":
      return all([value.start, value.stop, value.step], "slice(", ")");
    case "instance": {
      const { type, attributes } = value;
      const fields = fieldsOf(type);
      if (!fields || type.mro.some((entry) => entry.kind === "class" && (entry.attributes.has("__repr__") || entry.attributes.has("__str__")))) return undefined; // prettier-ignore
      const texts: string[] = [];
      for (const name of fields.keys()) {
        const text = inner(attributes.get(name) ?? { kind: "ellipsis" });
        if (text === undefined) return undefined;
        texts.push(`${name}=${text}`);
      }
      return `${type.name}(${texts.join(", ")})`;
    }
    case "native":
      return writers.get(value.type)?.(value, inner);
    case "function":
    case "class":
    case "bound":
    case "unknown":
      return undefined;
  }
}

/** str(value). */
export const text = (value: Value): string | undefined => (value.kind === "string" ? value.value : repr(value));

const specification = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** format(value, spec); undefined where it is not known. */
export function formatted(value: Value, spec: string): string | undefined {
  if (spec === "") return text(value);
  const match = specification.exec(spec);
  if (!match) return undefined;
  const [, fill, align, sign, alternate, zero, width, group, precision, type] = match;
  if (alternate || Number(width) > 10_000 || Number(precision) > 100) return undefined;
  let body: string | undefined;
  let negative = false;
  if (value.kind === "string") {
    if (type && type !== "s") return undefined;
    body = precision === undefined ? value.value : value.value.slice(0, Number(precision));
  } else if (isNumeric(value) && !(value.kind === "bool" && type === undefined)) {
    const number = +value.value;
    negative = number < 0 || Object.is(number, -0);
    body = digits(Math.abs(number), value.kind === "float", type, precision);
    if (body !== undefined && group) body = body.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, group));
  } else if (!type || type === "s") body = text(value);
  if (body === undefined) return undefined;
  const mark = negative ? "-" : sign === "+" || sign === " " ? sign : "";
  const missing = Number(width ?? 0) - body.length - mark.length;
  const filling = (fill ?? (zero && !align ? "0" : " ")).repeat(Math.max(0, missing));
  const side = align ?? (zero ? "=" : isNumeric(value) ? ">" : "<");
  if (side === "=") return mark + filling + body;
  if (side === "<") return mark + body + filling;
  if (side === ">") return filling + mark + body;
  const left = Math.floor(filling.length / (fill?.length ?? 1) / 2) * (fill?.length ?? 1);
  return filling.slice(0, left) + mark + body + filling.slice(left);
}

function digits(
  size: number,
  isFloat: boolean,
  type: string | undefined,
  precision: string | undefined,
): string | undefined {
  // prettier-ignore
  const places = precision === undefined ? 6 : Number(precision);
  const wide = (text: string) => text.replace(/e([-+])(\d)$/, "e$10$2");
  switch (type) {
    case undefined:
      if (precision !== undefined) return undefined;
      return isFloat ? floatText(size) : String(size);
    case "d":
      return isFloat ? undefined : String(size);
    case "x":
    case "b":
    case "o":
      return isFloat ? undefined : size.toString({ x: 16, b: 2, o: 8 }[type]);
    case "f":
    case "F":
      return Number.isFinite(size) && size < 1e21 ? fixed(size, places) : undefined;
    case "%":
      return Number.isFinite(size) && size < 1e18 ? `${fixed(size * 100, places)}%` : undefined;
    case "e":
      return Number.isFinite(size) ? wide(size.toExponential(places)) : undefined;
    case "g": {
      if (!Number.isFinite(size)) return undefined;
      const significant = places || 1;
      const exponent = size === 0 ? 0 : Number(size.toExponential(significant - 1).split("e")[1]);
      const plain = exponent >= -4 && exponent < significant;
      const body = plain ? size.toFixed(Math.max(0, significant - 1 - exponent)) : size.toExponential(significant - 1);
      const [mantissa, rest] = body.split("e");
      const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
      return rest === undefined ? short : wide(`${short}e${rest}`);
    }
    default:
      return undefined;
  }
}

/** toFixed rounds halves up, Python to even. */
function fixed(size: number, places: number): string {
  const body = size.toFixed(places);
  const doubled = size * 10 ** places * 2;
  if (!Number.isInteger(size * 2 ** (places + 1)) || doubled % 2 !== 1) return body;
  return (Math.floor(doubled / 2) % 2 === 0 ? Math.floor(doubled / 2) / 10 ** places : Number(body)).toFixed(places);
}

/** `format % values`; undefined where it is not known. */
export function percent(format: string, values: Value): string | undefined {
  const items = values.kind === "tuple" ? values.items : [values];
  let index = 0;
  let failed = false;
  const result = format.replace(/%(?:([-+0 ]*)(\d+)?(?:\.(\d+))?([sdrifeg%])|)/g, (whole, flags: string | undefined, width: string | undefined, precision: string | undefined, type: string | undefined) => { // prettier-ignore
    if (type === "%") return "%";
    const value = items[index++];
    if (type === undefined || !value || flags?.includes("-")) {
      failed = true;
      return whole;
    }
    const plain = type === "s" ? text(value) : type === "r" ? repr(value) : undefined;
    const as = type === "i" ? "d" : type;
    const number = value.kind === "float" && as === "d" ? { kind: "int" as const, value: Math.trunc(value.value) } : value;
    const made = plain === undefined
      ? formatted(number, `${flags ?? ""}${width ?? ""}${precision === undefined ? "" : `.${precision}`}${as}`)
      : plain.slice(0, precision === undefined ? undefined : Number(precision)).padStart(Number(width ?? 0));
    if (made === undefined) failed = true;
    return made ?? "";
  }); // prettier-ignore
  return failed || index !== items.length ? undefined : result;
}
