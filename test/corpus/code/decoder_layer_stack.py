"""nn.TransformerDecoder over a memory, with a causal mask on the target."""
import torch
import torch.nn as nn


class Captioner(nn.Module):
    """Writes a caption from the features of an image."""

    def __init__(self, vocab_size=200, max_len=40, d_model=64, nhead=4, num_layers=3, regions=10):
        super().__init__()
        self.regions = regions
        self.embed = nn.Embedding(vocab_size, d_model)
        self.pos = nn.Embedding(max_len, d_model)
        decoder_layer = nn.TransformerDecoderLayer(d_model=d_model, nhead=nhead, dim_feedforward=128, batch_first=True)
        self.decoder = nn.TransformerDecoder(decoder_layer, num_layers=num_layers)
        self.fc = nn.Linear(d_model, vocab_size)

    def forward(self, captions, memory):
        length = captions.size(1)
        positions = torch.arange(0, length, device=captions.device).expand(captions.size(0), length)
        tgt = self.embed(captions) + self.pos(positions)
        tgt_mask = torch.triu(torch.ones(length, length, device=captions.device), diagonal=1).bool()
        out = self.decoder(tgt, memory, tgt_mask=tgt_mask)
        return self.fc(out)
