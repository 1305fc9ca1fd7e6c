"""An encoder with rotary positions, RMSNorm and gated units without biases."""
from x_transformers import Encoder, TransformerWrapper

# uap: tokens=100
encoder = TransformerWrapper(
    num_tokens=300,
    max_seq_len=100,
    use_abs_pos_emb=False,
    attn_layers=Encoder(
        dim=64,
        depth=3,
        heads=4,
        rotary_pos_emb=True,
        use_rmsnorm=True,
        ff_glu=True,
        ff_swish=True,
        ff_no_bias=True,
    ),
)
