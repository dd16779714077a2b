"""Models in, texts for builds of TensorFlow Lite out."""

from __future__ import annotations

from collections.abc import Sequence

from opselect.build_lists.lite.bazel import bazel_text, bazel_warnings
from opselect.build_lists.lite.cmake import cmake_text, cmake_warnings
from opselect.build_lists.lite.options import LiteOptions
from opselect.build_lists.lite.registration import registration_text
from opselect.lite.operators import LiteModel
from opselect.targets import Target, kind_of


def render_lite(target: Target, models: Sequence[LiteModel], options: LiteOptions) -> dict[str, str]:
    """The file of a target that asks for the models alone: name → text. Same models, same bytes.

    Raises InputError for an operator that the output cannot have.
    """
    writer = {"registration": registration_text, "tflite-bazel": bazel_text, "tflite-cmake": cmake_text}[target]
    return {kind_of(target).file: writer(models, options)}


def lite_warnings(target: Target, models: Sequence[LiteModel], options: LiteOptions) -> tuple[str, ...]:
    """What a user should know when this target is written of these models, a sentence each."""
    warn = {"tflite-bazel": bazel_warnings, "tflite-cmake": cmake_warnings}.get(target)
    return warn(models, options) if warn else ()
