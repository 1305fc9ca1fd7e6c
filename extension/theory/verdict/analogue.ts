/**
 * Small analogues of large architectures: at a size that can be trained and looked at, the same verdict, findings and kind of symmetry. What is scaled
 * down is a guess; that it stands for the original is decided by the theory at the small size, never assumed.
 */
import type { Architecture, Bias, Block, Pattern, Position, Projection, SymmetrySpec } from "../architecture/schema";
import { withinReach } from "../views/stack";
import { examine, type SkippedPart } from "./analyse";
import type { FindingCode, TheoryReport } from "./report";
import { list } from "./words";

export interface Analogue {
  architecture: Architecture;
  /** What stands for what, for example "16 of 4,096 tokens, width 8 of 768 and 3 of 12 layers". */
  standsFor: string;
}

/** What an analogue has to share. */
export interface Portrait {
  report: Pick<TheoryReport, "verdict" | "class" | "family" | "symmetry" | "visibility">;
  /** Codes of the findings of severity error. */
  errors: readonly FindingCode[];
}

/** What an analogue is for: to be looked at layer by layer, or to be trained, which takes the fewer steps the fewer layers there are. */
export type Purpose = "look" | "train";

/** Sizes in the order in which they are tried, so that variants of one file mostly get analogues of one size, whose losses compare. */
const tried: Record<Purpose, { tokens: readonly number[]; layers: readonly number[] }> = {
  look: { tokens: [16, 12, 24, 8, 32], layers: [3, 4, 2, 6] },
  train: { tokens: [8, 6, 12, 16], layers: [1, 2, 3] },
};
const mostWidth = 8;

/** Whether an architecture is small enough to be trained as it is while one looks on. */
export function isSmall({ tokens, registers, width, layers }: Architecture): boolean {
  const depth = layers.reduce((sum, { repeat }) => sum + repeat, 0);
  return (tokens + registers) * width * depth <= 4096;
}

/** A small analogue; a string, a clause, says why there is none. */
export function analogueOf(
  architecture: Architecture,
  portrait: Portrait,
  purpose: Purpose,
  skipped: readonly SkippedPart[] = [],
): Analogue | string {
  const wanted = sketch(portrait);
  const depth = depthOf(architecture);
  const sizes = tried[purpose];
  for (const tokens of sizes.tokens.filter((small) => small < architecture.tokens))
    for (const layers of new Set([...sizes.layers.filter((few) => few < depth), depth]))
      for (const stretch of new Set([depth / layers, 1])) {
        const small = shrunk(architecture, tokens, layers, stretch);
        if (typeof small === "string") return small;
        if (!isSmall(small)) continue;
        const found = examined(small, skipped);
        if (found === null || !matches(wanted, sketch(found))) continue;
        return { architecture: small, standsFor: standsFor(architecture, small) };
      }
  return "no smaller copy has the same verdict and findings";
}

const examined = (architecture: Architecture, skipped: readonly SkippedPart[]): Portrait | null =>
  withinReach(() => {
    const { report, findings } = examine(architecture, skipped);
    return { report, errors: findings.filter(({ severity }) => severity === "error").map(({ code }) => code) };
  });

/** What is compared, as words; null is what the original leaves open, which the analogue may have either way. */
function sketch({ report, errors }: Portrait): (string | null)[] {
  const { verdict, symmetry, visibility, family } = report;
  const known = (word: string) => (word === "unknown" ? null : word);
  return [
    verdict,
    [...new Set(errors)].sort().join(),
    report.class.visibility,
    known(report.class.verdict),
    known(family.verdict),
    // D_16 stands for D_4096.
    symmetry === null ? null : symmetry.name.replace(/\d+/g, "n"),
    String(visibility.hops === null),
  ];
}

const matches = (wanted: readonly (string | null)[], found: readonly (string | null)[]): boolean =>
  wanted.every((word, i) => word === null || word === found[i]);

const depthOf = ({ layers }: Architecture): number => layers.reduce((sum, { repeat }) => sum + repeat, 0);

function standsFor(architecture: Architecture, small: Architecture): string {
  const of = (few: number, many: number) => (few === many ? String(few) : `${few} of ${many.toLocaleString("en")}`);
  return list([
    `${of(small.tokens, architecture.tokens)} tokens`,
    `width ${of(small.width, architecture.width)}`,
    `${of(depthOf(small), depthOf(architecture))} layers`,
  ]);
}

// ---------------------------------------------------------------------------------------------------------- shrinking

/** What every length is multiplied by. */
interface Scale {
  from: number;
  to: number;
  /** How many times farther a layer has to reach, because there are fewer. */
  stretch: number;
}

/** Lengths along the sequence: 0 stays 0, and what covers the sequence goes on covering it. */
const length = (x: number, { from, to }: Scale): number =>
  x === 0 ? 0 : x >= from - 1 ? to : Math.max(1, Math.round((x * to) / from));
/** Lengths that add up over layers. */
const reach = (x: number, { stretch, ...scale }: Scale): number => length(x * stretch, { ...scale, stretch });
/** The ends stay the ends. */
const place = (token: number, { from, to }: Scale): number => Math.round((token * (to - 1)) / (from - 1));
const places = (tokens: readonly number[], scale: Scale): number[] => [
  ...new Set(tokens.map((token) => place(token, scale))),
];

/** A copy of so many tokens and layers; a string says what in it has no smaller copy. */
function shrunk(architecture: Architecture, tokens: number, layers: number, stretch: number): Architecture | string {
  const scale: Scale = { from: architecture.tokens, to: tokens, stretch };
  try {
    const { position, registers, target, width, name } = architecture;
    return {
      name: `${name} (small analogue)`,
      tokens,
      width: Math.min(width, mostWidth),
      registers: Math.min(registers, 4),
      position: positionOf(position, scale),
      layers: fewerLayers(architecture.layers, layers).map((block) => blockOf(block, scale)),
      target: { ...target, symmetry: symmetryOf(target.symmetry, scale) },
    };
  } catch (error) {
    if (error instanceof NotScalable) return error.message;
    throw error;
  }
}

class NotScalable extends Error {
  constructor(what: string) {
    super(`${what} have no smaller copy`);
  }
}

/** So many layers in all: repetitions in proportion, or, where there are more blocks than that, the first blocks. */
function fewerLayers(blocks: readonly Block[], layers: number): Block[] {
  const all = blocks.reduce((sum, { repeat }) => sum + repeat, 0);
  if (blocks.length >= layers) return blocks.slice(0, layers).map((block) => ({ ...block, repeat: 1 }));
  let left = layers;
  return blocks.map((block, i) => {
    const after = blocks.length - 1 - i;
    const share = after === 0 ? left : Math.round((block.repeat * layers) / all);
    const repeat = Math.min(Math.max(1, share), left - after);
    left -= repeat;
    return { ...block, repeat };
  });
}

function blockOf(block: Block, scale: Scale): Block {
  const { mixer, feedForward } = block;
  return {
    ...block,
    feedForward: feedForward && { ...feedForward, hidden: null },
    mixer:
      mixer.kind === "convolution"
        ? { ...mixer, offsets: offsetsOf(mixer.offsets, scale) }
        : {
            ...mixer,
            heads: mixer.heads.map(({ pattern, bias }) => ({
              count: 1,
              pattern: patternOf(pattern, scale),
              bias: biasOf(bias, scale),
            })),
            projection: projectionOf(mixer.projection, scale),
          },
  };
}

/** Near taps stay as they are; far ones do not survive. */
function offsetsOf(offsets: readonly number[], { to }: Scale): number[] {
  if (offsets.some((offset) => Math.abs(offset) > to / 4)) throw new NotScalable("far taps of a convolution");
  return [...offsets];
}

function projectionOf(projection: Projection, scale: Scale): Projection {
  switch (projection.kind) {
    case "none":
      return projection;
    case "linformer":
      return { ...projection, rank: length(projection.rank, scale) };
    case "nystrom":
      return { ...projection, landmarks: length(projection.landmarks, scale) };
  }
}

function positionOf(position: Position, scale: Scale): Position {
  switch (position.kind) {
    case "absolute":
    case "rotary":
      return position;
    case "classes":
      throw new NotScalable("position classes that are listed token by token");
    default:
      return biasOf(position, scale);
  }
}

function biasOf(bias: Bias, scale: Scale): Bias {
  switch (bias.kind) {
    case "none":
    case "alibi":
      return bias;
    case "relative":
      return bias.clip === null ? bias : { ...bias, clip: length(bias.clip, scale) };
    case "t5-buckets":
    case "log-buckets":
      return { ...bias, buckets: Math.min(bias.buckets, 8), maxDistance: length(bias.maxDistance, scale) };
    case "pairs":
      throw new NotScalable("pair classes that are listed pair by pair");
  }
}

function symmetryOf(symmetry: SymmetrySpec | null, { from, to }: Scale): SymmetrySpec | null {
  if (symmetry === null) return null;
  if (typeof symmetry !== "string") throw new NotScalable("symmetries that are given by generators");
  return symmetry.replace(/\d+$/, (degree) => String(Number(degree) === from ? to : degree));
}

function patternOf(pattern: Pattern, scale: Scale): Pattern {
  switch (pattern.kind) {
    case "full":
    case "causal":
      return pattern;
    case "window":
      return { ...pattern, left: reach(pattern.left, scale), right: reach(pattern.right, scale) };
    case "longformer":
      return { ...pattern, window: reach(pattern.window, scale), globals: places(pattern.globals, scale) };
    case "block": {
      const size = length(pattern.size, scale);
      // A shift by half a block is the one that matters.
      return { ...pattern, size, shift: pattern.shift === 0 ? 0 : Math.max(1, length(pattern.shift, scale)) % size };
    }
    case "strided":
      return { ...pattern, stride: length(pattern.stride, scale) };
    case "fixed": {
      const stride = length(pattern.stride, scale);
      return { ...pattern, stride, summary: Math.min(stride, length(pattern.summary, scale)) };
    }
    case "star":
      return { ...pattern, centre: place(pattern.centre, scale) };
    case "axial": {
      let rows = Math.max(1, Math.round(Math.sqrt((scale.to * pattern.rows) / pattern.columns)));
      while (scale.to % rows !== 0) rows--;
      return { ...pattern, rows, columns: scale.to / rows };
    }
    case "global":
      return { ...pattern, tokens: places(pattern.tokens, scale) };
    case "random":
      return { ...pattern, degree: Math.min(pattern.degree, scale.to - 1) };
    case "bigbird":
      return {
        ...pattern,
        block: length(pattern.block, scale),
        globals: [...new Set(pattern.globals.map((block) => Math.max(-1, Math.min(block, 0))))],
        random: Math.min(pattern.random, 1),
      };
    case "edges":
      throw new NotScalable("edges that are listed pair by pair");
    case "expression":
      throw new NotScalable("patterns that are expressions");
    case "any":
    case "all":
      return { ...pattern, patterns: pattern.patterns.map((inner) => patternOf(inner, scale)) };
    case "not":
      return { ...pattern, pattern: patternOf(pattern.pattern, scale) };
  }
}
