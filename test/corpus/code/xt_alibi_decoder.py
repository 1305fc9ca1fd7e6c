from x_transformers import TransformerWrapper, Decoder


# uap: tokens=96
def make_model(vocab=256, length=96):
    return TransformerWrapper(
        num_tokens=vocab,
        max_seq_len=length,
        use_abs_pos_emb=False,
        attn_layers=Decoder(dim=64, depth=4, heads=8, alibi_pos_bias=True, alibi_num_heads=8),
    )
