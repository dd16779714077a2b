"""Which release a library says that it is, in the function that tells programs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from opselect.binaries.code.machines import flow_of
from opselect.binaries.image import Image
from opselect.binaries.symbol_search import symbols_with

_FUNCTIONS = frozenset({"TF_Version", "_TF_Version"})
"""``TF_Version`` of TensorFlow's ``c/c_api.cc`` returns ``TF_VERSION_STRING``; macOS has an underscore before it."""
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}(?:-?rc\d{1,3})?", re.ASCII)
"""A release, or a candidate for one; a build from between releases has no index of its own."""
_LONGEST = 64


def said_release(images: Iterable[Image]) -> str:
    """The release that libraries say they are; empty where none says it, or several say different things."""
    found = {version for image in images if (version := _version(image))}
    return found.pop() if len(found) == 1 else ""


def _version(image: Image) -> str:
    symbols = image.symbols
    numbers = [int(n) for n in symbols_with(symbols, (b"TF_Version",)) if symbols.name(int(n)) in _FUNCTIONS]
    flow = flow_of(image) if numbers else None
    texts = set()
    for number in numbers if flow is not None else ():
        assert flow is not None
        address = flow.returned(flow.function_at(int(symbols.addresses[number])))
        is_constant = isinstance(address, int) and not flow.may_change(address)
        texts.add(image.text(address, _LONGEST) if isinstance(address, int) and is_constant else None)
    text = texts.pop() if len(texts) == 1 else None
    return text if text is not None and _VERSION.fullmatch(text) else ""
