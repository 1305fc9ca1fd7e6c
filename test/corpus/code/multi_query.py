"""One key and one value for all heads (multi-query), causal by comparing positions."""
import torch
import torch.nn as nn


class MultiQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.head_dim = d_model // n_heads
        self.Wqkv = nn.Linear(d_model, d_model + 2 * self.head_dim)
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(self, x):
        b, s, d = x.shape
        q, k, v = self.Wqkv(x).split([d, self.head_dim, self.head_dim], dim=-1)
        q = q.view(b, s, self.n_heads, self.head_dim).transpose(1, 2)
        k = k.unsqueeze(1)
        v = v.unsqueeze(1)
        attn = q.matmul(k.transpose(-1, -2)).mul(self.head_dim ** -0.5)
        row = torch.arange(s, device=x.device)[:, None]
        col = torch.arange(s, device=x.device)[None, :]
        attn = attn.masked_fill(col > row, torch.finfo(attn.dtype).min)
        attn = attn.softmax(-1)
        y = attn.matmul(v).transpose(1, 2).reshape(b, s, d)
        return self.out_proj(y)


class Block(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.norm_1 = nn.LayerNorm(d_model)
        self.attn = MultiQueryAttention(d_model, n_heads)
        self.norm_2 = nn.LayerNorm(d_model)
        self.ffn = nn.Sequential(nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Linear(4 * d_model, d_model))

    def forward(self, x):
        x = x + self.attn(self.norm_1(x))
        return x + self.ffn(self.norm_2(x))


class MultiQueryLM(nn.Module):
    def __init__(self, vocab_size=128, max_seq_len=88, d_model=64, n_heads=8, n_layers=2):
        super().__init__()
        self.wte = nn.Embedding(vocab_size, d_model)
        self.wpe = nn.Embedding(max_seq_len, d_model)
        self.blocks = nn.ModuleList([Block(d_model, n_heads) for _ in range(n_layers)])
        self.norm_f = nn.LayerNorm(d_model)

    def forward(self, input_ids):
        pos = torch.arange(0, input_ids.size(1), device=input_ids.device).unsqueeze(0)
        x = self.wte(input_ids) + self.wpe(pos)
        for block in self.blocks:
            x = block(x)
        return self.norm_f(x)
