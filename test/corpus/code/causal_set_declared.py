"""Declared symmetric under every permutation, and causal all the same."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.ff = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, n, d))
        return x + self.ff(x)


# uap: tokens=20 symmetry=S_n
class CausalSet(nn.Module):
    def __init__(self, dim=32, heads=4, depth=3):
        super().__init__()
        self.embed = nn.Linear(7, dim)
        self.blocks = nn.Sequential(*[Block(dim, heads) for _ in range(depth)])

    def forward(self, x):
        return self.blocks(self.embed(x))
