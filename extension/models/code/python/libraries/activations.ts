/** Activations by the names that Keras and JAX give them. */
import { tensors } from "../../graph/operations";
import type { Place } from "../../graph/nodes";
import type { Tensor } from "../../graph/tensor";
import type { ActivationName } from "../../../../theory/architecture/schema";
import type { Value } from "../values";
import { operation, type Call, type Operation } from "./call";
import { applied } from "./layers";
import { activated, sigmoid } from "./tensorFunctions";
import { opaqueOr, type TensorFamily } from "./tensorValue";

type Activation = (tensor: Tensor, place: Place) => Tensor;

/** Known values, for constants. */
const numbers: Partial<Record<ActivationName, (value: number) => number>> = {
  relu: (value) => Math.max(0, value),
  sigmoid,
  tanh: Math.tanh,
  softplus: (value) => Math.log1p(Math.exp(-Math.abs(value))) + Math.max(0, value),
  silu: (value) => value * sigmoid(value),
};

const named =
  (name: ActivationName): Activation =>
  (tensor, place) =>
    activated(tensor, name, numbers[name], place);

export const activations: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ["relu", named("relu")],
  ["gelu", named("gelu")],
  ["silu", named("silu")],
  ["swish", named("silu")],
  ["tanh", named("tanh")],
  ["sigmoid", named("sigmoid")],
  ["softplus", named("softplus")],
  ["elu", named("elu")],
  ["leaky_relu", named("leaky-relu")],
  ["linear", (tensor) => tensor],
  ["identity", (tensor) => tensor],
  ["exponential", (tensor, place) => activated(tensor, "exp", Math.exp, place)],
  ["relu6", (tensor, place) => tensors.clamp(named("relu")(tensor, place), undefined, 6, place)],
  ["softmax", (tensor, place) => tensors.softmax(tensor, -1, place)],
]);

/** As functions of a framework, with the arguments that only set their shape. */
export const activationFunctions = (): [string, Operation][] =>
  [...activations].flatMap(
    ([name, run]): [string, Operation][] =>
    name === "softmax"
      ? []
      : [[name, operation("input alpha approximate negative_slope max_value threshold", (call) => run(call.tensor("input"), call.place))]], // prettier-ignore
  );

/** The activation that an argument of a layer names: a string, a function, a layer, or None. */
export function activationOf(call: Call, name: string, family: TensorFamily): (tensor: Tensor) => Tensor {
  const value: Value | undefined = call.value(name);
  if (!value) return (tensor) => tensor;
  const place = call.placeOf(name);
  if (value.kind === "string") {
    const run = activations.get(value.value);
    if (!run) return (tensor) => opaqueOr(tensor, `the activation "${value.value}" is not understood`, place);
    return (tensor) => run(tensor, place);
  }
  return (tensor) => applied(value, [family.wrap(tensor)], call.at, place);
}
