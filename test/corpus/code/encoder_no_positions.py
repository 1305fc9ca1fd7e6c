"""The order of the events matters, but nothing tells the model what it is."""
import torch.nn as nn


# uap: tokens=64 symmetry=trivial
class EventEncoder(nn.Module):
    def __init__(self, events=40, d_model=48, nhead=4, num_layers=3):
        super().__init__()
        self.embedding = nn.Embedding(events, d_model)
        encoder_layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=96, batch_first=True)
        self.encoder = nn.TransformerEncoder(encoder_layer, num_layers)

    def forward(self, events):
        x = self.embedding(events)
        return self.encoder(x)
