"""Attention by hand in Flax: einsum, a triangle and a softmax."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class CausalSelfAttention(nn.Module):
    n_head: int

    @nn.compact
    def __call__(self, x):
        B, T, C = x.shape
        qkv = nn.Dense(3 * C, name="c_attn")(x)
        q, k, v = jnp.split(qkv, 3, axis=-1)
        q = q.reshape(B, T, self.n_head, C // self.n_head)
        k = k.reshape(B, T, self.n_head, C // self.n_head)
        v = v.reshape(B, T, self.n_head, C // self.n_head)
        att = jnp.einsum("bqhd,bkhd->bhqk", q, k) / jnp.sqrt(C // self.n_head)
        mask = jnp.tril(jnp.ones((T, T), dtype=bool))
        att = jnp.where(mask[None, None], att, -1e30)
        att = jax.nn.softmax(att, axis=-1)
        y = jnp.einsum("bhqk,bkhd->bqhd", att, v).reshape(B, T, C)
        return nn.Dense(C, name="c_proj")(y)


class Block(nn.Module):
    n_head: int

    @nn.compact
    def __call__(self, x):
        C = x.shape[-1]
        x = x + CausalSelfAttention(self.n_head)(nn.RMSNorm()(x))
        h = nn.Dense(4 * C)(nn.RMSNorm()(x))
        return x + nn.Dense(C)(jax.nn.gelu(h, approximate=True))


# uap: visibility=causal
class GPT(nn.Module):
    vocab_size: int = 90
    block_size: int = 40
    n_embd: int = 32
    n_head: int = 4
    n_layer: int = 2

    @nn.compact
    def __call__(self, idx):
        T = idx.shape[1]
        x = nn.Embed(self.vocab_size, self.n_embd, name="wte")(idx)
        x = x + nn.Embed(self.block_size, self.n_embd, name="wpe")(jnp.arange(T)[None])
        for _ in range(self.n_layer):
            x = Block(self.n_head)(x)
        return nn.RMSNorm()(x)
