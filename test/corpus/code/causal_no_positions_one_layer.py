"""One causal layer without positions sees what came before as a set."""
import torch
import torch.nn as nn


# uap: tokens=32 visibility=causal
class OneLayer(nn.Module):
    def __init__(self, vocab=64, dim=64, heads=4):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, ids):
        x = self.embed(ids)
        n = x.size(1)
        future = torch.triu(torch.ones(n, n, dtype=torch.bool), diagonal=1)
        x = x + self.attn(x, x, x, attn_mask=future, need_weights=False)[0]
        return x + self.ff(x)
