"""Writes ``registration.cc``: the function that gives an interpreter just the operators that models use.

The text is plain and not of a template: every blank of it is part of what other tools compare. Its source is
``lite/tools/gen_op_registration_main.cc``, which is the same from TensorFlow 2.4 to 2.16.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from opselect.build_lists.lite.options import LiteOptions
from opselect.lite.operators import LiteModel, UsedOperators, Versions, used_operators


def registration_text(models: Sequence[LiteModel], options: LiteOptions) -> str:
    """The registration of the operators of all models; with ``compat`` as TensorFlow's tool prints it."""
    used = used_operators(models, whole_table=bool(options.compat))
    return "".join(f"{line}\n" for line in _lines(used, options))


def function_of(custom_operator: str) -> str:
    """How the tool ends the name of the function that registers a custom operator (``NormalizeCustomOpName``)."""
    return re.sub("([a-z])([A-Z])", r"\1_\2", custom_operator).encode().upper().decode()


def _lines(used: UsedOperators, options: LiteOptions) -> Iterator[str]:
    if used.builtin:
        yield f'#include "{options.folder}/kernels/builtin_op_kernels.h"'
    yield f'#include "{options.folder}/model.h"'
    yield f'#include "{options.folder}/op_resolver.h"'
    if used.custom or (options.compat and used.flex):
        yield from ("namespace tflite {", "namespace ops {", "namespace custom {")
        yield "// Forward-declarations for the custom ops."
        yield from (f"TfLiteRegistration* Register_{function_of(name)}();" for name in used.custom)
        yield from ("}  // namespace custom", "}  // namespace ops", "}  // namespace tflite")
    if options.namespace:
        yield f"namespace {options.namespace} {{"
    yield "void RegisterSelectedOps(::tflite::MutableOpResolver* resolver) {"
    for name, versions in used.builtin.items():
        call = f"::tflite::BuiltinOperator_{name}, ::tflite::ops::builtin::Register_{name}()"
        yield f"  resolver->AddBuiltin({call}{_range(versions)});"
    for name, versions in used.custom.items():
        call = f'"{name}", ::tflite::ops::custom::Register_{function_of(name)}()'
        yield f"  resolver->AddCustom({call}{_range(versions)});"
    yield "}"
    if options.namespace:
        yield f"}}  // namespace {options.namespace}"


def _range(versions: Versions) -> str:
    return "" if versions == (1, 1) else f", {versions[0]}, {versions[1]}"
