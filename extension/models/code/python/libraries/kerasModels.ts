/** Keras: `Input`, `Model`, `Sequential`. A functional model is the graph between its inputs and its outputs. */
import { tensors } from "../../graph/operations";
import type { Place, Sequence, StreamNode } from "../../graph/nodes";
import { sizesOf, type Axis, type Content, type Tensor } from "../../graph/tensor";
import { none, unknown, type Arguments, type At, type Interpreter, type Value } from "../values";
import { operation, type Call } from "./call";
import { dtypeOf } from "./dtypes";
import { kerasFramework, tensorsIn } from "./kerasBase";
import { keras } from "./kerasOps";
import { imageInput } from "./images";
import { isLayerNative, Layer } from "./layers";
import { isTensor, tensorOf } from "./tensorState";

/** Elements of a batch: an odd number that no other axis is likely to have. */
const batch = 3;

const assumptions = new WeakMap<Interpreter, number>();
/** Tokens of inputs whose length is left open, where nothing else is said. */
const defaultTokens = 16;

/** How many tokens `keras.Input((None, ...))` has when the text is run. */
export function assumeTokens(interpreter: Interpreter, tokens: number): void {
  assumptions.set(interpreter, tokens);
}

/** Sequences of inputs whose length nobody wrote. */
const openSequences = new WeakSet<Sequence>();

/** `keras.Input(shape, ...)`: indices or vectors, one per token. */
function input(call: Call): Tensor {
  const whole = call.has("batch_shape") ? call.items(call.needed("batch_shape")).slice(1) : undefined;
  const shape = whole ?? call.items(call.needed("shape"));
  if (call.has("tensor")) throw call.not("with `tensor`");
  if (shape.length === 3) {
    const [height, width, channels] = shape.map((size) => call.toInt(size));
    return imageInput({ height, width, channels, batch, name: call.string("name", "tokens") }, call.place);
  }
  if (shape.length === 0 || shape.length > 2) throw call.not("of a shape that is not (tokens,) or (tokens, features)");
  const [first, features] = shape;
  const open = first.kind === "none";
  const tokens = open ? (assumptions.get(call.at.interpreter) ?? defaultTokens) : call.toInt(first);
  const sequence: Sequence = { name: call.string("name", "tokens"), tokens, projected: undefined };
  if (open) openSequences.add(sequence);
  const width = features && (features.kind === "none" ? undefined : call.toInt(features));
  if (features && width === undefined) throw call.not("of features whose number is not given");
  const made = tensors.input(sequence, batch, width, "batch-first", call.place);
  const kind = call.has("dtype") ? dtypeOf(call.needed("dtype")) : undefined;
  return kind === "bool" ? { ...made, dtype: "bool" } : made;
}

export const inputFunction = keras.function(
  "keras.Input",
  operation("shape batch_size dtype sparse batch_shape name tensor optional ragged", input),
);

// ------------------------------------------------------------------------------------------------------ functional models

/** What a reader takes of a model whose graph is known when it is made. */
export interface FunctionalModel {
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  /** Where the model is made. */
  place: Place;
  /** Whether the length of an input is not written: it is the assumed one. */
  open: boolean;
  /** Whether another model is made of it. */
  isPart: boolean;
}

interface Graph {
  inputs: Value;
  outputs: Value;
}
const graphs = new WeakMap<Layer, Graph>();

/** Models that others are made of. */
const parts = new WeakSet<Layer>();

function describe(inputs: readonly Tensor[], outputs: readonly Tensor[], layer: Layer): FunctionalModel {
  const open = inputs.some(({ content }) => content.kind === "stream" && openSequences.has(content.node.sequence));
  return { inputs, outputs, place: layer.made.place, open, isPart: parts.has(layer) };
}

/** The graph of a functional model, or of a `Sequential` that begins with an input; undefined for other values. */
export function functionalModel(value: Value, at: At): FunctionalModel | undefined {
  const layer = value.kind === "native" || value.kind === "instance" ? value.data : undefined;
  return layer instanceof Layer ? graphOf(layer, at) : undefined;
}

function graphOf(layer: Layer, at: At): FunctionalModel | undefined {
  const graph = graphs.get(layer);
  if (graph) return describe(tensorsIn(graph.inputs), tensorsIn(graph.outputs), layer);
  if (layer.spec !== sequentialClass.spec) return undefined;
  const [first] = layer.attributes.values();
  const start = first && inputOf(first, at);
  if (!start) return undefined;
  const result = runThrough(layer, keras.wrap(start), at);
  return isTensor(result) ? describe([start], [tensorOf(result)], layer) : undefined;
}

/** Nodes of a graph with other inputs. */
class Replacing {
  private readonly nodes = new Map<StreamNode, StreamNode>();
  private readonly sequences = new Map<Sequence, Sequence>();
  private readonly inputs = new Map<Sequence, StreamNode>();
  problem: string | undefined;

  constructor(from: readonly Tensor[], to: readonly Tensor[]) {
    for (const [i, { content }] of from.entries()) {
      const given = to[i]?.content;
      if (content.kind !== "stream" || given?.kind !== "stream")
        this.problem = "a model that is called with other than tokens"; // prettier-ignore
      else if (sizesOf(from[i]).join() !== sizesOf(to[i]).join())
        this.problem = "a model that is called with tensors of another shape"; // prettier-ignore
      else {
        this.sequences.set(content.node.sequence, given.node.sequence);
        this.inputs.set(content.node.sequence, given.node);
      }
    }
  }

  private sequence(of: Sequence): Sequence {
    let found = this.sequences.get(of);
    if (!found) {
      const { projected } = of;
      found = projected ? { ...of, projected: { ...projected, of: this.sequence(projected.of) } } : { ...of };
      this.sequences.set(of, found);
    }
    return found;
  }

  private node(of: StreamNode): StreamNode {
    let made = this.nodes.get(of);
    if (!made) {
      made = this.made(of);
      this.nodes.set(of, made);
    }
    return made;
  }

  private made(of: StreamNode): StreamNode {
    const sequence = this.sequence(of.sequence);
    switch (of.op) {
      case "input": {
        const given = this.inputs.get(of.sequence);
        return given && given.op !== "input" ? given : { ...of, sequence };
      }
      case "position":
      case "constant":
        return { ...of, sequence };
      case "add":
      case "multiply":
        return { ...of, sequence, left: this.node(of.left), right: this.node(of.right) };
      case "join":
      case "tokenwise":
        return { ...of, sequence, parts: of.parts.map((part) => this.node(part)) };
      case "attend": {
        const { query, key, value } = of.attention;
        const attention = { ...of.attention, query: this.node(query), key: this.node(key), value: this.node(value) };
        return { ...of, sequence, attention };
      }
      default:
        return { ...of, sequence, of: this.node(of.of) };
    }
  }

  tensor(of: Tensor): Tensor {
    const { content } = of;
    const axes = of.axes.map((axis): Axis => axis.map((atom) => (typeof atom.role === "object" ? { ...atom, role: this.sequence(atom.role) } : atom))); // prettier-ignore
    if (content.kind === "stream" || content.kind === "pooled") {
      const replaced: Content = { ...content, node: this.node(content.node) };
      return { ...of, axes, content: replaced };
    }
    return content.kind === "pairs" || content.kind === "memory" ? tensors.opaque("the output of a model that is called", of.place) : of; // prettier-ignore
  }

  value(of: Value): Value {
    if (isTensor(of)) return keras.wrap(this.tensor(tensorOf(of)));
    if (of.kind === "list" || of.kind === "tuple")
      return { kind: of.kind, items: of.items.map((item) => this.value(item)) };
    if (of.kind === "dict") return { kind: "dict", entries: new Map([...of.entries].map(([key, item]) => [key, this.value(item)])) }; // prettier-ignore
    return of;
  }
}

function runGraph(graph: Graph, call: Call, layer: Layer): Value {
  if (layer.frozen) throw call.not("that is not trained");
  const given = call.needed("inputs");
  const from = tensorsIn(graph.inputs);
  const byName = given.kind === "dict" && graph.inputs.kind === "dict" ? [...graph.inputs.entries.keys()].map((key) => given.entries.get(key) ?? none) : undefined; // prettier-ignore
  const to = byName ? byName.flatMap(tensorsIn) : tensorsIn(given);
  const lost = to.find(({ content }) => content.kind === "opaque");
  if (lost) return keras.wrap(lost);
  if (from.length !== to.length) throw call.not("with these inputs");
  const replacing = new Replacing(from, to);
  if (replacing.problem) return keras.wrap(tensors.opaque(replacing.problem, call.place));
  parts.add(layer);
  return replacing.value(graph.outputs);
}

/** Layers one after the other. */
function runThrough(layer: Layer, start: Value, at: At): Value {
  let value = start;
  for (const item of layer.attributes.values()) {
    if (isTensor(item) || isInput(item)) continue;
    value = at.interpreter.callWith(item, [value], isLayerNative(item) ? item.data.made.place : at.place);
  }
  return value;
}

const isInput = (value: Value): boolean => isLayerNative(value) && value.data.spec === inputLayerClass.spec;

/** The tensor with which a list of layers begins. */
function inputOf(first: Value, at: At): Tensor | undefined {
  if (isTensor(first)) return tensorOf(first);
  if (!isLayerNative(first)) return undefined;
  const made = isInput(first) ? first.data.attributes.get("tensor") : undefined;
  if (made && isTensor(made)) return tensorOf(made);
  const shape = first.data.attributes.get("input_shape");
  if (!shape) return undefined;
  const result = at.interpreter.callWith(inputFunction, [shape], first.data.made.place);
  return isTensor(result) ? tensorOf(result) : undefined;
}

export const modelClass = kerasFramework.define({
  name: "keras.Model",
  signature: "inputs outputs *rest",
  make: (call, layer) => {
    if (!call.has("inputs") && !call.has("outputs")) return;
    graphs.set(layer, { inputs: call.needed("inputs"), outputs: call.needed("outputs") });
    layer.attributes.set("inputs", call.needed("inputs"));
    layer.attributes.set("output", call.needed("outputs"));
    layer.attributes.set("input", call.needed("inputs"));
    layer.attributes.set("outputs", call.needed("outputs"));
  },
  input: "inputs mask",
  forward: (call, layer) => {
    const graph = graphs.get(layer);
    if (!graph) throw call.not("without `call`");
    return runGraph(graph, call, layer);
  },
});

export const inputLayerClass = kerasFramework.define({
  name: "keras.layers.InputLayer",
  signature: "shape batch_shape sparse",
  make: (call, layer) => {
    const args: Arguments = call.has("shape") ? call.args : { ...call.args, positional: [layer.get("input_shape")] };
    layer.attributes.set("tensor", call.at.interpreter.call(inputFunction, args, call.place));
  },
  input: "inputs",
  forward: (call) => call.needed("inputs"),
});

export const sequentialClass = kerasFramework.define({
  name: "keras.Sequential",
  signature: "layers *rest",
  container: "list",
  make: (call, layer) => {
    if (!call.has("layers")) return;
    for (const [i, item] of call.items(call.needed("layers")).entries()) layer.attributes.set(String(i), item);
  },
  input: "inputs mask",
  forward: (call, layer) => {
    parts.add(layer);
    return runThrough(layer, call.needed("inputs"), call.at);
  },
  methods: {
    add: (layer, args) => {
      const [item] = [...args.positional, ...args.named.values()];
      if (item) layer.attributes.set(String(layer.attributes.size), item);
      return none;
    },
    pop: (layer, _args, at) => {
      const last = [...layer.attributes].at(-1);
      if (!last) return unknown("an item of a model without layers", at.place);
      layer.attributes.delete(last[0]);
      return last[1];
    },
  },
});
