"""Writes ``registration.cc``: the function that gives an interpreter just the operators that models use.

The text is plain and not of a template: every blank of it is part of what other tools compare. Its source is
``lite/tools/gen_op_registration_main.cc``, which is the same from TensorFlow 2.4 to 2.16.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kernel_index.errors import InputError
from kernel_index.shown import one_line
from opselect.build_lists.lite.options import LiteOptions
from opselect.lite.operators import LiteModel, UsedOperators, Versions, used_operators

_BROKEN = "gen_op_registration writes code for it that does not compile."
_PLACEHOLDER = "PLACEHOLDER_FOR_GREATER_OP_CODES"
"""The operator 127, which stands in the old field of a model for those above it and is none itself."""


def registration_text(models: Sequence[LiteModel], options: LiteOptions) -> str:
    """The registration of the operators of all models; with ``compat`` as TensorFlow's tool prints it.

    Raises InputError for an operator that no code of C++ can register. The tool writes such code all the same.
    """
    whole_table = bool(options.compat)
    for each in models:
        check_names(each.name, used_operators([each], whole_table=whole_table))
    used = used_operators(models, whole_table=whole_table)
    return "".join(f"{line}\n" for line in _lines(used, options))


def function_of(custom_operator: str) -> str:
    """How the tool ends the name of the function that registers a custom operator (``NormalizeCustomOpName``)."""
    return re.sub("([a-z])([A-Z])", r"\1_\2", custom_operator).encode().upper().decode()


def check_names(model: str, used: UsedOperators) -> None:
    """Raises InputError for an operator of a model whose name makes no name in C++."""
    for name in used.builtin:
        if name == _PLACEHOLDER or not name.isidentifier():
            raise InputError(
                model,
                f"it has an operator that no release has, {name}: nothing could be registered for it",
                f"{_BROKEN} The model is newer than opselect, or of a broken tool: convert it again.",
            )
    for name in used.custom:
        function = f"Register_{function_of(name)}"
        if not function.isidentifier():
            raise InputError(
                model,
                f"its custom operator {one_line(name)!r} would be registered by {one_line(function)!r}, "
                "which is no name in C++",
                f"{_BROKEN} Give the operator a name of letters, digits and _ where the model is converted.",
            )


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
