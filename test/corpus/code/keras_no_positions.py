"""Keras without positions, though the order is declared to matter."""
import keras
from keras import layers


# uap: tokens=30 symmetry=trivial
def build_model(length=30, dim=32):
    inputs = keras.Input(shape=(length, 4))
    x = layers.Dense(dim)(inputs)
    for _ in range(2):
        a = layers.MultiHeadAttention(num_heads=4, key_dim=8)(x, x, x)
        x = layers.add([x, a])
        f = layers.Dense(64, activation="gelu")(x)
        f = layers.Dense(dim)(f)
        x = layers.add([x, f])
    return keras.Model(inputs, x)
