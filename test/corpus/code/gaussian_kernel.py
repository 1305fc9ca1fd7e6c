"""Weights by distance: exp(-|q - k|^2 / 2), written with cdist."""
import torch
import torch.nn as nn


class GaussianAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        weights = torch.exp(-0.5 * torch.cdist(q, k) ** 2)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        return self.out((weights @ v).transpose(1, 2).reshape(b, n, d))


class GaussianModel(nn.Module):
    def __init__(self, tokens=30, dim=32, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Linear(3, dim)
        self.pos = nn.Parameter(torch.randn(tokens, dim))
        self.attn = nn.ModuleList([GaussianAttention(dim, heads) for _ in range(depth)])
        self.ff = nn.ModuleList([nn.Sequential(nn.Linear(dim, 64), nn.Tanh(), nn.Linear(64, dim)) for _ in range(depth)])

    def forward(self, x):
        x = self.embed(x) + self.pos[: x.shape[1]]
        for attn, ff in zip(self.attn, self.ff):
            x = x + attn(x)
            x = x + ff(x)
        return x
