"""Kernel classes that differ only in how they spell their types: 2.21 writes ``int32_t`` where 2.20 has ``int32``."""

from __future__ import annotations

import re

from kernel_index.datatypes import from_cpp

_NAMES = re.compile(
    r"(?:::)*(?:std::)?complex<(?:float|double)>"
    r"|\b(?:(?:unsigned|signed|long|short|int|char) )+(?:long|short|int|char)\b"
    r"|(?:::)*(?:[A-Za-z_]\w*::)*[A-Za-z_]\w*"
)
_BLANKS = re.compile(r"\s+(?=\W|$)|(?:(?<=\W)|^)\s+")
"""White space that parts no words."""


def spelled_alike(kernel_class: str) -> str:
    """The class without needless white space, data types by their names: equal texts are classes of the same types."""
    return _NAMES.sub(_by_data_type, re.sub(r"\s+", " ", _BLANKS.sub("", kernel_class)))


def _by_data_type(found: re.Match[str]) -> str:
    name = found[0].lstrip(":")
    data_type = from_cpp(name)
    return name if data_type is None else data_type.name


def template(kernel_class: str) -> str:
    """The class without the arguments of its template."""
    return kernel_class.partition("<")[0].strip()
