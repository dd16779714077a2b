"""What functions do, by the names that compilers give them."""

from __future__ import annotations

import pytest

from kernel_index.datatypes import DataType
from opselect.binaries.registrations.roles import ApiRole, dtype_of, role_by_name

_METHODS = "_ZN10tensorflow16KernelDefBuilder"


@pytest.mark.parametrize(
    ("mangled", "role"),
    [
        ("_ZN10tensorflow15register_kernel4NameC1EPKc", ApiRole.NAME),
        ("_ZN10tensorflow15register_kernel6system4NameC2EPKc", ApiRole.NAME),
        (f"{_METHODS}C1EPKc", ApiRole.NAME),
        (f"{_METHODS}D2Ev", None),
        (f"{_METHODS}14TypeConstraintEPKcNS_8DataTypeE", ApiRole.TYPE),
        (f"{_METHODS}14TypeConstraintEPKcN4absl4SpanIKNS_8DataTypeEEE", ApiRole.TYPES),
        (f"{_METHODS}14TypeConstraintEPKcN10tensorflow3gtl10ArraySliceINS_8DataTypeEEE", ApiRole.TYPES),
        (f"{_METHODS}12AnotherThingEPKc", ApiRole.OTHER),
        ("_ZN10tensorflow14kernel_factory17OpKernelRegistrar12InitInternalEPKNS_9KernelDefE", ApiRole.REGISTRAR),
        ("_ZN10tensorflow11register_op19OpDefBuilderWrapperILb1EEC1EPKc", ApiRole.OP),
        ("_ZN10tensorflow11register_op19OpDefBuilderWrapper4AttrESs", ApiRole.OP_ATTR),
        ("_ZN10tensorflow12OpDefBuilder6OutputEPKc", ApiRole.OP_OUTPUT),
        ("_ZN10tensorflow11register_op19OpDefBuilderWrapperclEv", ApiRole.RECEIVER),
        ("_ZN10tensorflow14KernelDefOfAnyC1EPKc", None),
        ("TF_NewKernelBuilder", ApiRole.NAME),
        ("TF_NewStatus", None),
        ("strlen", None),
    ],
)
def test_roles(mangled: str, role: ApiRole | None) -> None:
    found = role_by_name(mangled)
    assert (None if found is None else found.role) == role


@pytest.mark.parametrize(
    ("mangled", "value_type", "of_list"),
    [
        (f"{_METHODS}14AttrConstraintIbEERS0_PKcT_", "b", False),
        (f"{_METHODS}14AttrConstraintIPKcEERS0_S3_T_", "PKc", False),
        (f"{_METHODS}14AttrConstraintIlEERS0_PKcN4absl4SpanIKT_EE", "l", True),
        (
            f"{_METHODS}14AttrConstraintINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEEERS0_PKcN4absl4SpanIKT_EE",
            "string new",
            True,
        ),
        (
            f"{_METHODS}14AttrConstraintINSt6__ndk112basic_stringIcNS1_11char_traitsIcEEEEEERS0_PKcT_",
            "string libc",
            False,
        ),
    ],
)
def test_values_of_attrs(mangled: str, value_type: str, of_list: bool) -> None:
    found = role_by_name(mangled)
    assert found is not None
    assert (found.role, found.value_type, found.of_list) == (ApiRole.ATTR, value_type, of_list)


@pytest.mark.parametrize(
    ("mangled", "dtype"),
    [
        ("f", DataType.DT_FLOAT),
        ("x", DataType.DT_INT64),
        ("l", DataType.DT_INT64),
        ("St7complexIdE", DataType.DT_COMPLEX128),
        ("N5Eigen4halfE", DataType.DT_HALF),
        ("N9ml_dtypes15float8_internal11float8_e5m2E", DataType.DT_FLOAT8_E5M2),
        ("N9ml_dtypes4intNILi4EhEE", DataType.DT_UINT4),
        ("N3tsl7tstringE", DataType.DT_STRING),
        ("NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE", DataType.DT_STRING),
        ("NS_14ResourceHandleE", DataType.DT_RESOURCE),
        ("N5Eigen7QUInt16E", DataType.DT_QUINT16),
        ("N4mine6MatrixE", None),
    ],
)
def test_types(mangled: str, dtype: DataType | None) -> None:
    assert dtype_of(mangled) == dtype
