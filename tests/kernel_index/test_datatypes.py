from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.datatypes import REF_OFFSET, DataType, base_type, from_cpp, from_enum_name, from_spec

CPP = {
    "float": "DT_FLOAT", "double": "DT_DOUBLE", "int": "DT_INT32", "::tensorflow::int64": "DT_INT64",
    "tensorflow::int64": "DT_INT64", "int64_t": "DT_INT64", "long long": "DT_INT64", "std::int64_t": "DT_INT64",
    "Eigen::half": "DT_HALF", "Eigen::QInt8": "DT_QINT8", "bfloat16": "DT_BFLOAT16", "tstring": "DT_STRING",
    "std::string": "DT_STRING", "string": "DT_STRING", "std::complex<float>": "DT_COMPLEX64",
    "std::complex < double >": "DT_COMPLEX128", "std::complex< ::tensorflow::int64>": None,
    "unsigned   char": "DT_UINT8", "::tsl::uint4": "DT_UINT4", "Variant": "DT_VARIANT",
    "tensorflow::ResourceHandle": "DT_RESOURCE", "bool": "DT_BOOL", "Index": None, "": None, "my::float": None,
    "float*": None, "complex<int>": None,
}  # fmt: skip


@pytest.mark.parametrize("spelling", CPP)
def test_cpp_spellings(spelling: str) -> None:
    expected = CPP[spelling]
    assert from_cpp(spelling) == (DataType[expected] if expected else None)


def test_every_type_has_a_spelling_in_op_definitions() -> None:
    for data_type in DataType:
        expected = data_type or None
        assert from_spec(data_type.name.removeprefix("DT_").lower()) == expected
    assert (from_spec("float32"), from_spec("FLOAT"), from_spec("float16")) == (
        DataType.DT_FLOAT,
        None,
        DataType.DT_HALF,
    )


def test_enum_names() -> None:
    for data_type in DataType:
        for name in (data_type.name, f"tensorflow::{data_type.name}", f"::tensorflow::{data_type.name}_REF"):
            assert from_enum_name(name) == data_type
        assert str(data_type) == data_type.name
    assert [from_enum_name(name) for name in ("DT_ODD", "float", "", "DT_")] == [None] * 4


@settings(deadline=None)
@given(st.integers(-300, 300))
def test_numbers_with_and_without_reference(number: int) -> None:
    known = {int(t) for t in DataType}
    if number in known:
        assert base_type(number) == number
    elif number - REF_OFFSET in known and number > REF_OFFSET:
        assert base_type(number) == number - REF_OFFSET
    else:
        with pytest.raises(ValueError, match=r"\d"):
            base_type(number)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_type_or_none(text: str) -> None:
    for read in (from_cpp, from_spec, from_enum_name):
        assert read(text) is None or isinstance(read(text), DataType)
