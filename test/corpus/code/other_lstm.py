import torch.nn as nn


class Tagger(nn.Module):
    """Reads left to right; what it remembers is not a matter of masks."""

    def __init__(self, vocab=100, tags=7, dim=32):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.lstm = nn.LSTM(dim, dim, num_layers=2, batch_first=True)
        self.out = nn.Linear(dim, tags)

    def forward(self, words):
        states, _ = self.lstm(self.embed(words))
        return self.out(states)
