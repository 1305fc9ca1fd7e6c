"""jax.nn.dot_product_attention with a window of its own making, too narrow for the depth."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class LocalAttention(nn.Module):
    heads: int
    radius: int

    @nn.compact
    def __call__(self, x):
        b, n, d = x.shape
        qkv = nn.Dense(3 * d)(x).reshape(b, n, 3, self.heads, d // self.heads)
        q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]
        i = jnp.arange(n)
        mask = jnp.abs(i[:, None] - i[None, :]) <= self.radius
        y = jax.nn.dot_product_attention(q, k, v, mask=mask[None, None])
        return nn.Dense(d)(y.reshape(b, n, d))


class LocalModel(nn.Module):
    max_len: int = 60
    dim: int = 32
    heads: int = 4
    depth: int = 3
    radius: int = 5

    @nn.compact
    def __call__(self, ids):
        x = nn.Embed(80, self.dim)(ids)
        x = x + nn.Embed(self.max_len, self.dim)(jnp.arange(ids.shape[-1]))
        for _ in range(self.depth):
            x = x + LocalAttention(self.heads, self.radius)(x)
            x = x + nn.Dense(self.dim)(nn.silu(nn.Dense(64)(x)))
        return x
