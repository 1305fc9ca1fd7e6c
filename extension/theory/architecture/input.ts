/** From the canonical form back to what a person writes. */
import type { Architecture, Bias, Block, Pattern, Position, Projection } from "./schema";

/** The pattern in the input syntax, with the shorthands a person would use. */
export function patternInput(pattern: Pattern): unknown {
  switch (pattern.kind) {
    case "full":
    case "causal":
      return pattern.kind;
    case "window": {
      const { left, right, circular, dilation } = pattern;
      if (left === right && !circular && dilation === 1) return { window: left };
      return { window: { left, right, ...(circular && { circular }), ...(dilation !== 1 && { dilation }) } };
    }
    case "block":
      return { block: pattern.shift === 0 ? pattern.size : { size: pattern.size, shift: pattern.shift } };
    case "strided":
      return { strided: pattern.stride };
    case "fixed":
      return { fixed: { stride: pattern.stride, summary: pattern.summary } };
    case "star":
      return { star: pattern.centre };
    case "axial":
      return { axial: { rows: pattern.rows, columns: pattern.columns } };
    case "global":
      return { global: pattern.tokens };
    case "random":
      return { random: { degree: pattern.degree, seed: pattern.seed } };
    case "bigbird": {
      const { block, window, globals, random, seed } = pattern;
      return { bigbird: { block, window, globals, random, seed } };
    }
    case "longformer": {
      const { window, globals, dilation } = pattern;
      return { longformer: { window, globals, ...(dilation !== 1 && { dilation }) } };
    }
    case "edges":
      return { edges: pattern.edges };
    case "expression":
      return { expression: pattern.expression };
    case "any":
      return { any: pattern.patterns.map(patternInput) };
    case "all":
      return { all: pattern.patterns.map(patternInput) };
    case "not":
      return { not: patternInput(pattern.pattern) };
  }
}

/** How a person calls a position code or a bias. */
export function codeName(code: Position | Bias): string {
  switch (code.kind) {
    case "none":
      return "no positions";
    case "absolute":
      return code.code === "learned" ? "absolute positions" : "sinusoidal positions";
    case "classes":
      return "position classes";
    case "rotary":
      return "rotary positions";
    case "alibi":
      return "ALiBi";
    case "relative":
      return `${code.offsets} relative positions`;
    case "t5-buckets":
      return "T5's relative buckets";
    case "log-buckets":
      return "logarithmic relative buckets";
    case "pairs":
      return "pair classes";
  }
}

/** A position code or a bias in the input syntax. */
export function codeInput(code: Position | Bias): unknown {
  switch (code.kind) {
    case "none":
    case "rotary":
    case "alibi":
      return code.kind;
    case "absolute":
      return code.code;
    case "classes":
      return { classes: code.classes };
    case "relative":
      return { relative: code.clip === null ? code.offsets : { offsets: code.offsets, clip: code.clip } };
    case "t5-buckets": {
      const { buckets, maxDistance, bidirectional } = code;
      return { "t5-buckets": { buckets, maxDistance, bidirectional } };
    }
    case "log-buckets":
      return { "log-buckets": { buckets: code.buckets, maxDistance: code.maxDistance } };
    case "pairs":
      return { pairs: code.classes };
  }
}

/** A projection in the input syntax. */
export function projectionInput(projection: Projection): unknown {
  switch (projection.kind) {
    case "none":
      return "none";
    case "linformer":
      return { linformer: { rank: projection.rank, trainable: projection.trainable } };
    case "nystrom":
      return { nystrom: { landmarks: projection.landmarks } };
  }
}

function mixerInput(mixer: Block["mixer"]): unknown {
  if (mixer.kind === "convolution") return { convolution: { taps: mixer.offsets, residual: mixer.residual } };
  const { heads, kernel, normalized, projection, residual } = mixer;
  return {
    attention: {
      heads: heads.map(({ count, pattern, bias }) => ({
        count,
        pattern: patternInput(pattern),
        bias: codeInput(bias),
      })),
      kernel: kernel.name,
      degree: kernel.degree,
      normalized,
      projection: projectionInput(projection),
      residual,
    },
  };
}

/** The architecture in the input syntax, with every default written out: parsed again, it is the same. */
export function architectureInput({ name, tokens, width, registers, position, layers, target }: Architecture): unknown {
  return {
    name,
    tokens,
    width,
    registers,
    position: codeInput(position),
    layers: layers.map(({ repeat, mixer, feedForward, norm }) => ({
      repeat,
      ...(mixerInput(mixer) as object),
      feedForward: feedForward ?? "none",
      norm: norm ?? "none",
    })),
    target: Object.fromEntries(Object.entries(target).filter(([, value]) => value !== null)),
  };
}
