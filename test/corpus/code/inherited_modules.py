"""A base class with the shared parts; the subclasses say how the scores are masked."""
import math

import torch
import torch.nn as nn


class BaseAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def mask_scores(self, scores):
        return scores

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = self.mask_scores(q @ k.transpose(-2, -1) / math.sqrt(d // self.heads))
        return self.out((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(b, n, d))


class CausalAttention(BaseAttention):
    def mask_scores(self, scores):
        n = scores.shape[-1]
        return scores.masked_fill(torch.ones(n, n, dtype=torch.bool).triu(1), float("-inf"))


class LocalAttention(BaseAttention):
    def __init__(self, dim, heads, radius):
        super().__init__(dim, heads)
        self.radius = radius

    def mask_scores(self, scores):
        n = scores.shape[-1]
        far = torch.ones(n, n).tril(-self.radius - 1) + torch.ones(n, n).triu(self.radius + 1)
        return scores.masked_fill(far > 0, float("-inf"))


class BaseModel(nn.Module):
    def __init__(self, vocab=70, max_len=50, dim=40, heads=4, depth=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_len, dim)
        self.norms = nn.ModuleList([nn.LayerNorm(dim) for _ in range(2 * depth)])
        self.attention = nn.ModuleList([self.make_attention(dim, heads) for _ in range(depth)])
        self.mlps = nn.ModuleList([nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)) for _ in range(depth)])

    def make_attention(self, dim, heads):
        return BaseAttention(dim, heads)

    def forward(self, ids):
        x = self.embed(ids) + self.pos(torch.arange(ids.shape[1]))
        for i, (attention, mlp) in enumerate(zip(self.attention, self.mlps)):
            x = x + attention(self.norms[2 * i](x))
            x = x + mlp(self.norms[2 * i + 1](x))
        return x


class CausalModel(BaseModel):
    def make_attention(self, dim, heads):
        return CausalAttention(dim, heads)


class LocalModel(BaseModel):
    def make_attention(self, dim, heads):
        return LocalAttention(dim, heads, radius=20)
