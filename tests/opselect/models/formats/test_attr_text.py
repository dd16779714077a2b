"""Defaults of op definitions as nodes hold them."""

from __future__ import annotations

import struct

import pytest

from kernel_index import shipped
from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from kernel_index.records import AttrDefinition, AttrValue
from kernel_index.store import open_index
from opselect.models.formats.attr_text import default_of
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import FunctionRef, NodeAttr, Shape, TensorRef


def attr(kind: str, default: AttrValue | None = None, text: str = "") -> AttrDefinition:
    return AttrDefinition("a", kind, has_default=True, default=default, default_text=text)


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        (attr("type", DataType.DT_FLOAT), DataType.DT_FLOAT),
        (attr("bool", False), False),
        (attr("list(int)", (1, 1)), (1, 1)),
        (attr("shape", text="{ unknown_rank: true }"), Shape(None)),
        (attr("shape", text="{ dim { size: 2 } dim { size: -1 } }"), Shape((2, -1))),
        (attr("shape", text="{}"), Shape(())),
        (attr("func", text="{}"), FunctionRef("")),
        (AttrDefinition("a", "int"), None),
    ],
)
def test_defaults(definition: AttrDefinition, value: NodeAttr | None) -> None:
    assert default_of(definition) == value


def test_floats_are_of_single_precision_as_in_a_file() -> None:
    (single,) = struct.unpack("f", struct.pack("f", 0.1))
    assert default_of(attr("float", 0.1)) == single != 0.1
    assert default_of(attr("list(float)", (0.1, 1.0))) == (single, 1.0)


def test_a_tensor() -> None:
    default = default_of(attr("tensor", text="{ dtype: DT_UINT8 tensor_shape { dim { size: 2 } } int_val: [255, 0] }"))
    assert isinstance(default, TensorRef)
    assert read_tensor(default).tolist() == [255, 0]


def test_words_that_say_nothing() -> None:
    with pytest.raises(InputError):
        default_of(attr("shape", text="{ what }"))


def test_every_default_of_the_shipped_releases_can_be_told() -> None:
    count = 0
    for release in (shipped.releases()[0], "1.15", shipped.releases()[-1]):
        index = open_index(shipped.find(release))
        for name in index.op_names():
            definition = index.op_definition(name)
            for each in definition.attrs if definition else ():
                assert (default_of(each) is not None) == each.has_default
                count += each.has_default
    assert count > 3000
