"""What nodes take and give, by op definitions and functions."""

from __future__ import annotations

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import ArgDefinition, AttrDefinition, Location, OpDefinition
from kernel_index.shipped import index_of
from opselect.models.graph import AttrPlaceholder, FunctionArg, FunctionDefinition, Node, NodeAttr, Reference
from opselect.models.graph.op_definitions import NodeArgument, OpDefinitions, signature_of

FLOAT, INT32, STRING = DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_STRING
TWICE = FunctionDefinition(
    "Twice",
    inputs=(FunctionArg("x", FLOAT),),
    outputs=(FunctionArg("many", type_list_attr="Ts"), FunctionArg("some", type_attr="T", number_attr="N")),
    attr_defaults={"N": 2},
)
OPS = OpDefinitions(index_of("2.14"), (TWICE,))


def node(op: str, **attrs: NodeAttr) -> Node:
    return Node("n", op, attrs=attrs)


def test_types_come_from_the_definition_and_the_attrs() -> None:
    assert OPS.input_types(node("Conv2D", T=FLOAT)) == (FLOAT, FLOAT)
    assert OPS.output_types(node("Split", T=FLOAT, num_split=3)) == (FLOAT, FLOAT, FLOAT)
    assert OPS.input_types(node("ConcatV2", T=FLOAT, N=2)) == (FLOAT, FLOAT, INT32)
    assert OPS.output_types(node("IdentityN", T=(FLOAT, STRING))) == (FLOAT, STRING)
    assert OPS.input_types(node("Assign", T=FLOAT)) == (FLOAT, FLOAT)
    assert OPS.output_types(node("StringJoin", N=2)) == (STRING,)


def test_what_a_node_does_not_tell_is_not_guessed() -> None:
    assert OPS.input_types(node("Conv2D")) == (None, None)
    assert OPS.output_types(node("Split", T=FLOAT)) is None
    assert OPS.output_types(node("Split", T=FLOAT, num_split=True)) is None
    assert OPS.output_types(node("Split", T=FLOAT, num_split=-1)) is None
    assert OPS.output_types(node("Split", T=FLOAT, num_split=1 << 60)) is None
    assert OPS.output_types(node("IdentityN")) is None
    assert OPS.output_types(node("IdentityN", T=(FLOAT,) * 200_000)) is None
    assert OPS.input_types(node("NoSuchOp")) is None
    assert OPS.output_types(node("NoSuchOp")) is None


def test_outputs_have_names_and_places() -> None:
    assert OPS.outputs(node("FusedBatchNorm", T=FLOAT)) == tuple(
        NodeArgument(name, number, (FLOAT,))
        for number, name in enumerate(("y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"))
    )
    assert OPS.outputs(node("Unique", T=FLOAT)) == (NodeArgument("y", 0, (FLOAT,)), NodeArgument("idx", 1, (INT32,)))
    assert OPS.inputs(node("Assign", T=FLOAT)) == (
        NodeArgument("ref", 0, (FLOAT,), is_ref=True),
        NodeArgument("value", 1, (FLOAT,)),
    )


@pytest.mark.parametrize(
    ("reference", "position"),
    [
        ("n", 0), ("n:7", 7), ("n:many:0", 0), ("n:many:1", 1), ("n:many:2", None), ("n:some", 2), ("n:some:1", 3),
        ("n:some:2", None), ("n:no:0", None),
    ],
)  # fmt: skip
def test_a_reference_means_one_of_all_outputs(reference: str, position: int | None) -> None:
    call = node("Twice", Ts=(FLOAT, STRING), T=INT32)
    assert OPS.output_types(call) == (FLOAT, STRING, INT32, INT32)
    assert OPS.position(call, Reference.parse(reference)) == position


def test_what_callers_bind_is_not_known_in_a_function() -> None:
    assert OPS.output_types(node("Split", T=AttrPlaceholder("T"), num_split=2)) == (None, None)
    assert OPS.output_types(node("Split", T=FLOAT, num_split=AttrPlaceholder("N"))) is None


def test_a_function_hides_an_op_of_its_name() -> None:
    relu = FunctionDefinition("Relu", outputs=(FunctionArg("a", STRING), FunctionArg("b", INT32)))
    assert OpDefinitions(index_of("2.14"), (relu,)).output_types(node("Relu", T=FLOAT)) == (STRING, INT32)


def test_the_index_says_which_ops_there_are() -> None:
    assert OPS.op("BatchMatMulV3") is not None
    assert OpDefinitions(index_of("1.15")).op("BatchMatMulV3") is None


def test_many_references_of_one_input_are_counted() -> None:
    definition = OpDefinition(
        "Merge",
        inputs=(ArgDefinition("inputs", "Ref(N * T)"), ArgDefinition("rest", "Ref(M*float)")),
        outputs=(),
        attrs=(AttrDefinition("T", "type"), AttrDefinition("N", "int"), AttrDefinition("M", "int")),
        location=Location("ops.cc", 1),
    )
    assert signature_of(definition).inputs == (
        FunctionArg("inputs", type_attr="T", number_attr="N", is_ref=True),
        FunctionArg("rest", FLOAT, number_attr="M", is_ref=True),
    )
    assert signature_of(definition).counting_attrs == {"N", "M"}
