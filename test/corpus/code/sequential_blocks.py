import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return x + self.fn(x)


class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.mha = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x):
        out, _weights = self.mha(x, x, x)
        return out


class AddPositions(nn.Module):
    def __init__(self, n, dim):
        super().__init__()
        self.table = nn.Parameter(torch.randn(n, dim) * 0.02)

    def forward(self, x):
        return x + self.table[: x.shape[1]]


def block(dim, heads):
    return nn.Sequential(
        Residual(nn.Sequential(nn.LayerNorm(dim), SelfAttention(dim, heads))),
        Residual(nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))),
    )


class SequentialEncoder(nn.Module):
    def __init__(self, vocab=60, n=45, dim=48, heads=4, depth=5):
        super().__init__()
        self.net = nn.Sequential(
            nn.Embedding(vocab, dim),
            AddPositions(n, dim),
            *(block(dim, heads) for _ in range(depth)),
            nn.LayerNorm(dim),
            nn.Linear(dim, vocab),
        )

    def forward(self, ids):
        return self.net(ids)
