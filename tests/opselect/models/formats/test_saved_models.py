"""SavedModels that TensorFlow wrote: tags, signatures and what each signature reaches, as TensorFlow itself says."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kernel_index.datatypes import DataType
from opselect.models.choice import Choice, entries_of
from opselect.models.formats import Model, read_model
from opselect.models.graph import Entry, MetaGraph, NodeAttr, TensorInfo, expand_functions, reach_entries

FOLDER = Path(__file__).parents[4] / "fixtures" / "saved_models"
CASES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def expected(case: str) -> Any:
    return json.loads(gzip.decompress((FOLDER / f"{case}.expected.json.gz").read_bytes()))


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Model, Any]:
    name: str = request.param
    return read_model(FOLDER / name), expected(name)


def info_json(info: TensorInfo) -> dict[str, object]:
    dims = info.shape.dims if info.shape is not None else ()
    return {
        "dtype": info.dtype.name if info.dtype is not None else "DT_INVALID",
        "name": info.name,
        "shape": None if dims is None else list(dims),
    }


def test_tags_and_assets(case: tuple[Model, Any]) -> None:
    model, wanted = case
    assert model.format == "saved_model"
    assert model.variables.endswith("variables/variables")
    assert [list(each.tags) for each in model.meta_graphs] == [sorted(tags) for tags in wanted["tag_sets"]]
    for meta_graph, each in zip(model.meta_graphs, wanted["meta_graphs"], strict=True):
        assert meta_graph.tensorflow == each["tf_version"]
        assert len(meta_graph.graph.nodes) == each["nodes"]
        assert sorted(function.name for function in meta_graph.graph.functions) == sorted(each["library_functions"])
        assert list(meta_graph.initializers) == each.get("init_op_collection", ["", []])[1]


def test_signatures(case: tuple[Model, Any]) -> None:
    model, wanted = case
    for meta_graph, each in zip(model.meta_graphs, wanted["meta_graphs"], strict=True):
        assert list(meta_graph.signatures) == sorted(set(each["signatures"]) - {"__saved_model_init_op"})
        for key, signature in meta_graph.signatures.items():
            theirs = each["signatures"][key]
            assert signature.method == theirs["method_name"]
            assert {arg: info_json(info) for arg, info in signature.inputs.items()} == theirs["inputs"]
            assert {arg: info_json(info) for arg, info in signature.outputs.items()} == theirs["outputs"]


def types_text(attrs: dict[str, NodeAttr]) -> str:
    parts = []
    for name, value in sorted(attrs.items()):
        if isinstance(value, DataType):
            parts.append(f"{name}={value.name}")
        elif isinstance(value, tuple) and value and all(isinstance(item, DataType) for item in value):
            parts.append(f"{name}=[{','.join(str(item) for item in value)}]")
    return ";".join(parts)


def check_reach(meta_graph: MetaGraph, entries: tuple[Entry, ...], wanted: Any) -> None:
    reached = reach_entries(meta_graph.graph, entries, "m")
    assert sorted(node.name for node in reached.nodes) == wanted["main_graph_nodes"]
    expansion = expand_functions(meta_graph.graph, reached.nodes, "m")
    assert sorted(expansion.functions) == wanted["functions"]
    assert sorted(expansion.missing) == wanted["missing"]
    counted = {(called.function, called.node.name): called.node.op for called in expansion.nodes}
    assert Counter(counted.values()) == wanted["op_counts"]
    pairs = {(called.node.op, types_text(dict(called.node.attrs))) for called in expansion.nodes}
    assert sorted(pairs) == [tuple(pair) for pair in wanted["op_dtypes"]]


def test_each_signature_reaches_just_what_tensorflow_says(case: tuple[Model, Any]) -> None:
    model, wanted = case
    for meta_graph, each in zip(model.meta_graphs, wanted["meta_graphs"], strict=True):
        for key in meta_graph.signatures:
            entries = entries_of(meta_graph, Choice(signatures=(key,)), "m")
            check_reach(meta_graph, entries, each["reachable"][key])
        for key in ("<restore>", "<saved_model_main_op>"):
            if key in each["reachable"]:
                roots = tuple(each["reachable"][key]["roots"])
                check_reach(meta_graph, (Entry(outputs=roots),), each["reachable"][key])


def test_all_signatures_are_the_union_and_what_a_loader_runs_first(case: tuple[Model, Any]) -> None:
    model, wanted = case
    for meta_graph, each in zip(model.meta_graphs, wanted["meta_graphs"], strict=True):
        reachable = {k: v for k, v in each["reachable"].items() if k != "<restore>"}
        reached = reach_entries(meta_graph.graph, entries_of(meta_graph, Choice(), "m"), "m")
        assert {node.name for node in reached.nodes} == {n for v in reachable.values() for n in v["main_graph_nodes"]}
