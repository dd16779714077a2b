"""Checkpoints that are cut, damaged or made to harm: one error with a place, no memory taken for what is not there."""

from __future__ import annotations

import re
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect import open_checkpoint
from opselect.models.formats.checkpoint.ordered_code import encode_number, encode_signed, encode_string
from opselect.models.formats.checkpoint.slices import MAX_SLICES
from tests.fuzz import checkpoints as fuzz
from tests.opselect.graph_text import field, varint
from tests.opselect.models.formats.checkpoint_files import (
    FIXTURES,
    HEADER,
    Stored,
    block,
    encoded,
    extents,
    footer,
    masked_crc,
    number,
    sealed,
    shape,
    strings_of,
    table,
    table_of_blocks,
    write_bundle,
    write_parts,
)

V1 = (FIXTURES / "v1_single_file_dtypes" / "model.ckpt").read_bytes()
MAX_MEMORY = 64 << 20


@contextmanager
def little_memory() -> Iterator[None]:
    """What happens in the block takes less than ``MAX_MEMORY`` bytes at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MAX_MEMORY
    finally:
        tracemalloc.stop()


def refused(prefix: Path) -> InputError:
    """The error of opening a checkpoint, or of reading the first variable that cannot be read."""
    with little_memory(), pytest.raises(InputError) as caught:
        dict(open_checkpoint(prefix))
    assert str(prefix) in caught.value.place.path
    assert caught.value.advice
    assert "\n" not in caught.value.problem
    return caught.value


def copy_of(folder: Path, name: str) -> Path:
    """The prefix of a copy of a checkpoint of the fixtures."""
    source = FIXTURES / name
    for path in source.parent.glob(f"{source.name}*"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder / source.name


@pytest.mark.parametrize("name", ["v2_all_dtypes/model.ckpt", "made_by_2_14/partitioned"])
def test_an_index_cut_at_any_byte(tmp_path: Path, name: str) -> None:
    prefix = copy_of(tmp_path, name)
    index = prefix.with_name(f"{prefix.name}.index")
    whole = index.read_bytes()
    for length in range(len(whole)):
        index.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is no checkpoint") as caught:
            open_checkpoint(prefix)
        assert caught.value.place.path == str(index)


def test_version_1_cut_at_any_byte(tmp_path: Path) -> None:
    for length in range(len(V1)):
        (tmp_path / "model.ckpt").write_bytes(V1[:length])
        with pytest.raises(InputError, match="is no checkpoint"):
            open_checkpoint(tmp_path / "model.ckpt")


def test_the_beginning_of_a_table_is_missing(tmp_path: Path) -> None:
    """The end is whole, and with it the footer; what it points to is gone or stands somewhere else."""
    for start in range(1, len(V1), 3):
        (tmp_path / "model.ckpt").write_bytes(V1[start:])
        refused(tmp_path / "model.ckpt")


def test_a_data_file_cut_at_any_byte(tmp_path: Path) -> None:
    write_bundle(tmp_path / "model", {"a": np.arange(6, dtype=np.float32), "b": strings_of(b"xy", b"")})
    data = tmp_path / "model.data-00000-of-00001"
    whole = data.read_bytes()
    for length in range(len(whole)):
        data.write_bytes(whole[:length])
        error = refused(tmp_path / "model")
        assert f"of a file of {length}" in error.problem
        assert ("'a'" if length < 24 else "'b'") in error.problem


def test_every_bit_of_every_file_is_under_a_checksum(tmp_path: Path) -> None:
    """Of an index but for the metaindex block, which nobody reads, and the padding and places of the footer."""
    tensors = {"a": np.arange(3, dtype=np.int16), "b": strings_of(b"xy", b"")}
    write_bundle(tmp_path / "model", tensors)
    for name in ("model.index", "model.data-00000-of-00001"):
        path = tmp_path / name
        whole = path.read_bytes()
        for byte in range(len(whole) - 48 if name.endswith(".index") else len(whole)):
            path.write_bytes(whole[:byte] + bytes([whole[byte] ^ 4]) + whole[byte + 1 :])
            try:
                held = {key: value.tolist() for key, value in open_checkpoint(tmp_path / "model").items()}
            except InputError as error:
                assert "checksum" in error.problem or "compressed in a way" in error.problem  # noqa: PT017
            else:
                meta = whole[: len(whole) - 48].rindex(sealed(block([])))
                assert held == {key: value.tolist() for key, value in tensors.items()}
                assert name.endswith(".index") and meta <= byte < meta + len(sealed(block([])))  # noqa: PT018
        path.write_bytes(whole)


def test_a_wrong_checksum_names_variable_file_and_byte(tmp_path: Path) -> None:
    write_bundle(tmp_path / "model", {"first": np.zeros(4, np.float32), "second": np.ones(4, np.float32)})
    path = tmp_path / "model.data-00000-of-00001"
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    checkpoint = open_checkpoint(tmp_path / "model")
    assert checkpoint["first"].tolist() == [0, 0, 0, 0]
    for read in (checkpoint.__getitem__, checkpoint.stored):
        with pytest.raises(InputError, match=r"variable 'second' has a wrong checksum: its 16 bytes") as caught:
            read("second")
        assert (caught.value.place.path, caught.value.place.byte) == (str(path), 16)


def test_a_data_file_that_is_missing(tmp_path: Path) -> None:
    prefix = copy_of(tmp_path, "v2_sharded_3_devices/model.ckpt-12")
    prefix.with_name("model.ckpt-12.data-00001-of-00003").unlink()
    checkpoint = open_checkpoint(prefix)
    assert len(checkpoint) == 6
    error = refused(prefix)
    assert error.place.path.endswith("model.ckpt-12.data-00001-of-00003")
    assert re.search(r"is missing: variable '.+' is in it", error.problem)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (number(1, 2**31), "the header says that there are -2,147,483,648 data files"),
        (number(1, 0), "there are 0 data files"),
        (number(1, 1) + number(2, 2), "of byte order 2"),
        (number(1, 1) + field(3, number(2, 2)), "of a newer format: it asks for version 2"),
        (number(1, 1) + field(3, number(3, 1)), "readers of version 1 get it wrong"),
        (number(1, 1) + field(3, field(3, varint(7) + varint(1))), "readers of version 1 get it wrong"),
        (field(3, b"\x08"), "the header is broken: a number is cut off"),
        (b"\x0a" + varint(2**63), "9,223,372,036,854,775,808 bytes"),
    ],
)
def test_headers(tmp_path: Path, header: bytes, problem: str) -> None:
    write_parts(tmp_path / "model", {}, header=header)
    assert problem in refused(tmp_path / "model").problem


def test_an_index_without_a_header(tmp_path: Path) -> None:
    for entries in ([], [(b"v", Stored().encoded())]):
        (tmp_path / "model.index").write_bytes(table(entries))
        assert "its header is missing" in refused(tmp_path / "model").problem


def test_far_shards_are_only_looked_for_when_they_are_read(tmp_path: Path) -> None:
    write_parts(tmp_path / "model", {b"v": Stored(shard=2**31 - 2)}, header=number(1, 2**31 - 1))
    error = refused(tmp_path / "model")
    assert error.place.path.endswith("model.data-2147483646-of-2147483647")


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (Stored(shard=1), "is said to be in shard 1 of 1"),
        (Stored(shard=-1), "is said to be in shard -1 of 1"),
        (Stored(offset=997), "is said to be 4 bytes at byte 997 of a file of 1,000"),
        (Stored(offset=2**63 - 1), "at byte 9,223,372,036,854,775,807"),
        (Stored(offset=-4), "at byte -4"),
        (Stored(size=2**62), "takes 4 bytes, not 4,611,686,018,427,387,904"),
        (Stored(size=-4), "takes 4 bytes, not -4"),
        (Stored(dims=(2,)), "takes 8 bytes, not 4"),
        (Stored(dims=(2**61,), size=2**63 - 4), "which no memory can hold"),
        (Stored(dims=(2**60,), size=2**62), "of a file of 1,000"),
        (Stored(dims=(2**32, 2**32)), "which no memory can hold"),
        (Stored(dims=(-1,)), "which is not fully known"),
        (Stored(dims=(1,) * 300), "300 dimensions"),
        (Stored(data_type=77), "77 is no data type"),
        (Stored(data_type=0), "is of type DT_INVALID, which no array can hold"),
        (Stored(data_type=DataType.DT_RESOURCE), "is of type DT_RESOURCE, which no array can hold"),
        (Stored(crc=b"abcd"), "has a wrong checksum"),
        (Stored(DataType.DT_BOOL, (4,), crc=masked_crc(b"zzzz")), "holds 122 where a bool is 0 or 1"),
        (Stored(DataType.DT_STRING, (2**62,), size=10), "which no memory can hold"),
        (Stored(DataType.DT_STRING, (2**40,), size=10), "10 bytes cannot even hold their lengths"),
        (Stored(DataType.DT_STRING, (4,), size=4), "has a wrong checksum of the lengths"),
        (Stored(DataType.DT_STRING, (), size=2**63 - 1), "of a file of 1,000"),
        (Stored(DataType.DT_STRING, (), size=0), "0 bytes cannot even hold their lengths"),
        (Stored(slices=(b"",)), "lacks its slice"),
    ],
)
def test_entries_that_say_what_cannot_be(tmp_path: Path, part: Stored, problem: str) -> None:
    write_parts(tmp_path / "model", {b"v": part}, b"z" * 1000)
    error = refused(tmp_path / "model")
    assert problem in error.problem
    assert "'v'" in error.problem


@pytest.mark.parametrize(
    ("data", "count", "problem"),
    [
        (b"\xff" * 20, 1, "longer than ten bytes"),
        (b"\x80" * 4, 4, "a number is cut off"),
        (varint(3) + masked_crc(struct.pack("<I", 3)) + b"ab", 1, "holds 1 strings of 3 bytes, but 2 bytes are there"),
        (varint(1) + masked_crc(struct.pack("<I", 1)) + b"ab", 1, "holds 1 strings of 1 bytes, but 2 bytes are there"),
        (varint(2**40) + masked_crc(struct.pack("<Q", 2**40)), 1, "holds 1 strings of 1,099,511,627,776 bytes"),
        (varint(1) + b"abcd" + b"a", 1, "has a wrong checksum of the lengths of its strings"),
        (varint(1) + masked_crc(struct.pack("<I", 1)) + b"a", 1, "has a wrong checksum: its 6 bytes here"),
    ],
)
def test_strings_that_do_not_add_up(tmp_path: Path, data: bytes, count: int, problem: str) -> None:
    write_parts(tmp_path / "model", {b"v": Stored(DataType.DT_STRING, (count,), size=len(data))}, data)
    assert problem in refused(tmp_path / "model").problem


def slice_key(name: bytes, *pairs: tuple[int, int]) -> bytes:
    numbers = b"".join(encode_signed(one) for pair in pairs for one in pair)
    return encode_number(0) + encode_string(name) + encode_number(len(pairs)) + numbers


@pytest.mark.parametrize(
    ("slices", "problem"),
    [
        ([(0, 2), (1, 2)], "has slices that overlap: 0,2 and 1,2"),
        ([(0, 2), (0, 2)], "has slices that overlap"),
        ([(0, 2)], "lacks slices: 2 elements are in none of 1"),
        ([(0, 2), (3, 1)], "lacks slices: 1 elements"),
        ([(0, 2), (2, 3)], "has a slice 2,3 outside of it"),
        ([(-1, 2), (1, 3)], "has a slice -1,2 outside of it"),
        ([(0, 4), (4, 0)], "has a slice 4,0 outside of it"),
        ([(0, 2), (2, 2**63 - 1)], "outside of it"),
        ([(0, 2), (2, -5)], "outside of it"),
    ],
)
def test_slices_that_are_no_whole(tmp_path: Path, slices: list[tuple[int, int]], problem: str) -> None:
    data, _ = encoded(np.arange(4, dtype=np.float32))
    parts = {b"v": Stored(dims=(4,), slices=tuple(extents(one) for one in slices))}
    for start, length in slices:
        inside = data[4 * start :][: 4 * length] if start >= 0 and length >= 0 else b""
        crc = masked_crc(inside)
        parts[slice_key(b"v", (start, length))] = Stored(
            dims=(max(length, 0),), offset=4 * start, size=len(inside), crc=crc
        )
    write_parts(tmp_path / "model", {key: part for key, part in parts.items() if part.dims[0] < 1 << 62}, data)
    assert problem in refused(tmp_path / "model").problem


def test_slices_of_another_rank(tmp_path: Path) -> None:
    write_parts(tmp_path / "model", {b"v": Stored(dims=(4,), slices=(extents((0, 2), (0, 2)),))})
    assert "has a slice 0,2:0,2 of 2 dimensions" in refused(tmp_path / "model").problem


@pytest.mark.parametrize(
    "inner",
    [Stored(dims=(3,), size=12), Stored(DataType.DT_INT32, (2,), size=8), Stored(dims=(2,), slices=(extents((0, 2)),))],
)
def test_a_slice_that_is_something_else(tmp_path: Path, inner: Stored) -> None:
    whole = Stored(dims=(4,), slices=(extents((0, 2)), extents((2, 2))))
    other = Stored(dims=(2,), size=8, crc=masked_crc(bytes(8)))
    parts = {b"v": whole, slice_key(b"v", (0, 2)): inner, slice_key(b"v", (2, 2)): other}
    write_parts(tmp_path / "model", parts, bytes(100))
    assert "has a slice 0,2 of type" in refused(tmp_path / "model").problem


def test_many_slices_of_the_same_bytes(tmp_path: Path) -> None:
    """Each slice is in the file, but the file is not as large as all of them."""
    data = bytes(1 << 16)
    slices = [(start << 14, 1 << 14) for start in range(4000)]
    parts = {b"v": Stored(dims=(4000 << 14,), slices=tuple(extents(one) for one in slices))}
    inner = Stored(dims=(1 << 14,), size=1 << 16, crc=masked_crc(data))
    write_parts(tmp_path / "model", parts | {slice_key(b"v", one): inner for one in slices}, data)
    assert "takes 262,144,000 bytes, but its data files have only 65,536" in refused(tmp_path / "model").problem


def test_more_slices_than_anybody_makes(tmp_path: Path) -> None:
    count = MAX_SLICES + 1
    slices = tuple(extents((start, 1)) for start in range(count))
    write_parts(tmp_path / "model", {b"v": Stored(dims=(count,), slices=slices)})
    assert "is cut into 10,001 slices" in refused(tmp_path / "model").problem


def test_slices_whose_keys_would_be_longer_than_the_index(tmp_path: Path) -> None:
    parts = {b"n" * 60_000: Stored(dims=(4,), slices=(b"",) * 5000)}
    write_parts(tmp_path / "model", parts)
    assert "names more slices than it could hold" in refused(tmp_path / "model").problem


def index_of(content: bytes) -> bytes:
    """A table with one block, whatever is in it."""
    return table_of_blocks([(b"\xff", content)])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "too short for its end"),
        (b"\0\0\0", "too short for its end"),
        (b"\xff\xff\xff\xff", "is said to have 4,294,967,295 restarts"),
        (b"\0" * 8 + struct.pack("<I", 3), "is said to have 3 restarts"),
        (b"\x01\x01\x00a" + struct.pack("<II", 0, 1), "a key shares 1 bytes with one that has 0"),
        (b"\x00" + varint(2**63) + b"\x00" + struct.pack("<II", 0, 1), "are said to be in 0 bytes"),
        (b"\x00\x00" + varint(2**63) + struct.pack("<II", 0, 1), "a value of 9,223,372,036,854,775,808"),
        (varint(2**63) + b"\x00\x00" + struct.pack("<II", 0, 1), "a key shares 9,223,372,036,854,775,808 bytes"),
        (b"\x00\x80" + struct.pack("<II", 0, 1), "a number is cut off"),
        (b"\x00\x00" + bytes([len(HEADER)]) + HEADER + b"\x00\x00\x00" + struct.pack("<II", 0, 1), "not in order"),
        (
            b"\x00\x00" + bytes([len(HEADER)]) + HEADER + b"\x00\x01\x00b\x00\x01\x00a" + struct.pack("<II", 0, 1),
            "not in order",
        ),
    ],
)
def test_blocks(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "model.index").write_bytes(index_of(content))
    assert problem in refused(tmp_path / "model").problem


def test_keys_that_grow_out_of_nothing(tmp_path: Path) -> None:
    """Each entry takes four bytes and makes a key one byte longer than the last, of which it shares all."""
    entries = b"\x00\x00" + bytes([len(HEADER)]) + HEADER
    entries += b"".join(varint(length) + b"\x01\x00a" for length in range(40_000))
    (tmp_path / "model.index").write_bytes(index_of(entries + struct.pack("<II", 0, 1)))
    assert "keys are longer than any program writes them" in refused(tmp_path / "model").problem


@pytest.mark.parametrize("kind", [2, 4, 255])
def test_a_compression_that_nobody_knows(tmp_path: Path, kind: int) -> None:
    content = sealed(block([(b"", HEADER)]), kind)
    index = sealed(block([(b"a", varint(0) + varint(len(content) - 5))], 1))
    (tmp_path / "model.index").write_bytes(content + index + footer(len(content), len(index) - 5))
    assert f"compressed in a way ({kind})" in refused(tmp_path / "model").problem


@pytest.mark.parametrize(
    ("packed", "problem"),
    [
        (varint(2**32 - 1) + b"\x00a", "is said to unpack to 4,294,967,295"),
        (varint(10**6) + b"\x00a", "is said to unpack to 1,000,000"),
        (varint(9) + b"\x00a", "cannot be unpacked"),
        (varint(2) + b"\xfe\xff\xff", "cannot be unpacked"),
        (b"\xff" * 12, "cannot be unpacked"),
        (b"", "cannot be unpacked"),
        (b"\0", "too short for its end"),
    ],
)
def test_snappy_blocks_that_do_not_unpack(tmp_path: Path, packed: bytes, problem: str) -> None:
    content = sealed(packed, 1)
    index = sealed(block([(b"a", varint(0) + varint(len(packed)))], 1))
    (tmp_path / "model.index").write_bytes(content + index + footer(len(content), len(index) - 5))
    assert problem in refused(tmp_path / "model").problem


@pytest.mark.parametrize(
    ("handles", "problem"),
    [
        (varint(0) + varint(0) + varint(2**63) + varint(10), "9,223,372,036,854,775,808"),
        (varint(0) + varint(0) + varint(10) + varint(2**63), "a block of 9,223,372,036,854,775,808 bytes"),
        (varint(2**63) + varint(0) + varint(0) + varint(0), "9,223,372,036,854,775,808"),
        (b"\xff" * 40, "longer than ten bytes"),
        (b"\x80" * 40, "longer than ten bytes"),
    ],
)
def test_footers(tmp_path: Path, handles: bytes, problem: str) -> None:
    whole = table([(b"", HEADER)])
    (tmp_path / "model.index").write_bytes(whole[:-48] + handles.ljust(40, b"\0") + whole[-8:])
    assert problem in refused(tmp_path / "model").problem


def test_an_index_block_that_lists_one_block_again_and_again(tmp_path: Path) -> None:
    content = sealed(block([]))
    for places in ([(0, 4)] * 2, [(0, 4), (2, 2)]):
        index = sealed(block([(b"a%d" % n, varint(at) + varint(size)) for n, (at, size) in enumerate(places)], 1))
        (tmp_path / "model.index").write_bytes(content + index + footer(len(content), len(index) - 5))
        assert "begins inside another one" in refused(tmp_path / "model").problem


def old(folder: Path, *variables: bytes, data: dict[bytes, bytes] | None = None, versions: bytes = b"") -> Path:
    """A checkpoint of version 1 with these ``SavedSliceMeta`` and values."""
    meta = field(1, b"".join(field(1, one) for one in variables) + field(2, versions))
    values = [(key, field(2, field(3, value))) for key, value in sorted((data or {}).items())]
    (folder / "old").write_bytes(table([(b"", meta), *values]))
    return folder / "old"


def listed(*slices: bytes, dims: tuple[int, ...] = (3,), data_type: int = DataType.DT_FLOAT) -> bytes:
    return field(1, b"v") + field(2, shape(*dims)) + number(3, data_type) + b"".join(field(4, one) for one in slices)


FLOATS = field(5, struct.pack("<3f", 1, 2, 3))
ALL = slice_key(b"v", (0, -1))


def test_a_whole_one_of_version_1(tmp_path: Path) -> None:
    """What the damaged ones below are made from."""
    assert open_checkpoint(old(tmp_path, listed(extents(None)), data={ALL: FLOATS}))["v"].tolist() == [1, 2, 3]
    scalar = old(tmp_path, listed(b"", dims=()), data={slice_key(b"v"): FLOATS[:1] + b"\4" + FLOATS[2:6]})
    assert open_checkpoint(scalar)["v"].tolist() == 1
    empty = old(tmp_path, listed(extents(None), dims=(0,)), data={ALL: b""})
    assert open_checkpoint(empty)["v"].shape == (0,)


@pytest.mark.parametrize(
    ("variable", "data", "problem"),
    [
        (listed(extents(None)), {}, "lacks its slice -"),
        (listed(), {}, "lacks slices: 3 elements are in none of 0"),
        (listed(extents(None), dims=(2,)), {ALL: FLOATS}, "but the file holds another number of values"),
        (listed(extents(None), dims=(4,)), {ALL: FLOATS}, "but the file holds another number of values"),
        (
            listed(extents(None), dims=(2**40,)),
            {ALL: FLOATS},
            "has 1,099,511,627,776 elements in its slice -, but only",
        ),
        (listed(extents(None), dims=(2**62,)), {ALL: FLOATS}, "which no memory can hold"),
        (listed(extents(None), dims=(2**62, 2)), {ALL: FLOATS}, "which no memory can hold"),
        (listed(extents(None), dims=(-3,)), {ALL: FLOATS}, "which is not fully known"),
        (listed(extents(None), data_type=DataType.DT_INT32), {ALL: FLOATS}, "another number of values"),
        (listed(extents(None), data_type=DataType.DT_VARIANT), {ALL: FLOATS}, "which no array can hold"),
        (listed(extents(None), data_type=77), {ALL: FLOATS}, "77 is no data type"),
        (listed(extents((0, 2)), extents((1, 2))), {}, "has slices that overlap"),
        (listed(extents((0, 2))), {}, "lacks slices: 1 elements"),
        (listed(extents(None)), {ALL: field(5, b"abc")}, "a list of numbers has 3 bytes"),
        (listed(extents(None)), {ALL: b"\x2a" + varint(2**63)}, "9,223,372,036,854,775,808 bytes"),
        (b"\x0a\xff", {}, "the list of variables is broken"),
    ],
)
def test_version_1_that_says_what_cannot_be(
    tmp_path: Path, variable: bytes, data: dict[bytes, bytes], problem: str
) -> None:
    assert problem in refused(old(tmp_path, variable, data=data)).problem


def test_version_1_of_a_newer_format(tmp_path: Path) -> None:
    assert "of a newer format" in refused(old(tmp_path, versions=number(2, 2))).problem


def test_version_1_without_its_list_of_variables(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(table([(b"a", b"")]))
    assert "the list of its variables is missing" in refused(tmp_path / "old").problem


def test_version_1_without_values(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(
        table([(b"", field(1, field(1, listed(extents(None))))), (ALL, b"\x10\x01\x10\x01")])
    )
    assert "has no values" in refused(tmp_path / "old").problem


def test_shards_of_version_1_that_do_not_agree(tmp_path: Path) -> None:
    for index, dims in enumerate(((3,), (4,))):
        path = old(tmp_path, listed(extents((0, 1)), dims=dims))
        path.rename(tmp_path / f"old-{index:05d}-of-00002")
    assert "is DT_FLOAT [4] here and DT_FLOAT [3] in another shard" in refused(tmp_path / "old").problem


@pytest.mark.parametrize("seed", range(4))
def test_changed_checkpoints_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    with little_memory():
        fuzz.run(tmp_path, cases=150, seed=seed)
