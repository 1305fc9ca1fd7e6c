from torch.nn.attention.flex_attention import create_block_mask


# uap: tokens=64 layers=4 position=learned
def sliding(b, h, q_idx, kv_idx):
    return (q_idx - kv_idx <= 8) & (q_idx >=


block_mask = create_block_mask(sliding, None, None, 64, 64)
