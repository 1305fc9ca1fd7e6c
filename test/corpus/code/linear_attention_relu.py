import torch
from torch import nn


class ReluLinearAttention(nn.Module):
    """phi(q) (phi(k)^T v) with phi = relu, normalised by phi(q) (phi(k)^T 1)."""

    def __init__(self, dim, heads=4, eps=1e-5):
        super().__init__()
        self.heads, self.eps = heads, eps
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.o = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = (f(x).view(b, n, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        q = torch.relu(q) + 1e-3
        k = torch.relu(k) + 1e-3
        context = k.transpose(-2, -1) @ v
        normalizer = q @ k.sum(dim=-2).unsqueeze(-1) + self.eps
        out = (q @ context) / normalizer
        return self.o(out.transpose(1, 2).reshape(b, n, d))


class LinearVision(nn.Module):
    def __init__(self, patches=64, patch_dim=12, dim=32, depth=3):
        super().__init__()
        self.patch_embed = nn.Linear(patch_dim, dim)
        self.pos_embed = nn.Parameter(torch.randn(1, patches, dim) * 0.02)
        self.attn = nn.ModuleList([ReluLinearAttention(dim) for _ in range(depth)])
        self.ffn = nn.ModuleList([nn.Sequential(nn.Linear(dim, dim * 4), nn.GELU(), nn.Linear(dim * 4, dim)) for _ in range(depth)])

    def forward(self, patches):
        x = self.patch_embed(patches) + self.pos_embed
        for attn, ffn in zip(self.attn, self.ffn):
            x = x + attn(x)
            x = x + ffn(x)
        return x
