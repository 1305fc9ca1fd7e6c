"""A padding mask comes with the data: what it hides, the code cannot tell."""
import torch
import torch.nn as nn


class PaddedEncoder(nn.Module):
    def __init__(self, vocab=100, max_len=64, d_model=32, nhead=4, num_layers=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_model, padding_idx=0)
        self.pos = nn.Embedding(max_len, d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers)

    def forward(self, ids):
        padding = ids == 0
        x = self.embed(ids) + self.pos(torch.arange(ids.size(1), device=ids.device))
        return self.encoder(x, src_key_padding_mask=padding)
