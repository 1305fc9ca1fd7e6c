"""Neighbourhoods on an image of 8 x 8, numbered row by row, in too few layers."""
import torch

HEIGHT, WIDTH, RADIUS = 8, 8, 1


def get_x_y(idx):
    return idx % WIDTH, idx // WIDTH


# uap: tokens=64 layers=4 position=learned
def natten_2d(b, h, q_idx, kv_idx):
    q_x, q_y = get_x_y(q_idx)
    kv_x, kv_y = get_x_y(kv_idx)
    horizontal = torch.abs(q_x - kv_x) <= RADIUS
    vertical = torch.abs(q_y - kv_y) <= RADIUS
    return horizontal & vertical
