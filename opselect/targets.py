"""What opselect can write for a build: the one table of targets, their files and the settings that only some have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Target = Literal[
    "bazel",
    "makefile",
    "cmake",
    "list",
    "header",
    "flex-bazel",
    "manifest",
    "flex-ops",
    "registration",
    "tflm-resolver",
    "tflite-bazel",
    "tflite-cmake",
    "onnxruntime",
    "executorch",
    "executorch-ops-dict",
    "executorch-header",
]

Runtime = Literal["tensorflow", "tflite", "onnxruntime", "executorch"]

ManifestFormat = Literal["yaml", "json"]


@dataclass(frozen=True, slots=True)
class TargetKind:
    """One kind of output.

    ``file`` is the name of what is written; that of the manifest has its format for the last part. ``summary`` says
    what it is in a clause, and ``settings`` are keys of a configuration that no other kind has, but those that name
    them, too. ``runtime`` is whose build it is for: all but TensorFlow's is written from models of that runtime alone,
    without asking a release for kernels.
    """

    name: Target
    file: str
    summary: str
    settings: tuple[str, ...] = ()
    runtime: Runtime = "tensorflow"

    def file_name(self, manifest_format: ManifestFormat = "yaml") -> str:
        """The name of the file that is written."""
        return self.file.format(format=manifest_format)


TARGET_KINDS = (
    TargetKind("bazel", "kernels.BUILD", "filegroups for `tensorflow/core/kernels/BUILD`"),
    TargetKind("makefile", "tf_op_files.txt", "the list of the makefile, which releases up to 2.0 have"),
    TargetKind("cmake", "tf_kernels.cmake", "the sources as a list of CMake"),
    TargetKind("list", "kernel_files.txt", "the sources, a path a line"),
    TargetKind(
        "header", "ops_to_register.h", "the kernels one by one, for selective registration", ("compat", "default_ops")
    ),
    TargetKind(
        "flex-bazel",
        "selected_flex.bzl",
        "a Flex delegate of TensorFlow Lite of just these kernels, for Bazel",
        ("labels",),
    ),
    TargetKind("manifest", "manifest.{format}", "every file and kernel, and why it is there", ("format",)),
    TargetKind(
        "flex-ops",
        "flex_ops.json",
        "the ops of the Flex delegate with their kernel classes, as `list_flex_ops` prints them",
        ("compat", "no_kernels"),
    ),
    TargetKind(
        "registration",
        "registration.cc",
        "the operators of TensorFlow Lite one by one, in place of `BuiltinOpResolver`",
        ("compat", "namespace", "labels"),
        runtime="tflite",
    ),
    TargetKind(
        "tflm-resolver",
        "gen_micro_mutable_op_resolver.h",
        "the resolver of TensorFlow Lite for Microcontrollers, with an `Add…` for each operator",
        ("compat",),
        runtime="tflite",
    ),
    TargetKind(
        "tflite-bazel",
        "tflite.BUILD",
        "rules of Bazel for TensorFlow Lite and its flex delegate with just these operators",
        ("labels",),
        runtime="tflite",
    ),
    TargetKind(
        "tflite-cmake",
        "tflite_registration.cmake",
        "`registration.cc` linked with the static library of TensorFlow Lite, for CMake",
        ("compat", "namespace", "labels"),
        runtime="tflite",
    ),
    TargetKind(
        "onnxruntime",
        "required_operators.config",
        "the operators of ONNX models for a reduced build of ONNX Runtime",
        ("types", "with_optimizer_ops"),
        runtime="onnxruntime",
    ),
    TargetKind(
        "executorch",
        "selected_operators.yaml",
        "the operators of ExecuTorch programs with their dtypes, as `gen_oplist.py` writes them",
        runtime="executorch",
    ),
    TargetKind(
        "executorch-ops-dict",
        "ops_dict.json",
        "the same as the JSON that `gen_oplist.py --ops_dict` takes",
        runtime="executorch",
    ),
    TargetKind(
        "executorch-header",
        "selected_op_variants.h",
        "which dtypes the kernels of ExecuTorch are compiled for",
        runtime="executorch",
    ),
)
"""All kinds, in the order in which they are written."""

TARGETS: tuple[Target, ...] = tuple(kind.name for kind in TARGET_KINDS)


LITE_TARGETS = frozenset(kind.name for kind in TARGET_KINDS if kind.runtime == "tflite")
"""Those that are written from models of TensorFlow Lite alone."""

OTHER_RUNTIMES: tuple[Runtime, ...] = ("onnxruntime", "executorch")
"""Runtimes that run no models of TensorFlow."""


_RUNTIME_NAMES: dict[Runtime, str] = {
    "tensorflow": "TensorFlow",
    "tflite": "TensorFlow Lite, of .tflite models",
    "onnxruntime": "ONNX Runtime, of .onnx models",
    "executorch": "ExecuTorch, of .pte programs",
}


def targets_by_runtime() -> dict[str, list[str]]:
    """The names of all targets below what they are for, in words."""
    return {
        words: [kind.name for kind in TARGET_KINDS if kind.runtime == runtime]
        for runtime, words in _RUNTIME_NAMES.items()
    }


def kind_of(target: str) -> TargetKind:
    """The kind of that name; KeyError where there is none."""
    return _BY_NAME[target]


_BY_NAME: dict[str, TargetKind] = {kind.name: kind for kind in TARGET_KINDS}
