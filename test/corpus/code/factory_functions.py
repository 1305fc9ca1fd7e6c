"""Models made by functions: one general model, sizes by name."""
import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, dim, num_heads, mlp_ratio, norm_layer, act_layer):
        super().__init__()
        self.norm1 = norm_layer(dim)
        self.attn = nn.MultiheadAttention(dim, num_heads, batch_first=True)
        self.norm2 = norm_layer(dim)
        self.fc1 = nn.Linear(dim, int(dim * mlp_ratio))
        self.act = act_layer()
        self.fc2 = nn.Linear(int(dim * mlp_ratio), dim)

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attn(h, h, h)[0]
        x = x + self.fc2(self.act(self.fc1(self.norm2(x))))
        return x


class Model(nn.Module):
    def __init__(self, num_tokens, dim, depth, num_heads, mlp_ratio=4.0, norm_layer=nn.LayerNorm, act_layer=nn.GELU):
        super().__init__()
        self.embed = nn.Linear(3, dim)
        self.pos_embed = nn.Parameter(torch.zeros(1, num_tokens, dim))
        self.blocks = nn.ModuleList([Block(dim, num_heads, mlp_ratio, norm_layer, act_layer) for _ in range(depth)])
        self.norm = norm_layer(dim)

    def forward(self, x):
        x = self.embed(x) + self.pos_embed
        for blk in self.blocks:
            x = blk(x)
        return self.norm(x)


def _build(**kwargs):
    defaults = dict(num_tokens=40, mlp_ratio=2.0)
    defaults.update(kwargs)
    return Model(**defaults)


def model_tiny():
    return _build(dim=32, depth=2, num_heads=2)


def model_small(num_tokens=40):
    return _build(num_tokens=num_tokens, dim=64, depth=4, num_heads=4)
