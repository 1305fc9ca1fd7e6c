"""It parses, but a name is not there yet."""
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(dim, 64), nn.ReLU(), nn.Linear(64, dim))

    def forward(self, x):
        x = x + self.attn(x, x, x, attn_mask=make_mask(x.shape[1]))[0]
        return x + self.ff(x)
