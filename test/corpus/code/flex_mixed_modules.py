"""Two layers of one model with masks of their own: a window, then blocks of the past."""
import torch
import torch.nn as nn
from torch.nn.attention.flex_attention import and_masks, create_block_mask, flex_attention


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def window(size):
    return lambda b, h, q, kv: q - kv < size


def same_or_previous_block(size):
    def mask(b, h, q, kv):
        distance = q // size - kv // size
        return (distance == 0) | (distance == 1)

    return mask


class Layer(nn.Module):
    def __init__(self, dim, heads, mask_mod):
        super().__init__()
        self.heads, self.mask_mod = heads, mask_mod
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.ff = nn.Sequential(nn.Linear(dim, 4 * dim), nn.ReLU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        b, n, d = x.shape
        block_mask = create_block_mask(self.mask_mod, None, None, n, n, device=x.device)
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.out(flex_attention(q, k, v, block_mask=block_mask).transpose(1, 2).reshape(b, n, d))
        return x + self.ff(x)


# uap: visibility=causal
class MixedFlex(nn.Module):
    def __init__(self, vocab=64, tokens=32, dim=32, heads=4):
        super().__init__()
        self.embed, self.pos = nn.Embedding(vocab, dim), nn.Embedding(tokens, dim)
        local = and_masks(causal, window(8))
        blocks = and_masks(causal, same_or_previous_block(8))
        self.layers = nn.ModuleList([Layer(dim, heads, mask) for mask in (local, blocks, local, blocks)])

    def forward(self, ids):
        x = self.embed(ids) + self.pos(torch.arange(ids.size(1)))
        for layer in self.layers:
            x = layer(x)
        return x
