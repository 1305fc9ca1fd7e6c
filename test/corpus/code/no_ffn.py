"""Attention only: there is no feed-forward network in the block."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionOnlyBlock(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.ln = nn.LayerNorm(d_model)
        self.n_heads = n_heads
        self.W_Q = nn.Parameter(torch.randn(n_heads, d_model, d_model // n_heads) / d_model ** 0.5)
        self.W_K = nn.Parameter(torch.randn(n_heads, d_model, d_model // n_heads) / d_model ** 0.5)
        self.W_V = nn.Parameter(torch.randn(n_heads, d_model, d_model // n_heads) / d_model ** 0.5)
        self.W_O = nn.Parameter(torch.randn(n_heads, d_model // n_heads, d_model) / d_model ** 0.5)

    def forward(self, resid):
        x = self.ln(resid)
        q = torch.einsum("b p m, h m d -> b p h d", x, self.W_Q)
        k = torch.einsum("b p m, h m d -> b p h d", x, self.W_K)
        v = torch.einsum("b p m, h m d -> b p h d", x, self.W_V)
        scores = torch.einsum("b q h d, b k h d -> b h q k", q, k) / q.shape[-1] ** 0.5
        pattern = F.softmax(scores, dim=-1)
        z = torch.einsum("b k h d, b h q k -> b q h d", v, pattern)
        return resid + torch.einsum("b q h d, h d m -> b q m", z, self.W_O)


class AttentionOnly(nn.Module):
    def __init__(self, d_vocab: int = 113, n_ctx: int = 24, d_model: int = 64, n_heads: int = 4, n_layers: int = 2):
        super().__init__()
        self.embed = nn.Embedding(d_vocab, d_model)
        self.pos_embed = nn.Embedding(n_ctx, d_model)
        self.blocks = nn.ModuleList([AttentionOnlyBlock(d_model, n_heads) for _ in range(n_layers)])
        self.unembed = nn.Linear(d_model, d_vocab)

    def forward(self, tokens):
        resid = self.embed(tokens) + self.pos_embed(torch.arange(tokens.shape[-1]))
        for block in self.blocks:
            resid = block(resid)
        return self.unembed(resid)
