"""A window on each side, and the first two tokens global: they read all and all read them."""
import torch
import torch.nn as nn


class LongAttention(nn.Module):
    def __init__(self, dim, heads, window, num_global):
        super().__init__()
        self.window, self.num_global = window, num_global
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x):
        n = x.size(1)
        idx = torch.arange(n, device=x.device)
        allowed = (idx[None, :] - idx[:, None]).abs() <= self.window
        allowed[:, : self.num_global] = True
        allowed[: self.num_global, :] = True
        y, _ = self.attn(x, x, x, attn_mask=~allowed)
        return y


class Block(nn.Module):
    def __init__(self, dim, heads, window, num_global):
        super().__init__()
        self.ln_attn = nn.LayerNorm(dim)
        self.attn = LongAttention(dim, heads, window, num_global)
        self.ln_mlp = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 3 * dim), nn.SiLU(), nn.Linear(3 * dim, dim))

    def forward(self, x):
        x = x + self.attn(self.ln_attn(x))
        return x + self.mlp(self.ln_mlp(x))


class LongEncoder(nn.Module):
    def __init__(self, vocab=1000, max_tokens=512, dim=64, heads=4, depth=4, window=32, num_global=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_tokens, dim)
        self.blocks = nn.ModuleList([Block(dim, heads, window, num_global) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)

    def forward(self, ids):
        x = self.embed(ids) + self.pos(torch.arange(ids.size(1), device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.norm(x)
