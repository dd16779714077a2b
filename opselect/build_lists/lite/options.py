"""What may be chosen about the outputs for TensorFlow Lite."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kernel_index.errors import OpselectError
from opselect.targets import LITE_TARGETS, Target

Labels = Literal["tensorflow", "litert"]
LABELS: tuple[Labels, ...] = ("tensorflow", "litert")
"""In whose words folders and labels are written: TensorFlow's ``tensorflow/lite``, or LiteRT's ``tflite``."""

_NAMESPACE = re.compile(r"[A-Za-z_]\w*(::[A-Za-z_]\w*)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class LiteOptions:
    """``compat`` is the release whose tool's very text is wanted, empty for our own; ``namespace`` that of C++ around
    the registration; ``labels`` whose folders are named. Without ``kernels`` an ops list has bare names.
    ``template_dir`` has templates to use in place of the built-in ones. ``tree`` is the checkout that is built, None
    where it is not known.
    """

    compat: str = ""
    namespace: str = ""
    labels: Labels = "tensorflow"
    kernels: bool = True
    template_dir: Path | None = None
    tree: Path | None = None

    @property
    def folder(self) -> str:
        """The folder of TensorFlow Lite in the source tree."""
        return "tflite" if self.labels == "litert" else "tensorflow/lite"

    def check(self) -> None:
        """Raises OpselectError for what makes no sense."""
        if self.namespace and not _NAMESPACE.fullmatch(self.namespace):
            raise OpselectError(
                f"{self.namespace!r} is no namespace of C++\n  Write it like app or app::models, without blanks."
            )


def asks_models_alone(target: Target, options: LiteOptions) -> bool:
    """Whether a target asks no release what it would make of the models: nothing is selected for it."""
    return target in LITE_TARGETS or (target == "flex-ops" and bool(options.compat or not options.kernels))


def asks_for_kernels(target: Target, options: LiteOptions) -> bool:
    """Whether such a target looks up classes of kernels all the same."""
    return target == "flex-ops" and options.kernels
