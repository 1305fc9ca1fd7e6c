"""Local attention with a boolean mask that is made in the model and handed down to every block."""
import torch
from torch import nn
from torch.nn import functional as F


def local_mask(length, radius, device=None):
    position = torch.arange(length, device=device)
    return (position[None, :] - position[:, None]).abs() <= radius


class LocalAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, dim)
        self.to_k = nn.Linear(dim, dim)
        self.to_v = nn.Linear(dim, dim)
        self.to_out = nn.Linear(dim, dim)

    def forward(self, x, mask):
        b, n, d = x.shape
        q, k, v = (f(x).reshape(b, n, self.heads, d // self.heads).transpose(1, 2) for f in (self.to_q, self.to_k, self.to_v))
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.to_out(out.transpose(1, 2).reshape(b, n, d))


class Layer(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attention = LocalAttention(dim, heads)
        self.feed_forward = nn.Sequential(nn.Linear(dim, 4 * dim), nn.ReLU(), nn.Linear(4 * dim, dim))

    def forward(self, x, mask):
        x = x + self.attention(x, mask)
        return x + self.feed_forward(x)


class LocalEncoder(nn.Module):
    def __init__(self, vocab=512, max_len=128, dim=64, heads=4, depth=6, radius=8):
        super().__init__()
        self.radius = radius
        self.tokens = nn.Embedding(vocab, dim)
        self.positions = nn.Embedding(max_len, dim)
        self.layers = nn.ModuleList(Layer(dim, heads) for _ in range(depth))

    def forward(self, ids):
        n = ids.shape[1]
        x = self.tokens(ids) + self.positions(torch.arange(n, device=ids.device))
        mask = local_mask(n, self.radius, ids.device)
        for layer in self.layers:
            x = layer(x, mask)
        return x
