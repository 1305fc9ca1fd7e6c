"""Attention without feed-forward networks, by custom layers."""
from x_transformers import Encoder, TransformerWrapper

model = TransformerWrapper(
    num_tokens=64,
    max_seq_len=32,
    attn_layers=Encoder(dim=32, depth=4, heads=4, custom_layers=("a", "a", "a", "a")),
)
