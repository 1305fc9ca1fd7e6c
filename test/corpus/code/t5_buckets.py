"""T5's bucketed biases, computed by the first layer's table and shared by all."""
import math

import torch
import torch.nn as nn


class T5LayerNorm(nn.Module):
    def __init__(self, hidden_size, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.variance_epsilon = eps

    def forward(self, hidden_states):
        variance = hidden_states.pow(2).mean(-1, keepdim=True)
        hidden_states = hidden_states * torch.rsqrt(variance + self.variance_epsilon)
        return self.weight * hidden_states


class RelativePositionBias(nn.Module):
    def __init__(self, heads, num_buckets=32, max_distance=128):
        super().__init__()
        self.num_buckets = num_buckets
        self.max_distance = max_distance
        self.relative_attention_bias = nn.Embedding(num_buckets, heads)

    @staticmethod
    def _relative_position_bucket(relative_position, num_buckets=32, max_distance=128):
        num_buckets //= 2
        relative_buckets = (relative_position > 0).to(torch.long) * num_buckets
        relative_position = torch.abs(relative_position)
        max_exact = num_buckets // 2
        is_small = relative_position < max_exact
        relative_position_if_large = max_exact + (
            torch.log(relative_position.float() / max_exact)
            / math.log(max_distance / max_exact)
            * (num_buckets - max_exact)
        ).to(torch.long)
        relative_position_if_large = torch.min(
            relative_position_if_large, torch.full_like(relative_position_if_large, num_buckets - 1)
        )
        relative_buckets += torch.where(is_small, relative_position, relative_position_if_large)
        return relative_buckets

    def forward(self, length):
        context_position = torch.arange(length, dtype=torch.long)[:, None]
        memory_position = torch.arange(length, dtype=torch.long)[None, :]
        relative_position = memory_position - context_position
        bucket = self._relative_position_bucket(relative_position, self.num_buckets, self.max_distance)
        values = self.relative_attention_bias(bucket)
        return values.permute([2, 0, 1]).unsqueeze(0)


class T5Attention(nn.Module):
    def __init__(self, d_model, heads, d_kv):
        super().__init__()
        self.n_heads, self.d_kv = heads, d_kv
        self.q = nn.Linear(d_model, heads * d_kv, bias=False)
        self.k = nn.Linear(d_model, heads * d_kv, bias=False)
        self.v = nn.Linear(d_model, heads * d_kv, bias=False)
        self.o = nn.Linear(heads * d_kv, d_model, bias=False)

    def forward(self, x, position_bias):
        batch, length = x.shape[:2]
        q = self.q(x).view(batch, -1, self.n_heads, self.d_kv).transpose(1, 2)
        k = self.k(x).view(batch, -1, self.n_heads, self.d_kv).transpose(1, 2)
        v = self.v(x).view(batch, -1, self.n_heads, self.d_kv).transpose(1, 2)
        scores = torch.matmul(q, k.transpose(3, 2))
        scores += position_bias
        attn_weights = nn.functional.softmax(scores, dim=-1)
        out = torch.matmul(attn_weights, v).transpose(1, 2).contiguous().view(batch, length, -1)
        return self.o(out)


class T5Block(nn.Module):
    def __init__(self, d_model, heads, d_kv, d_ff):
        super().__init__()
        self.attn = T5Attention(d_model, heads, d_kv)
        self.attn_norm = T5LayerNorm(d_model)
        self.wi = nn.Linear(d_model, d_ff, bias=False)
        self.wo = nn.Linear(d_ff, d_model, bias=False)
        self.ff_norm = T5LayerNorm(d_model)

    def forward(self, x, position_bias):
        x = x + self.attn(self.attn_norm(x), position_bias)
        return x + self.wo(torch.relu(self.wi(self.ff_norm(x))))


# uap: tokens=200
class T5Encoder(nn.Module):
    def __init__(self, vocab=400, d_model=64, heads=4, d_kv=16, d_ff=256, num_layers=3):
        super().__init__()
        self.shared = nn.Embedding(vocab, d_model)
        self.bias = RelativePositionBias(heads)
        self.block = nn.ModuleList([T5Block(d_model, heads, d_kv, d_ff) for _ in range(num_layers)])
        self.final_layer_norm = T5LayerNorm(d_model)

    def forward(self, input_ids):
        hidden_states = self.shared(input_ids)
        position_bias = self.bias(input_ids.shape[1])
        for layer_module in self.block:
            hidden_states = layer_module(hidden_states, position_bias)
        return self.final_layer_norm(hidden_states)
