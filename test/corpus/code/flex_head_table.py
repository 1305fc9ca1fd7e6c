"""Two kinds of heads, by a table: even heads are local, odd ones look at the first tokens."""
import torch
from torch.nn.attention.flex_attention import create_block_mask

LOCAL = torch.tensor([True, False, True, False])


# uap: layers=3 position=learned
def mixed_heads(b, h, q_idx, kv_idx):
    local = (q_idx - kv_idx).abs() <= 3
    sink = (kv_idx < 2) | (q_idx < 2)
    return torch.where(LOCAL[h], local, sink)


block_mask = create_block_mask(mixed_heads, B=1, H=4, Q_LEN=32, KV_LEN=32, device="cpu", BLOCK_SIZE=32)
