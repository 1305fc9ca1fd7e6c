"""Only tokens strictly before: the first has none."""
from torch.nn.attention.flex_attention import create_block_mask


# uap: layers=2 position=learned
def strictly_before(b, h, q_idx, kv_idx):
    return kv_idx < q_idx


block_mask = create_block_mask(strictly_before, B=None, H=None, Q_LEN=64, KV_LEN=64, device="cpu", BLOCK_SIZE=64)
