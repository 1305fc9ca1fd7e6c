"""A window and global tokens that read and are read."""
import torch

WINDOW, GLOBALS = 16, 4


# uap: tokens=300 layers=3 position=learned
def longformer(b, h, q, kv):
    local = torch.abs(q - kv) <= WINDOW
    is_global = (q < GLOBALS) | (kv < GLOBALS)
    return local | is_global
