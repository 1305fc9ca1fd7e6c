"""A prefix that everything reads, or the past."""
from torch.nn.attention.flex_attention import or_masks

PREFIX_LENGTH = 20


def prefix_mask(b, h, q_idx, kv_idx):
    return kv_idx < PREFIX_LENGTH


def causal_mask(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


# uap: tokens=100 layers=4 position=learned
prefix_lm_causal = or_masks(prefix_mask, causal_mask)
