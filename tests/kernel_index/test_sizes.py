"""Tables of sizes: what is written is read again, and a damaged file is one clear error."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index import shipped
from kernel_index.errors import IndexFileError
from kernel_index.profiles import PROFILE_NAMES
from kernel_index.shipped import sizes
from kernel_index.shipped.sizes import ClassSize, FileSize, SizeTable, read_sizes, sizes_bytes

COUNTS = st.integers(0, (1 << 40) - 1)
NAMES = st.text(min_size=1, max_size=20)
CLASSES = st.dictionaries(NAMES, st.builds(ClassSize, COUNTS, COUNTS), max_size=3)
RELEASES = st.from_regex(r"\A[0-9]{1,3}\.[0-9]{1,3}\Z")
FILES = st.dictionaries(NAMES, st.builds(FileSize, COUNTS, COUNTS, COUNTS, COUNTS, CLASSES), max_size=5)
TABLES = st.builds(SizeTable, st.sampled_from(("objects", "library")), NAMES, NAMES, NAMES, NAMES, RELEASES, FILES)

SOME = SizeTable(
    "objects", "cc 1", "x86-64", "-Os", "android", "2.14.1",
    {"a.cc": FileSize(10, 1, 1, 8, {"AOp<float>": ClassSize(3, 7)}), "b.cc": FileSize(20, 0)},
)  # fmt: skip


def written(folder: Path, data: bytes) -> Path:
    path = folder / "t.sizes"
    path.write_bytes(data)
    return path


def with_document(document: object) -> bytes:
    packed = zlib.compress(json.dumps(document).encode())
    return b"opselect sizes 1 %08x\n" % zlib.crc32(packed) + packed


@given(st.lists(TABLES, max_size=3))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, tables: list[SizeTable]) -> None:
    path = written(tmp_path_factory.mktemp("sizes"), sizes_bytes(tables))
    assert list(read_sizes(path)) == tables
    assert sizes_bytes(read_sizes(path)) == path.read_bytes()


@given(st.data())
def test_a_changed_file_is_one_clear_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    good = sizes_bytes([SOME])
    at = data.draw(st.integers(0, len(good) - 1))
    bad = data.draw(st.one_of(st.just(good[:at]), st.integers(1, 255).map(lambda n: _flipped(good, at, n))))
    with pytest.raises(IndexFileError):
        read_sizes(written(tmp_path_factory.mktemp("sizes"), bad))


def _flipped(data: bytes, at: int, bits: int) -> bytes:
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


NUMBERS = ("bytes", "registrations", "kernel_classes", "kernel_bytes")
ROW = {
    "kind": "objects", "compiler": "c", "architecture": "a", "flags": "f", "profile": "p", "release": "2.14.1",
    "files": ["a.cc"], "bytes": [1], "registrations": [1], "kernel_classes": [1], "kernel_bytes": [1],
    "classes": [[["A", 1, 1]]],
}  # fmt: skip

TWICE = {"files": ["a.cc", "a.cc"], **{name: [1, 1] for name in NUMBERS}, "classes": [[], []]}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "linked"}, {"bytes": [-1]}, {"bytes": [1, 2]}, {"bytes": [True]}, {"bytes": "1"}, {"bytes": [1.5]},
        {"files": [1]}, TWICE, {"classes": [[["A", 1]]]}, {"classes": [3]},
        {"classes": [[[1, 1, 1]]]}, {"profile": None}, {"compiler": 3},
        {"release": "newest"}, {"bytes": [10**400]},
    ],
)  # fmt: skip
def test_tables_that_make_no_sense_are_damaged(tmp_path: Path, change: dict[str, object]) -> None:
    assert read_sizes(written(tmp_path, with_document({"tables": [ROW]})))[0].files["a.cc"].bytes == 1
    with pytest.raises(IndexFileError, match="make no sense"):
        read_sizes(written(tmp_path, with_document({"tables": [ROW | change]})))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no table of sizes"),
        (b"opselect kernel index 2\n", "no table of sizes"),
        (b"opselect sizes 2 00000000\n", "is of version 2"),
        (b"opselect sizes 1 00000000\nabc", "damaged or cut off"),
        (with_document([]), "make no sense"),
        (with_document({"tables": 3}), "make no sense"),
        (with_document({"tables": {}}), "make no sense"),
    ],
)
def test_foreign_and_newer_files_say_so(tmp_path: Path, data: bytes, problem: str) -> None:
    with pytest.raises(IndexFileError, match=problem):
        read_sizes(written(tmp_path, data))


def test_a_document_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, sizes_bytes([SOME]))
    monkeypatch.setattr(sizes, "_MAX_UNPACKED", 100)
    with pytest.raises(IndexFileError, match="make no sense"):
        read_sizes(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexFileError, match=r"no\.sizes: cannot be read"):
        read_sizes(tmp_path / "no.sizes")


def test_each_shipped_table_is_of_a_shipped_index_and_says_how_it_was_made() -> None:
    folder = Path(shipped.__file__).parent
    found = sizes.releases_with_sizes()
    assert set(found) <= set(shipped.releases())
    assert list(found) == [release for release in shipped.releases() if release in found]
    assert sum((folder / (release + sizes.SUFFIX)).stat().st_size for release in found) < 500_000
    for table in sizes.all_sizes():
        assert table.release in found
        assert table.profile in PROFILE_NAMES
        assert table.compiler
        assert table.architecture
        assert table.flags
        known = shipped.index_of(table.release).includes
        assert [path for path in table.files if path not in known] == []


def test_any_spelling_of_a_release_finds_its_tables() -> None:
    assert sizes.sizes_of("2.14") == sizes.sizes_of("v2.14.0") == sizes.sizes_of("2.14.1")
    assert sizes.sizes_of("2.14") != ()
    assert sizes.sizes_of("0.9") == ()
