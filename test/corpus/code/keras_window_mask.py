"""A window as an attention_mask (True where a pair is read), too narrow for two layers."""
import keras
from keras import layers, ops

LENGTH = 40


def window_mask(length, radius):
    i = ops.arange(length)
    return ops.abs(i[:, None] - i[None, :]) <= radius


class WindowBlock(layers.Layer):
    def __init__(self, dim, heads, radius):
        super().__init__()
        self.radius = radius
        self.attention = layers.MultiHeadAttention(heads, dim // heads)
        self.inner = layers.Dense(2 * dim, activation="silu")
        self.outer = layers.Dense(dim)

    def call(self, x):
        mask = window_mask(x.shape[1], self.radius)[None]
        x = x + self.attention(x, x, attention_mask=mask)
        return x + self.outer(self.inner(x))


class Positions(layers.Layer):
    def build(self, shape):
        self.table = self.add_weight(shape=(shape[1], shape[2]), initializer="random_normal")

    def call(self, x):
        return x + self.table


def build_model(length=LENGTH, dim=32):
    inputs = keras.Input((length, 6))
    x = layers.Dense(dim)(inputs)
    x = Positions()(x)
    x = WindowBlock(dim, 4, radius=6)(x)
    x = WindowBlock(dim, 4, radius=6)(x)
    return keras.Model(inputs, x)
