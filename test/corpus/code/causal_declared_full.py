"""A tagger that is declared to see both ways, with a triangle left over from the decoder it was copied from."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class TaggerBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5
        scores = scores + torch.full((n, n), float("-inf")).triu(diagonal=1)
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))
        return x + self.ff(self.norm2(x))


# uap: visibility=full
class Tagger(nn.Module):
    def __init__(self, vocab=200, max_len=30, tags=9, dim=32, heads=4, depth=3):
        super().__init__()
        self.words = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_len, dim)
        self.blocks = nn.ModuleList([TaggerBlock(dim, heads) for _ in range(depth)])
        self.tags = nn.Linear(dim, tags)

    def forward(self, words):
        x = self.words(words) + self.pos(torch.arange(words.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.tags(x)
