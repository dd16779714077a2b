"""Which models of a configuration are read for which of its targets."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from opselect.targets import OTHER_RUNTIMES, Runtime, kind_of

_SUFFIXES: Mapping[str, Runtime] = {
    ".onnx": "onnxruntime",
    ".config": "onnxruntime",
    ".pte": "executorch",
    ".bpte": "executorch",
}
"""Ends of names that say whose a model is; all others may be of TensorFlow."""


def reading_runtime(target: str) -> Runtime:
    """The runtime whose models a target is written from; those of TensorFlow Lite are read as TensorFlow's are."""
    runtime = kind_of(target).runtime
    return runtime if runtime in OTHER_RUNTIMES else "tensorflow"


def reader_of(path: str, runtimes: Collection[Runtime]) -> Runtime:
    """The runtime that a model is read for, where there are targets of some ``runtimes``.

    Where they are of one runtime, all models are its own, whatever they are called; else their names say it.
    """
    if len(runtimes) == 1:
        (runtime,) = runtimes
        return runtime
    return next((runtime for end, runtime in _SUFFIXES.items() if path.lower().endswith(end)), "tensorflow")


def suffixes_of(runtime: Runtime) -> tuple[str, ...]:
    """How the names of models end that are read for a runtime beside others; TensorFlow has all the rest, and none."""
    return tuple(end for end, each in _SUFFIXES.items() if each == runtime)
