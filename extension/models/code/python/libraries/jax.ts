/** JAX: arrays, `jax.numpy`, `jax.nn`, and what else of `jax` models use. */
import { tensors } from "../../graph/operations";
import { sizesOf, type Tensor } from "../../graph/tensor";
import { float, int, nativeFunction, none, tuple, unknown, type Library, type Native, type NativeType, type Value } from "../values"; // prettier-ignore
import { activationFunctions } from "./activations";
import { NotUnderstood, operation, view, type Call, type Operation } from "./call";
import { dtype, finfo, iinfo, inert } from "./dtypes";
import { registerFamily } from "./einops";
import { cast, dataDependent, normalised, oneHot, permuted } from "./kerasOps";
import { lostName } from "./layers";
import { bothMasks, keptPairs, tokensFirst, windowMask } from "./multiHead";
import { numpyFunctions, numpyMethods } from "./numpy";
import { classValue } from "./objects";
import { condition, flattened, randomTensor, sharedFunctions, taken } from "./tensorFunctions";
import { asTensor, isTensor, tensorOf, type TensorNative } from "./tensorState";
import { dtypeArgument, fromFront, opaqueOr, tensorFamily, toIndices, transposed } from "./tensorValue";
import { transparent } from "./torch";

// ------------------------------------------------------------------------------------------------------------- arrays

/** `x.at[indices].set(value)` and its like: a new array. */
const updateType: NativeType = {
  name: "`.at` of an array",
  item: (self, index) => ({ kind: "native", type: indexedType, data: { array: self.data as TensorNative, index } }),
};
interface Indexed {
  array: TensorNative;
  index: Value;
}
const indexedType: NativeType = {
  name: "a part of an array",
  attribute: ({ data }, name) =>
    nativeFunction(`.at[...].${name}`, (args, { place }) => {
      const { array, index } = data as Indexed;
      const [given] = args.positional;
      const of = tensorOf(array);
      try {
        const indices = toIndices(index, place);
        if (name === "get") return jax.wrap(tensors.index(of, indices, place));
        const value = given && (given.kind === "int" || given.kind === "float" ? given.value : asTensor(given, place));
        if (name === "set" && value !== undefined) return jax.wrap(tensors.assign(of, indices, value, place));
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error;
        return jax.wrap(tensors.opaque(error.reason, error.place));
      }
      return jax.wrap(opaqueOr(of, `\`.at[...].${name}\` is not understood`, place));
    }),
};

const methods = new Map<string, Operation>([
  ...numpyMethods,
  ["astype", cast],
  ["block_until_ready", operation("input", (call) => call.tensor("input"))],
  ["split", numpyFunctions.get("split")!],
]);

export const jax = tensorFamily({
  name: "an array",
  prefix: "Array",
  methods,
  underscores: false,
  mutable: false,
  attributes: (self, name, { place }) => {
    switch (name) {
      case "at":
        return { kind: "native", type: updateType, data: self };
      case "size":
        return int(sizesOf(tensorOf(self)).reduce((a, b) => a * b, 1), place); // prettier-ignore
      // What a parameter of Flax holds.
      case "value":
      case "raw_value":
        return self;
      default:
        return undefined;
    }
  },
});
registerFamily(jax);

// ----------------------------------------------------------------------------------------------------------- functions

const shared = (name: string): Operation => sharedFunctions.get(name)!;

const numpyOperations = new Map<string, Operation>([
  ...numpyFunctions,
  ["array", operation("data dtype ndmin", (call) => converted(call, call.tensor("data")))],
  ["transpose", view("input dims", (call) => permuted(call, "dims"))],
  ["permute_dims", view("input dims", (call) => permuted(call, "dims"))],
  ["matrix_transpose", view("input", (call) => transposed(call.tensor("input"), -2, -1, call.place))],
  ["reshape", operation("input shape", (call) => tensors.reshape(call.tensor("input"), call.ints("shape"), call.place))], // prettier-ignore
  ["broadcast_to", operation("input shape", (call) => tensors.expand(call.tensor("input"), call.ints("shape"), call.place))], // prettier-ignore
  ["take", operation("input indices dim mode", (call) => taken(call.has("dim") ? call.tensor("input") : flattened(call.tensor("input"), 0, -1, call.place), call.int("dim", 0), call.tensor("indices"), call.place))], // prettier-ignore
  ["concat", shared("concatenate")],
  ["pow", shared("power")],
  ["astype", cast],
  ["sort", dataDependent("input dim")],
  ["argsort", dataDependent("input dim")],
]);

function converted(call: Call, tensor: Tensor): Tensor {
  const kind = dtypeArgument(call);
  return kind ? tensors.convert(tensor, kind) : tensor;
}

const numpyValues = new Map<string, Value>([
  ...[...numpyOperations].map(([name, of]): [string, Value] => [name, jax.function(`jnp.${name}`, of)]),
  ["newaxis", none],
  ["inf", float(Infinity)],
  ["nan", float(NaN)],
  ["pi", float(Math.PI)],
  ["e", float(Math.E)],
  ["finfo", finfo()],
  ["iinfo", iinfo()],
  [
    "ndim",
    jax.function(
      "jnp.ndim",
      operation("input", (call) => int(call.tensor("input").axes.length, call.place)),
    ),
  ],
  ["shape", jax.function("jnp.shape", operation("input", (call) => tuple(sizesOf(call.tensor("input")).map((size) => int(size, call.place)))))], // prettier-ignore
  ["ndarray", classValue("jnp.ndarray", (_args, { place }) => jax.wrap(tensors.opaque("`jnp.ndarray`", place)), (value) => (value.kind === "unknown" ? undefined : isTensor(value)))], // prettier-ignore
]);

const jaxNumpy: Library = (name) => numpyValues.get(name) ?? dtype(name) ?? lostName(`jnp.${name}`, jax);

/** `jax.nn.dot_product_attention`: (batch, token, head, features), also without the batch. */
function dotProductAttention(call: Call): Tensor {
  for (const name of ["query_seq_lengths", "key_value_seq_lengths"]) if (call.has(name)) throw call.not(`with \`${name}\``); // prettier-ignore
  const inputs = { query: call.tensor("query"), key: call.tensor("key"), value: call.tensor("value") };
  const given = call.optionalTensor("mask");
  const bias = call.optionalTensor("bias");
  let mask = given && keptPairs(given, call.place);
  if (call.has("local_window_size") && inputs.query.content.kind !== "opaque" && inputs.key.content.kind !== "opaque") {
    const [left, right = left] = call.ints("local_window_size");
    const [queries, keys] = [inputs.query, inputs.key].map((tensor) => sizesOf(tensor).at(-3) ?? 1);
    mask = bothMasks(mask, windowMask(queries, keys, left, right, call.placeOf("local_window_size")), call.place);
  }
  if (mask && bias) throw call.not("with a mask and a bias");
  const causal = call.boolean("is_causal", false) ? { argument: call.placeOf("is_causal") } : undefined;
  return tokensFirst(inputs, { mask: mask ?? bias, causal }, call.place);
}

/** Half of the features gated by the sigmoid of the others. */
function glu(call: Call): Tensor {
  const tensor = call.tensor("input");
  if (tensor.content.kind === "opaque") return tensor;
  const axis = fromFront(call.int("dim", -1), tensor.axes.length);
  const half = sizesOf(tensor)[axis] / 2;
  if (!Number.isInteger(half)) throw call.not("of an odd number of features");
  const [left, right] = tensors.split(tensor, [half, half], axis, call.place);
  return tensors.binary("*", left, tensors.activation(right, "sigmoid", call.place), call.place);
}

export const nnOperations = new Map<string, Operation>([
  ...activationFunctions(),
  ["softmax", operation("input dim where initial", (call) => softmax(call))],
  ["dot_product_attention", operation("query key value bias mask scale is_causal query_seq_lengths key_value_seq_lengths local_window_size implementation", dotProductAttention)], // prettier-ignore
  ["one_hot", operation("input num_classes dtype dim", (call) => oneHot(call, call.int("num_classes")))],
  ["glu", operation("input dim", glu)],
  ["standardize", operation("input dim", (call) => normalised(call, "layer"))],
]);

function softmax(call: Call): Tensor {
  const where = call.optionalTensor("where");
  const scores = call.tensor("input");
  const kept = where && condition(where, call);
  const masked = kept ? tensors.maskedFill(scores, tensors.unary("not", kept, call.place), -Infinity, call.place) : scores; // prettier-ignore
  return tensors.softmax(masked, call.int("dim", -1), call.place);
}

/** What an initializer is: a function of a key and a shape. */
export const initializers: Library = (name) => {
  const filled = { zeros: 0, ones: 1 }[name];
  const start = (value: number | undefined): Native =>
    jax.function(
      `initializers.${name}`,
      operation(
        "key shape dtype",
        (call) =>
        value === undefined ? randomTensor(call.ints("shape"), call.place) : tensors.full(call.ints("shape"), value, "float", call.place), // prettier-ignore
      ),
    );
  if (filled !== undefined) return start(filled);
  return nativeFunction(`initializers.${name}`, (args) => {
    const [first] = args.positional;
    const known = name === "zeros_init" ? 0 : name === "ones_init" ? 1 : name === "constant" && (first?.kind === "int" || first?.kind === "float") ? first.value : undefined; // prettier-ignore
    return start(known);
  });
};

const nnValues = new Map<string, Value>(
  [...nnOperations].map(([name, of]): [string, Value] => [name, jax.function(`jax.nn.${name}`, of)]),
);
const jaxNn: Library = (name) => nnValues.get(name) ?? lostName(`jax.nn.${name}`, jax);

/** Numbers drawn with a key: always the same ones, unless the key is new at every call. */
const freshType: NativeType = {
  name: "a key of random numbers that is new at every call",
  item: (self) => self,
  iterate: (self) => [self, self, self, self],
};
export const freshKey: Native = { kind: "native", type: freshType, data: undefined };

const random: Library = (name) => {
  if (["PRNGKey", "key", "fold_in", "key_data", "wrap_key_data"].includes(name))
    return nativeFunction(`jax.random.${name}`, (args) => (args.positional[0] === freshKey ? freshKey : inert));
  if (name === "split")
    return nativeFunction("jax.random.split", (args, { place }) => {
      const [key, count] = args.positional;
      const given = count ?? args.named.get("num") ?? int(2, place);
      const value = key === freshKey ? freshKey : inert;
      return given.kind === "int" && given.value <= 4096 ? { kind: "list", items: Array.from({ length: given.value }, () => value) } : value; // prettier-ignore
    });
  return jax.function(
    `jax.random.${name}`,
    operation("key *rest shape dtype minval maxval p a loc scale", (call) => {
      if (call.value("key") === freshKey) return tensors.opaque(`\`${call.name}\` draws new numbers at each call`, call.place); // prettier-ignore
      const shape = call.value("shape") ?? call.rest.find((value) => value.kind === "tuple" || value.kind === "list");
      if (!shape) throw call.not("without a shape");
      return randomTensor(call.items(shape).map((size) => call.toInt(size)), call.place); // prettier-ignore
    }),
  );
};

const laxOperations = new Map<string, Operation>([
  ["rsqrt", shared("rsqrt")],
  ["stop_gradient", operation("input", (call) => call.tensor("input"))],
  ["select", operation("condition input other", (call) => shared("where").run(call))],
  ["max", shared("maximum")],
  ["min", shared("minimum")],
  ["exp", shared("exp")],
  ["tanh", shared("tanh")],
  ["sqrt", shared("sqrt")],
  ["sin", shared("sin")],
  ["cos", shared("cos")],
  ["square", shared("square")],
  ["logistic", shared("sigmoid")],
  ["add", shared("add")],
  ["sub", shared("subtract")],
  ["mul", shared("multiply")],
  ["div", shared("divide")],
  ["transpose", numpyOperations.get("transpose")!],
  ["reshape", numpyOperations.get("reshape")!],
  ["expand_dims", shared("expand_dims")],
  ["broadcasted_iota", operation("dtype shape dimension", (call) => iota(call))],
  ["iota", operation("dtype size", (call) => tensors.arange(0, call.int("size"), 1, call.place))],
]);

/** The index along one axis, at every place. */
function iota(call: Call): Tensor {
  const sizes = call.ints("shape");
  const axis = call.int("dimension");
  const line = tensors.arange(0, sizes[axis], 1, call.place);
  const laid = tensors.reshape(line, sizes.map((size, i) => (i === axis ? size : 1)), call.place); // prettier-ignore
  return tensors.expand(laid, sizes, call.place);
}

const lax: Library = (name) => {
  const of = laxOperations.get(name);
  if (of) return jax.function(`jax.lax.${name}`, of);
  if (name === "Precision") return inert;
  if (name === "with_sharding_constraint")
    return nativeFunction(`jax.lax.${name}`, (args) => args.positional[0] ?? none);
  // A choice between two functions by a known condition.
  if (name === "cond")
    return nativeFunction("jax.lax.cond", (args, at) => {
      const [choice, yes, no, ...rest] = args.positional;
      const known = choice && at.interpreter.truth(choice);
      const chosen = known === undefined ? undefined : known ? yes : no;
      return chosen ? at.interpreter.callWith(chosen, rest, at.place) : unknown("`jax.lax.cond` of the data", at.place);
    });
  return lostName(`jax.lax.${name}`, jax);
};

/** A transformation of a function whose result is another function: what it computes is not followed. */
function transformation(name: string): Native {
  const type: NativeType = {
    name: `\`${name}\``,
    decorate: () => lostName(name, jax),
    call: () => lostName(name, jax),
  };
  return { kind: "native", type, data: undefined };
}

const jaxValues = new Map<string, Value>([
  ...["jit", "checkpoint", "remat", "named_call", "custom_vjp", "custom_jvp", "ensure_compile_time_eval", "named_scope"].map((name): [string, Value] => [name, transparent(`jax.${name}`)]), // prettier-ignore
  ...["vmap", "pmap", "grad", "value_and_grad", "vjp", "jvp", "eval_shape", "make_jaxpr"].map((name): [string, Value] => [name, transformation(`jax.${name}`)]), // prettier-ignore
  ["Array", numpyValues.get("ndarray")!],
  ["devices", inert],
  ["device_put", nativeFunction("jax.device_put", (args) => args.positional[0] ?? none)],
  ["config", inert],
  ["default_backend", inert],
  ["tree_map", unknownFunction("jax.tree_map")],
]);

function unknownFunction(name: string): Native {
  return nativeFunction(name, (_args, { place }) => unknown(`the result of \`${name}\``, place));
}

export const jaxLibraries: readonly [string, Library][] = [
  ["jax", (name) => jaxValues.get(name)],
  ["jax.numpy", jaxNumpy],
  ["jax.nn", jaxNn],
  ["jax.nn.initializers", initializers],
  ["jax.random", random],
  ["jax.lax", lax],
  ["jax.typing", () => inert],
  ["jax.sharding", () => inert],
  ["jax.experimental", () => undefined],
  ["jax.ad_checkpoint", (name) => (name === "checkpoint_name" ? nativeFunction(name, (args) => args.positional[0] ?? none) : name === "checkpoint" ? transparent("jax.checkpoint") : undefined)], // prettier-ignore
];
