"""Five local layers, then a global one; rotary positions, RMSNorm, gated feed-forward networks without biases."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class Config:
    vocab: int = 256
    dim: int = 64
    heads: int = 4
    layers: int = 6
    ffn: int = 160
    window: int = 16
    pattern: int = 6
    context: int = 128


def rope(x: torch.Tensor, base: float = 10_000.0) -> torch.Tensor:
    *_, n, d = x.shape
    inv = base ** (-torch.arange(0, d, 2, device=x.device, dtype=x.dtype) / d)
    angles = torch.arange(n, device=x.device, dtype=x.dtype)[:, None] * inv
    cos, sin = angles.cos(), angles.sin()
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class RMSNorm(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * (1 + self.weight)


class Attention(nn.Module):
    def __init__(self, c: Config, is_sliding: bool) -> None:
        super().__init__()
        self.c, self.is_sliding = c, is_sliding
        self.wq = nn.Linear(c.dim, c.dim, bias=False)
        self.wk = nn.Linear(c.dim, c.dim, bias=False)
        self.wv = nn.Linear(c.dim, c.dim, bias=False)
        self.wo = nn.Linear(c.dim, c.dim, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, n, d = x.shape
        q, k, v = (w(x).view(b, n, self.c.heads, -1).transpose(1, 2) for w in (self.wq, self.wk, self.wv))
        q, k = rope(q), rope(k)
        mask = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        if self.is_sliding:
            mask = mask & torch.ones(n, n, dtype=torch.bool, device=x.device).triu(1 - self.c.window)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.wo(y.transpose(1, 2).reshape(b, n, d))


class MLP(nn.Module):
    def __init__(self, c: Config) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(c.dim, c.ffn, bias=False)
        self.up_proj = nn.Linear(c.dim, c.ffn, bias=False)
        self.down_proj = nn.Linear(c.ffn, c.dim, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down_proj(F.gelu(self.gate_proj(x), approximate="tanh") * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c: Config, index: int) -> None:
        super().__init__()
        self.attn = Attention(c, is_sliding=bool((index + 1) % c.pattern))
        self.mlp = MLP(c)
        self.input_norm, self.pre_ffn_norm = RMSNorm(c.dim), RMSNorm(c.dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.input_norm(x))
        return x + self.mlp(self.pre_ffn_norm(x))


# uap: tokens=128 visibility=causal
class Mixed(nn.Module):
    def __init__(self, c: Config = Config()) -> None:
        super().__init__()
        self.embed = nn.Embedding(c.vocab, c.dim)
        self.scale = c.dim ** 0.5
        self.blocks = nn.ModuleList([Block(c, i) for i in range(c.layers)])
        self.norm = RMSNorm(c.dim)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embed(ids) * self.scale
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.embed.weight.T
