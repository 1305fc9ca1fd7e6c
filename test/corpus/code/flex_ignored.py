"""An experiment that is not to be read."""


# uap: ignore
def odd_one_out(b, h, q_idx, kv_idx):
    return (q_idx % 2 == 1) & (kv_idx % 2 == 0)
