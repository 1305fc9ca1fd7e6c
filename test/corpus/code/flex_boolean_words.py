"""Conditions the long way round: early returns, chained comparisons, a loop over a tuple."""
ANCHORS = (0, 17, 33)


# uap: tokens=48 layers=3 position=learned
def anchored(b, h, q_idx, kv_idx):
    keep = (-4 <= q_idx - kv_idx) & (q_idx - kv_idx <= 4)
    for anchor in ANCHORS:
        keep = keep | (kv_idx == anchor)
        keep |= q_idx == anchor
    return keep
