"""Documents whose ids are only known when the model runs."""
import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention


def attend(query, key, value, document_id: torch.Tensor):
    def document_mask(b, h, q_idx, kv_idx):
        return (document_id[b, q_idx] == document_id[b, kv_idx]) & (q_idx >= kv_idx)

    n = query.shape[2]
    block_mask = create_block_mask(document_mask, B=query.shape[0], H=None, Q_LEN=n, KV_LEN=n)
    return flex_attention(query, key, value, block_mask=block_mask)
