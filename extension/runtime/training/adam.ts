/** Adam (1412.6980, algorithm 1) on all parameters as one vector: a few operations a step instead of a few for every parameter. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Variable } from "@tensorflow/tfjs-core";
import { flatten, unflatten } from "../builders/flat";
import type { Parameters } from "../builders/model";

/** All that a run needs to go on: plain data. Vectors list the parameters in the order of their names in the model. */
export interface AdamState {
  steps: number;
  parameters: Float32Array;
  mean: Float32Array;
  square: Float32Array;
}

const [meanDecay, squareDecay, epsilon] = [0.9, 0.999, 1e-8];

export class Adam {
  private parameters: Tensor1D;
  private mean: Tensor1D;
  private square: Tensor1D;
  private steps = 0;

  /** Steps taken, those before a restored state included. */
  get taken(): number {
    return this.steps;
  }

  /** @param variables the start; they are read once and not written until `write`. */
  constructor(private readonly variables: Readonly<Record<string, Variable>>) {
    this.parameters = tf.tidy(() => flatten(Object.values(variables)));
    this.mean = tf.zerosLike(this.parameters);
    this.square = tf.zerosLike(this.parameters);
  }

  /**
   * One step down the gradient of the loss.
   * @param rate the learning rate of this step
   * @returns the loss before the step, a scalar that the caller disposes of
   */
  step(loss: (parameters: Parameters) => tf.Scalar, rate: number): tf.Scalar {
    this.steps++;
    const [value, parameters, mean, square] = tf.tidy(() => {
      const unflattened = this.unflattened();
      const names = Object.keys(this.variables);
      const named = (list: Tensor[]): Parameters => Object.fromEntries(names.map((name, i) => [name, list[i]]));
      const { value, grads } = tf.valueAndGrads((...list: Tensor[]) => loss(named(list)))(
        names.map((name) => unflattened[name]),
      );
      const gradient = flatten(grads);
      const mean = tf.add<Tensor1D>(tf.mul(this.mean, meanDecay), tf.mul(gradient, 1 - meanDecay));
      const square = tf.add<Tensor1D>(tf.mul(this.square, squareDecay), tf.mul(tf.square(gradient), 1 - squareDecay));
      // The corrections of both averages for their start at zero.
      const scale = rate / (1 - meanDecay ** this.steps);
      const root = tf.sqrt(tf.mul(square, 1 / (1 - squareDecay ** this.steps)));
      const change = tf.div(tf.mul(mean, scale), tf.add(root, epsilon));
      return [value, tf.sub<Tensor1D>(this.parameters, change), mean, square] as const;
    });
    tf.dispose([this.parameters, this.mean, this.square]);
    // They outlive a tidy around this step.
    [this.parameters, this.mean, this.square] = [tf.keep(parameters), tf.keep(mean), tf.keep(square)];
    return value;
  }

  /** The parameters by name, as views that the caller disposes of. */
  unflattened(): Record<string, Tensor> {
    return unflatten(this.parameters, this.variables);
  }

  /** Gives the model's variables the values reached. */
  write(): void {
    tf.tidy(() => {
      for (const [name, value] of Object.entries(this.unflattened())) this.variables[name].assign(value);
    });
  }

  async state(): Promise<AdamState> {
    const [parameters, mean, square] = await Promise.all(
      [this.parameters, this.mean, this.square].map(async (tensor) => Float32Array.from(await tensor.data())),
    );
    return { steps: this.steps, parameters, mean, square };
  }

  /** @throws RangeError where the state is of another model. */
  restore({ steps, parameters, mean, square }: AdamState): void {
    const { size } = this.parameters;
    if (parameters.length !== size || mean.length !== size || square.length !== size)
      throw new RangeError(`the checkpoint has ${parameters.length} parameters, the model ${size}`);
    tf.dispose([this.parameters, this.mean, this.square]);
    this.steps = steps;
    this.parameters = tf.tensor1d(parameters);
    this.mean = tf.tensor1d(mean);
    this.square = tf.tensor1d(square);
  }

  dispose(): void {
    tf.dispose([this.parameters, this.mean, this.square]);
  }
}
