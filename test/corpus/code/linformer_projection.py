"""Keys and values projected along the sequence by learned matrices."""
import torch
import torch.nn as nn


class LinformerAttention(nn.Module):
    def __init__(self, dim, seq_len, k, heads):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(dim, dim, bias=False)
        self.to_v = nn.Linear(dim, dim, bias=False)
        self.proj_k = nn.Parameter(torch.randn(seq_len, k) / seq_len ** 0.5)
        self.proj_v = nn.Parameter(torch.randn(seq_len, k) / seq_len ** 0.5)
        self.to_out = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        queries = self.to_q(x)
        keys = torch.einsum("bnd,nk->bkd", self.to_k(x), self.proj_k)
        values = torch.einsum("bnd,nk->bkd", self.to_v(x), self.proj_v)
        queries = queries.reshape(b, n, self.heads, -1).transpose(1, 2)
        keys = keys.reshape(b, keys.shape[1], self.heads, -1).transpose(1, 2)
        values = values.reshape(b, values.shape[1], self.heads, -1).transpose(1, 2)
        dots = torch.einsum("bhnd,bhkd->bhnk", queries, keys) * queries.shape[-1] ** -0.5
        out = torch.einsum("bhnk,bhkd->bhnd", dots.softmax(dim=-1), values)
        return self.to_out(out.transpose(1, 2).reshape(b, n, d))


class Linformer(nn.Module):
    def __init__(self, vocab=50, seq_len=64, dim=32, k=8, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Parameter(torch.randn(seq_len, dim))
        self.attn = nn.ModuleList([LinformerAttention(dim, seq_len, k, heads) for _ in range(depth)])
        self.ff = nn.ModuleList([nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)) for _ in range(depth)])

    def forward(self, ids):
        x = self.embed(ids) + self.pos
        for attn, ff in zip(self.attn, self.ff):
            x = x + attn(x)
            x = x + ff(x)
        return x
