"""A model of sets that adds sines and cosines all the same."""
import torch
import torch.nn as nn


def sinusoids(length, channels, max_timescale=10000):
    """Sinusoids for positional embedding."""
    log_timescale_increment = torch.log(torch.tensor(float(max_timescale))) / (channels // 2 - 1)
    inv_timescales = torch.exp(-log_timescale_increment * torch.arange(channels // 2))
    scaled_time = torch.arange(length)[:, None] * inv_timescales[None, :]
    return torch.cat([torch.sin(scaled_time), torch.cos(scaled_time)], dim=1)


# uap: symmetry=S_n
class ParticleEncoder(nn.Module):
    def __init__(self, n_particles=30, features=4, d_model=32, nhead=4, num_layers=2):
        super().__init__()
        self.project = nn.Linear(features, d_model)
        self.register_buffer("positional_embedding", sinusoids(n_particles, d_model))
        self.layers = nn.ModuleList(
            [nn.TransformerEncoderLayer(d_model, nhead, 4 * d_model, activation="relu", batch_first=True) for _ in range(num_layers)]
        )

    def forward(self, particles):
        x = self.project(particles)
        x = x + self.positional_embedding[: x.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return x
