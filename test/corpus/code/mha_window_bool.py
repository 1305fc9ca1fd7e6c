"""nn.MultiheadAttention with a boolean mask: True means that the pair is left out."""
import torch
import torch.nn as nn


class WindowBlock(nn.Module):
    def __init__(self, dim, heads, window):
        super().__init__()
        self.window = window
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.fc1 = nn.Linear(dim, 2 * dim)
        self.act = nn.SiLU()
        self.fc2 = nn.Linear(2 * dim, dim)

    def forward(self, x):
        idx = torch.arange(x.shape[1], device=x.device)
        too_far = (idx.unsqueeze(0) - idx.unsqueeze(1)).abs() > self.window
        x = x + self.attn(x, x, x, attn_mask=too_far, need_weights=False)[0]
        x = x + self.fc2(self.act(self.fc1(x)))
        return x


class WindowModel(nn.Module):
    def __init__(self, num_tokens=256, dim=64, heads=4, depth=8, window=16):
        super().__init__()
        self.embed = nn.Linear(10, dim)
        self.pos = nn.Parameter(torch.randn(num_tokens, dim) * 0.02)
        self.blocks = nn.ModuleList([WindowBlock(dim, heads, window) for _ in range(depth)])

    def forward(self, features):
        x = self.embed(features) + self.pos[: features.shape[1]]
        for block in self.blocks:
            x = block(x)
        return x
