"""Rows by parity: even queries look back, odd ones look ahead, so the first token sees itself only."""
import torch


# uap: tokens=32 layers=4 position=learned
def see_saw(b, h, q_idx, kv_idx):
    return torch.where(q_idx % 2 == 0, kv_idx <= q_idx, kv_idx >= q_idx)
