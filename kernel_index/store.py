"""The index on disk: one small file a TensorFlow release, of which a look-up reads only the parts it needs.

The file is a line of text that names the format, a line of JSON (schema version, release, profiles, and where each
part lies), then the parts, each JSON compressed by zlib. Ops are sorted and lie in parts of :data:`OPS_PER_PART`; the
first op of each stands in the header, so an op is found without reading the others.
"""

from __future__ import annotations

import bisect
import json
import mmap
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_index.errors import IndexFileError, Place
from kernel_index.records import BuildLists, Diagnostic, KernelRegistration, Location, OpDefinition, ScanResult
from kernel_index.rows import RowReader, RowWriter

SCHEMA = 1
"""Raised whenever older readers would misread a file."""

OPS_PER_PART = 48

_MAGIC = b"opselect kernel index\n"


def index_bytes(scan: ScanResult) -> bytes:
    """The file that holds a scan. Equal scans give equal bytes."""
    writer = RowWriter(scan.profiles)
    registrations: dict[str, list[KernelRegistration]] = {}
    for registration in scan.registrations:
        registrations.setdefault(registration.op, []).append(registration)
    definitions = {d.name: d for d in scan.op_definitions}
    names = sorted(registrations.keys() | definitions.keys())
    parts: dict[str, object] = {}
    for start in range(0, len(names), OPS_PER_PART):
        parts[f"ops{start // OPS_PER_PART}"] = [
            [
                name,
                writer.definition(definitions.get(name)),
                [writer.registration(r) for r in registrations.get(name, ())],
            ]
            for name in names[start : start + OPS_PER_PART]
        ]
    masks: dict[int, int] = {}
    for registration in scan.registrations:
        number = writer.file(registration.location.file)
        masks[number] = masks.get(number, 0) | writer.mask(registration.profiles)
    parts["kernel_files"] = sorted(masks.items())
    parts["build_lists"] = {
        "prefix": scan.build_lists.prefix,
        "groups": {g: list(files) for g, files in sorted(scan.build_lists.groups.items())},
        "group_labels": {g: list(labels) for g, labels in sorted(scan.build_lists.group_labels.items())},
        "makefile": list(scan.build_lists.makefile),
        "group_selects": {
            g: [dict(s) for s in selects] for g, selects in sorted(scan.build_lists.group_selects.items())
        },
        "makefile_missing": dict(sorted(scan.build_lists.makefile_missing.items())),
        "packages": list(scan.build_lists.packages),
    }
    parts["scan"] = {
        "diagnostics": [[d.location.file, d.location.line, d.message] for d in scan.diagnostics],
        "skipped_files": dict(sorted(scan.skipped_files.items())),
        "missing_headers": list(scan.missing_headers),
    }
    parts["files"] = writer.files
    parts["conditions"] = writer.conditions
    packed = {name: zlib.compress(_json(part), 9) for name, part in parts.items()}
    offsets: dict[str, tuple[int, int]] = {}
    at = 0
    for name, data in packed.items():
        offsets[name] = (at, len(data))
        at += len(data)
    header = {
        "schema": SCHEMA,
        "release": scan.release,
        "profiles": list(scan.profiles),
        "first_ops": names[::OPS_PER_PART],
        "parts": offsets,
    }
    return _MAGIC + _json(header) + b"\n" + b"".join(packed.values())


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def write_index(scan: ScanResult, path: Path) -> None:
    """Write a scan to a file, whole or not at all. Raises IndexFileError where it cannot be written."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(index_bytes(scan))
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise
    except OSError as problem:
        raise IndexFileError(str(path), f"cannot be written: {problem.strerror}") from None


def open_index(path: Path) -> StoredIndex:
    """Open an index file; nothing but its header is read yet.

    Raises IndexFileError where the file is missing, damaged, foreign, or of another schema version.
    """
    try:
        with path.open("rb") as file:
            data: bytes | mmap.mmap = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:
        raise IndexFileError(str(path), "is empty", "Make it again with 'opselect index scan'.") from None
    except OSError as problem:
        raise IndexFileError(str(path), f"cannot be read: {problem.strerror}") from None
    return StoredIndex(str(path), data)


@dataclass(frozen=True, slots=True)
class _Header:
    release: str
    profiles: tuple[str, ...]
    first_ops: list[str]
    parts: Mapping[str, Sequence[int]]
    start: int


def _read_header(path: str, data: bytes | mmap.mmap) -> _Header:
    if data[: len(_MAGIC)] != _MAGIC:
        raise IndexFileError(path, "is no opselect index", "Make one with 'opselect index scan TREE -o FILE'.")
    end = data.find(b"\n", len(_MAGIC))
    try:
        header = json.loads(data[len(_MAGIC) : end])
        schema = header["schema"]
        if schema != SCHEMA:
            raise IndexFileError(
                path, f"has schema version {schema}, this opselect reads version {SCHEMA}",
                "Scan the tree again with this version, or install the opselect that made the file.",
            )  # fmt: skip
        return _Header(
            str(header["release"]), tuple(header["profiles"]), list(header["first_ops"]), dict(header["parts"]), end + 1
        )
    except (ValueError, KeyError, TypeError):
        raise IndexFileError(Place(path, byte=len(_MAGIC)), "the header is damaged", _AGAIN) from None


_AGAIN = "Make the file again with 'opselect index scan'."


class StoredIndex:
    """A :class:`kernel_index.index.KernelIndex` in a file. Raises IndexFileError where a part is damaged."""

    def __init__(self, path: str, data: bytes | mmap.mmap) -> None:
        self._path = path
        self._data = data
        self._header = _read_header(path, data)
        self._parts: dict[str, Any] = {}
        self._ops: dict[int, dict[str, list[Any]]] = {}
        self._reader: RowReader | None = None

    def _part(self, name: str) -> Any:
        if name not in self._parts:
            try:
                offset, length = self._header.parts[name]
                start = self._header.start + offset
                packed = self._data[start : start + length]
                self._parts[name] = json.loads(zlib.decompress(packed))
            except (KeyError, ValueError, TypeError, zlib.error):
                raise IndexFileError(self._path, f"the part '{name}' is damaged", _AGAIN) from None
        return self._parts[name]

    def _rows(self) -> RowReader:
        if self._reader is None:
            self._reader = RowReader(self._header.profiles, self._part("files"), self._part("conditions"))
        return self._reader

    def _op(self, name: str) -> list[Any] | None:
        """The row of an op: name, definition, registrations; None where the release has no such op."""
        number = bisect.bisect_right(self._header.first_ops, name) - 1
        if number < 0:
            return None
        if number not in self._ops:
            self._ops[number] = {row[0]: row for row in self._part(f"ops{number}")}
        return self._ops[number].get(name)

    @property
    def release(self) -> str:
        return self._header.release

    @property
    def profiles(self) -> tuple[str, ...]:
        return self._header.profiles

    @property
    def build_lists(self) -> BuildLists:
        part = self._part("build_lists")
        return BuildLists(
            part["prefix"],
            {g: tuple(files) for g, files in part["groups"].items()},
            {g: tuple(labels) for g, labels in part["group_labels"].items()},
            tuple(part["makefile"]),
            {
                group: tuple({condition: tuple(labels) for condition, labels in select.items()} for select in selects)
                for group, selects in part["group_selects"].items()
            },
            part["makefile_missing"],
            tuple(part["packages"]),
        )

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(Diagnostic(Location(f, line), text) for f, line, text in self._part("scan")["diagnostics"])

    @property
    def skipped_files(self) -> Mapping[str, str]:
        """Source files that the scan left out on purpose, with the reason."""
        skipped: dict[str, str] = self._part("scan")["skipped_files"]
        return skipped

    def op_names(self) -> tuple[str, ...]:
        return tuple(row[0] for number in range(len(self._header.first_ops)) for row in self._part(f"ops{number}"))

    def registrations(self, op: str) -> tuple[KernelRegistration, ...]:
        row = self._op(op)
        return self._registrations(row) if row is not None else ()

    def _registrations(self, row: list[Any]) -> tuple[KernelRegistration, ...]:
        try:
            return tuple(self._rows().registration(row[0], r) for r in row[2])
        except (IndexError, ValueError, TypeError, AttributeError):
            raise IndexFileError(self._path, f"the registrations of {row[0]} are damaged", _AGAIN) from None

    def op_definition(self, op: str) -> OpDefinition | None:
        row = self._op(op)
        try:
            return self._rows().definition(op, row[1]) if row is not None and row[1] is not None else None
        except (IndexError, ValueError, TypeError, AttributeError):
            raise IndexFileError(self._path, f"the definition of {op} is damaged", _AGAIN) from None

    def all_registrations(self) -> Iterator[KernelRegistration]:
        for number in range(len(self._header.first_ops)):
            for row in self._part(f"ops{number}"):
                yield from self._registrations(row)

    def kernel_files(self, profile: str) -> frozenset[str]:
        if profile not in self.profiles:
            return frozenset()
        bit = self.profiles.index(profile)
        files = self._part("files")
        return frozenset(files[number] for number, mask in self._part("kernel_files") if mask >> bit & 1)
