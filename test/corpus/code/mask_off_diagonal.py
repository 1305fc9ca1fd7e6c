"""Everything but oneself: the diagonal is left out, the residual path keeps the token."""
import torch
import torch.nn as nn


class OthersBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(dim, 4 * dim), nn.ReLU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        itself = torch.eye(x.size(1), dtype=torch.bool, device=x.device)
        x = x + self.attn(x, x, x, attn_mask=itself)[0]
        return x + self.ff(x)


# uap: tokens=18 symmetry=S_n
class Others(nn.Module):
    def __init__(self, dim=32, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Linear(5, dim)
        self.blocks = nn.ModuleList([OthersBlock(dim, heads) for _ in range(depth)])

    def forward(self, agents):
        x = self.embed(agents)
        for block in self.blocks:
            x = block(x)
        return x
