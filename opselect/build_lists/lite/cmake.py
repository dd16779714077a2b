"""Writes ``tflite_registration.cmake``: ``registration.cc`` linked with the static library of TensorFlow Lite.

CMake builds of TensorFlow Lite have no selective build of their own (``lite/CMakeLists.txt`` drops the sources of one).
The library is a static one, though, and in it ``lite/kernels/register.cc`` alone refers to all kernels: without
``BuiltinOpResolver`` a linker takes those of a registration.
"""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index.shown import shown_path
from opselect.build_lists.lite.options import LiteOptions
from opselect.build_lists.lite.registration import custom_functions
from opselect.build_lists.templates import fill_template
from opselect.lite.operators import LiteModel, used_operators


def cmake_text(models: Sequence[LiteModel], options: LiteOptions) -> str:
    """The snippet that makes a library of the ``registration.cc`` beside it, for all models together.

    Raises InputError for a custom operator whose name makes no function.
    """
    used = used_operators(models, whole_table=bool(options.compat))
    scope = options.namespace.replace("::", "_")
    values: dict[str, object] = {
        "folder": options.folder,
        "namespace": options.namespace,
        "library": f"opselect_registration_{scope}" if scope else "opselect_registration",
        "models": tuple(shown_path(model.name) for model in models),
        "custom": custom_functions(used.custom, models, options),
        "flex": tuple(used.flex),
    }
    return fill_template("tflite_registration.cmake.j2", values, options.template_dir)


def cmake_warnings(models: Sequence[LiteModel], options: LiteOptions) -> tuple[str, ...]:
    """What this build cannot have, and what only the user has."""
    used = used_operators(models, whole_table=bool(options.compat))
    warnings = []
    if used.flex:
        warnings.append("TensorFlow Lite has no flex delegate in CMake builds: build that library with Bazel.")
    if used.custom:
        names = ", ".join(map(shown_path, used.custom))
        warnings.append(f"CMake asks for the targets that define the custom operators in OPSELECT_CUSTOM_OPS: {names}.")
    return tuple(warnings)
