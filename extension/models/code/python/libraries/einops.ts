/** einops: `rearrange`, `repeat`, `reduce`, `einsum`, and the layers that do the same. */
import { tensors } from "../../graph/operations";
import type { Place } from "../../graph/nodes";
import { sizesOf, type Tensor } from "../../graph/tensor";
import type { Arguments, Library, Value } from "../values";
import { Call, NotUnderstood, operation, type Operation } from "./call";
import { asTensor, isTensor } from "./tensorState";
import { layerClass, type LayerSpec } from "./torchModule";
import { reduced } from "./tensorFunctions";
import { isImage, type TensorFamily } from "./tensorValue";

/** The axes of one side: groups of names, `1` for an axis of size 1. */
type Group = readonly string[];

function parseSide(side: string, place: Place): Group[] {
  const groups: string[][] = [];
  let open: string[] | undefined;
  for (const [token] of side.matchAll(/\(|\)|\.\.\.|[^\s()]+/g)) {
    if (token === "(") {
      if (open) throw new NotUnderstood("a pattern of einops with nested parentheses", place);
      open = [];
    } else if (token === ")") {
      if (!open) throw new NotUnderstood("a pattern of einops with a parenthesis too many", place);
      groups.push(open);
      open = undefined;
    } else if (open) open.push(token);
    else groups.push(token === "1" ? [] : [token]);
  }
  if (open) throw new NotUnderstood("a pattern of einops with a parenthesis that is not closed", place);
  return groups.map((group) => group.filter((name) => name !== "1"));
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** `...` as names of the axes that it stands for. */
function withoutEllipsis(groups: readonly Group[], count: number): Group[] {
  const names = Array.from({ length: count }, (_, i) => `...${i}`);
  return groups.flatMap((group) =>
    group.length === 1 && group[0] === "..."
      ? names.map((name) => [name])
      : [group.flatMap((name) => (name === "..." ? names : [name]))],
  );
}

interface Pattern {
  left: Group[];
  right: Group[];
  sizes: Map<string, number>;
}

/** The two sides of a pattern, and the size of every name. */
function parse(pattern: string, tensor: Tensor, given: ReadonlyMap<string, number>, place: Place): Pattern {
  const sides = pattern.split("->");
  if (sides.length !== 2) throw new NotUnderstood("a pattern of einops without one `->`", place);
  const [before, after] = sides.map((side) => parseSide(side, place));
  const own = sizesOf(tensor);
  const hidden = before.some((group) => group.includes("...")) ? own.length - before.length + 1 : 0;
  const [left, right] = [before, after].map((side) => withoutEllipsis(side, hidden));
  if (left.length !== own.length) throw new NotUnderstood("a pattern of einops with another number of axes", place);
  const sizes = new Map(given);
  if (isImage(tensor)) for (const axis of [2, 3]) patch(left[axis], own[axis], sizes);
  for (const [axis, group] of left.entries()) {
    const open = group.filter((name) => !sizes.has(name));
    const known = product(group.map((name) => sizes.get(name) ?? 1));
    if (open.length > 1 || own[axis] % known !== 0)
      throw new NotUnderstood("a pattern of einops whose sizes do not follow", place);
    if (open.length === 1) sizes.set(open[0], own[axis] / known);
    else if (known !== own[axis] && !isImage(tensor))
      throw new NotUnderstood("a pattern of einops whose sizes do not agree", place);
  }
  return { left, right, sizes };
}

/** Of an image, whose axes of pixels are its patches: the size of a patch is given, and the pixels in it are features. */
function patch(group: Group, size: number, sizes: Map<string, number>): void {
  const open = group.filter((name) => !sizes.has(name));
  if (group.length === 2 && open.length === 1) sizes.set(open[0], size);
}

/** The tensor with an axis for every name of the left side. */
function taken(
  tensor: Tensor,
  left: readonly Group[],
  sizes: ReadonlyMap<string, number>,
  given: ReadonlyMap<string, number>,
  place: Place,
): Tensor {
  const names = left.flat().map((name) => sizeIn(sizes, name, place));
  if (!isImage(tensor)) return tensors.reshape(tensor, names, place);
  const known = left.flatMap((group, axis) =>
    group.map((name) => (axis < 2 || !given.has(name) ? sizeIn(sizes, name, place) : 1)),
  );
  return tensors.expand(tensors.reshape(tensor, known, place), names, place);
}

const sizeIn = (sizes: ReadonlyMap<string, number>, name: string, place: Place): number => {
  const size = sizes.get(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined);
  if (size === undefined) throw new NotUnderstood("a pattern of einops with a size that is not given", place);
  return size;
};

const merged = (tensor: Tensor, groups: readonly Group[], sizes: ReadonlyMap<string, number>, place: Place): Tensor =>
  tensors.reshape(tensor, groups.map((group) => product(group.map((name) => sizeIn(sizes, name, place)))), place); // prettier-ignore

export function rearrange(tensor: Tensor, pattern: string, given: ReadonlyMap<string, number>, place: Place): Tensor {
  if (tensor.content.kind === "opaque") return tensor;
  const { left, right, sizes } = parse(pattern, tensor, given, place);
  const [names, wanted] = [left.flat(), right.flat()];
  if (names.length !== wanted.length || wanted.some((name) => !names.includes(name)))
    throw new NotUnderstood("a pattern of einops whose sides have other names", place);
  const split = taken(tensor, left, sizes, given, place);
  const moved = tensors.permute(split, wanted.map((name) => names.indexOf(name)), place); // prettier-ignore
  return merged(moved, right, sizes, place);
}

/** New names on the right are axes along which everything is the same. */
export function repeat(tensor: Tensor, pattern: string, given: ReadonlyMap<string, number>, place: Place): Tensor {
  if (tensor.content.kind === "opaque") return tensor;
  const { left, right, sizes } = parse(pattern, tensor, given, place);
  const [names, wanted] = [left.flat(), right.flat()];
  if (names.some((name) => !wanted.includes(name)))
    throw new NotUnderstood("a pattern of einops whose sides have other names", place);
  let made = taken(tensor, left, sizes, given, place);
  made = tensors.permute(made, wanted.filter((name) => names.includes(name)).map((name) => names.indexOf(name)), place); // prettier-ignore
  for (const [axis, name] of wanted.entries()) if (!names.includes(name)) made = tensors.unsqueeze(made, axis);
  made = tensors.expand(made, wanted.map((name) => sizeIn(sizes, name, place)), place); // prettier-ignore
  return merged(made, right, sizes, place);
}

/** Names that the right side lacks are summed over, or averaged, or the greatest is taken. */
export function reduce(
  call: Call,
  tensor: Tensor,
  pattern: string,
  how: string,
  given: ReadonlyMap<string, number>,
): Tensor {
  const { place } = call;
  if (tensor.content.kind === "opaque") return tensor;
  const { left, right, sizes } = parse(pattern, tensor, given, place);
  const [names, wanted] = [left.flat(), right.flat()];
  const split = taken(tensor, left, sizes, given, place);
  const axes = names.flatMap((name, axis) => (wanted.includes(name) ? [] : [axis]));
  const kept = names.filter((name) => wanted.includes(name));
  const summary = summarised(call, split, axes, how);
  const moved = tensors.permute(summary, wanted.map((name) => kept.indexOf(name)), place); // prettier-ignore
  return merged(moved, right, sizes, place);
}

function summarised(call: Call, tensor: Tensor, axes: readonly number[], how: string): Tensor {
  switch (how) {
    case "sum":
      return tensors.sum(tensor, axes, false, call.place);
    case "mean":
      return tensors.mean(tensor, axes, false, call.place);
    case "max":
      return reduced(call, tensor, axes, false, (values) => Math.max(...values));
    case "min":
      return reduced(call, tensor, axes, false, (values) => Math.min(...values));
    default:
      throw call.not(`by \`${how}\``);
  }
}

/** An equation of einops with names in place of letters. */
function lettered(equation: string, place: Place): string {
  const letters = new Map<string, string>();
  const side = (part: string): string =>
    part
      .split(/\s+/)
      .filter((name) => name !== "")
      .map((name) => {
        if (name === "...") return name;
        if (!letters.has(name)) letters.set(name, String.fromCharCode(97 + letters.size));
        return letters.get(name)!;
      })
      .join("");
  const made = equation.split("->").map((half) => half.split(",").map(side).join(",")).join("->"); // prettier-ignore
  if (letters.size > 26) throw new NotUnderstood("an equation with more than 26 names", place);
  return made;
}

/** Sizes that are given by name. */
function sizesIn(args: Arguments, call: Call): Map<string, number> {
  return new Map(
    [...args.named]
      .filter(([name]) => name !== "pattern" && name !== "reduction" && name !== "tensor")
      .map(([name, value]) => [name, call.toInt(value)]),
  );
}

/** The arguments without the sizes, which are not in the signature. */
const without = (args: Arguments): Arguments => ({
  ...args,
  named: new Map([...args.named].filter(([name]) => name === "pattern" || name === "reduction" || name === "tensor")),
});

type Run = (call: Call, tensor: Tensor, given: ReadonlyMap<string, number>) => Tensor;

/** The functions, whose tensors are of a framework. */
export function einopsNames(family: TensorFamily): Library {
  const make = (name: string, signature: string, run: Run): Value =>
    ({
      kind: "native",
      type: {
        name: `\`${name}\``,
        call: (_self, args, at) => familyOf(args, family).run(name, ofTensor(run, args, signature), without(args), at),
      },
      data: undefined,
    }) satisfies Value;
  const ofTensor = (run: Run, args: Arguments, signature: string): Operation =>
    operation(signature, (call) => {
      // A list of tensors is stacked.
      const tensor = asTensor(call.needed("tensor"), call.place);
      if (!tensor) throw call.not("of these arguments");
      return run(call, tensor, sizesIn(args, call));
    });
  const names = new Map<string, Value>([
    ["rearrange", make("rearrange", "tensor pattern", (call, tensor, given) => rearrange(tensor, call.string("pattern"), given, call.place))], // prettier-ignore
    ["repeat", make("repeat", "tensor pattern", (call, tensor, given) => repeat(tensor, call.string("pattern"), given, call.place))], // prettier-ignore
    ["reduce", make("reduce", "tensor pattern reduction", (call, tensor, given) => reduce(call, tensor, call.string("pattern"), call.string("reduction"), given))], // prettier-ignore
    ["einsum", family.function("einsum", operation("*operands", einsum))],
  ]);
  return (name) => names.get(name);
}

/** The framework whose tensor an argument is: einops gives tensors of the same. */
function familyOf(args: Arguments, family: TensorFamily): TensorFamily {
  const [first] = args.positional;
  return first && isTensor(first) ? (families.get(first.type) ?? family) : family;
}
const families = new Map<unknown, TensorFamily>();
/** Tensors of this framework stay its tensors. */
export const registerFamily = (family: TensorFamily): void => void families.set(family.type, family);

function einsum(call: Call): Tensor {
  const equation = call.rest.at(-1);
  if (equation?.kind !== "string") throw call.not("of these arguments");
  const parts = call.rest.slice(0, -1).map((part) => call.toTensor(part));
  return tensors.einsum(lettered(equation.value, call.place), parts, call.place);
}

// --------------------------------------------------------------------------------------------------------------- layers

/** A layer whose constructor takes the pattern and the sizes. */
function layer(name: string, signature: string, run: (call: Call, made: Call, tensor: Tensor) => Tensor): Value {
  const spec: LayerSpec = {
    name: `einops.layers.torch.${name}`,
    signature,
    make: (call) => void call.string("pattern"),
    input: "input",
    forward: (call, { made }) => run(call, made, call.tensor("input")),
    takesMore: true,
  };
  return layerClass(spec).value;
}

/** `einops.layers.torch`. */
const layers = new Map<string, Value>([
  ["Rearrange", layer("Rearrange", "pattern", (call, made, tensor) => rearrange(tensor, made.string("pattern"), sizesIn(made.args, made), call.place))], // prettier-ignore
  ["Reduce", layer("Reduce", "pattern reduction", (call, made, tensor) => reduce(call, tensor, made.string("pattern"), made.string("reduction"), sizesIn(made.args, made)))], // prettier-ignore
]);
export const einopsLayers: Library = (name) => layers.get(name);
