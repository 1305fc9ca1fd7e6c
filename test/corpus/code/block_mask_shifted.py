"""Blocks whose boundaries move by half a block in every second layer."""
import torch
import torch.nn as nn


def block_mask(n, size, shift, device=None):
    block = (torch.arange(n, device=device) - shift) // size
    return block[:, None] == block[None, :]


class Layer(nn.Module):
    def __init__(self, dim, heads, size, shift):
        super().__init__()
        self.size = size
        self.shift = shift
        self.scale = (dim // heads) ** -0.5
        self.heads = heads
        self.norm1 = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def attend(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        attn = (q * self.scale) @ k.transpose(-2, -1)
        mask = block_mask(N, self.size, self.shift, x.device)
        attn = attn.masked_fill(~mask, float("-inf")).softmax(dim=-1)
        return self.proj((attn @ v).transpose(1, 2).reshape(B, N, C))

    def forward(self, x):
        x = x + self.attend(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ShiftedBlocks(nn.Module):
    def __init__(self, seq_len=32, dim=64, heads=4, depth=8, size=8):
        super().__init__()
        self.embed = nn.Embedding(300, dim)
        self.pos_embed = nn.Embedding(seq_len, dim)
        self.layers = nn.ModuleList(
            [Layer(dim, heads, size, shift=0 if i % 2 == 0 else size // 2) for i in range(depth)]
        )

    def forward(self, ids):
        x = self.embed(ids) + self.pos_embed(torch.arange(ids.size(1), device=ids.device))
        for layer in self.layers:
            x = layer(x)
        return x
