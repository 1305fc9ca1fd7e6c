"""A causal window as the product of two triangles, too narrow for the depth."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class BandedAttention(nn.Module):
    def __init__(self, dim, heads, band, max_len):
        super().__init__()
        self.h = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.o = nn.Linear(dim, dim)
        ones = torch.ones(max_len, max_len)
        self.register_buffer("band", torch.tril(ones) * torch.triu(ones, diagonal=-band))

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = [y.view(B, T, self.h, C // self.h).transpose(1, 2) for y in self.qkv(x).chunk(3, dim=-1)]
        scores = torch.matmul(q, k.transpose(-1, -2)) / (C // self.h) ** 0.5
        scores = scores.masked_fill(self.band[:T, :T].eq(0), float("-inf"))
        return self.o((torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(B, T, C))


class BandedBlock(nn.Module):
    def __init__(self, dim, heads, band, max_len):
        super().__init__()
        self.attn = BandedAttention(dim, heads, band, max_len)
        self.up = nn.Linear(dim, 4 * dim)
        self.down = nn.Linear(4 * dim, dim)

    def forward(self, x):
        x = x + self.attn(x)
        return x + self.down(F.gelu(self.up(x)))


# uap: visibility=causal
class BandedLM(nn.Module):
    def __init__(self, vocab=96, max_len=64, dim=64, heads=4, depth=4, band=4):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_len, dim)
        self.blocks = nn.ModuleList([BandedBlock(dim, heads, band, max_len) for _ in range(depth)])
        self.head = nn.Linear(dim, vocab)

    def forward(self, ids):
        x = self.emb(ids) + self.pos(torch.arange(ids.size(1), device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.head(x)
