/** From attended orbits to an architecture, with patterns by name where they have one. */
import type { Architecture, Bias, Block, Pattern, Position, Target } from "../architecture/schema";
import { equalRows } from "../patterns/algebra";
import { buildRows } from "../patterns/build";
import type { Ground } from "./ground";

/** Which pairs are attended, and what attention and tokens know besides. */
export interface Choice {
  /** By orbit. */
  attended: readonly boolean[];
  /** The bias class of every orbit, or no bias. */
  classes: readonly number[] | null;
  /** Whether every orbit of tokens has a position vector. */
  positions: boolean;
}

export interface Frame {
  tokens: number;
  width: number;
  target: Target;
}

const softmax = { name: "softmax", degree: 2 } as const;
const feedForward = { hidden: null, activation: "gelu", bias: true, frozen: false, residual: true } as const;

/** Blocks of one head of softmax attention with residual paths and a feed-forward network. */
export const attentionBlock = (pattern: Pattern, bias: Bias, repeat: number): Block => ({
  repeat,
  mixer: {
    kind: "attention",
    heads: [{ count: 1, pattern, bias }],
    kernel: softmax,
    normalized: true,
    projection: { kind: "none" },
    residual: true,
  },
  feedForward,
  norm: null,
});

export const convolutionBlock = (offsets: number[], repeat: number): Block => ({
  repeat,
  mixer: { kind: "convolution", offsets, residual: true },
  feedForward,
  norm: null,
});

export const architectureOf = ({ tokens, width, target }: Frame, block: Block, position: Position, registers: number): Architecture => ({
  name: "",
  tokens,
  width,
  registers,
  position,
  layers: [block],
  target,
}); // prettier-ignore

/** The architecture of a choice, one layer deep. */
export function choiceArchitecture(ground: Ground, choice: Choice, frame: Frame): Architecture {
  const pattern = patternOf(ground, choice.attended);
  const block = attentionBlock(pattern, biasOf(ground, choice), 1);
  return architectureOf(frame, block, positionOf(ground, choice.positions), ground.registers.count);
}

function biasOf({ size, orbitAt }: Ground, { attended, classes }: Choice): Bias {
  if (classes === null) return { kind: "none" };
  const ids = new Map<number, number>();
  attended.forEach((used, orbit) => used && !ids.has(classes[orbit]) && ids.set(classes[orbit], ids.size));
  // Pairs that are not attended share one more class, which nothing reads.
  const cells = Array.from(orbitAt, (orbit) => (attended[orbit] ? ids.get(classes[orbit])! : ids.size));
  return { kind: "pairs", classes: Array.from({ length: size }, (_, q) => cells.slice(q * size, (q + 1) * size)) };
}

function positionOf({ classOf, tokens, tokenOrbits, registerOrbits }: Ground, positions: boolean): Position {
  if (registerOrbits > 1)
    return { kind: "classes", classes: classOf.map((c, v) => (v < tokens ? (positions ? c : 0) : c - (positions ? 0 : tokenOrbits - 1))) };
  if (!positions) return { kind: "none" };
  if (tokenOrbits === tokens) return { kind: "absolute", code: "learned" };
  return { kind: "classes", classes: classOf.slice(0, tokens) };
} // prettier-ignore

/** Most offsets that a condition on k - q names. */
const namedOffsets = 6;

/** The pattern of the attended orbits: by name where it has one, otherwise a list of pairs. */
export function patternOf(ground: Ground, attended: readonly boolean[]): Pattern {
  const { size, orbitAt, tokens, registers } = ground;
  if (attended.every((used) => used)) return { kind: "full" };
  const edges: [number, number][] = [];
  orbitAt.forEach((orbit, at) => attended[orbit] && edges.push([Math.floor(at / size), at % size]));
  const listed: Pattern = { kind: "edges", edges };
  const rows = buildRows(listed, tokens, registers.count);
  const means = (pattern: Pattern) => equalRows(buildRows(pattern, tokens, registers.count), rows);
  const inner = edges.filter(([q, k]) => q < tokens && k < tokens);
  const named = () => [...namedPatterns(tokens, inner)];
  if (registers.count === 0) return named().find(means) ?? listed;
  const hub: Pattern = { kind: "global", tokens: Array.from({ length: registers.count }, (_, r) => tokens + r) };
  if (means(hub)) return hub;
  const withHub = named().map((pattern): Pattern => ({ kind: "any", patterns: [pattern, hub] }));
  return withHub.find(means) ?? listed;
}

/** Patterns by name that might have these pairs. */
function* namedPatterns(n: number, edges: readonly (readonly [number, number])[]): Iterable<Pattern> {
  const pairs = edges.length;
  const self: Pattern = { kind: "window", left: 0, right: 0, circular: false, dilation: 1 };
  const each = pairs / n;
  if (pairs === n * n) yield { kind: "full" };
  if (pairs === n) yield self;
  if (pairs === n * n - n) yield { kind: "not", pattern: self };
  if (Number.isInteger(each) && each < n)
    for (let right = each - 1; right >= 0; right--)
      yield { kind: "window", left: each - 1 - right, right, circular: true, dilation: 1 };
  for (let reach = 1; reach < n - 1; reach++)
    yield { kind: "window", left: reach, right: reach, circular: false, dilation: 1 };
  if (Number.isInteger(each) && n % each === 0) yield { kind: "block", size: each, shift: 0 };
  for (let rows = 2; rows <= n / 2; rows++) if (n % rows === 0) yield { kind: "axial", rows, columns: n / rows };
  if (pairs === 2 * n - 1) for (let centre = 0; centre < n; centre++) yield { kind: "star", centre };
  if (pairs === n * (n - 1) / 2 + n) yield { kind: "causal" }; // prettier-ignore
  const offsets = [...new Set(edges.map(([q, k]) => (k - q + n) % n))].sort((a, b) => a - b);
  if (pairs > 0 && offsets.length === each && offsets.length <= namedOffsets)
    yield { kind: "expression", expression: offsets.map((offset) => `(k - q + n) % n == ${offset}`).join(" || ") };
  const distances = [...new Set(edges.map(([q, k]) => Math.abs(k - q)))];
  if (pairs > 0 && distances.length <= 2)
    yield { kind: "expression", expression: distances.map((distance) => `abs(q - k) == ${distance}`).join(" || ") };
}
