/**
 * Models of Keras, TensorFlow, JAX, Flax and x-transformers as graphs. What reads what was measured on the frameworks themselves for the
 * sources of the fixture (outputs before and after single inputs are changed); the terms say norms, biases, kernels and heads.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { AttentionNode, Sequence, StreamNode } from "../../extension/models/code/graph/nodes";
import { tensors } from "../../extension/models/code/graph/operations";
import { sizesOf, type Tensor } from "../../extension/models/code/graph/tensor";
import { allInputs } from "../../extension/models/code/graph/tokenwise";
import { frameworks } from "../../extension/models/code/python/frameworks";
import { PythonInterpreter } from "../../extension/models/code/python/interpreter";
import { pythonLibraries } from "../../extension/models/code/python/libraries";
import { assumeTokens, functionalModel } from "../../extension/models/code/python/libraries/kerasModels";
import { isTensor, tensorOf } from "../../extension/models/code/python/libraries/tensorState";
import type { At, Value } from "../../extension/models/code/python/values";
import { loadGrammar, parse, plain } from "../../extension/models/code/syntax";
import { attentions, readsPair, rowsOf, termOf } from "../reference/graph";

const nowhere = { from: 0, to: 0 };

function run(text: string, tokens?: number): PythonInterpreter {
  const source = parse("python", text);
  const root = plain(source.tree.rootNode, text);
  source.tree.delete();
  assert.ok(root);
  const interpreter = new PythonInterpreter(text, pythonLibraries, 1_000_000);
  if (tokens !== undefined) assumeTokens(interpreter, tokens);
  interpreter.runModule(root.children);
  return interpreter;
}

const at = (interpreter: PythonInterpreter): At => ({ place: nowhere, interpreter });

interface Given {
  discrete?: boolean;
  inputs?: number;
  tokens?: number;
}

/** What a model of the source gives, and the inputs that it was given. */
function outputOf(
  interpreter: PythonInterpreter,
  name: string,
  given: Given = {},
): { output: Value; inputs: Tensor[] } {
  const model = interpreter.module.names.get(name);
  assert.ok(model, `no ${name}`);
  const known = functionalModel(model, at(interpreter));
  const framework = frameworks.find((each) => each.isModel(model));
  assert.ok(framework, model.kind === "unknown" ? model.reason : model.kind);
  if (known) return { output: framework.wrap(known.outputs[0]), inputs: [...known.inputs] };
  const inputs = Array.from({ length: given.inputs ?? 1 }, (_, i) => {
    const sequence: Sequence = { name: i === 0 ? "tokens" : "memory", tokens: given.tokens ?? 6, projected: undefined };
    return tensors.input(sequence, 3, given.discrete ? undefined : 8, "batch-first", nowhere);
  });
  const output = interpreter.callWith(model, inputs.map((tensor) => framework.wrap(tensor)), nowhere); // prettier-ignore
  return { output, inputs };
}

function tensorFrom(value: Value): Tensor {
  const single = value.kind === "tuple" || value.kind === "list" ? value.items[0] : value;
  assert.ok(single && isTensor(single), single?.kind === "unknown" ? single.reason : single?.kind);
  const tensor = tensorOf(single);
  assert.notEqual(tensor.content.kind, "opaque", tensor.content.kind === "opaque" ? tensor.content.opaque.reason : "");
  return tensor;
}

function nodeOf(value: Value): StreamNode {
  const { content } = tensorFrom(value);
  assert.ok(content.kind === "stream" || content.kind === "pooled");
  return content.node;
}

function opaqueReason(value: Value): string {
  assert.ok(isTensor(value), value.kind);
  const { content } = tensorOf(value);
  assert.ok(content.kind === "opaque", content.kind);
  return content.opaque.reason;
}

const term = (node: StreamNode): string =>
  termOf(node, ({ query, key, value, heads, mask, biases }, inner) => {
    const parts = [mask ? "-masked" : "", ...biases.map(({ kind }) => `-${kind}`)].join("");
    return `attend:${heads}${parts}[${[...new Set([query, key, value].map(inner))].join("; ")}]`;
  });

/** Whether a query reads a key in some head. */
const reads = (attention: AttentionNode, query: number, key: number): boolean =>
  Array.from({ length: attention.heads }, (_, head) => [head, query, key]).some((pair) => readsPair(attention, pair));

const rows = (attention: AttentionNode, tokens: number): string[] =>
  rowsOf(tokens, (query, key) => reads(attention, query, key));

/** The tokens of an input of which each token of a node is made. */
function visible(node: StreamNode, input: Sequence, seen = new Map<StreamNode, Set<number>[]>()): Set<number>[] {
  const known = seen.get(node);
  if (known) return known;
  const { tokens } = node.sequence;
  const none = Array.from({ length: tokens }, () => new Set<number>());
  const made = ((): Set<number>[] => {
    if (node.op === "input") return node.sequence === input ? none.map((_, token) => new Set([token])) : none;
    if (node.op === "extend") {
      const inner = visible(node.of, input, seen);
      const added = node.vectors.map(() => new Set<number>());
      return node.before ? [...added, ...inner] : [...inner, ...added];
    }
    if (node.op === "attend") {
      const { query, key, value } = node.attention;
      const [q, k, v] = [query, key, value].map((part) => visible(part, input, seen));
      return q.map((own, i) => {
        const read = v.flatMap((of, j) => (reads(node.attention, i, j) ? [...of, ...k[j]] : []));
        return new Set([...own, ...read]);
      });
    }
    const parts = allInputs(node).map((part) => visible(part, input, seen));
    return none.map((_, token) => new Set(parts.flatMap((part) => [...part[token]])));
  })();
  seen.set(node, made);
  return made;
}

interface Measured {
  name: string;
  source: string;
  discrete: boolean;
  inputs: number;
  /** By model, by input: which tokens of the input each token of the output depends on. */
  models: Record<string, string[][]>;
}
const measured = JSON.parse(
  readFileSync(path.join(__dirname, "fixtures", "frameworkModels.json"), "utf8"),
) as Measured[];

describe("models of Keras, Flax and x-transformers read what the frameworks' own read", () => {
  before(() => loadGrammar("python"));

  for (const { name, source, discrete, inputs: count, models } of measured)
    for (const [model, expected] of Object.entries(models))
      it(`${name}: ${model}`, function () {
        const { output, inputs } = outputOf(run(source), model, { discrete, inputs: count });
        if (unread.has(`${name}: ${model}`)) return void opaqueReason(output);
        const node = nodeOf(output);
        for (const [i, rowsOfInput] of expected.entries()) {
          const { content } = inputs[i];
          assert.ok(content.kind === "stream");
          // Tokens that were only added for the layers come first and are taken away.
          const found = visible(node, content.node.sequence).slice(-rowsOfInput.length);
          const written = found.map((row) => [...rowsOfInput[0]].map((_, token) => Number(row.has(token))).join(""));
          assert.deepEqual(written, rowsOfInput);
        }
      });
});

/** What is said not to be understood: a mask of the data, memories of keys and values. */
const unread = new Set(["jax.nn.dot_product_attention, DenseGeneral, window, gqa, qk norm: model4", "decoder: model5"]);

/** The class of a layer around a call, in Keras and in Flax. */
const keras = (init: string, call: string) => `
import keras
import tensorflow as tf
import keras_hub
from keras import layers, ops
class Model(layers.Layer):
    def __init__(self):
        super().__init__()
${init.replace(/^/gm, "        ")}
    def call(self, x, memory=None):
${call.replace(/^/gm, "        ")}
model = Model()
`;
const linen = (call: string) => `
import flax.linen as nn
import jax
import jax.numpy as jnp
class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
${call.replace(/^/gm, "        ")}
model = Model()
`;
const nnx = (init: string, call: string) => `
import jax
import jax.numpy as jnp
from flax import nnx
class Model(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
${init.replace(/^/gm, "        ")}
    def __call__(self, x):
${call.replace(/^/gm, "        ")}
model = Model(nnx.Rngs(0))
`;
const wrapped = (layers: string, options = "") => `
from x_transformers import ContinuousTransformerWrapper, CrossAttender, Decoder, Encoder, TransformerWrapper
model = ContinuousTransformerWrapper(attn_layers=${layers}${options})
`;

const causal = ["100000", "110000", "111000", "111100", "111110", "111111"];
const window = ["100000", "110000", "111000", "011100", "001110", "000111"];
const near = ["110000", "111000", "011100", "001110", "000111", "000011"];

describe("masks of Keras and Flax", () => {
  before(() => loadGrammar("python"));

  const attention = (call: string, before = "") =>
    keras("self.a = layers.MultiHeadAttention(2, 4)", `n = ops.shape(x)[1]\n${before}\nreturn self.a(x, x, ${call})`);
  const masks: [string, string, string[]][] = [
    ["use_causal_mask", attention("use_causal_mask=True"), causal],
    [
      "a mask of what is read",
      attention("attention_mask=m", "m = ops.tril(ops.ones((1, n, n), dtype='bool'))"),
      causal,
    ],
    ["a mask of integers", attention("attention_mask=m", "i = tf.range(n)[:, tf.newaxis]\nm = tf.cast(i >= tf.range(n), tf.int32)[tf.newaxis]"), causal], // prettier-ignore
    ["band_part", attention("attention_mask=m", "m = tf.linalg.band_part(tf.ones((n, n)), 2, 0)"), window],
    ["both masks", attention("attention_mask=m, use_causal_mask=True", "d = ops.expand_dims(ops.arange(n), 1) - ops.arange(n)\nm = ops.abs(d) < 3"), window], // prettier-ignore
    ["a sliding window", keras("self.a = layers.MultiHeadAttention(2, 4, sliding_window=2)", "return self.a(x, x)"), near], // prettier-ignore
    ["a sliding window that is causal", keras("self.a = layers.MultiHeadAttention(2, 4, sliding_window=3)", "return self.a(x, x, use_causal_mask=True)"), window], // prettier-ignore
    ["Attention", keras("self.a = layers.Attention()", "return self.a([x, x], use_causal_mask=True)"), causal],
    ["a Softmax layer with a mask", keras("self.q = layers.Dense(8)\nself.s = layers.Softmax()", "n = ops.shape(x)[1]\nm = ops.tril(ops.ones((n, n)))\ns = ops.matmul(self.q(x), ops.transpose(x, (0, 2, 1)))\nreturn ops.matmul(self.s(s, mask=m), x)"), causal], // prettier-ignore
    ["ops.dot_product_attention", keras("self.q = layers.EinsumDense('btd,dhe->bthe', (None, 2, 4))", "q = self.q(x)\no = ops.dot_product_attention(q, q, q, is_causal=True)\nreturn ops.reshape(o, ops.shape(x))"), causal], // prettier-ignore
    ["KerasHub's decoder", keras("self.a = keras_hub.layers.TransformerDecoder(16, 2)", "return self.a(x)"), causal],
    ["make_causal_mask", linen("return nn.MultiHeadDotProductAttention(num_heads=2)(x, mask=nn.make_causal_mask(x[..., 0]))"), causal], // prettier-ignore
    ["make_causal_mask of ones", linen("return nn.SelfAttention(num_heads=2)(x, nn.make_causal_mask(jnp.ones((1, x.shape[1]))))"), causal], // prettier-ignore
    ["make_attention_mask of positions", linen("i = jnp.arange(6)[None]\nm = nn.make_attention_mask(i, i, lambda a, b: jnp.abs(a - b) < 2)\nreturn nn.MultiHeadAttention(num_heads=2)(x, mask=m)"), near], // prettier-ignore
    ["combine_masks", linen("i = jnp.arange(6)[None]\nm = nn.combine_masks(nn.make_causal_mask(x[..., 0]), nn.make_attention_mask(i, i, lambda a, b: a - b < 3))\nreturn nn.MultiHeadAttention(num_heads=2)(x, mask=m)"), window], // prettier-ignore
    ["jax.nn.dot_product_attention", linen("q = nn.DenseGeneral((2, 4))(x)\no = jax.nn.dot_product_attention(q, q, q, is_causal=True, local_window_size=2)\nreturn o.reshape(x.shape)"), window], // prettier-ignore
    ["nnx with is_causal", nnx("self.a = nnx.MultiHeadAttention(num_heads=2, in_features=8, decode=False, rngs=rngs)", "return self.a(x, is_causal=True)"), causal], // prettier-ignore
    ["a mask that is written into", linen("m = jnp.zeros((6, 6)).at[jnp.arange(6), 0].set(1) if False else jnp.tri(6)\nreturn nn.MultiHeadAttention(num_heads=2)(x, mask=m)"), causal], // prettier-ignore
    ["x-transformers' window", wrapped("Decoder(dim=8, depth=1, heads=2, attn_max_attend_past=2)"), window],
  ];
  for (const [name, source, expected] of masks)
    it(name, () => {
      const { output } = outputOf(run(source), "model");
      assert.deepEqual(rows(attentions(nodeOf(output))[0], 6), expected);
    });

  it("flags and statements are where a person would point", () => {
    const source = attention("use_causal_mask=True");
    const [{ mask }] = attentions(nodeOf(outputOf(run(source), "model").output));
    assert.ok(mask?.source.kind === "flag");
    assert.equal(source.slice(mask.place.from, mask.place.to), "True");
    const decoder = wrapped("Decoder(dim=8, depth=1, heads=2)");
    const [other] = attentions(nodeOf(outputOf(run(decoder), "model").output));
    assert.ok(other.mask);
    assert.deepEqual([decoder.slice(other.mask.place.from, other.mask.place.to), other.mask.source.kind], ["Decoder", "other"]); // prettier-ignore
  });

  const lost: [string, string, RegExp][] = [
    ["a mask of the data", attention("attention_mask=x[:, :, :1] > 0"), /depends on the data/],
    ["padding", attention("value_mask=x[:, :, 0] > 0"), /depends on the data/],
    ["Flax's mask of the data", linen("m = nn.make_attention_mask(x[..., 0] > 0, x[..., 0] > 0)\nreturn nn.MultiHeadAttention(num_heads=2)(x, mask=m)"), /depends on the data/], // prettier-ignore
    ["decoding", linen("return nn.MultiHeadAttention(num_heads=2, decode=True)(x)"), /`decode`/],
    ["attention of another kind", linen("return nn.MultiHeadAttention(num_heads=2, attention_fn=lambda q, k, v, **kw: v)(x)"), /`attention_fn`/], // prettier-ignore
    ["vmap", linen("return jax.vmap(lambda row: row)(x)"), /`jax.vmap`/],
    ["noise in a call", linen("return x + jax.random.normal(self.make_rng('noise'), x.shape)"), /new numbers/],
    ["a keyword of x-transformers", wrapped("Decoder(dim=8, depth=1, heads=2, attn_sparse_topk=4)"), /`attn_sparse_topk`/], // prettier-ignore
    ["an unknown keyword of x-transformers", wrapped("Decoder(dim=8, depth=1, heads=2, resi_tri=True)"), /`resi_tri`/],
    ["an activation that is not known", keras("self.a = layers.Dense(8, activation='mish')", "return self.a(x)"), /"mish"/],
    ["a convolution", keras("self.a = layers.Conv1D(8, 3, padding='same')", "return self.a(x)"), /`Conv1D`/],
    ["a layer that is not known", keras("self.a = layers.LSTM(8, return_sequences=True)", "return self.a(x)"), /LSTM/],
  ]; // prettier-ignore
  for (const [name, source, reason] of lost)
    it(`not understood: ${name}`, () => assert.match(opaqueReason(outputOf(run(source), "model").output), reason));
});

describe("layers of Keras, Flax and x-transformers", () => {
  before(() => loadGrammar("python"));

  const attend = (of: string, heads = "2") => `linear:8(attend:${heads}[linear:8(${of})])`;
  const kerasTerms: [string, string, string, string][] = [
    ["biases and activations", "self.a = layers.Dense(16, activation='gelu')\nself.b = layers.Dense(8, use_bias=False)", "return self.b(self.a(x))", "linear-no-bias:8(gelu(linear:16(x)))"],
    ["frozen layers", "self.a = layers.Dense(8, trainable=False)\nself.b = layers.Dense(8)\nself.b.trainable = False", "return self.b(self.a(x))", "frozen:8(frozen:8(x))"],
    ["a Sequential", "self.a = keras.Sequential([layers.Dense(16), layers.ReLU(), layers.Dropout(0.1)])\nself.a.add(layers.Dense(8))", "return self.a(x)", "linear:8(relu(linear:16(x)))"],
    ["merging", "self.a = layers.Dense(8)", "return layers.Add()([x, self.a(x)]) if False else layers.add([self.a(x), x])", "linear:8(x) + x"],
    ["norms", "self.a = layers.LayerNormalization()\nself.b = layers.RMSNormalization()", "return self.b(self.a(x))", "rms-norm(layer-norm(x))"],
    ["attention without biases", "self.a = layers.MultiHeadAttention(4, 2, use_bias=False)", "return self.a(x, x)", "linear-no-bias:8(attend:4[linear-no-bias:8(x)])"],
    ["attention with a gate", "self.a = layers.MultiHeadAttention(2, 4, use_gate=True)", "return self.a(x, x)", "linear:8((attend:2[linear:8(x)]) * (sigmoid(linear:8(x))))"],
    ["grouped queries", "self.a = layers.GroupQueryAttention(4, 2, 1, use_bias=False)", "return self.a(x, x)", "linear-no-bias:8(attend:2[linear-no-bias:8(x); linear-no-bias:4(x)])"],
    ["EinsumDense", "self.a = layers.EinsumDense('...x,xy->...y', 16, bias_axes='y')", "return self.a(x)", "linear:16(x)"],
    ["Lambda and Reshape", "self.a = layers.Lambda(lambda t: ops.relu(t))\nself.b = layers.Reshape((6, 2, 4))\nself.c = layers.Reshape((6, 8))", "return self.c(self.b(self.a(x)))", "relu(x)"],
    ["a pointwise convolution", "self.a = layers.Conv1D(16, kernel_size=1, activation='relu')", "return self.a(x)", "relu(linear:16(x))"],
    ["weights of its own", "self.w = self.add_weight(shape=(8, 8))\nself.p = self.add_weight(shape=(1, 6, 8), initializer='zeros')", "return ops.matmul(x + self.p, self.w)", "linear-no-bias:8(x + learned)"],
    ["positions looked up", "self.p = layers.Embedding(32, 8)", "return x + self.p(ops.arange(ops.shape(x)[1]))", "x + learned"],
    ["KerasHub's encoder", "self.a = keras_hub.layers.TransformerEncoder(16, 2)", "return self.a(x)", `layer-norm(linear:8(relu(linear:16(layer-norm(${attend("x")} + x)))) + layer-norm(${attend("x")} + x))`],
    ["KerasHub's encoder with the norms first", "self.a = keras_hub.layers.TransformerEncoder(16, 2, activation='gelu', normalize_first=True)", "return self.a(x)", `linear:8(gelu(linear:16(layer-norm(${attend("layer-norm(x)")} + x)))) + ${attend("layer-norm(x)")} + x`],
    ["KerasHub's positions", "self.p = keras_hub.layers.PositionEmbedding(sequence_length=32)\nself.s = keras_hub.layers.SinePositionEncoding()", "return x + self.p(x) + self.s(x)", "x + learned + sinusoidal"],
    ["KerasHub's rotary positions", "self.r = keras_hub.layers.RotaryEmbedding()", "return self.r(x)", "rotate(x)"],
  ]; // prettier-ignore
  for (const [name, init, call, expected] of kerasTerms)
    it(`Keras: ${name}`, () => assert.equal(term(nodeOf(outputOf(run(keras(init, call)), "model").output)), expected));

  const others: [string, string, string][] = [
    ["linen: biases", linen("return nn.Dense(8, use_bias=False)(nn.gelu(nn.Dense(16)(x)))"), "linear-no-bias:8(gelu(linear:16(x)))"],
    ["linen: norms and dropout", linen("return nn.Dropout(0.1)(nn.RMSNorm()(nn.LayerNorm()(x)), deterministic=False)"), "rms-norm(layer-norm(x))"],
    ["linen: attention of another width", linen("return nn.MultiHeadDotProductAttention(num_heads=4, qkv_features=16, out_features=5)(x, x)"), "linear:5(attend:4[linear:16(x)])"],
    ["linen: normalised queries and keys", linen("return nn.MultiHeadAttention(num_heads=2, normalize_qk=True)(x)"), "linear:8(attend:2[layer-norm(linear:8(x)); linear:8(x)])"],
    ["linen: parameters", linen("p = self.param('p', nn.initializers.normal(0.02), (1, 6, 8))\nw = self.param('w', lambda key, shape: jax.random.normal(key, shape), (8, 8))\nreturn (x + p) @ w"), "linear-no-bias:8(x + learned)"],
    ["linen: a Sequential", linen("return nn.Sequential([nn.Dense(16), nn.relu, nn.Dense(8)])(x)"), "linear:8(relu(linear:16(x)))"],
    ["linen: several axes", linen("return nn.DenseGeneral(8, axis=(-2, -1))(nn.DenseGeneral((2, 4))(x))"), "linear:8(linear:8(x))"],
    ["nnx: layers", nnx("self.a = nnx.Linear(8, 16, rngs=rngs)\nself.b = nnx.Linear(16, 8, use_bias=False, rngs=rngs)\nself.n = nnx.LayerNorm(8, rngs=rngs)", "return x + self.b(nnx.relu(self.a(self.n(x))))"), "x + linear-no-bias:8(relu(linear:16(layer-norm(x))))"],
    ["nnx: parameters", nnx("self.p = nnx.Param(jnp.zeros((6, 8)))", "return x + self.p.value"), "x + learned"],
    ["nnx: attention", nnx("self.a = nnx.MultiHeadAttention(2, 8, num_kv_heads=1, decode=False, rngs=rngs)", "return self.a(x)"), "linear:8(attend:2[linear:8(x); linear:4(x)])"],
    ["x-transformers: the defaults", wrapped("Encoder(dim=8, depth=1, heads=2)"), "layer-norm(linear:8(gelu(linear:32(layer-norm(linear-no-bias:8(attend:2[linear-no-bias:128(layer-norm(x))]) + x)))) + linear-no-bias:8(attend:2[linear-no-bias:128(layer-norm(x))]) + x)"],
    ["x-transformers: the norms last", wrapped("Encoder(dim=8, depth=1, heads=2, attn_dim_head=4, pre_norm=False, use_rmsnorm=True, ff_no_bias=True, ff_relu_squared=True)"), "rms-norm(linear-no-bias:8(square(relu(linear-no-bias:32(rms-norm(linear-no-bias:8(attend:2[linear-no-bias:8(x)]) + x))))) + rms-norm(linear-no-bias:8(attend:2[linear-no-bias:8(x)]) + x))"],
    ["x-transformers: one head has no projection", wrapped("CrossAttender(dim=8, depth=0, heads=1)", ", dim_in=8, dim_out=4"), "cross"],
    ["x-transformers: a gate has a bias", wrapped("Encoder(dim=8, custom_layers=('f',), ff_glu=True, ff_swish=True, ff_no_bias=True, pre_norm=False)"), "layer-norm(linear-no-bias:8((part(linear:64(x))) * (silu(part(linear:64(x))))) + x)"],
    ["x-transformers: biases", wrapped("Encoder(dim=8, custom_layers=('a',), heads=2, attn_dim_head=4, alibi_pos_bias=True)"), "layer-norm(linear-no-bias:8(attend:2-fixed[linear-no-bias:8(layer-norm(x))]) + x)"],
    ["x-transformers: T5's buckets and unit queries", wrapped("Encoder(dim=8, custom_layers=('a',), heads=2, attn_dim_head=4, rel_pos_bias=True, attn_qk_norm=True)"), "layer-norm(linear-no-bias:8(attend:2-table[unit(linear-no-bias:8(layer-norm(x))); linear-no-bias:8(layer-norm(x))]) + x)"],
    ["x-transformers: positions are off with rotary ones", wrapped("Encoder(dim=8, custom_layers=('a',), heads=2, attn_dim_head=4, rotary_pos_emb=True)", ", max_seq_len=32"), "layer-norm(linear-no-bias:8(attend:2[rotate(linear-no-bias:8(layer-norm(x))); linear-no-bias:8(layer-norm(x))]) + x)"],
    ["x-transformers: learned positions", wrapped("Encoder(dim=8, custom_layers=('f',))", ", max_seq_len=32, post_emb_norm=True"), "layer-norm(linear:8(gelu(linear:32(layer-norm(layer-norm(x + learned))))) + layer-norm(x + learned))"],
    ["x-transformers: sinusoidal positions", wrapped("Encoder(dim=8, custom_layers=(), pre_norm=False)", ", max_seq_len=32, scaled_sinu_pos_emb=True"), "x + sinusoidal"],
  ]; // prettier-ignore
  for (const [name, source, expected] of others)
    it(name, () => {
      const { output } = outputOf(run(source), "model");
      if (expected === "cross") return void assert.match(opaqueReason(output), /without a context/);
      assert.equal(term(nodeOf(output)), expected);
    });
});

describe("functional models of Keras", () => {
  before(() => loadGrammar("python"));

  const source = `
import keras
from keras import layers
tokens = keras.Input(shape=(None,), dtype="int32")
x = layers.Embedding(100, 8)(tokens)
x = x + layers.MultiHeadAttention(2, 4)(x, x)
model = keras.Model(tokens, x)
outer_in = keras.Input((None,))
outer = keras.Model(outer_in, layers.Dense(3)(model(outer_in)))
fixed = keras.Sequential([layers.Dense(8, input_shape=(9, 8)), layers.Dense(4)])
open_ended = keras.Sequential([layers.Dense(8)])
`;

  it("have as many tokens as is said where their length is left open", () => {
    for (const tokens of [5, 12]) {
      const interpreter = run(source, tokens);
      const model = functionalModel(interpreter.module.names.get("outer")!, at(interpreter));
      assert.ok(model?.open);
      assert.deepEqual(model.outputs.map(sizesOf), [[3, tokens, 3]]);
      assert.equal(
        term(nodeOf(outputOf(interpreter, "outer").output)),
        "linear:3(x + linear:8(attend:2[linear:8(x)]))",
      );
    }
  });

  it("know whether they are parts of others, and whether their length is written", () => {
    const interpreter = run(source);
    const known = (name: string) => functionalModel(interpreter.module.names.get(name)!, at(interpreter));
    assert.deepEqual([known("model")?.isPart, known("outer")?.isPart, known("fixed")?.open], [true, false, false]);
    assert.deepEqual(known("fixed")?.outputs.map(sizesOf), [[3, 9, 4]]);
    assert.equal(known("open_ended"), undefined);
  });

  it("cut images into patches that do not overlap", () => {
    const text = (kernel: string, strides: string) => `
import keras
from keras import layers, ops
class Patches(layers.Layer):
    def call(self, images):
        b, h, w, c = ops.shape(images)
        patches = ops.image.extract_patches(images, size=4)
        return ops.reshape(patches, (b, (h // 4) * (w // 4), 4 * 4 * c))
images = keras.Input((32, 16, 3))
x = layers.Reshape((-1, 8))(layers.Conv2D(8, ${kernel}, strides=${strides})(layers.Rescaling(1 / 255)(images)))
model = keras.Model(images, x)
other = keras.Model(images, layers.Dense(8, use_bias=False)(Patches()(images)))
`;
    const interpreter = run(text("4", "4"));
    for (const [name, expected] of [
      ["model", "linear:8(x)"],
      ["other", "linear-no-bias:8(x)"],
    ] as const) {
      // prettier-ignore
      const { output } = outputOf(interpreter, name);
      assert.deepEqual(sizesOf(tensorFrom(output)), [3, 32, 8]);
      assert.equal(term(nodeOf(output)), expected);
    }
    assert.match(opaqueReason(outputOf(run(text("4", "2")), "model").output), /image/);
  });
});
