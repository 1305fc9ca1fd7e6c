"""Runs what architectures are exported as, and measures it from outside.

    npx tsx test/corpus/tools/write_exports.ts DIRECTORY
    pip install torch==2.15.0 jax==0.10.2 numpy
    python test/corpus/tools/measure_exports.py DIRECTORY        # or, in several processes, DIRECTORY 0/3, 1/3, 2/3

What was measured before is kept in the directory. Writes ../designs/exports.json when all is. Of every file, in float64:

- `passes`: the exit status of its own checks is 0, the file being run as a program in a process of its own;
- `symmetries`: of all n! permutations of the tokens, how many the outputs commute with (an error below 1e-9 of the largest output). `symmetric` is the
  largest error of those, `other` the smallest of all others, null where there are none;
- `visible`: whether each output depends on exactly the tokens that the theory says: where the derivative is not zero in one of eight samples, or with
  flex_attention, which has no derivative on a CPU, where the output changes with the token;
- `agreement`: the largest difference to the outputs of the PyTorch file at the same parameters, relative to the largest output.
"""
import hashlib
import itertools
import json
import os
import pathlib
import runpy
import sys
import warnings
from importlib.metadata import version

os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"
# Compiling takes longer than computing.
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
warnings.filterwarnings("ignore")

import numpy
import torch
import torch.nn.attention.flex_attention

DESIGNS = pathlib.Path(__file__).resolve().parent.parent / "designs"


def own_checks(file):
    """Whether the file, run as a program, ends with status 0."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            runpy.run_path(str(file), run_name="__main__")
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def the_class(module):
    """The class of the whole model: the last that the file defines."""
    return [value for value in module.values() if isinstance(value, type) and issubclass(value, torch.nn.Module)][-1]


def symmetries(run, x):
    n = x.shape[1]
    orders = numpy.array(list(itertools.permutations(range(n))))
    y = run(x)
    errors = numpy.zeros(len(orders))
    for sample, outputs in zip(x, y):
        errors = numpy.maximum(errors, abs(run(sample[orders]) - outputs[orders]).max(axis=(1, 2)))
    errors /= abs(y).max()
    below = errors < 1e-9
    return {
        "symmetries": int(below.sum()),
        "symmetric": float(f"{errors[below].max():.1e}"),
        "other": float(f"{errors[~below].min():.1e}") if not below.all() else None,
    }


def by_changes(run, x):
    y, columns = run(x), []
    for r in range(x.shape[1]):
        changed = x.copy()
        changed[:, r] = numpy.random.default_rng(r).standard_normal(changed[:, r].shape)
        columns.append((run(changed) != y).any(axis=(0, 2)))
    return numpy.stack(columns, axis=1).tolist()


def torch_model(file):
    torch.manual_seed(1)
    return the_class(runpy.run_path(str(file)))()


def measured_torch(model, x, has_derivative):
    def run(samples):
        with torch.no_grad():
            return model(torch.from_numpy(samples)).numpy()

    if has_derivative:
        jacobian = torch.autograd.functional.jacobian(lambda s: model(s).sum(dim=0), torch.from_numpy(x))
        depends = (jacobian != 0).numpy().any(axis=(1, 2, 4)).tolist()
    else:
        depends = by_changes(run, x)
    return {**symmetries(run, x[:2]), "depends": depends}, run(x)


def jax_parameters(state, params, path=()):
    """The parameters of PyTorch in the shape of JAX's."""
    import jax.numpy as jnp

    if isinstance(params, dict):
        return {key: jax_parameters(state, value, (*path, key)) for key, value in params.items()}
    if isinstance(params, list):
        return [jax_parameters(state, value, (*path, str(i))) for i, value in enumerate(params)]
    name = ".".join(path)
    for own in (name, f"{name}.weight", f"{name.removesuffix('_bias')}.bias"):
        if own in state:
            value = state[own].numpy()
            value = value.T if own == f"{name}.weight" else value
            assert value.shape == params.shape, (name, value.shape, params.shape)
            return jnp.array(value)
    raise KeyError(name)


def measured_jax(file, state, x):
    import jax

    module = runpy.run_path(str(file))
    params = jax_parameters(state, module["init"](jax.random.key(0)))
    run = jax.jit(lambda s: module["apply"](params, s))
    jacobian = jax.jit(jax.jacrev(lambda s: run(s).sum(axis=0)))(x)
    depends = (numpy.asarray(jacobian) != 0).any(axis=(1, 2, 4)).tolist()
    return {**symmetries(lambda s: numpy.asarray(run(s)), x[:2]), "depends": depends}, numpy.asarray(run(x))


def measured(one, folder, passes):
    x = numpy.random.default_rng(7).standard_normal((8, one["tokens"], one["width"]))
    files = {format: folder / file for format, file in one["files"].items()}
    model = torch_model(files["pytorch"])
    found = {"pytorch": measured_torch(model, x, True)}
    if "flex-attention" in files:
        flex = torch_model(files["flex-attention"])
        flex.load_state_dict(model.state_dict())
        found["flex-attention"] = measured_torch(flex, x, False)
    if "jax" in files:
        try:
            runpy.run_path(str(files["jax"]), run_name="__main__")
        except SystemExit as end:
            passes["jax"] = end.code == 0
        found["jax"] = measured_jax(files["jax"], model.state_dict(), x)
    reference = found["pytorch"][1]
    return {
        format: {
            "sha256": digest(files[format]),
            "passes": passes[format],
            **{key: value for key, value in numbers.items() if key != "depends"},
            "visible": numbers["depends"] == one["sees"],
            "agreement": float(f"{abs(outputs - reference).max() / abs(reference).max():.1e}"),
        }
        for format, (numbers, outputs) in found.items()
    }


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main(folder, part="0/1"):
    manifest = json.loads((folder / "manifest.json").read_text())
    index, parts = (int(number) for number in part.split("/"))

    def kept(one):
        """What is known of an export, if its texts are the same."""
        file = folder / (one["files"]["pytorch"] + ".json")
        known = json.loads(file.read_text()) if file.exists() else {}
        hashes = {format: digest(folder / own) for format, own in one["files"].items()}
        return known if hashes == {format: numbers["sha256"] for format, numbers in known.items()} else None

    torch.set_num_threads(1)
    todo = [one for one in manifest[index::parts] if kept(one) is None]
    # Programs of their own: children are made before JAX has threads.
    passes = {
        one["id"]: {format: own_checks(folder / file) for format, file in one["files"].items() if format != "jax"}
        for one in todo
    }
    import jax  # noqa: F401

    torch.set_default_dtype(torch.float64)
    for one in todo:
        numbers = measured(one, folder, passes[one["id"]])
        print(one["id"], one["order"], numbers, flush=True)
        (folder / (one["files"]["pytorch"] + ".json")).write_text(json.dumps(numbers))
    results = {one["id"]: {"order": one["order"], **numbers} for one in manifest if (numbers := kept(one)) is not None}
    if len(results) < len(manifest):
        return
    versions = {name: version(name) for name in ("torch", "jax", "numpy")}
    rows = [f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in results.items()]
    text = '{\n  "versions": ' + json.dumps(versions) + ',\n  "exports": {\n' + ",\n".join(rows) + "\n  }\n}\n"
    (DESIGNS / "exports.json").write_text(text)


main(pathlib.Path(sys.argv[1]), *sys.argv[2:3])
