"""Values in, TensorFlow's text of them out."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from opselect.models.tensor_text import debug_string, double_text, escaped, float_text, human_readable


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00k"),
        (1938, "1.94k"),
        (999_999, "1000.00k"),
        (1_000_000, "1.00M"),
        (138_357_544, "138.36M"),
        (5 * 10**9, "5.00B"),
        (7 * 10**12, "7.00T"),
        (10**15, "1E+15"),
        (1_234_567_890_123_456, "1.23E+15"),
    ],
)
def test_human_readable_counts(count: int, text: str) -> None:
    assert human_readable(count) == text


@pytest.mark.parametrize(
    ("shape", "first", "values"),
    [
        ((), [7], "7"),
        ((3,), [1, 2, 3], "1 2 3"),
        ((4,), [1, 2, 3], "1 2 3..."),
        ((2, 2), [1, 2, 3], "[1 2][3...]..."),
        ((2, 3), [1, 2, 3], "[1 2 3]..."),
        ((1, 1), [1], "[1]"),
        ((3, 1, 1), [1, 2, 3], "[[1]][[2]][[3]]"),
        ((1, 3, 9), [1, 2, 3], "[[1 2 3...]]..."),
        ((0,), [], ""),
        ((2, 0), [], ""),
        ((10**12, 10**12), [1, 2, 3], "[1 2 3...]..."),
    ],
)
def test_elements_stand_in_their_rows(shape: tuple[int, ...], first: list[int], values: str) -> None:
    text = debug_string(DataType.DT_INT32, shape, first)
    dims = ",".join(map(str, shape))
    assert text == f"Tensor<type: int32 shape: [{dims}] values: {values}>"


@pytest.mark.parametrize(
    ("dtype", "value", "text"),
    [
        (DataType.DT_BOOL, True, "1"),
        (DataType.DT_INT8, -128, "-128"),
        (DataType.DT_QUINT8, 255, "255"),
        (DataType.DT_HALF, 0.333251953125, "0.333251953"),
        (DataType.DT_STRING, b'a\n"\\\x00\xc3\xa4', 'a\\n\\"\\\\\\000\\303\\244'),
        (DataType.DT_COMPLEX64, 1 + 2j, "?"),
        (DataType.DT_QINT32, 5, "?"),
        (DataType.DT_BFLOAT16, 1.0, "?"),
    ],
)
def test_elements_of_each_kind(dtype: DataType, value: object, text: str) -> None:
    assert debug_string(dtype, (), [value]).endswith(f" values: {text}>")


def test_types_that_print_as_question_marks_stand_in_no_rows() -> None:
    text = debug_string(DataType.DT_QINT32, (2, 2), [1, 2, 3])
    assert text == "Tensor<type: qint32 shape: [2,2] values: ? ? ?...>"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (0.001, "0.001"),
        (1e10, "1e+10"),
        (16777216.0, "16777216"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (-math.nan, "-nan"),
        (3.4028234663852886e38, "3.40282347e+38"),
        (1.401298464324817e-45, "1.4013e-45"),
    ],
)
def test_floats(value: float, text: str) -> None:
    (as_float,) = struct.unpack("<f", struct.pack("<f", value))
    assert float_text(as_float) == text


@pytest.mark.parametrize(("value", "text"), [(0.1, "0.1"), (1 / 3, "0.33333333333333331"), (math.nan, "nan")])
def test_doubles(value: float, text: str) -> None:
    assert double_text(value) == text


@given(st.floats(width=32, allow_nan=False))
def test_a_float_is_given_back_by_its_text(value: float) -> None:
    assert struct.pack("<f", float(float_text(value))) == struct.pack("<f", value)


@given(st.floats(allow_nan=False))
def test_a_double_is_given_back_by_its_text(value: float) -> None:
    assert float(double_text(value)) == value


@given(st.binary())
def test_escaped_bytes_are_printable_ascii(data: bytes) -> None:
    text = escaped(data)
    assert text.isascii()
    assert text.isprintable() or not text
    assert text.encode().decode("unicode_escape").encode("latin-1") == data
