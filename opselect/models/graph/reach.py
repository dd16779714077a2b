"""Which nodes contribute to the outputs that a program fetches, given the inputs that it feeds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean
from opselect.models.graph.meta_graph import Entry
from opselect.models.graph.model import Graph, Node
from opselect.models.graph.references import endpoint, input_node, is_control, is_tensor_name, waits_for

_EVERY_OUTPUT = -1


@dataclass(frozen=True, slots=True)
class FedNode:
    """A node that the program feeds in place of running it: ``output`` is which of its outputs."""

    node: Node
    output: int = 0


@dataclass(frozen=True, slots=True)
class Reached:
    """What contributes: ``nodes`` run, in the order of the file; ``fed`` are fed and do not run.

    A Placeholder that is fed is in ``nodes``, since a graph keeps it. ``unused_inputs`` are inputs that nothing that
    runs asks for.
    """

    nodes: tuple[Node, ...]
    fed: tuple[FedNode, ...] = ()
    unused_inputs: tuple[str, ...] = ()


def reach(graph: Graph, inputs: Sequence[str], outputs: Sequence[str], path: str) -> Reached:
    """The nodes that ``outputs`` need, back along data and control inputs, stopping at ``inputs``.

    Names may be ``name``, ``name:0`` or, for outputs, ``^name``. As ``strip_unused_nodes`` does, an input that is no
    Placeholder counts as turned into one: its own op is not needed, nor what only it asks for. ``name`` stands for all
    outputs of a node, ``name:1`` for that one: another output that is needed keeps the node.

    Without ``outputs`` everything counts but what only fed nodes ask for. Raises InputError, which names all unknown
    inputs and outputs and the names nearest to them; ``path`` is where the graph comes from.
    """
    by_name = {node.name: node for node in graph.nodes}
    check_names(inputs, outputs, by_name.keys(), path)
    fed: dict[str, set[int]] = {}
    for reference in inputs:
        name, index = endpoint(reference)
        fed.setdefault(name, set()).add(index if ":" in reference else _EVERY_OUTPUT)
    if outputs:
        wanted: Iterable[str] = outputs
    elif inputs:
        sources = [source for name in fed for source in by_name[name].inputs]
        before, _ = _closure(by_name, sources, {})
        wanted = [node.name for node in graph.nodes if node.name not in before or node.name in fed]
    else:
        return Reached(graph.nodes)
    running, stopped = _closure(by_name, wanted, fed)
    running |= {name for name in stopped if by_name[name].op == "Placeholder"}
    return Reached(
        tuple(node for node in graph.nodes if node.name in running),
        tuple(
            FedNode(node, max(0, min(fed[node.name])))
            for node in graph.nodes
            if node.name in stopped and node.name not in running
        ),
        tuple(reference for reference in inputs if input_node(reference) not in stopped),
    )


def reach_entries(graph: Graph, entries: Iterable[Entry], path: str) -> Reached:
    """What at least one of the entries needs, each by itself as :func:`reach` finds it."""
    running: set[str] = set()
    fed: dict[FedNode, None] = {}
    unused: dict[str, None] = {}
    for entry in entries:
        reached = reach(graph, entry.inputs, entry.outputs, path)
        running.update(node.name for node in reached.nodes)
        fed.update(dict.fromkeys(reached.fed))
        unused.update(dict.fromkeys(reached.unused_inputs))
    return Reached(tuple(node for node in graph.nodes if node.name in running), tuple(fed), tuple(unused))


def _closure(
    by_name: Mapping[str, Node], wanted: Iterable[str], fed: Mapping[str, Collection[int]]
) -> tuple[set[str], set[str]]:
    """``wanted`` and the nodes upstream of it that run, and the fed ones at which the walk stopped."""
    running: set[str] = set()
    stopped: set[str] = set()
    stack = list(wanted)
    while stack:
        reference = stack.pop()
        name = input_node(reference)
        if name in running or name not in by_name:
            continue
        if name in fed and _is_fed(reference, fed[name]):
            stopped.add(name)
            continue
        running.add(name)
        stack.extend(by_name[name].inputs)
    return running, stopped


def _is_fed(reference: str, outputs: Collection[int]) -> bool:
    return _EVERY_OUTPUT in outputs or is_control(reference) or endpoint(reference)[1] in outputs


def check_names(inputs: Sequence[str], outputs: Sequence[str], names: Collection[str], path: str) -> None:
    """Raises InputError for inputs and outputs that are none of the nodes ``names``, with the names nearest to them."""
    problems = []
    for kind, references in (("input", inputs), ("output", outputs)):
        for reference in references:
            waits = kind == "input" and is_control(reference)  # a program can fetch ^name, not feed it
            name = waits_for(input_node(reference)) if waits else input_node(reference)
            if not is_tensor_name(reference):
                problems.append(f"{kind} {reference!r} is no tensor name: a number must follow the colon")
            elif name not in names:
                problems.append(f"the graph has no node {name!r} for the {kind}{did_you_mean(name, names)}")
    if problems:
        head = "cannot be fed and fetched like that:"
        text = problems[0] if len(problems) == 1 else head + "".join(f"\n  - {problem}" for problem in problems)
        raise InputError(path, text, "Give inputs and outputs by node name, such as `input` or `softmax:0`.")
