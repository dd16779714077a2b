"""The data types of type constraints, by the names that compilers gave them in released libraries."""

from __future__ import annotations

import pytest

from kernel_index.datatypes import DataType
from opselect.binaries.registrations.roles import ApiRole, role_by_name


@pytest.mark.parametrize(
    ("mangled", "dtype"),
    [
        ("f", DataType.DT_FLOAT),
        ("x", DataType.DT_INT64),
        ("N5Eigen8bfloat16E", DataType.DT_BFLOAT16),
        ("N9ml_dtypes2i4IaEE", DataType.DT_INT4),
        ("N9ml_dtypes2i4IhEE", DataType.DT_UINT4),
        ("N9ml_dtypes15float8_internal13float8_e4m3fnE", DataType.DT_FLOAT8_E4M3FN),
        ("NSt3__17complexIfEE", DataType.DT_COMPLEX64),
        ("N3tsl7tstringE", DataType.DT_STRING),
    ],
)
def test_a_type_constraint_by_the_name_of_the_function_that_makes_it(mangled: str, dtype: DataType) -> None:
    found = role_by_name(f"_ZN10tensorflow16KernelDefBuilder14TypeConstraintI{mangled}EERS0_PKc")
    assert found is not None
    assert (found.role, found.dtype) == (ApiRole.TYPE, dtype)
