from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.datatypes import (
    REF_OFFSET,
    DataType,
    base_type,
    from_cpp,
    from_enum_name,
    from_spec,
    has_no_data_type,
    own_type,
    width_varies,
)

CPP = {
    "float": "DT_FLOAT", "double": "DT_DOUBLE", "int": "DT_INT32", "::tensorflow::int64": "DT_INT64",
    "tensorflow::int64": "DT_INT64", "int64_t": "DT_INT64", "long long": "DT_INT64", "std::int64_t": "DT_INT64",
    "Eigen::half": "DT_HALF", "Eigen::QInt8": "DT_QINT8", "bfloat16": "DT_BFLOAT16", "tstring": "DT_STRING",
    "std::string": "DT_STRING", "string": "DT_STRING", "std::complex<float>": "DT_COMPLEX64",
    "std::complex < double >": "DT_COMPLEX128", "std::complex< ::tensorflow::int64>": None,
    "unsigned   char": "DT_UINT8", "::tsl::uint4": "DT_UINT4", "Variant": "DT_VARIANT",
    "tensorflow::ResourceHandle": "DT_RESOURCE", "bool": "DT_BOOL", "Index": None, "": None, "my::float": None,
    "float*": None, "complex<int>": None, "ushort": "DT_UINT16", "uint": "DT_UINT32", "u_char": "DT_UINT8",
    "long": "DT_INT64", "unsigned long": "DT_UINT64", "ulong": "DT_UINT64", "long int": "DT_INT64",
    "long unsigned int": "DT_UINT64", "unsigned": "DT_UINT32", "signed": "DT_INT32", "short int": "DT_INT16",
    "int unsigned short": "DT_UINT16", "long long int": "DT_INT64", "unsigned long long": "DT_UINT64",
    "signed char": "DT_INT8", "std::size_t": "DT_UINT64", "ptrdiff_t": "DT_INT64", "u_int8_t": "DT_UINT8",
    "::tensorflow::int2": "DT_INT2", "uint2": "DT_UINT2", "tsl::float8_e5m2fnuz": "DT_FLOAT8_E5M2FNUZ", "char": None,
    "signed unsigned": None, "long short": None, "long long long": None, "char int": None, "int int": None,
    "long double": None, "long float": None, "unsigned char int": None,
}  # fmt: skip


@pytest.mark.parametrize("spelling", CPP)
def test_cpp_spellings(spelling: str) -> None:
    expected = CPP[spelling]
    assert from_cpp(spelling) == (DataType[expected] if expected else None)


def test_the_width_of_long_is_that_of_the_target() -> None:
    narrow = {
        "long": "DT_INT32",
        "size_t": "DT_UINT32",
        "long long": "DT_INT64",
        "int64_t": "DT_INT64",
        "uint": "DT_UINT32",
    }
    assert {s: str(from_cpp(s, 32)) for s in narrow} == narrow
    assert [width_varies(s) for s in narrow] == [True, True, False, False, False]


def test_types_without_a_data_type() -> None:
    assert all(has_no_data_type(s) for s in ("char", "std::wchar_t", "long  double", "void"))
    assert not any(has_no_data_type(s) for s in ("signed char", "Index", "float", ""))


def test_a_type_of_a_fork_has_a_number_and_a_name_of_its_own() -> None:
    posit = own_type("DT_POSIT8", 24)
    assert (posit.name, str(posit), int(posit), posit == DataType.DT_FLOAT8_E5M2) == (
        "DT_POSIT8",
        "DT_POSIT8",
        24,
        True,
    )
    copy = pickle.loads(pickle.dumps((posit, DataType.DT_FLOAT8_E5M2)))
    assert [t.name for t in copy] == ["DT_POSIT8", "DT_FLOAT8_E5M2"]
    assert own_type("DT_FLOAT", 1) is DataType.DT_FLOAT
    assert own_type("DT_NEW", 77) == 77


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
