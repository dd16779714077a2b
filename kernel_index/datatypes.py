"""TensorFlow's data types: names, numbers and every C++ spelling of them.

Source of the numbers: ``tensorflow/core/framework/types.proto``; of the spellings: ``framework/types.h``
(``MATCH_TYPE_AND_ENUM``), ``framework/numeric_types.h`` and ``platform/types.h`` of the releases 1.0 to 2.14.
"""

from __future__ import annotations

import enum
import re

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
    DT_INT4 = 29
    DT_UINT4 = 30

    def __str__(self) -> str:
        return self.name


def base_type(number: int) -> DataType:
    """The type of a number from a model file; a ``_REF`` type counts as the type it refers to.

    Raises ValueError for a number that no release of TensorFlow knows.
    """
    return DataType(number - REF_OFFSET if number > REF_OFFSET else number)


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

    TensorFlow keeps an element of ``DT_INT4`` or ``DT_UINT4`` in a byte (``framework/types.h``).
    """
    return _ITEM_SIZES.get(dtype, 1)


_CPP_SPELLINGS = {
    "float": DataType.DT_FLOAT,
    "double": DataType.DT_DOUBLE,
    "int": DataType.DT_INT32,
    "int32": DataType.DT_INT32,
    "int32_t": DataType.DT_INT32,
    "uint8": DataType.DT_UINT8,
    "uint8_t": DataType.DT_UINT8,
    "unsigned char": DataType.DT_UINT8,
    "int16": DataType.DT_INT16,
    "int16_t": DataType.DT_INT16,
    "short": DataType.DT_INT16,
    "int8": DataType.DT_INT8,
    "int8_t": DataType.DT_INT8,
    "signed char": DataType.DT_INT8,
    "string": DataType.DT_STRING,
    "tstring": DataType.DT_STRING,
    "complex64": DataType.DT_COMPLEX64,
    "complex<float>": DataType.DT_COMPLEX64,
    "int64": DataType.DT_INT64,
    "int64_t": DataType.DT_INT64,
    "long long": DataType.DT_INT64,
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
    "unsigned short": DataType.DT_UINT16,
    "complex128": DataType.DT_COMPLEX128,
    "complex<double>": DataType.DT_COMPLEX128,
    "half": DataType.DT_HALF,
    "ResourceHandle": DataType.DT_RESOURCE,
    "Variant": DataType.DT_VARIANT,
    "uint32": DataType.DT_UINT32,
    "uint32_t": DataType.DT_UINT32,
    "unsigned int": DataType.DT_UINT32,
    "unsigned": DataType.DT_UINT32,
    "uint64": DataType.DT_UINT64,
    "uint64_t": DataType.DT_UINT64,
    "unsigned long long": DataType.DT_UINT64,
    "float8_e5m2": DataType.DT_FLOAT8_E5M2,
    "float8_e4m3fn": DataType.DT_FLOAT8_E4M3FN,
    "int4": DataType.DT_INT4,
    "uint4": DataType.DT_UINT4,
}

_NAMESPACE = re.compile(r"\b(?:tensorflow|tsl|std|Eigen|ml_dtypes)::|(?<![\w>])::")


def from_cpp(spelling: str) -> DataType | None:
    """The data type that a C++ type spells (``::tensorflow::int64``, ``Eigen::half``, ``std::complex<float>``).

    White space and the namespaces of TensorFlow, Eigen and the standard library do not matter. Returns None for
    any other type; typedefs of a source file are resolved by the scanner, which knows that file.
    """
    bare = " ".join(_NAMESPACE.sub(" ", spelling).split())
    return _CPP_SPELLINGS.get(bare.replace("< ", "<").replace(" >", ">").replace(" <", "<"))


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
