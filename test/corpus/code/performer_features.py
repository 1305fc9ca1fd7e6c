"""Positive random features: exp(w.x - |x|^2 / 2)."""
import math

import torch
import torch.nn as nn


def softmax_kernel(data, projection_matrix):
    """Positive features of the softmax kernel."""
    d = data.shape[-1]
    data = data / d ** 0.25
    m = projection_matrix.shape[0]
    projected = torch.einsum("bhnd,md->bhnm", data, projection_matrix)
    norm = (data ** 2).sum(dim=-1, keepdim=True) / 2.0
    return torch.exp(projected - norm) / math.sqrt(m)


class FastAttention(nn.Module):
    def __init__(self, dim, heads, nb_features=32):
        super().__init__()
        self.heads = heads
        self.register_buffer("projection_matrix", torch.randn(nb_features, dim // heads))
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        q = softmax_kernel(q, self.projection_matrix)
        k = softmax_kernel(k, self.projection_matrix)
        k_sum = k.sum(dim=-2)
        d_inv = 1.0 / torch.einsum("bhnm,bhm->bhn", q, k_sum)
        context = torch.einsum("bhnm,bhnd->bhmd", k, v)
        out = torch.einsum("bhmd,bhnm,bhn->bhnd", context, q, d_inv)
        return self.out(out.transpose(1, 2).reshape(b, n, d))


class Performer(nn.Module):
    def __init__(self, tokens=128, vocab=30, dim=64, heads=4, depth=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(tokens, dim)
        self.attn = nn.ModuleList([FastAttention(dim, heads) for _ in range(depth)])
        self.ffn = nn.ModuleList([nn.Sequential(nn.Linear(dim, 128), nn.GELU(), nn.Linear(128, dim)) for _ in range(depth)])

    def forward(self, residues):
        x = self.embed(residues) + self.pos(torch.arange(residues.size(1)))
        for attn, ffn in zip(self.attn, self.ffn):
            x = x + attn(x)
            x = x + ffn(x)
        return x
