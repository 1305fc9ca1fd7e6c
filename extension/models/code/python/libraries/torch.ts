/** PyTorch: the functions of `torch` and the methods of its tensors. */
import { tensors } from "../../graph/operations";
import { sizesOf, type Tensor, type TensorIndex } from "../../graph/tensor";
import {
  bool,
  float,
  int,
  nativeFunction,
  none,
  string,
  unknown,
  type Arguments,
  type At,
  type Native,
  type Value,
} from "../values";
import { operation, view, type Call, type Operation } from "./call";
import { dtype, dtypeOf, finfo, iinfo, inert } from "./dtypes";
import { classValue, named } from "./objects";
import { isCalled } from "./running";
import { complexTensors } from "./torchComplex";
import {
  activation,
  arange,
  broadcastAll,
  condition,
  extreme,
  filledLike,
  flattened,
  fullOf,
  linspace,
  meshgrid,
  operatorFunction,
  outer,
  randomTensor,
  rearranged,
  reduced,
  axesOf,
  sharedFunctions,
  sorting,
  taken,
  unsqueezed,
} from "./tensorFunctions";
import { asTensor, isTensor, numbersOf, tabulated, tensorOf, TensorState, type TensorNative } from "./tensorState";
import { dtypeArgument, fromFront, opaqueOr, shapeOf, tensorFamily, toPython, transposed } from "./tensorValue";

// ------------------------------------------------------------------------------------------------- types of elements

/** The tensor with another type of elements; itself where it has that already, as in PyTorch. */
function converted(call: Call, kind: Tensor["dtype"]): Tensor | Value {
  const tensor = call.tensor("input");
  return tensor.dtype === kind ? call.needed("input") : tensors.convert(tensor, kind);
}
const conversion = (kind: Tensor["dtype"]): Operation => operation("input", (call) => converted(call, kind));

/** The same tensor, whatever the arguments. */
const same = operation("input *rest", (call) => call.needed("input"));

/** `.to(...)` of a type, a device, or like another tensor. */
const to = operation("input *rest dtype other", (call) => {
  for (const value of [...call.rest, call.value("dtype"), call.value("other")]) {
    if (!value) continue;
    const kind = isTensor(value) ? tensorOf(value).dtype : dtypeOf(value);
    if (kind) return converted(call, kind);
  }
  return call.needed("input");
});

// -------------------------------------------------------------------------------------------------------- functions

/** Numbers drawn at random: when the model is made they stay, when it is called they are new for every input. */
const random = operation("*size dtype", (call) => drawn(call, call.restInts()));
const randomLike = operation("input *rest dtype", (call) => {
  const like = call.tensor("input");
  return like.content.kind === "opaque" ? like : drawn(call, sizesOf(like));
});
function drawn(call: Call, sizes: readonly number[]): Tensor {
  if (isCalled(call.at)) return tensors.opaque(`\`${call.name}\` draws new numbers at each call`, call.place);
  return randomTensor(sizes, call.place);
}

/** What is chosen by the values of the data. */
const dataDependent = (call: Call): Tensor =>
  opaqueOr(call.tensor("input"), `\`${call.name}\` depends on the data`, call.place);

/** `torch.max` and `torch.min`: of all, along an axis with the indices, or of two tensors. */
const extremum = (which: "max" | "min"): Operation =>
  operation("input dim keepdim other", (call) => {
    const second = call.value("other") ?? call.value("dim");
    if (second && isTensor(second)) return tensors.binary(which, call.tensor("input"), tensorOf(second), call.place);
    const values = extreme(call, which);
    if (!call.has("dim")) return values;
    const indices = tensors.opaque(`the indices of \`${call.name}\``, call.place);
    return named({ values: torch.wrap(values), indices: torch.wrap(indices) });
  });

const argument = (run: (values: number[]) => number): Operation =>
  operation("input dim keepdim", (call) => {
    const tensor = call.tensor("input");
    return reduced(call, tensor, axesOf(call, tensor), call.boolean("keepdim", false), run, "int");
  });

function split(call: Call): Tensor[] {
  const tensor = call.tensor("input");
  if (tensor.content.kind === "opaque") throw call.not("of what is not understood");
  const axis = fromFront(call.int("dim", 0), tensor.axes.length);
  const size = sizesOf(tensor)[axis];
  const how = call.needed("split_size");
  const sizes = how.kind === "int" ? pieces(size, how.value) : call.ints("split_size");
  return tensors.split(tensor, sizes, axis, call.place);
}

/** Pieces of one length, the last one shorter. */
const pieces = (size: number, piece: number): number[] =>
  piece > 0 ? Array.from({ length: Math.ceil(size / piece) }, (_, i) => Math.min(piece, size - i * piece)) : [];

function chunk(call: Call): Tensor[] {
  const tensor = call.tensor("input");
  const count = call.int("chunks");
  if (tensor.content.kind === "opaque") return Array.from({ length: count }, () => tensor);
  const axis = fromFront(call.int("dim", 0), tensor.axes.length);
  const size = sizesOf(tensor)[axis];
  return tensors.split(tensor, pieces(size, Math.ceil(size / count)), axis, call.place);
}

function unbind(call: Call): Tensor[] {
  const tensor = call.tensor("input");
  const axis = fromFront(call.int("dim", 0), tensor.axes.length);
  if (tensor.content.kind === "opaque") throw call.not("of what is not understood");
  return Array.from({ length: sizesOf(tensor)[axis] }, (_, i) => select(tensor, axis, i, call));
}

const all: TensorIndex = { kind: "slice", start: undefined, stop: undefined, step: 1 };
const before = (axis: number): TensorIndex[] => Array.from({ length: axis }, () => all);

function select(tensor: Tensor, axis: number, index: number, call: Call): Tensor {
  return tensors.index(tensor, [...before(fromFront(axis, tensor.axes.length)), { kind: "at", index }], call.place);
}

function narrow(call: Call): Tensor {
  const tensor = call.tensor("input");
  if (tensor.content.kind === "opaque") return tensor;
  const start = call.int("start");
  const slice: TensorIndex = { kind: "slice", start, stop: start + call.int("length"), step: 1 };
  return tensors.index(tensor, [...before(fromFront(call.int("dim"), tensor.axes.length)), slice], call.place);
}

function expanded(call: Call): Tensor {
  return tensors.expand(call.tensor("input"), call.restInts(), call.place);
}

function repeatInterleave(call: Call): Tensor {
  const tensor = call.has("dim") ? call.tensor("input") : flattened(call.tensor("input"), 0, -1, call.place);
  if (tensor.content.kind === "opaque") return tensor;
  const dim = call.int("dim", 0);
  const repeats = call.needed("repeats");
  const counts = isTensor(repeats) ? numbersOf(tensorOf(repeats)) : undefined;
  if (isTensor(repeats) && !counts)
    return opaqueOr(tensorOf(repeats), `\`${call.name}\` depends on the data`, call.place);
  if (counts && counts.length > 1)
    return rearranged(call, tensor, dim, (values) =>
      values.flatMap((value, i) => new Array<number>(counts[i]).fill(value)),
    );
  return tensors.repeatEach(tensor, counts?.[0] ?? call.int("repeats"), fromFront(dim, tensor.axes.length), call.place);
}

/** Element (i, j, ...) from the index there along `dim`, from its own place along the other axes. */
function gather(call: Call): Tensor {
  const [tensor, index] = [call.tensor("input"), call.tensor("index")];
  for (const part of [tensor, index]) if (part.content.kind === "opaque") return part;
  const axis = fromFront(call.int("dim"), tensor.axes.length);
  const sizes = sizesOf(index);
  const indices = sizes.map((size, other): TensorIndex => {
    if (other === axis) return { kind: "tensor", tensor: index };
    const place = tensors.arange(0, size, 1, call.place);
    return { kind: "tensor", tensor: tensors.reshape(place, sizes.map((_, k) => (k === other ? size : 1)), call.place) }; // prettier-ignore
  });
  return tensors.index(tensor, indices, call.place);
}

function maskedFill(call: Call): Tensor {
  const value = call.needed("value");
  return tensors.maskedFill(
    call.tensor("input"),
    condition(call.tensor("mask"), call),
    call.toNumber(value),
    call.place,
  );
}

/** Rows and columns of the entries of a triangle. */
function triangleIndices(call: Call, keeps: (row: number, column: number, offset: number) => boolean): Tensor {
  const [rows, columns] = [call.int("row"), call.int("col")];
  const pairs: [number, number][] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      if (keeps(row, column, call.int("offset", 0))) pairs.push([row, column]);
  return tabulated([...pairs.map(([row]) => row), ...pairs.map(([, column]) => column)], [2, pairs.length], "int", call.place); // prettier-ignore
}

function blockDiagonal(call: Call): Tensor {
  const blocks = call.rest.map((value) => call.toTensor(value));
  const numbers = blocks.map((block) => numbersOf(block));
  const sizes = blocks.map((block) => sizesOf(block));
  const total = [0, 1].map((axis) => sizes.reduce((sum, size) => sum + size[axis], 0));
  if (numbers.some((values) => !values) || sizes.some((size) => size.length !== 2))
    throw call.not("of these arguments");
  const values = new Array<number>(total[0] * total[1]).fill(0);
  let [top, left] = [0, 0];
  for (const [block, [rows, columns]] of sizes.entries()) {
    for (let i = 0; i < rows * columns; i++)
      values[(top + Math.floor(i / columns)) * total[1] + left + (i % columns)] = numbers[block]![i];
    top += rows;
    left += columns;
  }
  return tabulated(values, total, blocks[0]?.dtype ?? "float", call.place);
}

function addProducts(call: Call): Tensor {
  const scaled = (tensor: Tensor, by: number): Tensor =>
    by === 1 ? tensor : tensors.binary("*", tensor, by, call.place);
  const product = tensors.matmul(call.tensor("batch1"), call.tensor("batch2"), call.place);
  const [beta, alpha] = [call.number("beta", 1), call.number("alpha", 1)];
  if (beta === 0) return scaled(product, alpha);
  return tensors.binary("+", scaled(call.tensor("input"), beta), scaled(product, alpha), call.place);
}

/** `a + alpha * b`. */
const plus = (op: "+" | "-"): Operation =>
  operation("input other alpha", (call) => {
    const alpha = call.number("alpha", 1);
    const other = call.operand("other");
    const scaled = alpha === 1 ? other : tensors.binary("*", other, alpha, call.place);
    return tensors.binary(op, call.operand("input"), scaled, call.place);
  });

const divide = operation("input other rounding_mode", (call) => {
  const quotient = tensors.binary("/", call.operand("input"), call.operand("other"), call.place);
  switch (call.string("rounding_mode", "")) {
    case "floor":
      return tensors.binary("//", call.operand("input"), call.operand("other"), call.place);
    case "trunc":
      return tensors.convert(tensors.unary("trunc", quotient, call.place), call.tensor("input").dtype);
    default:
      return quotient;
  }
});

/** The remainder with the sign of the dividend. */
const fmod = operation("input other", (call) => {
  const [left, right] = [call.operand("input"), call.operand("other")];
  const quotient = tensors.unary("trunc", tensors.binary("/", call.tensor("input"), right, call.place), call.place);
  return tensors.binary("-", left, tensors.binary("*", quotient, right, call.place), call.place);
});

const transpose = view(
  "input dim0 dim1",
  (call) => transposed(call.tensor("input"), call.int("dim0"), call.int("dim1"), call.place),
  (call) => (value) => transposed(value, call.int("dim0"), call.int("dim1"), call.place),
);
const permute = view("input *dims", (call) => {
  const tensor = call.tensor("input");
  return tensors.permute(tensor, call.restInts().map((axis) => fromFront(axis, tensor.axes.length)), call.place); // prettier-ignore
});
const unsqueeze: Operation = { ...sharedFunctions.get("expand_dims")!, run: unsqueezed };

/** Those that are functions of `torch` and methods of tensors. */
const common: [string, Operation][] = [
  ["cat", sharedFunctions.get("concatenate")!],
  ["concat", sharedFunctions.get("concatenate")!],
  ["add", plus("+")],
  ["sub", plus("-")],
  ["subtract", plus("-")],
  ["mul", operatorFunction("*")],
  ["div", divide],
  ["divide", divide],
  ["fmod", fmod],
  ["pow", operatorFunction("**")],
  ["eq", operatorFunction("==")],
  ["ne", operatorFunction("!=")],
  ["lt", operatorFunction("<")],
  ["le", operatorFunction("<=")],
  ["gt", operatorFunction(">")],
  ["ge", operatorFunction(">=")],
  ["greater", operatorFunction(">")],
  ["neg", sharedFunctions.get("negative")!],
  ["clamp", sharedFunctions.get("clip")!],
  ["clamp_min", operation("input min", (call) => tensors.clamp(call.tensor("input"), call.number("min"), undefined, call.place))], // prettier-ignore
  ["clamp_max", operation("input max", (call) => tensors.clamp(call.tensor("input"), undefined, call.number("max"), call.place))], // prettier-ignore
  ["mm", sharedFunctions.get("matmul")!],
  ["bmm", sharedFunctions.get("matmul")!],
  ["mv", sharedFunctions.get("matmul")!],
  ["dot", sharedFunctions.get("matmul")!],
  ["baddbmm", operation("input batch1 batch2 beta alpha", addProducts)],
  ["addmm", operation("input batch1 batch2 beta alpha", addProducts)],
  ["ger", sharedFunctions.get("outer")!],
  ["max", extremum("max")],
  ["min", extremum("min")],
  ["argmax", argument((values) => sorting(values, true)[0])],
  ["argmin", argument((values) => sorting(values, false)[0])],
  ["log_softmax", operation("input dim dtype", (call) => dataDependent(call))],
  ["logsumexp", operation("input dim keepdim", (call) => dataDependent(call))],
  ["norm", operation("input p dim keepdim dtype", (call) => dataDependent(call))],
  ["topk", operation("input k dim largest sorted", (call) => chosen(call))],
  ["sort", operation("input dim descending", (call) => sorted(call))],
  [
    "argsort",
    operation(
      "input dim descending",
      (call) =>
      rearranged(call, call.tensor("input"), call.int("dim", -1), (values) => sorting(values, call.boolean("descending", false)), "int"), // prettier-ignore
    ),
  ],
  ["bernoulli", operation("input p", (call) => drawn(call, sizesOf(call.tensor("input"))))],
  ["multinomial", operation("input num_samples replacement", (call) => dataDependent(call))],
  ["unique", operation("input *rest", (call) => dataDependent(call))],
  ["nonzero", operation("input as_tuple", (call) => dataDependent(call))],
  ["masked_select", operation("input mask", (call) => dataDependent(call))],

  ["transpose", transpose],
  ["swapaxes", transpose],
  ["swapdims", transpose],
  ["permute", permute],
  ["movedim", sharedFunctions.get("moveaxis")!],
  ["t", view("input", (call) => (call.tensor("input").axes.length < 2 ? call.tensor("input") : transposed(call.tensor("input"), 0, 1, call.place)))], // prettier-ignore
  ["unsqueeze", unsqueeze],
  ["flatten", view("input start_dim end_dim", (call) => flattened(call.tensor("input"), call.int("start_dim", 0), call.int("end_dim", -1), call.place))], // prettier-ignore
  ["ravel", view("input", (call) => flattened(call.tensor("input"), 0, -1, call.place))],
  [
    "unflatten",
    view("input dim sizes", (call) => {
      const tensor = call.tensor("input");
      if (tensor.content.kind === "opaque") return tensor;
      const sizes = sizesOf(tensor);
      return tensors.reshape(tensor, sizes.toSpliced(fromFront(call.int("dim"), sizes.length), 1, ...call.ints("sizes")), call.place); // prettier-ignore
    }),
  ],
  ["split", view("input split_size dim", split)],
  ["chunk", view("input chunks dim", chunk)],
  ["unbind", view("input dim", unbind)],
  ["select", view("input dim index", (call) => select(call.tensor("input"), call.int("dim"), call.int("index"), call))],
  ["narrow", view("input dim start length", narrow)],
  // Written into, it changes the tensor in a way that is not followed.
  ["diagonal", view("input diagonal", (call) => sharedFunctions.get("diag")!.run(call) as Tensor)],
  ["tile", operation("input *dims", (call) => tensors.repeat(call.tensor("input"), call.restInts(), call.place))],
  ["repeat_interleave", operation("input repeats dim output_size", repeatInterleave)],
  ["index_select", operation("input dim index", (call) => taken(call.tensor("input"), call.int("dim"), call.tensor("index"), call.place))], // prettier-ignore
  ["gather", operation("input dim index", gather)],
  ["take_along_dim", operation("input index dim", gather)],
  ["masked_fill", operation("input mask value", maskedFill)],
  ["clone", operation("input", (call) => call.tensor("input"))],
  [
    "detach",
    view(
      "input",
      (call) => call.tensor("input"),
      () => (value) => value,
    ),
  ],
  ["silu", activation("silu")],
  ["isin", operation("elements test_elements", (call) => isIn(call))],
];

function isIn(call: Call): Tensor {
  const [first, ...rest] = numbersOf(call.tensor("test_elements")) ?? [];
  if (first === undefined) throw call.not("of these arguments");
  const elements = call.tensor("elements");
  return rest.reduce(
    (found, value) => tensors.binary("or", found, tensors.binary("==", elements, value, call.place), call.place),
    tensors.binary("==", elements, first, call.place),
  );
}

function chosen(call: Call): Value {
  const tensor = dataDependent(call);
  return named({ values: torch.wrap(tensor), indices: torch.wrap(tensor) });
}

function sorted(call: Call): Value {
  const descending = call.boolean("descending", false);
  const [tensor, dim] = [call.tensor("input"), call.int("dim", -1)];
  const values = rearranged(call, tensor, dim, (items) => sorting(items, descending).map((i) => items[i]));
  const indices = rearranged(call, tensor, dim, (items) => sorting(items, descending), "int");
  return named({ values: torch.wrap(values), indices: torch.wrap(indices) });
}

const methods = new Map<string, Operation>([
  ...sharedFunctions,
  ...common,
  [
    "view",
    view(
      "input *shape dtype",
      (call) => (call.rest.length === 1 && dtypeOf(call.rest[0]) ? call.tensor("input") : tensors.reshape(call.tensor("input"), call.restInts(), call.place)), // prettier-ignore
      (call) => (value) => tensors.reshape(value, sizesOf(call.tensor("input")), call.place),
    ),
  ],
  ["view_as", view("input other", (call) => tensors.reshape(call.tensor("input"), sizesOf(call.tensor("other")), call.place))], // prettier-ignore
  ["reshape_as", view("input other", (call) => tensors.reshape(call.tensor("input"), sizesOf(call.tensor("other")), call.place))], // prettier-ignore
  ["expand", view("input *sizes", expanded)],
  ["expand_as", view("input other", (call) => tensors.expand(call.tensor("input"), sizesOf(call.tensor("other")), call.place))], // prettier-ignore
  ["repeat", operation("input *sizes", (call) => tensors.repeat(call.tensor("input"), call.restInts(), call.place))],
  ["to", to],
  ["type", to],
  ["type_as", to],
  ["bool", conversion("bool")],
  ["int", conversion("int")],
  ["long", conversion("int")],
  ["float", conversion("float")],
  ["half", conversion("float")],
  ["double", conversion("float")],
  ["bfloat16", conversion("float")],
  ...["contiguous", "cuda", "cpu", "pin_memory", "share_memory_", "retain_grad", "numpy", "coalesce"].map(
    (name): [string, Operation] => [name, same],
  ),
  ["item", operation("input", (call) => toPython(call.tensor("input"), call.place))],
  ["tolist", operation("input", (call) => toPython(call.tensor("input"), call.place))],
  ["__int__", operation("input", (call) => int(Math.trunc(call.number("input")), call.place))],
  ["__float__", operation("input", (call) => float(call.number("input")))],
  ["__bool__", operation("input", (call) => bool(call.number("input") !== 0))],
  ["new_zeros", operation("input *size dtype", (call) => filledNew(call, 0))],
  ["new_ones", operation("input *size dtype", (call) => filledNew(call, 1))],
  ["new_empty", operation("input *size dtype", (call) => filledNew(call, 0))],
  ["new_full", operation("input size fill_value dtype", (call) => tensors.full(call.ints("size"), call.number("fill_value"), dtypeArgument(call) ?? call.tensor("input").dtype, call.place))], // prettier-ignore
  ["new_tensor", operation("input data dtype", (call) => tensorOfData(call, call.tensor("input").dtype))],
  // In place, by way of the name with `_`.
  ["fill", operation("input value", (call) => tensors.full(sizesOf(call.tensor("input")), call.number("value"), call.tensor("input").dtype, call.place))], // prettier-ignore
  ["zero", filledLike(0)],
  ["copy", operation("input source", (call) => tensors.convert(tensors.expand(call.tensor("source"), sizesOf(call.tensor("input")), call.place), call.tensor("input").dtype))], // prettier-ignore
  ["fill_diagonal", operation("input value wrap", fillDiagonal)],
  ["index_fill", operation("input dim index value", (call) => tensors.assign(call.tensor("input"), [...before(fromFront(call.int("dim"), call.tensor("input").axes.length)), { kind: "tensor", tensor: call.tensor("index") }], call.number("value"), call.place))], // prettier-ignore
  ...["normal", "uniform", "exponential", "random", "trunc_normal"].map((name): [string, Operation] => [
    name,
    operation("input *rest mean std a b", (call) => drawn(call, sizesOf(call.tensor("input")))),
  ]),
]);

function filledNew(call: Call, value: number): Tensor {
  return tensors.full(call.restInts(), value, dtypeArgument(call) ?? call.tensor("input").dtype, call.place);
}

function fillDiagonal(call: Call): Tensor {
  const tensor = call.tensor("input");
  const sizes = sizesOf(tensor);
  if (sizes.length !== 2) throw call.not("of these arguments");
  const diagonal = tensors.convert(tensors.eye(sizes[0], sizes[1], call.place), "bool");
  return tensors.where(diagonal, call.number("value"), tensor, call.place);
}

/** `torch.tensor(data)` and its like. */
function tensorOfData(call: Call, kind?: Tensor["dtype"]): Tensor {
  const tensor = call.tensor("data");
  const wanted = dtypeArgument(call) ?? kind;
  return wanted ? tensors.convert(tensor, wanted) : tensor;
}

// ----------------------------------------------------------------------------------------------------------- tensors

export const torch = tensorFamily({
  name: "a tensor",
  prefix: "Tensor",
  methods,
  underscores: true,
  mutable: true,
  attributes: (self, name, at) => {
    const tensor = tensorOf(self);
    switch (name) {
      case "size":
        return nativeFunction("Tensor.size", (args, here) => sizeOf(tensor, args, here));
      case "dim":
      case "ndimension":
        return nativeFunction("Tensor.dim", (_args, { place }) =>
          tensor.content.kind === "opaque" ? unknownOf(tensor) : int(tensor.axes.length, place),
        );
      case "numel":
        return nativeFunction(
          "Tensor.numel",
          (_args, { place }) =>
          tensor.content.kind === "opaque"
            ? unknownOf(tensor)
            : int(sizesOf(tensor).reduce((product, size) => product * size, 1), place), // prettier-ignore
        );
      case "data":
        return torch.run("Tensor.data", methods.get("detach")!, argumentsOf(self, at), at);
      case "is_cuda":
        return bool(false);
      case "requires_grad":
        return bool(self.data.isTrainable);
      case "is_floating_point":
        return nativeFunction("Tensor.is_floating_point", () => bool(tensor.dtype === "float"));
      case "grad":
        return none;
      case "requires_grad_":
        return nativeFunction("Tensor.requires_grad_", (args, here) => {
          const [value = bool(true)] = [...args.positional, ...args.named.values()];
          self.data.train(here.interpreter.truth(value) ?? true, here.place);
          return self;
        });
      default:
        return undefined;
    }
  },
  setAttribute: (self, name, value, at) => {
    if (name === "requires_grad") {
      const trainable = at.interpreter.truth(value);
      if (trainable === undefined) return false;
      self.data.train(trainable, at.place);
    } else if (name === "data") {
      self.data.replace(asTensor(value, at.place) ?? tensors.opaque("a tensor's data", at.place), at.place);
    }
    return true;
  },
});

const argumentsOf = (self: Value, at: At): Arguments => ({
  positional: [self],
  named: new Map(),
  place: at.place,
  places: { positional: [], named: new Map() },
});

const unknownOf = (tensor: Tensor): Value =>
  tensor.content.kind === "opaque" ? unknown(tensor.content.opaque.reason, tensor.content.opaque.place) : none;

function sizeOf(tensor: Tensor, args: Arguments, at: At): Value {
  if (tensor.content.kind === "opaque") return unknownOf(tensor);
  const [dim] = [...args.positional, ...args.named.values()];
  const shape = shapeOf(tensor, at.place);
  return dim && dim.kind !== "none" ? at.interpreter.item(shape, dim, at.place) : shape;
}

/** A learned tensor as a value: what `nn.Parameter` makes. */
export function parameterValue(start: Tensor, trainable: boolean, at: At): TensorNative {
  return { kind: "native", type: torch.type, data: TensorState.parameter(start, trainable, at.place) };
}

export const complex = complexTensors(torch);

const tensorClass = (name: string, kind?: Tensor["dtype"]): Native =>
  classValue(
    name,
    (args, at) => {
      const sizes = args.positional.every((value) => value.kind === "int");
      const made = operation(sizes ? "*size" : "data", (call) =>
        sizes ? tensors.full(call.restInts(), 0, kind ?? "float", call.place) : tensorOfData(call, kind ?? "float"),
      );
      return torch.run(name, made, args, at);
    },
    (value) => (value.kind === "unknown" ? undefined : isTensor(value)),
  );

/** Functions of `torch` that are no methods. */
const functions: [string, Operation][] = [
  ...complex.functions,
  ["tensor", operation("data dtype", (call) => tensorOfData(call))],
  ["as_tensor", operation("data dtype", (call) => tensorOfData(call))],
  ["asarray", operation("data dtype", (call) => tensorOfData(call))],
  ["from_numpy", operation("data", (call) => tensorOfData(call))],
  ["range", operation("start end step dtype", (call) => tensors.arange(call.number("start", 0), call.number("end") + 1, call.number("step", 1), call.place))], // prettier-ignore
  ["arange", arange],
  ["linspace", operation("start end steps dtype", (call) => linspace(call.number("start"), call.number("end"), call.int("steps"), true, call.place))], // prettier-ignore
  ["logspace", operation("start end steps base dtype", (call) => tensors.binary("**", call.number("base", 10), linspace(call.number("start"), call.number("end"), call.int("steps"), true, call.place), call.place))], // prettier-ignore
  ["full", operation("size fill_value dtype", (call) => fullOf(call, call.ints("size"), "fill_value"))],
  ["rand", random],
  ["randn", random],
  ["randint", operation("low high size dtype", (call) => drawn(call, call.ints(call.has("size") ? "size" : "high")))],
  ["randperm", operation("n dtype", (call) => drawn(call, [call.int("n")]))],
  ["normal", operation("mean std size", (call) => drawn(call, call.ints("size")))],
  ["rand_like", randomLike],
  ["randn_like", randomLike],
  ["tril_indices", operation("row col offset dtype", (call) => triangleIndices(call, (row, column, offset) => column - row <= offset))], // prettier-ignore
  ["triu_indices", operation("row col offset dtype", (call) => triangleIndices(call, (row, column, offset) => column - row >= offset))], // prettier-ignore
  ["block_diag", operation("*tensors", blockDiagonal)],
  [
    "meshgrid",
    operation("*tensors indexing", (call) => {
      const [first] = call.rest;
      const parts = call.rest.length === 1 && !isTensor(first) ? call.items(first) : call.rest;
      return meshgrid(parts.map((part) => call.toTensor(part)), call.string("indexing", "ij"), call.place); // prettier-ignore
    }),
  ],
  [
    "cartesian_prod",
    operation("*tensors", (call) => {
      const parts = call.rest.map((part) => call.toTensor(part));
      if (parts.length === 1) return parts[0];
      const grids = meshgrid(parts, "ij", call.place).map((grid) => flattened(grid, 0, -1, call.place));
      return tensors.stack(grids, 1, call.place);
    }),
  ],
  ["broadcast_tensors", operation("*tensors", (call) => broadcastAll(call.rest.map((part) => call.toTensor(part)), call.place))], // prettier-ignore
  ["vander", operation("input", (call) => dataDependent(call))],
  ["hstack", operation("tensors", (call) => stacked(call, 1))],
  ["vstack", operation("tensors", (call) => stacked(call, 0))],
  ["outer", operation("input other", (call) => outer(call.tensor("input"), call.tensor("other"), call.place))],
];

function stacked(call: Call, axis: number): Tensor {
  const parts = call.tensors("tensors");
  const flat = parts.every((part) => part.axes.length <= 1);
  if (flat) return axis === 0 ? tensors.stack(parts, 0, call.place) : tensors.concatenate(parts, 0, call.place);
  return tensors.concatenate(parts, axis, call.place);
}

/** A decorator or a wrapper that leaves what a function computes as it is; with options it gives such a decorator. */
export const transparent = (name: string): Native =>
  nativeFunction(name, (args) => {
    const [first] = [...args.positional, ...args.named.values()];
    const isCallable = first && ["function", "bound", "instance", "class"].includes(first.kind);
    return isCallable || (first?.kind === "native" && first.type.call) ? first : transparent(name);
  });

/** Calls its first argument with the others. */
export const calling = (name: string): Native =>
  nativeFunction(name, (args, at) => {
    const [callee, ...rest] = args.positional;
    if (!callee) return unknown(`\`${name}\` without a function`, at.place);
    const names = [...args.named].filter(([key]) => !["use_reentrant", "preserve_rng_state", "context_fn", "determinism_check", "debug"].includes(key)); // prettier-ignore
    const passed: Arguments = {
      ...args,
      positional: rest,
      named: new Map(names),
      places: { ...args.places, positional: args.places.positional.slice(1) },
    };
    return at.interpreter.call(callee, passed, at.place);
  });

const no = (name: string): Native => nativeFunction(name, () => bool(false));

const values: [string, Value][] = [
  ...[...methods, ...common, ...functions].map(([name, of]): [string, Value] => [
    name,
    torch.function(`torch.${name}`, of),
  ]),
  ["Tensor", tensorClass("torch.Tensor")],
  ["FloatTensor", tensorClass("torch.FloatTensor", "float")],
  ["LongTensor", tensorClass("torch.LongTensor", "int")],
  ["IntTensor", tensorClass("torch.IntTensor", "int")],
  ["BoolTensor", tensorClass("torch.BoolTensor", "bool")],
  ["finfo", finfo()],
  ["iinfo", iinfo()],
  ["inf", float(Infinity)],
  ["nan", float(NaN)],
  ["pi", float(Math.PI)],
  ["e", float(Math.E)],
  ["newaxis", none],
  ["compile", transparent("torch.compile")],
  ["is_tensor", nativeFunction("torch.is_tensor", (args) => bool(args.positional.some(isTensor)))],
  ["is_grad_enabled", no("torch.is_grad_enabled")],
  ["is_autocast_enabled", no("torch.is_autocast_enabled")],
  ["__version__", string("2.9.0")],
  ["Size", nativeFunction("torch.Size", (args, { place }) => args.positional[0] ?? unknown("`torch.Size`", place))],
  ...["no_grad", "inference_mode", "enable_grad", "set_grad_enabled", "autocast", "device", "manual_seed", "Generator", "set_default_dtype", "set_float32_matmul_precision", "use_deterministic_algorithms", "strided", "channels_last", "contiguous_format", "preserve_format", "dtype", "seed", "save"].map(
    (name): [string, Value] => [name, inert],
  ), // prettier-ignore
];
const names = new Map(values);

/** The names of the module `torch` that are not modules. */
export const torchNames = (name: string): Value | undefined => dtype(name) ?? names.get(name);

/** Names of modules of torch that a model may use without being changed by it. */
export const torchModules: ReadonlyMap<string, (name: string) => Value | undefined> = new Map<
  string,
  (name: string) => Value | undefined
>([
  [
    "torch.utils.checkpoint",
    (name) => (name === "checkpoint" ? calling("torch.utils.checkpoint.checkpoint") : undefined),
  ],
  ["torch.jit", (name) => (name === "script" || name === "ignore" || name === "unused" || name === "export" ? transparent(`torch.jit.${name}`) : name.startsWith("is_") ? no(`torch.jit.${name}`) : name === "Final" ? inert : undefined)], // prettier-ignore
  ["torch.compiler", (name) => (name.startsWith("is_") ? no(`torch.compiler.${name}`) : transparent(`torch.compiler.${name}`))], // prettier-ignore
  ["torch._dynamo", (name) => (name === "is_compiling" ? no("torch._dynamo.is_compiling") : name === "disable" ? transparent("torch._dynamo.disable") : inert)], // prettier-ignore
  ["torch.cuda", (name) => (name.startsWith("is_") ? no(`torch.cuda.${name}`) : inert)],
  ["torch.backends", () => inert],
  ["torch.mps", () => inert],
  ["torch.amp", (name) => (name.startsWith("custom_") ? transparent(`torch.amp.${name}`) : inert)],
  ["torch.cuda.amp", (name) => (name.startsWith("custom_") ? transparent(`torch.cuda.amp.${name}`) : inert)],
  ["torch.distributed", (name) => (name.startsWith("is_") ? no(`torch.distributed.${name}`) : undefined)],
  ["torch.random", () => inert],
  ["torch.special", (name) => names.get(name)],
  ["torch.linalg", (name) => (name === "matmul" || name === "norm" ? names.get(name) : undefined)],
  ["torch.version", () => string("")],
]);
