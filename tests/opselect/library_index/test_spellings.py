from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opselect.library_index.spellings import spelled_alike, template


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ReluOp<CPUDevice, int32>", "ReluOp<CPUDevice, int32_t>"),
        ("ReluOp<CPUDevice, ::tensorflow::int8>", "ReluOp<CPUDevice,::int8_t>"),
        ("A<::int64_t, B<tensorflow::tstring> >", "A<int64, B<tstring>>"),
        ("A<std::complex<float>>", "A<complex64>"),
        ("A<unsigned char>", "A<uint8>"),
        ("::ns::Op", "ns::Op"),
    ],
)
def test_equal_types(one: str, other: str) -> None:
    assert spelled_alike(one) == spelled_alike(other)


@pytest.mark.parametrize(
    ("one", "other"), [("A<int32>", "A<int64>"), ("A<int32>", "B<int32>"), ("a::Op", "b::Op"), ("A<uint8>", "A<int8>")]
)
def test_other_types(one: str, other: str) -> None:
    assert spelled_alike(one) != spelled_alike(other)


@given(st.text("ABint32_t:<>, "))
@example(":: A")
@example("::::A")
@example(": :A")
@example("i nt")
def test_a_spelling_stays_as_it_is(text: str) -> None:
    assert spelled_alike(spelled_alike(text)) == spelled_alike(text)


def test_templates() -> None:
    assert template("A::B<C<int>, D>") == "A::B"
    assert template("A") == "A"
