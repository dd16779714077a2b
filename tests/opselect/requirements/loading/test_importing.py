"""What importers have against a node itself."""

from __future__ import annotations

import pytest

from opselect.models.graph import Entry, Node
from opselect.requirements.collect import collect_requirements
from opselect.requirements.loading import judge
from opselect.requirements.loading.importing import unimportable
from tests.opselect.graph_text import function, graph_of, node
from tests.opselect.requirements.loading.op_specs import op, release, verdict

INDEX = release(op("Neg(x: float) -> y: float"), op("Placeholder() -> y: dtype | dtype: type"))
NAMES = ("x", "y")
NEW, OLD = (2, 14), (1, 15)


@pytest.mark.parametrize("name", ["x", "x/y_1-2.3", ".x", "0", "X"])
def test_names_that_importers_take(name: str) -> None:
    assert unimportable(Node(name, "Relu"), NAMES, NEW) == unimportable(Node(name, "Relu"), NAMES, OLD) == ""


@pytest.mark.parametrize("name", ["", "_x", "/x", "-x", "a b", "a\n", "ä", "a:0", "^a", "a>", ">a", "a>_b", "a\\b"])
def test_names_that_they_refuse(name: str) -> None:
    for number in (NEW, OLD):
        said = unimportable(Node(name, "Relu"), NAMES, number)
        assert said == f"Node '{name}': Node name contains invalid characters"


def test_names_in_functions_may_begin_as_those_of_the_runtime() -> None:
    inside = function("f", node("_a", "Neg", "x"), node("b b", "Neg", "x"), inputs="x")
    found = verdict(inside + node("c", "f", "p") + node("p", "Placeholder", attrs="dtype: type: DT_FLOAT"), INDEX)
    assert [each.reason for each in found.refused if each.code == "OPS310"] == [
        "Node 'b b': Node name contains invalid characters"
    ]


def test_names_of_several_parts_since_2() -> None:
    assert unimportable(Node("a>b/c>.d", "Relu"), NAMES, (2, 0)) == ""
    assert "invalid characters" in unimportable(Node("a>b", "Relu"), NAMES, OLD)


def test_control_inputs_and_colocations_name_nodes() -> None:
    assert unimportable(Node("n", "Relu", ("x", "x:1", "^y"), attrs={"_class": ("loc:@x", "other")}), NAMES, NEW) == ""
    assert unimportable(Node("n", "Relu", ("^x:0",)), NAMES, NEW) == "Node 'n': Unknown input node '^x:0'"
    colocated = Node("n", "Relu", attrs={"_class": ("loc:@x", "loc:@gone")})
    assert unimportable(colocated, NAMES, NEW) == "Node 'n' expects to be colocated with unknown node 'gone'"
    assert unimportable(Node("n", "Relu", attrs={"_class": "loc:@gone"}), NAMES, NEW) == ""


def refusals(*texts: str) -> list[tuple[str, str]]:
    """The op and reason of what an importer has against nodes."""
    return [(each.op, each.reason) for each in verdict("".join(texts), INDEX).refused if each.code == "OPS310"]


X = node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
NO_ENTER = "Invalid Exit op: Cannot find a corresponding Enter op"


def test_functions_that_are_not_there() -> None:
    def calling(op_name: str, attr: str) -> str:
        return node("n", op_name, "x", attrs=attr)

    assert ("If", "Function g is not defined") in refusals(X, function("f"), calling("If", "t: func { name: 'g' }"))
    both = "l: list { func: [{ name: 'f' }, { name: 'h' }] }"
    assert ("If", "Function h is not defined") in refusals(X, function("f"), calling("If", both))
    assert refusals(X, function("f"), calling("If", "t: func { name: 'f' }")) == []
    # The gradient may be that of an op.
    assert refusals(X, calling("SymbolicGradient", "f: func { name: 'Neg' }")) == []


def test_only_nodes_that_run_need_their_functions() -> None:
    text = X + node("n", "If", "x", attrs="t: func { name: 'g' }") + node("y", "Neg", "x")
    for output, refused in {"n": ["OPS310"], "y": []}.items():
        needed = collect_requirements(graph_of(text), "m.pb", index=INDEX, entries=(Entry(outputs=(output,)),))
        assert [each.code for each in judge(needed.loads, INDEX).refused if each.code == "OPS310"] == refused


def test_loops_are_left_where_they_were_entered() -> None:
    enter = node("i", "Enter", "x", attrs="frame_name: s: 'f'")
    loop = node("m", "Merge", "i", "k") + node("k", "NextIteration", "m") + node("e", "Exit", "m")
    assert refusals(X, enter, loop) == []
    assert refusals(X, loop.replace('"i"', '"x"')) == [("Exit", NO_ENTER)]
    inside = function("f", node("e", "RefExit", "a"), inputs="a")
    assert refusals(X, inside, node("c", "f", "x")) == [("RefExit", NO_ENTER)]


def test_no_function_has_the_name_of_an_op() -> None:
    clash = ("Neg", "Cannot add function 'Neg' because an op with the same name already exists")
    assert refusals(X, function("Neg")) == [clash]
    older = release(op("Neg(x: float) -> y: float"), version="1.1.0")
    assert [each.code for each in verdict(X + function("Neg"), older).refused] == []
