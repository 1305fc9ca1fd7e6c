"""A window that closes around the ring: rotations and reflections are symmetries."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def ring_mask(n, radius):
    i = torch.arange(n)
    d = (i[:, None] - i[None, :]) % n
    return (d <= radius) | (d >= n - radius)


class RingBlock(nn.Module):
    def __init__(self, dim, heads, radius):
        super().__init__()
        self.heads, self.radius = heads, radius
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=ring_mask(n, self.radius))
        x = x + self.proj(y.transpose(1, 2).reshape(b, n, d))
        return x + self.mlp(x)


# uap: tokens=24 symmetry=D_n
class RingModel(nn.Module):
    def __init__(self, dim=32, heads=4, depth=8, radius=2):
        super().__init__()
        self.embed = nn.Linear(4, dim)
        self.blocks = nn.ModuleList([RingBlock(dim, heads, radius) for _ in range(depth)])

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return x
