"""Writes ``registration.cc``: the function that gives an interpreter just the operators that models use.

The text is plain and not of a template: every blank of it is part of what other tools compare. Its source is
``lite/tools/gen_op_registration_main.cc``, which is the same from TensorFlow 2.4 to 2.16.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from kernel_index.errors import InputError
from kernel_index.shown import one_line, shown_path
from opselect.build_lists.lite.options import LiteOptions
from opselect.lite.operators import LiteModel, UsedOperators, Versions, unused_builtins, used_operators
from opselect.lite.runtimes import (
    LiteRelease,
    first_named,
    registered_versions,
    registering_function,
    runtime_releases,
    schema_has,
)
from opselect.lite.runtimes.releases import parse_release


def registration_text(models: Sequence[LiteModel], options: LiteOptions) -> str:
    """The registration of the operators of all models; with ``compat`` as TensorFlow's tool prints it.

    Raises InputError for an operator that no call of C++ can register: the tool prints one that no build takes. With
    ``compat`` that is asked of its release, and else of all that are known.
    """
    used = used_operators(models, whole_table=bool(options.compat))
    for name, (low, _) in used.builtin.items():
        _check_builtin(name, low, models, options.compat)
    custom = dict(custom_functions(used.custom, models, options))
    return "".join(f"{line}\n" for line in _lines(used, custom, options))


def registration_warnings(models: Sequence[LiteModel], options: LiteOptions) -> tuple[str, ...]:
    """Which models the file does not do for: an interpreter wants what is not in it, for nothing uses that."""
    registered = used_operators(models, whole_table=bool(options.compat)).builtin
    warnings = []
    for each in models:
        lacking = [
            f"{code.name} in version {code.version}"
            for code in unused_builtins(each.model)
            if code.name not in registered or not registered[code.name][0] <= code.version <= registered[code.name][1]
        ]
        if lacking:
            warnings.append(
                f"{shown_path(each.name)} has {', '.join(lacking)} in its table of operators, and nothing uses it: it "
                "is not registered, and an interpreter looks up the whole table and refuses the model. Take it out of "
                "the table (a converter writes no such entries), or register the table: --compat."
            )
    return tuple(warnings)


def custom_functions(
    names: Collection[str], models: Sequence[LiteModel], options: LiteOptions
) -> tuple[tuple[str, str], ...]:
    """Custom operators of models, each with the function of ``tflite::ops::custom`` that a registration calls for it.

    That is the one that registers it in TensorFlow Lite itself, of an operator of its own; the tool does not know of it
    (``compat``). Raises InputError for an operator after which no function can be called.
    """
    found = []
    for name in names:
        function = "" if options.compat else registering_function(name)
        found.append((name, function or f"Register_{_normalized(name)}"))
        # Letters of any script may be in names of C++, as in those of Python.
        if not found[-1][1].isidentifier():
            shown = one_line(found[-1][1])
            problem = f"the custom operator {one_line(name)!r} cannot be registered: no function is called {shown!r}"
            advice = "Give it a name of letters, digits and _ where the model is made."
            raise InputError(_having(name, models, is_custom=True), problem, advice)
    return tuple(found)


def _normalized(custom_operator: str) -> str:
    """How the tool ends the name of the function that registers a custom operator (``NormalizeCustomOpName``)."""
    return re.sub("([a-z])([A-Z])", r"\1_\2", custom_operator).encode().upper().decode()


def _check_builtin(name: str, version: int, models: Sequence[LiteModel], compat: str) -> None:
    """Up to 2.14 a release has functions for those operators that its ``BuiltinOpResolver`` registers. Later headers
    declare some more, of StableHLO, that are defined nowhere (``lite/core/kernels/builtin_op_kernels.h``).
    """
    release = parse_release(compat)
    if release is None:
        known = runtime_releases()
        problem = "and no release of TensorFlow Lite that opselect knows has a function that registers it"
    else:
        known = (LiteRelease(False, (*release.numbers[:2], _LAST_PATCH)),)
        problem = f"and {release.minor.name} has no function that registers it"
        if not schema_has(name, compat):
            problem = f"which {release.minor.name} does not know: its tool prints a call that does not compile"
    if any(registered_versions(each, name) for each in known):
        return
    since = " and ".join(first_named(name, version))
    raise InputError(
        _having(name, models, is_custom=False),
        f"has the operator {name}, {problem}",
        f"The first that registers it: {since}." if since else "Convert the model for a release that is known.",
    )


_LAST_PATCH = 999
"""Stands for the newest patch of a release: what it registers is what the last known one does."""


def _having(name: str, models: Sequence[LiteModel], *, is_custom: bool) -> str:
    """The first model that has an operator in its table."""
    asked = (name, is_custom)
    return next(
        each.name for each in models if any((code.name, code.is_custom) == asked for code in each.model.operator_codes)
    )


def _lines(used: UsedOperators, custom: Mapping[str, str], options: LiteOptions) -> Iterator[str]:
    if used.builtin:
        yield f'#include "{options.folder}/kernels/builtin_op_kernels.h"'
    yield f'#include "{options.folder}/model.h"'
    yield f'#include "{options.folder}/op_resolver.h"'
    # The namespaces are there for ops of TensorFlow, too, which have no declaration in them.
    if used.custom or used.flex:
        yield from ("namespace tflite {", "namespace ops {", "namespace custom {")
        yield "// Forward-declarations for the custom ops."
        yield from (f"TfLiteRegistration* {function}();" for function in custom.values())
        yield from ("}  // namespace custom", "}  // namespace ops", "}  // namespace tflite")
    if options.namespace:
        yield f"namespace {options.namespace} {{"
    yield "void RegisterSelectedOps(::tflite::MutableOpResolver* resolver) {"
    for name, versions in used.builtin.items():
        call = f"::tflite::BuiltinOperator_{name}, ::tflite::ops::builtin::Register_{name}()"
        yield f"  resolver->AddBuiltin({call}{_range(versions)});"
    for name, versions in used.custom.items():
        call = f'"{name}", ::tflite::ops::custom::{custom[name]}()'
        yield f"  resolver->AddCustom({call}{_range(versions)});"
    yield "}"
    if options.namespace:
        yield f"}}  // namespace {options.namespace}"


def _range(versions: Versions) -> str:
    return "" if versions == (1, 1) else f", {versions[0]}, {versions[1]}"
