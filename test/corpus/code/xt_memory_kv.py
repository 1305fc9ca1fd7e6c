"""Learned keys and values in every layer, beside those of the tokens."""
from x_transformers import Encoder, TransformerWrapper

model = TransformerWrapper(
    num_tokens=128,
    max_seq_len=64,
    attn_layers=Encoder(dim=32, depth=3, heads=4, attn_num_mem_kv=8),
)
