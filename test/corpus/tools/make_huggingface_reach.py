"""Measures on real models which input token can change which output token, and how long an input they take.

    pip install transformers==5.23.0 torch && python make_huggingface_reach.py

Writes ../huggingface/reach.json: a list of {config, stack, reach, longest}. `reach` has one string per output token, with a 1 for every
input token whose replacement changes that output of a randomly initialised model in float64, not in training (where BigBird, for one,
would add random blocks). `longest` is the longest input that the
model takes, null where no input of up to 40 tokens is refused.
"""
import json
import pathlib

import torch
from transformers import CONFIG_MAPPING, AutoModel

TOKENS = 16
BERT = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 20}
LLAMA = {**BERT, "num_hidden_layers": 2, "num_key_value_heads": 2, "head_dim": 8}
NO_HEAD_DIM = {key: value for key, value in LLAMA.items() if key != "head_dim"}
BART = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
}
GPT2 = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 20}
SIX = {**LLAMA, "num_hidden_layers": 6, "sliding_window": 2}

CASES = [
    ("bert", BERT),
    ("bert", {**BERT, "is_decoder": True}),
    ("roberta", BERT),
    ("distilbert", {"dim": 16, "hidden_dim": 24, "n_layers": 1, "n_heads": 2, "max_position_embeddings": 20}),
    ("albert", {**BERT, "embedding_size": 8}),
    ("electra", {**BERT, "embedding_size": 8}),
    ("deberta-v2", BERT),
    ("deberta-v2", {**BERT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_buckets": 4, "position_biased_input": False}),
    ("mpnet", BERT),
    ("t5", {"d_model": 16, "d_ff": 24, "d_kv": 8, "num_layers": 1, "num_decoder_layers": 2, "num_heads": 2}),
    ("bart", {**BART, "max_position_embeddings": 20}),
    ("gpt2", GPT2),
    ("gpt_neo", {
        "hidden_size": 16, "num_layers": 3, "num_heads": 2, "window_size": 3, "max_position_embeddings": 20,
        "attention_types": [[["local"], 3]],
    }),
    ("gptj", {**GPT2, "rotary_dim": 4}),
    ("gpt_neox", {**BERT, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}}),
    ("opt", {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "ffn_dim": 24, "max_position_embeddings": 20}),
    ("bloom", {"hidden_size": 16, "n_layer": 1, "n_head": 2}),
    ("mpt", {"d_model": 16, "n_layers": 1, "n_heads": 2}),
    ("falcon", {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}),
    ("llama", LLAMA),
    ("mistral", {**LLAMA, "sliding_window": 4}),
    ("mistral", {**LLAMA, "sliding_window": None}),
    ("mixtral", {**LLAMA, "sliding_window": 3, "num_local_experts": 2, "num_experts_per_tok": 2}),
    ("qwen2", {**SIX, "use_sliding_window": True, "max_window_layers": 6}),
    ("qwen2", {**SIX, "use_sliding_window": True, "max_window_layers": 0}),
    ("qwen3", {**SIX, "num_hidden_layers": 3, "use_sliding_window": True, "max_window_layers": 0}),
    ("gemma", LLAMA),
    ("gemma2", {**LLAMA, "num_hidden_layers": 1, "sliding_window": 4}),
    ("gemma3_text", {**LLAMA, "num_hidden_layers": 3, "sliding_window": 3}),
    ("gemma3_text", {**LLAMA, "num_hidden_layers": 2, "sliding_window": 6, "use_bidirectional_attention": True}),
    ("gemma3_text", {**LLAMA, "num_hidden_layers": 2, "sliding_window": 5, "use_bidirectional_attention": True}),
    ("phi3", {**NO_HEAD_DIM, "sliding_window": 3, "pad_token_id": 0}),
    ("starcoder2", {**NO_HEAD_DIM, "sliding_window": 3}),
    ("gpt_oss", {**LLAMA, "num_hidden_layers": 1, "sliding_window": 5, "num_local_experts": 2, "num_experts_per_tok": 2}),
    ("cohere2", {**NO_HEAD_DIM, "num_hidden_layers": 3, "sliding_window": 3}),
    ("olmo2", NO_HEAD_DIM),
    ("modernbert", {
        **BERT, "num_hidden_layers": 2, "local_attention": 4, "layer_types": ["sliding_attention"] * 2, "pad_token_id": 0,
    }),
    ("modernbert", {**BERT, "num_hidden_layers": 1, "local_attention": 7, "layer_types": ["sliding_attention"], "pad_token_id": 0}),
    ("longformer", {**BERT, "num_hidden_layers": 2, "attention_window": [4, 8]}),
    ("led", {**BART, "encoder_layers": 2, "attention_window": 4, "max_encoder_position_embeddings": 16, "max_decoder_position_embeddings": 20}),
    ("big_bird", {**BERT, "block_size": 1, "num_random_blocks": 1, "max_position_embeddings": TOKENS}),
    ("yoso", BERT),
    ("reformer", {
        "hidden_size": 16, "attention_head_size": 8, "num_attention_heads": 2, "feed_forward_size": 24, "axial_pos_embds": False,
        "attn_layers": ["local"], "local_attn_chunk_length": 4, "max_position_embeddings": TOKENS,
    }),
    ("reformer", {
        "hidden_size": 16, "attention_head_size": 8, "num_attention_heads": 2, "feed_forward_size": 24, "axial_pos_embds": False,
        "attn_layers": ["local"], "local_attn_chunk_length": 4, "max_position_embeddings": TOKENS, "is_decoder": True,
        "local_num_chunks_before": 2,
    }),
    ("reformer", {
        "hidden_size": 16, "attention_head_size": 8, "num_attention_heads": 2, "feed_forward_size": 24, "axial_pos_embds": False,
        "attn_layers": ["local"], "local_attn_chunk_length": 2, "max_position_embeddings": TOKENS, "local_num_chunks_after": 2,
    }),
    ("fnet", {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "max_position_embeddings": 20}),
    ("esm", {**BERT, "vocab_size": 40, "pad_token_id": 1}),
    ("esm", {**BERT, "vocab_size": 40, "pad_token_id": 1, "position_embedding_type": "rotary"}),
]


def ids(count):
    return torch.randint(5, 39, (1, count), generator=torch.Generator().manual_seed(1))


def stacks(name, model):
    """The functions from input ids to outputs, by stack."""
    if name not in ("t5", "bart", "led"):
        return {"": lambda x: model(input_ids=x).last_hidden_state}
    encoder = model.get_encoder()
    return {
        "encoder": lambda x: encoder(input_ids=x).last_hidden_state,
        "decoder": lambda x: model(input_ids=ids(8), decoder_input_ids=x).last_hidden_state,
    }


def reach(run):
    x = ids(TOKENS)
    before = run(x)[0, :TOKENS]
    changed = torch.zeros(TOKENS, TOKENS, dtype=torch.bool)
    for r in range(TOKENS):
        y = x.clone()
        y[0, r] = 5 + (y[0, r] - 4) % 34
        changed[:, r] = (run(y)[0, :TOKENS] - before).abs().amax(-1) > 1e-13
    return ["".join("1" if bit else "0" for bit in row) for row in changed.tolist()]


def longest(run):
    for count in range(TOKENS, 41):
        try:
            run(ids(count))
        except Exception:
            return count - 1 if count > TOKENS else None
    return None


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    made = []
    for name, keys in CASES:
        torch.manual_seed(0)
        config = CONFIG_MAPPING[name](**{"vocab_size": 40, **keys})
        model = AutoModel.from_config(config, attn_implementation="eager", experts_implementation="eager").double().eval()
        # Large weights saturate the softmax, and a weight below the precision reads as no dependence.
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.25)
        for stack, run in stacks(name, model).items():
            made.append({"config": {"model_type": name, **keys}, "stack": stack, "reach": reach(run), "longest": longest(run)})
            print(name, stack, made[-1]["longest"], *made[-1]["reach"], sep="\n  ")
    path = pathlib.Path(__file__).parent.parent / "huggingface" / "reach.json"
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in made) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
