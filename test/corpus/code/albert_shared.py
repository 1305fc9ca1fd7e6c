"""One block whose weights all layers share."""
import torch
import torch.nn as nn


class SharedBlock(nn.Module):
    def __init__(self, hidden, heads, intermediate):
        super().__init__()
        self.attention = nn.MultiheadAttention(hidden, heads, batch_first=True)
        self.attention_norm = nn.LayerNorm(hidden)
        self.ffn = nn.Linear(hidden, intermediate)
        self.ffn_output = nn.Linear(intermediate, hidden)
        self.output_norm = nn.LayerNorm(hidden)

    def forward(self, hidden_states):
        attended = self.attention(hidden_states, hidden_states, hidden_states, need_weights=False)[0]
        hidden_states = self.attention_norm(hidden_states + attended)
        ffn = self.ffn_output(nn.functional.gelu(self.ffn(hidden_states)))
        return self.output_norm(hidden_states + ffn)


class Albert(nn.Module):
    def __init__(self, vocab_size=300, embedding=16, hidden=64, heads=4, layers=6, max_position_embeddings=64):
        super().__init__()
        self.layers = layers
        self.word_embeddings = nn.Embedding(vocab_size, embedding)
        self.position_embeddings = nn.Embedding(max_position_embeddings, embedding)
        self.embedding_norm = nn.LayerNorm(embedding)
        self.embedding_hidden_mapping_in = nn.Linear(embedding, hidden)
        self.block = SharedBlock(hidden, heads, 4 * hidden)

    def forward(self, input_ids):
        position_ids = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.embedding_norm(self.word_embeddings(input_ids) + self.position_embeddings(position_ids))
        x = self.embedding_hidden_mapping_in(x)
        for _ in range(self.layers):
            x = self.block(x)
        return x
