"""Requirements → JSON → requirements, and files that are no such thing."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.requirements.as_json import load_requirements, parse_requirements, requirements_json
from opselect.requirements.collect import GRAPHS, Requirement, Requirements
from opselect.requirements.loading import Loads
from opselect.requirements.runtime import KINDS, Kind, Origin
from tests.opselect.requirement_values import requirements

HALF = DataType.DT_HALF


def test_the_shape_of_the_json() -> None:
    cumsum = (("T", HALF), ("Tidx", DataType.DT_INT32))
    needed = Requirements(
        (
            Requirement("Cumsum", cumsum, "GPU", "fast", 1, ("n",), ("m.pb",)),
            Requirement("Empty", (("Ts", (HALF,)),), count=7, nodes=("e", "f"), models=("m.pb", "o.pb"), model_count=2),
        ),
        ("not kept",),
        ("1.15.5", "2.14.0"),
    )
    assert requirements_json(needed) == {
        "ops": [
            {
                "op": "Cumsum",
                "attrs": {"T": "DT_HALF", "Tidx": "DT_INT32", "_kernel": "fast"},
                "device": "GPU",
                "count": 1,
                "nodes": ["n"],
                "models": ["m.pb"],
                "model_count": 1,
            },
            {
                "op": "Empty",
                "attrs": {"Ts": ["DT_HALF"]},
                "device": "",
                "count": 7,
                "nodes": ["e", "f"],
                "models": ["m.pb", "o.pb"],
                "model_count": 2,
            },
        ],
        "releases": ["1.15.5", "2.14.0"],
        "loads": {"uses": [], "graphs": [], "unknown": []},
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_runtime_decides_says_why(kind: Kind) -> None:
    needed = Requirements((Requirement("Merge", origin=Origin(kind, "because")),))
    document = json.loads(json.dumps(requirements_json(needed)))
    (row,) = document["ops" if kind == "replaced" else "runtime_ops"]
    assert row[kind] == "because"
    assert not {*KINDS} - {kind} & row.keys()


@given(value=requirements)
def test_json_round_trip(value: Requirements) -> None:
    back = parse_requirements(json.loads(json.dumps(requirements_json(value))), "r.json")
    assert (back.items, back.releases, back.loads, back.runs) == (value.items, value.releases, value.loads, value.runs)
    assert requirements_json(back) == requirements_json(value)


def test_what_is_left_out_is_one_node_of_one_model() -> None:
    bare = parse_requirements({"ops": [{"op": "A"}], "more": 1}, "r.json")
    assert bare == Requirements((Requirement("A"),), releases=("",), loads=Loads(unknown=("r.json",)), runs=GRAPHS)
    models = [f"m{number:02}.pb" for number in range(30)]
    (item,) = parse_requirements({"ops": [{"op": "A", "models": models[::-1]}]}, "r.json").items
    assert (item.models, item.model_count) == (tuple(models[:20]), 30)


def _use_of(attr: object) -> object:
    return {"ops": [], "loads": {"uses": [{"op": "A", "attrs": {"T": attr}}]}}


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ([], "the top level must be an object"),
        ({}, "ops must be a list"),
        ({"ops": [1]}, "ops[0] must be an object"),
        ({"ops": [{}]}, "ops[0].op must be a string"),
        ({"ops": [{"op": "A"}, {"op": "A", "attrs": {"T": None}}]}, "ops[1].attrs.T is no value"),
        ({"ops": [{"op": "A", "attrs": {"T": ["DT_HALF", {}]}}]}, "ops[0].attrs.T[1] is no value"),
        ({"ops": [{"op": "A", "attrs": {"_kernel": 1}}]}, "ops[0].attrs._kernel must be a string"),
        ({"ops": [{"op": "A", "count": True}]}, "ops[0].count must be a whole number"),
        ({"ops": [{"op": "A", "count": 0}]}, "ops[0].count must be at least 1"),
        ({"ops": [{"op": "A", "count": 10**16}]}, "ops[0].count must be at most 10"),
        ({"ops": [], "releases": "2.14"}, "releases must be a list"),
        ({"ops": [], "releases": ["new"]}, "releases: 'new' is no TensorFlow version"),
        ({"ops": [{"op": "A", "nodes": [1]}]}, "ops[0].nodes[0] must be a string"),
        ({"ops": [{"op": "A", "models": ["a", "b"], "model_count": 1}]}, "ops[0].model_count must be at least 2"),
        ({"ops": [], "loads": []}, "loads must be an object"),
        ({"ops": [], "loads": {"uses": 1}}, "loads.uses must be a list"),
        ({"ops": [], "loads": {"uses": [{}]}}, "loads.uses[0].op must be a string"),
        ({"ops": [], "loads": {"uses": [{"op": "A", "inputs": 5}]}}, "loads.uses[0].inputs must be a list"),
        ({"ops": [], "loads": {"uses": [{"op": "A", "lowered": 1}]}}, "loads.uses[0].lowered must be true or false"),
        ({"ops": [], "loads": {"uses": [{"op": "A", "attrs": {"T": {}}}]}}, "loads.uses[0].attrs.T.kind must be"),
        (_use_of({"kind": "type", "value": "DT_ODD"}), "loads.uses[0].attrs.T.value is no data type"),
        (_use_of({"kind": "list(int)", "value": 1}), "loads.uses[0].attrs.T.value must be a list"),
        (_use_of({"kind": "list(int)", "length": -2}), "loads.uses[0].attrs.T.length must be at least -1"),
        (_use_of({"kind": "tensor", "value": {}}), "loads.uses[0].attrs.T.value is no value of an attr"),
        ({"ops": [], "loads": {"graphs": [{"producer": "new"}]}}, "loads.graphs[0].producer must be a whole number"),
        ({"ops": [], "runs": "ops"}, "runs must be a list"),
        ({"ops": [], "runs": []}, "runs must be some of graphs, ops, functions"),
        ({"ops": [], "runs": ["ops", "dogs"]}, "runs must be some of graphs, ops, functions"),
        ({"ops": [], "loads": {"unknown": "all"}}, "loads.unknown must be a list"),
        ({"ops": [{"op": "A", "inserted": True}]}, "ops[0].inserted must be a string"),
        ({"ops": [{"op": "A", "inserted": "x", "added": "y"}]}, "ops[0] has both added and inserted"),
    ],
)
def test_bad_json_names_the_value(data: object, where: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_requirements(data, "r.json")
    assert where in caught.value.problem
    assert caught.value.place.path == "r.json"


def test_a_file_that_was_kept(tmp_path: Path) -> None:
    needed = Requirements((Requirement("A", (("T", HALF),), nodes=("\udcff",), models=("m.pb",)),), runs=GRAPHS)
    path = tmp_path / "kept.json"
    for mark in ("", "\ufeff"):
        path.write_text(mark + json.dumps(requirements_json(needed)), encoding="utf-8")
        assert load_requirements(str(path)) == needed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b'{"ops": [\n', ":2: is no JSON: Expecting value"),
        (b'{"ops": "\xff"}', ": byte 9: the text is not valid UTF-8"),
        (b"[" * 100_000, "is no JSON that can be read"),
        (b'{"tensorflow": "2.14.0"}', "ops must be a list"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "kept.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_requirements(str(path))
    assert message in str(caught.value)


@given(content=st.binary(max_size=60) | st.text('{}[]":,\\ oprs01e.-', max_size=60).map(str.encode))
def test_no_file_is_more_than_an_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        load_requirements(str(path))
