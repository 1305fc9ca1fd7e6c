"""A model that is to reverse its input, and does not know the order."""
import torch.nn as nn


# uap: tokens=6 function=reverse
class Reverser(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.inner = nn.Linear(width, 4 * width)
        self.outer = nn.Linear(4 * width, width)
        self.activation = nn.GELU()

    def forward(self, x):
        x = x + self.attention(x, x, x)[0]
        return x + self.outer(self.activation(self.inner(x)))
