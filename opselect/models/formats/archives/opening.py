"""Files that are archives: recognized by content, opened as what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kernel_index.errors import InputError
from opselect.models.formats.archives.records import Archive
from opselect.models.formats.archives.streams import DECODERS, UnpackedFile
from opselect.models.formats.archives.tars import TarArchive, unpacks_to_tar
from opselect.models.formats.archives.zips import ZipArchive
from opselect.models.formats.wire import Buffer
from opselect.models.storage import open_file
from opselect.zip_files import BufferFile

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""The first member, or the end of an archive without members."""


def is_archive(buffer: Buffer) -> bool:
    """Whether a file is an archive that is read here: a zip, or a tar, compressed or not. Its name does not matter.

    A compressed file that is no tar, such as ``graph.pb.gz``, is none.
    """
    return buffer[:4] in _ZIP_MAGIC or _tar(buffer, "") is not None


@contextmanager
def open_archive(path: str) -> Iterator[Archive]:
    """The archive at a path or URL. Raises InputError for what is none, or a damaged one."""
    with open_file(path) as file:
        if file.buffer[:4] in _ZIP_MAGIC:
            yield ZipArchive(file)
            return
        unpacked = _tar(file.buffer, path)
        if unpacked is None:
            raise InputError(path, "is no archive that can be read", "Pass a .zip, .aar, .apk, .tar or .tar.gz.")
        yield TarArchive(file, unpacked)


def _tar(buffer: Buffer, path: str) -> Callable[[], BufferFile | UnpackedFile] | None:
    """What makes a file object of the tar archive in a buffer; None where there is none in it."""

    def unpacked() -> BufferFile | UnpackedFile:
        for magic, decoder in DECODERS:
            if buffer[: len(magic)] == magic:
                return UnpackedFile(path, buffer, decoder)
        return BufferFile(buffer)

    return unpacked if unpacks_to_tar(unpacked()) else None
