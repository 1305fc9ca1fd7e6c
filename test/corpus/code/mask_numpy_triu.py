"""The mask of an older tutorial, made with NumPy."""
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def nopeak_mask(size):
    np_mask = np.triu(np.ones((1, size, size)), k=1).astype("uint8")
    return torch.from_numpy(np_mask) == 0


class MultiHeadAttention(nn.Module):
    def __init__(self, heads, d_model, dropout=0.1):
        super().__init__()
        self.d_model = d_model
        self.d_k = d_model // heads
        self.h = heads
        self.q_linear = nn.Linear(d_model, d_model)
        self.v_linear = nn.Linear(d_model, d_model)
        self.k_linear = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(d_model, d_model)

    def forward(self, q, k, v, mask=None):
        bs = q.size(0)
        k = self.k_linear(k).view(bs, -1, self.h, self.d_k).transpose(1, 2)
        q = self.q_linear(q).view(bs, -1, self.h, self.d_k).transpose(1, 2)
        v = self.v_linear(v).view(bs, -1, self.h, self.d_k).transpose(1, 2)
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(self.d_k)
        if mask is not None:
            mask = mask.unsqueeze(1)
            scores = scores.masked_fill(mask == 0, -1e9)
        scores = self.dropout(F.softmax(scores, dim=-1))
        concat = torch.matmul(scores, v).transpose(1, 2).contiguous().view(bs, -1, self.d_model)
        return self.out(concat)


class Norm(nn.Module):
    def __init__(self, d_model, eps=1e-6):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))
        self.eps = eps

    def forward(self, x):
        return self.alpha * (x - x.mean(dim=-1, keepdim=True)) / (x.std(dim=-1, keepdim=True) + self.eps) + self.bias


class DecoderLayer(nn.Module):
    def __init__(self, d_model, heads, d_ff=128, dropout=0.1):
        super().__init__()
        self.norm_1, self.norm_2 = Norm(d_model), Norm(d_model)
        self.attn = MultiHeadAttention(heads, d_model)
        self.linear_1, self.linear_2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        x2 = self.norm_1(x)
        x = x + self.dropout(self.attn(x2, x2, x2, mask))
        x2 = self.norm_2(x)
        return x + self.dropout(self.linear_2(F.relu(self.linear_1(x2))))


def get_clones(module_class, count, *args):
    return nn.ModuleList([module_class(*args) for _ in range(count)])


class TutorialDecoder(nn.Module):
    def __init__(self, vocab_size=70, d_model=32, N=3, heads=4, max_seq_len=60):
        super().__init__()
        self.N = N
        self.embed = nn.Embedding(vocab_size, d_model)
        pe = torch.zeros(max_seq_len, d_model)
        for pos in range(max_seq_len):
            for i in range(0, d_model, 2):
                pe[pos, i] = math.sin(pos / (10000 ** ((2 * i) / d_model)))
                pe[pos, i + 1] = math.cos(pos / (10000 ** ((2 * (i + 1)) / d_model)))
        self.register_buffer("pe", pe.unsqueeze(0))
        self.layers = get_clones(DecoderLayer, N, d_model, heads)
        self.norm = Norm(d_model)

    def forward(self, trg):
        seq_len = trg.size(1)
        mask = nopeak_mask(seq_len)
        x = self.embed(trg) * math.sqrt(self.embed.embedding_dim)
        x = x + self.pe[:, :seq_len]
        for i in range(self.N):
            x = self.layers[i](x, mask)
        return self.norm(x)
