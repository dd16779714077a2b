"""Make Python look for garbage in circles rarely, where very many objects are made and next to none is such garbage."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_OBJECTS_BETWEEN_COLLECTIONS = 100_000


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Until the block or the function ends, Python collects after 100,000 new objects, not after 700."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
