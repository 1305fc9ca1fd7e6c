import torch
import torch.nn as nn


class TransformerBlock(nn.Module):
    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.1):
        super().__init__()
        self.attention = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout, batch_first=True)
        self.norm1 = nn.LayerNorm(embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, 4 * embed_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * embed_dim, embed_dim),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        length = x.size(1)
        causal = nn.Transformer.generate_square_subsequent_mask(length, device=x.device, dtype=x.dtype)
        h = self.norm1(x)
        attended, _ = self.attention(h, h, h, attn_mask=causal, is_causal=True, need_weights=False)
        x = x + attended
        return x + self.mlp(self.norm2(x))


class Decoder(nn.Module):
    def __init__(self, vocab_size: int = 300, max_len: int = 100, embed_dim: int = 64, num_heads: int = 4, num_layers: int = 4):
        super().__init__()
        self.token = nn.Embedding(vocab_size, embed_dim)
        self.position = nn.Embedding(max_len, embed_dim)
        self.register_buffer("position_ids", torch.arange(max_len).unsqueeze(0))
        self.blocks = nn.ModuleList()
        for _ in range(num_layers):
            self.blocks.append(TransformerBlock(embed_dim, num_heads))
        self.norm = nn.LayerNorm(embed_dim)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        x = self.token(input_ids)
        x = x + self.position(self.position_ids[:, : input_ids.size(1)])
        for block in self.blocks:
            x = block(x)
        return self.norm(x)
