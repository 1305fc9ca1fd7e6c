"""Positions that two neighbours share: a table indexed by position // 2."""
import torch
import torch.nn as nn


class PairwisePositions(nn.Module):
    # uap: tokens=16 symmetry=trivial
    def __init__(self, vocab=40, tokens=16, dim=32, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(tokens // 2, dim)
        layer = nn.TransformerEncoderLayer(dim, heads, 64, 0.0, "gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth)

    def forward(self, ids):
        index = torch.arange(ids.size(1), device=ids.device) // 2
        return self.encoder(self.embed(ids) + self.pos(index))
