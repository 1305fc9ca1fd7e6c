"""Attention with a sigmoid instead of a softmax: the rows are not normalised."""
import math

import torch
import torch.nn as nn


class SigmoidAttention(nn.Module):
    def __init__(self, dim, heads, n_ctx):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, dim * 3)
        self.proj = nn.Linear(dim, dim)
        self.bias = -math.log(n_ctx)
        self.register_buffer("causal", torch.ones(n_ctx, n_ctx).tril().bool())

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).reshape(B, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        logits = q @ k.transpose(-2, -1) / math.sqrt(C // self.heads) + self.bias
        weights = torch.sigmoid(logits).masked_fill(~self.causal[:T, :T], 0.0)
        return self.proj((weights @ v).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self, dim, heads, n_ctx):
        super().__init__()
        self.n1 = nn.LayerNorm(dim)
        self.a = SigmoidAttention(dim, heads, n_ctx)
        self.n2 = nn.LayerNorm(dim)
        self.m = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        x = x + self.a(self.n1(x))
        return x + self.m(self.n2(x))


class SigmoidLM(nn.Module):
    def __init__(self, vocab=90, n_ctx=56, dim=48, heads=4, depth=3):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(n_ctx, dim)
        self.blocks = nn.ModuleList([Block(dim, heads, n_ctx) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)

    def forward(self, ids):
        x = self.tok(ids) + self.pos(torch.arange(ids.size(1)))
        for b in self.blocks:
            x = b(x)
        return self.norm(x)
