"""Vectors in, vectors out, and no positions: the order of the samples is declared to matter."""
from x_transformers import ContinuousTransformerWrapper, Encoder

# uap: tokens=64 symmetry=trivial
model = ContinuousTransformerWrapper(
    dim_in=8,
    dim_out=8,
    max_seq_len=64,
    use_abs_pos_emb=False,
    attn_layers=Encoder(dim=32, depth=3, heads=4),
)
