# uap: tokens=512 layers=6 position=learned visibility=causal
"""The causal mask of the documentation."""
from torch.nn.attention.flex_attention import create_block_mask, flex_attention


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def run(query, key, value):
    n = query.shape[-2]
    block_mask = create_block_mask(causal, B=None, H=None, Q_LEN=n, KV_LEN=n)
    return flex_attention(query, key, value, block_mask=block_mask)
