import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { PythonInterpreter } from "../../extension/models/code/python/interpreter";
import { pythonLibraries } from "../../extension/models/code/python/libraries";
import { isTensor, numbersOf, tensorOf } from "../../extension/models/code/python/libraries/tensorState";
import { torch } from "../../extension/models/code/python/libraries/torch";
import { int, type Value } from "../../extension/models/code/python/values";
import { loadGrammar, parse, plain } from "../../extension/models/code/syntax";
import { attentions, readsPair, rowsOf, termOf } from "../reference/graph";
import { valueAt } from "../../extension/models/code/graph/expressions";
import type { AttentionNode, Sequence, StreamNode } from "../../extension/models/code/graph/nodes";
import { tensors } from "../../extension/models/code/graph/operations";
import { sizesOf, type Tensor } from "../../extension/models/code/graph/tensor";

/** The module of a source, run. */
function run(text: string): PythonInterpreter {
  const source = parse("python", text);
  const root = plain(source.tree.rootNode, text);
  source.tree.delete();
  assert.ok(root);
  const interpreter = new PythonInterpreter(text, pythonLibraries, 1_000_000);
  interpreter.runModule(root.children);
  return interpreter;
}

const nowhere = { from: 0, to: 0 };

function tensorFrom(value: Value | undefined): Tensor {
  assert.ok(value && isTensor(value), value?.kind === "unknown" ? value.reason : value?.kind);
  const tensor = tensorOf(value);
  assert.notEqual(tensor.content.kind, "opaque", tensor.content.kind === "opaque" ? tensor.content.opaque.reason : "");
  return tensor;
}

interface Spelling {
  name: string;
  source: string;
  results: { n: number; shape: number[]; bool: boolean; values: (number | string)[] }[];
}
const spellings = JSON.parse(readFileSync(path.join(__dirname, "fixtures", "torchMasks.json"), "utf8")) as Spelling[];

describe("PyTorch's tensors of known numbers", () => {
  before(() => loadGrammar("python"));

  for (const { name, source, results } of spellings)
    it(name, () => {
      const interpreter = run(source);
      for (const { n, shape, bool, values } of results) {
        const made = interpreter.callWith(interpreter.module.names.get("made")!, [int(n, nowhere)], nowhere);
        const tensor = tensorFrom(made);
        assert.deepEqual(sizesOf(tensor), shape);
        assert.equal(tensor.dtype === "bool", bool);
        const numbers = numbersOf(tensor) ?? [];
        assert.equal(numbers.length, values.length);
        for (const [i, value] of values.entries()) {
          const expected = Number(typeof value === "string" ? value.replace("inf", "Infinity") : value);
          const tolerance = Number.isFinite(expected) ? 1e-5 * Math.max(1, Math.abs(expected)) : 0;
          assert.ok(
            numbers[i] === expected || Math.abs(numbers[i] - expected) <= tolerance,
            `element ${i} is ${numbers[i]}, not ${expected}`,
          );
        }
      }
    });
});

const header = `
import math
from collections import OrderedDict
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.attention.flex_attention import and_masks, create_block_mask, flex_attention, or_masks
`;

interface Input {
  tokens?: number;
  /** Undefined for indices into a vocabulary. */
  width?: number | undefined;
  order?: "batch-first" | "token-first";
  /** A second input, of as many tokens. */
  memory?: number;
}

/** What `Model()` of a source gives for an input. */
function output(source: string, given: Input = {}): Value {
  const { tokens, width, order, memory } = { tokens: 6, width: 8, order: "batch-first" as const, ...given };
  const interpreter = run(header + source);
  const input = (name: string, count: number): Value => {
    const sequence: Sequence = { name, tokens: count, projected: undefined };
    return torch.wrap(tensors.input(sequence, 3, width, order, nowhere));
  };
  const model = interpreter.evaluate(expression("Model()"));
  const inputs = [input("tokens", tokens), ...(memory === undefined ? [] : [input("memory", memory)])];
  return interpreter.callWith(model, inputs, nowhere);
}

function expression(text: string) {
  const source = parse("python", text);
  const root = plain(source.tree.rootNode, text);
  source.tree.delete();
  return root!.children[0].children[0];
}

function streamOf(value: Value): StreamNode {
  const { content } = tensorFrom(value.kind === "tuple" ? value.items[0] : value);
  assert.equal(content.kind, "stream");
  return (content as { node: StreamNode }).node;
}

const term = (node: StreamNode): string =>
  termOf(
    node,
    ({ query, key, value, heads, mask }, inner) => `attend:${heads}${mask ? "-masked" : ""}[${inner(query)}; ${inner(key)}; ${inner(value)}]`, // prettier-ignore
    "position:",
  );

/** Which keys a query reads, row by row. */
const rows = (attention: AttentionNode, tokens: number, head = 0): string[] =>
  rowsOf(tokens, (query, key) => readsPair(attention, [head, query, key]));

const attending = (mask: string, call: string) => `
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)
    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, 2, 4).permute(2, 0, 3, 1, 4)
${mask.replace(/^/gm, "        ")}
        return self.out(${call}.transpose(1, 2).reshape(b, t, d))
`;

const causal = ["100000", "110000", "111000", "111100", "111110", "111111"];
const window = ["100000", "110000", "111000", "011100", "001110", "000111"];

describe("PyTorch's attention in one call", () => {
  before(() => loadGrammar("python"));

  const scaled = (mask: string, how: string) => attending(mask, `F.scaled_dot_product_attention(q, k, v, ${how})`);
  const cases: [string, string, string[]][] = [
    ["is_causal", scaled("", "is_causal=True"), causal],
    ["a mask of what is read", scaled("m = torch.ones(t, t, dtype=torch.bool).tril()", "attn_mask=m"), causal],
    ["a mask that is added", scaled("m = torch.full((t, t), float('-inf')).triu(1)", "attn_mask=m"), causal],
    ["a mask in four axes", scaled("m = torch.tril(torch.ones(t, t)).bool()[None, None]", "m"), causal],
    ["causal_lower_right", "from torch.nn.attention.bias import causal_lower_right" + scaled("", "causal_lower_right(t, t)"), causal], // prettier-ignore
    ["flex_attention", attending("m = create_block_mask(lambda b, h, q, k: (q >= k) & (q - k < 3), None, None, t, t)", "flex_attention(q, k, v, block_mask=m)"), window], // prettier-ignore
    ["a function that modifies scores", attending("def mod(score, b, h, q, k):\n    return torch.where(q >= k, score, -float('inf'))", "flex_attention(q, k, v, score_mod=mod)"), causal], // prettier-ignore
    ["a mask and a function that modifies scores", attending("def mod(score, b, h, q, k):\n    return torch.where(q - k < 3, score, -float('inf'))\nm = create_block_mask(lambda b, h, q, k: q >= k, None, None, t, t)", "flex_attention(q, k, v, mod, m)"), window], // prettier-ignore
  ];
  for (const [name, source, expected] of cases)
    it(name, () => {
      const node = streamOf(output(source));
      const [attention] = attentions(node);
      assert.deepEqual(rows(attention, 6), expected);
      assert.equal(attention.heads, 2);
      assert.match(term(node), /^linear:8\(attend:2(-masked)?\[part\(linear:24\(x\)\); .*\]\)$/);
    });

  describe("learned numbers that are masked before they are added", () => {
    const biased = (bias: string) =>
      scaled(
        `table = nn.Parameter(torch.zeros(11, 2))\ni = torch.arange(t)\nbias = table.T[:, i[:, None] - i + 5]\nfuture = i[:, None] < i\nm = ${bias}`,
        "attn_mask=m",
      );
    for (const bias of [
      "torch.where(~future, bias, -torch.inf)",
      "torch.where(future, -1e9, bias).unsqueeze(0)",
      "bias.masked_fill(future, float('-inf'))[None].float()",
      "torch.where(~future[None, None], bias[None], -torch.inf).squeeze(0)",
      "table[i[:, None] - i + 5].masked_fill(future[..., None], -torch.inf).permute(2, 0, 1)",
    ])
      it(bias, () => {
        const [attention] = attentions(streamOf(output(biased(bias))));
        assert.deepEqual(rows(attention, 6), causal);
        const [learned, ...others] = attention.biases;
        assert.ok(learned.kind === "table" && others.length === 0);
        const code = (query: number, key: number) => valueAt(learned.index, [0, query, key]);
        for (let query = 0; query < 5; query++)
          for (let key = 0; key < 5; key++)
            for (let step = 0; step < 2; step++)
              assert.equal(code(query, key) === code(query + 1, key + step), step === 1, `${query} ${key}`);
      });

    for (const bias of [
      "torch.where(~future, bias, 0.5)",
      "2 * torch.where(~future, bias, -torch.inf)",
      "torch.where(~future, bias, -torch.inf).exp()",
      "torch.cat([bias.masked_fill(future, -torch.inf)[:1], bias[1:]])",
    ])
      it(`not understood: ${bias}`, () => {
        const value = output(biased(bias));
        assert.ok(isTensor(value) && tensorOf(value).content.kind === "opaque");
      });
  });

  it("a mask_mod says how it is written", () => {
    const source = attending(
      "def near(b, h, i, j):\n    return (i - j).abs() < 2",
      "flex_attention(q, k, v, block_mask=create_block_mask(near, None, None, t, t))",
    );
    const [{ mask }] = attentions(streamOf(output(source)));
    assert.ok(mask?.source.kind === "function");
    const { returned, query, key } = mask.source;
    assert.deepEqual(
      [(header + source).slice(returned.from, returned.to), query, key],
      ["(i - j).abs() < 2", "i", "j"],
    );
  });

  it("a mask of documents depends on the data", () => {
    const source = attending(
      "ids = x[..., 0]\nm = create_block_mask(lambda b, h, i, j: ids[b, i] == ids[b, j], 3, None, t, t)",
      "flex_attention(q, k, v, block_mask=m)",
    );
    const value = output(source);
    assert.ok(isTensor(value) && tensorOf(value).content.kind === "opaque");
  });
});

const multihead = (options: string, call: string) => `
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = nn.MultiheadAttention(8, 2, ${options})
    def forward(self, x):
        t = x.size(1)
        return self.attn(x, x, x, ${call})[0]
`;

describe("PyTorch's modules", () => {
  before(() => loadGrammar("python"));

  const blocked = "torch.ones(t, t).triu(1).bool()";
  const masks: [string, string, string[]][] = [
    ["true is left out", `attn_mask=${blocked}`, causal],
    ["numbers are added", "attn_mask=nn.Transformer.generate_square_subsequent_mask(t)", causal],
    ["the hint where it agrees", `attn_mask=${blocked}, is_causal=True, need_weights=False`, causal],
    [
      "the hint against the mask",
      "attn_mask=torch.ones(t, t).triu(3).bool(), is_causal=True, need_weights=False",
      causal,
    ],
    ["a mask per head", `attn_mask=${blocked}.expand(6, t, t)`, causal],
    ["a mask and no padding", `attn_mask=${blocked}, key_padding_mask=torch.zeros(3, t, dtype=torch.bool)`, causal],
  ];
  for (const [name, call, expected] of masks)
    it(`MultiheadAttention: ${name}`, () => {
      const node = streamOf(output(multihead("batch_first=True", call)));
      assert.deepEqual(rows(attentions(node)[0], 6), expected);
      assert.match(term(node), /^linear:8\(attend:2(-masked)?\[linear:8\(x\); linear:8\(x\); linear:8\(x\)\]\)$/);
    });

  it("MultiheadAttention: the hint needs a mask", () => {
    const value = output(multihead("batch_first=True", "is_causal=True"));
    assert.ok(isTensor(value) && tensorOf(value).content.kind === "opaque");
  });

  it("MultiheadAttention: padding that depends on the data is left out, and said", () => {
    const [attention] = attentions(streamOf(output(multihead("batch_first=True", "key_padding_mask=x[..., 0] > 0"))));
    assert.equal(attention.mask, undefined);
    assert.match(attention.notes.join(), /which tokens are padding depends on the data/);
  });

  it("MultiheadAttention: the tokens come first without batch_first, and no biases with bias=False", () => {
    const value = output(multihead("bias=False", ""), { order: "token-first" });
    assert.equal(
      term(streamOf(value)),
      "linear-no-bias:8(attend:2[linear-no-bias:8(x); linear-no-bias:8(x); linear-no-bias:8(x)])",
    );
    assert.deepEqual(sizesOf(tensorFrom(value)), [6, 3, 8]);
  });

  const model = (init: string, forward: string) => `
class Model(nn.Module):
    def __init__(self):
        super().__init__()
${init.replace(/^/gm, "        ")}
    def forward(self, x, memory=None):
${forward.replace(/^/gm, "        ")}
`;
  const attend = (of: string) => `linear:8(attend:2[linear:8(${of}); linear:8(${of}); linear:8(${of})])`;
  const terms: [string, string, string, string][] = [
    ["an encoder layer", "self.layer = nn.TransformerEncoderLayer(8, 2, 32, batch_first=True)", "return self.layer(x)",
      `layer-norm(layer-norm(x + ${attend("x")}) + linear:8(relu(linear:32(layer-norm(x + ${attend("x")})))))`],
    ["an encoder layer with the norms first", "self.layer = nn.TransformerEncoderLayer(8, 2, 32, activation='gelu', norm_first=True, batch_first=True)", "return self.layer(x)",
      `x + ${attend("layer-norm(x)")} + linear:8(gelu(linear:32(layer-norm(x + ${attend("layer-norm(x)")}))))`],
    ["an encoder with a last norm", "self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, activation=F.silu, norm_first=True, batch_first=True), 1, norm=nn.LayerNorm(8))", "return self.encoder(x)",
      `layer-norm(x + ${attend("layer-norm(x)")} + linear:8(silu(linear:16(layer-norm(x + ${attend("layer-norm(x)")})))))`],
    ["a Sequential", "self.net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 8, bias=False))", "return self.net(x)",
      "linear-no-bias:8(relu(linear:16(x)))"],
    ["a Sequential of an OrderedDict", "self.net = nn.Sequential(OrderedDict([('a', nn.Linear(8, 16)), ('b', nn.Tanh())]))", "return self.net.b(self.net[0](x))",
      "tanh(linear:16(x))"],
    ["lists and dicts of modules", "self.a = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])\nself.b = nn.ModuleDict({'k': nn.Linear(8, 4)})", "for layer in self.a[1:]:\n    x = layer(x)\nreturn self.b['k'](x)",
      "linear:4(linear:8(linear:8(x)))"],
    ["frozen layers", "self.a = nn.Linear(8, 8)\nself.b = nn.Linear(8, 8)\nself.c = nn.Linear(8, 8)\nself.a.requires_grad_(False)\nfor p in self.b.parameters():\n    p.requires_grad = False", "return self.c(self.b(self.a(x)))",
      "linear:8(frozen:8(frozen:8(x)))"],
    ["parameters as layers", "self.w = nn.Parameter(torch.randn(8, 8) * 0.02)\nself.pos = nn.Parameter(torch.zeros(1, 32, 8))", "return F.linear(x + self.pos[:, : x.size(1)], self.w)",
      "linear-no-bias:8(x + position:learned)"],
    ["changes in place", "self.a = nn.Linear(8, 8)", "h = x\nx += self.a(x)\nreturn h.add_(1)",
      "x + linear:8(x) + constant"],
    ["a module's class in the source", "self.net = Net()", "return self.net(x)",
      "relu(linear:8(x))"],
    ["norms", "self.a = nn.LayerNorm([8])\nself.b = nn.RMSNorm(8)", "return F.layer_norm(self.b(self.a(x)), (8,))",
      "layer-norm(rms-norm(layer-norm(x)))"],
    ["a pointwise convolution", "self.a = nn.Conv1d(8, 16, 1)", "return self.a(x.transpose(1, 2)).transpose(1, 2)", "linear:16(x)"],
    ["a checkpointed block", "self.a = torch.compile(nn.Linear(8, 8))", "from torch.utils.checkpoint import checkpoint\nreturn checkpoint(self.a, x, use_reentrant=False)", "linear:8(x)"],
  ]; // prettier-ignore
  const net =
    "class Net(nn.Sequential):\n    def __init__(self):\n        super().__init__(nn.Linear(8, 8), nn.ReLU())\n";
  for (const [name, init, forward, expected] of terms)
    it(name, () => assert.equal(term(streamOf(output(net + model(init, forward)))), expected));

  it("a decoder layer reads its memory", () => {
    const source = model(
      "self.layer = nn.TransformerDecoderLayer(8, 2, 32, batch_first=True)",
      "return self.layer(x, memory, tgt_mask=nn.Transformer.generate_square_subsequent_mask(x.size(1)))",
    );
    const found = attentions(streamOf(output(source, { memory: 5 })));
    assert.deepEqual(found.map(({ key }) => key.sequence.name), ["tokens", "memory"]); // prettier-ignore
    assert.deepEqual(rows(found[0], 6), causal);
    assert.equal(found[1].mask, undefined);
  });

  it("nn.Transformer gives what its decoder does", () => {
    const source = model("self.net = nn.Transformer(8, 2, 1, 2, 16, batch_first=True)", "return self.net(memory, x)");
    const node = streamOf(output(source, { memory: 5 }));
    assert.equal(node.sequence.name, "tokens");
    assert.equal(attentions(node).length, 5);
    assert.match(term(node), /^layer-norm\(layer-norm\(/);
  });

  it("complex rotary positions rotate queries and keys", () => {
    const source = `
def rotate(x, freqs):
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * freqs[None, :, None]).flatten(3).type_as(x)
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 8)
        inv = 1.0 / (10000 ** (torch.arange(0, 4, 2)[:2].float() / 4))
        freqs = torch.outer(torch.arange(64), inv)
        self.freqs = torch.polar(torch.ones_like(freqs), freqs)
    def forward(self, x):
        b, t, d = x.shape
        return rotate(self.q(x).view(b, t, 2, 4), self.freqs[:t])
`;
    assert.equal(term(streamOf(output(source))), "rotate(linear:8(x))");
  });

  it("what is drawn at each call, mixed freezing and shared weights are not understood", () => {
    const sources = [
      model("", "return x + torch.randn_like(x)"),
      model("self.a = nn.Linear(8, 8)\nself.a.weight.requires_grad = False", "return self.a(x)"),
      model("self.a = nn.Linear(8, 8)\nself.b = nn.Linear(8, 8)\nself.b.weight = self.a.weight", "return self.b(self.a(x))"),
      model("self.a = nn.BatchNorm1d(8)", "return self.a(x)"),
      model("self.a = nn.Conv1d(8, 8, 3, padding=1)", "return self.a(x.transpose(1, 2)).transpose(1, 2)"),
      model("self.a = nn.Linear(8, 8)\nself.a.register_forward_hook(print)", "return self.a(x)"),
    ]; // prettier-ignore
    for (const source of sources) {
      const value = output(source);
      assert.ok(value.kind === "unknown" || (isTensor(value) && tensorOf(value).content.kind === "opaque"), source);
    }
  });

  it("an embedding's table may be the last layer's weight", () => {
    const source = model(
      "self.e = nn.Embedding(50, 8)\nself.head = nn.Linear(8, 50, bias=False)\nself.head.weight = self.e.weight",
      "return self.head(self.e(x))",
    );
    assert.equal(term(streamOf(output(source, { width: undefined }))), "linear-no-bias:50(x)");
  });

  it("copies have weights of their own, the same layer twice has not", () => {
    const weights = (init: string): unknown[] => {
      const found: unknown[] = [];
      let node = streamOf(
        output("import copy\nclass Own(nn.Linear):\n    pass\n" + model(init, "return self.b(self.a(x))")),
      );
      for (; node.op === "linear"; node = node.of) found.push(node.weights);
      assert.equal(found.length, 2);
      return found;
    };
    for (const layer of ["nn.Linear(8, 8)", "Own(8, 8)"]) {
      const [a, b] = weights(`self.a = ${layer}\nself.b = copy.deepcopy(self.a)`);
      assert.ok(a && b && a !== b);
      const [c, d] = weights(`self.a = ${layer}\nself.b = self.a`);
      assert.ok(c && c === d);
    }
  });

  it("the absence of a bias is where it is written", () => {
    const text = model("self.a = nn.Linear(8, 4, bias=False)", "return self.a(x)");
    const node = streamOf(output(text));
    assert.ok(node.op === "linear" && node.widthLiteral);
    const written = ({ from, to }: { from: number; to: number }) => (header + text).slice(from, to);
    assert.deepEqual([written(node.biasPlace), written(node.widthLiteral)], ["False", "4"]);
  });
});
