"""The JSON that ``codegen/tools/gen_oplist.py --ops_dict`` takes: the kernel keys of each operator."""

from __future__ import annotations

import json

from kernel_index.errors import OpselectError
from opselect.executorch.kernel_keys import DEFAULT
from opselect.executorch.selected import SelectedOperators

_ADVICE = "  Write selected_operators.yaml: --target executorch."


def ops_dict(selected: SelectedOperators) -> str:
    """The text. An empty list means any dtype: the tool does not take ``default``, nor names of all dtypes, but keys.

    So where any dtype is meant, kernels for some of them are not asked for beside (:func:`without_own_kernels`).
    Operators that nothing calls are asked for with any dtype, since the tool has no other way to list them.

    Raises OpselectError where all operators are included, or all overloads of some: an ops dict cannot say so.
    """
    if selected.include_all_operators:
        raise OpselectError(f"an ops dict cannot say that all operators are included\n{_ADVICE}")
    if selected.families:
        names = ", ".join(selected.families[:3]) + (" …" if len(selected.families) > 3 else "")
        raise OpselectError(f"an ops dict cannot say that all overloads are included of {names}\n{_ADVICE}")
    names_and_keys = dict.fromkeys(selected.operators, frozenset[str]()) | dict(selected.keys)
    document = {name: [] if DEFAULT in keys else sorted(keys) for name, keys in sorted(names_and_keys.items())}
    return json.dumps(document, indent=2) + "\n"


def without_own_kernels(selected: SelectedOperators) -> tuple[str, ...]:
    """Operators that are needed with any dtype, and with kernels for some of them, which an ops dict cannot say."""
    return tuple(sorted(name for name, keys in selected.keys.items() if DEFAULT in keys and len(keys) > 1))
