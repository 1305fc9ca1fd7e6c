"""Measures on real models which input token can change which output token, under which permutations they commute, and how long an input
they take.

    pip install transformers==5.24.0 torch && python make_huggingface_measured.py

Every model is built by transformers from a small configuration, in float64, with random small weights, not in training (where BigBird,
for one, would add random blocks). Writes ../huggingface/measured.json: the versions, and `cases`, a list of

- `config`, `stack`: what was built; and `small`, the keys that differ in it for the model of few tokens, where some must. Few are 6, or
  as many as its `tokens` says.
- `reach`: one string per output token, with a 1 for every input token that it depends on: where the Jacobian is not zero in one of
  three draws. In all draws the same is asked of the replacement of input tokens, and of attention computed by `sdpa`; what they give
  is noted only where it differs (`replaced`, `sdpa`).
- `symmetry`: of the model of few tokens, the permutations p with F(p X) = p F(X), among all of them, in every draw: their number,
  generators (p[t] is where token t goes) and the largest error of these permutations and the smallest of the others, relative.
  And `blind`: one string per output token, with a 1 for every pair of input tokens, (0, 1), (0, 2) .. (1, 2) .., that may be swapped
  without a change of that output.
- `unpositioned`: the same with all learned or sinusoidal tables of absolute positions set to zero, where there are any: what the
  masks and the relative positions alone leave of the symmetric group.
- `longest`: the longest input that the model takes, null where no input of up to 40 tokens is refused.
"""
import functools
import itertools
import json
import pathlib
import re

import torch
import transformers
from transformers import CONFIG_MAPPING, AutoModel

TOKENS = 16
FEW = 6
DRAWS = 3
BERT = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 20}
TWO = {**BERT, "num_hidden_layers": 2}
LLAMA = {**BERT, "num_hidden_layers": 2, "num_key_value_heads": 2, "head_dim": 8}
NO_HEAD_DIM = {key: value for key, value in LLAMA.items() if key != "head_dim"}
DISTILBERT = {"dim": 16, "hidden_dim": 24, "n_layers": 1, "n_heads": 2, "max_position_embeddings": 20}
BART = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
}
LED = {**BART, "encoder_layers": 2, "max_encoder_position_embeddings": 16, "max_decoder_position_embeddings": 20}
T5 = {"d_model": 16, "d_ff": 24, "d_kv": 8, "num_layers": 1, "num_decoder_layers": 2, "num_heads": 2}
GPT2 = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 20}
GPT_NEO = {"hidden_size": 16, "num_layers": 3, "num_heads": 2, "window_size": 3, "max_position_embeddings": 20}
GPT_NEOX = {**BERT, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}}
OPT = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "ffn_dim": 24, "max_position_embeddings": 20}
BLOOM = {"hidden_size": 16, "n_layer": 1, "n_head": 2}
MPT = {"d_model": 16, "n_layers": 1, "n_heads": 2}
FALCON = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
SIX = {**LLAMA, "num_hidden_layers": 6, "sliding_window": 2}
EXPERTS = {"num_local_experts": 2, "num_experts_per_tok": 2}
DISENTANGLED = {**BERT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_biased_input": False}
MODERNBERT = {**BERT, "pad_token_id": 0}
REFORMER = {
    "hidden_size": 16, "attention_head_size": 8, "num_attention_heads": 2, "feed_forward_size": 24, "axial_pos_embds": False,
    "attn_layers": ["local"], "local_attn_chunk_length": 4, "max_position_embeddings": TOKENS,
}
NYSTROMFORMER = {**BERT, "conv_kernel_size": None}
VIT = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "patch_size": 2, "num_channels": 1}
ESM = {**BERT, "vocab_size": 40, "pad_token_id": 1}

CASES = [
    ("bert", BERT),
    ("bert", {**BERT, "is_decoder": True}),
    ("bert", {**TWO, "position_embedding_type": "relative_key"}),
    ("roberta", BERT),
    ("roberta", {**TWO, "is_decoder": True}),
    ("distilbert", DISTILBERT),
    ("distilbert", {**DISTILBERT, "sinusoidal_pos_embds": True, "n_layers": 2}),
    ("albert", {**BERT, "embedding_size": 8}),
    ("albert", {**TWO, "embedding_size": 8, "inner_group_num": 2, "num_hidden_groups": 1}),
    ("electra", {**BERT, "embedding_size": 8}),
    ("electra", {**TWO, "embedding_size": 8, "is_decoder": True}),
    ("deberta-v2", BERT),
    ("deberta-v2", {**DISENTANGLED, "position_buckets": 4}),
    ("deberta-v2", {**DISENTANGLED, "max_relative_positions": 3}),
    ("deberta-v2", {**DISENTANGLED, "max_relative_positions": 5, "pos_att_type": ["c2p"]}),
    ("deberta-v2", {**DISENTANGLED, "max_relative_positions": 2, "pos_att_type": ["p2c"]}),
    ("deberta-v2", {**DISENTANGLED, "position_buckets": 4, "pos_att_type": "c2p", "num_hidden_layers": 2}),
    ("deberta-v2", {**DISENTANGLED, "pos_att_type": []}),
    ("deberta-v2", {**TWO, "position_biased_input": False}),
    ("deberta-v2", {**TWO, "conv_kernel_size": 3, "position_biased_input": False}),
    ("mpnet", BERT),
    ("mpnet", {**TWO, "relative_attention_num_buckets": 40}),
    ("t5", T5),
    ("t5", {**T5, "relative_attention_num_buckets": 4, "relative_attention_max_distance": 3, "feed_forward_proj": "gated-gelu"}),
    ("t5", {**T5, "relative_attention_num_buckets": 6, "num_layers": 2, "num_decoder_layers": 1}),
    ("bart", {**BART, "max_position_embeddings": 20}),
    ("bart", {**BART, "max_position_embeddings": 20, "encoder_layers": 2, "decoder_layers": 2, "scale_embedding": True}),
    ("gpt2", GPT2),
    ("gpt2", {**GPT2, "n_layer": 2, "scale_attn_by_inverse_layer_idx": True}),
    ("gpt_neo", {**GPT_NEO, "attention_types": [[["local"], 3]]}),
    ("gpt_neo", {**GPT_NEO, "attention_types": [[["local", "global"], 1], [["local"], 1]]}),
    ("gptj", {**GPT2, "rotary_dim": 4}),
    ("gptj", {**GPT2, "rotary_dim": 8, "n_layer": 2}),
    ("gpt_neox", GPT_NEOX),
    ("gpt_neox", {**GPT_NEOX, "use_parallel_residual": False, "num_hidden_layers": 2}),
    ("opt", OPT),
    ("opt", {**OPT, "do_layer_norm_before": False, "enable_bias": False, "word_embed_proj_dim": 8, "num_hidden_layers": 2}),
    ("bloom", BLOOM),
    ("bloom", {**BLOOM, "n_layer": 2, "apply_residual_connection_post_layernorm": True}),
    ("mpt", MPT),
    ("mpt", {**MPT, "attn_config": {"alibi": False}, "no_bias": False}),
    ("falcon", FALCON),
    ("falcon", {**FALCON, "alibi": True, "num_hidden_layers": 2, "parallel_attn": False, "bias": True}),
    ("falcon", {**FALCON, "new_decoder_architecture": True, "num_kv_heads": 2}),
    ("llama", LLAMA),
    ("llama", {**LLAMA, "num_hidden_layers": 1, "mlp_bias": True, "attention_bias": True, "num_key_value_heads": 1}),
    ("mistral", {**LLAMA, "sliding_window": 4}),
    ("mistral", {**LLAMA, "sliding_window": None}),
    ("mixtral", {**LLAMA, **EXPERTS, "sliding_window": 3}),
    ("mixtral", {**LLAMA, **EXPERTS, "num_experts_per_tok": 1}),
    ("qwen2", {**SIX, "use_sliding_window": True, "max_window_layers": 6}),
    ("qwen2", {**SIX, "use_sliding_window": True, "max_window_layers": 0}),
    ("qwen2", {**SIX, "num_hidden_layers": 2, "use_sliding_window": True, "layer_types": ["sliding_attention", "full_attention"]}),
    ("qwen3", {**SIX, "num_hidden_layers": 3, "use_sliding_window": True, "max_window_layers": 0}),
    ("qwen3", {**SIX, "num_hidden_layers": 3}),
    ("gemma", LLAMA),
    ("gemma", {**LLAMA, "use_bidirectional_attention": True}),
    ("gemma2", {**LLAMA, "num_hidden_layers": 1, "sliding_window": 4}),
    ("gemma2", {**LLAMA, "sliding_window": 2, "attn_logit_softcapping": None}),
    ("gemma2", {**LLAMA, "sliding_window": 2, "layer_types": ["sliding_attention"] * 2, "use_bidirectional_attention": True}),
    ("gemma3_text", {**LLAMA, "num_hidden_layers": 3, "sliding_window": 3}),
    ("gemma3_text", {**LLAMA, "num_hidden_layers": 2, "sliding_window": 6, "use_bidirectional_attention": True}),
    ("gemma3_text", {**LLAMA, "num_hidden_layers": 2, "sliding_window": 5, "use_bidirectional_attention": True}),
    ("gemma3_text", {**LLAMA, "num_hidden_layers": 2, "sliding_window": 2, "sliding_window_pattern": 2}),
    ("gemma3", {"text_config": {**LLAMA, "sliding_window": 3, "vocab_size": 40}}),
    ("gemma3", {"text_config": {**LLAMA, "sliding_window": 2, "vocab_size": 40, "layer_types": ["full_attention", "sliding_attention"]}}),
    ("phi3", {**NO_HEAD_DIM, "sliding_window": 3, "pad_token_id": 0}),
    ("phi3", {**NO_HEAD_DIM, "num_hidden_layers": 1, "pad_token_id": 0}),
    ("starcoder2", {**NO_HEAD_DIM, "sliding_window": 3}),
    ("starcoder2", {**NO_HEAD_DIM, "use_bias": False}),
    ("gpt_oss", {**LLAMA, **EXPERTS, "num_hidden_layers": 1, "sliding_window": 5}),
    ("gpt_oss", {**LLAMA, **EXPERTS, "num_hidden_layers": 3, "sliding_window": 2, "layer_types": ["sliding_attention"] * 3}),
    ("cohere2", {**NO_HEAD_DIM, "num_hidden_layers": 3, "sliding_window": 3}),
    ("cohere2", {**NO_HEAD_DIM, "sliding_window": 3, "layer_types": ["full_attention"] * 2}),
    ("cohere2", {**NO_HEAD_DIM, "sliding_window": 2, "sliding_window_pattern": 2}),
    ("olmo2", NO_HEAD_DIM),
    ("olmo2", {**NO_HEAD_DIM, "num_hidden_layers": 1, "num_key_value_heads": 1}),
    ("modernbert", {**MODERNBERT, "num_hidden_layers": 2, "local_attention": 4, "layer_types": ["sliding_attention"] * 2}),
    ("modernbert", {**MODERNBERT, "num_hidden_layers": 1, "local_attention": 7, "layer_types": ["sliding_attention"]}),
    ("modernbert", {**MODERNBERT, "num_hidden_layers": 3, "local_attention": 2, "global_attn_every_n_layers": 3}),
    ("longformer", {**BERT, "num_hidden_layers": 2, "attention_window": [4, 8]}),
    ("longformer", {**BERT, "attention_window": 4}),
    ("led", {**LED, "attention_window": 4}),
    ("led", {**LED, "attention_window": [4, 8], "decoder_layers": 2}),
    ("big_bird", {**BERT, "block_size": 1, "num_random_blocks": 1, "max_position_embeddings": TOKENS}, {"tokens": 8}),
    ("big_bird", {**TWO, "block_size": 2, "max_position_embeddings": TOKENS}),
    ("big_bird", {**TWO, "attention_type": "original_full", "is_decoder": True}),
    ("nystromformer", {**NYSTROMFORMER, "num_landmarks": 4, "segment_means_seq_len": 4}),
    ("nystromformer", {**NYSTROMFORMER, "num_landmarks": 4, "segment_means_seq_len": 16}, {"num_landmarks": 3, "segment_means_seq_len": 6}),
    ("nystromformer", {**BERT, "num_landmarks": 4, "segment_means_seq_len": 4, "conv_kernel_size": 3}),
    ("yoso", BERT),
    ("yoso", {**TWO, "conv_window": 3}),
    ("reformer", REFORMER),
    ("reformer", {**REFORMER, "is_decoder": True, "local_num_chunks_before": 2}, {"local_attn_chunk_length": 1}),
    ("reformer", {**REFORMER, "local_attn_chunk_length": 2, "local_num_chunks_after": 2}),
    ("reformer", {**REFORMER, "local_attn_chunk_length": 2, "local_num_chunks_before": 0}),
    ("reformer", {**REFORMER, "attn_layers": ["lsh"], "lsh_attn_chunk_length": 2, "num_buckets": 2, "num_hashes": 1, "hash_seed": 0}),
    ("fnet", {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "max_position_embeddings": 20}),
    ("vit", {**VIT, "image_size": 8}, {"image_size": [2, 10]}),
    ("vit", {**VIT, "image_size": [4, 8], "num_hidden_layers": 2, "qkv_bias": False}, {"image_size": [2, 10]}),
    ("deit", {**VIT, "image_size": 8}, {"image_size": 4}),
    ("deit", {**VIT, "image_size": [2, 16], "num_hidden_layers": 2}, {"image_size": 4}),
    ("esm", ESM),
    ("esm", {**ESM, "position_embedding_type": "rotary", "num_hidden_layers": 2}),
    ("esm", {**ESM, "position_embedding_type": "relative_key"}),
]

IMAGES = ("vit", "deit")
PAIRS = ("t5", "bart", "led")
# Reformer's reversible layers have a backward pass in training only; without dropout the forward pass is the same in both.
WITHOUT_DROPOUT = {"hidden_dropout_prob": 0.0, "lsh_attention_probs_dropout_prob": 0.0, "local_attention_probs_dropout_prob": 0.0}
# The modelling code takes null for it, as some files have it, which the configuration class refuses.
UNCHECKED = {"conv_kernel_size"}
# Not of the text model.
VISION = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 28, "patch_size": 14}


def build(name, keys, seed, attention="eager"):
    extra = {"vocab_size": 40} if name not in (*IMAGES, "gemma3") else {"vision_config": VISION} if name == "gemma3" else {}
    config = CONFIG_MAPPING[name](**{**extra, **{key: value for key, value in keys.items() if key not in UNCHECKED}, **WITHOUT_DROPOUT})
    for key in UNCHECKED & keys.keys():
        vars(config)[key] = keys[key]
    model = AutoModel.from_config(config, attn_implementation=attention, experts_implementation="eager").double()
    model.eval()
    torch.manual_seed(seed)
    # Large weights saturate the softmax, and a weight below the precision reads as no dependence.
    with torch.no_grad():
        for name_of, parameter in sorted(model.named_parameters()):
            if not parameter.requires_grad:
                continue  # Sinusoids.
            is_scale = parameter.dim() == 1 and name_of.endswith("weight")
            parameter.normal_(1.0 if is_scale else 0.0, 0.25)
    return model


TABLES = re.compile(r"^(?!.*(vision|attn))(.*\.)?(position_embeddings|embed_positions|wpe)(\.weight|\.embedding\.weight)?$")


def without_positions(model):
    """Sets all tables of absolute positions to zero; False if there are none."""
    tables = [table for name, table in itertools.chain(model.named_parameters(), model.named_buffers()) if TABLES.search(name)]
    for table in tables:
        table.data.zero_()
    return bool(tables)


def ids(count):
    return torch.randint(5, 39, (1, count), generator=torch.Generator().manual_seed(1))


def tokens_of(count, width, seed):
    return torch.randn(1, count, width, dtype=torch.float64, generator=torch.Generator().manual_seed(100 + seed))


def stacks(name, model):
    """The functions from tokens (vectors) to outputs, with the tokens' width, by stack."""
    width = model.get_input_embeddings().weight.shape[-1] if name not in IMAGES else model.config.hidden_size
    if name in IMAGES:
        return {"": (lambda x: patched(model, x), width)}
    if name == "esm":
        return {"": (lambda x: embedded(model, x), width)}
    if name not in PAIRS:
        return {"": (lambda x: model(inputs_embeds=x, use_cache=False).last_hidden_state, width)}
    encoder = model.get_encoder()
    given = tokens_of(8, width, -1)
    return {
        "encoder": (lambda x: encoder(inputs_embeds=x).last_hidden_state, width),
        "decoder": (
            lambda x: model(
                inputs_embeds=given.expand(len(x), -1, -1), decoder_inputs_embeds=x, use_cache=False
            ).last_hidden_state,
            width,
        ),
    }


def patched(model, x):
    """A vision model whose class tokens and patches are the given ones; the positions stay its own."""
    hook = model.embeddings.register_forward_hook(lambda module, args, output: x + module.position_embeddings)
    height, width = sides(model.config.image_size)
    try:
        return model(pixel_values=torch.zeros(len(x), model.config.num_channels, height, width, dtype=x.dtype)).last_hidden_state
    finally:
        hook.remove()


def embedded(model, x):
    """ESM, which adds no positions to vectors that it is given: they take the place of its embeddings of some ids."""
    hook = model.get_input_embeddings().register_forward_hook(lambda module, args, output: x)
    try:
        return model(input_ids=ids(x.shape[1]).expand(len(x), -1)).last_hidden_state
    finally:
        hook.remove()


def sides(size):
    return (size, size) if isinstance(size, int) else tuple(size)


def length(name, model, count):
    """How many tokens the model is measured on: an image has those it has."""
    if name not in IMAGES:
        return count
    return model.embeddings.position_embeddings.shape[1]


def by_ids(name, model):
    """The functions from input ids to outputs, by stack."""
    if name not in PAIRS:
        return {"": lambda x: model(input_ids=x, use_cache=False).last_hidden_state}
    encoder = model.get_encoder()
    return {
        "encoder": lambda x: encoder(input_ids=x).last_hidden_state,
        "decoder": lambda x: model(input_ids=ids(8), decoder_input_ids=x, use_cache=False).last_hidden_state,
    }


def jacobian(run, x):
    """[t][r]: the size of the derivative of output t by input r, for a random direction in the output."""
    count = x.shape[1]
    x = x.clone().requires_grad_()
    with torch.enable_grad():
        out = run(x)[0, :count]
        direction = torch.randn(out.shape, dtype=out.dtype, generator=torch.Generator().manual_seed(7))
        rows = [
            torch.autograd.grad((out[t] * direction[t]).sum(), x, retain_graph=t + 1 < count)[0][0].norm(dim=-1) for t in range(count)
        ]
    return torch.stack(rows)


def reach(model, run, width, count, seed):
    model.train(model.config.model_type == "reformer")
    sizes = jacobian(run, tokens_of(count, width, seed))
    model.eval()
    return sizes > 1e-12 * sizes.max()


@torch.no_grad()
def replaced(model, run, width, count, seed):
    x, others = tokens_of(count, width, seed), tokens_of(count, width, 50 + seed)
    before = run(x)[0, :count]
    changed = torch.zeros(count, count, dtype=torch.bool)
    for r in range(count):
        y = x.clone()
        y[0, r] = others[0, r]
        changed[:, r] = (run(y)[0, :count] - before).abs().amax(-1) > 1e-13
    return changed


def written(rows):
    return ["".join("1" if bit else "0" for bit in row) for row in rows.tolist()]


@functools.cache
def permutations(count):
    """All of them, and which of them swap two tokens."""
    every = list(itertools.permutations(range(count)))
    swaps = [tuple({a: b, b: a}.get(t, t) for t in range(count)) for a, b in itertools.combinations(range(count), 2)]
    return torch.tensor(every), [every.index(p) for p in swaps]


@torch.no_grad()
def errors(run, width, count, seed):
    """
    For all permutations p the largest entry of F(p X) - p F(X), and for all swaps p and outputs s that of F_s(p X) - F_s(X), relative
    to the outputs; p X has at p(t) the token t.
    """
    x = tokens_of(count, width, seed)
    every, swaps = permutations(count)
    inverse = every.argsort(dim=1)
    outputs = torch.cat([run(moved)[:, :count] for moved in x[0][inverse].split(5040)])
    scale = outputs[0].abs().max()
    return (outputs - outputs[0][inverse]).abs().amax((1, 2)) / scale, (outputs[swaps] - outputs[0]).abs().amax(2) / scale


def group(count, draws):
    error, change = (torch.stack(each).amax(0) for each in zip(*draws))
    inside, unchanged = error < 1e-5, change.T < 1e-5
    assert not ((change > 3e-6) & (change < 1e-4)).any(), "a change too small to tell from rounding"
    elements = {tuple(p) for p in permutations(count)[0][inside].tolist()}
    generators, reached = [], {tuple(range(count))}
    for p in sorted(elements):
        if p in reached:
            continue
        generators.append(p)
        reached = closure(count, generators)
    assert reached == elements, "the permutations that commute with the model are no group"
    within, beyond = error[inside].max().item(), error[~inside].min().item() if not inside.all() else None
    assert within < 1e-9 or (within < 3e-6 and (beyond is None or beyond > 1e-3)), (within, beyond)
    return {
        "order": len(elements), "generators": generators, "within": float(f"{within:.1e}"), "beyond": beyond and float(f"{beyond:.1e}"),
        "blind": written(unchanged),
    }


def closure(count, generators):
    reached, new = {tuple(range(count))}, [tuple(range(count))]
    while new:
        new = [image for p in new for g in generators if (image := tuple(g[t] for t in p)) not in reached and not reached.add(image)]
    return reached


@torch.no_grad()
def longest(run):
    for count in range(TOKENS, 41):
        try:
            run(ids(count))
        except Exception:
            return count - 1 if count > TOKENS else None
    return None


def measured(name, keys, small):
    models = [build(name, keys, seed) for seed in range(DRAWS)]
    fewer = small.get("tokens", FEW)
    few = [build(name, {**keys, **{key: value for key, value in small.items() if key != "tokens"}}, seed) for seed in range(DRAWS)]
    try:
        other = [build(name, keys, seed, "sdpa") for seed in range(DRAWS)]
    except ValueError:
        other = None
    count = length(name, models[0], TOKENS)
    for stack in stacks(name, models[0]):
        case = {"config": {"model_type": name, **keys}, "stack": stack, **({"small": small} if small else {})}

        def union(measure, among):
            return written(sum(measure(model, *stacks(name, model)[stack], count, seed).int() for seed, model in enumerate(among)) > 0)

        case["reach"] = union(reach, models)
        assert all(case["reach"] == union(reach, [model]) for model in models) or "lsh" in keys.get("attn_layers", []), "the draws differ"
        for key, found in (("replaced", union(replaced, models)), ("sdpa", other and union(reach, other))):
            if found and found != case["reach"]:
                case[key] = found
        case["symmetry"] = group(fewer, [errors(*stacks(name, model)[stack], fewer, seed) for seed, model in enumerate(few)])
        if name not in IMAGES:
            case["longest"] = longest(by_ids(name, models[0])[stack])
        yield case, few
    if all([without_positions(model) for model in few]):
        for stack in stacks(name, few[0]):
            yield stack, group(fewer, [errors(*stacks(name, model)[stack], fewer, seed) for seed, model in enumerate(few)])


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    made = []
    for name, keys, *small in CASES:
        own = []
        for case, found in measured(name, keys, small[0] if small else {}):
            if isinstance(case, dict):
                own.append(case)
            else:
                next(each for each in own if each["stack"] == case)["unpositioned"] = found
        for case in own:
            made.append(case)
            short = {key: value for key, value in case.items() if key not in ("config", "reach")}
            print(name, json.dumps(short), case["reach"][0], case["reach"][-1], flush=True)
    path = pathlib.Path(__file__).parent.parent / "huggingface" / "measured.json"
    versions = {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]}
    cases = ",\n".join(json.dumps(case) for case in made)
    path.write_text('{"versions": ' + json.dumps(versions) + ', "cases": [\n' + cases + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
