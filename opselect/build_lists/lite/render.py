"""Models in, texts for builds of TensorFlow Lite out."""

from __future__ import annotations

from collections.abc import Sequence

from opselect.build_lists.lite.micro_resolver import micro_resolver_findings, micro_resolver_text
from opselect.build_lists.lite.options import LiteOptions
from opselect.build_lists.lite.registration import registration_text
from opselect.findings import Finding
from opselect.lite.operators import LiteModel
from opselect.targets import Target, kind_of


def render_lite(target: Target, models: Sequence[LiteModel], options: LiteOptions) -> dict[str, str]:
    """The file of a target that asks for the models alone: name → text. Same models, same bytes.

    Raises InputError for an operator that the output cannot have.
    """
    writer = {"registration": registration_text, "tflm-resolver": micro_resolver_text}[target]
    return {kind_of(target).file: writer(models, options)}


def lite_findings(target: Target, models: Sequence[LiteModel], options: LiteOptions) -> tuple[Finding, ...]:
    """What the models have that the file of a target cannot have; none where it is written in full."""
    return micro_resolver_findings(models, options) if target == "tflm-resolver" else ()
