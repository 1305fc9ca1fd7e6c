"""Even layers look back, odd layers ahead: together they see everything."""
import torch
import torch.nn as nn


class DirectedLayer(nn.Module):
    def __init__(self, dim, heads, forward_direction):
        super().__init__()
        self.forward_direction = forward_direction
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(dim, 2 * dim), nn.SiLU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        n = x.size(1)
        blocked = torch.ones(n, n, dtype=torch.bool).triu(1)
        if not self.forward_direction:
            blocked = blocked.T
        x = x + self.attn(x, x, x, attn_mask=blocked)[0]
        return x + self.ff(x)


class TwoWay(nn.Module):
    def __init__(self, vocab=40, tokens=36, dim=32, heads=4, depth=4):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(tokens, dim)
        self.layers = nn.ModuleList([DirectedLayer(dim, heads, i % 2 == 0) for i in range(depth)])

    def forward(self, ids):
        x = self.embed(ids) + self.pos.weight[: ids.size(1)]
        for layer in self.layers:
            x = layer(x)
        return x
