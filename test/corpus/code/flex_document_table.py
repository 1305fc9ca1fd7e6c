"""Documents packed into one sequence, whose ids are written in the file."""
import torch
from torch.nn.attention.flex_attention import create_block_mask

document_id = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])


# uap: layers=4 position=learned
def document_causal_mask(b, h, q_idx, kv_idx):
    causal_mask = q_idx >= kv_idx
    document_mask = document_id[q_idx] == document_id[kv_idx]
    return causal_mask & document_mask


mask = create_block_mask(document_causal_mask, None, None, 16, 16, device="cpu", BLOCK_SIZE=16)
