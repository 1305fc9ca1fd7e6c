"""Each query keeps its highest scores only: which, depends on the data."""
import torch
import torch.nn as nn


class TopKAttention(nn.Module):
    def __init__(self, dim, heads, keep):
        super().__init__()
        self.heads, self.keep = heads, keep
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5
        threshold = scores.topk(min(self.keep, n), dim=-1).values[..., -1:]
        scores = scores.masked_fill(scores < threshold, float("-inf"))
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))


class SparseModel(nn.Module):
    def __init__(self, tokens=32, dim=32, heads=4, depth=2, keep=8):
        super().__init__()
        self.embed = nn.Linear(5, dim)
        self.pos = nn.Parameter(torch.randn(tokens, dim))
        self.attn = nn.ModuleList([TopKAttention(dim, heads, keep) for _ in range(depth)])
        self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim)) for _ in range(depth)])

    def forward(self, x):
        x = self.embed(x) + self.pos
        for attn, mlp in zip(self.attn, self.mlp):
            x = x + attn(x)
            x = x + mlp(x)
        return x
