"""A set encoder: no positions, and the task asks for none."""
import torch.nn as nn


class SetBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.feed_forward = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, x):
        x = x + self.attention(x, x, x)[0]
        x = x + self.feed_forward(x)
        return x


# uap: tokens=50 symmetry=S_n
class SetEncoder(nn.Module):
    def __init__(self, inputs=3, width=64, heads=4):
        super().__init__()
        self.lift = nn.Linear(inputs, width)
        self.first = SetBlock(width, heads)
        self.second = SetBlock(width, heads)

    def forward(self, points):
        return self.second(self.first(self.lift(points)))
