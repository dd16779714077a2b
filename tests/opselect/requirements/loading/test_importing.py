"""What importers have against a node itself."""

from __future__ import annotations

import pytest

from opselect.models.graph import FunctionRef, Node
from opselect.requirements.loading.importing import undefined_function, unimportable
from tests.opselect.graph_text import function, node
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


def test_functions_that_are_not_there() -> None:
    call = Node("n", "If", attrs={"then": FunctionRef("f"), "others": (FunctionRef("h"), FunctionRef("g"))})
    assert undefined_function(call, {"g"}) == "Function g is not defined"
    assert undefined_function(call, {"gone"}) == ""
    assert undefined_function(Node("n", "SymbolicGradient", attrs={"f": FunctionRef("g")}), {"g"}) == ""
