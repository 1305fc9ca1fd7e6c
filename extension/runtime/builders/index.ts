/**
 * Transformers in code: what a specification file says, with types, and the model that it describes.
 *
 *     import { attention, startFastest, transformer, window } from "uap-lens";
 *     await startFastest();
 *     const ring = transformer({
 *       tokens: 16,
 *       width: 32,
 *       layers: [attention({ pattern: window({ left: 2, right: 2, circular: true }), heads: 4 }).repeat(8)],
 *     });
 *     const model = ring.build({ seed: 1 });
 */
import { parseArchitecture } from "../../theory/architecture/validate";
import type { Architecture, ArchitectureInput } from "../../theory/architecture/schema";
import { build } from "./build";
import type { Initialisation, Model } from "./model";
import { Block, type BlockInput } from "./parts";

export { build };
export * from "./parts";
export type { BuildOptions } from "./build";
export type { Initialisation, Model, Parameters } from "./model";
export type { Architecture, ArchitectureInput };
export { start, startFastest } from "../backends/start";
/** The TensorFlow.js that models compute with; tensors of another copy of it would be strangers to them. */
export * as tf from "@tensorflow/tfjs-core";

export interface TransformerInput extends Omit<ArchitectureInput, "$schema" | "layers"> {
  layers: (Block | BlockInput)[];
}

export interface Transformer {
  /** As in a specification file: `JSON.stringify` of it is one. */
  readonly input: ArchitectureInput;
  /** With all defaults filled in. */
  readonly spec: Architecture;
  /**
   * The trainable model, on the backend that is active (`start`, `startFastest`). Dispose of it after use.
   * @throws RangeError where the specification leaves a mechanism undefined, or the model would not fit in memory.
   */
  build(initialisation?: Partial<Initialisation>): Model;
}

/**
 * An architecture, checked as a specification file is.
 * @throws TypeError that names every problem and its place.
 */
export function transformer({ layers, ...rest }: TransformerInput): Transformer {
  const input = { ...rest, layers: layers.map((layer) => (layer instanceof Block ? layer.spec : layer)) };
  const parsed = parseArchitecture(input);
  if ("problems" in parsed) {
    const problems = parsed.problems.map(({ path, message }) => `${path.join(".") || "transformer"}: ${message}`);
    throw new TypeError(problems.join("\n"));
  }
  const spec = parsed.architecture;
  return {
    input,
    spec,
    build: ({ seed = 0, regime = "standard" } = {}) => build(spec, { seed, regime }),
  };
}
