"""What ``inspect`` says of SavedModels is what TensorFlow's own ``saved_model_cli show --all`` says."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli

FOLDER = Path(__file__).parents[2] / "fixtures" / "saved_models"
CASES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())

_META_GRAPH = re.compile(r"^MetaGraphDef with tag-set: '(.*)' contains", re.MULTILINE)
_SIGNATURE = re.compile(r"^signature_def\['(.*)'\]:$", re.MULTILINE)
_TENSOR = re.compile(
    r"^ +(inputs|outputs)\['(.*)'\] tensor_info:\n +dtype: (\S+)\n +shape: (.*)\n +name: (.*)$", re.MULTILINE
)
_METHOD = re.compile(r"^  Method name is: (.*)$", re.MULTILINE)
_OPS = re.compile(r"^The MetaGraph with tag set .* contains the following ops: (\{.*\})$", re.MULTILINE)


def parsed(text: str) -> dict[str, Any]:
    """The text of ``saved_model_cli``: tags → signatures and the set of ops."""
    parts = _META_GRAPH.split(text)[1:]
    return {
        tags: {"signatures": dict(_signatures(body)), "ops": ast.literal_eval(_OPS.findall(body)[0])}
        for tags, body in zip(parts[::2], parts[1::2], strict=True)
    }


def _signatures(text: str) -> Any:
    parts = _SIGNATURE.split(text)[1:]
    for key, body in zip(parts[::2], parts[1::2], strict=True):
        signature: dict[str, Any] = {"inputs": {}, "outputs": {}, "method": _METHOD.findall(body)[0]}
        for way, argument, dtype, shape, name in _TENSOR.findall(body):
            dims = None if shape == "unknown_rank" else [int(dim) for dim in shape.strip("()").split(",") if dim]
            signature[way][argument] = {
                "name": name,
                "dtype": None if dtype == "DT_INVALID" else dtype,
                "shape": dims,
            }
        yield key, signature


@pytest.mark.parametrize("case", CASES)
def test_tags_signatures_and_ops_are_those_that_tensorflow_shows(cli: Cli, case: str) -> None:
    document = cli("inspect", FOLDER / case, "--json").json
    shown = parsed((FOLDER / f"{case}.show_all.txt").read_text())
    meta_graphs = document.get("meta_graphs", [document])
    assert {frozenset(each["tags"]) for each in meta_graphs} == {frozenset(tags.split(", ")) for tags in shown}
    for tags, expected in shown.items():
        (found,) = [each for each in meta_graphs if set(each["tags"]) == set(tags.split(", "))]
        expected["signatures"].pop("__saved_model_init_op", None)  # which is no signature that a program calls
        assert found["signatures"] == expected["signatures"]
        # saved_model_cli follows PartitionedCall and ops named like functions only: it misses what While runs.
        assert expected["ops"] <= found["op_counts"].keys()
        assert found["functions"] or expected["ops"] == found["op_counts"].keys()


def test_there_are_cases_of_every_kind() -> None:
    shown = [parsed((FOLDER / f"{case}.show_all.txt").read_text()) for case in CASES]
    assert len(shown) == 9
    assert sum(len(meta_graphs) > 1 for meta_graphs in shown) >= 2
    signatures = [
        each for meta_graphs in shown for part in meta_graphs.values() for each in part["signatures"].values()
    ]
    assert sum(len(signature["inputs"]) > 1 for signature in signatures) >= 1
