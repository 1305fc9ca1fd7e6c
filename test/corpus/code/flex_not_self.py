"""Every token but itself, and only in blocks of one: nothing is left."""
from torch.nn.attention.flex_attention import and_masks


def not_self(b, h, q_idx, kv_idx):
    return q_idx != kv_idx


def generate_block(size):
    def same_block(b, h, q_idx, kv_idx):
        return (q_idx // size) == (kv_idx // size)

    return same_block


# uap: tokens=30 layers=3 position=learned
mask = and_masks(not_self, generate_block(1))
