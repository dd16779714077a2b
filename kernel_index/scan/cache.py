"""What scans found, kept between runs: a file for each tree and set of profiles.

A file is replaced whole or not at all, so that a reader sees what one scan or another left there, and a scan that is
killed leaves at most a temporary file. A file that is damaged or was written by another version of the scanner is as
good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import sys
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import kernel_index
from kernel_index.errors import IndexFileError
from kernel_index.profiles import BuildProfile
from kernel_index.rare_collections import rare_collections
from kernel_index.records import ScanResult
from kernel_index.scan.stamps import digest
from kernel_index.store import StoredIndex, index_bytes
from kernel_index.whole_files import TEMPORARY, write_whole

# What reads and writes notes belongs to the scanner, which is not imported where nothing has changed.
if TYPE_CHECKING:
    from kernel_index.scan.notes import ScanNotes

MAX_BYTES = 64 * 2**20
"""What a cache may hold; beyond it, what was not used for longest goes."""

_MAX_TEXT = 512 * 2**20
"""No notes are longer; a file that unpacks to more is damaged."""

_TRIED = 4
"""Maximum number of files that are looked into where there is none of the same profiles and roots."""

_MAGIC = b"opselect scan\n"
_SUFFIX = ".opselect-scan"
_RESULT_MAGIC = b"opselect result\n"
_RESULT_SUFFIX = ".opselect-result"
_ABANDONED_AFTER = 3600
"""Seconds after which a temporary file belongs to no scan that still runs."""


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """``$OPSELECT_CACHE``, else ``opselect`` in ``$XDG_CACHE_HOME`` or ``~/.cache``; None where there is no home."""
    if environment.get("OPSELECT_CACHE"):
        return Path(environment["OPSELECT_CACHE"])
    base = Path(environment.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():  # the specification has relative ones ignored
        return base / "opselect"
    try:
        return Path.home() / ".cache" / "opselect"
    except RuntimeError:
        return None


def default_cache() -> ScanCache | None:
    """The cache of the user who runs this process."""
    folder = cache_folder()
    return ScanCache(folder) if folder is not None else None


@lru_cache(maxsize=1)
def scanner_version() -> str:
    """A name for the scanner as it is: other sources of this package, or another Python, may find something else.

    Raises OSError where the sources cannot be read.
    """
    folder = Path(kernel_index.__file__).parent
    found = hashlib.blake2b(repr(sys.version_info).encode(), digest_size=16)
    for source in sorted(folder.rglob("*.py")):
        data = source.read_bytes()
        found.update(f"{source.relative_to(folder).as_posix()} {len(data)} ".encode() + data)
    return found.hexdigest()


class Kept(NamedTuple):
    """What a scan of a whole tree found, and how many source files it has."""

    result: ScanResult
    units: int


class ScanCache:
    """The notes of scans in a folder.

    Nothing here fails: where the folder cannot be used, nothing is found and nothing kept, and ``problem`` says why.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self.folder = folder
        self.problem = ""
        self._max_bytes = max_bytes

    def load(self, root: Path, extra_roots: Sequence[Path], profiles: Sequence[BuildProfile]) -> ScanNotes:
        """The notes of the last scan like this one, else of a recent one with similar profiles, else none."""
        from kernel_index.scan.notes import ScanNotes

        try:
            exact = self._file(root, extra_roots, profiles)
            others = self._by_use(self.folder.glob(f"{exact.name.partition('-')[0]}-*{_SUFFIX}"))
        except OSError as problem:
            self._give_up(problem)
            return ScanNotes()
        notes = _read(exact)
        if notes is not None:
            with contextlib.suppress(OSError):
                os.utime(exact)
            return notes
        recent = [found for file in others[: -_TRIED - 1 : -1] if (found := _read(file)) is not None]
        return min(recent, key=lambda found: _distance(found.profiles, profiles), default=ScanNotes())

    def save(self, root: Path, extra_roots: Sequence[Path], profiles: Sequence[BuildProfile], notes: ScanNotes) -> None:
        """Keep the notes of a scan."""
        if self.problem:
            return
        from kernel_index.scan.notes_text import notes_text

        text = notes_text(notes)
        try:
            file = self._file(root, extra_roots, profiles)
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(file, _MAGIC + digest(text).encode() + b"\n" + zlib.compress(text, 1))
            self._prune(file)
        except OSError as problem:
            self._give_up(problem)

    @rare_collections()
    def load_result(self, root: Path, profiles: Sequence[BuildProfile], state: str) -> Kept | None:
        """What the last scan of a whole tree found, if the tree was in this state; None where that is not known."""
        try:
            file = self._file(root, (), profiles).with_suffix(_RESULT_SUFFIX)
            data = file.read_bytes()
            magic, checksum, head, index = _RESULT_MAGIC, *data.removeprefix(_RESULT_MAGIC).split(b"\n", 2)
            if not data.startswith(magic) or digest(head + index).encode() != checksum:
                return None
            known, _, units = head.decode().partition(" ")
            if known != state:
                return None
            os.utime(file)
            return Kept(StoredIndex(str(root), index).as_scan(), int(units))
        except (OSError, ValueError, IndexFileError):
            return None

    def save_result(self, root: Path, profiles: Sequence[BuildProfile], state: str, kept: Kept) -> None:
        """Keep what a scan of a whole tree found in this state, unless a file would not give all of it back."""
        index = index_bytes(kept.result)
        if self.problem or StoredIndex(str(root), index).as_scan() != kept.result:
            return
        head = f"{state} {kept.units}".encode()
        try:
            file = self._file(root, (), profiles).with_suffix(_RESULT_SUFFIX)
            write_whole(file, b"\n".join([_RESULT_MAGIC + digest(head + index).encode(), head, index]))
            self._prune(file)
        except OSError as problem:
            self._give_up(problem)

    def _give_up(self, problem: OSError) -> None:
        self.problem = f"{problem.filename or self.folder}: {problem.strerror or problem}"

    def _file(self, root: Path, extra_roots: Sequence[Path], profiles: Sequence[BuildProfile]) -> Path:
        tree = f"{scanner_version()}\0{root.resolve()}"
        roots = sorted({str(extra.resolve()) for extra in extra_roots})
        variant = repr((roots, [(p.name, sorted(p.defines.items())) for p in profiles]))
        names = (digest(text.encode("utf-8", "surrogateescape"))[:16] for text in (tree, variant))
        return self.folder / ("-".join(names) + _SUFFIX)

    @staticmethod
    def _by_use(files: Iterable[Path]) -> list[Path]:
        """Files by their last use, those that vanish meanwhile left out."""
        found = []
        for file in files:
            with contextlib.suppress(OSError):
                found.append((file.stat().st_mtime_ns, file.name, file))
        return [file for _, _, file in sorted(found)]

    def _prune(self, newest: Path) -> None:
        """Drop what is too much and what killed scans left."""
        size = 0
        kept = [*self.folder.glob(f"*{_SUFFIX}"), *self.folder.glob(f"*{_RESULT_SUFFIX}")]
        for file in [newest, *(f for f in self._by_use(kept)[::-1] if f != newest)]:
            with contextlib.suppress(OSError):
                size += file.stat().st_size
                if size > self._max_bytes:
                    file.unlink()
        for file in self.folder.glob(f"*.opselect-*{TEMPORARY}"):
            with contextlib.suppress(OSError):
                if file.stat().st_mtime < time.time() - _ABANDONED_AFTER:
                    file.unlink()


def _distance(before: Sequence[BuildProfile], now: Sequence[BuildProfile]) -> float:
    """By how many macros profiles differ from those of an earlier scan."""
    from kernel_index.scan.profile_match import profile_match

    match = profile_match(before, now)
    return math.inf if match is None else len(match.macros)


def _read(file: Path) -> ScanNotes | None:
    from kernel_index.scan.notes_text import read_notes

    try:
        data = file.read_bytes()
        if not data.startswith(_MAGIC):
            return None
        checksum, packed = data[len(_MAGIC) :].split(b"\n", 1)
        text = zlib.decompressobj().decompress(packed, _MAX_TEXT)
        return read_notes(text) if digest(text).encode() == checksum else None
    except (OSError, ValueError, zlib.error, MemoryError):
        return None
