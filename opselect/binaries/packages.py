"""Packages that libraries travel in: zip archives (.aar, .apk, .whl, .ipa) and folders (.framework, .xcframework).

What is a binary in them is told by its first bytes. Only files whose names may be those of libraries are looked at.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from kernel_index.errors import InputError
from opselect.binaries.files import check_unpacked, kept_bytes, map_file
from opselect.binaries.image import Bytes
from opselect.zip_files import BAD_ZIP, MAX_MEMBERS, damaged, open_zip, zip_problem

_LIBRARY = re.compile(r"[^.]+|.+\.(so|dylib|a|o|obj|lo|jnilib|bundle|apk|aar)(\.\d+)*", re.IGNORECASE)
"""Names of libraries, objects and programs: those without a dot are programs and what frameworks hold."""
_DEBUG_FOLDER = ".dSYM/"
_BUILD = re.compile(r"(ios|macos|tvos|watchos|xros|driverkit)-[a-z0-9_]+(-[a-z]+)?")
"""Names that an .xcframework has for its builds, as ios-arm64_x86_64-simulator."""
_BLOCK = 1 << 20
_LOCAL_HEADER = 30


@dataclass(frozen=True, slots=True)
class Packed:
    """How a member stands in its zip: its data begins at ``offset`` and takes ``compressed_size`` bytes.

    ``stored`` says that it is not compressed, so that it can be mapped where it stands.
    """

    offset: int
    compressed_size: int
    stored: bool


class Package(Protocol):
    """A package whose members are listed and not yet unpacked."""

    path: str

    def libraries(self) -> tuple[str, ...]:
        """The names of the members that may be libraries by their names, sorted."""

    def size(self, member: str) -> int:
        """The bytes of a member when unpacked."""

    def start(self, member: str, count: int) -> bytes:
        """The first bytes of a member, as many as it has."""

    def content(self, member: str) -> Bytes:
        """All bytes of a member. Raises InputError for damage, and for more than a library has."""

    def packed(self, member: str) -> Packed | None:
        """How it stands in the package; None where it is a file."""


class ZipPackage:
    """A zip archive, its directory read."""

    def __init__(self, path: str, content: Bytes) -> None:
        self.path = path
        self._content = content
        self._zip = open_zip(path, content.data)
        named = (info for info in self._zip.infolist() if info.filename and not info.filename.endswith("/"))
        self._infos = {info.filename: info for info in named}

    def libraries(self) -> tuple[str, ...]:
        return _libraries(self._infos)

    def size(self, member: str) -> int:
        return self._infos[member].file_size

    def start(self, member: str, count: int) -> bytes:
        with self._opened(member) as stream:
            return _read(self._name(member), stream, count)

    def content(self, member: str) -> Bytes:
        info = self._infos[member]
        name = self._name(member)
        if info.compress_type == zipfile.ZIP_STORED and not zip_problem(info):
            packed = self.packed(member)
            return self._content[packed.offset : packed.offset + info.file_size]
        check_unpacked(name, info.compress_size, info.file_size)
        with self._opened(member) as stream:
            return kept_bytes(name, info.file_size, _blocks(name, stream))

    def packed(self, member: str) -> Packed:
        info = self._infos[member]
        header = self._content[info.header_offset : info.header_offset + _LOCAL_HEADER].tobytes()
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise damaged(self.path, f"there is no header in front of {member}")
        names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        offset = info.header_offset + _LOCAL_HEADER + names
        if offset + info.compress_size > len(self._content):
            raise damaged(self.path, f"{member} is cut short")
        return Packed(offset, info.compress_size, info.compress_type == zipfile.ZIP_STORED)

    def _name(self, member: str) -> str:
        return member_name(self.path, member)

    def _opened(self, member: str) -> IO[bytes]:
        info = self._infos[member]
        if problem := zip_problem(info):
            raise InputError(self._name(member), problem, "Unpack it yourself and pass what is inside.")
        try:
            return self._zip.open(info)
        except BAD_ZIP as error:
            raise damaged(self._name(member), error) from None


class FolderPackage:
    """A folder: a framework, or a package that is unpacked. Links are not followed out of it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._files = dict(_files(path))

    def libraries(self) -> tuple[str, ...]:
        return _libraries(self._files)

    def size(self, member: str) -> int:
        return self._files[member]

    def start(self, member: str, count: int) -> bytes:
        if not self._files[member]:
            return b""
        return map_file(self._place(member))[:count].tobytes()

    def content(self, member: str) -> Bytes:
        return map_file(self._place(member))

    def packed(self, member: str) -> None:
        return None

    def _place(self, member: str) -> str:
        return str(Path(self.path) / member)


def build_of(member: str) -> str:
    """The build of an .xcframework that a member belongs to; empty where it is in none."""
    return next((part for part in member.split("/") if _BUILD.fullmatch(part)), "")


def _libraries(names: Iterable[str]) -> tuple[str, ...]:
    """Those that may be libraries by their names; debug information beside them is none."""
    return tuple(
        sorted(name for name in names if _LIBRARY.fullmatch(name.rpartition("/")[2]) and _DEBUG_FOLDER not in name)
    )


def member_name(path: str, member: str) -> str:
    """A member of a package as messages name it: ``lib.aar(jni/arm64-v8a/libfoo.so)``."""
    return f"{path}({member})" if member else path


def _read(name: str, stream: IO[bytes], count: int) -> bytes:
    try:
        return stream.read(count)
    except BAD_ZIP as error:
        raise damaged(name, error) from None


def _blocks(name: str, stream: IO[bytes]) -> Iterator[bytes]:
    while block := _read(name, stream, _BLOCK):
        yield block


def _files(path: str) -> Iterator[tuple[str, int]]:
    """The regular files below a folder with their sizes; of links those that stay inside count once, as files."""
    count = 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > MAX_MEMBERS:
                raise InputError(path, f"the folder has more than {MAX_MEMBERS:,} files", "Name the library itself.")
            place = Path(folder) / name
            if place.is_symlink() or not place.is_file():
                continue
            yield str(place.relative_to(path)).replace(os.sep, "/"), place.stat().st_size
