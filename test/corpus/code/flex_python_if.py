"""A closure that chooses its mask by a captured flag, and a captured list of windows by head."""
import torch


def make_mask(windows: list[int], bidirectional: bool = False):
    table = torch.tensor(windows)

    def mask_mod(b, h, q_idx, kv_idx):
        distance = q_idx - kv_idx
        if bidirectional:
            return torch.abs(distance) <= table[h]
        return (distance >= 0) & (distance <= table[h])

    return mask_mod


# uap: tokens=40 layers=5 heads=3 position=learned
scales = make_mask([2, 4, 8], bidirectional=True)
