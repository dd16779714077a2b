"""The lines of manifest.yaml: data of a manifest in, lines out."""

from __future__ import annotations

from typing import Any

import pytest

from opselect.build_lists.manifest_for_reading import for_reading


def reason(op: str = "", *, note: str = "", nodes: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    attrs = {"T": "DT_FLOAT"} if nodes else {}
    kernel_class = f"{op}Op<float>" if nodes else ""
    filled = {"attrs": attrs, "kernel_class": kernel_class, "nodes": list(nodes), "models": ["a.pb"] if nodes else []}
    return {"op": op, **filled, "note": note, **more}


def why(*reasons: dict[str, Any], others: tuple[dict[str, Any], ...] = ()) -> list[str]:
    files = [{"path": "a.cc", "role": "kernel", "reasons": list(reasons)}]
    files += [{"path": "b.cc", "role": "kernel", "reasons": [each]} for each in others]
    short = for_reading({"tensorflow": "2.14.1", "profile": "android", "files": files, "kernels": []})
    files_in_short: Any = short["files"]
    lines: list[str] = files_in_short[0]["why"]
    return lines


@pytest.mark.parametrize(
    ("nodes", "asked"),
    [
        (("x",), "x"),
        (("x", "y"), "x and 1 more node"),
        (("x", "y", "z"), "x and 2 more nodes"),
        (("v", "w", "x", "y", "z"), "v and at least 4 more nodes"),
    ],
)
def test_a_kernel_names_its_first_node(nodes: tuple[str, ...], asked: str) -> None:
    assert why(reason("Mul", nodes=nodes)) == [f"Mul, T DT_FLOAT, MulOp<float>: {asked}"]


def test_several_types_of_one_attr_stand_in_a_row() -> None:
    assert why(reason("Mul", nodes=("x",), attrs={"Ts": ["DT_FLOAT", "DT_INT32"]})) == [
        "Mul, Ts DT_FLOAT DT_INT32, MulOp<float>: x"
    ]


def test_models_are_named_where_there_are_several() -> None:
    of_two = reason("Mul", nodes=("x",), models=["a.pb", "b.pb"])
    assert why(of_two) == ["Mul, T DT_FLOAT, MulOp<float>: x in a.pb and 1 more model"]
    elsewhere = reason("Add", nodes=("y",), models=["b.pb"])
    assert why(reason("Mul", nodes=("x",)), others=(elsewhere,)) == ["Mul, T DT_FLOAT, MulOp<float>: x in a.pb"]


def test_what_may_be_inserted_is_said_without_the_rule() -> None:
    note = "may be inserted: a MatMul whose only reader is a BiasAdd (grappler/optimizers/remapper.cc)"
    assert why(reason("Mul", nodes=("x",), note=note)) == ["Mul, T DT_FLOAT, MulOp<float>: may be inserted for x"]


def test_lines_that_say_the_same_stand_once() -> None:
    notes = ("may be inserted: one rule", "may be inserted: another rule")
    assert len(why(*(reason("Mul", nodes=("x",), note=note) for note in notes))) == 1


def test_definitions_share_a_line_and_notes_stand_as_they_are() -> None:
    assert why(reason("Add", note="defines the op"), reason("Mul", note="defines the op")) == ["defines Add, Mul"]
    assert why(reason(note="b.cc uses f, declared in a.h")) == ["b.cc uses f, declared in a.h"]
    assert why(reason("NoOp", note="runtime: the source node")) == ["NoOp: runtime: the source node"]
    assert why(reason("Mul", note="defines the op: named by an ops list")) == [
        "Mul: defines the op: named by an ops list"
    ]


def test_headers_are_paths_and_other_keys_stay() -> None:
    data = {
        "tensorflow": "2.14.1",
        "profile": "android",
        "kernels": [{"op": "Mul"}],
        "unresolved": [{"op": ""}],
        "files": [{"path": "a.h", "role": "header", "reasons": [reason(note="included by a.cc")]}],
    }
    assert for_reading(data) == {
        "tensorflow": "2.14.1",
        "profile": "android",
        "files": [],
        "headers": ["a.h"],
        "unresolved": [{"op": ""}],
    }
