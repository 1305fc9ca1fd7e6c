"""A causal window, a constant of the module, in too few layers."""
from torch.nn.attention.flex_attention import create_block_mask

SLIDING_WINDOW = 16


# uap: layers=8 position=rotary visibility=causal
def sliding_window_causal(b, h, q_idx, kv_idx):
    causal_mask = q_idx >= kv_idx
    window_mask = q_idx - kv_idx <= SLIDING_WINDOW
    return causal_mask & window_mask


block_mask = create_block_mask(sliding_window_causal, B=None, H=None, Q_LEN=512, KV_LEN=512, device="cpu")
