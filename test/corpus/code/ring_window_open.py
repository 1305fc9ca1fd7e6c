"""Meant for a ring, but the window ends at the last token."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class OpenBlock(nn.Module):
    def __init__(self, dim, heads, radius):
        super().__init__()
        self.heads, self.radius = heads, radius
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        i = torch.arange(n)
        near = (i[:, None] - i[None, :]).abs() <= self.radius
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=near)
        x = x + self.proj(y.transpose(1, 2).reshape(b, n, d))
        return x + self.mlp(x)


# uap: tokens=16 symmetry=C_n
class OpenRing(nn.Module):
    def __init__(self, dim=32, heads=4, depth=9, radius=2):
        super().__init__()
        self.embed = nn.Linear(4, dim)
        self.blocks = nn.ModuleList([OpenBlock(dim, heads, radius) for _ in range(depth)])

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return x
