from dataclasses import dataclass, field

import torch
import torch.nn as nn


@dataclass
class EncoderConfig:
    vocab_size: int = 1024
    max_length: int = 200
    d_model: int = 64
    nhead: int = 8
    num_layers: int = 6
    dim_feedforward: int = 256
    dropout: float = 0.1
    labels: list = field(default_factory=lambda: ["negative", "positive"])


class TextEncoder(nn.Module):
    def __init__(self, config: EncoderConfig | None = None):
        super().__init__()
        config = config or EncoderConfig()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.position = nn.Embedding(config.max_length, config.d_model)
        layer = nn.TransformerEncoderLayer(
            d_model=config.d_model,
            nhead=config.nhead,
            dim_feedforward=config.dim_feedforward,
            dropout=config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=config.num_layers, norm=nn.LayerNorm(config.d_model))

    def forward(self, ids):
        positions = torch.arange(ids.size(1), device=ids.device).unsqueeze(0)
        x = self.embedding(ids) + self.position(positions)
        return self.encoder(x)
