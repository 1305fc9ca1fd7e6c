/** Changes of the specification, made in a configuration's own keys. */
import { architectureSchema, type Architecture, type Block, type Pattern } from "../../theory/architecture/schema";
import { codeInput, patternInput, projectionInput } from "../../theory/architecture/input";
import type { SpecChange } from "../../theory/verdict/report";
import type { Config } from "./document";
import type { Stack, Write } from "./rules";

type Plain = Record<string, unknown>;

/** The architecture after the changes, or undefined where they do not give one. */
export function changed(architecture: Architecture, changes: SpecChange[]): Architecture | undefined {
  const input: unknown = architectureInput(architecture);
  for (const { path, value } of changes) {
    let place = input;
    for (const step of path.slice(0, -1)) place = isPlain(place) ? place[step] : undefined;
    if (!isPlain(place) || path.length === 0) return undefined;
    place[path[path.length - 1]] = value;
  }
  return architectureSchema.safeParse(input).data;
}

const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null;

/** An architecture of this reader in the input syntax: one group of heads in every block, attention only. */
export function architectureInput(architecture: Architecture): Plain {
  const { name, tokens, width, registers, position, layers, target } = architecture;
  const intent = Object.fromEntries(Object.entries(target).filter(([, value]) => value !== null));
  return {
    name,
    tokens,
    width,
    registers,
    position: codeInput(position),
    layers: layers.map(blockInput),
    target: intent,
  };
}

function blockInput({ repeat, mixer, feedForward, norm }: Block): Plain {
  if (mixer.kind !== "attention") return { repeat, feedForward, norm };
  const { heads, kernel, normalized, projection, residual } = mixer;
  return {
    repeat,
    attention: {
      heads: heads[0].count,
      kernel: kernel.name,
      degree: kernel.degree,
      normalized,
      pattern: patternInput(heads[0].pattern),
      bias: codeInput(heads[0].bias),
      projection: projectionInput(projection),
      residual,
    },
    feedForward: { ...feedForward },
    norm: norm ?? "none",
  };
}

// -------------------------------------------------------------------------------------------------------- global tokens

/** The pattern with symmetric global tokens; behind a causal mask they see, and are seen by, what the mask leaves. */
export function withGlobals(pattern: Pattern, tokens: number[], causal: boolean): Pattern {
  if (tokens.length === 0) return pattern;
  const joined = normalForm({ kind: "any", patterns: [pattern, { kind: "global", tokens }] });
  return causal ? { kind: "all", patterns: [{ kind: "causal" }, joined] } : joined;
}

/** The global tokens that join a pattern of this reader's. */
function globalsOf(pattern: Pattern): number[] {
  switch (pattern.kind) {
    case "longformer":
      return pattern.globals;
    case "global":
      return pattern.tokens;
    case "any":
    case "all":
      return pattern.patterns.flatMap(globalsOf);
    default:
      return [];
  }
}

/**
 * Equal for patterns that allow the same pairs, as far as this reader and the quick fixes write one pattern in two ways: a window of
 * equal sides with global tokens is Longformer's pattern.
 */
export function normalForm(pattern: Pattern): Pattern {
  if (pattern.kind === "longformer") {
    const globals = [...new Set(pattern.globals)].sort((a, b) => a - b);
    if (globals.length > 0) return { ...pattern, globals };
    return { kind: "window", left: pattern.window, right: pattern.window, circular: false, dilation: pattern.dilation };
  }
  if (pattern.kind === "all") return { kind: "all", patterns: pattern.patterns.map(normalForm) };
  if (pattern.kind !== "any") return pattern;
  const parts = pattern.patterns.map(normalForm).flatMap((part) => (part.kind === "any" ? part.patterns : [part]));
  const globals = [...new Set(parts.flatMap((part) => (part.kind === "global" ? part.tokens : [])))].sort(
    (a, b) => a - b,
  );
  const others = parts.filter(({ kind }) => kind !== "global");
  if (globals.length > 0) {
    const [first] = others;
    if (others.length === 1 && first.kind === "longformer") {
      return normalForm({ ...first, globals: [...first.globals, ...globals] });
    }
    if (others.length === 1 && first.kind === "window" && first.left === first.right && !first.circular) {
      return { kind: "longformer", window: first.left, globals, dilation: first.dilation };
    }
    others.push({ kind: "global", tokens: globals });
  }
  return others.length === 1 ? others[0] : { kind: "any", patterns: others };
}

/** Equal for two architectures that differ in the writing of their patterns only. */
export function canonical(architecture: Architecture): Architecture {
  const layers = architecture.layers.map((block) => {
    if (block.mixer.kind !== "attention") return block;
    const heads = block.mixer.heads.map((head) => ({ ...head, pattern: normalForm(head.pattern) }));
    return { ...block, mixer: { ...block.mixer, heads } };
  });
  return { ...architecture, layers };
}

// --------------------------------------------------------------------------------------------------------------- writes

/** What a configuration of this architecture would say, key by key; only a difference between two architectures is ever written. */
function writesOf(architecture: Architecture, stack: Stack, config: Config): Write[] {
  const layers = architecture.layers.flatMap((block) => Array.from({ length: block.repeat }, () => block));
  const [{ feedForward }] = layers;
  const patterns = layers.flatMap(({ mixer }) => (mixer.kind === "attention" ? [mixer.heads[0].pattern] : []));
  const local = patterns.map((pattern) => withoutGlobals(pattern));
  return [
    ...(stack.depth.write?.(layers.length, config) ?? []),
    ...(feedForward ? (stack.bias.write?.(feedForward.bias, config) ?? []) : []),
    ...(feedForward ? (stack.activation.write?.(feedForward.activation, config) ?? []) : []),
    ...(stack.position.write?.(architecture.position, config) ?? []),
    ...(stack.attention.write?.(local, config, stack.causal.read(config)) ?? []),
  ];
}

function withoutGlobals(pattern: Pattern): Pattern {
  switch (pattern.kind) {
    case "longformer":
      return { ...pattern, globals: [] };
    case "any":
    case "all": {
      const parts = pattern.patterns.filter(
        ({ kind }) => kind !== "global" && (pattern.kind === "any" || kind !== "causal"),
      );
      return parts.length === 1 ? withoutGlobals(parts[0]) : pattern;
    }
    default:
      return pattern;
  }
}

/** The keys to write so that a configuration of `from` becomes one of `to`, as far as keys can; the reader checks that they do. */
export function writes(from: Architecture, to: Architecture, stack: Stack, config: Config): Write[] {
  const text = ({ path, value }: Write) => JSON.stringify([path, value]);
  const before = new Set(writesOf(from, stack, config).map(text));
  const keys = writesOf(to, stack, config)
    .filter((write) => !before.has(text(write)))
    .map(({ path, value }) => ({ path: [...config.scope, ...path], value }));
  const own = ownOf(to);
  const was = ownOf(from);
  const uap: Plain = {};
  if (own.tokens !== was.tokens) uap.tokens = own.tokens;
  if (JSON.stringify(own.globals) !== JSON.stringify(was.globals)) uap.globals = own.globals;
  if (Object.keys(uap).length > 0) {
    const written = config.document.plainAt(["uap"]);
    keys.push({ path: ["uap"], value: { ...(isPlain(written) ? written : {}), ...uap } });
  }
  return keys;
}

function ownOf({ tokens, layers }: Architecture): { tokens: number; globals: number[] } {
  const globals = layers.flatMap(({ mixer }) => (mixer.kind === "attention" ? globalsOf(mixer.heads[0].pattern) : []));
  return { tokens, globals: [...new Set(globals)].sort((a, b) => a - b) };
}
