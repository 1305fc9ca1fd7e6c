"""Modulo and integer division: a column of summaries in each stretch of 8."""
STRIDE = 8


# uap: tokens=64 layers=3 position=learned
def fixed_pattern(b, h, q_idx, kv_idx):
    same_stretch = q_idx // STRIDE == kv_idx // STRIDE
    summary = kv_idx % STRIDE >= STRIDE - 1
    return same_stretch | summary
