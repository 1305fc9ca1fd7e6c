/** Code that builds an architecture with this package (docs/builders.md). */
import { patternFunctions } from "../models/code/typescript/lens";
import type { Architecture } from "../theory/architecture/schema";
import { laidOut, named, type Layout } from "./layout";
import { identifierOf, plainText } from "./names";
import { shortInput, valueLayout } from "./specification";

/** The function for each key of a pattern. */
const builders = Object.fromEntries(Object.entries(patternFunctions).map(([name, key]) => [key, name]));

const keywords =
  "abstract any arguments as async await boolean break case catch class const continue debugger declare default delete do else enum eval export extends false finally for from function get if implements import in instanceof interface is let module namespace never new null number of package private protected public return set static string super switch symbol this throw true try type typeof undefined unknown var void while with yield"; // prettier-ignore

const style = { width: 100, indent: 2, spaced: (open: string) => open.endsWith("{"), trailingComma: true };

type Fields = Record<string, unknown>;

export function builderCode(architecture: Architecture): string {
  const used = new Set<string>(["transformer"]);
  const call = (name: string, ...items: Layout[]): Layout => {
    used.add(name);
    const [only] = items;
    // A single list or object is broken inside the call's brackets.
    if (items.length === 1 && typeof only !== "string" && "open" in only)
      return { open: `${name}(${only.open}`, items: only.items, close: `${only.close})` };
    return { open: `${name}(`, items, close: ")" };
  };
  const pattern = (value: unknown): Layout => {
    if (typeof value === "string") {
      used.add(value);
      return value;
    }
    const [[key, own]] = Object.entries(value as Fields);
    if (key === "any" || key === "all") return call(key, ...(own as unknown[]).map(pattern));
    return call(builders[key], key === "not" ? pattern(own) : valueLayout(own, true));
  };
  const object = (fields: Fields): Layout => ({
    open: "{",
    items: Object.entries(fields).map(([key, value]) => {
      if (key === "pattern") return named(key, pattern(value));
      if (key !== "heads" || typeof value === "number") return named(key, valueLayout(value, true));
      return named(key, { open: "[", items: (value as Fields[]).map(object), close: "]" });
    }),
    close: "}",
  });
  const block = ({ repeat, attention, convolution, feedForward, norm }: Fields): Layout => {
    const mixer = (attention ?? convolution) as Fields;
    const options = Object.keys(mixer).length === 0 ? [] : [object(mixer)];
    const methods = Object.entries({ feedForward, norm, repeat }).flatMap(([name, value]): Layout[] =>
      value === undefined ? [] : [`.${name}(`, valueLayout(value, true), ")"],
    );
    return { parts: [call(attention === undefined ? "convolution" : "attention", ...options), ...methods] };
  };
  const { layers, ...rest } = shortInput(architecture) as { layers: Fields[] };
  const items = [...Object.entries(rest), ["layers", layers] as const].map(([key, value]) =>
    key === "layers"
      ? named(key, { open: "[", items: layers.map(block), close: "]" })
      : named(key, valueLayout(value, true)),
  );
  const input: Layout = { open: "transformer({", items, close: "})" };
  const name = identifierOf(architecture.name, "small", new Set([...used, ...keywords.split(" ")]));
  const imports = laidOut({ open: "import {", items: [...used].sort(), close: '} from "uap-lens";' }, style);
  const title = plainText(architecture.name).replaceAll("*/", "* /");
  const comment = title === "" ? "" : `/** ${title} */\n`;
  return `${imports}\n\n${comment}export const ${name} = ${laidOut(input, style, 0, `export const ${name} = `.length, 1)};\n`;
}
