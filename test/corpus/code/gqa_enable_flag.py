"""Grouped queries with PyTorch's own flag, in a decoder with a learned position per token."""
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention, gelu


class GroupedQueryAttention(nn.Module):
    def __init__(self, width: int, heads: int, groups: int) -> None:
        super().__init__()
        self.heads, self.groups, self.size = heads, groups, width // heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * groups * self.size)
        self.output = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        q = self.query(x).unflatten(-1, (self.heads, self.size)).transpose(1, 2)
        k, v = self.key_value(x).unflatten(-1, (2, self.groups, self.size)).unbind(2)
        k, v = k.transpose(1, 2), v.transpose(1, 2)
        y = scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return self.output(y.transpose(1, 2).flatten(2))


class DecoderLayer(nn.Module):
    def __init__(self, width: int, heads: int, groups: int) -> None:
        super().__init__()
        self.attention = GroupedQueryAttention(width, heads, groups)
        self.attention_norm = nn.RMSNorm(width)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm = nn.RMSNorm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.attention_norm(x))
        return x + self.outer(gelu(self.inner(self.norm(x)), approximate="tanh"))


class GroupedDecoder(nn.Module):
    def __init__(self, vocabulary: int = 256, context: int = 64, width: int = 64, heads: int = 8, groups: int = 2, depth: int = 3) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.layers = nn.ModuleList(DecoderLayer(width, heads, groups) for _ in range(depth))
        self.norm = nn.RMSNorm(width)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embedding(ids) + self.positions.weight[: ids.size(1)]
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)
