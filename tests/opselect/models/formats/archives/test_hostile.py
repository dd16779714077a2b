"""Damaged archives and bombs: refused with one error of ours, quickly, in little memory and without a file left."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from kernel_index.errors import InputError
from opselect.models.formats.archives import list_archive, models_inside, unpacked
from opselect.models.formats.archives.records import FREE_UNPACKED
from tests.opselect.archive_files import GRAPH, LITE, Compression, file_info, tar_bytes, tar_of, written, zip_bytes

MUTATIONS = int(os.environ.get("OPSELECT_ARCHIVE_MUTATIONS", "120"))
"""How many damaged archives of each kind are read; 10000 and more now and then."""
SECONDS = 60.0
"""Longer than this is a hang and no slow machine."""

FILES = {"a/notes.txt": b"text " * 30, "graph.pb": GRAPH[:1200], "lite.tflite": LITE}
ARCHIVES = {
    "zip": zip_bytes(FILES),
    "stored": zip_bytes(FILES, zipfile.ZIP_STORED),
    "tar": tar_bytes({**FILES, "long/" * 40 + "name": b"x"}),
    "gnu": tar_bytes({**FILES, "long/" * 40 + "name": b"x"}, format=tarfile.GNU_FORMAT),
    "gz": tar_bytes(FILES, "gz"),
    "bz2": tar_bytes(FILES, "bz2"),
    "xz": tar_bytes(FILES, "xz"),
}


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary folders are made here, and none is left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """The block may have so many bytes of memory at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def survives(path: str) -> bool:
    """Whether an archive is read, in whole; where it is not, that is a proper error."""
    started = time.monotonic()
    try:
        list_archive(path)
        for model in models_inside(path):
            with unpacked(path, model.name) as local:
                assert Path(local).exists()
    except InputError:
        return False
    finally:
        assert time.monotonic() - started < SECONDS
    return True


@pytest.mark.parametrize("kind", list(ARCHIVES))
def test_archives_cut_short(tmp_path: Path, folders: Path, kind: str) -> None:
    whole = ARCHIVES[kind]
    assert survives(written(tmp_path / "m", whole))
    step = max(1, len(whole) // 150)
    fine = [length for length in range(1, len(whole), step) if survives(written(tmp_path / "m", whole[:length]))]
    # Zeros end a tar; what is cut off behind them, or between members, is no damage that a reader can see.
    end = len(whole.rstrip(b"\0")) if kind in ("tar", "gnu") else len(whole)
    allowed = set(range(0, len(whole), 512)) if kind in ("tar", "gnu") else set()
    assert [length for length in fine if length < end and length not in allowed] == []
    assert list(folders.iterdir()) == []


@pytest.mark.parametrize("kind", list(ARCHIVES))
def test_flipped_bits(tmp_path: Path, folders: Path, kind: str) -> None:
    random = Random(kind)
    for _ in range(MUTATIONS):
        data = bytearray(ARCHIVES[kind])
        for _ in range(random.choice((1, 1, 2, 6))):
            place = random.randrange(len(data))
            if random.randrange(4):
                data[place] ^= 1 << random.randrange(8)
            else:
                number = random.choice((0, 0xFF, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000))
                struct.pack_into("<I", data, min(place, len(data) - 4), number)
        survives(written(tmp_path / "m", bytes(data)))
    assert list(folders.iterdir()) == []


def bomb(kind: str) -> bytes:
    """A small archive with a graph that goes on with zeros for 200 MB."""
    size = 200 << 20
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("graph.pb", "w") as member:
            member.write(GRAPH)
            for _ in range(size >> 20):
                member.write(bytes(1 << 20))
        return out.getvalue()
    info = file_info("graph.pb", size)
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as packed:
        packed.write(info.tobuf() + GRAPH)
        for _ in range(size >> 20):
            packed.write(bytes(1 << 20))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_bombs_do_not_go_off(tmp_path: Path, folders: Path, kind: str) -> None:
    path = written(tmp_path / "m", bomb(kind))
    with memory_below(8 << 20), pytest.raises(InputError, match="more than 200 times"), unpacked(path, "graph.pb"):
        pass
    assert list(folders.iterdir()) == []


def test_a_small_archive_may_unpack_to_a_few_megabytes_of_zeros(tmp_path: Path) -> None:
    content = GRAPH + bytes(1 << 20)
    for data in (zip_bytes({"g": content}), tar_bytes({"g": content}, "gz")):
        assert len(data) * 200 < len(content) < FREE_UNPACKED
        with unpacked(written(tmp_path / "m", data), "g") as local:
            assert Path(local).stat().st_size == len(content)


def test_more_bytes_in_all_than_any_archive_may_unpack_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opselect.models.formats.archives.records.MAX_UNPACKED", 100_000)
    files = {"m/saved_model.pb": b"x" * 60_000, "m/variables/v": b"x" * 60_000}
    for data in (zip_bytes(files, zipfile.ZIP_STORED), tar_bytes(files), tar_bytes(files, "gz")):
        with (
            pytest.raises(InputError, match="unpacks to more than 100,000 bytes"),
            unpacked(written(tmp_path / "m", data), "m"),
        ):
            pass


@pytest.mark.parametrize("shift", [-10, 10])
def test_sizes_that_are_not_true(tmp_path: Path, folders: Path, shift: int) -> None:
    """The directory and the member's own header say another size than its bytes have."""
    data = bytearray(zip_bytes({"g.pb": GRAPH}))
    directory = data.index(b"PK\x01\x02")
    for place in (22, directory + 24):
        struct.pack_into("<L", data, place, len(GRAPH) + shift)
    path = written(tmp_path / "m", bytes(data))
    with pytest.raises(InputError, match=r"g\.pb: is a damaged archive"), unpacked(path, "g.pb"):
        pass
    assert list(folders.iterdir()) == []


def test_a_directory_of_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {str(number): b"" for number in range(50)}
    for module in ("zip_files", "models.formats.archives.tars"):
        monkeypatch.setattr(f"opselect.{module}.MAX_MEMBERS", 49)
    for data in (zip_bytes(files), tar_bytes(files), tar_bytes(files, "xz")):
        with pytest.raises(InputError, match="holds more than"):
            list_archive(written(tmp_path / "m", data))
    for module in ("zip_files", "models.formats.archives.tars"):
        monkeypatch.setattr(f"opselect.{module}.MAX_MEMBERS", 50)
    for data in (zip_bytes(files), tar_bytes(files), tar_bytes(files, "xz")):
        assert len(list_archive(written(tmp_path / "m", data))) == 50


def test_a_directory_that_seems_to_be_another(tmp_path: Path) -> None:
    """What looks like an end record of zip64 counts only with its locator, which zipfile wants to see."""
    entry = b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"n"
    fake = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, 0, 4) + bytes(20)
    last = entry[:32] + struct.pack("<H", len(fake)) + entry[34:] + fake
    directory = entry * 150_000 + last
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, len(directory), 4, 0)
    path = written(tmp_path / "many.zip", b"PK\x03\x04" + directory + end)

    with memory_below(1 << 20), pytest.raises(InputError, match="holds more than 100,000 members"):
        list_archive(path)


def test_a_zip_of_too_many_members_makes_no_object_for_each(tmp_path: Path) -> None:
    count = 150_000
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    end = b"PK\x05\x06" + bytes(4) + struct.pack("<HHLLH", 65535, 65535, count * len(entry), 4, 0)
    path = written(tmp_path / "m", b"PK\x03\x04" + entry * count + end)
    started = time.monotonic()
    with memory_below(1 << 20), pytest.raises(InputError, match="holds more than 100,000 members"):
        list_archive(path)
    assert time.monotonic() - started < SECONDS


def test_a_broken_header_is_not_the_end(tmp_path: Path) -> None:
    data = bytearray(tar_bytes({"a.txt": b"text", "graph.pb": GRAPH}, format=tarfile.USTAR_FORMAT))
    data[1024 + 150] ^= 1
    for compressed in (bytes(data), gzip.compress(data)):
        with pytest.raises(InputError, match="no member's header where one should be"):
            list_archive(written(tmp_path / "m", compressed))


def with_size(info: tarfile.TarInfo, size: bytes) -> bytes:
    """A member's header with other bytes for its size, and the checksum that fits."""
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.SYMTYPE])
def test_a_size_that_leads_backwards(tmp_path: Path, kind: bytes) -> None:
    back = with_size(file_info("b", kind=kind), struct.pack(">i", -1) * 2 + struct.pack(">i", -1024))
    path = written(tmp_path / "m", file_info("a").tobuf() + back + bytes(1024))
    started = time.monotonic()
    with pytest.raises(InputError):
        list_archive(path)
    assert time.monotonic() - started < SECONDS


@pytest.mark.parametrize("compression", ["", "gz"])
def test_headers_as_long_as_they_like(tmp_path: Path, compression: Compression) -> None:
    size = 20 << 20
    head = file_info("a", size, kind=tarfile.XHDTYPE).tobuf()
    data = file_info("first").tobuf() + head + bytes(size) + bytes(1024)
    path = written(tmp_path / "m", gzip.compress(data) if compression else data)
    with memory_below(4 << 20), pytest.raises(InputError, match="longer than any name"):
        list_archive(path)


def test_numbers_in_headers_that_cost_the_square_of_their_length(tmp_path: Path) -> None:
    size = 60_000
    data = file_info("a", size, kind=tarfile.XHDTYPE).tobuf() + b"1" * size + bytes(-size % 512) + bytes(1024)
    started = time.monotonic()
    with pytest.raises(InputError, match="more digits than any number"):
        list_archive(written(tmp_path / "m", file_info("first").tobuf() + data))
    assert time.monotonic() - started < SECONDS


def test_headers_before_headers_without_end(tmp_path: Path) -> None:
    one = tarfile.TarInfo.create_pax_global_header({"comment": "x"})
    with pytest.raises(InputError, match="damaged archive"):
        list_archive(written(tmp_path / "m", file_info("first").tobuf() + one * 3000 + bytes(1024)))


def test_sparse_files_are_not_blown_up(tmp_path: Path) -> None:
    info = file_info("x.pb", 512, kind=tarfile.GNUTYPE_SPARSE)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (0, 512)
    header[483:495] = b"%011o\0" % (1 << 32)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = written(tmp_path / "m", bytes(header) + bytes(512) + bytes(1024))
    with pytest.raises(InputError, match="is a sparse file"), unpacked(path, "x.pb"):
        pass


def test_looking_at_members_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members that begin as a MetaGraphDef may and go on for long are looked at for so long and no longer."""
    monkeypatch.setattr("opselect.models.formats.archives.kinds.MAX_FURTHER", 1 << 16)
    meta = b"\n\x8a\x80\x40\x12\x80\x80\x40" + bytes(1 << 20) + b"\x2a\x061.15.0"
    path = written(tmp_path / "m", zip_bytes({str(number): meta for number in range(40)}))
    assert models_inside(path) == ()


def test_a_nested_archive_is_a_member_like_any_other(tmp_path: Path) -> None:
    inner = zip_bytes({"graph.pb": GRAPH})
    with (
        pytest.raises(InputError, match="holds no model") as caught,
        unpacked(written(tmp_path / "m", zip_bytes({"i.zip": inner}))),
    ):
        pass
    assert caught.value.advice == "It holds i.zip."


def test_damage_inside_a_member_names_it(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a/graph.pb": GRAPH}))
    data[len(data) // 2] ^= 0xFF
    path = written(tmp_path / "m", bytes(data))
    with pytest.raises(InputError) as caught, unpacked(path, "a/graph.pb"):
        pass
    assert str(caught.value.place) == f"{path}!a/graph.pb"


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    path = written(tmp_path / "m", zip_bytes({"graph.pb": GRAPH}))
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(InputError, match=r"graph\.pb: cannot be unpacked: No space left on device"), unpacked(path):
        pass


def test_a_tar_of_members_without_content(tmp_path: Path) -> None:
    infos = [file_info(f"{number}.txt") for number in range(200)]
    assert len(list_archive(written(tmp_path / "m", tar_of(infos, {}, "gz")))) == 200
