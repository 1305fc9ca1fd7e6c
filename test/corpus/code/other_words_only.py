"""Attention, please: this module is about notes to passengers. Query, key and value are columns of a table."""

HEADS_UP = "Attention: mind the gap"
WINDOW = 3


class Attention:
    """An announcement that wants attention."""

    def __init__(self, query, key, value, mask=None):
        self.query, self.key, self.value, self.mask = query, key, value, mask

    def forward(self, to):
        return f"{HEADS_UP} {to}: {self.query} {self.key}={self.value}"


def causal(cause, effect):
    return cause <= effect


def sliding_window(items, size=WINDOW):
    return [items[i : i + size] for i in range(len(items) - size + 1)]


def mask(card_number):
    return "*" * (len(card_number) - 4) + card_number[-4:]
