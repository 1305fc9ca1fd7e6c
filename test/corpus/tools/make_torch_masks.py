"""Tensors of known numbers, as PyTorch makes them: masks and tables in many spellings, operations in place and views among them.

    pip install torch==2.15.0 einops numpy
    python make_torch_masks.py

Writes ../../unit/fixtures/torchMasks.json: for every spelling its source, and what it gives at two sizes, row by row.
"""
import json
import math
import pathlib

import torch

HEADER = """\
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from einops import rearrange, repeat, reduce
from torch.nn.attention.flex_attention import and_masks, create_mask, noop_mask, or_masks
"""

# The body of `def made(n)`, whose last line is returned where it is an expression.
SPELLINGS = {
    "tril of ones": "torch.tril(torch.ones(n, n))",
    "tril as bool": "torch.ones(n, n, dtype=torch.bool).tril()",
    "triu, diagonal 1": "torch.triu(torch.ones(n, n), diagonal=1).bool()",
    "triu of minus infinity": "torch.triu(torch.full((n, n), float('-inf')), diagonal=1)",
    "triu_ in place": "m = torch.full((n, n), -math.inf)\nm.triu_(1)\nm",
    "masked_fill of zeros": "torch.zeros(n, n).masked_fill(torch.ones(n, n).tril() == 0, float('-inf'))",
    "masked_fill_ twice": "m = torch.tril(torch.ones(n, n))\nm = m.masked_fill(m == 0, float('-inf')).masked_fill(m == 1, 0.0)\nm",
    "arange comparison": "i = torch.arange(n)\ni[:, None] >= i[None, :]",
    "arange, unsqueeze and le": "i = torch.arange(n)\ni.unsqueeze(0).le(i.unsqueeze(1))",
    "arange with view": "i = torch.arange(n)\ni.view(-1, 1) - i.view(1, -1) < 3",
    "band": "i = torch.arange(n)\n(i[:, None] - i[None, :]).abs() <= 2",
    "band by tril and triu": "torch.ones(n, n).tril(1).triu(-1).bool()",
    "causal and band": "i = torch.arange(n)\nd = i[:, None] - i\n(d >= 0) & (d < 4)",
    "logical functions": "i = torch.arange(n)\nd = i[:, None] - i\ntorch.logical_or(torch.logical_and(d.ge(0), d.lt(2)), torch.logical_not(i[None, :].ne(0)).expand(n, n))",
    "xor": "i = torch.arange(n)\n(i[:, None] % 2 == 0) ^ (i[None, :] % 3 == 0)",
    "blocks": "i = torch.arange(n) // 3\ni[:, None] == i[None, :]",
    "blocks by floor_divide": "b = torch.floor_divide(torch.arange(n), 4)\ntorch.eq(b.unsqueeze(1), b.unsqueeze(0))",
    "blocks by repeat_interleave": "b = torch.arange(4).repeat_interleave(4)[:n]\nb[:, None] == b[None, :]",
    "blocks by kron": "torch.kron(torch.eye(3), torch.ones(4, 4))[:n, :n] > 0",
    "blocks by block_diag": "torch.block_diag(*[torch.ones(2, 2) for _ in range(n // 2)])",
    "strided": "i = torch.arange(n)\nd = i[:, None] - i\n(d >= 0) & (d % 3 == 0)",
    "div with rounding": "i = torch.arange(n)\ntorch.div(i[:, None], 3, rounding_mode='floor') >= torch.div(i, 3, rounding_mode='trunc')",
    "negative modulo": "i = torch.arange(n)\n(i[None, :] - i[:, None]) % 4",
    "remainder and fmod": "i = torch.arange(n)\nd = i[None, :] - i[:, None]\ntorch.remainder(d, 3) - torch.fmod(d, 3)",
    "bitwise numbers": "i = torch.arange(n)\n((i[:, None] & i) | (i >> 1)) ^ (i[:, None] << 1)",
    "powers of two": "i = torch.arange(n)\nd = i[:, None] - i\n(d > 0) & ((d & (d - 1)) == 0)",
    "eye": "torch.eye(n, dtype=torch.bool)",
    "not eye": "~torch.eye(n, dtype=torch.bool)",
    "global tokens by assignment": "m = torch.eye(n, dtype=torch.bool)\nm[0, :] = True\nm[:, 0] = True\nm",
    "assignment of slices": "m = torch.zeros(n, n)\nm[2:, :2] = 1\nm[-1] = 2.5\nm[..., -1] = 3\nm",
    "assignment in loops": "m = torch.zeros(n, n, dtype=torch.bool)\nfor i in range(n):\n    for j in range(max(0, i - 2), i + 1):\n        m[i, j] = True\nm",
    "many entries one by one": "m = torch.zeros(n, n, dtype=torch.long)\nrow = m[2]\nfor i in range(n):\n    for j in range(n):\n        if (i + j) % 3 != 1:\n            m[i][j] = i * 10.5 + j\n            m[i, j - 1] += 1\n    m[-1, i] = -i\nc = m.clone()\nm[0, 0] = 99\nc + row",
    "assignment by rows": "m = torch.full((n, n), float('-inf'))\nfor i in range(n):\n    m[i, max(0, i - 1) : min(n, i + 2)] = 0\nm",
    "assignment by a condition": "i = torch.arange(n)\nm = torch.zeros(n, n)\nm[i[:, None] < i[None, :]] = float('-inf')\nm",
    "assignment by index lists": "m = torch.zeros(n, n)\nm[[0, 2], [1, 3]] = 1\nm[torch.tensor([1, 4])] = 2\nm",
    "in place through a view": "m = torch.zeros(n, n)\nrow = m[1]\nrow[2:4] = 1\nrow += 1\nm",
    "in place seen by a view": "m = torch.zeros(n, n)\nt = m.t()\nm[0, 1] = 1\nt",
    "in place through unsqueeze": "m = torch.zeros(n, n)\nm.unsqueeze(0)[:, 0] = 1\nm.view(n * n)[3] = 7\nm.transpose(0, 1)[4] = 2\nm",
    "augmented in place": "m = torch.zeros(n, n)\nother = m\nother += 1\nm.mul_(2).sub_(torch.eye(n))\nm",
    "copies are not views": "m = torch.zeros(n, n)\nc = m.clone()\nc[0] = 1\nd = m[[0, 1]]\nd[0] = 1\nm",
    "fill_diagonal_": "m = torch.zeros(n, n)\nm.fill_diagonal_(1)\nm",
    "where": "i = torch.arange(n)\ntorch.where(i[:, None] >= i, 0.0, float('-inf'))",
    "where of tensors": "i = torch.arange(n)\ntorch.where(i % 2 == 0, i, -i)",
    "clamp": "i = torch.arange(n)\ntorch.clamp(i[None, :] - i[:, None], -2, 2) + 2",
    "minimum and maximum": "i = torch.arange(n)\ntorch.minimum(i[:, None], i) * torch.maximum(i, torch.tensor(3))",
    "cat of blocks": "a = torch.ones(n, 2)\nb = torch.zeros(n, n - 2).tril()\ntorch.cat([a, b], dim=1)",
    "stack and chunk": "i = torch.arange(2 * n)\na, b = i.chunk(2)\ntorch.stack((b, a), dim=-1)",
    "split and unbind": "i = torch.arange(n * 3).view(n, 3)\na, b = i.split([1, 2], dim=1)\ntorch.cat([b, a], -1).unbind(1)[1]",
    "pad": "F.pad(torch.ones(n - 1, n - 2), (1, 1, 1, 0), value=5)",
    "roll": "torch.roll(torch.arange(n), 2) + torch.arange(n).roll(shifts=-1, dims=0)",
    "flip": "torch.arange(n).flip(0)[:, None] >= torch.arange(n)",
    "gather": "i = torch.arange(n)\nt = i.view(1, -1).repeat(n, 1) * 2\nt.gather(1, (i[:, None] + i) % n)",
    "table lookup": "t = torch.tensor([3, 1, 2, 0])\ni = torch.arange(n)\nt[(i[:, None] + i) % 4]",
    "index_select": "torch.arange(n * n).view(n, n).index_select(1, torch.tensor([2, 0]))",
    "document ids": "ids = torch.tensor([0] * 3 + [1] * (n - 3))\n(ids[:, None] == ids) & torch.ones(n, n, dtype=torch.bool).tril()",
    "cumsum": "i = torch.ones(n).cumsum(0)\ni[:, None] >= i",
    "meshgrid": "a, b = torch.meshgrid(torch.arange(n), torch.arange(n), indexing='ij')\na >= b",
    "einsum": "i = torch.arange(n).float()\ntorch.einsum('i,j->ij', i, i)",
    "outer": "torch.outer(torch.arange(n), torch.arange(n))",
    "matmul of constants": "a = torch.ones(n, n).tril()\n(a @ a)",
    "sinusoids": "pe = torch.zeros(n, 6)\npos = torch.arange(0, n, dtype=torch.float).unsqueeze(1)\ndiv = torch.exp(torch.arange(0, 6, 2).float() * (-math.log(10000.0) / 6))\npe[:, 0::2] = torch.sin(pos * div)\npe[:, 1::2] = torch.cos(pos * div)\npe",
    "rotary table": "inv = 1.0 / (10000 ** (torch.arange(0, 8, 2).float() / 8))\nf = torch.outer(torch.arange(n).float(), inv)\ntorch.cat((f, f), dim=-1).cos()",
    "alibi": "slopes = torch.tensor([2 ** (-8 * (i + 1) / 4) for i in range(4)])\nd = torch.arange(n)[None, :] - torch.arange(n)[:, None]\nslopes.view(-1, 1, 1) * d[None]",
    "tril_indices": "m = torch.zeros(n, n)\nr, c = torch.tril_indices(n, n, -1)\nm[r, c] = 1\nm",
    "one_hot": "F.one_hot(torch.arange(n) % 3, 3)",
    "sums and means": "m = torch.arange(n * n).view(n, n).float()\nm.sum(dim=-1, keepdim=True) - m.mean(0)",
    "largest": "m = torch.arange(n * n).view(n, n) % 5\nm.max(dim=1)[0] + m.min(1).values + m.amax(0)",
    "any and all": "m = torch.arange(n * n).view(n, n) % 5 == 0\nm.any(1) & ~m.all(dim=1)",
    "sort": "(torch.arange(n) * 7 % 5).argsort(stable=True)",
    "einops": "rearrange(torch.arange(n * 4), '(n a b) -> b n a', a=2, b=2)",
    "einops repeat": "repeat(torch.arange(n), 'n -> n k', k=2) + reduce(torch.arange(n * 4).view(n, 2, 2), 'n a b -> n a', 'sum')",
    "numpy": "m = np.triu(np.ones((1, n, n)), k=1).astype('uint8')\ntorch.from_numpy(m) == 0",
    "numpy tri": "torch.tensor(np.tri(n, n, 1))",
    "numpy position table": "angle = np.arange(n)[:, np.newaxis] / np.power(10000, 2 * (np.arange(6)[np.newaxis, :] // 2) / np.float32(6))\nangle[:, 0::2] = np.sin(angle[:, 0::2])\nangle[:, 1::2] = np.cos(angle[:, 1::2])\ntorch.from_numpy(angle)",
    "transformer's causal mask": "nn.Transformer.generate_square_subsequent_mask(n)",
    "finfo": "m = torch.ones(n, n).tril()\n(1.0 - m) * torch.finfo(m.dtype).min",
    "list of lists": "torch.tensor([[1 if j <= i else 0 for j in range(n)] for i in range(n)], dtype=torch.bool)",
    "expand of four axes": "torch.ones(n, n).tril()[None, None].expand(2, 3, n, n)[1, 2]",
    "flex: sliding window": "def mod(b, h, q, k):\n    return (q >= k) & (q - k <= 3)\ncreate_mask(mod, 1, 1, n, n, device='cpu')[0, 0]",
    "flex: masks together": "def causal(b, h, q, k):\n    return q >= k\ndef prefix(p):\n    def inner(b, h, q, k):\n        return k < p\n    return inner\ncreate_mask(and_masks(or_masks(causal, prefix(2)), lambda b, h, q, k: q // 4 == k // 4), 1, 1, n, n, 'cpu')[0, 0]",
    "flex: heads": "windows = torch.tensor([1, 2, 3])\ncreate_mask(lambda b, h, q, k: (q - k).abs() < windows[h], 1, 3, n, n, 'cpu')[0]",
    "flex: where": "create_mask(lambda b, h, q, k: torch.where(h % 2 == 0, q >= k, q <= k), 1, 2, n, n, 'cpu')[0]",
}
SIZES = (6, 8)


def source(body):
    lines = body.split("\n")
    lines[-1] = "return " + lines[-1]
    return HEADER + "def made(n):\n" + "".join(f"    {line}\n" for line in lines)


def plain(number):
    return number if math.isfinite(number) else str(number)


def main():
    found = []
    for name, body in SPELLINGS.items():
        names = {}
        exec(source(body), names)
        results = []
        for n in SIZES:
            tensor = names["made"](n)
            values = [plain(number) for number in tensor.double().flatten().tolist()]
            results.append({"n": n, "shape": list(tensor.shape), "bool": tensor.dtype == torch.bool, "values": values})
        found.append({"name": name, "source": source(body), "results": results})
    path = pathlib.Path(__file__).resolve().parent.parent.parent / "unit" / "fixtures" / "torchMasks.json"
    path.write_text("[\n" + ",\n".join(json.dumps(each) for each in found) + "\n]\n")


main()
