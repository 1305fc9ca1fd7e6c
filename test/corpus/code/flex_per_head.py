"""Windows that double from head to head: 4, 8, 16 and 32."""
from torch.nn.attention.flex_attention import create_block_mask


# uap: layers=4 position=learned
def per_head_window(b, h, q_idx, kv_idx):
    return (q_idx >= kv_idx) & (q_idx - kv_idx < 4 * 2**h)


block_mask = create_block_mask(per_head_window, B=None, H=4, Q_LEN=96, KV_LEN=96, device="cpu")
