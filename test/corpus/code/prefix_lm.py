"""A prefix that all tokens read, and a causal rest."""
import torch
import torch.nn as nn
import torch.nn.functional as F

PREFIX = 6


class PrefixBlock(nn.Module):
    def __init__(self, dim=64, heads=4):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.norm2 = nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x, mask):
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, d // self.heads).unbind(2)
        y = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=mask)
        x = x + self.out(y.transpose(1, 2).flatten(2))
        return x + self.ff(self.norm2(x))


# uap: visibility=causal
class PrefixLM(nn.Module):
    def __init__(self, vocab=128, max_len=40, dim=64, depth=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_len, dim)
        self.blocks = nn.ModuleList([PrefixBlock(dim) for _ in range(depth)])

    def forward(self, ids):
        n = ids.size(1)
        mask = torch.ones(n, n, dtype=torch.bool, device=ids.device).tril()
        mask[:, :PREFIX] = True
        x = self.embed(ids) + self.pos(torch.arange(n, device=ids.device))
        for block in self.blocks:
            x = block(x, mask)
        return x
