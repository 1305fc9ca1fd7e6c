"""Four tokens, and a symmetry that no attention has exactly."""
import torch.nn as nn


# uap: tokens=4 symmetry=A_4
class Tetrahedron(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.lift = nn.Linear(3, width)
        self.blocks = nn.ModuleList([nn.MultiheadAttention(width, 2, batch_first=True) for _ in range(2)])
        self.mlps = nn.ModuleList([nn.Sequential(nn.Linear(width, 64), nn.GELU(), nn.Linear(64, width)) for _ in range(2)])

    def forward(self, corners):
        x = self.lift(corners)
        for attention, mlp in zip(self.blocks, self.mlps):
            x = x + attention(x, x, x)[0]
            x = x + mlp(x)
        return x
