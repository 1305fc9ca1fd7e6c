"""Nothing says how long the input is, and whether the window is wide enough depends on it."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class WindowLayer(nn.Module):
    def __init__(self, dim, heads, window):
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        i = torch.arange(n, device=x.device)
        outside = (i[:, None] - i[None, :]).abs() > self.window
        scores = (q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5).masked_fill(outside, float("-inf"))
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))
        return x + self.mlp(x)


class AnyLength(nn.Module):
    def __init__(self, vocab=50, dim=32, heads=4, depth=4, window=8):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.layers = nn.ModuleList([WindowLayer(dim, heads, window) for _ in range(depth)])

    def forward(self, ids):
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x)
        return x
