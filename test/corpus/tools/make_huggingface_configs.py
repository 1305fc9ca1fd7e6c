"""Writes the default configuration of every model type that is read, as transformers itself writes it.

    pip install transformers==5.23.0 && python make_huggingface_configs.py

Beside them it writes what transformers makes of shortened configurations in which layers alternate: layers.json, a list of
{config, types}, where types says layer by layer whether transformers lets it slide.
"""
import json
import pathlib

from transformers import CONFIG_MAPPING

TYPES = """bert roberta distilbert albert electra deberta-v2 mpnet t5 bart gpt2 gpt_neo gptj gpt_neox opt bloom mpt falcon llama mistral
mixtral qwen2 qwen3 gemma gemma2 gemma3_text gemma3 phi3 starcoder2 gpt_oss cohere2 olmo2 modernbert longformer led big_bird
nystromformer yoso reformer fnet vit deit esm""".split()

ALTERNATING = [
    {"model_type": "gemma2", "num_hidden_layers": 7},
    {"model_type": "gemma3_text", "num_hidden_layers": 14},
    {"model_type": "gemma3_text", "num_hidden_layers": 9, "sliding_window_pattern": 4},
    {"model_type": "cohere2", "num_hidden_layers": 9},
    {"model_type": "cohere2", "num_hidden_layers": 9, "sliding_window_pattern": 3},
    {"model_type": "gpt_oss", "num_hidden_layers": 5},
    {"model_type": "modernbert", "num_hidden_layers": 8},
    {"model_type": "modernbert", "num_hidden_layers": 8, "global_attn_every_n_layers": 2},
    {"model_type": "qwen2", "num_hidden_layers": 6, "use_sliding_window": True, "sliding_window": 16, "max_window_layers": 4},
    {"model_type": "qwen2", "num_hidden_layers": 6, "sliding_window": 16, "max_window_layers": 4},
    {"model_type": "qwen3", "num_hidden_layers": 6, "use_sliding_window": True, "max_window_layers": 0},
    {"model_type": "gpt_neo", "num_layers": 7, "attention_types": [[["global", "local"], 2], [["local"], 3]]},
]

DIRECTORY = pathlib.Path(__file__).parent.parent / "huggingface"


def types_of(config):
    if config.model_type == "gpt_neo":
        return [{"global": "full", "local": "sliding"}[layer] for layer in config.attention_layers]
    return [layer.removesuffix("_attention") for layer in config.layer_types]


def main():
    for name in TYPES:
        text = CONFIG_MAPPING[name]().to_json_string()
        (DIRECTORY / f"{name}.config.json").write_text(text, encoding="utf-8")
    made = []
    for keys in ALTERNATING:
        rest = {key: value for key, value in keys.items() if key != "model_type"}
        made.append({"config": keys, "types": types_of(CONFIG_MAPPING[keys["model_type"]](**rest))})
    (DIRECTORY / "layers.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
