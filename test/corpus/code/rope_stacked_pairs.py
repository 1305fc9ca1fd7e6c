"""Each head turned by its own angles, rows and columns of pairs swapped by stacking (-x2, x1)."""
import torch
import torch.nn as nn


class Rotary(nn.Module):
    def __init__(self, dim, base=10000, max_len=256):
        super().__init__()
        theta = 1.0 / (base ** (torch.arange(0, dim, 2).float() / dim))
        idx_theta = torch.einsum("i,j->ij", torch.arange(max_len).float(), theta)
        idx_theta = idx_theta.repeat_interleave(2, dim=1)
        self.register_buffer("cos", idx_theta.cos()[None, None])
        self.register_buffer("sin", idx_theta.sin()[None, None])

    def forward(self, x):
        n = x.shape[2]
        turned = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).reshape(x.shape)
        return x * self.cos[:, :, :n] + turned * self.sin[:, :, :n]


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.rotary = Rotary(dim // heads)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = self.rotary(q) @ self.rotary(k).transpose(-2, -1) / (d // self.heads) ** 0.5
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))


# uap: tokens=100
class RotaryEncoder(nn.Module):
    def __init__(self, inputs=9, dim=64, heads=4, depth=3):
        super().__init__()
        self.embed = nn.Linear(inputs, dim)
        self.attn = nn.ModuleList([Attention(dim, heads) for _ in range(depth)])
        self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)) for _ in range(depth)])

    def forward(self, x):
        x = self.embed(x)
        for attn, mlp in zip(self.attn, self.mlp):
            x = x + attn(x)
            x = x + mlp(x)
        return x
