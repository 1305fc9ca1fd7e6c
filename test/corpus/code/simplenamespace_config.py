from types import SimpleNamespace

import torch
import torch.nn as nn

cfg = SimpleNamespace(vocab=80, tokens=96, width=48, heads=4, depth=4, window=6)


class Attention(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.q, self.k, self.v, self.o = (nn.Linear(cfg.width, cfg.width) for _ in range(4))

    def forward(self, x):
        B, T, W = x.shape
        H = self.cfg.heads
        q, k, v = (layer(x).view(B, T, H, W // H).transpose(1, 2) for layer in (self.q, self.k, self.v))
        s = q @ k.transpose(-2, -1) / (W // H) ** 0.5
        i, j = torch.meshgrid(torch.arange(T), torch.arange(T), indexing="ij")
        keep = (j <= i) & (i - j < self.cfg.window)
        s = s.masked_fill(keep.logical_not(), float("-inf"))
        return self.o((s.softmax(-1) @ v).transpose(1, 2).reshape(B, T, W))


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.attn = Attention(cfg)
        self.mlp = nn.Sequential(nn.Linear(cfg.width, 2 * cfg.width), nn.ELU(), nn.Linear(2 * cfg.width, cfg.width))

    def forward(self, x):
        x = x + self.attn(x)
        return x + self.mlp(x)


# uap: visibility=causal
class NarrowDecoder(nn.Module):
    def __init__(self, cfg=cfg):
        super().__init__()
        self.emb = nn.Embedding(cfg.vocab, cfg.width)
        self.pos = nn.Embedding(cfg.tokens, cfg.width)
        self.blocks = nn.ModuleList([Block(cfg) for _ in range(cfg.depth)])

    def forward(self, ids):
        x = self.emb(ids) + self.pos(torch.arange(ids.shape[1]))
        for blk in self.blocks:
            x = blk(x)
        return x
