/** Where a model's tensors are declared while it is built. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import { Random, streams } from "../random";
import type { Initialisation } from "./model";

/** Bytes that a model may ask for: parameters with their gradients, and what one sample keeps for its gradient. */
export const memoryLimit = 2 ** 31;

/** Reads a declared parameter by its name. */
export type Read = (name: string) => Tensor;

export class Declarations {
  readonly variables: Record<string, Variable> = {};
  readonly constants: Record<string, Tensor> = {};
  private readonly fixed: { dispose(): void }[] = [];
  private bytes = 0;

  constructor(
    readonly regime: Initialisation["regime"],
    private readonly seed: number,
  ) {}

  /** Which of two numbers the regime wants. */
  choose(standard: number, small: number): number {
    return this.regime === "standard" ? standard : small;
  }

  /**
   * Counts numbers that the model will hold, before they are made.
   * @throws RangeError past `memoryLimit`.
   */
  reserve(numbers: number): void {
    this.bytes += 4 * numbers;
    if (this.bytes <= memoryLimit) return;
    const [needed, most] = [this.bytes, memoryLimit].map((bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`);
    throw new RangeError(
      `training this architecture on one sample would take ${needed} or more; a model may take ${most}. ` +
        "Fewer tokens, a smaller width, fewer layers or a sparser pattern would do.",
    );
  }

  /** A parameter of independent normals, a stream of its own by its name; trained unless `frozen`. */
  parameter(name: string, shape: number[], deviation: number, { mean = 0, frozen = false } = {}): void {
    const size = shape.reduce((product, length) => product * length, 1);
    // Itself, its gradient and the two moments of Adam.
    this.reserve(4 * size);
    const letters = Array.from(name, (letter) => letter.charCodeAt(0));
    const random = new Random(this.seed, streams.parameters, ...letters);
    const values = tf.tensor(random.normals(new Float32Array(size), deviation, mean), shape);
    if (frozen) this.constants[name] = tf.keep(values);
    else {
      // No name: TensorFlow.js wants the names of all variables of all models to differ.
      this.variables[name] = tf.variable(values);
      values.dispose();
    }
  }

  /** A tensor that is part of the model's structure: not a weight. */
  structure<T extends Tensor>(tensor: T): T {
    this.fixed.push(tensor);
    return tf.keep(tensor);
  }

  /** Something else to dispose of with the model. */
  own<T extends { dispose(): void }>(thing: T): T {
    this.fixed.push(thing);
    return thing;
  }

  dispose(): void {
    for (const thing of [...Object.values(this.variables), ...Object.values(this.constants), ...this.fixed])
      thing.dispose();
  }
}
