"""Which attrs of a node decide its kernel, and the list of those that do in any release."""

from __future__ import annotations

from kernel_index import shipped
from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar
from kernel_index.store import open_index
from opselect.models.graph import FunctionRef, Node, Shape
from opselect.requirements.kernel_attrs import CONSTRAINED, KernelAttrs
from tests.opselect.sample import FLOAT, index, kernel


def test_attrs_that_kernels_of_any_release_constrain_on_are_known() -> None:
    found: dict[str, dict[str, AttrScalar]] = {}
    for release in shipped.releases():
        stored = open_index(shipped.find(release))
        for registration in stored.all_registrations():
            for constraint in registration.constraints:
                if not all(isinstance(value, DataType) for value in constraint.allowed):
                    definition = stored.op_definition(registration.op)
                    assert definition is not None
                    (attr,) = (attr for attr in definition.attrs if attr.name == constraint.attr)
                    default = attr.default
                    assert isinstance(default, str | int | float)
                    assert found.setdefault(registration.op, {}).setdefault(attr.name, default) == default
    assert found == CONSTRAINED


def test_they_count_whatever_the_release_constrains() -> None:
    node = Node("n", "DepthToSpace", attrs={"T": FLOAT, "data_format": "NCHW", "block_size": 2})
    for known in (None, index([kernel("DepthToSpace", FLOAT)])):
        assert KernelAttrs(known).of(node) == (("T", FLOAT), ("data_format", "NCHW"))
    assert KernelAttrs(None).of(Node("n", "DepthToSpace")) == (("data_format", "NHWC"),)


def test_values_that_no_kernel_can_constrain_on_do_not_count() -> None:
    constrained = index([kernel("Odd", "x", attr="data")])
    for value in (Shape((2,)), ("x", Shape((2,))), FunctionRef("f")):
        assert KernelAttrs(constrained).of(Node("n", "Odd", attrs={"data": value})) == ()
    assert KernelAttrs(constrained).of(Node("n", "Odd", attrs={"data": ("x", "y")})) == (("data", ("x", "y")),)
