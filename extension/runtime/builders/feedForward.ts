/** The tokenwise feed-forward network. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor3D } from "@tensorflow/tfjs-core";
import type { ActivationName, Architecture, FeedForward } from "../../theory/architecture/schema";
import { hiddenWidth } from "../../theory/architecture/sizes";
import type { Declarations, Read } from "./declare";
import { affine, gelu, leakyRelu, silu, tanh } from "./ops";

const activations: Record<Exclude<ActivationName, "swiglu" | "geglu">, (x: Tensor) => Tensor> = {
  relu: (x) => tf.relu(x),
  gelu,
  silu,
  tanh,
  sigmoid: (x) => tf.sigmoid(x),
  softplus: (x) => tf.softplus(x),
  elu: (x) => tf.elu(x),
  "leaky-relu": leakyRelu,
  "relu-squared": (x) => tf.square(tf.relu(x)),
  linear: (x) => x,
};

/** x -> W' act(W x + b) + b', or W' (act(W x + b) * (V x + c)) + b' where the activation is gated (2002.05202). */
export function feedForward(
  spec: FeedForward,
  { width }: Architecture,
  name: string,
  declarations: Declarations,
): (x: Tensor3D, read: Read) => Tensor3D {
  const hidden = hiddenWidth(spec, width);
  const { activation, frozen } = spec;
  const gated = activation === "swiglu" || activation === "geglu";
  const act = activations[activation === "swiglu" ? "silu" : activation === "geglu" ? "gelu" : activation];
  const linear = (part: string, inputs: number, outputs: number) => {
    declarations.parameter(`${name}.${part}`, [inputs, outputs], 1 / Math.sqrt(inputs), { frozen });
    if (spec.bias) declarations.parameter(`${name}.${part}Bias`, [outputs], declarations.choose(0, 0.5), { frozen });
    return (x: Tensor3D, read: Read) =>
      affine(x, read(`${name}.${part}`), spec.bias ? read(`${name}.${part}Bias`) : undefined);
  };
  const inner = linear("inner", width, hidden);
  const gate = gated ? linear("gate", width, hidden) : null;
  const outer = linear("outer", hidden, width);
  return (x, read) => {
    const activated = act(inner(x, read)) as Tensor3D;
    return outer(gate === null ? activated : tf.mul(activated, gate(x, read)), read);
  };
}
