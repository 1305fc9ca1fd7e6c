import torch
import torch.nn as nn
import torch.nn.functional as F


class RelativeSelfAttention(nn.Module):
    """A learned bias for every offset, offsets beyond `max_offset` sharing one."""

    def __init__(self, d_model=32, num_heads=4, max_offset=8):
        super().__init__()
        self.num_heads = num_heads
        self.max_offset = max_offset
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)
        self.offset_bias = nn.Embedding(2 * max_offset + 1, num_heads)

    def forward(self, hidden):
        batch, length, width = hidden.shape
        shape = (batch, length, self.num_heads, width // self.num_heads)
        q = self.query(hidden).view(shape).transpose(1, 2)
        k = self.key(hidden).view(shape).transpose(1, 2)
        v = self.value(hidden).view(shape).transpose(1, 2)
        positions = torch.arange(length, device=hidden.device)
        offsets = positions.view(1, -1) - positions.view(-1, 1)
        offsets = torch.clamp(offsets, min=-self.max_offset, max=self.max_offset) + self.max_offset
        bias = self.offset_bias(offsets).permute(2, 0, 1)
        context = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.unsqueeze(0))
        return self.output(context.transpose(1, 2).reshape(batch, length, width))


class RelativeEncoder(nn.Module):  # uap: tokens=40
    def __init__(self, inputs=6, d_model=32, num_heads=4, num_layers=3):
        super().__init__()
        self.inp = nn.Linear(inputs, d_model)
        self.attention = nn.ModuleList([RelativeSelfAttention(d_model, num_heads) for _ in range(num_layers)])
        self.feed_forward = nn.ModuleList(
            [nn.Sequential(nn.Linear(d_model, 64), nn.ReLU(), nn.Linear(64, d_model)) for _ in range(num_layers)]
        )

    def forward(self, x):
        x = self.inp(x)
        for attention, feed_forward in zip(self.attention, self.feed_forward):
            x = x + attention(x)
            x = x + feed_forward(x)
        return x
