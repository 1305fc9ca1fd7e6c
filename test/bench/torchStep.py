"""The transformer of runtimeChild.ts in PyTorch. One shape a line on standard input, as JSON; its times on standard output, as JSON."""

import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape

        def split(t: torch.Tensor) -> torch.Tensor:
            return t.view(batch, tokens, self.heads, width // self.heads).transpose(1, 2)

        mixed = F.scaled_dot_product_attention(split(self.query(x)), split(self.key(x)), split(self.value(x)))
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.down(F.gelu(self.up(x), approximate="tanh"))


def median_milliseconds(run, seconds: float) -> float:
    run()
    run()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < seconds and len(times) < 200):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def measure(tokens: int, width: int, layers: int, heads: int, batch: int, threads: int, seconds: float) -> dict[str, float]:
    torch.set_num_threads(threads)
    codes = nn.Parameter(torch.randn(tokens, width))
    model = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
    samples, targets = torch.randn(batch, tokens, width), torch.randn(batch, tokens, width)
    optimizer = torch.optim.Adam([*model.parameters(), codes])

    def forward() -> None:
        with torch.no_grad():
            model(samples + codes)

    def step() -> None:
        optimizer.zero_grad()
        F.mse_loss(model(samples + codes), targets).backward()
        optimizer.step()

    return {"forward": median_milliseconds(forward, seconds), "step": median_milliseconds(step, seconds)}


print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    print(json.dumps(measure(**json.loads(line))), flush=True)
