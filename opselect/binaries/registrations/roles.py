"""What the functions do that registrations call, told by their names.

Source: ``framework/kernel_def_builder.h``, ``framework/op_kernel.h`` (``OpKernelRegistrar``), ``framework/op.h``
(``OpDefBuilderWrapper``) and ``framework/op_def_builder.h``, with names as C++ compilers mangle them.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from kernel_index.datatypes import DataType


class ApiRole(enum.Enum):
    """What a function does for a registration."""

    NAME = "begins a kernel registration with the name of its op"
    DEVICE = "says the device"
    TYPE = "admits one type, which its name or its second argument says, for an attr"
    TYPES = "admits a list of types for an attr"
    ATTR = "admits one value that is no type for an attr"
    HOST_MEMORY = "names an argument that is in host memory"
    LABEL = "gives the label"
    PRIORITY = "gives the priority"
    OTHER = "is not known here"
    BUILD = "ends what is said of a kernel"
    REGISTRAR = "registers the kernel with class and factory"
    OP = "begins an op definition with its name"
    OP_ATTR = "declares an attr of an op"
    OP_INPUT = "declares an input of an op"
    OP_OUTPUT = "declares an output of an op"
    RECEIVER = "takes a finished op definition"


@dataclass(frozen=True, slots=True)
class ApiFunction:
    """A function that registrations call.

    ``dtype`` is the type that a function of one type admits. ``value_type`` is the type of what a function takes that
    admits values of attrs, as C++ compilers write it (b, i, l, x, PKc), or "string" with its layout: new and old of
    libstdc++, libc of libc++; with ``of_list`` it takes several. Where a name is ``conditional``, the generated header
    decides within whether the op keeps it. Functions ``of_c`` are of the C API: one is told op, device and
    factory at once and returns the builder, another class and builder.
    """

    role: ApiRole
    dtype: DataType | None = None
    value_type: str = ""
    of_list: bool = False
    conditional: bool = False
    of_c: bool = False


_PLAIN = tuple(
    (re.compile(pattern), role)
    for pattern, role in (
        (r"15register_kernel(?:6system)?4NameC\dE", ApiRole.NAME),
        (r"16KernelDefBuilderC\dEPKc", ApiRole.NAME),
        (r"16KernelDefBuilder6DeviceE", ApiRole.DEVICE),
        (r"16KernelDefBuilder14TypeConstraintEPKcN\d*S?_?\d*\w*8DataTypeE$", ApiRole.TYPE),
        (r"16KernelDefBuilder14TypeConstraintEPKc", ApiRole.TYPES),
        (r"16KernelDefBuilder10HostMemoryE", ApiRole.HOST_MEMORY),
        (r"16KernelDefBuilder5LabelE", ApiRole.LABEL),
        (r"16KernelDefBuilder8PriorityE", ApiRole.PRIORITY),
        (r"16KernelDefBuilder5BuildE", ApiRole.BUILD),
        (r"17OpKernelRegistrar(?:C\d|12InitInternal|8Register)E", ApiRole.REGISTRAR),
        (r"(?:11register_op19OpDefBuilderWrapper(?:ILb1EE)?|12OpDefBuilder)C\dE", ApiRole.OP),
        (r"(?:19OpDefBuilderWrapper(?:ILb1EE)?|12OpDefBuilder)4AttrE", ApiRole.OP_ATTR),
        (r"(?:19OpDefBuilderWrapper(?:ILb1EE)?|12OpDefBuilder)5InputE", ApiRole.OP_INPUT),
        (r"(?:19OpDefBuilderWrapper(?:ILb1EE)?|12OpDefBuilder)6OutputE", ApiRole.OP_OUTPUT),
        (r"11register_op20OpDefBuilderReceiverC\dE", ApiRole.RECEIVER),
        (r"11register_op19OpDefBuilderWrapperclE", ApiRole.RECEIVER),
    )
)
_OF_ONE_TYPE = re.compile(r"16KernelDefBuilder14TypeConstraintI(.+)EERS\d?_(?:PKc|S\w?_)$")
_OF_VALUES = re.compile(r"16KernelDefBuilder14AttrConstraintI(?P<of>.+?)EERS\w?_(?:PKc|S\w?_)(?P<one>T_$|N.*$)")
_VALUES = re.compile(r"b|i|l|x|PKc|(?P<new>N?St7__cxx11.*)|(?P<libc>NSt.*basic_string.*)|(?P<old>Ss)")
_OTHER = re.compile(r"16KernelDefBuilder(?!D\dE)")
PARTS = (b"KernelDefBuilder", b"OpKernelRegistrar", b"register_kernel", b"OpDefBuilder")
"""Of these, the name of every function of C++ has one that does something for registrations."""
_MENTIONED = re.compile("|".join(part.decode() for part in PARTS))

_OF_C = {
    name: ApiFunction(role, of_c=True)
    for name, role in (
        ("TF_NewKernelBuilder", ApiRole.NAME),
        ("TF_NewAsyncKernelBuilder", ApiRole.NAME),
        ("TF_KernelBuilder_TypeConstraint", ApiRole.TYPE),
        ("TF_KernelBuilder_HostMemory", ApiRole.HOST_MEMORY),
        ("TF_KernelBuilder_Label", ApiRole.LABEL),
        ("TF_KernelBuilder_Priority", ApiRole.PRIORITY),
        ("TF_RegisterKernelBuilder", ApiRole.REGISTRAR),
        ("TF_RegisterKernelBuilderWithKernelDef", ApiRole.OTHER),
        ("TF_NewOpDefinitionBuilder", ApiRole.OP),
        ("TF_OpDefinitionBuilderAddAttr", ApiRole.OP_ATTR),
        ("TF_OpDefinitionBuilderAddInput", ApiRole.OP_INPUT),
        ("TF_OpDefinitionBuilderAddOutput", ApiRole.OP_OUTPUT),
        ("TF_RegisterOpDefinition", ApiRole.RECEIVER),
    )
}
"""Source: ``c/kernels.h`` and ``c/ops.h``."""
_ELEMENTARY = {
    "f": DataType.DT_FLOAT, "d": DataType.DT_DOUBLE, "i": DataType.DT_INT32, "h": DataType.DT_UINT8,
    "s": DataType.DT_INT16, "a": DataType.DT_INT8, "c": DataType.DT_INT8, "l": DataType.DT_INT64,
    "x": DataType.DT_INT64, "b": DataType.DT_BOOL, "t": DataType.DT_UINT16, "j": DataType.DT_UINT32,
    "m": DataType.DT_UINT64, "y": DataType.DT_UINT64,
}  # fmt: skip
_NAMED = tuple(
    (re.compile(pattern), dtype)
    for pattern, dtype in (
        (r"7complexIfE", DataType.DT_COMPLEX64),
        (r"7complexIdE", DataType.DT_COMPLEX128),
        (r"8bfloat16", DataType.DT_BFLOAT16),
        (r"4half", DataType.DT_HALF),
        (r"5QInt8E", DataType.DT_QINT8),
        (r"6QUInt8E", DataType.DT_QUINT8),
        (r"6QInt16E", DataType.DT_QINT16),
        (r"7QUInt16E", DataType.DT_QUINT16),
        (r"6QInt32E", DataType.DT_QINT32),
        (r"7tstring|^Ss$|basic_string", DataType.DT_STRING),
        (r"14ResourceHandle", DataType.DT_RESOURCE),
        (r"7VariantE", DataType.DT_VARIANT),
        (r"11float8_e5m2E", DataType.DT_FLOAT8_E5M2),
        (r"13float8_e4m3fnE", DataType.DT_FLOAT8_E4M3FN),
        (r"15float8_e4m3fnuzE", DataType.DT_FLOAT8_E4M3FNUZ),
        (r"17float8_e4m3b11fnuzE", DataType.DT_FLOAT8_E4M3B11FNUZ),
        (r"15float8_e5m2fnuzE", DataType.DT_FLOAT8_E5M2FNUZ),
        (r"2i4IaE", DataType.DT_INT4),  # in 2.16, before it was intN
        (r"2i4IhE", DataType.DT_UINT4),
        (r"intNILi4Ea", DataType.DT_INT4),
        (r"intNILi4Eh", DataType.DT_UINT4),
        (r"13float4_e2m1fnE", DataType.DT_FLOAT4_E2M1FN),
        (r"intNILi2Ea", DataType.DT_INT2),
        (r"intNILi2Eh", DataType.DT_UINT2),
    )
)


def dtype_of(mangled: str) -> DataType | None:
    """The data type of a C++ type as compilers mangle it.

    Source: ``MATCH_TYPE_AND_ENUM`` of ``framework/types.h``.
    """
    found = _ELEMENTARY.get(mangled)
    return found if found is not None else next((dtype for name, dtype in _NAMED if name.search(mangled)), None)


def role_by_name(mangled: str) -> ApiFunction | None:
    """What a function of this name does for registrations; None for every other."""
    if not _MENTIONED.search(mangled):
        return _OF_C.get(mangled)
    one_type = _OF_ONE_TYPE.search(mangled)
    if one_type:
        return ApiFunction(ApiRole.TYPE, dtype_of(one_type[1]))
    values = _OF_VALUES.search(mangled)
    if values and (kind := _VALUES.fullmatch(values["of"])):
        spelled = f"string {kind.lastgroup}" if kind.lastgroup else values["of"]
        return ApiFunction(ApiRole.ATTR, value_type=spelled, of_list=values["one"] != "T_")
    plain = next((role for name, role in _PLAIN if name.search(mangled)), None)
    if plain is None and _OTHER.search(mangled):
        plain = ApiRole.OTHER
    return None if plain is None else ApiFunction(plain)
