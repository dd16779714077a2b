"""Types of values as ONNX spells them, ``tensor(float)`` or ``seq(tensor(int64))``, and as ONNX Runtime's tools do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from onnx import TypeProto

ValueType: TypeAlias = str
"""As the operator schemas of ONNX write it."""

CPP_NAMES = {
    "bfloat16": "BFloat16",
    "bool": "bool",
    "double": "double",
    "float": "float",
    "float16": "MLFloat16",
    "float8e4m3fn": "Float8E4M3FN",
    "float8e4m3fnuz": "Float8E4M3FNUZ",
    "float8e5m2": "Float8E5M2",
    "float8e5m2fnuz": "Float8E5M2FNUZ",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "int8": "int8_t",
    "string": "std::string",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "uint8": "uint8_t",
}
"""Types of elements that configurations can name. Others, such as int4 and complex64, the tools know no name for.

Source: ``tools/python/util/ort_format_model/types.py`` of ONNX Runtime.
"""

_AROUND = {"sequence_type": "seq", "optional_type": "optional"}
_CALL = re.compile(r"(\w+)\((.*)\)", re.DOTALL)


def tensor_of(data_type: int) -> ValueType | None:
    """The type of a tensor by the number of its element type; None for a number that ONNX does not have."""
    from onnx import TensorProto

    names = TensorProto.DataType
    if data_type not in names.values() or data_type == TensorProto.UNDEFINED:
        return None
    return f"tensor({names.Name(data_type).lower()})"


def type_of(proto: TypeProto) -> ValueType | None:
    """What a type of a model says; None where it leaves the type open, and for maps, which no type counts of."""
    kind = proto.WhichOneof("value")
    if kind == "tensor_type":
        return tensor_of(proto.tensor_type.elem_type)
    if kind == "sparse_tensor_type":
        tensor = tensor_of(proto.sparse_tensor_type.elem_type)
        return tensor and f"sparse_{tensor}"
    if kind in _AROUND:
        inner = type_of(getattr(proto, kind).elem_type)
        return inner and f"{_AROUND[kind]}({inner})"
    return None


def proto_of(value_type: ValueType) -> TypeProto:
    """The other way: a type of a model, of no shape in particular. Raises ValueError for a map."""
    from onnx import TensorProto, TypeProto

    proto = TypeProto()
    kind, inner = parts_of(value_type)
    if kind == "tensor":
        proto.tensor_type.elem_type = TensorProto.DataType.Value(inner.upper())
    elif kind == "sparse_tensor":
        proto.sparse_tensor_type.elem_type = TensorProto.DataType.Value(inner.upper())
    elif kind == "seq":
        proto.sequence_type.elem_type.CopyFrom(proto_of(inner))
    elif kind == "optional":
        proto.optional_type.elem_type.CopyFrom(proto_of(inner))
    else:
        raise ValueError(value_type)
    return proto


def parts_of(value_type: ValueType) -> tuple[str, str]:
    """The kind of a type and what is between its brackets: ``seq`` and ``tensor(float)``."""
    match = _CALL.fullmatch(value_type)
    assert match, value_type
    return match[1], match[2]


def agreed(first: ValueType | None, second: ValueType | None) -> ValueType | None:
    """The type of a value of which two things are said; None where they differ: then neither can be relied on."""
    if first is None or second is None:
        return first or second
    return first if first == second else None


def cpp_name(value_type: ValueType) -> str | None:
    """The name in configurations of a tensor's element type, and of a sequence's tensors; None where it has none.

    Source: ``FbsTypeInfo.typeinfo_to_str`` in ``tools/python/util/ort_format_model/types.py``.
    """
    kind, inner = parts_of(value_type)
    if kind == "seq":
        return cpp_name(inner)
    return CPP_NAMES.get(inner) if kind == "tensor" else None
