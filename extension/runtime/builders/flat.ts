/** The variables of a model as one vector, in the order of their names in the model: what training moves, and what is kept of a run. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D } from "@tensorflow/tfjs-core";
import type { Model } from "./model";

type Shaped = Readonly<Record<string, { shape: number[]; size: number }>>;

/** Tensors one after the other, as one vector; a tensor that the caller disposes of. */
export const flatten = (tensors: readonly Tensor[]): Tensor1D =>
  tf.concat1d(tensors.map((tensor) => tf.reshape(tensor, [-1])));

/** The pieces of a vector by name; tensors that the caller disposes of. */
export function unflatten(vector: Tensor1D, variables: Shaped): Record<string, Tensor> {
  return tf.tidy(() => {
    const shapes = Object.entries(variables);
    const pieces = tf.split(
      vector,
      shapes.map(([, { size }]) => size),
    );
    return Object.fromEntries(shapes.map(([name, { shape }], i) => [name, tf.reshape(pieces[i], shape)]));
  });
}

/** The values of all variables of a model. */
export async function valuesOf({ variables }: Model): Promise<Float32Array> {
  const vector = tf.tidy(() => flatten(Object.values(variables)));
  const values = await vector.data<"float32">();
  vector.dispose();
  return values.slice();
}

/**
 * Parameters by name for a model from the values of all its variables; tensors that the caller disposes of.
 * @throws RangeError where the values are not of this model.
 */
export function parametersFrom({ variables }: Model, values: Float32Array): Record<string, Tensor> {
  const size = Object.values(variables).reduce((sum, variable) => sum + variable.size, 0);
  if (values.length !== size)
    throw new RangeError(`there are ${values.length} parameters, and the model has ${size} of them`);
  return tf.tidy(() => unflatten(tf.tensor1d(values), variables));
}
