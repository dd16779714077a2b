"""TensorFlow's data types: names, numbers and every C++ spelling of them.

Source of the numbers: ``tensorflow/core/framework/types.proto``; of the spellings: ``framework/types.h``
(``MATCH_TYPE_AND_ENUM`` and the specialisations after it), ``framework/numeric_types.h`` and ``platform/types.h``
of the releases 1.0 to 2.20, and ``sys/types.h`` of glibc.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Mapping
from typing import Literal

REF_OFFSET = 100
"""``DT_FLOAT_REF`` is ``DT_FLOAT`` plus this."""


class DataType(enum.IntEnum):
    """The values of TensorFlow's ``DataType`` enum, without the ``_REF`` half (see :func:`base_type`)."""

    DT_INVALID = 0
    DT_FLOAT = 1
    DT_DOUBLE = 2
    DT_INT32 = 3
    DT_UINT8 = 4
    DT_INT16 = 5
    DT_INT8 = 6
    DT_STRING = 7
    DT_COMPLEX64 = 8
    DT_INT64 = 9
    DT_BOOL = 10
    DT_QINT8 = 11
    DT_QUINT8 = 12
    DT_QINT32 = 13
    DT_BFLOAT16 = 14
    DT_QINT16 = 15
    DT_QUINT16 = 16
    DT_UINT16 = 17
    DT_COMPLEX128 = 18
    DT_HALF = 19
    DT_RESOURCE = 20
    DT_VARIANT = 21
    DT_UINT32 = 22
    DT_UINT64 = 23
    DT_FLOAT8_E5M2 = 24
    DT_FLOAT8_E4M3FN = 25
    DT_FLOAT8_E4M3FNUZ = 26
    DT_FLOAT8_E4M3B11FNUZ = 27
    DT_FLOAT8_E5M2FNUZ = 28
    DT_INT4 = 29
    DT_UINT4 = 30
    DT_INT2 = 31
    DT_UINT2 = 32
    DT_FLOAT4_E2M1FN = 33

    def __str__(self) -> str:
        return self.name

    def __reduce_ex__(self, _protocol: object) -> tuple[object, ...]:
        return own_type, (self.name, int(self))


def own_type(name: str, number: int) -> DataType:
    """A type by the name and number that a tree gives it, which may be none that a release has.

    It equals the release's type of the same number, if there is one: a graph has numbers only, and no build has both.
    """
    known = DataType.__members__.get(name)
    if known is not None and known == number:
        return known
    made = int.__new__(DataType, number)
    made._name_, made._value_ = name, number
    return made


def base_type(number: int) -> DataType:
    """The type of a number from a model file; a ``_REF`` type counts as the type it refers to.

    Raises ValueError for a number that no release of TensorFlow knows.
    """
    return DataType(number - REF_OFFSET if number > REF_OFFSET else number)


SINCE: Mapping[DataType, tuple[int, int]] = {
    DataType.DT_VARIANT: (1, 4),
    DataType.DT_UINT32: (1, 5),
    DataType.DT_UINT64: (1, 5),
    DataType.DT_FLOAT8_E5M2: (2, 12),
    DataType.DT_FLOAT8_E4M3FN: (2, 12),
    DataType.DT_INT4: (2, 15),
    DataType.DT_UINT4: (2, 15),
    DataType.DT_FLOAT8_E4M3FNUZ: (2, 20),
    DataType.DT_FLOAT8_E4M3B11FNUZ: (2, 20),
    DataType.DT_FLOAT8_E5M2FNUZ: (2, 20),
    DataType.DT_INT2: (2, 20),
    DataType.DT_UINT2: (2, 20),
    DataType.DT_FLOAT4_E2M1FN: (2, 21),
}
"""The release whose enum has a type first (``framework/types.proto``), of the types that 1.0 has not.

Of 2.17 to 2.20 only these two were looked at; of 2.21 the names and numbers that its library has.
"""

_ITEM_SIZES = {
    DataType.DT_COMPLEX128: 16,
    **dict.fromkeys((DataType.DT_DOUBLE, DataType.DT_INT64, DataType.DT_UINT64, DataType.DT_COMPLEX64), 8),
    **dict.fromkeys((DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_UINT32, DataType.DT_QINT32), 4),
    **dict.fromkeys((DataType.DT_HALF, DataType.DT_BFLOAT16, DataType.DT_INT16, DataType.DT_UINT16), 2),
    **dict.fromkeys((DataType.DT_QINT16, DataType.DT_QUINT16), 2),
    **dict.fromkeys((DataType.DT_INVALID, DataType.DT_STRING, DataType.DT_RESOURCE, DataType.DT_VARIANT), 0),
}


def item_size(dtype: DataType) -> int:
    """Bytes that an element takes in memory; 0 for strings, resources and variants, whose elements differ in size.

    TensorFlow keeps an element of ``DT_INT4``, ``DT_UINT2`` and their like in a byte (``framework/types.h``).
    """
    return _ITEM_SIZES.get(dtype, 1)


_CPP_SPELLINGS = {
    "float": DataType.DT_FLOAT,
    "double": DataType.DT_DOUBLE,
    "int32": DataType.DT_INT32,
    "int32_t": DataType.DT_INT32,
    "uint8": DataType.DT_UINT8,
    "uint8_t": DataType.DT_UINT8,
    "int16": DataType.DT_INT16,
    "int16_t": DataType.DT_INT16,
    "int8": DataType.DT_INT8,
    "int8_t": DataType.DT_INT8,
    "string": DataType.DT_STRING,
    "tstring": DataType.DT_STRING,
    "complex64": DataType.DT_COMPLEX64,
    "complex<float>": DataType.DT_COMPLEX64,
    "int64": DataType.DT_INT64,
    "int64_t": DataType.DT_INT64,
    "bool": DataType.DT_BOOL,
    "qint8": DataType.DT_QINT8,
    "QInt8": DataType.DT_QINT8,
    "quint8": DataType.DT_QUINT8,
    "QUInt8": DataType.DT_QUINT8,
    "qint32": DataType.DT_QINT32,
    "QInt32": DataType.DT_QINT32,
    "bfloat16": DataType.DT_BFLOAT16,
    "qint16": DataType.DT_QINT16,
    "QInt16": DataType.DT_QINT16,
    "quint16": DataType.DT_QUINT16,
    "QUInt16": DataType.DT_QUINT16,
    "uint16": DataType.DT_UINT16,
    "uint16_t": DataType.DT_UINT16,
    "complex128": DataType.DT_COMPLEX128,
    "complex<double>": DataType.DT_COMPLEX128,
    "half": DataType.DT_HALF,
    "ResourceHandle": DataType.DT_RESOURCE,
    "Variant": DataType.DT_VARIANT,
    "uint32": DataType.DT_UINT32,
    "uint32_t": DataType.DT_UINT32,
    "uint64": DataType.DT_UINT64,
    "uint64_t": DataType.DT_UINT64,
    "float8_e5m2": DataType.DT_FLOAT8_E5M2,
    "float8_e4m3fn": DataType.DT_FLOAT8_E4M3FN,
    "float8_e4m3fnuz": DataType.DT_FLOAT8_E4M3FNUZ,
    "float8_e4m3b11fnuz": DataType.DT_FLOAT8_E4M3B11FNUZ,
    "float8_e5m2fnuz": DataType.DT_FLOAT8_E5M2FNUZ,
    "int4": DataType.DT_INT4,
    "uint4": DataType.DT_UINT4,
    "int2": DataType.DT_INT2,
    "uint2": DataType.DT_UINT2,
}

_TYPEDEFS = {
    "ushort": "unsigned short", "uint": "unsigned int", "ulong": "unsigned long", "u_char": "unsigned char",
    "u_short": "unsigned short", "u_int": "unsigned int", "u_long": "unsigned long", "u_int8_t": "unsigned char",
    "u_int16_t": "unsigned short", "u_int32_t": "unsigned int", "u_int64_t": "unsigned long long",
    "quad_t": "long long", "u_quad_t": "unsigned long long", "intmax_t": "long long", "uintmax_t": "unsigned long long",
    "intptr_t": "long", "uintptr_t": "unsigned long", "ptrdiff_t": "long", "size_t": "unsigned long", "ssize_t": "long",
}  # fmt: skip
"""Typedefs of the C library for integers, by the width that they have on every target."""

_WITHOUT_DATA_TYPE = frozenset(("char", "wchar_t", "char16_t", "char32_t", "long double", "void"))

LongBits = Literal[32, 64]
"""How wide ``long``, ``size_t`` and pointers are on the target of a build."""

_REMEMBERED = 4096
"""Maximum number of spellings whose types are remembered: thousands of registrations spell a few hundred."""

_NAMESPACE = re.compile(r"\b(?:tensorflow|tsl|std|Eigen|ml_dtypes)::|(?<![\w>])::")


@functools.lru_cache(maxsize=_REMEMBERED)
def from_cpp(spelling: str, long_bits: LongBits = 64) -> DataType | None:
    """The data type that a C++ type spells (``::tensorflow::int64``, ``Eigen::half``, ``std::complex<float>``).

    White space and the namespaces of TensorFlow, Eigen and the standard library do not matter, nor the order of the
    words of an integer type. Returns None for any other type; typedefs of a source file are resolved by the scanner,
    which knows that file.
    """
    bare = _bare(spelling)
    known = _CPP_SPELLINGS.get(bare)
    return _integer(_TYPEDEFS.get(bare, bare).split(), long_bits) if known is None else known


def has_no_data_type(spelling: str) -> bool:
    """Whether a C++ type is one of the language that TensorFlow has no data type for, ``char`` for one."""
    return _bare(spelling) in _WITHOUT_DATA_TYPE


def width_varies(spelling: str) -> bool:
    """Whether the data type of a C++ type depends on how wide ``long`` is on the target."""
    return from_cpp(spelling, 32) != from_cpp(spelling, 64)


def _bare(spelling: str) -> str:
    bare = " ".join(_NAMESPACE.sub(" ", spelling).split())
    return bare.replace("< ", "<").replace(" >", ">").replace(" <", "<")


_SIGNED = {8: DataType.DT_INT8, 16: DataType.DT_INT16, 32: DataType.DT_INT32, 64: DataType.DT_INT64}
_UNSIGNED = {8: DataType.DT_UINT8, 16: DataType.DT_UINT16, 32: DataType.DT_UINT32, 64: DataType.DT_UINT64}


def _integer(words: list[str], long_bits: LongBits) -> DataType | None:
    """The data type of an integer type of the language, its words in any order ([dcl.type.simple])."""
    counts = {word: words.count(word) for word in ("char", "short", "int", "long", "signed", "unsigned")}
    signs = counts["signed"] + counts["unsigned"]
    sizes = [counts["char"], counts["short"], counts["long"] > 0]
    if not words or sum(counts.values()) != len(words) or signs > 1 or sum(sizes) > 1:
        return None
    if counts["int"] > 1 or counts["long"] > 2 or (counts["char"] and (counts["int"] or not signs)):
        return None
    narrow = 8 if counts["char"] else 16 if counts["short"] else 32
    bits = {0: narrow, 1: int(long_bits), 2: 64}[counts["long"]]
    return (_UNSIGNED if counts["unsigned"] else _SIGNED)[bits]


# Attr specs of op definitions write types in lower case (DataTypeFromString in framework/types.cc).
_SPEC_SPELLINGS = {t.name[3:].lower(): t for t in DataType if t is not DataType.DT_INVALID} | {
    "float16": DataType.DT_HALF,
    "float32": DataType.DT_FLOAT,
    "float64": DataType.DT_DOUBLE,
}


def from_spec(word: str) -> DataType | None:
    """The data type that a word of an op definition's attr spec names (``float``, ``half``, ``resource``)."""
    return _SPEC_SPELLINGS.get(word)


def from_enum_name(name: str) -> DataType | None:
    """The data type of an enum name, with or without namespace: ``DT_FLOAT``, ``tensorflow::DT_HALF``."""
    try:
        return base_type(DataType[name.rpartition("::")[2].removesuffix("_REF")])
    except KeyError:
        return None
