"""An encoder and a decoder by hand, one attention module for both kinds."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, dim, heads, causal=False):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.q = nn.Linear(dim, dim)
        self.kv = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, context=None):
        context = x if context is None else context
        b, n, d = x.shape
        m = context.shape[1]
        q = self.q(x).view(b, n, self.heads, -1).transpose(1, 2)
        k, v = self.kv(context).chunk(2, dim=-1)
        k = k.view(b, m, self.heads, -1).transpose(1, 2)
        v = v.view(b, m, self.heads, -1).transpose(1, 2)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(b, n, d))


def feed_forward(dim):
    return nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))


class EncoderLayer(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn, self.ff = Attention(dim, heads), feed_forward(dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.ff(self.norm2(x))


class DecoderLayer(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.self_attn, self.cross_attn, self.ff = Attention(dim, heads, causal=True), Attention(dim, heads), feed_forward(dim)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x, memory):
        x = x + self.self_attn(self.norm1(x))
        x = x + self.cross_attn(self.norm2(x), memory)
        return x + self.ff(self.norm3(x))


class Translator(nn.Module):
    def __init__(self, src_vocab=100, tgt_vocab=110, max_len=32, dim=48, heads=4, depth=2):
        super().__init__()
        self.src_embed = nn.Embedding(src_vocab, dim)
        self.tgt_embed = nn.Embedding(tgt_vocab, dim)
        self.src_pos = nn.Embedding(max_len, dim)
        self.tgt_pos = nn.Embedding(max_len, dim)
        self.encoder = nn.ModuleList([EncoderLayer(dim, heads) for _ in range(depth)])
        self.decoder = nn.ModuleList([DecoderLayer(dim, heads) for _ in range(depth)])
        self.out = nn.Linear(dim, tgt_vocab)

    def encode(self, src):
        x = self.src_embed(src) + self.src_pos(torch.arange(src.size(1), device=src.device))
        for layer in self.encoder:
            x = layer(x)
        return x

    def decode(self, tgt, memory):
        x = self.tgt_embed(tgt) + self.tgt_pos(torch.arange(tgt.size(1), device=tgt.device))
        for layer in self.decoder:
            x = layer(x, memory)
        return self.out(x)

    def forward(self, src, tgt):
        return self.decode(tgt, self.encode(src))
