"""TensorProto messages in, arrays out, as TensorFlow itself decodes them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.datatypes import DataType, item_size
from kernel_index.errors import InputError
from opselect.models.formats.numpy_types import CHUNK, Array, numpy_type
from opselect.models.formats.tensor_headers import tensor_header
from opselect.models.formats.tensors import first_elements, read_tensor
from opselect.models.graph.values import Shape, TensorRef
from opselect.models.proto import message_class
from opselect.models.storage import FileBytes, MemoryBytes, source_of
from tests.opselect.graph_text import field, varint

ROOT = Path(__file__).parents[4]
CASES: list[dict[str, Any]] = json.loads((ROOT / "fixtures" / "tensors" / "tensors.json").read_text())


def ref_of(message: bytes) -> TensorRef:
    return TensorRef(MemoryBytes(message), 0, len(message))


def tensor_bytes(text: str) -> bytes:
    message: bytes = text_format.Merge(text, message_class("TensorProto")()).SerializeToString()
    return message


def tensor_of(text: str) -> Array:
    return read_tensor(ref_of(tensor_bytes(text)))


def shape_text(*dims: int) -> str:
    return f"tensor_shape {{ {' '.join(f'dim {{ size: {dim} }}' for dim in dims)} }}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_tensors_are_what_tensorflow_decodes(case: dict[str, Any]) -> None:
    ref = ref_of(bytes.fromhex(case["message"]))
    if case.get("refused"):
        with pytest.raises(InputError):
            read_tensor(ref)
        return
    array = read_tensor(ref)
    assert tensor_header(ref) == (DataType[case["dtype"]], Shape(tuple(case["shape"])))
    assert array.shape == tuple(case["shape"])
    if "strings" in case:
        assert array.dtype == object
        assert array.ravel().tolist() == [bytes.fromhex(string) for string in case["strings"]]
    else:
        assert array.dtype == numpy_type(DataType[case["dtype"]])
        assert array.tobytes().hex() == case["bytes"]


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_the_first_elements_are_those_of_the_whole(count: int) -> None:
    for case in CASES:
        if "refused" not in case:
            ref = ref_of(bytes.fromhex(case["message"]))
            whole, first = read_tensor(ref), first_elements(ref, count)
            assert first.dtype == whole.dtype
            expected = whole.ravel()[:count]
            assert first.tolist() == expected.tolist() or first.tobytes() == expected.tobytes()


def test_the_size_of_an_element_is_known_without_numpy() -> None:
    for data_type in DataType:
        if item_size(data_type):
            assert numpy_type(data_type).itemsize == item_size(data_type)
    unsized = {"DT_INVALID", "DT_STRING", "DT_RESOURCE", "DT_VARIANT"}
    assert {data_type.name for data_type in DataType if not item_size(data_type)} == unsized


def test_four_bit_integers() -> None:
    """One value a byte (``ml_dtypes``), from 2.15 on."""
    stored = "int_val: 7 int_val: -8 int_val: -1"
    assert tensor_of(f"dtype: DT_INT4 {shape_text(4)} {stored}").tolist() == [7, -8, -1, -1]
    unsigned = tensor_of(f"dtype: DT_UINT4 {shape_text(2)} tensor_content: '\\017\\001'")
    assert unsigned.dtype == ml_dtypes.uint4
    assert unsigned.tolist() == [15, 1]


def test_a_message_inside_a_file_is_read_in_its_place(tmp_path: Path) -> None:
    message = tensor_bytes(f"dtype: DT_INT32 {shape_text(2)} tensor_content: '\\1\\0\\0\\0\\2\\0\\0\\0'")
    path = tmp_path / "model"
    path.write_bytes(b"\xff" * 50_000 + message + b"\xff" * 7)
    ref = TensorRef(source_of(str(path)), 50_000, len(message))
    assert tensor_header(ref) == (DataType.DT_INT32, Shape((2,)))
    assert read_tensor(ref).tolist() == [1, 2]


def test_arrays_are_read_only() -> None:
    for values in ("float_val: 1 float_val: 2", "float_val: 1", "tensor_content: '\\0\\0\\0\\0\\0\\0\\0\\0'"):
        array = tensor_of(f"dtype: DT_FLOAT {shape_text(2)} {values}")
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5


def test_a_repeated_value_takes_no_memory() -> None:
    array = tensor_of(f"dtype: DT_FLOAT {shape_text(1 << 14, 1 << 14)} float_val: 7")
    assert array.shape == (1 << 14, 1 << 14)
    assert array[5, 5] == 7
    assert array.strides == (0, 0)


def test_content_longer_than_a_chunk(tmp_path: Path) -> None:
    values = np.arange(CHUNK // 4 + 3, dtype=np.int32)
    shape = field(2, field(2, b"\x08" + varint(len(values))))
    path = tmp_path / "tensor"
    path.write_bytes(b"\x08\x03" + shape + field(4, values.tobytes()))
    assert np.array_equal(read_tensor(TensorRef(source_of(str(path)), 0, path.stat().st_size)), values)


@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40), packed=st.booleans())
@settings(deadline=None)
def test_any_numbers(numbers: list[int], packed: bool) -> None:
    encoded = [varint(number % 2**64) for number in numbers]
    stored = field(10, b"".join(encoded)) if packed else b"".join(b"\x50" + one for one in encoded)
    head = tensor_bytes(f"dtype: DT_INT64 {shape_text(len(numbers))}")
    assert read_tensor(ref_of(head + stored)).tolist() == numbers


def test_long_lists_of_numbers_are_read_across_chunks() -> None:
    numbers = np.random.default_rng(1).integers(-(2**63), 2**63, 60_000)
    message: Any = message_class("TensorProto")()
    message.dtype = DataType.DT_INT64
    message.tensor_shape.dim.add().size = len(numbers)
    message.int64_val.extend(numbers.tolist())
    assert np.array_equal(read_tensor(ref_of(message.SerializeToString())), numbers)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"dtype: DT_FLOAT {shape_text(1 << 62, 2)} float_val: 1", "which no memory can hold"),
        (f"dtype: DT_FLOAT {shape_text(0, 1 << 62)}", "which no memory can hold"),
        (f"dtype: DT_DOUBLE {shape_text((1 << 63) - 1)}", "which no memory can hold"),
        (f"dtype: DT_FLOAT {shape_text(1 << 40)} float_val: 1", "would take 4,398,046,511,104 bytes"),
        (f"dtype: DT_FLOAT {shape_text(1 << 28)} float_val: 1 float_val: 2", "would take 1,073,741,824 bytes"),
        (f"dtype: DT_STRING {shape_text(1 << 40)}", "holds 1 values"),
        (f"dtype: DT_STRING {shape_text(1 << 40)} tensor_content: 'abc'", "cannot even hold their lengths"),
        (f"dtype: DT_STRING {shape_text(2)} tensor_content: '\\1\\377'", "cut off"),
        (f"dtype: DT_STRING {shape_text(1)} tensor_content: '\\1ab'", "holds 1 strings of 1 bytes"),
        (f"dtype: DT_FLOAT {shape_text(1 << 40)} tensor_content: 'abcd'", "its content has 4"),
        (f"dtype: DT_FLOAT {shape_text(-1)}", "not fully known"),
        ("dtype: DT_FLOAT tensor_shape { unknown_rank: true }", "not fully known"),
        (f"dtype: DT_FLOAT {shape_text(*[1] * 33)}", "33 dimensions"),
        (f"dtype: DT_FLOAT {shape_text(*[0] * 300)}", "300 dimensions"),
        (f"{shape_text(2)} float_val: 1", "has no type"),
        (f"dtype: DT_RESOURCE {shape_text(1)}", "DT_RESOURCE, which no array can hold"),
        (f"dtype: DT_VARIANT {shape_text(1)}", "DT_VARIANT, which no array can hold"),
    ],
)
def test_tensors_that_are_no_array(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "tensor"
    path.write_bytes(b"\xff" * 9 + tensor_bytes(text))
    with pytest.raises(InputError, match=problem) as caught:
        read_tensor(TensorRef(source_of(str(path)), 9, path.stat().st_size - 9))
    assert caught.value.place.path == str(path)
    assert caught.value.place.byte is not None
    assert caught.value.place.byte >= 9
    assert caught.value.advice


HEAD = tensor_bytes(f"dtype: DT_FLOAT {shape_text(3)}")
INTS = tensor_bytes(f"dtype: DT_INT64 {shape_text(3)}")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (HEAD + b"\x2a" + varint(2**63), "9,223,372,036,854,775,808 bytes"),
        (HEAD + field(5, b"abc"), "a list of numbers has 3 bytes"),
        (HEAD + b"\x2d\0", "cut off"),
        (b"\x08\x4d", "77 is no data type"),
        (INTS + field(10, b"\xff"), "cut off"),
        (INTS + field(10, b"\1\xff"), "cut off"),
        (INTS + field(10, b"\xff" * 12), "longer than ten bytes"),
        (INTS + field(10, b"\1" + b"\xff" * 10 + b"\1"), "longer than ten bytes"),
    ],
)
def test_broken_messages(message: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_tensor(ref_of(message))


@pytest.mark.parametrize("case", random.Random(3).sample(CASES, 60), ids=lambda case: str(case["name"]))
def test_changed_messages_are_read_or_refused(case: dict[str, Any]) -> None:
    whole = bytes.fromhex(case["message"])
    choose = random.Random(case["name"])
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(choose.choice((1, 1, 3))):
            data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
        ref = ref_of(bytes(data[: choose.choice((None, choose.randrange(len(data))))]))
        try:
            array = read_tensor(ref)
        except InputError:
            continue
        assert tensor_header(ref)[1] == Shape(array.shape)


def test_neither_the_header_nor_the_first_elements_need_the_content(tmp_path: Path) -> None:
    size = 400 << 20
    head = tensor_bytes(f"dtype: DT_FLOAT {shape_text(size // 4)}") + b"\x22" + varint(size)
    path = tmp_path / "tensor"
    with path.open("wb") as file:
        file.write(head + b"\0\0\x80?")
        file.truncate(len(head) + size)
    read: list[int] = []

    class Counted(MemoryBytes):
        def read(self, offset: int, length: int) -> bytes:
            read.append(length)
            return FileBytes(str(path), path.stat().st_size, path.stat().st_mtime_ns).read(offset, length)

    ref = TensorRef(Counted(b""), 0, len(head) + size)
    assert tensor_header(ref) == (DataType.DT_FLOAT, Shape((size // 4,)))
    assert first_elements(ref, 3).tolist() == [1, 0, 0]
    assert sum(read) < 100_000


def test_graphs_are_read_without_numpy() -> None:
    program = "import sys, opselect.models.formats; print('numpy' in sys.modules, 'ml_dtypes' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "False False\n"
