"""Writes ``registration.cc``: the function that gives an interpreter just the operators that models use.

The text is plain and not of a template: every blank of it is part of what other tools compare. Its source is
``lite/tools/gen_op_registration_main.cc``, which is the same from TensorFlow 2.4 to 2.16.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from kernel_index.errors import InputError
from kernel_index.shown import one_line
from opselect.build_lists.lite.options import LiteOptions
from opselect.lite.operators import LiteModel, UsedOperators, Versions, used_operators


def registration_text(models: Sequence[LiteModel], options: LiteOptions) -> str:
    """The registration of the operators of all models; with ``compat`` as TensorFlow's tool prints it.

    Raises InputError for an operator that no call of C++ can register: the tool prints one that does not compile.
    """
    used = used_operators(models, whole_table=bool(options.compat))
    for name in (*used.builtin, *used.custom):
        _check(name, name in used.custom, models)
    return "".join(f"{line}\n" for line in _lines(used, options))


def function_of(custom_operator: str) -> str:
    """How the tool ends the name of the function that registers a custom operator (``NormalizeCustomOpName``)."""
    return re.sub("([a-z])([A-Z])", r"\1_\2", custom_operator).encode().upper().decode()


def custom_functions(names: Collection[str], models: Sequence[LiteModel]) -> tuple[tuple[str, str], ...]:
    """Custom operators of models, each with the function of ``tflite::ops::custom`` that a registration calls for it.

    Raises InputError for an operator after which no function can be called.
    """
    for name in names:
        _check(name, True, models)
    return tuple((name, f"Register_{function_of(name)}") for name in names)


def _check(name: str, is_custom: bool, models: Sequence[LiteModel]) -> None:
    if _IDENTIFIER.fullmatch(function_of(name) if is_custom else name):
        return
    of = next(each.name for each in models if any(code.name == name for code in each.model.operator_codes))
    if is_custom:
        function = one_line(f"Register_{function_of(name)}")
        problem = f"the custom operator {one_line(name)!r} cannot be registered: no function is called {function!r}"
        raise InputError(of, problem, "Give it a name of letters, digits and _ where the model is made.")
    raise InputError(
        of,
        f"has the operator {name}, which no release of TensorFlow Lite that opselect knows has",
        "The file is damaged, or was made by a newer converter: convert it for a release that is known.",
    )


_IDENTIFIER = re.compile(r"\w+", re.ASCII)


def _lines(used: UsedOperators, options: LiteOptions) -> Iterator[str]:
    if used.builtin:
        yield f'#include "{options.folder}/kernels/builtin_op_kernels.h"'
    yield f'#include "{options.folder}/model.h"'
    yield f'#include "{options.folder}/op_resolver.h"'
    # The namespaces are there for ops of TensorFlow, too, which have no declaration in them.
    if used.custom or used.flex:
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
