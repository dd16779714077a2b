"""Files at URLs, copied to this machine for as long as somebody reads them."""

from __future__ import annotations

import contextlib
import os
import weakref
from pathlib import Path

from opselect.models.storage.remote import remote


class LocalCopy:
    """A temporary file with what is at a URL; it goes away with the last who refers to it, at the latest at exit.

    Raises InputError where it cannot be fetched.
    """

    def __init__(self, url: str) -> None:
        import tempfile  # takes longer to load than local files take to open

        handle, self.path = tempfile.mkstemp(prefix="opselect-")
        os.close(handle)
        weakref.finalize(self, _remove, self.path)
        with remote(url) as (files, inside):
            files.get_file(inside, self.path)

    def read(self, offset: int, length: int) -> bytes:
        """As many of the bytes as there are."""
        with Path(self.path).open("rb") as file:
            file.seek(offset)
            return file.read(length)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        Path(path).unlink()
