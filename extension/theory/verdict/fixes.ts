/**
 * Quick fixes: candidate changes of the specification, each with the architecture it gives. A candidate is offered only after the changed architecture has been
 * analysed and the finding is gone without another error in its place (see analyse.ts).
 */
import { patternInput } from "../architecture/input";
import type { Architecture, Block, HeadGroup, Pattern } from "../architecture/schema";
import { limits } from "../architecture/limits";
import { pairOrbits } from "../symmetry/closure";
import type { PermutationGroup } from "../symmetry/group";
import type { SpecChange, SpecPath } from "./report";

export interface Candidate {
  title: string;
  changes: SpecChange[];
  architecture: Architecture;
}

/** Registers are offered while the pair classes they need stay readable in a file. */
export const registerSide = 64;
/** Most patterns that the specification joins in one any or all. */
const mostJoined = 64;

function withBlock(architecture: Architecture, index: number, change: (block: Block) => Block): Architecture {
  return { ...architecture, layers: architecture.layers.map((block, i) => (i === index ? change(block) : block)) };
}

export const withRepeats = (architecture: Architecture, repeats: readonly number[]): Architecture => ({
  ...architecture,
  layers: architecture.layers.map((block, i) => ({ ...block, repeat: repeats[i] })),
});

/** The pattern of an attention block where the file says it: once for all heads, or per head group. */
export function patternPaths(block: Block, index: number): { path: SpecPath; groups: number[]; pattern: Pattern }[] {
  if (block.mixer.kind !== "attention") return [];
  const { heads } = block.mixer;
  const attention: SpecPath = ["layers", index, "attention"];
  if (heads.every((head) => head.pattern === heads[0].pattern)) {
    return [{ path: [...attention, "pattern"], groups: heads.map((_, i) => i), pattern: heads[0].pattern }];
  }
  return heads.map((head, i) => ({ path: [...attention, "heads", i, "pattern"], groups: [i], pattern: head.pattern }));
}

/** Rewrites every pattern of the architecture; undefined leaves one as it is, and null is returned if all are left. */
function rewritePatterns(
  architecture: Architecture,
  title: string,
  rewrite: (pattern: Pattern) => Pattern | undefined,
): Candidate | null {
  const changes: SpecChange[] = [];
  const layers = architecture.layers.map((block, index) => {
    if (block.mixer.kind !== "attention") return block;
    const heads: HeadGroup[] = [...block.mixer.heads];
    for (const { path, groups, pattern } of patternPaths(block, index)) {
      const changed = rewrite(pattern);
      if (!changed) continue;
      changes.push({ path, value: patternInput(changed) });
      for (const group of groups) heads[group] = { ...heads[group], pattern: changed };
    }
    return { ...block, mixer: { ...block.mixer, heads } };
  });
  return changes.length > 0 ? { title, changes, architecture: { ...architecture, layers } } : null;
}

/** The pattern with its windows replaced, wherever in an any / all they stand; undefined if it has none. */
function mapWindows(
  pattern: Pattern,
  map: (window: Extract<Pattern, { kind: "window" | "longformer" }>) => Pattern,
): Pattern | undefined {
  switch (pattern.kind) {
    case "window":
    case "longformer":
      return map(pattern);
    case "any":
    case "all": {
      const changed = pattern.patterns.map((inner) => mapWindows(inner, map));
      if (changed.every((inner) => inner === undefined)) return undefined;
      return { ...pattern, patterns: changed.map((inner, i) => inner ?? pattern.patterns[i]) };
    }
    default:
      return undefined;
  }
}

/** The least repeat of a block, larger than the one written and with at most `layers` layers in all, at which the repeats of all blocks are enough; by doubling and bisection. */
export function leastRepeat(
  architecture: Architecture,
  index: number,
  suffices: (repeats: number[]) => boolean,
  layers: number,
): number | null {
  const written = architecture.layers.map((block) => block.repeat);
  const total = architecture.layers.reduce((sum, block) => sum + block.repeat, 0);
  const enough = (repeat: number) => suffices(written.with(index, repeat));
  const most = Math.min(layers, limits.layers) - total + written[index];
  let low = written[index];
  let high = low + 1;
  while (high <= most && !enough(high)) {
    low = high;
    high = Math.min(most + 1, written[index] + 2 * (high - written[index]));
  }
  if (high > most) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

export function repeatBlock(architecture: Architecture, index: number, repeat: number): Candidate {
  const written = architecture.layers.map((block) => block.repeat);
  const total = written.reduce((sum, each) => sum + each, 0);
  return {
    title:
      written.length === 1
        ? `Use ${repeat} layers`
        : `Repeat block ${index} ${repeat} times (${total - written[index] + repeat} layers in all)`,
    changes: [{ path: ["layers", index, "repeat"], value: repeat }],
    architecture: withRepeats(architecture, written.with(index, repeat)),
  };
}

/** Stacks one block deeper, up to `layers` layers in all: `suffices` says whether the repeats of all blocks are enough. */
export const moreLayers = (
  architecture: Architecture,
  suffices: (repeats: number[]) => boolean,
  layers: number,
): Candidate[] =>
  architecture.layers.flatMap((_, index) => {
    const repeat = leastRepeat(architecture, index, suffices, layers);
    return repeat === null ? [] : [repeatBlock(architecture, index, repeat)];
  });

export function globalToken(architecture: Architecture): Candidate[] {
  const candidate = rewritePatterns(architecture, "Make token 0 global", (pattern) => {
    if (pattern.kind === "longformer") return { ...pattern, globals: [...new Set([0, ...pattern.globals])] };
    if (pattern.kind === "full") return undefined;
    return beside(pattern, { kind: "global", tokens: [0] });
  });
  return candidate ? [candidate] : [];
}

/** Both patterns at once. */
const beside = (pattern: Pattern, other: Pattern): Pattern =>
  pattern.kind === "any" && pattern.patterns.length < mostJoined
    ? { kind: "any", patterns: [...pattern.patterns, other] }
    : { kind: "any", patterns: [pattern, other] };

/** Further keys for every query, drawn at random; of the earlier tokens only where the patterns look back. */
export function randomLinks(
  architecture: Architecture,
  { degree, seed }: { degree: number; seed: number },
  looksBack: boolean,
): Candidate[] {
  const drawn: Pattern = { kind: "random", degree, seed };
  const links: Pattern = looksBack ? { kind: "all", patterns: [{ kind: "causal" }, drawn] } : drawn;
  const title = degree === 1 ? "Add a random link to every token" : `Add ${degree} random links to every token`;
  const candidate = rewritePatterns(architecture, title, (pattern) =>
    pattern.kind === "full" || pattern.kind === "causal" ? undefined : beside(pattern, links),
  );
  return candidate ? [candidate] : [];
}

/** Without its own token in every output, layers can make tokens equal that were told apart. */
export function addResiduals(architecture: Architecture): Candidate[] {
  const changes: SpecChange[] = [];
  const layers = architecture.layers.map((block, index) => {
    if (block.mixer.residual) return block;
    changes.push({ path: ["layers", index, block.mixer.kind, "residual"], value: true });
    return { ...block, mixer: { ...block.mixer, residual: true } };
  });
  if (changes.length === 0) return [];
  return [{ title: "Add the residual paths that are missing", changes, architecture: { ...architecture, layers } }];
}

/** The next token along the circle, for convolutions whose taps leave tokens unconnected. */
export function nextTap(architecture: Architecture): Candidate[] {
  const changes: SpecChange[] = [];
  const layers = architecture.layers.map((block, index) => {
    if (block.mixer.kind !== "convolution" || block.mixer.offsets.includes(1)) return block;
    const offsets = [...block.mixer.offsets, 1];
    changes.push({ path: ["layers", index, "convolution", "taps"], value: offsets });
    return { ...block, mixer: { ...block.mixer, offsets } };
  });
  if (changes.length === 0) return [];
  return [
    { title: "Give the convolutions a tap at the next token", changes, architecture: { ...architecture, layers } },
  ];
}

/** How far a window has to reach for the depth: n - 1 steps in `depth` hops. */
export const reachFor = ({ tokens, layers }: Architecture): number =>
  Math.ceil((tokens - 1) / layers.reduce((sum, block) => sum + block.repeat, 0));

export function widerWindow(architecture: Architecture, reach = reachFor(architecture)): Candidate[] {
  const candidate = rewritePatterns(architecture, `Widen the window to ${reach}`, (pattern) =>
    mapWindows(pattern, (window) => {
      if (window.kind === "longformer") return { ...window, window: Math.max(reach, window.window), dilation: 1 };
      const side = (width: number) => (width === 0 ? 0 : Math.max(reach, width));
      return { ...window, left: side(window.left), right: side(window.right), dilation: 1 };
    }),
  );
  return candidate ? [candidate] : [];
}

/** Shifted blocks let information cross the block boundaries: in one of several stacked blocks, or beside the ones there are. */
export function shiftBlocks(architecture: Architecture): Candidate[] {
  const shifted = (pattern: Extract<Pattern, { kind: "block" }>): Pattern => ({
    ...pattern,
    shift: (pattern.shift + Math.floor(pattern.size / 2)) % pattern.size,
  });
  const overlapping = rewritePatterns(architecture, "Add the same blocks shifted by half a block", (pattern) =>
    pattern.kind === "block" && pattern.size > 1 ? { kind: "any", patterns: [pattern, shifted(pattern)] } : undefined,
  );
  const alternating = architecture.layers.flatMap((block, index) => {
    if (block.mixer.kind !== "attention" || architecture.layers.length === 1) return [];
    const patterns = patternPaths(block, index);
    const [{ path, pattern }] = patterns;
    if (patterns.length !== 1 || pattern.kind !== "block" || pattern.size < 2) return [];
    const mixer = { ...block.mixer, heads: block.mixer.heads.map((head) => ({ ...head, pattern: shifted(pattern) })) };
    return [
      {
        title: `Shift the blocks of block ${index} by half a block`,
        changes: [{ path, value: patternInput(shifted(pattern)) }],
        architecture: withBlock(architecture, index, (b) => ({ ...b, mixer })),
      },
    ];
  });
  return overlapping ? [...alternating, overlapping] : alternating;
}

export function seeSelf(architecture: Architecture): Candidate[] {
  const self: Pattern = { kind: "window", left: 0, right: 0, circular: false, dilation: 1 };
  const candidate = rewritePatterns(architecture, "Let every token see itself", (pattern) =>
    pattern.kind === "full" || pattern.kind === "causal" ? undefined : { kind: "any", patterns: [pattern, self] },
  );
  return candidate ? [candidate] : [];
}

/** For masks that say the opposite of what is meant: true where a pair is left out, or the other way round. */
export function invert(architecture: Architecture): Candidate[] {
  const candidate = rewritePatterns(architecture, "Swap what is read and what is left out", (pattern) =>
    pattern.kind === "full" ? undefined : pattern.kind === "not" ? pattern.pattern : { kind: "not", pattern },
  );
  return candidate ? [candidate] : [];
}

export function addPositions(architecture: Architecture): Candidate[] {
  return [
    {
      title: "Add absolute positions",
      changes: [{ path: ["position"], value: "absolute" }],
      architecture: { ...architecture, position: { kind: "absolute", code: "learned" } },
    },
  ];
}

export function removePositions(architecture: Architecture): Candidate[] {
  if (architecture.position.kind === "none") return [];
  return [
    {
      title: "Remove the positions",
      changes: [{ path: ["position"], value: "none" }],
      architecture: { ...architecture, position: { kind: "none" } },
    },
  ];
}

export function closeWindows(architecture: Architecture): Candidate[] {
  const candidate = rewritePatterns(architecture, "Make the windows circular", (pattern) =>
    mapWindows(pattern, (window) => (window.kind === "window" ? { ...window, circular: true } : window)),
  );
  return candidate ? [candidate] : [];
}

/** For windows that take a rotation for a reflection too. */
export function oneSided(architecture: Architecture): Candidate[] {
  const candidate = rewritePatterns(architecture, "Let the windows look to one side only", (pattern) =>
    mapWindows(pattern, (window) => (window.kind === "window" ? { ...window, right: 0 } : window)),
  );
  return candidate ? [candidate] : [];
}

/** @param looksBack whether only the earlier tokens, and the token itself, are meant. */
export function fullAttention(architecture: Architecture, looksBack = false): Candidate[] {
  const all: Pattern = { kind: looksBack ? "causal" : "full" };
  const title = looksBack ? "Attend to every earlier token" : "Attend to every token";
  const candidate = rewritePatterns(architecture, title, (pattern) => (pattern.kind === all.kind ? undefined : all));
  return candidate ? [candidate] : [];
}

/** Full attention in every block with this bias, as changes and as blocks. */
function withBias(architecture: Architecture, classes: number[][]): { changes: SpecChange[]; layers: Block[] } {
  const changes: SpecChange[] = [];
  const layers = architecture.layers.map((block, index) => {
    if (block.mixer.kind !== "attention") return block;
    const count = block.mixer.heads.reduce((sum, head) => sum + head.count, 0);
    const path: SpecPath = ["layers", index, "attention"];
    changes.push(
      { path: [...path, "heads"], value: count },
      { path: [...path, "pattern"], value: "full" },
      { path: [...path, "bias"], value: { pairs: classes } },
    );
    const bias = { kind: "pairs" as const, classes };
    const heads: HeadGroup[] = [{ count, pattern: { kind: "full" }, bias }];
    return { ...block, mixer: { ...block.mixer, heads } };
  });
  return { changes, layers };
}

/** The orbits of the group on pairs as pair classes, which is all that pairs can tell apart: the symmetry is the 2-closure (theory, section 5). */
export function orbitBias(architecture: Architecture, group: PermutationGroup, name: string): Candidate[] {
  if (architecture.tokens > registerSide || architecture.registers > 0) return [];
  const classes = pairOrbits(group).map((row) => [...row]);
  const { changes, layers } = withBias(architecture, classes);
  return [
    {
      title: `Give every orbit of ${name} on pairs of tokens a bias of its own`,
      changes: [{ path: ["position"], value: "none" }, ...changes],
      architecture: { ...architecture, position: { kind: "none" }, layers },
    },
  ];
}

/** One register per element g of the group; register g and token i share the pair class g^-1(i) (theory, section 5). */
export function registers(architecture: Architecture, group: PermutationGroup): Candidate[] {
  const { tokens } = architecture;
  if (group.order + BigInt(tokens) > BigInt(registerSide) || architecture.registers > 0) return [];
  const elements = [...group.elements()];
  const side = tokens + elements.length;
  const inverse = elements.map((element) => {
    const back = new Int32Array(tokens);
    element.forEach((image, i) => (back[image] = i));
    return back;
  });
  const classes = Array.from({ length: side }, (_, q) =>
    Array.from({ length: side }, (_, k) => {
      if (q < tokens === k < tokens) return q < tokens ? 0 : 1;
      return 2 + inverse[Math.max(q, k) - tokens][Math.min(q, k)];
    }),
  );
  const { changes, layers } = withBias(architecture, classes);
  return [
    {
      title: `Add ${elements.length} registers, one per element of the group`,
      changes: [{ path: ["registers"], value: elements.length }, { path: ["position"], value: "none" }, ...changes],
      architecture: { ...architecture, registers: elements.length, position: { kind: "none" }, layers },
    },
  ];
}

export function feedForward(architecture: Architecture): Candidate[] {
  const changes: SpecChange[] = [];
  const layers = architecture.layers.map((block, index) => {
    const path: SpecPath = ["layers", index, "feedForward"];
    if (block.feedForward === null) {
      changes.push({ path, value: {} });
      return {
        ...block,
        feedForward: { hidden: null, activation: "gelu" as const, bias: true, frozen: false, residual: true },
      };
    }
    const changed = { ...block.feedForward };
    if (!changed.bias) {
      changes.push({ path: [...path, "bias"], value: true });
      changed.bias = true;
    }
    if (changed.frozen) {
      changes.push({ path: [...path, "frozen"], value: false });
      changed.frozen = false;
    }
    if (changed.activation === "linear") {
      changes.push({ path: [...path, "activation"], value: "gelu" });
      changed.activation = "gelu";
    }
    return { ...block, feedForward: changed };
  });
  if (changes.length === 0) return [];
  const title = changes.every(({ path }) => path[path.length - 1] === "bias")
    ? "Give the feed-forward networks a bias"
    : changes.every(({ path }) => path[path.length - 1] === "activation")
      ? "Use the gelu activation"
      : "Make the feed-forward networks trainable, biased and non-affine";
  return [{ title, changes, architecture: { ...architecture, layers } }];
}
