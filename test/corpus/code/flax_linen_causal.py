"""A decoder in Flax: nn.MultiHeadDotProductAttention with make_causal_mask."""
import flax.linen as nn
import jax.numpy as jnp


class Block(nn.Module):
    dim: int
    heads: int

    @nn.compact
    def __call__(self, x, mask):
        h = nn.LayerNorm()(x)
        h = nn.MultiHeadDotProductAttention(num_heads=self.heads, qkv_features=self.dim)(h, h, mask=mask)
        x = x + h
        h = nn.LayerNorm()(x)
        h = nn.Dense(4 * self.dim)(h)
        h = nn.gelu(h)
        h = nn.Dense(self.dim)(h)
        return x + h


# uap: visibility=causal
class Decoder(nn.Module):
    vocab: int = 100
    max_len: int = 56
    dim: int = 32
    heads: int = 4
    depth: int = 3

    @nn.compact
    def __call__(self, ids):
        x = nn.Embed(self.vocab, self.dim)(ids)
        x = x + nn.Embed(self.max_len, self.dim)(jnp.arange(ids.shape[1]))
        mask = nn.make_causal_mask(ids)
        for _ in range(self.depth):
            x = Block(self.dim, self.heads)(x, mask)
        x = nn.LayerNorm()(x)
        return nn.Dense(self.vocab)(x)
