"""Combinations of combinations, and a lambda."""
from torch.nn.attention.flex_attention import and_masks, or_masks


def generate_window(left: int, right: int):
    def window(b, h, q_idx, kv_idx):
        return (kv_idx >= q_idx - left) & (kv_idx <= q_idx + right)

    return window


def generate_every(step: int, offset: int = 0):
    return lambda b, h, q_idx, kv_idx: kv_idx % step == offset


def low_half(b, h, q_idx, kv_idx):
    return kv_idx < 24


# uap: tokens=48 layers=6 position=learned
combined = or_masks(generate_window(3, 1), and_masks(generate_every(6), low_half), generate_every(16, offset=15))
