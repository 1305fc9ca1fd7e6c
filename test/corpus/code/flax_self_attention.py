"""An encoder with nn.SelfAttention, set up in setup()."""
from flax import linen as nn
import jax.numpy as jnp


class EncoderBlock(nn.Module):
    features: int
    num_heads: int

    def setup(self):
        self.attention = nn.SelfAttention(num_heads=self.num_heads)
        self.dense1 = nn.Dense(2 * self.features)
        self.dense2 = nn.Dense(self.features)
        self.norm1 = nn.LayerNorm()
        self.norm2 = nn.LayerNorm()

    def __call__(self, x):
        x = self.norm1(x + self.attention(x))
        return self.norm2(x + self.dense2(nn.relu(self.dense1(x))))


class Encoder(nn.Module):
    tokens: int = 44
    features: int = 32
    num_heads: int = 4
    num_layers: int = 2

    def setup(self):
        self.input = nn.Dense(self.features)
        self.position = self.param("position", nn.initializers.normal(0.02), (self.tokens, self.features))
        self.blocks = [EncoderBlock(self.features, self.num_heads) for _ in range(self.num_layers)]

    def __call__(self, x):
        x = self.input(x) + self.position[None]
        for block in self.blocks:
            x = block(x)
        return x
