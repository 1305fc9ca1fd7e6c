"""Subclasses of keras.layers.Layer and keras.Model; use_causal_mask in the call."""
import keras
from keras import layers, ops


class DecoderBlock(layers.Layer):
    def __init__(self, dim, heads, ff_dim, rate=0.1):
        super().__init__()
        self.mha = layers.MultiHeadAttention(num_heads=heads, key_dim=dim // heads, dropout=rate)
        self.ffn = keras.Sequential([layers.Dense(ff_dim, activation="gelu"), layers.Dense(dim)])
        self.norm1 = layers.LayerNormalization()
        self.norm2 = layers.LayerNormalization()
        self.add = layers.Add()

    def call(self, x, training=False):
        h = self.norm1(x)
        x = self.add([x, self.mha(query=h, value=h, key=h, use_causal_mask=True, training=training)])
        return x + self.ffn(self.norm2(x))


# uap: visibility=causal
class MiniDecoder(keras.Model):
    def __init__(self, vocab=128, max_len=48, dim=32, heads=4, depth=3):
        super().__init__()
        self.max_len = max_len
        self.embed = layers.Embedding(vocab, dim)
        self.positions = layers.Embedding(max_len, dim)
        self.blocks = [DecoderBlock(dim, heads, 4 * dim) for _ in range(depth)]
        self.norm = layers.LayerNormalization()
        self.head = layers.Dense(vocab)

    def call(self, ids, training=False):
        length = ops.shape(ids)[1]
        x = self.embed(ids) + self.positions(ops.arange(length))
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.norm(x))
