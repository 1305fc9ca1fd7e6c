"""The functional interface: self-attention with positions, as in Keras' examples."""
import keras
from keras import layers, ops

VOCAB, LENGTH, WIDTH, HEADS = 200, 64, 32, 4


@keras.saving.register_keras_serializable()
class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim, **kwargs):
        super().__init__(**kwargs)
        self.maxlen = maxlen
        self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, x):
        positions = ops.arange(0, self.maxlen)
        return self.token_emb(x) + self.pos_emb(positions)


def transformer_block(x, ff_dim):
    attention = layers.MultiHeadAttention(num_heads=HEADS, key_dim=WIDTH // HEADS)(x, x)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, attention]))
    ff = layers.Dense(ff_dim, activation="relu")(x)
    ff = layers.Dense(WIDTH)(ff)
    return layers.LayerNormalization(epsilon=1e-6)(x + ff)


def build_model(length=LENGTH):
    inputs = keras.Input(shape=(length,), dtype="int32")
    x = TokenAndPositionEmbedding(length, VOCAB, WIDTH)(inputs)
    for _ in range(3):
        x = transformer_block(x, 4 * WIDTH)
    outputs = layers.Dense(VOCAB)(x)
    return keras.Model(inputs=inputs, outputs=outputs)


model = build_model()
