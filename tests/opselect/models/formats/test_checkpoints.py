"""Checkpoints in, variables out."""

from __future__ import annotations

import doctest
import pickle
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import opselect
from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect import open_checkpoint
from opselect.models.formats.checkpoint import Checkpoint, StoredVariable, table
from opselect.models.formats.checkpoint.ordered_code import encode_number, encode_signed, encode_string
from opselect.models.formats.numpy_types import Array
from opselect.models.storage import FileBytes, source_of
from tests.conformance.checkpoints import Outcome, outcomes
from tests.opselect.models.formats.checkpoint_files import (
    FIXTURES,
    Stored,
    encoded,
    extents,
    masked_crc,
    strings_of,
    table_of_blocks,
    write_bundle,
    write_parts,
)
from tests.opselect.models.formats.checkpoint_files import block as block_of
from tests.opselect.models.formats.checkpoint_files import number as number_field
from tests.opselect.models.formats.checkpoint_files import table as table_file

RANDOM = np.random.RandomState(7)
TENSORS: dict[str, Array] = {
    "bool": np.array([True, False]),
    "complex": np.array([[1 + 2j], [-3j]], np.complex64),
    "double": RANDOM.randn(2, 3),
    "empty": np.zeros((0, 4), np.float32),
    "float": RANDOM.randn(5).astype(np.float32),
    "int": np.array(-5, np.int32),
    "long": np.arange(4, dtype=np.int64) << 40,
    "no_strings": strings_of(),
    "short": np.array([-2, 300], np.int16),
    "strings": strings_of(b"", b"abc", b"\xff\0", b"x" * 5000),
} | {f"many/{number:04d}": np.array([number], np.int32) for number in range(300)}


def same(checkpoint: Checkpoint, tensors: dict[str, Array]) -> bool:
    """Whether a checkpoint holds these tensors and no others."""
    held = {name: plain(value) for name, value in checkpoint.items()}
    return list(held) == sorted(tensors) and held == {name: plain(value) for name, value in tensors.items()}


def plain(array: Array) -> tuple[object, ...]:
    """All that makes an array, comparable bit for bit."""
    return array.dtype, array.shape, array.tolist() if array.dtype == np.object_ else array.tobytes()


@pytest.mark.parametrize("outcome", list(outcomes(FIXTURES)), ids=lambda outcome: str(outcome.case))
def test_checkpoints_hold_what_tensorflow_reads_in_them(outcome: Outcome) -> None:
    assert outcome.differences == ()
    assert outcome.tensors


def test_a_difference_from_what_tensorflow_reads_is_noticed(tmp_path: Path) -> None:
    """The comparison itself: it sees another value, another type, and names that one side lacks."""
    for path in FIXTURES.rglob("*"):
        if path.is_file() and path.suffix != ".py":
            (tmp_path / path.relative_to(FIXTURES)).parent.mkdir(exist_ok=True)
            (tmp_path / path.relative_to(FIXTURES)).write_bytes(path.read_bytes())
    write_bundle(tmp_path / "tf2_object_based" / "ck", {"model/a/0/.ATTRIBUTES/VARIABLE_VALUE": np.ones((2, 3))})
    write_bundle(tmp_path / "v2_partitioned_slices" / "model.ckpt", {"plain": np.zeros(4, np.int64)})
    failed = {outcome.case: outcome.differences for outcome in outcomes(tmp_path) if outcome.differences}
    assert set(failed) == {"tf2_object_based", "v2_partitioned_slices"}
    assert "model/a/0/.ATTRIBUTES/VARIABLE_VALUE: type DT_DOUBLE, not DT_FLOAT" in failed["tf2_object_based"]
    assert failed["v2_partitioned_slices"] == ("not listed: a/w", "not listed: b/k", "plain: other bytes")


@pytest.mark.parametrize(
    "written",
    [{}, {"per_block": 3}, {"snappy": True}, {"snappy": True, "per_block": 7}, {"big_endian": True}],
    ids=["plain", "many blocks", "snappy", "many snappy blocks", "big-endian"],
)
def test_each_way_of_writing_a_bundle(tmp_path: Path, written: dict[str, bool | int]) -> None:
    """TensorFlow 2.14.1 reads these files, too, and reads the same in them."""
    write_bundle(tmp_path / "model", TENSORS, **written)  # type: ignore[arg-type]
    checkpoint = open_checkpoint(tmp_path / "model")
    assert same(checkpoint, TENSORS)
    for name in ("float", "int", "strings"):
        stored = checkpoint.stored(name)
        if name == "strings" or written.get("big_endian"):
            assert stored is None
        else:
            assert stored is not None
            assert stored.read() == TENSORS[name].tobytes()


def test_it_is_a_mapping() -> None:
    checkpoint = open_checkpoint(FIXTURES / "made_by_2_14" / "types")
    assert len(checkpoint) == len(list(checkpoint)) == 27
    assert "type/bool" in checkpoint
    assert "type" not in checkpoint
    assert checkpoint.get("nothing") is None
    assert checkpoint.shapes["type/complex128"] == (2, 1)
    assert checkpoint.dtypes["type/bfloat16"] == ml_dtypes.bfloat16
    assert checkpoint.dtypes["type/float8_e5m2"] == ml_dtypes.float8_e5m2
    assert checkpoint.dtypes["type/qint8"] == np.int8
    assert checkpoint.dtypes["type/string"] == np.object_
    assert checkpoint.variables["type/qint8"] == StoredVariable(DataType.DT_QINT8, (2, 3))
    assert list(checkpoint.shapes) == list(checkpoint.dtypes) == list(checkpoint) == sorted(checkpoint)
    assert "27 variables" in repr(checkpoint)
    assert (checkpoint.version, checkpoint.prefix) == (2, str(FIXTURES / "made_by_2_14" / "types"))


@pytest.mark.parametrize("prefix", ["made_by_2_14/types", "v1_single_file_dtypes/model.ckpt"])
def test_a_name_that_it_does_not_have_is_a_key_error(prefix: str) -> None:
    checkpoint = open_checkpoint(FIXTURES / prefix)
    with pytest.raises(KeyError, match="nothing"):
        checkpoint["nothing"]
    with pytest.raises(KeyError, match="nothing"):
        checkpoint.stored("nothing")


def test_arrays_are_the_callers_own() -> None:
    checkpoint = open_checkpoint(FIXTURES / "made_by_2_14" / "types")
    array = checkpoint["type/int32"]
    array[:] = 0
    assert checkpoint["type/int32"].any()


def test_variants_are_listed_and_say_that_they_cannot_be_read() -> None:
    checkpoint = open_checkpoint(FIXTURES / "made_by_2_14" / "variant")
    assert checkpoint.variables["list"].data_type is DataType.DT_VARIANT
    assert checkpoint.dtypes["list"] == np.object_
    assert checkpoint.stored("list") is None
    with pytest.raises(InputError, match="variable 'list' is of type DT_VARIANT, which no array can hold") as caught:
        checkpoint["list"]
    assert "Only TensorFlow itself" in caught.value.advice
    assert checkpoint["number"].tolist() == [4, 5]


def test_partitioned_variables_are_whole_and_their_slices_no_variables() -> None:
    checkpoint = open_checkpoint(FIXTURES / "made_by_2_14" / "partitioned")
    assert list(checkpoint) == ["alone", "cut/\u00ff\0", "grid"]
    assert checkpoint["grid"].tolist() == np.arange(60).reshape(6, 10).tolist()
    assert checkpoint.stored("grid") is None
    assert checkpoint.stored("alone") is not None


def test_partitioned_strings(tmp_path: Path) -> None:
    """TensorFlow itself cannot put slices of strings together; what they hold is clear all the same."""
    words = strings_of(b"a", b"", b"ccc")
    first, first_crc = encoded(words[:2])
    second, second_crc = encoded(words[2:])
    parts = {
        b"w": Stored(DataType.DT_STRING, (3,), slices=(extents((0, 2)), extents((2, 1)))),
        slice_key(b"w", (0, 2)): Stored(DataType.DT_STRING, (2,), 0, 0, len(first), first_crc),
        slice_key(b"w", (2, 1)): Stored(DataType.DT_STRING, (1,), 0, len(first), len(second), second_crc),
    }
    write_parts(tmp_path / "model", parts, first + second)
    assert same(open_checkpoint(tmp_path / "model"), {"w": words})


def slice_key(name: bytes, *pairs: tuple[int, int]) -> bytes:
    numbers = b"".join(encode_signed(number) for pair in pairs for number in pair)
    return encode_number(0) + encode_string(name) + encode_number(len(pairs)) + numbers


def test_the_object_graph_of_tensorflow_2_is_a_string() -> None:
    checkpoint = open_checkpoint(FIXTURES / "tf2_object_based" / "ck")
    graph = checkpoint["_CHECKPOINTABLE_OBJECT_GRAPH"]
    assert graph.shape == ()
    assert b"VARIABLE_VALUE" in graph.item()


def test_shards_of_version_1() -> None:
    checkpoint = open_checkpoint(FIXTURES / "made_by_2_14" / "old")
    assert checkpoint.version == 1
    assert checkpoint["cut"].ravel().tolist() == list(range(-9, 12))
    assert checkpoint.stored("half") is None


def test_long_blocks_are_read_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a table of version 1 a block ends behind the value that makes it long enough, however long that is."""
    whole = (FIXTURES / "v1_single_file_dtypes" / "model.ckpt").read_bytes()
    (tmp_path / "model").write_bytes(whole)
    expected = {name: value.tobytes() for name, value in open_checkpoint(tmp_path / "model").items()}
    monkeypatch.setattr(table, "CHUNK", 16)
    assert {name: value.tobytes() for name, value in open_checkpoint(tmp_path / "model").items()} == expected


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    data, crc = encoded(np.array([1.5], np.float32))
    write_parts(tmp_path / "model", {b"a\xff": Stored(dims=(1,), crc=crc)}, data)
    assert open_checkpoint(tmp_path / "model")["a\udcff"].tolist() == [1.5]


def test_only_the_range_of_a_variable_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle(tmp_path / "model", {f"v{number}": np.full(1000, number, np.float32) for number in range(20)})
    read: list[tuple[str, int, int]] = []
    original = FileBytes.read

    def counted(self: FileBytes, offset: int, length: int) -> bytes:
        read.append((Path(self.path).name, offset, length))
        return original(self, offset, length)

    monkeypatch.setattr(FileBytes, "read", counted)
    checkpoint = open_checkpoint(tmp_path / "model")
    assert {name for name, _, _ in read} == {"model.index"}
    read.clear()
    assert checkpoint["v7"][0] == 7
    place = sorted(checkpoint).index("v7") * 4000
    assert read == [("model.data-00000-of-00001", place, 4000)]


def test_a_checkpoint_can_be_sent_to_another_process() -> None:
    for prefix in ("made_by_2_14/types", "v1_single_file_dtypes/model.ckpt"):
        checkpoint = open_checkpoint(FIXTURES / prefix)
        sent = pickle.loads(pickle.dumps(checkpoint))
        assert same(sent, dict(checkpoint))


def test_a_file_that_changes_in_between_is_an_error(tmp_path: Path) -> None:
    write_bundle(tmp_path / "model", {"v": np.ones(3, np.float32)})
    checkpoint = open_checkpoint(tmp_path / "model")
    assert checkpoint["v"].tolist() == [1, 1, 1]
    path = tmp_path / "model.data-00000-of-00001"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(InputError, match="changed while it was in use"):
        checkpoint["v"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (0, "80"),
        (-1, "7f"),
        (63, "bf"),
        (-64, "40"),
        (64, "c040"),
        (-0x800, "3800"),
        (0x424242, "f0424242"),
        (2**63 - 1, "ffc07fffffffffffffff"),
        (-(2**63), "003f8000000000000000"),
    ],
)
def test_signed_numbers_in_keys(number: int, code: str) -> None:
    assert encode_signed(number).hex() == code


def test_numbers_and_strings_in_keys() -> None:
    assert (encode_number(0).hex(), encode_number(0x1234).hex()) == ("00", "021234")
    assert encode_string(b"\x00\x13\xff") == b"\x00\xff\x13\xff\x00\x00\x01"


def test_keys_sort_as_numbers_do() -> None:
    numbers = sorted({sign * (1 << bit) + step for bit in range(63) for sign in (1, -1) for step in (-1, 0, 1)})
    codes = [encode_signed(number) for number in numbers]
    assert codes == sorted(codes)
    assert len(set(codes)) == len(codes)


def test_index_keys_may_lie_between_blocks(tmp_path: Path) -> None:
    """A writer may shorten the key that it notes of a block, as long as it is not below the last one in it."""
    path = tmp_path / "table"
    blocks = [(b"b~", block_of([(b"a", b"1"), (b"bcd", b"2")])), (b"x", block_of([(b"c", b"3")]))]
    path.write_bytes(table_of_blocks(blocks))
    read = table.Table(source_of(str(path)))
    assert [(entry.key, entry.value) for entry in read.entries()] == [(b"a", b"1"), (b"bcd", b"2"), (b"c", b"3")]
    found = {key: read.find(key) for key in (b"a", b"bcd", b"bb", b"c", b"zzz")}
    assert {key: entry.value for key, entry in found.items() if entry} == {b"a": b"1", b"bcd": b"2", b"c": b"3"}


def test_an_empty_table_has_no_entries(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(table_file([]))
    assert list(table.Table(source_of(str(path))).entries()) == []


def test_types_that_no_numpy_type_of_its_own_has(tmp_path: Path) -> None:
    """Four bits take a byte each; bits of 16-bit floats are swapped like any others."""
    parts = {
        b"four": Stored(DataType.DT_INT4, (3,), 0, 0, 3, masked_crc(b"\x07\xf8\xff")),
        b"unsigned": Stored(DataType.DT_UINT4, (2,), 0, 3, 2, masked_crc(b"\x0f\x01")),
        b"brain": Stored(DataType.DT_BFLOAT16, (2,), 0, 5, 4, masked_crc(b"\x3f\x80\xc0\x00")),
    }
    big_endian = number_field(1, 1) + number_field(2, 1)
    write_parts(tmp_path / "model", parts, b"\x07\xf8\xff\x0f\x01\x3f\x80\xc0\x00", big_endian)
    checkpoint = open_checkpoint(tmp_path / "model")
    assert checkpoint["four"].tolist() == [7, -8, -1]
    assert checkpoint["unsigned"].tolist() == [15, 1]
    assert checkpoint["brain"].astype(float).tolist() == [1, -2]
    assert [str(checkpoint.dtypes[name]) for name in checkpoint] == ["bfloat16", "int4", "uint4"]


def test_the_example_of_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    root = FIXTURES.parents[1]
    monkeypatch.chdir(root)
    failed, run = doctest.testfile(str(root / "docs" / "checkpoints.md"), module_relative=False)
    assert (failed, run) == (0, 5)


def test_importing_opselect_stays_light() -> None:
    program = (
        "import sys, opselect; heavy = {'numpy', 'ml_dtypes', 'cramjam', 'google_crc32c'};"
        "before = heavy & set(sys.modules); opselect.open_checkpoint; print(before, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "set() ['cramjam', 'google_crc32c', 'ml_dtypes', 'numpy']\n"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        opselect.nothing  # type: ignore[attr-defined]  # noqa: B018
