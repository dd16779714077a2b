"""Functional control flow in, the ops that the runtime lowers it to out."""

from __future__ import annotations

import pytest

from kernel_index.profiles import release_number
from opselect.models.graph import expand_functions
from opselect.requirements.collect import collect_requirements
from opselect.requirements.runtime.control_flow import graph_passes
from tests.opselect.graph_text import function, graph_of, node
from tests.opselect.requirements.runtime.additions import additions, ops, shipped

LOWER = "_lower_using_switch_merge: b: true"
BRANCHES = 'then_branch: func { name: "f" }; else_branch: func { name: "g" }'
TYPES = "Tcond: type: DT_BOOL; Tin: list { type: DT_FLOAT type: DT_STRING }; Tout: list { type: DT_HALF }"
F, G = function("f", node("n", "Neg")), function("g", node("n", "Abs"))
INPUTS = node("p", "Placeholder") + node("x", "Placeholder") + node("y", "Placeholder")


def branches(op: str = "If", attrs: str = LOWER, types: str = TYPES) -> str:
    return F + G + INPUTS + node("cond", op, "p", "x", "y", attrs=f"{BRANCHES}; {types}; {attrs}")


def test_branches_become_switches_of_inputs_and_merges_of_outputs() -> None:
    assert ops(branches(), kind="added") == {
        "Switch": {"bool", "float", "string"},
        "Identity": {"bool", "float", "string", "half"},
        "Merge": {"half", "bool"},
        "IdentityN": {"half"},
        "NoOp": {""},
    }
    assert ops(branches(), kind="replaced") == {"If": {"bool,float,string,half"}}


@pytest.mark.parametrize(
    "attrs",
    [
        "",
        "_lower_using_switch_merge: b: false",
        f'{LOWER}; _xla_compile_id: s: "cluster_0"',
        f'{LOWER}; _tpu_replicate: s: "c"',
        f"{LOWER}; _XlaMustCompile: b: true",
    ],
)
def test_without_the_attr_and_for_compilers_the_functional_kernel_runs(attrs: str) -> None:
    text = branches(attrs=attrs)
    assert ops(text, kind="added") == ops(text, kind="replaced") == {}


@pytest.mark.parametrize(
    ("op", "release", "lowered"),
    [
        ("If", "1.8", False),
        ("If", "1.9", True),
        ("StatelessIf", "1.14", False),
        ("StatelessIf", "1.15", True),
        ("While", "1.10", False),
        ("While", "1.11", True),
        ("StatelessWhile", "1.15", True),
        ("Case", "1.14", False),
        ("Case", "1.15", True),
        ("StatelessCase", "2.3", False),
        ("StatelessCase", "2.4", True),
    ],
)
def test_releases_that_lower(op: str, release: str, lowered: bool) -> None:
    text = node("x", "Placeholder") + node("n", op, "x", attrs=f"{LOWER}; T: list {{ type: DT_FLOAT }}")
    assert bool(ops(text, release, "replaced")) == lowered


def test_the_merge_that_tells_that_a_branch_ran_came_with_1_14() -> None:
    assert ops(branches(), "1.13", "added")["Merge"] == {"half"}


def test_cases_become_switches_with_many_outputs() -> None:
    text = F + node("i", "Placeholder") + node("x", "Placeholder")
    attrs = f'branches: list {{ func {{ name: "f" }} }}; Tin: list {{ type: DT_INT64 }}; Tout: list {{ }}; {LOWER}'
    assert ops(text + node("c", "Case", "i", "x", attrs=attrs), kind="added") == {
        "_SwitchN": {"int32", "int64"},
        "Identity": {"int32", "int64"},
        "Merge": {"int32"},
        "NoOp": {""},
    }


WHILE = 'cond: func { name: "f" }; body: func { name: "g" }; T: list { type: DT_INT32 type: DT_RESOURCE }'


def loop(returned: str) -> str:
    body = function("g", node("n", "Abs", "a"), inputs="a r", returns=f"o=n:y:0 q={returned}")
    inputs = node("x", "Placeholder") + node("v", "VarHandleOp")
    return F + body + inputs + node("w", "While", "x", "v", attrs=f"{WHILE}; {LOWER}")


def test_loops_have_each_type_of_their_variables() -> None:
    added = ops(loop("n:y:0"), "1.15", "added")
    both = {"int32", "resource"}
    assert added["Enter"] == added["Merge"] == added["Switch"] == added["NextIteration"] == added["Exit"] == both
    assert added["LoopCond"] == {""}
    assert added["Identity"] == {"int32", "resource", "bool"}
    assert added["IdentityN"] == {"int32,resource"}


@pytest.mark.parametrize(
    ("release", "returned", "merged"),
    [
        ("2.0", "r", {"int32", "resource"}),
        ("2.1", "n:y:0", {"int32"}),
        ("2.8", "r", {"int32"}),
        ("2.14", "r", {"int32"}),
        ("2.14", "n:y:0", {"int32", "resource"}),
    ],
)
def test_resources_that_loops_carry_only_enter(release: str, returned: str, merged: set[str]) -> None:
    added = ops(loop(returned), release, "added")
    assert (added["Merge"], added["Exit"], added["Enter"]) == (merged, merged, {"int32", "resource"})


def passes(text: str, release: str = "2.14") -> dict[str, set[bool]]:
    """For each function, whether the passes that lower run over it."""
    graph = graph_of(text)
    expansion = expand_functions(graph, graph.nodes, "g")
    states = graph_passes(expansion, release_number(release))
    return {
        body.function.name if body.function else "": set(state)
        for body, state in zip(expansion.bodies, states, strict=True)
    }


@pytest.mark.parametrize(
    ("call", "release", "expected"),
    [
        (node("c", "PartitionedCall", attrs='f: func { name: "f" }'), "2.14", {True}),
        (node("c", "StatefulPartitionedCall", attrs='f: func { name: "f" }'), "1.12", {True}),
        (node("c", "PartitionedCall", attrs='f: func { name: "f" }'), "1.11", {False}),
        (node("c", "f"), "2.14", {False}),
        (node("c", "f", attrs="_lower_as_multi_device_function: b: true"), "2.14", {True}),
        (node("c", "f", attrs="_lower_as_multi_device_function: b: true"), "1.13", {False}),
        (node("c", "If", attrs=f'then_branch: func {{ name: "f" }}; {LOWER}'), "2.14", {True}),
        (node("c", "If", attrs=f'then_branch: func {{ name: "f" }}; {LOWER}'), "1.12", {True, False}),
        (node("c", "If", attrs='then_branch: func { name: "f" }'), "2.14", {False}),
        (node("c", "SymbolicGradient", attrs='f: func { name: "f" }'), "2.14", {False, True}),
        (node("c", "MapDataset", attrs='f: func { name: "f" }'), "2.14", {False, True}),
    ],
)
def test_where_graph_passes_run(call: str, release: str, expected: set[bool]) -> None:
    assert passes(F + call, release)["f"] == expected


def test_a_function_that_is_called_in_two_ways_runs_both_ways() -> None:
    inner = node("cond", "If", attrs=f"{BRANCHES}; {TYPES}; {LOWER}")
    text = F + G + function("outer", inner)
    text += node("by_name", "outer") + node("call", "PartitionedCall", attrs='f: func { name: "outer" }')
    assert passes(text)["outer"] == {True, False}
    assert ops(text, kind="replaced") == {}
    assert "Merge" in ops(text, kind="added")
    (why,) = {a.origin.why for a in additions(graph_of(text)) if a.origin.kind == "added"}
    assert "the kernel of If counts too" in why


def test_in_a_function_called_by_name_it_is_lowered_only_where_grappler_inlines() -> None:
    inner = node("cond", "If", attrs=f"{BRANCHES}; {TYPES}; {LOWER}")
    text = F + G + function("outer", inner) + node("by_name", "outer")
    assert ops(text, kind="added") == ops(text, kind="replaced") == {}
    assert "Merge" in ops(text, kind="inserted")
    found = collect_requirements(graph_of(text), "g", index=shipped("2.14"))
    left = collect_requirements(graph_of(text), "g", index=shipped("2.14"), inserted=False)
    assert left == found.without_inserted() != found


def test_recursion_ends() -> None:
    inner = node("cond", "If", attrs=f'then_branch: func {{ name: "r" }}; {LOWER}')
    assert passes(function("r", inner) + node("c", "r") + inner) == {"": {True}, "r": {True, False}}


def test_functions_of_a_session_graph_keep_no_outputs() -> None:
    """Only the graph's own nodes may be fetched by name."""
    inner = node("cond", "If", attrs=f"{BRANCHES}; {TYPES}; {LOWER}")
    text = F + G + function("outer", inner) + node("c", "PartitionedCall", attrs='f: func { name: "outer" }')
    assert "IdentityN" not in ops(text, kind="added")
    assert "IdentityN" in ops(text, "1.13", "added")
