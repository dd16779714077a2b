"""Compare what ``opselect transform`` writes with what TensorFlow's Graph Transform Tool wrote.

    python -m tests.conformance.transforms ORACLE_FOLDER [--only TRANSFORM]

prints a line a case and how many agree. The folder has a ``MANIFEST.json`` whose records of the tool
``transform_graph`` name its arguments, the graph it read and the graph it wrote, or how it failed.

A case passes if the graphs are equal. It differs on purpose if they are not, a reason listed here covers every
difference, and with ``--compat gtt`` the graphs are equal. Where the original failed or wrote a graph that is wrong,
the reason here says what ours does: the right thing, or refuse. Where a graph is not the original's and the folder has
what TensorFlow computed with the graph that was read, ours must compute the same.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kernel_index.errors import InputError
from opselect.cli.main import run
from opselect.models.graph import Graph
from opselect.rewriting import Step, parse_steps
from opselect.rewriting.evaluation import EvaluationError
from tests.conformance.graph_comparison import Difference, Rules, graph_differences
from tests.conformance.transformed_graphs import (
    differences_up_to_survivors,
    read_graph_file,
    repeated_names,
    with_plain_folds,
)
from tests.interpreter import run as evaluated

TOOL = "transform_graph"
ORDERED = frozenset({"obfuscate_names", "sort_by_execution_order"})
MOVING = frozenset({"fold_batch_norms", "fold_old_batch_norms"})
"""The tool moves all nodes that these look at, ours do not: of what is sorted after them the order is another."""
SURVIVORS = "merge_duplicate_nodes"

CHANGING = frozenset({"quantize_weights", "rename_attribute", "rename_op", "round_weights"})
"""Transforms after which a graph need not compute the same."""

PASS, DIFFERS, FAIL, NO_INPUT = "pass", "differs on purpose", "FAIL", "no input"


@dataclass(frozen=True, slots=True)
class Case:
    """One run of the tool: its arguments, the graph it read, the one it wrote (None where it failed)."""

    name: str
    arguments: tuple[str, ...]
    source: Path
    expected: Path | None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its transforms with their arguments; none where the tool did not understand them either."""
        (text,) = (each.partition("=")[2] for each in self.arguments if each.startswith("--transforms="))
        try:
            return parse_steps(text)
        except InputError:
            return ()

    @property
    def transforms(self) -> tuple[str, ...]:
        """The names of its transforms."""
        return tuple(step.name for step in self.steps)

    @property
    def changes_results(self) -> bool:
        """Whether it need not compute the same afterwards; remove_nodes may drop inputs that count."""
        return any(step.name in CHANGING or "max_inputs" in step.arguments for step in self.steps)

    @property
    def fed_and_fetched(self) -> list[str]:
        return [
            name
            for each in self.arguments
            if each.startswith(("--inputs=", "--outputs="))
            for name in each.partition("=")[2].split(",")
        ]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case went, and why or where it differs."""

    case: Case
    kind: str
    why: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.kind:18}  {self.case.name}", *(f"    {line}" for line in self.why)]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a transform's result differs in some kinds of things (:class:`Difference`) without ``--compat gtt``."""

    transform: str
    kinds: frozenset[str]
    text: str


REASONS = (
    Reason("*", frozenset({"versions"}), "the graph keeps its versions"),
    Reason("*", frozenset({"_class"}), "_class names no node that is gone or has another name"),
    Reason(
        "remove_nodes",
        frozenset({"node", "inputs", "order"}),
        "consumers wait for what a removed node waited for; a node that stands for one output of a Switch stays; what "
        "only the inputs that are dropped need goes with them",
    ),
    Reason("remove_control_dependencies", frozenset({"inputs"}), "what puts a node into a conditional or loop stays"),
    Reason("round_weights", frozenset({"value"}), "the largest value of a tensor may be below zero"),
    Reason("round_weights", frozenset({"device", "inputs"}), "a constant keeps its device and what it waits for"),
    Reason("quantize_weights", frozenset({"value"}), "the largest value of a tensor may be zero"),
    Reason(
        "quantize_weights", frozenset({"device", "inputs"}), "constants keep the device and what the old one waits for"
    ),
    Reason(
        "backport_tensor_array_v3",
        frozenset({"identical_element_shapes", "T", "inputs", "node"}),
        "attrs and types fit the older ops, and the flow waits for its array",
    ),
    Reason(
        "flatten_atrous_conv",
        frozenset({"node", "op", "inputs", "value", "Tblock_shape", "Tcrops", "data_format", "padding", "strides"})
        | {"use_cudnn_on_gpu"},
        "convolutions that follow each other are all flat",
    ),
    Reason(
        "fold_old_batch_norms",
        frozenset({"node", "op", "inputs", "value", "U", "epsilon", "is_training"}),
        "FusedBatchNormV2 and FusedBatchNormV3 are folded, too",
    ),
)

REFUSES: Mapping[str, str] = {
    r".*/err\.(bad_bool|bad_shape|bad_syntax|bad_type|remove_nodes_noarg|rename_op_noarg|unknown)": "bad arguments",
    r"train_resvar_cnn_preproc_midgraph_input/gtt/fold_constants.*": "an input that is no Placeholder",
}
"""Cases in which the tool fails and so does ours, by a pattern of their name."""

RIGHT: Mapping[str, str] = {
    r"atrous_conv_fused_bn_v1/gtt/flatten_atrous_conv": "filters that are no constants are left alone; the tool aborts",
    r"bn_after_concat_axis_minus1_aborts_gtt/gtt/(chain|chain\.readme|fold_then_old_batch_norms)": "the tool aborts",
    r"fused_bn_v1_conv_concat_sharedweights/gtt/(chain|chain\.readme|fold_then_old_batch_norms)": (
        "what two folded convolutions read is there once; the tool writes it twice"
    ),
    r"mul_after_conv_scalar_fails_fold_batch_norms/gtt/(chain|chain\.readme|(fold_then|fold)_batch_norms)": (
        "a scale may be one value for all channels; the tool fails"
    ),
    r"defun_symbolic_gradient/.*merge_duplicate_nodes": "calls of functions are left alone; the tool fails on them",
}
"""Cases in which the tool fails or writes a wrong graph and ours does the right thing, or refuses."""


def read_cases(oracle: Path, only: str = "") -> list[Case]:
    """The runs of the tool that the folder has, or those with one transform."""
    cases = []
    for record in json.loads((oracle / "MANIFEST.json").read_text())["cases"]:
        if record["tool"] == TOOL:
            expected = oracle / record["expected"][0]["path"] if record["status"] == "ok" else None
            source = oracle / record["inputs"][0]["path"]
            cases.append(Case(record["id"], tuple(record["args"]), source, expected))
    return [case for case in cases if not only or only in case.transforms]


def judge(case: Case) -> Verdict:
    """Runs a case and compares."""
    if not case.source.is_file():
        return Verdict(case, NO_INPUT)
    theirs = None if case.expected is None else read_graph_file(case.expected)
    ours, message = transformed(case)
    right = _listed(RIGHT, case)
    if theirs is None or repeated_names(theirs) or right:
        return _judge_failure(case, ours, message, right)
    if ours is None:
        return Verdict(case, FAIL, (message,))
    found = _differences(case, ours, theirs)
    if not [each for each in found if each.what != "versions"]:
        return Verdict(case, PASS)
    original, message = transformed(case, "--compat", "gtt")
    if original is None:
        return Verdict(case, FAIL, ("with --compat gtt:", message))
    left = _differences(case, original, theirs)
    if left:
        return Verdict(case, FAIL, ("with --compat gtt:", *map(str, left[:10])))
    reasons, unexplained = _explained(case, found)
    problems = [*map(str, unexplained[:10]), *_computed_differently(case, ours)]
    return Verdict(case, FAIL, tuple(problems)) if problems else Verdict(case, DIFFERS, reasons)


def _judge_failure(case: Case, ours: Graph | None, message: str, right: str) -> Verdict:
    refuses = _listed(REFUSES, case)
    if ours is None:
        return Verdict(case, PASS if refuses or right else FAIL, (message.partition("\n")[0],))
    if repeated_names(ours):
        return Verdict(case, FAIL, (f"names that are repeated: {repeated_names(ours)}",))
    if not right:
        return Verdict(case, FAIL, ("the tool fails, and nothing says why ours does not",))
    problems = _computed_differently(case, ours)
    return Verdict(case, FAIL, problems) if problems else Verdict(case, PASS, (right,))


def _computed_differently(case: Case, graph: Graph) -> tuple[str, ...]:
    """The outputs that a graph computes otherwise than TensorFlow did before it was transformed."""
    numerics = case.source.with_name("numerics.npz")
    if not numerics.is_file() or case.changes_results:
        return ()
    with np.load(numerics) as recorded:
        values = {tuple(key.split("|")): recorded[key] for key in recorded.files}
    fed = {name: value for (way, name), value in values.items() if way == "in"}
    expected = {name: value for (way, name), value in values.items() if way == "out"}
    try:
        computed = evaluated(graph, fed, list(expected))
    except EvaluationError as error:
        # Of the ops that it does not know, our evaluator says nothing.
        return () if "cannot be evaluated" in str(error) else (str(error),)
    return tuple(
        f"{name} is not what it was before"
        for (name, value), ours in zip(expected.items(), computed, strict=True)
        if not np.allclose(ours, value, rtol=1e-4, atol=1e-5)
    )


def _listed(patterns: Mapping[str, str], case: Case) -> str:
    return next((reason for pattern, reason in patterns.items() if re.fullmatch(pattern, case.name)), "")


def transformed(case: Case, *options: str) -> tuple[Graph | None, str]:
    """The graph that our command writes, None with its message where it refuses."""
    errors = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(errors):
        target = Path(folder) / "graph.pb"
        code = run(["transform", str(case.source), str(target), *case.arguments, "--quiet", *options])
        if code == 0:
            return read_graph_file(target), ""
    return None, f"exit code {code}: {errors.getvalue().strip()}"


def _differences(case: Case, ours: Graph, theirs: Graph) -> list[Difference]:
    if SURVIVORS in case.transforms:
        found = differences_up_to_survivors(ours, theirs, case.fed_and_fetched)
    else:
        ordered = not ORDERED.isdisjoint(case.transforms) and MOVING.isdisjoint(case.transforms)
        rules = Rules(ordered=ordered, devices=True)
        found = graph_differences(with_plain_folds(ours), with_plain_folds(theirs), rules)
    for what in ("versions", "functions", "gradients"):
        if getattr(ours, what) != getattr(theirs, what):
            found.append(Difference(what, f"{what} {getattr(ours, what)}, not {getattr(theirs, what)}"))
    return found


def _explained(case: Case, found: Sequence[Difference]) -> tuple[tuple[str, ...], list[Difference]]:
    """The reasons that cover differences, and the differences that none covers."""
    reasons: dict[str, None] = {}
    left = []
    for difference in found:
        covering = [each for each in REASONS if difference.what in each.kinds and _concerns(each, case.transforms)]
        reasons.update(dict.fromkeys(each.text for each in covering if difference.what != "versions"))
        if not covering:
            left.append(difference)
    return tuple(reasons), left


def _concerns(reason: Reason, transforms: Collection[str]) -> bool:
    return reason.transform == "*" or reason.transform in transforms


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("oracle", type=Path, metavar="ORACLE_FOLDER")
    parser.add_argument("--only", default="", metavar="TRANSFORM", help="only cases with this transform")
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    for case in read_cases(arguments.oracle.resolve(), arguments.only):
        verdict = judge(case)
        counts[verdict.kind] += 1
        print(verdict, flush=True)
    ran = counts[PASS] + counts[DIFFERS] + counts[FAIL]
    print(", ".join(f"{counts[kind]} {kind}" for kind in (PASS, DIFFERS, FAIL, NO_INPUT)))
    print(f"{100 * (ran - counts[FAIL]) / max(ran, 1):.1f} % of {ran} that ran agree or differ on purpose")
    return 1 if counts[FAIL] else 0


if __name__ == "__main__":
    sys.exit(main())
