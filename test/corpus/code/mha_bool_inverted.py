"""A polarity error: nn.MultiheadAttention leaves out the pairs that are True, and this mask is True where a pair may be read."""
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.ln1 = nn.LayerNorm(d)
        self.attn = nn.MultiheadAttention(d, h, batch_first=True)
        self.ln2 = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x):
        n = x.shape[1]
        allowed = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        y = self.ln1(x)
        y, _ = self.attn(y, y, y, attn_mask=allowed)
        x = x + y
        return x + self.ff(self.ln2(x))


class Model(nn.Module):
    def __init__(self, vocab=128, n_ctx=32, d=64, h=4, layers=2):
        super().__init__()
        self.wte = nn.Embedding(vocab, d)
        self.wpe = nn.Embedding(n_ctx, d)
        self.blocks = nn.ModuleList([Block(d, h) for _ in range(layers)])
        self.unembed = nn.Linear(d, vocab)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.unembed(x)
