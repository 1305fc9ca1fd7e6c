"""Memory tokens in front of the sequence; they are dropped at the end."""
import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attn(h, h, h)[0]
        return x + self.mlp(self.norm2(x))


class MemoryModel(nn.Module):
    def __init__(self, vocab=90, tokens=20, dim=32, heads=4, depth=2, memory=4):
        super().__init__()
        self.memory = nn.Parameter(torch.randn(1, memory, dim))
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Parameter(torch.randn(1, tokens, dim))
        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(depth)])

    def forward(self, ids):
        x = self.embed(ids) + self.pos[:, : ids.shape[1]]
        x = torch.cat([self.memory.expand(len(ids), -1, -1), x], dim=1)
        for block in self.blocks:
            x = block(x)
        return x[:, self.memory.shape[1] :]
