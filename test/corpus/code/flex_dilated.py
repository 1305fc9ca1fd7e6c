"""Only every second key, in every layer and head."""


# uap: tokens=64 layers=24 position=learned
def dilated_sliding_window(b, h, q_idx, kv_idx):
    diff = q_idx - kv_idx
    in_window = (diff <= 8) & (diff >= -8)
    return in_window & (diff % 2 == 0)
