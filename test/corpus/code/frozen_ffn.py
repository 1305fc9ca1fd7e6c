"""The feed-forward networks keep their initial weights: only attention learns."""
import torch
import torch.nn as nn


class FrozenBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.ReLU(), nn.Linear(4 * dim, dim))
        for p in self.mlp.parameters():
            p.requires_grad = False

    def forward(self, x):
        x = x + self.attn(x, x, x, need_weights=False)[0]
        return x + self.mlp(x)


class FrozenTransformer(nn.Module):
    def __init__(self, tokens=20, inputs=8, dim=64, heads=4, depth=4):
        super().__init__()
        self.embed = nn.Linear(inputs, dim)
        self.pos = nn.Parameter(torch.randn(tokens, dim))
        self.blocks = nn.ModuleList([FrozenBlock(dim, heads) for _ in range(depth)])

    def forward(self, x):
        x = self.embed(x) + self.pos
        for block in self.blocks:
            x = block(x)
        return x
