"""Which operators of TensorFlow Lite do models use, in which versions?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from opselect.models.graph.tflite import OperatorCode, TfliteModel

Versions = tuple[int, int]
"""The lowest and the highest version of an operator."""


@dataclass(frozen=True, slots=True)
class LiteModel:
    """A model, and what it is called where something is said of it."""

    name: str
    model: TfliteModel


@dataclass(frozen=True, slots=True)
class UsedOperators:
    """The operators of some models, name → versions, sorted by name. Those of TensorFlow are ``flex``."""

    builtin: Mapping[str, Versions]
    custom: Mapping[str, Versions]
    flex: Mapping[str, Versions]


def used_operators(models: Iterable[LiteModel], *, whole_table: bool = False) -> UsedOperators:
    """The operators of all models together.

    With ``whole_table`` those count, too, that a model has in its table and uses nowhere, as they do for TensorFlow's
    ``lite/tools/gen_op_registration.cc``.
    """
    kinds: tuple[dict[str, Versions], ...] = ({}, {}, {})
    for each in models:
        for code in _codes(each.model, whole_table=whole_table):
            builtin, custom, flex = kinds
            found = (flex if code.is_flex else custom) if code.is_custom else builtin
            low, high = found.get(code.name, (code.version, code.version))
            found[code.name] = (min(low, code.version), max(high, code.version))
    # As bytes: the tool sorts in a std::map of strings.
    return UsedOperators(*(dict(sorted(kind.items(), key=lambda item: item[0].encode())) for kind in kinds))


def unused_builtins(model: TfliteModel) -> tuple[OperatorCode, ...]:
    """The built-ins, each in a version, that a model has in its table and uses nowhere, in the order of the table.

    An interpreter of TensorFlow Lite looks up the whole table and refuses a model with a built-in that is not
    registered, used or not; a custom operator may be without a registration until it is run
    (``BuildLocalIndexToRegistrationMapping`` in ``lite/core/interpreter_builder.cc``). That for microcontrollers looks
    up what is used.
    """
    used = {operator.code for operator in model.operators}
    return tuple(dict.fromkeys(code for code in model.operator_codes if not code.is_custom and code not in used))


def _codes(model: TfliteModel, *, whole_table: bool) -> Iterable[OperatorCode]:
    return model.operator_codes if whole_table else {operator.code for operator in model.operators}
