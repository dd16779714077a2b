"""Files at URLs, copied to this machine for as long as somebody reads them."""

from __future__ import annotations

import contextlib
import os
import weakref
from pathlib import Path

from opselect.models.storage.limits import check_download
from opselect.models.storage.remote import remote


class LocalCopy:
    """A temporary file with what is at a URL; it goes away with the last who refers to it, at the latest at exit.

    Raises InputError where it cannot be fetched, and where it is larger than files behind URLs may be.
    """

    def __init__(self, url: str) -> None:
        import tempfile  # takes longer to load than local files take to open

        from fsspec.callbacks import Callback

        class Counted(Callback):  # type: ignore[misc]  # fsspec is published without types
            """What a driver tells how large the file is, if it knows, and how much of it has come."""

            def set_size(self, size: int | None) -> None:
                check_download(url, size or 0)

            def relative_update(self, inc: int = 1) -> None:
                self.value += inc
                check_download(url, self.value)

        handle, self.path = tempfile.mkstemp(prefix="opselect-")
        os.close(handle)
        weakref.finalize(self, _remove, self.path)
        with remote(url) as (files, inside):
            files.get_file(inside, self.path, callback=Counted())
        check_download(url, Path(self.path).stat().st_size)

    def read(self, offset: int, length: int) -> bytes:
        """As many of the bytes as there are."""
        with Path(self.path).open("rb") as file:
            file.seek(offset)
            return file.read(length)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        Path(path).unlink()
