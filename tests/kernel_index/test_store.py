from __future__ import annotations

import re
import resource
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index import shipped
from kernel_index.columns.packed import PackedColumns, pack
from kernel_index.errors import IndexFileError
from kernel_index.index import KernelIndex, MemoryIndex
from kernel_index.records import BuildLists, Deprecation, KernelRegistration, Location, OpDefinition, ScanResult
from kernel_index.scan import scan_tree
from kernel_index.store import StoredIndex, index_bytes, open_index, write_index
from tests.kernel_index.sampling import PROFILES, scans

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture(scope="module")
def fixture_scan() -> ScanResult:
    return scan_tree(FIXTURES / "kernel_tree", jobs=1)


def answers(index: KernelIndex, ops: tuple[str, ...]) -> Iterator[object]:
    """Everything that an index can be asked; ``ops`` are asked for whether it has them or not."""
    yield index.release
    yield index.note
    yield index.profiles
    yield index.build_lists
    yield index.diagnostics
    yield {file: tuple(included) for file, included in index.includes.items()}
    yield {macro: dict(types) for macro, types in index.type_lists.items()}
    yield index.op_names()
    yield tuple(index.all_registrations())
    yield index.count_registrations()
    for op in ops:
        yield index.registrations(op)
        yield index.kernel_classes(op)
        yield index.op_definition(op)
    for profile in (*PROFILES, *index.profiles, "no such profile"):
        yield index.kernel_files(profile)
        yield dict(index.kernel_ops(profile))
        yield dict(index.kernel_counts(profile))
    yield dict(index.defining_files)
    yield dict(index.dependencies)
    yield index.graph_versions
    yield dict(index.library_uses)


def everything(index: StoredIndex, ops: tuple[str, ...]) -> list[object]:
    """All answers, with what only a stored index and a scan tell."""
    return [*answers(index, ops), dict(index.skipped_files), index.missing_headers]


def expected(scan: ScanResult) -> list[object]:
    """What an index of a scan has to answer."""
    return [*answers(MemoryIndex(scan), asked(scan)), dict(scan.skipped_files), scan.missing_headers]


def asked(scan: ScanResult) -> tuple[str, ...]:
    return (*MemoryIndex(scan).op_names(), "", "Nothing", "zzz", "\t\n")


@given(scans())
@settings(deadline=None, max_examples=100)
def test_what_is_written_is_read(scan: ScanResult) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.opselidx"
        write_index(scan, path)
        stored = open_index(path)
        assert everything(stored, asked(scan)) == expected(scan)


Value = TypeVar("Value")


def turned_round(mapping: Mapping[str, Value]) -> dict[str, Value]:
    """The same mapping with its keys in the other order."""
    return dict(reversed(list(mapping.items())))


@given(scans())
@settings(deadline=None, max_examples=40)
def test_equal_scans_give_equal_bytes(scan: ScanResult) -> None:
    lists = scan.build_lists
    turned = replace(
        scan,
        build_lists=replace(
            lists,
            groups=turned_round(lists.groups),
            group_labels=turned_round(lists.group_labels),
            makefile_missing=turned_round(lists.makefile_missing),
            group_selects=turned_round(lists.group_selects),
        ),
        skipped_files=turned_round(scan.skipped_files),
        includes=turned_round(scan.includes),
        type_lists=turned_round(scan.type_lists),
    )
    assert turned == scan
    assert index_bytes(turned) == index_bytes(scan)


def test_many_ops_are_found_each(tmp_path: Path) -> None:
    definitions = tuple(OpDefinition(f"Op{n:04}", (), (), (), Location("a.cc", n)) for n in range(1, 1001))
    scan = ScanResult("2.0.0", PROFILES, (), definitions, BuildLists())
    write_index(scan, tmp_path / "many")
    index = open_index(tmp_path / "many")
    assert [index.op_definition(d.name) for d in definitions] == list(definitions)
    assert index.op_names() == tuple(d.name for d in definitions)
    assert all(index.op_definition(name) is None for name in ("Op", "Op0000", "Op00005", "Op1001", "Zzz"))


# The index of the fixture tree: its README says how to make it.


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_stored_index_of_the_fixture_tree_is_what_a_scan_makes(jobs: int) -> None:
    stored = (FIXTURES / "kernel_tree.opselidx").read_bytes()
    assert index_bytes(scan_tree(FIXTURES / "kernel_tree", jobs=jobs)) == stored


def test_the_stored_index_answers_as_the_scan_does(fixture_scan: ScanResult) -> None:
    stored = open_index(FIXTURES / "kernel_tree.opselidx")
    assert everything(stored, asked(fixture_scan)) == expected(fixture_scan)


# Bad files.


def small(scan: ScanResult) -> ScanResult:
    """A few registrations and definitions of every kind, so that damage can be tried at every byte."""
    ops = ("Mul", "Resample", "NoOp", "Conv2D")
    return replace(
        scan,
        registrations=tuple(r for r in scan.registrations if r.op in ops)[::3],
        op_definitions=tuple(d for d in scan.op_definitions if d.name in ops),
        build_lists=replace(
            scan.build_lists, groups={}, group_labels={}, packages=(), makefile=scan.build_lists.makefile[:4]
        ),
    )


def problem(data: bytes, scan: ScanResult, right: list[object], folder: Path) -> str:
    """The error that opening damaged bytes and asking everything gives; empty where all answers are the right ones."""
    path = folder / "damaged"
    path.write_bytes(data)
    try:
        found = everything(open_index(path), asked(scan))
    except IndexFileError as error:
        return str(error)
    assert found == right
    return ""


def test_a_flipped_bit_is_an_error_or_without_effect(fixture_scan: ScanResult, tmp_path: Path) -> None:
    scan = small(fixture_scan)
    data = index_bytes(scan)
    right = expected(scan)
    assert problem(data, scan, right, tmp_path) == ""
    harmless = 0
    flipped = range(0, len(data), 2)
    for at in flipped:
        damaged = data[:at] + bytes([data[at] ^ 1 << at // 2 % 8]) + data[at + 1 :]
        harmless += problem(damaged, scan, right, tmp_path) == ""
    assert harmless < len(flipped) // 10


def test_any_truncation_is_an_error(fixture_scan: ScanResult, tmp_path: Path) -> None:
    scan = small(fixture_scan)
    data = index_bytes(scan)
    right = expected(scan)
    for length in (*range(0, len(data), 5), len(data) - 1):
        assert problem(data[:length], scan, right, tmp_path).startswith(f"{tmp_path / 'damaged'}: ")


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_are_a_crash(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        for prefix in (b"", b"opselect kernel index\n"):
            path.write_bytes(prefix + data)
            with pytest.raises(IndexFileError):
                list(answers(open_index(path), ("Mul",)))


FOREIGN = {
    b"": "is empty",
    b"\x08\x01\x12\x04": "is no opselect index",
    b"PK\x03\x04": "is no opselect index",
    b"tensorflow/core/kernels/a.cc\n": "is no opselect index",
}


@pytest.mark.parametrize("data", FOREIGN)
def test_files_of_another_kind(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(IndexFileError, match=FOREIGN[data]) as caught:
        open_index(path)
    assert "opselect index scan" in caught.value.advice


def test_classes_that_are_longer_together_than_any_are_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a few kilobytes must not take the memory that its classes would."""
    monkeypatch.setattr("kernel_index.columns.registration_reader.MAX_EXPANDED", 1 << 20)
    rows = tuple(
        KernelRegistration("Op", "CPU", "c" * (1 << 17), Location("a.cc", line), PROFILES) for line in range(1, 12)
    )
    write_index(ScanResult("2.0.0", PROFILES, rows, (), BuildLists()), tmp_path / "long")
    assert (tmp_path / "long").stat().st_size < 1 << 16
    for ask in (StoredIndex.registrations, StoredIndex.kernel_classes):
        with pytest.raises(IndexFileError, match="registrations of Op are damaged"):
            ask(open_index(tmp_path / "long"), "Op")


def test_another_schema_version(fixture_scan: ScanResult, tmp_path: Path) -> None:
    data = index_bytes(fixture_scan)
    newer = re.sub(rb"\A(opselect kernel index )\d+\n", rb"\g<1>987\n", data)
    assert newer != data
    (tmp_path / "newer").write_bytes(newer)
    with pytest.raises(IndexFileError, match="has schema version 987, this opselect reads version") as caught:
        open_index(tmp_path / "newer")
    assert "Scan the tree again" in caught.value.advice


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(IndexFileError, match="cannot be read: ") as caught:
            open_index(path)
        assert str(caught.value).startswith(f"{path}: cannot be read")


# Writing.


def test_an_index_replaces_the_one_before(fixture_scan: ScanResult, tmp_path: Path) -> None:
    path = tmp_path / "x.opselidx"
    path.write_bytes(b"old")
    write_index(fixture_scan, path)
    assert path.read_bytes() == index_bytes(fixture_scan)
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_written_nothing_is_left(fixture_scan: ScanResult, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "missing" / "x.opselidx"):
        with pytest.raises(IndexFileError, match="cannot be written: "):
            write_index(fixture_scan, path)
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


def test_a_disk_that_is_full_leaves_the_old_file(fixture_scan: ScanResult, tmp_path: Path) -> None:
    path = tmp_path / "x.opselidx"
    path.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, limits[1]))
    try:
        with pytest.raises(IndexFileError, match="cannot be written: File too large"):
            write_index(fixture_scan, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_shipped_indexes_are_small() -> None:
    for release in shipped.releases():
        assert shipped.find(release).stat().st_size < 400_000


def test_files_of_before_say_nothing_of_deprecated_ops(tmp_path: Path) -> None:
    gone = Deprecation(9, "Use Other")
    definitions = (OpDefinition("Old", (), (), (), Location("a.cc", 1), deprecation=gone),)
    packed = PackedColumns("x", index_bytes(ScanResult("2.0.0", PROFILES, (), definitions, BuildLists())))
    columns = {name: packed.column(name) for name in packed.names if name not in ("deprecations", "graph_versions")}
    (tmp_path / "before").write_bytes(pack("2.0.0", PROFILES, columns))
    index = open_index(tmp_path / "before")
    assert index.graph_versions is None
    assert index.op_definition("Old") == replace(definitions[0], deprecation=None)
