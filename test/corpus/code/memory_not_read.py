"""Learned tokens in front of the sequence that read all tokens, but the tokens do not read them: the mask is the wrong way round."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, mask):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = Attention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x, mask):
        x = x + self.attn(x, mask)
        return x + self.mlp(x)


class WriteOnlyMemory(nn.Module):
    def __init__(self, vocab=50, tokens=24, dim=32, heads=4, depth=3, memory=2, window=1):
        super().__init__()
        self.count, self.window = memory, window
        self.embed = nn.Embedding(vocab, dim)
        self.position = nn.Embedding(tokens, dim)
        self.memory = nn.Parameter(torch.randn(dim))
        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(depth)])

    def mask(self, length):
        i = torch.arange(length)
        near = (i[:, None] - i[None, :]).abs() <= self.window
        is_memory = i < self.count
        return (near & ~is_memory[None, :]) | is_memory[:, None]

    def forward(self, ids):
        b, n = ids.shape
        x = self.embed(ids) + self.position(torch.arange(n))
        x = torch.cat([self.memory.expand(b, self.count, -1), x], dim=1)
        mask = self.mask(x.shape[1])
        for block in self.blocks:
            x = block(x, mask)
        return x[:, self.count :]
