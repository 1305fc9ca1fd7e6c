/** Axes of a grid: how each changes a specification, in the specification's input syntax. */

export interface Axis {
  /** `window`, `layers`, `globals`, `kernel`, or a path such as `layers.0.attention.heads`. */
  name: string;
  values: readonly unknown[];
}

/** A specification has no place for what an axis sets. The message says which, in a sentence's worth of words. */
export class NoPlace extends Error {
  override readonly name = "NoPlace";
}

type Dictionary = Record<string, unknown>;

const isDictionary = (value: unknown): value is Dictionary =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Which value of each axis a point has, the points being numbered from 0 with the last axis changing fastest. */
export function valuesAt(axes: readonly Axis[], point: number): number[] {
  const at = new Array<number>(axes.length).fill(0);
  for (let axis = axes.length - 1, rest = point; axis >= 0; axis--) {
    const { length } = axes[axis].values;
    at[axis] = rest % length;
    rest = Math.floor(rest / length);
  }
  return at;
}

/** The named axes in the order in which they are applied, after all paths. `layers` comes last: the blocks that it repeats are complete then. */
const named: Record<string, (specification: unknown, value: unknown) => unknown> = {
  window: (specification, value) => {
    let found = 0;
    const changed = eachPattern(specification, (pattern) => setWindow(pattern, value, () => found++));
    if (found === 0) throw new NoPlace("the base has no window, and no attention without a pattern that could get one");
    return changed;
  },
  globals: (specification, value) => {
    const tokens = typeof value === "number" ? Array.from({ length: value }, (_, t) => t) : (value as number[]);
    return eachPattern(specification, (pattern) =>
      pattern === undefined || pattern === "full" ? pattern : setGlobals(pattern, tokens),
    );
  },
  kernel: (specification, kernel) => eachAttention(specification, (attention) => ({ ...attention, kernel })),
  layers: (specification, value) => {
    if (!isDictionary(specification) || !Array.isArray(specification.layers)) return specification;
    return { ...specification, layers: stacked(specification.layers, value as number) };
  },
};

/**
 * The base with one value of every axis, given by their numbers: paths in the order of the axes, then `window`, `globals`, `kernel` and `layers`. It may not be a
 * valid specification.
 * @throws NoPlace
 */
export function specificationOf(base: unknown, axes: readonly Axis[], at: readonly number[]): unknown {
  let specification = base;
  axes.forEach(({ name, values }, axis) => {
    if (!Object.hasOwn(named, name)) specification = put(specification, name.split("."), values[at[axis]], name);
  });
  for (const [name, set] of Object.entries(named)) {
    const axis = axes.findIndex((one) => one.name === name);
    if (axis >= 0) specification = set(specification, axes[axis].values[at[axis]]);
  }
  return specification;
}

/** The value with another one at a path. Objects on the way are made where they are missing; entries of lists are not. */
function put(node: unknown, [key, ...rest]: string[], value: unknown, name: string): unknown {
  const into = (child: unknown) => (rest.length === 0 ? value : put(child, rest, value, name));
  if (Array.isArray(node)) {
    if (key === "*") return node.map(into);
    if (!/^\d+$/.test(key) || Number(key) >= node.length)
      throw new NoPlace(
        `the base has no place for \`${name}\`: there is no entry \`${key}\` in a list of ${node.length}`,
      );
    return node.map((child, i) => (i === Number(key) ? into(child) : (child as unknown)));
  }
  if (node !== undefined && !isDictionary(node))
    throw new NoPlace(`the base has no place for \`${name}\`: \`${key}\` would be a part of ${JSON.stringify(node)}`);
  return { ...node, [key]: into(node?.[key]) };
}

function eachAttention(specification: unknown, change: (attention: Dictionary) => unknown): unknown {
  if (!isDictionary(specification) || !Array.isArray(specification.layers)) return specification;
  const layers = specification.layers.map((block: unknown) =>
    isDictionary(block) && isDictionary(block.attention) ? { ...block, attention: change(block.attention) } : block,
  );
  return { ...specification, layers };
}

/** Changes the patterns that heads use: each head group's own, and the attention's where some head has none of its own. Undefined is one that is left out. */
function eachPattern(specification: unknown, change: (pattern: unknown) => unknown): unknown {
  const changed = (holder: Dictionary): Dictionary => {
    const pattern = change(holder.pattern);
    return pattern === undefined ? holder : { ...holder, pattern };
  };
  return eachAttention(specification, (attention) => {
    const { heads } = attention;
    if (!Array.isArray(heads)) return changed(attention);
    const own = (head: unknown): head is Dictionary => isDictionary(head) && head.pattern !== undefined;
    const next = { ...attention, heads: heads.map((head: unknown) => (own(head) ? changed(head) : head)) };
    return heads.every(own) ? next : changed(next);
  });
}

function setWindow(pattern: unknown, window: unknown, count: () => void): unknown {
  const within = (part: unknown) => (part === undefined ? part : setWindow(part, window, count));
  if (pattern === undefined) {
    count();
    return { window };
  }
  if (!isDictionary(pattern)) return pattern;
  if (pattern.window !== undefined) {
    count();
    return {
      window: isDictionary(pattern.window) && typeof window === "number" ? wider(pattern.window, window) : window,
    };
  }
  if (isDictionary(pattern.longformer)) {
    count();
    return { longformer: { ...pattern.longformer, window } };
  }
  return throughParts(pattern, within);
}

/** A window of another width on the sides that it has: on both where none is written. */
function wider(window: Dictionary, width: number): Dictionary {
  const sides = ["left", "right"].filter((side) => side in window);
  return {
    ...window,
    ...Object.fromEntries((sides.length === 0 ? ["left", "right"] : sides).map((side) => [side, width])),
  };
}

function setGlobals(pattern: unknown, tokens: readonly number[]): unknown {
  const known = (part: unknown) => isDictionary(part) && (part.global !== undefined || isDictionary(part.longformer));
  if (isDictionary(pattern)) {
    if (isDictionary(pattern.longformer)) return { longformer: { ...pattern.longformer, globals: tokens } };
    if (pattern.global !== undefined) return { global: tokens };
    if (Array.isArray(pattern.any) && pattern.any.some(known)) {
      const parts = pattern.any.map((part: unknown) => (known(part) ? setGlobals(part, tokens) : part));
      const left = parts.filter(
        (part) => !(isDictionary(part) && Array.isArray(part.global) && part.global.length === 0),
      );
      return left.length === 1 ? left[0] : { any: left };
    }
  }
  return tokens.length === 0 ? pattern : { any: [pattern, { global: tokens }] };
}

function throughParts(pattern: Dictionary, change: (part: unknown) => unknown): unknown {
  for (const key of ["any", "all"])
    if (Array.isArray(pattern[key])) return { ...pattern, [key]: pattern[key].map(change) };
  return pattern.not === undefined ? pattern : { ...pattern, not: change(pattern.not) };
}

/** The blocks one after the other, again and again, up to so many layers. */
function stacked(blocks: readonly unknown[], layers: number): unknown[] {
  const repeatOf = (block: unknown) => (isDictionary(block) && typeof block.repeat === "number" ? block.repeat : 1);
  const made: { block: unknown; repeat: number }[] = [];
  for (let at = 0, left = layers; left > 0; at++) {
    const block = blocks[at % blocks.length];
    const repeat = Math.min(left, Math.max(1, repeatOf(block)));
    left -= repeat;
    const last = made.at(-1);
    if (last !== undefined && last.block === block) last.repeat += repeat;
    else made.push({ block, repeat });
  }
  return made.map(({ block, repeat }) => (isDictionary(block) ? { ...block, repeat } : block));
}
