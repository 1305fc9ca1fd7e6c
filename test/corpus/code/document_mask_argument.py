"""Packed documents: tokens of one document read each other, and the ids of the documents come with the batch."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class PackedAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, document_ids):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        same = document_ids[:, :, None] == document_ids[:, None, :]
        causal = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=(same & causal)[:, None])
        return self.out(y.transpose(1, 2).reshape(b, n, d))


class PackedLM(nn.Module):
    def __init__(self, vocab=100, max_len=64, dim=32, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_len, dim)
        self.attn = nn.ModuleList([PackedAttention(dim, heads) for _ in range(depth)])
        self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim)) for _ in range(depth)])

    def forward(self, ids, document_ids):
        x = self.embed(ids) + self.pos(torch.arange(ids.size(1)))
        for attn, mlp in zip(self.attn, self.mlp):
            x = x + attn(x, document_ids)
            x = x + mlp(x)
        return x
