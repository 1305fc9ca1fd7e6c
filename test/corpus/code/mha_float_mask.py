import torch
from torch import nn, Tensor


def subsequent_mask(size: int) -> Tensor:
    mask = torch.zeros(size, size)
    mask = mask.masked_fill(torch.triu(torch.ones(size, size), diagonal=1).bool(), float('-inf'))
    return mask


class Layer(nn.Module):
    def __init__(self, d_model: int = 32, nhead: int = 4):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(d_model, nhead)
        self.linear1 = nn.Linear(d_model, 4 * d_model)
        self.linear2 = nn.Linear(4 * d_model, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)

    def forward(self, src: Tensor, mask: Tensor) -> Tensor:
        # (sequence, batch, features), PyTorch's older default
        src2 = self.self_attn(src, src, src, attn_mask=mask)[0]
        src = self.norm1(src + src2)
        src2 = self.linear2(torch.relu(self.linear1(src)))
        return self.norm2(src + src2)


class MusicModel(nn.Module):
    def __init__(self, events: int = 388, d_model: int = 32, nhead: int = 4, num_layers: int = 3, max_seq: int = 72):
        super().__init__()
        self.embedding = nn.Embedding(events, d_model)
        self.positional = nn.Parameter(torch.randn(max_seq, 1, d_model))
        self.layers = nn.ModuleList([Layer(d_model, nhead) for _ in range(num_layers)])
        self.out = nn.Linear(d_model, events)

    def forward(self, x: Tensor) -> Tensor:
        mask = subsequent_mask(x.shape[1]).to(x.device)
        x = self.embedding(x).permute(1, 0, 2)
        x = x + self.positional[:x.shape[0]]
        for layer in self.layers:
            x = layer(x, mask)
        x = x.permute(1, 0, 2)
        return self.out(x)
