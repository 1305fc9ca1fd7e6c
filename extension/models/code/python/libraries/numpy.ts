/** NumPy: what masks and position codes are made with. */
import { tensors } from "../../graph/operations";
import { sizesOf, type Tensor } from "../../graph/tensor";
import { float, none, type Library, type Value } from "../values";
import { operation, view, type Call, type Operation, type Result } from "./call";
import { dtype, finfo, iinfo, inert } from "./dtypes";
import { registerFamily } from "./einops";
import { classValue } from "./objects";
import { isCalled } from "./running";
import { arange, axesOf, filledLike, flattened, fullOf, linspace, meshgrid, randomTensor, rearranged, reduced, sharedFunctions, sorting } from "./tensorFunctions"; // prettier-ignore
import { isTensor, numbersOf, tabulated, tensorOf } from "./tensorState";
import { dtypeArgument, fromFront, tensorFamily, toPython, transposed } from "./tensorValue";

const converted = (call: Call, tensor: Tensor): Tensor => {
  const kind = dtypeArgument(call);
  return kind ? tensors.convert(tensor, kind) : tensor;
};

/** Pieces of equal length, or pieces that end before the indices. */
function split(call: Call): Tensor[] {
  const tensor = call.tensor("input");
  if (tensor.content.kind === "opaque") throw call.not("of what is not understood");
  const axis = fromFront(call.int("dim", 0), tensor.axes.length);
  const size = sizesOf(tensor)[axis];
  const how = call.needed("sections");
  if (how.kind === "int") {
    const count = how.value;
    const length = (i: number): number => Math.floor(size / count) + (i < size % count ? 1 : 0);
    return tensors.split(tensor, Array.from({ length: count }, (_, i) => length(i)), axis, call.place); // prettier-ignore
  }
  const ends = [0, ...call.ints("sections"), size];
  return tensors.split(tensor, ends.slice(1).map((end, i) => end - ends[i]), axis, call.place); // prettier-ignore
}

function transpose(call: Call): Tensor {
  const tensor = call.tensor("input");
  const order = call.rest.length > 0 && call.rest[0].kind !== "none" ? call.restInts() : undefined;
  const rank = tensor.axes.length;
  const reversed = tensor.axes.map((_, axis) => rank - 1 - axis);
  return tensors.permute(tensor, order?.map((axis) => fromFront(axis, rank)) ?? reversed, call.place);
}

function repeat(call: Call): Tensor {
  const tensor = call.has("dim") ? call.tensor("input") : flattened(call.tensor("input"), 0, -1, call.place);
  const repeats = call.needed("repeats");
  const dim = call.int("dim", 0);
  const counts = isTensor(repeats) ? numbersOf(tensorOf(repeats)) : repeats.kind === "list" ? call.ints("repeats") : undefined; // prettier-ignore
  if (counts && counts.length > 1)
    return rearranged(call, tensor, dim, (values) =>
      values.flatMap((value, i) => new Array<number>(counts[i]).fill(value)),
    );
  return tensors.repeatEach(tensor, counts?.[0] ?? call.int("repeats"), fromFront(dim, tensor.axes.length), call.place);
}

const argument = (descending: boolean): Operation =>
  operation("input dim", (call) => {
    const tensor = call.tensor("input");
    return reduced(call, tensor, axesOf(call, tensor), false, (values) => sorting(values, descending)[0], "int");
  });

const named = (name: string): Operation => sharedFunctions.get(name)!;

const methods = new Map<string, Operation>([
  ...sharedFunctions,
  ["transpose", view("input *dims", transpose)],
  ["swapaxes", view("input dim0 dim1", (call) => transposed(call.tensor("input"), call.int("dim0"), call.int("dim1"), call.place))], // prettier-ignore
  ["astype", operation("input dtype", (call) => converted(call, call.tensor("input")))],
  ["copy", operation("input", (call) => call.tensor("input"))],
  ["flatten", operation("input", (call) => flattened(call.tensor("input"), 0, -1, call.place))],
  ["ravel", view("input", (call) => flattened(call.tensor("input"), 0, -1, call.place))],
  ["repeat", operation("input repeats dim", repeat)],
  ["tile", operation("input reps", (call) => tensors.repeat(call.tensor("input"), call.ints("reps"), call.place))],
  ["max", named("amax")],
  ["min", named("amin")],
  ["argmax", argument(true)],
  ["argmin", argument(false)],
  ["dot", named("matmul")],
  ["item", operation("input", (call) => toPython(call.tensor("input"), call.place))],
  ["tolist", operation("input", (call) => toPython(call.tensor("input"), call.place))],
  ["fill", operation("input value", (call) => filled(call))],
]);

/** `.fill(value)` changes the array. */
function filled(call: Call): Result {
  const value = call.needed("input");
  const tensor = call.tensor("input");
  if (isTensor(value)) value.data.replace(tensors.full(sizesOf(tensor), call.number("value"), tensor.dtype, call.place), call.place); // prettier-ignore
  return none;
}

export const numpy = tensorFamily({
  name: "an array",
  prefix: "ndarray",
  methods,
  underscores: false,
  mutable: true,
  attributes: (self, name, at) =>
    name === "size" ? toPython(tensors.literal(sizesOf(tensorOf(self)).reduce((a, b) => a * b, 1), "int", at.place), at.place) : undefined, // prettier-ignore
});
registerFamily(numpy);

const made = operation("data dtype", (call) => converted(call, call.tensor("data")));
const ofSizes = (value: number): Operation =>
  operation("shape dtype", (call) =>
    tensors.full(call.ints("shape"), value, dtypeArgument(call) ?? "float", call.place),
  );

const functions: [string, Operation][] = [
  ...methods,
  ["array", made],
  ["asarray", made],
  ["ascontiguousarray", made],
  ["arange", arange],
  ["zeros", ofSizes(0)],
  ["ones", ofSizes(1)],
  ["empty", ofSizes(0)],
  ["full", operation("shape fill_value dtype", (call) => fullOf(call, call.ints("shape"), "fill_value"))],
  ["zeros_like", filledLike(0)],
  ["ones_like", filledLike(1)],
  ["identity", operation("n dtype", (call) => tensors.convert(tensors.eye(call.int("n"), call.int("n"), call.place), dtypeArgument(call) ?? "float"))], // prettier-ignore
  [
    "eye",
    operation("n m diagonal dtype", (call) => {
      const [rows, columns, offset] = [call.int("n"), call.int("m", call.int("n")), call.int("diagonal", 0)];
      if (offset === 0) return tensors.convert(tensors.eye(rows, columns, call.place), dtypeArgument(call) ?? "float");
      const ones = tensors.full([rows, columns], 1, dtypeArgument(call) ?? "float", call.place);
      return tensors.triangle(tensors.triangle(ones, "lower", offset, call.place), "upper", offset, call.place);
    }),
  ],
  [
    "tri",
    operation("n m diagonal dtype", (call) => {
      const sizes = [call.int("n"), call.int("m", call.int("n"))];
      const ones = tensors.full(sizes, 1, dtypeArgument(call) ?? "float", call.place);
      return tensors.triangle(ones, "lower", call.int("diagonal", 0), call.place);
    }),
  ],
  ["linspace", operation("start end num endpoint dtype", (call) => linspace(call.number("start"), call.number("end"), call.int("num", 50), call.boolean("endpoint", true), call.place))], // prettier-ignore
  ["split", operation("input sections dim", split)],
  ["array_split", operation("input sections dim", split)],
  ["meshgrid", operation("*tensors indexing", (call) => meshgrid(call.rest.map((part) => call.toTensor(part)), call.string("indexing", "xy"), call.place))], // prettier-ignore
  ["sort", operation("input dim", (call) => rearranged(call, call.tensor("input"), call.int("dim", -1), (values) => sorting(values, false).map((i) => values[i])))], // prettier-ignore
  ["argsort", operation("input dim", (call) => rearranged(call, call.tensor("input"), call.int("dim", -1), (values) => sorting(values, false), "int"))], // prettier-ignore
  ["vstack", operation("tensors", (call) => tensors.concatenate(call.tensors("tensors").map((part) => (part.axes.length < 2 ? tensors.unsqueeze(part, 0) : part)), 0, call.place))], // prettier-ignore
  ["hstack", operation("tensors", (call) => tensors.concatenate(call.tensors("tensors"), call.tensors("tensors")[0]?.axes.length === 1 ? 0 : 1, call.place))], // prettier-ignore
  ["fill_diagonal", operation("input value", fillDiagonal)],
  ["triu_indices", operation("n diagonal m", (call) => triangle(call, (row, column, offset) => column - row >= offset))], // prettier-ignore
  ["tril_indices", operation("n diagonal m", (call) => triangle(call, (row, column, offset) => column - row <= offset))], // prettier-ignore
];

/** The functions and methods of arrays, which other frameworks have alike. */
export const numpyFunctions: ReadonlyMap<string, Operation> = new Map(functions);
export const numpyMethods: ReadonlyMap<string, Operation> = methods;

/** Writes into the array. */
function fillDiagonal(call: Call): Result {
  const value = call.needed("input");
  const tensor = call.tensor("input");
  const sizes = sizesOf(tensor);
  if (!isTensor(value) || sizes.length !== 2) throw call.not("of these arguments");
  const diagonal = tensors.convert(tensors.eye(sizes[0], sizes[1], call.place), "bool");
  value.data.replace(tensors.where(diagonal, call.number("value"), tensor, call.place), call.place);
  return none;
}

/** Rows and columns of the entries of a triangle. */
function triangle(call: Call, keeps: (row: number, column: number, offset: number) => boolean): Tensor[] {
  const [rows, columns] = [call.int("n"), call.int("m", call.int("n"))];
  const found: [number, number][] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      if (keeps(row, column, call.int("diagonal", 0))) found.push([row, column]);
  return [0, 1].map((part) => tabulated(found.map((entry) => entry[part]), [found.length], "int", call.place)); // prettier-ignore
}

/** Numbers without axes are Python's own, as NumPy's scalars behave like them. */
const scalars = (of: Operation): Operation => ({
  ...of,
  run: (call) => {
    const result = of.run(call);
    const isScalar = "axes" in result && result.axes.length === 0 && result.content.kind === "constant";
    return isScalar ? toPython(result, call.place) : result;
  },
});

const random: Library = (name) =>
  name === "default_rng" || name === "seed" || name === "RandomState"
    ? inert
    : numpy.function(
        `np.random.${name}`,
        operation("*size loc scale low high", (call) => {
          if (isCalled(call.at)) return tensors.opaque(`\`${call.name}\` draws new numbers at each call`, call.place);
          const [first] = call.rest;
          const sizes = name === "rand" || name === "randn" || (call.rest.length === 1 && first.kind === "tuple") ? call.restInts() : undefined; // prettier-ignore
          return sizes
            ? randomTensor(sizes, call.place)
            : tensors.opaque(`\`${call.name}\` is not understood`, call.place);
        }),
      );

const values = new Map<string, Value>([
  ...functions.map(([name, of]): [string, Value] => [name, numpy.function(`np.${name}`, of.view ? of : scalars(of))]),
  ["inf", float(Infinity)],
  ["nan", float(NaN)],
  ["pi", float(Math.PI)],
  ["e", float(Math.E)],
  ["newaxis", none],
  ["finfo", finfo()],
  ["iinfo", iinfo()],
  ["errstate", inert],
  ["ndarray", classValue("np.ndarray", (_args, { place }) => numpy.wrap(tensors.opaque("`np.ndarray`", place)), (value) => (value.kind === "unknown" ? undefined : isTensor(value) && value.type === numpy.type))], // prettier-ignore
]);

export const numpyNames: Library = (name) => dtype(name) ?? values.get(name);
export const numpyRandom: Library = random;
