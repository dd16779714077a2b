"""Graphs as we freeze them, beside what TensorFlow's own tools make of them.

Run ``python -m tests.conformance.freeze ORACLE``. The folder has a ``MANIFEST.json`` whose cases name the arguments of
``freeze_graph``, or the signature given to ``convert_variables_to_constants_v2``, and the graph that it makes, or
that it fails.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats import read_graph
from opselect.models.formats.graphdef_writer import write_graph
from opselect.models.graph import Graph, NodeAttr, Shape
from opselect.rewriting.freezing import Options, VariableSelection, freeze_model
from tests.conformance.graph_comparison import Rules, graph_differences

TOOL = "freeze_graph"
SIGNATURE_TOOL = "convert_variables_to_constants_v2(lower_control_flow=False)"
EXACT = Rules(tolerance=0)
WITHOUT_PLACES = Rules(tolerance=0, ignored=frozenset({"_class"}))
WITHOUT_SHAPES = Rules(tolerance=0, ignored=frozenset({"_output_shapes"}))
RESOURCES = "train_resvar_cnn_preproc_midgraph_input/freeze"
INSTEAD = {
    "partitioned_vars_v1_checkpoint/freeze/from_graph_pb": "partitioned_vars_v1_checkpoint/freeze/main",
    f"{RESOURCES}/from_graph_pb": f"{RESOURCES}/main",
    "sm2_v1style_multi_tags/freeze/saved_model": "sm2_v1style_multi_tags/freeze214/saved_model",
}
"""Cases that TensorFlow's tool fails and we do not, and those with the graph that it should have written."""
MODELS = ("input_graph", "input_meta_graph", "input_saved_model_dir")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, what TensorFlow's tool did, what we did, and every difference that is not meant."""

    case: str
    theirs: str
    ours: str
    differences: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'FAIL' if self.differences else 'pass'} {self.case}: {self.theirs}; ours: {self.ours}"


def outcomes(oracle: Path) -> Iterator[Outcome]:
    """The cases of an oracle folder, frozen and compared one after the other."""
    cases = json.loads((oracle / "MANIFEST.json").read_text())["cases"]
    known = {case["id"]: case for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            if case["tool"] == TOOL:
                yield _compare(oracle, case, Path(folder), known)
            elif case["tool"] == SIGNATURE_TOOL:
                yield _compare_signature(oracle, case, Path(folder))


def _compare(oracle: Path, case: Mapping[str, Any], folder: Path, known: Mapping[str, Mapping[str, Any]]) -> Outcome:
    theirs = case["status"]
    try:
        ours = freeze(oracle, case["args"], folder)
    except InputError as error:
        return Outcome(case["id"], theirs, "refused", () if theirs == "error" else (f"refused: {error}",))
    # Where the tool fails: what it makes of the same variables by another way; from a MetaGraph it has more attrs.
    reference = known[INSTEAD[case["id"]]] if theirs == "error" else case
    # 2.x drops the shapes from what it converts, 1.15 does not.
    rules = EXACT if reference is case and case["tf"].startswith("1.") else WITHOUT_SHAPES
    expected = expected_graph(oracle / reference["expected"][0]["path"], folder)
    as_theirs = _as_theirs(ours)
    what = "ok" if as_theirs is ours else "ok, variables that stay are read as such"
    return Outcome(case["id"], theirs, what, tuple(map(str, graph_differences(as_theirs, expected, rules))))


def _compare_signature(oracle: Path, case: Mapping[str, Any], folder: Path) -> Outcome:
    theirs = case["status"]
    expected = expected_graph(oracle / case["expected"][0]["path"], folder) if theirs == "ok" else None
    try:
        options = Options(signatures=tuple(case["args"]))
        ours = written(str(oracle / case["inputs"][0]["path"]), options, folder)
    except InputError as error:
        if expected is None or _assigns_to_values(expected):
            return Outcome(case["id"], theirs, "refused, a variable is assigned", ())
        return Outcome(case["id"], theirs, "refused", (f"refused: {error}",))
    if expected is None:
        return Outcome(case["id"], theirs, "ok", ())
    with_placeholders = _tables_as_placeholders(ours)
    what = "ok" if with_placeholders is ours else "ok, tables stay"
    return Outcome(
        case["id"], theirs, what, tuple(map(str, graph_differences(with_placeholders, expected, WITHOUT_PLACES)))
    )


def _assigns_to_values(graph: Graph) -> bool:
    """Whether a graph without variables has an op left that assigns to one, which no runtime loads."""
    nodes = [*graph.nodes, *(node for function in graph.functions for node in function.nodes)]
    ops = {node.op for node in nodes}
    return "VarHandleOp" not in ops and any(op.startswith("Assign") for op in ops)


def _tables_as_placeholders(graph: Graph) -> Graph:
    """The graph with a resource to feed for every table, as TensorFlow has it."""
    if not any(node.op == "HashTableV2" for node in graph.nodes):
        return graph
    attrs: Mapping[str, NodeAttr] = {"dtype": DataType.DT_RESOURCE, "shape": Shape(())}
    return replace(
        graph,
        nodes=tuple(
            replace(node, op="Placeholder", attrs=attrs) if node.op == "HashTableV2" else node for node in graph.nodes
        ),
    )


def _as_theirs(graph: Graph) -> Graph:
    """The graph with Identity for every ReadVariableOp, as 1.15 has it even for a variable that stays one."""
    if not any(node.op == "ReadVariableOp" for node in graph.nodes):
        return graph
    return replace(
        graph,
        nodes=tuple(
            replace(node, op="Identity", attrs={"T": node.attrs["dtype"]}) if node.op == "ReadVariableOp" else node
            for node in graph.nodes
        ),
    )


def freeze(oracle: Path, args: Mapping[str, Any], folder: Path) -> Graph:
    """The graph that we write for arguments of ``freeze_graph``, read back."""
    path = str(oracle / next(args[key] for key in MODELS if key in args))
    options = Options(
        checkpoint=str(oracle / args["input_checkpoint"]) if "input_checkpoint" in args else "",
        outputs=_names(args, "output_node_names"),
        tags=_names(args, "saved_model_tags") if "input_saved_model_dir" in args else (),
        selection=VariableSelection(
            _names(args, "variable_names_whitelist") or None, _names(args, "variable_names_blacklist")
        ),
        saver=str(oracle / args["input_saver"]) if "input_saver" in args else "",
        initializers=_names(args, "initializer_nodes") or None,
        clear_devices=args["clear_devices"],
    )
    return written(path, options, folder)


def written(path: str, options: Options, folder: Path) -> Graph:
    """The frozen model, written and read back."""
    target = folder / "frozen.pb"
    write_graph(freeze_model(path, options).graph, str(target))
    return read_graph(target)


def expected_graph(path: Path, folder: Path) -> Graph:
    """The graph in a file, which may be compressed."""
    if path.suffix == ".gz":
        unpacked = folder / "expected.pb"
        unpacked.write_bytes(gzip.decompress(path.read_bytes()))
        path = unpacked
    return read_graph(path)


def _names(args: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in args.get(key, "").split(",") if name.strip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("oracle", type=Path)
    results = list(outcomes(parser.parse_args().oracle))
    for outcome in results:
        print(outcome)
        for difference in outcome.differences:
            print(f"  {difference}")
    passed = sum(not outcome.differences for outcome in results)
    print(f"{passed} of {len(results)} cases as they should be")
    return 0 if results and passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
