"""A tokenwise network: a residual stream, and nothing that moves anything between tokens."""
import torch.nn as nn


class TokenwiseBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        return x + self.ff(self.norm(x))


class Tokenwise(nn.Module):
    def __init__(self, vocab=50, dim=32, depth=4):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.blocks = nn.Sequential(*[TokenwiseBlock(dim) for _ in range(depth)])

    def forward(self, ids):
        return self.blocks(self.embed(ids))
