"""Models in, texts for builds of TensorFlow Lite out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opselect.build_lists.lite.bazel import bazel_text, bazel_warnings
from opselect.build_lists.lite.cmake import cmake_text, cmake_warnings
from opselect.build_lists.lite.micro_resolver import micro_resolver_findings, micro_resolver_text
from opselect.build_lists.lite.options import LiteOptions
from opselect.build_lists.lite.registration import registration_text, registration_warnings
from opselect.findings import Finding
from opselect.lite.operators import LiteModel
from opselect.targets import Target, kind_of


def render_lite(target: Target, models: Sequence[LiteModel], options: LiteOptions) -> dict[str, str]:
    """The file of a target that asks for the models alone: name → text. Same models, same bytes.

    Raises InputError for an operator that the output cannot have.
    """
    return {kind_of(target).file: _WRITERS[target](models, options)}


_WRITERS: dict[Target, Callable[[Sequence[LiteModel], LiteOptions], str]] = {
    "registration": registration_text,
    "tflm-resolver": micro_resolver_text,
    "tflite-bazel": bazel_text,
    "tflite-cmake": cmake_text,
}


def lite_findings(target: Target, models: Sequence[LiteModel], options: LiteOptions) -> tuple[Finding, ...]:
    """What the models have that the file of a target cannot have; none where it is written in full."""
    return micro_resolver_findings(models, options) if target == "tflm-resolver" else ()


def lite_warnings(target: Target, models: Sequence[LiteModel], options: LiteOptions) -> tuple[str, ...]:
    """What a user should know when this target is written of these models, a sentence each."""
    warn = _WARNINGS.get(target)
    return warn(models, options) if warn else ()


_WARNINGS: dict[Target, Callable[[Sequence[LiteModel], LiteOptions], tuple[str, ...]]] = {
    "registration": registration_warnings,
    "tflite-bazel": bazel_warnings,
    "tflite-cmake": cmake_warnings,
}
