"""Measures what the model code of ../code really computes, with the frameworks themselves.

    pip install torch==2.15.0 einops x-transformers keras jax flax numpy
    KERAS_BACKEND=torch python measure_code.py            # measures files that are new or changed
    KERAS_BACKEND=torch python measure_code.py all        # measures everything again
    python measure_code.py check                          # compares expected.json with the measurements and the sources

Writes ../code/measured.json. For every model of a file, at three lengths of the input:

- `visibility`: row t has a 1 at r where the derivative of output token t with respect to input token r (the output of the token
  embedding, or the vector given) is not zero. The module itself runs, with the constants of its file, random parameters, in float64
  and not in training, three times: the largest of the three counts. Derivatives below 1e-14 of the largest of the row count
  as zero; the measurement fails if any lie between 1e-14 and 1e-20 of it, so the cut is not a matter of taste.
- `masks`: for every attention of the model, in the order of the calls, which keys a query reads: what enters softmax or
  scaled_dot_product_attention is looked at. One matrix if all heads are alike, else a list, head by head. Calls whose
  queries and keys are not all the tokens (cross attention, attention in blocks by reshaping) are left out.
- `undefined`: outputs that are not a number.

For functions of masks (flex_attention) the matrix is what PyTorch's own create_mask makes, head by head.

`by` says how the length was set: by the length of the input, or by the constructor's arguments named. Matrices are stored once, in
`matrices`: rows of 0 and 1, separated by spaces.
"""
import functools
import hashlib
import importlib.util
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import types
from importlib.metadata import version

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy
import torch
import torch.nn.attention.flex_attention as flex
import torch.nn.functional as F
from torch import nn

CODE = pathlib.Path(__file__).resolve().parent.parent / "code"
SIZES = (8, 13, 24)
DRAWS = 3
ZERO, NOISE = 1e-14, 1e-20
MASKED = -9e3  # scores below are those of pairs that are left out

# ------------------------------------------------------------------------------------------------------------ masks of a model

calls = None


def seen(matrix):
    """Remembers which keys are read: a boolean tensor (..., query, key), one batch."""
    if calls is not None:
        calls.append(matrix.detach().reshape(-1, *matrix.shape[-2:]).clone())


def seen_in(scores):
    """The same by the scores. What is not a number tells nothing: an earlier layer had a row without keys."""
    if not scores.isnan().any():
        seen(scores > MASKED)


sdpa, softmax, tensor_softmax, torch_softmax = F.scaled_dot_product_attention, F.softmax, torch.Tensor.softmax, torch.softmax


def watched_sdpa(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, **options):
    shape = (*query.shape[:-1], key.shape[-2])
    keep = torch.ones(shape, dtype=torch.bool)
    if attn_mask is not None:
        keep = keep & (attn_mask if attn_mask.dtype == torch.bool else attn_mask > MASKED)
    if is_causal:
        keep = keep.tril()
    seen(keep)
    if attn_mask is not None and attn_mask.dtype != torch.bool:
        attn_mask = attn_mask.to(query.dtype)
    return sdpa(query, key, value, attn_mask=attn_mask, dropout_p=dropout_p, is_causal=is_causal, **options)


def watched(original):
    def softmax(scores, *arguments, **options):
        global calls
        seen_in(scores)
        before, calls = calls, None  # one softmax calls another
        try:
            return original(scores, *arguments, **options)
        finally:
            calls = before

    return softmax


def written_out_flex(query, key, value, score_mod=None, block_mask=None, scale=None, enable_gqa=False, **options):
    """flex_attention as its documentation writes it out: it has no derivative on a CPU. The mask is PyTorch's create_mask."""
    batch, heads, n, width = query.shape
    m = key.shape[2]
    if enable_gqa:
        key, value = (t.repeat_interleave(heads // t.shape[1], dim=1) for t in (key, value))
    scores = query @ key.transpose(-2, -1) * (scale if scale is not None else width ** -0.5)
    if score_mod is not None:
        b, h, q, kv = torch.meshgrid(*(torch.arange(size) for size in (batch, heads, n, m)), indexing="ij")
        scores = score_mod(scores, b, h, q, kv)
    if block_mask is not None:
        scores = scores.masked_fill(~flex.create_mask(block_mask.mask_mod, batch, heads, n, m, device="cpu"), -math.inf)
    seen_in(scores)
    return torch_softmax(scores, dim=-1) @ value


def watch():
    F.scaled_dot_product_attention = watched_sdpa
    F.softmax = watched(softmax)
    torch.softmax = watched(torch_softmax)
    torch.Tensor.softmax = watched(tensor_softmax)
    flex.flex_attention = written_out_flex


# ---------------------------------------------------------------------------------------------------------- visibility of a model


def scramble(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            if parameter.ndim >= 2:
                fan = math.prod(parameter.shape[1:]) if parameter.ndim == 4 else parameter.shape[-1]
                noise = noise / fan**0.5
            elif name.endswith("bias"):
                noise = 0.3 * noise
            else:
                noise = 1 + 0.3 * noise
            parameter.copy_(noise)


def leaf_at(model, target):
    """Makes the output of the module that embeds `target`, a tensor of indices, the variable of the derivatives."""
    leaf = []

    def hook(_module, inputs, output):
        if not leaf and inputs[0].data_ptr() == target.data_ptr():
            leaf.append(output.detach().requires_grad_())
            return leaf[0]
        return None

    for module in model.modules():
        if isinstance(module, nn.Embedding):
            module.register_forward_hook(hook)
    return leaf


def gradients_of(outputs, leaf):
    """The gradient of each output token, in a random direction, with respect to the leaf."""
    n = outputs.shape[0]
    direction = torch.randn(outputs.shape[1:], generator=torch.Generator().manual_seed(5), dtype=outputs.dtype)
    rows = []
    for t in range(n):
        (gradient,) = torch.autograd.grad((outputs[t] * direction).sum(), leaf, retain_graph=True, allow_unused=True)
        rows.append(gradient)
    return rows


def relative_to_row(sizes):
    """Divided by the largest of the row."""
    largest = sizes.amax(dim=1, keepdim=True)
    return torch.where(largest > 0, sizes / largest.clamp_min(1e-300), torch.zeros_like(sizes))


def decide(relative):
    """The boolean matrix of relative sizes (token, token); fails if the cut is in doubt."""
    doubtful = relative[(relative <= ZERO) & (relative > NOISE)]
    if len(doubtful):
        raise ArithmeticError(f"derivatives between zero and not zero: {doubtful}")
    return relative > ZERO


class Torch:
    """A module of PyTorch. `build(module of the file, n)` makes it, `inputs(n)` its arguments, `of` the one whose tokens are asked about.

    `width`: the input is vectors of that width, else indices. `order`: the axes of input and output. `output`: the module whose output is
    looked at, else the model's. `embedded`: the module whose output is the input's tokens. `outputs`: which outputs are those of tokens.
    `side`: how many tokens attend, where others join them; `front`: so many of the others are before the input's, and masks are recorded
    with them behind, as in specifications. `flat`: the tokens of the input are a grid.
    """

    def __init__(self, name, build, width=None, order="batch", sizes=SIZES, by=None, output=None, inputs=None, of=0, embedded=None, outputs=None, side=lambda n: n, front=0, flat=False):
        self.name, self.build, self.width, self.order, self.sizes, self.by = name, build, width, order, sizes, by
        self.output, self.inputs, self.of, self.embedded, self.outputs, self.side, self.front, self.flat = output, inputs, of, embedded, outputs, side, front, flat

    def arguments(self, n, seed):
        generator = torch.Generator().manual_seed(100 + seed)
        if self.inputs:
            return self.inputs(n, generator)
        shape = (1, n) if self.order == "batch" else (n, 1)
        if self.width is None:
            return (torch.randint(1, 29, shape, generator=generator),)
        return (torch.randn(*shape, self.width, generator=generator, dtype=torch.float64),)

    def measure(self, module, n):
        global calls
        visible, undefined, masks = None, set(), None
        for seed in range(DRAWS):
            torch.manual_seed(seed)
            model = self.build(module, n).double().eval()
            scramble(model, seed)
            arguments = list(self.arguments(n, seed))
            target = arguments[self.of]
            caught = []
            if self.embedded is not None:
                leaf = []

                def take(_module, _inputs, output, leaf=leaf):
                    leaf.append(output.detach().requires_grad_())
                    return leaf[0]

                model.get_submodule(self.embedded).register_forward_hook(take)
            elif target.dtype == torch.long:
                leaf = leaf_at(model, target)
            else:
                arguments[self.of] = target.requires_grad_()
                leaf = [arguments[self.of]]
            if self.output is not None:
                model.get_submodule(self.output).register_forward_hook(lambda _m, _i, output: caught.append(output))
            calls = []
            result = model(*arguments)
            found, calls = calls, None
            if caught:
                result = caught[-1]
            while isinstance(result, (tuple, list)):
                result = result[0]
            points = leaf[0]
            outputs = result[0] if self.order == "batch" else result[:, 0]
            if self.outputs is not None:
                outputs = outputs[self.outputs(n)]
            gradients = gradients_of(outputs, points)
            finite = ~outputs.isnan().any(dim=-1)
            undefined |= {t for t in range(len(outputs)) if not finite[t]}
            sizes = torch.stack([(torch.zeros_like(points) if g is None else g) for g in gradients])
            if self.flat:
                sizes = sizes.flatten(2, -2)
            sizes = (sizes[:, 0] if self.order == "batch" else sizes[:, :, 0]).norm(dim=-1)
            if not undefined:
                relative = relative_to_row(sizes)
                visible = relative if visible is None else torch.maximum(visible, relative)
            square = [c.roll((-self.front, -self.front), (-2, -1)) for c in found if c.shape[-2] == c.shape[-1] == self.side(n)]
            if masks is not None and (len(square) != len(masks) or any(not torch.equal(a, b) for a, b in zip(square, masks))):
                raise ArithmeticError("the masks depend on the data")
            masks = square
        return {
            "visibility": None if undefined else decide(visible).tolist(),
            "undefined": sorted(undefined),
            "masks": [c.tolist() for c in masks],
        }


class Keras(Torch):
    """A model of Keras on PyTorch: as a module of PyTorch, its parameters and its embedding by Keras' own names."""

    def measure(self, module, n):
        global calls
        import keras

        keras.config.set_floatx("float64")
        visible, masks = None, None
        embed = keras.layers.Embedding.call
        for seed in range(DRAWS):
            keras.utils.set_random_seed(seed)
            model = self.build(module, n)
            (argument,) = self.arguments(n, seed)
            leaf = []

            def watched_embedding(layer, inputs, leaf=leaf):
                output = embed(layer, inputs)
                if not leaf and inputs.ndim == 2:
                    leaf.append(output.detach().requires_grad_())
                    return leaf[0]
                return output

            if self.width is not None:
                leaf.append(argument.requires_grad_())
            model(argument.detach())  # makes the weights
            generator = torch.Generator().manual_seed(seed)
            for weight in model.weights:
                noise = torch.randn(tuple(weight.shape), generator=generator, dtype=torch.float64)
                if weight.name in ("gamma", "beta", "bias"):
                    noise = (weight.name == "gamma") + 0.3 * noise
                elif len(weight.shape) >= 2:
                    noise = noise / math.sqrt(weight.shape[0])
                if "seed" not in weight.path:
                    weight.assign(noise)
            calls = []
            keras.layers.Embedding.call = watched_embedding
            try:
                outputs = model(argument)[0]
            finally:
                keras.layers.Embedding.call = embed
            found, calls = calls, None
            sizes = torch.stack([g[0] for g in gradients_of(outputs, leaf[0])]).norm(dim=-1)
            relative = relative_to_row(sizes)
            visible = relative if visible is None else torch.maximum(visible, relative)
            masks = [c.tolist() for c in found if c.shape[-1] == c.shape[-2]]
        return {"visibility": decide(visible).tolist(), "masks": masks}


class Flax:
    """A module of Flax. `build(module of the file, n)` makes it; `nnx`: with random keys."""

    def __init__(self, name, build, width=None, sizes=SIZES, by=None, nnx=False):
        self.name, self.build, self.width, self.sizes, self.by, self.nnx = name, build, width, sizes, by, nnx

    def measure(self, module, n):
        import flax.linen as linen
        import jax
        import numpy
        from flax import nnx

        visible = None
        for seed in range(DRAWS):
            random = numpy.random.default_rng(seed)
            if self.width is None:
                argument = jax.numpy.asarray(random.integers(1, 29, (1, n)))
            else:
                argument = jax.numpy.asarray(random.standard_normal((1, n, self.width)))

            def scrambled(path, value):
                name = jax.tree_util.keystr(path)
                if not jax.numpy.issubdtype(value.dtype, jax.numpy.floating):
                    return value
                noise = random.standard_normal(value.shape)
                if "bias" in name or "scale" in name:
                    return jax.numpy.asarray(("scale" in name) + 0.3 * noise)
                return jax.numpy.asarray(noise / math.sqrt(value.shape[0]))

            points = []  # the embedding's output once it is known, then what stands in its place
            if self.nnx:
                model = self.build(module, n)
                graph, state = nnx.split(model)
                state = jax.tree_util.tree_map_with_path(scrambled, state)
                embed = nnx.Embed.__call__

                def run(replaced):
                    met = []

                    def watched_embed(layer, inputs):
                        output = embed(layer, inputs)
                        if met or inputs.ndim != 2:
                            return output
                        met.append(output)
                        points.append(output)
                        return output if replaced is None else replaced

                    nnx.Embed.__call__ = watched_embed
                    try:
                        return nnx.merge(graph, state)(argument)[0]
                    finally:
                        nnx.Embed.__call__ = embed
            else:
                model = self.build(module, n)
                parameters = jax.tree_util.tree_map_with_path(scrambled, model.init(jax.random.key(seed), argument))

                def run(replaced):
                    met = []

                    def watched_call(call, arguments, options, context):
                        output = call(*arguments, **options)
                        if isinstance(context.module, linen.Embed) and context.method_name == "__call__" and not met:
                            met.append(output)
                            points.append(output)
                            return output if replaced is None else replaced
                        return output

                    if self.width is not None:
                        return model.apply(parameters, argument if replaced is None else replaced)[0]
                    with linen.intercept_methods(watched_call):
                        return model.apply(parameters, argument)[0]

            run(None)
            leaf = argument if self.width is not None else points[0]
            direction = numpy.random.default_rng(5).standard_normal(run(leaf).shape[1:])
            jacobian = jax.jacrev(lambda x: (run(x) * direction).sum(-1))(leaf)
            sizes = torch.tensor(numpy.linalg.norm(numpy.asarray(jacobian, dtype=numpy.float64)[:, 0], axis=-1))
            relative = relative_to_row(sizes)
            visible = relative if visible is None else torch.maximum(visible, relative)
        return {"visibility": decide(visible).tolist()}


class TensorFlowJs:
    """A model of TensorFlow.js, in Node: tokens are replaced and outputs compared, since there is no float64."""

    def __init__(self, name, width=None, sizes=SIZES, by=None):
        self.name, self.width, self.sizes, self.by = name, width, sizes, by

    def measure(self, module, n):
        script = pathlib.Path(__file__).with_name("measure_code_tfjs.mts")
        command = ["npx", "tsx", script, module, self.name, str(n), str(self.width or 0)]
        result = subprocess.run(command, capture_output=True, text=True, cwd=CODE.parent.parent.parent)
        if result.returncode:
            raise RuntimeError(result.stderr[-2000:])
        return {"visibility": [[bit == "1" for bit in row] for row in json.loads(result.stdout.splitlines()[-1])]}


class Mask:
    """A function of masks. `get(module of the file, n)` gives it, for `heads` heads."""

    def __init__(self, name, get=None, heads=1, sizes=SIZES, score=False):
        self.name, self.heads, self.sizes, self.score, self.by = name, heads, sizes, score, None
        self.get = get or (lambda module, n: getattr(module, name))

    def measure(self, module, n):
        function = self.get(module, n)
        if self.score:
            indices = torch.meshgrid(torch.arange(self.heads), torch.arange(n), torch.arange(n), indexing="ij")
            keep = function(torch.zeros(self.heads, n, n), torch.tensor(0), *indices) > MASKED
        else:
            keep = flex.create_mask(function, 1, self.heads, n, n, device="cpu")[0]
        return {"masks": [keep.tolist()]}


# ----------------------------------------------------------------------------------------------------------------------- the files


def model(name, *arguments, **options):
    """A class of the file that is made with its defaults."""
    return Torch(name, lambda module, n: getattr(module, name)(*arguments), **options)


def sized(name, argument, **options):
    """A class of the file whose number of tokens is an argument of its constructor."""
    return Torch(name, lambda module, n: getattr(module, name)(**{argument: n}), by=[argument], **options)


def ids(*shape):
    return lambda n, generator: tuple(torch.randint(1, 29, tuple(n if s is None else s for s in part), generator=generator) for part in shape)


def memory(n, generator):
    return torch.randint(1, 29, (1, n), generator=generator), torch.randn(1, 10, 64, generator=generator, dtype=torch.float64)


BLOCKS = (8, 16, 24)
PYTORCH = {
    "sdpa_causal.py": [model("GPT")],
    "sdpa_bool_window.py": [model("LocalEncoder", sizes=(8, 13, 60))],
    "sdpa_float_mask.py": [model("LanguageModel")],
    "sdpa_flag_branch.py": [model("CharModel")],
    "handwritten_tril_buffer.py": [model("MiniGPT")],
    "mha_causal_flag.py": [model("Decoder")],
    "mha_window_bool.py": [model("WindowModel", width=10, sizes=(8, 24, 140))],
    "mha_bool_inverted.py": [model("Model")],
    "mha_float_mask.py": [model("MusicModel")],
    "mha_set_encoder.py": [model("SetEncoder", width=3)],
    "encoder_layer_stack.py": [model("TextEncoder")],
    "encoder_tutorial_causal.py": [model("TransformerModel", order="token")],
    "encoder_no_positions.py": [model("EventEncoder")],
    "encoder_positions_break_set.py": [model("ParticleEncoder", width=4)],
    "decoder_layer_stack.py": [model("Captioner", inputs=memory)],
    "nn_transformer.py": [
        model("Seq2Seq", inputs=ids((1, 10), (1, None)), of=1),
        Torch("Seq2Seq encoder", lambda m, n: m.Seq2Seq(), inputs=ids((1, None), (1, 10)), output="transformer.encoder"),
    ],
    "encoder_block_mask.py": [model("Document", sizes=(13, 24, 40))],
    "einsum_attention.py": [model("Transformer")],
    "einops_attention.py": [model("AudioLM")],
    "heads_in_a_loop.py": [model("BigramLanguageModel")],
    "qkv_unbind.py": [sized("PatchTransformer", "num_patches", width=48)],
    "qkv_split_heads_first.py": [model("OldGPT2")],
    "window_triu_times_tril.py": [model("BandedLM", sizes=(8, 13, 24))],
    "strictly_causal_mask.py": [model("LanguageModel")],
    "dilated_mask.py": [model("DilatedTransformer", width=2)],
    "block_local.py": [sized("BlockTransformer", "tokens", sizes=BLOCKS)],
    "block_mask_shifted.py": [model("ShiftedBlocks")],
    "strided_sparse.py": [model("SparseTransformer")],
    "longformer_globals.py": [model("LongEncoder", sizes=(8, 24, 48))],
    "global_read_only.py": [model("SinkModel", sizes=(8, 13, 24))],
    "prefix_lm.py": [model("PrefixLM")],
    "per_head_windows.py": [model("MultiScaleEncoder", sizes=(8, 13, 24))],
    "alternating_local_global.py": [model("Encoder", sizes=(8, 24, 40))],
    "rope_rotate_half.py": [model("Llama")],
    "rope_complex.py": [model("RotaryLM")],
    "alibi_bias.py": [model("AlibiLM")],
    "swin_relative_bias.py": [sized("OneWindow", "num_tokens", width=24)],
    "t5_buckets.py": [model("T5Encoder")],
    "clipped_relative_bias.py": [model("RelativeEncoder", width=6)],
    "causal_no_positions_one_layer.py": [model("OneLayer")],
    "no_bias_ffn.py": [model("NoBias")],
    "no_ffn.py": [model("AttentionOnly")],
    "frozen_ffn.py": [sized("FrozenTransformer", "tokens", width=8)],
    "linear_ffn.py": [model("Classifier")],
    "linear_attention_elu.py": [model("LinearTransformer")],
    "linear_attention_cumsum.py": [model("LinearLM")],
    "linear_attention_relu.py": [sized("LinearVision", "patches", width=12)],
    "performer_features.py": [model("Performer")],
    "sigmoid_attention.py": [model("SigmoidLM")],
    "qk_norm.py": [sized("CosineTransformer", "n_tokens", width=16)],
    "multi_query.py": [model("MultiQueryLM")],
    "gqa_enable_flag.py": [model("GroupedDecoder")],
    "vit.py": [
        Torch(
            "VisionTransformer",
            lambda m, n: m.VisionTransformer(img_size=8 * math.isqrt(n)),
            by=["img_size"], sizes=(4, 9, 25), embedded="patch_embed", output="norm", outputs=lambda n: slice(1, None), side=lambda n: n + 1,
            inputs=lambda n, g: (torch.randn(1, 3, 8 * math.isqrt(n), 8 * math.isqrt(n), generator=g, dtype=torch.float64),),
        )
    ],
    "encoder_decoder_cross.py": [
        model("Translator", inputs=ids((1, 10), (1, None)), of=1),
        Torch("Translator encoder", lambda m, n: m.Translator(), inputs=ids((1, None), (1, 10)), output="encoder.1"),
    ],
    "parallel_block.py": [model("ParallelLM")],
    "albert_shared.py": [model("Albert")],
    "sequential_blocks.py": [model("SequentialEncoder")],
    "argparse_defaults.py": [Torch("Decoder", lambda m, n: m.Decoder(m.get_parser().parse_args([])))],
    "dict_config.py": [model("GPTModel")],
    "simplenamespace_config.py": [model("NarrowDecoder")],
    "factory_functions.py": [
        model("model_tiny", width=3, sizes=(40,)),
        Torch("model_small", lambda m, n: m.model_small(num_tokens=n), by=["num_tokens"], width=3),
    ],
    "padding_mask_argument.py": [model("PaddedEncoder")],
    "inherited_modules.py": [model("CausalModel"), model("LocalModel", sizes=(8, 24, 44))],
    "bert_post_norm.py": [model("BertModel")],
    "mask_argument_answered.py": [
        Torch("Answered", lambda m, n: m.Answered(), inputs=lambda n, g: (*ids((1, None))(n, g), nn.Transformer.generate_square_subsequent_mask(n).double()))
    ],
    "causal_set_declared.py": [model("CausalSet", width=7)],
    "ring_window.py": [model("RingModel", width=4)],
    "ring_window_open.py": [model("OpenRing", width=4, sizes=(8, 13, 16))],
    "adjacency_literal.py": [model("GraphModel", width=4, sizes=(6,))],
    "alternating_group.py": [model("Tetrahedron", width=3, sizes=(4,))],
    "reverse_without_positions.py": [model("Reverser", width=4, sizes=(6, 13, 24))],
    "learned_query_memory.py": [sized("MemoryModel", "tokens", side=lambda n: n + 4)],
    "memory_and_window.py": [sized("GlobalMemory", "tokens", side=lambda n: n + 2, front=2)],
    "memory_not_read.py": [sized("WriteOnlyMemory", "tokens", side=lambda n: n + 2, front=2)],
    "tokens_unknown.py": [model("AnyLength", sizes=(8, 24, 40))],
    "gemma_like_mixed.py": [model("Mixed")],
    "rope_stacked_pairs.py": [model("RotaryEncoder", width=9)],
    "causal_declared_full.py": [model("Tagger")],
    "mask_by_loops.py": [model("LoopMasked", sizes=(8, 24, 40))],
    "mask_numpy_triu.py": [model("TutorialDecoder")],
    "mask_block_diag.py": [model("ChunkEncoder", sizes=(32,))],
    "mask_off_diagonal.py": [model("Others", width=5)],
    "cache_branch.py": [model("CachedLM")],
    "both_directions.py": [model("TwoWay")],
    "linformer_projection.py": [sized("Linformer", "seq_len")],
    "axial_rows_columns.py": [
        Torch(
            "AxialTransformer",
            lambda m, n: m.AxialTransformer(width=n // 4),
            by=["width"], sizes=(8, 12, 24), embedded="embed", flat=True,
            inputs=lambda n, g: (torch.randn(1, 4, n // 4, 3, generator=g),),
        )
    ],
    "gaussian_kernel.py": [model("GaussianModel", width=3)],
    "no_bias_but_norm.py": [model("NoBiasGPT")],
    "positions_shared_by_pairs.py": [model("PairwisePositions", sizes=(8, 12, 16))],
    "flex_mixed_modules.py": [model("MixedFlex", sizes=(8, 24, 32))],
    "flex_module.py": [model("FlexGPT", sizes=(8, 24, 40))],
    "flex_relative_bias.py": [model("RelativeFlexEncoder", width=6)],
}
MASKS = {
    "flex_causal.py": [Mask("causal")],
    "flex_sliding_window.py": [Mask("sliding_window_causal")],
    "flex_generate_sliding_window.py": [Mask("mask_mod")],
    "flex_symmetric_window.py": [Mask("near")],
    "flex_prefix_lm.py": [Mask("prefix_lm_causal", sizes=(13, 24, 30))],
    "flex_global_tokens.py": [Mask("longformer", sizes=(13, 24, 40))],
    "flex_dilated.py": [Mask("dilated_sliding_window")],
    "flex_blocks.py": [Mask("block_diagonal", sizes=(13, 40, 70))],
    "flex_document_table.py": [Mask("document_causal_mask", sizes=(7, 12, 16))],
    "flex_document_offsets.py": [Mask("packed")],
    "flex_natten_1d.py": [Mask("natten_1d", sizes=(13, 24, 40))],
    "flex_natten_2d.py": [Mask("natten_2d", sizes=(13, 24, 64))],
    "flex_per_head.py": [Mask("per_head_window", heads=4, sizes=(8, 24, 40))],
    "flex_head_table.py": [Mask("mixed_heads", heads=4)],
    "flex_where_parity.py": [Mask("see_saw", sizes=(8, 14, 24))],
    "flex_strided.py": [Mask("fixed_pattern")],
    "flex_strictly_before.py": [Mask("strictly_before")],
    "flex_not_self.py": [Mask("mask")],
    "flex_and_or.py": [Mask("combined", sizes=(13, 24, 48))],
    "flex_boolean_words.py": [Mask("anchored", sizes=(13, 24, 48))],
    "flex_alibi.py": [Mask("causal_mask")],
    "flex_score_causal.py": [Mask("causal_score", score=True)],
    "flex_no_comment.py": [Mask("local_causal", sizes=(8, 24, 70))],
    "flex_python_if.py": [Mask("scales", heads=3)],
    "flex_ignored.py": [],
}
OTHERS = {
    "xt_decoder.py": [Torch("model", lambda m, n: m.model)],
    "xt_encoder_rotary.py": [Torch("encoder", lambda m, n: m.encoder)],
    "xt_alibi_decoder.py": [model("make_model")],
    "xt_rel_pos_encoder.py": [model("Tagger")],
    "xt_continuous.py": [Torch("model", lambda m, n: m.model, width=8)],
    "xt_window.py": [Torch("model", lambda m, n: m.model, sizes=(8, 13, 60))],
    "xt_only_attention.py": [Torch("model", lambda m, n: m.model)],
    "keras_functional.py": [Keras("build_model", lambda m, n: m.build_model(length=n), by=["length"])],
    "keras_causal_subclass.py": [Keras("MiniDecoder", lambda m, n: m.MiniDecoder())],
    "keras_window_mask.py": [Keras("build_model", lambda m, n: m.build_model(length=n), by=["length"], width=6)],
    "keras_no_positions.py": [Keras("build_model", lambda m, n: m.build_model(length=n), by=["length"], width=4)],
    "flax_linen_causal.py": [Flax("Decoder", lambda m, n: m.Decoder())],
    "flax_self_attention.py": [Flax("Encoder", lambda m, n: m.Encoder(tokens=n), by=["tokens"], width=5)],
    "flax_window_dot_product.py": [Flax("LocalModel", lambda m, n: m.LocalModel())],
    "flax_nnx_encoder.py": [Flax("Encoder", lambda m, n: m.Encoder(rngs=nnx_keys()), nnx=True)],
    "jax_hand_written.py": [Flax("GPT", lambda m, n: m.GPT())],
    "tfjs_custom_layer.js": [TensorFlowJs("buildModel", width=8, by=["tokens"])],
    "tfjs_causal_layer.ts": [TensorFlowJs("decoder", sizes=(24,))],
    "tfjs_no_activation.js": [TensorFlowJs("build", width=16, by=["tokens"])],
    "xt_memory_kv.py": [Torch("model", lambda m, n: m.model)],
    "notebook_gpt.ipynb": [model("GPT")],
    "notebook_window.ipynb": [model("LocalModel", width=3)],
}
CASES = {**PYTORCH, **MASKS, **OTHERS}

# ------------------------------------------------------------------------------------------------------------------- measuring


def nnx_keys():
    from flax import nnx

    return nnx.Rngs(0)


def load(path):
    """The module of a file; of a notebook, its cells one after another, without the lines that IPython alone understands."""
    if path.suffix in (".js", ".ts"):
        return str(path)
    if path.suffix == ".ipynb":
        cells = [cell["source"] for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
        module = types.ModuleType(path.stem)
        exec("".join(line for cell in cells for line in [*cell, "\n"] if line[0] not in "%!"), module.__dict__)
        return module
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def rows(matrix):
    return " ".join("".join("1" if bit else "0" for bit in row) for row in matrix)


def read_measured():
    path = CODE / "measured.json"
    return json.loads(path.read_text()) if path.exists() else {"matrices": {}, "files": {}}


def digest(name):
    return hashlib.sha256((CODE / name).read_bytes()).hexdigest()


def name_of(text):
    """A name for a matrix: its side and the first letters of its hash."""
    return f"{len(text.split(' '))}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def heads_as_one(call, pool):
    texts = [rows(head) for head in call]
    names = [name_of(text) for text in texts]
    pool.update(zip(names, texts))
    return names[0] if len(set(names)) == 1 else names


def measure(name, cases):
    """The entry of a file, and the matrices it speaks of."""
    pool, entry = {}, {"sha256": digest(name), "measured": []}
    module = load(CODE / name)
    for case in cases:
        for n in case.sizes:
            found = case.measure(module, n)
            result = {"name": case.name, "tokens": n, "by": case.by or "input"}
            if "visibility" in found:
                result["visibility"] = None
                if found["visibility"] is not None:
                    text = rows(found["visibility"])
                    result["visibility"] = name_of(text)
                    pool[name_of(text)] = text
            if found.get("undefined"):
                result["undefined"] = found["undefined"]
            if found.get("masks"):
                result["masks"] = [heads_as_one(call, pool) for call in found["masks"]]
            entry["measured"].append(result)
    return entry, pool


def write(files, pool):
    def names(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            for part in value:
                yield from names(part)

    used = {n for entry in files.values() for m in entry["measured"] for n in names([m.get("visibility") or [], m.get("masks") or []])}
    lines = [
        "{",
        f'"tools": {json.dumps({tool: version(tool) for tool in ("torch", "keras", "jax", "flax", "x-transformers", "einops", "numpy")})},',
        '"matrices": {',
        ",\n".join(f"{json.dumps(key)}: {json.dumps(pool[key])}" for key in sorted(used, key=lambda k: (int(k.split("-")[0]), k))),
        "},",
        '"files": {',
        ",\n".join(
            f'{json.dumps(name)}: {{"sha256": "{entry["sha256"]}", "measured": [\n'
            + ",\n".join("  " + json.dumps(m) for m in entry["measured"])
            + "]}"
            for name, entry in sorted(files.items())
        ),
        "}",
        "}",
    ]
    (CODE / "measured.json").write_text("\n".join(lines) + "\n")


# ----------------------------------------------------------------------------------------------------- what is expected of readers


def pairs_of(pattern, n, registers):
    """The boolean matrix of a pattern of the specification, registers behind the tokens: as far as expected.json uses them."""
    every = numpy.arange(n + registers)
    q, k = numpy.meshgrid(every, every, indexing="ij")
    if pattern in (None, "full"):
        return q >= 0
    tokens = (q < n) & (k < n)
    if pattern == "causal":
        return (k <= q) & tokens
    ((kind, value),) = pattern.items()
    if kind == "window":
        options = {"left": value, "right": value} if isinstance(value, int) else value
        left, right, step = options.get("left", 0), options.get("right", 0), options.get("dilation", 1)
        if options.get("circular"):
            return numpy.isin((k - q) % n, [step * o % n for o in range(-left, right + 1)]) & tokens
        return ((k - q) % step == 0) & (k - q <= right * step) & (q - k <= left * step) & tokens
    if kind == "block":
        size, shift = (value, 0) if isinstance(value, int) else (value["size"], value.get("shift", 0))
        return ((q - shift) // size == (k - shift) // size) & tokens
    if kind == "strided":
        return ((abs(q - k) < value) | ((q - k) % value == 0)) & tokens
    if kind == "fixed":
        return ((q // value == k // value) | (k % value == value - 1)) & tokens
    if kind == "global":
        return numpy.isin(q, value) | numpy.isin(k, value)
    if kind == "longformer":
        return ((abs(q - k) <= value["window"]) & tokens) | numpy.isin(q, value["globals"]) | numpy.isin(k, value["globals"])
    if kind == "edges":
        return numpy.isin(q * len(every) + k, [a * len(every) + b for a, b in value])
    if kind == "not":
        return ~pairs_of(value, n, registers)
    if kind == "any":
        return functools.reduce(numpy.logical_or, (pairs_of(part, n, registers) for part in value))
    if kind == "expression":
        text = re.sub(r"^(.*) \? (.*) : (.*)$", r"(\2) if (\1) else (\3)", value).replace("||", "or").replace("&&", "and")
        return numpy.array([[bool(eval(text, {"abs": abs, "min": min, "max": max}, {"q": a, "k": b, "n": n})) for b in every] for a in every])
    raise ValueError(kind)


def layers_of(spec, n):
    """For every layer its heads' matrices, those that are alike once."""
    for block in spec["layers"]:
        attention = block["attention"]
        heads = attention.get("heads", 1)
        groups = heads if isinstance(heads, list) else [attention]
        yield from [[pairs_of(group.get("pattern"), n, spec.get("registers", 0)) for group in groups]] * block.get("repeat", 1)


def text_of(name):
    text = (CODE / name).read_text()
    if name.endswith(".ipynb"):
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    return text


def check():
    """Says what does not fit: places that are not in the sources, stale measurements, specifications that are not what was measured."""
    expected, measured = json.loads((CODE / "expected.json").read_text()), read_measured()
    problems = [f"{name}: nothing is expected of it" for name in sources() if name not in expected]
    compared = 0
    for name, entry in expected.items():
        text = text_of(name)
        for finding in entry["findings"]:
            problems += [f"{name}: no {at!r}" for at in finding["at"] if at not in text]
        found = measured["files"].get(name)
        if found and found["sha256"] != digest(name):
            problems.append(f"{name}: changed since it was measured")
        for m in found["measured"] if found else []:
            models = [model for model in entry.get("models", []) if model["name"] == m["name"]]
            if not models and "visibility" not in m:
                models = entry.get("models", [])
            if not models:
                if "models" in entry:
                    print(f"{name}: {m['name']} was measured, nothing is expected of it")
                continue
            n, layers = m["tokens"], list(layers_of(models[0]["spec"], m["tokens"]))
            compared += 1
            if m.get("visibility") and not any(finding["code"] == "UAP103" for finding in entry["findings"]):
                itself = numpy.eye(n + models[0]["spec"].get("registers", 0), dtype=bool)
                sees = itself
                for heads in layers:
                    step = functools.reduce(numpy.logical_or, heads) | itself
                    sees = step.astype(int) @ sees.astype(int) > 0
                if rows(sees[:n, :n]) != measured["matrices"][m["visibility"]]:
                    problems.append(f"{name}: visibility of {n} tokens")
            masks = m.get("masks", [])
            if "visibility" not in m:
                masks, layers = masks[:1], layers[:1]
            for i, call in enumerate(masks):
                heads = layers[i * len(layers) // len(masks)]
                want = [name_of(rows(matrix)) for matrix in heads]
                if len(layers) <= len(masks) and (call if isinstance(call, list) else [call] * len(want)) != want:
                    problems.append(f"{name}: mask {i} of {n} tokens")
    print(f"{len(expected)} files, {compared} measurements compared")
    sys.exit("\n".join(problems) or 0)


def sources():
    return sorted(p.name for p in CODE.iterdir() if p.suffix in (".py", ".js", ".ts", ".mts", ".ipynb"))


def main(arguments):
    if arguments == ["check"]:
        check()
    watch()
    torch.set_default_dtype(torch.float64)
    old = read_measured()
    files, pool = {}, dict(old["matrices"])
    again = set(CASES) if arguments == ["all"] else set(arguments)
    failed = []
    for name, cases in CASES.items():
        if name not in again and old["files"].get(name, {}).get("sha256") == digest(name):
            files[name] = old["files"][name]
            continue
        try:
            files[name], matrices = measure(name, cases)
            pool.update(matrices)
            print(name, len(files[name]["measured"]), flush=True)
        except Exception as error:  # noqa: BLE001: the others are measured all the same
            failed.append(name)
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
    write(files, pool)
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(sys.argv[1:])
