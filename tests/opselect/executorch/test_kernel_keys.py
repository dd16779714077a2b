from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.executorch.kernel_keys import DTYPES, dtypes_of, is_whole, lacks_float, parse_key

TENSORS = st.builds(
    lambda dtype, order: f"{dtype};{','.join(map(str, order))}",
    st.integers(0, len(DTYPES) - 1),
    st.lists(st.integers(0, 15), max_size=4),
)


@given(st.lists(TENSORS, min_size=1, max_size=5))
def test_a_key_is_itself_and_stands_for_its_dtypes(tensors: list[str]) -> None:
    key = "v1/" + "|".join(tensors)
    assert parse_key(f" {key}\n") == key
    assert dtypes_of([key]) == tuple(sorted({DTYPES[int(each.partition(";")[0])] for each in tensors}))


@given(st.text(alphabet="v12/;,|0 x", max_size=12))
def test_what_is_taken_is_taken_again(text: str) -> None:
    try:
        key = parse_key(text)
    except ValueError:
        return
    assert parse_key(key) == key
    assert dtypes_of([key]) is None or key.startswith("v1/")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        *((name, f"v1/{number};") for number, name in enumerate(DTYPES)),
        ("QUInt4X2", "v1/16;"),
        ("QUInt2X4", "v1/17;"),
        ("default", "default"),
        ("v1", "v1"),
        ("v1/", "v1"),
    ],
)
def test_spellings(text: str, key: str) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize(
    "text", ["", "float", "v1/6", "v1/6;0|", "v1/|6;0", "v1/6;,0", "v1/6;0,", "v2/6;0", "v1/-1;0", "v1/30;0", "v1/٣;0"]
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither a dtype nor a kernel key|there are 30"):
        parse_key(text)


def test_any_dtype_wins() -> None:
    assert dtypes_of(["v1/6;0", "default"]) is None
    assert dtypes_of(["v1", "v1/6;0"]) is None
    assert dtypes_of(["v1/6;0|4;0", "v1/11;"]) == ("Bool", "Float", "Long")
    assert dtypes_of([]) == ()


@pytest.mark.parametrize(
    ("keys", "lacks"),
    [
        *((["v1/5;0"], True), (["v1/15;|4;"], True), (["v1/5;0|6;0"], False), (["v1/5;", "v1/6;"], False)),
        *(
            (["v1/5;", "default"], False),
            (["v1/5;", "v1"], False),
            (["v1/7;"], False),
            (["v1/3;|11;"], False),
            ([], False),
        ),
    ],
)
def test_half_is_computed_in_float(keys: list[str], lacks: bool) -> None:
    assert lacks_float(keys) == lacks


def test_whole_numbers() -> None:
    assert [DTYPES[number] for number in range(30) if is_whole(f"v1/{number};0")] == [
        *("Byte", "Char", "Short", "Int", "Long", "Bool", "UInt16", "UInt32", "UInt64")
    ]
    assert is_whole("v1/3;0|11;0")
    assert not is_whole("v1/3;0|6;0")
    assert not is_whole("v1")
    assert not is_whole("default")
