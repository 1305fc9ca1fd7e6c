"""The strided pattern of sparse transformers, both ways: near tokens, and tokens a multiple of the stride away."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def strided_mask(n, stride):
    q = torch.arange(n).reshape(n, 1)
    k = torch.arange(n).reshape(1, n)
    near = torch.abs(q - k) < stride
    far = torch.eq(torch.remainder(q - k, stride), 0)
    return torch.logical_or(near, far)


class SparseAttention(nn.Module):
    def __init__(self, n_embd, n_head, n_ctx, stride):
        super().__init__()
        self.n_head = n_head
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)
        self.c_proj = nn.Linear(n_embd, n_embd)
        self.register_buffer("mask", strided_mask(n_ctx, stride)[None, None])

    def forward(self, x):
        n, t, c = x.size()
        q, k, v = torch.chunk(self.c_attn(x), 3, dim=2)
        split = lambda y: y.view(n, t, self.n_head, c // self.n_head).permute(0, 2, 1, 3)
        y = F.scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=self.mask[:, :, :t, :t])
        return self.c_proj(y.permute(0, 2, 1, 3).reshape(n, t, c))


class SparseTransformer(nn.Module):
    def __init__(self, n_ctx=100, n_embd=64, n_head=4, n_layer=3, stride=10):
        super().__init__()
        self.wte = nn.Embedding(256, n_embd)
        self.wpe = nn.Embedding(n_ctx, n_embd)
        self.attns = nn.ModuleList([SparseAttention(n_embd, n_head, n_ctx, stride) for _ in range(n_layer)])
        self.mlps = nn.ModuleList(
            [nn.Sequential(nn.Linear(n_embd, 4 * n_embd), nn.GELU(), nn.Linear(4 * n_embd, n_embd)) for _ in range(n_layer)]
        )

    def forward(self, x):
        x = self.wte(x) + self.wpe(torch.arange(x.size(1)))
        for attn, mlp in zip(self.attns, self.mlps):
            x = x + attn(x)
            x = x + mlp(x)
        return x
