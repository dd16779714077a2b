"""Tar archives, as they are or compressed by gzip, bzip2 or xz, through tarfile."""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Callable, Iterator
from functools import partial

from kernel_index.errors import OpselectError
from opselect.models.formats.archives.records import (
    ArchiveMember,
    Stream,
    name_problem,
    spelled,
    tidy_name,
)
from opselect.models.formats.archives.streams import TarSource, UnpackedFile
from opselect.models.storage import OpenFile
from opselect.zip_files import MAX_MEMBERS, BufferFile, damaged, too_many_members

_BAD_TAR = (tarfile.TarError, OSError, EOFError, IndexError, OverflowError, RecursionError, ValueError, struct.error)
"""What tarfile raises, by what it stumbles over."""

_HEADER_SIZE = 512


class TarArchive:
    """An open tar archive; ``unpacked`` makes a new file object of what it is when unpacked."""

    def __init__(self, file: OpenFile, unpacked: Callable[[], BufferFile | UnpackedFile]) -> None:
        self.path = file.path
        self.size = len(file.buffer)
        self._unpacked = unpacked

    def members(self) -> Iterator[tuple[ArchiveMember, Callable[[], Stream]]]:
        file = self._unpacked()
        for info in self._headers(TarSource(self.path, file)):
            if not info.isdir():
                name = tidy_name(info.name)
                member = ArchiveMember(name, info.size, name_problem(name) or _problem(info))
                yield member, partial(_TarStream, spelled(self.path, name), file, info.offset_data, info.size)

    def _headers(self, source: TarSource) -> Iterator[tarfile.TarInfo]:
        try:
            archive = tarfile.TarFile(fileobj=source, encoding="utf-8", errors="surrogateescape")  # type: ignore[arg-type]
            count = 0
            before = -1
            while (info := archive.next()) is not None:
                count += 1
                if count > MAX_MEMBERS:
                    raise too_many_members(self.path)
                # tarfile follows a negative size back to where it has been (CVE-2025-8194).
                if info.size < 0 or archive.offset <= before:
                    raise damaged(self.path, f"a member of {info.size:,} bytes")
                before = archive.offset
                archive.members.clear()  # type: ignore[attr-defined]  # all it has seen; typeshed lacks it
                yield info
        except OpselectError:
            raise
        except _BAD_TAR as error:
            raise damaged(self.path, error) from None
        # To tarfile a broken header is the end, and what comes after it would be lost in silence.
        if not source.at_end:
            raise damaged(self.path, "there is no member's header where one should be")
        source.finish()


class _TarStream:
    def __init__(self, path: str, file: BufferFile | UnpackedFile, start: int, size: int) -> None:
        file.seek(start)
        self._path = path
        self._file = file
        self._left = size

    def read(self, size: int, /) -> bytes:
        size = min(size, self._left)
        data = self._file.read(size)
        if len(data) < size:
            raise damaged(self._path, "it is cut short")
        self._left -= size
        return data


def is_tar_header(block: bytes) -> bool:
    """Whether 512 bytes are the header of a member: its checksum tells, also before ``ustar`` was written there."""
    try:
        tarfile.TarInfo.frombuf(block[:_HEADER_SIZE], "utf-8", "surrogateescape")
    except _BAD_TAR:
        return False
    return True


def unpacks_to_tar(file: BufferFile | UnpackedFile) -> bool:
    """Whether what a file object gives begins as a tar archive does."""
    try:
        return is_tar_header(file.read(_HEADER_SIZE))
    except OpselectError:
        return False


def _problem(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "is a link"
    if info.issparse():
        return "is a sparse file"
    return "" if info.isreg() else "is no file but a device or a pipe"
