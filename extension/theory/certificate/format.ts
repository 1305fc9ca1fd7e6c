/** The certificate: what is in the file, how it is sealed, and what it says in words (docs/certificates.md). */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";

export const certificateVersion = 1;

/** Longest sequence, registers included, whose universality is certified: the comparisons grow with its cube. */
export const mostTokens = 32;
/** Most nodes of all trees of rearrangements together. */
export const mostNodes = 20_000;

/** Longest list of tokens or of layers in a certificate. */
const longest = 8192;
const token = z.int().min(0).max(longest);
const tokens = z.array(token).max(longest);
/** A permutation in cycles, moved tokens only. */
const cycles = z.array(tokens.min(2)).max(longest);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** A positive lower bound of a distance: three significant digits, rounded down. */
const gap = z.string().regex(/^[1-9]\.\d\de[+-]\d{1,3}$/);
const integers = z.array(z.int()).max(1 << 16);

const head = {
  version: z.literal(certificateVersion),
  /** SHA-256 of everything else in canonical form. */
  seal: hash,
  /** What is proved, in words. */
  statement: z.string().max(100_000),
  source: z.strictObject({ file: z.string().max(4096), sha256: hash }),
  /** In the input syntax of the specification, every default written out. */
  architecture: z.strictObject({ sha256: hash, specification: z.unknown() }),
  /** Permutations of the tokens with which the architecture commutes for all parameters. */
  symmetry: z.strictObject({ generators: z.array(cycles).max(4096) }),
};

/** Numbers are numerators over one denominator, a power of two, so that float64 holds them exactly. */
const point = z.strictObject({
  denominator: z
    .int()
    .min(1)
    .max(2 ** 20),
  parameters: z.record(z.string().max(100), z.strictObject({ shape: z.array(z.int().min(1)).min(1).max(2), numerators: integers })), // prettier-ignore
  /** Letters for the tokens 0..n-1, one for the tokens of no interest, and one that replaces another. */
  letters: z.array(z.tuple([z.int(), z.int()])).max(mostTokens),
  rest: z.tuple([z.int(), z.int()]),
  fresh: z.tuple([z.int(), z.int()]),
});

const node = z.strictObject({
  /** Where the first tokens of the base go. */
  images: tokens,
  /** Outputs that may still agree with the tree's output. */
  open: tokens,
  /** By how much the other outputs, those that this comparison excludes, differ at least; null where it excludes none. */
  gap: gap.nullable(),
});

const universal = z.strictObject({
  ...head,
  kind: z.literal("universal"),
  /** For each output the inputs that it depends on, as ranges [from, to). */
  sees: z.array(z.array(z.tuple([token, token])).max(mostTokens)).max(mostTokens),
  point,
  replacements: z.array(z.strictObject({ output: token, input: token, gap })).max(mostTokens ** 2),
  rearrangements: z.array(z.strictObject({ output: token, base: tokens, nodes: z.array(node).max(mostNodes) })).max(mostTokens), // prettier-ignore
});

const witness = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("replacement"), output: token, input: token }),
  z.strictObject({ kind: z.literal("rearrangement"), outputs: z.tuple([token, token]), permutation: cycles }),
]);

const refuted = z.strictObject({
  ...head,
  kind: z.literal("refuted"),
  witness,
  /** After 0, 1, ... layers: tokens u of X and v of X' that are equal, as far as the outputs depend on them. */
  derivation: z.array(z.array(z.tuple([token, token])).max(longest)).max(longest),
  /** Shows that a rearrangement with which the target does not commute is none with which the model commutes: an output that differs. */
  noSymmetry: z.strictObject({ point, output: token, gap }).nullable(),
  target: z.strictObject({
    /** The permutations that the target commutes with. */
    generators: z.array(cycles).max(4096),
    /** The target in words. */
    statement: z.string().max(100_000),
    /** The least error on the outputs of the witness, in units of the target's variance on them. */
    floor: z.tuple([z.int().min(1), z.int().min(1)]),
  }),
});

export const certificateSchema = z.discriminatedUnion("kind", [universal, refuted]);
export type Certificate = z.infer<typeof certificateSchema>;
export type Universal = z.infer<typeof universal>;
export type Refuted = z.infer<typeof refuted>;
export type Point = z.infer<typeof point>;
export type TreeNode = z.infer<typeof node>;

/** JSON with the keys of every object in order and without spaces. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([x], [y]) => (x < y ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}

export const hashOf = (value: unknown): string => bytesToHex(sha256(utf8ToBytes(canonical(value))));
export const hashOfBytes = (bytes: Uint8Array): string => bytesToHex(sha256(bytes));

/** The seal that belongs to a certificate. */
export const sealOf = (certificate: object): string => hashOf({ ...certificate, seal: undefined });

/** A positive lower bound with three significant digits, rounded down. */
export function lowerBound(x: number): string {
  const text = x.toExponential(2);
  if (Number(text) <= x) return text;
  const [mantissa, exponent] = text.split("e");
  const hundredths = Math.round(Number(mantissa) * 100) - 1;
  return hundredths < 100 ? `9.99e${signed(Number(exponent) - 1)}` : `${(hundredths / 100).toFixed(2)}e${exponent}`;
}
const signed = (x: number) => (x < 0 ? String(x) : `+${x}`);

/** The permutation of 0..n-1 with these cycles, or null where they are not disjoint cycles of such numbers. */
export function fromCycles(moved: readonly (readonly number[])[], n: number): number[] | null {
  const images = Array.from({ length: n }, (_, i) => i);
  const seen = new Set<number>();
  for (const cycle of moved)
    for (const [i, from] of cycle.entries()) {
      if (from >= n || seen.has(from)) return null;
      seen.add(from);
      images[from] = cycle[(i + 1) % cycle.length];
    }
  return images;
}

/** Disjoint cycles of the moved points, each from its least, in order. */
export function toCycles(images: ArrayLike<number>): number[][] {
  const done = new Set<number>();
  return Array.from({ length: images.length }, (_, start) => {
    const cycle: number[] = [];
    for (let i = start; !done.has(i); i = images[i]) {
      done.add(i);
      cycle.push(i);
    }
    return cycle;
  }).filter((cycle) => cycle.length > 1);
}
