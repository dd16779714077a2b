"""Values of attrs as TensorFlow's messages print them, and the types that a log tells."""

from __future__ import annotations

import re

from kernel_index.datatypes import DataType
from kernel_index.kernel_lookup import value_text
from kernel_index.records import AttrValue


def printed(value: AttrValue) -> str:
    """A value as ``SummarizeAttrValue`` of ``framework/attr_value_util.cc`` prints it, long lists aside."""
    if isinstance(value, float) and not isinstance(value, bool):
        return f"{value:g}"
    return value_text(value)


def dtype_of(name: str) -> DataType | None:
    """The data type of an enum name as logs have it, ``DT_FLOAT``; None for one that there is not."""
    return DataType.__members__.get(name)


def value_in_node(text: str, attr: str) -> str:
    """How a message prints the value of an attr in a node (``Conv2D[T=DT_FLOAT, attr=VALUE](…)``), else empty.

    ``text`` may have white space anywhere.
    """
    plain = re.sub(r"\s+", "", text)
    found = re.search(rf"[\[,]{re.escape(attr)}=(\[[^\]]*\]|\"[^\"]*\"|[^,\]]+)", plain)
    return found[1] if found is not None else ""


def refused_text(text: str, attr: str) -> str:
    """The text that a message says an attr does not take (``Value for attr 'x' of "y" is not in …``), else empty."""
    found = re.search(rf"attr'{re.escape(attr)}'of\"([^\"]*)\"isnotinthelist", "".join(text.split()))
    return found[1] if found is not None else ""
