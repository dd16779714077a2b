"""Kernel keys: the dtypes and orders of dimensions that ExecuTorch selects kernels by.

A key is ``default``, which stands for any, or ``v1/`` and for each tensor that an operator is called with
``dtype;dimension,dimension…``, joined by ``|``, the dtype as its number (``runtime/kernel/operator_registry.h``). A
call without tensors has the key ``v1``, as ``codegen/tools/gen_oplist.py`` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

DTYPES = (
    *("Byte", "Char", "Short", "Int", "Long", "Half", "Float", "Double", "ComplexHalf", "ComplexFloat"),
    *("ComplexDouble", "Bool", "QInt8", "QUInt8", "QInt32", "BFloat16", "QUInt4x2", "QUInt2x4", "Bits1x8", "Bits2x4"),
    *("Bits4x2", "Bits8", "Bits16", "Float8_e5m2", "Float8_e4m3fn", "Float8_e5m2fnuz", "Float8_e4m3fnuz", "UInt16"),
    *("UInt32", "UInt64"),
)
"""The enumerators of ScalarType, each at its number (``runtime/core/portable_type/scalar_type.h``)."""

DEFAULT = "default"
WITHOUT_TENSORS = "v1"

_NUMBERS = {name: number for number, name in enumerate(DTYPES)} | {"QUInt4X2": 16, "QUInt2X4": 17}
"""With two names that only the enumeration of ``gen_oplist.py`` spells so."""

_COMPUTED_AS_FLOAT = frozenset(("Half", "BFloat16"))
_WHOLE = frozenset(("Byte", "Char", "Short", "Int", "Long", "Bool", "UInt16", "UInt32", "UInt64"))

_TENSOR = r"[0-9]{1,3};(?:[0-9]{1,2}(?:,[0-9]{1,2})*)?"
_KEY = re.compile(rf"v1(?:/(?:{_TENSOR}(?:\|{_TENSOR})*)?)?")
_DTYPE = re.compile(r"([0-9]+);")


def parse_key(text: str) -> str:
    """The key that a text spells: itself, or for the name of a dtype the key of a tensor of it in whatever order.

    Raises ValueError, with what is wrong, for what is neither.
    """
    key = text.strip()
    if key == DEFAULT:
        return DEFAULT
    if key in _NUMBERS:
        return f"v1/{_NUMBERS[key]};"
    if _KEY.fullmatch(key) is None:
        raise ValueError(f"{text!r} is neither a dtype nor a kernel key")
    unknown = next((number for number in _numbers(key) if number >= len(DTYPES)), None)
    if unknown is not None:
        raise ValueError(f"the kernel key {text!r} has a dtype {unknown}, and there are {len(DTYPES)}")
    return WITHOUT_TENSORS if key == "v1/" else key


def dtypes_of(keys: Iterable[str]) -> tuple[str, ...] | None:
    """The dtypes that keys stand for, sorted by name; None for all of them.

    All are meant by ``default`` and by a key without tensors, which restricts nothing
    (``codegen/tools/gen_selected_op_variants.py``), whatever stands beside it.
    """
    found: set[str] = set()
    for key in keys:
        if key in (DEFAULT, WITHOUT_TENSORS):
            return None
        found.update(DTYPES[number] for number in _numbers(key))
    return tuple(sorted(found))


def lacks_float(keys: Iterable[str]) -> bool:
    """Whether keys name ``Half`` or ``BFloat16`` and not ``Float``, in which most kernels compute these
    (``kernels/portable/cpu/util/elementwise_util.h``, ``get_compute_type``).
    """
    dtypes = dtypes_of(keys) or ()
    return "Float" not in dtypes and not _COMPUTED_AS_FLOAT.isdisjoint(dtypes)


def is_whole(key: str) -> bool:
    """Whether all tensors of a key hold whole numbers or truth values, and there is one."""
    dtypes = dtypes_of((key,))
    return bool(dtypes) and _WHOLE.issuperset(dtypes or ())


def _numbers(key: str) -> list[int]:
    return [int(number) for number in _DTYPE.findall(key)]
