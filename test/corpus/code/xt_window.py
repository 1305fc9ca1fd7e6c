"""A decoder whose attention reaches 8 tokens back."""
from x_transformers import Decoder, TransformerWrapper

# uap: visibility=causal
model = TransformerWrapper(
    num_tokens=256,
    max_seq_len=128,
    attn_layers=Decoder(dim=64, depth=6, heads=4, attn_max_attend_past=8),
)
