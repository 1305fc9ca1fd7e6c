"""Each head has a window of its own."""
import torch
import torch.nn as nn


class MultiScaleAttention(nn.Module):
    def __init__(self, dim, windows):
        super().__init__()
        self.heads = len(windows)
        self.register_buffer("windows", torch.tensor(windows).view(-1, 1, 1))
        self.qkv = nn.Linear(dim, dim * 3)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k) * (d // self.heads) ** -0.5
        distance = (torch.arange(n)[:, None] - torch.arange(n)[None, :]).abs()
        scores = scores.masked_fill(distance > self.windows, float("-inf"))
        y = torch.einsum("bhqk,bhkd->bhqd", scores.softmax(dim=-1), v)
        return self.proj(y.transpose(1, 2).reshape(b, n, d))


class MultiScaleEncoder(nn.Module):
    def __init__(self, tokens=48, dim=32, depth=2, windows=(1, 2, 4, 8)):
        super().__init__()
        self.embed = nn.Embedding(100, dim)
        self.pos = nn.Embedding(tokens, dim)
        self.attention = nn.ModuleList([MultiScaleAttention(dim, windows) for _ in range(depth)])
        self.mlp = nn.ModuleList(
            [nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)) for _ in range(depth)]
        )

    def forward(self, ids):
        x = self.embed(ids) + self.pos(torch.arange(ids.shape[1]))
        for attention, mlp in zip(self.attention, self.mlp):
            x = x + attention(x)
            x = x + mlp(x)
        return x
