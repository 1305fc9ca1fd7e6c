"""A learned bias per offset, looked up in the score_mod; no other positions, no mask."""
import torch
import torch.nn as nn
from torch.nn.attention.flex_attention import flex_attention


class RelativeFlex(nn.Module):
    def __init__(self, dim=32, heads=4, max_len=64):
        super().__init__()
        self.heads = heads
        self.max_len = max_len
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.table = nn.Parameter(torch.zeros(heads, 2 * max_len - 1))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)

        def relative(score, b, h, q_idx, kv_idx):
            return score + self.table[h, kv_idx - q_idx + self.max_len - 1]

        y = flex_attention(q, k, v, score_mod=relative)
        return self.out(y.transpose(1, 2).reshape(b, n, d))


class RelativeFlexEncoder(nn.Module):
    # uap: tokens=64

    def __init__(self, inputs=6, dim=32, heads=4, max_len=64, depth=3):
        super().__init__()
        self.embed = nn.Linear(inputs, dim)
        self.attn = nn.ModuleList([RelativeFlex(dim, heads, max_len) for _ in range(depth)])
        self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim)) for _ in range(depth)])

    def forward(self, x):
        x = self.embed(x)
        for attn, mlp in zip(self.attn, self.mlp):
            x = x + attn(x)
            x = x + mlp(x)
        return x
