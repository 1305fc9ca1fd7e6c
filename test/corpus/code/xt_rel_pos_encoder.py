"""T5's relative position bias, in an encoder of tokens."""
import torch.nn as nn
from x_transformers import Encoder, TransformerWrapper


# uap: tokens=120
class Tagger(nn.Module):
    def __init__(self, vocab=500, tags=12, dim=64):
        super().__init__()
        self.encoder = TransformerWrapper(
            num_tokens=vocab,
            max_seq_len=120,
            use_abs_pos_emb=False,
            attn_layers=Encoder(dim=dim, depth=2, heads=4, rel_pos_bias=True),
        )
        self.tags = nn.Linear(dim, tags)

    def forward(self, ids):
        return self.tags(self.encoder(ids, return_embeddings=True))
