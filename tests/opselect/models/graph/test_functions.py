"""Graphs with functions in, the nodes that run out."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats import read_graph
from opselect.models.graph import Expansion, expand_functions
from tests.opselect.graph_text import function, graph_of, node

MODELS = Path(__file__).parents[4] / "fixtures" / "models"


def expanded(text: str) -> Expansion:
    graph = graph_of(text)
    return expand_functions(graph, graph.nodes, "g")


def ops(text: str) -> list[str]:
    return [called.node.op for called in expanded(text).nodes if not called.is_call]


def test_function_called_by_name_needs_its_body_and_no_kernel() -> None:
    result = expanded(function("f", node("n", "Neg")) + node("call", "f"))
    assert [(called.node.op, called.function, called.is_call) for called in result.nodes] == [
        ("f", "", True),
        ("Neg", "f", False),
    ]
    assert result.functions == ["f"]


def test_functions_named_by_attrs() -> None:
    library = function("f", node("n", "Neg")) + function("g", node("n", "Abs")) + function("h", node("n", "Exp"))
    call = node("w", "While", attrs='cond: func { name: "f" }; more: list { func { name: "g" } }')
    assert ops(library + call) == ["While", "Neg", "Abs"]


def test_nested_and_recursive_functions_count_once() -> None:
    text = (
        function("f", node("n", "Neg"), node("again", "g"))
        + function("g", node("n", "Abs"), node("back", "f"))
        + node("one", "f")
        + node("two", "f")
    )
    assert sorted(ops(text)) == ["Abs", "Neg"]


def test_real_model() -> None:
    graph = read_graph(MODELS / "functions.pb")
    result = expand_functions(graph, graph.nodes, "g")
    assert [name.rstrip("_0123456789") for name in result.functions] == [
        "while_body",
        "while_cond",
        "__inference_double",
    ]
    found = {called.node.op for called in result.nodes}
    assert {"StatelessWhile", "PartitionedCall", "Less", "Mul", "Sin"} <= found
    assert "MatrixDeterminant" not in found


def types(result: Expansion) -> list[object]:
    return [called.node.attrs.get("T") for called in result.nodes if called.node.op == "Neg"]


BODY = function("f", node("n", "Neg", attrs='T: placeholder: "T"'), attrs="T")


def test_placeholders_are_bound_for_each_call() -> None:
    text = BODY + "".join(node(f"c{t}", "f", attrs=f"T: type: {t}") for t in ("DT_FLOAT", "DT_INT32", "DT_FLOAT"))
    assert types(expanded(text)) == [DataType.DT_FLOAT, DataType.DT_INT32]


def test_placeholders_are_bound_by_the_attrs_of_a_function_attr() -> None:
    call = node("c", "PartitionedCall", attrs='f: func { name: "f" attr { key: "T" value { type: DT_HALF } } }')
    assert types(expanded(BODY + call)) == [DataType.DT_HALF]


def test_placeholders_fall_back_to_the_attrs_of_the_caller() -> None:
    call = node("c", "SymbolicGradient", attrs='f: func { name: "f" }; T: type: DT_INT64')
    assert types(expanded(BODY + call)) == [DataType.DT_INT64]


def test_placeholders_are_bound_through_nested_calls() -> None:
    inner = 'func { name: "f" attr { key: "T" value { placeholder: "U" } } }'
    text = BODY + function("outer", node("n", "PartitionedCall", attrs=f"f: {inner}"), attrs="U")
    assert types(expanded(text + node("c", "outer", attrs="U: type: DT_BOOL"))) == [DataType.DT_BOOL]


def test_defaults_of_the_signature_bind_what_no_caller_does() -> None:
    default = 'attr { name: "T" type: "type" default_value { type: DT_UINT8 } }'
    body = BODY.replace('attr { name: "T" type: "type" }', default)
    assert types(expanded(body + node("c", "f"))) == [DataType.DT_UINT8]
    assert types(expanded(body + node("c", "f", attrs="T: type: DT_INT8"))) == [DataType.DT_INT8]


def test_what_nothing_binds_is_reported() -> None:
    result = expanded(BODY + node("c", "f"))
    assert types(result) == [None]
    assert [called.unbound for called in result.nodes] == [(), ("T",)]


def test_calls_that_differ_only_in_kind_of_attr_are_different() -> None:
    text = BODY + node("c", "f", attrs="T: type: DT_FLOAT") + node("d", "f", attrs="T: i: 1")
    assert [type(value) for value in types(expanded(text))] == [DataType, int]


def test_gradients_are_followed_for_symbolic_gradient_only() -> None:
    library = (
        function("f", node("n", "Neg"))
        + function("f_grad", node("n", "Sign"))
        + 'library { gradient { function_name: "f" gradient_func: "f_grad" } }'
    )
    assert ops(library + node("c", "PartitionedCall", attrs='f: func { name: "f" }')) == ["PartitionedCall", "Neg"]
    assert ops(library + node("c", "SymbolicGradient", attrs='f: func { name: "f" }')) == [
        "SymbolicGradient",
        "Neg",
        "Sign",
    ]


def test_gradient_that_the_library_lacks_is_reported() -> None:
    result = expanded(function("f", node("n", "Neg")) + node("c", "SymbolicGradient", attrs='f: func { name: "f" }'))
    assert result.gradients_made_at_run_time == ["f"]


def test_function_that_the_library_lacks_is_reported_once() -> None:
    result = expanded("".join(node(name, "PartitionedCall", attrs='f: func { name: "gone" }') for name in "ab"))
    assert result.missing == {"gone": "a"}


@pytest.mark.parametrize("calls", [1, 2])
def test_function_that_calls_itself_with_ever_new_attrs_is_an_error(calls: int) -> None:
    growing = [
        f'f: func {{ name: "f" attr {{ key: "X" value {{ func {{ name: "{tag}" '
        'attr { key: "X" value { placeholder: "X" } } } } } }'
        for tag in ("p", "q")[:calls]
    ]
    body = [node(f"n{number}", "PartitionedCall", attrs=attrs) for number, attrs in enumerate(growing)]
    with pytest.raises(InputError, match="never end"):
        expanded(function("f", *body, attrs="X") + node("c", "f", attrs="X: i: 1"))


def test_functions_of_data_sets_and_what_they_call() -> None:
    library = (
        function("map", node("n", "Neg"), node("inner", "TensorSliceDataset"), node("call", "helper"))
        + function("helper", node("n", "Abs"))
        + function("batch", node("n", "Exp"))
        + function("unused", node("n", "Cholesky"), node("call", "unused_too"))
        + function("unused_too", node("n", "Qr"))
    )
    pipeline = node("m", "MapDataset", attrs='f: func { name: "map" }')
    pipeline += node("g", "GroupByWindowDataset", "m", attrs='key_func: func { name: "batch" }')
    assert ops(library + pipeline) == [
        "MapDataset",
        "GroupByWindowDataset",
        "Neg",
        "TensorSliceDataset",
        "Exp",
        "Abs",
    ]


def test_a_gradient_of_a_function_that_runs_otherwise_is_not_followed() -> None:
    library = (
        function("f", node("n", "Neg"))
        + function("f_grad", node("n", "Sign"))
        + 'library { gradient { function_name: "f" gradient_func: "f_grad" } }'
    )
    strings = '_gradient_op_type: s: "f_grad"; backward_function_name: s: "f_grad"'
    assert ops(library + node("c", "f", attrs=strings)) == ["Neg"]


def test_each_way_to_call_a_function_is_a_body_of_its_own() -> None:
    text = BODY + function("outer", node("inner", "f", attrs='T: placeholder: "U"'), attrs="U")
    text += node("a", "outer", attrs="U: type: DT_HALF") + node("b", "outer", attrs="U: type: DT_INT8")
    text += node("c", "PartitionedCall", attrs='f: func { name: "f" attr { key: "T" value { type: DT_HALF } } }')
    result = expanded(text)
    bodies = [(body.function.name if body.function else "", dict(body.binding)) for body in result.bodies]
    assert bodies == [
        ("", {}),
        ("outer", {"U": DataType.DT_HALF}),
        ("outer", {"U": DataType.DT_INT8}),
        ("f", {"T": DataType.DT_HALF}),
        ("f", {"T": DataType.DT_INT8}),
    ]
    calls = [
        [(body.nodes[call.position].node.name, call.attr, call.body) for call in body.calls] for body in result.bodies
    ]
    assert calls == [[("a", "", 1), ("b", "", 2), ("c", "f", 3)], [("inner", "", 3)], [("inner", "", 4)], [], []]
