/**
 * TensorFlow.js: its operations on tensors, its layers, and classes that derive from them, as operations on abstract tensors. Applying a layer
 * runs it; a model is what its outputs are computed from.
 */
import type { ActivationName } from "../../../theory/architecture/schema";
import type { BinaryOperation, UnaryOperation } from "../graph/indexExpression";
import type { Place, Sequence, Written } from "../graph/nodes";
import { tensors } from "../graph/operations";
import { sizesOf, type Tensor, type TensorIndex } from "../graph/tensor";
import type { Syntax } from "../syntax";
import {
  boolean,
  namespace,
  native,
  number,
  placeOf,
  string,
  undefinedValue,
  unknown,
  type Arguments,
  type ArrayValue,
  type At,
  type Native,
  type NativeType,
  type ObjectValue,
  type Slot,
  type Value,
} from "./values";

export const isTensorFlow = (specifier: string): boolean => /^@tensorflow\/tfjs(-core|-layers|-node(-gpu)?|-react-native)?$/.test(specifier); // prettier-ignore

/** A model that the code makes. */
export interface TfModel {
  /** The call that makes it. */
  node: Syntax;
  callee: Place;
  outputs: Tensor[];
}

/** How many samples there are in a batch: a number that no other axis is likely to have. */
const batch = 3;
const widths = /^(units|width|dim|model_?dim|d_?model|embed(ding)?_?dim|hidden(_?size)?)$/i;
/** How many tokens stand for a number that the code does not tell. */
const few = 6;

interface TensorData {
  tensor: Tensor;
  /** Of a model's graph: its batch has no size. */
  symbolic: boolean;
  /** Where the numbers are of no account, their sizes. */
  sizes?: readonly number[];
  /** What made it in a model's graph. */
  made?: { layer: Value; inputs: readonly Native[]; extra: readonly Value[] };
}

const dataOf = (value: Native): TensorData => value.data as TensorData;

interface Layer {
  name: string;
  config: ObjectValue | undefined;
  place: Place;
  /** The learned numbers, made where it is first applied. */
  weights: object;
}

interface Sequential {
  layers: ArrayValue;
  args: Arguments;
}

const slotOf = (value: Value): Slot => ({ value, written: undefined });

export class TensorFlow {
  readonly module: Native;
  /** Sequences whose number of tokens the code does not tell. */
  readonly unsized = new Set<Sequence>();
  /** Where the number of tokens is written, and how wide they are as they come in. */
  readonly sizePlaces = new Map<Sequence, Place>();
  readonly widths = new Map<Sequence, Written>();
  private readonly models: TfModel[] = [];
  private readonly sequentials: Native[] = [];
  /** Models that are a part of others. */
  private readonly inner = new Set<unknown>();
  private readonly functional = new Map<Native, TfModel>();

  /** @param tokens how many tokens an input has by a comment, where the code at this node does not say. */
  constructor(private readonly tokens: (node: Syntax | undefined) => number | undefined) {
    this.module = this.makeModule();
  }

  /** The models that were made, those inside others left out. */
  finish(at: At): TfModel[] {
    const made = this.sequentials.flatMap((one): TfModel[] => {
      if (this.inner.has(one)) return [];
      const { layers, args } = one.data as Sequential;
      if (!args.node) return [];
      const own = { ...at, place: placeOf(args.node) };
      const input = this.firstInput(layers, args.node, own);
      const output = input && at.interpreter.quietly(() => this.through(layers, input, own));
      if (!output) return [];
      return [{ node: args.node, callee: args.callee, outputs: this.tensorsIn(output) }];
    });
    const used = new Set([...this.functional].flatMap(([value, model]) => (this.inner.has(value) ? [model] : [])));
    return [...this.models.filter((model) => !used.has(model)), ...made];
  }

  // ------------------------------------------------------------------------------------------------------------ tensors

  private wrap(tensor: Tensor, symbolic = false, sizes?: readonly number[]): Native {
    return { kind: "native", type: this.tensorType, data: { tensor, symbolic, sizes } satisfies TensorData };
  }

  isTensor(value: Value | undefined): value is Native {
    return value?.kind === "native" && value.type === this.tensorType;
  }

  /** The tensor that a value stands for as an argument of an operation. */
  private tensorOf(value: Value | undefined, at: At): Tensor {
    if (this.isTensor(value)) return dataOf(value).tensor;
    if (value?.kind === "number") return tensors.literal(value.value, Number.isInteger(value.value) ? "int" : "float", value.literal ?? at.place); // prettier-ignore
    if (value?.kind === "boolean") return tensors.literal(value.value, "bool", value.literal ?? at.place);
    if (value?.kind === "array") {
      const parts = value.items.map((item) => item.value);
      if (parts.length > 0 && parts.every((part) => this.isTensor(part)))
        return parts.length === 1
          ? dataOf(parts[0]).tensor
          : tensors.opaque("several tensors in the place of one", at.place);
      const list = numbersIn(value);
      if (list) return tensors.literal(list, "float", at.place);
    }
    return tensors.opaque(value?.kind === "unknown" ? value.reason : "a value that is no tensor", value?.kind === "unknown" ? value.place : at.place); // prettier-ignore
  }

  private tensorsIn(value: Value): Tensor[] {
    if (value.kind === "array" && !value.lost)
      return value.items.map((item) => this.tensorOf(item.value, nowhere(item.value)));
    return [this.tensorOf(value, nowhere(value))];
  }

  private readonly tensorType: NativeType = {
    name: "a tensor",
    get: (self, name, at) => {
      const { tensor, symbolic, sizes } = dataOf(self);
      switch (name) {
        case "shape": {
          if (tensor.content.kind === "opaque" && !sizes) return unknown(tensor.content.opaque.reason, at.place);
          return this.shape(sizes ?? sizesOf(tensor), symbolic, at);
        }
        case "rank":
          return number(sizesOf(tensor).length);
        case "dtype":
          return string({ bool: "bool", int: "int32", float: "float32" }[tensor.dtype]);
        case "read":
        case "clone":
          return native(name, () => self);
        case "dispose":
          return native(name, () => undefinedValue);
        default: {
          const operation = this.operations[name];
          if (!Object.hasOwn(this.operations, name)) return undefined;
          return native(name, (args, inner) => operation([self, ...args.values], inner));
        }
      }
    },
  };

  private shape(sizes: readonly number[], symbolic: boolean, at: At): Value {
    const items = sizes.map((size, i): Value => (symbolic && i === 0 ? { kind: "null" } : number(size)));
    return at.interpreter.array(items.map(slotOf));
  }

  private give(tensor: Tensor): Native {
    return this.wrap(tensor);
  }

  private readonly operations: Record<string, (args: readonly Value[], at: At) => Value> = {
    ...this.table(binaries, (op, [left, right], at) => tensors.binary(op, this.tensorOf(left, at), this.tensorOf(right, at), at.place)), // prettier-ignore
    ...this.table(unaries, (op, [of], at) => tensors.unary(op, this.tensorOf(of, at), at.place)),
    ...this.table(activations, (name, [of], at) => tensors.activation(this.tensorOf(of, at), name, at.place)),
    square: ([of], at) => this.give(tensors.binary("*", this.tensorOf(of, at), this.tensorOf(of, at), at.place)),
    squaredDifference: ([a, b], at) => {
      const difference = tensors.binary("-", this.tensorOf(a, at), this.tensorOf(b, at), at.place);
      return this.give(tensors.binary("*", difference, difference, at.place));
    },
    rsqrt: ([of], at) => this.give(tensors.binary("/", 1, tensors.unary("sqrt", this.tensorOf(of, at), at.place), at.place)), // prettier-ignore
    softmax: ([of, axis], at) => this.onAxis(axis, -1, at, (dim) => tensors.softmax(this.tensorOf(of, at), dim, at.place)), // prettier-ignore
    matMul: ([a, b, ta, tb], at) => {
      const turned = (value: Value | undefined, turn: Value | undefined) => {
        const tensor = this.tensorOf(value, at);
        if (turn?.kind === "unknown") return tensors.opaque(turn.reason, turn.place);
        return turn?.kind === "boolean" && turn.value ? lastTwoSwapped(tensor, at.place) : tensor;
      };
      return this.give(tensors.matmul(turned(a, ta), turned(b, tb), at.place));
    },
    einsum: ([equation, ...parts], at) =>
      equation?.kind === "string"
        ? this.give(tensors.einsum(equation.value, parts.map((part) => this.tensorOf(part, at)), at.place)) // prettier-ignore
        : lost(equation, "an equation", at),
    transpose: ([of, order], at) => {
      const tensor = this.tensorOf(of, at);
      if (!order || order.kind === "undefined" || order.kind === "null")
        return this.give(tensors.permute(tensor, sizesOf(tensor).map((_, i) => i).reverse(), at.place)); // prettier-ignore
      return this.onNumbers(order, at, (list) => tensors.permute(tensor, list, at.place));
    },
    reshape: ([of, sizes], at) => this.onNumbers(sizes, at, (list) => tensors.reshape(this.tensorOf(of, at), list, at.place)), // prettier-ignore
    flatten: ([of], at) => this.give(tensors.reshape(this.tensorOf(of, at), [-1], at.place)),
    expandDims: ([of, axis], at) => this.onAxis(axis, 0, at, (one) => tensors.unsqueeze(this.tensorOf(of, at), one)),
    squeeze: ([of, axes], at) => {
      const tensor = this.tensorOf(of, at);
      if (!axes || axes.kind === "undefined") return this.give(tensors.squeeze(tensor, undefined));
      const rank = sizesOf(tensor).length;
      return this.onNumbers(
        axes,
        at,
        (list) =>
        list.map((one) => (one < 0 ? one + rank : one)).sort((a, b) => b - a).reduce((rest, one) => tensors.squeeze(rest, one), tensor), // prettier-ignore
      );
    },
    split: ([of, into, axis], at) => {
      const tensor = this.tensorOf(of, at);
      const dim = integer(axis, 0);
      const sizes = into?.kind === "number" ? into.value : into && numbersOf(into);
      if (dim === undefined || sizes === undefined) return lost(axis, "how a tensor is split", at);
      const whole = sizesOf(tensor).at(dim);
      if (tensor.content.kind === "opaque" || whole === undefined) return this.give(tensor);
      if (typeof sizes === "number" && !(Number.isInteger(sizes) && sizes >= 1 && sizes <= whole)) return unknown("how a tensor is split", at.place); // prettier-ignore
      const list = typeof sizes === "number" ? new Array<number>(sizes).fill(whole / sizes) : sizes;
      return at.interpreter.array(tensors.split(tensor, list, dim, at.place).map((part) => slotOf(this.give(part))));
    },
    unstack: ([of, axis], at) => {
      const tensor = this.tensorOf(of, at);
      const dim = integer(axis, 0);
      const whole = dim === undefined ? undefined : sizesOf(tensor).at(dim);
      if (dim === undefined || whole === undefined || tensor.content.kind === "opaque") return this.give(tensors.opaque("how a tensor is unstacked", at.place)); // prettier-ignore
      at.interpreter.work(whole);
      const parts = tensors.split(tensor, new Array<number>(whole).fill(1), dim, at.place);
      return at.interpreter.array(parts.map((part) => slotOf(this.give(tensors.squeeze(part, dim)))));
    },
    concat: (args, at) => {
      const [first, second] = args;
      const isList = first?.kind === "array";
      const parts = isList ? this.listOf(first) : [first, ...(second?.kind === "array" ? (this.listOf(second) ?? []) : [second])]; // prettier-ignore
      const axis = args[isList ? 1 : 2];
      if (!parts) return lost(first, "a list of tensors", at);
      return this.onAxis(axis, 0, at, (dim) => tensors.concatenate(parts.map((part) => this.tensorOf(part, at)), dim, at.place)); // prettier-ignore
    },
    stack: ([list, axis], at) => {
      const parts = list && this.listOf(list);
      if (!parts) return lost(list, "a list of tensors", at);
      return this.onAxis(axis, 0, at, (dim) => tensors.stack(parts.map((part) => this.tensorOf(part, at)), dim, at.place)); // prettier-ignore
    },
    slice: ([of, begin, size], at) => {
      const from = begin?.kind === "number" ? [begin.value] : begin && numbersOf(begin);
      const lengths = size?.kind === "number" ? [size.value] : size?.kind === "undefined" || !size ? [] : numbersOf(size); // prettier-ignore
      if (!from || !lengths) return lost(begin, "where a slice begins and ends", at);
      const indices = from.map((start, i): TensorIndex => {
        const length = lengths[i] ?? -1;
        return { kind: "slice", start, stop: length === -1 ? undefined : start + length, step: 1 };
      });
      return this.give(tensors.index(this.tensorOf(of, at), indices, at.place));
    },
    gather: ([of, indices, axis], at) =>
      this.onAxis(axis, 0, at, (dim) => {
        const tensor = this.tensorOf(of, at);
        if (tensor.content.kind === "opaque") return tensor;
        const whole = Array.from({ length: dim < 0 ? dim + sizesOf(tensor).length : dim }, (): TensorIndex => ({ kind: "slice", start: undefined, stop: undefined, step: 1 })); // prettier-ignore
        const chosen = tensors.convert(this.tensorOf(indices, at), "int");
        return tensors.index(tensor, [...whole, { kind: "tensor", tensor: chosen }], at.place);
      }),
    tile: ([of, times], at) => this.onNumbers(times, at, (list) => tensors.repeat(this.tensorOf(of, at), list, at.place)), // prettier-ignore
    broadcastTo: ([of, sizes], at) => this.onNumbers(sizes, at, (list) => tensors.expand(this.tensorOf(of, at), list, at.place)), // prettier-ignore
    sum: (args, at) => this.reduced(args, at, tensors.sum.bind(tensors)),
    mean: (args, at) => this.reduced(args, at, tensors.mean.bind(tensors)),
    max: ([of, axis, keep], at) => this.onAxis(axis, NaN, at, (dim) => tensors.greatest(this.tensorOf(of, at), dim, truthy(keep), at.place)), // prettier-ignore
    moments: (args, at) =>
      at.interpreter.object([
        ["mean", slotOf(this.reduced(args, at, tensors.mean.bind(tensors)))],
        ["variance", slotOf(this.reduced(args, at, tensors.variance.bind(tensors)))],
      ]),
    cumsum: ([of, axis, exclusive, reverse], at) =>
      truthy(exclusive) || truthy(reverse)
        ? unknown("a cumulative sum that is exclusive or reversed", at.place)
        : this.onAxis(axis, 0, at, (dim) => tensors.cumulativeSum(this.tensorOf(of, at), dim, at.place)),
    where: ([condition, yes, no], at) =>
      this.give(tensors.where(this.tensorOf(condition, at), this.tensorOf(yes, at), this.tensorOf(no, at), at.place)),
    logicalNot: ([of], at) => this.give(tensors.unary("not", this.tensorOf(of, at), at.place)),
    bandPart: ([of, below, above], at) => {
      const [low, high] = [integer(below, NaN), integer(above, NaN)];
      if (low === undefined || high === undefined || Number.isNaN(low + high)) return lost(below, "the band of a matrix", at); // prettier-ignore
      let tensor = this.tensorOf(of, at);
      if (low >= 0) tensor = tensors.triangle(tensor, "upper", -low, at.place);
      if (high >= 0) tensor = tensors.triangle(tensor, "lower", high, at.place);
      return this.give(tensor);
    },
    cast: ([of, type], at) => {
      const dtype = type?.kind === "string" ? dtypes[type.value] : undefined;
      return dtype ? this.give(tensors.convert(this.tensorOf(of, at), dtype)) : lost(type, "a type of numbers", at);
    },
    toFloat: ([of], at) => this.give(tensors.convert(this.tensorOf(of, at), "float")),
    toInt: ([of], at) => this.give(tensors.convert(this.tensorOf(of, at), "int")),
    toBool: ([of], at) => this.give(tensors.convert(this.tensorOf(of, at), "bool")),
    clipByValue: ([of, low, high], at) => {
      const [from, to] = [real(low), real(high)];
      return from === undefined || to === undefined ? lost(low, "a bound", at) : this.give(tensors.clamp(this.tensorOf(of, at), from, to, at.place)); // prettier-ignore
    },
    onesLike: ([of], at) => this.filled(of, 1, at),
    zerosLike: ([of], at) => this.filled(of, 0, at),
    identity: ([of], at) => this.give(this.tensorOf(of, at)),
    dropout: ([of], at) => this.give(this.tensorOf(of, at)),
  };

  private table<Name extends string>(
    names: Readonly<Record<string, Name>>,
    make: (name: Name, args: readonly Value[], at: At) => Tensor,
  ): Record<string, (args: readonly Value[], at: At) => Value> {
    return Object.fromEntries(
      Object.entries(names).map(([called, name]) => [called, (args, at) => this.give(make(name, args, at))]),
    );
  }

  private filled(of: Value | undefined, value: number, at: At): Value {
    const tensor = this.tensorOf(of, at);
    if (tensor.content.kind === "opaque") return this.give(tensor);
    return this.give(tensors.full(sizesOf(tensor), value, tensor.dtype, at.place));
  }

  private reduced(
    [of, axes, keep]: readonly Value[],
    at: At,
    reduce: (of: Tensor, axes: readonly number[] | undefined, keep: boolean, place: Place) => Tensor,
  ): Value {
    const tensor = this.tensorOf(of, at);
    if (!axes || axes.kind === "undefined" || axes.kind === "null")
      return this.give(reduce(tensor, undefined, truthy(keep), at.place));
    return this.onNumbers(axes, at, (list) => reduce(tensor, list, truthy(keep), at.place));
  }

  private onAxis(axis: Value | undefined, otherwise: number, at: At, make: (axis: number) => Tensor): Value {
    const known = integer(axis, otherwise);
    return known === undefined || Number.isNaN(known) ? lost(axis, "an axis", at) : this.give(make(known));
  }

  private onNumbers(list: Value | undefined, at: At, make: (list: number[]) => Tensor): Value {
    const known = list?.kind === "number" ? [list.value] : list && numbersOf(list);
    return known ? this.give(make(known)) : lost(list, "sizes or axes", at);
  }

  private listOf(value: Value): Value[] | undefined {
    return value.kind === "array" && !value.lost ? value.items.map((item) => item.value) : undefined;
  }

  // ------------------------------------------------------------------------------------------------------------- module

  private makeModule(): Native {
    const layers = namespace("tf.layers", (name) => {
      if (name === "Layer") return this.layerClass;
      return native(`tf.layers.${name}`, (args) => this.layer(name, args));
    });
    const makers: Record<string, (args: Arguments, at: At) => Value> = {
      input: (args, at) => this.input(args, at),
      Input: (args, at) => this.input(args, at),
      model: (args, at) => this.model(args, at),
      sequential: (args, at) => this.sequential(args, at),
      tidy: (args, at) => at.interpreter.callWith(args.values.at(-1) ?? undefinedValue, [], at.place),
      keep: (args) => args.values[0] ?? undefinedValue,
      dispose: () => undefinedValue,
      variable: ({ values: [initial, trainable] }, at) => {
        if (!this.isTensor(initial)) return lost(initial, "the start of a variable", at);
        const { tensor, sizes } = dataOf(initial);
        if (tensor.content.kind === "opaque" && !sizes) return initial;
        return this.give(tensors.parameter(sizes ?? sizesOf(tensor), !(trainable?.kind === "boolean" && !trainable.value), at.place)); // prettier-ignore
      },
      scalar: ({ values }, at) => this.give(this.tensorOf(values[0], at)),
      range: ({ values }, at) => {
        const [start, stop, step] = values.map(real);
        if (start === undefined || stop === undefined || (values.length > 2 && step === undefined)) return lost(values.find(({ kind }) => kind === "unknown"), "a range", at); // prettier-ignore
        return this.give(tensors.arange(start, stop, step ?? (stop < start ? -1 : 1), at.place));
      },
      eye: ({ values: [rows, columns] }, at) => {
        const [n, m] = [integer(rows, NaN), integer(columns, -1)];
        if (n === undefined || m === undefined || Number.isNaN(n)) return lost(rows, "the size of a matrix", at);
        return this.give(tensors.eye(n, m < 0 ? n : m, at.place));
      },
      fill: ({ values: [sizes, value] }, at) => {
        const filling = real(value);
        if (filling === undefined) return lost(value, "a value", at);
        return this.onNumbers(sizes, at, (list) => tensors.full(list, filling, "float", at.place));
      },
      ones: ({ values: [sizes] }, at) => this.onNumbers(sizes, at, (list) => tensors.full(list, 1, "float", at.place)),
      zeros: ({ values: [sizes] }, at) => this.onNumbers(sizes, at, (list) => tensors.full(list, 0, "float", at.place)),
    };
    for (const name of ["tensor", "tensor1d", "tensor2d", "tensor3d", "tensor4d"])
      makers[name] = ({ values: [data, sizes] }, at) => {
        const tensor = this.tensorOf(data, at);
        const shape = sizes && numbersOf(sizes);
        return this.give(shape ? tensors.reshape(tensor, shape, at.place) : tensor);
      };
    for (const name of ["randomNormal", "randomUniform", "truncatedNormal", "randomStandardNormal", "rand"])
      makers[name] = ({ values: [sizes] }, at) => {
        const list = sizes && numbersOf(sizes);
        if (!list) return lost(sizes, "the size of random numbers", at);
        return this.wrap(tensors.opaque("random numbers", at.place), false, list);
      };
    const linalg = namespace("tf.linalg", (name) =>
      name === "bandPart"
        ? native("tf.linalg.bandPart", (args, at) => this.operations.bandPart(args.values, at))
        : undefined,
    );
    return namespace("TensorFlow.js", (name) => {
      if (name === "layers") return layers;
      if (name === "linalg") return linalg;
      if (name === "default") return this.module;
      // What only says how numbers start, or how a class is called.
      if (/^(initializers|regularizers|constraints|serialization|train|losses|metrics|callbacks)$/.test(name))
        return namespace(`tf.${name}`, (inner) => native(`tf.${name}.${inner}`, () => undefinedValue));
      if (name === "LayersModel" || name === "Model")
        return { kind: "native", type: { name: `tf.${name}`, construct: (_, args, at) => this.model(args, at) }, data: undefined }; // prettier-ignore
      if (Object.hasOwn(makers, name)) return native(`tf.${name}`, makers[name]);
      if (Object.hasOwn(this.operations, name)) return native(`tf.${name}`, (args, at) => this.operations[name](args.values, at)); // prettier-ignore
      return native(`tf.${name}`, (_, { place }) => unknown(`\`tf.${name}\``, place));
    });
  }

  // ------------------------------------------------------------------------------------------------------------- models

  private option(config: Value | undefined, name: string): Value | undefined {
    if (config?.kind === "unknown") return config;
    if (config?.kind !== "object") return undefined;
    if (config.lost) return config.lost;
    const value = config.entries.get(name)?.value;
    return value?.kind === "undefined" || value?.kind === "null" ? undefined : value;
  }

  private input(args: Arguments, at: At): Value {
    const [config] = args.values;
    const batched = this.option(config, "batchShape") ?? this.option(config, "batchInputShape");
    const shape = this.option(config, "shape");
    const all = batched && this.listOf(batched);
    const list = all ? all.slice(1) : shape && this.listOf(shape);
    return this.inputOf(list, args.node, at) ?? lost(shape, "the shape of an input", at);
  }

  /** An input of this shape, whose first axis is the tokens'. */
  private inputOf(list: readonly Value[] | undefined, node: Syntax | undefined, at: At) {
    if (!list || list.length < 1 || list.length > 2) return undefined;
    const [tokens, width] = list;
    if (list.length === 2 && width.kind !== "number") return undefined;
    return this.sequence(tokens, width, node, at);
  }

  private sequence(tokens: Value | undefined, width: Value | undefined, node: Syntax | undefined, at: At): Native {
    const size = tokens?.kind === "number" ? tokens.value : undefined;
    const told = size ?? this.tokens(node);
    const sequence: Sequence = { name: "tokens", tokens: told ?? few, projected: undefined };
    if (told === undefined) this.unsized.add(sequence);
    if (tokens?.kind === "number" && tokens.literal) this.sizePlaces.set(sequence, tokens.literal);
    const features = width?.kind === "number" ? width : undefined;
    if (features) this.widths.set(sequence, { value: features.value, literal: features.literal });
    return this.wrap(tensors.input(sequence, batch, features?.value, "batch-first", at.place), true);
  }

  private model(args: Arguments, at: At): Value {
    const [config] = args.values;
    const outputs = this.option(config, "outputs");
    if (!outputs || !args.node) return lost(outputs, "the outputs of a model", at);
    const model: TfModel = { node: args.node, callee: args.callee, outputs: this.tensorsIn(outputs) };
    this.models.push(model);
    const inputs = this.option(config, "inputs");
    const made: Native = { kind: "native", type: this.functionalType, data: { inputs, outputs } };
    this.functional.set(made, model);
    return made;
  }

  private readonly functionalType: NativeType = {
    name: "a model",
    get: (self, name, at) => {
      const { inputs, outputs } = self.data as { inputs: Value | undefined; outputs: Value };
      if (name === "outputs" || name === "inputs") {
        const value = name === "outputs" ? outputs : inputs;
        return value && (value.kind === "array" ? value : at.interpreter.array([slotOf(value)]));
      }
      if (name !== "apply") return ignored(name);
      return native(name, (args, inner) => this.apply(self, args.values, inner));
    },
  };

  private sequential(args: Arguments, at: At): Value {
    const given = this.option(args.values[0], "layers");
    const list = given ? this.listOf(given) : [];
    if (!list) return lost(given, "the layers of a model", at);
    const layers = at.interpreter.array(list.map(slotOf));
    const made: Native = { kind: "native", type: this.sequentialType, data: { layers, args } satisfies Sequential };
    this.sequentials.push(made);
    return made;
  }

  private readonly sequentialType: NativeType = {
    name: "a model",
    get: (self, name) => {
      const { layers } = self.data as Sequential;
      if (name === "add")
        return native(name, (args, at) => {
          if (at.interpreter.changes(layers)) layers.items.push(slotOf(args.values[0] ?? undefinedValue));
          return undefinedValue;
        });
      if (name !== "apply") return ignored(name);
      return native(name, (args, inner) => this.apply(self, args.values, inner));
    },
  };

  /** The input that the first layer of a sequence of layers asks for; undefined where it asks for none. */
  private firstInput(layers: ArrayValue, node: Syntax, at: At): Native | undefined {
    const first = layers.items[0]?.value as Value | undefined;
    const config = first?.kind === "native" && first.type === this.layerType ? (first.data as Layer).config : first?.kind === "object" ? (first.data as Layer | undefined)?.config : undefined; // prettier-ignore
    const shape = this.option(config, "inputShape");
    const batched = this.option(config, "batchInputShape");
    const all = batched && this.listOf(batched);
    const list = all ? all.slice(1) : shape && this.listOf(shape);
    const isEmbedding = first?.kind === "native" && first.type === this.layerType && (first.data as Layer).name === "embedding"; // prettier-ignore
    if (list) return this.inputOf(list, node, at);
    return isEmbedding ? this.sequence(this.option(config, "inputLength"), undefined, node, at) : undefined;
  }

  private through(layers: ArrayValue, input: Value, at: At): Value {
    if (layers.lost) return layers.lost;
    return layers.items.reduce<Value>((x, { value: layer }) => {
      if (layer.kind === "native" && layer.type === this.layerType && (layer.data as Layer).name === "inputLayer") return x; // prettier-ignore
      return this.apply(layer, [x], at);
    }, input);
  }

  /** A layer of the file's own, applied to vectors: what it is where no model of the file has it. */
  alone(instance: Value, node: Syntax, callee: Place, at: At): TfModel {
    const entries = instance.kind === "object" ? [...instance.entries] : [];
    const width = entries.find(([name, { value }]) => value.kind === "number" && widths.test(name))?.[1].value;
    const input = this.sequence(undefined, width ?? number(64), node, at);
    return { node, callee, outputs: this.tensorsIn(this.apply(instance, [input], at)) };
  }

  // ------------------------------------------------------------------------------------------------------------- layers

  private layer(name: string, args: Arguments): Value {
    const [config] = args.values;
    const place = args.node ? placeOf(args.node) : args.callee;
    if (config?.kind === "unknown") return config;
    if (config?.kind === "object" && config.lost) return config.lost;
    const data: Layer = { name, config: config?.kind === "object" ? config : undefined, place, weights: {} };
    return { kind: "native", type: this.layerType, data };
  }

  private readonly layerType: NativeType = {
    name: "a layer",
    get: (self, name) => {
      if (name === "apply" || name === "call") return native(name, (args, at) => this.apply(self, args.values, at));
      return ignored(name);
    },
  };

  /** What a class extends. */
  private readonly layerClass: Native = {
    kind: "native",
    type: {
      name: "tf.layers.Layer",
      initialise: (_, instance, args, at) => {
        const [config] = args.values;
        const data: Layer = { name: "", config: config?.kind === "object" && !config.lost ? config : undefined, place: at.place, weights: {} }; // prettier-ignore
        instance.data = data;
        at.interpreter.put(instance, "built", slotOf(boolean(false)));
        at.interpreter.put(instance, "trainable", slotOf(boolean(true)));
      },
      member: (_, instance, name) => this.inheritedMember(instance, name),
    },
    data: undefined,
  };

  private inheritedMember(instance: ObjectValue, name: string): Value | undefined {
    switch (name) {
      case "apply":
        return native(name, (args, at) => this.apply(instance, args.values, at));
      case "call":
        return native(name, (args) => args.values[0] ?? undefinedValue);
      case "build":
        return native(name, (_, at) => {
          at.interpreter.put(instance, "built", slotOf(boolean(true)));
          return undefinedValue;
        });
      case "computeOutputShape":
        return native(name, (args) => args.values[0] ?? undefinedValue);
      case "getConfig":
        return native(name, (_, at) => at.interpreter.object([]));
      case "addWeight":
        return native(name, ({ values }, at) => {
          const [, shape, , , , trainable] = values;
          const sizes = shape && numbersOf(shape);
          if (!sizes) return lost(shape, "the shape of a weight", at);
          const whole = this.option((instance.data as Layer | undefined)?.config, "trainable");
          const open = [trainable, whole].find((one) => one?.kind === "unknown");
          if (open) return open;
          return this.give(tensors.parameter(sizes, !isFalse(trainable) && !isFalse(whole), at.place));
        });
      case "invokeCallHook":
      case "setFastWeightInitDuringBuild":
        return native(name, () => undefinedValue);
      default:
        return undefined;
    }
  }

  /** Applies a layer or a model to a tensor or a list of them. */
  apply(layer: Value, values: readonly Value[], at: At): Value {
    at.interpreter.work(20);
    const [given = undefinedValue, ...extra] = values;
    const inputs = given.kind === "array" ? this.listOf(given) : [given];
    if (!inputs) return lost(given, "what a layer is applied to", at);
    const symbolic = inputs.some((input) => this.isTensor(input) && dataOf(input).symbolic);
    const result = this.applied(layer, inputs, given, symbolic, extra, at);
    if (!symbolic) return result;
    const mark = (value: Value): Value =>
      this.isTensor(value)
        ? { ...value, data: { ...dataOf(value), symbolic, made: { layer, inputs: inputs.filter((one) => this.isTensor(one)), extra } } } // prettier-ignore
        : value;
    if (result.kind === "array" && !result.lost) return at.interpreter.array(result.items.map((item) => slotOf(mark(item.value)))); // prettier-ignore
    return mark(result);
  }

  private applied(
    layer: Value,
    inputs: readonly Value[],
    given: Value,
    symbolic: boolean,
    extra: readonly Value[],
    at: At,
  ): Value {
    // prettier-ignore
    if (layer.kind === "unknown") return layer;
    if (layer.kind === "native") {
      if (layer.type === this.layerType) return this.builtin(layer.data as Layer, inputs, at);
      if (layer.type === this.sequentialType) {
        this.inner.add(layer);
        return this.through((layer.data as Sequential).layers, given, at);
      }
      if (layer.type === this.functionalType) {
        this.inner.add(layer);
        return this.replayed(layer, inputs, at);
      }
    }
    if (layer.kind !== "object" || layer.data === undefined) return unknown("a layer that is not known", at.place);
    if (layer.lost) return layer.lost;
    // As a model runs it: eagerly, on a list.
    const eager = inputs.map((input) => (this.isTensor(input) ? this.give(dataOf(input).tensor) : input));
    const shapes = inputs.map((input) => this.isTensor(input) ? this.shape(sizesOf(dataOf(input).tensor), true, at) : unknown("a shape", at.place)); // prettier-ignore
    const { interpreter } = at;
    const built = interpreter.member(layer, "built", at.place);
    if (built.kind === "boolean" && !built.value) {
      const shape = shapes.length === 1 ? shapes[0] : interpreter.array(shapes.map(slotOf));
      interpreter.callWith(interpreter.member(layer, "build", at.place), [shape], at.place);
      interpreter.put(layer, "built", slotOf(boolean(true)));
    }
    const argument = symbolic || given.kind === "array" ? interpreter.array(eager.map(slotOf)) : eager[0];
    const call = interpreter.member(layer, "call", at.place);
    return interpreter.callWith(call, [argument, extra[0] ?? interpreter.object([])], at.place);
  }

  /** A model's graph on other inputs. */
  private replayed(model: Native, inputs: readonly Value[], at: At): Value {
    const { inputs: own, outputs } = model.data as { inputs: Value | undefined; outputs: Value };
    const starts = own?.kind === "array" ? this.listOf(own) : own && [own];
    if (starts?.length !== inputs.length) return unknown("a model that is applied to other inputs", at.place);
    const done = new Map<Tensor, Value>(
      starts.flatMap((start, i) => (this.isTensor(start) ? [[dataOf(start).tensor, inputs[i]] as const] : [])),
    );
    const again = (value: Value): Value => {
      if (!this.isTensor(value)) return value;
      const { tensor, made } = dataOf(value);
      const known = done.get(tensor);
      if (known) return known;
      if (!made) return unknown("an input that a model does not name", at.place);
      const below = made.inputs.map(again);
      const list = below.length === 1 ? below[0] : at.interpreter.array(below.map(slotOf));
      const result = this.apply(made.layer, [list, ...made.extra], at);
      done.set(tensor, result);
      return result;
    };
    return outputs.kind === "array" ? at.interpreter.array((this.listOf(outputs) ?? []).map((one) => slotOf(again(one)))) : again(outputs); // prettier-ignore
  }

  private builtin({ name, config, place, weights }: Layer, inputs: readonly Value[], at: At): Value {
    const list = inputs.map((input) => this.tensorOf(input, at));
    const [x] = list;
    const where: At = { ...at, place };
    const option = (key: string) => this.option(config, key);
    const frozen = isFalse(option("trainable"));
    const unknownOption = ["units", "activation", "useBias", "trainable", "axis", "layer"].map(option).find((one) => one?.kind === "unknown"); // prettier-ignore
    if (unknownOption) return unknownOption;
    const activated = (tensor: Tensor): Value => {
      const activation = option("activation");
      return this.give(activation?.kind === "string" ? activate(tensor, activation.value, activation.literal ?? place) : tensor); // prettier-ignore
    };
    const folded = (op: BinaryOperation) => list.slice(1).reduce((sum, one) => tensors.binary(op, sum, one, place), x);
    switch (name) {
      case "dense": {
        const units = option("units");
        if (units?.kind !== "number") return lost(units, "the units of a layer", where);
        const bias = option("useBias");
        const written = config?.entries.get("useBias")?.written;
        const layer = {
          width: units.value,
          widthLiteral: units.literal,
          bias: !isFalse(bias),
          biasPlace: (bias?.kind === "boolean" && bias.literal) || written?.value || place,
          frozen,
          weights,
        };
        return activated(tensors.linear(x, layer, place));
      }
      case "embedding": {
        const [rows, width] = [option("inputDim"), option("outputDim")];
        if (rows?.kind !== "number" || width?.kind !== "number") return lost(rows?.kind === "number" ? width : rows, "the size of an embedding", where); // prettier-ignore
        if (truthy(option("maskZero"))) return unknown("an embedding that masks padding", place);
        if (x.content.kind === "stream")
          this.widths.set(x.content.node.sequence, { value: width.value, literal: width.literal });
        return this.give(tensors.embedding({ rows: rows.value, width: width.value, trainable: !frozen, widthLiteral: width.literal }, tensors.convert(x, "int"), place)); // prettier-ignore
      }
      case "layerNormalization": {
        const axis = option("axis");
        if (axis && !(axis.kind === "number" && axis.value === -1)) return unknown("a normalisation along another axis", place); // prettier-ignore
        return this.give(tensors.norm(x, "layer", place));
      }
      case "dropout":
      case "gaussianNoise":
      case "gaussianDropout":
      case "alphaDropout":
      case "spatialDropout1d":
      case "inputLayer":
        return this.give(x);
      case "add":
        return this.give(folded("+"));
      case "multiply":
        return this.give(folded("*"));
      case "average":
        return this.give(tensors.binary("/", folded("+"), list.length, place));
      case "concatenate": {
        const axis = integer(option("axis"), -1);
        return axis === undefined ? lost(option("axis"), "an axis", where) : this.give(tensors.concatenate(list, axis, place)); // prettier-ignore
      }
      case "activation":
        return activated(x);
      case "reLU":
        return option("maxValue") ? unknown("an activation with a greatest value", place) : this.give(tensors.activation(x, "relu", place)); // prettier-ignore
      case "leakyReLU":
        return this.give(tensors.activation(x, "leaky-relu", place));
      case "elu":
        return this.give(tensors.activation(x, "elu", place));
      case "softmax": {
        const axis = integer(option("axis"), -1);
        return axis === undefined ? lost(option("axis"), "an axis", where) : this.give(tensors.softmax(x, axis, place));
      }
      case "reshape": {
        const shape = option("targetShape");
        const sizes = shape && numbersOf(shape);
        return sizes ? this.give(tensors.reshape(x, [batch, ...sizes], place)) : lost(shape, "a shape", where);
      }
      case "permute": {
        const order = option("dims");
        const axes = order && numbersOf(order);
        return axes ? this.give(tensors.permute(x, [0, ...axes], place)) : lost(order, "an order of axes", where);
      }
      case "flatten":
        return this.give(tensors.reshape(x, [batch, -1], place));
      case "timeDistributed": {
        const inner = option("layer");
        const isTokenwise = inner?.kind === "native" && inner.type === this.layerType && /^(dense|dropout|activation|layerNormalization)$/.test((inner.data as Layer).name); // prettier-ignore
        return isTokenwise ? this.apply(inner, inputs, at) : unknown("a layer that is applied token by token", place);
      }
      case "globalAveragePooling1d":
        return this.give(tensors.mean(x, [1], false, place));
      case "dot": {
        const axes = option("axes");
        const [left, right] = axes?.kind === "number" ? [axes.value, axes.value] : ((axes && numbersOf(axes)) ?? []);
        if (list.length !== 2 || left === undefined || right === undefined || truthy(option("normalize"))) return unknown("a product of layers", place); // prettier-ignore
        const contracted = (tensor: Tensor, axis: number, wanted: number) => {
          const rank = sizesOf(tensor).length;
          if (rank !== 3 && tensor.content.kind !== "opaque") return tensors.opaque("a product of layers", place);
          return (axis < 0 ? axis + rank : axis) === wanted ? tensor : lastTwoSwapped(tensor, place);
        };
        return this.give(tensors.matmul(contracted(x, left, 2), contracted(list[1], right, 1), place));
      }
      default:
        return unknown(`the layer \`tf.layers.${name}\``, place);
    }
  }
}

// --------------------------------------------------------------------------------------------------------------- values

const binaries = {
  add: "+", sub: "-", mul: "*", div: "/", floorDiv: "//", mod: "%", pow: "**", maximum: "max", minimum: "min",
  less: "<", lessEqual: "<=", greater: ">", greaterEqual: ">=", equal: "==", notEqual: "!=",
  logicalAnd: "and", logicalOr: "or", logicalXor: "xor",
} as const satisfies Record<string, BinaryOperation>; // prettier-ignore
const unaries = {
  neg: "-", abs: "abs", floor: "floor", ceil: "ceil", round: "round", sign: "sign",
  log: "log", sqrt: "sqrt", sin: "sin", cos: "cos",
} as const satisfies Record<string, UnaryOperation>; // prettier-ignore
const activations = {
  relu: "relu", elu: "elu", sigmoid: "sigmoid", tanh: "tanh", softplus: "softplus", leakyRelu: "leaky-relu", exp: "exp",
} as const satisfies Record<string, ActivationName | "exp">; // prettier-ignore
/** By the names that layers take. */
const layerActivations: Record<string, ActivationName> = {
  relu: "relu", elu: "elu", sigmoid: "sigmoid", tanh: "tanh", softplus: "softplus", gelu: "gelu", gelu_new: "gelu", swish: "silu",
}; // prettier-ignore
const dtypes: Record<string, Tensor["dtype"] | undefined> = { float32: "float", int32: "int", bool: "bool" };

function activate(tensor: Tensor, name: string, place: Place): Tensor {
  if (name === "linear") return tensor;
  if (name === "softmax") return tensors.softmax(tensor, -1, place);
  return Object.hasOwn(layerActivations, name) ? tensors.activation(tensor, layerActivations[name], place) : tensors.opaque(`the activation \`${name}\``, place); // prettier-ignore
}

function lastTwoSwapped(tensor: Tensor, place: Place): Tensor {
  const rank = sizesOf(tensor).length;
  if (rank < 2) return tensor.content.kind === "opaque" ? tensor : tensors.opaque("a vector that is transposed", place);
  const order = Array.from({ length: rank }, (_, i) => i);
  return tensors.permute(tensor, [...order.slice(0, -2), rank - 1, rank - 2], place);
}

/** An operation that is not understood: because of an argument that is unknown, if one is. */
function lost(value: Value | undefined, what: string, { place }: At): Value {
  if (value?.kind === "unknown") return value;
  if (value?.kind === "array") {
    const open = value.lost ?? value.items.find((item) => item.value.kind === "unknown")?.value;
    if (open) return open;
  }
  return unknown(what, place);
}

const truthy = (value: Value | undefined): boolean => value?.kind === "boolean" && value.value;
const isFalse = (value: Value | undefined): boolean => value?.kind === "boolean" && !value.value;

const real = (value: Value | undefined): number | undefined => (value?.kind === "number" ? value.value : undefined);

/** A whole number; undefined where it is not known. */
function integer(value: Value | undefined, otherwise: number): number | undefined {
  if (value === undefined || value.kind === "undefined" || value.kind === "null") return otherwise;
  return value.kind === "number" && Number.isInteger(value.value) ? value.value : undefined;
}

/** Whole numbers of a list. */
function numbersOf(value: Value): number[] | undefined {
  if (value.kind !== "array" || value.lost) return undefined;
  const known = value.items.map((item) => integer(item.value, NaN));
  return known.every((one) => one !== undefined && !Number.isNaN(one)) ? (known as number[]) : undefined;
}

type Nested = number | boolean | Nested[];

/** Numbers in lists of lists; undefined where one is not known. */
function numbersIn(value: Value): Nested | undefined {
  if (value.kind === "number" || value.kind === "boolean") return value.value;
  if (value.kind !== "array" || value.lost) return undefined;
  const items = value.items.map((item) => numbersIn(item.value));
  return items.every((item) => item !== undefined) ? items : undefined;
}

/** A method that does nothing to what a model computes: summary, compile, ... */
const ignored = (name: string): Native => native(name, (_, { place }) => unknown(`the result of \`${name}\``, place));

const nowhere = (value: Value): At => ({ place: value.kind === "unknown" ? value.place : { from: 0, to: 0 } }) as At;
