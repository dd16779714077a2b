"""Zip archives (``.zip``, ``.apk``, ``.aar``), through zipfile."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable, Iterator
from functools import partial

from opselect.models.formats.archives.records import ArchiveMember, Stream, name_problem, spelled, tidy_name
from opselect.models.storage import OpenFile
from opselect.zip_files import BAD_ZIP, damaged, open_zip, zip_problem


class ZipArchive:
    """An open zip archive. Its directory is counted before zipfile makes an object for each entry."""

    def __init__(self, file: OpenFile) -> None:
        self.path = file.path
        self.size = len(file.buffer)
        self._zip = open_zip(file.path, file.buffer)

    def members(self) -> Iterator[tuple[ArchiveMember, Callable[[], Stream]]]:
        for info in self._zip.infolist():
            if not info.filename.endswith("/"):
                name = tidy_name(info.orig_filename)
                member = ArchiveMember(name, info.file_size, name_problem(name) or _problem(info))
                yield member, partial(self._open, info)

    def _open(self, info: zipfile.ZipInfo) -> Stream:
        path = spelled(self.path, info.filename)
        try:
            return _ZipStream(path, self._zip.open(info))
        except BAD_ZIP as error:
            raise damaged(path, error) from None


class _ZipStream:
    def __init__(self, path: str, stream: Stream) -> None:
        self._path = path
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        try:
            return self._stream.read(size)
        except BAD_ZIP as error:
            raise damaged(self._path, error) from None


def _problem(info: zipfile.ZipInfo) -> str:
    if problem := zip_problem(info):
        return problem
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    return ""
