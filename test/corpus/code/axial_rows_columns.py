"""Attention along the rows, then along the columns of a grid, by moving axes into the batch."""
import torch
from einops import rearrange
from torch import nn


class AxisAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x):
        return self.attn(x, x, x, need_weights=False)[0]


class AxialBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.rows, self.columns = AxisAttention(dim, heads), AxisAttention(dim, heads)
        self.ff = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        b, h, w, d = x.shape
        x = x + rearrange(self.rows(rearrange(x, "b h w d -> (b h) w d")), "(b h) w d -> b h w d", b=b)
        x = x + rearrange(self.columns(rearrange(x, "b h w d -> (b w) h d")), "(b w) h d -> b h w d", b=b)
        return x + self.ff(x)


class AxialTransformer(nn.Module):
    def __init__(self, height=4, width=6, channels=3, dim=32, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Linear(channels, dim)
        self.pos = nn.Parameter(torch.randn(1, height, width, dim))
        self.blocks = nn.ModuleList([AxialBlock(dim, heads) for _ in range(depth)])

    def forward(self, image):
        x = self.embed(image) + self.pos
        for block in self.blocks:
            x = block(x)
        return rearrange(x, "b h w d -> b (h w) d")
