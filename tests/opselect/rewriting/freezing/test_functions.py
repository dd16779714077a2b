"""Functions that take variables, or hold them, take and hold values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.graph import FunctionDefinition, FunctionRef, Graph, Shape
from opselect.rewriting.freezing import VariableSelection
from tests.opselect.rewriting.freezing.graphs import (
    FLOAT,
    INT,
    RESOURCE,
    W,
    by_name,
    call,
    checkpoint,
    frozen,
    function,
    graph,
    handle,
    node,
    read,
    value,
)

BOOL = DataType.DT_BOOL
READER = function(
    "reader",
    {"x": FLOAT, "w": RESOURCE},
    {"y": (FLOAT, "sum:z:0")},
    read("r", "w"),
    node("sum", "AddV2", "x", "r:value:0", T=FLOAT),
)
X = node("x", "Placeholder", dtype=FLOAT)


def functions(after: Graph) -> dict[str, FunctionDefinition]:
    return {each.name: each for each in after.functions}


def test_a_function_that_takes_a_variable_takes_its_value(tmp_path: Path) -> None:
    described = replace(
        READER,
        attrs={"_input_shapes": (Shape((2, 3)), Shape(()))},
        arg_attrs={1: {"_output_shapes": (Shape(()),), "_user_specified_name": "w"}},
    )
    before = graph(
        X, handle("w", 2, 3), call("y", "reader", "x", "w", takes=(FLOAT, RESOURCE), gives=(FLOAT,)),
        functions=(described,),
    )  # fmt: skip
    result = frozen(before, checkpoint(tmp_path, w=W), "y").graph
    assert by_name(result)["y"].attrs == {"f": FunctionRef("reader_frozen"), "Tin": (FLOAT, FLOAT), "Tout": (FLOAT,)}
    (after,) = result.functions
    assert after.name == "reader_frozen"
    assert [(each.name, each.type) for each in after.inputs] == [("x", FLOAT), ("w", FLOAT)]
    assert by_name(after)["r"] == node("r", "Identity", "w", T=FLOAT)
    assert by_name(after)["sum"].inputs == ("x", "r:output:0")
    assert after.returns == {"y": "sum:z:0"}
    assert after.attrs == {"_input_shapes": (Shape((2, 3)), Shape((2, 3)))}
    assert after.arg_attrs == {1: {"_user_specified_name": "w"}}


def test_what_an_output_is_follows_its_new_name(tmp_path: Path) -> None:
    reader = function("reader", {"w": RESOURCE}, {"y": (FLOAT, "r:value:0")}, read("r", "w"))
    before = graph(handle("w", 2, 3), call("y", "reader", "w", takes=(RESOURCE,), gives=(FLOAT,)), functions=(reader,))
    assert frozen(before, checkpoint(tmp_path, w=W), "y").graph.functions[0].returns == {"y": "r:output:0"}


def test_a_function_is_written_once_for_variables_of_one_type_and_shape(tmp_path: Path) -> None:
    before = graph(
        X, handle("a", 2, 3), handle("b", 2, 3), handle("c", 3, 2),
        call("ya", "reader", "x", "a", takes=(FLOAT, RESOURCE), gives=(FLOAT,)),
        call("yb", "reader", "ya", "b", takes=(FLOAT, RESOURCE), gives=(FLOAT,)),
        call("yc", "reader", "yb", "c", takes=(FLOAT, RESOURCE), gives=(FLOAT,)),
        functions=(READER,),
    )  # fmt: skip
    result = frozen(before, checkpoint(tmp_path, a=W, b=W, c=W.T.copy()), "yc").graph
    assert sorted(functions(result)) == ["reader_frozen", "reader_frozen_1"]
    nodes = by_name(result)
    assert nodes["ya"].attrs["f"] == nodes["yb"].attrs["f"] == FunctionRef("reader_frozen")
    assert nodes["yc"].attrs["f"] == FunctionRef("reader_frozen_1")


def test_functions_that_need_no_change_stay_as_they_are_and_unused_ones_go() -> None:
    double = function("double", {"x": FLOAT}, {"y": (FLOAT, "s:z:0")}, node("s", "AddV2", "x", "x", T=FLOAT))
    before = graph(
        X, call("y", "double", "x", takes=(FLOAT,), gives=(FLOAT,)), functions=(double, replace(double, name="unused"))
    )
    assert frozen(before, None, "y").graph.functions == (double,)


def test_a_function_may_hold_the_variable_itself(tmp_path: Path) -> None:
    holder = function(
        "holder", {}, {"y": (FLOAT, "r:value:0")}, handle("v", 2, 3, shared_name="w"), read("r", "v:resource:0")
    )
    before = graph(call("y", "holder", takes=(), gives=(FLOAT,)), functions=(holder,))
    result = frozen(before, checkpoint(tmp_path, w=W), "y")
    assert result.variables == ("w",)
    (after,) = result.graph.functions
    assert (value(by_name(after)["v"]) == W).all()
    assert by_name(after)["r"].inputs == ("v:output:0",)


def test_functions_called_by_their_name_and_from_functions(tmp_path: Path) -> None:
    outer = function(
        "outer", {"x": FLOAT, "v": RESOURCE}, {"y": (FLOAT, "inner:y:0")}, node("inner", "reader", "x", "v")
    )
    before = graph(X, handle("w", 2, 3), node("y", "outer", "x", "w"), functions=(READER, outer))
    result = frozen(before, checkpoint(tmp_path, w=W), "y").graph
    assert by_name(result)["y"].op == "outer_frozen"
    assert by_name(functions(result)["outer_frozen"])["inner"].op == "reader_frozen"
    assert functions(result)["reader_frozen"].inputs[1].type is FLOAT


def test_while_loops_carry_values(tmp_path: Path) -> None:
    condition = function("cond", {"i": INT, "v": RESOURCE}, {"go": (BOOL, "l:z:0")}, node("l", "Less", "i", "i", T=INT))
    body = function(
        "body", {"i": INT, "v": RESOURCE}, {"i_out": (INT, "c:y:0"), "v_out": (RESOURCE, "v")},
        read("r", "v"), node("c", "Cast", "r:value:0"),
    )  # fmt: skip
    before = graph(
        node("i", "Placeholder", dtype=INT), handle("w", 2, 3),
        node("loop", "While", "i", "w", cond=FunctionRef("cond"), body=FunctionRef("body"), T=(INT, RESOURCE),
             output_shapes=(Shape(()), Shape(())), _output_shapes=(Shape(()), Shape(()))),
        read("again", "loop:1"), node("out", "NoOp", "^again", "^loop"), functions=(condition, body),
    )  # fmt: skip
    result = frozen(before, checkpoint(tmp_path, w=W), "out").graph
    assert by_name(result)["loop"].attrs == {
        "cond": FunctionRef("cond_frozen"),
        "body": FunctionRef("body_frozen"),
        "T": (INT, FLOAT),
        "output_shapes": (Shape(()), Shape((2, 3))),
    }
    assert by_name(result)["again"] == node("again", "Identity", "loop:1", T=FLOAT)
    after = functions(result)["body_frozen"]
    assert [each.type for each in after.outputs] == [INT, FLOAT]
    assert functions(result)["cond_frozen"].inputs[1].type is FLOAT


@pytest.mark.parametrize("op", ["If", "StatelessIf"])
def test_branches_take_values(tmp_path: Path, op: str) -> None:
    before = graph(
        node("p", "Placeholder", dtype=BOOL), X, handle("w", 2, 3),
        node("y", op, "p", "x", "w", then_branch=FunctionRef("reader"), else_branch=FunctionRef("other"),
             Tcond=BOOL, Tin=(FLOAT, RESOURCE), Tout=(FLOAT,)),
        functions=(READER, replace(READER, name="other")),
    )  # fmt: skip
    result = frozen(before, checkpoint(tmp_path, w=W), "y").graph
    attrs = by_name(result)["y"].attrs
    assert attrs["Tin"] == (FLOAT, FLOAT)
    assert (attrs["then_branch"], attrs["else_branch"]) == (FunctionRef("reader_frozen"), FunctionRef("other_frozen"))


def test_cases_take_values(tmp_path: Path) -> None:
    before = graph(
        node("p", "Placeholder", dtype=INT), X, handle("w", 2, 3),
        node("y", "Case", "p", "x", "w", branches=(FunctionRef("reader"), FunctionRef("reader")),
             Tin=(FLOAT, RESOURCE), Tout=(FLOAT,)),
        functions=(READER,),
    )  # fmt: skip
    result = frozen(before, checkpoint(tmp_path, w=W), "y").graph
    assert by_name(result)["y"].attrs["branches"] == (FunctionRef("reader_frozen"),) * 2


def test_functions_of_datasets_take_what_they_captured(tmp_path: Path) -> None:
    before = graph(
        node("data", "Placeholder"), handle("w", 2, 3),
        node("map", "MapDataset", "data", "w", f=FunctionRef("reader"), Targuments=(RESOURCE,),
             output_types=(FLOAT,), output_shapes=(Shape(),)),
        functions=(READER,),
    )  # fmt: skip
    result = frozen(before, checkpoint(tmp_path, w=W), "map").graph
    attrs = by_name(result)["map"].attrs
    assert attrs["Targuments"] == (FLOAT,)
    assert attrs["output_shapes"] == (Shape(),)
    assert functions(result)["reader_frozen"].inputs[1].type is FLOAT


def test_a_variable_that_a_function_changes_is_refused_with_the_node(tmp_path: Path) -> None:
    step = function(
        "step", {"x": FLOAT, "w": RESOURCE}, {"y": (FLOAT, "r:value:0")},
        node("add", "AssignAddVariableOp", "w", "x", dtype=FLOAT), read("r", "w", FLOAT, "^add"),
    )  # fmt: skip
    before = graph(
        X, handle("v", 2, 3), call("y", "step", "x", "v", takes=(FLOAT, RESOURCE), gives=(FLOAT,)), functions=(step,)
    )
    values = checkpoint(tmp_path, v=W)
    with pytest.raises(InputError, match="node 'add' of function 'step' changes the variable 'v'"):
        frozen(before, values, "y")
    assert frozen(before, values, "y", selection=VariableSelection(without=("v",))).graph.functions == (step,)


def test_a_loop_that_swaps_a_variable_for_something_else_is_refused(tmp_path: Path) -> None:
    body = function("body", {"v": RESOURCE, "u": RESOURCE}, {"a": (RESOURCE, "u"), "b": (RESOURCE, "v")})
    condition = function("cond", {"v": RESOURCE, "u": RESOURCE}, {"go": (BOOL, "c:output:0")}, node("c", "Const"))
    before = graph(
        node("u", "Placeholder", dtype=RESOURCE), handle("w", 2, 3),
        node("loop", "While", "w", "u", cond=FunctionRef("cond"), body=FunctionRef("body"), T=(RESOURCE, RESOURCE)),
        functions=(body, condition),
    )  # fmt: skip
    with pytest.raises(InputError, match="node 'loop' gives the variable 'w' or something else"):
        frozen(before, checkpoint(tmp_path, w=W), "loop")


def test_a_function_that_is_not_there_is_refused(tmp_path: Path) -> None:
    before = graph(X, handle("w", 2, 3), call("y", "lost", "w", takes=(RESOURCE,), gives=(FLOAT,)))
    with pytest.raises(InputError, match="node 'y' calls the function 'lost', which is not in the library"):
        frozen(before, checkpoint(tmp_path, w=W), "y")


def test_a_function_that_calls_itself(tmp_path: Path) -> None:
    again = function(
        "again", {"x": FLOAT, "w": RESOURCE}, {"y": (FLOAT, "s:z:0")},
        node("c", "again", "x", "w"), read("r", "w"), node("s", "AddV2", "c:y:0", "r:value:0", T=FLOAT),
    )  # fmt: skip
    before = graph(X, handle("v", 2, 3), node("y", "again", "x", "v"), functions=(again,))
    (after,) = frozen(before, checkpoint(tmp_path, v=W), "y").graph.functions
    assert by_name(after)["c"].op == after.name == "again_frozen"


def test_devices_of_functions_go_too(tmp_path: Path) -> None:
    placed = replace(READER, nodes=tuple(replace(each, device="/gpu:0") for each in READER.nodes))
    before = graph(
        X,
        handle("w", 2, 3),
        call("y", "reader", "x", "w", takes=(FLOAT, RESOURCE), gives=(FLOAT,)),
        functions=(placed,),
    )
    (after,) = frozen(before, checkpoint(tmp_path, w=W), "y").graph.functions
    assert {each.device for each in after.nodes} == {""}


def test_a_gather_in_a_function_has_an_axis_that_the_function_can_name(tmp_path: Path) -> None:
    gather = function(
        "gather", {"i": INT, "w": RESOURCE}, {"y": (FLOAT, "g:output:0")},
        node("g/axis", "NoOp"), node("g", "ResourceGather", "w", "i", dtype=FLOAT, Tindices=INT),
    )  # fmt: skip
    before = graph(
        node("i", "Placeholder", dtype=INT), handle("v", 2, 3),
        call("y", "gather", "i", "v", takes=(INT, RESOURCE), gives=(FLOAT,)), functions=(gather,),
    )  # fmt: skip
    (after,) = frozen(before, checkpoint(tmp_path, v=W), "y").graph.functions
    assert by_name(after)["g"].inputs == ("w", "i", "g/axis_1:output:0")
    assert value(by_name(after)["g/axis_1"]) == 0
    assert after.returns == {"y": "g:output:0"}


def test_functions_that_call_one_another_without_end_are_refused(tmp_path: Path) -> None:
    last = function("f0", {"w": RESOURCE}, {"y": (FLOAT, "r:value:0")}, read("r", "w"))
    chain = [
        function(f"f{n}", {"w": RESOURCE}, {"y": (FLOAT, "c:y:0")}, node("c", f"f{n - 1}", "w")) for n in range(1, 2000)
    ]
    before = graph(handle("v", 2, 3), node("y", "f1999", "v"), functions=(last, *chain))
    with pytest.raises(InputError, match="deeper than any model's"):
        frozen(before, checkpoint(tmp_path, v=W), "y")


BROKEN_CALLS = {
    "too few inputs": call("y", "reader", "w", takes=(RESOURCE,), gives=(FLOAT,)),
    "too many inputs": call("y", "reader", "x", "w", "w", takes=(FLOAT, RESOURCE, RESOURCE), gives=(FLOAT,)),
}


@pytest.mark.parametrize("case", BROKEN_CALLS)
def test_calls_that_do_not_fit_their_function_are_refused(tmp_path: Path, case: str) -> None:
    before = graph(X, handle("w", 2, 3), BROKEN_CALLS[case], functions=(READER,))
    with pytest.raises(InputError, match=r"node 'y' calls the function 'reader' with \d inputs of 2"):
        frozen(before, checkpoint(tmp_path, w=W), "y")
