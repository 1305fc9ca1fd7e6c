/** TensorFlow: the functions that code with Keras layers uses beside them. */
import { binary, coordinate, numeral } from "../../graph/expressions";
import { tensors } from "../../graph/operations";
import { sizesOf, type Tensor } from "../../graph/tensor";
import { float, none, string, type Library, type Value } from "../values";
import { activationFunctions } from "./activations";
import { operation, view, type Call, type Operation } from "./call";
import { dtype, inert } from "./dtypes";
import { patchesOf } from "./images";
import { cast, dataDependent, keras, oneHot, permuted, pieces, shape, unit, unstacked } from "./kerasOps";
import { numpyFunctions } from "./numpy";
import { classValue } from "./objects";
import { condition, sharedFunctions, taken } from "./tensorFunctions";
import { isTensor, other, TensorState } from "./tensorState";
import { dtypeArgument, fromFront, opaqueOr, transposed } from "./tensorValue";
import { transparent } from "./torch";

const shared = (name: string): Operation => sharedFunctions.get(name)!;

function product(call: Call): Tensor {
  const side = (name: string, flag: string): Tensor => {
    const tensor = call.tensor(name);
    const turned = call.boolean(flag, false) || call.boolean(flag.replace("transpose", "adjoint"), false);
    return turned ? transposed(tensor, -2, -1, call.place) : tensor;
  };
  return tensors.matmul(side("a", "transpose_a"), side("b", "transpose_b"), call.place);
}

/** The band of a matrix: `lower` diagonals below the main one and `upper` above it, all where negative. */
function band(call: Call): Tensor {
  const tensor = call.tensor("input");
  if (tensor.content.kind === "opaque") return tensor;
  const rank = tensor.axes.length;
  if (rank < 2) throw call.not("of a vector");
  const sizes = sizesOf(tensor);
  const pair = sizes.slice(-2);
  const distance = binary("-", coordinate(1), coordinate(0), pair);
  const [lower, upper] = [call.int("num_lower"), call.int("num_upper")];
  const below = lower < 0 ? numeral(1) : binary(">=", distance, numeral(-lower), pair);
  const above = upper < 0 ? numeral(1) : binary("<=", distance, numeral(upper), pair);
  const inside = tensors.constant(pair, binary("and", below, above, pair), "bool", call.place, other);
  const { content } = tensor;
  if (content.kind === "constant" && content.element.kind === "number" && content.element.value === 1)
    return tensors.convert(tensors.expand(inside, sizes, call.place), tensor.dtype);
  return tensors.where(inside, tensor, 0, call.place);
}

function range(call: Call): Tensor {
  const two = call.has("limit");
  const stop = call.number(two ? "limit" : "start");
  const made = tensors.arange(two ? call.number("start") : 0, stop, call.number("delta", 1), call.place);
  const kind = dtypeArgument(call);
  return kind ? tensors.convert(made, kind) : made;
}

function split(call: Call): Tensor[] {
  const how = call.needed("num_or_size_splits");
  const tensor = call.tensor("input");
  if (how.kind === "int") return pieces(tensor, how.value, call.int("dim", 0), call.place);
  if (tensor.content.kind === "opaque") throw call.not("of what is not understood");
  return tensors.split(tensor, call.ints("num_or_size_splits"), fromFront(call.int("dim", 0), tensor.axes.length), call.place); // prettier-ignore
}

const constant = operation("input dtype shape", (call) => {
  const made = tensors.convert(call.tensor("input"), dtypeArgument(call) ?? call.tensor("input").dtype);
  if (!call.has("shape")) return made;
  const sizes = call.ints("shape");
  return made.axes.length === 0 ? tensors.expand(made, sizes, call.place) : tensors.reshape(made, sizes, call.place);
});

const filled = (value: number): Operation =>
  operation("shape dtype", (call) => tensors.full(call.ints("shape"), value, dtypeArgument(call) ?? "float", call.place)); // prettier-ignore

const operations = new Map<string, Operation>([
  ...numpyFunctions,
  ...activationFunctions(),
  ["matmul", operation("a b transpose_a transpose_b adjoint_a adjoint_b", product)],
  ["transpose", view("input perm", (call) => permuted(call, "perm"))],
  ["range", operation("start limit delta dtype", range)],
  ["cast", cast],
  ["convert_to_tensor", cast],
  ["constant", constant],
  ["identity", operation("input", (call) => call.tensor("input"))],
  ["stop_gradient", operation("input", (call) => call.tensor("input"))],
  ["shape", shape],
  ["reshape", operation("tensor shape", (call) => tensors.reshape(call.tensor("tensor"), call.ints("shape"), call.place))], // prettier-ignore
  ["concat", operation("values dim", (call) => joined(call))],
  ["stack", operation("values dim", (call) => tensors.stack(call.tensors("values"), fromFront(call.int("dim", 0), (call.tensors("values")[0]?.axes.length ?? 0) + 1), call.place))], // prettier-ignore
  ["unstack", operation("input num dim", unstacked)],
  ["split", operation("input num_or_size_splits dim num", split)],
  ["tile", operation("input multiples", (call) => tensors.repeat(call.tensor("input"), call.ints("multiples"), call.place))], // prettier-ignore
  ["broadcast_to", operation("input shape", (call) => tensors.expand(call.tensor("input"), call.ints("shape"), call.place))], // prettier-ignore
  ["ones", filled(1)],
  ["zeros", filled(0)],
  ["fill", operation("dims value", (call) => tensors.full(call.ints("dims"), call.number("value"), call.needed("value").kind === "int" ? "int" : "float", call.place))], // prettier-ignore
  ["eye", operation("num_rows num_columns batch_shape dtype", (call) => tensors.convert(tensors.eye(call.int("num_rows"), call.int("num_columns", call.int("num_rows")), call.place), dtypeArgument(call) ?? "float"))], // prettier-ignore
  ["one_hot", operation("input depth on_value off_value dim dtype", (call) => oneHot(call, call.int("depth")))],
  ["gather", operation("input indices validate_indices dim batch_dims", (call) => taken(call.tensor("input"), call.int("dim", 0), call.tensor("indices"), call.place))], // prettier-ignore
  ["softmax", operation("input dim", (call) => tensors.softmax(call.tensor("input"), call.int("dim", -1), call.place))],
  ["reduce_sum", shared("sum")],
  ["reduce_mean", shared("mean")],
  ["reduce_max", shared("amax")],
  ["reduce_min", shared("amin")],
  ["reduce_variance", shared("var")],
  ["reduce_any", shared("any")],
  ["reduce_all", shared("all")],
  ["pow", shared("power")],
  ["floordiv", shared("floor_divide")],
  ["floormod", shared("mod")],
  ["greater", shared("greater")],
  ["scalar_mul", operation("scalar input", (call) => tensors.binary("*", call.operand("scalar"), call.tensor("input"), call.place))], // prettier-ignore
  ["where", operation("condition input other", (call) => (call.has("input") ? tensors.where(condition(call.tensor("condition"), call), call.operand("input"), call.operand("other"), call.place) : tensors.opaque("`tf.where` of a condition alone", call.place)))], // prettier-ignore
  ["band_part", operation("input num_lower num_upper", band)],
  ["set_diag", dataDependent("input diagonal")],
  ["l2_normalize", operation("input dim", (call) => unit(call, 2))],
  ["bias_add", operation("input bias", (call) => tensors.binary("+", call.tensor("input"), call.tensor("bias"), call.place))], // prettier-ignore
  ["dropout", operation("input rate", (call) => call.tensor("input"))],
  ["ensure_shape", operation("input shape", (call) => call.tensor("input"))],
]);

function joined(call: Call): Tensor {
  const parts = call.tensors("values");
  const lost = parts.find((part) => part.content.kind === "opaque");
  return lost ?? tensors.concatenate(parts, fromFront(call.int("dim", 0), parts[0]?.axes.length ?? 0), call.place);
}

/** `tf.Variable(start, trainable=...)`. */
const variable = operation("input trainable dtype shape", (call) => {
  const state = TensorState.parameter(call.tensor("input"), call.boolean("trainable", true), call.place);
  return { kind: "native", type: keras.type, data: state };
});

const functions = new Map<string, Value>(
  [...operations].map(([name, of]): [string, Value] => [name, keras.function(`tf.${name}`, of)]),
);

const values = new Map<string, Value>([
  ...functions,
  ["Variable", keras.function("tf.Variable", variable)],
  ["newaxis", none],
  ["Tensor", classValue("tf.Tensor", (_args, { place }) => keras.wrap(tensors.opaque("`tf.Tensor`", place)), (value) => (value.kind === "unknown" ? undefined : isTensor(value)))], // prettier-ignore
  ["function", transparent("tf.function")],
  ["pi", float(Math.PI)],
  ["__version__", string("2.16")],
  ...["GradientTape", "TensorSpec", "TensorShape", "name_scope", "device", "data", "random_seed", "io", "train", "config", "distribute", "debugging", "summary", "saved_model", "initializers", "executing_eagerly"].map((name): [string, Value] => [name, inert]), // prettier-ignore
]);

export const tensorflowNames: Library = (name) => values.get(name) ?? dtype(name);

/** `tf.math`, `tf.linalg`, `tf.nn`: the functions are those of `tf` or have names of their own. */
export const tensorflowFunctions: Library = (name) => functions.get(name);

/** Sizes and strides have the batch and the channels too. */
const patches = operation("images sizes strides rates padding", (call) => {
  const tensor = call.tensor("images");
  const inner = (name: string): number[] => call.ints(name).slice(1, 3);
  return patchesOf(tensor, inner("sizes"), inner("strides"), call.place) ?? opaqueOr(tensor, "patches of what is no image", call.place); // prettier-ignore
});

/** `tf.image`. */
export const tensorflowImages: Library = (name) =>
  name === "extract_patches" ? keras.function("tf.image.extract_patches", patches) : undefined;
