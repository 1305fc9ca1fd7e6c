/**
 * Quick fixes of model code: what each does to the text, to the letter, in the ways in which people write models; and that the finding is gone
 * from what every fix of the corpus makes of its file.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { checkModel } from "../../extension/check";
import { readModelFile } from "../../extension/models";
import { prepareReading } from "../../extension/models/code";
import { changed, Comparison } from "../../extension/models/code/python/compare";
import { LineMap } from "../../extension/models/ranges";
import { analyse } from "../../extension/theory/verdict/analyse";
import type { FileReport, TextEdit } from "../../extension/theory/verdict/report";

function applied(text: string, edits: readonly TextEdit[]): string {
  const lines = new LineMap(text);
  return [...edits]
    .map(({ range, newText }) => ({ from: lines.offset(range.start), to: lines.offset(range.end), newText }))
    .sort((a, b) => b.from - a.from)
    .reduce((done, { from, to, newText }) => done.slice(0, from) + newText + done.slice(to), text);
}

/** The lines that went and those that came, in order. */
function difference(before: string, after: string): string[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const longest: number[][] = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i][j] = a[i] === b[j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  const lines: string[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || longest[i + 1][j] >= longest[i][j + 1])) lines.push(`- ${a[i++]}`);
    else lines.push(`+ ${b[j++]}`);
  }
  return lines;
}

function fixesOf(report: FileReport | undefined) {
  return (report?.findings ?? []).flatMap(({ code, fixes }) => fixes.map((fix) => ({ code, ...fix })));
}

/** What the fix of that title changes. */
function fixed(text: string, title: RegExp): string[] | undefined {
  const report = checkModel("model.py", text);
  const fix = fixesOf(report).find((each) => title.test(each.title));
  return fix && difference(text, applied(text, fix.edits));
}

const attention = `
class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, mask=None):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(y.transpose(1, 2).reshape(b, n, d))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = Attention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x, mask=None):
        x = x + self.attn(x, mask)
        return x + self.mlp(x)
`;
const imports = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n";

/** A model whose mask is made in its forward by the lines given. */
const masked = (lines: string, constructor = "", parameters = "depth=4, window=4") => `${imports}${attention}

class Model(nn.Module):
    def __init__(self, vocab=64, length=32, dim=32, heads=4, ${parameters}):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(length, dim)
${constructor}        self.window = window
        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(depth)])

    def forward(self, ids):
        n = ids.size(1)
        i = torch.arange(n)
${lines}
        x = self.embed(ids) + self.pos(torch.arange(n))
        for block in self.blocks:
            x = block(x, mask)
        return x
`;

/** A model whose tokens are made by the lines given, without positions. */
const embedded = (
  constructor: string,
  lines: string,
  head = imports,
  comment = "# uap: tokens=24 symmetry=trivial\n",
) =>
  `${head}

${comment}class Model(nn.Module):
    def __init__(self, vocab=64, dim=32, heads=4, depth=2):
        super().__init__()
${constructor}
        layer = nn.TransformerEncoderLayer(dim, heads, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth)

    def forward(self, ids):
${lines}
        return self.encoder(x)
`;

/** A model whose feed-forward networks are made and used by the lines given. */
const network = (constructor: string, use: string, head = imports) => `${head}

class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
${constructor}

    def forward(self, x):
        x = x + self.attn(x, x, x, need_weights=False)[0]
        return x + ${use}


class Model(nn.Module):
    def __init__(self, length=24, dim=32, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Linear(5, dim)
        self.pos = nn.Parameter(torch.randn(length, dim))
        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(depth)])

    def forward(self, x):
        x = self.embed(x) + self.pos
        for block in self.blocks:
            x = block(x)
        return x
`;

const flex = (body: string, comment = "# uap: tokens=64 layers=4 position=learned", head = "import torch\n") =>
  `${head}

${comment}
def pairs(b, h, q_idx, kv_idx):
${body}
`;

interface Example {
  name: string;
  text: string;
  fix: RegExp;
  expected: string[] | undefined;
}

const examples: Example[] = [
  // ----------------------------------------------------------------------------------------------------- global tokens
  {
    name: "a comparison of a mask_mod",
    text: flex("    return (q_idx - kv_idx).abs() <= 2"),
    fix: /global/,
    expected: [
      "-     return (q_idx - kv_idx).abs() <= 2",
      "+     return ((q_idx - kv_idx).abs() <= 2) | (q_idx == 0) | (kv_idx == 0)",
    ],
  },
  {
    name: "conditions that are named first",
    text: flex("    ahead = kv_idx - q_idx <= 2\n    behind = q_idx - kv_idx <= 3\n    return ahead & behind  # near"),
    fix: /global/,
    expected: [
      "-     return ahead & behind  # near",
      "+     return (ahead & behind) | (q_idx == 0) | (kv_idx == 0)  # near",
    ],
  },
  {
    name: "a union already",
    text: flex("    return (q_idx == kv_idx) | (q_idx == kv_idx + 1) | (kv_idx == q_idx + 1)"),
    fix: /global/,
    expected: [
      "-     return (q_idx == kv_idx) | (q_idx == kv_idx + 1) | (kv_idx == q_idx + 1)",
      "+     return (",
      "+         (q_idx == kv_idx) | (q_idx == kv_idx + 1) | (kv_idx == q_idx + 1)",
      "+         | (q_idx == 0)",
      "+         | (kv_idx == 0)",
      "+     )",
    ],
  },
  {
    name: "torch.where, other names of the parameters",
    text: "import torch\n\n\n# uap: tokens=32 layers=3 position=learned\ndef pairs(batch, head, q, k):\n    return torch.where(q % 2 == 0, k <= q, k >= q)\n",
    fix: /global/,
    expected: [
      "-     return torch.where(q % 2 == 0, k <= q, k >= q)",
      "+     return torch.where(q % 2 == 0, k <= q, k >= q) | (q == 0) | (k == 0)",
    ],
  },
  {
    name: "one of several that are joined",
    text: `from torch.nn.attention.flex_attention import or_masks


def near(b, h, q_idx, kv_idx):
    return abs(q_idx - kv_idx) <= 2


def same(b, h, q_idx, kv_idx):
    return q_idx == kv_idx


# uap: tokens=64 layers=4 position=learned
mask = or_masks(near, same)
`,
    fix: /global/,
    expected: [
      "-     return abs(q_idx - kv_idx) <= 2",
      "+     return (abs(q_idx - kv_idx) <= 2) | (q_idx == 0) | (kv_idx == 0)",
    ],
  },
  {
    name: "several of which all must hold",
    text: `from torch.nn.attention.flex_attention import and_masks


def ahead(b, h, q_idx, kv_idx):
    return kv_idx - q_idx <= 2


def behind(b, h, q_idx, kv_idx):
    return q_idx - kv_idx <= 2


# uap: tokens=64 layers=4 position=learned
mask = and_masks(ahead, behind)
`,
    fix: /global/,
    expected: [
      "- from torch.nn.attention.flex_attention import and_masks",
      "+ from torch.nn.attention.flex_attention import and_masks, or_masks",
      "+ def global_token(b, h, q_idx, kv_idx):",
      "+     return (q_idx == 0) | (kv_idx == 0)",
      "+ ",
      "+ ",
      "- mask = and_masks(ahead, behind)",
      "+ mask = or_masks(and_masks(ahead, behind), global_token)",
    ],
  },
  {
    name: "a tensor of pairs that are read",
    text: masked("        mask = (i[:, None] - i[None, :]).abs() <= self.window"),
    fix: /global/,
    expected: ["+         mask[..., 0, :] = True", "+         mask[..., :, 0] = True"],
  },
  {
    name: "a tensor of minus infinity",
    text: masked('        far = (i[:, None] - i[None, :]).abs() > self.window\n        mask = torch.zeros(n, n).masked_fill(far, float("-inf"))'), // prettier-ignore
    fix: /global/,
    expected: ["+         mask[..., 0, :] = 0.0", "+         mask[..., :, 0] = 0.0"],
  },
  {
    name: "a buffer, under another name of torch",
    text: masked("        mask = self.band[:n, :n]", "        j = th.arange(length)\n        self.register_buffer(\"band\", (j[:, None] - j).abs() <= window)\n").replaceAll("torch.arange", "th.arange").replace("import torch\n", "import torch as th\n"), // prettier-ignore
    fix: /global/,
    expected: ["+         self.band[..., 0, :] = True", "+         self.band[..., :, 0] = True"],
  },
  {
    name: "what is left out of nn.MultiheadAttention",
    text: network("        self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.ReLU(), nn.Linear(64, dim))", "self.mlp(x)")
      .replace("        x = x + self.attn(x, x, x, need_weights=False)[0]", "        i = torch.arange(x.size(1))\n        far = (i[:, None] - i).abs() > 3\n        x = x + self.attn(x, x, x, attn_mask=far, need_weights=False)[0]"), // prettier-ignore
    fix: /global/,
    expected: ["+         far[..., 0, :] = False", "+         far[..., :, 0] = False"],
  },
  {
    name: "an expression that is used where it is made",
    text: masked("        mask = None").replace("attn_mask=mask)", "attn_mask=(torch.arange(n)[:, None] - torch.arange(n)).abs() <= 3)"), // prettier-ignore
    fix: /global/,
    expected: [
      "-         y = F.scaled_dot_product_attention(q, k, v, attn_mask=(torch.arange(n)[:, None] - torch.arange(n)).abs() <= 3)", // prettier-ignore
      "+         attn_mask = (torch.arange(n)[:, None] - torch.arange(n)).abs() <= 3",
      "+         attn_mask[..., 0, :] = True",
      "+         attn_mask[..., :, 0] = True",
      "+         y = F.scaled_dot_product_attention(q, k, v, attn_mask=attn_mask)",
    ],
  },
  // ------------------------------------------------------------------------------------------------------------- windows
  {
    name: "a window in a mask_mod",
    text: flex("    return abs(q_idx - kv_idx) <= 2"),
    fix: /Widen/,
    expected: ["-     return abs(q_idx - kv_idx) <= 2", "+     return abs(q_idx - kv_idx) <= 16"],
  },
  {
    name: "a window in a generator's argument, one more than it reaches",
    text: `def generate_window(size):
    def window(b, h, q_idx, kv_idx):
        return (q_idx - kv_idx < size) & (kv_idx - q_idx < size)

    return window


# uap: tokens=64 layers=4 position=learned
mask = generate_window(3)
`,
    fix: /Widen/,
    expected: ["- mask = generate_window(3)", "+ mask = generate_window(17)"],
  },
  {
    name: "half of a window's width",
    text: `WIDTH = 4


# uap: tokens=64 layers=4 position=learned
def pairs(b, h, q_idx, kv_idx):
    return abs(q_idx - kv_idx) <= WIDTH // 2
`,
    fix: /Widen/,
    expected: ["- WIDTH = 4", "+ WIDTH = 32"],
  },
  {
    name: "a constant of some name",
    text: `K = 4


# uap: tokens=64 layers=4 position=learned
def pairs(b, h, q_idx, kv_idx):
    difference = q_idx - kv_idx
    return (difference < K) & (difference > -K)
`,
    fix: /Widen/,
    expected: ["- K = 4", "+ K = 17"],
  },
  {
    name: "a constructor's default",
    text: masked("        mask = (i[:, None] - i[None, :]).abs() <= self.window"),
    fix: /Widen/,
    expected: [
      "-     def __init__(self, vocab=64, length=32, dim=32, heads=4, depth=4, window=4):",
      "+     def __init__(self, vocab=64, length=32, dim=32, heads=4, depth=4, window=8):",
    ],
  },
  {
    name: "both sides of a band",
    text: masked("        mask = torch.ones(n, n, dtype=torch.bool).tril(3).triu(-5)"),
    fix: /Widen/,
    expected: [
      "-         mask = torch.ones(n, n, dtype=torch.bool).tril(3).triu(-5)",
      "+         mask = torch.ones(n, n, dtype=torch.bool).tril(8).triu(-8)",
    ],
  },
  // --------------------------------------------------------------------------------------------------------------- depth
  {
    name: "a comment's number of layers",
    text: flex("    return abs(q_idx - kv_idx) <= 8"),
    fix: /layers/,
    expected: ["- # uap: tokens=64 layers=4 position=learned", "+ # uap: tokens=64 layers=8 position=learned"],
  },
  {
    name: "a constructor's default that other numbers equal",
    text: masked("        mask = (i[:, None] - i[None, :]).abs() <= self.window"),
    fix: /layers/,
    expected: [
      "-     def __init__(self, vocab=64, length=32, dim=32, heads=4, depth=4, window=4):",
      "+     def __init__(self, vocab=64, length=32, dim=32, heads=4, depth=8, window=4):",
    ],
  },
  {
    name: "the range of a list",
    text: masked("        mask = (i[:, None] - i[None, :]).abs() <= self.window", "", "window=4").replace("range(depth)", "range(4)"), // prettier-ignore
    fix: /layers/,
    expected: [
      "-         self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(4)])",
      "+         self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(8)])",
    ],
  },
  {
    name: "a field of a configuration",
    text: `from dataclasses import dataclass

${masked("        mask = (i[:, None] - i[None, :]).abs() <= self.window")
  .replace(
    "class Attention(",
    "@dataclass\nclass Config:\n    width: int = 32\n    n_layers: int = 4\n    n_heads: int = 4\n\n\nclass Attention(",
  )
  .replace("dim=32, heads=4, depth=4, window=4", "window=4, cfg=Config()")
  .replaceAll("vocab, dim", "vocab, cfg.width")
  .replaceAll("length, dim", "length, cfg.width")
  .replace("Block(dim, heads) for _ in range(depth)", "Block(cfg.width, cfg.n_heads) for _ in range(cfg.n_layers)")}`,
    fix: /layers/,
    expected: ["-     n_layers: int = 4", "+     n_layers: int = 8"],
  },
  {
    name: "lists of layers side by side",
    text: masked("        mask = (i[:, None] - i[None, :]).abs() <= self.window", "", "window=4")
      .replace("        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(depth)])", "        self.attn = nn.ModuleList([Attention(dim, heads) for _ in range(4)])\n        self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim)) for _ in range(4)])") // prettier-ignore
      .replace("        for block in self.blocks:\n            x = block(x, mask)", "        for attn, mlp in zip(self.attn, self.mlp):\n            x = x + attn(x, mask)\n            x = x + mlp(x)"), // prettier-ignore
    fix: /layers/,
    expected: [
      "-         self.attn = nn.ModuleList([Attention(dim, heads) for _ in range(4)])",
      "-         self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim)) for _ in range(4)])", // prettier-ignore
      "+         self.attn = nn.ModuleList([Attention(dim, heads) for _ in range(8)])",
      "+         self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim)) for _ in range(8)])", // prettier-ignore
    ],
  },
  // ----------------------------------------------------------------------------------------------------------- positions
  {
    name: "a table of positions, and the import that it needs",
    text: embedded("        self.embed = nn.Embedding(vocab, dim)", "        x = self.embed(ids)", "import torch.nn as nn\n"), // prettier-ignore
    fix: /positions/,
    expected: [
      "+ import torch",
      "+         self.position = nn.Embedding(24, dim)",
      "+         x = x + self.position(torch.arange(ids.size(1), device=ids.device))",
    ],
  },
  {
    name: "a scaled embedding, and a length that has a name",
    text: embedded("        self.tok = nn.Embedding(vocab, embedding_dim=dim)", "        b, t = ids.shape\n        x = self.tok(ids) * dim ** 0.5").replaceAll("dim ** 0.5", "32 ** 0.5"), // prettier-ignore
    fix: /positions/,
    expected: [
      "+         self.position = nn.Embedding(24, dim)",
      "+         x = x + self.position(torch.arange(t, device=ids.device))",
    ],
  },
  {
    name: "vectors",
    text: embedded("        self.lift = nn.Linear(5, dim)", "        x = self.lift(ids)"),
    fix: /positions/,
    expected: [
      "+         self.position = nn.Parameter(torch.randn(24, dim) * 0.02)",
      "-         x = self.lift(ids)",
      "+         x = self.lift(ids) + self.position[: ids.size(1)]",
    ],
  },
  {
    name: "an argument of a call, names that are imported, and a name that is taken",
    text: embedded("        self.embed = Embedding(vocab, dim)\n        self.position = None", "        x = self.drop(self.embed(ids))", "import torch as th\nfrom torch import nn\nfrom torch.nn import Dropout, Embedding\n").replace("        self.position = None", "        self.position = None\n        self.drop = Dropout(0.1)"), // prettier-ignore
    fix: /positions/,
    expected: [
      "+         self.positions = Embedding(24, dim)",
      "-         x = self.drop(self.embed(ids))",
      "+         x = self.drop(self.embed(ids) + self.positions(th.arange(ids.size(1), device=ids.device)))",
    ],
  },
  {
    name: "lines that end as they do on Windows",
    text: embedded("        self.embed = nn.Embedding(vocab, dim)", "        x = self.embed(ids)").replaceAll(
      "\n",
      "\r\n",
    ),
    fix: /positions/,
    expected: [
      "+         self.position = nn.Embedding(24, dim)\r",
      "+         x = x + self.position(torch.arange(ids.size(1), device=ids.device))\r",
    ],
  },
  {
    name: "tabs",
    text: embedded("        self.embed = nn.Embedding(vocab, dim)", "        x = self.embed(ids)").replaceAll(
      "    ",
      "\t",
    ),
    fix: /positions/,
    expected: [
      "+ \t\tself.position = nn.Embedding(24, dim)",
      "- \t\tx = self.embed(ids)",
      "+ \t\tx = self.embed(ids) + self.position(torch.arange(ids.size(1), device=ids.device))",
    ],
  },
  {
    name: "tokens before the batch",
    text: embedded("        self.embed = nn.Embedding(vocab, dim)", "        x = self.embed(ids)").replace(", batch_first=True", ""), // prettier-ignore
    fix: /positions/,
    expected: [
      "+         self.position = nn.Embedding(24, dim)",
      "+         x = x + self.position(torch.arange(ids.size(0), device=ids.device)).unsqueeze(1)",
    ],
  },
  {
    name: "positions of a mask that stands alone",
    text: flex("    return abs(q_idx - kv_idx) <= 20", "# uap: tokens=16 layers=4 symmetry=trivial position=none"),
    fix: /Add absolute/,
    expected: [
      "- # uap: tokens=16 layers=4 symmetry=trivial position=none",
      "+ # uap: tokens=16 layers=4 symmetry=trivial position=learned",
    ],
  },
  {
    name: "positions that break a symmetry",
    text: embedded("        self.lift = nn.Linear(5, dim)\n        self.pos = nn.Parameter(torch.randn(24, dim))", "        x = self.lift(ids) + self.pos", imports, "# uap: symmetry=S_n\n"), // prettier-ignore
    fix: /Remove/,
    expected: [
      "- # uap: symmetry=S_n",
      "+ # uap: symmetry=S_n tokens=24",
      "-         self.pos = nn.Parameter(torch.randn(24, dim))",
      "-         x = self.lift(ids) + self.pos",
      "+         x = self.lift(ids)",
    ],
  },
  {
    name: "positions that are added in place",
    text: embedded("        self.lift = nn.Linear(5, dim)\n        self.pos = nn.Embedding(24, dim)", "        x = self.lift(ids)\n        x += self.pos(torch.arange(ids.size(1)))", imports, "# uap: tokens=24 symmetry=S_n\n"), // prettier-ignore
    fix: /Remove/,
    expected: ["-         self.pos = nn.Embedding(24, dim)", "-         x += self.pos(torch.arange(ids.size(1)))"],
  },
  // ------------------------------------------------------------------------------------------------------------ networks
  {
    name: "biases",
    text: network("        self.up = nn.Linear(dim, 64, bias=False)\n        self.down = nn.Linear(64, dim, bias=False)", "self.down(F.relu(self.up(x)))"), // prettier-ignore
    fix: /bias/,
    expected: [
      "-         self.up = nn.Linear(dim, 64, bias=False)",
      "-         self.down = nn.Linear(64, dim, bias=False)",
      "+         self.up = nn.Linear(dim, 64, bias=True)",
      "+         self.down = nn.Linear(64, dim, bias=True)",
    ],
  },
  {
    name: "a flag for all biases",
    text: network("        self.up = nn.Linear(dim, 64, bias=bias)\n        self.down = nn.Linear(64, dim, bias=bias)", "self.down(F.relu(self.up(x)))").replace("dim, heads):\n        super().__init__()\n        self.attn", "dim, heads, bias=False):\n        super().__init__()\n        self.attn"), // prettier-ignore
    fix: /bias/,
    expected: ["-     def __init__(self, dim, heads, bias=False):", "+     def __init__(self, dim, heads, bias=True):"],
  },
  {
    name: "an activation in a sequence on one line",
    text: network("        self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.Linear(64, dim))", "self.mlp(x)"),
    fix: /gelu/,
    expected: [
      "-         self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.Linear(64, dim))",
      "+         self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim))",
    ],
  },
  {
    name: "an activation in a sequence, a layer to a line",
    text: network("        self.mlp = nn.Sequential(\n            nn.Linear(dim, 64),\n            nn.Linear(64, dim),\n        )", "self.mlp(x)"), // prettier-ignore
    fix: /gelu/,
    expected: ["+             nn.GELU(),"],
  },
  {
    name: "an activation between two calls",
    text: network(
      "        self.up = nn.Linear(dim, 64)\n        self.down = nn.Linear(64, dim)",
      "self.down(self.up(x))",
    ),
    fix: /gelu/,
    expected: ["-         return x + self.down(self.up(x))", "+         return x + self.down(F.gelu(self.up(x)))"],
  },
  {
    name: "an activation in place of none",
    text: network(
      "        self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.Identity(), nn.Linear(64, dim))",
      "self.mlp(x)",
    ),
    fix: /gelu/,
    expected: [
      "-         self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.Identity(), nn.Linear(64, dim))",
      "+         self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim))",
    ],
  },
  {
    name: "weights that are not trained",
    text: network("        self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.ReLU(), nn.Linear(64, dim))\n        self.mlp.requires_grad_(False)", "self.mlp(x)"), // prettier-ignore
    fix: /trainable/,
    expected: ["-         self.mlp.requires_grad_(False)"],
  },
  {
    name: "weights that are not trained, neither biased",
    text: network("        self.mlp = nn.Sequential(nn.Linear(dim, 64, bias=False), nn.ReLU(), nn.Linear(64, dim, bias=False)).requires_grad_(False)", "self.mlp(x)"), // prettier-ignore
    fix: /trainable/,
    expected: [
      "-         self.mlp = nn.Sequential(nn.Linear(dim, 64, bias=False), nn.ReLU(), nn.Linear(64, dim, bias=False)).requires_grad_(False)", // prettier-ignore
      "+         self.mlp = nn.Sequential(nn.Linear(dim, 64, bias=True), nn.ReLU(), nn.Linear(64, dim, bias=True))",
    ],
  },
  // ---------------------------------------------------------------------------------------------------------- see itself
  {
    name: "a strict comparison",
    text: flex("    return kv_idx < q_idx", "# uap: tokens=64 layers=2 position=learned"),
    fix: /itself/,
    expected: ["-     return kv_idx < q_idx", "+     return kv_idx <= q_idx"],
  },
  {
    name: "a triangle that begins too low",
    text: masked("        mask = torch.tril(torch.ones(n, n), diagonal=-1).bool()"),
    fix: /itself/,
    expected: [
      "-         mask = torch.tril(torch.ones(n, n), diagonal=-1).bool()",
      "+         mask = torch.tril(torch.ones(n, n), diagonal=0).bool()",
    ],
  },
  {
    name: "a triangle of what is left out, with the diagonal",
    text: network("        self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.ReLU(), nn.Linear(64, dim))", "self.mlp(x)")
      .replace("        x = x + self.attn(x, x, x, need_weights=False)[0]", "        n = x.size(1)\n        future = torch.ones(n, n, dtype=torch.bool).triu()\n        x = x + self.attn(x, x, x, attn_mask=future, need_weights=False)[0]"), // prettier-ignore
    fix: /itself/,
    expected: [
      "-         future = torch.ones(n, n, dtype=torch.bool).triu()",
      "+         future = torch.ones(n, n, dtype=torch.bool).triu(diagonal=1)",
    ],
  },
  {
    name: "a condition that leaves the diagonal out",
    text: flex("    return (kv_idx != q_idx) & (kv_idx <= q_idx)", "# uap: tokens=64 layers=2 position=learned"),
    fix: /itself/,
    expected: [
      "-     return (kv_idx != q_idx) & (kv_idx <= q_idx)",
      "+     return ((kv_idx != q_idx) & (kv_idx <= q_idx)) | (q_idx == kv_idx)",
    ],
  },
  {
    name: "the opposite mask of nn.MultiheadAttention",
    text: network("        self.mlp = nn.Sequential(nn.Linear(dim, 64), nn.ReLU(), nn.Linear(64, dim))", "self.mlp(x)")
      .replace("        x = x + self.attn(x, x, x, need_weights=False)[0]", "        n = x.size(1)\n        past = torch.ones(n, n, dtype=torch.bool).tril()\n        x = x + self.attn(x, x, x, attn_mask=past, need_weights=False)[0]"), // prettier-ignore
    fix: /Swap/,
    expected: [
      "-         x = x + self.attn(x, x, x, attn_mask=past, need_weights=False)[0]",
      "+         x = x + self.attn(x, x, x, attn_mask=~past, need_weights=False)[0]",
    ],
  },
  {
    name: "the opposite mask of a mask that is negated",
    text: masked("        mask = ~torch.ones(n, n, dtype=torch.bool).tril()"),
    fix: /Swap/,
    expected: [
      "-         mask = ~torch.ones(n, n, dtype=torch.bool).tril()",
      "+         mask = torch.ones(n, n, dtype=torch.bool).tril()",
    ],
  },
  // ------------------------------------------------------------------------------------------------------- no mask at all
  {
    name: "the flag of the causal mask",
    text: masked("        mask = None").replace("attn_mask=mask)", "is_causal=True)").replace("class Model(", "# uap: visibility=full\nclass Model("), // prettier-ignore
    fix: /every token/,
    expected: [
      "-         y = F.scaled_dot_product_attention(q, k, v, is_causal=True)",
      "+         y = F.scaled_dot_product_attention(q, k, v)",
    ],
  },
  {
    name: "scores that are filled",
    text: masked("        mask = torch.ones(n, n).tril()")
      .replace(
        "        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)",
        '        w = q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5\n        w = w.masked_fill(mask == 0, float("-inf"))\n        y = w.softmax(-1) @ v',
      ) // prettier-ignore
      .replace("class Model(", "# uap: visibility=full\nclass Model("),
    fix: /every token/,
    expected: ['-         w = w.masked_fill(mask == 0, float("-inf"))'],
  },
  // ------------------------------------------------------------------------------------------------------ what is not done
  {
    name: "no token that a model of what comes next would see ahead by",
    text: flex("    return (q_idx >= kv_idx) & (q_idx - kv_idx < 4)", "# uap: tokens=64 layers=4 position=learned visibility=causal"), // prettier-ignore
    fix: /global/,
    expected: undefined,
  },
  {
    name: "no number that another model uses too",
    text: `DEPTH = 4\n${masked("        mask = (i[:, None] - i[None, :]).abs() <= self.window", "", "window=4").replace("range(depth)", "range(DEPTH)")}

class Other(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.embed = nn.Embedding(64, dim)
        self.pos = nn.Embedding(20, dim)
        layer = nn.TransformerEncoderLayer(dim, heads, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, DEPTH)

    def forward(self, ids):
        return self.encoder(self.embed(ids) + self.pos(torch.arange(ids.size(1))))
`,
    fix: /layers/,
    expected: undefined,
  },
];

describe("quick fixes of Python", () => {
  before(() => prepareReading("a.py"));

  for (const { name, text, fix, expected } of examples)
    it(`${fix.source}: ${name}`, () => {
      const report = checkModel("model.py", text);
      const said = JSON.stringify([report?.findings.map(({ code, message, fixes }) => [code, message, fixes.map(({ title }) => title)]), report?.questions]); // prettier-ignore
      assert.ok((report?.architectures.length ?? 0) > 0, said);
      assert.deepEqual(fixed(text, fix), expected, said);
    });

  it("there are enough of them", () => assert.ok(examples.length >= 25));
});

/** The ways to write which pairs are near, `near` and `far`, in terms of `i`, `n` and the number of the window's spelling. */
const windows: readonly { near: string; far: string; number: (reach: number) => number }[] = [
  {
    near: "(i[:, None] - i[None, :]).abs() <= W",
    far: "(i[:, None] - i[None, :]).abs() > W",
    number: (reach) => reach,
  },
  {
    near: "torch.abs(i.unsqueeze(1) - i) < W",
    far: "torch.abs(i.unsqueeze(1) - i) >= W",
    number: (reach) => reach + 1,
  },
  { near: "torch.ones(n, n).tril(W).triu(-W).bool()", far: "torch.ones(n, n).tril(W).triu(-W) == 0", number: (reach) => reach }, // prettier-ignore
  { near: "(i[None, :] <= i[:, None] + W) & (i[None, :] >= i[:, None] - W)", far: "(i[None, :] > i[:, None] + W) | (i[None, :] < i[:, None] - W)", number: (reach) => reach }, // prettier-ignore
  { near: "(i[:, None] - i).abs() <= W // 2", far: "(i[:, None] - i).abs() > W // 2", number: (reach) => 2 * reach },
];

/** The ways to attend with such a mask. */
const usages: readonly ((near: string, far: string) => string)[] = [
  (near) => `        mask = ${near}\n        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)`,
  (near) => `        y = F.scaled_dot_product_attention(q, k, v, attn_mask=${near})`,
  (_, far) => `        far = ${far}\n        w = q @ k.transpose(-2, -1) / 4\n        y = w.masked_fill(far, float("-inf")).softmax(-1) @ v`, // prettier-ignore
  (near) => `        mask = (${near}).float()\n        w = q @ k.transpose(-2, -1) / 4\n        y = w.masked_fill(mask == 0, -1e9).softmax(-1) @ v`, // prettier-ignore
  (_, far) => `        bias = torch.zeros(n, n).masked_fill(${far}, float("-inf"))\n        w = q @ k.transpose(-2, -1) / 4 + bias\n        y = w.softmax(-1) @ v`, // prettier-ignore
];

interface Written {
  window: number;
  usage: number;
  reach: number;
  depth: number;
  /** Where the two numbers are: in the code, or as the constructor's defaults. */
  isNamed: boolean;
  isRange: boolean;
}

function windowed({ window, usage, reach, depth, isNamed, isRange }: Written): string {
  const { near, far, number } = windows[window];
  const size = isNamed ? "self.window" : String(number(reach));
  const [kept, left] = [near, far].map((text) => text.replace(/\bW\b/g, size));
  const lines = `        i = torch.arange(n)\n${usages[usage](kept, left)}`;
  return masked("        mask = None", "", `depth=${depth}, window=${number(reach)}`)
    .replace("        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)", lines)
    .replace("def __init__(self, dim, heads):\n        super().__init__()\n        self.heads = heads", "def __init__(self, dim, heads, window):\n        super().__init__()\n        self.heads, self.window = heads, window") // prettier-ignore
    .replace("def __init__(self, dim, heads):\n        super().__init__()\n        self.attn = Attention(dim, heads)", "def __init__(self, dim, heads, window):\n        super().__init__()\n        self.attn = Attention(dim, heads, window)") // prettier-ignore
    .replace("Block(dim, heads) for _ in range(depth)", `Block(dim, heads, window) for _ in range(${isRange ? depth : "depth"})`); // prettier-ignore
}

describe("quick fixes of windows, however they are written", () => {
  before(() => prepareReading("a.py"));

  it("give the architecture that was asked for, and nothing else", () => {
    let made = 0;
    const written = fc.record({
      window: fc.nat(windows.length - 1),
      usage: fc.nat(usages.length - 1),
      reach: fc.integer({ min: 1, max: 6 }),
      depth: fc.integer({ min: 1, max: 3 }),
      isNamed: fc.boolean(),
      isRange: fc.boolean(),
    });
    fc.assert(
      fc.property(written, (how) => {
        const text = windowed(how);
        const before = readModelFile("model.py", text)!;
        const [read] = before.architectures;
        assert.ok(read, `${text}\n${JSON.stringify(before.notes)}`);
        const { findings } = analyse(read.architecture, read.skipped);
        const fixes = findings.filter(({ code }) => code === "UAP101").flatMap((finding) => finding.fixes);
        assert.ok(fixes.length >= 2, text);
        for (const { title, changes } of fixes) {
          const edits = read.edit(changes);
          assert.ok(edits, `${title} of\n${text}`);
          made++;
          const after = applied(text, edits);
          const [again] = readModelFile("model.py", after)!.architectures;
          const comparison = new Comparison(read.architecture.tokens, 0);
          assert.ok(comparison.same(again.architecture, changed(read.architecture, changes)!), difference(text, after).join("\n")); // prettier-ignore
          assert.ok(!analyse(again.architecture, again.skipped).findings.some(({ code }) => code === "UAP101"));
        }
      }),
      { numRuns: 30 },
    );
    assert.ok(made >= 60);
  }).timeout(60_000);
});

describe("places that take part in a finding of Python", () => {
  before(() => prepareReading("a.py"));

  const relatedOf = (text: string, code: string) => {
    const lines = new LineMap(text);
    const finding = checkModel("model.py", text)?.findings.find((each) => each.code === code);
    return finding?.related?.map(({ message, range }) => `${message}: ${text.slice(lines.offset(range.start), lines.offset(range.end))}`); // prettier-ignore
  };

  it("the number of layers, beside the mask", () => {
    const text = masked("        mask = (i[:, None] - i[None, :]).abs() <= self.window");
    assert.deepEqual(relatedOf(text, "UAP101"), ["the number of layers: 4: 4"]);
  });

  it("the masks of the other layers", () => {
    const text = masked("        mask = (i[:, None] - i[None, :]).abs() <= self.window\n        wide = (i[:, None] - i[None, :]).abs() <= 5") // prettier-ignore
      .replace("        for block in self.blocks:\n            x = block(x, mask)", "        for j, block in enumerate(self.blocks):\n            x = block(x, wide if j == 2 else mask)"); // prettier-ignore
    assert.deepEqual(relatedOf(text, "UAP101"), [
      "the mask of layer 2: (i[:, None] - i[None, :]).abs() <= 5",
      "the number of layers: 4: 4",
    ]);
  });

  it("where no positions are added to the tokens", () => {
    const text = embedded("        self.embed = nn.Embedding(vocab, dim)", "        x = self.embed(ids)");
    assert.deepEqual(relatedOf(text, "UAP201"), ["no positions are added to the tokens: self.embed(ids)"]);
  });

  it("every bias that is missing", () => {
    const text = network("        self.up = nn.Linear(dim, 64, bias=False)\n        self.down = nn.Linear(64, dim, bias=False)", "self.down(F.relu(self.up(x)))"); // prettier-ignore
    assert.deepEqual(relatedOf(text, "UAP301"), ["no bias here: False"]);
  });
});

const folder = path.join(__dirname, "..", "corpus", "code");

describe("quick fixes of the corpus of model code", () => {
  before(() => prepareReading("a.py"));
  let offered = 0;

  for (const name of readdirSync(folder).filter((each) => /\.py$/.test(each)))
    it(name, () => {
      const text = readFileSync(path.join(folder, name), "utf8");
      const report = checkModel(name, text);
      for (const { code, title, edits } of fixesOf(report)) {
        offered++;
        const after = applied(text, edits);
        const again = checkModel(name, after);
        const here = `${code} ${title}:\n${difference(text, after).join("\n")}`;
        assert.equal(again?.architectures.length, report!.architectures.length, here);
        const codes = (one: FileReport) => one.findings.map((finding) => finding.code).sort();
        assert.ok(!codes(again).includes(code), `${here}\n${codes(again).join()}`);
        // Nothing else has changed: lines are as they were, but for some.
        const changed = difference(text, after);
        assert.ok(changed.length <= 12, here);
        assert.ok(changed.every((line) => !/[ \t]$/.test(line.slice(2))), here); // prettier-ignore
        assert.equal(after.endsWith("\n"), text.endsWith("\n"), here);
      }
    });

  it("are many", () => assert.ok(offered >= 50, `${offered} are offered`));
});
