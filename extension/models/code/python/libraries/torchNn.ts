/** PyTorch: the modules of `torch.nn`. */
import { tensors } from "../../graph/operations";
import type { Place } from "../../graph/nodes";
import { sizesOf, type Tensor } from "../../graph/tensor";
import type { ActivationName } from "../../../../theory/architecture/schema";
import { bool, int, list, nativeFunction, none, string, tuple, type Arguments, type At, type Library, type Native, type Value } from "../values"; // prettier-ignore
import { Call, operation, type Result } from "./call";
import { inert } from "./dtypes";
import { classValue } from "./objects";
import { parameterValue, torch } from "./torch";
import { activate, activations, gated, normalisesFeatures, scaledDotProduct } from "./torchFunctional";
import { baseSpec, copyOf, layerClass, type LayerClass, type LayerSpec, type Module } from "./torchModule";
import { flattened } from "./tensorFunctions";
import { asTensor, isTensor, numbersOf, tensorOf, type TensorNative } from "./tensorState";
import { fromFront, isImage, moved, opaqueOr } from "./tensorValue";

const classes = new Map<string, LayerClass>();
const values = new Map<string, Value>();

function define(name: string, spec: Omit<LayerSpec, "name">): void {
  const made = layerClass({ name: `nn.${name}`, ...spec });
  classes.set(name, made);
  values.set(name, made.value);
}

/** A module of the library that another one is made of. */
function create(
  name: string,
  given: Record<string, Value | undefined>,
  of: Call,
  places: Record<string, string> = {},
): Native {
  // prettier-ignore
  const named = new Map(Object.entries(given).flatMap(([key, value]): [string, Value][] => (value ? [[key, value]] : [])));
  const written = new Map([...named.keys()].map((key) => [key, of.placeOf(places[key] ?? key)]));
  const args: Arguments = { positional: [], named, place: of.place, places: { positional: [], named: written } };
  return classes.get(name)!.create(args, { place: of.place, interpreter: of.at.interpreter });
}

/** Calls a module or function that the module has; its place is the constructor's, which is where a person would look. */
const callPart = (module: Module, name: string, args: readonly Value[], at: At): Value =>
  at.interpreter.callWith(module.get(name), args, module.made.place);

const through = (callee: Value, value: Value, call: Call, place: Place): Value =>
  call.at.interpreter.callWith(callee, [value], place);

/** A parameter that a module has; `undefined` where it is not one, or None. */
const parameterOf = (module: Module, name: string): TensorNative | undefined => {
  const value = module.get(name);
  return isTensor(value) ? value : undefined;
};

const parameter = (sizes: readonly number[], call: Call): TensorNative =>
  parameterValue(tensors.parameter(sizes, true, call.place), true, call.at);

// -------------------------------------------------------------------------------------------------------------- linear

/** Modules whose weight another module has too. */
const owners = new WeakMap<object, Module>();

function own(module: Module, name: string, weight: TensorNative | undefined): void {
  module.attributes.set(name, weight ?? none);
  if (weight) owners.set(weight.data, module);
}

/** Why a weight is not one that the module has for itself; an embedding may share its table. */
function sharedWeight(module: Module, weight: TensorNative): string | undefined {
  const owner = owners.get(weight.data);
  if (!owner || owner === module) return undefined;
  return [owner, module].some(({ spec }) => spec.name === "nn.Embedding")
    ? undefined
    : "a weight that several layers share";
}

function linearLayer(tensor: Tensor, module: Module, names: { weight: string; bias: string }, place: Place): Tensor {
  const weight = parameterOf(module, names.weight);
  const bias = parameterOf(module, names.bias);
  const made = module.made;
  const value = module.get(names.weight);
  if (!weight) {
    const known = asTensor(value, place);
    return known ? opaqueOr(known, "a linear layer without weights", place) : tensors.opaque("a linear layer without weights", place); // prettier-ignore
  }
  const matrix = tensorOf(weight);
  const shared = sharedWeight(module, weight);
  if (shared) return tensors.opaque(shared, place);
  if (matrix.content.kind !== "parameter") {
    const product = tensors.matmul(tensor, tensors.permute(matrix, [1, 0], place), place);
    return bias ? tensors.binary("+", product, tensorOf(bias), place) : product;
  }
  const isTrained = matrix.content.trainable;
  const vector = bias && tensorOf(bias);
  const isBiasTrained = vector?.content.kind === "parameter" && vector.content.trainable;
  if (vector && isBiasTrained !== isTrained)
    return tensors.opaque("a linear layer of which the weight or the bias alone is trained", place);
  return tensors.linear(
    tensor,
    {
      width: sizesOf(matrix)[0],
      widthLiteral: literal(made, "out_features") ?? literal(made, "out_channels"),
      bias: bias !== undefined,
      biasPlace: made.has("bias") ? made.literalOf("bias") : made.place,
      frozen: !isTrained,
      weights: weight.data,
    },
    place,
  );
}

/** The literal that an argument's value is written as, if there is one. */
function literal(call: Call, name: string): Place | undefined {
  const value = call.value(name);
  return value && "literal" in value ? value.literal : undefined;
}

define("Linear", {
  signature: "in_features out_features bias",
  make: (call, module) => {
    const [from, to] = [call.int("in_features"), call.int("out_features")];
    module.attributes.set("in_features", call.needed("in_features"));
    module.attributes.set("out_features", call.needed("out_features"));
    own(module, "weight", parameter([to, from], call));
    own(module, "bias", call.boolean("bias", true) ? parameter([to], call) : undefined);
  },
  input: "input",
  forward: (call, module) => linearLayer(call.tensor("input"), module, { weight: "weight", bias: "bias" }, call.place),
});

define("LazyLinear", {
  signature: "out_features bias",
  make: (call, module) => {
    const to = call.int("out_features");
    module.attributes.set("out_features", call.needed("out_features"));
    own(module, "weight", parameter([to, to], call));
    own(module, "bias", call.boolean("bias", true) ? parameter([to], call) : undefined);
  },
  input: "input",
  forward: (call, module) => linearLayer(call.tensor("input"), module, { weight: "weight", bias: "bias" }, call.place),
});

// ---------------------------------------------------------------------------------------------------- of features alone

define("Identity", { signature: "*rest", make: () => undefined, input: "input *rest", forward: (call) => call.needed("input") }); // prettier-ignore

for (const name of ["Dropout", "Dropout1d", "Dropout2d", "AlphaDropout", "FeatureAlphaDropout"])
  define(name, {
    signature: "p inplace",
    make: (call, module) => module.attributes.set("p", call.value("p") ?? { kind: "float", value: 0.5 }),
    input: "input",
    forward: (call) => call.needed("input"),
  });

const activationLayers: [string, ActivationName, string][] = [
  ["ReLU", "relu", "inplace"],
  ["GELU", "gelu", "approximate"],
  ["SiLU", "silu", "inplace"],
  ["Tanh", "tanh", ""],
  ["Sigmoid", "sigmoid", ""],
  ["Softplus", "softplus", "beta threshold"],
  ["ELU", "elu", "alpha inplace"],
  ["LeakyReLU", "leaky-relu", "negative_slope inplace"],
  ["PReLU", "leaky-relu", "num_parameters init"],
  // The same but for factors, which the layers around it take in.
  ["SELU", "elu", "inplace"],
  ["CELU", "elu", "alpha inplace"],
];
for (const [name, activation, signature] of activationLayers)
  define(name, {
    signature,
    make: () => undefined,
    input: "input",
    forward: (call) => activate(call.tensor("input"), activation, call.place),
  });

define("GLU", {
  signature: "dim",
  make: () => undefined,
  input: "input",
  forward: (call, { made }) => gated(call.tensor("input"), made.int("dim", -1), call),
});

define("Softmax", {
  signature: "dim",
  make: (call, module) => module.attributes.set("dim", call.needed("dim")),
  input: "input",
  forward: (call, module) => tensors.softmax(call.tensor("input"), module.made.int("dim"), call.place),
});

function normLayer(name: string, kind: "layer" | "rms", signature: string): void {
  define(name, {
    signature,
    make: (call, module) => {
      const sizes = call.ints("normalized_shape");
      const affine = call.boolean("elementwise_affine", true);
      module.attributes.set("normalized_shape", tuple(sizes.map((size) => int(size, call.place))));
      module.attributes.set("weight", affine ? parameter(sizes, call) : none);
      if (kind === "layer")
        module.attributes.set("bias", affine && call.boolean("bias", true) ? parameter(sizes, call) : none);
    },
    input: "input",
    forward: (call, module) => {
      const tensor = call.tensor("input");
      if (!normalisesFeatures(tensor, module.made.ints("normalized_shape")))
        return tensors.opaque("a normalisation over several axes", call.place);
      return tensors.norm(tensor, kind, call.place);
    },
  });
}
normLayer("LayerNorm", "layer", "normalized_shape eps elementwise_affine bias");
normLayer("RMSNorm", "rms", "normalized_shape eps elementwise_affine");

define("Flatten", {
  signature: "start_dim end_dim",
  make: () => undefined,
  input: "input",
  forward: (call, { made }) => flattened(call.tensor("input"), made.int("start_dim", 1), made.int("end_dim", -1), call.place), // prettier-ignore
});

define("Unflatten", {
  signature: "dim unflattened_size",
  make: (call) => void [call.int("dim"), call.ints("unflattened_size")],
  input: "input",
  forward: (call, { made }) => {
    const tensor = call.tensor("input");
    if (tensor.content.kind === "opaque") return tensor;
    const sizes = sizesOf(tensor);
    const parts = made.ints("unflattened_size");
    return tensors.reshape(tensor, sizes.toSpliced(fromFront(made.int("dim"), sizes.length), 1, ...parts), call.place); // prettier-ignore
  },
});

// ----------------------------------------------------------------------------------------------------------- embeddings

const embeddingSpec: Omit<LayerSpec, "name"> = {
  signature: "num_embeddings embedding_dim padding_idx max_norm norm_type scale_grad_by_freq sparse _weight _freeze",
  make: (call, module) => {
    const [rows, width] = [call.int("num_embeddings"), call.int("embedding_dim")];
    for (const name of ["num_embeddings", "embedding_dim"]) module.attributes.set(name, call.needed(name));
    const start = call.optionalTensor("_weight") ?? tensors.parameter([rows, width], true, call.place);
    own(module, "weight", parameterValue(start, !call.boolean("_freeze", false), call.at));
  },
  input: "input",
  forward: (call, module) => {
    const weight = parameterOf(module, "weight");
    if (!weight) throw call.not("without a table");
    const [indices, table] = [call.tensor("input"), tensorOf(weight)];
    if (table.content.kind !== "parameter")
      return tensors.index(table, [{ kind: "tensor", tensor: indices }], call.place);
    const [rows, width] = sizesOf(table);
    const { trainable } = table.content;
    return tensors.embedding({ rows, width, trainable, widthLiteral: literal(module.made, "embedding_dim") }, indices, call.place); // prettier-ignore
  },
  static: {
    from_pretrained: (args, at) => {
      const call = new Call("nn.Embedding.from_pretrained", "embeddings freeze padding_idx", args, at);
      const table = asTensor(call.needed("embeddings"), call.place);
      const [rows, width] = table ? sizesOf(table) : [];
      if (!table || width === undefined) throw call.not("of these arguments");
      const given = { num_embeddings: int(rows, call.place), embedding_dim: int(width, call.place), _weight: torch.wrap(table), _freeze: bool(call.boolean("freeze", true)) }; // prettier-ignore
      return create("Embedding", given, call);
    },
  },
};
define("Embedding", embeddingSpec);

// ----------------------------------------------------------------------------------------------------------- containers

/** Modules given one by one, or as an OrderedDict. */
function fill(call: Call, module: Module): void {
  const [first] = call.rest;
  if (call.rest.length === 1 && first?.kind === "dict") {
    for (const [name, value] of first.entries) if (typeof name === "string") module.attributes.set(name, value);
  } else for (const [i, value] of call.rest.entries()) module.attributes.set(String(i), value);
}

define("Sequential", {
  signature: "*modules",
  make: fill,
  input: "input",
  container: "list",
  forward: (call, module) => {
    let value = call.needed("input");
    for (const item of module.attributes.values()) value = through(item, value, call, call.place);
    return value;
  },
});

/** Items given as one list, or one dict. */
function container(
  name: string,
  kind: "list" | "dict",
  keeps: (value: Value, call: Call) => Value = (value) => value,
): void {
  // prettier-ignore
  define(name, {
    signature: "items",
    make: (call, module) => {
      const items = call.value("items");
      if (items?.kind === "dict") {
        for (const [key, value] of items.entries)
          if (typeof key === "string") module.attributes.set(key, keeps(value, call));
      } else if (items) {
        for (const [i, value] of call.items(items).entries()) {
          const pair = kind === "dict" && value.kind === "tuple" && value.items.length === 2 ? value.items : undefined;
          if (pair?.[0].kind === "string") module.attributes.set(pair[0].value, keeps(pair[1], call));
          else module.attributes.set(String(i), keeps(value, call));
        }
      }
    },
    input: "*rest",
    forward: (call) => {
      throw call.not("called");
    },
    container: kind,
  });
}
container("ModuleList", "list");
container("ModuleDict", "dict");
const asParameter = (value: Value, call: Call): Value =>
  isTensor(value) && !value.data.isParameter ? parameterValue(tensorOf(value), true, call.at) : value;
container("ParameterList", "list", asParameter);
container("ParameterDict", "dict", asParameter);

// --------------------------------------------------------------------------------------------------------- convolutions

for (const name of ["Conv1d", "Conv2d", "Conv3d"])
  define(name, {
    signature: "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode",
    make: (call, module) => {
      const channels = [call.int("out_channels"), call.int("in_channels")];
      own(module, "weight", parameter(channels, call));
      own(module, "bias", call.boolean("bias", true) ? parameter([channels[0]], call) : undefined);
    },
    input: "input",
    forward: (call, module) => convolved(call, module),
  });

/**
 * A kernel of one element is a linear map of every token; so is one as large as its stride, of every patch of an image. Of the others
 * nothing is known.
 */
function convolved(call: Call, module: Module): Tensor {
  const { made, spec } = module;
  const tensor = call.tensor("input");
  if (tensor.content.kind === "opaque") return tensor;
  const kernel = made.ints("kernel_size");
  const strides = made.has("stride") ? made.ints("stride") : [1];
  if (made.has("dilation") && made.ints("dilation").some((size) => size !== 1)) throw call.not("with `dilation`");
  const isPadded = made.has("padding") && !(made.needed("padding").kind === "int" && made.int("padding") === 0);
  const isPointwise = [...kernel, ...strides].every((size) => size === 1);
  const isPatch =
    spec.name === "nn.Conv2d" &&
    isImage(tensor) &&
    [0, 1].every((axis) => kernel[axis % kernel.length] === strides[axis % strides.length]);
  if (isPadded || made.int("groups", 1) !== 1 || !(isPointwise || isPatch))
    return tensors.opaque(`\`${spec.name}\` with this kernel is not understood`, call.place);
  const channels = spec.name === "nn.Conv1d" ? 1 : spec.name === "nn.Conv2d" ? 2 : 3;
  const axis = tensor.axes.length - 1 - channels;
  if (axis < 0) throw call.not("of these arguments");
  const mapped = linearLayer(
    moved(tensor, axis, -1, call.place),
    module,
    { weight: "weight", bias: "bias" },
    call.place,
  );
  return moved(mapped, -1, axis, call.place);
}

// ------------------------------------------------------------------------------------------------------------ attention

define("MultiheadAttention", {
  signature: "embed_dim num_heads dropout bias add_bias_kv add_zero_attn kdim vdim batch_first",
  make: (call, module) => {
    const width = call.int("embed_dim");
    const heads = call.int("num_heads");
    if (width % heads !== 0) throw call.not("with a width that its heads do not divide");
    for (const name of ["embed_dim", "num_heads"]) module.attributes.set(name, call.needed(name));
    module.attributes.set("head_dim", int(width / heads, call.place));
    module.attributes.set("batch_first", bool(call.boolean("batch_first", false)));
    const isBiased = call.boolean("bias", true);
    const [kdim, vdim] = [call.int("kdim", width), call.int("vdim", width)];
    if (kdim === width && vdim === width) module.attributes.set("in_proj_weight", parameter([3 * width, width], call));
    for (const [part, from] of [
      ["q", width],
      ["k", kdim],
      ["v", vdim],
    ] as const)
      // prettier-ignore
      if (kdim !== width || vdim !== width) module.attributes.set(`${part}_proj_weight`, parameter([width, from], call));
    module.attributes.set("in_proj_bias", isBiased ? parameter([3 * width], call) : none);
    module.attributes.set(
      "out_proj",
      create("Linear", { in_features: call.needed("embed_dim"), out_features: call.needed("embed_dim"), bias: call.value("bias") }, call, { in_features: "embed_dim", out_features: "embed_dim" }), // prettier-ignore
    );
  },
  input: "query key value key_padding_mask need_weights attn_mask average_attn_weights is_causal",
  forward: multihead,
});

/** The projection of queries, keys or values. */
function projected(tensor: Tensor, module: Module, part: "q" | "k" | "v", place: Place): Tensor {
  const { made } = module;
  const weight = parameterOf(module, "in_proj_weight") ?? parameterOf(module, `${part}_proj_weight`);
  const bias = parameterOf(module, "in_proj_bias");
  if (!weight) return tensors.opaque("attention without its projections", place);
  const { content } = tensorOf(weight);
  const biasContent = bias && tensorOf(bias).content;
  if (content.kind !== "parameter" || (biasContent && biasContent.kind !== "parameter"))
    return tensors.opaque("attention with fixed projections", place);
  if (biasContent && biasContent.trainable !== content.trainable)
    return tensors.opaque("attention of which weights or biases alone are trained", place);
  return tensors.linear(
    tensor,
    {
      width: made.int("embed_dim"),
      widthLiteral: literal(made, "embed_dim"),
      bias: bias !== undefined,
      biasPlace: made.has("bias") ? made.literalOf("bias") : made.place,
      frozen: !content.trainable,
    },
    place,
  );
}

function multihead(call: Call, module: Module): Result {
  const { made } = module;
  const heads = made.int("num_heads");
  if (made.boolean("add_bias_kv", false) || made.boolean("add_zero_attn", false))
    throw call.not("with `add_bias_kv` or `add_zero_attn`");
  const inputs = [call.tensor("query"), call.tensor("key"), call.tensor("value")];
  const opaque = inputs.find(({ content }) => content.kind === "opaque");
  if (opaque) return tuple([torch.wrap(opaque), none]);
  const batchFirst = call.at.interpreter.truth(module.get("batch_first")) ?? false;
  const flip = (tensor: Tensor): Tensor =>
    batchFirst || tensor.axes.length < 3 ? tensor : tensors.permute(tensor, [1, 0, 2], call.place);
  const [query, key, value] = inputs.map((tensor, i) =>
    projected(flip(tensor), module, (["q", "k", "v"] as const)[i], call.place),
  );
  const isHint = call.boolean("is_causal", false);
  const needsWeights = call.boolean("need_weights", true);
  const given = call.optionalTensor("attn_mask");
  if (isHint && !given) throw call.not("with `is_causal` and without `attn_mask`");
  const padded = call.optionalTensor("key_padding_mask");
  // Which tokens are padding only the data say; the others attend as they do without any.
  const padding = padded?.content.kind === "constant" ? padded : undefined;
  // Without weights and padding the hint is what counts, else the mask is.
  const isCausal = isHint && !needsWeights && !padded && given !== undefined && !isCausalMask(given);
  const mask = isCausal ? undefined : masksOf(call, given, padding, heads);
  const read = scaledDotProduct(
    query,
    key,
    value,
    {
      mask,
      ...(padded && !padding && { notes: [withoutPadding] }),
      causal: isCausal ? { argument: call.placeOf("is_causal") } : undefined,
      heads: { count: heads, place: literal(made, "num_heads") ?? made.placeOf("num_heads") },
    },
    call.place,
  );
  const result = call.at.interpreter.callWith(module.get("out_proj"), [torch.wrap(read)], call.place);
  const output = isTensor(result) ? flip(tensorOf(result)) : tensors.opaque("the projection of attention", call.place);
  const weights = needsWeights ? torch.wrap(tensors.opaque("the weights of attention", call.place)) : none;
  return tuple([torch.wrap(output), weights]);
}

const withoutPadding =
  "which tokens are padding depends on the data: the verdict is for samples without any, and pairs that a padding mask removes are read as they are without it";

/** The masks of a call together: where true or added; torch's conditions say what is left out. */
function masksOf(call: Call, mask: Tensor | undefined, padding: Tensor | undefined, heads: number): Tensor | undefined {
  const kept = (tensor: Tensor): Tensor =>
    tensor.dtype === "bool" ? tensors.unary("not", tensor, tensor.place) : tensor;
  let result = mask && kept(mask);
  if (result && result.content.kind !== "opaque" && result.axes.length === 3) {
    const [pairs, queries, keys] = sizesOf(result);
    result = tensors.reshape(result, [pairs / heads, heads, queries, keys], call.place);
  }
  if (!padding) return result;
  if (numbersOf(padding)?.every((value) => value === 0)) return result;
  const [batch, keys] = sizesOf(padding);
  const added = kept(tensors.reshape(padding, [batch, 1, 1, keys], call.place));
  if (!result) return added;
  if (result.dtype === "bool" && added.dtype === "bool") return tensors.binary("and", result, added, call.place);
  const asNumbers = (tensor: Tensor): Tensor =>
    tensor.dtype === "bool" ? tensors.where(tensor, 0, -Infinity, call.place) : tensor;
  return tensors.binary("+", asNumbers(result), asNumbers(added), call.place);
}

/** Whether a mask of torch.nn leaves out exactly the tokens after the query. */
function isCausalMask(mask: Tensor): boolean {
  const sizes = sizesOf(mask);
  const numbers = numbersOf(mask);
  if (!numbers || sizes.length !== 2 || sizes[0] !== sizes[1]) return false;
  const [left, kept] = mask.dtype === "bool" ? [1, 0] : [-Infinity, 0];
  return numbers.every((value, i) => value === (i % sizes[0] > Math.floor(i / sizes[0]) ? left : kept));
}

// ---------------------------------------------------------------------------------------------------------- transformer

const dropout = (call: Call): Native => create("Dropout", { p: call.value("dropout") ?? { kind: "float", value: 0.1 } }, call); // prettier-ignore

/** What encoder and decoder layers have alike. */
function makeLayer(call: Call, module: Module, attentions: readonly string[], norms: number): void {
  const width = call.needed("d_model");
  const bias = call.value("bias");
  for (const name of attentions)
    module.attributes.set(
      name,
      create("MultiheadAttention", { embed_dim: width, num_heads: call.needed("nhead"), bias, batch_first: call.value("batch_first") }, call, { embed_dim: "d_model", num_heads: "nhead" }), // prettier-ignore
    );
  const hidden: Value = call.value("dim_feedforward") ?? { kind: "int", value: 2048 };
  const linear = (from: Value, to: Value, width: string): Native =>
    create("Linear", { in_features: from, out_features: to, bias }, call, { out_features: width });
  module.attributes.set("linear1", linear(width, hidden, "dim_feedforward"));
  module.attributes.set("dropout", dropout(call));
  module.attributes.set("linear2", linear(hidden, width, "d_model"));
  for (let i = 1; i <= norms; i++) {
    module.attributes.set(`norm${i}`, create("LayerNorm", { normalized_shape: width, eps: call.value("layer_norm_eps"), bias }, call, { normalized_shape: "d_model" })); // prettier-ignore
    module.attributes.set(`dropout${i}`, dropout(call));
  }
  module.attributes.set("norm_first", bool(call.boolean("norm_first", false)));
  module.attributes.set("activation", activationOf(call));
}

function activationOf(call: Call): Value {
  const value = call.value("activation") ?? string("relu");
  if (value.kind !== "string") return value;
  const name = value.value === "relu" || value.value === "gelu" ? activations.get(value.value) : undefined;
  if (!name) throw call.not(`with this \`activation\``);
  return torch.function(
    `F.${name}`,
    operation("input", (inner) => activate(inner.tensor("input"), name, call.placeOf("activation"))),
  );
}

/** The layer's sublayers one after the other: each with its residual connection and its norm, before or after. */
function runLayer(module: Module, input: Value, sublayers: readonly ((value: Value) => Value)[], at: At): Value {
  const { place } = module.made;
  const first = at.interpreter.truth(module.get("norm_first")) ?? false;
  const add = (left: Value, right: Value): Value => at.interpreter.binary("+", left, right, place);
  return sublayers.reduce((value, run, i) => {
    const norm = (of: Value): Value => callPart(module, `norm${i + 1}`, [of], at);
    const drop = (of: Value): Value => callPart(module, `dropout${i + 1}`, [of], at);
    return first ? add(value, drop(run(norm(value)))) : norm(add(value, drop(run(value))));
  }, input);
}

function feedForward(module: Module, value: Value, at: At): Value {
  return ["linear1", "activation", "dropout", "linear2"].reduce((of, name) => callPart(module, name, [of], at), value);
}

/** Attention of a layer; the mask's place is that of the argument of the layer's call. */
function attend(
  module: Module,
  name: string,
  query: Value,
  memory: Value,
  masks: { mask: string; padding: string; causal: string },
  call: Call,
): Value {
  // prettier-ignore
  const named = new Map<string, Value>([["need_weights", bool(false)]]);
  const places = new Map<string, Place>();
  for (const [key, from] of [
    ["attn_mask", masks.mask],
    ["key_padding_mask", masks.padding],
    ["is_causal", masks.causal],
  ] as const) {
    // prettier-ignore
    const value = call.value(from);
    if (!value) continue;
    named.set(key, value);
    places.set(key, call.placeOf(from));
  }
  const { place } = module.made;
  const args: Arguments = { positional: [query, memory, memory], named, place, places: { positional: [], named: places } }; // prettier-ignore
  const result = call.at.interpreter.call(module.get(name), args, place);
  return call.at.interpreter.item(result, { kind: "int", value: 0 }, place);
}

define("TransformerEncoderLayer", {
  signature: "d_model nhead dim_feedforward dropout activation layer_norm_eps batch_first norm_first bias",
  make: (call, module) => makeLayer(call, module, ["self_attn"], 2),
  input: "src src_mask src_key_padding_mask is_causal",
  forward: (call, module) => {
    const masks = { mask: "src_mask", padding: "src_key_padding_mask", causal: "is_causal" };
    return runLayer(
      module,
      call.needed("src"),
      [
        (value) => attend(module, "self_attn", value, value, masks, call),
        (value) => feedForward(module, value, call.at),
      ],
      call.at,
    );
  },
});

define("TransformerDecoderLayer", {
  signature: "d_model nhead dim_feedforward dropout activation layer_norm_eps batch_first norm_first bias",
  make: (call, module) => makeLayer(call, module, ["self_attn", "multihead_attn"], 3),
  input: "tgt memory tgt_mask memory_mask tgt_key_padding_mask memory_key_padding_mask tgt_is_causal memory_is_causal",
  forward: (call, module) => {
    const own = { mask: "tgt_mask", padding: "tgt_key_padding_mask", causal: "tgt_is_causal" };
    const cross = { mask: "memory_mask", padding: "memory_key_padding_mask", causal: "memory_is_causal" };
    return runLayer(
      module,
      call.needed("tgt"),
      [
        (value) => attend(module, "self_attn", value, value, own, call),
        (value) => attend(module, "multihead_attn", value, call.needed("memory"), cross, call),
        (value) => feedForward(module, value, call.at),
      ],
      call.at,
    );
  },
});

/** Copies of a layer in a list, as `nn.TransformerEncoder` makes them. */
function makeStack(call: Call, module: Module, layer: string): void {
  const item = call.needed(layer);
  const copies = Array.from({ length: call.int("num_layers") }, () => copyOf(item));
  module.attributes.set("layers", create("ModuleList", { items: list(copies) }, call, { items: layer }));
  module.attributes.set("num_layers", call.needed("num_layers"));
  module.attributes.set("norm", call.value("norm") ?? none);
}

/** Every layer in turn, called with the arguments of the stack under the layer's names of them, then the last norm. */
function runStack(call: Call, module: Module, input: string, passed: Record<string, string>, memory?: string): Value {
  const { interpreter } = call.at;
  let value = call.needed(input);
  const layers = interpreter.iterate(module.get("layers"), call.place);
  if (!layers) throw call.not("with these layers");
  for (const layer of layers) {
    const named = new Map<string, Value>();
    const places = new Map<string, Place>();
    for (const [name, from] of Object.entries(passed)) {
      const argument = call.value(from);
      if (!argument) continue;
      named.set(name, argument);
      places.set(name, call.placeOf(from));
    }
    const values = memory === undefined ? [value] : [value, call.needed(memory)];
    const args: Arguments = { positional: values, named, place: call.place, places: { positional: [], named: places } };
    value = interpreter.call(layer, args, call.place);
  }
  const norm = module.get("norm");
  return norm.kind === "none" ? value : interpreter.callWith(norm, [value], module.made.place);
}

define("TransformerEncoder", {
  signature: "encoder_layer num_layers norm enable_nested_tensor mask_check",
  make: (call, module) => makeStack(call, module, "encoder_layer"),
  input: "src mask src_key_padding_mask is_causal",
  forward: (call, module) =>
    runStack(call, module, "src", { src_mask: "mask", src_key_padding_mask: "src_key_padding_mask", is_causal: "is_causal" }), // prettier-ignore
});

const decoderInputs =
  "tgt_mask memory_mask tgt_key_padding_mask memory_key_padding_mask tgt_is_causal memory_is_causal";
define("TransformerDecoder", {
  signature: "decoder_layer num_layers norm",
  make: (call, module) => makeStack(call, module, "decoder_layer"),
  input: `tgt memory ${decoderInputs}`,
  forward: (call, module) =>
    runStack(call, module, "tgt", Object.fromEntries(decoderInputs.split(" ").map((name) => [name, name])), "memory"),
});

const causalMask = operation("sz", (call) => {
  const size = call.int("sz");
  return tensors.triangle(tensors.full([size, size], -Infinity, "float", call.place), "upper", 1, call.place);
});
const causalMaskOf = (args: Arguments, at: At): Value =>
  torch.run("nn.Transformer.generate_square_subsequent_mask", causalMask, args, at);

define("Transformer", {
  signature:
    "d_model nhead num_encoder_layers num_decoder_layers dim_feedforward dropout activation custom_encoder custom_decoder layer_norm_eps batch_first norm_first bias",
  make: (call, module) => {
    const width: Value = call.value("d_model") ?? { kind: "int", value: 512 };
    const heads: Value = call.value("nhead") ?? { kind: "int", value: 8 };
    const options = Object.fromEntries(
      ["dim_feedforward", "dropout", "activation", "layer_norm_eps", "batch_first", "norm_first", "bias"].map(
        (name): [string, Value | undefined] => [name, call.value(name)],
      ),
    );
    for (const part of ["encoder", "decoder"] as const) {
      const custom = call.value(`custom_${part}`);
      const Part = part === "encoder" ? "Encoder" : "Decoder";
      const layer = custom ?? create(`Transformer${Part}Layer`, { d_model: width, nhead: heads, ...options }, call);
      const norm = create("LayerNorm", { normalized_shape: width, eps: call.value("layer_norm_eps"), bias: call.value("bias") }, call, { normalized_shape: "d_model" }); // prettier-ignore
      const count: Value = call.value(`num_${part}_layers`) ?? { kind: "int", value: 6 };
      module.attributes.set(
        part,
        custom ?? create(`Transformer${Part}`, { [`${part}_layer`]: layer, num_layers: count, norm }, call, { num_layers: `num_${part}_layers` }), // prettier-ignore
      );
    }
    module.attributes.set("d_model", width);
    module.attributes.set("nhead", heads);
    module.attributes.set("batch_first", bool(call.boolean("batch_first", false)));
  },
  input:
    "src tgt src_mask tgt_mask memory_mask src_key_padding_mask tgt_key_padding_mask memory_key_padding_mask src_is_causal tgt_is_causal memory_is_causal",
  forward: (call, module) => {
    const run = (part: string, values: readonly Value[], passed: Record<string, string>): Value => {
      const given = Object.entries(passed).flatMap(([name, from]): [string, Value, Place][] => {
        const value = call.value(from);
        return value ? [[name, value, call.placeOf(from)]] : [];
      });
      const named = new Map(given.map(([name, value]) => [name, value]));
      const places = new Map(given.map(([name, , place]) => [name, place]));
      const args: Arguments = { positional: values, named, place: call.place, places: { positional: [], named: places } }; // prettier-ignore
      return call.at.interpreter.call(module.get(part), args, call.place);
    };
    const memory = run("encoder", [call.needed("src")], {
      mask: "src_mask",
      src_key_padding_mask: "src_key_padding_mask",
      is_causal: "src_is_causal",
    });
    const inputs = Object.fromEntries(decoderInputs.split(" ").map((name) => [name, name]));
    return run("decoder", [call.needed("tgt"), memory], inputs);
  },
  methods: { generate_square_subsequent_mask: (_self, _module, args, at) => causalMaskOf(args, at) },
  static: { generate_square_subsequent_mask: causalMaskOf },
});

// --------------------------------------------------------------------------------------------------------------- others

const moduleBase = layerClass(baseSpec);
values.set("Module", moduleBase.value);

values.set(
  "Parameter",
  classValue(
    "nn.Parameter",
    (args, at) => {
      const make = operation("data requires_grad", (call) =>
        parameterValue(call.tensor("data"), call.boolean("requires_grad", true), at),
      );
      return torch.run("nn.Parameter", make, args, at);
    },
    (value) => (value.kind === "unknown" ? undefined : isTensor(value) && value.data.isParameter),
  ),
);
values.set(
  "Buffer",
  torch.function(
    "nn.Buffer",
    operation("data persistent", (call) => call.tensor("data")),
  ),
);
values.set(
  "DataParallel",
  nativeFunction("nn.DataParallel", (args) => args.positional[0] ?? args.named.get("module") ?? none),
);

/** The names of `torch.nn` that are not modules of the package. */
export const nnNames: Library = (name) => values.get(name);

/** `torch.nn.init`: what a parameter starts with, which counts where it is not trained. */
export const initNames: Library = (name) => {
  if (!name.endsWith("_") && name !== "calculate_gain") return undefined;
  return nativeFunction(`nn.init.${name}`, (args, at) => {
    const [tensor, ...rest] = args.positional;
    const target = tensor ?? args.named.get("tensor");
    if (!target || !isTensor(target)) return target ?? none;
    const value = tensorOf(target);
    if (value.content.kind === "opaque") return target;
    const fill = { zeros_: 0, ones_: 1 }[name] ?? filledWith(name, rest[0] ?? args.named.get("val"));
    if (fill === undefined) target.data.randomise(at.place);
    else target.data.replace(tensors.full(sizesOf(value), fill, value.dtype, at.place), at.place);
    return target;
  });
};

const filledWith = (name: string, value: Value | undefined): number | undefined =>
  name === "constant_" && (value?.kind === "int" || value?.kind === "float") ? value.value : undefined;

/** `torch.nn.utils`. */
export const utilsNames: Library = (name) => {
  if (name === "weight_norm" || name === "remove_weight_norm") return nativeFunction(`nn.utils.${name}`, (args) => args.positional[0] ?? none); // prettier-ignore
  return name.startsWith("clip_grad") ? inert : undefined;
};
