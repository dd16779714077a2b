"""What would a configuration for the models in a folder say?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.records import BuildLists
from kernel_index.shipped import minor_of
from kernel_index.whole_files import write_whole
from opselect.config_file import parse_config
from opselect.config_file.config import DEFAULT_OUT
from opselect.config_file.merging import relative
from opselect.config_file.write import FirstConfig, FirstModel, first_config
from opselect.models.formats.recognize import TFLITE
from opselect.targets import Target
from opselect.usecases.find_models import FoundModel, FoundModels, find_models
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource
from opselect.usecases.open_kernels import newest_release, open_kernels, profile_of
from opselect.usecases.watch import NOBODY, Watch


@dataclass(frozen=True, slots=True)
class InitializedConfig:
    """A configuration for models that were found; ``text`` is empty where there are none."""

    found: FoundModels
    text: str = ""


def init_config(
    folder: str, path: str, source: KernelSource, profile: str = DEFAULT_PROFILE, watch: Watch = NOBODY
) -> InitializedConfig:
    """The text of a configuration at ``path`` for the models in a folder. Nothing is written.

    Without a TensorFlow it is for the newest release that is shipped; its targets are the manifest and the build files
    that the TensorFlow has lists for, or where all its models are of TensorFlow Lite what CMake needs. Models of ONNX
    Runtime and ExecuTorch have targets of their own, and where there are no others no TensorFlow is named.
    Raises InputError for what cannot be read, OpselectError for a release that is not shipped.
    """
    found = find_models(folder)
    if not source.given:
        # Spelled with its patch release it would be another one after an upgrade of opselect.
        source = KernelSource(minor_of(newest_release()))
    index = open_kernels(source, watch=watch)
    profile_of(index, profile)
    if not found.models:
        return InitializedConfig(found)
    its = [model for model in found.models if model.format not in _TARGETS]
    base = str(Path(path).parent)
    config = FirstConfig(
        [_first(model, folder, base) for model in found.models],
        _source(source, base) if its else None,
        profile,
        [
            *(_targets(its, index.build_lists, profile) if its else ()),
            *(_TARGETS[name] for name in sorted({model.format for model in found.models} & _TARGETS.keys())),
        ],
        DEFAULT_OUT,
        found.passed_over,
    )
    text = first_config(config)
    parse_config(text.encode(), path)
    return InitializedConfig(found, text)


_TARGETS: dict[str, Target] = {"onnx": "onnxruntime", "executorch": "executorch"}
"""What is written from models of other runtimes than TensorFlow's, by their formats."""


def _targets(models: Sequence[FoundModel], lists: BuildLists, profile: str) -> list[Target]:
    if all(model.format == TFLITE for model in models):
        return ["registration", "tflite-cmake"]
    targets: list[Target] = ["manifest"]
    if lists.groups and profile.partition("+")[0] != "desktop":
        targets.append("bazel")
    if lists.makefile:
        targets.append("makefile")
    return targets


def check_free(path: str) -> None:
    """Raises InputError where there is something at the path of a new configuration."""
    if os.path.lexists(path):
        raise InputError(path, "is there already", "Overwrite it with --force, or write elsewhere with -o FILE.")


def write_config(path: str, text: str) -> None:
    """Writes a configuration. Raises InputError where it cannot be written."""
    try:
        write_whole(path, text.encode(), durable=True)
    except OSError as error:
        raise InputError(path, f"cannot be written: {error.strerror}") from error


def _first(model: FoundModel, folder: str, base: str) -> FirstModel:
    remarks = [model.format]
    if model.signatures:
        remarks.append(f"signatures: {', '.join(model.signatures)}")
    if model.other_tags:
        remarks.append(f"other tags: {' or '.join(','.join(tags) for tags in model.other_tags)}")
    path = relative(str(Path(folder, model.path)), base)
    return FirstModel(path, model.tags, ("; ".join(remarks),))


def _source(source: KernelSource, base: str) -> tuple[str, str]:
    if source.release is not None:
        return "tensorflow", source.release
    if source.tree is not None:
        return "tree", relative(str(source.tree), base)
    return "index", relative(str(source.index_file), base)
