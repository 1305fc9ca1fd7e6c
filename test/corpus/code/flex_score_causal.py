"""A causal mask in the scores: minus infinity where the key is ahead."""
import torch
from torch.nn.attention.flex_attention import flex_attention


# uap: tokens=128 layers=3 position=learned visibility=causal
def causal_score(score, b, h, q_idx, kv_idx):
    return torch.where(q_idx >= kv_idx, score, -float("inf"))


def attend(q, k, v):
    return flex_attention(q, k, v, score_mod=causal_score)
