/** The specification of an architecture as a person would write it: shorthands, and defaults left out. */
import { isDeepStrictEqual } from "node:util";
import { Document, isCollection, isScalar, Scalar, visit } from "yaml";
import { architectureInput } from "../theory/architecture/input";
import { limits } from "../theory/architecture/limits";
import { type Architecture, architectureSchema } from "../theory/architecture/schema";
import { ExportError } from "./exportError";
import { laidOut, type Layout, named } from "./layout";

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The first block of a small architecture, with every default written out. */
function blockInFull(block: Fields): Fields {
  const parsed = architectureSchema.parse({ tokens: 2, width: 2, layers: [block] });
  return (architectureInput(parsed) as { layers: Fields[] }).layers[0];
}
const attentionInFull = (attention: Fields): Fields => blockInFull({ attention }).attention as Fields;
const headInFull = (head: Fields): Fields => (attentionInFull({ heads: [head] }).heads as Fields[])[0];

const plainBlock: Fields = blockInFull({ attention: {} });
const plainArchitecture = architectureInput(
  architectureSchema.parse({ tokens: 2, width: 2, layers: [{ attention: {} }] }),
) as Fields;
const plainAttention = attentionInFull({});
const plainHead = headInFull({});

/** What a mechanism that is written as one key is without the fields that have defaults. */
const plainMechanisms: Record<string, Fields> = {
  fixed: headInFull({ pattern: { fixed: { stride: 1 } } }).pattern as Fields,
  bigbird: headInFull({ pattern: { bigbird: { block: 1 } } }).pattern as Fields,
  longformer: headInFull({ pattern: { longformer: { window: 0 } } }).pattern as Fields,
  "t5-buckets": headInFull({ bias: { "t5-buckets": {} } }).bias as Fields,
  "log-buckets": headInFull({ bias: { "log-buckets": {} } }).bias as Fields,
  linformer: attentionInFull({ projection: { linformer: { rank: 1 } } }).projection as Fields,
};
/** Of these fields there is no default. */
const required: Record<string, string> = { fixed: "stride", bigbird: "block", longformer: "window", linformer: "rank" };

/** The fields that are not as they would be if they were left out. */
const without = (fields: Fields, plain: Fields, keep?: string): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key, value]) => key === keep || !isDeepStrictEqual(value, plain[key]))); // prettier-ignore

/** A pattern, a bias, a position or a projection in the input syntax. */
function shortMechanism(input: unknown): unknown {
  if (Array.isArray(input)) return input.map(shortMechanism);
  if (!isFields(input)) return input;
  const [[key, value]] = Object.entries(input);
  const plain = plainMechanisms[key]?.[key];
  if (isFields(plain) && isFields(value)) {
    const short = without(value, plain, required[key]);
    // A bare number stands for the stride alone.
    return { [key]: key === "fixed" && Object.keys(short).length === 1 ? short.stride : short };
  }
  return { [key]: ["any", "all", "not"].includes(key) ? shortMechanism(value) : value };
}

function shortAttention(attention: Fields): Fields {
  const groups = attention.heads as { count: number; pattern: unknown; bias: unknown }[];
  /** What all groups have. */
  const shared = (key: "pattern" | "bias") =>
    groups.every((group) => isDeepStrictEqual(group[key], groups[0][key])) ? groups[0][key] : plainHead[key];
  const [pattern, bias] = [shared("pattern"), shared("bias")];
  const heads =
    groups.length === 1
      ? groups[0].count
      : groups.map((group) => {
          const { count, ...own } = without(group, { count: 1, pattern, bias });
          return { ...(count !== undefined && { count }), ...mechanisms(own) };
        });
  const rest = mechanisms(without({ pattern, bias, ...attention, heads }, { ...plainHead, ...plainAttention, heads: 1 })); // prettier-ignore
  const { heads: many, kernel, degree, ...others } = rest;
  return {
    ...(many !== undefined && { heads }),
    ...(kernel !== undefined && { kernel }),
    ...(degree !== undefined && { degree }),
    ...others,
  };
}

const mechanisms = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      ["pattern", "bias", "projection"].includes(key) ? shortMechanism(value) : value,
    ]),
  );

function shortBlock({ attention, convolution, ...others }: Fields): Fields {
  const { repeat, feedForward, norm } = without(others, plainBlock);
  const { placement, kind } = (isFields(norm) ? norm : {}) as { placement?: string; kind?: string };
  return {
    ...(repeat !== undefined && { repeat }),
    ...(isFields(attention) && { attention: shortAttention(attention) }),
    ...(isFields(convolution) && { convolution: shortConvolution(convolution) }),
    ...(isFields(feedForward) && { feedForward: without(feedForward, plainBlock.feedForward as Fields) }),
    ...(feedForward === "none" && { feedForward }),
    ...(norm !== undefined && { norm: kind === "layer" ? placement : norm }),
  };
}

function shortConvolution({ taps, residual }: Fields): Fields {
  const offsets = taps as number[];
  const counted = offsets.every((offset, i) => offset === i);
  return { taps: counted ? offsets.length : offsets, ...(residual === false && { residual }) };
}

/** The architecture in the input syntax; parsed, it is the same. */
export function shortInput(architecture: Architecture): Fields {
  const { tokens, width, ...all } = architectureInput(architecture) as Fields;
  const { name, registers, position, target } = without(all, plainArchitecture);
  return {
    ...(name !== undefined && { name }),
    tokens,
    width,
    ...(registers !== undefined && { registers }),
    ...(position !== undefined && { position: shortMechanism(position) }),
    layers: (all.layers as Fields[]).map(shortBlock),
    ...(target !== undefined && { target }),
  };
}

const unseen = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;
const escape = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;

const isName = (key: string): boolean => /^[A-Za-z_]\w*$/.test(key);

/** A value as JSON or, with bare keys, as TypeScript. */
export function valueLayout(value: unknown, bareKeys = false): Layout {
  if (Array.isArray(value)) return { open: "[", items: value.map((item) => valueLayout(item, bareKeys)), close: "]" };
  // What is not seen in an editor, or changes the direction of what follows, is written as an escape.
  if (!isFields(value)) return JSON.stringify(value).replace(unseen, (letters) => Array.from({ length: letters.length }, (_, i) => escape(letters.charCodeAt(i))).join("")); // prettier-ignore
  const items = Object.entries(value).map(([key, own]): Layout => {
    const name = bareKeys && isName(key) ? key : JSON.stringify(key);
    return named(name, valueLayout(own, bareKeys));
  });
  return { open: "{", items, close: "}" };
}

export const jsonText = (architecture: Architecture): string =>
  `${laidOut(valueLayout(shortInput(architecture)), { width: 100, indent: 2, spaced: (open) => open.endsWith("{"), trailingComma: false })}\n`; // prettier-ignore

/** Longest collection that is written in one line, in characters. */
const inOneLine = 88;

export function yamlText(architecture: Architecture): string {
  const document = new Document(shortInput(architecture), { aliasDuplicateObjects: false });
  visit(document, (_key, node, path) => {
    // JSON's escapes, where a character would not survive a file.
    if (isScalar(node) && typeof node.value === "string" && /[^ -~]/.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    if (!isCollection(node) || path.length < 4) return undefined;
    if (JSON.stringify(node.toJSON()).length > inOneLine && !isNumbers(node.toJSON())) return undefined;
    node.flow = true;
    return visit.SKIP;
  });
  const text = document
    .toString({ lineWidth: 0, flowCollectionPadding: true })
    .replace(unseen, (letter) => `\\U${letter.codePointAt(0)!.toString(16).padStart(8, "0")}`);
  if (text.length > limits.yamlCharacters)
    throw new ExportError(`In YAML the architecture would have more than ${limits.yamlCharacters} characters; JSON may be larger.`); // prettier-ignore
  return text;
}

const isNumbers = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === "number");
