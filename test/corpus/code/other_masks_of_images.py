"""Masks of images, triangles and windows: NumPy only."""
import numpy as np


def upper_triangle(size):
    return np.triu(np.ones((size, size), dtype=bool), k=1)


def masked_fill(image, mask, value):
    out = image.copy()
    out[mask] = value
    return out


def hann_window(n):
    return 0.5 * (1 - np.cos(2 * np.pi * np.arange(n) / (n - 1)))


def mask_mod(b, h, width):
    return (b + h) % width
