"""A window filled in row by row."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def build_mask(n, w):
    mask = torch.zeros(n, n, dtype=torch.bool)
    for i in range(n):
        mask[i, max(0, i - w) : min(n, i + w + 1)] = True
    return mask


class Attention(nn.Module):
    def __init__(self, d, h, n, w):
        super().__init__()
        self.h = h
        self.qkv = nn.Linear(d, 3 * d)
        self.o = nn.Linear(d, d)
        self.register_buffer("mask", build_mask(n, w))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = (t.view(b, n, self.h, -1).transpose(1, 2) for t in self.qkv(x).split(d, -1))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask[:n, :n])
        return self.o(y.transpose(1, 2).reshape(b, n, d))


class LoopMasked(nn.Module):
    def __init__(self, vocab=64, n=40, d=32, h=4, depth=4, w=5):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, d), nn.Embedding(n, d)
        self.attn = nn.ModuleList([Attention(d, h, n, w) for _ in range(depth)])
        self.ff = nn.ModuleList([nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d)) for _ in range(depth)])

    def forward(self, ids):
        x = self.tok(ids) + self.pos(torch.arange(ids.shape[1]))
        for attn, ff in zip(self.attn, self.ff):
            x = x + attn(x)
            x = x + ff(x)
        return x
