"""What a wheel of TensorFlow says of itself: its release, and the versions of the graph format in its headers."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass

from kernel_index.errors import InputError
from kernel_index.records import GraphVersions
from kernel_index.scan.graph_versions import HEADER, versions_in
from opselect.binaries.files import map_file
from opselect.zip_files import BAD_ZIP, open_zip, zip_problem

_HEADER = f"tensorflow/include/{HEADER}"
_NAME = re.compile(r"[^/]+\.dist-info/METADATA")
_VERSION = re.compile(r"^Version: (\d{1,4}\.\d{1,4}[0-9A-Za-z.+-]{0,40})\s*$", re.MULTILINE | re.ASCII)
"""A version as the ecosystem spells it; nothing else may become the name of an index file."""
_MAX_TEXT = 1 << 20
"""Bytes; the texts that are read have some thousands."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel of TensorFlow itself."""

    release: str
    graph_versions: GraphVersions | None


def wheel_of(path: str) -> Wheel | None:
    """What a wheel says; None for any other file, and for wheels that are not TensorFlow's own.

    Its own headers are in TensorFlow's wheel, and in none of a package that goes with it.
    """
    if not path.endswith(".whl"):
        return None
    try:
        with open_zip(path, map_file(path).data) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            about = next((name for name in infos if _NAME.fullmatch(name)), "")
            texts = [_text(archive, infos.get(name)) for name in (about, _HEADER)]
    except (InputError, *BAD_ZIP):
        return None
    version = _VERSION.search(texts[0])
    return Wheel(version[1], versions_in(texts[1])) if version is not None and texts[1] else None


def _text(archive: zipfile.ZipFile, info: zipfile.ZipInfo | None) -> str:
    """The text of a member; nothing where there is none, or none that a wheel would have."""
    if info is None or zip_problem(info) or info.file_size > _MAX_TEXT:
        return ""
    return archive.read(info).decode("utf-8", "replace")
