/** Keras: what all layers and models have, and how they are called. */
import { tensors } from "../../graph/operations";
import { sizesOf, type Tensor } from "../../graph/tensor";
import { parametersOf } from "../trees";
import { bool, nativeFunction, none, string, unknown, type Arguments, type At, type Native, type PythonFunction, type PythonInstance, type Value } from "../values"; // prettier-ignore
import { Call, NotUnderstood } from "./call";
import { inert } from "./dtypes";
import { keras, shapeValue } from "./kerasOps";
import { layerFramework } from "./layers";
import { asTensor, isTensor, tensorOf, TensorState } from "./tensorState";

/** Arguments of layers that are about how they start, are trained or are called. */
const neutral = new Set(
  "name dtype trainable dynamic autocast activity_regularizer kernel_initializer bias_initializer kernel_regularizer bias_regularizer kernel_constraint bias_constraint embeddings_initializer embeddings_regularizer embeddings_constraint beta_initializer gamma_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint lora_rank lora_alpha quantization_config seed flash_attention input_shape batch_input_shape batch_size".split(
    " ",
  ),
);

/** What a weight starts with, where it is known; it counts only for one that is not trained. */
function start(initializer: Value | undefined, sizes: readonly number[], at: At): Tensor {
  const filled = (value: number): Tensor => tensors.full(sizes, value, "float", at.place);
  const random = tensors.parameter(sizes, false, at.place);
  if (!initializer || initializer.kind === "none") return random;
  if (initializer.kind === "string") return initializer.value === "zeros" ? filled(0) : initializer.value === "ones" ? filled(1) : random; // prettier-ignore
  const value = at.interpreter.callWith(initializer, [shapeValue(sizes, at.place)], at.place);
  return asTensor(value, at.place) ?? random;
}

export const parameterOf = (first: Tensor, trainable: boolean, at: At): Native => ({
  kind: "native",
  type: keras.type,
  data: TensorState.parameter(first, trainable, at.place),
});

/** `add_weight(shape, initializer, ..., trainable)`; before Keras 3 the name came first. */
function addWeight(args: Arguments, at: At): Value {
  const [first] = args.positional;
  const named = first?.kind === "string";
  const signature = named ? "name shape dtype initializer regularizer trainable constraint" : "shape initializer dtype trainable autocast regularizer constraint aggregation name"; // prettier-ignore
  try {
    const call = new Call("add_weight", signature, args, at);
    const sizes = call.has("shape") ? call.ints("shape") : [];
    const trainable = call.boolean("trainable", true);
    const begun = trainable ? tensors.parameter(sizes, true, at.place) : start(call.value("initializer"), sizes, at);
    return parameterOf(begun, trainable, at);
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    return keras.wrap(tensors.opaque(error.reason, error.place));
  }
}

/** Methods that change nothing of what is computed, and give nothing. */
const silent = new Set("build add_loss add_metric compile summary fit save save_weights load_weights export build_from_config compute_mask set_weights quantize".split(" ")); // prettier-ignore
/** Those of which nothing is known. */
const lost = new Set("predict evaluate get_weights compute_output_shape compute_output_spec count_params get_layer train_step test_step predict_step".split(" ")); // prettier-ignore

function attribute(_self: PythonInstance | Native, name: string, at: At): Value | undefined {
  switch (name) {
    case "add_weight":
    case "add_variable":
      return nativeFunction("add_weight", addWeight);
    case "get_config":
      return nativeFunction("get_config", () => ({ kind: "dict", entries: new Map() }));
    case "name":
      return string("layer");
    case "training":
      return bool(false);
    case "trainable":
    case "built":
      return bool(true);
    case "dtype":
    case "compute_dtype":
    case "variable_dtype":
      return string("float32");
    case "dtype_policy":
    case "optimizer":
      return inert;
    case "losses":
    case "trainable_variables":
    case "trainable_weights":
    case "weights":
    case "variables":
      return unknown(`\`${name}\` of a layer`, at.place);
    default:
      if (silent.has(name)) return nativeFunction(name, () => none);
      return lost.has(name) ? nativeFunction(name, (_args, { place }) => unknown(`the result of \`${name}\``, place)) : undefined; // prettier-ignore
  }
}

/** The shape of an argument, or of each of several. */
function shapeOfValue(value: Value | undefined, at: At): Value {
  if (!value) return none;
  if (isTensor(value)) {
    const { content } = tensorOf(value);
    return content.kind === "opaque" ? unknown(content.opaque.reason, content.opaque.place) : shapeValue(sizesOf(tensorOf(value)), at.place); // prettier-ignore
  }
  if (value.kind === "list" || value.kind === "tuple") return { kind: "list", items: value.items.map((item) => shapeOfValue(item, at)) }; // prettier-ignore
  if (value.kind === "dict") return { kind: "dict", entries: new Map([...value.entries].map(([key, item]) => [key, shapeOfValue(item, at)])) }; // prettier-ignore
  return unknown("the shape of an argument", at.place);
}

const sourceMethod = (self: PythonInstance, name: string): PythonFunction | undefined => {
  for (const entry of self.type.mro) {
    const found = entry.kind === "class" ? entry.attributes.get(name) : undefined;
    if (found) return found.kind === "function" ? found : undefined;
  }
  return undefined;
};

const namesOf = (method: PythonFunction): readonly { name: string; default: unknown }[] =>
  parametersOf(method.node)?.named.slice(1) ?? [];

/** For which shapes an object has been built. */
const built = new WeakMap<PythonInstance, string>();

/** Calls `build` with the shapes of the arguments, once for the same shapes. */
function buildOnce(self: PythonInstance, method: PythonFunction | undefined, args: Arguments, at: At): void {
  const build = sourceMethod(self, "build");
  if (!build) return;
  const inputs = method ? namesOf(method).map(({ name }) => name) : [];
  const given = (name: string): Value | undefined => args.named.get(name) ?? args.positional[inputs.indexOf(name)];
  const shapes = namesOf(build).filter((parameter, i) => i === 0 || parameter.default === undefined);
  const values = shapes.map(({ name }, i) => {
    const own = shapes.length > 1 ? given(name.replace(/_shape$/, "")) : undefined;
    return shapeOfValue(own ?? (i === 0 ? (args.positional[0] ?? [...args.named.values()][0]) : undefined), at);
  });
  const shape = JSON.stringify(values);
  if (built.get(self) === shape) return;
  built.set(self, shape);
  at.interpreter.callWith({ kind: "bound", self, callee: build }, values, at.place);
}

function called(self: PythonInstance, args: Arguments, at: At): Value {
  const method = sourceMethod(self, "call");
  buildOnce(self, method, args, at);
  const callee = at.interpreter.attribute(self, "call", at.place);
  const inputs = method ? namesOf(method) : [];
  // Keras fills these in itself: no training, and no mask but those that are passed on by hand.
  const named = new Map(args.named);
  for (const [i, { name, default: fallback }] of inputs.entries()) {
    if (i < args.positional.length || named.has(name) || fallback !== undefined) continue;
    if (name === "training") named.set(name, bool(false));
    if (name === "mask") named.set(name, none);
  }
  const takes = (name: string): boolean => !method || inputs.some((input) => input.name === name) || parametersOf(method.node)?.restNamed !== undefined; // prettier-ignore
  if (!takes("training")) named.delete("training");
  if (!takes("mask")) named.delete("mask");
  return at.interpreter.call(callee, { ...args, named }, at.place);
}

export const kerasFramework = layerFramework({
  family: keras,
  method: "call",
  neutral,
  neutralInputs: new Set(["training"]),
  kept: ["trainable", "input_shape"],
  attribute,
  call: called,
});

/** The tensors in a value: one, or those of a list, tuple or dict. */
export function tensorsIn(value: Value): Tensor[] {
  if (isTensor(value)) return [tensorOf(value)];
  if (value.kind === "list" || value.kind === "tuple") return value.items.flatMap(tensorsIn);
  return value.kind === "dict" ? [...value.entries.values()].flatMap(tensorsIn) : [];
}
