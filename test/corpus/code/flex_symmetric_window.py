# uap: tokens=32 layers=4 position=learned
def near(b, h, q_idx, kv_idx):
    return (q_idx - kv_idx).abs() <= 9
