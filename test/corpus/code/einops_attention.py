import torch
from einops import rearrange, repeat
from einops.layers.torch import Rearrange
from torch import nn


class CausalAttention(nn.Module):
    def __init__(self, dim, *, heads=4, dim_head=16):
        super().__init__()
        inner = heads * dim_head
        self.heads = heads
        self.scale = dim_head ** -0.5
        self.norm = nn.LayerNorm(dim)
        self.to_qkv = nn.Linear(dim, inner * 3, bias=False)
        self.to_out = nn.Sequential(Rearrange('b h n d -> b n (h d)'), nn.Linear(inner, dim))

    def forward(self, x):
        x = self.norm(x)
        q, k, v = self.to_qkv(x).chunk(3, dim=-1)
        q, k, v = (rearrange(t, 'b n (h d) -> b h n d', h=self.heads) for t in (q, k, v))
        sim = torch.einsum('bhid,bhjd->bhij', q * self.scale, k)
        i, j = sim.shape[-2:]
        causal_mask = torch.ones((i, j), dtype=torch.bool, device=x.device).triu(j - i + 1)
        sim = sim.masked_fill(causal_mask, -torch.finfo(sim.dtype).max)
        attn = sim.softmax(dim=-1)
        return self.to_out(torch.einsum('bhij,bhjd->bhid', attn, v))


def FeedForward(dim, mult=4):
    return nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim * mult), nn.GELU(), nn.Linear(dim * mult, dim))


class AudioLM(nn.Module):
    def __init__(self, codes=512, dim=48, depth=4, max_seq_len=100):
        super().__init__()
        self.code_emb = nn.Embedding(codes, dim)
        self.pos_emb = nn.Parameter(torch.randn(max_seq_len, dim))
        self.layers = nn.ModuleList([])
        for _ in range(depth):
            self.layers.append(nn.ModuleList([CausalAttention(dim), FeedForward(dim)]))
        self.to_logits = nn.Linear(dim, codes)

    def forward(self, codes):
        b, n = codes.shape
        x = self.code_emb(codes)
        x = x + repeat(self.pos_emb[:n], 'n d -> b n d', b=b)
        for attn, ff in self.layers:
            x = attn(x) + x
            x = ff(x) + x
        return self.to_logits(x)
