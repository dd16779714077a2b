"""Random graphs through random chains of transforms: valid after each, and the same values from first to last.

Run ``python -m tests.fuzz.transforms --cases 20000 --seed 1``. It stops at the first case that goes wrong.
A transform may refuse a graph, the node named; the chain goes on without it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np

from kernel_index.errors import InputError
from opselect.models.formats.graphdef_writer import encode_graph
from opselect.models.graph import Graph, graph_problems, input_node
from opselect.models.graph.op_families import ENTERS, EXITS
from opselect.models.storage import JoinedBytes
from opselect.rewriting import Context, TransformError, ops_of, parse_steps
from opselect.rewriting.evaluation.frames import frames_of, import_order
from opselect.rewriting.transforms import apply_steps
from opselect.rewriting.validity import type_problems
from tests.interpreter import run
from tests.opselect.rewriting.transforms.random_graphs import RandomGraph, random_graph

PRESERVING = (
    "add_default_attributes",
    "backport_concatv2",
    "flatten_atrous_conv",
    "fold_batch_norms",
    "fold_batch_norms",
    "fold_constants",
    "fold_constants(clear_output_shapes=false, exclude_op=Identity)",
    "fold_constants(max_constant_size_in_bytes=16)",
    "fold_old_batch_norms",
    "fold_old_batch_norms",
    "merge_duplicate_nodes",
    "obfuscate_names",
    "inline_partitionedcall",
    "remove_attribute(attribute_name=_class)",
    "remove_checks",
    "remove_control_dependencies",
    "remove_dead_branches",
    "remove_device",
    "remove_nodes(op=Identity, op=CheckNumerics, op=StopGradient)",
    "remove_nodes(op=Identity)",
    "rename_attribute(old_attribute_name=_class, new_attribute_name=_group)",
    "rename_op(old_op_name=Add, new_op_name=AddV2)",
    'set_device(device="/cpu:0")',
    'set_device(device="/cpu:0", if_default=true)',
    "sort_by_execution_order",
    "strip_unused_nodes",
)
"""Transforms after which a graph computes the same."""
CHANGING = ("quantize_weights(minimum_size=2)", "round_weights(num_steps=7)")
"""Transforms after which it computes nearly the same."""
TOLERANCE = 1e-3
"""Relative to the largest value: folding changes the order in which floats are rounded."""


def check(choose: random.Random) -> Counter[str]:
    """Raises AssertionError where a chain goes wrong; counts what its transforms did."""
    given = random_graph(choose)
    chain = [choose.choice(PRESERVING) for _ in range(choose.randint(1, 5))]
    if choose.random() < 0.1:
        chain.insert(choose.randrange(len(chain)), choose.choice(CHANGING))
    return check_chain(given, chain, gtt=choose.random() < 0.1)


def check_chain(given: RandomGraph, chain: Iterable[str], *, gtt: bool) -> Counter[str]:
    """The same for a graph and transforms; with ``gtt`` only that none of them changes its input or fails."""
    assert problems(given.graph) == ()
    context = Context("m.pb", tuple(given.feeds), given.fetches, gtt=gtt)
    expected = run(given.graph, given.feeds, given.fetches)
    graph, exact, done = given.graph, not gtt, Counter[str]()
    for step in chain:
        text = _with_inputs(step, given)
        before = encoded(graph)
        after = _applied(text, graph, context)
        assert encoded(graph) == before, f"{text} changes its input"
        kind = "refused" if after is None else "unchanged" if after == graph else "changed"
        done[f"{step}: {kind}"] += 1
        if after is None:
            continue
        if not gtt and step in PRESERVING:
            again = _applied(text, after, context)
            assert again is not None, f"{text}, twice"
            assert set(again.nodes) == set(after.nodes), f"{text}, twice"
        graph = after
        exact = exact and step not in CHANGING
        if not gtt:
            assert not (wrong := problems(graph)), (text, wrong)
        if exact:
            for name, value, wanted in zip(
                given.fetches, run(graph, given.feeds, given.fetches), expected, strict=True
            ):
                limit = TOLERANCE * (1 + np.abs(wanted).max(initial=0))
                assert value.shape == wanted.shape, (text, name)
                np.testing.assert_allclose(value, wanted, 0, limit, err_msg=f"{name} after {text}")
    return done


def _applied(text: str, graph: Graph, context: Context) -> Graph | None:
    """The graph after a step; None where the step refuses, and then it must name a node, and not be broken itself."""
    problem = None
    try:
        return apply_steps(graph, parse_steps(text), context)
    except InputError as error:
        problem = error
    if not context.gtt:
        assert isinstance(problem, TransformError), (text, problem)
        assert problem.node in {node.name for node in graph.nodes}, (text, problem)
        assert "Nothing was written" not in problem.advice, (text, problem)
    return None


def encoded(graph: Graph) -> bytes:
    """The graph as a file has it."""
    message = encode_graph(graph)
    return JoinedBytes(tuple(message.pieces)).read(0, message.size)


def problems(graph: Graph) -> tuple[str, ...]:
    """What is wrong with a graph: its structure, types, places of other nodes that are not there, loops."""
    names = {node.name for node in graph.nodes}
    places = [
        f"{node.name!r} is to be where {place!r} is"
        for node in graph.nodes
        for place in cast("Sequence[str]", node.attrs.get("_class", ()))
        if place.removeprefix("loc:@") not in names
    ]
    types = [f"{each.node!r}: {each.text}" for each in type_problems(graph, ops_of(None))]
    return (*graph_problems(graph), *types, *places, *_frame_problems(graph))


def _frame_problems(graph: Graph) -> list[str]:
    """Nodes with inputs from different loops, which the runtime refuses (``BuildControlFlowInfo``)."""
    ordered = tuple(import_order(graph.nodes))
    frames = frames_of(ordered)
    found = []
    for node in ordered:
        inside = frames[node.name]
        if node.op in ENTERS:
            inside = inside[:-1]
        elif node.op in EXITS:
            inside = frames[input_node(node.inputs[0])]
        sources = {reference: frames[input_node(reference)] for reference in node.inputs}
        found += [
            f"{node.name!r} in {inside} reads {each!r} in {other}" for each, other in sources.items() if other != inside
        ]
    return found


def _with_inputs(step: str, given: RandomGraph) -> str:
    if step != "strip_unused_nodes":
        return step
    names = [
        f'name="{name}", type_for_name={"bool" if value.dtype == bool else "float"}, '
        f'shape_for_name="{",".join(map(str, value.shape))}"'
        for name, value in given.feeds.items()
    ]
    return f"strip_unused_nodes({', '.join(names)})"


def _checked(seed: int, case: int) -> Counter[str]:
    try:
        return check(random.Random(f"{seed} {case}"))
    except Exception:  # whatever it is, it is raised on with the case that met it
        print(f"case {case} of seed {seed}:", flush=True)
        raise


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the case to begin with")
    arguments = parser.parse_args()
    done: Counter[str] = Counter()
    for case in range(arguments.first, arguments.first + arguments.cases):
        done += _checked(arguments.seed, case)
    for what, count in sorted(done.items()):
        print(f"{count:7,}  {what}")
    print(f"{arguments.cases:,} graphs are valid after every transform and compute the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
