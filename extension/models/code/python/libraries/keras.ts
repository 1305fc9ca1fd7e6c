/** Keras and TensorFlow: the modules that code imports. */
import { tensors } from "../../graph/operations";
import { sizesOf } from "../../graph/tensor";
import { float, nativeFunction, none, string, unknown, type Library, type Native, type NativeType, type Value } from "../values"; // prettier-ignore
import { activations } from "./activations";
import { operation } from "./call";
import { inert } from "./dtypes";
import { hubLayers, hubNames } from "./kerasHub";
import { layerClasses, layerNames } from "./kerasLayers";
import { inputFunction, inputLayerClass, modelClass, sequentialClass } from "./kerasModels";
import { imageNames, keras, opsNames } from "./kerasOps";
import { randomTensor } from "./tensorFunctions";
import { isCalled } from "./running";
import { asTensor } from "./tensorState";
import { tensorflowFunctions, tensorflowImages, tensorflowNames } from "./tensorflow";
import { transparent } from "./torch";

/** A decorator with options that leaves the class or function as it is. */
const registering = (name: string): Native => transparent(`keras.${name}`);

const layers: Library = (name) =>
  name === "Input" ? inputFunction : name === "InputLayer" ? inputLayerClass.value : layerNames(name);

const models: Library = (name) =>
  name === "Model" ? modelClass.value : name === "Sequential" ? sequentialClass.value : undefined;

const activationNames: Library = (name) => {
  const run = activations.get(name);
  const of = run && operation("input *rest alpha approximate negative_slope max_value threshold", (call) => run(call.tensor("input"), call.place)); // prettier-ignore
  if (of) return keras.function(`keras.activations.${name}`, of);
  return name === "get" ? nativeFunction("keras.activations.get", (args) => args.positional[0] ?? none) : undefined;
};

/** An initializer is a function of the shape; where it starts with known numbers it gives them. */
const initializer = (name: string): Value | undefined => {
  if (!/^[A-Za-z]/.test(name)) return undefined;
  const filled = { Zeros: 0, zeros: 0, Ones: 1, ones: 1 }[name];
  const type: NativeType = {
    name: `\`keras.initializers.${name}\``,
    call: ({ data }, args, at) => {
      const [shape] = [...args.positional, ...args.named.values()];
      const sizes = shape && at.interpreter.iterate(shape, at.place)?.map((size) => (size.kind === "int" ? size.value : NaN)); // prettier-ignore
      if (!sizes || sizes.some(Number.isNaN)) return unknown(`the result of \`keras.initializers.${name}\``, at.place);
      const known = data as Value | undefined;
      const number = known?.kind === "int" || known?.kind === "float" ? known.value : filled;
      if (number !== undefined) return keras.wrap(tensors.full(sizes, number, "float", at.place));
      const table = known && asTensor(known, at.place);
      return keras.wrap(table && sizesOf(table).join() === sizes.join() ? table : randomTensor(sizes, at.place));
    },
  };
  const made = (value: Value | undefined): Native => ({ kind: "native", type, data: value });
  return nativeFunction(`keras.initializers.${name}`, (args) =>
    made(/constant/i.test(name) ? (args.positional[0] ?? args.named.get("value")) : undefined),
  );
};

/** Numbers drawn at random: those drawn while a model is called differ from call to call. */
const random: Library = (name) =>
  name === "SeedGenerator"
    ? inert
    : keras.function(
        `keras.random.${name}`,
        operation("first *rest shape dtype rate mean stddev minval maxval", (call) => {
          if (name === "dropout") return call.needed("first");
          if (isCalled(call.at)) return tensors.opaque(`\`${call.name}\` draws new numbers at each call`, call.place);
          return randomTensor(call.ints(call.has("shape") ? "shape" : "first"), call.place);
        }),
      );

const values = new Map<string, Value>([
  ["Input", inputFunction],
  ["Model", modelClass.value],
  ["Sequential", sequentialClass.value],
  ["Layer", layerClasses.get("Layer")!.value],
  ["Variable", tensorflowNames("Variable")!],
  ["__version__", string("3.0")],
  ["name_scope", inert],
  ["StatelessScope", inert],
  ["pi", float(Math.PI)],
]);

const kerasNames: Library = (name) => values.get(name);

const utils: Library = (name) =>
  name.startsWith("register") || name.startsWith("serialize")
    ? registering(name)
    : name === "set_random_seed" || name === "plot_model" || name === "Progbar"
      ? inert
      : undefined;

/** What changes nothing of a model: every name is an object without effect. */
const effectless: Library = () => inert;

const backend: Library = (name) =>
  name === "backend" || name === "floatx" ? nativeFunction(`keras.backend.${name}`, () => string("float32")) : (tensorflowFunctions(name) ?? opsNames(name)); // prettier-ignore

const parts: [string, Library][] = [
  ["layers", layers],
  ["models", models],
  ["ops", opsNames],
  ["ops.numpy", opsNames],
  ["ops.nn", opsNames],
  ["ops.image", imageNames],
  ["activations", activationNames],
  ["initializers", initializer],
  ["random", random],
  ["utils", utils],
  ["saving", utils],
  ["backend", backend],
  ["optimizers", effectless],
  ["losses", effectless],
  ["metrics", effectless],
  ["callbacks", effectless],
  ["regularizers", effectless],
  ["constraints", effectless],
  ["config", effectless],
  ["mixed_precision", effectless],
  ["datasets", () => undefined],
  ["applications", () => undefined],
  ["preprocessing", () => undefined],
];

/** Roots under which Keras is imported. */
const roots = ["keras", "tensorflow.keras", "tf_keras", "tensorflow.python.keras", "tf.keras", "tensorflow.compat.v1.keras"]; // prettier-ignore

export const kerasLibraries: readonly [string, Library][] = [
  ...roots.flatMap((root): [string, Library][] => [
    [root, kerasNames],
    ...parts.map(([name, library]): [string, Library] => [`${root}.${name}`, library]),
  ]),
  ...["keras_hub", "keras_nlp"].flatMap((root): [string, Library][] => [
    [root, hubNames],
    [`${root}.layers`, hubLayers],
  ]),
  ["tensorflow", tensorflowNames],
  ...["math", "linalg", "nn", "compat.v1"].map((name): [string, Library] => [
    `tensorflow.${name}`,
    tensorflowFunctions,
  ]),
  ["tensorflow.random", random],
  ["tensorflow.image", tensorflowImages],
];
