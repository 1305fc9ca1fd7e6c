"""Sizes from command line arguments' defaults."""
import argparse

import torch
import torch.nn as nn


def get_parser():
    parser = argparse.ArgumentParser(description="train a small decoder")
    parser.add_argument("--d-model", type=int, default=64)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--layers", type=int, default=3, help="number of blocks")
    parser.add_argument("--context", type=int, default=72)
    parser.add_argument("--vocab", type=int, default=256)
    parser.add_argument("--lr", type=float, default=3e-4)
    return parser


class Block(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.attn = nn.MultiheadAttention(args.d_model, args.heads, batch_first=True)
        self.norm1 = nn.LayerNorm(args.d_model)
        self.norm2 = nn.LayerNorm(args.d_model)
        self.mlp = nn.Sequential(nn.Linear(args.d_model, 4 * args.d_model), nn.GELU(), nn.Linear(4 * args.d_model, args.d_model))

    def forward(self, x, mask):
        h = self.norm1(x)
        x = x + self.attn(h, h, h, attn_mask=mask)[0]
        return x + self.mlp(self.norm2(x))


class Decoder(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.args = args
        self.tok = nn.Embedding(args.vocab, args.d_model)
        self.pos = nn.Embedding(args.context, args.d_model)
        self.blocks = nn.ModuleList([Block(args) for _ in range(args.layers)])
        self.out = nn.Linear(args.d_model, args.vocab)

    def forward(self, ids):
        t = ids.shape[1]
        mask = torch.triu(torch.ones(t, t, device=ids.device), 1) == 1
        x = self.tok(ids) + self.pos(torch.arange(t, device=ids.device))
        for block in self.blocks:
            x = block(x, mask)
        return self.out(x)


def main():
    args = get_parser().parse_args()
    model = Decoder(args)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    ids = torch.randint(args.vocab, (2, args.context))
    loss = nn.functional.cross_entropy(model(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    optimizer.step()


if __name__ == "__main__":
    main()
