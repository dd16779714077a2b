"""Are a checkout, a configuration and models what they seem to be?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from kernel_index import shipped
from kernel_index.errors import InputError, OpselectError
from opselect.usecases.examined import Examined

_MAX_MODELS = 20
"""Maximum number of models of a configuration that are read: those named on the command line are all."""


def examine_tree(tree: Path) -> Iterator[Examined]:
    """The release of a checkout, and the build lists that are found in it."""
    from kernel_index.build_files.lists import read_build_lists
    from kernel_index.source_tree import version

    try:
        release = version(tree)
        lists, problems = read_build_lists(tree)
    except OpselectError as error:
        yield _refused("checkout", str(tree), error)
        return
    minor = shipped.minor_of(release)
    known = minor in map(shipped.minor_of, shipped.releases())
    yield Examined(
        "ok" if known else "note",
        "checkout",
        str(tree),
        f"TensorFlow {release}" + ("" if known else ", whose release has no shipped index"),
        "" if known else f"Shipped are {shipped.spans()}: answers about this checkout are by scanning it.",
    )
    found = [f"{len(lists.groups)} groups of tensorflow/core/kernels/BUILD"] if lists.groups else []
    if lists.makefile:
        found.append(f"the list of the makefile with {len(lists.makefile)} files")
    if found:
        yield Examined("ok", "checkout", "build lists", " and ".join(found))
    else:
        yield Examined(
            "note",
            "checkout",
            "build lists",
            "there are none for mobile builds",
            "generate --target header, list and cmake do without.",
        )
    if problems:
        yield Examined(
            "note",
            "checkout",
            "build lists",
            f"{len(problems)} remarks, the first: {problems[0]}",
            f"All of them: opselect check --tree {tree}",
        )


def examine_config(path: str) -> Iterator[Examined]:
    """Whether a configuration is valid, and the models that it names can be read."""
    from opselect.config_file import read_config
    from opselect.usecases.config_models import named_inputs

    try:
        config = read_config(path)
        named = named_inputs(config)
    except OpselectError as error:
        yield _refused("configuration", path, error)
        return
    counts = f"{len(named.models)} models, {len(config.targets)} targets"
    yield Examined("ok", "configuration", path, counts)
    models = [model.path for model in named.models]
    yield from examine_models(models[:_MAX_MODELS])
    if len(models) > _MAX_MODELS:
        yield Examined(
            "note",
            "models",
            f"{len(models) - _MAX_MODELS} more",
            "were not read here",
            "opselect requirements reads all that are named.",
        )


def examine_models(paths: Sequence[str]) -> Iterator[Examined]:
    """Of which kind models are, or why they cannot be read. Nothing is fetched."""
    from opselect.usecases.find_models import FoundModel, look_into

    for path in paths:
        if "://" in path:
            yield Examined("note", "models", path, "was not fetched", "opselect inspect reads it.")
            continue
        if not os.path.lexists(path) and "!" not in path:
            yield Examined("problem", "models", path, "there is no such file", "Name the path of a model.")
            continue
        folder, name = os.path.split(path)
        found = look_into(folder or os.curdir, name) if name else look_into(path, os.curdir)
        if not isinstance(found, FoundModel):
            yield Examined("problem", "models", path, found, f"opselect inspect {path} says more.")
        elif found.format == "onnx" and find_spec("onnx") is None:
            yield Examined(
                "problem", "models", path, "an ONNX model, which cannot be read here", "pip install 'opselect[onnx]'"
            )
        else:
            yield Examined("ok", "models", path, _KINDS.get(found.format, found.format))


_KINDS = {
    "graphdef": "a GraphDef",
    "meta_graph": "a MetaGraphDef",
    "saved_model": "a SavedModel",
    "checkpoint": "a checkpoint with its graph",
    "tflite": "a TensorFlow Lite model",
    "onnx": "begins as an ONNX model does",
    "executorch": "begins as an ExecuTorch program does",
}


def _refused(area: str, name: str, error: OpselectError) -> Examined:
    if isinstance(error, InputError):
        return Examined("problem", area, name, error.problem, error.advice)
    first, _, rest = str(error).partition("\n")
    return Examined("problem", area, name, first, " ".join(rest.split()))
