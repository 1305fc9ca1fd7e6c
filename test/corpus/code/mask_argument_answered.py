"""The mask is an argument, and a comment says what the callers pass."""
import torch
import torch.nn as nn


# uap: mask=causal visibility=causal
class Answered(nn.Module):
    def __init__(self, vocab=100, max_len=48, dim=32, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_len, dim)
        layer = nn.TransformerEncoderLayer(dim, heads, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth)

    def forward(self, ids, mask=None):
        x = self.embed(ids) + self.pos(torch.arange(ids.size(1), device=ids.device))
        return self.encoder(x, mask=mask)
