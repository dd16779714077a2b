"""Only what the outputs need, and Placeholders where a program feeds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.graph import FunctionDefinition, FunctionRef, Graph, Node, NodeAttr, Shape, Versions
from opselect.rewriting import Context, TransformError, parse_steps
from opselect.rewriting.transforms import apply_steps
from tests.opselect.graph_text import graph_of, node
from tests.opselect.rewriting.transforms.run import transform

FLOAT = "T: type: DT_FLOAT"
GRAPH = graph_of(
    node("jpeg", "Placeholder", attrs="dtype: type: DT_STRING")
    + node("decoded", "DecodeJpeg", "jpeg")
    + node("image", "Cast", "decoded", attrs="SrcT: type: DT_UINT8; DstT: type: DT_FLOAT")
    + node("extra", "PlaceholderWithDefault", "zero", attrs="dtype: type: DT_FLOAT")
    + node("zero", "Const", attrs="dtype: type: DT_FLOAT")
    + node("sum", "Add", "image", "extra", attrs=FLOAT)
    + node("saved", "Identity", "sum", attrs=FLOAT)
    + node("out", "Relu", "sum", attrs=FLOAT)
    + "versions { producer: 27 }"
)


def strip(
    arguments: str = "", inputs: str = "image", outputs: str = "out", *, graph: Graph = GRAPH, gtt: bool = False
) -> tuple[dict[str, Node], list[str]]:
    return transform(f"strip_unused_nodes{arguments}", graph, inputs, outputs, gtt=gtt)


def placeholder(name: str, dtype: DataType = DataType.DT_FLOAT, shape: Shape | None = None) -> Node:
    attrs: dict[str, NodeAttr] = {"dtype": dtype, "shape": Shape(()) if shape is None else shape}
    return Node(name, "Placeholder", attrs=attrs)


def test_what_nothing_needs_is_gone_and_inputs_are_placeholders() -> None:
    left, notes = strip('(type=float, shape="1,-1,3")')
    assert list(left) == ["image", "extra", "zero", "sum", "out"]
    assert left["image"] == placeholder("image", shape=Shape((1, -1, 3)))
    assert notes == []


def test_without_arguments_a_placeholder_is_a_float_scalar_even_for_one_with_a_default() -> None:
    left, _ = strip(inputs="image extra:0")
    assert list(left) == ["image", "extra", "sum", "out"]
    assert left["extra"] == placeholder("extra")


def test_a_placeholder_stays_as_it_is() -> None:
    left, notes = strip("(type=int32, shape=2)", inputs="jpeg")
    assert left["jpeg"] == GRAPH.nodes[0]
    assert notes == []


def test_inputs_that_nothing_needs_stay() -> None:
    left, _ = strip(inputs="image jpeg")
    assert "jpeg" in left


def test_each_input_can_have_its_own_type_and_shape() -> None:
    left, notes = strip(
        '(type=half, name=extra, type_for_name=float, shape_for_name="2,3", name=image, type_for_name=float,'
        " shape_for_name=4, name=decoded, type_for_name=int32, shape_for_name=1)",
        inputs="image extra",
    )
    assert left["extra"] == placeholder("extra", shape=Shape((2, 3)))
    assert left["image"] == placeholder("image", shape=Shape((4,)))
    assert notes == ["name=decoded names none of the inputs"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("(type=flaot)", "argument 'type' is 'flaot', which is not a data type"),
        ('(shape="1,x")', "argument 'shape' is '1,x', which is not a shape"),
        ('(shape="1,-2")', "argument 'shape' is '1,-2', which is not a shape"),
        ("(type=float, type=int32)", "argument 'type' is given 2 times"),
        (f"({', '.join(['name=image, type_for_name=int32, shape_for_name=1'] * 2)})", "has one name twice"),
        ("(name=image, shape_for_name=1)", "has 1 names and 0 values of type_for_name"),
        ("(name=image, type_for_name=float)", "has 1 names and 0 values of shape_for_name"),
        ("(name=image, type_for_name=flaot, shape_for_name=1)", "argument 'type_for_name' is 'flaot'"),
    ],
)
def test_arguments_that_make_no_sense(arguments: str, problem: str) -> None:
    with pytest.raises(TransformError) as caught:
        strip(arguments)
    assert problem in caught.value.problem
    left, notes = strip(arguments, inputs="jpeg")
    assert "decoded" in left
    assert problem in notes[0]
    assert "every input is a Placeholder already" in notes[0]


def test_a_type_that_does_not_fit_is_refused() -> None:
    with pytest.raises(TransformError, match="node 'sum': after strip_unused_nodes its input 'image' is DT_INT32"):
        strip("(type=int32)")
    left, _ = strip("(type=int32)", gtt=True)
    assert left["image"].attrs["dtype"] is DataType.DT_INT32


@pytest.mark.parametrize("gtt", [False, True])
def test_outputs_are_needed(gtt: bool) -> None:
    with pytest.raises(TransformError, match="needs to know the outputs"):
        strip(outputs="", gtt=gtt)


@pytest.mark.parametrize("gtt", [False, True])
def test_a_dimension_may_be_of_any_size_and_an_empty_shape_is_a_scalar(gtt: bool) -> None:
    assert strip('(shape="-1,3")', gtt=gtt)[0]["image"].attrs["shape"] == Shape((-1, 3))
    assert strip('(shape="")', gtt=gtt)[0]["image"].attrs["shape"] == Shape(())


@pytest.mark.parametrize("gtt", [False, True])
def test_unknown_names_are_all_told(gtt: bool) -> None:
    with pytest.raises(InputError) as caught:
        strip(inputs="imago", outputs="out softmax", gtt=gtt)
    assert "no node 'imago' for the input; did you mean image" in caught.value.problem
    assert "no node 'softmax' for the output" in caught.value.problem


@pytest.mark.parametrize("gtt", [False, True])
def test_a_node_with_another_output_that_is_needed_cannot_become_a_placeholder(gtt: bool) -> None:
    split = graph_of(
        node("axis", "Const", attrs="dtype: type: DT_INT32")
        + node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
        + node("halves", "Split", "axis", "x", attrs="T: type: DT_FLOAT; num_split: i: 2")
        + node("out", "Relu", "halves:1", attrs=FLOAT)
    )
    with pytest.raises(TransformError, match=r"node 'halves'.*no output 'halves:1', but 'out' reads it"):
        strip(inputs="halves", graph=split, gtt=gtt)
    with pytest.raises(TransformError, match="no output 'halves:1', but it is fetched"):
        strip(inputs="halves", outputs="halves:1", graph=split, gtt=gtt)


@pytest.mark.parametrize(("gtt", "left"), [(False, ["used", "inner"]), (True, ["data", "used", "inner"])])
def test_functions_that_nothing_calls_any_more_go(gtt: bool, left: list[str]) -> None:
    graph = Graph(
        (
            Node("x", "Iterator", attrs={"dataset": FunctionRef("data")}),
            Node("y", "PartitionedCall", ("x",), attrs={"f": FunctionRef("used")}),
        ),
        (
            FunctionDefinition("data"),
            FunctionDefinition("used", nodes=(Node("call", "inner"),)),
            FunctionDefinition("inner"),
        ),
        {"data": "inner", "used": "inner"},
    )
    done = apply_steps(graph, parse_steps("strip_unused_nodes"), Context("m.pb", ("x",), ("y",), gtt=gtt))
    assert [function.name for function in done.functions] == left
    assert ("data" in done.gradients) == gtt


def test_versions_stay_but_not_with_the_original() -> None:
    context = Context(inputs=("jpeg",), outputs=("out",))
    steps = parse_steps("strip_unused_nodes")
    assert apply_steps(GRAPH, steps, context).versions == Versions(27)
    assert apply_steps(GRAPH, steps, replace(context, gtt=True)).versions == Versions()
