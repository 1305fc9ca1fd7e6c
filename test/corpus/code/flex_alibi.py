"""ALiBi as a score_mod, beside a causal mask."""
import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

H = 8
N = 256


def generate_alibi_bias(heads: int):
    def alibi_mod(score, b, h, q_idx, kv_idx):
        scale = torch.exp2(-((h + 1) * 8.0 / heads))
        bias = (kv_idx - q_idx) * scale
        return score + bias

    return alibi_mod


def causal_mask(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


alibi = generate_alibi_bias(H)


# uap: tokens=256 layers=4 visibility=causal
def alibi_attention(query, key, value):
    block_mask = create_block_mask(causal_mask, B=None, H=None, Q_LEN=N, KV_LEN=N)
    return flex_attention(query, key, value, score_mod=alibi, block_mask=block_mask)
