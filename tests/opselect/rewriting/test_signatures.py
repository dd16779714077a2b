"""What nodes take and give, by the op definitions that are shipped."""

from __future__ import annotations

import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import OpselectError
from opselect.models.graph import Node, NodeAttr
from opselect.rewriting.signatures import definitions, input_types, output_types

FLOAT, INT32, STRING = DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_STRING


def node(op: str, **attrs: NodeAttr) -> Node:
    return Node("n", op, attrs=attrs)


def test_types_come_from_the_definition_and_the_attrs() -> None:
    assert input_types(node("Conv2D", T=FLOAT)) == (FLOAT, FLOAT)
    assert output_types(node("Split", T=FLOAT, num_split=3)) == (FLOAT, FLOAT, FLOAT)
    assert input_types(node("ConcatV2", T=FLOAT, N=2)) == (FLOAT, FLOAT, INT32)
    assert output_types(node("IdentityN", T=(FLOAT, STRING))) == (FLOAT, STRING)
    assert input_types(node("Assign", T=FLOAT)) == (FLOAT, FLOAT)
    assert output_types(node("StringJoin", N=2)) == (STRING,)


def test_what_a_node_does_not_tell_is_not_guessed() -> None:
    assert input_types(node("Conv2D")) == (None, None)
    assert output_types(node("Split", T=FLOAT)) is None
    assert output_types(node("Split", T=FLOAT, num_split=-1)) is None
    assert output_types(node("Split", T=FLOAT, num_split=1 << 60)) is None
    assert output_types(node("IdentityN")) is None
    assert output_types(node("IdentityN", T=(FLOAT,) * 200_000)) is None
    assert input_types(node("NoSuchOp")) is None
    assert output_types(node("NoSuchOp")) is None


def test_the_newest_release_is_asked_unless_another_is_named() -> None:
    assert definitions().op_definition("BatchMatMulV3") is not None
    assert definitions("1.15").op_definition("BatchMatMulV3") is None
    with pytest.raises(OpselectError, match="no shipped index of TensorFlow 0\\.5"):
        definitions("0.5")
