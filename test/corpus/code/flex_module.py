"""A decoder that uses flex_attention, with a softcap on the scores and a window in its block mask."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.attention.flex_attention import create_block_mask, flex_attention


def generate_tanh_softcap(soft_cap):
    def tanh_softcap(score, b, h, q_idx, kv_idx):
        return soft_cap * torch.tanh(score / soft_cap)

    return tanh_softcap


class FlexAttention(nn.Module):
    def __init__(self, dim, heads, cap=30):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.score_mod = generate_tanh_softcap(cap)

    def forward(self, x, block_mask):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = flex_attention(q, k, v, score_mod=self.score_mod, block_mask=block_mask)
        return self.out(y.transpose(1, 2).reshape(b, n, d))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = FlexAttention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x, block_mask):
        x = x + self.attn(F.rms_norm(x, (x.size(-1),)), block_mask)
        return x + self.mlp(F.rms_norm(x, (x.size(-1),)))


# uap: visibility=causal
class FlexGPT(nn.Module):
    def __init__(self, vocab=256, max_len=256, dim=64, heads=4, depth=6, window=32):
        super().__init__()
        self.window = window
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_len, dim)
        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(depth)])

    def forward(self, ids):
        n = ids.size(1)

        def sliding(b, h, q_idx, kv_idx):
            return (q_idx >= kv_idx) & (q_idx - kv_idx < self.window)

        block_mask = create_block_mask(sliding, B=None, H=None, Q_LEN=n, KV_LEN=n, device=ids.device)
        x = self.embed(ids) + self.pos(torch.arange(n, device=ids.device))
        for block in self.blocks:
            x = block(x, block_mask)
        return x
