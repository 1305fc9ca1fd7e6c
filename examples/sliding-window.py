"""A sliding window as flex_attention takes it. The comment says what the code cannot: how long and how deep."""
from torch.nn.attention.flex_attention import create_block_mask

WINDOW = 64


# uap: layers=8 position=rotary visibility=causal
def sliding_window(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx <= WINDOW)


block_mask = create_block_mask(sliding_window, B=None, H=None, Q_LEN=1024, KV_LEN=1024)
