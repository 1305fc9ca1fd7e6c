"""Sentences of 16 tokens that never meet: blocks on the diagonal, the same in every layer."""
import torch
import torch.nn as nn

SENTENCE = 16


class Document(nn.Module):
    def __init__(self, vocab=256, max_tokens=128, d_model=64, nhead=4, num_layers=4):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_model)
        self.pos = nn.Embedding(max_tokens, d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, 128, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers)

    def forward(self, ids):
        n = ids.size(1)
        sentence = torch.arange(n, device=ids.device) // SENTENCE
        mask = sentence[:, None] != sentence[None, :]
        x = self.embed(ids) + self.pos(torch.arange(n, device=ids.device))
        return self.encoder(x, mask=mask)
