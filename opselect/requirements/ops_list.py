"""Lists of ops and kernel classes, as ``list_flex_ops`` of TensorFlow Lite prints them: JSON pairs."""

from __future__ import annotations

from pathlib import Path

from kernel_index.errors import InputError, Place
from opselect.requirements.json_fields import json_of

Pair = tuple[str, str | None]
"""An op and a kernel class of it; without a class, the op alone."""

_ADVICE = 'An ops list is JSON such as [["MatMul","MatMulOp<CPUDevice, float, false>"]].'


def read_ops_list(path: str) -> tuple[Pair, ...]:
    """The pairs of an ops list in its order. Raises InputError as :func:`parse_ops_list` does."""
    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(Place(path, byte=error.start), "is no UTF-8", _ADVICE) from None
    return parse_ops_list(text, path)


def parse_ops_list(text: str, path: str) -> tuple[Pair, ...]:
    """The pairs of an ops list in its order; ``null`` and ``""`` for a class are none.

    Raises InputError, with the place, for what is no such list; an empty text is none, ``[]`` is one without ops.
    The form is that of ``--proto_fileformat ops_list`` (``selective_registration_header_lib.py``).
    """
    if not text.strip():
        raise InputError(path, "is empty", _ADVICE)
    data = json_of(text, path, _ADVICE)
    if not isinstance(data, list):
        raise InputError(path, "is no list of pairs", _ADVICE)
    return tuple(_pair(item, path, f"[{number}]") for number, item in enumerate(data))


def _pair(item: object, path: str, where: str) -> Pair:
    if not isinstance(item, list) or len(item) != 2:
        raise InputError(path, f"{where} is no pair of an op and a kernel class", _ADVICE)
    op, kernel_class = item
    if not isinstance(op, str) or not op:
        raise InputError(path, f"{where}[0] is not the name of an op", _ADVICE)
    if kernel_class is not None and not isinstance(kernel_class, str):
        raise InputError(path, f"{where}[1] is neither a kernel class nor null", _ADVICE)
    return op, kernel_class or None
