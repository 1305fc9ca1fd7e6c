import torch
from x_transformers import Decoder, TransformerWrapper

model = TransformerWrapper(
    num_tokens=256,
    max_seq_len=128,
    attn_layers=Decoder(
        dim=64,
        depth=4,
        heads=4
    )
)

if __name__ == "__main__":
    x = torch.randint(0, 256, (1, 128))
    print(model(x).shape)
