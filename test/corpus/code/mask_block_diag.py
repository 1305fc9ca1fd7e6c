"""torch.block_diag over chunks whose lengths are written down."""
import torch
import torch.nn as nn

CHUNKS = [6, 10, 4, 12]


class ChunkEncoder(nn.Module):
    def __init__(self, vocab=50, d_model=32, nhead=4, num_layers=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_model)
        self.pos = nn.Parameter(torch.randn(1, sum(CHUNKS), d_model))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(d_model, nhead, 64, 0.0, "gelu", batch_first=True) for _ in range(num_layers)
        )
        keep = torch.block_diag(*[torch.ones(c, c) for c in CHUNKS])
        self.register_buffer("mask", keep == 0)

    def forward(self, ids):
        x = self.embed(ids) + self.pos
        for layer in self.layers:
            x = layer(x, src_mask=self.mask)
        return x
