"""NumPy types of TensorFlow's, with whatever ``ml_dtypes`` there is."""

from __future__ import annotations

import ml_dtypes
import pytest

from kernel_index.datatypes import DataType
from opselect.models.formats.array_shapes import ArrayError
from opselect.models.formats.numpy_types import numpy_type


def test_every_type_of_plain_values_is_known() -> None:
    unknown = {DataType.DT_INVALID, DataType.DT_RESOURCE, DataType.DT_VARIANT}
    values = [each for each in DataType if each not in unknown and not each.name.endswith("_REF")]
    assert {numpy_type(each).itemsize for each in values} == {1, 2, 4, 8, 16}


def test_an_older_package_lacks_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ml_dtypes, "int2")
    with pytest.raises(ArrayError, match="DT_INT2, which this ml_dtypes lacks") as found:
        numpy_type(DataType.DT_INT2)
    assert "0.5" in found.value.advice
    assert numpy_type(DataType.DT_INT4) == ml_dtypes.int4
