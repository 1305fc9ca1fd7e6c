"""Blocks on the diagonal."""
from torch.nn.attention.flex_attention import create_block_mask

BLOCK = 32


# uap: layers=6 position=sinusoidal
def block_diagonal(b, h, q_idx, kv_idx):
    return q_idx // BLOCK == kv_idx // BLOCK


def make_mask(device="cpu"):
    return create_block_mask(block_diagonal, 1, 1, 256, 256, device=device)
