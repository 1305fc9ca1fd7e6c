"""A neighbourhood that keeps its size at the borders."""
SEQ, KERNEL = 40, 7


# uap: tokens=40 layers=14 position=learned
def natten_1d(b, h, q_idx, kv_idx):
    center = q_idx.clamp(KERNEL // 2, (SEQ - 1) - KERNEL // 2)
    return (center - kv_idx).abs() <= KERNEL // 2
