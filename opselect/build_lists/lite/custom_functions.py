"""Which function of C++ registers each custom operator of some models?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kernel_index.errors import InputError
from opselect.build_lists.lite.registration import function_of
from opselect.lite.operators import LiteModel, used_operators


def custom_functions(names: Iterable[str], models: Sequence[LiteModel]) -> tuple[tuple[str, str], ...]:
    """Custom operators of models, each with the function of ``tflite::ops::custom`` that a registration calls for it.

    Raises InputError for an operator whose name makes no name of a function.
    """
    functions = tuple((name, f"Register_{function_of(name)}") for name in names)
    for name, function in functions:
        if not function.isidentifier():
            raise InputError(
                next(each.name for each in models if name in used_operators([each], whole_table=True).custom),
                f"its custom operator {name!r} would be registered by {function!r}, which is no name in C++",
                "Give the operator a name of letters, digits and _ where the model is converted.",
            )
    return functions
